"""Ports for programs that tests start. As a program, prints one."""

import random
import socket

_given = set()


def free_port():
    """A loopback port that nobody listens on, never the same twice.

    It lies below the range out of which the system gives ports to outgoing connections: one of those, of whatever test runs
    beside, could otherwise take it before the program that is meant to listen there does.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        first = int(file.read().split()[0])
    while True:
        port = random.randrange(10_000, first) if first > 12_000 else 0
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            port = probe.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


if __name__ == "__main__":
    print(free_port())
