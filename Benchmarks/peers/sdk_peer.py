"""usage: sdk_peer.py PORT ORIGIN NYLAS-ORIGIN CLIENT-ID API-KEY DATABASE

A complete connect with Nylas's SDK for Python: what README.md beside this says of it.
"""

import base64
import hashlib
import hmac
import html
import http.cookies
import http.server
import json
import secrets
import sqlite3
import sys
import threading
import time
import urllib.parse

import nylas

SCOPES = ["openid", "https://www.googleapis.com/auth/userinfo.email", "https://www.googleapis.com/auth/gmail.readonly"]
SCHEMA = """
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS flow (digest BLOB PRIMARY KEY, claimed_at REAL NOT NULL, grant_id TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS grants (
        id TEXT PRIMARY KEY, provider TEXT NOT NULL, address TEXT, status TEXT, scopes TEXT NOT NULL, saved_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS grants_address ON grants (address);
"""


def digest_of(state):
    return hashlib.sha256(state.encode()).digest()


def name_of(state):
    """What tells tabs apart."""
    return base64.urlsafe_b64encode(digest_of(state)[:9]).decode()


class Store:
    """One SQLite file and one connection, which one thread has at a time."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.executescript(SCHEMA)
        self.connection.execute("PRAGMA synchronous = FULL")

    def claim(self, digest):
        with self.lock:
            return self.connection.execute(
                "INSERT INTO flow (digest, claimed_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, time.time())).rowcount == 1

    def save(self, grant, digest):
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                self.connection.execute(
                    "INSERT INTO grants (id, provider, address, status, scopes, saved_at) VALUES (?, ?, ?, ?, ?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET address = excluded.address, status = excluded.status, scopes = excluded.scopes",
                    (grant.id, grant.provider, grant.email, grant.grant_status, " ".join(grant.scope or []), time.time()))
                self.connection.execute("UPDATE flow SET grant_id = ? WHERE digest = ?", (grant.id, digest))
                self.connection.execute("COMMIT")
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise

    def address(self, digest):
        with self.lock:
            row = self.connection.execute(
                "SELECT address FROM flow JOIN grants ON grants.id = grant_id WHERE digest = ?", (digest,)).fetchone()
        return row[0] if row else None


class Refused(Exception):
    """With the status to answer."""


class Connects(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for head and content

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        form = urllib.parse.parse_qs(content.decode())
        if self.path != "/connect" or form.get("provider") != ["google"]:
            return self.answer(404, "not found")
        state = secrets.token_urlsafe(32)
        urls = self.server.client.auth.url_for_oauth2_pkce({
            "client_id": self.server.client_id, "redirect_uri": self.server.callback, "provider": "google", "scope": list(SCOPES),
            "state": state})
        cookie = self.sign({"state": state, "verifier": urls.secret, "started_at": time.time()})
        return self.redirect(urls.url, "flow-" + name_of(state), cookie, 1200)

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path)
        try:
            if path.path == "/":
                return self.answer(200, "<form method=post action=/connect><button name=provider value=google>Google</button></form>")
            if path.path == "/callback":
                return self.come_back(urllib.parse.parse_qs(path.query))
            if path.path.startswith("/connected/"):
                return self.show(path.path.removeprefix("/connected/"))
            raise Refused(404)
        except Refused as refusal:
            return self.answer(refusal.args[0], "no")

    def come_back(self, query):
        [state], [code] = query.get("state", [""]), query.get("code", [""])
        flow = self.open("flow-" + name_of(state))
        if flow is None or not hmac.compare_digest(flow["state"], state) or time.time() > flow["started_at"] + 1200:
            raise Refused(400)
        digest = digest_of(state)
        if not self.server.store.claim(digest):
            raise Refused(409)
        token = self.server.client.auth.exchange_code_for_token({
            "client_id": self.server.client_id, "redirect_uri": self.server.callback, "code": code, "code_verifier": flow["verifier"]})
        grant = self.server.client.grants.find(token.grant_id).data
        if grant.id != token.grant_id or not set(SCOPES) <= set(grant.scope or SCOPES):
            raise Refused(403)
        self.server.store.save(grant, digest)
        name = name_of(state)
        self.redirect("/connected/" + name, "flow-" + name, self.sign({"digest": digest.hex()}), 86400)

    def show(self, name):
        cookie = self.open("flow-" + name)
        address = cookie and self.server.store.address(bytes.fromhex(cookie.get("digest", "")))
        if not address:
            raise Refused(404)
        self.answer(200, f"<h1>{html.escape(address)} is connected</h1>")

    # Cookies

    def sign(self, value):
        text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
        return text + "." + hmac.new(self.server.key, text.encode(), hashlib.sha256).hexdigest()

    def open(self, name):
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        if name not in cookies:
            return None
        text, _, code = cookies[name].value.partition(".")
        if not hmac.compare_digest(hmac.new(self.server.key, text.encode(), hashlib.sha256).hexdigest(), code):
            return None
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    # Answers

    def redirect(self, location, name, cookie, max_age):
        self.send_response(303)
        self.send_header("Location", location)
        self.send_header("Set-Cookie", f"{name}={cookie}; Path=/; Max-Age={max_age}; Secure; HttpOnly; SameSite=Lax")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, status, content):
        body = ("<!doctype html><title>Connect</title>" + content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """As quiet as the others."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024


def main():
    _, port, origin, nylas_origin, client_id, api_key, database = sys.argv
    server = Server(("127.0.0.1", int(port)), Connects)
    server.client = nylas.Client(api_key, nylas_origin)
    server.client_id, server.callback = client_id, origin + "/callback"
    server.key, server.store = secrets.token_bytes(32), Store(database)
    server.serve_forever()


if __name__ == "__main__":
    main()
