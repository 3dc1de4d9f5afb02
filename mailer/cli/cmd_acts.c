/* What specialists do to an account: each act is one event with its author. */
#include "accounts/contacts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/commands.h"
#include "cli/sequence_choice.h"
#include "cli/when.h"
#include "compose/draft.h"
#include "service/forget.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define SEQUENCE_OPTION(name)                                                                                \
    {                                                                                                        \
        "sequence", 0, 0, G_OPTION_ARG_STRING, &name, "which one, where the account is in several", "NAME"   \
    }

/* Begins a command whose first argument is an account; returns its id or 0 with *rc set. */
static gint64
begin_account(struct cli *cli, const char *name, const GOptionEntry *entries, int min, int max, int *argc,
              char ***argv, int *rc)
{
    return cli_begin(cli, name, entries, min, max, argc, argv, rc) ? cli_account(cli, (*argv)[1], rc) : 0;
}

int
cmd_enrol(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id = begin_account(cli, "enrol", NULL, 1, 2, &argc, &argv, &rc);
    if (!id)
        return rc;
    struct service *s = cli->service;
    const struct sequence *seq =
        argc > 2 ? sequence_named(cli, "enrol", argv[2], &rc) : s->program->sequences->pdata[0];
    if (!seq)
        return rc;
    g_autoptr(GError) error = NULL;
    if (store_begin(s->db, &error) &&
        pipeline_enrol_by_hand(s->db, s->program, seq, id, cli->now_us, service_actor(), &error) &&
        service_advance(s, id, cli->now_us, &error) && store_commit(s->db, &error)) {
        printf("%s is in %s\n", argv[1], seq->name);
        return EX_OK;
    }
    store_rollback(s->db);
    return cli_fail(error);
}

int
cmd_stage(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {SEQUENCE_OPTION(name), {0}};
    gint64 id = begin_account(cli, "stage", entries, 2, 2, &argc, &argv, &rc);
    const struct sequence *seq =
        id ? sequence_choose(cli, "stage", argv[1], id, name, sequence_has_stage, argv[2], &rc) : NULL;
    if (!seq)
        return rc;
    const struct stage *stage = sequence_find_stage(seq, argv[2]);
    g_autofree char *present =
        store_text(cli->service->db, "SELECT stage FROM enrolment WHERE account_id = ? AND sequence = ?",
                   NULL, "it", id, seq->name);
    if (g_strcmp0(present, stage->id) == 0) {
        printf("%s is in stage %s already\n", argv[1], stage->title);
        return EX_OK;
    }
    g_autoptr(GError) error = NULL;
    if (!pipeline_may_enter(cli->service->db, cli->service->program, seq, stage, id, cli->now_us, &error))
        return cli_fail(error);
    g_autofree char *done = g_strdup_printf("%s: stage %s", argv[1], stage->title);
    return cli_act(cli, id, "stage_entered",
                   json_pack("{s:s, s:s, s:s, s:i}", "sequence", seq->name, "stage", stage->id, "why",
                             "by hand", "by_hand", 1),
                   done);
}

/* Sets a step's state by hand. */
static int
set_step(struct cli *cli, gint64 id, const struct sequence *seq, const char *step, enum step_state state,
         const char *reason, const char *done)
{
    json_t *data = json_pack("{s:s, s:s, s:s, s:s?}", "sequence", seq->name, "step", step, "state",
                             step_state_names[state], "reason", reason);
    if (state == STEP_IDLE)
        json_object_set_new(data, "released_at", json_integer(cli->now_us));
    return cli_act(cli, id, "step_changed", data, done);
}

/* The step's present state, as the database names it; NULL: none yet. The caller frees. */
static char *
state_of(struct cli *cli, gint64 id, const struct sequence *seq, const char *step)
{
    return store_text(cli->service->db,
                      "SELECT state FROM step WHERE account_id = ? AND sequence = ? AND step = ?", NULL,
                      "itt", id, seq->name, step);
}

