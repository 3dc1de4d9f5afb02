/* Templates over Liquid and Markdown. The subject is rendered in header mode (a line break in a value refuses
 * it and names the field), the body in Markdown mode (values travel as placeholders, so that they never
 * become markup). */
#include "compose/template.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "compose/finding_choice.h"
#include "compose/header.h"
#include "compose/markdown.h"
#include "liquid/liquid.h"

#include <stdlib.h>
#include <string.h>

struct mail_template {
    guint refs; /* one of them the cache's */
    char *name, *text;
    struct liquid_template *subject, *body;
    struct liquid_name *reads[2]; /* what subject and body read from outside */
    size_t n_reads[2];
    gboolean follows;
    gint64 max_age_us;
    guint findings;
};

/* The templates parsed last: a service writes thousands of mails from a handful of them. A parsed template
 * never changes. */
#define CACHE_SIZE 8u
static struct mail_template *cache[CACHE_SIZE];
static guint cache_next;

void
mail_template_free(struct mail_template *tpl)
{
    if (!tpl || --tpl->refs > 0)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(tpl->reads); i++)
        g_free(tpl->reads[i]);
    g_free(tpl->name);
    g_free(tpl->text);
    liquid_template_free(tpl->subject);
    liquid_template_free(tpl->body);
    g_free(tpl);
}

const char *
mail_template_text(const struct mail_template *tpl)
{
    return tpl->text;
}

gboolean
mail_template_follows(const struct mail_template *tpl)
{
    return tpl->follows;
}

const struct liquid_template *
mail_template_subject(const struct mail_template *tpl)
{
    return tpl->subject;
}

const struct liquid_template *
mail_template_body(const struct mail_template *tpl)
{
    return tpl->body;
}

gint64
mail_template_max_age_us(const struct mail_template *tpl)
{
    return tpl->max_age_us;
}

guint
mail_template_findings(const struct mail_template *tpl)
{
    return tpl->findings;
}

static gboolean
refuse(const struct mail_template *tpl, int line, GError **error, const char *what)
{
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%d: %s", tpl->name, line, what);
    return FALSE;
}

static gboolean
read_head(struct mail_template *tpl, const struct header *head, GError **error)
{
    const struct header_line *subject = header_find(head, "Subject"), *thread = header_find(head, "Thread"),
                             *age = header_find(head, "Max-Age"), *findings = header_find(head, "Findings");
    if (!subject)
        return refuse(tpl, 1, error, "the Subject line is missing");
    g_autofree char *padded = header_pad(subject->value, subject->line);
    tpl->subject = liquid_template_parse(tpl->name, padded, strlen(padded), error);
    if (!tpl->subject || (age && !header_read_age(tpl->name, age, &tpl->max_age_us, error)))
        return FALSE;
    if (findings) {
        if (strlen(findings->value) != 1 || *findings->value < '1' ||
            *findings->value > '0' + (int)FINDINGS_MAX)
            return refuse(tpl, findings->line, error, "Findings: expected 1, 2 or 3");
        tpl->findings = (guint)(*findings->value - '0');
    }
    tpl->follows = thread && strcmp(thread->value, "follow") == 0;
    return !thread || tpl->follows || strcmp(thread->value, "new") == 0 ||
           refuse(tpl, thread->line, error, "Thread: expected new or follow");
}

static struct mail_template *
cache_find(const char *name, const char *text)
{
    for (guint i = 0; i < CACHE_SIZE; i++) {
        if (cache[i] && strcmp(cache[i]->name, name) == 0 && strcmp(cache[i]->text, text) == 0) {
            cache[i]->refs++;
            return cache[i];
        }
    }
    return NULL;
}

static void
cache_keep(struct mail_template *tpl)
{
    mail_template_free(cache[cache_next]);
    tpl->refs++;
    cache[cache_next] = tpl;
    cache_next = (cache_next + 1) % CACHE_SIZE;
}

