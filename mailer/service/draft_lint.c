/* What lint needs to know of a draft: see draft_lint.h. */
#include "service/draft_lint.h"

#include "base/error.h"
#include "compose/markdown.h"
#include "compose/thread.h"

static void
add_name(GPtrArray *names, const char *name)
{
    if (name && *name)
        g_ptr_array_add(names, (char *)(gsize)name);
}

/* Who and what the mail may name: none of it is the team's wording. Borrowed. */
static GPtrArray *
names_of(const struct config *config, const struct draft *d)
{
    GPtrArray *names = g_ptr_array_new();
    add_name(names, config->team_name);
    add_name(names, config->company);
    add_name(names, d->specialist ? d->specialist->name : NULL);
    for (guint i = 0; i < d->recipients->len; i++) {
        const struct recipient *r = d->recipients->pdata[i];
        add_name(names, r->name);
        add_name(names, r->first_name);
    }
    g_ptr_array_add(names, NULL);
    return names;
}

/* TRUE when there is a conversation whose subject the draft carries on. */
static gboolean
continues(struct service *s, const struct draft *d, gboolean *out, GError **error)
{
    struct mail_thread thread = {0};
    *out = FALSE;
    if (!d->follows)
        return TRUE;
    if (!thread_load(s->db, d->account_id, &thread, error))
        return FALSE;
    *out = thread.subject != NULL;
    thread_clear(&thread);
    return TRUE;
}

GPtrArray *
draft_lint(struct service *s, const struct draft *d, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    gboolean follows;
    if (!continues(s, d, &follows, error) || !markdown_render(d->markdown, NULL, &text, &html, error))
        return NULL;
    g_autoptr(GPtrArray) names = names_of(s->config, d);
    const struct lint_letter_input input = {.config = s->config,
                                            .subject = d->subject,
                                            .markdown = d->markdown,
                                            .text = text,
                                            .html = html,
                                            .rendered = d->rendered,
                                            .basis = d->basis,
                                            .names = (const char *const *)names->pdata,
                                            .follows = follows};
    return lint_letter(&input);
}

gboolean
draft_lint_allows(struct service *s, const struct draft *d, GError **error)
{
    g_autoptr(GPtrArray) lines = draft_lint(s, d, error);
    const struct lint_line *line = lines ? lint_first_error(lines) : NULL;
    if (line)
        g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                    "draft %" G_GINT64_FORMAT " cannot be approved: line %d: %s (%s): %s", d->id, line->line,
                    line->message, line->rule, line->hint);
    return lines && !line;
}
