/* Programs: the facts, the sequences, the segments and the alerts in force, loaded together. What stands in a
 * sequence file is read in sequence_read.c. */
#include "base/conf.h"
#include "pipeline/alert.h"
#include "pipeline/segment.h"
#include "pipeline/sequence.h"
#include "pipeline/sequence_read.h"

#include <string.h>

static void
stage_free(gpointer data)
{
    struct stage *s = data;
    g_free(s->id);
    g_free(s->title);
    g_free(s->label);
    g_strfreev(s->was);
    g_free(s);
}

static void
goal_free(gpointer data)
{
    struct goal *g = data;
    g_free(g->id);
    g_free(g->title);
    g_free(g);
}

static void
step_free(gpointer data)
{
    struct step *s = data;
    g_free(s->id);
    g_free(s->template_name);
    g_free(s->state_fact);
    g_free(s->sent_fact);
    g_strfreev(s->stages);
    g_clear_pointer(&s->title, liquid_template_free);
    g_free(s->assignee);
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
    g_strfreev(s->not_while);
    g_ptr_array_unref(s->goals);
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

/* Parses sequences_dir/NAME.conf, or path in its place, and reads its outline into a new sequence of program;
 * *tree is the section, inside *cfg. */
static gboolean
open_sequence(struct program *program, const char *name, const char *path, cfg_t **cfg, GError **error)
{
    struct sequence *seq = g_new0(struct sequence, 1);
    g_autofree char *file = g_strconcat(name, ".conf", NULL);
    seq->file = path ? g_strdup(path) : g_build_filename(program->config->sequences_dir, file, NULL);
    seq->name = g_strdup(name);
    seq->stages = g_ptr_array_new_with_free_func(stage_free);
    seq->transitions = g_ptr_array_new_with_free_func(transition_free);
    seq->steps = g_ptr_array_new_with_free_func(step_free);
    seq->goals = g_ptr_array_new_with_free_func(goal_free);
    g_ptr_array_add(program->sequences, seq);
    *cfg = sequence_parse(seq->file, error);
    if (!*cfg)
        return FALSE;
    if (cfg_size(*cfg, "sequence") != 1 || strcmp(cfg_title(cfg_getnsec(*cfg, "sequence", 0)), name) != 0)
        return conf_refuse(*cfg, error, "expected one section: sequence \"%s\" { … }", name);
    return sequence_read_outline(seq, program, cfg_getnsec(*cfg, "sequence", 0), error);
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

/* edited: a file that stands for the one of the sequence called name; both NULL: none does. */
static struct program *
load(const struct config *config, const char *name, const char *edited, GError **error)
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
        ok = open_sequence(program, config->sequences[i],
                           g_strcmp0(config->sequences[i], name) == 0 ? edited : NULL, &trees[i], error);
    for (guint i = 0; ok && i < n; i++)
        ok = sequence_read_rules(program->sequences->pdata[i], program, cfg_getnsec(trees[i], "sequence", 0),
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

struct program *
program_load(const struct config *config, GError **error)
{
    return load(config, NULL, NULL, error);
}

struct program *
program_load_edited(const struct config *config, const char *path, char **name, GError **error)
{
    cfg_t *cfg = sequence_parse(path, error);
    if (!cfg)
        return NULL;
    g_autofree char *title =
        cfg_size(cfg, "sequence") == 1 ? g_strdup(cfg_title(cfg_getnsec(cfg, "sequence", 0))) : NULL;
    if (!title || !g_strv_contains((const char *const *)config->sequences, title)) {
        g_autofree char *names = g_strjoinv(", ", config->sequences);
        conf_refuse(cfg, error, "expected one section: sequence \"NAME\" { … }, one of those in force: %s",
                    names);
        cfg_free(cfg);
        return NULL;
    }
    cfg_free(cfg);
    struct program *program = load(config, title, path, error);
    if (program)
        *name = g_steal_pointer(&title);
    return program;
}
