"""How a connect ends for the host app: the way back from every page, confirmed binding, and two browsers that play attacker and
victim."""

import itertools
import re

from browser import Browser
from host import HostRig
from looks import LookingCase

_numbers = itertools.count(1)


class HostCase(LookingCase):
    """Everything against one configured Postern and the sample host app."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rig = HostRig()
        cls.addClassCleanup(cls.rig.close)
        cls.rig.start()

    def setUp(self):
        super().setUp()
        self.address = f"person-{next(_numbers)}@google.example"
        self.before = self.rig.owners()

    def another_browser(self) -> Browser:
        browser = Browser()
        self.addCleanup(browser.close)
        return browser

    # Steps

    def sign_in_at_host(self, browser: Browser, user: str):
        browser.open(self.rig.host + "/")
        browser.expect("Sign in to Acme")
        browser.fill("user", user)
        browser.press("Sign in")
        browser.expect(f"Hello {user}")

    def approve(self, browser: Browser, address: str, *, decision="Approve"):
        """From a link's page up to what follows the consent."""
        browser.expect("Connect your mailbox")
        browser.choose("google")
        browser.expect_at(self.rig.sandbox_origin)
        browser.fill("address", address)
        browser.press("Continue")
        browser.expect("Give access to your mailbox?")
        browser.press(decision)

    def way_back(self, browser: Browser) -> str:
        """Where the button leads, without pressing it."""
        for link in browser.driver.find_elements("css selector", "a.action"):
            if link.text.startswith("Back to"):
                return link.get_attribute("href")
        raise AssertionError(f"there is no way back:\n{browser.text[:400]}")

    def assertGained(self, *owned):
        self.assertEqual([pair for pair in self.rig.owners() if pair not in self.before], sorted(owned))

    def assertNothingGivenAway(self):
        """No handle, code, state or cookie in the log or the store."""
        said = self.rig.postern.output()
        stored = str(self.rig.rows("select * from flow_claim")) + str(self.rig.rows("select * from result_receipt"))
        for text in ["postern_result", "postern_confirmation", "code=", "state=", "__Host-"]:
            self.assertNotIn(text, said)
            self.assertNotIn(text, stored)


class EndPages(HostCase):
    """The pages themselves, without the host app's server."""

    def test_every_end_leads_back_with_a_handle(self):
        for decision, heading, name in [
            ("Approve", "Your mailbox is connected", "end-connected"), ("Cancel", "Nothing was connected", "end-declined"),
        ]:
            with self.subTest(heading):
                self.browser.open(self.rig.link("jane"))
                self.approve(self.browser, self.address, decision=decision)
                self.browser.expect(heading)
                self.assertRegex(self.way_back(self.browser), rf"^{re.escape(self.rig.host)}/mailboxes\?postern_result=[\w-]{{90,110}}$")
                self.inspect(name)

    def test_connected_again_and_already(self):
        for heading in ["Your mailbox is connected", "Your mailbox is connected again"]:
            self.browser.open(self.rig.link("jane"))
            self.approve(self.browser, self.address)
            self.browser.expect(heading)
        self.inspect("end-reconnected")
        # The callback once more, as a restored tab would bring it: by its state, which the sandbox has kept.
        [grant] = [grant for grant in self.rig.sandbox_grants() if grant["email"] == self.address]
        self.browser.open(f"{self.rig.origin}/callback?code=x&state={grant['state']}")
        self.browser.expect("Your mailbox is connected already")
        self.assertIn("nothing was done twice", self.browser.text)
        self.inspect("end-already")

    def test_another_mailbox_and_a_used_link_lead_back_too(self):
        link = self.rig.link("jane", "--address", self.address)
        self.browser.open(link)
        self.approve(self.browser, "other-" + self.address)
        self.browser.expect("That was another mailbox")
        self.assertIn("postern_result=", self.way_back(self.browser))
        self.inspect("end-other-mailbox")
        self.browser.open(link)
        self.approve(self.browser, self.address)
        self.browser.expect("Your mailbox is connected")
        self.browser.open(link)
        self.browser.expect("This link has been used")
        self.assertEqual(self.way_back(self.browser), self.rig.host + "/mailboxes")
        self.assertIn("This page cannot tell Acme how it ended", self.browser.text)
        self.inspect("end-link-used")

    def test_a_page_that_knows_no_flow_says_so(self):
        self.expected_statuses = {400}
        self.browser.open(self.rig.origin + "/callback?code=x&state=" + "A" * 43)
        self.browser.expect("We cannot tell which connection this is")
        self.assertIn("This page cannot tell Acme how it ended", self.browser.text)
        self.inspect("end-unknown")

    def test_waiting_for_the_host_app_and_its_silence(self):
        self.browser.open(self.rig.link("jane", "--binding", "confirmed"))
        self.approve(self.browser, self.address)
        # Nobody is signed in at the host app, so it says nothing.
        self.browser.expect("Sign in to Acme")
        self.assertIn("postern_confirmation=", self.browser.address)
        short = next(
            cookie["name"] for cookie in self.browser.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]
            if cookie["name"].startswith("__Host-postern-"))[len("__Host-postern-"):]
        self.browser.open(f"{self.rig.origin}/confirmed/{short}")
        self.browser.expect("Acme has to confirm first")
        self.inspect("end-waiting")
        self.browser.press("Check again")
        self.browser.expect("Acme has to confirm first")
        self.browser.press("Go to Acme")
        self.browser.expect("Sign in to Acme")
        self.assertGained()
