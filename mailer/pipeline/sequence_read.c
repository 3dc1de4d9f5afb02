/* Grammar and meaning of a sequence file, but for steps and meetings: see sequence_read.h. Two passes,
 * because the rules of one sequence may read the stage times of another. */
#include "pipeline/sequence_read.h"

#include "base/conf.h"
#include "base/error.h"
#include "pipeline/engine_facts.h"
#include "pipeline/view_more.h"
#include "pipeline/watch.h"

#include <string.h>

/* ---- first pass ---- */

static gboolean
read_stage(struct sequence *seq, cfg_t *s, unsigned place, GError **error)
{
    struct stage *stage = g_new0(struct stage, 1);
    g_ptr_array_add(seq->stages, stage);
    stage->id = g_strdup(cfg_title(s));
    stage->title = conf_dup_str(s, "title");
    if (!stage->title)
        stage->title = g_strdup(stage->id);
    stage->label = conf_dup_str(s, "label");
    stage->was = conf_dup_list(s, "was");
    stage->line =
        cfg_getbool(s, "outside") ? 0 : (int)(cfg_getint(s, "line") ? cfg_getint(s, "line") : (long)place);
    stage->cancels = cfg_getbool(s, "cancels");
    stage->final = cfg_getbool(s, "final");
    stage->by_hand = cfg_getbool(s, "by_hand");
    stage->when = NO_RULE;
    if (!sequence_is_identifier(stage->id))
        return conf_refuse(s, error, "stage \"%s\": expected lower-case letters, digits and _", stage->id);
    if (place == 1 && (stage->by_hand || stage->final || cfg_getstr(s, "when")))
        return conf_refuse(s, error, "stage \"%s\": the first stage is entered on enrolment, so it cannot %s",
                           stage->id,
                           stage->final     ? "be final"
                           : stage->by_hand ? "be by hand only"
                                            : "have a condition");
    return TRUE;
}

/* An earlier name is nobody's name now, and one stage's only. */
static gboolean
check_earlier_names(const struct sequence *seq, cfg_t *cfg, GError **error)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < seq->stages->len; i++)
        for (char **was = ((struct stage *)seq->stages->pdata[i])->was; *was; was++) {
            cfg_t *s = cfg_getnsec(cfg, "stage", i);
            if (sequence_stage(seq, *was))
                return conf_refuse_key(
                    s, "was", error,
                    "was of \"%s\": there is a stage \"%s\"; expected the name of one that was "
                    "removed",
                    cfg_title(s), *was);
            if (!g_hash_table_add(taken, *was))
                return conf_refuse_key(s, "was", error,
                                       "was of \"%s\": \"%s\" is another stage's earlier name", cfg_title(s),
                                       *was);
        }
    return TRUE;
}

static gboolean
read_stages(struct sequence *seq, cfg_t *cfg, GError **error)
{
    for (unsigned i = 0; i < cfg_size(cfg, "stage"); i++)
        if (!read_stage(seq, cfg_getnsec(cfg, "stage", i), i + 1, error))
            return FALSE;
    if (seq->stages->len == 0)
        return conf_refuse(cfg, error, "sequence \"%s\": expected at least one stage", seq->name);
    return check_earlier_names(seq, cfg, error);
}

static gboolean
read_goals(struct sequence *seq, cfg_t *cfg, GError **error)
{
    for (unsigned i = 0; i < cfg_size(cfg, "goal"); i++) {
        cfg_t *s = cfg_getnsec(cfg, "goal", i);
        struct goal *goal = g_new0(struct goal, 1);
        g_ptr_array_add(seq->goals, goal);
        goal->id = g_strdup(cfg_title(s));
        goal->title = conf_dup_str(s, "title");
        goal->when = NO_RULE;
        if (!goal->title)
            goal->title = g_strdup(goal->id);
        if (!sequence_is_identifier(goal->id))
            return conf_refuse(s, error, "goal \"%s\": expected lower-case letters, digits and _", goal->id);
    }
    return TRUE;
}

