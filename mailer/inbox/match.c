/* Keys in order of trust: In-Reply-To and References, the plus-address token, the Message-ID that Outlook
 * kept when it gave its own, for bounces the returned mail and the failed recipient, last the sender's
 * address, with and without a subject of ours. A rewritten Message-ID (SES, Outlook) breaks the first, hence
 * the others. The domain of a colleague stands in match_domain.c. */
#include "inbox/match.h"

#include "base/error.h"

#include <string.h>

static gboolean
find_message(struct store *db, const char *sql, const char *key, struct mail_match *out, GError **error)
{
    scoped(query_end) struct query *q = store_query(db, sql, error, "t", key);
    g_autoptr(GError) local = NULL;
    if (q && query_next(q, &local)) {
        out->message_id = query_int(q, "message_id");
        out->account_id = query_int(q, "account_id");
    }
    return q && error_pass(error, &local);
}

/* A Message-ID of ours, or of a mail in one of our conversations (a customer's or a specialist's own). */
static gboolean
by_message_id(struct store *db, const char *id, struct mail_match *out, GError **error)
{
    if (!*id)
        return TRUE;
    if (!find_message(db, "SELECT id AS message_id, account_id FROM message WHERE message_id = ?", id, out,
                      error))
        return FALSE;
    return out->account_id ||
           find_message(
               db,
               "SELECT COALESCE(in_message, 0) AS message_id, account_id FROM inbound WHERE message_id = ?"
               " AND account_id IS NOT NULL ORDER BY id LIMIT 1",
               id, out, error);
}

/* The subject that the List-Unsubscribe link of our mails makes, "unsubscribe TOKEN" (compose/letter.c): it
 * may be used from any address that the mail was passed on to. */
static gboolean
by_link_subject(struct store *db, const struct mail_record *r, struct mail_match *out, GError **error)
{
    static const char word[] = "unsubscribe ";
    if (r->mail_class != MAIL_CLASS_OPT_OUT || g_ascii_strncasecmp(r->subject, word, strlen(word)) != 0)
        return TRUE;
    g_autofree char *token = g_ascii_strdown(r->subject + strlen(word), -1);
    if (!find_message(db, "SELECT id AS message_id, account_id FROM message WHERE token = ?",
                      g_strstrip(token), out, error))
        return FALSE;
    if (out->account_id)
        out->by = "token";
    return TRUE;
}

/* local+TOKEN@domain, where TOKEN is 16 hexadecimal digits. */
static gboolean
by_token(struct store *db, const char *address, struct mail_match *out, GError **error)
{
    const char *plus = strchr(address, '+'), *at = strrchr(address, '@');
    if (!plus || !at || at < plus || at - plus - 1 != 16)
        return TRUE;
    g_autofree char *token = g_strndup(plus + 1, 16);
    return find_message(db, "SELECT id AS message_id, account_id FROM message WHERE token = ?", token, out,
                        error);
}

static gboolean
by_any(struct store *db, const GPtrArray *keys,
       gboolean (*find)(struct store *, const char *, struct mail_match *, GError **), const char *by,
       struct mail_match *out, GError **error)
{
    for (guint i = keys->len; !out->account_id && i-- > 0;)
        if (!find(db, keys->pdata[i], out, error))
            return FALSE;
    if (out->account_id && !out->by)
        out->by = by;
    return TRUE;
}

static gboolean
by_failed_recipient(struct store *db, const struct mail_record *r, struct mail_match *out, GError **error)
{
    for (guint i = 0; !out->account_id && i < r->failed->len; i++) {
        const struct failed_recipient *f = r->failed->pdata[i];
        if (!find_message(db,
                          "SELECT m.id AS message_id, m.account_id FROM delivery d JOIN message m ON m.id = "
                          "d.message_id"
                          " WHERE d.address = ? AND d.state IN ('sent', 'unknown', 'transmitting') ORDER BY "
                          "d.at DESC LIMIT 1",
                          f->address, out, error))
            return FALSE;
    }
    if (out->account_id && !out->by)
        out->by = "failed recipient";
    return TRUE;
}

