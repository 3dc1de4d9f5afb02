/* The self-test for people: see check_selftest.h. */
#include "cli/check_selftest.h"

#include "base/clock.h"
#include "base/error.h"
#include "service/selftest.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define LIMIT_MS (90 * 1000)

static const char *
words(enum selftest_answer answer, const char *no, const char *yes)
{
    switch (answer) {
    case SELFTEST_NO:
        return no;
    case SELFTEST_YES:
        return yes;
    case SELFTEST_UNKNOWN:
        break;
    }
    return "not known";
}

static void
print_learned(const struct mailbox *m, const struct selftest *t)
{
    printf("    Message-ID:    %s\n",
           words(t->message_id_kept, "rewritten by the provider; answers are found by plus-address or sender",
                 "kept"));
    printf("    copy in Sent:  %s\n",
           words(t->sent_copy, "not made by the provider", "made by the provider"));
    printf("    plus-address:  %s\n", words(t->plus_address_kept, "does not arrive", "arrives"));
    printf("    IMAP offers:   %s\n",
           *t->capabilities ? t->capabilities : "none of IDLE, CONDSTORE, UIDPLUS");
    if (!t->arrived)
        return;
    enum sent_copy copy = t->sent_copy == SELFTEST_YES ? SENT_COPY_PROVIDER : SENT_COPY_APPEND;
    gboolean plus = t->plus_address_kept == SELFTEST_YES,
             copy_fits = copy == m->sent_copy || m->sent_copy == SENT_COPY_NONE;
    if (m->sent_copy == SENT_COPY_NONE && copy == SENT_COPY_PROVIDER)
        copy_fits = FALSE;
    if (copy_fits && plus == m->plus_addressing) {
        puts("    usher.conf says so already");
        return;
    }
    printf("    usher.conf, mailbox %s: set\n", m->name);
    if (!copy_fits)
        printf("        sent_copy = \"%s\"\n", copy == SENT_COPY_PROVIDER ? "provider" : "append");
    if (plus != m->plus_addressing)
        printf("        plus_addressing = %s\n", plus ? "true" : "false");
}

int
check_selftest(struct cli *cli, const char *name)
{
    const struct mailbox *m = config_mailbox(cli->service->config, name);
    g_autoptr(GError) error = NULL;
    struct selftest t;
    if (!m)
        return cli_missing("check: there is no mailbox \"%s\" in usher.conf", name);
    if (!selftest_run(cli->service, m, LIMIT_MS, &t, &error)) {
        g_prefix_error(&error, "mailbox %s: ", name);
        return cli_fail(error);
    }
    if (t.arrived)
        printf("ok  mailbox %s mailed itself\n", name);
    else
        fprintf(
            stderr,
            "usher: mailbox %s: the mail to itself was taken, but did not come into INBOX in %d seconds\n",
            name, LIMIT_MS / 1000);
    print_learned(m, &t);
    int rc = t.arrived ? EX_OK : EX_UNAVAILABLE;
    selftest_clear(&t);
    return rc;
}

void
check_last_selftest(const struct cli *cli, const char *name)
{
    struct selftest t;
    gint64 at_us;
    if (!selftest_last(cli->service->db, name, &t, &at_us)) {
        printf("--  mailbox %s: never tried; `usher check --mailbox %s --send` does\n", name, name);
        return;
    }
    gint64 days = (cli->now_us - at_us) / CLOCK_DAY_US;
    printf("ok  mailbox %s: tried %" G_GINT64_FORMAT
           " day%s ago: Message-ID %s, Sent copy %s, plus-address %s\n",
           name, days, days == 1 ? "" : "s", words(t.message_id_kept, "rewritten", "kept"),
           words(t.sent_copy, "not made by the provider", "made by the provider"),
           words(t.plus_address_kept, "does not arrive", "arrives"));
    selftest_clear(&t);
}
