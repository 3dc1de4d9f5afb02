/* What a template prints, found without rendering it: which outer names can reach the output, and where the
 * time of day can. The order of assignments is not followed: a name that is set twice may be either.
 *
 * First every name the template sets is noted with what it is made of; then what the outputs print is traced
 * back through those notes. */
#include "liquid/filter.h"

#include <string.h>

/* What a name is made of. */
struct origin {
    const struct name *name;
    const struct output *output; /* an assignment's, or an output inside a capture */
    const struct expr *expr;     /* or what a loop goes through */
};

struct trace {
    const struct liquid_template *tpl;
    GArray *origins; /* struct origin */
    GArray *outputs; /* struct output pointers, those outside captures */
    const struct name *captures;
    GArray *found; /* struct liquid_name */
};

/* ---- gathering ---- */

static void gather_block(struct trace *trace, const struct block *block);

static void
gather_output(struct trace *trace, const struct output *output)
{
    struct origin origin = {.name = trace->captures, .output = output};

    if (trace->captures)
        g_array_append_val(trace->origins, origin);
    else
        g_array_append_val(trace->outputs, output);
}

static void
gather_capture(struct trace *trace, const struct node *node)
{
    const struct name *outer = trace->captures;

    trace->captures = node->capture.name;
    gather_block(trace, &node->capture.body);
    trace->captures = outer;
}

static void
gather_loop(struct trace *trace, const struct loop_node *loop)
{
    struct origin origin = {.name = loop->variable, .expr = loop->collection};

    g_array_append_val(trace->origins, origin);
    gather_block(trace, &loop->body);
    if (loop->otherwise)
        gather_block(trace, loop->otherwise);
}

static void
gather_node(struct trace *trace, const struct node *node)
{
    struct origin origin;

    switch (node->kind) {
    case NODE_OUTPUT:
        gather_output(trace, &node->output);
        break;
    case NODE_ASSIGN:
        origin = (struct origin){.name = node->assign.name, .output = &node->assign.value};
        g_array_append_val(trace->origins, origin);
        break;
    case NODE_CAPTURE:
        gather_capture(trace, node);
        break;
    case NODE_IF:
        for (const struct branch *branch = node->branches; branch; branch = branch->next)
            gather_block(trace, &branch->body);
        break;
    case NODE_CASE:
        for (const struct when *when = node->choice.whens; when; when = when->next)
            if (!when->next || when->next->body != when->body)
                gather_block(trace, when->body);
        break;
    case NODE_FOR:
    case NODE_TABLEROW:
        gather_loop(trace, node->loop);
        break;
    case NODE_IFCHANGED:
        gather_block(trace, node->body);
        break;
    case NODE_CYCLE:
    case NODE_INCLUDE:
    case NODE_RENDER:
    case NODE_TEXT:
    case NODE_RAW:
    case NODE_BREAK:
    case NODE_CONTINUE:
    case NODE_INCREMENT:
    case NODE_DECREMENT:
        break;
    }
}

static void
gather_block(struct trace *trace, const struct block *block)
{
    for (const struct node *node = block->first; node; node = node->next)
        gather_node(trace, node);
}

static void
trace_init(struct trace *trace, const struct liquid_template *tpl)
{
    *trace = (struct trace){.tpl = tpl,
                            .origins = g_array_new(FALSE, FALSE, sizeof(struct origin)),
                            .outputs = g_array_new(FALSE, FALSE, sizeof(struct output *)),
                            .found = g_array_new(FALSE, FALSE, sizeof(struct liquid_name))};
    gather_block(trace, &tpl->root);
}

static struct liquid_name *
trace_end(struct trace *trace, size_t *n)
{
    g_array_unref(trace->origins);
    g_array_unref(trace->outputs);
    *n = trace->found->len;
    return (struct liquid_name *)(void *)g_array_free(trace->found, FALSE);
}

static void
add(struct trace *trace, const char *name, size_t at)
{
    struct liquid_name entry = {.name = name};

    for (guint i = 0; i < trace->found->len; i++)
        if (strcmp(g_array_index(trace->found, struct liquid_name, i).name, name) == 0)
            return;
    template_position(trace->tpl, at, &entry.line, &entry.column);
    g_array_append_val(trace->found, entry);
}

/* ---- names ---- */

struct names {
    struct trace *trace;
    GHashTable *seen; /* names followed already */
    size_t at;        /* of the output */
};

static void names_of_output(struct names *names, const struct output *output);

