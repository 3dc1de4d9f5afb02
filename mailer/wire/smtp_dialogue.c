/* The SMTP conversation as libesmtp's monitor callback shows it, and the one place where it is altered.
 *
 * Invariants:
 * - one command, one reply. Nothing is pipelined, so any byte after the last line of a reply, until the next
 * command is written, was put there for a client that takes it for the answer to something else. In clear
 * before TLS that is an attack (RFC 3207 section 6, CVE-2021-38371 and its relatives: libesmtp keeps such
 * bytes across the handshake); later it would shift every answer by one command;
 * - libesmtp never learns of PIPELINING: when the line drops with three answers outstanding it calls the
 * handler of state -1, a null pointer. Nor of CHUNKING: it then writes a body before it knows whether MAIL
 * and RCPT were accepted, loses the answers to all chunks but the last, and switches its monitor off for
 * good. Nor of XUSR. */
#include "wire/smtp_dialogue.h"

#include <string.h>

enum {
    /* RFC 5321 section 4.5.3.1.5 allows 512; libesmtp takes the first 1023 bytes of a line for all of it. */
    LINE_MAX_BYTES = 1000,
    RECEIVED_MAX_BYTES = 65536, /* for one command */
    TEXT_MAX_BYTES = 500,
};

const char *
smtp_step_name(enum smtp_step step)
{
    switch (step) {
    case SMTP_STEP_CONNECT:
        return "connecting";
    case SMTP_STEP_GREETING:
        return "the greeting";
    case SMTP_STEP_EHLO:
        return "EHLO";
    case SMTP_STEP_STARTTLS:
        return "STARTTLS";
    case SMTP_STEP_HANDSHAKE:
        return "the TLS handshake";
    case SMTP_STEP_AUTH:
        return "AUTH";
    case SMTP_STEP_MAIL:
        return "MAIL";
    case SMTP_STEP_RCPT:
        return "RCPT";
    case SMTP_STEP_DATA:
        return "DATA";
    case SMTP_STEP_DOT:
        return "the final dot";
    case SMTP_STEP_OTHER:
        return "RSET";
    case SMTP_STEP_QUIT:
        return "QUIT";
    }
    return "?";
}

static const struct {
    const char *verb;
    enum smtp_step step;
} verbs[] = {
    {"EHLO", SMTP_STEP_EHLO}, {"HELO", SMTP_STEP_EHLO}, {"STARTTLS", SMTP_STEP_STARTTLS},
    {"AUTH", SMTP_STEP_AUTH}, {"MAIL", SMTP_STEP_MAIL}, {"RCPT", SMTP_STEP_RCPT},
    {"DATA", SMTP_STEP_DATA}, {"BDAT", SMTP_STEP_DATA}, {"QUIT", SMTP_STEP_QUIT},
};

/* Words of an EHLO reply that are kept from libesmtp. The last two are login methods it gets wrong. */
static const char *const hidden[] = {"PIPELINING", "CHUNKING", "BINARYMIME", "XUSR",
                                     "XEXCH50",    "CRAM-MD5", "NTLM"};

char *
smtp_text_clean(const char *text)
{
    g_autofree char *utf8 = g_utf8_make_valid(text == NULL ? "" : text, -1);
    g_autoptr(GString) clean = g_string_new(NULL);
    gboolean space = FALSE;

    for (const char *c = utf8; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar unit = g_utf8_get_char(c);
        if (g_unichar_isspace(unit) || g_unichar_iscntrl(unit)) {
            space = clean->len > 0;
            continue;
        }
        if (clean->len > TEXT_MAX_BYTES - 8)
            break;
        if (space)
            g_string_append_c(clean, ' ');
        space = FALSE;
        /* Bidirectional overrides and their kind would let a server rewrite the line around them. */
        g_string_append_unichar(clean, g_unichar_isprint(unit) ? unit : 0xFFFD);
    }
    return g_string_free(g_steal_pointer(&clean), FALSE);
}

