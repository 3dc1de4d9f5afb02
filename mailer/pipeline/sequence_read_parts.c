/* What the readers of a sequence file share: see sequence_read.h. */
#include "pipeline/sequence_read.h"

#include "base/conf.h"
#include "base/text.h"

#include <string.h>

gboolean
sequence_read_rule(struct sequence *seq, cfg_t *section, const char *key, int *index, GError **error)
{
    g_autofree char *sql = conf_dup_str(section, key);
    *index = NO_RULE;
    if (!sql)
        return TRUE;
    const char *title = cfg_title(section);
    g_autofree char *where =
        title && strcmp(title, seq->name) != 0 ? g_strdup_printf("%s of \"%s\"", key, title) : g_strdup(key);
    *index = rules_add(seq->rules, seq->file, conf_line(section, key), where, sql, error);
    if (*index < 0)
        return FALSE;
    if (rules_reads_today(seq->rules, *index))
        seq->reads_today = TRUE;
    return TRUE;
}

gboolean
sequence_check_stage(const struct sequence *seq, cfg_t *section, const char *key, const char *id,
                     GError **error)
{
    if (sequence_stage(seq, id))
        return TRUE;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < seq->stages->len; i++)
        g_ptr_array_add(names, ((struct stage *)seq->stages->pdata[i])->id);
    g_ptr_array_add(names, NULL);
    const char *nearest = text_nearest(id, (const char *const *)names->pdata);
    return conf_refuse_key(section, key, error, "%s of \"%s\": there is no stage \"%s\"%s%s%s", key,
                           cfg_title(section), id, nearest ? "; nearest is \"" : "", nearest ? nearest : "",
                           nearest ? "\"" : "");
}

gboolean
sequence_check_stages(const struct sequence *seq, cfg_t *section, char **stages, GError **error)
{
    for (; *stages; stages++)
        if (!sequence_check_stage(seq, section, "stages", *stages, error))
            return FALSE;
    return TRUE;
}

gboolean
sequence_is_identifier(const char *s)
{
    if (!g_ascii_islower(*s))
        return FALSE;
    for (; *s; s++)
        if (!g_ascii_islower(*s) && !g_ascii_isdigit(*s) && *s != '_')
            return FALSE;
    return TRUE;
}
