/* Reading segments.conf, and who is in which segment: see segment.h.
 *
 *           when and an entry hold              when, or every entry, is false; or exclude holds
 *   outside ───────────────────────▶ inside ───────────────────────────────────────────────────▶ outside
 *
 * A rule without verdict changes nothing. Put in by hand, only exclude takes an account out again; taken out
 * by hand, nothing but a hand puts it back. */
#include "pipeline/segment.h"

#include "base/conf.h"
#include "base/error.h"
#include "pipeline/engine.h"
#include "pipeline/rule_parts.h"
#include "pipeline/view.h"
#include "pipeline/watch.h"

#include <string.h>

static void
entry_free(gpointer data)
{
    struct segment_entry *e = data;
    g_free(e->name);
    g_free(e->why);
    g_free(e);
}

void
segment_free(gpointer data)
{
    struct segment *s = data;
    g_free(s->name);
    g_free(s->title);
    g_free(s->why);
    g_free(s->fact);
    g_ptr_array_unref(s->entries);
    g_free(s);
}

const struct segment *
program_segment(const struct program *program, const char *name)
{
    for (guint i = 0; i < program->segments->len; i++) {
        const struct segment *s = program->segments->pdata[i];
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

/* ---- the file ---- */

static cfg_t *
parse_file(const char *path, GError **error)
{
    cfg_opt_t entry[] = {CFG_STR("why", NULL, CFGF_NONE), CFG_STR("when", NULL, CFGF_NONE), CFG_END()};
    cfg_opt_t segment[] = {CFG_STR("title", NULL, CFGF_NONE),
                           CFG_STR("why", NULL, CFGF_NONE),
                           CFG_STR("sequence", NULL, CFGF_NONE),
                           CFG_STR("when", NULL, CFGF_NONE),
                           CFG_STR("exclude", NULL, CFGF_NONE),
                           CFG_BOOL("blocks_handoff", cfg_false, CFGF_NONE),
                           CFG_SEC("entry", entry, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                           CFG_END()};
    cfg_opt_t opts[] = {CFG_SEC("segment", segment, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
                        CFG_END()};
    return conf_parse(opts, path, error);
}

gboolean
segments_outline(struct program *program, cfg_t **tree, GError **error)
{
    g_autofree char *path = g_build_filename(program->config->sequences_dir, SEGMENTS_FILE, NULL);
    *tree = NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    *tree = parse_file(path, error);
    if (!*tree)
        return FALSE;
    for (unsigned i = 0; i < cfg_size(*tree, "segment"); i++) {
        cfg_t *s = cfg_getnsec(*tree, "segment", i);
        struct segment *segment = g_new0(struct segment, 1);
        g_ptr_array_add(program->segments, segment);
        segment->entries = g_ptr_array_new_with_free_func(entry_free);
        segment->name = g_strdup(cfg_title(s));
        segment->fact = g_strconcat("in_", segment->name, NULL);
        segment->title = conf_dup_str(s, "title");
        if (!segment->title)
            segment->title = g_strdup(segment->name);
        segment->why = conf_dup_str(s, "why");
        segment->blocks_handoff = cfg_getbool(s, "blocks_handoff");
        if (!watch_name_is_plain(segment->name))
            return conf_refuse(s, error, "segment \"%s\": expected lower-case letters, digits and _",
                               segment->name);
        g_autofree char *about = g_strdup_printf("the account is in the segment %s", segment->title);
        if (!facts_add_engine(program->facts, segment->fact, FACT_BOOLEAN, about, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
read_entry(struct segment *segment, struct sequence *home, const char *file, cfg_t *section, GError **error)
{
    struct segment_entry *e = g_new0(struct segment_entry, 1);
    g_ptr_array_add(segment->entries, e);
    e->name = g_strdup(cfg_title(section));
    e->why = conf_dup_str(section, "why");
    if (!e->why)
        e->why = g_strdup(e->name);
    if (!watch_add_rule(home, WATCH_SEGMENTS, file, section, "when", &e->when, error))
        return FALSE;
    return e->when != NO_RULE ||
           conf_refuse(section, error, "entry \"%s\" of segment \"%s\" lacks when", e->name, segment->name);
}

static gboolean
reads_fact(const struct segment *s, const char *fact)
{
    for (gint i = -2; i < (gint)s->entries->len; i++) {
        int rule = i == -2   ? s->when
                   : i == -1 ? s->exclude
                             : ((struct segment_entry *)s->entries->pdata[i])->when;
        if (rule != NO_RULE && g_strv_contains(rules_reads(s->home->watch[WATCH_SEGMENTS], rule), fact))
            return TRUE;
    }
    return FALSE;
}

/* Segments ask only for those above them, so that two cannot contradict each other for ever. */
static gboolean
check_order(const struct program *program, guint index, cfg_t *section, GError **error)
{
    const struct segment *s = program->segments->pdata[index];
    for (guint i = index; i < program->segments->len; i++) {
        const struct segment *other = program->segments->pdata[i];
        if (reads_fact(s, other->fact))
            return conf_refuse(section, error,
                               "segment \"%s\" reads %s, which stands %s: a segment may read those above it",
                               s->name, other->fact, i == index ? "for itself" : "below it");
    }
    return TRUE;
}

gboolean
segments_read(struct program *program, cfg_t *tree, GError **error)
{
    g_autofree char *file = g_build_filename(program->config->sequences_dir, SEGMENTS_FILE, NULL);
    for (guint i = 0; tree && i < program->segments->len; i++) {
        cfg_t *s = cfg_getnsec(tree, "segment", i);
        struct segment *segment = program->segments->pdata[i];
        struct sequence *home;
        if (!watch_home(program, s, &home, error))
            return FALSE;
        segment->home = home;
        segment->when = segment->exclude = NO_RULE;
        if (!home)
            continue;
        if (!watch_add_rule(home, WATCH_SEGMENTS, file, s, "when", &segment->when, error) ||
            !watch_add_rule(home, WATCH_SEGMENTS, file, s, "exclude", &segment->exclude, error))
            return FALSE;
        for (unsigned j = 0; j < cfg_size(s, "entry"); j++)
            if (!read_entry(segment, home, file, cfg_getnsec(s, "entry", j), error))
                return FALSE;
        if (!check_order(program, i, s, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- who is in ---- */

gboolean
segment_excluded(struct store *db, const struct program *program, const struct segment *segment,
                 gint64 account_id, gint64 now_us, char **rule, GError **error)
{
    *rule = NULL;
    if (!segment->home || segment->exclude == NO_RULE)
        return TRUE;
    scoped(view_free) struct view *v = view_load(db, program, segment->home, account_id, now_us, NULL, error);
    if (!v || !watch_evaluate(v, WATCH_SEGMENTS, error))
        return FALSE;
    if (watch_truth(v, WATCH_SEGMENTS, segment->exclude, RULE_FALSE) == RULE_TRUE)
        *rule = view_line_of(segment->home->watch[WATCH_SEGMENTS], segment->exclude, 0);
    return TRUE;
}

/* Whether the account belongs in, by the rules alone; *entry is the one that lets it in. */
static enum rule_truth
judge(const struct view *v, const struct segment *s, const struct segment_entry **entry)
{
    enum rule_truth when = watch_truth(v, WATCH_SEGMENTS, s->when, RULE_TRUE), any = RULE_FALSE;
    *entry = NULL;
    for (guint i = 0; i < s->entries->len; i++) {
        const struct segment_entry *e = s->entries->pdata[i];
        enum rule_truth truth = watch_truth(v, WATCH_SEGMENTS, e->when, RULE_FALSE);
        if (truth == RULE_TRUE && !*entry)
            *entry = e;
        any = truth == RULE_TRUE || any == RULE_TRUE ? RULE_TRUE : truth == RULE_UNDECIDED ? truth : any;
    }
    if (when == RULE_FALSE || (s->entries->len && any == RULE_FALSE))
        return RULE_FALSE;
    return when == RULE_TRUE && (s->entries->len == 0 || any == RULE_TRUE) ? RULE_TRUE : RULE_UNDECIDED;
}

static const struct segment_entry *
entry_called(const struct segment *s, const char *name)
{
    for (guint i = 0; name && i < s->entries->len; i++) {
        const struct segment_entry *e = s->entries->pdata[i];
        if (strcmp(e->name, name) == 0)
            return e;
    }
    return NULL;
}

/* "Pay-as-you-go over the threshold: plan = payg, forecast_mrr = 300". The caller frees. */
static char *
with_figures(const struct view *v, const char *what, int rule)
{
    g_autofree char *known =
        rule == NO_RULE ? g_strdup("") : view_known_of(v, v->seq->watch[WATCH_SEGMENTS], rule);
    return *known ? g_strdup_printf("%s: %s", what, known) : g_strdup(what);
}

/* Why an account that was inside no longer is. */
static char *
leaving_reason(const struct view *v, const struct segment *s, const struct membership *m)
{
    if (watch_truth(v, WATCH_SEGMENTS, s->exclude, RULE_FALSE) == RULE_TRUE)
        return with_figures(v, "exclude holds", s->exclude);
    if (watch_truth(v, WATCH_SEGMENTS, s->when, RULE_TRUE) == RULE_FALSE)
        return with_figures(v, "when is false", s->when);
    const struct segment_entry *e = entry_called(s, m->entry);
    if (!e)
        return g_strdup("none of its entries holds");
    g_autofree char *what = g_strdup_printf("no longer so: %s", e->why);
    return with_figures(v, what, e->when);
}

static gboolean
record(struct view *v, const char *kind, json_t *data, GError **error)
{
    struct event event = {.at_us = v->now_us,
                          .account_id = v->account_id,
                          .cause = v->cause,
                          .kind = kind,
                          .actor = "usher",
                          .data = data};
    /* What a rule reads has changed: no approval or claim may rest on what was before. */
    gboolean ok =
        state_record(v->db, &event, error) &&
        store_exec(v->db, "UPDATE account SET version = version + 1 WHERE id = ?", error, "i", v->account_id);
    json_decref(data);
    return ok;
}

static gboolean
enter(struct view *v, const struct segment *s, const struct segment_entry *e, GError **error)
{
    const char *what = e ? e->why : s->why ? s->why : "when holds";
    g_autofree char *why = with_figures(v, what, e ? e->when : s->when);
    return record(v, "segment_entered",
                  json_pack("{s:s, s:s, s:s?}", "segment", s->name, "why", why, "entry", e ? e->name : NULL),
                  error);
}

static gboolean
leave(struct view *v, const struct segment *s, const struct membership *m, GError **error)
{
    g_autofree char *reason = leaving_reason(v, s, m);
    return record(v, "segment_left", json_pack("{s:s, s:s}", "segment", s->name, "reason", reason), error);
}

gboolean
segments_update(struct view *v, gboolean *changed, GError **error)
{
    if (v->seq->watch_reads_today[WATCH_SEGMENTS])
        view_wake_at(v, midnight_after_us(v->zone, v->now_us));
    for (guint i = 0; i < v->program->segments->len && !v->absent; i++) {
        const struct segment *s = v->program->segments->pdata[i];
        const struct membership *m = &v->memberships[i];
        const struct segment_entry *entry;
        if (s->home != v->seq)
            continue;
        gboolean excluded = watch_truth(v, WATCH_SEGMENTS, s->exclude, RULE_FALSE) == RULE_TRUE;
        enum rule_truth in = m->by_hand ? RULE_UNDECIDED : judge(v, s, &entry);
        if (m->member && (excluded || in == RULE_FALSE)) {
            *changed = TRUE;
            if (!leave(v, s, m, error))
                return FALSE;
        } else if (!m->member && !excluded && in == RULE_TRUE) {
            *changed = TRUE;
            if (!enter(v, s, entry, error))
                return FALSE;
        }
    }
    return TRUE;
}

/* ---- why ---- */

static void
add_line(const struct view *v, GPtrArray *lines, int rule, char *what)
{
    const struct rules *rules = v->seq->watch[WATCH_SEGMENTS];
    if (rule == NO_RULE) {
        g_free(what);
        return;
    }
    struct why_line *w = g_new0(struct why_line, 1);
    enum rule_truth truth = watch_truth(v, WATCH_SEGMENTS, rule, RULE_FALSE);
    w->what = what;
    w->verdict = g_strdup(truth == RULE_TRUE ? "true" : truth == RULE_FALSE ? "false" : "undecided");
    w->text = view_line_of(rules, rule, 0);
    w->parts = rule_part_make(v->program->facts, v->row, v->values, rules_text(rules, rule), truth);
    g_autofree char *missing = view_missing_of(v, rules, rule);
    w->facts = truth != RULE_UNDECIDED ? view_known_of(v, rules, rule)
               : *missing              ? g_strdup_printf("%s missing", missing)
                                       : g_strdup("no verdict came out");
    g_ptr_array_add(lines, w);
}

static gboolean
reads(const struct view *v, int rule, const struct segment *s)
{
    return rule != NO_RULE && g_strv_contains(rules_reads(v->seq->rules, rule), s->fact);
}

/* Whether a rule that decides about the whole enrolment reads the segment. */
static gboolean
matters(const struct view *v, const struct segment *s)
{
    const struct sequence *seq = v->seq;
    const int rules[] = {seq->enrol, seq->exclude, seq->leave, seq->cancel, seq->hold};
    gboolean read = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(rules); i++)
        read = read || reads(v, rules[i], s);
    return read;
}

/* The lines of one segment: its rules as its home sees them; enrols: the rule that decides who enters reads
 * it. */
static gboolean
add_segment(struct view *home, guint i, gboolean enrols, GPtrArray *lines, GError **error)
{
    const struct segment *s = home->program->segments->pdata[i];
    const struct membership *m = &home->memberships[i];
    if (!watch_evaluate(home, WATCH_SEGMENTS, error))
        return FALSE;
    struct why_line *w = g_new0(struct why_line, 1);
    w->what = g_strdup_printf("segment %s", s->name);
    w->verdict = g_strdup(m->member ? "in" : "out");
    w->facts = g_strdup(m->why ? m->why : "");
    w->text = g_strdup(s->title);
    g_ptr_array_add(lines, w);
    if (!m->member && !enrols)
        return TRUE; /* what does not hold needs no reasons; what does not enrol does */
    add_line(home, lines, s->exclude, g_strdup_printf("%s: exclude", s->name));
    add_line(home, lines, s->when, g_strdup_printf("%s: when", s->name));
    for (guint j = 0; j < s->entries->len; j++) {
        const struct segment_entry *e = s->entries->pdata[j];
        if (!m->member || watch_truth(home, WATCH_SEGMENTS, e->when, RULE_FALSE) != RULE_FALSE)
            add_line(home, lines, e->when, g_strdup_printf("%s: %s", s->name, e->name));
    }
    return TRUE;
}

gboolean
segments_why(struct view *v, GPtrArray *lines, GError **error)
{
    for (guint i = 0; i < v->program->segments->len; i++) {
        const struct segment *s = v->program->segments->pdata[i];
        if (!s->home || !matters(v, s))
            continue;
        scoped(view_free) struct view *other =
            s->home == v->seq ? NULL
                              : view_load(v->db, v->program, s->home, v->account_id, v->now_us, NULL, error);
        if ((s->home != v->seq && !other) ||
            !add_segment(other ? other : v, i, reads(v, v->seq->enrol, s), lines, error))
            return FALSE;
    }
    return TRUE;
}
