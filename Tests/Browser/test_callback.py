"""What comes back that should not: to `/callback` only what this browser itself began may lead anywhere."""

import hashlib
import urllib.parse

from browser import Browser
from case import DECLINED, UNKNOWN, BrowserCase
from demo import altered, approve, parameters, with_parameters


class Callback(BrowserCase):
    def callback(self, provider: str = "google") -> tuple[str, str]:
        """The callback of a flow that this browser has begun and that was approved, before it gets there."""
        address = self.new_address(provider)
        return approve(self.begin(provider), address), address

    def test_that_is_ours_connects(self):
        callback, address = self.callback()
        self.browser.open(callback)
        self.assertConnected(address)
        self.assertStored(address)

    def test_whose_state_is_not_ours_leads_to_a_problem_and_burns_nothing(self):
        callback, address = self.callback()
        code = parameters(callback)["code"]
        self.expected_statuses = {400}
        for name, wrong in {
            "missing": with_parameters(callback, state=None),
            "empty": with_parameters(callback, state="") + "&state=",
            "altered": with_parameters(callback, state=altered(parameters(callback)["state"])),
            "shortened": with_parameters(callback, state=parameters(callback)["state"][:-1]),
            "long": with_parameters(callback, state="A" * 256),
            "twice": callback + "&state=" + parameters(callback)["state"],
            "error without state": with_parameters(callback, state=None, code=None, error="access_denied"),
            "nothing": callback.split("?")[0],
            "undecodable": callback + "&x=%zz",
        }.items():
            with self.subTest(name):
                self.browser.open(wrong)
                self.browser.until(lambda: "Nothing was connected" in self.browser.text, "a problem page")
                self.assertCleanAddress()
                self.assertEqual(self.demo.exchanges(code), 0)
        self.assertStored()
        self.browser.open(callback)
        self.assertConnected(address)
        self.assertStored(address)

    def test_with_the_code_twice_is_not_exchanged(self):
        callback, _ = self.callback()
        code = parameters(callback)["code"]
        self.expected_statuses = {400}
        self.browser.open(f"{callback}&code={code}")
        self.browser.until(lambda: "Nothing was connected" in self.browser.text, "a problem page")
        self.assertCleanAddress()
        self.assertEqual(self.demo.exchanges(code), 0)
        self.assertStored()

    def test_with_the_code_of_another_flow_stores_nothing(self):
        mine, _ = self.callback()
        other, _ = self.callback()
        self.browser.open(with_parameters(mine, code=parameters(other)["code"]))
        self.assertProblem("The sign-in could not be completed")
        self.assertStored()

    def test_with_an_altered_code_stores_nothing(self):
        callback, _ = self.callback()
        self.browser.open(with_parameters(callback, code=altered(parameters(callback)["code"])))
        self.assertProblem("The sign-in could not be completed")
        self.assertStored()

    def test_opened_again_shows_the_same_answer_and_exchanges_once(self):
        callback, address = self.callback()
        self.browser.open(callback)
        self.assertConnected(address)
        place = self.browser.address
        for _ in range(2):
            self.browser.open(callback)
            self.assertConnected(address)
            self.assertEqual(self.browser.address, place)
        self.assertEqual(self.demo.exchanges(parameters(callback)["code"]), 1)
        self.assertStored(address)

    def test_of_a_declined_flow_opened_again_says_the_same(self):
        callback = approve(self.begin(), self.new_address("google"), decision="cancel")
        for _ in range(2):
            self.browser.open(callback)
            self.assertProblem(DECLINED)
        self.assertStored()

    def test_asking_for_consent_in_a_code_flow_is_a_fault(self):
        callback, _ = self.callback()
        self.browser.open(with_parameters(callback, code=None, admin_consent="True", tenant="evil"))
        self.browser.until(lambda: "Nothing was connected" in self.browser.text, "a problem page")
        self.expected_statuses = {400}
        self.assertStored()

    def test_in_another_browser_connects_nobody(self):
        callback, address = self.callback()
        stranger = Browser()
        try:
            stranger.open(callback)
            stranger.expect(UNKNOWN)
            self.assertNotIn("code=", stranger.address)
            self.assertNotIn("code=", " ".join(stranger.history()))
            self.assertEqual(self.demo.exchanges(parameters(callback)["code"]), 0)
            self.assertStored()
            # And the result, once there is one, is nobody else's to see.
            self.browser.open(callback)
            self.assertConnected(address)
            stranger.open(self.browser.address)
            stranger.until(lambda: stranger.heading != "", "a page")
            self.assertNotIn(address, stranger.text)
        finally:
            stranger.close()

    def test_led_to_by_a_page_of_another_site_works_as_nylas_itself_leads_there(self):
        callback, address = self.callback()
        quoted = callback.replace("&", "&amp;")
        self.browser.open("data:text/html," + urllib.parse.quote(f'<a id="go" href="{quoted}">go</a>'))
        self.browser.press("go")
        self.assertConnected(address)

    def test_leaves_no_secret_in_the_store_or_the_log(self):
        callback, address = self.callback()
        cookies = self.browser.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]
        flow_cookies = [cookie for cookie in cookies if cookie["name"].startswith("__Host-postern-")]
        self.assertEqual(len(flow_cookies), 1)
        for cookie in flow_cookies:
            self.assertTrue(cookie["httpOnly"] and cookie["secure"])
            self.assertEqual(cookie["sameSite"], "Lax")
        self.browser.open(callback)
        self.assertConnected(address)
        returned = parameters(callback)
        secrets = {
            "code": returned["code"], "state": returned["state"],
            "cookie": flow_cookies[0]["value"],
        }
        stored, log = self.demo.stored_text(), self.demo.log()
        self.assertIn(address, stored)
        for name, secret in secrets.items():
            self.assertNotIn(secret, stored, f"the store has the {name}")
            self.assertNotIn(secret, log, f"the log has the {name}")
        self.assertNotIn(hashlib.sha256(returned["code"].encode()).hexdigest(), stored)
        self.assertNotIn("access_token", stored)


class Start(BrowserCase):
    def test_from_another_site_starts_nothing(self):
        page = f'<form id="f" method="post" action="{self.demo.origin}/connect"><button name="provider" value="google">go</button></form>'
        self.expected_statuses = {403}
        self.browser.open("data:text/html," + urllib.parse.quote(page))
        self.browser.press("go")
        self.browser.expect_at(self.demo.origin)
        self.assertEqual(self.browser.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"], [])

    def test_of_a_provider_that_does_not_exist_starts_nothing(self):
        self.browser.open(self.demo.origin + "/")
        self.browser.driver.execute_script("document.querySelector('button[value=google]').value = 'hotmail'")
        self.browser.choose("hotmail")
        self.expected_statuses = {400}
        self.browser.until(lambda: "/connect" in self.browser.address, "an answer")
        self.assertEqual(self.browser.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"], [])
