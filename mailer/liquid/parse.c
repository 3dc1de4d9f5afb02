/* From text to tree: splits the source into text, outputs and tags, and gathers the tags' bodies.
 *
 * A tag ends at the first `%}` and an output at the first `}}`, quotes notwithstanding, as the language has
 * it. A hyphen inside the delimiters takes the whitespace of the neighbouring text away. Inside {% liquid %}
 * every line is a tag.
 *
 * Invariant: parser->view.at only moves forward, so parsing ends. */
#define _GNU_SOURCE /* memmem */
#include "liquid/parser.h"

#include <string.h>

enum piece_kind { PIECE_END, PIECE_TEXT, PIECE_OUTPUT, PIECE_TAG, PIECE_BROKEN };

struct piece {
    enum piece_kind kind;
    size_t from, to; /* the text, or the markup of an output */
    struct tag tag;
    bool trim_after;
};

bool
tag_is(const struct tag *tag, const char *name)
{
    return strlen(name) == tag->name_len && memcmp(name, tag->name, tag->name_len) == 0;
}

static size_t
find(const char *source, size_t at, size_t end, const char *needle)
{
    const char *hit = at < end ? memmem(source + at, end - at, needle, strlen(needle)) : NULL;
    return hit ? (size_t)(hit - source) : end;
}

static size_t
skip_space(const char *source, size_t at, size_t end)
{
    while (at < end && lexer_is_space(source[at]))
        at++;
    return at;
}

static size_t
trim_space(const char *source, size_t at, size_t end)
{
    while (end > at && lexer_is_space(source[end - 1]))
        end--;
    return end;
}

/* Splits from..to into the tag's name and markup; false when there is no name. */
static bool
split_tag(const char *source, size_t from, size_t to, struct tag *tag)
{
    size_t at = skip_space(source, from, to), end = at;

    if (end < to && source[end] == '#')
        end++;
    else
        while (end < to && lexer_is_word(source[end]))
            end++;
    *tag = (struct tag){.at = at,
                        .name = source + at,
                        .name_len = end - at,
                        .markup = skip_space(source, end, to),
                        .markup_end = to};
    return end > at;
}

static struct piece
next_line(struct parser *parser)
{
    const char *source = parser->tpl->source;
    struct view *view = &parser->view;

    while (view->at < view->end) {
        size_t from = view->at;
        size_t newline = find(source, from, view->end, "\n");
        size_t to = trim_space(source, from, newline);

        view->at = newline < view->end ? newline + 1 : view->end;
        if (skip_space(source, from, to) == to)
            continue;
        struct piece piece = {.kind = PIECE_TAG, .from = from, .to = to};
        if (!split_tag(source, from, to, &piece.tag))
            piece.kind = PIECE_BROKEN;
        return piece;
    }
    return (struct piece){.kind = PIECE_END, .from = view->end};
}

/* Where the next `{{` or `{%` begins. */
static size_t
find_opening(const char *source, size_t at, size_t end)
{
    while (at < end) {
        const char *brace = memchr(source + at, '{', end - at);
        if (!brace || brace + 1 >= source + end)
            return end;
        if (brace[1] == '{' || brace[1] == '%')
            return (size_t)(brace - source);
        at = (size_t)(brace - source) + 1;
    }
    return end;
}

static struct piece
next_text(struct parser *parser, size_t opening)
{
    const char *source = parser->tpl->source;
    struct view *view = &parser->view;
    struct piece piece = {.kind = PIECE_TEXT, .from = view->at, .to = opening};

    if (view->trim)
        piece.from = skip_space(source, piece.from, piece.to);
    if (opening + 2 < view->end && source[opening + 2] == '-')
        piece.to = trim_space(source, piece.from, piece.to);
    view->trim = false;
    view->at = opening;
    return piece;
}

