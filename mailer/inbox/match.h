/* Whose mail is it: from a record to an account, by keys in order of trust. */
#ifndef USHER_INBOX_MATCH_H
#define USHER_INBOX_MATCH_H

#include "base/config.h"
#include "inbox/mail_record.h"
#include "store/store.h"

/* account_id 0: it belongs to nobody we know. */
struct mail_match {
    gint64 account_id;
    gint64 message_id;  /* our message that it answers or returns, 0: not known */
    const char *by;     /* "thread", "token", "original Message-ID", "returned message", "failed recipient",
                           "address and     subject", "address", "colleague's domain"; static, NULL: no match */
    gboolean ambiguous; /* only the address speaks, and it stands in several accounts */
};

/* A mail that came in. */
gboolean match_inbound(struct store *db, const struct mail_record *record, struct mail_match *out,
                       GError **error);

/* The account of a colleague: the only account of ours whose people have addresses in the sender's domain, or
 * in one above or below it. Only for what a person (or their absence program) writes; never for domains that
 * everybody can have an address in (config: shared_domains.txt beside the sequences), nor for the team's own.
 * Leaves *out as it is when there is none. */
gboolean match_colleague(struct store *db, const struct config *config, const struct mail_record *record,
                         struct mail_match *out, GError **error);

/* subject without "Re:", "AW:", "Fwd:" and their like, without surrounding blanks, in folded letter case. The
 * caller frees. */
char *match_fold_subject(const char *subject);

/* TRUE when subject begins with such a prefix. */
gboolean match_is_answer_subject(const char *subject);

/* A mail a specialist sent by hand: the account whose conversation it continues, else those among whose
 * contacts it went (gint64 each; the caller frees). *ambiguous when a recipient stands in several accounts;
 * those are left out. */
GArray *match_hand_sent(struct store *db, const struct mail_record *record, gboolean *ambiguous,
                        GError **error);

/* Our own message with this Message-ID into *out, which stays as it is when there is none. */
gboolean match_ours(struct store *db, const char *message_id, struct mail_match *out, GError **error);

/* TRUE when message_id is one of ours: sent or about to be sent by usher. */
gboolean match_is_ours(struct store *db, const char *message_id, const char *original_message_id,
                       GError **error);

/* The Message-ID of a test copy begins with this: see service/test_copy.h. */
#define MATCH_TEST_COPY_PREFIX "usher-test."

/* *is_test: the mail is a test copy of ours, or what became of one among ourselves (an answer of the team's,
 * a bounce): it is about no account, whatever else it says. A test copy that was passed on to a customer is
 * an ordinary mail. */
gboolean match_is_test_copy(struct store *db, const struct config *config, const struct mail_record *record,
                            gboolean *is_test, GError **error);

/* The accounts that have address among their contacts. The caller frees. */
GArray *match_accounts_of(struct store *db, const char *address, GError **error);

#endif
