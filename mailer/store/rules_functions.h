/* The functions that rules have beyond SQLite's own: add_days(), days_between(), has(). Only rules.c includes
 * this. */
#ifndef USHER_STORE_RULES_FUNCTIONS_H
#define USHER_STORE_RULES_FUNCTIONS_H

#include <glib.h>
#include <sqlite3.h>

/* Registers them on the connection. FALSE when out of memory. */
gboolean rules_functions_add(sqlite3 *db);

#endif
