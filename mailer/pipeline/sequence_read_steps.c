/* Steps and meetings of a sequence file. A meeting is a task that comes back, so both become a struct step.
 */
#include "base/clock.h"
#include "base/conf.h"
#include "base/error.h"
#include "base/text.h"
#include "pipeline/sequence_read.h"
#include "pipeline/task_words.h"

#include <string.h>

#define EVERY_MONTHS_MAX 120

/* ---- words ---- */

static gboolean
read_lateness(struct step *step, cfg_t *s, GError **error)
{
    const char *late = cfg_getstr(s, "late");
    guint64 days = 0;
    if (strcmp(late, "ask") == 0) {
        step->late = LATE_ASK;
    } else if (strcmp(late, "skip") == 0) {
        step->late = LATE_SKIP;
    } else {
        g_auto(GStrv) words = g_strsplit(late, " ", -1);
        if (g_strv_length(words) != 4 || strcmp(words[0], "send") != 0 || strcmp(words[1], "within") != 0 ||
            (strcmp(words[3], "day") != 0 && strcmp(words[3], "days") != 0) ||
            !g_ascii_string_to_unsigned(words[2], 10, 1, 365, &days, NULL))
            return conf_refuse_key(s, "late", error,
                                   "late of \"%s\": expected \"send within N days\", \"ask\" or \"skip\"",
                                   step->id);
        step->late = LATE_SEND_WITHIN;
        step->late_days = (int)days;
    }
    return TRUE;
}

/* "once", "3 months" or "1 year". */
static gboolean
read_every(struct step *step, cfg_t *s, GError **error)
{
    const char *every = cfg_getstr(s, "every");
    guint64 n = 0;
    if (g_strcmp0(every, "once") == 0)
        return TRUE;
    g_auto(GStrv) words = g_strsplit(every ? every : "", " ", -1);
    gboolean two = g_strv_length(words) == 2;
    gboolean months = two && (strcmp(words[1], "month") == 0 || strcmp(words[1], "months") == 0),
             years = two && (strcmp(words[1], "year") == 0 || strcmp(words[1], "years") == 0);
    if ((!months && !years) || !g_ascii_string_to_unsigned(words[0], 10, 1, EVERY_MONTHS_MAX, &n, NULL) ||
        (years && n > EVERY_MONTHS_MAX / 12))
        return conf_refuse_key(
            s, "every", error,
            "every of \"%s\": expected \"once\", months or years such as \"3 months\", up to ten "
            "years",
            step->id);
    step->every_months = (int)n * (years ? 12 : 1);
    return TRUE;
}

/* Whose task it is. A step that is for the failsafe wants one. */
static gboolean
read_assignee(struct step *step, const struct program *program, cfg_t *s, const char *key, GError **error)
{
    const struct config *config = program->config;
    if (g_strcmp0(cfg_getstr(s, key), "failsafe") == 0 && config->specialists->len && !config->failsafe)
        return conf_refuse_key(s, key, error, "%s of \"%s\": usher.conf names no failsafe", key, step->id);
    return task_words_read_assignee(program, s, key, &step->assignee, error);
}

/* ---- steps ---- */

static gboolean
read_kind(struct step *step, cfg_t *s, GError **error)
{
    static const struct {
        const char *word;
        enum step_kind kind;
    } kinds[] = {{"draft", STEP_DRAFT}, {"automatic", STEP_AUTOMATIC}, {"task", STEP_TASK}};
    const char *kind = cfg_getstr(s, "kind");
    for (gsize i = 0; kind && i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(kinds[i].word, kind) == 0) {
            step->kind = kinds[i].kind;
            return TRUE;
        }
    return conf_refuse_key(s, "kind", error, "kind of \"%s\": expected draft or automatic, or task",
                           step->id);
}

static gboolean
read_mail(struct step *step, cfg_t *s, GError **error)
{
    static const char *const of_tasks[] = {"title", "assignee", "once", "ahead"};
    for (gsize i = 0; i < G_N_ELEMENTS(of_tasks); i++)
        if (cfg_size(s, of_tasks[i]) && cfg_getstr(s, of_tasks[i]))
            return conf_refuse_key(s, of_tasks[i], error,
                                   "%s of \"%s\": only a step with kind = \"task\" has it", of_tasks[i],
                                   step->id);
    const char *to = cfg_getstr(s, "to");
    if (strcmp(to, "owners_admins") == 0)
        step->audience = AUDIENCE_OWNERS_ADMINS;
    else if (strcmp(to, "participants") == 0)
        step->audience = AUDIENCE_PARTICIPANTS;
    else if (strcmp(to, "by_role") == 0)
        step->audience = AUDIENCE_BY_ROLE;
    else
        return conf_refuse_key(s, "to", error,
                               "to of \"%s\": expected owners_admins, participants or by_role", step->id);
    if (!step->template_name || strchr(step->template_name, '/'))
        return conf_refuse_key(s, "template", error,
                               "template of \"%s\": expected the name of a file in the templates folder",
                               step->id);
    return TRUE;
}

