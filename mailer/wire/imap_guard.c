/* libetpan 1.9.4 trusts its server. Stopped or kept here, because it does not:
 *   - nested parentheses are parsed by recursion without a limit (seen: the stack overflows);
 *   - a literal's announced size is believed before its bytes come;
 *   - a BYE's words are lost, and the tagged line that will never come is waited for;
 *   - lines before the "+" that answers IDLE are parsed and thrown away, and with them the news of a message;
 *   - UID FETCH that ends with NO after some answers counts as success;
 *   - a search without an answer cannot be told from one that found nothing.
 *
 * A small reader of lines and literals (RFC 3501 section 9):
 *
 *     line --LF--> line                literal of n bytes --n--> line (continued)
 *     line --"{n}" CRLF, not in a status line's words--> literal
 */
#include "wire/imap_guard.h"

#include <string.h>

#include "base/error.h"

enum {
    HEAD_BYTES = 512,  /* of each line are kept to know what it says */
    DEEPEST = 32,      /* parentheses; an ENVELOPE needs 4 */
    WORDS_CHARS = 200, /* of the server's words in a message */
};

enum line_kind {
    LINE_UNKNOWN, /* its first words have not all come */
    LINE_STATUS,  /* free words to its end */
    LINE_DATA,    /* parentheses, quoted strings, literals */
};

enum brace_state {
    BRACE_NONE,
    BRACE_OPEN,
    BRACE_CLOSED,
};

struct imap_guard {
    char head[HEAD_BYTES + 1];
    gsize head_length;
    enum line_kind kind;
    gboolean line_empty;    /* nothing of this line has come */
    gboolean continued;     /* this line follows a literal */
    gboolean quoted;        /* inside "..." */
    gboolean escaped;       /* behind a backslash there */
    int depth;              /* of parentheses */
    enum brace_state brace; /* of a literal's announcement */
    gint64 announced;       /* its number so far */
    gint64 literal_left;    /* bytes of a literal that are still to come */
    gint64 max_literal;
    enum imap_tagged tagged;
    gboolean searched; /* SEARCH has come in this command's answer */
    char *text;
    guint32 exists;
    gboolean news;
    guint32 uidvalidity; /* of the selected folder; 0 before it was told */
};

struct imap_guard *
imap_guard_new(void)
{
    struct imap_guard *guard = g_new0(struct imap_guard, 1);
    guard->line_empty = TRUE;
    return guard;
}

void
imap_guard_free(struct imap_guard *guard)
{
    if (!guard)
        return;
    g_free(guard->text);
    g_free(guard);
}

void
imap_guard_begin(struct imap_guard *guard, gint64 max_literal)
{
    guard->max_literal = max_literal;
    guard->tagged = IMAP_TAGGED_NONE;
    guard->searched = FALSE;
    g_clear_pointer(&guard->text, g_free);
}

enum imap_tagged
imap_guard_tagged(const struct imap_guard *guard)
{
    return guard->tagged;
}

const char *
imap_guard_text(const struct imap_guard *guard)
{
    return guard->text ? guard->text : "";
}

gboolean
imap_guard_has_searched(const struct imap_guard *guard)
{
    return guard->searched;
}

gboolean
imap_guard_is_between_lines(const struct imap_guard *guard)
{
    return guard->line_empty && guard->literal_left == 0 && !guard->continued;
}

guint32
imap_guard_exists(const struct imap_guard *guard, gboolean *news)
{
    *news = guard->news;
    return guard->exists;
}

void
imap_guard_begin_folder(struct imap_guard *guard)
{
    guard->uidvalidity = 0;
}

void
imap_guard_clear_news(struct imap_guard *guard)
{
    guard->news = FALSE;
}

char *
imap_guard_printable(const char *words)
{
    g_autofree char *valid = g_utf8_make_valid(words, -1);
    GString *out = g_string_new(NULL);
    int taken = 0;
    for (const char *at = valid; *at && taken < WORDS_CHARS; at = g_utf8_next_char(at), taken++) {
        gunichar c = g_utf8_get_char(at);
        g_string_append_unichar(out, g_unichar_isprint(c) ? c : ' ');
    }
    g_strchomp(out->str);
    return g_string_free(out, FALSE);
}

