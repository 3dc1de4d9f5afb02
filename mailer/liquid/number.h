/* Numbers as Liquid reckons with them: integers of any practical size and decimals, exact (10.1 - 2.2
 * is 7.9). */
#ifndef USHER_LIQUID_NUMBER_H
#define USHER_LIQUID_NUMBER_H

#include "liquid/arena.h"
#include "liquid/liquid.h"

typedef __int128 int128;

/* digits * 10^-scale. An integer has scale 0 and is not real; a real that does not fit is only approx. */
struct number {
    bool real;
    bool exact;
    int scale;
    int128 digits;
    double approx;
};

#define NUMBER_TEXT_MAX 48

/* An integer literal; one beyond 64 bits becomes a string of its digits, which prints and reckons the same.
 */
struct liquid_value number_from_digits(const char *text, size_t len);

/* What value counts as: text that looks like a decimal, else its leading integer; anything else is 0. */
struct number number_of(const struct liquid_value *value);
struct number number_from_int(gint64 value);
struct liquid_value number_value(struct arena *arena, const struct number *number);

struct number number_add(const struct number *a, const struct number *b);
struct number number_subtract(const struct number *a, const struct number *b);
struct number number_multiply(const struct number *a, const struct number *b);
/* Integers divide downwards. False when b is zero. */
bool number_divide(const struct number *a, const struct number *b, struct number *out);
/* The remainder has the sign of b. False when b is zero. */
bool number_modulo(const struct number *a, const struct number *b, struct number *out);
int number_compare(const struct number *a, const struct number *b);
struct number number_absolute(const struct number *a);

enum rounding { ROUND_NEAREST, ROUND_UP, ROUND_DOWN };
/* To places after the point; nearest means half away from zero. With places <= 0 the result is an integer. */
struct number number_round(const struct number *a, gint64 places, enum rounding rounding);

/* The leading integer of a text, 0 when there is none. */
gint64 number_leading_integer(const char *text, size_t len);
/* A text that is an integer and nothing else, blanks around it allowed. */
bool number_exact_integer(const char *text, size_t len, gint64 *out);

/* The shortest text that reads back as value, always with a point: 5.0, 0.1, 1.0e+20. Returns its length. */
size_t number_format_real(double value, char text[NUMBER_TEXT_MAX]);
size_t number_format_int(gint64 value, char text[NUMBER_TEXT_MAX]);
/* With exactly places (at most 20) digits after the point; number is rounded to places before. 0 when it is
 * too large. */
size_t number_format_fixed(const struct number *number, int places, char text[NUMBER_TEXT_MAX * 2]);

/* Shared by number.c and number_text.c. */

/* 10^exponent; false outside 0 to 38. */
bool number_power_of_ten(int exponent, int128 *out);
size_t number_format_int128(int128 value, char text[NUMBER_TEXT_MAX]);
/* value as whole * 10^-places, when at most four places do. */
bool number_few_places(double value, gint64 *whole, int *places);
/* The fewest digits, without a point, that read back as value; returns the exponent of the first. */
int number_shortest_digits(double value, char digits[NUMBER_TEXT_MAX]);
/* Takes the blanks off both ends. */
void number_strip(const char **text, size_t *len);
/* -?digits.digits and nothing else */
bool number_looks_decimal(const char *text, size_t len);
/* [sign] digits, single underscores between digits allowed; *used is how much of the text that was. */
int128 number_read_integer(const char *text, size_t len, size_t *used);

#endif
