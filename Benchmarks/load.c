// Load for one server on 127.0.0.1: asks, reads answers to their end, counts. Ends by itself.
//
//   load kept  plain|tls PORT CONNECTIONS SECONDS REQUEST    the request again and again on kept connections
//   load once  full|resumed PORT CONNECTIONS SECONDS REQUEST connect, handshake, one request, close; again and again
//   load hold  plain|tls PORT COUNT SECONDS REQUEST          one request on each of COUNT connections, then keep them
//
// REQUEST is a file with the octets of one request. The answer is a line of JSON on standard output; `hold` writes it when
// all are connected and goes at the end of standard input, or after SECONDS. Connections come from 127.0.0.2 and on, 200 from
// each address, so that no limit for one client is met.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 2, ONCE_THREADS = 16, CONNECTIONS_OF_AN_ADDRESS = 200, BUFFER = 64 << 10, LATENCIES = 1 << 22 };

static struct sockaddr_in server = {.sin_family = AF_INET};
static char request[16 << 10];
static size_t request_length;
static SSL_CTX *context;
static bool resuming;
static atomic_bool stopping;

struct tally {
    long done, failed, resumed;
    uint32_t *microseconds;
};

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return moment.tv_sec + moment.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

// MARK: one connection

struct answer {
    size_t received, expected;  // octets; expected is 0 until the head is complete
};

struct link {
    int descriptor;
    SSL *ssl;
    struct answer answer;
    double asked;
};

static int dial(long number) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (descriptor < 0) return -1;
    struct sockaddr_in own = {.sin_family = AF_INET};
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number / CONNECTIONS_OF_AN_ADDRESS % 250);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(descriptor, (void *)&own, sizeof own) || connect(descriptor, (void *)&server, sizeof server)) {
        close(descriptor);
        return -1;
    }
    return descriptor;
}

static void hang_up(struct link *link) {
    if (link->ssl) {
        SSL_shutdown(link->ssl);
        SSL_free(link->ssl);
    }
    if (link->descriptor >= 0) close(link->descriptor);
    *link = (struct link){.descriptor = -1};
}

/// Blocking: connects and shakes hands.
static bool establish(struct link *link, long number, bool secure, SSL_SESSION *ticket) {
    *link = (struct link){.descriptor = dial(number)};
    if (link->descriptor < 0) return false;
    if (!secure) return true;
    link->ssl = SSL_new(context);
    SSL_set_fd(link->ssl, link->descriptor);
    if (ticket) SSL_set_session(link->ssl, ticket);
    return SSL_connect(link->ssl) == 1;
}

/// A request is small enough to be taken whole.
static bool ask(struct link *link) {
    link->answer = (struct answer){0};
    link->asked = now();
    return link->ssl ? SSL_write(link->ssl, request, (int)request_length) == (int)request_length
                     : send(link->descriptor, request, request_length, MSG_NOSIGNAL) == (ssize_t)request_length;
}

/// More than 0: octets; 0: nothing now; less: the end.
static long take(struct link *link, char *bytes) {
    if (link->ssl) {
        int count = SSL_read(link->ssl, bytes, BUFFER);
        if (count > 0) return count;
        return SSL_get_error(link->ssl, count) == SSL_ERROR_WANT_READ ? 0 : -1;
    }
    ssize_t count = recv(link->descriptor, bytes, BUFFER, 0);
    if (count > 0) return count;
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? 0 : -1;
}

