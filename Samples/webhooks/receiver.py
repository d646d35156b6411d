"""A receiver to begin with: run it, point a target at it, and send a ping.

    WEBHOOK_SECRET=whsec_... python3 receiver.py 9000
    postern webhooks test crm --config config.json
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from verify import Refused, verify

SECRETS = os.environ["WEBHOOK_SECRET"].split()
LIMIT_BYTES = 1 << 20
done = set()  # yours is a table: an event can come again after a restart


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LIMIT_BYTES:
            return self.answer(413)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            event = verify(headers, self.rfile.read(int(length)), SECRETS)
        except Refused as reason:
            print("refused:", reason, flush=True)
            return self.answer(401)
        if event["id"] not in done:
            done.add(event["id"])
            # Do as little as possible here: write it down, answer, work later. 15 seconds are all there is.
            print("event:", event["id"], event["type"], event["sequence"], flush=True)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if status >= 400:
            self.close_connection = True

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
