/* Every rule of a sequence as it stands for one account: what `usher why` prints. */
#include "pipeline/engine.h"

#include "pipeline/rule_parts.h"
#include "pipeline/segment.h"
#include "pipeline/view.h"

#include <string.h>

void
why_line_free(gpointer line)
{
    struct why_line *w = line;
    g_free(w->what);
    g_free(w->verdict);
    g_free(w->facts);
    g_free(w->text);
    rule_part_free(w->parts);
    g_free(w);
}

static void
add_why(GPtrArray *lines, const struct view *v, const struct step *step, int rule, char *what)
{
    if (rule == NO_RULE) {
        g_free(what);
        return;
    }
    const struct rule_result *r = &v->results[rule];
    struct why_line *w = g_new0(struct why_line, 1);
    w->what = what;
    w->text = view_rule_line(v, rule, 0);
    w->step = step;
    w->rule = rule;
    if (step && rule == step->due)
        view_instant(v, rule, &w->at_us);
    else if (step && rule == step->until)
        view_deadline(v, rule, &w->at_us);
    else
        w->parts = rule_part_make(v->program->facts, v->row, v->values, rules_text(v->seq->rules, rule),
                                  rules_truth(r));
    if (r->type == RULE_NULL || r->type == RULE_ERROR) {
        w->verdict = g_strdup("undecided");
        w->facts = view_explain(v, rule);
    } else {
        w->verdict = g_strdup(r->type == RULE_TEXT          ? r->text
                              : rules_truth(r) == RULE_TRUE ? "true"
                                                            : "false");
        w->facts = view_known(v, rule);
    }
    g_ptr_array_add(lines, w);
}

GPtrArray *
pipeline_why(struct store *db, const struct program *program, const struct sequence *sequence,
             gint64 account_id, gint64 now_us, GError **error)
{
    scoped(view_free) struct view *v = view_load(db, program, sequence, account_id, now_us, NULL, error);
    if (!v)
        return NULL;
    GPtrArray *lines = g_ptr_array_new_with_free_func(why_line_free);
    add_why(lines, v, NULL, sequence->enrol, g_strdup("enrol"));
    add_why(lines, v, NULL, sequence->exclude, g_strdup("exclude"));
    if (sequence->reenter == REENTER_RULE && v->enrolment && !v->enrolment->active)
        add_why(lines, v, NULL, sequence->reenter_when, g_strdup("reenter"));
    add_why(lines, v, NULL, sequence->leave, g_strdup("leave"));
    add_why(lines, v, NULL, sequence->cancel, g_strdup("cancel"));
    add_why(lines, v, NULL, sequence->hold, g_strdup("hold"));
    if (!segments_why(v, lines, error)) {
        g_ptr_array_unref(lines);
        return NULL;
    }
    for (guint i = 0; i < sequence->steps->len; i++) {
        const struct step *s = sequence->steps->pdata[i];
        add_why(lines, v, s, s->when, g_strdup_printf("%s: when", s->id));
        add_why(lines, v, s, s->unless, g_strdup_printf("%s: unless", s->id));
        add_why(lines, v, s, s->due, g_strdup_printf("%s: due", s->id));
        add_why(lines, v, s, s->until, g_strdup_printf("%s: until", s->id));
    }
    return lines;
}
