/* for, tablerow and cycle. A loop goes through its collection in place: a range of a billion costs nothing
 * until it is walked, and walking costs a step a round. */
#include "liquid/render.h"

#include <string.h>

#include "liquid/number.h"
#include "liquid/scope.h"
#include "liquid/sequence.h"

/* The items from..end of a sequence; the bounds may be anything. A string is one item and cannot be cut. */
static void
cut(const struct sequence *sequence, gint64 from, const gint64 *limit, gint64 *first, gint64 *count)
{
    gint64 n = sequence->n;
    int128 end = limit ? (int128)from + *limit : n;

    *first = 0;
    *count = n;
    if (sequence->value.type == LIQUID_STRING)
        return;
    *first = CLAMP(from, 0, n);
    end = CLAMP(end, 0, n);
    *count = end > *first ? (gint64)end - *first : 0;
}

static struct resume_point *
resume_point(struct render *render, const char *key)
{
    struct resume_point *point = render->scope->resume_points;

    while (point && strcmp(point->key, key) != 0)
        point = point->next;
    if (!point) {
        point = arena_alloc(&render->arena, sizeof *point);
        *point = (struct resume_point){.key = key, .next = render->scope->resume_points};
        render->scope->resume_points = point;
    }
    return point;
}

/* An optional parameter that must be an integer; nil counts as not given. */
static bool
integer_parameter(struct render *render, const struct expr *expr, gint64 *out, bool *given)
{
    struct liquid_value value = value_nil();

    if (expr && !scope_evaluate(render, expr, &value))
        return false;
    *given = value.type != LIQUID_NIL;
    if (expr)
        render->at = expr->at;
    return !*given || render_to_integer(render, &value, out);
}

/* The part of the collection a for goes through. */
static bool
for_segment(struct render *render, const struct loop_node *node, struct sequence *sequence, gint64 *first,
            gint64 *count)
{
    struct resume_point *point = resume_point(render, node->key);
    struct liquid_value collection;
    gint64 from = 0, limit = 0;
    bool given;

    if (node->offset_continue)
        from = point->from;
    else if (!integer_parameter(render, node->offset, &from, &given))
        return false;
    if (!scope_evaluate(render, node->collection, &collection) ||
        !sequence_of(render, &collection, sequence) ||
        !integer_parameter(render, node->limit, &limit, &given))
        return false;
    cut(sequence, from, given ? &limit : NULL, first, count);
    point->from = (gint64)CLAMP((int128)from + *count, G_MININT64, G_MAXINT64);
    return true;
}

enum flow
render_for(struct render *render, const struct node *node)
{
    static const struct name forloop_name = {.text = "forloop", .len = 7};
    const struct loop_node *spec = node->loop;
    struct scope *scope = render->scope;
    struct sequence sequence;
    gint64 first, count;
    enum flow flow = FLOW_ON;

    if (!for_segment(render, spec, &sequence, &first, &count))
        return FLOW_ERROR;
    if (count == 0)
        return spec->otherwise ? render_block(render, spec->otherwise) : FLOW_ON;

    struct liquid_loop *loop = arena_alloc(&render->arena, sizeof *loop);
    *loop = (struct liquid_loop){.name = spec->key, .length = count, .parent = scope->loop};
    struct name name = forloop_name;
    name.hash = name_hash(name.text, name.len);
    struct binding forloop = {
        .next = scope->inner, .name = &name, .value = {.type = LIQUID_LOOP, .loop = loop}};
    struct binding variable = {.next = &forloop, .name = spec->variable};
    scope->inner = &variable;
    scope->loop = loop;

    for (; loop->index < count && flow == FLOW_ON; loop->index++) {
        gint64 i = spec->reversed ? first + count - 1 - loop->index : first + loop->index;
        variable.value = sequence_item(&sequence, i);
        if (!render_charge(render, 1)) {
            flow = FLOW_ERROR;
            break;
        }
        flow = render_block(render, &spec->body);
        if (flow == FLOW_CONTINUE)
            flow = FLOW_ON;
    }
    scope->inner = forloop.next;
    scope->loop = loop->parent;
    return flow == FLOW_BREAK ? FLOW_ON : flow;
}

/* tablerow's parameters are lenient: text counts as its leading integer. */
static bool
loose_integer(struct render *render, const struct expr *expr, gint64 *out)
{
    struct liquid_value value;

    if (!scope_evaluate(render, expr, &value))
        return false;
    render->at = expr->at;
    switch (value.type) {
    case LIQUID_NIL:
        *out = 0;
        return true;
    case LIQUID_INT:
        *out = value.integer;
        return true;
    case LIQUID_REAL:
        *out = (gint64)CLAMP(value.real, -9e18, 9e18);
        return true;
    case LIQUID_STRING:
        *out = number_leading_integer(value.string.text, value.string.len);
        return true;
    case LIQUID_BOOL:
    case LIQUID_JSON:
    case LIQUID_ARRAY:
    case LIQUID_RANGE:
    case LIQUID_LOOP:
    case LIQUID_BLANK:
    case LIQUID_EMPTY:
        break;
    }
    return render_fail(render, "expected an integer here");
}

