/* See table.h. Widths count characters, wide ones twice. */
#include "cli/table.h"

#include "cli/screen.h"

#include <stdio.h>
#include <string.h>

#define GAP 2

struct table {
    guint columns;
    char **headings;
    GPtrArray *rows;  /* char ** */
    GArray *tints;    /* guint8, one a cell in the order of the rows */
    int *limits;      /* of the columns' widths; 0: none */
    gboolean folding; /* table_fold() */
};

gboolean
table_colour(void)
{
    const char *no = g_getenv("NO_COLOR");
    return screen_is_terminal() && !(no && *no);
}

struct table *
table_new(const char *const *headings)
{
    struct table *t = g_new0(struct table, 1);
    t->headings = g_strdupv((char **)(gsize)headings);
    t->columns = g_strv_length(t->headings);
    t->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    t->tints = g_array_new(FALSE, TRUE, sizeof(guint8));
    t->limits = g_new0(int, t->columns);
    return t;
}

void
table_free(struct table *t)
{
    if (!t)
        return;
    g_strfreev(t->headings);
    g_ptr_array_unref(t->rows);
    g_array_unref(t->tints);
    g_free(t->limits);
    g_free(t);
}

void
table_add_row(struct table *t, const char *const *cells)
{
    char **row = g_new0(char *, t->columns + 1);
    for (guint i = 0; i < t->columns; i++)
        row[i] = screen_clean(cells[i]);
    g_ptr_array_add(t->rows, row);
    g_array_set_size(t->tints, t->rows->len * t->columns);
}

void
table_fold(struct table *t)
{
    t->folding = TRUE;
}

void
table_limit(struct table *t, guint column, int columns)
{
    g_assert(column < t->columns);
    t->limits[column] = columns;
}

void
table_tint_cell(struct table *t, guint column, enum tint tint)
{
    g_assert(t->rows->len && column < t->columns);
    g_array_index(t->tints, guint8, (t->rows->len - 1) * t->columns + column) = (guint8)tint;
}

void
table_tint(enum tint tint)
{
    static const char *const codes[] = {
        [TINT_NONE] = "0", [TINT_GOOD] = "32", [TINT_WARN] = "33",
        [TINT_BAD] = "31", [TINT_DIM] = "2",   [TINT_BOLD] = "1",
    };
    if (table_colour())
        printf("\033[%sm", codes[tint]);
}

void
table_add(struct table *t, ...)
{
    g_autofree const char **cells = g_new0(const char *, t->columns + 1);
    va_list args;
    va_start(args, t);
    for (guint i = 0; i < t->columns; i++)
        cells[i] = va_arg(args, const char *);
    va_end(args);
    table_add_row(t, cells);
}

int
table_width(const char *text)
{
    int width = 0;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

static int
terminal_width(void)
{
    int width = screen_width();
    return width ? width : 10000;
}

/* Prints text, cut to width; returns the columns it took. */
static int
print_cell(const char *text, int width)
{
    int taken = table_width(text);
    if (taken <= width) {
        fputs(text, stdout);
        return taken;
    }
    taken = 0;
    for (const char *p = text; *p && taken + 2 < width; p = g_utf8_next_char(p)) {
        taken += g_unichar_iswide(g_utf8_get_char(p)) ? 2 : 1;
        fwrite(p, 1, (size_t)(g_utf8_next_char(p) - p), stdout);
    }
    fputs("…", stdout);
    return taken + 1;
}

/* Prints the first columns of a row within limit. tints: NULL for none. */
static void
print_row(char **row, guint columns, const guint8 *tints, const int *widths, int limit)
{
    int used = 0;
    while (columns > 1 && !*row[columns - 1]) /* no blanks at the end of a line */
        columns--;
    for (guint i = 0; i < columns && used < limit; i++) {
        if (tints && tints[i])
            table_tint(tints[i]);
        int width = print_cell(row[i], MIN(widths[i], limit - used));
        if (tints && tints[i])
            table_tint(TINT_NONE);
        used += width;
        for (int pad = i + 1 < columns ? widths[i] - width + GAP : 0; pad > 0 && used < limit; pad--, used++)
            putchar(' ');
    }
    putchar('\n');
}

/* The columns from first on, each behind its heading, below their row. */
static void
print_folded(const struct table *t, char **row, guint first)
{
    g_autoptr(GString) line = g_string_new("    ");
    for (guint i = first; i < t->columns; i++)
        if (*row[i] && strcmp(row[i], "-") != 0)
            g_string_append_printf(line, "%s%s: %s", line->len > 4 ? "; " : "", t->headings[i], row[i]);
    table_tint(TINT_DIM);
    if (line->len > 4)
        screen_print(line->str, 0);
    table_tint(TINT_NONE);
}

/* How many columns fit into limit whole, one at least. */
static guint
fitting(const struct table *t, const int *widths, int limit)
{
    int used = 0;
    for (guint i = 0; i < t->columns; i++) {
        used += widths[i] + (i ? GAP : 0);
        if (i && used > limit)
            return i;
    }
    return t->columns;
}

void
table_print(const struct table *t, const char *empty)
{
    if (t->rows->len == 0) {
        puts(empty);
        return;
    }
    g_autofree int *widths = g_new0(int, t->columns);
    for (guint i = 0; i < t->columns; i++) {
        widths[i] = table_width(t->headings[i]);
        for (guint j = 0; j < t->rows->len; j++)
            widths[i] = MAX(widths[i], table_width(((char **)t->rows->pdata[j])[i]));
        if (t->limits[i] && screen_width())
            widths[i] = MIN(widths[i], MAX(t->limits[i], table_width(t->headings[i])));
    }
    int limit = terminal_width();
    guint columns = t->folding ? fitting(t, widths, limit) : t->columns;
    table_tint(TINT_BOLD);
    print_row(t->headings, columns, NULL, widths, limit);
    table_tint(TINT_NONE);
    for (guint j = 0; j < t->rows->len; j++) {
        print_row(t->rows->pdata[j], columns, &g_array_index(t->tints, guint8, j * t->columns), widths,
                  limit);
        if (columns < t->columns)
            print_folded(t, t->rows->pdata[j], columns);
    }
}
