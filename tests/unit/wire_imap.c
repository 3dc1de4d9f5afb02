/* The IMAP client against a private Dovecot (tests/rig/imap_dovecot.py), which the first case that needs it
 * starts. */
#include "wire/imap_client.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define PASSWORD "pa \"ss\\word%"

enum { TIMEOUT_MS = 20 * 1000 };

static struct {
    GSubprocess *process;
    char *folder;
    char *ca_file;
    guint16 imap;
    guint16 imaps;
    gboolean absent;
} rig;

/* FALSE, with the case skipped, where there is no Dovecot. */
static gboolean
rig_is_up(void)
{
    if (!rig.process && !rig.absent) {
        g_autoptr(GError) error = NULL;
        rig.folder = g_dir_make_tmp("usher-imap-XXXXXX", &error);
        g_assert_no_error(error);
        rig.ca_file = g_build_filename(rig.folder, "tls", "ca.pem", NULL);
        rig.process =
            g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                             "python3", USHER_SOURCE_DIR "/tests/rig/imap_dovecot.py", rig.folder, NULL);
        g_assert_no_error(error);
        g_autoptr(GDataInputStream) output =
            g_data_input_stream_new(g_subprocess_get_stdout_pipe(rig.process));
        g_autofree char *line = g_data_input_stream_read_line(output, NULL, NULL, &error);
        g_auto(GStrv) words = g_strsplit(line ? line : "", " ", -1); /* "imap PORT imaps PORT" */
        guint64 imap = 0;
        guint64 imaps = 0;
        if (g_strv_length(words) != 4 || !g_ascii_string_to_unsigned(words[1], 10, 1, 65535, &imap, NULL) ||
            !g_ascii_string_to_unsigned(words[3], 10, 1, 65535, &imaps, NULL)) {
            g_assert_true(g_subprocess_wait(rig.process, NULL, NULL));
            g_assert_cmpint(g_subprocess_get_exit_status(rig.process), ==, 77);
            rig.absent = TRUE;
        }
        rig.imap = (guint16)imap;
        rig.imaps = (guint16)imaps;
    }
    if (rig.absent)
        g_test_skip("Dovecot is not installed");
    return !rig.absent;
}

static void
rig_stop(void)
{
    if (!rig.folder)
        return;
    if (!rig.absent) {
        g_assert_true(g_output_stream_close(g_subprocess_get_stdin_pipe(rig.process), NULL, NULL));
        g_assert_true(g_subprocess_wait(rig.process, NULL, NULL));
    }
    g_autoptr(GSubprocess) remove =
        g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "rm", "-rf", "--", rig.folder, NULL);
    g_assert_true(g_subprocess_wait_check(remove, NULL, NULL));
    g_clear_object(&rig.process);
    g_free(rig.folder);
    g_free(rig.ca_file);
}

static struct imap_server
rig_server(enum imap_security security)
{
    return (struct imap_server){
        .host = "127.0.0.1",
        .port = security == IMAP_IMPLICIT_TLS ? rig.imaps : rig.imap,
        .security = security,
        .tls_name = "localhost",
        .ca_file = rig.ca_file,
        .user = "ann@example.test",
        .password = PASSWORD,
        .timeout_ms = TIMEOUT_MS,
    };
}

static struct imap_client *
rig_connect(void)
{
    g_autoptr(GError) error = NULL;
    struct imap_server server = rig_server(IMAP_IMPLICIT_TLS);
    struct imap_client *client = imap_client_connect(&server, &error);
    g_assert_no_error(error);
    g_assert_nonnull(client);
    return client;
}

#define scoped_client scoped(imap_client_close) struct imap_client

/* A call that must succeed, in a scope with a GError named error. */
#define must(call)                                                                                           \
    do {                                                                                                     \
        gboolean fit = (call);                                                                               \
        g_assert_no_error(error);                                                                            \
        g_assert_true(fit);                                                                                  \
    } while (0)

