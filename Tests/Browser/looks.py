"""Looking at pages in every way: widths, light and dark, axe-core, and pictures for people in .build/screenshots."""

import importlib.util
import os
import pathlib

from case import BrowserCase

PICTURES = pathlib.Path(os.environ["SCREENSHOTS"])
LOOKS = [(width, is_dark) for width in (360, 1280) for is_dark in (False, True)]


def axe_source() -> str:
    """axe-core, as a package from PyPI carries it."""
    specification = importlib.util.find_spec("axe_playwright_python")
    return (pathlib.Path(specification.origin).parent / "axe.min.js").read_text()


class LookingCase(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.axe = axe_source()
        PICTURES.mkdir(parents=True, exist_ok=True)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.browser.show_as_always)

    def inspect(self, name: str):
        """Looks at the page that is open, in every way."""
        for width, is_dark in LOOKS:
            with self.subTest(name, width=width, dark=is_dark):
                self.browser.show(width, is_dark)
                self.browser.picture(str(PICTURES / f"{name}-{width}-{'dark' if is_dark else 'light'}.png"))
                self.assertLessEqual(self.browser.overhang(), 0, "the page is wider than the window")
                brightness = sum(self.browser.background()) / 3
                (self.assertLess if is_dark else self.assertGreater)(brightness, 128)
                self.assertEqual(self.browser.violations(self.axe), [])
