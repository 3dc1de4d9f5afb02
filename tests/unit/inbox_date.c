/* Return dates of out-of-office notes, in the languages and formats that come. */
#include <string.h>

#include "inbox/classify_view.h"

struct sample {
    const char *note;
    const char *day; /* NULL: unknown */
};

/* Tuesday, 3 March 2026, 10:00 on the sender's clock. */
static const gint64 sent_us = G_GINT64_CONSTANT(1772532000) * G_USEC_PER_SEC;

static void
check(const struct sample *samples, gsize count, int zone_s)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *day =
            classify_find_return_date("", samples[i].note, sent_us - (gint64)zone_s * G_USEC_PER_SEC, zone_s);
        g_test_message("%s", samples[i].note);
        g_assert_cmpstr(day, ==, samples[i].day);
    }
}

static void
test_english(void)
{
    static const struct sample samples[] = {
        {"I am out of the office and will be back on Monday.", "2026-03-09"},
        {"I'll be back in the office on Monday, March 16.", "2026-03-16"},
        {"Returning Thursday 12th March 2026", "2026-03-12"},
        {"I am on leave until 24/10. For urgent matters call 555-0123.", "2026-10-24"},
        {"I am away until April 3rd with limited access to email", "2026-04-03"},
        {"out of office through 2026-03-20", "2026-03-20"},
        {"I am out of the office from 4 to 15 August.", "2026-08-15"},
        {"I am out of the office August 4-15, 2026.", "2026-08-15"},
        {"Out 9 March - 13 March", "2026-03-13"},
        {"I will return to the office on 10/03/2026.", "2026-03-10"},
        {"I'm travelling until Jan 5 and will answer then.", NULL}, /* a forgotten note */
        {"I am away until 2 March 2026.", NULL},
        {"I am away until 3 March 2026.", "2026-03-03"},
        {"I am on sabbatical until 1 June 2028.", NULL},
        {"I am on leave until January 12.", NULL},
        {"I am on parental leave until December 1.", "2026-12-01"},
        {"back tomorrow", "2026-03-04"},
        {"I will be out of the office until further notice.", NULL},
        {"I will get back to you on Monday.", NULL},
        {"Thanks! We launched on March 2 and moved to version 3.4.2026", NULL},
        {"My number is 030/12/14, I am on holiday.", NULL},
        {"I am on vacation.", NULL},
    };
    check(samples, G_N_ELEMENTS(samples), 3600);
}

static void
test_order_by_zone(void)
{
    static const struct sample ambiguous[] = {{"I am back on 05/06/2026.", "2026-05-06"}};
    static const struct sample day_first[] = {{"I am back on 05/06/2026.", "2026-06-05"}};
    static const struct sample unknown[] = {{"I am back on 05/06/2026.", NULL},
                                            {"I am back on 04/04.", "2026-04-04"},
                                            {"I am away from 28/04 to 05/06.", "2026-06-05"}};
    check(ambiguous, G_N_ELEMENTS(ambiguous), -5 * 3600);
    check(day_first, G_N_ELEMENTS(day_first), 2 * 3600);
    check(unknown, G_N_ELEMENTS(unknown), 0);
}

static void
test_languages(void)
{
    static const struct sample samples[] = {
        {"Ich bin ab dem 3. April wieder erreichbar.", "2026-04-03"},
        {"Ich bin bis einschließlich 13.03. nicht im Büro.", "2026-03-13"},
        {"Ich bin vom 4. bis 15. August im Urlaub.", "2026-08-15"},
        {"Am Montag, den 9. März 2026 bin ich wieder im Büro.", "2026-03-09"},
        {"Ich bin am 16.3. zurück", "2026-03-16"},
        {"Je suis absent du 4 au 15 août.", "2026-08-15"},
        {"Je serai de retour le lundi 16 mars.", "2026-03-16"},
        {"Je suis en congés jusqu'au 05/06.", "2026-06-05"},
        {"Estaré fuera de la oficina hasta el 20 de marzo de 2026.", "2026-03-20"},
        {"Estoy de vacaciones del 4 al 15 de agosto", "2026-08-15"},
        {"Me reincorporo el lunes.", "2026-03-09"},
        {"Sono in ferie fino al 22 marzo.", "2026-03-22"},
        {"Rientrerò lunedì 16 marzo.", "2026-03-16"},
        {"Estou de férias até dia 20/03.", "2026-03-20"},
        {"Estarei de volta no dia 16 de março.", "2026-03-16"},
        {"Ik ben afwezig tot en met 20 maart.", "2026-03-20"},
        {"Maandag 16 maart ben ik weer aanwezig.", "2026-03-16"},
        {"Jag är tillbaka den 16 mars.", "2026-03-16"},
        {"Jeg er tilbage den 16. marts", "2026-03-16"},
        {"Palaan töihin 16.3.", "2026-03-16"},
        {"Jestem na urlopie do 20 marca 2026.", "2026-03-20"},
        {"Wracam w poniedziałek.", "2026-03-09"},
        {"Я в отпуске до 20 марта.", "2026-03-20"},
        {"Вернусь в офис 16 марта 2026 г.", "2026-03-16"},
        {"16 Mart tarihine kadar izindeyim.", "2026-03-16"},
        {"Ofise 16 Mart'ta döneceğim.", "2026-03-16"},
        {"أنا في إجازة حتى 20 مارس", "2026-03-20"},
        {"سأعود يوم الاثنين", "2026-03-09"},
        {"3月10日まで不在にしております。", "2026-03-10"},
        {"2026年3月16日(月)より出社いたします。", "2026-03-16"},
        {"我正在休假，3月16日返回办公室。", "2026-03-16"},
        {"我将于2026年3月20日回来", "2026-03-20"},
        {"3월 10일까지 휴가입니다.", "2026-03-10"},
        {"3월 16일에 복귀 예정입니다.", "2026-03-16"},
    };
    check(samples, G_N_ELEMENTS(samples), 3600);
}

