/* What the tests of the SMTP client share: certificates, the scripted server, and a caller that keeps count.
 */
#ifndef USHER_TESTS_WIRE_SMTP_RIG_H
#define USHER_TESTS_WIRE_SMTP_RIG_H

#include "base/error.h"
#include "wire/smtp_client.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#define UNAVAILABLE USHER_ERROR_UNAVAILABLE
#define PROTOCOL USHER_ERROR_PROTOCOL
#define NO_PERMISSION USHER_ERROR_NO_PERMISSION
#define RIG USHER_SOURCE_DIR "/tests/rig/"
#define HEADER                                                                                               \
    "Date: Mon, 05 Jan 2026 10:00:00 +0000\r\nFrom: Ann <ann@team.example>\r\nTo: x@y.example\r\n"           \
    "Message-ID: <1@team.example>\r\nSubject: hello\r\n"

/* For answers that never come, and for those that will, however busy the machine. */
enum { SHORT_MS = 400, PATIENT_MS = 20000 };

/* Over libesmtp without and with extensions, and over libetpan, which uses none. */
enum route { ROUTE_BARE, ROUTE_FULL, ROUTE_IMPLICIT };

static char *folder;
static guint16 port;

/* ---- the rig ---- */

static inline GSubprocess *
server_start(const char *const *argv, guint16 *out_port)
{
    g_autoptr(GError) error = NULL;
    GSubprocess *process =
        g_subprocess_newv(argv, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);

    g_assert_no_error(error);
    g_autoptr(GDataInputStream) output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    g_filter_input_stream_set_close_base_stream(G_FILTER_INPUT_STREAM(output), FALSE);
    g_autofree char *line = g_data_input_stream_read_line(output, NULL, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(line);
    guint64 number = 0;
    g_assert_true(g_ascii_string_to_unsigned(line, 10, 1, 65535, &number, NULL));
    *out_port = (guint16)number;
    return process;
}

static inline void
server_stop(GSubprocess *process)
{
    g_subprocess_force_exit(process);
    g_subprocess_wait(process, NULL, NULL);
    g_object_unref(process);
}

static inline char *
in_folder(const char *name)
{
    return g_build_filename(folder, name, NULL);
}

/* The script of the next connections: its own store, all extensions or none, certificate (behind "=" for TLS
 * from the first byte), lines. */
static inline void
script_set(const char *name, gboolean extensions, const char *certificate, const char *lines)
{
    gboolean implicit = certificate != NULL && certificate[0] == '=';

    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *path = in_folder("script");
    g_autofree char *store = in_folder(name);

    g_assert_cmpint(g_mkdir_with_parents(store, 0700), ==, 0);
    g_string_append_printf(text, "store %s\n%s", name,
                           extensions ? "ext PIPELINING CHUNKING ENHANCEDSTATUSCODES 8BITMIME DSN XUSR\n"
                                      : "");
    certificate += implicit;
    if (certificate != NULL)
        g_string_append_printf(text, "%s %s/%s.pem %s/%s.key\n", implicit ? "implicit" : "cert", folder,
                               certificate, folder, certificate);
    g_string_append(text, lines);
    g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
}

static inline char *
log_read(const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, "log", NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

static inline int
count_of(const char *text, const char *part)
{
    int count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

/* How many messages the server kept under name. */
static inline int
kept_count(const char *name)
{
    g_autofree char *log = log_read(name);

    return count_of(log, "(kept ");
}

static inline void
assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        g_test_message("\"%s\" does not contain \"%s\"", text, part);
    g_assert_nonnull(strstr(text, part));
}

/* name is the test's: one that speaks of a stall is not waited for long. */
static inline struct smtp_server
server_plain(const char *name)
{
    gint64 timeout_ms = strstr(name, "stall") != NULL ? SHORT_MS : PATIENT_MS;

    return (struct smtp_server){.host = "127.0.0.1",
                                .port = port,
                                .security = SMTP_PLAIN_LOOPBACK,
                                .helo = "client.example",
                                .timeout_ms = timeout_ms,
                                .final_timeout_ms = timeout_ms};
}

/* The same over TLS from the first byte, which is spoken by the other library. ca_file is borrowed. */
static inline struct smtp_server
server_implicit(const char *name, const char *ca_file)
{
    struct smtp_server server = server_plain(name);

    server.security = SMTP_IMPLICIT_TLS;
    server.ca_file = ca_file;
    return server;
}

/* Lets the server say what its script says, and returns when it has. */
static inline void
server_meet(const char *store)
{
    g_autofree char *begun = g_build_filename(folder, store, "begun", NULL);
    g_autofree char *said = g_build_filename(folder, store, "said", NULL);

    g_assert_true(g_file_set_contents(begun, "", 0, NULL));
    for (int left_ms = PATIENT_MS; !g_file_test(said, G_FILE_TEST_EXISTS); left_ms--) {
        g_assert_cmpint(left_ms, >, 0);
        g_usleep(1000);
    }
}

/* ---- a caller ---- */

struct caller {
    struct smtp_mail *mails;
    guint n_mails;
    guint next;
    guint begun;
    guint done;
    int give_up;       /* the begin() that says FALSE, counted from 1; 0 for none */
    const char *meets; /* the store of a server that says something between begin() and the body */
    GString *verdicts;
    GString *details;
};

static inline const struct smtp_mail *
caller_next(gpointer user)
{
    struct caller *caller = user;

    /* Every message before this one is settled. */
    g_assert_cmpuint(caller->done, ==, caller->next);
    return caller->next < caller->n_mails ? &caller->mails[caller->next++] : NULL;
}

static inline gboolean
caller_begin(gpointer user, const struct smtp_mail *mail, GError **error)
{
    struct caller *caller = user;

    g_assert_true(mail == &caller->mails[caller->next - 1]);
    caller->begun++;
    if (caller->meets != NULL)
        server_meet(caller->meets);
    if ((int)caller->begun != caller->give_up)
        return TRUE;
    g_set_error_literal(error, USHER_ERROR, USHER_ERROR_TEMP, "no row changed");
    return FALSE;
}

static inline void
caller_done(gpointer user, const struct smtp_mail *mail, const struct smtp_outcome *outcomes)
{
    struct caller *caller = user;

    g_assert_true(mail == &caller->mails[caller->done]);
    caller->done++;
    if (caller->verdicts->len > 0)
        g_string_append(caller->verdicts, "; ");
    for (gsize i = 0; i < mail->n_recipients; i++) {
        const struct smtp_outcome *outcome = &outcomes[i];
        g_assert_nonnull(outcome->text);
        g_string_append_printf(caller->verdicts, "%s%s", i > 0 ? ", " : "",
                               smtp_verdict_name(outcome->verdict));
        g_string_append_printf(caller->details, "%d %s %s\n", outcome->code,
                               outcome->enhanced != NULL ? outcome->enhanced : "-", outcome->text);
    }
}

static const struct smtp_handler handler = {.next = caller_next, .begin = caller_begin, .done = caller_done};

/* mails are borrowed; caller_clear() it. */
static inline struct caller
caller_make(struct smtp_mail *mails, guint n_mails)
{
    return (struct caller){
        .mails = mails, .n_mails = n_mails, .verdicts = g_string_new(NULL), .details = g_string_new(NULL)};
}

static inline void
caller_clear(struct caller *caller)
{
    g_string_free(caller->verdicts, TRUE);
    g_string_free(caller->details, TRUE);
}

/* Dots at the start of lines, and at least body bytes of it. Free it. */
static inline char *
message_make(gsize body)
{
    GString *text = g_string_new(HEADER "\r\n.first\r\n..second\r\n.\r\nlast\r\n");

    while (text->len < body)
        g_string_append(text,
                        "A line of the body that stands for many others, and is long enough to count.\r\n");
    return g_string_free(text, FALSE);
}

/* A message of ann's; recipients and bytes are borrowed. */
static inline struct smtp_mail
mail_make(const char *const *recipients, gsize n_recipients, const char *bytes)
{
    return (struct smtp_mail){.mail_from = "ann@team.example",
                              .recipients = recipients,
                              .n_recipients = n_recipients,
                              .bytes = bytes,
                              .length = strlen(bytes)};
}

/* One short message. */
static inline gboolean
send_one(const struct smtp_server *server, char **verdict, struct smtp_report *report, GError **error)
{
    static const char *const recipients[] = {"one@customer.example"};
    struct smtp_mail mail = mail_make(recipients, 1, HEADER "\r\nhello\r\n");
    struct caller caller = caller_make(&mail, 1);
    gboolean ok = smtp_client_send(server, &handler, &caller, report, error);

    g_assert_cmpuint(caller.done, ==, caller.next);
    *verdict = g_strdup(caller.verdicts->str);
    caller_clear(&caller);
    return ok;
}

/* Registers with g_test_add_*, then runs all tests against a server started for them. */
static inline int
rig_run(int argc, char **argv, void (*add_tests)(void))
{
    g_autoptr(GError) error = NULL;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("usher-smtp-XXXXXX", &error);
    g_assert_no_error(error);
    g_autoptr(GSubprocess) certs =
        g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, &error, RIG "make_certs.sh", folder, NULL);
    g_assert_no_error(error);
    g_assert_true(g_subprocess_wait_check(certs, NULL, &error));
    const char *const server_argv[] = {RIG "fake_smtp.py", folder, NULL};
    GSubprocess *process = server_start(server_argv, &port);
    add_tests();
    int status = g_test_run();

    server_stop(process);
    if (status == 0) {
        g_autoptr(GSubprocess) sweep =
            g_subprocess_new(G_SUBPROCESS_FLAGS_NONE, NULL, "rm", "-rf", folder, NULL);
        g_subprocess_wait(sweep, NULL, NULL);
    }
    g_free(folder);
    return status;
}

#endif
