/* Purpose: see classify_bounce_parts.h. What is read here is the notice's text, which anybody may have
 * written: all of it is bounded, and nothing of it is believed beyond what it says. */
#include "inbox/classify_bounce_parts.h"

#include <string.h>

#include "inbox/phrases.h"
#include "inbox/reply_text.h"

#define SEPARATOR_BYTES 200u /* a separator stands within so many bytes of its line's beginning */

/* ---- the returned mail ---- */

static void
take_returned_fields(struct mail_record *out, const struct mime_fields *fields)
{
    static const char *const names[] = {"return-path", "from", "reply-to", "sender"};
    g_auto(GStrv) ids = mime_fields_ids(fields, "message-id", 1);
    if (ids[0] && *out->returned_message_id == '\0')
        mail_record_set(&out->returned_message_id, ids[0], MAIL_RECORD_MAX_ID);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GPtrArray) list = mime_fields_addresses(fields, names[i]);
        for (guint j = 0; j < list->len; j++) {
            const struct mime_address *address = list->pdata[j];
            g_autofree char *folded = g_ascii_strdown(address->email, -1);
            if (strchr(folded, '@'))
                mail_record_add(out->returned, folded, MAIL_RECORD_MAX_ADDRESS);
        }
    }
}

const char *
bounce_find_returned(const char *text)
{
    /* Those that end in a colon begin a line, the others stand anywhere in it. */
    /* clang-format off */
    static const char *const separators[] = {
        "below this line is a copy", "this is a copy of", "original message follows", "message header follows", "----- original message", "-----original message", "--- original message", "returned message follows", "message headers follow", "unsent message below",
        "unsent message follows", "text of your message follows", "copy of your message", "header of the original message", "headers of the message", "original mail as follows", "original message header", "original message headers", "message contents follow", "returned mail follows", "returned content follows", "forwarded message", "unsent message",
        "your message follows", "first few lines of the message", "beginning of the message", "full mail follows", "start of message", "start of returned message", "header and top", "header of your message", "начало сообщения", "オリジナルメッセージ", "original headers:", "old message:", "received:", "return-path:", "message header:", "message-id:", "x-mailer:", NULL};
    /* clang-format on */
    static struct phrase_list list = {.phrases = separators};
    g_autofree char *lower = g_ascii_strdown(text, -1);
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &list, lower);
    while (phrase_walk_next(&walk, &which, &at)) {
        const char *line = at;
        gssize room = (gssize)SEPARATOR_BYTES - (gssize)strlen(separators[which]);
        while (line > lower && line[-1] != '\n' && at - line <= room)
            line--;
        if (at - line > room)
            continue; /* in the middle of a long line */
        gboolean field = g_str_has_suffix(separators[which], ":");
        const char *start = line + strspn(line, " \t->*|#=+");
        if (at >= start && (!field || at == start))
            return text + (line - lower);
    }
    return NULL;
}

char *
bounce_notice_of(const char *text)
{
    g_assert(text);
    const char *end = bounce_find_returned(text);
    gsize n = end ? (gsize)(end - text) : strlen(text);
    g_autofree char *notice = g_strndup(text, MIN(n, VIEW_FOLDED_MAX));
    return g_utf8_make_valid(notice, -1);
}

/* Header of the returned mail: an enclosed message or header part behind the report, else fields in the text.
 */
void
bounce_take_returned(const struct classify_view *view, const char *text, int within, struct mail_record *out)
{
    const struct mime_mail *mail = view->mail;
    for (guint i = 0; i < mail->part_count; i++)
        if (mail->parts[i].message == within && mail->parts[i].fields.count > 0)
            take_returned_fields(out, &mail->parts[i].fields);
    if (*out->returned_message_id)
        return;
    const char *copy = bounce_find_returned(text);
    g_autoptr(GPtrArray) groups = mime_fields_parse(copy ? copy : text);
    for (guint i = 0; i < groups->len && *out->returned_message_id == '\0'; i++)
        take_returned_fields(out, groups->pdata[i]);
}

/* ---- what the recipients add up to ---- */

static int
badness(const struct failed_recipient *failed)
{
    switch (failed->permanent) {
    case TRI_STATE_YES:
        return 3;
    case TRI_STATE_UNKNOWN:
        return 2;
    case TRI_STATE_NO:
        break;
    }
    return failed->reason == BOUNCE_REASON_OTHER ? 0 : 1;
}

