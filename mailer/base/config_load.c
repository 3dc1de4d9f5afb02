/* Reading usher.conf: see config_load.h and usher.conf(5). The larger sections have files of their own. */
#include "base/config_load.h"

#include "base/conf.h"
#include "base/config_parts.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"

#include <stdlib.h>
#include <string.h>

/* libconfuse wants its default lists writable. */
#define LIST(text) ((char[]){text})

static gboolean
read_specialist(cfg_t *s, struct config *c, GError **error)
{
    struct specialist *p = g_new0(struct specialist, 1);
    g_ptr_array_add(c->specialists, p);
    p->id = g_strdup(cfg_title(s));
    p->name = conf_dup_str(s, "name");
    p->address = conf_dup_str(s, "address");
    p->regions = conf_dup_list(s, "regions");
    p->logins = conf_dup_list(s, "logins");
    p->booking_link = conf_dup_str(s, "booking_link");
    p->since = conf_dup_str(s, "since");
    struct civil since;
    if (p->since && (!civil_parse(p->since, &since) || since.has_time))
        return conf_refuse(s, error, "since: \"%s\": expected a date such as 2026-09-01", p->since);
    if (!p->name || !p->address || !config_is_plain_address(p->address))
        return conf_refuse(s, error, "specialist \"%s\" needs a name and an address", p->id);
    const char *mailbox = cfg_getstr(s, "mailbox");
    p->mailbox = config_mailbox(c, mailbox && *mailbox ? mailbox : p->id);
    if (!p->mailbox)
        return conf_refuse(s, error, "specialist \"%s\": there is no mailbox \"%s\"", p->id,
                           mailbox && *mailbox ? mailbox : p->id);
    return TRUE;
}

static gboolean
read_team(cfg_t *s, struct config *c, GError **error)
{
    c->team_name = conf_dup_str(s, "name");
    c->company = conf_dup_str(s, "company");
    c->booking_link = conf_dup_str(s, "booking_link");
    c->help_link = conf_dup_str(s, "help_link");
    c->survey_link = conf_dup_str(s, "survey_link");
    c->failsafe = conf_dup_str(s, "failsafe");
    c->sales = conf_dup_str(s, "sales");
    c->timezone_name = conf_dup_str(s, "timezone");
    g_autoptr(GError) local = NULL;
    c->timezone = zone_find(c->timezone_name ? c->timezone_name : "UTC", &local);
    if (!c->timezone)
        return conf_refuse(s, error, "timezone: %s", local->message);
    if (!c->team_name)
        return conf_refuse(s, error, "team needs a name");
    if (c->booking_link && !g_str_has_prefix(c->booking_link, "https://"))
        return conf_refuse(s, error, "booking_link: \"%s\": expected an https address", c->booking_link);
    if (c->survey_link && !g_str_has_prefix(c->survey_link, "https://"))
        return conf_refuse(s, error, "survey_link: \"%s\": expected an https address", c->survey_link);
    return TRUE;
}

static gboolean
read_lint(cfg_t *s, struct config *c, GError **error)
{
    for (int i = 0; i < LINT_RULE_COUNT; i++) {
        const char *word = cfg_getstr(s, lint_settings[i].name);
        enum lint_level level = 0;
        while (word && level < LINT_LEVEL_COUNT && strcmp(word, lint_level_names[level]) != 0)
            level++;
        if (level == LINT_LEVEL_COUNT)
            return conf_refuse(s, error, "lint: %s: \"%s\": expected error, warning or off",
                               lint_settings[i].name, word);
        if (word)
            c->lint[i] = level;
    }
    return TRUE;
}

/* The database by its own name, whatever links lead to it: the locks beside it are named after it. */
static char *
real_database(char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *dir = g_path_get_dirname(path);
    char *there = realpath(path, NULL);
    char *folder = there ? NULL : realpath(dir, NULL);
    char *real = there ? g_strdup(there) : folder ? g_build_filename(folder, name, NULL) : g_strdup(path);
    free(there);
    free(folder);
    g_free(path);
    return real;
}

