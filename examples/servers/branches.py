#!/usr/bin/env python3
"""Answers with the branch nearest to the caller's area code: python3 examples/servers/branches.py [PORT]

The server itself is webhook.py beside it."""
from __future__ import annotations

from math import cos, hypot, radians
from typing import TYPE_CHECKING

from webhook import Webhook, serve

if TYPE_CHECKING:
    from callroute import Actions, Event

# Latitude and longitude, in degrees. A real server has all area codes, in a database.
AREAS = {"212": (40.71, -74.01), "314": (38.63, -90.20), "415": (37.77, -122.42)}
BRANCHES = {
    "+13125550100": (41.88, -87.63),  # Chicago
    "+12135550100": (34.05, -118.24),  # Los Angeles
}
HEAD_OFFICE = "+12025550100"


def distance(one: tuple[float, float], two: tuple[float, float]) -> float:
    """In degrees of latitude; near enough to tell which of some branches is the nearest."""
    (lat, lon), (other_lat, other_lon) = one, two
    return hypot(lat - other_lat, (lon - other_lon) * cos(radians(lat + other_lat) / 2))


def nearest(caller: str) -> str:
    """The number of the nearest branch; the head office, where nobody knows the area."""
    area = AREAS.get(caller[2:5]) if caller.startswith("+1") else None
    if area is None:
        return HEAD_OFFICE
    return min(BRANCHES, key=lambda number: distance(area, BRANCHES[number]))


class Branches(Webhook):
    def decide(self, event: Event) -> Actions:
        number = nearest(event["from"])
        return {"action": "forward", "destination": {"type": "number", "number": number}}


if __name__ == "__main__":
    serve(Branches)
