/* Reading sequence files. A file is refused as a whole at its first mistake, with file, line and key. */
#include "pipeline/sequence.h"

#include "base/conf.h"
#include "base/error.h"
#include "base/text.h"
#include "pipeline/alert.h"
#include "pipeline/engine_facts.h"
#include "pipeline/segment.h"
#include "pipeline/view_more.h"

#include <string.h>

static void
stage_free(gpointer data)
{
    struct stage *s = data;
    g_free(s->id);
    g_free(s->title);
    g_free(s);
}

static void
step_free(gpointer data)
{
    struct step *s = data;
    g_free(s->id);
    g_free(s->template_name);
    g_strfreev(s->stages);
    g_free(s);
}

static void
transition_free(gpointer data)
{
    struct transition *t = data;
    g_free(t->name);
    g_free(t->on);
    g_free(t->to);
    g_free(t->step);
    g_strfreev(t->stages);
    g_free(t);
}

static void
sequence_free(gpointer data)
{
    struct sequence *s = data;
    g_free(s->name);
    g_free(s->title);
    g_free(s->file);
    g_strfreev(s->payment_words);
    g_ptr_array_unref(s->stages);
    g_ptr_array_unref(s->transitions);
    g_ptr_array_unref(s->steps);
    g_clear_pointer(&s->rules, rules_free);
    for (gsize i = 0; i < G_N_ELEMENTS(s->watch); i++)
        g_clear_pointer(&s->watch[i], rules_free);
    g_free(s);
}

void
program_free(struct program *program)
{
    if (!program)
        return;
    g_ptr_array_unref(program->alerts);
    g_ptr_array_unref(program->segments);
    g_ptr_array_unref(program->sequences);
    g_clear_pointer(&program->facts, facts_free);
    g_clear_pointer(&program->holidays, holidays_free);
    g_free(program);
}

const struct sequence *
program_sequence(const struct program *program, const char *name)
{
    for (guint i = 0; i < program->sequences->len; i++) {
        const struct sequence *s = program->sequences->pdata[i];
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

const struct stage *
sequence_stage(const struct sequence *sequence, const char *id)
{
    for (guint i = 0; i < sequence->stages->len; i++) {
        const struct stage *s = sequence->stages->pdata[i];
        if (strcmp(s->id, id) == 0)
            return s;
    }
    return NULL;
}

const struct step *
sequence_step(const struct sequence *sequence, const char *id)
{
    for (guint i = 0; i < sequence->steps->len; i++) {
        const struct step *s = sequence->steps->pdata[i];
        if (strcmp(s->id, id) == 0)
            return s;
    }
    return NULL;
}

gboolean
sequence_is_payment_subject(const struct sequence *sequence, const char *subject)
{
    for (char **word = sequence->payment_words; *word; word++)
        if (text_contains_fold(subject, *word))
            return TRUE;
    return FALSE;
}

/* Compiles the rule under key into *index, NO_RULE when the key is unset. */
static gboolean
read_rule(struct sequence *seq, cfg_t *section, const char *key, int *index, GError **error)
{
    g_autofree char *sql = conf_dup_str(section, key);
    *index = NO_RULE;
    if (!sql)
        return TRUE;
    const char *title = cfg_title(section);
    g_autofree char *where =
        title && strcmp(title, seq->name) != 0 ? g_strdup_printf("%s of \"%s\"", key, title) : g_strdup(key);
    *index = rules_add(seq->rules, seq->file, section->line, where, sql, error);
    if (*index < 0)
        return FALSE;
    if (rules_reads_today(seq->rules, *index))
        seq->reads_today = TRUE;
    return TRUE;
}

static gboolean
check_stage(const struct sequence *seq, cfg_t *section, const char *key, const char *id, GError **error)
{
    if (sequence_stage(seq, id))
        return TRUE;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < seq->stages->len; i++)
        g_ptr_array_add(names, ((struct stage *)seq->stages->pdata[i])->id);
    g_ptr_array_add(names, NULL);
    const char *nearest = text_nearest(id, (const char *const *)names->pdata);
    return conf_refuse(section, error, "%s of \"%s\": there is no stage \"%s\"%s%s%s", key,
                       cfg_title(section), id, nearest ? "; nearest is \"" : "", nearest ? nearest : "",
                       nearest ? "\"" : "");
}

static gboolean
check_stages(const struct sequence *seq, cfg_t *section, char **stages, GError **error)
{
    for (; *stages; stages++)
        if (!check_stage(seq, section, "stages", *stages, error))
            return FALSE;
    return TRUE;
}

static gboolean
is_identifier(const char *s)
{
    if (!g_ascii_islower(*s))
        return FALSE;
    for (; *s; s++)
        if (!g_ascii_islower(*s) && !g_ascii_isdigit(*s) && *s != '_')
            return FALSE;
    return TRUE;
}

static gboolean
read_stages(struct sequence *seq, cfg_t *cfg, GError **error)
{
    for (unsigned i = 0; i < cfg_size(cfg, "stage"); i++) {
        cfg_t *s = cfg_getnsec(cfg, "stage", i);
        struct stage *stage = g_new0(struct stage, 1);
        g_ptr_array_add(seq->stages, stage);
        stage->id = g_strdup(cfg_title(s));
        stage->title = conf_dup_str(s, "title");
        if (!stage->title)
            stage->title = g_strdup(stage->id);
        stage->line = cfg_getbool(s, "outside")
                          ? 0
                          : (int)(cfg_getint(s, "line") ? cfg_getint(s, "line") : (long)i + 1);
        stage->cancels = cfg_getbool(s, "cancels");
        if (!is_identifier(stage->id))
            return conf_refuse(s, error, "stage \"%s\": expected lower-case letters, digits and _",
                               stage->id);
    }
    if (seq->stages->len == 0)
        return conf_refuse(cfg, error, "sequence \"%s\": expected at least one stage", seq->name);
    return TRUE;
}

/* Makes the engine's facts and this sequence's stage times known to rules and templates. */
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
    return TRUE;
}

