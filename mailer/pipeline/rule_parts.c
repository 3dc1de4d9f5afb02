/* Splitting follows SQLite's grammar as far as it has to: OR binds less than AND, AND less than NOT; the AND
 * of a BETWEEN, and all that stands in parentheses, in CASE … END, in quotes or in comments, joins nothing
 * here. What this gets wrong the comparison with the whole rule's verdict finds. */
#include "pipeline/rule_parts.h"

#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 20
#define MANY_LEAVES 1000

void
rule_part_free(gpointer data)
{
    struct rule_part *part = data;
    if (!part)
        return;
    if (part->children)
        g_ptr_array_unref(part->children);
    g_free(part->text);
    g_free(part->facts);
    g_free(part);
}

/* ---- splitting ---- */

static gboolean
is_word_char(char c)
{
    return g_ascii_isalnum(c) || c == '_' || (guchar)c >= 0x80;
}

static gboolean
is_word(const char *start, const char *end, const char *word)
{
    return (gsize)(end - start) == strlen(word) && g_ascii_strncasecmp(start, word, strlen(word)) == 0;
}

/* Behind whatever begins at p: a string, a comment, a word, or one character. */
static const char *
token_end(const char *p)
{
    const char *end;
    if (*p == '\'' || *p == '"')
        return (end = strchr(p + 1, *p)) ? end + 1 : p + strlen(p);
    if (p[0] == '-' && p[1] == '-')
        return (end = strchr(p, '\n')) ? end + 1 : p + strlen(p);
    if (p[0] == '/' && p[1] == '*')
        return (end = strstr(p + 2, "*/")) ? end + 2 : p + strlen(p);
    if (!is_word_char(*p))
        return p + 1;
    while (is_word_char(*p))
        p++;
    return p;
}

static gboolean
is_comment(const char *p)
{
    return (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*');
}

/* sql without comments, and with one blank where it had several or a line end. */
static char *
one_line(const char *sql)
{
    GString *out = g_string_new(NULL);
    for (const char *p = sql, *end; *p; p = end) {
        end = token_end(p);
        gboolean blank = g_ascii_isspace(*p) || is_comment(p);
        if (blank && out->len && out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
        else if (!blank)
            g_string_append_len(out, p, end - p);
    }
    return g_strchomp(g_string_free(out, FALSE));
}

/* The pieces of sql between the words joined by; NULL when there are none. sql is on one line. */
static GPtrArray *
pieces(const char *sql, const char *word)
{
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    const char *from = sql;
    int depth = 0;
    gboolean between = FALSE;
    for (const char *p = sql, *end; *p; p = end) {
        end = token_end(p);
        if (*p == '(' || is_word(p, end, "case"))
            depth++;
        else if (*p == ')' || is_word(p, end, "end"))
            depth--;
        else if (depth == 0 && is_word(p, end, "between"))
            between = TRUE;
        else if (depth == 0 && between && is_word(p, end, "and"))
            between = FALSE;
        else if (depth == 0 && is_word(p, end, word)) {
            g_ptr_array_add(out, g_strstrip(g_strndup(from, (gsize)(p - from))));
            from = end;
        }
    }
    if (out->len) {
        g_ptr_array_add(out, g_strstrip(g_strdup(from)));
        return out;
    }
    g_ptr_array_unref(out);
    return NULL;
}

/* Without parentheses around the whole of it. */
static char *
bare(const char *sql)
{
    int depth = 0;
    gsize length = strlen(sql);
    if (*sql != '(' || sql[length - 1] != ')')
        return NULL;
    for (const char *p = sql, *end; *p; p = end) {
        end = token_end(p);
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (depth == 0 && *end)
            return NULL;
    }
    return g_strstrip(g_strndup(sql + 1, length - 2));
}

static struct rule_part *
split(const char *sql, int depth)
{
    g_autofree char *inner = bare(sql);
    if (inner && depth < MAX_DEPTH)
        return split(inner, depth + 1);
    struct rule_part *part = g_new0(struct rule_part, 1);
    part->join = PART_OR;
    g_autoptr(GPtrArray) parts = depth < MAX_DEPTH ? pieces(sql, "or") : NULL;
    if (!parts && depth < MAX_DEPTH) {
        part->join = PART_AND;
        parts = pieces(sql, "and");
    }
    if (!parts) {
        part->join = PART_LEAF;
        part->text = g_strdup(sql);
        return part;
    }
    part->children = g_ptr_array_new_with_free_func(rule_part_free);
    for (guint i = 0; i < parts->len; i++)
        g_ptr_array_add(part->children, split(parts->pdata[i], depth + 1));
    return part;
}

/* ---- evaluating ---- */

#define VALUE_CHARS 60

/* The caller frees. */
static char *
value_text(const json_t *value)
{
    if (!json_is_string(value)) {
        char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(10));
        char *text = g_strdup(dumped);
        free(dumped);
        return text;
    }
    if (g_utf8_strlen(json_string_value(value), -1) <= VALUE_CHARS)
        return g_strdup(json_string_value(value));
    g_autofree char *start = g_utf8_substring(json_string_value(value), 0, VALUE_CHARS);
    return g_strconcat(start, "…", NULL);
}

/* Every fact that rule index reads, with its value. */
static void
tell_facts(struct rule_part *part, const struct rules *rules, int index, const struct fact_row *row)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *const *name = rules_reads(rules, index); *name; name++) {
        const struct fact_value *value = fact_row_get(row, *name);
        gboolean missing = !value || !value->value || json_is_null(value->value);
        g_autofree char *text = missing ? NULL : value_text(value->value);
        g_string_append_printf(out, "%s%s %s%s", out->len ? ", " : "", *name, missing ? "is missing" : "= ",
                               missing ? "" : text);
        part->known =
            part->known || (!missing && g_strcmp0(value->source, "default") != 0 &&
                            !(g_strcmp0(value->source, "usher") == 0 && json_is_false(value->value)));
    }
    g_free(part->facts);
    part->facts = g_strdup(out->str);
}

