"""Takes over listening sockets, as from systemd: a restart refuses nobody.

    python3 -m unittest Tests/EndToEnd/activation_test.py
"""

import json
import os
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, free_port  # noqa: E402


def listening(port, kind=socket.SOCK_STREAM):
    opened = socket.socket(socket.AF_INET, kind)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        opened.listen(512)
    return opened


def ask(port, host, path="/"):
    """The head of one answer, on a connection of its own; whatever goes wrong is raised."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while octets := connection.recv(65536):
            answer += octets
    return answer.partition(b"\r\n\r\n")[0].decode()


class ActivationTest(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.addCleanup(self.rig.close)
        self.host = f"localhost:{self.rig.port}"

    def configure(self, **changes):
        with open(self.rig.config, encoding="utf-8") as file:
            config = json.load(file)
        config |= changes
        with open(self.rig.config, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def passed(self, *sockets):
        for _, opened in sockets:
            self.addCleanup(opened.close)
        self.rig.postern.sockets = list(sockets)

    def test_a_restart_refuses_no_connection(self):
        self.passed(("http", listening(self.rig.port)))
        self.rig.start()
        counts, faults, is_over = [], [], threading.Event()

        def visit():
            count = 0
            while not is_over.is_set():
                try:
                    head = ask(self.rig.port, self.host)
                    assert head.startswith("HTTP/1.1 200 "), head
                    count += 1
                except Exception as fault:  # noqa: BLE001 - whatever it is, the test tells
                    faults.append(repr(fault))
            counts.append(count)

        visitors = [threading.Thread(target=visit, daemon=True) for _ in range(6)]
        for visitor in visitors:
            visitor.start()
        for _ in range(3):
            time.sleep(0.3)  # a moment of load, not a wait for anything
            self.assertEqual(self.rig.postern.stop(), 0)
            self.rig.postern.start(self.rig.port)
        time.sleep(0.3)
        is_over.set()
        for visitor in visitors:
            visitor.join(30)
        self.assertEqual(faults, [])
        self.assertGreater(sum(counts), 100)

    def test_each_socket_is_taken_for_what_it_is_named(self):
        redirect, operations = free_port(), free_port()
        self.configure(publicURL="https://localhost")
        self.passed(("operations", listening(operations)), ("http", listening(self.rig.port)), ("redirect", listening(redirect)))
        self.rig.start()
        self.assertTrue(ask(self.rig.port, "localhost").startswith("HTTP/1.1 200 "))
        self.assertTrue(ask(operations, "localhost", "/readyz").startswith("HTTP/1.1 200 "))
        head = ask(redirect, "localhost", "/callback?state=1")
        self.assertTrue(head.startswith("HTTP/1.1 308 "), head)
        self.assertIn("Location: https://localhost/callback?state=1\r\n", head)
        self.assertNotIn("strict-transport-security", head.lower())
        # None of the ports of the configuration was opened beside them.
        with self.assertRaises(ConnectionRefusedError):
            ask(self.rig.operations_port, "localhost")

    def test_nothing_that_it_starts_inherits_the_sockets(self):
        self.passed(("http", listening(self.rig.port)))
        self.rig.start()
        self.assertTrue(ask(self.rig.port, self.host).startswith("HTTP/1.1 200 "))
        child = f"/proc/{self.rig.postern.child.pid}"
        with open(child + "/fdinfo/3", encoding="ascii") as file:
            flags = int(next(line for line in file if line.startswith("flags:")).split()[1], 8)
        self.assertTrue(flags & os.O_CLOEXEC)

    def assert_refused(self, words):
        with self.assertRaises(AssertionError) as caught:
            self.rig.postern.start(free_port())
        self.assertIn(words, str(caught.exception))

    def test_what_is_no_listening_socket_is_refused(self):
        connected, _other = socket.socketpair()
        self.addCleanup(_other.close)
        datagrams = listening(free_port(), socket.SOCK_DGRAM)
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        local = socket.socket(socket.AF_UNIX)
        local.bind(os.path.join(self.rig.folder, "local.socket"))
        local.listen(1)
        for wrong in (connected, datagrams, bound, local):
            self.passed(("http", wrong))
            self.assert_refused("is not a listening TCP socket")

    def test_names_that_say_something_else_are_refused(self):
        self.passed(("https", listening(self.rig.port)))
        self.assert_refused("tls")
        self.passed(("http", listening(free_port())), ("other", listening(free_port())))
        self.assert_refused("other")
        self.passed(("redirect", listening(free_port())))
        self.assert_refused("publicURL")
        self.passed(*((None, listening(free_port())) for _ in range(4)))
        self.assert_refused("4 sockets")


if __name__ == "__main__":
    unittest.main()
