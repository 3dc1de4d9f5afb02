/* Loading and judging findings. All rules of a set run as one statement (store/rules.h). A guard without
 * verdict withholds: it would rather not say a thing than say a wrong one. */
#include "compose/finding.h"

#include "base/clock.h"
#include "base/error.h"
#include "compose/header.h"
#include "compose/placeholder.h"

#include <string.h>

const char *const finding_audience_names[FINDING_AUDIENCE_COUNT] = {[FINDING_ANY] = "any",
                                                                    [FINDING_ENGINEERING] = "engineering",
                                                                    [FINDING_PRODUCT] = "product",
                                                                    [FINDING_FINANCE] = "finance"};

struct finding_set {
    const struct fact_set *facts;
    struct rules *rules;
    GPtrArray *findings;
};

static void
finding_free(gpointer data)
{
    struct finding *f = data;
    g_free(f->name);
    g_free(f->file);
    g_free(f->text);
    g_free(f->topic);
    g_free(f->docs);
    g_clear_pointer(&f->subject, liquid_template_free);
    g_clear_pointer(&f->summary, liquid_template_free);
    g_clear_pointer(&f->advice, liquid_template_free);
    g_clear_pointer(&f->body, liquid_template_free);
    g_clear_pointer(&f->reads, g_ptr_array_unref);
    g_free(f);
}

struct finding_set *
finding_set_new(const struct fact_set *facts)
{
    struct finding_set *set = g_new0(struct finding_set, 1);
    set->facts = facts;
    set->rules = rules_new(facts_names(facts));
    set->findings = g_ptr_array_new_with_free_func(finding_free);
    return set;
}

void
finding_set_free(struct finding_set *set)
{
    if (!set)
        return;
    g_ptr_array_unref(set->findings);
    rules_free(set->rules);
    g_free(set);
}

guint
finding_set_count(const struct finding_set *set)
{
    return set->findings->len;
}

const struct finding *
finding_set_at(const struct finding_set *set, guint index)
{
    return set->findings->pdata[index];
}

const struct finding *
finding_set_find(const struct finding_set *set, const char *name)
{
    for (guint i = 0; i < set->findings->len; i++) {
        const struct finding *f = set->findings->pdata[i];
        if (strcmp(f->name, name) == 0)
            return f;
    }
    return NULL;
}

/* ---- loading ---- */

static gboolean
read_rule(struct finding_set *set, const struct finding *f, const struct header *header, const char *key,
          int *index, GError **error)
{
    const struct header_line *line = header_find(header, key);
    *index = line ? rules_add(set->rules, f->file, line->line, key, line->value, error) : -1;
    return !line || *index >= 0;
}

static gboolean
read_audience(struct finding *f, const struct header *header, GError **error)
{
    const struct header_line *line = header_find(header, "Audience");
    if (!line)
        return TRUE;
    for (int i = 0; i < FINDING_AUDIENCE_COUNT; i++)
        if (strcmp(finding_audience_names[i], line->value) == 0) {
            f->audience = (enum finding_audience)i;
            return TRUE;
        }
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "%s:%d: Audience: expected engineering, product, finance or any", f->file, line->line);
    return FALSE;
}

/* A header line in Liquid. inside: it stands in somebody else's sentence, where the empty lines that make its
 * errors name the right line must not show. */
static gboolean
read_line(struct finding *f, const struct header *header, const char *key, gboolean inside,
          struct liquid_template **out, GError **error)
{
    const struct header_line *line = header_find(header, key);
    if (!line)
        return TRUE;
    g_autofree char *text = inside ? g_strconcat("{%- # -%}", line->value, NULL) : g_strdup(line->value);
    g_autofree char *padded = header_pad(text, line->line);
    if (!placeholders_check_template(line->value, error)) {
        g_prefix_error(error, "%s:%d: ", f->file, line->line);
        return FALSE;
    }
    *out = liquid_template_parse(f->file, padded, strlen(padded), error);
    return *out != NULL;
}

