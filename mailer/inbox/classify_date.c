/* Purpose: the day on which the writer of an out-of-office note is back.
 *
 * First every date in the note is found (numbers, month names, weekdays, in the languages of
 * classify_words.c), then the words around each tell what it is: a return ("back on"), an end ("until"), the
 * end of a range ("4 to 15 August"). A return beats an end, an end beats a range; dates without such words
 * (birthdays, versions, telephone numbers) do not count. When an absence is given by its end, that day is
 * taken: the consequence adds a business day. A day that is past when the note is sent, or more than about a
 * year ahead, is unknown.
 *
 * 05/06 is a day and a month only if something says which is which: a number above 12 here or in another date
 * of the same note, a language whose people write the day first, a clock that only one habit fits, or that
 * only one reading lies ahead. Otherwise the date is unknown; it is never guessed. */
#include "inbox/classify_date.h"

#include <string.h>

#include "inbox/classify_view.h"

#define NOTE_BYTES 6000u
#define GAP_BYTES 60u
#define DAYS_BACK 60   /* a day without a year that passed so recently is past: the note was forgotten */
#define DAYS_AHEAD 400 /* nobody announces more */

enum date_role { ROLE_NONE, ROLE_RANGE, ROLE_UNTIL, ROLE_RETURN };

/* clang-format off */
/* Words in front of a date. english: its readers may write the month first. */
static const struct { const char *words; enum date_role role; gboolean english; } before[] = {
    {"back", ROLE_RETURN, TRUE}, {"return", ROLE_RETURN, TRUE}, {"returning", ROLE_RETURN, TRUE}, {"returns", ROLE_RETURN, TRUE}, {"return date", ROLE_RETURN, TRUE}, {"available again", ROLE_RETURN, TRUE}, {"available from", ROLE_RETURN, TRUE}, {"reachable again", ROLE_RETURN, TRUE}, {"in the office again", ROLE_RETURN, TRUE}, {"resume work", ROLE_RETURN, TRUE}, {"resume", ROLE_RETURN, TRUE}, {"office again", ROLE_RETURN, TRUE},
    {"until", ROLE_UNTIL, TRUE}, {"till", ROLE_UNTIL, TRUE}, {"'til", ROLE_UNTIL, TRUE}, {"through", ROLE_UNTIL, TRUE}, {"thru", ROLE_UNTIL, TRUE}, {"up to and including", ROLE_UNTIL, TRUE}, {"up until", ROLE_UNTIL, TRUE},
    {"ab", ROLE_RETURN, FALSE}, {"ab dem", ROLE_RETURN, FALSE}, {"erst ab", ROLE_RETURN, FALSE}, {"wieder", ROLE_RETURN, FALSE}, {"wieder ab", ROLE_RETURN, FALSE}, {"wieder am", ROLE_RETURN, FALSE}, {"zuruck", ROLE_RETURN, FALSE}, {"ruckkehr", ROLE_RETURN, FALSE}, {"bis", ROLE_UNTIL, FALSE}, {"bis zum", ROLE_UNTIL, FALSE}, {"bis einschließlich", ROLE_UNTIL, FALSE}, {"bis einschliesslich", ROLE_UNTIL, FALSE}, {"bis inkl.", ROLE_UNTIL, FALSE}, {"bis und mit", ROLE_UNTIL, FALSE},
    {"de retour", ROLE_RETURN, FALSE}, {"mon retour", ROLE_RETURN, FALSE}, {"retour", ROLE_RETURN, FALSE}, {"a partir du", ROLE_RETURN, FALSE}, {"reviens", ROLE_RETURN, FALSE}, {"reviendrai", ROLE_RETURN, FALSE}, {"reprendrai", ROLE_RETURN, FALSE}, {"jusqu'au", ROLE_UNTIL, FALSE}, {"jusqu'a", ROLE_UNTIL, FALSE}, {"jusque", ROLE_UNTIL, FALSE}, {"jusqu'au soir du", ROLE_UNTIL, FALSE},
    {"regreso", ROLE_RETURN, FALSE}, {"vuelvo", ROLE_RETURN, FALSE}, {"vuelta", ROLE_RETURN, FALSE}, {"reincorporo", ROLE_RETURN, FALSE}, {"reincorporare", ROLE_RETURN, FALSE}, {"incorporare", ROLE_RETURN, FALSE}, {"regresare", ROLE_RETURN, FALSE}, {"volvere", ROLE_RETURN, FALSE}, {"a partir del", ROLE_RETURN, FALSE}, {"hasta", ROLE_UNTIL, FALSE}, {"hasta el", ROLE_UNTIL, FALSE},
    {"rientro", ROLE_RETURN, FALSE}, {"rientrero", ROLE_RETURN, FALSE}, {"ritorno", ROLE_RETURN, FALSE}, {"tornero", ROLE_RETURN, FALSE}, {"torno", ROLE_RETURN, FALSE}, {"a partire dal", ROLE_RETURN, FALSE}, {"fino al", ROLE_UNTIL, FALSE}, {"fino a", ROLE_UNTIL, FALSE}, {"sino al", ROLE_UNTIL, FALSE},
    {"regressarei", ROLE_RETURN, FALSE}, {"retorno", ROLE_RETURN, FALSE}, {"retornarei", ROLE_RETURN, FALSE}, {"regresso", ROLE_RETURN, FALSE}, {"volta", ROLE_RETURN, FALSE}, {"volto", ROLE_RETURN, FALSE}, {"voltarei", ROLE_RETURN, FALSE}, {"a partir de", ROLE_RETURN, FALSE}, {"ate", ROLE_UNTIL, FALSE}, {"ate ao", ROLE_UNTIL, FALSE}, {"ate o", ROLE_UNTIL, FALSE},
    {"terug", ROLE_RETURN, FALSE}, {"weer aanwezig", ROLE_RETURN, FALSE}, {"weer bereikbaar", ROLE_RETURN, FALSE}, {"weer op kantoor", ROLE_RETURN, FALSE}, {"vanaf", ROLE_RETURN, FALSE}, {"tot", ROLE_UNTIL, FALSE}, {"tot en met", ROLE_UNTIL, FALSE}, {"t/m", ROLE_UNTIL, FALSE},
    {"tillbaka", ROLE_RETURN, FALSE}, {"ater", ROLE_RETURN, FALSE}, {"tilbage", ROLE_RETURN, FALSE}, {"tilbake", ROLE_RETURN, FALSE}, {"palaan", ROLE_RETURN, FALSE}, {"till och med", ROLE_UNTIL, FALSE}, {"t.o.m.", ROLE_UNTIL, FALSE}, {"til og med", ROLE_UNTIL, FALSE}, {"indtil", ROLE_UNTIL, FALSE}, {"frem til", ROLE_UNTIL, FALSE}, {"til", ROLE_UNTIL, FALSE}, {"fram till", ROLE_UNTIL, FALSE},
    {"wracam", ROLE_RETURN, FALSE}, {"wroce", ROLE_RETURN, FALSE}, {"bede dostepny", ROLE_RETURN, FALSE}, {"bede dostepna", ROLE_RETURN, FALSE}, {"do", ROLE_UNTIL, FALSE}, {"do dnia", ROLE_UNTIL, FALSE}, {"vratim se", ROLE_RETURN, FALSE}, {"vratim sa", ROLE_RETURN, FALSE}, {"zpet", ROLE_RETURN, FALSE}, {"spat", ROLE_RETURN, FALSE}, {"revin", ROLE_RETURN, FALSE}, {"ma intorc", ROLE_RETURN, FALSE}, {"pana pe", ROLE_UNTIL, FALSE}, {"pana la", ROLE_UNTIL, FALSE}, {"pana in", ROLE_UNTIL, FALSE},
    {"επιστρεφω", ROLE_RETURN, FALSE}, {"επιστροφη", ROLE_RETURN, FALSE}, {"εωσ", ROLE_UNTIL, FALSE}, {"μεχρι", ROLE_UNTIL, FALSE}, {"вернусь", ROLE_RETURN, FALSE}, {"возвращаюсь", ROLE_RETURN, FALSE}, {"выхожу", ROLE_RETURN, FALSE}, {"выиду", ROLE_RETURN, FALSE}, {"буду на работе", ROLE_RETURN, FALSE}, {"буду на месте", ROLE_RETURN, FALSE}, {"буду в офисе", ROLE_RETURN, FALSE}, {"буду доступен", ROLE_RETURN, FALSE}, {"буду доступна", ROLE_RETURN, FALSE}, {"до", ROLE_UNTIL, FALSE}, {"по", ROLE_UNTIL, FALSE}, {"повернусь", ROLE_RETURN, FALSE}, {"повернуся", ROLE_RETURN, FALSE}, {"включно до", ROLE_UNTIL, FALSE},
    {"سأعود", ROLE_RETURN, FALSE}, {"وسأعود", ROLE_RETURN, FALSE}, {"سوف أعود", ROLE_RETURN, FALSE}, {"سأكون متاحا", ROLE_RETURN, FALSE}, {"أعود", ROLE_RETURN, FALSE}, {"العودة", ROLE_RETURN, FALSE}, {"عودتي", ROLE_RETURN, FALSE}, {"حتى", ROLE_UNTIL, FALSE}, {"لغاية", ROLE_UNTIL, FALSE}, {"עד", ROLE_UNTIL, FALSE}, {"אחזור", ROLE_RETURN, FALSE},
    {"至", ROLE_UNTIL, FALSE}, {"直到", ROLE_UNTIL, FALSE}, {"到", ROLE_UNTIL, FALSE}, {"将于", ROLE_RETURN, FALSE}, {"將於", ROLE_RETURN, FALSE},
};
/* Words behind a date. */
static const struct { const char *words; enum date_role role; } after[] = {
    {"wieder", ROLE_RETURN}, {"bin ich wieder", ROLE_RETURN}, {"zuruck", ROLE_RETURN}, {"i will be back", ROLE_RETURN}, {"i'll be back", ROLE_RETURN}, {"terug", ROLE_RETURN}, {"weer", ROLE_RETURN}, {"ben ik weer", ROLE_RETURN}, {"ben ik terug", ROLE_RETURN}, {"igen", ROLE_RETURN}, {"igjen", ROLE_RETURN}, {"asti", ROLE_UNTIL}, {"saakka", ROLE_UNTIL},
    {"tarihine kadar", ROLE_UNTIL}, {"kadar", ROLE_UNTIL}, {"'a kadar", ROLE_UNTIL}, {"'e kadar", ROLE_UNTIL}, {"'ya kadar", ROLE_UNTIL}, {"'ye kadar", ROLE_UNTIL}, {"gunune kadar", ROLE_UNTIL}, {"tarihinde donecegim", ROLE_RETURN}, {"tarihinde ofiste", ROLE_RETURN}, {"donecegim", ROLE_RETURN}, {"gunu donecegim", ROLE_RETURN}, {"gunu ofiste", ROLE_RETURN}, {"'de donecegim", ROLE_RETURN}, {"'da donecegim", ROLE_RETURN}, {"'te donecegim", ROLE_RETURN}, {"'ta donecegim", ROLE_RETURN}, {"tarihi itibari", ROLE_RETURN},
    {"terek vissza", ROLE_RETURN}, {"visszaterek", ROLE_RETURN}, {"-ig", ROLE_UNTIL}, {"ig", ROLE_UNTIL}, {"まで", ROLE_UNTIL}, {"迄", ROLE_UNTIL}, {"より出社", ROLE_RETURN}, {"から出社", ROLE_RETURN}, {"に出社", ROLE_RETURN}, {"より通常", ROLE_RETURN}, {"から通常", ROLE_RETURN}, {"に戻", ROLE_RETURN}, {"に復帰", ROLE_RETURN}, {"から復帰", ROLE_RETURN}, {"より復帰", ROLE_RETURN}, {"以降", ROLE_RETURN},
    {"返回", ROLE_RETURN}, {"回来", ROLE_RETURN}, {"回來", ROLE_RETURN}, {"回到", ROLE_RETURN}, {"回办公室", ROLE_RETURN}, {"恢复", ROLE_RETURN}, {"上班", ROLE_RETURN}, {"起恢复", ROLE_RETURN}, {"까지", ROLE_UNTIL}, {"복귀", ROLE_RETURN}, {"에 복귀", ROLE_RETURN}, {"에 돌아", ROLE_RETURN}, {"부터 정상", ROLE_RETURN}, {"부터 출근", ROLE_RETURN},
};
/* What may stand between such words and the date. */
static const char *const fillers[] = {
    "إلى", "العمل", "عملي", "المكتب", "يوم", "في", "بتاريخ", "업무에", "업무", "회사에", "사무실로", "사무실에", "정상",
    "on", "the", "in", "at", "to", "of", "from", "my", "our", "office", "work", "desk", "again", "online", "full", "time", "about", "and", "as", "am", "pm", "next", "this", "coming", "following", "morning", "noon", "end", "including", "incl", "inclusive", "approx", "around", "date", "is",
    "dem", "den", "der", "zum", "inkl", "einschließlich", "einschliesslich", "im", "buro", "erreichbar", "fur", "sie", "da", "hause", "haus", "einschl", "kommenden", "nachsten", "personlich", "ab", "erst", "voraussichtlich",
    "le", "la", "au", "du", "bureau", "soir", "matin", "inclus", "prochain", "el", "dia", "al", "lunes", "trabajo", "oficina", "la", "proximo", "a", "il", "lo", "giorno", "ufficio", "sede", "prossimo", "o", "no", "em", "ao", "proximo", "escritorio", "trabalho", "op", "kantoor", "met", "aanwezig", "bereikbaar", "det", "pa", "kontoret", "kontor", "och", "og", "med", "den", "toihin", "toimistolle", "dnia", "w", "do", "biura", "pracy", "kancelari", "v", "do", "prace", "pe", "data", "στισ", "τισ", "ωσ", "την", "το", "γραφειο", "из", "отпуска", "в", "во", "на", "с", "работу", "офис", "включительно", "числа", "م", "في", "يوم", "تاريخ", "إلى", "المكتب", "ב", "ב-", "ה", "de", "d", "o'clock", NULL};
