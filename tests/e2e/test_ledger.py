"""The ledger as a team meets it: a stopped mailbox, a copied or older database, proof for an unknown mail."""

import shutil

import harness
from office import ALL_HOURS, Office
from test_crash import CrashCase

NO_PERMISSION, UNAVAILABLE, TEMPORARY = 77, 69, 75


class Stopped(CrashCase):
    USERS = {"ana@team.example": "secret"}

    def open_many(self, *script, count=5):
        self.open(*script)
        names = [f"c{i}" for i in range(count)]
        self.office.add_accounts(*({"account": name} for name in names))
        self.office.cycle()
        self.office.approve(*names)

    def halts(self):
        return [line for line in self.office.usher("outbox").out.splitlines() if line.startswith("mailbox ana sends nothing")]

    def test_refused_sender(self):
        """One mail is tried, one line is said, and all of them stay queued until a person lets it go on."""
        self.open_many("fault mail 550 5.7.60 you may not send as ana")
        result = self.office.cycle(code=UNAVAILABLE)
        self.assertEqual(len(result.err.strip().splitlines()), 1, result)
        self.assertEqual(self.server.log().count("MAIL FROM"), 1)
        self.assertEqual({delivery["state"] for delivery in self.office.deliveries()}, {"queued"})
        self.assertEqual({delivery["attempts"] for delivery in self.office.deliveries()}, {0})
        self.assertEqual(len(self.halts()), 1)
        for view in (("daily",), ("why", "c0"), ("check",)):
            self.assertIn("mailbox ana sends nothing", self.office.usher(*view, code=None).out)
        self.server.script()
        self.office.cycle("2027-03-02T10:00", code=UNAVAILABLE)  # it does not pass by itself
        self.assertEqual(self.server.count(), 0)
        self.office.usher("outbox", "--resume", "ana")
        self.assertEqual(self.halts(), [])
        self.office.cycle("2027-03-02T10:05")
        self.assertEqual(self.server.count(), 5)
        self.office.usher("outbox", "--resume", "nobody", code=66)

    def test_rate(self):
        """It passes: one probe after a pause, then all."""
        self.open_many("fault mail#1 421 4.7.0 too much")
        self.office.cycle(code=UNAVAILABLE)
        self.office.cycle("2027-03-01T10:04", code=UNAVAILABLE)
        self.assertEqual(self.server.log().count("MAIL FROM"), 1)
        self.server.script()
        self.office.cycle("2027-03-01T10:11")
        self.assertEqual(self.server.count(), 5)
        self.assertEqual(self.halts(), [])

    def test_unusable_server(self):
        """No mail of the mailbox can leave: each says why, not only the one that was tried."""
        self.open_many()
        self.server.stop()
        password = self.folder / "ana.password"
        for what, code, said in (("server", UNAVAILABLE, "cannot be reached"), ("password", 78, "No such file")):
            if what == "password":
                password.unlink()
            self.office.cycle("2027-03-01T10:05" if what == "server" else "2027-03-01T10:30", code=code)
            for delivery in self.office.deliveries():
                self.assertEqual(delivery["state"], "queued")
                self.assertIn(said, delivery["text"])
            for name in ("c0", "c4"):
                self.assertIn(said, self.office.usher("why", name).out.splitlines()[0])
            for view in ("daily", "outbox"):
                self.assertRegex(self.office.usher(view).out, f"(?m)^mailbox ana: 5 mails could not leave: .*{said}")
        self.assertRegex(self.office.usher("daily").out, "(?m)^mailbox ana cannot be read since 2027-03-01 10:30: .*No such file")

    def test_new_password_ends_it(self):
        self.open_many()
        password = self.folder / "ana.password"
        self.server.base[1] = "login ana@team.example another"
        self.server.script()
        self.office.cycle(code=NO_PERMISSION)
        self.office.cycle("2027-03-01T10:30", code=UNAVAILABLE)
        self.assertEqual(self.server.log().count("(login)") + self.server.log().count("C: AUTH"), 1, self.server.log())
        self.server.base[1] = "login ana@team.example secret"
        self.server.script()
        password.write_text("secret\n \n", encoding="utf-8")  # the same password is the same set-up
        self.office.cycle("2027-03-01T10:40", code=UNAVAILABLE)
        self.office.usher("outbox", "--resume", "ana")
        self.office.cycle("2027-03-01T10:50")
        self.assertEqual(self.server.count(), 5)


