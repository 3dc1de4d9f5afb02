/* The report as one page of HTML: no script, nothing to fetch, every value escaped. It is readable on a phone
 * (one column), on a desk (as many as fit), and follows the reader's light or dark. */
#include "cli/report_plot.h"
#include "cli/report_print.h"

#include <string.h>

#define MAX_BARS 15
#define MAX_COHORTS 12u

static const char style[] =
    ":root{color-scheme:light dark;--bg:#f7f8fa;--card:#fff;--ink:#1b2330;--faint:#5d6878;--line:#dfe3ea;"
    "--bar:#2f6fdb;--track:#e9edf3;--mark:#c2410c}"
    "@media(prefers-color-scheme:dark){:root{--bg:#11151c;--card:#1a202a;--ink:#e7ebf2;--faint:#98a4b6;"
    "--line:#2c3543;--bar:#6ea2ff;--track:#262e3b;--mark:#fb923c}}"
    "*{box-sizing:border-box}body{margin:0;padding:1rem;background:var(--bg);color:var(--ink);"
    "font:16px/1.45 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}"
    "main,header{max-width:78rem;margin:0 auto}main{columns:21rem;column-gap:1rem}"
    "h1{font-size:1.5rem;margin:.2rem 0}h2{font-size:1.05rem;margin:0 0 .6rem}"
    "h3{font-size:.95rem;margin:1rem 0 .3rem}p{margin:.3rem 0 .8rem;color:var(--faint);font-size:.9rem}"
    "section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;"
    "margin:0 0 "
    "1rem;break-inside:avoid}section.wide{column-span:all}@media(min-width:46rem){section.wide{margin-top:"
    "1rem}}"
    ".grid{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr))}"
    ".key{display:grid;gap:.7rem;margin:1rem 0;"
    "grid-template-columns:repeat(auto-fit,minmax(min(46%,9.5rem),1fr))}"
    ".key div{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem .9rem}"
    ".key b{display:block;font-size:1.5rem;line-height:1.2}.key span{color:var(--faint);font-size:.85rem}"
    "svg{display:block;width:100%;height:auto;max-width:32rem;margin:.2rem 0 .6rem}"
    "svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg .value{font-weight:600}"
    "svg .small{font-size:11px}svg .faint{fill:var(--faint)}svg .on{fill:var(--card)}"
    "svg .goal{fill:var(--mark)}svg .bar{fill:var(--bar)}svg .track{fill:var(--track)}"
    "svg .mark{stroke:var(--mark);stroke-width:2}svg .axis{stroke:var(--line);stroke-width:1}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.85rem}"
    "th,td{text-align:left;padding:.3rem .5rem .3rem 0;border-bottom:1px solid var(--line)}"
    "td{white-space:nowrap}td.words{white-space:normal}summary{font-size:.85rem;padding:.4rem "
    "0}th{color:var(--faint);font-weight:500;vertical-align:bottom}"
    "td.n,th.n{text-align:right;padding-right:0;padding-left:.4rem;font-variant-numeric:tabular-nums}";

/* ---- pieces ---- */

static GArray *
new_bars(void)
{
    GArray *bars = g_array_new(FALSE, TRUE, sizeof(struct plot_bar));
    g_array_set_clear_func(bars, plot_bar_clear);
    return bars;
}

/* label and value are taken over. */
static void
add_bar(GArray *bars, char *label, char *value, double share, double mark)
{
    const struct plot_bar b = {label, value, share, mark};
    g_array_append_val(bars, b);
}

static void
begin_section(GString *out, const char *class, const char *heading, const char *about)
{
    g_string_append_printf(out, "<section class=\"%s\"><h2>", class);
    plot_text(out, heading);
    g_string_append(out, "</h2>");
    if (about) {
        g_string_append(out, "<p>");
        plot_text(out, about);
        g_string_append(out, "</p>");
    }
    g_string_append_c(out, '\n');
}

static void
end_section(GString *out)
{
    g_string_append(out, "</section>\n");
}

struct html_column {
    const char *heading, *member; /* "%NAME": a rate */
    gboolean number;
};

