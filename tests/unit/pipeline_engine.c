/* The engine over small stories: facts and events go in at their times, the account's line comes out. After
 * every move the account is advanced a second time, which must change nothing; at the end of every story the
 * journal is replayed. */
#include "fixture_pipeline.h"

static const char facts_conf[] =
    "fact plan { type = \"text\" }\nfact forecast_mrr { type = \"number\" }\nfact churned { type = "
    "\"boolean\" default = false }\n"
    "fact timezone { type = \"text\" }\nfact quiet { type = \"boolean\" }\nfact trial_given { type = "
    "\"boolean\" }\n"
    "fact due_day { type = \"date\" }\nfact gone { type = \"integer\" default = 0 }\n";

static const char trial_conf[] =
    "sequence \"trial\" {\n"
    "  enrol = \"forecast_mrr >= 100 AND NOT churned\"\n"
    "  exclude = \"sales_engaged\"  leave = \"sales_engaged\"\n"
    "  cancel = \"churned OR nullif(gone, 1) > 1\"  hold = \"trial_given\"\n"
    "  stage fresh { }\n stage written { }\n stage done { }\n"
    "  stage handed { title = \"Handed over\" outside = true cancels = true }\n"
    "  transition first { on = \"sent\" stages = {\"fresh\"} to = \"written\" when = \"NOT event_payment\" "
    "}\n"
    "  transition by_hand { on = \"hand_sent\" stages = {\"fresh\"} to = \"written\" when = \"NOT "
    "event_payment\" }\n"
    "  transition over { on = \"sent\" step = \"last\" stages = {\"written\"} to = \"done\" }\n"
    "  transition talks { on = \"replied\" to = \"done\" when = \"plan = 'talks'\" }\n"
    "  transition referred { on = \"referral\" to = \"handed\" }\n"
    "  step hello { kind = \"draft\" template = \"h.md\" stages = {\"fresh\"} when = \"plan <> 'free'\" "
    "unless = \"quiet\"\n"
    "    due = \"coalesce(due_day, fresh_at)\" }\n"
    "  step extra { kind = \"automatic\" template = \"e.md\" stages = {\"written\"} when = \"forecast_mrr >= "
    "500\" unless = \"quiet\"\n"
    "    due = \"add_days(written_at, 5)\" late = \"skip\" }\n"
    "  step nudge { kind = \"automatic\" template = \"n.md\" stages = {\"written\"} needs_answered = true\n"
    "    due = \"add_days(written_at, 10)\" until = \"add_days(written_at, 30)\" late = \"send within 7 "
    "days\" }\n"
    "  step last { kind = \"automatic\" template = \"l.md\" stages = {\"written\", \"done\"}\n"
    "    due = \"add_days(written_at, 21 + extension_days)\" }\n"
    "}\n";

/* One thing that happens. what: "facts" (arg: all of them), "enrol" (by hand), "refused" (the same, refused
 * with arg), "tick", or the kind of an event (arg: its data). line: what status_of() says afterwards; why:
 * part of a reason among the steps, or NULL. */
struct move {
    const char *when, *what, *arg, *line, *why;
};

struct story {
    const char *name, *zone, *facts;
    struct move moves[14];
};

#define OF(step) "\"sequence\": \"trial\", \"step\": \"" step "\""
#define SENT(step) "{" OF(step) ", \"subject\": \"Hello\", \"message\": 1}"
#define MADE(step) "{" OF(step) ", \"message\": 1}"
#define AUTO(step) "{" OF(step) ", \"message\": 2, \"automatic\": 1}"
/* 2026-11-02 is a Monday; nudge is due on Thursday the 12th, last on Monday the 23rd. */
#define START                                                                                                \
    {                                                                                                        \
        "2026-11-02 10:00", "tick", NULL, "fresh; hello wanted 11-02 10:00", NULL                            \
    }
