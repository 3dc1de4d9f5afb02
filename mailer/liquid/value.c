/* Purpose: see value.h. Equality, order and the printed form of arrays and objects follow Ruby, because that
 * is what the language is defined by. */
#include "liquid/value.h"

#include <string.h>

#include "liquid/lexer.h"
#include "liquid/number.h"

struct liquid_value
liquid_string(const char *text, size_t len)
{
    return (struct liquid_value){.type = LIQUID_STRING, .string = {.text = text, .len = len}};
}

struct liquid_value
liquid_json(json_t *json)
{
    return value_from_json(json);
}

struct liquid_value
value_from_json(json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return (struct liquid_value){.type = LIQUID_JSON, .json = json};
    case JSON_STRING:
        return liquid_string(json_string_value(json), json_string_length(json));
    case JSON_INTEGER:
        return value_int(json_integer_value(json));
    case JSON_REAL:
        return (struct liquid_value){.type = LIQUID_REAL, .real = json_real_value(json)};
    case JSON_TRUE:
        return value_bool(true);
    case JSON_FALSE:
        return value_bool(false);
    case JSON_NULL:
        break;
    }
    return value_nil();
}

bool
value_is_object(const struct liquid_value *value)
{
    return value->type == LIQUID_JSON && json_is_object(value->json);
}

bool
value_is_array(const struct liquid_value *value)
{
    return value->type == LIQUID_ARRAY || (value->type == LIQUID_JSON && json_is_array(value->json));
}

size_t
value_array_size(const struct liquid_value *value)
{
    return value->type == LIQUID_ARRAY ? value->array->n : json_array_size(value->json);
}

struct liquid_value
value_array_item(const struct liquid_value *value, size_t i)
{
    return value->type == LIQUID_ARRAY ? value->array->items[i]
                                       : value_from_json(json_array_get(value->json, i));
}

gint64
value_range_size(const struct liquid_value *value)
{
    int128 size = (int128)value->range.last - value->range.first + 1;
    return (gint64)CLAMP(size, 0, G_MAXINT64);
}

size_t
utf8_step(const char *text, size_t len)
{
    guchar c = (guchar)text[0];
    size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;

    if (n > len)
        return 1;
    for (size_t i = 1; i < n; i++)
        if (((guchar)text[i] & 0xc0) != 0x80)
            return 1;
    return n;
}

size_t
utf8_length(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i += utf8_step(text + i, len - i))
        n++;
    return n;
}

size_t
utf8_offset(const char *text, size_t len, size_t n)
{
    size_t i = 0;

    while (n-- > 0 && i < len)
        i += utf8_step(text + i, len - i);
    return i;
}

static bool
is_blank_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!lexer_is_space(text[i]))
            return false;
    return true;
}

static bool
is_empty(const struct liquid_value *value)
{
    if (value->type == LIQUID_STRING)
        return value->string.len == 0;
    if (value_is_object(value))
        return json_object_size(value->json) == 0;
    return value_is_array(value) && value_array_size(value) == 0;
}

static bool
is_blank(const struct liquid_value *value)
{
    if (value->type == LIQUID_STRING)
        return is_blank_text(value->string.text, value->string.len);
    return !value_truthy(value) || is_empty(value);
}

static bool
is_number(const struct liquid_value *value)
{
    return value->type == LIQUID_INT || value->type == LIQUID_REAL;
}

static int
compare_numbers(const struct liquid_value *a, const struct liquid_value *b)
{
    if (a->type == LIQUID_INT && b->type == LIQUID_INT)
        return a->integer < b->integer ? -1 : a->integer > b->integer;
    double x = a->type == LIQUID_INT ? (double)a->integer : a->real;
    double y = b->type == LIQUID_INT ? (double)b->integer : b->real;
    return x < y ? -1 : x > y;
}

static bool
equal_text(const struct liquid_value *a, const struct liquid_value *b)
{
    return a->string.len == b->string.len && memcmp(a->string.text, b->string.text, a->string.len) == 0;
}

typedef bool equality(const struct liquid_value *a, const struct liquid_value *b);

static bool
equal_objects(json_t *a, json_t *b, equality *equal)
{
    const char *key;
    size_t key_len;
    json_t *item;

    if (a == b)
        return true;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_keylen_foreach(a, key, key_len, item)
    {
        json_t *other = json_object_getn(b, key, key_len);
        if (!other)
            return false;
        struct liquid_value x = value_from_json(item), y = value_from_json(other);
        if (!equal(&x, &y))
            return false;
    }
    return true;
}

static bool
equal_arrays(const struct liquid_value *a, const struct liquid_value *b, equality *equal)
{
    size_t n = value_array_size(a);

    if (n != value_array_size(b))
        return false;
    for (size_t i = 0; i < n; i++) {
        struct liquid_value x = value_array_item(a, i), y = value_array_item(b, i);
        if (!equal(&x, &y))
            return false;
    }
    return true;
}

static bool
equal_by(const struct liquid_value *a, const struct liquid_value *b, equality *equal)
{
    if (value_is_array(a))
        return value_is_array(b) && equal_arrays(a, b, equal);
    if (value_is_object(a))
        return value_is_object(b) && equal_objects(a->json, b->json, equal);
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case LIQUID_NIL:
    case LIQUID_BLANK:
    case LIQUID_EMPTY:
        return true;
    case LIQUID_BOOL:
        return a->boolean == b->boolean;
    case LIQUID_INT:
    case LIQUID_REAL:
        return compare_numbers(a, b) == 0;
    case LIQUID_STRING:
        return equal_text(a, b);
    case LIQUID_RANGE:
        return a->range.first == b->range.first && a->range.last == b->range.last;
    case LIQUID_LOOP:
        return a->loop == b->loop;
    case LIQUID_JSON:
    case LIQUID_ARRAY:
        break;
    }
    return false;
}

