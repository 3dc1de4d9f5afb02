/* The declarations of facts.conf: see facts.h. An array in the order of the file with a hash beside it; the
 * engine's facts follow behind, so that an index once given never changes. */
#include "accounts/facts.h"

#include "accounts/fact_convert.h"
#include "accounts/fact_memo.h"
#include "base/conf.h"
#include "base/error.h"
#include "base/text.h"

#include <string.h>

struct fact_set {
    char *path;
    GStringChunk *strings;
    GPtrArray *facts; /* struct fact * */
    GPtrArray *names; /* const char *, always followed by NULL */
    GHashTable *by_name;
    struct fact_memo *memo;
};

static const char *const type_names[] = {
    [FACT_NUMBER] = "number", [FACT_INTEGER] = "integer", [FACT_BOOLEAN] = "boolean",
    [FACT_DATE] = "date",     [FACT_TIME] = "time",       [FACT_TEXT] = "text",
    [FACT_LIST] = "list",     [FACT_NAME] = "name",       [FACT_URL] = "url",
};

const char *
fact_type_name(enum fact_type type)
{
    return type_names[type];
}

static void
fact_free(gpointer data)
{
    struct fact *fact = data;
    json_decref(fact->initial);
    g_free(fact);
}

static struct fact *
append_fact(struct fact_set *set, const char *name, enum fact_type type, const char *about)
{
    struct fact *fact = g_new0(struct fact, 1);
    fact->name = g_string_chunk_insert(set->strings, name);
    fact->type = type;
    fact->about = g_string_chunk_insert(set->strings, about ? about : "");
    fact->index = set->facts->len;
    g_ptr_array_add(set->facts, fact);
    g_ptr_array_index(set->names, set->names->len - 1) = (gpointer)(guintptr)fact->name;
    g_ptr_array_add(set->names, NULL);
    g_hash_table_insert(set->by_name, (gpointer)(guintptr)fact->name, fact);
    return fact;
}

static const char *
keep(struct fact_set *set, cfg_t *section, const char *key)
{
    g_autofree char *value = conf_dup_str(section, key);
    return value ? g_string_chunk_insert_const(set->strings, value) : NULL;
}

static gboolean
name_is_plain(const char *name)
{
    if (!g_ascii_islower(*name) || strlen(name) > 60)
        return FALSE;
    for (; *name; name++)
        if (!g_ascii_islower(*name) && !g_ascii_isdigit(*name) && *name != '_')
            return FALSE;
    return TRUE;
}

/* Words that SQL would read as something else than a fact. */
static gboolean
name_is_sql(const char *name)
{
    static const char *const words[] = {
        "and",     "as",     "between", "case",  "cast",   "collate", "distinct", "else",  "end",
        "escape",  "exists", "false",   "from",  "glob",   "group",   "having",   "in",    "is",
        "isnull",  "like",   "limit",   "match", "not",    "notnull", "null",     "or",    "order",
        "over",    "raise",  "regexp",  "rowid", "select", "then",    "true",     "union", "values",
        "when",    "where",  "with",    "oid",   "all",    "filter",  "table",    "index", "check",
        "default", "join",   "on",      "set",   "to",     "using",   "current",  "facts", NULL};
    return g_strv_contains(words, name);
}

static gboolean
read_default(struct fact *fact, cfg_t *section, GError **error)
{
    const char *text = cfg_getstr(section, "default"), *expected;
    if (!text)
        return TRUE;
    g_autoptr(GString) json = g_string_new(NULL);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    if (!fact_append_text(json, fact->type, text, strlen(text), utc, &expected))
        return conf_refuse_key(section, "default", error, "fact \"%s\": default: expected %s, found \"%s\"",
                               fact->name, expected, text);
    fact->initial = json_loads(json->str, JSON_DECODE_ANY, NULL);
    return TRUE;
}