#define WRITTEN                                                                                              \
    {                                                                                                        \
        "2026-11-02 10:30", "sent", SENT("hello"),                                                           \
            "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL \
    }
#define BOTH "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"quiet\": false, \"trial_given\": false}"

static const struct story stories[] = {
    {"enrolment waits for a fact",
     NULL,
     "{\"plan\": \"payg\"}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL},
      {"2026-11-02 10:05", "facts", "{\"forecast_mrr\": 99.99}", "-", NULL},
      {"2026-11-02 10:06", "facts", "{\"forecast_mrr\": 100, \"churned\": true}", "-", NULL},
      {"2026-11-02 10:07", "facts", "{\"forecast_mrr\": 100, \"plan\": \"payg\"}",
       "fresh; hello wanted 11-02 10:07", NULL},
      {"2026-11-03 10:07", "facts", "{\"plan\": \"payg\"}", "fresh; hello wanted 11-02 10:07", NULL}}},
    {"the draft's way",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:01", "draft_made", MADE("hello"), "fresh; hello drafted 11-02 10:00", NULL},
      {"2026-11-02 10:20", "draft_approved", MADE("hello"), "fresh; hello queued 11-02 10:00", NULL},
      {"2026-11-02 10:21", "draft_returned",
       "{" OF("hello") ", \"message\": 1, \"reason\": \"the bill changed\"}",
       "fresh; hello drafted 11-02 10:00", "the bill changed"},
      {"2026-11-02 10:25", "draft_approved", MADE("hello"), "fresh; hello queued 11-02 10:00", NULL},
      WRITTEN}},
    {"a rejected draft stays rejected",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:01", "draft_made", MADE("hello"), "fresh; hello drafted 11-02 10:00", NULL},
      {"2026-11-02 10:20", "draft_rejected", "{" OF("hello") ", \"message\": 1, \"reason\": \"no\"}",
       "fresh; hello rejected 11-02 10:00", "no"},
      {"2026-11-05 10:20", "tick", NULL, "fresh; hello rejected 11-02 10:00", NULL}}},
    {"a refused mail fails the step",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:20", "step_failed", "{" OF("hello") ", \"message\": 1}",
       "fresh; hello failed 11-02 10:00", NULL}}},
    {"when without verdict does not fire",
     NULL,
     "{\"forecast_mrr\": 200}",
     {{"2026-11-02 10:00", "tick", NULL, "fresh", "when is undecided: plan missing"},
      {"2026-11-02 11:00", "facts", "{\"forecast_mrr\": 200, \"plan\": \"free\"}", "fresh",
       "when is false: plan <> 'free'"},
      {"2026-11-02 12:00", "facts", BOTH, "fresh; hello wanted 11-02 10:00", NULL}}},
    {"conditions end a waiting draft",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:01", "draft_made", MADE("hello"), "fresh; hello drafted 11-02 10:00", NULL},
      {"2026-11-02 12:00", "facts", "{\"forecast_mrr\": 200, \"plan\": \"free\"}", "fresh", "when is false"},
      {"2026-11-02 13:00", "facts", BOTH, "fresh; hello wanted 11-02 10:00", NULL}}},
    {"unless without verdict holds automatic steps only",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 600, \"trial_given\": false}",
     {START,
      {"2026-11-02 10:30", "sent", SENT("hello"),
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30",
       "unless is undecided: quiet missing"},
      {"2026-11-03 10:30", "facts", "{\"plan\": \"payg\", \"forecast_mrr\": 600, \"quiet\": true}",
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30",
       "unless is true: quiet"},
      {"2026-11-03 10:31", "facts", "{\"plan\": \"payg\", \"forecast_mrr\": 600, \"quiet\": false}",
       "written; hello sent 11-02 10:00; extra scheduled 11-09 09:00; nudge scheduled 11-12 10:30; last "
       "scheduled 11-23 10:30",
       NULL}}},
    {"unless true stops a draft",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 600, \"quiet\": true}",
     {{"2026-11-02 10:00", "tick", NULL, "fresh", "unless is true: quiet"}}},
    {"hold without verdict holds automatic steps",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 200}",
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "hold is undecided: trial_given missing"},
      {"2026-11-12 11:00", "facts", BOTH,
       "written; hello sent 11-02 10:00; nudge wanted 11-12 11:00; last scheduled 11-23 10:30", NULL}}},
    {"a fact that holds, and time on hold is not lateness",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"trial_given\": true}",
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "hold: trial_given"},
      {"2026-11-25 20:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last waiting 11-23 10:30",
       "hold: trial_given"},
      {"2026-11-25 21:00", "facts", BOTH,
       "written; hello sent 11-02 10:00; nudge scheduled 11-26 09:00; last scheduled 11-26 09:00", NULL},
      {"2026-11-26 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge wanted 11-26 09:00; last wanted 11-26 09:00", NULL}}},
    {"a hold by hand until a date",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-03 09:00", "hold_set",
       "{\"reason\": \"on holiday\", \"until\": 1794916800000000}", /* 2026-11-17 13:00 */
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-12 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "on hold: on holiday"},
      {"2026-11-17 12:59:59", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "on hold: on holiday"},
      {"2026-11-17 13:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge wanted 11-17 13:00; last scheduled 11-23 10:30", NULL}}},
    {"a hold by hand until released",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-03 09:00", "hold_set", "{\"reason\": \"ask Kim\"}",
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-20 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "on hold: ask Kim"},
      {"2026-11-20 10:31", "released", "{}",
       "written; hello sent 11-02 10:00; nudge wanted 11-20 10:31; last scheduled 11-23 10:30", NULL}}},
    {"a queued automatic mail is pulled back by a hold",
     NULL,
     BOTH,
     {START,
      {"2026-11-07 20:00", "sent", SENT("hello"),
       "written; hello sent 11-02 10:00; nudge scheduled 11-18 09:00; last scheduled 11-30 09:00", NULL},
      {"2026-11-18 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge wanted 11-18 09:00; last scheduled 11-30 09:00", NULL},
      {"2026-11-18 09:00", "draft_made", AUTO("nudge"),
       "written; hello sent 11-02 10:00; nudge queued 11-18 09:00; last scheduled 11-30 09:00", NULL},
      {"2026-11-18 09:01", "hold_set", "{\"reason\": \"wait\"}",
       "written; hello sent 11-02 10:00; nudge waiting 11-18 09:00; last scheduled 11-30 09:00",
       "on hold: wait"},
      {"2026-11-18 09:09", "released", "{}",
       "written; hello sent 11-02 10:00; nudge wanted 11-18 09:09; last scheduled 11-30 09:00", NULL}}},
    {"a queued automatic mail goes back when its day moves",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "sent", SENT("nudge"),
       "written; hello sent 11-02 10:00; nudge sent 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-23 10:30", "draft_made", AUTO("last"),
       "written; hello sent 11-02 10:00; nudge sent 11-12 10:30; last queued 11-23 10:30", NULL},
      {"2026-11-23 10:31", "extended", "{\"days\": 7}",
       "written; hello sent 11-02 10:00; nudge sent 11-12 10:30; last scheduled 11-30 10:30", NULL}}},
    {"an unanswered reply holds what needs an answer",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-10 08:00", "replied", "{}",
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-12 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "reply is unanswered"},
      {"2026-11-16 15:00", "hand_sent", "{\"opens\": 0, \"subject\": \"Re: Hello\"}",
       "written; hello sent 11-02 10:00; nudge wanted 11-16 15:00; last scheduled 11-23 10:30", NULL},
      {"2026-11-16 15:01", "replied", "{}",
       "written; hello sent 11-02 10:00; nudge waiting 11-16 15:00; last scheduled 11-23 10:30",
       "reply is unanswered"},
      {"2026-11-16 16:00", "released", "{}",
       "written; hello sent 11-02 10:00; nudge wanted 11-16 16:00; last scheduled 11-23 10:30", NULL}}},
    {"the window moves a due time",
     NULL,
     BOTH,
     {START,
      {"2026-11-04 16:59", "sent", SENT("hello"),
       "written; hello sent 11-02 10:00; nudge scheduled 11-16 09:00; last scheduled 11-25 16:59", NULL},
      {"2026-11-14 16:59", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge scheduled 11-16 09:00; last scheduled 11-25 16:59", NULL},
      {"2026-11-16 08:59:59", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge scheduled 11-16 09:00; last scheduled 11-25 16:59", NULL},
      {"2026-11-16 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge wanted 11-16 09:00; last scheduled 11-25 16:59", NULL}}},
    {"days by the customer's calendar",
     "America/New_York",
     "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"trial_given\": false, \"timezone\": "
     "\"America/New_York\"}",
     {{"2026-10-28 10:00", "tick", NULL, "fresh; hello wanted 10-28 10:00", NULL},
      /* The clocks change on 1 November: still 10:30 there. */
      {"2026-10-28 10:30", "sent", SENT("hello"),
       "written; hello sent 10-28 10:00; nudge scheduled 11-09 09:00; last scheduled 11-18 10:30", NULL}}},
    {"late: send within seven days",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-19 16:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge wanted 11-12 10:30; last scheduled 11-23 10:30", NULL}}},
    {"late: beyond seven days a person decides",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-20 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge late 11-12 10:30; last scheduled 11-23 10:30", "8 days late"},
      {"2026-11-20 12:00", "replied", "{}",
       "written; hello sent 11-02 10:00; nudge late 11-12 10:30; last scheduled 11-23 10:30", "8 days late"},
      {"2026-11-20 13:00", "hand_sent", "{}",
       "written; hello sent 11-02 10:00; nudge late 11-12 10:30; last scheduled 11-23 10:30", "8 days late"},
      /* `usher resume` */
      {"2026-11-20 14:00", "step_changed",
       "{" OF("nudge") ", \"state\": \"idle\", \"released_at\": 1795179600000000}", /* 2026-11-20 14:00 */
       "written; hello sent 11-02 10:00; nudge wanted 11-20 14:00; last scheduled 11-23 10:30", NULL}}},
    {"late: ask",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-24 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge late 11-12 10:30; last wanted 11-23 10:30", NULL}}},
    {"late: ask after two days",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-25 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge late 11-12 10:30; last late 11-23 10:30", "2 days late"}}},
    {"late: a weekend makes nothing late",
     NULL,
     BOTH,
     {START,
      {"2026-11-06 10:00", "sent", SENT("hello"),
       "written; hello sent 11-02 10:00; nudge scheduled 11-16 10:00; last scheduled 11-27 10:00", NULL},
      {"2026-11-16 10:00", "sent", SENT("nudge"),
       "written; hello sent 11-02 10:00; nudge sent 11-16 10:00; last scheduled 11-27 10:00", NULL},
      {"2026-11-27 10:00", "draft_made", AUTO("last"),
       "written; hello sent 11-02 10:00; nudge sent 11-16 10:00; last queued 11-27 10:00", NULL},
      {"2026-11-29 12:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge sent 11-16 10:00; last queued 11-27 10:00", NULL},
      {"2026-11-30 16:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge sent 11-16 10:00; last queued 11-27 10:00", NULL},
      {"2026-12-01 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge sent 11-16 10:00; last late 11-27 10:00", "4 days late"}}},
    {"late: skip",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 600, \"quiet\": false, \"trial_given\": false}",
     {START,
      {"2026-11-03 10:30", "sent", SENT("hello"),
       "written; hello sent 11-02 10:00; extra scheduled 11-09 09:00; nudge scheduled 11-13 10:30; last "
       "scheduled 11-24 10:30",
       NULL},
      {"2026-11-11 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; extra skipped 11-09 09:00; nudge scheduled 11-13 10:30; last "
       "scheduled 11-24 10:30",
       "2 days late"},
      {"2026-11-12 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; extra skipped 11-09 09:00; nudge scheduled 11-13 10:30; last "
       "scheduled 11-24 10:30",
       NULL}}},
    {"a closed window is not lateness",
     NULL,
     BOTH,
     {START,
      /* 30 October + 21 days is Friday 20 November at 16:59; the service looks two minutes later. */
      {"2026-11-06 16:59", "sent", SENT("hello"),
       "written; hello sent 11-02 10:00; nudge scheduled 11-16 16:59; last scheduled 11-27 16:59", NULL},
      {"2026-11-16 16:59", "sent", SENT("nudge"),
       "written; hello sent 11-02 10:00; nudge sent 11-16 16:59; last scheduled 11-27 16:59", NULL},
      {"2026-11-27 17:01", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge sent 11-16 16:59; last scheduled 11-30 09:00", NULL},
      {"2026-11-30 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge sent 11-16 16:59; last wanted 11-30 09:00", NULL}}},
    {"until",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 200}",
     {START,
      WRITTEN,
      {"2026-12-02 10:29:59", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last waiting 11-23 10:30", NULL},
      {"2026-12-02 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge expired 11-12 10:30; last waiting 11-23 10:30",
       "last date has passed"},
      {"2026-12-03 10:30", "facts", BOTH,
       "written; hello sent 11-02 10:00; nudge expired 11-12 10:30; last wanted 12-03 10:30", NULL}}},
    {"due without a date stays undecided",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"due_day\": \"2026-12-01\"}",
     /* A bare date takes the clock time of the stage. */
     {{"2026-11-02 10:00", "tick", NULL, "fresh; hello wanted 12-01 10:00", NULL}}},
    {"stopping, and going on",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "step_changed",
       "{" OF("nudge") ", \"state\": \"stopped\", \"reason\": \"by ana\"}",
       "written; hello sent 11-02 10:00; nudge stopped; last scheduled 11-23 10:30", "by ana"},
      {"2026-11-13 10:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge stopped; last scheduled 11-23 10:30", "by ana"}}},
    {"cancelled by a rule",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "facts", "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"churned\": true}",
       "written; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled",
       "cancel: churned"},
      {"2026-11-06 10:00", "facts", BOTH,
       "written; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled",
       NULL}}},
    {"cancelled by a stage",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "referral", "{\"note\": \"spends\"}",
       "handed; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled",
       "Handed over"},
      {"2026-11-06 10:00", "referral", "{\"note\": \"again\"}",
       "handed; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled", NULL}}},
    {"cancel without verdict holds automatic steps",
     NULL,
     BOTH, /* gone = 1: nobody knows; 2: it is */
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "facts",
       "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"quiet\": false, \"trial_given\": false, \"gone\": 1}",
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "cancel is undecided"},
      {"2026-11-12 10:31", "facts",
       "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"quiet\": false, \"trial_given\": false, \"gone\": 2}",
       "written; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled",
       NULL}}},
    {"a stage set by hand cancels, and takes it back",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "stage_entered",
       "{\"sequence\": \"trial\", \"stage\": \"handed\", \"why\": \"by hand\"}",
       "handed; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled",
       "Handed over"},
      {"2026-11-06 10:00", "stage_entered",
       "{\"sequence\": \"trial\", \"stage\": \"written\", \"why\": \"by hand\"}",
       "written; hello sent 11-02 10:00; nudge scheduled 11-16 10:00; last scheduled 11-27 10:00", NULL}}},
    {"a stage set by hand brings no churned customer back",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "facts", "{\"plan\": \"payg\", \"forecast_mrr\": 200, \"churned\": true}",
       "written; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled", NULL},
      {"2026-11-06 10:00", "stage_entered",
       "{\"sequence\": \"trial\", \"stage\": \"done\", \"why\": \"by hand\"}",
       "done; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled", NULL}}},
    {"a queued automatic mail grows late, too",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge wanted 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-12 10:30", "draft_made", AUTO("nudge"),
       "written; hello sent 11-02 10:00; nudge queued 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-19 16:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge queued 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-20 09:00", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge late 11-12 10:30; last scheduled 11-23 10:30",
       "8 days late"}}},
    {"leaving clears the stages",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "sales_engaged", "{\"note\": \"Kim talks to them\"}",
       "left; hello sent 11-02 10:00", NULL},
      {"2026-11-06 10:00", "tick", NULL, "left; hello sent 11-02 10:00", NULL},
      {"2026-11-07 10:00", "refused", "excludes the account, even by hand: sales_engaged",
       "left; hello sent 11-02 10:00", NULL},
      {"2026-11-08 10:00", "sent", SENT("nudge"), "left; hello sent 11-02 10:00", NULL}}},
    {"Sales first",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 5}",
     {{"2026-11-02 10:00", "sales_engaged", "{}", "-", NULL},
      {"2026-11-02 11:00", "facts", BOTH, "-", NULL},
      {"2026-11-02 12:00", "refused", "excludes the account", "-", NULL}}},
    {"by hand below the threshold",
     NULL,
     "{\"plan\": \"payg\", \"forecast_mrr\": 5}",
     {{"2026-11-02 10:00", "tick", NULL, "-", NULL},
      {"2026-11-02 10:01", "enrol", NULL, "fresh; hello wanted 11-02 10:01", NULL},
      {"2026-11-02 10:02", "refused", "already in trial, in stage fresh", "fresh; hello wanted 11-02 10:01",
       NULL}}},
    {"a mail about a failed payment starts nothing",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:30", "sent", "{" OF("other") ", \"subject\": \"Your PAYMENT\"}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-03 10:30", "hand_sent", "{\"opens\": 1, \"subject\": \"An outstanding amount\"}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-04 10:30", "hand_sent", "{\"opens\": 0, \"subject\": \"Re: your question\"}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-04 11:30", "hand_sent", "{\"opens\": 1, \"subject\": \"Hello\"}",
       "written; nudge scheduled 11-16 09:00; last scheduled 11-25 11:30", "not for stage written"}}},
    {"an event of another sequence",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 10:30", "sent", "{\"sequence\": \"other\", \"step\": \"hello\", \"subject\": \"Hello\"}",
       "fresh; hello wanted 11-02 10:00", NULL}}},
    {"the last mail ends it",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-12 10:30", "sent", SENT("nudge"),
       "written; hello sent 11-02 10:00; nudge sent 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-23 10:30", "sent", SENT("last"),
       "done; hello sent 11-02 10:00; nudge sent 11-12 10:30; last sent 11-23 10:30", NULL}}},
    {"a transition asks its rule",
     NULL,
     BOTH,
     {START,
      {"2026-11-02 11:00", "replied", "{}", "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-02 11:01", "facts", "{\"plan\": \"talks\", \"forecast_mrr\": 200, \"quiet\": false}",
       "fresh; hello wanted 11-02 10:00", NULL},
      {"2026-11-02 11:02", "replied", "{}", "done", NULL}}},
    {"absent from a complete import",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "absent", NULL,
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-12 10:30", "tick", NULL,
       "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
       "absent from the last"}}},
    {"the last person opts out",
     NULL,
     BOTH,
     {START,
      WRITTEN,
      {"2026-11-05 10:00", "suppressed", "{\"address\": \"a@acme.example\", \"reason\": \"opt_out\"}",
       "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
      {"2026-11-06 10:00", "suppressed", "{\"address\": \"b@acme.example\", \"reason\": \"opt_out\"}",
       "written; hello sent 11-02 10:00; extra cancelled; nudge cancelled; last cancelled; cancelled",
       "the last person opted out"}}},
};

