/* See event_words.h. A sentence names members of the event's data in braces, {member}, or {member@} for a
 * time; what stands in square brackets is left out where one of its members is missing. */
#include "cli/event_words.h"

#include "cli/brief.h"
#include "cli/screen.h"

#include <string.h>

enum weight { MILESTONE = 1, QUIET = 2, BAD = 4, GOOD = 8 };

static const struct {
    const char *kind, *sentence;
    guint weight;
} known[] = {
    {"account_added", "first seen[, in {source}]", MILESTONE},
    {"account_absent", "missing from a complete import", MILESTONE | BAD},
    {"account_present", "there again", MILESTONE},
    {"facts_changed", "facts changed: {changes}", QUIET},
    {"contact_added", "contact {address} added", QUIET},
    {"contact_changed", "contact {address} changed[: {changes}]", QUIET},
    {"contact_absent", "contact {address} is missing from the import", QUIET},
    {"enrolled", "enrolled in {sequence}[: {why}]", MILESTONE},
    {"stage_entered", "stage {stage}[ ({why})]", MILESTONE},
    {"step_changed", "{step} {state}[ {due_at@}][: {reason}]", QUIET},
    {"cancelled", "nothing automatic any more: {reason}", MILESTONE | BAD},
    {"reinstated", "automatic mail goes on", MILESTONE},
    {"left", "left {sequence}[: {reason}]", MILESTONE},
    {"ended", "{sequence} ended[ in {stage}][: {reason}]", MILESTONE},
    {"reopened", "{sequence} goes on", MILESTONE},
    {"stage_renamed", "stage {was} is now called {stage}", QUIET},
    {"goal_met", "goal {goal} seen[: {why}]", MILESTONE | GOOD},
    {"goal_undone", "goal {goal} not seen after all", MILESTONE},
    {"paid", "a further bill is paid, {bills_paid} in all", MILESTONE | GOOD},
    {"churned", "churned", MILESTONE | BAD},
    {"facts_noticed", "known from now on[: {bills_paid} bills paid]", QUIET},
    {"step_failed", "{step} reached nobody[: {reason}]", MILESTONE | BAD},
    {"draft_made", "draft {message} of {step}[, from {specialist}][: “{subject}”]", MILESTONE},
    {"draft_edited", "draft {message} edited, now revision {revision}", MILESTONE},
    {"draft_approved_first", "draft {message} approved; another person has to look", MILESTONE},
    {"draft_approved", "draft {message} approved", MILESTONE},
    {"draft_returned", "draft {message} came back: {reason}", MILESTONE | BAD},
    {"draft_withdrawn", "draft {message} withdrawn: {reason}", MILESTONE},
    {"draft_rejected", "draft {message} rejected[: {reason}]", MILESTONE},
    {"sent", "sent {step}[, from {specialist}][: “{subject}”]", MILESTONE | GOOD},
    {"hand_sent", "{specialist} wrote by hand[: “{subject}”]", MILESTONE | GOOD},
    {"unknown", "message {message} ({step}): no answer came, nobody knows whether it arrived",
     MILESTONE | BAD},
    {"settled", "message {message} settled: {outcome}[, by {by}]", MILESTONE},
    {"copy_seen", "the provider's copy of message {message} was seen in Sent", MILESTONE},
    {"mailbox_stopped", "mailbox {mailbox} stopped[: {kind}][, {code}][ {text}]", MILESTONE | BAD},
    {"mailbox_released", "mailbox {mailbox} sends again[: {why}]", MILESTONE},
    {"replied", "{address} replied[: “{subject}”]", MILESTONE | GOOD},
    {"auto_replied", "automatic reply of {address}[, back on {return_date}]", MILESTONE},
    {"bounced", "mail to {address} came back[ ({status})][: {reason}]", MILESTONE | BAD},
    {"booked", "{address} booked a call", MILESTONE | GOOD},
    {"booking_changed", "{address}: the call was changed[ ({act})]", MILESTONE},
    {"opted_out", "{address} wants no more mail", MILESTONE | BAD},
    {"complained", "somebody reported a mail as unwanted[: “{subject}”]", MILESTONE | BAD},
    {"hold_set", "on hold[, {address} only][ until {until@}]: {reason}", MILESTONE},
    {"released", "released; the last reply counts as answered", MILESTONE},
    {"extended", "the end moves by {days} days[: {note}]", MILESTONE},
    {"date_set", "date {fact}[: {value}]", MILESTONE},
    {"owner_set", "owner {owner}", MILESTONE},
    {"away_set", "{specialist} is away from {from@} until {until@}[, {cover} covers][: {note}]", MILESTONE},
    {"away_cancelled", "leave {leave} is cancelled", MILESTONE},
    {"segment_entered", "in segment {segment}[: {why}]", MILESTONE},
    {"segment_left", "out of segment {segment}[: {reason}]", MILESTONE},
    {"segment_by_rule", "segment {segment}: the rule decides again", MILESTONE},
    {"note", "note: {text}", MILESTONE},
    {"sales_engaged", "Sales is engaged[: {note}]", MILESTONE},
    {"referral", "handed to Sales[: {note}]", MILESTONE},
    {"paid_call", "bought a call", MILESTONE | GOOD},
    {"paid_call_missed", "missed the call that was bought[: {note}]", MILESTONE | BAD},
    {"suppressed", "never again to {address}[ ({reason})]", MILESTONE | BAD},
    {"forgotten", "a person was forgotten, now {address}", MILESTONE},
    {"task_made", "task: {title}[, due {due_at@}][, for {assignee}]", MILESTONE},
    {"task_done", "task done: {title}[ ({note})]", MILESTONE},
    {"task_snoozed", "task put off to {due_at@}: {title}", MILESTONE},
    {"task_assigned", "task given to {assignee}: {title}", MILESTONE},
    {"task_over", "task over: {title}", MILESTONE},
    {"risk_set", "payment risk {risk}[: {note}]", MILESTONE},
    {"priority_set", "priority {priority}", MILESTONE},
    {"startup_plan",
     "started after nobody was at work since {down_since@}: {now} now, {later} later, {held} held, {ask} to "
     "ask, "
     "{expired} expired",
     MILESTONE},
    {"reclassified", "mail {inbound} is {class}, not {was}", MILESTONE},
    {"unclaimed", "this database sends nothing until it is claimed[: {why}]", MILESTONE | BAD},
    {"ahead_found", "a mail of ours that the database does not know[: “{subject}”][, {message_id}]",
     MILESTONE | BAD},
    {"claimed", "claimed[: {why}]", MILESTONE},
};

