/* What steps, meetings and alerts say of their tasks: title and assignee. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_TASK_WORDS_H
#define USHER_PIPELINE_TASK_WORDS_H

#include "liquid/liquid.h"
#include "pipeline/sequence.h"
#include "pipeline/view.h"

#include <confuse.h>

/* The key `title` of a section: Liquid over the facts, every name of which is known, and no other file.
 * USHER_ERROR_CONFIG with file and line; it lacks what to do when there is none. */
gboolean task_words_read_title(const struct program *program, cfg_t *section, struct liquid_template **title,
                               GError **error);

/* Whose task it is, under key: *assignee is a specialist's id, or NULL for the account's owner. Where a file
 * is looked at without the team, any name will do. USHER_ERROR_CONFIG with file, line and what was expected.
 */
gboolean task_words_read_assignee(const struct program *program, cfg_t *section, const char *key,
                                  char **assignee, GError **error);

/* The title on one line without control characters, however a fact was delivered; name where it is empty, and
 * why where it cannot be rendered: a task is made all the same. The caller frees. */
char *task_words_title(struct view *view, const struct liquid_template *title, const char *name);

#endif