/* Further ways to say it, and what only looks like a day of return. */
static void
test_forms(void)
{
    static const struct sample samples[] = {
        {"I return on the 16th of March.", "2026-03-16"},
        {"I'm OOO thru 3/20.", "2026-03-20"},
        {"I will be back in the office Monday 16th March at 9am", "2026-03-16"},
        {"Away 24 Dec - 2 Jan.", "2027-01-02"},
        {"I'm out from Monday March 9 through Friday March 13.", "2026-03-13"},
        {"Out of office from 2026-03-09 to 2026-03-13", "2026-03-13"},
        {"I am out until the end of the week.", NULL},
        {"I will be back in two weeks.", NULL},
        {"We met on 10 March. I am on leave.", NULL},
        {"I am back on 31/02.", NULL},
        {"I am back on 16.03.2026, invoice 4711-2026-03-20", "2026-03-16"},
        {"Ich bin am Dienstag, dem 10.03.2026, wieder im Büro", "2026-03-10"},
        {"Ich bin noch bis Freitag im Urlaub.", "2026-03-06"},
        {"ab 1. April wieder da", "2026-04-01"},
        {"Ich bin vom 09.03. bis zum 13.03.2026 nicht im Haus.", "2026-03-13"},
        {"Je serai absente du lundi 9 mars au vendredi 13 mars inclus.", "2026-03-13"},
        {"Retour le 1er avril.", "2026-04-01"},
        {"Absente jusqu'à lundi.", "2026-03-09"},
        {"Vuelvo el próximo lunes 16.", "2026-03-16"},
        {"Back Thursday 20th.", NULL},
        {"Back Monday 9am.", "2026-03-09"},
        {"Estaré fuera del 9 al 13 de marzo.", "2026-03-13"},
        {"De volta a partir de 1º de abril.", "2026-04-01"},
        {"Estarei fora entre 9 e 13 de março.", "2026-03-13"},
        {"Sarò assente dal 9/3 al 13/3.", "2026-03-13"},
        {"Ik ben vanaf 16 maart weer bereikbaar.", "2026-03-16"},
        {"Jag är på semester 9-13 mars.", "2026-03-13"},
        {"Jestem nieobecny od 9 do 13 marca.", "2026-03-13"},
        {"Jsem mimo kancelář do 13. března.", "2026-03-13"},
        {"Március 13-ig szabadságon vagyok.", "2026-03-13"},
        {"Sunt în concediu până pe 13 martie.", "2026-03-13"},
        {"Απουσιάζω έως 20 Μαρτίου.", "2026-03-20"},
        {"Буду на месте в понедельник, 16 марта.", "2026-03-16"},
        {"Меня не будет с 9 марта по 13 марта 2026 года.", "2026-03-13"},
        {"Я у відпустці до 20 березня.", "2026-03-20"},
        {"20.03.2026 tarihine kadar izindeyim.", "2026-03-20"},
        {"أنا في إجازة من ٩ إلى ١٣ مارس", "2026-03-13"},
        {"סיום חופשה, אחזור ב-16 במרץ", "2026-03-16"},
        {"３月１６日から出社します。", "2026-03-16"},
        {"3/9(月)~3/13(金)まで休暇です。", "2026-03-13"},
        {"3月9日～13日 休假", "2026-03-13"},
        {"我将于下周一返回", "2026-03-09"},
        {"我将于下周五返回", "2026-03-13"},
        {"来週の金曜日まで不在です。", "2026-03-13"},
        {"3월 9일~13일 휴가", "2026-03-13"},
        {"2026년 3월 16일부터 정상 근무합니다.", "2026-03-16"},
        {"2026. 3. 16.까지 부재중입니다.", "2026-03-16"},
    };
    check(samples, G_N_ELEMENTS(samples), 3600);
    static const struct sample weekday[] = {{"I am back on Tuesday 10/3.", "2026-03-10"},
                                            {"I am back on Saturday 10/3.", "2026-10-03"},
                                            {"I am back on Monday 10/3.", NULL}};
    check(weekday, G_N_ELEMENTS(weekday), 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/date/english", test_english);
    g_test_add_func("/inbox/date/order_by_zone", test_order_by_zone);
    g_test_add_func("/inbox/date/languages", test_languages);
    g_test_add_func("/inbox/date/forms", test_forms);
    return g_test_run();
}
