#!/usr/bin/env python3
"""Measures usher beside its peers, in the same run, in turns, and prints medians.

    run.py [--only send,import,views,rules,render,classify] [--count 4000] [--rows 200000] [--rounds 3] [--json FILE]

`tests/bench/peers.sh install` fetches the peers; a peer that is not there leaves its cell empty. The figures depend on the
machine and on what else it does, the ratios much less. A bar that is not met is told, and is no failure of this program.
"""

import argparse
import csv
import json
import os
import pathlib
import platform
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

import python_import

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
USHER = pathlib.Path(os.environ.get("USHER_BIN") or ROOT / os.environ.get("BUILD", "build") / "usher")
BUILD = USHER.parent
PEERS = HERE / "peers.sh"
SPECIALISTS = ("ana", "ben", "cem", "dia")
ARCHIVES = ("service", "pipeline", "compose", "outbox", "inbox", "accounts", "store", "wire", "liquid", "base")
PACKAGES = ("glib-2.0", "gio-2.0", "gio-unix-2.0", "gmime-3.0", "openssl", "sqlite3", "jansson", "libcmark", "libsystemd",
            "libconfuse", "libseccomp")
LIBRARIES = ("-lesmtp", "-letpan", "-lcsv", "-lm")
MAIL_LIMIT = 64 * 1024


class BenchError(Exception):
    """A measurement that could not be made."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------------------------------------------------------
# Rows of the table
# ---------------------------------------------------------------------------------------------------------------

class Row:
    """One line: what was done, usher's and the peer's figure, the bar.

    bar_ratio: how many times the peer usher must be. at_least, at_most: in the unit of the figure. better says whether
    more or less of the unit is better."""

    def __init__(self, work, unit, usher, peer=None, peer_name="", bar_ratio=None, at_least=None, at_most=None):
        self.work, self.unit, self.usher, self.peer, self.peer_name = work, unit, usher, peer, peer_name
        self.bar_ratio, self.at_least, self.at_most = bar_ratio, at_least, at_most

    @property
    def ratio(self):
        return self.usher / self.peer if self.peer else None

    @property
    def met(self):
        """True, False, or None when there is no bar or the peer is missing."""
        checks = []
        if self.bar_ratio is not None:
            if self.ratio is None:
                return None
            checks.append(self.ratio >= self.bar_ratio)
        if self.at_least is not None:
            checks.append(self.usher >= self.at_least)
        if self.at_most is not None:
            checks.append(self.usher <= self.at_most)
        return all(checks) if checks else None

    def cells(self):
        bars = []
        if self.bar_ratio is not None:
            bars.append(f">= {self.bar_ratio:g}x")
        if self.at_least is not None:
            bars.append(f">= {figure(self.at_least)}")
        if self.at_most is not None:
            bars.append(f"<= {figure(self.at_most)}")
        return [f"{self.work} ({self.unit})", figure(self.usher), figure(self.peer), self.peer_name,
                f"{self.ratio:.2f}x" if self.ratio else "", ", ".join(bars),
                {True: "met", False: "NOT MET", None: "-"}[self.met]]

    def as_json(self):
        return {"work": self.work, "unit": self.unit, "usher": self.usher, "peer": self.peer, "peer_name": self.peer_name,
                "ratio": self.ratio, "bar_ratio": self.bar_ratio, "at_least": self.at_least, "at_most": self.at_most,
                "met": self.met}


def figure(value):
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def print_table(rows):
    lines = [["work", "usher", "peer", "", "ratio", "bar", ""]] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


# ---------------------------------------------------------------------------------------------------------------
# Running things
# ---------------------------------------------------------------------------------------------------------------

def usher(folder, *words):
    """Runs a command of usher in folder; its standard output."""
    done = subprocess.run([str(USHER), *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise BenchError(f"usher {' '.join(words[:3])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


def reap(process, word):
    """Waits for a child; what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BenchError(f"{word} failed with {process.returncode}")
    return usage


