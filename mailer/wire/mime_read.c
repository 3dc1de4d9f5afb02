/* Purpose: one hostile mail → struct mime_mail, in bounded time and memory.
 *
 * The bytes pass three gates. The first (clean_mail) copies them with LF line ends, without NULs, without an
 * mbox separator, with a bounded outer header and bounded address fields, because GMime recurses once per
 * address group and once per level of nesting. The second is GMime itself. The third (walk) flattens its
 * tree, counting parts and depth, and turns contents into UTF-8.
 *
 * Invariants: every string that leaves this file is valid UTF-8 without NUL; every count and length stays
 * under the limits of the header; the time is linear in the bytes but for a factor of MAX_BOUNDARIES. */
#include "wire/mime_read.h"

#include <errno.h>
#include <gmime/gmime.h>
#include <string.h>

#define MAX_DIVISIONS 10000u
#define MAX_BOUNDARIES 200u /* GMime compares each line with the boundary of every open multipart */

static const char replacement[] = "\xef\xbf\xbd";

/* ---- charsets ---- */

/* Names that mail programs use, and what is really meant: the wider set that contains the named one, as every
 * mail program reads it. The first column may stand several times in mails of the same person, so all are
 * kept open. */
static const struct {
    const char *name;
    const char *iconv_name;
} charset_names[] = {
    {"iso-8859-1", "CP1252"},
    {"latin1", "CP1252"},
    {"windows-1252", "CP1252"},
    {"cp1252", "CP1252"},
    {"ansi_x3.110-1983", "CP1252"},
    {"iso-8859-2", "ISO-8859-2"},
    {"iso-8859-3", "ISO-8859-3"},
    {"iso-8859-4", "ISO-8859-4"},
    {"iso-8859-5", "ISO-8859-5"},
    {"iso-8859-6", "ISO-8859-6"},
    {"iso-8859-7", "ISO-8859-7"},
    {"iso-8859-8", "CP1255"},
    {"iso-8859-8-i", "CP1255"},
    {"iso-8859-9", "CP1254"},
    {"iso-8859-10", "ISO-8859-10"},
    {"iso-8859-11", "CP874"},
    {"iso-8859-13", "ISO-8859-13"},
    {"iso-8859-14", "ISO-8859-14"},
    {"iso-8859-15", "ISO-8859-15"},
    {"iso-8859-16", "ISO-8859-16"},
    {"windows-874", "CP874"},
    {"tis-620", "CP874"},
    {"windows-1250", "CP1250"},
    {"windows-1251", "CP1251"},
    {"windows-1253", "CP1253"},
    {"windows-1254", "CP1254"},
    {"windows-1255", "CP1255"},
    {"windows-1256", "CP1256"},
    {"windows-1257", "CP1257"},
    {"windows-1258", "CP1258"},
    {"koi8-r", "KOI8-R"},
    {"koi8-u", "KOI8-U"},
    {"ibm437", "CP437"},
    {"ibm850", "CP850"},
    {"cp852", "CP852"},
    {"cp866", "CP866"},
    {"macintosh", "MACINTOSH"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"gb18030", "GB18030"},
    {"hz-gb-2312", "HZ"},
    {"big5", "BIG5-HKSCS"},
    {"big5-hkscs", "BIG5-HKSCS"},
    {"iso-2022-jp", "ISO-2022-JP-2"},
    {"iso-2022-jp-2", "ISO-2022-JP-2"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"euc-jp", "EUC-JP-MS"},
    {"euc-kr", "CP949"},
    {"ks_c_5601-1987", "CP949"},
    {"iso-2022-kr", "ISO-2022-KR"},
    {"iso-2022-cn", "ISO-2022-CN"},
    {"euc-tw", "EUC-TW"},
    {"utf-7", "UTF-7"},
    {"utf-16", "UTF-16"},
    {"utf-16le", "UTF-16LE"},
    {"utf-16be", "UTF-16BE"},
    {"utf-32", "UTF-32"},
};

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

