/* The IMAP client against servers that do one thing wrong (tests/rig/fake_imap.py), and the pieces that need
 * no server: the guard in front of libetpan, and modified UTF-7. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "wire/imap_client.h"
#include "wire/imap_guard.h"
#include "wire/imap_utf7.h"

/* Short where the case must end by the clock; long, so that load cannot end it, elsewhere. */
enum { SOON_MS = 400, LONG_MS = 20 * 1000 };

struct fake {
    GSubprocess *process;
    guint16 port;
};

/* One server a scenario, in one process. ports has room for as many. */
static GSubprocess *
fakes_start(const char *const *scenarios, guint16 *ports)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_ptr_array_add(argv, (char *)(gsize) "python3");
    g_ptr_array_add(argv, (char *)(gsize)USHER_SOURCE_DIR "/tests/rig/fake_imap.py");
    for (gsize i = 0; scenarios[i]; i++)
        g_ptr_array_add(argv, (char *)(gsize)scenarios[i]);
    g_ptr_array_add(argv, NULL);
    GSubprocess *process =
        g_subprocess_newv((const char *const *)argv->pdata, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
    g_assert_no_error(error);
    g_autoptr(GDataInputStream) output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    for (gsize i = 0; scenarios[i]; i++) {
        g_autofree char *line = g_data_input_stream_read_line(output, NULL, NULL, &error);
        g_assert_nonnull(line);
        ports[i] = (guint16)g_ascii_strtoull(line, NULL, 10);
        g_assert_cmpuint(ports[i], !=, 0);
    }
    return process;
}

static struct fake
fake_start(const char *scenario)
{
    const char *const scenarios[] = {scenario, NULL};
    struct fake fake = {0};
    fake.process = fakes_start(scenarios, &fake.port);
    return fake;
}

static void
fake_stop(struct fake *fake)
{
    g_subprocess_force_exit(fake->process);
    g_assert_true(g_subprocess_wait(fake->process, NULL, NULL));
    g_object_unref(fake->process);
}

static struct imap_server
fake_server(const struct fake *fake)
{
    return (struct imap_server){
        .host = "127.0.0.1",
        .port = fake->port,
        .security = IMAP_PLAIN_LOOPBACK,
        .user = "ann",
        .password = "secret",
        .timeout_ms = LONG_MS,
    };
}

static void
assert_failure(const GError *error, enum usher_error code, const char *words)
{
    g_assert_error(error, USHER_ERROR, (int)code);
    g_test_message("%s", error->message);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_null(strstr(error->message, "secret"));
    if (words && !strstr(error->message, words))
        g_error("\"%s\" does not say \"%s\"", error->message, words);
}

