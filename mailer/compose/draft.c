/* Drafts in the message table: see draft.h for their states. */
#include "compose/draft.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"
#include "compose/draft_write.h"
#include "compose/finding_choice.h"
#include "compose/letter.h"
#include "compose/markdown.h"
#include "compose/stand_in.h"
#include "compose/template.h"
#include "compose/thread.h"
#include "wire/mime_header.h"
#include "wire/mime_write.h"

#include <stdlib.h>
#include <string.h>

const char *const message_state_names[MESSAGE_STATE_COUNT] = {
    [MESSAGE_WAITING] = "waiting",     [MESSAGE_CHANGED] = "changed", [MESSAGE_QUEUED] = "queued",
    [MESSAGE_SENT] = "sent",           [MESSAGE_FAILED] = "failed",   [MESSAGE_REJECTED] = "rejected",
    [MESSAGE_WITHDRAWN] = "withdrawn",
};

void
draft_free(struct draft *d)
{
    if (!d)
        return;
    g_free(d->account_key);
    g_free(d->specialist_id);
    g_free(d->mailbox);
    g_free(d->sequence);
    g_free(d->step);
    g_free(d->reason);
    g_free(d->template_name);
    g_free(d->template_text);
    g_free(d->subject);
    g_free(d->markdown);
    g_free(d->rendered);
    g_free(d->approved_by);
    g_free(d->message_id);
    g_free(d->revised_by);
    g_free(d->first_by);
    g_free(d->cover);
    json_decref(d->basis);
    json_decref(d->findings);
    g_clear_pointer(&d->recipients, g_ptr_array_unref);
    g_free(d);
}

static enum message_state
parse_state(const char *name)
{
    for (int i = 0; i < MESSAGE_STATE_COUNT; i++)
        if (strcmp(message_state_names[i], name) == 0)
            return (enum message_state)i;
    return MESSAGE_WITHDRAWN;
}

/* "A short subject", or "Re: " and the thread's when the template follows up and there is something to
 * follow. */
static gboolean
settle_subject(const struct composer *c, struct draft *draft, char *rendered, GError **error)
{
    struct mail_thread thread;
    if (draft->follows && !thread_load(c->db, draft->account_id, &thread, error)) {
        g_free(rendered);
        return FALSE;
    }
    g_free(draft->subject);
    if (draft->follows && thread.subject) {
        draft->subject = g_strconcat("Re: ", thread.subject, NULL);
        g_free(rendered);
    } else {
        draft->subject = rendered;
    }
    if (draft->follows)
        thread_clear(&thread);
    return TRUE;
}

/* The word decides if the programme starts. */
gboolean
draft_check_subject(const struct draft_request *request, const char *subject, GError **error)
{
    const char *found = NULL;
    for (const char *const *word = request->payment_words; *word; word++)
        if (text_contains_fold(subject, *word))
            found = *word;
    if (!found == !request->payment)
        return TRUE;
    if (found)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s: Subject \"%s\" holds \"%s\": only a failed-payment mail may", request->template_name,
                    subject, found);
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "%s: Subject \"%s\" holds none of the payment words, so it would start the programme",
                    request->template_name, subject);
    return FALSE;
}

/* Facts the mail prints must be younger than the template allows. */
static gboolean
check_ages(const struct composer *c, const struct mail_template *tpl, const json_t *used, GError **error)
{
    gint64 max_age_us = mail_template_max_age_us(tpl);
    const char *name;
    json_t *fact;
    if (!max_age_us)
        return TRUE;
    json_object_foreach((json_t *)(gsize)used, name, fact)
    {
        gint64 as_of = json_integer_value(json_object_get(fact, "as_of"));
        if (json_object_get(fact, "own_age")) /* the Max-Age of its finding was looked at with its rule */
            continue;
        if (as_of && c->now_us - as_of > max_age_us) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                        "the fact %s is %d days old, the template allows %d", name,
                        (int)((c->now_us - as_of) / CLOCK_DAY_US), (int)(max_age_us / CLOCK_DAY_US));
            return FALSE;
        }
    }
    return TRUE;
}

