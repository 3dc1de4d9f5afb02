/* Purpose: dates in numbers, with month names, weekdays: the ways in which the languages of classify_words.c
 * write them.
 *
 * Only the form is read here; which of two numbers is the day, and which year is meant, is for
 * classify_date.c. */
#include "inbox/classify_date.h"

#include <string.h>

#define MAX_DATES 40u

/* clang-format off */
static const struct { const char *name; guint number; } months[] = {
    {"january", 1}, {"february", 2}, {"march", 3}, {"april", 4}, {"may", 5}, {"june", 6}, {"july", 7}, {"august", 8}, {"september", 9}, {"october", 10}, {"november", 11}, {"december", 12},
    {"jan", 1}, {"feb", 2}, {"mar", 3}, {"apr", 4}, {"jun", 6}, {"jul", 7}, {"aug", 8}, {"sep", 9}, {"sept", 9}, {"oct", 10}, {"nov", 11}, {"dec", 12},
    {"januar", 1}, {"janner", 1}, {"februar", 2}, {"marz", 3}, {"maerz", 3}, {"mrz", 3}, {"mai", 5}, {"juni", 6}, {"juli", 7}, {"oktober", 10}, {"okt", 10}, {"dezember", 12}, {"dez", 12},
    {"janvier", 1}, {"janv", 1}, {"fevrier", 2}, {"fevr", 2}, {"mars", 3}, {"avril", 4}, {"avr", 4}, {"juin", 6}, {"juillet", 7}, {"juil", 7}, {"aout", 8}, {"septembre", 9}, {"octobre", 10}, {"novembre", 11}, {"decembre", 12},
    {"enero", 1}, {"ene", 1}, {"febrero", 2}, {"marzo", 3}, {"abril", 4}, {"abr", 4}, {"mayo", 5}, {"junio", 6}, {"julio", 7}, {"agosto", 8}, {"septiembre", 9}, {"setiembre", 9}, {"octubre", 10}, {"noviembre", 11}, {"diciembre", 12}, {"dic", 12},
    {"gennaio", 1}, {"gen", 1}, {"febbraio", 2}, {"aprile", 4}, {"maggio", 5}, {"giugno", 6}, {"giu", 6}, {"luglio", 7}, {"lug", 7}, {"settembre", 9}, {"ottobre", 10}, {"ott", 10}, {"dicembre", 12},
    {"janeiro", 1}, {"fevereiro", 2}, {"fev", 2}, {"marco", 3}, {"maio", 5}, {"junho", 6}, {"julho", 7}, {"setembro", 9}, {"outubro", 10}, {"novembro", 11}, {"dezembro", 12},
    {"januari", 1}, {"februari", 2}, {"maart", 3}, {"mrt", 3}, {"marts", 3}, {"mei", 5}, {"augustus", 8}, {"maj", 5}, {"augusti", 8}, {"desember", 12}, {"des", 12},
    {"tammikuuta", 1}, {"helmikuuta", 2}, {"maaliskuuta", 3}, {"huhtikuuta", 4}, {"toukokuuta", 5}, {"kesakuuta", 6}, {"heinakuuta", 7}, {"elokuuta", 8}, {"syyskuuta", 9}, {"lokakuuta", 10}, {"marraskuuta", 11}, {"joulukuuta", 12},
    {"stycznia", 1}, {"lutego", 2}, {"marca", 3}, {"kwietnia", 4}, {"maja", 5}, {"czerwca", 6}, {"lipca", 7}, {"sierpnia", 8}, {"wrzesnia", 9}, {"pazdziernika", 10}, {"listopada", 11}, {"grudnia", 12},
    {"ledna", 1}, {"unora", 2}, {"brezna", 3}, {"dubna", 4}, {"kvetna", 5}, {"cervna", 6}, {"cervence", 7}, {"srpna", 8}, {"zari", 9}, {"rijna", 10}, {"prosince", 12},
    {"januara", 1}, {"februara", 2}, {"aprila", 4}, {"juna", 6}, {"jula", 7}, {"augusta", 8}, {"septembra", 9}, {"oktobra", 10}, {"novembra", 11}, {"decembra", 12},
    {"marcius", 3}, {"aprilis", 4}, {"majus", 5}, {"junius", 6}, {"julius", 7}, {"augusztus", 8}, {"szeptember", 9}, {"ianuarie", 1}, {"februarie", 2}, {"martie", 3}, {"aprilie", 4}, {"iunie", 6}, {"iulie", 7}, {"septembrie", 9}, {"octombrie", 10}, {"noiembrie", 11}, {"decembrie", 12},
    {"ιανουαριου", 1}, {"φεβρουαριου", 2}, {"μαρτιου", 3}, {"απριλιου", 4}, {"μαιου", 5}, {"ιουνιου", 6}, {"ιουλιου", 7}, {"αυγουστου", 8}, {"σεπτεμβριου", 9}, {"οκτωβριου", 10}, {"νοεμβριου", 11}, {"δεκεμβριου", 12},
    {"января", 1}, {"февраля", 2}, {"марта", 3}, {"апреля", 4}, {"мая", 5}, {"июня", 6}, {"июля", 7}, {"августа", 8}, {"сентября", 9}, {"октября", 10}, {"ноября", 11}, {"декабря", 12},
    {"січня", 1}, {"лютого", 2}, {"березня", 3}, {"квітня", 4}, {"травня", 5}, {"червня", 6}, {"липня", 7}, {"серпня", 8}, {"вересня", 9}, {"жовтня", 10}, {"листопада", 11}, {"грудня", 12},
    {"ocak", 1}, {"subat", 2}, {"mart", 3}, {"nisan", 4}, {"mayis", 5}, {"haziran", 6}, {"temmuz", 7}, {"agustos", 8}, {"eylul", 9}, {"ekim", 10}, {"kasim", 11}, {"aralik", 12},
    {"يناير", 1}, {"فبراير", 2}, {"مارس", 3}, {"أبريل", 4}, {"ابريل", 4}, {"مايو", 5}, {"يونيو", 6}, {"يوليو", 7}, {"أغسطس", 8}, {"اغسطس", 8}, {"سبتمبر", 9}, {"أكتوبر", 10}, {"اكتوبر", 10}, {"نوفمبر", 11}, {"ديسمبر", 12},
    {"בינואר", 1}, {"בפברואר", 2}, {"במרץ", 3}, {"באפריל", 4}, {"במאי", 5}, {"ביוני", 6}, {"ביולי", 7}, {"באוגוסט", 8}, {"בספטמבר", 9}, {"באוקטובר", 10}, {"בנובמבר", 11}, {"בדצמבר", 12},
};
static const struct { const char *name; guint number; } weekdays[] = {
    {"monday", 1}, {"tuesday", 2}, {"wednesday", 3}, {"thursday", 4}, {"friday", 5}, {"saturday", 6}, {"sunday", 7},
    {"montag", 1}, {"dienstag", 2}, {"mittwoch", 3}, {"donnerstag", 4}, {"freitag", 5}, {"samstag", 6}, {"sonnabend", 6}, {"sonntag", 7},
    {"lundi", 1}, {"mardi", 2}, {"mercredi", 3}, {"jeudi", 4}, {"vendredi", 5}, {"samedi", 6}, {"dimanche", 7},
    {"lunes", 1}, {"martes", 2}, {"miercoles", 3}, {"jueves", 4}, {"viernes", 5}, {"sabado", 6}, {"domingo", 7},
    {"lunedi", 1}, {"martedi", 2}, {"mercoledi", 3}, {"giovedi", 4}, {"venerdi", 5}, {"sabato", 6}, {"domenica", 7},
    {"segunda-feira", 1}, {"terca-feira", 2}, {"quarta-feira", 3}, {"quinta-feira", 4}, {"sexta-feira", 5}, {"segunda", 1}, {"terca", 2}, {"quarta", 3}, {"quinta", 4}, {"sexta", 5},
    {"maandag", 1}, {"dinsdag", 2}, {"woensdag", 3}, {"donderdag", 4}, {"vrijdag", 5}, {"zaterdag", 6}, {"zondag", 7},
    {"mandag", 1}, {"tirsdag", 2}, {"onsdag", 3}, {"torsdag", 4}, {"fredag", 5}, {"lordag", 6}, {"lørdag", 6}, {"sondag", 7}, {"søndag", 7}, {"tisdag", 2},
    {"maanantaina", 1}, {"tiistaina", 2}, {"keskiviikkona", 3}, {"torstaina", 4}, {"perjantaina", 5}, {"poniedziałek", 1}, {"poniedziałku", 1}, {"wtorek", 2}, {"wtorku", 2}, {"srode", 3}, {"srody", 3}, {"czwartek", 4}, {"czwartku", 4}, {"piatek", 5}, {"piatku", 5},
    {"pondeli", 1}, {"pondelok", 1}, {"utery", 2}, {"utorok", 2}, {"stredu", 3}, {"ctvrtek", 4}, {"stvrtok", 4}, {"patek", 5}, {"piatok", 5}, {"hetfon", 1}, {"kedden", 2}, {"szerdan", 3}, {"csutortokon", 4}, {"penteken", 5}, {"luni", 1}, {"marti", 2}, {"miercuri", 3}, {"joi", 4}, {"vineri", 5},
    {"понедельник", 1}, {"понедельника", 1}, {"вторник", 2}, {"вторника", 2}, {"среду", 3}, {"среды", 3}, {"четверг", 4}, {"четверга", 4}, {"пятницу", 5}, {"пятницы", 5}, {"понедiлок", 1}, {"понедiлка", 1}, {"вiвторок", 2}, {"середу", 3}, {"четвер", 4}, {"п'ятницю", 5}, {"δευτερα", 1}, {"τριτη", 2}, {"τεταρτη", 3}, {"πεμπτη", 4}, {"παρασκευη", 5},
    {"pazartesi", 1}, {"sali", 2}, {"carsamba", 3}, {"persembe", 4}, {"cuma", 5}, {"cumartesi", 6}, {"الاثنين", 1}, {"الإثنين", 1}, {"الثلاثاء", 2}, {"الأربعاء", 3}, {"الخميس", 4}, {"الجمعة", 5}, {"السبت", 6}, {"الأحد", 7},
    {"月曜", 1}, {"火曜", 2}, {"水曜", 3}, {"木曜", 4}, {"金曜", 5}, {"土曜", 6}, {"日曜", 7}, {"星期一", 1}, {"星期二", 2}, {"星期三", 3}, {"星期四", 4}, {"星期五", 5}, {"周一", 1}, {"周二", 2}, {"周三", 3}, {"周四", 4}, {"周五", 5}, {"週一", 1}, {"週二", 2}, {"週三", 3}, {"週四", 4}, {"週五", 5},
    {"월요일", 1}, {"화요일", 2}, {"수요일", 3}, {"목요일", 4}, {"금요일", 5},
};
static const char *const tomorrows[] = {"tomorrow", "demain", "domani", "amanha", "manana", "morgen", "imorgon", "i morgen", "huomenna", "jutro", "zitra", "zajtra", "holnap", "maine", "завтра", "yarin", "غدا", "明日", "明天", "내일", NULL};
/* clang-format on */

