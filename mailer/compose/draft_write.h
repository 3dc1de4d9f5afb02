/* The text of a draft: who it goes to, what it tells, and the words. */
#ifndef USHER_COMPOSE_DRAFT_WRITE_H
#define USHER_COMPOSE_DRAFT_WRITE_H

#include "compose/draft.h"
#include "compose/template.h"

/* Chooses recipients and findings of now and renders: as many findings, up to what the template asks for, as
 * fit into LINT_MAX_WORDS words, at least one. Sets draft->recipients and draft->findings; its specialist is
 * given. USHER_ERROR_NO_INPUT when nobody is left to write to, USHER_ERROR_DATA from template and findings.
 */
gboolean draft_write(const struct composer *composer, const struct draft_request *request,
                     const struct mail_template *tpl, struct draft *draft, struct letter *out,
                     GError **error);

/* Renders the draft once more, with just the findings it was made with, from their texts of then, on the
 * facts of now; only for comparing. FALSE with *difference (the caller frees) when one of them no longer
 * holds, else with error. */
gboolean draft_write_again(const struct composer *composer, const struct mail_template *tpl,
                           const struct draft *draft, struct letter *out, char **difference, GError **error);

#endif
