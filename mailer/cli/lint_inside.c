/* See lint_inside.h. */
#include "cli/lint_inside.h"

#include "cli/screen.h"
#include "pipeline/edit.h"

#include <stdio.h>

static void
print_note(const struct cli *cli, const char *path, const char *sequence, const struct edit_note *note)
{
    if (cli->json) {
        cli_print_json(json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "file", path, "line", 1,
                                 "level", "note", "rule", "inside", "message", note->text, "hint", "",
                                 "sequence", sequence, "accounts", (int)note->accounts, "example",
                                 note->example));
        return;
    }
    g_autofree char *example = screen_clean(note->example);
    if (note->accounts == 1)
        printf("  %5u account   %s (%s)\n", note->accounts, note->text, example);
    else
        printf("  %5u accounts  %s (%s, …)\n", note->accounts, note->text, example);
}

gboolean
lint_print_inside(const struct cli *cli, const struct config *config, const char *path, GError **error)
{
    g_autofree char *name = NULL;
    guint looked_at, total;
    scoped(program_free) struct program *program = program_load_edited(config, path, &name, NULL);
    if (!program || !g_file_test(config->database, G_FILE_TEST_EXISTS))
        return TRUE;
    scoped(store_close) struct store *db = store_open(config->database, error);
    if (!db || !store_begin_read(db, error))
        return FALSE;
    g_autoptr(GPtrArray) notes =
        edit_foresee(db, program, program_sequence(program, name), cli->now_us, &looked_at, &total, error);
    store_rollback(db);
    if (!notes || total == 0)
        return notes != NULL;
    if (!cli->json)
        printf("%s: %u account%s inside%s\n", path, total, total == 1 ? " is" : "s are",
               notes->len ? ", and with this file" : "; nothing changes for them");
    for (guint i = 0; i < notes->len; i++)
        print_note(cli, path, name, notes->pdata[i]);
    if (!cli->json && looked_at < total)
        printf("  (looked at the first %u of them)\n", looked_at);
    return TRUE;
}
