/* Purpose: the order of the classes, and the fields of the record that every class has.
 *
 * Invariant: the same bytes and context give the same record, on any host and at any time. */
#include "inbox/classify.h"

#include <string.h>

#include "inbox/classify_view.h"
#include "inbox/phrases.h"

/* ---- what every mail has ---- */

static void
take_id(const struct classify_view *view, const char *name, char **out)
{
    g_auto(GStrv) ids = mime_fields_ids(&view->mail->fields, name, 1);
    mail_record_set(out, ids[0], MAIL_RECORD_MAX_ID);
}

static void
take_addresses(const struct classify_view *view, const char *name, GPtrArray *out)
{
    g_autoptr(GPtrArray) list = mime_fields_addresses(&view->mail->fields, name);
    for (guint i = 0; i < list->len; i++) {
        const struct mime_address *address = list->pdata[i];
        g_autofree char *folded = g_ascii_strdown(address->email, -1);
        if (strchr(folded, '@'))
            mail_record_add(out, folded, MAIL_RECORD_MAX_ADDRESS);
    }
}

static void
take_identity(const struct classify_view *view, struct mail_record *out)
{
    take_id(view, "message-id", &out->message_id);
    take_id(view, "x-microsoft-original-message-id", &out->original_message_id);
    take_id(view, "in-reply-to", &out->in_reply_to);
    g_auto(GStrv) references = mime_fields_ids(&view->mail->fields, "references", MAIL_RECORD_MAX_LIST);
    for (char **id = references; *id; id++)
        mail_record_add(out->references, *id, MAIL_RECORD_MAX_ID);
    mail_record_set(&out->from, view->from, MAIL_RECORD_MAX_ADDRESS);
    mail_record_set(&out->from_name, view->from_name, MAIL_RECORD_MAX_LINE);
    mail_record_set(&out->subject, view->subject, MAIL_RECORD_MAX_LINE);
    take_addresses(view, "reply-to", out->reply_to);
    /* Fields that name one address each come first: a long To must not push out the token in Delivered-To. */
    static const char *const recipients[] = {"delivered-to",
                                             "x-original-to",
                                             "envelope-to",
                                             "x-envelope-to",
                                             "x-delivered-to",
                                             "x-forwarded-to",
                                             "to",
                                             "cc",
                                             "resent-to",
                                             "bcc"};
    for (gsize i = 0; i < G_N_ELEMENTS(recipients); i++)
        take_addresses(view, recipients[i], out->recipients);
    if (!mime_fields_date(&view->mail->fields, "date", &out->date_us, &out->zone_s)) {
        out->date_us = 0;
        out->zone_s = 0;
    }
    const gint64 far_us = G_GINT64_CONSTANT(253402300799000000);
    out->date_us = CLAMP(out->date_us, -far_us, far_us);
    out->zone_s = CLAMP(out->zone_s, -86400, 86400);
    out->partial = view->mail->limited;
}

/* ---- the classes without a file of their own ---- */

static gboolean
check_own(const struct classify_view *view, struct mail_record *out)
{
    for (const char *const *own = view->ctx->own_addresses; own && *own; own++)
        if (*view->from && g_ascii_strcasecmp(*own, view->from) == 0)
            return classify_decide_field(out, MAIL_CLASS_OWN, "from-one-of-us",
                                         mime_fields_find(&view->mail->fields, "from")
                                             ? mime_fields_find(&view->mail->fields, "from")
                                             : &view->mail->fields.items[0]);
    return FALSE;
}

static gboolean
is_robot_address(const char *address)
{
    static const char *const locals[] = {
        "noreply", "no-reply",   "no_reply", "donotreply", "do-not-reply", "notification", "notifications",
        "notify",  "alerts",     "alert",    "newsletter", "news",         "mailer",       "bounce",
        "bounces", "automailer", "daemon",   "root",       "cron",         "jira",         "gitlab"};
    for (gsize i = 0; i < G_N_ELEMENTS(locals); i++)
        if (g_str_has_prefix(address, locals[i]) && strchr("@+-._", address[strlen(locals[i])]))
            return TRUE;
    static const char *const anywhere[] = {"noreply", "no-reply", "no_reply", "donotreply", "do-not-reply"};
    g_autofree char *local = g_strndup(address, strcspn(address, "@"));
    for (gsize i = 0; i < G_N_ELEMENTS(anywhere); i++)
        if (strstr(local, anywhere[i]))
            return TRUE;
    return FALSE;
}

