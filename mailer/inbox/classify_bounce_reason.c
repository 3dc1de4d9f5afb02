/* Purpose: one failed delivery → its reason, and whether the address or its domain is dead.
 *
 * The server's words come first where they are specific, because status codes are often generic (5.0.0) or
 * wrong (5.7.1 for an unknown user); then the enhanced code (RFC 3463), then the reply code. Only a dead
 * address or domain is permanent: a full mailbox, a policy, a spam filter or a size limit may let the next
 * mail pass. Any 4.x.x is temporary whatever the words say. */
#include <string.h>

#include "inbox/classify_view.h"
#include "inbox/phrases.h"

/* clang-format off */
/* Full: looked for first, because it may stand beside any code. */
static const char *const full_words[] = {
    "mailbox full", "mailbox is full", "mail box full", "mail box is full", "mailbox was full", "inbox is full",
    "inbox full", "mbox is full", "mbox full", "account is full", "user is full", "folder is full",
    "mailfolder is full", "over quota", "overquota", "over the quota", "over their quota", "over his quota",
    "over disk quota", "over its quota", "quota exceed", "exceeded quota", "exceeds quota", "exceed the quota",
    "exceeded the quota", "exceeds the quota", "exceeds allowed quota", "exceeded storage", "exceeded its storage",
    "exceeded their storage", "exceeded his storage", "exceeded your storage", "storage quota", "disk quota",
    "quota violation", "quota full", "out of quota", "mailbox quota", "quota for", "would be over the allowed quota",
    "would put mailbox over", "mailbox size limit", "exceeded mailbox", "mailbox exceeds", "mailbox has exceeded",
    "mailbox storage", "mailbox limit", "mailbox_full", "storage exceed", "out of storage",
    "insufficient system storage", "insufficient disk", "insufficient storage", "not enough storage",
    "not enough space", "no space left in mailbox", "not enough disk space", "over the maximum allowed mailbox size",
    "over the maximum allowed", "maximum storage", "too much mail", "too many messages in the mailbox",
    "too many messages in this mailbox", "too many messages on this mailbox", "has used up its quota",
    "space for more messages", "mailbox maximum size", "mailbox reached its maximum", "receiving mail at a rate",
    "voll", "speicherplatz", "pleine", "casella piena", "caixa cheia", "переполнен",
    "ボックスの容量", "容量を超", "いっぱい", "超出配额", "邮箱已满", "信箱已滿", "용량",
    "mailbox for user is full", "mailfolder", "mail quota", "exceeding their quota", "diskspace quota", "disc quota",
    "does not have enough space", "storage allocation", "exceeding its mailbox quota", "full mailbox",
    "mail file size exceeds", "exceeded the local limit", "disk space limit", "maildir over quota", "userdisk quota",
    "no space left", "reached disk quota", "would exceed maximum allowed storage", "space has been used up",
    "user has too many messages", "quota usage", "out of disk space", "exceeded the storage", "exceeds storage",
    "storage limit", "postfach voll", "postfach ist voll", "kontingent", "boite pleine", "boite aux lettres pleine",
    "quota depasse", "buzon lleno", "cuota excedida", "quota superata", "caixa postal cheia", "cota excedida",
    "mailbox vol", "postvak vol", "skrzynka pelna", "ящик заполнен", "kota asildi", "kotasi dolu", "容量已满", "容量已滿", "已满", "已滿", "爆满", "空间不足", "容量オーバー", "満杯", "가득", "ممتلئ", "e piena", "casella e piena", "mailbox van de ontvanger is vol", "is vol.", "postvak is vol", "bandeja llena", "buzon esta lleno", "buzon del destinatario esta lleno", "esta llena", "esta cheia", "esta lotada", "caixa cheia", "przepelnion", "jest pelna", "ar full", "er fuld", "er fullt", "on taynna", "je plna", "megtelt", "este plina", "γεματ", "переповнен", "posta kutusu dolu", NULL};
