#!/usr/bin/env python3
"""How fast a watcher notices mail, and what it weighs: the IMAP rows of docs/performance.md.

    imap.py [--count 60]

    notice    EXISTS announced by a server that answers at once (tests/rig/fake_mailbox.py's, in this process) until the whole
              mail is handed out: DONE, NOOP, SEARCH, sizes and body, five round trips to a server written in Python included
    stage     APPEND answered by Dovecot until the reply's event stands in the database, with `usher run`; Dovecot holds back
              notices of IDLE for half a second
    memory    of the watcher and of its confined reader, private pages after that work
"""

import argparse
import contextlib
import pathlib
import socket
import sqlite3
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "rig")]
import fake_mailbox  # pylint: disable=wrong-import-position
import harness  # pylint: disable=wrong-import-position
from office import ALL_HOURS, Office  # pylint: disable=wrong-import-position


class Instant(fake_mailbox.Server):
    """Announces a mail a while after each IDLE, and notes when its body left."""

    def __init__(self, count):
        super().__init__()
        self.folders["INBOX"] = {}
        self.count, self.times, self.announced = count, [], None
        self.over = threading.Event()

    def before(self, verb, words):
        if verb == "IDLE" and len(self.times) < self.count:
            threading.Timer(0.02, self.announce).start()
        if verb == "UID FETCH" and "BODY" in " ".join(words) and self.announced and self.folder == "INBOX":
            self.times.append(time.perf_counter() - self.announced)
            self.announced = None
            if len(self.times) == self.count:
                self.over.set()

    def announce(self):
        inbox = self.folders["INBOX"]
        self.started = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime())
        inbox[len(inbox) + 1] = fake_mailbox.mail(len(inbox) + 1)
        self.announced = time.perf_counter()
        self.line.sendall(f"* {len(inbox)} EXISTS\r\n".encode())

    def serve(self, line):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.line = line
        super().serve(line)


def say(name, times_s):
    ordered = sorted(times_s)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{name}: median {statistics.median(ordered) * 1000:.2f} ms, p99 {p99 * 1000:.2f} ms, {len(ordered)} mails")


def private_kib(pid):
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def idles(rig, user):
    """True while a connection of user's waits in IDLE: Dovecot says so in the names of its processes."""
    master = rig.server["pids"]["dovecot"]
    children = pathlib.Path(f"/proc/{master}/task/{master}/children").read_text(encoding="utf-8").split()
    for child in children:
        with contextlib.suppress(OSError):
            title = pathlib.Path(f"/proc/{child}/cmdline").read_bytes()
            if b"imap [" + user.encode() + b" " in title and b" IDLE" in title:
                return True
    return False


def notice(count):
    server = Instant(count)
    listening = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            line, _peer = listening.accept()
            with line:
                try:
                    server.serve(line)
                except OSError:
                    pass

    threading.Thread(target=accept, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "ann.password").write_text("secret\n", encoding="utf-8")
        (folder / "ann.password").chmod(0o600)
        program = harness.Usher(folder)
        program.config = folder / "usher.conf"
        program.config.write_text(
            'database = "usher.db"\nsequences = {"onboarding"}\nteam { name = "T" company = "C" timezone = "Europe/London" '
            'help_link = "https://t.example/" failsafe = "ann" }\n'
            'mailbox "ann" { smtp = "smtp+plain://127.0.0.1:9" imap = "imap+plain://127.0.0.1:%d" user = "ann@example.test" '
            'password_file = "ann.password" }\nspecialist ann { name = "Ann" address = "ann@example.test" mailbox = "ann" }\n'
            % listening.getsockname()[1], encoding="utf-8")
        made = program.run("init")
        if made.code:
            sys.exit(str(made))
        watcher = program.spawn("worker", "watch", "ann")
        try:
            if not server.over.wait(60):
                sys.exit(f"only {len(server.times)} mails were fetched:\n{watcher.output()}")
        finally:
            program.stop_all()
    say("EXISTS announced -> body asked for", server.times)


class Stage(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "pat@acme.example": "secret"}

    def runTest(self):
        office = Office(self.rig, self.folder, window=ALL_HOURS)
        office.add_accounts({"account": "acme"})
        office.cycle()
        office.approve("acme")
        office.cycle()
        mail = self.rig.wait_for("pat@acme.example")
        service = office.program.spawn("run").wait_ready()
        try:
            with sqlite3.connect(f"file:{self.folder}/usher.db?mode=ro", uri=True) as db:
                self.measure(office, service, mail, db)
        finally:
            office.program.stop_all()

    def measure(self, office, service, mail, db):
        times = []
        with self.rig.imap("ana@team.example") as connection:
            for number in range(1, self.count + 1):
                harness.wait_until(lambda: idles(self.rig, "ana@team.example"), 20, "the watcher's IDLE", pause_s=0.01)
                raw = harness.answer(mail, "pat@acme.example", f"Answer {number}.").as_bytes(policy=harness.POLICY)
                connection.append("INBOX", None, None, raw)
                began = time.perf_counter()
                while db.execute("SELECT COUNT(*) FROM event WHERE kind = 'replied'").fetchone()[0] < number:
                    time.sleep(0.001)
                    if time.perf_counter() - began > 20:
                        sys.exit(f"nothing came of mail {number}:\n{service.output()}")
                times.append(time.perf_counter() - began)
        say("delivery -> event and stage, on Dovecot", times)
        pid = service.workers()["watch ana"]
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        own, readers = private_kib(pid), sum(private_kib(child) for child in children)
        print(f"memory of a watcher: {own / 1024:.1f} MiB private, its reader {readers / 1024:.1f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    notice(options.count)
    Stage.count = options.count
    import unittest  # pylint: disable=import-outside-toplevel
    outcome = unittest.TextTestRunner(verbosity=0).run(unittest.TestSuite([Stage()]))
    return 0 if outcome.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
