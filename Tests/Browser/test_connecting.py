"""What a person does: connecting, cancelling, leaving permissions out, going back, reloading, in two tabs at once."""

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from case import DECLINED, UNKNOWN, BrowserCase

PROVIDERS = ["google", "microsoft", "yahoo", "icloud", "imap", "ews"]


class Connecting(BrowserCase):
    def test_every_provider(self):
        addresses = []
        for provider in PROVIDERS:
            with self.subTest(provider):
                addresses.append(self.begin_and_sign_in(provider))
                self.browser.press("Approve")
                self.assertConnected(addresses[-1])
        self.assertStored(*addresses)
        for provider, address in zip(PROVIDERS, addresses):
            grant = self.stored()[address]
            self.assertEqual(grant["provider"], provider)
            self.assertEqual(grant["grant_status"], "valid")

    def test_let_nylas_ask(self):
        self.begin("ask")
        self.browser.expect("Choose your mail provider")
        self.browser.press("Yahoo")
        address = self.new_address("yahoo")
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertStored(address)
        self.assertEqual(self.stored()[address]["provider"], "yahoo")

    def test_a_pretend_password_is_kept_nowhere(self):
        self.begin("imap")
        self.browser.fill("password", "correct-horse-battery")
        address = self.new_address("imap")
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertNotIn("correct-horse", self.demo.stored_text())
        self.assertNotIn("correct-horse", self.demo.log())

    def test_the_same_mailbox_twice(self):
        address = self.begin_and_sign_in()
        self.browser.press("Approve")
        self.assertConnected(address)
        first = self.stored()[address]
        self.begin()
        self.sign_in(address)
        self.browser.press("Approve")
        self.browser.expect("Your mailbox is connected again")
        self.assertStored(address)
        self.assertEqual(self.stored()[address]["grant_id"], first["grant_id"])


class Declining(BrowserCase):
    def test_cancel_at_the_provider_and_start_again(self):
        self.begin_and_sign_in()
        self.browser.press("Cancel")
        self.assertProblem(DECLINED)
        self.assertStored()
        self.browser.press("Start again")
        self.browser.expect("Connect your mailbox")

    def test_cancel_on_the_sign_in_page(self):
        self.begin("icloud")
        self.browser.press("Cancel")
        self.assertProblem(DECLINED)
        self.assertStored()

    def test_back_and_approve_after_cancelling(self):
        address = self.begin_and_sign_in()
        self.browser.press("Cancel")
        self.assertProblem(DECLINED)
        self.browser.back()
        self.browser.expect("Give access to your mailbox?")
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertStored(address)

    def test_permissions_left_out(self):
        self.begin_and_sign_in()
        self.browser.tick("Read all your mail")
        self.browser.press("Approve")
        self.assertProblem("A permission is missing")
        self.assertIn("Read your mail", self.browser.text)
        self.assertStored()

    def test_what_the_provider_may_answer(self):
        for outcome, heading in [
            ("The provider refuses", DECLINED),
            ("Nylas refuses because a permission", "A permission is missing"),
            ("The provider asks for an administrator", "Your administrator has to allow this first"),
            ("The provider fails", "Google did not allow it"),
        ]:
            with self.subTest(outcome):
                self.begin_and_sign_in()
                self.browser.press("What should happen")
                self.browser.tick(outcome)
                self.expected_statuses |= {503}
                self.browser.press("Approve")
                self.browser.expect_at(self.demo.origin)
                self.assertProblem(heading)
                self.assertStored()


    def test_a_connection_that_breaks_in_the_exchange_is_settled(self):
        address = self.begin_and_sign_in()
        self.browser.press("What should happen")
        self.browser.tick("The connection breaks in the middle")
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertStored(address)


