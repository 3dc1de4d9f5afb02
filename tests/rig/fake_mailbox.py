#!/usr/bin/env python3
"""An IMAP server with folders whose mail changes at the worst moment, and with the habits of big providers.

    fake_mailbox.py SCENARIO

Prints its port on 127.0.0.1 and serves one connection after the other until standard input ends. What each scenario does
stands in its class. Answers are those of a small, honest server otherwise: LOGIN, LIST, EXAMINE, STATUS, NOOP, UID SEARCH of
a range, UID FETCH of sizes and bodies, IDLE.
"""

import re
import socket
import sys
import threading
import time

SENT = "Sent"


def mail(number, sender="pat@acme.example", **fields):
    fields = {"From": sender, "To": "ann@example.test", "Subject": f"Question {number}", "Message-ID": f"<{number}@acme.example>",
              "Date": "Mon, 2 Mar 2026 10:00:00 +0100", **fields}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\nText {number}.\r\n".encode()


class Drop(Exception):
    """The line is cut."""


class Server:
    """Three mails in INBOX, nothing in Sent."""

    capabilities = "IMAP4rev1 IDLE UIDPLUS SPECIAL-USE"
    flags = {"INBOX": "\\HasNoChildren", SENT: "\\HasNoChildren \\Sent"}

    def __init__(self):
        self.validity = {name: 3 for name in self.flags}
        self.folders = {name: {} for name in self.flags}
        self.folders["INBOX"] = {number: mail(number) for number in (1, 2, 3)}
        self.connections = 0
        self.started = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime())

    def before(self, verb, words):
        """Called with each command; may change what there is, raise Drop, or return the answer itself."""

    def listed(self, uids, _first):
        """The answer to UID SEARCH UID first:*."""
        return uids

    def size(self, body):
        return len(body)

    # -- the dialogue --------------------------------------------------------------------------------------------

    def serve(self, line):
        self.connections += 1
        self.folder = None
        reader = line.makefile("rb")
        line.sendall(b"* OK fake ready\r\n")
        for text in iter(reader.readline, b""):
            words = text.decode().split()
            if words[0] == "DONE":
                line.sendall(f"{tag} OK done\r\n".encode())
                continue
            tag, verb = words[0], " ".join(words[1:3] if words[1].upper() == "UID" else words[1:2]).upper()
            said = self.before(verb, words)
            line.sendall((said or self.answer(verb, words, text.decode())).replace("TAG", tag).encode("latin-1"))

    def answer(self, verb, words, text):
        name = (re.findall(r'"([^"]*)"|(\S+)', text.split(None, 2)[2]) if len(words) > 2 else [("", "")])[0]
        name = name[0] or name[1]
        if verb == "CAPABILITY":
            return f"* CAPABILITY {self.capabilities}\r\nTAG OK done\r\n"
        if verb == "LIST":
            rows = "".join(f'* LIST ({flags}) "/" "{folder}"\r\n' for folder, flags in self.flags.items())
            return rows + "TAG OK done\r\n"
        if verb in ("EXAMINE", "STATUS"):
            if name not in self.folders or "\\Noselect" in self.flags[name]:
                return "TAG NO [NONEXISTENT] no such folder\r\n"
            mails = self.folders[name]
            following = max(mails, default=0) + 1
            if verb == "STATUS":
                return (f'* STATUS "{name}" (MESSAGES {len(mails)} UIDNEXT {following} UIDVALIDITY {self.validity[name]})\r\n'
                        "TAG OK done\r\n")
            self.folder = name
            return (f"* {len(mails)} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY {self.validity[name]}] v\r\n"
                    f"* OK [UIDNEXT {following}] n\r\nTAG OK [READ-ONLY] done\r\n")
        if verb == "UID SEARCH":
            first = int(re.search(r"(\d+):\*", text)[1])
            uids = self.listed([uid for uid in sorted(self.folders[self.folder]) if uid >= first], first)
            return f"* SEARCH {' '.join(map(str, uids))}\r\nTAG OK done\r\n"
        if verb == "UID FETCH":
            return self.fetch(words[3], text)
        return "+ idling\r\n" if verb == "IDLE" else "TAG OK done\r\n"

    def fetch(self, wanted, text):
        rows, mails = "", self.folders[self.folder]
        uids = sorted(mails)
        for part in wanted.split(","):
            low, _, high = part.partition(":")
            for uid in [uid for uid in uids if int(low) <= uid <= int(high or low)]:
                body = mails[uid]
                if "BODY" not in text:
                    size = f'RFC822.SIZE {self.size(body)} INTERNALDATE "{self.started}"'
                    rows += f"* {uids.index(uid) + 1} FETCH (UID {uid} {size})\r\n"
                else:
                    body = body[:int(re.search(r"<0\.(\d+)>", text)[1])].decode("latin-1")
                    rows += f"* {uids.index(uid) + 1} FETCH (UID {uid} BODY[]<0> {{{len(body)}}}\r\n{body})\r\n"
        return rows + "TAG OK done\r\n"