char *
mime_text_bounded(const char *text, gsize max)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_sized_new(MIN(strlen(valid), max) + 1);
    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gsize width = (gsize)(g_utf8_next_char(p) - p);
        if (out->len + width > max)
            break;
        guchar c = (guchar)*p;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            continue;
        g_string_append_len(out, p, (gssize)width);
    }
    return g_string_free(out, FALSE);
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
    for (gsize i = 0; i < out->len; i++)
        if (out->str[i] == '\0')
            out->str[i] = ' ';
    g_autofree char *valid = g_utf8_make_valid(out->str, (gssize)out->len);
    const char *start = g_str_has_prefix(valid, "\xef\xbb\xbf") ? valid + 3 : valid;
    g_autoptr(GString) lines = g_string_sized_new(strlen(start) + 1);
    for (const char *p = start; *p; p++) {
        if (*p == '\r') {
            if (p[1] != '\n')
                g_string_append_c(lines, '\n');
            continue;
        }
        g_string_append_c(lines, *p);
    }
    return mime_text_bounded(lines->str, max);
}

/* ---- the first gate ---- */

static gboolean
line_is_field(const guint8 *line, gsize len)
{
    gsize i = 0;
    while (i < len && line[i] > 32 && line[i] < 127 && line[i] != ':')
        i++;
    gsize name = i;
    while (i < len && (line[i] == ' ' || line[i] == '\t'))
        i++;
    return name > 0 && i < len && line[i] == ':';
}

static gboolean
line_has_name(const guint8 *line, gsize len, const char *name)
{
    gsize n = strlen(name);
    if (len <= n || g_ascii_strncasecmp((const char *)line, name, n) != 0)
        return FALSE;
    while (n < len && (line[n] == ' ' || line[n] == '\t'))
        n++;
    return n < len && line[n] == ':';
}

static gboolean
line_has_any_name(const guint8 *line, gsize len, const char *const *names)
{
    for (; *names; names++)
        if (line_has_name(line, len, *names))
            return TRUE;
    return FALSE;
}

/* Where the line that starts at bytes ends, and where the next one starts. */
static void
find_line(const guint8 *bytes, gsize len, gboolean cr_ends, gsize *line_len, gsize *next)
{
    const guint8 *lf = memchr(bytes, '\n', len);
    gsize n = lf ? (gsize)(lf - bytes) : len;
    gsize after = lf ? n + 1 : len;
    if (cr_ends) {
        const guint8 *cr = memchr(bytes, '\r', n);
        if (cr) {
            n = (gsize)(cr - bytes);
            after = n + 1;
            if (after < len && bytes[after] == '\n')
                after++;
        }
    }
    while (n > 0 && bytes[n - 1] == '\r')
        n--;
    *line_len = n;
    *next = after;
}

/* Mails of old Macs end their lines with a bare CR. */
static gboolean
uses_bare_cr(const guint8 *bytes, gsize len)
{
    gsize bare = 0, lf = 0;
    for (gsize i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            lf++;
        else if (bytes[i] == '\r' && (i + 1 >= len || (bytes[i + 1] != '\n' && bytes[i + 1] != '\r')))
            bare++;
    }
    return bare > lf;
}

/* FALSE when the text does not begin with a header: its first block of lines holds no field that a mail would
 * have. */
static gboolean
begins_with_header(const guint8 *bytes, gsize len, gboolean cr_ends)
{
    static const char *const known[] = {"from",           "to",
                                        "subject",        "date",
                                        "received",       "message-id",
                                        "return-path",    "cc",
                                        "mime-version",   "content-type",
                                        "delivered-to",   "x-original-to",
                                        "envelope-to",    "reply-to",
                                        "sender",         "in-reply-to",
                                        "references",     "bcc",
                                        "auto-submitted", "x-mailer",
                                        "dkim-signature", "content-transfer-encoding",
                                        "precedence",     NULL};
    gsize at = 0;
    for (guint lines = 0; at < len && lines < 1000; lines++) {
        gsize n, next;
        find_line(bytes + at, len - at, cr_ends, &n, &next);
        if (n == 0)
            return FALSE;
        const guint8 *line = bytes + at;
        if (line_has_any_name(line, n, known))
            return TRUE;
        if (line[0] != ' ' && line[0] != '\t' && !line_is_field(line, n))
            return FALSE;
        at += next;
    }
    return FALSE;
}

