/* Filters on text. Lengths count characters, letters follow Unicode; a value that is no text is taken as it
 * prints. Where a result is a part of its input, it points into it. */
#define _GNU_SOURCE /* memmem */
#include "liquid/filter.h"

#include <string.h>

#include "liquid/lexer.h"

static bool
give(struct liquid_value *value, const char *text, size_t len)
{
    *value = liquid_string(text, len);
    return true;
}

static bool
join_two(struct render *render, struct liquid_value *value, struct text a, struct text b)
{
    char *both = render_alloc(render, a.len + b.len + 1);

    if (!both)
        return false;
    memcpy(both, a.text, a.len);
    memcpy(both + a.len, b.text, b.len);
    both[a.len + b.len] = '\0';
    return give(value, both, a.len + b.len);
}

bool
filter_append(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return join_two(render, value, render_to_text(render, value), render_to_text(render, &args->value[0]));
}

bool
filter_prepend(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return join_two(render, value, render_to_text(render, &args->value[0]), render_to_text(render, value));
}

static bool
is_ascii(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((guchar)text.text[i] & 0x80)
            return false;
    return true;
}

/* ASCII by hand: it is what nearly all names are, and the locale has no say in it. */
static bool
change_case(struct render *render, struct liquid_value *value, char *(*by_unicode)(const char *, gssize),
            char (*by_ascii)(char))
{
    struct text text = render_to_text(render, value);

    if (is_ascii(text)) {
        char *copy = render_alloc(render, text.len + 1);
        if (!copy)
            return false;
        for (size_t i = 0; i < text.len; i++)
            copy[i] = by_ascii(text.text[i]);
        copy[text.len] = '\0';
        return give(value, copy, text.len);
    }
    g_autofree char *valid = g_utf8_make_valid(text.text, (gssize)text.len);
    g_autofree char *changed = by_unicode(valid, -1);
    render_scratch(render);
    return render_scratch_add(render, changed, strlen(changed)) && render_scratch_take(render, value);
}

static char
ascii_up(char c)
{
    return g_ascii_toupper(c);
}

static char
ascii_down(char c)
{
    return g_ascii_tolower(c);
}

bool
filter_upcase(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return change_case(render, value, g_utf8_strup, ascii_up);
}

bool
filter_downcase(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return change_case(render, value, g_utf8_strdown, ascii_down);
}

bool
filter_capitalize(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text text = render_to_text(render, value);
    struct liquid_value rest;
    char title[6];

    (void)args;
    if (text.len == 0)
        return give(value, "", 0);
    size_t step = utf8_step(text.text, text.len);
    struct text first = {text.text, step};
    if (step > 1) {
        gunichar c = g_unichar_totitle(g_utf8_get_char(text.text));
        first = (struct text){title, (size_t)g_unichar_to_utf8(c, title)};
    } else {
        title[0] = g_ascii_toupper(*text.text);
        first.text = title;
    }
    rest = liquid_string(text.text + step, text.len - step);
    return change_case(render, &rest, g_utf8_strdown, ascii_down) &&
           join_two(render, value, first, (struct text){rest.string.text, rest.string.len});
}

static bool
is_stripped(char c)
{
    return lexer_is_space(c) || c == '\0';
}

static bool
strip(struct render *render, struct liquid_value *value, bool left, bool right)
{
    struct text text = render_to_text(render, value);

    while (left && text.len > 0 && is_stripped(*text.text)) {
        text.text++;
        text.len--;
    }
    while (right && text.len > 0 && is_stripped(text.text[text.len - 1]))
        text.len--;
    return give(value, text.text, text.len);
}

bool
filter_strip(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return strip(render, value, true, true);
}

bool
filter_lstrip(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return strip(render, value, true, false);
}

bool
filter_rstrip(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return strip(render, value, false, true);
}

/* Every line end, with the carriage return before it, becomes instead. */
static bool
replace_newlines(struct render *render, struct liquid_value *value, const char *instead)
{
    struct text text = render_to_text(render, value);
    const char *at = text.text, *end = at + text.len, *newline;

    if (!memchr(at, '\n', text.len))
        return give(value, text.text, text.len);
    render_scratch(render);
    while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
        const char *stop = newline > at && newline[-1] == '\r' ? newline - 1 : newline;
        if (!render_scratch_add(render, at, (size_t)(stop - at)) ||
            !render_scratch_add(render, instead, strlen(instead)))
            return false;
        at = newline + 1;
    }
    return render_scratch_add(render, at, (size_t)(end - at)) && render_scratch_take(render, value);
}

bool
filter_strip_newlines(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return replace_newlines(render, value, "");
}

