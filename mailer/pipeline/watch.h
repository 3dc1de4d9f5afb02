/* What segments and alerts share: they look at every account whenever it is evaluated, through the eyes of
 * one sequence (its stage, its times), and all of them that look through the same one are evaluated as one
 * statement. Inside pipeline/ only. */
#ifndef USHER_PIPELINE_WATCH_H
#define USHER_PIPELINE_WATCH_H

#include "pipeline/sequence.h"
#include "pipeline/view.h"

#include <confuse.h>

/* The sequence a section looks through: the one its `sequence` names, else the first in force. *home is NULL
 * when the named one is not in force. USHER_ERROR_CONFIG with file and line when it seems misspelt. */
gboolean watch_home(const struct program *program, cfg_t *section, struct sequence **home, GError **error);

/* The same where `sequence` is a list: those of it that are in force, in its order; the first in force where
 * it names none. Adds borrowed struct sequence to homes. */
gboolean watch_homes(const struct program *program, cfg_t *section, GPtrArray *homes, GError **error);

/* The two sets of rules of a sequence. Segments are asked for every account, alerts only for those that the
 * team knows: see watch_is_known(). */
enum watch { WATCH_SEGMENTS, WATCH_ALERTS };

/* Compiles the rule under key for home; *index is NO_RULE when the key is unset. USHER_ERROR_CONFIG with
 * file, line and key. */
gboolean watch_add_rule(struct sequence *home, enum watch which, const char *file, cfg_t *section,
                        const char *key, int *index, GError **error);

/* TRUE for lower-case letters, digits and _ that begin with a letter. */
gboolean watch_name_is_plain(const char *name);

/* Evaluates all of one set on the facts the view holds now into view->watched. */
gboolean watch_evaluate(struct view *view, enum watch which, GError **error);

/* The verdict of one of them; NO_RULE gives fallback. */
enum rule_truth watch_truth(const struct view *view, enum watch which, int rule, enum rule_truth fallback);

/* TRUE when the account is or was in the view's sequence, is in a segment, or has an open task: one that left
 * its segment may have an alert to close. */
gboolean watch_is_known(const struct view *view);

#endif