static gboolean
is_word_char(gunichar c)
{
    return c < 0x0590 && g_unichar_isalpha(c);
}

gboolean
date_begins_word(const char *text, const char *p)
{
    if (p == text)
        return TRUE;
    gunichar previous = g_utf8_get_char(g_utf8_prev_char(p));
    return !is_word_char(previous);
}

gboolean
date_ends_word(const char *p)
{
    return !is_word_char(g_utf8_get_char(p));
}

static guint
match_month(const char *p, const char **end)
{
    guint month = 0;
    gsize longest = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(months); i++) {
        gsize n = strlen(months[i].name);
        if (n > longest && strncmp(p, months[i].name, n) == 0 && date_ends_word(p + n)) {
            longest = n;
            month = months[i].number;
        }
    }
    if (month)
        *end = p + longest;
    return month;
}

/* 1 to max digits; 0 when there are none or more. */
static guint
match_number(const char *p, guint max, const char **end)
{
    guint value = 0, n = 0;
    *end = p;
    while (n <= max && g_ascii_isdigit(p[n]))
        value = value * 10 + (guint)(p[n++] - '0');
    if (n == 0 || n > max)
        return 0;
    *end = p + n;
    return value;
}

static const char *
skip_any(const char *p, const char *const *words)
{
    for (; *words; words++)
        if (g_str_has_prefix(p, *words))
            return p + strlen(*words);
    return p;
}

