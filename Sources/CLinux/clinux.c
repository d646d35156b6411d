#define _GNU_SOURCE
#include "clinux.h"
#include <sys/epoll.h>

int postern_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
