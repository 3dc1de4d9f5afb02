/* What is shipped, as customers get it: every template with nothing known of the account, with everything
 * known, and with hostile values in every field; and the rules of lint for mails nobody looks at and for
 * gaps. */
#include "compose/draft_write.h"
#include "compose/finding_choice.h"
#include "compose/lint.h"
#include "compose/markdown.h"
#include "fixture.h"

struct world {
    struct fixture f;
    struct fact_set *facts;
    struct composer composer;
    gint64 account_id;
};

static const char *const templates[] = {
    "outreach.md",   "check-in.md", "second-outreach.md",     "graduation.md",         "failed-payment.md",
    "after-call.md", "homework.md", "evaluation-reminder.md", "evaluation-kickoff.md", "survey.md"};

static void
set_up(struct world *w)
{
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "sequences/facts.conf", NULL);
    g_autofree char *folder = g_build_filename(USHER_SOURCE_DIR, "templates/findings", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(templates); i++) {
        g_autofree char *name = g_build_filename("templates", templates[i], NULL);
        fixture_copy(&w->f, name);
    }
    w->facts = facts_load(path, &w->f.error);
    facts_add_engine(w->facts, "stage", FACT_TEXT, "", &w->f.error);
    g_assert_no_error(w->f.error);
    w->account_id = add_account(&w->f, "acme", "{}");
    w->composer = (struct composer){.db = w->f.db,
                                    .config = w->f.config,
                                    .facts = w->facts,
                                    .now_us = at("2026-11-02 10:00"),
                                    .findings = finding_files_new(folder, w->facts)};
}

static void
tear_down(struct world *w)
{
    finding_files_free(w->composer.findings);
    facts_free(w->facts);
    fixture_tear_down(&w->f);
}

/* The mail of a template on these facts. */
static struct draft *
compose(struct world *w, const char *template_name, json_t *facts)
{
    static const char *const payment_words[] = {"payment", "outstanding", "fail", NULL};
    struct fact_row *row = NULL;
    fact_row_from_json(w->facts, facts, "test", at("2026-11-01 10:00"), w->f.config->timezone, &row,
                       &w->f.error);
    g_assert_no_error(w->f.error);
    fact_row_set_today(row, w->composer.now_us);
    w->composer.row = row;
    const struct draft_request request = {.account_id = w->account_id,
                                          .sequence = "onboarding",
                                          .step = "x",
                                          .template_name = template_name,
                                          .audience = RECIPIENTS_OWNERS_ADMINS,
                                          .payment = strcmp(template_name, "failed-payment.md") == 0,
                                          .payment_words = payment_words};
    struct draft *d = draft_compose(&w->composer, &request, &w->f.error);
    fact_row_free(row);
    if (!d)
        g_error("%s: %s", template_name, w->f.error->message);
    return d;
}

static void
test_nothing_known(void)
{
    struct world w;
    set_up(&w);
    add_contact(&w.f, w.account_id, "a@x.example", "owner - - -");
    for (gsize i = 0; i < G_N_ELEMENTS(templates); i++) {
        json_t *nothing = json_object();
        scoped(draft_free) struct draft *d = compose(&w, templates[i], nothing);
        g_assert_nonnull(strstr(d->markdown, "Hi there,"));
        g_assert_nonnull(strstr(d->markdown, "Ana Diaz"));
        g_assert_null(strstr(d->markdown, "\n\n\n"));
        json_decref(nothing);
    }
    tear_down(&w);
}

/* ---- hostile values ---- */

/* value in every field that can hold it, and figures that make every signal hold. */
static json_t *
spoiled_facts(const struct fact_set *set, const char *value)
{
    json_t *facts = json_object();
    for (guint i = 0; i < facts_count(set); i++) {
        const struct fact *fact = facts_at(set, i);
        if (fact->engine || strcmp(fact->name, "timezone") == 0)
            continue;
        switch (fact->type) {
        case FACT_NUMBER:
        case FACT_INTEGER:
            json_object_set_new(facts, fact->name, json_integer(1000 + (json_int_t)i));
            break;
        case FACT_BOOLEAN:
            json_object_set_new(facts, fact->name, json_boolean(i % 2));
            break;
        case FACT_DATE:
            json_object_set_new(facts, fact->name, json_string("2026-11-20"));
            break;
        case FACT_TIME:
            json_object_set_new(facts, fact->name, json_string("2026-10-30T10:00:00Z"));
            break;
        case FACT_LIST:
            json_object_set_new(facts, fact->name, json_pack("[s, s]", value, value));
            break;
        case FACT_URL:
            json_object_set_new(facts, fact->name, json_string("https://pay.example/a?b=%20x&c=(*_)"));
            break;
        case FACT_TEXT:
        case FACT_NAME:
            json_object_set_new(facts, fact->name, json_string(value));
            break;
        }
    }
    return facts;
}

