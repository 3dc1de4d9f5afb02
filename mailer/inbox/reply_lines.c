/* Purpose: tell quotes, attributions, header blocks, signatures and notices from what a person typed, line by
 * line.
 *
 * Attributions ("On 3 May 2026 at 10:12, Ada <ada@…> wrote:") differ by language and mail program, but all
 * name a time or an address and end in a colon or a verb of writing; that is what is looked for, over up to
 * six lines. */
#include "inbox/reply_lines.h"

#include <string.h>

#include "inbox/classify_fold.h"
#include "inbox/phrases.h"

#define MAX_LINES 4000u
#define MAX_ATTRIBUTION_LINES 6u
#define MAX_ATTRIBUTION_BYTES 500u

/* clang-format off */
static const char *const writing_verbs[] = {
    "wrote", "writes", "written", "schrieb", "schrieben", "schreibt", "geschrieben", "a ecrit", "ecrit", "ecrivait", "escribio", "ha escrito", "escriba", "ha scritto", "scrive", "scritto",
    "escreveu", "schreef", "geschreven", "skrev", "skrev:", "kirjoitti", "napisał", "napisał(a)", "napisała", "pisze", "napsal", "napsal(a)", "napisal", "napisal(a)", "napisao", "написал", "написала", "написал(а)", "пишет", "писал",
    "пише", "написав", "написа", "yazdi", "sunlari yazdi", "irta", "a scris", "εγραψε", "va escriure", "ha escrit", "đa viet", "menulis", "写道", "寫道", "写的", "寫", "のメール", "書きました", "が書いた", "작성", "님이", "كتب", "כתב", "מאת", "rasa", NULL};
static const char *const originals[] = {
    "original message", "original mail", "original email", "originalnachricht", "ursprungliche nachricht", "ursprungliche mail", "originalmeldung", "message d'origine", "message original", "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht", "originele bericht",
    "originalmeddelande", "ursprungligt meddelande", "oprindelig meddelelse", "oprindelig besked", "opprinnelig melding", "alkuperainen viesti", "wiadomosc oryginalna", "oryginalna wiadomosc", "puvodni zprava", "eredeti uzenet", "mesaj original", "исходное сообщение", "оригинальное сообщение", "оригинал письма", "orijinal ileti", "ozgun ileti", "orijinal mesaj",
    "元のメッセージ", "原始邮件", "原始郵件", "邮件原件", "원본 메시지", "원본 메일", "الرسالة الأصلية", "original appointment", "reply message", "reply above this line", "type your reply above",
    "forwarded message", "forwarded by", "weitergeleitete nachricht", "message transfere", "mensaje reenviado", "messaggio inoltrato", "mensagem encaminhada", "doorgestuurd bericht", "vidarebefordrat meddelande", "videresendt meddelelse", "videresendt besked", "valitetty viesti", "пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение", "iletilen mesaj", "转发的邮件", "轉寄郵件", "転送メッセージ", "전달된 메시지", NULL};
static const char *const original_lines[] = {
    "begin forwarded message", "anfang der weitergeleiteten", "anfang der weitergeleiteten nachricht", "debut du message transfere", "debut du message reexpedie", "inicio del mensaje reenviado", "inizio messaggio inoltrato", "inicio da mensagem reencaminhada", "begin doorgestuurd bericht", "vidarebefordrat brev", "videresendt besked", "videresendt melding", "начало переадресованного сообщения", "以下は転送されたメッセージです", "开始转发", NULL};
