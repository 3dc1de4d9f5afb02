/* The classifier on small mails: one for each rule, and those that only look like one. */
#include <string.h>

#include "inbox/classify.h"

#define PERSON                                                                                               \
    "From: Ada Ray <ada@customer.example>\nTo: Sam <sam@usher.example>\nDate: Tue, 3 Mar 2026 10:00:00 "     \
    "+0100\n"
#define ANSWER                                                                                               \
    PERSON "Subject: Re: Your usage\nIn-Reply-To: <m1@usher.example>\nReferences: <m1@usher.example>\n"
#define DAEMON                                                                                               \
    "Return-Path: <>\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example>\nTo: sam+tok@usher.example\n"

struct sample {
    const char *name, *mail, *mail_class, *rule;
};

static void
classify(const char *mail, struct mail_record *out)
{
    mail_classify((const guint8 *)mail, strlen(mail), FALSE, NULL, out);
}

static void
check(const struct sample *samples, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        struct mail_record r;
        classify(samples[i].mail, &r);
        g_test_message("%s: %s by %s (%s)", samples[i].name, mail_class_name(r.mail_class), r.rule,
                       r.evidence);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, samples[i].mail_class);
        if (samples[i].rule)
            g_assert_cmpstr(r.rule, ==, samples[i].rule);
        mail_record_clear(&r);
    }
}

