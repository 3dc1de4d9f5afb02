/* A caller that is asked to end while a server is silent: before the body it leaves at once, within it stays.
 */
#include "wire_smtp_rig.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct stop_case {
    const char *name;
    const char *script;
    enum smtp_security security;
    const char *verdict; /* "" for none */
    int error;           /* 0 for none */
};

/* Asks for the end as soon as the server has fallen silent, or a connection hangs. */
struct asker {
    const char *store;
    guint16 connecting; /* 0: the server's log tells */
    int fd;
    gint done;
};

static void
ask(int fd)
{
    const guint64 one = 1;
    g_assert_cmpint(write(fd, &one, sizeof one), ==, sizeof one);
}

static gboolean
is_time(const struct asker *asker)
{
    g_autofree char *text = NULL;
    if (!asker->connecting) {
        text = log_read(asker->store);
        return strstr(text, "(stall)") != NULL;
    }
    g_autofree char *waits = g_strdup_printf(" 0100007F:%04X 02 ", asker->connecting);
    return g_file_get_contents("/proc/self/net/tcp", &text, NULL, NULL) && strstr(text, waits) != NULL;
}

static gpointer
asker_run(gpointer data)
{
    struct asker *asker = data;
    while (!g_atomic_int_get(&asker->done)) {
        if (is_time(asker)) {
            ask(asker->fd);
            return NULL;
        }
        g_usleep(1000);
    }
    return NULL;
}

static void
stop_run(const struct stop_case *c, guint16 connecting)
{
    g_autofree char *ca_file = in_folder("ca.pem");
    g_autofree char *verdict = NULL;
    g_autoptr(GError) error = NULL;
    struct smtp_server server = server_plain(c->name);
    struct asker asker = {.store = c->name, .connecting = connecting, .fd = eventfd(0, EFD_CLOEXEC)};

    g_test_message("case %s", c->name);
    server.security = c->security;
    server.ca_file = ca_file;
    server.tls_name = "localhost";
    server.user = "ann";
    server.password = "secret";
    server.cancel_fd = asker.fd;
    if (connecting)
        server.port = connecting;
    script_set(c->name, FALSE,
               c->security == SMTP_STARTTLS       ? "good"
               : c->security == SMTP_IMPLICIT_TLS ? "=good"
                                                  : NULL,
               c->script);
    GThread *thread = g_thread_new("asker", asker_run, &asker);
    gboolean ok = send_one(&server, &verdict, NULL, &error);
    g_atomic_int_set(&asker.done, TRUE);
    g_thread_join(thread);
    close(asker.fd);
    g_test_message("%s: %s", verdict, error ? error->message : "");
    g_assert_cmpstr(verdict, ==, c->verdict);
    g_assert_cmpint(ok, ==, c->error == 0);
    if (c->error)
        g_assert_error(error, USHER_ERROR, c->error);
}

static void
test_silent(void)
{
    static const char *const steps[] = {"connect", "ehlo", "starttls", "tls", "auth", "mail", "rcpt", "data"};
    static const enum smtp_security lines[] = {SMTP_PLAIN_LOOPBACK, SMTP_STARTTLS, SMTP_IMPLICIT_TLS};

    for (gsize l = 0; l < G_N_ELEMENTS(lines); l++)
        for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
            gboolean tls = strcmp(steps[i], "starttls") == 0 || strcmp(steps[i], "tls") == 0;
            if ((tls && lines[l] == SMTP_PLAIN_LOOPBACK) ||
                (strcmp(steps[i], "starttls") == 0 && lines[l] == SMTP_IMPLICIT_TLS))
                continue;
            /* Not "stall": the limit is the long one. */
            g_autofree char *name = g_strdup_printf("silent-%s-%u", steps[i], lines[l]);
            g_autofree char *script = g_strdup_printf("login ann secret\nfault %s stall\n", steps[i]);
            const struct stop_case c = {name, script, lines[l], "not transmitted", USHER_ERROR_TEMP};
            stop_run(&c, 0);
        }
}

static void
test_connecting(void)
{
    g_autofree char *where = in_folder("full");
    const char *const argv[] = {RIG "fake_smtp.py", where, "full", NULL};
    guint16 full_port;
    GSubprocess *process = server_start(argv, &full_port);

    for (int i = 0; i < 2; i++) {
        const struct stop_case c = {i ? "connecting-implicit" : "connecting", "",
                                    i ? SMTP_IMPLICIT_TLS : SMTP_PLAIN_LOOPBACK, "not transmitted",
                                    USHER_ERROR_TEMP};
        stop_run(&c, full_port);
    }
    server_stop(process);
}

/* ---- once the body is under way ---- */

static int begun_fd;

static gboolean
begin_and_ask(gpointer user, const struct smtp_mail *mail, GError **error)
{
    ask(begun_fd);
    return caller_begin(user, mail, error);
}

static void
test_begun(void)
{
    static const struct smtp_handler asking = {
        .next = caller_next, .begin = begin_and_ask, .done = caller_done};
    static const char *const recipients[] = {"one@customer.example"};
    g_autofree char *ca_file = in_folder("ca.pem");
    g_autofree char *bytes = message_make(100000);

    for (int i = 0; i < 2; i++) {
        const char *name = i ? "begun-implicit" : "begun";
        g_autoptr(GError) error = NULL;
        struct smtp_server server = i ? server_implicit(name, ca_file) : server_plain(name);
        struct smtp_mail mail = mail_make(recipients, 1, bytes);
        struct caller caller = caller_make(&mail, 1);
        server.cancel_fd = begun_fd = eventfd(0, EFD_CLOEXEC);
        server.tls_name = "localhost";
        script_set(name, FALSE, i ? "=good" : NULL, "fault dot late 250 2.0.0 at last\n");
        smtp_client_send(&server, &asking, &caller, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(caller.verdicts->str, ==, "sent");
        g_assert_cmpint(kept_count(name), ==, 1);
        close(begun_fd);
        caller_clear(&caller);
    }
}

static void
add_tests(void)
{
    g_test_add_func("/wire/smtp-stop/silent", test_silent);
    g_test_add_func("/wire/smtp-stop/connecting", test_connecting);
    g_test_add_func("/wire/smtp-stop/begun", test_begun);
}

int
main(int argc, char **argv)
{
    return rig_run(argc, argv, add_tests);
}