struct mail_template *
mail_template_parse(const char *name, const char *text, GError **error)
{
    struct mail_template *known = cache_find(name, text);
    if (known)
        return known;
    scoped(mail_template_free) struct mail_template *tpl = g_new0(struct mail_template, 1);
    tpl->refs = 1;
    tpl->name = g_strdup(name);
    tpl->text = g_strdup(text);
    static const char *const known_lines[] = {"Subject", "Thread", "Max-Age", "Findings", NULL};
    struct header head;
    if (!header_parse(name, text, known_lines, &head, error))
        return NULL;
    g_autofree char *body = header_pad(head.body, head.body_line);
    gboolean ok = read_head(tpl, &head, error) && placeholders_check_template(head.body, error);
    header_clear(&head);
    tpl->body = ok ? liquid_template_parse(name, body, strlen(body), error) : NULL;
    if (!tpl->body)
        return NULL;
    tpl->reads[0] = liquid_template_variables(tpl->subject, &tpl->n_reads[0]);
    tpl->reads[1] = liquid_template_variables(tpl->body, &tpl->n_reads[1]);
    cache_keep(tpl);
    return g_steal_pointer(&tpl);
}

struct mail_template *
mail_template_load(const struct config *config, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(config->templates_dir, name, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) local = NULL;
    if (!g_file_get_contents(path, &text, NULL, &local)) {
        g_set_error(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "template %s", local->message);
        return NULL;
    }
    return mail_template_parse(path, text, error);
}

/* ---- what a template reads ---- */

static const char *const other_names[] = {"first_name", "greeting_name", "specialist", "team", NULL};
/* Only with a Findings line. */
static const char *const finding_names[] = {"findings", "told", NULL};

struct source {
    const struct letter_values *values;
    json_t *specialist, *team, *findings, *told; /* owned */
    json_t *used;
    struct placeholders *placeholders;
};

static json_t *
text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void
source_init(struct source *s, const struct letter_values *values)
{
    const struct specialist *who = values->specialist;
    const struct config *config = values->config;
    const char *booking = who->booking_link ? who->booking_link : config->booking_link;
    g_auto(GStrv) words = g_strsplit(who->name, " ", 2);
    *s = (struct source){.values = values, .used = json_object(), .placeholders = placeholders_new()};
    s->specialist =
        json_pack("{s:s, s:s, s:s}", "name", who->name, "first_name", words[0], "address", who->address);
    s->team = json_object();
    json_object_set_new(s->team, "name", text_or_null(config->team_name));
    json_object_set_new(s->team, "company", text_or_null(config->company));
    json_object_set_new(s->team, "booking_link", text_or_null(booking));
    json_object_set_new(s->team, "help_link", text_or_null(config->help_link));
    json_object_set_new(s->team, "survey_link", text_or_null(config->survey_link));
    s->findings = finding_offers_json(values->offers, FALSE);
    s->told = finding_offers_json(values->offers, TRUE);
    if (booking)
        placeholders_declare_link(s->placeholders, booking);
    if (config->help_link)
        placeholders_declare_link(s->placeholders, config->help_link);
    if (config->survey_link)
        placeholders_declare_link(s->placeholders, config->survey_link);
}

static void
source_clear(struct source *s)
{
    json_decref(s->specialist);
    json_decref(s->team);
    json_decref(s->findings);
    json_decref(s->told);
    json_decref(s->used);
    placeholders_free(s->placeholders);
}

static void
note_used(struct source *s, const char *name, const struct fact_value *value)
{
    if (json_object_get(s->used, name))
        return;
    json_t *entry = json_object();
    json_object_set(entry, "value", value->value ? value->value : json_null());
    json_object_set_new(entry, "source", text_or_null(value->source));
    json_object_set_new(entry, "as_of", json_integer(value->as_of_us));
    json_object_set_new(s->used, name, entry);
}

