/* Making TLS clients that verify, and wording their refusals.
 *
 * Invariants:
 * - verification cannot be switched off, here or by a caller's configuration;
 * - the name that must match is the one a person wrote into the configuration, and it is put into OpenSSL's
 * own parameters, so that a wrong host fails inside the handshake and not in a check somebody could forget;
 * - only the subjectAltName counts (RFC 9525 section 2): a common name never does. */
#include "wire/tls_context.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

/* Where a context keeps the SNI name its connections send; freed with the context. */
static int sni_index = -1;

static void
sni_free(void *parent, void *name, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    g_free(name);
}

static void
sni_index_make(void)
{
    static gsize made = 0;

    if (g_once_init_enter(&made)) {
        sni_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, sni_free);
        g_once_init_leave(&made, 1);
    }
}

/* Where an SSL keeps the certificate that was refused: OpenSSL forgets it with the handshake. */
static int refused_index = -1;

static void
refused_free(void *parent, void *certificate, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent, (void)data, (void)index, (void)argl, (void)argp;
    X509_free(certificate);
}

static void
refused_index_make(void)
{
    static gsize made = 0;

    if (g_once_init_enter(&made)) {
        refused_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, refused_free);
        g_once_init_leave(&made, 1);
    }
}

static int
note_refusal(int trusted, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    if (trusted == 1 || certificate == NULL || SSL_get_ex_data(ssl, refused_index) != NULL)
        return trusted;
    if (X509_up_ref(certificate) == 1 && SSL_set_ex_data(ssl, refused_index, certificate) != 1)
        X509_free(certificate);
    return trusted;
}

/* The newest reason in OpenSSL's error queue, which is emptied. */
static char *
error_queue_take(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    char *text = g_strdup(reason != NULL ? reason : "unknown TLS error");

    ERR_clear_error();
    return text;
}

SSL_CTX *
tls_context_new(const char *ca_file, int max_version, GError **error)
{
    g_autofree char *reason = NULL;

    ERR_clear_error();
    g_autoptr(SSL_CTX) context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, max_version) != 1) {
        reason = error_queue_take();
        g_set_error(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "cannot prepare TLS: %s", reason);
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_clear_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* At least 112 bits: no RSA below 2048, no SHA-1, no anonymous cipher, however lax openssl.cnf is. */
    SSL_CTX_set_security_level(context, MAX(SSL_CTX_get_security_level(context), 2));

    int loaded = ca_file != NULL ? SSL_CTX_load_verify_file(context, ca_file)
                                 : SSL_CTX_set_default_verify_paths(context);
    if (loaded != 1) {
        reason = error_queue_take();
        if (ca_file != NULL)
            g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                        "%s: expected a PEM file of CA certificates: %s", ca_file, reason);
        else
            g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG,
                        "cannot load the system's CA certificates: %s", reason);
        return NULL;
    }
    return g_steal_pointer(&context);
}

/* Names are compared as A-labels: anything else could never match a certificate, or could match too much (a
 * leading dot means "every host below" to OpenSSL). */
static gboolean
host_is_name(const char *host)
{
    size_t length = strlen(host);

    return length > 0 && length <= 253 && host[0] != '.' && host[0] != '-' && strstr(host, "..") == NULL &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == length;
}

static gboolean
param_expect_host(X509_VERIFY_PARAM *param, const char *host, GError **error)
{
    int set;

    if (g_hostname_is_ip_address(host)) {
        set = X509_VERIFY_PARAM_set1_ip_asc(param, host);
    } else if (host_is_name(host)) {
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        set = X509_VERIFY_PARAM_set1_host(param, host, 0);
    } else {
        set = 0;
    }
    if (set != 1) {
        g_autofree char *shown = g_strescape(host, NULL);
        ERR_clear_error();
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "\"%s\" is neither a host name nor an IP address",
                    shown);
        return FALSE;
    }
    return TRUE;
}

/* libesmtp loads a certificate of ours from the home directory when it finds one, and frees it once too
 * often. */
static void
handshake_starts(const SSL *ssl, int where, int result)
{
    SSL *mutable = (SSL *)(gsize)ssl; /* the callback's type is older than const */

    (void)result;
    if ((where & SSL_CB_HANDSHAKE_START) == 0)
        return;
    SSL_certs_clear(mutable);
    const char *name = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), sni_index);
    if (name != NULL)
        SSL_set_tlsext_host_name(mutable, name);
}

gboolean
tls_context_expect_host(SSL_CTX *context, const char *host, GError **error)
{
    sni_index_make();
    if (!param_expect_host(SSL_CTX_get0_param(context), host, error))
        return FALSE;
    /* RFC 6066 section 3: literal addresses are not permitted in SNI. */
    char *name = g_hostname_is_ip_address(host) ? NULL : g_strdup(host);
    g_free(SSL_CTX_get_ex_data(context, sni_index));
    if (SSL_CTX_set_ex_data(context, sni_index, name) != 1) {
        g_free(name);
        g_set_error_literal(error, USHER_ERROR, USHER_ERROR_SOFTWARE, "cannot keep the TLS server name");
        return FALSE;
    }
    SSL_CTX_set_info_callback(context, handshake_starts);
    return TRUE;
}

