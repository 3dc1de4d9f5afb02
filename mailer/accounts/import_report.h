/* What an import is told, and what it tells: see import.h. */
#ifndef USHER_ACCOUNTS_IMPORT_REPORT_H
#define USHER_ACCOUNTS_IMPORT_REPORT_H

#include "store/journal.h"

#include <glib.h>

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

#endif
