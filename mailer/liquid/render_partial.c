/* include and render. An included template is a part of the one around it: it sees and sets its variables,
 * and break and continue reach its loops. A rendered one sees the data and its arguments, nothing else. */
#define _GNU_SOURCE /* memmem */
#include "liquid/render.h"

#include <string.h>

#include "base/error.h"
#include "liquid/scope.h"
#include "liquid/sequence.h"

static const struct liquid_template *
load(struct render *render, const struct partial_node *partial, struct text *name)
{
    const struct liquid_options *options = render->options;
    g_autoptr(GError) local = NULL;
    struct liquid_value value;

    if (!scope_evaluate(render, partial->name, &value))
        return NULL;
    render->at = partial->name->at;
    if (value.type != LIQUID_STRING || value.string.len == 0) {
        render_fail(render, "expected the name of a template");
        return NULL;
    }
    char *copy = render_alloc(render, value.string.len + 1);
    if (!copy)
        return NULL;
    memcpy(copy, value.string.text, value.string.len);
    copy[value.string.len] = '\0';
    *name = (struct text){copy, value.string.len};
    const struct liquid_template *tpl = options->load ? options->load(options->user, copy, &local) : NULL;
    if (tpl)
        return tpl;
    /* an error inside the partial names its own file and line */
    if (local && local->domain == USHER_ERROR && local->code == USHER_ERROR_DATA)
        g_propagate_error(render->error, g_steal_pointer(&local));
    else
        render_fail(render, "no template called %s%s%s", copy, local ? ": " : "",
                    local ? local->message : "");
    return NULL;
}

/* The variable a value is bound to when no other name is given: the file name without its folder. */
static struct name *
bound_name(struct render *render, const struct partial_node *partial, const struct text *file)
{
    struct name *name = arena_alloc(&render->arena, sizeof *name);

    if (partial->alias) {
        *name = *partial->alias;
        return name;
    }
    const char *slash = memrchr(file->text, '/', file->len);
    const char *base = slash ? slash + 1 : file->text;
    size_t len = file->len - (size_t)(base - file->text);
    *name = (struct name){.text = base, .len = (guint32)len, .hash = name_hash(base, len)};
    return name;
}

/* Runs tpl in scope, as the frame above or, without parent, beside it. */
static enum flow
enter(struct render *render, const struct liquid_template *tpl, struct scope *scope,
      const struct frame *parent)
{
    const struct frame *outer_frame = render->frame;
    struct scope *outer_scope = render->scope;
    struct frame frame = {.tpl = tpl, .cache = scope_cache(render, tpl), .parent = parent};

    if (!render_check_memory(render))
        return FLOW_ERROR;
    render->frame = &frame;
    render->scope = scope;
    enum flow flow = render_block(render, &tpl->root);
    render->frame = outer_frame;
    render->scope = outer_scope;
    return flow;
}

/* The keyword arguments, as bindings in front of first. */
static bool
bind_keywords(struct render *render, const struct partial_node *partial, const struct binding **first)
{
    const struct binding *bindings = *first;

    for (const struct keyword *keyword = partial->keywords; keyword; keyword = keyword->next) {
        struct binding *binding = render_alloc(render, sizeof *binding);
        if (!binding)
            return false;
        *binding = (struct binding){.next = bindings, .name = keyword->name};
        if (!scope_evaluate(render, keyword->value, &binding->value))
            return false;
        bindings = binding;
    }
    *first = bindings;
    return true;
}

enum flow
render_include(struct render *render, const struct node *node)
{
    const struct partial_node *partial = node->partial;
    struct scope *scope = render->scope;
    const struct binding *outer = scope->inner, *inner = outer;
    struct binding bound = {0};
    struct text file;
    enum flow flow = FLOW_ON;

    if (scope->isolated) {
        render_fail(render, "expected no include inside a rendered template: use render");
        return FLOW_ERROR;
    }
    const struct liquid_template *tpl = load(render, partial, &file);
    if (!tpl)
        return FLOW_ERROR;
    struct name *name = bound_name(render, partial, &file);
    if (partial->value) {
        if (!scope_evaluate(render, partial->value, &bound.value))
            return FLOW_ERROR;
    } else if (!scope_find_text(render, file, &bound.value)) {
        bound.value = value_nil();
    }
    if (!bind_keywords(render, partial, &inner))
        return FLOW_ERROR;

    bool repeated = value_is_array(&bound.value);
    size_t n = repeated ? value_array_size(&bound.value) : 1;
    struct liquid_value all = bound.value;
    bound.name = name;
    bound.next = inner;
    scope->inner = &bound;
    for (size_t i = 0; i < n && flow == FLOW_ON; i++) {
        if (repeated)
            bound.value = value_array_item(&all, i);
        flow = enter(render, tpl, scope, render->frame);
    }
    scope->inner = outer;
    return flow;
}

static enum flow
render_once(struct render *render, const struct partial_node *partial, const struct liquid_template *tpl,
            const struct name *name, const struct liquid_value *value, struct liquid_loop *loop)
{
    static const char loop_name[] = "forloop";
    struct scope scope = {.isolated = true};
    struct name forloop = {.text = loop_name, .len = sizeof loop_name - 1};
    const struct binding *arguments = NULL;

    forloop.hash = name_hash(forloop.text, forloop.len);
    if (!bind_keywords(render, partial, &arguments))
        return FLOW_ERROR;

    /* the arguments are variables of the partial, which it may assign to */
    for (const struct binding *binding = arguments; binding; binding = binding->next) {
        struct assigned *assigned = render_alloc(render, sizeof *assigned);
        if (!assigned)
            return FLOW_ERROR;
        *assigned = (struct assigned){.binding = *binding};
        struct assigned **tail = &scope.assigned;
        while (*tail)
            tail = &(*tail)->next;
        *tail = assigned;
    }
    struct assigned bound = {.binding = {.name = name, .value = *value}, .next = scope.assigned};
    if (partial->value)
        scope.assigned = &bound;
    struct assigned loop_variable = {
        .binding = {.name = &forloop, .value = {.type = LIQUID_LOOP, .loop = loop}}, .next = scope.assigned};
    if (loop)
        scope.assigned = &loop_variable;

    enum flow flow = enter(render, tpl, &scope, NULL);
    return flow == FLOW_ERROR ? flow : FLOW_ON;
}

enum flow
render_render(struct render *render, const struct node *node)
{
    const struct partial_node *partial = node->partial;
    struct liquid_value value = value_nil();
    struct sequence sequence;
    struct text file;
    enum flow flow = FLOW_ON;

    const struct liquid_template *tpl = load(render, partial, &file);
    if (!tpl || (partial->value && !scope_evaluate(render, partial->value, &value)))
        return FLOW_ERROR;
    const struct name *name = bound_name(render, partial, &file);
    if (!partial->is_for ||
        !(value_is_array(&value) || value_is_object(&value) || value.type == LIQUID_RANGE))
        return render_once(render, partial, tpl, name, &value, NULL);

    if (!sequence_of(render, &value, &sequence))
        return FLOW_ERROR;
    struct liquid_loop *loop = arena_alloc(&render->arena, sizeof *loop);
    *loop = (struct liquid_loop){.name = file.text, .length = sequence.n};
    for (; loop->index < sequence.n && flow == FLOW_ON; loop->index++) {
        struct liquid_value item = sequence_item(&sequence, loop->index);
        flow = render_charge(render, 1) ? render_once(render, partial, tpl, name, &item, loop) : FLOW_ERROR;
    }
    return flow;
}
