"""Eight weeks of a rehearsal with crashes at random commits, against the same eight weeks without: same mails to the same
people on the same days, counted by what the server kept, same stages entered on the same days, same end of every step.

Where a crash leaves a mail unknown, the test is the person who looks at the server and settles it.
"""

import datetime
import email
import email.policy
import pathlib
import tempfile

import faults
import harness
from office import Office
from test_crash import ScriptedServer

DAYS = 61
ACCOUNTS = ({"account": "one"}, {"account": "two", "contacts": ["pat:owner", "bob:admin"]}, {"account": "three"},
            {"account": "four", "contacts": ["ann:owner"]})


class Weeks:
    def __init__(self, rig, folder, server, chance):
        self.rig, self.server, self.chance = rig, server, chance
        self.office = Office(rig, folder, now="2027-03-01T09:00", smtp=f"smtp://localhost:{server.port}")
        self.office.program.binary = harness.ROOT / harness.os.environ.get("BUILD", "build") / "usher-fault"
        self.crashes = 0

    def usher(self, *words, **options):
        """A command that may be killed in the middle, and is then given again."""
        if self.chance and self.chance.random() < 0.6:
            point = self.chance.choice(("store.commit.before", "store.commit.after", "store.exec.before",
                                        "store.exec.after", "sender.begun", "sender.answered", "watch.filed"))
            result = self.office.usher(*words, code=None, USHER_FAULT=f"{point}:{self.chance.randint(1, 12)}", **options)
            self.crashes += result.code == -9
            if result.code != -9:
                return
            if words[0] == "run":
                self.office.usher(*words, code=None, **options)
                self.settle()
        self.office.usher(*words, **options)

    def envelopes(self):
        return faults.Histories.envelopes(self)

    def settle(self):
        kept = self.envelopes()
        for delivery in self.office.deliveries():
            if delivery["state"] == "unknown":
                word = "sent" if kept[delivery["message_id"], delivery["address"]] else "not-sent"
                self.office.usher("settle", str(delivery["message"]), word, delivery["address"])

    def day(self, number):
        rows = "".join(harness.json.dumps(self.office.account(**row)) + "\n" for row in ACCOUNTS)
        self.usher("import", "-", stdin=rows)
        self.usher("run", "--once")
        if number == 0:
            for account, draft in sorted(self.office.drafts().items()):
                self.office.usher("approve", draft["draft"])
                self.usher("run", "--once")
        if number == 7:
            self.answer("one")
        if number == 9:
            self.office.usher("resume", "one")
        if number == 20:
            self.office.usher("hold", "three", "they asked for a week", "--until", "2027-03-30")
        self.usher("run", "--once")

    def answer(self, account):
        """A customer's reply, straight into the mailbox."""
        for path in sorted(self.server.folder.glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if f"@{account}.example" in str(message["To"]):
                mail = harness.Mail(0, set(), path.read_bytes())
                self.rig.append("ana@team.example", "INBOX", harness.answer(mail, f"pat@{account}.example", "Thank you!"), flags=())
                return
        raise AssertionError(f"nothing was sent to {account}")

    def run(self, days):
        start = datetime.datetime(2027, 3, 1, 10, 0)
        for number in range(days):
            self.office.now = (start + datetime.timedelta(days=number)).strftime("%Y-%m-%dT%H:%M")
            self.day(number)
        return self.outcome()

    def outcome(self):
        kept, subjects = self.envelopes(), {}
        assert max(kept.values()) == 1, f"twice: {kept}"
        for path in self.server.folder.glob("*.eml"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            subjects[str(message["Message-ID"]).strip("<>")] = str(message["Subject"]), str(message["Date"])[:16]
        mails = sorted((address, *subjects[ident]) for ident, address in kept)
        stages = {}
        for row in ACCOUNTS:
            shown = self.office.show(row["account"])
            entered = {stage: at[:10] for stage, at in shown["stages"].items()}
            stages[row["account"]] = shown["stage"], entered, [(step["step"], step["state"]) for step in shown["steps"]]
        return mails, stages


def one(rig, chance, days):
    with tempfile.TemporaryDirectory(prefix="usher-weeks-") as folder:
        server = ScriptedServer(rig, pathlib.Path(folder) / "smtp")
        try:
            for name in ("INBOX", "Sent"):
                if rig.messages("ana@team.example", name):
                    rig.delete_all("ana@team.example", name)
            weeks = Weeks(rig, pathlib.Path(folder), server, chance)
            return weeks.run(days), weeks.crashes
        finally:
            server.stop()


def run(count, chance, days=DAYS):
    crashes = 0
    with harness.MailRig({"ana@team.example": "secret"}) as rig:
        expected, _ = one(rig, None, days)
        assert len(expected[0]) > (2 * len(ACCOUNTS) if days == DAYS else len(ACCOUNTS)), expected
        for _ in range(count):
            found, died = one(rig, chance, days)
            crashes += died
            assert found[0] == expected[0], f"mails: {set(map(tuple, found[0])) ^ set(map(tuple, expected[0]))}"
            assert found[1] == expected[1], f"stages: {found[1]} instead of {expected[1]}"
    return f"{count} times {days} days with {crashes} crashes: the same {len(expected[0])} mails and stages"
