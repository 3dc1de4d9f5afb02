/* Purpose: the one place that prepares a mail for the rules, so that each rule reads like its sentence in
 * words. */
#include "inbox/classify_view.h"

#include <string.h>

#include "inbox/reply_text.h"

char *
classify_line_at(const char *text, const char *at)
{
    const char *start = at;
    while (start > text && start[-1] != '\n')
        start--;
    return g_strstrip(g_strndup(start, strcspn(start, "\n")));
}

char *
classify_line_with(const char *text, const char *folded_phrase)
{
    gsize looked_at = 0;
    for (const char *p = text; *p && looked_at < VIEW_FOLDED_MAX;) {
        gsize n = strcspn(p, "\n");
        g_autofree char *line = g_strndup(p, n);
        g_autofree char *folded = classify_fold(line, n);
        if (strstr(folded, folded_phrase))
            return g_strstrip(g_steal_pointer(&line));
        looked_at += n;
        p += n + (p[n] == '\n');
    }
    return g_strdup(folded_phrase); /* the phrase runs over a line end */
}

gboolean
classify_decide(struct mail_record *out, enum mail_class mail_class, const char *rule, const char *evidence)
{
    out->mail_class = mail_class;
    mail_record_set(&out->rule, rule, 64);
    g_autofree char *line = g_strdup(evidence ? evidence : "");
    g_strstrip(g_strdelimit(line, "\n\t", ' '));
    mail_record_set(&out->evidence, line, MAIL_RECORD_MAX_EVIDENCE);
    return TRUE;
}

gboolean
classify_decide_field(struct mail_record *out, enum mail_class mail_class, const char *rule,
                      const struct mime_field *field)
{
    g_autofree char *name = g_strdup(field->name);
    gboolean first = TRUE;
    for (char *p = name; *p; p++) { /* "auto-submitted" as it is usually written */
        if (first)
            *p = g_ascii_toupper(*p);
        first = *p == '-';
    }
    g_autofree char *line = g_strdup_printf("%s: %s", name, field->value);
    return classify_decide(out, mail_class, rule, line);
}

const char *
classify_header(const struct classify_view *view, const char *name)
{
    return mime_fields_value(&view->mail->fields, name);
}

gboolean
classify_header_has(const struct classify_view *view, const char *name, const char *word)
{
    const char *value = classify_header(view, name);
    if (!value)
        return FALSE;
    g_autofree char *lower = g_ascii_strdown(value, -1);
    return strstr(lower, word) != NULL;
}

/* ---- preparing ---- */

static gboolean
is_daemon(const char *address, const char *name)
{
    static const char *const locals[] = {"mailer-daemon",     "mailerdaemon",
                                         "mailer_daemon",     "mail-daemon",
                                         "mdaemon",           "postmaster",
                                         "post_master",       "mail.delivery.system",
                                         "mailerd",           "smtp-daemon",
                                         "smtp_mail_service", "maildaemon",
                                         "mail-delivery",     "system administrator\"",
                                         "mail_delivery",     "delivery-notification",
                                         "bounce-handler",    "mail-administrator"};
    static const char *const names[] = {"mailer-daemon",       "mail delivery",        "delivery subsystem",
                                        "mail deliver system", "system administrator", "mail system",
                                        "delivery system",     "mailer daemon",        "ndr administrator",
                                        "mailserver"};
    for (gsize i = 0; i < G_N_ELEMENTS(locals); i++) {
        gsize n = strlen(locals[i]);
        const char *found = strstr(address, locals[i]);
        if (found && (found[n] == '@' || found[n] == '\0' || found[n] == '+' || found[n] == '"'))
            return TRUE;
    }
    if (g_str_has_prefix(address, "microsoftexchange") && strspn(address + 17, "0123456789abcdef") == 32)
        return TRUE; /* the system mailbox of Exchange */
    g_autofree char *lower = g_utf8_strdown(name, -1);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (strstr(lower, names[i]))
            return TRUE;
    return FALSE;
}

static void
find_sender(struct classify_view *view)
{
    static const char *const fields[] = {"from", "sender", "return-path"};
    for (gsize i = 0; i < G_N_ELEMENTS(fields) && !view->from; i++) {
        g_autoptr(GPtrArray) list = mime_fields_addresses(&view->mail->fields, fields[i]);
        if (list->len == 0)
            continue;
        const struct mime_address *first = list->pdata[0];
        view->from = g_ascii_strdown(first->email, -1);
        view->from_name = g_strdup(first->name ? first->name : "");
    }
    if (!view->from)
        view->from = g_strdup("");
    if (!view->from_name) {
        const char *raw = classify_header(view, "from");
        view->from_name = g_strdup(raw ? raw : "");
    }
    const struct mime_field *path = mime_fields_find(&view->mail->fields, "return-path");
    view->null_sender = path && (strcmp(path->value, "<>") == 0 || strcmp(path->value, "") == 0);
    const char *from = classify_header(view, "from");
    gboolean empty_from = from && (strcmp(from, "<>") == 0 || strstr(from, " <>"));
    g_autofree char *whole = g_ascii_strdown(from ? from : "", -1);
    view->daemon = empty_from || is_daemon(view->from, view->from_name) ||
                   strstr(whole, "mailer-daemon") != NULL || strstr(whole, "(mail delivery") != NULL;
}

