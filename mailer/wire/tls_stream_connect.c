/* The beginning of a stream: name to addresses, the first one that answers, who it is. Nothing here blocks
 * beyond the stream's deadline except getaddrinfo(). */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/tls_stream_parts.h"

enum { FIRST_BUDGET_BYTES = 64 * 1024 };

/* One address. TRUE when connected; else why is set and a next address may do better, unless the stream has
 * failed. */
static gboolean
stream_try_address(struct tls_stream *stream, const struct addrinfo *address, char **why)
{
    g_clear_pointer(why, g_free);
    stream->fd =
        socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (stream->fd < 0) {
        *why = g_strdup(g_strerror(errno));
        return FALSE;
    }
    int failure = 0;
    if (connect(stream->fd, address->ai_addr, address->ai_addrlen) < 0) {
        failure = errno;
        if (failure == EINPROGRESS || failure == EINTR) {
            short revents[3];
            int ready =
                tls_stream_poll(stream->fd, POLLOUT, -1, stream->cancel_fd, stream->deadline_us, revents);
            socklen_t length = sizeof failure;
            if (ready < 0)
                failure = errno;
            else if (ready == 0)
                failure = ETIMEDOUT;
            else if (revents[2])
                tls_stream_fail(stream, USHER_ERROR_TEMP, "cancelled");
            else if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &failure, &length) < 0)
                failure = errno;
        }
    }
    if (failure == 0 && !stream->error)
        return TRUE;
    *why = g_strdup(g_strerror(failure));
    close(stream->fd);
    stream->fd = -1;
    return FALSE;
}

/* OpenSSL writes with write(2), which raises SIGPIPE on a dead line; a mail client wants the error instead. A
 * handler that the program installed stays. */
static void
ignore_broken_pipes(void)
{
    static gsize done = 0;
    if (!g_once_init_enter(&done))
        return;
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
    g_once_init_leave(&done, 1);
}

static void
note_peer(struct tls_stream *stream)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    char host[INET6_ADDRSTRLEN], service[8];
    if (getpeername(stream->fd, (struct sockaddr *)&address, &length) == 0 &&
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        stream->peer = g_strdup_printf(address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, service);
}

struct tls_stream *
tls_stream_connect(const char *host, guint16 port, int timeout_ms, int cancel_fd, GError **error)
{
    ignore_broken_pipes();
    struct tls_stream *stream = g_new0(struct tls_stream, 1);
    stream->name = strchr(host, ':') ? g_strdup_printf("[%s]:%u", host, (unsigned)port)
                                     : g_strdup_printf("%s:%u", host, (unsigned)port);
    stream->fd = -1;
    stream->cancel_fd = cancel_fd;
    stream->timeout_ms = timeout_ms;
    tls_stream_begin(stream, timeout_ms, FIRST_BUDGET_BYTES);

    g_autofree char *service = g_strdup_printf("%u", (unsigned)port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int failure = getaddrinfo(host, service, &hints, &addresses);
    if (failure != 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE, "%s: cannot find the host: %s", stream->name,
                    failure == EAI_SYSTEM ? g_strerror(errno) : gai_strerror(failure));
        tls_stream_free(stream);
        return NULL;
    }
    g_autofree char *why = NULL;
    gboolean connected = FALSE;
    for (const struct addrinfo *each = addresses; each && !connected && !stream->error; each = each->ai_next)
        connected = stream_try_address(stream, each, &why);
    freeaddrinfo(addresses);
    if (!connected) {
        tls_stream_fail(stream, USHER_ERROR_UNAVAILABLE, "cannot connect: %s", why ? why : "no address");
        tls_stream_report(stream, error);
        tls_stream_free(stream);
        return NULL;
    }
    note_peer(stream);
    int on = 1;
    setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(stream->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return stream;
}

gboolean
tls_stream_is_loopback(const struct tls_stream *stream)
{
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    if (getpeername(stream->fd, (struct sockaddr *)&peer, &length) < 0)
        return FALSE;
    if (peer.ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &peer, sizeof four);
        return ntohl(four.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    if (peer.ss_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &peer, sizeof six);
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr))
            return six.sin6_addr.s6_addr[12] == IN_LOOPBACKNET;
        return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
    }
    return FALSE;
}