static const char *const connectors[] = {"to", "-", "until", "till", "through", "thru", "and", "bis", "bis zum", "bis einschließlich", "au", "al", "a", "ao", "e", "t/m", "tot", "tot en met", "til", "till och med", "til og med", "do", "по", "до", "a partire", "~", "～", "から", "부터", "至", "到", "إلى", "الى", "حتى", "εωσ", "pana la", NULL};
/* clang-format on */

/* ---- what a date is ---- */

static gboolean
is_filler(const char *word)
{
    for (guint i = 0; fillers[i]; i++)
        if (strcmp(fillers[i], word) == 0)
            return TRUE;
    struct found_date weekday;
    return date_read_weekday(word, &weekday) && *weekday.end == '\0';
}

/* TRUE when between from and to there is nothing but fillers and marks. */
static gboolean
only_fillers(const char *from, const char *to)
{
    g_autofree char *gap = g_strndup(from, (gsize)(to - from));
    g_strdelimit(gap, ",.:;()\"", ' ');
    g_auto(GStrv) words = g_strsplit(gap, " ", -1);
    for (char **word = words; *word; word++)
        if (**word && !is_filler(*word))
            return FALSE;
    return TRUE;
}

static enum date_role
role_before(const char *note, const struct found_date *date, gboolean *english)
{
    enum date_role best = ROLE_NONE;
    const char *nearest = NULL;
    const char *from = date->start - note > (gssize)GAP_BYTES ? date->start - GAP_BYTES : note;
    while (((guchar)*from & 0xc0) == 0x80)
        from++;
    for (gsize i = 0; i < G_N_ELEMENTS(before); i++) {
        gsize n = strlen(before[i].words);
        for (const char *p = from; (p = strstr(p, before[i].words)) && p + n <= date->start; p++) {
            if (!date_begins_word(note, p) || !date_ends_word(p + n) || !only_fillers(p + n, date->start))
                continue;
            /* "wracam do pracy 17 marca": of two words the one that says more speaks, else the nearest. */
            if (before[i].role > best || (before[i].role == best && p + n > nearest)) {
                nearest = p + n;
                best = before[i].role;
                *english = before[i].english;
            }
        }
    }
    return best;
}