struct draft *
draft_compose(const struct composer *c, const struct draft_request *request, GError **error)
{
    scoped(mail_template_free) struct mail_template *tpl =
        mail_template_load(c->config, request->template_name, error);
    if (!tpl)
        return NULL;
    scoped(draft_free) struct draft *d = g_new0(struct draft, 1);
    d->account_id = request->account_id;
    d->account_key = g_strdup(fact_row_text(c->row, "account"));
    d->sequence = g_strdup(request->sequence);
    d->step = g_strdup(request->step);
    d->automatic = request->automatic;
    d->created_us = c->now_us;
    d->revision = 1;
    d->template_name = g_strdup(request->template_name);
    d->template_text = g_strdup(mail_template_text(tpl));
    d->follows = mail_template_follows(tpl);
    const struct specialist *cover;
    if (!stand_in_choose(c, request->account_id, d->follows, &d->specialist, &cover, error))
        return NULL;
    d->cover = cover ? g_strdup(cover->id) : NULL;
    d->specialist_id = d->specialist ? g_strdup(d->specialist->id) : NULL;
    struct letter letter;
    if (!d->specialist || !draft_write(c, request, tpl, d, &letter, error))
        return NULL;
    d->rendered = g_strdup(letter.markdown);
    d->markdown = g_steal_pointer(&letter.markdown);
    d->basis = g_steal_pointer(&letter.used);
    if (!settle_subject(c, d, g_steal_pointer(&letter.subject), error) ||
        !draft_check_subject(request, d->subject, error) ||
        (d->automatic &&
         !check_ages(c, tpl, d->basis, error))) /* a specialist's draft is refused at its approval instead */
        return NULL;
    return g_steal_pointer(&d);
}

gboolean
draft_store(struct store *db, struct draft *d, GError **error)
{
    json_t *recipients = recipients_to_json(d->recipients);
    char *recipients_text = json_dumps(recipients, JSON_COMPACT),
         *basis = json_dumps(d->basis, JSON_COMPACT | JSON_PRESERVE_ORDER),
         *findings = json_dumps(d->findings, JSON_COMPACT | JSON_PRESERVE_ORDER);
    g_autofree char *told = finding_pinned_heads(d->findings);
    gboolean ok = store_exec(
        db,
        "INSERT INTO message(account_id, sequence, step, automatic, state, specialist, mailbox, created_at,"
        " template, subject, recipients, follows, told)"
        " VALUES(?, ?, ?, ?, 'waiting', ?, ?, ?, ?, ?, ?, ?, ?)",
        error, "ittittitttit", d->account_id, d->sequence, d->step, (gint64)d->automatic, d->specialist->id,
        d->specialist->mailbox->name, d->created_us, d->template_name, d->subject, recipients_text,
        (gint64)d->follows, told);
    if (ok)
        d->id = store_last_id(db);
    ok =
        ok && store_exec(db,
                         "INSERT INTO message_text(message_id, template_text, markdown, rendered, basis, "
                         "findings) VALUES(?, ?, ?, ?, ?, ?)",
                         error, "ittttt", d->id, d->template_text, d->markdown, d->rendered, basis, findings);
    free(recipients_text);
    free(basis);
    free(findings);
    json_decref(recipients);
    return ok && (!d->cover || stand_in_store(db, d, error));
}

