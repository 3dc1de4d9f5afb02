/* Outgoing mail: what is written is read again with GMime, every promise of mime_write.h is broken on
 * purpose. */
#include "base/error.h"
#include "wire/mime_header.h"
#include "wire/mime_write.h"

#include <gmime/gmime.h>
#include <string.h>

#define BOUNDARY "=_u.3f2a9c"

static const struct mime_mailbox to_ann = {"Ann Lee", "ann@customer.example"};

static struct mime_letter
sample(void)
{
    return (struct mime_letter){
        .from = {"Max Muster", "max@team.example"},
        .to = &to_ann,
        .to_count = 1,
        .subject = "Your event bill in March",
        .message_id = "u.17.3f2a9c@team.example",
        .text = "Hi Ann,\n\nshort.\n",
        .html = "<p>Hi Ann,</p>\n<p>short.</p>\n",
        .boundary = BOUNDARY,
    };
}

/* The bytes as a string; every general promise about them is asserted. */
static char *
write_checked(const struct mime_letter *letter)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = mime_write(letter, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) again = mime_write(letter, &error);
    g_assert_no_error(error);
    g_assert_true(g_bytes_equal(bytes, again));
    gsize len = 0;
    const char *data = g_bytes_get_data(bytes, &len);
    char *text = g_strndup(data, len);
    g_assert_cmpuint(strlen(text), ==, len);
    g_assert_true(g_str_is_ascii(text));
    g_assert_true(g_str_has_suffix(text, "\r\n"));
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_assert_null(strpbrk(lines[i], "\r\n"));
        g_assert_cmpuint(strlen(lines[i]), <=, MIME_LINE_LIMIT);
    }
    return text;
}

static GMimeMessage *
parse(const char *text)
{
    GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, strlen(text));
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_object_unref(parser);
    g_object_unref(stream);
    g_assert_nonnull(message);
    return message;
}

static char *
part_text(GMimeMessage *message, int index)
{
    GMimeObject *part = g_mime_message_get_mime_part(message);
    if (GMIME_IS_MULTIPART(part))
        part = g_mime_multipart_get_part(GMIME_MULTIPART(part), index);
    GMimeStream *stream = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(part)), stream);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    char *raw = g_strndup((const char *)bytes->data, bytes->len);
    g_object_unref(stream);
    g_auto(GStrv) lines = g_strsplit(raw, "\r\n", -1);
    g_free(raw);
    return g_strjoinv("\n", lines);
}

static void
assert_max_line(const char *text, gsize max)
{
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    for (gsize i = 0; lines[i]; i++)
        g_assert_cmpuint(strlen(lines[i]), <=, max);
}

static void
test_exact(void)
{
    struct mime_letter letter = sample();
    g_autofree char *text = write_checked(&letter);
    g_assert_cmpstr(text, ==,
                    "From: Max Muster <max@team.example>\r\n"
                    "To: Ann Lee <ann@customer.example>\r\n"
                    "Subject: Your event bill in March\r\n"
                    "Message-ID: <u.17.3f2a9c@team.example>\r\n"
                    "MIME-Version: 1.0\r\n"
                    "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n"
                    "\r\n"
                    "--" BOUNDARY "\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n"
                    "\r\n"
                    "Hi Ann,\r\n\r\nshort.\r\n"
                    "\r\n--" BOUNDARY "\r\n"
                    "Content-Type: text/html; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n"
                    "\r\n"
                    "<p>Hi Ann,</p>\r\n<p>short.</p>\r\n"
                    "\r\n--" BOUNDARY "--\r\n");
}