/* before, n, after */
static bool
render_number(struct render *render, const char *before, gint64 n, const char *after)
{
    char text[NUMBER_TEXT_MAX];
    size_t len = number_format_int(n, text);

    return render_text(render, before, strlen(before)) && render_text(render, text, len) &&
           render_text(render, after, strlen(after));
}

static enum flow
render_cell(struct render *render, const struct loop_node *spec, struct liquid_loop *loop)
{
    if (!render_charge(render, 1) || !render_number(render, "<td class=\"col", loop->col, "\">"))
        return FLOW_ERROR;
    enum flow flow = render_block(render, &spec->body);
    if (flow == FLOW_ERROR || !render_text(render, "</td>", 5))
        return FLOW_ERROR;
    if (flow == FLOW_BREAK)
        return flow;

    bool row_ends = loop->col == loop->cols;
    if (row_ends && loop->index < loop->length - 1 &&
        !render_number(render, "</tr>\n<tr class=\"row", loop->row + 1, "\">"))
        return FLOW_ERROR;
    loop->row += row_ends;
    loop->col = row_ends ? 1 : loop->col + 1;
    return FLOW_ON;
}

enum flow
render_tablerow(struct render *render, const struct node *node)
{
    static const char row_name[] = "tablerowloop";
    const struct loop_node *spec = node->loop;
    struct liquid_value collection;
    struct sequence sequence;
    gint64 from = 0, limit = 0, first, count, cols = 0;
    enum flow flow = FLOW_ON;

    if (!scope_evaluate(render, spec->collection, &collection))
        return FLOW_ERROR;
    if (!value_truthy(&collection))
        return FLOW_ON;
    if (!sequence_of(render, &collection, &sequence) ||
        (spec->offset && !loose_integer(render, spec->offset, &from)) ||
        (spec->limit && !loose_integer(render, spec->limit, &limit)) ||
        (spec->cols && !loose_integer(render, spec->cols, &cols)))
        return FLOW_ERROR;
    cut(&sequence, from, spec->limit ? &limit : NULL, &first, &count);

    struct liquid_loop *loop = arena_alloc(&render->arena, sizeof *loop);
    *loop = (struct liquid_loop){
        .is_row = true, .length = count, .cols = spec->cols ? cols : count, .row = 1, .col = 1};
    struct name name = {.text = row_name, .len = sizeof row_name - 1};
    name.hash = name_hash(name.text, name.len);
    struct binding rowloop = {
        .next = render->scope->inner, .name = &name, .value = {.type = LIQUID_LOOP, .loop = loop}};
    struct binding variable = {.next = &rowloop, .name = spec->variable};

    if (!render_text(render, "<tr class=\"row1\">\n", 18))
        return FLOW_ERROR;
    render->scope->inner = &variable;
    for (; loop->index < count && flow == FLOW_ON; loop->index++) {
        variable.value = sequence_item(&sequence, first + loop->index);
        flow = render_cell(render, spec, loop);
    }
    render->scope->inner = rowloop.next;
    if (flow == FLOW_ERROR || !render_text(render, "</tr>\n", 6))
        return FLOW_ERROR;
    return FLOW_ON;
}

static struct cycle_state *
cycle_state(struct render *render, const struct cycle_node *cycle, const struct liquid_value *group)
{
    for (struct cycle_state *state = render->scope->cycles; state; state = state->next) {
        if (cycle->key ? state->key == cycle->key ||
                             (cycle->shares && state->shares && strcmp(state->key, cycle->key) == 0)
                       : !state->key && value_same(&state->group, group))
            return state;
    }
    struct cycle_state *state = render_alloc(render, sizeof *state);
    if (state) {
        *state = (struct cycle_state){
            .key = cycle->key, .shares = cycle->shares, .group = *group, .next = render->scope->cycles};
        render->scope->cycles = state;
    }
    return state;
}

bool
render_cycle(struct render *render, const struct node *node)
{
    const struct cycle_node *cycle = node->cycle;
    struct liquid_value group = value_nil(), value = value_nil();

    if (cycle->group && !scope_evaluate(render, cycle->group, &group))
        return false;
    struct cycle_state *state = cycle_state(render, cycle, &group);
    /* lists of different lengths may share a group: beyond the end nothing is printed */
    if (!state ||
        (state->index < cycle->n_values && !scope_evaluate(render, cycle->values[state->index], &value)))
        return false;
    state->index = state->index + 1 < cycle->n_values ? state->index + 1 : 0;
    return render_value(render, &value);
}
