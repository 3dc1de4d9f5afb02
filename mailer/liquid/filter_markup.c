/* Filters that write or read an encoding: HTML, URLs, Base64. */
#define _GNU_SOURCE /* memmem */
#include "liquid/filter.h"

#include <string.h>

static bool
give(struct liquid_value *value, struct text text)
{
    *value = liquid_string(text.text, text.len);
    return true;
}

static const char *
entity_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* True when text, which begins with '&', begins with a whole entity: a name or decimal digits. */
static bool
is_entity(const char *text, size_t len)
{
    size_t i = 1;

    if (i < len && text[i] == '#') {
        for (i++; i < len && g_ascii_isdigit(text[i]);)
            i++;
        return i > 2 && i < len && text[i] == ';';
    }
    while (i < len && g_ascii_isalpha(text[i]))
        i++;
    return i > 1 && i < len && text[i] == ';';
}

static bool
escape(struct render *render, struct liquid_value *value, bool once)
{
    struct text text = render_to_text(render, value);
    size_t from = 0;

    render_scratch(render);
    for (size_t i = 0; i < text.len; i++) {
        const char *entity = entity_of(text.text[i]);
        if (!entity || (once && text.text[i] == '&' && is_entity(text.text + i, text.len - i)))
            continue;
        if (!render_scratch_add(render, text.text + from, i - from) ||
            !render_scratch_add(render, entity, strlen(entity)))
            return false;
        from = i + 1;
    }
    if (from == 0)
        return give(value, text);
    return render_scratch_add(render, text.text + from, text.len - from) &&
           render_scratch_take(render, value);
}

bool
filter_escape(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return value->type == LIQUID_NIL || escape(render, value, false);
}

bool
filter_escape_once(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return escape(render, value, true);
}

/* What disappears with its contents. */
static const struct {
    const char *open, *close;
} html_blocks[] = {{"<script", "</script>"}, {"<!--", "-->"}, {"<style", "</style>"}};

/* Looking for ends from left to right: what was not found once is not there further on, and looking for it
 * again and again would take the square of the length. */
struct html_search {
    bool blocks; /* else tags */
    bool none[G_N_ELEMENTS(html_blocks)];
};

/* What ends at close, of m bytes: how far behind text that is; 0, and *none from now on, when there is no
 * close. */
static size_t
html_length(const char *text, const char *close, size_t m, bool *none)
{
    *none = !close;
    return close ? (size_t)(close - text) + m : 0;
}

/* The length of the block or tag that begins at text; 0 when there is none, or it has no end. */
static size_t
html_end(struct html_search *search, const char *text, size_t len)
{
    if (!search->blocks)
        return search->none[0] ? 0 : html_length(text, memchr(text, '>', len), 1, &search->none[0]);
    for (size_t i = 0; i < G_N_ELEMENTS(html_blocks); i++) {
        size_t n = strlen(html_blocks[i].open), m = strlen(html_blocks[i].close);
        if (len < n || memcmp(text, html_blocks[i].open, n) != 0)
            continue;
        return search->none[i] ? 0
                               : html_length(text, memmem(text + n, len - n, html_blocks[i].close, m), m,
                                             &search->none[i]);
    }
    return 0;
}

static bool
strip_tags(struct render *render, struct liquid_value *value, bool blocks)
{
    struct text text = render_to_text(render, value);
    const char *at = text.text, *end = at + text.len;
    struct html_search search = {.blocks = blocks};

    if (!memchr(at, '<', text.len))
        return give(value, text);
    render_scratch(render);
    while (at < end) {
        const char *open = memchr(at, '<', (size_t)(end - at));
        const char *stop = open ? open : end;
        if (!render_scratch_add(render, at, (size_t)(stop - at)))
            return false;
        if (!open)
            break;
        size_t skip = html_end(&search, open, (size_t)(end - open));
        if (skip == 0 && !render_scratch_add(render, open, 1))
            return false;
        at = open + MAX(skip, 1);
    }
    return render_scratch_take(render, value);
}

bool
filter_strip_html(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return strip_tags(render, value, true) && strip_tags(render, value, false);
}

