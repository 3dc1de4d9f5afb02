/* Handing over to Sales: what forbids it, what is told, and the file. */
#include "fixture_service.h"
#include "service/handoff.h"

static const char facts_conf[] =
    "fact forecast_mrr { type = \"number\" }\nfact mrr_last_month { type = \"number\" }\n"
    "fact mrr_two_months_ago { type = \"number\" }\nfact mrr_growth_mom { type = \"number\" }\n"
    "fact churned { type = \"boolean\" default = false }\nfact failed { type = \"boolean\" default = false "
    "}\n"
    "fact timezone { type = \"text\" }\nfact owner { type = \"text\" }\nfact region { type = \"text\" }\n"
    "fact sales_owner { type = \"text\" }\nfact point_of_contact { type = \"name\" }\n";

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    fixture_write(&w->f, "sequences/facts.conf", facts_conf);
    fixture_write(&w->f, "sequences/segments.conf",
                  "segment trace { title = \"Trace of Sales\" blocks_handoff = true why = \"owner\" when = "
                  "\"sales_owner <> ''\" }\nsegment lead { when = \"forecast_mrr >= 100\" }\n");
    fixture_write(
        &w->f, "templates/findings/large.md",
        "When: forecast_mrr > 1000\nRank: forecast_mrr\nSubject: Large\n\nIt is {{ forecast_mrr }}.\n");
    g_autofree char *conf = g_strconcat("leads_dir = \"leads\"\n", fixture_conf, NULL);
    service_reopen(w, conf);
    now_is(w, "2026-11-23 10:00");
}

/* What handoff_check() says, "" for nothing, in a transaction of its own. The caller frees. */
static char *
check(struct world *w, gboolean again)
{
    char *why = NULL;
    g_assert_true(store_begin(w->s->db, &w->f.error));
    handoff_check(w->s, w->account_id, w->now_us, again, &why, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(store_commit(w->s->db, &w->f.error));
    return why ? why : g_strdup("");
}

#define assert_check(w, again, text)                                                                         \
    do {                                                                                                     \
        g_autofree char *why_ = check(w, again);                                                             \
        if (*text ? strstr(why_, text) == NULL : *why_)                                                      \
            g_error("\"%s\" does not hold \"%s\"", why_, text);                                              \
    } while (0)

static void
test_refusals(struct world *w, gconstpointer data)
{
    (void)data;
    assert_check(w, FALSE, "");
    facts_are(w, "{\"forecast_mrr\": 1400, \"sales_owner\": \"Kim\"}");
    assert_check(w, FALSE, "Trace of Sales (owner: sales_owner = Kim)");
    assert_check(w, FALSE, "Trace of Sales");
    assert_rows(&w->f, "kind || ' ' || title", "task WHERE kind = 'trace'",
                "trace Trace of Sales (owner: sales_owner = Kim): is Sales on it?");
    facts_are(w, "{\"forecast_mrr\": 1400, \"sales_owner\": \"\"}");
    assert_check(w, FALSE, "");
    act(w, "referral", "{\"note\": \"spends\"}");
    assert_check(w, FALSE, "handed over on 2026-11-23 already");
    assert_check(w, TRUE, "");
    act(w, "sales_engaged", "{\"note\": \"Kim\"}");
    assert_check(w, TRUE, "Sales is engaged already");
}

static void
test_lead(struct world *w, gconstpointer data)
{
    (void)data;
    facts_are(w, "{\"forecast_mrr\": 1400, \"mrr_last_month\": 1000, \"region\": \"emea\"}");
    assert_check(w, FALSE, "");
    json_t *lead = handoff_lead(w->s, w->account_id, w->now_us, &w->f.error);
    g_assert_no_error(w->f.error);
    double growth = 0;
    g_assert_true(handoff_growth(lead, &growth));
    g_assert_cmpfloat_with_epsilon(growth, 0.4, 1e-9);
    g_assert_cmpstr(json_string_value(json_object_get(lead, "account")), ==, "acme");
    g_assert_cmpstr(json_string_value(json_object_get(lead, "owner")), ==, "Ana Diaz");
    g_assert_cmpstr(json_string_value(json_object_get(lead, "stage")), ==, "fresh");
    char *findings = json_dumps(json_object_get(lead, "findings"), JSON_COMPACT),
         *segments = json_dumps(json_object_get(lead, "segments"), JSON_COMPACT);
    g_assert_cmpstr(findings, ==, "[{\"finding\":\"large\",\"figures\":{\"forecast_mrr\":1400}}]");
    g_assert_cmpstr(segments, ==, "[\"lead\"]");
    free(findings);
    free(segments);
    json_object_set_new(lead, "mrr_growth_mom", json_real(-0.1));
    g_assert_true(handoff_growth(lead, &growth));
    g_assert_cmpfloat_with_epsilon(growth, -0.1, 1e-9);
    json_object_del(lead, "mrr_growth_mom");
    json_object_set_new(lead, "mrr_last_month", json_integer(0));
    g_assert_false(handoff_growth(lead, &growth));
    json_decref(lead);
}

/* The fact, else who answered last, else nobody. */
static void
test_contact(struct world *w, gconstpointer data)
{
    (void)data;
    g_assert_null(handoff_contact(w->s, w->account_id, &w->f.error));
    store_exec(w->f.db,
               "INSERT INTO inbound(mailbox, folder, uidvalidity, uid, at, class, account_id, address) "
               "VALUES('ana', 'INBOX', 1, 1, 1, 'reply', ?, 'ann@acme.example')",
               &w->f.error, "i", w->account_id);
    g_autofree char *replier = handoff_contact(w->s, w->account_id, &w->f.error);
    g_assert_cmpstr(replier, ==, "Ann <ann@acme.example>");
    facts_are(w, "{\"forecast_mrr\": 1400, \"point_of_contact\": \"Dana Cole\"}");
    g_autofree char *fact = handoff_contact(w->s, w->account_id, &w->f.error);
    g_assert_cmpstr(fact, ==, "Dana Cole");
    g_assert_no_error(w->f.error);
}

/* An account's key is no path; a folder that cannot be made is told. */
static void
test_file(struct world *w, gconstpointer data)
{
    (void)data;
    json_t *lead = json_pack("{s:s}", "account", "../../etc/x y");
    g_autofree char *path = NULL;
    g_assert_true(handoff_write(w->s, lead, w->now_us, &path, &w->f.error));
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *folder = g_path_get_dirname(path);
    g_assert_cmpstr(base, ==, "lead-..%2F..%2Fetc%2Fx%20y-2026-11-23.json");
    g_assert_cmpstr(folder, ==, w->s->config->leads_dir);
    GStatBuf st;
    g_assert_cmpint(g_stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_mode & 0777, ==, 0640);
    fixture_write(&w->f, "file", "x");
    g_free(w->s->config->leads_dir);
    w->s->config->leads_dir = g_build_filename(w->f.dir, "file", "below", NULL);
    g_autofree char *none = NULL;
    g_assert_false(handoff_write(w->s, lead, w->now_us, &none, &w->f.error));
    assert_refused(&w->f, USHER_ERROR_CANT_CREATE, "file/below");
    g_clear_pointer(&w->s->config->leads_dir, g_free);
    g_assert_true(handoff_write(w->s, lead, w->now_us, &none, &w->f.error));
    g_assert_null(none);
    json_decref(lead);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                                  \
    g_test_add("/service/handoff/" name, struct world, NULL, set_up, function, world_tear_down)
    ADD("refusals", test_refusals);
    ADD("lead", test_lead);
    ADD("contact", test_contact);
    ADD("file", test_file);
    return g_test_run();
}
