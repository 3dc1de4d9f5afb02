/* The classifier on small mails: one for each rule, and those that only look like one. Bounces are in
 * inbox_bounces.c, the wording of answers in inbox_wordings.c. */
#include "fixture_classify.h"

static void
test_people(void)
{
    static const struct sample samples[] = {
        {"short thanks", ANSWER "\nThanks, done!\n", "reply", "answers-a-mail"},
        {"new subject",
         PERSON "Subject: Question\nIn-Reply-To: <m1@usher.example>\n\nHow do I cap the bill?\n", "reply",
         NULL},
        {"only Re", PERSON "Subject: AW: Ihre Nutzung\n\nDanke, das hilft.\n", "reply", "answer-subject"},
        {"quote",
         PERSON "Subject: usage\n\nYes please.\n\nOn 2 March 2026 at 10:00, Sam <sam@usher.example> "
                "wrote:\n> Shall we?\n",
         "reply", "quotes-a-mail"},
        {"through a group", ANSWER "List-Id: <team.usher.example>\nPrecedence: list\n\nThanks!\n", "reply",
         NULL},
        {"writes about holidays",
         ANSWER "\nI'm on holiday next week, so let's talk on Monday the 16th instead. Can you look at the "
                "replay settings until then?\n",
         "reply", NULL},
        {"subject on holiday",
         PERSON "Subject: Re: What happens to events on holiday\nIn-Reply-To: <m1@usher.example>\n\nThey are "
                "dropped.\n",
         "reply", NULL},
        {"answers a note",
         PERSON "Subject: Re: Automatic reply: Your usage\nIn-Reply-To: <m1@usher.example>\n\nI am back now, "
                "sorry.\n",
         "reply", NULL},
        {"asks others not to answer", ANSWER "X-Auto-Response-Suppress: All\n\nFine with me.\n", "reply",
         NULL},
        {"a bounce quoted",
         ANSWER "\nYour mail to Bob came back to us?\n\n> Subject: Undelivered Mail Returned to Sender\n> "
                "550 5.1.1 User unknown\n",
         "reply", NULL},
        {"fresh mail", PERSON "Subject: Invoice question\n\nHello Sam, why is the invoice higher?\n", "other",
         "none"},
        {"newsletter",
         PERSON
         "Subject: News\nList-Unsubscribe: <https://x.example/u>\n\nThis week. To unsubscribe click here.\n",
         "other", NULL},
        {"empty", "", "other", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

static void
test_automatic(void)
{
    static const struct sample samples[] = {
        {"RFC 3834", ANSWER "Auto-Submitted: auto-replied\n\nBack soon.\n", "auto_reply",
         "rfc3834-auto-submitted"},
        {"not automatic", ANSWER "Auto-Submitted: no\n\nBack soon.\n", "reply", NULL},
        {"vendor", ANSWER "X-Autoreply: yes\n\nBack soon.\n", "auto_reply", "vendor-field"},
        {"Exchange",
         PERSON "Subject: Automatic reply: Your usage\nX-Auto-Response-Suppress: All\n\nI'm away.\n",
         "auto_reply", "subject-automatic"},
        {"brackets", PERSON "Subject: Re: Your usage (Automatic Response)\n\nAway.\n", "auto_reply",
         "subject-automatic"},
        {"German", PERSON "Subject: Automatische Antwort: Ihre Nutzung\n\nIch bin nicht da.\n", "auto_reply",
         NULL},
        {"French", PERSON "Subject: =?utf-8?Q?R=C3=A9ponse_automatique=C2=A0=3A?= usage\n\nAbsent.\n",
         "auto_reply", NULL},
        {"Japanese", PERSON "Subject: =?iso-2022-jp?B?GyRCPCtGMEpWPy4bKEI=?=\n\nx\n", "auto_reply", NULL},
        {"words only",
         ANSWER "\nHello,\n\nthank you for your email. I am out of the office until 16 March with limited "
                "access to email. For urgent matters please contact bob@customer.example.\n\nAda\n",
         "auto_reply", "words-absence"},
        {"German words",
         ANSWER "\nGuten Tag,\n\nich bin bis 16.03. nicht im Büro. Ich bin im Urlaub. In dringenden Fällen "
                "wenden Sie sich bitte an Bob.\n",
         "auto_reply", NULL},
        {"Spanish words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\nGracias por su mensaje. Estoy de vacaciones "
                "hasta el 20 de marzo. En caso de urgencia llame a la oficina.\n",
         "auto_reply", NULL},
        {"Turkish words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\nMesajınız için teşekkür ederim. Yıllık "
                "izindeyim, 16 Mart'ta döneceğim. Acil durumlarda Bora'yı arayın.\n",
         "auto_reply", NULL},
        {"Russian words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\nСпасибо за ваше письмо. Я в отпуске до 20 марта. "
                "По срочным вопросам пишите Борису.\n",
         "auto_reply", NULL},
        {"Korean words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\n현재 휴가 중입니다. 급한 용무는 사무실로 연락 "
                "바랍니다.\n",
         "auto_reply", NULL},
        {"ticket robot",
         "From: help@customer.example\nSubject: Re: Your usage\nIn-Reply-To: "
         "<m1@usher.example>\nAuto-Submitted: auto-generated\n\nYour ticket number is 42.\n",
         "auto_reply", "rfc3834-generated-answer"},
        {"ticket words",
         PERSON "Subject: [#42] Your usage\n\nThank you for contacting us. A ticket has been opened for your "
                "request. We will get back to you within 24 hours.\n",
         "auto_reply", NULL},
        {"null sender", "Return-Path: <>\n" ANSWER "\nWe got your mail.\n", "auto_reply",
         "null-sender-answer"},
    };
    check(samples, G_N_ELEMENTS(samples));
    struct mail_record r;
    classify(samples[8].mail, &r);
    g_assert_cmpstr(r.return_date, ==, "2026-03-16");
    mail_record_clear(&r);
}

static void
test_own(void)
{
    const char *own[] = {"sam@usher.example", "ada@customer.example", NULL};
    struct classify_context ctx = {.own_addresses = own};
    static const char mail[] = ANSWER "Auto-Submitted: auto-replied\n\nhello\n";
    struct mail_record r;
    mail_classify((const guint8 *)mail, strlen(mail), FALSE, &ctx, &r);
    g_assert_cmpstr(mail_class_name(r.mail_class), ==, "own");
    mail_record_clear(&r);
}

static void
test_booking(void)
{
#define INVITE(method, lines)                                                                                \
    PERSON "Subject: Call\nMIME-Version: 1.0\nContent-Type: text/calendar; method=" method "\n\n"            \
           "BEGIN:VCALENDAR\nMETHOD:" method "\nBEGIN:VEVENT\nDTSTART:20260310T150000Z\n" lines              \
           "END:VEVENT\nEND:VCALENDAR\n"
    static const struct {
        const char *mail;
        enum booking_act act;
    } cases[] = {
        {INVITE("REQUEST", "SEQUENCE:0\n"), BOOKING_ACT_NEW},
        {INVITE("REQUEST", "SEQUENCE:2\n"), BOOKING_ACT_MOVED},
        {INVITE("CANCEL", ""), BOOKING_ACT_CANCELLED},
        {INVITE("REPLY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@customer.example\n"), BOOKING_ACT_ACCEPTED},
        {INVITE("REPLY", "ATTENDEE;CN=Ada;\n PARTSTAT=DECLINED:mailto:ada@customer.example\n"),
         BOOKING_ACT_DECLINED},
        {INVITE("REPLY", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@b\n"), BOOKING_ACT_TENTATIVE},
        {INVITE("COUNTER", ""), BOOKING_ACT_MOVED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        classify(cases[i].mail, &r);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, "booking");
        g_assert_cmpstr(booking_act_name(r.booking), ==, booking_act_name(cases[i].act));
        g_assert_cmpint(r.booking_at_us, ==, G_GINT64_CONSTANT(1773154800000000));
        mail_record_clear(&r);
    }
    /* What it takes: by the clock of one zone or by a duration; nothing that is no time of a call. */
    static const struct {
        const char *mail;
        int minutes;
    } lengths[] = {
        {INVITE("REQUEST", ""), 0},
        {INVITE("REQUEST", "DTEND:20260310T154500Z\n"), 45},
        {INVITE("REQUEST", "DTEND;TZID=Europe/Berlin:20260310T153000\n"), 30},
        {INVITE("REQUEST", "DURATION:PT1H15M\n"), 75},
        {INVITE("REQUEST", "DURATION:P2D\n"), 0},
        {INVITE("REQUEST", "DURATION:PT99999999999999999999H\n"), 0},
        {INVITE("REQUEST", "DTEND:20260310T140000Z\n"), 0},
        {INVITE("REQUEST", "DTEND:20260399T990000Z\n"), 0},
        {INVITE("REQUEST", "DTEND:2026\n"), 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct mail_record r;
        classify(lengths[i].mail, &r);
        g_assert_cmpint(r.booking_length_us, ==, lengths[i].minutes * G_TIME_SPAN_MINUTE);
        mail_record_clear(&r);
    }
    static const struct sample samples[] = {
        {"service", "From: Calendly <no-reply@calendly.com>\nSubject: New Event: Ada Ray - 30 minutes\n\nx\n",
         "booking", "scheduling-service"},
        {"service cancels", "From: x <notifications@calendly.com>\nSubject: Canceled: Ada Ray\n\nx\n",
         "booking", NULL},
        {"not the service", "From: x <a@notcalendly.com>\nSubject: New Event: x\n\nx\n", "other", NULL},
        {"attached agenda",
         PERSON "Subject: agenda\nContent-Type: text/calendar; name=a.ics\nContent-Disposition: "
                "attachment\n\nBEGIN:VCALENDAR\nMETHOD:PUBLISH\nEND:VCALENDAR\n",
         "other", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

/* Hostile shapes: no crash, an answer at once. */
static void
test_hostile(void)
{
    const struct {
        const char *head, *repeat;
        guint times;
        const char *tail;
    } shapes[] = {
        {"From: a@b\nSubject: ", "a", 10000000, ""},
        {"", "A: b\n", 400000, "\nx\n"},
        {"Subject: x\n", " =?utf-8?q?=C3?=\n", 100000, "\nx\n"},
        {"To: ", "g:", 1000000, "\n\nx\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nTo: ", "(",
         1000000, "\n\nx\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nTo: ", "g:",
         900000, "\n\nx\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n",
         "--b\nContent-Type: multipart/mixed; boundary=b\n\n", 10000, "x"},
        {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 250000, ""},
        {"", "Content-Type: message/rfc822\n\n", 60000, "x"},
        {"Content-Type: text/html\n\n", "<div", 400000, ">"},
        {"Content-Type: text/html\n\n", "<a \"'>&#", 200000, ""},
        {"Content-Type: text/html\n\n", "<blockquote>x", 100000, ""},
        {"Subject: Re: x\n\n", "On 1.1.2026 a@b.c\n", 100000, "wrote:\n"},
        {"Subject: Re: x\n\n", "> ", 900000, "\n"},
        {"Subject: Re: x\n\n", "From: a\nTo: b\n\n", 60000, "\n"},
        {"From: mailer-daemon@x\nSubject: failure notice\n\n", "<a@b.c>: 5.1.1 ", 100000, "\n"},
        {"From: mailer-daemon@x\nSubject: failure notice\n\n", "@", 500000, "\n"},
        {"Content-Type: message/delivery-status\n\n", "Final-Recipient: rfc822;a@b.c\n\n", 60000, "\n"},
        {"References: ", "<a@b>", 300000, "\n\nx\n"},
        {"Subject: out of office until ", "1/2/", 200000, "\n\nx\n"},
        {"\n\n\n", "\r", 1000000, ""},
        {"", "\xff\xfe\x80", 300000, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autoptr(GString) mail = g_string_new(shapes[i].head);
        for (guint k = 0; k < shapes[i].times; k++)
            g_string_append(mail, shapes[i].repeat);
        g_string_append(mail, shapes[i].tail);
        gint64 started_us = g_get_monotonic_time();
        struct mail_record r;
        mail_classify((const guint8 *)mail->str, mail->len, FALSE, NULL, &r);
        g_test_message("shape %u: %s, %d ms", (guint)i, mail_class_name(r.mail_class),
                       (int)((g_get_monotonic_time() - started_us) / 1000));
        g_autoptr(GBytes) written = mail_record_write(&r);
        struct mail_record back;
        GError *error = NULL;
        g_assert_true(
            mail_record_read(g_bytes_get_data(written, NULL), g_bytes_get_size(written), &back, &error));
        mail_record_clear(&back);
        mail_record_clear(&r);
    }
    struct mail_record r;
    g_autofree guint8 *nuls = g_malloc0(1000000);
    mail_classify(nuls, 1000000, FALSE, NULL, &r);
    mail_record_clear(&r);
    mail_classify(NULL, 0, TRUE, NULL, &r);
    g_assert_true(r.partial);
    mail_record_clear(&r);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/classify/people", test_people);
    g_test_add_func("/inbox/classify/automatic", test_automatic);
    g_test_add_func("/inbox/classify/own", test_own);
    g_test_add_func("/inbox/classify/booking", test_booking);
    g_test_add_func("/inbox/classify/hostile", test_hostile);
    return g_test_run();
}
