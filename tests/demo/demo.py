#!/usr/bin/env python3
"""Eight weeks of an invented onboarding team in about a minute: `make demo`, or tests/demo/demo.py build/usher.

Everything is real except the people and the calendar: a private Dovecot and Exim on loopback, TLS, the usher program,
its database on disk. `usher init --rehearsal` makes that database, and --now is its clock. The story is told in
scenes.py; between the scenes `usher run --once` comes round four times each working day. At the end the mailboxes are
compared with what the programme promises (promises.py), and the exit code says whether it was kept.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import sys

sys.dont_write_bytecode = True

from promises import check  # noqa: E402
from scenes import SCENES  # noqa: E402
from story import Story, harness  # noqa: E402


def play(story):
    story.prepare()
    story.live(SCENES)
    story.say("Eight weeks are over.")
    story.usher("board")
    story.usher("report", show=lambda out: out.partition("\nReplies by finding")[0])
    print("\n" + story.style("1", "checked:"))
    failures = check(story)
    kept = story.keep_mail()
    return failures, kept


def tidy(story, everything):
    """Stops the servers and removes what nobody needs to look at."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    story.rig.stop()
    if everything:
        shutil.rmtree(story.folder, ignore_errors=True)
        return
    for pattern in ("*.password", "ca.pem", "*.lock"):
        for path in story.folder.glob(pattern):
            path.unlink()


def leave(_number, _frame):
    raise KeyboardInterrupt


def farewell(story, kept):
    config, now = story.folder / "usher.conf", f"{story.now:%Y-%m-%dT%H:%M}"
    print(f"\n{story.runs} rounds of usher run --once. The servers are stopped and removed; what stays is")
    print(f"  {story.folder}/mail    the {kept} messages, a Maildir for each mailbox, an .eml for each message")
    print(f"  {story.folder}         configuration, sequences, templates and the database")
    print("Look at them with")
    print(f"  less {story.folder}/mail/kim@birch.example/inbox/cur/*")
    for words in ("show birch", "why ember", "log kestrel", "report"):
        print(f"  {os.path.relpath(story.program.binary)} {words} --config {config} --now {now}")


def main(words):
    if len(words) != 1:
        print("usage: demo.py PATH-OF-USHER", file=sys.stderr)
        return os.EX_USAGE
    binary = pathlib.Path(words[0]).resolve()
    missing = [path for path in (str(binary),) if not os.access(path, os.X_OK)]
    missing += harness.missing_programs("/usr/sbin/dovecot", "/usr/sbin/exim4")
    if missing:
        print(f"demo: {' and '.join(missing)} missing; `make demo` builds and installs what it needs", file=sys.stderr)
        return os.EX_UNAVAILABLE
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    story = Story(binary)
    everything = True
    try:
        failures, kept = play(story)
        everything = False
        farewell(story, kept)
        if failures:
            print(f"demo: {len(failures)} things are not as promised, see “checked:” above", file=sys.stderr)
        return 1 if failures else 0
    except (KeyboardInterrupt, BrokenPipeError):
        print("\ndemo: interrupted; everything is removed", file=sys.stderr)
        return 130
    except (AssertionError, OSError, RuntimeError) as error:
        everything = not (story.folder / "usher.db").exists()
        print(f"\ndemo: the story went wrong: {error}" + ("" if everything else f"\ndemo: {story.folder} is kept"), file=sys.stderr)
        return 1
    finally:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        tidy(story, everything)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
