/* Purpose: the machine-written notices that are neither bounces nor answers: complaints (RFC 5965), receipts
 * of delivery (RFC 3464) and of reading (RFC 8098), and challenges. */
#include <string.h>

#include "inbox/classify_view.h"
#include "inbox/phrases.h"

/* The fields of the mail that a report speaks about. */
static void
take_original(const struct classify_view *view, struct mail_record *out)
{
    for (guint i = 0; i < view->mail->part_count; i++) {
        const struct mime_fields *fields = &view->mail->parts[i].fields;
        if (view->mail->parts[i].message >= 0 || fields->count == 0)
            continue;
        g_auto(GStrv) ids = mime_fields_ids(fields, "message-id", 1);
        if (ids[0])
            mail_record_set(&out->returned_message_id, ids[0], MAIL_RECORD_MAX_ID);
        static const char *const names[] = {"return-path", "from", "reply-to", "sender"};
        for (gsize k = 0; k < G_N_ELEMENTS(names); k++) {
            g_autoptr(GPtrArray) list = mime_fields_addresses(fields, names[k]);
            for (guint j = 0; j < list->len; j++) {
                const struct mime_address *address = list->pdata[j];
                g_autofree char *folded = g_ascii_strdown(address->email, -1);
                mail_record_add(out->returned, folded, MAIL_RECORD_MAX_ADDRESS);
            }
        }
        g_autoptr(GPtrArray) to = mime_fields_addresses(fields, "to");
        for (guint j = 0; j < to->len && out->mail_class != MAIL_CLASS_RECEIPT; j++) {
            const struct mime_address *address = to->pdata[j];
            mail_record_add_failed(out, address->email);
        }
        return;
    }
}

static const struct mime_part *
find_part(const struct classify_view *view, const char *suffix)
{
    for (guint i = 0; i < view->mail->part_count; i++)
        if (g_str_has_suffix(view->mail->parts[i].type, suffix) && view->mail->parts[i].message < 0)
            return &view->mail->parts[i];
    return NULL;
}

static const struct mime_field *
find_field_in(const GPtrArray *groups, const char *name)
{
    for (guint i = 0; i < groups->len; i++) {
        const struct mime_field *field = mime_fields_find(groups->pdata[i], name);
        if (field)
            return field;
    }
    return NULL;
}

gboolean
classify_check_complaint(const struct classify_view *view, struct mail_record *out)
{
    const struct mime_part *part = find_part(view, "/feedback-report");
    g_autoptr(GPtrArray) groups = mime_fields_parse(part && part->text ? part->text : view->body);
    const struct mime_field *type = find_field_in(groups, "feedback-type");
    if (!part && !(type && find_field_in(groups, "user-agent"))) {
        /* Microsoft's reports (JMRP) say it in the subject only and enclose the mail. */
        gboolean microsoft = strstr(view->subject_folded, "complaint about message from") != NULL;
        if (!microsoft)
            return FALSE;
        take_original(view, out);
        return classify_decide(out, MAIL_CLASS_COMPLAINT, "complaint-subject", view->subject);
    }
    static const char *const complainers[] = {"original-rcpt-to", "removal-recipient"};
    for (gsize i = 0; i < G_N_ELEMENTS(complainers); i++) {
        const struct mime_field *field = find_field_in(groups, complainers[i]);
        if (!field)
            continue;
        g_autofree char *bare = g_strdup(field->value);
        g_strstrip(g_strdelimit(bare, "<>", ' '));
        if (strchr(bare, '@'))
            mail_record_add_failed(out, bare);
    }
    take_original(view, out);
    if (type)
        return classify_decide_field(out, MAIL_CLASS_COMPLAINT, "rfc5965-report", type);
    return classify_decide(out, MAIL_CLASS_COMPLAINT, "rfc5965-report", part->type);
}

