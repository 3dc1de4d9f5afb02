/* The hook sections of usher.conf: which events start which program. See config_parts.h and usher.conf(5). */
#include "base/config_parts.h"

#include "base/conf.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

#define MAX_TIMEOUT_S 300

cfg_opt_t config_hook_options[] = {CFG_STR_LIST("on", NULL, CFGF_NONE), CFG_STR("run", NULL, CFGF_NONE),
                                   CFG_INT("timeout", 10, CFGF_NONE), CFG_END()};

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
};

void
config_hook_free(gpointer data)
{
    struct hook *h = data;
    g_free(h->name);
    g_strfreev(h->argv);
    g_free(h);
}

static gboolean
read_events(cfg_t *s, struct hook *h, GError **error)
{
    const char *names[HOOK_EVENT_COUNT + 1] = {0};
    for (int i = 0; i < HOOK_EVENT_COUNT; i++)
        names[i] = hook_events[i].name;
    for (unsigned i = 0; i < cfg_size(s, "on"); i++) {
        const char *word = cfg_getnstr(s, "on", i);
        int e = 0;
        while (e < HOOK_EVENT_COUNT && strcmp(names[e], word) != 0)
            e++;
        if (e == HOOK_EVENT_COUNT) {
            const char *nearest = text_nearest(word, names);
            g_autofree char *all = g_strjoinv(", ", (char **)(gsize)names);
            return conf_refuse(s, error, "on: there is no event \"%s\"%s%s%s: expected any of %s", word,
                               nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "",
                               all);
        }
        h->on[e] = TRUE;
    }
    if (cfg_size(s, "on") == 0)
        return conf_refuse(s, error, "hook \"%s\" needs on, such as on = {\"reply\", \"task\"}", h->name);
    return TRUE;
}

gboolean
config_read_hook(cfg_t *s, const char *dir, struct config *c, GError **error)
{
    struct hook *h = g_new0(struct hook, 1);
    g_autoptr(GError) local = NULL;
    g_ptr_array_add(c->hooks, h);
    h->name = g_strdup(cfg_title(s));
    h->timeout_s = (int)CLAMP(cfg_getint(s, "timeout"), 0, MAX_TIMEOUT_S + 1);
    if (!*h->name || strspn(h->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
                         strlen(h->name))
        return conf_refuse(s, error, "hook \"%s\": expected a title of letters, digits, _ and -", h->name);
    if (h->timeout_s < 1 || h->timeout_s > MAX_TIMEOUT_S)
        return conf_refuse(s, error, "timeout: expected 1 to %d seconds", MAX_TIMEOUT_S);
    const char *run = cfg_getstr(s, "run");
    if (!run || !*run)
        return conf_refuse(s, error, "hook \"%s\" needs run, such as run = \"/usr/local/bin/post\"", h->name);
    if (!g_shell_parse_argv(run, NULL, &h->argv, &local))
        return conf_refuse(s, error, "run: %s", local->message);
    if (!strchr(h->argv[0], '/'))
        return conf_refuse(s, error, "run: \"%s\": expected the program with its folder", h->argv[0]);
    char *path = config_resolve_path(dir, h->argv[0]);
    g_free(h->argv[0]);
    h->argv[0] = path;
    return read_events(s, h, error);
}
