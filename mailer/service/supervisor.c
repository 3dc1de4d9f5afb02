/* A worker that ends is started again after a pause that grows while it keeps ending early. Each tells of
 * progress after every mail or batch; one that has told nothing for longer than the answer to a final dot may
 * take (RFC 5321 4.5.3.2.6: ten minutes, and killing a sender within them manufactures unknowns) is killed
 * and started again. */
#include "service/supervisor.h"

#include "base/clock.h"
#include "base/config_load.h"
#include "base/error.h"
#include "base/log.h"
#include "base/secret_share.h"
#include "pipeline/sequence.h"
#include "service/worker.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define MAX_RESTART_PAUSE_S 60u
#define EARLY_US (30 * CLOCK_SECOND_US)
#define PROGRESS_LIMIT_US (12 * CLOCK_MINUTE_US)

struct process {
    struct supervisor *supervisor;
    const char *role;
    char *mailbox;
    GPid pid;
    guint progress_watch, restart_timer;
    int progress_fd;
    gint64 started_us, progress_us;
    guint pause_s;
    gboolean reported; /* has told of progress since it was started the first time */
};

struct supervisor {
    char *config_path, *executable;
    struct config *config;
    GPtrArray *processes;
    GMainLoop *loop;
    gboolean stopping, ready;
    int exit_code;
    int share_fd; /* secret_share.h; -1: none */
};

static void start_process(struct process *p);

static void
process_free(gpointer data)
{
    struct process *p = data;
    g_clear_handle_id(&p->progress_watch, g_source_remove);
    g_clear_handle_id(&p->restart_timer, g_source_remove);
    if (p->progress_fd >= 0)
        close(p->progress_fd);
    g_free(p->mailbox);
    g_free(p);
}

static void
announce_ready(struct supervisor *s)
{
    for (guint i = 0; i < s->processes->len; i++)
        if (!((struct process *)s->processes->pdata[i])->reported)
            return;
    if (!s->ready)
        sd_notify(0, "READY=1\nSTATUS=running");
    s->ready = TRUE;
}