/* Lines that may divide parts; GMime makes an object of each before anybody can count them. */
static guint
count_divisions(const guint8 *bytes, gsize len)
{
    guint count = 0;
    for (const guint8 *p = bytes; (p = memchr(p, '-', (gsize)(bytes + len - p))) != NULL; p++)
        if (p + 1 < bytes + len && p[1] == '-' && (p == bytes || p[-1] == '\n' || p[-1] == '\r'))
            count++;
    return count;
}

static guint
count_boundaries(const guint8 *bytes, gsize len)
{
    guint count = 0;
    for (const guint8 *p = bytes; p < bytes + len; p++) {
        p = memchr(p, '=', (gsize)(bytes + len - p));
        if (!p)
            break;
        const guint8 *q = p;
        while (q > bytes && (q[-1] == ' ' || q[-1] == '\t' || q[-1] == '*' || g_ascii_isdigit(q[-1])))
            q--;
        if (q - bytes >= 8 && g_ascii_strncasecmp((const char *)q - 8, "boundary", 8) == 0)
            count++;
    }
    return count;
}

static GString *
clean_mail(const guint8 *bytes, gsize len, struct mime_mail *mail)
{
    static const char *const address_fields[] = {
        "to",          "cc",        "bcc",        "from",          "sender",          "reply-to", "resent-to",
        "resent-from", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to", NULL};
    if (len > MIME_READ_MAX_BYTES) {
        len = MIME_READ_MAX_BYTES;
        mail->limited = TRUE;
    }
    gboolean cr_ends = uses_bare_cr(bytes, len);
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    for (;;) { /* blank lines and mbox separators before the header */
        gsize n, next;
        if (len == 0)
            break;
        find_line(bytes, len, cr_ends, &n, &next);
        gboolean blank = n == 0 || (n < 80 && strspn((const char *)bytes, " \t") >= n);
        gboolean separator =
            (n > 5 && memcmp(bytes, "From ", 5) == 0) || (n > 6 && memcmp(bytes, ">From ", 6) == 0);
        if (!blank && !separator)
            break;
        bytes += next;
        len -= next;
    }
    mail->headerless = !begins_with_header(bytes, len, cr_ends);
    gboolean flat =
        count_boundaries(bytes, len) > MAX_BOUNDARIES || count_divisions(bytes, len) > MAX_DIVISIONS;
    if (flat)
        mail->limited = TRUE;

    GString *out = g_string_sized_new(len + 16);
    gboolean in_header = !mail->headerless;
    if (mail->headerless)
        g_string_append(out, "Subject:\n\n");
    guint fields = 0;
    gsize value_bytes = 0;
    gboolean bounded = FALSE, dropped = FALSE;
    for (gsize at = 0; at < len;) {
        gsize n, next;
        find_line(bytes + at, len - at, cr_ends, &n, &next);
        const guint8 *line = bytes + at;
        at += next;
        if (in_header && n == 0) {
            in_header = FALSE;
            bounded = dropped = FALSE;
        } else if (n > 0 && line[0] != ' ' && line[0] != '\t') {
            bounded = in_header || line_has_any_name(line, n, address_fields);
            dropped =
                in_header && flat && n > 8 && g_ascii_strncasecmp((const char *)line, "content-", 8) == 0;
            value_bytes = 0;
            if (in_header)
                fields++;
        } else if (n == 0) {
            bounded = FALSE;
        }
        if (in_header && (fields > MIME_READ_MAX_FIELDS || out->len > MIME_READ_MAX_HEADER)) {
            mail->limited = TRUE;
            continue;
        }
        if (dropped)
            continue;
        gsize keep = n;
        if (bounded) {
            keep = MIN(n, MIME_READ_MAX_VALUE - value_bytes);
            value_bytes += keep;
            if (keep < n)
                mail->limited = TRUE;
            if (keep == 0 && n > 0)
                continue;
        }
        gsize start = out->len;
        g_string_append_len(out, (const char *)line, (gssize)keep);
        for (gsize i = start; i < out->len; i++)
            if (out->str[i] == '\0' || (in_header && out->str[i] == '\r'))
                out->str[i] = ' ';
        g_string_append_c(out, '\n');
    }
    return out;
}

/* ---- fields ---- */

static void
clear_fields(struct mime_fields *fields)
{
    for (guint i = 0; i < fields->count; i++) {
        g_free(fields->items[i].name);
        g_free(fields->items[i].raw);
        g_free(fields->items[i].value);
    }
    g_free(fields->items);
    fields->items = NULL;
    fields->count = 0;
}

static void
free_fields(gpointer data)
{
    struct mime_fields *fields = data;
    clear_fields(fields);
    g_free(fields);
}

static char *
unfold(const char *raw)
{
    GString *out = g_string_new(NULL);
    for (const char *p = raw; *p && out->len < MIME_READ_MAX_VALUE; p++) {
        if (*p == '\n' || *p == '\r') {
            if (out->len > 0 && p[1] != ' ' && p[1] != '\t' && p[1] != '\n')
                g_string_append_c(out, ' ');
            continue;
        }
        g_string_append_c(out, *p == '\t' ? ' ' : *p);
    }
    g_strstrip(out->str);
    return g_string_free(out, FALSE);
}

static char *
decode_value(const char *raw)
{
    gboolean plain = TRUE;
    for (const char *p = raw; *p && plain; p++)
        plain = (guchar)*p < 0x80 && !(p[0] == '=' && p[1] == '?') && *p != 0x1b;
    if (plain)
        return mime_text_bounded(raw, MIME_READ_MAX_VALUE);
    g_autofree char *decoded = g_mime_utils_header_decode_text(parser_options, raw);
    char *value = mime_text_bounded(decoded ? decoded : raw, MIME_READ_MAX_VALUE);
    return g_strstrip(g_strdelimit(value, "\n\t", ' '));
}

static struct mime_field
make_field(const char *name, const char *raw)
{
    struct mime_field field;
    g_autofree char *lower = g_ascii_strdown(name, (gssize)MIN(strlen(name), 200));
    g_autofree char *unfolded = unfold(raw);
    field.name = g_utf8_make_valid(g_strstrip(lower), -1);
    field.value = decode_value(unfolded);
    field.raw = g_steal_pointer(&unfolded);
    return field;
}

static struct mime_fields
read_header(GMimeObject *object)
{
    struct mime_fields fields = {0};
    GMimeHeaderList *list = object ? g_mime_object_get_header_list(object) : NULL;
    int count = list ? g_mime_header_list_get_count(list) : 0;
    if (count <= 0)
        return fields;
    guint keep = MIN((guint)count, MIME_READ_MAX_FIELDS);
    fields.items = g_new0(struct mime_field, keep);
    for (guint i = 0; i < keep; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, (int)i);
        const char *name = header ? g_mime_header_get_name(header) : NULL;
        const char *raw = header ? g_mime_header_get_raw_value(header) : NULL;
        if (name && raw)
            fields.items[fields.count++] = make_field(name, raw);
    }
    return fields;
}