static void
test_subjects(void)
{
    g_autofree char *words = g_strnfill(900, 'w');
    g_autoptr(GString) umlauts = g_string_new(NULL);
    g_autoptr(GString) emoji = g_string_new(NULL);
    g_autoptr(GString) blanks = g_string_new(NULL);
    for (int i = 0; i < 240; i++) {
        g_string_append(umlauts, i % 9 ? "ü" : " ");
        g_string_append(emoji, "\xF0\x9F\x9A\x80");
        g_string_append(blanks, "ab ");
    }
    const char *subjects[] = {
        "",
        "Plain",
        "Rechnung für März",
        "日本語の件名",
        "مرحبا بالعالم",
        "emoji \xF0\x9F\x9A\x80 in the middle",
        "=?utf-8?Q?looks=0D=0AX-Evil:_encoded?=",
        "two  blanks and a trailing one ",
        " leading",
        "a plain subject that is long enough to need folding twice because it goes on and on and on, "
        "and then some more until nobody reads it any longer",
        "\"quoted\" (comment) <angle> a@b, c; d",
        "ends in =",
        words,
        umlauts->str,
        emoji->str,
        blanks->str,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++) {
        struct mime_letter letter = sample();
        letter.subject = subjects[i];
        g_autofree char *text = write_checked(&letter);
        assert_max_line(text, 78);
        GMimeMessage *message = parse(text);
        const char *got = g_mime_message_get_subject(message);
        g_assert_cmpstr(got ? got : "", ==, subjects[i]);
        g_object_unref(message);
    }
}

static void
test_names(void)
{
    const char *names[] = {
        "Ann",
        "Ann B. Lee",
        "Lee, Ann",
        "Ann \"the boss\" \\ Lee",
        "Zoë Müller-Lüdenscheidt",
        "山田 太郎",
        "محمد",
        "evil <evil@evil.example>, b@evil.example",
        "=?utf-8?Q?x?=",
        "a(b)c",
        "Doctor Maximilian Alexander von Hohenstein und zu Wertheim of the very long name, Esq.",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        struct mime_mailbox cc[] = {{names[i], "cc@customer.example"}, {NULL, "bare@customer.example"}};
        struct mime_letter letter = sample();
        letter.from.name = names[i];
        letter.reply_to = (struct mime_mailbox){names[i], "team@team.example"};
        letter.cc = cc;
        letter.cc_count = 2;
        g_autofree char *text = write_checked(&letter);
        assert_max_line(text, 78);
        GMimeMessage *message = parse(text);
        InternetAddressList *from = g_mime_message_get_from(message);
        InternetAddressList *reply = g_mime_message_get_reply_to(message);
        InternetAddressList *copies = g_mime_message_get_cc(message);
        g_assert_cmpint(internet_address_list_length(from), ==, 1);
        g_assert_cmpint(internet_address_list_length(reply), ==, 1);
        g_assert_cmpint(internet_address_list_length(copies), ==, 2);
        InternetAddress *one = internet_address_list_get_address(copies, 0);
        g_assert_cmpstr(internet_address_get_name(one), ==, names[i]);
        g_assert_cmpstr(internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one)), ==,
                        "cc@customer.example");
        g_assert_cmpstr(internet_address_get_name(internet_address_list_get_address(from, 0)), ==, names[i]);
        g_object_unref(message);
    }
}

