#define _GNU_SOURCE
#include "clinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static int result(int outcome) { return outcome < 0 ? -errno : outcome; }

// MARK: addresses

static uint64_t big_endian_64(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int index = 0; index < 8; index++) value = value << 8 | bytes[index];
    return value;
}

static void put_big_endian_64(uint64_t value, uint8_t *bytes) {
    for (int index = 7; index >= 0; index--, value >>= 8) bytes[index] = (uint8_t)value;
}

static void from_sockaddr(const struct sockaddr_storage *storage, struct postern_address *address) {
    memset(address, 0, sizeof *address);
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)storage;
        address->family = 4;
        address->low = ntohl(v4->sin_addr.s_addr);
        address->port = ntohs(v4->sin_port);
    } else if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)storage;
        address->port = ntohs(v6->sin6_port);
        address->high = big_endian_64(v6->sin6_addr.s6_addr);
        address->low = big_endian_64(v6->sin6_addr.s6_addr + 8);
        address->zone = v6->sin6_scope_id;
        address->family = 6;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
            address->family = 4;
            address->low &= 0xFFFFFFFF;
            address->zone = 0;
        }
    }
}

static socklen_t to_sockaddr(const struct postern_address *address, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (address->family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)storage;
        v4->sin_family = AF_INET;
        v4->sin_addr.s_addr = htonl((uint32_t)address->low);
        v4->sin_port = htons(address->port);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)storage;
    v6->sin6_family = AF_INET6;
    put_big_endian_64(address->high, v6->sin6_addr.s6_addr);
    put_big_endian_64(address->low, v6->sin6_addr.s6_addr + 8);
    v6->sin6_scope_id = address->zone;
    v6->sin6_port = htons(address->port);
    return sizeof *v6;
}

bool postern_address_parse(const char *text, struct postern_address *address) {
    struct sockaddr_storage storage = {0};
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&storage)->sin_addr) == 1) {
        storage.ss_family = AF_INET;
    } else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&storage)->sin6_addr) == 1) {
        storage.ss_family = AF_INET6;
    } else {
        return false;
    }
    from_sockaddr(&storage, address);
    return true;
}

void postern_address_format(const struct postern_address *address, char text[46]) {
    struct sockaddr_storage storage;
    to_sockaddr(address, &storage);
    const void *bytes = address->family == 4 ? (const void *)&((struct sockaddr_in *)&storage)->sin_addr
                                             : (const void *)&((struct sockaddr_in6 *)&storage)->sin6_addr;
    if (!inet_ntop(storage.ss_family, bytes, text, 46)) text[0] = 0;
}

int postern_resolve(const char *name, uint16_t port, struct postern_address *addresses, int capacity) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    int outcome = getaddrinfo(name, NULL, &hints, &list);
    // AI_ADDRCONFIG ignores loopback addresses: on a machine with nothing else, `localhost` would have none.
    if (outcome == EAI_NONAME || outcome == EAI_ADDRFAMILY || outcome == EAI_NODATA) {
        hints.ai_flags = 0;
        outcome = getaddrinfo(name, NULL, &hints, &list);
    }
    if (outcome != 0) return 0;
    int count = 0;
    for (struct addrinfo *item = list; item && count < capacity; item = item->ai_next) {
        if (item->ai_family != AF_INET && item->ai_family != AF_INET6) continue;
        struct sockaddr_storage storage = {0};
        memcpy(&storage, item->ai_addr, item->ai_addrlen);
        from_sockaddr(&storage, &addresses[count]);
        addresses[count++].port = port;
    }
    freeaddrinfo(list);
    return count;
}

// MARK: waiting

int postern_epoll_create(void) { return result(epoll_create1(EPOLL_CLOEXEC)); }

int postern_epoll_add(int epoll, int descriptor, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.u64 = token}};
    return result(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}

int postern_epoll_wait(int epoll, struct postern_event *events, int capacity, int milliseconds) {
    struct epoll_event raw[256];
    int count = epoll_wait(epoll, raw, capacity < 256 ? capacity : 256, milliseconds);
    if (count < 0) return -errno;
    for (int index = 0; index < count; index++) {
        uint32_t flags = 0;
        if (raw[index].events & EPOLLIN) flags |= POSTERN_READABLE;
        if (raw[index].events & EPOLLOUT) flags |= POSTERN_WRITABLE;
        if (raw[index].events & EPOLLRDHUP) flags |= POSTERN_ENDED;
        if (raw[index].events & (EPOLLERR | EPOLLHUP)) flags |= POSTERN_LOST;
        events[index].token = raw[index].data.u64;
        events[index].flags = flags;
    }
    return count;
}

int64_t postern_nanoseconds_since_start(void) {
    struct timespec moment;
    clock_gettime(CLOCK_BOOTTIME, &moment);
    return (int64_t)moment.tv_sec * 1000000000 + moment.tv_nsec;
}

