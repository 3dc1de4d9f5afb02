/* Shared by the files that build the tree: parse.c (text, tags, blocks), parse_tags.c and parse_blocks.c (one
 * function a tag) and parse_expression.c (values, filters, conditions). The first three call one another as
 * blocks stand inside blocks. */
#ifndef USHER_LIQUID_PARSER_H
#define USHER_LIQUID_PARSER_H

#include "liquid/lexer.h"
#include "liquid/tree.h"

/* Blocks and brackets inside one another; beyond it a template is refused. */
#define PARSE_DEPTH_MAX 100u

/* A tag as found in the text: `{% name markup %}` or one line of a liquid tag. */
struct tag {
    size_t at; /* of the name */
    const char *name;
    size_t name_len;
    size_t markup, markup_end; /* byte offsets */
};

/* The stretch of the source that is being read; inside {% liquid %} every line is a tag. */
struct view {
    size_t at, end;
    bool lines;
    bool trim; /* the text that follows loses its leading whitespace */
};

struct parser {
    struct liquid_template *tpl;
    struct view view;
    bool lax;
    unsigned depth;
    GError **error;
};

#define NEW(parser, type) ((type *)arena_zero(&(parser)->tpl->arena, 1, sizeof(type)))

/* parser.c */
bool parse_error(struct parser *parser, size_t at, const char *format, ...) G_GNUC_PRINTF(3, 4);
struct name *parse_intern(struct parser *parser, const char *text, size_t len);
struct node *block_add(struct parser *parser, struct block *block, enum node_kind kind, size_t at,
                       bool blank);
void block_init(struct block *block);
/* Drops the whitespace of a block that prints nothing else. */
void block_drop_text(struct block *block);

/* parse.c */

/* Reads nodes into block until one of the tags in ends (NULL-terminated), which is left in *end; a missing
 * end is an error that names opener. */
bool parse_body(struct parser *parser, struct block *block, const struct tag *opener, const char *const *ends,
                struct tag *end);
bool tag_is(const struct tag *tag, const char *name);
/* Skips to the end of a comment, doc or raw block; *body_end is where its text ends. */
bool skip_comment(struct parser *parser, const struct tag *opener);
bool skip_verbatim(struct parser *parser, const struct tag *opener, const char *end_name, bool refuse_nested,
                   size_t *body_end);
bool parse_lines(struct parser *parser, struct block *block, const struct tag *tag);

/* Reads one tag, whose name is not an end, and everything that belongs to it into block. */
typedef bool tag_parser(struct parser *parser, struct block *block, const struct tag *tag);

/* parse_tags.c */
tag_parser parse_tag;

/* parse_blocks.c */
tag_parser parse_if, parse_unless, parse_case, parse_for, parse_tablerow, parse_ifchanged;
/* Appends the words of from..end of source without the blanks between them. */
void parse_append_words(GString *out, const char *source, size_t from, size_t end);

/* parse_expression.c; all return NULL or false with the error set */
struct lexer parse_markup(const struct parser *parser, const struct tag *tag);
const struct expr *parse_value(struct parser *parser, struct lexer *lexer);
/* The same inside a condition, where blank and empty are tests. */
const struct expr *parse_operand(struct parser *parser, struct lexer *lexer);
bool parse_output(struct parser *parser, struct lexer *lexer, struct output *out);
const struct condition *parse_condition(struct parser *parser, struct lexer *lexer);
bool parse_expect_end(struct parser *parser, const struct lexer *lexer);
bool parse_expect(struct parser *parser, struct lexer *lexer, enum token_kind kind, const char *what);
/* `name: value` pairs separated by optional commas, up to the end. */
bool parse_keywords(struct parser *parser, struct lexer *lexer, const struct keyword **out);
/* The name an assign, capture or counter sets. */
struct name *parse_target(struct parser *parser, struct lexer *lexer);

#endif