const struct mime_field *
mime_fields_find(const struct mime_fields *fields, const char *name)
{
    for (guint i = 0; i < fields->count; i++)
        if (strcmp(fields->items[i].name, name) == 0)
            return &fields->items[i];
    return NULL;
}

const char *
mime_fields_value(const struct mime_fields *fields, const char *name)
{
    const struct mime_field *field = mime_fields_find(fields, name);
    return field ? field->value : NULL;
}

GPtrArray *
mime_fields_parse(const char *text)
{
    mime_read_open_charsets();
    GPtrArray *groups = g_ptr_array_new_with_free_func(free_fields);
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(struct mime_field));
    g_autoptr(GString) raw = g_string_new(NULL);
    g_autofree char *name = NULL;
    guint total = 0;
    for (const char *p = text; total < MIME_READ_MAX_FIELDS;) {
        gsize n = strcspn(p, "\n");
        gboolean blank = strspn(p, " \t\r") >= n;
        gboolean folded = n > 0 && (*p == ' ' || *p == '\t') && !blank;
        gboolean end = p[n] == '\0';
        if (folded && name) {
            if (raw->len < MIME_READ_MAX_VALUE) {
                g_string_append_c(raw, '\n');
                g_string_append_len(raw, p, (gssize)MIN(n, MIME_READ_MAX_VALUE));
            }
        } else if (name) {
            struct mime_field field = make_field(name, raw->str);
            g_array_append_val(items, field);
            g_clear_pointer(&name, g_free);
            total++;
        }
        if (!folded && !blank && line_is_field((const guint8 *)p, n)) {
            gsize colon = strcspn(p, ":");
            name = g_strndup(p, colon);
            g_string_truncate(raw, 0);
            g_string_append_len(raw, p + colon + 1, (gssize)MIN(n - colon - 1, MIME_READ_MAX_VALUE));
        }
        if (end && name) { /* the text ended inside a field */
            struct mime_field field = make_field(name, raw->str);
            g_array_append_val(items, field);
            g_clear_pointer(&name, g_free);
        }
        if ((blank || end) && items->len > 0) {
            struct mime_fields *group = g_new0(struct mime_fields, 1);
            group->count = items->len;
            group->items = g_memdup2(items->data, items->len * sizeof(struct mime_field));
            g_array_set_size(items, 0);
            g_ptr_array_add(groups, group);
        }
        if (end)
            break;
        p += n + 1;
    }
    for (guint i = 0; i < items->len; i++) { /* stopped by the limit */
        struct mime_field *field = &g_array_index(items, struct mime_field, i);
        g_free(field->name);
        g_free(field->raw);
        g_free(field->value);
    }
    return groups;
}

