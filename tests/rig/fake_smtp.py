#!/usr/bin/env python3
"""A scripted SMTP server for failures a real one will not produce on demand.

usage: fake_smtp.py FOLDER [LINE...]

Listens on 127.0.0.1, prints its port, serves until its standard input ends. The script is the lines of
FOLDER/script, read anew for each connection, or the LINEs given:

  store NAME              keep messages and log in FOLDER/NAME (default FOLDER itself)
  ext KEYWORD...          offer an extension besides SIZE: PIPELINING, CHUNKING, ENHANCEDSTATUSCODES...
  cert CERT KEY           offer STARTTLS with this certificate
  implicit CERT KEY       TLS from the first byte with it instead
  login USER PASSWORD     offer AUTH, and want it before MAIL
  token USER TOKEN        the same for XOAUTH2 and OAUTHBEARER; a wrong token is explained, then refused
  mechs NAME...           the mechanisms offered (default PLAIN LOGIN)
  full                    never accept: the queue is filled, so that a connect() hangs
  any                     listen on every address of this host
  fault STEP[#N] ACTION   at the Nth time (default each time) STEP is reached

STEP is connect, ehlo, starttls, tls, auth, mail, rcpt, data, body (some of it was read), dot, bdat (a chunk that is not
the last), last (the chunk that is), rset, quit. ACTION is one of
  drop           close the connection
  take-drop      keep the message, then close without an answer (dot, last)
  stall          say nothing more, keep the line open until the client closes it
  freeze         read nothing more either, for a minute
  drip           answer without end, a byte at a time, so that no single wait is long
  garbage        answer with bytes that are not SMTP
  flood          answer with a line of 200,000 bytes
  floods         answer with 20,000 lines
  endless        answer with one line of 1 GB, until the client closes
  lie            say that the message was taken, and throw it away (dot, last)
  late CODE TEXT this answer, after a second
  inject TEXT    the usual answer with TEXT behind it, in one packet
  early TEXT     answer TEXT before reading the chunk (bdat, last)
  CODE TEXT      this answer; "|" divides lines
A message that was accepted is in NNNN.eml as it came, without dot-stuffing; its envelope, and everything said on both
sides, in log.
"""
import base64
import os
import socket
import ssl
import struct
import sys
import threading
import time


class Closed(Exception):
    pass


class Script:
    def __init__(self, lines):
        self.extensions, self.mechanisms, self.faults = [], ["PLAIN", "LOGIN"], []
        self.cert = self.login = self.token = None
        self.implicit = False
        self.store, self.full, self.any = "", False, False
        for line in lines:
            word, _, rest = line.strip().partition(" ")
            if word == "store":
                self.store = rest
            elif word == "ext":
                self.extensions += rest.split()
            elif word == "cert":
                self.cert = rest.split()
            elif word == "implicit":
                self.cert, self.implicit = rest.split(), True
            elif word == "login":
                self.login = rest.split(" ", 1)
            elif word == "token":
                self.login = self.token = rest.split(" ", 1)
                self.mechanisms = ["XOAUTH2", "OAUTHBEARER"]
            elif word == "mechs":
                self.mechanisms = rest.split()
            elif word == "any":
                self.any = True
            elif word == "full":
                self.full = True
            elif word == "fault":
                step, _, action = rest.partition(" ")
                step, _, number = step.partition("#")
                self.faults.append((step, int(number or 0), action))
            elif word:
                raise SystemExit(f"fake_smtp: unknown line: {line}")


