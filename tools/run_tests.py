#!/usr/bin/env python3
"""Runs the tests: a unit test program for every tests/unit/*.c, and every tests/e2e/test_*.py.

    tools/run_tests.py [--build build] [--jobs 2] [--limit 120] [--only WORD] [--valgrind] [NAME...]

A NAME is a unit test (wire_smtp) or an end-to-end file (test_story.py); without one all run, two at a time. Whatever
they print goes to BUILD/check.log; here stand one line a program, the name of every failure with the end of its output,
the name of every skip with its reason, and last of all `N passed, N failed, N skipped`. The exit code is 1 when one
failed or none passed. A program that crashes, hangs beyond the limit, or ends before its plan counts as failed.
"""

import argparse
import concurrent.futures
import importlib.util
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHOWN_LINES = 40
VALGRIND = ["valgrind", "-q", "--error-exitcode=9", "--leak-check=no", f"--suppressions={ROOT}/tools/valgrind.supp"]
UNKNOWN_TO_VALGRIND = {"service_hooks"}  # it has no pidfd_open(2): run as they are


# ---------------------------------------------------------------------------------------------------------------
# TAP, the one language both kinds of test speak
# ---------------------------------------------------------------------------------------------------------------

class Outcome:
    """What one program said: counts, and the names of what did not simply pass."""

    def __init__(self, name):
        self.name = name
        self.passed = 0
        self.failures = []
        self.skips = []
        self.planned = None
        self.text = ""
        self.seconds = 0.0

    def read(self, text):
        self.text = text
        for line in text.splitlines():
            if match := re.fullmatch(r"1\.\.(\d+)(?:\s*#.*)?", line):
                self.planned = int(match[1])
            elif match := re.match(r"(not )?ok\b\s*\d*\s*(?:- )?(.*)$", line):
                name, _, directive = match[2].partition(" # ")
                if match[1]:
                    self.failures.append(name.strip() or "a test")
                elif directive.upper().startswith("SKIP"):
                    self.skips.append((name.strip(), directive[4:].strip(" :")))
                else:
                    self.passed += 1
            elif line.startswith("Bail out!") and not self.failures:
                self.failures.append(line[len("Bail out!"):].strip() or "bailed out")

    @property
    def seen(self):
        return self.passed + len(self.failures) + len(self.skips)

    def judge(self, code, limit_s, timed_out):
        """Adds the failures a program cannot report itself."""
        if timed_out:
            self.failures.append(f"stopped after {limit_s:g} s, in the test after the last one named in the log")
        elif code != 0 and not self.failures:
            died = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            self.failures.append(f"ended with {died}")
        elif code == 0 and not self.failures and self.planned is None:
            self.failures.append("printed no test plan")
        elif code == 0 and not self.seen:
            self.failures.append("holds no test")
        if self.planned is not None and self.seen < self.planned:
            missing = self.planned - self.seen
            text = f"{missing} of {self.planned} tests did not run"
            if self.failures:
                self.failures[-1] += f" ({text})"
            else:
                self.failures.append(text)


def run_program(name, words, limit_s, environment):
    outcome = Outcome(name)
    began = time.monotonic()
    try:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   cwd=ROOT, env=environment, start_new_session=True)
    except OSError as error:
        outcome.failures.append(f"cannot be started: {error.strerror}")
        return outcome

    # A child that escaped may hold the pipe open for ever: read in a thread, and do not wait for it beyond the end.
    chunks = []
    reader = threading.Thread(target=lambda: chunks.extend(iter(lambda: process.stdout.read1(65536), b"")), daemon=True)
    reader.start()
    timed_out = False
    try:
        process.wait(timeout=limit_s)
    except subprocess.TimeoutExpired:
        timed_out = True
    try:
        os.killpg(process.pid, signal.SIGKILL)  # what it left behind, itself included when it hangs
    except ProcessLookupError:
        pass
    code = process.wait()
    reader.join(timeout=5)
    outcome.seconds = time.monotonic() - began
    outcome.read(b"".join(chunks).decode("utf-8", errors="replace"))
    outcome.judge(code, limit_s, timed_out)
    return outcome


# ---------------------------------------------------------------------------------------------------------------
# The inner side: one Python file of tests, told as TAP
# ---------------------------------------------------------------------------------------------------------------