/* Too large. */
static const char *const size_words[] = {
    "message too large", "message too big", "message is too large", "message is too big", "message was too large",
    "message was too big", "too large message", "message size exceeds", "message exceeds", "message length exceeds",
    "message file too big", "message larger than", "exceeds size limit", "exceeded max message size",
    "exceeds maximum message size", "exceeds the maximum message size", "maximum message size",
    "maximum size for a message", "exceeds fixed maximum message size", "size limit exceeded", "message size limit",
    "max message size", "body size exceed", "message header size exceeds", "exceeds the size limit",
    "exceeds the maximum size", "size exceeded", "mail size limit", "mailsize", "message too long",
    "larger than the current system limit", "size too large", "exceeded maximum inbound message size", NULL};
/* The address is dead, in words that mean nothing else. */
static const char *const dead_words[] = {
    "user unknown", "unknown user", "no such user", "no such mailbox", "no such recipient", "no such address",
    "no such person", "no such account", "unknown recipient", "recipient unknown", "unknown address",
    "address unknown", "unknown local", "local user unknown", "unknown mailbox", "mailbox unknown", "unknown account",
    "account unknown", "user not found", "mailbox not found", "recipient not found", "recipientnotfound",
    "recipnotfound", "address not found", "account not found", "invalid recipient", "invalid user", "invalid mailbox",
    "invalid destination mailbox", "invalid final delivery userid", "not a valid user", "not a valid mailbox",
    "not a valid recipient", "user doesn't", "user does not exist", "mailbox does not exist", "mailbox doesn't exist",
    "account does not exist", "account doesn't exist", "address does not exist", "address doesn't exist",
    "recipient does not exist", "recipient doesn't exist", "that you tried to reach does not exist",
    "does not exist here", "user not exist", "no mailbox here", "no mailbox found", "mail-box not found",
    "no mail box available", "no mailbox available", "no such local", "not a known user", "doesn't have a yahoo",
    "does not have a yahoo", "recipient address rejected: access denied", "access denied. as(201806281)",
    "recipient address rejected: undeliverable", "recipient address rejected: user", "recipient rejected",
    "unrouteable address", "has moved", "bad_recipient", "bad recipient", "bad address", "addressee unknown",
    "who does not exist", "name not recognized", "not our customer", "not listed in",
    "mailbox unavailable or access denied", "requested action not taken: mailbox unavailable", "mailbox is disabled",
    "mailbox disabled", "account is disabled", "account disabled", "account has been disabled",
    "email account that you tried to reach is disabled", "user disabled", "deactivated", "account closed",
    "no longer accepts mail", "no longer valid", "no longer in use", "anwender unbekannt", "empfanger unbekannt",
    "utilisateur inconnu", "destinataire inconnu", "usuario desconocido", "utente sconosciuto", "宛先不明",
    "存在しません", "不存在", "нет такого", "address invalid", "address rejected",
    "address not present in directory", "badrcptto", "not find any address", "unknown e-mail address",
    "unknown email address", "email address could not be found", "e-mail address could not be found",
    "invalid mailbox path", "is not an active address", "mailbox invalid", "mailbox is inactive",
    "mailbox not present", "nessuna casella", "no account by that name", "no existe dicha persona",
    "no existe ese usuario", "no mailbox by that name", "account unavailable", "no valid recipients",
    "not known at this site", "recipient no longer", "recipient is not accepted", "that user isn't registered",
    "there is no one at this address", "this email address is wrong", "user not active", "user missing",
    "unknown virtual user", "has been replaced by", "is not a known recipient", "is not a known user",
    "no longer available", "no longer exists", "no longer exist", "address does not", "isn't a known user",
    "could not be found in the directory", "not found by smtp address lookup", "user is unknown",
    "recipient is unknown", "unknown or invalid address", "unknown or illegal alias",
    "der empfanger existiert nicht", "benutzer unbekannt", "empfanger existiert nicht", "destinatario sconosciuto",
    "utente non trovato", "destinatario desconocido", "usuario no existe", "usuario inexistente",
    "destinataire n'existe pas", "adresse inconnue", "gebruiker onbekend", "nieznany uzytkownik",
    "kullanici bulunamadi", "пользователь не наиден", "адресат не наиден",
    "почтовыи ящик не", "用户不存在", "收件人不存在", "邮箱不存在", "無此用戶",
    "user in unknown", "user ist unbekannt", "수신자", "존재하지 않", "宛先のユーザ", "غير موجود", "destinataire invalide", "adresse invalide", "destinatario no valido", "destinatario inexistente", "destinatario non valido", "destinatario invalido", "indirizzo inesistente", "endereco inexistente", "okand mottagare", "okand anvandare", "mottagaren finns inte", "ukendt modtager", "ukjent mottaker", "tuntematon vastaanottaja", "uzytkownik nie istnieje", "adresat nie istnieje", "neznamy uzivatel", "uzivatel neexistuje", "ismeretlen cimzett", "utilizator necunoscut", "αγνωστοσ χρηστησ", "користувача не знаидено", "kullanici yok", "boyle bir kullanici", "alici bulunamadi", "查无此人", "查無此人", "没有此用户", "无此用户", "宛先が存在", "ユーザーが見つかりません", "없는 사용자", "사용자를 찾을 수 없", NULL};
