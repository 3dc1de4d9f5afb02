/* The folder that holds the database and what SQLite puts beside it. */
#ifndef USHER_STORE_DIRECTORY_H
#define USHER_STORE_DIRECTORY_H

#include <glib.h>

/* A folder that a group may write in needs the setgid bit: without it a -wal file left by a killed command
 * belongs to that person's own group, and locks everybody else out. USHER_ERROR_CONFIG with what to do about
 * it. A folder of one user alone is fine. */
gboolean store_directory_fit(const char *database, GError **error);

#endif
