/* Windows and spans: see window.h. */
#include "base/window.h"

#include "base/clock.h"
#include "base/conf.h"

#include <string.h>

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static gboolean
read_minute(cfg_t *section, const char *key, int *minute, GError **error)
{
    const char *text = cfg_getstr(section, key);
    int h, m;
    if (strlen(text) != 5 || text[2] != ':' || !g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]) ||
        !g_ascii_isdigit(text[3]) || !g_ascii_isdigit(text[4]))
        return conf_refuse_key(section, key, error, "%s: \"%s\": expected a time such as 09:00", key, text);
    h = (text[0] - '0') * 10 + text[1] - '0';
    m = (text[3] - '0') * 10 + text[4] - '0';
    if (h * 60 + m > 24 * 60 || m > 59)
        return conf_refuse_key(section, key, error, "%s: \"%s\": expected a time from 00:00 to 24:00", key,
                               text);
    *minute = h * 60 + m;
    return TRUE;
}

gboolean
window_read(cfg_t *section, struct window *out, GError **error)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < cfg_size(section, "days"); i++) {
        const char *day = cfg_getnstr(section, "days", i);
        guint d = 0;
        while (d < 7 && strcmp(day, day_names[d]) != 0)
            d++;
        if (d == 7)
            return conf_refuse_key(section, "days", error,
                                   "days: \"%s\": expected mon, tue, wed, thu, fri, sat or sun", day);
        out->days |= 1u << d;
    }
    if (!read_minute(section, "from", &out->from_minute, error) ||
        !read_minute(section, "to", &out->to_minute, error))
        return FALSE;
    if (!out->days || out->from_minute >= out->to_minute)
        return conf_refuse(section, error, "window: expected at least one day and a \"from\" before \"to\"");
    return TRUE;
}

gboolean
window_meet(const struct window *a, const struct window *b, struct window *both)
{
    *both = (struct window){.days = a->days & b->days,
                            .from_minute = MAX(a->from_minute, b->from_minute),
                            .to_minute = MIN(a->to_minute, b->to_minute)};
    return both->days && both->from_minute < both->to_minute;
}

/* ---- spans ---- */

struct unit {
    const char *one, *many;
    gint64 us;
};
static const struct unit units[] = {
    {"second", "seconds", CLOCK_SECOND_US},
    {"minute", "minutes", CLOCK_MINUTE_US},
    {"hour", "hours", CLOCK_HOUR_US},
    {"day", "days", CLOCK_DAY_US},
};

gboolean
span_parse(const char *text, guint64 *number, gint64 *unit_us)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    *unit_us = 0;
    if (g_strv_length(words) != 2 || !g_ascii_string_to_unsigned(words[0], 10, 0, 100000, number, NULL))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
        if (strcmp(words[1], units[i].one) == 0 || strcmp(words[1], units[i].many) == 0)
            *unit_us = units[i].us;
    return *unit_us != 0;
}

gboolean
span_read(cfg_t *section, const char *key, gint64 *us, GError **error)
{
    const char *text = cfg_getstr(section, key);
    guint64 number;
    gint64 unit_us;
    if (!text || strcmp(text, "none") == 0) {
        *us = 0;
        return TRUE;
    }
    if (!span_parse(text, &number, &unit_us) || unit_us < CLOCK_HOUR_US ||
        (gint64)number * unit_us > 365 * CLOCK_DAY_US)
        return conf_refuse_key(section, key, error,
                               "%s: \"%s\": expected days or hours, such as \"2 days\", or \"none\"", key,
                               text);
    *us = (gint64)number * unit_us;
    return TRUE;
}
