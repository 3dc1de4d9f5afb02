/* Reading mailboxes whose mail changes at the worst moment, and those of big providers
 * (tests/rig/fake_mailbox.py): every mail counts once, none is passed over. The reader is this program,
 * unconfined. */
#include "fixture_watch.h"

/* ---- the mailbox ---- */

static void
set_up(struct world *w, gconstpointer scenario)
{
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    w->server = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &w->f.error,
                                 "python3", USHER_SOURCE_DIR "/tests/rig/fake_mailbox.py",
                                 (const char *)scenario, NULL);
    g_assert_no_error(w->f.error);
    g_autoptr(GDataInputStream) output = g_data_input_stream_new(g_subprocess_get_stdout_pipe(w->server));
    g_autofree char *port = g_data_input_stream_read_line(output, NULL, NULL, NULL);
    g_assert_nonnull(port);
    g_autofree char *mailbox = g_strdup_printf("imap = \"imap+plain://127.0.0.1:%s\" folders = {%s}", port,
                                               strcmp(scenario, "gmail") == 0 ? "\"\\\\All\"" : "");
    world_watch(w, mailbox, "secret", g_get_real_time() - CLOCK_HOUR_US);
}

static void
read_fails(struct world *w, enum usher_error code)
{
    g_assert_false(watch_read(w->watch, NULL, &w->f.error));
    g_assert_error(w->f.error, USHER_ERROR, (int)code);
    g_clear_error(&w->f.error);
}

#define assert_replies(w, expected)                                                                          \
    assert_rows(&(w)->f, "data ->> 'subject'", "event WHERE kind = 'replied' ORDER BY id", expected)
#define assert_read_to_end(w, next)                                                                          \
    assert_rows(&(w)->f, "next_uid", "folder WHERE role = 'inbox' AND read_boot_us IS NOT NULL", next)

/* A mail that goes while it is read is passed over; the next one is not. */
static void
test_expunged(struct world *w, gconstpointer data)
{
    (void)data;
    read_all(w);
    assert_replies(w, "Question 1;Question 3");
    assert_read_to_end(w, "4");
}

/* A mail that stands in the list and is not given has not gone: the folder is not read to its end. */
static void
test_kept_back(struct world *w, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 4; i++) { /* says nothing about the mail, unlike the deaths of its reader */
        read_fails(w, USHER_ERROR_PROTOCOL);
        assert_replies(w, "Question 1");
    }
    read_all(w);
    assert_replies(w, "Question 1;Question 2;Question 3");
    assert_read_to_end(w, "4");
}

/* In the end it counts as one that cannot be read, and the others are. */
static void
test_never_given(struct world *w, gconstpointer data)
{
    (void)data;
    for (int i = 0; i < 4; i++)
        read_fails(w, USHER_ERROR_PROTOCOL);
    assert_rows(&w->f, "COUNT(*)", "meta WHERE key LIKE 'withheld %'", "1");
    run_sql(&w->f, "UPDATE meta SET value = rtrim(value, '0123456789') || '1' WHERE key LIKE 'withheld %'");
    read_all(w);
    assert_replies(w, "Question 1;Question 3");
    assert_rows(&w->f, "class || ' ' || rule", "inbound WHERE uid = 2", "other unreadable");
    assert_read_to_end(w, "4");
}

/* A list that is shorter than it was asked for is not the end: a folder that counts as read was read. */
static void
test_expunged_many(struct world *w, gconstpointer data)
{
    (void)data;
    read_all(w);
    assert_rows(&w->f, "COUNT(*)", "event WHERE kind = 'replied'", "230");
    assert_read_to_end(w, "261");
}

static void
test_restarts(struct world *w, gconstpointer data)
{
    (void)data;
    g_assert_false(watch_read(w->watch, NULL, &w->f.error));
    g_clear_error(&w->f.error);
    assert_replies(w, "Question 1");
    assert_rows(&w->f, "COUNT(*)", "folder WHERE role = 'inbox' AND read_boot_us IS NOT NULL", "0");
    read_all(w);
    assert_replies(w, "Question 1;Question 2;Question 3");
    assert_read_to_end(w, "4");
}

/* Other numbers for the same mails tell nothing new, even of a mail without a Message-ID. */
static void
test_renumbered(struct world *w, gconstpointer data)
{
    (void)data;
    read_all(w);
    assert_replies(w, "Question 1;Question 2;Question 3");
    read_all(w);
    assert_replies(w, "Question 1;Question 2;Question 3;Question 4");
    assert_read_to_end(w, "5");
    read_all(w);
    assert_rows(&w->f, "COUNT(*)", "inbound", "4");
}

/* A login that is refused for a while is no wrong password. Sent is found by its mark, whatever its language.
 */
static void
test_gmail(struct world *w, gconstpointer data)
{
    (void)data;
    read_fails(w, USHER_ERROR_UNAVAILABLE);
    read_all(w);
    assert_rows(&w->f, "role || ' ' || name", "folder ORDER BY role",
                "further \\All;inbox INBOX;sent [Gmail]/Gesendete Objekte ü");
    assert_rows(&w->f, "kind", "event WHERE kind = 'hand_sent'", "hand_sent");
    read_all(w); /* the last mail stands in every answer: it is not read again */
    assert_replies(w, "Question 1;Question 2;Question 3");
    assert_rows(&w->f, "COUNT(*)", "inbound WHERE folder <> '\\All'", "4");
    assert_rows(&w->f, "folder", "inbound WHERE event_id IS NOT NULL AND same_as IS NULL GROUP BY 1",
                "\\All");
}

/* Sent is found by its name; a size that is too small does not cut the mail. */
static void
test_exchange(struct world *w, gconstpointer data)
{
    (void)data;
    read_fails(w, USHER_ERROR_UNAVAILABLE);
    read_all(w);
    assert_rows(&w->f, "role || ' ' || name", "folder ORDER BY role", "inbox INBOX;sent Sent Items");
    assert_rows(&w->f, "kind", "event WHERE kind = 'hand_sent'", "hand_sent");
    assert_rows(&w->f, "text", "inbound WHERE subject LIKE 'Question%' AND class = 'reply' ORDER BY uid",
                "Text 1.;Text 2.;Text 3.");
}

#define TEST(name, func) g_test_add("/inbox/providers/" name, struct world, name, set_up, func, tear_down)

int
main(int argc, char **argv)
{
    self = g_file_read_link("/proc/self/exe", NULL);
    if (argc == 3 && strcmp(argv[1], "worker") == 0)
        return reader_serve();
    g_test_init(&argc, &argv, NULL);
    TEST("expunged", test_expunged);
    TEST("kept-back", test_kept_back);
    TEST("never-given", test_never_given);
    TEST("expunged-many", test_expunged_many);
    TEST("restarts", test_restarts);
    TEST("renumbered", test_renumbered);
    TEST("gmail", test_gmail);
    TEST("exchange", test_exchange);
    int rc = g_test_run();
    g_free(self);
    return rc;
}
