#!/usr/bin/env python3
"""Eight weeks of an invented onboarding team in about a minute: `make demo`, or tests/demo/demo.py build/usher.

Everything is real except the people and the calendar: a private Dovecot and Exim on loopback, TLS, the usher program,
its database on disk. `usher init --rehearsal` makes that database, and --now is its clock. The story is SCENES; between
the scenes `usher run --once` comes round four times each working day. At the end the mailboxes are compared with what
the programme promises, and the exit code says whether it was kept.
"""

import collections
import contextlib
import csv
import datetime
import io
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import textwrap
import zoneinfo

sys.dont_write_bytecode = True
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

# ---- what must have happened by the end: the step of every mail with its recipients, in order ---------------------------

ONE, CHECK_IN, WEEK_5, WEEK_8, SURVEY = "outreach", "check_in", "second_outreach", "graduation", "survey"
EXPECTED_MAIL = {
    "birch": [(ONE, "kim lou"), (WEEK_5, "kim"), (WEEK_8, "kim"), (SURVEY, "kim")],       # week 5 and 8: only who took part
    "corvid": [(ONE, "priya"), (WEEK_5, "priya"), (WEEK_8, "priya")],
    "dunmore": [(ONE, "walt rosa"), (WEEK_5, "rosa"), (WEEK_8, "rosa"), (SURVEY, "rosa")],  # Walt's address is dead after the first
    "ember": [("failed_payment", "caio"), (ONE, "caio"), (WEEK_5, "caio")],
    "fathom": [(ONE, "yui"), (WEEK_5, "yui"), (WEEK_8, "yui"), (SURVEY, "yui")],
    "grove": [(ONE, "dana")],
    "halcyon": [(WEEK_5, "miles"), (WEEK_8, "miles"), (SURVEY, "miles")],                   # the outreach was Ben's own
    "iris": [(ONE, "camille"), (WEEK_8, "camille"), (SURVEY, "camille")],
    "juniper": [(ONE, "amani"), (WEEK_5, "amani"), (WEEK_8, "amani"), (SURVEY, "amani")],
    "kestrel": [(ONE, "arjun"), (CHECK_IN, "arjun"), (WEEK_5, "arjun"), (WEEK_8, "arjun")],
    "lumen": [(ONE, "grace"), (WEEK_5, "grace"), (WEEK_8, "grace"), (SURVEY, "grace")],
    "mesa": [(ONE, "tess"), (WEEK_5, "tess"), (WEEK_8, "tess")],
}
EXPECTED_STAGE = {account: "onboarded" for account in EXPECTED_MAIL} | {"ember": "initiated", "grove": "sales_handoff"}
EXPECTED_ENGAGED = {"birch", "grove", "kestrel"}
# Mails that had to wait (for an answer, and two days after it; for who is away); all others leave on day 28 and day 49.
EXPECTED_DAY = {("kestrel", WEEK_8): 52, ("corvid", WEEK_8): 51}


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

    def live(self):
        """Rounds and scenes in the order of the calendar."""
        plan = [(day, time, None) for day in working_days(FIRST_DAY, LAST_DAY) for time in ROUNDS]
        plan += [(day, time, scene) for day, time, scene in SCENES]
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


# ---- the scenes -----------------------------------------------------------------------------------------------------------

def set_up(story):
    story.say("A team of two, Ana and Ben, and twelve new customers from Sydney to Los Angeles. Their mail servers (Dovecot and "
              "Exim, with TLS) run on this machine alone. Each command also gets --now, the rehearsal's clock; “run --once” "
              "stands for the service, and is shown when something happened. Times are London's.")
    story.command_line(("init", "--rehearsal"))
    story.output(story.program.run("init", "--rehearsal").out)
    story.usher("check", show=lambda out: "\n".join(line for line in out.splitlines() if "mailbox" in line))
    story.usher("import", "accounts.jsonl")
    story.run(quiet=False)
    story.say("Segments say who is in the programme and why (sequences/segments.conf); alerts made the tasks (sequences/alerts.conf).")
    story.usher("segments", show=lambda out: "\n".join(line for line in out.splitlines() if not re.match(r"\w+ +0 ", line)))
    story.usher("task", "list", "--assignee", "ben")
    story.usher("drafts")
    story.usher("preview", "birch")