int postern_eventfd_create(void) { return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int postern_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    return write(descriptor, &one, sizeof one) < 0 ? -errno : 0;
}

// MARK: sockets

static int close_with(int descriptor, int error) {
    close(descriptor);
    return -error;
}

int postern_listen(const struct postern_address *address, int backlog) {
    int family = address->family == 4 ? AF_INET : AF_INET6;
    int descriptor = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (family == AF_INET6) {
        int only = address->high != 0 || address->low != 0;
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    }
    struct sockaddr_storage storage;
    socklen_t length = to_sockaddr(address, &storage);
    // What is accepted has it too (tcp(7)).
    postern_set_no_delay(descriptor);
    if (bind(descriptor, (struct sockaddr *)&storage, length) < 0) return close_with(descriptor, errno);
    if (listen(descriptor, backlog) < 0) return close_with(descriptor, errno);
    return descriptor;
}

int postern_accept(int listener, struct postern_address *peer) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof storage;
    int descriptor = accept4(listener, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return -errno;
    from_sockaddr(&storage, peer);
    return descriptor;
}

int postern_connect_begin(const struct postern_address *peer) {
    int descriptor = socket(peer->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    struct sockaddr_storage storage;
    socklen_t length = to_sockaddr(peer, &storage);
    int outcome = connect(descriptor, (struct sockaddr *)&storage, length);
    // EINTR: the attempt goes on by itself, and its end is announced like any other (POSIX connect).
    if (outcome < 0 && errno != EINPROGRESS && errno != EINTR) return close_with(descriptor, errno);
    return descriptor;
}

int postern_connect_outcome(int descriptor) {
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0) return -errno;
    return -error;
}

int postern_socket_pair(int *first, int *second) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) return -errno;
    *first = pair[0];
    *second = pair[1];
    return 0;
}

int postern_local_address(int descriptor, struct postern_address *address) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &length) < 0) return -errno;
    from_sockaddr(&storage, address);
    return 0;
}

int postern_adopt(int descriptor, bool listening) {
    int domain = 0, type = 0, accepts = 0;
    socklen_t length = sizeof domain;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) < 0) return -errno;
    length = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) < 0) return -errno;
    length = sizeof accepts;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &length) < 0) return -errno;
    // A Unix socket's peers have no address, and without one there are no limits for each client.
    if (listening && domain != AF_INET && domain != AF_INET6) return -ENOTSOCK;
    if (type != SOCK_STREAM || (accepts != 0) != listening) return -ENOTSOCK;
    if (listening) postern_set_no_delay(descriptor);
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int postern_set_no_delay(int descriptor) {
    int on = 1;
    return result(setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

int postern_set_send_buffer(int descriptor, int bytes) {
    return result(setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes));
}

int postern_shutdown_writing(int descriptor) { return result(shutdown(descriptor, SHUT_WR)); }

int postern_set_patience(int descriptor, unsigned milliseconds) {
    return result(setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds));
}

int postern_reset_on_close(int descriptor) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    return result(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
}

bool postern_is_quiet(int descriptor) {
    char byte;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

ptrdiff_t postern_receive(int descriptor, void *bytes, size_t count) {
    ssize_t received;
    do received = recv(descriptor, bytes, count, 0);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

ptrdiff_t postern_send(
    int descriptor, const void *head, size_t head_count, const void *content, size_t content_count, size_t offset) {
    struct iovec parts[2];
    int count = 0;
    if (offset < head_count) {
        parts[count++] = (struct iovec){(char *)head + offset, head_count - offset};
        offset = 0;
    } else {
        offset -= head_count;
    }
    if (offset < content_count) parts[count++] = (struct iovec){(char *)content + offset, content_count - offset};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
    ssize_t sent;
    // MSG_NOSIGNAL: a peer that is gone is an error of this call, never a SIGPIPE that ends the process.
    do sent = count == 1 ? send(descriptor, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                         : sendmsg(descriptor, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

// MARK: threads

struct start {
    void (*body)(void *);
    void *argument;
    char name[16];
};

static void *run(void *raw) {
    struct start start = *(struct start *)raw;
    free(raw);
    pthread_setname_np(pthread_self(), start.name);
    start.body(start.argument);
    return NULL;
}

int postern_thread_start(const char *name, void (*body)(void *), void *argument) {
    struct start *start = calloc(1, sizeof *start);
    if (!start) return -ENOMEM;
    start->body = body;
    start->argument = argument;
    strncpy(start->name, name, sizeof start->name - 1);
    // Signals are for the thread that waits for them: an event loop interrupted by SIGTERM could act on it nowhere.
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int outcome = pthread_create(&thread, &attributes, run, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (outcome != 0) free(start);
    return -outcome;
}
