/* Leaving nothing behind. */
#ifndef USHER_TESTS_FIXTURE_FOLDER_H
#define USHER_TESTS_FIXTURE_FOLDER_H

#include <glib/gstdio.h>

/* Removes a file, or a folder with all that is in it. */
static inline void
fixture_remove(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        fixture_remove(inner);
    }
    g_remove(path);
}

#endif