static const char *const transition_events[] = {"sent", "hand_sent", "replied",  "booked",    "bounced",
                                                "paid", "churned",   "referral", "paid_call", NULL};

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
        if (!t->on || !g_strv_contains(transition_events, t->on))
            return conf_refuse(s, error,
                               "transition \"%s\": on: expected one of sent, hand_sent, replied, booked, "
                               "bounced, paid, churned, referral, paid_call",
                               t->name);
        if (!t->to)
            return conf_refuse(s, error, "transition \"%s\": to: expected a stage", t->name);
        if (!check_stage(seq, s, "to", t->to, error) || !check_stages(seq, s, t->stages, error) ||
            !read_rule(seq, s, "when", &t->when, error))
            return FALSE;
        if (t->step && !sequence_step(seq, t->step))
            return conf_refuse(s, error, "transition \"%s\": there is no step \"%s\"", t->name, t->step);
    }
    return TRUE;
}

static gboolean
read_lateness(struct step *step, cfg_t *s, GError **error)
{
    const char *late = cfg_getstr(s, "late");
    guint64 days = 0;
    if (strcmp(late, "ask") == 0) {
        step->late = LATE_ASK;
    } else if (strcmp(late, "skip") == 0) {
        step->late = LATE_SKIP;
    } else {
        g_auto(GStrv) words = g_strsplit(late, " ", -1);
        if (g_strv_length(words) != 4 || strcmp(words[0], "send") != 0 || strcmp(words[1], "within") != 0 ||
            (strcmp(words[3], "day") != 0 && strcmp(words[3], "days") != 0) ||
            !g_ascii_string_to_unsigned(words[2], 10, 1, 365, &days, NULL))
            return conf_refuse(
                s, error, "late of \"%s\": expected \"send within N days\", \"ask\" or \"skip\"", step->id);
        step->late = LATE_SEND_WITHIN;
        step->late_days = (int)days;
    }
    return TRUE;
}

