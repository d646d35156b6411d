"""How a connect ends for the host app: the way back from every page, confirmed binding, and two browsers that play attacker and
victim."""

import contextlib
import itertools
import json
import os
import re
import sqlite3

from browser import Browser
from demo import request
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

    def end_latest_as(self, verdict: str):
        """Writes into the store that the flow that was started last ended so."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.rig.data, "postern.db"), timeout=10)) as store, store:
            changed = store.execute(
                "update flow_claim set verdict = ? where digest = (select digest from flow_claim order by started_at desc limit 1)",
                (verdict,))
            self.assertEqual(changed.rowcount, 1)

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

    def test_ends_that_only_time_or_bad_luck_brings(self):
        """Nobody waits for them here: a flow that was declined is given another end in the store, and its page is looked at."""
        self.browser.open(self.rig.link("jane", "--binding", "confirmed"))
        self.approve(self.browser, self.address, decision="Cancel")
        self.browser.expect("Nothing was connected")
        page = self.browser.address
        for verdict, heading in [
            ("not_confirmed", "Acme did not confirm in time"), ("expired", "That took a little too long"),
            ("link_revoked", "This link is no longer valid"), ("exchange_refused", "The sign-in could not be completed"),
            ("unknown", "The connection could not be completed"), ("provider_refused", "Google did not allow it"),
            ("connected_by_someone_else", "This mailbox is already connected"),
        ]:
            with self.subTest(verdict):
                self.end_latest_as(verdict)
                self.browser.open(page)
                self.browser.expect(heading)
                self.assertIn("postern_result=", self.way_back(self.browser))
                self.inspect("end-" + verdict.replace("_", "-"))
        self.assertGained()

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


class Journey(HostCase):
    """The whole way, from the host app and back to it."""

    def begin_at_host(self, browser: Browser, user: str) -> str:
        """Up to the page of a link that the host app has made.

        Gives its address."""
        self.sign_in_at_host(browser, user)
        browser.press("Connect a mailbox")
        browser.expect("Connect your mailbox")
        self.assertTrue(browser.address.startswith(self.rig.origin + "/c/"))
        return browser.address

    def test_from_the_host_app_and_back_to_it(self):
        self.begin_at_host(self.browser, "jane")
        self.approve(self.browser, self.address)
        # The confirmation went by without a stop: Postern, the host app, Postern.
        self.browser.expect("Your mailbox is connected")
        self.assertGained(("jane", self.address))
        self.browser.press("Back to Acme")
        self.browser.expect("Hello jane")
        self.assertIn(self.address, self.browser.text)
        self.assertEqual(self.browser.address, self.rig.host + "/", "the handle has left the address bar")
        [entry] = self.rig.rows("select event, owner, actor from audit where event like 'flow.%' order by number desc limit 1")
        self.assertEqual(entry, ("flow.confirmed", "jane", "api:shop"))
        self.assertNothingGivenAway()

    def test_a_no_comes_back_as_one(self):
        self.begin_at_host(self.browser, "jane")
        self.approve(self.browser, self.address, decision="Cancel")
        self.browser.expect("Nothing was connected")
        self.browser.press("Back to Acme")
        self.browser.expect("No mailbox was connected")
        self.assertIn("declined", self.browser.text)
        self.assertGained()

    def test_a_restart_between_the_word_and_the_browser_loses_neither(self):
        self.browser.open(self.rig.link("jane", "--binding", "confirmed"))
        self.approve(self.browser, self.address)
        self.browser.expect("Sign in to Acme")
        handle = self.browser.address.split("postern_confirmation=")[1]
        status, answer = self.ask("POST", f"/confirmations/{handle}", {"owner": "jane"})
        self.assertEqual(status, 200, answer)
        self.rig.postern.kill()
        self.rig.postern.start(self.rig.port)
        self.browser.open(answer["continue_url"])
        self.browser.expect("Your mailbox is connected")
        self.assertGained(("jane", self.address))

    def test_under_baseline_a_forwarded_link_connects_but_names_the_owner_all_the_way(self):
        victim = self.another_browser()
        self.sign_in_at_host(victim, "victim")
        victim.open(self.rig.link("mallory", "--owner-name", "Mallory"))
        victim.expect("Connect your mailbox")
        self.assertIn("Mallory", victim.text)
        self.approve(victim, self.address)
        victim.expect("Your mailbox is connected")
        self.assertGained(("mallory", self.address))
        # What the victim brings to the host app is not taken for the victim's own.
        victim.press("Back to Acme")
        victim.expect("This is not your connection")
        victim.open(self.rig.host + "/")
        victim.expect("Hello victim")
        self.assertNotIn(self.address, victim.text)

    def test_under_confirmed_binding_a_forwarded_link_connects_nothing(self):
        forwarded = self.begin_at_host(self.browser, "mallory")
        victim = self.another_browser()
        self.sign_in_at_host(victim, "victim")
        victim.open(forwarded)
        self.approve(victim, self.address)
        victim.expect("This link is for somebody else")
        self.assertGained()
        # The code was never used: Nylas keeps the record of a sign-in that was not finished, which reaches no mail.
        [record] = [grant for grant in self.rig.sandbox_grants() if grant["email"] == self.address]
        self.assertEqual(record["grant_status"], "invalid")
        self.assertEqual(self.rig.rows("select verdict from flow_claim order by started_at desc limit 1"), [("for_someone_else",)])
        # Whoever the link is for has lost nothing by it.
        self.browser.open(forwarded)
        self.approve(self.browser, "own-" + self.address)
        self.browser.expect("Your mailbox is connected")
        self.assertGained(("mallory", "own-" + self.address))

    def test_the_look_of_somebody_elses_link(self):
        self.sign_in_at_host(self.browser, "victim")
        self.browser.open(self.rig.link("mallory", "--binding", "confirmed"))
        self.approve(self.browser, self.address)
        self.browser.expect("This link is for somebody else")
        self.inspect("end-somebody-else")
        self.browser.press("Back to Acme")
        self.browser.expect("This is not your connection")

    def test_a_victim_who_is_not_signed_in_connects_nothing(self):
        forwarded = self.begin_at_host(self.browser, "mallory")
        victim = self.another_browser()
        victim.open(forwarded)
        self.approve(victim, self.address)
        victim.expect("Sign in to Acme")
        self.assertGained()

    def test_a_planted_callback_asks_nobody_anything(self):
        self.expected_statuses = {400}
        attacker = self.another_browser()
        attacker.open(self.rig.link("mallory", "--binding", "confirmed"))
        self.approve(attacker, self.address)
        attacker.expect("Sign in to Acme")
        waiting = attacker.address.split("postern_confirmation=")[1]
        _, answer = self.ask("POST", f"/confirmations/{waiting}", {"owner": "mallory"})
        # The attacker's confirmed address, in the victim's browser.
        self.sign_in_at_host(self.browser, "victim")
        self.browser.open(answer["continue_url"])
        self.browser.expect("We cannot tell which connection this is")
        self.assertGained()
        attacker.open(answer["continue_url"])
        attacker.expect("Your mailbox is connected")
        self.assertGained(("mallory", self.address))

    def test_an_attackers_result_handle_is_refused_by_the_host_app(self):
        attacker = self.another_browser()
        self.begin_at_host(attacker, "mallory")
        self.approve(attacker, self.address)
        attacker.expect("Your mailbox is connected")
        planted = self.way_back(attacker)
        self.sign_in_at_host(self.browser, "victim")
        self.browser.open(planted)
        self.browser.expect("This is not your connection")
        self.browser.open(self.rig.host + "/")
        self.browser.expect("Hello victim")
        self.assertIn("Mailboxes: none", self.browser.text)

    def test_an_attackers_confirmation_handle_ends_his_own_flow(self):
        attacker = self.another_browser()
        attacker.open(self.rig.link("mallory", "--binding", "confirmed"))
        self.approve(attacker, self.address)
        attacker.expect("Sign in to Acme")
        planted = attacker.address
        self.sign_in_at_host(self.browser, "victim")
        self.expected_statuses = {400}
        self.browser.open(planted)
        # The victim's browser has no part in the flow, and the victim's word was a no.
        self.browser.expect("We cannot tell which connection this is")
        self.sign_in_at_host(attacker, "mallory")
        attacker.open(planted)
        attacker.expect("This link is for somebody else")
        self.assertGained()

    def test_a_result_is_told_once_and_again_to_the_same_token_alone(self):
        self.browser.open(self.rig.link("jane"))
        self.approve(self.browser, self.address)
        self.browser.expect("Your mailbox is connected")
        handle = self.way_back(self.browser).split("postern_result=")[1]
        for _ in range(2):
            status, result = self.ask("GET", f"/results/{handle}")
            self.assertEqual((status, result["status"], result["owner"], result["address"]), (200, "connected", "jane", self.address))
        self.assertEqual(self.ask("GET", f"/results/{handle}", token=self.rig.other_token)[0], 410)
        self.assertEqual(self.ask("GET", f"/results/{handle[:-1]}")[0], 404)
        self.assertEqual(self.ask("GET", f"/results/{handle}", token="guessed" * 8)[0], 401)

    def ask(self, method: str, path: str, content=None, token=None):
        """One call of the operator's API: status and JSON."""
        fields = {"Authorization": f"Bearer {token or self.rig.token}", "Content-Type": "application/json"}
        status, _, text = request(
            self.rig.origin + "/api/v1" + path, method, None if content is None else json.dumps(content), fields)
        return status, json.loads(text)