int
cmd_stop(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {SEQUENCE_OPTION(name), {0}};
    gint64 id = begin_account(cli, "stop", entries, 2, 2, &argc, &argv, &rc);
    const struct sequence *seq =
        id ? sequence_choose(cli, "stop", argv[1], id, name, sequence_has_step, argv[2], &rc) : NULL;
    if (!seq)
        return rc;
    g_autofree char *state = state_of(cli, id, seq, argv[2]);
    if (g_strcmp0(state, "sent") == 0)
        return cli_usage("stop: %s was sent already", argv[2]);
    g_autofree char *reason = g_strdup_printf("stopped by %s", service_actor());
    g_autofree char *done =
        g_strdup_printf("%s: %s is stopped; `usher resume %s %s%s%s` lets it go on", argv[1], argv[2],
                        argv[1], argv[2], name ? " --sequence " : "", name ? name : "");
    return set_step(cli, id, seq, argv[2], STEP_STOPPED, reason, done);
}

int
cmd_resume(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *name = NULL;
    const GOptionEntry entries[] = {SEQUENCE_OPTION(name), {0}};
    gint64 id = begin_account(cli, "resume", entries, 1, 2, &argc, &argv, &rc);
    if (!id)
        return rc;
    if (argc == 2 && name)
        return cli_usage("resume: --sequence goes with a step; without one the whole account is released");
    if (argc == 2) {
        g_autofree char *done = g_strdup_printf("%s: released; its last reply counts as answered", argv[1]);
        return cli_act(cli, id, "released", json_object(), done);
    }
    const struct sequence *seq =
        sequence_choose(cli, "resume", argv[1], id, name, sequence_has_step, argv[2], &rc);
    if (!seq)
        return rc;
    g_autofree char *now = state_of(cli, id, seq, argv[2]);
    enum step_state state = now ? step_state_parse(now) : STEP_IDLE;
    if (state != STEP_STOPPED && state != STEP_LATE && state != STEP_REJECTED && state != STEP_SKIPPED &&
        state != STEP_EXPIRED)
        return cli_usage(
            "resume: %s is %s; only a stopped, late, rejected, skipped or expired step can be resumed",
            argv[2], step_state_names[state]);
    g_autofree char *done = g_strdup_printf("%s: %s goes on", argv[1], argv[2]);
    return set_step(cli, id, seq, argv[2], STEP_IDLE, NULL, done);
}

int
cmd_hold(struct cli *cli, int argc, char **argv)
{
    g_autofree char *until = NULL;
    const GOptionEntry entries[] = {{"until", 0, 0, G_OPTION_ARG_STRING, &until,
                                     "end of the hold (default: until `usher resume`)", "2w|DATE"},
                                    {0}};
    int rc = EX_OK;
    gint64 id = begin_account(cli, "hold", entries, 2, 2, &argc, &argv, &rc), until_us = 0;
    g_autoptr(GError) error = NULL;
    if (!id)
        return rc;
    if (until && !when_parse(cli->service->config->timezone, cli->now_us, until, FALSE, &until_us, &error)) {
        g_prefix_error(&error, "hold: --until: ");
        return cli_fail(error);
    }
    if (until && until_us <= cli->now_us)
        return cli_usage("hold: --until %s is in the past", until);
    g_autofree char *done =
        g_strdup_printf("%s: on hold%s%s", argv[1], until ? " until " : "", until ? until : "");
    return cli_act(cli, id, "hold_set",
                   json_pack("{s:s, s:I}", "reason", argv[2], "until", (json_int_t)until_us), done);
}

int
cmd_owner(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id = begin_account(cli, "owner", NULL, 2, 2, &argc, &argv, &rc);
    if (!id)
        return rc;
    if (!config_specialist(cli->service->config, argv[2]))
        return cli_missing("owner: there is no specialist \"%s\" in usher.conf", argv[2]);
    g_autofree char *done = g_strdup_printf("%s: owner %s", argv[1], argv[2]);
    return cli_act(cli, id, "owner_set", json_pack("{s:s}", "owner", argv[2]), done);
}

