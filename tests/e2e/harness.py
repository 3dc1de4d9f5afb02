"""What the end-to-end tests share: a real mail system, the usher program, and people who read and answer mail.

    class Story(harness.MailTestCase):
        USERS = {"ana@ourco.example": "secret", "lee@acme.example": "pw"}

        def test_answer(self):
            self.usher("run", "--once")                              # fails the test unless the exit code is 0
            mail = self.rig.wait_for("lee@acme.example", subject="Your first bill")
            self.rig.send(harness.answer(mail, "lee@acme.example", "Thank you!"))

Rules: wait for conditions, never for a span of time; every wait has a limit and says what it waited for.
"""

import contextlib
import ctypes
import email
import email.message
import email.policy
import email.utils
import imaplib
import json
import os
import pathlib
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAILSERVER = ROOT / "tests" / "rig" / "mailserver.py"
POLICY = email.policy.SMTP.clone(max_line_length=998)


class WaitError(AssertionError):
    """What was waited for did not come true within its limit."""


def wait_until(predicate, limit_s=15.0, what=None, pause_s=0.05):
    """Calls predicate until it returns something true and returns that; WaitError after limit_s seconds."""
    deadline = time.monotonic() + limit_s
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise WaitError(f"after {limit_s:g} s still waiting for {what or getattr(predicate, '__name__', 'it')}")
        time.sleep(pause_s)


def usher_binary():
    """The program under test: $USHER_BIN, else build/usher (of $BUILD, when the build lies elsewhere)."""
    named = os.environ.get("USHER_BIN")
    return pathlib.Path(named) if named else ROOT / os.environ.get("BUILD", "build") / "usher"