static enum rule_truth
join_truth(const struct rule_part *part)
{
    enum rule_truth decides = part->join == PART_AND ? RULE_FALSE : RULE_TRUE;
    gboolean undecided = FALSE;
    for (guint i = 0; i < part->children->len; i++) {
        const struct rule_part *child = part->children->pdata[i];
        if (child->truth == decides)
            return decides;
        undecided = undecided || child->truth == RULE_UNDECIDED;
    }
    return undecided ? RULE_UNDECIDED : decides == RULE_FALSE ? RULE_TRUE : RULE_FALSE;
}

/* FALSE when a leaf is no rule. */
static gboolean
evaluate(struct rule_part *part, struct rules *rules, const struct fact_row *row,
         const struct rule_value *values)
{
    if (part->join != PART_LEAF) {
        for (guint i = 0; i < part->children->len; i++)
            if (!evaluate(part->children->pdata[i], rules, row, values))
                return FALSE;
        part->truth = join_truth(part);
        return TRUE;
    }
    struct rule_result result;
    int index = rules_add(rules, "-", 1, NULL, part->text, NULL);
    if (index < 0 || !rules_evaluate(rules, index, values, &result, NULL))
        return FALSE;
    part->truth = rules_truth(&result);
    tell_facts(part, rules, index, row);
    return TRUE;
}

struct rule_part *
rule_part_make(const struct fact_set *facts, const struct fact_row *row, const struct rule_value *values,
               const char *sql, enum rule_truth truth)
{
    scoped(rules_free) struct rules *rules = rules_new(facts_names(facts));
    g_autofree char *line = one_line(sql);
    struct rule_part *part = split(line, 0);
    if (evaluate(part, rules, row, values) && part->truth == truth)
        return part;
    rule_part_free(part);
    part = g_new0(struct rule_part, 1);
    part->text = g_steal_pointer(&line);
    evaluate(part, rules, row, values);
    part->truth = truth; /* what the engine goes by */
    if (!part->facts)
        part->facts = g_strdup("");
    return part;
}

