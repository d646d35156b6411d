"""Certificates that are renewed under a running Postern, as Kubernetes and certbot do it, and SIGHUP.

    python3 -m unittest Tests/EndToEnd/certificate_test.py
"""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import openmetrics  # noqa: E402
from rig import PROGRAM, Browser, Rig  # noqa: E402
from tls_test import Authority  # noqa: E402

#: Two looks of five seconds, on a busy machine.
PATIENCE = 40


class FolderRig(Rig):
    """A Postern whose certificates lie in a folder; nothing is sent to the sandbox here."""

    def __init__(self):
        super().__init__()
        self.authority = Authority(self.folder, "ca")
        self.tls = os.path.join(self.folder, "tls")
        os.mkdir(self.tls)
        self.origin = f"https://localhost:{self.port}"
        self.change_config(lambda config: config.update({"publicURL": self.origin, "tls": {"directory": self.tls}}))
        self.client = ssl.create_default_context(cafile=self.authority.certificate)
        self.count = 0

    def change_config(self, change):
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        change(config)
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def issue(self, folder, chain="tls.crt", key="tls.key", host="localhost"):
        """A new certificate and its key in a folder, under these names."""
        self.count += 1
        os.makedirs(folder, exist_ok=True)
        made = self.authority.issue(f"made-{self.count}", host)
        for source, name in zip(made, (chain, key)):
            shutil.copy(source, os.path.join(folder, name))
        return serial_of(os.path.join(folder, chain))

    def connection(self, port, timeout):
        return http.client.HTTPSConnection("localhost", port, timeout=timeout, context=self.client)

    def start(self):
        self.postern.start(self.port)
        return self

    def handshake(self, session=None):
        """A stream over TLS, its handshake done."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self.client.wrap_socket(plain, server_hostname="localhost", session=session)

    def shown(self):
        """The serial number of the certificate that a new connection sees."""
        with self.handshake() as stream:
            return int(stream.getpeercert()["serialNumber"], 16)

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.operations_port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            return openmetrics.parse(connection.getresponse().read().decode())
        finally:
            connection.close()

    def metric(self, sample, **labels):
        return openmetrics.value(self.metrics(), sample, **labels)

    def events(self, name):
        """The lines of the log about one event."""
        lines = [json.loads(line) for line in self.postern.output().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]


def serial_of(path):
    text = subprocess.run(["openssl", "x509", "-in", path, "-noout", "-serial"], check=True, capture_output=True, text=True)
    return int(text.stdout.strip().split("=")[1], 16)


def turn(link, target):
    """Makes a link lead elsewhere at once: a reader sees the old or the new one, never none."""
    os.symlink(target, link + ".new")
    os.rename(link + ".new", link)


class CertificateTest(unittest.TestCase):
    def setUp(self):
        self.rig = FolderRig()
        self.addCleanup(self.rig.close)

    def wait(self, condition, what, patience=PATIENCE):
        deadline = time.monotonic() + patience
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"{what}\n{self.rig.postern.output()[-2000:]}")
            time.sleep(0.1)

    def get(self, stream):
        """A page on a connection that stays open; its status line."""
        stream.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{self.rig.port}\r\n\r\n".encode())
        response = http.client.HTTPResponse(stream)
        response.begin()
        response.read()
        return response.status

    def test_a_link_turned_as_kubernetes_does_it(self):
        rig = self.rig
        first = rig.issue(os.path.join(rig.tls, "..2026_01"))
        os.symlink("..2026_01", os.path.join(rig.tls, "..data"))
        for name in ("tls.crt", "tls.key"):
            os.symlink(os.path.join("..data", name), os.path.join(rig.tls, name))
        rig.start()
        self.assertEqual(rig.shown(), first)
        kept = rig.handshake()
        self.assertEqual(self.get(kept), 200)
        session = kept.session
        self.assertTrue(session.has_ticket)

        second = rig.issue(os.path.join(rig.tls, "..2026_02"))
        turn(os.path.join(rig.tls, "..data"), "..2026_02")
        shutil.rmtree(os.path.join(rig.tls, "..2026_01"))
        self.wait(lambda: rig.shown() == second, "the new certificate is not shown")
        # The old connection lives on with what it began with, and an old ticket is still good.
        self.assertEqual(self.get(kept), 200)
        self.assertEqual(int(kept.getpeercert()["serialNumber"], 16), first)
        kept.close()
        with rig.handshake(session) as again:
            self.assertEqual(self.get(again), 200)
            self.assertTrue(again.session_reused, "the ticket did not survive the change")
        self.assertEqual(rig.metric("postern_certificate_reloads_total"), 1)
        self.assertEqual(rig.metric("postern_certificate_reload_failures_total"), 0)
        remaining = rig.metric("postern_certificate_remaining_seconds", certificate="1", key="ecdsa")
        self.assertTrue(86_400 < remaining < 2 * 86_400 + 60, remaining)
        self.wait(
            lambda: len(rig.events("certificate in use")) + len(rig.events("expired certificate in use")) == 2,
            "the certificates in use are not logged",
        )

    def test_links_turned_one_after_the_other_as_certbot_does_it_and_a_bad_pair_between(self):
        rig = self.rig
        archive, live = os.path.join(rig.folder, "archive"), os.path.join(rig.tls, "localhost")
        os.makedirs(live)

        def point(number):
            for name in ("fullchain", "privkey"):
                turn(os.path.join(live, name + ".pem"), os.path.join(archive, f"{name}{number}.pem"))

        first = rig.issue(archive, "fullchain1.pem", "privkey1.pem")
        point(1)
        rig.start()
        self.assertEqual(rig.shown(), first)
        second = rig.issue(archive, "fullchain2.pem", "privkey2.pem")
        point(2)
        self.wait(lambda: rig.shown() == second, "the new certificate is not shown")

        # The certificate of the third with the key of the second.
        third = rig.issue(archive, "fullchain3.pem", "privkey3.pem")
        turn(os.path.join(live, "fullchain.pem"), os.path.join(archive, "fullchain3.pem"))
        self.wait(lambda: rig.metric("postern_certificates_refused") == 1, "the bad pair is not reported")
        self.assertEqual(rig.shown(), second)
        # Half a file, too: another change, another line.
        with open(os.path.join(archive, "fullchain3.pem"), "rb") as whole:
            content = whole.read()
        half = os.path.join(archive, "fullchain4.pem")
        with open(half, "wb") as file:
            file.write(content[: len(content) // 2])
        turn(os.path.join(live, "fullchain.pem"), half)
        self.wait(lambda: rig.metric("postern_certificate_reload_failures_total") == 2, "the half file is not reported")
        self.assertEqual(rig.shown(), second)
        # The log is written a moment after the metrics.
        self.wait(lambda: len(rig.events("certificate refused")) == 2, "the half file is not logged")
        refused = rig.events("certificate refused")
        self.assertIn("its key is not that of the first certificate", refused[0]["reason"])

        point(3)
        self.wait(lambda: rig.shown() == third, "the good pair after a bad one is not shown")
        self.assertEqual(rig.metric("postern_certificates_refused"), 0)
        self.assertEqual(rig.metric("postern_certificate_reloads_total"), 2)

    def test_hangup_reads_certificates_and_the_log_level_at_once(self):
        rig = self.rig
        rig.issue(rig.tls)
        rig.start()
        self.wait(lambda: rig.events("ready"), "it does not come to be ready")
        second = rig.issue(rig.tls)
        rig.change_config(lambda config: config.update({"log": {"level": "debug"}, "brand": {"name": "Other"}}))
        rig.postern.child.send_signal(signal.SIGHUP)
        self.wait(lambda: rig.events("reloaded"), "SIGHUP is not heard")
        event = rig.events("reloaded")[0]
        self.assertEqual((event["log_level"], event.get("before")), ("debug", "info"), event)
        self.assertEqual(event["needs_restart"].split(), ["brand.name", "log.format"])
        self.wait(lambda: rig.shown() == second, "the new certificate is not shown", patience=4)

        # A faulty configuration changes nothing; a quieter level leaves out the lines of requests.
        rig.change_config(lambda config: config.update({"log": {"level": "LEAKMARKER"}}))
        rig.postern.child.send_signal(signal.SIGHUP)
        self.wait(lambda: rig.events("configuration not taken over"), "the fault is not reported")
        self.assertIn("log.level", rig.events("configuration not taken over")[0]["reason"])
        self.assertNotIn("LEAKMARKER", rig.postern.output())
        Browser(rig).request("GET", rig.origin + "/")
        self.wait(lambda: rig.events("request"), "a request is not logged")
        rig.change_config(lambda config: config.update({"log": {"level": "error"}}))
        rig.postern.child.send_signal(signal.SIGHUP)
        self.wait(lambda: len(rig.events("reloaded")) == 2, "SIGHUP is not heard again")
        count = len(rig.events("request"))
        Browser(rig).request("GET", rig.origin + "/")
        self.assertEqual(rig.postern.stop(), 0)
        self.assertEqual(len(rig.events("request")), count)
        self.assertEqual(rig.events("stopping"), [])

    def check(self):
        # What Nylas says is not what is looked at here: nobody listens there.
        return subprocess.run(
            [PROGRAM, "check", "--json", "--config", self.rig.config], capture_output=True, text=True, timeout=60, check=False,
            env=self.rig.postern.environment)

    def findings(self):
        report = json.loads(self.check().stdout)
        return [(f["subject"], f["verdict"]) for f in report["findings"] if f["subject"].startswith("certificate")]

    def test_the_doctor_judges_each(self):
        rig = self.rig
        rig.issue(os.path.join(rig.tls, "a"))
        self.assertEqual(self.findings(), [("certificate", "warning")])
        rig.issue(os.path.join(rig.tls, "b"), host="elsewhere.example")
        self.assertEqual(self.findings(), [("certificate 1", "warning"), ("certificate 2", "warning")])
        shutil.rmtree(os.path.join(rig.tls, "a"))
        self.assertEqual(self.findings(), [("certificate", "warning"), ("certificate", "fault")])
        os.remove(os.path.join(rig.tls, "b", "tls.key"))
        self.assertEqual(self.findings(), [("certificate", "fault")])


if __name__ == "__main__":
    unittest.main()
