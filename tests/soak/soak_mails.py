"""Mails by the hundred thousand through faults, while the service and its processes are killed; counted by the server."""

import collections
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import harness
from office import ALL_HOURS, Office

SINK = harness.ROOT / "tests" / "soak" / "sink.py"
ROWS, APPROVED_AT_ONCE = 10_000, 2_000
MAILS_A_KILL = 100  # at least: then it comes to an end
PATIENCE_S = 4 * 3600


def prepare(office, count):
    for first in range(0, count, ROWS):
        office.add_accounts(*({"account": f"c{i:06}"} for i in range(first, min(first + ROWS, count))))
    words = office.program.words("run", "--once")
    subprocess.run([str(office.program.binary), *words], check=True, cwd=office.folder, env=office.program.environment)
    drafts = [str(draft["draft"]) for draft in office.usher("drafts", "--json", limit_s=600).json]
    assert len(drafts) == count, f"{len(drafts)} drafts for {count} accounts"
    for first in range(0, count, APPROVED_AT_ONCE):
        office.usher("approve", *drafts[first:first + APPROVED_AT_ONCE], limit_s=600)


def open_count(office):
    return sum(delivery["state"] in ("queued", "claimed", "transmitting", "deferred") for delivery in office.deliveries())


def disturb(office, chance, taken, count):
    """Kills the service or one of its processes again and again until most is sent. Returns how often."""
    service, kills, deadline = office.program.spawn("run"), 0, time.monotonic() + PATIENCE_S
    while taken.exists() is False or sum(1 for _ in open(taken, encoding="ascii")) < count * 0.97:
        assert time.monotonic() < deadline, "the mails do not come to an end"
        time.sleep(chance.uniform(0.1, 0.8))  # not for luck: a random moment is the point
        office.usher("outbox", "--resume", "ana")  # a 4xx to MAIL stops the mailbox
        if chance.random() < 0.5 or kills * MAILS_A_KILL > count:
            continue
        workers = sorted(service.workers().items()) if service.process.poll() is None else []
        if not workers or chance.random() < 0.2:
            service.kill()
            service = office.program.spawn("run")
        else:
            try:
                os.kill(chance.choice(workers)[1], signal.SIGKILL)
            except ProcessLookupError:
                continue
        kills += 1
    return service, kills


def check(office, count, taken, kills):
    kept = collections.Counter(line.strip() for line in open(taken, encoding="ascii"))
    states = collections.Counter()
    for delivery in office.deliveries():
        key = f"{delivery['message_id']} {delivery['address']}"
        states[delivery["state"]] += 1
        allowed = {"sent": (1,), "unknown": (0, 1)}.get(delivery["state"])
        assert allowed, f"{key} is {delivery['state']}: {delivery['text']}"
        assert kept[key] in allowed, f"{key} is {delivery['state']}, the server took it {kept[key]} times"
        assert delivery["state"] == "sent" or delivery["text"], f"{key} is unknown and nobody says why"
    assert sum(states.values()) == count
    return f"{count} mails, {kills} kills: {dict(states)}, taken {sum(kept.values())}, none twice"


def run(count, chance):
    with harness.MailRig({"ana@team.example": "secret"}) as rig, tempfile.TemporaryDirectory(prefix="usher-soak-") as folder:
        folder = pathlib.Path(folder)
        sink = subprocess.Popen([sys.executable, str(SINK), str(folder), str(chance.getrandbits(31)), "10"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        service = None
        office = Office(rig, folder, window=ALL_HOURS, smtp=f"smtp+plain://127.0.0.1:{int(sink.stdout.readline())}",
                        mailbox={"sent_copy": "none"}, top="retry_after = 1\nbreaker { returned = 0 }")
        try:
            prepare(office, count)
            service, kills = disturb(office, chance, folder / "taken", count)
            (folder / "calm").touch()
            deadline = time.monotonic() + PATIENCE_S
            while open_count(office):
                assert time.monotonic() < deadline, "the outbox does not come to an end"
                office.usher("outbox", "--resume", "ana")
                time.sleep(5)
            return check(office, count, folder / "taken", kills)
        finally:
            if service:
                service.kill()
            office.program.stop_all()
            sink.stdin.close()
            sink.wait(timeout=30)
