"""The files in systemd/ are what systemd accepts, and promise what usher relies on."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import harness

FILES = harness.ROOT / "systemd"


def read_unit():
    """{section: [(key, value)…]}: keys may repeat, which configparser alone would refuse."""
    sections = {}
    for line in (FILES / "usher.service").read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            current.append((key, value))
    return sections


class Unit(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="usher-systemd-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def need(self, program):
        path = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if not path:
            self.skipTest(f"{program} is not installed")
        return path

    def test_systemd_accepts_the_unit(self):
        analyze = self.need("systemd-analyze")
        # verify wants the program to exist where ExecStart names it, and knows users only when they exist.
        text = (FILES / "usher.service").read_text(encoding="utf-8")
        self.assertEqual(text.count("/usr/local/bin/usher "), 1)
        unit = self.folder / "usher.service"
        unit.write_text(text.replace("/usr/local/bin/usher ", "/bin/true "), encoding="utf-8")
        result = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, timeout=60)
        ours = [line for line in (result.stdout + result.stderr).splitlines() if "usher" in line]
        self.assertEqual(ours, [])
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_verify_can_fail(self):
        analyze = self.need("systemd-analyze")
        unit = self.folder / "usher.service"
        unit.write_text((FILES / "usher.service").read_text(encoding="utf-8")
                        .replace("/usr/local/bin/usher ", "/bin/true ").replace("Type=notify", "Type=notfy"),
                        encoding="utf-8")
        result = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, timeout=60)
        self.assertIn("notfy", result.stdout + result.stderr)

    def test_promises(self):
        service = dict(read_unit()["Service"])
        for key, value in (("Type", "notify"), ("User", "usher"), ("StateDirectoryMode", "2770"), ("UMask", "0007"),
                           ("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("KillMode", "mixed")):
            with self.subTest(key=key):
                self.assertEqual(service.get(key), value)
        self.assertGreater(int(service["TimeoutStopSec"]), 600)
        self.assertGreater(int(service["WatchdogSec"]), 0)

    def test_sysusers_accepts_the_user(self):
        sysusers = self.need("systemd-sysusers")
        (self.folder / "etc").mkdir()
        result = subprocess.run([sysusers, f"--root={self.folder}", str(FILES / "usher.sysusers.conf")],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("usher:x:", (self.folder / "etc/passwd").read_text())

    def test_tmpfiles_accepts_the_folders(self):
        tmpfiles = self.need("systemd-tmpfiles")
        (self.folder / "etc").mkdir()
        for name, line in (("passwd", "usher:x:{uid}:{gid}::/:/bin/false\nroot:x:0:0::/:/bin/sh\n"),
                           ("group", "usher:x:{gid}:\nroot:x:0:\n")):
            uid, gid = os.getuid(), os.getgid()
            (self.folder / "etc" / name).write_text(line.format(uid=uid, gid=gid))
        result = subprocess.run([tmpfiles, "--create", f"--root={self.folder}", str(FILES / "usher.tmpfiles.conf")],
                                capture_output=True, text=True, timeout=60)
        if os.getuid() != 0:  # owners cannot be set, the syntax is still read
            self.assertNotIn("Unknown", result.stderr)
            return
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.folder / "var/lib/usher").stat().st_mode & 0o7777, 0o2770)
        self.assertEqual((self.folder / "etc/usher/credentials").stat().st_mode & 0o7777, 0o700)


if __name__ == "__main__":
    unittest.main()
