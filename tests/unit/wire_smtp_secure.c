/* The SMTP client's TLS and login against a scripted server: nothing leaves before both are as they should
 * be. */
#include "wire_smtp_rig.h"

/* ---- TLS ---- */

struct tls_row {
    const char *name;
    const char *certificate;
    const char *tls_name;
    const char *lines;
    int error;
    const char *words;
};

static const struct tls_row tls_rows[] = {
    {"good", "good", "localhost", "", 0, NULL},
    {"good-address", "good", NULL, "", 0, NULL},
    {"wrong-host", "wrong", "localhost", "", PROTOCOL, "not for localhost but for another.example"},
    {"wrong-name-wanted", "good", "mail.example", "", PROTOCOL, "not for mail.example but for localhost"},
    {"wrong-address", "wrong", NULL, "", PROTOCOL, "not for 127.0.0.1"},
    {"cn-only", "cn-only", "localhost", "", PROTOCOL, "not for localhost"},
    {"expired", "expired", "localhost", "", PROTOCOL, "expired on 2020-02-01"},
    {"future", "future", "localhost", "", PROTOCOL, "not valid before 2099-01-01"},
    {"self-signed", "self", "localhost", "", PROTOCOL, "self-signed"},
    {"stranger", "stranger", "localhost", "", PROTOCOL, "unknown issuer"},
    {"not-offered", NULL, "localhost", "", PROTOCOL, "does not offer STARTTLS"},
    {"refused", "good", "localhost", "fault starttls 454 4.7.0 not now", UNAVAILABLE,
     "refuses at STARTTLS: 454 4.7.0 not now"},
    {"injected", "good", "localhost", "fault starttls inject 250-fake|250 AUTH PLAIN", PROTOCOL, "tampering"},
    {"injected-early", "good", "localhost", "fault ehlo#1 inject 220 go|250 fake", PROTOCOL, "tampering"},
    {"injected-greeting", "good", "localhost", "fault connect inject 250 STARTTLS", PROTOCOL, "tampering"},
    {"handshake-drop", "good", "localhost", "fault tls drop", PROTOCOL, "TLS"},
    {"handshake-garbage", "good", "localhost", "fault tls garbage", PROTOCOL, "127.0.0.1"},
    {"handshake-stall", "good", "localhost", "fault tls stall", UNAVAILABLE,
     "has not answered the TLS handshake"},
    {"helo-only", "good", "localhost", "fault ehlo 502 5.5.1 what", PROTOCOL, "does not offer STARTTLS"},
};

static void
test_tls(gconstpointer data)
{
    const struct tls_row *row = data;
    g_autofree char *store = g_strconcat("tls-", row->name, NULL);
    g_autofree char *ca_file = in_folder("ca.pem");
    struct smtp_server server = server_plain(row->name);
    struct smtp_report report = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *verdict = NULL;

    server.security = SMTP_STARTTLS;
    server.tls_name = row->tls_name;
    server.ca_file = ca_file;
    script_set(store, FALSE, row->certificate, row->lines);
    send_one(&server, &verdict, &report, &error);
    g_test_message("%s: %s %s", row->name, verdict, error != NULL ? error->message : "");
    g_assert_cmpint(error != NULL ? error->code : 0, ==, row->error);
    g_assert_cmpstr(verdict, ==, row->error == 0 ? "sent" : "not transmitted");
    g_assert_cmpint(kept_count(store), ==, row->error == 0);
    if (row->words != NULL)
        assert_contains(error->message, row->words);
    g_autofree char *log = log_read(store);
    if (row->error == 0) {
        assert_contains(report.tls, "TLSv1.2 ");
        assert_contains(log, row->tls_name != NULL ? "(SNI localhost)" : "(SNI None)");
    } else {
        g_assert_null(strstr(log, "C: MAIL"));
    }
    smtp_report_clear(&report);
}

