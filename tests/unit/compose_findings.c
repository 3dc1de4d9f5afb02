/* The shipped findings (fixture_findings.h): for whom each holds, for whom not, and why; and which of them
 * leads. What they then say is in compose_finding_texts.c. */
#include "fixture_findings.h"

/* Fails unless it comes out as expected, with a reason that holds why (NULL: any). */
static void
expect(struct world *w, const struct sample *s, const char *changes, int age_days, enum rule_truth expected,
       const char *why)
{
    g_autoptr(GPtrArray) matches = NULL;
    scoped(fact_row_free) struct fact_row *row = make_row(w, s->facts, changes, age_days);
    const struct finding_match *m = judge(w, s->name, row, &matches);
    /* A missing fact is one the rule itself needs, not one of a guard. */
    if (m->holds != expected || (why && (!m->reason || !strstr(m->reason, why))) ||
        (m->reason && strstr(m->reason, "retired_products")))
        complain("%s with %s: %s, %s", s->name, changes,
                 m->holds == RULE_TRUE    ? "holds"
                 : m->holds == RULE_FALSE ? "does not"
                                          : "undecided",
                 m->reason ? m->reason : "no reason");
}

static void
test_verdicts(void)
{
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        const struct sample *s = &samples[i];
        expect(&w, s, "{}", 1, RULE_TRUE, NULL);
        expect(&w, s, "{}", 32, RULE_FALSE, "too old");
        for (int j = 0; j < MAX_CASES && s->against[j]; j++)
            expect(&w, s, s->against[j], 1, RULE_FALSE, "its rule is false");
        for (int j = 0; j < MAX_CASES && s->guards[j]; j++)
            expect(&w, s, s->guards[j], 1, RULE_FALSE, "withheld by its guard");
        for (int j = 0; j < MAX_CASES && s->missing[j]; j++) {
            g_autofree char *without = g_strdup_printf("{'%s': null}", s->missing[j]);
            expect(&w, s, without, 1, RULE_UNDECIDED, s->missing[j]);
        }
        for (int j = 0; j < MAX_CASES && s->variants[j]; j++)
            expect(&w, s, s->variants[j], 1, RULE_TRUE, NULL);
    }
    tear_down(&w);
}

/* No facts at all: nothing holds, and no guard stays without a verdict for facts that may be unknown. */
static void
test_nothing_known(void)
{
    struct world w;
    set_up(&w);
    scoped(fact_row_free) struct fact_row *row = make_row(&w, "{}", "{}", 1);
    g_autoptr(GPtrArray) matches = finding_set_judge(w.set, row, at("2026-11-02 10:00"), &w.f.error);
    g_assert_no_error(w.f.error);
    for (guint i = 0; i < matches->len; i++) {
        const struct finding_match *m = matches->pdata[i];
        if (m->holds == RULE_TRUE)
            complain("%s holds for an account nobody knows anything about", m->finding->name);
    }
    tear_down(&w);
}

/* Every shipped finding stands in the table, once. */
static void
test_covered(void)
{
    struct world w;
    set_up(&w);
    g_assert_cmpuint(finding_set_count(w.set), ==, G_N_ELEMENTS(samples));
    for (guint i = 0; i < finding_set_count(w.set); i++) {
        const struct finding *f = finding_set_at(w.set, i);
        guint rows = 0;
        for (gsize j = 0; j < G_N_ELEMENTS(samples); j++)
            rows += strcmp(samples[j].name, f->name) == 0;
        if (rows != 1)
            complain("%s has %u rows in this test", f->file, rows);
        if (!f->subject || !f->topic || !f->docs || f->rank < 0 || f->max_age_us != 31 * CLOCK_DAY_US)
            complain("%s: expected Subject, Topic, Docs, Rank and a Max-Age of 31 days", f->file);
    }
    tear_down(&w);
}

/* Avoidable cost comes before what costs nothing; of two savings the larger one leads. */
static void
test_order(void)
{
    static const struct {
        const char *facts, *order;
    } accounts[] = {
        {"{'forecast_replay': 40, 'replay_projects_without_controls': 1, 'docs_visits_30d': 40, "
         "'docs_visits_before': 2, 'forecast_mrr': 400}",
         "replay-controls docs-visits"},
        {"{'pipelines_billed': true, 'destinations_active': 0, 'exports_active': 0, "
         "'warehouse_syncs_active': 0, 'forecast_pipelines': 12,"
         " 'credits_end': '2026-11-20', 'autocapture_events_30d': 900000, 'events_30d': 1000000, "
         "'actions_defined': 0, 'forecast_analytics': 200}",
         "autocapture-unused pipelines-unused credits-ending"},
        {"{'main_product': 'flags', 'main_product_share': 0.8, 'forecast_flags': 400, 'forecast_mrr': 500, "
         "'flags_evaluated_30d': 0, 'flags_unused': 9,"
         " 'flag_requests_30d': 9000000, 'flag_requests_local_30d': 8000000, 'sessions_30d': 1000}",
         "flags-not-used"},
        {"{'main_product': 'replay', 'main_product_share': 0.65, 'forecast_mrr': 412.5, 'forecast_replay': "
         "268, 'recordings_30d': 53600,"
         " 'recordings_short_30d': 21870, 'replay_projects': 3, 'replay_projects_without_controls': 2}",
         "replay-controls"},
        {"{'billing_limits_reached': ['analytics'], 'billing_limits_by_customer': ['analytics'], "
         "'events_30d': 900000, 'autocapture_events_30d': 800000,"
         " 'actions_defined': 0, 'main_product': 'analytics', 'main_product_share': 0.9}",
         "billing-limit-reached"},
    };
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(accounts); i++) {
        scoped(fact_row_free) struct fact_row *row = make_row(&w, accounts[i].facts, "{}", 1);
        g_autoptr(GPtrArray) matches = finding_set_judge(w.set, row, at("2026-11-02 10:00"), &w.f.error);
        g_autoptr(GString) order = g_string_new(NULL);
        g_assert_no_error(w.f.error);
        for (guint j = 0; j < matches->len; j++) {
            const struct finding_match *m = matches->pdata[j];
            if (m->holds == RULE_TRUE)
                g_string_append_printf(order, "%s%s", order->len ? " " : "", m->finding->name);
        }
        g_assert_cmpstr(order->str, ==, accounts[i].order);
    }
    tear_down(&w);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/findings/covered", test_covered);
    g_test_add_func("/compose/findings/verdicts", test_verdicts);
    g_test_add_func("/compose/findings/nothing-known", test_nothing_known);
    g_test_add_func("/compose/findings/order", test_order);
    return g_test_run();
}
