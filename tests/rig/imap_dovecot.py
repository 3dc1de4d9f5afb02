#!/usr/bin/env python3
"""A private Dovecot for one unit test: IMAP only, up while its standard input is open.

    imap_dovecot.py DIR

Prints "imap PORT imaps PORT" when it answers. One mailbox, ann@example.test, password PASSWORD below (made of what must be
quoted). Each loopback address shows another certificate of make_certs.sh, which stand in DIR/tls:

    127.0.0.1 good   127.0.0.2 wrong   127.0.0.3 self   127.0.0.4 expired   127.0.0.5 future   127.0.0.6 stranger

Works as root (Dovecot then runs as nobody) and as an ordinary user. Exit code 77 when Dovecot or openssl is missing.
"""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import time

USER = "ann@example.test"
PASSWORD = 'pa "ss\\word%'
CERTIFICATES = ("good", "wrong", "self", "expired", "future", "stranger")
START_LIMIT_S = 15.0

CONF = """\
protocols = imap
listen = 127.0.0.1, 127.0.0.2, 127.0.0.3, 127.0.0.4, 127.0.0.5, 127.0.0.6
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
instance_name = usher-imap
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = {uid}
last_valid_uid = {uid}
ssl = yes
ssl_cert = <{dir}/tls/good.pem
ssl_key = <{dir}/tls/good.key
disable_plaintext_auth = no
auth_mechanisms = plain
auth_failure_delay = 0
mail_location = maildir:{dir}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {dir}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "Gesendete Objekte" {{
    auto = create
    special_use = \\Sent
  }}
  mailbox "Entwürfe" {{
    auto = create
    special_use = \\Drafts
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
"""


LOCAL = """\
local 127.0.0.{number} {{
  ssl_cert = <{dir}/tls/{name}.pem
  ssl_key = <{dir}/tls/{name}.key
}}
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("0.0.0.0", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def greets(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
            return line.recv(4) == b"* OK"
    except OSError:
        return False


def prepare(folder, imap, imaps):
    root = os.geteuid() == 0
    person = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    gid = person.pw_gid if root else os.getegid()
    group = subprocess.run(["id", "-gn", person.pw_name], capture_output=True, text=True, check=True).stdout.strip()
    maker = os.path.join(os.path.dirname(os.path.realpath(__file__)), "make_certs.sh")
    subprocess.run(["sh", maker, f"{folder}/tls"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    with open(f"{folder}/users", "w", encoding="utf-8") as file:
        file.write(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    with open(f"{folder}/dovecot.conf", "w", encoding="utf-8") as file:
        file.write(CONF.format(dir=folder, user=person.pw_name, group=group, uid=person.pw_uid, gid=gid,
                               imap=imap, imaps=imaps))
        for number, name in enumerate(CERTIFICATES, start=1):
            file.write(LOCAL.format(dir=folder, number=number, name=name))
    for name in ("mail", "home", "state"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        if root:
            os.chown(f"{folder}/{name}", person.pw_uid, gid)
    os.chmod(folder, 0o755)


def main():
    folder = os.path.realpath(sys.argv[1])
    dovecot = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not dovecot or not shutil.which("openssl"):
        return 77
    imap, imaps = free_ports(2)
    prepare(folder, imap, imaps)
    with open(f"{folder}/output", "wb") as output:
        server = subprocess.Popen([dovecot, "-F", "-c", f"{folder}/dovecot.conf"], stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=output)
    try:
        limit = time.monotonic() + START_LIMIT_S
        while not greets(imap):
            if server.poll() is not None or time.monotonic() > limit:
                with open(f"{folder}/output", encoding="utf-8", errors="replace") as file:
                    print(file.read()[-2000:], file=sys.stderr)
                return 1
            time.sleep(0.05)
        print(f"imap {imap} imaps {imaps}", flush=True)
        sys.stdin.buffer.read()
    finally:
        server.terminate()
        server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
