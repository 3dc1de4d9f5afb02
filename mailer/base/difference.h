/* What changed between two texts, line by line. */
#ifndef USHER_BASE_DIFFERENCE_H
#define USHER_BASE_DIFFERENCE_H

#include <glib.h>

/* The lines that left as "- …" and those that came as "+ …", in their order, joined by newlines, without the
 * lines both have; empty when they say the same. Very long texts differ as a whole. The caller frees. */
char *difference_lines(const char *old, const char *now);

#endif
