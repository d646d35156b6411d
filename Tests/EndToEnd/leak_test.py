"""Plants a marker in everything that comes in, and looks for it in everything that comes out.

What comes in: two listeners, in the clear and over TLS, heads that are right and heads that are not, the greeting of TLS itself. What
comes out: standard output and standard error, every answer, /metrics, the store and its log. The control looks for what must be there,
with the same search.

    python3 -m unittest Tests/EndToEnd/leak_test.py
"""

import base64
import http.client
import json
import os
import socket
import ssl
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Browser, Rig  # noqa: E402
from tls_test import TLSRig  # noqa: E402


def marker(name):
    return f"LEAKMARKER{name}"


def forms(secret):
    """How a secret may be written: as it is, percent-encoded, in JSON, in hexadecimal digits, in base64 wherever it may begin."""
    octets = secret.encode()
    written = {
        octets, urllib.parse.quote(secret, safe="").encode(), urllib.parse.quote_plus(secret).encode(),
        json.dumps(secret)[1:-1].encode(), octets.hex().encode()}
    for offset in range(3):
        # Without the first and last characters, which depend on what stands beside it.
        whole = base64.b64encode(b"x" * offset + octets)[(0, 2, 3)[offset]:]
        inner = whole.rstrip(b"=")[:-1]
        written |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return {form.lower() for form in written if len(form) > 8}


def finds(secret, content):
    """Whether a secret is written anywhere in some octets, in whatever case."""
    content = content.lower()
    return any(form in content for form in forms(secret))


class SearchTest(unittest.TestCase):
    """A search that finds nothing proves nothing, unless it finds what is there."""

    def test_it_finds_a_marker_however_it_is_written(self):
        secret = marker("a+b/c")
        for around in ("", "x", "xx", "xxx"):
            for text in (secret, secret.lower(), urllib.parse.quote(secret, safe=""), json.dumps({"a": secret}), secret.encode().hex(),
                         base64.b64encode((around + secret + around).encode()).decode(),
                         base64.urlsafe_b64encode((around + secret + "tail").encode()).decode()):
                self.assertTrue(finds(secret, f"before {text} after".encode()), text)
        self.assertFalse(finds(secret, marker("other").encode()))


class Planting(unittest.TestCase):
    """A Postern with markers for its secrets, and what was planted in it and came out of it."""

    def begin(self, rig):
        self.rig = rig
        self.addCleanup(rig.close)
        rig.start()
        self.secrets = {rig.api_key: "the API key"}
        self.pages = []

    def everything_out(self):
        """Every place where something is written down, by name; the second listener's pages and the store among them."""
        places = [("the log", self.rig.postern.output().encode())]
        places += [(f"the answer to {what[:24]!r}", page.encode()) for what, page in self.pages]
        for name in os.listdir(self.rig.data):
            with open(os.path.join(self.rig.data, name), "rb") as file:
                places.append((name, file.read()))
        return places

    def operations_pages(self):
        for path in ("/metrics", "/readyz", "/livez"):
            connection = http.client.HTTPConnection("127.0.0.1", self.rig.operations_port, timeout=10)
            connection.request("GET", path)
            response = connection.getresponse()
            self.pages.append((path, str(response.headers) + response.read().decode()))
            connection.close()

    def search(self, places, by_design=()):
        for secret, what in self.secrets.items():
            for place, content in places:
                if (what, place) not in by_design:
                    self.assertFalse(finds(secret, content), f"{place} has {what}")


