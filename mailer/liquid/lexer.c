/* Purpose: see lexer.h. Strings have no escapes and identifiers are ASCII, as the language has it. The lexer
 * never fails: what it does not know becomes TOKEN_UNKNOWN, which no rule of the grammar accepts. */
#include "liquid/lexer.h"

#include <glib.h>
#include <string.h>

bool
lexer_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
lexer_is_word(char c)
{
    return g_ascii_isalnum(c) || c == '_';
}

static size_t
identifier_end(const char *source, size_t at, size_t end)
{
    while (at < end && (lexer_is_word(source[at]) || source[at] == '-'))
        at++;
    if (at < end && source[at] == '?')
        at++;
    return at;
}

static size_t
number_end(const char *source, size_t at, size_t end)
{
    if (source[at] == '-')
        at++;
    while (at < end && g_ascii_isdigit(source[at]))
        at++;
    if (at + 1 < end && source[at] == '.' && g_ascii_isdigit(source[at + 1])) {
        at++;
        while (at < end && g_ascii_isdigit(source[at]))
            at++;
    }
    return at;
}

static void
set_token(struct lexer *lexer, enum token_kind kind, size_t at, size_t len)
{
    lexer->token = (struct token){.kind = kind, .at = at, .text = lexer->source + at, .len = len};
    lexer->at = at + len;
}

static void
read_quoted(struct lexer *lexer, size_t at)
{
    const char *open = lexer->source + at;
    const char *close = memchr(open + 1, *open, lexer->end - at - 1);

    if (!close) {
        set_token(lexer, TOKEN_UNKNOWN, at, 1);
        return;
    }
    lexer->token =
        (struct token){.kind = TOKEN_STRING, .at = at, .text = open + 1, .len = (size_t)(close - open) - 1};
    lexer->at = at + (size_t)(close - open) + 1;
}

static enum token_kind
punctuation_kind(char c)
{
    switch (c) {
    case '|':
        return TOKEN_PIPE;
    case '.':
        return TOKEN_DOT;
    case ':':
        return TOKEN_COLON;
    case ',':
        return TOKEN_COMMA;
    case '[':
        return TOKEN_OPEN_SQUARE;
    case ']':
        return TOKEN_CLOSE_SQUARE;
    case '(':
        return TOKEN_OPEN_ROUND;
    case ')':
        return TOKEN_CLOSE_ROUND;
    case '=':
        return TOKEN_ASSIGN;
    case '<':
    case '>':
        return TOKEN_COMPARISON;
    default:
        return TOKEN_UNKNOWN;
    }
}

void
lexer_advance(struct lexer *lexer)
{
    const char *source = lexer->source;
    size_t at = lexer->at, end = lexer->end;

    while (at < end && lexer_is_space(source[at]))
        at++;
    if (at == end) {
        set_token(lexer, TOKEN_END, at, 0);
        return;
    }

    char c = source[at];
    char next = at + 1 < end ? source[at + 1] : '\0';

    if (g_ascii_isalpha(c) || c == '_')
        set_token(lexer, TOKEN_ID, at, identifier_end(source, at, end) - at);
    else if (g_ascii_isdigit(c) || (c == '-' && g_ascii_isdigit(next)))
        set_token(lexer, TOKEN_NUMBER, at, number_end(source, at, end) - at);
    else if (c == '\'' || c == '"')
        read_quoted(lexer, at);
    else if ((next == '=' && strchr("=!<>", c)) || (c == '<' && next == '>'))
        set_token(lexer, TOKEN_COMPARISON, at, 2);
    else if (c == '.' && next == '.')
        set_token(lexer, TOKEN_DOTDOT, at, 2);
    else
        set_token(lexer, punctuation_kind(c), at, 1);
}

struct lexer
lexer_start(const char *source, size_t from, size_t end)
{
    struct lexer lexer = {.source = source, .at = from, .end = end};
    lexer_advance(&lexer);
    return lexer;
}

bool
lexer_is(const struct lexer *lexer, const char *word)
{
    return lexer->token.kind == TOKEN_ID && lexer->token.len == strlen(word) &&
           memcmp(lexer->token.text, word, lexer->token.len) == 0;
}

enum token_kind
lexer_peek(const struct lexer *lexer)
{
    struct lexer copy = *lexer;
    lexer_advance(&copy);
    return copy.token.kind;
}
