"""/metrics of a real process after real traffic, read by a strict parser; /readyz while the store cannot be written.

    python3 -m unittest Tests/EndToEnd/metrics_test.py
"""

import http.client
import os
import socket
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import openmetrics  # noqa: E402
from rig import Browser, Rig  # noqa: E402


class ReaderTest(unittest.TestCase):
    """The parser refuses what it should: a checker that accepts everything checks nothing."""

    GOOD = (
        "# TYPE a counter\n# HELP a An \\\"a\\\".\na_total{l=\"x\\\"y\"} 1\n"
        "# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n# HELP h_seconds H.\n"
        "h_seconds_bucket{le=\"0.5\"} 1\nh_seconds_bucket{le=\"+Inf\"} 2\nh_seconds_count 2\nh_seconds_sum 3.5\n# EOF\n")

    def test_it_reads_what_is_right(self):
        families = openmetrics.parse(self.GOOD)
        self.assertEqual(openmetrics.value(families, "a_total", l='x\\"y'), 1)
        self.assertEqual(openmetrics.value(families, "h_seconds_bucket", le="+Inf"), 2)

    def test_it_refuses_what_is_wrong(self):
        changes = [
            ("# EOF\n", ""), ("a_total{", "a{"), ("a_total", "b_total"), (" 1\n", " one\n"), (" 1\n", " -1\n"),
            ("a_total{l=\"x\\\"y\"}", "a_total{l=\"x\"y\"}"), ("a_total{l=", "a_total{l="[:-2] + "1l="),
            ("# TYPE a counter\n", "# TYPE a counter\n# TYPE a counter\n"), ("# TYPE a counter", "# TYPE a number"),
            ("# UNIT h_seconds seconds", "# UNIT h_seconds bytes"), ("h_seconds_count 2", "h_seconds_count 3"),
            ("h_seconds_bucket{le=\"+Inf\"} 2\n", ""), ("h_seconds_bucket{le=\"0.5\"} 1", "h_seconds_bucket{le=\"0.5\"} 3"),
            ("h_seconds_sum 3.5\n", ""), ("# EOF\n", "\n# EOF\n"), ("a_total{l=\"x\\\"y\"} 1\n", "a_total 1\na_total 1\n"),
            ("# EOF\n", "a_total 2\n# EOF\n"), ("1\n# TYPE h", "1\r\n# TYPE h"), ("An \\\"a\\\".", "An \"a\"."),
            ("{l=\"x\\\"y\"}", "{l=\"x\" m=\"y\"}"), ("{l=\"x\\\"y\"}", "{l=\"x\",l=\"y\"}"), ("{l=\"x\\\"y\"}", "{le=\"1\"}"),
        ]
        for old, new in changes:
            self.assertIn(old, self.GOOD)
            with self.assertRaises(AssertionError, msg=(old, new)):
                openmetrics.parse(self.GOOD.replace(old, new, 1))


