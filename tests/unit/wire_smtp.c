/* The SMTP client against a scripted server: what each failure is worth as a verdict, whatever extensions it
 * offers; whom it connects to; what it refuses to send. */
#include "wire_smtp_rig.h"

#include <ifaddrs.h>
#include <netdb.h>

/* ---- faults ---- */

struct fault {
    const char *name;
    const char *script;
    guint mails;
    guint recipients;
    gsize body; /* bytes; 0 for a short one */
    int give_up;
    const char *verdicts;
    int error;         /* 0 for none */
    const char *words; /* in the error, or else in the outcomes */
    int kept;          /* messages the server kept */
    int begun;
    gboolean more;
};

static const struct fault faults[] = {
    {.name = "all-well",
     .script = "",
     .mails = 3,
     .recipients = 2,
     .verdicts = "sent, sent; sent, sent; sent, sent",
     .words = "250 2.0.0 taken",
     .kept = 3,
     .begun = 3},
    {.name = "nothing", .script = "", .mails = 0, .verdicts = ""},
    {.name = "long-body",
     .script = "",
     .mails = 2,
     .recipients = 1,
     .body = 300000,
     .verdicts = "sent; sent",
     .kept = 2,
     .begun = 2},

    {.name = "connect-5xx",
     .script = "fault connect 554 5.3.2 no service",
     .mails = 2,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "refuses at the greeting: 554 5.3.2 no service"},
    {.name = "connect-4xx",
     .script = "fault connect 421 4.3.2 too busy",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "421 4.3.2 too busy"},
    {.name = "connect-drop",
     .script = "fault connect drop",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "ended the session at the greeting"},
    {.name = "connect-stall",
     .script = "fault connect stall",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "has not answered the greeting within 0.4 s"},
    {.name = "connect-garbage",
     .script = "fault connect garbage",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = PROTOCOL,
     .words = "not SMTP"},
    {.name = "ehlo-4xx",
     .script = "fault ehlo 451 4.7.1 later",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "refuses at EHLO: 451 4.7.1 later"},
    {.name = "ehlo-5xx",
     .script = "fault ehlo 550 5.7.1 not you",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "refuses at EHLO: 550 5.7.1 not you"},
    {.name = "ehlo-helo",
     .script = "fault ehlo 502 what",
     .mails = 1,
     .recipients = 1,
     .verdicts = "sent",
     .kept = 1,
     .begun = 1},
    {.name = "ehlo-drop",
     .script = "fault ehlo drop",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "at EHLO"},

    {.name = "mail-4xx",
     .script = "fault mail#1 451 4.3.0 later",
     .mails = 2,
     .recipients = 2,
     .verdicts = "deferred, deferred; sent, sent",
     .words = "451 4.3.0 later",
     .kept = 1,
     .begun = 1},
    {.name = "mail-5xx",
     .script = "fault mail#2 553 5.7.1 not yours",
     .mails = 3,
     .recipients = 1,
     .verdicts = "sent; refused; sent",
     .words = "553 5.7.1 not yours",
     .kept = 2,
     .begun = 2},
    {.name = "mail-421",
     .script = "fault mail#1 421 4.4.2 closing",
     .mails = 2,
     .recipients = 1,
     .verdicts = "deferred",
     .words = "421 4.4.2 closing",
     .more = TRUE},
    {.name = "mail-530",
     .script = "fault mail 530 5.7.0 log in",
     .mails = 2,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = USHER_ERROR_NO_PERMISSION,
     .words = "530 5.7.0 log in"},
    {.name = "mail-drop",
     .script = "fault mail drop",
     .mails = 2,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "at MAIL"},
    {.name = "mail-stall",
     .script = "fault mail stall",
     .mails = 2,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "has not answered MAIL within"},
    {.name = "mail-garbage",
     .script = "fault mail garbage",
     .mails = 2,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = PROTOCOL,
     .words = "answered MAIL with something that is not SMTP"},
    {.name = "mail-second-drop",
     .script = "fault mail#2 drop",
     .mails = 3,
     .recipients = 1,
     .verdicts = "sent; not transmitted",
     .error = UNAVAILABLE,
     .kept = 1,
     .begun = 1},

    {.name = "rcpt-one",
     .script = "fault rcpt#1 550 5.1.1 who",
     .mails = 2,
     .recipients = 2,
     .verdicts = "refused, sent; sent, sent",
     .words = "550 5.1.1 who",
     .kept = 2,
     .begun = 2},
    {.name = "rcpt-mixed",
     .script = "fault rcpt#1 450 4.2.1 later\nfault rcpt#3 551 5.1.6 moved",
     .mails = 1,
     .recipients = 3,
     .verdicts = "deferred, sent, refused",
     .words = "450 4.2.1 later",
     .kept = 1,
     .begun = 1},
    {.name = "rcpt-all",
     .script = "fault rcpt#1 550 5.1.1 who\nfault rcpt#2 452 4.5.3 many",
     .mails = 2,
     .recipients = 2,
     .verdicts = "refused, deferred; sent, sent",
     .kept = 1,
     .begun = 1},
    {.name = "rcpt-3xx",
     .script = "fault rcpt#1 354 odd",
     .mails = 1,
     .recipients = 2,
     .verdicts = "unknown, sent",
     .kept = 1,
     .begun = 1},
    {.name = "rcpt-multi-line",
     .script = "fault rcpt 550 5.1.1 first|5.1.1 second line",
     .mails = 1,
     .recipients = 1,
     .verdicts = "refused",
     .words = "550 5.1.1 first"},
    {.name = "rcpt-stall",
     .script = "fault rcpt stall",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE},
    {.name = "rcpt-drop",
     .script = "fault rcpt drop",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE},
    {.name = "rcpt-421-all",
     .script = "fault rcpt 421 4.3.2 going",
     .mails = 2,
     .recipients = 1,
     .verdicts = "deferred",
     .more = TRUE},

    {.name = "rcpt-drip-stall",
     .script = "fault rcpt drip",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = -1},
    {.name = "data-4xx",
     .script = "fault data#1 451 4.3.0 later",
     .mails = 2,
     .recipients = 1,
     .verdicts = "deferred",
     .words = "451 4.3.0 later",
     .more = TRUE},
    {.name = "data-5xx",
     .script = "fault data 554 5.7.1 spam",
     .mails = 2,
     .recipients = 1,
     .verdicts = "refused",
     .words = "554 5.7.1 spam",
     .more = TRUE},
    {.name = "data-2xx",
     .script = "fault data 250 2.0.0 fine without",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .more = TRUE},
    {.name = "data-drop",
     .script = "fault data drop",
     .mails = 2,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "at DATA"},
    {.name = "data-stall",
     .script = "fault data stall",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE},

    {.name = "body-drop",
     .script = "fault body drop",
     .mails = 2,
     .recipients = 1,
     .body = 16000000,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "the message's body",
     .begun = 1},
    {.name = "body-stall",
     .script = "fault body stall",
     .mails = 2,
     .recipients = 1,
     .body = 0,
     .verdicts = "unknown",
     .error = UNAVAILABLE,
     .words = "the final dot",
     .begun = 1},

    {.name = "body-stall-long",
     .script = "fault body freeze",
     .mails = 2,
     .recipients = 1,
     .body = 16000000,
     .verdicts = "not transmitted",
     .error = UNAVAILABLE,
     .words = "the message's body",
     .begun = 1},

    {.name = "dot-4xx",
     .script = "fault dot#1 452 4.2.2 full",
     .mails = 2,
     .recipients = 1,
     .verdicts = "deferred; sent",
     .words = "452 4.2.2 full",
     .kept = 1,
     .begun = 2},
    {.name = "dot-5xx",
     .script = "fault dot#1 554 5.6.0 bad",
     .mails = 2,
     .recipients = 2,
     .verdicts = "refused, refused; sent, sent",
     .words = "554 5.6.0 bad",
     .kept = 1,
     .begun = 2},
    {.name = "dot-5xx-last",
     .script = "fault dot 554 5.6.0 bad",
     .mails = 1,
     .recipients = 1,
     .verdicts = "refused",
     .begun = 1},
    {.name = "dot-drop",
     .script = "fault dot drop",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .error = UNAVAILABLE,
     .words = "the final dot",
     .begun = 1},
    {.name = "dot-take-drop",
     .script = "fault dot take-drop",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .error = UNAVAILABLE,
     .kept = 1,
     .begun = 1},
    {.name = "dot-stall",
     .script = "fault dot stall",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .error = UNAVAILABLE,
     .words = "has not answered the final dot within",
     .begun = 1},
    {.name = "dot-garbage",
     .script = "fault dot garbage",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .begun = 1,
     .error = -1},
    {.name = "dot-flood", /* a consent without its end is none */
     .script = "fault dot flood",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .error = PROTOCOL,
     .words = "answered the final dot with something that is not SMTP",
     .kept = 1,
     .begun = 1},
    {.name = "dot-endless",
     .script = "fault dot endless",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .error = PROTOCOL,
     .words = "answered the final dot with something that is not SMTP",
     .kept = 1,
     .begun = 1},
    {.name = "early-2xx", /* nor is one to what has not been said yet */
     .script = "fault data meet 250 2.0.0 taken already\nfault dot drop",
     .mails = 2,
     .recipients = 1,
     .verdicts = "unknown",
     .error = PROTOCOL,
     .words = "answered the message before its end",
     .begun = 1},
    {.name = "early-5xx",
     .script = "fault data meet 552 5.3.4 too big\nfault dot drop",
     .mails = 1,
     .recipients = 1,
     .verdicts = "refused",
     .words = "552 5.3.4 too big",
     .begun = 1},
    {.name = "dot-354",
     .script = "fault dot 354 more please",
     .mails = 1,
     .recipients = 1,
     .verdicts = "unknown",
     .begun = 1},
    {.name = "dot-multi-line",
     .script = "fault dot 250 2.0.0 taken|2.0.0 as 1234",
     .mails = 1,
     .recipients = 1,
     .verdicts = "sent",
     .words = "250 2.0.0 taken",
     .kept = 1,
     .begun = 1},
    {.name = "dot-421",
     .script = "fault dot 421 4.3.2 going",
     .mails = 2,
     .recipients = 1,
     .verdicts = "deferred",
     .begun = 1,
     .more = TRUE},
    {.name = "dot-refused-rcpt",
     .script = "fault rcpt#1 550 5.1.1 who\nfault dot drop",
     .mails = 1,
     .recipients = 2,
     .verdicts = "refused, unknown",
     .error = UNAVAILABLE,
     .begun = 1},

    {.name = "rset-drop",
     .script = "fault rset drop\nfault dot#1 554 5.6.0 bad",
     .mails = 2,
     .recipients = 1,
     .verdicts = "refused; not transmitted",
     .error = UNAVAILABLE,
     .begun = 1},
    {.name = "quit-drop",
     .script = "fault quit drop",
     .mails = 2,
     .recipients = 1,
     .verdicts = "sent; sent",
     .kept = 2,
     .begun = 2},
    {.name = "quit-stall",
     .script = "fault quit stall",
     .mails = 1,
     .recipients = 1,
     .verdicts = "sent",
     .kept = 1,
     .begun = 1},
    {.name = "quit-garbage",
     .script = "fault quit garbage",
     .mails = 1,
     .recipients = 1,
     .verdicts = "sent",
     .kept = 1,
     .begun = 1},

    {.name = "give-up-first",
     .script = "",
     .mails = 2,
     .recipients = 1,
     .give_up = 1,
     .verdicts = "not transmitted",
     .words = "no row changed",
     .begun = 1,
     .more = TRUE},
    {.name = "give-up-second",
     .script = "",
     .mails = 3,
     .recipients = 1,
     .give_up = 2,
     .verdicts = "sent; not transmitted",
     .words = "no row changed",
     .kept = 1,
     .begun = 2,
     .more = TRUE},
    {.name = "enhanced-unannounced",
     .script = "fault ehlo 250 fake.example\nfault rcpt 550 5.1.1 who",
     .mails = 1,
     .recipients = 1,
     .verdicts = "refused",
     .words = "550 5.1.1 who"},
    {.name = "login-wanted",
     .script = "login ann secret",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = USHER_ERROR_NO_PERMISSION,
     .words = "530 5.7.0 log in first"},
    {.name = "two-answers",
     .script = "fault mail inject 250 2.1.0 again",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = PROTOCOL,
     .words = "more than one answer to MAIL"},
    {.name = "two-answers-dot",
     .script = "fault dot inject 250 2.0.0 again",
     .mails = 2,
     .recipients = 1,
     .verdicts = "sent",
     .error = PROTOCOL,
     .words = "more than one answer to the final dot",
     .kept = 1,
     .begun = 1},
    {.name = "flood-line",
     .script = "fault mail flood",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = PROTOCOL,
     .words = "not SMTP"},
    {.name = "flood-lines",
     .script = "fault ehlo floods",
     .mails = 1,
     .recipients = 1,
     .verdicts = "not transmitted",
     .error = PROTOCOL,
     .words = "answers without end"},
};

