/* Purpose: recognise that a mail was not delivered, or not yet: for whom, why, and which mail of ours it was.
 *
 * Three ways in, tried in this order:
 *   report   a machine-readable delivery report (RFC 3464): as a part, inside a forwarded mail, or pasted as
 * text event    the JSON events of Amazon's mail service (classify_bounce_ses.c) form     everything else
 * (classify_bounce_form.c) All fill the failed recipients; the worst of them speaks for the mail. */
#include "inbox/classify_bounce.h"

#include <string.h>

#include "inbox/phrases.h"
#include "inbox/reply_text.h"

#define SEPARATOR_BYTES 200u /* a separator stands within so many bytes of its line's beginning */

static void
replace_text(char **text, const char *with)
{
    char *copy = g_strdup(with);
    g_free(*text);
    *text = copy;
}

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

/* Strips "rfc822;" and "<>" from a recipient field. NULL when nothing like an address is left. */
static char *
read_recipient_field(const char *value)
{
    const char *semicolon = strchr(value, ';');
    const char *address = semicolon ? semicolon + 1 : value;
    const char *start, *rest;
    g_autofree char *found = bounce_next_address(address, address, &start, &rest);
    if (found)
        return g_steal_pointer(&found);
    /* An X.400 or local name. */
    g_autofree char *bare = g_strdup(address);
    g_strstrip(g_strdelimit(bare, "<>\"", ' '));
    return *bare && strlen(bare) < 256 && !strchr(bare, ' ') ? g_ascii_strdown(bare, -1) : NULL;
}

/* ---- RFC 3464 ---- */

enum report_action { ACTION_NONE, ACTION_FAILED, ACTION_DELAYED, ACTION_DELIVERED };

static enum report_action
read_action(const char *value)
{
    if (!value)
        return ACTION_NONE;
    g_autofree char *lower = g_ascii_strdown(value, -1);
    if (strstr(lower, "fail"))
        return ACTION_FAILED;
    if (strstr(lower, "delay"))
        return ACTION_DELAYED;
    if (strstr(lower, "deliver") || strstr(lower, "relay") || strstr(lower, "expand"))
        return ACTION_DELIVERED;
    return ACTION_NONE;
}

struct report {
    guint failed, delayed, delivered;
    char *evidence;
};

/* Adds the recipient that value names. One that was judged before stays as it is. */
static void
add_recipient(struct mail_record *out, const char *value, const char *status, const char *words,
              gboolean delayed)
{
    g_autofree char *address = value ? read_recipient_field(value) : NULL;
    struct failed_recipient *failed = address ? mail_record_add_failed(out, address) : NULL;
    if (!failed || *failed->status || failed->permanent != TRI_STATE_UNKNOWN)
        return;
    bounce_set_failure(failed, status, words);
    if (delayed)
        failed->permanent = TRI_STATE_NO;
}

/* One recipient's fields. notice is what the report says in words. */
static void
read_report_recipient(const struct mime_fields *fields, const char *notice, struct mail_record *out,
                      struct report *report)
{
    /* What we wrote to comes first: it is the address a contact has. */
    const char *original = mime_fields_value(fields, "original-recipient");
    const char *final = mime_fields_value(fields, "final-recipient");
    const char *action_value = mime_fields_value(fields, "action");
    const char *status_value = mime_fields_value(fields, "status");
    const char *diagnostic = mime_fields_value(fields, "diagnostic-code");
    if (!original && !final && !action_value && !status_value)
        return; /* the group about the message */
    enum report_action action = read_action(action_value);
    g_autofree char *status = classify_find_status(status_value ? status_value : "");
    g_autofree char *told = classify_find_status(diagnostic ? diagnostic : "");
    /* The receiving server's own code says more than the one of the system that reports it, unless it is
     * generic. */
    if (told && told[0] != '2' && (!status || !g_str_has_suffix(told, ".0.0")))
        replace_text(&status, told);
    if (action == ACTION_NONE && status)
        action = status[0] == '2' ? ACTION_DELIVERED : ACTION_FAILED;
    if (action == ACTION_NONE)
        action = ACTION_FAILED;

    guint *counter = &report->delivered;
    if (action == ACTION_FAILED)
        counter = &report->failed;
    else if (action == ACTION_DELAYED)
        counter = &report->delayed;
    (*counter)++;
    const char *name = diagnostic ? "Diagnostic-Code" : (status_value ? "Status" : "Action");
    const char *value = diagnostic ? diagnostic : (status_value ? status_value : action_value);
    if (value && (!report->evidence || (action == ACTION_FAILED && report->failed == 1))) {
        g_free(report->evidence);
        report->evidence = g_strdup_printf("%s: %s", name, value);
    }
    if (action == ACTION_DELIVERED)
        return;
    /* A terse or silent diagnostic: the words of the notice may say more. */
    enum bounce_reason reason;
    enum tri_state permanent;
    classify_judge_failure(status ? status : "", diagnostic ? diagnostic : "", &reason, &permanent);
    gboolean silent = !diagnostic || strlen(diagnostic) < 12 || reason == BOUNCE_REASON_OTHER;
    g_autofree char *words = g_strconcat(diagnostic ? diagnostic : "", "\n", silent ? notice : "", NULL);
    add_recipient(out, original, status ? status : "", words, action == ACTION_DELAYED);
    add_recipient(out, final, status ? status : "", words, action == ACTION_DELAYED);
    if (!original && !final)
        add_recipient(out, mime_fields_value(fields, "x-actual-recipient"), status ? status : "", words,
                      action == ACTION_DELAYED);
}

