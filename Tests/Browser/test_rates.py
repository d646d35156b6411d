"""What a person meets whose network was too quick: a page that says so, and a way on that loses nothing."""

import json
import os
import pathlib
import sys

from looks import LookingCase

os.environ.setdefault("POSTERN", os.environ["POSTERN_BINARY"])
sys.path.append(str(pathlib.Path(__file__).parents[1] / "EndToEnd"))
from rig import Rig  # noqa: E402


class Rates(LookingCase):
    def setUp(self):
        super().setUp()
        self.expected_statuses = {429}

    def rig(self, **limits):
        rig = Rig()
        self.addCleanup(rig.close)
        with open(rig.config, encoding="utf-8") as file:
            config = json.load(file)
        config["limits"] |= limits
        with open(rig.config, "w", encoding="utf-8") as file:
            json.dump(config, file)
        rig.start()
        rig.ask_sandbox("POST", "/sandbox/script", {"auto": "approve", "auto_address": "person-{n}@google.example"})
        return rig

    def press_connect(self, rig):
        self.browser.open(rig.origin + "/")
        self.browser.expect("Connect your mailbox")
        self.browser.choose("google")

    def test_a_callback_that_has_to_wait_is_tried_again_with_its_link(self):
        rig = self.rig(callbacksPerMinute=20, callbacksBurst=1)
        self.press_connect(rig)
        self.browser.expect("Your mailbox is connected")
        self.press_connect(rig)
        self.browser.expect("Please wait a moment")
        self.assertIn("you do not have to sign in again", self.browser.text)
        # The code is in the address, where the link finds it, and nowhere in the page.
        self.assertIn("code=", self.browser.address)
        self.assertNotIn("code=", self.browser.driver.page_source)
        self.inspect("rate-callback")
        self.browser.until(self.tries_again, "the connection after a while")
        self.assertCleanAddress()
        self.assertEqual(rig.rows("select count(*) from grants"), [(2,)])

    def tries_again(self):
        if self.browser.heading.startswith("Please wait a moment"):
            self.browser.press("Try again")
            self.browser.until(lambda: self.browser.is_loaded and self.browser.heading, "any page")
        return self.browser.heading.startswith("Your mailbox is connected")

    def test_a_start_that_has_to_wait_is_told_how_long(self):
        rig = self.rig(startsPerMinute=1, startsBurst=1)
        self.press_connect(rig)
        self.browser.expect("Your mailbox is connected")
        self.press_connect(rig)
        self.browser.expect("Please start again in a moment")
        self.assertIn("seconds", self.browser.text)
        self.inspect("rate-start")
        self.browser.press("Start again")
        self.browser.expect("Connect your mailbox")
        self.assertEqual(rig.rows("select count(*) from grants"), [(1,)])
