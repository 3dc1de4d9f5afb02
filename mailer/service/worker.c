/* The rounds of each role. A round that fails is logged once a cause and tried again with growing pauses;
 * nothing is kept in memory between rounds that the database does not know. */
#include "service/worker.h"

#include "base/clock.h"
#include "base/config_load.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/secret.h"
#include "base/secret_share.h"
#include "base/stop.h"
#include "inbox/fence.h"
#include "inbox/watch.h"
#include "outbox/sender.h"
#include "outbox/test_outbox.h"
#include "service/clone_guard.h"
#include "service/hooks.h"
#include "service/orphans.h"
#include "service/plan.h"
#include "service/tick.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MIN_PAUSE_MS 1000
#define MAX_PAUSE_MS (5 * 60 * 1000)
#define IDLE_ROUND_MS (50 * 1000)
#define SAY_AGAIN_US (5 * CLOCK_SECOND_US)

static volatile gboolean stop_requested;
static int wake_fd = -1;

static void
on_stop(int signal_number)
{
    (void)signal_number;
    stop_requested = TRUE;
    guint64 one = 1;
    if (write(wake_fd, &one, sizeof one) < 0)
        return; /* it is full, so whoever waits wakes anyway */
}

static gboolean
install_stop(GError **error)
{
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_OS, "eventfd: %s", g_strerror(errno));
        return FALSE;
    }
    stop_listen(wake_fd);
    struct sigaction act = {.sa_handler = on_stop};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    return TRUE;
}

static void
pause_ms(int ms)
{
    struct pollfd p = {.fd = wake_fd, .events = POLLIN};
    if (!stop_requested)
        poll(&p, 1, ms);
}

static void
tell_supervisor(void)
{
    /* One that died leaves a broken pipe, and nobody to restart what its successor starts. */
    if (write(WORKER_PROGRESS_FD, ".", 1) < 0 && errno == EPIPE)
        stop_requested = TRUE;
}

/* ---- rounds ---- */

/* A role's state between its rounds. */
struct worker {
    struct service *service;
    const struct mailbox *mailbox;
    struct intake intake;
    struct watch *watch;
    struct ledger ledger;
    char *last_copy_problem;
    gboolean got_on;    /* the last round sent something, whatever ended it */
    gboolean idle;      /* it tried nothing: no sign that what failed before is well again */
    gboolean told_stop; /* the log knows that the mailbox is stopped */
    gint64 said_us;     /* when a sender last said that it waits for the mailbox, boot time */
};

static gboolean
round_tick(struct worker *w, GError **error)
{
    if (!orphans_settle(w->service, clock_now_us(), error) ||
        !tick_run(w->service, clock_now_us(), &stop_requested, NULL, error) ||
        !plan_heartbeat(w->service, clock_now_us(), error))
        return FALSE;
    pause_ms(1000);
    return TRUE;
}

/* What is due says why it waits; looked at every few seconds. */
static gboolean
wait_for_mailbox(struct worker *w, GError **error)
{
    gint64 boot_us = clock_boottime_us();
    if (w->said_us && boot_us - w->said_us < SAY_AGAIN_US)
        return TRUE;
    w->said_us = boot_us;
    g_autofree char *problem = fence_problem(w->service->db, w->mailbox->name);
    g_autofree char *reason = g_strdup_printf("its mailbox was not read yet since the service started%s%s",
                                              problem ? ": " : "", problem ? problem : "");
    return ledger_tell_due(&w->ledger, reason, clock_now_us(), error);
}

