/* One function a tag: reads the markup, then what belongs to it up to the end tag. The table at the end names
 * them; the tags with bodies are in parse_blocks.c. */
#include "liquid/parser.h"

#include <string.h>

#include "base/text.h"

static bool
parse_assign(struct parser *parser, struct block *block, const struct tag *tag)
{
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_ASSIGN, tag->at, true);

    node->assign.name = parse_target(parser, &lexer);
    return node->assign.name && parse_expect(parser, &lexer, TOKEN_ASSIGN, "= and a value") &&
           parse_output(parser, &lexer, &node->assign.value);
}

static bool
parse_capture(struct parser *parser, struct block *block, const struct tag *tag)
{
    static const char *const ends[] = {"endcapture", NULL};
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_CAPTURE, tag->at, true);
    struct tag end;

    block_init(&node->capture.body);
    if (lexer.token.kind == TOKEN_STRING) {
        /* old templates put the name in quotes */
        const struct token quoted = lexer.token;
        struct lexer inner = lexer_start(lexer.source, quoted.at + 1, quoted.at + 1 + quoted.len);
        node->capture.name = parse_target(parser, &inner);
        if (!node->capture.name || !parse_expect_end(parser, &inner))
            return false;
        lexer_advance(&lexer);
    } else {
        node->capture.name = parse_target(parser, &lexer);
    }
    return node->capture.name && parse_expect_end(parser, &lexer) &&
           parse_body(parser, &node->capture.body, tag, ends, &end);
}

static bool
parse_echo(struct parser *parser, struct block *block, const struct tag *tag)
{
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_OUTPUT, tag->at, false);

    return parse_output(parser, &lexer, &node->output);
}

static bool
parse_comment(struct parser *parser, struct block *block, const struct tag *tag)
{
    (void)block;
    return skip_comment(parser, tag);
}

static bool
parse_inline_comment(struct parser *parser, struct block *block, const struct tag *tag)
{
    const char *source = parser->tpl->source;

    (void)block;
    for (size_t at = tag->markup; at < tag->markup_end; at++) {
        if (source[at] != '\n')
            continue;
        while (at + 1 < tag->markup_end && lexer_is_space(source[at + 1]))
            at++;
        if (at + 1 < tag->markup_end && source[at + 1] != '#')
            return parse_error(parser, at + 1, "expected # at the start of every line of a comment");
    }
    return true;
}

/* raw and doc take no arguments. */
static bool
parse_verbatim(struct parser *parser, const struct tag *tag, const char *end_name, bool refuse_nested,
               size_t *from, size_t *to)
{
    struct lexer lexer = parse_markup(parser, tag);

    *from = parser->view.at;
    return parse_expect_end(parser, &lexer) && skip_verbatim(parser, tag, end_name, refuse_nested, to);
}

static bool
parse_raw(struct parser *parser, struct block *block, const struct tag *tag)
{
    size_t from, to;

    if (!parse_verbatim(parser, tag, "endraw", false, &from, &to))
        return false;
    if (to > from) {
        struct node *node = block_add(parser, block, NODE_RAW, from, false);
        node->text.text = parser->tpl->source + from;
        node->text.len = to - from;
    }
    return true;
}

static bool
parse_doc(struct parser *parser, struct block *block, const struct tag *tag)
{
    size_t from, to;

    if (!parse_verbatim(parser, tag, "enddoc", true, &from, &to))
        return false;
    block->blank = block->blank && to == from;
    return true;
}

static bool
parse_liquid(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_lines(parser, block, tag);
}

static bool
parse_bare(struct parser *parser, struct block *block, const struct tag *tag, enum node_kind kind)
{
    struct lexer lexer = parse_markup(parser, tag);

    block_add(parser, block, kind, tag->at, false);
    return parse_expect_end(parser, &lexer);
}

static bool
parse_break(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_bare(parser, block, tag, NODE_BREAK);
}

static bool
parse_continue(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_bare(parser, block, tag, NODE_CONTINUE);
}

static bool
parse_counter(struct parser *parser, struct block *block, const struct tag *tag, enum node_kind kind)
{
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, kind, tag->at, false);

    node->counter = parse_target(parser, &lexer);
    return node->counter && parse_expect_end(parser, &lexer);
}

static bool
parse_increment(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_counter(parser, block, tag, NODE_INCREMENT);
}

static bool
parse_decrement(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_counter(parser, block, tag, NODE_DECREMENT);
}

static bool
parse_cycle_values(struct parser *parser, struct lexer *lexer, const struct expr *first,
                   struct cycle_node *cycle)
{
    g_autoptr(GPtrArray) values = g_ptr_array_new();
    const struct expr *value = first;

