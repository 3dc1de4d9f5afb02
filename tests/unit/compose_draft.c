/* Drafts: composing, storing, editing, refreshing, what voids an approval, and the frozen bytes. */
#include "compose/draft.h"

#include "compose/letter.h"
#include "fixture.h"

static const char facts_conf[] =
    "fact name { type = \"name\" }\nfact forecast_mrr { type = \"number\" }\nfact owner { type = \"text\" }\n"
    "fact region { type = \"text\" }\nfact note { type = \"text\" }\n";
static const char hello_md[] =
    "Subject: One check for {{ name | default: \"you\" }}\nThread: new\nMax-Age: 7 days\n\n"
    "Hi {{ first_name | default: \"there\" }},\n\nabout {{ forecast_mrr | floor | money: \"$\" }} a month"
    "{% if forecast_mrr > 1000 %}, which is a lot{% endif %}.\n\n{{ specialist.name }}\n";
static const char follow_md[] = "Subject: Open questions\nThread: follow\n\nHi again\n";
static const char payment_md[] = "Subject: Your last payment\nThread: new\n\nHi\n";
static const char *const payment_words[] = {"payment", "outstanding", "fail", NULL};

struct world {
    struct fixture f;
    struct fact_set *facts;
    struct fact_row *row;
    gint64 account_id;
    struct composer composer;
    struct draft_request request;
};

/* The facts of now, as of a day before. */
static void
now_facts(struct world *w, const char *json, const char *now)
{
    gint64 now_us = at(now);
    set_facts(&w->f, w->account_id, json, now_us - CLOCK_DAY_US);
    fact_row_free(w->row);
    g_assert_true(
        fact_row_load(w->f.db, w->facts, w->account_id, w->f.config->timezone, &w->row, &w->f.error));
    fact_row_set_today(w->row, now_us);
    w->composer = (struct composer){
        .db = w->f.db, .config = w->f.config, .facts = w->facts, .row = w->row, .now_us = now_us};
}

static void
set_up(struct world *w, gconstpointer data)
{
    (void)data;
    memset(w, 0, sizeof *w);
    fixture_set_up(&w->f);
    fixture_write(&w->f, "sequences/facts.conf", facts_conf);
    fixture_write(&w->f, "templates/hello.md", hello_md);
    fixture_write(&w->f, "templates/follow.md", follow_md);
    fixture_write(&w->f, "templates/payment.md", payment_md);
    g_autofree char *path = g_build_filename(w->f.dir, "sequences/facts.conf", NULL);
    w->facts = facts_load(path, &w->f.error);
    w->account_id = add_account(&w->f, "acme", "{}");
    add_contact(&w->f, w->account_id, "ann@acme.example", "owner - - Ann");
    add_contact(&w->f, w->account_id, "bob@acme.example", "admin - - Bob");
    now_facts(w, "{\"name\": \"Acme\", \"forecast_mrr\": 512.31}", "2026-11-02 10:00");
    w->request = (struct draft_request){.account_id = w->account_id,
                                        .sequence = "trial",
                                        .step = "hello",
                                        .template_name = "hello.md",
                                        .audience = RECIPIENTS_OWNERS_ADMINS,
                                        .payment_words = payment_words};
    g_assert_no_error(w->f.error);
}

static void
tear_down(struct world *w, gconstpointer data)
{
    (void)data;
    fact_row_free(w->row);
    facts_free(w->facts);
    fixture_tear_down(&w->f);
}

/* Composes, stores and loads again. */
static struct draft *
make(struct world *w)
{
    scoped(draft_free) struct draft *d = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(draft_store(w->f.db, d, &w->f.error));
    struct draft *loaded = draft_load(w->f.db, w->f.config, d->id, &w->f.error);
    g_assert_no_error(w->f.error);
    return loaded;
}

