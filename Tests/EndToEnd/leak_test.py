"""Plants a marker in everything that comes in, and looks for it in everything that is written down.

    python3 -m unittest Tests/EndToEnd/leak_test.py
"""

import base64
import os
import sys
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Browser, Rig  # noqa: E402


def marker(name):
    return f"LEAKMARKER{name}"


class LeakTest(unittest.TestCase):
    def setUp(self):
        self.rig = Rig(api_key=marker("apikey"), log_level="debug")
        self.addCleanup(self.rig.close)
        self.rig.start()
        self.secrets = {marker("apikey"): "the API key"}
        self.pages = []

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
        self.assertEqual(self.rig.postern.stop(), 0)
        log = self.rig.postern.output()

        # The search finds what is there: the log does tell of these flows and routes.
        for flow in flows[:2]:
            self.assertIn(self.short_id(flow), log)
        self.assertIn('"/callback"', log)

        # The sandbox prints its own key at start: it is a pretend one, and its log is not Postern's.
        for secret, what in self.secrets.items():
            for form in {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret)}:
                self.assertFalse(form.lower() in log.lower(), f"the log has {what}")
        for name in os.listdir(self.rig.data):
            with open(os.path.join(self.rig.data, name), "rb") as file:
                content = file.read()
            for secret, what in self.secrets.items():
                if what != "the address":
                    self.assertFalse(secret.encode() in content, f"{name} has {what}")
        for path, page in self.pages:
            for secret, what in self.secrets.items():
                self.assertFalse(marker("") in page or secret in page, f"the answer to {path[:12]} has {what}")

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


if __name__ == "__main__":
    unittest.main()
