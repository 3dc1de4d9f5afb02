/* What the parsing files share: errors, names, blocks. See parser.h. */
#include "liquid/parser.h"

#include <string.h>

bool
parse_error(struct parser *parser, size_t at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return template_error(parser->tpl, at, parser->error, "%s", message);
}

struct name *
parse_intern(struct parser *parser, const char *text, size_t len)
{
    struct liquid_template *tpl = parser->tpl;
    guint32 hash = name_hash(text, len);
    struct name **bucket = &tpl->buckets[hash % NAME_BUCKETS];

    for (struct name *name = *bucket; name; name = name->chain)
        if (name->hash == hash && name->len == len && memcmp(name->text, text, len) == 0)
            return name;

    struct name *name = NEW(parser, struct name);
    *name = (struct name){.text = arena_copy(&tpl->arena, text, len),
                          .len = (guint32)len,
                          .hash = hash,
                          .slot = tpl->n_names++,
                          .chain = *bucket};
    *bucket = name;
    return name;
}

void
block_init(struct block *block)
{
    *block = (struct block){.blank = true};
}

struct node *
block_add(struct parser *parser, struct block *block, enum node_kind kind, size_t at, bool blank)
{
    struct node *node = NEW(parser, struct node);

    node->kind = kind;
    node->at = (guint32)at;
    if (block->last)
        block->last->next = node;
    else
        block->first = node;
    block->last = node;
    block->blank = block->blank && blank;
    return node;
}

void
block_drop_text(struct block *block)
{
    struct node **link = &block->first;

    while (*link) {
        if ((*link)->kind == NODE_TEXT)
            *link = (*link)->next;
        else
            link = &(*link)->next;
    }
}
