/* How a source's facts lie in account_facts.facts: shared by import, which writes them, and fact_row.c, which
 * reads them. */
#ifndef USHER_ACCOUNTS_STORED_H
#define USHER_ACCOUNTS_STORED_H

/* Member of the stored object: {fact: as_of} of the facts that the last delivery left out. No column may
 * begin with '@'. */
#define STORED_AS_OF "@as_of"

#endif