def conf_value(value):
    """value in the syntax of the .conf files."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "{" + ", ".join(conf_value(item) for item in value) + "}"
    if isinstance(value, int):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


# ---------------------------------------------------------------------------------------------------------------
# Messages
# ---------------------------------------------------------------------------------------------------------------

class Mail:
    """A message as it lies in a mailbox: uid, flags (a set, without \\Recent), raw bytes, the parsed message."""

    def __init__(self, uid, flags, raw):
        self.uid = uid
        self.flags = flags
        self.raw = raw
        self.message = email.message_from_bytes(raw, policy=email.policy.default)

    def __getitem__(self, name):
        value = self.message[name]
        return None if value is None else str(value)

    @property
    def message_id(self):
        return self["Message-ID"]

    @property
    def text(self):
        """The text/plain part, newlines as \\n; empty when there is none."""
        part = self.message.get_body(preferencelist=("plain",))
        return part.get_content().replace("\r\n", "\n") if part else ""

    @property
    def html(self):
        part = self.message.get_body(preferencelist=("html",))
        return part.get_content() if part else ""

    @property
    def references(self):
        return (self["References"] or "").split()

    def __repr__(self):
        return f"<Mail {self.uid} from {self['From']!r} subject {self['Subject']!r}>"


def compose(sender, recipients, subject, text, **headers):
    """A new message of a person. headers: In_Reply_To="<…>", Cc="…"; an underscore stands for a hyphen."""
    message = email.message.EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = recipients if isinstance(recipients, str) else ", ".join(recipients)
    message["Subject"] = subject
    message["Date"] = email.utils.format_datetime(email.utils.localtime())
    message["Message-ID"] = email.utils.make_msgid(domain=email.utils.parseaddr(sender)[1].rpartition("@")[2])
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def _reply_subject(subject):
    subject = subject or ""
    return subject if re.match(r"re\s*:", subject, re.IGNORECASE) else f"Re: {subject}"


def answer(mail, sender, text, quote=True, **headers):
    """A reply as mail programs write it: to Reply-To or From, with In-Reply-To and References, the text quoted."""
    body = text
    if quote:
        body += f"\n\nOn {mail['Date']}, {mail['From']} wrote:\n"
        body += "".join(f"> {line}\n" for line in mail.text.splitlines())
    headers.setdefault("In_Reply_To", mail.message_id)
    headers.setdefault("References", " ".join([*mail.references, mail.message_id]))
    return compose(sender, mail["Reply-To"] or mail["From"], _reply_subject(mail["Subject"]), body, **headers)


def out_of_office(mail, sender, text="I am away until Monday and read my mail after that.", **headers):
    """An automatic answer by RFC 3834; send it with envelope_from="" as vacation programs do."""
    headers.setdefault("Auto_Submitted", "auto-replied")
    headers.setdefault("In_Reply_To", mail.message_id)
    headers.setdefault("References", " ".join([*mail.references, mail.message_id]))
    return compose(sender, mail["Reply-To"] or mail["From"], f"Automatic reply: {mail['Subject']}", text, **headers)


# ---------------------------------------------------------------------------------------------------------------
# The mail system
# ---------------------------------------------------------------------------------------------------------------

def missing_programs(*paths):
    """The programs of paths that are absent, in either the system or the unpacked build/deps."""
    return [path for path in paths
            if not os.access(path, os.X_OK) and not os.access(f"{ROOT}/build/deps{path}", os.X_OK)]


class MailRig:
    """A mail system of its own, from start() to stop(); when this process dies, however, it stops by itself."""

    def __init__(self, users, domains=(), bounce_domains=(), grey_domains=(), chunking=True, sent_folder="Sent", oauth=None):
        self.words = []
        for name, password in users.items():
            self.words += ["--user", f"{name}:{password}"]
        for option, names in (("--domain", domains), ("--bounce-domain", bounce_domains),
                              ("--grey-domain", grey_domains)):
            for name in names:
                self.words += [option, name]
        if not chunking:
            self.words.append("--no-chunking")
        if oauth:
            self.words += ["--oauth", oauth]
        self.words += ["--sent-folder", sent_folder]
        self.folder = None
        self.process = None
        self.server = None

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="usher-e2e-mail-")
        words = [sys.executable, str(MAILSERVER), "run", self.folder, "--until-eof", *self.words]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, start_new_session=True)
        first_line = self.process.stdout.readline()
        if not first_line:
            error = self.process.stderr.read()
            self.stop()
            raise RuntimeError(f"the mail system did not start: {error.strip()}")
        self.reload()
        return self

    def reload(self):
        self.server = json.loads(pathlib.Path(self.folder, "server.json").read_text(encoding="utf-8"))

    def stop(self, keep=False):
        if self.process:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=30)
            finally:
                self.process.stdout.close()
                self.process.stderr.close()
                self.process = None
        if self.folder and not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()

    @property
    def host(self):
        return self.server["host"]

    @property
    def ca_file(self):
        return self.server["ca_file"]

    def port(self, name):
        return self.server["ports"][name]

    def password(self, user):
        return self.server["users"][user]

    def add_user(self, name, password):
        subprocess.run([sys.executable, str(MAILSERVER), "add-user", self.folder, f"{name}:{password}"], check=True)
        self.reload()

    def open_grey_domains(self):
        """From now on the grey domains accept mail."""
        pathlib.Path(self.folder, "grey-open").touch()

    def close_grey_domains(self):
        pathlib.Path(self.folder, "grey-open").unlink(missing_ok=True)

    def logs(self):
        """The servers' logs in one text, for a failure message."""
        return "".join(f"== {path.name}\n{path.read_text(errors='replace')}"
                       for path in sorted(pathlib.Path(self.folder, "log").iterdir()))

    def mailbox_section(self, title, user, password_file, smtp="submission", imap="imap", **changes):
        """The mailbox section of usher.conf for user. smtp, imap: names of ports; changes: further or other keys."""
        schemes = {"submissions": "smtps", "smtps": "smtps", "imaps": "imaps", "imap": "imap", "relay": "smtp+plain"}
        keys = {"smtp": f"{schemes.get(smtp, 'smtp')}://{self.host}:{self.port(smtp)}",
                "imap": f"{schemes[imap]}://{self.host}:{self.port(imap)}",
                "user": user, "password_file": password_file, "ca_file": self.ca_file, **changes}
        lines = [f"    {key} = {conf_value(value)}" for key, value in keys.items() if value is not None]
        return "\n".join([f'mailbox "{title}" {{', *lines, "}", ""])

    # -- reading -------------------------------------------------------------------------------------------------

    def tls(self):
        return ssl.create_default_context(cafile=self.ca_file)

    @contextlib.contextmanager
    def imap(self, user):
        """A logged-in imaplib connection of user, over STARTTLS."""
        connection = imaplib.IMAP4(self.host, self.port("imap"), timeout=20)
        try:
            connection.starttls(self.tls())
            connection.login(user, self.password(user))
            yield connection
        finally:
            with contextlib.suppress(Exception):
                connection.logout()

    def messages(self, user, folder="INBOX", connection=None):
        """Every message in folder, in the order of arrival; reading leaves \\Seen alone."""
        if connection is None:
            with self.imap(user) as own:
                return self.messages(user, folder, own)
        status, _ = connection.select(f'"{folder}"', readonly=True)
        if status != "OK":
            return []
        _, data = connection.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")
        mails = []
        for item in data:
            if isinstance(item, tuple):
                uid = int(re.search(rb"UID (\d+)", item[0]).group(1))
                flags = {flag.decode() for flag in imaplib.ParseFlags(item[0])} - {"\\Recent"}
                mails.append(Mail(uid, flags, item[1]))
        return mails

    def find(self, user, folder="INBOX", subject=None, sender=None, where=None, connection=None):
        """The messages whose Subject contains subject, whose From contains sender, and for which where(mail) holds."""
        return [mail for mail in self.messages(user, folder, connection)
                if (subject is None or subject in (mail["Subject"] or ""))
                and (sender is None or sender in (mail["From"] or ""))
                and (where is None or where(mail))]

    def wait_for(self, user, folder="INBOX", limit_s=20.0, count=1, **which):
        """Waits until count messages (see find) are there and returns the last; more than count is an error."""
        with self.imap(user) as connection:
            def look():
                connection.noop()
                found = self.find(user, folder, connection=connection, **which)
                return found if len(found) >= count else None

            found = wait_until(look, limit_s, f"{count} mail(s) {which or ''} in {folder} of {user}")
        if len(found) > count:
            raise AssertionError(f"{len(found)} mails {which or ''} in {folder} of {user}, expected {count}: {found}")
        return found[-1]

    def append(self, user, folder, message, flags=("\\Seen",), when=None):
        """Puts message (EmailMessage or bytes) into a folder, as a mail program does with its sent copies."""
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=POLICY)
        date = imaplib.Time2Internaldate(time.time() if when is None else when)
        with self.imap(user) as connection:
            status, data = connection.append(f'"{folder}"', f"({' '.join(flags)})", date, raw)
        if status != "OK":
            raise AssertionError(f"APPEND to {folder} of {user}: {data}")

    def delete_all(self, user, folder="INBOX"):
        with self.imap(user) as connection:
            connection.select(f'"{folder}"')
            connection.store("1:*", "+FLAGS.SILENT", "(\\Deleted)")
            connection.expunge()

    # -- sending -------------------------------------------------------------------------------------------------

    def send(self, message, user=None, recipients=None, envelope_from=None, port="submission"):
        """Sends as user (default: the address in From), logged in over STARTTLS. Returns the refused recipients."""
        sender = email.utils.parseaddr(str(message["From"]))[1]
        user = user or sender
        with smtplib.SMTP(self.host, self.port(port), timeout=20) as connection:
            connection.starttls(context=self.tls())
            connection.login(user, self.password(user))
            return self._transfer(connection, message, sender if envelope_from is None else envelope_from, recipients)

    def deliver(self, message, envelope_from="", recipients=None):
        """Hands a message over as a foreign mail server does: no login, any envelope sender, "" for the null sender."""
        with smtplib.SMTP("127.0.0.1", self.port("relay"), timeout=20) as connection:
            return self._transfer(connection, message, envelope_from, recipients)

    @staticmethod
    def _transfer(connection, message, envelope_from, recipients):
        if recipients is None:
            fields = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
            recipients = [address for _, address in email.utils.getaddresses(fields)]
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=POLICY)
        return connection.sendmail(envelope_from, recipients, raw)

    def send_by_hand(self, message, folder=None, **options):
        """What a specialist's own mail program does: send, then file a copy in Sent."""
        refused = self.send(message, **options)
        sender = options.get("user") or email.utils.parseaddr(str(message["From"]))[1]
        self.append(sender, folder or self.server["sent_folder"], message)
        return refused


