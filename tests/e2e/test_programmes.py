"""Programmes beside onboarding, as a specialist lives them on the command line: the evaluation with its dates, goals, tasks, end and
meetings; two that exclude each other; the stages of the detailed one; a sequence edited while accounts are inside."""

import unittest

import harness
from office import Office

DENIED, DATA, USAGE, NO_INPUT = 77, 65, 64, 66


class Programmes(harness.MailTestCase):
    USERS = {"ana@team.example": "secret", "pat@acme.example": "secret", "pat@elm.example": "secret"}

    def open(self, *sequences, now="2027-03-01T10:00"):
        self.office = Office(self.rig, self.folder, now=now)
        names = ", ".join(f'"{name}"' for name in sequences)
        self.office.write_config(self.office.config.replace('sequences = {"onboarding"}', f"sequences = {{{names}}}"))
        return self.office

    def tasks(self):
        return [(task["kind"], task["assignee"], task["title"]) for task in self.office.usher("task", "--json").json]

    def stage(self, account, sequence):
        return next((line["stage"] for line in self.office.usher("board", "--json").json
                     if line["account"] == account and line["sequence"] == sequence), None)

    def refused(self, code, pattern, *words):
        result = self.office.usher(*words, code=code)
        self.assertRegex(result.err, pattern)

    def test_evaluation(self):
        self.open("onboarding", "evaluation")
        self.office.add_accounts({"account": "acme", "plan": "free", "expected_contract": 30000, "demo_on": "2027-03-02"})
        self.office.cycle()
        self.assertEqual(self.stage("acme", "evaluation"), "demo")
        (kind, who, title), = self.tasks()
        self.assertEqual((kind, who), ("step", "ana"))
        self.assertRegex(title, "^Demo for Acme")
        # Never in two at once: not by its rules, not by hand.
        self.refused(DATA, "the account is in evaluation, and nobody is in onboarding at the same time", "enrol", "acme", "onboarding")
        answer, = self.office.usher("why", "acme", "--sequence", "onboarding", "--json").json
        self.assertEqual((answer["cause"], answer["line"]), ("elsewhere", "acme is not in Onboarding: it is in Evaluation, and nobody is "
                                                             "in both at the same time (not_while)"))
        # Dates by hand, whatever an import says.
        self.refused(NO_INPUT, "nearest is kickoff_on", "date", "acme", "kikoff", "2027-03-08")
        self.refused(USAGE, "expected a date such as", "date", "acme", "kickoff", "soon")
        self.office.usher("date", "acme", "kick-off", "2027-03-08")
        self.assertEqual(self.stage("acme", "evaluation"), "kickoff_planned")
        self.office.import_rows({"account": "acme", "kickoff_on": "2027-03-20"})
        self.office.cycle("2027-03-05T10:00")
        self.assertEqual({(line["name"], line["date"], line["source"]) for line in self.office.usher("date", "acme", "--json").json},
                         {("demo_on", "2027-03-02", "import"), ("kickoff_on", "2027-03-08", "by hand")})
        self.assertEqual(self.office.drafts()["acme"]["step"], "kickoff_mail")
        self.office.cycle("2027-03-08T10:00")
        self.assertEqual(self.stage("acme", "evaluation"), "kickoff")
        # Goals by the facts and by hand; more time says what is not yet seen.
        self.office.import_rows({"account": "acme", "events_30d": 900})
        self.office.usher("goal", "acme", "dashboard")
        self.refused(NO_INPUT, "expected one of events_arriving, replay_enabled", "goal", "acme", "nonsense")
        self.office.cycle()
        goals = {line["goal"]: (line["met"], line["by_hand"]) for line in self.office.usher("goal", "acme", "--json").json}
        self.assertEqual(goals, {"events_arriving": (True, False), "replay_enabled": (False, False), "acquisition_trend": (False, False),
                                 "activation_funnel": (False, False), "dashboard": (True, True)})
        self.assertIn("ends on 2027-03-22", self.office.usher("goal", "acme").out)
        self.assertRegex(self.office.usher("show", "acme").out, "Evaluation: ends on 2027-03-22; 2 of 5 goals seen, open: Session replay is on")
        self.assertIn("It ends on 2027-03-22; 2 of 5 goals seen", self.office.usher("why", "acme").out)
        line, = (line for line in self.office.usher("daily", "--json").json if line["sequence"] == "evaluation")
        self.assertEqual((line["ends_at"], line["goals"], line["goals_met"]), ("2027-03-22", 5, 2))
        self.assertIn("ends 2027-03-22, 2 of 5 goals seen", line["flag"])
        self.assertEqual(self.office.usher("preview", "--sequence", "evaluation", "acme", "kickoff_mail", "--json").json[0]["step"], "kickoff_mail")
        self.refused(NO_INPUT, "there is no step \"kickoff_mail\" in onboarding", "preview", "--sequence", "onboarding", "acme", "kickoff_mail")
        said = self.office.usher("extend", "--note", "waits for legal", "acme", "7").out
        self.assertIn("not yet seen: Session replay is on, An acquisition trend, An activation funnel", said)
        extended, = self.office.events("acme", "extended")
        self.assertEqual((extended["note"], extended["open"]), ("waits for legal", ["replay_enabled", "acquisition_trend", "activation_funnel"]))
        self.office.cycle("2027-03-20T10:00")
        self.assertNotIn("decides by", str(self.tasks()))
        self.office.cycle("2027-03-27T10:00")
        self.assertIn("Acme decides by 2027-03-29", str(self.tasks()))
        # Signed: the decision is over, the hand-over waits, the next sync comes in time.
        self.office.usher("stage", "acme", "signed")
        self.assertEqual([title for _kind, _who, title in self.tasks()], ["Hand Acme over to whoever looks after it from now on"])
        number = self.office.usher("task", "--json").json[0]["task"]
        self.office.usher("task", "done", str(number))
        self.office.cycle("2027-06-20T10:00")
        self.assertEqual(self.tasks(), [("meeting", "ana", "Quarterly sync with Acme")])
        # Out of it, the account is free for another programme.
        self.office.usher("stage", "acme", "declined")
        self.assertEqual(self.tasks(), [])
        self.office.usher("enrol", "acme", "onboarding")
        self.assertEqual(self.stage("acme", "onboarding"), "new_account")
        self.refused(DATA, "the account is in onboarding, and nobody is in evaluation at the same time", "enrol", "acme", "evaluation")
        self.assertEqual(self.office.usher("verify").out, "The current state is what the journal says.\n")

    def test_detailed(self):
        self.open("onboarding-detailed")
        self.office.add_accounts({"account": "elm"}, {"account": "low", "forecast_mrr": 300}, {"account": "kept", "csm_owner": "Zed"},
                                 {"account": "paid", "bills_paid": 4})
        self.office.cycle()
        for account, why in (("low", "enrol wants forecast_mrr >= 500, and forecast_mrr = 300"),
                             ("kept", "the segment Onboarding Lead, which wants coalesce(csm_owner, '') = '', and csm_owner = Zed"),
                             ("paid", "nearest to it is \"pay-as-you-go, forecast over the threshold\", which wants bills_paid <= 3, and")):
            self.assertIn(why, self.office.usher("why", account, "--json").json[0]["line"])
        self.assertIn("1. New Account", self.office.usher("board").out)
        self.assertIn("3a. Engaged - Email", self.office.usher("board").out)
        self.refused(DENIED, "Homework Offered: only where second_call_at IS NOT NULL", "stage", "elm", "homework")
        self.refused(DENIED, "Awaiting Final Outreach", "stage", "elm", "final_outreach")
        self.office.approve("elm")
        self.office.cycle()
        mail = self.rig.wait_for("pat@elm.example")
        self.assertEqual(self.stage("elm", "onboarding-detailed"), "initiated")
        self.rig.send(harness.answer(mail, "pat@elm.example", "Thank you. How do I do that?"))
        self.rig.wait_for("ana@team.example", sender="pat@elm.example")
        self.office.cycle("2027-03-02T10:00")
        self.assertEqual(self.stage("elm", "onboarding-detailed"), "engaged_email")
        self.office.usher("stage", "elm", "second_call")
        self.office.usher("stage", "elm", "homework")
        self.office.import_rows({"account": "elm", "churned": True})
        self.office.cycle("2027-03-03T10:00")
        self.assertEqual(self.stage("elm", "onboarding-detailed"), "churned_account")
        self.assertEqual(self.office.drafts(), {})
        self.refused(DATA, "in no sequence", "stop", "elm", "final_check")
        self.office.usher("verify")

    def test_coming_back(self):
        """Who is through is told what would bring the account back."""
        self.open("lifecycle")
        self.office.add_accounts({"account": "acme"})
        self.office.cycle()
        self.office.usher("stage", "acme", "done")
        self.office.cycle("2027-03-02T10:00")
        line = self.office.usher("why", "acme", "--json").json[0]["line"]
        self.assertIn("its programme is over; it comes back by itself when reenter holds, which wants days_between(ended_at, today) >= 180", line)

    def test_another_programme(self):
        """A team changes over: who is in the old programme stays out of the new one until a person says so."""
        self.open("onboarding")
        self.office.add_accounts({"account": "acme"})
        self.office.cycle()
        self.office.write_config(self.office.config.replace('{"onboarding"}', '{"onboarding-detailed"}'))
        self.office.cycle("2027-03-01T11:00")
        self.assertIsNone(self.stage("acme", "onboarding-detailed"))
        self.office.usher("enrol", "acme")
        self.assertEqual(self.stage("acme", "onboarding-detailed"), "new_account")
        self.office.cycle("2027-03-01T12:00")
        self.assertEqual([event["sequence"] for event in self.office.events("acme", "draft_withdrawn")], ["onboarding"])
        self.assertEqual(len(self.office.usher("drafts", "--json").json), 1)
        self.assertEqual([event["sequence"] for event in self.office.events("acme", "left")], ["onboarding"])
        self.office.usher("verify")

    def test_edited(self):
        self.open("onboarding")  # accounts to which no other test here sends a mail
        self.office.add_accounts({"account": "fir"}, {"account": "oak"})
        self.office.cycle()
        self.office.now = "2027-03-01T10:30"
        path = self.folder / "sequences" / "onboarding.conf"
        text = path.read_text(encoding="utf-8")
        edited = self.write("edited.conf", text.replace("stage new_account ", 'stage begun  { title = "Begun" }\n  stage new_account ')
                            .replace("step outreach {", "step first_mail {"))
        lines = self.office.usher("lint", "--json", "edited.conf").json
        self.assertEqual({(line["rule"], line["accounts"], line["message"]) for line in lines},
                         {("inside", 2, "step first_mail is new: it is due now"),
                          ("inside", 2, "step outreach is gone: its draft is withdrawn")})
        self.assertEqual({draft["step"] for draft in self.office.drafts().values()}, {"outreach"})
        # The stage is gone: they wait, with a task each, until the file or a person says where they are.
        alerts = self.folder / "sequences" / "alerts.conf"
        alerts.write_text(alerts.read_text(encoding="utf-8").replace("new_account", "begun"), encoding="utf-8")
        path.write_text(text.replace("new_account", "begun"), encoding="utf-8")
        said = self.office.usher("lint", "sequences/onboarding.conf").out
        self.assertRegex(said, r"2 accounts are inside, and with this file\n +2 accounts +stage new_account is gone, and no stage says was")
        self.office.cycle()
        self.assertEqual([kind for kind, _who, _title in self.tasks()], ["stage_lost", "stage_lost"])
        self.office.usher("stage", "oak", "begun")
        self.assertEqual(len(self.tasks()), 1)
        path.write_text(text.replace("new_account", "begun").replace("stage begun ", 'stage begun { was = {"new_account"} title = "Begun" line = 1 }\n#'),
                        encoding="utf-8")
        self.assertIn("1 account   stage new_account is called begun now", self.office.usher("lint", "sequences/onboarding.conf").out)
        self.office.cycle()
        self.assertEqual(self.tasks(), [])
        self.assertEqual({self.stage(name, "onboarding") for name in ("fir", "oak")}, {"begun"})
        self.assertEqual(set(self.office.drafts()), {"fir", "oak"})
        self.office.usher("verify")


if __name__ == "__main__":
    unittest.main()
