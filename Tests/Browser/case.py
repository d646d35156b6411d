"""What all browser tests share: one demo for the run, one browser per class, and for each test a clean start and an
empty console at its end."""

import itertools
import re
import unittest

from browser import Browser
from demo import Demo

DECLINED = "Nothing was connected"
UNKNOWN = "We cannot tell which connection this is"

_running = None
_numbers = itertools.count(1)


def start_demo():
    global _running
    _running = Demo().__enter__()


def end_demo():
    if _running is not None:
        _running.__exit__()


class BrowserCase(unittest.TestCase):
    has_scripts = True

    @classmethod
    def setUpClass(cls):
        cls.demo = _running
        cls.browser = Browser(scripts=cls.has_scripts)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def setUp(self):
        self.demo.reset_sandbox()
        self.browser.forget()
        self.before = self.stored()
        # Answers that are errors on purpose: Chromium's console names their addresses.
        self.expected_statuses = set()

    def tearDown(self):
        for entry in self.browser.complaints():
            is_expected = any(f"responded with a status of {status} " in entry["message"] for status in self.expected_statuses)
            self.assertTrue(is_expected, f"the console says: {entry['message']}")

    # Steps

    def new_address(self, provider: str) -> str:
        """An address that no other test uses: a grant is one per address."""
        return f"person-{next(_numbers)}@{provider}.example"

    def start(self, provider: str):
        self.browser.open(self.demo.origin + "/")
        self.browser.expect("Connect your mailbox")
        self.browser.choose(provider)

    def begin(self, provider: str = "google") -> str:
        """Up to the sandbox's sign-in page.

        Gives its address."""
        self.start(provider)
        self.browser.expect_at(self.demo.sandbox)
        return self.browser.address

    def sign_in(self, address: str):
        self.browser.fill("address", address)
        self.browser.press("Continue")
        self.browser.expect("Give access to your mailbox?")

    def begin_and_sign_in(self, provider: str = "google") -> str:
        self.begin(provider)
        address = self.new_address(provider)
        self.sign_in(address)
        return address

    # Expectations

    def stored(self) -> dict[str, dict]:
        """The grants in the store, by address."""
        return {grant["email"]: grant for grant in self.demo.grants()}

    def assertStored(self, *addresses: str):
        """These were added since the test began, and nothing else was."""
        self.assertEqual(set(self.stored()) - set(self.before), set(addresses))

    def assertConnected(self, address: str):
        self.browser.expect("Your mailbox is connected")
        self.assertIn(address, self.browser.text)
        self.assertCleanAddress()

    def assertProblem(self, heading: str):
        self.browser.expect(heading)
        self.assertCleanAddress()
        # The reference is random: by chance it may hold what would betray an address in memory.
        words = re.sub(r"[Rr]eference: \S+", "", self.browser.text)
        for word in ["Fatal", "error:", "Swift", "0x", "code=", "state="]:
            self.assertNotIn(word, words)

    def assertCleanAddress(self):
        """Neither the address bar nor the history has a code or a state."""
        for address in [self.browser.address, *self.browser.history()]:
            self.assertNotIn("code=", address)
            if address.startswith(self.demo.origin):
                self.assertNotIn("state=", address)