struct draft *
draft_load(struct store *db, const struct config *config, gint64 id, GError **error)
{
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT m.*, t.*, a.key AS account_key FROM message m JOIN "
                    "message_text t ON t.message_id = m.id JOIN "
                    "account a ON a.id = m.account_id WHERE m.id = ?",
                    error, "i", id);
    g_autoptr(GError) local = NULL;
    if (!q)
        return NULL;
    if (!query_next(q, &local)) {
        if (local)
            g_propagate_error(error, g_steal_pointer(&local));
        else
            g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "there is no draft %" G_GINT64_FORMAT, id);
        return NULL;
    }
    scoped(draft_free) struct draft *d = g_new0(struct draft, 1);
    d->id = id;
    d->account_id = query_int(q, "account_id");
    d->account_key = query_dup_text(q, "account_key");
    d->sequence = query_dup_text(q, "sequence");
    d->step = query_dup_text(q, "step");
    d->automatic = query_int(q, "automatic") != 0;
    d->edited = query_int(q, "edited") != 0;
    d->state = parse_state(query_text(q, "state"));
    d->reason = query_dup_text(q, "reason");
    d->specialist_id = query_dup_text(q, "specialist");
    d->mailbox = query_dup_text(q, "mailbox");
    d->specialist = config_specialist(config, d->specialist_id);
    d->template_name = query_dup_text(q, "template");
    d->template_text = query_dup_text(q, "template_text");
    d->subject = query_dup_text(q, "subject");
    d->markdown = query_dup_text(q, "markdown");
    d->rendered = query_dup_text(q, "rendered");
    d->basis = json_loads(query_text(q, "basis"), 0, NULL);
    d->findings = json_loads(query_text(q, "findings"), 0, NULL);
    d->recipients = recipients_from_json(query_text(q, "recipients"));
    d->follows = query_int(q, "follows") != 0;
    d->created_us = query_int(q, "created_at");
    d->approved_us = query_int(q, "approved_at");
    d->approved_by = query_dup_text(q, "approved_by");
    d->message_id = query_dup_text(q, "message_id");
    d->revision = query_int(q, "revision");
    d->revised_by = query_dup_text(q, "revised_by");
    d->approved_revision = query_int(q, "approved_revision");
    d->first_by = query_dup_text(q, "first_by");
    d->first_us = query_int(q, "first_at");
    d->first_revision = query_int(q, "first_revision");
    d->cover = query_dup_text(q, "cover");
    return g_steal_pointer(&d);
}

struct draft *
draft_find(struct store *db, const struct config *config, gint64 account_id, const char *sequence,
           const char *step, GError **error)
{
    g_autoptr(GError) local = NULL;
    gint64 id = store_int(db,
                          "SELECT id FROM message WHERE account_id = ? AND sequence = ? AND step = ?"
                          " AND state IN ('waiting', 'changed', 'queued') ORDER BY id DESC LIMIT 1",
                          0, &local, "itt", account_id, sequence, step);
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return id ? draft_load(db, config, id, error) : NULL;
}

GArray *
draft_list(struct store *db, GError **error)
{
    scoped(query_end) struct query *q = store_query(
        db, "SELECT id FROM message WHERE state IN ('waiting', 'changed') ORDER BY id", error, "");
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        gint64 id = query_int(q, "id");
        g_array_append_val(ids, id);
    }
    return q && error_pass(error, &local) ? g_steal_pointer(&ids) : NULL;
}

gboolean
draft_set_state(struct store *db, gint64 id, enum message_state state, const char *reason, GError **error)
{
    return store_exec(db, "UPDATE message SET state = ?, reason = ? WHERE id = ?", error, "tti",
                      message_state_names[state], reason, id);
}

/* The first line in which two texts differ, as "- old" and "+ new". */
static char *
first_difference(const char *old, const char *new)
{
    g_auto(GStrv) a = g_strsplit(old, "\n", -1);
    g_auto(GStrv) b = g_strsplit(new, "\n", -1);
    guint i = 0;
    while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
        i++;
    return g_strdup_printf("- %s\n+ %s", a[i] ? a[i] : "(end)", b[i] ? b[i] : "(end)");
}

gboolean
draft_still_holds(const struct composer *c, const struct draft *draft, char **difference, GError **error)
{
    *difference = draft->specialist
                      ? recipients_refusal(c->db, draft->account_id, draft->recipients)
                      : g_strdup_printf("it is signed by \"%s\", who is no specialist of usher.conf any more",
                                        draft->specialist_id);
    if (*difference || !stand_in_difference(c, draft, difference, error) || *difference)
        return FALSE;
    scoped(mail_template_free) struct mail_template *tpl =
        mail_template_parse(draft->template_name, draft->template_text, error);
    g_autoptr(GPtrArray) renamed =
        tpl ? recipients_renamed(c->db, draft->account_id, draft->recipients, error) : NULL;
    if (!renamed)
        return FALSE;
    struct draft now = *draft;
    now.recipients = renamed; /* a name that the greeting prints is a value like any other */
    struct letter letter;
    if (!draft_write_again(c, tpl, &now, &letter, difference, error))
        return FALSE;
    if (c->reads_clock)
        *c->reads_clock = letter.reads_clock;
    g_autoptr(GError) stale = NULL;
    if (strcmp(letter.markdown, draft->rendered) != 0)
        *difference = first_difference(draft->rendered, letter.markdown);
    else if (!draft->follows && !draft->edited && strcmp(letter.subject, draft->subject) != 0)
        *difference = first_difference(draft->subject, letter.subject);
    else if (!check_ages(c, tpl, letter.used, &stale))
        *difference = g_strdup(stale->message);
    letter_clear(&letter);
    return *difference == NULL;
}