def measured(folder, *words):
    """Runs a command of usher; seconds, seconds of processor, MB."""
    began = time.monotonic()
    process = subprocess.Popen([str(USHER), *words], cwd=folder, stdout=subprocess.DEVNULL)
    usage = reap(process, f"usher {words[0]}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def peer_json(*words):
    """The line of JSON a peer prints, or None when the peer is not there or fails."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout)
    say(f"{words[0]} {words[1] if len(words) > 1 else ''}: left out: {done.stderr.strip()[-300:]}")
    return None


def value_of(answer, key):
    return answer[key] if answer else None


def built(name):
    """The program NAME_bench of this folder, compiled when it is older than what it is made of."""
    program, source = BUILD / "bench" / f"{name}_bench", HERE / f"{name}_bench.c"
    archives = [BUILD / f"{archive}.a" for archive in ARCHIVES]
    program.parent.mkdir(parents=True, exist_ok=True)
    newest = max(path.stat().st_mtime for path in [source, USHER, *archives])
    if program.exists() and program.stat().st_mtime > newest:
        return program
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *PACKAGES], stdout=subprocess.PIPE, text=True, check=True)
    words = ["gcc", "-std=gnu17", "-O2", f"-I{ROOT}/mailer", "-o", str(program), str(source), "-Wl,--start-group",
             *map(str, archives), "-Wl,--end-group", *flags.stdout.split(), *LIBRARIES]
    if subprocess.run(words).returncode != 0:
        raise BenchError(f"{source.name} does not compile")
    return program


def driver_json(name, *words):
    done = subprocess.run([str(built(name)), *map(str, words)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise BenchError(f"{name}_bench failed")
    return json.loads(done.stdout)


def wait_until(predicate, what, limit_s=600.0, pause_s=0.02):
    deadline = time.monotonic() + limit_s
    while not predicate():
        if time.monotonic() > deadline:
            raise BenchError(f"after {limit_s:g} s still waiting for {what}")
        time.sleep(pause_s)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sink:
    """Postfix's smtp-sink for the time of a with block."""

    def __init__(self, folder):
        self.port, self.output = free_port(), pathlib.Path(folder, "sink.out")

    def answers(self):
        if self.process.poll() is not None:
            raise BenchError("smtp-sink did not start; run tests/bench/peers.sh install")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([str(PEERS), "sink", str(self.port)], stdout=output)
        try:
            wait_until(self.answers, "smtp-sink", 10)
        except BenchError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *ignored):
        self.process.terminate()
        self.process.wait()

    def messages(self):
        """How many it has taken since it started."""
        counts = re.findall(rb"mesg=(\d+)", self.output.read_bytes()[-200:])
        return int(counts[-1]) if counts else 0


# ---------------------------------------------------------------------------------------------------------------
# A database to work on
# ---------------------------------------------------------------------------------------------------------------

def make_folder(parent, name, port=25):
    """A team of four with a mailbox each, on loopback, with the sequences and templates that usher ships."""
    folder = pathlib.Path(parent, name)
    folder.mkdir()
    lines = ['database = "usher.db"', 'sequences = {"onboarding"}',
             'team { name = "Onboarding" company = "Example" timezone = "UTC" booking_link = "https://example.com/book"'
             ' help_link = "https://example.com/help" failsafe = "ana" }',
             'window { days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"} from = "00:00" to = "23:59" }']
    for name in SPECIALISTS:
        lines.append(f'mailbox {name} {{ smtp = "smtp+plain://127.0.0.1:{port}" imap = "imap+plain://127.0.0.1:143"'
                     f' sent_copy = "none" plus_addressing = true }}')
        lines.append(f'specialist {name} {{ name = "{name.title()} Ruiz" address = "{name}@team.example" mailbox = "{name}" }}')
    (folder / "usher.conf").write_text("\n".join(lines) + "\n")
    usher(folder, "init", ".")
    return folder


def query(folder, sql):
    with sqlite3.connect(f"file:{folder}/usher.db?mode=ro", uri=True) as database:
        return database.execute(sql).fetchone()[0]


