/* Mail templates: their header lines, what they may read, and that each refusal names file and line. */
#include "compose/template.h"

#include "fixture.h"

static const char facts_conf[] =
    "fact name { type = \"name\" }\nfact forecast_mrr { type = \"number\" }\nfact note { type = \"text\" }\n"
    "fact last_invoice_url { type = \"url\" }\nfact products { type = \"list\" }\n";

struct world {
    struct fixture f;
    struct fact_set *facts;
    struct fact_row *row;
};

static void
set_up(struct world *w, const char *facts)
{
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    fixture_write(&w->f, "sequences/facts.conf", facts_conf);
    g_autofree char *path = g_build_filename(w->f.dir, "sequences/facts.conf", NULL);
    w->facts = facts_load(path, &w->f.error);
    g_assert_no_error(w->f.error);
    json_t *object = json_loads(facts, 0, NULL);
    g_assert_true(fact_row_from_json(w->facts, object, "test", at("2026-11-01 12:00"), w->f.config->timezone,
                                     &w->row, &w->f.error));
    json_decref(object);
}

static void
tear_down(struct world *w)
{
    fact_row_free(w->row);
    facts_free(w->facts);
    fixture_tear_down(&w->f);
}

/* Parses, checks and renders: what `usher preview` does. */
static gboolean
render(struct world *w, const char *text, const char *first_name, struct letter *out)
{
    scoped(mail_template_free) struct mail_template *tpl = mail_template_parse("t.md", text, &w->f.error);
    const struct letter_values values = {.row = w->row,
                                         .facts = w->facts,
                                         .config = w->f.config,
                                         .specialist = config_specialist(w->f.config, "ana"),
                                         .first_name = first_name,
                                         .now_us = at("2026-11-02 10:00")};
    memset(out, 0, sizeof *out);
    return tpl && mail_template_check(tpl, w->facts, &w->f.error) &&
           mail_template_render(tpl, &values, out, &w->f.error);
}

static const struct {
    const char *name, *text, *line, *expected;
} refusals[] = {
    {"no subject", "Thread: new\n\nHi\n", "t.md:1:", "Subject line is missing"},
    {"empty", "", "t.md:1:", "Subject line is missing"},
    {"two subjects", "Subject: a\nSubject: b\n\nHi\n", "t.md:2:", "a second Subject"},
    {"unknown header line", "Subject: a\nCc: x@y.example\n\nHi\n",
     "t.md:2:", "unknown header line \"Cc\": expected Subject, Thread, Max-Age"},
    {"no colon", "Subject: a\nHi there\n", "t.md:2:", "expected a header line"},
    {"thread", "Subject: a\nThread: old\n\nHi\n", "t.md:2:", "expected new or follow"},
    {"age without unit", "Subject: a\nMax-Age: 3\n\nHi\n", "t.md:2:", "expected a number of days or hours"},
    {"age of nothing", "Subject: a\nMax-Age: 0 days\n\nHi\n",
     "t.md:2:", "expected a number of days or hours"},
    {"age in weeks", "Subject: a\nMax-Age: 3 weeks\n\nHi\n", "t.md:2:", "expected a number of days or hours"},
    {"age in daylights", "Subject: a\nMax-Age: 3 daylights\n\nHi\n",
     "t.md:2:", "expected a number of days or hours"},
    {"unknown variable in the body", "Subject: a\nThread: new\n\nHi,\n\nit is {{ forecast_mr }}\n",
     "t.md:6:", "unknown variable \"forecast_mr\"; nearest is \"forecast_mrr\""},
    {"unknown variable in the subject", "# a comment\nSubject: {{ nam }}\n\nHi\n",
     "t.md:2:", "nearest is \"name\""},
    {"unknown variable in a branch not taken",
     "Subject: a\n\n{% if forecast_mrr > 1 %}\n{{ nobody_knows_this }}\n{% endif %}\n",
     "t.md:4:", "unknown variable \"nobody_knows_this\""},
    {"unknown in a condition", "Subject: a\n\n{% if forecast_mrrr > 1 %}x{% endif %}\n",
     "t.md:3:", "nearest is \"forecast_mrr\""},
    {"a tag without end", "Subject: a\n\nHi\n{% if name %}\nbye\n", "t.md:", ""},
    {"an unknown filter", "Subject: a\n\n{{ name | shuot }}\n", "t.md:3:", "shuot"},
    {"how many findings", "Subject: a\nFindings: 4\n\nHi\n", "t.md:2:", "Findings: expected 1, 2 or 3"},
    {"no number of findings", "Subject: a\nFindings: all\n\nHi\n", "t.md:2:", "Findings: expected 1, 2 or 3"},
    {"findings nobody asked for", "Subject: a\n\n{% for f in findings %}x{% endfor %}\n",
     "t.md:3:", "reads \"findings\", but has no header line \"Findings: 1\""},
    {"a finding that was not offered", "Subject: a\nFindings: 1\n\n{% include \"paragraph/usage-spike\" %}\n",
     "t.md:4:", "one of its findings"},
    {"a missing fact", "Subject: a\n\nHi {{ note }},\n", "t.md:3:", "nothing to print"},
    {"a missing fact in a sum", "Subject: a\n\n{{ note | plus: 1 }}\n", "t.md:3:", "nothing to print"},
    {"a missing fact in the subject", "Subject: About {{ note }}\n\nHi\n", "t.md:1:", "nothing to print"},
    {"nobody to greet", "Subject: a\n\nHi {{ greeting_name }},\n", "t.md:3:", "nothing to print"},
    {"a subject that comes out empty", "Subject: {% if forecast_mrr > 99999 %}x{% endif %}\n\nHi\n",
     "t.md:1:", "came out empty"},
};

