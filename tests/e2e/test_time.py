"""Never at the wrong moment: calendar, holidays, gap, caps, leave, the plan after a downtime, and staging's safety nets."""

import harness
from office import ALL_HOURS, Office, clock

BOXES = ("plan", "call", "gap", "one", "two", "three", "covered", "waits", "shared", "net", "other", "christmas", "begun", "spare", "first", "second",
         "third", "redirected", "slow", "slower")


class Time(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "ben@team.example": "secret", "qa@team.example": "secret",
             **{f"pat@{name}.example": "secret" for name in BOXES}}

    def open(self, *accounts, now="2027-03-01T10:00", team=("ana",), top="", **facts):
        self.office = Office(self.rig, self.folder, now=now, team=team, top=top)
        for account in accounts:
            self.office.add_accounts({"account": account, **facts})
        self.office.cycle()
        return self.office

    def write_to(self, *accounts):
        self.office.approve(*accounts)
        self.office.cycle()

    def calendar(self, *words, **options):
        return self.office.usher("calendar", "--json", *words, **options).json

    def change_config(self, *changes):
        text = self.office.config
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.office.write_config(text)

    def waiting(self, account):
        return [(delivery["state"], delivery["text"]) for delivery in self.office.deliveries(account)
                if delivery["state"] == "queued"]

    # -- calls ---------------------------------------------------------------------------------------------------

    def test_call(self):
        """An invitation says when the call ends; then its summary is drafted, for the people who took part."""
        office = self.open("call")
        self.write_to("call")
        mail = self.rig.wait_for("pat@call.example")
        invitation = harness.answer(mail, "pat@call.example", "A call?")
        invitation.add_attachment("BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@call.example\r\nDTSTART:20270302T140000Z\r\n"
                                  "DTEND:20270302T144500Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", subtype="calendar",
                                  disposition="inline", params={"method": "REQUEST"})
        self.rig.send(invitation)
        self.rig.wait_for("ana@team.example", sender="pat@call.example")
        office.cycle(now="2027-03-01T12:00")
        booked, = office.events("call", "booked")
        self.assertEqual((booked["ends_at"] - booked["starts_at"]) / 60e6, 45)
        office.cycle(now="2027-03-02T14:44")
        self.assertEqual(office.step("call", "after_call")["state"], "idle")
        office.cycle(now="2027-03-02T14:45")
        self.assertEqual(office.step("call", "after_call")["state"], "drafted")
        draft = office.drafts()["call"]
        self.assertIn("Thank you for the time today", office.usher("preview", "call", "after_call").out)
        self.assertIn("pat@call.example", office.usher("preview", "call", "after_call").out)
        office.usher("approve", draft["draft"], code=65)  # its gaps are for a person to fill in
        self.assertEqual(office.step("call", "after_second_call")["state"], "idle")
        office.usher("verify")

    # -- calendar ------------------------------------------------------------------------------------------------

    def test_calendar(self):
        self.open("plan", country="GB")
        draft, = self.calendar()
        self.assertEqual((draft["step"], draft["kind"], draft["state"], draft["owner"]), ("outreach", "draft", "drafted", "ana"))
        self.assertIn("awaiting approval", draft["stops"])
        self.write_to("plan")
        second, = self.calendar()
        # 29 March 2027 is Easter Monday, and the clocks change the night before.
        self.assertEqual((second["step"], second["kind"], second["local"], second["zone"]),
                         ("second_outreach", "automatic", "2027-03-30 09:00", "Europe/London"))
        self.assertEqual(second["at"], "2027-03-30T08:00:00Z")
        self.assertIn("Easter Monday", second["reason"])
        for word in ("when", "until", "hold", "cancel", "leave", "unanswered reply"):
            self.assertIn(word, second["stops"])
        self.assertEqual([entry["step"] for entry in self.calendar("--next", "10w")], ["second_outreach", "graduation"])
        self.assertEqual(self.calendar("--owner", "ana", "--account", "plan"), [second])
        text = self.office.usher("calendar").out
        self.assertIn("2027-03-30 09:00", text)
        self.assertIn("Easter Monday", text)
        # Stopped, it is no longer to come; resumed, it is.
        self.office.usher("stop", "plan", "second_outreach")
        self.assertEqual(self.calendar(), [])
        self.office.usher("resume", "plan", "second_outreach")
        self.assertEqual([entry["local"] for entry in self.calendar()], ["2027-03-30 09:00"])
        # Where nobody has looked since it was due, it is not before the next hour in which it may go.
        overdue, *_ = self.calendar("--now", "2027-03-31T20:00", at_now=False)
        self.assertEqual(overdue["local"], "2027-04-01 09:00")
        self.assertIn("overdue", overdue["reason"])
        # It keeps what it says.
        self.office.cycle("2027-03-29T10:00")
        self.office.cycle("2027-03-30T08:59")
        self.assertEqual(len(self.rig.messages("pat@plan.example")), 1)
        self.office.cycle("2027-03-30T09:00")
        self.rig.wait_for("pat@plan.example", count=2)
        self.assertEqual(self.calendar("--next", "8x", code=64), [])

    def test_calendar_knows_the_end_of_a_hold_and_of_a_leave(self):
        self.open("plan", country="GB")
        self.write_to("plan")
        self.office.usher("hold", "plan", "--until", "2027-04-10", "moving offices")  # a Saturday
        entry, *_ = self.calendar("--next", "60d")
        self.assertEqual((entry["local"], entry["reason"]), ("2027-04-12 09:00", "on hold until 2027-04-10: moving offices"))
        self.assertEqual(self.calendar("--next", "31d"), [])
        self.office.usher("resume", "plan")
        self.office.usher("away", "ana", "2027-03-29", "2027-04-06")
        entry, *_ = self.calendar("--next", "60d")
        self.assertEqual((entry["local"], entry["reason"]), ("2027-04-07 09:00", "ana is away and nobody covers"))

    def test_approved_draft_waits_for_the_holiday_to_pass(self):
        self.open("christmas", now="2026-12-24T16:30", country="GB")
        self.office.approve("christmas")
        self.office.cycle("2026-12-28T09:00")     # the day observed for Boxing Day, a Saturday
        (_, text), *_ = self.waiting("christmas")
        self.assertIn("Boxing Day", text)
        self.office.cycle("2026-12-29T09:00")
        self.rig.wait_for("pat@christmas.example")

    # -- gap and caps ----------------------------------------------------------------------------------------------

    def test_gap(self):
        self.open("gap", top='gap = "3 days"\n', last_invoice_status="failed", failed_invoices=1)
        self.write_to("gap")
        self.rig.wait_for("pat@gap.example")
        self.office.now = "2027-03-02T10:00"
        self.office.import_rows({"account": "gap", "last_invoice_status": "paid", "failed_invoices": 0,
                                 "next_renewal": "2027-03-10"})
        self.office.cycle()
        self.write_to("gap")
        (_, text), *_ = self.waiting("gap")
        self.assertIn("gap: the account was written to on 2027-03-01 10:00", text)
        self.assertIn("gap: the account was written to", self.office.usher("why", "gap").out)
        self.office.cycle("2027-03-04T09:59")
        self.assertEqual(len(self.rig.messages("pat@gap.example")), 1)
        self.office.cycle("2027-03-04T10:00")
        self.rig.wait_for("pat@gap.example", count=2)

    def test_caps(self):
        self.open("one", "two", "three", top="daily_max = 2\n")
        self.write_to("one", "two", "three")
        sent = [name for name in ("one", "two", "three") if self.office.deliveries(name)[0]["state"] == "sent"]
        self.assertEqual(len(sent), 2)
        late, = {"one", "two", "three"} - set(sent)
        (_, text), *_ = self.waiting(late)
        self.assertIn("the service has sent its 2 mails of the day", text)
        self.assertEqual(clock(self.office.deliveries(late)[0]["next_at"]), "2027-03-02 09:00")
        self.office.cycle("2027-03-01T16:59")
        self.assertEqual(self.office.deliveries(late)[0]["state"], "queued")
        self.office.cycle("2027-03-02T09:00")
        self.assertEqual(self.office.deliveries(late)[0]["state"], "sent")

    def test_pause(self):
        """With a pause between two mails, --once sends all the same; a service would come back for the second."""
        self.office = Office(self.rig, self.folder, window=ALL_HOURS, top='spacing = "1 second"\n')
        self.office.add_accounts({"account": "slow"}, {"account": "slower"})
        self.office.cycle()
        self.office.approve("slow", "slower")
        self.office.cycle()
        first, second = sorted(self.rig.wait_for(f"pat@{name}.example")["Date"] for name in ("slow", "slower"))
        self.assertNotEqual(first, second)

    # -- leave -------------------------------------------------------------------------------------------------------

    def test_covered(self):
        """A running conversation keeps its mailbox, answers go to the cover; a new one is the cover's."""
        self.open("covered", team=("ana", "ben"))
        self.write_to("covered")
        self.office.usher("away", "ana", "2027-03-22", "2027-04-02", "--cover", "ben", "--note", "skiing")
        leave, = self.office.usher("away", "--json").json
        self.assertEqual((leave["specialist"], leave["from"], leave["to"], leave["cover"], leave["now"]),
                         ("ana", "2027-03-22", "2027-04-02", "ben", False))
        self.office.cycle("2027-03-29T10:00")
        mail = self.rig.wait_for("pat@covered.example", count=2)
        self.assertIn("ana@team.example", mail["From"])
        self.assertIn("ben", mail["Reply-To"])
        self.office.add_accounts({"account": "begun"})
        self.office.cycle()
        self.write_to("begun")
        mail = self.rig.wait_for("pat@begun.example")
        self.assertIn("ben@team.example", mail["From"])
        self.office.usher("away", "--cancel", str(leave["leave"]))
        self.assertEqual(self.office.usher("away", "--json").json, [])

    def test_approved_before_the_leave_comes_back(self):
        self.open("spare", now="2027-03-05T16:59", team=("ana", "ben"))
        self.office.approve("spare")
        self.office.usher("away", "ana", "2027-03-06", "2027-03-12", "--cover", "ben")
        self.office.cycle("2027-03-08T09:00")
        self.assertEqual(self.rig.messages("pat@spare.example"), [])
        draft = self.office.drafts()["spare"]
        self.assertEqual(draft["state"], "changed")
        self.write_to("spare")
        self.assertIn("ben@team.example", self.rig.wait_for("pat@spare.example")["From"])

    def test_nobody_covers(self):
        self.open("waits")
        self.write_to("waits")
        self.office.usher("away", "ana", "2027-03-22", "2027-04-09")
        self.office.cycle("2027-03-29T10:00")
        self.assertIn("Ana Ruiz is away until 2027-04-10 and nobody covers", self.office.step("waits", "second_outreach")["reason"])
        self.assertEqual(len(self.rig.messages("pat@waits.example")), 1)
        self.assertEqual(self.calendar("--next", "1d"), [])
        entry, *_ = self.calendar()
        self.assertEqual(entry["local"], "2027-04-12 09:00")
        self.assertIn("now: Ana Ruiz is away until 2027-04-10 and nobody covers", entry["stops"])
        self.office.cycle("2027-04-12T09:00")
        self.rig.wait_for("pat@waits.example", count=2)

    def test_shared(self):
        self.open("shared", team=("ana", "ben"))
        self.office.usher("away", "ana", "2027-03-01", "2027-03-05", "--shared", code=64)
        self.change_config(('failsafe = "ana"', 'failsafe = "ana"\n    shared = "ben"'))
        self.office.usher("away", "ana", "2027-03-01", "2027-03-05", "--shared")
        self.office.usher("away", "ana", "2027-03-04", "2027-03-08", code=64)
        self.office.usher("away", "ben", "2027-03-08", "2027-03-07", code=64)
        self.office.usher("away", "kim", "2027-03-07", "2027-03-08", code=66)
        self.office.usher("approve", str(self.office.drafts()["shared"]["draft"]), code=65)   # recomposed for the cover
        self.write_to("shared")
        self.assertIn("ben@team.example", self.rig.wait_for("pat@shared.example")["From"])

    # -- the plan --------------------------------------------------------------------------------------------------

    def test_plan(self):
        self.open("first", "second", "third", top="daily_max = 3\n")
        self.write_to("first", "second", "third")
        # The service is down over the date of the second outreach; one customer is on hold.
        self.office.now = "2027-04-01T10:00"
        self.office.usher("hold", "third", "ask first")
        self.change_config(("daily_max = 3", "daily_max = 1"))
        before = self.office.usher("outbox", "--json").out
        plan = self.office.usher("outbox", "--plan", "--json").json
        self.assertEqual([(line["plan"], line["account"], clock(line["at"])) for line in plan if line["plan"] != "held"],
                         [("now", "first", "2027-04-01 10:00"), ("later", "second", "2027-04-02 09:00"),
                          ("expired", "first", None), ("expired", "second", None)])   # the check-ins, after day 21
        self.assertEqual([(line["account"], "ask first" in line["reason"]) for line in plan if line["plan"] == "held"],
                         [("third", True)])
        self.assertIn("daily_max", plan[1]["reason"])
        self.assertEqual(self.office.usher("outbox", "--json").out, before)          # looking changes nothing
        self.assertIn("2027-03-01 10:00", self.office.usher("outbox", "--plan").out)   # last seen at work
        # It keeps what it says.
        self.office.cycle()
        self.rig.wait_for("pat@first.example", count=2)
        self.assertEqual(len(self.rig.messages("pat@second.example")), 1)
        self.office.cycle("2027-04-02T09:00")
        self.rig.wait_for("pat@second.example", count=2)
        # Weeks later the rest is too late to go by itself.
        self.office.now = "2027-05-03T10:00"
        plan = {line["step"]: line["plan"] for line in self.office.usher("outbox", "--plan", "--json").json
                if line["account"] == "first"}
        self.assertEqual(plan, {"graduation": "ask"})

    # -- staging ---------------------------------------------------------------------------------------------------

    def test_deliver_only_to(self):
        self.open("net", "other", top='deliver_only_to = {"other.example"}\n')
        self.assertIn("deliver_only_to: mail goes to other.example", self.office.usher("check").out)
        self.write_to("net", "other")
        self.rig.wait_for("pat@other.example")
        self.assertEqual(self.waiting("net"), [("queued", "deliver_only_to does not allow pat@net.example")])
        self.change_config(('deliver_only_to = {"other.example"}\n', ""))
        self.office.cycle()
        self.rig.wait_for("pat@net.example")

    def test_redirect_all_to(self):
        self.open("redirected", top='redirect_all_to = "qa@team.example"\n', contacts=("pat:owner", "sue:admin"))
        self.write_to("redirected")
        mail = self.rig.wait_for("qa@team.example")
        self.assertTrue(mail["Subject"].startswith("[for pat@redirected.example and 1 more] "), mail["Subject"])
        self.assertEqual(mail["To"], "qa@team.example")
        self.assertIsNone(mail["Cc"])
        self.assertEqual(" ".join(mail["X-Usher-Redirected-For"].split()), "pat@redirected.example, sue@redirected.example")
        self.assertEqual(len(self.rig.messages("qa@team.example")), 1)
        self.assertEqual(self.rig.messages("pat@redirected.example"), [])
        # Stages move as they would.
        self.assertEqual(self.office.show("redirected")["stage"], "initiated")
        sent, = self.office.events("redirected", "sent")
        self.assertEqual(sent["redirected_to"], "qa@team.example")
        self.assertNotIn(mail.message_id, [copy.message_id for copy in self.rig.messages("ana@team.example", "Sent")])
