/* Reading MIME: what mail programs write, what they break, and the limits. */
#include <string.h>

#include "wire/mime_read.h"

static struct mime_mail *
read_text(const char *text)
{
    return mime_read_mail((const guint8 *)text, strlen(text), FALSE);
}

static void
test_fields(void)
{
    struct mime_mail *mail =
        read_text("From: =?iso-8859-1?Q?J=FCrgen?= <J@Example.org>\r\n"
                  "To: \"Ray, Ada\" <ada@customer.example>, team: a@x.example, b@x.example;, broken\r\n"
                  "Subject: =?utf-8?B?R3LDvMOf?=\r\n =?utf-8?Q?e?= und mehr\r\n"
                  "Message-ID: <one@x>\r\nReferences: <a@x> <b@x>\r\n <c@x> junk <unclosed\r\n"
                  "Date: Tue, 3 Mar 2026 10:00:00 -0500\r\nX-Raw: caf\xe9\r\n\r\nbody\r\n");
    g_assert_cmpstr(mime_fields_value(&mail->fields, "subject"), ==, "Grüße und mehr");
    g_assert_cmpstr(mime_fields_value(&mail->fields, "x-raw"), ==, "café");
    g_assert_null(mime_fields_value(&mail->fields, "cc"));
    g_autoptr(GPtrArray) from = mime_fields_addresses(&mail->fields, "from");
    const struct mime_address *sender = from->pdata[0];
    g_assert_cmpstr(sender->name, ==, "Jürgen");
    g_assert_cmpstr(sender->email, ==, "J@Example.org");
    g_autoptr(GPtrArray) to = mime_fields_addresses(&mail->fields, "to");
    g_assert_cmpuint(to->len, >=, 3);
    g_assert_cmpstr(((const struct mime_address *)to->pdata[0])->name, ==, "Ray, Ada");
    g_assert_cmpstr(((const struct mime_address *)to->pdata[2])->email, ==, "b@x.example");
    g_auto(GStrv) all = mime_fields_ids(&mail->fields, "references", 10);
    g_assert_cmpuint(g_strv_length(all), ==, 3);
    g_auto(GStrv) last = mime_fields_ids(&mail->fields, "references", 2);
    g_assert_cmpstr(last[0], ==, "b@x");
    gint64 at_us;
    int offset_s;
    g_assert_true(mime_fields_date(&mail->fields, "date", &at_us, &offset_s));
    g_assert_cmpint(at_us, ==, G_GINT64_CONSTANT(1772550000000000));
    g_assert_cmpint(offset_s, ==, -5 * 3600);
    g_assert_cmpstr(mail->parts[0].text, ==, "body\n");
    g_assert_false(mail->limited);
    mime_mail_free(mail);
}

