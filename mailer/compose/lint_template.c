/* A template before any account: its own text with PROSE_VALUE for what is printed. Wording is judged
 * everywhere; how much there is, on the longest way through the alternatives; the subject in each of its
 * alternatives. */
#include "compose/lint.h"

#include "base/error.h"
#include "compose/finding.h"
#include "compose/lint_figures.h"
#include "compose/lint_rules.h"
#include "compose/template.h"
#include "liquid/liquid.h"

#include <string.h>

#define VARIANTS_MAX 256u /* of a subject; more are not looked at */

/* ---- the text of a Liquid template ---- */

/* The template's text on the lines of the file; tags leave nothing behind, printed values PROSE_VALUE. */
static char *
literal_text(const struct liquid_part *parts, size_t n)
{
    GString *out = g_string_new(NULL);
    unsigned line = 1;
    for (size_t i = 0; i < n; i++) {
        const struct liquid_part *part = &parts[i];
        if (part->kind != LIQUID_PART_TEXT && part->kind != LIQUID_PART_VALUE)
            continue;
        for (; line < part->line; line++)
            g_string_append_c(out, '\n');
        if (part->kind == LIQUID_PART_VALUE)
            g_string_append(out, PROSE_VALUE);
        else
            g_string_append_len(out, part->text, (gssize)part->len);
        for (size_t j = 0; j < part->len; j++)
            line += part->text[j] == '\n';
    }
    return g_string_free(out, FALSE);
}

/* Where a text that blank lines stand before begins. */
static int
first_line(const char *text)
{
    int line = 1;
    for (; g_ascii_isspace(*text); text++)
        line += *text == '\n';
    return line;
}

static gboolean
ends_alternative(const struct liquid_part *part)
{
    return part->kind == LIQUID_PART_BRANCH || part->kind == LIQUID_PART_JOIN;
}

/* ---- the longest way through ---- */

struct counter {
    struct lint_amounts sum;
    gboolean in_address; /* inside the "(…)" of a link */
    gboolean in_word;
};

static void
count_text(struct counter *c, const char *text, size_t len)
{
    const char *end = text + len;
    for (const char *p = text; p < end;) {
        gsize question = c->in_address || *p == '\0' ? 0 : lint_question_at(p);
        gunichar character = g_utf8_get_char(p);
        if (c->in_address) {
            c->in_address = *p != ')';
        } else if (g_str_has_prefix(p, "](")) {
            c->in_address = TRUE;
            c->in_word = FALSE;
            c->sum.links++;
            p++;
        } else if (question) {
            c->sum.questions++;
            p += question - 1;
            c->in_word = FALSE;
        } else if (g_unichar_isspace(character)) {
            c->in_word = FALSE;
        } else if (g_unichar_isalnum(character)) {
            c->sum.links +=
                !c->in_word && (g_str_has_prefix(p, "https://") || g_str_has_prefix(p, "http://"));
            c->sum.words += !c->in_word;
            c->in_word = TRUE;
        }
        p = g_utf8_next_char(p);
    }
}

static void
take_longer(struct lint_amounts *best, const struct lint_amounts *other)
{
    best->words = MAX(best->words, other->words);
    best->questions = MAX(best->questions, other->questions);
    best->links = MAX(best->links, other->links);
}

/* Counts from *i to the end of the alternative, or of the parts. */
static void
count_parts(struct counter *c, const struct liquid_part *parts, size_t n, size_t *i)
{
    for (; *i < n && !ends_alternative(&parts[*i]); ++*i) {
        if (parts[*i].kind == LIQUID_PART_TEXT) {
            count_text(c, parts[*i].text, parts[*i].len);
        } else if (parts[*i].kind == LIQUID_PART_VALUE) {
            c->sum.words += !c->in_word && !c->in_address;
            c->in_word = !c->in_address;
        } else { /* a fork: its branches follow */
            const struct counter before = *c;
            struct lint_amounts best = before.sum;
            for (++*i; *i < n && parts[*i].kind == LIQUID_PART_BRANCH;) {
                ++*i;
                *c = before;
                count_parts(c, parts, n, i);
                take_longer(&best, &c->sum);
            }
            c->sum = best;
        }
    }
}

/* ---- the alternatives of a subject ---- */

static void
add_variant(GPtrArray *variants, char *text)
{
    if (variants->len < VARIANTS_MAX && !g_ptr_array_find_with_equal_func(variants, text, g_str_equal, NULL))
        g_ptr_array_add(variants, text);
    else
        g_free(text);
}

