/* board: the accounts of each sequence by stage, as columns side by side where the terminal is wide enough
 * for them, else one below the other. */
#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"
#include "cli/brief.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/sequence_choice.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#define LEAST_WIDTH 14 /* of a column */
#define MOST_WIDTH 32
#define GAP 2
#define CARDS_SHOWN 15 /* of a stage, on a terminal without --all */

struct card {
    char *account, *cancelled;
    gint64 since_us, engaged_us;
    gboolean unanswered;
    int days; /* in the stage */
};

/* One stage. */
struct column {
    char *stage, *title; /* title: "2. Onboarding Initiated" */
    GPtrArray *cards;    /* struct card, the oldest first */
    GPtrArray *lines;    /* title, wrapped to the width of the board's columns */
};

static void
card_free(gpointer data)
{
    struct card *c = data;
    g_free(c->account);
    g_free(c->cancelled);
    g_free(c);
}

static void
column_free(gpointer data)
{
    struct column *c = data;
    g_free(c->stage);
    g_free(c->title);
    g_ptr_array_unref(c->cards);
    g_ptr_array_unref(c->lines);
    g_free(c);
}

static struct column *
add_column(GPtrArray *columns, const char *stage, char *title)
{
    struct column *c = g_new0(struct column, 1);
    c->stage = g_strdup(stage);
    c->title = title;
    c->cards = g_ptr_array_new_with_free_func(card_free);
    c->lines = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(columns, c);
    return c;
}

/* ---- loading ---- */

static struct column *
column_of(GPtrArray *columns, const char *stage)
{
    for (guint i = 0; i < columns->len; i++)
        if (strcmp(((struct column *)columns->pdata[i])->stage, stage) == 0)
            return columns->pdata[i];
    return add_column(columns, stage, g_strdup_printf("%s (not in the file)", stage));
}

static struct card *
read_card(const struct cli *cli, struct query *q)
{
    struct card *c = g_new0(struct card, 1);
    struct civil today = zone_from_utc_us(cli->service->config->timezone, cli->now_us), entered;
    c->account = query_dup_text(q, "key");
    c->cancelled = query_dup_text(q, "cancelled");
    c->since_us = query_int(q, "at");
    c->engaged_us = query_int(q, "engaged_at");
    c->unanswered = query_int(q, "unanswered") && !c->cancelled;
    entered = zone_from_utc_us(cli->service->config->timezone, c->since_us);
    c->days = MAX(civil_days_between(&entered, &today), 0);
    return c;
}

