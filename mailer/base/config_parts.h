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

/* `breaker { … }` into config->breaker. USHER_ERROR_CONFIG. */
extern cfg_opt_t config_breaker_options[];
gboolean config_read_breaker(cfg_t *section, struct config *config, GError **error);

#endif
