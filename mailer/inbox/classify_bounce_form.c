/* Purpose: bounces and delays that carry no delivery report: old mail systems and gateways have their own
 * formats and languages. No single sign decides; two kinds of sign must agree: a mail system as sender, the
 * words of a failure, a recipient that is named, a mail that is returned. */
#include "inbox/classify_bounce.h"

#include <string.h>

#include "inbox/classify_bounce_parts.h"
#include "inbox/phrases.h"

/* clang-format off */
static const char *const failure_subjects[] = {"undelivered", "undeliverable", "undelivarable", "undeliverd", "non-delivery", "non delivery", "nondeliverable", "not delivered", "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "unable to deliver", "delivery failure", "delivery failed", "delivery has failed", "delivery status notification", "delivery notification", "delivery error", "delivery problem", "delivery report", "delivery unsuccessful", "failed delivery", "failure delivery", "failed mail", "mail failed", "mail failure", "failure notice", "failure notification", "returned mail", "returned to sender", "return to sender", "returning message to sender", "returned message", "returned email", "returned e-mail", "message failed", "mail delivery failed", "mail error", "mail system error", "error sending", "sending your mail", "message rejected", "rejected mail", "automatically rejected", "notification d'etat de remise", "unzustellbar", "zustellung fehlgeschlagen", "zustellfehler", "nicht zugestellt", "nicht zustellbar", "mail konnte nicht", "non remis", "echec de la remise", "echec de remise", "non distribue", "echec de l'envoi", "no se puede entregar", "no entregado", "no se ha podido entregar", "devuelto", "error de entrega", "mancata consegna", "non recapitabile", "recapito non riuscito", "non consegnato", "nao entregue", "falha na entrega", "nao e possivel entregar", "onbestelbaar", "niet bezorgd", "kan niet worden bezorgd", "niedostarczon", "nie mozna dostarczyc", "kunde inte levereras", "olevererbart", "ikke leveret", "ikke levert", "toimitus epaonnistui", "iletilemedi", "teslim edilemedi", "ваше сообщение не доставлено", "не доставлено", "недоставлен", "ошибка доставки", "не удается доставить", "配信不能", "送信できません", "配信できません", "エラー通知", "送信エラー", "未達", "退信", "无法投递", "無法傳遞", "投递失败", "无法送达", "반송", "전송 실패", "배달되지", "تعذر التسليم", "لم يتم تسليم", "فشل تسليم", "nao foi possivel entregar", "nao pode ser entregue", "det gar inte att leverera", "gick inte att leverera", "gar inte att leverera", "kunne ikke leveres", "kan ikke leveres", "ei voitu toimittaa", "error en la entrega", "error en el envio", "no se pudo entregar", "mensaje no entregado", "entrega fallida", "impossibile recapitare", "impossibile consegnare", "errore di consegna", "non e stato possibile", "erreur de distribution", "impossible de remettre", "n'a pas pu etre remis", "falha no envio", "erro na entrega", "kon niet worden afgeleverd", "kon niet worden bezorgd", "niet afgeleverd", "zwrot poczty", "zwrot wiadomosci", "nie dostarczono", "nedorucitelne", "nedorucen", "kezbesithetetlen", "nelivrat", "nu a putut fi livrat", "αδυναμια παραδοσησ", "не удалось доставить", "не вдалося доставити", "не може бути доставлено", "недоставка", "возврат почты", "配信エラー", "配信失敗", "配信に失敗", "未送达", "未能送达", "未傳遞", "未传递", "系统退信", "邮件退回", "郵件退回", "寄送失敗", "전송되지 않", "발송 실패", "배달 실패", "수신자에게 전달되지", "nelivrabil", "nu poate fi livrat", "δεν ειναι δυνατη η παραδοση", "δεν παραδοθηκε", "αποτυχια παραδοσησ", "не вдається доставити", "не вдаєтьcя доставити", "недоставено", "не може да се достави", "nedorucitelna", "nije moguce isporuciti", "neisporuceno", "nedostavljivo", "nepristatyta", "edastamatu", "nepiegadats", "לא ניתן למסור", "לא נמסר", "לא נמסרה", "ההודעה לא נמסרה", "khong the gui", "khong gui duoc", "tidak terkirim", "tidak dapat dikirim", "ไม่สามารถส่ง", "ส่งไม่สำเร็จ", "lieferung fehlgeschlagen", NULL};

static const char *const failure_sentences[] = {"could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "was not delivered", "were not delivered", "wasn't delivered", "not been delivered", "was undeliverable", "is undeliverable", "undeliverable", "unable to deliver", "wasn't able to deliver", "was not able to deliver", "not able to deliver", "could not deliver", "couldn't deliver", "cannot deliver", "unable to send", "failed to deliver", "delivery failed", "delivery has failed", "delivery failure", "delivery to the following", "delivery error", "did not reach the following", "didn't reach the following", "had permanent fatal errors", "permanent error", "fatal errors", "had transient", "failed addresses", "address failed", "addresses failed", "address(es) failed", "unable to relay", "returned to sender", "returned mail", "has been returned", "is being returned", "message was rejected", "has been rejected", "been rejected", "was rejected", "not accepted", "rejected your message", "delivery unsuccessful", "mail failed", "message not delivered", "error sending your mail", "error while sending", "error occurred", "had errors", "following errors", "error message below", "error follows", "errors occurred", "error was", "delivery attempt", "unable to be delivered", "been unable to be delivered", "delivery is impossible", "could not send", "there was a problem", "did not get through", "non-delivery", "failed recipient", "failed permanently", "has failed", "not successfully", "problem in delivering", "problems delivering", "this is a permanent error", "konnte nicht zugestellt", "nicht zugestellt werden", "n'a pas pu etre", "n'a pas ete", "no se ha podido", "no se pudo", "no pudo ser entregado", "impossibile recapitare", "non e stato possibile", "non e stata consegnata", "nao foi possivel entregar", "nao pode ser entregue", "kon niet worden", "nie mogla zostac", "kunde inte levereras", "teslim edilemedi", "не было доставлено", "не может быть доставлено", "не доставлено", "не удалось доставить", "送信できません", "配信できません", "届けることができません", "お届けできません", "送信されませんでした", "送信できず", "投递失败", "无法投递", "无法送达", "无法发送", "전송하지 못했", "배달하지 못했", "تعذر تسليم", "فشل التسليم", "لم يتم تسليم", "تعذر العثور على عنوان", "fehler bei der nachrichtenzustellung", "nicht an die folgenden empfanger", "wurde nicht zugestellt", "echec de la remise", "n'a pas pu etre remis", "ne peut pas etre remis", "no ha podido ser entregado", "no se ha entregado", "error al entregar", "recapito non riuscito", "non e stato consegnato", "falha na entrega", "nao foi entregue", "de bezorging van", "is niet bezorgd", "leveransen misslyckades", "kunde inte skickas", "leveringen mislykkedes", "leveringen mislyktes", "kunne ikke leveres", "toimitus epaonnistui", "nie powiodlo sie", "nie zostala dostarczona", "nebylo mozne dorucit", "nepodarilo se dorucit", "nem sikerult kezbesiteni", "nu a putut fi livrat", "не удалось выполнить доставку", "не может быть отправлено", "не удалось отправить", "не вдалося доставити", "teslim edilemedi", "iletilemedi", "配信に失敗", "配信できません", "エラーのため", "未能向以下", "无法传递", "被退回", "被退信", "无法将邮件", "無法傳遞", "退信原因", "전송되지 않았", "전달되지 않았", "배달되지 않았", "not a valid user", "user unknown", "unknown user", "host unknown", "no such user", "mailbox unavailable", "not listed in", "mailbox full", "quota", "message could not", "timed out", "not yet been delivered", "livrarea catre", "nu a reusit", "nu a putut fi", "η παραδοση σε", "απετυχε", "δεν ηταν δυνατη η παραδοση", "δεν παραδοθηκε", "המסירה לנמענים", "נכשלה", "לא ניתן היה למסור", "לא נמסרה", "доставката до", "не беше доставено", "nije uspjela", "nije isporucena", "ni bilo mogoce dostaviti", "khong the gui", "khong gui duoc", "tidak dapat dikirim", "tidak terkirim", "gagal dikirim", "ไม่สามารถส่ง", "kan ikke leveres", "nie je mozne dorucit", "nepodarilo sa dorucit", "アドレス不明", "メールを送信できません", NULL};

static const char *const delay_words[] = {"delivery status notification (delay)", "delivery is delayed", "delivery delayed", "delayed mail", "message delayed", "mail delayed", "has not yet been delivered", "not yet been delivered", "still being retried", "not been delivered yet", "could not be delivered yet", "will be retried", "will continue to be attempted", "will keep trying", "will continue trying", "continue to try", "delivery attempts will continue", "still trying", "delivery incomplete", "warning: could not send message", "this is a warning message only", "you do not need to resend", "do not need to resend", "need not resend", "warning: message", "notification d'etat de remise (retard)", "zustellung verzogert", "verzogert", "retrasado", "retrasada", "remise retardee", "consegna ritardata", "ritardat", "vertraagd", "opozniona", "задержк", "отложен", "遅延", "延迟", "지연", "forsinket", "fordrojd", "viivastynyt", "opozdene", "затримк", "gecikti", "تأخر", NULL};
/* clang-format on */
static struct phrase_list subject_list = {.phrases = failure_subjects};
static struct phrase_list sentence_list = {.phrases = failure_sentences};
static struct phrase_list delay_list = {.phrases = delay_words};

/* Addresses of the mail itself that are no failed recipients: who wrote the notice, and to whom. */
static gboolean
is_bystander(const struct classify_view *view, const struct mail_record *out, const char *address)
{
    static const char *const systems[] = {"postmaster", "mailer-daemon", "support@",  "helpdesk",
                                          "abuse@",     "mailadmin",     "hostmaster"};
    for (gsize i = 0; i < G_N_ELEMENTS(systems); i++)
        if (g_str_has_prefix(address, systems[i]))
            return TRUE;
    if (strcmp(address, view->from) == 0)
        return TRUE;
    return g_ptr_array_find_with_equal_func(out->recipients, address, g_str_equal, NULL);
}

/* All words about the failure: the texts of the mail itself, and of what it forwards. */
static char *
collect_notice(const struct classify_view *view)
{
    g_autofree char *forwarded = bounce_forwarded_text(view);
    g_autoptr(GString) all = g_string_new(forwarded ? forwarded : view->body);
    for (guint i = 0; i < view->mail->part_count && all->len < VIEW_FOLDED_MAX; i++) {
        const struct mime_part *part = &view->mail->parts[i];
        if (!part->text || part->message >= 0 || strcmp(part->text, view->body) == 0)
            continue;
        if (strcmp(part->type, "text/plain") == 0)
            g_string_append_printf(all, "\n%s", part->text);
    }
    return bounce_notice_of(all->str);
}

/* How much a line says that an address in it is the one that failed. */
static guint
line_weight(const char *line, const char *address_start)
{
    static const char *const strong[] = {"rcpt to",
                                         "final-recipient",
                                         "original-recipient",
                                         "failed recipient",
                                         "recipient:",
                                         "recipients:",
                                         "user unknown",
                                         "unknown user",
                                         "failed",
                                         "could not",
                                         "no such",
                                         "550",
                                         "551",
                                         "552",
                                         "553",
                                         "554",
                                         "5.1.1",
                                         "not listed",
                                         "does not exist",
                                         "invalid",
                                         "mailbox",
                                         "unknown",
                                         "undeliverable",
                                         "rejected",
                                         "addressee",
                                         "deliver to",
                                         "delivered to",
                                         "宛先"};
    static const char *const weak[] = {"from:",      "sender",   "contact",   "questions",
                                       "postmaster", "write to", "please",    "message-id",
                                       "http",       "subject",  "mail from", "from <"};
    g_autofree char *lower = g_ascii_strdown(line, -1);
    const char *first = line + strspn(line, " \t*>-");
    gboolean leads = address_start == first || (*first == '<' && address_start == first + 1);
    guint weight = leads ? 4 : 1;
    for (gsize i = 0; i < G_N_ELEMENTS(strong); i++)
        if (strstr(lower, strong[i])) {
            weight += 3;
            break;
        }
    for (gsize i = 0; i < G_N_ELEMENTS(weak); i++)
        if (strstr(lower, weak[i]))
            return weight > 6 ? 2 : (weight > 4 ? 1 : 0);
    return weight;
}

/* Failed recipients named in the notice: those on the lines that say most. */
static void
find_failed_in_text(const struct classify_view *view, const char *notice, struct mail_record *out)
{
    const char *header = classify_header(view, "x-failed-recipients");
    const char *start, *rest;
    for (const char *p = header; p;) {
        g_autofree char *address = bounce_next_address(header, p, &start, &rest);
        if (!address)
            break;
        mail_record_add_failed(out, address);
        p = rest;
    }
    if (out->failed->len > 0)
        return;
    for (int pass = 0; pass < 3 && out->failed->len == 0; pass++) {
        guint least = pass == 0 ? 4 : (pass == 1 ? 1 : 0);
        for (const char *line = notice; *line;) {
            gsize n = strcspn(line, "\n");
            g_autofree char *copy = g_strndup(line, MIN(n, 1000));
            for (const char *p = copy; *p;) {
                g_autofree char *address = bounce_next_address(copy, p, &start, &rest);
                if (!address)
                    break;
                p = rest;
                if (line_weight(copy, start) >= least && (pass > 1 || !is_bystander(view, out, address)) &&
                    strcmp(address, view->from) != 0)
                    mail_record_add_failed(out, address);
            }
            line += n + (line[n] == '\n');
        }
    }
}

/* To of the returned mail, when the notice itself names nobody. */
static void
find_failed_in_returned(const struct classify_view *view, struct mail_record *out)
{
    static const char *const names[] = {"x-envelope-to", "to"};
    for (guint i = 0; i < view->mail->part_count; i++)
        for (gsize k = 0; k < G_N_ELEMENTS(names); k++) {
            g_autoptr(GPtrArray) list = mime_fields_addresses(&view->mail->parts[i].fields, names[k]);
            for (guint j = 0; j < list->len && out->failed->len == 0; j++) {
                const struct mime_address *address = list->pdata[j];
                if (strchr(address->email, '@'))
                    mail_record_add_failed(out, address->email);
            }
        }
    const char *copy = out->failed->len == 0 ? bounce_find_returned(view->body) : NULL;
    g_autoptr(GPtrArray) groups = copy ? mime_fields_parse(copy) : NULL;
    for (guint i = 0; groups && i < groups->len; i++) {
        g_autoptr(GPtrArray) list = mime_fields_addresses(groups->pdata[i], "to");
        for (guint j = 0; j < list->len && out->failed->len == 0; j++) {
            const struct mime_address *address = list->pdata[j];
            if (strchr(address->email, '@'))
                mail_record_add_failed(out, address->email);
        }
    }
}

/* What the notice says about one recipient: from the line that names it to the next blank line or recipient.
 */
static char *
words_about(const char *notice, const char *address, guint recipients)
{
    g_autofree char *lower = g_ascii_strdown(notice, -1);
    const char *at = recipients > 1 ? strstr(lower, address) : NULL;
    if (!at)
        return g_strdup(notice);
    const char *from = at;
    while (from > lower && from[-1] != '\n')
        from--;
    const char *to = at + strlen(address);
    for (guint lines = 0; *to && lines < 8; to++) {
        if (*to != '\n')
            continue;
        lines++;
        const char *next = to + 1;
        const char *mark = next + strspn(next, " \t");
        if (lines > 1 && (*mark == '\n' || *mark == '<'))
            break;
        if (*mark == '<' && strchr(mark, '@'))
            break;
    }
    return g_strndup(notice + (from - lower), (gsize)(to - from));
}

/* The last line of the notice that carries a code, or the line with the phrase. */
static char *
find_evidence(const char *notice, const char *phrase)
{
    for (const char *p = notice; *p;) {
        gsize n = strcspn(p, "\n");
        g_autofree char *line = g_strndup(p, n);
        g_autofree char *status = classify_find_status(line);
        if (status && status[0] != '2')
            return g_steal_pointer(&line);
        p += n + (p[n] == '\n');
    }
    return phrase ? classify_line_with(notice, phrase) : NULL;
}

static gboolean
encloses_message(const struct classify_view *view)
{
    for (guint i = 0; i < view->mail->part_count; i++)
        if (view->mail->parts[i].fields.count > 0)
            return TRUE;
    return bounce_find_returned(view->body) != NULL;
}

/* Words in a language that is not in the lists, but a recipient and why: a code, or words that mean one
 * thing. */
static gboolean
names_failure(const struct classify_view *view, const char *notice, const struct mail_record *out)
{
    if (out->failed->len == 0 || view->answers)
        return FALSE;
    g_autofree char *status = classify_find_status(notice);
    enum bounce_reason reason;
    enum tri_state permanent;
    classify_judge_failure(status ? status : "", notice, &reason, &permanent);
    return (status && status[0] != '2') || reason == BOUNCE_REASON_ADDRESS_DEAD ||
           reason == BOUNCE_REASON_DOMAIN_DEAD || reason == BOUNCE_REASON_FULL;
}

/* Judges every failed recipient, or the mail as a whole when none is named. */
static void
judge_failed(const struct classify_view *view, const char *notice, gboolean delay, struct mail_record *out)
{
    g_autofree char *everywhere = classify_find_status(notice);
    for (guint i = 0; i < out->failed->len; i++) {
        struct failed_recipient *failed = out->failed->pdata[i];
        g_autofree char *words = words_about(notice, failed->address, out->failed->len);
        g_autofree char *status = classify_find_status(words);
        const char *code = status ? status : (everywhere ? everywhere : "");
        bounce_set_failure(failed, code[0] == '2' ? "" : code, words);
        if (failed->permanent == TRI_STATE_UNKNOWN) { /* "Returned mail: User unknown", and no word more */
            g_autofree char *all = g_strconcat(view->subject, "\n", words, NULL);
            bounce_set_failure(failed, code[0] == '2' ? "" : code, all);
        }
        if (delay)
            failed->permanent = TRI_STATE_NO;
    }
    if (out->failed->len == 0) {
        classify_judge_failure(everywhere ? everywhere : "", notice, &out->reason, &out->permanent);
        if (delay)
            out->permanent = TRI_STATE_NO;
        mail_record_set(&out->status, everywhere && everywhere[0] != '2' ? everywhere : "", 16);
    }
}

gboolean
bounce_check_form(const struct classify_view *view, struct mail_record *out)
{
    gboolean named = classify_header(view, "x-failed-recipients") != NULL;
    gboolean report = classify_header(view, "x-ms-exchange-message-is-ndr") != NULL;
    for (guint i = 0; i < view->mail->part_count && !report; i++)
        report = view->mail->parts[i].method && view->mail->parts[i].message < 0 &&
                 strcmp(view->mail->parts[i].method, "delivery-status") == 0;
    const char *subject = phrase_list_find(&subject_list, view->subject_folded);
    if (!named && !report && !view->daemon && !view->null_sender && !subject)
        return FALSE; /* no rule below can hold */
    g_autofree char *notice = collect_notice(view);
    g_autofree char *folded = classify_fold(notice, VIEW_FOLDED_MAX);
    const char *sentence = phrase_list_find(&sentence_list, folded);
    const char *delay_subject = phrase_list_find(&delay_list, view->subject_folded);
    const char *delay_sentence = phrase_list_find(&delay_list, folded);
    gboolean encloses = encloses_message(view);

    find_failed_in_text(view, notice, out);
    gboolean answers = view->answers && (*out->in_reply_to || view->marks.quote);
    const char *rule = NULL;
    if (named)
        rule = "form-failed-recipients-field";
    else if (report && (subject || sentence))
        rule = "form-empty-report";
    else if (view->daemon && (subject || sentence || delay_subject || names_failure(view, notice, out)))
        rule = "form-mail-system";
    else if (view->null_sender && subject && (sentence || encloses))
        rule = "form-null-sender";
    else if (view->null_sender && sentence && out->failed->len > 0 && !view->answers)
        rule = "form-null-sender-words";
    else if (!answers && subject && sentence && (encloses || out->failed->len > 0))
        rule = "form-returned-mail";
    if (!rule) {
        g_ptr_array_set_size(out->failed, 0);
        return FALSE;
    }
    gboolean delay = !named && (delay_subject || delay_sentence) &&
                     !classify_has_phrase(folded, "permanent error", NULL) &&
                     !strstr(folded, "permanent fatal");
    bounce_take_returned(view, view->body, -1, out);
    if (out->failed->len == 0)
        find_failed_in_returned(view, out);
    judge_failed(view, notice, delay, out);
    bounce_sum_up(out);
    g_autofree char *evidence =
        find_evidence(notice, delay ? (delay_sentence ? delay_sentence : delay_subject) : sentence);
    return classify_decide(out, delay ? MAIL_CLASS_DELAY : MAIL_CLASS_BOUNCE, delay ? "form-delay" : rule,
                           evidence ? evidence : view->subject);
}