static void
make_move(struct fixture *f, const struct program *program, gint64 id, const struct move *m, gint64 now_us)
{
    const struct sequence *seq = program->sequences->pdata[0];
    if (strcmp(m->what, "tick") == 0)
        return;
    if (strcmp(m->what, "facts") == 0) {
        set_facts(f, id, m->arg, now_us);
    } else if (strcmp(m->what, "absent") == 0) {
        store_exec(f->db, "UPDATE account SET absent = 1 WHERE id = ?", &f->error, "i", id);
    } else if (strcmp(m->what, "enrol") == 0) {
        pipeline_enrol_by_hand(f->db, program, seq, id, now_us, "ana", &f->error);
    } else if (strcmp(m->what, "refused") == 0) {
        g_assert_false(pipeline_enrol_by_hand(f->db, program, seq, id, now_us, "ana", &f->error));
        if (!strstr(f->error->message, m->arg))
            g_error("\"%s\" does not hold \"%s\"", f->error->message, m->arg);
        g_clear_error(&f->error);
    } else {
        json_t *data = json_loads(m->arg, 0, NULL);
        g_assert_nonnull(data);
        struct event event = {
            .at_us = now_us, .account_id = id, .kind = m->what, .actor = "ana", .data = data};
        pipeline_record(f->db, program, &event, &f->error);
        json_decref(data);
    }
    g_assert_no_error(f->error);
}

