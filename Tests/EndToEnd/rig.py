"""Real `postern` processes on free loopback ports, and browsers made of http.client. Python's standard library alone.

The program is $POSTERN, by default the debug build beside this folder.
"""

import hashlib
import html
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = os.environ.get("POSTERN", os.path.join(ROOT, ".build", "debug", "postern"))
CLIENT_ID = "end-to-end"

sys.path.append(os.path.join(ROOT, "Tests"))
from ports import free_port  # noqa: E402


class Process:
    """One program with its output in files."""

    def __init__(self, name, arguments, folder, environment):
        self.name, self.arguments, self.environment = name, arguments, environment
        self.output_path = os.path.join(folder, name + ".out")
        self.child = None
        #: Listening sockets to pass, as systemd does: (name or None, socket).
        self.sockets = []
        #: A command of the shell to run first, in the same process, such as `ulimit`.
        self.preparation = None
        #: Where the output goes instead of the file.
        self.output_descriptor = None

    def command(self):
        """The program and its arguments, and the descriptors that stay open for it."""
        command = [PROGRAM, *self.arguments]
        if not self.sockets and not self.preparation:
            return command, ()
        numbers = [opened.fileno() for _, opened in self.sockets]
        # First out of the way, then to 3 and on: one of them may stand where another one goes.
        moves = [f"{60 + index}<&{number}" for index, number in enumerate(numbers)]
        moves += [f"{3 + index}<&{60 + index} {60 + index}<&-" for index in range(len(numbers))]
        names = ":".join(name or "unknown" for name, _ in self.sockets)
        script = "exec \"$@\""
        if numbers:
            script = f"exec {' '.join(moves)}; export LISTEN_PID=$$ LISTEN_FDS={len(numbers)} LISTEN_FDNAMES={names}; {script}"
        script = f"{self.preparation or 'true'} && {{ {script}; }}"
        return ["bash", "-c", script, "bash", *command], numbers

    def start(self, port, within=20):
        """Starts it and returns the seconds until the port took a connection."""
        begun = time.monotonic()
        with open(self.output_path, "ab") as output:
            command, descriptors = self.command()
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=self.output_descriptor or output, stderr=output, env=self.environment,
                cwd=ROOT, pass_fds=descriptors)
        while time.monotonic() - begun < within:
            if self.child.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.child.returncode}:\n{self.output()[-3000:]}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return time.monotonic() - begun
            except OSError:
                time.sleep(0.002)
        raise AssertionError(f"{self.name} did not listen within {within} s:\n{self.output()[-3000:]}")

    def kill(self):
        """SIGKILL: no farewell."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait(10)

    def stop(self, within=25):
        """SIGTERM, and the exit status."""
        if self.child is None or self.child.poll() is not None:
            return self.child and self.child.returncode
        self.child.send_signal(signal.SIGTERM)
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {within} s") from None

    def output(self):
        with open(self.output_path, encoding="utf-8", errors="replace") as output:
            return output.read()


class Rig:
    """A sandbox and a Postern that is configured for it, in a folder that goes with `close`."""

    def __init__(self, api_key="nyk_end_to_end", log_level="info"):
        self.folder = tempfile.mkdtemp(prefix="postern-e2e-")
        self.data = os.path.join(self.folder, "data")
        self.api_key = api_key
        self.port, self.operations_port, self.sandbox_port = free_port(), free_port(), free_port()
        self.origin = f"http://localhost:{self.port}"
        self.sandbox_origin = f"http://127.0.0.1:{self.sandbox_port}"
        self.config = os.path.join(self.folder, "config.json")
        with open(self.config, "w", encoding="utf-8") as file:
            json.dump({
                "publicURL": self.origin,
                "dataDirectory": self.data,
                "brand": {"name": "Acme"},
                "listen": {"address": "127.0.0.1", "port": self.port},
                "operations": {"address": "127.0.0.1", "port": self.operations_port},
                "nylas": {"origin": self.sandbox_origin, "clientID": CLIENT_ID},
                "connect": {"open": True},
                "log": {"format": "json", "level": log_level},
                # Everybody here is one client.
                "limits": {"startsPerMinute": 1000000, "callbacksPerMinute": 1000000},
            }, file)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("POSTERN", "NYLAS"))}
        self.sandbox = Process(
            "sandbox",
            ["sandbox", "--port", str(self.sandbox_port), "--client-id", CLIENT_ID, "--api-key", api_key,
             "--redirect-uri", self.origin + "/callback"],
            self.folder, environment)
        self.postern = Process(
            "postern", ["serve", "--config", self.config], self.folder, environment | {"NYLAS_API_KEY": api_key})

    def connection(self, port, timeout):
        """A connection of a client to one of the two."""
        return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def start(self):
        self.sandbox.start(self.sandbox_port)
        self.postern.start(self.port)
        return self

    def close(self):
        for process in (self.postern, self.sandbox):
            if process.child is not None and process.child.poll() is None:
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask_sandbox(self, method, path, content=None):
        """One call of the sandbox's control routes or of its API, as JSON."""
        connection = self.connection(self.sandbox_port, timeout=10)
        try:
            connection.request(
                method, path, body=None if content is None else json.dumps(content),
                headers={"Content-Type": "application/json", "Authorization": "Bearer " + self.api_key})
            response = connection.getresponse()
            answer = json.loads(response.read())
            assert response.status < 300, (path, response.status, answer)
            return answer
        finally:
            connection.close()

    def sandbox_grants(self):
        """All grants that Nylas has, as it lists them."""
        grants, offset = [], 0
        while True:
            page = self.ask_sandbox("GET", f"/v3/grants?limit=100&offset={offset}")["data"]
            grants += page
            offset += len(page)
            if len(page) < 100:
                return grants

    def rows(self, sql, *values):
        """Reads the store with Python's own SQLite, beside Postern."""
        with_mode = "file:" + urllib.parse.quote(os.path.join(self.data, "postern.db")) + "?mode=ro"
        connection = sqlite3.connect(with_mode, uri=True, timeout=10)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def rows_of_the_dead(self, sql):
        """Reads a copy, so that Postern itself, not this look, recovers what a kill has left."""
        with tempfile.TemporaryDirectory() as copy:
            for name in ("postern.db", "postern.db-wal"):
                path = os.path.join(self.data, name)
                if os.path.exists(path):
                    shutil.copy(path, copy)
            connection = sqlite3.connect(os.path.join(copy, "postern.db"))
            try:
                return connection.execute(sql).fetchall()
            finally:
                connection.close()


