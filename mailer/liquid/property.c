/* Properties: see property.h. */
#define _GNU_SOURCE /* memmem */
#include "liquid/property.h"

#include <string.h>

#include "liquid/filter.h"

bool
property_of_loop(const struct liquid_loop *loop, const char *key, size_t len, struct liquid_value *out)
{
    const struct {
        const char *name;
        bool is_for, is_row;
        struct liquid_value value;
    } properties[] = {
        {"index", true, true, value_int(loop->index + 1)},
        {"index0", true, true, value_int(loop->index)},
        {"first", true, true, value_bool(loop->index == 0)},
        {"last", true, true, value_bool(loop->index == loop->length - 1)},
        {"length", true, true, value_int(loop->length)},
        {"rindex", true, true, value_int(loop->length - loop->index)},
        {"rindex0", true, true, value_int(loop->length - loop->index - 1)},
        {"name", true, false, loop->name ? liquid_string(loop->name, strlen(loop->name)) : value_nil()},
        {"parentloop", true, false,
         loop->parent ? (struct liquid_value){.type = LIQUID_LOOP, .loop = loop->parent} : value_nil()},
        {"row", false, true, value_int(loop->row)},
        {"col", false, true, value_int(loop->col)},
        {"col0", false, true, value_int(loop->col - 1)},
        {"col_first", false, true, value_bool(loop->col == 1)},
        {"col_last", false, true, value_bool(loop->col == loop->cols)},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(properties); i++)
        if ((loop->is_row ? properties[i].is_row : properties[i].is_for) &&
            strlen(properties[i].name) == len && memcmp(properties[i].name, key, len) == 0) {
            *out = properties[i].value;
            return true;
        }
    return false;
}

enum property
property_of(struct render *render, const struct liquid_value *item, const struct liquid_value *key,
            struct liquid_value *out)
{
    *out = value_nil();
    switch (item->type) {
    case LIQUID_JSON:
        if (json_is_object(item->json)) {
            json_t *value = key->type == LIQUID_STRING
                                ? json_object_getn(item->json, key->string.text, key->string.len)
                                : NULL;
            if (value)
                *out = value_from_json(value);
        }
        return PROPERTY_FOUND;
    case LIQUID_LOOP:
        if (key->type == LIQUID_STRING)
            property_of_loop(item->loop, key->string.text, key->string.len, out);
        return PROPERTY_FOUND;
    case LIQUID_STRING:
        /* a text has the property x when it contains x */
        if (key->type == LIQUID_STRING) {
            if (memmem(item->string.text, item->string.len, key->string.text, key->string.len))
                *out = *key;
            return PROPERTY_FOUND;
        }
        if (key->type == LIQUID_INT) {
            struct filter_args args = {.n = 1, .value = {*key}};
            *out = *item;
            if (!filter_slice(render, out, &args))
                return PROPERTY_TYPE;
            if (out->string.len == 0)
                *out = value_nil();
            return PROPERTY_FOUND;
        }
        return key->type == LIQUID_NIL ? PROPERTY_NONE : PROPERTY_TYPE;
    case LIQUID_INT:
        /* an integer's bits */
        if (key->type != LIQUID_INT)
            return PROPERTY_TYPE;
        *out = value_int(key->integer < 0    ? 0
                         : key->integer > 62 ? item->integer < 0
                                             : item->integer >> key->integer & 1);
        return PROPERTY_FOUND;
    case LIQUID_NIL:
    case LIQUID_BOOL:
    case LIQUID_REAL:
    case LIQUID_ARRAY:
    case LIQUID_RANGE:
    case LIQUID_BLANK:
    case LIQUID_EMPTY:
        break;
    }
    return PROPERTY_NONE;
}
