/* libconfuse reports errors through a callback without user data, so the error under way is kept here;
 * parsing is not re-entrant and never has to be. */
#include "base/conf.h"

#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libconfuse takes a file that breaks off within a section or a comment for a whole one. So a last line of
 * our own is read behind it: when it does not arrive at the top level, the file is not closed. */
#define LAST_LINE "end_of_file_"

static char *first_error;
static const char *parsed_path; /* a section that stands once does not know its file */
static GHashTable *options_seen; /* cfg_opt_t *, of which each section instance has its own → struct seen * */

static void
keep_error(cfg_t *cfg, const char *format, va_list args)
{
    if (first_error)
        return;
    g_autofree char *what = g_strdup_vprintf(format, args);
    if (strstr(what, LAST_LINE)) {
        g_free(what);
        what = g_strdup("the file ends within a section: a } is missing");
    }
    const char *path = cfg && cfg->filename ? cfg->filename : parsed_path;
    first_error =
        cfg && path && cfg->line ? g_strdup_printf("%s:%d: %s", path, cfg->line, what) : g_strdup(what);
}

struct seen {
    guint times; /* how often it was set */
    guint last;  /* lists: values at the last call, 0 after the closing brace */
};

/* TRUE when this call begins a setting of the list. libconfuse calls after each value, and once more after
 * the closing brace, when there are as many values as before. */
static gboolean
list_begins(struct seen *seen, guint values)
{
    gboolean begins = values == 1 && seen->last == 0;
    seen->last = values == seen->last ? 0 : values;
    return begins;
}

/* libconfuse stands at the end of a value. The line goes where it would keep an annotation, which it frees.
 */
static void
keep_line(const cfg_t *cfg, cfg_opt_t *opt)
{
    char text[16];
    int line = cfg->line;
    const char *value = opt->type == CFGT_STR && cfg_opt_size(opt) ? cfg_opt_getnstr(opt, 0) : NULL;
    for (; value && *value; value++)
        line -= *value == '\n';
    g_snprintf(text, sizeof text, "%d", line);
    cfg_opt_setcomment(opt, text);
}

static int
refuse_repetition(cfg_t *cfg, cfg_opt_t *opt)
{
    struct seen *seen = g_hash_table_lookup(options_seen, opt);
    if (!seen)
        g_hash_table_insert(options_seen, opt, seen = g_new0(struct seen, 1));
    gboolean is_list = opt->type != CFGT_SEC && (opt->flags & CFGF_LIST);
    if (is_list && !list_begins(seen, cfg_opt_size(opt)))
        return 0;
    keep_line(cfg, opt);
    /* The default of a list is parsed like a value that somebody set. */
    if (++seen->times <= (is_list && opt->def.parsed ? 2u : 1u))
        return 0;
    cfg_error(cfg, "\"%s\" is set twice in one section: keep one", cfg_opt_name(opt));
    return -1;
}

/* Hangs the repetition check on every option, lists included; of sections only on those that may stand once,
 * since of the others libconfuse checks the titles (CFGF_NO_TITLE_DUPES). */
static void
guard_options(cfg_opt_t *opts)
{
    for (cfg_opt_t *o = opts; o->name; o++) {
        if (o->type == CFGT_SEC)
            guard_options(o->subopts);
        if (o->type != CFGT_SEC || !(o->flags & CFGF_MULTI))
            o->validcb = refuse_repetition;
    }
}

/* The end of a quoted text that begins at p, or of the file. */
static char *
skip_quoted(char *p)
{
    for (char quote = *p++; *p && *p != quote; p++)
        p += p[0] == '\\' && p[1];
    return *p ? p + 1 : p;
}

/* Makes blanks of the comments: libconfuse counts one or two lines too many for each. One that is not closed
 * stays, and is refused. A # ends a bare word; // and the like are part of one. */
