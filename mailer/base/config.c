/* What usher.conf says, held in memory: see config.h. config_load.c reads it. */
#include "base/config.h"

#include "base/zone.h"

#include <arpa/inet.h>
#include <string.h>

const char *const lint_level_names[LINT_LEVEL_COUNT] = {
    [LINT_OFF] = "off", [LINT_WARNING] = "warning", [LINT_ERROR] = "error"};

const struct lint_setting lint_settings[LINT_RULE_COUNT] = {
    [LINT_SUBJECT_GENERIC] = {"subject_generic", LINT_ERROR},
    [LINT_SUBJECT_LONG] = {"subject_long", LINT_WARNING},
    [LINT_SUBJECT_OVERLONG] = {"subject_overlong", LINT_ERROR},
    [LINT_SUBJECT_MISLEADING] = {"subject_misleading", LINT_ERROR},
    [LINT_PHRASE] = {"phrase", LINT_ERROR},
    [LINT_DASH] = {"dash", LINT_ERROR},
    [LINT_LONG] = {"long", LINT_WARNING},
    [LINT_OVERLONG] = {"overlong", LINT_ERROR},
    [LINT_QUESTIONS] = {"questions", LINT_WARNING},
    [LINT_LINKS] = {"links", LINT_WARNING},
    [LINT_LINK_HTTPS] = {"link_https", LINT_ERROR},
    [LINT_LINK_BARE] = {"link_bare", LINT_ERROR},
    [LINT_FIGURE] = {"figure", LINT_WARNING},
    [LINT_PARTS_DIFFER] = {"parts_differ", LINT_ERROR},
    [LINT_VARIABLE_UNKNOWN] = {"variable_unknown", LINT_ERROR},
    [LINT_VARIABLE_UNUSED] = {"variable_unused", LINT_WARNING},
    [LINT_GAP] = {"gap", LINT_ERROR},
    [LINT_TIME_OF_DAY] = {"time_of_day", LINT_ERROR},
    [LINT_AUTOMATIC_FIGURE] = {"automatic_figure", LINT_ERROR},
    [LINT_NO_MAX_AGE] = {"no_max_age", LINT_WARNING},
};

/* The names people know, and the journal's kinds: usher-events(7). */
const struct hook_event hook_events[HOOK_EVENT_COUNT] = {
    {"enrolled", "enrolled"},
    {"stage_changed", "stage_entered"},
    {"cancelled", "cancelled"},
    {"reinstated", "reinstated"},
    {"left", "left"},
    {"ended", "ended"},
    {"goal", "goal_met"},
    {"paid", "paid"},
    {"churned", "churned"},
    {"draft", "draft_made"},
    {"edited", "draft_edited"},
    {"approved", "draft_approved"},
    {"returned", "draft_returned"},
    {"rejected", "draft_rejected"},
    {"withdrawn", "draft_withdrawn"},
    {"sent", "sent"},
    {"hand_sent", "hand_sent"},
    {"failed", "step_failed"},
    {"unknown", "unknown"},
    {"settled", "settled"},
    {"reply", "replied"},
    {"auto_reply", "auto_replied"},
    {"bounce", "bounced"},
    {"opt_out", "opted_out"},
    {"complaint", "complained"},
    {"booked", "booked"},
    {"booking_changed", "booking_changed"},
    {"held", "hold_set"},
    {"released", "released"},
    {"extended", "extended"},
    {"owner", "owner_set"},
    {"priority", "priority_set"},
    {"risk", "risk_set"},
    {"note", "note"},
    {"task", "task_made"},
    {"task_done", "task_done"},
    {"sales_engaged", "sales_engaged"},
    {"handoff", "referral"},
    {"paid_call", "paid_call"},
    {"suppressed", "suppressed"},
    {"segment_entered", "segment_entered"},
    {"segment_left", "segment_left"},
};

