/* Purpose: the wordings themselves, one table, and the ways to look for them.
 *
 * Every wording is a phrase that robots and note-writers really use and that a person rarely writes by
 * chance; single words ("holiday", "vacances") are none. Languages: English, German, French, Spanish,
 * Italian, Portuguese, Dutch, the Nordic ones, Polish, Czech, Slovak, Hungarian, Romanian, Greek, Bulgarian,
 * Croatian, Ukrainian, Russian, Turkish, Arabic, Hebrew, Japanese, Chinese, Korean. */
#include "inbox/classify_words.h"

#include <string.h>

#include "inbox/classify_view.h"
#include "inbox/phrases.h"

struct words {
    enum words_kind kind;
    const char *phrase;
};

/* clang-format off */
static const struct words table[] = {
    /* English */
    {WORDS_SUBJECT, "automatic reply"}, {WORDS_SUBJECT, "automatic response"}, {WORDS_SUBJECT, "automated reply"},
    {WORDS_SUBJECT, "automated response"}, {WORDS_SUBJECT, "auto reply"}, {WORDS_SUBJECT, "auto-reply"},
    {WORDS_SUBJECT, "autoreply"}, {WORDS_SUBJECT, "auto response"}, {WORDS_SUBJECT, "auto-response"},
    {WORDS_SUBJECT, "autoresponse"}, {WORDS_SUBJECT, "autorespons"}, {WORDS_SUBJECT, "autoresponder"},
    {WORDS_SUBJECT, "auto responder"}, {WORDS_SUBJECT, "auto:"}, {WORDS_SUBJECT, "out of office autoreply"},
    {WORDS_SUBJECT, "out of office:"}, {WORDS_SUBJECT, "out of office auto"}, {WORDS_SUBJECT, "ooo:"},
    {WORDS_SUBJECT, "vacation reply"}, {WORDS_SUBJECT, "vacation response"}, {WORDS_SUBJECT, "vacation message"},
    {WORDS_SUBJECT, "away message"}, {WORDS_SUBJECT, "holiday autoreply"},
    {WORDS_SUBJECT_AWAY, "out of office"}, {WORDS_SUBJECT_AWAY, "out of the office"}, {WORDS_SUBJECT_AWAY, "i am out of"},
    {WORDS_SUBJECT_AWAY, "i'm out of"}, {WORDS_SUBJECT_AWAY, "on vacation"}, {WORDS_SUBJECT_AWAY, "on holiday"},
    {WORDS_SUBJECT_AWAY, "on leave"}, {WORDS_SUBJECT_AWAY, "annual leave"}, {WORDS_SUBJECT_AWAY, "maternity leave"},
    {WORDS_SUBJECT_AWAY, "parental leave"}, {WORDS_SUBJECT_AWAY, "away from the office"}, {WORDS_SUBJECT_AWAY, "away from my"},
    {WORDS_SUBJECT_AWAY, "thank you for your e-mail"}, {WORDS_SUBJECT_AWAY, "thank you for your email"},
    {WORDS_SUBJECT_AWAY, "thank you for your message"}, {WORDS_SUBJECT_AWAY, "thank you for contacting"},
    {WORDS_SUBJECT_AWAY, "thanks for contacting"}, {WORDS_SUBJECT_AWAY, "thanks for your email"},
    {WORDS_SUBJECT_AWAY, "we received your"}, {WORDS_SUBJECT_AWAY, "we have received your"},
    {WORDS_SUBJECT_AWAY, "we've received your"}, {WORDS_SUBJECT_AWAY, "your message has been received"},
    {WORDS_SUBJECT_AWAY, "request received"}, {WORDS_SUBJECT_AWAY, "[request received]"}, {WORDS_SUBJECT_AWAY, "ticket received"},
    {WORDS_SUBJECT_AWAY, "case received"}, {WORDS_SUBJECT_AWAY, "acknowledgement"}, {WORDS_SUBJECT_AWAY, "confirmation of receipt"},
    {WORDS_AUTOMATIC, "this is an automatic reply"}, {WORDS_AUTOMATIC, "this is an automated reply"},
    {WORDS_AUTOMATIC, "this is an automatic response"}, {WORDS_AUTOMATIC, "this is an automated response"},
    {WORDS_AUTOMATIC, "this is an automated message"}, {WORDS_AUTOMATIC, "this is an automatic message"},
    {WORDS_AUTOMATIC, "this is an auto-reply"}, {WORDS_AUTOMATIC, "this is an auto reply"}, {WORDS_AUTOMATIC, "this is an autoreply"},
    {WORDS_AUTOMATIC, "this is an auto-response"}, {WORDS_AUTOMATIC, "this is an auto response"},
    {WORDS_AUTOMATIC, "this is an auto-generated"}, {WORDS_AUTOMATIC, "this is an automatically generated"},
    {WORDS_AUTOMATIC, "this is an automated email"}, {WORDS_AUTOMATIC, "this is an automated e-mail"},
    {WORDS_AUTOMATIC, "this is an automated notification"}, {WORDS_AUTOMATIC, "this is a computer generated"},
    {WORDS_AUTOMATIC, "this is a system generated"}, {WORDS_AUTOMATIC, "this message was automatically generated"},
    {WORDS_AUTOMATIC, "this message is automatically generated"}, {WORDS_AUTOMATIC, "this email was automatically generated"},
    {WORDS_AUTOMATIC, "this email is automatically generated"}, {WORDS_AUTOMATIC, "this reply was automatically generated"},
    {WORDS_AUTOMATIC, "this reply was sent automatically"}, {WORDS_AUTOMATIC, "this message was sent automatically"},
    {WORDS_AUTOMATIC, "this response was sent automatically"}, {WORDS_AUTOMATIC, "automated acknowledgement"},
    {WORDS_AUTOMATIC, "please do not reply to this automated"}, {WORDS_AUTOMATIC, "automatic out of office"},
    {WORDS_AUTOMATIC, "you will receive this message only once"}, {WORDS_AUTOMATIC, "this is the only notification you will receive"},
    {WORDS_ABSENT, "i am out of office"}, {WORDS_ABSENT, "i'm out of office"}, {WORDS_ABSENT, "i am out of the office"},
    {WORDS_ABSENT, "i'm out of the office"}, {WORDS_ABSENT, "i am currently out"}, {WORDS_ABSENT, "i'm currently out"},
    {WORDS_ABSENT, "i will be out of office"}, {WORDS_ABSENT, "i will be out of the office"}, {WORDS_ABSENT, "i'll be out of the office"},
    {WORDS_ABSENT, "i'll be out of office"}, {WORDS_ABSENT, "is out of the office"}, {WORDS_ABSENT, "is out of office"},
    {WORDS_ABSENT, "is currently out of"}, {WORDS_ABSENT, "currently out of the office"}, {WORDS_ABSENT, "currently out of office"},
    {WORDS_ABSENT, "i am currently away"}, {WORDS_ABSENT, "i'm currently away"}, {WORDS_ABSENT, "i am away from"},
    {WORDS_ABSENT, "i'm away from"}, {WORDS_ABSENT, "i am away until"}, {WORDS_ABSENT, "i will be away"}, {WORDS_ABSENT, "i am away on"},
    {WORDS_ABSENT, "i am on annual leave"}, {WORDS_ABSENT, "i'm on annual leave"}, {WORDS_ABSENT, "i am currently on"},
    {WORDS_ABSENT, "i'm currently on"}, {WORDS_ABSENT, "currently on annual leave"}, {WORDS_ABSENT, "on maternity leave"},
    {WORDS_ABSENT, "on parental leave"}, {WORDS_ABSENT, "on paternity leave"}, {WORDS_ABSENT, "on sick leave"},
    {WORDS_ABSENT, "i am on leave"}, {WORDS_ABSENT, "i'm on leave"}, {WORDS_ABSENT, "i will be on leave"},
    {WORDS_ABSENT, "i am on vacation"}, {WORDS_ABSENT, "i'm on vacation"}, {WORDS_ABSENT, "i will be on vacation"},
    {WORDS_ABSENT, "i am on holiday"}, {WORDS_ABSENT, "i'm on holiday"}, {WORDS_ABSENT, "i will be on holiday"},
    {WORDS_ABSENT, "i am traveling"}, {WORDS_ABSENT, "i am travelling"}, {WORDS_ABSENT, "i'm traveling"}, {WORDS_ABSENT, "i'm travelling"},
    {WORDS_ABSENT, "i am not in the office"}, {WORDS_ABSENT, "i'm not in the office"}, {WORDS_ABSENT, "i will be unavailable"},
    {WORDS_ABSENT, "i am unavailable"}, {WORDS_ABSENT, "i am currently unavailable"}, {WORDS_ABSENT, "our office is closed"},
    {WORDS_ABSENT, "our offices are closed"}, {WORDS_ABSENT, "the office is closed"}, {WORDS_ABSENT, "our office will be closed"},
    {WORDS_ABSENT, "we are closed"}, {WORDS_ABSENT, "i am out until"}, {WORDS_ABSENT, "i'm out until"}, {WORDS_ABSENT, "i am on pto"}, {WORDS_ABSENT, "i'm on pto"}, {WORDS_ABSENT, "on paid time off"}, {WORDS_ABSENT, "on bereavement leave"}, {WORDS_ABSENT, "on medical leave"}, {WORDS_ABSENT, "i am ooo"},
    {WORDS_ABSENT, "i'm ooo"}, {WORDS_ABSENT, "currently ooo"}, {WORDS_ABSENT, "out of the office until"}, {WORDS_ABSENT, "out of office until"},
    {WORDS_ABSENT, "out of the office from"}, {WORDS_ABSENT, "out of office from"}, {WORDS_ABSENT, "away from my desk"},
    {WORDS_ABSENT, "away from the office"},
    {WORDS_BACK, "upon my return"}, {WORDS_BACK, "on my return"}, {WORDS_BACK, "when i return"}, {WORDS_BACK, "once i return"},
    {WORDS_BACK, "when i get back"}, {WORDS_BACK, "when i am back"}, {WORDS_BACK, "when i'm back"}, {WORDS_BACK, "once i'm back"}, {WORDS_BACK, "once i am back"}, {WORDS_BACK, "will not return until"}, {WORDS_BACK, "after my return"},
    {WORDS_BACK, "as soon as i return"}, {WORDS_BACK, "will be back in the office"}, {WORDS_BACK, "i will be back"}, {WORDS_BACK, "i'll be back"},
    {WORDS_BACK, "i will return"}, {WORDS_BACK, "returning to the office"}, {WORDS_BACK, "back in the office"}, {WORDS_BACK, "returning on"},
    {WORDS_BACK, "upon return"},
    {WORDS_URGENT, "for urgent"}, {WORDS_URGENT, "if it is urgent"}, {WORDS_URGENT, "if urgent"}, {WORDS_URGENT, "if your matter is urgent"},
    {WORDS_URGENT, "if your request is urgent"}, {WORDS_URGENT, "if this is urgent"}, {WORDS_URGENT, "in urgent cases"},
    {WORDS_URGENT, "in case of urgency"}, {WORDS_URGENT, "in case of emergency"}, {WORDS_URGENT, "for immediate assistance"},
    {WORDS_URGENT, "need immediate assistance"}, {WORDS_URGENT, "require immediate assistance"}, {WORDS_URGENT, "immediate attention"},
    {WORDS_URGENT, "in my absence"}, {WORDS_URGENT, "during my absence"}, {WORDS_URGENT, "while i am away"}, {WORDS_URGENT, "while i'm away"},
    {WORDS_URGENT, "while i am out"}, {WORDS_URGENT, "for any urgent"}, {WORDS_URGENT, "please contact my colleague"}, {WORDS_URGENT, "please reach out to"}, {WORDS_URGENT, "in the meantime"}, {WORDS_URGENT, "in the interim"},
    {WORDS_ACCESS, "limited access to"}, {WORDS_ACCESS, "no access to"}, {WORDS_ACCESS, "limited email access"},
    {WORDS_ACCESS, "intermittent access"}, {WORDS_ACCESS, "sporadic access"}, {WORDS_ACCESS, "infrequent access"},
    {WORDS_ACCESS, "not have access to"}, {WORDS_ACCESS, "not checking email"}, {WORDS_ACCESS, "not be checking email"},
    {WORDS_ACCESS, "checking email"}, {WORDS_ACCESS, "will not be forwarded"}, {WORDS_ACCESS, "slow to respond"},
    {WORDS_THANKS, "thank you for your email"}, {WORDS_THANKS, "thank you for your e-mail"}, {WORDS_THANKS, "thank you for you e-mail"},
    {WORDS_THANKS, "thank you for your message"}, {WORDS_THANKS, "thanks for your email"}, {WORDS_THANKS, "thanks for your e-mail"},
    {WORDS_THANKS, "thanks for your message"}, {WORDS_THANKS, "thank you for your mail"}, {WORDS_THANKS, "thank you for contacting"},
    {WORDS_THANKS, "thanks for contacting"}, {WORDS_THANKS, "thank you for reaching out"}, {WORDS_THANKS, "thanks for reaching out"},
    {WORDS_THANKS, "thank you for getting in touch"}, {WORDS_THANKS, "thanks for getting in touch"}, {WORDS_THANKS, "thank you for writing"},
    {WORDS_THANKS, "thank you for your inquiry"}, {WORDS_THANKS, "thank you for your enquiry"}, {WORDS_THANKS, "thank you for your request"},
    {WORDS_RECEIVED, "received your message"}, {WORDS_RECEIVED, "received your email"}, {WORDS_RECEIVED, "received your e-mail"},
    {WORDS_RECEIVED, "received your request"}, {WORDS_RECEIVED, "received your inquiry"}, {WORDS_RECEIVED, "received your enquiry"},
    {WORDS_RECEIVED, "has been received"}, {WORDS_RECEIVED, "acknowledge receipt"}, {WORDS_RECEIVED, "got your message"},
    {WORDS_SOON, "will respond as soon as possible"}, {WORDS_SOON, "will reply as soon as possible"},
    {WORDS_SOON, "to reply as soon as possible"}, {WORDS_SOON, "to respond as soon as possible"},
    {WORDS_SOON, "get back to you as soon as"}, {WORDS_SOON, "will get back to you within"}, {WORDS_SOON, "will respond within"},
    {WORDS_SOON, "will reply within"}, {WORDS_SOON, "within 24 hours"}, {WORDS_SOON, "within one business day"},
    {WORDS_SOON, "within 1 business day"}, {WORDS_SOON, "within two business days"}, {WORDS_SOON, "will be in touch shortly"},
    {WORDS_SOON, "one of our team"}, {WORDS_SOON, "a member of our team"}, {WORDS_SOON, "our support team will"},
    {WORDS_TICKET, "a ticket has been"}, {WORDS_TICKET, "ticket has been created"}, {WORDS_TICKET, "ticket has been opened"},
    {WORDS_TICKET, "your ticket number"}, {WORDS_TICKET, "ticket number is"}, {WORDS_TICKET, "your ticket id"}, {WORDS_TICKET, "your case number"},
    {WORDS_TICKET, "case number is"}, {WORDS_TICKET, "case has been created"}, {WORDS_TICKET, "your reference number"},
    {WORDS_TICKET, "a support request has been"}, {WORDS_TICKET, "your request has been received"}, {WORDS_TICKET, "your request (#"},
    {WORDS_TICKET, "has been assigned the following"}, {WORDS_TICKET, "has been assigned ticket"}, {WORDS_TICKET, "please type your reply above this line"},
    {WORDS_TICKET, "reply above this line"}, {WORDS_TICKET, "to add additional comments, reply to this email"},
    {WORDS_GONE, "no longer with"}, {WORDS_GONE, "no longer works"}, {WORDS_GONE, "no longer working"}, {WORDS_GONE, "no longer employed"},
    {WORDS_GONE, "no longer work at"}, {WORDS_GONE, "no longer work for"}, {WORDS_GONE, "has left the company"}, {WORDS_GONE, "i have left"},
    {WORDS_GONE, "no longer monitored"}, {WORDS_GONE, "not monitored"}, {WORDS_GONE, "no longer in use"}, {WORDS_GONE, "my email address has changed"},
    {WORDS_OPT_OUT, "please unsubscribe"}, {WORDS_OPT_OUT, "pls unsubscribe"}, {WORDS_OPT_OUT, "unsubscribe me"}, {WORDS_OPT_OUT, "unsubscribe us"},
    {WORDS_OPT_OUT, "unsubscribe please"}, {WORDS_OPT_OUT, "want to unsubscribe"}, {WORDS_OPT_OUT, "like to unsubscribe"},
    {WORDS_OPT_OUT, "wish to unsubscribe"}, {WORDS_OPT_OUT, "like to be unsubscribed"}, {WORDS_OPT_OUT, "remove me from your"},
    {WORDS_OPT_OUT, "remove me from this mailing"}, {WORDS_OPT_OUT, "remove me from this list"}, {WORDS_OPT_OUT, "remove me from the mailing"},
    {WORDS_OPT_OUT, "remove me from the list"}, {WORDS_OPT_OUT, "remove me from any"}, {WORDS_OPT_OUT, "remove us from your"},
    {WORDS_OPT_OUT, "remove us from this mailing"}, {WORDS_OPT_OUT, "remove my email"}, {WORDS_OPT_OUT, "remove my e-mail"},
    {WORDS_OPT_OUT, "remove my address"}, {WORDS_OPT_OUT, "remove this email address"}, {WORDS_OPT_OUT, "remove this address"},
    {WORDS_OPT_OUT, "take me off your"}, {WORDS_OPT_OUT, "take me off this list"}, {WORDS_OPT_OUT, "take me off the list"},
    {WORDS_OPT_OUT, "take us off your"}, {WORDS_OPT_OUT, "stop emailing"}, {WORDS_OPT_OUT, "stop e-mailing"}, {WORDS_OPT_OUT, "stop mailing me"},
    {WORDS_OPT_OUT, "stop sending me"}, {WORDS_OPT_OUT, "stop sending us"}, {WORDS_OPT_OUT, "stop sending these"},
    {WORDS_OPT_OUT, "stop contacting"}, {WORDS_OPT_OUT, "stop writing to me"}, {WORDS_OPT_OUT, "stop spamming"}, {WORDS_OPT_OUT, "do not email me"},
    {WORDS_OPT_OUT, "don't email me"}, {WORDS_OPT_OUT, "do not contact me again"}, {WORDS_OPT_OUT, "don't contact me again"},
    {WORDS_OPT_OUT, "do not contact us again"}, {WORDS_OPT_OUT, "do not contact me anymore"}, {WORDS_OPT_OUT, "don't contact me anymore"},
    {WORDS_OPT_OUT, "do not send me any more"}, {WORDS_OPT_OUT, "don't send me any more"}, {WORDS_OPT_OUT, "do not send me anymore"},
    {WORDS_OPT_OUT, "no longer wish to receive"}, {WORDS_OPT_OUT, "no longer want to receive"}, {WORDS_OPT_OUT, "do not wish to receive"},
    {WORDS_OPT_OUT, "don't want to receive"}, {WORDS_OPT_OUT, "do not want to receive"}, {WORDS_OPT_OUT, "don't want any more emails"},
    {WORDS_OPT_OUT, "no more emails"}, {WORDS_OPT_OUT, "opt me out"}, {WORDS_OPT_OUT, "opt us out"}, {WORDS_OPT_OUT, "like to opt out"},
    {WORDS_OPT_OUT, "want to opt out"}, {WORDS_OPT_OUT, "wish to opt out"}, {WORDS_OPT_OUT, "delete my email address"},
    {WORDS_OPT_OUT, "delete me from your"},
    {WORDS_OPT_OUT_LINE, "unsubscribe"}, {WORDS_OPT_OUT_LINE, "opt out"}, {WORDS_OPT_OUT_LINE, "opt-out"}, {WORDS_OPT_OUT_LINE, "remove"},
    {WORDS_OPT_OUT_LINE, "remove me"}, {WORDS_OPT_OUT_LINE, "please remove me"}, {WORDS_OPT_OUT_LINE, "please remove"}, {WORDS_OPT_OUT_LINE, "stop"},
    {WORDS_OPT_OUT_LINE, "please stop"}, {WORDS_OPT_OUT_LINE, "take me off"}, {WORDS_OPT_OUT_LINE, "please remove me, thanks"},
    {WORDS_OPT_OUT_LINE, "remove me please"}, {WORDS_OPT_OUT_LINE, "remove me thanks"}, {WORDS_OPT_OUT_LINE, "take me off please"}, {WORDS_OPT_OUT_LINE, "stop it"}, {WORDS_OPT_OUT_LINE, "unsubscribe, thanks"},
    {WORDS_OPT_OUT_LINE, "unsubscribe thanks"}, {WORDS_OPT_OUT_LINE, "unsubscribe now"},
    /* German */
    {WORDS_SUBJECT, "automatische antwort"}, {WORDS_SUBJECT, "automatische rückantwort"}, {WORDS_SUBJECT, "automatische abwesenheit"},
    {WORDS_SUBJECT, "automatisierte antwort"}, {WORDS_SUBJECT, "abwesenheitsnotiz"}, {WORDS_SUBJECT, "abwesenheitsnachricht"},
    {WORDS_SUBJECT, "abwesenheitsmeldung"}, {WORDS_SUBJECT, "abwesenheitsassistent"}, {WORDS_SUBJECT, "autoantwort"},
    {WORDS_SUBJECT, "auto-antwort"}, {WORDS_SUBJECT, "eingangsbestätigung"},
    {WORDS_SUBJECT_AWAY, "abwesenheit"}, {WORDS_SUBJECT_AWAY, "abwesend"}, {WORDS_SUBJECT_AWAY, "nicht im büro"},
    {WORDS_SUBJECT_AWAY, "ich bin nicht"}, {WORDS_SUBJECT_AWAY, "urlaub"}, {WORDS_SUBJECT_AWAY, "vielen dank für ihre"},
    {WORDS_AUTOMATIC, "dies ist eine automatische"}, {WORDS_AUTOMATIC, "dies ist eine automatisch generierte"},
    {WORDS_AUTOMATIC, "das ist eine automatische"}, {WORDS_AUTOMATIC, "diese nachricht wurde automatisch"},
    {WORDS_AUTOMATIC, "diese e-mail wurde automatisch"}, {WORDS_AUTOMATIC, "diese antwort wurde automatisch"},
    {WORDS_AUTOMATIC, "automatisch generierte"}, {WORDS_AUTOMATIC, "automatisch erzeugte"},
    {WORDS_ABSENT, "ich bin nicht im büro"}, {WORDS_ABSENT, "ich bin derzeit nicht"}, {WORDS_ABSENT, "ich bin zurzeit nicht"},
    {WORDS_ABSENT, "ich bin zur zeit nicht"}, {WORDS_ABSENT, "ich bin momentan nicht"}, {WORDS_ABSENT, "ich bin aktuell nicht"},
    {WORDS_ABSENT, "ich bin im urlaub"}, {WORDS_ABSENT, "ich bin in urlaub"}, {WORDS_ABSENT, "ich befinde mich"},
    {WORDS_ABSENT, "ich bin bis"}, {WORDS_ABSENT, "ich bin vom"}, {WORDS_ABSENT, "ich bin ab dem"}, {WORDS_ABSENT, "ich bin ab"},
    {WORDS_ABSENT, "ich bin außer haus"}, {WORDS_ABSENT, "bin ich nicht erreichbar"}, {WORDS_ABSENT, "bin ich nicht im büro"},
    {WORDS_ABSENT, "nicht im hause"}, {WORDS_ABSENT, "nicht im haus"}, {WORDS_ABSENT, "ich bin erst ab"}, {WORDS_ABSENT, "ich bin erst wieder"},
    {WORDS_ABSENT, "in elternzeit"}, {WORDS_ABSENT, "in mutterschutz"}, {WORDS_ABSENT, "auf dienstreise"}, {WORDS_ABSENT, "ich bin abwesend"},
    {WORDS_ABSENT, "ich bin nicht erreichbar"}, {WORDS_ABSENT, "unser büro ist"},
    {WORDS_BACK, "wieder erreichbar"}, {WORDS_BACK, "wieder im büro"}, {WORDS_BACK, "wieder für sie da"}, {WORDS_BACK, "nach meiner rückkehr"},
    {WORDS_BACK, "wieder im haus"}, {WORDS_BACK, "wieder da"}, {WORDS_BACK, "wieder zurück"}, {WORDS_BACK, "wieder persönlich"},
    {WORDS_URGENT, "in dringenden fällen"}, {WORDS_URGENT, "in dringenden"}, {WORDS_URGENT, "bei dringenden"}, {WORDS_URGENT, "dringende anfragen"},
    {WORDS_URGENT, "dringenden angelegenheiten"}, {WORDS_URGENT, "in meiner abwesenheit"}, {WORDS_URGENT, "während meiner abwesenheit"},
    {WORDS_URGENT, "wenden sie sich bitte an"}, {WORDS_URGENT, "bitte wenden sie sich"}, {WORDS_URGENT, "meine vertretung"},
    {WORDS_ACCESS, "keinen zugriff auf"}, {WORDS_ACCESS, "nicht weitergeleitet"}, {WORDS_ACCESS, "nicht gelesen"},
    {WORDS_ACCESS, "eingeschränkten zugriff"}, {WORDS_ACCESS, "nur eingeschränkt"}, {WORDS_ACCESS, "nur sporadisch"},
    {WORDS_THANKS, "vielen dank für ihre nachricht"}, {WORDS_THANKS, "vielen dank für ihre e-mail"}, {WORDS_THANKS, "vielen dank für ihre mail"},
    {WORDS_THANKS, "vielen dank für deine nachricht"}, {WORDS_THANKS, "vielen dank für ihre anfrage"}, {WORDS_THANKS, "danke für ihre nachricht"},
    {WORDS_THANKS, "danke für ihre e-mail"}, {WORDS_THANKS, "danke für deine nachricht"}, {WORDS_THANKS, "danke für deine mail"},
    {WORDS_RECEIVED, "ihre anfrage erhalten"}, {WORDS_RECEIVED, "ihre nachricht erhalten"}, {WORDS_RECEIVED, "ihre e-mail erhalten"}, {WORDS_RECEIVED, "ihre anfrage ist bei uns eingegangen"}, {WORDS_RECEIVED, "ihre nachricht ist bei uns eingegangen"}, {WORDS_SOON, "so schnell wie möglich"},
    {WORDS_SOON, "schnellstmöglich"}, {WORDS_SOON, "umgehend bearbeite"}, {WORDS_RECEIVED, "bestätigen wir den eingang"},
    {WORDS_TICKET, "ticketnummer"}, {WORDS_TICKET, "ticket-nummer"}, {WORDS_TICKET, "vorgangsnummer"}, {WORDS_TICKET, "ein ticket"},
    {WORDS_GONE, "nicht mehr im unternehmen"}, {WORDS_GONE, "nicht mehr bei"}, {WORDS_GONE, "nicht mehr für"}, {WORDS_GONE, "hat das unternehmen verlassen"},
    {WORDS_OPT_OUT, "bitte abmelden"}, {WORDS_OPT_OUT, "melden sie mich ab"}, {WORDS_OPT_OUT, "bitte austragen"}, {WORDS_OPT_OUT, "aus ihrem verteiler"},
    {WORDS_OPT_OUT, "aus dem verteiler"}, {WORDS_OPT_OUT, "keine weiteren e-mails"}, {WORDS_OPT_OUT, "keine weiteren mails"},
    {WORDS_OPT_OUT, "keine e-mails mehr"}, {WORDS_OPT_OUT, "keine mails mehr"}, {WORDS_OPT_OUT, "nicht mehr kontaktieren"},
    {WORDS_OPT_OUT, "nicht mehr anschreiben"}, {WORDS_OPT_OUT, "löschen sie meine e-mail"}, {WORDS_OPT_OUT, "löschen sie meine adresse"},
    {WORDS_OPT_OUT, "von ihrer mailingliste"}, {WORDS_OPT_OUT, "aus ihrer mailingliste"}, {WORDS_OPT_OUT, "entfernen sie mich aus"},
    {WORDS_OPT_OUT_LINE, "abmelden"}, {WORDS_OPT_OUT_LINE, "abbestellen"}, {WORDS_OPT_OUT_LINE, "austragen"}, {WORDS_OPT_OUT_LINE, "newsletter abbestellen"},
    /* French */
    {WORDS_SUBJECT, "réponse automatique"}, {WORDS_SUBJECT, "reponse auto"}, {WORDS_SUBJECT, "message automatique"},
    {WORDS_SUBJECT, "notification d'absence"}, {WORDS_SUBJECT, "message d'absence"}, {WORDS_SUBJECT, "absence du bureau"},
    {WORDS_SUBJECT, "accusé de réception"},
    {WORDS_SUBJECT_AWAY, "absence"}, {WORDS_SUBJECT_AWAY, "absent"}, {WORDS_SUBJECT_AWAY, "en congé"}, {WORDS_SUBJECT_AWAY, "je suis absent"},
    {WORDS_AUTOMATIC, "ceci est une réponse automatique"}, {WORDS_AUTOMATIC, "ceci est un message automatique"},
    {WORDS_AUTOMATIC, "ce message est automatique"}, {WORDS_AUTOMATIC, "réponse automatique"}, {WORDS_AUTOMATIC, "message généré automatiquement"},
    {WORDS_AUTOMATIC, "envoyé automatiquement"},
    {WORDS_ABSENT, "je suis absent"}, {WORDS_ABSENT, "je suis absente"}, {WORDS_ABSENT, "je suis actuellement"}, {WORDS_ABSENT, "je serai absent"},
    {WORDS_ABSENT, "je serai absente"}, {WORDS_ABSENT, "je suis en congé"}, {WORDS_ABSENT, "je suis en congés"}, {WORDS_ABSENT, "je suis en vacances"},
    {WORDS_ABSENT, "je suis en déplacement"}, {WORDS_ABSENT, "actuellement absent"}, {WORDS_ABSENT, "actuellement en congé"},
    {WORDS_ABSENT, "actuellement en congés"}, {WORDS_ABSENT, "absent du bureau"}, {WORDS_ABSENT, "absente du bureau"}, {WORDS_ABSENT, "congé maternité"},
    {WORDS_ABSENT, "congé parental"}, {WORDS_ABSENT, "nos bureaux sont fermés"}, {WORDS_ABSENT, "nos bureaux seront fermés"},
    {WORDS_ABSENT, "je ne suis pas au bureau"}, {WORDS_ABSENT, "en absence"},
    {WORDS_BACK, "à mon retour"}, {WORDS_BACK, "dès mon retour"}, {WORDS_BACK, "de retour"}, {WORDS_BACK, "je serai de retour"},
    {WORDS_URGENT, "en cas d'urgence"}, {WORDS_URGENT, "pour toute urgence"}, {WORDS_URGENT, "en mon absence"}, {WORDS_URGENT, "durant mon absence"},
    {WORDS_URGENT, "pendant mon absence"}, {WORDS_URGENT, "demande urgente"}, {WORDS_URGENT, "vous pouvez contacter"}, {WORDS_URGENT, "merci de contacter"},
    {WORDS_ACCESS, "pas accès à"}, {WORDS_ACCESS, "accès limité"}, {WORDS_ACCESS, "consulter mes"}, {WORDS_ACCESS, "accès restreint"},
    {WORDS_THANKS, "merci pour votre message"}, {WORDS_THANKS, "merci pour votre mail"}, {WORDS_THANKS, "merci de votre message"},
    {WORDS_THANKS, "merci pour votre email"}, {WORDS_THANKS, "merci pour votre e-mail"}, {WORDS_THANKS, "je vous remercie de votre message"},
    {WORDS_THANKS, "je vous remercie pour votre message"}, {WORDS_THANKS, "nous vous remercions de"}, {WORDS_THANKS, "merci de nous avoir contacté"},
    {WORDS_RECEIVED, "nous avons bien reçu votre"}, {WORDS_RECEIVED, "nous accusons réception"}, {WORDS_RECEIVED, "votre demande a bien été"}, {WORDS_SOON, "dans les plus brefs délais"},
    {WORDS_SOON, "dans les meilleurs délais"}, {WORDS_SOON, "dès que possible"},
    {WORDS_TICKET, "numéro de ticket"}, {WORDS_TICKET, "votre demande a été enregistrée"}, {WORDS_TICKET, "un ticket"},
    {WORDS_GONE, "ne travaille plus"}, {WORDS_GONE, "a quitté la société"}, {WORDS_GONE, "a quitté l'entreprise"}, {WORDS_GONE, "ne fait plus partie"},
    {WORDS_OPT_OUT, "désinscrivez-moi"}, {WORDS_OPT_OUT, "désabonnez-moi"}, {WORDS_OPT_OUT, "me désinscrire"}, {WORDS_OPT_OUT, "me désabonner"},
    {WORDS_OPT_OUT, "ne plus recevoir"}, {WORDS_OPT_OUT, "ne plus me contacter"}, {WORDS_OPT_OUT, "ne plus m'envoyer"}, {WORDS_OPT_OUT, "ne me contactez plus"},
    {WORDS_OPT_OUT, "ne m'envoyez plus"}, {WORDS_OPT_OUT, "retirez-moi de votre"}, {WORDS_OPT_OUT, "me retirer de votre"}, {WORDS_OPT_OUT, "arrêtez de m'envoyer"},
    {WORDS_OPT_OUT, "me retirer de la liste"}, {WORDS_OPT_OUT, "supprimer mon adresse"}, {WORDS_OPT_OUT, "supprimez mon adresse"},
    {WORDS_OPT_OUT_LINE, "désinscription"}, {WORDS_OPT_OUT_LINE, "désabonnement"}, {WORDS_OPT_OUT_LINE, "désinscrire"}, {WORDS_OPT_OUT_LINE, "désabonner"},
    /* Spanish */
    {WORDS_SUBJECT, "respuesta automática"}, {WORDS_SUBJECT, "respuesta automatizada"}, {WORDS_SUBJECT, "autorespuesta"},
    {WORDS_SUBJECT, "mensaje automático"}, {WORDS_SUBJECT, "acuse de recibo"},
    {WORDS_SUBJECT_AWAY, "fuera de la oficina"}, {WORDS_SUBJECT_AWAY, "fuera de oficina"}, {WORDS_SUBJECT_AWAY, "ausente"}, {WORDS_SUBJECT_AWAY, "de vacaciones"},
    {WORDS_AUTOMATIC, "esta es una respuesta automática"}, {WORDS_AUTOMATIC, "este es un mensaje automático"}, {WORDS_AUTOMATIC, "respuesta automática"},
    {WORDS_AUTOMATIC, "mensaje generado automáticamente"},
    {WORDS_ABSENT, "estoy fuera de la oficina"}, {WORDS_ABSENT, "estoy fuera de oficina"}, {WORDS_ABSENT, "estaré fuera de la oficina"},
    {WORDS_ABSENT, "estaré fuera de oficina"}, {WORDS_ABSENT, "me encuentro fuera"}, {WORDS_ABSENT, "me encuentro de vacaciones"},
    {WORDS_ABSENT, "estoy de vacaciones"}, {WORDS_ABSENT, "estaré de vacaciones"}, {WORDS_ABSENT, "estaré ausente"}, {WORDS_ABSENT, "estoy ausente"},
    {WORDS_ABSENT, "baja maternal"}, {WORDS_ABSENT, "baja médica"}, {WORDS_ABSENT, "permiso de maternidad"}, {WORDS_ABSENT, "no estoy en la oficina"},
    {WORDS_ABSENT, "estoy de viaje"}, {WORDS_ABSENT, "nuestra oficina estará cerrada"}, {WORDS_ABSENT, "estaré de baja"},
    {WORDS_BACK, "a mi regreso"}, {WORDS_BACK, "a mi vuelta"}, {WORDS_BACK, "cuando regrese"}, {WORDS_BACK, "cuando vuelva"}, {WORDS_BACK, "estaré de vuelta"},
    {WORDS_BACK, "estaré de regreso"}, {WORDS_BACK, "me reincorporo"}, {WORDS_BACK, "me reincorporaré"}, {WORDS_BACK, "me incorporaré"},
    {WORDS_URGENT, "en caso de urgencia"}, {WORDS_URGENT, "para asuntos urgentes"}, {WORDS_URGENT, "si es urgente"}, {WORDS_URGENT, "para temas urgentes"},
    {WORDS_URGENT, "para cualquier urgencia"}, {WORDS_URGENT, "durante mi ausencia"}, {WORDS_URGENT, "en mi ausencia"}, {WORDS_URGENT, "pueden contactar"},
    {WORDS_ACCESS, "acceso limitado"}, {WORDS_ACCESS, "sin acceso al correo"}, {WORDS_ACCESS, "no tendré acceso"},
    {WORDS_THANKS, "gracias por su mensaje"}, {WORDS_THANKS, "gracias por tu mensaje"}, {WORDS_THANKS, "gracias por su correo"},
    {WORDS_THANKS, "gracias por tu correo"}, {WORDS_THANKS, "gracias por contactar"}, {WORDS_THANKS, "gracias por ponerse en contacto"}, {WORDS_THANKS, "gracias por su email"},
    {WORDS_RECEIVED, "hemos recibido su mensaje"}, {WORDS_RECEIVED, "hemos recibido tu mensaje"}, {WORDS_RECEIVED, "hemos recibido su correo"}, {WORDS_RECEIVED, "hemos recibido su solicitud"}, {WORDS_RECEIVED, "hemos recibido tu solicitud"}, {WORDS_RECEIVED, "hemos recibido su consulta"}, {WORDS_SOON, "lo antes posible"}, {WORDS_SOON, "a la mayor brevedad"},
    {WORDS_SOON, "a la brevedad"},
    {WORDS_TICKET, "número de ticket"}, {WORDS_TICKET, "número de caso"}, {WORDS_TICKET, "su solicitud ha sido"},
    {WORDS_GONE, "ya no trabaja"}, {WORDS_GONE, "ya no trabajo"}, {WORDS_GONE, "ya no forma parte"},
    {WORDS_OPT_OUT, "darme de baja"}, {WORDS_OPT_OUT, "denme de baja"}, {WORDS_OPT_OUT, "dame de baja"}, {WORDS_OPT_OUT, "deme de baja"},
    {WORDS_OPT_OUT, "no deseo recibir"}, {WORDS_OPT_OUT, "no quiero recibir"}, {WORDS_OPT_OUT, "dejen de enviarme"}, {WORDS_OPT_OUT, "deje de enviarme"},
    {WORDS_OPT_OUT, "dejar de recibir"}, {WORDS_OPT_OUT, "no me contacten"}, {WORDS_OPT_OUT, "no me envíen más"}, {WORDS_OPT_OUT, "elimíneme de su lista"},
    {WORDS_OPT_OUT, "eliminarme de su lista"}, {WORDS_OPT_OUT, "eliminen mi correo"}, {WORDS_OPT_OUT, "quítenme de la lista"}, {WORDS_OPT_OUT, "no me escriban más"},
    {WORDS_OPT_OUT_LINE, "baja"}, {WORDS_OPT_OUT_LINE, "darse de baja"}, {WORDS_OPT_OUT_LINE, "cancelar suscripción"}, {WORDS_OPT_OUT_LINE, "desuscribir"},
    /* Italian */
    {WORDS_SUBJECT, "risposta automatica"}, {WORDS_SUBJECT, "messaggio automatico"}, {WORDS_SUBJECT, "autorisposta"},
    {WORDS_SUBJECT_AWAY, "fuori sede"}, {WORDS_SUBJECT_AWAY, "fuori ufficio"}, {WORDS_SUBJECT_AWAY, "assenza"}, {WORDS_SUBJECT_AWAY, "in ferie"}, {WORDS_SUBJECT_AWAY, "assente"},
    {WORDS_AUTOMATIC, "questa è una risposta automatica"}, {WORDS_AUTOMATIC, "risposta automatica"}, {WORDS_AUTOMATIC, "messaggio automatico"},
    {WORDS_AUTOMATIC, "generato automaticamente"},
    {WORDS_ABSENT, "sono fuori ufficio"}, {WORDS_ABSENT, "sono fuori sede"}, {WORDS_ABSENT, "sarò fuori ufficio"}, {WORDS_ABSENT, "sarò fuori sede"},
    {WORDS_ABSENT, "sarò assente"}, {WORDS_ABSENT, "sono assente"}, {WORDS_ABSENT, "sono in ferie"}, {WORDS_ABSENT, "sarò in ferie"},
    {WORDS_ABSENT, "al momento non sono"}, {WORDS_ABSENT, "non sono in ufficio"}, {WORDS_ABSENT, "attualmente fuori"}, {WORDS_ABSENT, "in maternità"},
    {WORDS_ABSENT, "in congedo"}, {WORDS_ABSENT, "i nostri uffici sono chiusi"}, {WORDS_ABSENT, "i nostri uffici saranno chiusi"},
    {WORDS_BACK, "al mio rientro"}, {WORDS_BACK, "rientrerò"}, {WORDS_BACK, "sarò di ritorno"}, {WORDS_BACK, "al mio ritorno"}, {WORDS_BACK, "rientro in ufficio"},
    {WORDS_URGENT, "per urgenze"}, {WORDS_URGENT, "in caso di urgenza"}, {WORDS_URGENT, "per questioni urgenti"}, {WORDS_URGENT, "in mia assenza"},
    {WORDS_URGENT, "durante la mia assenza"}, {WORDS_URGENT, "per comunicazioni urgenti"}, {WORDS_URGENT, "per qualsiasi urgenza"},
    {WORDS_ACCESS, "accesso limitato"}, {WORDS_ACCESS, "non avrò accesso"},
    {WORDS_THANKS, "grazie per il tuo messaggio"}, {WORDS_THANKS, "grazie per il suo messaggio"}, {WORDS_THANKS, "grazie per la tua mail"},
    {WORDS_THANKS, "grazie per la sua mail"}, {WORDS_THANKS, "grazie per averci contattato"}, {WORDS_THANKS, "la ringrazio per"}, {WORDS_THANKS, "grazie per la sua email"},
    {WORDS_RECEIVED, "abbiamo ricevuto il tuo messaggio"}, {WORDS_RECEIVED, "abbiamo ricevuto la tua richiesta"}, {WORDS_RECEIVED, "abbiamo ricevuto la sua richiesta"}, {WORDS_RECEIVED, "abbiamo ricevuto il suo messaggio"}, {WORDS_SOON, "il prima possibile"}, {WORDS_SOON, "al più presto"}, {WORDS_SOON, "appena possibile"},
    {WORDS_TICKET, "numero di ticket"}, {WORDS_TICKET, "la sua richiesta è stata"},
    {WORDS_GONE, "non lavora più"}, {WORDS_GONE, "non lavoro più"}, {WORDS_GONE, "non fa più parte"},
    {WORDS_OPT_OUT, "cancellatemi"}, {WORDS_OPT_OUT, "disiscrivetemi"}, {WORDS_OPT_OUT, "non desidero più ricevere"}, {WORDS_OPT_OUT, "non voglio più ricevere"},
    {WORDS_OPT_OUT, "rimuovetemi"}, {WORDS_OPT_OUT, "rimuovere il mio indirizzo"}, {WORDS_OPT_OUT, "non inviatemi più"}, {WORDS_OPT_OUT, "smettete di inviarmi"},
    {WORDS_OPT_OUT, "non contattatemi più"}, {WORDS_OPT_OUT, "cancellare la mia iscrizione"},
    {WORDS_OPT_OUT_LINE, "disiscrivimi"}, {WORDS_OPT_OUT_LINE, "cancellazione"}, {WORDS_OPT_OUT_LINE, "cancellami"}, {WORDS_OPT_OUT_LINE, "disiscrizione"},
    /* Portuguese */
    {WORDS_SUBJECT, "resposta automática"}, {WORDS_SUBJECT, "resposta automatica"}, {WORDS_SUBJECT, "mensagem automática"},
    {WORDS_SUBJECT_AWAY, "fora do escritório"}, {WORDS_SUBJECT_AWAY, "ausência"}, {WORDS_SUBJECT_AWAY, "ausente"}, {WORDS_SUBJECT_AWAY, "em férias"}, {WORDS_SUBJECT_AWAY, "de férias"},
    {WORDS_AUTOMATIC, "esta é uma resposta automática"}, {WORDS_AUTOMATIC, "esta é uma mensagem automática"}, {WORDS_AUTOMATIC, "resposta automática"},
    {WORDS_ABSENT, "estou fora do escritório"}, {WORDS_ABSENT, "estarei fora do escritório"}, {WORDS_ABSENT, "estou ausente"}, {WORDS_ABSENT, "estarei ausente"},
    {WORDS_ABSENT, "estou de férias"}, {WORDS_ABSENT, "estou em férias"}, {WORDS_ABSENT, "estarei de férias"}, {WORDS_ABSENT, "estarei em férias"},
    {WORDS_ABSENT, "encontro-me ausente"}, {WORDS_ABSENT, "encontro-me de férias"}, {WORDS_ABSENT, "licença maternidade"}, {WORDS_ABSENT, "licença-maternidade"},
    {WORDS_ABSENT, "licença de maternidade"}, {WORDS_ABSENT, "não estou no escritório"},
    {WORDS_BACK, "no meu regresso"}, {WORDS_BACK, "ao meu retorno"}, {WORDS_BACK, "quando regressar"}, {WORDS_BACK, "quando retornar"}, {WORDS_BACK, "estarei de volta"},
    {WORDS_BACK, "retorno dia"}, {WORDS_BACK, "retorno no dia"}, {WORDS_BACK, "retornarei"}, {WORDS_BACK, "regressarei"}, {WORDS_BACK, "assim que retornar"},
    {WORDS_URGENT, "em caso de urgência"}, {WORDS_URGENT, "para assuntos urgentes"}, {WORDS_URGENT, "em casos urgentes"}, {WORDS_URGENT, "na minha ausência"},
    {WORDS_URGENT, "durante a minha ausência"}, {WORDS_URGENT, "se for urgente"}, {WORDS_URGENT, "qualquer urgência"},
    {WORDS_ACCESS, "acesso limitado"}, {WORDS_ACCESS, "sem acesso ao e-mail"},
    {WORDS_THANKS, "obrigado pela sua mensagem"}, {WORDS_THANKS, "obrigada pela sua mensagem"}, {WORDS_THANKS, "obrigado pelo seu e-mail"},
    {WORDS_THANKS, "obrigado pelo seu contacto"}, {WORDS_THANKS, "obrigado pelo seu contato"}, {WORDS_THANKS, "agradecemos o seu contacto"}, {WORDS_THANKS, "agradecemos o seu contato"},
    {WORDS_THANKS, "agradecemos seu contato"}, {WORDS_THANKS, "obrigado por entrar em contato"},
    {WORDS_RECEIVED, "recebemos a sua mensagem"}, {WORDS_RECEIVED, "recebemos sua mensagem"}, {WORDS_RECEIVED, "recebemos o seu contato"}, {WORDS_RECEIVED, "recebemos o seu pedido"}, {WORDS_RECEIVED, "recebemos sua solicitação"}, {WORDS_SOON, "o mais breve possível"},
    {WORDS_SOON, "assim que possível"}, {WORDS_SOON, "o mais rápido possível"},
    {WORDS_TICKET, "número do ticket"}, {WORDS_TICKET, "número de protocolo"}, {WORDS_TICKET, "sua solicitação foi"},
    {WORDS_GONE, "não trabalha mais"}, {WORDS_GONE, "já não trabalha"}, {WORDS_GONE, "não faz mais parte"},
    {WORDS_OPT_OUT, "não quero receber"}, {WORDS_OPT_OUT, "não desejo receber"}, {WORDS_OPT_OUT, "não quero mais receber"}, {WORDS_OPT_OUT, "não desejo mais receber"},
    {WORDS_OPT_OUT, "remova-me"}, {WORDS_OPT_OUT, "me remova da"}, {WORDS_OPT_OUT, "me remover da lista"}, {WORDS_OPT_OUT, "remover meu e-mail"},
    {WORDS_OPT_OUT, "remover o meu e-mail"}, {WORDS_OPT_OUT, "parem de me enviar"}, {WORDS_OPT_OUT, "pare de me enviar"}, {WORDS_OPT_OUT, "cancelar a minha subscrição"},
    {WORDS_OPT_OUT, "cancelar minha inscrição"}, {WORDS_OPT_OUT, "favor descadastrar"}, {WORDS_OPT_OUT, "deixar de receber"},
    {WORDS_OPT_OUT_LINE, "descadastrar"}, {WORDS_OPT_OUT_LINE, "remover"}, {WORDS_OPT_OUT_LINE, "cancelar inscrição"}, {WORDS_OPT_OUT_LINE, "cancelar subscrição"},
    /* Dutch */
    {WORDS_SUBJECT, "automatisch antwoord"}, {WORDS_SUBJECT, "automatische reactie"}, {WORDS_SUBJECT, "afwezigheidsbericht"}, {WORDS_SUBJECT, "automatisch bericht"},
    {WORDS_SUBJECT, "afwezigheidsmelding"}, {WORDS_SUBJECT, "ontvangstbevestiging"},
    {WORDS_SUBJECT_AWAY, "afwezig"}, {WORDS_SUBJECT_AWAY, "niet aanwezig"}, {WORDS_SUBJECT_AWAY, "met vakantie"}, {WORDS_SUBJECT_AWAY, "op vakantie"},
    {WORDS_AUTOMATIC, "dit is een automatisch"}, {WORDS_AUTOMATIC, "automatisch gegenereerd"},
    {WORDS_ABSENT, "ik ben afwezig"}, {WORDS_ABSENT, "ik ben niet aanwezig"}, {WORDS_ABSENT, "ik ben momenteel"}, {WORDS_ABSENT, "ik ben op vakantie"},
    {WORDS_ABSENT, "ik ben met vakantie"}, {WORDS_ABSENT, "ik ben niet op kantoor"}, {WORDS_ABSENT, "ik ben tot"}, {WORDS_ABSENT, "ben ik afwezig"},
    {WORDS_ABSENT, "ben ik niet aanwezig"}, {WORDS_ABSENT, "met zwangerschapsverlof"}, {WORDS_ABSENT, "ben ik met verlof"}, {WORDS_ABSENT, "ik ben met verlof"},
    {WORDS_BACK, "bij terugkomst"}, {WORDS_BACK, "na mijn terugkeer"}, {WORDS_BACK, "weer aanwezig"}, {WORDS_BACK, "weer bereikbaar"}, {WORDS_BACK, "weer terug"},
    {WORDS_BACK, "terug op kantoor"},
    {WORDS_URGENT, "voor dringende"}, {WORDS_URGENT, "in dringende gevallen"}, {WORDS_URGENT, "bij spoed"}, {WORDS_URGENT, "voor spoed"}, {WORDS_URGENT, "tijdens mijn afwezigheid"},
    {WORDS_URGENT, "urgente zaken"}, {WORDS_URGENT, "in geval van nood"},
    {WORDS_ACCESS, "beperkte toegang"}, {WORDS_ACCESS, "geen toegang tot"},
    {WORDS_THANKS, "bedankt voor uw bericht"}, {WORDS_THANKS, "bedankt voor je bericht"}, {WORDS_THANKS, "bedankt voor uw e-mail"}, {WORDS_THANKS, "bedankt voor je mail"},
    {WORDS_THANKS, "dank voor uw bericht"}, {WORDS_THANKS, "dank u voor uw e-mail"}, {WORDS_THANKS, "hartelijk dank voor uw"},
    {WORDS_RECEIVED, "uw bericht ontvangen"}, {WORDS_RECEIVED, "uw e-mail ontvangen"}, {WORDS_RECEIVED, "uw aanvraag ontvangen"}, {WORDS_SOON, "zo spoedig mogelijk"}, {WORDS_SOON, "zo snel mogelijk"},
    {WORDS_GONE, "niet meer werkzaam"}, {WORDS_GONE, "werkt niet meer bij"},
    {WORDS_OPT_OUT, "graag uitschrijven"}, {WORDS_OPT_OUT, "schrijf mij uit"}, {WORDS_OPT_OUT, "geen e-mails meer"}, {WORDS_OPT_OUT, "geen mails meer"},
    {WORDS_OPT_OUT, "niet meer mailen"}, {WORDS_OPT_OUT, "van uw mailinglijst"}, {WORDS_OPT_OUT, "van de mailinglijst"}, {WORDS_OPT_OUT, "verwijder mij van"},
    {WORDS_OPT_OUT, "geen berichten meer ontvangen"},
    {WORDS_OPT_OUT_LINE, "uitschrijven"}, {WORDS_OPT_OUT_LINE, "afmelden"},
    /* Swedish, Danish, Norwegian, Finnish */
    {WORDS_SUBJECT, "automatiskt svar"}, {WORDS_SUBJECT, "automatisk svar"}, {WORDS_SUBJECT, "autosvar"}, {WORDS_SUBJECT, "frånvaromeddelande"},
    {WORDS_SUBJECT, "fraværsmelding"}, {WORDS_SUBJECT, "fraværsmeddelelse"}, {WORDS_SUBJECT, "automaattinen vastaus"}, {WORDS_SUBJECT, "poissaoloviesti"},
    {WORDS_SUBJECT, "automaattivastaus"}, {WORDS_SUBJECT, "ikke til stede"},
    {WORDS_SUBJECT_AWAY, "frånvaro"}, {WORDS_SUBJECT_AWAY, "frånvarande"}, {WORDS_SUBJECT_AWAY, "fravær"}, {WORDS_SUBJECT_AWAY, "ferie"}, {WORDS_SUBJECT_AWAY, "semester"},
    {WORDS_SUBJECT_AWAY, "poissa"}, {WORDS_SUBJECT_AWAY, "lomalla"},
    {WORDS_AUTOMATIC, "detta är ett automatiskt"}, {WORDS_AUTOMATIC, "dette er et automatisk"}, {WORDS_AUTOMATIC, "tämä on automaattinen"},
    {WORDS_ABSENT, "jag är inte på kontoret"}, {WORDS_ABSENT, "jag är på semester"}, {WORDS_ABSENT, "jag har semester"}, {WORDS_ABSENT, "jag är ledig"},
    {WORDS_ABSENT, "jag är frånvarande"}, {WORDS_ABSENT, "föräldraledig"}, {WORDS_ABSENT, "jag är borta"}, {WORDS_ABSENT, "jeg er ikke på kontoret"},
    {WORDS_ABSENT, "jeg er på ferie"}, {WORDS_ABSENT, "jeg har ferie"}, {WORDS_ABSENT, "jeg holder ferie"}, {WORDS_ABSENT, "jeg er fraværende"},
    {WORDS_ABSENT, "på barselsorlov"}, {WORDS_ABSENT, "jeg er ute av kontoret"}, {WORDS_ABSENT, "jeg er ikke til stede"}, {WORDS_ABSENT, "olen lomalla"},
    {WORDS_ABSENT, "olen poissa"}, {WORDS_ABSENT, "en ole toimistolla"}, {WORDS_ABSENT, "olen tavoitettavissa"}, {WORDS_ABSENT, "jag är tillbaka"},
    {WORDS_BACK, "åter på kontoret"}, {WORDS_BACK, "tillbaka på"}, {WORDS_BACK, "tillbaka den"}, {WORDS_BACK, "tilbage på kontoret"}, {WORDS_BACK, "tilbake på kontoret"},
    {WORDS_BACK, "tilbage igen"}, {WORDS_BACK, "tilbake igjen"}, {WORDS_BACK, "palaan"}, {WORDS_BACK, "när jag är tillbaka"}, {WORDS_BACK, "når jeg er tilbage"}, {WORDS_BACK, "når jeg er tilbake"},
    {WORDS_URGENT, "vid brådskande"}, {WORDS_URGENT, "i brådskande"}, {WORDS_URGENT, "akuta ärenden"}, {WORDS_URGENT, "ved hastende"}, {WORDS_URGENT, "i hastende tilfælde"},
    {WORDS_URGENT, "hvis det haster"}, {WORDS_URGENT, "om det är brådskande"}, {WORDS_URGENT, "kiireellisissä asioissa"}, {WORDS_URGENT, "haster det"},
    {WORDS_THANKS, "tack för ditt mail"}, {WORDS_THANKS, "tack för ditt mejl"}, {WORDS_THANKS, "tack för ditt meddelande"}, {WORDS_THANKS, "tak for din mail"},
    {WORDS_THANKS, "tak for din henvendelse"}, {WORDS_THANKS, "takk for din e-post"}, {WORDS_THANKS, "takk for din henvendelse"}, {WORDS_THANKS, "takk for meldingen"}, {WORDS_THANKS, "kiitos viestistäsi"},
    {WORDS_RECEIVED, "vi har mottagit"}, {WORDS_RECEIVED, "vi har modtaget"}, {WORDS_RECEIVED, "vi har mottatt"}, {WORDS_SOON, "så snart som möjligt"},
    {WORDS_SOON, "hurtigst muligt"}, {WORDS_SOON, "så snart som mulig"}, {WORDS_RECEIVED, "olemme vastaanottaneet"},
    {WORDS_OPT_OUT, "avregistrera mig"}, {WORDS_OPT_OUT, "ta bort mig från"}, {WORDS_OPT_OUT, "inte ha fler mail"}, {WORDS_OPT_OUT, "sluta skicka"}, {WORDS_OPT_OUT, "afmeld mig"},
    {WORDS_OPT_OUT, "fjern mig fra"}, {WORDS_OPT_OUT, "ikke flere mails"}, {WORDS_OPT_OUT, "meld meg av"}, {WORDS_OPT_OUT, "fjern meg fra"}, {WORDS_OPT_OUT, "slutt å sende"},
    {WORDS_OPT_OUT, "poistakaa minut"}, {WORDS_OPT_OUT, "poista minut"}, {WORDS_OPT_OUT, "en halua enää"},
    {WORDS_OPT_OUT_LINE, "avregistrera"}, {WORDS_OPT_OUT_LINE, "afmeld"}, {WORDS_OPT_OUT_LINE, "avmeld"}, {WORDS_OPT_OUT_LINE, "avsluta prenumeration"},
    /* Polish, Czech, Slovak, Hungarian, Romanian, Greek, Bulgarian, Croatian, Ukrainian */
    {WORDS_SUBJECT, "automatyczna odpowiedź"}, {WORDS_SUBJECT, "odpowiedź automatyczna"}, {WORDS_SUBJECT, "autoodpowiedź"}, {WORDS_SUBJECT, "automatická odpověď"},
    {WORDS_SUBJECT, "automatická odpoveď"}, {WORDS_SUBJECT, "automatikus válasz"}, {WORDS_SUBJECT, "házon kívül"}, {WORDS_SUBJECT, "răspuns automat"}, {WORDS_SUBJECT, "αυτόματη απάντηση"},
    {WORDS_SUBJECT, "автоматичен отговор"}, {WORDS_SUBJECT, "automatski odgovor"}, {WORDS_SUBJECT, "samodejni odgovor"}, {WORDS_SUBJECT, "автоматична відповідь"},
    {WORDS_SUBJECT, "automatinis atsakymas"}, {WORDS_SUBJECT, "automātiskā atbilde"}, {WORDS_SUBJECT, "automaatvastus"},
    {WORDS_SUBJECT_AWAY, "nieobecność"}, {WORDS_SUBJECT_AWAY, "poza biurem"}, {WORDS_SUBJECT_AWAY, "urlop"}, {WORDS_SUBJECT_AWAY, "nepřítomnost"}, {WORDS_SUBJECT_AWAY, "mimo kancelář"},
    {WORDS_SUBJECT_AWAY, "dovolená"}, {WORDS_SUBJECT_AWAY, "neprítomnosť"}, {WORDS_SUBJECT_AWAY, "szabadság"}, {WORDS_SUBJECT_AWAY, "concediu"}, {WORDS_SUBJECT_AWAY, "εκτός γραφείου"},
    {WORDS_AUTOMATIC, "to jest automatyczna"}, {WORDS_AUTOMATIC, "wiadomość wygenerowana automatycznie"}, {WORDS_AUTOMATIC, "toto je automatická"}, {WORDS_AUTOMATIC, "ez egy automatikus"},
    {WORDS_AUTOMATIC, "acesta este un răspuns automat"}, {WORDS_AUTOMATIC, "αυτόματο μήνυμα"},
    {WORDS_ABSENT, "jestem nieobecny"}, {WORDS_ABSENT, "jestem nieobecna"}, {WORDS_ABSENT, "przebywam na urlopie"}, {WORDS_ABSENT, "jestem na urlopie"}, {WORDS_ABSENT, "poza biurem"},
    {WORDS_ABSENT, "nie ma mnie w biurze"}, {WORDS_ABSENT, "będę nieobecny"}, {WORDS_ABSENT, "będę nieobecna"}, {WORDS_ABSENT, "jsem na dovolené"}, {WORDS_ABSENT, "mám dovolenou"}, {WORDS_ABSENT, "nejsem v kanceláři"},
    {WORDS_ABSENT, "jsem mimo kancelář"}, {WORDS_ABSENT, "budu mimo kancelář"}, {WORDS_ABSENT, "čerpám dovolenou"}, {WORDS_ABSENT, "som na dovolenke"}, {WORDS_ABSENT, "čerpám dovolenku"},
    {WORDS_ABSENT, "nie som v kancelárii"}, {WORDS_ABSENT, "szabadságon vagyok"}, {WORDS_ABSENT, "házon kívül vagyok"}, {WORDS_ABSENT, "nem vagyok az irodában"},
    {WORDS_ABSENT, "sunt în concediu"}, {WORDS_ABSENT, "nu sunt la birou"}, {WORDS_ABSENT, "voi fi plecat"}, {WORDS_ABSENT, "είμαι εκτός γραφείου"}, {WORDS_ABSENT, "θα απουσιάζω"},
    {WORDS_ABSENT, "απουσιάζω"}, {WORDS_ABSENT, "в отпуск съм"}, {WORDS_ABSENT, "извън офиса"}, {WORDS_ABSENT, "na godišnjem odmoru"}, {WORDS_ABSENT, "nisam u uredu"}, {WORDS_ABSENT, "я у відпустці"},
    {WORDS_ABSENT, "перебуваю у відпустці"},
    {WORDS_BACK, "po moim powrocie"}, {WORDS_BACK, "po powrocie"}, {WORDS_BACK, "wracam"}, {WORDS_BACK, "po návratu"}, {WORDS_BACK, "po návrate"}, {WORDS_BACK, "zpět v kanceláři"},
    {WORDS_BACK, "visszatérésem"}, {WORDS_BACK, "la întoarcere"}, {WORDS_BACK, "επιστρέφω"}, {WORDS_BACK, "επιστροφή μου"},
    {WORDS_URGENT, "w pilnych sprawach"}, {WORDS_URGENT, "w sprawach pilnych"}, {WORDS_URGENT, "w nagłych przypadkach"}, {WORDS_URGENT, "proszę o kontakt z"}, {WORDS_URGENT, "v naléhavých"},
    {WORDS_URGENT, "v urgentních"}, {WORDS_URGENT, "v prípade potreby"}, {WORDS_URGENT, "v případě potřeby"}, {WORDS_URGENT, "sürgős esetben"}, {WORDS_URGENT, "în caz de urgență"},
    {WORDS_URGENT, "pentru urgențe"}, {WORDS_URGENT, "για επείγοντα"}, {WORDS_URGENT, "σε επείγουσες"},
    {WORDS_THANKS, "dziękuję za wiadomość"}, {WORDS_THANKS, "dziękujemy za wiadomość"}, {WORDS_THANKS, "dziękuję za kontakt"}, {WORDS_THANKS, "děkuji za váš e-mail"}, {WORDS_THANKS, "děkuji za vaši zprávu"},
    {WORDS_THANKS, "ďakujem za váš"}, {WORDS_THANKS, "köszönöm levelét"}, {WORDS_THANKS, "mulțumesc pentru mesaj"}, {WORDS_THANKS, "ευχαριστώ για το μήνυμα"},
    {WORDS_RECEIVED, "otrzymaliśmy twoją wiadomość"}, {WORDS_RECEIVED, "otrzymaliśmy państwa"}, {WORDS_RECEIVED, "otrzymaliśmy twoje zgłoszenie"}, {WORDS_SOON, "jak najszybciej"}, {WORDS_SOON, "co nejdříve"}, {WORDS_SOON, "čo najskôr"}, {WORDS_SOON, "hamarosan válaszolok"},
    {WORDS_GONE, "już nie pracuje"}, {WORDS_GONE, "nie pracuje już"}, {WORDS_GONE, "už nepracuje"},
    {WORDS_OPT_OUT, "proszę o wypisanie"}, {WORDS_OPT_OUT, "proszę mnie wypisać"}, {WORDS_OPT_OUT, "proszę o usunięcie mojego adresu"}, {WORDS_OPT_OUT, "proszę nie wysyłać"},
    {WORDS_OPT_OUT, "nie chcę otrzymywać"}, {WORDS_OPT_OUT, "odhlaste mě"}, {WORDS_OPT_OUT, "nechci dostávat"}, {WORDS_OPT_OUT, "odhláste ma"}, {WORDS_OPT_OUT, "leiratkozom"},
    {WORDS_OPT_OUT, "dezabonați-mă"}, {WORDS_OPT_OUT, "nu mai doresc să primesc"}, {WORDS_OPT_OUT, "διαγράψτε με"},
    {WORDS_OPT_OUT_LINE, "wypisz"}, {WORDS_OPT_OUT_LINE, "rezygnuję"}, {WORDS_OPT_OUT_LINE, "odhlásit"}, {WORDS_OPT_OUT_LINE, "leiratkozás"}, {WORDS_OPT_OUT_LINE, "dezabonare"}, {WORDS_OPT_OUT_LINE, "διαγραφή"},
    /* Russian */
    {WORDS_SUBJECT, "автоматический ответ"}, {WORDS_SUBJECT, "автоответ"}, {WORDS_SUBJECT, "автоматическое уведомление"}, {WORDS_SUBJECT, "вне офиса"}, {WORDS_SUBJECT, "отсутствие на рабочем месте"},
    {WORDS_SUBJECT_AWAY, "отпуск"}, {WORDS_SUBJECT_AWAY, "в отпуске"}, {WORDS_SUBJECT_AWAY, "отсутствие"}, {WORDS_SUBJECT_AWAY, "нет на месте"},
    {WORDS_AUTOMATIC, "это автоматический ответ"}, {WORDS_AUTOMATIC, "это автоматическое"}, {WORDS_AUTOMATIC, "сообщение создано автоматически"}, {WORDS_AUTOMATIC, "сформировано автоматически"},
    {WORDS_AUTOMATIC, "отправлено автоматически"},
    {WORDS_ABSENT, "я в отпуске"}, {WORDS_ABSENT, "нахожусь в отпуске"}, {WORDS_ABSENT, "буду в отпуске"}, {WORDS_ABSENT, "меня нет в офисе"}, {WORDS_ABSENT, "меня не будет"}, {WORDS_ABSENT, "я отсутствую"},
    {WORDS_ABSENT, "буду отсутствовать"}, {WORDS_ABSENT, "в командировке"}, {WORDS_ABSENT, "на больничном"}, {WORDS_ABSENT, "в декретном отпуске"}, {WORDS_ABSENT, "нахожусь вне офиса"}, {WORDS_ABSENT, "отсутствую в офисе"},
    {WORDS_BACK, "после возвращения"}, {WORDS_BACK, "по возвращении"}, {WORDS_BACK, "когда вернусь"}, {WORDS_BACK, "вернусь"}, {WORDS_BACK, "после моего возвращения"},
    {WORDS_URGENT, "по срочным вопросам"}, {WORDS_URGENT, "в срочных случаях"}, {WORDS_URGENT, "по всем срочным"}, {WORDS_URGENT, "в моё отсутствие"}, {WORDS_URGENT, "на время моего отсутствия"}, {WORDS_URGENT, "обращайтесь к"},
    {WORDS_ACCESS, "ограниченный доступ"}, {WORDS_ACCESS, "нет доступа к почте"},
    {WORDS_THANKS, "спасибо за ваше письмо"}, {WORDS_THANKS, "спасибо за письмо"}, {WORDS_THANKS, "благодарю за письмо"}, {WORDS_THANKS, "благодарим за обращение"}, {WORDS_THANKS, "спасибо за обращение"}, {WORDS_THANKS, "спасибо за ваше сообщение"},
    {WORDS_RECEIVED, "мы получили ваше"}, {WORDS_RECEIVED, "ваше письмо получено"}, {WORDS_SOON, "в ближайшее время"}, {WORDS_RECEIVED, "ваше обращение принято"},
    {WORDS_TICKET, "номер заявки"}, {WORDS_TICKET, "номер обращения"}, {WORDS_TICKET, "заявка зарегистрирована"},
    {WORDS_GONE, "больше не работает"}, {WORDS_GONE, "уволился"},
    {WORDS_OPT_OUT, "отпишите меня"}, {WORDS_OPT_OUT, "прошу отписать"}, {WORDS_OPT_OUT, "хочу отписаться"}, {WORDS_OPT_OUT, "удалите меня из"}, {WORDS_OPT_OUT, "исключите меня из"}, {WORDS_OPT_OUT, "больше не пишите"}, {WORDS_OPT_OUT, "больше не присылать"}, {WORDS_OPT_OUT, "не присылать мне"}, {WORDS_OPT_OUT, "прошу не писать"},
    {WORDS_OPT_OUT, "не пишите мне"}, {WORDS_OPT_OUT, "не присылайте"}, {WORDS_OPT_OUT, "не хочу получать"}, {WORDS_OPT_OUT, "прекратите присылать"}, {WORDS_OPT_OUT, "прекратите рассылку"},
    {WORDS_OPT_OUT_LINE, "отписаться"}, {WORDS_OPT_OUT_LINE, "отписка"}, {WORDS_OPT_OUT_LINE, "отпишите"}, {WORDS_OPT_OUT_LINE, "стоп"},
    /* Turkish */
    {WORDS_SUBJECT, "otomatik yanıt"}, {WORDS_SUBJECT, "otomatik cevap"}, {WORDS_SUBJECT, "otomatik mesaj"},
    {WORDS_SUBJECT_AWAY, "ofis dışında"}, {WORDS_SUBJECT_AWAY, "izindeyim"}, {WORDS_SUBJECT_AWAY, "yıllık izin"},
    {WORDS_AUTOMATIC, "bu otomatik bir"}, {WORDS_AUTOMATIC, "otomatik olarak oluşturulmuştur"}, {WORDS_AUTOMATIC, "otomatik yanıttır"},
    {WORDS_ABSENT, "ofis dışındayım"}, {WORDS_ABSENT, "ofiste değilim"}, {WORDS_ABSENT, "izindeyim"}, {WORDS_ABSENT, "izinde olacağım"}, {WORDS_ABSENT, "yıllık izindeyim"}, {WORDS_ABSENT, "tatildeyim"},
    {WORDS_ABSENT, "ofis dışında olacağım"}, {WORDS_ABSENT, "ofiste olmayacağım"}, {WORDS_ABSENT, "izinli"}, {WORDS_ABSENT, "doğum iznindeyim"},
    {WORDS_BACK, "döndüğümde"}, {WORDS_BACK, "dönüşümde"}, {WORDS_BACK, "geri döneceğim"},
    {WORDS_URGENT, "acil durumlarda"}, {WORDS_URGENT, "acil konular"}, {WORDS_URGENT, "acil durumlar için"}, {WORDS_URGENT, "yokluğumda"},
    {WORDS_THANKS, "mesajınız için teşekkür"}, {WORDS_THANKS, "e-postanız için teşekkür"}, {WORDS_THANKS, "mailiniz için teşekkür"},
    {WORDS_RECEIVED, "mesajınız alınmıştır"}, {WORDS_RECEIVED, "talebiniz alınmıştır"}, {WORDS_SOON, "en kısa sürede"}, {WORDS_SOON, "en kısa zamanda"},
    {WORDS_TICKET, "talep numaranız"},
    {WORDS_GONE, "artık çalışmamaktadır"}, {WORDS_GONE, "artık çalışmıyor"},
    {WORDS_OPT_OUT, "listenizden çıkarın"}, {WORDS_OPT_OUT, "listeden çıkarın"}, {WORDS_OPT_OUT, "mail atmayın"}, {WORDS_OPT_OUT, "e-posta göndermeyin"}, {WORDS_OPT_OUT, "mail göndermeyin"}, {WORDS_OPT_OUT, "e-posta almak istemiyorum"},
    {WORDS_OPT_OUT, "aboneliğimi iptal"}, {WORDS_OPT_OUT, "mail almak istemiyorum"},
    {WORDS_OPT_OUT_LINE, "abonelikten çık"}, {WORDS_OPT_OUT_LINE, "aboneliği iptal et"}, {WORDS_OPT_OUT_LINE, "çıkar"},
    /* Arabic, Hebrew */
    {WORDS_SUBJECT, "رد تلقائي"}, {WORDS_SUBJECT, "الرد التلقائي"}, {WORDS_SUBJECT, "رد آلي"}, {WORDS_SUBJECT, "תשובה אוטומטית"}, {WORDS_SUBJECT, "מענה אוטומטי"},
    {WORDS_SUBJECT_AWAY, "خارج المكتب"}, {WORDS_SUBJECT_AWAY, "في إجازة"}, {WORDS_SUBJECT_AWAY, "מחוץ למשרד"},
    {WORDS_AUTOMATIC, "هذا رد تلقائي"}, {WORDS_AUTOMATIC, "هذه رسالة تلقائية"}, {WORDS_AUTOMATIC, "رسالة آلية"}, {WORDS_AUTOMATIC, "זוהי הודעה אוטומטית"}, {WORDS_AUTOMATIC, "תשובה אוטומטית"},
    {WORDS_ABSENT, "أنا خارج المكتب"}, {WORDS_ABSENT, "خارج المكتب"}, {WORDS_ABSENT, "أنا في إجازة"}, {WORDS_ABSENT, "سأكون في إجازة"}, {WORDS_ABSENT, "في إجازة حتى"}, {WORDS_ABSENT, "إجازة سنوية"}, {WORDS_ABSENT, "אני מחוץ למשרד"},
    {WORDS_ABSENT, "אני בחופשה"}, {WORDS_ABSENT, "איני במשרד"},
    {WORDS_BACK, "عند عودتي"}, {WORDS_BACK, "بعد عودتي"}, {WORDS_BACK, "سأعود"}, {WORDS_BACK, "אחזור"},
    {WORDS_URGENT, "للأمور العاجلة"}, {WORDS_URGENT, "في الحالات العاجلة"}, {WORDS_URGENT, "في حالة الطوارئ"}, {WORDS_URGENT, "للحالات العاجلة"}, {WORDS_URGENT, "בנושאים דחופים"}, {WORDS_URGENT, "במקרים דחופים"},
    {WORDS_THANKS, "شكرا لرسالتك"}, {WORDS_THANKS, "شكرا على رسالتك"}, {WORDS_THANKS, "شكرا لتواصلك"}, {WORDS_THANKS, "شكرا لتواصلكم"}, {WORDS_THANKS, "תודה על פנייתך"}, {WORDS_THANKS, "תודה על ההודעה"},
    {WORDS_RECEIVED, "تم استلام رسالتك"}, {WORDS_RECEIVED, "لقد استلمنا"}, {WORDS_SOON, "في أقرب وقت"},
    {WORDS_OPT_OUT, "إلغاء اشتراكي"}, {WORDS_OPT_OUT, "ألغوا اشتراكي"}, {WORDS_OPT_OUT, "لا أرغب في تلقي"}, {WORDS_OPT_OUT, "لا أريد استلام"}, {WORDS_OPT_OUT, "توقفوا عن إرسال"}, {WORDS_OPT_OUT, "إزالة بريدي"}, {WORDS_OPT_OUT, "להסיר אותי"},
    {WORDS_OPT_OUT, "הסירו אותי"},
    {WORDS_OPT_OUT_LINE, "إلغاء الاشتراك"}, {WORDS_OPT_OUT_LINE, "הסר"}, {WORDS_OPT_OUT_LINE, "הסרה"},
    /* Japanese */
    {WORDS_SUBJECT, "自動返信"}, {WORDS_SUBJECT, "【自動返信】"}, {WORDS_SUBJECT, "[自動返信]"}, {WORDS_SUBJECT, "自動応答"}, {WORDS_SUBJECT, "自動送信"}, {WORDS_SUBJECT, "不在通知"}, {WORDS_SUBJECT, "【自動応答】"},
    {WORDS_SUBJECT_AWAY, "不在"}, {WORDS_SUBJECT_AWAY, "休暇"}, {WORDS_SUBJECT_AWAY, "【不在"}, {WORDS_SUBJECT_AWAY, "お問い合わせありがとうございます"}, {WORDS_SUBJECT_AWAY, "お問い合わせを受け付け"},
    {WORDS_AUTOMATIC, "自動返信です"}, {WORDS_AUTOMATIC, "自動返信メール"}, {WORDS_AUTOMATIC, "自動応答メール"}, {WORDS_AUTOMATIC, "自動的に送信"}, {WORDS_AUTOMATIC, "自動で送信"}, {WORDS_AUTOMATIC, "自動送信メール"}, {WORDS_AUTOMATIC, "自動配信"},
    {WORDS_ABSENT, "不在にしております"}, {WORDS_ABSENT, "不在にして"}, {WORDS_ABSENT, "不在とな"}, {WORDS_ABSENT, "休暇をいただいて"}, {WORDS_ABSENT, "休暇中"}, {WORDS_ABSENT, "休暇を取得"}, {WORDS_ABSENT, "お休みをいただいて"}, {WORDS_ABSENT, "休業いたします"},
    {WORDS_ABSENT, "休業とさせて"}, {WORDS_ABSENT, "出張中"}, {WORDS_ABSENT, "夏季休業"}, {WORDS_ABSENT, "年末年始"}, {WORDS_ABSENT, "育児休業"}, {WORDS_ABSENT, "産休"},
    {WORDS_BACK, "戻り次第"}, {WORDS_BACK, "出社後"}, {WORDS_BACK, "より出社"}, {WORDS_BACK, "休暇明け"}, {WORDS_BACK, "帰社後"},
    {WORDS_URGENT, "お急ぎの"}, {WORDS_URGENT, "緊急の"}, {WORDS_URGENT, "至急の"}, {WORDS_URGENT, "不在の間"}, {WORDS_URGENT, "不在中"},
    {WORDS_ACCESS, "返信が遅れ"}, {WORDS_ACCESS, "メールを確認でき"}, {WORDS_ACCESS, "返信できません"},
    {WORDS_THANKS, "メールをいただきありがとう"}, {WORDS_THANKS, "ご連絡ありがとう"}, {WORDS_THANKS, "ご連絡いただきありがとう"}, {WORDS_THANKS, "お問い合わせありがとう"}, {WORDS_THANKS, "お問い合わせいただき"},
    {WORDS_RECEIVED, "受け付けました"}, {WORDS_RECEIVED, "受付いたしました"}, {WORDS_SOON, "追ってご連絡"}, {WORDS_SOON, "担当者より"},
    {WORDS_TICKET, "受付番号"}, {WORDS_TICKET, "お問い合わせ番号"},
    {WORDS_GONE, "退職いたしました"}, {WORDS_GONE, "退職しました"},
    {WORDS_OPT_OUT, "配信停止"}, {WORDS_OPT_OUT, "配信を停止"}, {WORDS_OPT_OUT, "メールを送らないで"}, {WORDS_OPT_OUT, "配信を希望しません"}, {WORDS_OPT_OUT, "メールの送信を停止"}, {WORDS_OPT_OUT, "今後メールは不要"}, {WORDS_OPT_OUT, "リストから削除"},
    {WORDS_OPT_OUT_LINE, "配信停止"}, {WORDS_OPT_OUT_LINE, "解除"}, {WORDS_OPT_OUT_LINE, "退会"},
    /* Chinese */
    {WORDS_SUBJECT, "自动回复"}, {WORDS_SUBJECT, "自動回覆"}, {WORDS_SUBJECT, "自动答复"}, {WORDS_SUBJECT, "自動回復"}, {WORDS_SUBJECT, "自动应答"}, {WORDS_SUBJECT, "[自动回复]"}, {WORDS_SUBJECT, "【自动回复】"},
    {WORDS_SUBJECT_AWAY, "外出"}, {WORDS_SUBJECT_AWAY, "不在办公室"}, {WORDS_SUBJECT_AWAY, "不在辦公室"}, {WORDS_SUBJECT_AWAY, "休假"},
    {WORDS_AUTOMATIC, "这是一封自动"}, {WORDS_AUTOMATIC, "這是一封自動"}, {WORDS_AUTOMATIC, "这是自动回复"}, {WORDS_AUTOMATIC, "這是自動回覆"}, {WORDS_AUTOMATIC, "系统自动"}, {WORDS_AUTOMATIC, "系統自動"}, {WORDS_AUTOMATIC, "自动回复邮件"}, {WORDS_AUTOMATIC, "此为自动"},
    {WORDS_ABSENT, "我正在休假"}, {WORDS_ABSENT, "我在休假"}, {WORDS_ABSENT, "我目前不在"}, {WORDS_ABSENT, "我不在办公室"}, {WORDS_ABSENT, "我不在辦公室"}, {WORDS_ABSENT, "休假中"}, {WORDS_ABSENT, "正在度假"}, {WORDS_ABSENT, "我将外出"}, {WORDS_ABSENT, "出差中"},
    {WORDS_ABSENT, "正在出差"}, {WORDS_ABSENT, "目前休假"}, {WORDS_ABSENT, "现不在办公室"}, {WORDS_ABSENT, "年假"}, {WORDS_ABSENT, "产假"},
    {WORDS_BACK, "回来后"}, {WORDS_BACK, "返回后"}, {WORDS_BACK, "返回办公室"}, {WORDS_BACK, "返回辦公室"}, {WORDS_BACK, "回到办公室"}, {WORDS_BACK, "回來後"},
    {WORDS_URGENT, "如有紧急"}, {WORDS_URGENT, "如有緊急"}, {WORDS_URGENT, "如有急事"}, {WORDS_URGENT, "紧急事宜"}, {WORDS_URGENT, "緊急事項"},
    {WORDS_THANKS, "感谢您的来信"}, {WORDS_THANKS, "感謝您的來信"}, {WORDS_THANKS, "感谢您的邮件"}, {WORDS_THANKS, "感谢来信"}, {WORDS_THANKS, "谢谢您的来信"}, {WORDS_THANKS, "感谢您的联系"}, {WORDS_THANKS, "感谢您联系"}, {WORDS_RECEIVED, "您的邮件我已收到"}, {WORDS_RECEIVED, "您的来信已收到"}, {WORDS_RECEIVED, "您的邮件已收到"},
    {WORDS_RECEIVED, "我们已收到您的"}, {WORDS_RECEIVED, "您的邮件已經收到"}, {WORDS_RECEIVED, "已收到您的来信"}, {WORDS_RECEIVED, "已收到您的邮件"}, {WORDS_SOON, "尽快回复"}, {WORDS_SOON, "尽快给您回复"}, {WORDS_SOON, "盡快回覆"}, {WORDS_SOON, "儘快回覆"}, {WORDS_SOON, "尽快与您联系"},
    {WORDS_GONE, "已离职"}, {WORDS_GONE, "已離職"},
    {WORDS_OPT_OUT, "取消订阅"}, {WORDS_OPT_OUT, "取消訂閱"}, {WORDS_OPT_OUT, "不要再发"}, {WORDS_OPT_OUT, "不要再给我发"}, {WORDS_OPT_OUT, "不要给我发"}, {WORDS_OPT_OUT, "不要再發"}, {WORDS_OPT_OUT, "请不要再联系"}, {WORDS_OPT_OUT, "停止发送"}, {WORDS_OPT_OUT, "不想再收到"}, {WORDS_OPT_OUT, "请勿再发"}, {WORDS_OPT_OUT, "从列表中删除"},
    {WORDS_OPT_OUT_LINE, "退订"}, {WORDS_OPT_OUT_LINE, "退訂"}, {WORDS_OPT_OUT_LINE, "td"},
    /* Korean */
    {WORDS_SUBJECT, "자동 회신"}, {WORDS_SUBJECT, "자동회신"}, {WORDS_SUBJECT, "자동 응답"}, {WORDS_SUBJECT, "자동응답"}, {WORDS_SUBJECT, "자동 답장"}, {WORDS_SUBJECT, "[자동 회신]"}, {WORDS_SUBJECT, "[자동응답]"},
    {WORDS_SUBJECT_AWAY, "부재중"}, {WORDS_SUBJECT_AWAY, "부재 중"}, {WORDS_SUBJECT_AWAY, "외출"}, {WORDS_SUBJECT_AWAY, "휴가"}, {WORDS_SUBJECT_AWAY, "[부재중]"},
    {WORDS_AUTOMATIC, "자동 회신입니다"}, {WORDS_AUTOMATIC, "자동 응답입니다"}, {WORDS_AUTOMATIC, "자동 응답 메일"}, {WORDS_AUTOMATIC, "자동회신 메일"}, {WORDS_AUTOMATIC, "자동으로 발송"}, {WORDS_AUTOMATIC, "자동 발송"},
    {WORDS_ABSENT, "부재중입니다"}, {WORDS_ABSENT, "부재 중입니다"}, {WORDS_ABSENT, "휴가 중입니다"}, {WORDS_ABSENT, "휴가중입니다"}, {WORDS_ABSENT, "휴가 중"}, {WORDS_ABSENT, "출장 중입니다"}, {WORDS_ABSENT, "출장중입니다"}, {WORDS_ABSENT, "출장 중"}, {WORDS_ABSENT, "자리를 비"},
    {WORDS_ABSENT, "사무실에 없"}, {WORDS_ABSENT, "육아휴직"}, {WORDS_ABSENT, "연차"},
    {WORDS_BACK, "복귀 후"}, {WORDS_BACK, "복귀하는 대로"}, {WORDS_BACK, "돌아와서"}, {WORDS_BACK, "복귀 예정"},
    {WORDS_URGENT, "급한 용무"}, {WORDS_URGENT, "긴급한"}, {WORDS_URGENT, "급하신"}, {WORDS_URGENT, "급한 업무"}, {WORDS_URGENT, "부재 기간"},
    {WORDS_THANKS, "메일 감사합니다"}, {WORDS_THANKS, "메일 주셔서 감사합니다"}, {WORDS_THANKS, "연락 주셔서 감사합니다"}, {WORDS_THANKS, "문의해 주셔서 감사"},
    {WORDS_RECEIVED, "접수되었습니다"}, {WORDS_SOON, "빠른 시일 내"}, {WORDS_SOON, "빠른 시간 내"},
    {WORDS_GONE, "퇴사하였습니다"}, {WORDS_GONE, "퇴사했습니다"},
    {WORDS_OPT_OUT, "수신거부"}, {WORDS_OPT_OUT, "수신 거부"}, {WORDS_OPT_OUT, "구독 취소"}, {WORDS_OPT_OUT, "메일 보내지 마"}, {WORDS_OPT_OUT, "메일을 보내지 마"}, {WORDS_OPT_OUT, "더 이상 받고 싶지"}, {WORDS_OPT_OUT, "연락하지 마"},
    {WORDS_OPT_OUT_LINE, "수신거부"}, {WORDS_OPT_OUT_LINE, "구독취소"},
};
/* clang-format on */

