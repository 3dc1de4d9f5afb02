/* usher.conf: the team, its specialists and mailboxes. Read once at start (and on reload) and never changed.
 */
#ifndef USHER_BASE_CONFIG_H
#define USHER_BASE_CONFIG_H

#include "base/cleanup.h"

#include <glib.h>

/* Hours in which mail may go out, in the receiver's zone. */
struct window {
    guint days;      /* bit 0 is Monday */
    int from_minute; /* minutes after midnight */
    int to_minute;   /* exclusive */
};

enum wire_security { WIRE_STARTTLS, WIRE_IMPLICIT_TLS, WIRE_PLAIN_LOOPBACK };

struct wire_server {
    char *host;
    guint16 port;
    enum wire_security security;
};

enum sent_copy { SENT_COPY_APPEND, SENT_COPY_PROVIDER, SENT_COPY_NONE };

struct mailbox {
    char *name; /* the section's title */
    struct wire_server smtp, imap;
    char *user;
    char *password_file, *password_credential; /* at most one is set */
    char *ca_file;                             /* NULL: the system's roots */
    char *tls_name;                            /* name the certificate must carry; NULL: the host */
    char *inbox, *sent;                        /* folders in UTF-8; sent NULL: found by SPECIAL-USE */
    enum sent_copy sent_copy;
    gboolean plus_addressing;
};

struct specialist {
    char *id; /* the section's title */
    char *name, *address;
    const struct mailbox *mailbox;
    char **regions, **logins;
    char *booking_link; /* NULL: the team's */
};

/* What lint looks for; compose/lint.h says what each means. `lint { RULE = "off" }` in usher.conf sets
 * another level. */
enum lint_rule {
    LINT_SUBJECT_GENERIC,
    LINT_SUBJECT_LONG,
    LINT_SUBJECT_OVERLONG,
    LINT_SUBJECT_MISLEADING,
    LINT_PHRASE,
    LINT_DASH,
    LINT_LONG,
    LINT_OVERLONG,
    LINT_QUESTIONS,
    LINT_LINKS,
    LINT_LINK_HTTPS,
    LINT_FIGURE,
    LINT_PARTS_DIFFER,
    LINT_VARIABLE_UNKNOWN,
    LINT_VARIABLE_UNUSED,
    LINT_RULE_COUNT
};
enum lint_level { LINT_OFF, LINT_WARNING, LINT_ERROR, LINT_LEVEL_COUNT };
extern const char *const lint_level_names[LINT_LEVEL_COUNT];

struct lint_setting {
    const char *name;
    enum lint_level level; /* unless usher.conf says otherwise */
};
extern const struct lint_setting lint_settings[LINT_RULE_COUNT];

/* A mailbox stops when within an hour so many mails, and such a share of those that went out, came back. */
struct breaker_setting {
    gint64 returned; /* 0: never */
    gint64 share;    /* per cent */
};

struct config {
    char *path;
    char *database, *sequences_dir, *templates_dir;
    char **sequences;
    char *team_name, *company, *booking_link, *help_link, *failsafe;
    char *timezone_name;
    GTimeZone *timezone; /* borrowed from zone_find() */
    struct window window;
    GPtrArray *mailboxes;   /* struct mailbox */
    GPtrArray *specialists; /* struct specialist */
    gint64 retry_after_us, retry_for_us;
    struct breaker_setting breaker;
    enum lint_level lint[LINT_RULE_COUNT];
};

/* A configuration that names nobody and nothing, with every default: for looking at files without a
 * usher.conf. */
struct config *config_new(void);

/* Reads and checks path. USHER_ERROR_NO_INPUT or USHER_ERROR_CONFIG with file, line and what was expected. */
struct config *config_load(const char *path, GError **error);
void config_free(struct config *config);
SCOPED_FUNC(struct config, config_free)

/* TRUE for localhost, 127.0.0.0/8 and ::1. */
gboolean config_is_loopback(const char *host);

const struct mailbox *config_mailbox(const struct config *config, const char *name);
const struct specialist *config_specialist(const struct config *config, const char *id);

/* The specialist with this (any case) address, or NULL. */
const struct specialist *config_specialist_by_address(const struct config *config, const char *address);

/* The mailbox's password, read now from its file or systemd credential, without its final newline. The caller
 * frees it with secret_free(). NULL without error when none is configured. USHER_ERROR_CONFIG when it cannot
 * be read or has over 255 bytes. */
gboolean mailbox_read_password(const struct mailbox *mailbox, char **password, GError **error);

/* Overwrites, then frees. NULL is fine. */
void secret_free(char *secret);
SCOPED_FUNC(char, secret_free)

/* A `window` section ("days", "from", "to") into *out; shared with sequence files. */
struct cfg_t;
gboolean window_read(struct cfg_t *section, struct window *out, GError **error);

#endif