/* A table of the rows of a figure whose member key is value (NULL: all of them). */
static void
append_table(GString *out, const json_t *rows, const char *figure, const char *key, const char *value,
             const struct html_column *columns, guint n, const char *empty)
{
    size_t i;
    const json_t *row;
    guint count = 0;
    g_autoptr(GString) body = g_string_new(NULL);
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, figure) || (key && strcmp(report_text(row, key), value) != 0))
            continue;
        count++;
        g_string_append(body, "<tr>");
        for (guint j = 0; j < n; j++) {
            const char *member = columns[j].member;
            g_autofree char *text =
                *member == '%' ? report_percent(row, member + 1) : report_cell(row, member);
            g_string_append(body, columns[j].number ? "<td class=\"n\">" : "<td>");
            plot_text(body, text);
            g_string_append(body, "</td>");
        }
        g_string_append(body, "</tr>\n");
    }
    if (count == 0) {
        g_string_append(out, "<p>");
        plot_text(out, empty);
        g_string_append(out, "</p>\n");
        return;
    }
    g_string_append(out, "<div class=\"scroll\"><table><thead><tr>");
    for (guint j = 0; j < n; j++) {
        g_string_append(out, columns[j].number ? "<th class=\"n\">" : "<th>");
        plot_text(out, columns[j].heading);
        g_string_append(out, "</th>");
    }
    g_string_append_printf(out, "</tr></thead><tbody>\n%s</tbody></table></div>\n", body->str);
}

/* ---- sections ---- */

static void
append_key(GString *out, char *value, const char *label)
{
    g_string_append(out, "<div><b>");
    plot_text(out, value);
    g_string_append(out, "</b><span>");
    plot_text(out, label);
    g_string_append(out, "</span></div>\n");
    g_free(value);
}

static const json_t *
find_row(const json_t *rows, const char *figure, const char *key, const char *value)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) if (report_is(row, figure) &&
                                         strcmp(report_text(row, key), value) == 0) return row;
    return NULL;
}

static void
append_keys(GString *out, const json_t *rows)
{
    const json_t *all = find_row(rows, "retention", "cohort", "all");
    const json_t *unknown = find_row(rows, "mail", "name", "unknown_open");
    double sent = 0, replied = 0;
    guint missed = 0;
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (report_is(row, "replies") && strcmp(report_text(row, "by"), "template") == 0) {
            sent += report_number(row, "sent");
            replied += report_number(row, "replied");
        }
        missed += report_is(row, "unwritten_renewal") ? 1 : 0;
    }
    g_string_append(out, "<div class=\"key\">\n");
    append_key(out, all ? report_percent(all, "rate") : g_strdup("-"), "kept after three months (goal 90 %)");
    append_key(out, all ? report_percent(all, "net_dollar_retention") : g_strdup("-"),
               "net dollars, by forecast");
    append_key(out, sent > 0 ? g_strdup_printf("%.0f %%", replied / sent * 100) : g_strdup("-"),
               "of the mails were answered");
    append_key(out, g_strdup_printf("%.0f", sent), "mails sent");
    append_key(out, g_strdup_printf("%u", missed), "renewed without a mail");
    append_key(out, unknown ? report_cell(unknown, "count") : g_strdup("0"), "deliveries unknown");
    g_string_append(out, "</div>\n");
}

/* The sequences of a figure, in its order. */
static GPtrArray *
sequences_of(const json_t *rows, const char *figure)
{
    GPtrArray *names = g_ptr_array_new();
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *name = report_text(row, "sequence");
        if (report_is(row, figure) && !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
            g_ptr_array_add(names, (gpointer)(guintptr)name);
    }
    return names;
}

static void
append_funnel(GString *out, const json_t *rows, const char *sequence)
{
    g_autofree char *heading = g_strdup_printf("Funnel: %s", sequence);
    g_autoptr(GArray) bars = new_bars();
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) if (report_is(row, "funnel") &&
                                         strcmp(report_text(row, "sequence"), sequence) == 0 &&
                                         strcmp(report_text(row, "cohort"), "all") == 0)
    {
        g_autofree char *share = report_percent(row, "share");
        add_bar(bars, g_strdup(report_text(row, "title")),
                g_strdup_printf("%.0f · %s", report_number(row, "entered"), share),
                report_number(row, "share"), -1);
    }
    begin_section(out, "", heading, "Accounts that ever entered a stage, of all that were enrolled.");
    if (bars->len)
        plot_bars(out, heading, bars);
    else
        g_string_append(out, "<p>Nobody was enrolled.</p>");
    end_section(out);
}

