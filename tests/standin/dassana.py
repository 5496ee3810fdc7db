"""Dassana's ingestion endpoint: strict about what comes, keeps all of it."""

import json
import threading
import time
import types
import zlib

from .wire import Response

STORE_MAX = 1024 * 1024 * 1024
PLAIN_MAX = 256 * 1024 * 1024


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status = status
        self.message = message


def gunzip(data):
    """Exactly one whole gzip stream."""
    inflate = zlib.decompressobj(31)
    try:
        plain = inflate.decompress(data, PLAIN_MAX)
    except zlib.error as error:
        raise Refused(400, "gzip: %s" % error)
    if not inflate.eof or inflate.unused_data:
        raise Refused(400, "gzip: cut, too large or followed by garbage")
    return plain


def _constant(name):
    raise ValueError("%s is not JSON" % name)


def lines(plain):
    """The events of an NDJSON body, each the bytes of one JSON object."""
    if not plain.endswith(b"\n"):
        raise Refused(400, "the last line does not end")
    found = plain[:-1].split(b"\n")
    for number, line in enumerate(found):
        try:
            # Bytes that are not UTF-8 are the log file's own; the daemon
            # passes them on.
            text = line.decode("utf-8", "surrogateescape")
            event = json.loads(text, parse_constant=_constant)
        except ValueError as error:
            raise Refused(400, "line %d: %s" % (number, error))
        if not isinstance(event, dict):
            raise Refused(400, "line %d is no object" % number)
        if line[:1] != b"{" or line[-1:] != b"}":
            raise Refused(400, "line %d: blanks around" % number)
    return found


class Service:
    """posts: one record for each request that was looked at, in order.
    problems: what a well-behaved client never makes happen."""

    def __init__(self, journal, app_id, token):
        self.journal = journal
        self.app_id = app_id
        self.tokens = {token}
        self.posts = []
        self.problems = []
        self.active = 0
        self.concurrent_max = 0
        self.doc_count = len  # of the list of events; None: left out
        self.keep_events = True
        self.taken = None     # a function of the events of a POST taken
        self.limit_bytes = None  # of a body's plain bytes: more is a 413
        self.judge = None     # a function of one event: False refuses all
        self.overrule = None  # a function of the request and its events: an
        #                       Answer (answers.py), or None for the usual one
        self._lock = threading.Lock()
        self._events = []
        self._stored = 0
        self.event_count = 0

    @staticmethod
    def operation(request):
        return "dassana." + request.method

    @staticmethod
    def error(_request, status, code, message):
        body = json.dumps({"error": code, "message": message}).encode()
        return Response(status, body, [("Content-Type", "application/json")])

    def begin(self, request):
        with self._lock:
            self.active += 1
            self.concurrent_max = max(self.concurrent_max, self.active)
            active = self.active
        self.journal.add("dassana.begin", active=active, number=request.number,
                         body_bytes=len(request.body))

    def end(self, request, status, complete):
        with self._lock:
            self.active -= 1
        self.journal.add("dassana.end", status=status, number=request.number,
                         complete=complete)

    def events(self):
        """The bytes of all events that were taken, in order."""
        with self._lock:
            return list(self._events)

    def handle(self, request):
        try:
            found, plain = self._read(request)
        except Refused as refused:
            if refused.status != 401:
                with self._lock:
                    self.problems.append(refused.message)
            return self.error(request, refused.status,
                              "token_validation_error" if refused.status == 401
                              else "bad_request", refused.message)
        if self.judge and not all(map(self.judge, found)):
            self.journal.add("dassana.refused", events=len(found))
            return self.error(request, 400, "bad_event", "an event is refused")
        answer = self.overrule and self.overrule(request, found)
        if answer:
            return self._overruled(answer, request, found, plain)
        if self.limit_bytes is not None and len(plain) > self.limit_bytes:
            self.journal.add("dassana.too_large", plain_bytes=len(plain),
                             events=len(found))
            return self.error(request, 413, "too_large", "payload too large")
        with self._lock:
            self._store(request, found, plain)
        self.journal.poke()
        reply = {"success": True, "docCount": self.doc_count(found)} \
            if self.doc_count else {"success": True}
        return Response(200, json.dumps(reply).encode(),
                        [("Content-Type", "application/json")])

    def _overruled(self, answer, request, found, plain):
        time.sleep(answer.delay_s)
        if answer.take:
            with self._lock:
                self._store(request, found, plain)
        self.journal.poke()
        return Response(answer.status, answer.body, answer.headers)

    def _read(self, request):
        if request.method != "POST":
            raise Refused(405, "method %s" % request.method)
        if request.header("x-dassana-token") not in self.tokens:
            raise Refused(401, "token_validation_error")
        if request.header("x-dassana-app-id") != self.app_id:
            raise Refused(400, "app id")
        if request.header("content-type") != "application/x-ndjson":
            raise Refused(400, "content type")
        coding = request.header("content-encoding")
        if coding not in (None, "gzip"):
            raise Refused(415, "content encoding %s" % coding)
        if not request.body:
            raise Refused(400, "empty body")
        plain = gunzip(request.body) if coding else request.body
        return lines(plain), plain

    def _store(self, request, found, plain):
        if self.keep_events:
            self._stored += len(plain)
            if self._stored > STORE_MAX:
                raise RuntimeError("too much to keep")
            self._events += found
        if self.taken:
            self.taken(found)
        self.posts.append(types.SimpleNamespace(
            t=time.monotonic(), began=request.t, events=len(found),
            body_bytes=len(request.body), plain_bytes=len(plain),
            headers=dict(request.headers)))
        # Whoever waits for so many looks at the rest then.
        self.event_count += len(found)
