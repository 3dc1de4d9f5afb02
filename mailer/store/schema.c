/* Migrations, oldest first. Times are microseconds UTC; texts that name a state are from the enum tables of
 * the module that owns the table. */
#include "store/schema.h"

#include <glib.h>

static const char migration_1[] =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"

    /* accounts/ */
    "CREATE TABLE account("
    "  id INTEGER PRIMARY KEY,"
    "  key TEXT NOT NULL UNIQUE,"           /* the name other systems know it by */
    "  version INTEGER NOT NULL DEFAULT 0," /* grows with whatever may change if a mail may go out */
    "  dirty INTEGER NOT NULL DEFAULT 1,"   /* something changed: the pipeline looks at it on the next tick */
    "  evaluate_at INTEGER,"                /* and again then: a due time, or its midnight */
    "  added_at INTEGER NOT NULL,"
    "  absent INTEGER NOT NULL DEFAULT 0,"        /* missing from the last complete import */
    "  sales_engaged INTEGER NOT NULL DEFAULT 0," /* confirmed by a specialist */
    "  owner TEXT) STRICT;"                       /* specialist given by hand; else the fact, else the rota */
    "CREATE INDEX account_dirty ON account(id) WHERE dirty;"
    "CREATE INDEX account_evaluate ON account(evaluate_at) WHERE evaluate_at IS NOT NULL;"
    "CREATE TABLE account_facts("
    "  account_id INTEGER NOT NULL REFERENCES account(id),"
    "  source TEXT NOT NULL,"
    "  as_of INTEGER NOT NULL," /* when the source last delivered it */
    "  facts TEXT NOT NULL,"    /* one JSON object */
    "  PRIMARY KEY(account_id, source)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE contact("
    "  id INTEGER PRIMARY KEY,"
    "  account_id INTEGER NOT NULL REFERENCES account(id),"
    "  address TEXT NOT NULL," /* folded */
    "  first_name TEXT, last_name TEXT, role TEXT, function TEXT, last_active TEXT,"
    "  source TEXT NOT NULL, as_of INTEGER NOT NULL,"
    "  absent INTEGER NOT NULL DEFAULT 0,"
    "  UNIQUE(account_id, address)) STRICT;"
    "CREATE INDEX contact_address ON contact(address);"
    "CREATE TABLE suppression("
    "  address TEXT PRIMARY KEY," /* an address, or @domain */
    "  reason TEXT NOT NULL, at INTEGER NOT NULL, event_id INTEGER) STRICT, WITHOUT ROWID;"

    /* the journal: store/journal.h */
    "CREATE TABLE event("
    "  id INTEGER PRIMARY KEY," /* no row is ever removed, so none is used twice */
    "  at INTEGER NOT NULL,"
    "  account_id INTEGER,"
    "  kind TEXT NOT NULL,"
    "  actor TEXT NOT NULL," /* login name, or the part of usher that acted */
    "  cause INTEGER,"       /* the event it follows from */
    "  data TEXT NOT NULL DEFAULT '{}') STRICT;"
    "CREATE INDEX event_account ON event(account_id, id);"

    /* pipeline/: current state, rebuilt from the journal at any time */
    "CREATE TABLE enrolment("
    "  account_id INTEGER NOT NULL REFERENCES account(id),"
    "  sequence TEXT NOT NULL,"
    "  state TEXT NOT NULL," /* active, ended, left */
    "  stage TEXT,"
    "  since INTEGER NOT NULL," /* of the enrolment */
    "  by_hand INTEGER NOT NULL DEFAULT 0,"
    "  cancelled TEXT," /* why nothing automatic goes out any more */
    "  engaged_at INTEGER,"
    "  replied_at INTEGER,"      /* last human reply */
    "  answered_at INTEGER,"     /* last time the team wrote or released it */
    "  payment_mail_at INTEGER," /* the failed-payment mail went out */
    "  last_sent_at INTEGER,"
    "  extension_days INTEGER NOT NULL DEFAULT 0,"
    "  PRIMARY KEY(account_id, sequence)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX enrolment_stage ON enrolment(sequence, stage);"
    "CREATE TABLE stage_entry("
    "  account_id INTEGER NOT NULL, sequence TEXT NOT NULL, stage TEXT NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  PRIMARY KEY(account_id, sequence, stage)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE step("
    "  account_id INTEGER NOT NULL, sequence TEXT NOT NULL, step TEXT NOT NULL,"
    "  state TEXT NOT NULL,"
    "  due_at INTEGER,"
    "  released_at INTEGER," /* time on hold does not count: not due before this */
    "  reason TEXT,"         /* why it is where it is */
    "  message_id INTEGER,"
    "  PRIMARY KEY(account_id, sequence, step)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX step_wanted ON step(account_id) WHERE state = 'wanted';"
    "CREATE TABLE hold("
    "  id INTEGER PRIMARY KEY,"
    "  account_id INTEGER, address TEXT," /* one of the two */
    "  until INTEGER,"                    /* NULL: until released */
    "  reason TEXT NOT NULL) STRICT;"
    "CREATE INDEX hold_account ON hold(account_id);"
    "CREATE INDEX hold_address ON hold(address);"
    "CREATE TABLE task("
    "  id INTEGER PRIMARY KEY,"
    "  account_id INTEGER, kind TEXT NOT NULL, title TEXT NOT NULL, assignee TEXT,"
    "  due_at INTEGER, done_at INTEGER, event_id INTEGER) STRICT;"
    "CREATE INDEX task_open ON task(account_id) WHERE done_at IS NULL;"

    /* compose/ and outbox/ */
    "CREATE TABLE message("
    "  id INTEGER PRIMARY KEY,"
    "  account_id INTEGER NOT NULL REFERENCES account(id),"
    "  sequence TEXT NOT NULL, step TEXT NOT NULL,"
    "  automatic INTEGER NOT NULL,"
    "  state TEXT NOT NULL,"
    "  reason TEXT," /* why it was rejected, withdrawn or came back */
    "  specialist TEXT NOT NULL, mailbox TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  template TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  edited INTEGER NOT NULL DEFAULT 0,"
    "  recipients TEXT NOT NULL,"           /* JSON array of {address, name, field, why} */
    "  follows INTEGER NOT NULL DEFAULT 0," /* 1: it continues the account's conversation */
    "  message_id TEXT UNIQUE,"             /* without <>; set when frozen */
    "  token TEXT UNIQUE,"
    "  approved_by TEXT, approved_at INTEGER,"
    "  date_at INTEGER,"   /* the Date header: set by the first transmission, kept by retries */
    "  copy TEXT) STRICT;" /* wanted, done: our copy in the Sent folder */
    /* What is long of a message, and does not change while it is sent: each claim and answer writes the row
       above again. */
    "CREATE TABLE message_text("
    "  message_id INTEGER PRIMARY KEY REFERENCES message(id),"
    "  template_text TEXT NOT NULL,"
    "  markdown TEXT NOT NULL," /* as it will be sent: rendered, perhaps edited */
    "  rendered TEXT NOT NULL," /* as the template gave it: what it rests on is compared with this */
    "  basis TEXT NOT NULL DEFAULT '{}'," /* facts used: JSON object name → {value, source, as_of} */
    "  bytes BLOB) STRICT;"               /* frozen by the approval; only Date is added at sending */
    "CREATE INDEX message_copy ON message(mailbox) WHERE copy = 'wanted';"
    "CREATE INDEX message_account ON message(account_id, id);"
    "CREATE INDEX message_waiting ON message(state) WHERE state IN ('waiting', 'changed');"
    "CREATE TABLE delivery("
    "  id INTEGER PRIMARY KEY,"
    "  message_id INTEGER NOT NULL REFERENCES message(id),"
    "  mailbox TEXT NOT NULL,"
    "  address TEXT NOT NULL,"
    "  field TEXT NOT NULL," /* to, cc */
    "  state TEXT NOT NULL,"
    "  next_at INTEGER NOT NULL," /* not before */
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  account_version INTEGER," /* stored by the claim, compared when transmitting begins */
    "  owner TEXT,"              /* the sender process that claimed it */
    "  code INTEGER, enhanced TEXT, text TEXT, host TEXT," /* the evidence of its last transition */
    "  at INTEGER NOT NULL,"
    "  UNIQUE(message_id, address)) STRICT;"
    "CREATE INDEX delivery_open ON delivery(mailbox, next_at) WHERE state IN ('queued', 'deferred');"
    "CREATE INDEX delivery_busy ON delivery(mailbox) WHERE state = 'claimed' OR state = 'transmitting' OR "
    "state = 'unknown';" /* a longer IN list makes SQLite build a table for it, each time a row changes */
    "CREATE INDEX delivery_address ON delivery(address);"

    /* inbox/ */
    "CREATE TABLE folder("
    "  mailbox TEXT NOT NULL, name TEXT NOT NULL,"
    "  role TEXT NOT NULL,"                                      /* inbox, sent */
    "  uidvalidity INTEGER NOT NULL, next_uid INTEGER NOT NULL," /* everything below next_uid is read */
    "  reading_uid INTEGER, reading_deaths INTEGER NOT NULL DEFAULT 0,"
    "  read_boot_us INTEGER, read_boot_id TEXT," /* when it was last read to its end: clock_boottime_us() */
    "  PRIMARY KEY(mailbox, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE inbound("
    "  id INTEGER PRIMARY KEY,"
    "  mailbox TEXT NOT NULL, folder TEXT NOT NULL, uidvalidity INTEGER NOT NULL, uid INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  class TEXT NOT NULL, rule TEXT, evidence TEXT,"
    "  account_id INTEGER, address TEXT, in_message INTEGER," /* in_message: the message of ours it answers */
    "  matched_by TEXT,"
    "  message_id TEXT, subject TEXT, text TEXT,"
    "  sender_hash TEXT," /* for mail that belongs to no account, all that is kept of its sender */
    "  event_id INTEGER,"
    "  UNIQUE(mailbox, folder, uidvalidity, uid)) STRICT;"
    "CREATE INDEX inbound_account ON inbound(account_id, id);"
    "CREATE INDEX inbound_message_id ON inbound(message_id);";