class LeakTest(Planting):
    def setUp(self):
        self.begin(Rig(api_key=marker("apikey"), log_level="debug"))

    def visit(self, path, method="GET", form=None, fields=None, browser=None):
        answer = (browser or Browser(self.rig)).request(method, self.rig.origin + path, form, fields)
        self.pages.append((path, answer.text + str(answer.fields)))
        return answer

    def plant(self, name):
        self.secrets[marker(name)] = name
        return marker(name)

    def keep(self, value, what):
        self.assertGreater(len(value), 10)
        self.secrets[value] = what
        return value

    def test_nothing_that_came_in_is_written_down(self):
        flows = [self.a_connect("approve"), self.a_connect("deny"), self.a_connect("scopes_left_out"),
                 self.a_connect("internal_error"), self.a_connect("other_address"), self.an_altered_callback()]
        self.hostile_requests()
        self.operations_pages()
        # Once while the write-ahead log is there, once after it was folded into the database.
        running = self.everything_out()
        self.assertEqual(self.rig.postern.stop(), 0)
        stopped = self.everything_out()

        # The control: the log tells of these flows and routes, the metrics of routes, and the store has the mailboxes.
        log = self.rig.postern.output().encode()
        for flow in flows[:2]:
            self.assertTrue(finds(self.short_id(flow), log))
        self.assertTrue(finds('"/callback"', log))
        self.assertTrue(any(place == "postern.db-wal" and finds(flows[0].address, content) for place, content in running))
        self.assertTrue(any(place == "postern.db" and finds(flows[0].address, content) for place, content in stopped))
        self.assertTrue(any("metrics" in place and finds('route="/callback"', content) for place, content in running))

        by_design = {("the address", name) for name in ("postern.db", "postern.db-wal")}
        self.search(running, by_design)
        self.search(stopped, by_design)

    def short_id(self, flow):
        return base64.urlsafe_b64encode(flow.digest[:9]).decode()

    def a_connect(self, outcome):
        # Where the exchange fails Postern waits 20 s for its fate before it answers.
        browser = Browser(self.rig, timeout=30)
        browser.request("GET", self.rig.origin + "/")
        flow = browser.start()
        self.keep(flow.state, "a state")
        for name, value in browser.cookies.items():
            self.keep(value, "a flow's cookie")
        address = f"{marker('address').lower()}-{outcome}@gmail.example"
        self.secrets[address] = "the address"
        flow.sign_in(address, outcome)
        if flow.code:
            self.keep(flow.code, "a code")
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(flow.callback).query))
        if "error_description" in query:
            query["error_description"] = self.plant("description" + outcome)
            flow.callback = self.rig.origin + "/callback?" + urllib.parse.urlencode(query)
        flow.come_back()
        for value in browser.cookies.values():
            self.keep(value, "a result's cookie")
        return flow

    def an_altered_callback(self):
        """The right cookie with another code, state, or an error beside them."""
        browser = Browser(self.rig)
        flow = browser.start()
        self.keep(flow.state, "a state")
        for query in (
            {"state": self.plant("foreignstate"), "code": self.plant("foreigncode")},
            {"state": flow.state + self.plant("suffix"), "code": self.plant("code2")},
            # A short error name of letters, digits, "_", "." and "-" may be logged, once state has matched: nothing else may.
            {"state": flow.state, "error": self.plant("errorname") + " it", "error_description": self.plant("errortext"),
             "error_uri": "https://x.example/" + self.plant("erroruri"), "error_code": self.plant("errorcode")},
        ):
            self.visit("/callback?" + urllib.parse.urlencode(query), browser=browser)
        self.visit("/callback?state=" + flow.state + "&state=" + flow.state + "&code=" + self.plant("twice"), browser=browser)
        self.visit("/callback?state=" + flow.state + "&code=" + self.plant("badcode"), browser=browser)
        return flow

    def hostile_requests(self):
        name = "__Host-postern-" + "A" * 12
        for path, fields in (
            ("/callback?state=x&code=" + self.plant("nocookie"), {}),
            ("/" + self.plant("path"), {}),
            ("/connected/" + self.plant("id"), {}),
            ("/problem/" + "A" * 12, {"Cookie": f"{name}={self.plant('cookie')}"}),
            ("/assets/..%2f" + self.plant("asset"), {}),
            ("/?" + self.plant("query") + "=" + self.plant("value"), {}),
            ("/", {"User-Agent": self.plant("useragent"), "Referer": "https://x.example/" + self.plant("referer"),
                   "X-Forwarded-For": self.plant("forwarded"), "X-Request-ID": self.plant("requestid"),
                   "Authorization": "Bearer " + self.plant("bearer"), "traceparent": self.plant("trace")}),
            ("/", {"Host": self.plant("host").lower() + ".example"}),
            ("/%ff" + self.plant("utf8"), {}),
        ):
            self.visit(path, fields=fields)
        self.visit("/connect", "POST", {"provider": self.plant("provider")})
        self.visit("/connect", "POST", {"provider": "google"}, {"Origin": "https://" + self.plant("origin"), "Sec-Fetch-Site": "cross-site"})
        self.visit("/connect", self.plant("method"))


