/* The record's bytes: what is written comes back, and nothing else is believed. */
#include <string.h>

#include "base/error.h"
#include "inbox/mail_record.h"

static void
fill(struct mail_record *r)
{
    mail_record_init(r);
    r->mail_class = MAIL_CLASS_BOUNCE;
    r->permanent = TRI_STATE_YES;
    r->reason = BOUNCE_REASON_ADDRESS_DEAD;
    r->date_us = G_GINT64_CONSTANT(1772442000000000);
    r->zone_s = -3 * 3600;
    r->partial = TRUE;
    mail_record_set(&r->rule, "rfc3464-failed", 64);
    mail_record_set(&r->status, "5.1.1", 16);
    mail_record_set(&r->subject, "Grüße 日本", MAIL_RECORD_MAX_LINE);
    mail_record_set(&r->return_date, "2026-03-09", 10);
    mail_record_set(&r->booking_zone, "Europe/Berlin", MAIL_RECORD_MAX_ZONE);
    mail_record_set(&r->text, "one\ntwo\tthree", MAIL_RECORD_MAX_TEXT);
    mail_record_add(r->references, "a@b", MAIL_RECORD_MAX_ID);
    mail_record_add(r->references, "c@d", MAIL_RECORD_MAX_ID);
    mail_record_add(r->recipients, "x+tok@usher.example", MAIL_RECORD_MAX_ADDRESS);
    struct failed_recipient *failed = mail_record_add_failed(r, "Ada@Customer.example");
    mail_record_set(&failed->status, "5.1.1", 16);
    failed->reason = BOUNCE_REASON_ADDRESS_DEAD;
    failed->permanent = TRI_STATE_YES;
}

static void
test_round_trip(void)
{
    struct mail_record a, b;
    GError *error = NULL;
    fill(&a);
    g_autoptr(GBytes) bytes = mail_record_write(&a);
    g_assert_true(mail_record_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &b, &error));
    g_assert_no_error(error);
    g_assert_cmpint(b.mail_class, ==, a.mail_class);
    g_assert_cmpint(b.permanent, ==, a.permanent);
    g_assert_cmpint(b.reason, ==, a.reason);
    g_assert_cmpint(b.date_us, ==, a.date_us);
    g_assert_cmpint(b.zone_s, ==, a.zone_s);
    g_assert_true(b.partial);
    g_assert_false(b.personal);
    g_assert_cmpstr(b.subject, ==, "Grüße 日本");
    g_assert_cmpstr(b.text, ==, "one\ntwo\tthree");
    g_assert_cmpstr(b.booking_zone, ==, "Europe/Berlin");
    g_assert_cmpuint(b.references->len, ==, 2);
    g_assert_cmpstr(b.references->pdata[1], ==, "c@d");
    const struct failed_recipient *failed = b.failed->pdata[0];
    g_assert_cmpstr(failed->address, ==, "ada@customer.example");
    g_assert_cmpstr(failed->status, ==, "5.1.1");
    g_autoptr(GBytes) again = mail_record_write(&b);
    g_assert_true(g_bytes_equal(bytes, again));
    mail_record_clear(&a);
    mail_record_clear(&b);
}

/* Every cut and every single changed byte is either refused or yields a record that can be written again. */
static void
test_hostile_bytes(void)
{
    struct mail_record a, b;
    fill(&a);
    g_autoptr(GBytes) bytes = mail_record_write(&a);
    gsize len;
    const guint8 *good = g_bytes_get_data(bytes, &len);
    for (gsize cut = 0; cut < len; cut++) {
        GError *error = NULL;
        g_assert_false(mail_record_read(good, cut, &b, &error));
        g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
        g_clear_error(&error);
        g_assert_null(b.text);
        mail_record_clear(&b); /* does no harm */
    }
    g_autofree guint8 *copy = g_memdup2(good, len);
    guint refused = 0;
    static const guint8 flips[] = {0x01, 0x80, 0xff};
    for (gsize i = 0; i < len; i++)
        for (gsize f = 0; f < G_N_ELEMENTS(flips); f++) {
            copy[i] ^= flips[f];
            if (mail_record_read(copy, len, &b, NULL)) {
                g_autoptr(GBytes) written = mail_record_write(&b);
                g_assert_cmpuint(g_bytes_get_size(written), <=, MAIL_RECORD_MAX_BYTES);
            } else {
                refused++;
            }
            mail_record_clear(&b);
            copy[i] ^= flips[f];
        }
    g_assert_cmpuint(refused, >, len);
    g_autofree guint8 *longer = g_malloc0(len + 1);
    memcpy(longer, good, len);
    g_assert_false(mail_record_read(longer, len + 1, &b, NULL));
    mail_record_clear(&b);
    mail_record_clear(&a);
}

