/* Mails of mail servers: bounces by report and by form, delays, and other machines. */
#include "fixture_classify.h"

#define REPORT(status, action, diagnostic)                                                                   \
    DAEMON "Auto-Submitted: auto-replied\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n" \
           "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"                     \
           "--b\nContent-Type: text/plain\n\nSorry, your message could not be delivered.\n\n"                \
           "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"                \
           "Original-Recipient: rfc822;Ada@customer.example\nFinal-Recipient: "                              \
           "rfc822;ada@mx.customer.example\nAction: " action "\nStatus: " status "\n" diagnostic             \
           "\n--b\nContent-Type: message/rfc822\n\nReturn-Path: <sam+tok@usher.example>\n"                   \
           "Message-ID: <m1@usher.example>\nFrom: sam@usher.example\nTo: ada@customer.example\nSubject: "    \
           "x\n\nhello\n--b--\n"

static void
test_reports(void)
{
    static const struct {
        const char *mail, *mail_class, *status;
        enum tri_state permanent;
        enum bounce_reason reason;
    } cases[] = {
        {REPORT("5.1.1", "failed", "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n"), "bounce", "5.1.1",
         TRI_STATE_YES, BOUNCE_REASON_ADDRESS_DEAD},
        {REPORT("5.0.0", "failed", "Diagnostic-Code: smtp; 550 no such user here\n"), "bounce", "5.0.0",
         TRI_STATE_YES, BOUNCE_REASON_ADDRESS_DEAD},
        {REPORT("5.7.1", "failed", "Diagnostic-Code: smtp; 550 5.7.1 <a@b>: unknown user\n"), "bounce",
         "5.7.1", TRI_STATE_YES, BOUNCE_REASON_ADDRESS_DEAD},
        {REPORT("5.1.2", "failed", ""), "bounce", "5.1.2", TRI_STATE_YES, BOUNCE_REASON_DOMAIN_DEAD},
        {REPORT("5.4.4", "failed", "Diagnostic-Code: X-Postfix; Host or domain name not found.\n"), "bounce",
         "5.4.4", TRI_STATE_YES, BOUNCE_REASON_DOMAIN_DEAD},
        {REPORT("5.2.2", "failed", "Diagnostic-Code: smtp; 552 5.2.2 Over quota\n"), "bounce", "5.2.2",
         TRI_STATE_NO, BOUNCE_REASON_FULL},
        {REPORT("5.7.1", "failed", "Diagnostic-Code: smtp; 554 5.7.1 Message looks like spam\n"), "bounce",
         "5.7.1", TRI_STATE_NO, BOUNCE_REASON_SPAM},
        {REPORT("5.7.26", "failed", "Diagnostic-Code: smtp; 550 5.7.26 unauthenticated mail, DMARC policy\n"),
         "bounce", "5.7.26", TRI_STATE_NO, BOUNCE_REASON_POLICY},
        {REPORT("5.3.4", "failed", "Diagnostic-Code: smtp; 552 5.3.4 Message size exceeds fixed limit\n"),
         "bounce", "5.3.4", TRI_STATE_NO, BOUNCE_REASON_SIZE},
        {REPORT("4.4.7", "failed", "Diagnostic-Code: smtp; delivery time expired\n"), "bounce", "4.4.7",
         TRI_STATE_NO, BOUNCE_REASON_OTHER},
        {REPORT("4.4.1", "delayed", "Diagnostic-Code: smtp; connection timed out\n"), "delay", "4.4.1",
         TRI_STATE_NO, BOUNCE_REASON_OTHER},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        classify(cases[i].mail, &r);
        g_test_message("%u: %s", (guint)i, r.evidence);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, cases[i].mail_class);
        g_assert_cmpstr(r.status, ==, cases[i].status);
        g_assert_cmpint(r.permanent, ==, cases[i].permanent);
        g_assert_cmpint(r.reason, ==, cases[i].reason);
        g_assert_cmpstr(r.returned_message_id, ==, "m1@usher.example");
        g_assert_cmpstr(r.returned->pdata[0], ==, "sam+tok@usher.example");
        g_assert_cmpstr(r.recipients->pdata[0], ==, "sam+tok@usher.example");
        g_assert_cmpuint(r.failed->len, ==, 2);
        const struct failed_recipient *failed = r.failed->pdata[0];
        g_assert_cmpstr(failed->address, ==, "ada@customer.example");
        mail_record_clear(&r);
    }
    struct mail_record r;
    classify(REPORT("2.0.0", "delivered", ""), &r);
    g_assert_cmpstr(mail_class_name(r.mail_class), ==, "receipt");
    g_assert_cmpstr(r.returned_message_id, ==, "m1@usher.example");
    mail_record_clear(&r);
}

