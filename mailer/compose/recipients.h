/* Who a mail goes to, and why each of them. */
#ifndef USHER_COMPOSE_RECIPIENTS_H
#define USHER_COMPOSE_RECIPIENTS_H

#include "store/store.h"

#include <jansson.h>

enum audience { RECIPIENTS_OWNERS_ADMINS, RECIPIENTS_PARTICIPANTS, RECIPIENTS_BY_ROLE };

struct recipient {
    char *address;    /* folded */
    char *first_name; /* NULL when unknown */
    char *name;       /* for the header, NULL when unknown */
    gboolean cc;
    char *why;
    /* Not kept with a message: */
    gboolean by_role; /* one of a few chosen by what they do, not because they own it or answered */
    char *function;   /* NULL when unknown */
    gboolean
        refused; /* their server has refused this very mail: they are no reason to keep it from the others */
};

/* The people for a mail to the account, best first, never a suppressed or absent one; empty when nobody is
 * left. The caller frees the array (its entries go with it). today is the account's local date. functions
 * (NULL-terminated, may be NULL): where a few are chosen by role, people of these functions come first, in
 * this order. */
GPtrArray *recipients_choose(struct store *db, gint64 account_id, enum audience audience, const char *today,
                             const char *const *functions, GError **error);

/* How the mail greets those in To: "Ada", "Ada and Bo", "all" when they are more or one of two has no name;
 * NULL when the only one has none. The caller frees. */
char *recipients_greeting(const GPtrArray *recipients);

/* To and from the JSON array kept with a message. */
json_t *recipients_to_json(const GPtrArray *recipients);
GPtrArray *recipients_from_json(const char *json);

/* The first recipient, but for the refused, that must not be written to any more, and why; NULL when all may.
 * The caller frees. */
char *recipients_refusal(struct store *db, gint64 account_id, const GPtrArray *recipients);

/* The same people in the same fields, by the first names that are known of them now. The caller frees as
 * above; NULL with error. */
GPtrArray *recipients_renamed(struct store *db, gint64 account_id, const GPtrArray *recipients,
                              GError **error);

/* Until when one of them is on hold (an absence), and why (the caller frees); 0 when nobody is. error must
 * not be NULL. */
gboolean recipients_held_until(struct store *db, const GPtrArray *recipients, gint64 now_us, gint64 *until_us,
                               char **why, GError **error);

#endif