/* One row a month, one column a stage. */
static void
append_cohorts(GString *out, const json_t *rows, const char *sequence)
{
    static const struct html_column columns[] = {{"month", "cohort", FALSE},
                                                 {"enrolled", "enrolled", TRUE},
                                                 {"engaged", "engaged", TRUE},
                                                 {"left", "left", TRUE},
                                                 {"cancelled", "cancelled", TRUE}};
    static const struct html_column stages[] = {{"month", "cohort", FALSE},
                                                {"stage", "title", FALSE},
                                                {"entered", "entered", TRUE},
                                                {"share", "%share", TRUE}};
    g_autofree char *heading = g_strdup_printf("By month of enrolment: %s", sequence);
    begin_section(out, "", heading, NULL);
    append_table(out, rows, "cohort", "sequence", sequence, columns, G_N_ELEMENTS(columns),
                 "Nobody was enrolled.");
    g_string_append(out, "<details><summary>Stages by month</summary>");
    append_table(out, rows, "funnel", "sequence", sequence, stages, G_N_ELEMENTS(stages), "None.");
    g_string_append(out, "</details>");
    end_section(out);
}

static void
append_stays(GString *out, const json_t *rows, const char *sequence)
{
    g_autofree char *heading = g_strdup_printf("Days in a stage: %s", sequence);
    g_autoptr(GArray) bars = new_bars();
    double max = 1;
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) if (report_is(row, "time_in_stage") &&
                                         strcmp(report_text(row, "sequence"), sequence) == 0) max =
        MAX(max, report_number(row, "p90_days"));
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "time_in_stage") || strcmp(report_text(row, "sequence"), sequence) != 0)
            continue;
        g_autofree char *median = report_cell(row, "median_days");
        g_autofree char *p90 = report_cell(row, "p90_days");
        gboolean any = report_number(row, "over") > 0;
        add_bar(bars, g_strdup(report_text(row, "title")),
                any ? g_strdup_printf("%s · %s (%.0f)", median, p90, report_number(row, "over"))
                    : g_strdup_printf("%.0f there now", report_number(row, "there")),
                report_number(row, "median_days") / max, any ? report_number(row, "p90_days") / max : -1);
    }
    begin_section(out, "", heading,
                  "Bar: median; line: 90th percentile; in parentheses how many stays are over.");
    plot_bars(out, heading, bars);
    end_section(out);
}

static void
append_replies(GString *out, const json_t *rows, const char *by, const char *heading, const char *empty)
{
    g_autoptr(GArray) bars = new_bars();
    guint more = 0;
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "replies") || strcmp(report_text(row, "by"), by) != 0)
            continue;
        if (bars->len >= MAX_BARS) {
            more++;
            continue;
        }
        g_autofree char *rate = report_percent(row, "rate");
        add_bar(bars, g_strdup(report_text(row, "name")),
                g_strdup_printf("%s of %.0f", rate, report_number(row, "sent")), report_number(row, "rate"),
                -1);
    }
    begin_section(out, "", heading,
                  "Mails with at least one answer by a person; automatic replies left out.");
    if (bars->len)
        plot_bars(out, heading, bars);
    else
        g_string_append_printf(out, "<p>%s</p>", empty);
    if (more)
        g_string_append_printf(out, "<p>and %u more: usher report --json</p>", more);
    end_section(out);
}

/* One series a specialist: mails a working day, by week. */
static void
append_outreach(GString *out, const json_t *rows)
{
    static const struct html_column columns[] = {
        {"specialist", "name", FALSE},  {"since", "since", FALSE}, {"mails", "mails", TRUE},
        {"days", "working_days", TRUE}, {"a day", "a_day", TRUE},  {"goal", "goal", TRUE}};
    size_t i, j;
    const json_t *row, *week;
    begin_section(out, "wide", "Outreach a working day",
                  "Mails that a specialist approved, or wrote by hand to open a conversation; automatic ones "
                  "do not count. The goal is 10 at the end of the first month and 15 at the end of the "
                  "second.");
    append_table(out, rows, "outreach", NULL, NULL, columns, G_N_ELEMENTS(columns), "No specialist.");
    g_string_append(out, "<div class=\"grid\">\n");
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "outreach"))
            continue;
        g_autoptr(GArray) weeks = new_bars();
        double goal = report_number(row, "goal"), max = MAX(goal * 1.2, 1);
        json_array_foreach(
            rows, j, week) if (report_is(week, "outreach_week") &&
                               strcmp(report_text(week, "specialist"), report_text(row, "specialist")) == 0)
            max = MAX(max, report_number(week, "a_day"));
        json_array_foreach(
            rows, j, week) if (report_is(week, "outreach_week") &&
                               strcmp(report_text(week, "specialist"), report_text(row, "specialist")) == 0)
            add_bar(weeks, g_strdup(report_text(week, "week") + strlen("2026-")), report_cell(week, "a_day"),
                    report_number(week, "a_day") / max, -1);
        g_autofree char *label = g_strdup_printf("goal %.0f", goal);
        g_string_append(out, "<div><h3>");
        plot_text(out, report_text(row, "name"));
        g_string_append(out, "</h3>");
        plot_columns(out, report_text(row, "name"), weeks, goal > 0 ? goal / max : -1, label);
        g_string_append(out, "</div>\n");
    }
    g_string_append(out, "</div>\n");
    end_section(out);
}

