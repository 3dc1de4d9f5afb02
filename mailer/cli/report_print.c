/* The report in a terminal: tables, with bars where a share or an amount is to be compared. */
#include "cli/report_print.h"

#include "cli/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BAR_CELLS 20
#define MAX_SUBJECTS 15

gboolean
report_is(const json_t *row, const char *figure)
{
    return g_strcmp0(json_string_value(json_object_get(row, "figure")), figure) == 0;
}

const char *
report_text(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

double
report_number(const json_t *row, const char *name)
{
    return json_number_value(json_object_get(row, name));
}

char *
report_cell(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value))
        return g_strdup_printf("%.1f", json_real_value(value));
    return g_strdup(json_is_string(value) ? json_string_value(value) : "-");
}

char *
report_percent(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    return json_is_number(value) ? g_strdup_printf("%.0f %%", json_number_value(value) * 100) : g_strdup("-");
}

const char *
report_mail_label(const char *name)
{
    static const struct {
        const char *name, *label;
    } labels[] = {{"sent", "messages sent"},
                  {"by_hand", "conversations opened by hand"},
                  {"recipients", "recipients accepted"},
                  {"refused", "recipients refused at once"},
                  {"bounced_permanently", "bounced, address dead"},
                  {"bounced_otherwise", "bounced for another reason"},
                  {"unknown", "messages whose delivery became unknown"},
                  {"unknown_open", "recipients still unknown"},
                  {"replied", "replies"},
                  {"auto_replied", "automatic replies"},
                  {"booked", "calls booked"},
                  {"opted_out", "people who want no more mail"},
                  {"complained", "complaints"}};
    for (gsize i = 0; i < G_N_ELEMENTS(labels); i++)
        if (strcmp(labels[i].name, name) == 0)
            return labels[i].label;
    return name;
}

/* share of a full bar (0 to 1) in blocks, or in # where the terminal has no Unicode. The caller frees. */
static char *
bar(double share)
{
    static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    gboolean unicode = g_get_charset(NULL);
    int eighths = (int)lround(CLAMP(share, 0, 1) * BAR_CELLS * 8);
    GString *text = g_string_new(NULL);
    for (int i = 0; i < (unicode ? eighths / 8 : (eighths + 4) / 8); i++)
        g_string_append(text, unicode ? "█" : "#");
    if (unicode)
        g_string_append(text, parts[eighths % 8]);
    return g_string_free(text, FALSE);
}

/* A column of a table: the member it shows; "%NAME" a rate, "|NAME" a bar of it over the largest. */
struct column {
    const char *heading, *member;
};

struct section {
    const char *title, *figure, *empty;
    const char *key, *value; /* only rows whose member key is value; NULL: all */
    guint limit;             /* 0: none */
    struct column columns[9];
};

static double
largest(const json_t *rows, const struct section *s, const char *member)
{
    double max = 0;
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) if (report_is(row, s->figure)) max =
        MAX(max, report_number(row, member));
    return max;
}

static char *
cell_of(const json_t *rows, const struct section *s, const json_t *row, const char *member)
{
    if (*member == '%')
        return report_percent(row, member + 1);
    if (*member != '|')
        return report_cell(row, member);
    /* A share is drawn against the whole, an amount against the largest. */
    double max = largest(rows, s, member + 1), value = report_number(row, member + 1);
    gboolean share = strcmp(member, "|share") == 0 || strcmp(member, "|rate") == 0;
    return bar(share ? value : max > 0 ? value / max : 0);
}

static void
print_section(const json_t *rows, const struct section *s)
{
    const char *headings[10] = {0};
    guint n = 0, count = 0, left_out = 0;
    while (n < G_N_ELEMENTS(s->columns) && s->columns[n].heading) {
        headings[n] = s->columns[n].heading;
        n++;
    }
    scoped(table_free) struct table *table = table_new(headings);
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, s->figure) || (s->key && strcmp(report_text(row, s->key), s->value) != 0))
            continue;
        if (s->limit && ++count > s->limit) {
            left_out++;
            continue;
        }
        g_auto(GStrv) cells = g_new0(char *, n + 1);
        for (guint j = 0; j < n; j++)
            cells[j] = cell_of(rows, s, row, s->columns[j].member);
        table_add_row(table, (const char *const *)cells);
    }
    printf("\n%s\n", s->title);
    table_print(table, s->empty);
    if (left_out)
        printf("and %u more: --json\n", left_out);
}

