/* The row "classify" of the bench: every file named in LIST (one a line) parsed and classified, ROUNDS times, from memory.
 *
 *   classify_bench LIST [ROUNDS]        prints one line of JSON, like mailparser_lean.js */
#include "inbox/classify.h"

#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
    g_autofree char *list = NULL;
    g_autoptr(GError) error = NULL;
    if (argc < 2 || !g_file_get_contents(argv[1], &list, NULL, &error)) {
        fprintf(stderr, "classify_bench: %s\n", error ? error->message : "LIST [ROUNDS]");
        return 64;
    }
    int rounds = argc > 2 ? (int)g_ascii_strtoll(argv[2], NULL, 10) : 1;
    g_autoptr(GPtrArray) mails = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_auto(GStrv) names = g_strsplit(list, "\n", -1);
    for (char **name = names; *name; name++) {
        char *text;
        gsize length;
        if (**name && g_file_get_contents(*name, &text, &length, NULL))
            g_ptr_array_add(mails, g_bytes_new_take(text, length));
    }
    g_mime_init();
    gsize replies = 0;
    gint64 began_us = g_get_monotonic_time();
    for (int round = 0; round < rounds; round++) {
        for (guint i = 0; i < mails->len; i++) {
            gsize length;
            const guint8 *bytes = g_bytes_get_data(mails->pdata[i], &length);
            struct mail_record record;
            mail_classify(bytes, length, FALSE, NULL, &record);
            replies += record.mail_class == MAIL_CLASS_REPLY;
            mail_record_clear(&record);
        }
    }
    double seconds = (double)(g_get_monotonic_time() - began_us) / 1e6;
    double count = (double)mails->len * rounds;
    printf("{\"mails\": %.0f, \"replies\": %zu, \"seconds\": %.3f, \"mails_per_s\": %.0f}\n", count, replies, seconds, count / seconds);
    return 0;
}
