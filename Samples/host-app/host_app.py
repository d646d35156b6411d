"""A small app whose users connect their mailboxes with Postern: the four things a host app has to do, and nothing else.

    POSTERN_ORIGIN=https://connect.example.com POSTERN_TOKEN=… HOST_ORIGIN=http://localhost:3000 python3 host_app.py

Python's standard library alone. Signing in is a name in a form here, since that part is yours already.
"""

import html
import http.cookies
import http.server
import json
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request

POSTERN = os.environ["POSTERN_ORIGIN"]
TOKEN = os.environ["POSTERN_TOKEN"]
HOST = os.environ.get("HOST_ORIGIN", "http://localhost:3000")
RETURN_URL = HOST + "/mailboxes"  # in connect.returnURLs of Postern's configuration
# connect.confirmationURL of Postern's configuration is HOST + "/mailboxes/confirm"

sessions = {}  # session ID → user ID; in your app, whatever you have
mailboxes = {}  # user ID → {grant ID: address}
last_refusals = []  # what was turned away, for the tests


def ask_postern(method, path, content=None):
    """A call to the operator's API, from server to server: (status, JSON)."""
    request = urllib.request.Request(
        POSTERN + "/api/v1" + path, method=method, data=None if content is None else json.dumps(content).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class HostApp(http.server.BaseHTTPRequestHandler):
    # 1. Make a link for the signed-in user, on the server, and send the browser there.

    def connect(self, user):
        status, link = ask_postern("POST", "/links", {
            "owner": user, "owner_name": user, "return_url": RETURN_URL, "binding": "confirmed"})
        return self.go(link["url"]) if status == 201 else self.page("Postern made no link", json.dumps(link))

    # 2. Say who is signed in here, before anything is connected. Never the user that a link or a form names: the session's.

    def confirm(self, user, query):
        handle = urllib.parse.quote(query.get("postern_confirmation", ""), safe="")
        status, answer = ask_postern("POST", f"/confirmations/{handle}", {"owner": user})
        if status != 200:
            last_refusals.append(("confirmation", user))
        # In every case Postern's own page says what comes next; without one the handle was not Postern's.
        return self.go(answer["continue_url"]) if "continue_url" in answer else self.page("That did not come from Postern")

    # 3. Ask what became of it, from server to server. The handle alone proves nothing about who brings it …

    def come_back(self, user, query):
        handle = urllib.parse.quote(query.get("postern_result", ""), safe="")
        if not handle:
            return self.go("/")
        status, result = ask_postern("GET", f"/results/{handle}")
        if status != 200:
            return self.page("Please look again", "What happened cannot be looked up any more. Your mailboxes are listed at the start.")
        # 4. … so compare the owner with your own session: an attacker can send anybody a handle of his own.
        if result["owner"] != user:
            last_refusals.append(("result", user))
            return self.page("This is not your connection", "It was made for another account. Nothing has changed in yours.")
        if result["grant_id"]:  # keep it with the user: it is what your software works with from now on
            mailboxes.setdefault(user, {})[result["grant_id"]] = result["address"]
            return self.go("/")
        return self.page("No mailbox was connected", f"Postern says: {result['status']}")

    # The rest is what every app has.

    def do_GET(self):
        place = urllib.parse.urlsplit(self.path)
        query, user = dict(urllib.parse.parse_qsl(place.query)), self.user()
        if place.path == "/favicon.ico":
            return self.answer(204, {})
        if place.path not in ("/", "/mailboxes", "/mailboxes/confirm"):
            return self.page("There is no such page", status=404)
        if user is None:
            return self.sign_in_page()
        if place.path == "/mailboxes":
            return self.come_back(user, query)
        if place.path == "/mailboxes/confirm":
            return self.confirm(user, query)
        return self.page(f"Hello {user}", f"Mailboxes: {', '.join(mailboxes.get(user, {}).values()) or 'none'}",
                         '<form method="post" action="/connect"><button>Connect a mailbox</button></form>')

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        if self.headers.get("Origin") != HOST:
            return self.page("Please use the form of this app", status=403)
        if self.path == "/login":
            name = dict(urllib.parse.parse_qsl(content)).get("user", "")
            session = secrets.token_urlsafe(24)
            sessions[session] = name
            return self.go("/", {"Set-Cookie": f"session={session}; Path=/; HttpOnly; SameSite=Lax"})
        if self.path == "/connect" and self.user() is not None:
            return self.connect(self.user())
        return self.page("There is no such page", status=404)

    def user(self):
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return sessions.get(cookie.value) if cookie else None

    def sign_in_page(self):
        return self.page("Sign in to Acme", "", '<form method="post" action="/login"><label>User <input name="user"></label>'
                         "<button>Sign in</button></form>")

    def page(self, title, text="", form="", status=200):
        content = (f"<!doctype html><html lang=en><title>{html.escape(title)}</title><h1>{html.escape(title)}</h1>"
                   f"<p>{html.escape(text)}</p>{form}").encode()
        self.answer(status, {"Content-Type": "text/html; charset=utf-8"}, content)

    def go(self, address, fields=()):
        self.answer(303, {"Location": address, **dict(fields)})

    def answer(self, status, fields, content=b""):
        self.send_response(status)
        # Handles stand in addresses: they are for no cache and no other site. (With no-referrer our own form would send Origin: null.)
        for name, value in {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", **dict(fields)}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Addresses hold handles, so they are not logged."""


if __name__ == "__main__":
    port = urllib.parse.urlsplit(HOST).port or 80
    http.server.ThreadingHTTPServer(("127.0.0.1", port), HostApp).serve_forever()