static const char *
skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* The place behind word when at begins with it, in any case, as a whole word; else NULL. */
static const char *
skip_word(const char *at, const char *word)
{
    gsize length = strlen(word);
    if (g_ascii_strncasecmp(at, word, length) != 0 || g_ascii_isalnum(at[length]))
        return NULL;
    return skip_blanks(at + length);
}

/* The words of a line that ends a command, and how it ended; NULL for every other line. */
static const char *
tagged_words(const char *line, enum imap_tagged *tagged)
{
    static const struct {
        const char *word;
        enum imap_tagged tagged;
    } results[] = {{"OK", IMAP_TAGGED_OK}, {"NO", IMAP_TAGGED_NO}, {"BAD", IMAP_TAGGED_BAD}};
    const char *at = skip_blanks(line);
    const char *tag = at;
    while (g_ascii_isalnum(*at))
        at++;
    if (at == tag)
        return NULL;
    at = skip_blanks(at);
    for (gsize i = 0; i < G_N_ELEMENTS(results); i++) {
        const char *words = skip_word(at, results[i].word);
        *tagged = results[i].tagged;
        if (words)
            return words;
    }
    return NULL;
}

/* The place behind "*" of an untagged line, else NULL. As lax about blanks as libetpan. */
static const char *
untagged_words(const char *line)
{
    const char *at = skip_blanks(line);
    return *at == '*' ? skip_blanks(at + 1) : NULL;
}

static enum line_kind
line_kind(const char *line)
{
    enum imap_tagged tagged;
    if (*skip_blanks(line) == '+' || tagged_words(line, &tagged))
        return LINE_STATUS;
    const char *words = untagged_words(line);
    if (words && (skip_word(words, "OK") || skip_word(words, "NO") || skip_word(words, "BAD") ||
                  skip_word(words, "BYE") || skip_word(words, "PREAUTH")))
        return LINE_STATUS;
    return LINE_DATA;
}

/* "* 12 EXISTS" and "* 3 EXPUNGE". */
static void
note_mailbox_size(struct imap_guard *guard, const char *words)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(words, &end, 10);
    if (end == words || number > G_MAXUINT32)
        return;
    const char *name = skip_blanks(end);
    if (skip_word(name, "EXISTS")) {
        if (guard->exists != number)
            guard->news = TRUE;
        guard->exists = (guint32)number;
    } else if (skip_word(name, "EXPUNGE")) {
        guard->news = TRUE;
        if (guard->exists > 0)
            guard->exists--;
    }
}

/* "* OK [UIDVALIDITY 7]". FALSE when it is not what it was: UIDs now mean other messages. */
static gboolean
note_uidvalidity(struct imap_guard *guard, const char *words, GError **error)
{
    const char *at = skip_word(words, "OK");
    at = at && *at == '[' ? skip_word(at + 1, "UIDVALIDITY") : NULL;
    guint64 number = at ? g_ascii_strtoull(at, NULL, 10) : 0;
    if (number == 0 || number > G_MAXUINT32)
        return TRUE;
    if (guard->uidvalidity != 0 && guard->uidvalidity != number) {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_TEMP,
                            "the folder was replaced while it was read (UIDVALIDITY has changed)");
        return FALSE;
    }
    guard->uidvalidity = (guint32)number;
    return TRUE;
}

/* A whole line has come. FALSE when the session is over. */
static gboolean
end_line(struct imap_guard *guard, GError **error)
{
    guard->head[guard->head_length] = '\0';
    const char *words = untagged_words(guard->head);
    if (words) {
        const char *farewell = skip_word(words, "BYE");
        if (farewell) {
            g_autofree char *text = imap_guard_printable(farewell);
            g_set_error(error, USHER_ERROR, USHER_ERROR_UNAVAILABLE, "the server ended the session: %s",
                        text);
            return FALSE;
        }
        guard->searched = guard->searched || skip_word(words, "SEARCH");
        note_mailbox_size(guard, words);
        return note_uidvalidity(guard, words, error);
    }
    enum imap_tagged tagged;
    words = tagged_words(guard->head, &tagged);
    if (words) {
        guard->tagged = tagged;
        g_free(guard->text);
        guard->text = imap_guard_printable(words);
    }
    return TRUE;
}