def approvals(story):
    before, after = "nobody has plans", "nobody at Fathom has plans"
    editor = f"sed -i 's/{before}/{after}/'"
    story.say(f"Ana reads draft 5 and changes a sentence in her editor. Here EDITOR is {editor}")
    story.usher("edit", "5", EDITOR=editor, VISUAL=editor)
    sentence = re.search(r"[^.]*\bFathom has plans\b[^.]*\.", story.call("preview", "fathom").out.replace("\n", " "))
    if not sentence:
        raise AssertionError("the edited draft does not hold the new sentence")
    story.say(f"Now the draft says: {sentence.group().strip()}")
    story.say("Sales talked to mesa in December, and nobody has said yet whose it is. So its draft may be approved, and still waits.")
    drafts = [str(row["draft"]) for row in story.call("drafts", "--json").json if row["account"] != "halcyon"]
    story.usher("approve", *drafts)
    story.say("What will the week bring? The service itself plays it, on a copy of the database and a clock of its own.")
    story.usher("simulate", "--until", "+7d", limit=22)


def hand_written(story):
    story.say("Ben knows Miles from a conference, and writes to him from his own mail program. usher sees that in Sent.", clock=True)
    mail = harness.compose(story.person(f"ben@{DOMAIN}"), story.person("miles@halcyon.example"), "The flags question you asked me",
                           "Hi Miles,\n\nyou asked how to keep flag requests down. Load the flags once with the page and pass them to "
                           "the client: most of your requests will go away.\n\nBen\n", Date=story.date_header())
    story.writes_by_hand("ben", mail, "writes to Miles")
    story.run(quiet=False)


def bounce(story):
    story.rig.wait_for(f"ben@{DOMAIN}", where=lambda mail: "multipart/report" in (mail["Content-Type"] or ""))
    story.say("Walt left the company long ago, and his mail server says so.")
    story.run(quiet=False)


def first_answer(story):
    story.answers("kim@birch.example", "Hi Ana,\n\nthat is a surprise, I thought we sampled everywhere. I have set two seconds in both "
                  "projects. Can you tell me next week whether it helped?\n\nKim\n", to="ana")
    story.run(quiet=False)


def ana_replies(story):
    mail = story.latest(f"ana@{DOMAIN}", "kim@birch.example")
    story.writes_by_hand("ana", harness.answer(mail, story.person(f"ana@{DOMAIN}"), "Hi Kim,\n\nI will look on Monday and write to you "
                                               "then.\n\nAna\n", Date=story.date_header()), "answers her from her mail program")
    story.run()


def paid(story):
    story.say("Billing exports its invoices every night; this night ember's is paid. A good moment to write would be 14 days before "
              "the next renewal.", clock=True)
    story.import_rows("invoices.csv", [{"account": "ember", "last_invoice_status": "paid", "failed_invoices": 0, "unpaid_amount": 0}])
    story.run()


def sales_declines(story):
    story.say("Sales looked at mesa and leaves it to the team. The mail Ben approved a week ago may go now, but today is a holiday "
              "in Denver.", clock=True)
    story.import_rows("sales.csv", [{"account": "mesa", "sales_declined": "true"}])


def ember_again(story):
    story.say("14 days before its renewal, ember is back in the queue for the full outreach, in a thread of its own.", clock=True)
    draft = [row for row in story.call("drafts", "--json").json if row["account"] == "ember"]
    if len(draft) != 1:
        raise AssertionError(f"expected one draft for ember on {story.now:%d %B}, found {draft}")
    story.usher("approve", str(draft[0]["draft"]))


def set_onboarded(story):
    story.say("Camille rang Ana: all is done, no need for more. Ana flips iris to Onboarded: week 5 is blocked, the goodbye in week 8 "
              "still goes out.", clock=True)
    story.usher("note", "iris", "Camille rang: flags load once now, bill halved. Nothing open.")
    story.usher("stage", "iris", "onboarded")
    story.run()