static gboolean
round_send(struct worker *w, GError **error)
{
    struct sender_report report = {0};
    g_assert(w->mailbox); /* a sender has one */
    w->got_on = FALSE;
    w->idle = TRUE;
    if (!clone_guard_compared(w->service, w->mailbox)) {
        pause_ms(200);
        return wait_for_mailbox(w, error);
    }
    gboolean ok = !sender_has_work(&w->ledger, clock_now_us()) ||
                  sender_run(&w->ledger, &stop_requested, &report, error);
    w->got_on = report.sent > 0;
    w->idle = !report.problem && report.sent + report.refused + report.deferred + report.unknown == 0;
    if (ok && report.problem && !w->told_stop)
        log_event("mailbox_stopped", "mailbox", w->mailbox->name, "why", report.problem, NULL);
    if (ok && w->told_stop && report.sent > 0)
        log_event("mailbox_sends_again", "mailbox", w->mailbox->name, NULL);
    w->told_stop = ok && (report.problem || (w->told_stop && report.sent == 0));
    sender_report_clear(&report);
    if (!ok || !test_outbox_run(w->service->db, w->service->config, w->mailbox, &stop_requested, error))
        return FALSE;
    g_autoptr(GError) copies = NULL; /* sending does not wait for a Sent folder */
    if (!watch_append_copies(w->watch, &copies) && g_strcmp0(w->last_copy_problem, copies->message) != 0) {
        log_problem("copies_failed", copies, "mailbox", w->mailbox->name, NULL);
        g_free(w->last_copy_problem);
        w->last_copy_problem = g_strdup(copies->message);
    }
    pause_ms(copies ? 30000 : 1000);
    return TRUE;
}

static void
log_hook_failure(const struct hook *hook, const GError *problem, gpointer user)
{
    (void)user;
    log_problem("hook_failed", problem, "hook", hook->name, NULL);
}

static gboolean
round_hooks(struct worker *w, GError **error)
{
    if (!hooks_work(w->service, &stop_requested, log_hook_failure, NULL, error))
        return FALSE;
    pause_ms(1000);
    return TRUE;
}

static gboolean
round_watch(struct worker *w, GError **error)
{
    guint count;
    g_autoptr(GError) local = NULL;
    gboolean ok = watch_read(w->watch, &count, &local);
    gboolean left = !ok && stop_requested; /* by us: that says nothing about the mailbox */
    if (!left && !fence_note_problem(w->service->db, w->mailbox->name,
                                     ok ? NULL : secret_problem_to_keep(local), clock_now_us(), error))
        return FALSE;
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok && (stop_requested || watch_wait(w->watch, wake_fd, IDLE_ROUND_MS, error));
}

static char *
executable_path(void)
{
    char *path = g_file_read_link("/proc/self/exe", NULL);
    return path ? path : g_strdup("usher");
}

static void
worker_init(struct worker *w, struct service *s, const struct mailbox *mailbox)
{
    memset(w, 0, sizeof *w);
    w->service = s;
    w->mailbox = mailbox;
    if (!mailbox)
        return;
    g_autofree char *exe = executable_path();
    w->intake = (struct intake){.db = s->db, .config = s->config, .mailbox = mailbox, .sink = &s->sink};
    w->watch = watch_new(&w->intake, exe);
    w->ledger = (struct ledger){.db = s->db, .config = s->config, .mailbox = mailbox, .policy = &s->policy};
    w->ledger.owner = g_strdup_printf("%d", (int)getpid());
}

static void
worker_clear(struct worker *w)
{
    g_clear_pointer(&w->watch, watch_free);
    g_clear_pointer(&w->ledger.owner, g_free);
    g_clear_pointer(&w->last_copy_problem, g_free);
    g_clear_pointer(&w->ledger.told_failure, g_free);
}

/* Rounds until SIGTERM. The same problem again is not logged again. */
static void
loop(struct worker *w, const char *role, gboolean (*round)(struct worker *, GError **))
{
    int pause = MIN_PAUSE_MS;
    g_autofree char *last = NULL;
    while (!stop_requested) {
        g_autoptr(GError) error = NULL;
        gboolean ok = round(w, &error);
        if (ok && !(last && w->idle)) {
            if (last)
                log_event("recovered", "role", role, "mailbox", w->mailbox ? w->mailbox->name : "", NULL);
            g_clear_pointer(&last, g_free);
            pause = MIN_PAUSE_MS;
        } else if (!ok) {
            if (!stop_requested && g_strcmp0(last, error->message) != 0)
                log_problem("round_failed", error, "role", role, "mailbox",
                            w->mailbox ? w->mailbox->name : "", NULL);
            g_free(last);
            last = g_strdup(error->message);
            progress_tell();
            if (w->got_on) /* a line that drops now and then is no server that is down */
                pause = MIN_PAUSE_MS;
            pause_ms(pause);
            pause = MIN(pause * 2, MAX_PAUSE_MS);
        }
        progress_tell();
    }
}

