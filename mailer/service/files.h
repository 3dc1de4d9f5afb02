/* The files that decide what is sent: configuration, sequences (facts and holidays with them), templates,
 * findings. Two processes that loaded the same ones judge a mail alike. */
#ifndef USHER_SERVICE_FILES_H
#define USHER_SERVICE_FILES_H

#include "base/config.h"

/* A hash of what is in them now. The caller frees. */
char *files_hash(const struct config *config);

/* Their names, sizes and times of change, without reading them. The caller frees. */
char *files_look(const struct config *config);

struct service;

/* The hash of the files as this process loaded them, with its program's version; NULL when they changed
 * since, so that nobody can tell. Borrowed; worked out when first asked for. */
const char *files_loaded(struct service *service);

#endif