/* What its texts read are facts; the names of those are kept. */
static gboolean
read_names(struct finding *f, const struct fact_set *facts, GError **error)
{
    const struct liquid_template *const texts[] = {f->subject, f->summary, f->advice, f->body};
    f->reads = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        size_t n = 0;
        g_autofree struct liquid_name *names = texts[i] ? liquid_template_variables(texts[i], &n) : NULL;
        for (size_t j = 0; j < n; j++) {
            const struct fact *fact = facts_find(facts, names[j].name);
            if (fact) {
                g_ptr_array_add(f->reads, (char *)(gsize)fact->name);
                continue;
            }
            const char *nearest = facts_nearest(facts, names[j].name);
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%u:%u: \"%s\" is no fact%s%s%s", f->file,
                        names[j].line, names[j].column, names[j].name, nearest ? "; nearest is \"" : "",
                        nearest ? nearest : "", nearest ? "\"" : "");
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean
read_texts(struct finding *f, const struct header *header, GError **error)
{
    const struct header_line *topic = header_find(header, "Topic"), *docs = header_find(header, "Docs");
    f->topic = topic ? g_strdup(topic->value) : NULL;
    f->docs = docs ? g_strdup(docs->value) : NULL;
    if (docs && !g_str_has_prefix(docs->value, "https://")) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%d: Docs: expected an https address", f->file,
                    docs->line);
        return FALSE;
    }
    if (!read_line(f, header, "Subject", FALSE, &f->subject, error) ||
        !read_line(f, header, "Short", TRUE, &f->summary, error) ||
        !read_line(f, header, "Advice", TRUE, &f->advice, error))
        return FALSE;
    if (!placeholders_check_template(header->body, error)) {
        g_prefix_error(error, "%s: ", f->file);
        return FALSE;
    }
    /* A paragraph of its own wherever it is included. */
    g_autofree char *body = g_strchomp(header_pad(header->body, header->body_line));
    f->body = liquid_template_parse(f->file, body, strlen(body), error);
    return f->body != NULL;
}

gboolean
finding_set_add(struct finding_set *set, const char *name, const char *file, const char *text, GError **error)
{
    static const char *const known[] = {"When",     "Unless", "Rank", "Subject", "Short", "Advice",
                                        "Audience", "Topic",  "Docs", "Max-Age", NULL};
    struct finding *f = g_new0(struct finding, 1);
    struct header header;
    f->name = g_strdup(name);
    f->file = g_strdup(file);
    f->text = g_strdup(text);
    if (!header_parse(file, text, known, &header, error)) {
        finding_free(f);
        return FALSE;
    }
    const struct header_line *age = header_find(&header, "Max-Age");
    gboolean ok = read_rule(set, f, &header, "When", &f->when, error) &&
                  read_rule(set, f, &header, "Unless", &f->unless, error) &&
                  read_rule(set, f, &header, "Rank", &f->rank, error) && read_audience(f, &header, error) &&
                  read_texts(f, &header, error) && read_names(f, set->facts, error) &&
                  (!age || header_read_age(file, age, &f->max_age_us, error));
    if (ok && f->when < 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:1: the When line is missing", file);
        ok = FALSE;
    }
    header_clear(&header);
    if (ok)
        g_ptr_array_add(set->findings, f);
    else
        finding_free(f);
    return ok;
}

static gint
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

