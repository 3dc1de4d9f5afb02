/* Purpose: see date.h. The text is cut into numbers, words and signs; the time of day is taken out first,
 * then the date is looked for in what is left. Words that mean nothing here are passed over. */
#include "liquid/date.h"

#include <string.h>

#include "base/zone.h"

#define TOKENS_MAX 40

enum date_token_kind { DATE_NUMBER, DATE_WORD, DATE_SIGN };

struct date_token {
    enum date_token_kind kind;
    char sign;
    char word[12];
    int number;
    int digits;
    char text[16]; /* the digits of a long number */
    bool used;
};

struct reading {
    struct date_token token[TOKENS_MAX];
    int n;
    int year, month, day; /* 0: not given */
    int hour, minute, second, microsecond;
    bool has_time, has_date, has_offset;
    int offset_s;
};

static const char *const months[] = {"january", "february", "march",     "april",   "may",      "june",
                                     "july",    "august",   "september", "october", "november", "december"};

static const struct {
    const char *name;
    int hours;
} zones[] = {
    {"z", 0},    {"utc", 0},  {"gmt", 0},  {"est", -5}, {"edt", -4}, {"cst", -6}, {"cdt", -5}, {"mst", -7},
    {"mdt", -6}, {"pst", -8}, {"pdt", -7}, {"bst", 1},  {"cet", 1},  {"cest", 2}, {"eet", 2},  {"eest", 3},
};

static bool
add_token(struct reading *reading, const char **at, const char *end)
{
    struct date_token *token = &reading->token[reading->n];
    const char *from = *at;

    *token = (struct date_token){0};
    if (g_ascii_isdigit(*from)) {
        token->kind = DATE_NUMBER;
        while (*at < end && g_ascii_isdigit(**at)) {
            if (token->digits >= 14)
                return false;
            token->text[token->digits++] = **at;
            if (token->digits <= 8)
                token->number = token->number * 10 + (**at - '0');
            ++*at;
        }
    } else if (g_ascii_isalpha(*from)) {
        size_t n = 0;
        token->kind = DATE_WORD;
        for (; *at < end && g_ascii_isalpha(**at); ++*at)
            if (n + 1 < sizeof token->word)
                token->word[n++] = g_ascii_tolower(**at);
    } else {
        token->kind = DATE_SIGN;
        token->sign = *from;
        ++*at;
    }
    reading->n++;
    return true;
}

static bool
cut_tokens(struct reading *reading, const char *text, size_t len)
{
    const char *at = text, *end = text + len;

    while (at < end) {
        if (g_ascii_isspace(*at))
            at++;
        else if (reading->n == TOKENS_MAX || !add_token(reading, &at, end))
            return false;
    }
    return true;
}

static struct date_token *
token_at(struct reading *reading, int i, enum date_token_kind kind)
{
    if (i < 0 || i >= reading->n || reading->token[i].used || reading->token[i].kind != kind)
        return NULL;
    return &reading->token[i];
}

static struct date_token *
number_at(struct reading *reading, int i, int min_digits, int max_digits)
{
    struct date_token *token = token_at(reading, i, DATE_NUMBER);
    return token && token->digits >= min_digits && token->digits <= max_digits ? token : NULL;
}

static bool
sign_at(struct reading *reading, int i, char sign)
{
    struct date_token *token = token_at(reading, i, DATE_SIGN);
    return token && token->sign == sign;
}

static bool
word_at(struct reading *reading, int i, const char *word)
{
    struct date_token *token = token_at(reading, i, DATE_WORD);
    return token && strcmp(token->word, word) == 0;
}

static void
use(struct reading *reading, int from, int to)
{
    for (int i = from; i < to; i++)
        reading->token[i].used = true;
}

/* am or pm at i, written a.m. too; *end is past it. */
static bool
read_half_day(struct reading *reading, int i, int *hour, int *end)
{
    bool pm, dotted = sign_at(reading, i + 1, '.') && word_at(reading, i + 2, "m");

    if (word_at(reading, i, "am") || (dotted && word_at(reading, i, "a")))
        pm = false;
    else if (word_at(reading, i, "pm") || (dotted && word_at(reading, i, "p")))
        pm = true;
    else
        return false;
    *end = dotted ? i + (sign_at(reading, i + 3, '.') ? 4 : 3) : i + 1;
    *hour = *hour % 12 + (pm ? 12 : 0);
    return true;
}

