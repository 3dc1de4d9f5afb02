/* Values, paths, filters and conditions. The grammar:
 *
 *   output    := [value { "|" id [":" argument {"," argument}] }]
 *   argument  := [id ":"] value
 *   value     := string | number | id steps | "[" value "]" steps | "(" value ".." value ")"
 *   steps     := { "." id | "[" value "]" }
 *   condition := term { ("and" | "or") term }
 *   term      := value [comparison value]
 *
 * Invariant: after a failure the error is set and nothing built so far is used. */
#include "liquid/parser.h"

#include <string.h>

#include "base/text.h"
#include "liquid/filter.h"
#include "liquid/number.h"

struct lexer
parse_markup(const struct parser *parser, const struct tag *tag)
{
    return lexer_start(parser->tpl->source, tag->markup, tag->markup_end);
}

bool
parse_expect_end(struct parser *parser, const struct lexer *lexer)
{
    if (lexer->token.kind == TOKEN_END)
        return true;
    return parse_error(parser, lexer->token.at, "expected the end of the tag");
}

bool
parse_expect(struct parser *parser, struct lexer *lexer, enum token_kind kind, const char *what)
{
    if (lexer->token.kind != kind)
        return parse_error(parser, lexer->token.at, "expected %s", what);
    lexer_advance(lexer);
    return true;
}

struct name *
parse_target(struct parser *parser, struct lexer *lexer)
{
    /* Other engines let digits stand first here, though such a name can never be read. */
    size_t at = lexer->token.at, end = at;
    const char *source = lexer->source;

    if (at < lexer->end && lexer_is_word(source[at])) {
        while (end < lexer->end && (lexer_is_word(source[end]) || source[end] == '-'))
            end++;
        if (end < lexer->end && source[end] == '?')
            end++;
    }
    if (end == at) {
        parse_error(parser, at, "expected a variable name");
        return NULL;
    }
    lexer->at = end;
    lexer_advance(lexer);

    struct name *name = parse_intern(parser, source + at, end - at);
    name->is_set = true;
    return name;
}

static enum command
command_of(const char *key, size_t len)
{
    if (len == 4 && memcmp(key, "size", 4) == 0)
        return COMMAND_SIZE;
    if (len == 5 && memcmp(key, "first", 5) == 0)
        return COMMAND_FIRST;
    if (len == 4 && memcmp(key, "last", 4) == 0)
        return COMMAND_LAST;
    return COMMAND_NONE;
}

static bool
parse_bracket(struct parser *parser, struct lexer *lexer, const struct expr **out)
{
    if (parser->depth >= PARSE_DEPTH_MAX)
        return parse_error(parser, lexer->token.at, "nested more than %u deep", PARSE_DEPTH_MAX);
    parser->depth++;
    lexer_advance(lexer);
    *out = parse_value(parser, lexer);
    parser->depth--;
    return *out && parse_expect(parser, lexer, TOKEN_CLOSE_SQUARE, "]");
}

/* The steps of a path, into expr. They are collected on the stack first: a path is short. */
static bool
parse_steps(struct parser *parser, struct lexer *lexer, struct expr *expr)
{
    struct lookup steps[64];
    guint32 n = 0;

    for (;;) {
        struct lookup step = {.at = (guint32)lexer->token.at};

        if (lexer->token.kind == TOKEN_DOT) {
            lexer_advance(lexer);
            if (lexer->token.kind != TOKEN_ID)
                return parse_error(parser, lexer->token.at, "expected a property name after the dot");
            step.at = (guint32)lexer->token.at;
            step.key = lexer->token.text;
            step.key_len = lexer->token.len;
            step.command = command_of(step.key, step.key_len);
            lexer_advance(lexer);
        } else if (lexer->token.kind == TOKEN_OPEN_SQUARE) {
            if (!parse_bracket(parser, lexer, &step.index))
                return false;
        } else {
            break;
        }
        if (n == G_N_ELEMENTS(steps))
            return parse_error(parser, step.at, "expected at most %zu steps in a path", G_N_ELEMENTS(steps));
        steps[n++] = step;
    }
    if (n > 0) {
        struct lookup *copy = arena_alloc(&parser->tpl->arena, n * sizeof *copy);
        memcpy(copy, steps, n * sizeof *copy);
        expr->variable.lookups = copy;
    }
    expr->variable.n_lookups = n;
    return true;
}

static bool
parse_range(struct parser *parser, struct lexer *lexer, struct expr *expr)
{
    if (parser->depth >= PARSE_DEPTH_MAX)
        return parse_error(parser, lexer->token.at, "nested more than %u deep", PARSE_DEPTH_MAX);
    parser->depth++;
    lexer_advance(lexer);
    expr->kind = EXPR_RANGE;
    expr->range.first = parse_value(parser, lexer);
    if (!expr->range.first || !parse_expect(parser, lexer, TOKEN_DOTDOT, ".. and the end of the range"))
        return false;
    expr->range.last = parse_value(parser, lexer);
    parser->depth--;
    return expr->range.last && parse_expect(parser, lexer, TOKEN_CLOSE_ROUND, ")");
}

