/* Typed conversion: see fact_convert.h. Numbers are the hot path of an import, so those of up to 15 digits,
 * which a double holds exactly, are copied as text and never parsed. */
#include "accounts/fact_convert.h"

#include "base/zone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const expectations[] = {
    [FACT_NUMBER] = "a number such as 1250 or 12.5",
    [FACT_INTEGER] = "a whole number",
    [FACT_BOOLEAN] = "true or false",
    [FACT_DATE] = "a date such as 2026-11-21",
    [FACT_TIME] = "a time such as 2026-11-21T09:00:00+01:00",
    [FACT_TEXT] = "a text",
    [FACT_LIST] = "a list: items parted by semicolons, or a JSON array of texts",
    [FACT_NAME] = "a name",
    [FACT_URL] = "an address that begins with https:// or http://",
};

void
fact_append_string(GString *out, const char *text, gsize length)
{
    g_string_append_c(out, '"');
    gsize start = 0;
    for (gsize i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        g_string_append_len(out, text + start, (gssize)(i - start));
        start = i + 1;
        switch (c) {
        case '"':
            g_string_append(out, "\\\"");
            break;
        case '\\':
            g_string_append(out, "\\\\");
            break;
        case '\b':
            g_string_append(out, "\\b");
            break;
        case '\f':
            g_string_append(out, "\\f");
            break;
        case '\n':
            g_string_append(out, "\\n");
            break;
        case '\r':
            g_string_append(out, "\\r");
            break;
        case '\t':
            g_string_append(out, "\\t");
            break;
        default:
            g_string_append_printf(out, "\\u%04X", c);
        }
    }
    g_string_append_len(out, text + start, (gssize)(length - start));
    g_string_append_c(out, '"');
}

/* ---- numbers ---- */

/* A plain decimal, taken apart: sign, digits before and after the point without idle zeros. */
struct decimal {
    gboolean negative;
    const char *whole, *fraction;
    gsize whole_length, fraction_length;
};

static gboolean
read_decimal(const char *text, gsize length, struct decimal *d)
{
    const char *p = text, *end = text + length;
    *d = (struct decimal){.negative = p < end && *p == '-'};
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    d->whole = p;
    while (p < end && g_ascii_isdigit(*p))
        p++;
    d->whole_length = (gsize)(p - d->whole);
    if (p < end && *p == '.') {
        d->fraction = ++p;
        while (p < end && g_ascii_isdigit(*p))
            p++;
        d->fraction_length = (gsize)(p - d->fraction);
        if (d->fraction_length == 0)
            return FALSE;
    }
    if (p != end || d->whole_length == 0 || d->whole_length + d->fraction_length > 300)
        return FALSE;
    while (d->whole_length > 1 && *d->whole == '0')
        d->whole++, d->whole_length--;
    while (d->fraction_length && d->fraction[d->fraction_length - 1] == '0')
        d->fraction_length--;
    return TRUE;
}

static void
append_double(GString *out, double value)
{
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    if (value == 0) {
        g_string_append_c(out, '0'); /* -0 as well */
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        char format[8];
        g_snprintf(format, sizeof format, "%%.%dg", digits);
        g_ascii_formatd(buffer, sizeof buffer, format, value);
        if (g_ascii_strtod(buffer, NULL) == value)
            break;
    }
    /* JSON knows no 1e+20, jansson reads it all the same; keep it a real so that a reader does not overflow.
     */
    g_string_append(out, buffer);
}

static gboolean
append_number(GString *out, const char *text, gsize length)
{
    struct decimal d;
    if (!read_decimal(text, length, &d))
        return FALSE;
    gboolean zero = d.fraction_length == 0 && d.whole_length == 1 && *d.whole == '0';
    if (zero) {
        g_string_append_c(out, '0');
        return TRUE;
    }
    /* "%.15g" turns to an exponent below 0.0001, so those go the long way to the same text. */
    gboolean tiny = *d.whole == '0' && d.fraction_length > 3 && strncmp(d.fraction, "000", 3) == 0;
    if (d.whole_length + d.fraction_length > 15 || tiny) {
        g_autofree char *copy = g_strndup(text, length);
        append_double(out, g_ascii_strtod(copy, NULL));
        return TRUE;
    }
    if (d.negative)
        g_string_append_c(out, '-');
    g_string_append_len(out, d.whole, (gssize)d.whole_length);
    if (d.fraction_length) {
        g_string_append_c(out, '.');
        g_string_append_len(out, d.fraction, (gssize)d.fraction_length);
    }
    return TRUE;
}

static gboolean
append_integer(GString *out, const char *text, gsize length)
{
    struct decimal d;
    if (!read_decimal(text, length, &d) || d.fraction_length || d.whole_length > 18)
        return FALSE;
    if (d.negative && !(d.whole_length == 1 && *d.whole == '0'))
        g_string_append_c(out, '-');
    g_string_append_len(out, d.whole, (gssize)d.whole_length);
    return TRUE;
}

/* ---- the other types ---- */

