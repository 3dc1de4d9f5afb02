"""What must have happened by the end of the demo, and whether it was so."""

import collections
import contextlib
import datetime
import zoneinfo

from story import DOMAIN, TEAM, harness

# The step of every mail with its recipients, in order.
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
