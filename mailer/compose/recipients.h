/* Who a mail goes to, and why each of them. */
#ifndef USHER_COMPOSE_RECIPIENTS_H
#define USHER_COMPOSE_RECIPIENTS_H

#include "store/store.h"

#include <jansson.h>

enum audience { RECIPIENTS_OWNERS_ADMINS, RECIPIENTS_PARTICIPANTS };

struct recipient {
    char *address;    /* folded */
    char *first_name; /* NULL when unknown */
    char *name;       /* for the header, NULL when unknown */
    gboolean cc;
    char *why;
};

/* The people for a mail to the account, best first, never a suppressed or absent one; empty when nobody is
 * left. The caller frees the array (its entries go with it). today is the account's local date. */
GPtrArray *recipients_choose(struct store *db, gint64 account_id, enum audience audience, const char *today,
                             GError **error);

/* To and from the JSON array kept with a message. */
json_t *recipients_to_json(const GPtrArray *recipients);
GPtrArray *recipients_from_json(const char *json);

/* The first recipient that must not be written to any more, and why; NULL when all may. The caller frees. */
char *recipients_refusal(struct store *db, gint64 account_id, const GPtrArray *recipients);

/* Until when one of them is on hold (an absence), and why (the caller frees); 0 when nobody is. error must
 * not be NULL. */
gboolean recipients_held_until(struct store *db, const GPtrArray *recipients, gint64 now_us, gint64 *until_us,
                               char **why, GError **error);

#endif