static void
test_bounces_by_form(void)
{
    static const struct {
        const char *name, *mail, *mail_class, *address;
        enum tri_state permanent;
    } cases[] = {
        {"qmail",
         DAEMON "Subject: failure notice\n\nHi. This is the qmail-send program at mx.example.\nI'm afraid I "
                "wasn't able to deliver your message to the following "
                "addresses.\n\n<ada@customer.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- "
                "Below this line is a copy of the message.\n\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"Exim",
         DAEMON "X-Failed-Recipients: ada@customer.example\nSubject: Mail delivery failed: returning message "
                "to sender\n\nA message that you sent could not be delivered to one or more of "
                "its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  "
                "ada@customer.example\n    mailbox is full: retry timeout exceeded\n\n------ This is a copy "
                "of the message ------\n\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_NO},
        {"several",
         DAEMON "Subject: failure notice\n\nunable to deliver:\n<ada@customer.example>:\n552 5.2.2 mailbox "
                "full\n\n<bob@customer.example>:\n550 5.1.1 user unknown\n\n--- Below this line is a copy of "
                "the message.\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"Russian",
         DAEMON "Subject: "
                "=?utf-8?B?0JLQsNGI0LUg0YHQvtC+0LHRidC10L3QuNC1INC90LUg0LTQvtGB0YLQsNCy0LvQtdC90L4=?="
                "\nContent-Type: text/plain; charset=utf-8\n\nВаше сообщение не "
                "доставлено.\n\n<ada@customer.example>: user not found\n\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"CR line ends",
         "Return-Path: <>\rFrom: postmaster@mx.example\rTo: sam@usher.example\rSubject: Undeliverable "
         "Mail\r\rUnknown user: ada@customer.example\r\rOriginal message follows.\r\rMessage-ID: "
         "<m1@usher.example>\r",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"forwarded",
         PERSON "Subject: Fwd: Undelivered\n\nlook\n\n> Final-Recipient: rfc822; ada@customer.example\n> "
                "Action: failed\n> Status: 5.1.1\n>\n> Message-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"delay",
         DAEMON "Subject: Warning: message delayed 24 hours\n\nA message has not yet been delivered to\n\n  "
                "ada@customer.example\n\nNo action is required on your part. Delivery attempts will "
                "continue.\n\nMessage-ID: <m1@usher.example>\n",
         "delay", "ada@customer.example", TRI_STATE_NO},
        {"SES event",
         "From: no-reply@sns.amazonaws.com\nSubject: AWS Notification "
         "Message\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":"
         "\"ada@customer.example\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 "
         "5.1.1 unknown user\"}]},\"mail\":{\"messageId\":\"x\"}}\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        classify(cases[i].mail, &r);
        g_test_message("%s: %s by %s", cases[i].name, mail_class_name(r.mail_class), r.rule);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, cases[i].mail_class);
        g_assert_cmpuint(r.failed->len, >=, 1);
        const struct failed_recipient *failed = r.failed->pdata[0];
        g_assert_cmpstr(failed->address, ==, cases[i].address);
        g_assert_cmpint(r.permanent, ==, cases[i].permanent);
        if (strcmp(cases[i].name, "SES event") != 0)
            g_assert_cmpstr(r.returned_message_id, ==, "m1@usher.example");
        mail_record_clear(&r);
    }
}

static void
test_machines(void)
{
    static const struct sample samples[] = {
        {"complaint",
         "From: fbl@provider.example\nSubject: FW: x\nMIME-Version: 1.0\nContent-Type: multipart/report; "
         "report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\nabuse "
         "report\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: "
         "x/1\nOriginal-Rcpt-To: <ada@customer.example>\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: "
         "<m1@usher.example>\n\nx\n--b--\n",
         "complaint", "rfc5965-report"},
        {"read receipt",
         PERSON
         "Subject: Read: x\nMIME-Version: 1.0\nContent-Type: multipart/report; "
         "report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: "
         "text/plain\n\nread\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: "
         "<m1@usher.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
         "receipt", "rfc8098-read"},
        {"challenge",
         "From: ada@bluebottle.com\nSubject: Re: x\n\nThis account is protected by Bluebottle. Please click "
         "on the following link to be added: http://x.example/\n",
         "challenge", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/classify/reports", test_reports);
    g_test_add_func("/inbox/classify/bounces_by_form", test_bounces_by_form);
    g_test_add_func("/inbox/classify/machines", test_machines);
    return g_test_run();
}
