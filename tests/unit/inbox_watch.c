/* Reading a mailbox of a real Dovecot (tests/rig/imap_dovecot.py): poison mail, a folder seen for the first
 * time, a line that was cut. This program is its own reader: "worker reader" answers as the real one does,
 * unconfined, but dies of a mail whose body says POISON. */
#include "fixture_watch.h"
#include "inbox/fence.h"

#define PASSWORD "pa \"ss\\word%"

/* ---- the mailbox ---- */

static struct {
    GSubprocess *process;
    char *folder;
    gint64 port;
} rig;

static gboolean
rig_start(void)
{
    g_autoptr(GError) error = NULL;
    rig.folder = g_dir_make_tmp("usher-watch-XXXXXX", NULL);
    rig.process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "python3",
                         USHER_SOURCE_DIR "/tests/rig/imap_dovecot.py", rig.folder, NULL);
    g_assert_no_error(error);
    g_autoptr(GDataInputStream) output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(rig.process));
    g_autofree char *line = g_data_input_stream_read_line(output, NULL, NULL, NULL);
    g_auto(GStrv) words = g_strsplit(line ? line : "", " ", -1);
    return g_strv_length(words) == 4 && g_ascii_string_to_signed(words[3], 10, 1, 65535, &rig.port, NULL);
}

static void
rig_stop(void)
{
    g_output_stream_close(g_subprocess_get_stdin_pipe(rig.process), NULL, NULL);
    g_subprocess_wait(rig.process, NULL, NULL);
    g_clear_object(&rig.process);
    fixture_remove(rig.folder);
    g_free(rig.folder);
}

static struct imap_client *
dial(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *ca_file = g_build_filename(rig.folder, "tls", "ca.pem", NULL);
    struct imap_server server = {.host = "127.0.0.1",
                                 .port = (guint16)rig.port,
                                 .security = IMAP_IMPLICIT_TLS,
                                 .tls_name = "localhost",
                                 .ca_file = ca_file,
                                 .user = "ann@example.test",
                                 .password = PASSWORD};
    struct imap_client *client = imap_client_connect(&server, &error);
    g_assert_no_error(error);
    return client;
}

static void
put(const char *subject, const char *body, gint64 internaldate_us)
{
    static int number;
    g_autoptr(GError) error = NULL;
    g_autofree char *text =
        g_strdup_printf("From: pat@acme.example\r\nTo: ann@example.test\r\nSubject: %s\r\nMessage-ID: "
                        "<%d@acme.example>\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n\r\n%s\r\n",
                        subject, ++number, body);
    g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
    scoped(imap_client_close) struct imap_client *client = dial();
    g_assert_true(imap_client_append(client, "INBOX", bytes, FALSE, internaldate_us, NULL, &error));
    g_assert_no_error(error);
}

static void
set_up(struct world *w, gconstpointer data)
{
    (void)data;
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    g_autofree char *mailbox = g_strdup_printf(
        "imap = \"imaps://127.0.0.1:%d\" tls_name = \"localhost\" ca_file = \"%s/tls/ca.pem\"", (int)rig.port,
        rig.folder);
    world_watch(w, mailbox, PASSWORD, g_get_real_time());
    guint count;
    g_assert_true(watch_read(w->watch, &count, &w->f.error));
    g_assert_no_error(w->f.error);
    run_sql(&w->f, "DELETE FROM inbound"); /* what another case left less than a second ago */
    run_sql(&w->f, "DELETE FROM event");
}

/* A mail that kills its reader twice is recorded with a task, its account is held, and reading goes on. */
static void
test_poison(struct world *w, gconstpointer data)
{
    (void)data;
    put("Hello", "before", 0);
    put("Hello", "POISON", 0);
    put("Hello", "after", 0);
    read_all(w);
    assert_rows(&w->f, "class || ' ' || rule = 'other unreadable'", "inbound ORDER BY id", "0;1;0");
    assert_rows(&w->f, "account_id", "inbound WHERE rule = 'unreadable'",
                "1"); /* its header told whose it is */
    assert_rows(&w->f, "kind || ' ' || COALESCE(data ->> 'task', '')",
                "event WHERE kind IN ('hold_set', 'task_made') ORDER BY id",
                "hold_set ;task_made unreadable_mail");
    assert_rows(&w->f, "COUNT(*)", "folder WHERE read_boot_us IS NOT NULL AND reading_uid IS NULL", "2");
    read_all(w);
    assert_rows(&w->f, "COUNT(*)", "inbound", "3");
}

/* A mailbox that joins a database of another day begins with what comes from now on; older mail on request.
 */
static void
test_joins_later(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 hour_us = 3600 * (gint64)G_USEC_PER_SEC;
    gboolean any;
    put("Old", "an hour old", g_get_real_time() - hour_us);
    store_set_meta(w->f.db, "created_real_us", "1", NULL);
    run_sql(&w->f, "UPDATE folder SET mailbox = 'older'");
    run_sql(
        &w->f,
        "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class) VALUES('older', 'INBOX', 1, 1, 0, "
        "'own')");
    read_all(w);
    put("New", "just now", 0);
    read_all(w);
    assert_rows(&w->f, "subject", "inbound WHERE subject IN ('Old', 'New')", "New");
    g_assert_true(watch_ask_since(w->f.db, w->intake.mailbox, g_get_real_time() - 2 * hour_us, &any, NULL));
    g_assert_true(any);
    read_all(w);
    assert_rows(&w->f, "subject", "inbound WHERE subject IN ('Old', 'New') ORDER BY uid", "Old;New");
    assert_rows(&w->f, "COUNT(*)", "folder WHERE read_since IS NOT NULL", "0");
}

int
main(int argc, char **argv)
{
    self = g_file_read_link("/proc/self/exe", NULL);
    if (argc == 3 && strcmp(argv[1], "worker") == 0)
        return reader_serve();
    g_test_init(&argc, &argv, NULL);
    if (!rig_start()) {
        rig_stop();
        g_print("1..0 # SKIP Dovecot is not installed\n");
        return 0;
    }
    g_test_add("/inbox/watch/poison", struct world, NULL, set_up, test_poison, tear_down);
    g_test_add("/inbox/watch/joins-later", struct world, NULL, set_up, test_joins_later, tear_down);
    int rc = g_test_run();
    rig_stop();
    g_free(self);
    return rc;
}
