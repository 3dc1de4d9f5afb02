/* Findings in mails: the choice, what fits, what is kept with a draft and what voids it, and the check-in
 * that never says the same again. */
#include "compose/draft_write.h"
#include "compose/finding_choice.h"
#include "compose/lint_rules.h"
#include "compose/prose.h"
#include "fixture.h"

static const char facts_conf[] =
    "fact a { type = \"number\" }\nfact b { type = \"number\" }\nfact c { type = \"number\" }\n"
    "fact d { type = \"number\" }\nfact owner { type = \"text\" }\nfact region { type = \"text\" }\n";

/* name, head after When and Rank, body */
static const char *const files[][2] = {
    {"a", "When: a > 0\nRank: a\nSubject: A leads{% if a > 500 %}, much{% endif %}\nShort: Short A {{ a | "
          "round }}.\n"
          "Advice: doing {{ a | round }} of A\nAudience: finance\nTopic: one\nMax-Age: 30 days\n\n"
          "{% assign x = a %}Long A {{ x | round }}.\n"},
    {"b", "When: b > 0\nRank: b\nSubject: B leads\nShort: Short B.\nAudience: engineering\nTopic: one\n"
          "Max-Age: 30 days\n\nLong B{% if b > 1000 %}, much{% endif %}.\n"},
    {"c", "When: c > 0\nRank: c\nAdvice: doing C\nTopic: two\nMax-Age: 30 days\n\nLong C.\n"},
    {"d", "When: d > 0\nRank: d\nSubject: D leads\nShort: Short D.\nAdvice: doing D\nAudience: "
          "product\nTopic: three\n"
          "Max-Age: 30 days\n\nLong D.\n"},
};

static const char first_md[] =
    "Subject: {% if findings.size > 0 %}{% include findings.first.subject %}{% else %}None{% endif %}\n"
    "Findings: 3\nMax-Age: 2 days\n\n"
    "{% for f in findings %}{% if forloop.first %}{% include f.paragraph %}\n\n"
    "{% else %}{% include f.short %} {% endif %}{% endfor %}"
    "{% if a > 100000 %}too much{% endif %}End.\n";

static const char check_md[] = "Subject: Checked\nThread: follow\nFindings: 1\n\n"
                               "{% if told.size > 0 %}You left {% include told.first.advice %} open."
                               "{% elsif findings.size > 0 %}{% include findings.first.paragraph %}"
                               "{% else %}Nothing new.{% endif %}\n";

struct world {
    struct fixture f;
    struct fact_set *facts;
    struct fact_row *row;
    gint64 account_id;
    struct composer composer;
    struct draft_request request;
};

static void
facts_are(struct world *w, const char *json, const char *as_of, const char *now)
{
    set_facts(&w->f, w->account_id, json, at(as_of));
    fact_row_free(w->row);
    g_assert_true(
        fact_row_load(w->f.db, w->facts, w->account_id, w->f.config->timezone, &w->row, &w->f.error));
    fact_row_set_today(w->row, at(now));
    w->composer.row = w->row;
    w->composer.now_us = at(now);
}

static void
set_up(struct world *w)
{
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    fixture_write(&w->f, "sequences/facts.conf", facts_conf);
    fixture_write(&w->f, "templates/first.md", first_md);
    fixture_write(&w->f, "templates/check.md", check_md);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *name = g_strdup_printf("templates/findings/%s.md", files[i][0]);
        fixture_write(&w->f, name, files[i][1]);
    }
    g_autofree char *path = g_build_filename(w->f.dir, "sequences/facts.conf", NULL);
    g_autofree char *folder = g_build_filename(w->f.dir, "templates/findings", NULL);
    w->facts = facts_load(path, &w->f.error);
    w->account_id = add_account(&w->f, "acme", "{}");
    add_contact(&w->f, w->account_id, "ann@acme.example", "owner engineering - Ann");
    w->composer = (struct composer){.db = w->f.db,
                                    .config = w->f.config,
                                    .facts = w->facts,
                                    .findings = finding_files_new(folder, w->facts)};
    static const char *const payment_words[] = {"payment", NULL};
    w->request = (struct draft_request){.account_id = w->account_id,
                                        .sequence = "trial",
                                        .step = "hello",
                                        .template_name = "first.md",
                                        .audience = RECIPIENTS_OWNERS_ADMINS,
                                        .payment_words = payment_words};
    g_assert_no_error(w->f.error);
}

