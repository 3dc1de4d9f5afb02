/* See simulate.h. From one instant at which something is due to the next: what is assumed happens, accounts
 * are advanced, drafts that are due approved, mails that may go sent; until nothing more is due then. */
#include "service/simulate.h"

#include "base/clock.h"
#include "base/error.h"
#include "service/approval.h"
#include "service/tick.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LOOK_AGAIN_US CLOCK_HOUR_US /* at a mail that something holds; the service does every half minute */
#define SOON_US (61 * CLOCK_SECOND_US)
#define DELIVERY_US (12 * CLOCK_HOUR_US)
#define MAX_ROUNDS 50   /* at one instant */
#define MAX_APPROVALS 3 /* of one draft: each composes it anew */
#define GROUP 20u
#define FAR_US G_GINT64_CONSTANT(8000000000000000)

const char *const simulate_kind_names[SIMULATE_KIND_COUNT] = {
    [SIMULATE_MAIL] = "mail",       [SIMULATE_DRAFT] = "draft", [SIMULATE_STAGE] = "stage",
    [SIMULATE_TASK] = "task",       [SIMULATE_WAIT] = "wait",   [SIMULATE_END] = "end",
    [SIMULATE_ASSUMED] = "assumed",
};

/* A simulation under way. */
struct play {
    const struct simulation *ask;
    struct service s; /* over the copy */
    gint64 now_us, read_boot_us, delivered_us;
    guint next_assumed;
    GHashTable *tries; /* of approving a draft, by its number */
    GPtrArray *lines;
};

/* ---- the copy ---- */

static const char *const copy_files[] = {"copy.db", "copy.db-wal", "copy.db-shm", "copy.db-journal"};
static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
static char trap_paths[G_N_ELEMENTS(copy_files)][512];
static char trap_dir[512];

static void
remove_copy(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(copy_files); i++)
        unlink(trap_paths[i]);
    rmdir(trap_dir);
}

