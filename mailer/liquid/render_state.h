/* The state of one render, with what it spends (steps, memory, output) and the way of a value into the
 * output. */
#ifndef USHER_LIQUID_RENDER_STATE_H
#define USHER_LIQUID_RENDER_STATE_H

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

#endif
