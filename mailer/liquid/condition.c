/* Conditions: what == < contains and their like mean between values of any kind.
 *
 * Order exists between two numbers and between two texts. A number and a text cannot be compared, which is an
 * error; with anything else an ordering is simply false. */
#define _GNU_SOURCE /* memmem */
#include "liquid/condition.h"

#include <string.h>

#include "liquid/scope.h"

static bool
contains(struct render *render, const struct liquid_value *left, const struct liquid_value *right)
{
    if (!value_truthy(left) || !value_truthy(right))
        return false;
    if (left->type == LIQUID_STRING) {
        struct text needle = render_to_text(render, right);
        return memmem(left->string.text, left->string.len, needle.text, needle.len) != NULL;
    }
    if (value_is_object(left))
        return right->type == LIQUID_STRING &&
               json_object_getn(left->json, right->string.text, right->string.len) != NULL;
    if (left->type == LIQUID_RANGE) {
        if (right->type == LIQUID_REAL)
            return right->real >= (double)left->range.first && right->real <= (double)left->range.last;
        return right->type == LIQUID_INT && right->integer >= left->range.first &&
               right->integer <= left->range.last;
    }
    if (value_is_array(left)) {
        size_t n = value_array_size(left);
        for (size_t i = 0; i < n; i++) {
            struct liquid_value item = value_array_item(left, i);
            if (value_equal(&item, right))
                return true;
        }
    }
    return false;
}

static bool
is_ordered(const struct liquid_value *value)
{
    return value->type == LIQUID_INT || value->type == LIQUID_REAL || value->type == LIQUID_STRING;
}

static const char *
kind_name(const struct liquid_value *value)
{
    return value->type == LIQUID_STRING ? "text" : "a number";
}

/* What comparing costs: the text on either side, and for arrays every item. */
static guint64
compare_weight(const struct liquid_value *left, const struct liquid_value *right)
{
    guint64 weight = value_weight(right), all = 0;

    if (!value_is_array(left))
        return left->type == LIQUID_STRING ? weight + value_weight(left) : weight;
    if (!value_is_array(right))
        return value_array_size(left) * weight;
    for (size_t i = 0; i < value_array_size(left); i++) {
        struct liquid_value item = value_array_item(left, i);
        all += value_weight(&item);
    }
    return all;
}

bool
condition_compare(struct render *render, enum comparison comparison, const struct liquid_value *left,
                  const struct liquid_value *right, bool *out)
{
    int order;

    *out = comparison == CMP_NONE && value_truthy(left);
    if (comparison == CMP_NONE)
        return true;
    if (!render_charge(render, compare_weight(left, right)))
        return false;
    switch (comparison) {
    case CMP_NONE:
        break;
    case CMP_EQ:
        *out = value_equal(left, right);
        return true;
    case CMP_NE:
        *out = !value_equal(left, right);
        return true;
    case CMP_CONTAINS:
        *out = contains(render, left, right);
        return true;
    case CMP_LT:
    case CMP_LE:
    case CMP_GT:
    case CMP_GE:
        break;
    }
    if (!is_ordered(left) || !is_ordered(right))
        return true;
    if (!value_order(left, right, &order))
        return render_fail(render, "cannot compare %s with %s", kind_name(left), kind_name(right));
    *out = comparison == CMP_LT   ? order < 0
           : comparison == CMP_LE ? order <= 0
           : comparison == CMP_GT ? order > 0
                                  : order >= 0;
    return true;
}

bool
condition_test(struct render *render, const struct condition *condition, bool *out)
{
    for (const struct condition *term = condition; term; term = term->next) {
        struct liquid_value left, right = value_nil();

        if (!scope_evaluate(render, term->left, &left) ||
            (term->right && !scope_evaluate(render, term->right, &right)))
            return false;
        render->at = term->at;
        if (!condition_compare(render, term->comparison, &left, &right, out))
            return false;
        if ((term->junction == JUNCTION_AND && !*out) || (term->junction == JUNCTION_OR && *out))
            break;
    }
    return true;
}
