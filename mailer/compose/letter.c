/* Headers, parts and threading of an outgoing mail: see letter.h. */
#include "compose/letter.h"

#include "base/error.h"
#include "base/text.h"
#include "compose/markdown.h"
#include "compose/thread.h"

#include <string.h>

gboolean
letter_identity(struct store *db, const struct draft *draft, char **message_id, char **token, GError **error)
{
    g_autofree char *secret = store_meta(db, "secret", error);
    if (!secret) {
        if (error && !*error)
            g_set_error_literal(error, USHER_ERROR, USHER_ERROR_CONFIG,
                                "the database has no secret; `usher init` makes one");
        return FALSE;
    }
    g_autofree char *generation = store_meta(db, "generation", NULL);
    gint64 n = generation ? g_ascii_strtoll(generation, NULL, 10) : 0;
    g_autofree char *name = text_message_name("message", draft->id, n);
    g_autofree char *token_name = text_message_name("token", draft->id, n);
    g_autofree char *hash = text_keyed_hash(secret, name, 32);
    const char *at = strrchr(draft->specialist->address, '@');
    *message_id = g_strdup_printf("usher.%s%s", hash, at);
    *token = text_keyed_hash(secret, token_name, 16);
    return TRUE;
}

char *
letter_token_address(const char *address, const char *token)
{
    const char *at = strrchr(address, '@');
    return g_strdup_printf("%.*s+%s%s", (int)(at - address), address, token, at);
}

GBytes *
letter_bytes(const struct composer *c, const struct draft *draft, const char *message_id, const char *token,
             GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *html = NULL;
    if (!markdown_render(draft->markdown, NULL, &text, &html, error))
        return NULL;
    struct mail_thread thread = {0};
    if (draft->follows && !thread_load(c->db, draft->account_id, &thread, error))
        return NULL;
    const struct specialist *who = draft->specialist;
    const struct specialist *cover = draft->cover ? config_specialist(c->config, draft->cover) : NULL;
    const struct specialist *answers = cover ? cover : who; /* who is away must not miss an answer */
    g_autofree char *reply_to = answers->mailbox->plus_addressing
                                    ? letter_token_address(answers->address, token)
                                    : g_strdup(cover ? cover->address : NULL);
    g_autofree char *unsubscribe =
        g_strdup_printf("<mailto:%s?subject=unsubscribe%%20%s>", who->address, token);
    g_autofree char *boundary = g_strdup_printf("=_usher_%.24s", message_id + strlen("usher."));
    g_autofree struct mime_mailbox *to = g_new0(struct mime_mailbox, draft->recipients->len + 1);
    g_autofree struct mime_mailbox *cc = g_new0(struct mime_mailbox, draft->recipients->len + 1);
    gsize n_to = 0, n_cc = 0;
    for (guint i = 0; i < draft->recipients->len; i++) {
        const struct recipient *r = draft->recipients->pdata[i];
        struct mime_mailbox *slot = r->cc ? &cc[n_cc++] : &to[n_to++];
        *slot = (struct mime_mailbox){.name = r->name && !fact_name_refusal(r->name) ? r->name : NULL,
                                      .address = r->address};
    }
    struct mime_letter letter = {.from = {.name = who->name, .address = who->address},
                                 .reply_to = {.name = reply_to ? answers->name : NULL, .address = reply_to},
                                 .to = to,
                                 .to_count = n_to,
                                 .cc = cc,
                                 .cc_count = n_cc,
                                 .subject = draft->subject,
                                 .message_id = message_id,
                                 .in_reply_to = thread.in_reply_to,
                                 .references = (const char *const *)thread.references,
                                 .list_unsubscribe = unsubscribe,
                                 .text = text,
                                 .html = html,
                                 .boundary = boundary};
    GBytes *bytes = mime_write(&letter, error);
    thread_clear(&thread);
    return bytes;
}
