/* What the sources said of one account, word for word, and the row that came of it: the account that was
 * looked at last. An event asks for the same account's facts several times (transitions, each sequence, each
 * change that follows), and reading their JSON is the most of that. The words are compared, so nothing has to
 * be told when they change. Inside accounts/ only. */
#ifndef USHER_ACCOUNTS_FACT_MEMO_H
#define USHER_ACCOUNTS_FACT_MEMO_H

#include "accounts/facts.h"

/* What one source delivered, as it is stored. */
struct delivered {
    char *source, *facts; /* facts: a JSON object */
    gint64 as_of_us;
};

struct fact_memo {
    GPtrArray *said; /* struct delivered * */
    GTimeZone *team_zone;
    struct fact_row *row; /* NULL: nothing was looked at yet */
};

/* An empty list of struct delivered, which it owns. */
GPtrArray *delivered_list_new(void);

/* Of the set; borrowed, and the set's own business alone. */
struct fact_memo *facts_memo(const struct fact_set *set);

/* Whether the row came of just these words. */
gboolean fact_memo_is_of(const struct fact_memo *memo, const GPtrArray *said, GTimeZone *team_zone);

/* Keeps both, which it takes over, instead of what it had. */
void fact_memo_keep(struct fact_memo *memo, GPtrArray *said, GTimeZone *team_zone, struct fact_row *row);

void fact_memo_clear(struct fact_memo *memo);

#endif
