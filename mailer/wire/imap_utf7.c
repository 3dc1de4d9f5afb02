/* Modified UTF-7: printable ASCII stands for itself, '&' is "&-", everything else is UTF-16 in base64 without
 * padding, with ',' for '/', between '&' and '-'. */
#include "wire/imap_utf7.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* Puts the finished six-bit groups of a bit buffer out and keeps the rest. */
static void
put_digits(GString *out, guint32 *bits, guint *count)
{
    while (*count >= 6) {
        *count -= 6;
        g_string_append_c(out, digits[(*bits >> *count) & 63]);
    }
    *bits &= (1u << *count) - 1;
}

static const char *
encode_run(GString *out, const char *at)
{
    guint32 bits = 0;
    guint count = 0;
    g_string_append_c(out, '&');
    while (*at && ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)) {
        gunichar c = g_utf8_get_char(at);
        at = g_utf8_next_char(at);
        if (c > 0xffff) {
            bits = bits << 16 | (0xd800 + ((c - 0x10000) >> 10));
            count += 16;
            put_digits(out, &bits, &count);
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        bits = bits << 16 | c;
        count += 16;
        put_digits(out, &bits, &count);
    }
    if (count > 0)
        g_string_append_c(out, digits[(bits << (6 - count)) & 63]);
    g_string_append_c(out, '-');
    return at;
}

char *
imap_utf7_encode(const char *name)
{
    if (!g_utf8_validate(name, -1, NULL))
        return NULL;
    GString *out = g_string_new(NULL);
    for (const char *at = name; *at;) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c > 0x7e) {
            at = encode_run(out, at);
            continue;
        }
        g_string_append_c(out, *at++);
        if (c == '&')
            g_string_append_c(out, '-');
    }
    return g_string_free(out, FALSE);
}

/* Reads the UTF-16 unit after unit; FALSE on a surrogate that stands alone. */
static gboolean
take_unit(GString *out, guint32 unit, guint32 *high)
{
    if (*high) {
        if (unit < 0xdc00 || unit > 0xdfff)
            return FALSE;
        g_string_append_unichar(out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
        *high = 0;
        return TRUE;
    }
    if (unit >= 0xdc00 && unit <= 0xdfff)
        return FALSE;
    if (unit >= 0xd800 && unit <= 0xdbff)
        *high = unit;
    else if (unit == 0)
        return FALSE;
    else
        g_string_append_unichar(out, unit);
    return TRUE;
}

/* at stands behind the '&'; gives the place behind the '-', or NULL. */
static const char *
decode_run(GString *out, const char *at)
{
    guint32 bits = 0;
    guint32 high = 0;
    guint count = 0;
    for (; *at != '-'; at++) {
        const char *digit = *at ? strchr(digits, *at) : NULL;
        if (!digit)
            return NULL;
        bits = bits << 6 | (guint32)(digit - digits);
        count += 6;
        if (count >= 16) {
            count -= 16;
            if (!take_unit(out, (bits >> count) & 0xffff, &high))
                return NULL;
            bits &= (1u << count) - 1;
        }
    }
    return high ? NULL : at + 1;
}

char *
imap_utf7_decode(const char *wire)
{
    GString *out = g_string_new(NULL);
    const char *at = wire;
    while (at && *at) {
        if (*at != '&')
            g_string_append_c(out, *at++);
        else if (at[1] == '-') {
            g_string_append_c(out, '&');
            at += 2;
        } else
            at = decode_run(out, at + 1);
    }
    g_autofree char *name = g_string_free(out, FALSE);
    /* Every laxness above (spare bits, needless shifts, raw eight-bit bytes) ends here. */
    g_autofree char *again = at ? imap_utf7_encode(name) : NULL;
    return again && strcmp(again, wire) == 0 ? g_steal_pointer(&name) : NULL;
}
