/* What remains of a reply: the sender's own new words. */
#include <string.h>

#include "inbox/reply_text.h"
#include "wire/mime_read.h"

struct sample {
    const char *name, *text, *words;
};

static void
check(const struct sample *samples, gsize count, gboolean html)
{
    for (gsize i = 0; i < count; i++) {
        g_autofree char *plain =
            html ? mime_html_to_text(samples[i].text, 100000) : g_strdup(samples[i].text);
        g_autofree char *words = reply_text_extract(plain, NULL);
        g_test_message("%s", samples[i].name);
        g_assert_cmpstr(words, ==, samples[i].words);
    }
}

static void
test_plain(void)
{
    static const struct sample samples[] = {
        {"nothing to cut", "Thanks, done!\n", "Thanks, done!"},
        {"empty", "", ""},
        {"blank lines", "\n\n  \nHello\n\n\n", "Hello"},
        {"Gmail",
         "Yes.\n\nOn Mon, Mar 2, 2026 at 10:00 AM Sam <sam@usher.example> wrote:\n\n> Shall we?\n>\n",
         "Yes."},
        {"wrapped attribution",
         "Yes.\n\nOn Mon, Mar 2, 2026 at 10:00 AM Sam Sender\n<sam@usher.example> wrote:\n> Shall we?\n",
         "Yes."},
        {"German", "Ja.\n\nAm Mo., 2. März 2026 um 10:00 Uhr schrieb Sam <sam@usher.example>:\n> x\n", "Ja."},
        {"French", "Oui.\n\nLe lun. 2 mars 2026 à 10:00, Sam <sam@usher.example> a écrit :\n> x\n", "Oui."},
        {"Japanese", "はい。\n\n2026年3月2日(月) 10:00 Sam <sam@usher.example>:\n> x\n", "はい。"},
        {"Outlook",
         "Fine.\n\nFrom: Sam <sam@usher.example>\nSent: Monday, March 2, 2026 10:00\nTo: Ada "
         "<ada@customer.example>\nSubject: usage\n\nHello Ada\n",
         "Fine."},
        {"Outlook line",
         "Fine.\n________________________________\nVon: Sam\nGesendet: Montag, 2. März 2026\nAn: "
         "Ada\nBetreff: x\n\nHallo\n",
         "Fine."},
        {"separator", "Fine.\n\n-----Ursprüngliche Nachricht-----\nVon: Sam\n\nx\n", "Fine."},
        {"unquoted original",
         "Fine.\n\nOn 2 March 2026 at 10:00, Sam <sam@usher.example> wrote:\n\nHello Ada,\nthe old text\n",
         "Fine."},
        {"below", "On 2 March 2026, Sam <sam@usher.example> wrote:\n> Shall we?\n\nYes, on Tuesday.\n",
         "Yes, on Tuesday."},
        {"between", "Hi Sam,\n\n> Tuesday?\nYes.\n> At ten?\nNo, eleven.\n",
         "Hi Sam,\n\n> Tuesday?\nYes.\n> At ten?\nNo, eleven."},
        {"signature", "Fine.\n\n-- \nAda Ray\nCustomer Inc.\n", "Fine."},
        {"phone", "Fine.\n\nSent from my iPhone\n", "Fine."},
        {"phone, then quote",
         "Fine.\n\nVon meinem iPhone gesendet\n\n> Am 02.03.2026 um 10:00 schrieb Sam "
         "<sam@usher.example>:\n> x\n",
         "Fine."},
        {"notice",
         "Fine.\n\nThis email and any attachments are confidential and intended for the addressee.\nIf you "
         "are not he, delete it.\n",
         "Fine."},
        {"only forwarded",
         "---------- Forwarded message ---------\nFrom: Sam <sam@usher.example>\nDate: Mon, 2 Mar "
         "2026\nSubject: x\nTo: ada@customer.example\n\nThe old text.\n",
         "The old text."},
        {"a dash is no signature", "We want:\n--\na\n\nb\n\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\n",
         "We want:\n--\na\n\nb\n\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np"},
        {"wrote, by hand", "As Sam wrote: the limit is 500.\nWe agree.\n",
         "As Sam wrote: the limit is 500.\nWe agree."},
        {"times, by hand", "Let's meet at 10:30 on 5/3.\nAgenda:\n- limits\n",
         "Let's meet at 10:30 on 5/3.\nAgenda:\n- limits"},
        {"labels, by hand", "Date: Tuesday\nPlease confirm.\n", "Date: Tuesday\nPlease confirm."},
    };
    check(samples, G_N_ELEMENTS(samples), FALSE);
}

static void
test_html(void)
{
    static const struct sample samples[] = {
        {"Gmail",
         "<div dir=\"ltr\">Yes.<div><br></div></div><div class=\"gmail_quote\"><div class=\"gmail_attr\">On "
         "Mon, Mar 2, 2026 at 10:00 AM Sam &lt;<a href=\"mailto:s@u\">sam@usher.example</a>&gt; "
         "wrote:<br></div><blockquote>Shall we?</blockquote></div>",
         "Yes."},
        {"Outlook on the web",
         "<p>Fine &amp; good.</p><div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> "
         "Sam<br><b>Sent:</b> Monday<br></div><div>old</div>",
         "Fine & good."},
        {"Apple",
         "Thanks!<br><br>Sent from my iPhone<div><br><blockquote type=\"cite\">On 2 Mar 2026, at 10:00, Sam "
         "&lt;sam@usher.example&gt; wrote:<br></blockquote></div><blockquote>x</blockquote>",
         "Thanks!"},
        {"signature", "<p>Fine.</p><div class=\"gmail_signature\" data-smartmail=\"x\">Ada<br>Customer</div>",
         "Fine."},
        {"style and script",
         "<html><head><style>p{color:red}</style></head><body><script>x()</script><p>One</p><p>Two</p></"
         "body>",
         "One\n\nTwo"},
        {"list", "<ul><li>a</li><li>b</li></ul>", "a\nb"},
        {"broken", "<p>One<p>Two <b>three</ b> &nosuch; 1 < 2 & <", "One\n\nTwo three &nosuch; 1 < 2 & <"},
    };
    check(samples, G_N_ELEMENTS(samples), TRUE);
}

static void
test_marks(void)
{
    static const struct {
        const char *text;
        gboolean attribution, quote;
    } cases[] = {
        {"x\n> a\n> b\n", FALSE, TRUE},
        {"x\n\nOn 2 March 2026, Sam <s@u.example> wrote:\n> a\n", TRUE, TRUE},
        {"x > y\n", FALSE, FALSE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct reply_marks marks;
        g_free(reply_text_extract(cases[i].text, &marks));
        g_assert_cmpint(marks.attribution, ==, cases[i].attribution);
        g_assert_cmpint(marks.quote, ==, cases[i].quote);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inbox/reply/plain", test_plain);
    g_test_add_func("/inbox/reply/html", test_html);
    g_test_add_func("/inbox/reply/marks", test_marks);
    return g_test_run();
}
