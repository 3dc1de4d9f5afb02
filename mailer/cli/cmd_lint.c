/* lint: templates, findings and sequences, before any account. It needs no database (with one, lint_inside.c
 * tells what an edited sequence changes), and where there is no configuration the defaults do: then
 * facts.conf and the sequences are looked for where they lie beside a folder of templates. */
#include "base/config_load.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/lint_inside.h"
#include "cli/screen.h"
#include "compose/lint.h"
#include "pipeline/alert.h"
#include "pipeline/segment.h"
#include "pipeline/sequence.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

struct linter {
    struct cli *cli;
    struct config *config;
    gboolean bare;    /* there is no usher.conf */
    gboolean refused; /* the configured sequences are wrong, which was said */
    struct program
        *program; /* the facts that templates may read; NULL until the first template, or when it is wrong */
    char *program_dir; /* of its sequences */
    guint files, counts[LINT_LEVEL_COUNT];
    int rc;
};

/* Keeps the exit code that says more: what could not be read or parsed comes before what was found. */
static void
note_code(struct linter *l, int rc)
{
    if (rc != EX_OK && (l->rc == EX_OK || l->rc == 1))
        l->rc = rc;
}

static void
print_line(struct linter *l, const char *file, const struct lint_line *line)
{
    l->counts[line->level]++;
    if (line->level == LINT_ERROR)
        note_code(l, 1);
    if (l->cli->json) {
        json_t *object = json_pack("{s:s}", "file", file), *rest = lint_line_to_json(line);
        json_object_update(object, rest);
        json_decref(rest);
        cli_print_json(object);
        return;
    }
    g_autofree char *message = screen_clean(line->message);
    printf("%s:%d: %s: %s (%s)%s%s\n", file, line->line, lint_level_names[line->level], message, line->rule,
           *line->hint ? ": " : "", line->hint);
}

/* A file that cannot be read or parsed: its one error, as a line of the rule "syntax". */
static void
print_refusal(struct linter *l, const char *file, const GError *error)
{
    const char *p = error->message;
    gboolean placed =
        g_str_has_prefix(p, file) && p[strlen(file)] == ':' && g_ascii_isdigit(p[strlen(file) + 1]);
    const char *what = placed ? strstr(p + strlen(file), ": ") : NULL;
    g_autofree char *message = g_strdup(what ? what + 2 : p);
    g_autofree char *hint = g_strdup("");
    int number = placed ? (int)g_ascii_strtoll(p + strlen(file) + 1, NULL, 10) : 1;
    const struct lint_line line = {
        .level = LINT_ERROR, .rule = "syntax", .line = number, .message = message, .hint = hint};
    print_line(l, file, &line);
    note_code(l, error->code == USHER_ERROR_NO_INPUT ? EX_NOINPUT : EX_DATAERR);
}

/* ---- facts and sequences ---- */

static const char *const not_sequences[] = {"facts.conf", SEGMENTS_FILE, ALERTS_FILE, NULL};

/* Every sequence of a folder by name; the caller frees. */
static char **
sequences_in(const char *folder)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".conf") && !g_strv_contains(not_sequences, name) && *name != '.')
            g_ptr_array_add(names, g_strndup(name, strlen(name) - strlen(".conf")));
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

/* The folder of sequences beside a template's folder of templates, or beside that of a finding; NULL when
 * there is none. */
static char *
sequences_beside(const char *template_path)
{
    g_autofree char *path = g_canonicalize_filename(template_path, NULL);
    for (int up = 0; up < 3; up++) {
        g_autofree char *parent = g_path_get_dirname(path);
        g_autofree char *facts = g_build_filename(parent, "sequences", "facts.conf", NULL);
        if (g_file_test(facts, G_FILE_TEST_EXISTS))
            return g_build_filename(parent, "sequences", NULL);
        g_free(path);
        path = g_steal_pointer(&parent);
    }
    return NULL;
}

/* Loads the program of folder with names (taken over) in force. */
static struct program *
load_program(struct linter *l, const char *folder, char **names, GError **error)
{
    g_free(l->config->sequences_dir);
    g_strfreev(l->config->sequences);
    l->config->sequences_dir = g_strdup(folder);
    l->config->sequences = names;
    return program_load(l->config, error);
}

