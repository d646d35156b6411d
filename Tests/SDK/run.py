"""Starts `postern sandbox` on a free port and lets the SDK's tests loose on it. Started by scripts/sdk-test."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import unittest

CALLBACK = "http://localhost:8080/callback"


def main() -> int:
    sandbox = subprocess.Popen(
        [
            os.environ["POSTERN_BINARY"], "sandbox", "--port", "0", "--client-id", "sdk-test",
            "--api-key", "nyk_sandbox_sdk", "--redirect-uri", CALLBACK,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    try:
        origin = None
        for line in sandbox.stderr:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                origin = found.group()
                break
        if origin is None:
            print("postern sandbox did not say where it is", file=sys.stderr)
            return 1
        os.environ.update(
            SANDBOX_URL=origin, SANDBOX_CLIENT_ID="sdk-test", SANDBOX_API_KEY="nyk_sandbox_sdk", SANDBOX_CALLBACK=CALLBACK
        )
        here = str(pathlib.Path(__file__).parent)
        tests = unittest.TestLoader().discover(here, pattern="*_test.py", top_level_dir=here)
        return not unittest.TextTestRunner(verbosity=2).run(tests).wasSuccessful()
    finally:
        sandbox.send_signal(signal.SIGINT)
        sandbox.wait()


if __name__ == "__main__":
    sys.exit(main())