/* nil, true, blank and their like, when the word stands alone. */
static bool
literal_word(const struct lexer *lexer, bool condition, struct liquid_value *out)
{
    if (lexer_is(lexer, "nil") || lexer_is(lexer, "null"))
        *out = (struct liquid_value){.type = LIQUID_NIL};
    else if (lexer_is(lexer, "true") || lexer_is(lexer, "false"))
        *out = (struct liquid_value){.type = LIQUID_BOOL, .boolean = lexer->token.text[0] == 't'};
    else if (lexer_is(lexer, "blank"))
        *out = condition ? (struct liquid_value){.type = LIQUID_BLANK} : liquid_string("", 0);
    else if (lexer_is(lexer, "empty"))
        *out = condition ? (struct liquid_value){.type = LIQUID_EMPTY} : liquid_string("", 0);
    else
        return false;

    enum token_kind next = lexer_peek(lexer);
    return next != TOKEN_DOT && next != TOKEN_OPEN_SQUARE;
}

static struct liquid_value
literal_number(struct parser *parser, const struct token *token)
{
    const char *text = arena_copy(&parser->tpl->arena, token->text, token->len);

    if (memchr(text, '.', token->len))
        return (struct liquid_value){.type = LIQUID_REAL, .real = g_ascii_strtod(text, NULL)};
    return number_from_digits(text, token->len);
}

static const struct expr *
parse_any(struct parser *parser, struct lexer *lexer, bool condition)
{
    struct expr *expr = NEW(parser, struct expr);
    const struct token token = lexer->token;

    expr->at = (guint32)token.at;
    if (token.kind == TOKEN_STRING) {
        expr->literal = liquid_string(token.text, token.len);
        lexer_advance(lexer);
    } else if (token.kind == TOKEN_NUMBER) {
        expr->literal = literal_number(parser, &token);
        lexer_advance(lexer);
    } else if (token.kind == TOKEN_OPEN_ROUND) {
        if (!parse_range(parser, lexer, expr))
            return NULL;
    } else if (token.kind == TOKEN_OPEN_SQUARE) {
        expr->kind = EXPR_VARIABLE;
        if (!parse_bracket(parser, lexer, &expr->variable.indirect) || !parse_steps(parser, lexer, expr))
            return NULL;
    } else if (token.kind == TOKEN_ID) {
        if (literal_word(lexer, condition, &expr->literal)) {
            lexer_advance(lexer);
            return expr;
        }
        expr->kind = EXPR_VARIABLE;
        expr->variable.name = parse_intern(parser, token.text, token.len);
        lexer_advance(lexer);
        if (!parse_steps(parser, lexer, expr))
            return NULL;
    } else {
        parse_error(parser, token.at, "expected a value");
        return NULL;
    }
    return expr;
}

const struct expr *
parse_value(struct parser *parser, struct lexer *lexer)
{
    return parse_any(parser, lexer, false);
}

const struct expr *
parse_operand(struct parser *parser, struct lexer *lexer)
{
    return parse_any(parser, lexer, true);
}

static bool
at_keyword(const struct lexer *lexer)
{
    return lexer->token.kind == TOKEN_ID && lexer_peek(lexer) == TOKEN_COLON;
}

static bool
parse_keyword(struct parser *parser, struct lexer *lexer, struct keyword **tail)
{
    struct keyword *keyword = NEW(parser, struct keyword);

    keyword->name = parse_intern(parser, lexer->token.text, lexer->token.len);
    lexer_advance(lexer);
    if (!parse_expect(parser, lexer, TOKEN_COLON, "a colon and a value"))
        return false;
    keyword->value = parse_value(parser, lexer);
    *tail = keyword;
    return keyword->value != NULL;
}

bool
parse_keywords(struct parser *parser, struct lexer *lexer, const struct keyword **out)
{
    struct keyword *first = NULL;
    struct keyword **tail = &first;

    if (lexer->token.kind == TOKEN_COMMA)
        lexer_advance(lexer);
    while (lexer->token.kind == TOKEN_ID) {
        if (!parse_keyword(parser, lexer, tail))
            return false;
        tail = &(*tail)->next;
        while (lexer->token.kind == TOKEN_COMMA) {
            lexer_advance(lexer);
            if (!parser->lax)
                break;
        }
    }
    *out = first;
    return parse_expect_end(parser, lexer);
}