gboolean
tls_ssl_expect_host(SSL *ssl, const char *host, GError **error)
{
    refused_index_make();
    if (SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
        SSL_set_verify(ssl, SSL_get_verify_mode(ssl), note_refusal);
    if (!param_expect_host(SSL_get0_param(ssl), host, error))
        return FALSE;
    if (!g_hostname_is_ip_address(host) && SSL_set_tlsext_host_name(ssl, host) != 1) {
        g_autofree char *reason = error_queue_take();
        g_set_error(error, USHER_ERROR, USHER_ERROR_CONFIG, "cannot send %s as TLS server name: %s", host,
                    reason);
        return FALSE;
    }
    return TRUE;
}

/* A date of a certificate as YYYY-MM-DD, or "an unreadable date". */
static char *
asn1_date(const ASN1_TIME *time)
{
    struct tm when;

    memset(&when, 0, sizeof when);
    if (time == NULL || ASN1_TIME_to_tm(time, &when) != 1)
        return g_strdup("an unreadable date");
    return g_strdup_printf("%04d-%02d-%02d", when.tm_year + 1900, when.tm_mon + 1, when.tm_mday);
}

char *
tls_certificate_subject(const X509 *certificate)
{
    if (certificate == NULL)
        return g_strdup("no certificate");

    BIO *memory = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    /* RFC 2253 escaping with ASN1_STRFLGS_ESC_MSB leaves printable ASCII, whatever the server put into the
     * name. */
    if (memory != NULL)
        X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
    long length = memory == NULL ? 0 : BIO_get_mem_data(memory, &bytes);
    char *subject = g_strndup(length > 0 ? bytes : "", (gsize)MIN(MAX(length, 0), 200));
    BIO_free(memory);
    for (char *c = subject; *c != '\0'; c++)
        if (!g_ascii_isprint(*c))
            *c = '?';
    return subject;
}

/* What the certificate says it is for: its first few DNS names, NULL when it has none. */
static char *
certificate_names(const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    g_autoptr(GString) list = g_string_new(NULL);

    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names) && list->len < 120; i++) {
        int type = 0;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        if (type != GEN_DNS)
            continue;
        if (list->len > 0)
            g_string_append(list, ", ");
        int length = MIN(ASN1_STRING_length(value), 100);
        for (int j = 0; j < length; j++) {
            char c = (char)ASN1_STRING_get0_data(value)[j];
            g_string_append_c(list, g_ascii_isgraph(c) ? c : '?');
        }
    }
    GENERAL_NAMES_free(names);
    return list->len == 0 ? NULL : g_string_free(g_steal_pointer(&list), FALSE);
}

char *
tls_verify_describe(long verify_result, const X509 *certificate, const char *host)
{
    g_autofree char *detail = NULL;

    switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        detail = asn1_date(certificate == NULL ? NULL : X509_get0_notAfter(certificate));
        return certificate == NULL ? g_strdup_printf("the certificate of %s has expired", host)
                                   : g_strdup_printf("the certificate of %s expired on %s", host, detail);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        detail = asn1_date(certificate == NULL ? NULL : X509_get0_notBefore(certificate));
        return certificate == NULL
                   ? g_strdup_printf("the certificate of %s is not valid yet", host)
                   : g_strdup_printf("the certificate of %s is not valid before %s", host, detail);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        detail = certificate == NULL ? NULL : certificate_names(certificate);
        return g_strdup_printf("the certificate shown is not for %s but for %s", host,
                               detail == NULL ? "another host" : detail);
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return g_strdup_printf("the certificate of %s is self-signed and not in the configured CA file",
                               host);
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return g_strdup_printf("the certificate of %s comes from a CA that is not trusted here", host);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        return g_strdup_printf("the certificate of %s has an unknown issuer", host);
    case X509_V_ERR_CERT_REVOKED:
        return g_strdup_printf("the certificate of %s was revoked", host);
    case X509_V_ERR_INVALID_PURPOSE:
        return g_strdup_printf("the certificate of %s is not meant for a server", host);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return g_strdup_printf("the certificate of %s uses a key or digest that is too weak", host);
    case X509_V_OK:
        return g_strdup_printf("the certificate of %s is trusted", host);
    }
    return g_strdup_printf("the certificate of %s is refused: %s", host,
                           X509_verify_cert_error_string(verify_result));
}

char *
tls_failure_describe(SSL *ssl, const char *host)
{
    long result = SSL_get_verify_result(ssl);

    if (result != X509_V_OK) {
        ERR_clear_error();
        /* Mostly the leaf; an intermediate's date is rarely wrong, and then the line names the host. */
        const X509 *refused = refused_index >= 0 ? SSL_get_ex_data(ssl, refused_index) : NULL;
        return tls_verify_describe(result, refused, host);
    }
    return tls_error_describe(host);
}

gboolean
tls_error_is_drop(void)
{
    unsigned long code = ERR_peek_last_error();

    return code == 0 ||
           (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

char *
tls_error_describe(const char *host)
{
    if (tls_error_is_drop()) {
        ERR_clear_error();
        return g_strdup_printf("%s closed the connection during the TLS handshake", host);
    }
    g_autofree char *reason = error_queue_take();
    return g_strdup_printf("TLS handshake with %s failed: %s", host, reason);
}

void
tls_facts_take(const SSL *ssl, struct tls_facts *facts)
{
    const X509 *leaf = SSL_get0_peer_certificate(ssl);
    struct tm end;

    tls_facts_clear(facts);
    facts->cipher = g_strdup_printf("%s %s", SSL_get_version(ssl), SSL_get_cipher(ssl));
    memset(&end, 0, sizeof end);
    if (leaf == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) != 1)
        return;
    g_autoptr(GDateTime) when = g_date_time_new_utc(end.tm_year + 1900, end.tm_mon + 1, end.tm_mday,
                                                    end.tm_hour, end.tm_min, MIN(end.tm_sec, 59));
    if (when != NULL)
        facts->certificate_end_us = g_date_time_to_unix(when) * G_USEC_PER_SEC;
}

void
tls_facts_clear(struct tls_facts *facts)
{
    g_clear_pointer(&facts->cipher, g_free);
    facts->certificate_end_us = 0;
}
