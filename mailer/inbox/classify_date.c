/* Purpose: the day on which the writer of an out-of-office note is back.
 *
 * First every date in the note is found (numbers, month names, weekdays, in the languages of
 * classify_words.c), then the words around each tell what it is: a return ("back on"), an end ("until"), the
 * end of a range ("4 to 15 August"). A return beats an end, an end beats a range; dates without such words
 * (birthdays, versions, telephone numbers) do not count. When an absence is given by its end, that day is
 * taken.
 *
 * 05/06 is a day and a month only if something says which is which: a number above 12 here or in another date
 * of the same note, a language whose people write the day first, a clock that only one habit fits, or that
 * only one reading lies ahead. Otherwise the date is unknown; it is never guessed. */
#include <string.h>

#include "inbox/classify_view.h"

#define NOTE_BYTES 6000u
#define MAX_DATES 40u
#define GAP_BYTES 60u
#define DAYS_BACK 60 /* a note that was forgotten tells of the past */
#define DAYS_AHEAD 730

enum date_role { ROLE_NONE, ROLE_RANGE, ROLE_UNTIL, ROLE_RETURN };

enum date_kind { DATE_CALENDAR, DATE_NUMERIC, DATE_WEEKDAY, DATE_TOMORROW };

/* A date as written. For DATE_NUMERIC first and second are two numbers of unknown order. */
struct found_date {
    const char *start, *end;
    enum date_kind kind;
    guint day, month, year; /* year 0: not written; weekday 1-7 in day for DATE_WEEKDAY */
    guint first, second;
    gboolean range; /* "4-15 August": the end of it */
};

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
    {"понедельник", 1}, {"понедельника", 1}, {"вторник", 2}, {"вторника", 2}, {"среду", 3}, {"среды", 3}, {"четверг", 4}, {"четверга", 4}, {"пятницу", 5}, {"пятницы", 5}, {"понедiлок", 1}, {"δευτερα", 1}, {"τριτη", 2}, {"τεταρτη", 3}, {"πεμπτη", 4}, {"παρασκευη", 5},
    {"pazartesi", 1}, {"sali", 2}, {"carsamba", 3}, {"persembe", 4}, {"cuma", 5}, {"cumartesi", 6}, {"الاثنين", 1}, {"الإثنين", 1}, {"الثلاثاء", 2}, {"الأربعاء", 3}, {"الخميس", 4}, {"الجمعة", 5}, {"السبت", 6}, {"الأحد", 7},
    {"月曜", 1}, {"火曜", 2}, {"水曜", 3}, {"木曜", 4}, {"金曜", 5}, {"土曜", 6}, {"日曜", 7}, {"星期一", 1}, {"星期二", 2}, {"星期三", 3}, {"星期四", 4}, {"星期五", 5}, {"周一", 1}, {"周二", 2}, {"周三", 3}, {"周四", 4}, {"周五", 5}, {"週一", 1}, {"週二", 2}, {"週三", 3}, {"週四", 4}, {"週五", 5},
    {"월요일", 1}, {"화요일", 2}, {"수요일", 3}, {"목요일", 4}, {"금요일", 5},
};
static const char *const tomorrows[] = {"tomorrow", "demain", "domani", "amanha", "manana", "morgen", "imorgon", "i morgen", "huomenna", "jutro", "zitra", "zajtra", "holnap", "maine", "завтра", "yarin", "غدا", "明日", "明天", "내일", NULL};

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
    {"επιστρεφω", ROLE_RETURN, FALSE}, {"επιστροφη", ROLE_RETURN, FALSE}, {"εως", ROLE_UNTIL, FALSE}, {"μεχρι", ROLE_UNTIL, FALSE}, {"вернусь", ROLE_RETURN, FALSE}, {"возвращаюсь", ROLE_RETURN, FALSE}, {"выхожу", ROLE_RETURN, FALSE}, {"выйду", ROLE_RETURN, FALSE}, {"буду на работе", ROLE_RETURN, FALSE}, {"буду на месте", ROLE_RETURN, FALSE}, {"буду в офисе", ROLE_RETURN, FALSE}, {"буду доступен", ROLE_RETURN, FALSE}, {"буду доступна", ROLE_RETURN, FALSE}, {"до", ROLE_UNTIL, FALSE}, {"по", ROLE_UNTIL, FALSE}, {"повернусь", ROLE_RETURN, FALSE},
    {"سأعود", ROLE_RETURN, FALSE}, {"أعود", ROLE_RETURN, FALSE}, {"العودة", ROLE_RETURN, FALSE}, {"عودتي", ROLE_RETURN, FALSE}, {"حتى", ROLE_UNTIL, FALSE}, {"لغاية", ROLE_UNTIL, FALSE}, {"עד", ROLE_UNTIL, FALSE}, {"אחזור", ROLE_RETURN, FALSE},
    {"至", ROLE_UNTIL, FALSE}, {"直到", ROLE_UNTIL, FALSE}, {"到", ROLE_UNTIL, FALSE}, {"将于", ROLE_RETURN, FALSE}, {"將於", ROLE_RETURN, FALSE},
};
/* Words behind a date. */
static const struct { const char *words; enum date_role role; } after[] = {
    {"wieder", ROLE_RETURN}, {"bin ich wieder", ROLE_RETURN}, {"zuruck", ROLE_RETURN}, {"i will be back", ROLE_RETURN}, {"i'll be back", ROLE_RETURN}, {"terug", ROLE_RETURN}, {"weer", ROLE_RETURN}, {"ben ik weer", ROLE_RETURN}, {"ben ik terug", ROLE_RETURN}, {"igen", ROLE_RETURN}, {"igjen", ROLE_RETURN}, {"asti", ROLE_UNTIL}, {"saakka", ROLE_UNTIL},
    {"tarihine kadar", ROLE_UNTIL}, {"kadar", ROLE_UNTIL}, {"'a kadar", ROLE_UNTIL}, {"'e kadar", ROLE_UNTIL}, {"'ya kadar", ROLE_UNTIL}, {"'ye kadar", ROLE_UNTIL}, {"gunune kadar", ROLE_UNTIL}, {"tarihinde donecegim", ROLE_RETURN}, {"tarihinde ofiste", ROLE_RETURN}, {"donecegim", ROLE_RETURN}, {"gunu donecegim", ROLE_RETURN}, {"gunu ofiste", ROLE_RETURN}, {"'de donecegim", ROLE_RETURN}, {"'da donecegim", ROLE_RETURN}, {"'te donecegim", ROLE_RETURN}, {"'ta donecegim", ROLE_RETURN}, {"tarihi itibari", ROLE_RETURN},
    {"-ig", ROLE_UNTIL}, {"ig", ROLE_UNTIL}, {"まで", ROLE_UNTIL}, {"迄", ROLE_UNTIL}, {"より出社", ROLE_RETURN}, {"から出社", ROLE_RETURN}, {"に出社", ROLE_RETURN}, {"より通常", ROLE_RETURN}, {"から通常", ROLE_RETURN}, {"に戻", ROLE_RETURN}, {"に復帰", ROLE_RETURN}, {"から復帰", ROLE_RETURN}, {"より復帰", ROLE_RETURN}, {"以降", ROLE_RETURN},
    {"返回", ROLE_RETURN}, {"回来", ROLE_RETURN}, {"回來", ROLE_RETURN}, {"回到", ROLE_RETURN}, {"回办公室", ROLE_RETURN}, {"恢复", ROLE_RETURN}, {"上班", ROLE_RETURN}, {"起恢复", ROLE_RETURN}, {"까지", ROLE_UNTIL}, {"복귀", ROLE_RETURN}, {"에 복귀", ROLE_RETURN}, {"에 돌아", ROLE_RETURN}, {"부터 정상", ROLE_RETURN}, {"부터 출근", ROLE_RETURN},
};
/* What may stand between such words and the date. */
static const char *const fillers[] = {
    "on", "the", "in", "at", "to", "of", "from", "my", "our", "office", "work", "desk", "again", "online", "full", "time", "about", "and", "as", "am", "pm", "next", "this", "coming", "following", "morning", "noon", "end", "including", "incl", "inclusive", "approx", "around", "date", "is",
    "dem", "den", "der", "zum", "inkl", "einschließlich", "einschliesslich", "im", "buro", "erreichbar", "fur", "sie", "da", "hause", "haus", "einschl", "kommenden", "nachsten", "personlich", "ab", "erst", "voraussichtlich",
    "le", "la", "au", "du", "bureau", "soir", "matin", "inclus", "prochain", "el", "dia", "al", "lunes", "trabajo", "oficina", "la", "proximo", "a", "il", "lo", "giorno", "ufficio", "sede", "prossimo", "o", "no", "em", "ao", "proximo", "escritorio", "trabalho", "op", "kantoor", "met", "aanwezig", "bereikbaar", "det", "pa", "kontoret", "kontor", "och", "og", "med", "den", "toihin", "toimistolle", "dnia", "w", "do", "biura", "pracy", "kancelari", "v", "do", "prace", "pe", "data", "στις", "την", "το", "γραφειο", "из", "отпуска", "в", "во", "на", "с", "работу", "офис", "включительно", "числа", "م", "في", "يوم", "تاريخ", "إلى", "المكتب", "ב", "ה", "de", "d", "o'clock", NULL};
