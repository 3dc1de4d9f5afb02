"""`usher run` in the foreground, on the real clock: readiness, what happens while it runs, and how it ends."""

import os
import pathlib
import signal

import harness
from office import ALL_HOURS, Office

TEMPORARY, CONFIGURATION = 75, 78


class Service(harness.MailTestCase):
    USERS = {"ana@team.example": "secret",
             **{f"pat@{name}.example": "secret" for name in ("acme", "later", "killed", "reloaded", "ended", "orphan")}}

    def setUp(self):
        super().setUp()
        self.office = Office(self.rig, self.folder, window=ALL_HOURS)
        self.addCleanup(self.office.program.stop_all)

    def start(self):
        self.service = self.office.program.spawn("run").wait_ready()
        return self.service

    def wait(self, predicate, what, limit_s=20):
        try:
            return harness.wait_until(predicate, limit_s, what, pause_s=0.1)
        except harness.WaitError as error:
            self.fail(f"{error}; the service said:\n{self.service.output()}")

    def wait_for_output(self, *words):
        return self.wait(lambda: [line for line in self.service.output().splitlines()
                                  if all(word in line for word in words)], words)

    def workers(self):
        return self.service.workers()

    def send_outreach(self, account):
        """Imports, approves and waits for the mail: all while the service runs."""
        self.office.add_accounts({"account": account})
        self.wait(lambda: account in self.office.drafts(), f"a draft for {account}")
        self.assertEqual(self.office.deliveries(account), [])
        self.office.approve(account)
        return self.rig.wait_for(f"pat@{account}.example")

    def test_a_conversation(self):
        self.start()
        mail = self.send_outreach("acme")
        self.wait(lambda: self.office.show("acme")["stage"] == "initiated", "the stage to follow")
        self.rig.send(harness.answer(mail, "pat@acme.example", "Thank you, that helps!"))
        shown = self.wait(lambda: (lambda shown: shown["engaged_at"] and shown)(self.office.show("acme")), "the engagement")
        self.assertEqual((shown["unanswered"], shown["stage"]), (True, "initiated"))
        reply = self.rig.wait_for("ana@team.example", sender="pat@acme.example")
        self.assertNotIn("\\Seen", reply.flags)
        self.rig.send_by_hand(harness.answer(reply, "Ana Ruiz <ana@team.example>", "You are welcome."))
        # Sent is looked at in every round; a reply in INBOX ends the round at once.
        self.rig.send(harness.answer(mail, "pat@acme.example", "By the way: what about replay?"))
        self.wait(lambda: len(self.office.events("acme", "replied")) == 2, "the second reply")
        self.assertEqual(len(self.office.events("acme", "hand_sent")), 1)

    def test_killed_workers_come_back(self):
        self.start()
        before = self.workers()
        self.assertEqual(sorted(before), ["send ana", "tick", "watch ana"])
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        self.wait(lambda: sorted(self.workers()) == sorted(before) and not set(self.workers().values()) & set(before.values()),
                  "all workers to be back")
        self.send_outreach("killed")
        self.assertIsNone(self.service.process.poll())

    def test_killed_supervisor(self):
        """Its workers do not outlive it, so that the next service finds the locks free."""
        service = self.start()
        before = self.workers()
        os.kill(service.pid, signal.SIGKILL)
        service.process.wait()
        self.wait(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in before.values()), "the workers to end")
        self.start()
        self.send_outreach("orphan")

    def test_reload(self):
        service = self.start()
        before = self.workers()
        good = self.office.config
        self.office.write_config(good.replace("team {", "team {\n    nmae = 1"))
        service.signal(signal.SIGHUP)
        line, = self.wait_for_output("reload_refused")
        self.assertIn("usher.conf:", line)
        self.assertIn("nmae", line)
        self.assertEqual(self.workers(), before)
        # A sequence with a mistake is refused as a whole, too, and the last good one stays in force.
        self.office.write_config(good)
        path = self.folder / "sequences" / "onboarding.conf"
        sequence = path.read_text(encoding="utf-8")
        path.write_text(sequence.replace("forecast_mrr >= 500", "forecast_mr >= 500"), encoding="utf-8")
        service.signal(signal.SIGHUP)
        line, = self.wait_for_output("reload_refused", "onboarding.conf:")
        self.assertRegex(line, r'onboarding\.conf:\d+: when of \S*check_in\S*: .*nearest is \S*forecast_mrr')
        self.assertEqual(self.workers(), before)
        path.write_text(sequence, encoding="utf-8")
        self.office.write_config(good.replace("Ana Ruiz", "Ana Maria Ruiz"))
        service.signal(signal.SIGHUP)
        self.wait_for_output("event=reloaded")
        self.wait(lambda: len(self.workers()) == 3 and not set(self.workers().values()) & set(before.values()), "fresh workers")
        self.assertIn("Ana Maria Ruiz", self.send_outreach("reloaded")["From"])

    def test_broken_files_do_not_stop_what_runs(self):
        """A worker that starts while the files are wrong says why and is started again; the others go on."""
        self.start()
        good = self.office.config
        self.office.write_config("team {\n    nmae = 1\n}\n")
        os.kill(self.workers()["tick"], signal.SIGKILL)
        self.wait_for_output("worker_failed", "nmae")
        self.assertIsNone(self.service.process.poll())
        self.office.write_config(good)
        self.wait(lambda: "tick" in self.workers(), "the tick to be back")
        self.send_outreach("later")

    def test_second_service_is_refused(self):
        self.start()
        for words in (["run"], ["run", "--once"]):
            result = self.office.usher(*words, code=TEMPORARY)
            self.assertRegex(result.err, r"\Ausher: .*another usher already runs.*\n\Z")
        self.assertIsNone(self.service.process.poll())
        self.assertEqual(len(self.workers()), 3)

    def test_end(self):
        service = self.start()
        self.send_outreach("ended")
        workers = self.workers().values()
        self.assertEqual(service.terminate(), 0)
        self.assertFalse([pid for pid in workers if pathlib.Path(f"/proc/{pid}").exists()])
        self.assertNotIn("worker_ended", service.output())
        self.office.cycle()  # the locks are free
        self.assertEqual([delivery["state"] for delivery in self.office.deliveries()], ["sent"])

    def test_broken_configuration_at_the_start(self):
        self.office.write_config(self.office.config.replace("team {", "team {\n    nmae = 1"))
        result = self.office.usher("run", code=CONFIGURATION)
        self.assertRegex(result.err, r"\Ausher: .*usher\.conf:\d+: .*nmae.*\n\Z")


if __name__ == "__main__":
    import unittest
    unittest.main()
