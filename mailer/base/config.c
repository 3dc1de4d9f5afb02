/* Reading usher.conf: see config.h and usher.conf(5). */
#include "base/config.h"

#include "base/conf.h"
#include "base/config_parts.h"
#include "base/error.h"
#include "base/text.h"
#include "base/zone.h"

#include <string.h>

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

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
    [LINT_FIGURE] = {"figure", LINT_WARNING},
    [LINT_PARTS_DIFFER] = {"parts_differ", LINT_ERROR},
    [LINT_VARIABLE_UNKNOWN] = {"variable_unknown", LINT_ERROR},
    [LINT_VARIABLE_UNUSED] = {"variable_unused", LINT_WARNING},
    [LINT_GAP] = {"gap", LINT_ERROR},
    [LINT_TIME_OF_DAY] = {"time_of_day", LINT_ERROR},
    [LINT_AUTOMATIC_FIGURE] = {"automatic_figure", LINT_ERROR},
    [LINT_NO_MAX_AGE] = {"no_max_age", LINT_WARNING},
};

static gboolean
read_minute(cfg_t *section, const char *key, int *minute, GError **error)
{
    const char *text = cfg_getstr(section, key);
    int h, m;
    if (strlen(text) != 5 || text[2] != ':' || !g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]) ||
        !g_ascii_isdigit(text[3]) || !g_ascii_isdigit(text[4]))
        return conf_refuse(section, error, "%s: \"%s\": expected a time such as 09:00", key, text);
    h = (text[0] - '0') * 10 + text[1] - '0';
    m = (text[3] - '0') * 10 + text[4] - '0';
    if (h * 60 + m > 24 * 60 || m > 59)
        return conf_refuse(section, error, "%s: \"%s\": expected a time from 00:00 to 24:00", key, text);
    *minute = h * 60 + m;
    return TRUE;
}

gboolean
window_read(cfg_t *section, struct window *out, GError **error)
{
    memset(out, 0, sizeof *out);
    for (unsigned i = 0; i < cfg_size(section, "days"); i++) {
        const char *day = cfg_getnstr(section, "days", i);
        guint d = 0;
        while (d < 7 && strcmp(day, day_names[d]) != 0)
            d++;
        if (d == 7)
            return conf_refuse(section, error, "days: \"%s\": expected mon, tue, wed, thu, fri, sat or sun",
                               day);
        out->days |= 1u << d;
    }
    if (!read_minute(section, "from", &out->from_minute, error) ||
        !read_minute(section, "to", &out->to_minute, error))
        return FALSE;
    if (!out->days || out->from_minute >= out->to_minute)
        return conf_refuse(section, error, "window: expected at least one day and a \"from\" before \"to\"");
    return TRUE;
}

gboolean
window_meet(const struct window *a, const struct window *b, struct window *both)
{
    *both = (struct window){.days = a->days & b->days,
                            .from_minute = MAX(a->from_minute, b->from_minute),
                            .to_minute = MIN(a->to_minute, b->to_minute)};
    return both->days && both->from_minute < both->to_minute;
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

/* libconfuse wants its default lists writable. */
#define LIST(text) ((char[]){text})

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

char *
config_resolve_path(const char *base_dir, const char *path)
{
    return path && *path && !g_path_is_absolute(path) ? g_build_filename(base_dir, path, NULL)
                                                      : g_strdup(path);
}

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

static gboolean
read_all(cfg_t *cfg, struct config *c, GError **error)
{
    g_autofree char *dir = g_path_get_dirname(c->path);
    c->database = config_resolve_path(dir, cfg_getstr(cfg, "database"));
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
config_new(void)
{
    struct config *c = g_new0(struct config, 1);
    c->mailboxes = g_ptr_array_new_with_free_func(config_mailbox_free);
    c->specialists = g_ptr_array_new_with_free_func(specialist_free);
    c->hooks = g_ptr_array_new_with_free_func(config_hook_free);
    c->sequences = g_new0(char *, 1);
    c->deliver_only_to = g_new0(char *, 1);
    c->timezone = zone_find("UTC", NULL);
    for (int i = 0; i < LINT_RULE_COUNT; i++)
        c->lint[i] = lint_settings[i].level;
    return c;
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