static void
tell(struct fixture *f, const struct program *program, const struct story *story)
{
    const struct sequence *seq = program->sequences->pdata[0];
    GTimeZone *zone = zone_find(story->zone ? story->zone : "Europe/Berlin", NULL);
    gint64 id = add_account(f, "acme", story->facts);
    add_contact(f, id, "a@acme.example", "owner - - Ann");
    add_contact(f, id, "b@acme.example", "admin - - Bob");
    for (const struct move *m = story->moves; m < story->moves + G_N_ELEMENTS(story->moves) && m->what; m++) {
        g_test_message("%s %s", m->when, m->what);
        gint64 now_us;
        g_assert_true(zone_parse_time(zone, m->when, &now_us, NULL));
        make_move(f, program, id, m, now_us);
        pipeline_advance(f->db, program, id, now_us, &f->error);
        g_assert_no_error(f->error);
        g_autofree char *line = status_of(f, seq, id, zone);
        g_assert_cmpstr(line, ==, m->line);
        g_autofree char *reasons = reasons_of(f, program, seq, id, now_us);
        if (m->why && !strstr(reasons, m->why))
            g_error("no step says \"%s\": %s", m->why, reasons);
        gint64 events = events_so_far(f),
               wake_us = store_int(f->db, "SELECT evaluate_at FROM account", 0, NULL, "");
        pipeline_advance(f->db, program, id, now_us, &f->error);
        g_assert_no_error(f->error);
        g_assert_cmpint(events_so_far(f), ==, events);
        g_assert_cmpint(store_int(f->db, "SELECT evaluate_at FROM account", 0, NULL, ""), ==, wake_us);
        g_assert_true(!wake_us || wake_us > now_us);
    }
    /* An idle step that is idle for another reason is no news. */
    g_assert_cmpint(
        store_int(f->db,
                  "SELECT COUNT(*) FROM (SELECT data ->> 'state' AS state, lag(data ->> 'state') "
                  "OVER (PARTITION BY data ->> 'step' ORDER BY id) AS was FROM event WHERE kind = "
                  "'step_changed' AND actor = 'usher') WHERE state = 'idle' AND was = 'idle'",
                  0, &f->error, ""),
        ==, 0);
    g_assert_no_error(f->error);
    assert_replay(f);
}

