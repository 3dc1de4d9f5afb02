/* The shipped findings, one row each: accounts where it must hold, where a value on the other side of its
 * threshold or a guard keeps it quiet, and where a fact is missing; and how to judge one. */
#ifndef USHER_TESTS_FIXTURE_FINDINGS_H
#define USHER_TESTS_FIXTURE_FINDINGS_H

#include "compose/finding.h"

#include "fixture.h"

#define MAX_CASES 14

/* against, guards, missing and variants are changes to the facts of an account where the finding holds; null
 * takes a fact away. */
static const struct sample {
    const char *name;
    const char *facts;               /* here it holds */
    double rank;                     /* and ranks so */
    const char *says[4];             /* with these in its subject and paragraph */
    const char *against[MAX_CASES];  /* false */
    const char *guards[MAX_CASES];   /* withheld */
    const char *missing[MAX_CASES];  /* undecided without any one of these facts */
    const char *variants[MAX_CASES]; /* it still holds, and may say something else */
} samples[] = {
    {.name = "identify-share",
     .facts = "{'events_30d': 900000, 'identify_events_30d': 740000, 'spikes_regular': true, 'sdk_custom': "
              "true, 'forecast_analytics': 300}",
     .rank = 123.333,
     .says = {"About 82% of your events", "browser extension, or another client", "only for a short time?"},
     .against = {"{'identify_events_30d': 620000}", "{'sdk_custom': false}", "{'spikes_regular': null}",
                 "{'events_30d': 900, 'identify_events_30d': 740}"},
     .guards = {"{'short_lived_client': true}", "{'short_lived_client': false}",
                "{'billing_limits_reached': ['analytics']}", "{'server_events_30d': 700000}",
                "{'bot_events_30d': 100000}", "{'internal_events_30d': 60000, 'bot_events_30d': 60000}"},
     .missing = {"identify_events_30d", "events_30d"},
     .variants = {"{'sdk_custom': null, 'recordings_30d': 0}",
                  "{'sdk_custom': null, 'products': ['analytics']}",
                  "{'sdk_custom': null, 'exports_active': 0}",
                  "{'sdk_custom': null, 'custom_events_30d': 9000}",
                  "{'sdk_custom': null, 'sessions_30d': 90000, 'sessions_with_action_30d': 400}",
                  "{'identify_events_30d': 630000}", "{'billing_limits_reached': ['replay']}",
                  "{'server_events_30d': 10000, 'bot_events_30d': 1000}"}},
    {.name = "short-lived-client",
     .facts = "{'short_lived_client': true, 'events_30d': 900000, 'identify_events_30d': 740000}",
     .rank = 20,
     .says = {"about 82% of your events", "Keep one ID", "bootstrap"},
     .against = {"{'short_lived_client': false}", "{'identify_events_30d': 300000}",
                 "{'events_30d': 90, 'identify_events_30d': 80}"},
     .guards = {"{'billing_limits_reached': ['analytics']}", "{'server_events_30d': 450000}",
                "{'internal_events_30d': 100000}"},
     .missing = {"short_lived_client", "events_30d", "identify_events_30d"},
     .variants = {"{'forecast_analytics': 250}"}},
    {.name = "identify-per-session",
     .facts = "{'sessions_30d': 118000, 'identify_events_30d': 960000, 'events_30d': 4100000, "
              "'forecast_analytics': 500}",
     .rank = 73.902,
     .says = {"about 8 identify calls per session", "about $74 of your monthly forecast", "right after login",
              "Call it once"},
     .against = {"{'identify_events_30d': 354000}", "{'identify_events_30d': 472000}",
                 "{'sessions_30d': 90, 'identify_events_30d': 900}"},
     .guards = {"{'sdk_custom': true}", "{'short_lived_client': true}",
                "{'billing_limits_reached': ['replay', 'analytics']}", "{'server_events_30d': 2100000}",
                "{'bot_events_30d': 500000}",
                "{'events_30d': 1200000, 'spikes_regular': true, 'exports_active': 0}"}, /* that is for
                                                                                            identify-share */
     .missing = {"sessions_30d", "identify_events_30d"},
     .variants = {"{'forecast_analytics': null}", "{'forecast_analytics': 20}", "{'events_30d': null}",
                  "{'server_events_30d': 500000}", "{'events_30d': 0}", "{'identify_events_30d': 473000}"}},
    {.name = "set-per-session",
     .facts = "{'sessions_30d': 50000, 'set_events_30d': 350000, 'events_30d': 2000000, "
              "'forecast_analytics': 400}",
     .rank = 40,
     .says = {"about 7 events per session", "about $40 of your monthly forecast"},
     .against = {"{'set_events_30d': 150000}", "{'set_events_30d': 200000}", "{'sessions_30d': 20}"},
     .guards = {"{'sdk_custom': true}", "{'short_lived_client': true}", "{'identify_events_30d': 300000}",
                "{'billing_limits_reached': ['analytics']}", "{'server_events_30d': 1500000}",
                "{'bot_events_30d': 400000}"},
     .missing = {"sessions_30d", "set_events_30d"},
     .variants = {"{'forecast_analytics': null}", "{'identify_events_30d': 100000}",
                  "{'server_events_30d': 900000}"}},
    {.name = "group-identify-per-session",
     .facts = "{'sessions_30d': 50000, 'group_identify_events_30d': 450000, 'events_30d': 2000000, "
              "'forecast_analytics': 400}",
     .rank = 60,
     .says = {"about 9 group-identify calls per session", "about $60 of your monthly forecast"},
     .against = {"{'group_identify_events_30d': 60000}", "{'group_identify_events_30d': 200000}",
                 "{'sessions_30d': 20}"},
     .guards = {"{'sdk_custom': true}", "{'short_lived_client': true}", "{'retired_products': ['groups']}",
                "{'billing_limits_reached': ['analytics']}", "{'server_events_30d': 1500000}",
                "{'internal_events_30d': 400000}"},
     .missing = {"sessions_30d", "group_identify_events_30d"},
     .variants = {"{'forecast_analytics': null}", "{'server_events_30d': 900000}"}},
    {.name = "flag-requests",
     .facts = "{'sessions_30d': 40000, 'flag_requests_30d': 800000, 'flag_requests_local_30d': 200000, "
              "'forecast_flags': 90}",
     .rank = 45,
     .says = {"about 15 times per session", "about $90 of your monthly forecast", "bootstrap them"},
     .against = {"{'flag_requests_30d': 400000}", "{'sessions_30d': 30}", "{'forecast_flags': 0}"},
     .guards = {"{'billing_limits_reached': ['flags']}", "{'retired_products': ['flags']}",
                "{'server_events_30d': 600, 'events_30d': 1000}", "{'sdk_custom': true}",
                "{'short_lived_client': true}", "{'flags_active': 0}", "{'flags_evaluated_30d': 0}",
                "{'bot_events_30d': 500, 'events_30d': 1000}"},
     .missing = {"sessions_30d", "flag_requests_30d"},
     .variants = {"{'forecast_flags': null}", "{'flag_requests_local_30d': null}", "{'flags_active': 12}"}},
    {.name = "flag-share",
     .facts = "{'forecast_flags': 220, 'forecast_mrr': 400}",
     .rank = 55,
     .says = {"about 55% of your bill", "$220 a month"},
     .against = {"{'forecast_flags': 80}", "{'forecast_flags': 19, 'forecast_mrr': 20}",
                 "{'forecast_flags': 500}"},
     .guards = {"{'billing_limits_reached': ['flags']}", "{'retired_products': ['flags']}",
                "{'flags_active': 0}", "{'flags_evaluated_30d': 0}",
                "{'flag_requests_30d': 500000, 'flag_requests_local_30d': 400000}",
                "{'sessions_30d': 10000, 'flag_requests_30d': 500000}"},
     .missing = {"forecast_flags", "forecast_mrr"},
     .variants = {"{'forecast_flags': 400}", "{'sessions_30d': 400000, 'flag_requests_30d': 500000}"}},
    {.name = "flag-polling",
     .facts = "{'flag_requests_30d': 3000000, 'flag_requests_local_30d': 2500000, 'forecast_flags': 120}",
     .rank = 50,
     .says = {"About 83% of your flag requests", "about $100 of your monthly forecast", "five minutes"},
     .against = {"{'flag_requests_local_30d': 1400000}",
                 "{'flag_requests_30d': 9000, 'flag_requests_local_30d': 8000}", "{'forecast_flags': 0}"},
     .guards = {"{'billing_limits_reached': ['flags']}", "{'retired_products': ['flags']}",
                "{'flags_active': 0}", "{'flags_evaluated_30d': 0}"},
     .missing = {"flag_requests_30d", "flag_requests_local_30d"},
     .variants = {"{'forecast_flags': null}", "{'forecast_flags': 2}"}},
    {.name = "flags-not-used",
     .facts = "{'forecast_flags': 64.2, 'flags_evaluated_30d': 0, 'flags_active': 4}",
     .rank = 64.2,
     .says = {"about $64 of your monthly forecast", "no code that asked for a flag"},
     .against = {"{'flags_evaluated_30d': 3}", "{'forecast_flags': 0}"},
     .guards = {"{'experiments_active': 1}", "{'survey_responses_30d': 20}",
                "{'products': ['flags', 'surveys']}", "{'replay_flag_control': true}",
                "{'billing_limits_reached': ['flags']}", "{'forecast_flags': 3}"},
     .missing = {"forecast_flags", "flags_evaluated_30d"},
     .variants = {"{'flags_active': 0}", "{'flags_active': 0, 'flags_evaluated_30d': null}",
                  "{'flags_active': null}"}},
    {.name = "flags-stale",
     .facts = "{'flags_unused': 14, 'forecast_flags': 30}",
     .rank = 4,
     .says = {"Nothing asked for 14 of your feature flags"},
     .against = {"{'flags_unused': 2}", "{'forecast_flags': 0}"},
     .guards = {"{'retired_products': ['flags']}", "{'flags_active': 0}", "{'flags_evaluated_30d': 0}"},
     .missing = {"flags_unused", "forecast_flags"},
     .variants = {"{'forecast_flags': null, 'flag_requests_30d': 100000}"}},
    {.name = "flags-full-rollout",
     .facts = "{'flags_full_rollout': 9, 'forecast_flags': 30}",
     .rank = 5,
     .says = {"9 of your feature flags have been on for everybody"},
     .against = {"{'flags_full_rollout': 2}", "{'forecast_flags': 0}"},
     .guards = {"{'retired_products': ['flags']}", "{'flags_active': 0}", "{'flags_evaluated_30d': 0}",
                "{'flags_active': 8}"},
     .missing = {"flags_full_rollout", "forecast_flags"},
     .variants = {"{'flags_active': 20}"}},
    {.name = "replay-controls",
     .facts = "{'replay_projects': 3, 'replay_projects_without_controls': 2, 'forecast_replay': 268, "
              "'recordings_30d': 53600, 'recordings_short_30d': 21870}",
     .rank = 109.35,
     .says = {"In 2 of your 3 projects with session replay I see no sampling", "21,870 of 53,600 recordings",
              "about $109 of your forecast", "other triggers"},
     .against = {"{'replay_projects_without_controls': 0}", "{'forecast_replay': 0, 'recordings_30d': 0}"},
     .guards = {"{'billing_limits_reached': ['replay']}", "{'retired_products': ['replay']}",
                "{'forecast_replay': 2}"},
     .missing = {"replay_projects_without_controls"},
     .variants = {"{'replay_projects_without_controls': 3}",
                  "{'replay_projects': 1, 'replay_projects_without_controls': 1}",
                  "{'replay_projects': null}", "{'recordings_short_30d': null}", "{'forecast_replay': null}",
                  "{'replay_sampled': true}", "{'recordings_30d': null}", "{'recordings_short_30d': 0}",
                  "{'forecast_replay': 12}"}},
    {.name = "replay-short",
     .facts = "{'recordings_30d': 20000, 'recordings_short_30d': 5000, 'forecast_replay': 100, "
              "'replay_sampled': true}",
     .rank = 25,
     .says = {"20,000 recordings your sampling kept", "5,000 are under two seconds",
              "about $25 of your monthly forecast"},
     .against = {"{'recordings_short_30d': 1500}", "{'recordings_30d': 60, 'recordings_short_30d': 30}"},
     .guards = {"{'replay_projects_without_controls': 1}", "{'replay_minimum_duration': 2}",
                "{'billing_limits_reached': ['replay']}", "{'retired_products': ['replay']}",
                "{'forecast_replay': 1}"},
     .missing = {"recordings_30d", "recordings_short_30d"},
     .variants = {"{'replay_sampled': null}", "{'forecast_replay': null}", "{'replay_minimum_duration': 0}",
                  "{'replay_projects_without_controls': 0}"}},
    {.name = "autocapture-unused",
     .facts = "{'events_30d': 3000000, 'autocapture_events_30d': 1950000, 'actions_defined': 0, "
              "'forecast_analytics': 240}",
     .rank = 156,
     .says = {"About 65% of your events", "about $156 of your monthly forecast"},
     .against = {"{'autocapture_events_30d': 1000000}", "{'actions_defined': 1}",
                 "{'events_30d': 900, 'autocapture_events_30d': 900}"},
     .guards = {"{'billing_limits_reached': ['analytics']}", "{'bot_events_30d': 400000}",
                "{'forecast_analytics': 4}"},
     .missing = {"events_30d", "autocapture_events_30d", "actions_defined"},
     .variants = {"{'forecast_analytics': null}", "{'internal_events_30d': 10000}"}},
    {.name = "event-spike",
     .facts = "{'spike_at': '2026-10-19 02:00:00', 'spike_metric': 'events', 'spike_event': 'level_loaded', "
              "'spike_factor': 5.2, 'spike_count': 9100000,"
              " 'events_30d': 28400000, 'forecast_analytics': 900}",
     .rank = 232.922,
     .says = {"The jump in your events on 19 October", "about 5 times the usual, most of it level_loaded"},
     .against = {"{'spike_factor': 1.4}", "{'spike_at': '2026-10-02 02:00:00'}", "{'spike_metric': 'flags'}",
                 "{'spike_at': '2026-11-20 02:00:00'}"},
     .guards = {"{'spikes_regular': true}", "{'spike_count': 40}", "{'spike_event': '$pageleave'}",
                "{'short_lived_client': true}", "{'bot_events_30d': 9000000}"},
     .missing = {"spike_at", "spike_factor"},
     .variants = {"{'spike_event': null}", "{'spike_metric': null}",
                  "{'billing_limits_reached': ['analytics'], 'spike_factor': 2.9}", "{'spike_count': null}",
                  "{'spikes_regular': false}", "{'spike_event': ''}"}},
    {.name = "pageleave-spike",
     .facts = "{'spike_at': '2026-10-19 02:00:00', 'spike_metric': 'events', 'spike_event': '$pageleave', "
              "'spike_factor': 6.1, 'spike_count': 500000,"
              " 'events_30d': 4000000, 'forecast_analytics': 300}",
     .rank = 31.352,
     .says = {"On 19 October your page-leave events jumped to about 6 times"},
     .against = {"{'spike_event': 'signed_up', 'pageview_events_30d': 10000, 'pageleave_events_30d': 9000}",
                 "{'spike_event': 'signed_up', 'pageview_events_30d': 50, 'pageleave_events_30d': 200}"},
     .guards = {"{'spikes_regular': true}", "{'spike_count': 300}",
                "{'billing_limits_reached': ['analytics']}", "{'bot_events_30d': 3000000}"},
     .missing = {"spike_event", "spike_factor", "spike_at"},
     .variants = {"{'spike_event': null, 'pageview_events_30d': 100000, 'pageleave_events_30d': 240000}",
                  "{'spike_event': 'Page leave'}",
                  "{'pageview_events_30d': 100000, 'pageleave_events_30d': 240000, 'spikes_regular': true}",
                  "{'pageview_events_30d': 100000, 'pageleave_events_30d': 90000}"}},
    {.name = "usage-spike",
     .facts = "{'spike_at': '2026-10-19 02:00:00', 'spike_metric': 'flags', 'spike_factor': 4, "
              "'spike_count': 2000000}",
     .rank = 30,
     .says = {"The jump in your flag requests on 19 October", "about 4 times the usual",
              "reloads the flags in a loop"},
     .against = {"{'spike_metric': 'events'}", "{'spike_factor': 1.9}",
                 "{'spike_at': '2026-09-19 02:00:00'}"},
     .guards = {"{'spikes_regular': true}", "{'spike_count': 200}", "{'retired_products': ['flags']}",
                "{'bot_events_30d': 500, 'events_30d': 1000}"},
     .missing = {"spike_metric", "spike_factor", "spike_at"},
     .variants = {"{'spike_metric': 'replay'}", "{'spike_metric': 'error_tracking'}",
                  "{'spike_metric': 'replay', 'billing_limits_reached': ['replay']}",
                  "{'spike_metric': 'error_tracking', 'billing_limits_reached': ['error_tracking']}",
                  "{'spike_count': null}"}},
    {.name = "pipelines-unused",
     .facts = "{'pipelines_billed': true, 'destinations_active': 0, 'exports_active': 0, "
              "'warehouse_syncs_active': 0, 'forecast_pipelines': 89}",
     .rank = 89,
     .says = {"at about $89 a month", "no active destination, export or warehouse sync",
              "quickly switched on again"},
     .against = {"{'pipelines_billed': false}", "{'destinations_active': 1}", "{'exports_active': 2}",
                 "{'warehouse_syncs_active': 1}"},
     .guards = {"{'forecast_pipelines': 0}"},
     .missing = {"pipelines_billed", "destinations_active", "exports_active", "warehouse_syncs_active"},
     .variants = {"{'forecast_pipelines': null}", "{'retired_products': ['pipelines']}"}},
    {.name = "groups-unused",
     .facts = "{'groups_billed': true, 'group_insights_30d': 0, 'group_types': 2, 'forecast_groups': 45}",
     .rank = 45,
     .says = {"at about $45 a month", "no insight that used groups", "don't show on my side"},
     .against = {"{'groups_billed': false}", "{'group_insights_30d': 3}"},
     .guards = {"{'forecast_groups': 0}", "{'group_types': 0, 'group_insights_30d': 2}"},
     .missing = {"groups_billed", "group_insights_30d"},
     .variants = {"{'forecast_groups': null}", "{'group_types': 0, 'group_insights_30d': null}",
                  "{'group_types': null}"}},
    {.name = "billing-limit-reached",
     .facts = "{'billing_limits_reached': ['analytics']}",
     .rank = 25,
     .says = {"Your billing limit for events is reached", "is lost", "a patch",
              "stop the largest one that no insight uses"},
     .against = {"{'billing_limits_reached': []}"},
     .missing = {"billing_limits_reached"},
     .variants = {"{'billing_limits_reached': ['replay']}", "{'billing_limits_reached': ['flags', 'replay']}",
                  "{'billing_limits_reached': ['error_tracking']}",
                  "{'billing_limits_reached': ['warehouse']}", "{'billing_limits_reached': ['assistant']}",
                  "{'billing_limits_reached': ['a thing of tomorrow']}"}},
    {.name = "billing-limit-set",
     .facts = "{'billing_limits_by_customer': ['analytics']}",
     .rank = 8,
     .says = {"You have set a billing limit.", "is lost"},
     .against = {"{'billing_limits_by_customer': []}",
                 "{'billing_limits_by_customer': [], 'billing_limit_warehouse': 500}"},
     .guards = {"{'billing_limits_reached': ['replay']}"},
     .missing = {"billing_limits_by_customer"},
     .variants = {"{'billing_limits_by_customer': ['analytics', 'replay']}",
                  "{'billing_limits_by_customer': null, 'billing_limit_analytics': 40}",
                  "{'billing_limits_by_customer': null, 'billing_limit_replay': 40}",
                  "{'billing_limits_by_customer': null, 'billing_limit_flags': 40}",
                  "{'billing_limits_by_customer': null, 'billing_limit_error_tracking': 40}",
                  "{'billing_limits_by_customer': null, 'billing_limit_assistant': 90}",
                  "{'billing_limits_by_customer': null, 'billing_limit_warehouse': 800}",
                  "{'billing_limits_reached': []}"}},
    {.name = "credits-ending",
     .facts = "{'credits_end': '2026-11-30', 'forecast_mrr': 1750, 'plan': 'yc'}",
     .rank = 9,
     .says = {"Your credits last until about 30 November", "about $1,750 a month"},
     .against = {"{'credits_end': '2027-03-01'}", "{'credits_end': '2026-10-30'}",
                 "{'credits_prepaid': true}", "{'annual_plan': true}",
                 "{'credits_end': null, 'credits_remaining': 9000, 'credits_used_30d': 1000}",
                 "{'credits_end': null, 'credits_remaining': 0, 'credits_used_30d': 1000}",
                 "{'credits_end': null, 'credits_remaining': 30, 'credits_used_30d': 1000}"},
     .missing = {"credits_end"},
     .variants = {"{'forecast_mrr': null}",
                  "{'credits_end': null, 'credits_remaining': 1200, 'credits_used_30d': 1000}",
                  "{'credits_end': null, 'credits_remaining': 1200, 'credits_used_30d': 1000, "
                  "'forecast_mrr': null}"}},
    {.name = "first-bill",
     .facts = "{'first_bill_on': '2026-11-20', 'next_invoice_amount': 412.4}",
     .rank = 7,
     .says = {"Your first bill is made on 20 November", "about $412"},
     .against = {"{'first_bill_on': '2026-12-20'}", "{'first_bill_on': '2026-10-20'}", "{'bills_paid': 1}",
                 "{'first_bill_on': '2026-11-02'}"},
     .guards = {"{'credits_end': '2026-11-15'}", "{'credits_remaining': 1200, 'credits_used_30d': 1000}"},
     .missing = {"first_bill_on"},
     .variants = {"{'next_invoice_amount': null}", "{'next_invoice_amount': null, 'forecast_mrr': 300}",
                  "{'credits_end': '2026-11-15', 'credits_prepaid': true}"}},
    {.name = "sdk-outdated",
     .facts = "{'sdks_outdated': ['web 1.96.1']}",
     .rank = 6,
     .says = {"One of your SDKs is far behind: web 1.96.1."},
     .against = {"{'sdks_outdated': []}"},
     .missing = {"sdks_outdated"},
     .variants = {"{'sdks_outdated': ['web 1.96.1', 'python 2.1.0', 'ios 3.0.0']}"}},
    {.name = "main-product",
     .facts = "{'main_product': 'analytics', 'main_product_share': 0.72}",
     .rank = 9,
     .says = {"About 72% of your bill is product analytics", "list its events by volume"},
     .against = {"{'main_product_share': 0.5}", "{'main_product_share': 72}", "{'main_product': ''}"},
     .guards = {"{'retired_products': ['analytics']}", "{'billing_limits_reached': ['analytics']}",
                "{'main_product': 'replay', 'replay_projects_without_controls': 1}",
                "{'main_product': 'replay', 'recordings_30d': 1000, 'recordings_short_30d': 300}",
                "{'main_product': 'flags', 'forecast_flags': 200, 'forecast_mrr': 250}",
                "{'main_product': 'flags', 'flags_evaluated_30d': 0}"},
     .missing = {"main_product", "main_product_share"},
     .variants = {"{'main_product': 'replay'}", "{'main_product': 'flags'}",
                  "{'main_product': 'error_tracking'}", "{'main_product': 'warehouse'}",
                  "{'main_product': 'pipelines'}", "{'main_product': 'groups'}",
                  "{'main_product': 'surveys'}", "{'main_product': 'assistant'}",
                  "{'main_product': 'something new'}", "{'replay_projects_without_controls': 1}"}},
    {.name = "billing-visits",
     .facts = "{'billing_page_visits_30d': 12, 'billing_page_visits_before': 4, 'forecast_mrr': 530}",
     .rank = 6,
     .says = {"more often than usual", "about $530"},
     .against = {"{'billing_page_visits_30d': 5}",
                 "{'billing_page_visits_30d': 2, 'billing_page_visits_before': 0}"},
     .missing = {"billing_page_visits_30d", "billing_page_visits_before"},
     .variants = {"{'forecast_mrr': null}", "{'billing_page_visits_before': 0}"}},
    {.name = "docs-visits",
     .facts = "{'docs_visits_30d': 30, 'docs_visits_before': 6, 'docs_topic': 'error_tracking'}",
     .rank = 5,
     .says = {"mostly about error tracking"},
     .against = {"{'docs_visits_30d': 8}", "{'docs_visits_30d': 4, 'docs_visits_before': 0}"},
     .missing = {"docs_visits_30d", "docs_visits_before"},
     .variants = {"{'docs_topic': null}", "{'docs_topic': ''}"}},
    {.name = "team-training",
     .facts = "{'members': 24, 'members_nontechnical': 11}",
     .rank = 3,
     .says = {"11 of the 24 people"},
     .against = {"{'members': 9, 'members_nontechnical': 5}", "{'members_nontechnical': 2}",
                 "{'members_nontechnical': 60}"},
     .missing = {"members", "members_nontechnical"}},
    {.name = "usage-growth",
     .facts = "{'usage_growth_mom': 0.34, 'forecast_mrr': 700, 'plan': 'pay_as_you_go'}",
     .rank = 2,
     .says = {"Your usage grew by about 34% in a month", "when you are ready"},
     .against = {"{'usage_growth_mom': 0.1, 'mrr_growth_mom': 0.1}", "{'forecast_mrr': 40}"},
     .guards = {"{'credits_prepaid': true}", "{'annual_plan': true}", "{'plan': 'YC'}",
                "{'spike_at': '2026-10-19 02:00:00', 'spike_factor': 5}",
                "{'billing_limits_reached': ['replay']}", "{'bot_events_30d': 500, 'events_30d': 1000}"},
     .missing = {"usage_growth_mom", "forecast_mrr"},
     .variants = {"{'usage_growth_mom': null, 'mrr_growth_mom': 0.5}", "{'plan': null}",
                  "{'usage_growth_mom': 0.1, 'mrr_growth_mom': 0.5}"}},
    {.name = "team-growth",
     .facts = "{'members': 20, 'members_added_30d': 6}",
     .rank = 2,
     .says = {"6 people joined your team", "when you are ready"},
     .against = {"{'members': 8, 'members_added_30d': 2}", "{'members': 7, 'members_added_30d': 3}",
                 "{'members': 60}", "{'members_added_30d': 20}"},
     .missing = {"members", "members_added_30d"}},
    {.name = "funnels-without-replay",
     .facts = "{'funnels_30d': 8, 'products': ['analytics', 'flags']}",
     .rank = 3,
     .says = {"looked at 8 funnels"},
     .against = {"{'funnels_30d': 1}", "{'products': ['analytics', 'replay']}", "{'recordings_30d': 50}"},
     .guards = {"{'retired_products': ['replay']}", "{'short_lived_client': true}", "{'forecast_replay': 10}",
                "{'server_events_30d': 600, 'events_30d': 1000}"},
     .missing = {"funnels_30d", "products"},
     .variants = {"{'recordings_30d': 0}"}},
    {.name = "errors-without-replay",
     .facts = "{'errors_30d': 14200, 'products': ['analytics', 'error_tracking']}",
     .rank = 3,
     .says = {"captured 14,200 exceptions"},
     .against = {"{'errors_30d': 12}", "{'products': ['replay']}", "{'recordings_30d': 50}"},
     .guards = {"{'retired_products': ['replay']}", "{'retired_products': ['error_tracking']}",
                "{'short_lived_client': true}", "{'forecast_replay': 10}",
                "{'server_events_30d': 600, 'events_30d': 1000}"},
     .missing = {"errors_30d", "products"}},
    {.name = "flags-without-experiments",
     .facts = "{'flags_active': 7, 'experiments_active': 0}",
     .rank = 3,
     .says = {"7 feature flags switched on, and no experiment"},
     .against = {"{'flags_active': 2}", "{'experiments_active': 1}"},
     .guards = {"{'retired_products': ['experiments']}", "{'products': ['experiments']}",
                "{'flags_evaluated_30d': 0}", "{'flags_full_rollout': 7}", "{'flags_unused': 7}"},
     .missing = {"flags_active", "experiments_active"},
     .variants = {"{'flags_full_rollout': 2}"}},
};