/* ---- telling ---- */

/* How far a part is there: a fact that is missing may yet say the right thing, so it counts more than all
 * that is true already. */
static guint
weigh(const struct rule_part *part)
{
    guint n = 0;
    if (part->truth == RULE_TRUE)
        return 1;
    if (part->join == PART_LEAF)
        return part->truth == RULE_UNDECIDED ? MANY_LEAVES : 0;
    for (guint i = 0; i < part->children->len; i++)
        n += weigh(part->children->pdata[i]);
    return n;
}

static void add_deciding(const struct rule_part *part, gboolean holds, GPtrArray *leaves);

/* Of alternatives none of which is true, the one that is nearest to it: fewest leaves to change, then the
 * heaviest. */
static void
add_nearest(const struct rule_part *part, GPtrArray *leaves)
{
    g_autoptr(GPtrArray) best = NULL;
    guint best_weight = 0;
    for (guint i = 0; i < part->children->len; i++) {
        const struct rule_part *child = part->children->pdata[i];
        g_autoptr(GPtrArray) own = g_ptr_array_new();
        add_deciding(child, FALSE, own);
        guint weight = weigh(child);
        if (best && (own->len > best->len || (own->len == best->len && weight <= best_weight)))
            continue;
        g_clear_pointer(&best, g_ptr_array_unref);
        best = g_steal_pointer(&own);
        best_weight = weight;
    }
    for (guint i = 0; best && i < best->len; i++)
        g_ptr_array_add(leaves, best->pdata[i]);
}

static void
add_deciding(const struct rule_part *part, gboolean holds, GPtrArray *leaves)
{
    switch (part->join) {
    case PART_LEAF:
        g_ptr_array_add(leaves, (gpointer)(gsize)part);
        return;
    case PART_AND:
        for (guint i = 0; i < part->children->len; i++) {
            const struct rule_part *child = part->children->pdata[i];
            if (holds || child->truth != RULE_TRUE)
                add_deciding(child, holds, leaves);
        }
        return;
    case PART_OR:
        if (!holds) {
            add_nearest(part, leaves);
            return;
        }
        for (guint i = 0; i < part->children->len; i++) {
            const struct rule_part *child = part->children->pdata[i];
            if (child->truth == RULE_TRUE) {
                add_deciding(child, TRUE, leaves);
                return;
            }
        }
    }
}

GPtrArray *
rule_part_deciding(const struct rule_part *part)
{
    GPtrArray *leaves = g_ptr_array_new();
    gboolean holds = part->truth == RULE_TRUE, any = FALSE;
    add_deciding(part, holds, leaves);
    for (guint i = 0; holds && i < leaves->len; i++)
        any = any || ((const struct rule_part *)leaves->pdata[i])->known;
    for (guint i = leaves->len; any && i-- > 0;) /* "NOT sales_declined" made nothing true: nobody said so */
        if (!((const struct rule_part *)leaves->pdata[i])->known)
            g_ptr_array_remove_index(leaves, i);
    return leaves;
}

char *
rule_part_sentence(const struct rule_part *part)
{
    g_autoptr(GPtrArray) leaves = rule_part_deciding(part);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < leaves->len; i++) {
        const struct rule_part *leaf = leaves->pdata[i];
        gboolean itself = g_str_has_prefix(leaf->facts, leaf->text) && leaf->facts[strlen(leaf->text)] == ' ';
        g_string_append(out, i ? "; " : "");
        if (part->truth == RULE_TRUE)
            g_string_append_printf(out, "%s%s%s", itself ? "" : leaf->text,
                                   *leaf->facts && !itself ? ": " : "", leaf->facts);
        else
            g_string_append_printf(out, "%s%s%s", leaf->text, *leaf->facts ? ", and " : "", leaf->facts);
    }
    return g_string_free(out, FALSE);
}
