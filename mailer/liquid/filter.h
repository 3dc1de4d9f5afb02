/* The filters: a table, found by name while parsing, called while rendering. */
#ifndef USHER_LIQUID_FILTER_H
#define USHER_LIQUID_FILTER_H

#include "liquid/render_state.h"

#define FILTER_ARGS_MAX 3u

struct filter_args {
    unsigned n;
    struct liquid_value value[FILTER_ARGS_MAX];
    bool allow_false; /* default only */
};

/* Replaces *value. On failure the error is set (render_fail) and false returned. */
typedef bool filter_function(struct render *render, struct liquid_value *value,
                             const struct filter_args *args);

struct filter {
    const char *name;
    unsigned min, max; /* positional arguments */
    filter_function *apply;
};

const struct filter *filter_find(const char *name, size_t len);
const char *filter_name(const struct filter *filter);
/* NULL-terminated; the array is freed with g_free. */
const char **filter_names(void);
/* NULL, or what the filter takes instead ("1 argument"). */
const char *filter_check_arguments(const struct filter *filter, unsigned n, const struct keyword *keywords);

/* The elements a filter on arrays works on: nested arrays flattened, a range spelled out, any other value
 * (but nil) as the only element. */
struct items {
    size_t n;
    struct liquid_value *item;
};
bool filter_items(struct render *render, const struct liquid_value *value, struct items *out);

/* filter_text.c */
filter_function filter_append, filter_prepend, filter_upcase, filter_downcase, filter_capitalize,
    filter_strip, filter_lstrip, filter_rstrip, filter_strip_newlines, filter_newline_to_br, filter_replace,
    filter_replace_first, filter_replace_last, filter_remove, filter_remove_first, filter_remove_last,
    filter_truncate, filter_truncatewords, filter_split, filter_slice, filter_size;

/* filter_markup.c */
filter_function filter_escape, filter_escape_once, filter_strip_html, filter_url_encode, filter_url_decode,
    filter_base64_encode, filter_base64_decode, filter_base64_url_safe_encode, filter_base64_url_safe_decode;

/* filter_number.c */
filter_function filter_abs, filter_plus, filter_minus, filter_times, filter_divided_by, filter_modulo,
    filter_round, filter_ceil, filter_floor, filter_at_least, filter_at_most, filter_money, filter_number;

/* filter_array.c */
filter_function filter_join, filter_first, filter_last, filter_concat, filter_reverse, filter_compact,
    filter_uniq, filter_map, filter_sum, filter_where, filter_reject, filter_find_item, filter_find_index,
    filter_has, filter_default;

/* filter_sort.c */
filter_function filter_sort, filter_sort_natural;

/* filter_date.c */
filter_function filter_date;

#endif
