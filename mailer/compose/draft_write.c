/* Writing a draft: see draft_write.h.
 *
 * Invariant: the findings kept with the draft, and they alone, give its text. So a template that took fewer
 * than it was offered is rendered again with what it took, until it takes everything. */
#include "compose/draft_write.h"

#include "base/error.h"
#include "compose/finding_choice.h"
#include "compose/lint_rules.h"
#include "compose/prose.h"

#include <string.h>

static gboolean
render(const struct composer *c, const struct mail_template *tpl, const struct draft *draft,
       GPtrArray *offers, gboolean only_compared, struct letter *letter, GError **error)
{
    const struct recipient *first = draft->recipients->len ? draft->recipients->pdata[0] : NULL;
    g_autofree char *greeting = recipients_greeting(draft->recipients);
    struct letter_values values = {.row = c->row,
                                   .facts = c->facts,
                                   .config = c->config,
                                   .specialist = draft->specialist,
                                   .first_name = first ? first->first_name : NULL,
                                   .greeting_name = greeting,
                                   .offers = offers,
                                   .now_us = c->now_us,
                                   .only_compared = only_compared};
    return mail_template_render(tpl, &values, letter, error);
}

/* ---- what may be told ---- */

struct material {
    GPtrArray *matches; /* NULL: the template asks for none */
    GHashTable *told;
};

static void
material_clear(struct material *m)
{
    g_clear_pointer(&m->matches, g_ptr_array_unref);
    g_clear_pointer(&m->told, g_hash_table_unref);
}

static gboolean
gather(const struct composer *c, const struct draft_request *request, const struct mail_template *tpl,
       struct material *out, GError **error)
{
    if (!mail_template_findings(tpl) || !c->findings)
        return TRUE;
    struct finding_set *set = finding_files_set(c->findings, error);
    out->matches = set ? finding_set_judge(set, c->row, c->now_us, error) : NULL;
    out->told = out->matches ? findings_told(c->db, request->account_id, error) : NULL;
    return out->told != NULL;
}

/* People chosen by what they do are told what concerns them; of somebody whose function nobody delivered,
 * anything might. */
static void
allow_audiences(const GPtrArray *recipients, struct finding_wish *wish)
{
    gboolean anything = FALSE;
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        anything = anything || !r->by_role || !r->function;
        for (int a = 0; r->function && a < FINDING_AUDIENCE_COUNT; a++)
            if (strcmp(finding_audience_names[a], r->function) == 0)
                wish->audiences[a] = TRUE;
    }
    for (int a = 0; anything && a < FINDING_AUDIENCE_COUNT; a++)
        wish->audiences[a] = TRUE;
}

/* ---- as much as fits ---- */

/* Drops what the template did not take; *dropped tells if there was such. */
static GPtrArray *
keep_said(const GPtrArray *offers, gboolean *dropped)
{
    GPtrArray *said = finding_offers_new();
    for (guint i = 0; i < offers->len; i++) {
        const struct finding_offer *offer = offers->pdata[i];
        if (offer->said)
            finding_offers_add(said, offer->finding, offer->again, offer->figures);
    }
    *dropped = said->len < offers->len;
    return said;
}

static gboolean
write_with(const struct composer *c, const struct mail_template *tpl, struct draft *draft, GPtrArray *all,
           struct letter *out, GError **error)
{
    g_autoptr(GPtrArray) offers = g_ptr_array_ref(all);
    for (gboolean dropped = TRUE;;) {
        if (!render(c, tpl, draft, offers, FALSE, out, error))
            return FALSE;
        GPtrArray *said = keep_said(offers, &dropped);
        if (!dropped) {
            g_ptr_array_unref(said);
            break;
        }
        letter_clear(out);
        g_ptr_array_unref(offers);
        offers = said;
    }
    g_clear_pointer(&draft->findings, json_decref);
    draft->findings = finding_offers_pin(offers);
    return TRUE;
}

/* As lint counts. */
static gboolean
fits(const struct letter *letter)
{
    gsize at;
    scoped(prose_free) struct prose *prose = prose_of_markdown(letter->markdown, 1, FALSE, NULL);
    return !prose || prose_count_words(prose, LINT_MAX_WORDS, &at) <= LINT_MAX_WORDS;
}

static guint
count_new(const GPtrArray *offers)
{
    guint n = 0;
    for (guint i = 0; i < offers->len; i++)
        n += !((const struct finding_offer *)offers->pdata[i])->again;
    return n;
}

static gboolean
write_what_fits(const struct composer *c, const struct mail_template *tpl, const struct material *m,
                struct draft *draft, struct letter *out, GError **error)
{
    struct finding_wish wish = {.limit = mail_template_findings(tpl), .told = m->told};
    allow_audiences(draft->recipients, &wish);
    for (;;) {
        g_autoptr(GPtrArray) offers = m->matches ? finding_choose(m->matches, &wish) : finding_offers_new();
        guint n = count_new(offers);
        if (!write_with(c, tpl, draft, offers, out, error))
            return FALSE;
        if (n <= 1 || fits(out))
            return TRUE;
        letter_clear(out);
        wish.limit = n - 1;
    }
}

gboolean
draft_write(const struct composer *c, const struct draft_request *request, const struct mail_template *tpl,
            struct draft *draft, struct letter *out, GError **error)
{
    struct material m = {0};
    memset(out, 0, sizeof *out);
    if (!mail_template_check(tpl, c->facts, error) || !gather(c, request, tpl, &m, error)) {
        material_clear(&m);
        return FALSE;
    }
    g_autofree const char **functions = m.matches ? finding_audiences(m.matches, m.told) : NULL;
    draft->recipients = recipients_choose(c->db, request->account_id, request->audience,
                                          fact_row_text(c->row, "today"), functions, error);
    if (draft->recipients && draft->recipients->len == 0)
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_NO_INPUT, "nobody is left to write to");
    gboolean ok =
        draft->recipients && draft->recipients->len > 0 && write_what_fits(c, tpl, &m, draft, out, error);
    material_clear(&m);
    return ok;
}

gboolean
draft_write_again(const struct composer *c, const struct mail_template *tpl, const struct draft *draft,
                  struct letter *out, char **difference, GError **error)
{
    g_autoptr(GPtrArray) offers = NULL;
    scoped(finding_set_free) struct finding_set *set = NULL; /* what it tells, as its file said then */
    memset(out, 0, sizeof *out);
    *difference = NULL;
    if (!mail_template_check(tpl, c->facts, error))
        return FALSE;
    if (json_array_size(draft->findings) > 0) {
        set = finding_set_new(c->facts);
        if (!finding_offers_unpin(draft->findings, set, c->row, c->now_us, &offers, difference, error))
            return FALSE;
    }
    return render(c, tpl, draft, offers, TRUE, out, error);
}
