/* What holds a mail back, from the reason that a step or a delivery was given. */
#include "service/why_private.h"

#include "pipeline/rule_parts.h"

#include <string.h>

/* ---- reasons ---- */

/* How the engine, the policy and the limits begin, or what they hold: steps.c, policy.c, limits.c,
 * recipients.c, drafting.c. The first that fits counts. */
static const struct {
    const char *words;
    gboolean anywhere;
    enum why_cause cause;
} reasons[] = {
    {"cannot be composed: nobody is left", FALSE, WHY_NOBODY},
    {"cannot be composed: ", FALSE, WHY_COMPOSE},
    {"on hold: ", FALSE, WHY_HOLD},
    {" is on hold: ", TRUE, WHY_PERSON_HOLD},
    {"the account is absent", FALSE, WHY_ABSENT},
    {"the customer's reply is unanswered", FALSE, WHY_UNANSWERED},
    {"hold: ", FALSE, WHY_RULE},
    {"hold is undecided", FALSE, WHY_RULE},
    {"cancel: ", FALSE, WHY_RULE},
    {"cancel is undecided", FALSE, WHY_RULE},
    {"leave: ", FALSE, WHY_RULE},
    {"leave is undecided", FALSE, WHY_RULE},
    {"gap: ", FALSE, WHY_GAP},
    {"moved by a holiday", FALSE, WHY_HOLIDAY},
    {"outside its sending hours", FALSE, WHY_HOURS},
    {"the sending hours of", FALSE, WHY_HOURS},
    {"cap: ", FALSE, WHY_CAP},
    {"spacing: ", FALSE, WHY_PAUSE},
    {"deliver_only_to", FALSE, WHY_NET},
    {" is away until ", TRUE, WHY_AWAY},
    {" is away and nobody covers", TRUE, WHY_AWAY},
};

static enum why_cause
cause_of(const char *reason, enum why_cause otherwise)
{
    for (gsize i = 0; i < G_N_ELEMENTS(reasons); i++)
        if (reasons[i].anywhere ? strstr(reason, reasons[i].words) != NULL
                                : g_str_has_prefix(reason, reasons[i].words))
            return reasons[i].cause;
    return otherwise;
}

/* The rule that a reason names, with the parts that decide now; NULL when it decides no more. */
static char *
rule_reason(struct asked *a, const char *reason)
{
    static const char *const names[] = {"hold", "cancel", "leave"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct why_line *line = g_str_has_prefix(reason, names[i]) ? why_rule(a, names[i]) : NULL;
        if (!line || !line->parts || line->parts->truth == RULE_FALSE)
            continue;
        g_autofree char *text = why_rule_text(line);
        if (line->parts->truth == RULE_TRUE)
            return g_strdup_printf("%s holds, because %s", names[i], text);
        a->out->command = g_strdup("usher import FILE, with the facts that are missing");
        g_autofree char *gaps = why_rule_gaps(line);
        return g_strdup_printf("nobody knows whether %s holds: %s", names[i], gaps);
    }
    a->out->decides = -1;
    return NULL;
}

/* What would change a cause, where that is the same for every account. */
static const char *const remedies[WHY_CAUSE_COUNT] = {
    [WHY_ABSENT] = "usher import FILE, with the account in it",
    [WHY_RULE] = "usher import FILE, once the facts say otherwise",
    [WHY_AWAY] = "usher away NAME FROM TO --cover NAME; `usher away` shows who is",
    [WHY_NOBODY] = "usher import FILE, with people who may be written to",
    [WHY_HOURS] = "window in the sequence's file, the mailbox or usher.conf",
    [WHY_HOLIDAY] = "holidays.txt, or ignore_holidays in the sequence's file",
    [WHY_GAP] = "gap in the sequence's file or usher.conf",
    [WHY_CAP] = "daily_max and domain_hourly_max in usher.conf",
    [WHY_NET] = "deliver_only_to in usher.conf",
};

/* What lies behind a cause, and what would change it. */
static void
add_background(struct asked *a, const char *reason)
{
    struct why *out = a->out;
    gboolean person = out->cause == WHY_PERSON_HOLD;
    if (out->cause == WHY_HOLD || person) {
        out->evidence = why_hold_evidence(a, person);
        out->command = g_strdup_printf("usher resume %s", a->key);
    } else if (out->cause == WHY_UNANSWERED) {
        out->evidence = why_reply_evidence(a);
        out->command = g_strdup_printf("answer it, or usher resume %s, which takes it for answered", a->key);
    } else if (out->cause == WHY_COMPOSE) {
        out->evidence = why_fact_evidence(a, reason);
        out->command = g_strdup_printf("usher preview %s %s shows what is wrong%s", a->key, out->step->id,
                                       out->evidence ? "; usher import FILE renews facts" : "");
    } else if (out->cause == WHY_NOBODY) {
        out->evidence = why_people_evidence(a);
    }
    if (!out->command)
        out->command = g_strdup(remedies[out->cause]);
}

void
why_tell_reason(struct asked *a, const char *beginning, const char *reason, enum why_cause otherwise)
{
    enum why_cause cause = cause_of(reason, otherwise);
    g_autofree char *rule = cause == WHY_RULE ? rule_reason(a, reason) : NULL;
    why_say(a, cause, g_strdup_printf("%s: %s", beginning, rule ? rule : reason));
    add_background(a, reason);
}
