/* Making a test copy: see test_copy.h. It is rendered by the same functions as the real mail. */
#include "service/test_copy.h"

#include "base/error.h"
#include "base/text.h"
#include "compose/letter.h"
#include "inbox/match.h"
#include "outbox/test_outbox.h"
#include "service/drafting.h"
#include "service/revision.h"

#include <string.h>

/* text as Markdown that means just it. */
static void
put_plain(GString *out, const char *text)
{
    for (const char *p = text; *p; p++) {
        if (g_ascii_iscntrl(*p)) {
            g_string_append_c(out, ' ');
            continue;
        }
        if (g_ascii_ispunct(*p))
            g_string_append_c(out, '\\');
        g_string_append_c(out, *p);
    }
}

static void
put_recipients(GString *out, const GPtrArray *recipients, gboolean cc)
{
    guint n = 0;
    for (guint i = 0; i < recipients->len; i++) {
        const struct recipient *r = recipients->pdata[i];
        if (r->cc != cc)
            continue;
        g_string_append(out, n++ ? ", " : cc ? "; in copy to " : "It would go to ");
        put_plain(out, r->address);
        if (r->why) {
            g_string_append(out, " (");
            put_plain(out, r->why);
            g_string_append_c(out, ')');
        }
    }
}

/* The paragraph in front, then what the customer would read. The caller frees. */
static char *
marked_text(const struct draft *d)
{
    GString *out = g_string_new("This is a test copy of draft ");
    g_autofree char *name = revision_name(d->id, d->revision);
    put_plain(out, name);
    g_string_append(out, " for ");
    put_plain(out, d->account_key);
    g_string_append(out, ". ");
    put_recipients(out, d->recipients, FALSE);
    put_recipients(out, d->recipients, TRUE);
    g_string_append_printf(out, ".\n\n%s", d->markdown);
    return g_string_free(out, FALSE);
}

static gboolean
is_live(const struct draft *d, GError **error)
{
    if (d->state == MESSAGE_WAITING || d->state == MESSAGE_CHANGED || d->state == MESSAGE_QUEUED) {
        if (d->specialist)
            return TRUE;
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "usher.conf has no specialist \"%s\" any more",
                    d->specialist_id);
        return FALSE;
    }
    g_set_error(error, USHER_ERROR, USHER_ERROR_DATA, "draft %" G_GINT64_FORMAT " is %s", d->id,
                message_state_names[d->state]);
    return FALSE;
}

/* The bytes of the copy: the draft with its words marked, for one reader. */
static GBytes *
copy_bytes(struct service *s, const struct draft *d, const struct specialist *to, const char *message_id,
           const char *token, gint64 now_us, GError **error)
{
    g_autofree char *subject = g_strconcat("[Test] ", d->subject, NULL);
    g_autofree char *markdown = marked_text(d);
    struct recipient reader = {.address = to->address, .name = to->name};
    g_autoptr(GPtrArray) readers = g_ptr_array_new();
    g_ptr_array_add(readers, &reader);
    /* It follows nothing: with the customer's thread in its headers it would be taken for a part of it. */
    struct draft copy = *d;
    copy.subject = subject;
    copy.markdown = markdown;
    copy.recipients = readers;
    copy.follows = FALSE;
    struct composer c = drafting_composer(s, NULL, now_us);
    return letter_bytes(&c, &copy, message_id, token, error);
}

/* The Message-ID of a copy (and its token), like no other. The caller frees both. */
static char *
identity(struct service *s, const struct draft *d, char **token, GError **error)
{
    g_autofree char *secret = store_meta(s->db, "secret", error);
    if (!secret) {
        if (error && !*error)
            g_set_error_literal(error, USHER_ERROR, USHER_ERROR_CONFIG,
                                "the database has no secret; `usher init` makes one");
        return NULL;
    }
    g_autofree char *unique = g_uuid_string_random();
    g_autofree char *name = g_strdup_printf("test copy %" G_GINT64_FORMAT " %s", d->id, unique);
    g_autofree char *token_name = g_strconcat("token of ", name, NULL);
    g_autofree char *hash = text_keyed_hash(secret, name, 32);
    *token = text_keyed_hash(secret, token_name, 16);
    return g_strconcat(MATCH_TEST_COPY_PREFIX, hash, strrchr(d->specialist->address, '@'), NULL);
}

gboolean
test_copy_queue(struct service *s, const struct draft *d, const struct specialist *to, const char *actor,
                gint64 now_us, GError **error)
{
    g_autofree char *token = NULL;
    if (!is_live(d, error))
        return FALSE;
    g_autofree char *message_id = identity(s, d, &token, error);
    g_autoptr(GBytes) bytes = message_id ? copy_bytes(s, d, to, message_id, token, now_us, error) : NULL;
    if (!bytes)
        return FALSE;
    const struct test_copy copy = {.message_id = d->id,
                                   .revision = d->revision,
                                   .mailbox = d->specialist->mailbox->name,
                                   .mail_from = d->specialist->address,
                                   .address = to->address,
                                   .token = token,
                                   .bytes = bytes,
                                   .asked_by = actor};
    gint64 id;
    gboolean ok = store_begin(s->db, error) && test_outbox_add(s->db, &copy, now_us, &id, error) &&
                  store_commit(s->db, error);
    if (!ok)
        store_rollback(s->db);
    return ok;
}
