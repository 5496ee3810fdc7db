"""What most tests do: put log files in, wait for their events to come out."""

import random
from collections import Counter

import make_samples


def make_file(count, seed=1):
    """(key, gzip bytes, events)"""
    rng = random.Random(seed)
    text, events = make_samples.log_file(rng, count)
    return make_samples.key_of(rng), make_samples.pack(text), events


def put_files(standin, files, count=10, seed=1):
    """Puts and announces them; returns all their events."""
    wanted = []
    for number in range(files):
        key, data, events = make_file(count, seed * 100_000 + number)
        standin.put(key, data)
        wanted += events
    return wanted


def delivered(standin, wanted):
    """All of the events are there, byte for byte, each as often as put in."""
    return Counter(standin.dassana.events()) == Counter(wanted)


def await_all(standin, daemon, wanted, timeout=20):
    """Everything arrived exactly once and every message was deleted."""
    daemon.wait_for(lambda: standin.dassana.event_count >= len(wanted)
                    and standin.queue.empty(), timeout,
                    "%d events, and the queue empty" % len(wanted))
    assert delivered(standin, wanted)


def object_lines(daemon, key):
    """The warnings and errors that name a key."""
    return [line for line in daemon.log() if line.get("key") == key
            and line.get("level") in ("warn", "error")]
