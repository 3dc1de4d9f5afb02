/* Purpose: bytes of any charset, declared rightly, wrongly or not at all → valid UTF-8 without control
 * characters.
 *
 * The converters are opened once and kept: the confined reader may open no file, and the C library loads a
 * table from a file at the first use of a charset. */
#include <errno.h>
#include <string.h>

#include "wire/mime_read_internal.h"

static const char replacement[] = "\xef\xbf\xbd";

/* Names that mail programs use, and what is really meant: the wider set that contains the named one, as every
 * mail program reads it. The first column may stand several times in mails of the same person, so all are
 * kept open. */
/* clang-format off */
static const struct { const char *name, *iconv_name; } charset_names[] = {
    {"iso-8859-1", "CP1252"}, {"latin1", "CP1252"}, {"windows-1252", "CP1252"}, {"cp1252", "CP1252"},
    {"ansi_x3.110-1983", "CP1252"}, {"iso-8859-2", "ISO-8859-2"}, {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"}, {"iso-8859-5", "ISO-8859-5"}, {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"}, {"iso-8859-8", "CP1255"}, {"iso-8859-8-i", "CP1255"},
    {"iso-8859-9", "CP1254"}, {"iso-8859-10", "ISO-8859-10"}, {"iso-8859-11", "CP874"},
    {"iso-8859-13", "ISO-8859-13"}, {"iso-8859-14", "ISO-8859-14"}, {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"}, {"windows-874", "CP874"}, {"tis-620", "CP874"},
    {"windows-1250", "CP1250"}, {"windows-1251", "CP1251"}, {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"}, {"windows-1255", "CP1255"}, {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"}, {"windows-1258", "CP1258"}, {"koi8-r", "KOI8-R"}, {"koi8-u", "KOI8-U"},
    {"ibm437", "CP437"}, {"ibm850", "CP850"}, {"cp852", "CP852"}, {"cp866", "CP866"},
    {"macintosh", "MACINTOSH"}, {"gb2312", "GB18030"}, {"gbk", "GB18030"}, {"gb18030", "GB18030"},
    {"hz-gb-2312", "HZ"}, {"big5", "BIG5-HKSCS"}, {"big5-hkscs", "BIG5-HKSCS"},
    {"iso-2022-jp", "ISO-2022-JP-2"}, {"iso-2022-jp-2", "ISO-2022-JP-2"}, {"shift_jis", "CP932"},
    {"shift-jis", "CP932"}, {"sjis", "CP932"}, {"windows-31j", "CP932"}, {"euc-jp", "EUC-JP-MS"},
    {"euc-kr", "CP949"}, {"ks_c_5601-1987", "CP949"}, {"iso-2022-kr", "ISO-2022-KR"},
    {"iso-2022-cn", "ISO-2022-CN"}, {"euc-tw", "EUC-TW"}, {"utf-7", "UTF-7"}, {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"}, {"utf-16be", "UTF-16BE"}, {"utf-32", "UTF-32"},
};
/* clang-format on */

static GIConv converters[G_N_ELEMENTS(charset_names)];
/* The same by the names that GMime opens for encoded words: kept open too, or their tables would have to be
 * loaded later. */
static GIConv header_converters[G_N_ELEMENTS(charset_names)];
static gboolean charsets_open;
static GMimeParserOptions *parser_options;

void
mime_read_open_charsets(void)
{
    if (charsets_open)
        return;
    g_mime_init();
    for (gsize i = 0; i < G_N_ELEMENTS(charset_names); i++) {
        converters[i] = g_iconv_open("UTF-8", charset_names[i].iconv_name);
        header_converters[i] = g_iconv_open("UTF-8", g_mime_charset_iconv_name(charset_names[i].name));
    }
    parser_options = g_mime_parser_options_new();
    const char *fallback[] = {"utf-8", "windows-1252", NULL};
    g_mime_parser_options_set_fallback_charsets(parser_options, fallback);
    charsets_open = TRUE;
}

static GIConv
find_converter(const char *charset)
{
    for (gsize i = 0; i < G_N_ELEMENTS(charset_names); i++)
        if (g_ascii_strcasecmp(charset, charset_names[i].name) == 0)
            return converters[i];
    return (GIConv)-1;
}

/* Appends all of bytes through converter; a byte that cannot be converted becomes U+FFFD. Returns how many
 * there were. */
static gsize
convert_through(GIConv converter, const guint8 *bytes, gsize len, gsize max, GString *out)
{
    char chunk[4096];
    gsize bad = 0;
    char *in = (char *)(guintptr)bytes;
    gsize in_left = len;
    g_iconv(converter, NULL, NULL, NULL, NULL);
    while (in_left > 0 && out->len < max) {
        char *to = chunk;
        gsize to_left = sizeof chunk;
        gsize r = g_iconv(converter, &in, &in_left, &to, &to_left);
        int failure = r == (gsize)-1 ? errno : 0;
        g_string_append_len(out, chunk, to - chunk);
        if (failure == 0)
            break;
        if (failure == E2BIG)
            continue;
        bad++;
        g_string_append(out, replacement);
        if (in_left > 0) {
            in++;
            in_left--;
        }
        if (failure == EINVAL)
            break;
    }
    return bad;
}

/* Copies len bytes of valid UTF-8 to a new string of at most max bytes, cut at a character. Control
 * characters go but for line ends and tabs; a CR before a LF goes, any other becomes a LF where lines tells
 * so. */
static char *
copy_clean(const char *text, gsize len, gsize max, gboolean lines)
{
    char *out = g_malloc(MIN(len, max) + 1);
    gsize n = 0;
    for (gsize i = 0; i < len;) {
        gsize clean = i; /* most of a text is printable ASCII in one run */
        while (clean < len && text[clean] >= ' ' && text[clean] != 0x7f)
            clean++;
        if (clean > i) {
            gsize copied = MIN(clean - i, max - n);
            memcpy(out + n, text + i, copied);
            n += copied;
            i += copied;
            if (i < clean)
                break;
            continue;
        }
        guchar c = (guchar)text[i];
        if (c >= 0x80) {
            gsize width = (gsize)(g_utf8_next_char(text + i) - (text + i));
            if (n + width > max)
                break;
            memcpy(out + n, text + i, width);
            n += width;
            i += width;
            continue;
        }
        i++;
        if (lines && c == '\r') {
            if (i < len && text[i] == '\n')
                continue;
            c = '\n';
        }
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            continue;
        if (n == max)
            break;
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return out;
}

char *
mime_text_bounded(const char *text, gsize max)
{
    gsize len = strlen(text);
    if (g_utf8_validate_len(text, len, NULL))
        return copy_clean(text, len, max, FALSE);
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
    return copy_clean(valid, strlen(valid), max, FALSE);
}

char *
mime_text_decode(const guint8 *bytes, gsize len, const char *charset, gsize max)
{
    mime_read_open_charsets();
    gsize slack = MIN(len, max + 4);
    if (len > 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        charset = "utf-8";
    gboolean declared = charset && g_ascii_strcasecmp(charset, "utf-8") != 0 &&
                        g_ascii_strcasecmp(charset, "us-ascii") != 0 &&
                        g_ascii_strcasecmp(charset, "utf8") != 0;
    g_autoptr(GString) out = g_string_new(NULL);
    GIConv converter = declared ? find_converter(charset) : (GIConv)-1;
    if (converter != (GIConv)-1) {
        convert_through(converter, bytes, len, max + 4, out);
    } else {
        /* Undeclared, UTF-8, ASCII or a name nobody knows: UTF-8 when it is, up to a character cut at the
         * end. */
        const char *end;
        gboolean utf8 = g_utf8_validate((const char *)bytes, (gssize)slack, &end) ||
                        (slack < len && (gsize)(end - (const char *)bytes) + 4 > slack);
        gboolean says_utf8 = charset && (g_ascii_strcasecmp(charset, "utf-8") == 0 ||
                                         g_ascii_strcasecmp(charset, "utf8") == 0);
        GIConv western = find_converter("windows-1252");
        if (utf8 || says_utf8 || western == (GIConv)-1)
            g_string_append_len(out, (const char *)bytes, (gssize)slack);
        else
            convert_through(western, bytes, len, max + 4, out);
    }
    /* NULs would end the string early, and other control characters only hide things. */
    for (char *p = out->str; (p = memchr(p, '\0', (gsize)(out->str + out->len - p))) != NULL;)
        *p = ' ';
    g_autofree char *repaired =
        g_utf8_validate_len(out->str, out->len, NULL) ? NULL : g_utf8_make_valid(out->str, (gssize)out->len);
    const char *start = repaired ? repaired : out->str;
    if (g_str_has_prefix(start, "\xef\xbb\xbf"))
        start += 3;
    return copy_clean(start, strlen(start), max, TRUE);
}

GMimeParserOptions *
mime_read_options(void)
{
    return parser_options;
}
