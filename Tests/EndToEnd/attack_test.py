"""Attacks a real Postern while somebody else uses it: in each attack the others are served within a second, the memory
stays within a stated bound, and the process lives.

    python3 -m unittest Tests/EndToEnd/attack_test.py

ATTACK=10 makes every attack ten times as large; ATTACK_REPORT=1 says what was seen. The last test wants 20,000 descriptors for each side; where the limit of
this machine is lower it takes what there is.
"""

import os
import resource
import socket
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from attackers import Attackers, Crowd, PER_CLIENT, TLSCrowd, Watcher, wait_until  # noqa: E402

SIZE = int(os.environ.get("ATTACK", "1"))
#: Seconds of the limits that are waited for; the configuration has them.
SECONDS = 3


class Attacks:
    """The attacks, once over plain http and once over TLS."""

    crowd_class = Crowd

    @classmethod
    def setUpClass(cls):
        cls.crowd = cls.crowd_class(handshakeSeconds=SECONDS, headSeconds=SECONDS, contentSeconds=SECONDS,
                                    idleSeconds=SECONDS, writeSeconds=SECONDS)
        cls.addClassCleanup(cls.crowd.close)
        cls.crowd.start()

    def attack(self, megabytes=64):
        """The others are watched inside; afterwards they must have been served, and the memory have stayed in bounds."""
        return Watched(self, self.crowd, megabytes)

    def connected(self, count, sending=b""):
        """So many connections, from addresses of which each keeps within its cap."""
        return Attackers(self.crowd, count * SIZE, sending=sending)

    # MARK: slowness

    def test_heads_that_never_end(self):
        with self.attack(), self.connected(100, self.crowd.request("GET / HTTP/1.1", "X-Slow: ")[:-4]) as slow:
            # A byte now and then does not prolong the time for a head.
            answers = slow.answers(while_sending=b"a", within=SECONDS * 5)
            self.assertEqual({answer[:12] for answer in answers}, {b"HTTP/1.1 408"})

    def test_content_that_never_comes(self):
        post = self.crowd.request("POST /connect HTTP/1.1", "Content-Length: 9000")
        with self.attack(), self.connected(100, post + b"provider=") as slow:
            answers = slow.answers(while_sending=b"a", within=SECONDS * 5)
            self.assertEqual({answer[:12] for answer in answers}, {b"HTTP/1.1 408"})

    def test_chunks_of_one_octet(self):
        post = self.crowd.request("POST /connect HTTP/1.1", "Transfer-Encoding: chunked")
        with self.attack(), self.connected(50, post) as slow:
            answers = slow.answers(while_sending=b"1\r\na\r\n", within=SECONDS * 5)
            self.assertEqual({answer[:12] for answer in answers}, {b"HTTP/1.1 408"})

    def test_readers_that_never_read(self):
        with self.attack(), self.connected(20) as deaf:
            # Answered until the system takes no more; then the time for writing runs. Afterwards neither the server nor
            # the system may hold anything for them, though they never close.
            deaf.send(self.crowd.page * 2000)
            wait_until(lambda: self.crowd.held_by_the_system() > len(deaf) << 20, within=10, what="the answers")
            wait_until(lambda: self.crowd.held_by_the_system() < 1 << 16, within=SECONDS * 10, what="the end of them")

    def test_hordes_that_do_nothing(self):
        with self.attack(megabytes=96), self.connected(600, self.crowd.page) as idle:
            answers = idle.answers(within=20)
            # Answered, and closed after a while without a word.
            self.assertEqual({answer[:12] for answer in answers}, {b"HTTP/1.1 200"})
            self.assertEqual({answer.count(b"HTTP/1.1 ") for answer in answers}, {1})

    # MARK: floods

    def test_a_flood_of_connections_from_everywhere(self):
        with self.attack():
            for number in range(2000 * SIZE):
                with socket.socket() as attacker:
                    attacker.bind((f"127.1.{number % 200}.{1 + number // 200 % 200}", 0))
                    attacker.connect(("127.0.0.1", self.crowd.port))

    def test_many_requests_at_once(self):
        with self.attack(), self.connected(8) as pipelining:
            count = 200
            received = pipelining.exchange(self.crowd.page * count, until=lambda got: got.count(b"HTTP/1.1 200 ") == count, within=60)
            for answers in received:
                self.assertEqual(answers.count(b"HTTP/1.1 200 "), count)

    def test_requests_octet_by_octet(self):
        with self.attack(), self.connected(8) as small:
            for octet in self.crowd.page:
                small.send(bytes([octet]))
            self.assertEqual(small.count_answered(within=10), len(small))

    # MARK: vanishing

    def test_clients_that_vanish_in_the_middle_of_a_request(self):
        with self.attack():
            for _ in range(4 * SIZE):
                with self.connected(50) as vanishing:
                    vanishing.send(self.crowd.request("POST /connect HTTP/1.1", "Content-Length: 900") + b"prov")
                    vanishing.reset()

    def test_clients_that_vanish_in_the_middle_of_a_response(self):
        with self.attack():
            for _ in range(4 * SIZE):
                with self.connected(50) as vanishing:
                    # More than the system holds, so that the server is writing when the connection breaks.
                    vanishing.send(self.crowd.page * 100)
                    vanishing.reset()

    # MARK: garbage

    def test_garbage(self):
        with self.attack():
            for garbage in (b"\0" * 1000, b"\xff" * 70000, b"\r\n" * 500, b"GET " + b"/" * 70000, b"\x16\x03\x01" + b"\xff" * 70000,
                            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 1000, b"A: b\r\n" * 2000):
                with self.connected(10) as attackers:
                    attackers.send(garbage)
                    attackers.wait_until_closed(within=SECONDS * 8)


