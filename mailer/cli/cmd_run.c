/* run, worker, check. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/check_selftest.h"
#include "cli/check_wire.h"
#include "cli/commands.h"
#include "compose/finding.h"
#include "compose/lint.h"
#include "compose/template.h"
#include "inbox/reader.h"
#include "service/check_time.h"
#include "service/hooks.h"
#include "service/supervisor.h"
#include "service/worker.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

static void
print_problem(const char *line)
{
    fprintf(stderr, "usher: %s\n", line);
}

static int
run_once(struct cli *cli)
{
    g_autoptr(GError) error = NULL;
    if ((!cli->service && !(cli->service = service_open(cli->config_path, &error))) ||
        !cli_set_now(cli, NEEDS_WRITE, &error))
        return cli_fail(error);
    int lock = worker_lock(cli->service->config, "run", NULL, &error);
    if (lock < 0)
        return cli_fail(error);
    return worker_run_once(cli->service, print_problem, &error) ? EX_OK : usher_error_exit_code(error);
}

int
cmd_run(struct cli *cli, int argc, char **argv)
{
    gboolean once = FALSE;
    const GOptionEntry entries[] = {
        {"once", 0, 0, G_OPTION_ARG_NONE, &once, "one full cycle: read mail, advance, compose, send", NULL},
        {0}};
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "run", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (once)
        return run_once(cli);
    if (cli->has_now)
        return cli_usage("run: --now goes with --once");
    rc = supervisor_run(cli->config_path, &error);
    return error ? cli_fail(error) : rc;
}

int
cmd_worker(struct cli *cli, int argc, char **argv)
{
    const char *config = NULL, *role = NULL, *mailbox = NULL;
    (void)cli;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            config = argv[++i];
        else if (!role)
            role = argv[i];
        else if (!mailbox)
            mailbox = argv[i];
    }
    if (role && strcmp(role, "reader") == 0)
        return reader_main(READER_CHILD_FD);
    if (!role || !config)
        return cli_usage("worker: the service starts these itself; use `usher run`");
    return worker_main(config, role, mailbox);
}

/* ---- check ---- */

/* The lint errors of a step's template; warnings are for usher lint. */
static gboolean
check_wording(struct service *s, const struct step *step, const struct mail_template *tpl, GError **error)
{
    const struct lint_template_input input = {.config = s->config,
                                              .facts = s->program->facts,
                                              .name = step->template_name,
                                              .text = mail_template_text(tpl),
                                              .automatic = step->kind == STEP_AUTOMATIC};
    g_autoptr(GPtrArray) lines = lint_template(&input, error);
    const struct lint_line *line = lines ? lint_first_error(lines) : NULL;
    if (line)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%d: %s (%s): %s", step->template_name,
                    line->line, line->message, line->rule, line->hint);
    return lines && !line;
}

static gboolean
check_templates(struct service *s, GError **error)
{
    for (guint i = 0; i < s->program->sequences->len; i++) {
        const struct sequence *seq = s->program->sequences->pdata[i];
        for (guint j = 0; j < seq->steps->len; j++) {
            const struct step *step = seq->steps->pdata[j];
            if (step->kind == STEP_TASK)
                continue;
            scoped(mail_template_free) struct mail_template *tpl =
                mail_template_load(s->config, step->template_name, error);
            if (!tpl || !mail_template_check(tpl, s->program->facts, error) ||
                !check_wording(s, step, tpl, error))
                return FALSE;
            printf("ok  template %s (%s)\n", step->template_name, step->id);
        }
    }
    g_autofree char *folder = g_build_filename(s->config->templates_dir, "findings", NULL);
    scoped(finding_set_free) struct finding_set *findings = finding_set_new(s->program->facts);
    if (!finding_set_add_folder(findings, folder, error))
        return FALSE;
    printf("ok  %u findings\n", finding_set_count(findings));
    return TRUE;
}

