/* See library.h. */
#include "store/library.h"

#include <glib.h>
#include <sqlite3.h>

void
library_set_up(void)
{
    static gsize done;
    if (!g_once_init_enter(&done))
        return;
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    g_once_init_leave(&done, 1);
}
