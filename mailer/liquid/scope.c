/* Names and paths. A name is looked for in the bindings around it, innermost first, then among the assigned
 * variables, the counters, and last in the data source, whose answers are cached for the render.
 *
 * Strict: a name nobody knows and nobody in the template ever sets is an error, and so is a property an
 * object does not have; what is known but null is nil. A name the template sets somewhere is nil until then.
 */
#include "liquid/scope.h"

#include <string.h>

#include "base/text.h"
#include "liquid/filter.h"
#include "liquid/number.h"
#include "liquid/property.h"

static bool
same_name(const struct name *a, const struct name *b)
{
    return a == b || (a->hash == b->hash && a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

struct cache *
scope_cache(struct render *render, const struct liquid_template *tpl)
{
    for (struct cache *cache = render->caches; cache; cache = cache->next)
        if (cache->tpl == tpl)
            return cache;

    struct cache *cache = arena_alloc(&render->arena, sizeof *cache);
    *cache = (struct cache){
        .tpl = tpl,
        .states = arena_zero(&render->arena, tpl->n_names, sizeof *cache->states),
        .values = arena_alloc(&render->arena, tpl->n_names * sizeof *cache->values),
        .next = render->caches,
    };
    render->caches = cache;
    return cache;
}

static bool
ask_data(struct render *render, const struct name *name, struct liquid_value *out)
{
    const struct liquid_options *options = render->options;

    *out = value_nil();
    if (!options->data.lookup || !options->data.lookup(options->data.user, name->text, name->len, out))
        return false;
    if (options->observe)
        options->observe(options->user, name->text, out);
    if (out->type == LIQUID_JSON)
        *out = value_from_json(out->json);
    return true;
}

bool
scope_find_outer(struct render *render, const struct name *name, struct liquid_value *out)
{
    struct cache *cache = render->frame->cache;
    guint8 *state = &cache->states[name->slot];

    if (*state == SLOT_NEW)
        *state = ask_data(render, name, &cache->values[name->slot]) ? SLOT_KNOWN : SLOT_UNKNOWN;
    *out = cache->values[name->slot];
    return *state == SLOT_KNOWN;
}

bool
scope_find(struct render *render, const struct name *name, struct liquid_value *out)
{
    const struct scope *scope = render->scope;

    for (const struct binding *binding = scope->inner; binding; binding = binding->next)
        if (same_name(binding->name, name)) {
            *out = binding->value;
            return true;
        }
    for (const struct assigned *assigned = scope->assigned; assigned; assigned = assigned->next)
        if (same_name(assigned->binding.name, name)) {
            *out = assigned->binding.value;
            return true;
        }
    for (const struct counter *counter = scope->counters; counter; counter = counter->next)
        if (same_name(counter->name, name)) {
            *out = value_int(counter->value);
            return true;
        }
    return scope_find_outer(render, name, out);
}

/* Longer words are no names. */
#define NAME_MAX_LEN 256u

static struct name
temporary_name(struct render *render, const char *text, size_t len)
{
    len = MIN(len, NAME_MAX_LEN);
    return (struct name){
        .text = arena_copy(&render->arena, text, len), .len = (guint32)len, .hash = name_hash(text, len)};
}

bool
scope_find_text(struct render *render, struct text text, struct liquid_value *out)
{
    const struct name *known = template_find_name(render->frame->tpl, text.text, text.len);
    guint8 state = SLOT_NEW;
    struct liquid_value value;
    struct cache cache = {.states = &state, .values = &value};
    const struct frame *outer = render->frame;
    struct frame frame = {.tpl = outer->tpl, .cache = &cache, .parent = outer->parent};

    if (known)
        return scope_find(render, known, out);
    *out = value_nil();
    if (text.len > NAME_MAX_LEN)
        return false;
    /* such a name has no slot in the template's cache: give it one of its own */
    struct name name = temporary_name(render, text.text, text.len);
    render->frame = &frame;
    bool found = scope_find(render, &name, out);
    render->frame = outer;
    return found;
}

bool
scope_assign(struct render *render, const struct name *name, const struct liquid_value *value)
{
    for (struct assigned *assigned = render->scope->assigned; assigned; assigned = assigned->next)
        if (same_name(assigned->binding.name, name)) {
            assigned->binding.value = *value;
            return true;
        }
    struct assigned *assigned = render_alloc(render, sizeof *assigned);
    if (!assigned)
        return false;
    *assigned =
        (struct assigned){.binding = {.name = name, .value = *value}, .next = render->scope->assigned};
    render->scope->assigned = assigned;
    return true;
}

static bool
unknown_variable(struct render *render, const struct name *name, size_t at)
{
    const struct liquid_options *options = render->options;
    g_autofree const char **names = options->data.names ? options->data.names(options->data.user) : NULL;
    const char *nearest = names ? text_nearest(name->text, names) : NULL;

    render->at = at;
    return render_fail(render, "unknown variable %s%s%s%s", name->text, nearest ? ", did you mean " : "",
                       nearest ? nearest : "", nearest ? "?" : "");
}

static bool
is_set_somewhere(const struct render *render, const struct name *name)
{
    for (const struct frame *frame = render->frame; frame; frame = frame->parent) {
        const struct name *own = template_find_name(frame->tpl, name->text, name->len);
        if (own && own->is_set)
            return true;
    }
    return false;
}

static bool
evaluate_name(struct render *render, const struct name *name, size_t at, struct liquid_value *out)
{
    if (scope_find(render, name, out))
        return true;
    *out = value_nil();
    return render->options->lax || is_set_somewhere(render, name) || unknown_variable(render, name, at);
}

/* A name that is itself computed, [expression], need not be a word of the template. */
static bool
evaluate_indirect(struct render *render, const struct expr *expr, struct liquid_value *out)
{
    struct liquid_value key;

    if (!scope_evaluate(render, expr, &key))
        return false;
    if (key.type != LIQUID_STRING) {
        *out = value_nil();
        return true;
    }
    if (scope_find_text(render, (struct text){key.string.text, key.string.len}, out))
        return true;

    struct name name = temporary_name(render, key.string.text, key.string.len);
    *out = value_nil();
    return render->options->lax || is_set_somewhere(render, &name) ||
           unknown_variable(render, &name, expr->at);
}

/* size, first and last, when no property of that name exists. */
static bool
apply_command(struct render *render, const struct liquid_value *object, enum command command,
              struct liquid_value *out)
{
    struct filter_args none = {0};

    *out = *object;
    if (!render_charge(render, value_weight(object)))
        return false;
    switch (command) {
    case COMMAND_NONE:
        return false;
    case COMMAND_SIZE:
        if (object->type == LIQUID_NIL || object->type == LIQUID_BOOL || object->type == LIQUID_REAL ||
            object->type == LIQUID_LOOP)
            return false;
        return filter_size(render, out, &none);
    case COMMAND_FIRST:
        if (object->type != LIQUID_STRING && object->type != LIQUID_RANGE && !value_is_array(object) &&
            !value_is_object(object))
            return false;
        return filter_first(render, out, &none);
    case COMMAND_LAST:
        if (object->type != LIQUID_STRING && object->type != LIQUID_RANGE && !value_is_array(object))
            return false;
        return filter_last(render, out, &none);
    }
    return false;
}

static bool
unknown_property(struct render *render, const struct liquid_value *object, const char *key, size_t len)
{
    g_autofree char *wanted = g_strndup(key, len);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    const char *nearest = NULL;

    if (value_is_object(object)) {
        for (void *i = json_object_iter(object->json); i; i = json_object_iter_next(object->json, i))
            g_ptr_array_add(keys, (gpointer)(guintptr)json_object_iter_key(i));
        g_ptr_array_add(keys, NULL);
        nearest = text_nearest(wanted, (const char *const *)keys->pdata);
    }
    return render_fail(render, "unknown property %s%s%s%s", wanted, nearest ? ", did you mean " : "",
                       nearest ? nearest : "", nearest ? "?" : "");
}

static bool
step_by_name(struct render *render, const struct lookup *step, const char *key, size_t len,
             struct liquid_value *value)
{
    struct liquid_value object = *value;

    if (value_is_object(&object)) {
        json_t *item = json_object_getn(object.json, key, len);
        if (item) {
            *value = value_from_json(item);
            return true;
        }
    } else if (object.type == LIQUID_LOOP && property_of_loop(object.loop, key, len, value)) {
        return true;
    }
    if (apply_command(render, &object, step->command, value))
        return true;

    *value = value_nil();
    bool literal = step->key || step->index->kind == EXPR_LITERAL;
    if (render->options->lax || object.type == LIQUID_NIL || !literal)
        return true;
    /* an object has no last, but asking is no typo */
    if (step->command != COMMAND_NONE && value_is_object(&object))
        return true;
    render->at = step->at;
    return unknown_property(render, &object, key, len);
}

static bool
step_by_index(const struct liquid_value *index, struct liquid_value *value)
{
    gint64 i = index->type == LIQUID_INT ? index->integer : 0;

    if (index->type != LIQUID_INT || !value_is_array(value)) {
        *value = value_nil();
        return true;
    }
    gint64 n = (gint64)value_array_size(value);
    if (i < 0)
        i += n;
    *value = i >= 0 && i < n ? value_array_item(value, (size_t)i) : value_nil();
    return true;
}

static bool
evaluate_path(struct render *render, const struct expr *expr, struct liquid_value *out)
{
    for (guint32 i = 0; i < expr->variable.n_lookups; i++) {
        const struct lookup *step = &expr->variable.lookups[i];
        struct liquid_value index;

        if (step->key) {
            if (!step_by_name(render, step, step->key, step->key_len, out))
                return false;
            continue;
        }
        if (!scope_evaluate(render, step->index, &index))
            return false;
        if (index.type == LIQUID_STRING
                ? !step_by_name(render, step, index.string.text, index.string.len, out)
                : !step_by_index(&index, out))
            return false;
    }
    return true;
}

/* One end of a range: a number's whole part when it is written in place; a variable must hold an integer or
 * text. */
static bool
range_end(struct render *render, const struct expr *expr, bool literal, gint64 *out)
{
    struct liquid_value value;

    if (!scope_evaluate(render, expr, &value))
        return false;
    render->at = expr->at;
    if (value.type == LIQUID_NIL)
        *out = 0;
    else if (value.type == LIQUID_STRING)
        *out = number_leading_integer(value.string.text, value.string.len);
    else if (value.type == LIQUID_REAL && literal)
        *out = (gint64)CLAMP(value.real, -9e18, 9e18);
    else
        return render_to_integer(render, &value, out);
    return true;
}

static bool
evaluate_range(struct render *render, const struct expr *expr, struct liquid_value *out)
{
    bool literal = expr->range.first->kind == EXPR_LITERAL && expr->range.last->kind == EXPR_LITERAL;
    gint64 first, last;

    if (!range_end(render, expr->range.first, literal, &first) ||
        !range_end(render, expr->range.last, literal, &last))
        return false;
    *out = (struct liquid_value){.type = LIQUID_RANGE, .range = {.first = first, .last = last}};
    return true;
}

bool
scope_evaluate(struct render *render, const struct expr *expr, struct liquid_value *out)
{
    switch (expr->kind) {
    case EXPR_LITERAL:
        *out = expr->literal;
        return true;
    case EXPR_VARIABLE:
        if (expr->variable.name ? !evaluate_name(render, expr->variable.name, expr->at, out)
                                : !evaluate_indirect(render, expr->variable.indirect, out))
            return false;
        return expr->variable.n_lookups == 0 || evaluate_path(render, expr, out);
    case EXPR_RANGE:
        return evaluate_range(render, expr, out);
    }
    return false;
}
