/* See demo_script.h. Everybody in it is invented; .example belongs to nobody (RFC 2606, 3). */
#include "service/demo_script.h"

#define PEOPLE(...) "\"contacts\": [" __VA_ARGS__ "]"
#define PERSON(address, first, last, role, function)                                                         \
    "{\"email\": \"" address "\", \"first_name\": \"" first "\", \"last_name\": \"" last                     \
    "\", \"role\": \"" role "\", \"function\": \"" function "\"}"
#define EMBER                                                                                                \
    "\"name\": \"Ember Bakery\", \"plan\": \"payg\", \"region\": \"americas\", \"country\": \"BR\", "        \
    "\"timezone\": \"America/Sao_Paulo\", \"priority\": 2, \"bills_paid\": 1, \"forecast_mrr\": 231, "

const struct demo_account demo_accounts[] = {
    /* Through with it: answered, graduated. */
    {"birch", 54, 26,
     "\"name\": \"Birch & Bolt\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"DE\", "
     "\"timezone\": "
     "\"Europe/Berlin\", \"priority\": 2, \"bills_paid\": 1, \"forecast_mrr\": 412.5, \"forecast_replay\": "
     "268, "
     "\"main_product\": \"replay\", \"main_product_share\": 0.65, \"recordings_30d\": 53600, "
     "\"recordings_short_30d\": 21870, \"replay_projects\": 3, \"replay_projects_without_controls\": "
     "2, " PEOPLE(PERSON("kim@birch.example", "Kim", "Weber", "owner",
                         "engineering") ", " PERSON("lou@birch.example", "Lou", "Haas", "admin", "finance"))},
    /* Week 5 went out; the answer waits since yesterday. */
    {"corvid", 33, 19,
     "\"name\": \"Corvid Games\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"GB\", "
     "\"timezone\": "
     "\"Europe/London\", \"priority\": 1, \"bills_paid\": 0, \"forecast_mrr\": 1340, \"events_30d\": "
     "28400000, "
     "\"identify_events_30d\": 960000, \"sessions_30d\": 118000, " PEOPLE(
         PERSON("priya@corvid.example", "Priya", "Nair", "owner", "engineering"))},
    /* An address is dead, the other is not. */
    {"dunmore", 31, 12,
     "\"name\": \"Dunmore Dental\", \"plan\": \"payg\", \"region\": \"americas\", \"country\": \"US\", "
     "\"timezone\": \"America/New_York\", \"priority\": 3, \"bills_paid\": 2, \"forecast_mrr\": 186, "
     "\"events_30d\": 3200000, \"autocapture_events_30d\": 2310000, \"actions_defined\": 0, " PEOPLE(
         PERSON("walt@dunmore.example", "Walt", "Dunmore", "owner",
                "other") ", " PERSON("rosa@dunmore.example", "Rosa", "Ortiz", "admin", "product"))},
    /* The payment failed, and is paid now: in two weeks' reach of its renewal, and nobody has written. */
    {"ember", 20, 11,
     EMBER
     "\"last_invoice_status\": \"failed\", \"last_invoice_amount\": 228.4, \"failed_invoices\": 1, "
     "\"unpaid_amount\": 228.4, \"last_invoice_url\": \"https://billing.example.com/invoice/7F31\", " PEOPLE(
         PERSON("caio@ember.example", "Caio", "Prado", "owner", "other"))},
    /* Nine days, and no outreach. */
    {"fathom", 9, 20,
     "\"name\": \"Fathom Maps\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"JP\", "
     "\"timezone\": "
     "\"Asia/Tokyo\", \"priority\": 2, \"bills_paid\": 1, \"forecast_mrr\": 640, \"forecast_pipelines\": "
     "149, "
     "\"pipelines_billed\": true, \"destinations_active\": 0, \"exports_active\": 0, "
     "\"warehouse_syncs_active\": "
     "0, " PEOPLE(PERSON("yui@fathom.example", "Yui", "Sato", "owner", "engineering"))},
    /* Handed to Sales. */
    {"grove", 27, 16,
     "\"name\": \"Grove Health\", \"plan\": \"yc\", \"region\": \"americas\", \"country\": \"US\", "
     "\"timezone\": "
     "\"America/Los_Angeles\", \"priority\": 1, \"bills_paid\": 0, \"forecast_mrr\": 1750, " PEOPLE(
         PERSON("dana@grove.example", "Dana", "Cole", "owner", "product"))},
    /* Bought a call. */
    {"halcyon", 16, 22,
     "\"name\": \"Halcyon Tax\", \"plan\": \"payg\", \"region\": \"americas\", \"country\": \"US\", "
     "\"timezone\": "
     "\"America/Chicago\", \"priority\": 3, \"bills_paid\": 1, \"forecast_mrr\": 298, \"docs_visits_30d\": "
     "14, "
     "\"docs_visits_before\": 2, \"docs_topic\": \"flags\", " PEOPLE(
         PERSON("miles@halcyon.example", "Miles", "Reyes", "owner", "engineering"))},
    /* Set to Onboarded by hand. */
    {"iris", 24, 18,
     "\"name\": \"Iris Optics\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"FR\", "
     "\"timezone\": "
     "\"Europe/Paris\", \"priority\": 3, \"bills_paid\": 2, \"forecast_mrr\": 355, " PEOPLE(
         PERSON("camille@iris.example", "Camille", "Roy", "owner", "engineering"))},
    /* New since yesterday. */
    {"juniper", 1, 28,
     "\"name\": \"Juniper Loans\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"KE\", "
     "\"timezone\": "
     "\"Africa/Nairobi\", \"priority\": 3, \"bills_paid\": 0, \"forecast_mrr\": 164, " PEOPLE(
         PERSON("amani@juniper.example", "Amani", "Otieno", "owner", "product"))},
    /* Its check-in waits for a decision. */
    {"kestrel", 18, 25,
     "\"name\": \"Kestrel Air\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"IN\", "
     "\"timezone\": "
     "\"Asia/Kolkata\", \"priority\": 1, \"bills_paid\": 1, \"forecast_mrr\": 890, \"sessions_30d\": 118000, "
     "\"identify_events_30d\": 960000, \"set_events_30d\": 210000, \"events_30d\": 4100000, " PEOPLE(
         PERSON("arjun@kestrel.example", "Arjun", "Rao", "owner", "engineering"))},
    /* Away until the week after next. */
    {"lumen", 30, 16,
     "\"name\": \"Lumen Energy\", \"plan\": \"payg\", \"region\": \"emea\", \"country\": \"AU\", "
     "\"timezone\": "
     "\"Australia/Sydney\", \"priority\": 2, \"bills_paid\": 3, \"forecast_mrr\": 520, \"main_product\": "
     "\"analytics\", \"main_product_share\": 0.83, " PEOPLE(
         PERSON("grace@lumen.example", "Grace", "Lee", "owner", "product"))},
    /* Sales has talked to them: nothing goes out until somebody has asked. */
    {"mesa", 5, 13,
     "\"name\": \"Mesa Outdoor\", \"plan\": \"payg\", \"region\": \"americas\", \"country\": \"US\", "
     "\"timezone\": "
     "\"America/Denver\", \"priority\": 2, \"bills_paid\": 0, \"forecast_mrr\": 1120, "
     "\"sales_conversation_on\": "
     "\"2026-01-15\", " PEOPLE(PERSON("tess@mesa.example", "Tess", "Nakai", "owner", "product"))},
};
const gsize demo_account_count = G_N_ELEMENTS(demo_accounts);

