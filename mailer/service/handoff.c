/* See handoff.h. The lead is written into the journal with the event `referral`, so that hooks get the whole
 * of it, and what was handed over can be read later. */
#include "service/handoff.h"

#include "base/error.h"
#include "base/zone.h"
#include "compose/finding.h"
#include "compose/sender.h"
#include "pipeline/segment.h"
#include "service/service.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

/* Facts that go along as they are. */
static const char *const told_facts[] = {"name",
                                         "plan",
                                         "region",
                                         "country",
                                         "forecast_mrr",
                                         "mrr_last_month",
                                         "mrr_growth_mom",
                                         "forecast_annual",
                                         "main_product",
                                         "bills_paid",
                                         "next_renewal",
                                         "first_bill_on",
                                         "contract_interest",
                                         "spike_at",
                                         "refund_requested",
                                         "sales_notes",
                                         "organisation_size",
                                         "usage_growth_mom",
                                         "mrr_two_months_ago",
                                         NULL};

static void
add_facts(json_t *lead, const struct fact_row *row)
{
    for (const char *const *name = told_facts; *name; name++) {
        const struct fact_value *value = fact_row_get(row, *name);
        if (value && value->value)
            json_object_set(lead, *name, value->value);
    }
}

static gboolean
add_findings(struct service *s, json_t *lead, const struct fact_row *row, gint64 now_us, GError **error)
{
    g_autofree char *folder = g_build_filename(s->config->templates_dir, "findings", NULL);
    scoped(finding_set_free) struct finding_set *set = finding_set_new(s->program->facts);
    if (!finding_set_add_folder(set, folder, error))
        return FALSE;
    g_autoptr(GPtrArray) matches = finding_set_judge(set, row, now_us, error);
    if (!matches)
        return FALSE;
    json_t *findings = json_array();
    for (guint i = 0; i < matches->len; i++) {
        const struct finding_match *m = matches->pdata[i];
        if (m->holds != RULE_TRUE)
            continue;
        json_t *figures = json_object();
        const char *name;
        json_t *figure;
        json_object_foreach((json_t *)(gsize)m->figures, name, figure)
            json_object_set(figures, name, json_object_get(figure, "value"));
        json_array_append_new(findings,
                              json_pack("{s:s, s:o}", "finding", m->finding->name, "figures", figures));
    }
    json_object_set_new(lead, "findings", findings);
    return TRUE;
}

static gboolean
add_segments(struct service *s, json_t *lead, gint64 account_id, GError **error)
{
    struct membership *m = g_new0(struct membership, s->program->segments->len + 1);
    gboolean ok = segments_load(s->db, s->program, account_id, m, error);
    json_t *names = json_array();
    for (guint i = 0; i < s->program->segments->len; i++)
        if (m[i].member)
            json_array_append_new(names,
                                  json_string(((struct segment *)s->program->segments->pdata[i])->name));
    json_object_set_new(lead, "segments", names);
    memberships_free(m, s->program);
    return ok;
}