# ---------------------------------------------------------------------------------------------------------------
# The program
# ---------------------------------------------------------------------------------------------------------------

class Result:
    def __init__(self, words, code, out, err):
        self.words = words
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self):
        """Standard output as one JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def __str__(self):
        return f"usher {' '.join(self.words)}\nexit code {self.code}\n-- stdout\n{self.out}\n-- stderr\n{self.err}"


class Usher:
    """The program with one configuration, run in a folder of its own."""

    def __init__(self, folder, config=None, binary=None):
        self.folder = pathlib.Path(folder)
        self.config = config
        self.binary = pathlib.Path(binary) if binary else usher_binary()
        self.environment = {name: value for name, value in os.environ.items()
                            if name in ("PATH", "HOME", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                        "LSAN_OPTIONS", "USHER_SUITES")}
        self.environment.update(LC_ALL="C.UTF-8", TZ="UTC", NO_COLOR="1")
        self.services = []

    def words(self, *words):
        """COMMAND [--config FILE] ARGS: --config stands behind the command's name."""
        words = [str(word) for word in words]
        if self.config and words and not words[0].startswith("-"):
            words[1:1] = ["--config", str(self.config)]
        return words

    def run(self, *words, stdin="", limit_s=60, **environment):
        """Runs one command to its end. Never fails by itself: look at the Result."""
        words = self.words(*words)
        process = subprocess.run([str(self.binary), *words], input=stdin, capture_output=True, text=True,
                                 encoding="utf-8", errors="surrogateescape", cwd=self.folder, timeout=limit_s,
                                 check=False, env={**self.environment, **environment})
        return Result(words, process.returncode, process.stdout, process.stderr)

    def spawn(self, *words, log="usher.log", **environment):
        """Starts a long-running command (the service) in the background; its output goes to folder/log."""
        service = Service([str(self.binary), *self.words(*words)], self.folder, self.folder / log,
                          {**self.environment, **environment})
        self.services.append(service)
        return service

    def stop_all(self):
        for service in self.services:
            service.kill()
        self.services.clear()