static bool
parse_arguments(struct parser *parser, struct lexer *lexer, struct filter_call *call)
{
    const struct expr *args[FILTER_ARGS_MAX + 1];
    struct keyword *first = NULL;
    struct keyword **tail = &first;

    do {
        lexer_advance(lexer);
        if (at_keyword(lexer)) {
            if (!parse_keyword(parser, lexer, tail))
                return false;
            tail = &(*tail)->next;
            continue;
        }
        size_t at = lexer->token.at;
        const struct expr *value = parse_value(parser, lexer);
        if (!value)
            return false;
        if (call->n_args > FILTER_ARGS_MAX)
            return parse_error(parser, at, "expected fewer arguments for the filter %s",
                               filter_name(call->filter));
        args[call->n_args++] = value;
    } while (lexer->token.kind == TOKEN_COMMA);

    call->keywords = first;
    call->args = arena_alloc(&parser->tpl->arena, sizeof args);
    memcpy(call->args, args, call->n_args * sizeof *args);
    return true;
}

static struct filter_call *
parse_filter(struct parser *parser, struct lexer *lexer)
{
    struct filter_call *call = NEW(parser, struct filter_call);
    const struct token name = lexer->token;
    const char *problem;

    call->at = (guint32)name.at;
    if (name.kind != TOKEN_ID) {
        parse_error(parser, name.at, "expected the name of a filter");
        return NULL;
    }
    call->filter = filter_find(name.text, name.len);
    if (!call->filter) {
        g_autofree char *wrong = g_strndup(name.text, name.len);
        g_autofree const char **names = filter_names();
        const char *nearest = text_nearest(wrong, names);
        parse_error(parser, name.at, "unknown filter %s%s%s%s", wrong, nearest ? ", did you mean " : "",
                    nearest ? nearest : "", nearest ? "?" : "");
        return NULL;
    }
    lexer_advance(lexer);
    if (lexer->token.kind == TOKEN_COLON && !parse_arguments(parser, lexer, call))
        return NULL;

    problem = filter_check_arguments(call->filter, call->n_args, call->keywords);
    if (problem) {
        parse_error(parser, name.at, "the filter %s takes %s", filter_name(call->filter), problem);
        return NULL;
    }
    return call;
}

bool
parse_output(struct parser *parser, struct lexer *lexer, struct output *out)
{
    struct filter_call *first = NULL;
    struct filter_call **tail = &first;

    *out = (struct output){0};
    if (lexer->token.kind == TOKEN_END)
        return true;
    out->value = parse_value(parser, lexer);
    if (!out->value)
        return false;
    while (lexer->token.kind == TOKEN_PIPE) {
        lexer_advance(lexer);
        *tail = parse_filter(parser, lexer);
        if (!*tail)
            return false;
        tail = &(*tail)->next;
    }
    out->filters = first;
    return parse_expect_end(parser, lexer);
}

static const struct {
    const char *text;
    enum comparison comparison;
} comparisons[] = {
    {"==", CMP_EQ}, {"!=", CMP_NE}, {"<>", CMP_NE}, {"<", CMP_LT},
    {"<=", CMP_LE}, {">", CMP_GT},  {">=", CMP_GE},
};

static enum comparison
comparison_of(const struct lexer *lexer)
{
    if (lexer_is(lexer, "contains"))
        return CMP_CONTAINS;
    if (lexer->token.kind != TOKEN_COMPARISON)
        return CMP_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(comparisons); i++)
        if (strlen(comparisons[i].text) == lexer->token.len &&
            memcmp(comparisons[i].text, lexer->token.text, lexer->token.len) == 0)
            return comparisons[i].comparison;
    return CMP_NONE;
}

static struct condition *
parse_term(struct parser *parser, struct lexer *lexer)
{
    struct condition *term = NEW(parser, struct condition);

    term->at = (guint32)lexer->token.at;
    term->left = parse_operand(parser, lexer);
    if (!term->left)
        return NULL;
    term->comparison = comparison_of(lexer);
    if (term->comparison != CMP_NONE) {
        lexer_advance(lexer);
        term->right = parse_operand(parser, lexer);
        if (!term->right)
            return NULL;
    }
    return term;
}

const struct condition *
parse_condition(struct parser *parser, struct lexer *lexer)
{
    struct condition *first = NULL;
    struct condition **tail = &first;

    for (;;) {
        struct condition *term = parse_term(parser, lexer);
        if (!term)
            return NULL;
        *tail = term;
        tail = &term->next;

        if (lexer_is(lexer, "and"))
            term->junction = JUNCTION_AND;
        else if (lexer_is(lexer, "or"))
            term->junction = JUNCTION_OR;
        else
            break;
        lexer_advance(lexer);
    }
    if (lexer->token.kind != TOKEN_END) {
        parse_error(parser, lexer->token.at, "expected and, or, a comparison or the end of the tag");
        return NULL;
    }
    return first;
}
