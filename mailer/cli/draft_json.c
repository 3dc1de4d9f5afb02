/* Drafts for programs and browsers: see draft_view.h. */
#include "base/clock.h"
#include "cli/draft_view.h"
#include "compose/markdown.h"
#include "service/approval.h"
#include "service/desk.h"
#include "service/draft_lint.h"
#include "service/people.h"
#include "service/revision.h"

#include <stdio.h>
#include <string.h>

/* ---- a page for a browser ---- */

static void
put_field(GString *out, const char *name, const char *value)
{
    g_autofree char *escaped = g_markup_escape_text(value, -1);
    g_string_append_printf(out, "<div><b>%s:</b> %s</div>\n", name, escaped);
}

static void
put_people(GString *out, const GPtrArray *recipients, gboolean cc)
{
    g_autoptr(GString) people = g_string_new(NULL);
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        if (r->cc == cc)
            g_string_append_printf(people, "%s%s", people->len ? ", " : "", r->address);
    }
    if (people->len)
        put_field(out, cc ? "Cc" : "To", people->str);
}

gboolean
draft_view_html(const struct draft *d, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    if (!markdown_render(d->markdown, NULL, &text, &html, error))
        return FALSE;
    const char *head_end = strstr(html, "</head>"), *body = strstr(html, "<body"),
               *inner = body ? strchr(body, '>') : NULL;
    g_autofree char *title = g_markup_escape_text(d->subject, -1);
    g_autoptr(GString) fields = g_string_new(NULL);
    if (d->specialist) {
        g_autofree char *from = g_strdup_printf("%s <%s>", d->specialist->name, d->specialist->address);
        put_field(fields, "From", from);
    }
    put_people(fields, d->recipients, FALSE);
    put_people(fields, d->recipients, TRUE);
    put_field(fields, "Subject", d->subject);
    if (!head_end || !inner) {
        fputs(html, stdout);
        return TRUE;
    }
    printf("%.*s\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
           "'unsafe-inline'\">\n<title>%s</title>\n%.*s\n<div style=\"border-bottom:1px solid "
           "#999;margin-bottom:1em;padding-bottom:.5em\">\n%s</div>%s",
           (int)(head_end - html), html, title, (int)(inner + 1 - head_end), head_end, fields->str,
           inner + 1);
    return TRUE;
}

/* ---- JSON ---- */

json_t *
draft_view_facts_json(const json_t *facts)
{
    json_t *out = json_object();
    const char *name;
    json_t *fact;
    json_object_foreach((json_t *)(gsize)facts, name, fact)
    {
        json_t *copy = json_copy(fact);
        gint64 as_of = json_integer_value(json_object_get(fact, "as_of"));
        g_autoptr(GDateTime) utc = as_of ? g_date_time_new_from_unix_utc(as_of / CLOCK_SECOND_US) : NULL;
        g_autofree char *text = utc ? g_date_time_format(utc, "%Y-%m-%dT%H:%M:%SZ") : NULL;
        json_object_set_new(copy, "as_of", text ? json_string(text) : json_null());
        json_object_set_new(out, name, copy);
    }
    return out;
}

static json_t *
lint_json(const GPtrArray *lines)
{
    json_t *array = json_array();
    for (guint i = 0; i < lines->len; i++)
        json_array_append_new(array, lint_line_to_json(lines->pdata[i]));
    return array;
}

/* The revision, who made it, who approved it, and what keeps it back. */
static void
add_review(struct cli *cli, const struct draft *d, json_t *object)
{
    g_autofree char *reference = revision_name(d->id, d->revision);
    g_autofree char *lines = NULL;
    gboolean open = d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED;
    g_autofree char *obstacle = open ? approval_obstacle(cli->service, d, cli->now_us) : NULL;
    g_autofree char *created = cli_time(cli, d->created_us);
    g_autofree char *approved = cli_time(cli, d->approved_us);
    const char *first = open ? approval_first(cli->service, d) : d->first_by;
    if (revision_before(d))
        revision_difference(cli->service, d, revision_before(d), &lines, NULL);
    json_t *more =
        json_pack("{s:s, s:I, s:s?, s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?}", "reference", reference,
                  "revision", (json_int_t)d->revision, "revised_by", d->revised_by, "edited", d->edited,
                  "reason", d->reason, "difference", lines && *lines ? lines : NULL, "obstacle", obstacle,
                  "created_at", created, "first_approved_by", first, "approved_by",
                  open ? NULL : d->approved_by, "approved_at", open ? NULL : approved);
    json_object_update(object, more);
    json_decref(more);
}

json_t *
draft_view_json(struct cli *cli, const struct draft *d, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    if (!markdown_render(d->markdown, NULL, &text, &html, error))
        return NULL;
    g_autoptr(GPtrArray) lint = draft_lint(cli->service, d, error);
    if (!lint)
        return NULL;
    json_t *object = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o}", "draft", (json_int_t)d->id,
        "account", d->account_key, "sequence", d->sequence, "step", d->step, "state",
        d->id ? message_state_names[d->state] : "not stored", "specialist", d->specialist_id, "from",
        d->specialist ? d->specialist->address : d->specialist_id, "recipients",
        recipients_to_json(d->recipients), "subject", d->subject, "text", text, "html", html, "markdown",
        d->markdown, "facts", draft_view_facts_json(d->basis), "lint", lint_json(lint));
    if (d->id)
        add_review(cli, d, object);
    return object;
}

json_t *
draft_view_waiting_json(struct cli *cli, gint64 account_id)
{
    const struct config *config = cli->service->config;
    struct desk_filter filter = {.account_id = account_id};
    g_autoptr(GPtrArray) drafts = desk_load(cli->service, &filter, cli->now_us, NULL);
    json_t *array = json_array();
    for (guint i = 0; drafts && i < drafts->len; i++) {
        const struct desk_draft *d = drafts->pdata[i];
        g_autofree char *reference = revision_name(d->id, d->revision);
        g_autofree char *first = d->first_by ? people_name(config, d->first_by) : NULL;
        g_autofree char *waits =
            first ? g_strdup_printf("another person than %s, who approved it", first)
                  : g_strdup(config->second_approval ? "two persons' approval" : "a person's approval");
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s}", "draft", reference, "step", d->step, "waits for", waits));
    }
    return array;
}