def peak_mb(process):
    """The most memory it has used so far. What wait4() tells would be this program's own: a child begins with its memory."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def run_worker_until(folder, words, sql, what):
    """Starts worker processes and waits until sql gives 0: the seconds, what each process used, and its memory in MB."""
    database = sqlite3.connect(f"file:{folder}/usher.db?mode=ro", uri=True)
    began = time.monotonic()
    with open(pathlib.Path(folder, "workers.log"), "ab") as log:
        workers = [subprocess.Popen([str(USHER), "worker", *word, "--config", "usher.conf"], cwd=folder, stderr=log)
                   for word in words]

    def done():
        if any(worker.poll() is not None for worker in workers):
            raise BenchError(f"a worker ended; see {folder}/workers.log")
        return database.execute(sql).fetchone()[0] == 0

    try:
        wait_until(done, what, 1800)
        seconds = time.monotonic() - began
        peaks = [peak_mb(worker) for worker in workers]
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        usage = [reap(worker, "a worker") for worker in workers]
        database.close()
    return seconds, usage, peaks


PENDING = ("SELECT EXISTS (SELECT 1 FROM account WHERE dirty) OR EXISTS (SELECT 1 FROM account WHERE evaluate_at <="
           " CAST(unixepoch() AS INTEGER) * 1000000) OR EXISTS (SELECT 1 FROM step WHERE state = 'wanted')")


def tick_until_done(folder):
    return run_worker_until(folder, [["tick"]], PENDING, "the tick")


# ---------------------------------------------------------------------------------------------------------------
# send
# ---------------------------------------------------------------------------------------------------------------

def prepare_mails(folder, number):
    """Accounts with one contact each, and a draft for every one of them."""
    with open(folder / "accounts.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("account", "name", "plan", "region", "timezone", "owner", "forecast_mrr", "next_renewal", "bills_paid",
                         "first_bill_on", "replay_projects", "replay_projects_without_controls", "forecast_replay", "recordings_30d",
                         "recordings_short_30d"))
        writer.writerows((f"acc-{i}", f"Company {i}", "payg", "emea", "UTC", SPECIALISTS[i % 4], f"{200 + i % 700}.50",
                          "2027-12-15", 0, "2027-12-15", 3, 2, 120 + i % 300, 9000 + i, 3000 + i % 100) for i in range(number))
    with open(folder / "contacts.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("account", "email", "first_name", "last_name", "role"))
        writer.writerows((f"acc-{i}", f"lee{i}@c{i}.example", "Lee", "Byron", "owner") for i in range(number))
    usher(folder, "import", "accounts.csv")
    usher(folder, "import", "contacts.csv")
    tick_until_done(folder)
    return [json.loads(line)["draft"] for line in usher(folder, "drafts", "--json").splitlines()]


def approve(folder, drafts):
    for first in range(0, len(drafts), 1000):
        usher(folder, "approve", *map(str, drafts[first:first + 1000]))
    not_queued = query(folder, "SELECT count(*) FROM message WHERE state <> 'queued' AND state <> 'sent' AND approved_at > 0")
    if not_queued:
        raise BenchError(f"{not_queued} drafts were approved and are not queued")


def send_round(folder, sink, count):
    before = sink.messages()
    words = [["send", name] for name in SPECIALISTS]
    seconds, usage, peaks = run_worker_until(folder, words, "SELECT EXISTS (SELECT 1 FROM delivery WHERE state IN ('queued', 'deferred'))"
                                      " OR EXISTS (SELECT 1 FROM delivery WHERE state = 'claimed' OR state = 'transmitting' OR state = 'unknown')",
                                      "the outbox to be empty")
    if sink.messages() - before != count:
        raise BenchError(f"smtp-sink took {sink.messages() - before} mails, not {count}")
    return {"msgs_per_s": count / seconds,
            "cpu_s_per_1000": sum(u.ru_utime + u.ru_stime for u in usage) / count * 1000,
            "rss_mb": max(peaks)}


def bench_send(options, work):
    with Sink(work) as sink:
        folder = make_folder(work, "send", sink.port)
        say(f"send: preparing {options.count} drafts a round")
        drafts = prepare_mails(folder, options.count * options.rounds)
        size = len(usher(folder, "preview", "--eml", "acc-0").encode())
        ours, bare, journal = [], [], []
        node = (PEERS, "node", "nodemailer_send.js", "--port", sink.port, "--count", options.count)
        for number in range(options.rounds):
            approve(folder, drafts[number * options.count:(number + 1) * options.count])
            ours.append(send_round(folder, sink, options.count))
            journal.append(peer_json(*node, "--journal", work / "journal.db"))
            bare.append(peer_json(*node))
            say(f"send, round {number + 1}: usher {ours[-1]['msgs_per_s']:.0f}/s, nodemailer with journal "
                f"{value_of(journal[-1], 'msgs_per_s')}/s, without {value_of(bare[-1], 'msgs_per_s')}/s")

    def middle(rounds, key):
        return median([value_of(one, key) for one in rounds])

    title = f"send {options.count} mails of {size} bytes, 4 connections"
    return [Row(title, "mails/s", middle(ours, "msgs_per_s"), middle(journal, "msgs_per_s"), "nodemailer + SQLite journal",
                bar_ratio=2.5),
            Row("the same, peer without journal", "mails/s", middle(ours, "msgs_per_s"), middle(bare, "msgs_per_s"), "nodemailer"),
            Row("processor, all senders", "s/1000 mails", middle(ours, "cpu_s_per_1000"), middle(journal, "cpu_s_per_1000"),
                "nodemailer + SQLite journal", at_most=0.15),
            Row("memory, largest sender", "MB", middle(ours, "rss_mb"), middle(journal, "rss_mb"), "nodemailer + SQLite journal",
                at_most=32)]


# ---------------------------------------------------------------------------------------------------------------
# import, and what a large database costs
# ---------------------------------------------------------------------------------------------------------------

def change_some(source, target, every=100):
    """The same file with another forecast in one row of a hundred."""
    with open(source, newline="", encoding="utf-8") as old, open(target, "w", newline="", encoding="utf-8") as new:
        reader, writer = csv.reader(old), csv.writer(new)
        header = next(reader)
        writer.writerow(header)
        column = header.index("forecast_mrr")
        for number, row in enumerate(reader):
            if number % every == 0:
                row[column] = f"{float(row[column]) + 1:.2f}"
            writer.writerow(row)


def import_file(work, rows):
    path = work / "accounts.csv"
    if not path.exists():
        say(f"writing {rows} rows")
        python_import.generate(path, rows)
    return path


def bench_import(options, work):
    path = import_file(work, options.rows)
    ours, again, peer, memory = [], [], [], []
    for number in range(options.rounds):
        folder = make_folder(work, f"import-{number}")
        seconds, _, megabytes = measured(folder, "import", str(path))
        ours.append(options.rows / seconds)
        memory.append(megabytes)
        again.append(options.rows / measured(folder, "import", str(path))[0])
        peer.append(value_of(peer_json(sys.executable, HERE / "python_import.py", path, "--database", work / f"peer-{number}.db"),
                             "rows_per_s"))
        say(f"import, round {number + 1}: usher {ours[-1]:.0f}/s, python {peer[-1]}/s")
        for leftover in [*folder.glob("usher.db*"), *work.glob(f"peer-{number}.db*")]:
            leftover.unlink()
    name = "python csv + sqlite3, bare table"
    return [Row(f"import {options.rows} new accounts", "accounts/s", median(ours), median(peer), name, at_least=100_000),
            Row("import the same file again", "accounts/s", median(again)),
            Row("memory of the import", "MB", median(memory))]


def large_folder(options, work):
    """A database of many accounts that the tick has looked at once; the seconds that took. Kept for both works that use it."""
    folder = work / "large"
    if not folder.exists():
        path = import_file(work, options.rows)
        make_folder(work, "large")
        with open(folder / "contacts.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("account", "email", "first_name", "role"))
            writer.writerows((python_import.row(i)[0], f"lee{i}@c{i}.example", "Lee", "owner")
                             for i in range(min(options.rows, python_import.NEW_CUSTOMERS)))
        usher(folder, "import", str(path))
        usher(folder, "import", "contacts.csv")
        say(f"first evaluation of {options.rows} accounts")
        (folder / "evaluation").write_text(str(tick_until_done(folder)[0]))
    return folder, float((folder / "evaluation").read_text())


def bench_rules(options, work):
    folder, seconds = large_folder(options, work)
    rows = [Row(f"evaluate all rules of {options.rows} new accounts", "accounts/s", options.rows / seconds, at_least=1_000_000 / 60)]
    idle = [driver_json("tick", folder / "usher.conf", 2000)["ms_per_round"] for _ in range(options.rounds)]
    rows.append(Row(f"tick, nothing due of {options.rows} accounts", "ms", median(idle), at_most=1))
    change_some(import_file(work, options.rows), work / "changed.csv")
    began = time.monotonic()
    usher(folder, "import", str(work / "changed.csv"))
    imported = time.monotonic()
    tick_until_done(folder)
    rows.append(Row("import it again, 1 % changed", "accounts/s", options.rows / (imported - began)))
    rows.append(Row("evaluate that 1 %", "s per 1,000,000 accounts", (time.monotonic() - imported) / options.rows * 1_000_000,
                    at_most=5))
    return rows


def bench_views(options, work):
    folder, _ = large_folder(options, work)
    account = python_import.row(0)[0]
    rows = []
    for words, limit_ms in ((["preview", account], 30), (["show", account], 30), (["daily"], 100), (["board"], None)):
        seconds = [measured(folder, *words)[0] * 1000 for _ in range(5 * options.rounds)]
        rows.append(Row(f"{words[0]} with {options.rows} accounts, cold process", "ms", median(seconds), at_most=limit_ms))
    return rows


# ---------------------------------------------------------------------------------------------------------------
# render, classify
# ---------------------------------------------------------------------------------------------------------------

def bench_render(options, work):
    del work
    template, data = HERE / "outreach.liquid", HERE / "outreach.json"
    ours, peer = [], []
    for _ in range(options.rounds):
        ours.append(driver_json("render", template, data, 100_000)["renders_per_s"])
        peer.append(value_of(peer_json(PEERS, "node", "liquidjs_render.js", template, data, 20_000), "renders_per_s"))
    return [Row(f"render a template of {template.stat().st_size} bytes", "renders/s", median(ours), median(peer), "liquidjs",
                bar_ratio=20)]


def mail_files():
    named = os.environ.get("USHER_SUITES")
    suites = pathlib.Path(named) if named else ROOT.parent / "shared" / "suites"
    labels = suites / "mail" / "labels.tsv"
    if not labels.exists():
        return []
    paths = [suites / "mail" / line.split("\t")[0] for line in labels.read_text(encoding="utf-8").splitlines()]
    return [path for path in paths if path.is_file() and 0 < path.stat().st_size <= MAIL_LIMIT]


def bench_classify(options, work):
    files = mail_files()
    if not files:
        say("classify: left out: there is no mail suite (USHER_SUITES)")
        return []
    listed = work / "mails.txt"
    listed.write_text("\n".join(map(str, files)) + "\n", encoding="utf-8")
    ours, peer = [], []
    for _ in range(options.rounds):
        ours.append(driver_json("classify", listed, 5)["mails_per_s"])
        peer.append(value_of(peer_json(PEERS, "node", "mailparser_lean.js", listed, 2), "mails_per_s"))
    return [Row(f"parse and classify {len(files)} mails", "mails/s", median(ours), median(peer), "mailparser lean, parse only",
                bar_ratio=4)]


WORKS = {"send": bench_send, "import": bench_import, "rules": bench_rules, "views": bench_views, "render": bench_render,
         "classify": bench_classify}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(WORKS), help="works, separated by commas")
    parser.add_argument("--count", type=int, default=4000, help="mails a round")
    parser.add_argument("--rows", type=int, default=200_000, help="accounts in the large database")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", metavar="FILE", help="write the rows there, too")
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    unknown = [name for name in wanted if name not in WORKS]
    if unknown or options.count < 1 or options.rows < 100 or options.rounds < 1:
        parser.error(f"works are {', '.join(WORKS)}; at least 1 mail, 100 rows, 1 round")
    if not os.access(USHER, os.X_OK):
        parser.error(f"{USHER} is not built")
    rows, failed = [], False
    with tempfile.TemporaryDirectory(prefix="usher-bench-", dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        for name in wanted:
            try:
                rows += WORKS[name](options, pathlib.Path(folder))
            except BenchError as error:
                say(f"{name}: {error}")
                failed = True
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.platform()}, medians of {options.rounds} rounds")
    print_table(rows)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps([row.as_json() for row in rows], indent=1) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
