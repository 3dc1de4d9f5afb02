/* The mailbox reader.
 *
 * Each mail: its UID is committed as "being read", it is fetched by BODY.PEEK, parsed by the confined reader,
 * and recorded with its consequences in one transaction that also moves the folder's mark. A mail that kills
 * its reader twice is recorded as unreadable and passed over. On first sight of a folder, what arrived before
 * the database was made is not read; when UIDVALIDITY changes, recent mail is compared by Message-ID and
 * nothing is replayed. */
#include "inbox/watch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/progress.h"
#include "inbox/fence.h"
#include "inbox/reader.h"
#include "wire/mime_write.h"

#include <string.h>

#define BATCH 200u
#define LOOK_BACK 1000u /* messages looked at on first sight of a folder, and after a UIDVALIDITY change */
#define READ_TIMEOUT_MS 20000
#define MAX_DEATHS 2
#define HEADER_BYTES (64 * 1024)

struct watch {
    const struct intake *intake;
    char *executable;
    struct reader *reader;
    struct imap_client *client;
    char *sent; /* name of the Sent folder */
    char **own_addresses;
};

/* A folder under reading. */
struct folder {
    char *name;
    gboolean is_sent;
    guint32 uidvalidity;
    gint64 next_uid, reading_uid, deaths;
    gint64 not_before_us; /* INTERNALDATE below this is passed over: from before the database was made */
};

struct watch *
watch_new(const struct intake *intake, const char *reader_executable)
{
    struct watch *w = g_new0(struct watch, 1);
    w->intake = intake;
    w->executable = g_strdup(reader_executable);
    const GPtrArray *specialists = intake->config->specialists;
    w->own_addresses = g_new0(char *, specialists->len + 1);
    for (guint i = 0; i < specialists->len; i++)
        w->own_addresses[i] = g_ascii_strdown(((struct specialist *)specialists->pdata[i])->address, -1);
    return w;
}

void
watch_free(struct watch *w)
{
    if (!w)
        return;
    imap_client_close(w->client);
    reader_free(w->reader);
    g_free(w->executable);
    g_free(w->sent);
    g_strfreev(w->own_addresses);
    g_free(w);
}

static enum imap_security
imap_security_of(enum wire_security security)
{
    switch (security) {
    case WIRE_STARTTLS:
        return IMAP_STARTTLS;
    case WIRE_IMPLICIT_TLS:
        return IMAP_IMPLICIT_TLS;
    case WIRE_PLAIN_LOOPBACK:
        return IMAP_PLAIN_LOOPBACK;
    }
    return IMAP_IMPLICIT_TLS;
}

static gboolean
connect_mailbox(struct watch *w, GError **error)
{
    if (w->client && imap_client_is_usable(w->client))
        return TRUE;
    g_clear_pointer(&w->client, imap_client_close);
    const struct mailbox *m = w->intake->mailbox;
    scoped(secret_free) char *password = NULL;
    if (!mailbox_read_password(m, &password, error))
        return FALSE;
    struct imap_server server = {.host = m->imap.host,
                                 .port = m->imap.port,
                                 .security = imap_security_of(m->imap.security),
                                 .tls_name = m->tls_name,
                                 .ca_file = m->ca_file,
                                 .user = m->user,
                                 .password = password ? password : ""};
    w->client = imap_client_connect(&server, error);
    if (!w->client)
        return FALSE;
    g_clear_pointer(&w->sent, g_free);
    if (m->sent)
        w->sent = g_strdup(m->sent);
    else if (!imap_client_find_sent(w->client, &w->sent, error))
        return FALSE;
    if (!w->sent)
        w->sent = g_strdup("Sent");
    return TRUE;
}

gboolean
watch_check(struct watch *w, GError **error)
{
    return connect_mailbox(w, error) &&
           imap_client_select(w->client, w->intake->mailbox->inbox, NULL, error) &&
           imap_client_select(w->client, w->sent, NULL, error);
}

/* ---- a folder's mark ---- */

/* A mailbox has one folder of each role: a mark under an earlier name would never be fresh again. */
static gboolean
forget_other_names(struct watch *w, const char *name, gboolean is_sent, GError **error)
{
    return store_exec(w->intake->db, "DELETE FROM folder WHERE mailbox = ? AND role = ? AND name <> ?", error,
                      "ttt", w->intake->mailbox->name, is_sent ? "sent" : "inbox", name);
}

