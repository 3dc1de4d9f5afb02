/* The schema as append-only migrations: a released one never changes, a new one is added behind. PRAGMA
 * user_version counts those applied. */
#ifndef USHER_STORE_SCHEMA_H
#define USHER_STORE_SCHEMA_H

extern const char *const schema_migrations[];
extern const int schema_migration_count;

#endif
