/* What the files of the import share: reading (import_csv.c, import_json.c) fills the staging tables through
 * import_stage.c, import_compare.c finds what is new or different, import_apply.c writes it. Only import*.c
 * includes this. */
#ifndef USHER_ACCOUNTS_IMPORT_PRIVATE_H
#define USHER_ACCOUNTS_IMPORT_PRIVATE_H

#include "accounts/facts.h"
#include "accounts/import_report.h"
#include "store/store.h"

#include <glib.h>
#include <stdio.h>

enum {
    IMPORT_LINE_LIMIT = 16 * 1024 * 1024, /* bytes of one line of the file */
    IMPORT_PROBLEM_CAP = 50,
    IMPORT_DIFFERENCE_CAP = 1000,
    IMPORT_ABSENT_PERCENT = 20,
};

/* The optional columns of a contact, in the order of the bits in incoming_contact.given. */
enum contact_field {
    CONTACT_FIRST_NAME,
    CONTACT_LAST_NAME,
    CONTACT_ROLE,
    CONTACT_FUNCTION,
    CONTACT_LAST_ACTIVE,
    CONTACT_FIELDS,
};
extern const char *const contact_field_names[CONTACT_FIELDS];

struct import {
    struct store *db;
    const struct fact_set *set;
    const struct import_options *options;
    const char *filename; /* as messages call it */
    struct import_report *report;
    GHashTable *undeclared; /* names already in the report's list, borrowed from it */
    GHashTable *columns;    /* names a CSV delivers for every row, missing or not; NULL for JSON lines */

    FILE *stream;
    char *block; /* read and not yet handed out: block[at] to block[end] */
    gsize at, end, size;
    gint64 line; /* number of the line import_line() gave last */

    GString *scratch;       /* the row's JSON */
    gboolean any_forgotten; /* somebody was: each address is looked up */
};

/* The next physical line with its newline, without a byte order mark, borrowed until the next call; valid
 * UTF-8 without NUL. FALSE at the end of the file or on an error (set then). */
gboolean import_line(struct import *import, const char **text, gsize *length, GError **error);

/* Hands the same line out again. */
void import_unread(struct import *import, gsize length);

/* Notes a bad row; reading goes on, so that all are told at once. */
void import_problem(struct import *import, gint64 line, const char *format, ...) G_GNUC_PRINTF(3, 4);
void import_bad_value(struct import *import, gint64 line, const char *column, const char *expected,
                      const char *found);
void import_difference(struct import *import, const char *format, ...) G_GNUC_PRINTF(2, 3);
void import_note_undeclared(struct import *import, const char *name);

gboolean import_read_csv(struct import *import, GError **error);
gboolean import_read_json(struct import *import, GError **error);

/* ---- staging ---- */

gboolean import_stage_create(struct import *import, GError **error);
void import_stage_drop(struct import *import);

/* Strips and checks an account key in place; NULL with the problem noted when it cannot be one. */
const char *import_check_key(struct import *import, gint64 line, const char *column, char *key);

/* Appends a fact's canonical JSON to scratch; FALSE with the problem noted. */
gboolean import_append_text(struct import *import, gint64 line, const char *column, const struct fact *fact,
                            const char *text, gsize length);
gboolean import_append_json(struct import *import, gint64 line, const char *column, const struct fact *fact,
                            const json_t *value);

/* Stores an account row: scratch holds its facts. cleared is a JSON array of facts delivered as null, or
 * NULL. */
gboolean import_stage_account(struct import *import, gint64 line, const char *key, const char *cleared,
                              gboolean has_contacts, GError **error);

/* Checks and stores a contact. fields[f] is NULL when missing; bit f of given says whether the file has it at
 * all. */
gboolean import_stage_contact(struct import *import, gint64 line, const char *key, const char *address,
                              const char *const fields[CONTACT_FIELDS], guint given, GError **error);

/* Notes duplicates, and contacts of accounts that nobody knows. */
gboolean import_stage_check(struct import *import, GError **error);

/* ---- comparing and applying ---- */

gboolean import_compare(struct import *import, GError **error);
gboolean import_apply(struct import *import, GError **error);

#endif
