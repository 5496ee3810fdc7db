"""One queue, with visibility timeouts and a dead-letter queue."""

import collections
import contextlib
import heapq
import itertools
import secrets
import threading
import uuid

from .clock import Clock

VISIBILITY_MAX_S = 43200
HANDLES_MAX = 200_000


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


class Message:
    def __init__(self, body, sent):
        self.id = str(uuid.uuid4())
        self.body = body
        self.sent = sent
        self.first_received = None
        self.received_at = None  # monotonic, of the latest receive
        self.receives = 0
        self.given = {}  # MessageAttributes
        self.handle = None
        self.visible_at = 0.0
        self.token = None  # of its valid entry in the heap

    def attributes(self, wanted):
        known = {
            "ApproximateReceiveCount": str(self.receives),
            "SentTimestamp": str(int(self.sent * 1000)),
            "ApproximateFirstReceiveTimestamp": str(
                int((self.first_received or 0) * 1000)),
            "SenderId": "AIDAEXAMPLE",
        }
        return {k: v for k, v in known.items()
                if k in wanted or "All" in wanted}


class Queue:
    """Messages wait in a heap by the time they become visible. An entry whose
    token is not its message's any more is stale and skipped.

    As with SQS, a message goes to the dead-letter queue when it would be
    handed out once more than max_receives, and stays hidden for at most 12 h
    after it was handed out. All times are of the clock. What the journal tells
    is in it before anybody sees the change."""

    def __init__(self, name, url, journal, visibility_s=30, dead_letter=None,
                 max_receives=None, clock=None):
        self.clock = clock or Clock()
        self.name = name
        self.url = url
        self.visibility_s = visibility_s
        self.dead_letter = dead_letter
        self.max_receives = max_receives
        self.created = self.clock.time()
        self.retention_s = 14 * 24 * 3600
        self.poll_limit_s = 20  # tests end polls by lowering it
        self.polling = 0
        self.closing = False
        self._journal = journal
        self._changed = threading.Condition()
        self._heap = []
        self._tokens = itertools.count()
        self._messages = {}
        self._handles = collections.OrderedDict()

    def _schedule(self, message, visible_at):
        message.visible_at = visible_at
        message.token = next(self._tokens)
        heapq.heappush(self._heap, (visible_at, message.token, message))
        self._changed.notify_all()

    def send(self, body, known=None):
        """known: a function of the message, called before anybody gets it."""
        message = Message(body, self.clock.time())
        if known:
            known(message)
        with self._changed:
            self._messages[message.id] = message
            self._schedule(message, self.clock.monotonic())
        return message

    @contextlib.contextmanager
    def at_once(self):
        """Whatever is sent meanwhile is there all at once, afterwards."""
        with self._changed:
            yield

    def make_visible(self, message):
        """As if its visibility timeout had passed, whoever holds it."""
        with self._changed:
            if message.id in self._messages:
                self._schedule(message, self.clock.monotonic())

    def end_polls(self):
        """Open long polls, and all to come, answer at once."""
        with self._changed:
            self.poll_limit_s = 0
            self._changed.notify_all()

    def close(self):
        with self._changed:
            self.closing = True
            self._changed.notify_all()

    def counts(self):
        """(visible, in flight)"""
        now = self.clock.monotonic()
        with self._changed:
            visible = sum(m.visible_at <= now
                          for m in self._messages.values())
            return visible, len(self._messages) - visible

    def messages(self):
        with self._changed:
            return list(self._messages.values())

    def handles(self):
        """All receipt handles that were ever given."""
        with self._changed:
            return list(self._handles)

    def size(self):
        with self._changed:
            return len(self._messages)

    def empty(self):
        with self._changed:
            return not self._messages

    def _take(self, visibility_s, limit):
        taken, now = [], self.clock.monotonic()
        while self._heap and len(taken) < limit:
            visible_at, token, message = self._heap[0]
            if token == message.token and visible_at > now:
                break
            heapq.heappop(self._heap)
            if token != message.token:
                continue
            if self.max_receives and message.receives >= self.max_receives:
                message.token = None
                del self._messages[message.id]
                self.dead_letter.adopt(message)
                continue
            taken.append(self._hand_out(message, now, visibility_s))
        return taken

    def give_away(self):
        """All messages that are visible."""
        now = self.clock.monotonic()
        with self._changed:
            gone = [m for m in self._messages.values() if m.visible_at <= now]
            for message in gone:
                message.token = None
                del self._messages[message.id]
        return gone

    def adopt(self, message):
        with self._changed:
            self._messages[message.id] = message
            self._schedule(message, self.clock.monotonic())
            self._journal.add("sqs.dead_letter", queue=self.name,
                              id=message.id)

    def _hand_out(self, message, now, visibility_s):
        message.receives += 1
        message.received_at = now
        if message.first_received is None:
            message.first_received = self.clock.time()
        message.handle = "AQEB" + secrets.token_urlsafe(96)
        self._handles[message.handle] = message
        while len(self._handles) > HANDLES_MAX:
            self._handles.popitem(last=False)
        self._schedule(message, now + visibility_s)
        return message, message.handle, message.receives

    def receive(self, limit, wait_s, visibility_s, gone=lambda: False):
        """gone: whether nobody waits for the answer any more."""
        end = self.clock.monotonic() + wait_s
        with self._changed:
            self.polling += 1
            try:
                while not gone():
                    taken = self._take(visibility_s, limit)
                    now = self.clock.monotonic()
                    limit_end = end - wait_s + self.poll_limit_s
                    left = min(end, limit_end) - now
                    if taken or left <= 0 or self.closing:
                        return taken
                    if self._heap:
                        left = min(left, max(0.0, self._heap[0][0] - now))
                    self._changed.wait(self.clock.real(left))
                return []
            finally:
                self.polling -= 1

    def _find(self, handle):
        message = self._handles.get(handle)
        if message is None:
            raise Refused("ReceiptHandleIsInvalid",
                          "The input receipt handle is invalid.")
        return message

    def delete(self, handle):
        with self._changed:
            message = self._find(handle)
            # A stale handle is answered with success and deletes nothing.
            gone = (message.handle == handle
                    and self._messages.pop(message.id, None) is not None)
            if gone:
                message.token = None
            self._journal.add("sqs.delete", queue=self.name, id=message.id,
                              body=message.body, deleted=gone)

    def change_visibility(self, handle, seconds):
        with self._changed:
            message = self._find(handle)
            now = self.clock.monotonic()
            if message.id not in self._messages:
                raise Refused(
                    "InvalidParameterValueException",
                    "Value %s for parameter ReceiptHandle is invalid. Reason: "
                    "Message does not exist or is not available for "
                    "visibility timeout change." % handle)
            if message.handle != handle:
                raise Refused(
                    "InvalidParameterValueException",
                    "Value %s for parameter ReceiptHandle is invalid. Reason: "
                    "The receipt handle has expired." % handle)
            if message.visible_at <= now:
                raise Refused("MessageNotInflight", "The message referred to "
                              "isn't in flight.")
            if now + seconds > message.received_at + VISIBILITY_MAX_S:
                raise Refused(
                    "InvalidParameterValueException", "Value %d for parameter "
                    "VisibilityTimeout is invalid. Reason: Total "
                    "VisibilityTimeout for the message is beyond the limit "
                    "[43200 seconds]." % seconds)
            self._schedule(message, now + seconds)
            self._journal.add("sqs.visibility", queue=self.name, id=message.id,
                              body=message.body, seconds=seconds)
