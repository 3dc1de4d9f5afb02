/* The TCP line under a libesmtp session, and the thread that watches its clock.
 *
 *     connecting --connected--> open --closed--> connecting (libesmtp may try the next address)
 *         |                       |
 *         deadline: the socket in SYN-SENT is shut down, connect() fails, the clock starts again
 *                                 deadline or smtp_line_cut(): shutdown(2), libesmtp sees a dropped line
 *
 *     The cancel descriptor does the same to a line that is not held, in whatever state, and goes on doing
 * so: libesmtp may be about to connect.
 *
 * Invariants:
 * - the descriptor used is our own duplicate, so it can neither be closed nor reused under the helper thread;
 * - all fields are read and written under the mutex. */
#define _GNU_SOURCE /* POLLRDHUP */

#include "wire/smtp_line.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CUT_AGAIN_MS = 20 };

struct smtp_line {
    GMutex mutex;
    int changed_fd; /* wakes the thread */
    int cancel_fd;  /* -1 for none */
    gboolean held;
    GThread *thread;
    GArray *before; /* int: TCP sockets that were here before us */
    gint64 connect_us;
    gint64 deadline; /* monotonic; 0 for none */
    gint64 wakes_at; /* until when the thread sleeps; 0 for good */
    int fd;          /* our duplicate; -1 while not connected */
    gboolean stop;
    gboolean timed_out;
    gboolean loopback;
    char *peer;
};

typedef gboolean (*socket_visitor)(struct smtp_line *line, int fd);

static gboolean
is_tcp(int fd)
{
    int domain = 0, type = 0;
    socklen_t size = sizeof domain;

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0)
        return FALSE;
    size = sizeof type;
    return (domain == AF_INET || domain == AF_INET6) &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static gboolean
socket_visit(struct smtp_line *line, int fd, socket_visitor visit)
{
    if (!is_tcp(fd))
        return FALSE;
    for (guint i = 0; i < line->before->len; i++)
        if (g_array_index(line->before, int, i) == fd)
            return FALSE;
    return visit(line, fd);
}

/* Stops at the first visitor that says TRUE. /proc lists the few descriptors there are; where it is missing
 * each possible one is asked, and that may be a million. */
static gboolean
sockets_visit(struct smtp_line *line, socket_visitor visit)
{
    gboolean found = FALSE;
    DIR *open_ones = opendir("/proc/self/fd");
    if (open_ones != NULL) {
        const struct dirent *entry;
        while (!found && (entry = readdir(open_ones)) != NULL)
            found = g_ascii_isdigit(entry->d_name[0]) &&
                    socket_visit(line, (int)g_ascii_strtoll(entry->d_name, NULL, 10), visit);
        closedir(open_ones);
        return found;
    }
    struct rlimit limit = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    int last = (int)MIN(limit.rlim_cur, 65536);
    for (int fd = 0; fd < last && !found; fd++)
        found = socket_visit(line, fd, visit);
    return found;
}

static gboolean
visit_remember(struct smtp_line *line, int fd)
{
    g_array_append_val(line->before, fd);
    return FALSE;
}

/* Linux makes a connect() that waits in SYN-SENT fail when its socket is shut down from another thread. */
static gboolean
visit_give_up(struct smtp_line *line, int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    (void)line;
    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_SYN_SENT)
        shutdown(fd, SHUT_RDWR);
    return FALSE;
}

static void
wake(const struct smtp_line *line)
{
    const guint64 one = 1;
    if (write(line->changed_fd, &one, sizeof one) < 0)
        return; /* it is full, so the thread wakes anyway */
}

static gboolean
is_readable(int fd)
{
    struct pollfd asked = {.fd = fd, .events = POLLIN};
    return poll(&asked, 1, 0) > 0;
}

/* Sleeps until wakes_at, smtp_line's callers, or the cancel descriptor where it is heeded. The caller holds
 * the mutex, which is free meanwhile. */
static void
sleep_unlocked(struct smtp_line *line, gboolean heed)
{
    gint64 left_us = line->wakes_at == 0 ? 0 : MAX(line->wakes_at - g_get_monotonic_time(), 0);
    int timeout_ms = line->wakes_at == 0 ? -1 : (int)MIN((left_us + 999) / 1000, G_MAXINT);
    struct pollfd set[] = {{.fd = line->changed_fd, .events = POLLIN},
                           {.fd = heed ? line->cancel_fd : -1, .events = POLLIN}};
    guint64 count;

    g_mutex_unlock(&line->mutex);
    poll(set, G_N_ELEMENTS(set), timeout_ms);
    g_mutex_lock(&line->mutex);
    if (is_readable(line->changed_fd) && read(line->changed_fd, &count, sizeof count) < 0)
        return; /* somebody else cannot have read it */
}

static gpointer
watch(gpointer data)
{
    struct smtp_line *line = data;

    g_mutex_lock(&line->mutex);
    while (!line->stop) {
        if (!line->held && is_readable(line->cancel_fd)) {
            if (line->fd >= 0)
                shutdown(line->fd, SHUT_RDWR);
            else
                sockets_visit(line, visit_give_up);
            line->wakes_at = g_get_monotonic_time() + (gint64)CUT_AGAIN_MS * 1000;
            sleep_unlocked(line, FALSE);
        } else if (line->deadline == 0 || g_get_monotonic_time() < line->deadline) {
            line->wakes_at = line->deadline;
            sleep_unlocked(line, !line->held);
        } else if (line->fd >= 0) {
            line->timed_out = TRUE;
            line->deadline = 0;
            shutdown(line->fd, SHUT_RDWR);
        } else {
            line->timed_out = TRUE;
            sockets_visit(line, visit_give_up);
            line->deadline = g_get_monotonic_time() + line->connect_us;
        }
    }
    g_mutex_unlock(&line->mutex);
    return NULL;
}

