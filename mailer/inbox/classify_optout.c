/* Purpose: "no more mail, please". A wrong opt-out silences a customer, so this is the most reluctant of the
 * classes: mail to the List-Unsubscribe address, a subject that is nothing else, or plain words at the head
 * of a short message by a person. Quoted footers are gone by then (reply_text.h); a question about
 * unsubscribing is none. */
#include <string.h>

#include "inbox/classify_view.h"
#include "inbox/classify_words.h"

#define SHORT_BYTES 600u /* longer messages say more than that */
#define HEAD_LINES 4u

/* The local part and domain of an address without "+token". */
static gboolean
same_mailbox(const char *a, const char *b)
{
    if (g_ascii_strcasecmp(a, b) == 0)
        return TRUE;
    const char *domain_a = strrchr(a, '@'), *domain_b = strrchr(b, '@');
    if (!domain_a || !domain_b || g_ascii_strcasecmp(domain_a, domain_b) != 0)
        return FALSE;
    gsize local_a = strcspn(a, "+@"), local_b = strcspn(b, "+@");
    return local_a == local_b && g_ascii_strncasecmp(a, b, local_a) == 0 && b[local_b] == '@' &&
           a[local_a] == '+';
}

static gboolean
goes_to_unsubscribe(const struct classify_view *view, const struct mail_record *out)
{
    const char *address = view->ctx->unsubscribe_address;
    if (!address || !*address)
        return FALSE;
    for (guint i = 0; i < out->recipients->len; i++)
        if (same_mailbox(out->recipients->pdata[i], address))
            return TRUE;
    return FALSE;
}

/* "Can you please take me off this list?" asks nothing. */
static gboolean
is_polite_request(const char *line)
{
    static const char *const openings[] = {"can you ", "could you ", "would you ", "will you ",
                                           "can i ask you to "};
    for (gsize i = 0; i < G_N_ELEMENTS(openings); i++) {
        const char *at = strstr(line, openings[i]);
        if (!at)
            continue;
        at += strlen(openings[i]);
        static const char *const fillers[] = {"please ", "kindly ", "just ", "also "};
        for (gsize k = 0; k < G_N_ELEMENTS(fillers); k++)
            if (g_str_has_prefix(at, fillers[k]))
                at += strlen(fillers[k]);
        if (classify_words_begin(WORDS_OPT_OUT, at))
            return TRUE;
    }
    return FALSE;
}

/* "How do I unsubscribe a user?" and "we unsubscribe people who…" are not about this mail. */
static gboolean
is_question(const char *line)
{
    static const char *const openings[] = {"how ",           "can i ",       "can we ", "could we ",
                                           "is it possible", "what happens", "wie ",    "comment ",
                                           "como ",          "come "};
    static const char *const others[] = {"users", "customers", "our list", "our subscribers", "subscribers"};
    if (strchr(line, '?') || strstr(line, "\xd8\x9f"))
        return !is_polite_request(line);
    for (gsize i = 0; i < G_N_ELEMENTS(openings); i++)
        if (g_str_has_prefix(line, openings[i]))
            return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (classify_has_phrase(line, others[i], NULL))
            return TRUE;
    return FALSE;
}

/* "unsubscribe from the pipelines add-on" and "stop sending us the debug events" are about a product: unless
 * the wish ends the sentence, the line must speak of mail. */
static gboolean
speaks_of_mail(const char *line, const char *phrase)
{
    static const char *const words[] = {
        "mail",        "list",     "newsletter",    "messag",    "mensaj",   "mensag",   "messagg",
        "correo",      "courriel", "nachricht",     "verteiler", "adresse",  "address",  "contact",
        "kontakt",     "emailing", "communication", "outreach",  "spam",     "from you", "you guys",
        "e-post",      "mejl",     "wiadomo",       "рассыл",    "пис",      "сообщ",    "posta",
        "メール",      "配信",     "リスト",        "邮件",      "列表",     "메일",     "수신",
        "연락",        "구독",     "بريد",          "رسائل",     "اشتراك",   "contatt",  "scrivet",
        "anschreiben", "escriba",  "订阅",          "訂閱",      "联系",     "подпис",   "uitschrijv",
        "abmeld",      "dezabon",  "baja",          "desinscri", "desabonn", "lijst",    "списк",
        "名单",        "名單",     "목록",          "قائمة"};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(line, words[i]))
            return TRUE;
    const char *rest = strstr(line, phrase);
    rest = rest ? rest + strlen(phrase) : "";
    static const char *const polite[] = {"please",   "thanks", "thank you", "immediately", "now",
                                         "asap",     "today",  "this",      "these",       "anything",
                                         "stuff",    "danke",  "merci",     "gracias",     "grazie",
                                         "obrigado", "bitte",  "again",     "anymore"};
    rest += strspn(rest, " ");
    if ((g_str_has_prefix(rest, "me") || g_str_has_prefix(rest, "us")) && !g_ascii_isalpha(rest[2]))
        rest += 2; /* "please unsubscribe" found in "please unsubscribe me" */
    for (;;) {
        rest += strspn(rest, " .,!;:-");
        gsize i = 0;
        while (i < G_N_ELEMENTS(polite) && !g_str_has_prefix(rest, polite[i]))
            i++;
        if (i == G_N_ELEMENTS(polite))
            break;
        rest += strlen(polite[i]);
    }
    return *rest == '\0';
}

