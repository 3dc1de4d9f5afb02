#!/usr/bin/env python3
"""A private, real mail system on loopback: Dovecot for the mailboxes, Exim for the transport.

    mailserver.py start DIR --user ana@ourco.example:secret --domain acme.example   up, in the background
    mailserver.py run DIR ... [--until-eof]       the same in the foreground, until a signal (or end of stdin)
    mailserver.py add-user DIR NAME:PASSWORD...   more mailboxes, while it runs
    mailserver.py status DIR                      exit code 0 when it is up, 3 when not
    mailserver.py stop DIR                        stops both servers, leaves the mail to be looked at

How mail travels: a client submits to Dovecot ("submission", "submissions") or straight to Exim ("smtp",
"smtp_no_chunking", "smtps"); Dovecot relays to Exim; Exim hands every local domain back to Dovecot by LMTP, which
files it under DIR/mail/ADDRESS (Maildir). Nothing leaves this machine: a recipient in any other domain is refused.

    --domain D          local; unknown people are refused at RCPT, 550 5.1.1
    --bounce-domain D   local; unknown people are accepted, then bounced by a real delivery status mail (RFC 3464)
    --grey-domain D     local; RCPT is answered 451 4.7.1 until the file DIR/grey-open exists
    --oauth URL         Dovecot takes XOAUTH2 and OAUTHBEARER too, and asks URL about each token (RFC 7662)
    plus-addresses      ana+anything@ourco.example reaches ana@ourco.example

Everything that a client must know stands in DIR/server.json, written when all ports answer: host, ports, users with
their passwords, ca_file, mail_dir, pids. Works as root (the servers then run as nobody) and as an ordinary user.
"""

import argparse
import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from mailserver_conf import DOVECOT_CONF, EXIM_CONF, OAUTH_ASK_CONF, OAUTH_CONF, RigError, make_certificates  # noqa: E402

PORT_NAMES = ("imap", "imaps", "lmtp", "submission", "submissions",
              "smtp", "smtp_no_chunking", "smtps", "relay")
START_LIMIT_S = 20.0
# Dovecot's master waits a second for nothing; its children end with it, and Maildir bears any end.
STOP_LIMIT_S = 0.3
# Unix socket names hold 108 bytes at most; Dovecot's longest below its base_dir takes about 40.
SOCKET_DIR_MAX = 60


def find_program(*candidates):
    here = os.path.dirname(os.path.abspath(__file__))
    unpacked = os.path.join(here, "..", "..", "build", "deps")
    for candidate in candidates:
        for path in (candidate, os.path.normpath(unpacked + candidate)):
            if os.access(path, os.X_OK):
                return path
    raise RigError(f"{candidates[0]} is not installed (tools/install-deps.sh check installs it)")


def free_ports(count):
    """Ports nobody listens on now; all are held open together, so that they differ."""
    sockets = []
    try:
        for _ in range(count):
            probe = socket.socket()
            probe.bind(("127.0.0.1", 0))
            sockets.append(probe)
        return [probe.getsockname()[1] for probe in sockets]
    finally:
        for probe in sockets:
            probe.close()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    except OSError:
        return False


