/* The table `facts` that rules read, as SQLite sees it: a virtual table whose columns are the facts, and
 * whose only row is whatever is judged at the moment. Nothing is copied into SQLite before a rule asks
 * for it. Inside store/ only. */
#ifndef USHER_STORE_RULES_ROW_H
#define USHER_STORE_RULES_ROW_H

#include "store/rules.h"

#include <sqlite3.h>

/* Makes `facts` known to the connection, with these columns (NULL-terminated) and the values that *row points
 * to whenever a rule reads them, parallel to the columns. Both must live as long as the connection. */
gboolean rules_row_add(sqlite3 *db, const char *const *columns, const struct rule_value *const *row);

#endif