static gboolean
read_step(struct sequence *seq, cfg_t *s, GError **error)
{
    struct step *step = g_new0(struct step, 1);
    g_ptr_array_add(seq->steps, step);
    step->id = g_strdup(cfg_title(s));
    step->template_name = conf_dup_str(s, "template");
    step->stages = conf_dup_list(s, "stages");
    step->needs_answered = cfg_getbool(s, "needs_answered");
    step->payment = cfg_getbool(s, "payment");
    if (!is_identifier(step->id))
        return conf_refuse(s, error, "step \"%s\": expected lower-case letters, digits and _", step->id);
    const char *kind = cfg_getstr(s, "kind");
    if (kind && strcmp(kind, "draft") == 0)
        step->kind = STEP_DRAFT;
    else if (kind && strcmp(kind, "automatic") == 0)
        step->kind = STEP_AUTOMATIC;
    else
        return conf_refuse(s, error, "kind of \"%s\": expected draft or automatic", step->id);
    const char *to = cfg_getstr(s, "to");
    if (strcmp(to, "owners_admins") == 0)
        step->audience = AUDIENCE_OWNERS_ADMINS;
    else if (strcmp(to, "participants") == 0)
        step->audience = AUDIENCE_PARTICIPANTS;
    else if (strcmp(to, "by_role") == 0)
        step->audience = AUDIENCE_BY_ROLE;
    else
        return conf_refuse(s, error, "to of \"%s\": expected owners_admins, participants or by_role",
                           step->id);
    if (!step->template_name || strchr(step->template_name, '/'))
        return conf_refuse(
            s, error, "template of \"%s\": expected the name of a file in the templates folder", step->id);
    if (!check_stages(seq, s, step->stages, error) || !read_lateness(step, s, error) ||
        !read_rule(seq, s, "when", &step->when, error) ||
        !read_rule(seq, s, "unless", &step->unless, error) || !read_rule(seq, s, "due", &step->due, error) ||
        !read_rule(seq, s, "until", &step->until, error))
        return FALSE;
    if (step->due == NO_RULE)
        return conf_refuse(
            s, error, "step \"%s\" lacks due, for example due = \"add_days(initiated_at, 28)\"", step->id);
    return TRUE;
}

/* First pass: everything the rules' columns depend on. */
static gboolean
read_outline(struct sequence *seq, struct fact_set *facts, cfg_t *cfg, GError **error)
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
    return read_stages(seq, cfg, error) && declare_engine_facts(seq, facts, error) &&
           view_more_declare_steps(facts, cfg, error);
}

/* Second pass: rules, steps and transitions, once every sequence's stage times are columns. */
static gboolean
read_rules(struct sequence *seq, const struct fact_set *facts, cfg_t *cfg, GError **error)
{
    seq->rules = rules_new(facts_names(facts));
    for (gsize i = 0; i < G_N_ELEMENTS(seq->watch); i++)
        seq->watch[i] = rules_new(facts_names(facts));
    if (!read_rule(seq, cfg, "enrol", &seq->enrol, error) ||
        !read_rule(seq, cfg, "exclude", &seq->exclude, error) ||
        !read_rule(seq, cfg, "hold", &seq->hold, error) ||
        !read_rule(seq, cfg, "cancel", &seq->cancel, error) ||
        !read_rule(seq, cfg, "leave", &seq->leave, error))
        return FALSE;
    for (unsigned i = 0; i < cfg_size(cfg, "step"); i++)
        if (!read_step(seq, cfg_getnsec(cfg, "step", i), error))
            return FALSE;
    return read_transitions(seq, cfg, error);
}

