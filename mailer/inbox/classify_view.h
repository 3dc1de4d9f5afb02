/* What the rules of the classifier look at: one mail with its texts prepared once. Internal to
 * inbox/classify*.c. */
#ifndef USHER_INBOX_CLASSIFY_VIEW_H
#define USHER_INBOX_CLASSIFY_VIEW_H

#include <glib.h>

#include "inbox/classify.h"
#include "inbox/classify_fold.h"
#include "inbox/reply_text.h"
#include "wire/mime_read.h"

#define VIEW_FOLDED_MAX (24u * 1024) /* bytes of body that wordings are looked for in */

struct classify_view {
    const struct mime_mail *mail;
    const struct classify_context *ctx; /* never NULL */
    char *from;                         /* address, lower case, "" when there is none */
    char *from_name;                    /* display name or "" */
    char *subject;                      /* decoded */
    char *subject_folded;               /* by classify_fold */
    char *body;               /* text of the mail itself: text/plain, else HTML as text; "" when none */
    char *new_text;           /* the sender's own new words (reply_text.h) */
    char *new_folded;         /* their beginning, by classify_fold */
    struct reply_marks marks; /* what was cut away */
    const struct mime_part *calendar; /* first text/calendar or .ics part, or NULL */
    const char *calendar_text;        /* its text, or the body of a bare calendar file; or NULL */
    gboolean null_sender;             /* Return-Path: <> */
    gboolean daemon;                  /* From is a mail system */
    gboolean list;                    /* carries mailing-list fields */
    gboolean bulk;                    /* Precedence: bulk, junk or list */
    gboolean unsubscribable;          /* carries List-Unsubscribe: newsletters and notifications */
    gboolean answers;                 /* In-Reply-To or an answer's subject */
};

/* Prepares a view of mail; both mail and ctx must outlive it. Free its content with classify_view_clear. */
void classify_view_init(struct classify_view *view, const struct mime_mail *mail,
                        const struct classify_context *ctx);
void classify_view_clear(struct classify_view *view);

/* Decides: sets class, rule and evidence. evidence may be NULL. Returns TRUE, for `return
 * classify_decide(…)`. */
gboolean classify_decide(struct mail_record *out, enum mail_class mail_class, const char *rule,
                         const char *evidence);

/* The same with a header field as evidence ("Auto-Submitted: auto-replied"). */
gboolean classify_decide_field(struct mail_record *out, enum mail_class mail_class, const char *rule,
                               const struct mime_field *field);

/* The line of text around offset at, trimmed. The caller frees. */
char *classify_line_at(const char *text, const char *at);

/* The line of text whose folded form contains folded_phrase, or the phrase itself. The caller frees. */
char *classify_line_with(const char *text, const char *folded_phrase);

/* Value of a header field of the mail, or NULL. */
const char *classify_header(const struct classify_view *view, const char *name);

/* TRUE when the decoded value of the field begins with / contains word, letter case ignored. */
gboolean classify_header_has(const struct classify_view *view, const char *name, const char *word);

/* The checks, in the order of enum mail_class. Each fills its part of out and decides, or returns FALSE. */
gboolean classify_check_bounce(const struct classify_view *view, struct mail_record *out);
gboolean classify_check_complaint(const struct classify_view *view, struct mail_record *out);
gboolean classify_check_receipt(const struct classify_view *view, struct mail_record *out);
gboolean classify_check_challenge(const struct classify_view *view, struct mail_record *out);
gboolean classify_check_auto_reply(const struct classify_view *view, struct mail_record *out);
gboolean classify_check_opt_out(const struct classify_view *view, struct mail_record *out);
gboolean classify_check_booking(const struct classify_view *view, struct mail_record *out);

/* TRUE for mail that a List-Unsubscribe link made: it may carry the marks of an automatic answer. */
gboolean classify_is_unsubscribe_mail(const struct classify_view *view, const struct mail_record *out);

/* TRUE for mail of a service that asks senders to prove themselves; some dress it as a delivery report. */
gboolean classify_is_challenge_service(const struct classify_view *view);

/* Judges one failed recipient from its status code ("" when unknown) and the server's words. */
void classify_judge_failure(const char *status, const char *words, enum bounce_reason *reason,
                            enum tri_state *permanent);

/* The first enhanced status code (RFC 3463) of class 2, 4 or 5 in text, or NULL. The caller frees. */
char *classify_find_status(const char *text);

/* The day on which the writer of an out-of-office note is back, as "YYYY-MM-DD", or NULL when the note does
 * not say it beyond doubt. text and subject are unfolded; sent_us and zone_s are the mail's Date. The caller
 * frees. */
char *classify_find_return_date(const char *subject, const char *text, gint64 sent_us, int zone_s);

#endif
