/* From a read mail to the inbound row and its event: what came in, whose it is, what happened. The pipeline,
 * behind the sink, decides what follows. */
#ifndef USHER_INBOX_INTAKE_H
#define USHER_INBOX_INTAKE_H

#include "base/config.h"
#include "inbox/mail_record.h"
#include "store/journal.h"

struct intake {
    struct store *db;
    const struct config *config;
    const struct mailbox *mailbox;
    const struct event_sink *sink;
};

/* Where the mail lies. */
struct mail_place {
    const char *folder;
    gboolean sent_folder;
    guint32 uidvalidity, uid;
    gint64 at_us; /* of the event: the engine's now in a rehearsal, else min(now, INTERNALDATE) */
};

/* Records one mail, inside the caller's transaction. A mail that is there already (same place, or the same
 * Message-ID in the same folder after a UIDVALIDITY change) changes nothing. */
gboolean intake_record(const struct intake *intake, const struct mail_place *place,
                       const struct mail_record *record, GError **error);

/* Records a mail that could not be read even when tried twice: class other, with a task. header is what its
 * header alone gave, NULL when that could not be read either; the account it names is held until a person has
 * looked. */
gboolean intake_record_unreadable(const struct intake *intake, const struct mail_place *place,
                                  const struct mail_record *header, GError **error);

#endif
