/* The rules about wording, shared by letters (lint.c) and templates (lint_template.c). */
#ifndef USHER_COMPOSE_LINT_RULES_H
#define USHER_COMPOSE_LINT_RULES_H

#include "compose/lint.h"
#include "compose/prose.h"

struct lint_run {
    const struct config *config;
    GPtrArray *lines; /* struct lint_line */
};

struct lint_run lint_begin(const struct config *config);
/* The lines found, in order; the run is over. */
GPtrArray *lint_end(struct lint_run *run);

/* Adds a line unless the rule is off. */
void lint_add(struct lint_run *run, enum lint_rule rule, int line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

/* Length, generic words and a misleading beginning; PROSE_VALUE in subject stands for a value. */
void lint_subject(struct lint_run *run, const char *subject, int line);
/* Phrases and dashes. */
void lint_wording(struct lint_run *run, const struct prose *prose);
/* Links without https. */
void lint_addresses(struct lint_run *run, const struct prose *prose);

/* Square brackets that somebody was to fill in. */
void lint_gaps(struct lint_run *run, const struct prose *prose);

/* How much there is; the lines are where the limit is passed. */
struct lint_amounts {
    guint words, questions, links;
    int words_line, questions_line, links_line;
};
#define LINT_MAX_WORDS 150u
#define LINT_MAX_QUESTIONS 1u
#define LINT_MAX_LINKS 4u /* three findings, each with its page, and the booking link */
void lint_amounts(struct lint_run *run, const struct lint_amounts *amounts);

/* The bytes of a question's mark at p ("?", "?!", "??" are one), 0 when there is none. */
gsize lint_question_at(const char *p);

#endif