/* Header labels in mail programs' languages: who, when, to whom, what about. */
static const char *const labels[] = {
    "from", "von", "de", "da", "van", "fra", "fran", "od", "nadawca", "odesilatel", "от", "від", "от кого", "kimden", "gonderen", "felado", "lahettaja", "expediteur", "remitente", "mittente", "expeditor", "απο", "发件人", "發件人", "寄件者", "寄件人", "差出人", "送信者", "보낸 사람", "보낸사람", "من", "מאת",
    "sent", "date", "gesendet", "datum", "envoye", "envoye le", "enviado", "enviado el", "enviada em", "fecha", "data", "inviato", "verzonden", "skickat", "sendt", "dato", "sendt den", "lahetetty", "paivamaara", "pvm", "wysłano", "wysłane", "odeslano", "datum odeslani", "отправлено", "дата", "gonderildi", "gonderme tarihi", "tarih", "elkuldve", "kuldve", "datum", "trimis", "发送时间", "發送時間", "日期", "寄件日期", "送信日時", "日時", "日付", "보낸 날짜", "날짜", "التاريخ", "نשלח", "message du", "sent on",
    "to", "an", "a", "para", "aan", "til", "till", "vastaanottaja", "do", "komu", "кому", "kime", "alici", "cimzett", "catre", "προσ", "收件人", "收件者", "宛先", "받는 사람", "받는사람", "إلى", "אל",
    "subject", "betreff", "objet", "asunto", "oggetto", "assunto", "onderwerp", "amne", "emne", "aihe", "temat", "predmet", "тема", "konu", "targy", "subiect", "θεμα", "主题", "主題", "件名", "제목", "الموضوع", "נושא", "sujet",
    "cc", "cc.", "kopie", "copie", "copie a", "copia", "kopi", "kopia", "kopio", "dw", "копия", "bilgi", "抄送", "副本", "참조", "reply-to", "antwort an", "repondre a", "responder a", "rispondi a", "risposta", "responder para", "svar til", "importance", "wichtigkeit", NULL};
static const char *const sent_from[] = {
    "sent from my", "sent from outlook", "sent from mail for", "sent from yahoo", "sent from gmail", "sent from proton", "sent from samsung", "sent from the", "sent from a", "sent from iphone", "sent from ipad", "sent from windows", "sent from aol", "sent from mobile", "sent from blackberry", "sent from nine", "sent from spark", "sent from mailbird", "sent via", "sent with", "get outlook for", "outlook for ios", "outlook for android", "download outlook", "von meinem", "gesendet von", "gesendet mit", "von unterwegs", "diese nachricht wurde von meinem", "outlook fur", "holen sie sich outlook", "envoye de mon", "envoye depuis", "envoye a partir", "provenance", "telecharger outlook", "obtenir outlook", "obtenez outlook", "enviado desde", "enviado de mi", "enviado do meu", "enviado a partir", "enviado via", "obtener outlook", "obter o outlook", "inviato da", "inviato dal", "scarica outlook", "ottieni outlook", "verstuurd vanaf", "verzonden vanaf", "verzonden met", "verzonden via", "outlook voor", "download outlook voor", "skickat fran", "hamta outlook", "sendt fra", "hent outlook", "lahetetty", "wysłane z", "wysłano z", "pobierz program outlook", "odeslano z", "отправлено с", "отправлено из", "gonderildi", "iphone'umdan gonderildi", "发自我的", "發自我的", "从我的", "來自我的", "iphoneから送信", "ipadから送信", "나의 iphone에서 보냄", "내 iphone에서 보냄", "iphone에서 보냄", "أرسلت من", "تم الإرسال من", "נשלח מה", "trimis de pe", "σταλθηκε απο το", NULL};
