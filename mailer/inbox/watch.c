/* The mailbox reader.
 *
 * Each mail: its UID is committed as "being read", it is fetched by BODY.PEEK, parsed by the confined reader,
 * and recorded with its consequences in one transaction that also moves the folder's mark. A mail that kills
 * its reader twice is recorded as unreadable and passed over. On first sight of a folder, what arrived before
 * the database was made is not read; when UIDVALIDITY changes, recent mail is compared by Message-ID and
 * nothing is replayed. */
#include "inbox/watch_private.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop.h"
#include "inbox/fence.h"

#include <string.h>

#define BATCH 200u
#define READ_TIMEOUT_MS 20000
#define MAX_DEATHS 2
#define WITHHELD_US (15 * CLOCK_MINUTE_US) /* a mail that is not given in that time is passed over */
#define HEADER_BYTES (64 * 1024)

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
    g_clear_pointer(&w->further, g_ptr_array_unref);
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

/* Where the server marks no folder as \\Sent: one that is called so. "Sent" when there is none. */
static gboolean
find_sent_by_name(struct watch *w, GError **error)
{
    static const char *const names[] = {
        "Sent",       "Sent Items", "Sent Messages",     "Sent Mail",
        "INBOX.Sent", "INBOX/Sent", "[Gmail]/Sent Mail", "[Google Mail]/Sent Mail"};
    for (gsize i = 0; i < G_N_ELEMENTS(names) && !w->sent; i++) {
        struct imap_folder_state state;
        g_autoptr(GError) local = NULL;
        if (imap_client_status(w->client, names[i], &state, &local)) {
            w->sent = g_strdup(names[i]);
        } else if (!g_error_matches(local, USHER_ERROR, USHER_ERROR_NO_INPUT) ||
                   !imap_client_is_usable(w->client)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
    }
    if (!w->sent)
        w->sent = g_strdup("Sent");
    return TRUE;
}

/* Further folders are named as the server has them, or by its mark for them ("\\Archive"). */
static gboolean
find_further(struct watch *w, GError **error)
{
    g_clear_pointer(&w->further, g_ptr_array_unref);
    w->further = g_ptr_array_new_with_free_func(g_free);
    for (char **name = w->intake->mailbox->folders; *name; name++) {
        char *found = NULL;
        if (**name != '\\')
            found = g_strdup(*name);
        else if (!imap_client_find_marked(w->client, *name + 1, &found, error))
            return FALSE;
        /* One that is not there keeps the name that nothing has: opening it says so. */
        g_ptr_array_add(w->further, found ? found : g_strdup(*name));
    }
    return TRUE;
}

gboolean
watch_connect(struct watch *w, GError **error)
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
                                 .password = password ? password : "",
                                 .auth = m->secret ? secret_kind(m->secret) : SECRET_PASSWORD,
                                 .secret = m->secret,
                                 .cancel_fd = stop_fd()};
    w->client = imap_client_connect(&server, error);
    if (!w->client)
        return FALSE;
    g_clear_pointer(&w->sent, g_free);
    if (m->sent)
        w->sent = g_strdup(m->sent);
    else if (!imap_client_find_marked(w->client, "Sent", &w->sent, error))
        return FALSE;
    return (w->sent || find_sent_by_name(w, error)) && find_further(w, error);
}