/* The parts that decide something are checked one by one. */
static void
test_single_lies(void)
{
    struct {
        const char *status, *day, *subject;
        gboolean ok;
    } cases[] = {
        {"5.1.1", "2026-02-28", "fine", TRUE},
        {"", "", "", TRUE},
        {"9.1.1", "", "", FALSE},
        {"5.1", "", "", FALSE},
        {"5.1.1x", "", "", FALSE},
        {"", "2026-02-30", "", FALSE},
        {"", "26-02-2026", "", FALSE},
        {"", "", "two\nlines", FALSE},
        {"", "", "\xff\xfe", FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record a, b;
        mail_record_init(&a);
        g_free(a.status);
        g_free(a.return_date);
        g_free(a.subject);
        a.status = g_strdup(cases[i].status);
        a.return_date = g_strdup(cases[i].day);
        a.subject = g_strdup(cases[i].subject);
        g_autoptr(GBytes) bytes = mail_record_write(&a);
        gboolean ok = mail_record_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &b, NULL);
        g_assert_cmpint(ok, ==, cases[i].ok);
        mail_record_clear(&a);
        mail_record_clear(&b);
    }
}

static void
test_limits(void)
{
    struct mail_record r;
    mail_record_init(&r);
    g_autofree char *long_text = g_strnfill(100000, 'x');
    mail_record_set(&r.text, long_text, MAIL_RECORD_MAX_TEXT);
    mail_record_set(&r.subject, "é\ré\né", MAIL_RECORD_MAX_LINE);
    g_assert_cmpuint(strlen(r.text), ==, MAIL_RECORD_MAX_TEXT);
    g_assert_cmpstr(r.subject, ==, "ééé");
    mail_record_set(&r.subject, "ééé", 5);
    g_assert_cmpstr(r.subject, ==, "éé");
    mail_record_set(&r.from, "bad \xff byte", MAIL_RECORD_MAX_ADDRESS);
    g_assert_true(g_utf8_validate(r.from, -1, NULL));
    for (guint i = 0; i < 200; i++) {
        g_autofree char *id = g_strdup_printf("%0500u@x", i);
        mail_record_add(r.references, id, MAIL_RECORD_MAX_ID);
        mail_record_add(r.references, id, MAIL_RECORD_MAX_ID);
        mail_record_add(r.recipients, id, MAIL_RECORD_MAX_ADDRESS);
        mail_record_add(r.returned, id, MAIL_RECORD_MAX_ADDRESS);
        mail_record_add(r.reply_to, id, MAIL_RECORD_MAX_ADDRESS);
        mail_record_add_failed(&r, id);
    }
    g_assert_cmpuint(r.references->len, ==, MAIL_RECORD_MAX_LIST);
    g_assert_cmpuint(r.failed->len, <=, MAIL_RECORD_MAX_LIST);
    g_autoptr(GBytes) bytes = mail_record_write(&r);
    struct mail_record back;
    g_assert_true(mail_record_read(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), &back, NULL));
    mail_record_clear(&back);
    mail_record_clear(&r);
}

static void
test_names(void)
{
    for (guint i = 0; i <= MAIL_CLASS_OTHER; i++) {
        enum mail_class parsed;
        g_assert_true(mail_class_parse(mail_class_name((enum mail_class)i), &parsed));
        g_assert_cmpuint(parsed, ==, i);
    }
    enum mail_class none;
    g_assert_false(mail_class_parse("Reply", &none));
    g_assert_cmpstr(mail_class_name(MAIL_CLASS_AUTO_REPLY), ==, "auto_reply");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/record/round_trip", test_round_trip);
    g_test_add_func("/inbox/record/hostile_bytes", test_hostile_bytes);
    g_test_add_func("/inbox/record/single_lies", test_single_lies);
    g_test_add_func("/inbox/record/limits", test_limits);
    g_test_add_func("/inbox/record/names", test_names);
    return g_test_run();
}
