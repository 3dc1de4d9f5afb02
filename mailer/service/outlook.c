/* See outlook.h. */
#include "service/outlook.h"

#include "pipeline/engine.h"
#include "pipeline/state.h"

void
outlook_free(struct outlook *o)
{
    if (!o)
        return;
    g_free(o->ends_at);
    g_string_free(o->open, TRUE);
    g_free(o);
}

static gboolean
load_end(struct outlook *o, struct service *s, const struct sequence *seq, gint64 account_id, gint64 now_us,
         GError **error)
{
    scoped(fact_row_free) struct fact_row *row =
        pipeline_facts(s->db, s->program, seq, account_id, now_us, error);
    if (!row)
        return FALSE;
    const struct fact_value *days = fact_row_get(row, "extension_days");
    o->ends_at = g_strdup(fact_row_text(row, "ends_at"));
    o->extension_days = days ? (int)json_integer_value(days->value) : 0;
    return TRUE;
}

struct outlook *
outlook_load(struct service *s, const struct sequence *seq, gint64 account_id, gint64 now_us, GError **error)
{
    scoped(outlook_free) struct outlook *o = g_new0(struct outlook, 1);
    o->open = g_string_new(NULL);
    o->has_end = seq->ends != NO_RULE;
    if (o->has_end && !load_end(o, s, seq, account_id, now_us, error))
        return NULL;
    for (guint i = 0; i < seq->goals->len; i++) {
        const struct goal *goal = seq->goals->pdata[i];
        struct goal_status status;
        if (!goal_status_load(s->db, account_id, seq->name, goal->id, &status, error))
            return NULL;
        g_free(status.actor);
        o->goals++;
        if (status.met)
            o->met++;
        else
            g_string_append_printf(o->open, "%s%s", o->open->len ? ", " : "", goal->title);
    }
    return g_steal_pointer(&o);
}

char *
outlook_line(const struct outlook *o)
{
    if (!o->has_end && !o->goals)
        return NULL;
    GString *out = g_string_new(!o->has_end ? NULL : !o->ends_at ? "its end is not known yet" : "ends on ");
    if (o->ends_at)
        g_string_append(out, o->ends_at);
    if (o->ends_at && o->extension_days)
        g_string_append_printf(out, ", %d days %s than planned", ABS(o->extension_days),
                               o->extension_days > 0 ? "later" : "earlier");
    if (o->goals)
        g_string_append_printf(out, "%s%u of %u goals seen%s%s", out->len ? "; " : "", o->met, o->goals,
                               o->open->len ? ", open: " : "", o->open->str);
    return g_string_free(out, FALSE);
}
