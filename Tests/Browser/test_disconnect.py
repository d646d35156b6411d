"""A person's way out: what the link's page says, its button, and what has become of it."""

from looks import LookingCase


class Disconnecting(LookingCase):
    def connected(self, owner: str, *options: str, address: str = "") -> str:
        """Connects a mailbox for an owner, as people do. Gives its address."""
        address = address or self.new_address("google")
        self.browser.open(self.demo.link("--owner", owner, *options))
        self.browser.choose("google")
        self.browser.expect_at(self.demo.sandbox)
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)
        return address

    def way_out(self, address: str, *options: str) -> str:
        grant = self.stored()[address]["grant_id"]
        return self.demo.postern("link", "disconnect", "--grant", grant, *options).strip()

    def test_it_asks_and_then_it_is_done(self):
        address = self.connected("out-1")
        link = self.way_out(address, "--owner", "out-1", "--owner-name", "Jane Doe")
        self.browser.open(link)
        self.browser.expect("Disconnect this mailbox from Acme?")
        for text in [address, "Jane Doe", "Google"]:
            self.assertIn(text, self.browser.text)
        self.inspect("disconnect")
        self.assertIn(address, self.stored())
        self.browser.press("Disconnect")
        self.browser.expect("Your mailbox is disconnected")
        self.assertIn(address, self.browser.text)
        self.assertEqual(self.browser.address, link)
        self.inspect("disconnected")
        self.assertNotIn(address, self.stored())
        self.browser.reload()
        self.browser.expect("Your mailbox is disconnected")
        self.browser.back()
        self.browser.expect("Your mailbox is disconnected")

    def test_two_owners_one_leaves(self):
        address = self.new_address("google")
        for owner in ["out-2", "out-3"]:
            self.connected(owner, "--address", address, "--binding", "pinned", address=address)
        self.browser.open(self.way_out(address, "--owner", "out-2"))
        self.browser.expect("Disconnect this mailbox")
        self.assertIn("Somebody else", self.browser.text)
        self.inspect("disconnect-shared")
        self.browser.press("Disconnect")
        self.browser.expect("Your mailbox is disconnected")
        self.assertIn("keeps that access", self.browser.text)
        self.assertEqual([owner["owner"] for owner in self.stored()[address]["owners"]], ["out-3"])

    def test_while_nylas_is_down_it_is_not_shown_as_gone(self):
        address = self.begin_and_sign_in()
        self.browser.press("Approve")
        self.assertConnected(address)
        link = self.way_out(address)
        self.demo.script({"on": "grants", "outcome": "internal_error"})
        self.browser.open(link)
        self.browser.press("Disconnect")
        self.browser.expect("Your mailbox is being disconnected")
        self.assertIn("has not deleted its access yet", self.browser.text)
        self.inspect("disconnect-pending")
        self.assertIn("deletion_requested_at", self.stored()[address])

    def test_a_link_that_was_cut_says_so(self):
        self.expected_statuses = {404}
        address = self.connected("out-4")
        self.browser.open(self.way_out(address, "--owner", "out-4")[:-9])
        self.browser.expect("This way out is not complete")
        self.assertIn(address, self.stored())
