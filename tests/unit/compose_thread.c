/* The conversation that a follow-up continues, as the journal has it. */
#include "compose/thread.h"

#include "fixture.h"

struct world {
    struct fixture f;
    gint64 account_id;
};

static void
set_up(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_set_up(&w->f);
    w->account_id = add_account(&w->f, "acme", "{}");
}

static void
tear_down(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_tear_down(&w->f);
}

static void
add_event(struct world *w, const char *kind, const char *data)
{
    store_exec(
        w->f.db,
        "INSERT INTO event(at, account_id, kind, actor, data) VALUES((SELECT COUNT(*) + 1 FROM event), ?, ?, "
        "'usher', ?)",
        &w->f.error, "itt", w->account_id, kind, data);
    g_assert_no_error(w->f.error);
}

static void
test_conversation(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *kind, *data, *subject, *last;
        guint references;
    } steps[] = {
        {"replied", "{\"message_id\": \"r0@acme.example\"}", NULL, NULL, 0},
        {"sent",
         "{\"payment\": 1, \"opens\": 1, \"subject\": \"Invoice\", \"message_id\": \"p1@team.example\"}",
         NULL, NULL, 0},
        {"sent", "{\"opens\": 1, \"subject\": \"Re: Re:  Hello\", \"message_id\": \"o1@team.example\"}",
         "Hello", "o1@team.example", 1},
        {"replied", "{\"message_id\": \"r1@acme.example\"}", "Hello", "r1@acme.example", 2},
        {"replied", "{\"message_id\": \"two words\"}", "Hello", "r1@acme.example", 2},
        {"sent", "{\"opens\": 0, \"message_id\": \"o2@team.example\"}", "Hello", "o2@team.example", 3},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
        struct mail_thread thread;
        add_event(w, steps[i].kind, steps[i].data);
        g_assert_true(thread_load(w->f.db, w->account_id, &thread, &w->f.error));
        g_assert_cmpstr(thread.subject, ==, steps[i].subject);
        g_assert_cmpstr(thread.in_reply_to, ==, steps[i].last);
        g_assert_cmpuint(thread.references ? g_strv_length(thread.references) : 0, ==, steps[i].references);
        thread_clear(&thread);
    }
}

/* A journal that cannot be read is not one without a conversation: the mail would open a second one. */
static void
test_unreadable(struct world *w, gconstpointer data)
{
    (void)data;
    struct mail_thread thread;
    add_event(w, "sent", "{\"opens\": 1, \"subj");
    g_assert_false(thread_load(w->f.db, w->account_id, &thread, &w->f.error));
    g_assert_error(w->f.error, USHER_ERROR, USHER_ERROR_IO);
    g_clear_error(&w->f.error);
    thread_clear(&thread);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/compose/thread/conversation", struct world, NULL, set_up, test_conversation, tear_down);
    g_test_add("/compose/thread/unreadable", struct world, NULL, set_up, test_unreadable, tear_down);
    return g_test_run();
}
