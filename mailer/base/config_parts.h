/* The parts of usher.conf that have a file of their own. Inside base/config*.c only. */
#ifndef USHER_BASE_CONFIG_PARTS_H
#define USHER_BASE_CONFIG_PARTS_H

#include "base/config.h"

#include <confuse.h>

/* path as seen from base_dir; an absolute, empty or missing one stays as it is. The caller frees. */
char *config_resolve_path(const char *base_dir, const char *path);

/* `mailbox NAME { … }`: adds it to config->mailboxes; files are relative to dir. USHER_ERROR_CONFIG. */
extern cfg_opt_t config_mailbox_options[];
gboolean config_read_mailbox(cfg_t *section, const char *dir, struct config *config, GError **error);
void config_mailbox_free(gpointer mailbox);

/* `hook NAME { … }`: adds it to config->hooks; its program is relative to dir. USHER_ERROR_CONFIG. */
extern cfg_opt_t config_hook_options[];
gboolean config_read_hook(cfg_t *section, const char *dir, struct config *config, GError **error);
void config_hook_free(gpointer hook);

/* `gap`, `daily_max`, `domain_hourly_max`, `spacing`, `deliver_only_to`, `redirect_all_to` of the file, and
 * `window`, `daily_max`, `spacing` of a mailbox's section. Servers must have been read. USHER_ERROR_CONFIG.
 */
gboolean config_read_limits(cfg_t *cfg, struct config *config, GError **error);
gboolean config_read_mailbox_limits(cfg_t *cfg, cfg_t *section, const struct config *config,
                                    struct mailbox *mailbox, GError **error);

/* ASCII local@domain without anything that means something elsewhere: the wire checks it again in full. */
gboolean config_is_plain_address(const char *address);

/* `breaker { … }` into config->breaker. USHER_ERROR_CONFIG. */
extern cfg_opt_t config_breaker_options[];
gboolean config_read_breaker(cfg_t *section, struct config *config, GError **error);

#endif
