/* Choosing findings for a mail, handing them to its template, and keeping them with the draft: see
 * finding_choice.h.
 *
 * Invariant: what a draft keeps is what its text rests on. A template that is offered more than it takes is
 * rendered once more with what it took (draft_write.c), so that the kept ones alone give the same text. */
#include "compose/finding_choice.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* ---- the files ---- */

struct finding_files {
    char *folder;
    const struct fact_set *facts;
    struct finding_set *set;
};

struct finding_files *
finding_files_new(const char *folder, const struct fact_set *facts)
{
    struct finding_files *files = g_new0(struct finding_files, 1);
    files->folder = g_strdup(folder);
    files->facts = facts;
    return files;
}

void
finding_files_free(struct finding_files *files)
{
    if (!files)
        return;
    finding_set_free(files->set);
    g_free(files->folder);
    g_free(files);
}

struct finding_set *
finding_files_set(struct finding_files *files, GError **error)
{
    if (files->set)
        return files->set;
    scoped(finding_set_free) struct finding_set *set = finding_set_new(files->facts);
    if (finding_set_add_folder(set, files->folder, error))
        files->set = g_steal_pointer(&set);
    return files->set;
}

/* ---- the choice ---- */

static void
offer_free(gpointer data)
{
    struct finding_offer *offer = data;
    json_decref(offer->figures);
    g_free(offer);
}

GPtrArray *
finding_offers_new(void)
{
    return g_ptr_array_new_with_free_func(offer_free);
}

void
finding_offers_add(GPtrArray *offers, const struct finding *finding, gboolean again, json_t *figures)
{
    struct finding_offer *offer = g_new0(struct finding_offer, 1);
    offer->finding = finding;
    offer->again = again;
    offer->figures = json_incref(figures);
    g_ptr_array_add(offers, offer);
}

static gboolean
is_new(const struct finding_match *m, GHashTable *told)
{
    return m->holds == RULE_TRUE && !(told && g_hash_table_contains(told, m->finding->name));
}

/* Told before, and its advice is still open. */
static gboolean
is_open(const struct finding_match *m, GHashTable *told)
{
    return m->holds == RULE_TRUE && !is_new(m, told) && m->finding->advice;
}

static gboolean
has_topic(const GPtrArray *offers, const char *topic)
{
    for (guint i = 0; topic && i < offers->len; i++)
        if (g_strcmp0(((const struct finding_offer *)offers->pdata[i])->finding->topic, topic) == 0)
            return TRUE;
    return FALSE;
}

GPtrArray *
finding_choose(const GPtrArray *matches, const struct finding_wish *wish)
{
    GPtrArray *offers = finding_offers_new();
    const struct finding *lead = NULL;
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < matches->len && offers->len < wish->limit; i++) {
            const struct finding_match *m = matches->pdata[i];
            const struct finding *f = m->finding;
            if (!is_new(m, wish->told) || f == lead ||
                (f->audience != FINDING_ANY && !wish->audiences[f->audience]) || (pass == 0 && !f->subject) ||
                (pass == 1 && (!lead || has_topic(offers, f->topic))))
                continue;
            finding_offers_add(offers, f, FALSE, m->figures);
            if (pass == 0) {
                lead = f;
                break;
            }
        }
    for (guint i = 0; i < matches->len; i++) {
        const struct finding_match *m = matches->pdata[i];
        if (is_open(m, wish->told))
            finding_offers_add(offers, m->finding, TRUE, m->figures);
    }
    return offers;
}

const char **
finding_audiences(const GPtrArray *matches, GHashTable *told)
{
    const char **out = g_new0(const char *, FINDING_AUDIENCE_COUNT + 1);
    guint n = 0;
    for (int pass = 0; pass < 2; pass++)
        for (guint i = 0; i < matches->len; i++) {
            const struct finding_match *m = matches->pdata[i];
            const char *name = finding_audience_names[m->finding->audience];
            gboolean wanted = pass == 0 ? is_open(m, told) : is_new(m, told);
            if (wanted && m->finding->audience != FINDING_ANY && !g_strv_contains(out, name))
                out[n++] = name;
        }
    return out;
}

GHashTable *
findings_told(struct store *db, gint64 account_id, GError **error)
{
    scoped(query_end) struct query *q =
        store_query(db,
                    "SELECT DISTINCT f.value ->> 'name' AS name FROM message m, json_each(m.told) f"
                    " WHERE m.account_id = ? AND (m.state = 'sent' OR EXISTS (SELECT 1 FROM delivery d WHERE"
                    " d.message_id = m.id AND d.state IN ('transmitting', 'sent', 'unknown')))",
                    error, "i", account_id);
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        char *name = query_dup_text(q, "name");
        if (name)
            g_hash_table_add(told, name);
    }
    return q && error_pass(error, &local) ? g_steal_pointer(&told) : NULL;
}

/* ---- in a template ---- */

enum part { PART_PARAGRAPH, PART_SHORT, PART_SUBJECT, PART_ADVICE, PART_COUNT };

static const char *const part_names[PART_COUNT] = {[PART_PARAGRAPH] = "paragraph",
                                                   [PART_SHORT] = "short",
                                                   [PART_SUBJECT] = "subject",
                                                   [PART_ADVICE] = "advice"};

