#!/usr/bin/env python3
"""Answers with who works now: python3 examples/servers/roster.py [PORT] [ROSTER.csv]

The server itself is webhook.py beside it. Now is the time that the event has, as the office's clock
shows it; the roster is read for each call, so that a change is seen by the very next one."""
from __future__ import annotations

import csv
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from webhook import Webhook, serve

if TYPE_CHECKING:
    from callroute import Actions, Event

ZONE = ZoneInfo("America/New_York")
ROSTER = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("roster.csv")


def works(now: datetime) -> str | None:
    """The number of who works at this time, by the first line that covers it."""
    day, clock = now.strftime("%a"), now.strftime("%H:%M")
    with ROSTER.open(newline="", encoding="utf-8") as lines:
        for shift in csv.DictReader(lines):
            if day in shift["days"].split() and shift["from"] <= clock < shift["to"]:
                return shift["number"]
    return None


class Roster(Webhook):
    def decide(self, event: Event) -> Actions:
        # Before Python 3.11, a Z is not read.
        now = datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))
        number = works(now.astimezone(ZONE))
        if number is None:
            return {"action": "voicemail", "message": "office_closed"}
        return {"action": "forward", "destination": {"type": "number", "number": number}}


if __name__ == "__main__":
    serve(Roster)
