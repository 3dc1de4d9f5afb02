/* Purpose: recognise that a mail was not delivered, or not yet: for whom, why, and which mail of ours it was.
 *
 * Three ways in, tried in this order:
 *
 *   report   a machine-readable delivery report (RFC 3464): as a part, inside a forwarded mail, or pasted
 *   event    the JSON events of Amazon's mail service (classify_bounce_ses.c)
 *   form     everything else (classify_bounce_form.c)
 *
 * All fill the failed recipients; the worst of them speaks for the mail. */
#include "inbox/classify_bounce.h"

#include <string.h>

#include "inbox/classify_bounce_parts.h"

static void
replace_text(char **text, const char *with)
{
    char *copy = g_strdup(with);
    g_free(*text);
    *text = copy;
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

/* ---- the same, pasted ---- */

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
    g_autofree char *text = bounce_body_unquoted(view);
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