static const char *const connectors[] = {"to", "-", "until", "till", "through", "thru", "and", "bis", "bis zum", "bis einschließlich", "au", "al", "a", "ao", "e", "t/m", "tot", "tot en met", "til", "till och med", "til og med", "do", "по", "до", "a partire", "~", "～", "から", "부터", "至", "到", "إلى", "الى", "حتى", "εως", "pana la", NULL};
/* clang-format on */

/* ---- finding dates ---- */

static gboolean
is_word_char(gunichar c)
{
    return c < 0x0590 && g_unichar_isalpha(c);
}

static gboolean
begins_word(const char *text, const char *p)
{
    if (p == text)
        return TRUE;
    gunichar previous = g_utf8_get_char(g_utf8_prev_char(p));
    return !is_word_char(previous);
}

static gboolean
ends_word(const char *p)
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
        if (n > longest && strncmp(p, months[i].name, n) == 0 && ends_word(p + n)) {
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
    static const char *const ordinals[] = {"st", "nd", "rd", "th", "er", ".", "º", "°", "-го", "-е", NULL};
    const char *end = skip_any(p, ordinals);
    return ends_word(end) ? end : p;
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
        "to ",   "bis ", "bis zum ", "au ", "al ",      "a ",   "ao ", "t/m ", "tot ", "tot en met ", "til ",
        "till ", "do ",  "по ",      "до ", "through ", "and ", "e ",  "- ",   "-",    "et ",         NULL};
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

