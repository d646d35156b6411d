"""Verifies a webhook of Postern with nothing but Python's standard library (3.8 or later).

Give `verify` the bytes of the body as they came, before any JSON parser: one that writes them anew changes them.

    from verify import verify, Refused
    try:
        event = verify(request.headers, request.body, secrets=["whsec_..."])
    except Refused:
        return 401
    if already_done(event["id"]):   # the same event can come more than once
        return 204
"""

import base64
import hashlib
import hmac
import json
import time

TOLERANCE_SECONDS = 300


class Refused(Exception):
    """The request is not a webhook of Postern, or an old one."""


def verify(headers, body, secrets, now=None):
    """Returns the event, or raises Refused.

    headers: any mapping of names in lower case to texts. secrets: the current one and, while you change it, the one before.
    """
    try:
        event_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = [part[3:] for part in headers["webhook-signature"].split(" ") if part.startswith("v1,")]
        seconds = int(timestamp)
    except (KeyError, ValueError):
        raise Refused("a header is missing or malformed")
    if abs((time.time() if now is None else now) - seconds) > TOLERANCE_SECONDS:
        raise Refused("too old, or from the future: compare the clocks")
    message = event_id.encode() + b"." + timestamp.encode() + b"." + body
    matches = False
    for secret in secrets:
        key = base64.b64decode(secret[len("whsec_"):])
        expected = base64.b64encode(hmac.new(key, message, hashlib.sha256).digest())
        for signature in given:
            # compare_digest takes as long for a wrong signature as for a right one.
            matches |= hmac.compare_digest(expected, signature.encode())
    if not matches:
        raise Refused("wrong signature")
    event = json.loads(body)
    if event.get("id") != event_id:
        raise Refused("another event's ID")
    return event
