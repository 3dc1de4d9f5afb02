/* Accounts by their key, the people in them, and who must not be written to. */
#ifndef USHER_ACCOUNTS_CONTACTS_H
#define USHER_ACCOUNTS_CONTACTS_H

#include "store/store.h"

#include <glib.h>

struct contact {
    gint64 id;
    char *address;    /* folded to lower case */
    char *first_name; /* these five are NULL when unknown */
    char *last_name;
    char *role;        /* owner, admin, member */
    char *function;    /* engineering, product, finance, other */
    char *last_active; /* YYYY-MM-DD */
    gboolean absent;   /* missing from the last complete import */
};
void contact_free(struct contact *contact);

/* The contacts of an account, owners first, then by address: struct contact *, freed with the array. NULL on
 * an error. */
GPtrArray *contacts_list(struct store *db, gint64 account_id, GError **error);

/* TRUE when address is plain ASCII local@domain that is safe to put on a wire; anything exotic is refused. */
gboolean contact_address_valid(const char *address);

/* Adds "anna@acme.example" or "@acme.example" (any case) to the list of those never written to; the first
 * reason stays. event_id 0 when no event tells of it. USHER_ERROR_DATA when it is neither. */
gboolean suppression_add(struct store *db, const char *address, const char *reason, gint64 at_us,
                         gint64 event_id, GError **error);

/* TRUE when the address or its domain is suppressed; reason (may be NULL) is the caller's to free. On an
 * error TRUE, since nobody is written to in doubt, with the error as reason. */
gboolean suppression_find(struct store *db, const char *address, char **reason);

/* What stands instead of a forgotten person's address (folded): a keyed hash of it, an address that nobody
 * has. The caller frees; NULL only with error. */
char *contact_pseudonym(struct store *db, const char *address, GError **error);

/* *forgotten tells if the person behind address was (service/forget.h). */
gboolean contact_is_forgotten(struct store *db, const char *address, gboolean *forgotten, GError **error);

/* The id of the account called key. USHER_ERROR_NO_INPUT names the nearest key. */
gboolean account_find(struct store *db, const char *key, gint64 *id, GError **error);

/* Marks that something about the account changed: its version grows and the pipeline looks at it on its next
 * tick. */
gboolean account_touch(struct store *db, gint64 id, GError **error);

#endif
