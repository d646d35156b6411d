#ifndef POSTERN_CLINUX_H
#define POSTERN_CLINUX_H
// epoll, eventfd and accept4 for Sockets, the only module that imports this one.
#include <stdint.h>

/// Returns an epoll descriptor with close-on-exec, or -1 with errno set.
int postern_epoll_create(void);

#endif
