"""Stops Postern under load: no request that it took is lost, and a second signal cuts.

    python3 -m unittest Tests/EndToEnd/shutdown_test.py
"""

import json
import os
import re
import signal
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Browser, Rig  # noqa: E402
from tls_test import TLSRig  # noqa: E402

PAGE = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"


class Connection:
    """One connection that sends what it is told and reads whole responses."""

    def __init__(self, rig):
        self.host = re.sub(".*//", "", rig.origin).encode()
        self.socket = socket.create_connection(("127.0.0.1", rig.port), timeout=20)
        if isinstance(rig, TLSRig):
            self.socket = rig.client.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def send(self, octets):
        self.socket.sendall(octets)

    def ask(self):
        self.send(PAGE % self.host)

    def answer(self):
        """A whole response as (head, content); None if the connection ended before its first octet."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.receive():
                if self.buffer:
                    raise AssertionError(f"half a head: {self.buffer!r}")
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
        while len(self.buffer) < length:
            if not self.receive():
                raise AssertionError(f"{len(self.buffer)} of {length} octets of content")
        content, self.buffer = self.buffer[:length], self.buffer[length:]
        return head, content

    def receive(self):
        try:
            octets = self.socket.recv(65536)
        except ConnectionResetError:
            octets = b""
        self.buffer += octets
        return bool(octets)

    def close(self):
        self.socket.close()


def reference(head):
    return re.search(rb"(?i)x-request-id: (\S+)", head)[1].decode()


class Load(threading.Thread):
    """Asks on kept connections, or on new ones, until the server says that it closes or is gone."""

    def __init__(self, rig, is_kept, pipelined=1):
        super().__init__(daemon=True)
        self.rig, self.is_kept, self.pipelined = rig, is_kept, pipelined
        self.received, self.fault = set(), None
        self.start()

    def run(self):
        try:
            while self.converse():
                pass
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test tells
            self.fault = fault

    def converse(self):
        """One connection; false once nobody listens any more."""
        try:
            connection = Connection(self.rig)
        except OSError:
            return False
        try:
            while True:
                try:
                    connection.send(PAGE % connection.host * self.pipelined)
                except OSError:
                    return True
                for _ in range(self.pipelined):
                    answer = connection.answer()
                    if answer is None:
                        return True
                    assert answer[0].startswith(b"HTTP/1.1 200 "), answer[0]
                    self.received.add(reference(answer[0]))
                    if b"connection: close" in answer[0].lower():
                        return True
                if not self.is_kept:
                    return True
        finally:
            connection.close()


class ShutdownTest(unittest.TestCase):
    def rig(self, kind=Rig, **limits):
        rig = kind()
        self.addCleanup(rig.close)
        with open(rig.config, encoding="utf-8") as file:
            config = json.load(file)
        config["limits"] |= {"connectionsPerClient": 10000} | limits
        with open(rig.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return rig.start()

    def connection(self, rig):
        connection = Connection(rig)
        self.addCleanup(connection.close)
        return connection

    def stop_under_load(self, rig):
        loads = [Load(rig, is_kept=number % 2 == 0, pipelined=1 if number < 4 else 8) for number in range(8)]
        half = self.connection(rig)
        half.send((PAGE % half.host)[:-5])
        form = self.connection(rig)
        content = b"provider=google"
        form.send(b"POST /connect HTTP/1.1\r\nHost: %s\r\nSec-Fetch-Site: same-origin\r\nContent-Length: %d\r\n"
                  b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" % (form.host, len(content)) + content[:4])
        fresh, idle = self.connection(rig), self.connection(rig)
        idle.ask()
        before = idle.answer()
        self.assertTrue(before[0].startswith(b"HTTP/1.1 200 "))
        deadline = time.monotonic() + 20
        while sum(len(load.received) for load in loads) < 200 and time.monotonic() < deadline:
            time.sleep(0.01)
        rig.postern.child.send_signal(signal.SIGTERM)
        # Nothing is owed to who waits between two requests; it is let go at once.
        self.assertIsNone(idle.answer())
        # Who has just come may have a request on its way.
        fresh.ask()
        answers = [(fresh.answer(), b"200")]
        half.send((PAGE % half.host)[-5:])
        answers.append((half.answer(), b"200"))
        form.send(content[4:])
        answers.append((form.answer(), b"303"))
        self.assertEqual(rig.postern.child.wait(20), 0)
        for answer, status in answers:
            self.assertIsNotNone(answer, status)
            self.assertEqual(answer[0].split()[1], status)
            self.assertIn(b"connection: close", answer[0].lower())
        received = {reference(before[0])} | {reference(answer[0]) for answer, _ in answers}
        for load in loads:
            load.join(20)
            self.assertFalse(load.is_alive())
            self.assertIsNone(load.fault)
            received |= load.received
        self.assertGreater(len(received), 100)
        lines = [json.loads(line) for line in rig.postern.output().splitlines() if '"event":"request"' in line]
        # What the server says it has answered has arrived.
        self.assertEqual([line for line in lines if line["id"] not in received], [])

    def test_a_signal_under_load_loses_no_request(self):
        self.stop_under_load(self.rig())

    def test_a_signal_under_load_loses_no_request_over_tls(self):
        self.stop_under_load(self.rig(TLSRig))

    def test_what_was_pipelined_before_the_signal_is_answered(self):
        rig = self.rig()
        connection = self.connection(rig)
        # The last one is unfinished, so that the server must have read them all when it waits for its rest.
        connection.send(PAGE % connection.host * 50 + (PAGE % connection.host)[:-2])
        for _ in range(50):
            self.assertTrue(connection.answer()[0].startswith(b"HTTP/1.1 200 "))
        rig.postern.child.send_signal(signal.SIGTERM)
        connection.send(b"\r\n" + PAGE % connection.host * 20)
        heads = [connection.answer()[0] for _ in range(21)]
        self.assertEqual([b"close" in head.lower() for head in heads], [False] * 20 + [True])
        self.assertEqual(rig.postern.child.wait(20), 0)

    def test_a_callback_in_hand_is_finished(self):
        rig = self.rig()
        rig.ask_sandbox("POST", "/sandbox/script", {"next": [{"on": "token", "outcome": "slow", "seconds": 3}]})
        flow = Browser(rig, timeout=30).start().sign_in("ada@example.com")
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(flow.browser.request("GET", flow.callback, fields={"Sec-Fetch-Site": "cross-site"})))
        thread.start()
        deadline = time.monotonic() + 20
        while not rig.rows("select 1 from sqlite_master") or not rig.ask_sandbox("GET", "/sandbox/counts")["exchanges"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(rig.postern.stop(), 0)
        thread.join(20)
        self.assertIn("/connected/", answers[0].location)
        self.assertEqual(rig.rows("select address from grants"), [("ada@example.com",)])

    def test_a_second_signal_cuts(self):
        rig = self.rig()
        half = self.connection(rig)
        half.send(b"GET / HTTP/1.1\r\n")
        idle = self.connection(rig)
        idle.ask()
        self.assertIsNotNone(idle.answer())
        rig.postern.child.send_signal(signal.SIGTERM)
        self.assertIsNone(idle.answer())
        self.assertIsNone(rig.postern.child.poll(), "it waits for the half request")
        rig.postern.child.send_signal(signal.SIGTERM)
        self.assertEqual(rig.postern.child.wait(5), 1)
        self.assertIsNone(half.answer())

    def test_the_grace_has_an_end(self):
        rig = self.rig(shutdownGraceSeconds=1, headSeconds=60)
        # Once somebody is answered, signals are events.
        first = self.connection(rig)
        first.ask()
        self.assertIsNotNone(first.answer())
        half = self.connection(rig)
        half.send(b"GET / HTTP/1.1\r\n")
        rig.postern.child.send_signal(signal.SIGTERM)
        self.assertEqual(rig.postern.child.wait(15), 0)
        self.assertIsNone(half.answer())


if __name__ == "__main__":
    unittest.main()
