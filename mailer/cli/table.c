/* See table.h. Widths count characters, wide ones twice. */
#include "cli/table.h"

#include "base/text.h"
#include "cli/screen.h"

#include <stdio.h>
#include <string.h>

#define GAP 2

struct table {
    guint columns;
    char **headings;
    GPtrArray *rows; /* char ** */
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
    return t;
}

void
table_free(struct table *t)
{
    if (!t)
        return;
    g_strfreev(t->headings);
    g_ptr_array_unref(t->rows);
    g_free(t);
}

char *
table_clean(const char *text)
{
    GString *out = g_string_new(NULL);
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == '\n' || c == '\t' || c == '\r')
            g_string_append_c(out, ' ');
        else if (g_unichar_iscntrl(c) || text_turns_direction(c))
            g_string_append(out, "\xEF\xBF\xBD");
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

void
table_add_row(struct table *t, const char *const *cells)
{
    char **row = g_new0(char *, t->columns + 1);
    for (guint i = 0; i < t->columns; i++)
        row[i] = table_clean(cells[i]);
    g_ptr_array_add(t->rows, row);
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

static int
width_of(const char *text)
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

static void
print_row(const struct table *t, char **row, const int *widths, int limit)
{
    int used = 0;
    guint columns = t->columns;
    while (columns > 1 && !*row[columns - 1]) /* no blanks at the end of a line */
        columns--;
    for (guint i = 0; i < columns; i++) {
        int pad = i + 1 < columns ? widths[i] - width_of(row[i]) + GAP : 0;
        int width = width_of(row[i]), room = limit - used;
        if (room <= 0)
            break;
        if (width <= room) {
            fputs(row[i], stdout);
        } else {
            int taken = 0;
            for (const char *p = row[i]; *p && taken + 2 < room; p = g_utf8_next_char(p)) {
                taken += g_unichar_iswide(g_utf8_get_char(p)) ? 2 : 1;
                fwrite(p, 1, (size_t)(g_utf8_next_char(p) - p), stdout);
            }
            fputs("…", stdout);
            break;
        }
        used += width + pad;
        if (used < limit)
            for (int j = 0; j < pad; j++)
                putchar(' ');
    }
    putchar('\n');
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
        widths[i] = width_of(t->headings[i]);
        for (guint j = 0; j < t->rows->len; j++)
            widths[i] = MAX(widths[i], width_of(((char **)t->rows->pdata[j])[i]));
    }
    int limit = terminal_width();
    if (table_colour())
        fputs("\033[1m", stdout);
    print_row(t, t->headings, widths, limit);
    if (table_colour())
        fputs("\033[0m", stdout);
    for (guint j = 0; j < t->rows->len; j++)
        print_row(t, t->rows->pdata[j], widths, limit);
}
