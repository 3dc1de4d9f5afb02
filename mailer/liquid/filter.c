/* The table of filters, and how one is called. */
#include "liquid/filter.h"

#include <string.h>

/* sorted by name */
static const struct filter filters[] = {
    {"abs", 0, 0, filter_abs},
    {"append", 1, 1, filter_append},
    {"at_least", 1, 1, filter_at_least},
    {"at_most", 1, 1, filter_at_most},
    {"base64_decode", 0, 0, filter_base64_decode},
    {"base64_encode", 0, 0, filter_base64_encode},
    {"base64_url_safe_decode", 0, 0, filter_base64_url_safe_decode},
    {"base64_url_safe_encode", 0, 0, filter_base64_url_safe_encode},
    {"capitalize", 0, 0, filter_capitalize},
    {"ceil", 0, 0, filter_ceil},
    {"compact", 0, 1, filter_compact},
    {"concat", 1, 1, filter_concat},
    {"date", 1, 1, filter_date},
    {"default", 0, 2, filter_default},
    {"divided_by", 1, 1, filter_divided_by},
    {"downcase", 0, 0, filter_downcase},
    {"escape", 0, 0, filter_escape},
    {"escape_once", 0, 0, filter_escape_once},
    {"find", 1, 2, filter_find_item},
    {"find_index", 1, 2, filter_find_index},
    {"first", 0, 0, filter_first},
    {"floor", 0, 0, filter_floor},
    {"h", 0, 0, filter_escape},
    {"has", 1, 2, filter_has},
    {"join", 0, 1, filter_join},
    {"last", 0, 0, filter_last},
    {"lstrip", 0, 0, filter_lstrip},
    {"map", 1, 1, filter_map},
    {"minus", 1, 1, filter_minus},
    {"modulo", 1, 1, filter_modulo},
    {"money", 0, 1, filter_money},
    {"newline_to_br", 0, 0, filter_newline_to_br},
    {"number", 0, 1, filter_number},
    {"plus", 1, 1, filter_plus},
    {"prepend", 1, 1, filter_prepend},
    {"reject", 1, 2, filter_reject},
    {"remove", 1, 1, filter_remove},
    {"remove_first", 1, 1, filter_remove_first},
    {"remove_last", 1, 1, filter_remove_last},
    {"replace", 1, 2, filter_replace},
    {"replace_first", 1, 2, filter_replace_first},
    {"replace_last", 2, 2, filter_replace_last},
    {"reverse", 0, 0, filter_reverse},
    {"round", 0, 1, filter_round},
    {"rstrip", 0, 0, filter_rstrip},
    {"size", 0, 0, filter_size},
    {"slice", 1, 2, filter_slice},
    {"sort", 0, 1, filter_sort},
    {"sort_natural", 0, 1, filter_sort_natural},
    {"split", 1, 1, filter_split},
    {"strip", 0, 0, filter_strip},
    {"strip_html", 0, 0, filter_strip_html},
    {"strip_newlines", 0, 0, filter_strip_newlines},
    {"sum", 0, 1, filter_sum},
    {"times", 1, 1, filter_times},
    {"truncate", 0, 2, filter_truncate},
    {"truncatewords", 0, 2, filter_truncatewords},
    {"uniq", 0, 1, filter_uniq},
    {"upcase", 0, 0, filter_upcase},
    {"url_decode", 0, 0, filter_url_decode},
    {"url_encode", 0, 0, filter_url_encode},
    {"where", 1, 2, filter_where},
};

const struct filter *
filter_find(const char *name, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++)
        if (strlen(filters[i].name) == len && memcmp(filters[i].name, name, len) == 0)
            return &filters[i];
    return NULL;
}

const char *
filter_name(const struct filter *filter)
{
    return filter->name;
}

const char **
filter_names(void)
{
    const char **names = g_new0(const char *, G_N_ELEMENTS(filters) + 1);

    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++)
        names[i] = filters[i].name;
    return names;
}

const char *
filter_check_arguments(const struct filter *filter, unsigned n, const struct keyword *keywords)
{
    bool is_default = filter->apply == filter_default;

    for (const struct keyword *keyword = keywords; keyword; keyword = keyword->next)
        if (!is_default)
            return "no named arguments";
        else if (strcmp(keyword->name->text, "allow_false") != 0)
            return "no named argument but allow_false";
    if (n >= filter->min && n <= filter->max)
        return NULL;
    if (filter->max == 0)
        return "no arguments";
    if (filter->min == filter->max)
        return filter->min == 1 ? "1 argument" : "2 arguments";
    return filter->max == 1   ? "1 argument at most"
           : filter->min == 0 ? "2 arguments at most"
                              : "1 or 2 arguments";
}