static void
test_refusals(void)
{
    struct world w;
    set_up(&w, "{\"name\": \"Acme\", \"forecast_mrr\": 512.31}");
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        struct letter letter;
        g_test_message("%s", refusals[i].name);
        g_assert_false(render(&w, refusals[i].text, NULL, &letter));
        g_assert_nonnull(w.f.error);
        if (!g_str_has_prefix(w.f.error->message, refusals[i].line) ||
            !strstr(w.f.error->message, refusals[i].expected))
            g_error("%s: \"%s\"", refusals[i].name, w.f.error->message);
        g_assert_null(letter.subject);
        g_clear_error(&w.f.error);
    }
    tear_down(&w);
}

static const struct {
    const char *text;
    gboolean follows;
    gint64 max_age_us;
} headers[] = {
    {"Subject: a\n\nHi\n", FALSE, 0},
    {"# comment\nsubject: a\nTHREAD: follow\nmax-age: 36 hours\n\nHi\n", TRUE, 36 * CLOCK_HOUR_US},
    {"Subject: a\r\nThread: new\r\nMax-Age: 1 day\r\n\r\nHi\r\n", FALSE, CLOCK_DAY_US},
    {"Max-Age: 31 days\nSubject: a", FALSE, 31 * CLOCK_DAY_US},
};

static void
test_headers(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autoptr(GError) error = NULL;
        scoped(mail_template_free) struct mail_template *tpl =
            mail_template_parse("t.md", headers[i].text, &error);
        g_assert_no_error(error);
        g_assert_cmpint(mail_template_follows(tpl), ==, headers[i].follows);
        g_assert_cmpint(mail_template_max_age_us(tpl), ==, headers[i].max_age_us);
        g_assert_cmpstr(mail_template_text(tpl), ==, headers[i].text);
    }
}

/* What comes out; facts NULL: the usual ones. */
static const struct {
    const char *name, *facts, *text, *first_name, *subject, *markdown;
} renderings[] = {
    {"values", NULL,
     "Subject: For {{ name }}\n\nHi {{ first_name | default: \"there\" }}, {{ forecast_mrr | round | money: "
     "\"$\" }} {{ specialist.first_name }}"
     " {{ team.name }}\n",
     "Ann", "For Acme", "Hi Ann, $512 Ana The Team\n"},
    {"nobody's name", NULL, "Subject: a\n\nHi {{ first_name | default: \"there\" }}\n", NULL, "a",
     "Hi there\n"},
    {"a name that is a link", NULL, "Subject: a\n\nHi {{ first_name | default: \"there\" }}\n",
     "evil.example", "a", "Hi there\n"},
    {"a company that is a link", "{\"name\": \"www.evil.example\"}",
     "Subject: a\n\nFor {{ name | default: \"you\" }}\n", NULL, "a", "For you\n"},
    {"nobody delivered it", "{}", "Subject: a\n\n{% if forecast_mrr %}x{% else %}y{% endif %}\n", NULL, "a",
     "y\n"},
    {"a comment in the head", NULL, "# For {{ nobody }}\nSubject: a\n\nHi\n", NULL, "a", "Hi\n"},
    {"a body that begins with blank lines", NULL, "Subject: a\n\n\n\nHi\n", NULL, "a", "Hi\n"},
    {"windows line ends in the head", NULL, "Subject:   a  \r\n\r\nHi\n", NULL, "a", "Hi\n"},
};

