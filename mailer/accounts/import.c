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

#include <string.h>

#define COMPARE_ATTEMPTS 3

/* TRUE when the first thing in the file is an object. Skips blank lines. */
static gboolean
sniff(struct import *import, gboolean *is_json, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *text;
    gsize length;
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
