/* Alerts: what a person has to be told of an account. sequences/alerts.conf declares them (see
 * usher-alerts(5)); one that fires is a task, with the figures in its title, and never two for one cause. */
#ifndef USHER_PIPELINE_ALERT_H
#define USHER_PIPELINE_ALERT_H

#include "liquid/liquid.h"
#include "pipeline/sequence.h"

#include <confuse.h>

#define ALERTS_FILE "alerts.conf"

/* A sequence whose stage and times the rules read. */
struct alert_home {
    const struct sequence *seq;
    int when, cause, due; /* of seq->watch */
};

struct alert {
    char *name;
    struct liquid_template *title;
    char *assignee;  /* a specialist's id; NULL: the account's owner */
    gboolean closes; /* the task is over when `when` is false again */
    guint n_homes;   /* at least one; of several, an account is looked at through the one it is in */
    struct alert_home homes[];
};
void alert_free(gpointer alert);

/* Reads the file (none: no alerts) into program->alerts; those of a sequence that is not in force are left
 * out. USHER_ERROR_CONFIG with file, line, key and what was expected. */
gboolean alerts_read(struct program *program, GError **error);

/* Whether an alert whose `when` reads the fact has a task open for the account. FALSE only with error. */
gboolean alert_is_open(struct store *db, const struct program *program, gint64 account_id, const char *fact,
                       gboolean *open, GError **error);

/* Evaluates the alerts that look through the view's sequence, after its steps were brought up to now: makes
 * their tasks and closes those that are over. Inside pipeline/ only. */
struct view;
gboolean alerts_update(struct view *view, GError **error);

#endif
