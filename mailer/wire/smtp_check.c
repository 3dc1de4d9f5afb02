/* The checks that stand between a draft and the wire. Pure functions over bytes. */
#include "wire/smtp_check.h"

#include "base/error.h"

#include <string.h>

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ATEXT ALPHA DIGIT "!#$%&'*+-/=?^_`{|}~"

/* RFC 5322 section 3.2.3: atoms joined by single dots. */
static gboolean
dot_atom_valid(const char *text, gsize length)
{
    gsize at = 0;

    for (;;) {
        gsize atom = 0;
        while (at + atom < length && strchr(ATEXT, text[at + atom]) != NULL)
            atom++;
        if (atom == 0)
            return FALSE;
        at += atom;
        if (at == length)
            return TRUE;
        if (text[at] != '.')
            return FALSE;
        at++;
    }
}

/* RFC 5321 section 4.1.2, Domain: labels of letters, digits and inner hyphens, at most 63 bytes each. */
static gboolean
domain_valid(const char *text, gsize length)
{
    gsize at = 0;

    for (;;) {
        gsize label = 0;
        while (at + label < length && strchr(ALPHA DIGIT "-", text[at + label]) != NULL)
            label++;
        if (label == 0 || label > 63 || text[at] == '-' || text[at + label - 1] == '-')
            return FALSE;
        at += label;
        if (at == length)
            return TRUE;
        if (text[at] != '.')
            return FALSE;
        at++;
    }
}

gboolean
smtp_address_valid(const char *address, GError **error)
{
    const char *reason = NULL;
    gsize length = address == NULL ? 0 : strlen(address);
    const char *at = length == 0 ? NULL : strrchr(address, '@');

    if (length == 0)
        reason = "it is empty";
    else if (length > 254)
        reason = "it is longer than 254 bytes";
    else
        for (const char *c = address; *c != '\0' && reason == NULL; c++) {
            if ((guchar)*c >= 0x80)
                reason = "it is not ASCII: mail to it needs SMTPUTF8 (RFC 6531), which is not supported";
            else if ((guchar)*c <= 0x20 || *c == 0x7f)
                reason = "it holds a space or control character";
            else if (*c == '<' || *c == '>')
                reason = "it holds an angle bracket";
        }
    if (reason == NULL && at == NULL)
        reason = "it has no \"@\"";
    else if (reason == NULL && at - address > 64)
        reason = "its local part is longer than 64 bytes";
    else if (reason == NULL && !dot_atom_valid(address, (gsize)(at - address)))
        reason = "its local part is not a plain one (letters, digits and !#$%&'*+-/=?^_`{|}~, joined by "
                 "single dots)";
    else if (reason == NULL && !domain_valid(at + 1, strlen(at + 1)))
        reason = "its domain is not a host name";
    if (reason == NULL)
        return TRUE;

    g_autofree char *shown = g_strescape(address == NULL ? "" : address, NULL);
    if (strlen(shown) > 120)
        g_strlcpy(shown + 117, "...", 4);
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "\"%s\" is not an address to send to: %s", shown,
                reason);
    return FALSE;
}

enum field_rule {
    FIELD_REQUIRED,  /* exactly once: libesmtp writes its own where it is missing */
    FIELD_ONCE,      /* at most once: libesmtp drops the second */
    FIELD_FORBIDDEN, /* dropped on the way, or (Bcc) passed on to everybody */
};

static const struct {
    const char *name;
    enum field_rule rule;
} fields[] = {
    {"Date", FIELD_REQUIRED},
    {"From", FIELD_REQUIRED},
    {"Message-ID", FIELD_REQUIRED},
    {"To", FIELD_ONCE},
    {"Cc", FIELD_ONCE},
    {"Sender", FIELD_ONCE},
    {"Reply-To", FIELD_ONCE},
    {"Disposition-Notification-To", FIELD_ONCE},
    {"Bcc", FIELD_FORBIDDEN},
    {"Return-Path", FIELD_FORBIDDEN},
    {"Original-Recipient", FIELD_FORBIDDEN},
};