static void
test_compose(struct world *w, gconstpointer data)
{
    (void)data;
    scoped(draft_free) struct draft *d = make(w);
    g_assert_cmpstr(d->subject, ==, "One check for Acme");
    g_assert_cmpstr(d->markdown, ==, "Hi Ann,\n\nabout $512 a month.\n\nAna Diaz\n");
    g_assert_cmpstr(d->rendered, ==, d->markdown);
    g_assert_cmpstr(d->account_key, ==, "acme");
    g_assert_cmpstr(d->specialist->id, ==, "ana");
    g_assert_cmpint(d->state, ==, MESSAGE_WAITING);
    g_assert_true(!d->edited && !d->follows && !d->automatic && !d->message_id);
    g_assert_cmpint(d->recipients->len, ==, 2);
    g_assert_cmpint(d->created_us, ==, at("2026-11-02 10:00"));
    g_assert_cmpint(json_integer_value(json_object_get(json_object_get(d->basis, "forecast_mrr"), "as_of")),
                    ==, at("2026-11-01 10:00"));
    scoped(draft_free) struct draft *found =
        draft_find(w->f.db, w->f.config, w->account_id, "trial", "hello", &w->f.error);
    g_assert_cmpint(found->id, ==, d->id);
    g_assert_null(draft_find(w->f.db, w->f.config, w->account_id, "trial", "other", &w->f.error));
    g_autoptr(GArray) list = draft_list(w->f.db, &w->f.error);
    g_assert_cmpint(list->len, ==, 1);
    g_assert_null(draft_load(w->f.db, w->f.config, 99, &w->f.error));
    assert_refused(&w->f, USHER_ERROR_NO_INPUT, "no draft 99");
}

/* ---- what cannot be composed ---- */