static void
tear_down(struct world *w)
{
    finding_files_free(w->composer.findings);
    fact_row_free(w->row);
    facts_free(w->facts);
    fixture_tear_down(&w->f);
}

static struct draft *
compose(struct world *w)
{
    struct draft *d = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    return d;
}

/* "name name", again ones in brackets. */
static char *
pinned_line(const struct draft *d)
{
    GString *out = g_string_new(NULL);
    json_t *one;
    size_t i;
    json_array_foreach(d->findings, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        gboolean again = json_is_true(json_object_get(one, "again"));
        g_string_append_printf(out, again ? "%s(%s)" : "%s%s", i ? " " : "", name);
    }
    return g_string_free(out, FALSE);
}

/* Without the blank lines that tags leave behind; the caller frees. */
static char *
squeeze(const char *text)
{
    g_autoptr(GRegex) gap = g_regex_new("\n\n+", 0, 0, NULL);
    return g_regex_replace_literal(gap, text, -1, 0, "\n\n", 0, NULL);
}

/* ---- the choice ---- */

static const struct {
    const char *facts, *subject, *markdown, *findings;
} choices[] = {
    {"{}", "None", "End.\n", ""},
    {"{\"a\": 10}", "A leads", "Long A 10.\n\nEnd.\n", "a"},
    {"{\"a\": 10, \"d\": 20}", "D leads", "Long D.\n\nShort A 10. End.\n", "d a"},
    {"{\"a\": 10, \"b\": 20}", "B leads", "Long B.\n\nEnd.\n", "b"}, /* the same topic */
    /* what has no Subject never leads, and without a Short gives its paragraph */
    {"{\"c\": 900, \"a\": 10}", "A leads", "Long A 10.\n\nLong C. End.\n", "a c"},
    {"{\"c\": 900}", "None", "End.\n", ""},
    {"{\"a\": 10, \"b\": 20, \"c\": 5, \"d\": 1}", "B leads", "Long B.\n\nLong C. Short D. End.\n", "b c d"},
};

static void
test_choice(void)
{
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(choices); i++) {
        facts_are(&w, choices[i].facts, "2026-11-01 10:00", "2026-11-02 10:00");
        scoped(draft_free) struct draft *d = compose(&w);
        g_autofree char *names = pinned_line(d);
        g_autofree char *squeezed = squeeze(d->markdown);
        g_assert_cmpstr(d->subject, ==, choices[i].subject);
        g_assert_cmpstr(squeezed, ==, choices[i].markdown);
        g_assert_cmpstr(names, ==, choices[i].findings);
    }
    tear_down(&w);
}

/* As many as fit into 150 words; one always stands. */
static void
test_words(void)
{
    static const struct {
        guint words;
        const char *findings;
    } cases[] = {{100, "b c d"}, {143, "b c d"}, {144, "b c"}, {145, "b c"}, {146, "b"}, {190, "b"}};
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *text = g_string_new(first_md);
        for (guint n = 0; n < cases[i].words; n++)
            g_string_append(text, "word ");
        fixture_write(&w.f, "templates/first.md", text->str);
        g_string_free(text, TRUE);
        facts_are(&w, "{\"b\": 20, \"c\": 5, \"d\": 1}", "2026-11-01 10:00", "2026-11-02 10:00");
        scoped(draft_free) struct draft *d = compose(&w);
        g_autofree char *names = pinned_line(d);
        g_assert_cmpstr(names, ==, cases[i].findings);
    }
    tear_down(&w);
}