static enum date_role
role_after(const struct found_date *date)
{
    const char *p = date->end;
    for (guint words = 0; words < 3; words++) {
        /* A full stop ends the sentence, unless the date ends in a number: "am 16.3. zurück". */
        p += strspn(p, words == 0 && p > date->start && !g_ascii_isdigit(p[-1]) && p[-1] != '.' ? " ,()"
                                                                                                : " ,.()");
        for (gsize i = 0; i < G_N_ELEMENTS(after); i++)
            if (g_str_has_prefix(p, after[i].words) && date_ends_word(p + strlen(after[i].words)))
                return after[i].role;
        gsize n = strcspn(p, " ");
        g_autofree char *word = g_strndup(p, n);
        if (!is_filler(word) && strcmp(word, "bin") != 0 && strcmp(word, "ich") != 0)
            break;
        p += n;
    }
    return ROLE_NONE;
}

/* TRUE when this date ends a range that the one before it begins: "24/12 - 02/01". */
static gboolean
ends_range(const struct found_date *previous, const struct found_date *date)
{
    if (!previous || date->start - previous->end > 30 || date->start < previous->end)
        return FALSE;
    g_autofree char *gap = g_strndup(previous->end, (gsize)(date->start - previous->end));
    g_strdelimit(gap, ",.()", ' ');
    g_auto(GStrv) words = g_strsplit(gap, " ", -1);
    gboolean connected = FALSE;
    for (char **word = words; *word; word++) {
        if (**word == '\0')
            continue;
        gboolean connector = FALSE;
        for (guint i = 0; connectors[i] && !connector; i++)
            connector = strcmp(connectors[i], *word) == 0;
        connected = connected || connector;
        if (!connector && !is_filler(*word))
            return FALSE;
    }
    return connected;
}

