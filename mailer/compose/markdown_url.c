/* Link addresses. A value is only ever a part of the component of the URL it stands in: it cannot move the
 * host
 * ("https://{{ name }}.example.com/" with "evil.com/"), add recipients to a mailto, or end the link. */
#include "compose/markdown_url.h"

#include "base/error.h"
#include "wire/mime_header.h"

#include <string.h>

#define SHOWN 80 /* characters of an address in an error */

enum position {
    POSITION_START,     /* nothing but values so far: the value is the URL */
    POSITION_HOST,      /* behind http(s):// and before its path */
    POSITION_REST,      /* path, query, fragment */
    POSITION_MAIL,      /* the address of a mailto */
    POSITION_MAIL_REST, /* its query */
};

static gboolean
has_scheme(const char *url, const char *scheme)
{
    return g_ascii_strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static enum position
position_of(const char *url, gboolean literal_seen)
{
    if (!literal_seen)
        return POSITION_START;
    if (has_scheme(url, "mailto:"))
        return strchr(url, '?') ? POSITION_MAIL_REST : POSITION_MAIL;
    const char *host = strstr(url, "://");
    if (!host)
        return POSITION_START;
    return strpbrk(host + 3, "/?#") ? POSITION_REST : POSITION_HOST;
}

/* The characters beside letters, digits and %XX that stand as they are in a position. */
static const char *
allowed_at(enum position position)
{
    switch (position) {
    case POSITION_START:
    case POSITION_REST:
        return "-._~:/?#@!$&'()*+,;=";
    case POSITION_HOST:
        return "-.";
    case POSITION_MAIL:
        return "-._~+@";
    case POSITION_MAIL_REST:
        return "-._~";
    }
    return "";
}

static gboolean
is_encoded(const char *p)
{
    return p[0] == '%' && g_ascii_isxdigit(p[1]) && g_ascii_isxdigit(p[2]);
}

static void
put_encoded(GString *url, const char *text, gsize length, enum position position)
{
    const char *allowed = allowed_at(position);
    for (gsize i = 0; i < length; i++) {
        char c = text[i];
        gboolean encoded = i + 2 < length && is_encoded(text + i);
        if (g_ascii_isalnum(c) || (c && strchr(allowed, c)) || encoded)
            g_string_append_c(url, c);
        else
            g_string_append_printf(url, "%%%02X", (guchar)c);
    }
}

static gboolean
is_host_part(const char *value)
{
    return value[strspn(value, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-.")] == '\0';
}

/* Cuts text for an error, at a character, and without anything that could disturb a terminal. The caller
 * frees. */
static char *
shown_for_error(const char *text)
{
    GString *out = g_string_new(NULL);
    const char *p = text;
    for (guint i = 0; i < SHOWN && *p; i++, p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        g_string_append_unichar(out, g_unichar_iscntrl(c) ? '?' : c);
    }
    if (*p)
        g_string_append(out, "…");
    return g_string_free(out, FALSE);
}

char *
markdown_url_build(const char *literal, gsize length, const struct placeholders *values,
                   markdown_url_part tell, void *user, GError **error)
{
    g_autoptr(GString) url = g_string_new(NULL);
    gboolean literal_seen = FALSE;
    for (const char *p = literal; p < literal + length;) {
        struct placeholder one;
        if (!placeholder_match(values, p, &one)) {
            gboolean colon = g_str_has_prefix(p, PLACEHOLDER_COLON),
                     slash = g_str_has_prefix(p, PLACEHOLDER_SLASH);
            gsize step = colon || slash ? PLACEHOLDER_CHAR : 1;
            g_string_append_c(url, colon ? ':' : slash ? '/' : *p);
            literal_seen = TRUE;
            p += step;
            continue;
        }
        enum position position = position_of(url->str, literal_seen);
        if (position == POSITION_HOST && !is_host_part(one.value)) {
            g_autofree char *so_far = shown_for_error(url->str);
            g_autofree char *value = shown_for_error(one.value);
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                        "link \"%s\": the value \"%s\" cannot be part of a host name", so_far, value);
            return NULL;
        }
        gsize before = url->len;
        put_encoded(url, one.value, strlen(one.value), position);
        if (tell)
            tell(user, &one, url->str + before);
        p += one.length;
    }
    /* Only now: whether a percent sign of the template's is one depends on what came behind it. */
    GString *encoded = g_string_sized_new(url->len);
    put_encoded(encoded, url->str, url->len, POSITION_REST);
    return g_string_free(encoded, FALSE);
}

/* What is wrong with url, or NULL. */
static const char *
url_fault(const char *url)
{
    if (strlen(url) > MARKDOWN_MAX_URL)
        return "is too long";
    if (has_scheme(url, "mailto:")) {
        g_autofree char *address = g_strndup(url + 7, strcspn(url + 7, "?"));
        return mime_check_address("link", address, NULL) ? NULL : "holds no single mail address";
    }
    if (!has_scheme(url, "http://") && !has_scheme(url, "https://"))
        return "is no http, https or mailto address";
    const char *host = strstr(url, "://") + 3;
    gsize authority = strcspn(host, "/?#");
    gsize name = strspn(host, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._");
    if (name == 0 || *host == '.' || *host == '-')
        return "has no host";
    if (host[name] == ':')
        name += 1 + strspn(host + name + 1, G_CSET_DIGITS);
    return name == authority ? NULL : "has a host that is no plain name";
}

gboolean
markdown_url_check(const char *url, GError **error)
{
    const char *fault = url_fault(url);
    if (!fault)
        return TRUE;
    g_autofree char *shown = shown_for_error(url);
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "link \"%s\" %s", shown, fault);
    return FALSE;
}

const char *
markdown_url_shown(const char *url)
{
    return has_scheme(url, "mailto:") ? url + 7 : url;
}
