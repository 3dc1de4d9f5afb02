/* Bars and columns: see report_plot.h. */
#include "cli/report_plot.h"

#include <string.h>

#define PLOT_WIDTH 360.0
#define BAR_PITCH 38.0
#define LABEL_CHARS 45
#define COLUMNS_HEIGHT 170.0
#define COLUMNS_TOP 24.0
#define ROOM_FOR_VALUE 20.0 /* a column this tall carries its value itself */
#define COLUMNS_BOTTOM 148.0

void
plot_bar_clear(gpointer data)
{
    struct plot_bar *b = data;
    g_free(b->label);
    g_free(b->value);
}

void
plot_text(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    g_autofree char *escaped = g_markup_escape_text(valid, -1);
    g_string_append(out, escaped);
}

/* Numbers in SVG have a point, whatever the locale. */
static void
attribute(GString *out, const char *name, double value)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(out, " %s=\"%s\"", name, g_ascii_formatd(number, sizeof number, "%.1f", value));
}

static void
rectangle(GString *out, const char *class, double x, double y, double width, double height)
{
    g_string_append_printf(out, "<rect class=\"%s\" rx=\"2\"", class);
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "width", width);
    attribute(out, "height", height);
    g_string_append(out, "/>");
}

static void
line(GString *out, const char *class, double x1, double y1, double x2, double y2)
{
    g_string_append_printf(out, "<line class=\"%s\"", class);
    attribute(out, "x1", x1);
    attribute(out, "y1", y1);
    attribute(out, "x2", x2);
    attribute(out, "y2", y2);
    g_string_append(out, "/>");
}

/* anchor: start, middle or end. */
static void
words(GString *out, const char *class, const char *anchor, double x, double y, const char *text)
{
    g_string_append_printf(out, "<text class=\"%s\" text-anchor=\"%s\"", class, anchor);
    attribute(out, "x", x);
    attribute(out, "y", y);
    g_string_append_c(out, '>');
    plot_text(out, text);
    g_string_append(out, "</text>");
}

static void
begin(GString *out, const char *name, double height)
{
    g_string_append_printf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", PLOT_WIDTH,
                           height);
    plot_text(out, name);
    g_string_append(out, "\">");
}

/* Whole characters, with an ellipsis where some are cut. The caller frees. */
static char *
shorten(const char *text, glong chars)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    if (g_utf8_strlen(valid, -1) <= chars)
        return g_steal_pointer(&valid);
    g_autofree char *start = g_utf8_substring(valid, 0, chars - 1);
    return g_strconcat(start, "…", NULL);
}

void
plot_bars(GString *out, const char *name, const GArray *bars)
{
    begin(out, name, BAR_PITCH * bars->len);
    for (guint i = 0; i < bars->len; i++) {
        const struct plot_bar *b = &g_array_index(bars, struct plot_bar, i);
        double y = BAR_PITCH * i, width = CLAMP(b->share, 0, 1) * PLOT_WIDTH;
        g_autofree char *label = shorten(b->label, LABEL_CHARS - g_utf8_strlen(b->value, -1));
        g_string_append(out, "<g><title>");
        plot_text(out, b->label);
        g_string_append(out, ": ");
        plot_text(out, b->value);
        g_string_append(out, "</title>");
        words(out, "label", "start", 0, y + 13, label);
        words(out, "value", "end", PLOT_WIDTH, y + 13, b->value);
        rectangle(out, "track", 0, y + 18, PLOT_WIDTH, 11);
        if (width > 0)
            rectangle(out, "bar", 0, y + 18, MAX(width, 1.0), 11);
        if (b->mark >= 0) {
            double x = CLAMP(b->mark, 0, 1) * (PLOT_WIDTH - 2) + 1;
            line(out, "mark", x, y + 15, x, y + 32);
        }
        g_string_append(out, "</g>");
    }
    g_string_append(out, "</svg>\n");
}

void
plot_columns(GString *out, const char *name, const GArray *columns, double goal, const char *goal_label)
{
    double pitch = PLOT_WIDTH / MAX(columns->len, 1u), height = COLUMNS_BOTTOM - COLUMNS_TOP;
    double width = MIN(pitch * 0.72, 40.0);
    begin(out, name, COLUMNS_HEIGHT);
    for (guint i = 0; i < columns->len; i++) {
        const struct plot_bar *b = &g_array_index(columns, struct plot_bar, i);
        double middle = pitch * (i + 0.5), tall = CLAMP(b->share, 0, 1) * height;
        g_string_append(out, "<g><title>");
        plot_text(out, b->label);
        g_string_append(out, ": ");
        plot_text(out, b->value);
        g_string_append(out, "</title>");
        if (tall > 0)
            rectangle(out, "bar", middle - width / 2, COLUMNS_BOTTOM - tall, width, tall);
        gboolean inside = tall >= ROOM_FOR_VALUE;
        words(out, inside ? "small on" : "small", "middle", middle,
              inside ? COLUMNS_BOTTOM - 6 : COLUMNS_BOTTOM - tall - 4, b->value);
        words(out, "small faint", "middle", middle, COLUMNS_BOTTOM + 15, b->label);
        g_string_append(out, "</g>");
    }
    line(out, "axis", 0, COLUMNS_BOTTOM, PLOT_WIDTH, COLUMNS_BOTTOM);
    if (goal >= 0) {
        double y = COLUMNS_BOTTOM - CLAMP(goal, 0, 1) * height;
        line(out, "mark", 0, y, PLOT_WIDTH, y);
        words(out, "small goal", "end", PLOT_WIDTH, 11, goal_label); /* above every column */
    }
    g_string_append(out, "</svg>\n");
}
