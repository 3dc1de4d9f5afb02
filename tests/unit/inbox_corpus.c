/* The classifier on mail from other people's test suites, where they are at hand: nothing crashes, and what
 * was reached once is not lost again. The bounds lie a little under what is reached; they are no targets. */
#include <string.h>

#include "inbox/classify.h"

struct tally {
    guint right, all;
};

static char *folder;

static char *
find_suites(void)
{
    const char *given = g_getenv("USHER_SUITES");
    g_autofree char *root =
        given ? g_strdup(given) : g_build_filename(USHER_SOURCE_DIR, "..", "shared", "suites", NULL);
    char *mail = g_build_filename(root, "mail", NULL);
    g_autofree char *labels = g_build_filename(mail, "labels.tsv", NULL);
    if (g_file_test(labels, G_FILE_TEST_EXISTS))
        return mail;
    g_free(mail);
    return NULL;
}

/* The value of key in "key=value;key=value", or NULL. The caller frees. */
static char *
detail(const char *details, const char *key)
{
    g_auto(GStrv) parts = g_strsplit_set(details, ";\"", -1);
    gsize n = strlen(key);
    for (char **part = parts; *part; part++)
        if (strncmp(*part, key, n) == 0 && (*part)[n] == '=')
            return g_strdup(*part + n + 1);
    return NULL;
}

static const char *
wanted_class(const char *kind)
{
    static const char *const kinds[][2] = {
        {"human_reply", "reply"},  {"auto_reply", "auto_reply"}, {"bounce_hard", "bounce"},
        {"bounce_soft", "bounce"}, {"delayed", "delay"},         {"delivered_receipt", "receipt"},
        {"mdn", "receipt"},        {"challenge", "challenge"},   {"complaint", "complaint"},
        {"calendar", "booking"},   {"ordinary", "other"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i][0], kind) == 0)
            return kinds[i][1];
    return NULL;
}

static char *
same_lines(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++)
        g_strchomp(*line);
    return g_strstrip(g_strjoinv("\n", lines));
}

static void
count(GHashTable *tallies, const char *name, gboolean right)
{
    struct tally *tally = g_hash_table_lookup(tallies, name);
    if (!tally) {
        tally = g_new0(struct tally, 1);
        g_hash_table_insert(tallies, g_strdup(name), tally);
    }
    tally->all++;
    tally->right += right ? 1 : 0;
}

static void
measure(GHashTable *tallies, char **row)
{
    const char *kind = row[1], *details = row[4];
    g_autofree char *path = g_build_filename(folder, row[0], NULL);
    g_autofree char *bytes = NULL;
    gsize len;
    if (!g_file_get_contents(path, &bytes, &len, NULL))
        return;
    struct mail_record r;
    mail_classify((const guint8 *)bytes, len, FALSE, NULL, &r);
    const char *class_name = mail_class_name(r.mail_class);
    const char *wanted = wanted_class(kind);
    if (wanted)
        count(tallies, kind, strcmp(class_name, wanted) == 0);
    gboolean bounce = g_str_has_prefix(kind, "bounce_");
    if (bounce)
        count(tallies, "bounce recall", r.mail_class == MAIL_CLASS_BOUNCE);
    if (r.mail_class == MAIL_CLASS_BOUNCE && strcmp(kind, "malformed") != 0)
        count(tallies, "bounce precision", bounce || strcmp(kind, "delayed") == 0);
    if (bounce && strstr(details, "strict=1"))
        count(tallies, "strict permanence",
              r.permanent == (strcmp(kind, "bounce_hard") == 0 ? TRI_STATE_YES : TRI_STATE_NO));
    if (strcmp(kind, "human_reply") == 0 || strcmp(kind, "ordinary") == 0) {
        count(tallies, "no false opt-out", r.mail_class != MAIL_CLASS_OPT_OUT);
        gboolean dead = r.reason == BOUNCE_REASON_ADDRESS_DEAD || r.reason == BOUNCE_REASON_DOMAIN_DEAD;
        count(tallies, "no false suppression", !(r.mail_class == MAIL_CLASS_BOUNCE && dead));
    }
    g_autofree char *trimmed = detail(details, "trimmed");
    g_autofree char *first = detail(details, "trimmed_first_fragment");
    const char *expected = trimmed ? trimmed : first;
    if (expected) {
        g_autofree char *file = g_build_filename(folder, expected, NULL);
        g_autofree char *text = NULL;
        if (g_file_get_contents(file, &text, NULL, NULL)) {
            g_autofree char *a = same_lines(text);
            g_autofree char *b = same_lines(r.text);
            count(tallies, "reply text", strcmp(a, b) == 0);
        }
    }
    mail_record_clear(&r);
}

static void
test_corpus(void)
{
    folder = find_suites();
    if (!folder) {
        g_test_skip("suites/mail is not here (USHER_SUITES)");
        return;
    }
    static const struct {
        const char *name;
        guint per_mille;
    } bounds[] = {
        {"bounce recall", 985},
        {"bounce precision", 990},
        {"strict permanence", 985},
        {"auto_reply", 970},
        {"human_reply", 970},
        {"ordinary", 975},
        {"calendar", 900},
        {"complaint", 900},
        {"reply text", 930},
        {"no false opt-out", 1000},
        {"no false suppression", 1000},
        {"delayed", 850},
    };
    g_autofree char *labels = g_build_filename(folder, "labels.tsv", NULL);
    g_autofree char *table = NULL;
    g_assert_true(g_file_get_contents(labels, &table, NULL, NULL));
    g_autoptr(GHashTable) tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_auto(GStrv) lines = g_strsplit(table, "\n", -1);
    for (char **line = lines + 1; *line && **line; line++) {
        g_auto(GStrv) row = g_strsplit(*line, "\t", -1);
        if (g_strv_length(row) >= 5)
            measure(tallies, row);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bounds); i++) {
        const struct tally *tally = g_hash_table_lookup(tallies, bounds[i].name);
        if (!tally)
            continue;
        g_test_message("%s: %u of %u", bounds[i].name, tally->right, tally->all);
        g_assert_cmpuint(tally->right * 1000, >=, tally->all * bounds[i].per_mille);
    }
    g_free(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/corpus", test_corpus);
    return g_test_run();
}