class Watched:
    def __init__(self, test, crowd, megabytes):
        self.test, self.crowd, self.bound = test, crowd, megabytes << 20

    def __enter__(self):
        self.before = self.crowd.memory()
        #: How many want each processor.
        self.business = os.getloadavg()[0] / (os.cpu_count() or 1)
        self.watcher = Watcher(self.crowd)
        return self

    def __exit__(self, kind, value, trace):
        worst, served, failures, lag = self.watcher.finish()
        peak = self.crowd.peak_memory() - self.before
        if "ATTACK_REPORT" in os.environ:
            print(f"{self.test.id():80} others {worst * 1000:5.0f} ms at most, {served:4} times, "
                  f"memory +{peak / 1e6:.1f} of {self.bound / 1e6:.0f} MB", file=sys.stderr)
        if kind is not None:
            return
        self.test.assertIsNone(self.crowd.rig.postern.child.poll(), "Postern has ended")
        self.test.assertEqual(failures, [])
        self.test.assertGreater(served, 0)
        # What the watcher itself overslept is this machine's doing, and so is what others do on it.
        bound = lag + max(1, self.business)
        self.test.assertLess(worst, bound, f"others waited {worst:.2f} s; {served} were served")
        self.test.assertLess(peak, self.bound)


class PlainAttackTest(Attacks, unittest.TestCase):
    def test_clients_that_have_finished_writing_are_still_answered(self):
        with self.attack(), self.connected(50) as half_closed:
            half_closed.send(self.crowd.page)
            half_closed.finish_writing()
            answers = half_closed.answers(within=10)
            self.assertEqual({answer[:12] for answer in answers}, {b"HTTP/1.1 200"})
            self.assertTrue(all(answer.endswith(b"</html>\n") or b"</html>" in answer for answer in answers))

    def test_all_the_connections_there_may_be(self):
        """20,000, or what the machine allows; then the next one is told so, and when they leave there is room again."""
        available = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 20_000 + 500) - 500
        count = available if SIZE > 1 else min(available, 5000)
        with self.attack(megabytes=64 + count // 20):
            begun = time.monotonic()
            with Attackers(self.crowd, count) as all_of_them:
                self.assertEqual(len(all_of_them), count)
                self.assertLess(time.monotonic() - begun, 60)


class TLSAttackTest(Attacks, unittest.TestCase):
    crowd_class = TLSCrowd

    def test_clients_that_have_finished_writing_are_still_answered(self):
        for _ in range(10):
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = ssl._create_unverified_context().wrap_bio(incoming, outgoing)  # noqa: S323
            with socket.create_connection(("127.0.0.1", self.crowd.port), timeout=10) as client:
                def step(action):
                    """Until it is done, with what has to be carried for it."""
                    while True:
                        try:
                            done = action()
                            client.sendall(outgoing.read())
                            return done
                        except ssl.SSLWantReadError:
                            client.sendall(outgoing.read())
                            incoming.write(client.recv(65536))

                step(tls.do_handshake)
                step(lambda: tls.write(self.crowd.page))
                try:
                    tls.unwrap()
                except ssl.SSLWantReadError:
                    client.sendall(outgoing.read())
                answer = b""
                while b"</html>" not in answer:
                    answer += step(lambda: tls.read(65536))
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 "))

    def test_half_handshakes(self):
        hello = client_hello()
        for part in (b"", hello[:1], hello[:5], hello[:-1], hello):
            with self.subTest(bytes=len(part)), self.attack(), \
                    Attackers(self.crowd, 60 * SIZE, is_secure=False) as half:
                half.send(part)
                half.wait_until_closed(within=SECONDS * 5)

    def test_handshake_garbage(self):
        hello = client_hello()
        with self.attack():
            for garbage in (b"\0" * 300, b"\x16\x03\x01\xff\xff" + b"\0" * 40000, hello[:20] + b"\xff" * 200 + hello[220:],
                            b"\x80\x2e\x01\x00\x02" + b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28", b"\x17\x03\x03\x40\x00",
                            b"\x14\x03\x03\x00\x01\x01" * 100, hello * 3, b"GET / HTTP/1.1\r\n\r\n"):
                with Attackers(self.crowd, 20, is_secure=False) as attackers:
                    attackers.send(garbage)
                    attackers.wait_until_closed(within=SECONDS * 5)

    def test_handshakes_given_up_at_once(self):
        hello = client_hello()
        with self.attack():
            for _ in range(5 * SIZE):
                with Attackers(self.crowd, 50, is_secure=False) as attackers:
                    attackers.send(hello)
                    attackers.reset()

    def test_records_of_one_octet(self):
        with self.attack(), self.connected(8) as small:
            for octet in self.crowd.page:
                small.send(bytes([octet]))
            self.assertEqual(small.count_answered(within=10), len(small))

    def test_renegotiation(self):
        with self.attack():
            for _ in range(3):
                client = subprocess.run(
                    ["openssl", "s_client", "-connect", f"127.0.0.1:{self.crowd.port}", "-tls1_2"],
                    input=b"R\n", capture_output=True, timeout=20, check=False)
                self.assertIn(b"RENEGOTIATING", client.stdout + client.stderr)
                self.assertRegex(client.stderr, rb"no renegotiation|alert|unexpected eof|ssl_read_n|:error:")


class CapTest(unittest.TestCase):
    def test_a_flood_from_one_address(self):
        """As many as the cap are served, the others are told so or closed, and everybody else notices nothing."""
        for crowd_class in (Crowd, TLSCrowd):
            with self.subTest(crowd_class.__name__):
                crowd = crowd_class(idleSeconds=60)
                self.addCleanup(crowd.close)
                crowd.start()
                with Watched(self, crowd, 64), \
                        Attackers(crowd, 300, ["127.0.9.9"], may_fail=True, sending=crowd.page) as flood:
                    answers = flood.read(within=20, until=lambda got: b"</html>" in got)
                    self.assertEqual(sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers), PER_CLIENT)
                    others = {answer[:12] for answer in answers if not answer.startswith(b"HTTP/1.1 200 ")}
                    self.assertLessEqual(others, {b"HTTP/1.1 503", b""})


