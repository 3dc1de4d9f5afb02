/* Running the program that tells a secret.
 *
 * The program is the administrator's, but what it prints may come from anywhere (an identity provider's error
 * page, a trace with the token in it), and it may hang: so its output is bounded, its time is bounded, its
 * whole process group is killed at the end of it, and its talk is redacted before it is shown.
 *
 * Invariant: the buffer that held the secret is wiped on every way out. */
#include "base/secret.h"

#include "base/error.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    OUTPUT_BYTES = 16 * 1024, /* more than any secret: what follows the first line is thrown away */
    TALK_BYTES = 4 * 1024,
    TALK_SHOWN_CHARS = 300,
    TOKEN_LIKE_CHARS = 24, /* an unbroken run of that many token characters is not shown */
    NAP_MS = 50,           /* between looks whether a program ended whose child holds its output open */
};

/* One pipe from the program. */
struct intake {
    int fd; /* -1 once it has ended */
    char *bytes;
    gsize size, length;
};

struct child {
    GPid pid;
    gboolean ended;
    int status;
    gint64 until_us;
    struct intake output, talk;
};

/* Between fork() and exec(): only async-signal-safe calls. */
static void
prepare_child(gpointer user)
{
    (void)user;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

static void
take_in(struct intake *intake)
{
    char spare[1024];
    gsize room = intake->size - 1 - intake->length;
    gssize got = intake->fd < 0 ? 0
                 : room > 0     ? read(intake->fd, intake->bytes + intake->length, room)
                                : read(intake->fd, spare, sizeof spare);
    if (got > 0 && room > 0)
        intake->length += (gsize)got;
    if (intake->fd >= 0 && (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))) {
        close(intake->fd);
        intake->fd = -1;
    }
    explicit_bzero(spare, sizeof spare);
}

static void
reap(struct child *child, int options)
{
    while (!child->ended) {
        pid_t got = waitpid(child->pid, &child->status, options);
        if (got == 0)
            return;
        if (got < 0 && errno == EINTR)
            continue;
        child->ended = TRUE;
        if (got < 0)
            child->status = 0; /* somebody else reaped it: its output must speak for it */
    }
}

/* FALSE when its time was over. */
static gboolean
attend(struct child *child)
{
    while (!child->ended) {
        gint64 left_us = child->until_us - g_get_monotonic_time();
        if (left_us <= 0)
            return FALSE;
        struct pollfd set[] = {{.fd = child->output.fd, .events = POLLIN},
                               {.fd = child->talk.fd, .events = POLLIN}};
        poll(set, 2, (int)MIN(left_us / 1000 + 1, NAP_MS));
        if (set[0].revents)
            take_in(&child->output);
        if (set[1].revents)
            take_in(&child->talk);
        reap(child, WNOHANG);
    }
    /* What it had written before it ended is there now; a child of its own may keep the pipes open. */
    for (int i = 0; i < 8; i++) {
        take_in(&child->output);
        take_in(&child->talk);
    }
    return TRUE;
}

static gboolean
is_token_char(char c)
{
    return g_ascii_isalnum(c) || strchr("-_.~+=", c) != NULL;
}

/* How much of a run says what a secret is, "token=" or a whole "Password" before a colon; 0: none of it. */
static gsize
names_secret(const char *run, gsize length)
{
    static const char *const names[] = {"password", "passwd", "passphrase", "secret", "token", "pwd"};
    const char *sign = memchr(run, '=', length);
    gsize end = sign ? (gsize)(sign - run) : length;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize n = strlen(names[i]);
        if (end >= n && g_ascii_strncasecmp(run + end - n, names[i], n) == 0 && (sign || run[length] == ':'))
            return sign ? end + 1 : length;
    }
    return 0;
}

