/* What a simulation shows, read from the journal that the copy wrote. */
#include "base/error.h"
#include "base/zone.h"
#include "service/simulate.h"

#include <string.h>

struct reading {
    struct service *s;
    GHashTable *zones; /* of the accounts, by key */
    GPtrArray *lines;
};

static const char *
str(const json_t *data, const char *member)
{
    return json_string_value(json_object_get(data, member));
}

/* The account's zone; the team's where there is none. */
static GTimeZone *
zone_of(struct reading *r, const char *key, gint64 account_id)
{
    GTimeZone *zone = g_hash_table_lookup(r->zones, key);
    scoped(fact_row_free) struct fact_row *row = NULL;
    if (zone || !account_id ||
        !fact_row_load(r->s->db, r->s->program->facts, account_id, r->s->config->timezone, &row, NULL))
        return zone ? zone : r->s->config->timezone;
    zone = fact_row_zone(row);
    g_hash_table_insert(r->zones, g_strdup(key), zone);
    return zone;
}

static struct simulate_line *
add_line(struct reading *r, struct query *q, enum simulate_kind kind, const json_t *data, const char *text)
{
    struct simulate_line *line = g_new0(struct simulate_line, 1);
    const char *key = query_text(q, "key");
    *line = (struct simulate_line){.kind = kind,
                                   .at_us = query_int(q, "at"),
                                   .zone = zone_of(r, key ? key : "", query_int(q, "account_id")),
                                   .account = g_strdup(key),
                                   .sequence = g_strdup(str(data, "sequence")),
                                   .step = g_strdup(str(data, "step")),
                                   .subject = g_strdup(str(data, "subject")),
                                   .text = g_strdup(text)};
    g_ptr_array_add(r->lines, line);
    return line;
}

static gboolean
add_mail(struct reading *r, struct query *q, const json_t *data, GError **error)
{
    struct simulate_line *line = add_line(r, q, SIMULATE_MAIL, data, NULL);
    line->from = g_strdup(str(data, "specialist"));
    line->to = store_text(r->s->db,
                          "SELECT group_concat(address, ', ') FROM (SELECT address FROM delivery WHERE "
                          "message_id = ? AND state = 'sent' ORDER BY field DESC, id)",
                          error, "i", (gint64)json_integer_value(json_object_get(data, "message")));
    return !error || !*error;
}

/* A step that came to stand somewhere a person should know of. */
static void
add_step(struct reading *r, struct query *q, const json_t *data)
{
    const char *state = str(data, "state"), *reason = str(data, "reason");
    switch (step_state_parse(state ? state : "")) {
    case STEP_WAITING:
    case STEP_LATE:
    case STEP_EXPIRED:
    case STEP_SKIPPED: {
        g_autofree char *text = g_strdup_printf("%s%s%s", state, reason ? ": " : "", reason ? reason : "");
        add_line(r, q, SIMULATE_WAIT, data, text);
        break;
    }
    case STEP_IDLE:
    case STEP_SCHEDULED:
    case STEP_WANTED:
    case STEP_DRAFTED:
    case STEP_QUEUED:
    case STEP_SENT:
    case STEP_FAILED:
    case STEP_REJECTED:
    case STEP_STOPPED:
    case STEP_CANCELLED:
    case STEP_OPEN: /* its task has a line of its own */
    case STEP_DONE:
    case STEP_STATE_COUNT:
        break;
    }
}

static void
add_stage(struct reading *r, struct query *q, const json_t *data)
{
    const struct sequence *seq = program_sequence(r->s->program, str(data, "sequence"));
    const char *id = str(data, "stage");
    const struct stage *stage = seq && id ? sequence_stage(seq, id) : NULL;
    add_line(r, q, SIMULATE_STAGE, data, stage ? stage->title : id);
}

static void
add_hold(struct reading *r, struct query *q, const json_t *data)
{
    const char *address = str(data, "address");
    gint64 until_us = json_integer_value(json_object_get(data, "until"));
    g_autofree char *until = until_us ? zone_format(r->s->config->timezone, until_us) : NULL;
    if (until)
        until[strlen("2026-12-05")] = '\0';
    g_autofree char *text = g_strdup_printf("%s on hold%s%s: %s", address ? address : "the account",
                                            until ? " until " : "", until ? until : "", str(data, "reason"));
    add_line(r, q, SIMULATE_WAIT, data, text);
}

