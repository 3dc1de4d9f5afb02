/* The steps a delivery can take: the arrows of the diagram in outbox/ledger.c, all of them and no other, each
 * kept with its evidence. */
#include "fixture_ledger.h"

/* The diagram. */
static const struct {
    enum delivery_state from, to;
} arrows[] = {
    {DELIVERY_QUEUED, DELIVERY_CLAIMED},        {DELIVERY_QUEUED, DELIVERY_WITHDRAWN},
    {DELIVERY_DEFERRED, DELIVERY_CLAIMED},      {DELIVERY_DEFERRED, DELIVERY_WITHDRAWN},
    {DELIVERY_WITHDRAWN, DELIVERY_QUEUED},      {DELIVERY_CLAIMED, DELIVERY_QUEUED},
    {DELIVERY_CLAIMED, DELIVERY_TRANSMITTING},  {DELIVERY_CLAIMED, DELIVERY_REFUSED},
    {DELIVERY_CLAIMED, DELIVERY_DEFERRED},      {DELIVERY_CLAIMED, DELIVERY_WITHDRAWN},
    {DELIVERY_TRANSMITTING, DELIVERY_SENT},     {DELIVERY_TRANSMITTING, DELIVERY_REFUSED},
    {DELIVERY_TRANSMITTING, DELIVERY_DEFERRED}, {DELIVERY_TRANSMITTING, DELIVERY_UNKNOWN},
    {DELIVERY_TRANSMITTING, DELIVERY_QUEUED},   {DELIVERY_UNKNOWN, DELIVERY_SENT},
    {DELIVERY_UNKNOWN, DELIVERY_QUEUED},
};

static gboolean
is_arrow(int from, int to)
{
    for (gsize i = 0; i < G_N_ELEMENTS(arrows); i++)
        if ((int)arrows[i].from == from && (int)arrows[i].to == to)
            return TRUE;
    return FALSE;
}

/* Any statement whatever that takes another step is refused as a whole, and nothing is kept of it. */
static void
test_no_other(struct world *w, gconstpointer data)
{
    (void)data;
    add_message(w, w->account_id, FALSE);
    for (int from = 0; from < DELIVERY_STATE_COUNT; from++)
        for (int to = 0; to < DELIVERY_STATE_COUNT; to++) {
            run_sql(&w->f, "DELETE FROM delivery");
            store_exec(w->f.db,
                       "INSERT INTO delivery(id, message_id, mailbox, address, field, state, next_at, at)"
                       " VALUES(7, 1, 'ana', 'to@x.example', 'to', ?, 0, 0)",
                       &w->f.error, "t", delivery_state_names[from]);
            g_assert_no_error(w->f.error);
            run_sql(&w->f, "DELETE FROM delivery_move");
            gboolean taken = store_exec(w->f.db, "UPDATE delivery SET state = ?", &w->f.error, "t",
                                        delivery_state_names[to]);
            if (taken != (from == to || is_arrow(from, to)))
                g_error("%s to %s: %s", delivery_state_names[from], delivery_state_names[to],
                        taken ? "taken" : w->f.error->message);
            if (!taken)
                assert_refused(&w->f, USHER_ERROR_IO, "a delivery cannot take this step");
            g_autofree char *kept = taken && from != to ? g_strdup_printf("%s>%s", delivery_state_names[from],
                                                                          delivery_state_names[to])
                                                        : g_strdup("");
            assert_rows(&w->f, "from_state || '>' || to_state", "delivery_move", kept);
        }
}

/* One claim of the only message, begun or not, with this outcome. */
static void
attempt(struct world *w, gboolean begun, const struct smtp_outcome *outcome)
{
    run_sql(&w->f, "UPDATE delivery SET next_at = 0");
    struct claim *c = claim_one(w, 1);
    if (begun)
        g_assert_true(begin(w, c));
    settle(w, c, outcome);
    claim_free(c);
}

static void
withdraw(struct world *w, gint64 id)
{
    gboolean gone = FALSE;
    g_assert_true(outbox_withdraw(w->f.db, id, w->now_us, &gone, &w->f.error));
    g_assert_true(gone);
}

/* The ledger itself takes each arrow. */
static void
test_every(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = add_message(w, w->account_id, FALSE);
    struct claim *c = claim_one(w, 1);
    g_assert_true(ledger_unclaim(&w->ledger, c, w->now_us, &w->f.error)); /* claimed>queued */
    claim_free(c);
    withdraw(w, id); /* queued>withdrawn */
    g_assert_true(outbox_enqueue(w->f.db, id, 0, w->now_us, &w->f.error));
    c = claim_one(w, 1);
    withdraw(w, id); /* claimed>withdrawn */
    claim_free(c);
    g_assert_true(outbox_enqueue(w->f.db, id, 0, w->now_us, &w->f.error));
    attempt(w, FALSE, &deferred);
    withdraw(w, id); /* deferred>withdrawn */
    g_assert_true(outbox_enqueue(w->f.db, id, 0, w->now_us, &w->f.error));
    attempt(w, TRUE, &deferred);
    attempt(w, TRUE, &not_transmitted);
    attempt(w, TRUE, &unknown);
    g_assert_true(ledger_settle_by_hand(&w->ledger, id, FALSE, NULL, w->now_us, "ana", &w->f.error));
    attempt(w, TRUE, &unknown);
    g_assert_true(ledger_settle_by_hand(&w->ledger, id, TRUE, NULL, w->now_us, "ana", &w->f.error));
    static const struct {
        const struct smtp_outcome *outcome;
        gboolean begun;
    } ends[] = {{&sent, TRUE}, {&refused, TRUE}, {&refused, FALSE}};
    for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
        w->now_us++;
        run_sql(&w->f, "UPDATE message SET token = token || id");
        add_message(w, w->account_id, FALSE);
        attempt(w, ends[i].begun, ends[i].outcome);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(arrows); i++)
        if (store_int(w->f.db, "SELECT COUNT(*) FROM delivery_move WHERE from_state = ? AND to_state = ?", 0,
                      NULL, "tt", delivery_state_names[arrows[i].from],
                      delivery_state_names[arrows[i].to]) == 0)
            g_error("nothing took %s to %s", delivery_state_names[arrows[i].from],
                    delivery_state_names[arrows[i].to]);
}

/* What a server said is kept with the step it led to, and with no other. */
static void
test_evidence(struct world *w, gconstpointer data)
{
    (void)data;
    add_message(w, w->account_id, FALSE);
    attempt(w, TRUE, &deferred);
    w->now_us += CLOCK_HOUR_US;
    attempt(w, TRUE, &sent);
    assert_rows(
        &w->f,
        "COALESCE(from_state || ' ', '') || to_state || COALESCE(' ' || code || ' ' || enhanced || ' ' || "
        "text || "
        "' ' || host, '') || ' ' || ((at - (SELECT MIN(at) FROM delivery_move)) / 3600000000)",
        "delivery_move ORDER BY id",
        "queued 0;queued claimed 0;claimed transmitting 0;transmitting deferred 451 4.7.1 greylisted "
        "127.0.0.1 0;"
        "deferred claimed 1;claimed transmitting 1;transmitting sent 250 2.0.0 queued 127.0.0.1 1");
}

#define ADD(path, test) g_test_add("/outbox/edges/" path, struct world, NULL, set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("no-other", test_no_other);
    ADD("every", test_every);
    ADD("evidence", test_evidence);
    return g_test_run();
}
