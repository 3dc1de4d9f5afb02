/* review: one draft at a time. The list is taken once and holds no words: each draft is loaded when its turn
 * comes and decided in the revision that was on the screen, so nothing is locked while a person thinks. What
 * a person passed over is kept at once; the draft in front of them when they stop is where they begin again.
 */
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/draft_acts.h"
#include "cli/draft_view.h"
#include "cli/keys.h"
#include "cli/review.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "service/desk.h"
#include "service/people.h"
#include "service/revision.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static gboolean
is_open(const struct draft *d)
{
    return d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED;
}

static const char prompt[] = "\n[a]pprove [e]dit [s]kip [r]eject [h]old [f]acts [w]hy [?] more [q]uit > ";

static enum review_outcome
ask_key(struct review *r)
{
    int key = keys_wait(prompt);
    if (key == KEYS_END)
        key = 'q';
    else if (key == KEYS_NEXT)
        key = 'n';
    else if (key == KEYS_PREVIOUS)
        key = 'p';
    const struct review_act *act = review_act_by_key(key);
    if (act) {
        puts(act->word);
        return act->run(r, "");
    }
    puts("? lists the keys");
    return REVIEW_ASK_AGAIN;
}

static enum review_outcome
ask_line(struct review *r)
{
    g_autofree char *line = keys_line("");
    if (!line)
        return REVIEW_QUIT;
    g_strstrip(line);
    g_auto(GStrv) words = g_strsplit(line, " ", 2);
    if (!words[0])
        return REVIEW_ASK_AGAIN;
    const struct review_act *act = review_act_by_word(words[0]);
    if (act)
        return act->run(r, words[1] ? words[1] : "");
    return review_fail(r, cli_usage("review: there is no \"%s\" here; help lists what there is", words[0]),
                       REVIEW_ASK_AGAIN);
}

/* ---- showing ---- */

/* Who ended the draft meanwhile, and how. */
static void
print_gone(const struct review *r, const struct draft *d)
{
    g_autofree char *actor =
        store_text(r->cli->service->db,
                   "SELECT actor FROM event WHERE account_id = ? AND data ->> 'message' = ? AND kind IN "
                   "('draft_approved', 'draft_rejected', 'draft_withdrawn') ORDER BY id DESC LIMIT 1",
                   NULL, "ii", d->account_id, d->id);
    g_autofree char *who = actor ? people_name(r->cli->service->config, actor) : NULL;
    printf("\nDraft %" G_GINT64_FORMAT " of %s is %s meanwhile%s%s\n", d->id, d->account_key,
           d->state == MESSAGE_QUEUED ? "approved" : message_state_names[d->state], who ? ", by " : "",
           who ? who : "");
}

static gboolean
print_draft(const struct review *r, const struct desk_draft *row, GError **error)
{
    struct cli *cli = r->cli;
    const struct draft *d = r->shown;
    g_autofree char *age = draft_view_age(cli->now_us, d->created_us);
    g_autofree char *facts = draft_view_facts_line(cli, d);
    g_autofree char *held = store_text(cli->service->db,
                                       "SELECT reason FROM hold WHERE account_id = ? AND (until IS NULL OR "
                                       "until > ?) ORDER BY until IS NULL "
                                       "DESC, until DESC LIMIT 1",
                                       NULL, "ii", d->account_id, cli->now_us);
    printf("\n%s%u of %u: %s, %s, %s%s, made %s%s\n", table_colour() ? "\033[1m" : "", r->at + 1,
           r->drafts->len, d->account_key, d->step, row->renewal ? "renews " : "no renewal date",
           row->renewal ? row->renewal : "", age, table_colour() ? "\033[0m" : "");
    if (held) {
        g_autofree char *line = g_strdup_printf("On hold: %s", held);
        screen_print(line, 4);
    }
    draft_view_status(cli, d, r->compare);
    putchar('\n');
    if (!draft_view_letter(d, error))
        return FALSE;
    putchar('\n');
    screen_print(facts, 4);
    return draft_view_lint(cli, d, error);
}

/* Puts the draft at r->at on the screen; *gone when it does not wait any more and was passed. */
static gboolean
show(struct review *r, gboolean *gone, GError **error)
{
    struct service *s = r->cli->service;
    const struct desk_draft *row = r->drafts->pdata[r->at];
    r->cli->now_us = clock_now_us();
    g_clear_pointer(&r->shown, draft_free);
    r->shown = draft_load(s->db, s->config, row->id, error);
    if (!r->shown)
        return FALSE;
    *gone = !is_open(r->shown);
    if (*gone) {
        print_gone(r, r->shown);
        return TRUE;
    }
    if (!r->compare)
        r->compare = desk_passed(s, service_actor(), row->id);
    gboolean ok = print_draft(r, row, error);
    r->compare = r->shown->revision;
    return ok;
}

