/* Batches of accounts, one transaction each: see tick.h. */
#include "service/tick.h"

#include <string.h>

#define BATCH 200u

static gboolean
advance_batch(struct service *s, const GArray *ids, gint64 now_us, GError **error)
{
    if (!store_begin(s->db, error))
        return FALSE;
    for (guint i = 0; i < ids->len; i++) {
        if (!service_advance(s, g_array_index(ids, gint64, i), now_us, error)) {
            store_rollback(s->db);
            return FALSE;
        }
    }
    return store_commit(s->db, error);
}

gboolean
tick_run(struct service *s, gint64 now_us, const volatile gboolean *stop, guint *count, GError **error)
{
    if (count)
        *count = 0;
    while (!(stop && *stop)) {
        g_autoptr(GArray) ids = pipeline_pending(s->db, now_us, BATCH, error);
        if (!ids || ids->len == 0)
            return ids != NULL;
        if (!advance_batch(s, ids, now_us, error))
            return FALSE;
        if (count)
            *count += ids->len;
    }
    return TRUE;
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
hash_folder(GChecksum *sum, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *text = NULL;
        gsize length;
        if (g_file_get_contents(names->pdata[i], &text, &length, NULL))
            g_checksum_update(sum, (const guchar *)text, (gssize)length);
    }
}

gboolean
tick_refresh(struct service *s, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    hash_folder(sum, s->config->sequences_dir);
    hash_folder(sum, s->config->templates_dir);
    g_autofree char *config = NULL;
    gsize length;
    if (g_file_get_contents(s->config->path, &config, &length, NULL))
        g_checksum_update(sum, (const guchar *)config, (gssize)length);
    g_autofree char *before = store_meta(s->db, "program_hash", NULL);
    if (g_strcmp0(before, g_checksum_get_string(sum)) == 0)
        return store_exec(s->db, "UPDATE account SET dirty = 1 WHERE id IN (SELECT account_id FROM step WHERE state = 'waiting')", error, "");
    return store_begin(s->db, error) && store_exec(s->db, "UPDATE account SET dirty = 1", error, "") &&
           store_set_meta(s->db, "program_hash", g_checksum_get_string(sum), error) && store_commit(s->db, error);
}
