/* What an import found, told row by row: see import_report.h and import_private.h. */
#include "accounts/import_report.h"

#include "accounts/import_private.h"

#include <string.h>

void
import_report_clear(struct import_report *report)
{
    g_clear_pointer(&report->undeclared, g_ptr_array_unref);
    g_clear_pointer(&report->problems, g_ptr_array_unref);
    g_clear_pointer(&report->differences, g_ptr_array_unref);
    memset(report, 0, sizeof *report);
}

static void
note(GPtrArray *list, guint cap, gint64 *left_out, char *text)
{
    if (list->len < cap) {
        g_ptr_array_add(list, text);
        return;
    }
    (*left_out)++;
    g_free(text);
}

void
import_problem(struct import *import, gint64 line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    note(import->report->problems, IMPORT_PROBLEM_CAP, &import->report->problems_left_out,
         g_strdup_printf("%s:%" G_GINT64_FORMAT ": %s", import->filename, line, what));
}

void
import_bad_value(struct import *import, gint64 line, const char *column, const char *expected,
                 const char *found)
{
    g_autofree char *shown = g_utf8_strlen(found, -1) > 60 ? g_utf8_substring(found, 0, 60) : g_strdup(found);
    g_autofree char *escaped = g_strescape(shown, NULL);
    /* g_strescape() turns umlauts into octal: only what is not printable as it stands is worth that. */
    gboolean plain = TRUE;
    for (const char *p = shown; *p && plain; p = g_utf8_next_char(p))
        plain = g_unichar_isprint(g_utf8_get_char(p)) && *p != '"' && *p != '\\';
    import_problem(import, line, "column \"%s\": expected %s, found \"%s\"%s", column, expected,
                   plain ? shown : escaped, strlen(shown) < strlen(found) ? "…" : "");
}

void
import_difference(struct import *import, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    note(import->report->differences, IMPORT_DIFFERENCE_CAP, &import->report->differences_left_out,
         g_strdup_vprintf(format, args));
    va_end(args);
}

void
import_note_undeclared(struct import *import, const char *name)
{
    if (g_hash_table_contains(import->undeclared, name))
        return;
    char *kept = g_strdup(name);
    g_ptr_array_add(import->report->undeclared, kept);
    g_hash_table_add(import->undeclared, kept);
}
