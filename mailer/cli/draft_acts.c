/* Approving, rejecting, editing, test copies: see draft_acts.h. */
#include "cli/draft_acts.h"

#include "base/error.h"
#include "cli/draft_view.h"
#include "service/approval.h"
#include "service/drafting.h"
#include "service/people.h"
#include "service/revision.h"
#include "service/test_copy.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <sysexits.h>

gboolean
draft_act_reference(const char *text, gint64 *draft_id, gint64 *revision, int *rc)
{
    if (revision_parse(text, draft_id, revision))
        return TRUE;
    *rc = cli_usage("\"%s\": expected a draft as `usher drafts` shows it, such as 12 or 12.3", text);
    return FALSE;
}

gboolean
draft_act_filter(struct cli *cli, const char *account, gboolean mine, const char *as_id,
                 struct desk_filter *filter, int *rc)
{
    *filter = (struct desk_filter){0};
    if (account && !(filter->account_id = cli_account(cli, account, rc)))
        return FALSE;
    if (!mine)
        return TRUE;
    g_autoptr(GError) error = NULL;
    const struct specialist *me = people_acting(cli->service->config, service_actor(), as_id, &error);
    if (me)
        filter->specialist = me->id;
    else
        *rc = cli_fail(error);
    return me != NULL;
}

/* Loads a draft in the revision that is meant; NULL with error. */
static struct draft *
load_meant(struct cli *cli, gint64 draft_id, gint64 revision, GError **error)
{
    struct service *s = cli->service;
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, error);
    if (!d || !revision_is_meant(s, d, revision, service_actor(), error))
        return NULL;
    return g_steal_pointer(&d);
}

/* ---- approve, reject ---- */

/* Why an approved draft does not go out yet although its window may be open; NULL when nothing holds it. The
 * caller frees. */
static char *
held_because(const struct cli *cli, const struct draft *d)
{
    struct service *s = cli->service;
    const struct sequence *seq = program_sequence(s->program, d->sequence);
    const struct step *step = seq ? sequence_step(seq, d->step) : NULL;
    struct pipeline_gate gate;
    if (!step || !pipeline_gate_load(s->db, s->program, seq, step, d->account_id, cli->now_us, &gate, NULL))
        return NULL;
    char *held = g_steal_pointer(&gate.held);
    pipeline_gate_clear(&gate);
    return held;
}

static void
print_approved(struct cli *cli, const struct draft *d, const struct approval *given)
{
    g_autofree char *name = revision_name(d->id, d->revision);
    g_autofree char *when = cli_time(cli, given->send_at_us);
    g_autofree char *held = held_because(cli, d);
    gboolean now = given->send_at_us <= cli->now_us;
    if (given->outcome == APPROVAL_FIRST)
        printf("draft %s is approved once: another person still has to look\n", name);
    else if (held)
        printf("draft %s is approved and waits: %s\n", name, held);
    else
        printf("draft %s is approved and will be sent %s%s\n", name, now ? "at once" : "from ",
               now ? "" : when);
}

int
draft_act_approve(struct cli *cli, gint64 draft_id, gint64 revision, gboolean *first)
{
    struct service *s = cli->service;
    struct approval given = {0};
    g_autoptr(GError) error = NULL;
    if (!approval_give(s, draft_id, revision, service_actor(), &given, &error))
        return cli_fail(error);
    scoped(draft_free) struct draft *d = draft_load(s->db, s->config, draft_id, &error);
    if (!d)
        return cli_fail(error);
    print_approved(cli, d, &given);
    fflush(stdout);
    draft_view_warnings(cli, d);
    if (first)
        *first = given.outcome == APPROVAL_FIRST;
    return EX_OK;
}

