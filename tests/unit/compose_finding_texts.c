/* What the shipped findings (fixture_findings.h) say: their subjects and paragraphs, the manner of these, and
 * that no value of a customer's brings markup along. */
#include "compose/markdown.h"

#include "fixture_findings.h"

struct source {
    const struct world *w;
    const struct fact_row *row;
    struct placeholders *values;
};

static bool
lookup(void *user, const char *name, size_t len, struct liquid_value *out)
{
    const struct source *source = user;
    const struct fact_value *value = fact_row_get(source->row, name);
    (void)len;
    *out = value && value->value ? liquid_json(value->value) : (struct liquid_value){.type = LIQUID_NIL};
    return value != NULL;
}

static bool
emit(void *user, const char *value, size_t len, GString *out, GError **error)
{
    return placeholders_emit(((struct source *)user)->values, value, len, out, error);
}

struct rendered {
    char *subject, *markdown, *text, *html;
};

static void
rendered_clear(struct rendered *r)
{
    g_free(r->subject);
    g_free(r->markdown);
    g_free(r->text);
    g_free(r->html);
}

/* As a mail would have it: the subject plain, the paragraph through Markdown. */
static void
render(struct world *w, const char *name, const struct fact_row *row, struct rendered *out)
{
    const struct finding *f = finding_set_find(w->set, name);
    scoped(placeholders_free) struct placeholders *values = placeholders_new();
    struct source source = {w, row, values};
    struct liquid_options options = {.data = {.lookup = lookup, .user = &source},
                                     .zone = fact_row_zone(row),
                                     .now_us = at("2026-11-02 10:00"),
                                     .user = &source};
    GString *subject = g_string_new(NULL);
    g_autoptr(GString) body = g_string_new(NULL);
    liquid_template_render(f->subject, &options, subject, &w->f.error);
    g_assert_no_error(w->f.error);
    options.emit = emit;
    liquid_template_render(f->body, &options, body, &w->f.error);
    g_assert_no_error(w->f.error);
    out->subject = g_strstrip(g_string_free(subject, FALSE));
    out->markdown = markdown_expand(body->str, values, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(markdown_render(out->markdown, NULL, &out->text, &out->html, &w->f.error));
    g_assert_no_error(w->f.error);
}

static guint
count(const char *text, const char *what)
{
    guint n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

/* Words as a reader counts them: those of the paragraph without the address of its link. */
static guint
count_words(const char *paragraph)
{
    guint n = 0;
    g_auto(GStrv) words = g_strsplit_set(paragraph, " \n", -1);
    for (char **word = words; *word; word++) {
        gboolean letters = FALSE;
        for (const char *p = *word; *p; p = g_utf8_next_char(p))
            letters = letters || g_unichar_isalnum(g_utf8_get_char(p));
        n += letters && !strstr(*word, "://");
    }
    return n;
}

/* Never in a mail of ours: phrases, dashes, a promise, a word of the payment mails in a subject. */
static const char *const never[] = {"circling back",
                                    "touching base",
                                    "hope this finds you",
                                    "love to connect",
                                    "genuinely curious",
                                    "open to a quick chat",
                                    "let me know your thoughts",
                                    "synergy",
                                    "leverage",
                                    "alignment",
                                    "best-in-class",
                                    "checking in",
                                    "following up",
                                    "—",
                                    "–",
                                    "--",
                                    "…",
                                    "refund",
                                    "guarantee",
                                    "{",
                                    "}",
                                    "nil",
                                    " .",
                                    " ,",
                                    "..",
                                    "$0",
                                    " 0%",
                                    "NaN",
                                    "Infinity",
                                    "  "};
static const char *const never_in_subjects[] = {"payment",   "outstanding", "fail",     "checking",
                                                "following", "re:",         "audit of", "\n"};

static void
check_manner(const char *name, const char *changes, const struct rendered *r, gboolean asks)
{
    g_autofree char *paragraph = g_strdelimit(g_utf8_strdown(r->text, -1), "\n", ' ');
    g_autofree char *subject = g_utf8_strdown(r->subject, -1);
    const char *wrong = NULL;
    g_strstrip(paragraph);
    for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
        wrong = strstr(paragraph, never[i]) || strstr(subject, never[i]) ? never[i] : wrong;
    for (gsize i = 0; i < G_N_ELEMENTS(never_in_subjects); i++)
        wrong = strstr(subject, never_in_subjects[i]) ? never_in_subjects[i] : wrong;
    guint words = count_words(r->text);
    if (words < 40 || words > 65)
        wrong = "too short or too long";
    if (g_utf8_strlen(r->subject, -1) > 60 || !*r->subject)
        wrong = "the length of the subject";
    if (count(r->html, "<p") != 1)
        wrong = "more than one paragraph";
    if (count(r->html, "<a ") != 1 || count(r->markdown, "](https://") != 1)
        wrong = "the number of links";
    if (count(r->text, "?") != (asks ? 1 : 0))
        wrong = "the number of questions";
    if (g_getenv("SHOW_FINDINGS"))
        g_print("%s %s (%u words)\n%s\n%s\n", name, changes, words, r->subject, r->text);
    if (wrong)
        complain("%s with %s: \"%s\" (%u words)\n%s\n%s", name, changes, wrong, words, r->subject, r->text);
}

/* One of the lines that stand in other texts, as the customer reads it; the caller frees. */
static char *
render_line(struct world *w, const struct liquid_template *tpl, const struct fact_row *row)
{
    scoped(placeholders_free) struct placeholders *values = placeholders_new();
    struct source source = {w, row, values};
    struct liquid_options options = {.data = {.lookup = lookup, .user = &source},
                                     .zone = fact_row_zone(row),
                                     .now_us = at("2026-11-02 10:00"),
                                     .no_blanks = true,
                                     .user = &source,
                                     .emit = emit};
    g_autoptr(GString) line = g_string_new("x ");
    char *text = NULL;
    g_autofree char *html = NULL;
    liquid_template_render(tpl, &options, line, &w->f.error);
    g_assert_no_error(w->f.error);
    g_autofree char *markdown = markdown_expand(line->str, values, &w->f.error);
    g_assert_true(markdown_render(markdown, NULL, &text, &html, &w->f.error));
    g_assert_no_error(w->f.error);
    g_assert_cmpuint(count(html, "<p"), ==, 1);
    return g_strdelimit(text, "\n", ' ');
}

/* The sentence for where another finding leads, and the advice to recall. */
static void
check_lines(struct world *w, const struct finding *f, const struct fact_row *row)
{
    g_autofree char *summary = render_line(w, f->summary, row);
    g_autofree char *advice = f->advice ? render_line(w, f->advice, row) : NULL;
    const char *wrong = NULL;
    guint words = count_words(summary);
    for (gsize i = 0; i < G_N_ELEMENTS(never); i++)
        if (strstr(summary, never[i]) || (advice && strstr(advice, never[i])))
            wrong = never[i];
    if (words < 12 || words > 32)
        wrong = "too short or too long";
    g_strchomp(summary);
    if (!strstr(summary, f->docs) || !strchr(".?", summary[strlen(summary) - 1]) ||
        g_ascii_islower(summary[strlen("x ")]))
        wrong = "no sentence with its page";
    if (advice &&
        (count_words(advice) > 14 || strpbrk(advice, ".?$") || g_ascii_isupper(advice[strlen("x ")])))
        wrong = "no phrase";
    if (g_getenv("SHOW_FINDINGS"))
        g_print("%s (%u words)\n%s\n%s\n", f->name, words, summary, advice ? advice : "");
    if (wrong)
        complain("%s: \"%s\" (%u words)\n%s\n%s", f->name, wrong, words, summary, advice ? advice : "");
}

static void
test_paragraphs(void)
{
    struct world w;
    set_up(&w);
    for (gsize i = 0; i < G_N_ELEMENTS(samples); i++) {
        const struct sample *s = &samples[i];
        g_autoptr(GPtrArray) matches = NULL;
        scoped(fact_row_free) struct fact_row *row = make_row(&w, s->facts, "{}", 1);
        struct rendered r;
        render(&w, s->name, row, &r);
        const struct finding_match *m = judge(&w, s->name, row, &matches);
        check_lines(&w, m->finding, row);
        check_manner(s->name, "{}", &r, strcmp(s->name, "identify-share") == 0);
        g_autofree char *all = g_strconcat(r.subject, "\n", r.text, NULL);
        g_autofree char *line = g_strdelimit(g_strdup(all), "\n", ' ');
        for (gsize j = 0; j < G_N_ELEMENTS(s->says) && s->says[j]; j++)
            if (!strstr(line, s->says[j]))
                complain("%s does not say \"%s\":\n%s", s->name, s->says[j], all);
        if (!g_strrstr(r.html, m->finding->docs))
            complain("%s: its text links to another page than its Docs", m->finding->file);
        if (ABS(m->rank - s->rank) > 0.001)
            complain("%s ranks %g, expected %g", s->name, m->rank, s->rank);
        rendered_clear(&r);
        for (int j = 0; j < MAX_CASES && s->variants[j]; j++) {
            scoped(fact_row_free) struct fact_row *other = make_row(&w, s->facts, s->variants[j], 1);
            render(&w, s->name, other, &r);
            check_lines(&w, m->finding, other);
            check_manner(s->name, s->variants[j], &r, strcmp(s->name, "identify-share") == 0);
            rendered_clear(&r);
        }
    }
    tear_down(&w);
}

/* Puts value into every text, name and list that tpl reads. */
static void
spoil(const struct world *w, const struct liquid_template *tpl, json_t *facts, const char *value)
{
    size_t n;
    g_autofree struct liquid_name *reads = liquid_template_variables(tpl, &n);
    for (size_t i = 0; i < n; i++) {
        enum fact_type type = facts_find(w->facts, reads[i].name)->type;
        if (type == FACT_TEXT || type == FACT_NAME)
            json_object_set_new(facts, reads[i].name, json_string(value));
        else if (type == FACT_LIST)
            json_object_set_new(facts, reads[i].name, json_pack("[s, s]", value, value));
    }
}

/* Whatever a text or a list holds, the paragraph stays one paragraph with one link, and the subject one line.
 */
static void
test_hostile(void)
{
    static const char *const values[] = {
        "[reset](https://evil.example) <b>x</b> *y* {{ forecast_mrr }} {% raw %}",
        "a\r\nBcc: x@y.example\r\n\r\n# Heading",
        "payment failed, outstanding",
        "\xE2\x80\xAEgnp.exe\xE2\x80\xAC",
        "https://evil.example/login",
        "日本語 مرحبا 🎉 ![x](y)",
        "100% `code` \\ | ~~ &lt;script&gt;"};
    struct world w;
    set_up(&w);
    for (gsize i = 0; i <= G_N_ELEMENTS(values); i++) {
        g_autofree char *huge = g_strnfill(1000000, 'x');
        const char *value = i < G_N_ELEMENTS(values) ? values[i] : huge;
        for (gsize j = 0; j < G_N_ELEMENTS(samples); j++) {
            json_t *object = read_object(samples[j].facts);
            spoil(&w, finding_set_find(w.set, samples[j].name)->body, object, value);
            spoil(&w, finding_set_find(w.set, samples[j].name)->subject, object, value);
            struct fact_row *row = NULL;
            struct rendered r;
            fact_row_from_json(w.facts, object, "test", at("2026-11-01 10:00"), w.f.config->timezone, &row,
                               &w.f.error);
            g_assert_no_error(w.f.error);
            fact_row_set_today(row, at("2026-11-02 10:00"));
            render(&w, samples[j].name, row, &r);
            if (strpbrk(r.subject, "\r\n") || strstr(r.subject, "evil") || strstr(r.subject, "payment") ||
                g_utf8_strlen(r.subject, -1) > 60)
                complain("%s: the subject holds a value: %s", samples[j].name, r.subject);
            if (count(r.html, "<a ") != 1 || strstr(r.html, "<b>") || strstr(r.html, "<h1") ||
                strstr(r.html, "<em>") || strlen(r.text) > 1200 || strstr(r.text, "\xE2\x80\xAE"))
                complain("%s: the paragraph holds markup of a value: %s", samples[j].name, r.text);
            rendered_clear(&r);
            fact_row_free(row);
            json_decref(object);
        }
    }
    tear_down(&w);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/compose/findings/paragraphs", test_paragraphs);
    g_test_add_func("/compose/findings/hostile", test_hostile);
    return g_test_run();
}