static struct piece
next_piece(struct parser *parser)
{
    const char *source = parser->tpl->source;
    struct view *view = &parser->view;

    if (view->lines)
        return next_line(parser);
    if (view->at >= view->end)
        return (struct piece){.kind = PIECE_END, .from = view->end};

    size_t opening = find_opening(source, view->at, view->end);
    if (opening > view->at)
        return next_text(parser, opening);

    bool is_tag = source[opening + 1] == '%';
    size_t from = opening + 2;
    size_t closing = find(source, from, view->end, is_tag ? "%}" : "}}");
    struct piece piece = {.kind = is_tag ? PIECE_TAG : PIECE_OUTPUT, .from = opening};

    view->trim = false;
    if (closing == view->end) {
        piece.kind = PIECE_BROKEN;
        return piece;
    }
    view->at = closing + 2;
    if (from < closing && source[from] == '-')
        from++;
    if (closing > from && source[closing - 1] == '-') {
        closing--;
        view->trim = true;
    } else if (closing == from && source[closing - 1] == '-') {
        /* {{-}}: the one hyphen stands for both sides */
        view->trim = true;
    }
    piece.to = closing;
    if (!is_tag)
        piece.from = from;
    else if (!split_tag(source, from, closing, &piece.tag))
        piece.kind = PIECE_BROKEN;
    return piece;
}

static bool
broken_piece(struct parser *parser, const struct piece *piece)
{
    const char *source = parser->tpl->source;

    if (parser->view.lines)
        return parse_error(parser, piece->from, "expected a tag");
    if (piece->to > piece->from)
        return parse_error(parser, piece->from, "expected the name of a tag");
    return parse_error(parser, piece->from, "expected %s", source[piece->from + 1] == '%' ? "%}" : "}}");
}

static bool
add_output(struct parser *parser, struct block *block, const struct piece *piece)
{
    struct lexer lexer = lexer_start(parser->tpl->source, piece->from, piece->to);
    struct node *node = block_add(parser, block, NODE_OUTPUT, piece->from, false);

    return parse_output(parser, &lexer, &node->output);
}

static void
add_text(struct parser *parser, struct block *block, const struct piece *piece)
{
    const char *source = parser->tpl->source;

    if (piece->from == piece->to)
        return;
    bool blank = skip_space(source, piece->from, piece->to) == piece->to;
    struct node *node = block_add(parser, block, NODE_TEXT, piece->from, blank);
    node->text.text = source + piece->from;
    node->text.len = piece->to - piece->from;
}

static bool
is_one_of(const struct tag *tag, const char *const *names)
{
    for (; names && *names; names++)
        if (tag_is(tag, *names))
            return true;
    return false;
}

bool
parse_body(struct parser *parser, struct block *block, const struct tag *opener, const char *const *ends,
           struct tag *end)
{
    if (parser->depth >= PARSE_DEPTH_MAX)
        return parse_error(parser, parser->view.at, "nested more than %u deep", PARSE_DEPTH_MAX);
    parser->depth++;

    for (;;) {
        struct piece piece = next_piece(parser);

        switch (piece.kind) {
        case PIECE_END:
            parser->depth--;
            if (!opener)
                return true;
            return parse_error(parser, opener->at, "expected {%% end%.*s %%} after {%% %.*s %%}",
                               (int)opener->name_len, opener->name, (int)opener->name_len, opener->name);
        case PIECE_BROKEN:
            return broken_piece(parser, &piece);
        case PIECE_TEXT:
            add_text(parser, block, &piece);
            break;
        case PIECE_OUTPUT:
            if (!add_output(parser, block, &piece))
                return false;
            break;
        case PIECE_TAG:
            if (is_one_of(&piece.tag, ends)) {
                *end = piece.tag;
                parser->depth--;
                return true;
            }
            if (!parse_tag(parser, block, &piece.tag))
                return false;
            break;
        }
    }
}

bool
parse_lines(struct parser *parser, struct block *block, const struct tag *tag)
{
    struct view outer = parser->view;

    parser->view = (struct view){.at = tag->markup, .end = tag->markup_end, .lines = true};
    bool ok = parse_body(parser, block, NULL, NULL, NULL);
    parser->view = outer;
    return ok;
}