/* Whatever happens to the table's rows of an account raises its version. */
#define RAISES_VERSION(table)                                                                                \
    "CREATE TRIGGER version_" table "_added AFTER INSERT ON " table                                          \
    " BEGIN UPDATE account SET version = version + 1 WHERE id = NEW.account_id; END;"                        \
    "CREATE TRIGGER version_" table " AFTER UPDATE ON " table                                                \
    " BEGIN UPDATE account SET version = version + 1 WHERE id = NEW.account_id; END;"                        \
    "CREATE TRIGGER version_" table "_gone AFTER DELETE ON " table                                           \
    " BEGIN UPDATE account SET version = version + 1 WHERE id = OLD.account_id; END;"

static const char migration_2[] =
    /* compose/ */
    "ALTER TABLE message ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;" /* grows when what it says changes
                                                                           */
    "ALTER TABLE message ADD COLUMN revised_by TEXT;"                     /* NULL: usher composed it */
    "ALTER TABLE message_text ADD COLUMN findings TEXT NOT NULL DEFAULT '[]';" /* what it tells, with its
                                                                                  text:
                                                                                  compose/finding_choice.h */
    "ALTER TABLE message ADD COLUMN told TEXT NOT NULL DEFAULT '[]';"          /* the same without the text */

    /* pipeline/ */
    "CREATE INDEX event_cause ON event(cause) WHERE cause IS NOT NULL;"

    /* compose/: what a draft said in its earlier revisions, and who approved which */
    "ALTER TABLE message ADD COLUMN approved_revision INTEGER;" /* the one that was frozen last */
    "ALTER TABLE message ADD COLUMN first_by TEXT;"             /* of two approvals, the first */
    "ALTER TABLE message ADD COLUMN first_at INTEGER;"
    "ALTER TABLE message ADD COLUMN first_revision INTEGER;" /* counts while it is message.revision */
    "CREATE TABLE draft_revision("
    "  message_id INTEGER NOT NULL REFERENCES message(id),"
    "  revision INTEGER NOT NULL,"
    "  subject TEXT NOT NULL, markdown TEXT NOT NULL, rendered TEXT NOT NULL,"
    "  recipients TEXT NOT NULL, specialist TEXT NOT NULL,"
    "  PRIMARY KEY(message_id, revision)) STRICT, WITHOUT ROWID;"

    /* service/: what a person passed over in `usher review`; turn counts up for each person */
    "CREATE TABLE review_seen("
    "  who TEXT NOT NULL, message_id INTEGER NOT NULL REFERENCES message(id),"
    "  revision INTEGER NOT NULL, turn INTEGER NOT NULL,"
    "  PRIMARY KEY(who, message_id)) STRICT, WITHOUT ROWID;"

    /* outbox/: marked copies of drafts for the team itself; no delivery, no event */
    "CREATE TABLE test_copy("
    "  id INTEGER PRIMARY KEY,"
    "  message_id INTEGER NOT NULL REFERENCES message(id), revision INTEGER NOT NULL,"
    "  mailbox TEXT NOT NULL, mail_from TEXT NOT NULL, address TEXT NOT NULL,"
    "  token TEXT UNIQUE,"
    "  bytes BLOB," /* without Date; NULL when it is over */
    "  state TEXT NOT NULL,"
    "  asked_by TEXT NOT NULL, at INTEGER NOT NULL,"
    "  next_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
    "  text TEXT) STRICT;" /* the server's last word */
    "CREATE INDEX test_copy_open ON test_copy(mailbox, next_at) WHERE state = 'waiting';"

    /* tasks, risk, priority */
    "ALTER TABLE task ADD COLUMN cause INTEGER;" /* the event it is about */
    "ALTER TABLE task ADD COLUMN done_by TEXT;"
    "ALTER TABLE task ADD COLUMN note TEXT;" /* of who did it */
    "CREATE INDEX task_cause ON task(cause, kind) WHERE cause IS NOT NULL;"
    "CREATE INDEX task_event ON task(event_id);"
    "ALTER TABLE account ADD COLUMN risk TEXT;" /* of not being paid: low, medium, high, set by hand */
    "ALTER TABLE account ADD COLUMN risk_note TEXT;"
    "ALTER TABLE account ADD COLUMN priority TEXT;" /* high, normal, low, set by hand */

    /* service/hooks.h */
    "CREATE TABLE hook("
    "  name TEXT PRIMARY KEY,"
    "  seen_id INTEGER NOT NULL," /* events up to here were looked at */
    "  since INTEGER NOT NULL,"   /* when it was first seen in the configuration */
    "  delivered_id INTEGER, delivered_at INTEGER,"
    "  error TEXT, error_at INTEGER) STRICT, WITHOUT ROWID;" /* of the last attempt that failed */
    "CREATE TABLE hook_event("
    "  hook TEXT NOT NULL, event_id INTEGER NOT NULL,"
    "  state TEXT NOT NULL," /* waiting, failed */
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  queued_at INTEGER NOT NULL, next_at INTEGER NOT NULL,"
    "  PRIMARY KEY(hook, event_id)) STRICT, WITHOUT ROWID;"

    /* time: leave of the specialists, and what the limits count */
    "CREATE TABLE leave("
    "  id INTEGER PRIMARY KEY," /* of the event that set it */
    "  specialist TEXT NOT NULL,"
    "  from_at INTEGER NOT NULL, until_at INTEGER NOT NULL," /* until_at: back at work */
    "  cover TEXT, note TEXT) STRICT;"                       /* cover: a specialist; NULL: mail waits */
    "CREATE INDEX delivery_recent ON delivery(at) WHERE state = 'claimed' OR state = 'transmitting' OR "
    "state = 'sent' OR state = 'unknown';"
    "ALTER TABLE message ADD COLUMN cover TEXT;"          /* who answers go to while its specialist is away */
    "ALTER TABLE delivery ADD COLUMN redirected_to TEXT;" /* where it went instead: redirect_all_to */

    /* pipeline/: corrections */
    "CREATE TABLE retracted("         /* events that a correction took back */
    "  event_id INTEGER PRIMARY KEY," /* the event that counts no more */
    "  by_event INTEGER NOT NULL)"    /* the correction: an event of kind reclassified */
    "  STRICT;"
    "ALTER TABLE hold ADD COLUMN event_id INTEGER;" /* which event set it, NULL: from before there was this */

    /* inbox/ */
    "CREATE INDEX contact_domain ON contact(substr(address, instr(address, '@') + 1));"
    "ALTER TABLE inbound ADD COLUMN same_as INTEGER;" /* the inbound of another folder that holds this mail */
    "ALTER TABLE folder ADD COLUMN not_before INTEGER;" /* INTERNALDATE below this is passed over */
    "ALTER TABLE folder ADD COLUMN read_since INTEGER;" /* asked for: read again from this date */
    "CREATE TABLE mailbox_state("
    "  mailbox TEXT PRIMARY KEY,"
    "  problem TEXT, problem_at INTEGER,"           /* why it cannot be read, NULL: it can */
    "  selftest_at INTEGER, selftest TEXT) STRICT;" /* JSON of the last `check --send` */

    /* outbox/: each step of a delivery with its evidence, kept by the database itself, which also refuses
       every step that is not in the diagram of outbox/ledger.c. */
    "CREATE TABLE delivery_move("
    "  id INTEGER PRIMARY KEY,"
    "  delivery_id INTEGER NOT NULL,"
    "  at INTEGER NOT NULL,"
    "  from_state TEXT, to_state TEXT NOT NULL," /* from NULL: it came into being */
    "  code INTEGER, enhanced TEXT, text TEXT, host TEXT) STRICT;"
    "CREATE INDEX delivery_move_of ON delivery_move(delivery_id, id);"
    "CREATE TRIGGER delivery_legal BEFORE UPDATE OF state ON delivery WHEN OLD.state <> NEW.state"
    " AND (instr(NEW.state, ' ') OR NOT instr('"
    " queued>claimed queued>withdrawn deferred>claimed deferred>withdrawn withdrawn>queued"
    " claimed>queued claimed>transmitting claimed>refused claimed>deferred claimed>withdrawn"
    " transmitting>sent transmitting>refused transmitting>deferred transmitting>unknown"
    " transmitting>queued unknown>sent unknown>queued "
    "', ' ' || OLD.state || '>' || NEW.state || ' '))"
    " BEGIN SELECT RAISE(ABORT, 'a delivery cannot take this step: see usher-ledger(7)'); END;"
    "CREATE TRIGGER delivery_made AFTER INSERT ON delivery BEGIN"
    " INSERT INTO delivery_move(delivery_id, at, to_state) VALUES(NEW.id, NEW.at, NEW.state); END;"
    "CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON delivery WHEN OLD.state <> NEW.state BEGIN"
    " INSERT INTO delivery_move(delivery_id, at, from_state, to_state, code, enhanced, text, host)"
    " SELECT NEW.id, NEW.at, OLD.state, NEW.state,"
    /* What was said of an earlier attempt is no evidence of this one. */
    "  CASE WHEN said THEN NEW.code END, CASE WHEN said THEN NEW.enhanced END,"
    "  CASE WHEN said THEN NEW.text END, CASE WHEN said THEN NEW.host END"
    "  FROM (SELECT NEW.state NOT IN ('claimed', 'transmitting') AS said); END;"

    /* outbox/: a mailbox that sends nothing for the time being, see outbox/breaker.h */
    "CREATE TABLE mailbox_stop("
    "  mailbox TEXT PRIMARY KEY,"
    "  kind TEXT NOT NULL," /* of enum stop_kind */
    "  since INTEGER NOT NULL,"
    "  probe_at INTEGER," /* one mail is tried then; NULL: only a person or another configuration helps */
    "  probes INTEGER NOT NULL DEFAULT 0,"
    "  setup TEXT NOT NULL," /* hash of the mailbox's configuration and password when it stopped */
    "  code INTEGER, enhanced TEXT, text TEXT, host TEXT) STRICT, WITHOUT ROWID;"
    "CREATE INDEX event_bounced ON event(at) WHERE kind = 'bounced';"
    "CREATE INDEX delivery_move_at ON delivery_move(at) WHERE to_state IN ('sent', 'refused');"

    /* the journal without what a correction took back: whoever counts or looks for the last of something
       reads this */
    "CREATE VIEW standing_event AS SELECT * FROM event WHERE id NOT IN (SELECT event_id FROM retracted);"

    /* the views: an account's last mail and its newest note, without reading its whole history */
    "CREATE INDEX event_mail ON event(account_id, id) WHERE kind IN ('sent', 'hand_sent');"
    "CREATE INDEX event_note ON event(account_id, id) WHERE kind = 'note';"

    /* pipeline/: tasks as steps, the end of an enrolment, goals, and what was noticed of the facts */
    "ALTER TABLE step ADD COLUMN task_event INTEGER;" /* the event that made its task */
    "CREATE INDEX step_task ON step(task_event) WHERE task_event IS NOT NULL;"
    "ALTER TABLE enrolment ADD COLUMN ended_at INTEGER;" /* when it ended or was left */
    "ALTER TABLE enrolment ADD COLUMN fresh_at INTEGER;" /* began anew after an end: older mail is history */
    "CREATE TABLE goal("
    "  account_id INTEGER NOT NULL REFERENCES account(id),"
    "  sequence TEXT NOT NULL, goal TEXT NOT NULL,"
    "  met INTEGER NOT NULL," /* 0: a person took it back, and no rule ticks it again */
    "  by_hand INTEGER NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL,"
    "  PRIMARY KEY(account_id, sequence, goal)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE seen(" /* the value of a fact that events are made of, when it was last looked at */
    "  account_id INTEGER NOT NULL REFERENCES account(id),"
    "  fact TEXT NOT NULL, value INTEGER NOT NULL,"
    "  PRIMARY KEY(account_id, fact)) STRICT, WITHOUT ROWID;"

    /* pipeline/: segments, alerts, calls */
    "CREATE TABLE segment_member("
    "  account_id INTEGER NOT NULL REFERENCES account(id), segment TEXT NOT NULL,"
    "  member INTEGER NOT NULL," /* 0: taken out by hand */
    "  by_hand INTEGER NOT NULL, at INTEGER NOT NULL,"
    "  entry TEXT," /* which entry of the segment let it in */
    "  why TEXT,"
    "  PRIMARY KEY(account_id, segment)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX segment_members ON segment_member(segment, member, account_id);"
    "CREATE TABLE alert_cause(" /* what each alert was raised for: never twice */
    "  account_id INTEGER NOT NULL, alert TEXT NOT NULL, cause TEXT NOT NULL,"
    "  event_id INTEGER NOT NULL," /* the task it made */
    "  PRIMARY KEY(account_id, alert, cause)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX alert_cause_event ON alert_cause(event_id);"
    "CREATE TABLE call("
    "  account_id INTEGER NOT NULL, starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL,"
    "  PRIMARY KEY(account_id, starts_at)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE account_mark(" /* when something last happened that has no table of its own */
    "  account_id INTEGER NOT NULL, mark TEXT NOT NULL, at INTEGER NOT NULL,"
    "  PRIMARY KEY(account_id, mark)) STRICT, WITHOUT ROWID;"
    "ALTER TABLE step ADD COLUMN sent_at INTEGER;" /* when its mail went out */

    /* service/look.h: until when a queued message needs no full look, as long as its account's version and
       the files stand. */
    "ALTER TABLE message ADD COLUMN look_version INTEGER;" /* NULL: it needs one */
    "ALTER TABLE message ADD COLUMN look_files TEXT;"
    "ALTER TABLE message ADD COLUMN look_from INTEGER;"
    "ALTER TABLE message ADD COLUMN look_until INTEGER;"
    /* The version grows with every row that the full look reads of the account, whoever writes it; only a
       further source's facts are left to the import, which adds many at once to accounts that nobody wrote
       to. */
    "CREATE TRIGGER version_facts AFTER UPDATE ON account_facts WHEN OLD.facts IS NOT NEW.facts OR NEW.as_of "
    "< OLD.as_of BEGIN"
    " UPDATE account SET version = version + 1 WHERE id = NEW.account_id; END;"
    "CREATE TRIGGER version_facts_gone AFTER DELETE ON account_facts BEGIN"
    " UPDATE account SET version = version + 1 WHERE id = OLD.account_id; END;"
    "CREATE TRIGGER version_account AFTER UPDATE OF key, absent, sales_engaged, owner ON account WHEN"
    " OLD.key <> NEW.key OR OLD.absent <> NEW.absent OR OLD.sales_engaged <> NEW.sales_engaged OR OLD.owner "
    "IS NOT NEW.owner BEGIN"
    " UPDATE account SET version = version + 1 WHERE id = NEW.id; END;"
    /* clang-format off */
    RAISES_VERSION("enrolment") RAISES_VERSION("stage_entry") RAISES_VERSION("segment_member")
    RAISES_VERSION("goal") RAISES_VERSION("call") RAISES_VERSION("account_mark")
    /* clang-format on */
    "CREATE TRIGGER version_step_added AFTER INSERT ON step BEGIN" /* STEP_state was missing before */
    " UPDATE account SET version = version + 1 WHERE id = NEW.account_id; END;"
    "CREATE TRIGGER version_step AFTER UPDATE ON step WHEN OLD.state IS NOT NEW.state OR OLD.sent_at IS NOT "
    "NEW.sent_at BEGIN"
    " UPDATE account SET version = version + 1 WHERE id = NEW.account_id; END;"
    "CREATE TRIGGER version_wrote AFTER INSERT ON event WHEN NEW.kind IN ('sent', 'hand_sent') BEGIN"
    " UPDATE account SET version = version + 1 WHERE id = NEW.account_id; END;";

const char *const schema_migrations[] = {migration_1, migration_2};
const int schema_migration_count = (int)G_N_ELEMENTS(schema_migrations);
