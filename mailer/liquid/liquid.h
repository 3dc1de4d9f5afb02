/* The Liquid template language, complete and strict. A template is parsed once into a compact tree and
 * rendered many times; a parsed template never changes, so it may be shared. Errors are USHER_ERROR_DATA with
 * a message of the form `FILE:LINE:COL: what was expected, near "…"`; columns count characters from 1. */
#ifndef USHER_LIQUID_LIQUID_H
#define USHER_LIQUID_LIQUID_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/cleanup.h"

struct liquid_template;
struct liquid_array;
struct liquid_loop;
struct liquid_marked;

/* The kinds a data source may answer are NIL to JSON; the others are made while rendering. */
enum liquid_type {
    LIQUID_NIL,
    LIQUID_BOOL,
    LIQUID_INT,
    LIQUID_REAL,
    LIQUID_STRING,
    LIQUID_JSON,  /* a borrowed JSON value of any kind, object order kept */
    LIQUID_ARRAY, /* the result of a filter */
    LIQUID_RANGE, /* (first..last), never stored element by element */
    LIQUID_LOOP,  /* forloop or tablerowloop */
    LIQUID_BLANK, /* the words blank and empty in a condition */
    LIQUID_EMPTY,
};

struct liquid_value {
    enum liquid_type type;
    union {
        bool boolean;
        gint64 integer;
        double real;
        struct {
            const char *text; /* borrowed, UTF-8, may lack the final NUL */
            size_t len;
            const struct liquid_marked *marked; /* NULL, except for captured text */
        } string;
        json_t *json; /* borrowed */
        const struct liquid_array *array;
        struct {
            gint64 first, last;
        } range;
        const struct liquid_loop *loop;
    };
};

/* Values for a data source. The text stays borrowed until the render is over. */
struct liquid_value liquid_string(const char *text, size_t len);
struct liquid_value liquid_json(json_t *json);

/* Where the outermost names come from. Each name is looked up at most once in a render of one template. */
struct liquid_data {
    /* True and *out when the name is known (a known name without a value is LIQUID_NIL), false when it is
     * not. name ends with NUL. */
    bool (*lookup)(void *user, const char *name, size_t len, struct liquid_value *out);
    /* All known names, NULL-terminated, for the hint in the error about an unknown one; may be NULL. The
     * array is freed with g_free, the names are borrowed. */
    const char **(*names)(void *user);
    void *user;
};

/* A data source over a borrowed JSON object. */
struct liquid_data liquid_data_json(json_t *object);

/* Limits of one render; 0 means the default in brackets. */
struct liquid_limits {
    guint64 steps;    /* nodes, loop rounds and filtered elements [1,000,000] */
    size_t output;    /* bytes appended, captured text included [8 MiB] */
    size_t memory;    /* bytes of intermediate values [32 MiB] */
    unsigned nesting; /* blocks and partials inside one another [150, at most 1000] */
};

struct liquid_options {
    struct liquid_data data;
    bool lax; /* unknown names and properties are empty, as in other Liquid engines; default: they are errors
               */
    GTimeZone *zone;   /* borrowed; NULL: UTC, and a date text with its own offset keeps it */
    gint64 now_us;     /* what "now" means to the date filter; 0: the wall clock */
    bool *reads_clock; /* set when the date filter met "now", or a text without year, month and day; may be
                          NULL */
    struct liquid_limits limits;
    bool isolate;   /* an included partial is as much on its own as a rendered one: it sees the data and its
                       arguments, and what it assigns is gone after it */
    bool no_blanks; /* {{ x }} and echo are an error where x, before or after its filters, is nil, white space
                       or an empty list, unless one of the filters is `default`. Literals and captured text
                       are the template's own and may be blank. */
    void *user;     /* passed to the hooks below */

