/* What keeps a mail from being worth reading, or honest, found by rules (enum lint_rule in base/config.h):
 * the team may set the level of each. An error keeps a draft from being approved, a warning is shown. See
 * usher-template(5). */
#ifndef USHER_COMPOSE_LINT_H
#define USHER_COMPOSE_LINT_H

#include "accounts/facts.h"
#include "base/config.h"

#include <jansson.h>

struct lint_line {
    enum lint_level level; /* never LINT_OFF */
    const char *rule;      /* its name; static */
    int line; /* of the file; of a draft as `usher edit` shows it: the Subject is line 1, the body begins on
                 line 3 */
    char *message; /* what is wrong, with the text it is about */
    char *hint;    /* what to do instead */
};

/* A mail as it would be sent; everything borrowed. */
struct lint_letter_input {
    const struct config *config;
    const char *subject, *markdown;
    const char *text, *html; /* its two parts; NULL: not compared */
    const char *rendered;    /* what the template made of the facts, before anybody edited it */
    const json_t *basis;     /* fact → {value, …} */
    const char *const
        *names;       /* NULL-terminated, may be NULL: people, team, company, which are nobody's wording */
    gboolean follows; /* it continues a conversation, whose subject it keeps */
};

/* The lines for a letter, by line; empty when there is nothing to say. Free with g_ptr_array_unref(). */
GPtrArray *lint_letter(const struct lint_letter_input *input);

/* A template, or (with a When line) a finding. text is the file's, name what lines of errors call it. */
struct lint_template_input {
    const struct config *config;
    const struct fact_set *facts;
    const char *name, *text;
    gboolean automatic; /* a step sends it without anybody looking at it */
};

/* The lines for a template: of what it can print in any case, its longest way through. USHER_ERROR_DATA or
 * USHER_ERROR_CONFIG with name and line when it is no template. */
GPtrArray *lint_template(const struct lint_template_input *input, GError **error);

/* The first line of level error, NULL when there is none. Borrowed. */
const struct lint_line *lint_first_error(const GPtrArray *lines);

/* {line, level, rule, message, hint}. */
json_t *lint_line_to_json(const struct lint_line *line);

#endif
