"""Headless Chromium with the few gestures that people make."""

import base64
import json
import os

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

# A bound for failures only: a loaded machine is slow.
PATIENCE = 40


class Browser:
    """One profile: its own cookies, its own history."""

    def __init__(self, scripts: bool = True):
        options = webdriver.ChromeOptions()
        options.binary_location = os.environ["CHROMIUM_BINARY"]
        for argument in [
            "--headless=new", "--window-size=1280,900", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--disable-dev-shm-usage", "--disable-gpu", "--lang=en",
        ]:
            options.add_argument(argument)
        if os.geteuid() == 0:
            # Chromium's own sandbox does not start for root, as in most CI containers.
            options.add_argument("--no-sandbox")
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options, Service(os.environ["CHROMEDRIVER_BINARY"] or None))
        self.driver.set_page_load_timeout(PATIENCE)

    def close(self):
        self.driver.quit()

    # Looking

    @property
    def address(self) -> str:
        return self.driver.current_url

    @property
    def heading(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "h1").text

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def expect(self, heading: str):
        """Waits for the page with this heading, or one that begins so."""
        self.until(lambda: self.is_loaded and self.heading.startswith(heading), f"the page “{heading}”")

    def expect_at(self, origin: str):
        """Waits for any page of an origin."""
        self.until(lambda: self.address.startswith(origin + "/") and self.is_loaded and self.heading, f"a page of {origin}")

    @property
    def is_loaded(self) -> bool:
        return self.driver.execute_script("return document.readyState") == "complete"

    def until(self, condition, what: str):
        def holds(_):
            try:
                return condition()
            except Exception:  # between two pages nothing can be looked at
                return False

        try:
            WebDriverWait(self.driver, PATIENCE, poll_frequency=0.05).until(holds)
        except Exception:
            raise AssertionError(
                f"{what} did not come; instead: {self.address.split('?')[0]}\n{self.text[:400]}"
            ) from None

    def history(self) -> list[str]:
        entries = self.driver.execute_cdp_cmd("Page.getNavigationHistory", {})["entries"]
        return [entry["url"] for entry in entries]

    def complaints(self) -> list[dict]:
        """What the console has got since it was last asked."""
        return self.driver.get_log("browser")

    # Acting

    def open(self, address: str):
        self.driver.get(address)

    def press(self, words: str):
        """The button or link with these words."""
        for element in self.driver.find_elements(By.CSS_SELECTOR, "button, a, summary"):
            if element.is_displayed() and element.text.strip().startswith(words):
                element.click()
                return
        raise AssertionError(f"there is no “{words}” on {self.address.split('?')[0]}:\n{self.text[:400]}")

    def choose(self, value: str):
        """A provider, on the connect page."""
        self.driver.find_element(By.CSS_SELECTOR, f"button[name=provider][value={value}]").click()

    def fill(self, name: str, text: str):
        field = self.driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def tick(self, label: str):
        for element in self.driver.find_elements(By.TAG_NAME, "label"):
            if element.text.startswith(label):
                element.click()
                return
        raise AssertionError(f"there is nothing to tick that is called “{label}”")

    def back(self):
        self.driver.back()

    def reload(self):
        self.driver.refresh()

    def keys(self, *keys: str):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def select_all(self):
        webdriver.ActionChains(self.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()

    def tab_to(self, selector: str):
        """Goes on with the Tab key until the focus is there; a trap or an unreachable element fails."""
        for _ in range(60):
            if self.driver.execute_script("return document.activeElement.matches(arguments[0])", selector):
                return
            self.keys(Keys.TAB)
        raise AssertionError(f"the Tab key does not lead to {selector}")

    def forget(self):
        """Becomes a browser that has been nowhere."""
        handles = self.driver.window_handles
        for handle in handles[1:]:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(handles[0])
        self.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self.driver.get("about:blank")
        self.complaints()

    def new_tab(self) -> str:
        self.driver.switch_to.new_window("tab")
        return self.driver.current_window_handle

    def go_to_tab(self, handle: str):
        self.driver.switch_to.window(handle)

    # Appearance

    def show(self, width: int, is_dark: bool):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]},
        )
        # Colors may change gradually; a picture or a measurement in between would show what nobody sees.
        self.driver.execute_script("document.getAnimations().forEach(animation => animation.finish())")

    def show_as_always(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def overhang(self) -> int:
        """By how many pixels the page is wider than the window."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def background(self) -> tuple[int, ...]:
        color = self.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        return tuple(int(float(part)) for part in color[color.index("(") + 1 : color.index(")")].split(",")[:3])

    def picture(self, path: str):
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        shot = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot",
            {
                "format": "png", "captureBeyondViewport": True,
                "clip": {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 4000), "scale": 1},
            },
        )
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def violations(self, axe: str) -> list[str]:
        """What axe-core finds wrong with the page, one line each; nothing is switched off."""
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
            ".then(result => done(JSON.stringify(result.violations)), error => done(JSON.stringify([{id: String(error)}])))"
        )
        return [
            f"{violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
            for violation in json.loads(found)
            for node in violation.get("nodes", [{"html": ""}])
        ]