class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.failed_subtests = []

    def say(self, verdict, test, directive=""):
        self.number += 1
        # A class that fails or is skipped whole is called "setUpClass (module.Class)".
        whole = re.fullmatch(r"(\w+) \((?:\w+\.)?(.+)\)", test.id())
        name = f"{whole[2]} ({whole[1]})" if whole else test.id().partition(".")[2]
        print(f"{verdict} {self.number} {name}{directive}", flush=True)

    def explain(self, test, error):
        for line in self._exc_info_to_string(error, test).splitlines():
            print(f"# {line}")

    def startTest(self, test):
        super().startTest(test)
        self.failed_subtests = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.explain(test, err)
        self.say("not ok", test)

    def addError(self, test, err):
        super().addError(test, err)
        self.explain(test, err)
        self.say("not ok", test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.explain(test, err)
            self.failed_subtests.append(subtest)

    def stopTest(self, test):
        if self.failed_subtests:
            self.say("not ok", test, "".join(f" {subtest._subDescription()}" for subtest in self.failed_subtests[:3]))
        super().stopTest(test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.say("ok", test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        print("# succeeded, and was expected to fail")
        self.say("not ok", test)


def run_file(path):
    """Runs the tests of one Python file in this process and prints TAP. A class that is skipped whole is one skip."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(path.parent))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    result = TapResult()
    suite.run(result)
    print(f"1..{result.number}")
    return 0 if result.wasSuccessful() else 1


# ---------------------------------------------------------------------------------------------------------------
# The outer side
# ---------------------------------------------------------------------------------------------------------------

def collect(options):
    """(name, command line) of every program, the long ones first."""
    programs = []
    for path in sorted((ROOT / "tests" / "e2e").glob("test_*.py")) if not options.valgrind else []:
        programs.append((path.name, [sys.executable, str(ROOT / "tools" / "run_tests.py"), "--file", str(path)]))
    for source in sorted((ROOT / "tests" / "unit").glob("*.c")):
        under = VALGRIND if options.valgrind and source.stem not in UNKNOWN_TO_VALGRIND else []
        programs.append((source.stem, [*under, str(options.build / "tests" / source.stem), "--tap"]))
    if options.names:
        known = {name for name, _ in programs}
        for name in options.names:
            if name not in known:
                sys.exit(f"run_tests: no test named {name}")
        programs = [program for program in programs if program[0] in options.names]
    if options.only:
        programs = [program for program in programs if options.only in program[0]]
    return programs


def report(outcome, log):
    count = outcome.seen
    verdict = "FAIL" if outcome.failures else "ok  "
    print(f"{verdict} {outcome.name} ({count} tests, {outcome.seconds:.1f} s)")
    for name, reason in outcome.skips:
        print(f"     skipped {name}: {reason or 'no reason given'}")
    for name in outcome.failures:
        print(f"     failed {name}")
    if outcome.failures:
        shown = [line for line in outcome.text.splitlines() if not re.match(r"ok\b", line)]
        for line in shown[-SHOWN_LINES:]:
            print(f"     | {line}")
    sys.stdout.flush()
    log.write(f"===== {outcome.name}\n{outcome.text}\n")
    log.flush()


def main():
    parser = argparse.ArgumentParser(description="Runs the unit and the end-to-end tests.")
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a program may take")
    parser.add_argument("--only", help="programs whose name contains this")
    parser.add_argument("--valgrind", action="store_true", help="the unit tests alone, under Valgrind")
    parser.add_argument("--log", type=pathlib.Path)
    parser.add_argument("--file", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    if options.file:
        return run_file(options.file.resolve())

    os.chdir(ROOT)
    options.build = options.build.resolve()
    environment = dict(os.environ, BUILD=str(options.build), LC_ALL="C.UTF-8", G_DEBUG="")
    if options.valgrind:
        environment["USHER_VALGRIND"] = "1"
    programs = collect(options)
    log_path = options.log or options.build / "check.log"
    log_path.parent.mkdir(parents=True, exist_ok=True)
    passed = failed = skipped = 0
    failures = []
    with open(log_path, "w", encoding="utf-8") as log, \
            concurrent.futures.ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        running = [pool.submit(run_program, name, words, options.limit, environment) for name, words in programs]
        for future in concurrent.futures.as_completed(running):
            outcome = future.result()
            report(outcome, log)
            passed += outcome.passed
            failed += len(outcome.failures)
            skipped += len(outcome.skips)
            failures += [f"{outcome.name}: {name}" for name in outcome.failures]
    total = f"{passed} passed, {failed} failed, {skipped} skipped"
    with open(log_path, "a", encoding="utf-8") as log:
        log.write(total + "\n")
    for failure in failures:
        print(f"failed: {failure}")
    print(f"everything the tests printed: {os.path.relpath(log_path, ROOT)}")
    print(total)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