void
smtp_dialogue_init(struct smtp_dialogue *dialogue)
{
    memset(dialogue, 0, sizeof *dialogue);
    dialogue->line = g_string_new(NULL);
    dialogue->reply = g_string_new(NULL);
}

void
smtp_dialogue_clear(struct smtp_dialogue *dialogue)
{
    g_free(dialogue->text);
    g_free(dialogue->mechanism);
    g_free(dialogue->offered);
    g_free(dialogue->extensions);
    if (dialogue->line != NULL)
        g_string_free(dialogue->line, TRUE);
    if (dialogue->reply != NULL)
        g_string_free(dialogue->reply, TRUE);
    memset(dialogue, 0, sizeof *dialogue);
}

static void
await_reply(struct smtp_dialogue *dialogue, enum smtp_step step)
{
    if (step == SMTP_STEP_QUIT && dialogue->step != SMTP_STEP_QUIT)
        dialogue->before_quit = dialogue->step;
    dialogue->step = step;
    dialogue->answered = FALSE;
    dialogue->received = 0;
    dialogue->first_code = 0;
    g_string_truncate(dialogue->line, 0);
    g_string_truncate(dialogue->reply, 0);
}

void
smtp_dialogue_connected(struct smtp_dialogue *dialogue)
{
    await_reply(dialogue, SMTP_STEP_GREETING);
    dialogue->encrypted = FALSE;
    dialogue->garbled = FALSE;
    dialogue->code = 0;
    g_clear_pointer(&dialogue->text, g_free);
    g_clear_pointer(&dialogue->mechanism, g_free);
    g_clear_pointer(&dialogue->offered, g_free);
    g_clear_pointer(&dialogue->extensions, g_free);
}

void
smtp_dialogue_ended(struct smtp_dialogue *dialogue)
{
    await_reply(dialogue, SMTP_STEP_DOT);
}

static gboolean
begins_with_word(const char *bytes, gsize length, const char *word)
{
    gsize size = strlen(word);

    return length > size && g_ascii_strncasecmp(bytes, word, size) == 0 &&
           (bytes[size] == ' ' || bytes[size] == '\r');
}

gboolean
smtp_dialogue_wrote(struct smtp_dialogue *dialogue, const char *bytes, gsize length)
{
    enum smtp_step step = SMTP_STEP_OTHER;
    gboolean cut_short = !dialogue->answered && dialogue->received > 0;

    /* After a 334 anything is base64 of a name or a password, even when it spells QUIT. */
    if (dialogue->step == SMTP_STEP_AUTH && dialogue->answered && dialogue->code == 334) {
        await_reply(dialogue, SMTP_STEP_AUTH);
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++)
        if (begins_with_word(bytes, length, verbs[i].verb))
            step = verbs[i].step;
    if (step == SMTP_STEP_AUTH) {
        gsize word = 5;
        while (word < length && word < 40 && g_ascii_isgraph(bytes[word]))
            word++;
        g_free(dialogue->mechanism);
        dialogue->mechanism = length > 5 ? g_ascii_strup(bytes + 5, (gssize)(word - 5)) : g_strdup("");
    } else if (step == SMTP_STEP_EHLO) {
        g_clear_pointer(&dialogue->offered, g_free);
        g_clear_pointer(&dialogue->extensions, g_free);
    }
    await_reply(dialogue, step);
    /* libesmtp takes the first 1023 bytes of an endless line for the whole of it. */
    return !cut_short || step == SMTP_STEP_QUIT;
}

/* One line of an EHLO reply: the first names the host, each other an extension. */
static void
note_extension(struct smtp_dialogue *dialogue, const char *text)
{
    if (g_ascii_strncasecmp(text, "AUTH ", 5) == 0 && dialogue->offered == NULL)
        dialogue->offered = smtp_text_clean(text + 5);
    if (dialogue->extensions == NULL) {
        dialogue->extensions = g_strdup("");
        return;
    }
    g_autofree char *line = smtp_text_clean(text);
    g_autofree char *before = dialogue->extensions;
    line[strcspn(line, " =")] = '\0';
    g_autofree char *word = g_ascii_strup(line, -1);
    dialogue->extensions = strlen(before) > TEXT_MAX_BYTES
                               ? g_strdup(before)
                               : g_strconcat(before, *before != '\0' ? " " : "", word, NULL);
}