static void
test_trust(void)
{
    static const struct {
        const char *host;
        const char *tls_name;
        gboolean own_roots;    /* our CA file; else the system's */
        enum usher_error code; /* 0: it connects */
        const char *words;
    } cases[] = {
        {"127.0.0.1", "localhost", TRUE, 0, NULL},
        {"127.0.0.1", NULL, TRUE, 0, NULL}, /* the address stands in the certificate too */
        {"127.0.0.1", "localhost", FALSE, USHER_ERROR_PROTOCOL, NULL},
        {"127.0.0.1", "elsewhere.test", TRUE, USHER_ERROR_PROTOCOL, "elsewhere.test"},
        {"127.0.0.2", "localhost", TRUE, USHER_ERROR_PROTOCOL, "localhost"},
        {"127.0.0.2", "another.example", TRUE, 0, NULL},
        {"127.0.0.2", NULL, TRUE, USHER_ERROR_PROTOCOL, "127.0.0.2"},
        {"127.0.0.3", "localhost", TRUE, USHER_ERROR_PROTOCOL, "self"},
        {"127.0.0.4", "localhost", TRUE, USHER_ERROR_PROTOCOL, "expired"},
        {"127.0.0.5", "localhost", TRUE, USHER_ERROR_PROTOCOL, NULL},
        {"127.0.0.6", "localhost", TRUE, USHER_ERROR_PROTOCOL, NULL},
    };
    static const enum imap_security securities[] = {IMAP_IMPLICIT_TLS, IMAP_STARTTLS};
    if (!rig_is_up())
        return;
    for (gsize s = 0; s < G_N_ELEMENTS(securities); s++)
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
            g_test_message("security %u, case %zu", securities[s], i);
            struct imap_server server = rig_server(securities[s]);
            server.host = cases[i].host;
            server.tls_name = cases[i].tls_name;
            server.ca_file = cases[i].own_roots ? rig.ca_file : NULL;
            g_autoptr(GError) error = NULL;
            scoped_client *client = imap_client_connect(&server, &error);
            if (cases[i].code == 0) {
                g_assert_no_error(error);
                g_assert_true(imap_client_has(client, "IDLE"));
                continue;
            }
            g_assert_null(client);
            g_assert_error(error, USHER_ERROR, (int)cases[i].code);
            g_test_message("%s", error->message);
            g_assert_null(strchr(error->message, '\n'));
            if (cases[i].words)
                g_assert_nonnull(strstr(error->message, cases[i].words));
        }
}

static void
test_login(void)
{
    if (!rig_is_up())
        return;
    g_autoptr(GError) error = NULL;
    struct imap_server server = rig_server(IMAP_PLAIN_LOOPBACK);
    scoped_client *client = imap_client_connect(&server, &error);
    g_assert_no_error(error);
    g_assert_true(imap_client_has(client, "UIDPLUS"));
    g_assert_true(imap_client_has(client, "CONDSTORE"));
    g_assert_false(imap_client_has(client, "NONSENSE"));

    server.password = "wrong";
    g_assert_null(imap_client_connect(&server, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION);
    g_assert_nonnull(strstr(error->message, "Authentication failed"));
    g_assert_nonnull(strstr(error->message, "ann@example.test"));
    g_assert_null(strstr(error->message, "wrong"));
    g_clear_error(&error);

    /* Not ASCII: goes by AUTHENTICATE, and is refused as a password, not as a protocol error. */
    server.password = "schlüssel";
    g_assert_null(imap_client_connect(&server, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_PERMISSION);
}

static void
test_dead_server(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) probe =
        g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, &error);
    g_assert_no_error(error);
    g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new(loopback, 0);
    g_assert_true(g_socket_bind(probe, address, FALSE, &error)); /* bound, not listening: refused */
    g_autoptr(GSocketAddress) bound = g_socket_get_local_address(probe, &error);
    struct imap_server server = {
        .host = "127.0.0.1",
        .port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound)),
        .user = "a",
        .password = "b",
        .timeout_ms = TIMEOUT_MS,
    };
    g_assert_null(imap_client_connect(&server, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE);
    g_assert_true(g_str_has_prefix(error->message, "127.0.0.1:"));
}

