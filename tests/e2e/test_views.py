"""daily, board, show and log: on terminals of any width, in a pipe, as JSON; and acts where an account is in two sequences."""

import errno
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import harness
from office import Office

USAGE, DATA, NO_INPUT, NOT_ALLOWED = 64, 65, 66, 77
NOW = "2027-03-01T10:00"
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)\Z")
ESCAPE = re.compile("\033\\[[0-9;]*m")

SECOND = """sequence "second" {
  title = "A second look"
  stage one { title = "One" line = 1 }
  stage onboarded { title = "Over" line = 2 }
  step outreach { kind = "draft" template = "outreach.md" stages = {"onboarded"} due = "onboarded_at" }
  step only_here { kind = "draft" template = "outreach.md" stages = {"onboarded"} due = "onboarded_at" }
}
"""


def columns_of(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Views(harness.UsherTestCase):
    def setUp(self):
        super().setUp()
        self.usher("init", "--rehearsal")
        rows = [Office.account("acme", contacts=["ann:owner", "bob:admin"], next_renewal="2027-03-09", priority=2),
                Office.account("globex", next_renewal="2027-05-01"), Office.account("initech", next_renewal="2027-04-01"),
                Office.account("outside", forecast_mrr=20)]
        self.usher("import", "-", "--now", NOW, stdin="".join(json.dumps(row) + "\n" for row in rows))
        for account in ("acme", "globex", "initech"):
            self.usher("enrol", account, "--now", NOW)
        self.usher("note", "acme", "They asked for a second call, and for the invoice of January to go to Zürich from now on.", "--now", NOW)
        self.usher("task", "add", "globex", "Send the invoice", "--due", "2027-03-04", "--now", NOW)
        self.usher("priority", "acme", "high", "--now", NOW)
        self.usher("stage", "initech", "Onboarded", "--now", NOW)

    def screen(self, width, *words, **environment):
        """What a terminal of that width gets."""
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        variables = {name: value for name, value in self.program.environment.items() if name != "NO_COLOR"}
        child = subprocess.Popen([str(self.program.binary), *self.program.words(*words, "--now", NOW)], stdin=secondary,
                                 stdout=secondary, stderr=secondary, cwd=self.folder,
                                 env={**variables, "TERM": "xterm", "NO_PAGER": "1", **environment})
        os.close(secondary)
        text = b""
        while True:
            try:
                piece = os.read(primary, 65536)
            except OSError as error:
                self.assertEqual(error.errno, errno.EIO)  # the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(primary)
        self.assertEqual(child.wait(60), 0, text)
        return text.decode().replace("\r\n", "\n")

    def daily(self, *words):
        return self.usher("daily", "--json", *words, "--now", NOW).json

    def show(self, account, *words):
        return self.usher("show", account, "--json", *words, "--now", NOW).json[0]

    def second(self):
        """A further sequence in which acme is, too."""
        self.write("sequences/second.conf", SECOND)
        config = self.folder / "usher.conf"
        config.write_text(config.read_text(encoding="utf-8").replace('{"onboarding"}', '{"onboarding", "second"}'), encoding="utf-8")
        self.usher("enrol", "acme", "second", "--now", NOW)

    def test_widths(self):
        """Nothing is wider than the terminal, at any width, and nothing of it is lost."""
        for words in (["daily"], ["board"], ["show", "acme"], ["log"], ["log", "acme"]):
            for width in (60, 80, 120, 200):
                with self.subTest(words=words, width=width):
                    lines = ESCAPE.sub("", self.screen(width, *words)).splitlines()
                    self.assertGreater(len(lines), 3)
                    self.assertEqual([line for line in lines if columns_of(line) > width], [])
        for width in (60, 120, 200):
            text = " ".join(ESCAPE.sub("", self.screen(width, "daily")).split())
            for word in ("acme", "nobody has written", "draft 1", "New Account", "ana", "640", "high", "Send the invoice", "They asked"):
                self.assertIn(word, text)

    def test_board_side_by_side(self):
        wide, narrow = (ESCAPE.sub("", self.screen(width, "board")) for width in (120, 60))
        self.assertRegex(wide, r"(?m)^1\. New Account  +2\. Onboarding")
        self.assertRegex(wide, r"(?m)^acme  +0d +initech  +0d")
        self.assertRegex(narrow, r"(?m)^  1\. New Account \(2, oldest 0d\)\n    acme  +0d")

    def test_colour(self):
        """Only on a terminal, and not where nobody wants it."""
        for words in (["daily"], ["board"], ["show", "acme"], ["log"]):
            with self.subTest(words=words):
                self.assertIn("\033[", self.screen(100, *words))
                self.assertNotIn("\033", self.screen(100, *words, NO_COLOR="1"))
                self.assertNotIn("\033", self.screen(100, *words, "--json"))
                self.assertNotIn("\033", self.usher(*words, "--now", NOW, NO_COLOR="").out)

    def test_pager(self):
        """What goes through a pager is the same, colours and width included."""
        self.write("page.sh", '#!/bin/sh\ncat >"$PAGED"\n', mode=0o755)
        paged = self.folder / "paged"
        direct = self.screen(90, "show", "acme")
        self.assertEqual(self.screen(90, "show", "acme", NO_PAGER="", PAGER="./page.sh", PAGED=str(paged)), "")
        self.assertEqual(paged.read_text(encoding="utf-8"), direct)

    def test_times(self):
        """With --json every time is RFC 3339 in UTC."""
        seen = []

        def look(value, name):
            if isinstance(value, dict):
                for member, inner in value.items():
                    look(inner, member)
            elif isinstance(value, list):
                for inner in value:
                    look(inner, name)
            elif name in ("at", "since", "due", "as_of", "until", "local", "local_time") or name.endswith("_at") and value is not None:
                seen.append(name)
                self.assertRegex(value or "2027-01-01T00:00:00Z", RFC3339, name)

        for words in (["daily"], ["board"], ["show", "acme"]):
            for row in self.usher(*words, "--json", "--now", NOW).json:
                look(row, "")
        self.assertLessEqual({"at", "since", "due", "as_of", "stage_at", "local", "local_time"}, set(seen))
        for row in self.usher("log", "--json", "--now", NOW).json:
            self.assertRegex(row["at"], RFC3339)

    def test_daily(self):
        self.assertEqual([row["account"] for row in self.daily()], ["acme", "globex"])  # initech asks for nothing any more
        self.usher("task", "add", "initech", "Look again", "--due", "2027-06-01", "--now", NOW)
        rows = self.daily()
        self.assertEqual([row["account"] for row in rows], ["acme", "initech", "globex"])
        acme, _, globex = rows
        self.assertEqual(acme["marks"], ["unwritten", "task_due", "draft", "new"])
        self.assertEqual((acme["renewal_days"], acme["priority"], acme["users"], acme["owner"], acme["forecast_mrr"], acme["draft"]),
                         (8, "high", 2, "ana", 640, "1"))
        self.assertTrue(acme["note"]["text"].startswith("They asked"))
        self.assertEqual(globex["next_task"]["title"], "Send the invoice")
        self.assertEqual(globex["next_task"]["due"], "2027-03-04T00:00:00Z")
        self.assertEqual([row["account"] for row in self.daily("--due", "14d")], ["acme", "globex"])
        self.assertEqual([row["account"] for row in self.daily("--stage", "new account")], ["acme", "globex"])
        self.assertEqual(len(self.daily("--owner", "Ana Ruiz")), 3)
        self.assertEqual(len(self.daily("--mine", "--as", "ana")), 3)
        self.assertEqual(self.usher("daily", "--stage", "sales_handoff", "--now", NOW).out.splitlines()[-1], "Nothing is in the queue.")
        self.usher_fails(NO_INPUT, 'daily: there is no specialist "zoe"', "daily", "--owner", "zoe", "--now", NOW)
        self.usher_fails(NO_INPUT, "no stage \"nowhere\": expected one of new_account,", "daily", "--stage", "nowhere", "--now", NOW)
        self.usher_fails(USAGE, "--due", "daily", "--due", "soon", "--now", NOW)
        self.usher_fails(NOT_ALLOWED, "logins|--as", "daily", "--mine", "--now", NOW)

    def test_show(self):
        self.usher("suppress", "bob@acme.example", "--now", NOW)
        self.usher("hold", "acme", "their outage", "--now", NOW)
        acme = self.show("acme")
        people = {person["address"]: (person["writable"], person["why_not"]) for person in acme["contacts"]}
        self.assertEqual(people, {"ann@acme.example": (True, None), "bob@acme.example": (False, "suppressed: by hand")})
        self.assertEqual([(item["step"], item["state"], item["stop"]) for item in acme["next"]],
                         [("outreach", "drafted", "usher stop acme outreach")])
        self.assertEqual(acme["holds"], [{"reason": "their outage", "until": None}])
        page = self.usher("show", "acme", "--now", NOW).out
        for words in ("acme, Acme\n", "Onboarding: New Account since 2027-03-01, 0 days\n", "On hold: their outage; `usher resume acme` ends that",
                      "usher stop acme outreach", "no, suppressed: by hand", "They asked for a second call", "Nobody has written yet."):
            self.assertIn(words, page)
        # The command that the page gives does what it says.
        self.usher(*acme["next"][0]["stop"].split()[1:], "--now", NOW)
        self.assertEqual(self.show("acme")["next"], [])
        self.assertIn("outreach is stopped (stopped by ", self.usher("show", "acme", "--now", NOW).out)
        self.assertEqual(self.show("outside")["enrolment"], "never")
        self.assertIn("Onboarding: never entered", self.usher("show", "outside", "--now", NOW).out)

    def test_idle_steps(self):
        """On record is why a step became idle; the views tell why it is so now."""
        def reasons():
            why = json.loads(self.usher("why", "acme", "--json", "--now", NOW).out)
            return {next(step["reason"] for step in steps if step["step"] == "check_in")
                    for steps in (self.show("acme")["sequences"][0]["steps"], why["steps"])}
        self.assertEqual(reasons(), {"not for stage new_account"})
        self.usher("stage", "acme", "onboarded", "--now", NOW)
        self.assertEqual(reasons(), {"not for stage onboarded"})

    def test_two_sequences(self):
        self.second()
        self.assertEqual({row["sequence"] for row in self.daily() if row["account"] == "acme"}, {"onboarding", "second"})
        both = self.show("acme")
        self.assertEqual({one["sequence"]: one["stage"] for one in both["sequences"]}, {"onboarding": "new_account", "second": "one"})
        self.assertEqual([one["sequence"] for one in self.show("acme", "--sequence", "second")["sequences"]], ["second"])
        self.assertIn("usher stop acme outreach --sequence onboarding", [item["stop"] for item in both["next"]])
        pattern = r"acme is in onboarding and second, which all have \"%s\": say which one with --sequence"
        self.usher_fails(USAGE, pattern % "onboarded", "stage", "acme", "onboarded", "--now", NOW)
        self.usher_fails(USAGE, pattern % "outreach", "stop", "acme", "outreach", "--now", NOW)
        self.usher("stage", "acme", "onboarded", "--sequence", "second", "--now", NOW)
        self.usher("stop", "acme", "only_here", "--now", NOW)  # only one sequence has it
        self.usher("stop", "acme", "outreach", "--sequence", "onboarding", "--now", NOW)
        states = {(one["sequence"], step["step"]): step["state"] for one in self.show("acme")["sequences"] for step in one["steps"]}
        self.assertEqual((states["onboarding", "outreach"], states["second", "only_here"]), ("stopped", "stopped"))
        self.assertNotEqual(states["second", "outreach"], "stopped")
        self.assertEqual({one["sequence"]: one["stage"] for one in self.show("acme")["sequences"]},
                         {"onboarding": "new_account", "second": "onboarded"})
        self.usher("resume", "acme", "outreach", "--sequence", "onboarding", "--now", NOW)
        self.usher_fails(USAGE, "--sequence goes with a step", "resume", "acme", "--sequence", "second", "--now", NOW)
        self.usher_fails(DATA, "globex is not in second, it is in onboarding", "stop", "globex", "outreach", "--sequence", "second", "--now", NOW)
        self.usher_fails(NO_INPUT, 'no sequence "third"', "stop", "acme", "outreach", "--sequence", "third", "--now", NOW)
        self.usher_fails(NO_INPUT, 'no step "nothing" in onboarding and second: expected one of outreach,', "stop", "acme", "nothing", "--now", NOW)
        self.usher_fails(DATA, "outside is in no sequence; `usher enrol outside`", "stop", "outside", "outreach", "--now", NOW)

    def test_slips(self):
        """What a person gets wrong is answered with what was expected."""
        self.usher_fails(USAGE, "note: expected ACCOUNT TEXT; put several words in quotes", "note", "acme", "call", "them", "--now", NOW)
        self.usher_fails(NO_INPUT, 'enrol: there is no sequence "nope": expected one of onboarding', "enrol", "acme", "nope", "--now", NOW)
        self.usher_fails(NO_INPUT, 'preview: there is no step "x" in onboarding: expected one of outreach,', "preview", "acme", "x", "--now", NOW)
        self.usher_fails(USAGE, 'hold: --until: "tomorrow": expected days', "hold", "acme", "--until", "tomorrow", "moving", "--now", NOW)
        self.usher("hold", "acme", "--until", "2w", "moving", "--now", NOW)
        self.assertEqual(self.show("acme")["holds"], [{"reason": "moving", "until": "2027-03-15T10:00:00Z"}])
        self.usher("approve", "1", "--now", NOW)
        self.usher_fails(DATA, "draft 1 is approved already, and queued", "approve", "1", "--now", NOW)

    def test_log(self):
        text = self.usher("log", "acme", "--now", NOW).out
        self.assertTrue(text.startswith("Monday 1 March 2027\n  10:00  first seen, in "))
        self.assertRegex(text, r"\n  10:00  stage New Account \(enrolled by hand\)\n")
        self.assertIn("  10:00  note: They asked for a second call", text)
        self.assertIn("failed_payment idle", text)
        brief = self.usher("log", "acme", "--brief", "--now", NOW).out
        self.assertNotIn("failed_payment idle", brief)
        self.assertIn("note: They asked", brief)
        self.assertEqual(len(self.usher("log", "-n", "2", "--now", NOW).out.splitlines()), 3)
        # The limit counts what is shown.
        last = self.usher("log", "acme", "--brief", "-n", "3", "--now", NOW).out.splitlines()
        self.assertEqual(last, ["Monday 1 March 2027", *brief.splitlines()[-3:]])
        self.assertIn("stage Onboarded (by hand)", [row["what"] for row in self.usher("log", "initech", "--json", "--now", NOW).json])


class Demo(harness.UsherTestCase):
    def test_demo(self):
        """On a weekday and on a weekend every view has something to show, and the journal explains all of it."""
        for number, day in enumerate(("2027-03-03", "2027-03-06")):
            now = ("--now", f"{day}T11:30")
            self.usher("init", "--demo", f"demo{number}", *now)
            self.program.config = self.folder / f"demo{number}" / "usher.conf"
            marks = {mark for row in self.usher("daily", "--json", *now).json for mark in row["marks"]}
            self.assertEqual(marks, {"unwritten", "unanswered", "no_outreach", "task_due", "check_in", "draft", "new"})
            stages = {row["stage"] for row in self.usher("board", "--json", *now).json}
            self.assertEqual(stages, {"new_account", "initiated", "onboarded", "sales_handoff", "paid_call"})
            corvid = self.usher("show", "corvid", "--json", *now).json[0]
            self.assertEqual([(mail["direction"], mail["what"]) for mail in corvid["thread"]],
                             [("out", "outreach"), ("out", "second_outreach"), ("in", "reply")])
            people = {row["address"]: row["why_not"] for account in ("dunmore", "lumen")
                      for row in self.usher("show", account, "--json", *now).json[0]["contacts"]}
            self.assertEqual(people["walt@dunmore.example"], "suppressed: dead_address")
            self.assertIn("an automatic reply says they are away", people["grace@lumen.example"])
            self.assertIsNone(people["rosa@dunmore.example"])
            self.assertNotIn("draft_returned", [row["kind"] for row in self.usher("log", "--json", *now).json])
            self.assertEqual(self.usher("verify", *now).out, "The current state is what the journal says.\n")
            self.usher_fails(73, "exists already", "init", "--demo", *now)
            self.program.config = None

    def test_demo_that_fails(self):
        """Where the story cannot be told, no half of it is left."""
        self.usher("init", "--rehearsal", "x")
        self.write("x/sequences/segments.conf",
                   (self.folder / "x/sequences/segments.conf").read_text(encoding="utf-8").replace("forecast_mrr >= 100", "forecast_mrr >= 1000"))
        for path in self.folder.glob("x/usher.db*"):
            path.unlink()
        self.usher_fails(70, "demo: birch, 54 days ago: there is no draft of outreach|demo: ", "init", "--demo", "x")
        self.assertEqual(list(self.folder.glob("x/usher.db*")), [])


if __name__ == "__main__":
    import unittest
    unittest.main()
