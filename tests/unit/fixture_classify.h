/* Small mails through the classifier. */
#ifndef USHER_TESTS_FIXTURE_CLASSIFY_H
#define USHER_TESTS_FIXTURE_CLASSIFY_H

#include <string.h>

#include "inbox/classify.h"

#define PERSON                                                                                               \
    "From: Ada Ray <ada@customer.example>\nTo: Sam <sam@usher.example>\nDate: Tue, 3 Mar 2026 10:00:00 "     \
    "+0100\n"
#define ANSWER                                                                                               \
    PERSON "Subject: Re: Your usage\nIn-Reply-To: <m1@usher.example>\nReferences: <m1@usher.example>\n"
#define DAEMON                                                                                               \
    "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: sam+tok@usher.example\n"

struct sample {
    const char *name, *mail, *mail_class, *rule;
};

static inline void
classify(const char *mail, struct mail_record *out)
{
    mail_classify((const guint8 *)mail, strlen(mail), FALSE, NULL, out);
}

static inline void
check(const struct sample *samples, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        struct mail_record r;
        classify(samples[i].mail, &r);
        g_test_message("%s: %s by %s (%s)", samples[i].name, mail_class_name(r.mail_class), r.rule,
                       r.evidence);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, samples[i].mail_class);
        if (samples[i].rule)
            g_assert_cmpstr(r.rule, ==, samples[i].rule);
        mail_record_clear(&r);
    }
}

#endif
