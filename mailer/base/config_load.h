/* Reading usher.conf into struct config. */
#ifndef USHER_BASE_CONFIG_LOAD_H
#define USHER_BASE_CONFIG_LOAD_H

#include "base/config.h"

/* Reads and checks path. USHER_ERROR_NO_INPUT or USHER_ERROR_CONFIG with file, line and what was expected. */
struct config *config_load(const char *path, GError **error);

#endif