static guint
count(const char *text, const char *part)
{
    guint n = 0;
    for (const char *p = text; (p = strstr(p, part)); p += strlen(part))
        n++;
    return n;
}

static void
check_harmless(const struct world *w, const char *template_name, const char *value, const struct draft *d)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    g_autoptr(GError) error = NULL;
    const char *wrong = NULL;
    static const char *const never[] = {
        "<b>", "<script", "<h1",          "<img", "evil.example\"", "\nBcc",
        "{{",  "{%",      "\xE2\x80\xAE", "Hi ,", "Hi  ",           "href=\"javascript"};
    if (!markdown_render(d->markdown, NULL, &text, &html, &error))
        g_error("%s with %.40s: %s", template_name, value, error->message);
    for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
        if (strstr(html, never[i]))
            wrong = never[i];
    if (strpbrk(d->subject, "\r\n") || strstr(d->subject, "evil") || g_utf8_strlen(d->subject, -1) > 78)
        wrong = "the subject";
    if (count(html, "<a ") > 4)
        wrong = "a link more than the template's";
    if (strlen(text) > 4000)
        wrong = "its length";
    if (strstr(text, "\nBcc"))
        wrong = "a line of its own";
    if (wrong)
        g_error("%s with %.40s: %s\n%s\n%s", template_name, value, wrong, d->subject, html);
    const struct lint_letter_input input = {.config = w->f.config,
                                            .subject = d->subject,
                                            .markdown = d->markdown,
                                            .text = text,
                                            .html = html,
                                            .basis = d->basis};
    g_autoptr(GPtrArray) lines = lint_letter(&input);
    gboolean bare = FALSE;
    for (guint i = 0; i < lines->len; i++) {
        const struct lint_line *l = lines->pdata[i];
        if (strcmp(l->rule, "parts_differ") == 0)
            g_error("%s with %.40s: %s", template_name, value, l->message);
        bare = bare || strcmp(l->rule, "link_bare") == 0;
    }
    if (strstr(text, "://evil") && !bare)
        g_error("%s with %.40s: an address nobody is told of\n%s", template_name, value, text);
}

/* The figures that were made worth a mail by a jump, and what jumped. */
static void
test_event_names(void)
{
    static const struct {
        const char *event, *said;
    } rows[] = {
        {"level_loaded", "most of it level_loaded."},
        {"[Amplitude] Element Clicked -- in the checkout", "most of it [Amplitude] Element Clicked --"},
        {"https://evil.example/login", NULL},
        {"www.evil.example", NULL},
        {"Pay now\r\n\r\nYour account is suspended", NULL}};
    struct world w;
    set_up(&w);
    add_contact(&w.f, w.account_id, "a@x.example", "owner - - -");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *facts = json_pack("{s:s, s:s, s:s, s:i}", "spike_at", "2026-10-30T10:00:00Z", "spike_metric",
                                  "events", "spike_event", rows[i].event, "spike_factor", 6);
        scoped(draft_free) struct draft *d = compose(&w, "outreach.md", facts);
        g_autofree char *text = NULL;
        g_autofree char *html = NULL;
        markdown_render(d->markdown, NULL, &text, &html, &w.f.error);
        g_assert_no_error(w.f.error);
        g_strdelimit(text, "\n", ' ');
        g_assert_nonnull(strstr(text, "about 6 times the usual"));
        g_assert_true(rows[i].said ? strstr(text, rows[i].said) != NULL : !strstr(text, "most of it"));
        const struct lint_letter_input input = {.config = w.f.config,
                                                .subject = d->subject,
                                                .markdown = d->markdown,
                                                .text = text,
                                                .html = html,
                                                .basis = d->basis};
        g_autoptr(GPtrArray) lines = lint_letter(&input);
        g_assert_cmpuint(lines->len, ==, 0);
        json_decref(facts);
    }
    tear_down(&w);
}