/* Taken for spam. */
static const char *const spam_words[] = {
    "spam", "spamhaus", "unsolicited", "junk mail", "bulk mail", "blacklist", "black list", "blocklist", "block list",
    "block-list", "dnsbl", "spamcop", "sorbs", "barracuda", "suspicious", "looks like spam", "considered spam",
    "senderscore", "sender score", "blocked using", "high probability of spam", "ブラックリスト",
    "迷惑メール", "спам", "垃圾", "rbl.", "-rbl", " rbl ", "(rbl", "poor reputation", "bad reputation",
    "low reputation", "reputation of", "content rejected", "message content rejected", "unwanted mail",
    "unwanted email", NULL};
/* The domain or its host is dead. */
static const char *const domain_words[] = {
    "host unknown", "unknown host", "host not found", "host or domain name not found", "hostname unknown",
    "domain not found", "no such domain", "no such host", "domain does not exist", "domain doesn't exist",
    "domain not exist", "nonexistent domain", "non-existent domain", "non-existent host", "name service error",
    "couldn't find any host", "could not find any host", "couldn't find a mail exchanger", "unrouteable mail domain",
    "unrouteable domain", "unroutable mail domain", "unknown domain", "invalid domain", "bad destination host",
    "bad destination mailbox address", "bad destination system", "nxdomain", "nullmx", "null mx", "dns error",
    "dns lookup failure", "domain name not found", "recipient domain must exist", "has no mail exchanger", "no mx",
    "all relevant mx records point to non-existent", "illegal host/domain name", "domain is not valid",
    "cannot resolve", "could not be resolved", "can't be resolved", "dns hard error", "bad domain",
    "domain has been disabled", "invalid mx record", "malformed dns", "cannot find your domain",
    "name or service not known", "does not accept mail", "不存在的域名", "dns a-record is empty",
    "host lookup did not complete", "domain is not reachable", "domain is not", "not a valid domain",
    "mail domain mentioned in email address is unknown", "unknown domain name", "the account or domain may not exist",
    "no host found", "no mx found", "host does not receive mail", "domain nullmx", "domain is unknown",
    "domain unknown", "domain has expired", "domain is invalid", "could not find a mail server",
    "can't find a valid mx", "no valid mx", "no mail server", "unresolvable", "domain lookup failed",
    "illegal domain", "host not exist", "the domain does not", "recipient domain not found", "non-existing domain", NULL};
