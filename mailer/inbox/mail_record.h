/* What one incoming mail says, in a bounded form: the answer of the confined reader to its watcher, and of
 * `usher classify`. Everything needed to match the mail to an account and to record its event is here,
 * nothing else is. The bytes of a record come from a process that parsed hostile mail, so mail_record_read()
 * believes nothing. */
#ifndef USHER_INBOX_MAIL_RECORD_H
#define USHER_INBOX_MAIL_RECORD_H

#include <glib.h>

#define MAIL_RECORD_MAX_BYTES (128u * 1024) /* of a serialised record */
#define MAIL_RECORD_MAX_TEXT (16u * 1024)
#define MAIL_RECORD_MAX_LINE 998u /* one header value, subject, reason */
#define MAIL_RECORD_MAX_EVIDENCE 200u
#define MAIL_RECORD_MAX_ADDRESS 320u
#define MAIL_RECORD_MAX_ID 512u
#define MAIL_RECORD_MAX_ZONE 64u
#define MAIL_RECORD_MAX_LIST 30u /* entries of each list */

/* The classes, in the order in which they are checked. */
enum mail_class {
    MAIL_CLASS_OWN,        /* sent by one of us */
    MAIL_CLASS_BOUNCE,     /* not delivered */
    MAIL_CLASS_DELAY,      /* not delivered yet, the server goes on trying */
    MAIL_CLASS_COMPLAINT,  /* abuse report (RFC 5965) */
    MAIL_CLASS_RECEIPT,    /* delivered, displayed or deleted */
    MAIL_CLASS_CHALLENGE,  /* the sender is asked to prove that he is human */
    MAIL_CLASS_AUTO_REPLY, /* out of office, ticket robots, "we got your mail" */
    MAIL_CLASS_OPT_OUT,    /* wants no more mail */
    MAIL_CLASS_BOOKING,    /* a call was booked, accepted, moved, cancelled */
    MAIL_CLASS_REPLY,      /* a person answers */
    MAIL_CLASS_OTHER,      /* none of these */
};

/* Why a mail was not delivered. */
enum bounce_reason {
    BOUNCE_REASON_NONE, /* no bounce */
    BOUNCE_REASON_ADDRESS_DEAD,
    BOUNCE_REASON_DOMAIN_DEAD,
    BOUNCE_REASON_FULL,
    BOUNCE_REASON_POLICY,
    BOUNCE_REASON_SPAM,
    BOUNCE_REASON_SIZE,
    BOUNCE_REASON_OTHER,
};

/* What a booking notice says. */
enum booking_act {
    BOOKING_ACT_NONE, /* no booking */
    BOOKING_ACT_NEW,
    BOOKING_ACT_ACCEPTED,
    BOOKING_ACT_TENTATIVE,
    BOOKING_ACT_DECLINED,
    BOOKING_ACT_MOVED,
    BOOKING_ACT_CANCELLED,
};

enum tri_state {
    TRI_STATE_NO,
    TRI_STATE_YES,
    TRI_STATE_UNKNOWN,
};

/* A failed (or delayed) recipient. */
struct failed_recipient {
    char *address; /* lower case */
    char *status;  /* enhanced status code (RFC 3463) or "" */
    enum bounce_reason reason;
    enum tri_state permanent;
};

/* Strings are never NULL ("" when absent), lists hold no NULL. Addresses are folded to lower case,
 * identifiers stand without angle brackets. The record owns everything. */
struct mail_record {
    enum mail_class mail_class;
    char *rule;     /* the rule that decided the class, "rfc3464-failed" */
    char *evidence; /* the line of the mail that proves it */

    char *message_id;
    char *original_message_id; /* X-Microsoft-Original-Message-ID: what we sent before Outlook rewrote it */
    char *in_reply_to;
    GPtrArray *references; /* of char *, the last MAIL_RECORD_MAX_LIST */

    char *from;      /* address; the Sender's when there is no From */
    char *from_name; /* display name */
    GPtrArray *reply_to;
    GPtrArray
        *recipients; /* To, Cc, Delivered-To, X-Original-To, Envelope-To…: where a token of ours may stand */
    GPtrArray *returned; /* a bounce's returned mail: its Return-Path, From, Reply-To, where a token of ours
                            may stand */

    char *subject;
    gint64 date_us; /* Date header, UTC; 0 when it has none */
    int zone_s;     /* what the sender's clock is ahead of UTC */

    /* bounce, delay */
    enum tri_state permanent;  /* YES: the address or its domain is dead; of the worst recipient */
    enum bounce_reason reason; /* of the worst recipient */
    char *status;              /* of the worst recipient */
    GPtrArray *failed;         /* of struct failed_recipient * */
    char *returned_message_id; /* Message-ID of the mail that came back (bounce, delay, complaint, receipt) */

    char *return_date; /* auto_reply: the day the person is back, "YYYY-MM-DD" */
    enum booking_act booking;
    gint64 booking_at_us; /* start of the call, UTC; 0 when not said */
    char *booking_zone;   /* not "": booking_at_us is what a clock in the zone of this name shows instead */
    gint64 booking_length_us; /* what it takes; 0 when not said */

    char *text;        /* the sender's own new words */
    gboolean personal; /* looks written by a person's hand: no robot, list or bulk mark. A mail of class other
                          that is personal becomes a reply once it is matched to an account */
    gboolean partial;  /* only a part of the mail was read */
};

/* "auto_reply" and its like; the names of design and of --json. */
const char *mail_class_name(enum mail_class mail_class);
const char *bounce_reason_name(enum bounce_reason reason);
const char *booking_act_name(enum booking_act act);

/* The class called name; FALSE when there is none. */
gboolean mail_class_parse(const char *name, enum mail_class *out);

/* Makes record an empty one of class other / frees what it holds (the struct itself is the caller's). */
void mail_record_init(struct mail_record *record);
void mail_record_clear(struct mail_record *record);

/* Replaces *field by a copy of text, made valid UTF-8 without control characters (line ends stay only when
 * max is MAIL_RECORD_MAX_TEXT) and cut to max bytes. text may be NULL. */
void mail_record_set(char **field, const char *text, gsize max);

/* Appends a copy of text to list, bounded likewise, unless it is empty, already there, or the list is full.
 */
void mail_record_add(GPtrArray *list, const char *text, gsize max);

/* Appends a recipient (folded) unless the list is full; returns it, or the one that is there with that
 * address. NULL when full. Borrowed. */
struct failed_recipient *mail_record_add_failed(struct mail_record *record, const char *address);

/* The record as bytes, MAIL_RECORD_MAX_BYTES at most (the text is cut when it must be). */
GBytes *mail_record_write(const struct mail_record *record);

/* Reads such bytes. Every count, length, number and string is checked, nothing may be missing or left over;
 * USHER_ERROR_DATA otherwise, and out then holds nothing that would have to be cleared. */
gboolean mail_record_read(const guint8 *bytes, gsize len, struct mail_record *out, GError **error);

#endif