static gboolean
read_fact(struct fact_set *set, cfg_t *section, GError **error)
{
    const char *name = cfg_title(section);
    if (!name_is_plain(name))
        return conf_refuse(
            section, error,
            "fact \"%s\": a name is lower-case letters, digits and _, and begins with a letter", name);
    if (name_is_sql(name))
        return conf_refuse(section, error,
                           "fact \"%s\": this word means something in SQL; choose another name", name);
    if (g_hash_table_contains(set->by_name, name) || strcmp(name, "stage") == 0)
        return conf_refuse(section, error, "fact \"%s\" is provided by usher itself; choose another name",
                           name);
    const char *type_text = cfg_getstr(section, "type");
    if (!type_text)
        return conf_refuse(section, error, "fact \"%s\" has no type", name);
    guint type = 0;
    while (type < G_N_ELEMENTS(type_names) && strcmp(type_names[type], type_text) != 0)
        type++;
    if (type == G_N_ELEMENTS(type_names))
        return conf_refuse(
            section, error,
            "fact \"%s\": type \"%s\" is none of number, integer, boolean, date, time, text, list, name, url",
            name, type_text);
    struct fact *fact = append_fact(set, name, (enum fact_type)type, cfg_getstr(section, "about"));
    fact->unit = keep(set, section, "unit");
    fact->source = keep(set, section, "source");
    return read_default(fact, section, error);
}

struct fact_set *
facts_load(const char *path, GError **error)
{
    cfg_opt_t fact_options[] = {
        CFG_STR("type", NULL, CFGF_NONE),    CFG_STR("unit", NULL, CFGF_NONE),
        CFG_STR("about", NULL, CFGF_NONE),   CFG_STR("source", NULL, CFGF_NONE),
        CFG_STR("default", NULL, CFGF_NONE), CFG_END(),
    };
    cfg_opt_t options[] = {
        CFG_SEC("fact", fact_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
        CFG_END(),
    };
    cfg_t *cfg = conf_parse(options, path, error);
    if (!cfg)
        return NULL;
    struct fact_set *set = g_new0(struct fact_set, 1);
    set->memo = g_new0(struct fact_memo, 1);
    set->path = g_strdup(path);
    set->strings = g_string_chunk_new(4096);
    set->facts = g_ptr_array_new_with_free_func(fact_free);
    set->names = g_ptr_array_new();
    g_ptr_array_add(set->names, NULL);
    set->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean ok = facts_add_engine(set, "account", FACT_TEXT, "the account's key", error) &&
                  facts_add_engine(set, "today", FACT_DATE, "the date at the account's place", error);
    for (unsigned i = 0; ok && i < cfg_size(cfg, "fact"); i++)
        ok = read_fact(set, cfg_getnsec(cfg, "fact", i), error);
    cfg_free(cfg);
    if (ok)
        return set;
    facts_free(set);
    return NULL;
}

void
facts_free(struct fact_set *set)
{
    if (!set)
        return;
    g_hash_table_unref(set->by_name);
    fact_memo_clear(set->memo); /* it asks the set about its facts */
    g_free(set->memo);
    g_ptr_array_unref(set->names);
    g_ptr_array_unref(set->facts);
    g_string_chunk_free(set->strings);
    g_free(set->path);
    g_free(set);
}

struct fact_memo *
facts_memo(const struct fact_set *set)
{
    return set->memo;
}

gboolean
facts_add_engine(struct fact_set *set, const char *name, enum fact_type type, const char *about,
                 GError **error)
{
    const struct fact *known = facts_find(set, name);
    if (!known) {
        append_fact(set, name, type, about)->engine = TRUE;
        return TRUE;
    }
    if (known->engine && known->type == type)
        return TRUE;
    g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                known->engine ? "%s: usher's own fact \"%s\" cannot be of two types"
                              : "%s: fact \"%s\" is provided by usher itself; choose another name",
                set->path, name);
    return FALSE;
}

const struct fact *
facts_find(const struct fact_set *set, const char *name)
{
    return g_hash_table_lookup(set->by_name, name);
}

guint
facts_count(const struct fact_set *set)
{
    return set->facts->len;
}

const struct fact *
facts_at(const struct fact_set *set, guint index)
{
    g_assert(index < set->facts->len);
    return g_ptr_array_index(set->facts, index);
}

const char *const *
facts_names(const struct fact_set *set)
{
    return (const char *const *)set->names->pdata;
}

const char *
facts_nearest(const struct fact_set *set, const char *word)
{
    return text_nearest(word, facts_names(set));
}
