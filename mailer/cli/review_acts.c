/* The acts of `review`: see review.h. Each prints what came of it. */
#include "cli/review.h"

#include "base/error.h"
#include "base/zone.h"
#include "cli/draft_acts.h"
#include "cli/draft_view.h"
#include "cli/keys.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

/* The rest of the line, or what the person answers; NULL when there is nothing. The caller frees. */
static char *
ask(const struct review *r, const char *rest, const char *prompt)
{
    g_autofree char *answer = r->keys ? keys_line(prompt) : g_strdup(rest);
    if (answer)
        g_strstrip(answer);
    return answer && *answer ? g_steal_pointer(&answer) : NULL;
}

enum review_outcome
review_fail(struct review *r, int rc, enum review_outcome outcome)
{
    r->rc = rc;
    return outcome;
}

/* ---- acts ---- */

static enum review_outcome
act_approve(struct review *r, const char *rest)
{
    (void)rest;
    int rc = draft_act_approve(r->cli, r->shown->id, r->shown->revision, NULL);
    if (rc != EX_OK)
        return review_fail(r, rc, REVIEW_SHOW_AGAIN);
    r->approved++;
    return REVIEW_DECIDED;
}

static enum review_outcome
act_edit(struct review *r, const char *rest)
{
    gboolean saved = FALSE;
    (void)rest;
    int rc = draft_act_edit(r->cli, r->shown->id, r->shown->revision, &saved);
    if (rc != EX_OK)
        return review_fail(r, rc, REVIEW_SHOW_AGAIN);
    r->edited += saved ? 1 : 0;
    return saved ? REVIEW_SHOW_AGAIN : REVIEW_ASK_AGAIN;
}

static enum review_outcome
act_skip(struct review *r, const char *rest)
{
    (void)rest;
    r->skipped++;
    return REVIEW_PASSED;
}

static enum review_outcome
act_next(struct review *r, const char *rest)
{
    (void)r;
    (void)rest;
    return REVIEW_PASSED;
}

static enum review_outcome
act_previous(struct review *r, const char *rest)
{
    (void)r;
    (void)rest;
    return REVIEW_BACK;
}

static enum review_outcome
act_reject(struct review *r, const char *rest)
{
    g_autofree char *reason = ask(r, rest, "Reason (empty: do not reject): ");
    if (!reason) {
        if (r->keys)
            return REVIEW_ASK_AGAIN;
        return review_fail(r, cli_usage("reject: expected a reason"), REVIEW_ASK_AGAIN);
    }
    int rc = draft_act_reject(r->cli, r->shown->id, r->shown->revision, reason);
    if (rc != EX_OK)
        return review_fail(r, rc, REVIEW_SHOW_AGAIN);
    r->rejected++;
    return REVIEW_DECIDED;
}

/* Takes a date from the beginning of text, when there is one and it is to come. */
static gboolean
read_until(const struct review *r, const char *text, gint64 *until_us, GError **error)
{
    if (!zone_parse_time(r->cli->service->config->timezone, text, until_us, error))
        return FALSE;
    if (*until_us > r->cli->now_us)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_USAGE, "hold: %s is in the past", text);
    return FALSE;
}

/* "2026-12-01 their outage", or "their outage". */
static gboolean
read_hold_line(const struct review *r, const char *rest, gint64 *until_us, char **reason, GError **error)
{
    g_auto(GStrv) words = g_strsplit(rest, " ", 2);
    *until_us = 0;
    if (words[0] && g_ascii_isdigit(*words[0]) && words[1]) {
        if (!read_until(r, words[0], until_us, error))
            return FALSE;
        *reason = g_strdup(words[1]);
    } else {
        *reason = g_strdup(rest);
    }
    if (*g_strstrip(*reason))
        return TRUE;
    g_set_error_literal(error, USHER_ERROR, USHER_ERROR_USAGE, "hold: expected [DATE] REASON");
    return FALSE;
}

static enum review_outcome
act_hold(struct review *r, const char *rest)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *reason = NULL;
    gint64 until_us = 0;
    if (r->keys) {
        g_autofree char *until =
            ask(r, NULL, "Until which day, such as 2026-12-01 (empty: until `usher resume`): ");
        if (until && !read_until(r, until, &until_us, &error))
            return review_fail(r, cli_fail(error), REVIEW_ASK_AGAIN);
        reason = ask(r, NULL, "Reason (empty: do not hold): ");
        if (!reason)
            return REVIEW_ASK_AGAIN;
    } else if (!read_hold_line(r, rest, &until_us, &reason, &error)) {
        return review_fail(r, cli_fail(error), REVIEW_ASK_AGAIN);
    }
    g_autofree char *done = g_strdup_printf("%s is on hold", r->shown->account_key);
    int rc = cli_act(r->cli, r->shown->account_id, "hold_set",
                     json_pack("{s:s, s:I}", "reason", reason, "until", (json_int_t)until_us), done);
    if (rc != EX_OK)
        return review_fail(r, rc, REVIEW_ASK_AGAIN);
    r->held++;
    return REVIEW_PASSED;
}