const struct demo_act demo_acts[] = {
    {54, 10, "birch", DEMO_APPROVE, NULL, "outreach", 0},
    {52, 9, "birch", DEMO_REPLY, "kim@birch.example",
     "Hi Ana,\n\nthat is a surprise, I thought we sampled everywhere. I have set two seconds in "
     "both\nprojects. Can "
     "you tell me next week whether it helped?\n\nKim\n",
     0},
    {52, 11, "birch", DEMO_ACT, "note",
     "{\"text\": \"Kim set a minimum duration of 2 s; look at the bill next week.\"}", 0},
    {52, 12, "birch", DEMO_ACT, "released", "{}", 0},
    {33, 10, "corvid", DEMO_APPROVE, NULL, "outreach", 0},
    {31, 10, "dunmore", DEMO_APPROVE, NULL, "outreach", 0},
    {30, 9, "lumen", DEMO_APPROVE, NULL, "outreach", 0},
    {29, 17, "dunmore", DEMO_BOUNCE, "walt@dunmore.example", NULL, 0},
    {27, 10, "grove", DEMO_APPROVE, NULL, "outreach", 0},
    {24, 10, "iris", DEMO_APPROVE, NULL, "outreach", 0},
    {20, 10, "ember", DEMO_APPROVE, NULL, "failed_payment", 0},
    {18, 10, "kestrel", DEMO_APPROVE, NULL, "outreach", 0},
    {16, 10, "halcyon", DEMO_APPROVE, NULL, "outreach", 0},
    {13, 9, "grove", DEMO_REPLY, "dana@grove.example",
     "Thank you. We would rather sign for a year, and our lawyers need to see a contract.\nWho can talk to "
     "us?\n\n"
     "Dana\n",
     0},
    {13, 11, "grove", DEMO_ACT, "referral",
     "{\"note\": \"YC, USD 1,750 a month and growing, no spikes. Wants a yearly contract; talk to Dana "
     "Cole.\"}",
     0},
    {13, 12, "grove", DEMO_ACT, "released", "{}", 0},
    {10, 15, "iris", DEMO_ACT, "note",
     "{\"text\": \"Camille rang: flags load once now, bill halved. Nothing open.\"}", 0},
    {10, 16, "iris", DEMO_ACT, "stage_entered",
     "{\"sequence\": \"onboarding\", \"stage\": \"onboarded\", \"why\": \"by hand\", \"by_hand\": 1}", 0},
    {9, 11, "halcyon", DEMO_ACT, "paid_call", "{}", 0},
    {9, 12, "halcyon", DEMO_ACT, "task_made",
     "{\"task\": \"by_hand\", \"title\": \"Prepare the call: flags, and what they cost\", \"due_in_days\": "
     "1}",
     0},
    {6, 9, "ember", DEMO_PAID, NULL,
     EMBER "\"last_invoice_status\": \"paid\", \"last_invoice_amount\": 228.4, \"failed_invoices\": 0, "
           "\"unpaid_amount\": 0, " PEOPLE(PERSON("caio@ember.example", "Caio", "Prado", "owner", "other")),
     0},
    {2, 9, "lumen", DEMO_AWAY, "grace@lumen.example", NULL, 9},
    {2, 16, "corvid", DEMO_ACT, "risk_set", "{\"risk\": \"medium\", \"note\": \"two invoices were late\"}",
     0},
    {1, 15, "corvid", DEMO_REPLY, "priya@corvid.example",
     "Ana,\n\none thing is open: the identify calls fire four times a session on our lobby page.\nCould you "
     "have a "
     "look before the next bill?\n\nPriya\n",
     0},
};
const gsize demo_act_count = G_N_ELEMENTS(demo_acts);