struct smtp_line *
smtp_line_new(gint64 connect_timeout_ms, int cancel_fd)
{
    struct smtp_line *line = g_new0(struct smtp_line, 1);

    g_mutex_init(&line->mutex);
    line->changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    line->cancel_fd = cancel_fd > 0 ? cancel_fd : -1;
    line->before = g_array_new(FALSE, FALSE, sizeof(int));
    line->fd = -1;
    sockets_visit(line, visit_remember);
    line->connect_us = connect_timeout_ms * 1000;
    line->deadline = g_get_monotonic_time() + line->connect_us;
    line->thread = g_thread_new("smtp-line", watch, line);
    return line;
}

void
smtp_line_free(struct smtp_line *line)
{
    if (line == NULL)
        return;
    g_mutex_lock(&line->mutex);
    line->stop = TRUE;
    wake(line);
    g_mutex_unlock(&line->mutex);
    g_thread_join(line->thread);
    if (line->fd >= 0)
        close(line->fd);
    g_array_unref(line->before);
    g_free(line->peer);
    g_mutex_clear(&line->mutex);
    close(line->changed_fd);
    g_free(line);
}

/* The caller holds the mutex. */
static void
set_deadline(struct smtp_line *line, gint64 deadline)
{
    line->deadline = deadline;
    if (line->wakes_at == 0 || deadline < line->wakes_at)
        wake(line);
}

static void
note_peer(struct smtp_line *line, const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
        line->loopback = (ntohl(in.sin_addr.s_addr) >> 24) == 127;
        line->peer = g_strdup_printf("%s:%u", text, ntohs(in.sin_port));
    } else {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
        line->loopback = IN6_IS_ADDR_LOOPBACK(&in.sin6_addr) ||
                         (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr) && in.sin6_addr.s6_addr[12] == 127);
        line->peer = g_strdup_printf("[%s]:%u", text, ntohs(in.sin6_port));
    }
}

static gboolean
visit_connected(struct smtp_line *line, int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int on = 1;

    memset(&address, 0, sizeof address);
    /* It fails when the peer has reset the connection already: no peer then. */
    gboolean alive = getpeername(fd, (struct sockaddr *)&address, &size) == 0;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    line->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    g_clear_pointer(&line->peer, g_free);
    line->loopback = FALSE;
    if (alive)
        note_peer(line, &address);
    return line->fd >= 0;
}

gboolean
smtp_line_connected(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    gboolean found = line->fd < 0 && sockets_visit(line, visit_connected);
    line->timed_out = FALSE;
    line->deadline = 0;
    g_mutex_unlock(&line->mutex);
    return found;
}

void
smtp_line_closed(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    if (line->fd >= 0)
        close(line->fd);
    line->fd = -1;
    set_deadline(line, g_get_monotonic_time() + line->connect_us);
    g_mutex_unlock(&line->mutex);
}

void
smtp_line_expect(struct smtp_line *line, gint64 timeout_ms)
{
    g_mutex_lock(&line->mutex);
    /* After a cut there is nothing left to wait for. */
    if (line->fd >= 0 && !line->timed_out)
        set_deadline(line, g_get_monotonic_time() + timeout_ms * 1000);
    g_mutex_unlock(&line->mutex);
}

gboolean
smtp_line_hold(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    line->held = !is_readable(line->cancel_fd);
    gboolean held = line->held;
    g_mutex_unlock(&line->mutex);
    return held;
}

void
smtp_line_release(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    line->held = FALSE;
    if (line->cancel_fd >= 0)
        wake(line);
    g_mutex_unlock(&line->mutex);
}

void
smtp_line_cut(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    if (line->fd >= 0)
        shutdown(line->fd, SHUT_RDWR);
    g_mutex_unlock(&line->mutex);
}

gboolean
smtp_line_timed_out(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    gboolean timed_out = line->timed_out;
    g_mutex_unlock(&line->mutex);
    return timed_out;
}

gboolean
smtp_line_hung_up(struct smtp_line *line)
{
    g_mutex_lock(&line->mutex);
    struct pollfd waiting = {.fd = line->fd, .events = POLLRDHUP};
    gboolean hung_up =
        line->fd < 0 || line->timed_out ||
        (poll(&waiting, 1, 0) > 0 && (waiting.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0);
    g_mutex_unlock(&line->mutex);
    return hung_up;
}

gboolean
smtp_line_has_input(struct smtp_line *line)
{
    char byte;

    g_mutex_lock(&line->mutex);
    gboolean has_input = line->fd >= 0 && recv(line->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    g_mutex_unlock(&line->mutex);
    return has_input;
}

const char *
smtp_line_peer(struct smtp_line *line)
{
    return line == NULL ? NULL : line->peer;
}

gboolean
smtp_line_is_loopback(struct smtp_line *line)
{
    return line->loopback;
}