/* What the draft says now, before it says something else: people are shown the difference. */
static gboolean
keep_revision(struct store *db, gint64 id, GError **error)
{
    return store_exec(
        db,
        "INSERT OR REPLACE INTO draft_revision(message_id, revision, subject, markdown, "
        "rendered, recipients, specialist) SELECT m.id, m.revision, m.subject, t.markdown, t.rendered, "
        "m.recipients, m.specialist FROM message m JOIN message_text t ON t.message_id = m.id "
        "WHERE m.id = ?",
        error, "i", id);
}

gboolean
draft_refresh(const struct composer *c, const struct draft_request *request, struct draft *draft,
              const char *actor, gboolean *changed, GError **error)
{
    scoped(draft_free) struct draft *fresh = draft_compose(c, request, error);
    if (!fresh)
        return FALSE;
    json_t *old_json = recipients_to_json(draft->recipients),
           *new_json = recipients_to_json(fresh->recipients);
    *changed = strcmp(fresh->rendered, draft->rendered) != 0 ||
               (!draft->edited && strcmp(fresh->subject, draft->subject) != 0) ||
               fresh->specialist != draft->specialist || g_strcmp0(fresh->cover, draft->cover) != 0 ||
               !json_equal(old_json, new_json);
    const char *subject = draft->edited ? draft->subject : fresh->subject,
               *markdown = draft->edited ? draft->markdown : fresh->markdown;
    char *recipients = json_dumps(new_json, JSON_COMPACT),
         *basis = json_dumps(fresh->basis, JSON_COMPACT | JSON_PRESERVE_ORDER),
         *findings = json_dumps(fresh->findings, JSON_COMPACT | JSON_PRESERVE_ORDER);
    g_autofree char *told = finding_pinned_heads(fresh->findings);
    gboolean ok =
        (!*changed || keep_revision(c->db, draft->id, error)) &&
        store_exec(
            c->db,
            "UPDATE message_text SET markdown = ?, rendered = ?, basis = ?, template_text = ?, findings = ? "
            "WHERE "
            "message_id = (SELECT id FROM message WHERE id = ? AND state IN ('waiting', 'changed') AND "
            "revision = ?)",
            error, "tttttii", markdown, fresh->rendered, basis, fresh->template_text, findings, draft->id,
            draft->revision) &&
        store_exec(c->db,
                   "UPDATE message SET subject = ?, recipients = ?, specialist = ?, mailbox = ?, told = ?,"
                   " revised_by = CASE WHEN ?6 THEN ? ELSE revised_by END, revision = revision + ?6"
                   " WHERE id = ? AND state IN ('waiting', 'changed') AND revision = ?",
                   error, "tttttitii", subject, recipients, fresh->specialist->id,
                   fresh->specialist->mailbox->name, told, (gint64)*changed, actor, draft->id,
                   draft->revision);
    fresh->id = draft->id;
    ok = ok && stand_in_store(c->db, fresh, error);
    free(recipients);
    free(basis);
    free(findings);
    json_decref(old_json);
    json_decref(new_json);
    return ok;
}

/* ---- editing ---- */

char *
draft_edit_text(const struct draft *draft)
{
    return g_strdup_printf("Subject: %s\n\n%s", draft->subject, draft->markdown);
}

