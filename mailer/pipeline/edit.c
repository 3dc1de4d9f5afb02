/* See edit.h. The engine's own judges are asked, so what is foretold is what happens. */
#include "pipeline/edit.h"

#include "base/error.h"
#include "pipeline/steps.h"

#include <string.h>

#define ACCOUNTS_MAX 20000u /* the first ones speak for all: a file is looked at while somebody waits */

struct foresight {
    struct store *db;
    const struct program *program;
    const struct sequence *seq;
    gint64 now_us;
    GPtrArray *notes;    /* struct edit_note, in order of appearance */
    GHashTable *by_text; /* text → note */
};

static void
note_free(gpointer data)
{
    struct edit_note *note = data;
    g_free(note->text);
    g_free(note->example);
    g_free(note);
}

/* Counts one account for a text, which is taken over. */
static void
count(struct foresight *f, const char *account, char *text)
{
    struct edit_note *note = g_hash_table_lookup(f->by_text, text);
    if (note) {
        g_free(text);
    } else {
        note = g_new0(struct edit_note, 1);
        note->text = text;
        note->example = g_strdup(account);
        g_ptr_array_add(f->notes, note);
        g_hash_table_insert(f->by_text, note->text, note);
    }
    note->accounts++;
}

/* What becomes of what a step has made: ": its draft is withdrawn". */
static const char *
withdrawn(enum step_state was)
{
    if (was == STEP_DRAFTED || was == STEP_QUEUED)
        return ": its draft is withdrawn";
    return was == STEP_OPEN ? ": its task is closed" : "";
}

static void
count_added(struct foresight *f, const char *account, const struct step_prospect *p)
{
    if (p->is == STEP_SKIPPED)
        count(f, account,
              g_strdup_printf("step %s is new, and its date too long ago: it is left out", p->step));
    else if (p->is == STEP_SCHEDULED)
        count(f, account, g_strdup_printf("step %s is new: it will be due", p->step));
    else if (step_state_is_open(p->is))
        count(f, account, g_strdup_printf("step %s is new: it is due now", p->step));
}

static void
count_step(struct foresight *f, const char *account, const struct step_prospect *p)
{
    gboolean was = step_state_is_open(p->was), is = step_state_is_open(p->is);
    if (p->added)
        count_added(f, account, p);
    else if (was && !is)
        count(f, account,
              g_strdup_printf("step %s is %s, was %s%s", p->step, step_state_names[p->is],
                              step_state_names[p->was], withdrawn(p->was)));
    else if (is && !was)
        count(f, account,
              g_strdup_printf("step %s is %s, was %s", p->step, step_state_names[p->is],
                              step_state_names[p->was]));
    else if (is && p->was_due_us && p->due_us && p->was_due_us != p->due_us)
        count(f, account, g_strdup_printf("step %s is due on another day", p->step));
}

/* The steps on record that the file does not have. */
static gboolean
count_removed(struct foresight *f, gint64 account_id, const char *account, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(f->db, "SELECT step, state FROM step WHERE account_id = ? AND sequence = ? ORDER BY step",
                    error, "it", account_id, f->seq->name);
    while (q && query_next(q, &local)) {
        const char *step = query_text(q, "step");
        enum step_state was = step_state_parse(query_text(q, "state"));
        if (!sequence_step(f->seq, step) && step_state_is_open(was))
            count(f, account, g_strdup_printf("step %s is gone%s", step, withdrawn(was)));
    }
    return q && error_pass(error, &local);
}

static gboolean
look_at(struct foresight *f, gint64 account_id, GError **error)
{
    scoped(view_free) struct view *v =
        view_load(f->db, f->program, f->seq, account_id, f->now_us, NULL, error);
    if (!v)
        return FALSE;
    const char *account = fact_row_text(v->row, "account");
    if (v->renamed)
        count(
            f, account,
            g_strdup_printf("stage %s is called %s now: they go there", v->enrolment->stage, v->renamed->id));
    if (v->stage_lost)
        count(f, account,
              g_strdup_printf(
                  "stage %s is gone, and no stage says was = {\"%s\"}: they wait, with a task to set "
                  "another",
                  v->enrolment->stage, v->enrolment->stage));
    g_autoptr(GPtrArray) prospects = steps_foresee(v);
    for (guint i = 0; i < prospects->len; i++)
        count_step(f, account, prospects->pdata[i]);
    return count_removed(f, account_id, account, error);
}

GPtrArray *
edit_foresee(struct store *db, const struct program *program, const struct sequence *sequence, gint64 now_us,
             guint *looked_at, guint *total, GError **error)
{
    g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(note_free);
    g_autoptr(GHashTable) by_text = g_hash_table_new(g_str_hash, g_str_equal);
    struct foresight f = {
        .db = db, .program = program, .seq = sequence, .now_us = now_us, .notes = notes, .by_text = by_text};
    g_autoptr(GArray) ids = store_ids(
        db, "SELECT account_id FROM enrolment WHERE sequence = ? AND state = 'active' ORDER BY account_id",
        error, "t", sequence->name);
    if (!ids)
        return NULL;
    *total = ids->len;
    *looked_at = MIN(ids->len, ACCOUNTS_MAX);
    for (guint i = 0; i < *looked_at; i++)
        if (!look_at(&f, g_array_index(ids, gint64, i), error))
            return NULL;
    return g_steal_pointer(&notes);
}