/* Refused for what the sender or his system is or does; words about the recipient may stand beside them. */
static const char *const policy_words[] = {
    "dmarc", "sender policy", "sender id", "policy violation", "policy reasons", "policy restriction",
    "security polic", "local policy", "administrative prohibition", "administratively denied", "prohibited",
    "not authorized", "not authorised", "unauthorized", "not permitted", "permission to", "permission denied",
    "access denied", "authentication required", "authentication failure", "requires authentication",
    "unauthenticated", "malware", "greylist", "graylist", "greylisted", "rate limit", "ratelimit",
    "too many connection", "too many recipients", "too many messages", "too many errors", "throttl", "reverse dns",
    "ptr record", "no ptr", "hostname lookup", "fix reverse", "sender address rejected", "sender rejected",
    "sender verify", "sender denied", "sender address", "invalid sender", "client host rejected",
    "client was not authenticated", "only accepts mail", "not accept mail from", "connection rejected", "starttls",
    "not member", "not a member", "members only", "moderat", "may not post", "post messages to the group",
    "too many hops", "hop count", "mail loop", "loop detected", "routing loop", "forwarding loop", "relay access",
    "relaying", "relay denied", "not relay", "to relay", "relay not", "open relay", "blocked attachment",
    "attachment type", "spf check", "spf fail", "spf record", "(spf)", "dkim ", "dkim-", "tls required",
    "certificate ", "from your ip", "your ip address", "ip address is", "virus ", "virus:", "a virus", "is blocked",
    "been blocked", "was blocked", "blocked by", "blocked for", "blocked due", "mail from ", " restricted",
    "is restricted", "infected ", NULL};
/* The address is dead, in words that mean it when nothing else is said. */
static const char *const address_words[] = {
    "unknown local part", "unknown local-part", "unknown address or alias", "no such local user", "no such email",
    "no such name", "no such alias", "no such e-mail", "user was not found", "email not found", "addressnotfound",
    "not found by smtp address lookup", "could not be found", "couldn't be found", "wasn't found", "was not found",
    "not found in", "not found at", "user doesn't exist", "does not exist at", "does not exist", "doesn't exist",
    "not exist", "nonexistent", "non-existent", "non existent", "no existe", "n'existe pas", "existiert nicht",
    "nao existe", "non esiste", "bestaat niet", "не существует", "nie istnieje",
    "invalid address", "not a valid account", "is not a valid", "isn't a valid", "no valid recipient", "not valid",
    "is not a known", "not a local", "not local", "not recogni", "is not recogn", "no account", "no mailbox",
    "no local mailbox", "does not have an account", "doesn't have a", "does not have a", "no user",
    "not have a mailbox", "has no mailbox", "user invalid", "unable to find", "can't find", "cannot find",
    "not have an account", "have a yahoo.com account", "mailbox unavailable", "mailbox not available",
    "mailbox is unavailable", "mailbox has been disabled", "address is disabled", "account has been deactivated",
    "account is deactivated", "is disabled", "has been disabled", "discontinued", "account has been closed",
    "no longer", "mailbox is inactive", "user inactive", "inactive user", "inactive account", "terminated",
    "has been deleted", "unroutable address", "undeliverable address", "dead address",
    "delivery to the following recipient failed permanently", "illegal alias", "illegal user", "unable to deliver to",
    "address error", "recipient address rejected", "user has moved", "misconfigured forwarding",
    "didn't reach the following recipient", "destination addresses were unknown", "e-mail address you entered",
    "check the recipient's e-mail address", "check the spelling", "unknown or illegal", "unknown or invalid",
    "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto", "onbekend",
    "okand", "nieznany", "недоступен", "неизвестный", "неизвестныи", "bilinmeyen",
    "見つかりませんでした", "ありません", "not found", "rejected", "تعذر العثور", "konnte nicht gefunden werden", "est introuvable", "no se encontro", "non e stato trovato", "nao foi encontrado", "nao pode ser encontrado", "is niet gevonden", "kunde inte hittas", "blev ikke fundet", "ble ikke funnet", "ei loytynyt", "nie znaleziono", "nebyla nalezena", "nem talalhato", "не удалось наити", "не наиден", "bulunamadi", "未找到", "找不到", "찾을 수 없", "finner ikke", "hittades inte", "sa nenasla", "nebola najdena", "nu a fost gasit", "δεν βρεθηκε", "не знаидено", "не наидена", "не е намерен", "nije pronaden", "ni bilo mogoce naiti", "לא נמצא", "לא קיים", "khong tim thay", "khong ton tai", "tidak ditemukan", "tidak dikenal", "ไม่พบ", "見つから", "アドレス不明", "niet gevonden", "kon niet worden gevonden", "adresse introuvable", NULL};
