"""What happens in the demo, scene by scene: SCENES is the calendar."""

import datetime
import re

from story import DOMAIN, harness


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