static void
test_compose_refused(struct world *w, gconstpointer data)
{
    (void)data;
    fixture_write(&w->f, "templates/paid.md", "Subject: Outstanding results\n\nHi\n");
    fixture_write(&w->f, "templates/typo.md", "Subject: a\n\nHi {{ forecast_mr }}\n");
    static const struct {
        const char *template_name;
        gboolean payment;
        int code;
        const char *expected;
    } cases[] = {
        {"paid.md", FALSE, USHER_ERROR_DATA, "holds \"outstanding\": only a failed-payment mail may"},
        {"hello.md", TRUE, USHER_ERROR_DATA, "none of the payment words"},
        {"payment.md", FALSE, USHER_ERROR_DATA, "holds \"payment\""},
        {"typo.md", FALSE, USHER_ERROR_DATA, "nearest is \"forecast_mrr\""},
        {"none.md", FALSE, USHER_ERROR_NO_INPUT, "none.md"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        w->request.template_name = cases[i].template_name;
        w->request.payment = cases[i].payment;
        g_assert_null(draft_compose(&w->composer, &w->request, &w->f.error));
        assert_refused(&w->f, cases[i].code, cases[i].expected);
    }
    w->request.template_name = "payment.md";
    w->request.payment = TRUE;
    scoped(draft_free) struct draft *d = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    run_sql(&w->f, "INSERT INTO suppression VALUES('@acme.example', 'by hand', 0, NULL)");
    g_assert_null(draft_compose(&w->composer, &w->request, &w->f.error));
    assert_refused(&w->f, USHER_ERROR_NO_INPUT, "nobody is left to write to");
}

/* A fact too old stops an automatic mail at once and a draft at its approval. */
static void
test_max_age(struct world *w, gconstpointer data)
{
    (void)data;
    w->request.automatic = TRUE;
    w->composer.now_us = at("2026-11-08 10:00"); /* to the second */
    scoped(draft_free) struct draft *young = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    w->composer.now_us++;
    g_assert_null(draft_compose(&w->composer, &w->request, &w->f.error));
    assert_refused(&w->f, USHER_ERROR_DATA, "days old, the template allows 7");
    w->request.automatic = FALSE;
    scoped(draft_free) struct draft *old = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    g_autofree char *difference = NULL;
    g_assert_false(draft_still_holds(&w->composer, old, &difference, &w->f.error));
    g_assert_nonnull(strstr(difference, "days old"));
}

/* ---- does it still hold? ---- */

static const struct {
    const char *name, *facts, *sql, *difference;
} changes[] = {
    {"nothing", NULL, NULL, NULL},
    {"another figure that prints the same", "{\"name\": \"Acme\", \"forecast_mrr\": 512.87}", NULL, NULL},
    {"a figure that prints another", "{\"name\": \"Acme\", \"forecast_mrr\": 513.01}", NULL,
     "- about $512 a month.\n+ about $513 a month."},
    {"a condition", "{\"name\": \"Acme\", \"forecast_mrr\": 1000.5}", NULL, "which is a lot"},
    {"a fact nobody prints", "{\"name\": \"Acme\", \"forecast_mrr\": 512.31, \"note\": \"new\"}", NULL, NULL},
    {"only the subject", "{\"name\": \"Acme Ltd\", \"forecast_mrr\": 512.31}", NULL,
     "- One check for Acme\n+ One check for Acme Ltd"},
    {"a suppressed recipient", NULL, "INSERT INTO suppression VALUES('bob@acme.example', 'opt_out', 0, NULL)",
     "bob@acme.example is suppressed: opt_out"},
    {"an absent recipient", NULL, "UPDATE contact SET absent = 1 WHERE first_name = 'Bob'",
     "bob@acme.example is no contact"},
    {"a new contact", NULL,
     "INSERT INTO contact(account_id, address, role, source, as_of) VALUES(1, 'cid@acme.example', 'admin', "
     "'t', 1)",
     NULL},
    {"a name that is printed", NULL, "UPDATE contact SET first_name = 'Anne' WHERE role = 'owner'",
     "- Hi Ann,\n+ Hi Anne,"},
    {"a name that is gone", NULL, "UPDATE contact SET first_name = NULL WHERE role = 'owner'",
     "- Hi Ann,\n+ Hi there,"},
    {"a name that is not printed", NULL,
     "UPDATE contact SET last_name = 'Lee', first_name = 'Bo' WHERE first_name = 'Bob'",
     NULL}, /* in Cc: frozen with the message */
};

static void
test_still_holds(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    scoped(draft_free) struct draft *d = make(w);
    fixture_write(&w->f, "templates/hello.md",
                  "Subject: Quite another\n\nText\n"); /* an edited template voids nothing */
    if (changes[i].sql)
        run_sql(&w->f, changes[i].sql);
    now_facts(w, changes[i].facts ? changes[i].facts : "{\"name\": \"Acme\", \"forecast_mrr\": 512.31}",
              "2026-11-03 10:00");
    g_autofree char *difference = NULL;
    gboolean holds = draft_still_holds(&w->composer, d, &difference, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_cmpint(holds, ==, changes[i].difference == NULL);
    if (!holds && !strstr(difference, changes[i].difference))
        g_error("\"%s\" does not hold \"%s\"", difference, changes[i].difference);
}

static void
test_refresh(struct world *w, gconstpointer data)
{
    (void)data;
    scoped(draft_free) struct draft *d = make(w);
    gboolean changed = TRUE;
    g_assert_true(draft_refresh(&w->composer, &w->request, d, "ben", &changed, &w->f.error));
    g_assert_false(changed);
    now_facts(w, "{\"name\": \"Acme\", \"forecast_mrr\": 2000, \"region\": \"apac\"}", "2026-11-03 10:00");
    g_assert_true(draft_refresh(&w->composer, &w->request, d, "ben", &changed, &w->f.error));
    g_assert_true(changed);
    scoped(draft_free) struct draft *fresh = draft_load(w->f.db, w->f.config, d->id, &w->f.error);
    g_assert_cmpstr(fresh->markdown, ==, "Hi Ann,\n\nabout $2,000 a month, which is a lot.\n\nBen Koh\n");
    g_assert_cmpstr(fresh->specialist->id, ==, "ben");
    g_assert_cmpint(fresh->state, ==, MESSAGE_WAITING);
    g_autofree char *difference = NULL;
    g_assert_true(draft_still_holds(&w->composer, fresh, &difference, &w->f.error));
}

/* ---- editing ---- */

static const struct {
    const char *text, *expected; /* NULL: accepted */
} edits[] = {
    {"Subject: Better\n\nMy own *words*\n", NULL},
    {"Subject:   Better  \r\n\r\nMy own words\r\n", NULL},
    {"Better\n\nMy own words\n", "line 1: expected \"Subject: …\""},
    {"Subject: Better\nMy own words\n", "then a blank line"},
    {"Subject: Better", "line 1"},
    {"", "line 1"},
    {"Subject: \n\nMy own words\n", "the Subject is empty"},
    {"Subject: a\033[31mb\n\nMy own words\n", "line 1: the character U+001B cannot be sent"},
    {"Subject: a\u202Eb\n\nMy own words\n", "line 1: the character U+202E cannot be sent"},
    {"Subject: a\u200Fb\n\nMy own words\n", "line 1: Subject: the value holds a character that changes the"},
    {"Subject: Better\n\nMy\n\nown\u202E words\n", "line 5: the character U+202E cannot be sent"},
    {"Subject: Better\n\nMy own\a words\n", "line 3: the character U+0007 cannot be sent"},
};

static void
test_edit(struct world *w, gconstpointer data)
{
    gsize i = (gsize)GPOINTER_TO_UINT(data);
    scoped(draft_free) struct draft *d = make(w);
    gboolean ok = draft_save_edit(w->f.db, d, edits[i].text, "ana", &w->f.error);
    scoped(draft_free) struct draft *now = draft_load(w->f.db, w->f.config, d->id, NULL);
    if (edits[i].expected) {
        g_assert_false(ok);
        assert_refused(&w->f, USHER_ERROR_DATA, edits[i].expected);
        g_assert_cmpstr(now->markdown, ==, d->markdown);
        g_assert_false(now->edited);
        return;
    }
    g_assert_no_error(w->f.error);
    g_assert_cmpstr(now->subject, ==, "Better");
    g_assert_true(now->edited && g_str_has_prefix(now->markdown, "My own "));
    g_assert_cmpstr(now->rendered, ==, d->rendered);
    /* Another one who began from the same text comes too late. */
    g_assert_false(draft_save_edit(w->f.db, d, "Subject: Mine\n\nNo, mine\n", "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_TEMP, "changed or was decided while you edited");
    /* The edited text does not void itself, and facts that print otherwise do. */
    g_autofree char *difference = NULL;
    g_assert_true(draft_still_holds(&w->composer, now, &difference, &w->f.error));
    now_facts(w, "{\"name\": \"Acme\", \"forecast_mrr\": 900}", "2026-11-03 10:00");
    g_assert_false(draft_still_holds(&w->composer, now, &difference, &w->f.error));
    gboolean changed;
    g_assert_true(draft_refresh(&w->composer, &w->request, now, "ben", &changed, &w->f.error));
    scoped(draft_free) struct draft *kept = draft_load(w->f.db, w->f.config, d->id, NULL);
    g_assert_cmpstr(kept->subject, ==, "Better");
    g_assert_cmpstr(kept->markdown, ==, now->markdown);
}

/* What the editor is given comes back as it was. */
static void
test_edit_text(struct world *w, gconstpointer data)
{
    (void)data;
    scoped(draft_free) struct draft *d = make(w);
    g_autofree char *text = draft_edit_text(d);
    g_assert_cmpstr(text, ==, "Subject: One check for Acme\n\nHi Ann,\n\nabout $512 a month.\n\nAna Diaz\n");
    g_assert_true(draft_save_edit(w->f.db, d, text, "ana", &w->f.error));
    scoped(draft_free) struct draft *now = draft_load(w->f.db, w->f.config, d->id, NULL);
    g_assert_cmpstr(now->markdown, ==, d->markdown);
}

/* ---- freezing ---- */

static char *
text_of(GBytes *bytes)
{
    gsize length;
    const char *data = g_bytes_get_data(bytes, &length);
    return g_strndup(data, length);
}

/* The bytes in the database. */
static char *
frozen_text(struct world *w, gint64 id)
{
    scoped(query_end) struct query *q =
        store_query(w->f.db, "SELECT bytes FROM message_text WHERE message_id = ?", &w->f.error, "i", id);
    g_assert_true(query_next(q, &w->f.error));
    g_autoptr(GBytes) bytes = query_dup_bytes(q, "bytes");
    return text_of(bytes);
}

static void
test_freeze(struct world *w, gconstpointer data)
{
    (void)data;
    scoped(draft_free) struct draft *d = make(w);
    g_autoptr(GBytes) preview = draft_bytes(&w->composer, d, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_true(draft_freeze(&w->composer, d, "ana", &w->f.error));
    g_autofree char *text = frozen_text(w, d->id);
    g_autofree char *seen = text_of(preview);
    /* What was looked at is what is sent: only Date is added. */
    g_assert_true(g_str_has_prefix(seen, "Date: Mon, 02 Nov 2026 10:00:00 +0100\r\n"));
    g_assert_cmpstr(strchr(seen, '\n') + 1, ==, text);
    static const char *const expected[] = {"From: Ana Diaz <ana@team.example>\r\n",
                                           "To: Ann <ann@acme.example>\r\n",
                                           "Cc: Bob <bob@acme.example>\r\n",
                                           "Subject: One check for Acme\r\n",
                                           "MIME-Version: 1.0\r\n",
                                           "multipart/alternative"};
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
        if (!strstr(text, expected[i]))
            g_error("no %s in %s", expected[i], text);
    g_assert_null(strstr(text, "In-Reply-To"));
    g_assert_null(strstr(text, "Date:"));
    /* Message-ID and token come from the database's secret and the draft's number. */
    g_autofree char *message_id = NULL;
    g_autofree char *token = NULL;
    g_assert_true(letter_identity(w->f.db, d, &message_id, &token, &w->f.error));
    g_assert_cmpstr(d->message_id, ==, message_id);
    g_assert_true(g_str_has_prefix(message_id, "usher.") && g_str_has_suffix(message_id, "@team.example"));
    g_assert_cmpuint(strlen(token), ==, 16);
    g_autofree char *reply_to = g_strdup_printf("ana+%s@team.example", token);
    g_assert_nonnull(strstr(text, reply_to));
    g_autofree char *header = g_strdup_printf("Message-ID: <%s>", message_id);
    g_assert_nonnull(strstr(text, header));
    assert_rows(&w->f, "state || approved_by || approved_at", "message", "queuedana1793610000000000");

    /* Once is enough. */
    g_assert_false(draft_freeze(&w->composer, d, "ben", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_TEMP, "changed or was decided meanwhile");
    /* Returned and approved again: the same identity, the same bytes, and a Date of its own. */
    run_sql(&w->f, "UPDATE message SET date_at = 5");
    g_assert_true(draft_set_state(w->f.db, d->id, MESSAGE_CHANGED, "because", &w->f.error));
    g_assert_true(draft_freeze(&w->composer, d, "ben", &w->f.error));
    g_autofree char *again = frozen_text(w, d->id);
    g_assert_cmpstr(again, ==, text);
    assert_rows(&w->f, "date_at IS NULL", "message", "1");
}

static void
test_freeze_after_edit(struct world *w, gconstpointer data)
{
    (void)data;
    scoped(draft_free) struct draft *looked_at = make(w);
    scoped(draft_free) struct draft *other = draft_load(w->f.db, w->f.config, looked_at->id, NULL);
    g_assert_true(draft_save_edit(w->f.db, other, "Subject: Better\n\nMine\n", "ana", &w->f.error));
    g_assert_false(draft_freeze(&w->composer, looked_at, "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_TEMP, "changed or was decided meanwhile");
    assert_rows(&w->f, "state || (bytes IS NULL)", "message m JOIN message_text t ON t.message_id = m.id",
                "waiting1");
}

static void
test_no_secret(struct world *w, gconstpointer data)
{
    (void)data;
    scoped(draft_free) struct draft *d = make(w);
    run_sql(&w->f, "DELETE FROM meta WHERE key = 'secret'");
    g_assert_false(draft_freeze(&w->composer, d, "ana", &w->f.error));
    assert_refused(&w->f, USHER_ERROR_CONFIG, "has no secret");
}

/* ---- threads ---- */

static void
add_event(struct world *w, const char *kind, const char *when, const char *json)
{
    json_t *data = json_loads(json, 0, NULL);
    g_assert_nonnull(data);
    struct event event = {
        .at_us = at(when), .account_id = w->account_id, .kind = kind, .actor = "usher", .data = data};
    g_assert_true(journal_append(w->f.db, &event, &w->f.error));
    json_decref(data);
}

static void
test_thread(struct world *w, gconstpointer data)
{
    (void)data;
    w->request.template_name = "follow.md";
    scoped(draft_free) struct draft *first = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_cmpstr(first->subject, ==, "Open questions"); /* nothing to follow yet */

    add_event(w, "sent", "2026-10-01 10:00",
              "{\"opens\": 1, \"payment\": 1, \"subject\": \"Your payment\", \"message_id\": \"pay@t\", "
              "\"specialist\": \"ana\"}");
    add_event(w, "sent", "2026-10-05 10:00",
              "{\"opens\": 1, \"payment\": 0, \"subject\": \"Hello Acme\", \"message_id\": \"one@t\", "
              "\"specialist\": \"ben\"}");
    add_event(w, "replied", "2026-10-06 10:00",
              "{\"message_id\": \"two@c\", \"subject\": \"AW: Hello Acme\"}");
    add_event(w, "hand_sent", "2026-10-07 10:00",
              "{\"opens\": 0, \"message_id\": \"three@t\", \"subject\": \"Re: Hello Acme\", \"specialist\": "
              "\"ben\"}");
    add_event(w, "replied", "2026-10-08 10:00", "{\"message_id\": \"four@c\"}");
    /* A mail about a failed payment is a conversation of its own, whenever it was sent. */
    add_event(w, "hand_sent", "2026-10-09 10:00",
              "{\"opens\": 1, \"payment\": 1, \"subject\": \"Outstanding\", \"message_id\": \"due@t\", "
              "\"specialist\": \"ben\"}");
    scoped(draft_free) struct draft *d = make(w);
    g_assert_cmpstr(d->subject, ==, "Re: Hello Acme");
    g_assert_cmpstr(d->specialist->id, ==, "ben"); /* whoever wrote before */
    g_assert_true(draft_freeze(&w->composer, d, "usher", &w->f.error));
    g_autofree char *text = frozen_text(w, d->id);
    g_assert_nonnull(strstr(text, "Subject: Re: Hello Acme\r\n"));
    g_assert_nonnull(strstr(text, "In-Reply-To: <four@c>\r\n"));
    g_assert_nonnull(strstr(text, "References: <one@t> <two@c> <three@t> <four@c>\r\n"));
    g_assert_nonnull(strstr(text, "From: Ben Koh <Ben@team.example>\r\n"));
    g_assert_null(strstr(text, "\r\nReply-To: ")); /* ben's mailbox has no plus addresses */
}

/* "Re: Re:" never grows, and a specialist's own opening counts. */
static void
test_thread_by_hand(struct world *w, gconstpointer data)
{
    (void)data;
    add_event(w, "hand_sent", "2026-10-05 10:00",
              "{\"opens\": 1, \"subject\": \"RE:  re: From my own mail\", \"message_id\": \"own@t\", "
              "\"specialist\": \"ana\"}");
    w->request.template_name = "follow.md";
    scoped(draft_free) struct draft *d = draft_compose(&w->composer, &w->request, &w->f.error);
    g_assert_no_error(w->f.error);
    g_assert_cmpstr(d->subject, ==, "Re: From my own mail");
}

/* A thread of a hundred mails keeps its opening and the latest. */
static void
test_long_thread(struct world *w, gconstpointer data)
{
    (void)data;
    add_event(
        w, "sent", "2026-10-01 10:00",
        "{\"opens\": 1, \"subject\": \"Hello\", \"message_id\": \"opening@t\", \"specialist\": \"ana\"}");
    for (int i = 0; i < 100; i++) {
        g_autofree char *json = g_strdup_printf("{\"message_id\": \"reply-%d@c\"}", i);
        add_event(w, "replied", "2026-10-02 10:00", json);
    }
    w->request.template_name = "follow.md";
    scoped(draft_free) struct draft *d = make(w);
    g_assert_true(draft_freeze(&w->composer, d, "usher", &w->f.error));
    g_autofree char *text = frozen_text(w, d->id);
    g_assert_nonnull(strstr(text, "References: <opening@t>"));
    g_assert_nonnull(strstr(text, "In-Reply-To: <reply-99@c>"));
    g_assert_nonnull(strstr(text, "<reply-98@c>"));
    g_assert_null(strstr(text, "<reply-50@c>"));
}

/* ---- who signs ---- */

static void
test_specialist(struct world *w, gconstpointer data)
{
    (void)data;
    static const struct {
        const char *facts, *owner, *expected;
    } cases[] = {
        {"{}", NULL, "ana"},
        {"{\"region\": \"APAC\"}", NULL, "ben"},
        {"{\"region\": \"apac\", \"owner\": \"ana\"}", NULL, "ana"},
        {"{\"owner\": \"ben@TEAM.example\"}", NULL, "ben"},
        {"{\"owner\": \"ben koh\"}", NULL, "ben"},
        {"{\"owner\": \"kim\", \"region\": \"apac\"}", NULL, "ben"},
        {"{\"owner\": \"ana\"}", "ben", "ben"},
        {"{\"owner\": \"ben\"}", "kim", "ben"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        store_exec(w->f.db, "UPDATE account SET owner = ?", &w->f.error, "t", cases[i].owner);
        now_facts(w, cases[i].facts, "2026-11-02 10:00");
        w->request.template_name = "follow.md";
        scoped(draft_free) struct draft *d = draft_compose(&w->composer, &w->request, &w->f.error);
        g_assert_no_error(w->f.error);
        g_assert_cmpstr(d->specialist->id, ==, cases[i].expected);
    }
}

#define ADD(path, test, data)                                                                                \
    g_test_add("/compose/draft/" path, struct world, GUINT_TO_POINTER(data), set_up, test, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("compose", test_compose, 0);
    ADD("compose-refused", test_compose_refused, 0);
    ADD("max-age", test_max_age, 0);
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *path = g_strdup_printf("/compose/draft/still-holds/%s", changes[i].name);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_still_holds, tear_down);
    }
    ADD("refresh", test_refresh, 0);
    for (guint i = 0; i < G_N_ELEMENTS(edits); i++) {
        g_autofree char *path = g_strdup_printf("/compose/draft/edit/%u", i);
        g_test_add(path, struct world, GUINT_TO_POINTER(i), set_up, test_edit, tear_down);
    }
    ADD("edit-text", test_edit_text, 0);
    ADD("freeze", test_freeze, 0);
    ADD("freeze-after-edit", test_freeze_after_edit, 0);
    ADD("no-secret", test_no_secret, 0);
    ADD("thread", test_thread, 0);
    ADD("thread-by-hand", test_thread_by_hand, 0);
    ADD("long-thread", test_long_thread, 0);
    ADD("specialist", test_specialist, 0);
    return g_test_run();
}