static gssize
find(const char *kind)
{
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (strcmp(known[i].kind, kind) == 0)
            return (gssize)i;
    return -1;
}

/* ---- values ---- */

/* A value as a person would write it; NULL where it says nothing. The caller frees. */
static char *
value_text(const json_t *value)
{
    return json_is_string(value) && !*json_string_value(value) ? NULL : brief_value(value, NULL);
}

/* "forecast_mrr 412 → 500, plan → payg": what an import changed. NULL when nothing is told. */
static char *
changes_text(const json_t *changed)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *name;
    json_t *pair;
    json_object_foreach((json_t *)(gsize)changed, name, pair)
    {
        g_autofree char *old = value_text(json_is_array(pair) ? json_array_get(pair, 0) : NULL);
        g_autofree char *new = value_text(json_is_array(pair) ? json_array_get(pair, 1) : pair);
        g_string_append_printf(out, "%s%s%s%s → %s", out->len ? ", " : "", name, old ? " " : "",
                               old ? old : "", new ? new : "(missing)");
    }
    return out->len ? g_strdup(out->str) : NULL;
}

/* The title of a stage, as long as the files have it. */
static char *
stage_title(const struct cli *cli, const json_t *data)
{
    const char *id = json_string_value(json_object_get(data, "stage")),
               *name = json_string_value(json_object_get(data, "sequence"));
    const struct sequence *seq = name ? program_sequence(cli->service->program, name) : NULL;
    const struct stage *stage = seq && id ? sequence_stage(seq, id) : NULL;
    return g_strdup(stage ? stage->title : id);
}

