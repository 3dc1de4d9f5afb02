/* See files.h. What a process loaded is not read a second time: the files are looked at before they are
 * loaded, and hashed later, if ever, when they still look the same. */
#include "service/files.h"

#include "service/context.h"

#include <glib/gstdio.h>
#include <string.h>

static gint
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_folder(GPtrArray *paths, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        g_ptr_array_add(names, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(paths, names->pdata[i]);
}

static GPtrArray *
list_files(const struct config *config)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *findings = g_build_filename(config->templates_dir, "findings", NULL);
    add_folder(paths, config->sequences_dir);
    add_folder(paths, config->templates_dir);
    add_folder(paths, findings);
    g_ptr_array_add(paths, g_strdup(config->path));
    return paths;
}

char *
files_hash(const struct config *config)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GPtrArray) paths = list_files(config);
    for (guint i = 0; i < paths->len; i++) {
        g_autofree char *text = NULL;
        gsize length;
        if (g_file_get_contents(paths->pdata[i], &text, &length, NULL))
            g_checksum_update(sum, (const guchar *)text, (gssize)length);
    }
    return g_strdup(g_checksum_get_string(sum));
}

char *
files_look(const struct config *config)
{
    g_autoptr(GPtrArray) paths = list_files(config);
    GString *look = g_string_new(NULL);
    for (guint i = 0; i < paths->len; i++) {
        GStatBuf st;
        if (g_stat(paths->pdata[i], &st) == 0)
            g_string_append_printf(look, "%s %lu %ld %ld.%09ld %ld.%09ld\n", (const char *)paths->pdata[i],
                                   (unsigned long)st.st_ino, (long)st.st_size, (long)st.st_mtim.tv_sec,
                                   st.st_mtim.tv_nsec, (long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
    }
    return g_string_free(look, FALSE);
}

const char *
files_loaded(struct service *s)
{
    if (s->files_hashed)
        return s->files_hash;
    s->files_hashed = TRUE;
    g_autofree char *before = files_look(s->config);
    g_autofree char *hash = files_hash(s->config);
    g_autofree char *after = files_look(s->config);
    /* Another program may judge otherwise; what it was built from has no name, so its own file stands for it.
     */
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    GStatBuf program;
    if (s->files_seen && strcmp(s->files_seen, before) == 0 && strcmp(before, after) == 0 && exe &&
        g_stat(exe, &program) == 0)
        s->files_hash = g_strdup_printf("%.32s %ld.%ld.%ld", hash, (long)program.st_size,
                                        (long)program.st_mtim.tv_sec, program.st_mtim.tv_nsec);
    return s->files_hash;
}