static void
mailbox_free(gpointer data)
{
    struct mailbox *m = data;
    g_free(m->name);
    g_free(m->smtp.host);
    g_free(m->imap.host);
    g_free(m->user);
    secret_source_free(m->secret);
    g_free(m->ca_file);
    g_free(m->tls_name);
    g_free(m->inbox);
    g_free(m->sent);
    g_strfreev(m->folders);
    g_free(m);
}

static void
hook_free(gpointer data)
{
    struct hook *h = data;
    g_free(h->name);
    g_strfreev(h->argv);
    g_free(h);
}

static void
specialist_free(gpointer data)
{
    struct specialist *s = data;
    g_free(s->id);
    g_free(s->name);
    g_free(s->address);
    g_strfreev(s->regions);
    g_strfreev(s->logins);
    g_free(s->booking_link);
    g_free(s->since);
    g_free(s);
}

void
config_free(struct config *c)
{
    if (!c)
        return;
    g_free(c->path);
    g_free(c->database);
    g_free(c->sequences_dir);
    g_free(c->templates_dir);
    g_free(c->leads_dir);
    g_strfreev(c->sequences);
    g_free(c->team_name);
    g_free(c->company);
    g_free(c->booking_link);
    g_free(c->help_link);
    g_free(c->survey_link);
    g_free(c->failsafe);
    g_free(c->sales);
    g_free(c->timezone_name);
    g_strfreev(c->deliver_only_to);
    g_free(c->redirect_all_to);
    g_ptr_array_unref(c->mailboxes);
    g_ptr_array_unref(c->specialists);
    g_ptr_array_unref(c->hooks);
    g_free(c);
}

struct config *
config_new(void)
{
    struct config *c = g_new0(struct config, 1);
    c->mailboxes = g_ptr_array_new_with_free_func(mailbox_free);
    c->specialists = g_ptr_array_new_with_free_func(specialist_free);
    c->hooks = g_ptr_array_new_with_free_func(hook_free);
    c->sequences = g_new0(char *, 1);
    c->deliver_only_to = g_new0(char *, 1);
    c->timezone = zone_find("UTC", NULL);
    for (int i = 0; i < LINT_RULE_COUNT; i++)
        c->lint[i] = lint_settings[i].level;
    return c;
}

gboolean
config_is_loopback(const char *host)
{
    struct in_addr v4;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0;
}

gboolean
config_is_plain_address(const char *address)
{
    const char *at = strchr(address, '@');
    for (const char *p = address; *p; p++)
        if (!g_ascii_isgraph(*p) || strchr("<>()[]\\,;:\"", *p))
            return FALSE;
    return at && at != address && at[1] && !strchr(at + 1, '@');
}

char *
config_resolve_path(const char *base_dir, const char *path)
{
    return path && *path && !g_path_is_absolute(path) ? g_build_filename(base_dir, path, NULL)
                                                      : g_strdup(path);
}

const struct mailbox *
config_mailbox(const struct config *config, const char *name)
{
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const struct mailbox *m = config->mailboxes->pdata[i];
        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

gboolean
config_mailbox_is_shared(const struct config *config, const struct mailbox *mailbox)
{
    for (guint i = 0; i < config->specialists->len; i++)
        if (((const struct specialist *)config->specialists->pdata[i])->mailbox == mailbox)
            return FALSE;
    return TRUE;
}

const struct specialist *
config_specialist(const struct config *config, const char *id)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *s = config->specialists->pdata[i];
        if (strcmp(s->id, id) == 0)
            return s;
    }
    return NULL;
}

const struct specialist *
config_specialist_by_address(const struct config *config, const char *address)
{
    for (guint i = 0; i < config->specialists->len; i++) {
        const struct specialist *s = config->specialists->pdata[i];
        if (g_ascii_strcasecmp(s->address, address) == 0)
            return s;
    }
    return NULL;
}

const struct hook *
config_hook(const struct config *config, const char *name)
{
    for (guint i = 0; i < config->hooks->len; i++) {
        const struct hook *h = config->hooks->pdata[i];
        if (strcmp(h->name, name) == 0)
            return h;
    }
    return NULL;
}
