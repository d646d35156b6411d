"""Connects over TLS on both sides: browser to Postern, Postern to a sandbox whose certificate a private CA has signed.

    python3 -m unittest Tests/EndToEnd/tls_test.py

Needs the openssl program, which makes the certificates and is a client that nobody here wrote.
"""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Browser, Rig  # noqa: E402


class Authority:
    """A private CA in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = self.path(".pem"), self.path(".key")
        openssl("req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}", "-days", "2")

    def path(self, ending):
        return os.path.join(self.folder, self.name + ending)

    def issue(self, name, host):
        """A certificate for one host, and its key."""
        certificate, key, request, extension = (
            os.path.join(self.folder, name + ending) for ending in (".pem", ".key", ".csr", ".cnf"))
        with open(extension, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName = DNS:{host}\n")
        openssl("req", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", "2", "-extfile", extension, "-out", certificate)
        return certificate, key


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class TLSRig(Rig):
    """The same two programs, each behind TLS."""

    def __init__(self, sandbox_host="localhost", trusts_another=False):
        super().__init__()
        self.authority = Authority(self.folder, "ca")
        other = Authority(self.folder, "other-ca")
        self.origin = f"https://localhost:{self.port}"
        self.sandbox_origin = f"https://localhost:{self.sandbox_port}"
        chain, key = self.authority.issue("postern", "localhost")
        sandbox_chain, sandbox_key = self.authority.issue("sandbox", sandbox_host)
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        config["publicURL"] = self.origin
        config["tls"] = {"certificateChain": chain, "privateKey": key}
        config["nylas"] |= {
            "origin": self.sandbox_origin,
            "trustedCertificates": (other if trusts_another else self.authority).certificate}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        arguments = self.sandbox.arguments
        arguments[arguments.index("--redirect-uri") + 1] = self.origin + "/callback"
        arguments += ["--address", "localhost", "--certificate-chain", sandbox_chain, "--private-key", sandbox_key]
        self.client = ssl.create_default_context(cafile=self.authority.certificate)
        self.careless_client = ssl._create_unverified_context()  # noqa: S323 - the browser is not what is tested there

    def connection(self, port, timeout):
        client = self.client if port == self.port else self.careless_client
        return http.client.HTTPSConnection("localhost", port, timeout=timeout, context=client)


class TLSTest(unittest.TestCase):
    def rig(self, **options):
        rig = TLSRig(**options)
        self.addCleanup(rig.close)
        return rig.start()

    def connect(self, rig):
        flow = Browser(rig, timeout=30).start().sign_in("ada@example.com")
        return flow, flow.come_back()

    def test_a_mailbox_is_connected(self):
        rig = self.rig()
        flow, answer = self.connect(rig)
        self.assertTrue(flow.is_shown_connected(answer), answer and answer.text)
        self.assertIn("max-age=", answer.fields["Strict-Transport-Security"])
        self.assertEqual(rig.rows("select address from grants"), [("ada@example.com",)])
        self.assertEqual(rig.postern.stop(), 0)

    def assert_nothing_was_sent(self, rig):
        flow, answer = self.connect(rig)
        self.assertFalse(flow.is_promised)
        self.assertFalse(flow.is_shown_connected(answer))
        self.assertEqual(rig.rows("select address from grants"), [])
        counts = rig.ask_sandbox("GET", "/sandbox/counts")
        self.assertEqual(counts["exchanges"], {}, "a code was sent to somebody who had not proved to be Nylas")

    def test_a_nylas_of_another_authority_gets_no_code(self):
        self.assert_nothing_was_sent(self.rig(trusts_another=True))

    def test_a_nylas_with_another_name_gets_no_code(self):
        self.assert_nothing_was_sent(self.rig(sandbox_host="nylas.example"))

    def test_openssl_gets_what_is_modern_and_nothing_else(self):
        rig = self.rig()

        def handshake(*options):
            return subprocess.run(
                ["openssl", "s_client", "-connect", f"localhost:{rig.port}", "-servername", "localhost",
                 "-CAfile", rig.authority.certificate, "-verify_hostname", "localhost", "-verify_return_error", *options],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)

        for version in ("-tls1_2", "-tls1_3"):
            answer = handshake(version, "-alpn", "http/1.1")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("Verify return code: 0 (ok)", answer.stdout)
            self.assertIn("ALPN protocol: http/1.1", answer.stdout)
        refused = [
            ("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), ("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
            ("-tls1_2", "-cipher", "AES128-SHA"), ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"),
            ("-tls1_3", "-alpn", "h2"),
        ]
        for options in refused:
            self.assertNotEqual(handshake(*options).returncode, 0, options)

    def test_a_resumed_connection_can_be_resumed(self):
        rig = self.rig()

        def handshake(*options):
            return subprocess.run(
                ["openssl", "s_client", "-connect", f"localhost:{rig.port}", "-servername", "localhost", "-ign_eof",
                 "-CAfile", rig.authority.certificate, *options],
                input=f"GET /health HTTP/1.1\r\nHost: localhost:{rig.port}\r\nConnection: close\r\n\r\n",
                capture_output=True, text=True, timeout=20, check=False).stdout

        sessions = [os.path.join(rig.folder, f"session{number}") for number in range(4)]
        self.assertIn("New, ", handshake("-tls1_3", "-sess_out", sessions[0]))
        for old, new in zip(sessions, sessions[1:]):
            answer = handshake("-tls1_3", "-sess_in", old, "-sess_out", new)
            self.assertIn("Reused, ", answer)
            self.assertIn("HTTP/1.1 ", answer)
        # A ticket of TLS 1.2 may be used again.
        kept = os.path.join(rig.folder, "session")
        self.assertIn("New, ", handshake("-tls1_2", "-sess_out", kept))
        for _ in range(2):
            self.assertIn("Reused, ", handshake("-tls1_2", "-sess_in", kept))

    def test_a_crowd_is_served(self):
        """Four hundred kept connections of several clients, each with two requests."""
        rig = self.rig()
        crowd = []
        self.addCleanup(lambda: [connection.close() for connection in crowd])
        for number in range(400):
            connection = http.client.HTTPSConnection(
                "localhost", rig.port, timeout=30, context=rig.client,
                source_address=(f"127.0.0.{2 + number // 100}", 0))
            crowd.append(connection)
            self.assert_page(connection)
        for connection in crowd:
            self.assert_page(connection)
        self.assertEqual(rig.postern.stop(), 0)

    def assert_page(self, connection):
        connection.request("GET", "/")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertIn(b"</html>", answer.read())

    def test_plain_http_to_the_port_of_tls_is_told_so(self):
        rig = self.rig()
        with socket.create_connection(("127.0.0.1", rig.port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while chunk := plain.recv(4096):
                answer += chunk
        self.assertTrue(answer.startswith(b"HTTP/1.1 400 "), answer)
        self.assertIn(b"https://", answer)


if __name__ == "__main__":
    unittest.main()