/* What a member of a sentence stands for; NULL where it says nothing. The caller frees. */
static char *
member_text(const struct cli *cli, const char *member, const json_t *data)
{
    gsize length = strlen(member);
    if (length && member[length - 1] == '@') {
        g_autofree char *name = g_strndup(member, length - 1);
        gint64 us = json_integer_value(json_object_get(data, name));
        const struct cli people = {.service = cli->service};
        return us ? cli_time(&people, us) : NULL;
    }
    if (strcmp(member, "changes") == 0)
        return changes_text(json_object_get(data, "changed"));
    if (strcmp(member, "stage") == 0)
        return stage_title(cli, data);
    if (strcmp(member, "outcome") == 0) {
        const json_t *sent = json_object_get(data, "sent");
        return g_strdup(json_is_true(sent) || json_integer_value(sent) ? "it was sent" : "it was not sent");
    }
    if (strcmp(member, "risk") == 0 && json_is_null(json_object_get(data, member)))
        return g_strdup("none");
    return value_text(json_object_get(data, member));
}

/* ---- sentences ---- */

/* Appends a piece of a sentence up to its end or a closing bracket; FALSE when a member was missing. Moves
 * *sentence behind what was read. */
static gboolean
append_piece(const struct cli *cli, const char **sentence, const json_t *data, GString *out)
{
    gboolean whole = TRUE;
    const char *p = *sentence;
    while (*p && *p != ']') {
        if (*p == '[') {
            gsize before = out->len;
            p++;
            if (!append_piece(cli, &p, data, out))
                g_string_truncate(out, before);
        } else if (*p == '{') {
            const char *end = strchr(p, '}');
            g_autofree char *member = g_strndup(p + 1, (gsize)(end - p - 1));
            g_autofree char *text = member_text(cli, member, data);
            g_string_append(out, text ? text : "?");
            whole = whole && text;
            p = end + 1;
        } else {
            g_string_append_c(out, *p++);
        }
    }
    *sentence = *p ? p + 1 : p;
    return whole;
}

/* Any kind: its name, then every plain member. */
static void
append_plain(const char *kind, const json_t *data, GString *out)
{
    g_autofree char *name = g_strdelimit(g_strdup(kind), "_", ' ');
    const char *member;
    json_t *value;
    g_string_append(out, name);
    json_object_foreach((json_t *)(gsize)data, member, value)
    {
        g_autofree char *text = json_is_object(value) || json_is_array(value) ? NULL : value_text(value);
        if (text)
            g_string_append_printf(out, ", %s %s", member, text);
    }
}

char *
event_words(const struct cli *cli, const char *kind, const json_t *data)
{
    g_autoptr(GString) out = g_string_new(NULL);
    gssize at = find(kind);
    const char *sentence = at >= 0 ? known[at].sentence : NULL;
    if (sentence)
        append_piece(cli, &sentence, data, out);
    else
        append_plain(kind, data, out);
    return screen_clean(out->str);
}

enum tint
event_tint(const char *kind)
{
    gssize at = find(kind);
    guint weight = at >= 0 ? known[at].weight : 0;
    return weight & BAD ? TINT_BAD : weight & GOOD ? TINT_GOOD : weight & QUIET ? TINT_DIM : TINT_NONE;
}

gboolean
event_is_milestone(const char *kind)
{
    gssize at = find(kind);
    return at < 0 || known[at].weight & MILESTONE;
}