static const char *const disclaimers[] = {
    "this email and any", "this e-mail and any", "this email, including", "this e-mail, including", "this email (including", "this e-mail (including", "this message and any", "this message (including", "this email is confidential", "this e-mail is confidential", "this message is confidential", "this communication is", "this email is intended", "this e-mail is intended", "this message is intended", "this message contains confidential", "this email may contain", "this e-mail may contain", "this e-mail contains", "this email contains confidential", "this transmission", "this message may contain", "the information in this email", "the information in this e-mail", "the information contained in this", "the content of this email", "the contents of this email", "confidentiality notice", "confidential:", "disclaimer:", "disclaimer", "legal notice", "notice: this", "important notice:", "please consider the environment", "please think of the environment", "caution: this email originated", "caution: external", "caution! ", "external email:", "external sender", "warning: this email", "warning: this message", "this email originated", "this message originated", "this email came from outside", "you don't often get email from", "achtung: externe", "achtung: diese e-mail", "attention : ce", "attention: ce", "atencion: este correo", "attenzione: questa", "[external email]", "privileged and confidential", "private and confidential", "if you are not the intended recipient", "if you have received this",
    "diese e-mail enthalt", "diese mail enthalt", "diese nachricht enthalt", "diese e-mail kann", "diese e-mail ist vertraulich", "der inhalt dieser e-mail", "die information in dieser", "die in dieser e-mail", "vertraulichkeitshinweis", "hinweis: diese", "geschaftsfuhrer:", "ce message et toutes", "ce message et ses", "ce message est confidentiel", "ce message peut contenir", "ce courriel", "les informations contenues dans ce", "pensez a l'environnement", "avis de confidentialite", "este mensaje y", "este mensaje contiene", "este mensaje puede", "este correo electronico", "este correo y", "la informacion contenida en este", "aviso legal", "aviso de confidencialidad", "antes de imprimir", "il presente messaggio", "questo messaggio", "questa e-mail", "le informazioni contenute", "ai sensi del", "esta mensagem", "este e-mail e", "este email e", "aviso de confidencialidade", "as informacoes contidas", "dit bericht kan", "dit bericht is", "deze e-mail", "deze e-mail is", "de informatie in deze", "det har meddelandet", "detta meddelande", "denne e-post", "denne e-mail", "denne meddelelse", "ta wiadomosc", "niniejsza wiadomosc", "tresc tej wiadomosci", "данное сообщение", "это сообщение и", "настоящее сообщение", "bu e-posta", "bu mesaj", "本邮件及", "本郵件", "此邮件", "このメールには", "本メール", "본 메일", "هذه الرسالة", NULL};
/* clang-format on */

static struct phrase_list verb_list = {.phrases = writing_verbs, .words = TRUE};
static struct phrase_list original_list = {.phrases = originals};
static struct phrase_list original_line_list = {.phrases = original_lines};
static struct phrase_list sent_from_list = {.phrases = sent_from};
static struct phrase_list disclaimer_list = {.phrases = disclaimers};

static char *
fold_line(const struct line *line)
{
    return classify_fold(line->start, MIN(line->len, 2000));
}

/* "> ", ">> ", "| " and the initials of old mail programs ("JD> "). */
static gboolean
is_quote(const char *s, gsize len)
{
    gsize i = 0;
    while (i < len && (s[i] == ' ' || s[i] == '\t') && i < 2)
        i++;
    if (i < len && s[i] == '>')
        return TRUE;
    if (len >= 1 && s[0] == '|' && (len == 1 || s[1] == ' '))
        return TRUE;
    gsize n = 0;
    while (n < len && n < 4 && g_ascii_isupper(s[n]))
        n++;
    return n > 0 && n < len && s[n] == '>' && (n + 1 == len || s[n + 1] == ' ' || s[n + 1] == '>');
}

/* Nothing but marks: a line drawn with - _ = * # ~ + and the like, or the dash that begins a signature. */
static gboolean
is_delimiter(const char *folded)
{
    gsize marks = 0;
    const char *p = folded;
    for (; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (c == ' ')
            continue;
        if (!(c < 128 && strchr("-_=*#~+", (int)c)) && !(c >= 0x2500 && c <= 0x257f) && c != 0x1427)
            return FALSE;
        marks++;
    }
    return marks >= 2 || strcmp(folded, "-") == 0 || (marks == 1 && g_utf8_get_char(folded) >= 0x80);
}

static gboolean
is_original(const char *folded)
{
    if (phrase_list_begins(&original_line_list, folded) && strlen(folded) < 80)
        return TRUE;
    const char *inner = folded + strspn(folded, "-_*=# >");
    if (inner - folded < 2 || strlen(folded) > 120)
        return FALSE;
    return phrase_list_begins(&original_list, inner);
}

