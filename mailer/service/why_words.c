/* The words of an answer: what it says, times, and the rules it quotes (why_private.h). */
#include "service/why_private.h"

#include "base/clock.h"
#include "base/zone.h"
#include "pipeline/rule_parts.h"

#include <string.h>

void
why_say(struct asked *a, enum why_cause cause, char *line)
{
    a->out->cause = cause;
    g_free(a->out->line);
    a->out->line = line;
}

char *
why_when(const struct asked *a, gint64 us)
{
    GTimeZone *zone = a->gate.hours.zone;
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(us / CLOCK_SECOND_US);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone);
    g_autofree char *text = g_date_time_format(local, "%A %Y-%m-%d %H:%M");
    return g_strdup_printf("%s (%s)", text, g_time_zone_get_identifier(zone));
}

char *
why_time(const struct asked *a, gint64 us)
{
    char *text = zone_format(a->s->config->timezone, us);
    text[strlen("2026-12-21 09:00")] = '\0';
    return text;
}

const struct why_line *
why_rule(struct asked *a, const char *what)
{
    for (guint i = 0; i < a->out->rules->len; i++) {
        const struct why_line *line = a->out->rules->pdata[i];
        if (strcmp(line->what, what) != 0)
            continue;
        a->out->decides = (int)i;
        return line;
    }
    return NULL;
}

char *
why_rule_text(const struct why_line *line)
{
    return line->parts ? rule_part_sentence(line->parts) : g_strdup(line->facts);
}

char *
why_rule_gaps(const struct why_line *line)
{
    g_autoptr(GPtrArray) leaves = rule_part_deciding(line->parts);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < leaves->len; i++) {
        const struct rule_part *leaf = leaves->pdata[i];
        if (leaf->truth == RULE_UNDECIDED)
            g_string_append_printf(out, "%s%s", out->len ? ", " : "", leaf->facts);
    }
    return g_string_free(out, FALSE);
}
