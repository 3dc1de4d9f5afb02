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
#include "store/journal.h"

#include <glib.h>
#include <stdio.h>

struct import_options {
    const char *source;   /* who says so: "billing", "crm"… */
    gint64 as_of_us;      /* when the source said so */
    gint64 now_us;        /* time of the journal's events */
    const char *actor;    /* login name for the journal */
    gboolean dry_run;     /* compare only */
    gboolean complete;    /* what this source delivered before and not now is marked absent */
    gboolean force;       /* allow more than 20 % absent, and an as_of older than the last delivery's */
    GTimeZone *team_zone; /* for times without an offset */
    const struct event_sink *sink; /* NULL: journal_append() */
};

struct import_report {
    gboolean contact_file; /* a CSV of contacts: nothing else was touched */
    gint64 accounts_added, accounts_changed, accounts_unchanged, accounts_absent;
    gint64 contacts_added, contacts_changed, contacts_unchanged, contacts_absent;
    gint64 contacts_forgotten; /* rows passed over because the person was forgotten */
    GPtrArray
        *undeclared;     /* char *: columns that facts.conf does not declare, kept (contact files: ignored) */
    GPtrArray *problems; /* char *: every bad row's line, the first of them is the error as well */
    GPtrArray *differences;                         /* char *: "acme: forecast_mrr 500 → 620" */
    gint64 problems_left_out, differences_left_out; /* beyond the cap of those lists */
};
void import_report_clear(struct import_report *report);

/* Reads stream to its end. filename is for messages ("-" reads as "standard input"). *report is filled by
 * success, dry run and failure alike; clear it. USHER_ERROR_DATA "FILE:LINE: column "x": expected …" for bad
 * data (nothing is imported), USHER_ERROR_IO when reading fails. Opens its own transaction: the caller has
 * none. */
gboolean import_file(struct store *db, const struct fact_set *set, const struct import_options *options,
                     FILE *stream, const char *filename, struct import_report *report, GError **error);

#endif