static int
fail(const char *role, const GError *error)
{
    log_problem("worker_failed", error, "role", role, NULL);
    return usher_error_exit_code(error);
}

static int
migrate(const char *config_path)
{
    g_autoptr(GError) error = NULL;
    scoped(config_free) struct config *config = config_load(config_path, &error);
    if (config && !g_file_test(config->database, G_FILE_TEST_EXISTS))
        g_set_error(&error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s: no such database; `usher init` makes one",
                    config->database);
    if (!config || error || !store_migrate(config->database, &error))
        return fail("migrate", error);
    return 0;
}

int
worker_main(const char *config_path, const char *role, const char *mailbox_name)
{
    g_autoptr(GError) error = NULL;
    if (strcmp(role, "migrate") == 0)
        return migrate(config_path);
    /* Asked before anything else is opened under that number: a worker may be started by hand. */
    gboolean supervised = fcntl(WORKER_PROGRESS_FD, F_GETFD) >= 0;
    if (supervised)
        secret_share_take_up();
    /* Each mail takes and gives back some 150 KB: kept, not returned to the kernel and faulted in again a
     * thousand times a second. */
    mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
    /* A watcher in IDLE would notice the broken pipe late, and keep the next service from starting until
     * then. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    scoped(service_close) struct service *s = install_stop(&error) ? service_open(config_path, &error) : NULL;
    if (!s)
        return fail(role, error);
    const struct mailbox *mailbox = mailbox_name ? config_mailbox(s->config, mailbox_name) : NULL;
    int lock = worker_lock(s->config, role, mailbox_name, &error);
    if (lock < 0)
        return fail(role, error);
    struct worker w;
    worker_init(&w, s, mailbox);
    if (supervised)
        progress_listen(tell_supervisor);
    progress_tell();
    int rc = 0;
    if (strcmp(role, "tick") == 0) {
        g_autoptr(GError) unplanned = NULL; /* a plan is for people: without it the work goes on */
        if (!plan_at_start(s, clock_now_us(), &unplanned))
            log_problem("startup_plan_failed", unplanned, NULL);
        if (tick_refresh(s, &error))
            loop(&w, role, round_tick);
    } else if (strcmp(role, "hooks") == 0) {
        if (hooks_register(s, clock_now_us(), &error))
            loop(&w, role, round_hooks);
    } else if (mailbox && strcmp(role, "send") == 0) {
        if (clone_guard_look(s, &error) && ledger_recover(&w.ledger, clock_now_us(), &error))
            loop(&w, role, round_send);
    } else if (mailbox && strcmp(role, "watch") == 0) {
        loop(&w, role, round_watch);
    } else {
        g_set_error(&error, USHER_ERROR, USHER_ERROR_USAGE, "there is no worker \"%s %s\"", role,
                    mailbox_name ? mailbox_name : "");
    }
    if (error)
        rc = fail(role, error);
    worker_clear(&w);
    close(lock);
    return rc;
}

/* ---- one cycle ---- */

/* Keeps the first problem as the error, and tells each once. */
static void
note(const struct worker *w, GError *local, void (*problem)(const char *line), GError **error)
{
    if (w)
        g_prefix_error(&local, "mailbox %s: ", w->mailbox->name);
    if (!*error || strcmp((*error)->message, local->message) != 0)
        problem(local->message);
    if (*error)
        g_error_free(local);
    else
        g_propagate_error(error, local);
}

/* A run of the sender looks at so many mails at a time and ends when none of them may go, and with a pause
 * between two mails it sends one. --once goes on until all that was due was looked at, and over pauses as
 * long as something is sent; a rehearsed clock stands still, so there no pause ends. */
