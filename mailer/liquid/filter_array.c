/* Filters on arrays. Most work on filter_items(): nested arrays count as flat, a single value as an array of
 * one. An item's property is Ruby's item[key]: a text has the property x when it contains x, an integer has
 * bits, and asking an integer for a word is an error. */
#include "liquid/filter.h"

#include <string.h>

#include "liquid/number.h"
#include "liquid/property.h"
#include "liquid/sequence.h"

static bool
give(struct render *render, struct liquid_value *value, const struct items *items)
{
    struct liquid_array *array = render_alloc(render, sizeof *array);

    if (!array)
        return false;
    *array = (struct liquid_array){.n = items->n, .items = items->item};
    *value = (struct liquid_value){.type = LIQUID_ARRAY, .array = array};
    return true;
}

static bool
wrong_property(struct render *render, const struct liquid_value *key)
{
    struct text text = render_to_text(render, key);

    return render_fail(render, "an item has no property %.*s", (int)MIN(text.len, 100), text.text);
}

bool
filter_join(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text glue = {" ", 1};
    struct items items;

    if (args->n > 0)
        glue = render_to_text(render, &args->value[0]);
    if (!filter_items(render, value, &items))
        return false;
    render_scratch(render);
    for (size_t i = 0; i < items.n; i++) {
        struct text text = render_to_text(render, &items.item[i]);
        if ((i > 0 && !render_scratch_add(render, glue.text, glue.len)) ||
            !render_scratch_add(render, text.text, text.len))
            return false;
    }
    return render_scratch_take(render, value);
}

bool
filter_first(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    if (value_is_array(value)) {
        *value = value_array_size(value) > 0 ? value_array_item(value, 0) : value_nil();
    } else if (value_is_object(value)) {
        void *first = json_object_iter(value->json);
        *value = first ? sequence_pair(render, json_object_iter_key(first), json_object_iter_key_len(first),
                                       json_object_iter_value(first))
                       : value_nil();
    } else if (value->type == LIQUID_RANGE) {
        *value = value_int(value->range.first);
    } else if (value->type == LIQUID_STRING) {
        size_t len = value->string.len;
        *value = liquid_string(value->string.text, len ? utf8_step(value->string.text, len) : 0);
    } else {
        *value = value_nil();
    }
    return true;
}

bool
filter_last(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)render;
    (void)args;
    if (value_is_array(value)) {
        size_t n = value_array_size(value);
        *value = n > 0 ? value_array_item(value, n - 1) : value_nil();
    } else if (value->type == LIQUID_RANGE) {
        *value = value_int(value->range.last);
    } else if (value->type == LIQUID_STRING) {
        const char *text = value->string.text;
        size_t len = value->string.len, n = utf8_length(text, len);
        size_t from = n > 0 ? utf8_offset(text, len, n - 1) : 0;
        *value = liquid_string(text + from, len - from);
    } else {
        *value = value_nil();
    }
    return true;
}

bool
filter_concat(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    const struct liquid_value *other = &args->value[0];
    struct items left, both = {0};

    if (!value_is_array(other))
        return render_fail(render, "concat expected an array");
    size_t n = value_array_size(other);
    if (!filter_items(render, value, &left) || !render_charge(render, n))
        return false;
    both.item = render_alloc(render, (left.n + n) * sizeof *both.item);
    if (!both.item)
        return false;
    if (left.n > 0)
        memcpy(both.item, left.item, left.n * sizeof *left.item);
    both.n = left.n;
    for (size_t i = 0; i < n; i++)
        both.item[both.n++] = value_array_item(other, i);
    return give(render, value, &both);
}

bool
filter_reverse(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct items items;

    (void)args;
    if (!filter_items(render, value, &items))
        return false;
    for (size_t i = 0; i < items.n / 2; i++) {
        struct liquid_value swapped = items.item[i];
        items.item[i] = items.item[items.n - 1 - i];
        items.item[items.n - 1 - i] = swapped;
    }
    return give(render, value, &items);
}

/* The property of an item, or the item itself when key is nil. *none: the whole result is nil. */
static bool
select_property(struct render *render, const struct liquid_value *item, const struct liquid_value *key,
                bool *none, struct liquid_value *out)
{
    *none = false;
    if (key->type == LIQUID_NIL) {
        *out = *item;
        return true;
    }
    switch (property_of(render, item, key, out)) {
    case PROPERTY_FOUND:
        return true;
    case PROPERTY_NONE:
        *none = true;
        return true;
    case PROPERTY_TYPE:
        break;
    }
    return wrong_property(render, key);
}

bool
filter_compact(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct liquid_value property;
    struct items items;
    size_t kept = 0;
    bool none;

    if (!filter_items(render, value, &items))
        return false;
    for (size_t i = 0; i < items.n; i++) {
        if (!select_property(render, &items.item[i], &args->value[0], &none, &property))
            return false;
        if (none) {
            *value = value_nil();
            return true;
        }
        if (property.type != LIQUID_NIL)
            items.item[kept++] = items.item[i];
    }
    items.n = kept;
    return give(render, value, &items);
}

