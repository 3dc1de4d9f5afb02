/* A rule taken apart where AND and OR join it, so that a person sees which part of it decides. Each part is a
 * rule of its own, checked and evaluated as such. */
#ifndef USHER_PIPELINE_RULE_PARTS_H
#define USHER_PIPELINE_RULE_PARTS_H

#include "accounts/facts.h"
#include "store/rules.h"

enum part_join { PART_LEAF, PART_AND, PART_OR };

struct rule_part {
    enum part_join join;
    char *text;          /* of a leaf its SQL, on one line; of a join NULL */
    GPtrArray *children; /* of a join: struct rule_part, two or more */
    enum rule_truth truth;
    char
        *facts; /* of a leaf: "forecast_mrr = 42", "plan is missing", comma between; "" where it reads none */
    gboolean known; /* of a leaf: somebody delivered one of the facts it reads, or something happened */
};
void rule_part_free(gpointer part);

/* Takes sql apart over the facts of row, which values (parallel to facts_names()) are the rule values of.
 * Where a part is no rule by itself, or the parts do not give truth, which the whole came to, the rule stays
 * one leaf. Never NULL; the caller frees. */
struct rule_part *rule_part_make(const struct fact_set *facts, const struct fact_row *row,
                                 const struct rule_value *values, const char *sql, enum rule_truth truth);

/* The leaves (borrowed) that decide: of a rule that is not true the fewest that would have to become so, of a
 * true one those that make it so. The caller frees the array. */
GPtrArray *rule_part_deciding(const struct rule_part *part);

/* Of a rule that is not true what it wants: "forecast_mrr >= 100, and forecast_mrr = 42"; of a true one what
 * makes it so: "trial: trial = true". Several with "; ". The caller frees. */
char *rule_part_sentence(const struct rule_part *part);

#endif