class Proof(CrashCase):
    """sent_copy = "provider": the copy in Sent settles what had no answer."""

    USERS = {"ana@team.example": "secret"}

    def settled(self, header):
        self.open_with_approved("fault dot take-drop", mailbox={"sent_copy": "provider"})
        self.office.cycle(code=None)
        self.assertEqual(self.states(), ["unknown"])
        ident, raw = self.server.kept()[0]
        self.rig.append("ana@team.example", "Sent", raw.replace(b"Message-ID: " + ident.encode(), header % ident.encode()))
        self.restart()
        self.assertEqual(self.states(), ["sent"])
        self.assertEqual(self.server.count(), 1)
        self.assertNotIn("unknown_delivery", self.tasks())
        self.assertEqual(self.office.show("acme")["stage"], "initiated")
        self.assertEqual(self.office.events("acme", "settled")[0]["evidence"], "copy in Sent")

    def test_copy(self):
        self.settled(b"Message-ID: %s")

    def test_rewritten_message_id(self):
        self.settled(b"Message-ID: <new@provider.example>\r\nX-Microsoft-Original-Message-ID: %s")

    def test_reply(self):
        self.open_with_approved("fault dot take-drop")
        self.office.cycle(code=None)
        mail = harness.Mail(0, set(), self.server.kept()[0][1])
        self.rig.append("ana@team.example", "INBOX", harness.answer(mail, "pat@acme.example", "Thank you!"), flags=())
        self.restart()
        self.assertEqual(self.states(), ["sent"])
        self.assertEqual([event["kind"] for event in self.office.events("acme")
                          if event["kind"] in ("unknown", "settled", "sent", "replied")],
                         ["unknown", "settled", "sent", "replied"])
        self.assertNotIn("unknown_delivery", self.tasks())


class Clone(CrashCase):
    USERS = {"ana@team.example": "secret"}

    def assert_unclaimed(self, pattern):
        result = self.office.cycle(code=NO_PERMISSION)
        self.assertRegex(result.err, rf"nothing is sent: .*{pattern}.*usher claim")
        for view in (("outbox",), ("daily",), ("why", "acme"), ("check",)):
            self.assertRegex(self.office.usher(*view, code=None).out, rf"nothing is sent: .*{pattern}")

    def test_copied(self):
        self.open_with_approved()
        database = self.folder / "usher.db"
        shutil.copyfile(database, self.folder / "copy.db")
        (self.folder / "copy.db").replace(database)  # as cp and mv do: another file under the same name
        self.assert_unclaimed("inode")
        self.assertEqual(self.server.count(), 0)
        self.office.usher("claim", "the old disk died")
        self.office.cycle()
        self.assert_sent_once()
        claimed = [event for event in self.office.usher("log", "--json").json if event["kind"] == "claimed"]
        self.assertEqual(claimed[0]["data"]["why"], "the old disk died")

    def test_older_than_the_mailbox(self):
        """A backup from before the mail went out, put back in place: the copy in Sent tells, and it is not sent again."""
        self.open_with_approved()
        database = self.folder / "usher.db"
        before = database.read_bytes()
        self.office.cycle()
        self.assertEqual(self.server.count(), 1)
        with open(database, "r+b") as out:  # the same file
            out.write(before)
            out.truncate()
        self.office.add_accounts({"account": "later"})
        self.assert_unclaimed("does not know as sent")
        self.assertEqual(self.server.count(), 1)
        found = self.office.usher("claim", "--list", "--json").json
        self.assertEqual([(row["folder"], row["message"]) for row in found], [("Sent", 1)])
        self.assertEqual(self.office.show("acme")["stage"], "initiated")  # what was found is known from now on
        self.office.usher("claim", "restored from the backup")
        self.office.approve("later")
        self.office.cycle("2027-03-01T10:10")
        idents = [ident for ident, _ in self.server.kept()]
        self.assertEqual((len(idents), len(set(idents))), (2, 2))

    def test_backup(self):
        self.open_with_approved()
        backup = self.folder / "backup.db"
        self.office.usher("backup", str(backup), at_now=False)
        self.office.usher("backup", str(backup), at_now=False, code=73)
        self.office.cycle()
        self.assert_sent_once()
        backup.replace(self.folder / "usher.db")
        self.assert_unclaimed("is a backup")
        self.assertEqual(self.server.count(), 1)


class Two(harness.MailTestCase):
    USERS = {"ana@team.example": "secret"}

    def test_two_services(self):
        office = Office(self.rig, self.folder, window=ALL_HOURS)
        self.addCleanup(office.program.stop_all)
        office.program.spawn("run").wait_ready()
        for words in (("run",), ("run", "--once")):
            result = office.program.run(*words)
            self.assertEqual(result.code, TEMPORARY)
            self.assertRegex(result.err, "another usher already runs")
        linked = self.folder / "linked.conf"
        linked.write_text(office.config.replace('"usher.db"', '"link.db"'), encoding="utf-8")
        (self.folder / "link.db").symlink_to(self.folder / "usher.db")
        self.assertIn("link.db", linked.read_text(encoding="utf-8"))
        result = office.program.run("run", "--once", "--config", str(linked))
        self.assertEqual(result.code, TEMPORARY, result)


if __name__ == "__main__":
    import unittest
    unittest.main()
