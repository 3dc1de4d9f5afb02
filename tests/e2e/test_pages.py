"""The manual pages, as `man` shows them."""

import pathlib
import shutil
import subprocess
import unittest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


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


if __name__ == "__main__":
    unittest.main()