static void
test_people(void)
{
    static const struct sample samples[] = {
        {"short thanks", ANSWER "\nThanks, done!\n", "reply", "answers-a-mail"},
        {"new subject",
         PERSON "Subject: Question\nIn-Reply-To: <m1@usher.example>\n\nHow do I cap the bill?\n", "reply",
         NULL},
        {"only Re", PERSON "Subject: AW: Ihre Nutzung\n\nDanke, das hilft.\n", "reply", "answer-subject"},
        {"quote",
         PERSON "Subject: usage\n\nYes please.\n\nOn 2 March 2026 at 10:00, Sam <sam@usher.example> "
                "wrote:\n> Shall we?\n",
         "reply", "quotes-a-mail"},
        {"through a group", ANSWER "List-Id: <team.usher.example>\nPrecedence: list\n\nThanks!\n", "reply",
         NULL},
        {"writes about holidays",
         ANSWER "\nI'm on holiday next week, so let's talk on Monday the 16th instead. Can you look at the "
                "replay settings until then?\n",
         "reply", NULL},
        {"subject on holiday",
         PERSON "Subject: Re: What happens to events on holiday\nIn-Reply-To: <m1@usher.example>\n\nThey are "
                "dropped.\n",
         "reply", NULL},
        {"answers a note",
         PERSON "Subject: Re: Automatic reply: Your usage\nIn-Reply-To: <m1@usher.example>\n\nI am back now, "
                "sorry.\n",
         "reply", NULL},
        {"asks others not to answer", ANSWER "X-Auto-Response-Suppress: All\n\nFine with me.\n", "reply",
         NULL},
        {"a bounce quoted",
         ANSWER "\nYour mail to Bob came back to us?\n\n> Subject: Undelivered Mail Returned to Sender\n> "
                "550 5.1.1 User unknown\n",
         "reply", NULL},
        {"fresh mail", PERSON "Subject: Invoice question\n\nHello Sam, why is the invoice higher?\n", "other",
         "none"},
        {"newsletter",
         PERSON
         "Subject: News\nList-Unsubscribe: <https://x.example/u>\n\nThis week. To unsubscribe click here.\n",
         "other", NULL},
        {"empty", "", "other", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

static void
test_automatic(void)
{
    static const struct sample samples[] = {
        {"RFC 3834", ANSWER "Auto-Submitted: auto-replied\n\nBack soon.\n", "auto_reply",
         "rfc3834-auto-submitted"},
        {"not automatic", ANSWER "Auto-Submitted: no\n\nBack soon.\n", "reply", NULL},
        {"vendor", ANSWER "X-Autoreply: yes\n\nBack soon.\n", "auto_reply", "vendor-field"},
        {"Exchange",
         PERSON "Subject: Automatic reply: Your usage\nX-Auto-Response-Suppress: All\n\nI'm away.\n",
         "auto_reply", "subject-automatic"},
        {"brackets", PERSON "Subject: Re: Your usage (Automatic Response)\n\nAway.\n", "auto_reply",
         "subject-automatic"},
        {"German", PERSON "Subject: Automatische Antwort: Ihre Nutzung\n\nIch bin nicht da.\n", "auto_reply",
         NULL},
        {"French", PERSON "Subject: =?utf-8?Q?R=C3=A9ponse_automatique=C2=A0=3A?= usage\n\nAbsent.\n",
         "auto_reply", NULL},
        {"Japanese", PERSON "Subject: =?iso-2022-jp?B?GyRCPCtGMEpWPy4bKEI=?=\n\nx\n", "auto_reply", NULL},
        {"words only",
         ANSWER "\nHello,\n\nthank you for your email. I am out of the office until 16 March with limited "
                "access to email. For urgent matters please contact bob@customer.example.\n\nAda\n",
         "auto_reply", "words-absence"},
        {"German words",
         ANSWER "\nGuten Tag,\n\nich bin bis 16.03. nicht im Büro. Ich bin im Urlaub. In dringenden Fällen "
                "wenden Sie sich bitte an Bob.\n",
         "auto_reply", NULL},
        {"Spanish words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\nGracias por su mensaje. Estoy de vacaciones "
                "hasta el 20 de marzo. En caso de urgencia llame a la oficina.\n",
         "auto_reply", NULL},
        {"Turkish words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\nMesajınız için teşekkür ederim. Yıllık "
                "izindeyim, 16 Mart'ta döneceğim. Acil durumlarda Bora'yı arayın.\n",
         "auto_reply", NULL},
        {"Russian words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\nСпасибо за ваше письмо. Я в отпуске до 20 марта. "
                "По срочным вопросам пишите Борису.\n",
         "auto_reply", NULL},
        {"Korean words",
         ANSWER "Content-Type: text/plain; charset=utf-8\n\n현재 휴가 중입니다. 급한 용무는 사무실로 연락 "
                "바랍니다.\n",
         "auto_reply", NULL},
        {"ticket robot",
         "From: help@customer.example\nSubject: Re: Your usage\nIn-Reply-To: "
         "<m1@usher.example>\nAuto-Submitted: auto-generated\n\nYour ticket number is 42.\n",
         "auto_reply", "rfc3834-generated-answer"},
        {"ticket words",
         PERSON "Subject: [#42] Your usage\n\nThank you for contacting us. A ticket has been opened for your "
                "request. We will get back to you within 24 hours.\n",
         "auto_reply", NULL},
        {"null sender", "Return-Path: <>\n" ANSWER "\nWe got your mail.\n", "auto_reply",
         "null-sender-answer"},
    };
    check(samples, G_N_ELEMENTS(samples));
    struct mail_record r;
    classify(samples[8].mail, &r);
    g_assert_cmpstr(r.return_date, ==, "2026-03-16");
    mail_record_clear(&r);
}

static void
test_opt_out(void)
{
    static const struct sample samples[] = {
        {"plain words", ANSWER "\nPlease remove me from your mailing list.\n\nAda\n", "opt_out",
         "words-opt-out"},
        {"one word", ANSWER "\nUnsubscribe\n", "opt_out", "line-is-unsubscribe"},
        {"with its object", ANSWER "\nPlease unsubscribe me.\n", "opt_out", "words-opt-out"},
        {"of a product", ANSWER "\nPlease unsubscribe me from the pipelines add-on\n", "reply", NULL},
        {"stop", ANSWER "\nHi,\nplease stop emailing us.\n", "opt_out", NULL},
        {"subject", PERSON "Subject: unsubscribe\n\n\n", "opt_out", "subject-is-unsubscribe"},
        {"German", ANSWER "\nBitte nehmen Sie mich aus Ihrem Verteiler.\n", "opt_out", NULL},
        {"French",
         ANSWER
         "Content-Type: text/plain; charset=utf-8\n\nBonjour, je souhaite ne plus recevoir vos messages.\n",
         "opt_out", NULL},
        {"Chinese", ANSWER "Content-Type: text/plain; charset=utf-8\n\n请不要再联系我\n", "opt_out", NULL},
        {"in the quoted footer",
         ANSWER
         "\nSounds good.\n\n> To unsubscribe, answer with unsubscribe.\n> Please remove me from your list\n",
         "reply", NULL},
        {"asks about the product", ANSWER "\nHow do I unsubscribe users from our list?\n", "reply", NULL},
        {"asks about a person", ANSWER "\nCan you tell me how to stop sending us the debug events?\n",
         "reply", NULL},
        {"mentions it far below",
         ANSWER "\nHi Sam,\n\nthanks a lot, that was useful.\nWe will set the limit today.\nOur CFO is "
                "happy.\nThe weekly digest is too much, I want to unsubscribe from that one in the app.\n",
         "reply", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

static void
test_opt_out_by_address(void)
{
    static const char mail[] = "From: ada@customer.example\nTo: out+k3@usher.example\nSubject: "
                               "hello\nAuto-Submitted: auto-replied\n\nx\n";
    struct classify_context ctx = {.unsubscribe_address = "out@usher.example"};
    struct mail_record r;
    mail_classify((const guint8 *)mail, strlen(mail), FALSE, &ctx, &r);
    g_assert_cmpstr(mail_class_name(r.mail_class), ==, "opt_out");
    g_assert_cmpstr(r.rule, ==, "to-unsubscribe-address");
    mail_record_clear(&r);
    ctx.unsubscribe_address = "outs@usher.example";
    mail_classify((const guint8 *)mail, strlen(mail), FALSE, &ctx, &r);
    g_assert_cmpstr(mail_class_name(r.mail_class), ==, "auto_reply");
    mail_record_clear(&r);
}

static void
test_own(void)
{
    const char *own[] = {"sam@usher.example", "ada@customer.example", NULL};
    struct classify_context ctx = {.own_addresses = own};
    static const char mail[] = ANSWER "Auto-Submitted: auto-replied\n\nhello\n";
    struct mail_record r;
    mail_classify((const guint8 *)mail, strlen(mail), FALSE, &ctx, &r);
    g_assert_cmpstr(mail_class_name(r.mail_class), ==, "own");
    mail_record_clear(&r);
}

static void
test_booking(void)
{
#define INVITE(method, lines)                                                                                \
    PERSON "Subject: Call\nMIME-Version: 1.0\nContent-Type: text/calendar; method=" method "\n\n"            \
           "BEGIN:VCALENDAR\nMETHOD:" method "\nBEGIN:VEVENT\nDTSTART:20260310T150000Z\n" lines              \
           "END:VEVENT\nEND:VCALENDAR\n"
    static const struct {
        const char *mail;
        enum booking_act act;
    } cases[] = {
        {INVITE("REQUEST", "SEQUENCE:0\n"), BOOKING_ACT_NEW},
        {INVITE("REQUEST", "SEQUENCE:2\n"), BOOKING_ACT_MOVED},
        {INVITE("CANCEL", ""), BOOKING_ACT_CANCELLED},
        {INVITE("REPLY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@customer.example\n"), BOOKING_ACT_ACCEPTED},
        {INVITE("REPLY", "ATTENDEE;CN=Ada;\n PARTSTAT=DECLINED:mailto:ada@customer.example\n"),
         BOOKING_ACT_DECLINED},
        {INVITE("REPLY", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:a@b\n"), BOOKING_ACT_TENTATIVE},
        {INVITE("COUNTER", ""), BOOKING_ACT_MOVED},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        classify(cases[i].mail, &r);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, "booking");
        g_assert_cmpstr(booking_act_name(r.booking), ==, booking_act_name(cases[i].act));
        g_assert_cmpint(r.booking_at_us, ==, G_GINT64_CONSTANT(1773154800000000));
        mail_record_clear(&r);
    }
    /* What it takes: by the clock of one zone or by a duration; nothing that is no time of a call. */
    static const struct {
        const char *mail;
        int minutes;
    } lengths[] = {
        {INVITE("REQUEST", ""), 0},
        {INVITE("REQUEST", "DTEND:20260310T154500Z\n"), 45},
        {INVITE("REQUEST", "DTEND;TZID=Europe/Berlin:20260310T153000\n"), 30},
        {INVITE("REQUEST", "DURATION:PT1H15M\n"), 75},
        {INVITE("REQUEST", "DURATION:P2D\n"), 0},
        {INVITE("REQUEST", "DURATION:PT99999999999999999999H\n"), 0},
        {INVITE("REQUEST", "DTEND:20260310T140000Z\n"), 0},
        {INVITE("REQUEST", "DTEND:20260399T990000Z\n"), 0},
        {INVITE("REQUEST", "DTEND:2026\n"), 0},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct mail_record r;
        classify(lengths[i].mail, &r);
        g_assert_cmpint(r.booking_length_us, ==, lengths[i].minutes * G_TIME_SPAN_MINUTE);
        mail_record_clear(&r);
    }
    static const struct sample samples[] = {
        {"service", "From: Calendly <no-reply@calendly.com>\nSubject: New Event: Ada Ray - 30 minutes\n\nx\n",
         "booking", "scheduling-service"},
        {"service cancels", "From: x <notifications@calendly.com>\nSubject: Canceled: Ada Ray\n\nx\n",
         "booking", NULL},
        {"not the service", "From: x <a@notcalendly.com>\nSubject: New Event: x\n\nx\n", "other", NULL},
        {"attached agenda",
         PERSON "Subject: agenda\nContent-Type: text/calendar; name=a.ics\nContent-Disposition: "
                "attachment\n\nBEGIN:VCALENDAR\nMETHOD:PUBLISH\nEND:VCALENDAR\n",
         "other", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

/* ---- the same answer's header, many bodies: nothing but wording can tell ---- */

/* clang-format off */
static const char *const notes[] = {
    "Hi,\n\nI'm currently out of the office with no access to email, returning Monday 9 March.\n\nIf you need something urgently, drop a line to ops@customer.example.\n\nAda",
    "Thanks for your note! I am away on parental leave through June 30. Please reach out to Bob Miller (bob@customer.example) in the meantime.",
    "I am on PTO this week and will respond when I'm back on 3/16.",
    "Hello, I'm OOO until Thursday and will be slow to respond. Text me if urgent.",
    "I'll be out of the office starting 02/03/2026 and will not return until 16/03/2026. I will respond to your message when I return.",
    "Hallo,\n\nvielen Dank für Ihre Nachricht. Ich bin derzeit nicht im Büro und ab dem 10. März wieder erreichbar. Ihre E-Mail wird nicht weitergeleitet.\n\nViele Grüße",
    "Sehr geehrte Damen und Herren, ich befinde mich bis zum 20.03.2026 im Urlaub. Meine Vertretung übernimmt Frau Klein (klein@kunde.example).",
    "Bonjour, je suis absente du bureau jusqu'au 16 mars inclus. En cas d'urgence, merci de contacter Paul (paul@client.example). Cordialement",
    "Bonjour, actuellement en congés, je prendrai connaissance de votre message à mon retour le 16 mars.",
    "Hola, estoy fuera de la oficina hasta el lunes 16 de marzo. Para temas urgentes escriba a soporte@cliente.example. Saludos",
    "Buongiorno, sono fuori ufficio fino al 16 marzo. Per urgenze contattare Marco al 02 1234.",
    "Olá, estou de férias até 20/03. Em caso de urgência, contacte a Maria. Obrigado",
    "Beste, bedankt voor je bericht. Ik ben momenteel met vakantie en ben maandag 16 maart weer terug. Voor dringende zaken kun je terecht bij Jan.",
    "Hej, jag är på semester och är åter på kontoret den 16 mars. Vid brådskande ärenden kontakta Erik.",
    "Hej, tak for din mail. Jeg holder ferie og er tilbage mandag den 16. marts.",
    "Hei! Takk for din e-post. Jeg er på ferie og er tilbake på kontoret 16. mars. Ved hastende saker, ring Ola.",
    "Hei, olen lomalla 15.3. saakka. Kiireellisissä asioissa ota yhteyttä Mattiin.",
    "Dzień dobry, dziękuję za wiadomość. Przebywam na urlopie do 16 marca. W pilnych sprawach proszę o kontakt z Janem.",
    "Dobrý den, do 16. března jsem na dovolené. V naléhavých případech kontaktujte kolegu.",
    "Tisztelt Partnerünk! Március 16-ig szabadságon vagyok. Sürgős esetben kérem hívja kollégámat.",
    "Здравствуйте! Я нахожусь в отпуске до 16 марта включительно. По срочным вопросам обращайтесь к Ивану.",
    "Merhaba, 16 Mart tarihine kadar yıllık izindeyim. Acil durumlarda lütfen Bora ile iletişime geçin.",
    "مرحبا، أنا خارج المكتب حتى 16 مارس. في الحالات العاجلة يرجى التواصل مع زميلي.",
    "お世話になっております。3月16日まで休暇をいただいております。お急ぎの場合は、田中までご連絡ください。",
    "ただいま不在にしております。戻り次第ご連絡いたします。",
    "您好，我目前休假中，3月16日回到办公室。如有紧急事宜，请联系王先生。",
    "您的邮件我已收到，我会尽快回复。谢谢！",
    "안녕하세요. 3월 16일까지 출장 중입니다. 급한 용무는 김대리에게 연락 부탁드립니다.",
    "Thank you for contacting Customer Inc. Your request has been received and a ticket has been created (#12345). A member of our team will get back to you within 24 hours.",
    "Guten Tag, wir haben Ihre Anfrage erhalten und werden sie schnellstmöglich bearbeiten. Ihre Ticketnummer lautet 4711.",
    "Καλημέρα, απουσιάζω από το γραφείο έως 16 Μαρτίου. Για επείγοντα επικοινωνήστε με τον Νίκο.",
    "Bună ziua, sunt în concediu până pe 16 martie. În caz de urgență, contactați-l pe Ion.",
    "I no longer work at Customer Inc. For urgent matters please contact jobs@customer.example.",
};
static const char *const answers[] = {
    "Thanks, done!",
    "Sounds good, Tuesday works. I'm out of the office on Monday though.",
    "Hi Sam, I was on holiday last week, sorry for the late answer. We set the limit now.",
    "Ich bin nächste Woche im Urlaub, können wir am 16.3. telefonieren?",
    "Je serai en vacances la semaine prochaine mais Paul peut répondre à vos questions.",
    "Can you contact my colleague bob@customer.example instead? He owns this.",
    "Thank you for your email. We will discuss internally and come back to you.",
    "I have received your message, thanks. Could you explain the replay sampling?",
    "Merci pour votre message, c'est très clair. On regarde ça dès que possible.",
    "Gracias por su correo. ¿Puede llamarme mañana?",
    "We are closed on Friday, so please deploy on Thursday.",
    "I'll be back on Monday and can test then. What about the invoice?",
    "Danke für Ihre Nachricht, wir haben Ihre Hinweise umgesetzt. Passt das so?",
    "休暇中の設定について質問があります。どうすればよいですか？",
    "谢谢，已经收到您的建议，我们会设置上限。",
    "감사합니다. 휴가 다녀와서 확인해 보겠습니다.",
    "Спасибо за ваше письмо! Можно созвониться во вторник?",
    "Teşekkürler, gelecek hafta izinliyim, sonra bakarım.",
    "Please stop the trial and move us to the paid plan.",
    "Please remove me from the project and add Bob.",
    "Stop by our booth next week!",
    "Remove the limit please.",
    "How do we opt out of session replay for EU users?",
    "We want to unsubscribe from the data pipelines add-on.",
    "I no longer want to receive the weekly digest about insights, can I turn that off in settings?",
    "Wir möchten das Add-on abmelden, wie geht das?",
    "Could you cancel our subscription at the end of the month?",
    "The ticket number is 4711, can you check?",
    "We received your invoice. It is twice as high, why?",
    "I'm on a call right now, will write later.",
};
static const char *const wishes[] = {
    "Please take me off your list.",
    "unsubscribe",
    "Not interested, please don't email me again.",
    "Please stop sending me emails.",
    "Bitte keine weiteren E-Mails mehr an mich.",
    "Merci de ne plus me contacter.",
    "No deseo recibir más correos.",
    "Non desidero più ricevere le vostre email.",
    "Não quero mais receber estes e-mails.",
    "Graag geen e-mails meer sturen.",
    "Proszę o wypisanie z listy.",
    "Прошу больше не присылать мне письма.",
    "Lütfen beni listeden çıkarın.",
    "الرجاء إلغاء اشتراكي",
    "今後メールの配信を停止してください。",
    "请不要再给我发邮件。",
    "더 이상 메일을 보내지 마세요.",
    "I'd like to opt out of these emails.",
    "Remove me from your mailing list immediately.",
    "Kindly remove me.",
    "Can you please remove me from this list?",
    "This is spam. Stop contacting me.",
    "Cancellatemi dalla vostra lista, grazie.",
    "Ta bort mig från listan.",
};
/* clang-format on */

static void
check_bodies(const char *const *bodies, gsize count, const char *mail_class)
{
    for (gsize i = 0; i < count; i++) {
        struct mail_record r;
        g_autofree char *mail =
            g_strconcat(ANSWER "Content-Type: text/plain; charset=utf-8\n\n", bodies[i], "\n", NULL);
        classify(mail, &r);
        g_test_message("%s (%s)", bodies[i], r.rule);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, mail_class);
        mail_record_clear(&r);
    }
}

static void
test_wordings(void)
{
    check_bodies(notes, G_N_ELEMENTS(notes), "auto_reply");
    check_bodies(answers, G_N_ELEMENTS(answers), "reply");
    check_bodies(wishes, G_N_ELEMENTS(wishes), "opt_out");
}

/* ---- bounces ---- */

#define REPORT(status, action, diagnostic)                                                                   \
    DAEMON "Auto-Submitted: auto-replied\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n" \
           "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"                     \
           "--b\nContent-Type: text/plain\n\nSorry, your message could not be delivered.\n\n"                \
           "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"                \
           "Original-Recipient: rfc822;Ada@customer.example\nFinal-Recipient: "                              \
           "rfc822;ada@mx.customer.example\nAction: " action "\nStatus: " status "\n" diagnostic             \
           "\n--b\nContent-Type: message/rfc822\n\nReturn-Path: <sam+tok@usher.example>\n"                   \
           "Message-ID: <m1@usher.example>\nFrom: sam@usher.example\nTo: ada@customer.example\nSubject: "    \
           "x\n\nhello\n--b--\n"

static void
test_reports(void)
{
    static const struct {
        const char *mail, *mail_class, *status;
        enum tri_state permanent;
        enum bounce_reason reason;
    } cases[] = {
        {REPORT("5.1.1", "failed", "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n"), "bounce", "5.1.1",
         TRI_STATE_YES, BOUNCE_REASON_ADDRESS_DEAD},
        {REPORT("5.0.0", "failed", "Diagnostic-Code: smtp; 550 no such user here\n"), "bounce", "5.0.0",
         TRI_STATE_YES, BOUNCE_REASON_ADDRESS_DEAD},
        {REPORT("5.7.1", "failed", "Diagnostic-Code: smtp; 550 5.7.1 <a@b>: unknown user\n"), "bounce",
         "5.7.1", TRI_STATE_YES, BOUNCE_REASON_ADDRESS_DEAD},
        {REPORT("5.1.2", "failed", ""), "bounce", "5.1.2", TRI_STATE_YES, BOUNCE_REASON_DOMAIN_DEAD},
        {REPORT("5.4.4", "failed", "Diagnostic-Code: X-Postfix; Host or domain name not found.\n"), "bounce",
         "5.4.4", TRI_STATE_YES, BOUNCE_REASON_DOMAIN_DEAD},
        {REPORT("5.2.2", "failed", "Diagnostic-Code: smtp; 552 5.2.2 Over quota\n"), "bounce", "5.2.2",
         TRI_STATE_NO, BOUNCE_REASON_FULL},
        {REPORT("5.7.1", "failed", "Diagnostic-Code: smtp; 554 5.7.1 Message looks like spam\n"), "bounce",
         "5.7.1", TRI_STATE_NO, BOUNCE_REASON_SPAM},
        {REPORT("5.7.26", "failed", "Diagnostic-Code: smtp; 550 5.7.26 unauthenticated mail, DMARC policy\n"),
         "bounce", "5.7.26", TRI_STATE_NO, BOUNCE_REASON_POLICY},
        {REPORT("5.3.4", "failed", "Diagnostic-Code: smtp; 552 5.3.4 Message size exceeds fixed limit\n"),
         "bounce", "5.3.4", TRI_STATE_NO, BOUNCE_REASON_SIZE},
        {REPORT("4.4.7", "failed", "Diagnostic-Code: smtp; delivery time expired\n"), "bounce", "4.4.7",
         TRI_STATE_NO, BOUNCE_REASON_OTHER},
        {REPORT("4.4.1", "delayed", "Diagnostic-Code: smtp; connection timed out\n"), "delay", "4.4.1",
         TRI_STATE_NO, BOUNCE_REASON_OTHER},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        classify(cases[i].mail, &r);
        g_test_message("%u: %s", (guint)i, r.evidence);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, cases[i].mail_class);
        g_assert_cmpstr(r.status, ==, cases[i].status);
        g_assert_cmpint(r.permanent, ==, cases[i].permanent);
        g_assert_cmpint(r.reason, ==, cases[i].reason);
        g_assert_cmpstr(r.returned_message_id, ==, "m1@usher.example");
        g_assert_cmpstr(r.returned->pdata[0], ==, "sam+tok@usher.example");
        g_assert_cmpstr(r.recipients->pdata[0], ==, "sam+tok@usher.example");
        g_assert_cmpuint(r.failed->len, ==, 2);
        const struct failed_recipient *failed = r.failed->pdata[0];
        g_assert_cmpstr(failed->address, ==, "ada@customer.example");
        mail_record_clear(&r);
    }
    struct mail_record r;
    classify(REPORT("2.0.0", "delivered", ""), &r);
    g_assert_cmpstr(mail_class_name(r.mail_class), ==, "receipt");
    g_assert_cmpstr(r.returned_message_id, ==, "m1@usher.example");
    mail_record_clear(&r);
}

static void
test_bounces_by_form(void)
{
    static const struct {
        const char *name, *mail, *mail_class, *address;
        enum tri_state permanent;
    } cases[] = {
        {"qmail",
         DAEMON "Subject: failure notice\n\nHi. This is the qmail-send program at mx.example.\nI'm afraid I "
                "wasn't able to deliver your message to the following "
                "addresses.\n\n<ada@customer.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- "
                "Below this line is a copy of the message.\n\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"Exim",
         DAEMON "X-Failed-Recipients: ada@customer.example\nSubject: Mail delivery failed: returning message "
                "to sender\n\nA message that you sent could not be delivered to one or more of "
                "its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  "
                "ada@customer.example\n    mailbox is full: retry timeout exceeded\n\n------ This is a copy "
                "of the message ------\n\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_NO},
        {"several",
         DAEMON "Subject: failure notice\n\nunable to deliver:\n<ada@customer.example>:\n552 5.2.2 mailbox "
                "full\n\n<bob@customer.example>:\n550 5.1.1 user unknown\n\n--- Below this line is a copy of "
                "the message.\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"Russian",
         DAEMON "Subject: "
                "=?utf-8?B?0JLQsNGI0LUg0YHQvtC+0LHRidC10L3QuNC1INC90LUg0LTQvtGB0YLQsNCy0LvQtdC90L4=?="
                "\nContent-Type: text/plain; charset=utf-8\n\nВаше сообщение не "
                "доставлено.\n\n<ada@customer.example>: user not found\n\nMessage-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"CR line ends",
         "Return-Path: <>\rFrom: postmaster@mx.example\rTo: sam@usher.example\rSubject: Undeliverable "
         "Mail\r\rUnknown user: ada@customer.example\r\rOriginal message follows.\r\rMessage-ID: "
         "<m1@usher.example>\r",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"forwarded",
         PERSON "Subject: Fwd: Undelivered\n\nlook\n\n> Final-Recipient: rfc822; ada@customer.example\n> "
                "Action: failed\n> Status: 5.1.1\n>\n> Message-ID: <m1@usher.example>\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
        {"delay",
         DAEMON "Subject: Warning: message delayed 24 hours\n\nA message has not yet been delivered to\n\n  "
                "ada@customer.example\n\nNo action is required on your part. Delivery attempts will "
                "continue.\n\nMessage-ID: <m1@usher.example>\n",
         "delay", "ada@customer.example", TRI_STATE_NO},
        {"SES event",
         "From: no-reply@sns.amazonaws.com\nSubject: AWS Notification "
         "Message\n\n{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":"
         "\"ada@customer.example\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":\"smtp; 550 "
         "5.1.1 unknown user\"}]},\"mail\":{\"messageId\":\"x\"}}\n",
         "bounce", "ada@customer.example", TRI_STATE_YES},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct mail_record r;
        classify(cases[i].mail, &r);
        g_test_message("%s: %s by %s", cases[i].name, mail_class_name(r.mail_class), r.rule);
        g_assert_cmpstr(mail_class_name(r.mail_class), ==, cases[i].mail_class);
        g_assert_cmpuint(r.failed->len, >=, 1);
        const struct failed_recipient *failed = r.failed->pdata[0];
        g_assert_cmpstr(failed->address, ==, cases[i].address);
        g_assert_cmpint(r.permanent, ==, cases[i].permanent);
        if (strcmp(cases[i].name, "SES event") != 0)
            g_assert_cmpstr(r.returned_message_id, ==, "m1@usher.example");
        mail_record_clear(&r);
    }
}

static void
test_machines(void)
{
    static const struct sample samples[] = {
        {"complaint",
         "From: fbl@provider.example\nSubject: FW: x\nMIME-Version: 1.0\nContent-Type: multipart/report; "
         "report-type=feedback-report; boundary=b\n\n--b\nContent-Type: text/plain\n\nabuse "
         "report\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: "
         "x/1\nOriginal-Rcpt-To: <ada@customer.example>\n\n--b\nContent-Type: message/rfc822\n\nMessage-ID: "
         "<m1@usher.example>\n\nx\n--b--\n",
         "complaint", "rfc5965-report"},
        {"read receipt",
         PERSON
         "Subject: Read: x\nMIME-Version: 1.0\nContent-Type: multipart/report; "
         "report-type=disposition-notification; boundary=b\n\n--b\nContent-Type: "
         "text/plain\n\nread\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: "
         "<m1@usher.example>\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n",
         "receipt", "rfc8098-read"},
        {"challenge",
         "From: ada@bluebottle.com\nSubject: Re: x\n\nThis account is protected by Bluebottle. Please click "
         "on the following link to be added: http://x.example/\n",
         "challenge", NULL},
    };
    check(samples, G_N_ELEMENTS(samples));
}

/* Hostile shapes: no crash, an answer at once. */
static void
test_hostile(void)
{
    const struct {
        const char *head, *repeat;
        guint times;
        const char *tail;
    } shapes[] = {
        {"From: a@b\nSubject: ", "a", 10000000, ""},
        {"", "A: b\n", 400000, "\nx\n"},
        {"Subject: x\n", " =?utf-8?q?=C3?=\n", 100000, "\nx\n"},
        {"To: ", "g:", 1000000, "\n\nx\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nTo: ", "(",
         1000000, "\n\nx\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nTo: ", "g:",
         900000, "\n\nx\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\n",
         "--b\nContent-Type: multipart/mixed; boundary=b\n\n", 10000, "x"},
        {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", 250000, ""},
        {"", "Content-Type: message/rfc822\n\n", 60000, "x"},
        {"Content-Type: text/html\n\n", "<div", 400000, ">"},
        {"Content-Type: text/html\n\n", "<a \"'>&#", 200000, ""},
        {"Content-Type: text/html\n\n", "<blockquote>x", 100000, ""},
        {"Subject: Re: x\n\n", "On 1.1.2026 a@b.c\n", 100000, "wrote:\n"},
        {"Subject: Re: x\n\n", "> ", 900000, "\n"},
        {"Subject: Re: x\n\n", "From: a\nTo: b\n\n", 60000, "\n"},
        {"From: mailer-daemon@x\nSubject: failure notice\n\n", "<a@b.c>: 5.1.1 ", 100000, "\n"},
        {"From: mailer-daemon@x\nSubject: failure notice\n\n", "@", 500000, "\n"},
        {"Content-Type: message/delivery-status\n\n", "Final-Recipient: rfc822;a@b.c\n\n", 60000, "\n"},
        {"References: ", "<a@b>", 300000, "\n\nx\n"},
        {"Subject: out of office until ", "1/2/", 200000, "\n\nx\n"},
        {"\n\n\n", "\r", 1000000, ""},
        {"", "\xff\xfe\x80", 300000, ""},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
        g_autoptr(GString) mail = g_string_new(shapes[i].head);
        for (guint k = 0; k < shapes[i].times; k++)
            g_string_append(mail, shapes[i].repeat);
        g_string_append(mail, shapes[i].tail);
        gint64 started_us = g_get_monotonic_time();
        struct mail_record r;
        mail_classify((const guint8 *)mail->str, mail->len, FALSE, NULL, &r);
        g_test_message("shape %u: %s, %d ms", (guint)i, mail_class_name(r.mail_class),
                       (int)((g_get_monotonic_time() - started_us) / 1000));
        g_autoptr(GBytes) written = mail_record_write(&r);
        struct mail_record back;
        GError *error = NULL;
        g_assert_true(
            mail_record_read(g_bytes_get_data(written, NULL), g_bytes_get_size(written), &back, &error));
        mail_record_clear(&back);
        mail_record_clear(&r);
    }
    struct mail_record r;
    g_autofree guint8 *nuls = g_malloc0(1000000);
    mail_classify(nuls, 1000000, FALSE, NULL, &r);
    mail_record_clear(&r);
    mail_classify(NULL, 0, TRUE, NULL, &r);
    g_assert_true(r.partial);
    mail_record_clear(&r);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/classify/people", test_people);
    g_test_add_func("/inbox/classify/automatic", test_automatic);
    g_test_add_func("/inbox/classify/wordings", test_wordings);
    g_test_add_func("/inbox/classify/opt_out", test_opt_out);
    g_test_add_func("/inbox/classify/opt_out_by_address", test_opt_out_by_address);
    g_test_add_func("/inbox/classify/own", test_own);
    g_test_add_func("/inbox/classify/booking", test_booking);
    g_test_add_func("/inbox/classify/reports", test_reports);
    g_test_add_func("/inbox/classify/bounces_by_form", test_bounces_by_form);
    g_test_add_func("/inbox/classify/machines", test_machines);
    g_test_add_func("/inbox/classify/hostile", test_hostile);
    return g_test_run();
}
