/* The IMAP client against servers that do one thing wrong, at every step. */
#include "wire_imap_rig.h"

#include <stdlib.h>
#include <sys/resource.h>

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

static gboolean
do_list_nothing(struct imap_client *client, GError **error)
{
    g_autoptr(GArray) list = NULL;
    if (!imap_client_list_since(client, 7, 0, &list, error))
        return FALSE;
    g_assert_cmpuint(list->len, ==, 0);
    return TRUE;
}

static gboolean
do_look_in_vain(struct imap_client *client, GError **error)
{
    gboolean there = TRUE;
    if (!imap_client_lists(client, 7, &there, error))
        return FALSE;
    g_assert_false(there);
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
        {"search-untold", do_list_nothing, LONG_MS, USHER_ERROR_PROTOCOL, "UID SEARCH", FALSE},
        {"search-untold", do_look_in_vain, LONG_MS, USHER_ERROR_PROTOCOL, "UID SEARCH", FALSE},
        {"search-esearch", do_list_nothing, LONG_MS, USHER_ERROR_PROTOCOL, "cannot be understood", FALSE},
        {"search-untold-none", do_list_nothing, LONG_MS, 0, NULL, TRUE},
        {"search-untold-none", do_look_in_vain, LONG_MS, 0, NULL, TRUE},
        {"search-untold-some", do_list, LONG_MS, 0, NULL, TRUE},
        {"search-untold-empty", do_list_nothing, LONG_MS, 0, NULL, TRUE},
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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/imap-faults/connect", test_connect);
    g_test_add_func("/wire/imap-faults/steps", test_steps);
    g_test_add_func("/wire/imap-faults/commands", test_commands);
    return g_test_run();
}