    while (value) {
        g_ptr_array_add(values, (gpointer)(guintptr)value);
        if (lexer->token.kind != TOKEN_COMMA)
            break;
        lexer_advance(lexer);
        if (lexer->token.kind == TOKEN_END)
            break;
        value = parse_value(parser, lexer);
    }
    if (!value || !parse_expect_end(parser, lexer))
        return false;
    cycle->n_values = values->len;
    cycle->values = arena_alloc(&parser->tpl->arena, values->len * sizeof *cycle->values);
    memcpy(cycle->values, values->pdata, values->len * sizeof *cycle->values);
    return true;
}

static bool
parse_cycle(struct parser *parser, struct block *block, const struct tag *tag)
{
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_CYCLE, tag->at, false);
    struct cycle_node *cycle = node->cycle = NEW(parser, struct cycle_node);
    const struct expr *first = parse_value(parser, &lexer);

    if (first && lexer.token.kind == TOKEN_COLON) {
        cycle->group = first;
        lexer_advance(&lexer);
        first = parse_value(parser, &lexer);
    }
    if (!first || !parse_cycle_values(parser, &lexer, first, cycle))
        return false;
    if (cycle->group)
        return true;

    g_autoptr(GString) key = g_string_new(NULL);
    cycle->shares = true;
    for (guint32 i = 0; i < cycle->n_values; i++)
        cycle->shares = cycle->shares && cycle->values[i]->kind == EXPR_LITERAL;
    parse_append_words(key, lexer.source, tag->markup, tag->markup_end);
    cycle->key = arena_copy(&parser->tpl->arena, key->str, key->len);
    return true;
}

static bool
parse_partial(struct parser *parser, struct block *block, const struct tag *tag, enum node_kind kind)
{
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, kind, tag->at, false);
    struct partial_node *partial = node->partial = NEW(parser, struct partial_node);

    if (kind == NODE_RENDER && lexer.token.kind != TOKEN_STRING)
        return parse_error(parser, lexer.token.at, "expected the name of a template in quotes");
    partial->name = parse_value(parser, &lexer);
    if (!partial->name)
        return false;
    if (partial->name->kind == EXPR_LITERAL && partial->name->literal.type == LIQUID_STRING)
        partial->literal_name = arena_copy(&parser->tpl->arena, partial->name->literal.string.text,
                                           partial->name->literal.string.len);
    if ((lexer_is(&lexer, "with") || lexer_is(&lexer, "for")) && lexer_peek(&lexer) != TOKEN_COLON) {
        partial->is_for = lexer_is(&lexer, "for");
        lexer_advance(&lexer);
        partial->value = parse_value(parser, &lexer);
        if (!partial->value)
            return false;
    }
    if (lexer_is(&lexer, "as") && lexer_peek(&lexer) == TOKEN_ID) {
        lexer_advance(&lexer);
        partial->alias = parse_intern(parser, lexer.token.text, lexer.token.len);
        lexer_advance(&lexer);
    }
    return parse_keywords(parser, &lexer, &partial->keywords);
}

static bool
parse_include(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_partial(parser, block, tag, NODE_INCLUDE);
}

static bool
parse_render(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_partial(parser, block, tag, NODE_RENDER);
}

static const struct {
    const char *name;
    tag_parser *parse;
} tags[] = {
    {"#", parse_inline_comment},
    {"assign", parse_assign},
    {"break", parse_break},
    {"capture", parse_capture},
    {"case", parse_case},
    {"comment", parse_comment},
    {"continue", parse_continue},
    {"cycle", parse_cycle},
    {"decrement", parse_decrement},
    {"doc", parse_doc},
    {"echo", parse_echo},
    {"for", parse_for},
    {"if", parse_if},
    {"ifchanged", parse_ifchanged},
    {"include", parse_include},
    {"increment", parse_increment},
    {"liquid", parse_liquid},
    {"raw", parse_raw},
    {"render", parse_render},
    {"tablerow", parse_tablerow},
    {"unless", parse_unless},
};

bool
parse_tag(struct parser *parser, struct block *block, const struct tag *tag)
{
    const char *names[G_N_ELEMENTS(tags) + 1];

    for (size_t i = 0; i < G_N_ELEMENTS(tags); i++) {
        if (tag_is(tag, tags[i].name))
            return tags[i].parse(parser, block, tag);
        names[i] = tags[i].name;
    }
    names[G_N_ELEMENTS(tags)] = NULL;

    g_autofree char *word = g_strndup(tag->name, tag->name_len);
    const char *nearest = text_nearest(word, names);
    if (g_str_has_prefix(word, "end") || tag_is(tag, "else") || tag_is(tag, "elsif") || tag_is(tag, "when"))
        return parse_error(parser, tag->at, "expected no {%% %s %%} here: nothing is open that it belongs to",
                           word);
    return parse_error(parser, tag->at, "unknown tag %s%s%s%s", word, nearest ? ", did you mean " : "",
                       nearest ? nearest : "", nearest ? "?" : "");
}
