#ifndef POSTERN_COPENSSL_SHIMS_H
#define POSTERN_COPENSSL_SHIMS_H
// What Swift can't import from OpenSSL by itself: function-like macros, one static inline function each.
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#endif
