/* The SMTP client against a scripted server: what each failure is worth as a verdict, whatever extensions the
 * server offers. */
#include "wire_smtp_rig.h"

struct fault {
    const char *name;
    const char *script;
    guint mails;
    guint recipients;
    const char *verdicts;
    gsize body; /* bytes; 0 for a short one */
    int give_up;
    int error;         /* 0 for none */
    const char *words; /* in the error, or else in the outcomes */
    int kept;          /* messages the server kept */
    guint begun;
    gboolean more;
};

/* name, script, mails, recipients of each, verdicts; then what is not nothing. */
static const struct fault faults[] = {
    {"all-well", "", 3, 2, "sent, sent; sent, sent; sent, sent", .words = "250 2.0.0 taken", .kept = 3,
     .begun = 3},
    {"nothing", "", 0, 0, "", .kept = 0},
    {"long-body", "", 2, 1, "sent; sent", .body = 300000, .kept = 2, .begun = 2},

    {"connect-5xx", "fault connect 554 5.3.2 no service", 2, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "refuses at the greeting: 554 5.3.2 no service"},
    {"connect-4xx", "fault connect 421 4.3.2 too busy", 1, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "421 4.3.2 too busy"},
    {"connect-drop", "fault connect drop", 1, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "ended the session at the greeting"},
    {"connect-stall", "fault connect stall", 1, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "has not answered the greeting within 0.4 s"},
    {"connect-garbage", "fault connect garbage", 1, 1, "not transmitted", .error = PROTOCOL,
     .words = "not SMTP"},
    {"ehlo-4xx", "fault ehlo 451 4.7.1 later", 1, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "refuses at EHLO: 451 4.7.1 later"},
    {"ehlo-5xx", "fault ehlo 550 5.7.1 not you", 1, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "refuses at EHLO: 550 5.7.1 not you"},
    {"ehlo-helo", "fault ehlo 502 what", 1, 1, "sent", .kept = 1, .begun = 1},
    {"ehlo-drop", "fault ehlo drop", 1, 1, "not transmitted", .error = UNAVAILABLE, .words = "at EHLO"},

    {"mail-4xx", "fault mail#1 451 4.3.0 later", 2, 2, "deferred, deferred; sent, sent",
     .words = "451 4.3.0 later", .kept = 1, .begun = 1},
    {"mail-5xx", "fault mail#2 553 5.7.1 not yours", 3, 1, "sent; refused; sent",
     .words = "553 5.7.1 not yours", .kept = 2, .begun = 2},
    {"mail-421", "fault mail#1 421 4.4.2 closing", 2, 1, "deferred", .words = "421 4.4.2 closing",
     .more = TRUE},
    {"mail-530", "fault mail 530 5.7.0 log in", 2, 1, "not transmitted", .error = USHER_ERROR_NO_PERMISSION,
     .words = "530 5.7.0 log in"},
    {"mail-drop", "fault mail drop", 2, 1, "not transmitted", .error = UNAVAILABLE, .words = "at MAIL"},
    {"mail-stall", "fault mail stall", 2, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "has not answered MAIL within"},
    {"mail-garbage", "fault mail garbage", 2, 1, "not transmitted", .error = PROTOCOL,
     .words = "answered MAIL with something that is not SMTP"},
    {"mail-second-drop", "fault mail#2 drop", 3, 1, "sent; not transmitted", .error = UNAVAILABLE, .kept = 1,
     .begun = 1},

    {"rcpt-one", "fault rcpt#1 550 5.1.1 who", 2, 2, "refused, sent; sent, sent", .words = "550 5.1.1 who",
     .kept = 2, .begun = 2},
    {"rcpt-mixed", "fault rcpt#1 450 4.2.1 later\nfault rcpt#3 551 5.1.6 moved", 1, 3,
     "deferred, sent, refused", .words = "450 4.2.1 later", .kept = 1, .begun = 1},
    {"rcpt-all", "fault rcpt#1 550 5.1.1 who\nfault rcpt#2 452 4.5.3 many", 2, 2,
     "refused, deferred; sent, sent", .kept = 1, .begun = 1},
    {"rcpt-3xx", "fault rcpt#1 354 odd", 1, 2, "unknown, sent", .kept = 1, .begun = 1},
    {"rcpt-multi-line", "fault rcpt 550 5.1.1 first|5.1.1 second line", 1, 1, "refused",
     .words = "550 5.1.1 first"},
    {"rcpt-stall", "fault rcpt stall", 1, 1, "not transmitted", .error = UNAVAILABLE},
    {"rcpt-drop", "fault rcpt drop", 1, 1, "not transmitted", .error = UNAVAILABLE},
    {"rcpt-421-all", "fault rcpt 421 4.3.2 going", 2, 1, "deferred", .more = TRUE},

    {"rcpt-drip-stall", "fault rcpt drip", 1, 1, "not transmitted", .error = UNAVAILABLE,
     .words = "has not answered RCPT within 0.4 s"},
    {"data-4xx", "fault data#1 451 4.3.0 later", 2, 1, "deferred", .words = "451 4.3.0 later", .more = TRUE},
    {"data-5xx", "fault data 554 5.7.1 spam", 2, 1, "refused", .words = "554 5.7.1 spam", .more = TRUE},
    {"data-2xx", "fault data 250 2.0.0 fine without", 1, 1, "not transmitted", .more = TRUE},
    {"data-drop", "fault data drop", 2, 1, "not transmitted", .error = UNAVAILABLE, .words = "at DATA"},
    {"data-stall", "fault data stall", 1, 1, "not transmitted", .error = UNAVAILABLE},

    {"body-drop", "fault body drop", 2, 1, "not transmitted", .body = 16000000, .error = UNAVAILABLE,
     .words = "the message's body", .begun = 1},
    {"body-stall", "fault body stall", 2, 1, "unknown", .error = UNAVAILABLE, .words = "the final dot",
     .begun = 1},

    {"body-stall-long", "fault body freeze", 2, 1, "not transmitted", .body = 16000000, .error = UNAVAILABLE,
     .words = "the message's body", .begun = 1},

    {"dot-4xx", "fault dot#1 452 4.2.2 full", 2, 1, "deferred; sent", .words = "452 4.2.2 full", .kept = 1,
     .begun = 2},
    {"dot-5xx", "fault dot#1 554 5.6.0 bad", 2, 2, "refused, refused; sent, sent", .words = "554 5.6.0 bad",
     .kept = 1, .begun = 2},
    {"dot-5xx-last", "fault dot 554 5.6.0 bad", 1, 1, "refused", .begun = 1},
    {"dot-drop", "fault dot drop", 2, 1, "unknown", .error = UNAVAILABLE, .words = "the final dot",
     .begun = 1},
    {"dot-take-drop", "fault dot take-drop", 2, 1, "unknown", .error = UNAVAILABLE, .kept = 1, .begun = 1},
    {"dot-stall", "fault dot stall", 2, 1, "unknown", .error = UNAVAILABLE,
     .words = "has not answered the final dot within", .begun = 1},
    {"dot-garbage", "fault dot garbage", 2, 1, "unknown", .error = PROTOCOL,
     .words = "answered the final dot with something that is not SMTP", .begun = 1},
    /* a consent without its end is none */
    {"dot-flood", "fault dot flood", 2, 1, "unknown", .error = PROTOCOL,
     .words = "answered the final dot with something that is not SMTP", .kept = 1, .begun = 1},
    {"dot-endless", "fault dot endless", 2, 1, "unknown", .error = PROTOCOL,
     .words = "answered the final dot with something that is not SMTP", .kept = 1, .begun = 1},
    /* nor is one to what has not been said yet */
    {"early-2xx", "fault data meet 250 2.0.0 taken already\nfault dot drop", 2, 1, "unknown",
     .error = PROTOCOL, .words = "answered the message before its end", .begun = 1},
    {"early-5xx", "fault data meet 552 5.3.4 too big\nfault dot drop", 1, 1, "refused",
     .words = "552 5.3.4 too big", .begun = 1},
    {"dot-354", "fault dot 354 more please", 1, 1, "unknown", .begun = 1},
    {"dot-multi-line", "fault dot 250 2.0.0 taken|2.0.0 as 1234", 1, 1, "sent", .words = "250 2.0.0 taken",
     .kept = 1, .begun = 1},
    {"dot-421", "fault dot 421 4.3.2 going", 2, 1, "deferred", .begun = 1, .more = TRUE},
    {"dot-refused-rcpt", "fault rcpt#1 550 5.1.1 who\nfault dot drop", 1, 2, "refused, unknown",
     .error = UNAVAILABLE, .begun = 1},

    {"rset-drop", "fault rset drop\nfault dot#1 554 5.6.0 bad", 2, 1, "refused; not transmitted",
     .error = UNAVAILABLE, .begun = 1},
    {"quit-drop", "fault quit drop", 2, 1, "sent; sent", .kept = 2, .begun = 2},
    {"quit-stall", "fault quit stall", 1, 1, "sent", .kept = 1, .begun = 1},
    {"quit-garbage", "fault quit garbage", 1, 1, "sent", .kept = 1, .begun = 1},

    {"give-up-first", "", 2, 1, "not transmitted", .give_up = 1, .words = "no row changed", .begun = 1,
     .more = TRUE},
    {"give-up-second", "", 3, 1, "sent; not transmitted", .give_up = 2, .words = "no row changed", .kept = 1,
     .begun = 2, .more = TRUE},
    {"enhanced-unannounced", "fault ehlo 250 fake.example\nfault rcpt 550 5.1.1 who", 1, 1, "refused",
     .words = "550 5.1.1 who"},
    {"login-wanted", "login ann secret", 1, 1, "not transmitted", .error = USHER_ERROR_NO_PERMISSION,
     .words = "530 5.7.0 log in first"},
    {"two-answers", "fault mail inject 250 2.1.0 again", 1, 1, "not transmitted", .error = PROTOCOL,
     .words = "more than one answer to MAIL"},
    {"two-answers-dot", "fault dot inject 250 2.0.0 again", 2, 1, "sent", .error = PROTOCOL,
     .words = "more than one answer to the final dot", .kept = 1, .begun = 1},
    {"flood-line", "fault mail flood", 1, 1, "not transmitted", .error = PROTOCOL, .words = "not SMTP"},
    {"flood-lines", "fault ehlo floods", 1, 1, "not transmitted", .error = PROTOCOL,
     .words = "answers without end"},
};