static void
test_bodies(void)
{
    g_autofree char *long_line = g_strnfill(5000, 'x');
    const struct {
        const char *given, *read;
    } bodies[] = {
        {"one line", "one line\n"},
        {"crlf\r\nand cr\rand lf\n", "crlf\nand cr\nand lf\n"},
        {"signature\n-- \nMax\n", "signature\n-- \nMax\n"},
        {"trailing tab\t\nand blanks   \n\n\n", "trailing tab\t\nand blanks   \n\n\n"},
        {".\n..\nFrom here\n", ".\n..\nFrom here\n"},
        {"Grüße, 日本 \xF0\x9F\x9A\x80 = 3=3D\n", "Grüße, 日本 \xF0\x9F\x9A\x80 = 3=3D\n"},
        {long_line, NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
        struct mime_letter letter = sample();
        letter.text = bodies[i].given;
        letter.html = bodies[i].given;
        g_autofree char *expect =
            bodies[i].read ? g_strdup(bodies[i].read) : g_strconcat(bodies[i].given, "\n", NULL);
        g_autofree char *both = write_checked(&letter);
        assert_max_line(both, 78);
        GMimeMessage *message = parse(both);
        for (int part = 0; part < 2; part++) {
            g_autofree char *got = part_text(message, part);
            g_assert_cmpstr(got, ==, expect);
        }
        g_object_unref(message);

        letter.html = NULL;
        letter.boundary = NULL;
        g_autofree char *plain = write_checked(&letter);
        message = parse(plain);
        g_autofree char *got = part_text(message, 0);
        g_assert_cmpstr(got, ==, expect);
        g_object_unref(message);
    }
}

static void
test_threads_and_lists(void)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < 40; i++)
        g_ptr_array_add(ids, g_strdup_printf("message.%d.of.the.thread@mail.customer.example", i));
    g_ptr_array_add(ids, NULL);
    static const struct mime_header extra[] = {{"X-Usher-Token", "abc"}, {"Organization", "Größe AG"}};
    const char *unsubscribe =
        "<mailto:unsubscribe+0123456789abcdef0123456789abcdef@team.example"
        "?subject=unsubscribe>, <https://team.example/u/0123456789abcdef0123456789abcdef"
        "0123456789abcdef0123456789abcdef0123456789abcdef>";
    struct mime_letter letter = sample();
    letter.in_reply_to = "message.39.of.the.thread@mail.customer.example";
    letter.references = (const char *const *)ids->pdata;
    letter.list_unsubscribe = unsubscribe;
    letter.list_unsubscribe_post = "List-Unsubscribe=One-Click";
    letter.extra = extra;
    letter.extra_count = 2;
    g_autofree char *text = write_checked(&letter);
    g_assert_null(strstr(text, "=?utf-8?Q?<"));
    g_assert_nonnull(strstr(text,
                            "\r\nList-Unsubscribe: <mailto:unsubscribe+0123456789abcdef0123456789abcdef@"
                            "team.example?subject=unsubscribe>,\r\n <https://"));
    g_assert_nonnull(strstr(text, "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"));
    g_assert_nonnull(strstr(text, "\r\nIn-Reply-To: <message.39.of.the.thread@mail.customer.example>\r\n"));
    GMimeMessage *message = parse(text);
    g_autofree char *joined = g_strjoinv("> <", (char **)ids->pdata);
    g_autofree char *all = g_strconcat("<", joined, ">", NULL);
    g_assert_cmpstr(g_mime_object_get_header(GMIME_OBJECT(message), "References"), ==, all);
    g_assert_cmpstr(g_mime_object_get_header(GMIME_OBJECT(message), "List-Unsubscribe"), ==, unsubscribe);
    g_assert_cmpstr(g_mime_object_get_header(GMIME_OBJECT(message), "Organization"), ==, "Größe AG");
    g_object_unref(message);
}