static GPtrArray *
join_variants(GPtrArray *heads, const GPtrArray *tails)
{
    GPtrArray *joined = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < heads->len; i++)
        for (guint j = 0; j < tails->len; j++)
            add_variant(joined, g_strconcat(heads->pdata[i], tails->pdata[j], NULL));
    g_ptr_array_unref(heads);
    return joined;
}

static GPtrArray *
read_variants(const struct liquid_part *parts, size_t n, size_t *i)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(all, g_strdup(""));
    for (; *i < n && !ends_alternative(&parts[*i]); ++*i) {
        g_autoptr(GPtrArray) next = g_ptr_array_new_with_free_func(g_free);
        if (parts[*i].kind == LIQUID_PART_TEXT) {
            add_variant(next, g_strndup(parts[*i].text, parts[*i].len));
        } else if (parts[*i].kind == LIQUID_PART_VALUE) {
            add_variant(next, g_strdup(PROSE_VALUE));
        } else { /* a fork: its branches follow */
            for (++*i; *i < n && parts[*i].kind == LIQUID_PART_BRANCH;) {
                ++*i;
                g_autoptr(GPtrArray) branch = read_variants(parts, n, i);
                for (guint j = 0; j < branch->len; j++)
                    add_variant(next, g_strdup(branch->pdata[j]));
            }
        }
        all = join_variants(all, next);
    }
    return all;
}

/* ---- rules ---- */

static void
check_unused(struct lint_run *run, const struct liquid_template *tpl)
{
    size_t n;
    g_autofree struct liquid_name *unused = liquid_template_unused(tpl, &n);
    for (size_t i = 0; i < n; i++)
        lint_add(run, LINT_VARIABLE_UNUSED, (int)unused[i].line, "\"%s\" is assigned and never used",
                 unused[i].name);
}

/* A template says the same to everybody, so an amount or a share in its own words is nobody's fact. */
static void
check_literal_figures(struct lint_run *run, const struct prose *prose)
{
    g_autoptr(GArray) figures = figures_find(prose->clean->str);
    for (guint i = 0; i < figures->len; i++) {
        const struct figure *f = &g_array_index(figures, struct figure, i);
        if (f->money || f->percent)
            lint_add(run, LINT_FIGURE, prose_line(prose, f->at), "figure %.*s is written into the template",
                     (int)f->len, prose->clean->str + f->at);
    }
}

/* What prints the time of day is another text with every look at it. */
static void
check_clocks(struct lint_run *run, const struct liquid_template *tpl)
{
    size_t n;
    g_autofree struct liquid_name *clocks = liquid_template_clocks(tpl, &n);
    for (size_t i = 0; i < n; i++)
        lint_add(run, LINT_TIME_OF_DAY, (int)clocks[i].line, "\"%s\" is printed finer than a day",
                 clocks[i].name);
}

static void
check_subject(struct lint_run *run, const struct liquid_template *tpl)
{
    size_t n, i = 0;
    g_autofree struct liquid_part *parts = liquid_template_outline(tpl, &n);
    g_autoptr(GPtrArray) variants = read_variants(parts, n, &i);
    g_autofree char *text = literal_text(parts, n);
    int line = first_line(text);
    scoped(prose_free) struct prose *prose = prose_of_line(g_strchug(text), line);
    for (i = 0; i < variants->len; i++) {
        g_strstrip(variants->pdata[i]);
        lint_subject(run, variants->pdata[i], line);
    }
    lint_wording(run, prose);
    check_literal_figures(run, prose);
    check_unused(run, tpl);
    check_clocks(run, tpl);
}

static gboolean
check_body(struct lint_run *run, const char *name, const struct liquid_template *tpl, GError **error)
{
    size_t n, i = 0;
    g_autofree struct liquid_part *parts = liquid_template_outline(tpl, &n);
    g_autofree char *text = literal_text(parts, n);
    scoped(prose_free) struct prose *prose = prose_of_markdown(text, 1, TRUE, error);
    if (!prose) {
        g_prefix_error(error, "%s: ", name);
        return FALSE;
    }
    struct counter counter = {0};
    count_parts(&counter, parts, n, &i);
    counter.sum.words_line = counter.sum.questions_line = counter.sum.links_line = first_line(text);
    lint_wording(run, prose);
    lint_addresses(run, prose);
    check_literal_figures(run, prose);
    lint_amounts(run, &counter.sum);
    check_unused(run, tpl);
    check_clocks(run, tpl);
    return TRUE;
}

/* ---- mails nobody looks at before they go out ---- */

static gboolean
is_figure(const struct fact *fact)
{
    return fact->type == FACT_NUMBER || fact->type == FACT_INTEGER || fact->type == FACT_DATE ||
           fact->type == FACT_TIME;
}