static void
on_stop(int signal_number)
{
    remove_copy();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void
set_traps(struct sigaction *before)
{
    struct sigaction act = {.sa_handler = on_stop};
    for (gsize i = 0; i < G_N_ELEMENTS(stop_signals); i++) {
        sigaction(stop_signals[i], NULL, &before[i]);
        if (before[i].sa_handler == SIG_DFL)
            sigaction(stop_signals[i], &act, NULL);
    }
}

/* A folder of its own (mode 0700), and its removal by the first signal that may come. */
static gboolean
make_place(struct sigaction *before, GError **error)
{
    g_autoptr(GError) local = NULL;
    sigset_t stops, was;
    sigemptyset(&stops);
    for (gsize i = 0; i < G_N_ELEMENTS(stop_signals); i++)
        sigaddset(&stops, stop_signals[i]);
    sigprocmask(SIG_BLOCK, &stops, &was);
    g_autofree char *dir = g_dir_make_tmp("usher-simulate-XXXXXX", &local);
    gboolean ok = dir && strlen(dir) + strlen("/copy.db-journal") < sizeof trap_dir;
    if (ok) {
        g_strlcpy(trap_dir, dir, sizeof trap_dir);
        for (gsize i = 0; i < G_N_ELEMENTS(copy_files); i++)
            g_snprintf(trap_paths[i], sizeof trap_paths[i], "%s/%s", dir, copy_files[i]);
        set_traps(before);
    } else {
        g_set_error(error, USHER_ERROR, USHER_ERROR_CANT_CREATE, "no temporary folder: %s",
                    local ? local->message : "its name is too long");
        if (dir)
            g_rmdir(dir);
    }
    sigprocmask(SIG_SETMASK, &was, NULL);
    return ok;
}

/* Everything in one file, which lives without a name: no journal beside it, and no need to survive a crash.
 */
static gboolean
live_in_one_file(struct store *db, GError **error)
{
    return store_exec(db, "PRAGMA journal_mode = DELETE", error, "") &&
           store_exec(db, "PRAGMA journal_mode = MEMORY", error, "") &&
           store_exec(db, "PRAGMA synchronous = OFF", error, "");
}

static struct store *
open_copy(struct store *db, GError **error)
{
    struct sigaction before[G_N_ELEMENTS(stop_signals)];
    if (!make_place(before, error))
        return NULL;
    struct store *copy = store_copy(db, trap_paths[0], error) ? store_open(trap_paths[0], error) : NULL;
    if (copy && !live_in_one_file(copy, error))
        g_clear_pointer(&copy, store_close);
    remove_copy();
    for (gsize i = 0; i < G_N_ELEMENTS(stop_signals); i++)
        sigaction(stop_signals[i], &before[i], NULL);
    return copy;
}

/* ---- what the service does at one instant ---- */

/* name NULL: of a role there is one folder, whatever the server calls it. */
static gboolean
mark_read(struct store *db, const char *mailbox, const char *role, const char *name, gint64 boot_us,
          GError **error)
{
    return store_exec(db,
                      "UPDATE folder SET read_boot_us = ?, read_boot_id = ? WHERE mailbox = ? AND role = ? "
                      "AND (?5 IS NULL OR name = ?5)",
                      error, "itttt", boot_us, clock_boot_id(), mailbox, role, name) &&
           (store_changes(db) > 0 ||
            store_exec(db,
                       "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid, read_boot_us, "
                       "read_boot_id) VALUES(?, ?, ?, 0, 1, ?, ?)",
                       error, "tttit", mailbox, name ? name : role, role, boot_us, clock_boot_id()));
}

/* No mail comes in that was not assumed, so every folder is read to its end. */
static gboolean
keep_mailboxes_read(struct play *p, GError **error)
{
    const struct config *config = p->s.config;
    gint64 boot_us = clock_boottime_us();
    if (p->read_boot_us && boot_us - p->read_boot_us < CLOCK_MINUTE_US)
        return TRUE;
    p->read_boot_us = boot_us;
    for (guint i = 0; i < config->mailboxes->len; i++) {
        const struct mailbox *m = config->mailboxes->pdata[i];
        if (!mark_read(p->s.db, m->name, "inbox", NULL, boot_us, error) ||
            !mark_read(p->s.db, m->name, "sent", NULL, boot_us, error))
            return FALSE;
        for (char **folder = m->folders; *folder; folder++)
            if (!mark_read(p->s.db, m->name, "further", *folder, boot_us, error))
                return FALSE;
    }
    return TRUE;
}

/* The nightly import goes on and finds everything as it was: what was fresh at the start stays so. */
static gboolean
deliver_facts(struct play *p, GError **error)
{
    gint64 later_us = p->now_us - p->delivered_us;
    if (later_us < DELIVERY_US)
        return TRUE;
    p->delivered_us = p->now_us;
    return store_exec(p->s.db, "UPDATE account_facts SET as_of = as_of + ?1 WHERE ?2 = 0 OR account_id = ?2",
                      error, "ii", later_us, p->ask->account_id);
}

static gboolean
advance(struct play *p, GError **error)
{
    gint64 id = p->ask->account_id;
    if (!id)
        return tick_run(&p->s, p->now_us, NULL, NULL, error);
    for (int i = 0; i < 2; i++) { /* as often as tick_run() does */
        g_autoptr(GArray) due = store_ids(p->s.db,
                                          "SELECT id FROM account WHERE id = ?1 AND (dirty OR evaluate_at "
                                          "<= ?2 OR EXISTS (SELECT 1 FROM step WHERE account_id = ?1 AND "
                                          "state = 'wanted'))",
                                          error, "ii", id, p->now_us);
        if (!due || (due->len && !tick_accounts(&p->s, due, p->now_us, error)))
            return FALSE;
    }
    return TRUE;
}

static void
add_refusal(struct play *p, gint64 draft_id, const char *why)
{
    scoped(query_end) struct query *q =
        store_query(p->s.db,
                    "SELECT a.key, m.sequence, m.step, m.subject FROM message m JOIN account a ON a.id = "
                    "m.account_id WHERE m.id = ?",
                    NULL, "i", draft_id);
    if (!q || !query_next(q, NULL))
        return;
    struct simulate_line *line = g_new0(struct simulate_line, 1);
    *line = (struct simulate_line){.kind = SIMULATE_WAIT,
                                   .at_us = p->now_us,
                                   .zone = p->s.config->timezone,
                                   .account = query_dup_text(q, "key"),
                                   .sequence = query_dup_text(q, "sequence"),
                                   .step = query_dup_text(q, "step"),
                                   .subject = query_dup_text(q, "subject"),
                                   .text = g_strdelimit(g_strdup(why), "\n", ' ')};
    g_ptr_array_add(p->lines, line);
}

/* As a specialist would; where two have to approve, as two. FALSE only when the database fails. */
static gboolean
approve(struct play *p, gint64 draft_id, GError **error)
{
    static const char *const people[] = {"simulation", "simulation-2"};
    guint tries = GPOINTER_TO_UINT(g_hash_table_lookup(p->tries, &draft_id));
    g_autoptr(GError) refused = NULL;
    struct approval given = {.outcome = APPROVAL_FIRST};
    for (gsize i = 0; i < G_N_ELEMENTS(people) && !refused && given.outcome == APPROVAL_FIRST; i++) {
        gint64 revision =
            store_int(p->s.db, "SELECT revision FROM message WHERE id = ?", 0, error, "i", draft_id);
        if (revision)
            approval_give(&p->s, draft_id, revision, people[i], &given, &refused);
    }
    g_hash_table_insert(p->tries, g_memdup2(&draft_id, sizeof draft_id), GUINT_TO_POINTER(tries + 1));
    if (!refused)
        return TRUE;
    if (refused->code == USHER_ERROR_IO || refused->code == USHER_ERROR_SOFTWARE) {
        g_propagate_error(error, g_steal_pointer(&refused));
        return FALSE;
    }
    if (tries + 1 == MAX_APPROVALS)
        add_refusal(p, draft_id, refused->message);
    return TRUE;
}

static gboolean
approve_due(struct play *p, guint *count, GError **error)
{
    g_autoptr(GArray) ids = store_ids(
        p->s.db,
        "SELECT m.id FROM message m JOIN step p ON p.account_id = m.account_id AND p.sequence = m.sequence "
        "AND p.step = m.step AND p.state = 'drafted' WHERE m.state IN ('waiting', 'changed') AND "
        "COALESCE(p.due_at, 0) <= ?1 AND (?2 = 0 OR m.account_id = ?2) ORDER BY m.id",
        error, "ii", p->now_us, p->ask->account_id);
    for (guint i = 0; ids && i < ids->len; i++) {
        gint64 id = g_array_index(ids, gint64, i);
        if (GPOINTER_TO_UINT(g_hash_table_lookup(p->tries, &id)) >= MAX_APPROVALS)
            continue;
        ++*count;
        if (!approve(p, id, error))
            return FALSE;
    }
    return ids != NULL;
}

/* The server takes a mail for every recipient. */
static gboolean
deliver(struct ledger *l, struct claim *c, gint64 now_us, GError **error)
{
    g_autofree struct smtp_outcome *outcomes = g_new0(struct smtp_outcome, c->addresses->len);
    for (guint i = 0; i < c->addresses->len; i++)
        outcomes[i] = (struct smtp_outcome){.verdict = SMTP_SENT, .code = 250, .text = "simulated"};
    return ledger_begin(l, c, now_us, error) && ledger_settle(l, c, outcomes, "", now_us, error);
}

static gboolean
send_group(struct play *p, struct ledger *l, guint *sent, GError **error)
{
    if (!store_begin(p->s.db, error))
        return FALSE;
    g_autoptr(GPtrArray) claims = ledger_claim(l, GROUP, p->now_us, error);
    gboolean ok = claims != NULL;
    for (guint i = 0; ok && i < claims->len; i++)
        ok = deliver(l, claims->pdata[i], p->now_us, error);
    if (ok && store_commit(p->s.db, error)) {
        *sent += claims->len;
        return TRUE;
    }
    store_rollback(p->s.db);
    return FALSE;
}

static gboolean
send_due(struct play *p, guint *sent, GError **error)
{
    static const char due[] = "SELECT COUNT(*) FROM delivery WHERE mailbox = ? AND state IN ('queued', "
                              "'deferred') AND next_at <= ?";
    for (guint i = 0; i < p->s.config->mailboxes->len; i++) {
        struct ledger l = {.db = p->s.db,
                           .config = p->s.config,
                           .mailbox = p->s.config->mailboxes->pdata[i],
                           .policy = &p->s.policy,
                           .owner = (char[]){"simulation"}};
        gint64 left = store_int(p->s.db, due, 0, error, "ti", l.mailbox->name, p->now_us), before = left + 1;
        while (left && left < before) { /* each group is sent, or put off */
            before = left;
            if (!send_group(p, &l, sent, error))
                return FALSE;
            left = store_int(p->s.db, due, 0, error, "ti", l.mailbox->name, p->now_us);
        }
    }
    return TRUE;
}

/* What was assumed and cannot be. */
static void
add_vain(struct play *p, const struct assumed *a, const char *why)
{
    struct simulate_line *line = g_new0(struct simulate_line, 1);
    *line = (struct simulate_line){
        .kind = SIMULATE_ASSUMED,
        .at_us = a->at_us,
        .zone = p->s.config->timezone,
        .account = store_text(p->s.db, "SELECT key FROM account WHERE id = ?", NULL, "i", a->account_id),
        .text = g_strdup_printf("%s: %s", assumed_kind_names[a->kind], why)};
    g_ptr_array_add(p->lines, line);
}

static gboolean
assume_due(struct play *p, guint *count, GError **error)
{
    const char *cannot;
    const GArray *all = p->ask->assumed;
    while (all && p->next_assumed < all->len) {
        const struct assumed *a = &g_array_index(all, struct assumed, p->next_assumed);
        if (a->at_us > p->now_us)
            break;
        ++p->next_assumed;
        ++*count;
        if (!simulate_assume(&p->s, a, p->next_assumed, &cannot, error))
            return FALSE;
        if (cannot)
            add_vain(p, a, cannot);
    }
    return TRUE;
}

static gboolean
live_instant(struct play *p, GError **error)
{
    for (int i = 0; i < MAX_ROUNDS; i++) {
        guint done = 0;
        if (!keep_mailboxes_read(p, error) || !deliver_facts(p, error) || !assume_due(p, &done, error) ||
            !advance(p, error) || (p->ask->approve && !approve_due(p, &done, error)) ||
            !send_due(p, &done, error))
            return FALSE;
        if (!done)
            break;
    }
    return TRUE;
}

/* ---- the clock ---- */

static void
sooner(gint64 *next_us, gint64 us, gint64 now_us)
{
    if (us > now_us && (!*next_us || us < *next_us))
        *next_us = us;
}

/* The next instant at which something is due; 0: none. */
static gboolean
find_next(struct play *p, gint64 *next_us, GError **error)
{
    static const char one[] = "SELECT evaluate_at FROM account WHERE id = ?2 AND evaluate_at > ?1",
                      all[] = "SELECT MIN(evaluate_at) FROM account WHERE evaluate_at IS NOT NULL AND "
                              "evaluate_at > ?1 AND ?2 = 0";
    gint64 id = p->ask->account_id, now_us = p->now_us;
    struct store *db = p->s.db;
    g_autoptr(GError) local = NULL;
    *next_us = 0;
    sooner(next_us, store_int(db, id ? one : all, 0, &local, "ii", now_us, id), now_us);
    if (!local)
        sooner(next_us,
               store_int(db,
                         "SELECT MIN(CASE WHEN next_at <= ?1 + ?2 AND COALESCE(text, '') NOT LIKE 'spacing%' "
                         "THEN ?1 + ?3 ELSE MAX(next_at, ?1 + 1) END) FROM delivery WHERE state IN "
                         "('queued', 'deferred')",
                         0, &local, "iii", now_us, SOON_US, LOOK_AGAIN_US),
               now_us);
    if (!local && p->ask->approve)
        sooner(next_us,
               store_int(db,
                         "SELECT MIN(p.due_at) FROM message m JOIN step p ON p.account_id = m.account_id AND "
                         "p.sequence = m.sequence AND p.step = m.step WHERE m.state IN ('waiting', "
                         "'changed') AND p.state = 'drafted' AND p.due_at > ?1 AND (?2 = 0 OR m.account_id "
                         "= ?2)",
                         0, &local, "ii", now_us, id),
               now_us);
    if (p->ask->assumed && p->next_assumed < p->ask->assumed->len)
        sooner(next_us, g_array_index(p->ask->assumed, struct assumed, p->next_assumed).at_us, now_us);
    return error_pass(error, &local);
}

/* As the service at its start; of one account alone, only that and its mail. */
static gboolean
prepare(struct play *p, GError **error)
{
    gint64 id = p->ask->account_id;
    struct store *db = p->s.db;
    return store_exec(db, "UPDATE delivery SET state = 'queued' WHERE state = 'claimed'", error, "") &&
           (p->ask->dirty_of
                ? store_exec(db,
                             "UPDATE account SET dirty = 1 WHERE id IN (SELECT account_id FROM enrolment "
                             "WHERE sequence = ? AND state = 'active')",
                             error, "t", p->ask->dirty_of)
            : id ? store_exec(db, "UPDATE account SET dirty = 1 WHERE id = ?", error, "i", id) &&
                       store_exec(db,
                                  "UPDATE delivery SET next_at = ? WHERE state IN ('queued', 'deferred') AND "
                                  "message_id IN (SELECT m.id FROM message m WHERE m.account_id <> ?)",
                                  error, "ii", FAR_US, id)
                 : tick_refresh(&p->s, error));
}

static gboolean
play(struct play *p, GError **error)
{
    gint64 first_id = store_int(p->s.db, "SELECT MAX(id) FROM event", 0, error, ""), next_us;
    p->now_us = p->delivered_us = p->ask->from_us;
    clock_rehearse(p->now_us);
    if (!prepare(p, error) || !live_instant(p, error))
        return FALSE;
    for (;;) {
        if (!find_next(p, &next_us, error))
            return FALSE;
        if (!next_us || next_us > p->ask->until_us)
            break;
        p->now_us = next_us;
        clock_rehearse(next_us);
        if (!live_instant(p, error))
            return FALSE;
    }
    return simulate_read(&p->s, first_id, p->ask->account_id, p->ask->until_us, p->lines, error);
}

static void
line_free(gpointer data)
{
    struct simulate_line *line = data;
    g_free(line->account);
    g_free(line->sequence);
    g_free(line->step);
    g_free(line->to);
    g_free(line->from);
    g_free(line->subject);
    g_free(line->text);
    g_free(line);
}

static gint
by_time(gconstpointer a, gconstpointer b)
{
    const struct simulate_line *x = *(const struct simulate_line *const *)a,
                               *y = *(const struct simulate_line *const *)b;
    return x->at_us < y->at_us ? -1 : x->at_us > y->at_us;
}

GPtrArray *
simulate_run(struct service *service, const struct simulation *ask, GError **error)
{
    struct store *db = open_copy(service->db, error);
    if (!db)
        return NULL;
    gboolean rehearsed = clock_is_rehearsed();
    gint64 now_us = clock_now_us();
    struct play p = {.ask = ask,
                     .tries = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                     .lines = g_ptr_array_new_with_free_func(line_free)};
    service_share(&p.s, service, db);
    if (ask->program)
        p.s.program = ask->program;
    gboolean ok = play(&p, error);
    if (rehearsed)
        clock_rehearse(now_us);
    else
        clock_follow();
    store_close(db);
    g_hash_table_unref(p.tries);
    g_ptr_array_sort(p.lines, by_time);
    if (ok)
        return p.lines;
    g_ptr_array_unref(p.lines);
    return NULL;
}