static gboolean
has_word(const char *list, const char *word)
{
    g_auto(GStrv) words = g_strsplit(list != NULL ? list : "", " ", -1);

    for (gsize i = 0; words[i] != NULL; i++)
        if (g_ascii_strcasecmp(words[i], word) == 0)
            return TRUE;
    return FALSE;
}

gboolean
smtp_dialogue_offers(const struct smtp_dialogue *dialogue, const char *keyword)
{
    return has_word(dialogue->extensions, keyword);
}

gboolean
smtp_dialogue_offers_login(const struct smtp_dialogue *dialogue, const char *mechanism)
{
    return has_word(dialogue->offered, mechanism);
}

/* One line without its line end. */
static void
note_line(struct smtp_dialogue *dialogue, const char *line)
{
    gboolean last = TRUE;
    int code = 0;

    /* The same strictness as libesmtp's, which ends the session over it: a code, a space or hyphen, one code
     * a reply. */
    if (strspn(line, "0123456789") == 3 && (line[3] == ' ' || line[3] == '-')) {
        code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        last = line[3] == ' ';
    }
    if (code == 0 || (dialogue->first_code != 0 && code != dialogue->first_code)) {
        dialogue->garbled = TRUE;
        return;
    }
    dialogue->first_code = last ? 0 : code;
    const char *text = line + 4;
    if (dialogue->step == SMTP_STEP_EHLO && code == 250)
        note_extension(dialogue, text);
    if (dialogue->reply->len > 0)
        g_string_append_c(dialogue->reply, ' ');
    if (dialogue->reply->len < TEXT_MAX_BYTES)
        g_string_append(dialogue->reply, text);
    if (!last)
        return;
    dialogue->answered = TRUE;
    /* What made libesmtp say QUIT is worth more than the answer to it. */
    if (dialogue->step == SMTP_STEP_QUIT)
        return;
    dialogue->code = code;
    g_free(dialogue->text);
    dialogue->text = smtp_text_clean(dialogue->reply->str);
    g_string_truncate(dialogue->reply, 0);
    if (dialogue->step == SMTP_STEP_STARTTLS && dialogue->code == 220)
        dialogue->step = SMTP_STEP_HANDSHAKE;
}

/* TRUE when the line so far ends in a whole hidden word. Its last letter is the one to spoil: the ones before
 * may have come with an earlier read, and libesmtp has them. What follows the letter does not matter. */
static gboolean
ends_hidden_word(const GString *line)
{
    for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++) {
        gsize size = strlen(hidden[i]);
        if (line->len < 4 + size)
            continue;
        const char *word = line->str + line->len - size;
        if (g_ascii_strncasecmp(word, hidden[i], size) == 0 && strchr(" -=\t", word[-1]) != NULL)
            return TRUE;
    }
    return FALSE;
}

gboolean
smtp_dialogue_read(struct smtp_dialogue *dialogue, char *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++) {
        if (dialogue->answered) {
            dialogue->surplus = TRUE;
            return FALSE;
        }
        if (++dialogue->received > RECEIVED_MAX_BYTES || dialogue->line->len > LINE_MAX_BYTES) {
            dialogue->flooded = TRUE;
            dialogue->overlong = dialogue->line->len > LINE_MAX_BYTES;
            return FALSE;
        }
        if (bytes[i] == '\n') {
            if (dialogue->line->len > 0 && dialogue->line->str[dialogue->line->len - 1] == '\r')
                g_string_truncate(dialogue->line, dialogue->line->len - 1);
            note_line(dialogue, dialogue->line->str);
            g_string_truncate(dialogue->line, 0);
            continue;
        }
        g_string_append_c(dialogue->line, bytes[i]);
        if (dialogue->step == SMTP_STEP_EHLO && ends_hidden_word(dialogue->line))
            bytes[i] = '_';
    }
    return TRUE;
}
