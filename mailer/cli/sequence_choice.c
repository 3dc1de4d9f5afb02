/* See sequence_choice.h. */
#include "cli/sequence_choice.h"

#include "base/error.h"

#include <string.h>
#include <sysexits.h>

const struct stage *
sequence_find_stage(const struct sequence *seq, const char *word)
{
    const struct stage *stage = sequence_stage(seq, word);
    for (guint i = 0; !stage && i < seq->stages->len; i++) {
        const struct stage *s = seq->stages->pdata[i];
        if (g_ascii_strcasecmp(s->title, word) == 0)
            stage = s;
    }
    return stage;
}

gboolean
sequence_has_stage(const struct sequence *seq, const char *word)
{
    return sequence_find_stage(seq, word) != NULL;
}

gboolean
sequence_has_step(const struct sequence *seq, const char *word)
{
    return sequence_step(seq, word) != NULL;
}

/* Those of the configuration in which the account is active, or with ended has come to the end: borrowed
 * const struct sequence *. */
static GPtrArray *
active_sequences(struct cli *cli, gint64 account_id, gboolean ended)
{
    GPtrArray *active = g_ptr_array_new();
    const GPtrArray *all = cli->service->program->sequences;
    for (guint i = 0; i < all->len; i++) {
        const struct sequence *seq = all->pdata[i];
        if (store_int(
                cli->service->db,
                "SELECT 1 FROM enrolment WHERE account_id = ? AND sequence = ? AND (state = 'active' OR ? "
                "AND state = 'ended')",
                0, NULL, "iti", account_id, seq->name, (gint64)ended))
            g_ptr_array_add(active, all->pdata[i]);
    }
    return active;
}

/* "onboarding and evaluation". */
static char *
names_of(const GPtrArray *sequences)
{
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < sequences->len; i++)
        g_string_append_printf(out, "%s%s",
                               !i                       ? ""
                               : i + 1 < sequences->len ? ", "
                                                        : " and ",
                               ((const struct sequence *)sequences->pdata[i])->name);
    return g_string_free(out, FALSE);
}

char *
sequence_step_ids(const struct sequence *seq)
{
    GString *ids = g_string_new(NULL);
    for (guint i = 0; i < seq->steps->len; i++)
        g_string_append_printf(ids, "%s%s", i ? ", " : "", ((struct step *)seq->steps->pdata[i])->id);
    return g_string_free(ids, FALSE);
}

static char *
stage_ids(const struct sequence *seq)
{
    GString *ids = g_string_new(NULL);
    for (guint i = 0; i < seq->stages->len; i++)
        g_string_append_printf(ids, "%s%s", i ? ", " : "", ((struct stage *)seq->stages->pdata[i])->id);
    return g_string_free(ids, FALSE);
}

/* "there is no step "x" in onboarding: expected one of a, b". */
static int
refuse_unknown(const char *command, const GPtrArray *active, sequence_has has, const char *word)
{
    gboolean steps = has == sequence_has_step;
    g_autofree char *names = names_of(active);
    g_autoptr(GString) ids = g_string_new(NULL);
    for (guint i = 0; i < active->len; i++) {
        g_autofree char *some = steps ? sequence_step_ids(active->pdata[i]) : stage_ids(active->pdata[i]);
        g_string_append_printf(ids, "%s%s", ids->len ? ", " : "", some);
    }
    return cli_missing("%s: there is no %s \"%s\" in %s: expected one of %s", command,
                       steps ? "step" : "stage", word, names, ids->str);
}

const struct sequence *
sequence_named(struct cli *cli, const char *command, const char *name, int *rc)
{
    const struct sequence *seq = program_sequence(cli->service->program, name);
    g_autofree char *names = seq ? NULL : g_strjoinv(", ", cli->service->config->sequences);
    if (!seq)
        *rc = cli_missing("%s: there is no sequence \"%s\": expected one of %s", command, name, names);
    return seq;
}

const struct sequence *
sequence_choose(struct cli *cli, const char *command, const char *account, gint64 account_id,
                const char *name, sequence_has has, const char *word, int *rc)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) active = active_sequences(cli, account_id, has == sequence_has_stage);
    g_autofree char *all = names_of(active);
    if (name && !sequence_named(cli, command, name, rc))
        return NULL;
    if (active->len == 0)
        g_set_error(&error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s: %s is in no sequence; `usher enrol %s` enters it by hand", command, account,
                    account);
    else if (name && !g_ptr_array_find(active, program_sequence(cli->service->program, name), NULL))
        g_set_error(&error, USHER_ERROR, USHER_ERROR_DATA, "%s: %s is not in %s, it is in %s", command,
                    account, name, all);
    if (error) {
        *rc = cli_fail(error);
        return NULL;
    }
    for (guint i = active->len; name && i-- > 0;)
        if (strcmp(((const struct sequence *)active->pdata[i])->name, name) != 0)
            g_ptr_array_remove_index(active, i);
    g_autoptr(GPtrArray) having = g_ptr_array_new();
    for (guint i = 0; i < active->len; i++)
        if (has(active->pdata[i], word))
            g_ptr_array_add(having, active->pdata[i]);
    if (having->len == 1)
        return having->pdata[0];
    g_autofree char *several = names_of(having);
    *rc = having->len
              ? cli_usage("%s: %s is in %s, which all have \"%s\": say which one with --sequence NAME",
                          command, account, several, word)
              : refuse_unknown(command, active, has, word);
    return NULL;
}