/* A few chosen by what they do hear what concerns them. */
static void
test_audience(void)
{
    static const struct {
        enum audience audience;
        const char *function, *findings;
    } cases[] = {
        {RECIPIENTS_BY_ROLE, "product", "d c"},      {RECIPIENTS_BY_ROLE, "finance", "a c"},
        {RECIPIENTS_BY_ROLE, "other", ""},           {RECIPIENTS_BY_ROLE, NULL, "d c a"},
        {RECIPIENTS_PARTICIPANTS, "product", "d c"}, {RECIPIENTS_OWNERS_ADMINS, "product", "d c a"},
    };
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        store_exec(w.f.db, "UPDATE contact SET function = ?", &w.f.error, "t", cases[i].function);
        w.request.audience = cases[i].audience;
        facts_are(&w, "{\"a\": 10, \"c\": 15, \"d\": 20}", "2026-11-01 10:00", "2026-11-02 10:00");
        scoped(draft_free) struct draft *d = compose(&w);
        g_autofree char *names = pinned_line(d);
        g_assert_cmpstr(names, ==, cases[i].findings);
    }
    tear_down(&w);
}

/* Whom a mail concerns: first by what is still open, then by what is new. */
static void
test_concerned(void)
{
    struct world w;
    set_up(&w);
    facts_are(&w, "{\"a\": 10, \"b\": 30, \"c\": 15, \"d\": 20}", "2026-11-01 10:00", "2026-11-02 10:00");
    struct finding_set *set = finding_files_set(w.composer.findings, &w.f.error);
    g_autoptr(GPtrArray) matches = finding_set_judge(set, w.row, w.composer.now_us, &w.f.error);
    g_assert_no_error(w.f.error);
    g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree const char **first = finding_audiences(matches, told);
    g_hash_table_add(told, (char *)(gsize) "a");
    g_hash_table_add(told, (char *)(gsize) "b"); /* has no Advice */
    g_autofree const char **later = finding_audiences(matches, told);
    g_autofree char *first_line = g_strjoinv(" ", (char **)(gsize)first);
    g_autofree char *later_line = g_strjoinv(" ", (char **)(gsize)later);
    g_assert_cmpstr(first_line, ==, "engineering product finance");
    g_assert_cmpstr(later_line, ==, "finance product");
    tear_down(&w);
}

/* ---- what was used, and its age ---- */

static void
test_used(void)
{
    struct world w;
    set_up(&w);
    /* The template's two days are for what it reads itself; its finding brings its own thirty. */
    facts_are(&w, "{\"b\": 20}", "2026-11-01 10:00", "2026-11-20 10:00");
    w.request.automatic = TRUE;
    scoped(draft_free) struct draft *d = compose(&w);
    json_t *used = json_object_get(d->basis, "b");
    g_assert_cmpint(json_integer_value(json_object_get(used, "as_of")), ==, at("2026-11-01 10:00"));
    g_assert_cmpstr(json_string_value(json_object_get(used, "source")), ==, "test");
    facts_are(&w, "{\"a\": 20}", "2026-11-01 10:00", "2026-11-20 10:00");
    g_assert_null(draft_compose(&w.composer, &w.request, &w.f.error));
    assert_refused(&w.f, USHER_ERROR_DATA, "the fact a is 19 days old, the template allows 2");
    /* After thirty days the finding is not told. */
    facts_are(&w, "{\"b\": 20}", "2026-11-01 10:00", "2026-12-02 10:00");
    scoped(draft_free) struct draft *late = compose(&w);
    g_assert_cmpstr(late->subject, ==, "None");
    tear_down(&w);
}

/* ---- what an approval rests on ---- */