static void
test_folders(void)
{
    if (!rig_is_up())
        return;
    g_autoptr(GError) error = NULL;
    scoped_client *client = rig_connect();
    g_autofree char *sent = NULL;
    must(imap_client_find_marked(client, "Sent", &sent, &error));
    g_assert_cmpstr(sent, ==, "Gesendete Objekte");

    struct imap_folder_state state;
    must(imap_client_select(client, "Entwürfe", &state, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(state.exists, ==, 0);
    g_assert_cmpuint(state.uidnext, ==, 1);
    g_assert_cmpuint(state.uidvalidity, !=, 0);
    g_assert_cmpuint(state.highestmodseq, !=, 0);
    GArray *envelopes = NULL;
    must(imap_client_list_since(client, 1, 0, &envelopes, &error));
    g_assert_cmpuint(envelopes->len, ==, 0);
    g_array_unref(envelopes);

    g_assert_false(imap_client_select(client, "Papier/日本 \"&\\", &state, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
    g_clear_error(&error);
    g_assert_true(imap_client_is_usable(client));
    g_assert_false(imap_client_list_since(client, 1, 0, &envelopes, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE); /* nothing is selected now */
    g_clear_error(&error);
    guint32 uidnext = 0;
    g_assert_false(imap_client_uidnext(client, "Fehlt", &uidnext, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
    g_clear_error(&error);
    must(imap_client_uidnext(client, "Entwürfe", &uidnext, &error));
    g_assert_cmpuint(uidnext, ==, 1);
}

/* A message with this Message-ID and a body of so many lines of 78 bytes. */
static GBytes *
message_new(const char *message_id, guint lines)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "From: ann@example.test\r\nMessage-ID: %s\r\nSubject: test\r\n\r\n",
                           message_id);
    for (guint i = 0; i < lines; i++)
        g_string_append_printf(text, "%076u\r\n", i);
    return g_string_free_to_bytes(text);
}

static guint32
append(struct imap_client *client, const char *folder, const char *message_id, guint lines, gboolean seen,
       gint64 date_us)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) message = message_new(message_id, lines);
    guint32 uid = 0;
    imap_client_append(client, folder, message, seen, date_us, &uid, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(uid, !=, 0);
    return uid;
}

/* The number of messages in INBOX that carry \Seen, by the names of the Maildir's files. */
static guint
count_seen(void)
{
    g_autofree char *path = g_build_filename(rig.folder, "mail", "ann@example.test", "cur", NULL);
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    g_assert_nonnull(folder);
    guint count = 0;
    for (const char *name = g_dir_read_name(folder); name; name = g_dir_read_name(folder)) {
        const char *flags = strstr(name, ":2,");
        count += flags && strchr(flags, 'S');
    }
    return count;
}

static void
test_messages(void)
{
    if (!rig_is_up())
        return;
    g_autoptr(GError) error = NULL;
    scoped_client *client = rig_connect();
    const gint64 date_us = 1767225600 * (gint64)G_USEC_PER_SEC; /* 2026-01-01 */
    guint32 small = append(client, "INBOX", "<small@example.test>", 10, FALSE, date_us);
    guint32 seen = append(client, "INBOX", "<\"odd\\\"one\"@example.test>", 1, TRUE, date_us + 86400000000);
    guint32 large = append(client, "INBOX", "<large@example.test>", 16000, FALSE, 0);

    struct imap_folder_state state;
    must(imap_client_select(client, "INBOX", &state, &error));
    g_assert_cmpuint(state.uidnext, ==, large + 1);
    g_autoptr(GArray) list = NULL;
    must(imap_client_list_since(client, small, 0, &list, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(list->len, ==, 3);
    struct imap_envelope first = g_array_index(list, struct imap_envelope, 0);
    g_autoptr(GBytes) sent = message_new("<small@example.test>", 10);
    g_assert_cmpuint(first.uid, ==, small);
    g_assert_cmpuint(first.size, ==, g_bytes_get_size(sent));
    g_assert_cmpint(first.internaldate_us, ==, date_us);
    g_assert_cmpuint(g_array_index(list, struct imap_envelope, 1).uid, ==, seen);
    g_assert_cmpuint(g_array_index(list, struct imap_envelope, 2).uid, ==, large);
    g_clear_pointer(&list, g_array_unref);
    must(imap_client_list_since(client, large + 1, 0, &list, &error)); /* "n:*" names the last one */
    g_assert_cmpuint(list->len, ==, 0);
    g_clear_pointer(&list, g_array_unref);
    must(imap_client_list_since(client, 0, 2, &list, &error));
    g_assert_cmpuint(list->len, ==, 2);

    g_autoptr(GBytes) got = NULL;
    gboolean partial = TRUE;
    must(imap_client_fetch(client, small, 0, &got, &partial, &error));
    g_assert_no_error(error);
    g_assert_false(partial);
    g_assert_true(g_bytes_equal(got, sent));
    g_clear_pointer(&got, g_bytes_unref);
    g_autoptr(GBytes) whole = message_new("<large@example.test>", 16000);
    must(imap_client_fetch(client, large, 0, &got, &partial, &error));
    g_assert_true(partial);
    gsize length = 0;
    const void *bytes = g_bytes_get_data(got, &length);
    g_assert_cmpuint(length, >, IMAP_PARTIAL_BYTES);
    g_assert_cmpuint(length, <, IMAP_PARTIAL_BYTES + 500);
    g_assert_true(memcmp(bytes, g_bytes_get_data(whole, NULL), length) == 0);
    g_clear_pointer(&got, g_bytes_unref);
    must(imap_client_fetch(client, large, 4 * 1024 * 1024, &got, &partial, &error));
    g_assert_false(partial);
    g_assert_true(g_bytes_equal(got, whole));
    g_clear_pointer(&got, g_bytes_unref);
    must(imap_client_fetch(client, large + 1000, 0, &got, &partial, &error));
    g_assert_null(got);
    g_assert_cmpuint(count_seen(), ==, 1); /* the one appended so */

    static const struct {
        const char *message_id;
        int which; /* 0 none, 1 small, 2 seen, -1 refused */
    } searches[] = {
        {"<small@example.test>", 1},
        {"small@example.test", 1},
        {"mall@example.test", 0},
        {"<\"odd\\\"one\"@example.test>", 2},
        {"<none@example.test>", 0},
        {"<a@b>\r\n9 LOGOUT", -1},
        {"<\303\274@example.test>", -1},
        {"", -1},
        {"x\") ALL (\"", 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(searches); i++) {
        guint32 uid = 1;
        gboolean fit = imap_client_search_message_id(client, searches[i].message_id, &uid, &error);
        g_assert_cmpint(fit, ==, searches[i].which >= 0);
        g_assert_cmpuint(uid, ==, searches[i].which == 1 ? small : searches[i].which == 2 ? seen : 0);
        g_clear_error(&error);
        g_assert_true(imap_client_is_usable(client));
    }
    g_autoptr(GBytes) bare = g_bytes_new_static("Subject: x\n\nbody\n", 17);
    g_assert_false(imap_client_append(client, "INBOX", bare, FALSE, 0, NULL, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&error);
    g_autoptr(GBytes) fine = message_new("<x@example.test>", 1);
    g_assert_false(imap_client_append(client, "Fehlt", fine, FALSE, 0, NULL, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT);
    g_assert_true(imap_client_is_usable(client));
}

static gpointer
deliver(gpointer data)
{
    append(data, "INBOX", "<delivered@example.test>", 1, FALSE, 0);
    return NULL;
}

static void
test_idle(void)
{
    if (!rig_is_up())
        return;
    g_autoptr(GError) error = NULL;
    scoped_client *watcher = rig_connect();
    scoped_client *sender = rig_connect();
    struct imap_folder_state state;
    gboolean changed = TRUE;
    must(imap_client_select(watcher, "INBOX", &state, &error));

    int wake_fd = eventfd(1, EFD_CLOEXEC);
    must(imap_client_idle(watcher, wake_fd, TIMEOUT_MS, &changed, &error));
    g_assert_no_error(error);
    g_assert_false(changed);
    guint64 drained;
    g_assert_cmpint(read(wake_fd, &drained, sizeof drained), ==, sizeof drained);
    must(imap_client_idle(watcher, wake_fd, 1, &changed, &error)); /* the time is up */
    g_assert_false(changed);

    GThread *thread = g_thread_new("deliver", deliver, sender);
    must(imap_client_idle(watcher, wake_fd, TIMEOUT_MS, &changed, &error));
    g_thread_join(thread);
    close(wake_fd);
    g_assert_no_error(error);
    g_assert_true(changed);
    g_autoptr(GArray) list = NULL;
    must(imap_client_list_since(watcher, state.uidnext, 0, &list, &error));
    g_assert_cmpuint(list->len, ==, 1);
    must(imap_client_idle(watcher, -1, 1, &changed, &error)); /* the list took the news */
    g_assert_false(changed);
    deliver(sender);
    must(imap_client_noop(watcher, &changed, &error));
    g_assert_true(changed);
}

static void
test_cancel(void)
{
    if (!rig_is_up())
        return;
    g_autoptr(GError) error = NULL;
    int cancel_fd = eventfd(0, EFD_CLOEXEC);
    struct imap_server server = rig_server(IMAP_IMPLICIT_TLS);
    server.cancel_fd = cancel_fd;
    scoped_client *client = imap_client_connect(&server, &error);
    g_assert_no_error(error);
    must(imap_client_select(client, "INBOX", NULL, &error));
    const guint64 one = 1;
    g_assert_cmpint(write(cancel_fd, &one, sizeof one), ==, sizeof one);
    gboolean changed;
    g_assert_false(imap_client_idle(client, -1, TIMEOUT_MS, &changed, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_TEMP);
    g_assert_false(imap_client_is_usable(client));
    g_clear_error(&error);
    g_assert_false(imap_client_noop(client, NULL, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE);
    g_clear_error(&error);
    g_assert_null(imap_client_connect(&server, &error));
    g_assert_error(error, USHER_ERROR, USHER_ERROR_TEMP);
    close(cancel_fd);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/imap/trust", test_trust);
    g_test_add_func("/wire/imap/login", test_login);
    g_test_add_func("/wire/imap/dead-server", test_dead_server);
    g_test_add_func("/wire/imap/folders", test_folders);
    g_test_add_func("/wire/imap/messages", test_messages);
    g_test_add_func("/wire/imap/idle", test_idle);
    g_test_add_func("/wire/imap/cancel", test_cancel);
    int result = g_test_run();
    rig_stop();
    return result;
}
