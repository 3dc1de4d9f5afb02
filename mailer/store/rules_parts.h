/* A set of rules inside: what rules.c and rules_evaluate.c share. Only they include this. */
#ifndef USHER_STORE_RULES_PARTS_H
#define USHER_STORE_RULES_PARTS_H

#include "store/rules.h"

#include <sqlite3.h>

struct rule {
    char *text;
    char *line;       /* the same without its line breaks */
    GPtrArray *reads; /* const char *, borrowed from columns; NULL-terminated after rules_add() */
    gboolean reads_today;
    sqlite3_stmt *alone; /* prepared when first needed */
};

struct rules {
    sqlite3 *db;
    char **columns;
    GHashTable *column_index;     /* name → index + 1 */
    GPtrArray *rules;             /* struct rule * */
    GPtrArray *groups;            /* sqlite3_stmt *; empty when rules were added since */
    const struct rule_value *row; /* while rules are evaluated: what the table `facts` shows */
    int slices_left;

    /* while rules_add() prepares */
    gboolean checking;
    int selects;
    GHashTable *reads; /* column names read */
    char *refusal;     /* why the authorizer said no */
};

/* The rule of an index that rules_add() gave. Borrowed. */
struct rule *rules_at(const struct rules *rules, int index);

/* Prepares prefix + expression + suffix. On a refusal returns NULL and sets *why, which the caller frees. */
sqlite3_stmt *rules_prepare(struct rules *rules, const char *prefix, const char *expression,
                            const char *suffix, char **why);

/* Sets USHER_ERROR_SOFTWARE with SQLite's message; always FALSE. */
gboolean rules_broken(struct rules *rules, GError **error);

#endif
