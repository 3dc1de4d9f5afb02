/* usher.conf: the team, its specialists and mailboxes. Read once at start (and on reload) and never changed.
 */
#ifndef USHER_BASE_CONFIG_H
#define USHER_BASE_CONFIG_H

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/window.h"

#include <glib.h>

/* The pause between two mails of one mailbox: a random one from min_us to max_us; both 0: none. */
struct spacing {
    gint64 min_us, max_us;
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
    struct secret *secret; /* what it logs in with; NULL without login */
    char *ca_file;         /* NULL: the system's roots */
    char *tls_name;        /* name the certificate must carry; NULL: the host */
    char *inbox, *sent;    /* folders in UTF-8; sent NULL: found by SPECIAL-USE */
    char **folders;        /* further folders to read, in UTF-8; NULL-terminated */
    enum sent_copy sent_copy;
    gboolean plus_addressing;
    gboolean has_window; /* sends only inside window, too */
    struct window window;
    guint daily_max; /* mails a day of the team's, 0: no limit */
    struct spacing spacing;
};

struct specialist {
    char *id; /* the section's title */
    char *name, *address;
    const struct mailbox *mailbox;
    char **regions, **logins;
    char *booking_link; /* NULL: the team's */
    char *since;        /* "2026-09-01": the person's first day, NULL when nobody said */
};

/* An event that a hook can be started by. */
enum { HOOK_EVENT_COUNT = 42 };
struct hook_event {
    const char *name; /* in usher.conf */
    const char *kind; /* in the journal */
};
extern const struct hook_event hook_events[HOOK_EVENT_COUNT];

/* A program that is told of events; see service/hooks.h. */
struct hook {
    char *name;  /* the section's title */
    char **argv; /* the program's path first */
    int timeout_s;
    gboolean on[HOOK_EVENT_COUNT]; /* as in hook_events */
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
    LINT_LINK_BARE,
    LINT_FIGURE,
    LINT_PARTS_DIFFER,
    LINT_VARIABLE_UNKNOWN,
    LINT_VARIABLE_UNUSED,
    LINT_GAP,
    LINT_TIME_OF_DAY,
    LINT_AUTOMATIC_FIGURE,
    LINT_NO_MAX_AGE,
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
    char *team_name, *company, *booking_link, *help_link, *survey_link, *failsafe;
    char *leads_dir; /* where `usher handoff` writes a file for each lead, NULL: nowhere */
    char *sales;     /* the specialist who takes leads to Sales, NULL: failsafe */
    char *timezone_name;
    GTimeZone *timezone; /* borrowed from zone_find() */
    struct window window;
    GPtrArray *mailboxes;   /* struct mailbox */
    GPtrArray *specialists; /* struct specialist */
    GPtrArray *hooks;       /* struct hook */
    gint64 retry_after_us, retry_for_us;
    gint64 gap_us; /* least time between two mails to an account, 0: none */
    guint daily_max,
        domain_hourly_max;  /* mails of the whole service, and to one receiving domain; 0: no limit */
    struct spacing spacing; /* of the mailboxes that have none of their own */
    char **deliver_only_to; /* addresses and domains, folded; empty: anybody */
    char *redirect_all_to;  /* NULL: to the people it is for */
    const struct specialist *shared; /* the team's shared address: NULL when there is none */
    gint64 fence_max_age_us; /* how long a reading of the mailboxes is fresh enough for automatic mail */
    struct breaker_setting breaker;
    enum lint_level lint[LINT_RULE_COUNT];
    gboolean second_approval; /* a draft leaves after two persons approved it */
};

/* A configuration that names nobody and nothing, with every default: for looking at files without a
 * usher.conf. */
struct config *config_new(void);

void config_free(struct config *config);
SCOPED_FUNC(struct config, config_free)

/* path as seen from base_dir; an absolute, empty or missing one stays as it is. The caller frees. */
char *config_resolve_path(const char *base_dir, const char *path);

/* ASCII local@domain without anything that means something elsewhere: the wire checks it again in full. */
gboolean config_is_plain_address(const char *address);

/* TRUE for localhost, 127.0.0.0/8 and ::1. */
gboolean config_is_loopback(const char *host);

const struct mailbox *config_mailbox(const struct config *config, const char *name);
const struct specialist *config_specialist(const struct config *config, const char *id);

/* TRUE when no specialist writes from the mailbox: everybody's, such as support@. */
gboolean config_mailbox_is_shared(const struct config *config, const struct mailbox *mailbox);

/* The specialist with this (any case) address, or NULL. */
const struct specialist *config_specialist_by_address(const struct config *config, const char *address);

const struct hook *config_hook(const struct config *config, const char *name);

/* The mailbox's password or token, as secret_read() tells it. The caller frees it with secret_free(). NULL
 * without error when none is configured. Errors as there. */
gboolean mailbox_read_password(const struct mailbox *mailbox, char **password, GError **error);

#endif