    /* When set, every value a template prints ({{ }}, echo, cycle, increment) goes through emit instead of
     * being appended; the template's own text never does. Empty values are not emitted. Text captured with {%
     * capture %} and printed as it is keeps what was emitted inside it; as soon as a filter touches it, it is
     * a plain value again. Conditions always see the plain text. Returns false and sets error to stop. */
    bool (*emit)(void *user, const char *value, size_t len, GString *out, GError **error);

    /* Called when a name of the data source is first read in a template; value as the source gave it. */
    void (*observe)(void *user, const char *name, const struct liquid_value *value);

    /* Called with the outcome of every condition of if, unless and elsif that was evaluated; file and line
     * say where it stands. */
    void (*decide)(void *user, const char *file, unsigned line, bool holds);

    /* The partial called name for render and include: borrowed, cached by the caller. NULL with error set
     * when there is none. A NULL hook means there are no partials. */
    const struct liquid_template *(*load)(void *user, const char *name, GError **error);
};

/* Parses len bytes of UTF-8 text; name is what errors call the file. The text is copied. */
struct liquid_template *liquid_template_parse(const char *name, const char *text, size_t len, GError **error);

/* The same, but forgives what other engines forgive in the parameters of case, when, for, tablerow, include
 * and render: a word that means nothing there is left out. Only for comparing with them (usher render --lax).
 */
struct liquid_template *liquid_template_parse_lax(const char *name, const char *text, size_t len,
                                                  GError **error);

void liquid_template_free(struct liquid_template *tpl);
SCOPED_FUNC(struct liquid_template, liquid_template_free)

/* Appends the rendered text to out. On an error out is as it was before. options may be NULL: no data. */
bool liquid_template_render(const struct liquid_template *tpl, const struct liquid_options *options,
                            GString *out, GError **error);

/* A name a template reads from outside, or a partial it loads, where it does so first. */
struct liquid_name {
    const char *name; /* borrowed from the template, ends with NUL */
    unsigned line, column;
};

/* The outermost names the template reads and never sets itself, in order of appearance. What its partials
 * read is not among them. The caller frees the array with g_free. */
struct liquid_name *liquid_template_variables(const struct liquid_template *tpl, size_t *n);

/* The names it assigns or captures and never reads, in order of appearance; none when an included partial
 * might read them. The caller frees the array with g_free. */
struct liquid_name *liquid_template_unused(const struct liquid_template *tpl, size_t *n);

/* The partials it names literally in render and include. The caller frees the array with g_free. */
struct liquid_name *liquid_template_partials(const struct liquid_template *tpl, size_t *n);

/* The outermost names whose value can get into the output, directly or by way of what the template assigns,
 * captures or loops over, each with the place where it is printed first. What its partials print is not among
 * them. The caller frees the array with g_free. */
struct liquid_name *liquid_template_printed(const struct liquid_template *tpl, size_t *n);

/* Where it prints the time of day: "now" or "today" with a date format finer than a day, or anything as
 * seconds ("%s"), also by way of an assigned name; name is what is printed there. The caller frees the array
 * with g_free. */
struct liquid_name *liquid_template_clocks(const struct liquid_template *tpl, size_t *n);

/* A piece of what a template can print. */
enum liquid_part_kind {
    LIQUID_PART_TEXT,   /* the template's own text */
    LIQUID_PART_VALUE,  /* something is printed here */
    LIQUID_PART_FORK,   /* alternatives follow: of if, unless, case, for */
    LIQUID_PART_BRANCH, /* the next alternative, which may be empty */
    LIQUID_PART_JOIN,   /* the alternatives end */
};

struct liquid_part {
    enum liquid_part_kind kind;
    const char *text; /* of texts and values: where they stand in the template's source */
    size_t len;       /* of LIQUID_PART_TEXT */
    unsigned line;    /* of texts and values */
};

/* What the template can print, in order, for looking at it without rendering. Borrows from the template; the
 * caller frees the array with g_free. */
struct liquid_part *liquid_template_outline(const struct liquid_template *tpl, size_t *n);

#endif