bool
filter_url_encode(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    static const char hex[] = "0123456789ABCDEF";
    struct text text;

    (void)args;
    if (value->type == LIQUID_NIL)
        return true;
    text = render_to_text(render, value);
    render_scratch(render);
    for (size_t i = 0; i < text.len; i++) {
        guchar c = (guchar)text.text[i];
        char code[3] = {'%', hex[c >> 4], hex[c & 15]};
        bool plain = g_ascii_isalnum(c) || (c && strchr("_.-~", c));
        if (!render_scratch_add(render,
                                plain      ? text.text + i
                                : c == ' ' ? "+"
                                           : code,
                                plain || c == ' ' ? 1 : 3))
            return false;
    }
    return render_scratch_take(render, value);
}

bool
filter_url_decode(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    struct text text;

    (void)args;
    if (value->type == LIQUID_NIL)
        return true;
    text = render_to_text(render, value);
    GString *out = render_scratch(render);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.text[i] == '+' ? ' ' : text.text[i];
        if (c == '%' && i + 2 < text.len && g_ascii_isxdigit(text.text[i + 1]) &&
            g_ascii_isxdigit(text.text[i + 2])) {
            c = (char)(g_ascii_xdigit_value(text.text[i + 1]) * 16 + g_ascii_xdigit_value(text.text[i + 2]));
            i += 2;
        }
        g_string_append_c(out, c);
    }
    if (!g_utf8_validate(out->str, (gssize)out->len, NULL))
        return render_fail(render, "the decoded text is not UTF-8");
    return render_scratch_take(render, value);
}

static bool
encode_base64(struct render *render, struct liquid_value *value, bool url_safe)
{
    struct text text = render_to_text(render, value);
    g_autofree char *encoded = g_base64_encode((const guchar *)text.text, text.len);

    if (url_safe) {
        g_strdelimit(encoded, "+", '-');
        g_strdelimit(encoded, "/", '_');
    }
    render_scratch(render);
    return render_scratch_add(render, encoded, strlen(encoded)) && render_scratch_take(render, value);
}

bool
filter_base64_encode(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return encode_base64(render, value, false);
}

bool
filter_base64_url_safe_encode(struct render *render, struct liquid_value *value,
                              const struct filter_args *args)
{
    (void)args;
    return encode_base64(render, value, true);
}

static int
base64_digit(char c, bool url_safe)
{
    if (g_ascii_isupper(c))
        return c - 'A';
    if (g_ascii_islower(c))
        return c - 'a' + 26;
    if (g_ascii_isdigit(c))
        return c - '0' + 52;
    if (c == '+' || (url_safe && c == '-'))
        return 62;
    if (c == '/' || (url_safe && c == '_'))
        return 63;
    return -1;
}

/* Strictly: no blanks, no stray bits, and padding, which only the URL-safe form may leave out. */
static bool
decode_base64_into(GString *out, struct text text, bool url_safe)
{
    size_t len = text.len;
    guint32 bits = 0;
    unsigned n_bits = 0;

    if (len % 4 == 0) {
        if (len > 0 && text.text[len - 1] == '=')
            len -= text.text[len - 2] == '=' ? 2 : 1;
    } else if (!url_safe || (len > 0 && text.text[len - 1] == '=')) {
        return false;
    }
    if (len % 4 == 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        int digit = base64_digit(text.text[i], url_safe);
        if (digit < 0)
            return false;
        bits = bits << 6 | (guint32)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            g_string_append_c(out, (char)(bits >> n_bits & 0xff));
        }
    }
    return (bits & ((1u << n_bits) - 1)) == 0;
}

static bool
decode_base64(struct render *render, struct liquid_value *value, bool url_safe)
{
    struct text text = render_to_text(render, value);
    GString *out = render_scratch(render);

    if (!decode_base64_into(out, text, url_safe))
        return render_fail(render, "expected Base64");
    if (!g_utf8_validate(out->str, (gssize)out->len, NULL))
        return render_fail(render, "the decoded text is not UTF-8");
    return render_scratch_take(render, value);
}

bool
filter_base64_decode(struct render *render, struct liquid_value *value, const struct filter_args *args)
{
    (void)args;
    return decode_base64(render, value, false);
}

bool
filter_base64_url_safe_decode(struct render *render, struct liquid_value *value,
                              const struct filter_args *args)
{
    (void)args;
    return decode_base64(render, value, true);
}