/* The stages of one sequence as columns, the months as rows: rows come month by month, stages in order. */
static void
print_months(const json_t *rows, const char *sequence)
{
    g_autoptr(GPtrArray) headings = g_ptr_array_new();
    size_t i;
    const json_t *row;
    g_ptr_array_add(headings, (gpointer)(guintptr) "month");
    json_array_foreach(rows, i, row) if (report_is(row, "funnel") &&
                                         strcmp(report_text(row, "sequence"), sequence) == 0 &&
                                         strcmp(report_text(row, "cohort"), "all") == 0)
        g_ptr_array_add(headings, (gpointer)(guintptr)report_text(row, "title"));
    guint n = headings->len, filled = 1;
    g_ptr_array_add(headings, NULL);
    scoped(table_free) struct table *table = table_new((const char *const *)headings->pdata);
    g_autofree char **cells = g_new0(char *, n + 1);
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "funnel") || strcmp(report_text(row, "sequence"), sequence) != 0 ||
            strcmp(report_text(row, "cohort"), "all") == 0)
            continue;
        g_autofree char *share = report_percent(row, "share");
        cells[filled] = g_strdup_printf("%.0f (%s)", report_number(row, "entered"), share);
        if (++filled < n)
            continue;
        cells[0] = g_strdup(report_text(row, "cohort"));
        table_add_row(table, (const char *const *)cells);
        for (; filled-- > 0;)
            g_clear_pointer(&cells[filled], g_free);
        filled = 1;
    }
    printf("\nFunnel by month of enrolment: %s\n", sequence);
    table_print(table, "Nobody was enrolled.");
}

static void
print_all_months(const json_t *rows)
{
    const char *last = "";
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "funnel") || strcmp(report_text(row, "sequence"), last) == 0)
            continue;
        last = report_text(row, "sequence");
        print_months(rows, last);
    }
}

static void
print_mail(const json_t *rows)
{
    static const char *const headings[] = {"mail", "count", NULL};
    scoped(table_free) struct table *table = table_new(headings);
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (!report_is(row, "mail"))
            continue;
        g_autofree char *count = report_cell(row, "count");
        table_add(table, report_mail_label(report_text(row, "name")), count, NULL);
    }
    puts("\nMail");
    table_print(table, "None.");
}

static const struct section before_months[] = {
    {"Enrolled by month",
     "cohort",
     "Nobody was enrolled.",
     NULL,
     NULL,
     0,
     {{"sequence", "sequence"},
      {"month", "cohort"},
      {"enrolled", "enrolled"},
      {"engaged", "engaged"},
      {"left", "left"},
      {"cancelled", "cancelled"},
      {"", "|enrolled"}}},
    {"Funnel: who ever entered a stage",
     "funnel",
     "Nobody was enrolled.",
     "cohort",
     "all",
     0,
     {{"sequence", "sequence"},
      {"stage", "title"},
      {"entered", "entered"},
      {"share", "%share"},
      {"", "|share"}}},
    {"Days in a stage",
     "time_in_stage",
     "No sequence.",
     NULL,
     NULL,
     0,
     {{"sequence", "sequence"},
      {"stage", "title"},
      {"over", "over"},
      {"median", "median_days"},
      {"90th percentile", "p90_days"},
      {"there now", "there"},
      {"", "|median_days"}}},
    {"Replies by template (automatic ones left out)",
     "replies",
     "Nothing was sent.",
     "by",
     "template",
     0,
     {{"template", "name"}, {"sent", "sent"}, {"replied", "replied"}, {"rate", "%rate"}, {"", "|rate"}}},
    {"Replies by finding",
     "replies",
     "No mail says which findings it tells.",
     "by",
     "finding",
     0,
     {{"finding", "name"}, {"sent", "sent"}, {"replied", "replied"}, {"rate", "%rate"}, {"", "|rate"}}},
    {"Replies by subject",
     "replies",
     "Nothing was sent.",
     "by",
     "subject",
     MAX_SUBJECTS,
     {{"sent", "sent"}, {"replied", "replied"}, {"rate", "%rate"}, {"", "|rate"}, {"subject", "name"}}},
    {"Outreach a working day",
     "outreach",
     "No specialist.",
     NULL,
     NULL,
     0,
     {{"specialist", "specialist"},
      {"since", "since"},
      {"mails", "mails"},
      {"days", "working_days"},
      {"a day", "a_day"},
      {"goal", "goal"},
      {"", "|a_day"}}},
};

static const struct section after_months[] = {
    {"Retention after three months, goal 90 %",
     "retention",
     "No account was over the threshold.",
     NULL,
     NULL,
     0,
     {{"month", "cohort"},
      {"accounts", "accounts"},
      {"due", "due"},
      {"retained", "retained"},
      {"rate", "%rate"},
      {"net dollars", "%net_dollar_retention"},
      {"", "|rate"}}},
    {"Renewed without being written to",
     "unwritten_renewal",
     "None.",
     NULL,
     NULL,
     0,
     {{"account", "account"}, {"renewed", "renewed"}, {"enrolled", "enrolled"}, {"owner", "owner"}}},
};

void
report_print_text(const json_t *rows, const struct report_title *t)
{
    printf("%s, %s%s%s\n", t->team, t->made, t->since ? ", since " : "", t->since ? t->since : "");
    for (gsize i = 0; i < G_N_ELEMENTS(before_months); i++)
        print_section(rows, &before_months[i]);
    print_all_months(rows);
    for (gsize i = 0; i < G_N_ELEMENTS(after_months); i++)
        print_section(rows, &after_months[i]);
    printf("Over the threshold: a forecast of USD %.0f a month. Net dollars are of forecasts.\n",
           t->threshold);
    print_mail(rows);
}