/* "From: …", also "*From:* …" and "De : …". */
static gboolean
is_label(const char *folded)
{
    const char *p = folded + strspn(folded, "*_> ");
    gsize n = strcspn(p, ":");
    const char *wide = strstr(p, "：");
    if (p[n] == '\0' && wide)
        n = (gsize)(wide - p);
    if (p[n] == '\0' || n > 40)
        return FALSE;
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '*'))
        n--;
    for (const char *const *label = labels; *label; label++)
        if (**label == *p && strncmp(p, *label, n) == 0 && (*label)[n] == '\0')
            return TRUE;
    return FALSE;
}

/* ---- attributions ---- */

/* Digits that look like a clock or a calendar: 10:12, 18.30, 2026-05-03, 3.5.2026, 5/3/26, a year. */
static gboolean
names_time(const char *s)
{
    for (const char *p = s; *p; p++) {
        if (!g_ascii_isdigit(*p) || (p > s && g_ascii_isdigit(p[-1])))
            continue;
        gsize n = strspn(p, "0123456789");
        if (n == 4 && (p[0] == '1' || p[0] == '2') && (p[1] == '9' || p[1] == '0'))
            return TRUE;
        if (n <= 2 && p[n] && strchr(":./-h", p[n]) && g_ascii_isdigit(p[n + 1]))
            return TRUE;
    }
    return FALSE;
}

static gboolean
names_writing(const char *folded)
{
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &verb_list, folded);
    return phrase_walk_next(&walk, &which, &at);
}

static gboolean
ends_with_colon(const char *folded)
{
    gsize len = strlen(folded);
    return len > 0 &&
           (folded[len - 1] == ':' || g_str_has_suffix(folded, "：") || g_str_has_suffix(folded, "::"));
}

/* "a@b.c"; a mention ("@name") is none. */
static gboolean
names_address(const char *s)
{
    for (const char *at = strchr(s, '@'); at; at = strchr(at + 1, '@')) {
        gsize n = strcspn(at, " >,;)\"");
        if (at > s && at[-1] != ' ' && memchr(at, '.', n))
            return TRUE;
    }
    return FALSE;
}

/* Gmail once wrote no verb: "2013/7/20 sam via List <a@b>", "2016-03-03 17:21 GMT+01:00 Some One". */
static gboolean
is_bare_attribution(const char *folded)
{
    if (!g_ascii_isdigit(folded[0]) || strspn(folded, "0123456789") != 4 ||
        (folded[4] != '-' && folded[4] != '/'))
        return FALSE;
    gsize len = strlen(folded);
    return (len > 12 && folded[len - 1] == '>' && strchr(folded, '@')) || strstr(folded, " gmt") != NULL;
}

/* What an attribution is known by, over all its lines. */
struct attribution_signs {
    gboolean time, address, verb;
};

/* How many lines from first on make an attribution; 0 when none do. folded holds the lines' folded texts. */
static guint
measure_attribution(const GArray *lines, GPtrArray *folded, guint first)
{
    struct attribution_signs signs = {0};
    g_autoptr(GString) joined = NULL;
    gsize bytes = 0;
    gboolean gap = FALSE;
    for (guint i = first; i < lines->len && i < first + MAX_ATTRIBUTION_LINES; i++) {
        const struct line *line = &g_array_index(lines, struct line, i);
        if (line->kind == LINE_EMPTY) {
            gap = TRUE;
            continue;
        }
        if (line->kind != LINE_TEXT && !(i > first && line->len < 120 && line->start[0] == '>' &&
                                         line->len > 1 && strchr(" :w", line->start[1])))
            return 0;
        if (!folded->pdata[i])
            folded->pdata[i] = fold_line(line);
        const char *text = folded->pdata[i];
        bytes += (bytes > 0) + strlen(text);
        if (bytes > MAX_ATTRIBUTION_BYTES)
            return 0;
        signs.time = signs.time || names_time(text);
        signs.address = signs.address || names_address(text);
        signs.verb = signs.verb || names_writing(text);
        if (i == first && !signs.time && !signs.address && !signs.verb)
            return 0; /* the first line already shows what it is */
        if (!joined)
            joined = g_string_new(text);
        else
            g_string_append_printf(joined, " %s", text);
        if (!signs.verb && i > first) /* "ha" on one line, "escrito" on the next */
            signs.verb = names_writing(joined->str);
        if (gap && !(signs.time && signs.verb))
            continue;
        if (ends_with_colon(text) &&
            ((signs.time && (signs.address || signs.verb)) || (signs.address && signs.verb)))
            return i - first + 1;
        if (!gap && i == first && is_bare_attribution(text))
            return 1;
    }
    return 0;
}