static void
test_renderings(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(renderings); i++) {
        struct world w;
        struct letter letter;
        g_test_message("%s", renderings[i].name);
        set_up(&w,
               renderings[i].facts ? renderings[i].facts : "{\"name\": \"Acme\", \"forecast_mrr\": 512.31}");
        render(&w, renderings[i].text, renderings[i].first_name, &letter);
        g_assert_no_error(w.f.error);
        g_assert_cmpstr(letter.subject, ==, renderings[i].subject);
        g_assert_cmpstr(letter.markdown, ==, renderings[i].markdown);
        letter_clear(&letter);
        tear_down(&w);
    }
}

/* A value may not begin a header line of its own. */
static void
test_line_breaks_in_subject(void)
{
    static const char *const values[] = {"a\\r\\nBcc: x@y.example", "a\\nb", "a\\rb", "\\nb"};
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
        struct world w;
        struct letter letter;
        g_autofree char *facts = g_strdup_printf("{\"note\": \"%s\"}", values[i]);
        set_up(&w, facts);
        g_assert_false(render(&w, "Thread: new\nSubject: About {{ note }}\n\nHi\n", NULL, &letter));
        assert_refused(&w.f, USHER_ERROR_DATA, "Subject: a value holds a line break");
        g_assert_true(
            render(&w, "Subject: a\n\nAbout {{ note }}\n", NULL, &letter)); /* in the body it is no harm */
        letter_clear(&letter);
        tear_down(&w);
    }
}

/* Values stay text, whatever they hold. */
static void
test_values_are_no_markup(void)
{
    struct world w;
    struct letter letter;
    set_up(&w, "{\"note\": \"[reset](https://evil.example) <b> *x*\", \"last_invoice_url\": "
               "\"https://pay.example/1\"}");
    g_assert_true(
        render(&w, "Subject: a\n\nAbout {{ note }}, [pay]({{ last_invoice_url }})\n", NULL, &letter));
    g_assert_null(strstr(letter.markdown, "[reset]("));
    g_assert_null(strstr(letter.markdown, "<b>"));
    g_assert_nonnull(strstr(letter.markdown, "https://pay.example/1"));
    letter_clear(&letter);
    tear_down(&w);
}

/* What the mail rests on: each fact once, with value, source and age; conditions count. */
static void
test_used(void)
{
    struct world w;
    struct letter letter;
    set_up(&w, "{\"name\": \"Acme\", \"forecast_mrr\": 512.31}");
    g_assert_true(
        render(&w, "Subject: {{ name }}\n\n{% if note %}{{ note }}{% endif %}{{ name }} {{ forecast_mrr }}\n",
               NULL, &letter));
    char *used = json_dumps(letter.used, JSON_PRESERVE_ORDER | JSON_COMPACT | JSON_REAL_PRECISION(15));
    g_autofree char *expected = g_strdup_printf(
        "{\"name\":{\"value\":\"Acme\",\"source\":\"test\",\"as_of\":%" G_GINT64_FORMAT "},"
        "\"note\":{\"value\":null,\"source\":null,\"as_of\":0},"
        "\"forecast_mrr\":{\"value\":512.31,\"source\":\"test\",\"as_of\":%" G_GINT64_FORMAT "}}",
        at("2026-11-01 12:00"), at("2026-11-01 12:00"));
    g_assert_cmpstr(used, ==, expected);
    free(used);
    letter_clear(&letter);
    tear_down(&w);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/template/refusals", test_refusals);
    g_test_add_func("/compose/template/headers", test_headers);
    g_test_add_func("/compose/template/renderings", test_renderings);
    g_test_add_func("/compose/template/line-breaks-in-subject", test_line_breaks_in_subject);
    g_test_add_func("/compose/template/values-are-no-markup", test_values_are_no_markup);
    g_test_add_func("/compose/template/used", test_used);
    return g_test_run();
}
