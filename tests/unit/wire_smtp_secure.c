/* The SMTP client's TLS and login against a scripted server: nothing leaves before both are as they should
 * be. */
#include "wire_smtp_rig.h"

#include <unistd.h>

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
    {"wildcard", "wild", "smtp.mail.example", "", 0, NULL},
    {"wildcard-itself", "wild", "mail.example", "", PROTOCOL, "not for mail.example but for *.mail.example"},
    {"wildcard-two-labels", "wild", "a.smtp.mail.example", "", PROTOCOL, "not for a.smtp.mail.example"},
    {"wildcard-partial", "partial", "mx.mail.example", "", PROTOCOL, "not for mx.mail.example"},
    {"wildcard-top", "partial", "mail.example", "", PROTOCOL, "not for mail.example"},
    {"client-only", "client", "localhost", "", PROTOCOL, "not meant for a server"},
    {"weak-key", "weak", "localhost", "", PROTOCOL, "too weak"},
    {"weak-digest", "sha1", "localhost", "", PROTOCOL, "too weak"},
    {"chain", "chain", "localhost", "", 0, NULL},
    {"chain-missing", "missing", "localhost", "", PROTOCOL, "unknown issuer"},
    {"chain-confined", "confined", "localhost", "", PROTOCOL, "permitted subtree violation"},
    {"chain-forged", "forged", "localhost", "", PROTOCOL, "127.0.0.1"},
    {"old-tls", "good", "localhost", "oldtls", PROTOCOL, "TLS handshake"},
    {"not-offered", NULL, "localhost", "", PROTOCOL, "does not offer STARTTLS"},
    {"refused", "good", "localhost", "fault starttls 454 4.7.0 not now", UNAVAILABLE,
     "refuses at STARTTLS: 454 4.7.0 not now"},
    {"injected", "good", "localhost", "fault starttls inject 250-fake|250 AUTH PLAIN", PROTOCOL, "tampering"},
    {"injected-early", "good", "localhost", "fault ehlo#1 inject 220 go|250 fake", PROTOCOL, "tampering"},
    {"injected-greeting", "good", "localhost", "fault connect inject 250 STARTTLS", PROTOCOL, "tampering"},
    /* The kernel may tell of it while it still connects. */
    {"handshake-drop", "good", "localhost", "fault tls drop", UNAVAILABLE, "127.0.0.1"},
    {"handshake-garbage", "good", "localhost", "fault tls garbage", PROTOCOL, "127.0.0.1"},
    {"handshake-stall", "good", "localhost", "fault tls stall", UNAVAILABLE,
     "has not answered the TLS handshake"},
    {"helo-only", "good", "localhost", "fault ehlo 502 5.5.1 what", PROTOCOL, "does not offer STARTTLS"},
};

/* STARTTLS by libesmtp, STARTTLS by libetpan (which is what a token asks for), TLS from the first byte. */
enum tls_route { TLS_ESMTP, TLS_TOKEN, TLS_IMPLICIT, TLS_ROUTES };

static void
tls_run(const struct tls_row *row, enum tls_route route)
{
    g_autofree char *store = g_strdup_printf("tls-%s-%d", row->name, (int)route);
    g_autofree char *ca_file = in_folder("ca.pem");
    g_autofree char *lines = g_strconcat(row->lines, route == TLS_TOKEN ? "\ntoken ann tok" : "", NULL);
    g_autofree char *certificate = row->certificate != NULL
                                       ? g_strconcat(route == TLS_IMPLICIT ? "=" : "", row->certificate, NULL)
                                       : NULL;
    struct smtp_server server = server_plain(row->name);
    struct smtp_report report = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *verdict = NULL;

    server.security = route == TLS_IMPLICIT ? SMTP_IMPLICIT_TLS : SMTP_STARTTLS;
    server.tls_name = row->tls_name;
    server.ca_file = ca_file;
    if (route == TLS_TOKEN) {
        server.auth = SECRET_XOAUTH2;
        server.user = "ann";
        server.password = "tok";
    }
    script_set(store, FALSE, certificate, lines);
    send_one(&server, &verdict, &report, &error);
    g_test_message("%s: %s %s", store, verdict, error != NULL ? error->message : "");
    g_assert_cmpint(error != NULL ? error->code : 0, ==, row->error);
    g_assert_cmpstr(verdict, ==, row->error == 0 ? "sent" : "not transmitted");
    g_assert_cmpint(kept_count(store), ==, row->error == 0);
    if (row->words != NULL)
        assert_contains(error->message, row->words);
    g_autofree char *log = log_read(store);
    if (row->error == 0) {
        assert_contains(report.tls, route == TLS_ESMTP ? "TLSv1.2 " : "TLSv1.3 ");
        g_assert_cmpint(report.certificate_end_us, ==,
                        G_GINT64_CONSTANT(2524521600) * G_USEC_PER_SEC); /* 2049-12-31 */
        g_autofree char *sni = g_strdup_printf("(SNI %s)", row->tls_name != NULL ? row->tls_name : "None");
        assert_contains(log, sni);
    } else {
        g_assert_null(strstr(log, "C: MAIL"));
    }
    smtp_report_clear(&report);
}