bool
filter_newline_to_br(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return replace_newlines(render, value, "<br />\n");
}

static const char *
find(const char *at, const char *end, struct text needle)
{
    return memmem(at, (size_t)(end - at), needle.text, needle.len);
}

/* An empty needle is found before every character and at the end. */
static bool
replace_empty(struct render *render, struct liquid_value *value, struct text text, struct text with)
{
    render_scratch(render);
    for (size_t i = 0, step; i < text.len; i += step) {
        step = utf8_step(text.text + i, text.len - i);
        if (!render_scratch_add(render, with.text, with.len) ||
            !render_scratch_add(render, text.text + i, step))
            return false;
    }
    return render_scratch_add(render, with.text, with.len) && render_scratch_take(render, value);
}

static bool
replace_all(struct render *render, struct liquid_value *value, struct text needle, struct text with)
{
    struct text text = render_to_text(render, value);
    const char *at = text.text, *end = at + text.len, *hit;

    if (needle.len == 0)
        return replace_empty(render, value, text, with);
    if (!find(at, end, needle))
        return give(value, text.text, text.len);
    render_scratch(render);
    while ((hit = find(at, end, needle))) {
        if (!render_scratch_add(render, at, (size_t)(hit - at)) ||
            !render_scratch_add(render, with.text, with.len))
            return false;
        at = hit + needle.len;
    }
    return render_scratch_add(render, at, (size_t)(end - at)) && render_scratch_take(render, value);
}

static const char *
find_last(struct text text, struct text needle)
{
    if (needle.len > text.len)
        return NULL;
    for (size_t at = text.len - needle.len + 1; at-- > 0;)
        if (memcmp(text.text + at, needle.text, needle.len) == 0)
            return text.text + at;
    return NULL;
}

static bool
replace_one(struct render *render, struct liquid_value *value, struct text needle, struct text with,
            bool last)
{
    struct text text = render_to_text(render, value);
    const char *hit = last ? find_last(text, needle) : find(text.text, text.text + text.len, needle);

    if (!hit)
        return give(value, text.text, text.len);
    size_t before = (size_t)(hit - text.text), after = text.len - before - needle.len;
    char *result = render_alloc(render, before + with.len + after + 1);
    if (!result)
        return false;
    memcpy(result, text.text, before);
    memcpy(result + before, with.text, with.len);
    memcpy(result + before + with.len, hit + needle.len, after);
    result[before + with.len + after] = '\0';
    return give(value, result, before + with.len + after);
}

bool
filter_replace(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return replace_all(render, value, render_to_text(render, &args->value[0]),
                       render_to_text(render, &args->value[1]));
}

bool
filter_replace_first(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return replace_one(render, value, render_to_text(render, &args->value[0]),
                       render_to_text(render, &args->value[1]), false);
}

bool
filter_replace_last(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return replace_one(render, value, render_to_text(render, &args->value[0]),
                       render_to_text(render, &args->value[1]), true);
}

bool
filter_remove(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return replace_all(render, value, render_to_text(render, &args->value[0]), (struct text){"", 0});
}

bool
filter_remove_first(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return replace_one(render, value, render_to_text(render, &args->value[0]), (struct text){"", 0}, false);
}

bool
filter_remove_last(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return replace_one(render, value, render_to_text(render, &args->value[0]), (struct text){"", 0}, true);
}

bool
filter_truncate(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text text, ending = {"...", 3};
    gint64 length = 50;

    if (value->type == LIQUID_NIL)
        return true;
    text = render_to_text(render, value);
    if (args->n > 0 && !render_to_integer(render, &args->value[0], &length))
        return false;
    if (args->n > 1)
        ending = render_to_text(render, &args->value[1]);
    if (length >= (gint64)utf8_length(text.text, text.len))
        return give(value, text.text, text.len);
    gint64 keep = length - (gint64)utf8_length(ending.text, ending.len);
    text.len = keep > 0 ? utf8_offset(text.text, text.len, (size_t)keep) : 0;
    return join_two(render, value, text, ending);
}

/* The next word from *at on; false when there is none. */
static bool
next_word(struct text text, size_t *at, struct text *word)
{
    size_t i = *at;

    while (i < text.len && is_stripped(text.text[i]))
        i++;
    size_t from = i;
    while (i < text.len && !is_stripped(text.text[i]))
        i++;
    *at = i;
    *word = (struct text){text.text + from, i - from};
    return i > from;
}