GArray *
match_accounts_of(struct store *db, const char *address, GError **error)
{
    return store_ids(
        db,
        /* An absent contact counts only where no account has a present one. */
        "SELECT DISTINCT account_id FROM contact WHERE address = ?1 AND (NOT absent OR NOT EXISTS"
        " (SELECT 1 FROM contact p WHERE p.address = ?1 AND NOT p.absent)) LIMIT 20",
        error, "t", address);
}

/* A mail of ours to the sender that had this subject; where several accounts were written to so, it says
 * nothing. */
static gboolean
by_subject(struct store *db, const struct mail_record *r, struct mail_match *out, GError **error)
{
    g_autofree char *subject = match_fold_subject(r->subject);
    struct mail_match found = {0};
    g_autoptr(GError) local = NULL;
    if (!*subject || !*r->from)
        return TRUE;
    scoped(query_end) struct query *q = store_query(
        db,
        "SELECT m.id, m.account_id, m.subject FROM delivery d JOIN message m ON m.id = d.message_id WHERE "
        "d.address = ? "
        "AND d.state IN ('sent', 'unknown', 'transmitting') ORDER BY d.at DESC, m.id DESC LIMIT 50",
        error, "t", r->from);
    while (q && query_next(q, &local)) {
        g_autofree char *ours = match_fold_subject(query_text(q, "subject"));
        if (strcmp(ours, subject) != 0)
            continue;
        if (found.account_id && found.account_id != query_int(q, "account_id"))
            return TRUE;
        if (!found.account_id) {
            found.account_id = query_int(q, "account_id");
            found.message_id = query_int(q, "id");
        }
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else if (found.account_id) {
        *out = found;
        out->by = "address and subject";
    }
    return q && !local;
}

static gboolean
by_address(struct store *db, const struct mail_record *r, struct mail_match *out, GError **error)
{
    g_autoptr(GArray) ids = match_accounts_of(db, r->from, error);
    if (!ids)
        return FALSE;
    if (ids->len == 1) {
        out->account_id = g_array_index(ids, gint64, 0);
        out->by = "address";
    }
    out->ambiguous = ids->len > 1;
    return TRUE;
}

gboolean
match_inbound(struct store *db, const struct mail_record *r, struct mail_match *out, GError **error)
{
    memset(out, 0, sizeof *out);
    if (!by_message_id(db, r->in_reply_to, out, error))
        return FALSE;
    if (out->account_id)
        out->by = "thread";
    if (!by_any(db, r->references, by_message_id, "thread", out, error) ||
        !by_any(db, r->recipients, by_token, "token", out, error))
        return FALSE;
    if ((!out->account_id && !by_link_subject(db, r, out, error)) ||
        (!out->account_id && !by_message_id(db, r->original_message_id, out, error)))
        return FALSE;
    if (out->account_id) {
        if (!out->by)
            out->by = "original Message-ID";
        return TRUE;
    }
    if (r->mail_class == MAIL_CLASS_BOUNCE || r->mail_class == MAIL_CLASS_DELAY ||
        r->mail_class == MAIL_CLASS_COMPLAINT || r->mail_class == MAIL_CLASS_RECEIPT) {
        if (!by_message_id(db, r->returned_message_id, out, error))
            return FALSE;
        if (out->account_id)
            out->by = "returned message";
        return by_any(db, r->returned, by_token, "token", out, error) &&
               by_failed_recipient(db, r, out, error);
    }
    return by_subject(db, r, out, error) && (out->account_id || by_address(db, r, out, error));
}

static void
add_account(GArray *accounts, gint64 id)
{
    for (guint i = 0; i < accounts->len; i++)
        if (g_array_index(accounts, gint64, i) == id)
            return;
    g_array_append_val(accounts, id);
}

GArray *
match_hand_sent(struct store *db, const struct mail_record *r, gboolean *ambiguous, GError **error)
{
    g_autoptr(GArray) accounts = g_array_new(FALSE, FALSE, sizeof(gint64));
    struct mail_match thread = {0};
    *ambiguous = FALSE;
    if (!by_message_id(db, r->in_reply_to, &thread, error) ||
        !by_any(db, r->references, by_message_id, "thread", &thread, error))
        return NULL;
    if (thread.account_id) {
        add_account(accounts, thread.account_id);
        return g_steal_pointer(&accounts);
    }
    for (guint i = 0; i < r->recipients->len; i++) {
        g_autoptr(GArray) ids = match_accounts_of(db, r->recipients->pdata[i], error);
        if (!ids)
            return NULL;
        if (ids->len == 1)
            add_account(accounts, g_array_index(ids, gint64, 0));
        *ambiguous = *ambiguous || ids->len > 1;
    }
    return g_steal_pointer(&accounts);
}

gboolean
match_ours(struct store *db, const char *message_id, struct mail_match *out, GError **error)
{
    if (!*message_id)
        return TRUE;
    out->by = NULL;
    if (!find_message(db, "SELECT id AS message_id, account_id FROM message WHERE message_id = ?", message_id,
                      out, error))
        return FALSE;
    if (out->account_id)
        out->by = "original Message-ID";
    return TRUE;
}

gboolean
match_is_ours(struct store *db, const char *message_id, const char *original_message_id, GError **error)
{
    return store_int(db, "SELECT 1 FROM message WHERE message_id IN (?, ?)", 0, error, "tt", message_id,
                     original_message_id) != 0;
}

/* ---- test copies ---- */

static gboolean
is_test_id(const char *id)
{
    return g_str_has_prefix(id, MATCH_TEST_COPY_PREFIX);
}

/* The specialist's address, with or without a token. */
static gboolean
is_own_address(const struct config *config, const char *address)
{
    const char *plus = strchr(address, '+'), *at = strrchr(address, '@');
    g_autofree char *plain = plus && at && plus < at
                                 ? g_strdup_printf("%.*s%s", (int)(plus - address), address, at)
                                 : g_strdup(address);
    return config_specialist_by_address(config, address) || config_specialist_by_address(config, plain);
}

/* TRUE when nobody but the team wrote it and reads it. */
static gboolean
is_among_ourselves(const struct config *config, const struct mail_record *r)
{
    if (!is_own_address(config, r->from))
        return FALSE;
    for (guint i = 0; i < r->recipients->len; i++)
        if (!is_own_address(config, r->recipients->pdata[i]))
            return FALSE;
    return TRUE;
}

static gboolean
has_test_token(struct store *db, const struct mail_record *r, gboolean *out, GError **error)
{
    for (guint i = 0; !*out && i < r->recipients->len; i++) {
        const char *address = r->recipients->pdata[i], *plus = strchr(address, '+');
        if (!plus || strcspn(plus + 1, "@") != 16)
            continue;
        g_autofree char *token = g_strndup(plus + 1, 16);
        g_autoptr(GError) local = NULL;
        *out = store_int(db, "SELECT 1 FROM test_copy WHERE token = ?", 0, &local, "t", token) != 0;
        if (!error_pass(error, &local))
            return FALSE;
    }
    return TRUE;
}

gboolean
match_is_test_copy(struct store *db, const struct config *config, const struct mail_record *r,
                   gboolean *is_test, GError **error)
{
    gboolean own = is_own_address(config, r->from), answers = is_test_id(r->in_reply_to);
    for (guint i = 0; i < r->references->len; i++)
        answers = answers || is_test_id(r->references->pdata[i]);
    /* Anybody may write such a Message-ID: a stranger's mail is not overlooked for it. */
    *is_test = (own && (is_test_id(r->message_id) || is_test_id(r->original_message_id))) ||
               is_test_id(r->returned_message_id);
    if (*is_test || !is_among_ourselves(config, r))
        return TRUE;
    *is_test = answers;
    return has_test_token(db, r, is_test, error);
}