static gboolean
send_all(struct worker *w, struct sender_report *report, GError **error)
{
    const struct ledger *l = &w->ledger;
    gint64 passes = 2 + store_int(l->db,
                                  "SELECT COUNT(*) FROM delivery WHERE mailbox = ? AND state IN ('queued', "
                                  "'deferred') AND next_at <= ?",
                                  0, NULL, "ti", l->mailbox->name, clock_now_us()) /
                            20;
    for (guint idle = 0;;) {
        guint before = report->sent;
        if (!sender_run(&w->ledger, NULL, report, error))
            return FALSE;
        gint64 next_us = ledger_next_due_us(&w->ledger, NULL), wait_us = next_us - clock_now_us();
        idle =
            report->sent > before ? 0 : idle + 1; /* the pause counts from the server's answer, a bit later */
        gboolean paced = w->mailbox->spacing.max_us && idle < 3 && !clock_is_rehearsed() &&
                         wait_us <= w->mailbox->spacing.max_us + CLOCK_SECOND_US;
        if (!next_us || !(paced || (wait_us <= 0 && passes-- > 0)))
            return TRUE;
        if (wait_us > 0)
            g_usleep((gulong)wait_us);
    }
}

static gboolean
send_once(struct worker *w, GError **error)
{
    struct sender_report report = {0};
    int lock = worker_lock(w->service->config, "send", w->mailbox->name, error);
    if (lock < 0)
        return FALSE;
    gboolean ok = ledger_recover(&w->ledger, clock_now_us(), error) && send_all(w, &report, error);
    if (ok && report.problem) {
        g_set_error_literal(error, USHER_ERROR, report.problem_code, report.problem);
        ok = FALSE;
    }
    ok = ok && test_outbox_run(w->service->db, w->service->config, w->mailbox, NULL, error);
    ok = watch_append_copies(w->watch, ok ? error : NULL) && ok;
    sender_report_clear(&report);
    close(lock);
    return ok;
}

struct once {
    void (*problem)(const char *line);
    GError *first;
};

static void
note_hook_failure(const struct hook *hook, const GError *problem, gpointer user)
{
    struct once *once = user;
    note(NULL, g_error_new(problem->domain, problem->code, "hook %s: %s", hook->name, problem->message),
         once->problem, &once->first);
}

gboolean
worker_run_once(struct service *s, void (*problem)(const char *line), GError **error)
{
    guint n = s->config->mailboxes->len;
    g_autofree struct worker *workers = g_new0(struct worker, n);
    struct once once = {.problem = problem};
    GError *local = NULL;
    signal(SIGPIPE, SIG_IGN);
    if (!hooks_register(s, clock_now_us(), &local))
        note(NULL, g_steal_pointer(&local), problem, &once.first);
    for (guint i = 0; i < n; i++) {
        worker_init(&workers[i], s, s->config->mailboxes->pdata[i]);
        gboolean read = watch_read(workers[i].watch, NULL, &local);
        fence_note_problem(s->db, workers[i].mailbox->name, read ? NULL : secret_problem_to_keep(local),
                           clock_now_us(), NULL);
        if (read)
            continue;
        /* One cycle is one look: an earlier one, which on the clock of a rehearsal may be weeks ago, is none.
         */
        fence_forget(s->db, workers[i].mailbox->name, NULL);
        note(&workers[i], g_steal_pointer(&local), problem, &once.first);
    }
    if (!clone_guard_look(s, &local))
        note(NULL, g_steal_pointer(&local), problem, &once.first);
    g_autofree char *unclaimed = clone_guard_refusal(s->db);
    if (unclaimed)
        note(NULL, g_error_new_literal(USHER_ERROR, USHER_ERROR_NO_PERMISSION, unclaimed), problem,
             &once.first);
    if (!orphans_settle(s, clock_now_us(), &local) || !tick_refresh(s, &local) ||
        !tick_run(s, clock_now_us(), NULL, NULL, &local) || !plan_heartbeat(s, clock_now_us(), &local))
        note(NULL, g_steal_pointer(&local), problem, &once.first);
    for (guint i = 0; i < n; i++) {
        if (!send_once(&workers[i], &local))
            note(&workers[i], g_steal_pointer(&local), problem, &once.first);
        worker_clear(&workers[i]);
    }
    if (!hooks_work(s, NULL, note_hook_failure, &once,
                    &local)) /* the mail is out: a hook may take its time */
        note(NULL, g_steal_pointer(&local), problem, &once.first);
    if (!once.first)
        return TRUE;
    g_propagate_error(error, once.first);
    return FALSE;
}
