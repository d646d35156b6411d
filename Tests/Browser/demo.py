"""The program under test: a real `postern demo` on free ports, and what can be seen of it from outside."""

import hashlib
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from html.parser import HTMLParser

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from ports import free_port  # noqa: E402

POSTERN = os.environ["POSTERN_BINARY"]
PATIENCE = 30


class Demo:
    """`postern demo` in a folder of its own. Use it as a context manager."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="postern-browser-")
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.output = []
        self.process = subprocess.Popen(
            [
                POSTERN, "demo", "--port", str(self.port), "--sandbox-port", str(free_port()),
                "--data", self.folder.name,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )
        ready = threading.Event()
        self.reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self.reader.start()
        if not ready.wait(PATIENCE) or self.process.poll() is not None:
            output = "".join(self.output)
            self.__exit__()
            raise RuntimeError(f"postern demo did not say that it is ready:\n{output}")
        self.sandbox = self._find_sandbox()
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.reader.join(PATIENCE)
        self.folder.cleanup()

    def _read(self, ready):
        for line in self.process.stdout:
            self.output.append(line)
            if self.origin in line:
                ready.set()
        ready.set()

    def _find_sandbox(self) -> str:
        """The sandbox is where a start leads."""
        status, fields, _ = request(
            f"{self.origin}/connect", "POST", {"provider": "google"}, {"Sec-Fetch-Site": "same-origin"}
        )
        assert status == 303, f"a start was answered with {status}"
        place = urllib.parse.urlsplit(fields["Location"])
        return f"{place.scheme}://{place.netloc}"

    # What the sandbox says and is told.

    def reset_sandbox(self):
        self.tell_sandbox("/sandbox/reset", {})

    def script(self, *steps: dict, **more):
        self.tell_sandbox("/sandbox/script", {"next": list(steps), **more})

    def tell_sandbox(self, path: str, content: dict):
        status, _, answer = request(
            self.sandbox + path, "POST", json.dumps(content), {"Content-Type": "application/json"}
        )
        assert status == 200, answer

    def exchanges(self, code: str) -> int:
        """How often a code was offered for exchange."""
        counts = json.loads(request(f"{self.sandbox}/sandbox/counts")[2])
        return counts["exchanges"].get(hashlib.sha256(code.encode()).hexdigest(), 0)

    # What is in the store.

    def database(self) -> sqlite3.Connection:
        names = [name for name in os.listdir(self.folder.name) if name.endswith(".db")]
        assert len(names) == 1, names
        return sqlite3.connect(f"file:{self.folder.name}/{names[0]}?mode=ro", uri=True)

    def grants(self) -> list[dict]:
        """What `postern grants list --json` prints while the server runs."""
        printed = subprocess.run(
            [POSTERN, "grants", "list", "--json", "--data", self.folder.name],
            check=True, capture_output=True, text=True, timeout=PATIENCE,
        ).stdout
        return json.loads(printed)

    def postern(self, *arguments: str) -> str:
        """What a command prints that is told everything by its environment."""
        return subprocess.run(
            [POSTERN, *arguments], check=True, capture_output=True, text=True, timeout=PATIENCE,
            env={
                **os.environ, "POSTERN_PUBLIC_URL": self.origin, "POSTERN_DATA_DIRECTORY": self.folder.name,
                "POSTERN_BRAND_NAME": "Acme", "POSTERN_NYLAS_ORIGIN": self.sandbox, "POSTERN_NYLAS_CLIENT_ID": "demo",
                "POSTERN_CONNECT_OPEN": "true", "NYLAS_API_KEY": "unused",
            },
        ).stdout

    def link(self, *options: str) -> str:
        """A personal link, made beside the running server."""
        return self.postern("link", "create", *options).strip()

    def stored_text(self) -> str:
        """Everything in the store, as text."""
        database = self.database()
        try:
            return "\n".join(database.iterdump())
        finally:
            database.close()

    def log(self) -> str:
        return "".join(self.output)


def request(url: str, method: str = "GET", content=None, fields=None):
    """One request of a client that follows nothing: status, fields, content."""
    place = urllib.parse.urlsplit(url)
    fields = dict(fields or {})
    if isinstance(content, (dict, list)):
        content = urllib.parse.urlencode(content)
        fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE)
    try:
        connection.request(method, place.path + (f"?{place.query}" if place.query else ""), content, fields)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def approve(sign_in_page: str, address: str, decision: str = "approve") -> str:
    """Ends a login that a browser has begun, outside of it: the callback address the browser would have gone to."""
    status, fields, _ = request(sign_in_page, "POST", {"address": address, "decision": "continue"})
    assert status == 303, status
    consent = urllib.parse.urljoin(sign_in_page, fields["Location"])
    form = _Boxes(request(consent)[2]).ticked + [("decision", decision)]
    status, fields, _ = request(consent, "POST", form)
    assert status == 303, status
    return fields["Location"]


def parameters(url: str) -> dict:
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def with_parameters(url: str, **changes) -> str:
    """The same address with some parameters changed, or without those that are None."""
    place = urllib.parse.urlsplit(url)
    kept = {**parameters(url), **changes}
    query = urllib.parse.urlencode({name: value for name, value in kept.items() if value is not None})
    return place._replace(query=query).geturl()


def altered(text: str) -> str:
    """The same text with one character changed, in the middle."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


class _Boxes(HTMLParser):
    def __init__(self, page: str):
        super().__init__()
        self.ticked = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "input" and (attributes.get("type") == "hidden" or "checked" in attributes):
            self.ticked.append((attributes["name"], attributes["value"]))


ADDRESS_OF_RESULT = re.compile(r"/(connected|problem)/[A-Za-z0-9_-]{12}$")
