"""Nylas's own SDK for Python against our sandbox: what this package understands, the sandbox says as Nylas would.

Run by scripts/sdk-test, which starts the sandbox and names it in the environment.
"""

import os
import unittest
import urllib.parse
import uuid
from html.parser import HTMLParser

import requests
from nylas import Client
from nylas.models.errors import NylasApiError, NylasOAuthError

SANDBOX = os.environ["SANDBOX_URL"]
CLIENT_ID = os.environ["SANDBOX_CLIENT_ID"]
API_KEY = os.environ["SANDBOX_API_KEY"]
CALLBACK = os.environ["SANDBOX_CALLBACK"]
READ = "https://www.googleapis.com/auth/gmail.readonly"


class Form(HTMLParser):
    """The first form of a page: where it goes, and what it holds as it stands."""

    def __init__(self, page: str):
        super().__init__()
        self.action = None
        self.fields = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes["action"]
        elif tag == "input" and "name" in attributes:
            if attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes:
                self.fields.append((attributes["name"], attributes.get("value") or ""))


def login(url: str, address: str, decision: str = "approve", **choices: str) -> dict:
    """Goes through the hosted login as a browser without JavaScript, and gives what it would bring to the callback."""
    browser = requests.Session()
    page = browser.get(url)
    page.raise_for_status()
    while True:
        form = Form(page.text)
        fields = dict(form.fields)
        is_consent = form.action.endswith(("/consent", "/organization"))
        if is_consent:
            fields.update(choices)
        else:
            fields["address"] = address
        fields["decision"] = decision if is_consent else "continue"
        answer = browser.post(urllib.parse.urljoin(page.url, form.action), data=fields, allow_redirects=False)
        assert answer.status_code == 303, answer.status_code
        location = urllib.parse.urljoin(page.url, answer.headers["Location"])
        if not location.startswith(SANDBOX):
            assert location.startswith(CALLBACK + "?"), "back at another address than ours"
            return dict(urllib.parse.parse_qsl(location.split("?", 1)[1], strict_parsing=True))
        page = browser.get(location)
        page.raise_for_status()


class SDKTest(unittest.TestCase):
    def setUp(self):
        requests.post(f"{SANDBOX}/sandbox/reset", json={}).raise_for_status()
        self.nylas = Client(api_key=API_KEY, api_uri=SANDBOX)

    def configuration(self, **changes) -> dict:
        return {
            "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "provider": "google", "scope": [READ],
            "state": "state/of +ours&", **changes,
        }

    def exchange(self, code: str, **changes):
        return self.nylas.auth.exchange_code_for_token(
            {"redirect_uri": CALLBACK, "code": code, "client_id": CLIENT_ID, **changes}
        )

    def connect(self, address="ada@google.example", **changes):
        back = login(self.nylas.auth.url_for_oauth2(self.configuration(**changes)), address)
        self.assertEqual(back["state"], "state/of +ours&")
        return self.exchange(back["code"])

    def assertRefused(self, kind, status: int, call, **fields):
        with self.assertRaises(kind) as caught:
            call()
        self.assertEqual(caught.exception.status_code, status)
        # The SDK gives an OAuth error no request ID of its own, only the field.
        self.assertTrue(caught.exception.request_id or caught.exception.headers["x-request-id"])
        for name, value in fields.items():
            self.assertEqual(getattr(caught.exception, name), value)