/* NULL: the finding has none, or may not be said by it. */
static const struct liquid_template *
part_of(const struct finding_offer *offer, enum part part)
{
    const struct finding *f = offer->finding;
    switch (part) {
    case PART_PARAGRAPH:
        return offer->again ? NULL : f->body;
    case PART_SHORT:
        return offer->again ? NULL : f->summary ? f->summary : f->body;
    case PART_SUBJECT:
        return offer->again ? NULL : f->subject;
    case PART_ADVICE:
        return f->advice;
    case PART_COUNT:
        break;
    }
    return NULL;
}

json_t *
finding_offers_json(const GPtrArray *offers, gboolean again)
{
    json_t *array = json_array();
    for (guint i = 0; offers && i < offers->len; i++) {
        const struct finding_offer *offer = offers->pdata[i];
        const struct finding *f = offer->finding;
        if (offer->again != again)
            continue;
        json_t *object = json_pack("{s:s, s:s?, s:s, s:s?}", "name", f->name, "topic", f->topic, "audience",
                                   finding_audience_names[f->audience], "docs", f->docs);
        for (int part = 0; part < PART_COUNT; part++) {
            g_autofree char *name = g_strdup_printf("%s/%s", part_names[part], f->name);
            json_object_set_new(object, part_names[part],
                                part_of(offer, part) ? json_string(name) : json_null());
        }
        json_array_append_new(array, object);
    }
    return array;
}

static struct finding_offer *
find_part(const GPtrArray *offers, const char *name, gsize len, enum part *part)
{
    const char *slash = memchr(name, '/', len);
    for (int p = 0; slash && p < PART_COUNT; p++)
        for (guint i = 0; offers && i < offers->len; i++) {
            struct finding_offer *offer = offers->pdata[i];
            gsize prefix = strlen(part_names[p]), rest = strlen(offer->finding->name);
            if ((gsize)(slash - name) != prefix || memcmp(name, part_names[p], prefix) != 0 ||
                len != prefix + 1 + rest || memcmp(slash + 1, offer->finding->name, rest) != 0)
                continue;
            *part = (enum part)p;
            return offer;
        }
    return NULL;
}

const struct liquid_template *
finding_offers_load(GPtrArray *offers, const char *name, GError **error)
{
    enum part part = PART_PARAGRAPH;
    struct finding_offer *offer = find_part(offers, name, strlen(name), &part);
    const struct liquid_template *tpl = offer ? part_of(offer, part) : NULL;
    if (tpl)
        offer->said = TRUE;
    else
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT,
                    "expected the paragraph, short, subject or advice of one of its findings");
    return tpl;
}

gboolean
finding_offers_is_name(const GPtrArray *offers, const char *text, gsize len)
{
    enum part part;
    return find_part(offers, text, len, &part) != NULL;
}

/* ---- with a draft ---- */

json_t *
finding_offers_pin(const GPtrArray *offers)
{
    json_t *array = json_array();
    for (guint i = 0; i < offers->len; i++) {
        const struct finding_offer *offer = offers->pdata[i];
        if (!offer->said)
            continue;
        json_t *object = json_pack("{s:s, s:s}", "name", offer->finding->name, "text", offer->finding->text);
        if (offer->again)
            json_object_set_new(object, "again", json_true());
        json_array_append_new(array, object);
    }
    return array;
}

char *
finding_pinned_heads(const json_t *pinned)
{
    json_t *heads = json_array(), *one;
    size_t i;
    json_array_foreach((json_t *)(gsize)pinned, i, one)
    {
        json_t *head = json_copy(one);
        json_object_del(head, "text");
        json_array_append_new(heads, head);
    }
    char *text = json_dumps(heads, JSON_COMPACT), *copy = g_strdup(text);
    free(text);
    json_decref(heads);
    return copy;
}

json_t *
finding_pinned_names(const json_t *pinned)
{
    json_t *names = json_array(), *one;
    size_t i;
    json_array_foreach((json_t *)(gsize)pinned, i, one) if (!json_is_true(json_object_get(one, "again")))
        json_array_append(names, json_object_get(one, "name"));
    return names;
}

static const struct finding_match *
find_match(const GPtrArray *matches, const char *name)
{
    for (guint i = 0; i < matches->len; i++) {
        const struct finding_match *m = matches->pdata[i];
        if (strcmp(m->finding->name, name) == 0)
            return m;
    }
    return NULL;
}

gboolean
finding_offers_unpin(const json_t *pinned, struct finding_set *set, const struct fact_row *row, gint64 now_us,
                     GPtrArray **offers, char **difference, GError **error)
{
    json_t *one, *all = (json_t *)(gsize)pinned;
    size_t i;
    *difference = NULL;
    json_array_foreach(all, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name")),
                   *text = json_string_value(json_object_get(one, "text"));
        g_autofree char *file = name ? g_strdup_printf("findings/%s.md", name) : NULL;
        if (name && text && finding_set_add(set, name, file, text, error))
            continue;
        if (error && !*error)
            g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA, "its findings cannot be read");
        return FALSE;
    }
    g_autoptr(GPtrArray) matches = finding_set_judge(set, row, now_us, error);
    if (!matches)
        return FALSE;
    g_autoptr(GPtrArray) out = finding_offers_new();
    json_array_foreach(all, i, one)
    {
        const struct finding_match *m = find_match(matches, json_string_value(json_object_get(one, "name")));
        if (m->holds != RULE_TRUE) {
            *difference = g_strdup_printf("the finding %s no longer holds: %s", m->finding->name, m->reason);
            return FALSE;
        }
        finding_offers_add(out, m->finding, json_is_true(json_object_get(one, "again")), m->figures);
    }
    *offers = g_steal_pointer(&out);
    return TRUE;
}
