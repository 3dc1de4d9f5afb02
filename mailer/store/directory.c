/* See directory.h. */
#include "store/directory.h"

#include "base/error.h"

#include <sys/stat.h>

gboolean
store_directory_fit(const char *database, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(database);
    struct stat status;
    if (stat(directory, &status) != 0 || (status.st_mode & S_IWGRP) == 0 || (status.st_mode & S_ISGID) != 0)
        return TRUE;
    g_set_error(
        error, USHER_ERROR, USHER_ERROR_CONFIG,
        "%s: its group may write there (mode %04o), so it needs the set-group-id bit: chmod 2770 it for a "
        "team, or chmod 700 for one user",
        directory, (unsigned)status.st_mode & 07777);
    return FALSE;
}