void
bounce_sum_up(struct mail_record *out)
{
    const struct failed_recipient *worst = NULL;
    for (guint i = 0; i < out->failed->len; i++) {
        const struct failed_recipient *failed = out->failed->pdata[i];
        if (!worst || badness(failed) > badness(worst))
            worst = failed;
    }
    if (!worst)
        return;
    out->permanent = worst->permanent;
    out->reason = worst->reason;
    mail_record_set(&out->status, worst->status, 16);
}

void
bounce_set_failure(struct failed_recipient *failed, const char *status, const char *words)
{
    mail_record_set(&failed->status, status, 16);
    classify_judge_failure(status, words, &failed->reason, &failed->permanent);
}

/* ---- addresses in text ---- */

static gboolean
is_address_char(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80 || (c && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

/* Chinese and Japanese put no blank between a word and an address: letters of another alphabet beside ASCII
 * ones, and marks, do not belong to it. */
static gboolean
ends_address(gunichar c, char neighbour)
{
    return !g_unichar_isdefined(c) || g_unichar_ispunct(c) || g_unichar_isspace(c) ||
           (c >= 0x2e80 && c < 0x10000 && g_ascii_isalnum(neighbour));
}

static const char *
local_part_start(const char *text, const char *at)
{
    const char *from = at;
    while (from > text && from > at - 128 && is_address_char(from[-1])) {
        if ((guchar)from[-1] >= 0x80) {
            const char *previous = g_utf8_prev_char(from);
            if (previous < text || ends_address(g_utf8_get_char(previous), *from))
                break;
            from = previous;
        } else {
            from--;
        }
    }
    return from;
}

static gboolean
is_domain_char(const char *p, const char *start)
{
    if ((guchar)*p < 0x80)
        return g_ascii_isalnum(*p) || *p == '.' || *p == '-' || *p == '_';
    if (((guchar)*p & 0xc0) == 0x80)
        return TRUE; /* inside a character that began one */
    return !ends_address(g_utf8_get_char(p), p > start ? p[-1] : '.');
}

char *
bounce_next_address(const char *text, const char *p, const char **start, const char **rest)
{
    for (const char *at = strchr(p, '@'); at; at = strchr(at + 1, '@')) {
        const char *from = at;
        if (from > p && from[-1] == '"') { /* a quoted local part */
            const char *open = from - 2;
            while (open > p && *open != '"' && *open != '\n' && open > at - 128)
                open--;
            if (open >= p && *open == '"')
                from = open;
        } else {
            from = local_part_start(text, at);
            while (from < at && strchr("'`=/", *from))
                from++;
        }
        const char *to = at + 1;
        while (is_domain_char(to, at + 1))
            to++;
        while (to > at + 1 && (to[-1] == '.' || to[-1] == '-'))
            to--;
        if (from == at || to == at + 1 || from < p)
            continue;
        *start = from;
        *rest = to;
        return g_ascii_strdown(from, to - from);
    }
    return NULL;
}

/* ---- forwarded by a person ---- */

static gboolean
is_forward(const struct classify_view *view)
{
    static const char *const forwards[] = {"fwd:", "fw:",     "wg:", "tr:", "rv:",   "vs:",   "enc:",
                                           "i:",   "doorst:", "vb:", "vl:", "转发:", "轉寄:", "전달:"};
    for (gsize i = 0; i < G_N_ELEMENTS(forwards); i++)
        if (g_str_has_prefix(view->subject_folded, forwards[i]))
            return TRUE;
    return FALSE;
}

static char *
without_quote_marks(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    for (const char *p = text; *p && out->len < VIEW_FOLDED_MAX;) {
        gsize n = strcspn(p, "\n");
        gsize marks = strspn(p, "> ");
        marks = MIN(marks, n);
        g_string_append_len(out, p + marks, (gssize)(n - marks));
        g_string_append_c(out, '\n');
        p += n + (p[n] == '\n');
    }
    g_autofree char *valid = g_utf8_make_valid(out->str, -1);
    return g_steal_pointer(&valid);
}

char *
bounce_forwarded_text(const struct classify_view *view)
{
    if (!is_forward(view))
        return NULL;
    g_autofree char *text = without_quote_marks(view->body);
    const char *behind = reply_text_skip_header(text);
    return behind ? g_strdup(behind) : NULL;
}

char *
bounce_body_unquoted(const struct classify_view *view)
{
    return is_forward(view) ? without_quote_marks(view->body) : g_strdup(view->body);
}
