/* Wording: see lint_rules.h. What is never said, and why, is program.md's; usher-template(5) lists it for the
 * team. */
#include "compose/lint_rules.h"

#include <string.h>

#define SUBJECT_LONG 60
#define SUBJECT_OVERLONG 78 /* RFC 5322 2.1.1: what a line should hold */
#define OVERLONG_WORDS 200u

static const char *const hints[LINT_RULE_COUNT] = {
    [LINT_SUBJECT_GENERIC] = "name the one outcome that this mail is about",
    [LINT_SUBJECT_LONG] = "mail programs cut it off; say it in 60 characters",
    [LINT_SUBJECT_OVERLONG] = "mail programs cut it off; say it in 60 characters",
    [LINT_SUBJECT_MISLEADING] =
        "this mail opens the conversation: leave it out, a follow-up gets its Re: by itself",
    [LINT_PHRASE] = "say plainly what you mean, or leave it out",
    [LINT_DASH] = "use a comma, a colon or a full stop; a range takes \"to\", an option backticks",
    [LINT_LONG] = "keep the headline, the benefit and the next step",
    [LINT_OVERLONG] = "keep the headline, the benefit and the next step",
    [LINT_QUESTIONS] = "ask the one whose answer you need",
    [LINT_LINKS] = "keep the one link to act on and the one to read on",
    [LINT_LINK_HTTPS] = "write the address with https://",
    [LINT_LINK_BARE] = "take it out with usher edit, or write [words](https://...) for one that you trust",
    [LINT_FIGURE] = "print the fact itself, or take the figure out",
    [LINT_PARTS_DIFFER] = "readers of plain text would get another mail; report this with the draft",
    [LINT_VARIABLE_UNKNOWN] = "declare it in facts.conf, or correct the name",
    [LINT_VARIABLE_UNUSED] = "use it or take it out",
    [LINT_GAP] = "fill it in with usher edit, or take the sentence out",
    [LINT_TIME_OF_DAY] = "the mail would change with every look at it; print the date",
    [LINT_AUTOMATIC_FIGURE] = "nobody looks at this mail before it goes out: say it without the figure",
    [LINT_NO_MAX_AGE] = "say how old its facts may be, such as Max-Age: 7 days",
};

static void
line_free(gpointer data)
{
    struct lint_line *l = data;
    g_free(l->message);
    g_free(l->hint);
    g_free(l);
}

struct lint_run
lint_begin(const struct config *config)
{
    return (struct lint_run){.config = config, .lines = g_ptr_array_new_with_free_func(line_free)};
}

static gint
by_line(gconstpointer a, gconstpointer b)
{
    const struct lint_line *x = *(const struct lint_line *const *)a, *y = *(const struct lint_line *const *)b;
    return (x->line > y->line) - (x->line < y->line);
}

GPtrArray *
lint_end(struct lint_run *run)
{
    g_ptr_array_sort(run->lines, by_line); /* stable */
    return g_steal_pointer(&run->lines);
}

void
lint_add(struct lint_run *run, enum lint_rule rule, int line, const char *format, ...)
{
    enum lint_level level = run->config->lint[rule];
    if (level == LINT_OFF)
        return;
    struct lint_line *l = g_new0(struct lint_line, 1);
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_auto(GStrv) around_values = g_strsplit(message, PROSE_VALUE, -1);
    *l = (struct lint_line){.level = level,
                            .rule = lint_settings[rule].name,
                            .line = line,
                            .message = g_strjoinv("…", around_values),
                            .hint = g_strdup(hints[rule])};
    g_ptr_array_add(run->lines, l);
}

const struct lint_line *
lint_first_error(const GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        const struct lint_line *l = lines->pdata[i];
        if (l->level == LINT_ERROR)
            return l;
    }
    return NULL;
}

json_t *
lint_line_to_json(const struct lint_line *l)
{
    return json_pack("{s:i, s:s, s:s, s:s, s:s}", "line", l->line, "level", lint_level_names[l->level],
                     "rule", l->rule, "message", l->message, "hint", l->hint);
}

/* ---- folding: wording is compared without case, kinds of apostrophes, blanks and hyphens, and what cannot
 * be seen ---- */

struct folded {
    GString *text;
    GArray *from; /* for each byte of text, the offset it came from (gsize) */
};