static gboolean
read_event(struct reading *r, struct query *q, const json_t *data, GError **error)
{
    static const struct {
        const char *kind, *text;
    } assumed[] = {{"replied", "replies"},
                   {"hand_sent", "is answered by hand"},
                   {"booked", "books a call"},
                   {"bounced", "bounces"},
                   {"opted_out", "opts out"}};
    const char *kind = query_text(q, "kind"), *address = str(data, "address");
    if (strcmp(kind, "sent") == 0)
        return add_mail(r, q, data, error);
    if (strcmp(kind, "draft_made") == 0 && !json_integer_value(json_object_get(data, "automatic")))
        add_line(r, q, SIMULATE_DRAFT, data, "composed");
    else if (strcmp(kind, "draft_returned") == 0)
        add_line(r, q, SIMULATE_DRAFT, data, str(data, "reason"));
    else if (strcmp(kind, "stage_entered") == 0)
        add_stage(r, q, data);
    else if (strcmp(kind, "task_made") == 0)
        add_line(r, q, SIMULATE_TASK, data, str(data, "title"));
    else if (strcmp(kind, "step_changed") == 0)
        add_step(r, q, data);
    else if (strcmp(kind, "hold_set") == 0)
        add_hold(r, q, data);
    else if (strcmp(kind, "cancelled") == 0 || strcmp(kind, "left") == 0)
        add_line(r, q, SIMULATE_END, data, str(data, "reason"));
    for (gsize i = 0; i < G_N_ELEMENTS(assumed); i++)
        if (strcmp(kind, assumed[i].kind) == 0) {
            g_autofree char *text =
                g_strdup_printf("%s%s%s", address ? address : "", address ? " " : "", assumed[i].text);
            add_line(r, q, SIMULATE_ASSUMED, data, text);
        }
    return TRUE;
}

/* Approved, and yet not gone by the end. */
static gboolean
read_outbox(struct reading *r, gint64 account_id, gint64 now_us, GError **error)
{
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q = store_query(
        r->s->db,
        "SELECT ?1 AS at, m.account_id, a.key, m.sequence, m.step, m.subject, MIN(d.text) AS text FROM "
        "delivery d JOIN message m ON m.id = d.message_id JOIN account a ON a.id = m.account_id WHERE "
        "d.state IN ('queued', 'deferred', 'unknown') AND (?2 = 0 OR m.account_id = ?2) GROUP BY m.id ORDER "
        "BY m.id",
        error, "ii", now_us, account_id);
    while (q && query_next(q, &local)) {
        const char *text = query_text(q, "text");
        json_t *data = json_pack("{s:s, s:s, s:s}", "sequence", query_text(q, "sequence"), "step",
                                 query_text(q, "step"), "subject", query_text(q, "subject"));
        g_autofree char *why = g_strdup_printf("still in the outbox%s%s", text ? ": " : "", text ? text : "");
        add_line(r, q, SIMULATE_WAIT, data, why);
        json_decref(data);
    }
    return q && error_pass(error, &local);
}

gboolean
simulate_read(struct service *copy, gint64 first_id, gint64 account_id, gint64 now_us, GPtrArray *lines,
              GError **error)
{
    g_autoptr(GHashTable) zones = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct reading r = {.s = copy, .zones = zones, .lines = lines};
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(copy->db,
                    "SELECT e.at, e.kind, e.data, e.account_id, a.key FROM event e LEFT JOIN account a ON "
                    "a.id = e.account_id WHERE e.id > ?1 AND (?2 = 0 OR e.account_id = ?2) ORDER BY e.id",
                    error, "ii", first_id, account_id);
    while (q && !local && query_next(q, &local)) {
        json_t *data = json_loads(query_text(q, "data"), 0, NULL);
        read_event(&r, q, data, &local);
        json_decref(data);
    }
    return q && error_pass(error, &local) && read_outbox(&r, account_id, now_us, error);
}
