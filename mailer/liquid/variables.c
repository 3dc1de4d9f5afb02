/* Which names a template reads from outside, found without rendering it. A name counts as its own when the
 * template assigns, captures or counts it anywhere, or a loop around the place binds it.
 *
 * The walk goes through the tree in order, with the loop variables in scope on a list. */
#include "liquid/tree.h"

#include <string.h>

struct bound {
    const struct bound *next;
    const char *name;
};

struct walk {
    const struct liquid_template *tpl;
    const struct bound *bound;
    GArray *found;    /* struct liquid_name */
    bool partials;    /* collect partials instead of variables */
    GHashTable *read; /* when set: collect what is assigned, and the names that are read go here */
    bool includes;
};

static void
add(struct walk *walk, const char *name, size_t at)
{
    struct liquid_name entry = {.name = name};

    for (guint i = 0; i < walk->found->len; i++)
        if (strcmp(g_array_index(walk->found, struct liquid_name, i).name, name) == 0)
            return;
    template_position(walk->tpl, at, &entry.line, &entry.column);
    g_array_append_val(walk->found, entry);
}

static void
walk_name(struct walk *walk, const struct name *name, size_t at)
{
    if (walk->read)
        g_hash_table_add(walk->read, (void *)(gsize)name->text);
    if (walk->partials || walk->read || name->is_set)
        return;
    for (const struct bound *bound = walk->bound; bound; bound = bound->next)
        if (strcmp(bound->name, name->text) == 0)
            return;
    add(walk, name->text, at);
}

static void
walk_expr(struct walk *walk, const struct expr *expr)
{
    if (!expr)
        return;
    switch (expr->kind) {
    case EXPR_LITERAL:
        break;
    case EXPR_VARIABLE:
        if (expr->variable.name)
            walk_name(walk, expr->variable.name, expr->at);
        walk_expr(walk, expr->variable.indirect);
        for (guint32 i = 0; i < expr->variable.n_lookups; i++)
            walk_expr(walk, expr->variable.lookups[i].index);
        break;
    case EXPR_RANGE:
        walk_expr(walk, expr->range.first);
        walk_expr(walk, expr->range.last);
        break;
    }
}

static void
walk_keywords(struct walk *walk, const struct keyword *keywords)
{
    for (; keywords; keywords = keywords->next)
        walk_expr(walk, keywords->value);
}

static void
walk_output(struct walk *walk, const struct output *output)
{
    walk_expr(walk, output->value);
    for (const struct filter_call *call = output->filters; call; call = call->next) {
        for (guint32 i = 0; i < call->n_args; i++)
            walk_expr(walk, call->args[i]);
        walk_keywords(walk, call->keywords);
    }
}

static void walk_block(struct walk *walk, const struct block *block);

static void
walk_branches(struct walk *walk, const struct branch *branch)
{
    for (; branch; branch = branch->next) {
        for (const struct condition *term = branch->condition; term; term = term->next) {
            walk_expr(walk, term->left);
            walk_expr(walk, term->right);
        }
        walk_block(walk, &branch->body);
    }
}

static void
walk_case(struct walk *walk, const struct node *node)
{
    walk_expr(walk, node->choice.subject);
    for (const struct when *when = node->choice.whens; when; when = when->next) {
        walk_expr(walk, when->value);
        /* the values of one list share a body */
        if (!when->next || when->next->body != when->body)
            walk_block(walk, when->body);
    }
}

static void
walk_loop(struct walk *walk, const struct node *node)
{
    const struct loop_node *loop = node->loop;
    struct bound forloop = {walk->bound, node->kind == NODE_FOR ? "forloop" : "tablerowloop"};
    struct bound variable = {&forloop, loop->variable->text};

    walk_expr(walk, loop->collection);
    walk_expr(walk, loop->limit);
    walk_expr(walk, loop->offset);
    walk_expr(walk, loop->cols);
    walk->bound = &variable;
    walk_block(walk, &loop->body);
    walk->bound = forloop.next;
    if (loop->otherwise)
        walk_block(walk, loop->otherwise);
}

static void
walk_partial(struct walk *walk, const struct partial_node *partial)
{
    walk_expr(walk, partial->name);
    walk_expr(walk, partial->value);
    walk_keywords(walk, partial->keywords);
    if (walk->partials && partial->literal_name)
        add(walk, partial->literal_name, partial->name->at);
}

static void
walk_node(struct walk *walk, const struct node *node)
{
    switch (node->kind) {
    case NODE_OUTPUT:
        walk_output(walk, &node->output);
        break;
    case NODE_ASSIGN:
        if (walk->read)
            add(walk, node->assign.name->text, node->at);
        walk_output(walk, &node->assign.value);
        break;
    case NODE_CAPTURE:
        if (walk->read)
            add(walk, node->capture.name->text, node->at);
        walk_block(walk, &node->capture.body);
        break;
    case NODE_IF:
        walk_branches(walk, node->branches);
        break;
    case NODE_CASE:
        walk_case(walk, node);
        break;
    case NODE_FOR:
    case NODE_TABLEROW:
        walk_loop(walk, node);
        break;
    case NODE_CYCLE:
        walk_expr(walk, node->cycle->group);
        for (guint32 i = 0; i < node->cycle->n_values; i++)
            walk_expr(walk, node->cycle->values[i]);
        break;
    case NODE_IFCHANGED:
        walk_block(walk, node->body);
        break;
    case NODE_INCLUDE:
    case NODE_RENDER:
        walk->includes = walk->includes || node->kind == NODE_INCLUDE;
        walk_partial(walk, node->partial);
        break;
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
walk_block(struct walk *walk, const struct block *block)
{
    for (const struct node *node = block->first; node; node = node->next)
        walk_node(walk, node);
}

static struct liquid_name *
collect(const struct liquid_template *tpl, bool partials, size_t *n)
{
    struct walk walk = {
        .tpl = tpl, .found = g_array_new(FALSE, FALSE, sizeof(struct liquid_name)), .partials = partials};

    walk_block(&walk, &tpl->root);
    *n = walk.found->len;
    return (struct liquid_name *)(void *)g_array_free(walk.found, FALSE);
}

struct liquid_name *
liquid_template_unused(const struct liquid_template *tpl, size_t *n)
{
    struct walk walk = {.tpl = tpl,
                        .found = g_array_new(FALSE, FALSE, sizeof(struct liquid_name)),
                        .read = g_hash_table_new(g_str_hash, g_str_equal)};

    walk_block(&walk, &tpl->root);
    for (guint i = walk.found->len; i-- > 0;)
        if (walk.includes ||
            g_hash_table_contains(walk.read, g_array_index(walk.found, struct liquid_name, i).name))
            g_array_remove_index(walk.found, i);
    g_hash_table_unref(walk.read);
    *n = walk.found->len;
    return (struct liquid_name *)(void *)g_array_free(walk.found, FALSE);
}

struct liquid_name *
liquid_template_variables(const struct liquid_template *tpl, size_t *n)
{
    return collect(tpl, false, n);
}

struct liquid_name *
liquid_template_partials(const struct liquid_template *tpl, size_t *n)
{
    return collect(tpl, true, n);
}
