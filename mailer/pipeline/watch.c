/* See watch.h. The rules live in sequence.watch, apart from those of the sequence itself: a mail on its way
 * asks the latter again and again, and segments and alerts only matter when an account is brought up to now.
 */
#include "pipeline/watch.h"

#include "base/conf.h"
#include "base/text.h"
#include "pipeline/segment.h"

/* A name that is nearly one in force, and of which there is no file, is a slip. */
static gboolean
check_spelling(const struct program *program, cfg_t *section, const char *name, GError **error)
{
    const struct config *config = program->config;
    g_autofree char *file = g_strconcat(name, ".conf", NULL);
    g_autofree char *path = g_build_filename(config->sequences_dir, file, NULL);
    const char *nearest = text_nearest(name, (const char *const *)config->sequences);
    return !nearest || g_file_test(path, G_FILE_TEST_EXISTS) ||
           conf_refuse_key(section, "sequence", error,
                           "sequence of \"%s\": there is no sequence \"%s\"; nearest is \"%s\"",
                           cfg_title(section), name, nearest);
}

/* The sequence called name; of no name, the first. NULL when it is not in force. */
static struct sequence *
find_home(const struct program *program, const char *name)
{
    for (guint i = 0; i < program->sequences->len; i++) {
        struct sequence *seq = program->sequences->pdata[i];
        if (!name || !*name || g_str_equal(seq->name, name))
            return seq;
    }
    return NULL;
}

gboolean
watch_home(const struct program *program, cfg_t *section, struct sequence **home, GError **error)
{
    const char *name = cfg_getstr(section, "sequence");
    *home = find_home(program, name);
    return *home || !name || check_spelling(program, section, name, error);
}

gboolean
watch_homes(const struct program *program, cfg_t *section, GPtrArray *homes, GError **error)
{
    g_auto(GStrv) names = conf_dup_list(section, "sequence");
    if (!*names && program->sequences->len)
        g_ptr_array_add(homes, program->sequences->pdata[0]);
    for (char **name = names; *name; name++) {
        struct sequence *home = find_home(program, *name);
        if (!home && !check_spelling(program, section, *name, error))
            return FALSE;
        if (home && !g_ptr_array_find(homes, home, NULL))
            g_ptr_array_add(homes, home);
    }
    return TRUE;
}

gboolean
watch_add_rule(struct sequence *home, enum watch which, const char *file, cfg_t *section, const char *key,
               int *index, GError **error)
{
    g_autofree char *sql = conf_dup_str(section, key);
    *index = NO_RULE;
    if (!sql)
        return TRUE;
    g_autofree char *where = g_strdup_printf("%s of \"%s\"", key, cfg_title(section));
    *index = rules_add(home->watch[which], file, conf_line(section, key), where, sql, error);
    if (*index < 0)
        return FALSE;
    if (rules_reads_today(home->watch[which], *index))
        home->watch_reads_today[which] = TRUE;
    return TRUE;
}

gboolean
watch_name_is_plain(const char *name)
{
    if (!g_ascii_islower(*name))
        return FALSE;
    for (; *name; name++)
        if (!g_ascii_islower(*name) && !g_ascii_isdigit(*name) && *name != '_')
            return FALSE;
    return TRUE;
}

gboolean
watch_evaluate(struct view *v, enum watch which, GError **error)
{
    struct rules *rules = v->seq->watch[which];
    if (rules_count(rules) == 0)
        return TRUE;
    if (!v->watched[which])
        v->watched[which] = g_new0(struct rule_result, rules_count(rules));
    return rules_evaluate_all(rules, v->values, v->watched[which], error);
}

enum rule_truth
watch_truth(const struct view *v, enum watch which, int rule, enum rule_truth fallback)
{
    return rule == NO_RULE ? fallback : rules_truth(&v->watched[which][rule]);
}

gboolean
watch_is_known(const struct view *v)
{
    gboolean known = v->enrolment || v->has_open_task;
    for (guint i = 0; v->memberships && i < v->program->segments->len; i++)
        known = known || v->memberships[i].member;
    return known;
}
