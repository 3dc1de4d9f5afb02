"""Logging in with tokens that a real server looks at: Dovecot's submission and IMAP, which ask an introspection service."""

import contextlib
import http.server
import json
import os
import re
import signal
import sqlite3
import threading
import time
import urllib.parse

import harness
from office import ALL_HOURS, Office

UNAVAILABLE, NO_PERMISSION, CONFIGURATION = 69, 77, 78
ANA = "ana@team.example"


class Introspection(http.server.BaseHTTPRequestHandler):
    """RFC 7662: who a token belongs to, from tokens = {token: address}."""

    tokens = {}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        token = urllib.parse.parse_qs(body).get("token", [""])[0]
        user = self.tokens.get(token)
        answer = json.dumps({"active": True, "username": user} if user else {"active": False}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_words):
        pass


class Tokens(harness.MailTestCase):
    USERS = {ANA: "secret", "pat@acme.example": "secret"}

    @classmethod
    def setUpClass(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Introspection)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        missing = harness.missing_programs("/usr/sbin/dovecot", "/usr/sbin/exim4")
        if missing:
            raise harness.unittest.SkipTest(f"{' and '.join(missing)} not installed")
        cls.rig = harness.MailRig(cls.USERS, oauth=f"http://127.0.0.1:{server.server_port}/introspect").start()
        cls.addClassCleanup(cls.rig.stop)

    def open(self, smtp="submissions", imap="imaps", auth="xoauth2"):
        """An office whose mailbox logs in with what ./token prints, one line of the file "tokens" at each call."""
        Introspection.tokens = {"right-" + "x" * 40: ANA}
        self.office = Office(self.rig, self.folder, now="2027-03-01T10:00", window=ALL_HOURS)
        self.token = self.write("token", "#!/bin/sh\necho >> calls\nsed -n \"$(wc -l < calls)p;\\$p\" tokens | head -n 1\n",
                                mode=0o700)
        section = self.rig.mailbox_section("ana", ANA, None, smtp=smtp, imap=imap, token_command="./token ana", auth=auth,
                                           tls_name="localhost")
        text = self.office.config
        self.office.write_config(text[:text.index('mailbox "ana"')] + section + text[text.index("specialist ana"):])

    def tell(self, *tokens):
        self.write("tokens", "\n".join(tokens) + "\n")
        (self.folder / "calls").unlink(missing_ok=True)

    def calls(self):
        return len((self.folder / "calls").read_text().splitlines())

    def test_mail_goes_and_comes_by_token(self):
        for smtp, imap, auth in (("submissions", "imaps", "xoauth2"), ("submission", "imap", "oauthbearer")):
            with self.subTest(smtp=smtp, auth=auth):
                self.setUp()
                self.open(smtp, imap, auth)
                self.tell("right-" + "x" * 40)
                checked = self.office.usher("check")
                self.assertRegex(checked.out, rf"ok  mailbox ana: SMTP .*: TLSv1.3 .*, certificate until 20\d\d-\d\d-\d\d, "
                                              rf"login {auth.upper()}, offers .*AUTH")
                self.assertRegex(checked.out, rf"ok  mailbox ana: IMAP .*: TLSv1.3 .*, login {auth.upper()}, offers .*IDLE")
                self.office.add_accounts({"account": "acme", "contacts": ["pat:owner"]})
                self.office.cycle()
                self.office.approve("acme")
                before = len(self.rig.messages("pat@acme.example"))
                result = self.office.cycle()
                self.assertEqual([delivery["state"] for delivery in self.office.deliveries()], ["sent"], result)
                self.assertEqual(len(self.rig.messages("pat@acme.example")), before + 1)

    def test_a_stale_token_is_renewed_once(self):
        self.open()
        self.tell("stale", "right-" + "x" * 40)
        self.office.usher("check")
        self.assertEqual(self.calls(), 2)

    def test_one_refresh_for_all_who_share_a_program(self):
        """Three mailboxes, a process each: the program runs once for the first token, and once for its refusal."""
        self.open()
        self.write("token", "#!/bin/sh\necho >> calls\ncat tokens\n", mode=0o700)
        text = self.office.config
        section = text[text.index('mailbox "ana"'):text.index("specialist ana")]
        for name in ("bob", "cleo"):
            text += section.replace('mailbox "ana"', f'mailbox "{name}"') + \
                f'specialist {name} {{\n    name = "{name}"\n    address = "{name}@team.example"\n    mailbox = "{name}"\n}}\n'
        self.office.write_config(text)
        Introspection.tokens = {"first": ANA}
        self.tell("first")
        started_s = time.clock_gettime(time.CLOCK_BOOTTIME)
        service = self.office.program.spawn("run")
        self.addCleanup(self.office.program.stop_all)
        self.wait_read(3, started_s, service)
        self.assertEqual(self.calls(), 1)
        Introspection.tokens = {"second": ANA}
        self.write("tokens", "second\n")
        for name, pid in service.workers().items():
            if name.startswith("watch "):
                os.kill(pid, signal.SIGKILL)
        self.wait_read(3, time.clock_gettime(time.CLOCK_BOOTTIME), service)
        self.assertEqual(self.calls(), 2)

    def wait_read(self, count, since_s, service):
        """Waits until count mailboxes have been read since a time after boot."""
        def read():
            with contextlib.closing(sqlite3.connect(self.folder / "usher.db")) as database:
                return database.execute("SELECT COUNT(*) FROM folder WHERE role = 'inbox' AND read_boot_us > ?",
                                        (int(since_s * 1e6),)).fetchone()[0]
        try:
            harness.wait_until(lambda: read() == count, 30, f"{count} mailboxes to be read", pause_s=0.1)
        except harness.WaitError as error:
            raise AssertionError(f"{error}: {service.output()}") from error

    def test_a_refused_token_is_one_clear_line(self):
        self.open()
        self.tell("stale", "stale as well")
        result = self.office.usher("check", code=NO_PERMISSION)
        lines = result.err.strip().splitlines()
        self.assertEqual(len(lines), 2, result)
        self.assertRegex(lines[0], r"mailbox ana: .* refuses the login: 535 .*status")
        self.assertRegex(lines[1], r"mailbox ana: .*refused while logging in as ana@team.example.*status")
        for word in ("stale", "c3RhbGU"):
            self.assertNotIn(word, result.out + result.err)

    def test_a_command_that_fails(self):
        self.open()
        self.write("token", "#!/bin/sh\necho refresh token expired >&2\nexit 4\n", mode=0o700)
        result = self.office.usher("check", code=UNAVAILABLE)
        said = [line for line in result.err.splitlines() if line.startswith("usher: ")]
        self.assertEqual(len(said), 1, result)
        self.assertRegex(said[0], r"mailbox ana: token_command: \./token failed with exit code 4: refresh token expired")

    def test_the_token_is_nowhere_to_be_seen(self):
        self.open()
        self.tell("right-" + "x" * 40)
        result = self.office.usher("run", "--once")
        self.assertNotIn("right-", result.out + result.err)
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "tokens":
                self.assertNotIn(b"right-x", path.read_bytes(), path)

    def test_the_password_file_is_for_its_owner(self):
        office = Office(self.rig, self.folder, now="2027-03-01T10:00")
        self.assertNotRegex(office.usher("check").out, "everybody")
        (self.folder / "ana.password").chmod(0o644)
        self.assertRegex(office.usher("check").out, r"--  mailbox ana: password_file: .*mode 0644.*everybody.*chmod 600")

    def test_a_folder_of_a_group_needs_setgid(self):
        office = Office(self.rig, self.folder, now="2027-03-01T10:00")
        for mode, code in ((0o700, 0), (0o755, 0), (0o770, CONFIGURATION), (0o2770, 0)):
            with self.subTest(mode=oct(mode)):
                self.folder.chmod(mode)
                result = office.usher("board", code=code)
                if code:
                    self.assertTrue(re.fullmatch(r"usher: .*mode 0770.*set-group-id.*\n", result.err), result)


if __name__ == "__main__":
    harness.unittest.main()
