#!/usr/bin/env python3
"""An IMAP server that does one thing wrong, for failures a real server will not produce on demand.

    fake_imap.py SCENARIO...

Listens on a free port of 127.0.0.1 for each scenario, prints the ports, serves one connection on each (two for a
scenario with logins to be tried again), exits when all have ended or after 60 seconds.
A scenario is one of those below, or STEP:FAULT: a step of NORMAL and one of FAULTS.
A scenario replaces the greeting or the answers to some commands; the rest answers as a small mailbox would: one message,
UID 7, 12 bytes. In answers T stands for the command's tag.
"""

import base64
import re
import socket
import sys
import threading
import time

CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS AUTH=PLAIN SASL-IR STARTTLS"
BODY = b"Subject: x\r\n"

NORMAL = {
    "greeting": b"* OK fake ready\r\n",
    "CAPABILITY": f"* CAPABILITY {CAPABILITIES}\r\nT OK done\r\n".encode(),
    "LOGIN": b"T OK in\r\n",
    "AUTHENTICATE": b"T OK in\r\n",
    "EXAMINE": b"* 1 EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 3] v\r\n"
               b"* OK [UIDNEXT 8] n\r\nT OK [READ-ONLY] done\r\n",
    "NOOP": b"T OK done\r\n",
    "UID SEARCH": b"* SEARCH 7\r\nT OK done\r\n",
    "UID FETCH SIZE": b'* 1 FETCH (UID 7 RFC822.SIZE 12 INTERNALDATE " 1-Feb-2026 10:00:00 +0100")\r\nT OK done\r\n',
    "UID FETCH BODY": b"* 1 FETCH (UID 7 BODY[]<0> {12}\r\n" + BODY + b")\r\nT OK done\r\n",
    "STATUS": b'* STATUS "INBOX" (MESSAGES 1 UIDNEXT 8 UIDVALIDITY 3)\r\nT OK done\r\n',
    "LIST": b'* LIST () "/" INBOX\r\nT OK done\r\n',
    "IDLE": b"+ idling\r\n",
    "DONE": b"T OK done\r\n",
    "APPEND": b"+ go on\r\n",
    "MESSAGE": b"T OK [APPENDUID 3 8] done\r\n",
    "STARTTLS": b"T OK begin\r\n",
}


def drip(line, _tag):
    """Never ends, and never pauses long enough for a read timeout."""
    line.sendall(b"* 1 FETCH (")
    while True:
        time.sleep(0.1)
        line.sendall(b" ")


def flood(line, _tag):
    line.sendall(b"* 1 FETCH (FLAGS (")
    while True:
        line.sendall(b"x" * 65536)


def hang_up(after):
    def act(line, _tag):
        line.sendall(after)
        line.shutdown(socket.SHUT_RDWR)
    return act


