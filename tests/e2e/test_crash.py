"""Never twice, never lost: the sender dies, the line drops, the server stalls, puts off or refuses, at every point of a session.

What the server kept is counted on the server's side: a message file for each one it took.
"""

import collections
import email
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import time

import harness
from office import ALL_HOURS, Office

FAKE_SMTP = harness.ROOT / "tests" / "rig" / "fake_smtp.py"


class ScriptedServer:
    """tests/rig/fake_smtp.py with the rig's certificate. script() holds for connections made after it."""

    def __init__(self, rig, folder, user="ana@team.example"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        tls = pathlib.Path(rig.folder, "tls")
        self.base = [f"cert {tls / 'server.pem'} {tls / 'server.key'}", f"login {user} {rig.password(user)}",
                     "ext ENHANCEDSTATUSCODES"]
        self.script()
        self.process = subprocess.Popen([sys.executable, str(FAKE_SMTP), str(self.folder)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def script(self, *lines):
        (self.folder / "script").write_text("\n".join([*self.base, *lines]) + "\n", encoding="utf-8")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()

    def log(self):
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def kept(self):
        """(Message-ID, bytes) of each message taken, in order."""
        return [(str(email.message_from_bytes(path.read_bytes())["Message-ID"]), path.read_bytes())
                for path in sorted(self.folder.glob("*.eml"))]

    def count(self):
        return sum(1 for _ in self.folder.glob("*.eml"))


class CrashCase(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "pat@grey.example": "secret"}
    GREY_DOMAINS = ["grey.example"]

    def open(self, *script, now="2027-03-01T10:00", **options):
        self.server = ScriptedServer(self.rig, self.folder / "smtp")
        self.addCleanup(self.server.stop)
        self.server.script(*script)
        self.office = Office(self.rig, self.folder, now=now, smtp=f"smtp://localhost:{self.server.port}", **options)
        self.addCleanup(self.office.program.stop_all)

    def open_with_approved(self, *script, contacts=("pat:owner",), **options):
        self.open(*script, **options)
        self.office.add_accounts({"account": "acme", "contacts": list(contacts)})
        self.office.cycle()
        self.office.approve("acme")

    def restart(self, now="2027-03-01T10:10"):
        """Everything is well again: two full cycles."""
        self.server.script()
        self.office.cycle(now)
        self.office.cycle("2027-03-02T10:00")

    def states(self):
        return [delivery["state"] for delivery in self.office.deliveries("acme")]

    def tasks(self):
        return [task["kind"] for task in self.office.show("acme")["tasks"]]

    def assert_sent_once(self):
        self.assertEqual(self.states(), ["sent"])
        self.assertEqual(self.server.count(), 1)
        self.assertEqual(len(self.office.events("acme", "sent")), 1)
        self.assertEqual(self.office.show("acme")["stage"], "initiated")
        self.assertEqual(self.tasks(), [])

    def assert_unknown(self, kept):
        """It went out, nobody knows whether it arrived: it stays so, and a person is asked."""
        self.assertEqual(self.states(), ["unknown"])
        self.assertEqual(self.server.count(), kept)
        self.assertEqual(self.tasks(), ["unknown_delivery"])
        self.assertEqual(self.office.show("acme")["stage"], "new_account")
        self.assertEqual(self.office.drafts(), {})


class Kill(CrashCase):
    """kill -9 of the sending process while the server lets it wait."""

    def kill_at(self, *script):
        self.open_with_approved(*script)
        process = self.office.program.spawn("run", "--once", "--now", self.office.now)
        harness.wait_until(lambda: "(stall)" in self.server.log(), what=f"the server to stall: {script}")
        process.kill()

    def check_before_the_body(self, step):
        self.kill_at(f"fault {step} stall")
        self.restart()
        self.assert_sent_once()

    def test_before_greeting(self):
        self.check_before_the_body("connect")

    def test_before_login(self):
        self.check_before_the_body("auth")

    def test_before_mail(self):
        self.check_before_the_body("mail")

    def test_before_rcpt(self):
        self.check_before_the_body("rcpt")

    def test_before_data(self):
        self.check_before_the_body("data")

    def check_after_the_body_began(self, *script):
        self.kill_at(*script)
        self.restart()
        self.assert_unknown(kept=0)

    def test_inside_the_body(self):
        self.check_after_the_body_began("fault body stall")

    def test_after_the_dot(self):
        self.check_after_the_body_began("fault dot stall")

    def rename_mailbox(self):
        self.office.write_config(self.office.config.replace('mailbox "ana" {', 'mailbox "anna" {')
                                 .replace('mailbox = "ana"', 'mailbox = "anna"'))

    def test_mailbox_renamed_meanwhile(self):
        """Nobody sends for the old name any more: what it had on the wire is unknown, and can be settled."""
        self.kill_at("fault dot stall")
        self.rename_mailbox()
        self.restart()
        self.assert_unknown(kept=0)
        self.office.usher("settle", str(self.office.deliveries("acme")[0]["message"]), "sent")
        self.assertEqual((self.states(), self.tasks()), (["sent"], []))
        self.assertEqual(self.office.show("acme")["stage"], "initiated")

    def test_mailbox_renamed_and_not_sent(self):
        """What did not arrive comes back to be signed for the new name."""
        self.kill_at("fault dot stall")
        self.rename_mailbox()
        self.restart()
        self.office.usher("settle", str(self.office.deliveries("acme")[0]["message"]), "not-sent")
        self.office.cycle("2027-03-03T10:00")
        self.office.approve("acme")
        self.office.cycle("2027-03-03T10:05")
        self.assert_sent_once()


class Drop(CrashCase):
    """The line drops; nobody dies."""

    def cycle_with(self, *script, code=None):
        self.open_with_approved(*script)
        result = self.office.cycle(code=code)
        self.restart()
        return result

    def test_before_the_body(self):
        for step in ("connect", "mail", "data"):
            with self.subTest(step):
                self.folder = self.folder / step
                self.folder.mkdir()
                self.cycle_with(f"fault {step} drop")
                self.assert_sent_once()

    def test_after_the_dot_taken(self):
        self.cycle_with("fault dot take-drop")
        self.assert_unknown(kept=1)

    def test_unknown_mail_is_not_composed_again(self):
        """Its step comes and goes with the facts; while the mail may still have arrived there is no second one."""
        self.cycle_with("fault dot take-drop")
        for status in ("failed", "paid"):
            self.office.import_rows({"account": "acme", "last_invoice_status": status})
            self.office.cycle()
        self.assertNotIn("outreach", [draft["step"] for draft in self.office.drafts().values()])
        self.assertRegex(self.office.step("acme", "outreach")["reason"], "settle")
        self.office.usher("settle", str(self.office.deliveries("acme")[0]["message"]), "sent")
        self.assertEqual(self.office.show("acme")["stage"], "initiated")

    def settle(self, word):
        self.cycle_with("fault dot take-drop")
        message = self.office.deliveries("acme")[0]["message"]
        self.office.usher("settle", str(message), word)
        self.office.cycle("2027-03-03T10:00")
        return message

    def test_settled_as_sent(self):
        message = self.settle("sent")
        self.assertEqual((self.states(), self.server.count()), (["sent"], 1))
        self.assertEqual(self.office.show("acme")["stage"], "initiated")
        self.office.usher("settle", str(message), "sent", code=65)  # there is nothing left to settle

    def test_settled_as_not_sent(self):
        self.settle("not-sent")
        self.assertEqual((self.states(), self.server.count()), (["sent"], 2))
        (first, before), (second, after) = self.server.kept()
        self.assertEqual((first, before), (second, after))  # whoever has it twice can tell: the same Message-ID
        self.assertEqual(self.office.show("acme")["stage"], "initiated")


    def test_every_answer_is_lost(self):
        """A server that never answers usably makes a few mails unknown, not all of them; the others wait for a person."""
        self.open("fault dot take-drop", top="breaker { returned = 4 }")
        self.office.add_accounts(*({"account": f"c{i:02}"} for i in range(12)))
        self.office.cycle()
        self.office.usher("approve", *(draft["draft"] for draft in self.office.drafts().values()))
        for minute in range(8):  # each session ends with the mail that got no answer
            self.office.cycle(f"2027-03-01T10:1{minute}", code=None)
        states = collections.Counter(delivery["state"] for delivery in self.office.deliveries())
        self.assertEqual((states, self.server.count()), ({"unknown": 4, "queued": 8}, 4))
        self.assertRegex(self.office.usher("outbox").out, "mailbox ana sends nothing since .* 4 never answered for")
        self.server.script()
        self.office.usher("outbox", "--resume", "ana")
        self.office.cycle("2027-03-01T10:30")
        states = collections.Counter(delivery["state"] for delivery in self.office.deliveries())
        self.assertEqual((states, self.server.count()), ({"unknown": 4, "sent": 8}, 12))


class PutOffOrRefused(CrashCase):
    TWO = ("pat:owner", "bob:admin")

    def by_address(self):
        return {delivery["address"].partition("@")[0]: delivery["state"] for delivery in self.office.deliveries("acme")}

    def test_grey_listing(self):
        self.rig.close_grey_domains()
        self.office = Office(self.rig, self.folder, now="2027-03-01T10:00")
        self.office.add_accounts({"account": "acme", "contacts": ["pat@grey.example:owner"]})
        self.office.cycle()
        self.office.approve("acme")
        self.office.cycle()
        self.assertEqual(self.states(), ["deferred"])
        before = self.office.deliveries("acme")[0]
        self.office.cycle("2027-03-01T10:10")  # not yet
        self.assertEqual(self.office.deliveries("acme")[0]["attempts"], before["attempts"])
        self.rig.open_grey_domains()
        self.office.cycle("2027-03-01T10:16")
        mail = self.rig.wait_for("pat@grey.example")
        self.assertEqual(mail.message_id.strip("<>"), before["message_id"])
        self.assertEqual(self.states(), ["sent"])

    def test_one_of_two_put_off(self):
        self.open_with_approved("fault rcpt#2 451 4.7.1 later", contacts=self.TWO)
        self.office.cycle()
        self.assertEqual(self.by_address(), {"pat": "sent", "bob": "deferred"})
        self.assertEqual(self.office.show("acme")["stage"], "initiated")
        self.restart("2027-03-01T10:20")
        self.assertEqual(self.by_address(), {"pat": "sent", "bob": "sent"})
        envelopes = re.findall(r"\(kept \S+ \S+ (.*)\)", self.server.log())
        self.assertEqual([envelope.count("TO:") for envelope in envelopes], [1, 1])
        (first, before), (second, after) = self.server.kept()
        self.assertEqual((first, before), (second, after))  # the same bytes, Date included
        self.assertEqual(len(self.office.events("acme", "sent")), 1)

    def test_put_off_after_the_dot(self):
        self.open_with_approved("fault dot 451 4.3.0 try again")
        self.office.cycle()
        self.assertEqual(self.states(), ["deferred"])
        self.restart("2027-03-01T10:20")
        self.assert_sent_once()

    def test_one_of_two_refused(self):
        self.open_with_approved("fault rcpt#2 550 5.1.1 no such person", contacts=self.TWO)
        self.office.cycle()
        self.restart()
        self.assertEqual(self.by_address(), {"pat": "sent", "bob": "refused"})
        self.assertEqual(self.server.count(), 1)
        people = {contact["first_name"]: contact["suppressed"] for contact in self.office.show("acme")["contacts"]}
        self.assertEqual(people, {"Pat": None, "Bob": "dead_address"})
        self.assertEqual(self.office.show("acme")["stage"], "initiated")

    def test_refused_without_a_status(self):
        """The words alone say that the address is dead, as they would in a bounce."""
        self.open_with_approved("fault rcpt#2 550 No such user here", contacts=self.TWO)
        self.office.cycle()
        people = {contact["first_name"]: contact["suppressed"] for contact in self.office.show("acme")["contacts"]}
        self.assertEqual(people, {"Pat": None, "Bob": "dead_address"})

    def refused(self, script):
        self.open_with_approved(script, contacts=self.TWO)
        self.office.cycle()
        self.restart()
        self.assertEqual((self.by_address(), self.server.count()), ({"pat": "refused", "bob": "refused"}, 0))
        self.assertEqual(self.tasks(), ["mail_refused"])
        self.assertEqual(self.office.step("acme", "outreach")["state"], "failed")
        self.assertEqual(self.office.show("acme")["stage"], "new_account")

    def test_everybody_refused(self):
        self.refused("fault rcpt 550 5.7.1 not from you")

    def test_message_refused(self):
        self.refused("fault dot 554 5.6.0 looks bad")

    def test_put_off_for_too_long(self):
        self.open_with_approved("fault rcpt 451 4.7.1 later", top="retry_for = 4")
        for now in ("10:00", "10:20", "11:20", "15:00", "16:59"):
            self.office.cycle(f"2027-03-01T{now}")
        self.assertEqual(self.states(), ["refused"])
        self.assertEqual(self.tasks(), ["mail_refused"])


class Service(CrashCase):
    """kill -9 of the whole service, and of its sender, at random moments of a batch."""

    BATCH = 60
    KILLS = 6

    def test_batch(self):
        seed = int.from_bytes(os.urandom(4), "big")
        chance = random.Random(seed)
        self.open(now=None, window=ALL_HOURS)
        self.office.add_accounts(*({"account": f"c{i:02}"} for i in range(self.BATCH)))
        self.office.cycle()
        drafts = self.office.drafts()
        self.assertEqual(len(drafts), self.BATCH)
        self.office.usher("approve", *(draft["draft"] for draft in drafts.values()))
        with self.subTest(seed=seed):
            victims = ["sender"] + ["service"] * (self.KILLS - 1)
            chance.shuffle(victims)
            service = self.office.program.spawn("run")
            for victim, when in zip(victims, sorted(chance.sample(range(1, self.BATCH - 5), self.KILLS))):
                self.wait_for_count(service, when)
                time.sleep(chance.random() * 0.02)  # not for luck: a random moment is the point
                if victim == "sender":
                    os.kill(self.sender_of(service), signal.SIGKILL)  # the service starts another
                else:
                    service.kill()
                    service = self.office.program.spawn("run")
            harness.wait_until(lambda: not self.open_deliveries(), 20, "the outbox to be done", pause_s=0.2)
            self.assertEqual(service.wait_ready().terminate(), 0)
            self.check_once_or_unknown()

    def test_an_outage_is_told_once(self):
        """Each mail is tried, and the log tells the reason once, not for each; nor that all is well where nothing was tried."""
        self.open(now=None, window=ALL_HOURS)
        names = ["c0", "c1"]
        self.office.add_accounts(*({"account": name} for name in names))
        self.office.cycle()
        self.office.approve(*names)
        self.server.stop()
        self.office.program.binary = harness.ROOT / os.environ.get("BUILD", "build") / "usher-fault"
        passes = self.folder / "passes"
        service = self.office.program.spawn("run", USHER_FAULT_LOG=str(passes))
        harness.wait_until(lambda: all([move["host"] for move in delivery["moves"] if move["to"] == "queued" and move["host"]]
                                       for delivery in self.office.deliveries()), 20, "each mail to be tried", pause_s=0.2)
        rounds = len(self.office.deliveries()[0]["moves"])
        self.assertGreaterEqual(rounds, 3)
        self.assertEqual(service.output().count("event=delivery"), 1, service.output())
        self.assertEqual(service.output().count("event=round_failed"), 1)
        # After the pause of two tries come rounds with nothing to do; where the second begins, the first has said its all.
        def idle_rounds():
            return passes.read_text(encoding="ascii").split().count("sender.idle")
        before = idle_rounds()
        harness.wait_until(lambda: idle_rounds() >= before + 2, 30, "two rounds of the sender with nothing to do", pause_s=0.1)
        self.assertNotIn("event=recovered", service.output())

    def test_a_silent_server_does_not_keep_the_service(self):
        """SIGTERM before the body leaves the server at once, and the mail goes later, once."""
        self.open_with_approved(now=None, window=ALL_HOURS)
        plain = self.office.config
        url = f"localhost:{self.server.port}"
        tls = ["implicit " + line.removeprefix("cert ") for line in self.server.base if line.startswith("cert ")]
        for scheme, more in (("smtp", []), ("smtps", tls)):
            self.office.write_config(plain.replace(f"smtp://{url}", f"{scheme}://{url}"))
            for step in ("connect", "tls", "ehlo", "auth", "mail", "rcpt", "data"):
                with self.subTest(scheme=scheme, step=step):
                    self.server.script(*more, f"fault {step} stall")
                    stalls = self.server.log().count("(stall)")
                    service = self.office.program.spawn("run")
                    harness.wait_until(lambda before=stalls: self.server.log().count("(stall)") > before, 20, "the silence")
                    self.assertEqual(service.terminate(limit_s=20), 0)
                    self.assertEqual([delivery["state"] for delivery in self.office.deliveries()], ["queued"])
                    self.assertNotIn("event=round_failed", service.output())
                    self.assertNotIn("event=delivery", service.output())
        self.server.script(*tls, "fault dot late 250 2.0.0 at last")
        service = self.office.program.spawn("run")
        harness.wait_until(lambda: self.office.deliveries()[0]["state"] in ("transmitting", "sent"), 20, "the body", pause_s=0.05)
        self.assertEqual(service.terminate(), 0)
        self.assertEqual([delivery["state"] for delivery in self.office.deliveries()], ["sent"])
        self.assertEqual(self.server.count(), 1)

    def test_a_silent_mailbox_does_not_keep_the_service(self):
        self.open(now=None, window=ALL_HOURS)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            silent.settimeout(20)
            self.office.write_config(re.sub(r'imap = ".*?"', f'imap = "imap://localhost:{silent.getsockname()[1]}"', self.office.config))
            service = self.office.program.spawn("run")
            line, _ = silent.accept()
            with line:
                self.assertEqual(service.terminate(limit_s=20), 0)
        self.assertNotIn("event=round_failed", service.output())
        self.assertNotIn("usher is stopping", self.office.usher("board").out)

    def wait_for_count(self, service, count):
        harness.wait_until(lambda: self.server.count() >= count or not self.open_deliveries(), 20,
                           lambda: f"{count} messages; {service.output()}", pause_s=0.01)

    def open_deliveries(self):
        return [delivery for delivery in self.office.deliveries() if delivery["state"] not in ("sent", "unknown")]

    @staticmethod
    def sender_of(service):
        return harness.wait_until(lambda: service.workers().get("send ana"), what="the sender")

    def check_once_or_unknown(self):
        deliveries = self.office.deliveries()
        self.assertEqual(len(deliveries), self.BATCH)
        kept = [ident.strip("<>") for ident, _ in self.server.kept()]
        for delivery in deliveries:
            allowed = (1,) if delivery["state"] == "sent" else (0, 1)
            self.assertIn(kept.count(delivery["message_id"]), allowed, delivery)
        unknown = [delivery for delivery in deliveries if delivery["state"] == "unknown"]
        self.assertLessEqual(len(unknown), self.KILLS)


if __name__ == "__main__":
    import unittest
    unittest.main()