static void
test_connect(void)
{
    static const struct {
        const char *scenario;
        enum imap_security security;
        int timeout_ms;
        enum usher_error code; /* 0: it connects */
        const char *words;
    } cases[] = {
        {"normal", IMAP_PLAIN_LOOPBACK, LONG_MS, 0, NULL},
        {"normal", IMAP_IMPLICIT_TLS, LONG_MS, USHER_ERROR_PROTOCOL, "TLS"},
        {"garbage", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_PROTOCOL, "greet"},
        {"binary", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_PROTOCOL, "NUL"},
        {"mute", IMAP_PLAIN_LOOPBACK, SOON_MS, USHER_ERROR_TEMP, "no answer"},
        {"mute", IMAP_IMPLICIT_TLS, SOON_MS, USHER_ERROR_TEMP, "within the time"},
        {"drop-greeting", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_UNAVAILABLE, "closed"},
        {"drop-greeting", IMAP_IMPLICIT_TLS, LONG_MS, USHER_ERROR_PROTOCOL, "TLS"},
        {"bye-greeting", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_UNAVAILABLE, "too many  visitors"},
        {"preauth", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_PROTOCOL, "PREAUTH"},
        {"preauth", IMAP_STARTTLS, LONG_MS, USHER_ERROR_PROTOCOL, "PREAUTH"},
        {"no-starttls", IMAP_STARTTLS, LONG_MS, USHER_ERROR_PROTOCOL, "not here"},
        {"inject", IMAP_STARTTLS, LONG_MS, USHER_ERROR_PROTOCOL, "between"},
        {"inject-part", IMAP_STARTTLS, LONG_MS, USHER_ERROR_PROTOCOL, "between"},
        {"not-tls", IMAP_STARTTLS, LONG_MS, USHER_ERROR_PROTOCOL, "TLS"},
        {"no-capability", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_PROTOCOL, "capabilities"},
        {"login-down", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_UNAVAILABLE, "user database down"},
        {"login-disabled", IMAP_PLAIN_LOOPBACK, LONG_MS, 0, NULL},
        {"no-login", IMAP_PLAIN_LOOPBACK, LONG_MS, USHER_ERROR_NO_PERMISSION, "no way"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %s, security %u", cases[i].scenario, cases[i].security);
        struct fake fake = fake_start(cases[i].scenario);
        struct imap_server server = fake_server(&fake);
        server.security = cases[i].security;
        server.timeout_ms = cases[i].timeout_ms;
        g_autoptr(GError) error = NULL;
        struct imap_client *client = imap_client_connect(&server, &error);
        if (cases[i].code == 0)
            g_assert_no_error(error);
        else
            assert_failure(error, cases[i].code, cases[i].words);
        g_assert_cmpint(client != NULL, ==, cases[i].code == 0);
        imap_client_close(client);
        fake_stop(&fake);
    }
}

static gboolean
do_noop(struct imap_client *client, GError **error)
{
    return imap_client_noop(client, NULL, error);
}

static gboolean
do_noop_twice(struct imap_client *client, GError **error)
{
    return imap_client_noop(client, NULL, error) && imap_client_noop(client, NULL, error);
}

static gboolean
do_list(struct imap_client *client, GError **error)
{
    g_autoptr(GArray) list = NULL;
    if (!imap_client_list_since(client, 7, 0, &list, error))
        return FALSE;
    g_assert_cmpuint(list->len, ==, 1);
    g_assert_cmpuint(g_array_index(list, struct imap_envelope, 0).uid, ==, 7);
    g_assert_cmpint(g_array_index(list, struct imap_envelope, 0).internaldate_us, ==,
                    1769936400 * (gint64)G_USEC_PER_SEC); /* the zone is taken off */
    return TRUE;
}

/* Messages below the UID asked for, without a size, twice, with a date that does not exist. */
static gboolean
do_list_odd(struct imap_client *client, GError **error)
{
    g_autoptr(GArray) list = NULL;
    if (!imap_client_list_since(client, 7, 0, &list, error))
        return FALSE;
    g_assert_cmpuint(list->len, ==, 2);
    g_assert_cmpuint(g_array_index(list, struct imap_envelope, 0).uid, ==, 7);
    g_assert_cmpuint(g_array_index(list, struct imap_envelope, 1).uid, ==, 9);
    g_assert_cmpint(g_array_index(list, struct imap_envelope, 1).internaldate_us, ==, 0);
    return TRUE;
}

static gboolean
fetch_is(struct imap_client *client, guint32 max_bytes, const char *expected, gboolean partial,
         GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    gboolean is_partial = !partial;
    if (!imap_client_fetch(client, 7, max_bytes, &bytes, &is_partial, error))
        return FALSE;
    g_assert_cmpint(bytes != NULL, ==, expected != NULL);
    g_assert_cmpint(is_partial, ==, partial);
    if (expected) {
        g_assert_cmpuint(g_bytes_get_size(bytes), ==, strlen(expected));
        g_assert_true(*expected == 0 ||
                      memcmp(g_bytes_get_data(bytes, NULL), expected, strlen(expected)) == 0);
    }
    return TRUE;
}

static gboolean
do_fetch(struct imap_client *client, GError **error)
{
    return fetch_is(client, 0, "Subject: x\r\n", FALSE, error);
}

static gboolean
do_fetch_gone(struct imap_client *client, GError **error)
{
    return fetch_is(client, 0, NULL, FALSE, error);
}

static gboolean
do_fetch_empty(struct imap_client *client, GError **error)
{
    return fetch_is(client, 0, "", FALSE, error);
}

/* 12 bytes announced, 100 sent, 20 wanted. */
static gboolean
do_fetch_lie(struct imap_client *client, GError **error)
{
    return fetch_is(client, 20, "yyyyyyyyyyyyyyyyyyyy", TRUE, error);
}

static gboolean
do_uidnext(struct imap_client *client, GError **error)
{
    guint32 uidnext;
    return imap_client_uidnext(client, "INBOX", &uidnext, error);
}

static gboolean
do_find_sent(struct imap_client *client, GError **error)
{
    g_autofree char *name = NULL;
    gboolean fit = imap_client_find_marked(client, "Sent", &name, error);
    g_assert_null(name);
    return fit;
}

static gboolean
do_append(struct imap_client *client, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new_static("Subject: x\r\n\r\n", 14);
    guint32 uid = 1;
    gboolean fit = imap_client_append(client, "Sent", bytes, TRUE, 1, &uid, error);
    g_assert_cmpuint(uid, ==, fit ? 8 : 0);
    return fit;
}

static gboolean
do_idle_with_news(struct imap_client *client, GError **error)
{
    gboolean changed = FALSE;
    if (!imap_client_idle(client, -1, LONG_MS, &changed, error))
        return FALSE;
    g_assert_true(changed);
    return TRUE;
}

/* News told in the answer to something else is not slept over. */
static gboolean
do_fetch_and_idle(struct imap_client *client, GError **error)
{
    return do_fetch(client, error) && do_idle_with_news(client, error);
}

static gboolean
do_idle_in_vain(struct imap_client *client, GError **error)
{
    gboolean changed = TRUE;
    if (!imap_client_idle(client, -1, 5, &changed, error))
        return FALSE;
    g_assert_false(changed);
    return TRUE;
}

static void
test_commands(void)
{
    static const struct {
        const char *scenario;
        gboolean (*act)(struct imap_client *client, GError **error);
        int deadline_ms;
        enum usher_error code; /* 0: it succeeds */
        const char *words;
        gboolean usable; /* afterwards */
    } cases[] = {
        {"normal", do_list, LONG_MS, 0, NULL, TRUE},
        {"normal", do_fetch, LONG_MS, 0, NULL, TRUE},
        {"normal", do_uidnext, LONG_MS, 0, NULL, TRUE},
        {"normal", do_find_sent, LONG_MS, 0, NULL, TRUE},
        {"normal", do_append, LONG_MS, 0, NULL, TRUE},
        {"normal", do_idle_in_vain, LONG_MS, 0, NULL, TRUE},
        {"drop", do_fetch, LONG_MS, USHER_ERROR_UNAVAILABLE, "closed the connection, while reading", FALSE},
        {"huge", do_fetch, LONG_MS, USHER_ERROR_PROTOCOL, "announced 1073741824", FALSE},
        {"huge-spaced", do_fetch, LONG_MS, USHER_ERROR_PROTOCOL, "announced 1073741824", FALSE},
        {"flood", do_fetch, LONG_MS, USHER_ERROR_PROTOCOL, "longer than", FALSE},
        {"drip", do_list, SOON_MS, USHER_ERROR_TEMP, "within the time", FALSE},
        {"deep", do_list, LONG_MS, USHER_ERROR_PROTOCOL, "too deep", FALSE},
        {"nul", do_noop, LONG_MS, USHER_ERROR_PROTOCOL, "NUL", FALSE},
        {"bye", do_noop, LONG_MS, USHER_ERROR_UNAVAILABLE, "going down for maintenance", FALSE},
        {"bye-padded", do_noop, LONG_MS, USHER_ERROR_UNAVAILABLE, "hidden", FALSE},
        {"bye-after", do_noop_twice, LONG_MS, USHER_ERROR_UNAVAILABLE, NULL, FALSE},
        {"bad", do_noop, LONG_MS, USHER_ERROR_PROTOCOL, "what?", FALSE},
        {"wrong-tag", do_noop, LONG_MS, USHER_ERROR_PROTOCOL, NULL, FALSE},
        {"status-empty", do_uidnext, LONG_MS, USHER_ERROR_PROTOCOL, "UIDNEXT", FALSE},
        {"status-none", do_uidnext, LONG_MS, USHER_ERROR_PROTOCOL, "UIDNEXT", FALSE},
        {"below", do_list_odd, LONG_MS, 0, NULL, TRUE},
        {"partly-no", do_list, LONG_MS, USHER_ERROR_TEMP, "some are gone", TRUE},
        {"gone", do_fetch_gone, LONG_MS, 0, NULL, TRUE},
        {"gone-between", do_fetch_gone, LONG_MS, 0, NULL, TRUE},
        {"nil-body", do_fetch_empty, LONG_MS, 0, NULL, TRUE},
        {"size-lie", do_fetch_lie, LONG_MS, 0, NULL, TRUE},
        {"news-before-plus", do_idle_with_news, LONG_MS, 0, NULL, TRUE},
        {"news-in-passing", do_fetch_and_idle, LONG_MS, 0, NULL, TRUE},
        {"no-idle", do_idle_with_news, LONG_MS, 0, NULL, TRUE},
        {"idle-refused", do_idle_with_news, LONG_MS, 0, NULL, TRUE},
        {"idle-bye", do_idle_with_news, LONG_MS, USHER_ERROR_UNAVAILABLE, "idle for too long", FALSE},
        {"append-news", do_append, LONG_MS, 0, NULL, TRUE},
        {"append-early-ok", do_append, LONG_MS, USHER_ERROR_PROTOCOL, NULL, FALSE},
        {"uidvalidity-moves", do_noop, LONG_MS, USHER_ERROR_TEMP, "replaced while it was read", FALSE},
        {"uidvalidity-stays", do_noop, LONG_MS, 0, NULL, TRUE},
        {"append-no", do_append, LONG_MS, USHER_ERROR_NO_INPUT, "no such folder", TRUE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("case %s", cases[i].scenario);
        struct fake fake = fake_start(cases[i].scenario);
        struct imap_server server = fake_server(&fake);
        server.deadline_ms = cases[i].deadline_ms;
        g_autoptr(GError) error = NULL;
        struct imap_client *client = imap_client_connect(&server, &error);
        g_assert_no_error(error);
        imap_client_select(client, "INBOX", NULL, &error);
        g_assert_no_error(error);
        gboolean fit = cases[i].act(client, &error);
        if (cases[i].code == 0)
            g_assert_no_error(error);
        else
            assert_failure(error, cases[i].code, cases[i].words);
        g_assert_cmpint(fit, ==, cases[i].code == 0);
        g_assert_cmpint(imap_client_is_usable(client), ==, cases[i].usable);
        imap_client_close(client);
        fake_stop(&fake);
    }
    struct rusage usage;
    g_assert_cmpint(getrusage(RUSAGE_SELF, &usage), ==, 0);
    g_assert_cmpint(usage.ru_maxrss, <, 512 * 1024); /* KiB: no announced gigabyte was ever taken */
}

/* ---- every fault at every step ---- */

static gboolean
do_everything(struct imap_client *client, GError **error)
{
    return imap_client_select(client, "INBOX", NULL, error) && do_list(client, error) &&
           do_fetch(client, error) && do_uidnext(client, error) && do_find_sent(client, error) &&
           do_append(client, error) && do_idle_in_vain(client, error) && do_noop(client, error);
}

/* Whatever is wrong, it is an error of the right kind within its time, and nothing is said afterwards. */
static void
test_steps(void)
{
    static const char *const steps[] = {"greeting", "CAPABILITY", "STARTTLS", "LOGIN", "EXAMINE",
                                        "NOOP",     "UID SEARCH", "STATUS",   "LIST",  "UID FETCH SIZE",
                                        "APPEND",   "MESSAGE",    "IDLE",     "DONE",  "UID FETCH BODY"};
    static const struct {
        const char *name;
        enum usher_error code;
    } faults[] = {
        {"bye", USHER_ERROR_UNAVAILABLE},
        {"drop", USHER_ERROR_UNAVAILABLE},
        {"drop-inside", USHER_ERROR_UNAVAILABLE},
        {"garbage", USHER_ERROR_PROTOCOL},
        {"tag", USHER_ERROR_PROTOCOL},
        {"bad", USHER_ERROR_PROTOCOL},
        {"drip", USHER_ERROR_TEMP},
        {"line", USHER_ERROR_PROTOCOL},
        {"literal", USHER_ERROR_PROTOCOL},
    };
    enum { ROWS = G_N_ELEMENTS(steps) * G_N_ELEMENTS(faults) };
    char *names[ROWS + 1] = {NULL};
    guint16 ports[ROWS];
    for (gsize i = 0; i < ROWS; i++)
        names[i] =
            g_strdup_printf("%s:%s", steps[i / G_N_ELEMENTS(faults)], faults[i % G_N_ELEMENTS(faults)].name);
    struct fake fake = {.process = fakes_start((const char *const *)names, ports)};
    for (gsize i = 0; i < ROWS; i++) {
        enum usher_error code = faults[i % G_N_ELEMENTS(faults)].code;
        gboolean bounded = strstr(names[i], ":drip") != NULL;
        gboolean optional = g_str_has_prefix(names[i], "IDLE:bad"); /* it asks by NOOP then */
        fake.port = ports[i];
        struct imap_server server = fake_server(&fake);
        if (g_str_has_prefix(names[i], "STARTTLS"))
            server.security = IMAP_STARTTLS;
        server.deadline_ms = bounded ? SOON_MS : LONG_MS;
        g_autoptr(GError) error = NULL;
        struct imap_client *client = imap_client_connect(&server, &error);
        gboolean fit = client && do_everything(client, &error);
        g_test_message("%s: %s", names[i], error ? error->message : "ok");
        g_assert_cmpint(fit, ==, optional);
        if (!optional) {
            assert_failure(error, code, NULL);
            g_assert_false(client && imap_client_is_usable(client));
        }
        imap_client_close(client);
        g_free(names[i]);
    }
    fake_stop(&fake);
}

/* ---- logins ---- */

static void
test_logins(void)
{
    static const char special[] = "p\"a\\s\303\244 \342\202\254{3}";
    static const struct {
        const char *scenario;
        enum secret_kind auth;
        const char *secret; /* NULL: 8192 times "t" */
        const char *login;  /* NULL: refused */
        const char *words;
        enum usher_error code;
    } rows[] = {
        {"plain-ir", SECRET_PASSWORD, special, "PLAIN", NULL, 0},
        {"plain-ir", SECRET_PASSWORD, "guess", NULL, "wrong", USHER_ERROR_NO_PERMISSION},
        {"plain-asked", SECRET_PASSWORD, special, "PLAIN", NULL, 0},
        {"plain-asked", SECRET_PASSWORD, "guess", NULL, "wrong", USHER_ERROR_NO_PERMISSION},
        {"literals", SECRET_PASSWORD, special, "LOGIN by literals", NULL, 0},
        {"literals", SECRET_PASSWORD, "gu\303\244ss", NULL, "wrong", USHER_ERROR_NO_PERMISSION},
        {"quoted", SECRET_PASSWORD, "p\"a\\s s", "LOGIN", NULL, 0},
        {"token-ir", SECRET_XOAUTH2, "good", "XOAUTH2", NULL, 0},
        {"token-ir", SECRET_OAUTHBEARER, "good", "OAUTHBEARER", NULL, 0},
        {"token-ir", SECRET_XOAUTH2, "bad", NULL, "(status 400, scope wanted: https://mail.example/)",
         USHER_ERROR_NO_PERMISSION},
        {"token-ir", SECRET_OAUTHBEARER, "bad", NULL, "(status 400", USHER_ERROR_NO_PERMISSION},
        {"token-asked", SECRET_XOAUTH2, "good", "XOAUTH2", NULL, 0},
        {"token-asked", SECRET_OAUTHBEARER, "good", "OAUTHBEARER", NULL, 0},
        {"token-asked", SECRET_XOAUTH2, "bad", NULL, "(status 400", USHER_ERROR_NO_PERMISSION},
        {"token-asked", SECRET_OAUTHBEARER, "bad", NULL, "(status 400", USHER_ERROR_NO_PERMISSION},
        {"token-none", SECRET_XOAUTH2, "good", NULL, "no login that takes", USHER_ERROR_NO_PERMISSION},
        {"token-long", SECRET_XOAUTH2, NULL, "XOAUTH2", NULL, 0},
        {"token-long", SECRET_OAUTHBEARER, NULL, "OAUTHBEARER", NULL, 0},
        {"token-down", SECRET_XOAUTH2, "good", NULL, "token server down", USHER_ERROR_UNAVAILABLE},
        {"token-drop", SECRET_XOAUTH2, "good", NULL, "closed", USHER_ERROR_UNAVAILABLE},
    };
    g_autofree char *long_token = g_strnfill(SECRET_TOKEN_BYTES, 't');
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct fake fake = fake_start(rows[i].scenario);
        struct imap_server server = fake_server(&fake);
        g_autoptr(GError) error = NULL;
        server.auth = rows[i].auth;
        server.password = rows[i].secret ? rows[i].secret : long_token;
        struct imap_client *client = imap_client_connect(&server, &error);
        g_test_message("%s: %s", rows[i].scenario, error ? error->message : "ok");
        g_assert_cmpstr(client ? imap_client_login(client) : NULL, ==, rows[i].login);
        if (!rows[i].login)
            assert_failure(error, rows[i].code, rows[i].words);
        else
            g_assert_true(imap_client_noop(client, NULL, &error));
        imap_client_close(client);
        fake_stop(&fake);
    }
}

/* A refused token is asked for again once. */
static void
test_renewal(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("usher-imap-XXXXXX", &error);
    g_autofree char *lock = g_build_filename(folder, "lock", NULL);
    g_autofree char *calls = g_build_filename(folder, "calls", NULL);
    struct fake fake = fake_start("token-ir");
    struct imap_server server = fake_server(&fake);
    scoped(secret_source_free) struct secret *secret = secret_new_command(
        SECRET_XOAUTH2, "token_command",
        "sh -c 'if test -e calls; then echo good; else touch calls; echo old; fi'", folder, lock, &error);
    scoped(secret_free) char *token = NULL;
    g_assert_no_error(error);
    g_assert_true(secret_read(secret, &token, &error));
    g_assert_cmpstr(token, ==, "old");
    server.auth = SECRET_XOAUTH2;
    server.password = token;
    server.secret = secret;
    struct imap_client *client = imap_client_connect(&server, &error);
    g_assert_no_error(error);
    g_assert_nonnull(client);
    scoped(secret_free) char *kept = NULL;
    g_assert_true(secret_read(secret, &kept, &error));
    g_assert_cmpstr(kept, ==, "good");
    imap_client_close(client);
    fake_stop(&fake);
    g_assert_cmpint(g_remove(calls) + g_remove(lock) + g_rmdir(folder), ==, 0);
}

static void
test_guard(void)
{
    static const struct {
        const char *bytes;
        enum imap_tagged tagged;
        const char *text;
        guint32 exists;
        gboolean news;
        int passed; /* bytes that pass; -1: all of them, no error */
    } cases[] = {
        {"1 OK done\r\n", IMAP_TAGGED_OK, "done", 0, FALSE, -1},
        {"a1 no  [X]  why\t\r\n", IMAP_TAGGED_NO, "[X] why", 0, FALSE, -1},
        {"1 BAD\r\n", IMAP_TAGGED_BAD, "", 0, FALSE, -1},
        {"1 OKAY\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* OK still here\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 3 EXISTS\r\n", IMAP_TAGGED_NONE, "", 3, TRUE, -1},
        {"* 0 EXISTS\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 3 exists\r\n* 1 EXPUNGE\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* 1 EXPUNGE\r\n", IMAP_TAGGED_NONE, "", 0, TRUE, -1},
        {"* 99999999999999 EXISTS\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (BODY[] {14}\r\n* 5 EXISTS\r\n\r\n UID 4)\r\n2 OK x\r\n", IMAP_TAGGED_OK, "x", 0, FALSE,
         -1},
        {"* 1 FETCH (BODY[] {20}\r\n* BYE\r\n1 NO X {99}\r\n)\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2,
         TRUE, -1},
        {"* LIST () \"/\" {5}\r\nINBOX\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* OK words {99}\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* LIST () \"/\" \"a {5}\"\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* LIST () \"(((((((((((((((((((((((((((((((((((((((((\" x\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* OK (((((((((((((((((((((((((((((((((((((((((((((((\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (((((((((((((((((((((((((((((((((((((((((\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"1 OK done\r\n* BYE\r\n", IMAP_TAGGED_OK, "done", 0, FALSE, 11},
        {"*bye\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"* BYEBYE\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (BODY[] {101}\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"* 1 FETCH (BODY[] {100}\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (BODY[] {99999999999999999999999999999}\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"1 OK \xff\x01 \xc3\xa9\r\n", IMAP_TAGGED_OK, "\xef\xbf\xbd  \xc3\xa9", 0, FALSE, -1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = strlen(cases[i].bytes);
        /* Whole, and byte by byte: where the network cuts must not matter. */
        for (gsize step = length; step > 0; step = step > 1 ? 1 : 0) {
            g_test_message("case %zu, step %zu", i, step);
            struct imap_guard *guard = imap_guard_new();
            imap_guard_begin(guard, 100);
            g_autoptr(GError) error = NULL;
            gsize passed = 0;
            for (gsize at = 0; at < length && !error; at += step)
                passed += imap_guard_filter(guard, cases[i].bytes + at, MIN(step, length - at), &error);
            gboolean news;
            g_assert_cmpint(error != NULL, ==, cases[i].passed >= 0);
            if (!error)
                g_assert_cmpuint(passed, ==, length);
            else if (step == length)
                g_assert_cmpuint(passed, ==, (guint)cases[i].passed);
            g_assert_cmpuint(imap_guard_exists(guard, &news), ==, cases[i].exists);
            g_assert_cmpint(news, ==, cases[i].news);
            g_assert_cmpint(imap_guard_tagged(guard), ==, cases[i].tagged);
            g_assert_cmpstr(imap_guard_text(guard), ==, cases[i].text);
            imap_guard_free(guard);
        }
    }
}

static void
test_utf7(void)
{
    static const struct {
        const char *name;
        const char *wire;
    } good[] = {
        {"", ""},
        {"INBOX", "INBOX"},
        {"R&D", "R&-D"},
        {"Entwürfe", "Entw&APw-rfe"},
        {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
        {"\xf0\x9f\x93\xa7", "&2D3c5w-"},
        {"a\tb\r\n", "a&AAk-b&AA0ACg-"},
        {"\"\\", "\"\\"},
        {"é&é", "&AOk-&-&AOk-"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *wire = imap_utf7_encode(good[i].name);
        g_assert_cmpstr(wire, ==, good[i].wire);
        g_autofree char *name = imap_utf7_decode(good[i].wire);
        g_assert_cmpstr(name, ==, good[i].name);
    }
    g_assert_null(imap_utf7_encode("\xff"));
    static const char *const bad[] = {
        "&",          "&AOk",  "&AOk=-", "&AO/-",           "&AOm-", /* spare bits */
        "&AGE-",                                                     /* an "a" has no need of it */
        "&AOk-&AOk-",                                                /* two runs that are one */
        "&2D0-",      "&3Oc-", "&AAA-",  "Entw\303\274rfe", "a&b-",  "\x01",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *name = imap_utf7_decode(bad[i]);
        g_assert_null(name);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/imap-faults/utf7", test_utf7);
    g_test_add_func("/wire/imap-faults/guard", test_guard);
    g_test_add_func("/wire/imap-faults/connect", test_connect);
    g_test_add_func("/wire/imap-faults/steps", test_steps);
    g_test_add_func("/wire/imap-faults/logins", test_logins);
    g_test_add_func("/wire/imap-faults/renewal", test_renewal);
    g_test_add_func("/wire/imap-faults/commands", test_commands);
    return g_test_run();
}