/* Z, a zone's letters, or +hh, +hhmm, +hh:mm at i. */
static int
read_offset(struct reading *reading, int i)
{
    struct date_token *word = token_at(reading, i, DATE_WORD), *number;
    bool minus = sign_at(reading, i, '-');

    for (size_t z = 0; word && z < G_N_ELEMENTS(zones); z++)
        if (strcmp(word->word, zones[z].name) == 0) {
            reading->has_offset = true;
            reading->offset_s = zones[z].hours * 3600;
            /* UTC+02:00 */
            if (zones[z].hours == 0 && (sign_at(reading, i + 1, '+') || sign_at(reading, i + 1, '-')))
                return read_offset(reading, i + 1);
            return i + 1;
        }
    if (!minus && !sign_at(reading, i, '+'))
        return i;
    number = number_at(reading, i + 1, 1, 4);
    if (!number || number->digits == 3)
        return i;
    int hours = number->digits == 4 ? number->number / 100 : number->number;
    int minutes = number->digits == 4 ? number->number % 100 : 0, end = i + 2;
    if (number->digits <= 2 && sign_at(reading, i + 2, ':') && number_at(reading, i + 3, 2, 2)) {
        minutes = reading->token[i + 3].number;
        end = i + 4;
    }
    reading->has_offset = true;
    reading->offset_s = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    return end;
}

/* The digits behind a decimal point. */
static int
microseconds(const struct date_token *token)
{
    int us = 0;

    for (int i = 0; i < 6; i++)
        us = us * 10 + (i < token->digits ? token->text[i] - '0' : 0);
    return us;
}

static bool
read_clock(struct reading *reading, int i)
{
    struct date_token *hour = number_at(reading, i, 1, 2);
    int end = i + 1;

    if (!hour)
        return false;
    reading->hour = hour->number;
    if (!sign_at(reading, i + 1, ':') || !number_at(reading, i + 2, 2, 2)) {
        if (!read_half_day(reading, end, &reading->hour, &end))
            return false;
    } else {
        reading->minute = reading->token[i + 2].number;
        end = i + 3;
        if (sign_at(reading, end, ':') && number_at(reading, end + 1, 2, 2)) {
            reading->second = reading->token[end + 1].number;
            end += 2;
            if ((sign_at(reading, end, '.') || sign_at(reading, end, ',')) &&
                number_at(reading, end + 1, 1, 14)) {
                reading->microsecond = microseconds(&reading->token[end + 1]);
                end += 2;
            }
        }
        read_half_day(reading, end, &reading->hour, &end);
    }
    end = read_offset(reading, end);
    use(reading, i, end);
    reading->has_time = true;
    return true;
}

static int
month_of(const char *word)
{
    size_t len = strlen(word);

    for (int i = 0; len >= 3 && i < 12; i++)
        if (strncmp(months[i], word, len) == 0)
            return i + 1;
    return strcmp(word, "sept") == 0 ? 9 : 0;
}

static int
full_year(const struct date_token *token)
{
    if (token->digits > 2)
        return token->number;
    return token->number + (token->number < 69 ? 2000 : 1900);
}

static bool
is_ordinal(struct reading *reading, int i)
{
    return word_at(reading, i, "st") || word_at(reading, i, "nd") || word_at(reading, i, "rd") ||
           word_at(reading, i, "th");
}

/* "14th of March 2016", "March 14, 2016", "14-mar-2016", "March 2016" */
static bool
read_named_month(struct reading *reading, int i)
{
    struct date_token *word = token_at(reading, i, DATE_WORD), *number;
    int before = i - 1, after = i + 1;

    if (!word || !(reading->month = month_of(word->word)))
        return false;
    if (word_at(reading, before, "of"))
        before--;
    if (sign_at(reading, before, '-') || sign_at(reading, before, '/') || sign_at(reading, before, ','))
        before--;
    if (is_ordinal(reading, before))
        before--;
    if ((number = number_at(reading, before, 1, 2)))
        reading->day = number->number;

    if (sign_at(reading, after, '.') || sign_at(reading, after, '-') || sign_at(reading, after, '/'))
        after++;
    if (!reading->day && (number = number_at(reading, after, 1, 2))) {
        reading->day = number->number;
        after += is_ordinal(reading, after + 1) ? 2 : 1;
    }
    /* the time of day may stand between day and year */
    while (after < reading->n && (reading->token[after].used || sign_at(reading, after, ',') ||
                                  sign_at(reading, after, '-') || sign_at(reading, after, '/')))
        after++;
    if ((number = number_at(reading, after, 2, 4)))
        reading->year = full_year(number);
    return true;
}