/* The test has failed; it goes on, so that one run shows everything. */
static inline G_GNUC_PRINTF(1, 2) void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_printerr("%s\n", message);
    g_test_fail();
}

struct world {
    struct fixture f;
    struct fact_set *facts;
    struct finding_set *set;
};

static inline void
set_up(struct world *w)
{
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    g_autofree char *conf = g_build_filename(USHER_SOURCE_DIR, "sequences/facts.conf", NULL);
    g_autofree char *folder = g_build_filename(USHER_SOURCE_DIR, "templates/findings", NULL);
    w->facts = facts_load(conf, &w->f.error);
    g_assert_no_error(w->f.error);
    w->set = finding_set_new(w->facts);
    finding_set_add_folder(w->set, folder, &w->f.error);
    g_assert_no_error(w->f.error);
}

static inline void
tear_down(struct world *w)
{
    finding_set_free(w->set);
    facts_free(w->facts);
    fixture_tear_down(&w->f);
}

static inline json_t *
read_object(const char *text)
{
    g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
    json_t *object = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(object))
        g_error("no JSON object: %s", text);
    return object;
}

/* The account of facts and changes on 2 November 2026; delivered age_days before. */
static inline struct fact_row *
make_row(struct world *w, const char *facts, const char *changes, int age_days)
{
    struct fact_row *row = NULL;
    gint64 now_us = at("2026-11-02 10:00");
    json_t *object = read_object(facts), *other = read_object(changes);
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) g_assert_nonnull(facts_find(w->facts, name));
    json_object_foreach(other, name, value) g_assert_nonnull(facts_find(w->facts, name));
    json_object_update(object, other);
    fact_row_from_json(w->facts, object, "test", now_us - age_days * CLOCK_DAY_US, w->f.config->timezone,
                       &row, &w->f.error);
    g_assert_no_error(w->f.error);
    fact_row_set_today(row, now_us);
    json_decref(object);
    json_decref(other);
    return row;
}

/* What becomes of one finding; *matches owns it. */
static inline const struct finding_match *
judge(struct world *w, const char *name, struct fact_row *row, GPtrArray **matches)
{
    *matches = finding_set_judge(w->set, row, at("2026-11-02 10:00"), &w->f.error);
    g_assert_no_error(w->f.error);
    for (guint i = 0; i < (*matches)->len; i++) {
        const struct finding_match *m = (*matches)->pdata[i];
        if (strcmp(m->finding->name, name) == 0)
            return m;
    }
    g_error("there is no finding %s", name);
    return NULL;
}

#endif
