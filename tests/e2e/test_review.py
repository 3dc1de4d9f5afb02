"""The specialist's review: one draft at a time by keys or by lines, resumed after a kill, and test copies on a real server.

Who acts is the login of whoever runs the tests; the configuration lists it as Ana's.
"""

import contextlib
import os
import pathlib
import pty
import pwd
import re
import select
import signal
import subprocess
import termios
import time

import harness
import test_crash
from office import Office, specialist

ME = pwd.getpwuid(os.getuid()).pw_name
DATA, USAGE, NO_INPUT, NOT_ALLOWED = 65, 64, 66, 77
PROMPT = "[q]uit > "
# In the order of their renewals; "never" has no date.
RENEWALS = {"soon": "2027-03-10", "then": "2027-03-20", "late": "2027-03-30", "never": None}
ORDER = list(RENEWALS)


class Screen:
    """usher on a pseudo-terminal, as a person sees it."""

    def __init__(self, office, *words, **environment):
        self.text = ""
        child_environment = {**office.program.environment, "TERM": "dumb", "COLUMNS": "100", "PAGER": "cat", **environment}
        self.primary, secondary = pty.openpty()
        self.mode = termios.tcgetattr(secondary)
        self.secondary = secondary
        words = [str(office.program.binary), *office.program.words(*words, "--now", office.now)]
        self.process = subprocess.Popen(words, stdin=secondary, stdout=secondary, stderr=secondary, cwd=office.folder,
                                        env=child_environment, preexec_fn=self._own_terminal)

    def _own_terminal(self):
        os.setsid()
        import fcntl
        fcntl.ioctl(self.secondary, termios.TIOCSCTTY, 0)

    def wait(self, text, limit_s=20):
        """What was printed up to and with text, which is then taken."""
        deadline = time.monotonic() + limit_s
        while text not in self.text:
            if time.monotonic() > deadline:
                raise AssertionError(f"still waiting for {text!r} after:\n{self.text}")
            ready, _, _ = select.select([self.primary], [], [], 0.2)
            if ready:
                self.text += os.read(self.primary, 65536).decode(errors="replace").replace("\r\n", "\n")
        before, after = self.text.split(text, 1)
        self.text = after
        return before + text

    def key(self, key):
        os.write(self.primary, key.encode())

    def state(self):
        return pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]

    def is_restored(self):
        now = termios.tcgetattr(self.secondary)
        return now[3] == self.mode[3]

    def end(self, limit_s=20):
        code = self.process.wait(timeout=limit_s)
        with contextlib.suppress(OSError):
            while select.select([self.primary], [], [], 0.1)[0]:
                self.text += os.read(self.primary, 65536).decode(errors="replace").replace("\r\n", "\n")
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.primary)
        os.close(self.secondary)


