/* What the views print in words: events, short forms. */
#include "cli/brief.h"
#include "cli/event_words.h"
#include "fixture_service.h"

static void
test_events(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *kind, *data, *words;
    } cases[] = {
        {"replied", "{\"address\": \"ann@acme.example\", \"subject\": \"Re: One\"}",
         "ann@acme.example replied: “Re: One”"},
        {"replied", "{\"address\": \"ann@acme.example\"}", "ann@acme.example replied"},
        {"stage_entered", "{\"sequence\": \"trial\", \"stage\": \"fresh\", \"why\": \"enrolled\"}",
         "stage fresh (enrolled)"},
        {"hold_set", "{\"reason\": \"outage\", \"until\": 0}", "on hold: outage"},
        {"hold_set", "{\"reason\": \"away\", \"until\": 1793613600000000, \"address\": \"a@b.example\"}",
         "on hold, a@b.example only until 2026-11-02 11:00: away"},
        {"facts_changed",
         "{\"changed\": {\"mrr\": [1, 2.5], \"plan\": [null, \"yc\"], \"end\": [\"x\", null]}}",
         "facts changed: mrr 1 → 2.5, plan → yc, end x → (missing)"},
        {"settled", "{\"message\": 4, \"sent\": 0}", "message 4 settled: it was not sent"},
        {"risk_set", "{\"risk\": null}", "payment risk none"},
        {"note", "{\"text\": \"a\\nb\\u001b[31m\"}", "note: a b\xEF\xBF\xBD[31m"},
        {"note", "{}", "note: ?"},
        {"segment_entered", "{\"segment\": \"lead\", \"why\": \"asked\"}", "in segment lead: asked"},
        {"date_set", "{\"fact\": \"kickoff_on\"}", "date kickoff_on"},
        {"goal_reached", "{\"goal\": \"events\", \"by\": \"ana\", \"list\": [1]}",
         "goal reached, goal events, by ana"},
    };
    struct cli cli = {.service = w->s};
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *object = json_loads(cases[i].data, 0, NULL);
        g_assert_nonnull(object);
        g_autofree char *words = event_words(&cli, cases[i].kind, object);
        g_assert_cmpstr(words, ==, cases[i].words);
        json_decref(object);
    }
    g_assert_false(event_is_milestone("step_changed"));
    g_assert_true(event_is_milestone("goal_reached"));
}

static void
test_brief(struct world *w, gconstpointer data)
{
    (void)w, (void)data;
    static const struct {
        const char *text;
        glong chars;
        const char *line;
    } lines[] = {
        {NULL, 5, ""},           {"abc", 3, "abc"},   {"abcd", 3, "ab…"}, {"a b c", 3, "a…"},
        {"one\ntwo", 9, "one…"}, {"äöüß", 4, "äöüß"}, {"\n", 9, ""},      {"a\xff", 9, "a\xEF\xBF\xBD"}};
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *line = brief_line(lines[i].text, lines[i].chars);
        g_assert_cmpstr(line, ==, lines[i].line);
    }
    static const struct {
        gint64 count;
        const char *noun, *text;
    } counts[] = {
        {1, "reply", "1 reply"}, {2, "reply", "2 replies"}, {0, "day", "0 days"}, {1, "day", "1 day"}};
    for (gsize i = 0; i < G_N_ELEMENTS(counts); i++) {
        g_autofree char *text = brief_count(counts[i].count, counts[i].noun);
        g_assert_cmpstr(text, ==, counts[i].text);
    }
    static const char *const names[] = {"a", "b", "c", "d"};
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    static const char *const shown[] = {"a", "a, b", "a, b, c", "a, b and 2 more"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_ptr_array_add(list, (char *)(gsize)names[i]);
        g_autofree char *text = brief_names(list, 2);
        g_assert_cmpstr(text, ==, shown[i]);
    }
}

#define TEST(name, func) g_test_add("/words/" name, struct world, NULL, world_set_up, func, world_tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("events", test_events);
    TEST("brief", test_brief);
    return g_test_run();
}