bool
value_same(const struct liquid_value *a, const struct liquid_value *b)
{
    return equal_by(a, b, value_same);
}

bool
value_equal(const struct liquid_value *a, const struct liquid_value *b)
{
    if (a->type == LIQUID_BLANK || a->type == LIQUID_EMPTY || b->type == LIQUID_BLANK ||
        b->type == LIQUID_EMPTY) {
        bool left = a->type == LIQUID_BLANK || a->type == LIQUID_EMPTY;
        const struct liquid_value *value = left ? b : a;
        return (left ? a : b)->type == LIQUID_BLANK ? is_blank(value) : is_empty(value);
    }
    if (is_number(a) && is_number(b))
        return compare_numbers(a, b) == 0;
    return equal_by(a, b, value_equal);
}

bool
value_order(const struct liquid_value *a, const struct liquid_value *b, int *order)
{
    if (is_number(a) && is_number(b)) {
        *order = compare_numbers(a, b);
        return true;
    }
    if (a->type == LIQUID_STRING && b->type == LIQUID_STRING) {
        int bytes = memcmp(a->string.text, b->string.text, MIN(a->string.len, b->string.len));
        *order = bytes ? bytes : a->string.len < b->string.len ? -1 : a->string.len > b->string.len;
        return true;
    }
    *order = 0;
    return value_equal(a, b);
}

static void
inspect_text(const char *text, size_t len, GString *out)
{
    static const char plain[] = "\a\b\t\n\v\f\r\x1b\"\\";
    static const char escaped[] = "abtnvfre\"\\";

    g_string_append_c(out, '"');
    for (size_t i = 0; i < len; i++) {
        const char *hit = text[i] ? strchr(plain, text[i]) : NULL;
        if (hit)
            g_string_append_printf(out, "\\%c", escaped[hit - plain]);
        else if (text[i] == '#' && i + 1 < len && strchr("{$@", text[i + 1]) && text[i + 1])
            g_string_append(out, "\\#");
        else if (g_ascii_iscntrl(text[i]))
            g_string_append_printf(out, "\\x%02X", (guchar)text[i]);
        else
            g_string_append_c(out, text[i]);
    }
    g_string_append_c(out, '"');
}

static void
inspect_object(json_t *json, GString *out, size_t max)
{
    const char *key, *separator = "";
    size_t key_len;
    json_t *item;

    g_string_append_c(out, '{');
    json_object_keylen_foreach(json, key, key_len, item)
    {
        struct liquid_value value = value_from_json(item);
        if (out->len > max)
            break;
        g_string_append(out, separator);
        inspect_text(key, key_len, out);
        g_string_append(out, "=>");
        value_inspect(&value, out, max);
        separator = ", ";
    }
    g_string_append_c(out, '}');
}

bool
value_scalar_text(const struct liquid_value *value, char *buffer, struct text *out)
{
    switch (value->type) {
    case LIQUID_NIL:
    case LIQUID_BLANK:
    case LIQUID_EMPTY:
        *out = (struct text){"", 0};
        return true;
    case LIQUID_BOOL:
        *out = value->boolean ? (struct text){"true", 4} : (struct text){"false", 5};
        return true;
    case LIQUID_INT:
        *out = (struct text){buffer, number_format_int(value->integer, buffer)};
        return true;
    case LIQUID_REAL:
        *out = (struct text){buffer, number_format_real(value->real, buffer)};
        return true;
    case LIQUID_STRING:
        *out = (struct text){value->string.text, value->string.len};
        return true;
    case LIQUID_RANGE: {
        size_t len = number_format_int(value->range.first, buffer);
        memcpy(buffer + len, "..", 2);
        *out = (struct text){buffer, len + 2 + number_format_int(value->range.last, buffer + len + 2)};
        return true;
    }
    case LIQUID_LOOP:
        *out = value->loop->is_row ? (struct text){"Liquid::TablerowloopDrop", 24}
                                   : (struct text){"Liquid::ForloopDrop", 19};
        return true;
    case LIQUID_JSON:
    case LIQUID_ARRAY:
        break;
    }
    return false;
}

void
value_inspect(const struct liquid_value *value, GString *out, size_t max)
{
    char buffer[2 * NUMBER_TEXT_MAX];
    struct text text;

    if (value->type == LIQUID_STRING) {
        inspect_text(value->string.text, value->string.len, out);
    } else if (value->type == LIQUID_NIL) {
        g_string_append(out, "nil");
    } else if (value_scalar_text(value, buffer, &text)) {
        g_string_append_len(out, text.text, (gssize)text.len);
    } else if (value_is_object(value)) {
        inspect_object(value->json, out, max);
    } else {
        size_t n = value_array_size(value);
        g_string_append_c(out, '[');
        for (size_t i = 0; i < n && out->len <= max; i++) {
            struct liquid_value item = value_array_item(value, i);
            if (i > 0)
                g_string_append(out, ", ");
            value_inspect(&item, out, max);
        }
        g_string_append_c(out, ']');
    }
}

void
value_print(const struct liquid_value *value, GString *out, size_t max)
{
    char buffer[2 * NUMBER_TEXT_MAX];
    struct text text;

    if (value_scalar_text(value, buffer, &text)) {
        g_string_append_len(out, text.text, (gssize)text.len);
    } else if (value_is_object(value)) {
        value_inspect(value, out, max);
    } else {
        size_t n = value_array_size(value);
        for (size_t i = 0; i < n && out->len <= max; i++) {
            struct liquid_value item = value_array_item(value, i);
            value_print(&item, out, max);
        }
    }
}
