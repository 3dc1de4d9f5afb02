"""The machine the demo plays on: a rehearsal folder, a mail system, a clock, and a narrator."""

import csv
import datetime
import io
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import textwrap
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import harness  # noqa: E402

WIDTH = 104
TABLE_WIDTH = 115
MARGIN = " " * 9
FIRST_DAY = datetime.date(2027, 1, 11)
LAST_DAY = datetime.date(2027, 3, 9)
# Between them the offices of Sydney to Los Angeles open and close. The team's clock is London's, which is UTC all winter.
ROUNDS = ("00:10", "09:10", "14:10", "17:10")

TEAM = {"ana": ("Ana Ruiz", ["emea", "apac"]), "ben": ("Ben Okafor", ["americas"])}
DOMAIN = "lantern.example"

CONFIG = """\
database = "usher.db"
sequences = {{"onboarding"}}

team {{
    name         = "Lantern Onboarding"
    company      = "Lantern Analytics"
    timezone     = "Europe/London"
    booking_link = "https://lantern.example/book"
    help_link    = "https://lantern.example/help"
    failsafe     = "ana"
}}

window {{
    days = {{"mon", "tue", "wed", "thu", "fri"}}
    from = "09:00"
    to   = "17:00"
}}
"""

STEP_TITLES = {"outreach": "the outreach", "failed_payment": "the mail about the payment",
               "check_in": "the check-in", "survey": "the survey", "after_call": "the summary of the call", "second_outreach": "the week-5 mail", "graduation": "the week-8 mail"}
STAGE_TITLES = {"new_account": "New Account", "initiated": "Onboarding Initiated", "onboarded": "Onboarded",
                "sales_handoff": "Sales Handoff", "paid_call": "Paid call purchased"}