/* Again in one process, and bodies that need many TLS records. */
static void
test_tls_again(void)
{
    g_autofree char *ca_file = in_folder("ca.pem");
    struct smtp_server server = server_plain("again");
    g_autofree char *bytes = message_make(500000);
    const char *const recipients[] = {"one@customer.example"};

    server.security = SMTP_STARTTLS;
    server.tls_name = "localhost";
    server.ca_file = ca_file;
    for (int i = 0; i < 3; i++) {
        struct smtp_mail mails[2];
        struct caller caller = {
            .mails = mails, .n_mails = 2, .verdicts = g_string_new(NULL), .details = g_string_new(NULL)};
        g_autoptr(GError) error = NULL;
        for (int j = 0; j < 2; j++)
            mails[j] = (struct smtp_mail){.mail_from = "ann@team.example",
                                          .recipients = recipients,
                                          .n_recipients = 1,
                                          .bytes = bytes,
                                          .length = strlen(bytes)};
        script_set("tls-again", i == 2, "good", "");
        g_assert_true(smtp_client_send(&server, &handler, &caller, NULL, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(caller.verdicts->str, ==, "sent; sent");
        caller_clear(&caller);
    }
    g_assert_cmpint(kept_count("tls-again"), ==, 6);
}

/* ---- login ---- */

struct login_row {
    const char *name;
    const char *user;
    const char *password;
    const char *lines;
    int error;
    const char *words;
    int attempts; /* AUTH commands the server saw */
};

#define LONG_255 /* 255 bytes */                                                                             \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"   \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"   \
    "0123456789012345678901234567890123456789012345678901234"
static const struct login_row login_rows[] = {
    {"plain", "ann", "secret", "login ann secret", 0, NULL, 1},
    {"login", "ann", "secret", "login ann secret\nmechs LOGIN", 0, NULL, 1},
    {"spaces", "ann", "a b c", "login ann a b c\nmechs LOGIN PLAIN", 0, NULL, 1},
    {"password-like-quit", "ann", "A\xd2\x13", "login ann secret\nmechs LOGIN", NO_PERMISSION, "535 5.7.8",
     1},
    {"longest", LONG_255, LONG_255, "login " LONG_255 " " LONG_255, 0, NULL, 1},
    {"wrong-plain", "ann", "guess", "login ann secret", NO_PERMISSION,
     "refuses the login: 535 5.7.8 wrong name or password", 1},
    {"wrong-login", "ann", "guess", "login ann secret\nmechs LOGIN", NO_PERMISSION, "535 5.7.8", 1},
    {"after-cram", "ann", "secret", "login ann secret\nmechs CRAM-MD5 PLAIN", 0, NULL, 1},
    {"after-ntlm", "ann", "secret", "login ann secret\nmechs NTLM LOGIN", 0, NULL, 1},
    {"only-cram", "ann", "secret", "login ann secret\nmechs CRAM-MD5", PROTOCOL, "only: CRAM-MD5", 0},
    {"only-xoauth2", "ann", "secret", "login ann secret\nmechs XOAUTH2 OAUTHBEARER", PROTOCOL,
     "only: XOAUTH2 OAUTHBEARER", 0},
    {"plain-disabled", "ann", "secret", "login ann secret\nfault auth#1 504 5.5.4 not this one", 0, NULL, 2},
    {"weak", "ann", "secret", "login ann secret\nfault auth 534 5.7.9 too weak", NO_PERMISSION,
     "534 5.7.9 too weak", 1},
    {"later", "ann", "secret", "login ann secret\nfault auth 454 4.7.0 later", UNAVAILABLE,
     "cannot check the login now: 454 4.7.0 later", 1},
    {"drop", "ann", "secret", "login ann secret\nfault auth drop", UNAVAILABLE, "at AUTH", 1},
    {"stall", "ann", "secret", "login ann secret\nfault auth stall", UNAVAILABLE, "has not answered AUTH", 1},
    {"garbage", "ann", "secret", "login ann secret\nfault auth garbage", PROTOCOL, "answered AUTH", 1},
    {"not-offered", "ann", "secret", "", PROTOCOL, "offers no login", 0},
    {"no-password", "ann", NULL, "", USHER_ERROR_CONFIG, "both a user and a password", 0},
    {"empty-password", "ann", "", "", USHER_ERROR_CONFIG, "not empty", 0},
    {"too-long", LONG_255 "x", "secret", "", USHER_ERROR_CONFIG, "at most 255 bytes", 0},
};

static void
test_login(gconstpointer data)
{
    const struct login_row *row = data;

    for (int secure = 0; secure < 2; secure++) {
        g_autofree char *store = g_strdup_printf("login-%s-%d", row->name, secure);
        g_autofree char *ca_file = in_folder("ca.pem");
        struct smtp_server server = server_plain(row->name);
        struct smtp_report report = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *verdict = NULL;

        if (secure) {
            server.security = SMTP_STARTTLS;
            server.ca_file = ca_file;
        }
        server.user = row->user;
        server.password = row->password;
        script_set(store, FALSE, secure ? "good" : NULL, row->lines);
        send_one(&server, &verdict, &report, &error);
        g_test_message("%s: %s %s", store, verdict, error != NULL ? error->message : "");
        g_assert_cmpint(error != NULL ? error->code : 0, ==, row->error);
        if (row->words != NULL)
            assert_contains(error->message, row->words);
        g_assert_cmpint(report.authenticated, ==, row->error == 0);
        g_autofree char *log = log_read(store);
        if (row->error != 0) {
            g_assert_null(strstr(log, "C: MAIL"));
            g_assert_null(strstr(verdict, "sent "));
        } else {
            g_assert_cmpstr(verdict, ==, "sent");
        }
        g_assert_cmpint(count_of(log, "C: AUTH"), ==, row->attempts);
        smtp_report_clear(&report);
    }
}

static void
add_tests(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tls_rows); i++) {
        g_autofree char *path = g_strconcat("/smtp/tls/", tls_rows[i].name, NULL);
        g_test_add_data_func(path, &tls_rows[i], test_tls);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(login_rows); i++) {
        g_autofree char *path = g_strconcat("/smtp/login/", login_rows[i].name, NULL);
        g_test_add_data_func(path, &login_rows[i], test_login);
    }
    g_test_add_func("/smtp/tls/again", test_tls_again);
}

int
main(int argc, char **argv)
{
    return rig_run(argc, argv, add_tests);
}