static cfg_t *
parse_file(const char *path, GError **error)
{
    cfg_opt_t window[] = {CFG_STR_LIST("days", (char[]){"{mon, tue, wed, thu, fri}"}, CFGF_NONE),
                          CFG_STR("from", "09:00", CFGF_NONE), CFG_STR("to", "17:00", CFGF_NONE), CFG_END()};
    cfg_opt_t stage[] = {CFG_STR("title", NULL, CFGF_NONE), CFG_INT("line", 0, CFGF_NONE),
                         CFG_BOOL("outside", cfg_false, CFGF_NONE), CFG_BOOL("cancels", cfg_false, CFGF_NONE),
                         CFG_END()};
    cfg_opt_t transition[] = {CFG_STR("on", NULL, CFGF_NONE),          CFG_STR("step", NULL, CFGF_NONE),
                              CFG_STR_LIST("stages", NULL, CFGF_NONE), CFG_STR("to", NULL, CFGF_NONE),
                              CFG_STR("when", NULL, CFGF_NONE),        CFG_END()};
    cfg_opt_t step[] = {
        CFG_STR("kind", NULL, CFGF_NONE),          CFG_STR("template", NULL, CFGF_NONE),
        CFG_STR("to", "owners_admins", CFGF_NONE), CFG_STR_LIST("stages", NULL, CFGF_NONE),
        CFG_STR("when", NULL, CFGF_NONE),          CFG_STR("unless", NULL, CFGF_NONE),
        CFG_STR("due", NULL, CFGF_NONE),           CFG_STR("until", NULL, CFGF_NONE),
        CFG_STR("late", "ask", CFGF_NONE),         CFG_BOOL("needs_answered", cfg_false, CFGF_NONE),
        CFG_BOOL("payment", cfg_false, CFGF_NONE), CFG_END()};
    cfg_opt_t sequence[] = {
        CFG_STR("title", NULL, CFGF_NONE),
        CFG_STR("enrol", NULL, CFGF_NONE),
        CFG_STR("exclude", NULL, CFGF_NONE),
        CFG_STR("hold", NULL, CFGF_NONE),
        CFG_STR("cancel", NULL, CFGF_NONE),
        CFG_STR("leave", NULL, CFGF_NONE),
        CFG_STR_LIST("payment_words", (char[]){"{payment, outstanding, fail}"}, CFGF_NONE),
        CFG_SEC("window", window, CFGF_MULTI),
        CFG_BOOL("ignore_holidays", cfg_false, CFGF_NONE),
        CFG_STR("gap", NULL, CFGF_NONE),
        CFG_SEC("stage", stage, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("transition", transition, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("step", step, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_END()};
    cfg_opt_t opts[] = {CFG_SEC("sequence", sequence, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                        CFG_END()};
    return conf_parse(opts, path, error);
}

/* Parses sequences_dir/NAME.conf and reads its outline into a new sequence of program; *tree is the section,
 * inside *cfg. */
static gboolean
open_sequence(struct program *program, const char *name, cfg_t **cfg, GError **error)
{
    struct sequence *seq = g_new0(struct sequence, 1);
    g_autofree char *file = g_strconcat(name, ".conf", NULL);
    seq->file = g_build_filename(program->config->sequences_dir, file, NULL);
    seq->name = g_strdup(name);
    seq->stages = g_ptr_array_new_with_free_func(stage_free);
    seq->transitions = g_ptr_array_new_with_free_func(transition_free);
    seq->steps = g_ptr_array_new_with_free_func(step_free);
    g_ptr_array_add(program->sequences, seq);
    *cfg = parse_file(seq->file, error);
    if (!*cfg)
        return FALSE;
    if (cfg_size(*cfg, "sequence") != 1 || strcmp(cfg_title(cfg_getnsec(*cfg, "sequence", 0)), name) != 0)
        return conf_refuse(*cfg, error, "expected one section: sequence \"%s\" { … }", name);
    return read_outline(seq, program->facts, cfg_getnsec(*cfg, "sequence", 0), error);
}

static gboolean
load_holidays(struct program *program, GError **error)
{
    g_autofree char *path = g_build_filename(program->config->sequences_dir, HOLIDAYS_FILE, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    program->holidays = holidays_load(path, error);
    return program->holidays != NULL;
}

static gboolean
any_reads(const struct program *program, const char *fact)
{
    for (guint i = 0; i < program->sequences->len; i++) {
        const struct sequence *seq = program->sequences->pdata[i];
        const struct rules *const sets[] = {seq->rules, seq->watch[0], seq->watch[1]};
        for (gsize s = 0; s < G_N_ELEMENTS(sets); s++)
            for (int r = 0; r < rules_count(sets[s]); r++)
                if (g_strv_contains(rules_reads(sets[s], r), fact))
                    return TRUE;
    }
    return FALSE;
}

struct program *
program_load(const struct config *config, GError **error)
{
    scoped(program_free) struct program *program = g_new0(struct program, 1);
    program->config = config;
    program->sequences = g_ptr_array_new_with_free_func(sequence_free);
    program->segments = g_ptr_array_new_with_free_func(segment_free);
    program->alerts = g_ptr_array_new_with_free_func(alert_free);
    g_autofree char *facts_path = g_build_filename(config->sequences_dir, "facts.conf", NULL);
    program->facts = facts_load(facts_path, error);
    if (!program->facts || !load_holidays(program, error))
        return NULL;
    guint n = g_strv_length(config->sequences);
    g_autofree cfg_t **trees = g_new0(cfg_t *, n + 1);
    cfg_t *segments = NULL;
    gboolean ok = segments_outline(program, &segments, error);
    for (guint i = 0; ok && i < n; i++)
        ok = open_sequence(program, config->sequences[i], &trees[i], error);
    for (guint i = 0; ok && i < n; i++)
        ok = read_rules(program->sequences->pdata[i], program->facts, cfg_getnsec(trees[i], "sequence", 0),
                        error);
    ok = ok && segments_read(program, segments, error) && alerts_read(program, error);
    for (guint i = 0; i < n && trees[i]; i++)
        cfg_free(trees[i]);
    if (segments)
        cfg_free(segments);
    if (!ok)
        return NULL;
    program->reads_people_left = any_reads(program, "people_left");
    program->reads_orphan = any_reads(program, "orphan");
    return g_steal_pointer(&program);
}
