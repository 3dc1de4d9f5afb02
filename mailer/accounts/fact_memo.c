/* See fact_memo.h. */
#include "accounts/fact_memo.h"

#include <string.h>

static void
delivered_free(gpointer data)
{
    struct delivered *d = data;
    g_free(d->source);
    g_free(d->facts);
    g_free(d);
}

GPtrArray *
delivered_list_new(void)
{
    return g_ptr_array_new_with_free_func(delivered_free);
}

gboolean
fact_memo_is_of(const struct fact_memo *memo, const GPtrArray *said, GTimeZone *team_zone)
{
    if (!memo->row || memo->team_zone != team_zone || memo->said->len != said->len)
        return FALSE;
    for (guint i = 0; i < said->len; i++) {
        const struct delivered *a = memo->said->pdata[i], *b = said->pdata[i];
        if (a->as_of_us != b->as_of_us || strcmp(a->source, b->source) != 0 ||
            strcmp(a->facts, b->facts) != 0)
            return FALSE;
    }
    return TRUE;
}

void
fact_memo_keep(struct fact_memo *memo, GPtrArray *said, GTimeZone *team_zone, struct fact_row *row)
{
    fact_memo_clear(memo);
    *memo = (struct fact_memo){.said = said, .team_zone = team_zone, .row = row};
}

void
fact_memo_clear(struct fact_memo *memo)
{
    g_clear_pointer(&memo->said, g_ptr_array_unref);
    g_clear_pointer(&memo->row, fact_row_free);
}
