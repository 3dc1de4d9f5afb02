/* See files.h. What a process loaded is not read a second time: the files are looked at before they are
 * loaded, and hashed later, if ever, when they still look the same. */
#include "service/files.h"

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
        if (!g_file_get_contents(paths->pdata[i], &text, &length, NULL))
            continue;
        /* A file's name says which sequence or template it is; and one must end where the next begins. */
        g_autofree char *name = g_path_get_basename(paths->pdata[i]);
        g_autofree char *head = g_strdup_printf("%s %" G_GSIZE_FORMAT "\n", name, length);
        g_checksum_update(sum, (const guchar *)head, -1);
        g_checksum_update(sum, (const guchar *)text, (gssize)length);
    }
    return g_strdup(g_checksum_get_string(sum));
}

struct files {
    const struct config *config;
    char *seen; /* how they looked before they were loaded */
    gboolean hashed;
    char *hash;
};

/* Names, sizes and times of change: nothing is read. The caller frees. */
static char *
look_at_files(const struct config *config)
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

struct files *
files_new(const struct config *config)
{
    struct files *files = g_new0(struct files, 1);
    files->config = config;
    files->seen = look_at_files(config);
    return files;
}

void
files_free(struct files *files)
{
    if (!files)
        return;
    g_free(files->seen);
    g_free(files->hash);
    g_free(files);
}

const char *
files_loaded(struct files *files)
{
    if (files->hashed)
        return files->hash;
    files->hashed = TRUE;
    g_autofree char *before = look_at_files(files->config);
    g_autofree char *hash = files_hash(files->config);
    g_autofree char *after = look_at_files(files->config);
    /* Another program may judge otherwise; what it was built from has no name, so its own file stands for it.
     */
    g_autofree char *exe = g_file_read_link("/proc/self/exe", NULL);
    GStatBuf program;
    if (strcmp(files->seen, before) == 0 && strcmp(before, after) == 0 && exe && g_stat(exe, &program) == 0)
        files->hash = g_strdup_printf("%.32s %ld.%ld.%09ld", hash, (long)program.st_size,
                                      (long)program.st_mtim.tv_sec, program.st_mtim.tv_nsec);
    return files->hash;
}