/* Over libesmtp without and with extensions, and over libetpan, which uses none. */
enum route { ROUTE_BARE, ROUTE_FULL, ROUTE_IMPLICIT };

static void
fault_run(const struct fault *fault, enum route route)
{
    static const char *const route_names[] = {"bare", "full", "implicit"};
    g_autofree char *ca_file = in_folder("ca.pem");

    static const char *const recipients[] = {"one@customer.example", "two@customer.example",
                                             "three@customer.example"};
    g_autofree char *store = g_strdup_printf("%s-%s", fault->name, route_names[route]);
    g_autofree char *bytes = message_make(fault->body);
    g_autofree struct smtp_mail *mails = g_new0(struct smtp_mail, fault->mails + 1);
    struct caller caller = {.mails = mails,
                            .n_mails = fault->mails,
                            .give_up = fault->give_up,
                            .verdicts = g_string_new(NULL),
                            .details = g_string_new(NULL)};
    struct smtp_server server =
        route == ROUTE_IMPLICIT ? server_implicit(fault->name, ca_file) : server_plain(fault->name);
    struct smtp_report report = {0};
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < fault->mails; i++)
        mails[i] = (struct smtp_mail){.mail_from = "ann@team.example",
                                      .recipients = recipients,
                                      .n_recipients = fault->recipients,
                                      .bytes = bytes,
                                      .length = strlen(bytes)};
    script_set(store, route != ROUTE_BARE, route == ROUTE_IMPLICIT ? "=good" : NULL, fault->script);
    if (strstr(fault->script, "meet") != NULL)
        caller.meets = store;
    gboolean ok = smtp_client_send(&server, &handler, &caller, &report, &error);

    g_test_message("%s: %s | %s | %s", store, caller.verdicts->str, error != NULL ? error->message : "ok",
                   caller.details->str);
    g_assert_cmpuint(caller.done, ==, caller.next);
    if (fault->verdicts != NULL)
        g_assert_cmpstr(caller.verdicts->str, ==, fault->verdicts);
    g_assert_true(ok == (error == NULL));
    if (fault->error >= 0)
        g_assert_cmpint(error != NULL ? error->code : 0, ==, fault->error);
    if (fault->words != NULL)
        assert_contains(error != NULL ? error->message : caller.details->str, fault->words);
    if (fault->begun >= 0)
        g_assert_cmpuint(caller.begun, ==, (guint)fault->begun);
    g_assert_cmpint(report.more, ==, fault->more);
    g_assert_cmpint(kept_count(store), ==, fault->kept);
    g_autofree char *log = log_read(store);
    g_assert_null(strstr(log, "C: BDAT"));
    smtp_report_clear(&report);
    caller_clear(&caller);
}