/// Whether octets that arrived end the answer: 1, not yet: 0, no answer of ours: -1. A head comes in one piece here.
static int account(struct answer *answer, char *bytes, long count) {
    if (!answer->expected) {
        bytes[count < BUFFER ? count : BUFFER - 1] = 0;
        char *end = strstr(bytes, "\r\n\r\n"), *length = strcasestr(bytes, "\r\ncontent-length:");
        bool good = !strncmp(bytes, "HTTP/1.1 2", 10) || !strncmp(bytes, "HTTP/1.1 303", 12);
        if (!end || !good) return -1;
        answer->expected = (size_t)(end + 4 - bytes) + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
    answer->received += (size_t)count;
    return answer->received < answer->expected ? 0 : answer->received == answer->expected ? 1 : -1;
}

/// Blocking: one request and its whole answer.
static bool exchange(struct link *link, char *bytes) {
    if (!ask(link)) return false;
    for (int outcome = 0; outcome == 0;) {
        long count = take(link, bytes);
        if (count <= 0 || (outcome = account(&link->answer, bytes, count)) < 0) return false;
    }
    return true;
}

// MARK: kept

struct job {
    struct link *links;
    int count;
    struct tally tally;
};

static void *keep_asking(void *argument) {
    struct job *job = argument;
    struct epoll_event events[256];
    char *bytes = malloc(BUFFER);
    int epoll = epoll_create1(0);
    for (int index = 0; index < job->count; index++) {
        struct link *link = &job->links[index];
        fcntl(link->descriptor, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
        epoll_ctl(epoll, EPOLL_CTL_ADD, link->descriptor, &event);
        if (!ask(link)) job->tally.failed++;
    }
    while (!stopping) {
        int ready = epoll_wait(epoll, events, 256, 100);
        for (int index = 0; index < ready; index++) {
            struct link *link = events[index].data.ptr;
            long count;
            int outcome = 0;
            while (outcome == 0 && (count = take(link, bytes)) > 0) outcome = account(&link->answer, bytes, count);
            if (outcome == 0 && count == 0) continue;
            if (outcome == 1) {
                if (job->tally.done < LATENCIES)
                    job->tally.microseconds[job->tally.done] = (uint32_t)((now() - link->asked) * 1e6);
                job->tally.done++;
                if (ask(link)) continue;
            }
            job->tally.failed++;
            epoll_ctl(epoll, EPOLL_CTL_DEL, link->descriptor, NULL);
        }
    }
    free(bytes);
    return NULL;
}

// MARK: once

static int keep_ticket(SSL *ssl, SSL_SESSION *fresh) {
    SSL_SESSION **ticket = SSL_get_app_data(ssl);
    if (!resuming || !ticket) return 0;
    if (*ticket) SSL_SESSION_free(*ticket);
    *ticket = fresh;
    return 1;
}

static void *come_and_go(void *argument) {
    struct job *job = argument;
    char *bytes = malloc(BUFFER);
    SSL_SESSION *ticket = NULL;
    for (long number = job->count; !stopping; number += ONCE_THREADS) {
        struct link link = {.descriptor = dial(number * CONNECTIONS_OF_AN_ADDRESS)};
        bool good = link.descriptor >= 0;
        if (good) {
            link.ssl = SSL_new(context);
            SSL_set_fd(link.ssl, link.descriptor);
            SSL_set_app_data(link.ssl, (char *)&ticket);
            if (ticket) SSL_set_session(link.ssl, ticket);
            good = SSL_connect(link.ssl) == 1 && exchange(&link, bytes);
        }
        if (good) {
            job->tally.done++;
            job->tally.resumed += SSL_session_reused(link.ssl);
        } else {
            job->tally.failed++;
            usleep(1000);
        }
        hang_up(&link);
    }
    free(bytes);
    return NULL;
}

// MARK: all together

static int by_size(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static struct tally run(struct job *jobs, int count, void *(*body)(void *), int seconds) {
    pthread_t threads[ONCE_THREADS];
    for (int index = 0; index < count; index++) pthread_create(&threads[index], NULL, body, &jobs[index]);
    sleep((unsigned)seconds);
    stopping = true;
    struct tally sum = {.microseconds = malloc(sizeof(uint32_t) * LATENCIES * THREADS)};
    for (int index = 0; index < count; index++) {
        pthread_join(threads[index], NULL);
        struct tally *tally = &jobs[index].tally;
        if (tally->microseconds) {
            long kept = tally->done < LATENCIES ? tally->done : LATENCIES;
            memcpy(sum.microseconds + sum.done, tally->microseconds, sizeof(uint32_t) * (size_t)kept);
        }
        sum.done += tally->done;
        sum.failed += tally->failed;
        sum.resumed += tally->resumed;
    }
    return sum;
}

int main(int count, char **words) {
    if (count != 7) return 2;
    const char *mode = words[1];
    bool secure = strcmp(words[2], "plain") != 0;
    resuming = !strcmp(words[2], "resumed");
    server.sin_port = htons((uint16_t)atoi(words[3]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int connections = atoi(words[4]), seconds = atoi(words[5]);
    FILE *file = fopen(words[6], "rb");
    if (!file) fail(words[6]);
    request_length = fread(request, 1, sizeof request, file);
    fclose(file);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_ticket);

    struct tally sum = {0};
    if (!strcmp(mode, "once")) {
        struct job jobs[ONCE_THREADS] = {0};
        for (int index = 0; index < ONCE_THREADS; index++) jobs[index].count = index;
        sum = run(jobs, ONCE_THREADS, come_and_go, seconds);
    } else {
        struct link *links = calloc((size_t)connections, sizeof *links);
        char *bytes = malloc(BUFFER);
        int open = 0;
        for (int index = 0; index < connections; index++) {
            // One exchange before anything is counted; and an idle connection is one that was used.
            if (establish(&links[open], index, secure, NULL) && exchange(&links[open], bytes)) open++;
            else hang_up(&links[open]), sum.failed++;
        }
        if (!strcmp(mode, "hold")) {
            printf("{\"held\":%d,\"failed\":%ld}\n", open, sum.failed);
            fflush(stdout);
            struct pollfd input = {.fd = 0, .events = POLLIN};
            poll(&input, 1, seconds * 1000);
            return 0;
        }
        struct job jobs[THREADS] = {0};
        for (int index = 0; index < THREADS; index++) {
            int from = open * index / THREADS, to = open * (index + 1) / THREADS;
            jobs[index] = (struct job){.links = links + from, .count = to - from};
            jobs[index].tally.microseconds = malloc(sizeof(uint32_t) * LATENCIES);
        }
        long unconnected = sum.failed;
        sum = run(jobs, THREADS, keep_asking, seconds);
        sum.failed += unconnected;
    }
    uint32_t median = 0, tail = 0;
    if (sum.microseconds && !strcmp(mode, "kept") && sum.done) {
        qsort(sum.microseconds, (size_t)sum.done, sizeof(uint32_t), by_size);
        median = sum.microseconds[sum.done / 2];
        tail = sum.microseconds[sum.done - 1 - sum.done / 100];
    }
    printf("{\"done\":%ld,\"failed\":%ld,\"resumed\":%ld,\"median_us\":%u,\"p99_us\":%u}\n", sum.done, sum.failed,
           sum.resumed, median, tail);
    return 0;
}