int
cmd_note(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id = begin_account(cli, "note", NULL, 2, 2, &argc, &argv, &rc);
    return id ? cli_act(cli, id, "note", json_pack("{s:s}", "text", argv[2]), "noted") : rc;
}

int
cmd_suppress(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    if (!cli_begin(cli, "suppress", NULL, 1, 1, &argc, &argv, &rc))
        return rc;
    g_autofree char *address = g_ascii_strdown(argv[1], -1);
    if (*address == '@' ? !address[1] : !contact_address_valid(address))
        return cli_usage("suppress: \"%s\": expected an address, or @domain", argv[1]);
    struct store *db = cli->service->db;
    g_autoptr(GError) error = NULL;
    json_t *data = json_pack("{s:s, s:s}", "address", address, "reason", "by hand");
    struct event event = {.at_us = cli->now_us, .kind = "suppressed", .actor = service_actor(), .data = data};
    gboolean ok = store_begin(db, &error) && service_record(cli->service, &event, &error) &&
                  store_exec(db,
                             "UPDATE account SET version = version + 1, dirty = 1 WHERE id IN (SELECT "
                             "account_id FROM contact WHERE address = ?1"
                             " OR '@' || substr(address, instr(address, '@') + 1) = ?1)",
                             &error, "t", address) &&
                  store_commit(db, &error);
    json_decref(data);
    if (!ok) {
        store_rollback(db);
        return cli_fail(error);
    }
    printf("%s will never be written to\n", address);
    return EX_OK;
}

int
cmd_forget(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    struct forget_result r;
    if (!cli_begin(cli, "forget", NULL, 1, 1, &argc, &argv, &rc))
        return rc;
    if (!contact_address_valid(argv[1]))
        return cli_usage("forget: \"%s\": expected an address", argv[1]);
    if (!forget_address(cli->service, argv[1], service_actor(), &r, &error))
        return cli_fail(error);
    if (cli->json)
        cli_print_json(json_pack("{s:I, s:I, s:I, s:I}", "contacts", (json_int_t)r.contacts, "messages",
                                 (json_int_t)r.messages, "inbound", (json_int_t)r.inbound, "events",
                                 (json_int_t)r.events));
    else
        printf("forgotten: %" G_GINT64_FORMAT " contacts removed, %" G_GINT64_FORMAT
               " mails to them and %" G_GINT64_FORMAT " from them emptied, %" G_GINT64_FORMAT
               " entries of the journal changed; they will never be written to\n",
               r.contacts, r.messages, r.inbound, r.events);
    return EX_OK;
}

int
cmd_settle(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gint64 id;
    if (!cli_begin(cli, "settle", NULL, 2, 3, &argc, &argv, &rc) || !cli_id(argv[1], &id, &rc))
        return rc;
    gboolean sent = strcmp(argv[2], "sent") == 0;
    if (!sent && strcmp(argv[2], "not-sent") != 0)
        return cli_usage("settle: expected sent or not-sent");
    g_autoptr(GError) error = NULL;
    struct service *s = cli->service;
    g_autofree char *mailbox = store_text(s->db, "SELECT mailbox FROM message WHERE id = ?", &error, "i", id);
    if (!mailbox)
        return error ? cli_fail(error) : cli_missing("settle: there is no message %s", argv[1]);
    struct ledger ledger = {.db = s->db,
                            .config = s->config,
                            .mailbox = config_mailbox(s->config, mailbox),
                            .policy = &s->policy};
    g_autofree char *address = argc > 3 ? g_ascii_strdown(argv[3], -1) : NULL;
    if (!ledger_settle_by_hand(&ledger, id, sent, address, cli->now_us, service_actor(), &error))
        return cli_fail(error);
    printf("message %" G_GINT64_FORMAT "%s%s: %s\n", id, address ? " to " : "", address ? address : "",
           sent ? "sent" : "not sent, queued again");
    return EX_OK;
}
