"""What a team does beside writing mail: tasks, hooks, the export for the CRM, the report."""

import csv
import html.parser
import io
import json
import pathlib
import re
import signal

import harness
from office import ALL_HOURS, Office

USAGE, DATA, NO_INPUT, UNAVAILABLE, CANT_CREATE, CONFIGURATION = 64, 65, 66, 69, 73, 78
NOW = "2027-03-01T10:00"

# Writes down what it is told, one line an event; fails while there is a file called "down".
TEACH = """#!/bin/sh
cd "$(dirname "$0")"
if test -e down; then echo "no route to the chat"; exit 1; fi
cat >>told
"""


class Told:
    """A folder with a hook's program, and what the program was told."""

    def __init__(self, folder):
        self.folder = folder
        self.script = folder / "post.sh"
        self.script.write_text(TEACH, encoding="utf-8")
        self.script.chmod(0o755)

    def section(self, *events, name="chat"):
        return f'hook {name} {{ on = {harness.conf_value(events)} run = "{self.script}" timeout = 10 }}\n'

    @property
    def events(self):
        path = self.folder / "told"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @property
    def names(self):
        return [event["event"] for event in self.events]


class Desk(harness.UsherTestCase):
    """Without mail: a rehearsal database, nobody at the other end."""

    def setUp(self):
        super().setUp()
        self.usher("init", "--rehearsal")
        self.told = Told(self.folder)
        rows = [Office.account("acme", priority=2),
                {"account": "=cmd()", "plan": "payg", "forecast_mrr": 20}]
        self.usher("import", "-", "--now", NOW, stdin="".join(json.dumps(row) + "\n" for row in rows))
        self.usher("enrol", "acme", "--now", NOW)

    def tasks(self, *words):
        return self.usher("task", "list", "--json", *words, "--now", NOW).json

    def test_tasks(self):
        self.usher("task", "add", "acme", "Ask for the tax number", "--due", "3d", "--now", NOW)
        self.usher("task", "add", "-", "Write the holiday list", "--due", "2027-04-01", "--now", NOW)
        self.usher("task", "add", "acme", "Ask for the tax number", "--now", NOW)  # there is one already
        first, second = self.tasks()
        self.assertEqual((first["account"], first["title"], first["due"]), ("acme", "Ask for the tax number", "2027-03-04T10:00:00Z"))
        self.assertEqual((second["account"], second["assignee"]), (None, first["assignee"]))
        self.assertEqual([task["task"] for task in self.tasks("--account", "acme")], [first["task"]])
        self.assertEqual([task["task"] for task in self.tasks("--due", "7d")], [first["task"]])
        self.usher("task", "snooze", first["task"], "2w", "--now", NOW)
        self.assertEqual(self.tasks("--due", "7d"), [])
        self.usher("task", "done", first["task"], "they sent it", "--now", NOW)
        self.assertIn("done already", self.usher("task", "done", first["task"], "--now", NOW).out)
        self.assertEqual([task["task"] for task in self.tasks()], [second["task"]])
        done = [task for task in self.tasks("--all") if task["done_at"]]
        self.assertEqual([(task["task"], task["note"], task["done_at"]) for task in done],
                         [(first["task"], "they sent it", "2027-03-01T10:00:00Z")])
        self.usher_fails(NO_INPUT, "there is no task 99", "task", "done", "99", "--now", NOW)
        self.usher_fails(USAGE, "in the past", "task", "snooze", second["task"], "2027-01-01", "--now", NOW)
        self.usher_fails(NO_INPUT, "no specialist", "task", "assign", second["task"], "nobody", "--now", NOW)
        self.usher_fails(USAGE, "expected list, add", "task", "doing")

    def test_risk_and_priority(self):
        self.usher("risk", "acme", "high", "the card failed", "--now", NOW)
        self.usher("priority", "acme", "low", "--now", NOW)
        shown = self.usher("show", "acme", "--json", "--now", NOW).json[0]
        self.assertEqual((shown["risk"], shown["risk_note"], shown["priority"]), ("high", "the card failed", "low"))
        self.assertIn("Payment risk: high, the card failed\n", self.usher("show", "acme", "--now", NOW).out)
        self.usher("risk", "acme", "none", "--now", NOW)
        self.assertIsNone(self.usher("show", "acme", "--json", "--now", NOW).json[0]["risk"])
        self.usher_fails(USAGE, "expected low, medium, high or none", "risk", "acme", "huge")
        self.usher_fails(USAGE, "expected high, normal or low", "priority", "acme", "none")

    def export(self, *words):
        return {row["account"]: row for row in self.usher("export", "--format", "jsonl", *words, "--now", NOW).json}

    def test_export(self):
        self.usher("risk", "acme", "medium", "--now", NOW)
        rows = self.export()
        acme = rows["acme"]
        self.assertEqual((acme["sequence"], acme["stage"], acme["stage_new_account_at"], acme["stage_initiated_at"]),
                         ("onboarding", "new_account", "2027-03-01T10:00:00Z", None))
        self.assertEqual((acme["payment_risk"], acme["priority"], acme["open_tasks"]), ("medium", "2", 0))
        self.assertIsNone(rows["=cmd()"]["sequence"])
        text = self.usher("export", "--now", NOW).out
        table = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([row["account"] for row in table], ["'=cmd()", "acme"])
        self.assertEqual(list(table[1]), list(acme))
        self.assertEqual(table[1]["stage_new_account_at"], "2027-03-01T10:00:00Z")
        self.assertEqual(set(self.export("--sequence", "onboarding")), {"acme"})

    def test_export_since(self):
        result = self.usher("export", "--output", "all.csv", "--now", NOW)
        last = re.search(r"2 rows, up to event (\d+)", result.err).group(1)
        self.assertEqual(self.export("--after", last), {})
        self.usher("note", "=cmd()", "look", "--now", "2027-03-02T10:00")
        self.assertEqual(set(self.export("--after", last)), {"=cmd()"})
        self.assertEqual(set(self.export("--since", "2027-03-02")), {"=cmd()"})
        before = (self.folder / "all.csv").read_text(encoding="utf-8")
        self.usher_fails(CANT_CREATE, "nowhere", "export", "--output", "nowhere/all.csv")
        self.assertEqual((self.folder / "all.csv").read_text(encoding="utf-8"), before)
        self.usher_fails(USAGE, "expected csv or jsonl", "export", "--format", "xml")

    def test_export_after_sales(self):
        """Who left as Sales engaged has no stage and no stage times any more."""
        self.usher("sales-engaged", "acme", "Lea has them", "--now", NOW)
        acme = self.export()["acme"]
        self.assertEqual((acme["enrolment"], acme["sales_engaged"], acme["stage"]), ("left", True, None))
        self.assertEqual({value for name, value in acme.items() if name.startswith("stage_")}, {None})

    def import_rows(self, *rows, now=NOW):
        self.usher("import", "-", "--now", now, stdin="".join(json.dumps(row) + "\n" for row in rows))

    def members(self, segment):
        return {row["account"]: row for row in self.usher("segments", segment, "--json", "--now", NOW).json if row["member"]}

    def test_segments(self):
        """By rule, by hand, back to the rule; what is excluded stays out; the journal says why."""
        self.import_rows({"account": "lead", "plan": "payg", "forecast_mrr": 220, "bills_paid": 1},
                         {"account": "free", "plan": "free", "forecast_mrr": 0}, {"account": "sold", "plan": "payg", "forecast_mrr": 900})
        self.usher("sales-engaged", "sold", "Kim has them", "--now", NOW)
        for account in ("lead", "free"):
            self.usher("note", account, "look", "--now", NOW)
        lead = self.members("onboarding_lead")["lead"]
        self.assertEqual((lead["entry"], lead["by_hand"]), ("pay_as_you_go", False))
        self.assertIn("forecast_mrr = 220", lead["why"])
        counts = {row["segment"]: row["accounts"] for row in self.usher("segments", "--json", "--now", NOW).json}
        self.assertEqual((counts["onboarding_lead_100_500"], counts["onboarding_completed"]), (1, 0))
        self.assertIn("pay-as-you-go", self.usher("segments", "lead", "--now", NOW).out)
        self.usher("segments", "free", "--add", "onboarding_lead", "a promising startup", "--now", NOW)
        self.assertEqual(self.members("onboarding_lead")["free"]["why"], "by hand: a promising startup")
        self.assertEqual(self.export()["free"]["stage"], "new_account")
        self.usher("segments", "free", "--by-rule", "onboarding_lead", "--now", NOW)
        self.assertEqual(set(self.members("onboarding_lead")) & {"free", "sold"}, set())
        self.assertEqual(self.export()["free"]["stage"], "new_account")  # leaving the segment ends no enrolment
        self.usher("segments", "lead", "--remove", "onboarding_lead", "--now", NOW)
        self.assertNotIn("lead", self.members("onboarding_lead"))
        events = [event for event in self.usher("log", "lead", "--json", "--now", NOW).json if event["kind"] == "segment_left"]
        self.assertIn(("onboarding_lead", "by hand"), [(event["data"]["segment"], event["data"]["reason"]) for event in events])
        self.usher_fails(77, "sales_engaged", "segments", "sold", "--add", "onboarding_lead", "--now", NOW)
        self.usher_fails(NO_INPUT, "expected one of onboarding_lead,", "segments", "lead", "--add", "leads", "--now", NOW)
        self.usher_fails(NO_INPUT, "no account", "segments", "nobody", "--now", NOW)
        self.usher_fails(USAGE, "expected nothing", "segments", "lead", "--add", "a", "--remove", "b", "--now", NOW)
        self.usher("verify", "--now", NOW)

    def test_alerts(self):
        """An alert is a task with the figures, once for a cause; it closes when it is over."""
        row = {"account": "late", "plan": "payg", "forecast_mrr": 400, "last_invoice_status": "failed", "last_invoice_id": "I-7",
               "last_invoice_amount": 310.5, "last_invoice_due": "2027-02-20"}
        later = "2027-03-02T10:00"

        def alerts(*words):
            return [(task["title"], bool(task["done_at"])) for task in self.tasks("--account", "late", *words)
                    if task["kind"] == "failed_payment"]

        self.import_rows(row)
        self.usher("note", "late", "look", "--now", NOW)
        (title, done), = alerts()
        self.assertRegex(title, r"\$310\.50, due on 2027-02-20\. The draft about it waits")
        self.import_rows({**row, "last_invoice_status": "paid"}, now=later)
        self.usher("note", "late", "look", "--now", later)
        self.assertEqual(alerts("--all"), [(title, True)])
        self.import_rows(row, now="2027-03-03T10:00")
        self.usher("note", "late", "look", "--now", "2027-03-03T10:00")
        self.assertEqual(alerts("--all"), [(title, True)])
        self.import_rows({**row, "last_invoice_id": "I-8", "last_invoice_amount": 20}, now="2027-03-04T10:00")
        self.usher("note", "late", "look", "--now", "2027-03-04T10:00")
        self.assertEqual([done for _, done in alerts("--all")], [False, True])
        self.usher("verify", "--now", NOW)

    def test_handoff(self):
        """Never without a note and a contact, never past a trace of Sales; the lead goes to the folder and the hook."""
        config = self.folder / "usher.conf"
        config.write_text('leads_dir = "leads"\n' + config.read_text(encoding="utf-8") + self.told.section("handoff"), encoding="utf-8")
        self.import_rows({"account": "grow", "plan": "payg", "forecast_mrr": 1400, "mrr_last_month": 1000, "mrr_two_months_ago": 800},
                         {"account": "traced", "plan": "payg", "forecast_mrr": 1400, "sales_owner": "Kim"})
        result = self.usher_fails(USAGE, "without a note", "handoff", "grow", "--contact", "Ada", "--now", NOW)
        self.assertIn("(+40 % month over month)", result.out)
        self.assertIn("findings:", result.out)
        self.usher_fails(USAGE, "--contact", "handoff", "grow", "--note", "grows", "--now", NOW)
        self.usher_fails(77, "Kim", "handoff", "traced", "--contact", "Ada", "--note", "grows", "--now", NOW)
        self.assertEqual([task["account"] for task in self.tasks() if task["kind"] == "sales_trace"], ["traced"])
        self.assertFalse((self.folder / "leads").exists())
        (self.folder / "leads").write_text("in the way", encoding="utf-8")
        self.usher_fails(CANT_CREATE, "leads", "handoff", "grow", "--contact", "Ada", "--note", "grows", "--now", NOW)
        self.assertNotEqual(self.export()["grow"]["stage"], "sales_handoff")
        (self.folder / "leads").unlink()
        self.program.run("run", "--once", "--now", NOW)  # the hook counts from here on
        self.usher("handoff", "grow", "--contact", "Ada", "--note", "grows", "--now", NOW)
        lead, = (self.folder / "leads").iterdir()
        told = json.loads(lead.read_text(encoding="utf-8"))
        self.assertEqual((told["contact"], told["note"], told["forecast_mrr"]), ("Ada", "grows", 1400))
        self.assertEqual(self.export()["grow"]["stage"], "sales_handoff")
        self.program.run("run", "--once", "--now", NOW)
        event, = self.told.events
        self.assertEqual((event["event"], event["account"], event["data"]["mrr_last_month"]), ("handoff", "grow", 1000))
        self.usher_fails(77, "already", "handoff", "grow", "--contact", "Ada", "--note", "again", "--now", NOW)

    def test_report(self):
        rows = self.usher("report", "--json", "--now", NOW).json
        self.assertEqual({row["figure"] for row in rows} - {"unwritten_renewal"},
                         {"cohort", "funnel", "time_in_stage", "outreach", "outreach_week", "retention", "mail"})
        self.assertIn("Retention after three months", self.usher("report", "--now", NOW).out)
        self.usher_fails(USAGE, "in the future", "report", "--since", "2028-01-01", "--now", NOW)
        name = '<script>alert("x")</script>'
        config = self.folder / "usher.conf"
        config.write_text(re.sub(r'(team \{.*?name = )".*?"', r'\1' + harness.conf_value(name).replace("\\", r"\\"),
                                 config.read_text(encoding="utf-8"), count=1, flags=re.S), encoding="utf-8")
        self.usher("report", "--html", "report.html", "--now", NOW)
        page = (self.folder / "report.html").read_text(encoding="utf-8")
        self.assertIn("&lt;script&gt;", page)
        seen = []

        class Reader(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes):
                seen.append(tag)
                for attribute, value in attributes:
                    if attribute in ("src", "href", "xlink:href", "srcset") or "http" in (value or "").replace("http-equiv", ""):
                        raise AssertionError(f"{tag} {attribute}={value}: the page must not fetch anything")

        Reader().feed(page)
        self.assertIn("svg", seen)
        self.assertNotIn("script", seen)
        self.assertNotIn("url(", page)

    def test_hooks_by_cycle(self):
        """run --once tells them too, even when no mailbox can be reached; what fails waits."""
        config = self.folder / "usher.conf"
        config.write_text(config.read_text(encoding="utf-8") + self.told.section("note"), encoding="utf-8")
        self.usher("note", "acme", "before the hook", "--now", NOW)
        self.program.run("run", "--once", "--now", NOW)
        self.usher("note", "acme", "first", "--now", NOW)
        (self.folder / "down").touch()
        result = self.program.run("run", "--once", "--now", NOW)
        self.assertIn("usher: hook chat: exit status 1: no route to the chat\n", result.err)
        hook, = self.usher("hooks", "--json", "--now", NOW).json
        self.assertEqual((hook["waiting"], hook["failed"], hook["attempts"], hook["next_at"]), (1, 0, 1, "2027-03-01T10:00:30Z"))
        self.assertIn("no route to the chat", hook["error"])
        (self.folder / "down").unlink()
        self.program.run("run", "--once", "--now", "2027-03-01T10:01")
        event, = self.told.events
        self.assertEqual((event["event"], event["account"], event["data"]["text"], event["rehearsal"]), ("note", "acme", "first", True))
        self.assertEqual(self.usher("hooks", "--json", "--now", NOW).json[0]["waiting"], 0)

    def test_hook_mistakes(self):
        config = self.folder / "usher.conf"
        good = config.read_text(encoding="utf-8")
        config.write_text(good + self.told.section("replies"), encoding="utf-8")
        self.usher_fails(CONFIGURATION, r'usher\.conf:\d+: on: there is no event "replies"', "hooks")
        config.write_text(good + 'hook chat { on = {"reply"} run = "/nowhere/post" }\n', encoding="utf-8")
        result = self.program.run("check")
        self.assertIn("hook chat: /nowhere/post is no program that can be run", result.err)
        config.write_text(good + self.told.section("reply", "task"), encoding="utf-8")
        self.assertRegex(self.program.run("check").out, r"ok  hook chat: \S+post\.sh on reply, task\n")


