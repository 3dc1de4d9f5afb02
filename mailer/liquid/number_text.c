/* Numbers and text: printing integers and reals, and telling numbers in a text. */
#include "liquid/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "liquid/lexer.h"

bool
number_power_of_ten(int exponent, int128 *out)
{
    *out = 1;
    if (exponent < 0 || exponent > 38)
        return false;
    for (int i = 0; i < exponent; i++)
        *out *= 10;
    return true;
}

/* The digits of value, which end at end; returns where they begin. */
static char *
put_digits(char *end, unsigned __int128 value)
{
    do {
        *--end = (char)('0' + (int)(value % 10));
        value /= 10;
    } while (value);
    return end;
}

size_t
number_format_int(gint64 value, char text[NUMBER_TEXT_MAX])
{
    char buffer[24], *end = buffer + sizeof buffer, *at = end;
    guint64 rest = value < 0 ? -(guint64)value : (guint64)value;

    do {
        *--at = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--at = '-';
    memcpy(text, at, (size_t)(end - at));
    text[end - at] = '\0';
    return (size_t)(end - at);
}

size_t
number_format_int128(int128 value, char text[NUMBER_TEXT_MAX])
{
    char buffer[NUMBER_TEXT_MAX], *end = buffer + sizeof buffer;

    if (value >= G_MININT64 && value <= G_MAXINT64)
        return number_format_int((gint64)value, text);
    char *at = put_digits(end, value < 0 ? -(unsigned __int128)value : (unsigned __int128)value);

    if (value < 0)
        *--at = '-';
    memcpy(text, at, (size_t)(end - at));
    text[end - at] = '\0';
    return (size_t)(end - at);
}

/* value as whole * 10^-places with at most four places, told by multiplying: prices, percentages and their
 * like. The division back is rounded once, so equality means that the decimal is the one value prints as. */
bool
number_few_places(double value, gint64 *whole, int *places)
{
    static const double factors[] = {1, 10, 100, 1000, 10000};

    if (!(fabs(value) < 1e11) || value == 0)
        return false;
    for (*places = 0; *places < (int)G_N_ELEMENTS(factors); ++*places) {
        double scaled = rint(value * factors[*places]);
        if (scaled / factors[*places] == value && scaled != 0) {
            *whole = (gint64)scaled;
            return true;
        }
    }
    return false;
}

/* The digits of whole with a point before the last places of them. */
static size_t
put_point(gint64 whole, int places, char text[NUMBER_TEXT_MAX])
{
    char digits[NUMBER_TEXT_MAX];
    size_t n = number_format_int(whole < 0 ? -whole : whole, digits), len = 0, cut = (size_t)places;

    if (whole < 0)
        text[len++] = '-';
    if (n <= cut) {
        text[len++] = '0';
    } else {
        memcpy(text + len, digits, n - cut);
        len += n - cut;
    }
    text[len++] = '.';
    for (size_t i = n; i < cut; i++)
        text[len++] = '0';
    size_t tail = MIN(n, cut);
    memcpy(text + len, digits + n - tail, tail);
    len += tail;
    if (places == 0)
        text[len++] = '0';
    text[len] = '\0';
    return len;
}

/* %e with the fewest digits that read back, split into its digits (without the point) and the exponent. */
int
number_shortest_digits(double value, char digits[NUMBER_TEXT_MAX])
{
    char text[NUMBER_TEXT_MAX], format[8];
    int exponent;
    char *end;

    for (int precision = 14; precision <= 16; precision++) {
        g_snprintf(format, sizeof format, "%%.%de", precision);
        g_ascii_formatd(text, sizeof text, format, value);
        if (precision == 16 || g_ascii_strtod(text, NULL) == value)
            break;
    }
    end = strchr(text, 'e');
    exponent = (int)strtol(end + 1, NULL, 10);
    size_t n = 0;
    for (char *c = text; c < end; c++)
        if (g_ascii_isdigit(*c))
            digits[n++] = *c;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return exponent;
}

size_t
number_format_real(double value, char text[NUMBER_TEXT_MAX])
{
    char digits[NUMBER_TEXT_MAX];
    gint64 whole;
    int places;

    if (number_few_places(value, &whole, &places))
        return put_point(whole, places, text);
    if (!isfinite(value))
        return (size_t)g_snprintf(text, NUMBER_TEXT_MAX, "%s",
                                  isnan(value) ? "NaN"
                                  : value < 0  ? "-Infinity"
                                               : "Infinity");
    if (value == 0)
        return (size_t)g_snprintf(text, NUMBER_TEXT_MAX, "%s", signbit(value) ? "-0.0" : "0.0");

    int exponent = number_shortest_digits(fabs(value), digits);
    const char *sign = value < 0 ? "-" : "";
    int n = (int)strlen(digits);
    if (exponent < -4 || exponent >= 16)
        return (size_t)g_snprintf(text, NUMBER_TEXT_MAX, "%s%c.%se%c%02d", sign, digits[0],
                                  n > 1 ? digits + 1 : "0", exponent < 0 ? '-' : '+', abs(exponent));
    if (exponent < 0)
        return (size_t)g_snprintf(text, NUMBER_TEXT_MAX, "%s0.%.*s%s", sign, -exponent - 1, "0000", digits);
    if (n <= exponent + 1)
        return (size_t)g_snprintf(text, NUMBER_TEXT_MAX, "%s%s%.*s.0", sign, digits, exponent + 1 - n,
                                  "0000000000000000");
    return (size_t)g_snprintf(text, NUMBER_TEXT_MAX, "%s%.*s.%s", sign, exponent + 1, digits,
                              digits + exponent + 1);
}

size_t
number_format_fixed(const struct number *number, int places, char text[NUMBER_TEXT_MAX * 2])
{
    int128 factor, digits = number->digits;
    char all[NUMBER_TEXT_MAX];

    if (!number->exact || number->scale > places || !number_power_of_ten(places - number->scale, &factor) ||
        __builtin_mul_overflow(digits, factor, &digits))
        return 0;

    size_t len = 0, n = number_format_int128(digits < 0 ? -digits : digits, all), cut = (size_t)places;
    size_t tail = MIN(n, cut);
    if (digits < 0)
        text[len++] = '-';
    if (n <= cut)
        text[len++] = '0';
    for (size_t i = 0; i < n - tail; i++)
        text[len++] = all[i];
    if (cut > 0)
        text[len++] = '.';
    for (size_t i = tail; i < cut; i++)
        text[len++] = '0';
    for (size_t i = n - tail; i < n; i++)
        text[len++] = all[i];
    text[len] = '\0';
    return len;
}

void
number_strip(const char **text, size_t *len)
{
    while (*len && (lexer_is_space(**text) || **text == '\0')) {
        ++*text;
        --*len;
    }
    while (*len && (lexer_is_space((*text)[*len - 1]) || (*text)[*len - 1] == '\0'))
        --*len;
}

bool
number_looks_decimal(const char *text, size_t len)
{
    size_t i = len && text[0] == '-' ? 1 : 0, whole = i;

    while (i < len && g_ascii_isdigit(text[i]))
        i++;
    if (i == whole || i >= len || text[i] != '.')
        return false;
    size_t fraction = ++i;
    while (i < len && g_ascii_isdigit(text[i]))
        i++;
    return i > fraction && i == len;
}

/* [sign] digits, single underscores between digits allowed; *used is how much of the text that was. */
int128
number_read_integer(const char *text, size_t len, size_t *used)
{
    size_t i = len && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    bool negative = len && text[0] == '-';
    int128 value = 0;

    *used = 0;
    for (; i < len; i++) {
        if (text[i] == '_' && *used && i + 1 < len && g_ascii_isdigit(text[i + 1]) && text[i - 1] != '_')
            continue;
        if (!g_ascii_isdigit(text[i]))
            break;
        if (value < (int128)1 << 120)
            value = value * 10 + (text[i] - '0');
        *used = i + 1;
    }
    return negative ? -value : value;
}

gint64
number_leading_integer(const char *text, size_t len)
{
    size_t used;

    number_strip(&text, &len);
    int128 value = number_read_integer(text, len, &used);
    return (gint64)CLAMP(value, G_MININT64, G_MAXINT64);
}

bool
number_exact_integer(const char *text, size_t len, gint64 *out)
{
    size_t used;

    number_strip(&text, &len);
    int128 value = number_read_integer(text, len, &used);
    *out = (gint64)CLAMP(value, G_MININT64, G_MAXINT64);
    return used > 0 && used == len;
}
