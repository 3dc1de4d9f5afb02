/* The fuzz targets on their seeds, on the mails of tests/mail, and on small changes of both by a generator
 * with a fixed start: no answer breaks its promises. `make fuzz` looks for new ones. */
#include "../fuzz/targets.h"

#define CHANGES 40u /* of each seed */

struct bytes {
    guint8 *data;
    gsize size;
};

/* Cuts, repeats, overwrites or swaps a few bytes, as broken mail programs and worse do. */
static GByteArray *
change(const struct bytes *seed, GRand *rand)
{
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, seed->data, (guint)seed->size);
    gint32 times = g_rand_int_range(rand, 1, 6);
    for (gint32 i = 0; i < times && out->len > 1; i++) {
        guint at = (guint)g_rand_int_range(rand, 0, (gint32)out->len);
        guint wish = (guint)g_rand_int_range(rand, 1, 40), n = MIN(out->len - at, wish);
        switch (g_rand_int_range(rand, 0, 4)) {
        case 0:
            g_byte_array_remove_range(out, at, n);
            break;
        case 1: {
            g_autofree guint8 *copy = g_memdup2(out->data + at, n);
            g_byte_array_append(out, copy, n);
            break;
        }
        case 2:
            out->data[at] = (guint8)g_rand_int_range(rand, 0, 256);
            break;
        case 3:
            out->data[at] = (guint8) "\n\r\0 :;=<>@\"(-"[g_rand_int_range(rand, 0, 13)];
            break;
        }
    }
    return out;
}

static void
run_file(const char *path, void (*run)(const guint8 *data, gsize size), GRand *rand)
{
    struct bytes seed;
    g_assert_true(g_file_get_contents(path, (char **)&seed.data, &seed.size, NULL));
    g_autofree guint8 *exact = g_memdup2(seed.data, seed.size); /* without the NUL behind a file's content */
    run(exact, seed.size);
    for (guint i = 0; i < CHANGES && seed.size < 4096; i++) {
        g_autoptr(GByteArray) changed = change(&seed, rand);
        run(changed->data, changed->len);
    }
    g_free(seed.data);
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
run_folder(const char *folder, void (*run)(const guint8 *data, gsize size))
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(4);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const char *name; (name = g_dir_read_name(dir)) != NULL;)
        g_ptr_array_add(names, (gpointer)(guintptr)g_intern_string(name));
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        run_file(path, run, rand);
    }
}

static void
test_target(gconstpointer data)
{
    guint which = GPOINTER_TO_UINT(data);
    g_autofree char *seeds =
        g_build_filename(USHER_SOURCE_DIR, "tests", "fuzz", "seeds", fuzz_targets[which].name, NULL);
    run_folder(seeds, fuzz_targets[which].run);
}

/* Every mail of tests/mail by itself, changed. */
static void
test_samples(void)
{
    static const char *const files[] = {"bounces.txt", "automatic.txt", "people.txt", "second.txt",
                                        "quotes.txt"};
    g_autoptr(GRand) rand = g_rand_new_with_seed(5);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(USHER_SOURCE_DIR, "tests", "mail", files[i], NULL);
        g_autofree char *all = NULL;
        g_assert_true(g_file_get_contents(path, &all, NULL, NULL));
        g_auto(GStrv) mails = g_strsplit(all, "\n### ", -1);
        for (char **mail = mails + 1; *mail; mail++) {
            const char *body = *mail + strcspn(*mail, "\n");
            struct bytes seed = {(guint8 *)(guintptr)body, strlen(body)};
            for (guint k = 0; k < 6; k++) {
                g_autoptr(GByteArray) changed = change(&seed, rand);
                fuzz_mail(changed->data, changed->len);
                fuzz_reply(changed->data, changed->len);
            }
        }
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(fuzz_targets); i++) {
        g_autofree char *path = g_strconcat("/inbox/fuzz/", fuzz_targets[i].name, NULL);
        g_test_add_data_func(path, GUINT_TO_POINTER(i), test_target);
    }
    g_test_add_func("/inbox/fuzz/samples", test_samples);
    return g_test_run();
}