/* The facts for the template at path; NULL after an error was printed. */
static const struct fact_set *
facts_for(struct linter *l, const char *path)
{
    g_autoptr(GError) error = NULL;
    if (!l->bare && l->program)
        return l->program->facts;
    if (!l->bare) {
        if (!l->refused && !(l->program = program_load(l->config, &error)))
            print_refusal(l, path, error);
        l->refused = l->program == NULL;
        return l->program ? l->program->facts : NULL;
    }
    g_autofree char *folder = sequences_beside(path);
    if (l->program && g_strcmp0(folder, l->program_dir) == 0)
        return l->program->facts;
    g_clear_pointer(&l->program, program_free);
    if (!folder) {
        g_set_error(&error, USHER_ERROR, USHER_ERROR_DATA,
                    "there is no %s, and no sequences/facts.conf beside the template: say --config FILE",
                    l->cli->config_path);
        print_refusal(l, path, error);
        return NULL;
    }
    l->program = load_program(l, folder, sequences_in(folder), &error);
    if (!l->program)
        print_refusal(l, path, error);
    g_free(l->program_dir);
    l->program_dir = g_steal_pointer(&folder);
    return l->program ? l->program->facts : NULL;
}

/* ---- files ---- */

/* TRUE when an automatic step of the sequences in force sends a template of this name. */
static gboolean
is_automatic(const struct program *program, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    for (guint i = 0; program && i < program->sequences->len; i++) {
        const struct sequence *seq = program->sequences->pdata[i];
        for (guint j = 0; j < seq->steps->len; j++) {
            const struct step *step = seq->steps->pdata[j];
            if (step->kind == STEP_AUTOMATIC && strcmp(step->template_name, name) == 0)
                return TRUE;
        }
    }
    return FALSE;
}

static void
lint_template_file(struct linter *l, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_set_error(&error, USHER_ERROR, USHER_ERROR_NO_INPUT, "%s", g_strerror(errno));
        print_refusal(l, path, error);
        return;
    }
    const struct fact_set *facts = facts_for(l, path);
    if (!facts)
        return;
    const struct lint_template_input input = {.config = l->config,
                                              .facts = facts,
                                              .name = path,
                                              .text = text,
                                              .automatic = is_automatic(l->program, path)};
    g_autoptr(GPtrArray) lines = lint_template(&input, &error);
    if (!lines) {
        print_refusal(l, path, error);
        return;
    }
    for (guint i = 0; i < lines->len; i++)
        print_line(l, path, lines->pdata[i]);
}

/* TRUE when the service would read the file, in place of the sequence in force that has its name: its rules
 * may read the stage times of the others, and it may lie anywhere. */
static gboolean
could_stand_in(const struct linter *l, const char *path)
{
    g_autofree char *name = NULL;
    scoped(program_free) struct program *program =
        l->bare ? NULL : program_load_edited(l->config, path, &name, NULL);
    return program != NULL;
}

/* segments.conf and alerts.conf stand beside sequences: those in force, or, where there is no configuration,
 * all of the folder. */
static void
lint_watch_file(struct linter *l, const char *path, const char *found)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *here = g_canonicalize_filename(folder, NULL);
    g_autofree char *there = l->bare ? g_strdup("") : g_canonicalize_filename(l->config->sequences_dir, NULL);
    scoped(config_free) struct config *config = NULL;
    if (strcmp(here, there) != 0) {
        config = config_new();
        config->sequences_dir = g_strdup(folder);
        g_strfreev(config->sequences);
        config->sequences = sequences_in(folder);
    }
    scoped(program_free) struct program *program = program_load(config ? config : l->config, &error);
    if (!program)
        print_refusal(l, g_str_has_prefix(error->message, path) ? path : found, error);
}

/* A sequence is read as the service reads it, with the facts.conf beside it; its mistake, if any, stops it
 * there. */
static void
lint_sequence_file(struct linter *l, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_strndup(base, strlen(base) - strlen(".conf"));
    g_autofree char *found = g_build_filename(folder, base, NULL); /* as errors call it */
    if (strcmp(base, "facts.conf") == 0) {
        scoped(facts_free) struct fact_set *facts = facts_load(path, &error);
        if (!facts)
            print_refusal(l, path, error);
        return;
    }
    if (g_strv_contains(not_sequences, base)) {
        lint_watch_file(l, path, found);
        return;
    }
    scoped(config_free) struct config *config = config_new();
    config->sequences_dir = g_strdup(folder);
    g_strfreev(config->sequences);
    config->sequences = g_new0(char *, 2);
    config->sequences[0] = g_strdup(name);
    scoped(program_free) struct program *program = program_load(config, &error);
    gboolean in_force = could_stand_in(l, path);
    if (!program && !in_force) {
        print_refusal(l, g_str_has_prefix(error->message, path) ? path : found, error);
        return;
    }
    g_clear_error(&error);
    if (in_force && !lint_print_inside(l->cli, l->config, path, &error)) {
        cli_fail(error); /* the file is right; what it changes could not be told */
        note_code(l, usher_error_exit_code(error));
    }
}

