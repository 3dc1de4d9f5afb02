/* Import, the order of its work: see import.h.
 *
 *   read and convert ──> staging tables ──> compare ──> [dry run ends here] ──> write lock ──> apply ──>
 * commit
 *
 * The staging tables are temporary, so other processes write freely until the last two steps. What is applied
 * was compared without the lock: the meta key import_serial, which every import raises, tells whether another
 * import came between, and then the comparison is made again, the last time under the lock. */
#include "accounts/import.h"

#include "accounts/import_private.h"
#include "base/error.h"

#include <errno.h>
#include <string.h>

#define COMPARE_ATTEMPTS 3

static const char byte_order_mark[] = "\xef\xbb\xbf";

void
import_report_clear(struct import_report *report)
{
    g_clear_pointer(&report->undeclared, g_ptr_array_unref);
    g_clear_pointer(&report->problems, g_ptr_array_unref);
    g_clear_pointer(&report->differences, g_ptr_array_unref);
    memset(report, 0, sizeof *report);
}

static void
note(GPtrArray *list, guint cap, gint64 *left_out, char *text)
{
    if (list->len < cap) {
        g_ptr_array_add(list, text);
        return;
    }
    (*left_out)++;
    g_free(text);
}

void
import_problem(struct import *import, gint64 line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    note(import->report->problems, IMPORT_PROBLEM_CAP, &import->report->problems_left_out,
         g_strdup_printf("%s:%" G_GINT64_FORMAT ": %s", import->filename, line, what));
}

void
import_bad_value(struct import *import, gint64 line, const char *column, const char *expected,
                 const char *found)
{
    g_autofree char *shown = g_utf8_strlen(found, -1) > 60 ? g_utf8_substring(found, 0, 60) : g_strdup(found);
    g_autofree char *escaped = g_strescape(shown, NULL);
    /* g_strescape() turns umlauts into octal: only what is not printable as it stands is worth that. */
    gboolean plain = TRUE;
    for (const char *p = shown; *p && plain; p = g_utf8_next_char(p))
        plain = g_unichar_isprint(g_utf8_get_char(p)) && *p != '"' && *p != '\\';
    import_problem(import, line, "column \"%s\": expected %s, found \"%s\"%s", column, expected,
                   plain ? shown : escaped, strlen(shown) < strlen(found) ? "…" : "");
}

void
import_difference(struct import *import, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(import->report->differences, IMPORT_DIFFERENCE_CAP, &import->report->differences_left_out,
         g_strdup_vprintf(format, args));
    va_end(args);
}

void
import_note_undeclared(struct import *import, const char *name)
{
    if (g_hash_table_contains(import->undeclared, name))
        return;
    char *kept = g_strdup(name);
    g_ptr_array_add(import->report->undeclared, kept);
    g_hash_table_add(import->undeclared, kept);
}

/* ---- lines ---- */

/* Reads more behind what is there. FALSE at the end of the file or on an error. */
static gboolean
fill(struct import *import, GError **error)
{
    if (import->at > 0) {
        memmove(import->block, import->block + import->at, import->end - import->at);
        import->end -= import->at;
        import->at = 0;
    }
    if (import->end == import->size) {
        import->size *= 2;
        import->block = g_realloc(import->block, import->size);
    }
    errno = 0;
    gsize got = fread(import->block + import->end, 1, import->size - import->end, import->stream);
    if (got == 0 && ferror(import->stream))
        g_set_error(error, USHER_ERROR, USHER_ERROR_IO, "%s: %s", import->filename, g_strerror(errno));
    import->end += got;
    return got > 0;
}

static gboolean
check_text(struct import *import, const char *text, gsize length, GError **error)
{
    const char *bad;
    if (g_utf8_validate_len(text, length, &bad))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%" G_GINT64_FORMAT ": byte %zu of the line %s",
                import->filename, import->line, (gsize)(bad - text) + 1, *bad ? "is not UTF-8" : "is NUL");
    return FALSE;
}

gboolean
import_line(struct import *import, const char **text, gsize *length, GError **error)
{
    g_autoptr(GError) local = NULL;
    gsize searched = 0;
    char *newline;
    while (!(newline =
                 memchr(import->block + import->at + searched, '\n', import->end - import->at - searched))) {
        searched = import->end - import->at;
        if (searched > IMPORT_LINE_LIMIT) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%" G_GINT64_FORMAT ": a line over %d MiB",
                        import->filename, import->line + 1, IMPORT_LINE_LIMIT / 1024 / 1024);
            return FALSE;
        }
        if (!fill(import, &local))
            break;
    }
    if (local) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    gsize found = newline ? (gsize)(newline - (import->block + import->at)) + 1 : import->end - import->at;
    if (found == 0)
        return FALSE;
    import->line++;
    *text = import->block + import->at;
    *length = found;
    import->at += found;
    return check_text(import, *text, *length, error);
}

