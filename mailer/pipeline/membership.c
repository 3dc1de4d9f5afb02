/* Who is in which segment, as it was last recorded: see segment.h. */
#include "pipeline/segment.h"

#include "base/error.h"

#include <string.h>

void
memberships_free(struct membership *memberships, const struct program *program)
{
    for (guint i = 0; memberships && i < program->segments->len; i++) {
        g_free(memberships[i].entry);
        g_free(memberships[i].why);
    }
    g_free(memberships);
}

/* Where the sequence that it looks through is not in force, nobody is in a segment, whatever was before. */
static gboolean
is_in_force(const struct segment *segment, const char *name)
{
    return segment->home && strcmp(segment->name, name) == 0;
}

gboolean
segments_load(struct store *db, const struct program *program, gint64 account_id,
              struct membership *memberships, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        db, "SELECT segment, member, by_hand, entry, why FROM segment_member WHERE account_id = ?", error,
        "i", account_id);
    while (q && query_next(q, &local))
        for (guint i = 0; i < program->segments->len; i++)
            if (is_in_force(program->segments->pdata[i], query_text(q, "segment")))
                memberships[i] = (struct membership){.member = query_int(q, "member") != 0,
                                                     .by_hand = query_int(q, "by_hand") != 0,
                                                     .entry = query_dup_text(q, "entry"),
                                                     .why = query_dup_text(q, "why")};
    return q && error_pass(error, &local);
}
