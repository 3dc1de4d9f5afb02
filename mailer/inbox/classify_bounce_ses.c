/* Purpose: the events of Amazon's mail service, which arrive as JSON text by mail from its notification
 * service, the event often as an escaped string inside an outer object. Only four keys matter, so the text is
 * searched for them with the escapes taken away, rather than parsed twice. */
#include <string.h>

#include "inbox/classify_bounce.h"
#include "inbox/classify_bounce_parts.h"

/* The string value of "key" at or after *at, or NULL; *at moves behind it. The caller frees. */
static char *
next_value(const char **at, const char *key)
{
    g_autofree char *quoted = g_strdup_printf("\"%s\"", key);
    const char *p = strstr(*at, quoted);
    if (!p)
        return NULL;
    p += strlen(quoted);
    p += strspn(p, " \t\n:");
    if (*p != '"')
        return NULL;
    gsize n = strcspn(p + 1, "\"");
    *at = p + 1 + n;
    return g_strndup(p + 1, n);
}

gboolean
bounce_check_ses(const struct classify_view *view, struct mail_record *out)
{
    if (!strstr(view->body, "notificationType") && !strstr(view->body, "eventType"))
        return FALSE;
    GString *plain = g_string_new(NULL);
    for (const char *p = view->body; *p && plain->len < VIEW_FOLDED_MAX; p++)
        if (*p != '\\')
            g_string_append_c(plain, *p);
    g_autofree char *text = g_string_free(plain, FALSE);
    const char *at = text;
    g_autofree char *type = next_value(&at, "notificationType");
    if (!type) {
        at = text;
        type = next_value(&at, "eventType");
    }
    at = text;
    g_autofree char *id = next_value(&at, "messageId");
    if (!type || !id)
        return FALSE;
    gboolean bounce = strcmp(type, "Bounce") == 0;
    gboolean complaint = strcmp(type, "Complaint") == 0;
    gboolean delivery = strcmp(type, "Delivery") == 0;
    if (!bounce && !complaint && !delivery)
        return FALSE;
    const char *end = strstr(text, "\"mail\"");
    at = text;
    for (;;) {
        const char *before = at;
        g_autofree char *address = next_value(&at, "emailAddress");
        if (!address || (end && at > end && before <= end && bounce))
            break;
        struct failed_recipient *failed = mail_record_add_failed(out, address);
        if (!failed || !bounce)
            continue;
        const char *local = at;
        g_autofree char *said = next_value(&local, "status");
        g_autofree char *status = classify_find_status(said ? said : "");
        g_autofree char *words = next_value(&local, "diagnosticCode");
        bounce_set_failure(failed, status ? status : "", words ? words : "");
    }
    bounce_sum_up(out);
    g_autofree char *evidence = g_strdup_printf("notificationType: %s", type);
    if (bounce)
        return classify_decide(out, MAIL_CLASS_BOUNCE, "ses-event", evidence);
    return classify_decide(out, complaint ? MAIL_CLASS_COMPLAINT : MAIL_CLASS_RECEIPT, "ses-event", evidence);
}
