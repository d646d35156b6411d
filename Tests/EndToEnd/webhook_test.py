"""Webhooks of a real process, both ways: a receiver that fails, hangs, redirects, is slow or away; kill -9 between save and delivery;
the samples in Samples/webhooks against real deliveries; notifications as Nylas sends them.

    python3 -m unittest Tests/EndToEnd/webhook_test.py
"""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from leak_test import finds  # noqa: E402
from rig import PROGRAM, ROOT, Browser, Rig, free_port  # noqa: E402
from tls_test import Authority  # noqa: E402

SAMPLES = os.path.join(ROOT, "Samples", "webhooks")
sys.path.insert(0, SAMPLES)
from verify import Refused, verify  # noqa: E402

SECRET = "whsec_" + base64.b64encode(b"LEAKMARKERoutbound-secret-of-the-host-app").decode()
OLD_SECRET = "whsec_" + base64.b64encode(b"LEAKMARKERolder-secret-of-the-host-app").decode()
NYLAS_SECRET = "LEAKMARKERnotifications"


class Receiver:
    """A host app that answers as the test says; everything that came is kept."""

    def __init__(self, answer=204):
        self.answer, self.deliveries, self.release = answer, [], threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.append((time.time(), {k.lower(): v for k, v in self.headers.items()}, body, self.path))
                answer = receiver.answer
                if answer == "hang":
                    receiver.release.wait(60)
                    self.close_connection = True
                    return
                if answer == "slow":
                    time.sleep(1)
                    answer = 200
                self.send_response(answer)
                if 300 <= answer < 400:
                    self.send_header("Location", "http://127.0.0.1:%d/LEAKMARKERelsewhere" % receiver.port)
                content = b"LEAKMARKERanswer" if answer != 204 else b""
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.port = free_port()
        self.handler = Handler
        self.server = None

    def start(self, identity=None):
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*identity)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.daemon_threads = True
        # Who delivers may be killed meanwhile.
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self.release.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def wait(self, count, within=20):
        end = time.monotonic() + within
        while time.monotonic() < end:
            if len(self.deliveries) >= count:
                return self.deliveries
            time.sleep(0.02)
        raise AssertionError(f"{len(self.deliveries)} deliveries instead of {count}")


class WebhookRig(Rig):
    def __init__(self, targets):
        super().__init__()
        secret = os.path.join(self.folder, "crm.secret")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n" + OLD_SECRET + "\n")
        with open(self.config, encoding="utf-8") as file:
            configuration = json.load(file)
        configuration["webhooks"] = {"targets": [
            {"name": name, "url": f"http://127.0.0.1:{receiver.port}/LEAKMARKERhook?a=1", "secretFile": secret}
            for name, receiver in targets.items()]}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        self.postern.environment = self.postern.environment | {"NYLAS_WEBHOOK_SECRET": NYLAS_SECRET}

    def connect(self, address):
        flow = Browser(self).start().sign_in(address)
        for _ in range(5):
            answer = flow.come_back()
            if flow.is_shown_connected(answer):
                return flow
        raise AssertionError("not connected")

    def command(self, *arguments):
        return subprocess.run(
            [PROGRAM, *arguments, "--config", self.config], env=self.postern.environment, cwd=ROOT, capture_output=True, text=True,
            timeout=60)

    def wait_until(self, sql, expected, within=20):
        end = time.monotonic() + within
        while time.monotonic() < end:
            found = self.rows(sql)
            if found == expected:
                return
            time.sleep(0.05)
        raise AssertionError((sql, found))

    def notify(self, content, fields=None, coding=None):
        """One notification as Nylas signs it; the status."""
        if coding == "gzip":
            content = gzip.compress(content)
        signature = hmac.new(NYLAS_SECRET.encode(), content, hashlib.sha256).hexdigest()
        headers = {"Host": f"localhost:{self.port}", "Content-Type": "application/json", "x-nylas-signature": signature}
        if coding:
            headers["Content-Encoding"] = coding
        connection = self.connection(self.port, timeout=10)
        try:
            connection.request("POST", "/webhooks/nylas", body=content, headers=headers | (fields or {}))
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def challenge(self, query):
        connection = self.connection(self.port, timeout=10)
        try:
            connection.request("GET", "/webhooks/nylas" + query, headers={"Host": f"localhost:{self.port}"})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