static bool
lookup(void *user, const char *name, size_t len, struct liquid_value *out)
{
    struct source *s = user;
    (void)len;
    *out = (struct liquid_value){.type = LIQUID_NIL};
    if (strcmp(name, "first_name") == 0 || strcmp(name, "greeting_name") == 0) {
        const char *person = *name == 'f' ? s->values->first_name : s->values->greeting_name;
        if (person && *person && !fact_name_refusal(person))
            *out = liquid_string(person, strlen(person));
        return true;
    }
    if (g_strv_contains(finding_names, name)) {
        *out = liquid_json(*name == 'f' ? s->findings : s->told);
        return true;
    }
    if (strcmp(name, "specialist") == 0 || strcmp(name, "team") == 0) {
        *out = liquid_json(*name == 's' ? s->specialist : s->team);
        return true;
    }
    const struct fact *fact = facts_find(s->values->facts, name);
    const struct fact_value *value = fact_row_get(s->values->row, name);
    if (!fact || !value)
        return false;
    note_used(s, name, value);
    if (value->value) {
        *out = liquid_json(value->value);
        if (fact->type == FACT_URL && json_is_string(value->value))
            placeholders_declare_link(s->placeholders, json_string_value(value->value));
    }
    return true;
}

static const char **
known_names(const struct fact_set *facts)
{
    guint n = facts_count(facts), others = G_N_ELEMENTS(other_names) - 1;
    const char **names = g_new0(const char *, n + others + 1);
    memcpy(names, facts_names(facts), n * sizeof *names);
    for (guint i = 0; i < others; i++)
        names[n + i] = other_names[i];
    return names;
}

static const char **
source_names(void *user)
{
    return known_names(((struct source *)user)->values->facts);
}

gboolean
mail_template_check(const struct mail_template *tpl, const struct fact_set *facts, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tpl->reads); i++) {
        for (size_t j = 0; j < tpl->n_reads[i]; j++) {
            const struct liquid_name *read = &tpl->reads[i][j];
            if (facts_find(facts, read->name) || g_strv_contains(other_names, read->name) ||
                (tpl->findings && g_strv_contains(finding_names, read->name)))
                continue;
            if (g_strv_contains(finding_names, read->name)) {
                g_set_error(error, USHER_ERROR, USHER_ERROR_DATA,
                            "%s:%u:%u: it reads \"%s\", but has no header line \"Findings: 1\" (to 3)",
                            tpl->name, read->line, read->column, read->name);
                return FALSE;
            }
            g_autofree const char **names = known_names(facts);
            const char *nearest = text_nearest(read->name, names);
            g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "%s:%u:%u: unknown variable \"%s\"%s%s%s",
                        tpl->name, read->line, read->column, read->name, nearest ? "; nearest is \"" : "",
                        nearest ? nearest : "", nearest ? "\"" : "");
            return FALSE;
        }
    }
    return TRUE;
}

/* The name of a partial is no text for a customer. */
static bool
is_partial_name(const struct source *s, const char *value, size_t len, GError **error)
{
    if (!finding_offers_is_name(s->values->offers, value, len))
        return false;
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "\"%.*s\" is a partial: {%% include … %%}, not {{ … }}",
                (int)len, value);
    return true;
}

/* Header mode: a value that would end the line refuses the mail. */
static bool
emit_header(void *user, const char *value, size_t len, GString *out, GError **error)
{
    if (is_partial_name(user, value, len, error))
        return false;
    if (memchr(value, '\r', len) || memchr(value, '\n', len) || memchr(value, '\0', len)) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_DATA,
                            "Subject: a value holds a line break or NUL");
        return false;
    }
    g_string_append_len(out, value, (gssize)len);
    return true;
}

static bool
emit_body(void *user, const char *value, size_t len, GString *out, GError **error)
{
    return !is_partial_name(user, value, len, error) &&
           placeholders_emit(((struct source *)user)->placeholders, value, len, out, error);
}

static const struct liquid_template *
load_partial(void *user, const char *name, GError **error)
{
    return finding_offers_load(((struct source *)user)->values->offers, name, error);
}

