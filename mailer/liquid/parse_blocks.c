/* The tags with a body that is run: if, unless, case, for, tablerow, ifchanged.
 *
 * A block whose body can print nothing but whitespace prints nothing: if, unless, case and for drop their
 * text then, so that templates may be laid out over several lines. */
#include "liquid/parser.h"

#include <string.h>

static bool
parse_branch_condition(struct parser *parser, const struct tag *tag, struct branch *branch)
{
    struct lexer lexer = parse_markup(parser, tag);

    branch->condition = parse_condition(parser, &lexer);
    return branch->condition != NULL;
}

static bool
parse_branches(struct parser *parser, struct block *block, const struct tag *tag, bool negated,
               const char *end_name)
{
    const char *const ends[] = {"elsif", "else", end_name, NULL};
    struct node *node = block_add(parser, block, NODE_IF, tag->at, true);
    struct branch **tail = &node->branches;
    struct tag here = *tag;
    bool blank = true;

    for (bool first = true; first || !tag_is(&here, end_name); first = false) {
        struct branch *branch = NEW(parser, struct branch);
        *tail = branch;
        tail = &branch->next;
        block_init(&branch->body);
        branch->negated = first && negated;
        /* what follows the word else is ignored, as other engines do */
        if (!tag_is(&here, "else") && !parse_branch_condition(parser, &here, branch))
            return false;
        if (!parse_body(parser, &branch->body, tag, ends, &here))
            return false;
        blank = blank && branch->body.blank;
    }
    if (blank)
        for (struct branch *branch = node->branches; branch; branch = branch->next)
            block_drop_text(&branch->body);
    block->blank = block->blank && blank;
    return true;
}

bool
parse_if(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_branches(parser, block, tag, false, "endif");
}

bool
parse_unless(struct parser *parser, struct block *block, const struct tag *tag)
{
    return parse_branches(parser, block, tag, true, "endunless");
}

/* One `when a, b or c`: an entry for each value, all with the same body. */
static bool
parse_when(struct parser *parser, const struct tag *tag, const struct block *body, struct when ***tail)
{
    struct lexer lexer = parse_markup(parser, tag);

    for (;;) {
        struct when *when = NEW(parser, struct when);
        **tail = when;
        *tail = &when->next;
        when->body = body;
        when->at = (guint32)lexer.token.at;
        when->value = parse_operand(parser, &lexer);
        if (!when->value)
            return false;
        if (lexer.token.kind == TOKEN_COMMA || lexer_is(&lexer, "or")) {
            lexer_advance(&lexer);
            continue;
        }
        if (lexer.token.kind == TOKEN_END)
            return true;
        if (!parser->lax)
            return parse_error(parser, lexer.token.at, "expected a comma, or, or the end of the tag");
        return true;
    }
}

static bool
parse_case_else(struct parser *parser, const struct tag *tag, const struct block *body, struct when ***tail)
{
    struct lexer lexer = parse_markup(parser, tag);
    struct when *when = NEW(parser, struct when);

    when->body = body;
    when->at = (guint32)tag->at;
    **tail = when;
    *tail = &when->next;
    return parse_expect_end(parser, &lexer);
}

bool
parse_case(struct parser *parser, struct block *block, const struct tag *tag)
{
    static const char *const ends[] = {"when", "else", "endcase", NULL};
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_CASE, tag->at, true);
    struct when **tail = &node->choice.whens;
    struct block header;
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    struct tag here;
    bool blank;

    node->choice.subject = parse_value(parser, &lexer);
    if (!node->choice.subject || (!parser->lax && !parse_expect_end(parser, &lexer)))
        return false;
    /* what stands before the first when is read but never printed */
    block_init(&header);
    if (!parse_body(parser, &header, tag, ends, &here))
        return false;
    blank = header.blank;

    while (!tag_is(&here, "endcase")) {
        struct block *body = NEW(parser, struct block);
        block_init(body);
        g_ptr_array_add(all, body);
        if (!(tag_is(&here, "when") ? parse_when : parse_case_else)(parser, &here, body, &tail))
            return false;
        if (!parse_body(parser, body, tag, ends, &here))
            return false;
        blank = blank && body->blank;
    }
    if (blank)
        for (guint i = 0; i < all->len; i++)
            block_drop_text(all->pdata[i]);
    block->blank = block->blank && blank;
    return true;
}

/* The words of an expression without the blanks: the key of `offset: continue`. */
void
parse_append_words(GString *key, const char *source, size_t from, size_t end)
{
    for (struct lexer lexer = lexer_start(source, from, end); lexer.token.kind != TOKEN_END;
         lexer_advance(&lexer))
        g_string_append_len(key, source + lexer.token.at, (gssize)(lexer.at - lexer.token.at));
}

