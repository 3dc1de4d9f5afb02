/* A letter as it would be sent: see lint.h. What a fact or a name put into it is nobody's wording, so values
 * are blacked out before phrases and dashes are looked for; figures are compared with what the facts give. */
#include "compose/lint.h"

#include "compose/lint_figures.h"
#include "compose/lint_parts.h"
#include "compose/lint_rules.h"

#include <string.h>

#define SUBJECT_LINE 1
#define BODY_LINE 3
#define LINES_MAX 16  /* of a value: mails print no more of one */
#define ITEMS_MAX 200 /* of a list: each is looked for in the whole text */

/* A text line by line, as a mail prints it: whole or cut off, and what `replace: "_", " "` makes of it. */
static void
black_out_text(struct prose *prose, const char *text)
{
    g_auto(GStrv) lines = g_strsplit_set(text, "\r\n", LINES_MAX + 1);
    for (char **line = lines; *line && line < lines + LINES_MAX; line++) {
        g_strstrip(*line);
        for (int spaced = 0; spaced < 2 && **line; spaced++) {
            prose_black_out(prose, *line);
            prose_black_out_cut(prose, *line);
            g_strdelimit(*line, "_", ' ');
        }
    }
}

static void
black_out_texts(struct prose *prose, const json_t *value)
{
    json_t *inner = (json_t *)(gsize)value, *item;
    const char *key;
    size_t i;
    if (json_is_string(value))
        black_out_text(prose, json_string_value(value));
    json_array_foreach(inner, i, item)
    {
        if (i == ITEMS_MAX)
            break;
        black_out_texts(prose, item);
    }
    json_object_foreach(inner, key, item) black_out_texts(prose, item);
}

static void
black_out_values(struct prose *prose, const struct lint_letter_input *in)
{
    const char *key;
    json_t *fact;
    json_object_foreach((json_t *)(gsize)in->basis, key, fact)
        black_out_texts(prose, json_object_get(fact, "value"));
    for (const char *const *name = in->names; name && *name; name++)
        prose_black_out(prose, *name);
}

/* ---- figures ---- */

/* What the template itself said, and every fact behind it. */
static GArray *
allowed_figures(const struct lint_letter_input *in)
{
    GArray *allowed = g_array_new(FALSE, FALSE, sizeof(double));
    const char *key;
    json_t *fact;
    scoped(prose_free) struct prose *before = prose_of_markdown(in->rendered, BODY_LINE, FALSE, NULL);
    if (before)
        figures_allow_text(allowed, before->text->str);
    json_object_foreach((json_t *)(gsize)in->basis, key, fact)
        figures_allow_json(allowed, json_object_get(fact, "value"));
    return allowed;
}

static void
check_figures(struct lint_run *run, const struct prose *prose, const GArray *allowed)
{
    g_autoptr(GArray) figures = figures_find(prose->clean->str);
    for (guint i = 0; i < figures->len; i++) {
        const struct figure *f = &g_array_index(figures, struct figure, i);
        if (!figure_is_allowed(f, allowed))
            lint_add(run, LINT_FIGURE, prose_line(prose, f->at), "figure %.*s is no fact the draft used",
                     (int)f->len, prose->clean->str + f->at);
    }
}

/* ---- amounts ---- */

static void
check_amounts(struct lint_run *run, const struct prose *prose)
{
    struct lint_amounts a = {.links = prose->links->len};
    gsize at;
    a.words = prose_count_words(prose, LINT_MAX_WORDS, &at);
    a.words_line = prose_line(prose, at);
    if (a.links > LINT_MAX_LINKS)
        a.links_line = ((const struct prose_link *)prose->links->pdata[LINT_MAX_LINKS])->line;
    for (const char *p = prose->clean->str; *p;) {
        gsize len = lint_question_at(p);
        if (len && a.questions++ == LINT_MAX_QUESTIONS)
            a.questions_line = prose_line(prose, (gsize)(p - prose->clean->str));
        p = len ? p + len : g_utf8_next_char(p);
    }
    lint_amounts(run, &a);
}

static void
check_parts(struct lint_run *run, const struct lint_letter_input *in)
{
    g_autofree char *difference = in->text && in->html ? parts_difference(in->text, in->html) : NULL;
    if (difference)
        lint_add(run, LINT_PARTS_DIFFER, BODY_LINE, "%s", difference);
}

GPtrArray *
lint_letter(const struct lint_letter_input *in)
{
    struct lint_run run = lint_begin(in->config);
    scoped(prose_free) struct prose *subject = prose_of_line(in->subject, SUBJECT_LINE);
    g_autoptr(GError) impossible = NULL; /* then it cannot be saved or frozen either, and says why there */
    scoped(prose_free) struct prose *body = prose_of_markdown(in->markdown, BODY_LINE, FALSE, &impossible);
    gboolean edited = in->rendered && strcmp(in->rendered, in->markdown) != 0;
    g_autoptr(GArray) allowed = edited ? allowed_figures(in) : NULL;
    black_out_values(subject, in);
    if (!in->follows) {
        lint_subject(&run, in->subject, SUBJECT_LINE);
        lint_wording(&run, subject);
        lint_gaps(&run, subject);
        if (edited)
            check_figures(&run, subject, allowed);
    }
    if (body) {
        black_out_values(body, in);
        lint_wording(&run, body);
        lint_gaps(&run, body);
        lint_addresses(&run, body);
        check_amounts(&run, body);
        if (edited)
            check_figures(&run, body, allowed);
        check_parts(&run, in);
    }
    return lint_end(&run);
}
