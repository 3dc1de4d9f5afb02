/* One run of a hook's program, bounded in time and output: see hook_run.h.
 *
 * The program is the leader of a process group, which is killed as a whole. What left the group (setsid)
 * becomes a child of this process when its parent dies, because this process is made a subreaper, and is
 * killed then. So nothing of a hook outlives its run, whatever it does. */
#define _GNU_SOURCE /* syscall */
#include "service/hook_run.h"

#include "base/clock.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT_OUTPUT_BYTES 2048
#define MAX_OUTPUT_BYTES (1024 * 1024)
#define SLICE_MS 500

struct run {
    const struct hook *hook;
    GPid pid;
    int pid_fd, in_fd, out_fd; /* in_fd -1: all is written, out_fd -1: all is read */
    const char *input;
    gsize input_left;
    GString *output; /* its beginning */
    gsize output_bytes;
    const char *killed; /* why it had to be killed, NULL: it had not */
    gboolean stopped;
};

/* In the child, before exec. */
static void
become_hook(gpointer user)
{
    (void)user;
    const struct rlimit none = {0, 0};
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

static gboolean
start(struct run *r, const char *const *environment, GError **error)
{
    static const char *const base[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                       "LANG=C.UTF-8"};
    g_autoptr(GPtrArray) env = g_ptr_array_new();
    g_autofree char *home = g_strdup_printf("HOME=%s", g_get_home_dir());
    int out[2];
    for (gsize i = 0; i < G_N_ELEMENTS(base); i++)
        g_ptr_array_add(env, (gpointer)(guintptr)base[i]);
    g_ptr_array_add(env, home);
    for (const char *const *e = environment; e && *e; e++)
        g_ptr_array_add(env, (gpointer)(guintptr)*e);
    g_ptr_array_add(env, NULL);
    if (!g_unix_open_pipe(out, FD_CLOEXEC, error))
        return FALSE;
    g_autoptr(GError) local = NULL;
    gboolean ok = g_spawn_async_with_pipes_and_fds(
        "/", (const char *const *)r->hook->argv, (const char *const *)env->pdata,
        G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES, become_hook, NULL, -1, out[1], out[1], NULL, NULL,
        0, &r->pid, &r->in_fd, NULL, NULL, &local);
    close(out[1]);
    if (!ok) {
        close(out[0]);
        g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE, "%s", local->message);
        return FALSE;
    }
    r->out_fd = out[0];
    r->pid_fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
    g_unix_set_fd_nonblocking(r->in_fd, TRUE, NULL);
    g_unix_set_fd_nonblocking(r->out_fd, TRUE, NULL);
    return TRUE;
}

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void
feed(struct run *r)
{
    ssize_t n = write(r->in_fd, r->input, r->input_left);
    if (n > 0) {
        r->input += n;
        r->input_left -= (gsize)n;
    }
    /* A program that does not read its input is free not to: its exit status decides. */
    if (r->input_left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        close_fd(&r->in_fd);
}

static void
drain(struct run *r)
{
    char block[4096];
    for (;;) {
        ssize_t n = read(r->out_fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0 || errno != EAGAIN)
                close_fd(&r->out_fd);
            return;
        }
        gsize room = KEPT_OUTPUT_BYTES - MIN(r->output->len, KEPT_OUTPUT_BYTES);
        g_string_append_len(r->output, block, (gssize)MIN((gsize)n, room));
        r->output_bytes += (gsize)n;
        if (r->output_bytes > MAX_OUTPUT_BYTES)
            return;
    }
}

/* Until the program has ended or must be killed. */
static void
attend(struct run *r, const volatile gboolean *stop)
{
    gint64 end_us = g_get_monotonic_time() + r->hook->timeout_s * CLOCK_SECOND_US;
    for (;;) {
        gint64 left_ms = (end_us - g_get_monotonic_time()) / 1000;
        if (stop && *stop) {
            r->stopped = TRUE;
            return;
        }
        if (left_ms <= 0) {
            r->killed = "it took too long";
            return;
        }
        struct pollfd fds[] = {{.fd = r->pid_fd, .events = POLLIN},
                               {.fd = r->out_fd, .events = POLLIN},
                               {.fd = r->in_fd, .events = POLLOUT}};
        if (poll(fds, G_N_ELEMENTS(fds), (int)MIN(left_ms, SLICE_MS)) < 0)
            continue;
        if (r->out_fd >= 0 && fds[1].revents)
            drain(r);
        if (r->in_fd >= 0 && fds[2].revents)
            feed(r);
        if (r->output_bytes > MAX_OUTPUT_BYTES) {
            r->killed = "it wrote more than a mebibyte";
            return;
        }
        if (fds[0].revents) {
            if (r->out_fd >= 0)
                drain(r);
            return;
        }
    }
}

/* What left the process group and lost its parent is our child now. */
static void
kill_strays(void)
{
    g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", (int)getpid());
    for (int round = 0; round < 100; round++) {
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL) || !*text)
            return;
        g_auto(GStrv) pids = g_strsplit(text, " ", 0);
        for (char **p = pids; *p; p++) {
            pid_t pid = (pid_t)g_ascii_strtoll(*p, NULL, 10);
            if (pid > 0 && kill(pid, SIGKILL) == 0)
                waitpid(pid, NULL, 0);
        }
    }
}

static int
end(struct run *r)
{
    int status = 0;
    /* Before it is reaped, so that the group's number cannot be another's yet. */
    kill(-r->pid, SIGKILL);
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    kill_strays();
    close_fd(&r->in_fd);
    close_fd(&r->out_fd);
    close_fd(&r->pid_fd);
    return status;
}

static void
tell_failure(const struct run *r, int status, GError **error)
{
    g_autofree char *said = g_utf8_make_valid(r->output->str, (gssize)r->output->len);
    said[strcspn(said, "\r\n")] = '\0';
    g_autofree char *how = r->killed             ? g_strdup(r->killed)
                           : WIFSIGNALED(status) ? g_strdup_printf("killed by signal %d", WTERMSIG(status))
                                                 : g_strdup_printf("exit status %d", WEXITSTATUS(status));
    g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE, "%s%s%s", how, *said ? ": " : "", said);
}

gboolean
hook_run(const struct hook *hook, const char *const *environment, const char *input,
         const volatile gboolean *stop, GError **error)
{
    struct run r = {
        .hook = hook, .pid_fd = -1, .in_fd = -1, .out_fd = -1, .input = input, .input_left = strlen(input)};
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (!start(&r, environment, error))
        return FALSE;
    r.output = g_string_new(NULL);
    if (r.pid_fd < 0)
        r.killed = "pidfd_open is refused";
    else
        attend(&r, stop);
    int status = end(&r);
    gboolean ok = !r.killed && !r.stopped && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (r.stopped)
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_TEMP, "stopped");
    else if (!ok)
        tell_failure(&r, status, error);
    g_string_free(r.output, TRUE);
    return ok;
}
