#ifndef POSTERN_CLINUX_H
#define POSTERN_CLINUX_H
// The system calls of Sockets whose C types do not survive the crossing into Swift (packed unions, variable-length
// addresses, gather lists). Only Sockets imports this. Whatever returns int: negative values are -errno.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: addresses

/// An IPv4 or IPv6 address with a port. Numbers are in host order: 127.0.0.1 is low = 0x7F000001.
struct postern_address {
    uint64_t high;
    uint64_t low;
    /// The zone of a link-local IPv6 address, else 0.
    uint32_t zone;
    uint16_t port;
    /// 4, 6, or 0 for neither (a Unix socket). IPv4-mapped IPv6 addresses arrive here as 4.
    uint8_t family;
};

/// Reads an address without a port. False if `text` is neither IPv4 nor IPv6.
bool postern_address_parse(const char *text, struct postern_address *address);

/// Writes the address without its port, at most 46 bytes with the terminating zero.
void postern_address_format(const struct postern_address *address, char text[46]);

/// Looks up a name, which may take seconds. Returns how many of `capacity` addresses were written; 0 if there are none.
int postern_resolve(const char *name, uint16_t port, struct postern_address *addresses, int capacity);

// MARK: waiting

enum {
    POSTERN_READABLE = 1,
    POSTERN_WRITABLE = 2,
    /// The peer has sent its last byte.
    POSTERN_ENDED = 4,
    /// The connection is gone in both directions.
    POSTERN_LOST = 8,
};

struct postern_event {
    uint64_t token;
    uint32_t flags;
};

int postern_epoll_create(void);

/// Registers a descriptor once, edge-triggered, for reading, writing and hanging up.
int postern_epoll_add(int epoll, int descriptor, uint64_t token);

/// Waits at most so many milliseconds (-1: for ever) and returns the number of events written, at most 256.
int postern_epoll_wait(int epoll, struct postern_event *events, int capacity, int milliseconds);

/// Of the clock that goes on while the machine is suspended.
int64_t postern_nanoseconds_since_start(void);

int postern_eventfd_create(void);
int postern_eventfd_signal(int descriptor);

// MARK: sockets, all non-blocking and close-on-exec

/// Binds with SO_REUSEADDR and listens. `::` accepts IPv4 too.
int postern_listen(const struct postern_address *address, int backlog);

int postern_accept(int listener, struct postern_address *peer);

/// Begins to connect; the descriptor becomes writable when that has ended.
int postern_connect_begin(const struct postern_address *peer);

/// The outcome of connecting: 0 or -errno.
int postern_connect_outcome(int descriptor);

int postern_socket_pair(int *first, int *second);
int postern_local_address(int descriptor, struct postern_address *address);

/// Readies a descriptor somebody else has opened: non-blocking, close-on-exec. -ENOTSOCK if it is not a stream socket
/// that is (`listening`, and then TCP's) or is not (`!listening`) listening.
int postern_adopt(int descriptor, bool listening);

int postern_set_no_delay(int descriptor);
/// Bounds what the kernel keeps for a slow reader; for tests that must fill it.
int postern_set_send_buffer(int descriptor, int bytes);
int postern_shutdown_writing(int descriptor);

/// How long the system waits for a peer to take what was sent to it; then the connection is gone, also after closing.
/// Of a listening socket: of every connection that it accepts.
int postern_set_patience(int descriptor, unsigned milliseconds);

/// Makes closing drop what is still to be sent, and tell the peer by a reset.
int postern_reset_on_close(int descriptor);

/// Whether the peer has sent nothing that is unread, not even its end.
bool postern_is_quiet(int descriptor);

ptrdiff_t postern_receive(int descriptor, void *bytes, size_t count);

/// Sends what is left of `head` and then of `content` after `offset` bytes of the two, as one segment where they fit.
ptrdiff_t postern_send(
    int descriptor, const void *head, size_t head_count, const void *content, size_t content_count, size_t offset);

// MARK: threads

/// Starts a detached thread with a name of at most 15 characters. Returns 0 or -errno.
int postern_thread_start(const char *name, void (*body)(void *), void *argument);

#endif
