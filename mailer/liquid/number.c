/* Purpose: see number.h.
 *
 * Reals come in as doubles or as decimal text and are taken as the decimal they print as, so that sums of
 * prices come out as on paper. 128 bits hold 38 digits; what does not fit is reckoned with doubles.
 *
 * Invariant: exact implies |digits| * 10^-scale is the value; approx is always set. */
#include "liquid/number.h"

#include <math.h>
#include <string.h>

#define SCALE_MAX 30

static double
approximate(int128 digits, int scale)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    char text[NUMBER_TEXT_MAX + 16];
    const int128 limit = (int128)1 << 53;

    /* both exact as doubles: one division rounds once */
    if (scale >= 0 && scale < (int)G_N_ELEMENTS(powers) && digits <= limit && digits >= -limit)
        return (double)digits / powers[scale];
    size_t len = number_format_int128(digits, text);
    g_snprintf(text + len, 16, "e%d", -scale);
    return g_ascii_strtod(text, NULL);
}

static struct number
real_number(int128 digits, int scale)
{
    while (scale > 0 && digits % 10 == 0) {
        digits /= 10;
        scale--;
    }
    return (struct number){
        .real = true, .exact = true, .digits = digits, .scale = scale, .approx = approximate(digits, scale)};
}

static struct number
inexact_number(double value)
{
    return (struct number){.real = true, .approx = value};
}

static struct number
integer_number(int128 digits)
{
    return (struct number){.exact = true, .digits = digits, .approx = (double)digits};
}

struct number
number_from_int(gint64 value)
{
    return integer_number(value);
}

/* Reads digits and at most one point; what follows is ignored. */
static struct number
parse_decimal(const char *text, size_t len)
{
    int128 digits = 0;
    int scale = 0;
    bool negative = len > 0 && text[0] == '-', point = false;

    for (size_t i = negative ? 1 : 0; i < len; i++) {
        if (text[i] == '.') {
            point = true;
            continue;
        }
        if (__builtin_mul_overflow(digits, 10, &digits) ||
            __builtin_add_overflow(digits, text[i] - '0', &digits) || scale > SCALE_MAX) {
            g_autofree char *copy = g_strndup(text, len);
            return inexact_number(g_ascii_strtod(copy, NULL));
        }
        scale += point;
    }
    return real_number(negative ? -digits : digits, scale);
}

static struct number
number_from_real(double value)
{
    char digits[NUMBER_TEXT_MAX];

    gint64 few;
    int places;

    if (!isfinite(value))
        return inexact_number(value);
    if (value == 0)
        return real_number(0, 0);
    if (number_few_places(value, &few, &places))
        return (struct number){.real = true, .exact = true, .digits = few, .scale = places, .approx = value};
    int exponent = number_shortest_digits(fabs(value), digits);
    int scale = (int)strlen(digits) - 1 - exponent;
    if (fabs(value) < 1e-20)
        return real_number(0, 0);
    if (scale > SCALE_MAX || scale < -20)
        return inexact_number(value);

    int128 whole = 0, factor;
    for (const char *c = digits; *c; c++)
        whole = whole * 10 + (*c - '0');
    if (scale < 0) {
        number_power_of_ten(-scale, &factor);
        whole *= factor;
        scale = 0;
    }
    struct number number = real_number(value < 0 ? -whole : whole, scale);
    number.approx = value;
    return number;
}

struct liquid_value
number_from_digits(const char *text, size_t len)
{
    size_t used;
    int128 value = number_read_integer(text, len, &used);

    if (value < G_MININT64 || value > G_MAXINT64)
        return liquid_string(text, len);
    return (struct liquid_value){.type = LIQUID_INT, .integer = (gint64)value};
}

struct number
number_of(const struct liquid_value *value)
{
    if (value->type == LIQUID_INT)
        return integer_number(value->integer);
    if (value->type == LIQUID_REAL)
        return number_from_real(value->real);
    if (value->type == LIQUID_STRING) {
        const char *text = value->string.text;
        size_t len = value->string.len, used;
        number_strip(&text, &len);
        return number_looks_decimal(text, len) ? parse_decimal(text, len)
                                               : integer_number(number_read_integer(text, len, &used));
    }
    return integer_number(0);
}

struct liquid_value
number_value(struct arena *arena, const struct number *number)
{
    char text[NUMBER_TEXT_MAX];

    if (number->real)
        return (struct liquid_value){.type = LIQUID_REAL, .real = number->approx};
    if (number->digits >= G_MININT64 && number->digits <= G_MAXINT64)
        return (struct liquid_value){.type = LIQUID_INT, .integer = (gint64)number->digits};
    size_t len = number_format_int128(number->digits, text);
    return liquid_string(arena_copy(arena, text, len), len);
}

static struct number
finish(const struct number *a, const struct number *b, int128 digits, int scale)
{
    return a->real || b->real ? real_number(digits, scale) : integer_number(digits);
}

