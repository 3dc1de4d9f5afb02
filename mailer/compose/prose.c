/* The visible text of a body from the tree that its parts are rendered from: see prose.h. */
#include "compose/prose.h"

#include "compose/markdown_tree.h"

#include <string.h>

#define CUT_MAX 240u /* bytes that truncate leaves of a value, as templates use it */

struct mark {
    gsize at;
    int line;
};

static void
link_free(gpointer data)
{
    struct prose_link *link = data;
    g_free(link->url);
    g_free(link);
}

void
prose_free(struct prose *prose)
{
    if (!prose)
        return;
    g_string_free(prose->text, TRUE);
    if (prose->clean)
        g_string_free(prose->clean, TRUE);
    g_array_unref(prose->marks);
    g_ptr_array_unref(prose->links);
    g_free(prose);
}

static struct prose *
prose_new(void)
{
    struct prose *prose = g_new0(struct prose, 1);
    prose->text = g_string_new(NULL);
    prose->marks = g_array_new(FALSE, FALSE, sizeof(struct mark));
    prose->links = g_ptr_array_new_with_free_func(link_free);
    return prose;
}

int
prose_line(const struct prose *prose, gsize at)
{
    int line = 1;
    for (guint i = 0; i < prose->marks->len && g_array_index(prose->marks, struct mark, i).at <= at; i++)
        line = g_array_index(prose->marks, struct mark, i).line;
    return line;
}

static void
add_mark(struct prose *prose, int line)
{
    struct mark mark = {prose->text->len, line};
    g_array_append_val(prose->marks, mark);
}

static void
add_link(struct prose *prose, const char *url, gsize len, int line, gboolean bare)
{
    struct prose_link *link = g_new0(struct prose_link, 1);
    link->url = g_strndup(url, len);
    link->line = line;
    link->bare = bare;
    g_ptr_array_add(prose->links, link);
}

/* ---- the tree ---- */

struct range {
    gsize from, to;
};

struct reader {
    struct prose *prose;
    GArray *black;  /* struct range of text that is code */
    GArray *linked; /* struct range of text that is the words of a link */
    int shift;      /* from a line of the marked source to one of the file */
    int line;       /* where the next piece stands */
};

static void
begin_block(struct reader *r, cmark_node *node)
{
    if (r->prose->text->len > 0)
        g_string_append_c(r->prose->text, '\n');
    r->line = cmark_node_get_start_line(node) + r->shift;
    add_mark(r->prose, r->line);
}

static void
add_break(struct reader *r)
{
    g_string_append_c(r->prose->text, ' ');
    add_mark(r->prose, ++r->line);
}

static void
add_code(struct reader *r, const char *literal)
{
    struct range range = {.from = r->prose->text->len};
    for (const char *p = literal; *p; p++)
        g_string_append_c(r->prose->text, *p == '\n' ? ' ' : *p);
    range.to = r->prose->text->len;
    g_array_append_val(r->black, range);
}

static void
add_text(struct reader *r, cmark_node *node)
{
    const char *literal = cmark_node_get_literal(node);
    struct range range = {.from = r->prose->text->len};
    markdown_append_unmarked(r->prose->text, literal, strlen(literal), FALSE);
    range.to = r->prose->text->len;
    if (markdown_tree_in_link(node))
        g_array_append_val(r->linked, range);
}

static void
count_lines(struct reader *r, const char *literal)
{
    for (; literal && *literal; literal++)
        r->line += *literal == '\n';
}

/* The line "-- " got an empty line on either side before it was parsed (markdown_tree.c). */
static void
begin_signature(struct reader *r)
{
    r->prose->end = r->prose->text->len;
    r->shift -= 2;
}

