/* Reading numbers as people write them in English: see lint_figures.h. */
#include "compose/lint_figures.h"

#include <math.h>
#include <string.h>

/* Three digits and no fourth. */
static gboolean
is_group(const char *p)
{
    return g_ascii_isdigit(p[0]) && g_ascii_isdigit(p[1]) && g_ascii_isdigit(p[2]) && !g_ascii_isdigit(p[3]);
}

/* Reads the digits at p into *f; returns what follows them. */
static const char *
read_digits(const char *p, struct figure *f)
{
    for (; g_ascii_isdigit(*p) || (*p == ',' && is_group(p + 1)); p++)
        if (*p != ',')
            f->value = f->value * 10 + (*p - '0');
    if (*p == '.' && g_ascii_isdigit(p[1])) {
        double unit = 0.1;
        for (p++; g_ascii_isdigit(*p); p++, unit /= 10, f->places++)
            f->value += unit * (*p - '0');
    }
    return p;
}

static gboolean
is_letter_at(const char *p)
{
    return g_unichar_isalpha(g_utf8_get_char(p)) || *p == '_';
}

/* The length of word at p when it stands there as a whole, in any letter case; else 0. */
static gsize
match_word(const char *p, const char *word)
{
    gsize len = strlen(word);
    return g_ascii_strncasecmp(p, word, len) == 0 && !is_letter_at(p + len) && !g_ascii_isdigit(p[len]) ? len
                                                                                                        : 0;
}

static const struct {
    const char *word;
    double scale;
} scales[] = {{"k", 1e3},       {"thousand", 1e3}, {"m", 1e6},      {"mn", 1e6},
              {"million", 1e6}, {"bn", 1e9},       {"billion", 1e9}};

/* What may be written right behind the digits of a figure; any other letter makes it part of a name. */
static const char *const endings[] = {"st",  "nd", "rd", "th",  "x",   "s",  "ms",
                                      "min", "h",  "d",  "usd", "eur", "gbp"};
static const char *const currencies[] = {"usd", "eur", "gbp", "dollar", "dollars", "euro", "euros", "cents"};

/* Reads what stands behind the digits; FALSE when it shows that this is no figure. */
static gboolean
read_ending(const char *p, struct figure *f)
{
    const char *behind = p;
    gboolean glued = is_letter_at(p);
    if (g_unichar_isspace(g_utf8_get_char(p)))
        behind = g_utf8_next_char(p);
    if (match_word(behind, "am") || match_word(behind, "pm"))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(scales); i++) {
        gsize len = glued || strlen(scales[i].word) > 2 ? match_word(behind, scales[i].word) : 0;
        if (!len)
            continue;
        f->scale = scales[i].scale;
        behind += len;
        behind += strspn(behind, " ");
        glued = FALSE;
        break;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(currencies); i++)
        f->money = f->money || match_word(behind, currencies[i]) > 0;
    f->percent = *behind == '%' || match_word(behind, "percent") > 0;
    for (gsize i = 0; glued && i < G_N_ELEMENTS(endings); i++)
        if (match_word(p, endings[i]))
            glued = FALSE;
    return !glued;
}

/* TRUE when what stands before at makes the digits part of a name or of something longer. */
static gboolean
is_inside_word(const char *text, const char *at)
{
    if (at == text)
        return FALSE;
    const char *before = g_utf8_prev_char(at);
    if (is_letter_at(before) ||
        ((*before == '.' || *before == ':') && before > text && g_ascii_isdigit(before[-1])))
        return TRUE;
    return *before == '-' && before > text && is_letter_at(g_utf8_prev_char(before)); /* utf-8 */
}

static gboolean
follows_currency(const char *text, const char *at)
{
    const char *p = at;
    while (p > text && g_unichar_isspace(g_utf8_get_char(g_utf8_prev_char(p))))
        p = g_utf8_prev_char(p);
    if (p > text && g_unichar_type(g_utf8_get_char(g_utf8_prev_char(p))) == G_UNICODE_CURRENCY_SYMBOL)
        return TRUE;
    return p - text >= 3 && p < at && match_word(p - 3, "usd");
}

GArray *
figures_find(const char *text)
{
    GArray *figures = g_array_new(FALSE, FALSE, sizeof(struct figure));
    for (const char *p = text; *p;) {
        if (!g_ascii_isdigit(*p)) {
            p = g_utf8_next_char(p);
            continue;
        }
        struct figure f = {.at = (gsize)(p - text), .scale = 1};
        const char *end = read_digits(p, &f);
        gboolean longer = (*end == '.' || *end == ':') && g_ascii_isdigit(end[1]);
        f.len = (gsize)(end - p);
        if (!is_inside_word(text, p) && !longer && read_ending(end, &f)) {
            f.money = f.money || follows_currency(text, p);
            g_array_append_val(figures, f);
        }
        p = end;
    }
    return figures;
}

/* ---- what may be said ---- */

static void
allow(GArray *allowed, double value)
{
    value = fabs(value);
    g_array_append_val(allowed, value);
}

void
figures_allow_text(GArray *allowed, const char *text)
{
    g_autoptr(GArray) figures = figures_find(text);
    for (guint i = 0; i < figures->len; i++) {
        const struct figure *f = &g_array_index(figures, struct figure, i);
        allow(allowed, f->value * f->scale);
    }
}

/* The numbers in a fact of type text, date or time: 2026-12-14 allows 2026, 12 and 14. */
static void
allow_digits(GArray *allowed, const char *text)
{
    for (const char *p = text; *p;) {
        struct figure f = {0};
        if (g_ascii_isdigit(*p)) {
            p = read_digits(p, &f);
            allow(allowed, f.value);
        } else {
            p++;
        }
    }
}

void
figures_allow_json(GArray *allowed, const json_t *value)
{
    json_t *inner = (json_t *)(gsize)value, *item;
    const char *key;
    size_t i;
    if (json_is_number(value))
        allow(allowed, json_number_value(value));
    else if (json_is_string(value))
        allow_digits(allowed, json_string_value(value));
    json_array_foreach(inner, i, item) figures_allow_json(allowed, item);
    json_object_foreach(inner, key, item) figures_allow_json(allowed, item);
}

/* TRUE when number, rounded to the figure's places, reads the same. */
static gboolean
reads_as(double number, const struct figure *f)
{
    double ten = pow(10, f->places);
    return fabs(round(number * ten) - f->value * ten) < 0.5e-3;
}

gboolean
figure_is_allowed(const struct figure *f, const GArray *allowed)
{
    for (guint i = 0; i < allowed->len; i++) {
        double number = g_array_index(allowed, double, i);
        if (reads_as(number / f->scale, f) || (f->percent && number <= 1 && reads_as(number * 100, f)))
            return TRUE;
    }
    return FALSE;
}