static const char *
skip_blanks(const char *p)
{
    return p + strspn(p, " ");
}

static const char *
skip_ordinal(const char *p)
{
    static const char *const ordinals[] = {"st",  "nd", "rd",  "th",  "er",   ".",    "o", "°",
                                           "-го", "-е", "-an", "-en", "-jan", "-jen", NULL};
    const char *end = skip_any(p, ordinals);
    return date_ends_word(end) ? end : p;
}

/* A year behind a date: ", 2026", " de 2026", "/26" is read elsewhere. */
static guint
match_year(const char *p, const char **end)
{
    static const char *const links[] = {"de ", "del ", "do ", NULL};
    const char *q = skip_blanks(p + (*p == ',' || *p == '.'));
    q = skip_any(q, links);
    const char *e;
    guint year = match_number(q, 4, &e);
    if (year < 1990 || year > 2100)
        return 0;
    *end = e;
    return year;
}

static gboolean
is_day(guint day)
{
    return day >= 1 && day <= 31;
}

/* "4-15 august", "4 to 15 august", "3rd of march", "3 de marzo de 2026", at a number. */
static gboolean
read_day_month(const char *p, struct found_date *out)
{
    static const char *const links[] = {"of ", "de ", "d'", "di ", NULL};
    static const char *const between[] = {
        "to ",  "bis ",  "bis zum ", "au ",  "al ",  "a ",   "ao ",  "t/m ",     "tot ", "tot en met ",
        "til ", "till ", "do ",      "إلى ", "الى ", "حتى ", "εωσ ", "pana la ", "la ",  "az do ",
        "по ",  "до ",   "through ", "and ", "e ",   "- ",   "-",    "et ",      NULL};
    const char *q;
    guint day = match_number(p, 2, &q);
    if (!is_day(day))
        return FALSE;
    q = skip_blanks(skip_ordinal(q));
    const char *second = skip_any(q, between);
    const char *r;
    guint last = second > q ? match_number(skip_blanks(second), 2, &r) : 0;
    if (is_day(last)) {
        r = skip_any(skip_blanks(skip_ordinal(r)), links);
        guint month = match_month(r, &r);
        if (month) {
            *out = (struct found_date){
                .start = p, .kind = DATE_CALENDAR, .day = last, .month = month, .range = TRUE};
            out->end = r;
            out->year = match_year(r, &out->end);
            return TRUE;
        }
    }
    q = skip_any(q, links);
    guint month = match_month(q, &q);
    if (!month)
        return FALSE;
    *out = (struct found_date){
        .start = p, .end = q + (*q == '.'), .kind = DATE_CALENDAR, .day = day, .month = month};
    out->year = match_year(out->end, &out->end);
    return TRUE;
}

