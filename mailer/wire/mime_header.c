/* Header fields of outgoing mail.
 *
 * Written here and not by GMime, because its folding turns long words into encoded words and lets plain text
 * that looks like an encoded word ("=?utf-8?...?=") through, which the reader would decode into something
 * nobody approved. Lines are folded at 78 wherever the text has a blank; a text that cannot be folded there
 * is written as encoded words. */
#include "wire/mime_header.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define LINE_WANTED 78u /* RFC 5322 2.1.1, without CRLF */
#define WORD_LIMIT 75u  /* one encoded word, RFC 2047 2 */
#define WORD_FRAME 12u  /* "=?utf-8?Q?" and "?=" */
#define WORD_WORTH 36u  /* less room than this on a line: the encoded word goes to the next */
#define PLAIN_PHRASE                                                                                         \
    60u /* longer plain names and words are written as encoded words, which can be folded                    \
         */

/* What is wrong with value as a header's text, or NULL. */
static const char *
value_fault(const char *value, gsize max, gboolean ascii)
{
    gsize len = strlen(value);
    if (strpbrk(value, "\r\n"))
        return "holds a line break";
    if (len > max)
        return "is too long";
    if (!g_utf8_validate(value, (gssize)len, NULL))
        return "is not valid UTF-8";
    for (const char *p = value; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c < 0x20 || (c >= 0x7F && c < 0xA0))
            return "holds a control character";
        if (c == 0x2028 || c == 0x2029)
            return "holds a line break";
        if (text_is_bidi_control(c))
            return "holds a character that changes the writing direction";
        if (ascii && c > 0x7E)
            return "holds a character that is not ASCII";
    }
    return NULL;
}

gboolean
mime_check_value(const char *field, const char *value, gsize max, gboolean ascii, GError **error)
{
    const char *fault = value ? value_fault(value, max, ascii) : "is missing";
    if (fault)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the value %s", field, fault);
    return !fault;
}

static gboolean
is_local_char(char c)
{
    return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c));
}

/* The fault of a dot-separated domain (RFC 5321 4.1.2, underscore allowed because it is seen), or NULL. */
static const char *
domain_fault(const char *domain)
{
    gsize label = 0;
    for (const char *p = domain;; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > 63)
                return "has a domain with an empty or overlong label";
            if (p[-1] == '-')
                return "has a domain label that ends in a hyphen";
            label = 0;
            if (*p == '\0')
                return NULL;
            continue;
        }
        if (!g_ascii_isalnum(*p) && *p != '_' && (*p != '-' || label == 0))
            return "has a domain with a character that cannot stand there";
        label++;
    }
}

static const char *
address_fault(const char *address)
{
    const char *fault = value_fault(address, 254, TRUE);
    if (fault)
        return fault;
    const char *at = strchr(address, '@');
    if (!at || at == address || strchr(at + 1, '@'))
        return "is not of the form local@domain";
    if (at - address > 64)
        return "has a local part over 64 characters";
    for (const char *p = address; p < at; p++)
        if (!is_local_char(*p) || (*p == '.' && (p == address || p + 1 == at || p[1] == '.')))
            return "has a local part that cannot be sent to";
    return domain_fault(at + 1);
}

gboolean
mime_check_address(const char *field, const char *address, GError **error)
{
    const char *fault = address ? address_fault(address) : "is missing";
    if (fault)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the address %s", field, fault);
    return !fault;
}

/* A msg-id's inside (RFC 5322 3.6.4), read generously: other programs' ids are quoted back, not judged. */
gboolean
mime_check_id(const char *field, const char *id, GError **error)
{
    if (!mime_check_value(field, id, MIME_LINE_LIMIT - 100, TRUE, error))
        return FALSE;
    if (*id == '\0' || strpbrk(id, " <>(),;\"\\")) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s: the value is not a message id", field);
        return FALSE;
    }
    return TRUE;
}

/* --------------------------------------------------------------------------------------------- header lines
 */

void
mime_line_begin(struct mime_line *line, const char *name)
{
    line->start = line->out->len;
    line->fresh = TRUE;
    g_string_append_printf(line->out, "%s:", name);
}

static gsize
line_column(const struct mime_line *line)
{
    return line->out->len - line->start;
}

/* One blank, folded where a token of len bytes would not fit. Never right behind the name: a first line that
 * holds nothing else is refused by some servers. */