/* The facts it prints: no figures, and none of unknown age. */
static void
check_printed(struct lint_run *run, const struct fact_set *facts, const struct mail_template *tpl,
              const struct liquid_template *part)
{
    size_t n;
    g_autofree struct liquid_name *printed = liquid_template_printed(part, &n);
    for (size_t i = 0; i < n; i++) {
        const struct fact *fact = facts_find(facts, printed[i].name);
        if (fact && is_figure(fact))
            lint_add(run, LINT_AUTOMATIC_FIGURE, (int)printed[i].line,
                     "an automatic mail prints the %s %s of the account", fact_type_name(fact->type),
                     fact->name);
        else if (fact && !fact->engine && !mail_template_max_age_us(tpl))
            lint_add(run, LINT_NO_MAX_AGE, (int)printed[i].line,
                     "an automatic mail prints %s, however old it is", fact->name);
    }
}

static gboolean
check_automatic(struct lint_run *run, const struct lint_template_input *in, const struct mail_template *tpl,
                GError **error)
{
    size_t n;
    g_autofree struct liquid_part *parts = liquid_template_outline(mail_template_body(tpl), &n);
    g_autofree char *text = literal_text(parts, n);
    scoped(prose_free) struct prose *prose = prose_of_markdown(text, 1, TRUE, error);
    if (!prose)
        return FALSE;
    lint_gaps(run, prose);
    if (mail_template_findings(tpl))
        lint_add(run, LINT_AUTOMATIC_FIGURE, 1, "an automatic mail tells findings");
    check_printed(run, in->facts, tpl, mail_template_subject(tpl));
    check_printed(run, in->facts, tpl, mail_template_body(tpl));
    return TRUE;
}

/* "NAME:LINE:COL: what" of a refusal as a line. */
static void
add_refusal(struct lint_run *run, enum lint_rule rule, const char *name, const char *message)
{
    const char *p = g_str_has_prefix(message, name) ? message + strlen(name) : message;
    int line = *p == ':' ? (int)g_ascii_strtoll(p + 1, NULL, 10) : 1;
    const char *what = strstr(p, ": ");
    lint_add(run, rule, MAX(line, 1), "%s", what ? what + 2 : message);
}

static gboolean
is_finding(const char *text)
{
    for (const char *p = text; *p && *p != '\n' && *p != '\r'; p += strcspn(p, "\n"), p += *p != '\0')
        if (g_ascii_strncasecmp(p, "When:", 5) == 0)
            return TRUE;
    return FALSE;
}

/* A header line that stands in somebody else's text. */
static void
check_line(struct lint_run *run, const struct liquid_template *tpl)
{
    size_t n;
    g_autofree struct liquid_part *parts = liquid_template_outline(tpl, &n);
    g_autofree char *text = literal_text(parts, n);
    scoped(prose_free) struct prose *prose = prose_of_markdown(text, 1, TRUE, NULL);
    if (prose) {
        lint_wording(run, prose);
        lint_addresses(run, prose);
        check_literal_figures(run, prose);
    }
    check_unused(run, tpl);
    check_clocks(run, tpl);
}

static gboolean
check_finding(struct lint_run *run, const struct lint_template_input *in, GError **error)
{
    scoped(finding_set_free) struct finding_set *set = finding_set_new(in->facts);
    if (!finding_set_add(set, in->name, in->name, in->text, error))
        return FALSE;
    const struct finding *f = finding_set_at(set, 0);
    if (f->subject)
        check_subject(run, f->subject);
    if (f->summary)
        check_line(run, f->summary);
    if (f->advice)
        check_line(run, f->advice);
    return check_body(run, in->name, f->body, error);
}

static gboolean
check_template(struct lint_run *run, const struct lint_template_input *in, GError **error)
{
    scoped(mail_template_free) struct mail_template *tpl = mail_template_parse(in->name, in->text, error);
    g_autoptr(GError) unknown = NULL;
    if (!tpl)
        return FALSE;
    if (!mail_template_check(tpl, in->facts, &unknown))
        add_refusal(run, LINT_VARIABLE_UNKNOWN, in->name, unknown->message);
    check_subject(run, mail_template_subject(tpl));
    return check_body(run, in->name, mail_template_body(tpl), error) &&
           (!in->automatic || check_automatic(run, in, tpl, error));
}

GPtrArray *
lint_template(const struct lint_template_input *in, GError **error)
{
    struct lint_run run = lint_begin(in->config);
    gboolean ok = is_finding(in->text) ? check_finding(&run, in, error) : check_template(&run, in, error);
    g_autoptr(GPtrArray) lines = lint_end(&run);
    return ok ? g_steal_pointer(&lines) : NULL;
}
