/* See check_time.h. */
#include "service/check_time.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/zone.h"

#define WARN_DAYS 90

static void
check_holidays(struct service *s, gint64 now_us, GPtrArray *lines)
{
    const struct holidays *h = s->program->holidays;
    if (!h) {
        g_ptr_array_add(lines, g_strdup_printf("--  holidays: there is no %s/%s, so none are kept",
                                               s->config->sequences_dir, HOLIDAYS_FILE));
        return;
    }
    struct civil today = zone_from_utc_us(s->config->timezone, now_us),
                 end = {.year = holidays_last_year(h), .month = 12, .day = 31};
    int days = civil_days_between(&today, &end);
    if (days < 0)
        g_ptr_array_add(lines, g_strdup_printf("--  holidays: the file ended with %d; mail goes out on "
                                               "holidays until it is continued",
                                               end.year));
    else
        g_ptr_array_add(lines, g_strdup_printf("%s  holidays of %u countries, %d to %d%s",
                                               days < WARN_DAYS ? "--" : "ok", holidays_countries(h),
                                               holidays_first_year(h), end.year,
                                               days < WARN_DAYS ? ": they end soon, continue the file" : ""));
}

/* The countries of accounts that the file does not list. */
static gboolean
check_countries(struct service *s, GPtrArray *lines, GError **error)
{
    if (!s->program->holidays)
        return TRUE;
    scoped(query_end) struct query *q =
        store_query(s->db,
                    "SELECT facts ->> 'country' AS country, COUNT(*) AS accounts FROM account_facts WHERE "
                    "facts ->> 'country' IS NOT NULL GROUP BY 1 ORDER BY 2 DESC",
                    error, "");
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local))
        if (!holidays_knows(s->program->holidays, query_text(q, "country")))
            g_ptr_array_add(lines, g_strdup_printf("--  holidays: none are known of %s (accounts: %d)",
                                                   query_text(q, "country"), (int)query_int(q, "accounts")));
    return q && error_pass(error, &local);
}

static gboolean
check_windows(const struct service *s, GError **error)
{
    for (guint i = 0; i < s->program->sequences->len; i++)
        for (guint j = 0; j < s->config->mailboxes->len; j++) {
            const struct sequence *seq = s->program->sequences->pdata[i];
            const struct mailbox *m = s->config->mailboxes->pdata[j];
            struct window both;
            if (!m->has_window ||
                window_meet(seq->has_window ? &seq->window : &s->config->window, &m->window, &both))
                continue;
            g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                        "%s: the window of mailbox %s and that of sequence %s are never open together: "
                        "nothing could be sent",
                        s->config->path, m->name, seq->name);
            return FALSE;
        }
    return TRUE;
}

char **
check_time_lines(struct service *s, gint64 now_us, GError **error)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    check_holidays(s, now_us, lines);
    if (!check_windows(s, error) || !check_countries(s, lines, error))
        return NULL;
    if (s->config->redirect_all_to)
        g_ptr_array_add(lines,
                        g_strdup_printf("--  redirect_all_to: every mail goes to %s, none to a customer",
                                        s->config->redirect_all_to));
    if (*s->config->deliver_only_to) {
        g_autofree char *allowed = g_strjoinv(", ", s->config->deliver_only_to);
        g_ptr_array_add(lines,
                        g_strdup_printf("--  deliver_only_to: mail goes to %s and nobody else", allowed));
    }
    g_ptr_array_add(lines, NULL);
    return (char **)g_ptr_array_steal(lines, NULL);
}
