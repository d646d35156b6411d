"""Personal links: whose mailbox it becomes, one use, the way back, and what a forwarded one can and cannot do."""

from browser import Browser
from case import BrowserCase
from demo import request


class PersonalLinks(BrowserCase):
    def link(self, *options: str) -> str:
        return self.demo.link("--owner", f"user-of-{self.id()[-40:]}", *options)

    def owners(self, address: str) -> list[str]:
        return [owner["owner"] for owner in self.stored()[address]["owners"]]

    def test_the_mailbox_belongs_to_the_owner_of_the_link(self):
        address = self.new_address("google")
        link = self.link("--owner-name", "Jane Doe", "--address", address)
        self.browser.open(link)
        self.browser.expect("Connect your mailbox")
        for text in ["Jane Doe", address]:
            self.assertIn(text, self.browser.text)
        self.browser.choose("google")
        self.browser.expect_at(self.demo.sandbox)
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertEqual(len(self.owners(address)), 1)
        self.assertTrue(self.owners(address)[0].startswith("user-of-"))
        self.browser.open(link)
        self.browser.expect("This link has been used")

    def test_after_a_no_the_page_leads_back_to_the_link(self):
        link = self.link()
        self.browser.open(link)
        self.browser.choose("google")
        self.browser.expect_at(self.demo.sandbox)
        address = self.new_address("google")
        self.sign_in(address)
        self.browser.press("Cancel")
        self.assertProblem("Nothing was connected")
        self.browser.press("Start again")
        self.browser.expect("Connect your mailbox")
        self.assertEqual(self.browser.address, link)

    def test_another_mailbox_than_the_link_is_for(self):
        wanted, other = self.new_address("google"), self.new_address("google")
        self.browser.open(self.link("--address", wanted))
        self.browser.choose("google")
        self.browser.expect_at(self.demo.sandbox)
        self.sign_in(other)
        self.browser.press("Approve")
        self.assertProblem("That was another mailbox")
        for text in [wanted, other]:
            self.assertIn(text, self.browser.text)
        self.assertStored()

    def test_a_scanner_that_opens_the_link_uses_nothing(self):
        link = self.link()
        for _ in range(3):
            self.assertEqual(request(link)[0], 200)
            self.assertEqual(request(link, "HEAD")[0], 200)
        self.browser.open(link)
        self.browser.expect("Connect your mailbox")

    def test_two_browsers_with_one_link_make_one_connection(self):
        link = self.link()
        second = Browser()
        try:
            addresses = []
            for browser in [self.browser, second]:
                browser.open(link)
                browser.choose("google")
                browser.expect_at(self.demo.sandbox)
                addresses.append(self.new_address("google"))
                browser.fill("address", addresses[-1])
                browser.press("Continue")
                browser.expect("Give access to your mailbox?")
            self.browser.press("Approve")
            self.assertConnected(addresses[0])
            second.press("Approve")
            second.expect("This link has been used")
            self.assertStored(addresses[0])
        finally:
            second.close()

    def test_a_mailbox_of_somebody_else_is_not_taken_over(self):
        address = self.new_address("google")
        for owner, heading in [("first", "Your mailbox is connected"), ("second", "This mailbox is already connected")]:
            self.browser.open(self.demo.link("--owner", f"{owner} {address}"))
            self.browser.choose("google")
            self.browser.expect_at(self.demo.sandbox)
            self.sign_in(address)
            self.browser.press("Approve")
            self.browser.expect(heading)
        self.assertEqual(self.owners(address), [f"first {address}"])

    def test_a_link_that_was_cut_says_so(self):
        self.expected_statuses = {404}
        self.browser.open(self.link()[:-9])
        self.browser.expect("This link is not complete")

    def test_a_link_that_was_ended_says_so(self):
        link = self.link()
        self.demo.postern("link", "revoke", link)
        self.browser.open(link)
        self.browser.expect("This link is no longer valid")