class Session:
    lock = threading.Lock()

    def __init__(self, server, sock, script):
        self.server, self.sock, self.script = server, sock, script
        self.buffer, self.counts = b"", {}
        self.folder = os.path.join(server.folder, script.store)
        os.makedirs(self.folder, exist_ok=True)
        self.encrypted = self.authenticated = False
        self.reset()

    def log(self, text):
        with Session.lock, open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as log:
            log.write(text + "\n")

    def reset(self):
        self.sender, self.recipients, self.chunks, self.spoilt = None, [], b"", False

    # ---- the wire ----

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.buffer += data

    def read_line(self):
        while b"\n" not in self.buffer:
            self.fill()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def read_bytes(self, size):
        while len(self.buffer) < size:
            self.fill()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def say(self, text, behind=b""):
        lines = text.split("|")
        code = lines[0][:3]
        out = [lines[0] if len(lines) == 1 else lines[0].replace(" ", "-", 1)]
        out += [f"{code}-{line}" for line in lines[1:-1]]
        out += [f"{code} {lines[-1]}"] if len(lines) > 1 else []
        for line in out:
            self.log("S: " + line)
        self.sock.sendall("".join(line + "\r\n" for line in out).encode("latin-1") + behind)

    def drop(self):
        # With unread input the kernel would send RST anyway; this makes it so each time.
        self.log("S: (drop)")
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Closed

    def stall(self):
        self.log("S: (stall)")
        while True:
            self.buffer = b""
            self.fill()

    # ---- the script ----

    def fault(self, step):
        """The action for this step, reached once more, or None."""
        count = self.counts[step] = self.counts.get(step, 0) + 1
        for name, number, action in self.script.faults:
            if name == step and number in (0, count):
                return action
        return None

    def answer(self, step, usual, action=None):
        """Says the usual, or what the script wants. True when it was the usual consent."""
        action = action or self.fault(step)
        if action is None:
            self.say(usual)
            return True
        if action in ("drop", "take-drop"):
            self.drop()
        elif action == "stall":
            self.stall()
        elif action == "freeze":
            self.log("S: (freeze)")
            time.sleep(60)
            self.drop()
        elif action == "drip":
            self.log("S: (drip)")
            while True:
                self.sock.sendall(b"2")
                time.sleep(0.02)
        elif action == "garbage":
            self.log("S: (garbage)")
            self.sock.sendall(b"\x00\xff\x00 what is this\r\n")
        elif action == "flood":
            self.sock.sendall(b"250 " + b"x" * 200000 + b"\r\n")
        elif action == "floods":
            self.sock.sendall(b"250-another line\r\n" * 20000 + b"250 end\r\n")
        elif action == "endless":
            self.log("S: (endless)")
            for _ in range(1024):
                self.sock.sendall(b"250 " + b"x" * (1 << 20))
            self.drop()
        elif action == "lie":
            self.say(usual)
            return True
        elif action.startswith("late "):
            time.sleep(1)
            self.say(action[5:])
            return action[5:6] == usual[:1]
        elif action.startswith("inject "):
            self.say(usual, action[7:].replace("|", "\r\n").encode() + b"\r\n")
            return True
        elif action.startswith("early "):
            self.say(action[6:])
        else:
            self.say(action)
            return action[:1] == usual[:1]
        return False

    # ---- SMTP ----

    def run(self):
        try:
            if self.script.implicit:
                self.handshake()
            self.answer("connect", "220 fake.example ESMTP")
            while self.command(self.read_line()):
                pass
        except (Closed, OSError) as error:
            self.log(f"({type(error).__name__} {error})".replace(" )", ")"))
        finally:
            self.sock.close()

    def command(self, line):
        # What stands behind AUTH is a secret: its length is all that may be seen.
        words = line.split(" ")
        self.log("C: " + (f"AUTH {words[1]} ({len(line) + 2} bytes)" if words[0] == "AUTH" and len(words) > 1 else line))
        verb, _, argument = line.partition(" ")
        handler = getattr(self, "do_" + verb.lower(), None)
        if handler is None:
            self.say("500 5.5.2 what is that?")
            return True
        return handler(argument)

    def do_ehlo(self, _name):
        lines = ["fake.example", "SIZE 50000000"] + self.script.extensions
        if self.script.cert and not self.encrypted:
            lines.append("STARTTLS")
        elif self.script.login:
            lines.append("AUTH " + " ".join(self.script.mechanisms))
        self.reset()
        self.answer("ehlo", "250 " + "|".join(lines))
        return True

    def do_helo(self, _name):
        self.say("250 fake.example")
        return True

    def do_starttls(self, _rest):
        if not self.answer("starttls", "220 2.0.0 go ahead"):
            return True
        self.handshake()
        return True

    def handshake(self):
        action = self.fault("tls")
        if action == "drop":
            self.drop()
        elif action == "stall":
            self.stall()
        elif action:
            self.sock.sendall(b"this is not a TLS record at all\r\n" * 4)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.script.cert)
        context.sni_callback = lambda _sock, name, _context: self.log(f"(SNI {name})")
        self.buffer = b""
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.encrypted = True
        self.log(f"(TLS {self.sock.version()})")

    def do_auth(self, argument):
        action = self.fault("auth")
        mechanism, _, initial = argument.partition(" ")
        if action or mechanism not in self.script.mechanisms:
            self.answer("auth", "504 5.5.4 unknown mechanism", action)
            return True
        if mechanism == "PLAIN":
            given = base64.b64decode(initial or self.ask("")).split(b"\0")[1:]
        elif mechanism in ("XOAUTH2", "OAUTHBEARER"):
            given = self.read_token(mechanism, base64.b64decode(initial or self.ask("")).decode())
        elif mechanism == "LOGIN":
            user = initial or self.ask("VXNlcm5hbWU6")
            given = [base64.b64decode(user), base64.b64decode(self.ask("UGFzc3dvcmQ6"))]
        else:
            given = [self.ask("PDEyMy40NTZAZmFrZS5leGFtcGxlPg==").encode()]
        if [part.decode("latin-1") for part in given] == self.script.login:
            self.authenticated = True
            self.say("235 2.7.0 welcome")
        elif given == [b"*"]:
            self.say("501 5.0.0 cancelled")
        else:
            self.say("535 5.7.8 wrong name or password")
        return True

    def read_token(self, mechanism, text):
        """User and token; a wrong one is explained by a challenge, whose answer is checked."""
        user, token, empty, end = (text.removeprefix("n,a=").removeprefix("user=").split("\1") if mechanism == "XOAUTH2"
                                   else [text.split("\1")[0].removeprefix("n,a=").removesuffix(",")] +
                                   text.split("\1")[3:])
        given = [user.encode(), token.removeprefix("auth=Bearer ").encode()]
        if [part.decode() for part in given] != self.script.token:
            problem = b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}'
            answer = self.ask(base64.b64encode(problem).decode())
            if answer != ("" if mechanism == "XOAUTH2" else "AQ==") or empty or end:
                return [b"wrong answer to the challenge"]
        return given

    def ask(self, challenge):
        self.say("334 " + challenge)
        line = self.read_line()
        self.log("C: (login)" if line != "*" else "C: *")
        return line

    def do_mail(self, argument):
        if self.script.login and not self.authenticated:
            self.say("530 5.7.0 log in first")
        elif self.answer("mail", "250 2.1.0 sender ok"):
            self.reset()
            self.sender = argument
        return True

    def do_rcpt(self, argument):
        if argument == "TO:<>":
            self.say("501 5.1.3 empty address")
        elif self.sender is None:
            self.say("503 5.5.1 MAIL first")
        elif self.answer("rcpt", "250 2.1.5 recipient ok"):
            self.recipients.append(argument)
        return True

    def keep(self, data):
        with Session.lock:
            self.server.kept += 1
            name = f"{self.server.kept:04d}.eml"
        with open(os.path.join(self.folder, name), "wb") as out:
            out.write(data)
        self.log(f"(kept {name} {self.sender} {' '.join(self.recipients)})")

    def finish(self, step, data):
        action = self.fault(step)
        if action in ("take-drop", "flood", "floods", "endless") or (action or "2").removeprefix("late ")[0] in "2i":
            self.keep(data)
        self.answer(step, "250 2.0.0 taken", action)
        self.reset()
        return True

    def do_data(self, _rest):
        if not self.recipients:
            self.say("554 5.5.1 no valid recipients")
            return True
        if not self.answer("data", "354 go ahead"):
            return True
        body = self.fault("body")
        if body:
            begun = self.read_bytes(512)
            self.answer("body", "", body)
            self.buffer = begun + self.buffer
        refused = (body or "2")[0] in "45"  # said already, before the end
        data = b""
        while True:
            line = self.read_bytes_line()
            if line == b".\r\n":
                break
            data += line[1:] if line.startswith(b".") else line
        self.log(f"C: ({len(data)} bytes, dot)")
        if refused:
            self.reset()
            return True
        return self.finish("dot", data)

    def read_bytes_line(self):
        while b"\n" not in self.buffer:
            self.fill()
        line, end, self.buffer = self.buffer.partition(b"\n")
        return line + end

    def do_bdat(self, argument):
        words = argument.split()
        size, last = int(words[0]), "LAST" in words[1:]
        step = "last" if last else "bdat"
        body = self.fault("body")
        if body:
            self.read_bytes(min(size, 512))
            self.answer("body", "", body)
        action = None if last else self.fault(step)
        if action and action.startswith("early "):
            self.spoilt = True
            self.answer(step, "", action)
            self.read_bytes(size)
            return True
        self.chunks += self.read_bytes(size)
        if self.spoilt or not self.recipients:
            self.spoilt = True
            self.say("503 5.5.1 no transaction")
        elif last:
            return self.finish("last", self.chunks)
        elif not self.answer(step, f"250 2.0.0 {size} bytes", action):
            self.spoilt = True
        return True

    def do_rset(self, _rest):
        self.reset()
        self.answer("rset", "250 2.0.0 forgotten")
        return True

    def do_noop(self, _rest):
        self.say("250 2.0.0 still here")
        return True

    def do_quit(self, _rest):
        self.answer("quit", "221 2.0.0 bye")
        return False


class Server:
    def __init__(self, folder, lines):
        self.folder, self.lines, self.kept = folder, lines, 0
        self.listener = socket.socket()
        # Small, so that a long body is still on its way when the line is dropped inside it.
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.listener.bind(("" if self.script().any else "127.0.0.1", 0))
        self.filler = []

    def script(self):
        if self.lines:
            return Script(self.lines)
        try:
            with open(os.path.join(self.folder, "script"), encoding="utf-8") as script:
                return Script(script)
        except FileNotFoundError:
            return Script([])

    def serve(self):
        full = self.script().full
        self.listener.listen(0 if full else 64)
        for _ in range(4 if full else 0):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.listener.getsockname())
            self.filler.append(filler)
        print(self.listener.getsockname()[1], flush=True)
        while not full:
            sock, _ = self.listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=Session(self, sock, self.script()).run, daemon=True).start()
        threading.Event().wait()


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    server = Server(sys.argv[1], sys.argv[2:])
    threading.Thread(target=server.serve, daemon=True).start()
    while sys.stdin.buffer.read(4096):
        pass


main()
