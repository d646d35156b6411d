"""Runs the browser tests against one `postern demo`. Started by scripts/browser-tests, which sets the environment.

    run.py [NAME…]     as unittest takes them: test_callback, test_pages.Pages.test_connect
"""

import pathlib
import sys
import unittest

import case

if __name__ == "__main__":
    here = str(pathlib.Path(__file__).parent)
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(here, top_level_dir=here)
    try:
        case.start_demo()
        result = unittest.TextTestRunner(verbosity=2).run(tests)
    finally:
        case.end_demo()
    sys.exit(not result.wasSuccessful())
