"""What comes in, on a real mail system: folders, backfill, the self-test, corrections, and what `usher inbox` shows."""

import datetime
import email.utils
import re
import time

import harness
from office import ALL_HOURS, Office

NO_INPUT, DATA = 66, 65


class Inbox(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "ben@team.example": "secret", "shared@team.example": "secret",
             **{f"{who}@{name}.example": "secret" for name in ("acme", "globex", "initech") for who in ("pat", "sam")}}
    DOMAINS = ("elsewhere.example",)

    def office(self, **options):
        office = Office(self.rig, self.folder, window=ALL_HOURS, **options)
        for user in self.USERS:
            for folder in ("INBOX", "Sent"):
                with harness.contextlib.suppress(AssertionError, harness.imaplib.IMAP4.error):
                    self.rig.delete_all(user, folder)
        return office

    def written_to(self, office, account="acme", **facts):
        """An account whose outreach was sent; returns the mail."""
        office.add_accounts({"account": account, **facts})
        office.cycle()
        office.approve(account)
        office.cycle()
        return self.rig.wait_for(f"pat@{account}.example")

    def make_folder(self, user, name):
        with self.rig.imap(user) as connection:
            connection.create(f'"{name}"')

    def inbox(self, office, *words):
        return office.usher("inbox", "--json", *words).json

    # -- what came in, and corrections ---------------------------------------------------------------------------

    def test_reply_and_correction(self):
        office = self.office()
        mail = self.written_to(office)
        self.rig.send(harness.answer(mail, "pat@acme.example", "We did what you said.\nIt works!"))
        self.rig.wait_for("ana@team.example", sender="pat@acme.example")
        office.cycle()
        row, = self.inbox(office, "--account", "acme", "--class", "reply")
        self.assertEqual((row["matched_by"], row["from"]), ("thread", "pat@acme.example"))
        self.assertIn("task: Answer pat@acme.example: We did what you said. It works!", [f["what"] for f in row["followed"]])
        self.assertIn("We did what you said. It works!", office.usher("inbox").out.replace("\n", " "))
        number = str(row["inbound"])
        self.assertIn("It works!", office.usher("inbox", number).out)
        self.assertTrue(office.show("acme")["engaged_at"])
        said = office.usher("reclassify", number, "auto_reply", "--return", (datetime.date.today() + datetime.timedelta(20)).isoformat()).out
        self.assertIn("taken back: a reply", said)
        self.assertIn("pat@acme.example on hold until", said)
        shown = office.show("acme")
        self.assertEqual((shown["engaged_at"], shown["unanswered"], shown["tasks"]), (None, False, []))
        self.assertIn("pat@acme.example", office.usher("why", "acme").out)
        office.usher("verify")
        office.usher("reclassify", number, "reply")
        self.assertTrue(office.show("acme")["engaged_at"])
        self.assertNotIn("away", office.usher("why", "acme").out)
        office.usher("verify")
        refused = office.usher("reclassify", number, "reply", code=DATA)
        self.assertRegex(refused.err, r"\Ausher: inbound \d+ is reply already\n\Z")
        office.usher("reclassify", "99999", "reply", code=NO_INPUT)

    def test_answer_closes_the_task(self):
        office = self.office()
        mail = self.written_to(office)
        self.rig.send(harness.answer(mail, "pat@acme.example", "How do I do that?"))
        reply = self.rig.wait_for("ana@team.example", sender="pat@acme.example")
        office.cycle()
        self.assertEqual([task["kind"] for task in office.show("acme")["tasks"]], ["reply"])
        self.rig.send_by_hand(harness.answer(reply, "Ana Ruiz <ana@team.example>", "Like this."))
        office.cycle()
        self.assertEqual(office.show("acme")["tasks"], [])
        office.usher("verify")

    def test_colleague_and_stranger(self):
        office = self.office()
        self.written_to(office)
        self.rig.send(harness.compose("sam@acme.example", "ana@team.example", "A fresh question", "Pat gave me your address."))
        self.rig.send(harness.compose("pat@globex.example", "ana@team.example", "Hello", "Nobody knows me."))
        self.rig.wait_for("ana@team.example", sender="globex")
        office.cycle()
        by_sender = {row["from"]: row for row in self.inbox(office)}
        self.assertEqual((by_sender["sam@acme.example"]["account"], by_sender["sam@acme.example"]["matched_by"]),
                         ("acme", "colleague's domain"))
        self.assertIsNone(by_sender[None]["account"])
        self.assertIn("(nobody we know)", office.usher("inbox").out)
        self.assertTrue(office.show("acme")["engaged_at"])
        stranger = str(by_sender[None]["inbound"])
        refused = office.usher("reclassify", stranger, "reply", code=DATA)
        self.assertRegex(refused.err, r"\Ausher: inbound \d+ belongs to no account.*usher read --since.*\n\Z")
        # Once it is known, the mail is read again from the server, and counts.
        office.add_accounts({"account": "globex"})
        office.usher("read", "--since", datetime.date.today().isoformat(), "--mailbox", "ana")
        row, = self.inbox(office, stranger)
        self.assertEqual((row["account"], row["from"]), ("globex", "pat@globex.example"))
        self.assertTrue(office.show("globex")["engaged_at"])
        office.usher("verify")

    # -- folders -------------------------------------------------------------------------------------------------

    def test_further_folders(self):
        self.make_folder("ana@team.example", "Kunden/&ANw-bersicht")
        office = self.office(mailbox={"folders": ["Kunden/Übersicht"]})
        mail = self.written_to(office)
        self.rig.append("ana@team.example", "Kunden/&ANw-bersicht", harness.answer(mail, "pat@acme.example", "Sorted away."))
        office.cycle()
        self.assertEqual([(row["folder"], row["class"]) for row in self.inbox(office, "--account", "acme")],
                         [("Kunden/Übersicht", "reply")])
        # The same mail in INBOX, too (a copy, Gmail's All Mail), counts once.
        self.rig.append("ana@team.example", "INBOX", self.rig.messages("ana@team.example", "Kunden/&ANw-bersicht")[0].raw)
        office.cycle()
        self.assertEqual(len(office.events("acme", "replied")), 1)
        self.assertEqual(len(self.inbox(office, "--account", "acme")), 2)
        # A folder that is not there is said by name, by the check and by the cycle.
        office.write_config(office.config.replace("Kunden/Übersicht", "Kunden/Nirgends"))
        for words in (["check"], ["run", "--once"]):
            result = office.usher(*words, code=None)
            self.assertNotEqual(result.code, 0)
            self.assertRegex(result.err, r'usher: mailbox ana: folder "Kunden/Nirgends" of usher.conf: ')

    def test_first_reading_and_backfill(self):
        """What is older than the database is left alone, until somebody asks for it; nothing is read twice."""
        for user in ("ana@team.example",):
            self.rig.delete_all(user)
        office = Office(self.rig, self.folder, window=ALL_HOURS)
        office.add_accounts({"account": "initech"})
        old = harness.compose("pat@initech.example", "ana@team.example", "Last week", "I wrote before you looked.")
        week = 7 * 24 * 3600
        self.rig.append("ana@team.example", "INBOX", old, flags=(), when=time.time() - week)
        office.cycle()
        self.assertEqual(self.inbox(office), [])
        self.assertIsNone(office.show("initech")["engaged_at"])
        since = (datetime.date.today() - datetime.timedelta(8)).isoformat()
        self.assertRegex(office.usher("read", "--since", since).out, r"\Aana: \d+ mails looked at\n\Z")
        row, = self.inbox(office, "--account", "initech")
        self.assertTrue(row["at"] < datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"))
        self.assertTrue(office.show("initech")["engaged_at"].startswith(row["at"][:10]))
        self.assertNotIn("\\Seen", self.rig.messages("ana@team.example")[-1].flags)
        office.usher("read", "--since", since)
        office.cycle()
        self.assertEqual(len(office.events("initech", "replied")), 1)
        office.usher("read", code=64)
        office.usher("read", "--since", "2099-01-01", code=64)
        office.usher("read", "--since", since, "--mailbox", "nobody", code=NO_INPUT)

    def test_new_uidvalidity(self):
        """The folder is made anew with the same mails: nothing is told twice, and new mail is read."""
        office = self.office(mailbox={"folders": ["Customers"]})
        self.make_folder("ana@team.example", "Customers")
        mail = self.written_to(office)
        raw = harness.answer(mail, "pat@acme.example", "First.").as_bytes(policy=harness.POLICY)
        self.rig.append("ana@team.example", "Customers", raw)
        office.cycle()
        self.assertEqual(len(office.events("acme", "replied")), 1)
        with self.rig.imap("ana@team.example") as connection:
            connection.delete("Customers")
            time_before = time.time()
            harness.wait_until(lambda: time.time() >= int(time_before) + 1, what="another second: it makes the UIDVALIDITY")
            connection.create("Customers")
        self.rig.append("ana@team.example", "Customers", raw)
        self.rig.append("ana@team.example", "Customers", harness.answer(mail, "pat@acme.example", "Second."))
        office.cycle()
        self.assertEqual(len(office.events("acme", "replied")), 2)
        with self.rig.imap("ana@team.example") as connection:
            connection.delete("Customers")

    # -- the self-test -------------------------------------------------------------------------------------------

    def test_selftest(self):
        office = self.office()
        self.assertRegex(office.usher("check").out, r"--  mailbox ana: never tried")
        said = office.usher("check", "--mailbox", "ana", "--send").out
        self.assertRegex(said, r"\Aok  mailbox ana mailed itself\n")
        self.assertRegex(said, r"Message-ID: +kept")
        self.assertRegex(said, r"copy in Sent: +not made by the provider")
        self.assertRegex(said, r"plus-address: +arrives")
        self.assertRegex(said, r"IMAP offers: +IDLE CONDSTORE UIDPLUS")
        self.assertRegex(said, r"SMTP offers: +none of SMTPUTF8, DSN\n")  # Dovecot's submission service
        self.assertIn("plus_addressing = true", said)
        self.assertNotIn("sent_copy", said)
        self.assertRegex(office.usher("check").out, r"ok  mailbox ana: tried 0 days ago: Message-ID kept")
        office.write_config(office.config.replace("mailbox \"ana\" {", "mailbox \"ana\" {\n    plus_addressing = true"))
        # Neither a reply nor a mail by hand, even where the specialist is somebody's contact.
        office.add_accounts({"account": "acme", "contacts": ["pat:owner", "ana@team.example:member"]})
        self.assertIn("usher.conf says so already", office.usher("check", "--mailbox", "ana", "--send").out)
        exim = f'smtp = "smtp://{self.rig.host}:{self.rig.port("smtp")}"'
        office.write_config(re.sub(r'smtp = ".*?"', exim, office.config))
        self.assertRegex(office.usher("check", "--mailbox", "ana", "--send").out, r"SMTP offers: +SMTPUTF8 DSN\n")
        self.assertRegex(office.usher("check").out, r"plus-address arrives, SMTPUTF8 offered, DSN offered\n")
        copy = self.rig.wait_for("ana@team.example", count=6, subject="usher tries this mailbox")
        self.rig.append("ana@team.example", "Sent", copy.raw)
        office.cycle()
        self.assertEqual([event["kind"] for event in office.events("acme") if event["kind"] in ("replied", "hand_sent", "auto_replied")], [])
        office.usher("check", "--send", code=64)
        office.usher("check", "--send", "--mailbox", "nobody", code=NO_INPUT)

    def test_check_without_sent(self):
        office = self.office(mailbox={"sent": "Gesendet"})
        result = office.usher("check")
        self.assertRegex(result.out, r'--  mailbox ana: there is no folder "Gesendet" yet')


class Fence(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "pat@acme.example": "secret"}

    def test_mailbox_down(self):
        """Automatic mail waits for everybody's mailbox, and `why` says which one cannot be read, and why."""
        office = Office(self.rig, self.folder, now="2027-03-01T10:00", window=ALL_HOURS)
        office.add_accounts({"account": "acme"})
        office.cycle()
        office.approve("acme")
        office.cycle()
        section = self.rig.mailbox_section("support", "ana@team.example", str(self.folder / "ana.password"))
        good = office.config
        office.write_config(good + re.sub(r'imap = ".*?"', 'imap = "imaps://127.0.0.1:1"', section))
        result = office.cycle("2027-03-29T10:30", code=None)
        self.assertNotEqual(result.code, 0)
        self.assertEqual(office.step("acme", "second_outreach")["state"], "queued")
        self.assertRegex(office.usher("why", "acme").out, r"the folder inbox of support was never read: 127\.0\.0\.1:1: ")
        # Read to its end four weeks ago by this clock, a second ago by the machine's: that is no look before sending.
        office.write_config(re.sub(r'imap = ".*?"', 'imap = "imaps://127.0.0.1:1"', good))
        office.cycle("2027-03-29T10:33", code=None)
        self.assertEqual(office.step("acme", "second_outreach")["state"], "queued")
        self.assertRegex(office.usher("why", "acme").out, r"INBOX of ana was not read to its end yet: 127\.0\.0\.1:1: ")
        office.write_config(good)
        office.cycle("2027-03-29T10:35")
        self.assertEqual(office.step("acme", "second_outreach")["state"], "sent")


if __name__ == "__main__":
    import unittest
    unittest.main()