/* ---- which day it is ---- */

/* The day of date in the year that makes sense for a note sent on that day; FALSE when there is none: a
 * return date is never past, and never more than about a year ahead. */
static gboolean
place_day(guint day, guint month, guint year, const GDate *sent, GDate *out)
{
    guint first = year ? year : g_date_get_year(sent) - 1u, last = year ? year : g_date_get_year(sent) + 1u;
    for (guint y = first; y <= last; y++) {
        if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)y))
            continue;
        GDate candidate;
        g_date_clear(&candidate, 1);
        g_date_set_dmy(&candidate, (GDateDay)day, (GDateMonth)month, (GDateYear)y);
        int ahead = g_date_days_between(sent, &candidate);
        if (ahead < 0 && ahead >= -DAYS_BACK)
            return FALSE;
        if (ahead < 0 || ahead > DAYS_AHEAD)
            continue;
        *out = candidate;
        return TRUE;
    }
    return FALSE;
}

enum day_order { ORDER_UNKNOWN, ORDER_DAY_FIRST, ORDER_MONTH_FIRST };

/* What other dates of the note say about the writer's habit. */
static enum day_order
order_of_note(const char *note, const GArray *dates)
{
    for (guint i = 0; i < dates->len; i++) {
        const struct found_date *date = &g_array_index(dates, struct found_date, i);
        if (date->kind != DATE_NUMERIC)
            continue;
        if (date->first > 12)
            return ORDER_DAY_FIRST;
        if (date->second > 12)
            return ORDER_MONTH_FIRST;
    }
    for (const char *p = note; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if ((c >= 0x3040 && c <= 0x30ff) || (c >= 0x4e00 && c <= 0x9fff) || (c >= 0xac00 && c <= 0xd7af))
            return ORDER_MONTH_FIRST; /* Japanese, Chinese and Korean go from the large to the small */
    }
    return ORDER_UNKNOWN;
}

