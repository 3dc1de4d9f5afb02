#!/usr/bin/env python3
"""The peer of importing: Python's csv and sqlite3, rows of 12 columns into one bare table, in one transaction.

    python_import.py --generate FILE [--rows 1000000]   writes the CSV file that usher and this script both read
    python_import.py FILE [--database FILE.db]          imports it, prints one line of JSON
"""

import argparse
import csv
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time

COLUMNS = ("account", "name", "plan", "region", "owner", "timezone", "forecast_mrr", "next_renewal", "bills_paid",
           "mrr_growth_mom", "priority", "credits_remaining")
NEW_CUSTOMERS = 1000  # the others have paid too many bills to be onboarded
PLANS = ("payg", "startup", "boost", "annual")
REGIONS = ("emea", "amer", "apac")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo")


def row(number):
    """Row number, the same on every machine; account names come in no order, as exports do."""
    mixed = (number * 2654435761) % 4294967296
    new = number < NEW_CUSTOMERS
    return (f"acc-{mixed:010d}", f"Company {number}", "payg" if new else PLANS[mixed % 4], REGIONS[mixed % 3], "ana",
            ZONES[mixed % 5], f"{mixed % 500000 / 100:.2f}", f"2027-{mixed % 12 + 1:02d}-{mixed % 28 + 1:02d}",
            0 if new else 4 + mixed % 20,
            f"{mixed % 300 / 100 - 1:.2f}", mixed % 3 + 1, mixed % 2000)


def generate(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(row(number) for number in range(rows))


def load(path, database_path):
    began = time.monotonic()
    database = sqlite3.connect(database_path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader)
        columns = ", ".join(f'"{name}"' for name in header)
        database.execute(f"CREATE TABLE account ({columns}, PRIMARY KEY (account)) WITHOUT ROWID")
        database.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(header))
        database.executemany(f"INSERT INTO account VALUES ({marks})", reader)
        database.execute("COMMIT")
    rows = database.execute("SELECT count(*) FROM account").fetchone()[0]
    seconds = time.monotonic() - began
    database.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"peer": "python csv + sqlite3", "rows": rows, "seconds": round(seconds, 3),
                      "rows_per_s": round(rows / seconds), "cpu_s": round(usage.ru_utime + usage.ru_stime, 3),
                      "rss_mb": usage.ru_maxrss // 1024}))


def main():
    parser = argparse.ArgumentParser(description="Imports a CSV file as plainly as Python can.")
    parser.add_argument("file")
    parser.add_argument("--generate", action="store_true", help="write the file instead of reading it")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database")
    options = parser.parse_args()
    if options.generate:
        generate(options.file, options.rows)
    elif options.database:
        load(options.file, options.database)
    else:
        with tempfile.TemporaryDirectory(prefix="usher-bench-") as folder:
            load(options.file, os.path.join(folder, "import.db"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
