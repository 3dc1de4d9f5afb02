/* Small text helpers: near misses, folding, keyed hashes. */
#include "base/text.h"

#include <string.h>

static void
test_nearest(void)
{
    static const char *const names[] = {"forecast_mrr", "plan", "bills_paid", "next_renewal", "mrr", NULL};
    static const struct {
        const char *word, *nearest;
    } cases[] = {
        {"forcast_mrr", "forecast_mrr"},
        {"forecast_mmr", "forecast_mrr"},
        {"plans", "plan"},
        {"paln", NULL},
        {"plan", "plan"},
        {"bill_paid", "bills_paid"},
        {"nxt_renwal", "next_renewal"},
        {"mr", "mrr"},
        {"", NULL},
        {"owner", NULL},
        {"xyz", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpstr(text_nearest(cases[i].word, names), ==, cases[i].nearest);
    static const char *const none[] = {NULL};
    g_assert_null(text_nearest("plan", none));
    g_autofree char *endless = g_strnfill(5000, 'x');
    const char *const with_endless[] = {endless, "plan", NULL};
    g_assert_cmpstr(text_nearest("plam", with_endless), ==, "plan");
    g_assert_null(text_nearest(endless, names));
}

static void
test_fold(void)
{
    g_autofree char *a = text_fold_address("  Ana.Ode@ACME.Example\r\n");
    g_assert_cmpstr(a, ==, "ana.ode@acme.example");
    /* Only ASCII: the local part of others must not change. */
    g_autofree char *b = text_fold_address("\xc3\x84@x.example");
    g_assert_cmpstr(b, ==, "\xc3\x84@x.example");
}

static void
test_contains(void)
{
    static const struct {
        const char *haystack, *needle;
        gboolean found;
    } cases[] = {
        {"Your PAYMENT failed", "payment", TRUE},
        {"Repayments", "payment", TRUE},
        {"pay ment", "payment", FALSE},
        {"STRASSE",
         "stra\xc3\x9f"
         "e",
         TRUE},
        {"\xce\xa0\xce\x9b\xce\x97\xce\xa1\xce\xa9\xce\x9c\xce\x97",
         "\xcf\x80\xce\xbb\xce\xb7\xcf\x81\xcf\x89\xce\xbc\xce\xb7", TRUE},
        {"anything", "", TRUE},
        {"", "x", FALSE},
        /* Bytes that are no UTF-8, cut in the middle of a character. */
        {"payment \xe2\x82", "PAYMENT", TRUE},
        {"\xff\xf0", "x", FALSE},
        {"fail", "\xe2\x82", FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        /* On the heap and exactly as long as the text, so that a read beyond it is seen. */
        g_autofree char *haystack = g_memdup2(cases[i].haystack, strlen(cases[i].haystack) + 1);
        g_autofree char *needle = g_memdup2(cases[i].needle, strlen(cases[i].needle) + 1);
        if (text_contains_fold(haystack, needle) != cases[i].found)
            g_error("case %u", i);
    }
}

static void
test_hash(void)
{
    /* RFC 4231, test case 2. */
    g_autofree char *full = text_keyed_hash("Jefe", "what do ya want for nothing?", 64);
    g_assert_cmpstr(full, ==, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    g_autofree char *cut = text_keyed_hash("Jefe", "what do ya want for nothing?", 10);
    g_assert_cmpstr(cut, ==, "5bdcc146bf");
    g_autofree char *more = text_keyed_hash("Jefe", "what do ya want for nothing?", 100);
    g_assert_cmpstr(more, ==, full);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/text/nearest", test_nearest);
    g_test_add_func("/text/fold", test_fold);
    g_test_add_func("/text/contains", test_contains);
    g_test_add_func("/text/hash", test_hash);
    return g_test_run();
}
