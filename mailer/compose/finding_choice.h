/* Which findings a mail tells, and how its template gets at them. */
#ifndef USHER_COMPOSE_FINDING_CHOICE_H
#define USHER_COMPOSE_FINDING_CHOICE_H

#include "compose/finding.h"
#include "store/store.h"

#define FINDINGS_MAX 3u /* in one mail: program.md */

/* ---- the files ---- */

/* The findings of a folder, read when somebody first asks and then kept: a process reads them once. */
struct finding_files;
struct finding_files *finding_files_new(const char *folder, const struct fact_set *facts);
void finding_files_free(struct finding_files *files);
/* Borrowed; NULL with the error of the file that is wrong. */
struct finding_set *finding_files_set(struct finding_files *files, GError **error);

/* ---- the choice ---- */

/* A finding offered to a template. */
struct finding_offer {
    const struct finding *finding; /* borrowed from its set */
    gboolean again; /* an earlier mail told it, and it still holds: only its advice may be recalled */
    gboolean said;  /* the template took something of it */
    json_t *figures;
};

/* Array of struct finding_offer with its free function. */
GPtrArray *finding_offers_new(void);
void finding_offers_add(GPtrArray *offers, const struct finding *finding, gboolean again, json_t *figures);

/* Which findings an audience may hear of. */
struct finding_wish {
    guint limit;                                /* of new ones */
    gboolean audiences[FINDING_AUDIENCE_COUNT]; /* FINDING_ANY is always told */
    GHashTable *told;                           /* names an earlier mail to the account said; NULL: none */
};

/* Of matches, as finding_set_judge() sorts them: first the lead, the highest that has a Subject, then up to
 * limit - 1 more by rank, each of another Topic, none told before; behind them, marked again, those told
 * before that hold and have an Advice. Free with g_ptr_array_unref(). */
GPtrArray *finding_choose(const GPtrArray *matches, const struct finding_wish *wish);

/* The audiences of the findings whose advice is still open, then of the new ones that hold, best first,
 * without FINDING_ANY; NULL-terminated, of static words. The caller frees the array with g_free(). */
const char **finding_audiences(const GPtrArray *matches, GHashTable *told);

/* The names of the findings that mails to the account told and somebody has, or may have. */
GHashTable *findings_told(struct store *db, gint64 account_id, GError **error);

/* ---- in a template ---- */

/* The array that a template reads: of objects with name, topic, audience, docs, and the names of the partials
 * paragraph, short, subject and advice (null where there is none). again chooses which of the offers. */
json_t *finding_offers_json(const GPtrArray *offers, gboolean again);

/* The partial of that name, whose finding is said from then on. USHER_ERROR_DATA when none is offered. */
const struct liquid_template *finding_offers_load(GPtrArray *offers, const char *name, GError **error);

/* TRUE when text is the name of an offered partial: printed, not included. */
gboolean finding_offers_is_name(const GPtrArray *offers, const char *text, gsize len);

/* ---- with a draft ---- */

/* What the mail tells, as it is kept with the draft: an array of {name, text}, text being the file's; those
 * that are only recalled have "again": true. */
json_t *finding_offers_pin(const GPtrArray *offers);

/* The same without the texts, as JSON: short, for what only asks for names. The caller frees. */
char *finding_pinned_heads(const json_t *pinned);

/* The names of those a draft tells anew: an array of strings. */
json_t *finding_pinned_names(const json_t *pinned);

/* Parses what was pinned into set (of the same facts) and judges it on the facts of now. On TRUE *offers are
 * those findings, or *difference says which no longer holds and why (the caller frees). */
gboolean finding_offers_unpin(const json_t *pinned, struct finding_set *set, const struct fact_row *row,
                              gint64 now_us, GPtrArray **offers, char **difference, GError **error);

#endif
