/* Drafts: a step's mail from the template to the frozen bytes. Functions here work inside the caller's
 * transaction where they write, and record no events: service/drafting.h joins them to the journal.
 *
 *   waiting ──approve──▶ queued ──▶ sent | failed          waiting, changed, queued ──▶ withdrawn (its
 * conditions ended) ▲                   │ └── changed ◀───────┘ what it rests on no longer holds     waiting,
 * changed ──▶ rejected (by a specialist) */
#ifndef USHER_COMPOSE_DRAFT_H
#define USHER_COMPOSE_DRAFT_H

#include "accounts/facts.h"
#include "base/config.h"
#include "compose/recipients.h"

enum message_state {
    MESSAGE_WAITING,
    MESSAGE_CHANGED, /* approved once; came back because something it rests on changed */
    MESSAGE_QUEUED,
    MESSAGE_SENT,
    MESSAGE_FAILED,
    MESSAGE_REJECTED,
    MESSAGE_WITHDRAWN,
    MESSAGE_STATE_COUNT
};
extern const char *const message_state_names[MESSAGE_STATE_COUNT];

struct draft {
    gint64 id, account_id; /* id 0: not stored */
    char *account_key, *sequence, *step;
    gboolean automatic, edited;
    enum message_state state;
    char *reason;
    char *specialist_id, *mailbox; /* mailbox: the one that sends it; NULL before it is stored */
    const struct specialist
        *specialist; /* NULL when usher.conf has no such specialist any more: it can be read, not sent */
    char *template_name, *template_text;
    char *subject, *markdown, *rendered;
    json_t *basis;
    json_t *findings; /* what it tells: array of {name, text, again}, see compose/finding_choice.h */
    GPtrArray *recipients;
    gboolean follows;
    gint64 created_us, approved_us;
    char *approved_by;
    char *message_id;         /* NULL until frozen */
    gint64 revision;          /* from 1; grows whenever it says something else, or to or from somebody else */
    char *revised_by;         /* login of who made this revision, NULL: usher */
    gint64 approved_revision; /* the one frozen last, 0: none */
    char *first_by;           /* the first of two approvals: counts while first_revision is revision */
    gint64 first_us, first_revision;
    char *cover; /* the specialist who answers go to while this one is away, NULL: none */
};
void draft_free(struct draft *draft);
SCOPED_FUNC(struct draft, draft_free)

struct finding_files;

/* What composing needs; everything borrowed. */
struct composer {
    struct store *db;
    const struct config *config;
    const struct fact_set *facts;
    const struct fact_row *row; /* the account's, engine facts included */
    gint64 now_us;
    struct finding_files *findings; /* NULL: there are none to tell */
    gboolean
        *reads_clock; /* draft_still_holds(): TRUE when the text depends on the time of day; may be NULL */
};

/* Which mail is wanted. */
struct draft_request {
    gint64 account_id;
    const char *sequence, *step, *template_name;
    enum audience audience;
    gboolean automatic;
    gboolean payment;                 /* its subject must hold a payment word; any other's must not */
    const char *const *payment_words; /* NULL-terminated */
};

/* Renders the step's mail as of now; nothing is stored. USHER_ERROR_DATA names template, line and what is
 * wrong; USHER_ERROR_NO_INPUT when nobody is left to write to. */
struct draft *draft_compose(const struct composer *composer, const struct draft_request *request,
                            GError **error);

/* A mail about a failed payment must say so in its subject, and no other may: USHER_ERROR_DATA names subject
 * and word. */
gboolean draft_check_subject(const struct draft_request *request, const char *subject, GError **error);

/* Stores a new draft as waiting, sets its id. */
gboolean draft_store(struct store *db, struct draft *draft, GError **error);

/* Loads by id: USHER_ERROR_NO_INPUT when there is none. */
struct draft *draft_load(struct store *db, const struct config *config, gint64 id, GError **error);

/* The live draft of an account's step (waiting, changed or queued), NULL when there is none. */
struct draft *draft_find(struct store *db, const struct config *config, gint64 account_id,
                         const char *sequence, const char *step, GError **error);

/* Ids of the drafts that wait for a specialist, oldest first. The caller frees. */
GArray *draft_list(struct store *db, GError **error);

/* TRUE when what the draft was rendered from still prints the same: its own template text and those of the
 * findings it tells, over the facts of now, give the same subject and body, each of those findings holds by
 * its own rule, and every recipient may still be written to. Else *difference says what changed (the caller
 * frees). USHER_ERROR_DATA when it cannot be rendered any more. */
gboolean draft_still_holds(const struct composer *composer, const struct draft *draft, char **difference,
                           GError **error);

/* Renders a waiting draft again from the facts and the template of now. *changed tells if it reads
 * differently, and so became another revision, made by actor (NULL: usher). What a specialist edited stays as
 * it is: only what it rests on and its recipients are brought up to date. */
gboolean draft_refresh(const struct composer *composer, const struct draft_request *request,
                       struct draft *draft, const char *actor, gboolean *changed, GError **error);

/* A specialist's edit: the text of a file "Subject: …", blank line, Markdown. Refused with line and reason
 * when it could not be sent. Compare-and-set on the revision it was made from; the next one is actor's. */
gboolean draft_save_edit(struct store *db, struct draft *draft, const char *text, const char *actor,
                         GError **error);
char *draft_edit_text(const struct draft *draft);

/* Fixes From, recipients, subject, body, Message-ID and boundary into bytes; only Date is added at sending.
 * The draft becomes queued, approved by actor. */
gboolean draft_freeze(const struct composer *composer, struct draft *draft, const char *actor,
                      GError **error);

/* The mail as it would be sent, without storing anything: for preview. Date is now. */
GBytes *draft_bytes(const struct composer *composer, const struct draft *draft, GError **error);

gboolean draft_set_state(struct store *db, gint64 id, enum message_state state, const char *reason,
                         GError **error);

#endif
