/* What proves that an unknown mail arrived, for whom, and what proves nothing. */
#include "outbox/settlement.h"

#include "fixture_ledger.h"

/* A message whose deliveries are unknown. */
static gint64
add_unknown(struct world *w, gboolean cc)
{
    gint64 id = add_message(w, w->account_id, cc);
    struct claim *c = claim_one(w, cc ? 2 : 1);
    g_assert_true(begin(w, c));
    settle(w, c, (struct smtp_outcome[]){unknown, unknown});
    claim_free(c);
    return id;
}

/* The event is judged, then recorded, as the service does. */
static void
tell(struct world *w, const char *kind, const char *json, gint64 at_us)
{
    json_t *data = json_loads(json, 0, NULL);
    g_assert_nonnull(data);
    struct event event = {
        .at_us = at_us, .account_id = w->account_id, .kind = kind, .actor = "usher", .data = data};
    g_assert_true(store_begin(w->f.db, &w->f.error));
    settlement_follow(w->f.db, w->f.config, &w->policy, &event, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(journal_append(w->f.db, &event, &w->f.error) && store_commit(w->f.db, &w->f.error));
    json_decref(data);
}

#define ABOUT(address, by)                                                                                   \
    "{\"message\": 1, \"inbound\": 5, \"address\": \"" address "\", \"matched_by\": \"" by "\"}"

static const struct {
    const char *name, *kind, *data;
    gboolean cc;
    const char *deliveries, *events;
} cases[] = {
    {"copy", "copy_seen", "{\"message\": 1, \"inbound\": 5}", FALSE, "to sent", "settled;sent;copy_seen"},
    {"copy, two", "copy_seen", "{\"message\": 1}", TRUE, "to sent;cc sent", "settled;sent;copy_seen"},
    {"report", "bounced", ABOUT("to@x.example", "returned message"), FALSE, "to sent",
     "settled;sent;bounced"},
    {"report for one of two", "bounced", ABOUT("cc@x.example", "returned message"), TRUE,
     "to unknown;cc sent", "settled;bounced"},
    {"report for the other", "bounced", ABOUT("to@x.example", "token"), TRUE, "to sent;cc unknown",
     "settled;sent;bounced"},
    {"report for a stranger", "bounced", ABOUT("who@x.example", "returned message"), FALSE, "to unknown",
     "bounced"},
    {"report that guesses", "bounced", ABOUT("to@x.example", "failed recipient"), FALSE, "to unknown",
     "bounced"},
    {"reply", "replied", ABOUT("to@x.example", "thread"), FALSE, "to sent", "settled;sent;replied"},
    {"reply of one of two", "replied", ABOUT("to@x.example", "thread"), TRUE, "to sent;cc unknown",
     "settled;sent;replied"},
    {"reply of somebody else", "replied", ABOUT("lee@x.example", "thread"), FALSE, "to sent",
     "settled;sent;replied"},
    {"reply of somebody else, two", "replied", ABOUT("lee@x.example", "thread"), TRUE,
     "to unknown;cc unknown", "replied"},
    {"absence", "auto_replied", ABOUT("to@x.example", "token"), FALSE, "to sent",
     "settled;sent;auto_replied"},
    {"fresh mail", "replied", ABOUT("to@x.example", "address"), FALSE, "to unknown", "replied"},
    {"another message", "replied",
     "{\"message\": 9, \"address\": \"to@x.example\", \"matched_by\": \"thread\"}", FALSE, "to unknown",
     "replied"},
    {"no message", "replied", "{\"address\": \"to@x.example\", \"matched_by\": \"thread\"}", FALSE,
     "to unknown", "replied"},
};

static void
test_case(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    add_unknown(w, cases[i].cc);
    run_sql(&w->f, "DELETE FROM event");
    tell(w, cases[i].kind, cases[i].data, w->now_us + CLOCK_MINUTE_US);
    assert_deliveries(w, cases[i].deliveries);
    assert_events(w, cases[i].events);
    if (strstr(cases[i].events, "settled"))
        assert_rows(&w->f, "(data ->> 'by') || (data ->> 'recipients')", "event WHERE kind = 'settled'",
                    cases[i].cc && strcmp(cases[i].kind, "copy_seen") == 0 ? "usher2" : "usher1");
    g_autoptr(GPtrArray) none = claim(w); /* whatever it is, it does not go out again */
    g_assert_cmpint(none->len, ==, 0);
}

/* The proof may be read before the sender knows that it has no answer. */
static void
test_look_back(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    add_message(w, w->account_id, cases[i].cc);
    struct claim *c = claim_one(w, cases[i].cc ? 2 : 1);
    g_assert_true(begin(w, c));
    claim_free(c);
    tell(w, cases[i].kind, cases[i].data, w->now_us + CLOCK_MINUTE_US);
    g_assert_true(ledger_recover(&w->ledger, w->now_us + CLOCK_HOUR_US, &w->f.error));
    assert_deliveries(w, cases[i].deliveries);
    assert_rows(&w->f, "COUNT(*)", "event WHERE kind = 'task_made'",
                strstr(cases[i].deliveries, "unknown") ? "1" : "0");
}

/* The copy of an earlier transmission, for another recipient, proves nothing for the one that is unknown. */
static void
test_copy_of_another_transmission(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 first_us = w->now_us;
    add_message(w, w->account_id, TRUE);
    struct claim *c = claim_one(w, 2);
    g_assert_true(begin(w, c));
    settle(w, c, (struct smtp_outcome[]){sent, deferred});
    claim_free(c);
    w->now_us += CLOCK_HOUR_US;
    c = claim_one(w, 1);
    g_assert_true(begin(w, c));
    settle(w, c, &unknown);
    claim_free(c);
    tell(w, "copy_seen", "{\"message\": 1}", first_us + CLOCK_SECOND_US);
    assert_deliveries(w, "to sent;cc unknown");
    tell(w, "copy_seen", "{\"message\": 1}", w->now_us + CLOCK_SECOND_US);
    assert_deliveries(w, "to sent;cc sent");
}

/* Nor does the copy of a later one. */
static void
test_copy_of_a_later_transmission(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = add_unknown(w, TRUE);
    g_assert_true(
        ledger_settle_by_hand(&w->ledger, id, FALSE, "cc@x.example", w->now_us, "ana", &w->f.error));
    w->now_us += CLOCK_HOUR_US;
    struct claim *c = claim_one(w, 1);
    g_assert_true(begin(w, c));
    settle(w, c, &sent);
    claim_free(c);
    tell(w, "copy_seen", "{\"message\": 1}", w->now_us + CLOCK_SECOND_US);
    assert_deliveries(w, "to unknown;cc sent");
    tell(w, "replied", ABOUT("lee@x.example", "thread"), w->now_us + CLOCK_SECOND_US); /* perhaps from cc */
    assert_deliveries(w, "to unknown;cc sent");
}

/* A person may know about one recipient only. */
static void
test_by_hand_for_one(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = add_unknown(w, TRUE);
    g_assert_false(
        ledger_settle_by_hand(&w->ledger, id, TRUE, "lee@x.example", w->now_us, "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_DATA, "no unknown delivery to lee@x.example");
    g_assert_true(
        ledger_settle_by_hand(&w->ledger, id, FALSE, "cc@x.example", w->now_us, "ana", &w->f.error));
    assert_deliveries(w, "to unknown;cc queued");
    struct claim *c = claim_one(w, 1);
    g_assert_cmpstr(c->addresses->pdata[0], ==, "cc@x.example");
    claim_free(c);
    g_assert_true(ledger_settle_by_hand(&w->ledger, id, TRUE, NULL, w->now_us, "ana", &w->f.error));
    assert_deliveries(w, "to sent;cc claimed");
    assert_rows(&w->f, "COALESCE(data ->> 'address', '-') || (data ->> 'sent')",
                "event WHERE kind = 'settled' ORDER BY id", "cc@x.example0;-1");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strdup_printf("/outbox/settlement/%s", cases[i].name);
        g_autofree char *back = g_strdup_printf("/outbox/settlement/look-back/%s", cases[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_case, tear_down);
        g_test_add(back, struct world, GUINT_TO_POINTER(i), set_up, test_look_back, tear_down);
    }
    g_test_add("/outbox/settlement/copy-of-another-transmission", struct world, NULL, set_up,
               test_copy_of_another_transmission, tear_down);
    g_test_add("/outbox/settlement/copy-of-a-later-transmission", struct world, NULL, set_up,
               test_copy_of_a_later_transmission, tear_down);
    g_test_add("/outbox/settlement/by-hand-for-one", struct world, NULL, set_up, test_by_hand_for_one,
               tear_down);
    return g_test_run();
}
