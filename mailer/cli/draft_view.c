/* Printing drafts for people: see draft_view.h. draft_json.c prints them for programs. */
#include "cli/draft_view.h"

#include "base/clock.h"
#include "cli/brief.h"
#include "cli/screen.h"
#include "cli/table.h"
#include "compose/markdown.h"
#include "compose/template.h"
#include "service/approval.h"
#include "service/draft_lint.h"
#include "service/people.h"
#include "service/revision.h"

#include <stdio.h>
#include <string.h>

char *
draft_view_age(gint64 now_us, gint64 us)
{
    static const struct {
        gint64 unit_us, from_us;
        const char *name;
    } units[] = {{CLOCK_DAY_US, CLOCK_DAY_US, "day"},
                 {CLOCK_HOUR_US, CLOCK_HOUR_US, "hour"},
                 {CLOCK_MINUTE_US, CLOCK_MINUTE_US, "minute"}};
    gint64 age_us = now_us - us;
    if (age_us < -CLOCK_MINUTE_US)
        return g_strdup("not yet");
    for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
        gint64 n = age_us / units[i].unit_us;
        if (age_us >= units[i].from_us)
            return g_strdup_printf("%" G_GINT64_FORMAT " %s%s ago", n, units[i].name, n == 1 ? "" : "s");
    }
    return g_strdup("just now");
}

/* ---- status ---- */

static void
print_difference(struct cli *cli, const struct draft *d, gint64 seen)
{
    gint64 since = seen ? seen : revision_before(d);
    g_autofree char *lines = NULL;
    if (!since || since >= d->revision || !revision_difference(cli->service, d, since, &lines, NULL) ||
        !*lines)
        return;
    g_autofree char *name = revision_name(d->id, since);
    printf("Changed since %s%s:\n", !seen && d->state == MESSAGE_CHANGED ? "it was approved as " : "", name);
    screen_print(lines, 2);
}

static void
print_author(struct cli *cli, const struct draft *d)
{
    const struct config *config = cli->service->config;
    g_autofree char *who = d->revised_by ? people_name(config, d->revised_by) : g_strdup("usher");
    if (d->revision > 1)
        printf("Revision %" G_GINT64_FORMAT " by %s%s\n", d->revision, who, d->edited ? ", edited" : "");
    const char *first = approval_first(cli->service, d);
    if (first && d->state != MESSAGE_QUEUED) {
        g_autofree char *name = people_name(config, first);
        printf("Approved by %s; another person still has to look\n", name);
    } else if (config->second_approval && d->state != MESSAGE_QUEUED) {
        puts("Two persons have to approve it");
    }
}

void
draft_view_status(struct cli *cli, const struct draft *d, gint64 seen)
{
    if (!d->id) {
        puts("Not stored: this is how the mail would read now");
        return;
    }
    g_autofree char *name = revision_name(d->id, d->revision);
    gboolean open = d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED;
    printf("Draft %s, %s", name,
           d->state == MESSAGE_CHANGED ? "changed since approval" : message_state_names[d->state]);
    if (d->state == MESSAGE_QUEUED && d->approved_by) {
        g_autofree char *by = people_name(cli->service->config, d->approved_by);
        g_autofree char *first = d->first_by ? people_name(cli->service->config, d->first_by) : NULL;
        printf(", approved by %s%s%s", first ? first : "", first ? " and " : "", by);
    }
    putchar('\n');
    if (d->reason && *d->reason && (!open || !strstr(d->reason, "\n+ ")))
        screen_print(d->reason, 0);
    if (!open)
        return;
    print_author(cli, d);
    print_difference(cli, d, seen);
    g_autofree char *obstacle = approval_obstacle(cli->service, d, cli->now_us);
    if (obstacle) {
        puts(strstr(obstacle, "\n+ ") ? "It does not hold any more; approving it composes it anew:"
                                      : "It cannot be approved now:");
        screen_print(obstacle, 2);
    }
}

/* ---- the letter ---- */

static void
print_header(const char *name, const char *value)
{
    g_autofree char *clean = screen_clean(value);
    g_autofree char *line = g_strdup_printf("%s: %s", name, clean);
    screen_print(line, 4);
}

static void
print_recipients(const GPtrArray *recipients, gboolean cc)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        if (r->cc == cc)
            g_string_append_printf(out, "%s%s (%s)", out->len ? ", " : "", r->address, r->why);
    }
    if (out->len)
        print_header(cc ? "Cc" : "To", out->str);
}