/* Standard error fit for a log: one line, printable, short; the secret, and what looks like one, left out. */
static char *
talk_clean(const char *talk, const char *secret)
{
    g_autofree char *valid = g_utf8_make_valid(talk, -1);
    g_autoptr(GString) text = g_string_new(valid);
    if (secret && *secret)
        g_string_replace(text, secret, "[secret]", 0);
    g_autoptr(GString) shown = g_string_new(NULL);
    gboolean named = FALSE; /* the next run is what the last one named */
    for (const char *at = text->str; *at && g_utf8_strlen(shown->str, -1) < TALK_SHOWN_CHARS;) {
        gsize run = 0;
        while (at[run] && is_token_char(at[run]))
            run++;
        gsize name = names_secret(at, run);
        if (run > 0 && (named || run >= TOKEN_LIKE_CHARS || name > 0)) {
            g_string_append_len(shown, at, (gssize)name);
            if (name < run)
                g_string_append(shown, "[...]");
            named = name == run;
            at += run;
        } else if (run > 0) {
            g_string_append_len(shown, at, (gssize)run);
            at += run;
        } else {
            gunichar c = g_utf8_get_char(at);
            g_string_append_unichar(shown, g_unichar_isprint(c) ? c : ' ');
            at = g_utf8_next_char(at);
        }
    }
    explicit_bzero(valid, strlen(valid));
    explicit_bzero(text->str, text->len);
    return g_strdup(g_strstrip(shown->str));
}

static void
intake_open(struct intake *intake, int fd, gsize size)
{
    *intake = (struct intake){.fd = fd, .size = size, .bytes = g_malloc0(size)};
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
}

static void
intake_close(struct intake *intake)
{
    if (intake->fd >= 0)
        close(intake->fd);
    explicit_bzero(intake->bytes, intake->size);
    g_free(intake->bytes);
}

static gboolean
start(struct child *child, char **argv, const char *dir, int timeout_ms, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_auto(GStrv) environment = g_get_environ();
    int output = -1, talk = -1;
    /* It must not speak to systemd in our name. */
    environment = g_environ_unsetenv(environment, "NOTIFY_SOCKET");
    environment = g_environ_unsetenv(environment, "WATCHDOG_USEC");
    environment = g_environ_unsetenv(environment, "WATCHDOG_PID");
    if (!g_spawn_async_with_pipes(dir, argv, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                                  prepare_child, NULL, &child->pid, NULL, &output, &talk, &local)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE, "%s", local->message);
        return FALSE;
    }
    child->until_us = g_get_monotonic_time() + (gint64)timeout_ms * 1000;
    intake_open(&child->output, output, OUTPUT_BYTES);
    intake_open(&child->talk, talk, TALK_BYTES);
    return TRUE;
}

/* What is wrong with what the program did, NULL for nothing. The first line of its output is cut out. */
static char *
judge(struct child *child, const char *program, gboolean in_time, int timeout_ms, gsize max_bytes)
{
    if (!in_time)
        return g_strdup_printf("%s has not ended within %.3g s", program, (double)timeout_ms / 1000);
    if (WIFSIGNALED(child->status))
        return g_strdup_printf("%s was ended by signal %d", program, WTERMSIG(child->status));
    if (WEXITSTATUS(child->status) != 0)
        return g_strdup_printf("%s failed with exit code %d", program, WEXITSTATUS(child->status));
    char *line = child->output.bytes;
    gsize length = strcspn(line, "\r\n");
    if (memchr(line, '\0', child->output.length) != NULL && length < child->output.length &&
        line[length] == '\0')
        return g_strdup_printf("%s printed a NUL byte", program);
    line[length] = '\0';
    if (length == 0)
        return g_strdup_printf("%s printed nothing in its first line", program);
    if (length > max_bytes)
        return g_strdup_printf("%s printed a first line of more than %" G_GSIZE_FORMAT " bytes", program,
                               max_bytes);
    for (const char *c = line; *c; c++)
        if (g_ascii_iscntrl(*c))
            return g_strdup_printf("%s printed a control character", program);
    return NULL;
}

gboolean
secret_command_run(char **argv, const char *dir, int timeout_ms, gsize max_bytes, char **line, GError **error)
{
    struct child child = {0};
    *line = NULL;
    if (!start(&child, argv, dir, timeout_ms, error))
        return FALSE;
    gboolean in_time = attend(&child);
    if (!in_time)
        kill(-child.pid, SIGKILL); /* its whole group: the one that hangs may be a child of a script */
    reap(&child, 0);
    g_spawn_close_pid(child.pid);
    g_autofree char *problem = judge(&child, argv[0], in_time, timeout_ms, max_bytes);
    child.talk.bytes[child.talk.length] = '\0';
    g_autofree char *talk = talk_clean(child.talk.bytes, problem ? NULL : child.output.bytes);
    if (*talk)
        log_event("login_command", "program", argv[0], "stderr", talk, NULL);
    if (!problem)
        *line = g_strdup(child.output.bytes);
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE, "%s%s%s", problem, *talk ? ": " : "", talk);
    intake_close(&child.output);
    intake_close(&child.talk);
    return problem == NULL;
}