def check_ins(story):
    story.say("Week 3. Customers with a forecast of USD 500 or more have a check-in draft, and a specialist decides. At kestrel the "
              "figures of the first mail are as they were: the draft recalls the advice, and says nothing twice.", clock=True)
    story.usher("preview", "kestrel", "check_in", show=lambda out: out.partition("\nFacts used")[0])
    draft, = (row for row in story.call("drafts", "--json").json if row["account"] == "kestrel")
    story.usher("approve", str(draft["draft"]))
    story.say("Ana leaves the others; after day 21 they are gone.")


def handoff(story):
    story.answers("dana@grove.example", "Ben, thank you. We would rather sign for a year, and our lawyers need to see a contract. Who "
                  "can talk to us?\n\nDana\n", to="ben")
    story.run(quiet=False)
    story.say("That is one for Sales. Everything automatic ends with it.")
    story.usher("handoff", "grove", "--contact", "Dana Cole", "--note",
                "YC, USD 1,750 a month from 15 February, growing. Wants a yearly contract.")
    story.run()


def week_5(story):
    story.say("Week 5. Nobody has to think of it: four weeks after each outreach, by the customer's own clock, the second mail leaves "
              "in the same thread.", clock=True)


def out_of_office(story):
    address = "priya@corvid.example"
    reply = harness.out_of_office(story.latest(address, f"ana@{DOMAIN}"), story.person(address),
                                  "I am on leave and will be back on 2 March 2027. For anything urgent write to support@corvid.example.\n",
                                  Date=story.date_header())
    story.words_of(reply, "is away, says her mail program")
    story.rig.deliver(reply)
    story.arrived("ana", reply)
    story.run(quiet=False)


def question(story):
    story.answers("arjun@kestrel.example", "One thing is open: identify still fires four times a session on our booking page. Could you have "
                  "a look?\n\nArjun\n", to="ana")
    story.run(quiet=False)


def week_8(story):
    story.say("Week 8, graduation. Two customers must wait: nobody has answered Arjun yet, and Priya is away.", clock=True)


def why_kestrel(story):
    story.usher("why", "kestrel", show=lambda out: out.partition("\nConditions")[0])


def ana_answers_arjun(story):
    story.say("Ana finds Arjun's question at the top of “usher daily”.", clock=True)
    story.usher("daily", "--owner", "ana", limit=12)
    mail = story.latest(f"ana@{DOMAIN}", "arjun@kestrel.example")
    story.writes_by_hand("ana", harness.answer(mail, story.person(f"ana@{DOMAIN}"), "Hi Arjun,\n\nsorry for the wait. The seat map loads its own "
                                               "snippet. Remove it and the other three calls go.\n\nAna\n", Date=story.date_header()), "answers")
    story.run(quiet=False)


def day(text):
    return datetime.date.fromisoformat(text)


SCENES = [
    (day("2027-01-11"), "09:00", set_up),
    (day("2027-01-11"), "09:05", approvals),
    (day("2027-01-11"), "11:00", hand_written),
    (day("2027-01-11"), "14:20", bounce),
    (day("2027-01-12"), "08:30", first_answer),
    (day("2027-01-12"), "10:00", ana_replies),
    (day("2027-01-15"), "03:00", paid),
    (day("2027-01-18"), "16:30", sales_declines),
    (day("2027-01-21"), "09:30", ember_again),
    (day("2027-01-25"), "11:00", set_onboarded),
    (day("2027-01-27"), "06:00", check_ins),
    (day("2027-01-27"), "18:30", handoff),
    (day("2027-02-08"), "08:00", week_5),
    (day("2027-02-08"), "14:30", out_of_office),
    (day("2027-02-10"), "06:00", question),
    (day("2027-03-01"), "08:00", week_8),
    (day("2027-03-01"), "09:30", why_kestrel),
    (day("2027-03-02"), "08:00", ana_answers_arjun),
]


# ---- was it so? -----------------------------------------------------------------------------------------------------------

