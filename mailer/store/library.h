/* SQLite itself, before its first connection. */
#ifndef USHER_STORE_LIBRARY_H
#define USHER_STORE_LIBRARY_H

/* Each connection belongs to one thread (store.h), and nobody asks for SQLite's statistics of memory: without
 * the locks that both need, a statement costs less. Call before any connection is opened; again does nothing.
 */
void library_set_up(void);

#endif
