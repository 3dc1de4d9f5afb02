"""`usher lint` over files and over a whole configuration, and what lint says and stops in preview and approve."""

import re

import harness

NOW = ("--now", "2027-03-01T10:00")
FOUND, DATA, NO_INPUT, UNAVAILABLE = 1, 65, 66, 69

BAD = """Subject: Following up
Thread: new

{% assign unused = 1 %}
Hi {{ first_name | default: "there" }},

I hope this finds
you well \u2014 see http://docs.example/a, {{ forcast_mrr }}.
"""


class Lint(harness.UsherTestCase):
    def setUp(self):
        super().setUp()
        self.usher("init", "--rehearsal")
        self.config = (self.folder / "usher.conf").read_text(encoding="utf-8")

    def lint(self, *words, code=0):
        """[(file, line, level, rule), …]"""
        lines = self.usher("lint", "--json", *words, code=code).json
        self.assertTrue(all(set(line) == {"file", "line", "level", "rule", "message", "hint"} for line in lines), lines)
        return [(line["file"], line["line"], line["level"], line["rule"]) for line in lines]

    def test_shipped(self):
        """Everything that init writes is clean, with and without a configuration."""
        self.assertEqual(self.lint(), [])
        self.assertRegex(self.usher("lint").out, r"\A\d+ files: 0 errors, 0 warnings\n\Z")
        for name in ("usher.conf", "usher.db"):
            (self.folder / name).unlink()
        files = [str(path.relative_to(self.folder)) for folder in ("templates", "sequences")
                 for path in sorted((self.folder / folder).rglob("*.*")) if path.suffix != ".txt"]
        self.assertGreater(len(files), 5)
        self.assertEqual(self.lint(*files), [])
        self.usher_fails(NO_INPUT, r"usher\.conf", "lint")

    def test_lines(self):
        self.write("templates/bad.md", BAD)
        path = "templates/bad.md"
        expected = [(path, 1, "error", "subject_generic"), (path, 4, "warning", "variable_unused"), (path, 7, "error", "phrase"),
                    (path, 8, "error", "variable_unknown"), (path, 8, "error", "dash"), (path, 8, "error", "link_https")]
        self.assertEqual(self.lint(path, code=FOUND), expected)
        text = self.usher("lint", path, code=FOUND).out
        self.assertRegex(text, r'(?m)^templates/bad\.md:8: error: unknown variable "forcast_mrr"; nearest is "forecast_mrr" \(variable_unknown\): ')
        self.assertRegex(text, r"\n1 file: 5 errors, 1 warning\n\Z")
        self.assertEqual([line[1:] for line in self.lint(code=FOUND)], [line[1:] for line in expected])

    def test_levels(self):
        self.write("templates/bad.md", BAD)
        self.write("usher.conf", self.config + 'lint {\n  subject_generic = "off"\n  phrase = "warning"\n  dash = "warning"\n'
                                               '  link_https = "off"\n  variable_unknown = "off"\n  variable_unused = "off"\n}\n')
        self.assertEqual(self.lint("templates/bad.md"), [("templates/bad.md", 7, "warning", "phrase"), ("templates/bad.md", 8, "warning", "dash")])
        self.write("usher.conf", self.config + 'lint { dash = "loud" }\n')
        self.usher_fails(78, r'usher\.conf:\d+: lint: dash: "loud": expected error, warning or off', "lint", "templates/bad.md")

    def test_files_that_cannot_be_read(self):
        self.write("templates/open.md", "Subject: One check\n\n{% if name %}\n")
        self.write("templates/head.md", "Subject: One check\nSubjct: x\n\nHi\n")
        other = (self.folder / "sequences/onboarding.conf").read_text(encoding="utf-8")
        self.write("sequences/typo.conf", other.replace('"onboarding"', '"typo"').replace("forecast_mrr", "forcast_mrr", 1))
        self.write("sequences/good.conf", other.replace('sequence "onboarding"', 'sequence "good"').replace("sequence onboarding", "sequence good"))
        for words, code, pattern in ((["templates/open.md"], DATA, r"templates/open\.md:\d+: error: "),
                                     (["templates/head.md"], DATA, r"templates/head\.md:2: error: "),
                                     (["sequences/typo.conf"], DATA, r"sequences/typo\.conf:\d+: error: "),
                                     (["templates/none.md"], NO_INPUT, r"templates/none\.md:1: error: No such file"),
                                     (["sequences/good.conf", "sequences/facts.conf", "./sequences/onboarding.conf"], 0, r"3 files: 0 errors")):
            with self.subTest(words):
                self.assertRegex(self.usher("lint", *words, code=code).out, rf"\A{pattern}")
        for name in ("templates/open.md", "templates/head.md", "templates/outreach.md"):
            (self.folder / name).unlink()
        self.assertEqual([line[1:] for line in self.lint(code=NO_INPUT)], [(1, "error", "syntax")])

    def test_draft(self):
        """preview shows the lines of a draft, and approve heeds those of level error."""
        self.write("usher.conf", re.sub(r"localhost:\d+", "localhost:1", self.config))
        self.write_secret("ana.password", "secret")
        self.write("accounts.jsonl", '{"account": "acme", "name": "Synergy \u2014 Leverage", "plan": "payg", "region": "emea", "forecast_mrr": 640, "bills_paid": 1,'
                                     ' "next_renewal": "2027-03-20", "contacts": [{"email": "pat@acme.example", "role": "owner", "first_name": "Pat"}]}\n')
        self.usher("import", "accounts.jsonl", *NOW)
        self.usher("run", "--once", *NOW, code=UNAVAILABLE)
        self.assertRegex(self.usher("preview", "acme", *NOW).out, r"\nLint: nothing to say\n\Z")
        self.assertEqual(self.usher("preview", "acme", "--json", *NOW).json[0]["lint"], [])
        editor = self.write("editor", "#!/bin/sh\nprintf 'Subject: One check\\n\\nHi Pat,\\n\\nit was $641 \\342\\200\\224 sorry.\\n' >\"$1\"\n", mode=0o755)
        self.usher("edit", "1", *NOW, EDITOR=str(editor))
        lines = self.usher("preview", "acme", "--json", *NOW).json[0]["lint"]
        self.assertEqual([(line["line"], line["level"], line["rule"]) for line in lines], [(5, "error", "dash"), (5, "warning", "figure")])
        self.assertRegex(self.usher("preview", "acme", *NOW).out, r"\nLint\nline 5: error: .*\(dash\).*\nline 5: warning: figure 641 is no fact the draft used \(figure\): .*\n\Z")
        self.usher_fails(DATA, r"draft 1 cannot be approved: line 5: a long dash: .* \(dash\): ", "approve", "1", *NOW)
        self.write("editor", re.sub(r" .342.200.224", ",", editor.read_text(encoding="utf-8")))
        self.usher("edit", "1", *NOW, EDITOR=str(editor))
        self.usher("approve", "1", *NOW)


if __name__ == "__main__":
    import unittest
    unittest.main()