/* "march 3rd, 2026", "aug 4-15", at a month. */
static gboolean
read_month_day(const char *p, struct found_date *out)
{
    const char *q;
    guint month = match_month(p, &q);
    if (!month)
        return FALSE;
    q = skip_blanks(q + (*q == '.'));
    guint day = match_number(q, 2, &q);
    if (!is_day(day) || *q == ':')
        return FALSE;
    q = skip_ordinal(q);
    *out = (struct found_date){.start = p, .kind = DATE_CALENDAR, .day = day, .month = month};
    static const char *const between[] = {" - ", "-", " to ", " through ", NULL};
    const char *second = skip_any(q, between);
    const char *r;
    guint last = second > q ? match_number(second, 2, &r) : 0;
    if (is_day(last) && last > day) {
        out->day = last;
        out->range = TRUE;
        q = skip_ordinal(r);
    }
    out->end = q;
    out->year = match_year(q, &out->end);
    return TRUE;
}

/* "3月9日" goes on with "至13日", "~13日", "から13日", "부터 13일": the range's end is what counts. */
static void
read_cjk_range(struct found_date *date)
{
    static const char *const links[] = {"至", "到", "-", "~", "〜", "から", "부터", NULL};
    static const char *const days[] = {"日", "号", "號", "일", NULL};
    const char *q = skip_blanks(date->end);
    const char *behind = skip_any(q, links), *r;
    if (behind == q)
        return;
    guint day = match_number(skip_blanks(behind), 2, &r);
    const char *end = skip_any(r, days);
    if (!is_day(day) || end == r)
        return;
    date->day = day;
    date->end = end;
    date->range = TRUE;
}