/* What an outreach on these facts must and must not say. */
static void
test_stories(void)
{
    static const struct {
        const char *facts, *says[2], *never;
    } rows[] = {
        /* two sums that can be saved: one does not hide the other */
        {"{'forecast_mrr': 640, 'next_renewal': '2026-11-20', 'pipelines_billed': true, "
         "'destinations_active': 0,"
         " 'exports_active': 0, 'warehouse_syncs_active': 0, 'forecast_pipelines': 120, 'groups_billed': "
         "true,"
         " 'group_types': 0, 'group_insights_30d': 0, 'forecast_groups': 85}",
         {"$120 a month", "$85 a month"},
         NULL},
        /* nobody is congratulated on errors, and what is beyond a limit is not billed */
        {"{'spike_at': '2026-10-30T10:00:00Z', 'spike_metric': 'error_tracking', 'spike_factor': 11.2}",
         {"errors jumped to about 11 times", "is billed"},
         "congratulations"},
        {"{'spike_at': '2026-10-30T10:00:00Z', 'spike_metric': 'replay', 'spike_factor': 3,"
         " 'billing_limits_reached': ['replay']}",
         {"recordings jumped to at least 3 times", "uses up your limit"},
         "is billed"},
        {"{'spike_at': '2026-10-30T10:00:00Z', 'spike_metric': 'events', 'spike_factor': 3,"
         " 'billing_limits_reached': ['analytics']}",
         {"events jumped to at least 3 times", "uses up your limit"},
         "is billed"},
        {"{'spike_at': '2026-10-30T10:00:00Z', 'spike_metric': 'events', 'spike_factor': 3}",
         {"events jumped to about 3 times", "it is billed like real use"},
         "limit"},
    };
    struct world w;
    set_up(&w);
    add_contact(&w.f, w.account_id, "a@x.example", "owner - - -");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdelimit(g_strdup(rows[i].facts), "'", '"');
        json_t *facts = json_loads(text, 0, NULL);
        g_assert_nonnull(facts);
        scoped(draft_free) struct draft *d = compose(&w, "outreach.md", facts);
        g_strdelimit(d->markdown, "\n", ' ');
        for (gsize j = 0; j < G_N_ELEMENTS(rows[i].says); j++)
            if (!strstr(d->markdown, rows[i].says[j]))
                g_error("%s: \"%s\" is not said:\n%s", text, rows[i].says[j], d->markdown);
        if (rows[i].never && strstr(d->markdown, rows[i].never))
            g_error("%s: \"%s\" is said:\n%s", text, rows[i].never, d->markdown);
        json_decref(facts);
    }
    tear_down(&w);
}

static void
test_hostile(void)
{
    g_autofree char *huge = g_strnfill(1000000, 'x');
    const char *const values[] = {"a\r\nBcc: evil@evil.example\r\n\r\n# Heading",
                                  "<b>x</b><script>alert(1)</script><img src=x>",
                                  "{{ forecast_mrr }}{% raw %}{% include 'x' %}",
                                  "[reset](https://evil.example) ![x](https://evil.example/p.png) **x** `y`",
                                  "https://evil.example/login",
                                  "\xE2\x80\xAEgnp.exe\xE2\x80\xAC\xE2\x81\xA6x",
                                  "مرحبا بالعالم 日本語 🎉👩‍👩‍👧",
                                  "payment failed, outstanding",
                                  "-- \n\n---\n\n> quote\n\n1. list\n\n    code",
                                  "[x]: https://evil.example \\ | ~~ &lt;script&gt; &#106;",
                                  "",
                                  " \t ",
                                  huge};
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        struct world w;
        set_up(&w);
        json_t *facts = spoiled_facts(w.facts, values[i]);
        store_exec(
            w.f.db,
            "INSERT INTO contact(account_id, address, role, function, first_name, last_name, source, as_of)"
            " VALUES(?, 'a@x.example', 'owner', ?, ?, ?, 't', 1), (?, 'b@x.example', 'owner', ?, ?, ?, 't', "
            "1)",
            &w.f.error, "itttittt", w.account_id, values[i], values[i], values[i], w.account_id, values[i],
            values[i], values[i]);
        g_assert_no_error(w.f.error);
        for (gsize j = 0; j < G_N_ELEMENTS(templates); j++) {
            scoped(draft_free) struct draft *d = compose(&w, templates[j], facts);
            check_harmless(&w, templates[j], values[i], d);
        }
        json_decref(facts);
        tear_down(&w);
    }
}

/* ---- lint ---- */