class GoingBackAndForth(BrowserCase):
    def test_reload_shows_the_same_result(self):
        address = self.begin_and_sign_in()
        self.browser.press("Approve")
        self.assertConnected(address)
        place = self.browser.address
        for _ in range(2):
            self.browser.reload()
            self.assertConnected(address)
            self.assertEqual(self.browser.address, place)
        self.assertStored(address)

    def test_back_from_the_result_and_approving_again_shows_the_same_result(self):
        address = self.begin_and_sign_in()
        self.browser.press("Approve")
        self.assertConnected(address)
        place = self.browser.address
        self.browser.back()
        self.browser.expect("Give access to your mailbox?")
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertEqual(self.browser.address, place)
        self.assertStored(address)

    def test_back_to_the_connect_page_and_another_start(self):
        self.begin("google")
        self.browser.back()
        self.browser.expect("Connect your mailbox")
        self.browser.choose("microsoft")
        self.browser.expect_at(self.demo.sandbox)
        address = self.new_address("microsoft")
        self.sign_in(address)
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertStored(address)

    def test_two_tabs_at_once(self):
        first_tab = self.browser.driver.current_window_handle
        first = self.begin_and_sign_in("google")
        second_tab = self.browser.new_tab()
        second = self.begin_and_sign_in("microsoft")
        self.browser.go_to_tab(first_tab)
        self.browser.press("Approve")
        self.assertConnected(first)
        self.browser.go_to_tab(second_tab)
        self.browser.press("Approve")
        self.assertConnected(second)
        self.assertStored(first, second)
        self.browser.go_to_tab(first_tab)
        self.browser.reload()
        self.assertConnected(first)

    def test_more_tabs_than_flows_may_be_open(self):
        tabs = []
        for _ in range(7):
            tabs.append((self.begin_and_sign_in(), self.browser.driver.current_window_handle))
            self.browser.new_tab()
        newest, tab = tabs[-1]
        self.browser.go_to_tab(tab)
        self.browser.press("Approve")
        self.assertConnected(newest)
        self.browser.go_to_tab(tabs[0][1])
        self.expected_statuses = {400}
        self.browser.press("Approve")
        self.assertProblem(UNKNOWN)
        self.assertStored(newest)


class WithTheKeyboardAlone(BrowserCase):
    def test_the_whole_flow(self):
        keys = self.browser.keys
        self.browser.open(self.demo.origin + "/")
        self.browser.tab_to("button[value=google]")
        keys(Keys.ENTER)
        self.browser.expect("Sign in")
        address = self.new_address("google")
        self.browser.tab_to("input[name=address]")
        self.browser.select_all()
        keys(address)
        self.browser.tab_to("button[value=continue]")
        keys(Keys.ENTER)
        self.browser.expect("Give access to your mailbox?")
        self.browser.tab_to("input[type=checkbox]")
        keys(Keys.SPACE, Keys.SPACE)
        self.browser.tab_to("summary")
        keys(Keys.ENTER)
        self.browser.tab_to("input[type=radio]")
        self.browser.tab_to("button[value=approve]")
        keys(Keys.ENTER)
        self.assertConnected(address)
        self.assertStored(address)

    def test_the_focus_can_be_seen(self):
        self.browser.open(self.demo.origin + "/")
        for _ in range(len(self.browser.driver.find_elements(By.CSS_SELECTOR, "button, a[href]"))):
            self.browser.keys(Keys.TAB)
            outline = self.browser.driver.execute_script(
                "const s = getComputedStyle(document.activeElement); return [s.outlineStyle, parseFloat(s.outlineWidth)]"
            )
            self.assertNotEqual(outline[0], "none")
            self.assertGreaterEqual(outline[1], 2)


class WithoutScripts(BrowserCase):
    has_scripts = False

    def test_scripts_are_off(self):
        self.browser.open("data:text/html,<title>off</title><script>document.title='on'</script>")
        self.assertEqual(self.browser.driver.title, "off")

    def test_the_whole_flow(self):
        address = self.begin_and_sign_in()
        self.browser.press("Approve")
        self.assertConnected(address)
        self.assertStored(address)

    def test_cancelling(self):
        self.begin_and_sign_in()
        self.browser.press("Cancel")
        self.assertProblem(DECLINED)
        self.assertStored()