static void
start_line(struct imap_guard *guard, gboolean continued)
{
    guard->line_empty = TRUE;
    guard->continued = continued;
    guard->quoted = guard->escaped = FALSE;
    guard->brace = BRACE_NONE;
    if (continued)
        return;
    guard->head_length = 0;
    guard->kind = LINE_UNKNOWN;
    guard->depth = 0;
}

/* Follows "{", blanks, digits, perhaps "+", "}", blanks to the line's end. */
static void
follow_brace(struct imap_guard *guard, char c)
{
    if (c == '{') {
        guard->brace = BRACE_OPEN;
        guard->announced = 0;
    } else if (guard->brace == BRACE_OPEN && g_ascii_isdigit(c)) {
        if (guard->announced < G_MAXINT64 / 16)
            guard->announced = guard->announced * 10 + (c - '0');
    } else if (guard->brace == BRACE_OPEN && c == '}')
        guard->brace = BRACE_CLOSED;
    else if (c != ' ' && c != '\t' && !(guard->brace == BRACE_OPEN && c == '+') &&
             !(guard->brace == BRACE_CLOSED && c == '\r'))
        guard->brace = BRACE_NONE;
}

/* One byte inside a line of data. FALSE when it nests too deep. */
static gboolean
follow_data(struct imap_guard *guard, char c)
{
    if (guard->escaped)
        guard->escaped = FALSE;
    else if (guard->quoted && c == '\\')
        guard->escaped = TRUE;
    else if (c == '"')
        guard->quoted = !guard->quoted;
    else if (!guard->quoted && c == '(')
        guard->depth++;
    else if (!guard->quoted && c == ')' && guard->depth > 0)
        guard->depth--;
    return guard->depth <= DEEPEST;
}

/* Runs of blanks count once, so that no padding moves the first words out of the head. */
static void
keep_head(struct imap_guard *guard, char c)
{
    gboolean blank = c == ' ' || c == '\t';
    gboolean after_blank = guard->head_length == 0 || guard->head[guard->head_length - 1] == ' ';
    if (guard->head_length < HEAD_BYTES && c != '\r' && c != '\n' && !(blank && after_blank))
        guard->head[guard->head_length++] = blank ? ' ' : c;
}

/* One byte of a line. FALSE with error when it must not pass. */
static gboolean
take_byte(struct imap_guard *guard, char c, GError **error)
{
    if (c == '\0') {
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_PROTOCOL,
                            "the server sent a NUL byte outside a literal");
        return FALSE;
    }
    guard->line_empty = FALSE;
    if (!guard->continued)
        keep_head(guard, c);
    if (guard->kind == LINE_UNKNOWN && strchr("(\"{\n", c)) {
        guard->head[guard->head_length] = '\0';
        guard->kind = line_kind(guard->head);
    }
    if (c != '\n') {
        if (guard->kind == LINE_STATUS)
            return TRUE;
        follow_brace(guard, c);
        if (guard->kind == LINE_UNKNOWN || follow_data(guard, c))
            return TRUE;
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_PROTOCOL, "the server's answer nests too deep");
        return FALSE;
    }
    if (guard->brace == BRACE_CLOSED && guard->kind == LINE_DATA) {
        if (guard->announced > guard->max_literal) {
            g_set_error(error, USHER_ERROR, USHER_ERROR_PROTOCOL,
                        "the server announced %" G_GINT64_FORMAT " bytes where at most %" G_GINT64_FORMAT
                        " are allowed",
                        guard->announced, guard->max_literal);
            return FALSE;
        }
        guard->literal_left = guard->announced;
        start_line(guard, TRUE);
        return TRUE;
    }
    gboolean alive = guard->continued || end_line(guard, error);
    start_line(guard, FALSE);
    return alive;
}

gsize
imap_guard_filter(void *data, const char *bytes, gsize length, GError **error)
{
    struct imap_guard *guard = data;
    gsize line_start = 0; /* of the line that is being read, in bytes; lines before it have passed */
    for (gsize i = 0; i < length;) {
        if (guard->literal_left > 0) {
            gsize skip = (gsize)MIN((guint64)guard->literal_left, length - i);
            guard->literal_left -= (gint64)skip;
            i += skip;
            continue;
        }
        if (guard->line_empty && !guard->continued)
            line_start = i;
        if (!take_byte(guard, bytes[i], error))
            return line_start;
        i++;
    }
    return length;
}
