/* Dates as people write them, found in a text. Internal to inbox/classify_date*.c. All texts are folded
 * (classify_fold). */
#ifndef USHER_INBOX_CLASSIFY_DATE_H
#define USHER_INBOX_CLASSIFY_DATE_H

#include <glib.h>

enum date_kind { DATE_CALENDAR, DATE_NUMERIC, DATE_WEEKDAY, DATE_DAY, DATE_TOMORROW };

/* A date as written. For DATE_NUMERIC first and second are two numbers of unknown order. */
struct found_date {
    const char *start, *end;
    enum date_kind kind;
    guint day, month, year; /* year 0: not written; weekday 1-7 in day for DATE_WEEKDAY */
    guint first, second;    /* DATE_WEEKDAY: first is the day of the month, 0 when not written */
    guint weekday;          /* 1-7: the weekday in front of it, 0 when there is none */
    gboolean next_week;     /* DATE_WEEKDAY: of the week after this one */
    gboolean range;         /* "4-15 August": the end of it */
};

/* Copies text with the digits of Arabic, Persian and Indian scripts as 0 to 9. The caller frees. */
char *date_plain_digits(const char *text);

/* Every date of note in order, as an array of struct found_date that point into it. At most 40. */
GArray *date_find_all(const char *note);

/* Reads a weekday or "tomorrow" at p. */
gboolean date_read_weekday(const char *p, struct found_date *out);

/* TRUE when at p, in text, a word of an alphabet begins / when none goes on. */
gboolean date_begins_word(const char *text, const char *p);
gboolean date_ends_word(const char *p);

#endif
