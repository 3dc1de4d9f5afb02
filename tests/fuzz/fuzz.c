/* libFuzzer's entry: one program, the target is the first part of its own name ("fuzz_mail"). */
#include "targets.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void (*target)(const guint8 *data, gsize size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    g_assert_cmpint(*argc, >, 0);
    g_autofree char *name = g_path_get_basename((*argv)[0]);
    for (gsize i = 0; i < G_N_ELEMENTS(fuzz_targets); i++)
        if (g_str_has_suffix(name, fuzz_targets[i].name))
            target = fuzz_targets[i].run;
    g_assert_nonnull(target);
    mime_read_open_charsets();
    return 0;
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    target(data, size);
    return 0;
}