/* The subject that the List-Unsubscribe link of our mails makes, "unsubscribe TOKEN" (compose/letter.c), or
 * the word with the sender's own address. */
static gboolean
is_link_subject(const struct classify_view *view)
{
    const char *subject = view->subject_folded;
    if (!g_str_has_prefix(subject, "unsubscribe "))
        return FALSE;
    const char *rest = subject + strlen("unsubscribe ");
    gsize n = strspn(rest, "0123456789abcdef");
    return (n >= 12 && n <= 64 && rest[n] == '\0') || (*view->from && strcmp(rest, view->from) == 0);
}

/* "Not interested, please remove me.": the last words of a line, behind a mark, are the wish and nothing
 * else. What one is to be removed from would follow. */
static gboolean
ends_in_wish(const char *line)
{
    static const char *const wishes[] = {"remove me",   "remove us",      "take me off",
                                         "take us off", "unsubscribe me", "unsubscribe us",
                                         "unsubscribe", "opt me out",     "opt us out"};
    static const char *const openings[] = {"please ",           "kindly ",        "pls ",
                                           "so please ",        "just ",          "and please ",
                                           "could you please ", "can you please "};
    g_autofree char *copy = g_strdup(line);
    gsize end = strlen(copy);
    while (end > 0 && strchr(" .!", copy[end - 1]))
        copy[--end] = '\0';
    char *clause = copy + end;
    while (clause > copy && !strchr(",.;!:-", clause[-1]))
        clause--;
    clause += strspn(clause, " ");
    for (gsize i = 0; i < G_N_ELEMENTS(openings); i++)
        if (g_str_has_prefix(clause, openings[i])) {
            clause += strlen(openings[i]);
            break;
        }
    for (gsize i = 0; i < G_N_ELEMENTS(wishes); i++)
        if (strcmp(clause, wishes[i]) == 0)
            return TRUE;
    return FALSE;
}

gboolean
classify_is_unsubscribe_mail(const struct classify_view *view, const struct mail_record *out)
{
    return goes_to_unsubscribe(view, out) || is_link_subject(view) ||
           (!view->list && classify_words_equal(WORDS_OPT_OUT_LINE, view->subject_folded) != NULL);
}

gboolean
classify_check_opt_out(const struct classify_view *view, struct mail_record *out)
{
    if (goes_to_unsubscribe(view, out))
        return classify_decide(out, MAIL_CLASS_OPT_OUT, "to-unsubscribe-address",
                               view->ctx->unsubscribe_address);
    /* Mail programs write such mails by themselves, and say so (Apple: Auto-Submitted: auto-replied). */
    const char *subject = view->subject_folded;
    gboolean by_program =
        classify_header_has(view, "auto-submitted", "auto-replied") && !view->list && !view->daemon;
    if (!out->personal && !by_program)
        return FALSE;
    if (is_link_subject(view)) /* whatever the body: mail programs fill it in */
        return classify_decide(out, MAIL_CLASS_OPT_OUT, "subject-of-our-link", view->subject);
    if (classify_words_equal(WORDS_OPT_OUT_LINE, subject) && strlen(view->new_text) <= SHORT_BYTES)
        return classify_decide(out, MAIL_CLASS_OPT_OUT, "subject-is-unsubscribe", view->subject);
    if (!out->personal || strlen(view->new_text) > SHORT_BYTES || !(view->answers || view->mail->headerless))
        return FALSE;
    guint seen = 0;
    g_auto(GStrv) lines = g_strsplit(view->new_text, "\n", 64);
    for (char **line = lines; *line && seen < HEAD_LINES; line++) {
        g_autofree char *folded = classify_fold(*line, 1000);
        if (*folded == '\0')
            continue;
        seen++;
        if (*folded == '>' || is_question(folded))
            continue;
        const char *bare = folded;
        static const char *const openings[] = {"please ", "kindly ", "pls ", "bitte ", "hi, ", "hello, "};
        for (gsize i = 0; i < G_N_ELEMENTS(openings); i++)
            if (g_str_has_prefix(bare, openings[i]))
                bare += strlen(openings[i]);
        if (classify_words_equal(WORDS_OPT_OUT_LINE, bare))
            return classify_decide(out, MAIL_CLASS_OPT_OUT, "line-is-unsubscribe", *line);
        const char *wish = classify_words_find(WORDS_OPT_OUT, folded);
        if ((wish && speaks_of_mail(folded, wish)) || ends_in_wish(folded))
            return classify_decide(out, MAIL_CLASS_OPT_OUT, "words-opt-out", *line);
    }
    return FALSE;
}
