/* People's own words: the same answer's header with many bodies, which nothing but wording tells apart, and
 * wishes to hear no more. */
#include "fixture_classify.h"

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

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/classify/wordings", test_wordings);
    g_test_add_func("/inbox/classify/opt_out", test_opt_out);
    g_test_add_func("/inbox/classify/opt_out_by_address", test_opt_out_by_address);
    return g_test_run();
}