/* Makes the engine's facts, this sequence's stage times and goals known to rules and templates. */
static gboolean
declare_engine_facts(const struct sequence *seq, struct fact_set *facts, GError **error)
{
    for (const struct engine_fact *f = engine_facts; f->name; f++)
        if (!facts_add_engine(facts, f->name, f->type, f->about, error))
            return FALSE;
    for (guint i = 0; i < seq->stages->len; i++) {
        const struct stage *stage = seq->stages->pdata[i];
        g_autofree char *name = g_strdup_printf("%s_at", stage->id);
        g_autofree char *about = g_strdup_printf("when the account entered %s", stage->title);
        if (!facts_add_engine(facts, name, FACT_TIME, about, error))
            return FALSE;
    }
    for (guint i = 0; i < seq->goals->len; i++) {
        const struct goal *goal = seq->goals->pdata[i];
        g_autofree char *name = g_strdup_printf("goal_%s", goal->id);
        if (!facts_add_engine(facts, name, FACT_BOOLEAN, goal->title, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_not_while(struct sequence *seq, const struct program *program, cfg_t *cfg, GError **error)
{
    seq->not_while = conf_dup_list(cfg, "not_while");
    for (char **name = seq->not_while; *name; name++) {
        g_autofree char *file = g_strconcat(*name, ".conf", NULL);
        g_autofree char *path = g_build_filename(program->config->sequences_dir, file, NULL);
        if (strcmp(*name, seq->name) == 0)
            return conf_refuse_key(cfg, "not_while", error,
                                   "not_while: \"%s\" is this sequence; expected others", *name);
        if (strchr(*name, '/') || !g_file_test(path, G_FILE_TEST_EXISTS))
            return conf_refuse_key(cfg, "not_while", error,
                                   "not_while: there is no sequence \"%s\"; expected a file %s", *name, path);
    }
    return TRUE;
}

gboolean
sequence_read_outline(struct sequence *seq, struct program *program, cfg_t *cfg, GError **error)
{
    seq->title = conf_dup_str(cfg, "title");
    if (!seq->title)
        seq->title = g_strdup(seq->name);
    seq->payment_words = conf_dup_list(cfg, "payment_words");
    seq->has_window = cfg_size(cfg, "window") > 0;
    if (seq->has_window && !window_read(cfg_getnsec(cfg, "window", 0), &seq->window, error))
        return FALSE;
    seq->ignores_holidays = cfg_getbool(cfg, "ignore_holidays");
    seq->gap_us = -1;
    if (cfg_getstr(cfg, "gap") && !span_read(cfg, "gap", &seq->gap_us, error))
        return FALSE;
    return read_not_while(seq, program, cfg, error) && read_stages(seq, cfg, error) &&
           read_goals(seq, cfg, error) && declare_engine_facts(seq, program->facts, error) &&
           view_more_declare_steps(program->facts, cfg, error);
}

/* ---- second pass ---- */

static const char *const transition_events[] = {"sent",      "hand_sent", "replied", "booked",
                                                "bounced",   "paid",      "churned", "referral",
                                                "paid_call", "time",      NULL};

static gboolean
check_transition(const struct sequence *seq, const struct transition *t, cfg_t *s, GError **error)
{
    if (!sequence_check_stage(seq, s, "to", t->to, error) || !sequence_check_stages(seq, s, t->stages, error))
        return FALSE;
    if (sequence_stage(seq, t->to)->by_hand)
        return conf_refuse_key(s, "to", error, "to of \"%s\": stage \"%s\" is entered by hand only", t->name,
                               t->to);
    if (t->step && !sequence_step(seq, t->step))
        return conf_refuse_key(s, "step", error, "transition \"%s\": there is no step \"%s\"", t->name,
                               t->step);
    if (t->timed && t->step)
        return conf_refuse_key(s, "step", error, "step of \"%s\": with on = \"time\" there is no mail",
                               t->name);
    if (t->timed && (t->when == NO_RULE || !rules_reads_today(seq->rules, t->when)))
        return conf_refuse_key(
            s, "when", error,
            "when of \"%s\": with on = \"time\" expected a rule that reads today, for example "
            "\"today >= add_days(next_renewal, -10)\"",
            t->name);
    return TRUE;
}

static gboolean
read_transitions(struct sequence *seq, cfg_t *cfg, GError **error)
{
    for (unsigned i = 0; i < cfg_size(cfg, "transition"); i++) {
        cfg_t *s = cfg_getnsec(cfg, "transition", i);
        struct transition *t = g_new0(struct transition, 1);
        g_ptr_array_add(seq->transitions, t);
        t->name = g_strdup(cfg_title(s));
        t->on = conf_dup_str(s, "on");
        t->to = conf_dup_str(s, "to");
        t->step = conf_dup_str(s, "step");
        t->stages = conf_dup_list(s, "stages");
        t->timed = g_strcmp0(t->on, "time") == 0;
        if (!t->on || !g_strv_contains(transition_events, t->on))
            return conf_refuse_key(s, "on", error,
                                   "transition \"%s\": on: expected one of sent, hand_sent, replied, booked, "
                                   "bounced, paid, churned, referral, paid_call, time",
                                   t->name);
        if (!t->to)
            return conf_refuse_key(s, "to", error, "transition \"%s\": to: expected a stage", t->name);
        if (!sequence_read_rule(seq, s, "when", &t->when, error) || !check_transition(seq, t, s, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_reenter(struct sequence *seq, cfg_t *cfg, GError **error)
{
    const char *text = cfg_getstr(cfg, "reenter");
    seq->reenter_when = NO_RULE;
    seq->reenter = strcmp(text, "by_hand") == 0 ? REENTER_BY_HAND
                   : strcmp(text, "never") == 0 ? REENTER_NEVER
                                                : REENTER_RULE;
    return seq->reenter != REENTER_RULE || sequence_read_rule(seq, cfg, "reenter", &seq->reenter_when, error);
}

static gboolean
read_ends(struct sequence *seq, cfg_t *cfg, GError **error)
{
    if (!sequence_read_rule(seq, cfg, "ends", &seq->ends, error))
        return FALSE;
    if (seq->ends != NO_RULE && g_strv_contains(rules_reads(seq->rules, seq->ends), "ends_at"))
        return conf_refuse_key(cfg, "ends", error,
                               "ends: expected a date that does not rest on ends_at itself");
    return TRUE;
}

gboolean
sequence_read_rules(struct sequence *seq, const struct program *program, cfg_t *cfg, GError **error)
{
    seq->rules = rules_new(facts_names(program->facts));
    for (gsize i = 0; i < G_N_ELEMENTS(seq->watch); i++)
        seq->watch[i] = rules_new(facts_names(program->facts));
    if (!sequence_read_rule(seq, cfg, "enrol", &seq->enrol, error) ||
        !sequence_read_rule(seq, cfg, "exclude", &seq->exclude, error) ||
        !sequence_read_rule(seq, cfg, "hold", &seq->hold, error) ||
        !sequence_read_rule(seq, cfg, "cancel", &seq->cancel, error) ||
        !sequence_read_rule(seq, cfg, "leave", &seq->leave, error) ||
        !sequence_read_rule(seq, cfg, "done", &seq->done, error) || !read_reenter(seq, cfg, error) ||
        !read_ends(seq, cfg, error))
        return FALSE;
    seq->asks_in = NO_RULE;
    if (seq->enrol != NO_RULE) {
        seq->asks_in = rules_add(seq->watch[WATCH_SEGMENTS], seq->file, conf_line(cfg, "enrol"), "enrol",
                                 rules_text(seq->rules, seq->enrol), error);
        if (seq->asks_in < 0)
            return FALSE;
    }
    for (guint i = 0; i < seq->stages->len; i++)
        if (!sequence_read_rule(seq, cfg_getnsec(cfg, "stage", i), "when",
                                &((struct stage *)seq->stages->pdata[i])->when, error))
            return FALSE;
    for (guint i = 0; i < seq->goals->len; i++)
        if (!sequence_read_rule(seq, cfg_getnsec(cfg, "goal", i), "when",
                                &((struct goal *)seq->goals->pdata[i])->when, error))
            return FALSE;
    return sequence_read_steps(seq, program, cfg, error) && read_transitions(seq, cfg, error);
}

/* ---- grammar ---- */

cfg_t *
sequence_parse(const char *path, GError **error)
{
    cfg_opt_t window[] = {CFG_STR_LIST("days", (char[]){"{mon, tue, wed, thu, fri}"}, CFGF_NONE),
                          CFG_STR("from", "09:00", CFGF_NONE), CFG_STR("to", "17:00", CFGF_NONE), CFG_END()};
    cfg_opt_t stage[] = {CFG_STR("title", NULL, CFGF_NONE),         CFG_STR("label", NULL, CFGF_NONE),
                         CFG_STR_LIST("was", NULL, CFGF_NONE),      CFG_INT("line", 0, CFGF_NONE),
                         CFG_BOOL("outside", cfg_false, CFGF_NONE), CFG_BOOL("cancels", cfg_false, CFGF_NONE),
                         CFG_BOOL("final", cfg_false, CFGF_NONE),   CFG_BOOL("by_hand", cfg_false, CFGF_NONE),
                         CFG_STR("when", NULL, CFGF_NONE),          CFG_END()};
    cfg_opt_t transition[] = {CFG_STR("on", NULL, CFGF_NONE),          CFG_STR("step", NULL, CFGF_NONE),
                              CFG_STR_LIST("stages", NULL, CFGF_NONE), CFG_STR("to", NULL, CFGF_NONE),
                              CFG_STR("when", NULL, CFGF_NONE),        CFG_END()};
    cfg_opt_t step[] = {
        CFG_STR("kind", NULL, CFGF_NONE),          CFG_STR("template", NULL, CFGF_NONE),
        CFG_STR("to", "owners_admins", CFGF_NONE), CFG_STR_LIST("stages", NULL, CFGF_NONE),
        CFG_STR("when", NULL, CFGF_NONE),          CFG_STR("unless", NULL, CFGF_NONE),
        CFG_STR("due", NULL, CFGF_NONE),           CFG_STR("until", NULL, CFGF_NONE),
        CFG_STR("late", "ask", CFGF_NONE),         CFG_BOOL("needs_answered", cfg_false, CFGF_NONE),
        CFG_BOOL("payment", cfg_false, CFGF_NONE), CFG_STR("title", NULL, CFGF_NONE),
        CFG_STR("assignee", NULL, CFGF_NONE),      CFG_STR("once", NULL, CFGF_NONE),
        CFG_STR("ahead", NULL, CFGF_NONE),         CFG_END()};
    cfg_opt_t goal[] = {CFG_STR("title", NULL, CFGF_NONE), CFG_STR("when", NULL, CFGF_NONE), CFG_END()};
    cfg_opt_t meeting[] = {CFG_STR("title", NULL, CFGF_NONE),       CFG_STR("every", NULL, CFGF_NONE),
                           CFG_STR("owner", NULL, CFGF_NONE),       CFG_STR("start", NULL, CFGF_NONE),
                           CFG_STR_LIST("stages", NULL, CFGF_NONE), CFG_STR("when", NULL, CFGF_NONE),
                           CFG_STR("ahead", "14 days", CFGF_NONE),  CFG_END()};
    cfg_opt_t sequence[] = {
        CFG_STR("title", NULL, CFGF_NONE),
        CFG_STR("enrol", NULL, CFGF_NONE),
        CFG_STR("reenter", "by_hand", CFGF_NONE),
        CFG_STR_LIST("not_while", NULL, CFGF_NONE),
        CFG_STR("exclude", NULL, CFGF_NONE),
        CFG_STR("hold", NULL, CFGF_NONE),
        CFG_STR("cancel", NULL, CFGF_NONE),
        CFG_STR("leave", NULL, CFGF_NONE),
        CFG_STR("done", NULL, CFGF_NONE),
        CFG_STR("ends", NULL, CFGF_NONE),
        CFG_STR_LIST("payment_words", (char[]){"{payment, outstanding, fail}"}, CFGF_NONE),
        CFG_SEC("window", window, CFGF_MULTI),
        CFG_BOOL("ignore_holidays", cfg_false, CFGF_NONE),
        CFG_STR("gap", NULL, CFGF_NONE),
        CFG_SEC("stage", stage, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("transition", transition, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("step", step, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("goal", goal, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("meeting", meeting, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_END()};
    cfg_opt_t opts[] = {CFG_SEC("sequence", sequence, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                        CFG_END()};
    return conf_parse(opts, path, error);
}
