"""One history with an SMTP fault and a kill -9, then restarts without either; what the server kept is counted.

A case is (step, action, point, nth): the server does action at step, and the process that runs the cycle kills itself on
the nth pass of point (mailer/base/fault.h). What must hold afterwards is in Histories.check().
"""

import collections
import json
import re
import shutil

import harness
from office import ALL_HOURS, Office

STEPS = ("connect", "ehlo", "auth", "mail", "rcpt", "rcpt#2", "data", "body", "dot", "rset", "quit")
ACTIONS = ("421 4.3.2 going away", "451 4.3.0 later", "452 4.2.2 full|and|more", "550 5.1.1 nobody", "554 5.7.1 policy",
           "550 5.7.30 no basic authentication", "drop", "garbage", "flood", "floods", "endless", "stall")
LAST = ("take-drop", "lie", "late 250 2.0.0 at last")  # at the dot only
NO_FAULT = ("none", "none")
TIMES = ("2027-03-01T10:20", "2027-03-01T12:30", "2027-03-02T10:00", "2027-03-04T10:00", "2027-03-05T10:00")


def server_faults():
    return [NO_FAULT] + [(step, action) for step in STEPS for action in (*ACTIONS, *(LAST if step == "dot" else ()))]


class Histories:
    """An office whose database can be put back to the moment before its mails go out."""

    ACCOUNTS = ({"account": "one"}, {"account": "two", "contacts": ["pat:owner", "bob:admin"]}, {"account": "three"})

    def __init__(self, rig, folder, server):
        self.rig, self.server = rig, server
        self.office = Office(rig, folder, now="2027-03-01T10:00", smtp=f"smtp://localhost:{server.port}", window=ALL_HOURS)
        self.office.program.binary = harness.ROOT / harness.os.environ.get("BUILD", "build") / "usher-fault"
        self.office.add_accounts(*self.ACCOUNTS)
        self.office.cycle()
        self.office.approve(*(row["account"] for row in self.ACCOUNTS))
        self.database = folder / "usher.db"
        self.start = folder / "start.db"
        for name in ("-wal", "-shm"):  # the last connection has closed, so the file is whole
            assert not self.database.with_name("usher.db" + name).exists()
        shutil.copyfile(self.database, self.start)

    def reset(self):
        for path in self.database.parent.glob("usher.db-*"):
            path.unlink()
        with open(self.database, "r+b") as out:  # the same file, so that it is the same database
            out.write(self.start.read_bytes())
            out.truncate()
        for path in [*self.server.folder.glob("*.eml"), self.server.folder / "log"]:
            path.unlink(missing_ok=True)
        if self.rig.messages("ana@team.example", "Sent"):
            self.rig.delete_all("ana@team.example", "Sent")

    def passes(self):
        """How often an undisturbed cycle passes each point."""
        self.reset()
        log = self.database.parent / "passes"
        self.office.now = "2027-03-01T10:00"
        self.office.usher("run", "--once", USHER_FAULT_LOG=str(log))
        return collections.Counter(log.read_text(encoding="ascii").split())

    def first_cycle(self, step, action, point, nth):
        self.server.script(*([] if step == "none" else [f"fault {step} {action}"]))
        environment = {} if point == "none" else {"USHER_FAULT": f"{point}:{nth}"}
        self.office.now = "2027-03-01T10:00"
        if action != "stall":
            return self.office.usher("run", "--once", code=None, **environment)
        process = self.office.program.spawn("run", "--once", "--now", self.office.now)  # killed where the server leaves it
        harness.wait_until(lambda: "(stall)" in self.server.log() or process.process.poll() is not None, 20, "the stall")
        process.kill()
        return None

    def run(self, case):
        """Runs the case to its end; AssertionError when something is twice, lost, or not explained."""
        self.reset()
        self.first_cycle(*case)
        self.server.script()
        for now in TIMES:
            self.office.now = now
            self.office.usher("outbox", "--resume", "ana")  # a person mends what waits for a person
            self.office.usher("run", "--once", code=None)
        self.check(case)

    def envelopes(self):
        """How often the server kept each (Message-ID, recipient)."""
        kept = collections.Counter()
        for name, recipients in re.findall(r"\(kept (\S+) \S+(?: \S+)*? (TO:.*)\)", self.server.log()):
            path = self.server.folder / name
            ident = re.search(rb"^Message-ID: <(.*?)>", path.read_bytes(), re.MULTILINE | re.IGNORECASE)[1].decode()
            for address in re.findall(r"TO:<(.*?)>", recipients):
                kept[ident, address] += 1
        return kept

    def check(self, case):
        kept = self.envelopes()
        deliveries = self.office.deliveries()
        lied = case[1] == "lie"
        known = set()
        for delivery in deliveries:
            key = delivery["message_id"], delivery["address"]
            known.add(key)
            allowed = {"sent": (0, 1) if lied else (1,), "unknown": (0, 1), "refused": (0,), "withdrawn": (0,)}
            state = delivery["state"]
            assert state in allowed, f"{case}: {key} is {state}: {delivery}"
            assert kept[key] in allowed[state], f"{case}: {key} is {state}, the server kept it {kept[key]} times"
            moves = [move["to"] for move in delivery["moves"]]
            assert moves[-1] == state and moves[0] == "queued", f"{case}: {moves}"
            if state == "unknown":
                assert delivery["text"], f"{case}: {key} is unknown and nobody says why"
        assert set(kept) <= known, f"{case}: the server kept what nobody sent: {set(kept) - known}"
        for row in self.ACCOUNTS:
            mine = [delivery for delivery in deliveries if delivery["account"] == row["account"]]
            tasks = [task["kind"] for task in self.office.show(row["account"])["tasks"]]
            unknown = any(delivery["state"] == "unknown" for delivery in mine)
            assert ("unknown_delivery" in tasks) == unknown, f"{case}: {row}: {tasks}"
            told = len(self.office.events(row["account"], "sent"))
            assert told == any(d["state"] == "sent" for d in mine if d["address"].startswith("pat")), f"{case}: {mine}"
        assert sum(delivery["state"] == "unknown" for delivery in deliveries) <= 2, f"{case}: more than one message a line"