int
draft_act_reject(struct cli *cli, gint64 draft_id, gint64 revision, const char *reason)
{
    g_autoptr(GError) error = NULL;
    if (!approval_refuse(cli->service, draft_id, revision, reason, service_actor(), &error))
        return cli_fail(error);
    printf("draft %" G_GINT64_FORMAT " is rejected\n", draft_id);
    return EX_OK;
}

/* ---- edit ---- */

/* Runs $EDITOR on path and waits; no transaction is open meanwhile. */
static gboolean
run_editor(const char *path, GError **error)
{
    const char *visual = g_getenv("VISUAL"), *editor = visual && *visual ? visual : g_getenv("EDITOR");
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *command = g_strdup_printf("%s %s", editor && *editor ? editor : "vi", quoted);
    const char *argv[] = {"/bin/sh", "-c", command, NULL};
    int status;
    if (!g_spawn_sync(NULL, (char **)(gsize)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                      &status, error))
        return FALSE;
    if (g_spawn_check_wait_status(status, NULL))
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "the editor (%s) failed; nothing was saved",
                editor && *editor ? editor : "vi");
    return FALSE;
}

static gboolean
edit_file(struct cli *cli, struct draft *d, const char *path, gboolean *unchanged, GError **error)
{
    g_autofree char *before = draft_edit_text(d);
    g_autofree char *after = NULL;
    gsize length;
    fflush(stdout);
    return g_file_set_contents_full(path, before, -1, G_FILE_SET_CONTENTS_NONE, 0600, error) &&
           run_editor(path, error) && g_file_get_contents(path, &after, &length, error) &&
           revision_edit(cli->service, d, after, length, service_actor(), unchanged, error);
}

static int
print_saved(struct cli *cli, gint64 draft_id)
{
    g_autoptr(GError) error = NULL;
    scoped(draft_free) struct draft *now =
        draft_load(cli->service->db, cli->service->config, draft_id, &error);
    if (!now)
        return cli_fail(error);
    g_autofree char *name = revision_name(now->id, now->revision);
    printf("draft %s is saved\n", name);
    return draft_view_lint(cli, now, &error) ? EX_OK : cli_fail(error);
}

int
draft_act_edit(struct cli *cli, gint64 draft_id, gint64 revision, gboolean *saved)
{
    g_autoptr(GError) error = NULL;
    gboolean unchanged = FALSE;
    scoped(draft_free) struct draft *d = load_meant(cli, draft_id, revision, &error);
    if (!d)
        return cli_fail(error);
    if (d->state != MESSAGE_WAITING && d->state != MESSAGE_CHANGED)
        return cli_usage("edit: draft %" G_GINT64_FORMAT " is %s", draft_id, message_state_names[d->state]);
    g_autofree char *dir = g_dir_make_tmp("usher-edit-XXXXXX", &error);
    if (!dir)
        return cli_fail(error);
    g_autofree char *path = g_build_filename(dir, "draft.md", NULL);
    if (!edit_file(cli, d, path, &unchanged, &error)) {
        int rc = cli_fail(error);
        fprintf(stderr, "usher: your text is kept in %s\n", path);
        return rc;
    }
    g_unlink(path);
    g_rmdir(dir);
    if (saved)
        *saved = !unchanged;
    if (!unchanged)
        return print_saved(cli, draft_id);
    puts("unchanged");
    return EX_OK;
}

/* ---- test copies ---- */

int
draft_act_test_send(struct cli *cli, gint64 draft_id, gint64 revision, const char *as_id)
{
    g_autoptr(GError) error = NULL;
    const struct specialist *to = people_acting(cli->service->config, service_actor(), as_id, &error);
    scoped(draft_free) struct draft *d = to ? load_meant(cli, draft_id, revision, &error) : NULL;
    if (!d || !test_copy_queue(cli->service, d, to, service_actor(), cli->now_us, &error))
        return cli_fail(error);
    g_autofree char *name = revision_name(d->id, d->revision);
    printf("a test copy of draft %s will be sent to %s\n", name, to->address);
    return EX_OK;
}