def check(story):
    """Compares mailboxes, journal and board with what was promised. Returns the failures; prints one line a promise."""
    failures = []

    def expect(what, wrong):
        print("  " + (story.style("32", "ok") if not wrong else story.style("31", "FAILED")) + f"  {what}")
        for line in wrong:
            print(f"      {line}")
        failures.extend(wrong)

    deliveries = story.deliveries()
    sent = [row for row in deliveries if row["state"] == "sent"]
    step_of = {row["message_id"]: row["step"] for row in sent}
    account_of = {row["message_id"]: row["account"] for row in sent}
    boxes = settled_mailboxes(story, {(row["address"], row["message_id"]) for row in sent})
    wrong, total = [], 0
    for account, promised in EXPECTED_MAIL.items():
        for contact in story.accounts[account]["contacts"]:
            address = contact["email"]
            if address not in boxes:
                continue
            who = address.partition("@")[0]
            found = [step_of.get(strip_id(mail), "?") for mail in boxes[address]
                     if mail.message_id not in {written for _, written in story.written_by_hand}]
            wanted = [step for step, people in promised if who in people.split()]
            total += len(found)
            if found != wanted:
                wrong.append(f"{address} has {found}, expected {wanted}")
    expect(f"every customer has each mail exactly once, and no other ({total} mails in {len(boxes) - len(TEAM)} mailboxes)", wrong)

    copies = collections.Counter(strip_id(mail) for name in TEAM for mail in
                                 story.rig.messages(f"{name}@{DOMAIN}", story.rig.server["sent_folder"]))
    expect("each mail has one copy in its specialist's Sent folder",
           [f"{message_id}: {copies[message_id]} copies" for message_id in step_of if copies[message_id] != 1])

    odd = [row for row in deliveries if row["state"] not in ("sent", "withdrawn")]
    expect("nothing is queued, deferred, refused or unknown", [f"{row['account']} {row['step']}: {row['state']}" for row in odd])

    expect("weeks 5 and 8 continue the conversation; a first mail begins one", thread_faults(story, boxes, step_of, account_of))
    expect("each left on its day and in office hours, by the customer's clock", calendar_faults(story))

    stages = {row["account"]: row for row in story.call("board", "--json").json if "account" in row}
    expect("the stages are right",
           [f"{account} is in {stages.get(account, {}).get('stage')}, expected {stage}" for account, stage in EXPECTED_STAGE.items()
            if stages.get(account, {}).get("stage") != stage])
    engaged = {account for account in stages if story.call("show", account, "--json").json[0]["engaged_at"]}
    expect("people who answered count as engaged; a robot and a bounce do not",
           [f"engaged: {', '.join(sorted(engaged))}; expected {', '.join(sorted(EXPECTED_ENGAGED))}"] if engaged != EXPECTED_ENGAGED else [])
    edited = [mail for mail in boxes["yui@fathom.example"] if "nobody at Fathom has plans" in mail.text.replace("\n", " ")]
    expect("the sentence that was edited is the sentence that arrived", [] if len(edited) == 1 else ["it is not in yui@fathom.example's mail"])
    return failures


def settled_mailboxes(story, accepted):
    """All mailboxes, once what Exim accepted has been delivered (or a while later: then the comparison tells)."""
    boxes = {}

    def arrived():
        boxes.update({user: story.rig.messages(user) for user in story.rig.server["users"]})
        there = {(user, strip_id(mail)) for user, mails in boxes.items() for mail in mails}
        return all(pair in there for pair in accepted if pair[0] in boxes)

    with contextlib.suppress(harness.WaitError):
        harness.wait_until(arrived, 10, "the last mails")
    return boxes


def strip_id(mail):
    """Message-IDs are compared as the journal writes them, without angle brackets."""
    return (mail.message_id or "").strip().strip("<>")


def thread_faults(story, boxes, step_of, account_of):
    faults = []
    for address, mails in boxes.items():
        seen = []
        for mail in mails:
            step = step_of.get(strip_id(mail))
            parent = (mail["In-Reply-To"] or "").strip()
            if step in ("outreach", "failed_payment") and (parent or mail.references):
                faults.append(f"{address}: “{mail['Subject']}” should begin a thread")
            if step in (WEEK_5, WEEK_8) and (not parent or parent not in mail.references or not set(seen) & set(mail.references)):
                faults.append(f"{address}: “{mail['Subject']}” ({account_of[strip_id(mail)]}) is not in the thread of an earlier mail")
            seen.append(mail.message_id.strip())
    return faults