/* Chinese, Japanese, Korean: [2026年]3月10日. */
static gboolean
read_cjk(const char *p, struct found_date *out)
{
    const char *q;
    guint year = 0;
    guint number = match_number(p, 4, &q);
    if (number >= 1990 && (g_str_has_prefix(q, "年") || g_str_has_prefix(q, "년"))) {
        year = number;
        q = skip_blanks(g_utf8_next_char(q));
        number = match_number(q, 2, &q);
    }
    if (number < 1 || number > 12 || !(g_str_has_prefix(q, "月") || g_str_has_prefix(q, "월")))
        return FALSE;
    q = skip_blanks(g_utf8_next_char(q));
    guint day = match_number(q, 2, &q);
    if (!is_day(day))
        return FALSE;
    if (g_str_has_prefix(q, "日") || g_str_has_prefix(q, "일") || g_str_has_prefix(q, "号") ||
        g_str_has_prefix(q, "號"))
        q = g_utf8_next_char(q);
    if (*q == '(') { /* the weekday */
        const char *close = strchr(q, ')');
        if (close && close - q < 16)
            q = close + 1;
    }
    *out = (struct found_date){
        .start = p, .end = q, .kind = DATE_CALENDAR, .day = day, .month = number, .year = year};
    read_cjk_range(out);
    return TRUE;
}

/* 2026-03-10, 10.3., 10.03.2026, 10/3, 3/10/26, 10-03-2026. */
static gboolean
read_numeric(const char *p, struct found_date *out)
{
    const char *q, *r;
    guint first = match_number(p, 4, &q);
    gsize digits = first || q > p ? (gsize)(q - p) : 0;
    if (first == 0 || !strchr("./-", *q) || !*q)
        return FALSE;
    char mark = *q;
    if (digits == 4) {
        guint month = match_number(q + 1, 2, &r);
        guint day = month && *r == mark ? match_number(r + 1, 2, &r) : 0;
        if (first < 1990 || month > 12 || !is_day(day) || g_ascii_isdigit(*r))
            return FALSE;
        *out = (struct found_date){
            .start = p, .end = r, .kind = DATE_CALENDAR, .day = day, .month = month, .year = first};
        return TRUE;
    }
    if (digits > 2)
        return FALSE;
    const char *s = mark == '.' ? skip_blanks(q + 1) : q + 1;
    guint second = match_number(s, 2, &r);
    if (!is_day(first) || !is_day(second))
        return FALSE;
    guint year = 0;
    const char *end = r;
    if (*r == mark) {
        const char *y = mark == '.' ? skip_blanks(r + 1) : r + 1;
        guint number = match_number(y, 4, &q);
        if (number && (q - y == 4 || q - y == 2) && !g_ascii_isdigit(*q)) {
            year = q - y == 2 ? 2000 + number : number;
            end = q;
        } else if (mark == '.') {
            end = r + 1;
        }
    }
    if (year == 0 && mark == '-')
        return FALSE; /* a range of days, a number of a house */
    if (g_ascii_isdigit(*end) || *end == ':' || g_str_has_prefix(end, " uhr") || g_str_has_prefix(end, "h"))
        return FALSE;
    *out = (struct found_date){
        .start = p, .end = end, .kind = DATE_NUMERIC, .first = first, .second = second, .year = year};
    if (mark == '.' && second <= 12) { /* only people who put the day first write dots */
        out->kind = DATE_CALENDAR;
        out->day = first;
        out->month = second;
    }
    return TRUE;
}

gboolean
date_read_weekday(const char *p, struct found_date *out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(weekdays); i++) {
        gsize n = strlen(weekdays[i].name);
        if (strncmp(p, weekdays[i].name, n) == 0 && date_ends_word(p + n)) {
            const char *end = p + n;
            if (g_str_has_prefix(end, "日")) /* 月曜日 */
                end += strlen("日");
            *out =
                (struct found_date){.start = p, .end = end, .kind = DATE_WEEKDAY, .day = weekdays[i].number};
            return TRUE;
        }
    }
    for (guint i = 0; tomorrows[i]; i++)
        if (g_str_has_prefix(p, tomorrows[i]) && date_ends_word(p + strlen(tomorrows[i]))) {
            *out = (struct found_date){.start = p, .end = p + strlen(tomorrows[i]), .kind = DATE_TOMORROW};
            return TRUE;
        }
    return FALSE;
}

