/* Properties of a value: item[key] as filters and paths read it. */
#ifndef USHER_LIQUID_PROPERTY_H
#define USHER_LIQUID_PROPERTY_H

#include "liquid/render_state.h"

/* Ruby's item[property] as filters use it. */
enum property {
    PROPERTY_FOUND,
    PROPERTY_NONE /* the item has no properties */,
    PROPERTY_TYPE /* wrong kind of key */
};
enum property property_of(struct render *render, const struct liquid_value *item,
                          const struct liquid_value *key, struct liquid_value *out);

/* A loop variable's own: index, last, parentloop… False when it has no such property. */
bool property_of_loop(const struct liquid_loop *loop, const char *key, size_t len, struct liquid_value *out);

#endif
