"""The operator API of a real process, and its OpenAPI document held by tools that know nothing of Postern.

    ./scripts/api-test
"""

import base64
import csv
import hashlib
import http.client
import io
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.parse

import jsonschema
import openapi_spec_validator

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "EndToEnd"))
from rig import PROGRAM, Browser, Flow, Rig  # noqa: E402


def made_token(name, scope):
    """A token as an operator makes it: its text, and what belongs into the configuration."""
    output = subprocess.run(
        [PROGRAM, "tokens", "create", name, "--scope", scope, "--json"], check=True, capture_output=True, text=True)
    made = json.loads(output.stdout)
    assert hashlib.sha256(made["token"].encode()).hexdigest() == made["configuration"]["sha256"]
    return made["token"], made["configuration"]


class APIRig(Rig):
    """A rig whose Postern has two tokens; each answer is held against the document that it serves."""

    def __init__(self):
        super().__init__()
        self.writer, writer = made_token("writer", "write")
        self.reader, reader = made_token("reader", "read")
        with open(self.config, encoding="utf-8") as file:
            configuration = json.load(file)
        configuration["api"] = {"tokens": [writer, reader]}
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        self.document = None
        #: Every answer, to be searched for what must not be there.
        self.answers = []

    def send(self, method, path, token=None, content=None, fields=None):
        """One request; status, fields, and the content, read as JSON."""
        headers = {"Host": f"localhost:{self.port}", **(fields or {})}
        if token:
            headers["Authorization"] = "Bearer " + token
        body = None
        if content is not None:
            body = content if isinstance(content, (str, bytes)) else json.dumps(content)
            headers.setdefault("Content-Type", "application/json")
        connection = self.connection(self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        self.answers.append(text)
        is_json = "json" in (response.headers.get("Content-Type") or "")
        value = json.loads(text) if text and is_json else text
        self.hold(method, path, response, value)
        return response.status, response.headers, value

    def hold(self, method, path, response, value):
        """The document has the status, and the content fits what it says."""
        kind = response.headers.get("Content-Type")
        if self.document is None or not path.startswith("/api/v1/") or response.status == 204:
            return
        plain = urllib.parse.urlsplit(path).path
        operation = next(
            (item[method.lower()] for template, item in self.document["paths"].items()
             if method.lower() in item and self.matches(template, plain)), None)
        answers = operation["responses"] if operation else {"4XX": {"$ref": "#/components/responses/Problem"}}
        answer = answers.get(str(response.status)) or answers[f"{response.status // 100}XX"]
        if "$ref" in answer:
            answer = self.document["components"]["responses"]["Problem"]
        schema = {**answer["content"][kind]["schema"], "components": self.document["components"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(value)
        if operation and response.status >= 400:
            assert value["code"] in answer["description"] or str(response.status) not in answers, (path, value)

    @staticmethod
    def matches(template, path):
        ours, theirs = template.split("/"), path.split("/")
        return len(ours) == len(theirs) and all(
            own.startswith("{") or own == other for own, other in zip(ours, theirs))

    def start(self):
        super().start()
        self.document = self.send("GET", "/api/v1/openapi.json")[2]
        return self

    def connect(self, url, address):
        """Follows a link to the end, as its user does; the result page."""
        browser = Browser(self)
        page = browser.request("GET", url)
        assert page.status == 200, page.text[:400]
        sealed = urllib.parse.urlsplit(url).path.rsplit("/", 1)[1]
        answer = browser.request("POST", self.origin + "/connect", {"provider": "google", "link": sealed})
        assert answer.status == 303, (answer.status, answer.text[:400])
        return Flow(browser, answer.location).sign_in(address).come_back()


class APITest(unittest.TestCase):
    def setUp(self):
        self.rig = APIRig()
        self.addCleanup(self.rig.close)
        self.rig.start()

    def test_the_document_is_one(self):
        status, fields, document = self.rig.send("GET", "/api/v1/openapi.json")
        self.assertEqual((status, fields["Content-Type"], fields["Cache-Control"]), (200, "application/json", "no-store"))
        openapi_spec_validator.validate(document)
        # The validator finds what is wrong.
        with self.assertRaises(Exception):
            openapi_spec_validator.validate({**document, "paths": {"/x": {"get": {"responses": 7}}}})
        for path in document["paths"].values():
            for operation in path.values():
                for answer in operation["responses"].values():
                    for content in answer.get("content", {}).values():
                        jsonschema.Draft202012Validator.check_schema(content["schema"])

    def test_a_link_leads_to_a_grant_and_back(self):
        send, writer, reader = self.rig.send, self.rig.writer, self.rig.reader
        order = {"owner": "user-7", "tags": {"plan": "gold"}, "expires_in": 600}
        status, _, link = send("POST", "/api/v1/links", writer, order, {"Idempotency-Key": "order-1"})
        self.assertEqual(status, 201)
        self.assertEqual(send("POST", "/api/v1/links", writer, order, {"Idempotency-Key": "order-1"})[2], link)
        self.assertEqual(
            send("POST", "/api/v1/links", writer, {"owner": "user-8"}, {"Idempotency-Key": "order-1"})[0], 422)
        self.assertEqual(send("GET", f"/api/v1/links/{link['id']}", reader)[2]["standing"], "unused")
        page = self.rig.connect(link["url"], "jane@example.com")
        self.assertEqual(page.status, 200, page.text[:400])
        used = send("GET", f"/api/v1/links/{link['id']}", reader)[2]
        self.assertEqual(used["standing"], "used")
        grants = send("GET", "/api/v1/grants?owner=user-7&status=valid&provider=google", reader)[2]
        self.assertEqual([grant["grant_id"] for grant in grants["grants"]], [used["grant_id"]])
        grant = grants["grants"][0]
        self.assertEqual((grant["address"], grant["owners"][0]["tags"]), ("jane@example.com", {"plan": "gold"}))
        self.assertEqual(send("GET", f"/api/v1/grants/{grant['grant_id']}", reader)[2], grant)
        self.assertEqual(send("GET", "/api/v1/owners/user-7", reader)[2]["grants"], [grant])
        # Answers outlive the process.
        self.rig.postern.stop()
        self.rig.postern.start(self.rig.port)
        self.assertEqual(send("POST", "/api/v1/links", writer, order, {"Idempotency-Key": "order-1"})[2], link)
        self.assertEqual(send("DELETE", f"/api/v1/links/{link['id']}", writer)[2]["code"], "link_used")
        path = f"/api/v1/grants/{grant['grant_id']}/owners/user-7"
        self.assertEqual(send("DELETE", path, reader)[0], 403)
        self.assertEqual(len(self.rig.sandbox_grants()), 1)
        status, _, end = send("DELETE", path, writer)
        self.assertEqual((status, end["outcome"]), (200, "revoked"))
        self.assertEqual(self.rig.sandbox_grants(), [])
        self.assertEqual(send("DELETE", path, writer)[0], 404)
        actors = self.rig.rows("SELECT event, actor FROM audit WHERE actor IS NOT NULL")
        self.assertEqual(actors, [("grant.left", "api:writer")])

    def test_a_grant_is_connected_again_by_its_own_user(self):
        send, writer = self.rig.send, self.rig.writer
        link = send("POST", "/api/v1/links", writer, {"owner": "team/7", "tags": {"plan": "gold"}})[2]
        self.assertEqual(self.rig.connect(link["url"], "jane@example.com").status, 200)
        grant = send("GET", f"/api/v1/links/{link['id']}", writer)[2]["grant_id"]
        for order, status, pointer in [
            ({"owner": "user-8", "reconnect": grant}, 404, "/owner"), ({"owner": "team/7", "reconnect": "x"}, 404, "/reconnect"),
            ({"owner": "team/7", "reconnect": grant, "providers": ["google"]}, 422, "/providers"),
        ]:
            refused = send("POST", "/api/v1/links", writer, order)
            self.assertEqual((refused[0], [error["pointer"] for error in refused[2]["errors"]]), (status, [pointer]))
        status, _, again = send("POST", "/api/v1/links", writer, {"owner": "team/7", "reconnect": grant})
        self.assertEqual(status, 201)
        page = Browser(self.rig).request("GET", again["url"])
        self.assertIn("Connect your mailbox again", page.text)
        self.assertIn("jane@example.com", page.text)
        self.assertIn("again", self.rig.connect(again["url"], "jane@example.com").text)
        self.assertEqual(send("GET", f"/api/v1/links/{again['id']}", writer)[2]["grant_id"], grant)
        kept = send("GET", "/api/v1/grants?owner=team%2F7", writer)[2]["grants"]
        self.assertEqual([(g["grant_id"], g["owners"][0]["tags"]) for g in kept], [(grant, {"plan": "gold"})])

    def test_an_owner_with_a_slash_is_disconnected_alone(self):
        send, writer = self.rig.send, self.rig.writer
        link = send("POST", "/api/v1/links", writer, {"owner": "team/7"})[2]
        self.assertEqual(self.rig.connect(link["url"], "jane@example.com").status, 200)
        grant = send("GET", "/api/v1/owners/team%2F7", writer)[2]["grants"][0]["grant_id"]
        for segment in ["team/7", "team%252F7", "team%2F7%00", "team%2F7%2F", "team%2f%2e%2e%2f7"]:
            with self.subTest(segment):
                self.assertEqual(send("DELETE", f"/api/v1/grants/{grant}/owners/{segment}", writer)[0], 404)
        self.assertEqual(len(self.rig.sandbox_grants()), 1)
        status, _, end = send("DELETE", f"/api/v1/grants/{grant}/owners/team%2F7", writer)
        self.assertEqual((status, end["outcome"]), (200, "revoked"))
        self.assertEqual(self.rig.sandbox_grants(), [])

    def test_a_revoked_link_is_dead(self):
        _, _, link = self.rig.send("POST", "/api/v1/links", self.rig.writer, {"owner": "u"})
        self.assertEqual(self.rig.send("DELETE", f"/api/v1/links/{link['id']}", self.rig.writer)[2]["standing"], "revoked")
        page = Browser(self.rig).request("GET", link["url"])
        self.assertNotIn('action="/connect"', page.text)
        self.assertEqual(
            self.rig.rows("SELECT event, detail, actor FROM audit"), [("link.revoked", link["id"], "api:writer")])

    def test_connectors_and_credentials_are_made_and_ended_without_a_trace_of_their_secrets(self):
        send, writer, reader = self.rig.send, self.rig.writer, self.rig.reader
        secret, identifier = "mArKeR-secret-5c1e", "mArKeR-key-5c1e"
        app = {"client_id": "my-app", "client_secret": secret}
        yahoo = {"provider": "yahoo", **app, "scopes": ["email"]}
        self.rig.ask_sandbox("DELETE", "/v3/connectors/yahoo")
        status, _, made = send("POST", "/api/v1/connectors", writer, yahoo, {"Idempotency-Key": "c"})
        self.assertEqual((status, made["client_id"]), (201, "my-app"), made)
        self.assertEqual(send("POST", "/api/v1/connectors", writer, yahoo, {"Idempotency-Key": "c"})[2], made)
        self.assertEqual(send("POST", "/api/v1/connectors", writer, yahoo)[2]["code"], "nylas_refused")
        self.assertIn(made, send("GET", "/api/v1/connectors", reader)[2]["connectors"])
        self.assertEqual(send("GET", "/api/v1/connectors/yahoo", reader)[2], made)
        der = b"\x30\x64" + identifier.encode() + b"0" * (100 - len(identifier))
        pem = base64.encodebytes(der).decode().replace("\n", "")
        key = {"type": "service_account", "project_id": secret, "private_key_id": identifier, "client_email": "robot@p.example",
               "private_key": f"-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n", "universe_domain": secret}
        google = {"name": "acme", "provider": "google", "service_account_key": key}
        microsoft = {"name": "customers", "provider": "microsoft", "tenant": "common", **app}
        made = []
        for order in (google, microsoft):
            status, _, credential = send("POST", "/api/v1/credentials", writer, order, {"Idempotency-Key": order["name"]})
            self.assertEqual(status, 201, credential)
            again = send("POST", "/api/v1/credentials", writer, order, {"Idempotency-Key": order["name"]})[2]
            self.assertEqual(again, credential)
            self.assertEqual(send("GET", f"/api/v1/credentials/{credential['id']}", reader)[2], credential)
            made.append(credential)
            for name, value in (("service_account_key", {**key, "private_key": secret}), ("tenant", secret + "/"), ("name", secret * 20)):
                self.assertEqual(send("POST", "/api/v1/credentials", writer, {**order, name: value})[0], 422)
        found, cursor = [], ""
        while cursor is not None:
            page = send("GET", "/api/v1/credentials?limit=1" + (f"&cursor={cursor}" if cursor else ""), reader)[2]
            found += page["credentials"]
            cursor = page["next_cursor"]
        for credential in made:
            self.assertIn(credential, found)
        # Two mailboxes depend on the first one: it is not deleted until their number is said.
        for name in ("ada", "bea"):
            self.rig.ask_sandbox("POST", "/v3/connect/custom", {
                "provider": "google", "settings": {"email_address": f"{name}@acme.example", "credential_id": made[0]["id"]}})
        path = f"/api/v1/credentials/{made[0]['id']}"
        self.assertEqual(send("DELETE", path, reader)[0], 403)
        for confirmed in ("", "?confirm_grants=1"):
            status, _, problem = send("DELETE", path + confirmed, writer)
            self.assertEqual((status, problem["code"], problem["grants_total"]), (409, "credential_in_use", 2))
            self.assertEqual({grant["address"] for grant in problem["grants"]}, {"ada@acme.example", "bea@acme.example"})
        self.assertEqual(send("DELETE", path + "?confirm_grants=2", writer)[2]["stopped_grants"], 2)
        self.assertEqual(send("GET", path, reader)[0], 404)
        self.assertEqual(send("DELETE", f"/api/v1/credentials/{made[1]['id']}", writer)[2]["stopped_grants"], 0)
        stored = b""
        for name in os.listdir(self.rig.data):
            with open(os.path.join(self.rig.data, name), "rb") as file:
                stored += file.read()
        places = [self.rig.postern.output().encode(), stored, *(answer.encode() for answer in self.rig.answers)]
        for planted in (secret, identifier, pem, base64.b64encode(identifier.encode()).decode()[:-4]):
            for place in places:
                self.assertNotIn(planted.lower().encode(), place.lower())

    def test_a_bulk_run_is_ordered_watched_cancelled_and_done(self):
        send, writer, reader = self.rig.send, self.rig.writer, self.rig.reader
        tenant = {"name": "customers", "provider": "microsoft", "tenant": "common"}
        credential = send("POST", "/api/v1/credentials", writer, tenant)[2]["id"]
        self.rig.ask_sandbox("POST", "/sandbox/script", {"consent_delay": 0})
        query = {"client_id": "end-to-end", "redirect_uri": self.rig.origin + "/callback", "response_type": "adminconsent",
                 "provider": "microsoft", "credential_id": credential, "auto": "approve"}
        approval = self.rig.connection(self.rig.sandbox_port, 10)
        approval.request("GET", "/v3/connect/auth?" + urllib.parse.urlencode(query))
        self.assertEqual(approval.getresponse().status, 302)
        approval.close()
        mailboxes = [{"email": f"p{n}@x.example", "owner": f"u{n}", "tags": {"plan": "gold"}} for n in range(200)]
        order = {"credential_id": credential, "mailboxes": mailboxes}
        bad = {**order, "mailboxes": [*mailboxes, {"email": "P7@x.example"}, {"email": "p@x"}]}
        status, _, problem = send("POST", "/api/v1/bulk-runs", writer, bad)
        self.assertEqual((status, [error["pointer"] for error in problem["errors"]]), (422, ["/mailboxes/200/email", "/mailboxes/201/email"]))
        dry = send("POST", "/api/v1/bulk-runs", writer, {**order, "dry_run": True})
        self.assertEqual((dry[0], dry[2]["to_connect"], dry[2]["connected_already"]), (200, 200, []))
        self.assertEqual(send("POST", "/api/v1/bulk-runs", reader, order)[0], 403)
        status, _, run = send("POST", "/api/v1/bulk-runs", writer, order, {"Idempotency-Key": "run"})
        self.assertEqual((status, run["mailboxes"]), (201, 200))
        self.assertEqual(send("POST", "/api/v1/bulk-runs", writer, order, {"Idempotency-Key": "run"})[2], run)
        self.assertEqual(send("POST", "/api/v1/bulk-runs", writer, order)[2]["run_id"], run["id"])
        path = f"/api/v1/bulk-runs/{run['id']}"

        def until(is_true):
            end = time.monotonic() + 40
            while not is_true(run := send("GET", path, reader)[2]):
                self.assertLess(time.monotonic(), end, run)
                time.sleep(0.1)
            return run

        until(lambda run: run["outcomes"]["connected"] >= 10 and run["state"] == "running" and run["seconds_left"] in range(1, 10))
        # A stop in good order, and on with it after the start.
        self.assertEqual(self.rig.postern.stop(), 0)
        self.assertEqual(self.rig.rows("SELECT count(*) FROM bulk_row WHERE standing = 'sent'"), [(0,)])
        self.rig.postern.start(self.rig.port)
        until(lambda run: run["outcomes"]["connected"] >= 60)
        self.assertEqual(send("POST", path + "/cancel", writer)[2]["state"], "cancelling")
        run = until(lambda run: run["state"] == "cancelled")
        connected = run["outcomes"]["connected"]
        self.assertEqual((connected + run["outcomes"]["failed"], run["outcomes"]["pending"], run["seconds_left"]), (200, 0, None))
        made = self.rig.ask_sandbox("GET", "/sandbox/counts")["authentications"]
        self.assertEqual((len(made), set(made.values())), (connected, {1}))
        # What was not sent is a list again: a second run has exactly these.
        status, fields, text = send("GET", path + "/result.csv?only_failed=true", reader)
        self.assertEqual((status, fields["Content-Type"]), (200, "text/csv; charset=utf-8"))
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        self.assertEqual({row["reason"] for row in rows}, {"cancelled"})
        rest = [{"email": row["email"], "owner": row["owner"]} for row in rows][:20]
        run = send("POST", "/api/v1/bulk-runs", writer, {"credential_id": credential, "mailboxes": [*rest, {"email": "p0@x.example"}]})[2]
        path = f"/api/v1/bulk-runs/{run['id']}"
        run = until(lambda run: run["state"] == "finished")
        self.assertEqual((run["outcomes"]["connected"], run["outcomes"]["skipped"]), (20, 1))
        found, cursor = [], ""
        while cursor is not None:
            page = send("GET", path + "/rows?outcome=connected&limit=8" + (f"&cursor={cursor}" if cursor else ""), reader)[2]
            found += page["rows"]
            cursor = page["next_cursor"]
        self.assertEqual([row["email"] for row in found], [row["email"] for row in rest])
        grant = send("GET", f"/api/v1/grants/{found[0]['grant_id']}", reader)[2]
        self.assertEqual((grant["address"], grant["owners"][0]["owner"]), (found[0]["email"], found[0]["owner"]))
        self.assertEqual([run["state"] for run in send("GET", "/api/v1/bulk-runs", reader)[2]["runs"]], ["finished", "cancelled"])
        for end in ("/resume", "/cancel"):
            self.assertEqual(send("POST", path + end, writer)[2]["code"], "run_over")
        large = {**order, "mailboxes": [{"email": f"{'x' * 60}{n}@{'y' * 60}.example"} for n in range(10_001)]}
        self.assertEqual(send("POST", "/api/v1/bulk-runs", writer, large)[0], 422)
        self.assertEqual(send("POST", "/api/v1/bulk-runs", "x" * 43, large)[0], 413)
        self.assertNotIn("@x.example", self.rig.postern.output())

    def test_the_server_refuses_as_the_document_says(self):
        send, writer = self.rig.send, self.rig.writer
        for method, path, token, content, fields, expected in [
            ("POST", "/api/v1/links", writer, b"x" * (256 * 1024 + 1), None, 413),
            ("GET", "/api/v1/grants", writer, {"a": 1}, None, 413),
            ("POST", "/api/v1/links", writer, b"{", None, 400),
            ("POST", "/api/v1/links", writer, {"owner": "u"}, {"Content-Type": "text/plain"}, 415),
            ("GET", "/api/v1/nothing", writer, None, None, 404),
            ("PUT", "/api/v1/links", writer, None, None, 405),
            ("GET", "/api/v1/grants", writer, None, {"Host": "evil.example"}, 421),
            ("GET", "/api/v1/grants", None, None, None, 401),
            ("GET", "/api/v1/grants", "x" * 40, None, None, 401),
        ]:
            with self.subTest(method=method, path=path[:40], expected=expected):
                status, fields, value = send(method, path, token, content, fields)
                self.assertEqual(status, expected)
                self.assertEqual(fields["Content-Type"], "application/problem+json")
                self.assertEqual(value["status"], expected)
                self.assertEqual(fields["Cache-Control"], "no-store")
                self.assertNotIn("Set-Cookie", fields)

    def test_nothing_secret_or_foreign_comes_out(self):
        marker = "mArKeR-7f3a"
        order = {"owner": marker, "owner_name": marker, "login_hint": f"{marker}@example.com", "tags": {marker: marker}}
        _, _, link = self.rig.send("POST", "/api/v1/links", self.rig.writer, order, {"Idempotency-Key": marker})
        sealed = urllib.parse.urlsplit(link["url"]).path.rsplit("/", 1)[1]
        self.rig.answers.clear()
        requests = [
            ("POST", "/api/v1/links", self.rig.writer, {marker: 1}, {}),
            ("POST", "/api/v1/links", self.rig.writer, {"owner": "u", "profile": marker}, {}),
            ("POST", "/api/v1/links", self.rig.writer, {"owner": "u", "return_url": f"https://{marker}.example/"}, {}),
            ("POST", "/api/v1/links", self.rig.writer, f'"{marker}', {}),
            ("POST", "/api/v1/links", self.rig.writer, {"owner": "u"}, {"Content-Type": marker}),
            ("POST", "/api/v1/links", self.rig.writer, {"owner": "u"}, {"Idempotency-Key": marker}),
            ("POST", "/api/v1/links", self.rig.writer, {"owner": "u"}, {"Idempotency-Key": marker + " x"}),
            ("GET", f"/api/v1/grants?{marker}=1", self.rig.writer, None, {}),
            ("GET", f"/api/v1/grants?owner={marker}", self.rig.writer, None, {"Cookie": f"a={marker}"}),
            ("GET", f"/api/v1/grants?cursor={marker}", self.rig.writer, None, {}),
            ("GET", f"/api/v1/grants?access_token={marker}", None, None, {}),
            ("GET", f"/api/v1/grants/{marker}", self.rig.writer, None, {"User-Agent": marker, "X-Request-Id": marker}),
            ("GET", f"/api/v1/{marker}", self.rig.writer, None, {}),
            ("DELETE", f"/api/v1/grants/{marker}/owners/{marker}", self.rig.writer, None, {}),
            ("GET", "/api/v1/grants", marker * 4, None, {}),
            ("GET", "/api/v1/grants", None, None, {"Authorization": f"Basic {marker}"}),
        ]
        for request in requests:
            self.rig.send(*request)
        # The log is written beside the answers: once the process has ended, all of it is there.
        self.rig.postern.stop()
        output = self.rig.postern.output()
        self.assertIn('"token":"writer"', output)
        for text in [output, *self.rig.answers]:
            self.assertNotIn(marker.lower(), text.lower())
        stored = b""
        for name in ("postern.db", "postern.db-wal"):
            path = os.path.join(self.rig.data, name)
            if os.path.exists(path):
                with open(path, "rb") as file:
                    stored += file.read()
        for secret in (sealed, self.rig.writer, self.rig.reader, marker):
            self.assertNotIn(secret.encode(), stored)
            self.assertNotIn(secret, output)

    def test_tokens_are_listed_without_what_they_are(self):
        environment = {**os.environ, "NYLAS_API_KEY": "k"}
        listed = subprocess.run(
            [PROGRAM, "tokens", "list", "--config", self.rig.config], check=True, capture_output=True, text=True,
            env=environment)
        self.assertIn("writer", listed.stdout)
        self.assertNotIn(self.rig.writer, listed.stdout)


if __name__ == "__main__":
    unittest.main()
