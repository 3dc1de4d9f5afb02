/* What a template can print, in the order of the file: its own text, where values stand, and where
 * alternatives begin and end. Nothing is rendered. A loop counts as one round or its else; partials are not
 * looked into. */
#include "liquid/tree.h"

struct outline {
    const struct liquid_template *tpl;
    GArray *parts; /* struct liquid_part */
    const char *counted;
    unsigned line; /* of counted */
};

/* Texts and values come in the order of the source, so lines are counted once. */
static unsigned
line_of(struct outline *outline, const char *at)
{
    for (; outline->counted < at; outline->counted++)
        outline->line += *outline->counted == '\n';
    return outline->line;
}

static void
add_text(struct outline *outline, enum liquid_part_kind kind, const char *at, size_t len)
{
    struct liquid_part part = {.kind = kind, .text = at, .len = len, .line = line_of(outline, at)};
    g_array_append_val(outline->parts, part);
}

static void
add(struct outline *outline, enum liquid_part_kind kind)
{
    struct liquid_part part = {.kind = kind};
    g_array_append_val(outline->parts, part);
}

static void outline_block(struct outline *outline, const struct block *block);

static void
outline_branches(struct outline *outline, const struct node *node)
{
    bool otherwise = false;

    add(outline, LIQUID_PART_FORK);
    for (const struct branch *branch = node->branches; branch; branch = branch->next) {
        add(outline, LIQUID_PART_BRANCH);
        outline_block(outline, &branch->body);
        otherwise = otherwise || !branch->condition;
    }
    if (!otherwise)
        add(outline, LIQUID_PART_BRANCH);
    add(outline, LIQUID_PART_JOIN);
}

static void
outline_case(struct outline *outline, const struct node *node)
{
    bool otherwise = false;

    add(outline, LIQUID_PART_FORK);
    for (const struct when *when = node->choice.whens; when; when = when->next) {
        otherwise = otherwise || !when->value;
        if (when->next && when->next->body == when->body)
            continue; /* the values of one list share a body */
        add(outline, LIQUID_PART_BRANCH);
        outline_block(outline, when->body);
    }
    if (!otherwise)
        add(outline, LIQUID_PART_BRANCH);
    add(outline, LIQUID_PART_JOIN);
}

static void
outline_loop(struct outline *outline, const struct node *node)
{
    add(outline, LIQUID_PART_FORK);
    add(outline, LIQUID_PART_BRANCH);
    outline_block(outline, &node->loop->body);
    add(outline, LIQUID_PART_BRANCH);
    if (node->loop->otherwise)
        outline_block(outline, node->loop->otherwise);
    add(outline, LIQUID_PART_JOIN);
}

static void
outline_node(struct outline *outline, const struct node *node)
{
    switch (node->kind) {
    case NODE_TEXT:
    case NODE_RAW:
        add_text(outline, LIQUID_PART_TEXT, node->text.text, node->text.len);
        break;
    case NODE_OUTPUT:
        if (node->output.value)
            add_text(outline, LIQUID_PART_VALUE, outline->tpl->source + node->at, 0);
        break;
    case NODE_CYCLE:
    case NODE_INCREMENT:
    case NODE_DECREMENT:
    case NODE_INCLUDE:
    case NODE_RENDER:
        add_text(outline, LIQUID_PART_VALUE, outline->tpl->source + node->at, 0);
        break;
    case NODE_IF:
        outline_branches(outline, node);
        break;
    case NODE_CASE:
        outline_case(outline, node);
        break;
    case NODE_FOR:
    case NODE_TABLEROW:
        outline_loop(outline, node);
        break;
    case NODE_CAPTURE:
        outline_block(outline, &node->capture.body);
        break;
    case NODE_IFCHANGED:
        outline_block(outline, node->body);
        break;
    case NODE_ASSIGN:
    case NODE_BREAK:
    case NODE_CONTINUE:
        break;
    }
}

static void
outline_block(struct outline *outline, const struct block *block)
{
    for (const struct node *node = block->first; node; node = node->next)
        outline_node(outline, node);
}

struct liquid_part *
liquid_template_outline(const struct liquid_template *tpl, size_t *n)
{
    struct outline outline = {.tpl = tpl,
                              .parts = g_array_new(FALSE, FALSE, sizeof(struct liquid_part)),
                              .counted = tpl->source,
                              .line = 1};

    outline_block(&outline, &tpl->root);
    *n = outline.parts->len;
    return (struct liquid_part *)(void *)g_array_free(outline.parts, FALSE);
}
