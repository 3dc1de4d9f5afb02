/* Rules taken apart where AND and OR join them. */
#include "fixture_pipeline.h"
#include "pipeline/rule_parts.h"

static const char facts_conf[] =
    "fact forecast_mrr { type = \"number\" }\nfact plan { type = \"text\" }\nfact csm { type = \"text\" }\n"
    "fact churned { type = \"boolean\" default = false }\nfact vip { type = \"boolean\" default = false }\n";

/* "(a ∧ b)?" as text: a leaf as itself, a join as [& …] or [| …], each with +, - or ? before it. */
static void
draw(const struct rule_part *part, GString *out)
{
    static const char signs[] = {[RULE_FALSE] = '-', [RULE_TRUE] = '+', [RULE_UNDECIDED] = '?'};
    g_string_append_c(out, signs[part->truth]);
    if (part->join == PART_LEAF) {
        g_string_append(out, part->text);
        return;
    }
    g_string_append(out, part->join == PART_AND ? "[&" : "[|");
    for (guint i = 0; i < part->children->len; i++) {
        g_string_append_c(out, ' ');
        draw(part->children->pdata[i], out);
    }
    g_string_append_c(out, ']');
}

static const struct {
    const char *sql;
    enum rule_truth truth;
    const char *parts, *sentence;
} cases[] = {
    {"forecast_mrr > 1", RULE_TRUE, "+forecast_mrr > 1", "forecast_mrr > 1: forecast_mrr = 512.31"},
    {"forecast_mrr BETWEEN 1 AND 5 AND vip", RULE_FALSE, "-[& -forecast_mrr BETWEEN 1 AND 5 -vip]",
     "forecast_mrr BETWEEN 1 AND 5, and forecast_mrr = 512.31; vip, and vip = false"},
    {"vip OR NOT churned AND\n  plan = 'a and b' -- or not\n", RULE_FALSE,
     "-[| -vip -[& +NOT churned -plan = 'a and b']]", "plan = 'a and b', and plan = payg"},
    {"((vip)) OR (csm = 'x' OR csm = 'y')", RULE_UNDECIDED, "?[| -vip ?[| ?csm = 'x' ?csm = 'y']]",
     "csm = 'x', and csm is missing"},
    {"CASE WHEN vip OR churned THEN 1 ELSE 0 END", RULE_FALSE, "-CASE WHEN vip OR churned THEN 1 ELSE 0 END",
     "CASE WHEN vip OR churned THEN 1 ELSE 0 END, and churned = false, vip = false"},
    {"NOT (vip OR churned) AND plan LIKE 'p%'", RULE_TRUE, "+[& +NOT (vip OR churned) +plan LIKE 'p%']",
     "plan LIKE 'p%': plan = payg"},
    {"csm IS NULL AND vip IS 0", RULE_TRUE, "+[& +csm IS NULL +vip IS 0]",
     "csm IS NULL: csm is missing; vip IS 0: vip = false"},
    /* What the parts do not give stays whole. */
    {"vip OR churned", RULE_TRUE, "+vip OR churned", "vip OR churned: churned = false, vip = false"},
};

static void
test_parts(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    g_autofree char *path = g_build_filename(f.dir, "sequences", "facts.conf", NULL);
    scoped(facts_free) struct fact_set *facts = facts_load(path, &f.error);
    g_assert_no_error(f.error);
    gint64 id = add_account(&f, "acme", "{\"forecast_mrr\": 512.31, \"plan\": \"payg\"}");
    scoped(fact_row_free) struct fact_row *row = NULL;
    g_assert_true(fact_row_load(f.db, facts, id, f.config->timezone, &row, &f.error));
    g_autofree struct rule_value *values = g_new0(struct rule_value, facts_count(facts));
    fact_row_rule_values(row, values);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct rule_part *part = rule_part_make(facts, row, values, cases[i].sql, cases[i].truth);
        g_autoptr(GString) drawn = g_string_new(NULL);
        draw(part, drawn);
        g_autofree char *sentence = rule_part_sentence(part);
        g_assert_cmpstr(drawn->str, ==, cases[i].parts);
        g_assert_cmpstr(sentence, ==, cases[i].sentence);
        rule_part_free(part);
    }
    fact_row_free(g_steal_pointer(&row));
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pipeline/rule-parts", test_parts);
    return g_test_run();
}
