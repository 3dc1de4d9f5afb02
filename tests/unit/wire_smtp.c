/* The SMTP client against a scripted server: what arrives, whom it connects to, and what it refuses to send.
 */
#include "wire_smtp_rig.h"

#include <ifaddrs.h>
#include <netdb.h>

/* What the server kept is what was given, dots and all. */
static void
test_bytes(void)
{
    g_autofree char *ca_file = in_folder("ca.pem");

    for (enum route route = ROUTE_BARE; route <= ROUTE_IMPLICIT; route++) {
        g_autofree char *store = g_strdup_printf("bytes-%d", (int)route);
        g_autofree char *bytes = message_make(5000);
        const char *const recipients[] = {"one@customer.example"};
        struct smtp_mail mail = mail_make(recipients, 1, bytes);
        struct caller caller = caller_make(&mail, 1);
        struct smtp_server server = route == ROUTE_IMPLICIT ? server_implicit("", ca_file) : server_plain("");
        g_autoptr(GError) error = NULL;

        script_set(store, route == ROUTE_FULL, route == ROUTE_IMPLICIT ? "=good" : NULL, "");
        g_assert_true(smtp_client_send(&server, &handler, &caller, NULL, &error));
        g_assert_no_error(error);
        g_autofree char *log = log_read(store);
        char *kept = strstr(log, "(kept ");
        g_assert_nonnull(kept);
        g_autofree char *name = g_strndup(kept + 6, 8);
        g_autofree char *path = g_build_filename(folder, store, name, NULL);
        g_autofree char *got = NULL;
        g_assert_true(g_file_get_contents(path, &got, NULL, NULL));
        g_assert_cmpstr(got, ==, bytes);
        caller_clear(&caller);
    }
}

/* ---- connecting ---- */

static void
test_unreachable(gconstpointer security)
{
    struct smtp_server server = server_plain("");
    g_autofree char *verdict = NULL;
    g_autoptr(GSocketListener) listener = g_socket_listener_new();
    struct smtp_report report = {0};

    server.security = (enum smtp_security)GPOINTER_TO_INT(security);
    /* A port that was free a moment ago. */
    server.port = g_socket_listener_add_any_inet_port(listener, NULL, NULL);
    g_socket_listener_close(listener);
    g_autoptr(GError) error = NULL;
    g_assert_false(send_one(&server, &verdict, &report, &error));
    g_assert_error(error, USHER_ERROR, UNAVAILABLE);
    assert_contains(error->message, "cannot be reached: Connection refused");
    g_assert_cmpstr(verdict, ==, "not transmitted");
    g_assert_null(report.peer);

    g_clear_error(&error);
    g_clear_pointer(&verdict, g_free);
    server.host = "no-such-host.invalid";
    g_assert_false(send_one(&server, &verdict, NULL, &error));
    g_assert_error(error, USHER_ERROR, UNAVAILABLE);
    g_assert_cmpstr(verdict, ==, "not transmitted");
}

/* A connect() that nobody answers ends with our time-out, not with the kernel's two minutes. */
static void
test_connect_hangs(gconstpointer security)
{
    g_autofree char *where = in_folder("full");
    const char *const argv[] = {RIG "fake_smtp.py", where, "full", NULL};
    struct smtp_server server = server_plain("stall");
    g_autofree char *verdict = NULL;
    g_autoptr(GError) error = NULL;
    GSubprocess *process = server_start(argv, &server.port);

    server.security = (enum smtp_security)GPOINTER_TO_INT(security);
    g_assert_false(send_one(&server, &verdict, NULL, &error));
    g_assert_error(error, USHER_ERROR, UNAVAILABLE);
    assert_contains(error->message, "no connection within 0.4 s");
    g_assert_cmpstr(verdict, ==, "not transmitted");
    server_stop(process);
}

/* An address of this host that is not a loopback one, or NULL. */
static char *
own_address(void)
{
    struct ifaddrs *all = NULL;
    char text[NI_MAXHOST] = "";

    getifaddrs(&all);
    for (const struct ifaddrs *one = all; one != NULL && *text == '\0'; one = one->ifa_next)
        if (one->ifa_addr != NULL && one->ifa_addr->sa_family == AF_INET &&
            getnameinfo(one->ifa_addr, sizeof(struct sockaddr_in), text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) == 0 &&
            g_str_has_prefix(text, "127."))
            *text = '\0';
    freeifaddrs(all);
    return *text == '\0' ? NULL : g_strdup(text);
}

