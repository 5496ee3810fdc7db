"""What happened, in order, for asserts."""

import collections
import threading
import time
import types

ENTRIES_MAX = 200_000


class Journal:
    """keep: for runs without end, only so many of the latest entries. watch: a
    function of each entry, for what is to be known of all of them; it must not
    touch what it is told of."""

    def __init__(self, keep=None):
        self.watch = None
        self.changed = threading.Condition()
        self._entries = collections.deque(maxlen=keep)

    def add(self, op, **fields):
        entry = types.SimpleNamespace(t=time.monotonic(), op=op, **fields)
        with self.changed:
            if len(self._entries) >= ENTRIES_MAX:
                raise RuntimeError("the journal is full")
            self._entries.append(entry)
            if self.watch:
                self.watch(entry)
            self.changed.notify_all()
        return entry

    def poke(self):
        """Something else changed that wait() may look at."""
        with self.changed:
            self.changed.notify_all()

    def all(self, op=None, **fields):
        """The entries of an operation (all if None) with these fields."""
        with self.changed:
            found = list(self._entries)
        return [e for e in found if (op is None or e.op == op)
                and all(getattr(e, k, None) == v for k, v in fields.items())]

    def wait(self, predicate, timeout, what=""):
        """Until predicate() is true, which is asked after every change."""
        end = time.monotonic() + timeout
        while True:
            result = predicate()
            if result:
                return result
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(
                    "not within %g s: %s" % (timeout, what or predicate))
            with self.changed:
                self.changed.wait(min(left, 0.05))
