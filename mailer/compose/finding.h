/* Findings: signals worth telling a customer about, one file each: `When:` an SQL rule over the facts,
 * `Unless:` a guard that withholds it, `Rank:` an SQL number, `Subject:`, `Short:`, `Advice:`, `Audience:`,
 * `Topic:`, `Docs:`, `Max-Age:`, then the paragraph in Liquid and Markdown. See usher-template(5). */
#ifndef USHER_COMPOSE_FINDING_H
#define USHER_COMPOSE_FINDING_H

#include "accounts/facts.h"
#include "base/cleanup.h"
#include "liquid/liquid.h"

enum finding_audience {
    FINDING_ANY,
    FINDING_ENGINEERING,
    FINDING_PRODUCT,
    FINDING_FINANCE,
    FINDING_AUDIENCE_COUNT
};
extern const char *const finding_audience_names[FINDING_AUDIENCE_COUNT];

struct finding {
    char *name, *file, *text; /* text: of the whole file */
    char *topic, *docs;       /* NULL when unset */
    enum finding_audience audience;
    int when, unless, rank;          /* rules of the set; -1: none */
    gint64 max_age_us;               /* of the facts it reads; 0: any age */
    struct liquid_template *subject; /* NULL: it never leads */
    struct liquid_template
        *summary; /* Short: a sentence for where another leads; NULL: the paragraph stands there */
    struct liquid_template
        *advice; /* what was suggested, as a noun phrase; NULL: whether it was followed is not seen */
    struct liquid_template *body;
    GPtrArray *reads; /* names of the facts that its texts read; borrowed from them */
};

struct finding_set;

/* An empty set over the declared facts, which must outlive it. */
struct finding_set *finding_set_new(const struct fact_set *facts);
void finding_set_free(struct finding_set *set);
SCOPED_FUNC(struct finding_set, finding_set_free)

/* Parses and adds one. file is what errors call it. USHER_ERROR_DATA or USHER_ERROR_CONFIG with file and
 * line, also for a name in its texts that is no fact. */
gboolean finding_set_add(struct finding_set *set, const char *name, const char *file, const char *text,
                         GError **error);

/* Adds every *.md of a folder, in the order of their names; a folder that does not exist adds none. */
gboolean finding_set_add_folder(struct finding_set *set, const char *folder, GError **error);

guint finding_set_count(const struct finding_set *set);
const struct finding *finding_set_at(const struct finding_set *set, guint index);
const struct finding *finding_set_find(const struct finding_set *set, const char *name);

/* One finding's verdict on an account. */
struct finding_match {
    const struct finding *finding;
    enum rule_truth holds;
    double rank;
    char *reason;    /* why it does not hold: the missing facts, the guard; NULL when it holds */
    json_t *figures; /* object: the facts its rules read → value, source, as_of */
};
void finding_match_free(gpointer match);

/* Every finding judged on the facts, those that hold first, by rank (highest first) and name. now_us is for
 * Max-Age: a stale fact, of its rules or its texts, withholds the finding. GPtrArray of struct finding_match;
 * NULL with USHER_ERROR_SOFTWARE only. */
GPtrArray *finding_set_judge(struct finding_set *set, const struct fact_row *row, gint64 now_us,
                             GError **error);

#endif