def process_lives(pid, marker):
    """True while pid is a process of this rig: its command line names our directory."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            command = file.read().replace(b"\0", b" ")
        with open(f"/proc/{pid}/stat", "rb") as file:
            state = file.read().rsplit(b")", 1)[1].split()[0]
    except OSError:
        return False
    return state != b"Z" and os.fsencode(marker) in command


def split_user(text, default_domain):
    name, colon, password = text.partition(":")
    if not colon or not name or not password:
        raise RigError(f"--user wants NAME:PASSWORD, not '{text}'")
    if "@" not in name:
        name = f"{name}@{default_domain}"
    if any(character.isspace() for character in text) or ":" in password:
        raise RigError(f"--user {name}: no spaces, and no colon in the password")
    return name.lower(), password


def write_file(path, text, mode=0o644):
    """Replaces path in one step: a running server never reads half a file."""
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(temporary, mode)
    os.replace(temporary, path)


class Rig:
    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        if any(character in self.folder for character in " \t;:%$\\\"'{}"):
            raise RigError(f"{self.folder}: a path with spaces or punctuation does not suit the servers")
        self.processes = []

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def load(self):
        try:
            with open(self.path("server.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            raise RigError(f"no mail server was started in {self.folder}") from None

    def identity(self):
        """The account the servers run as: root's servers would refuse to touch mail, so root lends them nobody's."""
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        gid = entry.pw_gid if os.geteuid() == 0 else os.getegid()
        return entry, gid

    def popen_identity(self):
        if os.geteuid() != 0:
            return {}
        entry, gid = self.identity()
        return {"user": entry.pw_uid, "group": gid, "extra_groups": []}

    def give(self, *paths):
        if os.geteuid() == 0:
            entry, gid = self.identity()
            for path in paths:
                os.chown(path, entry.pw_uid, gid)

    # -- users ---------------------------------------------------------------------------------------------------

    def write_users(self, users):
        """Both servers read these files anew at every login and recipient, so users may come while they run."""
        write_file(self.path("users.dovecot"),
                   "".join(f"{name}:{{PLAIN}}{password}::::::\n" for name, password in users.items()), 0o600)
        write_file(self.path("users.exim"),
                   "".join(f"{name}: {password}\n" for name, password in users.items()), 0o600)
        self.give(self.path("users.dovecot"), self.path("users.exim"))

    def add_users(self, texts):
        server = self.load()
        for text in texts:
            name, password = split_user(text, server["domains"][0])
            if name.rpartition("@")[2] not in server["domains"]:
                raise RigError(f"{name}: its domain was not named when the server was started")
            server["users"][name] = password
        self.write_users(server["users"])
        self.save(server)

    def save(self, server):
        write_file(self.path("server.json"), json.dumps(server, indent=2) + "\n")

    # -- start ---------------------------------------------------------------------------------------------------

    def prepare(self, options):
        for name in ("log", "state", "exim", "tls", "mail", "home", "index", "control"):
            os.makedirs(self.path(name), exist_ok=True)
            self.give(self.path(name))
        self.give(self.folder)
        if os.geteuid() == 0:
            reach = subprocess.run(["/bin/sh", "-c", 'test -w "$1"', "sh", self.folder], check=False,
                                   cwd="/", **self.popen_identity())
            if reach.returncode != 0:
                raise RigError(f"{self.folder} cannot be reached by the user nobody, whom root lends to the mail "
                               f"servers; choose a folder below /tmp")
        if not os.path.exists(self.path("tls", "server.pem")):
            make_certificates(self.path("tls"))
            for name in ("ca.key", "server.key", "ca.pem", "server.pem", "other-ca.pem", "other-ca.key"):
                self.give(self.path("tls", name))
            for name in ("ca.pem", "other-ca.pem"):
                shutil.copy(self.path("tls", name), self.path(name))
        domains = []
        for name in (options.domain or []) + [user.partition(":")[0].rpartition("@")[2] for user in options.user] \
                + options.bounce_domain + options.grey_domain:
            if name and name.lower() not in domains:
                domains.append(name.lower())
        if not domains:
            domains = ["ourco.example"]
        users = dict(split_user(text, domains[0]) for text in options.user)
        self.write_users(users)
        return domains, users

    def socket_folder(self):
        if len(self.path("run")) <= SOCKET_DIR_MAX:
            folder = self.path("run")
            os.makedirs(folder, exist_ok=True)
        else:
            folder = tempfile.mkdtemp(prefix="usher-rig-")
        os.chmod(folder, 0o755)
        self.give(folder)
        return folder

    def spawn(self, words, log_name):
        with open(self.path("log", log_name), "ab") as log:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                                       start_new_session=True, **self.popen_identity())
        self.processes.append(process)
        return process

    def log_tail(self):
        lines = []
        for name in sorted(os.listdir(self.path("log"))):
            with open(self.path("log", name), encoding="utf-8", errors="replace") as file:
                lines += [f"  {name}: {line.rstrip()}" for line in file.readlines()[-6:]]
        return "\n".join(lines)

    def launch(self, options, domains, users):
        """One attempt, on ports that were free a moment ago. True when every port answers."""
        ports = dict(zip(PORT_NAMES, free_ports(len(PORT_NAMES))))
        entry, gid = self.identity()
        group = subprocess.run(["id", "-gn", entry.pw_name], capture_output=True, text=True, check=True).stdout.strip()
        base_dir = self.socket_folder()
        if options.no_chunking:
            chunking = ""
        else:
            chunking = f"${{if eq{{$received_port}}{{{ports['smtp_no_chunking']}}}{{}}{{*}}}}"
        exim = find_program("/usr/sbin/exim4")
        values = dict(ports, dir=self.folder, base_dir=base_dir, user=entry.pw_name, group=group, uid=entry.pw_uid,
                      gid=gid, domain=domains[0], exim=exim, chunking=chunking, sent=options.sent_folder,
                      domains=" : ".join(domains), bounce_domains=" : ".join(options.bounce_domain),
                      grey_domains=" : ".join(options.grey_domain))
        dovecot_conf = DOVECOT_CONF.format(**values)
        if options.oauth:
            write_file(self.path("oauth2.conf"), OAUTH_ASK_CONF.format(oauth=options.oauth))
            dovecot_conf += OAUTH_CONF.format(**values)
        write_file(self.path("dovecot.conf"), dovecot_conf)
        write_file(self.path("exim.conf"), EXIM_CONF.format(**values))

        dovecot = self.spawn([find_program("/usr/sbin/dovecot"), "-F", "-c", self.path("dovecot.conf")],
                             "dovecot.out")
        # Without a controlling option -bdf keeps Exim in the foreground; -q looks every few seconds for deferred mail.
        mta = self.spawn([exim, "-C", self.path("exim.conf"), "-bdf", "-q5s"], "exim.out")

        deadline = time.monotonic() + START_LIMIT_S
        waiting = set(ports.values())
        while waiting:
            waiting = {port for port in waiting if not answers(port)}
            if not waiting:
                break
            if dovecot.poll() is not None or mta.poll() is not None or time.monotonic() > deadline:
                self.end_processes([dovecot.pid, mta.pid])
                for process in self.processes:
                    process.wait()
                self.processes.clear()
                # Killed, it could not remove this itself, and the next attempt would believe it.
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(base_dir, "master.pid"))
                self.remove_socket_folder(base_dir)
                return False
            time.sleep(0.01)

        self.save({
            "host": "localhost", "address": "127.0.0.1", "ports": ports, "users": users, "domains": domains,
            "bounce_domains": options.bounce_domain, "grey_domains": options.grey_domain,
            "ca_file": self.path("ca.pem"), "other_ca_file": self.path("other-ca.pem"),
            "mail_dir": self.path("mail"), "log_dir": self.path("log"), "sent_folder": options.sent_folder,
            "chunking": not options.no_chunking, "socket_dir": base_dir,
            "pids": {"dovecot": dovecot.pid, "exim": mta.pid},
        })
        return True

    def start(self, options):
        os.makedirs(self.folder, exist_ok=True)
        if os.path.exists(self.path("server.json")):
            if self.running():
                raise RigError(f"a mail server runs in {self.folder} already")
            os.unlink(self.path("server.json"))
        domains, users = self.prepare(options)
        # Between choosing a port and listening on it another program may take it: choose again.
        for _ in range(4):
            if self.launch(options, domains, users):
                return
        raise RigError(f"the mail servers did not come up; the ends of their logs:\n{self.log_tail()}")

    # -- stop ----------------------------------------------------------------------------------------------------

    def running(self):
        pids = self.load()["pids"]
        return {name: pid for name, pid in pids.items() if process_lives(pid, self.path(""))}

    def end_processes(self, pids):
        """SIGTERM, then SIGKILL for what is still there; only processes whose command line is ours."""
        for final in (signal.SIGTERM, signal.SIGKILL):
            for pid in pids:
                if process_lives(pid, self.path("")):
                    self.signal_group(pid, final)
            deadline = time.monotonic() + STOP_LIMIT_S
            while any(process_lives(pid, self.path("")) for pid in pids):
                for process in self.processes:
                    process.poll()
                if time.monotonic() > deadline:
                    break
                time.sleep(0.01)

    @staticmethod
    def signal_group(pid, number):
        """Each server leads its own process group; a killed Dovecot must take its children along."""
        try:
            if number == signal.SIGKILL and os.getpgid(pid) == pid:
                os.killpg(pid, number)
            else:
                os.kill(pid, number)
        except ProcessLookupError:
            pass

    def stragglers(self):
        """Exim's own deliveries and queue runs outlive its daemon; they name our configuration file."""
        pids = []
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) != os.getpid() and process_lives(int(name), self.path("exim.conf")):
                pids.append(int(name))
        return pids

    def remove_socket_folder(self, folder):
        if folder and os.path.basename(folder).startswith("usher-rig-"):
            shutil.rmtree(folder, ignore_errors=True)

    def stop(self):
        server = self.load()
        self.end_processes(list(server["pids"].values()))
        self.end_processes(self.stragglers())
        self.remove_socket_folder(server.get("socket_dir"))
        server["pids"] = {}
        self.save(server)


