"""What Dassana says to a POST, or to one that holds a certain event.

A test sets Service.overrule to a function of the request and its events; it
returns one of these, or None for the usual answer.
"""

import dataclasses
import gzip
import json

JSON = ("Content-Type", "application/json")


@dataclasses.dataclass(frozen=True)
class Answer:
    """take: the events are kept although the answer may deny it. delay_s: of
    the machine's time, before it goes out."""

    status: int
    body: bytes = b""
    headers: tuple = (JSON,)
    take: bool = False
    delay_s: float = 0.0


def refusal(status=400, message="bad_event", **more):
    return Answer(status, json.dumps({"error": message}).encode(), **more)


def redirect(where="https://login.example/"):
    return Answer(302, b"", (("Location", where),))


def told(reply, take=False):
    """200 and this JSON object: with take=False what gateways and functions
    say when nothing was kept."""
    return Answer(200, json.dumps(reply).encode(), take=take)


def count_zero():
    return told({"success": True, "docCount": 0})


def _good(events):
    return json.dumps({"success": True, "docCount": len(events)}).encode()


def gzipped(events):
    """Taken, and said so in gzip."""
    return Answer(200, gzip.compress(_good(events)),
                  (JSON, ("Content-Encoding", "gzip")), take=True)


def marked(events):
    """Taken, and said so behind a byte order mark."""
    return Answer(200, b"\xef\xbb\xbf" + _good(events), take=True)


def short(events):
    """Taken, but one fewer is claimed."""
    return told({"success": True, "docCount": max(1, len(events) - 1)},
                take=True)