/* ---- addresses, identifiers, dates ---- */

static void
free_address(gpointer data)
{
    struct mime_address *address = data;
    g_free(address->name);
    g_free(address->email);
    g_free(address);
}

static void
collect_addresses(InternetAddressList *list, guint depth, GPtrArray *out)
{
    int count = list ? internet_address_list_length(list) : 0;
    for (int i = 0; i < count && out->len < MIME_READ_MAX_ADDRESSES && depth < 4; i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        if (INTERNET_ADDRESS_IS_GROUP(address)) {
            collect_addresses(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), depth + 1,
                              out);
            continue;
        }
        const char *email = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
        const char *name = internet_address_get_name(address);
        if (!email || !*email)
            continue;
        struct mime_address *found = g_new0(struct mime_address, 1);
        found->email = g_strstrip(mime_text_bounded(email, 320));
        found->name = name && *name ? g_strstrip(mime_text_bounded(name, 320)) : NULL;
        g_ptr_array_add(out, found);
    }
}

GPtrArray *
mime_fields_addresses(const struct mime_fields *fields, const char *name)
{
    mime_read_open_charsets();
    GPtrArray *out = g_ptr_array_new_with_free_func(free_address);
    for (guint i = 0; i < fields->count; i++) {
        if (strcmp(fields->items[i].name, name) != 0)
            continue;
        InternetAddressList *list = internet_address_list_parse(parser_options, fields->items[i].raw);
        collect_addresses(list, 0, out);
        if (list)
            g_object_unref(list);
    }
    return out;
}

char **
mime_fields_ids(const struct mime_fields *fields, const char *name, guint max)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    const struct mime_field *field = mime_fields_find(fields, name);
    for (const char *p = field ? strchr(field->raw, '<') : NULL; p; p = strchr(p, '<')) {
        p++;
        gsize n = strcspn(p, "<>");
        if (p[n] != '>')
            continue;
        g_autofree char *id = g_utf8_make_valid(p, (gssize)n);
        GString *bare = g_string_new(NULL);
        for (const char *q = id; *q; q++)
            if ((guchar)*q > 32 && *q != 127)
                g_string_append_c(bare, *q);
        if (bare->len > 0 && bare->len <= 512)
            g_ptr_array_add(ids, g_string_free(bare, FALSE));
        else
            g_string_free(bare, TRUE);
    }
    if (ids->len > max)
        g_ptr_array_remove_range(ids, 0, ids->len - max);
    g_ptr_array_add(ids, NULL);
    g_ptr_array_set_free_func(ids, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&ids), FALSE);
}