SCENARIOS = {
    "normal": {},
    "garbage": {"greeting": b"SSH-2.0-OpenSSH_9.2\r\n"},
    "binary": {"greeting": bytes(range(256)) + b"\r\n"},
    "mute": {"greeting": b""},
    "bye-greeting": {"greeting": b"* BYE too many\x07 visitors\r\n"},
    "preauth": {"greeting": b"* PREAUTH welcome\r\n"},
    "drop": {"UID FETCH BODY": hang_up(b"* 1 FETCH (UID 7 BODY[]<0> {12}\r\nSubj")},
    "drop-greeting": {"greeting": b"* OK fa", "hang up": True},
    "huge": {"UID FETCH BODY": b"* 1 FETCH (UID 7 BODY[]<0> {1073741824}\r\nSubject: x"},
    "huge-spaced": {"UID FETCH BODY": b"* 1 FETCH (UID 7 BODY[]<0> { 1073741824 }\r\nSubject: x"},
    "flood": {"UID FETCH BODY": flood},
    "drip": {"UID FETCH SIZE": drip},
    "deep": {"UID FETCH SIZE": b"* 1 FETCH (UID 7 BODYSTRUCTURE " + b"(" * 200000 + b"\r\nT OK done\r\n"},
    "nul": {"NOOP": b"* OK \0\r\nT OK done\r\n"},
    "bye": {"NOOP": b"* BYE going down for maintenance\r\n"},
    "bye-padded": {"NOOP": b"  *" + b" " * 4000 + b"bYe hidden\r\n"},
    "bye-after": {"NOOP": b"T OK done\r\n* BYE and goodbye\r\n"},
    "bad": {"NOOP": b"T BAD what?\r\n"},
    "wrong-tag": {"NOOP": b"zz9 OK done\r\n"},
    "no-capability": {"CAPABILITY": b"T OK done\r\n"},
    "inject": {"STARTTLS": b"T OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"},
    "inject-part": {"STARTTLS": b"T OK begin\r\n* OK"},
    "no-starttls": {"STARTTLS": b"T NO not here\r\n"},
    "not-tls": {"STARTTLS": b"T OK begin\r\n", "after STARTTLS": b"220 hello, this is not TLS at all\r\n"},
    "login-down": {"LOGIN": b"T NO [UNAVAILABLE] user database down\r\n"},
    "login-disabled": {"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR\r\nT OK done\r\n",
                       "LOGIN": b"T BAD LOGIN although disabled\r\n"},
    "no-login": {"CAPABILITY": b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nT OK done\r\n"},
    "status-empty": {"STATUS": b'* STATUS "INBOX" ()\r\nT OK done\r\n'},
    "status-none": {"STATUS": b"T OK done\r\n"},
    "below": {"UID SEARCH": b"* SEARCH 9 3 7 7 8\r\nT OK done\r\n",
              "UID FETCH SIZE": b"* 1 FETCH (UID 3 RFC822.SIZE 1)\r\n* 2 FETCH (FLAGS (\\Seen) UID 8)\r\n"
                                b"* 4 FETCH (RFC822.SIZE 99 UID 9 INTERNALDATE \"31-Feb-2026 10:00:00 +0000\")\r\n"
                                b"* 2 FETCH (UID 7 RFC822.SIZE 12)\r\n* 2 FETCH (UID 7 RFC822.SIZE 12)\r\n"
                                b"T OK done\r\n"},
    "search-untold": {"UID SEARCH": b"T OK done\r\n"},
    "search-esearch": {"UID SEARCH": b'* ESEARCH (TAG "x") UID ALL 7\r\nT OK done\r\n'},
    "search-untold-none": {"UID SEARCH": b"T OK done\r\n", "UID SEARCH ALL": b"* SEARCH 3 6\r\nT OK done\r\n"},
    "search-untold-some": {"UID SEARCH": b"T OK done\r\n", "UID SEARCH ALL": b"* SEARCH 3 7\r\nT OK done\r\n"},
    "search-untold-empty": {"UID SEARCH": b"T OK done\r\n", "NOOP": b"* 1 EXPUNGE\r\nT OK done\r\n"},
    "partly-no": {"UID FETCH SIZE": b"* 1 FETCH (UID 7 RFC822.SIZE 12)\r\nT NO [EXPUNGEISSUED] some are gone\r\n"},
    "gone": {"UID FETCH SIZE": b"T OK nothing\r\n"},
    "gone-between": {"UID FETCH BODY": b"* 1 EXPUNGE\r\nT OK nothing\r\n"},
    "nil-body": {"UID FETCH BODY": b"* 1 FETCH (UID 7 BODY[]<0> NIL)\r\nT OK done\r\n"},
    "size-lie": {"UID FETCH BODY": b"* 1 FETCH (UID 7 BODY[]<0> {100}\r\n" + b"y" * 100 + b")\r\nT OK done\r\n"},
    "news-before-plus": {"IDLE": b"* 5 EXISTS\r\n+ idling\r\n"},
    "news-in-passing": {"UID FETCH BODY": b"* 2 EXISTS\r\n* 1 FETCH (UID 7 BODY[]<0> {12}\r\n" + BODY +
                                          b")\r\nT OK done\r\n"},
    "no-idle": {"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nT OK done\r\n", "NOOP": b"* 2 EXISTS\r\nT OK done\r\n"},
    "idle-refused": {"IDLE": b"T BAD no idling\r\n", "NOOP": b"* 2 EXISTS\r\nT OK done\r\n"},
    "idle-bye": {"IDLE": b"+ idling\r\n* BYE idle for too long\r\n"},
    "append-early-ok": {"APPEND": b"T OK as if\r\n"},
    "append-news": {"APPEND": b"* 2 EXISTS\r\n+ go on\r\n"},
    "append-no": {"APPEND": b"T NO [TRYCREATE] no such folder\r\n"},
}


def drip_blanks(line, _tag):
    line.sendall(b"*")
    while True:
        time.sleep(0.1)
        line.sendall(b" ")


def flood_line(line, _tag):
    line.sendall(b"* OK ")
    while True:
        line.sendall(b"x" * 65536)


FAULTS = {
    "bye": b"* BYE going down\r\n",
    "drop": hang_up(b""),
    "drop-inside": hang_up(b"* 1 FE"),
    "garbage": b"\x01\xfe what is this\r\n" * 3,
    "tag": b"zz9 OK done\r\n",
    "bad": b"T BAD no\r\n",
    "drip": drip_blanks,
    "line": flood_line,
    "literal": b"* 1 FETCH (UID 7 BODY[]<0> {1073741824}\r\n",
}

# Logins that are looked at. "user" and "secret" are what is right.
PLAIN_ONLY = "IMAP4rev1 LOGINDISABLED AUTH=PLAIN"
TOKENS = "IMAP4rev1 AUTH=XOAUTH2 AUTH=OAUTHBEARER"
SPECIAL = 'p"a\\s\u00e4 \u20ac{3}'


def offer(words, **more):
    return {"CAPABILITY": f"* CAPABILITY {words}\r\nT OK done\r\n".encode(), **more}


SCENARIOS |= {
    "uidvalidity-moves": {"NOOP": b"* OK [UIDVALIDITY 4] it was replaced\r\nT OK done\r\n"},
    "uidvalidity-stays": {"NOOP": b"* OK [UIDVALIDITY 3] still\r\nT OK done\r\n"},
    "plain-ir": offer(PLAIN_ONLY + " SASL-IR", secret=SPECIAL),
    "plain-asked": offer(PLAIN_ONLY, secret=SPECIAL),
    "literals": offer("IMAP4rev1", secret=SPECIAL),
    "quoted": offer("IMAP4rev1", secret='p"a\\s s'),
    "token-ir": offer(TOKENS + " SASL-IR", secret="good"),
    "token-asked": offer(TOKENS, secret="good"),
    "token-none": offer("IMAP4rev1 AUTH=PLAIN SASL-IR", secret="good"),
    "token-long": offer(TOKENS + " SASL-IR", secret="t" * 8192),
    "token-drop": offer(TOKENS + " SASL-IR", AUTHENTICATE=hang_up(b"+ eyJz")),
    "token-down": offer(TOKENS + " SASL-IR", AUTHENTICATE=b"T NO [UNAVAILABLE] token server down\r\n"),
}


def sasl_parts(mechanism, response):
    text = base64.b64decode(response).decode()
    if mechanism == "PLAIN":
        return text.split("\0")[1:]
    parts = text.split("\1")
    if parts[-2:] != ["", ""]:
        return parts
    return [parts[0].removeprefix("user=").removeprefix("n,a=").removesuffix(","), parts[-3].removeprefix("auth=Bearer ")]


def unquote(text):
    """The words of LOGIN's arguments: quoted strings and atoms."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', text)
    return [re.sub(r"\\(.)", r"\1", quoted) or atom for quoted, atom in words]


def check_login(line, reader, script, text, tag):
    """Reads the rest of a login, and says whether it was right."""
    words = text.decode().rstrip("\r\n").split(" ", 3)
    given = []
    if words[1].upper() == "AUTHENTICATE":
        mechanism, response = words[2], words[3] if len(words) > 3 else None
        if response is None:
            line.sendall(b"+ \r\n")
            response = reader.readline().decode().strip()
        given = sasl_parts(mechanism, response)
        if given != [script.get("user", "ann"), script["secret"]] and mechanism != "PLAIN":
            line.sendall(b"+ " + base64.b64encode(b'{"status":"400","scope":"https://mail.example/"}') + b"\r\n")
            if reader.readline() != (b"AQ==\r\n" if mechanism == "OAUTHBEARER" else b"\r\n"):
                line.sendall(tag + b" BAD that is no answer to a challenge\r\n")
                return
    elif words[2].startswith("{"):
        for length in (words[2], None):
            line.sendall(b"+ go on\r\n")
            given.append(reader.read(int((length or announced).strip("{}\r\n "))).decode())
            announced = reader.readline().decode()
    else:
        given = unquote(" ".join(words[2:]))
    if given == [script.get("user", "ann"), script["secret"]]:
        line.sendall(tag + b" OK in\r\n")
    else:
        line.sendall(tag + b" NO [AUTHENTICATIONFAILED] wrong\r\n")


def verb_of(words):
    verb = words[1].upper() if len(words) > 1 else words[0].upper()
    if verb == "UID" and len(words) > 2:
        verb = f"UID {words[2].upper()}"
    if verb == "UID FETCH":
        verb += " BODY" if "BODY" in " ".join(words[3:]).upper() else " SIZE"
    return verb


def answer(line, script, key, tag):
    reaction = script.get(key, b"T BAD unknown\r\n")
    if callable(reaction):
        reaction(line, tag)
    else:
        line.sendall(reaction.replace(b"T OK", tag + b" OK").replace(b"T NO", tag + b" NO")
                     .replace(b"T BAD", tag + b" BAD"))


def serve(line, script):
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer(line, script, "greeting", b"*")
    if "hang up" in script:
        return
    reader = line.makefile("rb")
    tag = b""
    while True:
        text = reader.readline()
        if not text:
            return
        words = text.decode("latin-1").split()
        if words == ["DONE"]:
            answer(line, script, "DONE", tag)
            continue
        if len(words) < 2:
            continue
        tag, verb = words[0].encode(), verb_of(words)
        if "secret" in script and verb in ("LOGIN", "AUTHENTICATE"):
            check_login(line, reader, script, text, tag)
            continue
        answer(line, script, " ".join(words[1:4]) if " ".join(words[1:4]) in script else verb, tag)
        if verb == "APPEND" and not callable(script["APPEND"]) and b"+" in script["APPEND"]:
            reader.read(int(words[-1].strip("{}")) + 2)
            answer(line, script, "MESSAGE", tag)
        if verb == "STARTTLS" and "after STARTTLS" in script:
            reader.read(1)
            line.sendall(script["after STARTTLS"])


def script_of(name):
    if name in SCENARIOS:
        return {**NORMAL, **SCENARIOS[name]}
    step, fault = name.split(":")
    return {**NORMAL, step: FAULTS[fault]}


def run(server, script):
    for _ in range(2 if "secret" in script else 1):
        line, _peer = server.accept()
        try:
            serve(line, script)
        except OSError:
            pass
        finally:
            line.close()


def main():
    workers = []
    for name in sys.argv[1:]:
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        workers.append(threading.Thread(target=run, args=(server, script_of(name)), daemon=True))
        workers[-1].start()
    limit = time.monotonic() + 60
    for worker in workers:
        worker.join(max(0, limit - time.monotonic()))


if __name__ == "__main__":
    main()
