/* Conditions: comparing values, and the terms of an if. */
#ifndef USHER_LIQUID_CONDITION_H
#define USHER_LIQUID_CONDITION_H

#include "liquid/render_state.h"

bool condition_compare(struct render *render, enum comparison comparison, const struct liquid_value *left,
                       const struct liquid_value *right, bool *out);
bool condition_test(struct render *render, const struct condition *condition, bool *out);

#endif
