/* What the files of the mailbox reader share; nobody else includes it. */
#ifndef USHER_INBOX_WATCH_PRIVATE_H
#define USHER_INBOX_WATCH_PRIVATE_H

#include "inbox/reader.h"
#include "inbox/watch.h"

struct watch {
    const struct intake *intake;
    char *executable;
    struct reader *reader;
    struct imap_client *client;
    char *sent;         /* name of the Sent folder */
    GPtrArray *further; /* names of the further folders on the server, in the order of usher.conf */
    char **own_addresses;
};

/* The part a folder plays. */
enum folder_role { FOLDER_INBOX, FOLDER_SENT, FOLDER_FURTHER, FOLDER_ROLE_COUNT };
extern const char *const folder_role_names[FOLDER_ROLE_COUNT];

/* A folder under reading. */
struct folder {
    const char *name;
    enum folder_role role;
    guint32 uidvalidity;
    gint64 next_uid, reading_uid, deaths;
    gint64 not_before_us; /* INTERNALDATE below this is passed over: from before the folder was watched */
};

/* Connects unless connected, and finds Sent. */
gboolean watch_connect(struct watch *watch, GError **error);

/* The folder's mark: everything below next_uid is read. On first sight it is set a little back from the end,
 * likewise after a new UIDVALIDITY; where a date was asked for (watch_ask_since()), to the first mail of that
 * day. The folder must be selected. */
gboolean folder_load(struct watch *watch, struct folder *folder, const struct imap_folder_state *state,
                     GError **error);

/* uid is about to be parsed: its deaths are counted. */
gboolean folder_mark_reading(struct watch *watch, struct folder *folder, guint32 uid, GError **error);

/* uid is recorded, or passed over. */
gboolean folder_mark_done(struct watch *watch, struct folder *folder, guint32 uid, GError **error);

/* The mail did not kill the reader: its count starts again. */
void folder_mark_alive(struct watch *watch, struct folder *folder);

/* A folder that does not exist yet holds nothing and was read to its end. */
gboolean folder_mark_missing(struct watch *watch, const char *name, enum folder_role role, GError **error);

#endif