def _die_with_parent():
    """Runs in the child: when the test is killed, what it started goes too (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Service:
    """A background process in its own process group; speaks sd_notify to us."""

    def __init__(self, words, folder, log, environment):
        self.log = pathlib.Path(log)
        self.notify_folder = tempfile.mkdtemp(prefix="usher-notify-")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        address = os.path.join(self.notify_folder, "s")
        self.notify.bind(address)
        self.notify.setblocking(False)
        self.notices = []
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                                            env={**environment, "NOTIFY_SOCKET": address}, start_new_session=True,
                                            preexec_fn=_die_with_parent)

    @property
    def pid(self):
        return self.process.pid

    def output(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def workers(self):
        """The service's own processes: {"send ana": pid, "tick": pid, …}."""
        found = {}
        for child in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split():
            with contextlib.suppress(OSError):
                words = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
                if "worker" in words:
                    found[" ".join(word for word in words[2:] if word and not word.startswith(("-", "/")))] = int(child)
        return found

    def notified(self, word):
        """True once the service has sent word (READY=1, STOPPING=1, WATCHDOG=1, STATUS=…) by sd_notify."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.notices += self.notify.recv(4096).decode(errors="replace").splitlines()
        return any(notice.startswith(word) for notice in self.notices)

    def wait_ready(self, limit_s=20):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"the service ended with {self.process.returncode}:\n{self.output()}")
            return self.notified("READY=1")

        wait_until(ready, limit_s, "READY=1 of the service")
        return self

    def signal(self, number):
        os.kill(self.pid, number)

    def terminate(self, limit_s=30):
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.process.wait(timeout=limit_s)
        self._close()
        return code

    def kill(self):
        """kill -9 for the service and all its workers, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()
        self._close()

    def _close(self):
        self.notify.close()
        shutil.rmtree(self.notify_folder, ignore_errors=True)


# ---------------------------------------------------------------------------------------------------------------
# Test cases
# ---------------------------------------------------------------------------------------------------------------

class UsherTestCase(unittest.TestCase):
    """A test with a folder (self.folder, a pathlib.Path) and the program (self.program) but no mail system."""

    maxDiff = None

    def setUp(self):
        if not usher_binary().exists():
            self.skipTest(f"{usher_binary()} is not built")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="usher-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.program = Usher(self.folder)
        self.addCleanup(self.program.stop_all)

    def write(self, name, text, mode=None):
        """Writes a file below self.folder and returns its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if mode is not None:
            path.chmod(mode)
        return path

    def write_secret(self, name, text):
        """A password file as usher wants it: readable by its owner alone."""
        return self.write(name, text + "\n", mode=0o600)

    def use_config(self, text, name="usher.conf"):
        """Writes text as the configuration that every later command is given."""
        self.program.config = self.write(name, text)
        return self.program.config

    def usher(self, *words, code=0, **options):
        """Runs a command and fails the test when its exit code is not code. Returns the Result."""
        result = self.program.run(*words, **options)
        if result.code != code:
            self.fail(f"expected exit code {code}:\n{result}")
        return result

    def usher_fails(self, code, pattern, *words, **options):
        """The command must end with code and say pattern (a regular expression) in one line on standard error."""
        result = self.usher(*words, code=code, **options)
        lines = result.err.strip().splitlines()
        if len(lines) != 1 or not re.search(pattern, lines[0]):
            self.fail(f"expected one line matching {pattern!r}:\n{result}")
        return result


class MailTestCase(UsherTestCase):
    """A test with a mail system for the whole class (self.rig). Tests of a class share its mailboxes."""

    USERS = {}
    DOMAINS = ()
    BOUNCE_DOMAINS = ()
    GREY_DOMAINS = ()
    CHUNKING = True
    rig = None

    @classmethod
    def setUpClass(cls):
        missing = missing_programs("/usr/sbin/dovecot", "/usr/sbin/exim4")
        if missing:
            raise unittest.SkipTest(f"{' and '.join(missing)} not installed")
        cls.rig = MailRig(cls.USERS, cls.DOMAINS, cls.BOUNCE_DOMAINS, cls.GREY_DOMAINS, cls.CHUNKING).start()
        cls.addClassCleanup(cls.rig.stop)