/* TRUE when id ("local@domain") was made where address lives: at its domain or one below or above it. */
static gboolean
made_at(const char *id, const char *address)
{
    const char *a = strrchr(id, '@'), *b = strrchr(address, '@');
    if (!a || !b || !a[1] || !b[1])
        return FALSE;
    g_autofree char *lower = g_ascii_strdown(a, -1);
    gsize n = strlen(lower), m = strlen(b);
    const char *longer = n >= m ? lower : b, *shorter = n >= m ? b : lower;
    const char *end = longer + strlen(longer) - (strlen(shorter) - 1);
    return strcmp(end, shorter + 1) == 0 && (end[-1] == '@' || end[-1] == '.');
}

/* What a list or a notification system passes on answers somebody; whether it answers us shows in the
 * identifiers: one of them was made at the domain of a recipient of this mail, or by a provider that replaces
 * ours. */
static gboolean
answers_recipient(const struct mail_record *out)
{
    static const char *const rewriters[] = {"x@amazonses.com", "x@outlook.com"};
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    g_ptr_array_add(ids, out->in_reply_to);
    for (guint i = 0; i < out->references->len; i++)
        g_ptr_array_add(ids, out->references->pdata[i]);
    for (guint i = 0; i < ids->len; i++) {
        for (guint k = 0; k < out->recipients->len; k++)
            if (made_at(ids->pdata[i], out->recipients->pdata[k]))
                return TRUE;
        for (gsize k = 0; k < G_N_ELEMENTS(rewriters); k++)
            if (made_at(ids->pdata[i], rewriters[k]))
                return TRUE;
    }
    return FALSE;
}

/* Sent through a list that says so only by its address ("internals@lists.example"). */
static gboolean
goes_to_list(const struct mail_record *out)
{
    for (guint i = 0; i < out->recipients->len; i++) {
        const char *at = strrchr(out->recipients->pdata[i], '@');
        if (at && (g_str_has_prefix(at, "@lists.") || g_str_has_prefix(at, "@list.")))
            return TRUE;
    }
    return FALSE;
}

/* From and To are the same one person: a note to oneself, or a test. */
static gboolean
writes_to_himself(const struct classify_view *view)
{
    g_autoptr(GPtrArray) to = mime_fields_addresses(&view->mail->fields, "to");
    g_autoptr(GPtrArray) cc = mime_fields_addresses(&view->mail->fields, "cc");
    const struct mime_address *first = to->len == 1 && cc->len == 0 ? to->pdata[0] : NULL;
    return first && *view->from && g_ascii_strcasecmp(first->email, view->from) == 0;
}

/* Written by a person's hand, as far as one can tell: nothing says robot, list or campaign. */
static gboolean
is_personal(const struct classify_view *view, const struct mail_record *out)
{
    if (view->daemon || view->null_sender || is_robot_address(view->from) || writes_to_himself(view))
        return FALSE;
    gboolean answers_us = mime_fields_find(&view->mail->fields, "in-reply-to") != NULL;
    if ((view->list || view->bulk || view->unsubscribable || goes_to_list(out)) && !answers_recipient(out))
        return FALSE; /* a person's answer through a group address still names what it answers */
    const char *submitted = classify_header(view, "auto-submitted");
    if (submitted && g_ascii_strncasecmp(submitted, "no", 2) != 0)
        return FALSE;
    static const char *const notices[] = {"x-github-reason",
                                          "x-github-recipient",
                                          "x-jira-fingerprint",
                                          "x-gitlab-project",
                                          "x-gitlab-notificationreason",
                                          "x-bugzilla-reason",
                                          "x-redmine-host",
                                          "x-trac-project",
                                          "x-phabricator-sent-this-message",
                                          "x-linkedin-class",
                                          "x-facebook-notify",
                                          "x-slack-backend"};
    for (gsize i = 0; i < G_N_ELEMENTS(notices); i++)
        if (classify_header(view, notices[i]))
            return FALSE; /* written by a person perhaps, but to a system */
    static const char *const campaign[] = {"feedback-id",   "x-campaign-id",     "x-campaignid",
                                           "x-mailgun-sid", "x-sg-eid",          "x-csa-complaints",
                                           "x-mc-user",     "x-auto-response-id"};
    for (gsize i = 0; i < G_N_ELEMENTS(campaign) && !answers_us; i++)
        if (classify_header(view, campaign[i]))
            return FALSE;
    return TRUE;
}

