"""A configured Postern, its sandbox, and the sample host app of Samples/host-app: three sites to a browser."""

import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time
import urllib.request

from demo import PATIENCE, POSTERN, free_port

os.environ.setdefault("POSTERN", POSTERN)
ROOT = pathlib.Path(__file__).parents[2]
sys.path.append(str(ROOT / "Tests" / "EndToEnd"))
from rig import Rig  # noqa: E402


class HostRig(Rig):
    """Postern on localhost, the sandbox on 127.0.0.1, the host app on app.localhost."""

    def __init__(self):
        super().__init__()
        self.host_port = free_port()
        self.host = f"http://app.localhost:{self.host_port}"
        self.token, self.other_token = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.configure(
            connect={"returnURLs": [self.host + "/mailboxes"], "confirmationURL": self.host + "/mailboxes/confirm"},
            api={"tokens": [
                {"name": name, "scope": "write", "sha256": hashlib.sha256(token.encode()).hexdigest()}
                for name, token in [("shop", self.token), ("other", self.other_token)]
            ]},
        )
        self.app = None

    def configure(self, **parts):
        with open(self.config, encoding="utf-8") as file:
            config = json.load(file)
        for name, members in parts.items():
            config[name] = config.get(name, {}) | members
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump(config, file)

    def start(self):
        super().start()
        self.app = subprocess.Popen(
            [sys.executable, str(ROOT / "Samples" / "host-app" / "host_app.py")], stdin=subprocess.DEVNULL,
            env=os.environ | {"POSTERN_ORIGIN": self.origin, "POSTERN_TOKEN": self.token, "HOST_ORIGIN": self.host})
        for _ in range(PATIENCE * 20):
            try:
                # By address: not every resolver knows names below localhost, as browsers do.
                urllib.request.urlopen(f"http://127.0.0.1:{self.host_port}/", timeout=PATIENCE).close()
                return self
            except OSError:
                assert self.app.poll() is None, "the host app has ended"
                time.sleep(0.05)
        raise AssertionError("the host app did not listen")

    def close(self):
        if self.app is not None:
            self.app.terminate()
            self.app.wait(PATIENCE)
        super().close()

    def postern_says(self, *arguments):
        """What a command prints that is told everything by the configuration."""
        return subprocess.run(
            [POSTERN, *arguments, "--config", self.config], check=True, capture_output=True, text=True, timeout=PATIENCE,
            env=self.postern.environment).stdout

    def link(self, owner, *options):
        return self.postern_says(
            "link", "create", "--owner", owner, "--return-url", self.host + "/mailboxes", *options).strip()

    def owners(self):
        """Who owns what: (owner, address)."""
        return sorted(self.rows("select owner, address from ownership join grants on grants.id = grant_id"))