static void
lint_holidays_file(struct linter *l, const char *path)
{
    g_autoptr(GError) error = NULL;
    scoped(holidays_free) struct holidays *holidays = holidays_load(path, &error);
    if (!holidays)
        print_refusal(l, path, error);
}

static void
lint_file(struct linter *l, const char *path)
{
    g_autofree char *name = g_path_get_basename(path);
    l->files++;
    if (strcmp(name, HOLIDAYS_FILE) == 0)
        lint_holidays_file(l, path);
    else if (g_str_has_suffix(path, ".conf"))
        lint_sequence_file(l, path);
    else
        lint_template_file(l, path);
}

static gint
by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
add_templates(GPtrArray *paths, const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir && (name = g_dir_read_name(dir));)
        if (g_str_has_suffix(name, ".md") && *name != '.')
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
}

/* Everything the configuration names: its sequences, the templates of their steps, and what else lies in the
 * folders. */
static void
lint_configured(struct linter *l)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *findings = g_build_filename(l->config->templates_dir, "findings", NULL);
    for (char **name = l->config->sequences; *name; name++) {
        g_autofree char *file = g_strconcat(*name, ".conf", NULL);
        g_autofree char *path = g_build_filename(l->config->sequences_dir, file, NULL);
        lint_file(l, path);
    }
    for (const char *const *watch = not_sequences + 1; *watch; watch++) {
        g_autofree char *path = g_build_filename(l->config->sequences_dir, *watch, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            lint_file(l, path);
    }
    g_autofree char *holidays = g_build_filename(l->config->sequences_dir, HOLIDAYS_FILE, NULL);
    if (g_file_test(holidays, G_FILE_TEST_EXISTS))
        lint_file(l, holidays);
    add_templates(paths, l->config->templates_dir);
    add_templates(paths, findings);
    l->refused = l->rc != EX_OK;
    if (!l->refused)
        l->program = program_load(l->config, NULL);
    for (guint i = 0; l->program && i < l->program->sequences->len; i++) {
        const struct sequence *seq = l->program->sequences->pdata[i];
        for (guint j = 0; j < seq->steps->len; j++) {
            const struct step *step = seq->steps->pdata[j];
            if (step->kind == STEP_TASK)
                continue;
            char *path = g_build_filename(l->config->templates_dir, step->template_name, NULL);
            if (g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
                g_free(path);
            else
                g_ptr_array_add(paths, path);
        }
    }
    g_ptr_array_sort(paths, by_name);
    for (guint i = 0; i < paths->len; i++)
        lint_file(l, paths->pdata[i]);
}

/* ---- the command ---- */

/* usher.conf, or the defaults where nobody asked for a file and there is none. */
static gboolean
load_config(struct linter *l, gboolean needed, GError **error)
{
    gboolean asked = l->cli->config_option || g_getenv("USHER_CONFIG");
    if (!needed && !asked && !g_file_test(l->cli->config_path, G_FILE_TEST_EXISTS)) {
        l->bare = TRUE;
        l->config = config_new();
    } else {
        l->config = config_load(l->cli->config_path, error);
    }
    return l->config != NULL;
}

static void
print_summary(const struct linter *l)
{
    guint errors = l->counts[LINT_ERROR], warnings = l->counts[LINT_WARNING];
    if (!l->cli->json)
        printf("%u %s: %u %s, %u %s\n", l->files, l->files == 1 ? "file" : "files", errors,
               errors == 1 ? "error" : "errors", warnings, warnings == 1 ? "warning" : "warnings");
}

int
cmd_lint(struct cli *cli, int argc, char **argv)
{
    int rc = EX_OK;
    g_autoptr(GError) error = NULL;
    if (!cli_begin(cli, "lint", NULL, 0, -1, &argc, &argv, &rc))
        return rc;
    struct linter l = {.cli = cli};
    if (!load_config(&l, argc == 1, &error))
        return cli_fail(error);
    if (argc == 1)
        lint_configured(&l);
    for (int i = 1; i < argc; i++)
        lint_file(&l, argv[i]);
    print_summary(&l);
    program_free(l.program);
    config_free(l.config);
    g_free(l.program_dir);
    return l.rc;
}