static guint
hash_value(gconstpointer data)
{
    const struct liquid_value *value = data;

    if (value->type == LIQUID_STRING)
        return name_hash(value->string.text, value->string.len);
    if (value->type == LIQUID_INT)
        return (guint)value->integer;
    if (value->type == LIQUID_REAL)
        return g_double_hash(&value->real);
    if (value_is_array(value))
        return (guint)value_array_size(value);
    return (guint)value->type;
}

static gboolean
same_value(gconstpointer a, gconstpointer b)
{
    return value_same(a, b);
}

bool
filter_uniq(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(hash_value, same_value);
    struct liquid_value *properties;
    struct items items;
    size_t kept = 0;
    bool none;

    if (!filter_items(render, value, &items))
        return false;
    properties = render_alloc(render, items.n * sizeof *properties);
    if (!properties)
        return false;
    for (size_t i = 0; i < items.n; i++) {
        if (!select_property(render, &items.item[i], &args->value[0], &none, &properties[i]))
            return false;
        if (none) {
            *value = value_nil();
            return true;
        }
        if (g_hash_table_add(seen, &properties[i]))
            items.item[kept++] = items.item[i];
    }
    items.n = kept;
    return give(render, value, &items);
}

bool
filter_map(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct liquid_value property;
    struct items items;

    if (!filter_items(render, value, &items))
        return false;
    for (size_t i = 0; i < items.n; i++) {
        if (property_of(render, &items.item[i], &args->value[0], &property) == PROPERTY_TYPE)
            return wrong_property(render, &args->value[0]);
        items.item[i] = property;
    }
    return give(render, value, &items);
}

bool
filter_sum(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct number sum = number_from_int(0);
    struct items items, parts;
    bool none;

    if (!filter_items(render, value, &items))
        return false;
    for (size_t i = 0; i < items.n; i++) {
        struct liquid_value part;
        if (!select_property(render, &items.item[i], &args->value[0], &none, &part) ||
            !filter_items(render, &part, &parts))
            return false;
        for (size_t j = 0; j < parts.n; j++) {
            struct number number = number_of(&parts.item[j]);
            sum = number_add(&sum, &number);
        }
    }
    *value = number_value(&render->arena, &sum);
    return true;
}

enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_NONE, VERDICT_ERROR };

/* Whether an item has the property, or has it with the wanted value. */
static enum verdict
judge(struct render *render, const struct liquid_value *item, const struct filter_args *args)
{
    const struct liquid_value *wanted =
        args->n > 1 && args->value[1].type != LIQUID_NIL ? &args->value[1] : NULL;
    struct liquid_value property;

    switch (property_of(render, item, &args->value[0], &property)) {
    case PROPERTY_NONE:
        return VERDICT_NONE;
    case PROPERTY_TYPE:
        wrong_property(render, &args->value[0]);
        return VERDICT_ERROR;
    case PROPERTY_FOUND:
        break;
    }
    return (wanted ? value_equal(&property, wanted) : value_truthy(&property)) ? VERDICT_YES : VERDICT_NO;
}

static bool
keep_where(struct render *render, struct liquid_value *value, const struct filter_args *args,
           enum verdict keep)
{
    struct items items;
    size_t kept = 0;

    if (!filter_items(render, value, &items))
        return false;
    for (size_t i = 0; i < items.n; i++) {
        enum verdict verdict = judge(render, &items.item[i], args);
        if (verdict == VERDICT_ERROR)
            return false;
        if (verdict == VERDICT_NONE) {
            *value = value_nil();
            return true;
        }
        if (verdict == keep)
            items.item[kept++] = items.item[i];
    }
    items.n = kept;
    return give(render, value, &items);
}

bool
filter_where(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return keep_where(render, value, args, VERDICT_YES);
}

bool
filter_reject(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return keep_where(render, value, args, VERDICT_NO);
}

/* The first item that fits, in items->item[*found]; VERDICT_NO when there is none. */
static enum verdict
find_first(struct render *render, const struct liquid_value *value, const struct filter_args *args,
           struct items *items, size_t *found)
{
    if (!filter_items(render, value, items))
        return VERDICT_ERROR;
    for (*found = 0; *found < items->n; ++*found) {
        enum verdict verdict = judge(render, &items->item[*found], args);
        if (verdict != VERDICT_NO)
            return verdict;
    }
    return VERDICT_NO;
}

bool
filter_find_item(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct items items;
    size_t found;
    enum verdict verdict = find_first(render, value, args, &items, &found);

    *value = verdict == VERDICT_YES ? items.item[found] : value_nil();
    return verdict != VERDICT_ERROR;
}

bool
filter_find_index(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct items items;
    size_t found;
    enum verdict verdict = find_first(render, value, args, &items, &found);

    *value = verdict == VERDICT_YES ? value_int((gint64)found) : value_nil();
    return verdict != VERDICT_ERROR;
}

bool
filter_has(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct items items;
    size_t found;
    enum verdict verdict = find_first(render, value, args, &items, &found);

    *value = verdict == VERDICT_NONE ? value_nil() : value_bool(verdict == VERDICT_YES);
    return verdict != VERDICT_ERROR;
}

bool
filter_default(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct liquid_value empty = {.type = LIQUID_EMPTY};
    bool missing = args->allow_false ? value->type == LIQUID_NIL : !value_truthy(value);

    (void)render;
    if (missing || value_equal(value, &empty))
        *value = args->n > 0 ? args->value[0] : liquid_string("", 0);
    return true;
}
