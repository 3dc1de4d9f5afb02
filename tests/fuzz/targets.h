/* What is fuzzed, and what must hold of every answer. Shared by the fuzzer (fuzz.c) and by the unit test that
 * replays the seeds. Each function ends the process when something does not hold. */
#ifndef USHER_TESTS_FUZZ_TARGETS_H
#define USHER_TESTS_FUZZ_TARGETS_H

#include <string.h>

#include "base/zone.h"
#include "inbox/classify.h"
#include "inbox/classify_view.h"
#include "inbox/reply_text.h"
#include "wire/mime_read.h"

/* A return date is a day, not past, and about a year ahead at most. */
static inline void
fuzz_check_day(const char *day, gint64 sent_us, int zone_s)
{
    struct civil c;
    g_autoptr(GDateTime) sent = g_date_time_new_from_unix_utc(sent_us / G_USEC_PER_SEC + zone_s);
    g_assert_true(civil_parse(day, &c) && !c.has_time && strlen(day) == 10);
    g_autoptr(GDateTime) back = g_date_time_new_utc(c.year, c.month, c.day, 23, 59, 59);
    g_assert_nonnull(back);
    GTimeSpan ahead = g_date_time_difference(back, sent);
    g_assert_cmpint(ahead, >=, 0);
    g_assert_cmpint(ahead, <=, (GTimeSpan)402 * G_TIME_SPAN_DAY);
}

/* The bytes of a mail → its record: it survives the wire, and the same bytes give the same record. */
static inline void
fuzz_mail(const guint8 *data, gsize size)
{
    struct mail_record r, again, back;
    mail_classify(data, size, FALSE, NULL, &r);
    mail_classify(data, size, FALSE, NULL, &again);
    g_autoptr(GBytes) first = mail_record_write(&r);
    g_autoptr(GBytes) second = mail_record_write(&again);
    g_assert_true(g_bytes_equal(first, second));
    GError *error = NULL;
    g_assert_true(mail_record_read(g_bytes_get_data(first, NULL), g_bytes_get_size(first), &back, &error));
    g_assert_true(r.mail_class == MAIL_CLASS_AUTO_REPLY || *r.return_date == '\0');
    g_assert_true(r.mail_class == MAIL_CLASS_BOUNCE || r.mail_class == MAIL_CLASS_DELAY ||
                  r.reason == BOUNCE_REASON_NONE || r.failed->len > 0);
    if (*r.return_date)
        fuzz_check_day(r.return_date, r.date_us, r.zone_s);
    mail_record_clear(&r);
    mail_record_clear(&again);
    mail_record_clear(&back);
}

/* The content of a delivery report, in a mail that is one; its words and codes by themselves, too. */
static inline void
fuzz_dsn(const guint8 *data, gsize size)
{
    static const char head[] =
        "Return-Path: <>\nFrom: mailer-daemon@x.example\nMIME-Version: 1.0\nContent-Type: "
        "multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: "
        "message/delivery-status\n\nReporting-MTA: dns; x\n\n";
    g_autoptr(GString) mail = g_string_new(head);
    g_string_append_len(mail, (const char *)data, (gssize)size);
    fuzz_mail((const guint8 *)mail->str, mail->len);
    g_autofree char *text = mime_text_decode(data, size, NULL, 64 * 1024);
    g_autofree char *status = classify_find_status(text);
    enum bounce_reason reason;
    enum tri_state permanent;
    classify_judge_failure(status ? status : "", text, &reason, &permanent);
    if (status && status[0] == '4')
        g_assert_cmpint(permanent, ==, TRI_STATE_NO);
}

/* Eight bytes of when and where, then a note. */
static inline void
fuzz_date(const guint8 *data, gsize size)
{
    if (size < 8)
        return;
    gint64 sent_us = (gint64)(data[0] | data[1] << 8 | data[2] << 16) * 256 * G_USEC_PER_SEC;
    int zone_s = ((int)data[3] - 128) * 900;
    g_autofree char *text = mime_text_decode(data + 8, size - 8, NULL, 64 * 1024);
    g_autofree char *day = classify_find_return_date("", text, sent_us, zone_s);
    if (day)
        fuzz_check_day(day, sent_us, zone_s);
}

/* A text, or HTML when it begins with "<": what remains is clean, no longer, and has nothing more to cut. */
static inline void
fuzz_reply(const guint8 *data, gsize size)
{
    g_autofree char *text = mime_text_decode(data, size, NULL, MIME_READ_MAX_TEXT);
    g_autofree char *plain = text[0] == '<' ? mime_html_to_text(text, MIME_READ_MAX_TEXT) : g_strdup(text);
    struct reply_marks marks;
    g_autofree char *words = reply_text_extract(plain, &marks);
    g_assert_true(g_utf8_validate(words, -1, NULL));
    g_assert_cmpuint(strlen(words), <=, strlen(plain));
    g_assert_true(*words == '\0' || !g_ascii_isspace(words[strlen(words) - 1]));
    g_assert_true(marks.quote || !marks.attribution);
}

static const struct {
    const char *name;
    void (*run)(const guint8 *data, gsize size);
} fuzz_targets[] = {{"mail", fuzz_mail}, {"dsn", fuzz_dsn}, {"date", fuzz_date}, {"reply", fuzz_reply}};

#endif