gboolean
draft_view_letter(const struct draft *d, GError **error)
{
    int columns = screen_width(); /* a text wrapped twice would be ragged */
    g_autofree char *text =
        markdown_render_text(d->markdown, columns > 0 ? (guint)columns : MARKDOWN_TEXT_WIDTH, error);
    if (!text)
        return FALSE;
    g_autofree char *from = g_strdup_printf("%s <%s>", d->specialist ? d->specialist->name : d->specialist_id,
                                            d->specialist ? d->specialist->address : "not in usher.conf");
    print_header("From", from);
    print_recipients(d->recipients, FALSE);
    print_recipients(d->recipients, TRUE);
    print_header("Subject", d->subject);
    putchar('\n');
    screen_print(text, 0);
    return TRUE;
}

/* ---- facts ---- */

/* How old a fact may be for the template the draft came from; 0: any age. */
static gint64
max_age_us(const struct draft *d)
{
    scoped(mail_template_free) struct mail_template *tpl =
        mail_template_parse(d->template_name, d->template_text, NULL);
    return tpl ? mail_template_max_age_us(tpl) : 0;
}

static gboolean
is_too_old(const json_t *fact, gint64 now_us, gint64 max_us)
{
    gint64 as_of = json_integer_value(json_object_get(fact, "as_of"));
    return as_of && max_us && now_us - as_of > max_us;
}

void
draft_view_facts(struct cli *cli, const struct draft *d)
{
    static const char *const headings[] = {"fact", "value", "source", "age", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    table_fold(table);
    gint64 max_us = max_age_us(d);
    const char *name;
    json_t *fact;
    json_object_foreach(d->basis, name, fact)
    {
        const char *source = json_string_value(json_object_get(fact, "source"));
        gint64 as_of = json_integer_value(json_object_get(fact, "as_of"));
        g_autofree char *value = brief_value(json_object_get(fact, "value"), "(missing)");
        g_autofree char *age = as_of ? draft_view_age(cli->now_us, as_of) : g_strdup("-");
        g_autofree char *told = is_too_old(fact, cli->now_us, max_us)
                                    ? g_strdup_printf("%s: too old, the template allows %d days", age,
                                                      (int)(max_us / CLOCK_DAY_US))
                                    : g_strdup(age);
        table_add(table, name, value, source ? source : "-", told, NULL);
    }
    puts("Facts used");
    table_print(table, "none");
}

char *
draft_view_facts_line(struct cli *cli, const struct draft *d)
{
    gint64 oldest = 0, max_us = max_age_us(d);
    guint n = 0;
    g_autoptr(GString) old = g_string_new(NULL);
    const char *name;
    json_t *fact;
    json_object_foreach(d->basis, name, fact)
    {
        gint64 as_of = json_integer_value(json_object_get(fact, "as_of"));
        n++;
        if (as_of && (!oldest || as_of < oldest))
            oldest = as_of;
        if (is_too_old(fact, cli->now_us, max_us))
            g_string_append_printf(old, "%s%s", old->len ? ", " : "; too old: ", name);
    }
    g_autofree char *age = oldest ? draft_view_age(cli->now_us, oldest) : NULL;
    return g_strdup_printf("Facts: %u%s%s%s", n, age ? ", the oldest from " : "", age ? age : "", old->str);
}

/* ---- lint ---- */

static void
print_line(FILE *out, const struct lint_line *l)
{
    g_autofree char *message = screen_clean(l->message);
    fprintf(out, "line %d: %s: %s (%s): %s\n", l->line, lint_level_names[l->level], message, l->rule,
            l->hint);
}

gboolean
draft_view_lint(struct cli *cli, const struct draft *d, GError **error)
{
    g_autoptr(GPtrArray) lines = draft_lint(cli->service, d, error);
    if (!lines)
        return FALSE;
    puts(lines->len ? "Lint" : "Lint: nothing to say");
    for (guint i = 0; i < lines->len; i++)
        print_line(stdout, lines->pdata[i]);
    return TRUE;
}

void
draft_view_warnings(struct cli *cli, const struct draft *d)
{
    g_autoptr(GPtrArray) lines = draft_lint(cli->service, d, NULL);
    for (guint i = 0; lines && i < lines->len; i++)
        print_line(stderr, lines->pdata[i]);
}