/* ---- the loop ---- */

/* Goes where the act leads; FALSE at the end of the list. */
static gboolean
move(struct review *r, enum review_outcome outcome, GError **error)
{
    switch (outcome) {
    case REVIEW_ASK_AGAIN:
    case REVIEW_SHOW_AGAIN:
        return TRUE;
    case REVIEW_DECIDED:
        g_ptr_array_remove_index(r->drafts, r->at);
        break;
    case REVIEW_PASSED:
        if (!desk_pass(r->cli->service, service_actor(), r->shown->id, r->shown->revision, error))
            return FALSE;
        r->at++;
        break;
    case REVIEW_BACK:
        if (r->at == 0)
            puts("This is the first one.");
        else
            r->at--;
        break;
    case REVIEW_QUIT:
        return FALSE;
    }
    r->compare = 0;
    return r->at < r->drafts->len;
}

static gboolean
go_through(struct review *r, GError **error)
{
    enum review_outcome outcome = REVIEW_SHOW_AGAIN;
    gboolean more = r->at < r->drafts->len;
    while (more) {
        gboolean gone = FALSE;
        if (outcome != REVIEW_ASK_AGAIN && !show(r, &gone, error))
            return FALSE;
        outcome = gone ? REVIEW_DECIDED : r->keys ? ask_key(r) : ask_line(r);
        g_autoptr(GError) local = NULL;
        more = move(r, outcome, &local);
        if (!error_pass(error, &local))
            return FALSE;
    }
    return TRUE;
}

/* Those that another person has to approve after this one are nothing for them. */
static GPtrArray *
load_drafts(struct review *r, guint *others, GError **error)
{
    struct service *s = r->cli->service;
    GPtrArray *drafts = desk_load(s, &r->filter, r->cli->now_us, error);
    *others = 0;
    for (guint i = drafts ? drafts->len : 0; i-- > 0;) {
        const struct desk_draft *d = drafts->pdata[i];
        if (!d->first_by || !people_same(s->config, d->first_by, service_actor()))
            continue;
        g_ptr_array_remove_index(drafts, i);
        ++*others;
    }
    return drafts;
}

static gboolean
print_summary(struct review *r, GError **error)
{
    const struct {
        guint n;
        const char *word;
    } counts[] = {{r->approved, "approved"},
                  {r->edited, "edited"},
                  {r->rejected, "rejected"},
                  {r->held, "put on hold"},
                  {r->skipped, "skipped"}};
    g_autoptr(GString) line = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
        if (counts[i].n)
            g_string_append_printf(line, "%s%u %s", line->len ? ", " : "", counts[i].n, counts[i].word);
    guint others;
    g_autoptr(GPtrArray) left = load_drafts(r, &others, error);
    if (!left)
        return FALSE;
    printf("\n%s; %u draft%s still wait%s for you", line->len ? line->str : "Nothing decided", left->len,
           left->len == 1 ? "" : "s", left->len == 1 ? "s" : "");
    if (others)
        printf(", %u for another person", others);
    puts(".");
    return TRUE;
}

int
cmd_review(struct cli *cli, int argc, char **argv)
{
    g_autofree char *account = NULL;
    g_autofree char *as_id = NULL;
    gboolean mine = FALSE;
    const GOptionEntry entries[] = {
        {"account", 0, 0, G_OPTION_ARG_STRING, &account, "only this account's", "ACCOUNT"},
        {"mine", 0, 0, G_OPTION_ARG_NONE, &mine, "only those that come from me", NULL},
        {"as", 0, 0, G_OPTION_ARG_STRING, &as_id, "who I am, where usher.conf does not list my login", "ID"},
        {0}};
    int rc = EX_OK;
    if (!cli_begin(cli, "review", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (cli->json)
        return cli_usage("review: it is for people; programs take drafts --json, approve and reject");
    struct review r = {.cli = cli, .as_id = as_id, .keys = keys_available()};
    if (!draft_act_filter(cli, account, mine, as_id, &r.filter, &rc))
        return rc;
    r.filter.reviewer = service_actor();
    g_autoptr(GError) error = NULL;
    guint others;
    r.drafts = load_drafts(&r, &others, &error);
    if (!r.drafts)
        return cli_fail(error);
    if (r.drafts->len == 0)
        puts(others ? "No draft waits for you; another person has to approve the others."
                    : "No draft waits.");
    else if (go_through(&r, &error))
        print_summary(&r, &error);
    g_clear_pointer(&r.shown, draft_free);
    g_ptr_array_unref(r.drafts);
    if (error)
        return cli_fail(error);
    return r.keys ? EX_OK : r.rc;
}