class Desk(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "ben@team.example": "secret",
             **{f"pat@{name}.example": "secret" for name in RENEWALS}}

    def setUp(self):
        super().setUp()
        self.office = Office(self.rig, self.folder, now="2027-03-01T10:00", team=("ana", "ben"), mailbox=self.mailbox())
        self.office.write_config(self.office.config.replace(specialist("ana"), specialist("ana", logins=[ME])))
        self.office.add_accounts(*({"account": name, **({"next_renewal": day} if day else {})} for name, day in RENEWALS.items()))
        self.office.cycle()
        self.drafts = {name: draft["draft"] for name, draft in self.office.drafts().items()}
        self.assertEqual(set(self.drafts), set(RENEWALS))

    def mailbox(self):
        return None

    def review(self, *lines, code=0, words=(), **environment):
        return self.office.usher("review", *words, code=code, stdin="".join(line + "\n" for line in lines), **environment)

    def shown(self, result):
        """The accounts in the order in which they came up."""
        return re.findall(r"^\d+ of \d+: (\w+),", result.out, re.MULTILINE)

    def screen(self, *words, **environment):
        screen = Screen(self.office, *words, **environment)
        self.addCleanup(screen.close)
        return screen

    def states(self):
        return {name: row["state"] for name, row in self.office.drafts().items()}

    # -- lines ---------------------------------------------------------------------------------------------------

    def test_lines_in_order_of_renewal(self):
        result = self.review("next", "n", "skip", "s")
        self.assertEqual(self.shown(result), ORDER)
        self.assertIn("2 skipped; 4 drafts still wait for you.", result.out)
        self.assertEqual([row["account"] for row in self.office.usher("drafts", "--json").json], ORDER)

    def test_decisions(self):
        result = self.review("approve", "reject they asked us to wait", "hold 2027-04-01 their outage", "facts", "why",
                             "timeline", "help", "previous", "quit")
        self.assertEqual(self.shown(result), ["soon", "then", "late", "never", "late"])
        self.assertIn("1 approved, 1 rejected, 1 put on hold; 2 drafts still wait for you.", result.out)
        for text in ("Facts used", "Conditions", "Timeline", "stop here"):
            self.assertIn(text, result.out)
        self.assertEqual(set(self.states()), {"late", "never"})
        self.assertEqual(self.office.events("then", "draft_rejected")[0]["reason"], "they asked us to wait")
        held = self.office.drafts()["late"]
        self.assertEqual((held["held"], held["held_until"]), ("their outage", "2027-03-31T23:00:00Z"))
        self.assertRegex(self.office.usher("drafts").out, r"late .*waiting, on hold until 2027-04-01 00:00: their outage")

    def test_resumes_where_it_stopped(self):
        self.assertEqual(self.shown(self.review("skip", "quit")), ["soon", "then"])
        self.assertEqual(self.shown(self.review("skip")), ["then", "late"])
        self.assertEqual(self.shown(self.review("n", "n", "n", "n")), ["late", "never", "soon", "then"])

    def test_mistakes(self):
        for line, code, pattern in (("bogus", USAGE, "there is no \"bogus\""), ("reject", USAGE, "expected a reason"),
                                    ("hold 2026-01-01 why", USAGE, "in the past"), ("hold", USAGE, r"expected \[DATE\] REASON"),
                                    ("hold 2027-13-01 why", DATA, "2027-13-01")):
            with self.subTest(line):
                self.assertRegex(self.review(line, code=code).err, pattern)
        self.assertEqual(set(self.states().values()), {"waiting"})
        self.assertRegex(self.office.usher("review", "--json", code=USAGE).err, "for people")

    def test_lint_error_stays_in_front(self):
        new = self.write("new.md", "Subject: Following up\n\nHello Pat\n")
        result = self.review("edit", "approve", "reject no", EDITOR=f"cp {new}", code=DATA)
        self.assertEqual(self.shown(result)[:3], ["soon", "soon", "soon"])
        self.assertIn("error: ", result.out)
        self.assertIn("- Subject: ", result.out)
        self.assertIn("+ Subject: Following up", result.out)
        self.assertRegex(result.err, "cannot be approved")
        self.assertIn("1 edited, 1 rejected", result.out)

    def test_changed_facts_stay_in_front_with_the_difference(self):
        self.office.import_rows({"account": "soon", "forecast_mrr": 2750})
        result = self.review("approve", "approve", "quit", code=DATA)
        self.assertEqual(self.shown(result), ["soon", "soon", "then"])
        self.assertRegex(result.err, r"composed anew, look at it again \(now \d+\.2\)")
        self.assertRegex(result.out, r"Changed since \d+:\n- .*640.*\n\+ .*2,750")
        self.assertIn("1 approved", result.out)

    # -- keys ----------------------------------------------------------------------------------------------------

    def test_keys(self):
        screen = self.screen("review")
        self.assertIn("1 of 4: soon", screen.wait(PROMPT))
        self.assertFalse(screen.is_restored())
        screen.key("?")
        self.assertIn("approve", screen.wait(PROMPT))
        screen.key("z")
        screen.wait("? lists the keys")
        screen.wait(PROMPT)
        screen.key("a")
        self.assertIn("is approved", screen.wait(PROMPT))
        screen.key("r")
        screen.wait("Reason (empty: do not reject): ")
        self.assertTrue(screen.is_restored())
        screen.key("not now\n")
        self.assertIn("late", screen.wait(PROMPT))
        screen.key("h")
        screen.wait("Until which day")
        screen.key("2027-04-01\n")
        screen.wait("Reason")
        screen.key("their outage\n")
        self.assertIn("never", screen.wait(PROMPT))
        screen.key("\033[A")  # arrow up
        self.assertIn("1 of 2: late", screen.wait(PROMPT))
        screen.key("q")
        screen.wait("1 approved, 1 rejected, 1 put on hold; 2 drafts still wait for you.")
        self.assertEqual(screen.end(), 0)
        self.assertTrue(screen.is_restored())

    def test_kill_and_resume(self):
        screen = self.screen("review")
        screen.wait(PROMPT)
        screen.key("s")
        self.assertIn("then", screen.wait(PROMPT))
        screen.process.kill()
        screen.end()
        screen = self.screen("review")
        self.assertIn("1 of 4: then", screen.wait(PROMPT))
        screen.key("\004")  # Ctrl-D
        self.assertEqual(screen.end(), 0)

    def test_signals_give_the_terminal_back(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(number):
                screen = self.screen("review")
                screen.wait(PROMPT)
                self.assertFalse(screen.is_restored())
                screen.process.send_signal(number)
                self.assertEqual(screen.end(), -number)
                self.assertTrue(screen.is_restored())

    def test_stop_and_continue(self):
        """Stopped in front of a draft it holds no lock: others decide, and it says so when it comes back."""
        screen = self.screen("review")
        screen.wait(PROMPT)
        # A shell's job control is what stops it on Ctrl-Z; without a shell the process is asked directly.
        screen.process.send_signal(signal.SIGSTOP)
        harness.wait_until(lambda: screen.state() == "T", 10)
        self.office.usher("reject", self.drafts["then"], "a colleague's word")
        screen.process.send_signal(signal.SIGCONT)
        screen.key("s")
        text = screen.wait(PROMPT)
        self.assertRegex(text, rf"Draft {self.drafts['then']} of then is rejected meanwhile, by Ana Ruiz \({ME}\)")
        self.assertIn("late", text)
        screen.key("q")
        self.assertEqual(screen.end(), 0)

    def test_pager_and_width(self):
        seen = self.folder / "seen"
        screen = self.screen("preview", "soon", PAGER=f"tee {seen}", COLUMNS="40")
        self.assertEqual(screen.end(), 0)
        lines = seen.read_text(encoding="utf-8").split("Facts used")[0].splitlines()
        self.assertLessEqual(max(len(line) for line in lines if "https://" not in line), 40)
        piped = self.office.usher("preview", "soon", COLUMNS="40").out
        self.assertIn(self.office.usher("preview", "soon", "--json").json[0]["text"].strip(), piped)
        seen.unlink()
        self.assertEqual(self.screen("preview", "soon", PAGER=f"tee {seen}", NO_PAGER="1").end(), 0)
        self.assertFalse(seen.exists())

    # -- looking -------------------------------------------------------------------------------------------------

    def test_preview_forms(self):
        page = self.office.usher("preview", "soon", "--html").out
        self.assertRegex(page, r'\A<!DOCTYPE html>')
        self.assertIn('charset="utf-8"', page.lower())
        self.assertIn("default-src 'none'", page)
        self.assertNotRegex(page, r"<(img|script|link|iframe)\b|src=")
        self.assertEqual(page.count("<body"), 1)
        preview = self.office.usher("preview", "soon", "--json").json[0]
        self.assertEqual(preview["facts"]["forecast_mrr"]["as_of"], "2027-03-01T10:00:00Z")
        self.assertEqual((preview["reference"], preview["revision"]), (str(self.drafts["soon"]), 1))
        self.office.now = "2027-03-03T11:00"
        self.assertRegex(self.office.usher("preview", "soon").out, r"forecast_mrr +640 +import +2 days ago")
        self.office.now = "2027-04-20T11:00"
        text = self.office.usher("preview", "soon").out
        self.assertRegex(text, r"50 days ago: too old, the template allows 31 days")

    def test_returned_draft_shows_the_difference(self):
        self.office.approve("soon")
        self.office.import_rows({"account": "soon", "forecast_mrr": 2750})
        self.office.cycle()
        text = self.office.usher("preview", "soon").out
        self.assertRegex(text, r"changed since approval\n(.*\n)*Changed since it was approved as \d+:\n- .*640.*\n\+ .*2,750")
        self.assertRegex(self.office.usher("approve", self.drafts["soon"], code=DATA).err, r"composed anew by usher: .*then say \d+\.2")
        self.assertEqual(self.office.drafts()["soon"]["reference"], f"{self.drafts['soon']}.2")

    def test_filters(self):
        self.assertEqual([row["account"] for row in self.office.usher("drafts", "--account", "late", "--json").json], ["late"])
        self.assertEqual(len(self.office.usher("drafts", "--mine", "--json").json), 4)
        self.office.write_config(self.office.config.replace(f'logins = {{"{ME}"}}', ""))
        self.assertRegex(self.office.usher("drafts", "--mine", code=NOT_ALLOWED).err, f"login {ME}")
        self.assertEqual(self.office.usher("drafts", "--mine", "--as", "ben", "--json").json, [])
        self.office.usher("drafts", "--account", "nobody", code=NO_INPUT)

    def test_editor_of_any_system(self):
        new = self.folder / "new.md"
        new.write_bytes("\ufeffSubject: Über alles\r\n\r\nHello Pat,\r\n\r\nthis -- is mine".encode())
        result = self.office.usher("edit", self.drafts["soon"], EDITOR=f"cp {new}")
        self.assertRegex(result.out, r"draft \d+\.2 is saved\nLint\nline 5: error: .*\(dash\)")
        draft = self.office.usher("preview", "soon", "--json").json[0]
        self.assertEqual((draft["subject"], draft["markdown"]), ("Über alles", "Hello Pat,\n\nthis -- is mine\n"))
        new.write_text("no subject\n", encoding="utf-8")
        result = self.office.usher("edit", self.drafts["soon"], EDITOR=f"cp {new}", code=DATA)
        kept = re.search(r"your text is kept in (\S+)", result.err).group(1)
        self.addCleanup(os.unlink, kept)
        self.assertEqual(pathlib.Path(kept).read_text(encoding="utf-8"), "no subject\n")

    def test_second_approver(self):
        """One login cannot be two persons; the other half is told by the unit tests."""
        self.office.write_config(self.office.config + "approval { second = true }\n")
        self.assertRegex(self.review("a", "q").out, "approved once: another person still has to look")
        self.office.cycle()
        self.assertEqual(self.office.deliveries(), [])
        self.assertRegex(self.office.usher("approve", self.drafts["soon"], code=NOT_ALLOWED).err,
                         rf"approved by Ana Ruiz \({ME}\) already")
        for words in (["drafts"], ["preview", "soon"], ["why", "soon"]):
            self.assertRegex(self.office.usher(*words).out, rf"Ana Ruiz \({ME}\)", words)
        self.assertNotIn("soon", self.shown(self.review()))


class TestCopies(Desk):
    """Only this class sends; it runs the tests above no second time."""

    def mailbox(self):
        return {"plus_addressing": True}

    def test_copy(self):
        before = self.office.usher("log", "--json").out
        stages = {name: self.office.show(name)["stage"] for name in RENEWALS}
        draft = self.drafts["soon"]
        self.assertRegex(self.office.usher("test-send", draft).out, rf"copy of draft {draft} will be sent to ana@team.example")
        self.assertRegex(self.office.usher("outbox").out, rf"test of {draft} +soon +outreach +ana@team.example +waiting")
        self.office.cycle()
        mail = self.rig.wait_for("ana@team.example", subject="[Test] ")
        preview = self.office.usher("preview", "soon", "--json").json[0]
        self.assertEqual(mail["Subject"], f"[Test] {preview['subject']}")
        self.assertRegex(mail.message_id, r"<usher-test\.[0-9a-f]{32}@team\.example>")
        self.assertEqual((mail["To"], mail["Cc"], mail["In-Reply-To"]), ("Ana Ruiz <ana@team.example>", None, None))
        first, _, rest = mail.text.partition("\n\n")
        self.assertEqual(" ".join(first.split()), f"This is a test copy of draft {draft} for soon. It would go to pat@soon.example (owner).")
        self.assertEqual(rest.strip(), preview["text"].strip())
        self.assertEqual(self.office.usher("outbox").out, "Nothing is queued.\n")
        self.assertEqual(self.office.usher("outbox", "--all", "--json").json[0]["state"], "sent")
        # Her program's copy in Sent, her answer and a colleague's: nobody's outreach and nobody's reply.
        self.rig.append("ana@team.example", "Sent", mail.raw)
        self.rig.send_by_hand(harness.answer(mail, "Ana Ruiz <ana@team.example>", "Looks fine."))
        self.rig.send_by_hand(harness.answer(mail, "Ben Okafor <ben@team.example>", "Shorter, please."))
        self.rig.wait_for("ana@team.example", subject="Re: [Test] ", count=2)
        for _ in range(2):
            self.office.cycle()
        self.assertEqual(self.office.usher("log", "--json").out, before)
        self.assertEqual({name: self.office.show(name)["stage"] for name in RENEWALS}, stages)
        self.assertEqual(self.office.drafts()["soon"]["revision"], 1)
        self.assertEqual(self.rig.messages("pat@soon.example"), [])
        self.assertEqual(len(self.rig.find("ana@team.example", subject="[Test] ", where=lambda m: not m["Subject"].startswith("Re:"))), 1)

    def test_only_to_oneself(self):
        draft = self.drafts["then"]
        self.assertRegex(self.office.usher("test-send", draft, "--as", "ben", code=NOT_ALLOWED).err, "each acts as who they are")
        self.assertRegex(self.office.usher("test-send", draft, "--as", "pat@then.example", code=NO_INPUT).err, "no specialist")
        self.office.write_config(self.office.config.replace(f'logins = {{"{ME}"}}', ""))
        self.assertRegex(self.office.usher("test-send", draft, code=NOT_ALLOWED).err, "--as ID")
        self.office.usher("test-send", draft, "--as", "ben")
        self.assertEqual([row["address"] for row in self.office.usher("outbox", "--json").json], ["ben@team.example"])
        self.office.usher("reject", draft, "no")
        self.assertRegex(self.office.usher("test-send", draft, "--as", "ben", code=DATA).err, "is rejected")


class CopyFaults(test_crash.CrashCase):
    """A server that takes the copy and never answers may get it again, a bounded number of times, and nothing follows."""

    def cycles(self, count):
        for minute in range(0, 2 * count, 2):
            self.office.now = f"2027-03-01T10:{minute + 10}"
            self.office.usher("run", "--once", code=None)

    def copy(self):
        return self.office.usher("outbox", "--all", "--json").json[0]

    def test_no_answer(self):
        self.open("fault dot take-drop")
        self.office.add_accounts({"account": "acme"})
        self.office.cycle()
        self.office.usher("test-send", self.office.drafts()["acme"]["draft"], "--as", "ana")
        before = self.office.usher("log", "--json").out
        self.cycles(8)
        self.assertEqual((self.copy()["state"], self.copy()["attempts"]), ("failed", 4))
        self.assertEqual(self.server.count(), 4)
        self.assertEqual(self.office.usher("log", "--json").out, before)
        self.assertEqual(set(self.office.drafts()), {"acme"})

    def test_refused(self):
        self.open("fault rcpt 550 5.1.1 no such person")
        self.office.add_accounts({"account": "acme"})
        self.office.cycle()
        self.office.usher("test-send", self.office.drafts()["acme"]["draft"], "--as", "ana")
        self.cycles(2)
        self.assertEqual((self.copy()["state"], self.copy()["attempts"]), ("failed", 1))
        self.assertEqual(self.office.show("acme")["tasks"], [])


def load_tests(loader, _tests, _pattern):
    suite = loader.loadTestsFromTestCase(Desk)
    for name in ("test_copy", "test_only_to_oneself"):
        suite.addTest(TestCopies(name))
    suite.addTests(loader.loadTestsFromTestCase(CopyFaults))
    return suite


if __name__ == "__main__":
    import unittest
    unittest.main()
