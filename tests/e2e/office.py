"""An onboarding team at work: usher with a configuration for a mail rig, and what its specialists do on the command line.

    office = Office(self.rig, self.folder, now="2027-03-01T10:00")
    office.add_accounts({"account": "acme", "contacts": ["kim:owner"]})
    office.cycle()
    office.approve("acme")

With now set, every command takes it (a rehearsal database); office.now is the clock, to be set as the story goes on.
"""

import datetime
import json
import re
import zoneinfo

import harness

TEAM_ZONE = zoneinfo.ZoneInfo("Europe/London")

CONFIG = """database = "usher.db"
sequences = {"onboarding"}
%(top)s
team {
    name = "Onboarding"
    company = "Our Company"
    timezone = "Europe/London"
    help_link = "https://help.team.example/start"
    failsafe = "ana"
}

window {
%(window)s
}

"""
OFFICE_HOURS = '    days = {"mon", "tue", "wed", "thu", "fri"}\n    from = "09:00"\n    to = "17:00"'
ALL_HOURS = '    days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}\n    from = "00:00"\n    to = "24:00"'

NAMES = {"ana": "Ana Ruiz", "ben": "Ben Okafor"}
REGIONS = {"ana": "emea", "ben": "americas"}


def team_time(text):
    """A time as the team says it, "2027-03-01 10:00", with its zone."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=TEAM_ZONE)


def clock(text):
    """A time of a view, RFC 3339, on the team's clock: "2027-03-01 10:00"; None stays None."""
    return text and datetime.datetime.fromisoformat(text).astimezone(TEAM_ZONE).strftime("%Y-%m-%d %H:%M")


def specialist(name, **changes):
    keys = {"name": NAMES[name], "address": f"{name}@team.example", "mailbox": name, "regions": [REGIONS[name]], **changes}
    return "\n".join([f"specialist {name} {{", *(f"    {key} = {harness.conf_value(value)}" for key, value in keys.items()),
                      "}", ""])


class Office:
    def __init__(self, rig, folder, now=None, team=("ana",), window=OFFICE_HOURS, smtp=None, mailbox=None, top=""):
        """smtp: instead of the rig's submission server, a URL; mailbox: further keys of each mailbox; top: more lines."""
        self.rig = rig
        self.folder = folder
        self.now = now
        self.rehearsal = now is not None
        self.program = harness.Usher(folder)
        self.program.config = folder / "usher.conf"
        self.smtp = smtp
        sections = []
        for name in team:
            password = folder / f"{name}.password"
            password.write_text(rig.password(f"{name}@team.example") + "\n", encoding="utf-8")
            password.chmod(0o600)
            section = rig.mailbox_section(name, f"{name}@team.example", str(password), **(mailbox or {}))
            if smtp:
                section = re.sub(r'smtp = ".*?"', f'smtp = "{smtp}"', section)
            sections += [section, specialist(name)]
        self.write_config(CONFIG % {"window": window, "top": top if "gap =" in top else 'gap = "none"\n' + top} + "\n".join(sections))
        self.usher("init", *(["--rehearsal"] if self.rehearsal else []), at_now=False)

    @property
    def config(self):
        return self.program.config.read_text(encoding="utf-8")

    def write_config(self, text):
        self.program.config.write_text(text, encoding="utf-8")

    def usher(self, *words, code=0, at_now=True, **options):
        """Runs a command at the office's time; AssertionError when its exit code is not code (None: any)."""
        if at_now and self.rehearsal:
            words = (*words, "--now", self.now)
        result = self.program.run(*words, **options)
        if code is not None and result.code != code:
            raise AssertionError(f"expected exit code {code}:\n{result}")
        return result

    def cycle(self, now=None, code=0):
        """One full cycle of the service, at now."""
        self.now = now or self.now
        return self.usher("run", "--once", code=code)

    # -- accounts ------------------------------------------------------------------------------------------------

    def import_rows(self, *rows):
        """Facts, and contacts where there are any, of accounts: dicts in the form of JSON lines."""
        return self.usher("import", "-", stdin="".join(json.dumps(row) + "\n" for row in rows))

    def add_accounts(self, *rows):
        """Accounts fit for the programme. contacts: "sue:owner" is sue@ACCOUNT.example with a role."""
        return self.import_rows(*(self.account(**row) for row in rows))

    @staticmethod
    def account(account, contacts=("pat:owner",), **facts):
        people = []
        for contact in contacts:
            name, _, role = contact.partition(":")
            address = name if "@" in name else f"{name}@{account}.example"
            people.append({"email": address, "first_name": address.partition("@")[0].capitalize(), "role": role or "owner"})
        return {"account": account, "name": account.capitalize(), "plan": "payg", "region": "emea", "timezone": "Europe/London",
                "forecast_mrr": 640, "bills_paid": 1, "contacts": people, **facts}

    # -- looking -------------------------------------------------------------------------------------------------

    def drafts(self):
        """The waiting drafts: {account: draft}."""
        return {draft["account"]: draft for draft in self.usher("drafts", "--json").json}

    def show(self, account):
        return self.usher("show", account, "--json").json[0]

    def step(self, account, step):
        return next(item for item in self.show(account)["steps"] if item["step"] == step)

    def events(self, account, kind=None):
        """The journal of account, oldest first, its data members beside the others."""
        return [{**event["data"], **event} for event in self.usher("log", account, "--json").json
                if kind in (None, event["kind"])]

    def deliveries(self, account=None):
        return [delivery for delivery in self.usher("outbox", "--all", "--json").json
                if account in (None, delivery["account"])]

    # -- acting --------------------------------------------------------------------------------------------------

    def approve(self, *accounts):
        drafts = self.drafts()
        return self.usher("approve", *(drafts[account]["reference"] for account in accounts))