static void
append_retention(GString *out, const json_t *rows, const struct report_title *t)
{
    static const struct html_column columns[] = {
        {"month", "cohort", FALSE}, {"accounts", "accounts", TRUE},
        {"due", "due", TRUE},       {"kept", "retained", TRUE},
        {"rate", "%rate", TRUE},    {"net dollars", "%net_dollar_retention", TRUE}};
    g_autofree char *about =
        g_strdup_printf("Accounts still with us three months after their forecast first reached USD %.0f a "
                        "month. Net dollars compare the forecast of then with that of three months later.",
                        t->threshold);
    g_autoptr(GArray) months = new_bars();
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) if (report_is(row, "retention") && report_number(row, "due") > 0 &&
                                         strcmp(report_text(row, "cohort"), "all") != 0)
        add_bar(months, g_strdup(report_text(row, "cohort") + strlen("20")), report_percent(row, "rate"),
                report_number(row, "rate"), -1);
    if (months->len > MAX_COHORTS)
        g_array_remove_range(months, 0, months->len - MAX_COHORTS);
    begin_section(out, "", "Retention after three months", about);
    if (months->len)
        plot_columns(out, "Retention by month", months, 0.9, "goal 90 %");
    append_table(out, rows, "retention", NULL, NULL, columns, G_N_ELEMENTS(columns),
                 "No account was over the threshold.");
    end_section(out);
}

static void
append_mail(GString *out, const json_t *rows)
{
    size_t i;
    const json_t *row;
    begin_section(out, "", "Mail", NULL);
    g_string_append(out, "<div class=\"scroll\"><table><tbody>\n");
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "mail"))
            continue;
        g_string_append(out, "<tr><td class=\"words\">");
        plot_text(out, report_mail_label(report_text(row, "name")));
        g_string_append_printf(out, "</td><td class=\"n\">%.0f</td></tr>\n", report_number(row, "count"));
    }
    g_string_append(out, "</tbody></table></div>\n");
    end_section(out);
}

static void
append_renewals(GString *out, const json_t *rows)
{
    static const struct html_column columns[] = {{"account", "account", FALSE},
                                                 {"renewed", "renewed", FALSE},
                                                 {"enrolled", "enrolled", FALSE},
                                                 {"owner", "owner", FALSE}};
    begin_section(out, "", "Renewed without being written to", NULL);
    append_table(out, rows, "unwritten_renewal", NULL, NULL, columns, G_N_ELEMENTS(columns), "None.");
    end_section(out);
}

char *
report_print_html(const json_t *rows, const struct report_title *t)
{
    GString *out = g_string_new("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                                "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                                "'none'; style-src 'unsafe-inline'\">\n<title>");
    g_autoptr(GPtrArray) funnels = sequences_of(rows, "time_in_stage");
    plot_text(out, t->team);
    g_string_append_printf(out, "</title>\n<style>%s</style></head>\n<body><header><h1>", style);
    plot_text(out, t->team);
    g_string_append(out, "</h1><p>");
    g_autofree char *span = g_strconcat(t->made, t->since ? ", since " : "", t->since, NULL);
    plot_text(out, span);
    g_string_append(out, "</p>");
    append_keys(out, rows);
    g_string_append(out, "</header>\n<main>\n");
    append_retention(out, rows, t);
    for (guint i = 0; i < funnels->len; i++) {
        append_funnel(out, rows, funnels->pdata[i]);
        append_cohorts(out, rows, funnels->pdata[i]);
        append_stays(out, rows, funnels->pdata[i]);
    }
    append_replies(out, rows, "template", "Replies by template", "Nothing was sent.");
    append_replies(out, rows, "finding", "Replies by finding", "No mail says which findings it tells.");
    append_replies(out, rows, "subject", "Replies by subject", "Nothing was sent.");
    append_outreach(out, rows);
    append_renewals(out, rows);
    append_mail(out, rows);
    g_string_append(out, "</main></body></html>\n");
    return g_string_free(out, FALSE);
}