static gboolean
read_weekday(const char *p, struct found_date *out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(weekdays); i++) {
        gsize n = strlen(weekdays[i].name);
        if (strncmp(p, weekdays[i].name, n) == 0 && ends_word(p + n)) {
            const char *end = p + n;
            if (g_str_has_prefix(end, "日")) /* 月曜日 */
                end += strlen("日");
            *out =
                (struct found_date){.start = p, .end = end, .kind = DATE_WEEKDAY, .day = weekdays[i].number};
            return TRUE;
        }
    }
    for (guint i = 0; tomorrows[i]; i++)
        if (g_str_has_prefix(p, tomorrows[i]) && ends_word(p + strlen(tomorrows[i]))) {
            *out = (struct found_date){.start = p, .end = p + strlen(tomorrows[i]), .kind = DATE_TOMORROW};
            return TRUE;
        }
    return FALSE;
}

static GArray *
find_dates(const char *note)
{
    GArray *dates = g_array_new(FALSE, FALSE, sizeof(struct found_date));
    for (const char *p = note; *p && dates->len < MAX_DATES;) {
        struct found_date date;
        gboolean found = FALSE;
        if (g_ascii_isdigit(*p)) {
            gboolean inside = p > note && (g_ascii_isalnum(p[-1]) || strchr("./-+:@#", p[-1]));
            if (p > note && p[-1] == '-' && p > note + 1 && p[-2] == ' ')
                inside = FALSE;
            found = !inside && (read_cjk(p, &date) || read_day_month(p, &date) || read_numeric(p, &date));
            if (!found) { /* the whole number is none */
                while (g_ascii_isdigit(*p))
                    p++;
                continue;
            }
        } else if (begins_word(note, p)) {
            found = read_month_day(p, &date) || read_weekday(p, &date);
        }
        if (!found) {
            p = g_utf8_next_char(p);
            continue;
        }
        g_array_append_val(dates, date);
        p = date.end;
    }
    return dates;
}

/* ---- what a date is ---- */