static gboolean
read_all(cfg_t *cfg, struct config *c, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(c->path);
    c->database = real_database(config_resolve_path(dir, cfg_getstr(cfg, "database")));
    c->sequences_dir = config_resolve_path(dir, cfg_getstr(cfg, "sequences_dir"));
    c->templates_dir = config_resolve_path(dir, cfg_getstr(cfg, "templates_dir"));
    const char *leads_dir = cfg_getstr(cfg, "leads_dir");
    c->leads_dir = leads_dir && *leads_dir ? config_resolve_path(dir, leads_dir) : NULL;
    g_strfreev(c->sequences);
    c->sequences = conf_dup_list(cfg, "sequences");
    c->retry_after_us = (gint64)cfg_getint(cfg, "retry_after") * 60 * G_USEC_PER_SEC;
    c->retry_for_us = (gint64)cfg_getint(cfg, "retry_for") * 3600 * G_USEC_PER_SEC;
    c->second_approval = cfg_getbool(cfg_getsec(cfg, "approval"), "second");
    if (c->retry_after_us <= 0 || c->retry_for_us <= 0)
        return conf_refuse(cfg, error, "retry_after and retry_for: expected a number above zero");
    c->fence_max_age_us = (gint64)cfg_getint(cfg, "fence_max_age") * 60 * G_USEC_PER_SEC;
    if (c->fence_max_age_us <= 60 * (gint64)G_USEC_PER_SEC ||
        c->fence_max_age_us > 3600 * (gint64)G_USEC_PER_SEC)
        return conf_refuse(cfg, error,
                           "fence_max_age: expected 2 to 60 minutes; the mailboxes are read once a minute");
    if (!read_team(cfg_getsec(cfg, "team"), c, error) ||
        !window_read(cfg_getsec(cfg, "window"), &c->window, error) ||
        !read_lint(cfg_getsec(cfg, "lint"), c, error) || !config_read_limits(cfg, c, error) ||
        !config_read_breaker(cfg_getsec(cfg, "breaker"), c, error))
        return FALSE;
    for (unsigned i = 0; i < cfg_size(cfg, "mailbox"); i++)
        if (!config_read_mailbox(cfg_getnsec(cfg, "mailbox", i), dir, c, error) ||
            !config_read_mailbox_limits(cfg, cfg_getnsec(cfg, "mailbox", i), c, c->mailboxes->pdata[i],
                                        error))
            return FALSE;
    for (unsigned i = 0; i < cfg_size(cfg, "specialist"); i++)
        if (!read_specialist(cfg_getnsec(cfg, "specialist", i), c, error))
            return FALSE;
    for (unsigned i = 0; i < cfg_size(cfg, "hook"); i++)
        if (!config_read_hook(cfg_getnsec(cfg, "hook", i), dir, c, error))
            return FALSE;
    if (c->specialists->len == 0)
        return conf_refuse(cfg, error, "expected at least one specialist section");
    if (c->failsafe && !config_specialist(c, c->failsafe))
        return conf_refuse(cfg_getsec(cfg, "team"), error, "failsafe: there is no specialist \"%s\"",
                           c->failsafe);
    if (c->sales && !config_specialist(c, c->sales))
        return conf_refuse(cfg_getsec(cfg, "team"), error, "sales: there is no specialist \"%s\"", c->sales);
    const char *shared = cfg_getstr(cfg_getsec(cfg, "team"), "shared");
    c->shared = shared ? config_specialist(c, shared) : NULL;
    if (shared && !c->shared)
        return conf_refuse(cfg_getsec(cfg, "team"), error, "shared: there is no specialist \"%s\"", shared);
    return TRUE;
}

struct config *
config_load(const char *path, GError **error)
{
    cfg_opt_t team[] = {CFG_STR("name", NULL, CFGF_NONE),      CFG_STR("company", NULL, CFGF_NONE),
                        CFG_STR("timezone", "UTC", CFGF_NONE), CFG_STR("booking_link", NULL, CFGF_NONE),
                        CFG_STR("help_link", NULL, CFGF_NONE), CFG_STR("survey_link", NULL, CFGF_NONE),
                        CFG_STR("failsafe", NULL, CFGF_NONE),  CFG_STR("sales", NULL, CFGF_NONE),
                        CFG_STR("shared", NULL, CFGF_NONE),    CFG_END()};
    cfg_opt_t window[] = {CFG_STR_LIST("days", LIST("{mon, tue, wed, thu, fri}"), CFGF_NONE),
                          CFG_STR("from", "09:00", CFGF_NONE), CFG_STR("to", "17:00", CFGF_NONE), CFG_END()};
    cfg_opt_t specialist[] = {
        CFG_STR("name", NULL, CFGF_NONE),        CFG_STR("address", NULL, CFGF_NONE),
        CFG_STR("mailbox", NULL, CFGF_NONE),     CFG_STR_LIST("regions", NULL, CFGF_NONE),
        CFG_STR_LIST("logins", NULL, CFGF_NONE), CFG_STR("booking_link", NULL, CFGF_NONE),
        CFG_STR("since", NULL, CFGF_NONE),       CFG_END()};
    cfg_opt_t lint[LINT_RULE_COUNT + 1] = {0};
    for (int i = 0; i < LINT_RULE_COUNT; i++)
        lint[i] = (cfg_opt_t)CFG_STR(lint_settings[i].name, NULL, CFGF_NONE);
    lint[LINT_RULE_COUNT] = (cfg_opt_t)CFG_END();
    cfg_opt_t approval[] = {CFG_BOOL("second", cfg_false, CFGF_NONE), CFG_END()};
    cfg_opt_t opts[] = {
        CFG_STR("database", "usher.db", CFGF_NONE),
        CFG_STR("sequences_dir", "sequences", CFGF_NONE),
        CFG_STR("templates_dir", "templates", CFGF_NONE),
        CFG_STR("leads_dir", NULL, CFGF_NONE),
        CFG_STR_LIST("sequences", LIST("{onboarding}"), CFGF_NONE),
        CFG_INT("retry_after", 15, CFGF_NONE),
        CFG_INT("retry_for", 48, CFGF_NONE),
        CFG_STR("gap", "2 days", CFGF_NONE),
        CFG_INT("daily_max", 0, CFGF_NONE),
        CFG_INT("domain_hourly_max", 0, CFGF_NONE),
        CFG_STR("spacing", NULL, CFGF_NONE),
        CFG_STR_LIST("deliver_only_to", NULL, CFGF_NONE),
        CFG_STR("redirect_all_to", NULL, CFGF_NONE),
        CFG_INT("fence_max_age", 5, CFGF_NONE),
        CFG_SEC("team", team, CFGF_NONE),
        CFG_SEC("window", window, CFGF_NONE),
        CFG_SEC("lint", lint, CFGF_NONE),
        CFG_SEC("approval", approval, CFGF_NONE),
        CFG_SEC("breaker", config_breaker_options, CFGF_NONE),
        CFG_SEC("specialist", specialist, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("mailbox", config_mailbox_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_SEC("hook", config_hook_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_END()};
    cfg_t *cfg = conf_parse(opts, path, error);
    if (!cfg)
        return NULL;
    struct config *c = config_new();
    c->path = g_canonicalize_filename(path, NULL);
    gboolean ok = read_all(cfg, c, error);
    cfg_free(cfg);
    if (!ok)
        g_clear_pointer(&c, config_free);
    return c;
}