static void
test_story(gconstpointer data)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    fixture_write(&f, "sequences/trial.conf", trial_conf);
    scoped(program_free) struct program *program = load_program(&f, "trial");
    tell(&f, program, data);
    fixture_tear_down(&f);
}

/* ---- what is kept beside stage and steps ---- */

static void
test_times(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    fixture_write(&f, "sequences/trial.conf", trial_conf);
    scoped(program_free) struct program *program = load_program(&f, "trial");
    static const struct story story = {
        "times",
        NULL,
        BOTH,
        {START,
         WRITTEN,
         {"2026-11-04 08:00", "auto_replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-05 08:00", "booked", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-06 08:00", "replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-05 07:00", "replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-06 09:00", "extended", "{\"days\": 7}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-30 10:30", NULL},
         {"2026-11-06 09:01", "extended", "{\"days\": -2}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-30 09:00", NULL}}};
    tell(&f, program, &story);
    scoped(enrolment_free) struct enrolment *e = enrolment_load(f.db, 1, "trial", &f.error);
    assert_instant(e->since_us, "2026-11-02 10:00:00");
    assert_instant(e->engaged_us, "2026-11-05 08:00:00");
    assert_instant(e->replied_us, "2026-11-06 08:00:00");
    assert_instant(e->last_sent_us, "2026-11-02 10:30:00");
    g_assert_cmpint(e->payment_mail_us, ==, 0);
    g_assert_cmpint(e->extension_days, ==, 5);
    g_assert_false(e->by_hand);
    assert_rows(&f, "stage", "stage_entry ORDER BY at", "fresh;written");
    fixture_tear_down(&f);
}

/* A reply that was on its way while usher sent a mail has not been answered by it. */
static void
test_reply_that_crossed(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    fixture_write(&f, "sequences/trial.conf", trial_conf);
    scoped(program_free) struct program *program = load_program(&f, "trial");
    static const struct story story = {
        "crossed",
        NULL,
        BOTH,
        {START,
         WRITTEN,
         {"2026-11-02 10:29", "replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:30; last scheduled 11-23 10:30", NULL},
         {"2026-11-12 10:30", "tick", NULL,
          "written; hello sent 11-02 10:00; nudge waiting 11-12 10:30; last scheduled 11-23 10:30",
          "unanswered"},
         /* A specialist's own answer counts by its time: folders are read in any order. */
         {"2026-11-12 10:31", "hand_sent", "{}",
          "written; hello sent 11-02 10:00; nudge wanted 11-12 10:31; last scheduled 11-23 10:30", NULL},
         {"2026-11-12 10:30:30", "replied", "{}",
          "written; hello sent 11-02 10:00; nudge scheduled 11-12 10:31; last scheduled 11-23 10:30", NULL}}};
    tell(&f, program, &story);
    fixture_tear_down(&f);
}

/* Every rule with its verdict, and what is missing. */
static void
test_why(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    fixture_write(&f, "sequences/trial.conf", trial_conf);
    scoped(program_free) struct program *program = load_program(&f, "trial");
    gint64 id = add_account(&f, "acme", "{\"forecast_mrr\": 200}");
    pipeline_advance(f.db, program, id, at("2026-11-02 10:00"), &f.error);
    g_autoptr(GPtrArray) lines =
        pipeline_why(f.db, program, program->sequences->pdata[0], id, at("2026-11-02 10:00"), &f.error);
    g_assert_no_error(f.error);
    static const struct {
        const char *what, *verdict, *text, *facts;
    } expected[] = {{"enrol", "true", "forecast_mrr >= 100 AND NOT churned", "forecast_mrr = 200"},
                    {"hold", "undecided", "trial_given", "trial_given missing"},
                    {"hello: when", "undecided", "plan <> 'free'", "plan missing"},
                    {"cancel", "false", "churned OR nullif(gone, 1) > 1", ""},
                    {"hello: due", "2026-11-02 10:00:00", "coalesce(due_day, fresh_at)",
                     "fresh_at = 2026-11-02 10:00:00"},
                    {"nudge: due", "undecided", "add_days(written_at, 10)", "written_at missing"}};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        const struct why_line *found = NULL;
        for (guint j = 0; j < lines->len; j++) {
            const struct why_line *w = lines->pdata[j];
            if (strcmp(w->what, expected[i].what) == 0)
                found = w;
        }
        g_assert_nonnull(found);
        g_assert_cmpstr(found->verdict, ==, expected[i].verdict);
        g_assert_cmpstr(found->text, ==, expected[i].text);
        g_assert_cmpstr(found->facts, ==, expected[i].facts);
    }
    fixture_tear_down(&f);
}

