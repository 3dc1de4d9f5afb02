/* The mailbox sections of usher.conf: servers, login, folders. See config_parts.h and usher.conf(5). */
#include "base/config_parts.h"

#include "base/conf.h"
#include "base/error.h"

#include <string.h>

static cfg_opt_t mailbox_window[] = {CFG_STR_LIST("days", (char[]){"{mon, tue, wed, thu, fri}"}, CFGF_NONE),
                                     CFG_STR("from", "09:00", CFGF_NONE), CFG_STR("to", "17:00", CFGF_NONE),
                                     CFG_END()};

cfg_opt_t config_mailbox_options[] = {CFG_STR("smtp", NULL, CFGF_NONE),
                                      CFG_STR("imap", NULL, CFGF_NONE),
                                      CFG_STR("user", NULL, CFGF_NONE),
                                      CFG_STR("password_file", NULL, CFGF_NONE),
                                      CFG_STR("password_credential", NULL, CFGF_NONE),
                                      CFG_STR("password_command", NULL, CFGF_NONE),
                                      CFG_STR("token_file", NULL, CFGF_NONE),
                                      CFG_STR("token_command", NULL, CFGF_NONE),
                                      CFG_STR("auth", NULL, CFGF_NONE),
                                      CFG_STR("ca_file", NULL, CFGF_NONE),
                                      CFG_STR("tls_name", NULL, CFGF_NONE),
                                      CFG_STR("inbox", "INBOX", CFGF_NONE),
                                      CFG_STR("sent", NULL, CFGF_NONE),
                                      CFG_STR_LIST("folders", NULL, CFGF_NONE),
                                      CFG_STR("sent_copy", "append", CFGF_NONE),
                                      CFG_BOOL("plus_addressing", cfg_false, CFGF_NONE),
                                      CFG_SEC("window", mailbox_window, CFGF_MULTI),
                                      CFG_INT("daily_max", 0, CFGF_NONE),
                                      CFG_STR("spacing", NULL, CFGF_NONE),
                                      CFG_END()};

struct scheme {
    const char *name;
    enum wire_security security;
    guint16 port;
};

static const struct scheme smtp_schemes[] = {{"smtp://", WIRE_STARTTLS, 587},
                                             {"smtps://", WIRE_IMPLICIT_TLS, 465},
                                             {"smtp+plain://", WIRE_PLAIN_LOOPBACK, 25},
                                             {0}};
static const struct scheme imap_schemes[] = {{"imaps://", WIRE_IMPLICIT_TLS, 993},
                                             {"imap://", WIRE_STARTTLS, 143},
                                             {"imap+plain://", WIRE_PLAIN_LOOPBACK, 143},
                                             {0}};

static gboolean
read_server(cfg_t *section, const char *key, const struct scheme *schemes, struct wire_server *out,
            GError **error)
{
    const char *url = cfg_getstr(section, key);
    if (!url || !*url)
        return conf_refuse(section, error, "mailbox \"%s\" lacks %s, for example %shost:%d",
                           cfg_title(section), key, schemes[0].name, schemes[0].port);
    const struct scheme *s = schemes;
    while (s->name && !g_str_has_prefix(url, s->name))
        s++;
    if (!s->name)
        return conf_refuse(section, error, "%s: \"%s\": expected %s, %s or %s and host:port", key, url,
                           schemes[0].name, schemes[1].name, schemes[2].name);
    const char *host = url + strlen(s->name);
    const char *end = host[0] == '[' ? strchr(host, ']') : strpbrk(host, ":/");
    if (host[0] == '[' && end) {
        out->host = g_strndup(host + 1, (gsize)(end - host - 1));
        end++;
    } else {
        out->host = end ? g_strndup(host, (gsize)(end - host)) : g_strdup(host);
    }
    out->port = s->port;
    out->security = s->security;
    if (end && *end == ':') {
        guint64 port;
        g_autofree char *digits = g_strdup(end + 1);
        if (g_str_has_suffix(digits, "/"))
            digits[strlen(digits) - 1] = '\0';
        if (!g_ascii_string_to_unsigned(digits, 10, 1, 65535, &port, NULL))
            return conf_refuse(section, error, "%s: \"%s\": expected a port from 1 to 65535 after the colon",
                               key, url);
        out->port = (guint16)port;
    } else if (end && *end && strcmp(end, "/") != 0) {
        return conf_refuse(section, error, "%s: \"%s\": nothing may follow host and port", key, url);
    }
    if (!*out->host)
        return conf_refuse(section, error, "%s: \"%s\": the host is missing", key, url);
    if (out->security == WIRE_PLAIN_LOOPBACK && !config_is_loopback(out->host))
        return conf_refuse(section, error, "%s: \"%s\": a connection without TLS is for loopback only", key,
                           url);
    return TRUE;
}

/* Where a secret may come from. */
static const struct secret_key {
    const char *name;
    gboolean is_token, is_command, is_credential;
} secret_keys[] = {
    {.name = "password_file"},
    {.name = "password_credential", .is_credential = TRUE},
    {.name = "password_command", .is_command = TRUE},
    {.name = "token_file", .is_token = TRUE},
    {.name = "token_command", .is_token = TRUE, .is_command = TRUE},
};
#define SECRET_KEYS "password_file, password_credential, password_command, token_file, token_command"