# ---------------------------------------------------------------------------------------------------------------
# Commands
# ---------------------------------------------------------------------------------------------------------------

def command_start(rig, options):
    rig.start(options)
    ports = rig.load()["ports"]
    print(f"mail server up: imap {ports['imap']}, submission {ports['submission']}, smtp {ports['smtp']}; "
          f"see {rig.path('server.json')}")
    return 0


def command_run(rig, options):
    def leave(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    try:
        command_start(rig, options)
        sys.stdout.flush()
        if options.until_eof:
            while sys.stdin.buffer.read(4096):
                pass
        else:
            while all(process.poll() is None for process in rig.processes):
                time.sleep(0.2)
            raise RigError(f"a mail server ended by itself; the ends of the logs:\n{rig.log_tail()}")
    except KeyboardInterrupt:
        pass
    finally:
        # A second signal must not leave servers behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if os.path.exists(rig.path("server.json")):
            rig.stop()
    return 0


def command_add_user(rig, options):
    rig.add_users(options.names)
    return 0


def command_status(rig, _options):
    server = rig.load()
    alive = rig.running()
    up = len(alive) == 2 and all(answers(port) for port in server["ports"].values())
    print("up" if up else "down", " ".join(f"{name}={pid}" for name, pid in alive.items()))
    return 0 if up else 3


def command_stop(rig, _options):
    rig.stop()
    return 0


def parse_words(words):
    parser = argparse.ArgumentParser(description="A private mail system on loopback.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in (("start", command_start), ("run", command_run)):
        command = commands.add_parser(name)
        command.set_defaults(function=function)
        command.add_argument("dir")
        command.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD")
        command.add_argument("--domain", action="append", default=[])
        command.add_argument("--bounce-domain", action="append", default=[])
        command.add_argument("--grey-domain", action="append", default=[])
        command.add_argument("--sent-folder", default="Sent", help="name of the folder with special use Sent")
        command.add_argument("--no-chunking", action="store_true", help="Exim never offers CHUNKING")
        command.add_argument("--oauth", metavar="URL", help="where Dovecot asks about tokens")
        if name == "run":
            command.add_argument("--until-eof", action="store_true", help="end when stdin ends")
    command = commands.add_parser("add-user")
    command.set_defaults(function=command_add_user)
    command.add_argument("dir")
    command.add_argument("names", nargs="+", metavar="NAME:PASSWORD")
    for name, function in (("status", command_status), ("stop", command_stop)):
        command = commands.add_parser(name)
        command.set_defaults(function=function)
        command.add_argument("dir")
    return parser.parse_args(words)


def main(words):
    options = parse_words(words)
    try:
        return options.function(Rig(options.dir), options)
    except RigError as error:
        print(f"mailserver: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
