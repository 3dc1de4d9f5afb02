/* Findings on their way through the service: told, kept, sent, and what brings an approved mail back. */
#include "fixture_service.h"

static const char told_md[] =
    "Subject: {% if findings.size > 0 %}{% include findings.first.subject %}{% else %}None{% "
    "endif %}\nFindings: 1\n\n"
    "{% if findings.size > 0 %}{% include findings.first.paragraph %}{% endif %}\n\nAna\n";

static void
set_up(struct world *w, gconstpointer data)
{
    world_set_up(w, data);
    fixture_write(&w->f, "templates/hello.md", told_md);
    fixture_write(
        &w->f, "templates/findings/large.md",
        "When: forecast_mrr > 500\nSubject: Large\nAdvice: less\nMax-Age: 30 days\n\nAbout {{ forecast_mrr | "
        "floor }}.\n");
    service_reopen(w, fixture_conf);
    tick(w, "2026-11-02 10:00");
}

static gint64
only_draft(struct world *w)
{
    gint64 id = store_int(w->f.db, "SELECT id FROM message WHERE step = 'hello'", 0, NULL, "");
    g_assert_cmpint(id, >, 0);
    return id;
}

static void
test_told(struct world *w, gconstpointer data)
{
    (void)data;
    assert_rows(&w->f, "data ->> 'findings'", "event WHERE kind = 'draft_made'", "[\"large\"]");
    assert_rows(&w->f,
                "json_extract(findings, '$[0].name') || (instr(findings, 'When: forecast_mrr > 500') > 0)",
                "message_text", "large1");
    g_assert_true(approve(w, only_draft(w)));
    g_assert_cmpuint(send_due(w, 250), ==, 1);
    assert_rows(&w->f, "data ->> 'findings'", "event WHERE kind = 'sent'", "[\"large\"]");
    assert_replay(&w->f);
}

/* Edited files and other figures that print the same leave an approved mail alone. */
static void
test_stands(struct world *w, gconstpointer data)
{
    (void)data;
    g_assert_true(approve(w, only_draft(w)));
    fixture_write(&w->f, "templates/findings/large.md", "When: forecast_mrr > 9000\n\nOther.\n");
    fixture_write(&w->f, "templates/findings/new.md", "When: forecast_mrr > 1\nSubject: New\n\nNew.\n");
    service_reopen(w, fixture_conf);
    facts_are(w, "{\"forecast_mrr\": 512.87}");
    g_assert_cmpuint(send_due(w, 250), ==, 1);
    assert_rows(&w->f, "state", "message", "sent");
}

/* What no longer holds comes back and says so; it is composed anew from the files of now. */
static void
test_returns(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = only_draft(w);
    g_assert_true(approve(w, id));
    facts_are(w, "{\"forecast_mrr\": 499}");
    g_assert_cmpuint(send_due(w, 250), ==, 0);
    assert_rows(&w->f, "state || ': ' || reason || ' / ' || subject || findings",
                "message JOIN message_text t ON t.message_id = id",
                "changed: the finding large no longer holds: its rule is false / None[]");
    g_assert_true(approve_revision(w, id, 2, "ana"));
    facts_are(w, "{\"forecast_mrr\": 600}"); /* a finding it does not mention voids nothing */
    g_assert_cmpuint(send_due(w, 250), ==, 1);
}

/* An approval is refused the same way, and the draft is composed anew. */
static void
test_approval(struct world *w, gconstpointer data)
{
    (void)data;
    gint64 id = only_draft(w);
    facts_are(w, "{\"forecast_mrr\": 700}");
    g_assert_false(approve(w, id));
    assert_refused(&w->f, USHER_ERROR_DATA, "About 700.");
    facts_are(w, "{\"forecast_mrr\": 400}");
    g_assert_false(approve(w, id));
    assert_refused(&w->f, USHER_ERROR_DATA, "the finding large no longer holds");
    g_assert_true(approve(w, id));
}

/* A changed finding file is noticed like a template. */
static void
test_noticed(struct world *w, gconstpointer data)
{
    (void)data;
    g_assert_true(tick_refresh(w->s, &w->f.error));
    tick(w, "2026-11-02 10:01");
    g_assert_true(tick_refresh(w->s, &w->f.error));
    assert_rows(&w->f, "dirty", "account", "0");
    fixture_write(&w->f, "templates/findings/new.md", "When: forecast_mrr > 1\nSubject: New\n\nNew.\n");
    g_assert_true(tick_refresh(w->s, &w->f.error));
    assert_rows(&w->f, "dirty", "account", "1");
}

/* A finding file that is wrong stops the mail, says where, and makes one task. */
static void
test_broken(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_write(&w->f, "templates/findings/bad.md", "When: forecast_mr > 1\n\nx\n");
    service_reopen(w, fixture_conf);
    add_account(&w->f, "other", "{\"forecast_mrr\": 900}");
    add_contact(&w->f, 2, "cy@other.example", "owner - - Cy");
    tick(w, "2026-11-02 10:01");
    assert_rows(&w->f, "state || (instr(reason, 'findings/bad.md:1: When:') > 0)",
                "step WHERE account_id = 2 AND step = 'hello'", "waiting1");
    assert_rows(&w->f, "kind", "task WHERE account_id = 2", "cannot_compose");
}

/* An automatic mail waits while its facts are older than its template allows. */
static void
test_stale_automatic(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_write(
        &w->f, "templates/nudge.md",
        "Subject: Open questions\nThread: follow\nMax-Age: 5 days\n\nAbout {{ forecast_mrr | floor }}\n");
    g_assert_true(approve(w, only_draft(w)));
    g_assert_cmpuint(send_due(w, 250), ==, 1);
    tick(w, "2026-11-12 10:00");
    assert_rows(&w->f, "state || ': ' || reason", "step WHERE step = 'nudge'",
                "waiting: cannot be composed: the fact forecast_mrr is 11 days old, the template allows 5");
    facts_are(w, "{\"forecast_mrr\": 520}");
    tick(w, "2026-11-12 10:05");
    assert_rows(&w->f, "state", "step WHERE step = 'nudge'", "queued");
}

#define ADD(path, test)                                                                                      \
    g_test_add("/service/findings/" path, struct world, NULL, set_up, test, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("told", test_told);
    ADD("stands", test_stands);
    ADD("returns", test_returns);
    ADD("approval", test_approval);
    ADD("noticed", test_noticed);
    ADD("broken", test_broken);
    ADD("stale-automatic", test_stale_automatic);
    return g_test_run();
}
