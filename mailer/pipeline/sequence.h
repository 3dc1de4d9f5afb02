/* Sequence files, parsed and checked: stages, transitions, steps, goals and meetings, with every rule
 * compiled. See usher-sequence(5). */
#ifndef USHER_PIPELINE_SEQUENCE_H
#define USHER_PIPELINE_SEQUENCE_H

#include "accounts/facts.h"
#include "base/config.h"
#include "liquid/liquid.h"
#include "pipeline/holidays.h"
#include "store/rules.h"

struct stage {
    char *id, *title;
    char *label;      /* "3a", what stands before the title in views; NULL: the line's number */
    char **was;       /* names it had in earlier versions of the file */
    int line;         /* place in the numbered line, 0: outside it */
    gboolean cancels; /* entering it cancels everything automatic */
    gboolean final;   /* entering it ends the enrolment */
    gboolean by_hand; /* no transition leads there */
    int when;         /* nobody enters it, not even by hand, unless it is true */
};

enum step_kind { STEP_DRAFT, STEP_AUTOMATIC, STEP_TASK };

/* How often a task is made. */
enum step_once { ONCE_ENROLMENT, ONCE_STAGE };

enum step_lateness { LATE_SEND_WITHIN, LATE_ASK, LATE_SKIP };

enum step_audience { AUDIENCE_OWNERS_ADMINS, AUDIENCE_PARTICIPANTS, AUDIENCE_BY_ROLE };

/* An index into a sequence's rules; NO_RULE where the file gives none. */
#define NO_RULE (-1)

struct step {
    char *id, *template_name;
    char *state_fact, *sent_fact; /* names of the facts that tell of it: ID_state, ID_sent_at */
    enum step_kind kind;
    enum step_audience audience;
    char **stages; /* empty: any */
    int when, unless, due, until;
    enum step_lateness late;
    int late_days; /* for LATE_SEND_WITHIN */
    gboolean needs_answered;
    gboolean payment; /* about a failed payment: may carry a payment word, and must not start the programme */

    /* STEP_TASK only; a meeting is such a step, too */
    struct liquid_template *title;
    char *assignee; /* a specialist's id; NULL: the account's owner */
    enum step_once once;
    gint64 ahead_us;  /* made so long before due; -1: as soon as its conditions hold */
    int every_months; /* a meeting that comes back; 0: once */
    gboolean meeting;
};

struct transition {
    char *name, *on, *to, *step;
    char **stages; /* empty: any */
    int when;
    gboolean timed; /* on = "time" */
};

/* Something to be seen before the programme is over, ticked off by its rule or by hand. */
struct goal {
    char *id, *title;
    int when; /* NO_RULE: by hand only */
};

/* Whether who was in the programme may come back. */
enum reenter { REENTER_BY_HAND, REENTER_NEVER, REENTER_RULE };

struct sequence {
    char *name, *title, *file;
    char **payment_words;
    gboolean has_window;
    struct window window;
    gboolean ignores_holidays;
    gint64 gap_us; /* least time between two mails to an account; -1: as in usher.conf */
    int enrol, exclude, hold, cancel, leave;
    enum reenter reenter;
    int reenter_when;                        /* of REENTER_RULE */
    int ends;                                /* the date by which it ends, before extensions */
    int done;                                /* once true, the enrolment ends as by a final stage */
    char **not_while;                        /* no account is active here and in one of these */
    GPtrArray *stages, *transitions, *steps; /* in file order; the meetings follow the steps */
    GPtrArray *goals;
    struct rules *rules; /* over facts_names() of the program's facts */
    gboolean reads_today;
    struct rules *watch[2]; /* those of the segments and alerts that look through this sequence: enum watch */
    gboolean watch_reads_today[2];
    int asks_in; /* enrol once more, among the rules of the segments: see look() in engine.c */
};

/* Everything the engine works with: the declared facts and the sequences in force. */
struct program {
    struct fact_set *facts;
    GPtrArray *sequences;                     /* struct sequence */
    struct holidays *holidays;                /* NULL: the team keeps no file of them */
    GPtrArray *segments;                      /* struct segment, of pipeline/segment.h */
    GPtrArray *alerts;                        /* struct alert, of pipeline/alert.h */
    gboolean reads_people_left, reads_orphan; /* some rule asks for these facts, which cost a query */
    const struct config *config;              /* borrowed */
};

/* Loads facts.conf, holidays.txt (where there is one) and the sequences that the configuration names.
 * USHER_ERROR_CONFIG with file, line, key and what was expected; nothing is half loaded. */
struct program *program_load(const struct config *config, GError **error);

/* The same with the sequence at path, wherever that lies, instead of the one in force that has its name;
 * *name is that (the caller frees). */
struct program *program_load_edited(const struct config *config, const char *path, char **name,
                                    GError **error);
void program_free(struct program *program);
SCOPED_FUNC(struct program, program_free)

const struct sequence *program_sequence(const struct program *program, const char *name);
const struct stage *sequence_stage(const struct sequence *sequence, const char *id);
const struct step *sequence_step(const struct sequence *sequence, const char *id);
const struct goal *sequence_goal(const struct sequence *sequence, const char *id);

/* What a stage is called in views: "3a. Engaged", "2. Written to", "Sales Handoff". The caller frees. */
char *stage_display(const struct stage *stage);

/* TRUE where an account must not be active in both. Either file may say so. */
gboolean sequence_excludes(const struct sequence *a, const struct sequence *b);

/* TRUE when subject (decoded) holds one of the sequence's payment words, in any letter case. */
gboolean sequence_is_payment_subject(const struct sequence *sequence, const char *subject);

#endif
