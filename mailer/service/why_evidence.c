/* What lies behind a cause: the mail with the line that proves its class, who acted, where a fact comes from.
 */
#include "service/why_private.h"

#include "accounts/contacts.h"
#include "service/people.h"

#include <string.h>

#define WORDS_CHARS 100
#define MAX_CAUSES 8

/* text on one line, and not too much of it. The caller frees. */
static char *
shortened(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text ? text : "", " \t\r\n", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    for (char **word = words; *word; word++)
        if (**word)
            g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
    if (g_utf8_strlen(line->str, -1) <= WORDS_CHARS)
        return g_strdup(line->str);
    g_autofree char *start = g_utf8_substring(line->str, 0, WORDS_CHARS);
    return g_strconcat(start, "…", NULL);
}

/* "auto_reply of ada@acme.example on 2026-11-30 09:12 (mail 7): Auto-Submitted: auto-replied" */
static char *
mail_evidence(struct asked *a, gint64 inbound_id)
{
    scoped(query_end) struct query *q = store_query(
        a->s->db, "SELECT at, class, rule, evidence, address, subject, text FROM inbound WHERE id = ?", NULL,
        "i", inbound_id);
    if (!inbound_id || !q || !query_next(q, NULL))
        return NULL;
    const char *class = query_text(q, "class"), *address = query_text(q, "address"),
               *line = query_text(q, "evidence"), *words = query_text(q, "text"),
               *subject = query_text(q, "subject"), *rule = query_text(q, "rule");
    gboolean reply = g_strcmp0(class, "reply") == 0 || g_strcmp0(class, "other") == 0;
    const char *shown = reply && words && *words ? words
                        : line && *line          ? line
                        : subject && *subject    ? subject
                                                 : rule;
    g_autofree char *at = why_time(a, query_int(q, "at"));
    g_autofree char *text = shortened(shown);
    return g_strdup_printf("%s of %s on %s (usher inbox %" G_GINT64_FORMAT "): %s", class,
                           address ? address : "nobody we know", at, inbound_id, text);
}

/* The mail that an event follows from; NULL: none. */
static char *
mail_behind(struct asked *a, gint64 event_id)
{
    for (int i = 0; event_id && i < MAX_CAUSES; i++) {
        gint64 inbound_id =
            store_int(a->s->db, "SELECT COALESCE(data ->> 'inbound', 0) FROM event WHERE id = ?", 0, NULL,
                      "i", event_id);
        if (inbound_id)
            return mail_evidence(a, inbound_id);
        event_id =
            store_int(a->s->db, "SELECT COALESCE(cause, 0) FROM event WHERE id = ?", 0, NULL, "i", event_id);
    }
    return NULL;
}

/* "by Ana Silva (ana) on 2026-11-30 09:12": the person whose act it follows from, else usher. */
static char *
act_text(struct asked *a, gint64 event_id)
{
    g_autofree char *text = NULL;
    gboolean person = FALSE;
    for (int i = 0; event_id && !person && i < MAX_CAUSES; i++) {
        scoped(query_end) struct query *q =
            store_query(a->s->db, "SELECT at, actor, COALESCE(cause, 0) AS cause FROM event WHERE id = ?",
                        NULL, "i", event_id);
        if (!q || !query_next(q, NULL))
            break;
        event_id = query_int(q, "cause");
        person = g_strcmp0(query_text(q, "actor"), "usher") != 0;
        if (text && !person)
            continue;
        g_autofree char *who = people_name(a->s->config, query_text(q, "actor"));
        g_autofree char *at = why_time(a, query_int(q, "at"));
        g_free(text);
        text = g_strdup_printf("by %s on %s", who, at);
    }
    return g_steal_pointer(&text);
}

