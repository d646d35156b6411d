// OpenSSL cleans up as the process ends, while threads of the system's pool still live. One that ends a moment later finds nobody who
// would free its random generators, and the address sanitizer, which looks last of all, calls them lost: seen once, when
// the pool's idle threads gave up in just that moment. Preloaded, this keeps OpenSSL from cleaning up; what its globals hold is no leak.
#include <openssl/crypto.h>

__attribute__((constructor)) static void keep_what_threads_use(void) {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
