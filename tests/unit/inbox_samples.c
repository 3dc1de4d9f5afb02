/* The classifier on the mails of tests/mail: one file for each kind, many mails in each.
 *
 *   ### name ; class=bounce permanent=yes reason=full to=ada@customer.example id=m1@usher.example
 *   the mail
 *   ~~~ text
 *   the words that should remain, where they are several lines
 *
 * Further keys: return (a day), cr (the mail gets CR line ends), and last text (to the end of the line). A
 * mail that begins with @answer or @person gets the header lines below. What a heading does not name is not
 * compared. */
#include <string.h>

#include "inbox/classify.h"

#define PERSON                                                                                               \
    "From: Ada Ray <ada@customer.example>\nTo: Sam <sam@usher.example>\nDate: Tue, 3 Mar 2026 10:00:00 "     \
    "+0100\n"
#define ANSWER                                                                                               \
    PERSON "Subject: Re: Your usage\nIn-Reply-To: <m1@usher.example>\nReferences: <m1@usher.example>\n"

struct sample {
    char *name, *mail, *text;
    GHashTable *keys;
};

static void
read_keys(struct sample *sample, char *keys)
{
    sample->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    char *text = strstr(keys, "text=");
    if (text) {
        sample->text = g_strdup(text + strlen("text="));
        *text = '\0';
    }
    g_auto(GStrv) pairs = g_strsplit(keys, " ", -1);
    for (char **pair = pairs; *pair; pair++) {
        char *equals = strchr(*pair, '=');
        if (equals)
            g_hash_table_insert(sample->keys, g_strndup(*pair, (gsize)(equals - *pair)),
                                g_strdup(equals + 1));
    }
}

static char *
expand(const char *mail)
{
    if (g_str_has_prefix(mail, "@answer\n"))
        return g_strconcat(ANSWER, mail + strlen("@answer\n"), NULL);
    if (g_str_has_prefix(mail, "@person\n"))
        return g_strconcat(PERSON, mail + strlen("@person\n"), NULL);
    return g_strdup(mail);
}

static void
read_sample(const char *block, struct sample *out)
{
    *out = (struct sample){0};
    gsize head = strcspn(block, "\n");
    g_autofree char *heading = g_strndup(block, head);
    char *keys = strstr(heading, " ; ");
    g_assert_nonnull(keys);
    *keys = '\0';
    out->name = g_strdup(heading);
    read_keys(out, keys + strlen(" ; "));
    const char *body = block + head + 1, *text = strstr(body, "~~~ text\n");
    g_autofree char *mail = text ? g_strndup(body, (gsize)(text - body)) : g_strdup(body);
    out->mail = expand(mail);
    if (text)
        out->text = g_strchomp(g_strdup(text + strlen("~~~ text\n")));
    if (g_hash_table_contains(out->keys, "cr"))
        g_strdelimit(out->mail, "\n", '\r');
}

static void
clear_sample(struct sample *sample)
{
    g_free(sample->name);
    g_free(sample->mail);
    g_free(sample->text);
    g_hash_table_unref(sample->keys);
}

/* TRUE when got is what the heading asks for under key; says so otherwise. */
static gboolean
agrees(const struct sample *sample, const char *key, const char *got, const struct mail_record *r)
{
    const char *wanted = g_hash_table_lookup(sample->keys, key);
    if (!wanted || strcmp(wanted, got) == 0)
        return TRUE;
    g_printerr("%s: %s is \"%s\", not \"%s\" (rule %s: %s)\n", sample->name, key, got, wanted, r->rule,
               r->evidence);
    return FALSE;
}

static gboolean
check_sample(const struct sample *sample)
{
    struct mail_record r;
    mail_classify((const guint8 *)sample->mail, strlen(sample->mail), FALSE, NULL, &r);
    static const char *const permanent[] = {
        [TRI_STATE_NO] = "no", [TRI_STATE_YES] = "yes", [TRI_STATE_UNKNOWN] = "unknown"};
    const struct failed_recipient *failed = r.failed->len > 0 ? r.failed->pdata[0] : NULL;
    gboolean right = agrees(sample, "class", mail_class_name(r.mail_class), &r);
    right = agrees(sample, "permanent", permanent[r.permanent], &r) && right;
    right = agrees(sample, "reason", bounce_reason_name(r.reason), &r) && right;
    right = agrees(sample, "to", failed ? failed->address : "", &r) && right;
    right = agrees(sample, "id", r.returned_message_id, &r) && right;
    right = agrees(sample, "return", r.return_date, &r) && right;
    if (sample->text && strcmp(sample->text, r.text) != 0) {
        g_printerr("%s: the text is\n%s\nnot\n%s\n", sample->name, r.text, sample->text);
        right = FALSE;
    }
    mail_record_clear(&r);
    return right;
}

static void
test_file(gconstpointer data)
{
    g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "tests", "mail", (const char *)data, NULL);
    g_autofree char *all = NULL;
    g_assert_true(g_file_get_contents(path, &all, NULL, NULL));
    g_auto(GStrv) blocks = g_strsplit(all, "\n### ", -1);
    guint count = 0, wrong = 0;
    for (char **block = blocks + 1; *block; block++) {
        struct sample sample;
        g_autofree char *whole = g_strconcat(*block, "\n", NULL);
        read_sample(whole, &sample);
        count++;
        wrong += check_sample(&sample) ? 0 : 1;
        clear_sample(&sample);
    }
    g_test_message("%u mails, %u read wrongly", count, wrong);
    g_assert_cmpuint(count, >, 20);
    g_assert_cmpuint(wrong, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/inbox/samples/bounces", "bounces.txt", test_file);
    g_test_add_data_func("/inbox/samples/automatic", "automatic.txt", test_file);
    g_test_add_data_func("/inbox/samples/people", "people.txt", test_file);
    g_test_add_data_func("/inbox/samples/second", "second.txt", test_file);
    g_test_add_data_func("/inbox/samples/third", "third.txt", test_file);
    g_test_add_data_func("/inbox/samples/fourth", "fourth.txt", test_file);
    g_test_add_data_func("/inbox/samples/quotes", "quotes.txt", test_file);
    return g_test_run();
}