char *
why_hold_evidence(struct asked *a, gboolean of_people)
{
    g_autofree char *until = NULL;
    gint64 event_id = 0, until_us = 0;
    {
        scoped(query_end) struct query *q = store_query(
            a->s->db,
            "SELECT COALESCE(event_id, 0) AS event_id, COALESCE(until, 0) AS until FROM hold WHERE (until IS "
            "NULL OR until > ?1) AND CASE WHEN ?3 THEN address IN (SELECT address FROM contact WHERE "
            "account_id = ?2 UNION SELECT d.address FROM delivery d JOIN message m ON m.id = d.message_id "
            "WHERE m.account_id = ?2) ELSE account_id = ?2 END ORDER BY until IS NULL DESC, until DESC LIMIT "
            "1",
            NULL, "iii", a->now_us, a->account_id, (gint64)of_people);
        if (!q || !query_next(q, NULL))
            return NULL;
        event_id = query_int(q, "event_id");
        until_us = query_int(q, "until");
    }
    if (until_us)
        until = why_time(a, until_us);
    g_autofree char *mail = mail_behind(a, event_id);
    g_autofree char *act = mail ? NULL : act_text(a, event_id);
    return g_strdup_printf("%s; it %s%s",
                           mail  ? mail
                           : act ? act
                                 : "set by an earlier version",
                           until ? "ends on " : "has no end", until ? until : "");
}

char *
why_reply_evidence(struct asked *a)
{
    return mail_behind(a,
                       store_int(a->s->db,
                                 "SELECT MAX(id) FROM event WHERE account_id = ? AND kind = 'replied' AND id "
                                 "NOT IN (SELECT event_id FROM retracted)",
                                 0, NULL, "i", a->account_id));
}

/* One contact's: "bob@acme.example: dead_address (bounce of …)". */
static void
add_person(struct asked *a, const struct contact *c, GString *out)
{
    g_autofree char *reason = NULL;
    if (!c->absent && !suppression_find(a->s->db, c->address, &reason))
        return;
    g_autofree char *mail =
        c->absent
            ? NULL
            : mail_behind(a, store_int(a->s->db,
                                       "SELECT COALESCE(event_id, 0) FROM suppression WHERE address = ?", 0,
                                       NULL, "t", c->address));
    g_string_append_printf(out, "%s%s: %s%s%s%s%s", out->len ? "; " : "", c->address,
                           c->absent ? "" : "suppressed, ",
                           c->absent ? "absent from the last complete import" : reason, mail ? " (" : "",
                           mail ? mail : "", mail ? ")" : "");
}

char *
why_people_evidence(struct asked *a)
{
    g_autoptr(GPtrArray) contacts = contacts_list(a->s->db, a->account_id, NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; contacts && i < contacts->len; i++)
        add_person(a, contacts->pdata[i], out);
    return g_strdup(out->len ? out->str : "the account has no contacts");
}

char *
why_act_evidence(struct asked *a, const char *kind, const char *state)
{
    gint64 id = store_int(
        a->s->db,
        "SELECT MAX(id) FROM event WHERE account_id = ?1 AND kind = ?2 AND data ->> 'sequence' "
        "= ?3 AND (?4 IS NULL OR data ->> 'state' = ?4) AND (?5 IS NULL OR data ->> 'step' IS NULL OR data "
        "->> 'step' = "
        "?5)",
        0, NULL, "itttt", a->account_id, kind, a->seq->name, state, a->out->step ? a->out->step->id : NULL);
    char *mail = mail_behind(a, id);
    return mail ? mail : act_text(a, id);
}

char *
why_fact_evidence(struct asked *a, const char *reason)
{
    static const char before[] = "the fact ";
    const char *name = strstr(reason, before);
    if (!name)
        return NULL;
    name += strlen(before);
    g_autofree char *word = g_strndup(name, strcspn(name, " "));
    const struct fact_value *value = fact_row_get(a->gate.row, word);
    if (!value || !value->value || !value->as_of_us)
        return NULL;
    g_autofree char *at = why_time(a, value->as_of_us);
    return g_strdup_printf("%s was last delivered by %s, as of %s", word,
                           value->source ? value->source : "nobody", at);
}

char *
why_wait_before(struct asked *a)
{
    scoped(query_end) struct query *q = store_query(
        a->s->db,
        "SELECT at, data ->> 'reason' AS reason FROM event WHERE account_id = ? AND kind = 'step_changed' "
        "AND "
        "data ->> 'sequence' = ? AND data ->> 'step' = ? AND data ->> 'state' = 'waiting' ORDER BY id DESC "
        "LIMIT 1",
        NULL, "itt", a->account_id, a->seq->name, a->out->step->id);
    if (!q || !query_next(q, NULL) || !query_text(q, "reason"))
        return NULL;
    g_autofree char *at = why_time(a, query_int(q, "at"));
    return g_strdup_printf("since %s it waited: %s", at, query_text(q, "reason"));
}
