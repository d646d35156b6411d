// Tells the thread sanitizer what Swift's Mutex does where it is contended. Loaded before the program by
// scripts/sanitize; docs/decisions has the reason. Nothing of Postern is built with it.
//
// On Linux the uncontended path is inlined into our own, instrumented code, so that the sanitizer sees its atomics. The
// contended path lies in libswiftSynchronization, which is not instrumented: the kernel hands the lock over and the
// sanitizer sees nothing. These three functions stand before the library's own and add what happens there: taking the
// lock acquires, letting it go releases. No access is excused that a held lock does not order.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// Of the sanitizer's own run-time, which is in the program; absent, this changes nothing.
extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

// Swift's calling convention, the method's `self` in its own register.
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

// Synchronization._MutexHandle._lockSlow(UInt32), ._tryLockSlow() -> Bool and ._unlockSlow()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

static void *library_function(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) {
        fprintf(stderr, "this Swift has no %s: the thread sanitizer would report locks as races\n", name);
        abort();
    }
    return function;
}

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
SWIFT bool try_lock_slow(SELF) __asm__(TRY_LOCK);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK);

SWIFT void lock_slow(uint32_t thread, SELF) {
    SWIFT void (*lock)(uint32_t, SELF) = library_function(LOCK);
    lock(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT bool try_lock_slow(SELF) {
    SWIFT bool (*try_lock)(SELF) = library_function(TRY_LOCK);
    bool is_locked = try_lock(self);
    if (is_locked && __tsan_acquire) __tsan_acquire(self);
    return is_locked;
}

SWIFT void unlock_slow(SELF) {
    SWIFT void (*unlock)(SELF) = library_function(UNLOCK);
    if (__tsan_release) __tsan_release(self);
    unlock(self);
}