bool
filter_truncatewords(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text text, word, ending = {"...", 3};
    gint64 words = 15;
    size_t at = 0;

    if (value->type == LIQUID_NIL)
        return true;
    text = render_to_text(render, value);
    if (args->n > 0 && !render_to_integer(render, &args->value[0], &words))
        return false;
    if (args->n > 1)
        ending = render_to_text(render, &args->value[1]);
    words = MAX(words, 1);

    render_scratch(render);
    for (gint64 n = 0; n < words; n++) {
        if (!next_word(text, &at, &word))
            return give(value, text.text, text.len);
        if ((n > 0 && !render_scratch_add(render, " ", 1)) ||
            !render_scratch_add(render, word.text, word.len))
            return false;
    }
    /* nothing but the end after the last word: all of it was kept */
    if (at == text.len)
        return give(value, text.text, text.len);
    return render_scratch_add(render, ending.text, ending.len) && render_scratch_take(render, value);
}

/* How a text falls apart: into words for " ", into characters for "". */
static bool
next_piece(struct text text, struct text by, size_t *at, struct text *piece)
{
    if (by.len == 1 && by.text[0] == ' ')
        return next_word(text, at, piece);
    if (*at > text.len || (by.len == 0 && *at == text.len))
        return false;
    const char *from = text.text + *at;
    if (by.len == 0) {
        *piece = (struct text){from, utf8_step(from, text.len - *at)};
        *at += piece->len;
        return true;
    }
    const char *hit = find(from, text.text + text.len, by);
    *piece = (struct text){from, hit ? (size_t)(hit - from) : text.len - *at};
    *at = hit ? *at + piece->len + by.len : text.len + 1;
    return true;
}

bool
filter_split(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text text = render_to_text(render, value), by = render_to_text(render, &args->value[0]), piece;
    struct liquid_array *array = render_alloc(render, sizeof *array);
    size_t n = 0;

    if (!array)
        return false;
    for (size_t at = 0; next_piece(text, by, &at, &piece);)
        n++;
    if (!render_charge(render, n))
        return false;
    *array = (struct liquid_array){.items = render_alloc(render, n * sizeof *array->items)};
    if (!array->items)
        return false;
    for (size_t at = 0; next_piece(text, by, &at, &piece);)
        array->items[array->n++] = liquid_string(piece.text, piece.len);
    /* empty pieces at the end do not count */
    while (array->n > 0 && array->items[array->n - 1].string.len == 0)
        array->n--;
    *value = (struct liquid_value){.type = LIQUID_ARRAY, .array = array};
    return true;
}

/* Ruby's slice: a negative offset counts from the end, an offset beyond it gives nothing. */
static bool
slice_bounds(gint64 size, gint64 offset, gint64 length, gint64 *from, gint64 *n)
{
    if (offset < 0)
        offset = offset < -size ? -1 : offset + size;
    if (offset < 0 || offset > size || length < 0)
        return false;
    *from = offset;
    *n = MIN(length, size - offset);
    return true;
}

bool
filter_slice(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    gint64 offset, length = 1, from = 0, n = 0;

    if (!render_to_integer(render, &args->value[0], &offset) ||
        (args->n > 1 && value_truthy(&args->value[1]) &&
         !render_to_integer(render, &args->value[1], &length)))
        return false;
    if (!value_is_array(value)) {
        struct text text = render_to_text(render, value);
        if (!slice_bounds((gint64)utf8_length(text.text, text.len), offset, length, &from, &n))
            return give(value, "", 0);
        size_t start = utf8_offset(text.text, text.len, (size_t)from);
        return give(value, text.text + start, utf8_offset(text.text + start, text.len - start, (size_t)n));
    }

    struct liquid_array *array = render_alloc(render, sizeof *array);
    if (!array)
        return false;
    slice_bounds((gint64)value_array_size(value), offset, length, &from, &n);
    *array = (struct liquid_array){.items = render_alloc(render, (size_t)n * sizeof *array->items)};
    if (!array->items || !render_charge(render, (guint64)n))
        return false;
    for (gint64 i = 0; i < n; i++)
        array->items[array->n++] = value_array_item(value, (size_t)(from + i));
    *value = (struct liquid_value){.type = LIQUID_ARRAY, .array = array};
    return true;
}

bool
filter_size(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    gint64 size = 0;

    (void)render;
    (void)args;
    if (value->type == LIQUID_STRING)
        size = (gint64)utf8_length(value->string.text, value->string.len);
    else if (value_is_array(value))
        size = (gint64)value_array_size(value);
    else if (value_is_object(value))
        size = (gint64)json_object_size(value->json);
    else if (value->type == LIQUID_RANGE)
        size = value_range_size(value);
    else if (value->type == LIQUID_INT)
        size = 8; /* the bytes of a machine integer, as the language has it */
    *value = value_int(size);
    return true;
}