class Story:
    """The team's machine: a rehearsal folder, a mail system, a clock, and a narrator."""

    def __init__(self, binary):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="usher-demo-"))
        self.colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.accounts = {}
        for line in (HERE / "accounts.jsonl").read_text(encoding="utf-8").splitlines():
            account = json.loads(line)
            self.accounts[account["account"]] = account
        customers = {contact["email"]: contact for account in self.accounts.values() for contact in account["contacts"]}
        self.customers = customers
        users = {f"{name}@{DOMAIN}": "a-lantern-secret" for name in TEAM}
        users |= {address: "a-customer-secret" for address in customers if address != "walt@dunmore.example"}
        self.rig = harness.MailRig(users, bounce_domains=["dunmore.example"])
        self.program = harness.Usher(self.folder, binary=binary)
        self.now = None
        self.day_shown = None
        self.last_event = 0
        self.runs = 0
        self.written_by_hand = []

    # -- telling ---------------------------------------------------------------------------------------------------

    def style(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def heading(self):
        if self.now.date() == self.day_shown:
            return
        self.day_shown = self.now.date()
        days = (self.day_shown - FIRST_DAY).days
        title = f"{self.day_shown:%A} {self.day_shown.day} {self.day_shown:%B %Y}, week {days // 7 + 1}"
        print("\n" + self.style("1", title))

    def say(self, text, clock=False):
        """The narrator."""
        self.heading()
        lines = textwrap.wrap(text, WIDTH - len(MARGIN))
        first = f"  {self.now:%H:%M}  " if clock else MARGIN
        print(first + f"\n{MARGIN}".join(lines))

    def detail(self, text):
        for line in textwrap.wrap(text, WIDTH - len(MARGIN), subsequent_indent=" " * 10, break_long_words=False):
            print(MARGIN + line)

    def command_line(self, words):
        self.heading()
        print(f"  {self.now:%H:%M}  " + self.style("36", "$ usher " + " ".join(map(quoted, words))))

    def output(self, text, limit=None):
        """Real output, cut to limit lines and to the width; what is cut leaves a mark."""
        lines = text.rstrip("\n").splitlines()
        cut = lines[:limit] if limit else lines
        for line in cut:
            print((MARGIN + (line if len(line) <= TABLE_WIDTH else line[:TABLE_WIDTH - 1] + "…")).rstrip())
        if len(cut) < len(lines):
            print(f"{MARGIN}… ({len(lines) - len(cut)} more lines)")
        sys.stdout.flush()

    # -- doing -----------------------------------------------------------------------------------------------------

    def call(self, *words, **environment):
        """Runs usher at the story's time. Any exit code but 0 ends the demo."""
        result = self.program.run(*words, "--now", f"{self.now:%Y-%m-%dT%H:%M}", **environment)
        if result.code != 0:
            raise AssertionError(str(result))
        return result

    def usher(self, *words, limit=None, show=None, **environment):
        """A command as a person types it: shown with its output (or that part of it which show() returns)."""
        result = self.call(*words, **environment)
        self.command_line(words)
        self.output(show(result.out) if show else result.out, limit)
        self.tell_news(self.news())
        return result

    def run(self, quiet=True):
        """usher run --once; shown only when something happened."""
        self.call("run", "--once")
        self.runs += 1
        news = self.news()
        if news or not quiet:
            self.command_line(("run", "--once"))
            self.tell_news(news)

    def tell_news(self, news):
        for account, text in news:
            self.detail(f"{account:<9} {text}")
        sys.stdout.flush()

    def news(self):
        """What the journal says since the last call, in words."""
        return [line for event in self.events() for line in [self.tell(event)] if line]

    def events(self):
        new = [event for event in self.call("log", "--json", "--limit", "400").json if event["event"] > self.last_event]
        if new:
            self.last_event = new[-1]["event"]
        return new

    def tell(self, event):
        """An event in a few words, or None for those nobody has to hear about."""
        kind, data, account = event["kind"], event["data"], event["account"]
        step = STEP_TITLES.get(data.get("step"), data.get("step"))
        text = None
        if kind == "draft_made" and not data["automatic"]:
            text = f"draft {data['message']} for {data['specialist']}: “{data['subject']}”"
        elif kind == "sent":
            people = [row["address"] for row in self.deliveries() if row["message"] == data["message"]]
            text = f"sent to {' and '.join(people)} at {self.local_time(account)}: “{data['subject']}”"
        elif kind == "hand_sent":
            text = f"{data['specialist']} wrote by hand: “{data['subject']}”"
        elif kind == "replied":
            text = f"{data['address']} replied"
        elif kind == "auto_replied":
            text = f"an automatic reply of {data['address']}: no engagement"
        elif kind == "bounced":
            text = f"{data['address']} bounced ({data['status']}, {data['reason']})"
        elif kind == "suppressed":
            text = f"{data['address']} will not be written to again"
        elif kind == "hold_set":
            until = datetime.datetime.fromtimestamp(data["until"] / 1e6, datetime.timezone.utc)
            text = f"nothing to {data.get('address', 'the account')} before {until:%A} {until.day} {until:%B}"
        elif kind == "stage_entered" and data["stage"] != "new_account":
            text = f"now in {STAGE_TITLES[data['stage']]}"
        elif kind == "draft_withdrawn":
            text = f"draft {data['message']} is withdrawn: {data['reason']}"
        elif kind == "step_changed" and data["state"] in ("waiting", "late", "skipped", "expired"):
            text = f"{step} waits: {data['reason']}"
        elif kind in ("task_made", "cancelled"):
            text = f"task: {data['title']}" if kind == "task_made" else f"everything automatic is cancelled: {data['reason']}"
        return (account, text) if text else None

    def deliveries(self):
        return self.call("outbox", "--all", "--json").json

    def local_time(self, account):
        zone = self.accounts[account]["timezone"]
        local = self.now.astimezone(zoneinfo.ZoneInfo(zone))
        return f"{local:%H:%M} in {zone.rpartition('/')[2].replace('_', ' ')}"

    # -- people ----------------------------------------------------------------------------------------------------

    def person(self, address):
        contact = self.customers.get(address)
        name = f"{contact['first_name']} {contact['last_name']}" if contact else TEAM[address.partition("@")[0]][0]
        return f"{name} <{address}>"

    def words_of(self, message, verb):
        """Shows a mail a person writes, without what it quotes."""
        self.heading()
        name, address = message["From"].addresses[0].display_name, message["From"].addresses[0].addr_spec
        print(f"  {self.now:%H:%M}  " + self.style("35", f"{name} ({address}) {verb}:"))
        for line in message.get_content().splitlines():
            if line.startswith("On ") and line.endswith("wrote:"):
                break
            if line:
                print("\n".join(textwrap.wrap(line, WIDTH - 13, initial_indent=f"{MARGIN}  | ", subsequent_indent=f"{MARGIN}  | ")))
        sys.stdout.flush()

    def date_header(self):
        return self.now.strftime("%a, %d %b %Y %H:%M:%S +0000")

    def latest(self, address, sender):
        found = self.rig.find(address, sender=sender)
        if not found:
            raise AssertionError(f"{address} has no mail from {sender}")
        return found[-1]

    def answers(self, address, text, to):
        """A customer answers the last mail of a specialist, and the answer arrives."""
        mail = self.latest(address, f"{to}@{DOMAIN}")
        reply = harness.answer(mail, self.person(address), text, Date=self.date_header())
        self.words_of(reply, "answers")
        self.rig.send(reply)
        self.arrived(to, reply)

    def arrived(self, specialist, message):
        self.rig.wait_for(f"{specialist}@{DOMAIN}", where=lambda mail: mail.message_id == message["Message-ID"])

    def writes_by_hand(self, specialist, message, verb):
        """A specialist writes from an ordinary mail program, which files its own copy in Sent."""
        self.words_of(message, verb)
        self.rig.send_by_hand(message)
        address = message["To"].addresses[0].addr_spec
        self.rig.wait_for(address, where=lambda mail: mail.message_id == message["Message-ID"])
        self.written_by_hand.append((address, message["Message-ID"]))

    def import_rows(self, name, rows):
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        (self.folder / name).write_text(text.getvalue(), encoding="utf-8")
        self.usher("import", "--source", "billing" if name == "invoices.csv" else "crm", name)

    # -- before and after --------------------------------------------------------------------------------------------

    def prepare(self):
        self.rig.start()
        (self.folder / "usher.conf").write_text(CONFIG.format(), encoding="utf-8")
        shutil.copy(self.rig.ca_file, self.folder / "ca.pem")
        shutil.copy(HERE / "accounts.jsonl", self.folder)
        with open(self.folder / "usher.conf", "a", encoding="utf-8") as file:
            for name, (full_name, regions) in TEAM.items():
                secret = self.folder / f"{name}.password"
                secret.touch(mode=0o600)
                secret.write_text(self.rig.password(f"{name}@{DOMAIN}") + "\n", encoding="utf-8")
                file.write(f'\nspecialist {name} {{\n    name    = "{full_name}"\n    address = "{name}@{DOMAIN}"\n'
                           f"    regions = {harness.conf_value(regions)}\n}}\n\n"
                           + self.rig.mailbox_section(name, f"{name}@{DOMAIN}", secret.name, ca_file="ca.pem"))

    def live(self, scenes):
        """Rounds and scenes in the order of the calendar."""
        plan = [(day, time, None) for day in working_days(FIRST_DAY, LAST_DAY) for time in ROUNDS]
        plan += [(day, time, scene) for day, time, scene in scenes]
        begun = False
        for day, time, scene in sorted(plan, key=lambda item: item[:2]):
            begun = begun or scene is not None
            if not begun:
                continue
            hour, minute = map(int, time.split(":"))
            self.now = datetime.datetime.combine(day, datetime.time(hour, minute), datetime.timezone.utc)
            if scene:
                scene(self)
            else:
                self.run()

    def keep_mail(self):
        """Copies every mailbox into the folder as a Maildir with names that can be read, and returns their number."""
        count = 0
        for user in self.rig.server["users"]:
            for source, kept in (("INBOX", "inbox"), (self.rig.server["sent_folder"], "sent")):
                mails = self.rig.messages(user, source)
                if kept == "sent" and not mails:
                    continue
                box = self.folder / "mail" / user / kept
                for part in ("cur", "new", "tmp"):
                    (box / part).mkdir(parents=True)
                for mail in mails:
                    subject = re.sub(r"[^a-z0-9]+", "-", (mail["Subject"] or "").lower()).strip("-")[:50]
                    (box / "cur" / f"{mail.uid:02}-{subject}.eml").write_bytes(mail.raw)
                    count += 1
        return count


def quoted(word):
    return f"'{word}'" if re.search(r"[\s&;']", word) else word


def working_days(first, last):
    days = (first + datetime.timedelta(n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < 5]