class Service(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "pat@acme.example": "secret", "pat@later.example": "secret"}

    def test_hooks_beside_the_mail(self):
        """A hook that hangs makes neither the mail wait nor the end of the service."""
        told = Told(self.folder)
        hang = self.folder / "hang.sh"
        hang.write_text('#!/bin/sh\necho $$ >"$(dirname "$0")/hanging"\nexec sleep 1000\n', encoding="utf-8")
        hang.chmod(0o755)
        office = Office(self.rig, self.folder, window=ALL_HOURS,
                        top=told.section("draft", "approved", "sent", "stage_changed", "reply")
                        + f'hook hang {{ on = {{"reply"}} run = "{hang}" timeout = 300 }}\n')
        self.addCleanup(office.program.stop_all)
        service = office.program.spawn("run").wait_ready()
        self.assertEqual(sorted(service.workers()), ["hooks", "send ana", "tick", "watch ana"])
        office.add_accounts({"account": "acme"})
        harness.wait_until(lambda: "draft" in told.names, what="the hook to be told of the draft")
        office.approve("acme")
        mail = self.rig.wait_for("pat@acme.example")
        harness.wait_until(lambda: told.names.count("stage_changed") == 2, what="the hook to be told of the stage")
        self.rig.send(harness.answer(mail, "pat@acme.example", "Thank you!"))
        harness.wait_until(lambda: "reply" in told.names, 60, "the hook to be told of the reply")
        self.assertEqual(told.names, ["stage_changed", "draft", "approved", "sent", "stage_changed", "reply"])
        identifiers = [event["id"] for event in told.events]
        self.assertEqual(identifiers, sorted(set(identifiers)))
        self.assertFalse(told.events[0]["rehearsal"])
        harness.wait_until((self.folder / "hanging").exists, what="the other hook to hang")
        office.add_accounts({"account": "later"})
        harness.wait_until(lambda: "later" in office.drafts(), what="a draft meanwhile")
        office.approve("later")
        self.rig.wait_for("pat@later.example")
        self.assertEqual(service.terminate(), 0)
        pid = (self.folder / "hanging").read_text(encoding="utf-8").strip()
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        waiting = {hook["hook"]: hook["waiting"] for hook in office.usher("hooks", "--json").json}
        self.assertEqual(waiting["hang"], 1)  # not told, so it will be

    def test_a_hook_is_added(self):
        """A reload is enough, and what happened before it is not told."""
        told = Told(self.folder)
        office = Office(self.rig, self.folder, window=ALL_HOURS)
        self.addCleanup(office.program.stop_all)
        office.add_accounts({"account": "acme"})
        office.usher("note", "acme", "before")
        service = office.program.spawn("run").wait_ready()
        office.write_config(office.config + told.section("note"))
        service.signal(signal.SIGHUP)
        harness.wait_until(lambda: office.usher("hooks", "--json").json[0]["since"], what="the hook to be started")
        office.usher("note", "acme", "after")
        harness.wait_until(lambda: told.events, what="the hook to be told")
        self.assertEqual([event["data"]["text"] for event in told.events], ["after"])
        self.assertEqual(service.terminate(), 0)


if __name__ == "__main__":
    import unittest
    unittest.main()
