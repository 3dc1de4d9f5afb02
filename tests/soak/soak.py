#!/usr/bin/env python3
"""What `make check` only samples, in full.

    tests/soak/soak.py [--build build] [--seed N] [--only PART] [--share N] [--mails N] [--histories N] [--weeks N]

Parts: cross (every SMTP fault with a kill at every pass of every commit point, --share N: every Nth of them), histories
(random histories through the engine), mails (100,000 mails through faults and kills), weeks (eight weeks with crashes
against eight weeks without). Prints one line a part; the exit code is 1 when one failed. A failure names its seed.
"""

import argparse
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "tests" / "soak")]


def cross(options, chance):
    import faults
    import harness
    from test_crash import ScriptedServer
    with harness.MailRig({"ana@team.example": "secret"}) as rig, tempfile.TemporaryDirectory(prefix="usher-soak-") as folder:
        folder = pathlib.Path(folder)
        server = ScriptedServer(rig, folder / "smtp")
        try:
            histories = faults.Histories(rig, folder, server)
            passes = histories.passes()
            cases = [(*fault, "none", 0) for fault in faults.server_faults()]
            cases += [(*fault, point, nth) for fault in faults.server_faults() for point, count in sorted(passes.items())
                      for nth in range(1, count + 1)]
            cases = chance.sample(cases, (len(cases) + options.share - 1) // options.share)
            for number, case in enumerate(cases):
                histories.run(case)
                if number % 100 == 99:
                    print(f"cross: {number + 1} of {len(cases)}", flush=True)
            return f"{len(cases)} histories of faults and kills"
        finally:
            server.stop()


def histories(options, chance):
    program = ROOT / options.build / "tests" / "service_histories"
    seed = chance.getrandbits(31)
    subprocess.run([str(program)], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "USHER_HISTORIES": str(options.histories), "USHER_SEED": str(seed)})
    return f"{options.histories} random histories from seed {seed}"


def mails(options, chance):
    import soak_mails
    return soak_mails.run(options.mails, chance)


def weeks(options, chance):
    import soak_weeks
    return soak_weeks.run(options.weeks, chance)


PARTS = {"cross": cross, "histories": histories, "mails": mails, "weeks": weeks}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--mails", type=int, default=100_000)
    parser.add_argument("--histories", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=5, help="how many disturbed runs")
    options = parser.parse_args()
    os.environ["BUILD"] = options.build
    failed = 0
    for name, part in PARTS.items():
        if options.only in (None, name):
            began = time.monotonic()
            try:
                said = part(options, random.Random(options.seed))
            except (AssertionError, subprocess.CalledProcessError) as error:
                said, failed = f"FAILED with seed {options.seed}: {error}", 1
            print(f"{name}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