/* The stages of the sequence in their order, then those that only the database knows. NULL with error. */
static GPtrArray *
load_columns(struct cli *cli, const struct sequence *seq, GError **error)
{
    g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(column_free);
    g_autoptr(GError) local = NULL;
    for (guint i = 0; i < seq->stages->len; i++) {
        const struct stage *s = seq->stages->pdata[i];
        add_column(columns, s->id, stage_display(s));
    }
    scoped(query_end) struct query *q = store_query(
        cli->service->db,
        "SELECT a.key, e.stage, COALESCE(t.at, e.since) AS at, e.engaged_at, e.cancelled, "
        "COALESCE(e.replied_at, 0) > COALESCE(e.answered_at, 0) AS unanswered FROM enrolment e JOIN account "
        "a "
        "ON a.id = e.account_id LEFT JOIN stage_entry t ON t.account_id = e.account_id AND t.sequence = "
        "e.sequence AND t.stage = e.stage WHERE e.sequence = ? AND e.state IN ('active', 'ended') AND "
        "e.stage IS NOT "
        "NULL "
        "ORDER BY at, a.key",
        error, "t", seq->name);
    while (q && query_next(q, &local))
        g_ptr_array_add(column_of(columns, query_text(q, "stage"))->cards, read_card(cli, q));
    if (!local)
        return q ? g_steal_pointer(&columns) : NULL;
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* ---- printing ---- */

static enum tint
tint_of(const struct card *c)
{
    return c->unanswered ? TINT_BAD : c->cancelled ? TINT_DIM : c->engaged_us ? TINT_GOOD : TINT_NONE;
}

/* One mark, for where there is no colour. */
static const char *
mark_of(const struct card *c)
{
    return c->unanswered ? "?" : c->cancelled ? "x" : c->engaged_us ? "+" : " ";
}

/* Prints text, cut or filled to width. */
static void
print_filled(const char *text, int width)
{
    g_autofree char *clean = screen_clean(text);
    g_autofree char *cut = table_width(clean) > width ? brief_line(clean, width) : g_strdup(clean);
    while (table_width(cut) > width) /* wide characters */
        *g_utf8_find_prev_char(cut, cut + strlen(cut)) = '\0';
    printf("%s%*s", cut, width - table_width(cut), "");
}

static void
print_card(const struct card *c, int width)
{
    g_autofree char *days = g_strdup_printf(" %dd %s", c->days, mark_of(c));
    table_tint(tint_of(c));
    print_filled(c->account, width - (int)strlen(days));
    fputs(days, stdout);
    table_tint(TINT_NONE);
}

/* "3, oldest 12d". The caller frees. */
static char *
count_text(const struct column *c)
{
    const struct card *oldest = c->cards->len ? c->cards->pdata[0] : NULL;
    return oldest ? g_strdup_printf("%u, oldest %dd", c->cards->len, oldest->days) : g_strdup("0");
}

static guint
shown(const struct column *c, gboolean all)
{
    return all || c->cards->len <= CARDS_SHOWN + 1 ? c->cards->len : CARDS_SHOWN;
}

static void
wrap_title(struct column *c, int width)
{
    g_auto(GStrv) words = g_strsplit(c->title, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    for (char **word = words; *word; word++) {
        if (line->len && table_width(line->str) + 1 + table_width(*word) > width) {
            g_ptr_array_add(c->lines, g_strdup(line->str));
            g_string_truncate(line, 0);
        }
        g_string_append_printf(line, "%s%s", line->len ? " " : "", *word);
    }
    g_ptr_array_add(c->lines, g_strdup(line->str));
}

static void
print_rule(int width)
{
    for (int i = 0; i < width; i++)
        fputs("─", stdout);
}

/* The line-th line of a column: its title, the count, a rule, the cards, how many are not shown. */
static void
print_cell(const struct column *c, guint line, guint title_lines, int width, gboolean all)
{
    guint cards = shown(c, all), card = line - title_lines - 2;
    g_autofree char *count = count_text(c);
    g_autofree char *more = g_strdup_printf("and %u more", c->cards->len - cards);
    if (line < title_lines) {
        table_tint(TINT_BOLD);
        print_filled(line < c->lines->len ? c->lines->pdata[line] : "", width);
        table_tint(TINT_NONE);
    } else if (line == title_lines) {
        print_filled(count, width);
    } else if (line == title_lines + 1) {
        print_rule(width);
    } else if (card < cards) {
        print_card(c->cards->pdata[card], width);
    } else {
        print_filled(card == cards && cards < c->cards->len ? more : "", width);
    }
}

static void
print_columns(const GPtrArray *columns, int width, gboolean all)
{
    guint title_lines = 0, lines = 0;
    for (guint i = 0; i < columns->len; i++) {
        struct column *c = columns->pdata[i];
        wrap_title(c, width);
        title_lines = MAX(title_lines, c->lines->len);
        lines = MAX(lines, shown(c, all) + (shown(c, all) < c->cards->len));
    }
    lines += title_lines + 2;
    for (guint line = 0; line < lines; line++)
        for (guint i = 0; i < columns->len; i++) {
            print_cell(columns->pdata[i], line, title_lines, width, all);
            fputs(i + 1 < columns->len ? "  " : "\n", stdout);
        }
}

/* One below the other; without a terminal each account with the day it came. */
static void
print_stacked(const struct cli *cli, const GPtrArray *columns, gboolean all)
{
    int width = screen_width();
    for (guint i = 0; i < columns->len; i++) {
        const struct column *c = columns->pdata[i];
        g_autofree char *count = count_text(c);
        guint cards = shown(c, all || !width);
        putchar('\n');
        table_tint(TINT_BOLD);
        printf("  %s (%s)\n", c->title, count);
        table_tint(TINT_NONE);
        for (guint j = 0; j < cards; j++) {
            const struct card *card = c->cards->pdata[j];
            g_autofree char *since = cli_time(cli, card->since_us);
            g_autofree char *clean = screen_clean(card->account);
            fputs("    ", stdout);
            if (width) {
                print_card(card, MIN(width - 4, MOST_WIDTH));
                putchar('\n');
            } else {
                printf("%-22s since %.10s, %dd%s%s\n", clean, since, card->days,
                       card->unanswered   ? "  reply unanswered"
                       : card->engaged_us ? "  engaged"
                                          : "",
                       card->cancelled ? "  automatic mail cancelled" : "");
            }
        }
        if (cards < c->cards->len)
            printf("    and %u more\n", c->cards->len - cards);
    }
}

static void
print_board(const struct cli *cli, const struct sequence *seq, const GPtrArray *columns, gboolean all)
{
    guint accounts = 0;
    for (guint i = 0; i < columns->len; i++)
        accounts += ((struct column *)columns->pdata[i])->cards->len;
    g_autofree char *count = brief_count(accounts, "account");
    table_tint(TINT_BOLD);
    printf("%s, %s\n", seq->title, count);
    table_tint(TINT_NONE);
    int n = (int)columns->len, width = n ? (screen_width() - GAP * (n - 1)) / n : 0;
    if (width < LEAST_WIDTH) {
        print_stacked(cli, columns, all);
        return;
    }
    putchar('\n');
    print_columns(columns, MIN(width, MOST_WIDTH), all);
}

static void
print_board_json(const struct cli *cli, const struct sequence *seq, const GPtrArray *columns)
{
    for (guint i = 0; i < columns->len; i++) {
        const struct column *c = columns->pdata[i];
        const struct stage *stage = sequence_stage(seq, c->stage);
        for (guint j = 0; j < c->cards->len; j++) {
            const struct card *card = c->cards->pdata[j];
            g_autofree char *since = cli_time(cli, card->since_us);
            g_autofree char *engaged = cli_time(cli, card->engaged_us);
            cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:s?, s:i, s:s?, s:b, s:s?}", "sequence",
                                     seq->name, "stage", c->stage, "title", stage ? stage->title : c->stage,
                                     "account", card->account, "since", since, "days", card->days,
                                     "engaged_at", engaged, "unanswered", card->unanswered, "cancelled",
                                     card->cancelled));
        }
    }
}

