/* Walks the tree and appends to the output. Values the render makes live in its arena, which begins on the
 * stack.
 *
 * While an emit hook is set, captured text exists twice: as the hook left it (out) and plain (plain), so that
 * conditions and filters never see what only the final output should hold.
 *
 * Invariants: every node and every element costs a step; no allocation follows from a template or a value
 * without its size being checked against the limits; on an error out is cut back to where it was. */
#include "liquid/render.h"

#include <string.h>

#include "base/error.h"
#include "liquid/condition.h"
#include "liquid/evaluate.h"
#include "liquid/filter.h"
#include "liquid/scope.h"

#define STEPS_DEFAULT 1000000u
#define OUTPUT_DEFAULT (8u * 1024u * 1024u)
#define MEMORY_DEFAULT (32u * 1024u * 1024u)
#define NESTING_DEFAULT 150u
#define NESTING_MAX 1000u /* what the stack surely bears */
#define STACK_ARENA 4096

/* Nothing a reader would see. Captured text is the template's own, whatever it holds. */
static bool
is_nothing(const struct liquid_value *value)
{
    if (value->type == LIQUID_STRING && !value->string.marked) {
        size_t i = 0;
        while (i < value->string.len && g_ascii_isspace(value->string.text[i]))
            i++;
        return i == value->string.len;
    }
    return value->type == LIQUID_NIL || (value_is_array(value) && value_array_size(value) == 0);
}

static bool
may_be_nothing(const struct output *output)
{
    const struct filter_call *call = output->filters;

    while (call && call->filter->apply != filter_default)
        call = call->next;
    return call || !output->value || output->value->kind == EXPR_LITERAL;
}

/* evaluate_output() that refuses a value which is not there: "Hi ," is worse than no mail. */
static bool
evaluate_something(struct render *render, const struct output *output, struct liquid_value *out)
{
    if (may_be_nothing(output))
        return evaluate_output(render, output, out);
    if (!scope_evaluate(render, output->value, out))
        return false;
    bool nothing = is_nothing(out);
    for (const struct filter_call *call = output->filters; call && !nothing; call = call->next)
        if (!evaluate_filter(render, call, out))
            return false;
    if (!nothing && !is_nothing(out))
        return true;
    render->at = output->value->at;
    return render_fail(render, "nothing to print: put it inside an if, or give it a default");
}

static bool
render_output(struct render *render, const struct output *output)
{
    struct liquid_value value;

    return (render->options->no_blanks ? evaluate_something(render, output, &value)
                                       : evaluate_output(render, output, &value)) &&
           render_value(render, &value);
}

/* What was printed since a capture began. */
struct capture {
    size_t out_start, plain_start;
    bool owns_plain;
};

static struct capture
capture_begin(struct render *render)
{
    struct capture capture = {.out_start = render->out->len};

    if (render->options->emit && !render->plain) {
        if (!render->plain_buffer)
            render->plain_buffer = g_string_new(NULL);
        g_string_truncate(render->plain_buffer, 0);
        render->plain = render->plain_buffer;
        capture.owns_plain = true;
    }
    capture.plain_start = render->plain ? render->plain->len : 0;
    return capture;
}

static void
capture_end(struct render *render, const struct capture *capture)
{
    if (capture->owns_plain)
        render->plain = NULL;
}

static struct text
captured(const struct render *render, const struct capture *capture)
{
    if (render->plain)
        return (struct text){render->plain->str + capture->plain_start,
                             render->plain->len - capture->plain_start};
    return (struct text){render->out->str + capture->out_start, render->out->len - capture->out_start};
}

static void
capture_cut(struct render *render, const struct capture *capture)
{
    g_string_truncate(render->out, capture->out_start);
    if (render->plain)
        g_string_truncate(render->plain, capture->plain_start);
}

static bool
keep_text(struct render *render, struct text *text)
{
    char *copy = render_alloc(render, text->len + 1);

    if (!copy)
        return false;
    memcpy(copy, text->text, text->len);
    copy[text->len] = '\0';
    text->text = copy;
    return true;
}