static gboolean
resolve_numeric(const struct found_date *date, enum day_order order, gboolean english, const GDate *sent,
                int zone_s, GDate *out)
{

    GDate day_first, month_first;
    gboolean can_day =
        date->second <= 12 && place_day(date->first, date->second, date->year, sent, &day_first);
    gboolean can_month =
        date->first <= 12 && place_day(date->second, date->first, date->year, sent, &month_first);
    /* "Tuesday 10/3" says which is which when only one of the days is a Tuesday. */
    if (date->weekday && can_day && can_month && date->first != date->second) {
        gboolean day_fits = (guint)g_date_get_weekday(&day_first) == date->weekday;
        gboolean month_fits = (guint)g_date_get_weekday(&month_first) == date->weekday;
        if (day_fits != month_fits)
            order = day_fits ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
    }
    if (order == ORDER_UNKNOWN && !english)
        order = ORDER_DAY_FIRST;
    if (order == ORDER_UNKNOWN && zone_s <= -4 * 3600)
        order = ORDER_MONTH_FIRST; /* North America */
    if (order == ORDER_UNKNOWN && zone_s >= 3600)
        order = ORDER_DAY_FIRST; /* UTC itself says nothing: servers write it for everybody */
    if (order == ORDER_UNKNOWN && can_day && can_month) {
        gboolean day_ahead = g_date_compare(&day_first, sent) >= 0,
                 month_ahead = g_date_compare(&month_first, sent) >= 0;
        if (g_date_compare(&day_first, &month_first) != 0 && day_ahead == month_ahead)
            return FALSE;
        order = day_ahead ? ORDER_DAY_FIRST : ORDER_MONTH_FIRST;
    }
    gboolean use_day = order == ORDER_UNKNOWN ? can_day : order == ORDER_DAY_FIRST;
    if (use_day ? !can_day : !can_month)
        return FALSE;
    *out = use_day ? day_first : month_first;
    return TRUE;
}

