/* What stands between two braces: a value and its filters. */
#ifndef USHER_LIQUID_EVALUATE_H
#define USHER_LIQUID_EVALUATE_H

#include "liquid/render_state.h"

/* Evaluates the value and its filters. */
bool evaluate_output(struct render *render, const struct output *output, struct liquid_value *out);

/* One of the filters, on *value. */
bool evaluate_filter(struct render *render, const struct filter_call *call, struct liquid_value *value);

#endif