int
cmd_board(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    gboolean all = FALSE;
    g_autofree char *only = NULL;
    const GOptionEntry entries[] = {
        {"sequence", 0, 0, G_OPTION_ARG_STRING, &only, "only this sequence", "NAME"},
        {"all", 0, 0, G_OPTION_ARG_NONE, &all, "every account of long stages, too", NULL},
        {0}};
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "board", entries, 0, 0, &argc, &argv, &rc))
        return rc;
    const struct program *program = cli->service->program;
    if (only && !sequence_named(cli, "board", only, &rc))
        return rc;
    if (!cli->json)
        screen_page();
    for (guint i = 0, n = 0; i < program->sequences->len; i++) {
        const struct sequence *seq = program->sequences->pdata[i];
        if (only && strcmp(only, seq->name) != 0)
            continue;
        g_autoptr(GPtrArray) columns = load_columns(cli, seq, &error);
        if (!columns)
            return cli_fail(error);
        if (cli->json) {
            print_board_json(cli, seq, columns);
            continue;
        }
        if (n++)
            putchar('\n');
        print_board(cli, seq, columns, all);
    }
    if (!cli->json && screen_width()) {
        table_tint(TINT_DIM);
        puts("\n+ engaged   ? reply unanswered   x automatic mail cancelled");
        table_tint(TINT_NONE);
    }
    return EX_OK;
}
