/* Nodes: render.c walks them, render_loop.c (for, tablerow, cycle) and render_partial.c (include, render)
 * walk those that hold others, so that these three call one another as the tree is nested. */
#ifndef USHER_LIQUID_RENDER_H
#define USHER_LIQUID_RENDER_H

#include "liquid/render_state.h"

/* render.c */
enum flow render_block(struct render *render, const struct block *block);

/* render_loop.c */
enum flow render_for(struct render *render, const struct node *node);
enum flow render_tablerow(struct render *render, const struct node *node);
bool render_cycle(struct render *render, const struct node *node);

/* render_partial.c */
enum flow render_include(struct render *render, const struct node *node);
enum flow render_render(struct render *render, const struct node *node);

#endif