static gboolean
read_secret_kind(cfg_t *s, const struct secret_key *key, enum secret_kind *kind, GError **error)
{
    g_autofree char *auth = conf_dup_str(s, "auth");
    *kind = key && key->is_token ? SECRET_XOAUTH2 : SECRET_PASSWORD;
    if (!auth)
        return TRUE;
    if (!key || !key->is_token)
        return conf_refuse(s, error,
                           "auth: it says how a token is shown: expected token_command or token_file");
    if (strcmp(auth, "oauthbearer") == 0)
        *kind = SECRET_OAUTHBEARER;
    else if (strcmp(auth, "xoauth2") != 0)
        return conf_refuse(s, error, "auth: \"%s\": expected xoauth2 or oauthbearer", auth);
    return TRUE;
}

/* Exactly one source where there is a user, none where there is not. */
static gboolean
read_secret(cfg_t *s, const char *dir, const struct config *c, struct mailbox *m, GError **error)
{
    const struct secret_key *key = NULL;
    g_autofree char *value = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(secret_keys); i++) {
        char *text = conf_dup_str(s, secret_keys[i].name);
        if (text && key) {
            g_free(text);
            return conf_refuse(s, error, "mailbox \"%s\": %s and %s: expected only one of " SECRET_KEYS,
                               m->name, key->name, secret_keys[i].name);
        }
        if (!text)
            continue;
        key = &secret_keys[i];
        value = text;
    }
    enum secret_kind kind;
    if (!read_secret_kind(s, key, &kind, error))
        return FALSE;
    if (!key && m->user)
        return conf_refuse(s, error, "mailbox \"%s\" has a user: expected one of " SECRET_KEYS, m->name);
    if (!key)
        return TRUE;
    if (!m->user)
        return conf_refuse(s, error, "mailbox \"%s\" has %s: expected a user too", m->name, key->name);
    if (key->is_credential && strchr(value, '/'))
        return conf_refuse(s, error, "%s: \"%s\": expected a name without slash", key->name, value);
    if (key->is_credential) {
        m->secret = secret_new_credential(kind, key->name, value);
    } else if (!key->is_command) {
        g_autofree char *path = config_resolve_path(dir, value);
        m->secret = secret_new_file(kind, key->name, path);
    } else {
        /* One a program, whichever mailboxes name it. */
        g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, value, -1);
        g_autofree char *lock = g_strdup_printf("%s-login-%.16s.lock", c->database, hash);
        g_autoptr(GError) local = NULL;
        m->secret = secret_new_command(kind, key->name, value, dir, lock, &local);
        if (!m->secret)
            return conf_refuse(s, error, "%s", local->message);
    }
    return TRUE;
}

gboolean
config_read_mailbox(cfg_t *s, const char *dir, struct config *c, GError **error)
{
    struct mailbox *m = g_new0(struct mailbox, 1);
    g_ptr_array_add(c->mailboxes, m);
    m->name = g_strdup(cfg_title(s));
    if (strspn(m->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
            strlen(m->name) ||
        *m->name == '.' || !*m->name)
        return conf_refuse(s, error, "mailbox \"%s\": expected a title of letters, digits, _ and -", m->name);
    m->user = conf_dup_str(s, "user");
    m->tls_name = conf_dup_str(s, "tls_name");
    m->inbox = conf_dup_str(s, "inbox");
    m->sent = conf_dup_str(s, "sent");
    m->folders = conf_dup_list(s, "folders");
    for (char **folder = m->folders; *folder; folder++)
        if (!**folder || !g_utf8_validate(*folder, -1, NULL) || strcmp(*folder, m->inbox) == 0 ||
            g_strcmp0(*folder, m->sent) == 0 || g_ascii_strcasecmp(*folder, "\\Sent") == 0 ||
            g_strv_contains((const char *const *)folder + 1, *folder))
            return conf_refuse(
                s, error, "folders: \"%s\": expected folders besides inbox and sent, each once, in UTF-8",
                *folder);
    m->plus_addressing = cfg_getbool(s, "plus_addressing");
    g_autofree char *ca_file = conf_dup_str(s, "ca_file");
    m->ca_file = config_resolve_path(dir, ca_file);
    const char *copy = cfg_getstr(s, "sent_copy");
    if (strcmp(copy, "append") == 0)
        m->sent_copy = SENT_COPY_APPEND;
    else if (strcmp(copy, "provider") == 0)
        m->sent_copy = SENT_COPY_PROVIDER;
    else if (strcmp(copy, "none") == 0)
        m->sent_copy = SENT_COPY_NONE;
    else
        return conf_refuse(s, error, "sent_copy: \"%s\": expected append, provider or none", copy);
    if (m->user && (strlen(m->user) > 255 || strpbrk(m->user, "\r\n")))
        return conf_refuse(s, error, "user: expected at most 255 bytes on one line");
    return read_secret(s, dir, c, m, error) && read_server(s, "smtp", smtp_schemes, &m->smtp, error) &&
           read_server(s, "imap", imap_schemes, &m->imap, error);
}

gboolean
mailbox_read_password(const struct mailbox *mailbox, char **password, GError **error)
{
    *password = NULL;
    return !mailbox->secret || secret_read(mailbox->secret, password, error);
}
