/* What a value is worth in a condition, in a comparison and as text. */
#ifndef USHER_LIQUID_VALUE_H
#define USHER_LIQUID_VALUE_H

#include "liquid/arena.h"
#include "liquid/liquid.h"

struct text {
    const char *text;
    size_t len;
};

/* What {% capture %} caught while an emit hook was set: text holds what the hook appended. */
struct liquid_marked {
    const char *text;
    size_t len;
};

struct liquid_array {
    size_t n;
    struct liquid_value *items;
};

/* The state of a running loop, as forloop or tablerowloop. */
struct liquid_loop {
    bool is_row;
    const char *name;
    gint64 length, index;  /* index from 0 */
    gint64 cols, row, col; /* tablerow; row and col from 1 */
    const struct liquid_loop *parent;
};

static inline struct liquid_value
value_nil(void)
{
    return (struct liquid_value){.type = LIQUID_NIL};
}

static inline struct liquid_value
value_bool(bool boolean)
{
    return (struct liquid_value){.type = LIQUID_BOOL, .boolean = boolean};
}

static inline struct liquid_value
value_int(gint64 integer)
{
    return (struct liquid_value){.type = LIQUID_INT, .integer = integer};
}

static inline bool
value_truthy(const struct liquid_value *value)
{
    return value->type != LIQUID_NIL && (value->type != LIQUID_BOOL || value->boolean);
}

/* What looking at all of a value costs, in steps. */
static inline guint64
value_weight(const struct liquid_value *value)
{
    return 1 + (value->type == LIQUID_STRING ? value->string.len / 64 : 0);
}

/* JSON scalars become plain values, so that LIQUID_JSON is an array or an object from here on. */
struct liquid_value value_from_json(json_t *json);
bool value_is_object(const struct liquid_value *value);
/* A JSON or a filter's array. */
bool value_is_array(const struct liquid_value *value);
size_t value_array_size(const struct liquid_value *value);
struct liquid_value value_array_item(const struct liquid_value *value, size_t i);
/* The number of integers in a range, at most G_MAXINT64. */
gint64 value_range_size(const struct liquid_value *value);

/* Ruby's ==, with the tests blank and empty on either side. */
bool value_equal(const struct liquid_value *a, const struct liquid_value *b);
/* Ruby's eql?: 1 and 1.0 differ. */
bool value_same(const struct liquid_value *a, const struct liquid_value *b);
/* Ruby's <=>: false when the two cannot be ordered. */
bool value_order(const struct liquid_value *a, const struct liquid_value *b, int *order);

/* Appends value as it looks inside a printed hash or array: strings quoted. Gives up soon after max bytes, as
 * the next does: an array may hold the same long text many times. */
void value_inspect(const struct liquid_value *value, GString *out, size_t max);
/* Appends value as {{ }} prints it: the items of an array one after another. */
void value_print(const struct liquid_value *value, GString *out, size_t max);
/* Scalars as text, in buffer where they need room; false for arrays, objects and the like. */
bool value_scalar_text(const struct liquid_value *value, char *buffer, struct text *out);

/* The number of characters of UTF-8, and the bytes of the first one; a stray byte counts as a character. */
size_t utf8_length(const char *text, size_t len);
size_t utf8_step(const char *text, size_t len);
/* The byte offset of character n, or len when there are fewer. */
size_t utf8_offset(const char *text, size_t len, size_t n);

#endif
