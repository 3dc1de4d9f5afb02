/* The pieces of the IMAP client that need no server: the guard in front of libetpan, and modified UTF-7. */
#include "base/error.h"
#include "wire/imap_guard.h"
#include "wire/imap_utf7.h"

#include <string.h>

static void
test_guard(void)
{
    static const struct {
        const char *bytes;
        enum imap_tagged tagged;
        const char *text;
        guint32 exists;
        gboolean news;
        int passed; /* bytes that pass; -1: all of them, no error */
    } cases[] = {
        {"1 OK done\r\n", IMAP_TAGGED_OK, "done", 0, FALSE, -1},
        {"a1 no  [X]  why\t\r\n", IMAP_TAGGED_NO, "[X] why", 0, FALSE, -1},
        {"1 BAD\r\n", IMAP_TAGGED_BAD, "", 0, FALSE, -1},
        {"1 OKAY\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* OK still here\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 3 EXISTS\r\n", IMAP_TAGGED_NONE, "", 3, TRUE, -1},
        {"* 0 EXISTS\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 3 exists\r\n* 1 EXPUNGE\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* 1 EXPUNGE\r\n", IMAP_TAGGED_NONE, "", 0, TRUE, -1},
        {"* 99999999999999 EXISTS\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (BODY[] {14}\r\n* 5 EXISTS\r\n\r\n UID 4)\r\n2 OK x\r\n", IMAP_TAGGED_OK, "x", 0, FALSE,
         -1},
        {"* 1 FETCH (BODY[] {20}\r\n* BYE\r\n1 NO X {99}\r\n)\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2,
         TRUE, -1},
        {"* LIST () \"/\" {5}\r\nINBOX\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* OK words {99}\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* LIST () \"/\" \"a {5}\"\r\n* 2 EXISTS\r\n", IMAP_TAGGED_NONE, "", 2, TRUE, -1},
        {"* LIST () \"(((((((((((((((((((((((((((((((((((((((((\" x\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* OK (((((((((((((((((((((((((((((((((((((((((((((((\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (((((((((((((((((((((((((((((((((((((((((\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"1 OK done\r\n* BYE\r\n", IMAP_TAGGED_OK, "done", 0, FALSE, 11},
        {"*bye\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"* BYEBYE\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (BODY[] {101}\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"* 1 FETCH (BODY[] {100}\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, -1},
        {"* 1 FETCH (BODY[] {99999999999999999999999999999}\r\n", IMAP_TAGGED_NONE, "", 0, FALSE, 0},
        {"1 OK \xff\x01 \xc3\xa9\r\n", IMAP_TAGGED_OK, "\xef\xbf\xbd  \xc3\xa9", 0, FALSE, -1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize length = strlen(cases[i].bytes);
        /* Whole, and byte by byte: where the network cuts must not matter. */
        for (gsize step = length; step > 0; step = step > 1 ? 1 : 0) {
            g_test_message("case %zu, step %zu", i, step);
            struct imap_guard *guard = imap_guard_new();
            imap_guard_begin(guard, 100);
            g_autoptr(GError) error = NULL;
            gsize passed = 0;
            for (gsize at = 0; at < length && !error; at += step)
                passed += imap_guard_filter(guard, cases[i].bytes + at, MIN(step, length - at), &error);
            gboolean news;
            g_assert_cmpint(error != NULL, ==, cases[i].passed >= 0);
            if (!error)
                g_assert_cmpuint(passed, ==, length);
            else if (step == length)
                g_assert_cmpuint(passed, ==, (guint)cases[i].passed);
            g_assert_cmpuint(imap_guard_exists(guard, &news), ==, cases[i].exists);
            g_assert_cmpint(news, ==, cases[i].news);
            g_assert_cmpint(imap_guard_tagged(guard), ==, cases[i].tagged);
            g_assert_cmpstr(imap_guard_text(guard), ==, cases[i].text);
            imap_guard_free(guard);
        }
    }
}

static void
test_utf7(void)
{
    static const struct {
        const char *name;
        const char *wire;
    } good[] = {
        {"", ""},
        {"INBOX", "INBOX"},
        {"R&D", "R&-D"},
        {"Entwürfe", "Entw&APw-rfe"},
        {"~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"},
        {"\xf0\x9f\x93\xa7", "&2D3c5w-"},
        {"a\tb\r\n", "a&AAk-b&AA0ACg-"},
        {"\"\\", "\"\\"},
        {"é&é", "&AOk-&-&AOk-"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *wire = imap_utf7_encode(good[i].name);
        g_assert_cmpstr(wire, ==, good[i].wire);
        g_autofree char *name = imap_utf7_decode(good[i].wire);
        g_assert_cmpstr(name, ==, good[i].name);
    }
    g_assert_null(imap_utf7_encode("\xff"));
    static const char *const bad[] = {
        "&",          "&AOk",  "&AOk=-", "&AO/-",           "&AOm-", /* spare bits */
        "&AGE-",                                                     /* an "a" has no need of it */
        "&AOk-&AOk-",                                                /* two runs that are one */
        "&2D0-",      "&3Oc-", "&AAA-",  "Entw\303\274rfe", "a&b-",  "\x01",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *name = imap_utf7_decode(bad[i]);
        g_assert_null(name);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/wire/imap-faults/utf7", test_utf7);
    g_test_add_func("/wire/imap-faults/guard", test_guard);
    return g_test_run();
}
