#!/usr/bin/env python3
"""A webhook for callroute in Python, standard library only: python3 examples/servers/webhook.py"""
from __future__ import annotations

import json
import sys
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


class Webhook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps the connection open between calls
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        event: Event = json.loads(self.rfile.read(length))
        print(f"{event['event']} from {event['from']} to {event['to']}", flush=True)
        body = json.dumps(route(event)).encode()
        # Header and body in one write: two small ones cost 40 ms (delayed ACK).
        head = (
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()
        self.wfile.write(head + body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    server = ThreadingHTTPServer(("127.0.0.1", port), Webhook)
    print(f"webhook on http://127.0.0.1:{server.server_port}/webhook/sales", flush=True)
    server.serve_forever()