/* ---- reading ---- */

static void
mark_header_blocks(GArray *lines, GArray *is_header)
{
    for (guint i = 0; i < lines->len; i++) {
        if (!g_array_index(is_header, gboolean, i))
            continue;
        guint found = 0, last = i, gap = 0;
        for (guint k = i; k < lines->len && k < i + 16 && gap < 2; k++) {
            if (g_array_index(is_header, gboolean, k)) {
                found++;
                last = k;
                gap = 0;
            } else if (g_array_index(lines, struct line, k).kind != LINE_EMPTY) {
                gap++; /* a folded value */
            }
        }
        if (found >= 3)
            for (guint k = i; k <= last; k++)
                g_array_index(lines, struct line, k).kind = LINE_ORIGINAL;
        i = found >= 3 ? last : i;
    }
}

/* What kind of line its folded text alone makes it. */
static enum line_kind
kind_of(const struct line *line, const char *folded)
{
    const char *bare = folded + strspn(folded, "*_[( ");
    if (*folded == '\0')
        return LINE_EMPTY;
    if (is_delimiter(folded))
        return LINE_DELIMITER;
    if (is_original(folded))
        return LINE_ORIGINAL;
    if (phrase_list_begins(&sent_from_list, bare) && line->len < 160)
        return LINE_SENT_FROM;
    if (phrase_list_begins(&disclaimer_list, bare))
        return LINE_DISCLAIMER;
    return LINE_TEXT;
}

GArray *
reply_lines_read(const char *text)
{
    GArray *lines = g_array_new(FALSE, TRUE, sizeof(struct line));
    g_autoptr(GArray) is_header = g_array_new(FALSE, TRUE, sizeof(gboolean));
    g_autoptr(GPtrArray) all_folded = g_ptr_array_new_with_free_func(g_free);
    for (const char *p = text; *p && lines->len < MAX_LINES;) {
        struct line line = {.start = p, .len = strcspn(p, "\n"), .kind = LINE_TEXT};
        p += line.len + (p[line.len] == '\n');
        gboolean header = FALSE;
        char *folded = NULL; /* a quote's is wanted only where it goes on with an attribution */
        if (is_quote(line.start, line.len)) {
            line.kind = LINE_QUOTE;
        } else {
            folded = fold_line(&line);
            line.kind = kind_of(&line, folded);
            header = (line.kind == LINE_TEXT || line.kind == LINE_SENT_FROM) && is_label(folded);
        }
        g_ptr_array_add(all_folded, folded);
        g_array_append_val(lines, line);
        g_array_append_val(is_header, header);
    }
    mark_header_blocks(lines, is_header);
    for (guint i = 0; i < lines->len; i++) {
        if (g_array_index(lines, struct line, i).kind != LINE_TEXT)
            continue;
        guint n = measure_attribution(lines, all_folded, i);
        for (guint k = 0; k < n; k++)
            g_array_index(lines, struct line, i + k).kind = LINE_ATTRIBUTION;
        i += n > 0 ? n - 1 : 0;
    }
    return lines;
}