/* The table once more, folded, in the form that phrases.h walks. */
static const char *folded_table[G_N_ELEMENTS(table) + 1];
static struct phrase_list all_words = {.phrases = folded_table, .words = TRUE};

static void
fold_table(void)
{
    if (folded_table[0])
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        folded_table[i] = classify_fold(table[i].phrase, 400);
}

void
classify_words_find_all(const char *folded, const char *found[WORDS_KINDS])
{
    guint first[WORDS_KINDS];
    for (gsize kind = 0; kind < WORDS_KINDS; kind++)
        first[kind] = G_N_ELEMENTS(table);
    fold_table();
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &all_words, folded);
    while (phrase_walk_next(&walk, &which, &at))
        first[table[which].kind] = MIN(first[table[which].kind], which);
    for (gsize kind = 0; kind < WORDS_KINDS; kind++)
        found[kind] = folded_table[first[kind]];
}

const char *
classify_words_find(enum words_kind kind, const char *folded)
{
    const char *found[WORDS_KINDS];
    classify_words_find_all(folded, found);
    return found[kind];
}

const char *
classify_words_begin(enum words_kind kind, const char *folded)
{
    const char *best = NULL;
    fold_table();
    struct phrase_walk walk;
    guint which;
    const char *at;
    phrase_walk_init(&walk, &all_words, folded);
    while (phrase_walk_next(&walk, &which, &at) && at == folded)
        if (table[which].kind == kind && (!best || strlen(folded_table[which]) > strlen(best)))
            best = folded_table[which];
    return best;
}

const char *
classify_words_equal(enum words_kind kind, const char *folded)
{
    fold_table();
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        const char *phrase = folded_table[i];
        if (table[i].kind != kind || !g_str_has_prefix(folded, phrase))
            continue;
        const char *rest = folded + strlen(phrase);
        if (rest[strspn(rest, " .!,;:-")] == '\0' || strcmp(rest, "。") == 0)
            return phrase;
    }
    return NULL;
}
