/* A mail template: header lines, a blank line, a Markdown body; both in Liquid. See usher-template(5). */
#ifndef USHER_COMPOSE_TEMPLATE_H
#define USHER_COMPOSE_TEMPLATE_H

#include "accounts/facts.h"
#include "base/config.h"

struct liquid_template;
struct mail_template;

/* Parses text; name is what errors call it. USHER_ERROR_DATA "NAME:LINE:COL: …". */
struct mail_template *mail_template_parse(const char *name, const char *text, GError **error);
/* Reads and parses templates_dir/name. */
struct mail_template *mail_template_load(const struct config *config, const char *name, GError **error);
void mail_template_free(struct mail_template *tpl);
SCOPED_FUNC(struct mail_template, mail_template_free)

const char *mail_template_text(const struct mail_template *tpl);
/* TRUE when the mail follows up in the account's thread ("Thread: follow"). */
gboolean mail_template_follows(const struct mail_template *tpl);
/* The Liquid of the Subject line and of the body; errors and lines in them are those of the file. Borrowed.
 */
const struct liquid_template *mail_template_subject(const struct mail_template *tpl);
const struct liquid_template *mail_template_body(const struct mail_template *tpl);
/* Oldest that a fact it prints may be; 0: any age. */
gint64 mail_template_max_age_us(const struct mail_template *tpl);
/* How many findings it wants to tell; 0: none, and it does not read them. */
guint mail_template_findings(const struct mail_template *tpl);

/* Refuses a name that is no fact and nothing a template can read: USHER_ERROR_DATA with template, line and
 * the nearest name. */
gboolean mail_template_check(const struct mail_template *tpl, const struct fact_set *facts, GError **error);

/* What a template reads besides the facts; borrowed. */
struct letter_values {
    const struct fact_row *row;
    const struct fact_set *facts;
    const struct config *config;
    const struct specialist *specialist; /* who signs */
    const char *first_name;              /* of the first To recipient, NULL when unknown */
    const char *greeting_name;           /* of all in To: "Ada", "Ada and Bo", "all"; NULL when unknown */
    GPtrArray *offers;                   /* struct finding_offer; NULL: none. What is taken becomes said. */
    gint64 now_us;
    gboolean only_compared; /* the result is compared with an earlier one, never kept */
};

struct letter {
    char *subject;  /* one line of UTF-8 */
    char *markdown; /* with the values escaped: can be edited and rendered again */
    json_t *used;   /* object: fact → {value, source, as_of} in the order of reading, then what the findings
                       rest on; with "own_age": true where the Max-Age of its finding governs its age */
    gboolean reads_clock; /* it may say something else a minute later */
};
void letter_clear(struct letter *letter);

/* Renders; on an error *out is empty. USHER_ERROR_DATA names template, line and variable. */
gboolean mail_template_render(const struct mail_template *tpl, const struct letter_values *values,
                              struct letter *out, GError **error);

#endif
