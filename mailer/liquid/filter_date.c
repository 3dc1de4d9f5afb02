/* The date filter. What is no date passes unchanged, as the language has it: a lint line upstream is better
 * than a mail that says 1970. */
#include "liquid/filter.h"

#include <string.h>

#include "liquid/date.h"
#include "liquid/number.h"

static GDateTime *
from_unix(gint64 seconds, GTimeZone *zone)
{
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);

    return utc ? g_date_time_to_timezone(utc, zone) : NULL;
}

static bool
is_word(struct text text, const char *word)
{
    return text.len == strlen(word) && g_ascii_strncasecmp(text.text, word, text.len) == 0;
}

static bool
is_digits(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!g_ascii_isdigit(text.text[i]))
            return false;
    return text.len > 0;
}

/* One that begins with year, month and day takes nothing from the clock. */
static bool
is_full_date(struct text text)
{
    struct text year = {text.text, 4}, month = {text.text + 5, 2}, day = {text.text + 8, 2};
    return text.len >= 10 && is_digits(year) && text.text[4] == '-' && is_digits(month) &&
           text.text[7] == '-' && is_digits(day);
}

static GDateTime *
read_value(const struct liquid_options *options, const struct liquid_value *value, GTimeZone *zone)
{
    gint64 now_us = options->now_us ? options->now_us : g_get_real_time();
    g_autoptr(GDateTime) now = from_unix(now_us / G_USEC_PER_SEC, zone);
    bool has_offset;

    if (value->type == LIQUID_INT)
        return from_unix(value->integer, zone);
    if (value->type != LIQUID_STRING || !now)
        return NULL;

    struct text text = {value->string.text, value->string.len};
    if (options->reads_clock && !is_full_date(text) && !is_digits(text))
        *options->reads_clock = true;
    if (is_word(text, "now") || is_word(text, "today"))
        return g_steal_pointer(&now);
    if (is_digits(text))
        return from_unix(number_leading_integer(text.text, text.len), zone);
    g_autoptr(GDateTime) read = date_read(text.text, text.len, zone, now, &has_offset);
    if (read && has_offset && options->zone)
        return g_date_time_to_timezone(read, zone);
    return g_steal_pointer(&read);
}

bool
filter_date(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    const struct liquid_options *options = render->options;
    struct text format = render_to_text(render, &args->value[0]);
    g_autoptr(GTimeZone) zone = options->zone ? g_time_zone_ref(options->zone) : g_time_zone_new_utc();

    if (format.len == 0)
        return true;
    if (format.len > 4096)
        return render_fail(render, "expected a shorter date format");
    g_autoptr(GDateTime) when = read_value(options, value, zone);
    if (!when)
        return true;
    date_print(when, format.text, format.len, render_scratch(render));
    return render_scratch_take(render, value);
}
