"""What was put into the queue, what became of it, and the figures."""

import array
import bisect
import math
import re
import threading
import time

NUMBER = re.compile(rb'^\{"n":(\d+),"k":"([a-z0-9-]+)"')
TRIALS_MAX = 100


class Item:
    """A message (or two of the same), and the objects that it names."""

    def __init__(self, kind, name, sent, first, keys, per_key):
        self.kind = kind
        self.name = name
        self.sent = sent
        self.first = first
        self.keys = keys
        self.per_key = per_key
        self.left = len(keys) * per_key
        self.arrived = None
        self.asked = False  # whether S3 was ever asked for it
        self.dead = self.deleted = 0


class Account:
    """elapsed: a function that tells the time of the figures. Everything that
    is called by the stand-in is called under one of its locks or uses ours."""

    def __init__(self, kinds, elapsed):
        self.kinds = kinds
        self.elapsed = elapsed
        self.items = []
        self.by_key = {}       # key → (item, number of the key in it)
        self.by_message = {}
        self.seen = array.array("B")  # how often each event was taken
        self._firsts = []
        self.lost = 0          # messages deleted before all was taken
        self.polls = []
        self.posts = []        # when they began
        self.successes = []    # (began, ended) of POSTs that were taken
        self.trials = {}       # event → (began, ended, events) of refusals
        self.blamed = []       # (event, item, whether there was evidence)
        self.objects_failed = []
        self.sizes = []        # events of each POST
        self.named = math.inf  # when a bad key was first told of
        self._lock = threading.Lock()
        self._local = threading.local()

    # What is put in.

    def add(self, name, keys, per_key):
        item = Item(self.kinds[name], name, self.elapsed(), len(self.seen),
                    keys, per_key)
        with self._lock:
            self.seen.extend(bytes(item.left))
            self._firsts.append(item.first)
            self.items.append(item)
            for number, key in enumerate(keys):
                self.by_key[key] = item, number
        return item

    def sent(self, item, message):
        self.by_message[message.id] = item

    # What the stand-in tells.

    def watch(self, entry):
        op = entry.op
        if op == "sqs.receive":
            self.polls.append(self.elapsed())
        elif op == "dassana.begin":
            self.posts.append(self.elapsed())
        elif op == "sqs.dead_letter":
            self.by_message[entry.id].dead += 1
        elif op == "sqs.delete" and entry.deleted:
            item = self.by_message[entry.id]
            item.deleted += 1
            self.lost += item.left > 0
            for key in item.keys:
                self.by_key.pop(key, None)

    def asked_for(self, key):
        """The item of a key that S3 is asked for, if there is one."""
        item, _ = self.by_key.get(key, (None, 0))
        if item:
            item.asked = True
        return item

    def looked_at(self, request, events, answer_of):
        """The answer to a POST; answer_of is asked for that of a kind."""
        self._local.began = request.t
        self.sizes.append(len(events))
        bad = None
        for line in events:
            number, name = NUMBER.match(line).groups()
            answer = answer_of(name.decode())
            if answer:
                bad = bad or answer
                self._trial(int(number), request.t, answer, len(events))
        return bad

    def _trial(self, number, began, answer, events):
        trials = self.trials.setdefault(number, [])
        if len(trials) < TRIALS_MAX:
            trials.append((began, time.monotonic() + answer.delay_s, events))

    def taken(self, events):
        now = self.elapsed()
        self.successes.append((self._local.began, time.monotonic()))
        with self._lock:
            for line in events:
                number = int(NUMBER.match(line).group(1))
                self.seen[number] = min(255, self.seen[number] + 1)
                if self.seen[number] == 1:
                    self._arrived(self.item_of(number), now)

    def _arrived(self, item, now):
        item.left -= 1
        if item.left == 0:
            item.arrived = now

    def item_of(self, number):
        return self.items[bisect.bisect_right(self._firsts, number) - 1]

    # What the daemon says.

    def heard(self, line):
        event = line.get("event")
        item, number = self.by_key.get(line.get("key"), (None, 0))
        if item is None:
            return
        if line.get("level") in ("warn", "error") and not item.kind.honest:
            self.named = min(self.named, self.elapsed())
        if event not in ("dassana.refused", "object.failed"):
            return
        if event == "object.failed":
            self.objects_failed.append(item)
            return
        first = item.first + number * item.per_key + int(line.get("index", 0))
        for n in range(first, first + int(line.get("events", 1))):
            self.blamed.append((n, item, self._evidence(n)))

    def _evidence(self, number):
        """Whether it was refused alone in a POST that began after another was
        taken that itself began after the first refusal."""
        trials = list(self.trials.get(number, ()))
        if not trials:
            return False
        first_end = trials[0][1]
        after = [end for began, end in self.successes if began >= first_end]
        return bool(after) and any(
            began >= min(after) and events == 1
            for began, _, events in trials)

    # Figures.

    def honest(self):
        return [item for item in self.items if item.kind.honest]

    def all_arrived(self):
        return all(item.left == 0 for item in self.honest())

    def _lags(self):
        return sorted(math.inf if i.arrived is None else i.arrived - i.sent
                      for i in self.honest())

    def figures(self):
        honest, lags = self.honest(), self._lags()
        events = sum(len(i.keys) * i.per_key for i in honest)
        left = sum(i.left for i in honest)
        dead = [i for i in self.items if i.dead]
        return {
            "honest": len(honest),
            "share": 1 - left / events if events else None,
            "p50": lags[len(lags) // 2] if lags else None,
            "p99": lags[math.ceil(len(lags) * 0.99) - 1] if lags else None,
            "dead": sum(i.dead for i in dead),
            "dead_honest": sum(i.dead for i in dead if i.kind.honest),
            "untried": sum(i.dead for i in dead if not i.asked),
            "nobody": len(self.blamed) + len(self.objects_failed),
            "alive_bad": sum(not i.dead for i in self.items
                             if not i.kind.honest),
            "deleted": sum(i.deleted for i in self.items),
            "deleted_bad": sum(i.deleted for i in self.items
                               if not i.kind.honest),
            "polls": len(self.polls), "posts": len(self.posts),
            "first_post": self.sizes[0] if self.sizes else None,
            "biggest_post": max(self.sizes, default=None),
            "doubled": sum(n - 1 for n in self.seen if n > 1),
            "lost": self.lost,
            "blamed": len({n for n, _, _ in self.blamed}),
            "wrongly": len({n for n, i, _ in self.blamed if i.kind.honest})
            + len({i.first for i in self.objects_failed if i.kind.honest}),
            "hasty": len({n for n, _, ok in self.blamed if not ok}),
        }


def rates(times, until, step=10):
    """How many a second there were, step by step."""
    counts = [0] * max(1, math.ceil(until / step))
    for t in times:
        if t < until:
            counts[int(t / step)] += 1
    return [round(n / step, 2) for n in counts]
