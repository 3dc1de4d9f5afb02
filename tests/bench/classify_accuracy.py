#!/usr/bin/env python3
"""How well usher classify reads the labelled mails of suites/mail, and how fast.

    classify_accuracy.py [--misses] [--no-speed] [--json FILE]

Prints a confusion matrix, precision and recall of each class, permanent or temporary on the strict rows, the share of failed
recipients and status codes found, the share of reply texts trimmed as expected, and mails a second beside mailparser (only
where its packages are there: tests/bench/peers.sh install). Targets that are not met are named. `--misses` names the mails
behind every figure. Where the suites are absent it says so and ends well.
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / os.environ.get("BUILD", "build")
USHER = pathlib.Path(os.environ.get("USHER_BIN") or BUILD / "usher")
SPEED_LIMIT = 64 * 1024  # as in run.py

CLASS_OF = {"human_reply": "reply", "auto_reply": "auto_reply", "bounce_hard": "bounce", "bounce_soft": "bounce",
            "delayed": "delay", "delivered_receipt": "receipt", "mdn": "receipt", "challenge": "challenge",
            "complaint": "complaint", "calendar": "booking", "unsubscribe": "opt_out", "ordinary": "other"}
CLASSES = ("own", "bounce", "delay", "complaint", "receipt", "challenge", "auto_reply", "opt_out", "booking", "reply", "other")


def mail_folder():
    named = os.environ.get("USHER_SUITES")
    return (pathlib.Path(named) if named else ROOT.parent / "shared" / "suites") / "mail"


def read_rows(folder):
    rows = []
    lines = (folder / "labels.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        path, kind, _, _, detail = (line.split("\t") + [""] * 5)[:5]
        pairs = [part.partition("=") for part in detail.strip('"').split(";")]
        if (folder / path).is_file():
            rows.append({"path": path, "kind": kind, "detail": {key: value for key, _, value in pairs if key}})
    return rows


def classify(folder, rows):
    """One process for all: what a user would type."""
    ran = subprocess.run([str(USHER), "classify", "--json", "--"] + [row["path"] for row in rows], cwd=folder,
                         stdout=subprocess.PIPE, check=False)
    records = [json.loads(line) for line in ran.stdout.decode("utf-8").splitlines()]
    if ran.returncode or len(records) != len(rows):
        sys.exit(f"usher classify gave {len(records)} records for {len(rows)} mails, exit code {ran.returncode}")
    return records


class Figures:
    """Named shares, with the mails that fell short."""

    def __init__(self):
        self.shares = collections.OrderedDict()

    def count(self, name, right, row, note=""):
        share = self.shares.setdefault(name, {"right": 0, "all": 0, "misses": []})
        share["all"] += 1
        if right:
            share["right"] += 1
        else:
            share["misses"].append(f"{row['path']} {note}")

    def value(self, name):
        share = self.shares.get(name)
        return share["right"] / share["all"] if share and share["all"] else None


def expected_text(folder, detail):
    for key in ("trimmed", "trimmed_first_fragment"):
        if key in detail and (folder / detail[key]).is_file():
            return (folder / detail[key]).read_text(encoding="utf-8", errors="replace")
    return None


def same_lines(text):
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def addresses_of(detail):
    named = detail.get("dsn_rcpt") or detail.get("rcpt") or ""
    return {address.strip().lower() for address in named.replace("|", ",").split(",") if "@" in address}


def statuses_of(detail):
    """The status codes that the report itself gives; what a suite made up ("5.0.932") is none."""
    codes = [code.strip() for code in detail.get("dsn", "").replace("|", ",").split(",")]
    for part in detail.get("suite_rows", "").split("|"):
        code = part.split("/")[0]
        if code and not (code.count(".") == 2 and len(code.split(".")[2]) == 3 and code.split(".")[1] == "0"):
            codes.append(code)
    return {code for code in codes if code[:2] in ("2.", "4.", "5.") and code.count(".") == 2}


def class_of(row):
    """The class that a row asks for; a complaint that its suite calls an opt-out is the mail of a List-Unsubscribe link."""
    if row["kind"] == "complaint" and row["detail"].get("arf") == "opt-out":
        return "opt_out"
    return CLASS_OF.get(row["kind"])


def measure(folder, rows, records):
    figures, matrix = Figures(), collections.Counter()
    for row, record in zip(rows, records):
        kind, detail, got = row["kind"], row["detail"], record["class"]
        wanted = class_of(row)
        matrix[(kind, got)] += 1
        bounce = kind.startswith("bounce_")
        if wanted:
            figures.count(f"{kind} → {wanted}", got == wanted, row, f"{got} by {record['rule']}")
        if bounce and detail.get("strict") == "1":
            figures.count("strict: permanent or temporary", record["permanent"] is (kind == "bounce_hard"), row,
                          f"permanent={record['permanent']} status={record['status']}")
        if bounce and got == "bounce":
            found = {address.lower() for address in record["recipients"]}
            for address in sorted(addresses_of(detail)):
                figures.count("failed recipients found", address in found, row, f"{address} not in {sorted(found)}")
            if statuses_of(detail):
                figures.count("status codes found", record["status"] in statuses_of(detail), row,
                              f"{record['status']} for {sorted(statuses_of(detail))}")
        if kind in ("human_reply", "ordinary"):
            figures.count("no false opt-out", got != "opt_out", row)
            dead = got == "bounce" and record["reason"] in ("address_dead", "domain_dead")
            figures.count("no false suppression", not dead, row)
        text = expected_text(folder, detail)
        if text is not None:
            figures.count("reply text as expected", same_lines(text) == same_lines(record["text"]), row)
    for name in CLASSES:
        made = [(row, record) for row, record in zip(rows, records) if record["class"] == name and row["kind"] in CLASS_OF]
        for row, record in made:
            right = class_of(row) == name or (name == "bounce" and row["kind"] == "delayed")
            figures.count(f"precision of {name}", right, row, f"is {row['kind']}, by {record['rule']}")
        for row, record in zip(rows, records):
            if class_of(row) == name:
                figures.count(f"recall of {name}", record["class"] == name, row, f"{record['class']} by {record['rule']}")
    for row, record in zip(rows, records):
        if row["kind"] not in CLASS_OF:
            continue
        if row["kind"] == "human_reply":
            figures.count("replies not taken for something else", record["class"] == "reply", row, record["rule"])
        else:
            figures.count("others not taken for replies", record["class"] != "reply", row,
                          f"{row['kind']}, by {record['rule']}")
    return figures, matrix


TARGETS = (("recall of bounce", 0.99), ("precision of bounce", 0.99), ("strict: permanent or temporary", 0.98),
           ("recall of auto_reply", 0.97), ("no false opt-out", 1.0), ("no false suppression", 1.0),
           ("others not taken for replies", 0.995), ("replies not taken for something else", 0.995),
           ("reply text as expected", 0.90))


def print_matrix(matrix):
    used = [name for name in CLASSES if any(got == name for _, got in matrix)]
    print("kind \\ class".ljust(20) + "".join(name[:10].rjust(11) for name in used))
    for kind in sorted({kind for kind, _ in matrix}):
        print(kind.ljust(20) + "".join(str(matrix[(kind, name)] or ".").rjust(11) for name in used))


def speed(folder, rows):
    """Mails a second of ours and of the peer, in turns, medians of three; None for a peer that is not there."""
    sys.path.insert(0, str(HERE))
    import run  # pylint: disable=import-outside-toplevel

    ours, peer = [], []
    with tempfile.TemporaryDirectory() as work:
        listed = pathlib.Path(work) / "mails.txt"
        files = [folder / row["path"] for row in rows if 0 < (folder / row["path"]).stat().st_size <= SPEED_LIMIT]
        listed.write_text("\n".join(map(str, files)) + "\n", encoding="utf-8")
        for _ in range(3):
            ours.append(run.driver_json("classify", listed, 5)["mails_per_s"])
            peer.append(run.value_of(run.peer_json(HERE / "peers.sh", "node", "mailparser_lean.js", listed, 2),
                                     "mails_per_s"))
    return len(files), run.median(ours), run.median(peer)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="name the mails behind every figure")
    parser.add_argument("--no-speed", action="store_true", help="accuracy alone")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    folder = mail_folder()
    if not (folder / "labels.tsv").exists():
        print("bench-classify: skipped: suites/mail is not here (USHER_SUITES)")
        return 0
    rows = read_rows(folder)
    figures, matrix = measure(folder, rows, classify(folder, rows))
    print_matrix(matrix)
    print()
    for name, share in figures.shares.items():
        print(f"{name:42} {share['right']:5} of {share['all']:5}  {100 * share['right'] / share['all']:6.2f} %")
        for miss in share["misses"] if options.misses and not name.startswith(("recall", "replies not", "others not")) else ():
            print(f"    {miss}")
    print()
    for name, bar in TARGETS:
        reached = figures.value(name)
        if reached is not None and reached < bar:
            print(f"target not met: {name}: {100 * reached:.2f} %, wanted {100 * bar:g} %")
    if not options.no_speed:
        count, ours, peer = speed(folder, rows)
        beside = f", {ours / peer:.2f}x mailparser lean ({peer:,.0f}/s, parsing only)" if peer else ", no peer here"
        print(f"throughput: {count} mails up to {SPEED_LIMIT // 1024} KB, {ours:,.0f} mails/s on one core{beside}")
    if options.json:
        shares = {name: {"right": s["right"], "all": s["all"], "misses": s["misses"]} for name, s in figures.shares.items()}
        pathlib.Path(options.json).write_text(json.dumps(shares, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
