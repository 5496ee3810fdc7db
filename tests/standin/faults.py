"""What goes wrong on request, and gates that hold things back."""

import dataclasses
import random
import threading
import typing


class Gate:
    """Holds something back until the test opens it (or the server ends)."""

    def __init__(self, at=None):
        self.at = at
        self.reached = threading.Event()
        self._opened = threading.Event()

    def limit(self, size):
        """How many of size bytes may pass before it is open; negative at
        counts from the end."""
        if self._opened.is_set() or self.at is None:
            return size
        return max(0, self.at if self.at >= 0 else size + self.at)

    def open(self):
        self._opened.set()

    def wait(self, stopping):
        """True when it was opened, False if the server stops first."""
        self.reached.set()
        while not self._opened.wait(0.05):
            if stopping.is_set():
                return False
        return True


@dataclasses.dataclass
class Fault:
    """One thing that goes wrong with one request.

    With a status, the answer is made here (code: an error body in the words of
    the service; body: these bytes) and the operation is not done, unless
    perform says that it is done although the answer denies it. Without one,
    the operation is done and its answer mistreated.
    """

    status: typing.Optional[int] = None
    code: str = ""
    message: str = ""
    body: typing.Optional[bytes] = None
    headers: tuple = ()
    perform: bool = False
    delay: float = 0.0
    hold: typing.Optional[Gate] = None   # nothing happens before it is open
    cut: typing.Optional[int] = None     # bytes of the body, then close
    reset: bool = False                  # … with RST instead of FIN
    stall: typing.Optional[Gate] = None  # after cut bytes: silence
    drip: typing.Optional[tuple] = None  # (bytes, seconds) at a time
    close: bool = False                  # after a whole answer
    drop: bool = False                   # RST instead of any answer
    flood: bool = False                  # headers without end


class Rule:
    def __init__(self, action, times, probability, where):
        self.action = action
        self.times = times
        self.probability = probability
        self.where = where
        self.hits = 0


class Faults:
    """Rules by operation ("s3.GET", "sqs.DeleteMessageBatch",
    "dassana.POST"); the first that fits a request decides."""

    def __init__(self, seed=1):
        self._lock = threading.Lock()
        self._rules = {}
        self._random = random.Random(seed)

    def on(self, operation, action, times=None, probability=1.0, where=None):
        """action: a Fault, or a function of the request that returns a Fault
        or None. where: a function of the request."""
        rule = Rule(action, times, probability, where)
        with self._lock:
            self._rules.setdefault(operation, []).append(rule)
        return rule

    def script(self, operation, actions):
        """One action for each request, in order; None is a good answer."""
        queue = list(actions)

        def next_action(_request):
            return queue.pop(0)

        return self.on(operation, next_action, times=len(queue))

    def off(self, rule):
        with self._lock:
            for rules in self._rules.values():
                if rule in rules:
                    rules.remove(rule)

    def clear(self):
        with self._lock:
            self._rules.clear()

    def pick(self, operation, request):
        with self._lock:
            for rule in self._rules.get(operation, ()):
                if rule.times is not None and rule.hits >= rule.times:
                    continue
                if rule.where is not None and not rule.where(request):
                    continue
                if self._random.random() >= rule.probability:
                    continue
                rule.hits += 1
                if isinstance(rule.action, Fault):
                    return rule.action
                return rule.action(request)
        return None
