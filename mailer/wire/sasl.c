/* The bytes of a login. Pure functions; whatever held the secret is wiped. */
#include "wire/sasl.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>

enum { CHALLENGE_BYTES = 4096, TEXT_BYTES = 300 };

const char *
sasl_mechanism(enum secret_kind kind)
{
    switch (kind) {
    case SECRET_PASSWORD:
        return "PLAIN";
    case SECRET_XOAUTH2:
        return "XOAUTH2";
    case SECRET_OAUTHBEARER:
        return "OAUTHBEARER";
    }
    return "?";
}

static gboolean
is_one_line(const char *text)
{
    for (; *text; text++)
        if (g_ascii_iscntrl(*text))
            return FALSE;
    return TRUE;
}

/* RFC 5801 section 4: in the header that OAUTHBEARER borrows, a comma and an equals sign are escaped. */
static char *
gs2_name(const char *user)
{
    GString *name = g_string_new(NULL);
    for (; *user; user++) {
        if (*user == ',')
            g_string_append(name, "=2C");
        else if (*user == '=')
            g_string_append(name, "=3D");
        else
            g_string_append_c(name, *user);
    }
    return g_string_free(name, FALSE);
}

char *
sasl_response(enum secret_kind kind, const char *user, const char *secret, const char *host, guint16 port,
              GError **error)
{
    if (!is_one_line(user) || (kind != SECRET_PASSWORD && !is_one_line(secret))) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "expected a user and a token on one line each");
        return NULL;
    }
    /* Sized beforehand: a string that grows would leave copies behind. */
    GString *text = g_string_sized_new(3 * strlen(user) + strlen(secret) + strlen(host) + 128);
    g_autofree char *name = gs2_name(user);
    switch (kind) {
    case SECRET_PASSWORD:
        g_string_append_c(text, '\0');
        g_string_append(text, user);
        g_string_append_c(text, '\0');
        g_string_append(text, secret);
        break;
    case SECRET_XOAUTH2:
        g_string_append(g_string_append(text, "user="), user);
        g_string_append(g_string_append(text, "\001auth=Bearer "), secret);
        g_string_append(text, "\001\001");
        break;
    case SECRET_OAUTHBEARER:
        g_string_append(g_string_append(text, "n,a="), name);
        g_string_append(g_string_append(text, ",\001host="), host);
        g_string_append_printf(text, "\001port=%u", (unsigned)port);
        g_string_append(g_string_append(text, "\001auth=Bearer "), secret);
        g_string_append(text, "\001\001");
        break;
    }
    char *response = g_base64_encode((const guchar *)text->str, text->len);
    explicit_bzero(text->str, text->len);
    g_string_free(text, TRUE);
    return response;
}

const char *
sasl_refusal_answer(enum secret_kind kind)
{
    return kind == SECRET_OAUTHBEARER ? "AQ==" : "";
}

static char *
one_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *line = g_string_new(NULL);
    for (const char *at = valid; *at && line->len < TEXT_BYTES - 8; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(line, g_unichar_isprint(c) ? c : ' ');
    }
    g_strstrip(line->str);
    return g_string_free(line, FALSE);
}

char *
sasl_refusal_text(const char *challenge)
{
    gsize length = 0;
    g_autofree char *coded = g_strndup(challenge, CHALLENGE_BYTES);
    g_autofree guchar *bytes = g_base64_decode(g_strstrip(coded), &length);
    g_autofree char *text = g_strndup((const char *)bytes, length);
    char *line = NULL;
    json_t *object = json_loads(text, 0, NULL);
    const char *status = json_string_value(json_object_get(object, "status"));
    const char *scope = json_string_value(json_object_get(object, "scope"));
    if (status) {
        g_autofree char *both = g_strconcat("status ", status, scope ? ", scope wanted: " : "", scope, NULL);
        line = one_line(both);
    } else {
        line = one_line(text);
    }
    json_decref(object);
    if (*line)
        return line;
    g_free(line);
    return NULL;
}
