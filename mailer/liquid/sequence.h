/* Going through a value: what for, tablerow and render walk. */
#ifndef USHER_LIQUID_SEQUENCE_H
#define USHER_LIQUID_SEQUENCE_H

#include "liquid/render_state.h"

/* Anything that can be gone through: arrays, ranges, the pairs of an object, a string as one item. */
struct sequence {
    struct liquid_value value;
    gint64 n;
};
bool sequence_of(struct render *render, const struct liquid_value *value, struct sequence *out);
struct liquid_value sequence_item(const struct sequence *sequence, gint64 i);

/* [key, value] */
struct liquid_value sequence_pair(struct render *render, const char *key, size_t len, json_t *json);

#endif
