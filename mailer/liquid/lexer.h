/* The words inside a tag or an output: identifiers, numbers, quoted strings and punctuation. */
#ifndef USHER_LIQUID_LEXER_H
#define USHER_LIQUID_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    TOKEN_END,
    TOKEN_ID,
    TOKEN_NUMBER, /* -?digits, with or without a fraction */
    TOKEN_STRING, /* text and len are what stands between the quotes */
    TOKEN_COMPARISON,
    TOKEN_ASSIGN,
    TOKEN_PIPE,
    TOKEN_DOT,
    TOKEN_DOTDOT,
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_OPEN_SQUARE,
    TOKEN_CLOSE_SQUARE,
    TOKEN_OPEN_ROUND,
    TOKEN_CLOSE_ROUND,
    TOKEN_UNKNOWN, /* a character that belongs to no word, or an unclosed quote */
};

struct token {
    enum token_kind kind;
    size_t at; /* byte offset into the source */
    const char *text;
    size_t len;
};

struct lexer {
    const char *source;
    size_t at, end;     /* what is left to read */
    struct token token; /* the current one */
};

/* Starts reading the bytes from..end of source; token is the first word. */
struct lexer lexer_start(const char *source, size_t from, size_t end);

void lexer_advance(struct lexer *lexer);

/* True when the current token is the identifier word. */
bool lexer_is(const struct lexer *lexer, const char *word);

/* The kind of the token after the current one. */
enum token_kind lexer_peek(const struct lexer *lexer);

/* True for Liquid's whitespace. */
bool lexer_is_space(char c);

/* True for a character of a tag name or of an identifier, apart from '-' and '?'. */
bool lexer_is_word(char c);

#endif