/* Without TLS not a command leaves for a peer that is not on this host. */
static void
test_plain_elsewhere(gconstpointer auth)
{
    g_autofree char *where = in_folder("elsewhere");
    g_autofree char *address = own_address();
    g_autofree char *verdict = NULL;
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {RIG "fake_smtp.py", where, "any", NULL};
    struct smtp_server server = server_plain("");

    if (address == NULL) {
        g_test_skip("this host has no address but loopback");
        return;
    }
    GSubprocess *process = server_start(argv, &server.port);
    server.host = address;
    if ((enum secret_kind)GPOINTER_TO_INT(auth) != SECRET_PASSWORD) {
        server.auth = (enum secret_kind)GPOINTER_TO_INT(auth);
        server.user = server.password = "ann";
    }
    g_assert_false(send_one(&server, &verdict, NULL, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
    assert_contains(error->message, "does not leave it without TLS");
    g_assert_cmpstr(verdict, ==, "not transmitted");
    server_stop(process);
    g_autofree char *log = log_read("elsewhere");
    g_assert_null(strstr(log, "C: EHLO"));
}

static void
test_server_refused(void)
{
    static const struct {
        struct smtp_server server;
        const char *words;
    } rows[] = {
        {{.host = "127.0.0.1", .port = 465, .security = SMTP_IMPLICIT_TLS, .ca_file = "/nonexistent.pem"},
         "/nonexistent.pem"},
        {{.host = "127.0.0.1", .port = 465, .security = SMTP_IMPLICIT_TLS, .tls_name = ".example"},
         "neither a host name"},
        {{.host = "127.0.0.1", .port = 465, .auth = SECRET_XOAUTH2}, "both a user and a token"},
        {{.host = "::1", .port = 25}, "host name or an IPv4"},
        {{.host = "a b", .port = 25}, "host name or an IPv4"},
        {{.host = NULL, .port = 25}, "host name or an IPv4"},
        {{.host = "127.0.0.1"}, "expected a port"},
        {{.host = "127.0.0.1", .port = 25, .helo = "a\r\nMAIL FROM:<>"}, "for EHLO"},
        {{.host = "127.0.0.1", .port = 25, .security = SMTP_STARTTLS, .ca_file = "/nonexistent.pem"},
         "/nonexistent.pem"},
        {{.host = "127.0.0.1", .port = 25, .security = SMTP_STARTTLS, .tls_name = ".example"},
         "neither a host name"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *verdict = NULL;
        g_assert_false(send_one(&rows[i].server, &verdict, NULL, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
        assert_contains(error->message, rows[i].words);
        g_assert_cmpstr(verdict, ==, "");
    }
}

/* ---- the check ---- */

static void
test_check(void)
{
    static const struct {
        const char *name;
        const char *from;
        const char *lines;
        int error;
        const char *words;
    } rows[] = {
        {"good", NULL, "login ann secret", 0, NULL},
        {"sender", "ann@team.example", "login ann secret", 0, NULL},
        {"sender-refused", "ann@team.example", "login ann secret\nfault mail 553 5.7.1 not yours",
         NO_PERMISSION, "refuses the sender: 553 5.7.1 not yours"},
        {"null-sender-refused", NULL, "login ann secret\nfault mail 553 5.7.1 not empty", 0, NULL},
        {"wrong-password", NULL, "login ann other", NO_PERMISSION, "refuses the login: 535"},
        {"stall", NULL, "login ann secret\nfault mail stall", UNAVAILABLE, "MAIL"},
        {"bad-address", "ann@team.example\r\nRCPT TO:<x@y>", "", USHER_ERROR_DATA, "control character"},
    };

    g_autofree char *ca_file = in_folder("ca.pem");
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        gboolean implicit = i >= G_N_ELEMENTS(rows);
        gsize row = i % G_N_ELEMENTS(rows);
        g_autofree char *store = g_strdup_printf("check-%s-%d", rows[row].name, implicit);
        g_autoptr(GError) error = NULL;
        struct smtp_report report = {0};
        struct smtp_server server =
            implicit ? server_implicit(rows[row].name, ca_file) : server_plain(rows[row].name);
        server.user = "ann";
        server.password = "secret";
        script_set(store, i % 2 == 0, implicit ? "=good" : NULL, rows[row].lines);
        gboolean ok = smtp_client_check(&server, rows[row].from, &report, &error);
        g_test_message("%s: %s", store, error != NULL ? error->message : "ok");
        g_assert_true(ok == (error == NULL));
        g_assert_cmpint(error != NULL ? error->code : 0, ==, rows[row].error);
        if (rows[row].words != NULL)
            assert_contains(error->message, rows[row].words);
        g_autofree char *log = log_read(store);
        g_assert_null(strstr(log, "C: DATA"));
        g_assert_null(strstr(log, "C: BDAT"));
        if (ok) {
            assert_contains(log, "C: QUIT");
            g_assert_cmpstr(report.login, ==, "PLAIN");
            assert_contains(report.extensions, "SIZE");
            g_assert_cmpint(report.certificate_end_us != 0, ==, implicit);
        }
        smtp_report_clear(&report);
    }
}

/* A message or address that is not fit is refused here, and the others go. */
static void
test_unfit(gconstpointer route)
{
    static const char *const mixed[] = {"good@customer.example", "bad@customer.example\r\nDATA"};
    static const char *const bad[] = {"j\xc3\xbcrgen@customer.example"};
    const char *bytes = HEADER "\r\nhello\r\n";
    const char *smuggled = HEADER "\r\nhello\n.\nmore\r\n";
    struct smtp_mail mails[] = {
        mail_make(bad, 1, bytes),
        mail_make(mixed, 2, bytes),
        mail_make(mixed, 1, smuggled),
        {.mail_from = "ann@team.example>",
         .recipients = mixed,
         .n_recipients = 1,
         .bytes = bytes,
         .length = strlen(bytes)},
        mail_make(mixed, 0, bytes),
        mail_make(mixed, 1, bytes),
    };
    struct caller caller = caller_make(mails, G_N_ELEMENTS(mails));
    g_autofree char *ca_file = in_folder("ca.pem");
    gboolean implicit = GPOINTER_TO_INT(route) == ROUTE_IMPLICIT;
    struct smtp_server server = implicit ? server_implicit("", ca_file) : server_plain("");
    g_autofree char *store = g_strdup_printf("unfit-%d", implicit);
    g_autoptr(GError) error = NULL;

    script_set(store, FALSE, implicit ? "=good" : NULL, "");
    g_assert_true(smtp_client_send(&server, &handler, &caller, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(caller.verdicts->str, ==, "refused; sent, refused; refused; refused; ; sent");
    assert_contains(caller.details->str, "SMTPUTF8");
    assert_contains(caller.details->str, "LF without CR");
    g_autofree char *log = log_read(store);
    g_assert_null(strstr(log, "bad@"));
    g_assert_null(strstr(log, "C: more"));
    caller_clear(&caller);
}

static void
test_max_messages(gconstpointer route)
{
    const char *const recipients[] = {"one@customer.example"};
    const char *bytes = HEADER "\r\nhello\r\n";
    struct smtp_mail mails[5];
    struct caller caller = caller_make(mails, 5);
    g_autofree char *ca_file = in_folder("ca.pem");
    gboolean implicit = GPOINTER_TO_INT(route) == ROUTE_IMPLICIT;
    struct smtp_server server = implicit ? server_implicit("", ca_file) : server_plain("");
    struct smtp_report report = {0};
    guint calls = 0;

    for (int i = 0; i < 5; i++)
        mails[i] = mail_make(recipients, 1, bytes);
    server.max_messages = 2;
    script_set("max", FALSE, implicit ? "=good" : NULL, "");
    do {
        g_assert_true(smtp_client_send(&server, &handler, &caller, &report, NULL));
        calls++;
    } while (report.more);
    g_assert_cmpuint(calls, ==, 3);
    g_assert_cmpstr(caller.verdicts->str, ==, "sent; sent; sent; sent; sent");
    assert_contains(report.peer, "127.0.0.1:");
    smtp_report_clear(&report);
    caller_clear(&caller);
}

static void
add_tests(void)
{
    g_test_add_func("/smtp/bytes", test_bytes);
    g_test_add_func("/smtp/server-refused", test_server_refused);
#define ADD(name, value, function) g_test_add_data_func("/smtp/" name, GINT_TO_POINTER(value), function)
    ADD("unreachable/plain", SMTP_PLAIN_LOOPBACK, test_unreachable);
    ADD("unreachable/implicit", SMTP_IMPLICIT_TLS, test_unreachable);
    ADD("connect-hangs/plain", SMTP_PLAIN_LOOPBACK, test_connect_hangs);
    ADD("connect-hangs/implicit", SMTP_IMPLICIT_TLS, test_connect_hangs);
    ADD("plain-elsewhere/password", SECRET_PASSWORD, test_plain_elsewhere);
    ADD("plain-elsewhere/token", SECRET_XOAUTH2, test_plain_elsewhere);
    ADD("unfit/plain", ROUTE_BARE, test_unfit);
    ADD("unfit/implicit", ROUTE_IMPLICIT, test_unfit);
    ADD("max-messages/plain", ROUTE_BARE, test_max_messages);
    ADD("max-messages/implicit", ROUTE_IMPLICIT, test_max_messages);
    g_test_add_func("/smtp/check", test_check);
}

int
main(int argc, char **argv)
{
    return rig_run(argc, argv, add_tests);
}
