/* Names and paths while rendering: what a word of the template means here. */
#ifndef USHER_LIQUID_SCOPE_H
#define USHER_LIQUID_SCOPE_H

#include "liquid/render_state.h"

/* The value of an expression. False with the error set. */
bool scope_evaluate(struct render *render, const struct expr *expr, struct liquid_value *out);
/* True and *out when the name means anything at all. */
bool scope_find(struct render *render, const struct name *name, struct liquid_value *out);
/* The same for a word that need not be in the template. */
bool scope_find_text(struct render *render, struct text name, struct liquid_value *out);
/* The same, in the data source alone. */
bool scope_find_outer(struct render *render, const struct name *name, struct liquid_value *out);
bool scope_assign(struct render *render, const struct name *name, const struct liquid_value *value);
struct cache *scope_cache(struct render *render, const struct liquid_template *tpl);

#endif