static gboolean
resolve(const struct found_date *date, enum day_order order, gboolean english, const GDate *sent, int zone_s,
        GDate *out)
{
    switch (date->kind) {
    case DATE_CALENDAR:
        return place_day(date->day, date->month, date->year, sent, out);
    case DATE_NUMERIC:
        return resolve_numeric(date, order, english, sent, zone_s, out);
    case DATE_WEEKDAY: {
        *out = *sent;
        guint today = (guint)g_date_get_weekday(sent);
        g_date_add_days(out,
                        date->day > today && !date->next_week ? date->day - today : date->day + 7 - today);
        for (guint week = 0; date->first && week < 9; week++) { /* "Monday 16": the one that is a Monday */
            if (g_date_get_day(out) == date->first)
                return TRUE;
            g_date_add_days(out, 7);
        }
        return date->first == 0;
    }
    case DATE_DAY: /* the next of that number */
        *out = *sent;
        for (guint ahead = 0; ahead < 62; ahead++) {
            g_date_add_days(out, 1);
            if (g_date_get_day(out) == date->day)
                return TRUE;
        }
        return FALSE;
    case DATE_TOMORROW:
        *out = *sent;
        g_date_add_days(out, 1);
        return TRUE;
    }
    return FALSE;
}

/* The day among the dates of note that the words around make the return, or FALSE. */
static gboolean
choose_day(const char *note, GArray *dates, const GDate *sent, int zone_s, GDate *out)
{
    enum day_order order = order_of_note(note, dates);
    enum date_role best = ROLE_NONE;
    const struct found_date *previous = NULL;
    GDate previous_day = {0};
    gboolean previous_known = FALSE;
    for (guint i = 0; i < dates->len; i++) {
        const struct found_date *date = &g_array_index(dates, struct found_date, i);
        struct found_date *next = i + 1 < dates->len ? &g_array_index(dates, struct found_date, i + 1) : NULL;
        /* "Monday, 9 March": the weekday only introduces the date. */
        if (date->kind == DATE_WEEKDAY && next && next->kind != DATE_WEEKDAY &&
            next->start - date->end < 12 && only_fillers(date->end, next->start)) {
            next->weekday = date->day;
            continue;
        }
        gboolean english = TRUE;
        enum date_role role = role_before(note, date, &english);
        enum date_role behind = role_after(date);
        if (behind > role) {
            role = behind;
            english = FALSE;
        }
        gboolean ends = ends_range(previous, date);
        if (role == ROLE_NONE && (date->range || ends))
            role = ROLE_RANGE;
        /* "24 December to 2 January": the end comes behind the beginning, whatever the year. */
        GDate resolved = {0};
        gboolean known = ends && previous_known && date->year == 0 &&
                         resolve(date, order, english, &previous_day, zone_s, &resolved);
        known = known || resolve(date, order, english, sent, zone_s, &resolved);
        previous = date;
        previous_known = known && date->kind != DATE_WEEKDAY;
        previous_day = resolved;
        if (role > best && known && g_date_days_between(sent, &resolved) <= DAYS_AHEAD) {
            best = role;
            *out = resolved;
        }
    }
    return best != ROLE_NONE;
}

char *
classify_find_return_date(const char *subject, const char *text, gint64 sent_us, int zone_s)
{
    if (sent_us == 0)
        return NULL;
    g_autofree char *whole = g_strconcat(subject, " | ", text, NULL);
    g_autofree char *folded = classify_fold(whole, NOTE_BYTES);
    g_autofree char *note = date_plain_digits(folded);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(sent_us / G_USEC_PER_SEC + zone_s);
    if (!utc)
        return NULL;
    int year, month, day;
    g_date_time_get_ymd(utc, &year, &month, &day);
    if (year < 1990 || year > 2100)
        return NULL;
    GDate sent, chosen;
    g_date_clear(&sent, 1);
    g_date_set_dmy(&sent, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    g_autoptr(GArray) dates = date_find_all(note);
    if (!choose_day(note, dates, &sent, zone_s, &chosen))
        return NULL;
    return g_strdup_printf("%04u-%02u-%02u", (guint)g_date_get_year(&chosen),
                           (guint)g_date_get_month(&chosen), (guint)g_date_get_day(&chosen));
}
