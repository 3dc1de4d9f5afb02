/* See brief.h. */
#include "cli/brief.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

char *
brief_age(gint64 now_us, gint64 us)
{
    gint64 age_us = now_us - us;
    if (!us)
        return g_strdup("-");
    if (age_us >= CLOCK_DAY_US)
        return g_strdup_printf("%" G_GINT64_FORMAT "d", age_us / CLOCK_DAY_US);
    if (age_us >= CLOCK_HOUR_US)
        return g_strdup_printf("%" G_GINT64_FORMAT "h", age_us / CLOCK_HOUR_US);
    return age_us >= CLOCK_MINUTE_US ? g_strdup_printf("%" G_GINT64_FORMAT "m", age_us / CLOCK_MINUTE_US)
                                     : g_strdup("now");
}

char *
brief_days(int days)
{
    if (days == 0)
        return g_strdup("today");
    return g_strdup_printf(days > 0 ? "in %dd" : "%dd ago", abs(days));
}

char *
brief_count(gint64 count, const char *noun)
{
    gsize length = strlen(noun);
    const char *plural = "s";
    if (g_str_has_suffix(noun, "y") && length > 1 && !strchr("aeiou", noun[length - 2])) {
        length -= count != 1;
        plural = "ies";
    }
    return g_strdup_printf("%" G_GINT64_FORMAT " %.*s%s", count, (int)length, noun, count == 1 ? "" : plural);
}

char *
brief_line(const char *text, glong chars)
{
    g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
    g_strstrip(valid);
    char *end = strpbrk(valid, "\r\n");
    if (end)
        *end = '\0';
    gboolean cut = end || g_utf8_strlen(valid, -1) > chars;
    if (!cut)
        return g_steal_pointer(&valid);
    g_autofree char *start = g_utf8_substring(valid, 0, MIN(chars - 1, g_utf8_strlen(valid, -1)));
    return g_strconcat(g_strchomp(start), "…", NULL);
}

char *
brief_names(const GPtrArray *names, guint max)
{
    GString *out = g_string_new(NULL);
    guint shown = names->len <= max + 1 ? names->len : max; /* "and 1 more" says less than the name */
    for (guint i = 0; i < shown; i++)
        g_string_append_printf(out, "%s%s", i ? ", " : "", (const char *)names->pdata[i]);
    if (shown < names->len)
        g_string_append_printf(out, " and %u more", names->len - shown);
    return g_string_free(out, FALSE);
}

char *
brief_value(const json_t *value, const char *none)
{
    if (!value || json_is_null(value))
        return g_strdup(none);
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    char *text = g_strdup(dumped);
    free(dumped);
    return text;
}