static const struct {
    const char *facts, *difference; /* NULL: it still holds */
} changes[] = {
    {"{\"a\": 10, \"d\": 20}", NULL},
    {"{\"a\": 10.3, \"d\": 25}", NULL},          /* prints the same */
    {"{\"a\": 30, \"d\": 20.5}", "Short A 30."}, /* another figure, and the order of ranks does not matter */
    {"{\"a\": 10, \"d\": 20, \"b\": 99, \"c\": 50}", NULL}, /* what it does not mention */
    {"{\"a\": 0, \"d\": 20}", "the finding a no longer holds: its rule is false"},
    {"{\"a\": 10}", "the finding d no longer holds: undecided: d missing"},
};

static void
test_pinned(void)
{
    struct world w;
    set_up(&w);
    facts_are(&w, "{\"a\": 10, \"d\": 20}", "2026-11-01 10:00", "2026-11-02 10:00");
    scoped(draft_free) struct draft *made = compose(&w);
    g_assert_true(draft_store(w.f.db, made, &w.f.error));
    /* The files of now are for the next draft, not for this one. */
    fixture_write(&w.f, "templates/findings/d.md", "When: d > 5000\nSubject: Other\n\nOther.\n");
    fixture_write(&w.f, "templates/findings/a.md", "When: nonsense\n\nOther.\n");
    fixture_write(&w.f, "templates/first.md", "Subject: Other\n\nOther.\n");
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        scoped(draft_free) struct draft *d = draft_load(w.f.db, w.f.config, made->id, &w.f.error);
        g_autofree char *difference = NULL;
        facts_are(&w, changes[i].facts, "2026-11-03 10:00", "2026-11-04 10:00");
        gboolean holds = draft_still_holds(&w.composer, d, &difference, &w.f.error);
        g_assert_no_error(w.f.error);
        if (holds != (changes[i].difference == NULL) ||
            (!holds && !strstr(difference, changes[i].difference)))
            g_error("%s: \"%s\"", changes[i].facts, difference);
    }
    facts_are(&w, "{\"a\": 10, \"d\": 20}", "2026-11-03 10:00", "2027-01-04 10:00");
    scoped(draft_free) struct draft *d = draft_load(w.f.db, w.f.config, made->id, &w.f.error);
    g_autofree char *difference = NULL;
    g_assert_false(draft_still_holds(&w.composer, d, &difference, &w.f.error));
    g_assert_cmpstr(difference, ==, "the finding d no longer holds: withheld: too old: d");
    tear_down(&w);
}

/* ---- the check-in ---- */

static const struct {
    const char *name, *before, *state, *facts, *markdown, *findings;
} check_ins[] = {
    {"a nudge", "{\"a\": 10}", "sent", "{\"a\": 7, \"d\": 90}", "You left doing 7 of A open.\n", "(a)"},
    {"of two the larger", "{\"a\": 10, \"d\": 5}", "sent", "{\"a\": 7, \"d\": 90}",
     "You left doing D open.\n", "(d)"},
    {"something new", "{\"a\": 10}", "sent", "{\"d\": 90}", "Long D.\n", "d"},
    {"told, but whether it was followed cannot be seen", "{\"b\": 10}", "sent", "{\"b\": 3, \"d\": 90}",
     "Long D.\n", "d"},
    {"neither", "{\"a\": 10}", "sent", "{}", "Nothing new.\n", ""},
    {"neither, for it was told", "{\"b\": 10}", "sent", "{\"b\": 3}", "Nothing new.\n", ""},
    {"never sent", "{\"a\": 10}", "withdrawn", "{\"a\": 7}", "Long A 7.\n", "a"},
    {"perhaps sent", "{\"a\": 10}", "unknown", "{\"a\": 7}", "You left doing 7 of A open.\n", "(a)"},
};