gboolean
classify_check_receipt(const struct classify_view *view, struct mail_record *out)
{
    const struct mime_part *part = find_part(view, "disposition-notification");
    if (part) {
        g_autoptr(GPtrArray) groups = mime_fields_parse(part->text ? part->text : "");
        const struct mime_field *original = find_field_in(groups, "original-message-id");
        for (guint i = 0; original && i < groups->len; i++) {
            g_auto(GStrv) ids = mime_fields_ids(groups->pdata[i], "original-message-id", 1);
            if (ids[0])
                mail_record_set(&out->returned_message_id, ids[0], MAIL_RECORD_MAX_ID);
        }
        const struct mime_field *disposition = find_field_in(groups, "disposition");
        if (disposition)
            return classify_decide_field(out, MAIL_CLASS_RECEIPT, "rfc8098-read", disposition);
        return classify_decide(out, MAIL_CLASS_RECEIPT, "rfc8098-read", part->type);
    }
    part = find_part(view, "delivery-status"); /* failures and delays were decided before */
    if (part) {
        g_autoptr(GPtrArray) groups = mime_fields_parse(part->text ? part->text : "");
        const struct mime_field *action = find_field_in(groups, "action");
        if (action && strstr(action->value, "fail"))
            return FALSE; /* a challenge dressed as a failure */
        out->mail_class = MAIL_CLASS_RECEIPT;
        take_original(view, out);
        if (action)
            return classify_decide_field(out, MAIL_CLASS_RECEIPT, "rfc3464-delivered", action);
        return classify_decide(out, MAIL_CLASS_RECEIPT, "rfc3464-delivered", part->type);
    }
    static const char *const subjects[] = {
        "read:",    "gelesen:",       "lu:",        "lu :",         "leido:",    "letto:",
        "lida:",    "lido:",          "gelezen:",   "last:",        "laest:",    "lest:",
        "luettu:",  "okundu:",        "прочитано:", "przeczytano:", "precteno:", "開封済み:",
        "已读:",    "讀取:",          "읽음:",      "delivered:",   "relayed:",  "weitergeleitet:",
        "relaye :", "retransmitido:", "inoltrato:", "zugestellt:",  "remis :",   "return receipt",
        NULL};
    for (guint i = 0; subjects[i] && !view->answers; i++)
        if (g_str_has_prefix(view->subject_folded, subjects[i]) &&
            (classify_header(view, "x-ms-exchange-organization-scl") || view->null_sender || view->daemon ||
             classify_header_has(view, "content-type", "report")))
            return classify_decide(out, MAIL_CLASS_RECEIPT, "receipt-subject", view->subject);
    return FALSE;
}

gboolean
classify_is_challenge_service(const struct classify_view *view)
{
    static const char *const senders[] = {"@boxbe.com",       "@spamarrest.com", "@bluebottle.com",
                                          "@mailinblack.com", "@cleanmail.com",  "@vaderetro.com",
                                          "@sendio.com",      "@0spam.com",      "@spamenmoins.com"};
    for (gsize i = 0; i < G_N_ELEMENTS(senders); i++)
        if (g_str_has_suffix(view->from, senders[i]))
            return TRUE;
    return FALSE;
}

static const char *const challenge_fields[] = {"x-bluebottle-request",
                                               "x-trusted-delivery",
                                               "x-tmda-confirm",
                                               "x-boxbe",
                                               "x-spamarrest",
                                               "x-asf-challenge",
                                               "x-qconfirm",
                                               "x-challenge-response",
                                               "x-mailblocks-challenge",
                                               "x-choicemail-registration-request",
                                               "x-earthlink-sb-request"};
static const char *const challenge_phrases[] = {"guest list so your messages",
                                                "has been waitlisted",
                                                "added to the recipient's allowed",
                                                "added to my allowed",
                                                "added to my approved",
                                                "added to my guest list",
                                                "my approved senders",
                                                "approved sender list",
                                                "approved senders list",
                                                "allowed senders list",
                                                "not on my approved",
                                                "not on my list of allowed",
                                                "to be added to my whitelist",
                                                "added to my white list",
                                                "added to my whitelist",
                                                "verify that you are a human",
                                                "verify that you are a real person",
                                                "verify you are human",
                                                "prove that you are human",
                                                "confirm that you are a human",
                                                "confirm that you are a real person",
                                                "verify your email address so that your message",
                                                "verify your identity as a legitimate sender",
                                                "verify yourself as a legitimate sender",
                                                "complete the verification",
                                                "this account is protected by",
                                                "this mailbox is protected by",
                                                "protect myself from spam",
                                                "spam arrest spam protection",
                                                "click the link below so i can receive",
                                                "so i can receive your email",
                                                "in order to receive your email i need",
                                                "i am using a spam blocker",
                                                "uses a spam blocker",
                                                "to complete this verification",
                                                "confirmez que vous etes une personne",
                                                "klicken sie auf den folgenden link, damit ihre nachricht",
                                                "para que su mensaje sea entregado",
                                                "per consegnare il suo messaggio",
                                                "protecting myself from receiving junk mail",
                                                "to deliver your message, please",
                                                "message is being held until you",
                                                "your message is being held",
                                                "your message is waiting for your confirmation",
                                                "your message will be delivered once you",
                                                "your message will be delivered as soon as you",
                                                "requires confirmation from first-time senders",
                                                "requires verification of first time senders",
                                                "first-time senders to be verified",
                                                "challenge/response",
                                                "challenge-response",
                                                "click on the link below to be added",
                                                "click the link below to be added",
                                                "reply to this message to confirm that your original",
                                                "your message requires verification",
                                                "please confirm your message",
                                                "votre message est en attente",
                                                "pour authentifier votre adresse",
                                                "vous authentifier en tant qu'expediteur",
                                                "bestatigen sie, dass sie ein mensch",
                                                "ihre nachricht wird zuruckgehalten",
                                                "confirme que es una persona",
                                                "su mensaje esta retenido",
                                                "sua mensagem sera entregue apos",
                                                "confirmar que voce nao e um robo",
                                                "nao e um spammer",
                                                "antispam uol",
                                                "conferma di essere una persona",
                                                NULL};