/* The text the person who opens the mail sees first. */
static char *
find_body(const struct mime_mail *mail)
{
    for (int html = 0; html < 2; html++)
        for (guint i = 0; i < mail->part_count; i++) {
            const struct mime_part *part = &mail->parts[i];
            if (part->message >= 0 || part->attachment || !part->text)
                continue;
            if (!html && (strcmp(part->type, "text/plain") == 0 || strcmp(part->type, "text") == 0) &&
                part->text[strspn(part->text, " \t\n")] != '\0')
                return g_strdup(part->text);
            if (html && strcmp(part->type, "text/html") == 0)
                return mime_html_to_text(part->text, MIME_READ_MAX_TEXT);
        }
    for (guint i = 0; i < mail->part_count; i++) { /* any other text: text/enriched, an unnamed attachment */
        const struct mime_part *part = &mail->parts[i];
        if (part->message < 0 && part->text && g_str_has_prefix(part->type, "text/") &&
            strcmp(part->type, "text/calendar") != 0 && strcmp(part->type, "text/rfc822-headers") != 0)
            return g_strdup(part->text);
    }
    return g_strdup("");
}

static void
find_calendar(struct classify_view *view)
{
    for (guint i = 0; i < view->mail->part_count; i++) {
        const struct mime_part *part = &view->mail->parts[i];
        gboolean ics = strcmp(part->type, "text/calendar") == 0 || strcmp(part->type, "application/ics") == 0;
        if (part->message >= 0 || !ics || !part->text)
            continue;
        view->calendar = part;
        view->calendar_text = part->text;
        return;
    }
    if (view->mail->headerless && g_str_has_prefix(view->body, "BEGIN:VCALENDAR"))
        view->calendar_text = view->body;
}

/* "Re:" in the languages of mail programs; "Fwd:" is none. */
static gboolean
is_answer_subject(const char *folded)
{
    static const char *const prefixes[] = {"re",   "aw",   "antw", "antwort", "sv",    "svar", "vs",
                                           "rv",   "ref",  "odp",  "ynt",     "yn",    "res",  "rif",
                                           "bls",  "atb",  "hlr",  "tr",      "vl",    "回复", "答复",
                                           "回覆", "返信", "отв",  "на",      "ответ", "رد"};
    for (gsize i = 0; i < G_N_ELEMENTS(prefixes); i++) {
        if (!g_str_has_prefix(folded, prefixes[i]))
            continue;
        const char *p = folded + strlen(prefixes[i]);
        /* The analyzer does not follow the prefix's length into a string it has not seen made. */
        if (*p == '[' || *p == '(') /* Re[2]: */ // NOLINT(clang-analyzer-core.UndefinedBinaryOperatorResult)
            p += strspn(p, "[]()0123456789");
        p += strspn(p, " ");
        if (*p == ':')
            return strcmp(prefixes[i], "tr") != 0 && strcmp(prefixes[i], "vl") != 0;
    }
    return FALSE;
}

/* Quotes that stay for the reader's sake are not the sender's words. */
static char *
fold_own_words(const char *new_text)
{
    g_autoptr(GString) own = g_string_new(NULL);
    for (const char *p = new_text; *p && own->len < VIEW_FOLDED_MAX;) {
        gsize n = strcspn(p, "\n");
        if (*p != '>')
            g_string_append_len(own, p, (gssize)n);
        g_string_append_c(own, '\n');
        p += n + (p[n] == '\n');
    }
    return classify_fold(own->str, VIEW_FOLDED_MAX);
}

void
classify_view_init(struct classify_view *view, const struct mime_mail *mail,
                   const struct classify_context *ctx)
{
    static const struct classify_context nothing_known;
    memset(view, 0, sizeof *view);
    view->mail = mail;
    view->ctx = ctx ? ctx : &nothing_known;
    find_sender(view);
    const char *subject = classify_header(view, "subject");
    view->subject = g_strdup(subject ? subject : "");
    view->subject_folded = classify_fold(view->subject, MAIL_RECORD_MAX_LINE);
    view->body = find_body(mail);
    find_calendar(view);
    view->new_text = reply_text_extract(view->body, &view->marks);
    view->new_folded = fold_own_words(view->new_text);
    view->list = classify_header(view, "list-id") || classify_header(view, "list-post") ||
                 classify_header(view, "mailing-list") || classify_header(view, "x-mailing-list");
    view->bulk = classify_header_has(view, "precedence", "bulk") ||
                 classify_header_has(view, "precedence", "junk") ||
                 classify_header_has(view, "precedence", "list");
    view->unsubscribable = classify_header(view, "list-unsubscribe") != NULL;
    g_auto(GStrv) parents = mime_fields_ids(&mail->fields, "in-reply-to", 1);
    view->answers = parents[0] || is_answer_subject(view->subject_folded);
}

void
classify_view_clear(struct classify_view *view)
{
    g_free(view->from);
    g_free(view->from_name);
    g_free(view->subject);
    g_free(view->subject_folded);
    g_free(view->body);
    g_free(view->new_text);
    g_free(view->new_folded);
    memset(view, 0, sizeof *view);
}
