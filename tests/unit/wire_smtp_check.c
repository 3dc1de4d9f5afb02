/* What may be sent by SMTP, and what is heard in the conversation: pure functions over bytes. */
#include "base/error.h"
#include "wire/smtp_check.h"
#include "wire/smtp_dialogue.h"
#include "wire/tls_context.h"

#include <string.h>

#define HEADER                                                                                               \
    "Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nFrom: Ann <ann@team.example>\r\nTo: x@y.example\r\n"           \
    "Message-ID: <1@team.example>\r\nSubject: hello\r\n"

static void
assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        g_test_message("\"%s\" does not contain \"%s\"", text, part);
    g_assert_nonnull(strstr(text, part));
}

static void
test_addresses(void)
{
    static const struct {
        const char *address;
        const char *reason; /* NULL: valid */
    } rows[] = {
        {"a@b.example", NULL},
        {"first.last+tag@sub-domain.example", NULL},
        {"!#$%&'*+-/=?^_`{|}~@x.example", NULL},
        {"1@2", NULL},
        {"", "empty"},
        {"a", "no \"@\""},
        {"@b.example", "local part"},
        {"a@", "domain"},
        {".a@b.example", "local part"},
        {"a.@b.example", "local part"},
        {"a..b@c.example", "local part"},
        {"a@b@c.example", "local part"},
        {"\"a b\"@c.example", "space"},
        {"\"ab\"@c.example", "local part"},
        {"a@[127.0.0.1]", "domain"},
        {"a@b..example", "domain"},
        {"a@-b.example", "domain"},
        {"a@b-.example", "domain"},
        {"a@b_c.example", "domain"},
        {"a@b.example.", "domain"},
        {"a@b.example\r\nRCPT TO:<x@y.example", "control"},
        {"a@b.example\n", "control"},
        {"<a@b.example>", "angle"},
        {"a@b.example>", "angle"},
        {"a\t@b.example", "control"},
        {"a\x7f@b.example", "control"},
        {"j\xc3\xbcrgen@b.example", "SMTPUTF8"},
        {"a@b\xc3\xbc.example", "SMTPUTF8"},
        {"0123456789012345678901234567890123456789012345678901234567890123x@b.example", "64"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        gboolean valid = smtp_address_valid(rows[i].address, &error);
        g_assert_cmpstr(valid ? NULL : "refused", ==, rows[i].reason == NULL ? NULL : "refused");
        if (!valid) {
            g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
            assert_contains(error->message, rows[i].reason);
            for (const char *c = error->message; *c != '\0'; c++)
                g_assert_true(g_ascii_isprint(*c));
        }
    }
    g_autofree char *label = g_strnfill(63, 'a');
    g_autofree char *longest = g_strdup_printf("a@%s.%s.%s.%s", label, label, label, label);
    g_assert_cmpuint(strlen(longest), ==, 257);
    g_assert_false(smtp_address_valid(longest, NULL));
}

static void
test_messages(void)
{
    static const struct {
        const char *bytes;
        const char *reason;
    } rows[] = {
        {HEADER "\r\nhello\r\n", NULL},
        {HEADER "\r\n", NULL},
        {HEADER "X-Folded: a\r\n b\r\n\r\n.\r\n", NULL},
        {"DATE: x\r\nfrom: y\r\nMessage-Id: <z@z>\r\n\r\n", NULL},
        {"", "end with CR LF"},
        {HEADER "\r\nhello", "end with CR LF"},
        {HEADER "\r\nhello\n", "end with CR LF"},
        {HEADER, "no empty line"},
        {HEADER "\r\nhello\n.\nMAIL FROM:<x@y>\r\n", "LF without CR"},
        {HEADER "\r\nhello\r.\r\n", "CR without LF"},
        {HEADER "\r\n\r\r\n", "CR without LF"},
        {HEADER "\r\nj\xc3\xbcrgen\r\n", "not 7-bit"},
        {HEADER "Bcc: x@y.example\r\n\r\n", "Bcc must not"},
        {HEADER "Return-Path: <x@y.example>\r\n\r\n", "Return-Path must not"},
        {HEADER "to: second@y.example\r\n\r\n", "To stands more than once"},
        {HEADER "Date: again\r\n\r\n", "Date stands more than once"},
        {"From: y\r\nMessage-ID: <z@z>\r\n\r\n", "Date is missing"},
        {"Date: y\r\nMessage-ID: <z@z>\r\n\r\n", "From is missing"},
        {"From: y\r\nDate: x\r\n\r\nMessage-ID: <z@z>\r\n", "Message-ID is missing"},
        {" folded\r\n" HEADER "\r\n", "folded line"},
        {"no colon here\r\n" HEADER "\r\n", "line 1"},
        {HEADER "Bad Name: x\r\n\r\n", "line 6"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        gboolean valid = smtp_message_valid(rows[i].bytes, strlen(rows[i].bytes), &error);
        if (valid != (rows[i].reason == NULL))
            g_error("row %" G_GSIZE_FORMAT ": %s", i, error != NULL ? error->message : "valid");
        if (!valid)
            assert_contains(error->message, rows[i].reason);
    }
    g_assert_false(smtp_message_valid(HEADER "\r\na\0b\r\n", strlen(HEADER) + 7, NULL));
    g_autofree char *wide = g_strnfill(998, 'w');
    g_autofree char *fits = g_strconcat(HEADER "\r\n", wide, "\r\n", NULL);
    g_autofree char *over = g_strconcat(HEADER "\r\n", wide, "w\r\n", NULL);
    g_assert_true(smtp_message_valid(fits, strlen(fits), NULL));
    g_assert_false(smtp_message_valid(over, strlen(over), NULL));
}

static void
test_text_clean(void)
{
    static const char *const rows[][2] = {
        {"plain", "plain"},
        {" two\r\nlines \r\n", "two lines"},
        {"bell\a and \x1b[31mred", "bell and [31mred"},
        {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xe2\x80\xae"
         "evil",
         "\xef\xbf\xbd"
         "evil"},
        {"", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *clean = smtp_text_clean(rows[i][0]);
        g_assert_cmpstr(clean, ==, rows[i][1]);
    }
    g_autofree char *endless = g_strnfill(5000, 'x');
    g_autofree char *cut = smtp_text_clean(endless);
    g_assert_cmpuint(strlen(cut), <=, 500);
}

/* Bytes to libesmtp, in pieces of size; what is left of them for it. */
static char *
dialogue_feed(struct smtp_dialogue *dialogue, const char *bytes, gsize size, gboolean *ok)
{
    char *copy = g_strdup(bytes);

    *ok = TRUE;
    for (gsize at = 0; at < strlen(bytes) && *ok; at += size)
        *ok = smtp_dialogue_read(dialogue, copy + at, MIN(size, strlen(bytes) - at));
    return copy;
}

static void
dialogue_say(struct smtp_dialogue *dialogue, const char *command)
{
    g_assert_true(smtp_dialogue_wrote(dialogue, command, strlen(command)));
}

/* However the reply is cut into reads, no forbidden word reaches the library whole, and nothing else is
 * touched. */
static void
test_dialogue_hides(void)
{
    static const char *const reply =
        "250-mail.example says PIPELINING\r\n250-PIPELINING\r\n250-pipelining\r\n"
        "250-SIZE 1000\r\n250-ChunKing\r\n250-AUTH NTLM CRAM-MD5 PLAIN LOGIN\r\n"
        "250-AUTH=NTLM\r\n250-XPIPELINING\r\n250-STARTTLS\r\n250 XUSR\r\n";

    for (gsize size = 1; size < 64; size++) {
        struct smtp_dialogue dialogue;
        gboolean ok;
        smtp_dialogue_init(&dialogue);
        smtp_dialogue_connected(&dialogue);
        g_autofree char *greeting = dialogue_feed(&dialogue, "220 PIPELINING\r\n", size, &ok);
        g_assert_true(ok && dialogue.answered);
        g_assert_cmpstr(greeting, ==, "220 PIPELINING\r\n");
        dialogue_say(&dialogue, "EHLO x\r\n");
        g_autofree char *seen = dialogue_feed(&dialogue, reply, size, &ok);
        g_assert_true(ok && dialogue.answered);
        g_assert_cmpstr(seen, ==,
                        "250-mail.example says PIPELININ_\r\n250-PIPELININ_\r\n250-pipelinin_\r\n"
                        "250-SIZE 1000\r\n250-ChunKin_\r\n250-AUTH NTL_ CRAM-MD_ PLAIN LOGIN\r\n"
                        "250-AUTH=NTL_\r\n250-XPIPELINING\r\n250-STARTTLS\r\n250 XUS_\r\n");
        g_assert_cmpstr(dialogue.offered, ==, "NTLM CRAM-MD5 PLAIN LOGIN");
        g_assert_cmpint(dialogue.code, ==, 250);
        smtp_dialogue_clear(&dialogue);
    }
}

static void
test_dialogue_replies(void)
{
    static const struct {
        const char *bytes;
        gboolean answered, garbled, surplus;
        int code;
        const char *text;
    } rows[] = {
        {"250 fine\r\n", TRUE, FALSE, FALSE, 250, "fine"},
        {"250 fine\n", TRUE, FALSE, FALSE, 250, "fine"},
        {"550-5.1.1 no\r\n550 5.1.1 body\r\n", TRUE, FALSE, FALSE, 550, "5.1.1 no 5.1.1 body"},
        {"550-5.1.1 no\r\n", FALSE, FALSE, FALSE, 0, NULL},
        {"250 fin", FALSE, FALSE, FALSE, 0, NULL},
        {"hello\r\n", FALSE, TRUE, FALSE, 0, NULL},
        {"250\r\n", FALSE, TRUE, FALSE, 0, NULL},
        {"2500 x\r\n", FALSE, TRUE, FALSE, 0, NULL},
        {"-25 x\r\n", FALSE, TRUE, FALSE, 0, NULL},
        {"250-a\r\n550 b\r\n", FALSE, TRUE, FALSE, 0, NULL},
        {"\r\n", FALSE, TRUE, FALSE, 0, NULL},
        {"250 one\r\n250 two\r\n", TRUE, FALSE, TRUE, 250, "one"},
        {"250 one\r\n\n", TRUE, FALSE, TRUE, 250, "one"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct smtp_dialogue dialogue;
        gboolean ok;
        smtp_dialogue_init(&dialogue);
        dialogue_say(&dialogue, "MAIL FROM:<a@b>\r\n");
        g_assert_cmpint(dialogue.step, ==, SMTP_STEP_MAIL);
        g_autofree char *seen = dialogue_feed(&dialogue, rows[i].bytes, 7, &ok);
        g_assert_true(ok == !rows[i].surplus);
        g_assert_cmpint(dialogue.answered, ==, rows[i].answered);
        g_assert_cmpint(dialogue.garbled, ==, rows[i].garbled);
        g_assert_cmpint(dialogue.surplus, ==, rows[i].surplus);
        g_assert_cmpint(dialogue.code, ==, rows[i].code);
        g_assert_cmpstr(dialogue.text, ==, rows[i].text);
        smtp_dialogue_clear(&dialogue);
    }
}

/* Nothing that a person's password happens to spell is taken for a command, and none of it is kept. */
static void
test_dialogue_login(void)
{
    struct smtp_dialogue dialogue;
    gboolean ok;

    smtp_dialogue_init(&dialogue);
    dialogue_say(&dialogue, "AUTH LOGIN\r\n");
    g_assert_cmpstr(dialogue.mechanism, ==, "LOGIN");
    g_free(dialogue_feed(&dialogue, "334 VXNlcm5hbWU6\r\n", 100, &ok));
    dialogue_say(&dialogue, "MAIL\r\n");
    g_assert_cmpint(dialogue.step, ==, SMTP_STEP_AUTH);
    g_free(dialogue_feed(&dialogue, "334 UGFzc3dvcmQ6\r\n", 100, &ok));
    dialogue_say(&dialogue, "QUIT\r\n");
    g_assert_cmpint(dialogue.step, ==, SMTP_STEP_AUTH);
    g_free(dialogue_feed(&dialogue, "535 5.7.8 no\r\n", 100, &ok));
    g_assert_cmpint(dialogue.code, ==, 535);
    dialogue_say(&dialogue, "QUIT\r\n");
    g_assert_cmpint(dialogue.step, ==, SMTP_STEP_QUIT);
    g_assert_cmpint(dialogue.before_quit, ==, SMTP_STEP_AUTH);
    g_free(dialogue_feed(&dialogue, "221 bye\r\n", 100, &ok));
    g_assert_cmpint(dialogue.code, ==, 535);
    dialogue_say(&dialogue, "AUTH PLAIN AGFubgBzZWNyZXQ=\r\n");
    g_assert_cmpstr(dialogue.mechanism, ==, "PLAIN");
    smtp_dialogue_clear(&dialogue);

    /* A command that leaves while its predecessor's answer is half there. */
    smtp_dialogue_init(&dialogue);
    dialogue_say(&dialogue, "MAIL FROM:<a@b>\r\n");
    g_free(dialogue_feed(&dialogue, "250 half", 100, &ok));
    g_assert_false(smtp_dialogue_wrote(&dialogue, "RCPT TO:<a@b>\r\n", 15));
    smtp_dialogue_clear(&dialogue);
}

static void
test_tls_context(void)
{
    static const struct {
        const char *host;
        gboolean fit;
    } rows[] = {
        {"mail.example", TRUE}, {"127.0.0.1", TRUE}, {"::1", TRUE},        {"", FALSE},
        {".example", FALSE},    {"a b", FALSE},      {"*.example", FALSE}, {"m\xc3\xa4il.example", FALSE},
    };
    g_autoptr(GError) error = NULL;
    g_autofree char *line = tls_verify_describe(X509_V_ERR_CERT_HAS_EXPIRED, NULL, "mail.example");

    g_assert_cmpstr(line, ==, "the certificate of mail.example has expired");
    g_assert_null(tls_context_new("/nonexistent/ca.pem", 0, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_CONFIG);
    g_clear_error(&error);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(SSL_CTX) context = tls_context_new(NULL, TLS1_2_VERSION, &error);
        g_assert_no_error(error);
        g_autoptr(SSL) ssl = SSL_new(context);
        g_assert_cmpint(SSL_CTX_get_verify_mode(context), ==, SSL_VERIFY_PEER);
        g_assert_cmpint(SSL_CTX_get_min_proto_version(context), ==, TLS1_2_VERSION);
        g_assert_cmpint(tls_ssl_expect_host(ssl, rows[i].host, NULL), ==, rows[i].fit);
        g_assert_cmpint(tls_context_expect_host(context, rows[i].host, NULL), ==, rows[i].fit);
        /* Said twice: the second stands, the first is freed. */
        g_assert_true(tls_context_expect_host(context, "other.example", NULL));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/smtp/addresses", test_addresses);
    g_test_add_func("/smtp/messages", test_messages);
    g_test_add_func("/smtp/text-clean", test_text_clean);
    g_test_add_func("/smtp/dialogue/hides", test_dialogue_hides);
    g_test_add_func("/smtp/dialogue/replies", test_dialogue_replies);
    g_test_add_func("/smtp/dialogue/login", test_dialogue_login);
    g_test_add_func("/smtp/tls-context", test_tls_context);
    return g_test_run();
}
