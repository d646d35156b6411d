"""An administrator's journey: the invitation, Microsoft's page, back, the wait, the proof; and what must not come of it."""

import json

from browser import Browser
from case import UNKNOWN
from demo import parameters, request, with_parameters
from looks import LookingCase

ARRIVED = "Thank you: your approval has arrived"


class Consenting(LookingCase):
    def invite(self, *options: str, credential: str = "demo-any", customer: str = "Acme Tools Ltd.") -> str:
        return self.demo.postern(
            "consent", "invite", "--customer", customer, "--credential", credential, *options
        ).strip()

    def consents(self) -> list[dict]:
        return json.loads(self.demo.postern("consent", "list", "--json", "--data", self.demo.folder.name))

    def consent(self, invite: str) -> dict | None:
        """What is known of the one consent of a customer that only this test has."""
        return next((consent for consent in self.consents() if consent["customer"] == invite), None)

    def go_to_microsoft(self, invite: str):
        self.browser.open(invite)
        self.browser.expect("Allow Acme to work with the mail of")
        self.browser.press("Continue to Microsoft")
        self.browser.expect_at(self.demo.sandbox)
        self.browser.expect("Approve for your whole organisation?")

    def decide(self, decision: str, outcome: str = "approve") -> str:
        """Presses a button of Microsoft's page outside of the browser: the callback that it would have gone to."""
        status, fields, _ = request(
            self.browser.address, "POST", {"decision": decision, "outcome": outcome, "tenant": "their-tenant"}
        )
        self.assertEqual(status, 303)
        return fields["Location"]

    def until_it_says(self, text: str):
        """Presses "check again" as a person would."""

        def says() -> bool:
            if text in self.browser.text:
                return True
            self.browser.press("Check again")
            return text in self.browser.text

        self.browser.until(says, text)

    def test_the_whole_journey(self):
        customer, probe = "Whole Journey Ltd.", self.new_address("microsoft")
        invite = self.invite("--probe", probe, customer=customer)
        self.browser.open(invite)
        self.browser.expect("Allow Acme to work with the mail of Whole Journey Ltd.")
        self.assertIn("We cannot read that list from here", self.browser.text)
        self.inspect("consent")
        self.assertEqual(self.consent(customer), None)
        self.browser.press("Continue to Microsoft")
        self.browser.expect("Approve for your whole organisation?")
        self.inspect("sandbox-admin-consent")
        self.browser.press("Accept")
        self.browser.expect(ARRIVED)
        self.assertCleanAddress()
        self.assertNotIn("admin_consent", self.browser.address)
        self.inspect("consent-reported")
        self.assertEqual(self.consent(customer)["standing"], "reported")
        self.assertStored()
        self.until_it_says("It was tried out with a mailbox, and it works")
        self.inspect("consent-verified")
        known = self.consent(customer)
        self.assertEqual(known["standing"], "verified")
        self.assertStored(probe)
        self.assertEqual(self.stored()[probe]["grant_id"], known["grant_id"])
        self.browser.open(invite)
        self.browser.expect("The approval works")
        self.assertNotIn("Continue to Microsoft", self.browser.text)
        for secret in [invite.rsplit("/", 1)[1], known["claimed_tenant"], probe]:
            self.assertNotIn(secret, self.demo.log())

    def test_permissions_of_one_tenant_are_named(self):
        self.browser.open(
            self.invite(
                "--tenant", "6b1f8a7c-2d4e-4a90-8c53-9e0d1f2a3b4c", "--scope", "Mail.ReadWrite", "--scope", "User.Read.All",
                credential="demo-one", customer="A customer with a very long name, GmbH & Co. Kommanditgesellschaft auf Aktien",
            )
        )
        self.browser.expect("Allow Acme to work with the mail of")
        for text in ["Read, write, move and delete the mail of everybody", "Mail.ReadWrite", "User.Read.All", "6b1f8a7c"]:
            self.assertIn(text, self.browser.text)
        self.inspect("consent-scopes")
        self.browser.press("Continue to Microsoft")
        self.browser.expect("Approve for your whole organisation?")
        self.assertIn("https://graph.microsoft.com/Mail.ReadWrite", self.browser.text)
        self.browser.press("Accept")
        self.browser.expect(ARRIVED)
        self.assertIn("6b1f8a7c-2d4e-4a90-8c53-9e0d1f2a3b4c", self.browser.text)

    def test_no_administrator_is_told_what_to_forward(self):
        invite = self.invite(customer="Role Ltd.")
        self.go_to_microsoft(invite)
        self.browser.press("I am not an administrator")
        self.assertProblem("An administrator has to do this")
        self.assertIn(invite, self.browser.text)
        self.inspect("consent-role")
        self.assertEqual(self.consent("Role Ltd."), None)

    def test_cancelled_and_then_given_after_all(self):
        customer = "Second Thoughts Ltd."
        self.go_to_microsoft(self.invite(customer=customer))
        self.browser.press("Cancel")
        self.assertProblem("Nothing was approved")
        self.inspect("consent-cancelled")
        self.assertEqual(self.consent(customer), None)
        self.browser.press("Start again")
        self.browser.expect("Allow Acme to work with the mail of")
        self.browser.press("Continue to Microsoft")
        self.browser.expect("Approve for your whole organisation?")
        self.browser.press("Accept")
        self.browser.expect(ARRIVED)
        self.assertEqual(self.consent(customer)["standing"], "reported")

    def test_a_yes_with_an_error_is_no_yes(self):
        for outcome, heading in [
            ("consent_and_error", "Nothing was approved"), ("provider_error", "Microsoft did not accept the approval"),
        ]:
            with self.subTest(outcome):
                customer = f"{outcome} Ltd."
                self.go_to_microsoft(self.invite(customer=customer))
                self.browser.open(self.decide("approve", outcome))
                self.assertProblem(heading)
                self.assertEqual(self.consent(customer), None)
        self.inspect("consent-refused")

    def test_a_probe_that_does_not_exist_fails_it(self):
        customer, probe = "No Such Mailbox Ltd.", self.new_address("microsoft")
        self.demo.script({"on": "custom", "address": probe, "outcome": "mailbox_unknown"})
        self.go_to_microsoft(self.invite("--probe", probe, customer=customer))
        self.browser.press("Accept")
        self.browser.expect(ARRIVED)
        self.until_it_says("The approval has not taken effect")
        self.inspect("consent-failed")
        self.assertEqual(self.consent(customer)["reason"], "ErrorInvalidUser")
        self.assertNotIn("ErrorInvalidUser", self.browser.text)
        self.assertStored()

    def test_a_callback_planted_in_another_browser_reports_nothing(self):
        customer = "Planted Ltd."
        invite = self.invite(customer=customer)
        self.go_to_microsoft(invite)
        callback = self.decide("approve")
        victim = Browser()
        try:
            # The victim has the invitation too, and even a flow of their own under way.
            victim.open(invite)
            victim.press("Continue to Microsoft")
            victim.expect("Approve for your whole organisation?")
            victim.open(callback)
            victim.expect(UNKNOWN)
            self.assertEqual(self.consent(customer), None)
            # Whoever began it can end it, and sees alone how.
            self.browser.open(callback)
            self.browser.expect(ARRIVED)
            victim.open(self.browser.address)
            victim.expect(UNKNOWN)
        finally:
            victim.close()
        self.assertEqual(self.consent(customer)["claimed_tenant"], "their-tenant")

    def test_opened_again_or_changed_shows_the_same_answer(self):
        customer = "Replay Ltd."
        self.go_to_microsoft(self.invite(customer=customer))
        callback = self.decide("approve")
        self.browser.open(callback)
        self.browser.expect(ARRIVED)
        place = self.browser.address
        for again in [callback, with_parameters(callback, tenant="planted"), with_parameters(callback, error="access_denied")]:
            self.browser.open(again)
            self.browser.expect(ARRIVED)
            self.assertEqual(self.browser.address, place)
        self.assertEqual(self.consent(customer)["claimed_tenant"], "their-tenant")

    def test_callbacks_of_the_other_kind_are_faults(self):
        customer = "Other Kind Ltd."
        self.expected_statuses = {400}
        self.go_to_microsoft(self.invite(customer=customer))
        state = parameters(self.decide("approve"))["state"]
        self.browser.open(f"{self.demo.origin}/callback?state={state}&code=abc")
        self.assertProblem("The answer from Microsoft was not complete")
        self.inspect("consent-malformed")
        self.begin("microsoft")
        cookie_names = {c["name"] for c in self.browser.driver.execute_cdp_cmd("Network.getAllCookies", {})["cookies"]}
        self.assertIn("__Host-consent-invite", cookie_names)
        self.assertEqual(self.consent(customer), None)
        self.assertStored()

    def test_a_state_that_is_not_ours_reports_nothing_and_burns_nothing(self):
        customer = "Wrong State Ltd."
        self.go_to_microsoft(self.invite(customer=customer))
        callback = self.decide("approve")
        self.expected_statuses = {400}
        for wrong in [
            with_parameters(callback, state=None), with_parameters(callback, state="A" * 43),
            callback + "&state=" + parameters(callback)["state"], callback + "&tenant=x",
        ]:
            self.browser.open(wrong)
            self.browser.until(lambda: "Nothing was connected" in self.browser.text, "a problem page")
            self.assertEqual(self.consent(customer), None)
        self.browser.open(callback)
        self.browser.expect(ARRIVED)

    def test_an_invitation_that_was_cut_says_so(self):
        self.expected_statuses = {404}
        self.browser.open(self.invite()[:-9])
        self.browser.expect("This invitation is not complete")
        self.inspect("consent-cut")