static enum flow
render_capture(struct render *render, const struct node *node)
{
    struct capture capture = capture_begin(render);
    enum flow flow = render_block(render, &node->capture.body);
    bool ok = flow != FLOW_ERROR;

    if (ok) {
        struct text text = captured(render, &capture);
        struct liquid_value value = liquid_string("", 0);
        ok = keep_text(render, &text);
        value = liquid_string(text.text, text.len);
        if (ok && render->options->emit) {
            struct text out = {render->out->str + capture.out_start, render->out->len - capture.out_start};
            struct liquid_marked *marked = arena_alloc(&render->arena, sizeof *marked);
            ok = keep_text(render, &out);
            *marked = (struct liquid_marked){out.text, out.len};
            value.string.marked = marked;
        }
        capture_cut(render, &capture);
        ok = ok && scope_assign(render, node->capture.name, &value);
    }
    capture_end(render, &capture);
    return ok ? flow : FLOW_ERROR;
}

static enum flow
render_ifchanged(struct render *render, const struct node *node)
{
    struct scope *scope = render->scope;
    struct capture capture = capture_begin(render);
    enum flow flow = render_block(render, node->body);

    if (flow != FLOW_ERROR) {
        struct text text = captured(render, &capture);
        if (scope->has_changed && scope->changed.len == text.len &&
            memcmp(scope->changed.text, text.text, text.len) == 0) {
            capture_cut(render, &capture);
        } else {
            if (!keep_text(render, &text))
                flow = FLOW_ERROR;
            scope->changed = text;
            scope->has_changed = true;
        }
    }
    capture_end(render, &capture);
    return flow;
}

static void
report_decision(struct render *render, const struct branch *branch, bool holds)
{
    const struct liquid_options *options = render->options;
    unsigned line, column;

    if (!options->decide)
        return;
    template_position(render->frame->tpl, branch->condition->at, &line, &column);
    options->decide(options->user, render->frame->tpl->name, line, holds);
}

static enum flow
render_if(struct render *render, const struct node *node)
{
    for (const struct branch *branch = node->branches; branch; branch = branch->next) {
        bool holds = true;

        if (branch->condition) {
            if (!condition_test(render, branch->condition, &holds))
                return FLOW_ERROR;
            holds = holds != branch->negated;
            report_decision(render, branch, holds);
        }
        if (holds)
            return render_block(render, &branch->body);
    }
    return FLOW_ON;
}

/* Every value that matches prints its body; else prints where nothing has matched so far. */
static enum flow
render_case(struct render *render, const struct node *node)
{
    struct liquid_value subject;
    bool matched = false, holds;

    if (!scope_evaluate(render, node->choice.subject, &subject))
        return FLOW_ERROR;
    for (const struct when *when = node->choice.whens; when; when = when->next) {
        struct liquid_value value;
        enum flow flow;

        render->at = when->at;
        if (when->value) {
            if (!scope_evaluate(render, when->value, &value))
                return FLOW_ERROR;
            if (!condition_compare(render, CMP_EQ, &subject, &value, &holds))
                return FLOW_ERROR;
            if (!holds)
                continue;
            matched = true;
        } else if (matched) {
            continue;
        }
        flow = render_block(render, when->body);
        if (flow != FLOW_ON)
            return flow;
    }
    return FLOW_ON;
}

static bool
render_assign(struct render *render, const struct node *node)
{
    struct liquid_value value;

    return evaluate_output(render, &node->assign.value, &value) &&
           scope_assign(render, node->assign.name, &value);
}

static bool
render_counter(struct render *render, const struct node *node)
{
    struct counter *counter = render->scope->counters;
    struct liquid_value start;

    while (counter &&
           (counter->name->hash != node->counter->hash || strcmp(counter->name->text, node->counter->text)))
        counter = counter->next;
    if (!counter) {
        counter = render_alloc(render, sizeof *counter);
        if (!counter)
            return false;
        *counter = (struct counter){.name = node->counter, .next = render->scope->counters};
        /* a counter continues from an integer of the same name in the data */
        if (scope_find_outer(render, node->counter, &start) && start.type == LIQUID_INT)
            counter->value = start.integer;
        render->scope->counters = counter;
    }
    start = value_int(counter->value);
    counter->value = (gint64)((guint64)counter->value + (node->kind == NODE_INCREMENT ? 1u : G_MAXUINT64));
    if (node->kind == NODE_DECREMENT)
        start = value_int(counter->value);
    return render_value(render, &start);
}