static const char *const challenge_subjects[] = {"please confirm your message",
                                                 "verify your email to",
                                                 "your mail to",
                                                 "(verification required)",
                                                 "(verification)",
                                                 "[verification required]",
                                                 "please verify your email",
                                                 "confirmation required",
                                                 "sender verification",
                                                 "action required",
                                                 "sender address verification",
                                                 "antispam uol",
                                                 "message quarantined:",
                                                 "[verify]",
                                                 NULL};
/* Other services, other words: the mail waits somewhere, and its sender is to do something for it. */
static const char *const waiting_phrases[] = {"is being held",
                                              "has been held",
                                              "held until",
                                              "on hold until",
                                              "waiting to be delivered",
                                              "will not be delivered until",
                                              "before it can be delivered",
                                              "before your message can be delivered",
                                              "before your email can be delivered",
                                              "to have it delivered",
                                              "to have your message delivered",
                                              "reaches my inbox",
                                              "reach my inbox",
                                              "reach their inbox",
                                              "reaches their inbox",
                                              "screens my incoming",
                                              "screen my incoming",
                                              "unknown senders",
                                              "first time senders",
                                              "wird zuruckgehalten",
                                              "wurde zuruckgehalten",
                                              "est en attente de",
                                              "a ete mis en attente",
                                              "esta retenido",
                                              "esta en espera",
                                              "e in attesa di",
                                              "esta retida",
                                              "wordt vastgehouden",
                                              NULL};
static const char *const prove_phrases[] = {"verify yourself",
                                            "verify your address",
                                            "verify your email",
                                            "verify that you",
                                            "not been verified",
                                            "prove you",
                                            "prove that you",
                                            "confirm you",
                                            "confirm that you",
                                            "confirm your",
                                            "click the following link",
                                            "click the link below",
                                            "click here to deliver",
                                            "reply to this message or",
                                            "simply reply to this",
                                            "you only have to do this once",
                                            "only need to do this once",
                                            "klicken sie",
                                            "cliquez sur",
                                            "cliquer sur",
                                            "haga clic",
                                            "clicca",
                                            "clique no",
                                            "klik op",
                                            NULL};
static struct phrase_list waiting_list = {.phrases = waiting_phrases, .words = TRUE};
static struct phrase_list prove_list = {.phrases = prove_phrases, .words = TRUE};
static struct phrase_list challenge_words = {.phrases = challenge_phrases, .words = TRUE};
static struct phrase_list challenge_subject_list = {.phrases = challenge_subjects, .words = TRUE};

/* "Your message is being held: click here to prove…". An answer is a person's, unless a machine says that it
 * is one; and what waits must be a mail, not a contract. */
static gboolean
check_form(const struct classify_view *view, struct mail_record *out)
{
    static const char *const mails[] = {"message",   "mail",     "nachricht", "mensaje",
                                        "messaggio", "mensagem", "bericht",   "inbox"};
    gboolean machine = view->null_sender || view->bulk || classify_header(view, "auto-submitted");
    if (view->list || view->marks.quote || (view->answers && !machine))
        return FALSE;
    const char *waiting = phrase_list_find(&waiting_list, view->new_folded);
    if (!waiting || !phrase_list_find(&prove_list, view->new_folded))
        return FALSE;
    g_autofree char *line = classify_line_with(view->new_text, waiting);
    g_autofree char *folded = classify_fold(line, 2000);
    for (gsize i = 0; i < G_N_ELEMENTS(mails); i++)
        if (strstr(folded, mails[i]))
            return classify_decide(out, MAIL_CLASS_CHALLENGE, "challenge-form", line);
    return FALSE;
}

gboolean
classify_check_challenge(const struct classify_view *view, struct mail_record *out)
{
    for (gsize i = 0; i < G_N_ELEMENTS(challenge_fields); i++) {
        const struct mime_field *field = mime_fields_find(&view->mail->fields, challenge_fields[i]);
        if (field)
            return classify_decide_field(out, MAIL_CLASS_CHALLENGE, "challenge-field", field);
    }
    const char *phrase = phrase_list_find(&challenge_words, view->new_folded);
    gboolean sender = classify_is_challenge_service(view);
    gboolean link = strstr(view->new_folded, "http") != NULL || strstr(view->new_folded, "click") != NULL ||
                    strstr(view->new_folded, "reply") != NULL;
    gboolean machine =
        view->null_sender || view->bulk || classify_header(view, "auto-submitted") || sender || view->answers;
    if (phrase && (sender || (link && machine))) {
        g_autofree char *line = classify_line_with(view->new_text, phrase);
        return classify_decide(out, MAIL_CLASS_CHALLENGE, "challenge-words", line);
    }
    if (link && check_form(view, out))
        return TRUE;
    if (sender && view->answers)
        return classify_decide(out, MAIL_CLASS_CHALLENGE, "challenge-service", view->from);
    const char *subject = sender ? phrase_list_find(&challenge_subject_list, view->subject_folded) : NULL;
    if (subject)
        return classify_decide(out, MAIL_CLASS_CHALLENGE, "challenge-service", view->subject);
    return FALSE;
}