static gboolean
read_task(struct step *step, const struct program *program, cfg_t *s, GError **error)
{
    const char *once = cfg_getstr(s, "once");
    if (step->template_name || step->needs_answered || step->payment)
        return conf_refuse(s, error, "%s of \"%s\": a task is no mail",
                           step->template_name    ? "template"
                           : step->needs_answered ? "needs_answered"
                                                  : "payment",
                           step->id);
    if (!once || strcmp(once, "enrolment") == 0)
        step->once = ONCE_ENROLMENT;
    else if (strcmp(once, "stage") == 0)
        step->once = ONCE_STAGE;
    else
        return conf_refuse_key(s, "once", error, "once of \"%s\": expected enrolment or stage", step->id);
    step->ahead_us = -1;
    return (!cfg_getstr(s, "ahead") || span_read(s, "ahead", &step->ahead_us, error)) &&
           read_assignee(step, program, s, "assignee", error) &&
           task_words_read_title(program, s, &step->title, error);
}

static struct step *
add_step(struct sequence *seq, cfg_t *s)
{
    struct step *step = g_new0(struct step, 1);
    g_ptr_array_add(seq->steps, step);
    step->id = g_strdup(cfg_title(s));
    step->state_fact = g_strconcat(step->id, "_state", NULL);
    step->sent_fact = g_strconcat(step->id, "_sent_at", NULL);
    step->stages = conf_dup_list(s, "stages");
    step->when = step->unless = step->due = step->until = NO_RULE;
    return step;
}

static gboolean
read_step(struct sequence *seq, const struct program *program, cfg_t *s, GError **error)
{
    struct step *step = add_step(seq, s);
    step->template_name = conf_dup_str(s, "template");
    step->needs_answered = cfg_getbool(s, "needs_answered");
    step->payment = cfg_getbool(s, "payment");
    if (!sequence_is_identifier(step->id))
        return conf_refuse(s, error, "step \"%s\": expected lower-case letters, digits and _", step->id);
    if (!read_kind(step, s, error) ||
        !(step->kind == STEP_TASK ? read_task(step, program, s, error) : read_mail(step, s, error)) ||
        !sequence_check_stages(seq, s, step->stages, error) || !read_lateness(step, s, error) ||
        !sequence_read_rule(seq, s, "when", &step->when, error) ||
        !sequence_read_rule(seq, s, "unless", &step->unless, error) ||
        !sequence_read_rule(seq, s, "due", &step->due, error) ||
        !sequence_read_rule(seq, s, "until", &step->until, error))
        return FALSE;
    if (step->due == NO_RULE)
        return conf_refuse(
            s, error, "step \"%s\" lacks due, for example due = \"add_days(initiated_at, 28)\"", step->id);
    return TRUE;
}

static gboolean
read_meeting(struct sequence *seq, const struct program *program, cfg_t *s, GError **error)
{
    if (sequence_step(seq, cfg_title(s)))
        return conf_refuse(s, error, "meeting \"%s\": a step has this name", cfg_title(s));
    struct step *step = add_step(seq, s);
    step->kind = STEP_TASK;
    step->meeting = TRUE;
    if (!sequence_is_identifier(step->id))
        return conf_refuse(s, error, "meeting \"%s\": expected lower-case letters, digits and _", step->id);
    if (!task_words_read_title(program, s, &step->title, error) || !read_every(step, s, error) ||
        !read_assignee(step, program, s, "owner", error) || !span_read(s, "ahead", &step->ahead_us, error) ||
        !sequence_check_stages(seq, s, step->stages, error) ||
        !sequence_read_rule(seq, s, "when", &step->when, error) ||
        !sequence_read_rule(seq, s, "start", &step->due, error))
        return FALSE;
    if (step->due == NO_RULE)
        return conf_refuse(s, error, "meeting \"%s\" lacks start, for example start = \"signed_at\"",
                           step->id);
    return TRUE;
}

gboolean
sequence_read_steps(struct sequence *seq, const struct program *program, cfg_t *cfg, GError **error)
{
    for (unsigned i = 0; i < cfg_size(cfg, "step"); i++)
        if (!read_step(seq, program, cfg_getnsec(cfg, "step", i), error))
            return FALSE;
    for (unsigned i = 0; i < cfg_size(cfg, "meeting"); i++)
        if (!read_meeting(seq, program, cfg_getnsec(cfg, "meeting", i), error))
            return FALSE;
    return TRUE;
}