/* "Monday 16", "lunes 16", "下周五", "Friday next week". */
static void
read_around_weekday(const char *note, struct found_date *date)
{
    static const char *const before[] = {"下", "下个", "下個", "来週の", "来週", "다음 주 ", "다음주 ", NULL};
    static const char *const behind[] = {" next week",
                                         " of next week",
                                         " nachste woche",
                                         " nachster woche",
                                         " prochaine semaine",
                                         " de la semana que viene",
                                         NULL};
    for (guint i = 0; before[i]; i++) {
        gsize n = strlen(before[i]);
        if ((gsize)(date->start - note) >= n && strncmp(date->start - n, before[i], n) == 0)
            date->next_week = TRUE;
    }
    if (skip_any(date->end, behind) != date->end)
        date->next_week = TRUE;
    const char *q = skip_blanks(date->end + (*date->end == ','));
    const char *r;
    guint day = match_number(q, 2, &r);
    const char *end = skip_ordinal(r);
    if (q == date->end || !is_day(day) || (*end && !strchr(" .,;!)", *end)))
        return;
    static const char *const times[] = {"am",     "pm",  "o'clock", "uhr", "h ",
                                        "heures", "hrs", "a.m",     "p.m", NULL};
    const char *next = skip_blanks(end), *word_end;
    if (skip_any(next, times) != next || g_ascii_isdigit(*next) || match_month(next, &word_end))
        return;
    date->first = day;
    date->end = end;
}

/* "the 9th", "le 16", "am 16.": a day alone. It counts only behind words of return or end. */
static gboolean
read_day(const char *note, const char *p, struct found_date *out)
{
    static const char *const ordinals[] = {"st", "nd", "rd", "th", NULL};
    static const char *const articles[] = {"le ",  "el ",  "el dia ", "il ", "dia ",
                                           "dem ", "den ", "am ",     "the "};
    const char *q;
    guint day = match_number(p, 2, &q);
    if (!is_day(day))
        return FALSE;
    const char *end = skip_any(q, ordinals);
    gboolean marked = end != q && date_ends_word(end);
    for (gsize i = 0; i < G_N_ELEMENTS(articles) && !marked; i++) {
        gsize n = strlen(articles[i]);
        marked =
            (gsize)(p - note) > n && strncmp(p - n, articles[i], n) == 0 && date_begins_word(note, p - n);
        end = q + (*q == '.');
    }
    if (!marked || *end == '/' || *end == ':' || g_ascii_isalnum(*end) || *end == '%')
        return FALSE;
    *out = (struct found_date){.start = p, .end = end, .kind = DATE_DAY, .day = day};
    return TRUE;
}

char *
date_plain_digits(const char *text)
{
    GString *out = g_string_sized_new(strlen(text) + 1);
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        int digit = c >= 0x80 ? g_unichar_digit_value(c) : -1;
        if (digit >= 0)
            g_string_append_c(out, (char)('0' + digit));
        else
            g_string_append_len(out, p, g_utf8_next_char(p) - p);
    }
    return g_string_free(out, FALSE);
}

GArray *
date_find_all(const char *note)
{
    GArray *dates = g_array_new(FALSE, FALSE, sizeof(struct found_date));
    for (const char *p = note; *p && dates->len < MAX_DATES;) {
        struct found_date date;
        gboolean found = FALSE;
        if (g_ascii_isdigit(*p)) {
            gboolean inside = p > note && (g_ascii_isalnum(p[-1]) || strchr("./-+:@#", p[-1]));
            if (p > note + 1 && p[-1] == '-' && (p[-2] == ' ' || (guchar)p[-2] >= 0x80)) /* " -3", "ב-3" */
                inside = FALSE;
            found = !inside && (read_cjk(p, &date) || read_day_month(p, &date) || read_numeric(p, &date) ||
                                read_day(note, p, &date));
            if (!found) { /* the whole number is none */
                while (g_ascii_isdigit(*p))
                    p++;
                continue;
            }
        } else if (date_begins_word(note, p)) {
            found = read_month_day(p, &date) || date_read_weekday(p, &date);
        }
        if (!found) {
            p = g_utf8_next_char(p);
            continue;
        }
        if (date.kind == DATE_WEEKDAY)
            read_around_weekday(note, &date);
        const char *close = *date.end == '(' ? strchr(date.end, ')') : NULL;
        if (close && close - date.end < 12 && (guchar)date.end[1] >= 0x80)
            date.end = close + 1; /* "3/13(金)" */
        g_array_append_val(dates, date);
        p = date.end;
    }
    return dates;
}