gboolean
mime_fields_date(const struct mime_fields *fields, const char *name, gint64 *at_us, int *offset_s)
{
    mime_read_open_charsets();
    const struct mime_field *field = mime_fields_find(fields, name);
    g_autoptr(GDateTime) when = field ? g_mime_utils_header_decode_date(field->raw) : NULL;
    if (!when)
        return FALSE;
    *at_us = g_date_time_to_unix(when) * G_USEC_PER_SEC;
    *offset_s = (int)(g_date_time_get_utc_offset(when) / G_USEC_PER_SEC);
    return TRUE;
}

/* ---- the walk ---- */

struct walk {
    struct mime_mail *mail;
    GArray *parts;
    gsize text_bytes;
};

static gboolean
wants_text(const char *type)
{
    static const char *const reports[] = {"message/delivery-status",
                                          "message/global-delivery-status",
                                          "message/disposition-notification",
                                          "message/global-disposition-notification",
                                          "message/feedback-report",
                                          "message/rfc822-headers",
                                          "message/global-headers",
                                          "application/ics",
                                          "application/json"};
    if (g_str_has_prefix(type, "text/"))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(reports); i++)
        if (strcmp(type, reports[i]) == 0)
            return TRUE;
    return FALSE;
}

static char *
lower_bounded(const char *text, gsize max)
{
    g_autofree char *bounded = text ? mime_text_bounded(text, max) : NULL;
    return bounded ? g_ascii_strdown(g_strstrip(bounded), -1) : NULL;
}

/* A charset that the HTML itself declares, when the header did not. */
static char *
find_html_charset(const guint8 *bytes, gsize len)
{
    g_autofree char *head = g_strndup((const char *)bytes, MIN(len, 1024));
    g_autofree char *lower = g_ascii_strdown(head, -1);
    const char *p = strstr(lower, "charset=");
    if (!p)
        return NULL;
    p += 8;
    p += strspn(p, "\"' ");
    gsize n = strcspn(p, "\"'/ >;\r\n");
    return n > 0 && n < 40 ? g_strndup(p, n) : NULL;
}

static void
read_content(struct walk *w, GMimePart *part, struct mime_part *out)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    if (!content || w->text_bytes >= MIME_READ_MAX_TEXTS) {
        w->mail->limited = w->mail->limited || content;
        return;
    }
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(bytes);
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_mime_data_wrapper_write_to_stream(content, stream);
    g_object_unref(stream);
    const guint8 *data = bytes->data ? bytes->data : (const guint8 *)"";
    g_autofree char *inner = NULL;
    const char *charset = out->charset;
    if ((!charset || g_ascii_strcasecmp(charset, "us-ascii") == 0) && strcmp(out->type, "text/html") == 0) {
        inner = find_html_charset(data, bytes->len);
        if (inner)
            charset = inner;
    }
    gsize max = MIN(MIME_READ_MAX_TEXT, MIME_READ_MAX_TEXTS - w->text_bytes);
    out->text = mime_text_decode(data, bytes->len, charset, max);
    gsize len = strlen(out->text);
    out->text_cut = len + 4 > max;
    w->text_bytes += len;
    if (strcmp(out->type, "text/rfc822-headers") == 0 || g_str_has_suffix(out->type, "/global-headers") ||
        strcmp(out->type, "message/rfc822-headers") == 0) {
        g_autoptr(GPtrArray) groups = mime_fields_parse(out->text);
        if (groups->len > 0) {
            struct mime_fields *first = groups->pdata[0];
            out->fields = *first;
            first->items = NULL;
            first->count = 0;
        }
    }
}