static void
fault_run(const struct fault *fault, enum route route)
{
    static const char *const route_names[] = {"bare", "full", "implicit"};
    g_autofree char *ca_file = in_folder("ca.pem");

    static const char *const recipients[] = {"one@customer.example", "two@customer.example",
                                             "three@customer.example"};
    g_autofree char *store = g_strdup_printf("%s-%s", fault->name, route_names[route]);
    g_autofree char *bytes = message_make(fault->body);
    g_autofree struct smtp_mail *mails = g_new0(struct smtp_mail, fault->mails + 1);
    struct caller caller = caller_make(mails, fault->mails);
    caller.give_up = fault->give_up;
    struct smtp_server server =
        route == ROUTE_IMPLICIT ? server_implicit(fault->name, ca_file) : server_plain(fault->name);
    struct smtp_report report = {0};
    g_autoptr(GError) error = NULL;

    for (guint i = 0; i < fault->mails; i++)
        mails[i] = mail_make(recipients, fault->recipients, bytes);
    script_set(store, route != ROUTE_BARE, route == ROUTE_IMPLICIT ? "=good" : NULL, fault->script);
    if (strstr(fault->script, "meet") != NULL)
        caller.meets = store;
    gboolean ok = smtp_client_send(&server, &handler, &caller, &report, &error);

    g_test_message("%s: %s | %s | %s", store, caller.verdicts->str, error != NULL ? error->message : "ok",
                   caller.details->str);
    g_assert_cmpuint(caller.done, ==, caller.next);
    g_assert_cmpstr(caller.verdicts->str, ==, fault->verdicts);
    g_assert_true(ok == (error == NULL));
    g_assert_cmpint(error != NULL ? error->code : 0, ==, fault->error);
    if (fault->words != NULL)
        assert_contains(error != NULL ? error->message : caller.details->str, fault->words);
    g_assert_cmpuint(caller.begun, ==, fault->begun);
    g_assert_cmpint(report.more, ==, fault->more);
    g_assert_cmpint(kept_count(store), ==, fault->kept);
    g_autofree char *log = log_read(store);
    g_assert_null(strstr(log, "C: BDAT"));
    smtp_report_clear(&report);
    caller_clear(&caller);
}

static void
test_faults(gconstpointer data)
{
    const struct fault *fault = data;

    fault_run(fault, ROUTE_FULL);
    fault_run(fault, ROUTE_IMPLICIT);
    if (strstr(fault->name, "stall") == NULL)
        fault_run(fault, ROUTE_BARE);
}

static void
add_tests(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *path = g_strconcat("/smtp/fault/", faults[i].name, NULL);
        g_test_add_data_func(path, &faults[i], test_faults);
    }
}

int
main(int argc, char **argv)
{
    return rig_run(argc, argv, add_tests);
}
