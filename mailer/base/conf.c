/* libconfuse reports errors through a callback without user data, so the error under way is kept here; parsing is
 * not re-entrant and never has to be. */
#include "base/conf.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>

static char *first_error;
static GHashTable *options_seen; /* cfg_opt_t pointers: one per section instance, so a second call is a repetition */

static void
keep_error(cfg_t *cfg, const char *format, va_list args)
{
    if (first_error)
        return;
    g_autofree char *what = g_strdup_vprintf(format, args);
    first_error = cfg && cfg->filename && cfg->line
                      ? g_strdup_printf("%s:%d: %s", cfg->filename, cfg->line, what)
                      : g_strdup(what);
}

static int
refuse_repetition(cfg_t *cfg, cfg_opt_t *opt)
{
    if (g_hash_table_add(options_seen, opt))
        return 0;
    cfg_error(cfg, "\"%s\" is set twice in one section: keep one", cfg_opt_name(opt));
    return -1;
}

/* Hangs the repetition check on every plain option; sections are checked by libconfuse (CFGF_NO_TITLE_DUPES). */
static void
guard_options(cfg_opt_t *opts)
{
    for (cfg_opt_t *o = opts; o->name; o++) {
        if (o->type == CFGT_SEC)
            guard_options(o->subopts);
        else if (!(o->flags & CFGF_LIST))
            o->validcb = refuse_repetition;
    }
}

cfg_t *
conf_parse(cfg_opt_t *opts, const char *path, GError **error)
{
    guard_options(opts);
    cfg_t *cfg = cfg_init(opts, CFGF_NONE);
    cfg_set_error_function(cfg, keep_error);
    g_clear_pointer(&first_error, g_free);
    options_seen = g_hash_table_new(NULL, NULL);
    errno = 0;
    int status = cfg_parse(cfg, path);
    int saved_errno = errno;
    g_clear_pointer(&options_seen, g_hash_table_unref);
    if (status == CFG_SUCCESS && !first_error)
        return cfg;
    if (status == CFG_FILE_ERROR)
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s: %s", path, g_strerror(saved_errno));
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s", first_error ? first_error : path);
    cfg_free(cfg);
    g_clear_pointer(&first_error, g_free);
    return NULL;
}

gboolean
conf_refuse(cfg_t *section, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s:%d: %s",
                section->filename ? section->filename : "configuration", section->line, what);
    return FALSE;
}

char *
conf_dup_str(cfg_t *section, const char *key)
{
    const char *value = cfg_getstr(section, key);
    return value && *value ? g_strdup(value) : NULL;
}

char **
conf_dup_list(cfg_t *section, const char *key)
{
    unsigned n = cfg_size(section, key);
    char **list = g_new0(char *, n + 1);
    for (unsigned i = 0; i < n; i++)
        list[i] = g_strdup(cfg_getnstr(section, key, i));
    return list;
}