static void
read_node(struct reader *r, cmark_node *node)
{
    switch (cmark_node_get_type(node)) {
    case CMARK_NODE_PARAGRAPH:
    case CMARK_NODE_HEADING:
        if (markdown_tree_is_signature(node))
            begin_signature(r);
        else
            begin_block(r, node);
        break;
    case CMARK_NODE_CODE_BLOCK:
        begin_block(r, node);
        add_code(r, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_TEXT:
        if (!markdown_tree_is_signature(cmark_node_parent(node)))
            add_text(r, node);
        break;
    case CMARK_NODE_CODE:
        add_code(r, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_SOFTBREAK:
    case CMARK_NODE_LINEBREAK:
        add_break(r);
        break;
    case CMARK_NODE_LINK:
    case CMARK_NODE_IMAGE:
        add_link(r->prose, cmark_node_get_url(node), strlen(cmark_node_get_url(node)), r->line, FALSE);
        break;
    case CMARK_NODE_HTML_INLINE:
        count_lines(r, cmark_node_get_literal(node));
        break;
    case CMARK_NODE_NONE:
    case CMARK_NODE_DOCUMENT:
    case CMARK_NODE_BLOCK_QUOTE:
    case CMARK_NODE_LIST:
    case CMARK_NODE_ITEM:
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_CUSTOM_BLOCK:
    case CMARK_NODE_THEMATIC_BREAK:
    case CMARK_NODE_EMPH:
    case CMARK_NODE_STRONG:
    case CMARK_NODE_CUSTOM_INLINE:
        break;
    }
}

/* ---- blacking out ---- */

static void
black_out(struct prose *prose, gsize from, gsize to)
{
    memset(prose->clean->str + from, 'x', to - from);
}

static gboolean
is_word_at(const char *p)
{
    return g_unichar_isalnum(g_utf8_get_char(p)) || *p == '_';
}

void
prose_black_out(struct prose *prose, const char *value)
{
    gsize len = strlen(value);
    if (len < 2)
        return;
    const char *text = prose->text->str;
    for (const char *p = text; (p = strstr(p, value)); p += len) {
        gboolean joined_before = p > text && is_word_at(g_utf8_prev_char(p)) && is_word_at(p);
        gboolean joined_after = p[len] && is_word_at(p + len) && is_word_at(g_utf8_prev_char(p + len));
        if (!joined_before && !joined_after)
            black_out(prose, (gsize)(p - text), (gsize)(p - text) + len);
    }
}

void
prose_black_out_cut(struct prose *prose, const char *value)
{
    static const char cut[] = "...";
    const char *text = prose->text->str;
    gsize limit = MIN(strlen(value), CUT_MAX); /* a hostile value must not cost its length at each dot */
    for (const char *dots = text; (dots = strstr(dots, cut)); dots++) {
        gsize len = MIN((gsize)(dots - text), limit);
        while (len >= strlen(cut) && memcmp(dots - len, value, len) != 0)
            len--;
        if (len >= strlen(cut))
            black_out(prose, (gsize)(dots - text) - len, (gsize)(dots - text));
    }
}

static gsize
address_length(const char *p)
{
    gsize len = strcspn(p, " \n\t<>\"`");
    while (len > 0 && strchr(".,;:!?)'", p[len - 1]))
        len--;
    return len;
}

static gsize
url_length(const char *p)
{
    if (g_ascii_strncasecmp(p, "http://", 7) != 0 && g_ascii_strncasecmp(p, "https://", 8) != 0 &&
        g_ascii_strncasecmp(p, "mailto:", 7) != 0)
        return 0;
    return address_length(p);
}

static void
black_out_urls(struct prose *prose, gboolean links)
{
    for (gsize at = 0; at < prose->text->len;) {
        gsize len = url_length(prose->text->str + at);
        if (len && links)
            add_link(prose, prose->text->str + at, len, prose_line(prose, at), FALSE);
        if (len)
            black_out(prose, at, at + len);
        at += len ? len : 1;
    }
}

/* Of a body as it is sent, whose links are links: what is none, but would become one in a mail program. */
static void
find_bare_addresses(struct prose *prose, const GArray *linked)
{
    const char *text = prose->text->str;
    guint next = 0;
    for (gsize at = 0; at < prose->text->len;) {
        const struct range *link = next < linked->len ? &g_array_index(linked, struct range, next) : NULL;
        if (link && at >= link->from) {
            at = MAX(at, link->to);
            next++;
            continue;
        }
        gboolean starts = at == 0 || !is_word_at(g_utf8_prev_char(text + at));
        gboolean www = starts && g_ascii_strncasecmp(text + at, "www.", 4) == 0;
        gsize len = www ? address_length(text + at) : starts ? url_length(text + at) : 0;
        if (len > 4 && memcmp(prose->clean->str + at, text + at, len) == 0) /* code is no address */
            add_link(prose, text + at, len, prose_line(prose, at), TRUE);
        at = len ? at + len : (gsize)(g_utf8_next_char(text + at) - text);
    }
}

static gint
by_line(gconstpointer a, gconstpointer b)
{
    const struct prose_link *x = *(const struct prose_link *const *)a,
                            *y = *(const struct prose_link *const *)b;
    return (x->line > y->line) - (x->line < y->line);
}

struct prose *
prose_of_markdown(const char *markdown, int first_line, gboolean literal, GError **error)
{
    scoped_tree cmark_node *root = markdown_tree_parse(markdown, NULL, error);
    if (!root || (!literal && !markdown_tree_fill(root, NULL, error)))
        return NULL;
    struct prose *prose = prose_new();
    g_autoptr(GArray) black = g_array_new(FALSE, FALSE, sizeof(struct range));
    g_autoptr(GPtrArray) nodes = markdown_tree_nodes(root);
    g_autoptr(GArray) linked = g_array_new(FALSE, FALSE, sizeof(struct range));
    struct reader reader = {
        .prose = prose, .black = black, .linked = linked, .shift = first_line - 1, .line = first_line};
    prose->end = G_MAXSIZE;
    for (guint i = 0; i < nodes->len; i++)
        read_node(&reader, nodes->pdata[i]);
    prose->end = MIN(prose->end, prose->text->len);
    prose->clean = g_string_new_len(prose->text->str, (gssize)prose->text->len);
    for (guint i = 0; i < black->len; i++)
        black_out(prose, g_array_index(black, struct range, i).from,
                  g_array_index(black, struct range, i).to);
    if (!literal)
        find_bare_addresses(prose, linked);
    black_out_urls(prose, literal);
    g_ptr_array_sort(prose->links, by_line);
    return prose;
}

struct prose *
prose_of_line(const char *text, int line)
{
    struct prose *prose = prose_new();
    add_mark(prose, line);
    g_string_append(prose->text, text);
    prose->clean = g_string_new(text);
    prose->end = prose->text->len;
    black_out_urls(prose, FALSE);
    return prose;
}

guint
prose_count_words(const struct prose *prose, guint limit, gsize *at_limit)
{
    const char *text = prose->text->str, *end = text + prose->end;
    guint count = 0;
    *at_limit = 0;
    for (const char *p = text; p < end;) {
        gsize blanks = strspn(p, " \n\t"), len = strcspn(p + blanks, " \n\t");
        const char *word = p += blanks;
        gboolean counts = FALSE;
        for (; p < word + len; p = g_utf8_next_char(p))
            counts = counts || g_unichar_isalnum(g_utf8_get_char(p)) || g_str_has_prefix(p, PROSE_VALUE);
        if (counts && count++ == limit)
            *at_limit = (gsize)(word - text);
    }
    return count;
}