/* Opens a folder to see if it is there; says of one that is not what its name is, and where it was named. */
static gboolean
check_folder(struct watch *w, const char *name, const char *found, GError **error)
{
    g_autoptr(GError) local = NULL;
    if (imap_client_select(w->client, found, NULL, &local))
        return TRUE;
    if (g_error_matches(local, USHER_ERROR, USHER_ERROR_NO_INPUT) && imap_client_is_usable(w->client))
        g_prefix_error(&local, "folder \"%s\" of usher.conf: ", name);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

gboolean
watch_check(struct watch *w, gboolean *sent_exists, GError **error)
{
    const struct mailbox *m = w->intake->mailbox;
    g_autoptr(GError) local = NULL;
    if (!watch_connect(w, error) || !check_folder(w, m->inbox, m->inbox, error))
        return FALSE;
    for (guint i = 0; m->folders[i]; i++)
        if (!check_folder(w, m->folders[i], w->further->pdata[i], error))
            return FALSE;
    *sent_exists = imap_client_select(w->client, w->sent, NULL, &local);
    if (*sent_exists ||
        (g_error_matches(local, USHER_ERROR, USHER_ERROR_NO_INPUT) && imap_client_is_usable(w->client)))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

struct imap_client *
watch_open(struct watch *w, GError **error)
{
    return watch_connect(w, error) ? w->client : NULL;
}

const struct imap_client *
watch_client(const struct watch *w)
{
    return w->client;
}

const char *
watch_sent_folder(const struct watch *w)
{
    return w->sent;
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
    return reader_read_mail(w->reader, data, size, partial, f->role == FOLDER_SENT ? NULL : &context,
                            READ_TIMEOUT_MS, record, error);
}

/* Records a mail with its consequences; of one that is not readable, record is what its header alone gave, or
 * NULL. */
static gboolean
store_mail(struct watch *w, struct folder *f, const struct imap_envelope *e, const struct mail_record *record,
           gboolean readable, GError **error)
{
    gint64 now_us = clock_now_us();
    struct mail_place place = {.folder = f->name,
                               .sent_folder = f->role == FOLDER_SENT,
                               .uidvalidity = f->uidvalidity,
                               .uid = e->uid};
    place.at_us = clock_is_rehearsed() || !e->internaldate_us ? now_us : MIN(now_us, e->internaldate_us);
    struct store *db = w->intake->db;
    if (!store_begin(db, error))
        return FALSE;
    if ((readable ? intake_record(w->intake, &place, record, error)
                  : intake_record_unreadable(w->intake, &place, record, error)) &&
        folder_mark_done(w, f, e->uid, error) && store_commit(db, error))
        return TRUE;
    store_rollback(db);
    return FALSE;
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

/* Since when the server keeps the mail back, kept over restarts. Nothing else is read before it meanwhile,
 * since a folder is read in order; so it must not be for ever. */
static gboolean
withheld_since(struct watch *w, const struct folder *f, guint32 uid, gint64 now_us, gint64 *since_us,
               GError **error)
{
    g_autofree char *key = g_strdup_printf("withheld %s %s", w->intake->mailbox->name, f->name);
    g_autofree char *mail = g_strdup_printf("%u %u since ", f->uidvalidity, uid);
    g_autoptr(GError) local = NULL;
    g_autofree char *known = store_meta(w->intake->db, key, &local);
    if (!error_pass(error, &local))
        return FALSE;
    *since_us =
        known && g_str_has_prefix(known, mail) ? g_ascii_strtoll(known + strlen(mail), NULL, 10) : now_us;
    if (known && g_str_has_prefix(known, mail) && *since_us <= now_us)
        return TRUE;
    g_autofree char *value = g_strdup_printf("%s%" G_GINT64_FORMAT, mail, now_us);
    *since_us = now_us;
    return store_set_meta(w->intake->db, key, value, error);
}

/* The server gave nothing of it. Either it was expunged meanwhile, or the server keeps it back: then it is
 * asked for again, and in the end passed over with a task, as a mail that cannot be read. */
static gboolean
pass_over(struct watch *w, struct folder *f, const struct imap_envelope *e, GError **error)
{
    gboolean there;
    gint64 now_us = clock_now_us(), since_us;
    if (!imap_client_lists(w->client, e->uid, &there, error))
        return FALSE;
    if (!there)
        return folder_mark_done(w, f, e->uid, error);
    if (!withheld_since(w, f, e->uid, now_us, &since_us, error))
        return FALSE;
    if (now_us - since_us >= WITHHELD_US)
        return store_mail(w, f, e, NULL, FALSE, error);
    g_set_error(error, USHER_ERROR, USHER_ERROR_PROTOCOL,
                "the server lists message %u of %s and does not give it", e->uid, f->name);
    return FALSE;
}

static gboolean
read_mail(struct watch *w, struct folder *f, const struct imap_envelope *e, GError **error)
{
    if (f->not_before_us && e->internaldate_us && e->internaldate_us < f->not_before_us - CLOCK_SECOND_US)
        return folder_mark_done(w, f, e->uid, error);
    g_autoptr(GBytes) bytes = NULL;
    gboolean partial = FALSE;
    if (!imap_client_fetch(w->client, e->uid, 0, &bytes, &partial, error))
        return FALSE;
    if (!bytes)
        return pass_over(w, f, e, error);
    for (;;) {
        struct mail_record record;
        g_autoptr(GError) local = NULL;
        /* Counted only around the parser: a dropped line or a locked database says nothing about the mail. */
        if (!ensure_reader(w, error))
            return FALSE; /* says nothing about the mail: it is read when a reader can be had */
        if (!folder_mark_reading(w, f, e->uid, error))
            return FALSE;
        if (f->deaths >= MAX_DEATHS)
            return store_unreadable(w, f, e, bytes, error);
        if (classify(w, f, bytes, partial, &record, &local)) {
            gboolean ok = store_mail(w, f, e, &record, TRUE, error);
            if (!ok)
                folder_mark_alive(w, f);
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
read_folder(struct watch *w, const char *name, const char *found, enum folder_role role, guint *count,
            GError **error)
{
    gint64 began_us = clock_boottime_us();
    struct imap_folder_state state;
    if (!imap_client_select(w->client, found, &state, error))
        return FALSE;
    struct folder f = {.name = name, .role = role, .uidvalidity = state.uidvalidity};
    if (!folder_load(w, &f, &state, error))
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
    if (read_folder(w, w->sent, w->sent, FOLDER_SENT, count, &local))
        return TRUE;
    if (!g_error_matches(local, USHER_ERROR, USHER_ERROR_NO_INPUT) || !imap_client_is_usable(w->client)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return folder_mark_missing(w, w->sent, FOLDER_SENT, error);
}

/* A folder that usher.conf names and the server does not have: whatever is sorted there would be overlooked.
 */
static gboolean
read_further(struct watch *w, guint *count, GError **error)
{
    char **names = w->intake->mailbox->folders;
    for (guint i = 0; names[i]; i++)
        if (!read_folder(w, names[i], w->further->pdata[i], FOLDER_FURTHER, count, error)) {
            g_prefix_error(error, "folder \"%s\" of usher.conf: ", names[i]);
            return FALSE;
        }
    return TRUE;
}

gboolean
watch_read(struct watch *w, guint *count, GError **error)
{
    if (count)
        *count = 0;
    /* Sent first: an answer written by hand must be known before the next reply is judged; INBOX last stays
     * selected for IDLE. */
    return watch_connect(w, error) && read_sent(w, count, error) && read_further(w, count, error) &&
           read_folder(w, w->intake->mailbox->inbox, w->intake->mailbox->inbox, FOLDER_INBOX, count, error);
}

gboolean
watch_wait(struct watch *w, int wake_fd, int max_ms, GError **error)
{
    gboolean changed;
    return imap_client_idle(w->client, wake_fd, max_ms, &changed, error);
}