static void
walk(struct walk *w, GMimeObject *object, guint depth, int message)
{
    if (!object)
        return;
    if (depth > MIME_READ_MAX_DEPTH || w->parts->len >= MIME_READ_MAX_PARTS) {
        w->mail->limited = TRUE;
        return;
    }
    struct mime_part part = {.depth = depth, .message = message};
    GMimeContentType *type = g_mime_object_get_content_type(object);
    g_autofree char *mime_type = type ? g_mime_content_type_get_mime_type(type) : NULL;
    part.type = lower_bounded(mime_type ? mime_type : "text/plain", 100);
    part.charset = lower_bounded(type ? g_mime_content_type_get_parameter(type, "charset") : NULL, 60);
    part.method = lower_bounded(
        type ? g_mime_content_type_get_parameter(type, GMIME_IS_MULTIPART(object) ? "report-type" : "method")
             : NULL,
        60);
    const char *disposition = g_mime_object_get_disposition(object);
    part.attachment = disposition && g_ascii_strcasecmp(disposition, "attachment") == 0;
    if (GMIME_IS_PART(object)) {
        const char *filename = g_mime_part_get_filename(GMIME_PART(object));
        part.filename = filename ? mime_text_bounded(filename, 255) : NULL;
        if (wants_text(part.type))
            read_content(w, GMIME_PART(object), &part);
    }
    GMimeMessage *enclosed =
        GMIME_IS_MESSAGE_PART(object) ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)) : NULL;
    if (enclosed)
        part.fields = read_header(GMIME_OBJECT(enclosed));
    int index = (int)w->parts->len;
    g_array_append_val(w->parts, part);
    if (enclosed)
        walk(w, g_mime_message_get_mime_part(enclosed), depth + 1, index);
    if (GMIME_IS_MULTIPART(object)) {
        int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
        for (int i = 0; i < count && w->parts->len < MIME_READ_MAX_PARTS; i++)
            walk(w, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), depth + 1, message);
        if (count > 0 && w->parts->len >= MIME_READ_MAX_PARTS)
            w->mail->limited = TRUE;
        /* A multipart whose boundary never comes is its prologue. */
        const char *prologue = count == 0 ? g_mime_multipart_get_prologue(GMIME_MULTIPART(object)) : NULL;
        if (prologue && *prologue && w->parts->len < MIME_READ_MAX_PARTS) {
            struct mime_part text = {.depth = depth + 1, .message = message, .type = g_strdup("text/plain")};
            text.text =
                mime_text_decode((const guint8 *)prologue, strlen(prologue), NULL, MIME_READ_MAX_TEXT);
            g_array_append_val(w->parts, text);
        }
    }
}

struct mime_mail *
mime_read_mail(const guint8 *bytes, gsize len, gboolean partial)
{
    mime_read_open_charsets();
    struct mime_mail *mail = g_new0(struct mime_mail, 1);
    mail->limited = partial;
    if (!bytes)
        bytes = (const guint8 *)"";
    g_autoptr(GString) clean = clean_mail(bytes, len, mail);
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(clean->str, clean->len);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
    g_mime_parser_set_persist_stream(parser, FALSE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, parser_options);
    struct walk w = {.mail = mail, .parts = g_array_new(FALSE, FALSE, sizeof(struct mime_part))};
    if (message) {
        mail->fields = read_header(GMIME_OBJECT(message));
        walk(&w, g_mime_message_get_mime_part(message), 0, -1);
        g_object_unref(message);
    }
    mail->part_count = w.parts->len;
    mail->parts = (struct mime_part *)(void *)g_array_free(w.parts, FALSE);
    g_object_unref(parser);
    g_object_unref(stream);
    return mail;
}

void
mime_mail_free(struct mime_mail *mail)
{
    if (!mail)
        return;
    clear_fields(&mail->fields);
    for (guint i = 0; i < mail->part_count; i++) {
        struct mime_part *part = &mail->parts[i];
        g_free(part->type);
        g_free(part->charset);
        g_free(part->filename);
        g_free(part->method);
        g_free(part->text);
        clear_fields(&part->fields);
    }
    g_free(mail->parts);
    g_free(mail);
}