static gboolean
is_invisible(gunichar c)
{
    return c == 0xAD || (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF;
}

static gunichar
fold_char(gunichar c)
{
    if (c == 0x2018 || c == 0x2019 || c == 0x201B || c == 0x2BC || c == 0xB4 || c == '`' || c == 0xFF07)
        return '\'';
    if (c == '-' || c == 0x2010 || c == 0x2011 || (c != '\n' && g_unichar_isspace(c)))
        return ' ';
    return g_unichar_tolower(c);
}

static struct folded
fold(const char *text)
{
    struct folded f = {.text = g_string_new(NULL), .from = g_array_new(FALSE, FALSE, sizeof(gsize))};
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gsize at = (gsize)(p - text);
        if (is_invisible(c))
            continue;
        c = fold_char(c);
        if (c == ' ' && f.text->len > 0 && f.text->str[f.text->len - 1] == ' ')
            continue;
        g_string_append_unichar(f.text, c);
        while (f.from->len < f.text->len)
            g_array_append_val(f.from, at);
    }
    return f;
}

static void
folded_clear(struct folded *f)
{
    g_string_free(f->text, TRUE);
    g_array_unref(f->from);
}

/* TRUE when the len bytes at p are no part of a longer word. */
static gboolean
stands_alone(const char *text, const char *p, gsize len)
{
    return (p == text || !g_unichar_isalnum(g_utf8_get_char(g_utf8_prev_char(p)))) &&
           !g_unichar_isalnum(g_utf8_get_char(p + len));
}

static const char *
find_phrase(const char *text, const char *from, const char *phrase)
{
    for (const char *p = from; (p = strstr(p, phrase)); p++)
        if (stands_alone(text, p, strlen(phrase)))
            return p;
    return NULL;
}

/* ---- the subject ---- */

static const char *const generic_parts[] = {
    "checking in",   "following up", "touching base", "quick question", "quick chat",
    "circling back", "catching up",  "reaching out",  "quick call",     NULL};
static const char *const generic_wholes[] = {
    "hello",   "hi",       "hey",        "update",       "quick update", "follow up", "check in",   "intro",
    "welcome", "question", "a question", "introduction", "reminder",     "news",      "touch base", NULL};

static gboolean
is_generic(const char *subject)
{
    struct folded f = fold(subject);
    gboolean generic = FALSE;
    for (const char *const *part = generic_parts; *part; part++)
        generic = generic || find_phrase(f.text->str, f.text->str, *part);
    char *end = f.text->str + f.text->len;
    while (end > f.text->str && strchr(" .!?,:;", end[-1]))
        *--end = '\0';
    generic = generic || g_strv_contains(generic_wholes, f.text->str);
    folded_clear(&f);
    return generic;
}

/* "Re:", "Fwd:" and what other languages' mail programs write for them; also "Re[2]:" and "Re :". */
static gboolean
is_misleading(const char *subject)
{
    static const char *const prefixes[] = {"re", "fwd", "fw", "aw", "wg", "sv", "antw", "tr", "rv"};
    const char *p = subject + strspn(subject, " \t");
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (g_ascii_strncasecmp(p, prefixes[i], strlen(prefixes[i])) != 0)
            continue;
        const char *q = p + strlen(prefixes[i]);
        if (*q == '[' || *q == '(')
            q += 1 + strspn(q + 1, "0123456789)]");
        q += strspn(q, " ");
        if (*q == ':' || g_str_has_prefix(q, "\xEF\xBC\x9A")) /* the wide colon */
            return TRUE;
    }
    return FALSE;
}

void
lint_subject(struct lint_run *run, const char *subject, int line)
{
    glong length = g_utf8_strlen(subject, -1);
    if (is_misleading(subject))
        lint_add(run, LINT_SUBJECT_MISLEADING, line,
                 "the Subject \"%s\" pretends that there was a mail before", subject);
    if (is_generic(subject))
        lint_add(run, LINT_SUBJECT_GENERIC, line, "the Subject \"%s\" could stand over any mail", subject);
    if (length > SUBJECT_OVERLONG)
        lint_add(run, LINT_SUBJECT_OVERLONG, line, "the Subject has %ld characters", length);
    else if (length > SUBJECT_LONG)
        lint_add(run, LINT_SUBJECT_LONG, line, "the Subject has %ld characters", length);
}

/* ---- phrases and dashes ---- */

/* As folded; the words of program.md with their forms. */
static const char *const phrases[] = {"circling back",
                                      "just touching base",
                                      "hope this finds you well",
                                      "hope this email finds you well",
                                      "hope this mail finds you well",
                                      "hope this message finds you well",
                                      "i'd love to connect",
                                      "i would love to connect",
                                      "i'm genuinely curious",
                                      "i am genuinely curious",
                                      "are you open to a quick chat",
                                      "let me know your thoughts",
                                      "synergy",
                                      "synergies",
                                      "leverage",
                                      "leverages",
                                      "leveraged",
                                      "leveraging",
                                      "alignment",
                                      "alignments",
                                      "best in class"};