static gboolean
append_boolean(GString *out, const char *text)
{
    static const char *const yes[] = {"true", "t", "yes", "y", "1", NULL};
    static const char *const no[] = {"false", "f", "no", "n", "0", NULL};
    for (guint i = 0; yes[i]; i++) {
        if (g_ascii_strcasecmp(text, yes[i]) == 0 || g_ascii_strcasecmp(text, no[i]) == 0) {
            g_string_append(out, g_ascii_strcasecmp(text, yes[i]) == 0 ? "true" : "false");
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean
append_date(GString *out, const char *text)
{
    struct civil c;
    if (!civil_parse(text, &c) || c.has_time)
        return FALSE;
    g_string_append_printf(out, "\"%04d-%02d-%02d\"", c.year, c.month, c.day);
    return TRUE;
}

static gboolean
append_time(GString *out, const char *text, GTimeZone *zone)
{
    gint64 us;
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    if (!zone_parse_time(zone, text, &us, NULL))
        return FALSE;
    struct civil c = zone_from_utc_us(utc, us);
    g_string_append_printf(out, "\"%04d-%02d-%02dT%02d:%02d:%02dZ\"", c.year, c.month, c.day, c.hour,
                           c.minute, c.second);
    return TRUE;
}

static gboolean
append_url(GString *out, const char *text, gsize length)
{
    if (length > 2048 ||
        (length && g_ascii_strncasecmp(text, "https://", 8) && g_ascii_strncasecmp(text, "http://", 7)))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f || strchr("<>\"\\^`{|}", text[i]))
            return FALSE;
    fact_append_string(out, text, length);
    return TRUE;
}

static gboolean
append_list_json(GString *out, const json_t *list)
{
    gsize before = out->len;
    g_string_append_c(out, '[');
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        g_string_append(out, i ? "," : "");
        if (json_is_string(item)) {
            fact_append_string(out, json_string_value(item), json_string_length(item));
        } else if (json_is_number(item)) {
            g_string_append_c(out, '"');
            append_double(out, json_number_value(item));
            g_string_append_c(out, '"');
        } else {
            g_string_truncate(out, before);
            return FALSE;
        }
    }
    g_string_append_c(out, ']');
    return TRUE;
}

/* Appends the items of text, parted by separator, blanks around them removed, empty ones left out. */
static void
append_items(GString *out, const char *text, gsize length, char separator)
{
    const char *p = text, *end = text + length;
    gboolean first = TRUE;
    g_string_append_c(out, '[');
    while (p < end) {
        const char *stop = memchr(p, separator, (gsize)(end - p));
        const char *next = stop ? stop + 1 : end;
        if (!stop)
            stop = end;
        while (p < stop && g_ascii_isspace(*p))
            p++;
        while (stop > p && g_ascii_isspace(stop[-1]))
            stop--;
        /* PostgreSQL quotes array items that hold blanks or commas; commas inside quotes are not supported
         * here. */
        if (separator == ',' && stop - p >= 2 && *p == '"' && stop[-1] == '"')
            p++, stop--;
        if (stop > p) {
            g_string_append(out, first ? "" : ",");
            fact_append_string(out, p, (gsize)(stop - p));
            first = FALSE;
        }
        p = next;
    }
    g_string_append_c(out, ']');
}

static gboolean
append_list(GString *out, const char *text, gsize length)
{
    if (length && text[0] == '[') {
        json_t *list = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
        gboolean ok = json_is_array(list) && append_list_json(out, list);
        json_decref(list);
        return ok;
    }
    if (length >= 2 && text[0] == '{' && text[length - 1] == '}') {
        if (strchr(text, '\\') || strchr(text + 1, '{'))
            return FALSE;
        append_items(out, text + 1, length - 2, ',');
    } else {
        append_items(out, text, length, ';');
    }
    return TRUE;
}

gboolean
fact_append_text(GString *out, enum fact_type type, const char *text, gsize length, GTimeZone *zone,
                 const char **expected)
{
    gboolean ok = FALSE;
    *expected = expectations[type];
    switch (type) {
    case FACT_NUMBER:
        ok = append_number(out, text, length);
        break;
    case FACT_INTEGER:
        ok = append_integer(out, text, length);
        break;
    case FACT_BOOLEAN:
        ok = append_boolean(out, text);
        break;
    case FACT_DATE:
        ok = append_date(out, text);
        break;
    case FACT_TIME:
        ok = append_time(out, text, zone);
        break;
    case FACT_TEXT:
    case FACT_NAME:
        fact_append_string(out, text, length);
        ok = TRUE;
        break;
    case FACT_LIST:
        ok = append_list(out, text, length);
        break;
    case FACT_URL:
        ok = append_url(out, text, length);
        break;
    }
    return ok;
}

gboolean
fact_append_json(GString *out, enum fact_type type, const json_t *value, GTimeZone *zone,
                 const char **expected)
{
    *expected = expectations[type];
    if (json_is_string(value))
        return fact_append_text(out, type, json_string_value(value), json_string_length(value), zone,
                                expected);
    if (type == FACT_LIST)
        return json_is_array(value) && append_list_json(out, value);
    if (type == FACT_BOOLEAN && json_is_boolean(value)) {
        g_string_append(out, json_is_true(value) ? "true" : "false");
        return TRUE;
    }
    if (type == FACT_BOOLEAN && json_is_integer(value) &&
        (json_integer_value(value) == 0 || json_integer_value(value) == 1)) {
        g_string_append(out, json_integer_value(value) ? "true" : "false");
        return TRUE;
    }
    if (type == FACT_NUMBER && json_is_number(value)) {
        append_double(out, json_number_value(value));
        return TRUE;
    }
    if (type == FACT_INTEGER && json_is_number(value)) {
        double number = json_number_value(value);
        if (fabs(number) >= 1e15 || number != floor(number))
            return FALSE;
        g_string_append_printf(out, "%" G_GINT64_FORMAT, (gint64)number);
        return TRUE;
    }
    return FALSE;
}
