/* Import of accounts, contacts and facts: all rows or none, repeatable, keeping source and time of every
 * fact.
 *
 * The first character decides: `{` means JSON lines (an object a line, contacts in an array inside), else CSV
 * with a header. A CSV with a column `email` is a contact file. In both, `account` is the identity. Columns
 * the file does not have keep their values and their age; a cell that is empty without quotes, or null, makes
 * the fact missing. */
#ifndef USHER_ACCOUNTS_IMPORT_H
#define USHER_ACCOUNTS_IMPORT_H

#include "accounts/facts.h"
#include "accounts/import_report.h"
#include "store/store.h"

#include <glib.h>
#include <stdio.h>

/* Reads stream to its end. filename is for messages ("-" reads as "standard input"). *report is filled by
 * success, dry run and failure alike; clear it. USHER_ERROR_DATA "FILE:LINE: column "x": expected …" for bad
 * data (nothing is imported), USHER_ERROR_IO when reading fails. Opens its own transaction: the caller has
 * none. */
gboolean import_file(struct store *db, const struct fact_set *set, const struct import_options *options,
                     FILE *stream, const char *filename, struct import_report *report, GError **error);

#endif
