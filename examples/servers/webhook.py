#!/usr/bin/env python3
"""A webhook for callroute in Python, standard library only: python3 examples/servers/webhook.py"""
from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # The types, for editors and for mypy; at run time nobody reads them. In a project of your
    # own: a copy of crates/schema/python/callroute.py.
    from callroute import Actions, Event

SALES: Actions = {
    "action": "forward",
    "destination": {
        "type": "ring_group",
        "members": ["+16822306467", "+12125551234"],
        "strategy": "simultaneous",
    },
}


def route(event: Event) -> Actions:
    """The one function to change: an event in, an action (or a list of actions) out."""
    if "menu" in event and event["menu"].get("digits") == "1":
        return SALES
    return {"action": "voicemail", "message": "general"}


# An event is a few hundred bytes; nobody needs to send more.
MAX_BODY = 64 * 1024
REPLAY_WINDOW_S = 5 * 60


def key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        encoded = secret.removeprefix("whsec_")
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    return secret.encode()


def read_keys(text: str | None) -> list[bytes]:
    """What requests are signed with: "whsec_" and base64, or any text; two, with a blank between
    them, while they are changed. Where the variable is not set, signatures are not verified."""
    if text is None:
        return []
    keys = [key(secret) for secret in text.split()]
    if not keys or not all(keys):
        # Anybody can sign with an empty key.
        raise ValueError("a secret must not be empty")
    return keys


try:
    KEYS = read_keys(os.environ.get("CALLROUTE_SECRET"))
except ValueError as error:
    sys.exit(f"CALLROUTE_SECRET: {error}")


def verified(headers: Message, body: bytes, keys: list[bytes], now: float) -> bool:
    """Whether one of the secrets signed this very body, lately (https://www.standardwebhooks.com)."""
    identity, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identity or not sent.isascii() or not sent.isdigit() or len(sent) > 12:
        return False
    if abs(now - int(sent)) > REPLAY_WINDOW_S:
        return False
    content = f"{identity}.{sent}.".encode() + body
    digests = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
    wanted = [b"v1," + base64.b64encode(digest) for digest in digests]
    given = headers.get("webhook-signature", "").encode("utf-8", "replace").split(b" ")
    # In the same time wherever they differ.
    return any([hmac.compare_digest(one, two) for one in given for two in wanted])


def read(received: bytes) -> Event:
    """The event of a body; fails where it is none."""
    event: Event = json.loads(received.decode())
    for text in (event["event"], event["from"], event["to"], event["timestamp"], event["call_id"]):
        str.encode(text)  # nothing else has it, and half a surrogate pair fails
    if "menu" in event:
        str.encode(event["menu"].get("digits", ""))
    return event


def shown(text: str) -> str:
    """Whoever calls must not write lines of our log."""
    return "".join(c if c.isprintable() else "?" for c in text)


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open between calls
    disable_nagle_algorithm = True

    def decide(self, event: Event) -> Actions:
        """For the servers beside this one, which differ in nothing else."""
        return route(event)

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or len(length) > 9 or int(length) > MAX_BODY:
            self.close_connection = True  # what follows is not read
            self.reply("400 Bad Request", b"")
            return
        received = self.rfile.read(int(length))
        if KEYS and not verified(self.headers, received, KEYS, time.time()):
            self.reply("401 Unauthorized", b"")
            return
        try:
            event = read(received)
            print(shown(f"{event['event']} from {event['from']} to {event['to']}"), flush=True)
            answer = self.decide(event)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self.reply("400 Bad Request", b"")
            return
        self.reply("200 OK", json.dumps(answer).encode())

    def reply(self, status: str, body: bytes) -> None:
        # Header and body in one write: two small ones cost 40 ms (delayed ACK).
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        self.wfile.write(head + body)

    def log_message(self, *_: object) -> None:
        pass


def serve(webhook: type[Webhook]) -> None:
    """Serves until it is stopped, at the port that the command line says."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    server = ThreadingHTTPServer(("127.0.0.1", port), webhook)
    verifies = "signatures are verified" if KEYS else "signatures are not verified"
    print(f"webhook on http://127.0.0.1:{server.server_port}/webhook/sales ({verifies})", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(Webhook)