static enum review_outcome
act_facts(struct review *r, const char *rest)
{
    (void)rest;
    draft_view_facts(r->cli, r->shown);
    return REVIEW_ASK_AGAIN;
}

/* Another command about the account, as if it had been typed. */
static enum review_outcome
run_view(struct review *r, const char *command)
{
    const struct cli *cli = r->cli;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    const char *const before[] = {"/proc/self/exe", command, "--config", cli->config_path};
    const char *const now[] = {"--now", cli->now_text}, *const account[] = {"--", r->shown->account_key,
                                                                            NULL};
    for (gsize i = 0; i < G_N_ELEMENTS(before); i++)
        g_ptr_array_add(words, (char *)(gsize)before[i]);
    for (gsize i = 0; cli->has_now && i < G_N_ELEMENTS(now); i++)
        g_ptr_array_add(words, (char *)(gsize)now[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(account); i++)
        g_ptr_array_add(words, (char *)(gsize)account[i]);
    g_autoptr(GError) error = NULL;
    GSpawnFlags flags = r->keys ? G_SPAWN_CHILD_INHERITS_STDIN : G_SPAWN_DEFAULT;
    fflush(stdout);
    if (!g_spawn_sync(NULL, (char **)words->pdata, NULL, flags, NULL, NULL, NULL, NULL, NULL, &error))
        return review_fail(r, cli_fail(error), REVIEW_ASK_AGAIN);
    return REVIEW_ASK_AGAIN;
}

static enum review_outcome
act_why(struct review *r, const char *rest)
{
    (void)rest;
    return run_view(r, "why");
}

static enum review_outcome
act_timeline(struct review *r, const char *rest)
{
    (void)rest;
    return run_view(r, "show");
}

static enum review_outcome
act_test_send(struct review *r, const char *rest)
{
    (void)rest;
    int rc = draft_act_test_send(r->cli, r->shown->id, r->shown->revision, r->as_id);
    return rc == EX_OK ? REVIEW_ASK_AGAIN : review_fail(r, rc, REVIEW_ASK_AGAIN);
}

static enum review_outcome
act_view(struct review *r, const char *rest)
{
    (void)r;
    (void)rest;
    return REVIEW_SHOW_AGAIN;
}

static enum review_outcome
act_quit(struct review *r, const char *rest)
{
    (void)r;
    (void)rest;
    return REVIEW_QUIT;
}

static enum review_outcome act_help(struct review *r, const char *rest);

static const struct review_act acts[] = {
    {'a', "approve", "", "freeze it as it stands and let it be sent", act_approve},
    {'e', "edit", "", "change it in $EDITOR", act_edit},
    {'s', "skip", "", "leave it for another time", act_skip},
    {'r', "reject", "REASON", "never send it", act_reject},
    {'h', "hold", "[DATE] REASON", "send nothing to the account for a while", act_hold},
    {'f', "facts", "", "the facts it uses, with source and age", act_facts},
    {'w', "why", "", "what comes next, and what decides it", act_why},
    {'t', "timeline", "", "everything about the account (`usher show`)", act_timeline},
    {'x', "test-send", "", "a marked copy to your own address", act_test_send},
    {'v', "view", "", "show the draft again", act_view},
    {'n', "next", "", "the next draft", act_next},
    {'p', "previous", "", "the one before", act_previous},
    {'?', "help", "", "this list", act_help},
    {'q', "quit", "", "stop here; `usher review` goes on from here", act_quit},
};

static enum review_outcome
act_help(struct review *r, const char *rest)
{
    (void)rest;
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++)
        printf("  %c  %-10s %-14s %s\n", acts[i].key, acts[i].word, r->keys ? "" : acts[i].arguments,
               acts[i].summary);
    return REVIEW_ASK_AGAIN;
}

const struct review_act *
review_act_by_key(int key)
{
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++)
        if (acts[i].key == key)
            return &acts[i];
    return NULL;
}

const struct review_act *
review_act_by_word(const char *word)
{
    for (gsize i = 0; i < G_N_ELEMENTS(acts); i++)
        if (strcmp(word, acts[i].word) == 0 || (word[0] == acts[i].key && !word[1]))
            return &acts[i];
    return NULL;
}
