/* How much may go out, how close together, and to whom at all: the limits and safety nets of usher.conf. See
 * config_parts.h and usher.conf(5). */
#include "base/config_parts.h"

#include "base/clock.h"
#include "base/conf.h"

#include <string.h>

/* Between two mails of one mailbox, where usher.conf says nothing and the server is no local one. */
#define SPACING_MIN_US (20 * CLOCK_SECOND_US)
#define SPACING_MAX_US (60 * CLOCK_SECOND_US)

/* "20..60 seconds", "30 seconds" or "none". */
static gboolean
read_spacing(cfg_t *section, struct spacing *out, GError **error)
{
    const char *text = cfg_getstr(section, "spacing");
    guint64 most;
    gint64 unit_us, least;
    *out = (struct spacing){0};
    if (strcmp(text, "none") == 0)
        return TRUE;
    const char *dots = strstr(text, "..");
    g_autofree char *from = dots ? g_strndup(text, (gsize)(dots - text)) : NULL;
    if (!span_parse(dots ? dots + 2 : text, &most, &unit_us) || unit_us > CLOCK_MINUTE_US ||
        (gint64)most * unit_us > CLOCK_HOUR_US)
        goto refuse;
    least = (gint64)most;
    if (from && (!g_ascii_string_to_signed(from, 10, 0, (gint64)most, &least, NULL)))
        goto refuse;
    *out = (struct spacing){.min_us = least * unit_us, .max_us = (gint64)most * unit_us};
    return TRUE;
refuse:
    return conf_refuse(section, error,
                       "spacing: \"%s\": expected \"20..60 seconds\", at most an hour, or \"none\"", text);
}

static gboolean
read_count(cfg_t *section, const char *key, guint *out, GError **error)
{
    long n = cfg_getint(section, key);
    if (n < 0 || n > 10000000)
        return conf_refuse(section, error, "%s: expected a number of mails, 0 for no limit", key);
    *out = (guint)n;
    return TRUE;
}

static gboolean
read_allowed(cfg_t *cfg, struct config *c, GError **error)
{
    g_strfreev(c->deliver_only_to);
    c->deliver_only_to = conf_dup_list(cfg, "deliver_only_to");
    for (char **entry = c->deliver_only_to; *entry; entry++) {
        g_autofree char *given = *entry;
        const char *domain = *given == '@' ? given + 1 : given;
        *entry = g_ascii_strdown(domain, -1);
        g_autofree char *as_address =
            strchr(domain, '@') ? g_strdup(domain) : g_strconcat("x@", domain, NULL);
        if (!config_is_plain_address(as_address))
            return conf_refuse(
                cfg, error, "deliver_only_to: \"%s\": expected an address or a domain, such as team.example",
                given);
    }
    return TRUE;
}

gboolean
config_read_limits(cfg_t *cfg, struct config *c, GError **error)
{
    if (!span_read(cfg, "gap", &c->gap_us, error) || !read_count(cfg, "daily_max", &c->daily_max, error) ||
        !read_count(cfg, "domain_hourly_max", &c->domain_hourly_max, error) || !read_allowed(cfg, c, error))
        return FALSE;
    c->redirect_all_to = conf_dup_str(cfg, "redirect_all_to");
    if (c->redirect_all_to && !config_is_plain_address(c->redirect_all_to))
        return conf_refuse(cfg, error, "redirect_all_to: \"%s\": expected an address", c->redirect_all_to);
    return !cfg_getstr(cfg, "spacing") || read_spacing(cfg, &c->spacing, error);
}

gboolean
config_read_mailbox_limits(cfg_t *cfg, cfg_t *section, const struct config *c, struct mailbox *m,
                           GError **error)
{
    m->has_window = cfg_size(section, "window") > 0;
    if (cfg_size(section, "window") > 1)
        return conf_refuse(section, error, "mailbox \"%s\": expected one window", m->name);
    if (m->has_window && !window_read(cfg_getnsec(section, "window", 0), &m->window, error))
        return FALSE;
    /* Whoever sends through a server of this very machine rehearses, or has a relay that keeps its own pace.
     */
    gboolean local = config_is_loopback(m->smtp.host);
    m->spacing = cfg_getstr(cfg, "spacing") ? c->spacing
                 : local                    ? (struct spacing){0}
                                            : (struct spacing){SPACING_MIN_US, SPACING_MAX_US};
    return (!cfg_getstr(section, "spacing") || read_spacing(section, &m->spacing, error)) &&
           read_count(section, "daily_max", &m->daily_max, error);
}
