"""Whatever is wrong is one clear line with the exit code of its kind, and nothing is changed or lost by it."""

import contextlib
import pathlib
import re

import harness
from office import Office, specialist

USAGE, DATA, NO_INPUT, UNAVAILABLE, PROTOCOL, NO_PERMISSION, CONFIGURATION = 64, 65, 66, 69, 76, 77, 78


class ErrorCase(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "pat@acme.example": "secret"}

    def open(self, **options):
        self.office = Office(self.rig, self.folder, now="2027-03-01T10:00", **options)

    def fails(self, code, pattern, *words, **options):
        """The command ends with code and one line on standard error that matches pattern; it prints no result."""
        result = self.office.usher(*words, code=None, **options)
        lines = result.err.strip().splitlines()
        if result.code != code or len(lines) != 1 or not re.search(pattern, lines[0]) or not lines[0].startswith("usher: "):
            self.fail(f"expected exit code {code} and one line matching {pattern!r}:\n{result}")
        return lines[0]

    @contextlib.contextmanager
    def changed(self, path, old, new):
        """The first old in a file below the folder is new for a while."""
        path = self.folder / path
        before = path.read_text(encoding="utf-8")
        self.assertEqual(old in before, True, f"{old!r} is not in {path}")
        path.write_text(before.replace(old, new, 1), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(before, encoding="utf-8")

    def assert_said(self, result, count, pattern):
        """count lines of talk, each of which matches pattern; a delivery's own line does not count."""
        said = [line for line in result.err.splitlines() if not line.startswith("event=delivery")]
        self.assertEqual(len(said), count, result)
        for line in said:
            self.assertRegex(line, rf"\Ausher: .*(?:{pattern})", result)


class Files(ErrorCase):
    """Mistakes in files: nothing runs, and after the repair everything goes on."""

    def test_configuration(self):
        self.open()
        cases = [
            ("unknown key", 'company = "Our Company"', 'compny = "Our Company"', r"usher\.conf:\d+: .*compny"),
            ("repeated option", 'sequences = {"onboarding"}', 'database = "other.db"\nsequences = {"onboarding"}',
             r"usher\.conf:2: .*database.*(twice|already|repeated|again)"),
            ("repeated section", "specialist ana {", specialist("ana") + "\nspecialist ana {", r"usher\.conf:\d+: .*ana"),
            ("wrong kind", 'from = "09:00"', 'from = "nine"', r"usher\.conf:\d+: .*nine"),
            ("unknown day", '"mon", ', '"mon", "someday", ', r"usher\.conf:\d+: .*someday"),
            ("unknown zone", '"Europe/London"', '"Europe/Londno"', r"usher\.conf:\d+: .*Europe/Londno"),
            ("no such mailbox", 'mailbox = "ana"', 'mailbox = "anna"', r"usher\.conf.*anna"),
            ("no such specialist", 'failsafe = "ana"', 'failsafe = "anna"', r"usher\.conf.*anna"),
            ("no TLS abroad", 'smtp = "smtp://localhost', 'smtp = "smtp+plain://mail.example.com', r"usher\.conf:\d+: .*loopback"),
            ("unclosed", "team {", "team { {", r"usher\.conf:\d+: "),
        ]
        for name, old, new, pattern in cases:
            with self.subTest(name), self.changed("usher.conf", old, new):
                for words in (["board"], ["run", "--once"], ["run"], ["check"]):
                    self.fails(CONFIGURATION, pattern, *words, at_now=words != ["run"])
        with self.changed("usher.conf", '{"onboarding"}', '{"onbording"}'):
            self.fails(NO_INPUT, r"sequences/onbording\.conf: No such file", "board")
        self.office.usher("board")

    def test_missing_files(self):
        self.open()
        for name, path, code in (("configuration", "usher.conf", (NO_INPUT, CONFIGURATION)),
                                 ("database", "usher.db", (NO_INPUT,)),
                                 ("facts", "sequences/facts.conf", (NO_INPUT, CONFIGURATION)),
                                 ("template", "templates/outreach.md", (NO_INPUT, CONFIGURATION, DATA))):
            with self.subTest(name):
                moved = self.folder / path
                moved.rename(self.folder / "away")
                result = self.office.usher("check", code=None)
                self.assertIn(result.code, code, result)
                self.assertRegex(result.err, rf"\Ausher: .*{re.escape(pathlib.Path(path).name)}.*\n\Z", result)
                if name != "template":
                    self.assertEqual(self.office.usher("run", code=None, at_now=False).code, result.code)
                self.assertFalse(moved.exists(), "looking made it")
                (self.folder / "away").rename(moved)
        self.office.usher("check")

    def test_sequence(self):
        self.open()
        path = "sequences/onboarding.conf"
        cases = [
            ("unknown stage of a step", 'stages = {"new_account", "paid_call"}\n    when', 'stages = {"new_acount"}\n    when',
             r"onboarding\.conf.*new_acount"),
            ("unknown stage of a transition", 'to = "initiated"', 'to = "initated"', r"onboarding\.conf.*initated"),
            ("typo of a fact", "forecast_mrr >= 500\n", "forcast_mrr >= 500\n", r"onboarding\.conf:\d+: .*forcast_mrr.*forecast_mrr"),
            ("typo of a segment", "in_onboarding_lead", "in_onbording_lead", r"onboarding\.conf:\d+: .*in_onbording_lead.*in_onboarding_lead"),
            ("no SQL", "churned OR deactivated", "churned OR OR deactivated", r"onboarding\.conf:\d+: "),
            ("the clock",
             'due = "add_days(initiated_at, 28)"', """due = "date('now')\"""", r"onboarding\.conf:\d+: .*(date|now)"),
            ("a table", 'leave = "sales_engaged"', 'leave = "(SELECT 1 FROM account)"', r"onboarding\.conf:\d+: "),
            ("unknown key", "needs_answered", "needs_answer", r"onboarding\.conf:\d+: .*needs_answer"),
            ("unknown event", 'on = "referral"', 'on = "referal"', r"onboarding\.conf:\d+: .*expected one of .*referral"),
            ("unknown kind", 'kind = "automatic"', 'kind = "manual"', r"onboarding\.conf:\d+: .*expected draft or automatic"),
        ]
        for name, old, new, pattern in cases:
            with self.subTest(name), self.changed(path, old, new):
                self.fails(CONFIGURATION, pattern, "board")
                self.fails(CONFIGURATION, pattern, "run", "--once")
        for name, file, old, new, pattern in [
                ("a rule", "segments", "forecast_mrr < 500", "forcast_mrr < 500",
                 r'segments\.conf:\d+: when of "onboarding_lead_100_500".*forecast_mrr'),
                ("an entry", "segments", "AND credits_used_30d > 1500", "AND credits_used_30d > > 1500",
                 r'segments\.conf:\d+: when of "startup_credits"'),
                ("one below", "segments", "AND coalesce(csm_owner, '') = ''\n", "AND NOT in_sales_trace\n",
                 r"segments\.conf:\d+: .*in_sales_trace.*below"),
                ("an unknown word", "segments", "blocks_handoff", "block_handoff", r"segments\.conf:\d+: .*block_handoff"),
                ("a title", "alerts", "on {{ next_renewal }}{% if mrr_last_month", "on {{ next_renewl }}{% if mrr_last_month",
                 r'alerts\.conf:\d+: title of "large_invoice".*next_renewal'),
                ("no Liquid", "alerts", "{% if mrr_last_month %}, last month {{ mrr_last_month | money: '$' }}{% endif %}: does",
                 "{% if mrr_last_month %}: does", r'alerts\.conf:\d+: title of "large_invoice"'),
                ("whom", "alerts", 'assignee = "failsafe"', 'assignee = "failsave"', r"alerts\.conf:\d+: .*expected owner, failsafe, sales"),
        ]:
            with self.subTest(file + ": " + name), self.changed(f"sequences/{file}.conf", old, new):
                self.fails(CONFIGURATION, pattern, "board")
                self.assertRegex(self.office.usher("lint", code=None).out, pattern)
        with self.changed("sequences/facts.conf", 'type = "number"', 'type = "numbr"'):
            self.fails(CONFIGURATION, r"facts\.conf:\d+: .*forecast_mrr.*type", "board")
        self.office.usher("board")

    def test_template(self):
        self.open()
        self.office.add_accounts({"account": "acme"})
        cases = [
            ("unknown variable", "Hi {{ greeting_name", "Hi {{ greetin_name", r"outreach\.md:\d+:.*greetin_name"),
            ("unclosed", "{% endcomment %}", "{% endcoment %}", r"outreach\.md:\d+:"),
            ("unknown filter", '| default: "there"', '| defualt: "there"', r"outreach\.md:\d+:.*defualt"),
            ("unknown header", "Thread: new", "Thread: new\nThraed: new", r"outreach\.md:\d+:.*unknown header"),
        ]
        for name, old, new, pattern in cases:
            with self.subTest(name), self.changed("templates/outreach.md", old, new):
                self.assert_said(self.office.usher("check", code=DATA), 1, pattern)
                self.fails(DATA, pattern, "preview", "acme", "outreach")
                self.office.cycle()
                self.assertEqual(self.office.drafts(), {})
                self.assertRegex(self.office.step("acme", "outreach")["reason"], pattern)
        self.office.cycle()
        self.assertEqual(list(self.office.drafts()), ["acme"])
        self.assertEqual(self.office.drafts()["acme"]["step"], "outreach")

    def test_import(self):
        self.open()
        self.office.add_accounts({"account": "acme"})
        before = self.office.usher("log", "--json").out
        header = "account,forecast_mrr,next_renewal\n"
        cases = [
            ("too few cells", header + "acme,700,2027-04-01\nglobex,200\n", r"data\.csv:3:"),
            ("too many cells", header + "acme,700,2027-04-01,x\n", r"data\.csv:2:"),
            ("bad number", header + "acme,\"1,000\",2027-04-01\n", r"data\.csv:2: .*forecast_mrr.*expected a number.*1,000"),
            ("no such day", header + "acme,700,2027-02-30\n", r"data\.csv:2: .*next_renewal.*expected a date.*2027-02-30"),
            ("duplicate account", header + "acme,700,2027-04-01\nacme,800,2027-04-01\n", r"data\.csv:3:.*acme"),
            ("duplicate column", "account,plan,plan\nacme,payg,payg\n", r"data\.csv:1:.*plan"),
            ("no account column", "name,plan\nAcme,payg\n", r"data\.csv:1:.*account"),
            ("no account", header + ",700,2027-04-01\n", r"data\.csv:2:.*account"),
            ("open quote", header + 'acme,"700,2027-04-01\n', r"data\.csv:\d+"),
            ("no such account", "account,email\nnobody,pat@nobody.example\n", r"data\.csv:2:.*nobody"),
            ("no address", "account,email\nacme,pat at acme\n", r"data\.csv:2:.*pat at acme"),
            ("empty", "", r"data\.csv"),
            ("not UTF-8", header + "acme,700,2027-04-0\udcff\n", r"data\.csv:2:"),
            ("no JSON", '{"account": "acme", \n', r"data\.csv:1:"),
            ("duplicate member", '{"account": "acme", "plan": "payg", "plan": "yc"}\n', r"data\.csv:1:.*plan"),
        ]
        for name, text, pattern in cases:
            with self.subTest(name):
                (self.folder / "data.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
                self.fails(DATA, pattern, "import", "data.csv")
                self.fails(DATA, pattern, "import", "--dry-run", "data.csv")
        self.fails(NO_INPUT, r"no-such\.csv", "import", "no-such.csv")
        self.assertEqual(self.office.usher("log", "--json").out, before)

    def test_words(self):
        self.open()
        self.office.add_accounts({"account": "acme"})
        cases = [
            (USAGE, r"\"aprove\".*approve", ["aprove", "1"]),
            (USAGE, r"frobnicate", ["board", "--frobnicate"]),
            (USAGE, r"show: expected ACCOUNT", ["show"]),
            (USAGE, r"--now", ["board", "--now", "yesterday"]),
            (NO_INPUT, r"new_acount.*new_account", ["stage", "acme", "new_acount"]),
            (NO_INPUT, r"acmee", ["show", "acmee"]),
            (NO_INPUT, r"999", ["approve", "999"]),
            (NO_INPUT, r"999", ["settle", "999", "sent"]),
        ]
        self.office.cycle()
        before = self.office.usher("log", "--json").out
        for code, pattern, words in cases:
            with self.subTest(words):
                self.fails(code, pattern, *words, at_now="--now" not in words)
        self.assertEqual(self.office.usher("log", "--json").out, before)

    def test_now_only_in_rehearsals(self):
        self.office = Office(self.rig, self.folder)
        for words in (["run", "--once"], ["hold", "acme", "why"], ["import", "-"]):
            self.fails(USAGE, "--now: .*rehearsal", *words, "--now", "2027-03-01T10:00")
        self.office.usher("board", "--now", "2027-03-01T10:00")

    def test_rehearsal_stays_at_home(self):
        self.open()
        with self.changed("usher.conf", "smtp://localhost", "smtp://mail.example.com"):
            self.fails(CONFIGURATION, "rehearsal.*loopback", "run", "--once")


class Servers(ErrorCase):
    """A server that is wrong: one line, and the approved mail is still there when it is right again."""

    def setUp(self):
        super().setUp()
        self.open()
        self.office.add_accounts({"account": "acme"})
        self.office.cycle()
        self.office.approve("acme")

    def check_recovered(self):
        for now in ("2027-03-01T10:10", "2027-03-01T12:00"):
            self.office.cycle(now)
        delivery, = self.office.deliveries()
        self.assertEqual(delivery["state"], "sent")
        copies = self.rig.find("ana@team.example", "Sent", where=lambda mail: mail.message_id == f"<{delivery['message_id']}>")
        self.assertEqual(len(copies), 1)

    def check_wrong(self, lines, code, pattern, path, old, new):
        """`run --once` and `check` end with code and say so in that many lines; the approved mail is sent after the repair."""
        with self.changed(path, old, new):
            for words in (["run", "--once"], ["check"]):
                self.assert_said(self.office.usher(*words, code=code), lines, f"mailbox ana: .*(?:{pattern})")
            states = [delivery["state"] for delivery in self.office.deliveries()]
            self.assertEqual(states, ["sent" if old.startswith("imap") else "queued"])
        self.check_recovered()

    def test_dead_smtp_server(self):
        self.check_wrong(1, UNAVAILABLE, r"localhost:1\b.*refused", "usher.conf",
                         f"smtp://localhost:{self.rig.port('submission')}", "smtp://localhost:1")

    def test_dead_imap_server(self):
        """A mail that a person approved needs no mailbox to be read."""
        self.check_wrong(1, UNAVAILABLE, r"localhost:1\b.*refused", "usher.conf",
                         f"imap://localhost:{self.rig.port('imap')}", "imap://localhost:1")

    def test_copy_in_sent_is_there_already(self):
        """As after a crash between filing the copy and noting it: it is not filed twice."""
        with self.changed("usher.conf", f"imap://localhost:{self.rig.port('imap')}", "imap://localhost:1"):
            self.office.cycle(code=UNAVAILABLE)
        ident = f"<{self.office.deliveries()[0]['message_id']}>"
        mail = self.rig.wait_for("pat@acme.example", where=lambda mail: mail.message_id == ident)
        self.rig.append("ana@team.example", "Sent", mail.raw)
        self.check_recovered()

    def test_wrong_name_in_the_certificate(self):
        self.check_wrong(2, PROTOCOL, r"certificate.*mail\.elsewhere\.example|mail\.elsewhere\.example.*certificate", "usher.conf",
                         "    user = ", '    tls_name = "mail.elsewhere.example"\n    user = ')

    def test_unknown_authority(self):
        self.check_wrong(2, PROTOCOL, "certificate", "usher.conf", self.rig.ca_file, self.rig.server["other_ca_file"])

    def test_wrong_password(self):
        self.check_wrong(2, NO_PERMISSION, "refuses the login|refused while logging in", "ana.password", "secret", "Secret")

    def test_no_password_file(self):
        away = (self.folder / "ana.password").rename(self.folder / "away")
        self.assert_said(self.office.cycle(code=CONFIGURATION), 1, r"ana\.password.*No such file")
        away.rename(self.folder / "ana.password")
        self.check_recovered()


class StaleView(ErrorCase):
    """Nothing automatic on a stale view of the mailboxes."""

    def test_week_5_waits_until_the_mailbox_is_read(self):
        self.open()
        self.office.add_accounts({"account": "acme"})
        with self.changed("usher.conf", f"imap://localhost:{self.rig.port('imap')}", "imap://localhost:1"):
            self.office.cycle(code=UNAVAILABLE)
            self.office.approve("acme")
            self.office.cycle(code=UNAVAILABLE)
            self.office.cycle("2027-03-29T12:30", code=UNAVAILABLE)
            self.assertEqual([(delivery["step"], delivery["state"]) for delivery in self.office.deliveries()],
                             [("outreach", "sent"), ("second_outreach", "queued")])
            self.assertRegex(self.office.usher("why", "acme").out, "folder inbox of ana was never read")
        self.office.cycle("2027-03-29T12:31")
        self.assertEqual([delivery["state"] for delivery in self.office.deliveries()], ["sent", "sent"])


if __name__ == "__main__":
    import unittest
    unittest.main()