class DescriptorTest(unittest.TestCase):
    def test_goes_on_when_descriptors_come_back(self):
        """Fewer descriptors than it has planned with: who is connected is served on, the log says what is wanting, and
        when they leave the next one is served."""
        crowd = Crowd(idleSeconds=60, headSeconds=60)
        self.addCleanup(crowd.close)
        crowd.start()
        crowd.take_descriptors(120)
        kept = crowd.connect("127.0.0.5")
        self.addCleanup(kept.close)
        with Attackers(crowd, 300) as many:
            self.assertEqual(len(many), 300)
            wait_until(lambda: crowd.log_says("accepting failed"), within=10, what="the log to say so")
            for _ in range(20):
                begun = time.monotonic()
                kept.sendall(crowd.page)
                self.assertIn(b"HTTP/1.1 200 ", kept.recv(65536))
                self.assertLess(time.monotonic() - begun, 1)
                time.sleep(0.05)
            # Said once in a while, not for every attempt.
            self.assertLess(crowd.log_lines("accepting failed"), 5)
        with crowd.connect("127.0.0.6") as next_one:
            next_one.sendall(crowd.page)
            self.assertIn(b"HTTP/1.1 200 ", next_one.recv(65536))
        self.assertEqual(crowd.rig.postern.stop(), 0)


def client_hello():
    """What a client sends first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl._create_unverified_context().wrap_bio(incoming, outgoing, server_hostname="localhost")  # noqa: S323
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


if __name__ == "__main__":
    unittest.main()
