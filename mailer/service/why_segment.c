/* Why an account is outside a segment that the enrol rule asks for: the rules of the segment stand among the
 * lines of `why` as "NAME: exclude", "NAME: when" and "NAME: ENTRY". */
#include "pipeline/rule_parts.h"
#include "pipeline/segment.h"
#include "service/why_private.h"

#include <string.h>

/* The segment that leaf "in_NAME" asks for; NULL: it is another rule. */
static const struct segment *
segment_of(const struct program *program, const struct rule_part *leaf)
{
    for (guint i = 0; i < program->segments->len; i++) {
        const struct segment *s = program->segments->pdata[i];
        if (strcmp(s->fact, leaf->text) == 0)
            return s;
    }
    return NULL;
}

/* The line called "SEGMENT: WHAT"; NULL: there is none. */
static const struct why_line *
line_of(const struct why *why, const struct segment *s, const char *what)
{
    g_autofree char *name = g_strdup_printf("%s: %s", s->name, what);
    for (guint i = 0; i < why->rules->len; i++) {
        const struct why_line *line = why->rules->pdata[i];
        if (strcmp(line->what, name) == 0)
            return line;
    }
    return NULL;
}

/* How many parts of a rule hold. */
static guint
holding(const struct rule_part *part)
{
    guint n = part->join == PART_LEAF && part->truth == RULE_TRUE;
    for (guint i = 0; part->children && i < part->children->len; i++)
        n += holding(part->children->pdata[i]);
    return n;
}

/* The way in that the account is nearest to: one whose missing parts somebody delivered facts about, of those
 * the one with the fewest, and then the one of which most holds. */
static const struct why_line *
nearest_entry(const struct why *why, const struct segment *s, const struct segment_entry **entry)
{
    const struct why_line *best = NULL;
    guint best_cost = 0;
    for (guint i = 0; i < s->entries->len; i++) {
        const struct segment_entry *e = s->entries->pdata[i];
        const struct why_line *line = line_of(why, s, e->name);
        if (!line || !line->parts)
            continue;
        g_autoptr(GPtrArray) leaves = rule_part_deciding(line->parts);
        guint cost = 100 * leaves->len - MIN(holding(line->parts), 99);
        for (guint j = 0; j < leaves->len; j++)
            cost += ((const struct rule_part *)leaves->pdata[j])->known ? 0 : 10000;
        if (best && cost >= best_cost)
            continue;
        best = line;
        best_cost = cost;
        *entry = e;
    }
    return best;
}

char *
why_segment_text(struct asked *a, const struct why_line *enrol)
{
    g_autoptr(GPtrArray) leaves = rule_part_deciding(enrol->parts);
    const struct segment *s = NULL;
    for (guint i = 0; !s && i < leaves->len; i++)
        s = segment_of(a->s->program, leaves->pdata[i]);
    const struct why_line *exclude = s ? line_of(a->out, s, "exclude") : NULL,
                          *when = s ? line_of(a->out, s, "when") : NULL;
    const struct segment_entry *entry = NULL;
    if (!s)
        return NULL;
    if (exclude && exclude->parts && exclude->parts->truth == RULE_TRUE) {
        g_autofree char *text = rule_part_sentence(exclude->parts);
        return g_strdup_printf("the segment %s excludes it: %s", s->title, text);
    }
    if (when && when->parts && when->parts->truth != RULE_TRUE) {
        g_autofree char *text = rule_part_sentence(when->parts);
        return g_strdup_printf("it is not in the segment %s, which wants %s", s->title, text);
    }
    const struct why_line *nearest = nearest_entry(a->out, s, &entry);
    if (nearest && nearest->parts->truth != RULE_TRUE) {
        g_autofree char *text = rule_part_sentence(nearest->parts);
        return g_strdup_printf("it is not in the segment %s; nearest to it is \"%s\", which wants %s",
                               s->title, entry->why, text);
    }
    return g_strdup_printf("it is not in the segment %s; `usher segments` lists them", s->title);
}

gboolean
why_is_about_entry(const struct why *why, const struct why_line *line)
{
    for (guint i = 0; i < why->rules->len; i++) {
        const struct why_line *enrol = why->rules->pdata[i];
        if (strcmp(enrol->what, "enrol") != 0)
            continue;
        const char *name =
            g_str_has_prefix(line->what, "segment ") ? line->what + strlen("segment ") : line->what;
        g_autofree char *fact = g_strdup_printf("in_%.*s", (int)strcspn(name, ":"), name);
        return !line->step && strstr(enrol->text, fact) != NULL;
    }
    return FALSE;
}