class ConsentLeakTest(Planting):
    """What an administrator's browser brings, and what the operator's software sends about organisations."""

    def setUp(self):
        from consent_test import ConsentRig
        from webhook_test import Receiver
        self.receiver = Receiver().start()
        self.addCleanup(self.receiver.stop)
        self.begin(ConsentRig({"crm": self.receiver}))
        self.journeys = []

    def plant(self, name):
        self.secrets[marker(name)] = name
        return marker(name)

    def call(self, method, path, content, fields=None):
        connection = self.rig.connection(self.rig.port, timeout=20)
        connection.request(
            method, "/api/v1" + path, body=json.dumps(content).encode() if content is not None else None,
            headers={"Host": f"localhost:{self.rig.port}", "Authorization": "Bearer " + self.rig.token, "Content-Type": "application/json"}
            | (fields or {}))
        response = connection.getresponse()
        text = response.read().decode()
        self.pages.append((path, str(response.headers) + text))
        connection.close()
        return response.status, json.loads(text)

    def approve(self, decision="approve", outcome="approve", change=None, **more):
        """One administrator with an invitation of his own; his browser may alter where he is sent back."""
        from consent_test import Approval
        invite = self.rig.invite("Acme", **more)
        approval = Approval(Browser(self.rig, timeout=20), invite)
        approval.go().decide(decision, outcome, tenant=marker("tenant"))
        self.secrets[approval.state] = "a state"
        for value in approval.browser.cookies.values():
            self.secrets[value] = "a cookie"
        # One of the cookies keeps it, and pages that end badly show it again: to be forwarded, or begun anew.
        self.secrets[approval.sealed] = "an invitation"
        if change:
            query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(approval.callback).query)) | change
            approval.callback = self.rig.origin + "/callback?" + urllib.parse.urlencode(query)
        answer = approval.come_back()
        self.journeys.append(f"{decision} {outcome}")
        self.pages.append((self.journeys[-1], (answer.text if answer is not None else "")))
        return approval

    def test_nothing_of_a_consent_is_written_down_where_it_does_not_belong(self):
        # The tenant is a claim that people compare: it is in the store and on their page, and goes to whom the operator chose.
        self.secrets[marker("tenant")] = "the tenant"
        probe = marker("probe").lower() + "@x.example"
        self.secrets[probe] = "the probe"
        reported = self.approve(probe=probe)
        for decision, outcome in (("cancel", "approve"), ("not_admin", "approve"), ("approve", "consent_and_error"), ("approve", "provider_error")):
            self.approve(decision, outcome, change={"error_description": self.plant(f"description{decision}{outcome}")}
                         if decision != "approve" else None)
        self.approve(change={"state": self.plant("foreignstate")})
        self.approve(change={"error": self.plant("errorname") + " it", "error_description": self.plant("errortext"),
                             "error_uri": "https://x.example/" + self.plant("erroruri")})
        self.approve(change={"admin_consent": self.plant("adminconsent")})
        self.approve(change={"tenant": self.plant("othertenant") + "\n" * 3})
        for path in ("/consent/" + self.plant("invitepath"), "/consent?" + self.plant("invitequery")):
            Browser(self.rig).request("GET", self.rig.origin + path)
        Browser(self.rig).request("POST", self.rig.origin + "/consent", {"invite": self.plant("inviteform")})
        # What the operator's software sends: a key and a secret that are taken, and some that are not.
        secret, key = self.plant("clientsecret"), self.plant("privatekeyid")
        der = b"\x30\x64" + self.plant("privatekey").encode().ljust(100, b"0")
        pem = "-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(der).decode() + "\n-----END PRIVATE KEY-----\n"
        account = {"type": "service_account", "private_key_id": key, "private_key": pem, "client_email": f"{self.plant('robot')}@p.example"}
        google = {"name": "acme", "provider": "google", "service_account_key": account}
        microsoft = {"name": "own", "provider": "microsoft", "tenant": "common", "client_id": "app", "client_secret": secret}
        for order in (google, microsoft):
            self.assertEqual(self.call("POST", "/credentials", order, {"Idempotency-Key": self.plant("key" + order["name"])})[0], 201)
        self.rig.ask_sandbox("DELETE", "/v3/connectors/yahoo")
        yahoo = {"provider": "yahoo", "client_id": "app", "client_secret": secret}
        self.assertEqual(self.call("POST", "/connectors", yahoo, {"Idempotency-Key": self.plant("keyconnector")})[0], 201)
        for path, order in (
            ("/connectors", yahoo), ("/connectors", {**yahoo, "tenant": self.plant("connectortenant")}),
            ("/connectors", {**yahoo, "scopes": [self.plant("scope") + " x"]}),
            ("/credentials", {**google, "name": self.plant("name") * 9}),
            ("/credentials", {**google, "service_account_key": {**account, "type": self.plant("type")}}),
            ("/credentials", {**google, "service_account_key": {**account, "private_key": self.plant("pem")}}),
            ("/credentials", {**google, "service_account_key": self.plant("keytext")}),
            ("/credentials", {**microsoft, "tenant": self.plant("badtenant") + "/"}),
            ("/credentials", {**microsoft, self.plant("member"): 1}),
            ("/bulk-runs", {"credential_id": self.plant("credential"), "mailboxes": [{"email": "a@x.example"}]}),
            ("/bulk-runs", {"credential_id": self.rig.credential, "mailboxes": [{"email": self.plant("mailbox")}]}),
            ("/bulk-runs", {"credential_id": self.rig.credential, "mailboxes": [{"email": "a@x.example", "owner": self.plant("owner") + "\nx"}]}),
            ("/bulk-runs", {"credential_id": self.rig.credential, "mailboxes": [{"email": "a@x.example", "profile": self.plant("profile")}]}),
        ):
            self.assertIn(self.call("POST", path, order)[0], (404, 422), (path, order))
        for path in ("/credentials/", "/connectors/", "/bulk-runs/", "/consents/"):
            self.assertEqual(self.call("GET", path + self.plant("id" + path.strip("/")), None)[0], 404)
        self.receiver.wait(1)
        self.operations_pages()
        running = self.everything_out()
        self.assertEqual(self.rig.postern.stop(), 0)
        stopped = self.everything_out()

        # The control: the consent is there, in the store, in the log by its name, and was told.
        self.assertTrue(finds(reported.invite["id"], self.rig.postern.output().encode()))
        self.assertTrue(any(place == "postern.db" and finds(marker("tenant"), content) for place, content in stopped))
        self.assertTrue(any(finds(marker("tenant"), body) for _, _, body, _ in self.receiver.deliveries))
        stores = ("postern.db", "postern.db-wal")
        shown = [f"the answer to {journey[:24]!r}" for journey in self.journeys]
        by_design = {("the tenant", place) for place in (*stores, shown[0])} | {("the probe", place) for place in stores}
        by_design |= {("an invitation", place) for place in shown}
        self.search(running, by_design)
        self.search(stopped, by_design)