static void
test_lint(void)
{
    static const struct {
        const char *text;
        gboolean automatic;
        const char *expected; /* "rule line; …" */
    } cases[] = {
        {"Subject: a\n\nAbout {{ forecast_mrr }} on {{ next_renewal }}.\n", FALSE, ""},
        {"Subject: a\n\nAbout {{ forecast_mrr }}\non {{ next_renewal }}.\n", TRUE,
         "automatic_figure 3; automatic_figure 4"},
        {"Subject: {{ bills_paid }} bills\n\nHi\n", TRUE, "automatic_figure 1"},
        {"Subject: a\n\n{% assign x = forecast_mrr | round %}{{ x }}\n", TRUE, "automatic_figure 3"},
        {"Subject: a\n\n{% if forecast_mrr > 5 %}Much.{% endif %}\n", TRUE, ""},
        {"Subject: a\nFindings: 1\n\nHi {{ findings.size }}\n", TRUE, "automatic_figure 1"},
        {"Subject: a\n\nFor {{ name | default: \"you\" }}\n", TRUE, "no_max_age 3"},
        {"Subject: a\nMax-Age: 3 days\n\nFor {{ name | default: \"you\" }}\n", TRUE, ""},
        {"Subject: a\n\nHi {{ greeting_name | default: \"there\" }}, {{ team.name }} {{ stage }}\n", TRUE,
         ""},
        {"Subject: a\n\nSee [the recording].\n", TRUE, "gap 3"},
        {"Subject: a\n\nSee [the recording].\n", FALSE, ""}, /* the draft will say it */
        {"Subject: a\n\nSee [the page](https://x.example).\n", TRUE, ""},
        {"Subject: a\n\nIt is {{ \"now\" | date: \"%H:%M\" }}\n", FALSE, "time_of_day 3"},
        {"Subject: at {{ \"now\" | date: \"%s\" }}\n\nHi\n", FALSE, "time_of_day 1"},
        {"Subject: a\n\n{% assign s = \"now\" | date: \"%s\" %}{% if s > 1 %}x{% endif %}\n", FALSE, ""},
        {"When: forecast_mrr > 0\nShort: at {{ \"now\" | date: \"%T\" }}, $50 -- gone\n\nHi\n", FALSE,
         "dash 2; figure 2; time_of_day 2"},
    };
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const struct lint_template_input input = {.config = w.f.config,
                                                  .facts = w.facts,
                                                  .name = "t.md",
                                                  .text = cases[i].text,
                                                  .automatic = cases[i].automatic};
        g_autoptr(GPtrArray) lines = lint_template(&input, &w.f.error);
        g_autoptr(GString) found = g_string_new(NULL);
        g_assert_no_error(w.f.error);
        for (guint j = 0; j < lines->len; j++) {
            const struct lint_line *l = lines->pdata[j];
            g_string_append_printf(found, "%s%s %d", j ? "; " : "", l->rule, l->line);
        }
        if (strcmp(found->str, cases[i].expected) != 0)
            g_error("%s: \"%s\", expected \"%s\"", cases[i].text, found->str, cases[i].expected);
    }
    tear_down(&w);
}

/* What a specialist has to fill in holds the draft until it is. */
static void
test_gaps(void)
{
    static const char *const gapped[] = {"after-call.md", "homework.md", "evaluation-kickoff.md"};
    struct world w;
    set_up(&w);
    add_contact(&w.f, w.account_id, "a@x.example", "owner - - -");
    json_t *nothing = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(gapped); i++) {
        scoped(draft_free) struct draft *d = compose(&w, gapped[i], nothing);
        struct lint_letter_input input = {
            .config = w.f.config, .subject = d->subject, .markdown = d->markdown};
        g_autoptr(GPtrArray) before = lint_letter(&input);
        g_assert_cmpstr(lint_first_error(before)->rule, ==, "gap");
        g_autoptr(GRegex) gap = g_regex_new("\\[[^]]*\\]", 0, 0, NULL);
        g_autofree char *filled = g_regex_replace_literal(gap, d->markdown, -1, 0, "that", 0, NULL);
        input.markdown = filled;
        g_autoptr(GPtrArray) after = lint_letter(&input);
        g_assert_cmpuint(after->len, ==, 0);
    }
    json_decref(nothing);
    tear_down(&w);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/shipped/nothing-known", test_nothing_known);
    g_test_add_func("/compose/shipped/hostile", test_hostile);
    g_test_add_func("/compose/shipped/event-names", test_event_names);
    g_test_add_func("/compose/shipped/stories", test_stories);
    g_test_add_func("/compose/shipped/lint", test_lint);
    g_test_add_func("/compose/shipped/gaps", test_gaps);
    return g_test_run();
}
