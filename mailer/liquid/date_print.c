/* strftime as Ruby has it: %[flags][width]directive, with the flags - (no padding), 0, _ (pad with blanks), ^
 * (upper case), # (other case) and : (colons in %z). E and O, which ask for a locale's own form where there
 * is one, change nothing. Composite directives are spelled out and printed in turn. */
#include "liquid/date.h"

#include <stdlib.h>
#include <string.h>

struct directive {
    char pad; /* '-', '0', '_' or 0 for the directive's own */
    bool upper, swap;
    int colons, width;
};

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const day_names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};

static void
put_text(const struct directive *how, const char *text, size_t len, GString *out)
{
    bool lower = how->swap; /* AM and UTC; what has small letters becomes large */

    for (int i = (int)len; i < how->width && how->pad != '-'; i++)
        g_string_append_c(out, how->pad == '0' ? '0' : ' ');
    for (size_t i = 0; i < len; i++)
        lower = lower && !g_ascii_islower(text[i]);
    for (size_t i = 0; i < len; i++)
        g_string_append_c(out, lower                     ? g_ascii_tolower(text[i])
                               : how->upper || how->swap ? g_ascii_toupper(text[i])
                                                         : text[i]);
}

/* A number padded with pad to width, unless the flags say otherwise. */
static void
put_number(const struct directive *how, gint64 number, char pad, int width, GString *out)
{
    char digits[24];
    int len = g_snprintf(digits, sizeof digits, "%" G_GINT64_FORMAT, number < 0 ? -number : number);

    if (how->pad == '0' || how->pad == '_')
        pad = how->pad == '_' ? ' ' : '0';
    if (how->width > 0)
        width = how->width;
    if (how->pad == '-')
        width = 0;
    if (number < 0 && pad == '0')
        g_string_append_c(out, '-');
    for (int i = len + (number < 0); i < width; i++)
        g_string_append_c(out, pad);
    if (number < 0 && pad != '0')
        g_string_append_c(out, '-');
    g_string_append_len(out, digits, len);
}

static void
put_offset(const struct directive *how, GDateTime *when, GString *out)
{
    gint64 seconds = g_date_time_get_utc_offset(when) / G_USEC_PER_SEC;
    char sign = seconds < 0 ? '-' : '+';
    int all = (int)(seconds < 0 ? -seconds : seconds);

    g_string_append_printf(out, "%c%02d%s%02d", sign, all / 3600, how->colons ? ":" : "", all / 60 % 60);
    if (how->colons > 1)
        g_string_append_printf(out, ":%02d", all % 60);
}

/* The digits of the second's fraction, cut after width of them. */
static void
put_fraction(const struct directive *how, GDateTime *when, int width, GString *out)
{
    char digits[32];

    if (how->width > 0)
        width = MIN(how->width, 9);
    g_snprintf(digits, sizeof digits, "%06d000", g_date_time_get_microsecond(when));
    g_string_append_len(out, digits, width);
}

static const char *
composite(char c)
{
    switch (c) {
    case 'c':
        return "%a %b %e %H:%M:%S %Y";
    case 'D':
    case 'x':
        return "%m/%d/%y";
    case 'F':
        return "%Y-%m-%d";
    case 'v':
        return "%e-%^b-%Y";
    case 'r':
        return "%I:%M:%S %p";
    case 'R':
        return "%H:%M";
    case 'T':
    case 'X':
        return "%H:%M:%S";
    case '+':
        return "%a %b %e %H:%M:%S %Z %Y";
    default:
        return NULL;
    }
}

static bool
put_name(const struct directive *how, GDateTime *when, char c, GString *out)
{
    int weekday = g_date_time_get_day_of_week(when) % 7, hour = g_date_time_get_hour(when);
    const char *text;
    size_t len = 3;

    switch (c) {
    case 'A':
        text = day_names[weekday];
        len = strlen(text);
        break;
    case 'a':
        text = day_names[weekday];
        break;
    case 'B':
        text = month_names[g_date_time_get_month(when) - 1];
        len = strlen(text);
        break;
    case 'b':
    case 'h':
        text = month_names[g_date_time_get_month(when) - 1];
        break;
    case 'p':
        text = hour < 12 ? "AM" : "PM";
        len = 2;
        break;
    case 'P':
        text = hour < 12 ? "am" : "pm";
        len = 2;
        break;
    case 'Z':
        /* an offset is no name */
        text = g_date_time_get_timezone_abbreviation(when);
        len = g_ascii_isalpha(*text) ? strlen(text) : 0;
        break;
    case 'n':
        text = "\n";
        len = 1;
        break;
    case 't':
        text = "\t";
        len = 1;
        break;
    case '%':
        text = "%";
        len = 1;
        break;
    default:
        return false;
    }
    put_text(how, text, len, out);
    return true;
}