/* Three numbers, or two, with the same sign between them. */
static bool
read_numbers(struct reading *reading, int i)
{
    struct date_token *a = number_at(reading, i, 1, 4), *b, *c;
    struct date_token *sign = token_at(reading, i + 1, DATE_SIGN);

    if (!a || !sign || !strchr("-/.", sign->sign) || !(b = number_at(reading, i + 2, 1, 2)))
        return false;
    c = sign_at(reading, i + 3, sign->sign) ? number_at(reading, i + 4, 1, 4) : NULL;
    reading->month = b->number;
    if (c && c->digits > 2 && a->digits <= 2) {
        reading->day = a->number;
        reading->year = c->number;
    } else if (c) {
        reading->year = full_year(a);
        reading->day = c->number;
    } else if (a->digits == 4 && sign->sign == '-') {
        reading->year = a->number;
    } else if (sign->sign == '/' && a->digits <= 2) {
        reading->month = a->number;
        reading->day = b->number;
    } else {
        reading->month = 0;
        return false;
    }
    return true;
}

static int
digits_at(const struct date_token *token, int from, int n)
{
    int number = 0;

    for (int i = from; i < from + n; i++)
        number = number * 10 + (token->text[i] - '0');
    return number;
}

/* yyyymmdd, followed by hhmmss or Thhmm[ss] */
static bool
read_compact(struct reading *reading, int i)
{
    struct date_token *token = number_at(reading, i, 8, 14), *clock = token;
    int from = 8;

    if (!token || (token->digits != 8 && token->digits != 14))
        return false;
    reading->year = digits_at(token, 0, 4);
    reading->month = digits_at(token, 4, 2);
    reading->day = digits_at(token, 6, 2);
    if (token->digits == 8) {
        if (!word_at(reading, i + 1, "t") || !(clock = number_at(reading, i + 2, 4, 6)) || clock->digits == 5)
            return true;
        from = 0;
    }
    reading->hour = digits_at(clock, from, 2);
    reading->minute = digits_at(clock, from + 2, 2);
    reading->second = clock->digits - from >= 6 ? digits_at(clock, from + 4, 2) : 0;
    reading->has_time = true;
    read_offset(reading, token->digits == 8 ? i + 3 : i + 1);
    return true;
}

static bool
read_date(struct reading *reading)
{
    for (int i = 0; i < reading->n; i++)
        if (read_named_month(reading, i))
            return true;
    for (int i = 0; i < reading->n; i++)
        if (read_numbers(reading, i) || read_compact(reading, i))
            return true;
    return false;
}

GDateTime *
date_read(const char *text, size_t len, GTimeZone *zone, GDateTime *now, bool *has_offset)
{
    struct reading reading = {0};
    struct civil civil;

    *has_offset = false;
    if (!cut_tokens(&reading, text, len))
        return NULL;
    for (int i = 0; i < reading.n && !read_clock(&reading, i); i++)
        reading.hour = 0;
    reading.has_date = read_date(&reading);
    if (!reading.has_date && !reading.has_time)
        return NULL;

    civil =
        (struct civil){.year = reading.year, .month = reading.month, .day = reading.day, .has_time = TRUE};
    if (!civil.year)
        civil.year = g_date_time_get_year(now);
    if (!civil.month)
        civil.month = reading.has_date ? 1 : g_date_time_get_month(now);
    if (!civil.day)
        civil.day = reading.has_date ? 1 : g_date_time_get_day_of_month(now);
    civil.hour = reading.hour;
    civil.minute = reading.minute;
    civil.second = reading.second;
    if (civil.hour > 23 || civil.minute > 59 || civil.second > 59 || civil.year < 1 || civil.year > 9999 ||
        !g_date_valid_dmy((GDateDay)civil.day, (GDateMonth)civil.month, (GDateYear)civil.year))
        return NULL;

    *has_offset = reading.has_offset;
    if (reading.has_offset) {
        if (reading.offset_s <= -24 * 3600 || reading.offset_s >= 24 * 3600)
            return NULL;
        g_autoptr(GTimeZone) own =
            reading.offset_s ? g_time_zone_new_offset(reading.offset_s) : g_time_zone_new_utc();
        g_autoptr(GDateTime) at =
            g_date_time_new(own, civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second);
        return at ? g_date_time_add(at, reading.microsecond) : NULL;
    }
    gint64 us = zone_to_utc_us(zone, &civil);
    g_autoptr(GDateTime) whole =
        g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC - (us % G_USEC_PER_SEC < 0));
    g_autoptr(GDateTime) utc = whole ? g_date_time_add(whole, reading.microsecond) : NULL;
    return utc ? g_date_time_to_timezone(utc, zone) : NULL;
}
