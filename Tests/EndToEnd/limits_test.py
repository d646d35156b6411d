"""What the machine and its neighbors do to a real Postern: few descriptors, none at all, a log that nobody reads, a proxy.

    python3 -m unittest Tests/EndToEnd/limits_test.py
"""

import json
import os
import resource
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, free_port  # noqa: E402


class Client:
    """One connection; `ask` gives the status of one answer, or None where there is none."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def ask(self, host, path="/", fields=""):
        try:
            self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n".encode())
            answer = self.socket.recv(65536)
        except (ConnectionError, TimeoutError):
            return None
        return int(answer.split()[1]) if answer else None

    def close(self):
        self.socket.close()


class LimitsTest(unittest.TestCase):
    def setUp(self):
        self.rig = Rig()
        self.addCleanup(self.rig.close)
        self.host = f"localhost:{self.rig.port}"
        self.clients = []
        self.addCleanup(lambda: [client.close() for client in self.clients])

    def configure(self, **changes):
        with open(self.rig.config, encoding="utf-8") as file:
            config = json.load(file)
        config |= changes
        with open(self.rig.config, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def client(self):
        self.clients.append(Client(self.rig.port))
        return self.clients[-1]

    def log(self, event):
        return [line for line in map(json.loads, filter(lambda line: line.startswith("{"), self.rig.postern.output().splitlines()))
                if line["event"] == event]

    def until(self, condition, what):
        deadline = time.monotonic() + 20
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def test_with_few_descriptors_there_are_fewer_connections_and_the_rest_are_told(self):
        self.configure(limits={"connectionsPerClient": 10000})
        self.rig.postern.preparation = "ulimit -n 300"
        self.rig.start()
        self.until(lambda: self.log("fewer connections than configured"), "a line that says so")
        self.assertEqual(self.log("fewer connections than configured")[0]["connections"], 44)
        statuses = [self.client().ask(self.host) for _ in range(60)]
        self.assertEqual(statuses[:40], [200] * 40)
        self.assertIn(503, statuses)
        self.assertNotIn(None, statuses)
        for client in self.clients:
            client.close()
        self.until(lambda: self.client().ask(self.host) == 200, "a place after the others have gone")
        self.assertEqual(self.log("accepting failed"), [])

    def test_without_descriptors_it_says_so_once_and_goes_on_when_they_come_back(self):
        self.rig.start()
        kept = self.client()
        self.assertEqual(kept.ask(self.host), 200)
        process = self.rig.postern.child.pid
        before = resource.prlimit(process, resource.RLIMIT_NOFILE)
        self.assertEqual(before[0], before[1], "the soft limit was not raised")
        used = len(os.listdir(f"/proc/{process}/fd"))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (used, before[1]))
        # More than there can be numbers left for between those in use.
        waiting = [self.client() for _ in range(5)]
        self.until(lambda: self.log("accepting failed"), "a line that says so")
        # Who was there is served, as if nothing were.
        for _ in range(20):
            self.assertEqual(kept.ask(self.host), 200)
            time.sleep(0.05)
        self.assertEqual(len(self.log("accepting failed")), 1)
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)
        self.assertEqual([client.ask(self.host) for client in waiting], [200] * 5)
        self.until(lambda: self.log("accepting again"), "a line that says that it goes on")

    def test_a_log_that_nobody_reads_any_more_stops_nothing(self):
        reading, writing = os.pipe()
        self.rig.postern.output_descriptor = writing
        self.rig.start()
        os.close(writing)
        self.assertEqual(self.client().ask(self.host), 200)
        os.close(reading)
        for _ in range(50):
            self.assertEqual(self.client().ask(self.host), 200)
        self.assertIsNone(self.rig.postern.child.poll())

    def test_the_log_names_the_client_of_a_configured_proxy_and_warns_of_another(self):
        self.configure(proxies={"networks": ["127.0.0.0/8"]})
        self.rig.start()
        self.assertEqual(self.client().ask(self.host, fields="X-Forwarded-For: 198.51.100.9, 203.0.113.7\r\n"), 200)
        self.until(lambda: self.log("request"), "a line")
        self.assertEqual(self.log("request")[-1]["client"], "203.0.113.0/24")
        self.assertEqual(self.log("proxy not understood"), [])
        self.assertEqual(self.rig.postern.stop(), 0)
        self.configure(proxies={"networks": []})
        self.rig.postern.start(self.rig.port)
        for _ in range(3):
            self.assertEqual(self.client().ask(self.host, fields="X-Forwarded-For: 203.0.113.7\r\n"), 200)
        self.until(lambda: len(self.log("request")) == 4, "four lines")
        self.assertEqual({line["client"] for line in self.log("request")[1:]}, {"127.0.0.0/24"})
        self.assertEqual(len(self.log("proxy not understood")), 1)

    def test_the_plain_listener_sends_people_on(self):
        port = free_port()
        self.configure(publicURL="https://localhost", redirect={"address": "127.0.0.1", "port": port})
        self.rig.start()
        for method, path in [("GET", "/callback?code=marker"), ("HEAD", "/"), ("POST", "/connect"), ("DELETE", "/x")]:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: 3\r\n\r\nabc".encode())
                head = connection.recv(65536).decode()
            self.assertTrue(head.startswith("HTTP/1.1 308 "), head)
            self.assertIn(f"Location: https://localhost{path}\r\n", head)
            self.assertNotIn("strict-transport-security", head.lower())
        refused = {
            "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n": 421,
            "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n": 400,
            "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n": 421,
            "GET / HTTP/1.0\r\n\r\n": 421,
            "nonsense\r\n\r\n": 400,
        }
        for request, status in refused.items():
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(request.encode())
                head = connection.recv(65536).decode()
            self.assertTrue(head.startswith(f"HTTP/1.1 {status} "), (request, head))
            self.assertNotIn("location:", head.lower())
            self.assertNotIn("strict-transport-security", head.lower())
            self.assertNotIn("evil", head)
        self.until(lambda: self.log("request"), "a line")
        self.assertEqual(self.log("request")[0]["route"], "redirect")
        self.assertEqual(self.rig.postern.stop(), 0)
        self.assertNotIn("marker", self.rig.postern.output())


if __name__ == "__main__":
    unittest.main()