/* A text without a header of a mail: a body that was cut out. The digest of a mailing list explains how to
 * leave it. */
static gboolean
is_bare_answer(const struct classify_view *view)
{
    static const char *const list_phrases[] = {"subscribe or unsubscribe", "list subscription", "digest...",
                                               "mailing list digest", NULL};
    static struct phrase_list list_words = {.phrases = list_phrases};
    gboolean garbage = strstr(view->body, "\xef\xbf\xbd") != NULL;
    return view->mail->headerless && !garbage && view->body[strspn(view->body, " \t\n")] &&
           !phrase_list_find(&list_words, view->new_folded);
}

static gboolean
check_reply(const struct classify_view *view, struct mail_record *out)
{
    if (!out->personal)
        return FALSE;
    if (g_str_has_prefix(view->subject_folded, "fwd:") || g_str_has_prefix(view->subject_folded, "fw:") ||
        g_str_has_prefix(view->subject_folded, "wg:"))
        return FALSE; /* a forward goes to somebody new; matched to a thread of ours it still counts
                         (personal) */
    if (*out->in_reply_to || (view->answers && out->references->len > 0)) {
        const struct mime_field *field =
            mime_fields_find(&view->mail->fields, *out->in_reply_to ? "in-reply-to" : "references");
        return classify_decide_field(out, MAIL_CLASS_REPLY, "answers-a-mail", field);
    }
    if (view->answers)
        return classify_decide(out, MAIL_CLASS_REPLY, "answer-subject", view->subject);
    if (view->marks.attribution && *view->new_text && reply_text_quotes_one_of(view->body, out->recipients))
        return classify_decide(out, MAIL_CLASS_REPLY, "quotes-a-mail", "");
    return is_bare_answer(view) && classify_decide(out, MAIL_CLASS_REPLY, "bare-text", "");
}

typedef gboolean check_function(const struct classify_view *view, struct mail_record *out);

static check_function *const checks[] = {
    check_own,                /* own */
    classify_check_bounce,    /* bounce, delay */
    classify_check_complaint, /* complaint */
    classify_check_receipt,   /* receipt */
    classify_check_challenge, /* challenge */
    classify_check_auto_reply,
    classify_check_opt_out,
    classify_check_booking,
    check_reply,
};

void
mail_classify(const guint8 *bytes, gsize len, gboolean partial, const struct classify_context *ctx,
              struct mail_record *out)
{
    mail_record_init(out);
    struct mime_mail *mail = mime_read_mail(bytes, len, partial);
    struct classify_view view;
    classify_view_init(&view, mail, ctx);
    take_identity(&view, out);
    out->personal = is_personal(&view, out);
    gboolean decided = FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(checks) && !decided; i++)
        decided = checks[i](&view, out);
    if (!decided)
        classify_decide(out, MAIL_CLASS_OTHER, "none", "");
    if (out->mail_class != MAIL_CLASS_REPLY && out->mail_class != MAIL_CLASS_OTHER &&
        out->mail_class != MAIL_CLASS_OPT_OUT)
        out->personal = FALSE;
    mail_record_set(&out->text, view.new_text, MAIL_RECORD_MAX_TEXT);
    classify_view_clear(&view);
    mime_mail_free(mail);
}