static void
line_blank(struct mime_line *line, gsize len)
{
    if (!line->fresh && line_column(line) + 1 + len > LINE_WANTED) {
        g_string_append(line->out, "\r\n");
        line->start = line->out->len;
    }
    g_string_append_c(line->out, ' ');
    line->fresh = FALSE;
}

void
mime_line_token(struct mime_line *line, const char *token)
{
    line_blank(line, strlen(token));
    g_string_append(line->out, token);
}

void
mime_line_end(struct mime_line *line)
{
    g_string_append(line->out, "\r\n");
}

/* Every word of text as it is; the only places to fold are its blanks. */
void
mime_line_words(struct mime_line *line, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (gsize i = 0; words[i]; i++)
        mime_line_token(line, words[i]);
}

/* Characters that stand for themselves in the Q encoding, in phrases too (RFC 2047 5 (3)). */
static gboolean
is_q_plain(guchar c)
{
    return g_ascii_isalnum((char)c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

static gsize
q_width(const char *p, gsize len)
{
    gsize width = 0;
    for (gsize i = 0; i < len; i++)
        width += is_q_plain((guchar)p[i]) || p[i] == ' ' ? 1 : 3;
    return width;
}

static void
append_q(GString *out, const char *p, gsize len)
{
    for (gsize i = 0; i < len; i++) {
        guchar c = (guchar)p[i];
        if (c == ' ')
            g_string_append_c(out, '_');
        else if (is_q_plain(c))
            g_string_append_c(out, (char)c);
        else
            g_string_append_printf(out, "=%02X", c);
    }
}

/* How many bytes of text, whole characters and at least one, fit into an encoded word of room bytes. */
static gsize
encoded_take(const char *text, gsize room)
{
    gsize take = 0;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gsize next = (gsize)(g_utf8_next_char(p) - text);
        if (WORD_FRAME + q_width(text, next) > room && take > 0)
            break;
        take = next;
    }
    return take;
}

/* Text as encoded words, never cut inside a character (RFC 2047 5). Always Q: GMime, which reads our own
 * copies again, decodes adjacent B words as one and loses what stands behind the first padding. */
static void
line_encoded(struct mime_line *line, const char *text)
{
    while (*text) {
        gsize used = line_column(line) + 1;
        gsize room = used < LINE_WANTED ? LINE_WANTED - used : 0;
        if (room > WORD_LIMIT || (room < WORD_WORTH && !line->fresh))
            room = WORD_LIMIT;
        gsize take = encoded_take(text, room);
        g_autoptr(GString) word = g_string_new("=?utf-8?Q?");
        append_q(word, text, take);
        g_string_append(word, "?=");
        mime_line_token(line, word->str);
        text += take;
    }
}

/* TRUE when text can stand in a header as it is: ASCII words of foldable length with single blanks between,
 * and nothing a reader would take for an encoded word. */
static gboolean
is_plain(const char *text)
{
    gsize word = 0;
    if (*text == ' ' || strstr(text, "=?") || strstr(text, "  ") || !g_str_is_ascii(text))
        return FALSE;
    for (const char *p = text; *p; p++) {
        word = *p == ' ' ? 0 : word + 1;
        if (word > PLAIN_PHRASE || (*p == ' ' && p[1] == '\0'))
            return FALSE;
    }
    return TRUE;
}

void
mime_line_text(struct mime_line *line, const char *text)
{
    if (is_plain(text))
        mime_line_words(line, text);
    else
        line_encoded(line, text);
}

/* A display name: bare words, a quoted string, or encoded words (RFC 5322 3.2.5). */
void
mime_line_phrase(struct mime_line *line, const char *name)
{
    if (!is_plain(name) || strlen(name) > PLAIN_PHRASE) {
        line_encoded(line, name);
        return;
    }
    gboolean bare = TRUE;
    for (const char *p = name; *p; p++)
        bare = bare && (*p == ' ' || (is_local_char(*p) && *p != '.'));
    if (bare) {
        mime_line_words(line, name);
        return;
    }
    g_autoptr(GString) quoted = g_string_new("\"");
    for (const char *p = name; *p; p++) {
        if (*p == '"' || *p == '\\')
            g_string_append_c(quoted, '\\');
        g_string_append_c(quoted, *p);
    }
    g_string_append_c(quoted, '"');
    mime_line_token(line, quoted->str);
}
