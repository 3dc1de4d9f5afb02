/* Sequences: see sequence.h. Nothing is copied but the pairs of an object. */
#include "liquid/sequence.h"

struct liquid_value
sequence_pair(struct render *render, const char *key, size_t len, json_t *json)
{
    struct liquid_array *pair = arena_alloc(&render->arena, sizeof *pair);

    pair->n = 2;
    pair->items = arena_alloc(&render->arena, 2 * sizeof *pair->items);
    pair->items[0] = liquid_string(key, len);
    pair->items[1] = value_from_json(json);
    return (struct liquid_value){.type = LIQUID_ARRAY, .array = pair};
}

static bool
pairs_of(struct render *render, json_t *object, struct sequence *out)
{
    size_t n = json_object_size(object), i = 0, len;
    struct liquid_array *pairs = render_alloc(render, sizeof *pairs);
    const char *key;
    json_t *item;

    if (!pairs || !render_charge(render, n))
        return false;
    pairs->n = n;
    pairs->items = render_alloc(render, n * sizeof *pairs->items);
    if (!pairs->items)
        return false;
    json_object_keylen_foreach(object, key, len, item) pairs->items[i++] =
        sequence_pair(render, key, len, item);
    *out = (struct sequence){.value = {.type = LIQUID_ARRAY, .array = pairs}, .n = (gint64)n};
    return render_check_memory(render);
}

bool
sequence_of(struct render *render, const struct liquid_value *value, struct sequence *out)
{
    *out = (struct sequence){.value = *value};
    if (value_is_object(value))
        return pairs_of(render, value->json, out);
    if (value_is_array(value))
        out->n = (gint64)value_array_size(value);
    else if (value->type == LIQUID_RANGE)
        out->n = value_range_size(value);
    else if (value->type == LIQUID_STRING)
        out->n = value->string.len > 0;
    return true;
}

struct liquid_value
sequence_item(const struct sequence *sequence, gint64 i)
{
    if (sequence->value.type == LIQUID_RANGE)
        return value_int(sequence->value.range.first + i);
    if (sequence->value.type == LIQUID_STRING)
        return sequence->value;
    return value_array_item(&sequence->value, (size_t)i);
}
