/* sort and sort_natural: a stable merge sort, because values of mixed kinds may turn out to have no order,
 * which no comparison function of qsort could report. nil sorts last. */
#include "liquid/filter.h"

#include <string.h>

#include "liquid/property.h"

/* An item and what it is sorted by. */
struct entry {
    struct liquid_value item, key;
    struct text folded; /* sort_natural */
};

typedef bool comparison(const struct entry *a, const struct entry *b, int *order);

static bool
compare(const struct entry *a, const struct entry *b, int *order)
{
    if (value_order(&a->key, &b->key, order))
        return true;
    if (a->key.type != LIQUID_NIL && b->key.type != LIQUID_NIL)
        return false;
    *order = a->key.type == LIQUID_NIL ? 1 : -1;
    return true;
}

static bool
compare_natural(const struct entry *a, const struct entry *b, int *order)
{
    bool a_nil = a->key.type == LIQUID_NIL, b_nil = b->key.type == LIQUID_NIL;

    if (a_nil || b_nil) {
        *order = a_nil - b_nil;
        return true;
    }
    for (size_t i = 0; i < a->folded.len && i < b->folded.len; i++) {
        *order = (guchar)g_ascii_tolower(a->folded.text[i]) - (guchar)g_ascii_tolower(b->folded.text[i]);
        if (*order)
            return true;
    }
    *order = a->folded.len < b->folded.len ? -1 : a->folded.len > b->folded.len;
    return true;
}

/* Merges from[lo..mid) and from[mid..hi) into to. */
static bool
merge(const struct entry *from, struct entry *to, size_t lo, size_t mid, size_t hi, comparison *by)
{
    size_t left = lo, right = mid;

    for (size_t i = lo; i < hi; i++) {
        int order = 0;
        if (left < mid && right < hi && !by(&from[left], &from[right], &order))
            return false;
        to[i] = left < mid && (right >= hi || order <= 0) ? from[left++] : from[right++];
    }
    return true;
}

static bool
sort_entries(struct render *render, struct entry **entries, struct entry *other, size_t n, comparison *by)
{
    guint64 weight = 0;

    for (size_t i = 0; i < n; i++)
        weight += value_weight(&(*entries)[i].key);
    for (size_t width = 1; width < n; width *= 2) {
        if (!render_charge(render, weight))
            return false;
        for (size_t lo = 0; lo < n; lo += 2 * width)
            if (!merge(*entries, other, lo, MIN(lo + width, n), MIN(lo + 2 * width, n), by))
                return render_fail(render, "cannot sort values of different kinds");
        struct entry *swapped = *entries;
        *entries = other;
        other = swapped;
    }
    return true;
}

static bool
has_properties(const struct liquid_value *value)
{
    return value->type == LIQUID_STRING || value->type == LIQUID_INT || value->type == LIQUID_LOOP ||
           value_is_object(value);
}

static bool
sort(struct render *render, struct liquid_value *value, const struct filter_args *args, comparison *by)
{
    const struct liquid_value *property = &args->value[0];
    struct entry *entries, *other;
    struct items items;

    if (!filter_items(render, value, &items))
        return false;
    entries = render_alloc(render, items.n * sizeof *entries);
    other = render_alloc(render, items.n * sizeof *other);
    if (!entries || !other)
        return false;
    if (property->type != LIQUID_NIL)
        for (size_t i = 0; i < items.n; i++)
            if (!has_properties(&items.item[i])) {
                *value = value_nil();
                return true;
            }
    for (size_t i = 0; i < items.n; i++) {
        entries[i] = (struct entry){.item = items.item[i], .key = items.item[i]};
        if (property->type != LIQUID_NIL &&
            property_of(render, &items.item[i], property, &entries[i].key) == PROPERTY_TYPE)
            return render_fail(render, "an item has no such property");
        if (by == compare_natural)
            entries[i].folded = render_to_text(render, &entries[i].key);
    }
    if (!sort_entries(render, &entries, other, items.n, by))
        return false;

    struct liquid_array *array = render_alloc(render, sizeof *array);
    if (!array)
        return false;
    *array = (struct liquid_array){.n = items.n, .items = items.item};
    for (size_t i = 0; i < items.n; i++)
        items.item[i] = entries[i].item;
    *value = (struct liquid_value){.type = LIQUID_ARRAY, .array = array};
    return true;
}

bool
filter_sort(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return sort(render, value, args, compare);
}

bool
filter_sort_natural(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return sort(render, value, args, compare_natural);
}
