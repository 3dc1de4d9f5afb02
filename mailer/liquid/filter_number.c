/* Filters on numbers, and the two that print them for people: number and money. Anything counts as a number:
 * text by what it begins with, everything else as 0, except for number and money, which refuse what is none.
 */
#define _GNU_SOURCE /* mempcpy */
#include "liquid/filter.h"

#include <string.h>

#include "liquid/number.h"

static bool
give(struct render *render, struct liquid_value *value, struct number number)
{
    *value = number_value(&render->arena, &number);
    return true;
}

bool
filter_abs(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct number number = number_of(value);

    (void)args;
    return give(render, value, number_absolute(&number));
}

static bool
reckon(struct render *render, struct liquid_value *value, const struct filter_args *args,
       struct number (*operation)(const struct number *, const struct number *))
{
    struct number a = number_of(value), b = number_of(&args->value[0]);

    return give(render, value, operation(&a, &b));
}

bool
filter_plus(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return reckon(render, value, args, number_add);
}

bool
filter_minus(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return reckon(render, value, args, number_subtract);
}

bool
filter_times(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return reckon(render, value, args, number_multiply);
}

static bool
divide(struct render *render, struct liquid_value *value, const struct filter_args *args,
       bool (*operation)(const struct number *, const struct number *, struct number *))
{
    struct number a = number_of(value), b = number_of(&args->value[0]), result;

    if (!operation(&a, &b, &result))
        return render_fail(render, "divided by 0");
    return give(render, value, result);
}

bool
filter_divided_by(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return divide(render, value, args, number_divide);
}

bool
filter_modulo(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return divide(render, value, args, number_modulo);
}

bool
filter_round(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct number number = number_of(value), places = number_from_int(0);

    if (args->n > 0) {
        places = number_of(&args->value[0]);
        places = number_round(&places, 0, places.approx < 0 ? ROUND_UP : ROUND_DOWN);
    }
    return give(render, value, number_round(&number, (gint64)CLAMP(places.digits, -100, 100), ROUND_NEAREST));
}

bool
filter_ceil(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct number number = number_of(value);

    (void)args;
    return give(render, value, number_round(&number, 0, ROUND_UP));
}

bool
filter_floor(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct number number = number_of(value);

    (void)args;
    return give(render, value, number_round(&number, 0, ROUND_DOWN));
}

static bool
limit(struct render *render, struct liquid_value *value, const struct filter_args *args, int sign)
{
    struct number number = number_of(value), bound = number_of(&args->value[0]);

    return give(render, value, number_compare(&bound, &number) * sign > 0 ? bound : number);
}

bool
filter_at_least(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return limit(render, value, args, 1);
}

bool
filter_at_most(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    return limit(render, value, args, -1);
}

/* The number a value is, not merely begins with. */
static bool
strict_number(struct render *render, const struct liquid_value *value, struct number *out)
{
    gint64 ignored;

    *out = number_of(value);
    if (value->type == LIQUID_INT || value->type == LIQUID_REAL)
        return true;
    if (value->type == LIQUID_STRING &&
        (out->real || number_exact_integer(value->string.text, value->string.len, &ignored)))
        return true;
    return render_fail(render, "expected a number");
}

/* Puts a comma between thousands: "-1234567.50" to "-1,234,567.50". */
static size_t
group_thousands(const char *plain, size_t len, char *grouped)
{
    size_t i = 0, n = 0, whole;

    if (plain[0] == '-')
        grouped[n++] = plain[i++];
    const char *point = memchr(plain, '.', len);
    whole = point ? (size_t)(point - plain) : len;
    for (; i < whole; i++) {
        grouped[n++] = plain[i];
        if ((whole - i - 1) % 3 == 0 && i + 1 < whole)
            grouped[n++] = ',';
    }
    memcpy(grouped + n, plain + i, len - i);
    return n + len - i;
}

static bool
format_number(struct render *render, struct liquid_value *value, const struct number *number, int places,
              struct text unit)
{
    char plain[NUMBER_TEXT_MAX * 2], grouped[NUMBER_TEXT_MAX * 3];
    size_t len = number_format_fixed(number, places, plain);

    if (len == 0)
        return render_fail(render, "expected a smaller number");
    size_t n = group_thousands(plain, len, grouped), sign = grouped[0] == '-';
    bool spaced = unit.len > 0 && g_ascii_isalpha(unit.text[unit.len - 1]);

    char *text = render_alloc(render, n + unit.len + spaced + 1), *at = text;
    if (!text)
        return false;
    at = mempcpy(at, grouped, sign);
    at = mempcpy(at, unit.text, unit.len);
    at = mempcpy(at, " ", spaced);
    at = mempcpy(at, grouped + sign, n - sign);
    *at = '\0';
    *value = liquid_string(text, (size_t)(at - text));
    return true;
}

bool
filter_number(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct number number;
    gint64 places;

    if (value->type == LIQUID_NIL)
        return true;
    if (!strict_number(render, value, &number))
        return false;
    places = number.scale;
    if (args->n > 0) {
        if (!render_to_integer(render, &args->value[0], &places))
            return false;
        if (places < 0 || places > 12)
            return render_fail(render, "expected 0 to 12 places");
        number = number_round(&number, places, ROUND_NEAREST);
    }
    return format_number(render, value, &number, (int)places, (struct text){"", 0});
}

/* Cents only where there are any. */
bool
filter_money(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text unit = {"", 0};
    struct number number;

    if (value->type == LIQUID_NIL)
        return true;
    if (!strict_number(render, value, &number))
        return false;
    if (args->n > 0)
        unit = render_to_text(render, &args->value[0]);
    number = number_round(&number, 2, ROUND_NEAREST);
    return format_number(render, value, &number, number.scale > 0 ? 2 : 0, unit);
}