def calendar_faults(story):
    """Days from Onboarding Initiated to weeks 5 and 8, counted in the customer's zone; window 09:00 to 17:00, Monday to Friday."""
    faults = []
    initiated = {}
    for event in story.call("log", "--json").json:
        if not event["account"] or event["kind"] not in ("stage_entered", "sent"):
            continue
        zone = zoneinfo.ZoneInfo(story.accounts[event["account"]]["timezone"])
        local = datetime.datetime.fromtimestamp(event["at_us"] / 1e6, datetime.timezone.utc).astimezone(zone)
        account, data = event["account"], event["data"]
        if event["kind"] == "stage_entered":
            if data["stage"] == "initiated":
                initiated[account] = local.date()
            continue
        if not 9 <= local.hour < 17 or local.weekday() > 4:
            faults.append(f"{account}: {data['step']} left at {local:%a %H:%M} local time")
        wanted = EXPECTED_DAY.get((account, data["step"]), {WEEK_5: 28, WEEK_8: 49}.get(data["step"]))
        if wanted and (local.date() - initiated[account]).days != wanted:
            faults.append(f"{account}: {data['step']} left on day {(local.date() - initiated[account]).days}, expected {wanted}")
    return faults


# ---- the play ---------------------------------------------------------------------------------------------------------------

def play(story):
    story.prepare()
    story.live()
    story.say("Eight weeks are over.")
    story.usher("board")
    story.usher("report", show=lambda out: out.partition("\nReplies by finding")[0])
    print("\n" + story.style("1", "checked:"))
    failures = check(story)
    kept = story.keep_mail()
    return failures, kept


def tidy(story, everything):
    """Stops the servers and removes what nobody needs to look at."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    story.rig.stop()
    if everything:
        shutil.rmtree(story.folder, ignore_errors=True)
        return
    for pattern in ("*.password", "ca.pem", "*.lock"):
        for path in story.folder.glob(pattern):
            path.unlink()


def leave(_number, _frame):
    raise KeyboardInterrupt


def farewell(story, kept):
    config, now = story.folder / "usher.conf", f"{story.now:%Y-%m-%dT%H:%M}"
    print(f"\n{story.runs} rounds of usher run --once. The servers are stopped and removed; what stays is")
    print(f"  {story.folder}/mail    the {kept} messages, a Maildir for each mailbox, an .eml for each message")
    print(f"  {story.folder}         configuration, sequences, templates and the database")
    print("Look at them with")
    print(f"  less {story.folder}/mail/kim@birch.example/inbox/cur/*")
    for words in ("show birch", "why ember", "log kestrel", "report"):
        print(f"  {os.path.relpath(story.program.binary)} {words} --config {config} --now {now}")


def main(words):
    if len(words) != 1:
        print("usage: demo.py PATH-OF-USHER", file=sys.stderr)
        return os.EX_USAGE
    binary = pathlib.Path(words[0]).resolve()
    missing = [path for path in (str(binary),) if not os.access(path, os.X_OK)]
    missing += harness.missing_programs("/usr/sbin/dovecot", "/usr/sbin/exim4")
    if missing:
        print(f"demo: {' and '.join(missing)} missing; `make demo` builds and installs what it needs", file=sys.stderr)
        return os.EX_UNAVAILABLE
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    story = Story(binary)
    everything = True
    try:
        failures, kept = play(story)
        everything = False
        farewell(story, kept)
        if failures:
            print(f"demo: {len(failures)} things are not as promised, see “checked:” above", file=sys.stderr)
        return 1 if failures else 0
    except (KeyboardInterrupt, BrokenPipeError):
        print("\ndemo: interrupted; everything is removed", file=sys.stderr)
        return 130
    except (AssertionError, OSError, RuntimeError) as error:
        everything = not (story.folder / "usher.db").exists()
        print(f"\ndemo: the story went wrong: {error}" + ("" if everything else f"\ndemo: {story.folder} is kept"), file=sys.stderr)
        return 1
    finally:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        tidy(story, everything)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