static struct loop_node *
parse_loop_head(struct parser *parser, struct lexer *lexer)
{
    struct loop_node *loop = NEW(parser, struct loop_node);
    g_autoptr(GString) key = g_string_new(NULL);

    block_init(&loop->body);
    if (lexer->token.kind != TOKEN_ID) {
        parse_error(parser, lexer->token.at, "expected the name of the loop variable");
        return NULL;
    }
    loop->variable = parse_intern(parser, lexer->token.text, lexer->token.len);
    lexer_advance(lexer);
    if (!lexer_is(lexer, "in")) {
        parse_error(parser, lexer->token.at, "expected in and what to loop over");
        return NULL;
    }
    lexer_advance(lexer);

    size_t from = lexer->token.at;
    loop->collection = parse_value(parser, lexer);
    if (!loop->collection)
        return NULL;
    g_string_append_printf(key, "%s-", loop->variable->text);
    parse_append_words(key, lexer->source, from, lexer->token.at);
    loop->key = arena_copy(&parser->tpl->arena, key->str, key->len);
    return loop;
}

static bool
parse_loop_parameters(struct parser *parser, struct lexer *lexer, struct loop_node *loop, bool tablerow)
{
    const char *what = tablerow ? "expected cols, limit, offset or the end of the tag"
                                : "expected limit, offset or the end of the tag";

    if (!tablerow && lexer_is(lexer, "reversed")) {
        loop->reversed = true;
        lexer_advance(lexer);
    }
    while (lexer->token.kind == TOKEN_ID || lexer->token.kind == TOKEN_COMMA) {
        const struct expr **target;
        bool is_offset;

        if (lexer->token.kind == TOKEN_COMMA)
            lexer_advance(lexer);
        if (parser->lax && lexer->token.kind == TOKEN_ID && lexer_peek(lexer) != TOKEN_COLON) {
            lexer_advance(lexer);
            continue;
        }
        is_offset = lexer_is(lexer, "offset");
        if (is_offset)
            target = &loop->offset;
        else if (lexer_is(lexer, "limit"))
            target = &loop->limit;
        else if (tablerow && lexer_is(lexer, "cols"))
            target = &loop->cols;
        else
            return parse_error(parser, lexer->token.at, "%s", what);
        lexer_advance(lexer);
        if (!parse_expect(parser, lexer, TOKEN_COLON, "a colon and a value"))
            return false;
        if (is_offset && !tablerow && lexer_is(lexer, "continue") && lexer_peek(lexer) != TOKEN_DOT) {
            loop->offset_continue = true;
            loop->offset = NULL;
            lexer_advance(lexer);
            continue;
        }
        if (is_offset)
            loop->offset_continue = false;
        *target = parse_value(parser, lexer);
        if (!*target)
            return false;
    }
    if (lexer->token.kind != TOKEN_END)
        return parse_error(parser, lexer->token.at, "%s", what);
    return true;
}

bool
parse_for(struct parser *parser, struct block *block, const struct tag *tag)
{
    static const char *const ends[] = {"else", "endfor", NULL};
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_FOR, tag->at, true);
    struct loop_node *loop = node->loop = parse_loop_head(parser, &lexer);
    struct tag here;

    if (!loop || !parse_loop_parameters(parser, &lexer, loop, false) ||
        !parse_body(parser, &loop->body, tag, ends, &here))
        return false;
    bool blank = loop->body.blank;
    if (tag_is(&here, "else")) {
        loop->otherwise = NEW(parser, struct block);
        block_init(loop->otherwise);
        if (!parse_body(parser, loop->otherwise, tag, ends + 1, &here))
            return false;
        blank = blank && loop->otherwise->blank;
    }
    if (blank) {
        block_drop_text(&loop->body);
        if (loop->otherwise)
            block_drop_text(loop->otherwise);
    }
    block->blank = block->blank && blank;
    return true;
}

bool
parse_tablerow(struct parser *parser, struct block *block, const struct tag *tag)
{
    static const char *const ends[] = {"endtablerow", NULL};
    struct lexer lexer = parse_markup(parser, tag);
    struct node *node = block_add(parser, block, NODE_TABLEROW, tag->at, false);
    struct loop_node *loop = node->loop = parse_loop_head(parser, &lexer);
    struct tag end;

    return loop && parse_loop_parameters(parser, &lexer, loop, true) &&
           parse_body(parser, &loop->body, tag, ends, &end);
}

bool
parse_ifchanged(struct parser *parser, struct block *block, const struct tag *tag)
{
    static const char *const ends[] = {"endifchanged", NULL};
    struct node *node = block_add(parser, block, NODE_IFCHANGED, tag->at, true);
    struct tag end;

    node->body = NEW(parser, struct block);
    block_init(node->body);
    if (!parse_body(parser, node->body, tag, ends, &end))
        return false;
    block->blank = block->blank && node->body->blank;
    return true;
}