static void
test_dates(void)
{
    g_autoptr(GTimeZone) berlin = g_time_zone_new_identifier("Europe/Berlin");
    g_autoptr(GTimeZone) newfoundland = g_time_zone_new_identifier("America/St_Johns");
    const gint64 moment = G_GINT64_CONSTANT(1767258000000000); /* 2026-01-01 09:00 UTC */
    const struct {
        GTimeZone *zone;
        const char *line;
    } dates[] = {
        {NULL, "Date: Thu, 01 Jan 2026 09:00:00 +0000\r\n"},
        {berlin, "Date: Thu, 01 Jan 2026 10:00:00 +0100\r\n"},
        {newfoundland, "Date: Thu, 01 Jan 2026 05:30:00 -0330\r\n"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(dates); i++) {
        struct mime_letter letter = sample();
        g_autoptr(GError) error = NULL;
        g_autofree char *frozen = write_checked(&letter);
        g_autofree char *expect = g_strconcat(dates[i].line, frozen, NULL);
        g_autoptr(GBytes) bytes = g_bytes_new(frozen, strlen(frozen));
        g_autoptr(GBytes) dated = mime_add_date(bytes, moment, dates[i].zone, &error);
        g_assert_no_error(error);
        g_autoptr(GBytes) wanted = g_bytes_new(expect, strlen(expect));
        g_assert_true(g_bytes_equal(dated, wanted));
        letter.date_us = moment;
        letter.zone = dates[i].zone;
        g_autofree char *direct = write_checked(&letter);
        g_assert_cmpstr(direct, ==, expect);
        g_autoptr(GBytes) twice = mime_add_date(dated, moment, NULL, &error);
        g_assert_null(twice);
        g_assert_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE);
        g_clear_error(&error);
        g_assert_null(mime_add_date(bytes, G_MAXINT64, NULL, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE);
    }
}

enum place {
    PLACE_SUBJECT,
    PLACE_FROM_NAME,
    PLACE_FROM,
    PLACE_REPLY_NAME,
    PLACE_TO_NAME,
    PLACE_TO,
    PLACE_CC_NAME,
    PLACE_CC,
    PLACE_ID,
    PLACE_REPLY,
    PLACE_REFERENCES,
    PLACE_LIST,
    PLACE_POST,
    PLACE_EXTRA,
    PLACE_EXTRA_NAME,
    PLACE_COUNT
};

static const char *const place_fields[PLACE_COUNT] = {
    "Subject",
    "From",
    "From",
    "Reply-To",
    "To",
    "To",
    "Cc",
    "Cc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "X-Note",
    "header",
};

static void
assert_refused(enum place place, const char *value)
{
    struct mime_letter letter = sample();
    struct mime_mailbox to = to_ann, cc = {"Bo", "bo@customer.example"};
    struct mime_header extra = {"X-Note", "note"};
    const char *references[] = {"a@b", value, NULL};
    letter.to = &to;
    letter.cc = &cc;
    letter.cc_count = 1;
    letter.reply_to = (struct mime_mailbox){"Team", "team@team.example"};
    letter.extra = &extra;
    letter.extra_count = 1;
    const char **slots[PLACE_COUNT] = {
        [PLACE_SUBJECT] = &letter.subject,
        [PLACE_FROM_NAME] = &letter.from.name,
        [PLACE_FROM] = &letter.from.address,
        [PLACE_REPLY_NAME] = &letter.reply_to.name,
        [PLACE_TO_NAME] = &to.name,
        [PLACE_TO] = &to.address,
        [PLACE_CC_NAME] = &cc.name,
        [PLACE_CC] = &cc.address,
        [PLACE_ID] = &letter.message_id,
        [PLACE_REPLY] = &letter.in_reply_to,
        [PLACE_LIST] = &letter.list_unsubscribe,
        [PLACE_POST] = &letter.list_unsubscribe_post,
        [PLACE_EXTRA] = &extra.value,
        [PLACE_EXTRA_NAME] = &extra.name,
    };
    if (place == PLACE_REFERENCES)
        letter.references = references;
    else
        *slots[place] = value;
    g_autoptr(GError) error = NULL;
    g_assert_null(mime_write(&letter, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_assert_true(g_str_has_prefix(error->message, place_fields[place]));
    g_assert_cmpuint(strlen(error->message), <, 200);
    g_assert_null(strpbrk(error->message, "\r\n"));
}

static void
test_refused_everywhere(void)
{
    g_autofree char *huge = g_strnfill(1024 * 1024, 'n');
    const char *values[] = {
        "x\r\nBcc: evil@evil.example",
        "x\ny",
        "x\ry",
        "x\n",
        "\r",
        "bidi\xE2\x80\xAE"
        "x",
        "\xE2\x81\xA6",
        "\xE2\x80\x8F",
        "bad \xC3\x28 utf-8",
        "bell\a",
        "\x7F",
        "nel\xC2\x85",
        "line\xE2\x80\xA8separator",
        huge,
    };
    for (int place = 0; place < PLACE_COUNT; place++)
        for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
            assert_refused((enum place)place, values[i]);
}

static void
test_refused_by_kind(void)
{
    const char *addresses[] = {
        "",
        "nobody",
        "@x.example",
        "a@",
        "a@b@c",
        "a b@x.example",
        "a@x..example",
        "a@.x",
        "a@x.",
        ".a@x.example",
        "a.@x.example",
        "a..b@x.example",
        "<a@x.example>",
        "a@x.example>",
        "a,b@x.example",
        "\"a\"@x.example",
        "a@x.example\r\nRCPT TO:<b@x>",
        "müller@x.example",
        "a@münchen.example",
        "a@-x.example",
        "a@x-.example",
        "a@[127.0.0.1]",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@x.example",
        NULL,
    };
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        assert_refused(PLACE_TO, addresses[i]);
        assert_refused(PLACE_FROM, addresses[i]);
    }
    const char *ids[] = {"", "a b@c", "<a@b>", "a@b> <c@d", "ü@b", "a,b@c"};
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
        assert_refused(PLACE_ID, ids[i]);
        assert_refused(PLACE_REPLY, ids[i]);
        assert_refused(PLACE_REFERENCES, ids[i]);
    }
    const char *names[] = {"",     "X Note", "X:Note", "bcc", "Date", "Content-Type", "MIME-VERSION",
                           "from", "Ümlaut", NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        assert_refused(PLACE_EXTRA_NAME, names[i]);
    assert_refused(PLACE_LIST, "<mailto:ü@team.example>");
    assert_refused(PLACE_SUBJECT, NULL);
    assert_refused(PLACE_ID, NULL);
    assert_refused(PLACE_EXTRA, "");
}

static void
test_refused_letters(void)
{
    g_autoptr(GError) error = NULL;
    const char *boundaries[] = {
        NULL,     "",     "a b",
        "a\r\nb", "grün", "12345678901234567890123456789012345678901234567890123456789012345678901"};
    for (gsize i = 0; i < G_N_ELEMENTS(boundaries); i++) {
        struct mime_letter letter = sample();
        letter.boundary = boundaries[i];
        g_assert_null(mime_write(&letter, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
        g_clear_error(&error);
    }
    struct mime_letter letter = sample();
    letter.boundary = "plain";
    letter.text = "before\n--plain\nafter\n";
    g_assert_null(mime_write(&letter, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    const char *texts[] = {NULL, "", "bad \xFF"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        letter = sample();
        letter.text = texts[i];
        g_assert_null(mime_write(&letter, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
        g_clear_error(&error);
    }
    letter = sample();
    letter.to_count = 0;
    g_assert_null(mime_write(&letter, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    struct mime_mailbox many[MIME_WRITE_MAX_ADDRESSES + 1];
    for (gsize i = 0; i < G_N_ELEMENTS(many); i++)
        many[i] = to_ann;
    letter.to = many;
    letter.to_count = G_N_ELEMENTS(many) - 1;
    g_autofree char *full = write_checked(&letter);
    letter.to_count++;
    g_assert_null(mime_write(&letter, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_mime_init();
    g_test_add_func("/wire/mime_write/exact", test_exact);
    g_test_add_func("/wire/mime_write/subjects", test_subjects);
    g_test_add_func("/wire/mime_write/names", test_names);
    g_test_add_func("/wire/mime_write/bodies", test_bodies);
    g_test_add_func("/wire/mime_write/threads_and_lists", test_threads_and_lists);
    g_test_add_func("/wire/mime_write/dates", test_dates);
    g_test_add_func("/wire/mime_write/refused_everywhere", test_refused_everywhere);
    g_test_add_func("/wire/mime_write/refused_by_kind", test_refused_by_kind);
    g_test_add_func("/wire/mime_write/refused_letters", test_refused_letters);
    return g_test_run();
}