/* Both as multiples of the same power of ten. */
static bool
align(const struct number *a, const struct number *b, int128 *x, int128 *y, int *scale)
{
    int128 factor;

    *scale = MAX(a->scale, b->scale);
    return a->exact && b->exact && number_power_of_ten(*scale - a->scale, &factor) &&
           !__builtin_mul_overflow(a->digits, factor, x) && number_power_of_ten(*scale - b->scale, &factor) &&
           !__builtin_mul_overflow(b->digits, factor, y);
}

struct number
number_add(const struct number *a, const struct number *b)
{
    int128 x, y, sum;
    int scale;

    if (align(a, b, &x, &y, &scale) && !__builtin_add_overflow(x, y, &sum))
        return finish(a, b, sum, scale);
    return inexact_number(a->approx + b->approx);
}

struct number
number_subtract(const struct number *a, const struct number *b)
{
    int128 x, y, difference;
    int scale;

    if (align(a, b, &x, &y, &scale) && !__builtin_sub_overflow(x, y, &difference))
        return finish(a, b, difference, scale);
    return inexact_number(a->approx - b->approx);
}

struct number
number_multiply(const struct number *a, const struct number *b)
{
    int128 product;

    if (a->exact && b->exact && !__builtin_mul_overflow(a->digits, b->digits, &product))
        return finish(a, b, product, a->scale + b->scale);
    return inexact_number(a->approx * b->approx);
}

static bool
is_zero(const struct number *number)
{
    return number->exact ? number->digits == 0 : number->approx == 0;
}

static int128
floor_divide(int128 a, int128 b)
{
    int128 quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

bool
number_divide(const struct number *a, const struct number *b, struct number *out)
{
    int128 x, y;
    int scale;

    if (is_zero(b))
        return false;
    if (!a->real && !b->real) {
        *out = integer_number(floor_divide(a->digits, b->digits));
        return true;
    }
    *out = inexact_number(a->approx / b->approx);
    /* twenty more digits than asked for are more than a double holds */
    if (align(a, b, &x, &y, &scale))
        for (int extra = 20; extra >= 0; extra -= 5) {
            int128 factor, scaled;
            number_power_of_ten(extra, &factor);
            if (__builtin_mul_overflow(x, factor, &scaled))
                continue;
            int128 quotient = scaled / y;
            if (scaled % y == 0 || extra == 20)
                *out = real_number(quotient, extra);
            break;
        }
    return true;
}

bool
number_modulo(const struct number *a, const struct number *b, struct number *out)
{
    int128 x, y;
    int scale;

    if (is_zero(b))
        return false;
    if (align(a, b, &x, &y, &scale)) {
        int128 rest = x % y;
        if (rest != 0 && (rest < 0) != (y < 0))
            rest += y;
        *out = finish(a, b, rest, scale);
        return true;
    }
    double rest = fmod(a->approx, b->approx);
    if (rest != 0 && (rest < 0) != (b->approx < 0))
        rest += b->approx;
    *out = inexact_number(rest);
    return true;
}

int
number_compare(const struct number *a, const struct number *b)
{
    int128 x, y;
    int scale;

    if (align(a, b, &x, &y, &scale))
        return x < y ? -1 : x > y;
    return a->approx < b->approx ? -1 : a->approx > b->approx;
}

struct number
number_absolute(const struct number *a)
{
    struct number result = *a;

    result.digits = a->digits < 0 ? -a->digits : a->digits;
    result.approx = fabs(a->approx);
    return result;
}

static int128
divide_rounded(int128 digits, int128 factor, enum rounding rounding)
{
    int128 below = floor_divide(digits, factor);
    int128 rest = digits - below * factor;

    if (rest == 0 || rounding == ROUND_DOWN)
        return below;
    if (rounding == ROUND_UP)
        return below + 1;
    /* half goes away from zero: up when positive, down when negative */
    return rest * 2 > factor || (rest * 2 == factor && digits > 0) ? below + 1 : below;
}

struct number
number_round(const struct number *a, gint64 places, enum rounding rounding)
{
    int128 factor;

    if (!a->exact) {
        double (*const round_by)(double) = rounding == ROUND_UP     ? ceil
                                           : rounding == ROUND_DOWN ? floor
                                                                    : round;
        return places > 0 ? *a : inexact_number(round_by(a->approx));
    }
    if (places >= a->scale)
        return places > 0 || !a->real ? *a : integer_number(a->digits);
    if (places < -38 || !number_power_of_ten((int)(a->scale - places), &factor))
        return integer_number(0);

    int128 digits = divide_rounded(a->digits, factor, rounding);
    if (places > 0)
        return real_number(digits, (int)places);
    number_power_of_ten((int)-places, &factor);
    if (__builtin_mul_overflow(digits, factor, &digits))
        return *a;
    return integer_number(digits);
}