class OperationsRig(Rig):
    def ask(self, path, fields=None, timeout=10):
        """One request of the second listener: status, Content-Type, content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.operations_port, timeout=timeout)
        try:
            connection.request("GET", path, headers=fields or {})
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type"), response.read().decode()
        finally:
            connection.close()

    def metrics(self):
        status, kind, text = self.ask("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})
        assert status == 200 and kind == "application/openmetrics-text; version=1.0.0; charset=utf-8", (status, kind)
        return openmetrics.parse(text)

    def wait_for(self, sample, expected, **labels):
        """The end of a connection, for one, is counted a moment after its client has seen it."""
        deadline = time.monotonic() + 10
        while True:
            found = openmetrics.value(self.metrics(), sample, **labels)
            if found is not None and found >= expected:
                return found
            assert time.monotonic() < deadline, f"{sample}{labels} is {found}, not {expected}"
            time.sleep(0.05)


class MetricsTest(unittest.TestCase):
    def setUp(self):
        self.rig = OperationsRig()
        self.addCleanup(self.rig.close)
        self.rig.start()

    def send(self, octets):
        with socket.create_connection(("127.0.0.1", self.rig.port), timeout=10) as plain:
            plain.sendall(octets)
            answer = b""
            while chunk := plain.recv(65536):
                answer += chunk
            return answer

    def test_what_happened_is_counted(self):
        rig = self.rig
        first = rig.metrics()
        self.assertEqual(openmetrics.value(first, "postern_flows_answered_total", verdict="connected"), 0)
        flow = Browser(rig, timeout=30).start().sign_in("ada@gmail.example")
        self.assertTrue(flow.is_shown_connected(flow.come_back()))
        refused = Browser(rig, timeout=30).start().sign_in("bob@gmail.example", "deny")
        refused.come_back()
        for _ in range(7):
            Browser(rig).request("GET", rig.origin + "/")
        Browser(rig).request("GET", rig.origin + "/no-such-page-" + "x" * 40)
        self.assertIn(b" 400 ", self.send(b"GET / HTTP/1.1\r\n\r\n"))
        self.assertIn(b" 421 ", self.send(b"GET / HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n"))
        self.assertIn(b" 405 ", self.send(b"BREW / HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n" % rig.port))
        for sample, expected, labels in [
            ("postern_requests_total", 7, {"route": "/", "method": "GET", "status": "200"}),
            ("postern_requests_total", 2, {"route": "/connect", "method": "POST", "status": "303"}),
            ("postern_requests_total", 2, {"route": "/callback", "method": "GET", "status": "303"}),
            ("postern_requests_total", 1, {"route": "-", "method": "GET", "status": "404"}),
            ("postern_requests_total", 1, {"route": "-", "method": "-", "status": "400"}),
            ("postern_requests_total", 1, {"route": "-", "method": "GET", "status": "421"}),
            ("postern_requests_total", 1, {"route": "/", "method": "other", "status": "405"}),
            ("postern_requests_refused_total", 1, {"rule": "missing_host"}),
            ("postern_flows_started_total", 2, {"provider": "google"}),
            ("postern_flows_answered_total", 1, {"verdict": "connected"}),
            ("postern_flows_answered_total", 1, {"verdict": "declined"}),
            ("postern_request_duration_seconds_count", 7, {"route": "/"}),
            ("postern_response_content_bytes_total", 10_000, {}),
            ("postern_connections_total", 14, {}),
            ("postern_store_commits_total", 2, {}),
            ("postern_store_writable", 1, {}),
            ("postern_event_loop_lag_seconds_count", 1, {"loop": "0"}),
            ("process_cpu_seconds_total", 0.001, {}),
        ]:
            rig.wait_for(sample, expected, **labels)
        # All of these clients have gone.
        deadline = time.monotonic() + 10
        while openmetrics.value(rig.metrics(), "postern_connections_open") != 0:
            self.assertLess(time.monotonic(), deadline, "a connection is counted as open that is not")
            time.sleep(0.05)
        last = rig.metrics()
        for name, family in last.items():
            self.assertIsNotNone(family.help, name)
            self.assertEqual(family.kind, first[name].kind if name in first else family.kind)
            if family.kind == "counter":
                for sample, value in first[name].samples.items() if name in first else ():
                    self.assertGreaterEqual(family.samples[sample], value, "a counter went back")
        self.assertLess(sum(len(family.samples) for family in last.values()), 450)

    def test_the_older_format_is_for_who_prefers_plain_text(self):
        status, kind, text = self.rig.ask("/metrics", {"Accept": "text/plain"})
        self.assertEqual((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.assertIn("# TYPE postern_connections_total counter\n", text)
        self.assertNotIn("# EOF", text)
        self.assertEqual(self.rig.ask("/metrics")[1], "application/openmetrics-text; version=1.0.0; charset=utf-8")

    def test_metrics_are_not_on_the_public_listener(self):
        for path in ("/metrics", "/livez", "/readyz"):
            self.assertEqual(Browser(self.rig).request("GET", self.rig.origin + path).status, 404)

    def test_readiness_is_false_while_the_store_cannot_be_written(self):
        rig = self.rig
        self.assertEqual(rig.ask("/readyz")[0], 200)
        connection = sqlite3.connect(os.path.join(rig.data, "postern.db"), timeout=10, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            self.wait_for_readiness(503)
            status, _, text = rig.ask("/readyz")
            self.assertEqual(status, 503)
            self.assertIn("file store", text)
            self.assertEqual(openmetrics.value(rig.metrics(), "postern_store_writable"), 0)
            self.assertEqual(rig.ask("/livez")[0], 200)
        finally:
            connection.execute("ROLLBACK")
            connection.close()
        self.wait_for_readiness(200)
        self.assertEqual(openmetrics.value(rig.metrics(), "postern_store_writable"), 1)

    def wait_for_readiness(self, expected):
        # The last answer is good for five seconds, and a store that is locked says so after five more.
        deadline = time.monotonic() + 30
        while self.rig.ask("/readyz")[0] != expected:
            self.assertLess(time.monotonic(), deadline, f"/readyz does not come to {expected}")
            time.sleep(0.2)

    def test_many_probes_are_few_writes(self):
        rig = self.rig
        rig.ask("/readyz")
        before = rig.rows("SELECT value FROM meta WHERE name = 'writes_tried'")[0][0]
        begun = time.monotonic()
        for _ in range(100):
            self.assertEqual(rig.ask("/readyz")[0], 200)
        seconds = time.monotonic() - begun
        after = rig.rows("SELECT value FROM meta WHERE name = 'writes_tried'")[0][0]
        self.assertLessEqual(int(after) - int(before), seconds / 5 + 1)


if __name__ == "__main__":
    unittest.main()
