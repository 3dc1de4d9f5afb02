/* The files that decide what is sent: configuration, sequences (facts and holidays with them), templates,
 * findings. Two processes that loaded the same ones judge a mail alike. */
#ifndef USHER_SERVICE_FILES_H
#define USHER_SERVICE_FILES_H

#include "base/cleanup.h"
#include "base/config.h"

/* A hash of what is in them now. The caller frees. */
char *files_hash(const struct config *config);

struct files;

/* What they look like now: call before they are loaded. config is borrowed. */
struct files *files_new(const struct config *config);
void files_free(struct files *files);

/* The hash of the files as they were loaded, with the program's own file; NULL when they changed since, so
 * that nobody can tell. Borrowed; worked out when first asked for. */
const char *files_loaded(struct files *files);

#endif