static void
test_faults(gconstpointer data)
{
    const struct fault *fault = data;

    fault_run(fault, ROUTE_FULL);
    fault_run(fault, ROUTE_IMPLICIT);
    if (strstr(fault->name, "stall") == NULL)
        fault_run(fault, ROUTE_BARE);
}

/* What the server kept is what was given, dots and all. */
static void
test_bytes(void)
{
    g_autofree char *ca_file = in_folder("ca.pem");

    for (enum route route = ROUTE_BARE; route <= ROUTE_IMPLICIT; route++) {
        g_autofree char *store = g_strdup_printf("bytes-%d", (int)route);
        g_autofree char *bytes = message_make(5000);
        const char *const recipients[] = {"one@customer.example"};
        struct smtp_mail mail = {.mail_from = "ann@team.example",
                                 .recipients = recipients,
                                 .n_recipients = 1,
                                 .bytes = bytes,
                                 .length = strlen(bytes)};
        struct caller caller = {
            .mails = &mail, .n_mails = 1, .verdicts = g_string_new(NULL), .details = g_string_new(NULL)};
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
        {.mail_from = "ann@team.example",
         .recipients = bad,
         .n_recipients = 1,
         .bytes = bytes,
         .length = strlen(bytes)},
        {.mail_from = "ann@team.example",
         .recipients = mixed,
         .n_recipients = 2,
         .bytes = bytes,
         .length = strlen(bytes)},
        {.mail_from = "ann@team.example",
         .recipients = mixed,
         .n_recipients = 1,
         .bytes = smuggled,
         .length = strlen(smuggled)},
        {.mail_from = "ann@team.example>",
         .recipients = mixed,
         .n_recipients = 1,
         .bytes = bytes,
         .length = strlen(bytes)},
        {.mail_from = "ann@team.example",
         .recipients = mixed,
         .n_recipients = 0,
         .bytes = bytes,
         .length = strlen(bytes)},
        {.mail_from = "ann@team.example",
         .recipients = mixed,
         .n_recipients = 1,
         .bytes = bytes,
         .length = strlen(bytes)},
    };
    struct caller caller = {.mails = mails,
                            .n_mails = G_N_ELEMENTS(mails),
                            .verdicts = g_string_new(NULL),
                            .details = g_string_new(NULL)};
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
    struct caller caller = {
        .mails = mails, .n_mails = 5, .verdicts = g_string_new(NULL), .details = g_string_new(NULL)};
    g_autofree char *ca_file = in_folder("ca.pem");
    gboolean implicit = GPOINTER_TO_INT(route) == ROUTE_IMPLICIT;
    struct smtp_server server = implicit ? server_implicit("", ca_file) : server_plain("");
    struct smtp_report report = {0};
    guint calls = 0;

    for (int i = 0; i < 5; i++)
        mails[i] = (struct smtp_mail){.mail_from = "ann@team.example",
                                      .recipients = recipients,
                                      .n_recipients = 1,
                                      .bytes = bytes,
                                      .length = strlen(bytes)};
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
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *path = g_strconcat("/smtp/fault/", faults[i].name, NULL);
        g_test_add_data_func(path, &faults[i], test_faults);
    }
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