static void
blank_comments(char *text)
{
    gboolean in_word = FALSE;
    for (char *p = text; *p;) {
        char *end = NULL;
        if (*p == '"' || *p == '\'') {
            p = skip_quoted(p);
            in_word = FALSE;
            continue;
        }
        if (*p == '#' || (!in_word && g_str_has_prefix(p, "//")))
            end = p + strcspn(p, "\n");
        else if (!in_word && g_str_has_prefix(p, "/*") && (end = strstr(p + 2, "*/")))
            end += strlen("*/");
        in_word = !end && !strchr(" \t\r\n={}()+,", *p);
        for (; end && p < end; p++)
            *p = *p == '\n' ? '\n' : ' ';
        p += !end;
    }
}

/* The file with our last line. libconfuse would stop at a NUL, and take any byte. */
static char *
read_text(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    const char *bad;
    errno = 0;
    if (!g_file_get_contents(path, &text, &length, NULL)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    if (g_utf8_validate_len(text, length, &bad)) {
        blank_comments(text);
        return g_strconcat(text, "\n" LAST_LINE " = x\n", NULL);
    }
    int line = 1;
    for (const char *p = text; p < bad; p++)
        line += *p == '\n';
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s:%d: %s", path, line,
                *bad ? "is not UTF-8" : "holds a NUL byte");
    return NULL;
}

static cfg_opt_t *
add_last_line(const cfg_opt_t *opts)
{
    gsize n = 0;
    while (opts[n].name)
        n++;
    cfg_opt_t last[] = {CFG_STR(LAST_LINE, NULL, CFGF_NONE), CFG_END()};
    cfg_opt_t *all = g_new0(cfg_opt_t, n + 2);
    memcpy(all, opts, n * sizeof *opts);
    memcpy(all + n, last, sizeof last);
    return all;
}

/* Sections that stand once are made before their file is known. */
static void
name_sections(cfg_t *cfg, const char *path)
{
    if (!cfg->filename)
        cfg->filename = strdup(path);
    for (cfg_opt_t *o = cfg->opts; o->name; o++)
        for (unsigned i = 0; o->type == CFGT_SEC && i < cfg_opt_size(o); i++)
            name_sections(cfg_opt_getnsec(o, i), path);
}

cfg_t *
conf_parse(cfg_opt_t *opts, const char *path, GError **error)
{
    g_autofree char *text = read_text(path, error);
    if (!text)
        return NULL;
    guard_options(opts);
    g_autofree cfg_opt_t *all = add_last_line(opts);
    g_clear_pointer(&first_error, g_free);
    options_seen = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    cfg_t *cfg = cfg_init(all, CFGF_NONE);
    cfg_set_error_function(cfg, keep_error);
    free(cfg->filename);
    cfg->filename = strdup(path); /* sections and messages copy it; libconfuse frees it */
    parsed_path = path;
    int lines = -3; /* of the file: without the two that were added, and the end behind the last */
    for (const char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
        lines++;
    FILE *stream = fmemopen(text, strlen(text), "r");
    int status = stream ? cfg_parse_fp(cfg, stream) : CFG_FILE_ERROR;
    if (stream)
        fclose(stream);
    parsed_path = NULL;
    g_clear_pointer(&options_seen, g_hash_table_unref);
    name_sections(cfg, path);
    if (status == CFG_SUCCESS && !first_error && cfg_getstr(cfg, LAST_LINE))
        return cfg;
    if (first_error)
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_CONFIG, first_error);
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                    "%s:%d: the file ends within a section, a text or a comment", path, MAX(lines, 1));
    cfg_free(cfg);
    g_clear_pointer(&first_error, g_free);
    return NULL;
}

int
conf_line(cfg_t *section, const char *key)
{
    const char *line = cfg_opt_getcomment(cfg_getopt(section, key));
    return line ? (int)g_ascii_strtoll(line, NULL, 10) : section->line;
}

static gboolean
refuse(const cfg_t *section, int line, GError **error, const char *what)
{
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "%s:%d: %s",
                section->filename ? section->filename : "configuration", line, what);
    return FALSE;
}

gboolean
conf_refuse(cfg_t *section, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    return refuse(section, section->line, error, what);
}

gboolean
conf_refuse_key(cfg_t *section, const char *key, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    return refuse(section, conf_line(section, key), error, what);
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
