/* The one place that decides whom a TLS connection trusts. Both mail clients make their SSL_CTX here, so
 * there is a single policy: TLS 1.2 at least, no key or digest below 112 bits of security, the peer's
 * certificate verified against the system's roots or one configured CA file, the configured name (never one
 * learnt from DNS) required in its subjectAltName, SNI sent (RFC 6066 section 3), no client certificate, no
 * renegotiation. */
#ifndef USHER_WIRE_TLS_CONTEXT_H
#define USHER_WIRE_TLS_CONTEXT_H

#include <glib.h>
#include <openssl/ssl.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL_CTX, SSL_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SSL, SSL_free)

/* A client context that verifies. ca_file is a PEM file, NULL for the system's roots; max_version is 0 for
 * none or TLS1_2_VERSION and its like. The caller frees it with SSL_CTX_free. USHER_ERROR_CONFIG when the CA
 * file cannot be used, USHER_ERROR_SOFTWARE when OpenSSL itself fails. No host is expected yet: call one of
 * the two below. */
SSL_CTX *tls_context_new(const char *ca_file, int max_version, GError **error);

/* Every SSL made from context afterwards must show a certificate for host (a DNS name or an IP literal),
 * sends host as SNI when it is a name, and shows no certificate of ours whatever was loaded into it. For
 * libraries that make the SSL themselves. Uses the context's info callback and keeps its own copy of host.
 * USHER_ERROR_CONFIG when host is neither a name nor an address. */
gboolean tls_context_expect_host(SSL_CTX *context, const char *host, GError **error);

/* The same for one SSL, before its handshake. */
gboolean tls_ssl_expect_host(SSL *ssl, const char *host, GError **error);

/* One line, without final full stop, that says why a certificate was refused ("the certificate of
 * mail.example expired on 2024-01-02"). verify_result is an X509_V_ERR_ code; certificate, the one it speaks
 * of, may be NULL. Free it. */
char *tls_verify_describe(long verify_result, const X509 *certificate, const char *host);

/* The same for an SSL whose handshake failed: the verification's reason when there was one, else what
 * OpenSSL's error queue says (which is emptied), else that the server closed the connection. Free it. */
char *tls_failure_describe(SSL *ssl, const char *host);

/* The same where the SSL is out of reach: OpenSSL's error queue is all there is. Free it. */
char *tls_error_describe(const char *host);

/* TRUE when OpenSSL's error queue knows no other reason for a failed handshake than that the line ended. */
gboolean tls_error_is_drop(void);

/* What a handshake came to. Start from zeroes. */
struct tls_facts {
    char *cipher;              /* "TLSv1.3 TLS_AES_256_GCM_SHA384", NULL without TLS */
    gint64 certificate_end_us; /* the peer's certificate is good until then, UTC; 0 when not known */
};
void tls_facts_take(const SSL *ssl, struct tls_facts *facts);
void tls_facts_clear(struct tls_facts *facts);

/* The subject of a certificate on one line, printable ASCII only, for reports. Free it. */
char *tls_certificate_subject(const X509 *certificate);

#endif
