/* What a sequence says of itself: its parts by name, and what they are called. program.c loads it. */
#include "pipeline/sequence.h"

#include "base/text.h"

#include <string.h>

const struct sequence *
program_sequence(const struct program *program, const char *name)
{
    for (guint i = 0; i < program->sequences->len; i++) {
        const struct sequence *s = program->sequences->pdata[i];
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

const struct stage *
sequence_stage(const struct sequence *sequence, const char *id)
{
    for (guint i = 0; i < sequence->stages->len; i++) {
        const struct stage *s = sequence->stages->pdata[i];
        if (strcmp(s->id, id) == 0)
            return s;
    }
    return NULL;
}

const struct step *
sequence_step(const struct sequence *sequence, const char *id)
{
    for (guint i = 0; i < sequence->steps->len; i++) {
        const struct step *s = sequence->steps->pdata[i];
        if (strcmp(s->id, id) == 0)
            return s;
    }
    return NULL;
}

const struct goal *
sequence_goal(const struct sequence *sequence, const char *id)
{
    for (guint i = 0; i < sequence->goals->len; i++) {
        const struct goal *g = sequence->goals->pdata[i];
        if (strcmp(g->id, id) == 0)
            return g;
    }
    return NULL;
}

char *
stage_display(const struct stage *stage)
{
    if (stage->label)
        return g_strdup_printf("%s. %s", stage->label, stage->title);
    return stage->line ? g_strdup_printf("%d. %s", stage->line, stage->title) : g_strdup(stage->title);
}

gboolean
sequence_excludes(const struct sequence *a, const struct sequence *b)
{
    return a != b && (g_strv_contains((const char *const *)a->not_while, b->name) ||
                      g_strv_contains((const char *const *)b->not_while, a->name));
}

gboolean
sequence_is_payment_subject(const struct sequence *sequence, const char *subject)
{
    for (char **word = sequence->payment_words; *word; word++)
        if (text_contains_fold(subject, *word))
            return TRUE;
    return FALSE;
}
