"""The eight weeks, lived through on the rehearsal clock by the people of a dozen accounts and more, on real servers.

The first class plays the whole story once, then looks at each customer: at what lies in the mailboxes (the Date header is the
rehearsal's time) and at the journal. The second class is about a specialist's desk: what is sent is what was approved.
"""

import contextlib
import email.utils
import pathlib
import shutil
import tempfile
import unittest
import zoneinfo

import harness
from office import Office, clock, team_time

DAY_0, WEEK_5, WEEK_8 = "2027-03-01 10:00", "2027-03-29 10:00", "2027-04-19 10:00"

ACCOUNTS = [
    {"account": "silent", "contacts": ["sue:owner", "sam:admin", "mel:member"]},
    {"account": "distant", "contacts": ["dan:owner"], "timezone": "America/New_York", "region": "americas"},
    {"account": "answers", "contacts": ["amy:owner", "abe:admin"]},
    {"account": "absent", "contacts": ["ada:owner"]},
    {"account": "bounced", "contacts": ["gone:owner", "alive:admin"]},
    {"account": "unpaid", "contacts": ["una:owner"], "last_invoice_status": "failed", "failed_invoices": 1},
    {"account": "flipped", "contacts": ["flo:owner"]},
    {"account": "handed", "contacts": ["hal:owner"]},
    {"account": "engaged", "contacts": ["eve:owner"]},
    {"account": "churns", "contacts": ["cid:owner"]},
    {"account": "written", "contacts": ["wes:owner", "wim:admin"]},
    {"account": "dunned", "contacts": ["deb:owner"]},
    {"account": "unread", "contacts": ["uli:owner"]},
    {"account": "refused", "contacts": ["rob:owner"]},
    {"account": "longer", "contacts": ["lea:owner"]},
    {"account": "caller", "contacts": ["kit:owner"]},
    {"account": "flipcall", "contacts": ["fay:owner"]},
    {"account": "leaver", "contacts": ["liz:owner"]},
]

# What each person finds, and when. Followed by "by hand" where a specialist wrote it in her own mail program.
MAILBOXES = {
    "sue@silent.example": [("outreach", DAY_0), ("second_outreach", WEEK_5), ("graduation", WEEK_8)],
    "sam@silent.example": [("outreach", DAY_0), ("second_outreach", WEEK_5), ("graduation", WEEK_8)],
    # She is neither owner nor admin, but nobody took part, so the later mails go to a few by role.
    "mel@silent.example": [("second_outreach", WEEK_5), ("graduation", WEEK_8)],
    # 09:00 in New York; between the first two mails both countries set their clocks forward.
    "dan@distant.example": [("outreach", "2027-03-01 14:00"), ("second_outreach", "2027-03-29 14:00"),
                            ("graduation", "2027-04-19 14:00")],
    # Her reply waits for an answer on both days; the later mails go to her alone, for only she took part.
    "amy@answers.example": [("outreach", DAY_0), "by hand", ("second_outreach", "2027-03-30 10:00"),
                            ("graduation", "2027-04-20 11:00")],
    "abe@answers.example": [("outreach", DAY_0)],
    "ada@absent.example": [("outreach", DAY_0), ("second_outreach", WEEK_5), ("graduation", WEEK_8)],
    "alive@bounced.example": [("outreach", DAY_0), ("second_outreach", WEEK_5), ("graduation", WEEK_8)],
    "una@unpaid.example": [("failed_payment", DAY_0), ("outreach", "2027-03-22 10:00"), ("second_outreach", "2027-04-19 10:00"),
                           ("graduation", "2027-05-10 10:00")],
    "flo@flipped.example": [("outreach", DAY_0), ("graduation", WEEK_8)],
    "hal@handed.example": [("outreach", DAY_0)],
    "eve@engaged.example": [("outreach", DAY_0)],
    "cid@churns.example": [("outreach", DAY_0)],
    "wes@written.example": ["by hand", ("second_outreach", "2027-03-30 10:00"), ("graduation", "2027-04-20 11:00")],
    "wim@written.example": [("second_outreach", "2027-03-30 10:00"), ("graduation", "2027-04-20 11:00")],
    "deb@dunned.example": ["by hand"],
    # A bought call leaves the schedule as it was.
    "kit@caller.example": [("outreach", DAY_0), ("second_outreach", WEEK_5), ("graduation", WEEK_8)],
    "fay@flipcall.example": [("outreach", DAY_0), ("graduation", WEEK_8)],
    "liz@leaver.example": [("outreach", DAY_0)],
    "uli@unread.example": [],
    "rob@refused.example": [],
    # Five days more end on a Saturday: it goes out on Monday, when the window opens.
    "lea@longer.example": [("outreach", DAY_0), ("second_outreach", WEEK_5), ("graduation", "2027-04-26 09:00")],
}

