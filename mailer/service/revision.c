/* Names of revisions, who may speak of which, and editing: see revision.h. */
#include "service/revision.h"

#include "base/clock.h"
#include "base/difference.h"
#include "base/error.h"
#include "service/people.h"
#include "service/service.h"

#include <string.h>

gboolean
revision_parse(const char *text, gint64 *draft_id, gint64 *revision)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", 3);
    guint64 id, n = 0;
    guint count = g_strv_length(parts);
    if (count < 1 || count > 2 || !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXINT64, &id, NULL) ||
        (count == 2 && !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXINT64, &n, NULL)))
        return FALSE;
    *draft_id = (gint64)id;
    *revision = (gint64)n;
    return TRUE;
}

char *
revision_name(gint64 draft_id, gint64 revision)
{
    return revision > 1 ? g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, draft_id, revision)
                        : g_strdup_printf("%" G_GINT64_FORMAT, draft_id);
}

gboolean
revision_is_meant(struct service *s, const struct draft *d, gint64 revision, const char *actor,
                  GError **error)
{
    gboolean own = d->revised_by && people_same(s->config, d->revised_by, actor);
    if (revision == d->revision || (!revision && (d->revision == 1 || own)))
        return TRUE;
    g_autofree char *now = revision_name(d->id, d->revision);
    if (revision > d->revision) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "draft %" G_GINT64_FORMAT " has no revision %" G_GINT64_FORMAT
                    " yet: it is %s; `usher preview %s` shows it",
                    d->id, revision, now, d->account_key);
        return FALSE;
    }
    g_autofree char *who = d->revised_by ? people_name(s->config, d->revised_by) : NULL;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                "draft %" G_GINT64_FORMAT " %s %s: look at it (`usher preview %s`), then say %s", d->id,
                who ? "was changed by" : "was composed anew by", who ? who : "usher", d->account_key, now);
    return FALSE;
}

gint64
revision_before(const struct draft *d)
{
    if (d->state == MESSAGE_CHANGED && d->approved_revision)
        return d->approved_revision < d->revision ? d->approved_revision : 0;
    return d->revision - 1;
}

/* ---- the difference ---- */

static void
put_recipients(GString *out, const char *field, const GPtrArray *recipients, gboolean cc)
{
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        if (r->cc == cc)
            g_string_append_printf(out, "%s: %s\n", field, r->address);
    }
}

/* What a reader compares, one thing a line. */
static char *
whole_text(const struct service *s, const char *specialist_id, const GPtrArray *recipients,
           const char *subject, const char *text)
{
    const struct specialist *who = config_specialist(s->config, specialist_id);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "From: %s\n", who ? who->name : specialist_id);
    put_recipients(out, "To", recipients, FALSE);
    put_recipients(out, "Cc", recipients, TRUE);
    g_string_append_printf(out, "Subject: %s\n%s", subject, text);
    return g_string_free(out, FALSE);
}

gboolean
revision_difference(struct service *s, const struct draft *d, gint64 since, char **lines, GError **error)
{
    *lines = NULL;
    g_autoptr(GError) local = NULL;
    scoped(query_end) struct query *q =
        store_query(s->db, "SELECT * FROM draft_revision WHERE message_id = ? AND revision = ?", error, "ii",
                    d->id, since);
    if (!q)
        return FALSE;
    if (!query_next(q, &local)) {
        if (local)
            g_propagate_error(error, g_steal_pointer(&local));
        else
            *lines = g_strdup("");
        return *lines != NULL;
    }
    g_autoptr(GPtrArray) recipients = recipients_from_json(query_text(q, "recipients"));
    gboolean same_words = strcmp(query_text(q, "markdown"), d->markdown) == 0 &&
                          strcmp(query_text(q, "subject"), d->subject) == 0;
    g_autofree char *old = whole_text(s, query_text(q, "specialist"), recipients, query_text(q, "subject"),
                                      query_text(q, same_words ? "rendered" : "markdown"));
    g_autofree char *now =
        whole_text(s, d->specialist_id, d->recipients, d->subject, same_words ? d->rendered : d->markdown);
    *lines = difference_lines(old, now);
    return TRUE;
}

/* ---- editing ---- */

/* The file of any editor as the program keeps it. The caller frees; NULL with error. */
static char *
normalise(const char *text, gsize length, GError **error)
{
    if (memchr(text, '\0', length)) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA, "the text holds a NUL byte");
        return NULL;
    }
    const char *end;
    if (!g_utf8_validate(text, (gssize)length, &end)) {
        guint line = 1;
        for (const char *p = text; p < end; p++)
            line += *p == '\n';
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "line %u: expected UTF-8", line);
        return NULL;
    }
    GString *out = g_string_new(NULL);
    for (const char *p = g_str_has_prefix(text, "\xEF\xBB\xBF") ? text + 3 : text; *p; p++) {
        if (*p == '\r' && p[1] == '\n')
            continue;
        g_string_append_c(out, *p == '\r' ? '\n' : *p);
    }
    if (out->len && out->str[out->len - 1] != '\n')
        g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

gboolean
revision_edit(struct service *s, struct draft *d, const char *text, gsize length, const char *actor,
              gboolean *unchanged, GError **error)
{
    g_autofree char *before = draft_edit_text(d);
    g_autofree char *given = normalise(before, strlen(before), NULL);
    g_autofree char *after = normalise(text, length, error);
    *unchanged = FALSE;
    if (!after)
        return FALSE;
    if (strcmp(given ? given : before, after) == 0) {
        *unchanged = TRUE;
        return TRUE;
    }
    json_t *data = json_pack("{s:I, s:s, s:s, s:I}", "message", (json_int_t)d->id, "sequence", d->sequence,
                             "step", d->step, "revision", (json_int_t)d->revision + 1);
    struct event event = {.at_us = clock_now_us(),
                          .account_id = d->account_id,
                          .kind = "draft_edited",
                          .actor = actor,
                          .data = data};
    gboolean ok = store_begin(s->db, error) && draft_save_edit(s->db, d, after, actor, error) &&
                  service_record(s, &event, error) && store_commit(s->db, error);
    json_decref(data);
    if (!ok)
        store_rollback(s->db);
    return ok;
}
