/* The state of one render, and what its files share: render.c (nodes), render_print.c (limits and
 * output), render_loop.c (for, tablerow, cycle),
 * render_partial.c (include, render), scope.c (names and paths), filter*.c. */
#ifndef USHER_LIQUID_RENDER_H
#define USHER_LIQUID_RENDER_H

#include "liquid/tree.h"
#include "liquid/value.h"

/* A name that shadows the data: a loop variable, an argument of a partial, an assigned variable. */
struct binding {
    const struct binding *next;
    const struct name *name;
    struct liquid_value value;
};

struct assigned {
    struct binding binding;
    struct assigned *next;
};

struct counter {
    const struct name *name;
    gint64 value;
    struct counter *next;
};

struct cycle_state {
    const char *key; /* unnamed */
    bool shares;
    struct liquid_value group;
    guint32 index;
    struct cycle_state *next;
};

struct resume_point {
    const char *key; /* variable-collection */
    gint64 from;
    struct resume_point *next;
};

/* What {% render %} isolates; include shares it. */
struct scope {
    const struct binding *inner; /* innermost first */
    struct assigned *assigned;
    struct counter *counters;
    struct cycle_state *cycles;
    struct resume_point *resume_points;
    const struct liquid_loop *loop; /* the innermost for */
    struct text changed;            /* what ifchanged printed last */
    bool has_changed;
    bool isolated; /* inside render, where include is refused */
};

enum slot_state { SLOT_NEW, SLOT_KNOWN, SLOT_UNKNOWN };

/* The outer values a template has read so far, by name->slot. One for each template of a render, however
 * often it is entered: the data does not change meanwhile. */
struct cache {
    const struct liquid_template *tpl;
    guint8 *states;
    struct liquid_value *values;
    struct cache *next;
};

/* A template being rendered, and the one that included it. */
struct frame {
    const struct liquid_template *tpl;
    struct cache *cache;
    const struct frame *parent; /* NULL across render: nothing is inherited there */
};

struct render {
    const struct liquid_options *options;
    struct liquid_limits limits;
    struct arena arena;
    GString *out;
    size_t out_start;
    GString *plain;        /* NULL, or what out would be without the emit hook, while capturing */
    GString *plain_buffer; /* owned */
    GString *scratch;      /* owned; for filters whose result has no known size */
    guint64 steps;
    unsigned depth;
    bool too_much_memory;
    size_t at; /* what is being evaluated, for errors */
    const struct frame *frame;
    struct scope *scope;
    struct cache *caches;
    GError **error;
};

/* How a block ended. */
enum flow { FLOW_ON, FLOW_BREAK, FLOW_CONTINUE, FLOW_ERROR };

/* render.c */
enum flow render_block(struct render *render, const struct block *block);

/* render_print.c */
bool render_text(struct render *render, const char *text, size_t len);
/* Prints a value, through the emit hook when there is one. */
bool render_value(struct render *render, const struct liquid_value *value);
/* Sets the error at render->at; always false. */
bool render_fail(struct render *render, const char *format, ...) G_GNUC_PRINTF(2, 3);
bool render_charge_slow(struct render *render);
/* size bytes from the arena, or NULL with the error set when the render has used its memory. */
void *render_alloc(struct render *render, size_t size);
bool render_check_memory(struct render *render);
/* An empty buffer for a result whose length is not known beforehand. */
GString *render_scratch(struct render *render);
/* Appends to the buffer; false with the error set when that would take more memory than the render may use.
 */
bool render_scratch_add(struct render *render, const char *text, size_t len);
/* The buffer as a value. */
bool render_scratch_take(struct render *render, struct liquid_value *out);
/* The text of any value; arrays and objects as Ruby prints them. Borrowed from value or the arena. */
struct text render_to_text(struct render *render, const struct liquid_value *value);
/* An integer, or text that is one; anything else is an error. */
bool render_to_integer(struct render *render, const struct liquid_value *value, gint64 *out);

static inline bool
render_charge(struct render *render, guint64 steps)
{
    if (render->steps >= steps) {
        render->steps -= steps;
        return true;
    }
    return render_charge_slow(render);
}

/* scope.c */
bool scope_evaluate(struct render *render, const struct expr *expr, struct liquid_value *out);
/* Evaluates the value and its filters. */
bool scope_evaluate_output(struct render *render, const struct output *output, struct liquid_value *out);
bool scope_test(struct render *render, const struct condition *condition, bool *out);
/* True and *out when the name means anything at all. */
bool scope_find(struct render *render, const struct name *name, struct liquid_value *out);
/* The same for a word that need not be in the template. */
bool scope_find_text(struct render *render, struct text name, struct liquid_value *out);
/* The same, in the data source alone. */
bool scope_find_outer(struct render *render, const struct name *name, struct liquid_value *out);
bool scope_assign(struct render *render, const struct name *name, const struct liquid_value *value);
struct cache *scope_cache(struct render *render, const struct liquid_template *tpl);
/* Ruby's item[property] as filters use it. */
enum property {
    PROPERTY_FOUND,
    PROPERTY_NONE /* the item has no properties */,
    PROPERTY_TYPE /* wrong kind of key */
};
enum property scope_property(struct render *render, const struct liquid_value *item,
                             const struct liquid_value *key, struct liquid_value *out);

/* condition.c */
bool condition_compare(struct render *render, enum comparison comparison, const struct liquid_value *left,
                       const struct liquid_value *right, bool *out);

/* render_loop.c */
/* Anything that can be gone through: arrays, ranges, the pairs of an object, a string as one item. */
struct sequence {
    struct liquid_value value;
    gint64 n;
};
bool sequence_of(struct render *render, const struct liquid_value *value, struct sequence *out);
struct liquid_value sequence_item(const struct sequence *sequence, gint64 i);
enum flow render_for(struct render *render, const struct node *node);
enum flow render_tablerow(struct render *render, const struct node *node);
bool render_cycle(struct render *render, const struct node *node);

/* render_partial.c */
enum flow render_include(struct render *render, const struct node *node);
enum flow render_render(struct render *render, const struct node *node);

/* [key, value] */
struct liquid_value render_pair(struct render *render, const char *key, size_t len, json_t *json);

#endif
