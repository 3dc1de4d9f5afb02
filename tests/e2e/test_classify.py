"""`usher classify` on files, standard input and things that are no mail: one object a file, whatever the file is."""

import json
import resource
import subprocess
import unittest

import harness

KEYS = ["file", "class", "permanent", "status", "reason", "recipients", "return_date", "rule", "evidence", "text"]
NO_INPUT = 66

BOUNCE = b"""Return-Path: <>
From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender

<lee@acme.example>: host mx.acme.example said: 550 5.1.1 User unknown
"""
AWAY = b"""From: Lee <lee@acme.example>
Date: Tue, 3 Mar 2026 10:00:00 +0100
Subject: Automatic reply: Your usage

I am back on Monday.
"""


def hostile():
    """Name, bytes. Each would stop a reader that trusts its input."""
    yield "empty", b""
    yield "ten_megabytes", b"Subject: x\n\n" + b"word " * 2_000_000
    yield "nested", b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (i, i) for i in range(10_000))
    yield "enclosed", b"Content-Type: message/rfc822\n\n" * 10_000
    yield "endless_header", b"Subject: " + b"a" * 100_000_000
    yield "million_fields", b"".join(b"X-%d: y\n" % i for i in range(1_000_000)) + b"\nbody\n"
    yield "nuls", b"\0" * 1_000_000
    yield "base64", b"Subject: x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!=A=\n"
    yield "charset", b'Subject: x\nContent-Type: text/plain; charset="\xff"\n\n\xe4\xf6\n'
    yield "table", b"Subject: x\nContent-Type: text/html\n\n" + b"<table><tr><td>" * 500_000


class Classify(harness.UsherTestCase):
    def classify(self, *words, **options):
        """Exit code, records, what was said. Memory and processor time are bounded, so that a runaway fails."""
        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

        ran = subprocess.run([str(harness.usher_binary()), "classify", *words], cwd=self.folder, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, preexec_fn=limits, check=False, **options)
        return ran.returncode, ran.stdout.decode("utf-8").splitlines(), ran.stderr.decode("utf-8")

    def put(self, name, content):
        (self.folder / name).write_bytes(content)

    def test_record(self):
        self.put("bounce.eml", BOUNCE)
        self.put("away.eml", AWAY)
        code, lines, said = self.classify("--json", "bounce.eml", "away.eml")
        self.assertEqual((code, said), (0, ""))
        bounce, away = map(json.loads, lines)
        self.assertEqual([list(bounce), list(away)], [KEYS, KEYS])
        self.assertEqual([bounce[key] for key in KEYS[:6]],
                         ["bounce.eml", "bounce", True, "5.1.1", "address_dead", ["lee@acme.example"]])
        self.assertIn("550 5.1.1", bounce["evidence"])
        self.assertEqual([away[key] for key in ("class", "permanent", "return_date", "text")],
                         ["auto_reply", None, "2026-03-09", "I am back on Monday."])

    def test_standard_input(self):
        for words in ((), ("-",)):
            code, lines, _ = self.classify(*words, input=AWAY)
            self.assertEqual((code, len(lines)), (0, 1))
            self.assertTrue(lines[0].startswith("-: auto_reply ("), lines)

    def test_unreadable(self):
        """What cannot be read is named; the others are done all the same."""
        self.put("away.eml", AWAY)
        (self.folder / "folder").mkdir()
        code, lines, said = self.classify("--json", "missing.eml", "folder", "away.eml")
        self.assertEqual((code, [json.loads(line)["file"] for line in lines]), (NO_INPUT, ["away.eml"]))
        self.assertRegex(said, r"\Ausher: missing\.eml: .+\nusher: folder: .+\n\Z")

    def test_hostile(self):
        for name, content in hostile():
            with self.subTest(name):
                self.put(name, content)
                code, lines, said = self.classify("--json", name)
                self.assertEqual((code, len(lines), said), (0, 1, ""))
                self.assertEqual(json.loads(lines[0])["class"], "other")
                (self.folder / name).unlink()


if __name__ == "__main__":
    unittest.main()