class Authentication(SDKTest):
    def test_connects_a_mailbox(self):
        answer = self.connect(access_type="offline", login_hint="ada@google.example", include_grant_scopes=True)
        self.assertEqual(answer.email, "ada@google.example")
        self.assertEqual(answer.provider, "google")
        self.assertEqual(answer.expires_in, 3600)
        self.assertEqual(answer.token_type, "Bearer")
        self.assertIn(READ, answer.scope.split(" "))
        self.assertTrue(answer.grant_id and answer.access_token and answer.id_token and answer.refresh_token)

        refreshed = self.nylas.auth.refresh_access_token(
            {"redirect_uri": CALLBACK, "refresh_token": answer.refresh_token, "client_id": CLIENT_ID}
        )
        self.assertEqual(refreshed.grant_id, answer.grant_id)

        info = self.nylas.auth.validate_access_token(answer.access_token)
        self.assertEqual(info.data.sub, answer.grant_id)
        self.assertEqual(self.nylas.auth.id_token_info(answer.id_token).data.email, "ada@google.example")
        self.assertTrue(self.nylas.auth.revoke(answer.access_token))
        self.assertRefused(
            NylasOAuthError, 400, lambda: self.nylas.auth.validate_access_token(answer.access_token), error="invalid_token"
        )

    def test_connects_every_provider(self):
        for provider in ["google", "microsoft", "yahoo", "icloud", "imap", "ews"]:
            with self.subTest(provider):
                answer = self.connect(f"ada@{provider}.example", provider=provider, scope=["email"])
                self.assertEqual(answer.provider, provider)

    def test_proves_possession_its_own_way(self):
        url = self.nylas.auth.url_for_oauth2_pkce(self.configuration())
        answer = self.exchange(login(url.url, "ada@google.example")["code"], code_verifier=url.secret)
        self.assertEqual(answer.email, "ada@google.example")

    def test_is_refused_with_another_verifier(self):
        url = self.nylas.auth.url_for_oauth2_pkce(self.configuration())
        code = login(url.url, "ada@google.example")["code"]
        self.assertRefused(
            NylasOAuthError, 400, lambda: self.exchange(code, code_verifier=str(uuid.uuid4())),
            error="invalid_grant", error_code=45004,
        )

    def test_is_refused_a_second_time(self):
        code = login(self.nylas.auth.url_for_oauth2(self.configuration()), "ada@google.example")["code"]
        self.exchange(code)
        self.assertRefused(NylasOAuthError, 400, lambda: self.exchange(code), error="invalid_grant")

    def test_is_refused_for_another_redirect_uri_and_a_wrong_secret(self):
        for changes, status, error in [
            ({"redirect_uri": CALLBACK + "/"}, 400, "invalid_grant"),
            ({"client_secret": "wrong"}, 401, "invalid_client"),
        ]:
            code = login(self.nylas.auth.url_for_oauth2(self.configuration()), "ada@google.example")["code"]
            self.assertRefused(NylasOAuthError, status, lambda: self.exchange(code, **changes), error=error)

    def test_learns_of_a_cancellation(self):
        back = login(self.nylas.auth.url_for_oauth2(self.configuration()), "ada@google.example", decision="cancel")
        self.assertEqual((back["error"], back["error_code"]), ("oauth_failed", "45002"))

    def consent_url(self, credential: str) -> str:
        return self.nylas.auth.url_for_admin_consent(
            {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "credential_id": credential, "state": "s"}
        )

    def test_learns_of_an_administrators_consent(self):
        tenant = str(uuid.uuid4())
        credential = self.nylas.connectors.credentials.create(
            "microsoft", {"name": "acme", "credential_type": "adminconsent", "credential_data": {"tenant": tenant}}
        ).data
        back = login(self.consent_url(credential.id), "admin@acme.example")
        self.assertEqual(back, {"admin_consent": "True", "tenant": tenant, "state": "s"})

    def test_is_told_of_a_credential_that_is_none(self):
        answer = requests.get(self.consent_url(str(uuid.uuid4())), allow_redirects=False)
        query = dict(urllib.parse.parse_qsl(answer.headers["Location"].split("?", 1)[1]))
        self.assertEqual((query["error"], query["state"]), ("invalid_request", "s"))

    def test_connects_mailboxes_without_their_people(self):
        credential = self.nylas.connectors.credentials.create(
            "microsoft", {"name": "acme", "credential_type": "adminconsent", "credential_data": {"tenant": "common"}}
        ).data
        self.assertEqual([found.id for found in self.nylas.connectors.credentials.list("microsoft").data], [credential.id])
        settings = {"email_address": "ada@acme.example", "credential_id": credential.id}
        request = {"provider": "microsoft", "settings": settings}
        self.assertRefused(
            NylasApiError, 403, lambda: self.nylas.auth.custom_authentication(request), type="grant.access_denied"
        )
        login(self.consent_url(credential.id), "admin@acme.example")
        grant = self.nylas.auth.custom_authentication(request).data
        self.assertEqual((grant.grant_status, grant.email), ("valid", None))
        self.assertEqual(self.nylas.auth.custom_authentication(request).data.id, grant.id)
        self.assertTrue(self.nylas.connectors.credentials.destroy("microsoft", credential.id).request_id)
        self.assertEqual(self.nylas.grants.find(grant.id).data.grant_status, "invalid")

    def test_detects_providers(self):
        found = self.nylas.auth.detect_provider({"email": "ada@gmail.com", "all_provider_types": True}).data
        self.assertEqual((found.detected, found.provider), (True, "google"))
        missing = self.nylas.auth.detect_provider({"email": "ada@nowhere.example"}).data
        self.assertEqual((missing.detected, missing.provider), (False, None))