def notification(kind, grant):
    return json.dumps({
        "specversion": "1.0", "type": kind, "source": "/nylas/system", "id": "LEAKMARKERnotice", "time": 1, "data": {
            "application_id": "a", "object": {"code": 25009, "grant_id": grant, "email": "LEAKMARKER@example.com"}}}).encode()


class WebhookTest(unittest.TestCase):
    def begin(self, **targets):
        for receiver in targets.values():
            self.addCleanup(receiver.stop)
        rig = WebhookRig(targets)
        self.addCleanup(rig.close)
        return rig.start()

    def check_silence(self, rig):
        output = rig.postern.output().encode()
        for secret in ("LEAKMARKER", "ada@gmail.example", SECRET[6:], NYLAS_SECRET):
            self.assertFalse(finds(secret, output), secret)

    def test_a_connect_is_told_and_the_samples_verify_it(self):
        crm = Receiver().start()
        rig = self.begin(crm=crm)
        rig.connect("ada@gmail.example")
        moment, headers, body, path = crm.wait(1)[0]
        self.assertEqual(path, "/LEAKMARKERhook?a=1")
        for secrets in ([SECRET], [OLD_SECRET], [OLD_SECRET, SECRET]):
            event = verify(headers, body, secrets)
        self.assertEqual(event["type"], "grant.connected")
        self.assertEqual(event["data"]["email"], "ada@gmail.example")
        self.assertEqual(event["data"]["owners"], [])
        grant = rig.rows("SELECT id FROM grants")[0][0]
        self.assertEqual(event["data"]["grant_id"], grant)

        # What a sample must refuse, by far more than it accepts.
        other = "whsec_" + base64.b64encode(b"x" * 32).decode()
        refused = [
            (headers, body + b" ", [SECRET], None), (headers, body[:-1], [SECRET], None), (headers, b"", [SECRET], None),
            (headers, body.replace(b"connected", b"conNected"), [SECRET], None), (headers, body, [other], None),
            (headers, body, [], None), (headers, body, [SECRET], moment + 302), (headers, body, [SECRET], moment - 302),
            ({}, body, [SECRET], None)]
        for name, value in (("webhook-id", "evt_other"), ("webhook-timestamp", str(int(headers["webhook-timestamp"]) + 1)),
                            ("webhook-timestamp", "now"), ("webhook-signature", ""), ("webhook-signature", "v1,"),
                            ("webhook-signature", headers["webhook-signature"].replace("v1,", "v2,")),
                            ("webhook-signature", headers["webhook-signature"].lower())):
            refused.append((headers | {name: value}, body, [SECRET], None))
        for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
            refused.append(({key: value for key, value in headers.items() if key != name}, body, [SECRET], None))
        for changed, content, secrets, now in refused:
            with self.assertRaises(Refused):
                verify(changed, content, secrets, now)

        def shell(content, now, secret=SECRET, identity=headers["webhook-id"]):
            return subprocess.run(
                [os.path.join(SAMPLES, "verify.sh"), identity, headers["webhook-timestamp"], headers["webhook-signature"]],
                input=content, env={"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret, "NOW": str(int(now))},
                capture_output=True, timeout=20).returncode
        self.assertEqual(shell(body, moment), 0)
        self.assertEqual(shell(body, moment, OLD_SECRET), 0)
        for arguments in ((body + b"\n", moment), (body, moment + 302), (body, moment - 302), (body, moment, other),
                          (body, moment, SECRET, "evt_other"), (b"", moment)):
            self.assertNotEqual(shell(*arguments), 0, arguments)
        self.check_silence(rig)

    def test_the_sample_receiver_takes_a_ping(self):
        crm = Receiver()
        rig = self.begin(crm=crm)
        child = subprocess.Popen(
            [sys.executable, os.path.join(SAMPLES, "receiver.py"), str(crm.port)], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"WEBHOOK_SECRET": SECRET})
        try:
            for _ in range(100):
                done = rig.command("webhooks", "test", "crm")
                if done.returncode == 0:
                    break
                time.sleep(0.1)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("status 204", done.stdout)
            self.assertRegex(child.stdout.readline(), r"^event: evt_\S+ ping 0$")
        finally:
            child.kill()
            child.wait(10)
            child.stdout.close()
        failed = rig.command("webhooks", "test", "crm")
        self.assertEqual(failed.returncode, 1)
        self.assertIn("connection refused", failed.stderr)
        self.assertEqual(rig.command("webhooks", "test", "unknown").returncode, 2)

    def test_what_a_command_revokes_is_told_by_the_server(self):
        crm = Receiver()
        rig = self.begin(crm=crm.start())
        rig.connect("ada@gmail.example")
        crm.wait(1)
        grant = json.loads(crm.deliveries[0][2])["data"]["grant_id"]
        done = rig.command("grants", "revoke", grant, "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(crm.wait(2)[1][2])
        self.assertEqual((told["type"], told["data"]["grant_id"]), ("grant.revoked", grant))

    def test_a_target_that_fails_hangs_or_redirects_holds_up_no_other(self):
        well, broken, stuck, moved, gone = Receiver(), Receiver(500), Receiver("hang"), Receiver(302), Receiver(410)
        rig = self.begin(well=well.start(), broken=broken.start(), stuck=stuck.start(), moved=moved.start(), gone=gone.start())
        rig.connect("ada@gmail.example")
        well.wait(1, within=5)
        for receiver in (broken, moved):
            first, second = receiver.wait(2)[:2]
            self.assertEqual(first[2], second[2])
            self.assertEqual(first[1]["webhook-id"], second[1]["webhook-id"])
            self.assertGreater(second[0] - first[0], 3)
        self.assertNotIn("elsewhere", str([delivery[3] for delivery in moved.deliveries]))
        rig.wait_until("SELECT state, last_result FROM outbox_delivery WHERE target = 'gone'", [("failed", "410")])
        rig.wait_until("SELECT state FROM outbox_delivery WHERE target = 'well'", [("delivered",)])
        listed = json.loads(rig.command("webhooks", "list", "--failed", "--json").stdout)
        self.assertEqual([event["type"] for event in listed], ["grant.connected"])
        self.assertIn("410", rig.command("webhooks", "list", "--target", "gone").stdout)
        self.assertEqual(rig.command("webhooks", "list", "--failed", "--waiting").returncode, 2)

        # Once it is well again, a replay brings the event.
        gone.answer = 204
        self.assertEqual(rig.command("webhooks", "replay", listed[0]["id"], "--target", "gone").returncode, 0)
        rig.wait_until("SELECT state FROM outbox_delivery WHERE target = 'gone'", [("delivered",)])
        self.assertEqual(gone.deliveries[0][2], gone.deliveries[1][2])
        self.assertEqual(rig.command("webhooks", "replay", "--since", "1h", "--target", "gone").returncode, 1)
        self.assertEqual(rig.command("webhooks", "replay", "--since", "1h", "--all", "--target", "gone").returncode, 0)
        gone.wait(3)
        for wrong in (["evt_unknown", "--since", "1h"], [], ["nonsense"], ["--since", "soon"], ["--since", "1h", "--target", "who"]):
            self.assertEqual(rig.command("webhooks", "replay", *wrong).returncode, 2, wrong)

        connection = http.client.HTTPConnection("127.0.0.1", rig.operations_port, timeout=10)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        self.assertRegex(metrics, r'postern_webhook_attempts_total\{target="well",outcome="delivered"\} 1')
        self.assertRegex(metrics, r'postern_webhook_attempts_total\{target="gone",outcome="failed"\} 1')
        self.assertFalse(finds("LEAKMARKER", metrics.encode()))
        self.check_silence(rig)

    def test_kill_between_save_and_delivery_loses_nothing(self):
        crm = Receiver()
        rig = self.begin(crm=crm)
        rig.connect("ada@gmail.example")
        rig.postern.kill()
        crm.answer = "hang"
        crm.start()
        rig.postern.start(rig.port)
        # The first kill may have met an attempt, and this one does: a lease has to lapse.
        crm.wait(1, within=60)
        rig.postern.kill()
        crm.release.set()
        crm.answer = "slow"
        rig.postern.start(rig.port)
        deliveries = crm.wait(2, within=60)
        self.assertEqual(len({delivery[1]["webhook-id"] for delivery in deliveries}), 1)
        rig.wait_until("SELECT state FROM outbox_delivery", [("delivered",)])
        self.assertEqual(rig.postern.stop(), 0)
        self.check_silence(rig)

    def test_notifications_keep_the_store_true(self):
        crm = Receiver().start()
        rig = self.begin(crm=crm)
        status, fields, content = rig.challenge("?challenge=bc609b38-c81f")
        self.assertEqual((status, content, fields["Content-Length"]), (200, b"bc609b38-c81f", "13"))
        self.assertTrue(fields["Content-Type"].startswith("text/plain"))
        self.assertIsNone(fields["Transfer-Encoding"])
        for query in ("", "?challenge=", "?challenge=%3Cscript%3E", "?challenge=a&challenge=b", "?challenge=" + "a" * 257):
            status, _, content = rig.challenge(query)
            self.assertEqual(status, 400, query)
            self.assertNotIn(b"script>", content.replace(b"</script>", b""))
        rig.connect("ada@gmail.example")
        crm.wait(1)
        grant = rig.rows("SELECT id FROM grants")[0][0]

        # A notification that lies changes nothing: Nylas is asked.
        self.assertEqual(rig.notify(notification("grant.expired", grant)), 200)
        rig.wait_until("SELECT count(*) FROM grant_hint", [(0,)])
        self.assertEqual(rig.rows("SELECT status FROM grants"), [("valid",)])
        for content, fields, coding, expected in (
                (notification("grant.expired", grant), {"x-nylas-signature": "0" * 64}, None, 403),
                (notification("grant.expired", grant), {"x-nylas-signature": ""}, None, 403),
                (b"LEAKMARKER", None, None, 400), (b"{}", None, None, 400), (notification("grant.expired", "../x"), None, None, 400),
                (notification("grant.expired", grant), None, "br", 415), (b"x" * (2 << 20), None, None, 413),
                (notification("message.created", grant), None, None, 200), (notification("grant.updated", "unknown"), None, None, 200)):
            self.assertEqual(rig.notify(content, fields, coding), expected, (content[:60], fields, coding))
        self.assertEqual(rig.rows("SELECT count(*) FROM grant_hint"), [(0,)])

        # Gone at Nylas, said in a compressed notification, three times.
        rig.ask_sandbox("DELETE", "/v3/grants/" + grant)
        for _ in range(3):
            self.assertEqual(rig.notify(notification("grant.deleted", grant), coding="gzip"), 200)
        rig.wait_until("SELECT count(*) FROM grants", [(0,)])
        types = [json.loads(delivery[2])["type"] for delivery in crm.wait(2)]
        time.sleep(0.5)
        self.assertEqual(types, ["grant.connected", "grant.revoked"])
        self.check_silence(rig)

    def test_over_tls_only_who_proves_the_name_is_told(self):
        true, false = Receiver(), Receiver()
        for receiver in (true, false):
            self.addCleanup(receiver.stop)
        rig = WebhookRig({"true": true, "false": false})
        self.addCleanup(rig.close)
        authority, other = Authority(rig.folder, "host-ca"), Authority(rig.folder, "another-ca")
        true.start(authority.issue("true", "localhost"))
        false.start(other.issue("false", "localhost"))
        with open(rig.config, encoding="utf-8") as file:
            configuration = json.load(file)
        for target in configuration["webhooks"]["targets"]:
            target["url"] = target["url"].replace("http://127.0.0.1", "https://localhost")
        configuration["webhooks"]["trustedCertificates"] = authority.certificate
        with open(rig.config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        rig.start()
        rig.connect("ada@gmail.example")
        _, headers, body, _ = true.wait(1)[0]
        self.assertEqual(verify(headers, body, [SECRET])["type"], "grant.connected")
        rig.wait_until("SELECT last_result FROM outbox_delivery WHERE target = 'false'", [("certificate not trusted",)])
        self.assertEqual(false.deliveries, [])
        self.assertIn("certificate not trusted", rig.command("webhooks", "test", "false").stderr)
        self.assertEqual(rig.command("webhooks", "test", "true").returncode, 0)

    def test_without_a_secret_nothing_is_served(self):
        rig = Rig()
        self.addCleanup(rig.close)
        rig.start()
        for method in ("GET", "POST"):
            connection = rig.connection(rig.port, timeout=10)
            connection.request(method, "/webhooks/nylas?challenge=a", headers={"Host": f"localhost:{rig.port}"})
            self.assertEqual(connection.getresponse().status, 404)
            connection.close()
        self.assertEqual(rig.rows("SELECT count(*) FROM outbox_event"), [(0,)])


if __name__ == "__main__":
    unittest.main()