/* Without the setgid bit, what a killed specialist's command leaves behind locks the service's group out. */
static void
check_state_directory(const struct config *config)
{
    g_autofree char *dir = g_path_get_dirname(config->database);
    struct stat st;
    if (stat(dir, &st) != 0)
        return;
    if (st.st_mode & S_ISGID)
        printf("ok  state directory %s\n", dir);
    else
        printf("--  state directory %s: for a team of several logins it needs mode 2770 and their common "
               "group\n",
               dir);
}

static gboolean
check_hook(const struct hook *hook, GError **error)
{
    g_autofree char *on = hook_describe(hook);
    if (!g_file_test(hook->argv[0], G_FILE_TEST_IS_EXECUTABLE) ||
        g_file_test(hook->argv[0], G_FILE_TEST_IS_DIR)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "hook %s: %s is no program that can be run",
                    hook->name, hook->argv[0]);
        return FALSE;
    }
    printf("ok  hook %s: %s on %s\n", hook->name, hook->argv[0], on);
    return TRUE;
}

/* What a new place wants next; nothing once it is in use. */
static void
print_next(struct cli *cli, int rc)
{
    struct store *db = cli->service->db;
    if (rc != EX_OK)
        printf("--  next: mend what is wrong above in %s, then `usher check` again\n",
               cli->service->config->path);
    else if (!store_int(db, "SELECT EXISTS (SELECT 1 FROM account)", 1, NULL, ""))
        puts("--  next: no accounts yet; `usher import FILE`, see usher-import(5)");
    else if (!store_int(db, "SELECT EXISTS (SELECT 1 FROM contact)", 1, NULL, ""))
        puts("--  next: no contacts yet, and nobody to write to; `usher import FILE`, see usher-import(5)");
    else if (!store_int(db, "SELECT EXISTS (SELECT 1 FROM enrolment)", 1, NULL, ""))
        puts("--  next: nobody is enrolled yet; `usher run`");
}

int
cmd_check(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autofree char *mailbox = NULL;
    gboolean send = FALSE;
    const GOptionEntry entries[] = {
        {"mailbox", 0, 0, G_OPTION_ARG_STRING, &mailbox, "with --send: the mailbox to try", "NAME"},
        {"send", 0, 0, G_OPTION_ARG_NONE, &send, "have the mailbox mail itself, and keep what that teaches",
         NULL},
        {0}};
    if (!cli_begin(cli, "check", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    if (send != (mailbox != NULL))
        return cli_usage("check: --send and --mailbox NAME go together");
    if (send)
        return check_selftest(cli, mailbox);
    struct service *s = cli->service;
    g_autoptr(GError) error = NULL;
    printf("ok  configuration %s\n", s->config->path);
    check_state_directory(s->config);
    for (guint i = 0; i < s->program->sequences->len; i++)
        printf("ok  sequence %s\n", ((struct sequence *)s->program->sequences->pdata[i])->name);
    printf("ok  %u segments, %u alerts\n", s->program->segments->len, s->program->alerts->len);
    if (!check_templates(s, &error))
        rc = cli_fail(error);
    g_clear_error(&error);
    g_auto(GStrv) about_time = check_time_lines(s, cli->now_us, &error);
    for (char **line = about_time; line && *line; line++)
        puts(*line);
    if (!about_time)
        rc = cli_fail(error);
    for (guint i = 0; i < s->config->hooks->len; i++) {
        g_clear_error(&error);
        if (!check_hook(s->config->hooks->pdata[i], &error))
            rc = cli_fail(error);
    }
    int halts = cli_print_halts(cli);
    rc = halts != EX_OK ? halts : rc;
    for (guint i = 0; i < s->config->mailboxes->len; i++) {
        const struct mailbox *m = s->config->mailboxes->pdata[i];
        check_mailbox_wire(s, m, &rc);
        check_last_selftest(cli, m->name);
    }
    print_next(cli, rc);
    return rc;
}