/* Not the address at all: time, lines and load. */
static const char *const later_words[] = {
    "timed out", "timeout", "time out", "connection refused", "connection reset", "network unreachable",
    "network is unreachable", "no route to host", "temporar", "try again", "try later", "retry time", "retry timeout",
    "too long", "deferred", "connection closed", "lost connection", "service unavailable", "service not available",
    "too busy", "system not accepting", "delivery time expired", "expired", "wasn't able to establish",
    "unable to connect", "could not connect", "couldn't connect", "cannot connect", "not responding",
    "did not respond", "cannot send message for", "has been in queue", "in the queue", "resources", "queue lifetime",
    "suspended", "internal error", "local error", "not accepting connections", "not accepting mail",
    "host not reachable", "not reachable", "host unreachable", "try again later", "later retry",
    "resources temporarily", "server is busy", "too many sessions", "queue too long", "message expired",
    "has expired", "4.4.7", NULL};
/* clang-format on */

enum word_group { FULL, SIZE, DEAD, SPAM, DOMAIN, POLICY, ADDRESS, LATER, GROUPS };

static const char *const *const groups[GROUPS] = {
    [FULL] = full_words,     [SIZE] = size_words,     [DEAD] = dead_words,       [SPAM] = spam_words,
    [DOMAIN] = domain_words, [POLICY] = policy_words, [ADDRESS] = address_words, [LATER] = later_words,
};

/* Which groups have a phrase in text. All phrases make one list, so that text is walked once. */
static void
find_groups(const char *text, gboolean found[GROUPS])
{
    static struct phrase_list list;
    static GPtrArray *phrases;
    static GByteArray *group_of;
    if (!phrases) {
        phrases = g_ptr_array_new();
        group_of = g_byte_array_new();
        for (guint group = 0; group < GROUPS; group++)
            for (const char *const *phrase = groups[group]; *phrase; phrase++) {
                guint8 of = (guint8)group;
                g_ptr_array_add(phrases, (gpointer)(guintptr)*phrase);
                g_byte_array_append(group_of, &of, 1);
            }
        g_ptr_array_add(phrases, NULL);
        list.phrases = (const char *const *)phrases->pdata;
    }
    memset(found, 0, GROUPS * sizeof *found);
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &list, text);
    while (phrase_walk_next(&walk, &which, &at))
        found[group_of->data[which]] = TRUE;
}

/* "5.1.1" → class 5, subject 1, detail 1; zeros when it is none. */
static void
split_status(const char *status, guint parts[3])
{
    parts[0] = parts[1] = parts[2] = 0;
    guint i = 0;
    for (const char *p = status; *p && i < 3; p++) {
        if (*p == '.')
            i++;
        else if (g_ascii_isdigit(*p))
            parts[i] = MIN(parts[i] * 10 + (guint)g_ascii_digit_value(*p), 999);
    }
}

/* The reply code (RFC 5321) that begins a line or follows a blank: 0 when there is none. */
static guint
find_reply_code(const char *words)
{
    for (const char *p = words; *p; p++) {
        if ((*p != '4' && *p != '5') || (p > words && (g_ascii_isalnum(p[-1]) || strchr(".-@_#", p[-1]))))
            continue;
        if (p[1] >= '0' && p[1] <= '5' && g_ascii_isdigit(p[2]) &&
            (p[3] == ' ' || p[3] == '-' || p[3] == ',' || p[3] == '\n' || p[3] == '\0'))
            return (guint)(p[0] - '0') * 100 + (guint)(p[1] - '0') * 10 + (guint)(p[2] - '0');
    }
    return 0;
}