json_t *
handoff_lead(struct service *s, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *sequence = store_text(
        s->db,
        "SELECT sequence FROM enrolment WHERE account_id = ? AND state = 'active' ORDER BY since LIMIT 1",
        &local, "i", account_id);
    const struct sequence *seq = sequence ? program_sequence(s->program, sequence) : NULL;
    scoped(fact_row_free) struct fact_row *row =
        local ? NULL
              : pipeline_facts(s->db, s->program, seq ? seq : s->program->sequences->pdata[0], account_id,
                               now_us, &local);
    const struct specialist *owner = row ? sender_owner(s->db, s->config, row, account_id, &local) : NULL;
    json_t *lead = json_object();
    if (owner) {
        json_object_set_new(lead, "account", json_string(fact_row_text(row, "account")));
        json_object_set_new(lead, "owner", json_string(owner->name));
        json_object_set_new(lead, "stage",
                            fact_row_text(row, "stage") ? json_string(fact_row_text(row, "stage"))
                                                        : json_null());
        add_facts(lead, row);
    }
    if (owner && add_segments(s, lead, account_id, &local) && add_findings(s, lead, row, now_us, &local))
        return lead;
    json_decref(lead);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

gboolean
handoff_growth(const json_t *lead, double *growth)
{
    const json_t *fact = json_object_get(lead, "mrr_growth_mom"),
                 *now = json_object_get(lead, "forecast_mrr"),
                 *before = json_object_get(lead, "mrr_last_month");
    if (json_is_number(fact))
        *growth = json_number_value(fact);
    else if (json_is_number(now) && json_number_value(before) > 0)
        *growth = json_number_value(now) / json_number_value(before) - 1;
    else
        return FALSE;
    return TRUE;
}

char *
handoff_contact(struct service *s, gint64 account_id, GError **error)
{
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (!fact_row_load(s->db, s->program->facts, account_id, s->config->timezone, &row, error))
        return NULL;
    if (facts_find(s->program->facts, "point_of_contact") && fact_row_text(row, "point_of_contact"))
        return g_strdup(fact_row_text(row, "point_of_contact"));
    return store_text(
        s->db,
        "SELECT trim(trim(COALESCE(c.first_name, '') || ' ' || COALESCE(c.last_name, '')) || ' <' || "
        "c.address || "
        "'>')"
        " FROM inbound i JOIN contact c ON c.account_id = i.account_id AND c.address = i.address WHERE "
        "i.account_id = ? AND i.class IN ('reply', 'booking') ORDER BY i.at DESC LIMIT 1",
        error, "i", account_id);
}

/* The first segment that the account is in and that forbids it; *why is that segment's. */
static const struct segment *
blocking_segment(struct service *s, gint64 account_id, char **why, GError **error)
{
    const struct segment *found = NULL;
    struct membership *m = g_new0(struct membership, s->program->segments->len + 1);
    gboolean ok = segments_load(s->db, s->program, account_id, m, error);
    for (guint i = 0; ok && !found && i < s->program->segments->len; i++) {
        const struct segment *segment = s->program->segments->pdata[i];
        if (!segment->blocks_handoff || !m[i].member)
            continue;
        found = segment;
        *why = g_strdup(m[i].why ? m[i].why : "");
    }
    memberships_free(m, s->program);
    return found;
}

/* An unclear trace makes a task to ask, unless there is one. */
static gboolean
ask_sales(struct service *s, gint64 account_id, const struct segment *segment, const char *why, gint64 now_us,
          GError **error)
{
    if (store_int(s->db, "SELECT 1 FROM task WHERE account_id = ? AND kind = ? AND done_at IS NULL", 0, NULL,
                  "it", account_id, segment->name))
        return TRUE;
    g_autofree char *title = g_strdup_printf("%s (%s): is Sales on it?", segment->title, why);
    return service_task_once(s, account_id, now_us, segment->name, title, error);
}

gboolean
handoff_check(struct service *s, gint64 account_id, gint64 now_us, gboolean again, char **why, GError **error)
{
    g_autoptr(GError) local = NULL;
    *why = NULL;
    if (!service_advance(s, account_id, now_us, error))
        return FALSE;
    gboolean engaged =
        store_int(s->db, "SELECT sales_engaged FROM account WHERE id = ?", 0, &local, "i", account_id) != 0;
    gint64 before_us = local ? 0
                             : store_int(s->db,
                                         "SELECT at FROM account_mark WHERE account_id = ? AND mark = "
                                         "'referral'",
                                         0, &local, "i", account_id);
    g_autofree char *reason = NULL;
    const struct segment *segment = local ? NULL : blocking_segment(s, account_id, &reason, &local);
    if (!error_pass(error, &local))
        return FALSE;
    if (engaged) {
        *why = g_strdup("Sales is engaged already, as a specialist confirmed");
    } else if (before_us && !again) {
        g_autofree char *day = zone_format(s->config->timezone, before_us);
        *why = g_strdup_printf("it was handed over on %.10s already; --again does it once more", day);
    } else if (segment) {
        *why = g_strdup_printf(
            "%s (%s): ask first, the task is there. Sales is on it: `usher sales-engaged ACCOUNT`; "
            "it is not theirs: `usher segments ACCOUNT --remove %s`",
            segment->title, reason, segment->name);
        return ask_sales(s, account_id, segment, reason, now_us, error);
    }
    return TRUE;
}

gboolean
handoff_write(struct service *s, const json_t *lead, gint64 now_us, char **path, GError **error)
{
    *path = NULL;
    if (!s->config->leads_dir)
        return TRUE;
    struct civil today = zone_from_utc_us(s->config->timezone, now_us);
    today.has_time = FALSE;
    g_autofree char *date = civil_format(&today);
    g_autofree char *account =
        g_uri_escape_string(json_string_value(json_object_get(lead, "account")), NULL, FALSE);
    g_autofree char *name = g_strdup_printf("lead-%.180s-%s.json", account, date);
    g_autofree char *file = g_build_filename(s->config->leads_dir, name, NULL);
    g_autoptr(GError) local = NULL;
    if (g_mkdir_with_parents(s->config->leads_dir, 0770) != 0) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s: %s", s->config->leads_dir,
                    g_strerror(errno));
        return FALSE;
    }
    char *text = json_dumps(lead, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    g_autofree char *with_end = g_strconcat(text, "\n", NULL);
    free(text);
    if (g_file_set_contents_full(
            file, with_end, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0640, &local)) {
        *path = g_steal_pointer(&file);
        return TRUE;
    }
    g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "%s", local->message);
    return FALSE;
}
