"""SMTP faults crossed with kills at every commit: a sample by seed here, all of it in `make soak`."""

import os
import random
import shutil
import resource
import subprocess
import sys
import unittest

import faults
import harness
from test_crash import ScriptedServer

sys.path.append(str(harness.ROOT / "tests" / "soak"))
import soak_weeks  # noqa: E402, once its folder is known

SAMPLE = 9


class Cross(harness.MailTestCase):
    USERS = {"ana@team.example": "secret"}

    def setUp(self):
        super().setUp()
        self.server = ScriptedServer(self.rig, self.folder / "smtp")
        self.addCleanup(self.server.stop)
        self.histories = faults.Histories(self.rig, self.folder, self.server)
        self.addCleanup(self.histories.office.program.stop_all)

    def test_sample(self):
        seed = int(os.environ.get("USHER_SEED", 0)) or int.from_bytes(os.urandom(4), "big")
        chance = random.Random(seed)
        passes = self.histories.passes()
        self.assertIn("sender.begun", passes)
        server_faults = faults.server_faults()
        for _ in range(SAMPLE):
            point = chance.choice(sorted(passes))
            case = (*chance.choice(server_faults), point, chance.randint(1, passes[point]))
            with self.subTest(seed=seed, case=case):
                self.histories.run(case)

    def test_the_test_can_fail(self):
        """A ledger that forgot a transmission would be seen."""
        self.histories.run((*faults.NO_FAULT, "none", 0))
        path = next(self.server.folder.glob("*.eml"))
        line = next(line for line in self.server.log().splitlines() if f"(kept {path.name}" in line)
        with open(self.server.folder / "log", "a", encoding="utf-8") as log:
            log.write(line + "\n")
        with self.assertRaisesRegex(AssertionError, "kept it 2 times"):
            self.histories.check(faults.NO_FAULT)


class Storage(harness.MailTestCase):
    """The disk is full, the database cannot be written, the clock jumps."""

    USERS = {"ana@team.example": "secret"}

    def setUp(self):
        super().setUp()
        self.server = ScriptedServer(self.rig, self.folder / "smtp")
        self.addCleanup(self.server.stop)
        self.histories = faults.Histories(self.rig, self.folder, self.server)
        self.office = self.histories.office

    def recover(self, case):
        for now in faults.TIMES:
            self.office.cycle(now, code=None)
        self.histories.check((case, "", "", 0))

    def test_disk_full(self):
        """No file grows beyond a limit that falls ever lower into the cycle: nothing is lost or doubled, and it says so."""
        for spare in (0, 8192, 40000):
            with self.subTest(spare=spare):
                self.histories.reset()
                limit = max(self.histories.database.stat().st_size // 2, 4096) if spare == 0 else spare
                words = [str(self.office.program.binary), *self.office.program.words("run", "--once", "--now", self.office.now)]
                result = subprocess.run(words, capture_output=True, text=True, cwd=self.office.folder, check=False,
                                        env=self.office.program.environment,
                                        preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.assertNotEqual(result.returncode, 0)
                self.recover("disk full")

    def test_clock_jumps(self):
        """Forwards and back by a day between cycles, and over both daylight-saving nights."""
        self.histories.reset()
        self.server.script("fault rcpt 451 4.3.0 later")
        for now in ("2027-03-01T10:00", "2027-03-02T10:00", "2027-03-01T10:00", "2027-02-28T10:00"):
            self.office.cycle(now, code=None)
        self.server.script()
        for now in ("2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30", "2027-10-31T00:30", "2027-10-31T01:30"):
            self.office.cycle(now, code=None)
        self.histories.check(("clock jumps", "", "", 0))


class Weeks(unittest.TestCase):
    def test_days_with_crashes(self):
        """The first days of the eight weeks of `make soak`."""
        seed = int(os.environ.get("USHER_SEED", 0)) or int.from_bytes(os.urandom(4), "big")
        with self.subTest(seed=seed):
            soak_weeks.run(1, random.Random(seed), days=9)


class ReadOnly(harness.UsherTestCase):
    def test_read_only_database(self):
        """One clear line that names the database, and nothing is tried."""
        if os.geteuid() != 0:
            self.skipTest("needs root, to run as somebody who may not write")
        self.write("usher.conf", 'team { name = "Team" }\nmailbox ana { smtp = "smtp+plain://127.0.0.1:9" imap = '
                   '"imap+plain://127.0.0.1:9" }\nspecialist ana { name = "Ana" address = "ana@team.example" }\n')
        self.program.config = self.folder / "usher.conf"
        self.usher("init", "--rehearsal")
        self.folder.chmod(0o755)
        for path in self.folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o444)
        binary = self.folder / "usher"  # where the tree lies nobody else may be let in
        shutil.copy(self.program.binary, binary)
        binary.chmod(0o755)
        words = [str(binary), *self.program.words("run", "--once")]
        result = subprocess.run(words, capture_output=True, text=True, cwd=self.folder, check=False,
                                env=self.program.environment, preexec_fn=lambda: os.setuid(65534))
        self.assertIn(result.returncode, (73, 74, 77), result.stderr)
        self.assertRegex(result.stderr.splitlines()[0], rf"^usher: {self.folder}/usher\.db: .*(readonly|unable to open)")


if __name__ == "__main__":
    unittest.main()