STAGES = {
    "silent": "onboarded", "distant": "onboarded", "answers": "onboarded", "absent": "onboarded", "bounced": "onboarded",
    "unpaid": "onboarded", "flipped": "onboarded", "handed": "sales_handoff", "engaged": None, "churns": "initiated",
    "written": "onboarded", "dunned": "new_account", "unread": "new_account", "refused": "new_account", "longer": "onboarded",
    "caller": "paid_call", "flipcall": "paid_call", "leaver": "initiated",
}


class Story(unittest.TestCase):
    """Played once, in setUpClass; the tests look at the end of it."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        missing = harness.missing_programs("/usr/sbin/dovecot", "/usr/sbin/exim4")
        if missing:
            raise unittest.SkipTest(f"{' and '.join(missing)} not installed")
        users = {name: "secret" for name in ("ana@team.example", "ben@team.example", *MAILBOXES)}
        cls.rig = harness.MailRig(users, bounce_domains=["bounced.example"]).start()
        cls.addClassCleanup(cls.rig.stop)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="usher-e2e-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.office = Office(cls.rig, folder, now="2027-03-01T10:00", team=("ana", "ben"))
        cls.inbox = {}
        cls.noted = {}
        cls.play()
        cls.collect()

    # -- the story -----------------------------------------------------------------------------------------------

    @classmethod
    def play(cls):
        cls.day_0()
        cls.answers_come_in()
        cls.specialists_act()
        cls.the_invoice_is_paid()
        cls.week_5()
        cls.week_8()
        cls.afterwards()

    @classmethod
    def day_0(cls):
        office = cls.office
        office.add_accounts(*ACCOUNTS)
        office.cycle()
        cls.noted["drafts"] = office.drafts()
        cls.noted["before approval"] = office.deliveries()
        office.usher("reject", office.drafts()["refused"]["draft"], "they asked us to wait")
        office.approve(*(set(cls.noted["drafts"]) - {"written", "dunned", "unread", "refused"}))
        office.cycle()
        office.cycle("2027-03-01T13:59")
        office.cycle("2027-03-01T14:00")

    @classmethod
    def answers_come_in(cls):
        rig = cls.rig
        mail = rig.wait_for("amy@answers.example")
        rig.send(harness.answer(mail, "amy@answers.example", "Thank you! Why is the second line so high?"))
        rig.wait_for("ana@team.example", sender="amy@answers.example")
        mail = rig.wait_for("ada@absent.example")
        rig.send(harness.out_of_office(mail, "ada@absent.example"), envelope_from="")
        rig.wait_for("ana@team.example", sender="ada@absent.example")
        mail = rig.wait_for("liz@leaver.example")
        rig.send(harness.answer(mail, "liz@leaver.example", "Please unsubscribe me."))
        rig.wait_for("ana@team.example", sender="liz@leaver.example")
        rig.wait_for("ana@team.example", where=lambda mail: mail.message.get_content_type() == "multipart/report")
        rig.send_by_hand(harness.compose("Ana Ruiz <ana@team.example>", "wes@written.example", "Your first bill",
                                         "Hello Wes, shall we look at your first bill together?"))
        rig.send_by_hand(harness.compose("Ana Ruiz <ana@team.example>", "deb@dunned.example", "Your OUTSTANDING invoice",
                                         "Hello Deb, your card was declined."))
        cls.office.cycle("2027-03-02T10:00")
        cls.noted["day 1"] = {name: cls.office.show(name) for name in ("answers", "absent", "written", "dunned", "unpaid")}

    @classmethod
    def specialists_act(cls):
        office = cls.office
        office.now = "2027-03-10T10:00"
        office.usher("stage", "flipped", "onboarded")
        office.usher("handoff", "handed", "--contact", "Hal <hal@handed.example>", "--note", "Wants an annual contract")
        office.usher("sales-engaged", "engaged", "Sales has been talking to Eve since January")
        office.usher("extend", "longer", "5")
        office.usher("paid-call", "caller")
        office.usher("stage", "flipcall", "onboarded")
        office.usher("paid-call", "flipcall")
        office.import_rows({"account": "churns", "churned": True})
        office.cycle()

    @classmethod
    def the_invoice_is_paid(cls):
        office = cls.office
        office.now = "2027-03-15T10:00"
        office.import_rows({"account": "unpaid", "last_invoice_status": "paid", "failed_invoices": 0, "next_renewal": "2027-04-05"})
        office.cycle()
        cls.noted["paid, too early"] = office.drafts()
        # Another invoice fails before the outreach: one mail about that was enough.
        office.now = "2027-03-16T10:00"
        office.import_rows({"account": "unpaid", "last_invoice_status": "failed", "failed_invoices": 1})
        office.cycle()
        cls.noted["failed again"] = office.drafts()
        office.now = "2027-03-17T10:00"
        office.import_rows({"account": "unpaid", "last_invoice_status": "paid", "failed_invoices": 0})
        office.cycle("2027-03-21T10:00")
        cls.noted["paid, a day too early"] = office.drafts()
        office.cycle("2027-03-22T10:00")
        cls.noted["14 days before renewal"] = office.drafts()
        office.approve("unpaid")
        office.cycle()

    @classmethod
    def week_5(cls):
        office, rig = cls.office, cls.rig
        office.cycle("2027-03-29T09:59")
        office.cycle("2027-03-29T10:00")
        cls.noted["unanswered"] = office.show("answers")
        office.cycle("2027-03-29T13:59")
        office.cycle("2027-03-29T14:00")
        office.cycle("2027-03-30T09:59")
        question = rig.find("ana@team.example", sender="amy@answers.example")[0]
        rig.send_by_hand(harness.answer(question, "Ana Ruiz <ana@team.example>", "That is session replay; I would sample it."))
        office.cycle("2027-03-30T10:00")

    @classmethod
    def week_8(cls):
        office, rig = cls.office, cls.rig
        mail = rig.wait_for("amy@answers.example", count=3)
        rig.send(harness.answer(mail, "amy@answers.example", "One more question."))
        rig.wait_for("ana@team.example", sender="amy@answers.example", count=2)
        office.cycle("2027-04-16T10:00")
        office.cycle("2027-04-19T09:59")
        office.cycle("2027-04-19T10:00")
        office.cycle("2027-04-19T14:00")
        office.now = "2027-04-20T11:00"
        office.usher("resume", "answers")
        office.cycle()

    @classmethod
    def afterwards(cls):
        for now in ("2027-04-24T10:00", "2027-04-25T10:00", "2027-04-26T09:00", "2027-05-10T10:00", "2027-07-01T10:00"):
            cls.office.cycle(now)

    @classmethod
    def collect(cls):
        """Every mailbox, once the last mail has arrived."""
        for address, expected in MAILBOXES.items():
            with contextlib.suppress(harness.WaitError):  # the tests say better what is missing
                harness.wait_until(lambda a=address, n=len(expected): len(cls.rig.messages(a)) >= n, 5)
            cls.inbox[address] = cls.rig.messages(address)
        cls.sent = {f"<{event['message_id']}>": event for account in STAGES for event in cls.office.events(account, "sent")}

    # -- everybody -----------------------------------------------------------------------------------------------

    def found(self, address):
        """What lies in a mailbox in the form of MAILBOXES."""
        out = []
        for mail in self.inbox[address]:
            event = self.sent.get(mail.message_id)
            out.append((event["step"], email.utils.parsedate_to_datetime(mail["Date"])) if event else "by hand")
        return out

    def test_every_mailbox_holds_what_it_should(self):
        for address, expected in MAILBOXES.items():
            with self.subTest(address):
                self.assertEqual(self.found(address),
                                 [item if item == "by hand" else (item[0], team_time(item[1])) for item in expected])

    def test_every_account_ends_in_its_stage(self):
        self.assertEqual({name: self.office.show(name)["stage"] for name in STAGES}, STAGES)

    def test_every_mail_is_well_formed(self):
        for address, mails in self.inbox.items():
            for mail in mails:
                if mail.message_id not in self.sent:
                    continue
                with self.subTest(address, subject=mail["Subject"]):
                    for name in ("Date", "From", "To", "Subject", "Message-ID"):
                        self.assertEqual(len(mail.message.get_all(name, [])), 1, name)
                    self.assertIn(address, f"{mail['To']}, {mail['Cc']}")
                    self.assertEqual(mail.message.get_content_type(), "multipart/alternative")
                    if address in mail["To"]:
                        self.assertIn(f"Hi {address.partition('@')[0].capitalize()},", mail.text)
                    for text in (mail.text, mail.html):
                        self.assertTrue(text)
                        self.assertNotRegex(text, r"\{\{|\{%")
                    self.assertIsNone(mail["Auto-Submitted"])

    def test_every_copy_lies_in_sent(self):
        for user, mailbox in (("ana@team.example", "ana"), ("ben@team.example", "ben")):
            copies = [mail.message_id for mail in self.rig.messages(user, "Sent")]
            expected = {ident for ident, event in self.sent.items() if event["mailbox"] == mailbox}
            self.assertEqual(len(copies), len(set(copies)))
            self.assertEqual(set(copies) & set(self.sent), expected)

    # -- each customer -------------------------------------------------------------------------------------------

    def assert_thread(self, address, *mails):
        """Each mail answers the one before; References hold all of them in order."""
        first, *later = mails
        self.assertEqual((first["In-Reply-To"], first.references), (None, []), address)
        for before, mail in zip(mails, later):
            self.assertEqual(mail["In-Reply-To"], before.message_id, address)
        chain = [mail.message_id for mail in mails]
        self.assertEqual(later[-1].references, chain[:-1], address)
        for mail in later:
            self.assertEqual(mail["Subject"], f"Re: {first['Subject']}")

    def kinds(self, account):
        return [event["kind"] for event in self.office.events(account)]

    def test_nothing_is_sent_before_an_approval(self):
        self.assertEqual(self.noted["before approval"], [])
        self.assertEqual(set(self.noted["drafts"]), set(STAGES))
        self.assertEqual(self.office.step("unread", "outreach")["state"], "drafted")

    def test_silent_customer(self):
        sue, sam, mel = (self.inbox[f"{name}@silent.example"] for name in ("sue", "sam", "mel"))
        self.assert_thread("sue", *sue)
        self.assertEqual([mail.message_id for mail in sue], [mail.message_id for mail in sam])
        self.assertEqual((sue[0]["To"], sue[0]["Cc"]), ("Sue <sue@silent.example>", "Sam <sam@silent.example>"))
        self.assertEqual([mail.message_id for mail in mel], [mail.message_id for mail in sue[1:]])
        self.assertEqual(sue[0]["From"], "Ana Ruiz <ana@team.example>")
        shown = self.office.show("silent")
        self.assertEqual({stage: clock(at) for stage, at in shown["stages"].items()},
                         {"new_account": "2027-03-01 10:00", "initiated": "2027-03-01 10:00", "onboarded": "2027-04-19 10:00"})
        self.assertIsNone(shown["engaged_at"])
        self.assertNotIn("replied", self.kinds("silent"))

    def test_distant_customer_is_written_to_by_day(self):
        mails = self.inbox["dan@distant.example"]
        self.assert_thread("dan", *mails)
        zone = zoneinfo.ZoneInfo("America/New_York")
        hours = [email.utils.parsedate_to_datetime(mail["Date"]).astimezone(zone).hour for mail in mails]
        self.assertEqual(hours, [9, 9, 9])
        self.assertEqual(mails[0]["From"], "Ben Okafor <ben@team.example>")  # the region's specialist

    def test_customer_who_answers(self):
        day_1 = self.noted["day 1"]["answers"]
        self.assertEqual((clock(day_1["engaged_at"]), day_1["unanswered"], day_1["stage"]), ("2027-03-02 10:00", True, "initiated"))
        waiting = next(step for step in self.noted["unanswered"]["steps"] if step["step"] == "second_outreach")
        self.assertEqual(waiting["state"], "waiting")
        self.assertRegex(waiting["reason"], "unanswered")
        outreach, by_hand, second, graduation = self.inbox["amy@answers.example"]
        replies = self.rig.find("ana@team.example", sender="amy@answers.example")
        self.assertEqual(second["In-Reply-To"], by_hand.message_id)
        self.assertEqual(second.references, [outreach.message_id, replies[0].message_id, by_hand.message_id])
        self.assertEqual(graduation["In-Reply-To"], replies[1].message_id)
        self.assertEqual(graduation.references[-2:], [second.message_id, replies[1].message_id])
        self.assertIsNone(second["Cc"])
        final = self.office.show("answers")
        self.assertEqual(clock(final["engaged_at"]), "2027-03-02 10:00")  # the first reply, not the last
        self.assertEqual([clock(event["at"]) for event in self.office.events("answers", "released")], ["2027-04-20 11:00"])

    def test_out_of_office_is_no_engagement(self):
        shown = self.noted["day 1"]["absent"]
        self.assertEqual((shown["engaged_at"], shown["unanswered"]), (None, False))
        self.assertEqual([mail["class"] for mail in shown["mail"]], ["auto_reply"])
        self.assertIsNone(self.office.show("absent")["engaged_at"])
        self.assert_thread("ada", *self.inbox["ada@absent.example"])

    def test_dead_address_is_never_written_again(self):
        bounce, = self.office.events("bounced", "bounced")
        self.assertEqual((bounce["address"], bounce["permanent"]), ("gone@bounced.example", True))
        people = {contact["address"]: contact["suppressed"] for contact in self.office.show("bounced")["contacts"]}
        self.assertEqual(people, {"gone@bounced.example": "dead_address", "alive@bounced.example": None})
        first, *later = self.inbox["alive@bounced.example"]
        self.assertIn("gone@bounced.example", first["To"])
        for mail in later:
            self.assertEqual((mail["To"], mail["Cc"]), ("Alive <alive@bounced.example>", None))
        self.assertEqual([delivery["step"] for delivery in self.office.deliveries("bounced")
                          if delivery["address"] == "gone@bounced.example"], ["outreach"])
        self.assertIsNone(self.office.show("bounced")["engaged_at"])

    def test_failed_payment_does_not_start_the_programme(self):
        self.assertEqual(self.noted["drafts"]["unpaid"]["step"], "failed_payment")
        self.assertEqual(self.noted["day 1"]["unpaid"]["stage"], "new_account")
        for moment in ("paid, too early", "failed again", "paid, a day too early"):
            self.assertNotIn("unpaid", self.noted[moment], moment)
        self.assertEqual(self.noted["14 days before renewal"]["unpaid"]["step"], "outreach")
        payment, *eight_weeks = self.inbox["una@unpaid.example"]
        self.assertRegex(payment["Subject"], "(?i)payment|outstanding|fail")
        self.assert_thread("una", *eight_weeks)  # a new thread: nothing refers to the payment mail
        self.assertEqual(clock(self.office.show("unpaid")["stages"]["initiated"]), "2027-03-22 10:00")

    def test_flip_to_onboarded_blocks_week_5_only(self):
        outreach, graduation = self.inbox["flo@flipped.example"]
        self.assert_thread("flo", outreach, graduation)
        shown = self.office.show("flipped")
        self.assertEqual(clock(shown["stages"]["onboarded"]), "2027-03-10 10:00")  # graduation does not enter it again

    def test_handoff_cancels_everything_automatic(self):
        shown = self.office.show("handed")
        self.assertEqual(shown["cancelled"], "Sales Handoff")
        states = {step["step"]: step["state"] for step in shown["steps"]}
        self.assertEqual((states["second_outreach"], states["graduation"]), ("cancelled", "cancelled"))

    def test_sales_engaged_leaves_and_the_journal_keeps(self):
        shown = self.office.show("engaged")
        self.assertEqual((shown["enrolment"], shown["stage"], shown["stages"]), ("left", None, {}))
        self.assertNotIn("engaged", [row["account"] for row in self.office.usher("board", "--json").json])
        self.assertNotIn("engaged", [row["account"] for row in self.office.usher("daily", "--json").json])
        entered = [event["stage"] for event in self.office.events("engaged", "stage_entered")]
        self.assertEqual(entered, ["new_account", "initiated"])
        note, = self.office.events("engaged", "sales_engaged")
        self.assertRegex(note["note"], "since January")

    def test_opt_out_of_the_last_person_cancels_everything_automatic(self):
        shown = self.office.show("leaver")
        self.assertEqual([contact["suppressed"] for contact in shown["contacts"]], ["opt_out"])
        self.assertEqual((shown["cancelled"], shown["engaged_at"]), ("the last person opted out", None))

    def test_paid_call_leaves_the_schedule(self):
        self.assert_thread("kit", *self.inbox["kit@caller.example"])
        self.assertNotIn("onboarded", self.office.show("caller")["stages"])  # graduation overwrites no stage outside the line

    def test_churn_cancels_everything_automatic(self):
        self.assertRegex(self.office.show("churns")["cancelled"], "churned")

    def test_mail_by_hand_starts_the_programme_and_withdraws_the_draft(self):
        shown = self.noted["day 1"]["written"]
        self.assertEqual((shown["stage"], clock(shown["stages"]["initiated"])), ("initiated", "2027-03-02 10:00"))
        # The check-in that nobody decided on went by itself, after day 21.
        withdrawn, check_in = self.office.events("written", "draft_withdrawn")
        self.assertEqual((withdrawn["step"], clock(withdrawn["at"])), ("outreach", "2027-03-02 10:00"))
        self.assertEqual((check_in["step"], self.office.step("written", "check_in")["state"]), ("check_in", "expired"))
        self.assert_thread("wes", *self.inbox["wes@written.example"])

    def test_payment_mail_by_hand_starts_nothing(self):
        shown = self.noted["day 1"]["dunned"]
        self.assertEqual(shown["stage"], "new_account")
        self.assertNotIn("initiated", self.office.show("dunned")["stages"])
        self.assertEqual([event["step"] for event in self.office.events("dunned", "draft_withdrawn")], ["outreach"])
        self.assertNotIn("dunned", self.office.drafts())

    def test_rejected_draft_stays_rejected(self):
        rejected, = self.office.events("refused", "draft_rejected")
        self.assertEqual(rejected["reason"], "they asked us to wait")
        self.assertEqual(self.office.step("refused", "outreach")["state"], "rejected")

    def test_journal_tells_causes(self):
        events = {event["event"]: event for event in self.office.events("silent")}
        entered = [event for event in events.values() if event["kind"] == "stage_entered" and event["stage"] != "new_account"]
        self.assertEqual([events[event["cause"]]["kind"] for event in entered], ["sent", "sent"])
        self.assertEqual([events[event["cause"]]["step"] for event in entered], ["outreach", "graduation"])


class Desk(harness.MailTestCase):
    """One account, pat@ACCOUNT.example, and what a specialist does between draft and sending."""

    USERS = {"ana@team.example": "secret",
             **{f"pat@{name}.example": "secret" for name in
                ("edited", "altered", "held", "silenced", "looked", "evening", "nightly", "kept", "late", "tagged", "prompt")}}

    def open(self, account, mailbox=None, **facts):
        self.account = account
        self.office = Office(self.rig, self.folder, now="2027-03-01T10:00", mailbox=mailbox)
        self.office.add_accounts({"account": account, **facts})
        self.office.cycle()
        return self.office.drafts()[account]["draft"]

    def mail(self, count=1):
        return self.rig.wait_for(f"pat@{self.account}.example", count=count)

    def assert_no_mail(self):
        """Nothing was handed to the server, so nothing can still be on its way."""
        self.assertNotIn("sent", [delivery["state"] for delivery in self.office.deliveries()])
        self.assertEqual(self.rig.messages(f"pat@{self.account}.example"), [])

    def test_edited_draft_is_sent_as_edited(self):
        draft = self.open("edited")
        text = "Subject: Zwölf Fragen, one answer\n\nDear Pat,\n\nthis is **my own** text.\n\nAna\n"
        new = self.write("new.md", text)
        self.office.usher("edit", draft, EDITOR=f"cp {new}")
        self.assertTrue(self.office.drafts()["edited"]["edited"])
        preview = self.office.usher("preview", "edited", "--json").json[0]
        self.office.approve("edited")
        self.office.cycle()
        mail = self.mail()
        self.assertEqual(mail["Subject"], "Zwölf Fragen, one answer")
        self.assertEqual((mail.text.strip(), "my own" in mail.text), (preview["text"].strip(), True))
        self.assertIn("<strong>my own</strong>", mail.html)
        self.assertEqual(self.office.show("edited")["stage"], "initiated")

    def test_facts_changed_after_approval_bring_the_draft_back(self):
        self.open("altered", next_renewal="2027-03-20", main_product="replay", main_product_share=0.7)
        before = self.office.usher("preview", "altered", "--json").json[0]
        self.office.approve("altered")
        # What prints the same voids nothing; what prints otherwise does.
        self.office.import_rows({"account": "altered", "main_product": "flags"})
        self.office.cycle("2027-03-01T11:00")
        self.assert_no_mail()
        draft = self.office.drafts()["altered"]
        self.assertEqual((draft["state"], bool(draft["reason"])), ("changed", True))
        self.assertRegex(self.office.usher("drafts").out, "changed since approval")
        self.assertEqual([event["kind"] for event in self.office.events("altered", "draft_returned")], ["draft_returned"])
        # It is composed anew, and goes out when the new text is approved.
        self.office.cycle("2027-03-01T11:05")
        self.assert_no_mail()
        after = self.office.usher("preview", "altered", "--json").json[0]
        self.assertNotEqual(before["text"], after["text"])
        self.office.approve("altered")
        self.office.cycle()
        self.assertEqual(self.mail().text.strip(), after["text"].strip())

    def test_edited_draft_outlives_its_facts(self):
        """Edited text is never composed anew: the specialist is told once that its facts changed, and decides."""
        draft = self.open("kept", main_product="replay", main_product_share=0.7)
        new = self.write("new.md", "Subject: About replay\n\nHello Pat, about replay.\n")
        self.office.usher("edit", draft, EDITOR=f"cp {new}")
        self.office.import_rows({"account": "kept", "main_product": "flags"})
        self.office.cycle()
        refusal = self.office.usher("approve", draft, code=65)
        self.assertRegex(refusal.err, "facts changed")
        self.office.usher("approve", draft)
        self.office.cycle()
        self.assertEqual(self.mail().text.strip(), "Hello Pat, about replay.")

    def test_facts_that_print_the_same_do_not(self):
        self.open("nightly", forecast_mrr=512.31)
        self.office.approve("nightly")
        self.office.import_rows({"account": "nightly", "forecast_mrr": 512.44})
        self.office.cycle("2027-03-01T11:00")
        self.mail()

    def test_hold_and_resume(self):
        self.open("held")
        self.office.approve("held")
        self.office.usher("hold", "held", "their outage", "--until", "2027-03-03")
        self.office.cycle("2027-03-02T10:00")
        self.assert_no_mail()
        self.assertRegex(self.office.usher("why", "held").out, "on hold: their outage")
        self.office.cycle("2027-03-03T10:00")
        self.mail()
        self.office.usher("hold", "held", "again")
        self.office.cycle("2027-03-31T10:00")
        self.assertEqual(self.office.step("held", "second_outreach")["state"], "waiting")
        self.office.usher("resume", "held")
        self.office.cycle("2027-04-01T10:00")
        self.assertEqual(email.utils.parsedate_to_datetime(self.mail(2)["Date"]), team_time("2027-04-01 10:00"))

    def test_suppressed_person_is_not_written_to(self):
        draft = self.open("silenced")
        self.office.approve("silenced")
        self.office.usher("suppress", "PAT@silenced.example")
        self.office.cycle("2027-03-02T10:00")
        self.assert_no_mail()
        result = self.office.usher("approve", draft, code=None)
        self.assertNotEqual(result.code, 0)
        self.office.cycle("2027-03-03T10:00")
        self.assert_no_mail()

    def test_approved_in_the_evening_leaves_in_the_morning(self):
        """Approved a minute before the window closes on Friday, and not sent in that minute."""
        self.open("evening")
        self.office.now = "2027-03-05T16:59"
        self.office.approve("evening")
        for now in ("2027-03-05T17:00", "2027-03-06T10:00", "2027-03-08T08:59"):
            self.office.cycle(now)
            self.assert_no_mail()
        self.office.cycle("2027-03-08T09:00")
        self.assertEqual(email.utils.parsedate_to_datetime(self.mail()["Date"]), team_time("2027-03-08 09:00"))

    def test_after_a_downtime(self):
        """Three days late it goes out, fifteen days late a person is asked."""
        self.open("late")
        self.office.approve("late")
        self.office.cycle()
        self.office.cycle("2027-04-01T11:00")
        self.assertEqual(email.utils.parsedate_to_datetime(self.mail(2)["Date"]), team_time("2027-04-01 11:00"))
        self.office.cycle("2027-05-04T11:00")
        graduation = self.office.step("late", "graduation")
        self.assertEqual((graduation["state"], graduation["reason"]), ("late", "15 days late"))
        self.office.usher("resume", "late", "graduation")
        self.office.cycle("2027-05-04T12:00")
        self.mail(3)

    def test_reply_at_the_time_of_the_mail_is_unanswered(self):
        self.open("prompt")
        self.office.approve("prompt")
        self.office.cycle()
        self.rig.send(harness.answer(self.mail(), "pat@prompt.example", "Quick as a flash: what is this?"))
        reply = self.rig.wait_for("ana@team.example", sender="pat@prompt.example")
        self.office.cycle()
        self.assertTrue(self.office.show("prompt")["unanswered"])
        self.rig.send_by_hand(harness.answer(reply, "Ana Ruiz <ana@team.example>", "A look at your bill."))
        self.office.cycle()
        self.assertFalse(self.office.show("prompt")["unanswered"])

    def test_token_finds_the_account(self):
        """An answer from an address nobody knows, without any reference, to the Reply-To of the mail."""
        self.open("tagged", mailbox={"plus_addressing": True})
        self.office.approve("tagged")
        self.office.cycle()
        mail = self.mail()
        self.assertRegex(mail["Reply-To"], r"ana\+[0-9a-f]{16}@team\.example")
        reply = harness.compose("Someone <private@elsewhere.example>", mail["Reply-To"], "Your mail",
                                "Hello, we talked about it: yes please.")
        self.rig.deliver(reply, envelope_from="private@elsewhere.example")
        self.rig.wait_for("ana@team.example", sender="private@elsewhere.example")
        self.office.cycle("2027-03-02T10:00")
        self.assertEqual(clock(self.office.show("tagged")["engaged_at"]), "2027-03-02 10:00")

    def test_looking_changes_nothing(self):
        self.open("looked")
        before = self.office.usher("log", "--json").out
        for words in (["board"], ["daily"], ["drafts"], ["preview", "looked"], ["preview", "--eml", "looked"], ["show", "looked"],
                      ["why", "looked"], ["outbox"], ["inbox"], ["log"], ["check"]):
            self.assertTrue(self.office.usher(*words).out, words)
        self.assertEqual(self.office.usher("log", "--json").out, before)
        self.assertEqual(self.office.deliveries(), [])


if __name__ == "__main__":
    unittest.main()
