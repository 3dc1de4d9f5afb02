"""The manual pages: as `man` shows them, and against the program they describe."""

import json
import pathlib
import re
import shutil
import subprocess
import unittest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
COMMON = {"config", "json", "now", "help"}


@unittest.skipUnless(shutil.which("man"), "man is not installed")
class Pages(unittest.TestCase):
    def test_to_their_end(self):
        """A word that is also a macro ("Bo", "Ao") ends a page there, with no more than a warning."""
        pages = sorted(DOCS.glob("*.[1-9]"))
        self.assertGreater(len(pages), 5)
        for page in pages:
            with self.subTest(page.name):
                shown = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True, text=True, timeout=60,
                                       env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "MANPAGER": "cat", "LANG": "C.UTF-8"}, check=False)
                self.assertEqual((shown.returncode, shown.stderr), (0, ""))
                titles = [line[4:] for line in page.read_text(encoding="utf-8").splitlines() if line.startswith(".Sh ")]
                self.assertIn(titles[-1].replace("\\(dq", ""), shown.stdout)

    def test_one_another(self):
        """Each page stands in usher(1)'s SEE ALSO, and what a page names exists."""
        pages = {page.name for page in DOCS.glob("*.[1-9]")}
        named = {}
        for page in pages:
            text = (DOCS / page).read_text(encoding="utf-8")
            named[page] = {f"{name}.{section}" for name, section in re.findall(r"^\.Xr (usher\S*) (\d)", text, re.M)}
            self.assertEqual(named[page] - pages, set(), page)
        see_also = (DOCS / "usher.1").read_text(encoding="utf-8").partition(".Sh SEE ALSO")[2]
        listed = {f"{name}.{section}" for name, section in re.findall(r"^\.Xr (usher\S*) (\d)", see_also, re.M)}
        self.assertEqual(listed, pages - {"usher.1"})


class Commands(harness.UsherTestCase):
    def test_those_of_the_page(self):
        """usher(1) has every command and every option of `usher COMMAND --help`, and no other."""
        shown = self.program.run("help").out
        commands = re.findall(r"^  ([a-z][a-z-]+) ", shown, re.M)
        page = (DOCS / "usher.1").read_text(encoding="utf-8")
        section = page[page.index("\n.Sh COMMANDS"):page.index("\n.Sh THE FIRST DAY")]
        described = {}
        for item in re.split(r"\n(?=\.It )", section):
            head = re.match(r"\.It (?:Xo\n\.)?(?:Xo )?Cm ([a-z-]+)", item)
            if head:
                described[head[1]] = described.get(head[1], "") + item
        self.assertEqual(sorted(commands), sorted(described))
        for command in commands:
            with self.subTest(command):
                options = set(re.findall(r"--([a-z][a-z-]*)", self.program.run(command, "--help").out))
                of_page = set(re.findall(r"Fl Fl ([a-z][a-z-]*)", described[command]))
                self.assertEqual(options - COMMON, of_page - COMMON)

    def test_help_at_80_columns(self):
        shown = self.program.run("help").out.splitlines()
        self.assertEqual([line for line in shown if len(line) > 80], [])
        titles = [line for before, line in zip(shown, shown[1:]) if not before and not line.startswith(("usage:", "`"))]
        self.assertEqual((len(titles), titles[0]), (10, "Setting up"))


def recorded_kinds():
    """The kinds that the code gives to an event, by itself or through a function that records one of that kind."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "mailer").glob("**/*.c")]
    function = re.compile(r"^(\w+)\(([^)]*)const char \*kind[^)]*\)\n\{(.*?)^\}", re.M | re.S)
    shared = {"view_record", "cli_act", "drafting_record", "service_act", "ledger_record"}
    position = {match[1]: match[2].count(",") for text in sources for match in function.finditer(text) if match[1] in shared}
    kinds = set()
    for text in sources:
        given = re.findall(r"struct event \w+ = \{[^;]*?\.kind = ([^,}]*)", text)
        own = {match[1]: match[2].count(",") for match in function.finditer(text)
               if re.search(r"struct event \w+ = \{[^;]*\.kind = kind", match[3])}
        for name, before in {**position, **own}.items():
            given += re.findall(rf'\b{name}\((?:[^,;"]*,){{{before}}}([^,;]*),', text)
        for expression in given:
            if ")" not in expression:
                kinds.update(re.findall(r'"([a-z_]+)"', expression))
    return kinds


class Events(harness.UsherTestCase):
    def test_kinds(self):
        """usher-events(7) has the kinds that the code records, that `usher log` has words for, and no other."""
        page = (DOCS / "usher-events.7").read_text(encoding="utf-8")
        described = {word for line in re.findall(r"^\.It Li (.*)$", page, re.M) for word in line.split() if word != ","}
        words = (ROOT / "mailer" / "cli" / "event_words.c").read_text(encoding="utf-8")
        self.assertEqual(described, set(re.findall(r'^    \{"([a-z_]+)",', words, re.M)))
        recorded = recorded_kinds()
        self.assertGreater(len(recorded), 40)
        self.assertEqual(recorded - described, set())
        elsewhere = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "mailer").glob("**/*.c")
                            if path.name != "event_words.c")
        self.assertEqual({kind for kind in described if f'"{kind}"' not in elsewhere}, set())

    def test_kinds_of_the_demo(self):
        made = self.program.run("init", "--demo")
        self.assertEqual(made.code, 0, made)
        page = (DOCS / "usher-events.7").read_text(encoding="utf-8")
        kinds = {json.loads(line)["kind"] for line in self.program.run("log", "--json").out.splitlines()}
        self.assertGreater(len(kinds), 15)
        self.assertEqual({kind for kind in kinds if not re.search(rf"^\.It Li .*\b{kind}\b", page, re.M)}, set())


class FirstSteps(harness.UsherTestCase):
    def test_check_says_what_is_next(self):
        """Of a new place: first the password that is missing, once; of an invented one, nothing to import."""
        self.assertEqual(self.program.run("init").code, 0)
        checked = self.program.run("check")
        self.assertEqual((checked.code, checked.err.count("ana.password")), (78, 1), checked)
        self.assertIn("make the file", checked.err)
        self.assertRegex(checked.out, r"--  next: mend .*usher\.conf")


if __name__ == "__main__":
    unittest.main()
