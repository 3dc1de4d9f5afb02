"""Looking ahead and explaining, on the shipped programme: what `simulate` says comes true on a real mail system, it changes nothing and
leaves nothing behind, and `why` names the mail that decided."""

import hashlib
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from office import Office, clock

ACCOUNTS = ("quiet", "talks", "dead", "asks", "away", "other")
USAGE, NO_INPUT, CONFIG_ERROR = 64, 66, 78


class Ahead(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "kim@dead.example": "secret",
             **{f"pat@{name}.example": "secret" for name in ACCOUNTS if name != "dead"}}
    BOUNCE_DOMAINS = ("gone.example",)

    def open(self, *accounts, **facts):
        self.office = Office(self.rig, self.folder, now="2027-03-01T10:00")
        for account in accounts:
            self.office.add_accounts({"account": account, "country": "US", **facts})
        self.office.cycle()
        return self.office

    def simulate(self, *words, **options):
        return self.office.usher("simulate", "--json", *words, **options).json

    def mails(self, lines, account):
        return [(clock(line["at"]), line["step"], line["to"]) for line in lines
                if line["kind"] == "mail" and line["account"] == account]

    def told(self, lines, kind):
        return [(line["local"][:16], line["text"]) for line in lines if line["kind"] == kind]

    def why(self, *words):
        return self.office.usher("why", *words, "--json").json[0]

    # -- what comes ------------------------------------------------------------------------------------------------

    def test_silence_comes_true(self):
        office = self.open("quiet")
        said = self.simulate("quiet")
        pat = ["pat@quiet.example"]
        self.assertEqual(self.mails(said, "quiet"), [("2027-03-01 10:00", "outreach", pat), ("2027-03-16 10:00", "check_in", pat),
                                                     ("2027-03-29 10:00", "second_outreach", pat), ("2027-04-19 10:00", "graduation", pat),
                                                     ("2027-04-26 10:00", "survey", pat)])
        self.assertEqual([(when, text) for when, text in self.told(said, "stage")],
                         [("2027-03-01 10:00", "Onboarding Initiated"), ("2027-04-19 10:00", "Onboarded")])
        text = office.usher("simulate").out
        self.assertRegex(text, r"Monday 19 April 2027\n  10:00  quiet  mail +graduation to pat@quiet\.example: ")
        self.assertIn("nothing was sent, and nothing changed", text)
        self.assertEqual(self.rig.messages("pat@quiet.example"), [])
        # The weeks themselves.
        office.approve("quiet")
        for when in ("2027-03-01T10:00", "2027-03-16T10:00", "2027-03-29T09:59", "2027-03-29T10:00", "2027-04-19T09:59", "2027-04-19T10:00", "2027-04-26T10:00"):
            office.cycle(when)
            if when == "2027-03-16T10:00":
                office.approve("quiet")
                office.cycle()
        self.rig.wait_for("pat@quiet.example", count=5)
        sent = [(clock(event["at"]), event["step"]) for event in office.events("quiet", "sent")]
        self.assertEqual(sent, [mail[:2] for mail in self.mails(said, "quiet")])

    def test_answers(self):
        self.open("talks")
        said = self.simulate("--reply", "talks@2027-03-04", "--answer", "talks@2027-04-02T12:00")
        self.assertEqual([mail[:2] for mail in self.mails(said, "talks")],
                         [("2027-03-01 10:00", "outreach"), ("2027-04-02 12:00", "second_outreach"), ("2027-04-19 10:00", "graduation"),
                          ("2027-04-26 10:00", "survey")])
        self.assertIn(("2027-03-29 10:00", "waiting: the customer's reply is unanswered"), self.told(said, "wait"))
        tasks = self.told(said, "task")
        self.assertEqual(tasks[0], ("2027-03-04 00:00", "Answer pat@talks.example: (assumed)"))
        self.assertEqual([(when, title.split(",")[0]) for when, title in tasks[1:]], [("2027-03-16 00:00", "Check-in of week 3")])
        unanswered = self.simulate("talks", "--reply", "+3d")
        self.assertEqual([mail[1] for mail in self.mails(unanswered, "talks")], ["outreach"])

    def test_bounce(self):
        self.open("dead", contacts=["sue@gone.example:owner", "kim:admin"])
        said = self.simulate("dead", "--bounce", "+2d")
        self.assertEqual([(step, to) for _, step, to in self.mails(said, "dead")],
                         [("outreach", ["sue@gone.example", "kim@dead.example"]), ("check_in", ["kim@dead.example"]),
                          ("second_outreach", ["kim@dead.example"]), ("graduation", ["kim@dead.example"]),
                          ("survey", ["kim@dead.example"])])

    def test_nobody_approves(self):
        self.open("quiet")
        self.assertEqual(self.mails(self.simulate("--approve-none"), "quiet"), [])

    # -- what an edit changes ---------------------------------------------------------------------------------------

    def test_edited_sequence(self):
        office = self.open("quiet", "other")
        path = self.folder / "edited.conf"
        text = (self.folder / "sequences" / "onboarding.conf").read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        self.assertEqual(self.simulate("--diff", path), [])
        path.write_text(text.replace("initiated_at, 28)", "initiated_at, 29)"), encoding="utf-8")
        self.assertEqual([(line["change"], line["account"], clock(line["at"]), line["step"]) for line in self.simulate("--diff", path)],
                         [(change, account, when, "second_outreach") for account in ("other", "quiet")
                          for change, when in (("removed", "2027-03-29 10:00"), ("added", "2027-03-30 10:00"))])
        self.assertIn("changes something for 2 of the 2 accounts", office.usher("simulate", "--diff", path).out)
        path.write_text(text.replace('stages = {"initiated"}', 'stages = {"nowhere"}'), encoding="utf-8")
        self.assertRegex(office.usher("simulate", "--diff", path, code=CONFIG_ERROR).err, r"edited\.conf:\d+: .*nowhere")

    # -- nothing else ------------------------------------------------------------------------------------------------

    def fingerprint(self):
        """An empty -wal is what any reader leaves that was stopped."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(self.folder.iterdir())
                if path.name in ("usher.db", "usher.db-wal") and path.stat().st_size}

    def test_nothing_changes(self):
        office = self.open(*ACCOUNTS)
        temporary = self.folder / "tmp"
        temporary.mkdir()
        before = self.fingerprint()
        office.usher("simulate", TMPDIR=str(temporary))
        self.assertEqual(self.fingerprint(), before)
        self.assertEqual(list(temporary.iterdir()), [])
        # Whenever it is stopped.
        words = office.program.words("simulate", "--now", office.now)
        environment = {**office.program.environment, "TMPDIR": str(temporary)}
        for pause_ms in range(0, 40, 2):
            process = subprocess.Popen([str(office.program.binary), *words], env=environment, cwd=self.folder, stdout=subprocess.DEVNULL)
            time.sleep(pause_ms / 1000)
            process.send_signal(signal.SIGTERM if pause_ms % 4 else signal.SIGINT)
            self.assertIn(process.wait(timeout=20), (0, -signal.SIGTERM, -signal.SIGINT))
            self.assertEqual(list(temporary.iterdir()), [], pause_ms)
        self.assertEqual(self.fingerprint(), before)

    def test_no_socket(self):
        if not shutil.which("strace"):
            self.skipTest("strace not installed")
        office = self.open("quiet")
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder, "trace")
            words = office.program.words("simulate", "--now", office.now)
            done = subprocess.run(["strace", "-f", "-e", "trace=%network", "-o", str(trace), str(office.program.binary), *words],
                                  env={**office.program.environment, "ASAN_OPTIONS": "detect_leaks=0"},  # LeakSanitizer cannot work under a tracer
                                  cwd=self.folder, capture_output=True, text=True, check=False)
            if done.returncode and not trace.exists():
                self.skipTest("strace may not trace here")
            self.assertEqual(done.returncode, 0, done.stderr)
            calls = [line for line in trace.read_text().splitlines() if "(" in line and "+++" not in line and "---" not in line]
        self.assertEqual(calls, [])

    def test_refusals(self):
        office = self.open("quiet")
        for code, words, pattern in (
                (USAGE, ("--reply", "+3d"), "expected ACCOUNT@WHEN"),
                (USAGE, ("quiet", "--reply", "+20w"), "outside the time"),
                (USAGE, ("--silent", "--reply", "quiet@+3d"), "--silent"),
                (USAGE, ("--until", "2020-01-01"), "in the past"),
                (USAGE, ("--until", "soon"), "--until"),
                (USAGE, ("quiet", "--diff", "x.conf"), "no ACCOUNT"),
                (NO_INPUT, ("nobody",), "nobody"),
                (NO_INPUT, ("--diff", "missing.conf"), "missing.conf")):
            result = office.usher("simulate", *words, code=code)
            self.assertRegex(result.err, rf"\Ausher: .*{pattern}.*\n\Z")

    # -- why ------------------------------------------------------------------------------------------------------------

    def test_why_names_the_mail(self):
        office = self.open("away", "asks")
        office.approve("away", "asks")
        office.cycle()
        for name, write in (("away", harness.out_of_office), ("asks", lambda mail, sender: harness.answer(mail, sender, "Can we do Tuesday?"))):
            mail = self.rig.wait_for(f"pat@{name}.example")
            self.rig.send(write(mail, f"pat@{name}.example"), envelope_from="" if name == "away" else None)
        for subject in ("Automatic reply", "Re: "):
            self.rig.wait_for("ana@team.example", subject=subject, sender="pat@", count=1)
        office.cycle()
        told = self.why("asks", "second_outreach")
        self.assertEqual((told["cause"], told["step"]), ("scheduled", "second_outreach"))
        self.assertIn("if it were due now it would wait: the customer's reply is unanswered", told["line"])
        # Who is away until after that.
        row, = self.inbox("away")
        office.usher("reclassify", str(row["inbound"]), "reply")
        office.usher("reclassify", str(row["inbound"]), "auto_reply", "--return", "2027-04-05")
        office.cycle("2027-03-29T10:00")
        told = self.why("asks")
        self.assertEqual((told["cause"], told["line"]), ("unanswered", "second_outreach is due and waits: the customer's reply is unanswered"))
        self.assertRegex(told["evidence"], r"reply of pat@asks\.example on .*Can we do Tuesday\?")
        self.assertIn("usher resume asks", told["command"])
        self.assertRegex(office.usher("why", "asks").out, r"\Asecond_outreach is due and waits: .*\n  Behind it: reply of pat@asks")
        told = self.why("away")
        self.assertEqual(told["cause"], "person-hold", told)
        self.assertRegex(told["line"], r"second_outreach is in the outbox and goes out on \w+ 2027-04-06 09:00 .*pat@away\.example is on hold")
        self.assertRegex(told["evidence"], r"auto_reply of pat@away\.example on .*(?i:auto-submitted).*it ends on 2027-04-06 00:00")

    def inbox(self, account):
        return self.office.usher("inbox", "--account", account, "--class", "auto_reply", "--json").json
