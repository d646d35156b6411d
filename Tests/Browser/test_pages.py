"""Every page, at a phone's and at a desk's width, in light and in dark: it fits, axe-core finds nothing, and a picture
of it is kept for people in .build/screenshots."""

from case import DECLINED, UNKNOWN
from demo import approve
from looks import LookingCase


class Pages(LookingCase):
    def test_axe_itself_would_find_something(self):
        self.browser.open("data:text/html,<h1 style='color:%23aaa'>Grey</h1><input>")
        found = " ".join(self.browser.violations(self.axe))
        for rule in ["color-contrast", "document-title", "html-has-lang", "label"]:
            self.assertIn(rule, found)

    def test_connect(self):
        self.browser.open(self.demo.origin + "/")
        self.browser.expect("Connect your mailbox")
        self.inspect("connect")

    def test_sandbox(self):
        self.browser.open(self.demo.sandbox + "/")
        self.inspect("sandbox")
        self.begin("ask")
        self.inspect("sandbox-providers")
        self.browser.press("IMAP")
        self.browser.expect("Connect with IMAP")
        self.inspect("sandbox-password")
        self.begin("google")
        self.inspect("sandbox-sign-in")
        self.sign_in(self.new_address("google"))
        self.inspect("sandbox-consent")
        self.browser.press("What should happen")
        self.inspect("sandbox-outcomes")

    def test_connected(self):
        self.browser.open(approve(self.begin(), self.new_address("google")))
        self.browser.expect("Your mailbox is connected")
        self.inspect("connected")

    def test_connected_with_a_very_long_address(self):
        self.browser.open(approve(self.begin(), "a" * 64 + "@" + "b" * 60 + ".google.example"))
        self.browser.expect("Your mailbox is connected")
        self.inspect("connected-long-address")

    def test_declined(self):
        self.browser.open(approve(self.begin(), self.new_address("google"), decision="cancel"))
        self.assertProblem(DECLINED)
        self.inspect("declined")

    def test_permissions_missing(self):
        self.begin_and_sign_in()
        self.browser.tick("Read all your mail")
        self.browser.press("Approve")
        self.assertProblem("A permission is missing")
        self.inspect("permissions-missing")

    def test_unknown_callback(self):
        self.expected_statuses = {400}
        self.browser.open(self.demo.origin + "/callback?code=x&state=y")
        self.assertProblem(UNKNOWN)
        self.inspect("unknown-callback")

    def test_no_such_page(self):
        self.expected_statuses = {404}
        self.browser.open(self.demo.origin + "/nowhere")
        self.browser.expect("There is no page at this address")
        self.inspect("no-such-page")