class Expunged(Server):
    """The second mail is gone by the time its body is asked for."""

    def before(self, verb, words):
        if verb == "UID FETCH" and words[3] == "2":
            self.folders["INBOX"].pop(2, None)


class KeptBack(Server):
    """The second mail is listed, and not given at the first times of asking."""

    times = 4

    def before(self, verb, words):
        if verb == "UID FETCH" and words[3] == "2" and self.times > 0:
            self.times -= 1
            return "TAG OK done\r\n"
        return None


class NeverGiven(Server):
    """The second mail is listed, and never given."""

    def before(self, verb, words):
        return "TAG OK done\r\n" if verb == "UID FETCH" and words[3] == "2" else None


class ExpungedMany(Server):
    """Of 260 mails, thirty of the first two hundred are gone between the list and the sizes."""

    def __init__(self):
        super().__init__()
        self.folders["INBOX"] = {number: mail(number) for number in range(1, 261)}

    def before(self, verb, words):
        if verb == "UID FETCH":
            for uid in range(101, 131):
                self.folders["INBOX"].pop(uid, None)


class Restarts(Server):
    """The server goes down behind the first mail."""

    def before(self, verb, words):
        if self.connections == 1 and verb == "UID FETCH" and words[3] == "2":
            raise Drop(b"* BYE server shutting down\r\n")


class Renumbered(Server):
    """INBOX is made anew between the first look and the second: other numbers, the same mails and a fourth.

    One of the mails has no Message-ID to be known by."""

    def __init__(self):
        super().__init__()
        self.looks = 0
        self.folders["INBOX"] = {7: mail(1), 8: mail(2, **{"Message-ID": None}), 9: mail(3)}

    def before(self, verb, words):
        if verb == "EXAMINE" and words[2].strip('"') == "INBOX":
            self.looks += 1
            if self.looks == 2:
                self.validity["INBOX"] = 4
                known = list(self.folders["INBOX"].values())
                self.folders["INBOX"] = dict(enumerate([*known, mail(4)], start=1))


class Gmail(Server):
    """Folders below one that cannot be opened, in the owner's language; all mail once more in All Mail; the last mail in
    every answer to n:*; too many connections now and then."""

    capabilities = "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS ENABLE MOVE CONDSTORE ESEARCH SPECIAL-USE"
    flags = {"INBOX": "\\HasNoChildren", "[Gmail]": "\\HasChildren \\Noselect", "[Gmail]/Alle Nachrichten": "\\All \\HasNoChildren",
             "[Gmail]/Gesendete Objekte &APw-": "\\HasNoChildren \\Sent"}

    def __init__(self):
        super().__init__()
        self.folders["[Gmail]/Alle Nachrichten"] = dict(self.folders["INBOX"])
        self.folders["[Gmail]/Gesendete Objekte &APw-"] = {1: mail(9, sender="ann@example.test", To="pat@acme.example")}

    def before(self, verb, words):
        if verb == "LOGIN" and self.connections == 1:
            return "TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n"
        return None

    def listed(self, uids, _first):
        return uids or [max(self.folders[self.folder])]


class Exchange(Server):
    """No marks on folders; sizes that are guesses; a login that is right and does not help."""

    capabilities = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
    flags = {"INBOX": "\\Marked \\HasNoChildren", "Sent Items": "\\HasNoChildren"}

    def __init__(self):
        super().__init__()
        self.folders["Sent Items"] = {1: mail(9, sender="ann@example.test", To="pat@acme.example")}

    def before(self, verb, words):
        if verb == "LOGIN" and self.connections == 1:
            return "TAG NO User is authenticated but not connected.\r\n"
        return None

    def size(self, body):
        return len(body) // 2


def main():
    scenario = {"".join("-" + c.lower() if c.isupper() else c for c in kind.__name__)[1:]: kind for kind in Server.__subclasses__()}[
        sys.argv[1]]()
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)

    def accept():
        while True:
            line, _peer = listening.accept()
            try:
                scenario.serve(line)
            except Drop as drop:
                line.sendall(drop.args[0])
            except OSError:
                pass
            finally:
                line.close()

    threading.Thread(target=accept, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
