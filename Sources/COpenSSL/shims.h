#ifndef POSTERN_COPENSSL_SHIMS_H
#define POSTERN_COPENSSL_SHIMS_H
// What Swift can't import from OpenSSL by itself: function-like macros, one static inline function each.
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// HMAC with SHA-256, and with a key unless that is NULL. Here and not in Swift, because an OSSL_PARAM keeps the address of
// its name, and a Swift string that is passed to C has one for the duration of a call only.
static inline int postern_EVP_MAC_CTX_use_sha256(EVP_MAC_CTX *context, unsigned char *key, size_t length) {
    OSSL_PARAM parameters[3] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    if (key != NULL) parameters[1] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, length);
    return EVP_MAC_CTX_set_params(context, parameters);
}

static inline void postern_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void postern_BIO_clear_retry_flags(BIO *bio) { BIO_clear_retry_flags(bio); }

// Renegotiation and compression have cost TLS its worst faults, and HTTP needs neither. The server knows better than its
// clients which suite is fast here. An end without close_notify stays an error: a cut answer must not pass for a whole one.
static inline void postern_SSL_CTX_set_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_clear_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_LEGACY_SERVER_CONNECT
        | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
}
static const uint64_t postern_SSL_OP_NO_RENEGOTIATION = SSL_OP_NO_RENEGOTIATION;
// An idle connection gives its two record buffers (some 34 kB) back. The chain that was configured is sent as it is: without
// NO_AUTO_CHAIN a server that has only its own certificate would look for a chain, and verify it, in every handshake.
static inline void postern_SSL_CTX_set_mode(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
}
static inline int postern_SSL_CTX_set_protocol_versions(SSL_CTX *context, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(context, minimum) && SSL_CTX_set_max_proto_version(context, maximum);
}
static inline int postern_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *names) {
    return SSL_CTX_set1_groups_list(context, names);
}
static inline void postern_SSL_CTX_forget_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline int postern_SSL_CTX_add1_chain_cert(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
static inline int postern_SSL_set1_sigalgs_list(SSL *ssl, const char *names) {
    return (int)SSL_set1_sigalgs_list(ssl, names);
}
static inline int postern_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
#endif
