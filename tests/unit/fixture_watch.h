/* A watcher of ann's mailbox, whatever server stands behind it; the test program is its own reader. */
#ifndef USHER_TESTS_FIXTURE_WATCH_H
#define USHER_TESTS_FIXTURE_WATCH_H

#include "fixture.h"
#include "fixture_reader.h"
#include "inbox/watch.h"

#include <gio/gio.h>

static char *self; /* this program's file, from main() */

struct world {
    struct fixture f;
    GSubprocess *server; /* NULL: the test's own business */
    struct intake intake;
    struct event_sink sink;
    struct watch *watch;
};

static inline gboolean
record_alone(gpointer user, struct store *db, struct event *event, GError **error)
{
    (void)user;
    return journal_append(db, event, error);
}

/* mailbox: what the section says of IMAP. made_us: when the database was made, by the real clock. */
static inline void
world_watch(struct world *w, const char *mailbox, const char *password, gint64 made_us)
{
    fixture_write(&w->f, "ann.password", password);
    g_autofree char *conf =
        g_strdup_printf("team { name = \"T\" timezone = \"Europe/Berlin\" }\n"
                        "mailbox ann { smtp = \"smtp+plain://127.0.0.1:2525\" user = \"ann@example.test\" "
                        "password_file = \"ann.password\" %s }\n"
                        "specialist ann { name = \"Ann\" address = \"ann@example.test\" }\n",
                        mailbox);
    fixture_load_config(&w->f, conf);
    g_autofree char *made = g_strdup_printf("%" G_GINT64_FORMAT, made_us);
    g_assert_true(store_set_meta(w->f.db, "created_real_us", made, NULL));
    w->sink = (struct event_sink){.record = record_alone};
    w->intake = (struct intake){
        .db = w->f.db, .config = w->f.config, .mailbox = w->f.config->mailboxes->pdata[0], .sink = &w->sink};
    w->watch = watch_new(&w->intake, self);
    add_contact(&w->f, add_account(&w->f, "acme", "{}"), "pat@acme.example", "owner - - Pat");
}

static inline void
tear_down(struct world *w, gconstpointer data)
{
    (void)data;
    watch_free(w->watch);
    if (w->server) {
        g_subprocess_force_exit(w->server);
        g_subprocess_wait(w->server, NULL, NULL);
        g_object_unref(w->server);
    }
    fixture_tear_down(&w->f);
}

static inline void
read_all(struct world *w)
{
    watch_read(w->watch, NULL, &w->f.error);
    g_assert_no_error(w->f.error);
}

#endif
