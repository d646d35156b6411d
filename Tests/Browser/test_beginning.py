"""The ways to begin: with the address first, in another app's browser, once more; and what an administrator has to allow."""

from looks import LookingCase

INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 309.0.0.28.111"
)


class Beginning(LookingCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.browser.driver.execute_cdp_cmd, "Emulation.setUserAgentOverride", {"userAgent": ""})

    def test_the_address_alone(self):
        address = self.new_address("microsoft")
        self.browser.open(self.demo.origin + "/")
        self.browser.fill("address", address)
        self.browser.press("Continue with this address")
        self.browser.expect_at(self.demo.sandbox)
        self.assertIn("Microsoft", self.browser.text)
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)

    def test_the_enter_key_is_continue(self):
        self.browser.open(self.demo.origin + "/")
        self.browser.fill("address", self.new_address("yahoo") + "\n")
        self.browser.expect_at(self.demo.sandbox)
        self.assertIn("Yahoo", self.browser.text)

    def test_an_address_that_tells_nothing_is_kept(self):
        self.browser.open(self.demo.origin + "/")
        self.browser.fill("address", "jane@unheard-of.example")
        self.browser.press("Continue with this address")
        self.browser.expect("Connect your mailbox")
        self.assertIn("Please choose where your mail is", self.browser.text)
        field = self.browser.driver.find_element("name", "address")
        self.assertEqual(field.get_attribute("value"), "jane@unheard-of.example")
        self.inspect("connect-not-detected")
        self.browser.choose("imap")
        self.browser.expect_at(self.demo.sandbox)

    def test_in_another_apps_browser(self):
        self.browser.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {"userAgent": INSTAGRAM})
        self.browser.open(self.demo.origin + "/")
        self.browser.choose("google")
        self.browser.expect("Please open this page in your browser")
        field = self.browser.driver.find_element("id", "address")
        self.assertEqual(field.get_attribute("value"), self.demo.origin + "/")
        self.inspect("open-in-browser")
        self.browser.press("Choose another provider")
        self.browser.expect("Connect your mailbox")
        self.browser.choose("google")
        self.browser.expect("Please open this page in your browser")
        self.browser.press("This is my browser")
        self.browser.expect_at(self.demo.sandbox)

    def test_connecting_again(self):
        address = self.new_address("google")
        self.browser.open(self.demo.link("--owner", "again-1"))
        self.browser.choose("google")
        self.browser.expect_at(self.demo.sandbox)
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)
        grant = self.stored()[address]["grant_id"]
        self.browser.open(self.demo.link("--owner", "again-1", "--reconnect", grant))
        self.browser.expect("Connect your mailbox again")
        self.assertIn(address, self.browser.text)
        self.inspect("connect-again")
        self.browser.choose("google")
        self.browser.expect_at(self.demo.sandbox)
        self.sign_in(address)
        self.browser.press("Approve")
        self.browser.expect("Your mailbox is connected again")
        self.assertEqual(self.stored()[address]["grant_id"], grant)

    def test_an_administrator_has_to_allow_it(self):
        self.demo.script({"on": "authorize", "outcome": "admin_approval"})
        self.begin_and_sign_in("microsoft")
        self.browser.press("Approve")
        self.assertProblem("Your administrator has to allow this first")
        letter = self.browser.driver.find_element("id", "letter").get_attribute("value")
        for words in ["Acme", "Mail.Read", "Entra"]:
            self.assertIn(words, letter)
        self.inspect("admin-approval")

    def test_a_provider_that_is_not_set_up(self):
        self.demo.script({"on": "authorize", "outcome": "connector_missing"})
        self.start("google")
        self.assertProblem("Google is not set up here yet")
        self.assertIn("nothing was saved", self.browser.text)
        self.assertStored()
        self.inspect("connector-missing")
        # It stays so until the operator mends it; then the same person gets through.
        self.start("google")
        self.assertProblem("Google is not set up here yet")
        self.demo.reset_sandbox()
        address = self.begin_and_sign_in()
        self.browser.press("Approve")
        self.assertConnected(address)

    def test_a_provider_that_goes_away_before_the_exchange(self):
        self.begin_and_sign_in()
        self.browser.press("What should happen")
        self.browser.tick("The provider’s connector is deleted meanwhile")
        self.browser.press("Approve")
        self.assertProblem("Google is not set up here yet")