/* A group of fields; some systems forget the blank line between recipients, so a field that comes a second
 * time begins the next one. */
static void
read_report_group(const struct mime_fields *group, const char *notice, struct mail_record *out,
                  struct report *report)
{
    guint first = 0;
    gboolean final = FALSE, verdict = FALSE;
    for (guint i = 0; i <= group->count; i++) {
        const char *name = i < group->count ? group->items[i].name : "";
        gboolean is_final = strcmp(name, "final-recipient") == 0;
        gboolean is_original = strcmp(name, "original-recipient") == 0;
        if (i == group->count || (is_final && final) || (is_original && final && verdict)) {
            struct mime_fields one = {.items = group->items + first, .count = i - first};
            if (one.count > 0)
                read_report_recipient(&one, notice, out, report);
            first = i;
            final = verdict = FALSE;
        }
        final = final || is_final;
        verdict = verdict || strcmp(name, "action") == 0 || strcmp(name, "status") == 0;
    }
}

static gboolean
is_report_group(const struct mime_fields *group)
{
    return mime_fields_find(group, "final-recipient") != NULL ||
           mime_fields_find(group, "original-recipient") != NULL;
}

static gboolean
decide_report(const struct classify_view *view, struct mail_record *out, struct report *report,
              const char *text, int within, const char *how)
{
    if (report->failed + report->delayed == 0) {
        g_clear_pointer(&report->evidence, g_free);
        return FALSE; /* delivered: a receipt */
    }
    g_autofree char *rule = g_strdup_printf("%s-%s", how, report->failed > 0 ? "failed" : "delayed");
    bounce_take_returned(view, text, within, out);
    bounce_sum_up(out);
    g_autofree char *evidence = g_steal_pointer(&report->evidence);
    return classify_decide(out, report->failed > 0 ? MAIL_CLASS_BOUNCE : MAIL_CLASS_DELAY, rule, evidence);
}

/* A delivery report in the mail's own structure. delivered tells that it spoke of a delivery. */
static gboolean
check_report(const struct classify_view *view, struct mail_record *out, gboolean *delivered)
{
    const struct mime_mail *mail = view->mail;
    g_autofree char *notice = NULL;
    /* Reports of the mail itself first; those inside an enclosed mail count when the mail forwards a bounce.
     */
    for (int nested = 0; nested < 2; nested++) {
        struct report report = {0};
        int within = -1;
        for (guint i = 0; i < mail->part_count; i++) {
            const struct mime_part *part = &mail->parts[i];
            if (!g_str_has_suffix(part->type, "delivery-status") || !part->text ||
                (part->message >= 0) != nested)
                continue;
            within = part->message;
            if (!notice)
                notice = bounce_notice_of(view->body);
            g_autoptr(GPtrArray) groups = mime_fields_parse(part->text);
            for (guint j = 0; j < groups->len; j++)
                read_report_group(groups->pdata[j], notice, out, &report);
        }
        *delivered = *delivered || report.delivered > 0;
        if (decide_report(view, out, &report, view->body, within, nested ? "rfc3464-forwarded" : "rfc3464"))
            return TRUE;
    }
    return FALSE;
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

/* TRUE when text may hold a report: the name of the field that each recipient's group begins with. */
static gboolean
names_recipient_field(const char *text)
{
    for (const char *p = strchr(text, '-'); p; p = strchr(p + 1, '-'))
        if (g_ascii_strncasecmp(p, "-recipient", strlen("-recipient")) == 0)
            return TRUE;
    return FALSE;
}

/* The fields of a report pasted into a text part, as broken mail programs and gateways leave them; in a
 * forwarded bounce they stand behind quote marks. */
static gboolean
check_pasted_report(const struct classify_view *view, struct mail_record *out)
{
    if (!names_recipient_field(view->body))
        return FALSE;
    g_autofree char *text = is_forward(view) ? without_quote_marks(view->body) : g_strdup(view->body);
    struct report report = {0};
    g_autoptr(GPtrArray) groups = mime_fields_parse(text);
    for (guint i = 0; i < groups->len; i++)
        if (is_report_group(groups->pdata[i]))
            read_report_group(groups->pdata[i], text, out, &report);
    return decide_report(view, out, &report, text, -1, "rfc3464-text");
}

gboolean
classify_check_bounce(const struct classify_view *view, struct mail_record *out)
{
    if (classify_is_challenge_service(view))
        return FALSE;
    gboolean delivered = FALSE;
    if (check_report(view, out, &delivered))
        return TRUE;
    if (delivered)
        return FALSE; /* a receipt, whatever its words */
    return check_pasted_report(view, out) || bounce_check_ses(view, out) || bounce_check_form(view, out);
}