static gboolean
reads_itself(const struct mail_template *tpl, const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(tpl->reads); i++)
        for (size_t j = 0; j < tpl->n_reads[i]; j++)
            if (strcmp(tpl->reads[i][j].name, name) == 0)
                return TRUE;
    return FALSE;
}

/* What the findings it says rest on is used as well. Where each of them sets a Max-Age, that one was kept
 * when they were judged, and the template's is for what the template itself reads. */
static void
note_findings(struct source *s, const struct mail_template *tpl)
{
    const GPtrArray *offers = s->values->offers;
    gboolean own_age = TRUE;
    const char *name;
    json_t *fact;
    for (guint i = 0; offers && i < offers->len; i++) {
        const struct finding_offer *offer = offers->pdata[i];
        if (!offer->said)
            continue;
        own_age = own_age && offer->finding->max_age_us;
        json_object_foreach(offer->figures, name, fact) if (!json_object_get(s->used, name))
            json_object_set_new(s->used, name, json_copy(fact));
    }
    if (tpl->findings && own_age)
        json_object_foreach(s->used, name, fact) if (!reads_itself(tpl, name))
            json_object_set_new(fact, "own_age", json_true());
}

/* On one line: the lines of a partial's file stand before its text. */
static char *
one_line(const char *text)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n", -1);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (char **word = words; *word; word++)
        if (**word)
            g_ptr_array_add(kept, *word);
    g_ptr_array_add(kept, NULL);
    return g_strjoinv(" ", (char **)kept->pdata);
}

/* Tags on lines of their own leave empty lines behind, which say nothing to Markdown and much to somebody who
 * edits the draft: one remains of each run. Code keeps its own. */
static void
squeeze_lines(GString *body)
{
    gsize to = 0, blank = 0;
    if (strstr(body->str, "```") || strstr(body->str, "~~~"))
        return;
    for (const char *line = body->str; *line;) {
        gsize len = strcspn(line, "\n"), whole = len + (line[len] == '\n');
        blank = strspn(line, " \t\r") == len ? blank + 1 : 0;
        if (blank == 1) {
            body->str[to++] = '\n';
        } else if (!blank) {
            memmove(body->str + to, line, whole);
            to += whole;
        }
        line += whole;
    }
    g_string_truncate(body, to);
}

void
letter_clear(struct letter *letter)
{
    g_clear_pointer(&letter->subject, g_free);
    g_clear_pointer(&letter->markdown, g_free);
    g_clear_pointer(&letter->used, json_decref);
}

gboolean
mail_template_render(const struct mail_template *tpl, const struct letter_values *values, struct letter *out,
                     GError **error)
{
    struct source source;
    memset(out, 0, sizeof *out);
    source_init(&source, values);
    bool reads_clock = false;
    struct liquid_options options = {.data = {.lookup = lookup, .names = source_names, .user = &source},
                                     .zone = fact_row_zone(values->row),
                                     .now_us = values->now_us,
                                     .reads_clock = &reads_clock,
                                     .user = &source,
                                     .isolate = true,
                                     .no_blanks = true,
                                     .load = load_partial,
                                     .emit = emit_header};
    g_autoptr(GString) subject = g_string_new(NULL);
    g_autoptr(GString) body = g_string_new(NULL);
    gboolean ok = liquid_template_render(tpl->subject, &options, subject, error);
    options.emit = emit_body;
    ok = ok && liquid_template_render(tpl->body, &options, body, error);
    squeeze_lines(body);
    if (ok) {
        out->markdown = (values->only_compared ? markdown_expand_untried : markdown_expand)(
            g_strchug(body->str), source.placeholders, error);
        ok = out->markdown != NULL;
    }
    if (ok) {
        out->subject = one_line(subject->str);
        out->reads_clock = reads_clock;
        note_findings(&source, tpl);
        out->used = json_incref(source.used);
        if (!*out->subject)
            ok = refuse(tpl, 1, error, "the Subject came out empty");
    }
    if (!ok)
        letter_clear(out);
    source_clear(&source);
    return ok;
}
