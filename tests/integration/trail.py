"""Log files with their events remembered by message, and the account at the
end: what every test of a fault asserts."""

import gzip
import os
import sysconfig
from collections import Counter

import pytest
from jobs import make_file
from process import sanitized
from standin import shapes


class Trail:
    def __init__(self, standin):
        self.standin = standin
        self.events = {}  # message id → the events of its object
        self.keys = {}    # message id → key
        self.refused = set()  # events that are never to be taken
        self._seed = 0

    def put(self, files, count=10, **notification):
        """Puts and announces them; returns the messages."""
        return [self._put_one(count, notification) for _ in range(files)]

    def _put_one(self, count, notification):
        self._seed += 1
        return self._announce(*make_file(count, self._seed), notification)

    def put_events(self, events):
        """One file of these events; its message."""
        self._seed += 1
        key = "AWSLogs/made_CloudTrail_%d.json.gz" % self._seed
        text = b'{"Records":[' + b",".join(events) + b"]}"
        return self._announce(key, gzip.compress(text, 1), events, {})

    def _announce(self, key, data, events, notification):
        self.standin.put(key, data, announce=False)
        message = self.standin.queue.send(shapes.s3_event(
            self.standin.BUCKET, key, size=len(data), **notification))
        self.events[message.id] = events
        self.keys[message.id] = key
        return message

    def put_until(self, running, predicate, tries=60, every=0.4):
        """A quiet queue proves nothing about a refused event: it is its own
        fault only if others are taken. So there are others."""
        for _ in range(tries):
            self.put(1)
            try:
                return running.wait_for(predicate, every)
            except TimeoutError:
                pass
        return running.wait_for(predicate, every)

    def wanted(self):
        return [e for events in self.events.values() for e in events
                if e not in self.refused]

    def doubles(self):
        """How many events arrived more often than they were put in."""
        arrived = Counter(self.standin.dassana.events())
        return sum((arrived - Counter(self.wanted())).values())

    def check_deletes(self):
        """No message was deleted before all of its events were taken."""
        taken, left = set(), self.standin.dassana.events()
        posts = list(self.standin.dassana.posts)
        for entry in self.standin.journal.all("sqs.delete", deleted=True):
            while posts and posts[0].t <= entry.t:
                count = posts.pop(0).events
                taken.update(left[:count])
                del left[:count]
            missing = set(self.events.get(entry.id, ())) - taken
            assert not missing, "deleted before it was delivered"

    def await_all(self, running, double=0, timeout=30):
        """Every event arrives and every message is deleted, in this order;
        at most `double` events arrive more than once."""
        running.wait_for(self.standin.queue.empty, timeout, "the queue empty")
        self.check(double)

    def await_events(self, running, timeout=30):
        """Every event arrives; there may be messages that stay."""
        running.wait_for(lambda: not Counter(self.wanted()) - Counter(
            self.standin.dassana.events()), timeout, "all events")
        self.check()

    def check(self, double=0):
        wanted = Counter(self.wanted())
        missing = wanted - Counter(self.standin.dassana.events())
        assert not missing, "%d events are missing" % sum(missing.values())
        assert self.doubles() <= double
        assert not set(self.standin.dassana.events()) - set(wanted)
        self.check_deletes()


def with_dead_letters(standin, max_receives=3):
    dead = standin.sqs.create(standin.url, "dead")
    standin.queue.dead_letter, standin.queue.max_receives = dead, max_receives
    return dead


def spend_receives(standin, messages):
    """They are seen again, for once more than the queue allows."""
    for message in messages:
        message.receives = standin.queue.max_receives
        standin.queue.make_visible(message)


def receives(standin, message=None):
    """How often a message (None: any) was handed out."""
    return sum(message is None or message.id == handed
               for entry in standin.journal.all("sqs.receive")
               for handed in entry.ids)


def final_stats(running):
    """Stops it; the counters of its last line of statistics, which says
    nothing of those that are zero."""
    running.stop()
    return Counter({name: int(value)
                    for name, value in running.log("stats")[-1].items()
                    if value.isdigit()})


FAKETIME = "/usr/lib/%s/faketime/libfaketimeMT.so.1" % (
    sysconfig.get_config_var("MULTIARCH") or "x86_64-linux-gnu")
no_faketime = pytest.mark.skipif(
    sanitized() or not os.path.exists(FAKETIME),
    reason="faketime is not installed, or does not go with sanitizers")


def other_time(standin, speed=1, shift="+0"):
    """The environment of a daemon whose clocks run faster, or are wrong."""
    return {**standin.environ(), "LD_PRELOAD": FAKETIME,
            "FAKETIME": "%s x%d" % (shift, speed), "NO_FAKE_STAT": "1"}


def same_time(standin):
    """The environment of a daemon whose time passes as the stand-in's does."""
    clock = standin.clock
    if clock.speed == 1:
        return standin.environ()
    return other_time(standin, clock.speed, "%+.1f" % clock.ahead())


def in_fast_time(speed):
    """Marks a test of minutes and hours that lasts seconds."""
    def mark(test):
        return no_faketime(pytest.mark.speed(speed)(test))
    return mark


def set_time(file, shift):
    """Of whoever has settable_time(): it never reads half of that."""
    new = file.with_suffix(".new")
    new.write_text(shift)
    new.replace(file)


def settable_time(standin, file, wall_only=True):
    """The environment of a daemon whose wall clock is off by what the file
    says, at any time; its monotonic one knows nothing of it, or is as well."""
    env = {**standin.environ(), "LD_PRELOAD": FAKETIME, "NO_FAKE_STAT": "1",
           "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}
    if wall_only:
        env["FAKETIME_DONT_FAKE_MONOTONIC"] = "1"
    return env
