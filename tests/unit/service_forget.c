/* Forgetting a person: nothing that was theirs is left in any table, the journal still says what the tables
 * say, and neither an import nor a mail brings them back. */
#include "fixture_service.h"
#include "inbox/intake.h"
#include "pipeline/replay.h"
#include "service/correction.h"
#include "service/forget.h"

#include "accounts/contacts.h"

#define ANN "ann@acme.example"
#define BOB "bob@acme.example"

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    run_sql(&w->f, "UPDATE contact SET last_name = 'Archer' WHERE address = '" ANN "'");
}

static void
take(struct world *w, const char *from, const char *text, guint32 uid)
{
    struct mail_record r;
    const struct intake intake = {.db = w->s->db,
                                  .config = w->s->config,
                                  .mailbox = config_mailbox(w->s->config, "ana"),
                                  .sink = &w->s->sink};
    const struct mail_place place = {.folder = "INBOX", .uidvalidity = 7, .uid = uid, .at_us = w->now_us};
    mail_record_init(&r);
    r.mail_class = MAIL_CLASS_REPLY;
    r.personal = TRUE;
    mail_record_set(&r.from, from, MAIL_RECORD_MAX_ADDRESS);
    mail_record_set(&r.subject, "Zebra crossing", MAIL_RECORD_MAX_LINE);
    mail_record_set(&r.text, text, MAIL_RECORD_MAX_TEXT);
    mail_record_set(&r.evidence, text, MAIL_RECORD_MAX_EVIDENCE);
    g_assert_true(store_begin(w->f.db, NULL));
    intake_record(&intake, &place, &r, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_commit(w->f.db, NULL));
    mail_record_clear(&r);
}

/* How many cells of all tables, of whatever type, hold the words. */
static gint64
count_cells(struct world *w, const char *words)
{
    gint64 found = 0;
    g_autoptr(GPtrArray) queries = g_ptr_array_new_with_free_func(g_free);
    scoped(query_end) struct query *q = store_query(
        w->f.db,
        "SELECT 'SELECT COUNT(*) FROM ' || t.name || ' WHERE instr(lower(CAST(' || c.name || ' AS TEXT)), "
        "?)' AS "
        "sql FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE "
        "'sqlite%'",
        NULL, "");
    while (query_next(q, NULL))
        g_ptr_array_add(queries, query_dup_text(q, "sql"));
    for (guint i = 0; i < queries->len; i++) {
        gint64 n = store_int(w->f.db, queries->pdata[i], 0, &w->f.error, "t", words);
        g_assert_no_error(w->f.error);
        if (n)
            g_test_message("%s: %s", (char *)queries->pdata[i], words);
        found += n;
    }
    return found;
}

static void
test_all_gone(struct world *w, gconstpointer data)
{
    (void)data;
    struct forget_result r;
    tick(w, "2026-11-02 10:00");
    run_sql(&w->f,
            "INSERT INTO draft_revision SELECT id, 99, subject, 'Hi Ann Archer', 'x', recipients, 'ana' FROM "
            "message");
    run_sql(
        &w->f,
        "INSERT INTO test_copy(message_id, revision, mailbox, mail_from, address, bytes, state, asked_by, "
        "at, next_at) SELECT id, 1, 'ana', 'a@t.example', 'a@t.example', CAST('To: " ANN
        "' AS BLOB), 'sent', 'ana', 0, 0 FROM message");
    g_assert_true(approve(w, 1));
    g_assert_cmpint(send_due(w, 250), ==, 1);
    now_is(w, "2026-11-02 15:00");
    take(w, ANN, "My dog ate it.", 1);
    act(w, "note", "{\"note\": \"Talked to Ann Archer (Ann@Acme.example)\"}");
    act(w, "hold_set", "{\"address\": \"" ANN "\", \"reason\": \"away\", \"until\": 1893456000000000}");
    g_assert_cmpint(count_cells(w, "my dog"), >, 0);
    g_assert_cmpint(count_cells(w, ANN), >, 5);
    assert_journal(&w->f);

    g_assert_true(forget_address(w->s, "Ann@Acme.example", "ana", &r, &w->f.error));
    g_assert_cmpint(r.contacts, ==, 1);
    g_assert_cmpint(r.messages, ==, 1);
    g_assert_cmpint(r.inbound, ==, 1);
    static const char *const theirs[] = {ANN, "ann archer", "my dog", "zebra", "\"ann\"", "hi ann"};
    for (gsize i = 0; i < G_N_ELEMENTS(theirs); i++)
        g_assert_cmpint(count_cells(w, theirs[i]), ==, 0);
    assert_rows(&w->f, "address", "contact", BOB);
    assert_rows(&w->f, "reason", "suppression", "forgotten");
    assert_journal(&w->f);
    gboolean forgotten;
    g_assert_true(contact_is_forgotten(w->f.db, "ANN@acme.example", &forgotten, NULL) && forgotten);
    g_assert_true(contact_is_forgotten(w->f.db, BOB, &forgotten, NULL) && !forgotten);
    g_assert_true(suppression_find(w->f.db, ANN, NULL));

    take(w, ANN, "It is me again.", 2); /* a mail from them is nobody's */
    assert_rows(&w->f, "COALESCE(account_id, 0)", "inbound WHERE uid = 2", "0");
    g_assert_cmpint(count_cells(w, "me again"), ==, 0);
    g_assert_cmpint(count_cells(w, ANN), ==, 0);
}

/* A draft that waits is composed anew for those who are left; with nobody left there is none. */
static void
test_waiting_draft(struct world *w, gconstpointer data)
{
    (void)data;
    struct forget_result r;
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    g_assert_true(forget_address(w->s, ANN, "ana", &r, &w->f.error));
    tick(w, "2026-11-02 10:05");
    assert_rows(&w->f, "state", "message ORDER BY id", "withdrawn;waiting");
    assert_rows(&w->f, "recipients LIKE '%" BOB "%'", "message WHERE id = 2", "1");
    g_assert_cmpint(count_cells(w, ANN), ==, 0);
    g_assert_cmpint(send_due(w, 250), ==, 0);
    assert_journal(&w->f);
}

static void
test_refused(struct world *w, gconstpointer data)
{
    (void)data;
    struct forget_result r;
    g_assert_false(forget_address(w->s, "nobody", "ana", &r, &w->f.error));
    g_assert_error(w->f.error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&w->f.error);
    tick(w, "2026-11-02 10:00");
    g_assert_true(approve(w, 1));
    run_sql(&w->f, "UPDATE delivery SET state = 'claimed' WHERE address = '" ANN "'");
    g_assert_false(forget_address(w->s, ANN, "ana", &r, &w->f.error));
    g_assert_error(w->f.error, USHER_ERROR, USHER_ERROR_DATA);
    g_clear_error(&w->f.error);
    assert_rows(&w->f, "COUNT(*)", "contact", "2");
    assert_rows(&w->f, "COUNT(*)", "suppression", "0");
}

#define TEST(name, func)                                                                                     \
    g_test_add("/service/forget/" name, struct world, NULL, set_up, func, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("all-gone", test_all_gone);
    TEST("waiting-draft", test_waiting_draft);
    TEST("refused", test_refused);
    return g_test_run();
}
