/* The parsed form of a template. Everything lies in the template's arena and is not changed after parsing:
 * renders share it. Positions (at) are byte offsets into the source. */
#ifndef USHER_LIQUID_TREE_H
#define USHER_LIQUID_TREE_H

#include "liquid/arena.h"
#include "liquid/liquid.h"

#define NAME_BUCKETS 64u

/* A word of the template, interned: equal words of one template are one struct name. */
struct name {
    const char *text; /* ends with NUL */
    guint32 len;
    guint32 hash;
    guint32 slot;       /* index into a render's cache of outer values */
    bool is_set;        /* assigned, captured or counted somewhere in this template */
    struct name *chain; /* the next in its bucket */
};

enum command { COMMAND_NONE, COMMAND_SIZE, COMMAND_FIRST, COMMAND_LAST };

/* One step of a path: `.key` (key set, by name) or `[expression]` (index set). */
struct lookup {
    guint32 at;
    enum command command;
    const char *key;
    size_t key_len;
    const struct expr *index;
};

enum expr_kind { EXPR_LITERAL, EXPR_VARIABLE, EXPR_RANGE };

struct expr {
    enum expr_kind kind;
    guint32 at;
    union {
        struct liquid_value literal;
        struct {
            const struct name *name; /* NULL when the path begins with [expression] */
            const struct expr *indirect;
            const struct lookup *lookups;
            guint32 n_lookups;
        } variable;
        struct {
            const struct expr *first, *last;
        } range;
    };
};

struct keyword {
    const struct name *name;
    const struct expr *value;
    struct keyword *next;
};

struct filter_call {
    const struct filter *filter;
    guint32 at;
    guint32 n_args;
    const struct expr **args;
    const struct keyword *keywords;
    struct filter_call *next;
};

/* What stands in {{ }}: value NULL means nothing at all. */
struct output {
    const struct expr *value;
    const struct filter_call *filters;
};

enum comparison { CMP_NONE, CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_CONTAINS };
enum junction { JUNCTION_END, JUNCTION_AND, JUNCTION_OR };

/* One term of a condition; terms are evaluated from the left and the first that decides ends it, which is the
 * same as `and` and `or` being of equal rank and right-associative. */
struct condition {
    const struct expr *left, *right;
    enum comparison comparison;
    enum junction junction; /* how next follows */
    guint32 at;
    struct condition *next;
};

enum node_kind {
    NODE_TEXT,
    NODE_RAW, /* text that is never dropped */
    NODE_OUTPUT,
    NODE_ASSIGN,
    NODE_CAPTURE,
    NODE_IF, /* unless is an if whose first branch is negated */
    NODE_CASE,
    NODE_FOR,
    NODE_TABLEROW,
    NODE_BREAK,
    NODE_CONTINUE,
    NODE_CYCLE,
    NODE_INCREMENT,
    NODE_DECREMENT,
    NODE_IFCHANGED,
    NODE_INCLUDE,
    NODE_RENDER,
};

struct block {
    struct node *first;
    struct node *last; /* while parsing */
    bool blank;        /* nothing in it can print anything but whitespace */
};

struct branch {
    const struct condition *condition; /* NULL: else */
    bool negated;
    struct block body;
    struct branch *next;
};

struct when {
    const struct expr *value; /* NULL: else */
    const struct block *body;
    guint32 at;
    struct when *next;
};

struct loop_node {
    const struct name *variable;
    const struct expr *collection;
    const struct expr *limit, *offset, *cols;
    const char *key; /* variable-collection, what `offset: continue` goes by */
    bool offset_continue, reversed;
    struct block body;
    struct block *otherwise;
};

struct partial_node {
    const struct expr *name;
    const char *literal_name; /* NULL when the name is computed */
    const struct expr *value; /* with or for */
    bool is_for;
    const struct name *alias;
    const struct keyword *keywords;
};

struct cycle_node {
    const struct expr *group; /* NULL when unnamed */
    const char *key;          /* unnamed */
    bool shares; /* equal lists of literals go on where the other stopped, any other list is by itself */
    const struct expr **values;
    guint32 n_values;
};

struct node {
    enum node_kind kind;
    guint32 at;
    struct node *next;
    union {
        struct {
            const char *text;
            size_t len;
        } text; /* text and raw */
        struct output output;
        struct {
            const struct name *name;
            struct output value;
        } assign;
        struct {
            const struct name *name;
            struct block body;
        } capture;
        struct branch *branches;
        struct {
            const struct expr *subject;
            struct when *whens;
        } choice;
        struct loop_node *loop;
        struct cycle_node *cycle;
        const struct name *counter;
        struct block *body; /* ifchanged */
        struct partial_node *partial;
    };
};

struct liquid_template {
    struct arena arena;
    const char *name;
    const char *source; /* ends with NUL */
    size_t source_len;
    struct block root;
    guint32 n_names;
    struct name *buckets[NAME_BUCKETS];
};

guint32 name_hash(const char *text, size_t len);

/* The interned name, or NULL when the template does not contain the word. */
const struct name *template_find_name(const struct liquid_template *tpl, const char *text, size_t len);

/* Line and column, from 1, of the byte offset at. */
void template_position(const struct liquid_template *tpl, size_t at, unsigned *line, unsigned *column);

/* Sets error to `FILE:LINE:COL: message, near "…"`. Always returns false. */
bool template_error(const struct liquid_template *tpl, size_t at, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#endif