gboolean
finding_set_add_folder(struct finding_set *set, const char *folder, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".md") && *name != '.')
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_text);
    for (guint i = 0; i < names->len; i++) {
        const char *file = names->pdata[i];
        g_autofree char *path = g_build_filename(folder, file, NULL);
        g_autofree char *name = g_strndup(file, strlen(file) - strlen(".md"));
        g_autofree char *text = NULL;
        g_autoptr(GError) local = NULL;
        if (!g_file_get_contents(path, &text, NULL, &local)) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "finding %s", local->message);
            return FALSE;
        }
        if (!finding_set_add(set, name, path, text, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- judging ---- */

void
finding_match_free(gpointer data)
{
    struct finding_match *m = data;
    g_free(m->reason);
    json_decref(m->figures);
    g_free(m);
}

/* The facts a rule reads, into figures; *missing and *stale collect what speaks against it. */
static void
take_figures(const struct finding_set *set, const struct finding *f, int rule, const struct fact_row *row,
             gint64 now_us, json_t *figures, GString *missing, GString *stale)
{
    for (const char *const *name = rules_reads(set->rules, rule); *name; name++) {
        const struct fact_value *value = fact_row_get(row, *name);
        if (!value || json_object_get(figures, *name))
            continue;
        if (!value->value) {
            g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", *name);
            continue;
        }
        if (f->max_age_us && value->as_of_us && now_us - value->as_of_us > f->max_age_us)
            g_string_append_printf(stale, "%s%s", stale->len ? ", " : "", *name);
        json_t *entry = json_object();
        json_object_set(entry, "value", value->value);
        json_object_set_new(entry, "source", json_string(value->source ? value->source : ""));
        json_object_set_new(entry, "as_of", json_integer(value->as_of_us));
        json_object_set_new(figures, *name, entry);
    }
}

/* Of the facts its texts print, those that are too old and not named yet. */
static void
take_stale_texts(const struct finding *f, const struct fact_row *row, gint64 now_us, const json_t *figures,
                 GString *stale)
{
    for (guint i = 0; i < f->reads->len; i++) {
        const char *name = f->reads->pdata[i];
        const struct fact_value *value = fact_row_get(row, name);
        if (f->max_age_us && value && value->as_of_us && now_us - value->as_of_us > f->max_age_us &&
            !json_object_get(figures, name) && !strstr(stale->str, name))
            g_string_append_printf(stale, "%s%s", stale->len ? ", " : "", name);
    }
}

static struct finding_match *
judge(const struct finding_set *set, const struct finding *f, const struct rule_result *results,
      const struct fact_row *row, gint64 now_us)
{
    struct finding_match *m = g_new0(struct finding_match, 1);
    g_autoptr(GString) missing = g_string_new(NULL);
    g_autoptr(GString) stale = g_string_new(NULL);
    m->finding = f;
    m->figures = json_object();
    take_figures(set, f, f->when, row, now_us, m->figures, missing, stale);
    g_autofree char *undecided = g_strdup(missing->str); /* by what the rule itself reads */
    if (f->unless >= 0)
        take_figures(set, f, f->unless, row, now_us, m->figures, missing, stale);
    if (f->rank >= 0) {
        take_figures(set, f, f->rank, row, now_us, m->figures, missing, stale);
        const struct rule_result *rank = &results[f->rank];
        m->rank = rank->type == RULE_INTEGER || rank->type == RULE_REAL ? rank->real : 0;
    }
    m->holds = rules_truth(&results[f->when]);
    take_stale_texts(f, row, now_us, m->figures, stale);
    enum rule_truth guard = f->unless >= 0 ? rules_truth(&results[f->unless]) : RULE_FALSE;
    if (results[f->when].type == RULE_ERROR)
        m->reason = g_strdup_printf("its rule failed: %s", results[f->when].text);
    else if (m->holds == RULE_UNDECIDED)
        m->reason = g_strdup_printf("undecided: %s missing", *undecided ? undecided : "a fact is");
    else if (m->holds == RULE_FALSE)
        m->reason = g_strdup("its rule is false");
    else if (guard != RULE_FALSE)
        m->reason = guard == RULE_TRUE
                        ? g_strdup("withheld by its guard")
                        : g_strdup_printf("withheld: its guard is undecided: %s missing", missing->str);
    else if (stale->len)
        m->reason = g_strdup_printf("withheld: too old: %s", stale->str);
    if (m->reason && m->holds == RULE_TRUE)
        m->holds = RULE_FALSE;
    return m;
}

static gint
by_rank(gconstpointer a, gconstpointer b)
{
    const struct finding_match *x = *(const struct finding_match *const *)a,
                               *y = *(const struct finding_match *const *)b;
    if ((x->holds == RULE_TRUE) != (y->holds == RULE_TRUE))
        return x->holds == RULE_TRUE ? -1 : 1;
    if (x->rank > y->rank || x->rank < y->rank)
        return x->rank > y->rank ? -1 : 1;
    return strcmp(x->finding->name, y->finding->name);
}

GPtrArray *
finding_set_judge(struct finding_set *set, const struct fact_row *row, gint64 now_us, GError **error)
{
    g_autofree struct rule_value *values = g_new0(struct rule_value, facts_count(set->facts) + 1);
    g_autofree struct rule_result *results = g_new0(struct rule_result, (gsize)rules_count(set->rules) + 1);
    fact_row_rule_values(row, values);
    if (!rules_evaluate_all(set->rules, values, results, error))
        return NULL;
    GPtrArray *matches = g_ptr_array_new_with_free_func(finding_match_free);
    for (guint i = 0; i < set->findings->len; i++)
        g_ptr_array_add(matches, judge(set, set->findings->pdata[i], results, row, now_us));
    g_ptr_array_sort(matches, by_rank);
    return matches;
}
