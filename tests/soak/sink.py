#!/usr/bin/env python3
"""An SMTP server that takes mail fast, fails at random, and counts what it took.

usage: sink.py FOLDER SEED SHARE     SHARE: of a thousand transactions, how many meet a fault

Prints its port; serves until its standard input ends. FOLDER/taken gets "MESSAGE-ID RECIPIENT" a line for each recipient
of each message it took, before it answers; while FOLDER/calm exists there are no faults.
"""

import asyncio
import os
import random
import re
import sys

FAULTS = ("mail 4", "rcpt 4", "rcpt drop", "data 4", "data drop", "body drop", "dot 4", "dot drop", "dot take-drop",
          "dot garbage", "dot take-late")


class Sink:
    def __init__(self, folder, seed, share):
        self.folder, self.chance, self.share = folder, random.Random(seed), share
        self.taken = open(os.path.join(folder, "taken"), "a", encoding="ascii", buffering=1)

    def fault(self):
        calm = os.path.exists(os.path.join(self.folder, "calm"))
        return "" if calm or self.chance.randrange(1000) >= self.share else self.chance.choice(FAULTS)

    async def serve(self, reader, writer):
        try:
            await self.session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.transport.abort()

    async def session(self, reader, writer):
        def say(text):
            writer.write(text.encode("ascii") + b"\r\n")

        fault, recipients = "", []
        say("220 sink.example ESMTP")
        while True:
            line = (await reader.readuntil(b"\n")).decode("latin-1").strip()
            verb = line[:4].upper()
            if verb == "MAIL":
                fault, recipients = self.fault(), []
            step = {"MAIL": "mail", "RCPT": "rcpt", "DATA": "data"}.get(verb)
            if step and fault == step + " drop":
                return
            if step and fault == step + " 4":
                say("451 4.2.1 not now" if step == "rcpt" else "451 4.3.0 not now")
                fault = ""
            elif verb == "EHLO":
                say("250-sink.example\r\n250-AUTH PLAIN\r\n250 ENHANCEDSTATUSCODES")
            elif verb == "AUTH":
                say("235 2.7.0 whoever you are")
            elif verb == "RCPT":
                recipients.append(re.search("<(.*?)>", line)[1])
                say("250 2.1.5 ok")
            elif verb == "DATA":
                if not recipients:
                    say("503 5.5.1 nobody to send it to")
                    continue
                say("354 go ahead")
                if not await self.message(reader, say, fault, recipients):
                    return
            elif verb == "QUIT":
                say("221 2.0.0 bye")
                await writer.drain()
                return
            else:
                say("250 2.0.0 ok")

    async def message(self, reader, say, fault, recipients):
        """FALSE when the line is to be dropped."""
        if fault == "body drop":
            await reader.readexactly(300)
            return False
        body = await reader.readuntil(b"\r\n.\r\n")
        what = fault.removeprefix("dot ") if fault.startswith("dot ") else ""
        if what in ("", "take-drop", "take-late"):
            ident = re.search(rb"^Message-ID: <(.*?)>", body, re.MULTILINE | re.IGNORECASE)[1].decode("ascii")
            for address in recipients:
                self.taken.write(f"{ident} {address}\n")
        if what in ("drop", "take-drop"):
            return False
        if what == "take-late":
            await asyncio.sleep(0.5)
        say({"4": "451 4.3.0 not now", "garbage": "\x00?"}.get(what, "250 2.0.0 taken"))
        return True


async def main():
    sink = Sink(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=1 << 24)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    server.close()


asyncio.run(main())
