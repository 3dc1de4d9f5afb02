/* What a filter of arrays works on: the items of whatever it is given (filter.h). */
#include "liquid/filter.h"

static bool
count_items(struct render *render, const struct liquid_value *value, size_t *n)
{
    size_t size = value_array_size(value);

    for (size_t i = 0; i < size; i++) {
        struct liquid_value item = value_array_item(value, i);
        if (!render_charge(render, value_weight(&item)))
            return false;
        if (!value_is_array(&item))
            ++*n;
        else if (!count_items(render, &item, n))
            return false;
    }
    return true;
}

static void
flatten(const struct liquid_value *value, struct items *out)
{
    size_t size = value_array_size(value);

    for (size_t i = 0; i < size; i++) {
        struct liquid_value item = value_array_item(value, i);
        if (value_is_array(&item))
            flatten(&item, out);
        else
            out->item[out->n++] = item;
    }
}

static bool
alloc_items(struct render *render, size_t n, struct items *out)
{
    *out = (struct items){0};
    if (n > G_MAXUINT32) {
        render->too_much_memory = true;
        return render_check_memory(render);
    }
    out->item = render_alloc(render, n * sizeof *out->item);
    return out->item != NULL;
}

bool
filter_items(struct render *render, const struct liquid_value *value, struct items *out)
{
    size_t n = 0;

    if (value_is_array(value)) {
        if (!count_items(render, value, &n) || !alloc_items(render, n, out))
            return false;
        flatten(value, out);
        return true;
    }
    if (value->type == LIQUID_RANGE) {
        gint64 size = value_range_size(value);
        if (!render_charge(render, (guint64)size) || !alloc_items(render, (size_t)size, out))
            return false;
        for (gint64 i = 0; i < size; i++)
            out->item[out->n++] = value_int(value->range.first + i);
        return true;
    }
    if (!alloc_items(render, 1, out))
        return false;
    if (value->type != LIQUID_NIL)
        out->item[out->n++] = *value;
    return true;
}