/* Dirty accounts, those whose time has come, and those a command line left to be composed: each once. */
static void
test_pending(void)
{
    struct fixture f;
    fixture_set_up(&f);
    fixture_write(&f, "sequences/facts.conf", facts_conf);
    fixture_write(&f, "sequences/trial.conf", trial_conf);
    scoped(program_free) struct program *program = load_program(&f, "trial");
    gint64 now_us = at("2026-11-02 10:00"), one = add_account(&f, "one", "{}"),
           two = add_account(&f, "two", "{}");
    g_autoptr(GArray) first = pipeline_pending(f.db, now_us, 10, &f.error);
    g_assert_cmpint(first->len, ==, 2);
    pipeline_advance(f.db, program, one, now_us, &f.error);
    pipeline_advance(f.db, program, two, now_us, &f.error);
    g_autoptr(GArray) none = pipeline_pending(f.db, now_us, 10, &f.error);
    g_assert_cmpint(none->len, ==, 0);
    store_exec(f.db, "UPDATE account SET evaluate_at = ? WHERE id = ?", &f.error, "ii", now_us + 1, two);
    g_autoptr(GArray) early = pipeline_pending(f.db, now_us, 10, &f.error);
    g_autoptr(GArray) later = pipeline_pending(f.db, now_us + 1, 10, &f.error);
    g_assert_cmpint(early->len, ==, 0);
    g_assert_cmpint(later->len, ==, 1);
    g_assert_cmpint(g_array_index(later, gint64, 0), ==, two);
    g_assert_no_error(f.error);
    fixture_tear_down(&f);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(stories); i++) {
        g_autofree char *path = g_strdup_printf("/pipeline/engine/%s", stories[i].name);
        g_test_add_data_func(path, &stories[i], test_story);
    }
    g_test_add_func("/pipeline/engine/times", test_times);
    g_test_add_func("/pipeline/engine/reply-that-crossed", test_reply_that_crossed);
    g_test_add_func("/pipeline/engine/why-lines", test_why);
    g_test_add_func("/pipeline/engine/pending", test_pending);
    return g_test_run();
}
