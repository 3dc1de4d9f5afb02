/* The funnel and the time in stage. From the journal, not from the table of stages: an account that left as
 * Sales engaged has no stage any more, but it did pass through some. */
#include "service/report_private.h"

#include "base/clock.h"

#include <string.h>

/* One account in one sequence. */
struct passage {
    char *sequence, *cohort;        /* cohort: the month of its enrolment */
    gint64 enrolled_us, entered_us; /* of the stage it is in */
    char *stage;                    /* NULL: in none */
    GPtrArray *stages;              /* char *: those it entered */
};

struct stays {
    GArray *days; /* double: of those that are over */
    guint there;  /* accounts that are in the stage now */
};

struct funnel {
    struct report *report;
    GHashTable *passages; /* "account sequence" → struct passage */
    GHashTable *stays;    /* "sequence stage" → struct stays */
};

static void
passage_free(gpointer data)
{
    struct passage *p = data;
    g_free(p->sequence);
    g_free(p->cohort);
    g_free(p->stage);
    g_ptr_array_unref(p->stages);
    g_free(p);
}

static void
stays_free(gpointer data)
{
    struct stays *s = data;
    g_array_unref(s->days);
    g_free(s);
}

static struct stays *
stays_of(struct funnel *f, const char *sequence, const char *stage)
{
    g_autofree char *key = g_strdup_printf("%s %s", sequence, stage);
    struct stays *s = g_hash_table_lookup(f->stays, key);
    if (!s) {
        s = g_new0(struct stays, 1);
        s->days = g_array_new(FALSE, FALSE, sizeof(double));
        g_hash_table_insert(f->stays, g_steal_pointer(&key), s);
    }
    return s;
}

/* The stay in the stage it is in ends at us. */
static void
leave_stage(struct funnel *f, struct passage *p, gint64 us)
{
    if (p->stage && p->entered_us >= f->report->options->since_us) {
        double days = (double)(us - p->entered_us) / (double)CLOCK_DAY_US;
        g_array_append_val(stays_of(f, p->sequence, p->stage)->days, days);
    }
    g_clear_pointer(&p->stage, g_free);
}

static void
take_event(struct funnel *f, struct query *q)
{
    const char *kind = query_text(q, "kind"), *sequence = query_text(q, "sequence"),
               *stage = query_text(q, "stage");
    gint64 at_us = query_int(q, "at");
    if (!sequence)
        return;
    g_autofree char *key = g_strdup_printf("%" G_GINT64_FORMAT " %s", query_int(q, "account_id"), sequence);
    struct passage *p = g_hash_table_lookup(f->passages, key);
    if (strcmp(kind, "enrolled") == 0 && !p) {
        p = g_new0(struct passage, 1);
        p->sequence = g_strdup(sequence);
        p->enrolled_us = at_us;
        p->cohort = report_month(f->report, at_us);
        p->stages = g_ptr_array_new_with_free_func(g_free);
        g_hash_table_insert(f->passages, g_steal_pointer(&key), p);
    }
    if (p && strcmp(kind, "enrolled") != 0)
        leave_stage(f, p, at_us);
    if (p && stage && strcmp(kind, "stage_entered") == 0) {
        p->stage = g_strdup(stage);
        p->entered_us = at_us;
        if (!g_ptr_array_find_with_equal_func(p->stages, stage, g_str_equal, NULL))
            g_ptr_array_add(p->stages, g_strdup(stage));
    }
}

static gboolean
read_passages(struct funnel *f, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        f->report->service->db,
        "SELECT account_id, at, kind, data ->> 'sequence' AS sequence, data ->> 'stage' AS stage FROM "
        "standing_event "
        "WHERE kind IN ('enrolled', 'stage_entered', 'left') AND account_id IS NOT NULL ORDER BY id",
        error, "");
    if (!q)
        return FALSE;
    while (query_next(q, &local))
        take_event(f, q);
    return report_ok(error, g_steal_pointer(&local));
}

/* Those of cohort (a month, NULL: all) that were enrolled since the report begins and entered stage (NULL:
 * any). */
static guint
count_passages(const struct funnel *f, const char *sequence, const char *cohort, const char *stage)
{
    GHashTableIter iter;
    gpointer value;
    guint count = 0;
    g_hash_table_iter_init(&iter, f->passages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct passage *p = value;
        count += strcmp(p->sequence, sequence) == 0 && p->enrolled_us >= f->report->options->since_us &&
                 (!cohort || strcmp(cohort, p->cohort) == 0) &&
                 (!stage || g_ptr_array_find_with_equal_func(p->stages, stage, g_str_equal, NULL));
    }
    return count;
}