static gboolean
is_filler(const char *word)
{
    for (guint i = 0; fillers[i]; i++)
        if (strcmp(fillers[i], word) == 0)
            return TRUE;
    struct found_date weekday;
    return read_weekday(word, &weekday) && *weekday.end == '\0';
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
            if (!begins_word(note, p) || !ends_word(p + n) || !only_fillers(p + n, date->start))
                continue;
            /* The word nearest to the date speaks; of two that end together the longer. */
            if (!nearest || p + n > nearest || before[i].role > best) {
                if (nearest && p + n < nearest && before[i].role < best)
                    continue;
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
        p += strspn(p, " ,.()");
        for (gsize i = 0; i < G_N_ELEMENTS(after); i++)
            if (g_str_has_prefix(p, after[i].words) && ends_word(p + strlen(after[i].words)))
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

/* The day of date in the year that makes sense for a note sent on that day; FALSE when there is none. */
static gboolean
place_day(guint day, guint month, guint year, const GDate *sent, GDate *out)
{
    guint first = year ? year : g_date_get_year(sent) - 1u, last = year ? year : g_date_get_year(sent) + 1u;
    gboolean found = FALSE;
    for (guint y = first; y <= last; y++) {
        if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)y))
            continue;
        GDate candidate;
        g_date_clear(&candidate, 1);
        g_date_set_dmy(&candidate, (GDateDay)day, (GDateMonth)month, (GDateYear)y);
        int ahead = g_date_days_between(sent, &candidate);
        if (ahead < -DAYS_BACK || ahead > (year ? DAYS_AHEAD : 365 - DAYS_BACK))
            continue;
        *out = candidate;
        found = TRUE;
        break;
    }
    return found;
}

enum day_order { ORDER_UNKNOWN, ORDER_DAY_FIRST, ORDER_MONTH_FIRST };

/* What other dates of the note say about the writer's habit. */
static enum day_order
order_of_note(const GArray *dates)
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
        g_date_add_days(out, date->day > today ? date->day - today : date->day + 7 - today);
        return TRUE;
    }
    case DATE_TOMORROW:
        *out = *sent;
        g_date_add_days(out, 1);
        return TRUE;
    }
    return FALSE;
}

char *
classify_find_return_date(const char *subject, const char *text, gint64 sent_us, int zone_s)
{
    if (sent_us == 0)
        return NULL;
    g_autofree char *whole = g_strconcat(subject, " | ", text, NULL);
    g_autofree char *note = classify_fold(whole, NOTE_BYTES);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(sent_us / G_USEC_PER_SEC + zone_s);
    if (!utc)
        return NULL;
    GDate sent;
    g_date_clear(&sent, 1);
    int year, month, day;
    g_date_time_get_ymd(utc, &year, &month, &day);
    if (year < 1990 || year > 2100)
        return NULL;
    g_date_set_dmy(&sent, (GDateDay)day, (GDateMonth)month, (GDateYear)year);

    g_autoptr(GArray) dates = find_dates(note);
    enum day_order order = order_of_note(dates);
    enum date_role best = ROLE_NONE;
    GDate chosen;
    for (guint i = 0; i < dates->len; i++) {
        const struct found_date *date = &g_array_index(dates, struct found_date, i);
        const struct found_date *next = i + 1 < dates->len ? date + 1 : NULL;
        /* "Monday, 9 March": the weekday only introduces the date. */
        if (date->kind == DATE_WEEKDAY && next && next->kind != DATE_WEEKDAY &&
            next->start - date->end < 12 && only_fillers(date->end, next->start))
            continue;
        gboolean english = TRUE;
        enum date_role role = role_before(note, date, &english);
        enum date_role behind = role_after(date);
        if (behind > role) {
            role = behind;
            english = FALSE;
        }
        if (role == ROLE_NONE && (date->range || ends_range(i > 0 ? date - 1 : NULL, date)))
            role = ROLE_RANGE;
        GDate resolved;
        if (role > best && resolve(date, order, english, &sent, zone_s, &resolved)) {
            best = role;
            chosen = resolved;
        }
    }
    if (best == ROLE_NONE)
        return NULL;
    return g_strdup_printf("%04u-%02u-%02u", (guint)g_date_get_year(&chosen),
                           (guint)g_date_get_month(&chosen), (guint)g_date_get_day(&chosen));
}