static void
test_tls(gconstpointer data)
{
    const struct tls_row *row = data;
    /* What is wrong with STARTTLS itself, or around it. */
    gboolean only_starttls = row->certificate == NULL || strstr(row->lines, "starttls") != NULL ||
                             strstr(row->lines, "inject") != NULL || strstr(row->lines, "ehlo") != NULL;

    tls_run(row, TLS_ESMTP);
    tls_run(row, TLS_TOKEN);
    if (!only_starttls)
        tls_run(row, TLS_IMPLICIT);
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
        struct caller caller = caller_make(mails, 2);
        g_autoptr(GError) error = NULL;
        for (int j = 0; j < 2; j++)
            mails[j] = mail_make(recipients, 1, bytes);
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

    /* Plain and STARTTLS by libesmtp, TLS from the first byte by libetpan. */
    for (int secure = 0; secure < 3; secure++) {
        g_autofree char *store = g_strdup_printf("login-%s-%d", row->name, secure);
        g_autofree char *ca_file = in_folder("ca.pem");
        struct smtp_server server = server_plain(row->name);
        struct smtp_report report = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *verdict = NULL;

        if (secure > 0) {
            server.security = secure == 2 ? SMTP_IMPLICIT_TLS : SMTP_STARTTLS;
            server.ca_file = ca_file;
        }
        server.user = row->user;
        server.password = row->password;
        script_set(store, FALSE, secure == 2 ? "=good" : secure == 1 ? "good" : NULL, row->lines);
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

/* ---- tokens ---- */

/* A command that tells the lines of the file beside it, one at each call, and then the last one for ever. */
static struct secret *
teller_new(const char *name, enum secret_kind kind, const char *lines)
{
    g_autofree char *file = in_folder(name);
    g_autofree char *lock = g_strconcat(file, ".lock", NULL);
    g_autofree char *line = g_strdup_printf(
        "sh -c 'echo >> %s.calls; sed -n \"$(wc -l < %s.calls)p;\\$p\" %s | head -n 1'", file, file, file);
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(file, lines, -1, NULL));
    struct secret *secret = secret_new_command(kind, "token_command", line, folder, lock, &error);
    g_assert_no_error(error);
    return secret;
}

static int
teller_calls(const char *name)
{
    g_autofree char *file = in_folder(name);
    g_autofree char *calls = g_strconcat(file, ".calls", NULL);
    g_autofree char *text = NULL;
    return g_file_get_contents(calls, &text, NULL, NULL) ? count_of(text, "\n") : 0;
}

struct token_row {
    const char *name;
    enum secret_kind kind;
    const char *user;
    const char *lines; /* what the command tells */
    const char *script;
    int error;
    const char *words;
    int calls;
    int attempts;
};

static const struct token_row token_rows[] = {
    {"xoauth2", SECRET_XOAUTH2, "ann@x.example", "good\n", "token ann@x.example good", 0, NULL, 1, 1},
    {"bearer", SECRET_OAUTHBEARER, "ann@x.example", "good\n", "token ann@x.example good", 0, NULL, 1, 1},
    {"stale", SECRET_XOAUTH2, "ann", "old\ngood\n", "token ann good", 0, NULL, 2, 2},
    {"bearer-stale", SECRET_OAUTHBEARER, "ann", "old\ngood\n", "token ann good", 0, NULL, 2, 2},
    {"password-stale", SECRET_PASSWORD, "ann", "old\ngood\n", "login ann good", 0, NULL, 2, 2},
    {"refused-twice", SECRET_XOAUTH2, "ann", "old\nolder\ngood\n", "token ann good", NO_PERMISSION,
     "refuses the login: 535 5.7.8 wrong name or password (status 401, scope wanted: https://mail.example/)",
     2, 2},
    {"same-again", SECRET_XOAUTH2, "ann", "old\n", "token ann good", NO_PERMISSION, "status 401", 2, 1},
    {"later", SECRET_XOAUTH2, "ann", "good\n", "token ann good\nfault auth 454 4.7.0 later", UNAVAILABLE,
     "cannot check the login now", 1, 1},
    {"not-offered", SECRET_XOAUTH2, "ann", "good\n", "login ann good", PROTOCOL,
     "takes the configured token (XOAUTH2), only: PLAIN LOGIN", 1, 0},
    {"microsoft", SECRET_XOAUTH2, "ann", "good\n", "token ann good\nfault auth 550 5.7.30 Basic off",
     NO_PERMISSION, "550 5.7.30 Basic off", 2, 1},
    {"goes-on", SECRET_XOAUTH2, "ann", "good\n", "token ann good\nfault auth 334 AAAA", -1, NULL, -1, 1},
};

static void
test_token(gconstpointer data)
{
    const struct token_row *row = data;
    static const enum smtp_security securities[] = {SMTP_PLAIN_LOOPBACK, SMTP_STARTTLS, SMTP_IMPLICIT_TLS};

    for (gsize i = 0; i < G_N_ELEMENTS(securities); i++) {
        g_autofree char *store = g_strdup_printf("token-%s-%d", row->name, (int)i);
        g_autofree char *teller = g_strconcat("teller-", store, NULL);
        g_autofree char *ca_file = in_folder("ca.pem");
        struct smtp_server server = server_plain(row->name);
        struct smtp_report report = {0};
        g_autoptr(GError) error = NULL;
        g_autofree char *verdict = NULL;
        scoped(secret_source_free) struct secret *secret = teller_new(teller, row->kind, row->lines);
        scoped(secret_free) char *value = NULL;

        g_assert_true(secret_read(secret, &value, &error));
        server.security = securities[i];
        server.ca_file = ca_file;
        server.user = row->user;
        server.password = value;
        server.auth = row->kind;
        server.secret = secret;
        script_set(store, FALSE, i == 2 ? "=good" : i == 1 ? "good" : NULL, row->script);
        send_one(&server, &verdict, &report, &error);
        g_test_message("%s: %s %s", store, verdict, error != NULL ? error->message : "");
        if (row->error >= 0)
            g_assert_cmpint(error != NULL ? error->code : 0, ==, row->error);
        else
            g_assert_nonnull(error);
        g_assert_cmpstr(verdict, ==, row->error == 0 ? "sent" : "not transmitted");
        g_assert_cmpint(kept_count(store), ==, row->error == 0);
        if (row->words != NULL)
            assert_contains(error->message, row->words);
        if (row->error == 0)
            g_assert_cmpstr(report.login, ==,
                            row->kind == SECRET_XOAUTH2       ? "XOAUTH2"
                            : row->kind == SECRET_OAUTHBEARER ? "OAUTHBEARER"
                                                              : "PLAIN");
        if (row->calls >= 0)
            g_assert_cmpint(teller_calls(teller), ==, row->calls);
        g_autofree char *log = log_read(store);
        g_assert_cmpint(count_of(log, "C: AUTH"), ==, row->attempts);
        if (row->error != 0)
            g_assert_null(strstr(log, "C: MAIL"));
        smtp_report_clear(&report);
    }
}

/* A line of AUTH has at most 512 bytes; what does not fit is said after the server's 334. */
static void
test_token_long(void)
{
    static const struct {
        gsize length;
        gboolean at_once;
    } rows[] = {{100, TRUE}, {300, TRUE}, {400, FALSE}, {2000, FALSE}, {8192, FALSE}};

    for (gsize i = 0; i < 2 * G_N_ELEMENTS(rows); i++) {
        gsize row = i / 2;
        g_autofree char *token = g_strnfill(rows[row].length, 'x');
        g_autofree char *script = g_strdup_printf("token ann %s", token);
        g_autofree char *store = g_strdup_printf("token-long-%u", (guint)i);
        g_autofree char *ca_file = in_folder("ca.pem");
        g_autofree char *verdict = NULL;
        g_autoptr(GError) error = NULL;
        struct smtp_server server = server_implicit("", ca_file);

        server.user = "ann";
        server.password = token;
        server.auth = i % 2 ? SECRET_OAUTHBEARER : SECRET_XOAUTH2;
        script_set(store, FALSE, "=good", script);
        send_one(&server, &verdict, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(verdict, ==, "sent");
        g_autofree char *log = log_read(store);
        if (i % 2 == 0)
            g_assert_cmpint(strstr(log, "C: (login)") == NULL, ==, rows[row].at_once);
        const char *auth = strstr(log, "C: AUTH");
        g_assert_nonnull(auth);
        g_assert_cmpint(g_ascii_strtoll(strchr(auth, '(') + 1, NULL, 10), <=, 512);
    }
}

static void
add_tests(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(token_rows); i++) {
        g_autofree char *path = g_strconcat("/smtp/token/", token_rows[i].name, NULL);
        g_test_add_data_func(path, &token_rows[i], test_token);
    }
    g_test_add_func("/smtp/token/long", test_token_long);
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

/* A system that allows everything: what is refused, is refused by us. */
static const char lax_conf[] =
    "openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = lax\n[lax]\n"
    "CipherString = ALL@SECLEVEL=0\nMinProtocol = TLSv1\n";

int
main(int argc, char **argv)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    int file = g_file_open_tmp("usher-lax-XXXXXX.cnf", &path, &error);

    g_assert_no_error(error);
    g_assert_cmpint(write(file, lax_conf, strlen(lax_conf)), ==, (int)strlen(lax_conf));
    close(file);
    g_setenv("OPENSSL_CONF", path, TRUE);
    int status = rig_run(argc, argv, add_tests);
    g_remove(path);
    return status;
}