static void
test_check_in(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(check_ins); i++) {
        struct world w;
        set_up(&w);
        g_test_message("%s", check_ins[i].name);
        facts_are(&w, check_ins[i].before, "2026-11-01 10:00", "2026-11-02 10:00");
        scoped(draft_free) struct draft *first = compose(&w);
        g_assert_true(draft_store(w.f.db, first, &w.f.error));
        gboolean unknown = strcmp(check_ins[i].state, "unknown") == 0;
        store_exec(w.f.db, "UPDATE message SET state = ?", &w.f.error, "t",
                   unknown ? "queued" : check_ins[i].state);
        if (unknown)
            run_sql(&w.f,
                    "INSERT INTO delivery(message_id, mailbox, address, field, state, next_at, at) VALUES(1, "
                    "'ana', 'ann@acme.example', 'to', 'unknown', 0, 0)");
        w.request.template_name = "check.md";
        w.request.audience = RECIPIENTS_PARTICIPANTS;
        run_sql(&w.f, "UPDATE contact SET function = NULL");
        facts_are(&w, check_ins[i].facts, "2026-11-20 10:00", "2026-11-20 10:00");
        scoped(draft_free) struct draft *d = compose(&w);
        g_autofree char *names = pinned_line(d);
        g_autofree char *squeezed = squeeze(d->markdown);
        g_assert_cmpstr(squeezed, ==, check_ins[i].markdown);
        g_assert_cmpstr(names, ==, check_ins[i].findings);
        json_t *told = finding_pinned_names(d->findings);
        g_assert_cmpuint(json_array_size(told), ==, *names && *names != '(' ? 1 : 0);
        json_decref(told);
        g_autofree char *difference = NULL;
        g_assert_true(draft_store(w.f.db, d, &w.f.error));
        scoped(draft_free) struct draft *again = draft_load(w.f.db, w.f.config, d->id, &w.f.error);
        if (!draft_still_holds(&w.composer, again, &difference, &w.f.error))
            g_error("%s: %s", check_ins[i].name, difference);
        tear_down(&w);
    }
}

/* ---- what goes wrong ---- */

static void
test_refused(void)
{
    static const struct {
        const char *file, *text, *expected;
    } cases[] = {
        {"templates/first.md", "Subject: a\nFindings: 1\n\n{{ findings.first.paragraph }}\n", "is a partial"},
        {"templates/first.md", "Subject: {{ findings.first.subject }}\nFindings: 1\n\nx\n", "is a partial"},
        {"templates/findings/a.md", "When: a > 0\nSubject: x\n\nHi {{ first_name }}\n",
         "findings/a.md:4:7: \"first_name\" is no fact"},
        {"templates/findings/a.md", "When: a > 0\nSubject: x\nShort: {{ aa }}\n\nx\n", "nearest is \"a\""},
        {"templates/findings/a.md", "When: a > 0\nSubject: x\nAdvice:\n {% if %}\n\nx\n", "findings/a.md:"},
        {"templates/findings/a.md", "When: a > 0\nSubject: x {{ b }}\n\nx\n",
         "findings/a.md:2:6: nothing to print"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct world w;
        set_up(&w);
        fixture_write(&w.f, cases[i].file, cases[i].text);
        facts_are(&w, "{\"a\": 10}", "2026-11-01 10:00", "2026-11-02 10:00");
        g_assert_null(draft_compose(&w.composer, &w.request, &w.f.error));
        assert_refused(&w.f, USHER_ERROR_DATA, cases[i].expected);
        tear_down(&w);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/choice/choice", test_choice);
    g_test_add_func("/compose/choice/words", test_words);
    g_test_add_func("/compose/choice/audience", test_audience);
    g_test_add_func("/compose/choice/concerned", test_concerned);
    g_test_add_func("/compose/choice/used", test_used);
    g_test_add_func("/compose/choice/pinned", test_pinned);
    g_test_add_func("/compose/choice/check-in", test_check_in);
    g_test_add_func("/compose/choice/refused", test_refused);
    return g_test_run();
}