void
import_unread(struct import *import, gsize length)
{
    import->at -= length;
    import->line--;
}

/* TRUE when the first thing in the file is an object. Skips a byte order mark and blank lines. */
static gboolean
sniff(struct import *import, gboolean *is_json, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *text;
    gsize length;
    while (import->end < 3 && fill(import, &local))
        ;
    if (import->end >= 3 && memcmp(import->block, byte_order_mark, 3) == 0)
        import->at = 3;
    while (!local && import_line(import, &text, &length, &local)) {
        gsize blank = 0;
        while (blank < length && g_ascii_isspace(text[blank]))
            blank++;
        if (blank == length)
            continue;
        *is_json = text[blank] == '{';
        import_unread(import, length);
        return TRUE;
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s: is empty: expected a CSV header with the column \"account\", or JSON lines",
                    import->filename);
    return FALSE;
}

/* ---- the order of work ---- */

static gboolean
refuse_problems(struct import *import, GError **error)
{
    const GPtrArray *problems = import->report->problems;
    if (problems->len == 0)
        return TRUE;
    g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA, g_ptr_array_index(problems, 0));
    return FALSE;
}

static gboolean
stage(struct import *import, GError **error)
{
    gboolean is_json = FALSE;
    if (!sniff(import, &is_json, error) || !import_stage_create(import, error) ||
        !store_begin_read(import->db, error))
        return FALSE;
    gboolean ok = (is_json ? import_read_json(import, error) : import_read_csv(import, error)) &&
                  import_stage_check(import, error);
    if (!ok) {
        store_rollback(import->db);
        return FALSE;
    }
    return store_commit(import->db, error) && refuse_problems(import, error);
}

static gint64
read_serial(struct import *import, GError **error)
{
    return store_int(import->db, "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'import_serial'", 0,
                     error, "");
}

static gboolean
compare_and_apply(struct import *import, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean compared = FALSE;
    for (int attempt = 1; attempt <= COMPARE_ATTEMPTS && !compared; attempt++) {
        gint64 serial = read_serial(import, &local);
        if (local || !import_compare(import, &local))
            goto fail;
        if (import->options->dry_run)
            return TRUE;
        if (!store_begin(import->db, &local))
            goto fail;
        compared = read_serial(import, &local) == serial;
        if (local)
            goto fail;
        if (!compared && attempt < COMPARE_ATTEMPTS)
            store_rollback(import->db);
    }
    if (!compared && !import_compare(import, &local))
        goto fail;
    if (!import_apply(import, &local) ||
        !store_exec(import->db,
                    "INSERT INTO meta(key, value) VALUES('import_serial', '1')"
                    " ON CONFLICT(key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)",
                    &local, ""))
        goto fail;
    if (store_commit(import->db, &local))
        return TRUE;
fail:
    store_rollback(import->db);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* A large import touches the whole database: with the usual cache it would write every page several times. */
static void
set_cache(struct store *db, gboolean large)
{
    g_autofree char *main_cache =
        store_text(db, large ? "PRAGMA main.cache_size=-65536" : "PRAGMA main.cache_size=-2000", NULL, "");
    g_autofree char *temp_cache =
        store_text(db, large ? "PRAGMA temp.cache_size=-65536" : "PRAGMA temp.cache_size=-2000", NULL, "");
}

gboolean
import_file(struct store *db, const struct fact_set *set, const struct import_options *options, FILE *stream,
            const char *filename, struct import_report *report, GError **error)
{
    memset(report, 0, sizeof *report);
    report->undeclared = g_ptr_array_new_with_free_func(g_free);
    report->problems = g_ptr_array_new_with_free_func(g_free);
    report->differences = g_ptr_array_new_with_free_func(g_free);
    struct import import = {
        .db = db,
        .set = set,
        .options = options,
        .filename = strcmp(filename, "-") == 0 ? "standard input" : filename,
        .report = report,
        .undeclared = g_hash_table_new(g_str_hash, g_str_equal),
        .stream = stream,
        .scratch = g_string_new(NULL),
    };
    set_cache(db, TRUE);
    import.size = 256 * 1024;
    import.block = g_malloc(import.size);
    gboolean ok = stage(&import, error) && compare_and_apply(&import, error);
    import_stage_drop(&import);
    set_cache(db, FALSE);
    g_string_free(import.scratch, TRUE);
    g_hash_table_unref(import.undeclared);
    g_clear_pointer(&import.columns, g_hash_table_unref);
    g_free(import.block);
    return ok;
}