static gint
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *
cohorts_of(const struct funnel *f, const char *sequence)
{
    GHashTableIter iter;
    gpointer value;
    GPtrArray *months = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_iter_init(&iter, f->passages);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct passage *p = value;
        if (strcmp(p->sequence, sequence) == 0 && p->enrolled_us >= f->report->options->since_us &&
            !g_ptr_array_find_with_equal_func(months, p->cohort, g_str_equal, NULL))
            g_ptr_array_add(months, g_strdup(p->cohort));
    }
    g_ptr_array_sort(months, by_text);
    return months;
}

/* What the state table knows of a cohort: engaged, left, cancelled. */
static gboolean
count_states(const struct funnel *f, const char *sequence, const char *cohort, json_t *row, GError **error)
{
    guint engaged = 0, left = 0, cancelled = 0;
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(f->report->service->db,
                    "SELECT account_id, engaged_at, state, cancelled FROM enrolment WHERE sequence = ?",
                    error, "t", sequence);
    if (!q)
        return FALSE;
    while (query_next(q, &local)) {
        g_autofree char *key =
            g_strdup_printf("%" G_GINT64_FORMAT " %s", query_int(q, "account_id"), sequence);
        const struct passage *p = g_hash_table_lookup(f->passages, key);
        if (!p || p->enrolled_us < f->report->options->since_us || strcmp(p->cohort, cohort) != 0)
            continue;
        gboolean gone = strcmp(query_text(q, "state"), "left") == 0;
        engaged += query_int(q, "engaged_at") != 0;
        left += gone ? 1 : 0;
        cancelled += !gone && query_text(q, "cancelled");
    }
    json_object_set_new(row, "engaged", json_integer(engaged));
    json_object_set_new(row, "left", json_integer(left));
    json_object_set_new(row, "cancelled", json_integer(cancelled));
    return report_ok(error, g_steal_pointer(&local));
}

static gboolean
add_cohorts(struct funnel *f, const struct sequence *seq, GError **error)
{
    g_autoptr(GPtrArray) months = cohorts_of(f, seq->name);
    for (guint i = 0; i < months->len; i++) {
        json_t *row = json_pack("{s:s, s:s, s:s, s:I}", "figure", "cohort", "sequence", seq->name, "cohort",
                                months->pdata[i], "enrolled",
                                (json_int_t)count_passages(f, seq->name, months->pdata[i], NULL));
        report_add(f->report, row);
        if (!count_states(f, seq->name, months->pdata[i], row, error))
            return FALSE;
    }
    for (guint i = 0; i <= months->len && months->len; i++) {
        const char *month = i < months->len ? months->pdata[i] : NULL;
        guint all = count_passages(f, seq->name, month, NULL);
        for (guint j = 0; j < seq->stages->len; j++) {
            const struct stage *stage = seq->stages->pdata[j];
            guint entered = count_passages(f, seq->name, month, stage->id);
            report_add(f->report, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "figure", "funnel",
                                            "sequence", seq->name, "cohort", month ? month : "all", "stage",
                                            stage->id, "title", stage->title, "entered", (json_int_t)entered,
                                            "share", report_rate(entered, all)));
        }
    }
    return TRUE;
}

static gint
by_number(gconstpointer a, gconstpointer b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
add_stays(struct funnel *f, const struct sequence *seq)
{
    for (guint j = 0; j < seq->stages->len; j++) {
        const struct stage *stage = seq->stages->pdata[j];
        struct stays *s = stays_of(f, seq->name, stage->id);
        g_array_sort(s->days, by_number);
        report_add(f->report,
                   json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:I}", "figure", "time_in_stage",
                             "sequence", seq->name, "stage", stage->id, "title", stage->title, "over",
                             (json_int_t)s->days->len, "median_days",
                             s->days->len ? report_tenth(report_median(s->days)) : json_null(), "p90_days",
                             s->days->len ? report_tenth(report_percentile(s->days, 0.9)) : json_null(),
                             "there", (json_int_t)s->there));
    }
}

gboolean
report_funnel(struct report *r, GError **error)
{
    struct funnel f = {.report = r,
                       .passages = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, passage_free),
                       .stays = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, stays_free)};
    const GPtrArray *sequences = r->service->program->sequences;
    gboolean ok = read_passages(&f, error);
    GHashTableIter iter;
    gpointer value;
    g_hash_table_iter_init(&iter, f.passages);
    while (ok && g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct passage *p = value;
        if (p->stage)
            stays_of(&f, p->sequence, p->stage)->there++;
    }
    for (guint i = 0; ok && i < sequences->len; i++)
        ok = add_cohorts(&f, sequences->pdata[i], error);
    for (guint i = 0; ok && i < sequences->len; i++)
        add_stays(&f, sequences->pdata[i]);
    g_hash_table_unref(f.passages);
    g_hash_table_unref(f.stays);
    return ok;
}
