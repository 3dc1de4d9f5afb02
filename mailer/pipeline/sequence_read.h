/* Reading a sequence file, inside pipeline/ only. A file is refused as a whole at its first mistake:
 * USHER_ERROR_CONFIG with file, line, key and what was expected. */
#ifndef USHER_PIPELINE_SEQUENCE_READ_H
#define USHER_PIPELINE_SEQUENCE_READ_H

#include "pipeline/sequence.h"

#include <confuse.h>

/* The tree of the file at path: its grammar is right, its meaning not looked at. Free with cfg_free(). */
cfg_t *sequence_parse(const char *path, GError **error);

/* First pass: everything that the rules' columns depend on, of section `sequence`. */
gboolean sequence_read_outline(struct sequence *seq, struct program *program, cfg_t *section, GError **error);

/* Second pass, once every sequence's outline is read: rules, steps, meetings, goals and transitions. */
gboolean sequence_read_rules(struct sequence *seq, const struct program *program, cfg_t *section,
                             GError **error);

/* The steps and the meetings of a sequence. sequence_read_steps.c */
gboolean sequence_read_steps(struct sequence *seq, const struct program *program, cfg_t *section,
                             GError **error);

/* What the readers share: sequence_read_parts.c.
 *
 * Compiles the rule under key into *index, NO_RULE when the key is unset. */
gboolean sequence_read_rule(struct sequence *seq, cfg_t *section, const char *key, int *index,
                            GError **error);

/* Refuses a stage that is not there, under key. */
gboolean sequence_check_stage(const struct sequence *seq, cfg_t *section, const char *key, const char *id,
                              GError **error);

/* Refuses a list of stages that names one that is not there. */
gboolean sequence_check_stages(const struct sequence *seq, cfg_t *section, char **stages, GError **error);

/* Lower-case letters, digits and underscores, a letter first. */
gboolean sequence_is_identifier(const char *text);

#endif
