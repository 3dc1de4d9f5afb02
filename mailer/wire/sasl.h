/* What is said in a login with a user and a secret (SASL, RFC 4422), the same over SMTP and IMAP: PLAIN
 * (RFC 4616), OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner, which Gmail and Microsoft 365 speak. */
#ifndef USHER_WIRE_SASL_H
#define USHER_WIRE_SASL_H

#include "base/secret.h"

/* "XOAUTH2", "OAUTHBEARER", "PLAIN". Static. */
const char *sasl_mechanism(enum secret_kind kind);

/* The client's one message in base64, to be freed with secret_free(). host and port are the server's as
 * configured. Control characters in user or secret would be separators: USHER_ERROR_CONFIG. */
char *sasl_response(enum secret_kind kind, const char *user, const char *secret, const char *host,
                    guint16 port, GError **error);

/* What to answer to the challenge with which a server explains its refusal of a token: nothing for XOAUTH2,
 * one 0x01 in base64 for OAUTHBEARER (RFC 7628 section 3.2.3). Static. */
const char *sasl_refusal_answer(enum secret_kind kind);

/* That challenge, base64 of a JSON object, as a person reads it: status, and scope where there is one; or its
 * text where it is no such object; one clean line of at most 300 bytes; NULL when there is nothing in it. The
 * caller frees it. */
char *sasl_refusal_text(const char *challenge);

#endif
