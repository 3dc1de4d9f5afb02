/* Care of the ledger: claim, backup, a stopped mailbox. */
#include "base/error.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "outbox/breaker.h"
#include "service/clone_guard.h"
#include "service/troubles.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int
print_lines(struct cli *cli, const GPtrArray *lines, const GError *error)
{
    if (!lines)
        return cli_fail(error);
    for (guint i = 0; i < lines->len; i++) {
        g_autofree char *clean = screen_clean(lines->pdata[i]);
        fprintf(cli->json ? stderr : stdout, "%s\n", clean);
    }
    return EX_OK;
}

int
cli_print_halts(struct cli *cli)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines = service_halts(cli->service, &error);
    return print_lines(cli, lines, error);
}

int
cli_print_troubles(struct cli *cli)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) lines = service_troubles(cli->service, cli->now_us, &error);
    return print_lines(cli, lines, error);
}

int
cli_resume_mailbox(struct cli *cli, const char *mailbox)
{
    struct service *s = cli->service;
    g_autoptr(GError) error = NULL;
    gboolean was = FALSE;
    struct ledger ledger = {.db = s->db,
                            .config = s->config,
                            .mailbox = config_mailbox(s->config, mailbox),
                            .policy = &s->policy};
    if (!ledger.mailbox)
        return cli_missing("outbox: there is no mailbox \"%s\" in usher.conf", mailbox);
    if (cli->has_now && !s->rehearsal)
        return cli_usage("outbox: --now does not go with --resume");
    if (!store_begin(s->db, &error) ||
        !breaker_release(&ledger, service_actor(), "a person let it go on", cli->now_us, &was, &error) ||
        !store_commit(s->db, &error)) {
        store_rollback(s->db);
        return cli_fail(error);
    }
    printf(was ? "mailbox %s sends again\n" : "mailbox %s is not stopped\n", mailbox);
    return EX_OK;
}

/* ---- claim ---- */

/* What the mailboxes hold that this database never sent. */
static gboolean
print_found(struct cli *cli, GError **error)
{
    static const char *const headings[] = {"found",   "mailbox", "folder", "Message-ID or token",
                                           "message", "subject", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT at, data ->> 'mailbox' AS mailbox, data ->> 'folder' AS folder, data ->> 'message_id' AS "
        "message_id, data ->> 'message' AS message, data ->> 'subject' AS subject FROM event WHERE kind = "
        "'ahead_found' AND id > COALESCE((SELECT MAX(id) FROM event WHERE kind = 'claimed'), 0) ORDER BY id",
        error, "");
    guint n = 0;
    g_autoptr(GError) local = NULL;
    for (; q && query_next(q, &local); n++) {
        g_autofree char *at = cli_time(cli, query_int(q, "at"));
        if (cli->json)
            cli_print_json(json_pack(
                "{s:s, s:s, s:s, s:s, s:I, s:s?}", "at", at, "mailbox", query_text(q, "mailbox"), "folder",
                query_text(q, "folder"), "message_id", query_text(q, "message_id"), "message",
                (json_int_t)query_int(q, "message"), "subject", query_text(q, "subject")));
        else
            table_add(table, at, query_text(q, "mailbox"), query_text(q, "folder"),
                      query_text(q, "message_id"), query_int(q, "message") ? query_text(q, "message") : "-",
                      query_text(q, "subject"), NULL);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    if (!cli->json && n)
        table_print(table, "");
    return q && !local;
}

int
cmd_claim(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    gboolean list = FALSE;
    const GOptionEntry entries[] = {{"list", 0, 0, G_OPTION_ARG_NONE, &list, "only say what was found", NULL},
                                    {0}};
    if (!cli_begin(cli, "claim", entries, 0, 1, &argc, &argv, &rc))
        return rc;
    g_autofree char *refusal = clone_guard_refusal(cli->service->db);
    if (list) {
        if (!cli->json)
            puts(refusal ? refusal : "the database is claimed");
        return print_found(cli, &error) ? EX_OK : cli_fail(error);
    }
    if (!print_found(cli, &error) ||
        !clone_guard_claim(cli->service, service_actor(), argc > 1 ? argv[1] : "", cli->now_us, &error))
        return cli_fail(error);
    if (!cli->json)
        printf("the database at %s is claimed by %s\n", cli->service->config->database, service_actor());
    return EX_OK;
}

/* ---- backup ---- */

int
cmd_backup(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "backup", NULL, 1, 1, &argc, &argv, &rc))
        return rc;
    if (g_file_test(argv[1], G_FILE_TEST_EXISTS)) {
        g_set_error(&error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s exists already", argv[1]);
        return cli_fail(error);
    }
    /* Under its name only when it is whole and marked: half a backup must not be taken for one. */
    g_autofree char *making = g_strconcat(argv[1], ".new", NULL);
    g_unlink(making);
    gboolean ok = store_copy(cli->service->db, making, &error) && clone_guard_mark_copy(making, &error);
    if (ok && g_chmod(making, 0600) == 0 && g_rename(making, argv[1]) == 0) {
        printf("%s: it sends nothing until `usher claim`\n", argv[1]);
        return EX_OK;
    }
    if (ok)
        g_set_error(&error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s: %s", argv[1], g_strerror(errno));
    static const char *const rests[] = {"", "-wal", "-shm"};
    for (gsize i = 0; i < G_N_ELEMENTS(rests); i++) {
        g_autofree char *path = g_strconcat(making, rests[i], NULL);
        g_unlink(path);
    }
    return cli_fail(error);
}