static enum flow
render_node(struct render *render, const struct node *node)
{
    bool ok = false;

    switch (node->kind) {
    case NODE_TEXT:
    case NODE_RAW:
        ok = render_text(render, node->text.text, node->text.len);
        break;
    case NODE_OUTPUT:
        ok = render_output(render, &node->output);
        break;
    case NODE_ASSIGN:
        ok = render_assign(render, node);
        break;
    case NODE_INCREMENT:
    case NODE_DECREMENT:
        ok = render_counter(render, node);
        break;
    case NODE_CYCLE:
        ok = render_cycle(render, node);
        break;
    case NODE_CAPTURE:
        return render_capture(render, node);
    case NODE_IF:
        return render_if(render, node);
    case NODE_CASE:
        return render_case(render, node);
    case NODE_FOR:
        return render_for(render, node);
    case NODE_TABLEROW:
        return render_tablerow(render, node);
    case NODE_IFCHANGED:
        return render_ifchanged(render, node);
    case NODE_INCLUDE:
        return render->options->isolate ? render_render(render, node) : render_include(render, node);
    case NODE_RENDER:
        return render_render(render, node);
    case NODE_BREAK:
        return FLOW_BREAK;
    case NODE_CONTINUE:
        return FLOW_CONTINUE;
    }
    return ok ? FLOW_ON : FLOW_ERROR;
}

enum flow
render_block(struct render *render, const struct block *block)
{
    enum flow flow = FLOW_ON;

    if (render->depth >= render->limits.nesting) {
        render_fail(render, "nested more than %u deep", render->limits.nesting);
        return FLOW_ERROR;
    }
    if (!render_check_memory(render))
        return FLOW_ERROR;
    render->depth++;
    for (const struct node *node = block->first; node && flow == FLOW_ON; node = node->next) {
        render->at = node->at;
        flow = render_charge(render, 1) ? render_node(render, node) : FLOW_ERROR;
    }
    render->depth--;
    return flow;
}

bool
liquid_template_render(const struct liquid_template *tpl, const struct liquid_options *options, GString *out,
                       GError **error)
{
    static const struct liquid_options no_options = {0};
    char stack[STACK_ARENA] __attribute__((aligned(16)));
    g_autoptr(GError) local = NULL;
    struct scope scope = {0};
    struct frame frame = {.tpl = tpl};
    struct render render = {
        .options = options ? options : &no_options,
        .out = out,
        .out_start = out->len,
        .frame = &frame,
        .scope = &scope,
        .error = &local,
    };

    render.limits = render.options->limits;
    render.limits.steps = render.limits.steps ? render.limits.steps : STEPS_DEFAULT;
    render.limits.output = render.limits.output ? render.limits.output : OUTPUT_DEFAULT;
    render.limits.memory = render.limits.memory ? render.limits.memory : MEMORY_DEFAULT;
    render.limits.nesting = render.limits.nesting ? MIN(render.limits.nesting, NESTING_MAX) : NESTING_DEFAULT;
    render.steps = render.limits.steps;
    arena_init(&render.arena, stack, sizeof stack);
    frame.cache = scope_cache(&render, tpl);

    enum flow flow = render_block(&render, &tpl->root);

    /* a failure deep inside an expression may have been taken for nil on the way up */
    if (!render_check_memory(&render) || local)
        flow = FLOW_ERROR;
    arena_clear(&render.arena);
    if (render.plain_buffer)
        g_string_free(render.plain_buffer, TRUE);
    if (render.scratch)
        g_string_free(render.scratch, TRUE);
    if (flow == FLOW_ERROR) {
        g_string_truncate(out, render.out_start);
        if (!local)
            g_set_error_literal(&local, USHER_ERROR, USHER_ERROR_SOFTWARE,
                                "a hook failed without saying why");
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return true;
}

static bool
json_lookup(void *user, const char *name, size_t len, struct liquid_value *out)
{
    json_t *value = json_object_getn(user, name, len);

    if (value)
        *out = value_from_json(value);
    return value != NULL;
}

static const char **
json_names(void *user)
{
    size_t n = 0;
    const char **names = g_new0(const char *, json_object_size(user) + 1);

    for (void *i = json_object_iter(user); i; i = json_object_iter_next(user, i))
        names[n++] = json_object_iter_key(i);
    return names;
}

struct liquid_data
liquid_data_json(json_t *object)
{
    return (struct liquid_data){.lookup = json_lookup, .names = json_names, .user = object};
}