static gboolean
on_progress(gint fd, GIOCondition condition, gpointer user)
{
    struct process *p = user;
    char buffer[64];
    (void)condition;
    if (read(fd, buffer, sizeof buffer) <= 0) {
        p->progress_watch = 0;
        return G_SOURCE_REMOVE;
    }
    p->progress_us = clock_boottime_us();
    if (!p->reported) {
        p->reported = TRUE;
        announce_ready(p->supervisor);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
on_restart(gpointer user)
{
    struct process *p = user;
    p->restart_timer = 0;
    start_process(p);
    return G_SOURCE_REMOVE;
}

static gboolean
all_ended(const struct supervisor *s)
{
    for (guint i = 0; i < s->processes->len; i++)
        if (((struct process *)s->processes->pdata[i])->pid)
            return FALSE;
    return TRUE;
}

static void
on_worker_exit(GPid pid, gint status, gpointer user)
{
    struct process *p = user;
    struct supervisor *s = p->supervisor;
    g_spawn_close_pid(pid);
    p->pid = 0;
    g_clear_handle_id(&p->progress_watch, g_source_remove);
    close(p->progress_fd);
    p->progress_fd = -1;
    if (s->stopping) {
        if (all_ended(s))
            g_main_loop_quit(s->loop);
        return;
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (!s->ready && code == USHER_ERROR_CONFIG) { /* it said why; starting it again would say the same */
        s->exit_code = code;
        s->stopping = TRUE;
        g_main_loop_quit(s->loop);
        return;
    }
    gboolean early = clock_boottime_us() - p->started_us < EARLY_US;
    p->pause_s = early ? MIN(MAX(p->pause_s * 2, 1), MAX_RESTART_PAUSE_S) : 1;
    g_autofree char *code_text = g_strdup_printf("%d", code);
    if (code != 0)
        log_event("worker_ended", "role", p->role, "mailbox", p->mailbox ? p->mailbox : "", "code", code_text,
                  NULL);
    p->restart_timer = g_timeout_add_seconds(code == 0 ? 0 : p->pause_s, on_restart, p);
}

static void
start_process(struct process *p)
{
    struct supervisor *s = p->supervisor;
    g_autoptr(GError) error = NULL;
    int pipe_fds[2];
    const char *argv[] = {s->executable, "worker", p->role, "--config", s->config_path, p->mailbox, NULL};
    p->started_us = p->progress_us = clock_boottime_us();
    if (!g_unix_open_pipe(pipe_fds, FD_CLOEXEC, &error)) {
        log_problem("worker_not_started", error, "role", p->role, NULL);
        p->restart_timer = g_timeout_add_seconds(1, on_restart, p);
        return;
    }
    const int sources[] = {pipe_fds[1], s->share_fd}, targets[] = {WORKER_PROGRESS_FD, SECRET_SHARE_FD};
    gboolean ok = g_spawn_async_with_pipes_and_fds(
        NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, -1, -1, -1,
        sources, targets, s->share_fd < 0 ? 1 : 2, &p->pid, NULL, NULL, NULL, &error);
    close(pipe_fds[1]);
    if (!ok) {
        close(pipe_fds[0]);
        log_problem("worker_not_started", error, "role", p->role, NULL);
        p->restart_timer = g_timeout_add_seconds(MAX_RESTART_PAUSE_S, on_restart, p);
        return;
    }
    p->progress_fd = pipe_fds[0];
    g_unix_set_fd_nonblocking(p->progress_fd, TRUE, NULL);
    p->progress_watch = g_unix_fd_add(p->progress_fd, G_IO_IN | G_IO_HUP, on_progress, p);
    g_child_watch_add(p->pid, on_worker_exit, p);
}

static void
add_process(struct supervisor *s, const char *role, const char *mailbox)
{
    struct process *p = g_new0(struct process, 1);
    p->supervisor = s;
    p->role = role;
    p->mailbox = g_strdup(mailbox);
    p->progress_fd = -1;
    g_ptr_array_add(s->processes, p);
    start_process(p);
}

static gboolean
has_process(const struct supervisor *s, const char *role)
{
    for (guint i = 0; i < s->processes->len; i++)
        if (strcmp(((struct process *)s->processes->pdata[i])->role, role) == 0)
            return TRUE;
    return FALSE;
}

static void
signal_all(const struct supervisor *s, int signal_number)
{
    for (guint i = 0; i < s->processes->len; i++) {
        const struct process *p = s->processes->pdata[i];
        if (p->pid)
            kill(p->pid, signal_number);
    }
}

static gboolean
on_terminate(gpointer user)
{
    struct supervisor *s = user;
    sd_notify(0, "STOPPING=1");
    s->stopping = TRUE;
    signal_all(s, SIGTERM);
    if (all_ended(s))
        g_main_loop_quit(s->loop);
    return G_SOURCE_CONTINUE;
}

/* A new configuration must load as a whole, sequences included, before any worker is asked to end. */
static gboolean
on_reload(gpointer user)
{
    struct supervisor *s = user;
    g_autoptr(GError) error = NULL;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time());
    struct config *config = config_load(s->config_path, &error);
    struct program *program = config ? program_load(config, &error) : NULL;
    gboolean same = program && config->mailboxes->len == s->config->mailboxes->len;
    for (guint i = 0; same && i < config->mailboxes->len; i++)
        same = config_mailbox(s->config, ((struct mailbox *)config->mailboxes->pdata[i])->name) != NULL;
    if (program && !same)
        g_set_error_literal(&error, USHER_ERROR, USHER_ERROR_CONFIG,
                            "mailboxes were added or removed: restart the service for that");
    if (error || !program) {
        log_problem("reload_refused", error, NULL);
        sd_notify(0, "READY=1\nSTATUS=running with the last good configuration; the new one has a mistake");
    } else {
        log_event("reloaded", NULL);
        signal_all(s, SIGTERM); /* each ends its work under way and is started again */
        if (config->hooks->len && !has_process(s, "hooks"))
            add_process(s, "hooks", NULL);
        sd_notify(0, "READY=1\nSTATUS=running");
    }
    program_free(program);
    config_free(config);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog(gpointer user)
{
    const struct supervisor *s = user;
    for (guint i = 0; i < s->processes->len; i++) {
        const struct process *p = s->processes->pdata[i];
        if (p->pid && clock_boottime_us() - p->progress_us > PROGRESS_LIMIT_US) {
            log_event("worker_stuck", "role", p->role, "mailbox", p->mailbox ? p->mailbox : "", NULL);
            kill(p->pid, SIGKILL);
        }
    }
    sd_notify(0, "WATCHDOG=1");
    return G_SOURCE_CONTINUE;
}

static gboolean
run_migrate(struct supervisor *s, GError **error)
{
    const char *argv[] = {s->executable, "worker", "migrate", "--config", s->config_path, NULL};
    int status;
    if (!g_spawn_sync(NULL, (char **)(gsize)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, NULL, NULL,
                      &status, error))
        return FALSE;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    g_set_error_literal(error, USHER_ERROR, WIFEXITED(status) ? WEXITSTATUS(status) : USHER_ERROR_SOFTWARE,
                        "the database could not be made ready");
    return FALSE;
}

static gboolean
prepare(struct supervisor *s, int *lock, GError **error)
{
    s->config = config_load(s->config_path, error);
    struct program *program = s->config ? program_load(s->config, error) : NULL;
    if (!program)
        return FALSE;
    program_free(program);
    s->executable = g_file_read_link("/proc/self/exe", error);
    *lock = s->executable ? worker_lock(s->config, "run", NULL, error) : -1;
    return *lock >= 0 && run_migrate(s, error);
}

int
supervisor_run(const char *config_path, GError **error)
{
    struct supervisor s = {.config_path = g_canonicalize_filename(config_path, NULL)};
    int lock = -1;
    s.share_fd = secret_share_new();
    s.processes = g_ptr_array_new_with_free_func(process_free);
    gboolean ok = prepare(&s, &lock, error);
    if (ok) {
        guint64 watchdog_us = 0;
        s.loop = g_main_loop_new(NULL, FALSE);
        g_unix_signal_add(SIGTERM, on_terminate, &s);
        g_unix_signal_add(SIGINT, on_terminate, &s);
        g_unix_signal_add(SIGHUP, on_reload, &s);
        sd_watchdog_enabled(0, &watchdog_us);
        /* Senders wait until their mailbox was read since then: see clone_guard.h. */
        g_autofree char *started = g_strdup_printf("%" G_GINT64_FORMAT, clock_boottime_us());
        g_setenv("USHER_STARTED_BOOT_US", started, TRUE);
        g_timeout_add((guint)(watchdog_us ? MAX(watchdog_us / 2000, 100) : 10000), on_watchdog, &s);
        add_process(&s, "tick", NULL);
        if (s.config->hooks->len)
            add_process(&s, "hooks", NULL);
        for (guint i = 0; i < s.config->mailboxes->len; i++) {
            const struct mailbox *m = s.config->mailboxes->pdata[i];
            add_process(&s, "watch", m->name);
            add_process(&s, "send", m->name);
        }
        log_event("started", "config", s.config_path, NULL);
        g_main_loop_run(s.loop);
        signal_all(&s, SIGTERM);
        log_event("stopped", NULL);
        g_main_loop_unref(s.loop);
    }
    g_ptr_array_unref(s.processes);
    config_free(s.config);
    g_free(s.executable);
    g_free(s.config_path);
    if (s.share_fd >= 0)
        close(s.share_fd);
    if (lock >= 0)
        close(lock);
    return ok ? s.exit_code : usher_error_exit_code(*error);
}