/* One pass over the header block, up to the empty line. */
static gboolean
fields_valid(const char *bytes, gsize length, GError **error)
{
    guint seen[G_N_ELEMENTS(fields)] = {0};
    gsize line_number = 0;
    gboolean first = TRUE, ended = FALSE;

    for (gsize start = 0; start < length;) {
        const char *end = memchr(bytes + start, '\n', length - start);
        gsize next = end == NULL ? length : (gsize)(end - bytes) + 1;
        const char *line = bytes + start;
        gsize size = next - start;
        line_number++;
        start = next;
        if (size == 2) {
            ended = TRUE;
            break;
        }
        if (*line == ' ' || *line == '\t') {
            if (first) {
                g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA,
                                    "the message begins with a folded line instead of a header field");
                return FALSE;
            }
            continue;
        }
        first = FALSE;
        const char *colon = memchr(line, ':', size);
        gsize name = colon == NULL ? 0 : (gsize)(colon - line);
        for (gsize i = 0; i < name; i++)
            if (line[i] <= ' ' || line[i] > '~')
                name = 0;
        if (name == 0) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                        "line %" G_GSIZE_FORMAT
                        " of the message is neither a header field nor the empty line",
                        line_number);
            return FALSE;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
            if (strlen(fields[i].name) == name && g_ascii_strncasecmp(fields[i].name, line, name) == 0)
                seen[i]++;
    }
    if (!ended) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA,
                            "the message has no empty line after its header");
        return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        const char *problem = fields[i].rule == FIELD_FORBIDDEN && seen[i] > 0 ? "must not be in the message"
                              : fields[i].rule != FIELD_FORBIDDEN && seen[i] > 1 ? "stands more than once"
                              : fields[i].rule == FIELD_REQUIRED && seen[i] == 0 ? "is missing"
                                                                                 : NULL;
        if (problem != NULL) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "header field %s %s", fields[i].name, problem);
            return FALSE;
        }
    }
    return TRUE;
}

/* What is wrong with a line, given without its CR LF; NULL when nothing is. */
static const char *
line_problem(const char *line, gsize length)
{
    guchar bits = 0;
    for (gsize i = 0; i < length; i++)
        bits |= (guchar)line[i];
    if (bits >= 0x80)
        return "is not 7-bit";
    if (memchr(line, '\0', length))
        return "holds a NUL";
    if (memchr(line, '\r', length))
        return "holds a CR without LF";
    return length > 998 ? "is longer than 998 bytes" : NULL;
}

gboolean
smtp_message_valid(const char *bytes, gsize length, GError **error)
{
    const char *end = bytes + length;

    if (length < 2 || length > G_MAXINT || memcmp(end - 2, "\r\n", 2) != 0) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA, "the message does not end with CR LF");
        return FALSE;
    }
    gsize number = 1;
    for (const char *line = bytes, *lf; line < end; line = lf + 1, number++) {
        lf = memchr(line, '\n', (gsize)(end - line)); /* the last byte is one */
        gboolean bare = lf == line || lf[-1] != '\r';
        const char *problem = line_problem(line, (gsize)(lf - line) - (bare ? 0 : 1));
        if (!problem && bare)
            problem = "holds an LF without CR";
        if (problem) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "line %" G_GSIZE_FORMAT " of the message %s",
                        number, problem);
            return FALSE;
        }
    }
    return fields_valid(bytes, length, error);
}

gboolean
smtp_helo_valid(const char *helo)
{
    gsize length = strlen(helo);

    if (length > 2 && helo[0] == '[' && helo[length - 1] == ']')
        return strspn(helo + 1, ALPHA DIGIT ".:") == length - 2;
    return length <= 253 && domain_valid(helo, length);
}

gboolean
smtp_host_valid(const char *host)
{
    gsize length = strlen(host);

    return length > 0 && length <= 253 && host[0] != '-' && strspn(host, ALPHA DIGIT ".-_") == length;
}