class Grants(SDKTest):
    def test_are_listed_found_changed_and_deleted(self):
        ids = [self.connect(f"person-{number}@google.example").grant_id for number in range(3)]
        listed = self.nylas.grants.list({"limit": 2, "order_by": "asc", "sort_by": "created_at"})
        self.assertEqual(len(listed.data), 2)
        self.assertIsNone(listed.next_cursor)
        self.assertTrue(listed.request_id)
        self.assertEqual(len(self.nylas.grants.list({"limit": 2, "offset": 2}).data), 1)

        grant = self.nylas.grants.find(ids[0]).data
        self.assertEqual((grant.email, grant.provider, grant.grant_status), ("person-0@google.example", "google", "valid"))
        self.assertIn(READ, grant.scope)
        self.assertEqual(grant.state, "state/of +ours&")
        self.assertLessEqual(grant.created_at, grant.updated_at)

        changed = self.nylas.grants.update(ids[0], {"scope": ["openid"]}).data
        self.assertEqual(changed.scope, ["openid"])

        self.assertTrue(self.nylas.grants.destroy(ids[0]).request_id)
        self.assertRefused(NylasApiError, 404, lambda: self.nylas.grants.find(ids[0]), type="grant.not_found")
        self.assertRefused(NylasApiError, 404, lambda: self.nylas.grants.destroy(ids[0]))

    def test_are_an_empty_list_at_first(self):
        self.assertEqual(self.nylas.grants.list().data, [])

    def test_keep_their_id_through_a_second_login(self):
        self.assertEqual(self.connect().grant_id, self.connect().grant_id)

    def test_are_for_the_key_alone(self):
        stranger = Client(api_key="wrong", api_uri=SANDBOX)
        self.assertRefused(NylasApiError, 401, stranger.grants.list, type="token.unauthorized_access")


class Application(SDKTest):
    def test_shows_itself(self):
        application = self.nylas.applications.info().data
        self.assertEqual(application.application_id, CLIENT_ID)
        self.assertIn(CALLBACK, [callback.url for callback in application.callback_uris])

    def test_registers_addresses(self):
        uris = self.nylas.applications.redirect_uris
        made = uris.create({"url": "https://app.example/callback", "platform": "web"}).data
        self.assertEqual(uris.find(made.id).data.url, "https://app.example/callback")
        self.assertIn(made.id, [uri.id for uri in uris.list().data])
        self.assertTrue(uris.destroy(made.id).request_id)
        self.assertRefused(NylasApiError, 404, lambda: uris.find(made.id), type="api.not_found_error")
        self.assertRefused(
            NylasApiError, 400, lambda: uris.create({"url": "http://app.example/", "platform": "web"}),
            type="grant.callback_uri_not_allowed",
        )

    def test_has_connectors(self):
        connectors = self.nylas.connectors
        self.assertIn("google", [connector.provider for connector in connectors.list().data])
        self.assertEqual(connectors.find("google").data.provider, "google")
        made = connectors.create({"provider": "zoom", "settings": {"client_id": "c", "client_secret": "s"}}).data
        self.assertEqual(made.provider, "zoom")
        self.assertTrue(connectors.destroy("zoom").request_id)
        self.assertRefused(NylasApiError, 404, lambda: connectors.find("zoom"))


class Faults(SDKTest):
    def script(self, *steps: dict):
        requests.post(f"{SANDBOX}/sandbox/script", json={"next": steps}).raise_for_status()

    def test_reach_the_caller(self):
        self.script({"on": "grants", "outcome": "rate_limited"}, {"on": "token", "outcome": "internal_error"})
        self.assertRefused(NylasApiError, 429, self.nylas.grants.list, type="api.rate_limit_error")
        code = login(self.nylas.auth.url_for_oauth2(self.configuration()), "ada@google.example")["code"]
        self.assertRefused(NylasOAuthError, 500, lambda: self.exchange(code), error="internal_error", error_code=500)

    def test_break_connections(self):
        for outcome, status in [("cut", "invalid"), ("cut_after_processing", "valid")]:
            self.script({"on": "token", "outcome": outcome})
            code = login(self.nylas.auth.url_for_oauth2(self.configuration()), "ada@google.example")["code"]
            with self.assertRaises(requests.exceptions.RequestException):
                self.exchange(code)
            self.assertEqual(self.nylas.grants.list().data[0].grant_status, status)