static bool
put_field(const struct directive *how, GDateTime *when, char c, GString *out)
{
    int year = g_date_time_get_year(when), hour = g_date_time_get_hour(when);
    int weekday = g_date_time_get_day_of_week(when) % 7, day_of_year = g_date_time_get_day_of_year(when) - 1;
    const struct {
        char name, pad;
        int width;
        gint64 value;
    } fields[] = {
        {'Y', '0', 4, year},
        {'C', '0', 2, year / 100},
        {'y', '0', 2, year % 100},
        {'m', '0', 2, g_date_time_get_month(when)},
        {'d', '0', 2, g_date_time_get_day_of_month(when)},
        {'e', ' ', 2, g_date_time_get_day_of_month(when)},
        {'j', '0', 3, day_of_year + 1},
        {'H', '0', 2, hour},
        {'k', ' ', 2, hour},
        {'I', '0', 2, (hour + 11) % 12 + 1},
        {'l', ' ', 2, (hour + 11) % 12 + 1},
        {'M', '0', 2, g_date_time_get_minute(when)},
        {'S', '0', 2, g_date_time_get_second(when)},
        {'u', '0', 1, g_date_time_get_day_of_week(when)},
        {'w', '0', 1, weekday},
        {'G', '0', 4, g_date_time_get_week_numbering_year(when)},
        {'g', '0', 2, g_date_time_get_week_numbering_year(when) % 100},
        {'V', '0', 2, g_date_time_get_week_of_year(when)},
        {'U', '0', 2, (day_of_year + 7 - weekday) / 7},
        {'W', '0', 2, (day_of_year + 7 - (weekday + 6) % 7) / 7},
        {'s', '0', 1, g_date_time_to_unix(when)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i].name == c) {
            put_number(how, fields[i].value, fields[i].pad, fields[i].width, out);
            return true;
        }
    return false;
}

static bool
put_directive(const struct directive *how, GDateTime *when, char c, GString *out)
{
    const char *parts = composite(c);

    if (parts) {
        g_autoptr(GString) inner = g_string_new(NULL);
        date_print(when, parts, strlen(parts), inner);
        put_text(how, inner->str, inner->len, out);
        return true;
    }
    if (c == 'z') {
        put_offset(how, when, out);
        return true;
    }
    if (c == 'L' || c == 'N') {
        put_fraction(how, when, c == 'L' ? 3 : 9, out);
        return true;
    }
    return put_name(how, when, c, out) || put_field(how, when, c, out);
}

/* The flags and the width that begin at *at. */
static struct directive
read_flags(const char *format, size_t len, size_t *at)
{
    struct directive how = {0};

    for (; *at < len && strchr("-0_^#:", format[*at]) && format[*at]; ++*at) {
        if (format[*at] == '^')
            how.upper = true;
        else if (format[*at] == '#')
            how.swap = true;
        else if (format[*at] == ':')
            how.colons++;
        else
            how.pad = format[*at];
    }
    for (; *at < len && g_ascii_isdigit(format[*at]); ++*at)
        how.width = MIN(how.width * 10 + (format[*at] - '0'), 200);
    if (*at + 1 < len && format[*at + 1] &&
        ((format[*at] == 'E' && strchr("cCxXyY", format[*at + 1])) ||
         (format[*at] == 'O' && strchr("deHkIlmMSuUVwWy", format[*at + 1]))))
        ++*at;
    return how;
}

void
date_print(GDateTime *when, const char *format, size_t len, GString *out)
{
    for (size_t i = 0; i < len; i++) {
        if (format[i] != '%' || i + 1 >= len) {
            g_string_append_c(out, format[i]);
            continue;
        }
        size_t at = i + 1;
        struct directive how = read_flags(format, len, &at);
        if (at < len && put_directive(&how, when, format[at], out)) {
            i = at;
            continue;
        }
        g_string_append_c(out, '%');
    }
}