static void
names_of_expr(struct names *names, const struct expr *expr)
{
    if (!expr || expr->kind == EXPR_LITERAL)
        return;
    if (expr->kind == EXPR_RANGE) {
        names_of_expr(names, expr->range.first);
        names_of_expr(names, expr->range.last);
        return;
    }
    names_of_expr(names, expr->variable.indirect);
    const struct name *name = expr->variable.name;
    bool is_own = false;
    if (!name || !g_hash_table_add(names->seen, (void *)(gsize)name))
        return;
    for (guint i = 0; i < names->trace->origins->len; i++) {
        struct origin origin = g_array_index(names->trace->origins, struct origin, i);
        if (strcmp(origin.name->text, name->text) != 0)
            continue;
        is_own = true;
        names_of_expr(names, origin.expr);
        if (origin.output)
            names_of_output(names, origin.output);
    }
    if (!is_own)
        add(names->trace, name->text, names->at);
}

static void
names_of_output(struct names *names, const struct output *output)
{
    names_of_expr(names, output->value);
    for (const struct filter_call *call = output->filters; call; call = call->next)
        for (guint32 i = 0; i < call->n_args; i++)
            names_of_expr(names, call->args[i]);
}

struct liquid_name *
liquid_template_printed(const struct liquid_template *tpl, size_t *n)
{
    struct trace trace;

    trace_init(&trace, tpl);
    for (guint i = 0; i < trace.outputs->len; i++) {
        const struct output *output = g_array_index(trace.outputs, const struct output *, i);
        if (!output->value)
            continue;
        struct names names = {.trace = &trace, .seen = g_hash_table_new(NULL, NULL), .at = output->value->at};
        names_of_output(&names, output);
        g_hash_table_unref(names.seen);
    }
    return trace_end(&trace, n);
}

/* ---- the time of day ---- */

/* A format that prints more than the date: hours, minutes, seconds, or all of it. */
static bool
is_fine_format(const char *format, size_t len, bool of_now)
{
    for (size_t i = 0; i + 1 < len; i++) {
        if (format[i] != '%')
            continue;
        for (i++; i + 1 < len && strchr("-_0^#:123456789", format[i]); i++) {
        }
        if (strchr(of_now ? "HIklMSsLNpPTRrXcQ+" : "s", format[i]))
            return true;
    }
    return false;
}

static bool
is_now(const struct expr *expr)
{
    if (!expr || expr->kind != EXPR_LITERAL || expr->literal.type != LIQUID_STRING)
        return false;
    const struct liquid_value *value = &expr->literal;
    return (value->string.len == 3 && g_ascii_strncasecmp(value->string.text, "now", 3) == 0) ||
           (value->string.len == 5 && g_ascii_strncasecmp(value->string.text, "today", 5) == 0);
}

/* What the last filter leaves is a time of day. A sum made of one (days between two dates) is none. */
static bool
tells_time(const struct trace *trace, const struct output *output, unsigned depth)
{
    const struct filter_call *call = output->filters;
    const struct expr *value = output->value;

    if (!value || depth == 0)
        return false;
    if (!call && value->kind == EXPR_VARIABLE && value->variable.name) {
        for (guint i = 0; i < trace->origins->len; i++) {
            struct origin origin = g_array_index(trace->origins, struct origin, i);
            if (origin.output && strcmp(origin.name->text, value->variable.name->text) == 0 &&
                tells_time(trace, origin.output, depth - 1))
                return true;
        }
        return false;
    }
    while (call && call->next)
        call = call->next;
    if (!call || call->filter->apply != filter_date || call->n_args == 0 ||
        call->args[0]->kind != EXPR_LITERAL || call->args[0]->literal.type != LIQUID_STRING)
        return false;
    return is_fine_format(call->args[0]->literal.string.text, call->args[0]->literal.string.len,
                          is_now(value));
}

#define ASSIGNMENTS_FOLLOWED 8u

struct liquid_name *
liquid_template_clocks(const struct liquid_template *tpl, size_t *n)
{
    struct trace trace;
    struct liquid_name entry = {0};

    trace_init(&trace, tpl);
    for (guint i = 0; i < trace.outputs->len; i++) {
        const struct output *output = g_array_index(trace.outputs, const struct output *, i);
        if (!tells_time(&trace, output, ASSIGNMENTS_FOLLOWED))
            continue;
        const struct name *name = output->value->kind == EXPR_VARIABLE ? output->value->variable.name : NULL;
        entry.name = name ? name->text : "now";
        template_position(tpl, output->value->at, &entry.line, &entry.column);
        g_array_append_val(trace.found, entry);
    }
    return trace_end(&trace, n);
}