/* Headers that are broken, and where what belongs to the text begins all the same. */
static void
test_broken_header(void)
{
    static const struct {
        const char *mail, *subject, *to, *text;
    } cases[] = {
        {"Subject: one\nrubbish without a mark\nTo: a@x.example\n\ntext\n", "one", "a@x.example", "text\n"},
        {"Subject: one\n by one\n \n\tand more\nTo: a@x.example\n\ntext\n", "one by one and more",
         "a@x.example", "text\n"},
        {"Subject: one\nTo: a@x.example\nNo blank line was written\n\ntext\n", "one", "a@x.example",
         "No blank line was written\n\ntext\n"},
        {"Received: by x\n with y\nSubject: one\nTo: a@x.example\n\ntext\n", "one", "a@x.example", "text\n"},
        {"Subject: one\nTo: a@x.example\nMIME-Version: 1.0\nstray\nContent-Type: multipart/mixed; "
         "boundary=b\n\n--b\n\ntext\n--b--\n",
         "one", "a@x.example", "text"},
        {"Subject : one\nTo : a@x.example\n\nFrom: text\n", "one", "a@x.example", "From: text\n"},
        {"Subject: one\nTo: a@x.example", "one", "a@x.example", ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mime_mail *mail = read_text(cases[i].mail);
        g_assert_cmpstr(mime_fields_value(&mail->fields, "subject"), ==, cases[i].subject);
        g_assert_cmpstr(mime_fields_value(&mail->fields, "to"), ==, cases[i].to);
        const struct mime_part *last = &mail->parts[mail->part_count - 1];
        g_assert_cmpstr(last->text, ==, cases[i].text);
        mime_mail_free(mail);
    }
}

static void
test_charsets(void)
{
    static const struct {
        const char *charset, *bytes, *text;
    } cases[] = {
        {"utf-8", "Gr\xc3\xbc\xc3\x9f", "Grüß"},
        {"utf-8", "caf\xe9!", "caf\xef\xbf\xbd!"}, /* says UTF-8 and is not */
        {NULL, "Gr\xc3\xbc\xc3\x9f", "Grüß"},      /* says nothing and is UTF-8 */
        {NULL, "caf\xe9", "café"},                 /* says nothing and is Western */
        {"us-ascii", "caf\xe9", "café"},
        {"iso-8859-1", "\x93quoted\x94 \x80", "“quoted” €"}, /* windows-1252 in truth */
        {"no-such-charset", "plain", "plain"},
        {"iso-2022-jp", "\x1b$BF|K\\\x1b(B", "日本"},
        {"gb2312", "\xc4\xe3\xba\xc3", "你好"},
        {"utf-16le", "A", ""},
        {"utf-8", "a\rb\r\nc\x01\x7f", "a\nb\nc"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            mime_text_decode((const guint8 *)cases[i].bytes, strlen(cases[i].bytes), cases[i].charset, 1000);
        if (i == 9)
            g_assert_true(g_utf8_validate(text, -1, NULL));
        else
            g_assert_cmpstr(text, ==, cases[i].text);
    }
    g_autofree char *cut = mime_text_decode((const guint8 *)"ééé", 6, "utf-8", 3);
    g_assert_cmpstr(cut, ==, "é");
}

static void
test_parts(void)
{
    struct mime_mail *mail = read_text(
        "From: a@b.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"o\"\n\npreamble\n"
        "--o\nContent-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/plain\n\nplain\n"
        "--i\nContent-Type: text/html; charset=utf-8\n\n<p>html</p>\n--i--\n"
        "--o\nContent-Type: application/pdf\nContent-Disposition: attachment; "
        "filename*=utf-8''b%C3%A9.pdf\n\nxx\n"
        "--o\nContent-Type: message/rfc822\n\nSubject: inner\nMessage-ID: <in@x>\n\ninner text\n"
        "--o\nContent-Type: text/rfc822-headers\n\nMessage-ID: <returned@x>\nTo: c@d.example\n--o--\n");
    static const struct {
        const char *type;
        guint depth;
        int message;
    } expected[] = {
        {"multipart/mixed", 0, -1}, {"multipart/alternative", 1, -1}, {"text/plain", 2, -1},
        {"text/html", 2, -1},       {"application/pdf", 1, -1},       {"message/rfc822", 1, -1},
        {"text/plain", 2, 5},       {"text/rfc822-headers", 1, -1},
    };
    g_assert_cmpuint(mail->part_count, ==, G_N_ELEMENTS(expected));
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        g_assert_cmpstr(mail->parts[i].type, ==, expected[i].type);
        g_assert_cmpuint(mail->parts[i].depth, ==, expected[i].depth);
        g_assert_cmpint(mail->parts[i].message, ==, expected[i].message);
    }
    g_assert_true(mail->parts[4].attachment);
    g_assert_cmpstr(mail->parts[4].filename, ==, "bé.pdf");
    g_assert_null(mail->parts[4].text);
    g_assert_cmpstr(mime_fields_value(&mail->parts[5].fields, "subject"), ==, "inner");
    g_assert_cmpstr(mime_fields_value(&mail->parts[7].fields, "message-id"), ==, "<returned@x>");
    mime_mail_free(mail);
}

static void
test_repairs(void)
{
    struct mime_mail *mail =
        read_text("From sam Mon Mar  2 10:00:00 2026\r\n>From x\r\nFrom: a@b.example\r\n\r\nhi\r\n");
    g_assert_cmpstr(mime_fields_value(&mail->fields, "from"), ==, "a@b.example");
    mime_mail_free(mail);
    mail = read_text("From: a@b.example\rSubject: old\r\rone\rtwo\r");
    g_assert_cmpstr(mime_fields_value(&mail->fields, "subject"), ==, "old");
    g_assert_cmpstr(mail->parts[0].text, ==, "one\ntwo\n");
    mime_mail_free(mail);
    mail = read_text("Hello,\nthis is: just text\n");
    g_assert_true(mail->headerless);
    g_assert_cmpstr(mail->parts[0].text, ==, "Hello,\nthis is: just text\n");
    mime_mail_free(mail);
    mail = read_text("From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\nno boundary at all\n");
    g_assert_cmpuint(mail->part_count, ==, 2);
    g_assert_nonnull(strstr(mail->parts[1].text, "no boundary at all"));
    mime_mail_free(mail);
}

static void
test_limits(void)
{
    g_autoptr(GString) text =
        g_string_new("From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n");
    for (guint i = 0; i < 3000; i++)
        g_string_append(text, "--b\n\nx\n");
    struct mime_mail *mail = read_text(text->str);
    g_assert_true(mail->limited);
    g_assert_cmpuint(mail->part_count, <=, MIME_READ_MAX_PARTS);
    mime_mail_free(mail);

    g_string_assign(text, "From: a@b.example\nContent-Type: message/rfc822\n\n");
    for (guint i = 0; i < 100; i++)
        g_string_append(text, "Content-Type: message/rfc822\n\n");
    mail = read_text(text->str);
    g_assert_true(mail->limited);
    for (guint i = 0; i < mail->part_count; i++)
        g_assert_cmpuint(mail->parts[i].depth, <=, MIME_READ_MAX_DEPTH);
    mime_mail_free(mail);

    /* Line ends of one kind before those of another: each line is looked at once, or this takes minutes. */
    g_string_assign(text, "From: a@b.example\r\r");
    for (guint i = 0; i < MIME_READ_MAX_BYTES / 4; i++)
        g_string_append(text, "x\r");
    for (guint i = 0; i < MIME_READ_MAX_BYTES / 5; i++)
        g_string_append(text, "y\n");
    mail = read_text(text->str);
    g_assert_true(g_str_has_prefix(mail->parts[0].text, "x\nx\n"));
    mime_mail_free(mail);

    g_string_assign(text, "From: a@b.example\n\n");
    for (guint i = 0; i < MIME_READ_MAX_TEXT / 2; i++)
        g_string_append(text, "é\n");
    mail = read_text(text->str);
    g_assert_true(mail->parts[0].text_cut);
    g_assert_cmpuint(strlen(mail->parts[0].text), <=, MIME_READ_MAX_TEXT);
    g_assert_true(g_utf8_validate(mail->parts[0].text, -1, NULL));
    mime_mail_free(mail);
}

static void
test_groups(void)
{
    g_autoptr(GPtrArray) groups =
        mime_fields_parse("Reporting-MTA: dns; x\n\n\nFinal-Recipient: rfc822;\n a@b.example\nAction: "
                          "failed\nno field here\n \nStatus: 5.1.1");
    g_assert_cmpuint(groups->len, ==, 3);
    g_assert_cmpstr(mime_fields_value(groups->pdata[1], "final-recipient"), ==, "rfc822; a@b.example");
    g_assert_cmpstr(mime_fields_value(groups->pdata[2], "status"), ==, "5.1.1");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/mime/fields", test_fields);
    g_test_add_func("/inbox/mime/broken-header", test_broken_header);
    g_test_add_func("/inbox/mime/charsets", test_charsets);
    g_test_add_func("/inbox/mime/parts", test_parts);
    g_test_add_func("/inbox/mime/repairs", test_repairs);
    g_test_add_func("/inbox/mime/limits", test_limits);
    g_test_add_func("/inbox/mime/groups", test_groups);
    return g_test_run();
}