/* The reason that a specific status code names; BOUNCE_REASON_NONE when it is generic. */
static enum bounce_reason
reason_of_status(const guint s[3])
{
    if (s[0] == 0)
        return BOUNCE_REASON_NONE;
    if (s[1] == 1) {
        if (s[2] == 2 || s[2] == 10)
            return BOUNCE_REASON_DOMAIN_DEAD;
        if (s[2] == 7 || s[2] == 8 || s[2] == 9)
            return BOUNCE_REASON_POLICY; /* the sender's address */
        return s[2] == 0 ? BOUNCE_REASON_NONE : BOUNCE_REASON_ADDRESS_DEAD;
    }
    if (s[1] == 2 && s[2] == 1)
        return BOUNCE_REASON_ADDRESS_DEAD; /* disabled */
    if (s[1] == 2 && s[2] == 2)
        return BOUNCE_REASON_FULL;
    if ((s[1] == 2 && s[2] == 3) || (s[1] == 3 && s[2] == 4))
        return BOUNCE_REASON_SIZE;
    if (s[1] == 7)
        return s[2] == 0 ? BOUNCE_REASON_NONE : BOUNCE_REASON_POLICY;
    return BOUNCE_REASON_NONE;
}

void
classify_judge_failure(const char *status, const char *words, enum bounce_reason *reason,
                       enum tri_state *permanent)
{
    g_autofree char *lower =
        classify_fold(words, 8192); /* one line, so that words broken over lines are found */
    guint s[3];
    split_status(status, s);
    guint code = find_reply_code(words);
    gboolean temporary = s[0] == 4 || (s[0] == 0 && code >= 400 && code < 500);
    enum bounce_reason by_status = reason_of_status(s);
    gboolean said[GROUPS];
    find_groups(lower, said);

    if (said[FULL])
        *reason = BOUNCE_REASON_FULL;
    else if (said[SIZE])
        *reason = BOUNCE_REASON_SIZE;
    else if (by_status == BOUNCE_REASON_FULL || by_status == BOUNCE_REASON_SIZE)
        *reason = by_status;
    else if (said[DEAD])
        *reason = BOUNCE_REASON_ADDRESS_DEAD;
    else if (said[SPAM])
        *reason = BOUNCE_REASON_SPAM;
    else if (said[DOMAIN])
        *reason = BOUNCE_REASON_DOMAIN_DEAD;
    else if (by_status == BOUNCE_REASON_ADDRESS_DEAD || by_status == BOUNCE_REASON_DOMAIN_DEAD)
        *reason = by_status;
    else if (said[POLICY])
        *reason = BOUNCE_REASON_POLICY;
    else if (by_status != BOUNCE_REASON_NONE)
        *reason = by_status;
    else if (said[ADDRESS] && !said[LATER])
        *reason = BOUNCE_REASON_ADDRESS_DEAD;
    else
        *reason = BOUNCE_REASON_OTHER;

    gboolean dead = *reason == BOUNCE_REASON_ADDRESS_DEAD || *reason == BOUNCE_REASON_DOMAIN_DEAD;
    if (temporary)
        *permanent = TRI_STATE_NO;
    else if (dead)
        *permanent = TRI_STATE_YES;
    else if (*reason != BOUNCE_REASON_OTHER || said[LATER])
        *permanent = TRI_STATE_NO;
    else if (s[0] == 5 || code >= 500)
        *permanent = TRI_STATE_YES; /* RFC 3463 class 5, for a reason we do not know: suppresses nobody */
    else
        *permanent = TRI_STATE_UNKNOWN;
}

char *
classify_find_status(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((*p != '2' && *p != '4' && *p != '5') || p[1] != '.')
            continue;
        if (p > text && (g_ascii_isalnum(p[-1]) || p[-1] == '.' || p[-1] == '-' || p[-1] == '/'))
            continue;
        gsize subject = strspn(p + 2, "0123456789");
        if (subject == 0 || subject > 3 || p[2 + subject] != '.')
            continue;
        const char *detail = p + 3 + subject;
        gsize n = strspn(detail, "0123456789");
        if (n == 0 || n > 3 || detail[n] == '.' || g_ascii_isalpha(detail[n]))
            if (!(n > 0 && n <= 3 && detail[n] == '.' && !g_ascii_isalnum(detail[n + 1])))
                continue;
        return g_strndup(p, (gsize)(detail + n - p));
    }
    return NULL;
}
