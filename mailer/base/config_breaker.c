/* `breaker { … }` of usher.conf: when too many mails come back. See usher.conf(5). */
#include "base/config_parts.h"

#include "base/conf.h"

cfg_opt_t config_breaker_options[] = {CFG_INT("returned", 10, CFGF_NONE), CFG_INT("share", 20, CFGF_NONE),
                                      CFG_END()};

gboolean
config_read_breaker(cfg_t *s, struct config *c, GError **error)
{
    c->breaker.returned = cfg_getint(s, "returned");
    c->breaker.share = cfg_getint(s, "share");
    if (c->breaker.returned < 0 || c->breaker.share < 1 || c->breaker.share > 100)
        return conf_refuse(
            s, error, "breaker: expected returned of 0 (never) or more, and a share of 1 to 100 per cent");
    return TRUE;
}