class RawLeakTest(Planting):
    """Octets that no browser sends, at both listeners and beneath TLS."""

    def plant(self, name):
        self.secrets[marker(name)] = name
        return marker(name)

    def octets(self, where):
        """Requests with a marker each, in a place that `where` names too."""
        host = f"localhost:{self.rig.port}" if where != "operations" else f"127.0.0.1:{self.rig.operations_port}"
        count = 0

        def m():
            nonlocal count
            count += 1
            return self.plant(f"{where}{count}x")

        end = f"Host: {host}\r\nConnection: close\r\n\r\n"
        yield f"GET /{m()}?{m()}={m()} HTTP/1.1\r\n{end}"
        yield f"{m()} / HTTP/1.1\r\n{end}"
        yield f"GET / HTTP/1.1{m()}\r\n{end}"
        yield f"GET / {m()}\r\n{end}"
        yield f"GET {m()} HTTP/1.1\r\n{end}"
        yield f"GET http://{m()}.example/ HTTP/1.1\r\n{end}"
        yield f"GET https://{host}/{m()} HTTP/1.1\r\n{end}"
        yield f"OPTIONS * HTTP/1.1\r\nX: {m()}\r\n{end}"
        yield f"CONNECT {m()}.example:443 HTTP/1.1\r\n{end}"
        yield f"GET / HTTP/1.1\r\nHost: {m()}.example\r\nConnection: close\r\n\r\n"
        yield f"GET / HTTP/1.1\r\nHost: {m()}@{host}\r\nConnection: close\r\n\r\n"
        for name in ("Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "Content-Type", "Expect", "Forwarded", "From",
                     "If-Match", "If-None-Match", "If-Modified-Since", "Origin", "Proxy-Authorization", "Range", "Referer", "Sec-Fetch-Site",
                     "TE", "Trailer", "Transfer-Encoding", "Content-Length", "Upgrade", "User-Agent", "Via", "X-Forwarded-For",
                     "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X-Request-ID", "traceparent", "baggage", "Connection"):
            yield f"GET / HTTP/1.1\r\n{name}: {m()}\r\n{end}"
        yield f"GET / HTTP/1.1\r\n{m()}: a\r\n{end}"
        yield f"GET / HTTP/1.1\r\nX {m()}\r\n{end}"
        yield f"GET / HTTP/1.1\r\n{m()} : a\r\n{end}"
        yield f"GET / HTTP/1.1\r\nX: a\r\n {m()}\r\n{end}"
        yield f"GET / HTTP/1.1\nX: {m()}\n\n"
        yield f"GET / HTTP/1.1\r\nX: \0{m()}\r\n{end}"
        yield f"GET /{m()}{'a' * 9000} HTTP/1.1\r\n{end}"
        yield f"GET / HTTP/1.1\r\nX: {m()}{'a' * 40000}\r\n{end}"
        yield f"{m()}\r\n\r\n"
        yield f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{m()}"
        for path in ("/connect", "/callback", "/webhooks/nylas", "/api/v1/grants", "/readyz", "/metrics"):
            for kind in ("application/x-www-form-urlencoded", "application/json", f"text/{m()}"):
                content = f"{m()}={m()}&code={m()}&state={m()}&error={m()}"
                yield (f"POST {path} HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
                       f"Sec-Fetch-Site: same-origin\r\n{end}{content}")
        chunked = f"POST /connect HTTP/1.1\r\nTransfer-Encoding: chunked\r\n{end}"
        yield f"{chunked}{m()}\r\n"
        yield f"{chunked}5;{m()}={m()}\r\nhello\r\n0\r\n{m()}: {m()}\r\n\r\n"
        yield f"{chunked}5\r\nhello{m()}\r\n"
        yield f"POST /connect HTTP/1.1\r\nContent-Length: 999\r\n{end}{m()}"
        yield f"POST /connect HTTP/1.1\r\nContent-Length: 99999999\r\nX: {m()}\r\n{end}"

    def send(self, port, octets, context=None):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            stream = context.wrap_socket(plain, server_hostname="localhost") if context else plain
            answer = b""
            try:
                stream.sendall(octets.encode())
                # Some of these are halves: an end, so that nobody waits for the rest.
                if not context:
                    plain.shutdown(socket.SHUT_WR)
                while chunk := stream.recv(65536):
                    answer += chunk
            except (ConnectionError, TimeoutError, ssl.SSLError):
                pass
            if context:
                stream.close()
        self.pages.append((octets, answer.decode(errors="replace")))
        return answer

    def test_no_octet_of_a_request_comes_out_again(self):
        self.begin(Rig(api_key=marker("apikey"), log_level="debug"))
        answers = [self.send(self.rig.port, octets) for octets in self.octets("public")]
        answers += [self.send(self.rig.operations_port, octets) for octets in self.octets("operations")]
        self.assertGreater(sum(answer.startswith(b"HTTP/1.1 4") for answer in answers), 100, "most of these are refused, with an answer")
        self.finish('"status":421')

    def test_nor_over_tls_nor_what_greets_tls(self):
        rig = TLSRig()
        with open(rig.config, encoding="utf-8") as file:
            config = json.load(file)
        # Halves end here by the clock: with TLS there is no end of the client's alone.
        config |= {"log": {"format": "json", "level": "debug"}, "limits": {"headSeconds": 1, "contentSeconds": 1}}
        with open(rig.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.begin(rig)
        answers = [self.send(rig.port, octets, rig.client) for octets in self.octets("tls")]
        self.assertGreater(sum(answer.startswith(b"HTTP/1.1 4") for answer in answers), 35)
        for number in range(3):
            self.send(rig.port, f"GET /{self.plant(f'plain{number}x')} HTTP/1.1\r\nHost: {self.plant(f'plainhost{number}x')}\r\n\r\n")
        self.send(rig.port, self.plant("garbagex") * 20)
        for name, protocols in ((self.plant("snix").lower() + ".example", None), ("localhost", [self.plant("alpnx")]),
                                (self.plant("bothx").lower() + ".example", ["http/1.1", self.plant("alpn2x")])):
            context = ssl._create_unverified_context()  # noqa: S323 - whom it talks to is not what is tested
            if protocols:
                context.set_alpn_protocols(protocols)
            try:
                with socket.create_connection(("127.0.0.1", rig.port), timeout=20) as plain, \
                        context.wrap_socket(plain, server_hostname=name) as stream:
                    stream.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                    self.pages.append((f"SNI {name}", stream.recv(65536).decode(errors="replace")))
            except (ssl.SSLError, ConnectionError):
                pass
        self.finish('"handshake failed"')

    def finish(self, *controls):
        self.operations_pages()
        running = self.everything_out()
        self.assertEqual(self.rig.postern.stop(), 0)
        log = self.rig.postern.output()
        for control in ('"refused":"whitespace_before_colon"', *controls):
            self.assertTrue(control in log, f"the log, which is what is searched, has no {control}")
        self.search(running)
        self.search(self.everything_out())
        # What is told in the log is told in the metrics, by the same name.
        self.assertTrue(any("metrics" in place and finds('rule="whitespace_before_colon"', content) for place, content in running))


if __name__ == "__main__":
    unittest.main()