/* What a paste may bring along unseen: control characters, and those that turn the direction of writing. */
static gboolean
check_characters(const char *text, GError **error)
{
    guint line = 1;
    const char *end;
    g_utf8_validate(text, -1, &end); /* what stands behind is refused with the body */
    for (const char *p = text; p < end; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        line += c == '\n';
        if (markdown_can_carry(c))
            continue;
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "line %u: the character U+%04X cannot be sent",
                    line, c);
        return FALSE;
    }
    return TRUE;
}

gboolean
draft_save_edit(struct store *db, struct draft *draft, const char *text, const char *actor, GError **error)
{
    const char *end = strchr(text, '\n');
    if (!g_str_has_prefix(text, "Subject:") || !end || (end[1] != '\n' && end[1] != '\r')) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA,
                            "line 1: expected \"Subject: …\", then a blank line, then the text");
        return FALSE;
    }
    g_autofree char *subject =
        g_strstrip(g_strndup(text + strlen("Subject:"), (gsize)(end - text) - strlen("Subject:")));
    const char *body = end + 1;
    body += strspn(body, "\r\n");
    g_autofree char *plain = NULL;
    g_autofree char *html = NULL;
    if (!*subject) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA, "line 1: the Subject is empty");
        return FALSE;
    }
    if (!check_characters(text, error) ||
        !mime_check_value("line 1: Subject", subject, MIME_WRITE_MAX_SUBJECT, FALSE, error) ||
        !placeholders_check_template(body, error) || !markdown_render(body, NULL, &plain, &html, error))
        return FALSE;
    if (!keep_revision(db, draft->id, error) ||
        !store_exec(db,
                    "UPDATE message SET subject = ?, edited = 1, revision = revision + 1, "
                    "revised_by = ? WHERE id = ? AND state IN ('waiting', 'changed') AND revision = ?",
                    error, "ttii", subject, actor, draft->id, draft->revision))
        return FALSE;
    if (store_changes(db) != 1) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_TEMP,
                            "the draft changed or was decided while you edited; nothing was saved");
        return FALSE;
    }
    return store_exec(db, "UPDATE message_text SET markdown = ? WHERE message_id = ?", error, "ti", body,
                      draft->id);
}

/* ---- freezing ---- */

GBytes *
draft_bytes(const struct composer *c, const struct draft *draft, GError **error)
{
    if (!draft->specialist) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "usher.conf has no specialist \"%s\" any more",
                    draft->specialist_id);
        return NULL;
    }
    g_autofree char *message_id = NULL;
    g_autofree char *token = NULL;
    if (!letter_identity(c->db, draft, &message_id, &token, error))
        return NULL;
    g_autoptr(GBytes) frozen = letter_bytes(c, draft, message_id, token, error);
    return frozen ? mime_add_date(frozen, c->now_us, c->config->timezone, error) : NULL;
}

gboolean
draft_freeze(const struct composer *c, struct draft *draft, const char *actor, GError **error)
{
    g_autofree char *message_id = NULL;
    g_autofree char *token = NULL;
    if (!letter_identity(c->db, draft, &message_id, &token, error))
        return FALSE;
    g_autoptr(GBytes) bytes = letter_bytes(c, draft, message_id, token, error);
    if (!bytes ||
        !store_exec(c->db,
                    "UPDATE message SET state = 'queued', reason = NULL, message_id = ?, token = "
                    "?, date_at = NULL, look_version = NULL, approved_by = ?, approved_at = ?, "
                    "approved_revision = revision, first_by = CASE WHEN first_revision = revision "
                    "THEN first_by END, first_revision = NULL"
                    " WHERE id = ? AND state IN ('waiting', 'changed') AND revision = ?",
                    error, "tttiii", message_id, token, actor, c->now_us, draft->id, draft->revision))
        return FALSE;
    if (store_changes(c->db) != 1) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_TEMP,
                    "draft %" G_GINT64_FORMAT " changed or was decided meanwhile: look at it again",
                    draft->id);
        return FALSE;
    }
    if (!store_exec(c->db, "UPDATE message_text SET bytes = ? WHERE message_id = ?", error, "bi", bytes,
                    draft->id))
        return FALSE;
    draft->state = MESSAGE_QUEUED;
    g_free(draft->message_id);
    draft->message_id = g_steal_pointer(&message_id);
    return TRUE;
}