class Answer:
    """A response, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.fields = response.headers
        self.text = response.read().decode("utf-8", errors="replace")

    @property
    def location(self):
        return self.fields.get("Location", "")


class Browser:
    """Keeps cookies for Postern, follows nothing by itself, and says what a browser would say about a request."""

    def __init__(self, rig, timeout=8):
        self.rig, self.timeout = rig, timeout
        self.cookies = {}

    def request(self, method, url, form=None, fields=None):
        parts = urllib.parse.urlsplit(url)
        ours = parts.port == self.rig.port
        headers = {"Host": parts.netloc, "Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        body = None
        if form is not None:
            body = urllib.parse.urlencode(form)
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin",
                "Origin": f"{parts.scheme}://{parts.netloc}"}
        if ours and self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = self.rig.connection(parts.port, timeout=self.timeout)
        try:
            connection.request(
                method, parts.path + ("?" + parts.query if parts.query else ""), body=body, headers=headers | (fields or {}))
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        if ours:
            for line in answer.fields.get_all("Set-Cookie") or []:
                name, _, value = line.split(";")[0].partition("=")
                if "max-age=0" in line.lower().replace(" ", ""):
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = value
        return answer

    def start(self, provider="google"):
        """Presses the button on the connect page; the flow, on its way to Nylas."""
        answer = self.request("POST", self.rig.origin + "/connect", {"provider": provider})
        assert answer.status == 303, (answer.status, answer.text[:400])
        return Flow(self, answer.location)


class Flow:
    """One flow of a browser."""

    def __init__(self, browser, authorization):
        self.browser = browser
        self.authorization = authorization
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(authorization).query)
        self.state = query["state"][0]
        self.digest = hashlib.sha256(self.state.encode()).digest()
        self.address = None
        self.callback = None
        #: Whether a callback has been answered with the way to "Connected".
        self.is_promised = False

    def sign_in(self, address, outcome="approve"):
        """Goes through the pages of the sandbox; afterwards `callback` is where it sends the browser."""
        self.address = address
        rig, get = self.browser.rig, self.browser.request
        answer = get("GET", self.authorization)
        assert answer.status == 302, (answer.status, answer.text[:400])
        page = urllib.parse.urljoin(rig.sandbox_origin, answer.location)
        answer = get("POST", page, {"address": address, "decision": "continue"})
        assert answer.status == 303, (answer.status, answer.text[:400])
        page = urllib.parse.urljoin(rig.sandbox_origin, answer.location)
        scopes = re.findall(r'name="scope" value="([^"]*)"', get("GET", page).text)
        form = [("boxes", "shown"), *(("scope", html.unescape(scope)) for scope in scopes)]
        answer = get("POST", page, [*form, ("outcome", outcome), ("decision", "approve")])
        assert answer.status == 303, (answer.status, answer.text[:400])
        self.callback = answer.location
        return self

    @property
    def code(self):
        return urllib.parse.parse_qs(urllib.parse.urlsplit(self.callback).query).get("code", [None])[0]

    def come_back(self):
        """Calls the callback, once; the answer of the result page, or None while Postern is still working on it."""
        answer = self.browser.request("GET", self.callback, fields={"Sec-Fetch-Site": "cross-site"})
        if answer.status != 303:
            return None
        self.is_promised = self.is_promised or "/connected/" in answer.location
        return self.browser.request("GET", urllib.parse.urljoin(self.browser.rig.origin, answer.location))

    def is_shown_connected(self, answer):
        return answer is not None and answer.status == 200 and html.escape(self.address) in answer.text \
            and "connected" in answer.text