static gboolean
load_folder(struct watch *w, struct folder *f, const struct imap_folder_state *state, GError **error)
{
    struct store *db = w->intake->db;
    const char *mailbox = w->intake->mailbox->name;
    g_autofree char *made = store_meta(db, "created_real_us", NULL);
    f->not_before_us = made ? g_ascii_strtoll(made, NULL, 10) : 0;
    {
        scoped(query_end) struct query *q =
            store_query(db,
                        "SELECT uidvalidity, next_uid, COALESCE(reading_uid, 0) AS reading_uid, "
                        "reading_deaths FROM folder WHERE mailbox = ? AND name = ?",
                        error, "tt", mailbox, f->name);
        g_autoptr(GError) local = NULL;
        if (!q)
            return FALSE;
        if (query_next(q, &local) && query_int(q, "uidvalidity") == state->uidvalidity) {
            f->next_uid = query_int(q, "next_uid");
            f->reading_uid = query_int(q, "reading_uid");
            f->deaths = query_int(q, "reading_deaths");
            return TRUE;
        }
        if (local) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
    /* First sight, or a new UIDVALIDITY: look back a little; older mail than the database is none of its
     * business. */
    f->next_uid = state->uidnext > LOOK_BACK ? state->uidnext - LOOK_BACK : 1;
    return forget_other_names(w, f->name, f->is_sent, error) &&
           store_exec(db,
                      "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid) VALUES(?, ?, ?, ?, ?) "
                      "ON CONFLICT DO UPDATE SET"
                      " uidvalidity = excluded.uidvalidity, next_uid = excluded.next_uid, reading_uid = "
                      "NULL, reading_deaths = 0,"
                      " read_boot_us = NULL",
                      error, "tttii", mailbox, f->name, f->is_sent ? "sent" : "inbox",
                      (gint64)state->uidvalidity, f->next_uid);
}

static gboolean
mark_reading(struct watch *w, struct folder *f, guint32 uid, GError **error)
{
    f->deaths = f->reading_uid == uid ? f->deaths + 1 : 0;
    f->reading_uid = uid;
    return store_exec(w->intake->db,
                      "UPDATE folder SET reading_uid = ?, reading_deaths = ? WHERE mailbox = ? AND name = ?",
                      error, "iitt", (gint64)uid, f->deaths, w->intake->mailbox->name, f->name);
}

static gboolean
mark_done(struct watch *w, struct folder *f, guint32 uid, GError **error)
{
    f->next_uid = (gint64)uid + 1;
    f->reading_uid = 0;
    f->deaths = 0;
    return store_exec(w->intake->db,
                      "UPDATE folder SET next_uid = ?, reading_uid = NULL, reading_deaths = 0 WHERE mailbox "
                      "= ? AND name = ?",
                      error, "itt", f->next_uid, w->intake->mailbox->name, f->name);
}

/* ---- one mail ---- */

/* A reader that has shown that it works, so that a later death is the mail's doing and not the machine's. */
static gboolean
ensure_reader(struct watch *w, GError **error)
{
    static const guint8 probe[] = "Subject: probe\r\n\r\n";
    struct mail_record record;
    if (w->reader && !reader_is_dead(w->reader))
        return TRUE;
    g_clear_pointer(&w->reader, reader_free);
    w->reader = reader_start(w->executable, error);
    if (!w->reader)
        return FALSE;
    if (!reader_read_mail(w->reader, probe, sizeof probe - 1, FALSE, NULL, READ_TIMEOUT_MS, &record, error)) {
        g_clear_pointer(&w->reader, reader_free);
        return FALSE;
    }
    mail_record_clear(&record);
    return TRUE;
}

static gboolean
classify(struct watch *w, const struct folder *f, GBytes *bytes, gboolean partial, struct mail_record *record,
         GError **error)
{
    struct classify_context context = {.own_addresses = (const char *const *)w->own_addresses};
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    return reader_read_mail(w->reader, data, size, partial, f->is_sent ? NULL : &context, READ_TIMEOUT_MS,
                            record, error);
}

/* Records a mail with its consequences; of one that is not readable, record is what its header alone gave, or
 * NULL. */
static gboolean
store_mail(struct watch *w, struct folder *f, const struct imap_envelope *e, const struct mail_record *record,
           gboolean readable, GError **error)
{
    gint64 now_us = clock_now_us();
    struct mail_place place = {
        .folder = f->name, .sent_folder = f->is_sent, .uidvalidity = f->uidvalidity, .uid = e->uid};
    place.at_us = clock_is_rehearsed() || !e->internaldate_us ? now_us : MIN(now_us, e->internaldate_us);
    struct store *db = w->intake->db;
    if (!store_begin(db, error))
        return FALSE;
    if ((readable ? intake_record(w->intake, &place, record, error)
                  : intake_record_unreadable(w->intake, &place, record, error)) &&
        mark_done(w, f, e->uid, error) && store_commit(db, error))
        return TRUE;
    store_rollback(db);
    return FALSE;
}

/* The mail did not kill the reader: its count starts again. */
static void
mark_alive(struct watch *w, struct folder *f)
{
    f->reading_uid = 0;
    f->deaths = 0;
    store_exec(w->intake->db,
               "UPDATE folder SET reading_uid = NULL, reading_deaths = 0 WHERE mailbox = ? AND name = ?",
               NULL, "tt", w->intake->mailbox->name, f->name);
}

/* A mail that cannot be parsed may still tell by its header alone whose it is. */
static gboolean
store_unreadable(struct watch *w, struct folder *f, const struct imap_envelope *e, GBytes *bytes,
                 GError **error)
{
    gsize size;
    const char *data = g_bytes_get_data(bytes, &size);
    const char *end = g_strstr_len(data, (gssize)MIN(size, (gsize)HEADER_BYTES), "\r\n\r\n");
    g_autoptr(GBytes) header =
        g_bytes_new(data, end ? (gsize)(end - data) + 4 : MIN(size, (gsize)HEADER_BYTES));
    struct mail_record record;
    if (!ensure_reader(w, error))
        return FALSE;
    gboolean known = classify(w, f, header, TRUE, &record, NULL);
    gboolean ok = store_mail(w, f, e, known ? &record : NULL, FALSE, error);
    if (known)
        mail_record_clear(&record);
    return ok;
}

static gboolean
read_mail(struct watch *w, struct folder *f, const struct imap_envelope *e, GError **error)
{
    if (f->not_before_us && e->internaldate_us && e->internaldate_us < f->not_before_us - CLOCK_SECOND_US)
        return mark_done(w, f, e->uid, error);
    g_autoptr(GBytes) bytes = NULL;
    gboolean partial = FALSE;
    if (!imap_client_fetch(w->client, e->uid, 0, &bytes, &partial, error))
        return FALSE;
    if (!bytes) /* expunged meanwhile */
        return mark_done(w, f, e->uid, error);
    for (;;) {
        struct mail_record record;
        g_autoptr(GError) local = NULL;
        /* Counted only around the parser: a dropped line or a locked database says nothing about the mail. */
        if (!ensure_reader(w, error))
            return FALSE; /* says nothing about the mail: it is read when a reader can be had */
        if (!mark_reading(w, f, e->uid, error))
            return FALSE;
        if (f->deaths >= MAX_DEATHS)
            return store_unreadable(w, f, e, bytes, error);
        if (classify(w, f, bytes, partial, &record, &local)) {
            gboolean ok = store_mail(w, f, e, &record, TRUE, error);
            if (!ok)
                mark_alive(w, f);
            mail_record_clear(&record);
            return ok;
        }
        g_autofree char *uid = g_strdup_printf("%u", e->uid);
        log_problem("reader_died", local, "mailbox", w->intake->mailbox->name, "folder", f->name, "uid", uid,
                    NULL);
    }
}

/* ---- folders ---- */

static gboolean
read_folder(struct watch *w, const char *name, gboolean is_sent, guint *count, GError **error)
{
    gint64 began_us = clock_boottime_us();
    struct imap_folder_state state;
    if (!imap_client_select(w->client, name, &state, error))
        return FALSE;
    struct folder f = {.name = (char *)(gsize)name, .is_sent = is_sent, .uidvalidity = state.uidvalidity};
    if (!load_folder(w, &f, &state, error))
        return FALSE;
    for (;;) {
        g_autoptr(GArray) envelopes = NULL;
        if (!imap_client_list_since(w->client, (guint32)f.next_uid, BATCH, &envelopes, error))
            return FALSE;
        for (guint i = 0; i < envelopes->len; i++) {
            if (!read_mail(w, &f, &g_array_index(envelopes, struct imap_envelope, i), error))
                return FALSE;
            if (count)
                (*count)++;
            progress_tell();
        }
        if (envelopes->len < BATCH)
            break;
    }
    return fence_mark_read(w->intake->db, w->intake->mailbox->name, name, began_us, error);
}

/* A Sent folder that does not exist yet holds nothing; it is marked read. */
static gboolean
read_sent(struct watch *w, guint *count, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (read_folder(w, w->sent, TRUE, count, &local))
        return TRUE;
    if (!g_error_matches(local, USHER_ERROR, USHER_ERROR_NO_INPUT) || !imap_client_is_usable(w->client)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return forget_other_names(w, w->sent, TRUE, error) &&
           store_exec(w->intake->db,
                      "INSERT INTO folder(mailbox, name, role, uidvalidity, next_uid) VALUES(?, ?, 'sent', "
                      "0, 1) ON CONFLICT DO NOTHING",
                      error, "tt", w->intake->mailbox->name, w->sent) &&
           fence_mark_read(w->intake->db, w->intake->mailbox->name, w->sent, clock_boottime_us(), error);
}

gboolean
watch_read(struct watch *w, guint *count, GError **error)
{
    if (count)
        *count = 0;
    /* Sent first: an answer written by hand must be known before the next reply is judged; INBOX last stays
     * selected for IDLE. */
    return connect_mailbox(w, error) && read_sent(w, count, error) &&
           read_folder(w, w->intake->mailbox->inbox, FALSE, count, error);
}

gboolean
watch_wait(struct watch *w, int wake_fd, int max_ms, GError **error)
{
    gboolean changed;
    return imap_client_idle(w->client, wake_fd, max_ms, &changed, error);
}

/* ---- copies in Sent ---- */

struct copy {
    gint64 id;
    char *message_id;
    GBytes *bytes;
    gint64 date_us;
};

static void
copy_free(gpointer data)
{
    struct copy *c = data;
    g_free(c->message_id);
    g_bytes_unref(c->bytes);
    g_free(c);
}

static GPtrArray *
wanted_copies(struct watch *w, GError **error)
{
    g_autoptr(GPtrArray) copies = g_ptr_array_new_with_free_func(copy_free);
    scoped(query_end) struct query *q = store_query(
        w->intake->db,
        "SELECT id, message_id, bytes, date_at FROM message WHERE mailbox = ? AND copy = 'wanted' LIMIT 100",
        error, "t", w->intake->mailbox->name);
    g_autoptr(GError) local = NULL;
    while (q && query_next(q, &local)) {
        struct copy *c = g_new0(struct copy, 1);
        c->id = query_int(q, "id");
        c->message_id = query_dup_text(q, "message_id");
        c->bytes = query_dup_bytes(q, "bytes");
        c->date_us = query_int(q, "date_at");
        g_ptr_array_add(copies, c);
    }
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return q && !local ? g_steal_pointer(&copies) : NULL;
}

static gboolean
append_copy(struct watch *w, const struct copy *c, GError **error)
{
    guint32 uid = 0;
    g_autoptr(GError) missing = NULL;
    if (!imap_client_select(w->client, w->sent, NULL, &missing)) {
        if (!g_error_matches(missing, USHER_ERROR, USHER_ERROR_NO_INPUT) ||
            !imap_client_is_usable(w->client)) {
            g_propagate_error(error, g_steal_pointer(&missing));
            return FALSE;
        }
    } else if (!imap_client_search_message_id(w->client, c->message_id, &uid, error)) {
        return FALSE;
    }
    g_autoptr(GBytes) bytes =
        uid ? NULL : mime_add_date(c->bytes, c->date_us, w->intake->config->timezone, error);
    if (!uid && (!bytes || !imap_client_append(w->client, w->sent, bytes, TRUE, 0, NULL, error)))
        return FALSE;
    FAULT_POINT("watch.filed"); /* the copy is in Sent, and not noted */
    return store_exec(w->intake->db, "UPDATE message SET copy = 'done' WHERE id = ?", error, "i", c->id);
}

gboolean
watch_append_copies(struct watch *w, GError **error)
{
    g_autoptr(GPtrArray) copies = wanted_copies(w, error);
    if (!copies || copies->len == 0)
        return copies != NULL;
    if (!connect_mailbox(w, error))
        return FALSE;
    for (guint i = 0; i < copies->len; i++)
        if (!append_copy(w, copies->pdata[i], error))
            return FALSE;
    return TRUE;
}