/* The next tag, whatever stands between: comments hold what would not parse. */
static bool
next_tag_loosely(struct parser *parser, struct tag *tag)
{
    const char *source = parser->tpl->source;
    struct view *view = &parser->view;

    while (view->at < view->end) {
        if (view->lines) {
            struct piece piece = next_line(parser);
            if (piece.kind == PIECE_TAG) {
                *tag = piece.tag;
                return true;
            }
            continue;
        }
        size_t opening = find(source, view->at, view->end, "{%");
        size_t closing = find(source, opening, view->end, "%}");
        view->trim = false;
        if (closing == view->end) {
            view->at = view->end;
            return false;
        }
        view->at = closing + 2;
        size_t from = opening + 2;
        if (from < closing && source[from] == '-')
            from++;
        if (closing > from && source[closing - 1] == '-') {
            closing--;
            view->trim = true;
        }
        if (split_tag(source, from, closing, tag))
            return true;
    }
    return false;
}

bool
skip_comment(struct parser *parser, const struct tag *opener)
{
    struct tag tag;
    unsigned depth = 1;
    size_t ignored;

    while (next_tag_loosely(parser, &tag)) {
        if (tag_is(&tag, "raw")) {
            if (!skip_verbatim(parser, &tag, "endraw", false, &ignored))
                return false;
        } else if (tag_is(&tag, "comment")) {
            depth++;
        } else if (tag_is(&tag, "endcomment") && --depth == 0) {
            return true;
        }
    }
    return parse_error(parser, opener->at, "expected {%% endcomment %%} after {%% comment %%}");
}

bool
skip_verbatim(struct parser *parser, const struct tag *opener, const char *end_name, bool refuse_nested,
              size_t *body_end)
{
    const char *source = parser->tpl->source;
    struct view *view = &parser->view;
    size_t at = view->at;
    struct tag tag;

    if (view->lines) {
        while (next_tag_loosely(parser, &tag)) {
            *body_end = tag.at;
            if (tag_is(&tag, end_name))
                return true;
        }
    }
    while (!view->lines && (at = find(source, at, view->end, "{%")) < view->end) {
        size_t from = at + 2;
        if (from < view->end && source[from] == '-')
            from++;
        if (!split_tag(source, from, view->end, &tag) || !tag_is(&tag, end_name)) {
            if (refuse_nested && tag.name_len == opener->name_len &&
                memcmp(tag.name, opener->name, tag.name_len) == 0)
                return parse_error(parser, tag.at, "expected %s: this tag cannot be nested", end_name);
            at += 2;
            continue;
        }
        size_t closing = find(source, tag.at, view->end, "%}");
        if (closing == view->end)
            break;
        *body_end = at;
        view->at = closing + 2;
        view->trim = source[closing - 1] == '-';
        return true;
    }
    return parse_error(parser, opener->at, "expected {%% %s %%} after {%% %.*s %%}", end_name,
                       (int)opener->name_len, opener->name);
}

static struct liquid_template *
parse(const char *name, const char *text, size_t len, bool lax, GError **error)
{
    struct liquid_template *tpl = g_new0(struct liquid_template, 1);
    struct parser parser = {.tpl = tpl, .lax = lax, .error = error};
    const char *invalid = NULL;

    arena_init(&tpl->arena, NULL, 0);
    tpl->name = arena_copy(&tpl->arena, name, strlen(name));
    tpl->source = arena_copy(&tpl->arena, text, len);
    tpl->source_len = len;
    block_init(&tpl->root);
    parser.view.end = len;

    bool ok = len < G_MAXINT32;
    if (!ok)
        parse_error(&parser, 0, "expected a template of less than 2 GiB");
    else if (!g_utf8_validate(tpl->source, (gssize)len, &invalid))
        ok = parse_error(&parser, (size_t)(invalid - tpl->source), "expected UTF-8 text");
    else
        ok = parse_body(&parser, &tpl->root, NULL, NULL, NULL);
    if (!ok) {
        liquid_template_free(tpl);
        return NULL;
    }
    return tpl;
}

struct liquid_template *
liquid_template_parse(const char *name, const char *text, size_t len, GError **error)
{
    return parse(name, text, len, false, error);
}

struct liquid_template *
liquid_template_parse_lax(const char *name, const char *text, size_t len, GError **error)
{
    return parse(name, text, len, true, error);
}

void
liquid_template_free(struct liquid_template *tpl)
{
    if (!tpl)
        return;
    arena_clear(&tpl->arena);
    g_free(tpl);
}