static void
find_phrases(struct lint_run *run, const struct prose *prose)
{
    struct folded f = fold(prose->clean->str);
    for (gsize i = 0; i < G_N_ELEMENTS(phrases); i++) {
        for (const char *p = f.text->str; (p = find_phrase(f.text->str, p, phrases[i]));
             p += strlen(phrases[i])) {
            gsize at = g_array_index(f.from, gsize, (gsize)(p - f.text->str));
            lint_add(run, LINT_PHRASE, prose_line(prose, at), "\"%s\" is never used", phrases[i]);
        }
    }
    folded_clear(&f);
}

/* The bytes of a long dash at p, 0 when there is none. */
static gsize
dash_at(const char *p)
{
    gunichar c = g_utf8_get_char(p);
    if ((c >= 0x2012 && c <= 0x2015) || c == 0x2E3A || c == 0x2E3B || c == 0xFE58 || c == 0xFE31 ||
        c == 0xFE32)
        return (gsize)(g_utf8_next_char(p) - p);
    gsize hyphens = strspn(p, "-");
    return hyphens > 1 ? hyphens : 0;
}

static void
find_dashes(struct lint_run *run, const struct prose *prose)
{
    const char *text = prose->clean->str;
    for (const char *p = text; *p;) {
        gsize len = dash_at(p);
        if (len)
            lint_add(run, LINT_DASH, prose_line(prose, (gsize)(p - text)), "a long dash: \"%.*s\"", (int)len,
                     p);
        p = len ? p + len : g_utf8_next_char(p);
    }
}

void
lint_wording(struct lint_run *run, const struct prose *prose)
{
    find_phrases(run, prose);
    find_dashes(run, prose);
}

/* ---- gaps ---- */

/* "[the recording]": what a link leaves behind has no brackets, so these are the template's. */
void
lint_gaps(struct lint_run *run, const struct prose *prose)
{
    const char *text = prose->clean->str;
    for (const char *p = text; (p = strchr(p, '[')); p++) {
        gsize len = strcspn(p + 1, "[]");
        if (len > strspn(p + 1, "0123456789 ") && p[1 + len] == ']') /* "[2]" is a note */
            lint_add(run, LINT_GAP, prose_line(prose, (gsize)(p - text)), "%.*s is not filled in",
                     (int)len + 2, p);
    }
}

/* ---- links and amounts ---- */

void
lint_addresses(struct lint_run *run, const struct prose *prose)
{
    for (guint i = 0; i < prose->links->len; i++) {
        const struct prose_link *link = prose->links->pdata[i];
        if (link->bare) {
            lint_add(run, LINT_LINK_BARE, link->line, "%s is no link here, but mail programs make one of it",
                     link->url);
            continue;
        }
        gboolean from_value =
            g_str_has_prefix(link->url, PROSE_VALUE) || g_str_has_prefix(link->url, "%EF%BF%BC");
        if (!from_value && g_ascii_strncasecmp(link->url, "https://", 8) != 0 &&
            g_ascii_strncasecmp(link->url, "mailto:", 7) != 0)
            lint_add(run, LINT_LINK_HTTPS, link->line, "the link %s has no https", link->url);
    }
}

gsize
lint_question_at(const char *p)
{
    gsize len = 0;
    gboolean asks = FALSE;
    for (;;) {
        gunichar c = g_utf8_get_char(p + len);
        gboolean mark = c == '?' || c == 0x61F || c == 0xFF1F;
        if (!mark && (c != '!' || !asks))
            return len;
        asks = TRUE;
        len += (gsize)(g_utf8_next_char(p + len) - (p + len));
    }
}

void
lint_amounts(struct lint_run *run, const struct lint_amounts *a)
{
    if (a->words > OVERLONG_WORDS)
        lint_add(run, LINT_OVERLONG, a->words_line, "the text has %u words", a->words);
    else if (a->words > LINT_MAX_WORDS)
        lint_add(run, LINT_LONG, a->words_line, "the text has %u words", a->words);
    if (a->questions > LINT_MAX_QUESTIONS)
        lint_add(run, LINT_QUESTIONS, a->questions_line, "the text asks %u questions", a->questions);
    if (a->links > LINT_MAX_LINKS)
        lint_add(run, LINT_LINKS, a->links_line, "the text has %u links", a->links);
}
