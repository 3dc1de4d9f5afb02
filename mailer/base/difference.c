/* The longest common subsequence of lines, after the common beginning and end: see difference.h. */
#include "base/difference.h"

#include <string.h>

#define MAX_CELLS (1000u * 1000u) /* of the table; a mail has some 50 lines */

struct table {
    guint rows, columns;
    guint *length; /* of the longest common subsequence of a[i…] and b[j…] */
};

static guint *
cell(const struct table *t, guint i, guint j)
{
    return &t->length[i * (t->columns + 1) + j];
}

static void
fill(const struct table *t, char **a, char **b)
{
    for (guint i = t->rows; i-- > 0;)
        for (guint j = t->columns; j-- > 0;)
            *cell(t, i, j) = strcmp(a[i], b[j]) == 0 ? *cell(t, i + 1, j + 1) + 1
                                                     : MAX(*cell(t, i + 1, j), *cell(t, i, j + 1));
}

static void
put(GString *out, char sign, const char *line)
{
    g_string_append_printf(out, "%s%c %s", out->len ? "\n" : "", sign, line);
}

static void
put_changes(GString *out, char **a, guint rows, char **b, guint columns)
{
    struct table t = {.rows = rows, .columns = columns};
    gsize cells = ((gsize)rows + 1) * ((gsize)columns + 1);
    gboolean small = cells <= MAX_CELLS;
    g_autofree guint *length = small ? g_new0(guint, cells) : NULL;
    t.length = length;
    if (small)
        fill(&t, a, b);
    guint i = 0, j = 0;
    while (i < rows || j < columns) {
        if (small && i < rows && j < columns && strcmp(a[i], b[j]) == 0) {
            i++;
            j++;
        } else if (i < rows && (!small || j == columns || *cell(&t, i + 1, j) >= *cell(&t, i, j + 1))) {
            put(out, '-', a[i++]);
        } else {
            put(out, '+', b[j++]);
        }
    }
}

char *
difference_lines(const char *old, const char *now)
{
    g_auto(GStrv) a = g_strsplit(old, "\n", -1);
    g_auto(GStrv) b = g_strsplit(now, "\n", -1);
    guint rows = g_strv_length(a), columns = g_strv_length(b), from = 0;
    while (from < rows && from < columns && strcmp(a[from], b[from]) == 0)
        from++;
    while (rows > from && columns > from && strcmp(a[rows - 1], b[columns - 1]) == 0) {
        rows--;
        columns--;
    }
    GString *out = g_string_new(NULL);
    put_changes(out, a + from, rows - from, b + from, columns - from);
    return g_string_free(out, FALSE);
}
