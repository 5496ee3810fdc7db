"""One load on the real binary: the stand-in, what is put into it and when, the
processes, and what is measured meanwhile. Times are seconds of the load, which
pass `speed` times as fast as the machine's."""

import contextlib
import dataclasses
import functools
import http.client
import json
import math
import os
import random
import secrets
import signal
import threading
import time
import typing

from account import Account, rates
from kinds import KINDS
from standin import Fault, Standin
from standin.s3 import locate

TICK_S = 0.02
PUT_MAX = 200       # at a time, so that what else is due gets its turn
DRAIN_MAX_S = 60


@dataclasses.dataclass(frozen=True)
class Flow:
    """first: so many wait in the queue before the daemon starts; then rate a
    second from start to end, at random times. keys objects a message, of so
    many events."""

    kind: str
    rate: float = 0
    first: int = 0
    events: int = 5
    size: int = 120
    keys: int = 1
    start: float = 0
    end: float = math.inf


@dataclasses.dataclass(frozen=True)
class Load:
    """all_s3, all_dassana: (from, to, what everybody gets meanwhile); of
    Dassana a function of the events, or an Answer. kill: (signal, every).
    latency: of Dassana's answers, in the machine's seconds; s3_latency: of
    S3's, on average; sqs_latency: of SQS's to batches."""

    flows: tuple
    seconds: float = 30
    speed: float = 1
    max_receives: int = 5
    options: dict = dataclasses.field(default_factory=dict)
    all_s3: tuple = ()
    all_dassana: tuple = ()
    kill: typing.Optional[tuple] = None
    processes: int = 1
    latency: float = 0.05
    s3_latency: float = 0.03
    sqs_latency: float = 0
    settle: float = 10   # how long honest ones may take after the last
    quiet: float = 0     # and how long nothing happens after that
    drain: bool = False  # end by SIGTERM, and measure it


def _now(schedule, t):
    return next((what for begin, end, what in schedule if begin <= t < end),
                None)


class Feed:
    """Puts what is due."""

    def __init__(self, rig, flow):
        self.rig = rig
        self.flow = flow
        self.kind = KINDS[flow.kind]
        self.due = self._after(flow.start)

    def _after(self, t):
        rate = self.flow.rate
        return t + self.rig.random.expovariate(rate) if rate else math.inf

    def top_up(self, t):
        for _ in range(PUT_MAX):
            if self.due > min(t, self.flow.end):
                return
            self.put()
            self.due = self._after(self.due)

    def put(self):
        account, standin = self.rig.account, self.rig.standin
        flow, kind = self.flow, self.kind
        bucket = kind.bucket or standin.BUCKET
        number = len(account.items)
        keys = [kind.key % (flow.kind, number, k) for k in range(flow.keys)]
        item = account.add(flow.kind, keys, flow.events)
        for k, key in enumerate(keys if kind.there else ()):
            standin.s3.put(bucket, key, kind.make(
                flow.kind, item.first + k * flow.events, flow.events,
                flow.size))
        for body in kind.announce(bucket, keys):
            standin.queue.send(body, functools.partial(account.sent, item))


class Rig:
    def __init__(self, load, home, daemon_class, other_time):
        self.load = load
        self.seed = secrets.randbits(32)
        self.random = random.Random(self.seed)
        self.home = home
        self.log = None     # a file for all that the processes say
        self.daemon_class = daemon_class
        self.other_time = other_time
        self.standin = Standin(keep=1000, speed=load.speed)
        self.account = Account(KINDS, self.elapsed)
        self.feeds = [Feed(self, flow) for flow in load.flows]
        self.daemons = []
        self.begin = None
        self.told = {}      # part → when /readyz first said so
        self.ready_at_end = None
        self.first_success = None
        self.drain_s = None
        self._said = threading.Lock()
        self._wire()

    def elapsed(self):
        now = self.standin.clock.elapsed()
        return 0 if self.begin is None else now - self.begin

    def _wire(self):
        standin, account = self.standin, self.account
        queue = standin.queue
        queue.max_receives = self.load.max_receives
        queue.visibility_s = 300
        queue.dead_letter = standin.sqs.create(standin.url, "dead")
        standin.journal.watch = account.watch
        standin.faults.on("s3.GET", self._s3)
        for name in ("DeleteMessage", "ChangeMessageVisibility"):
            standin.faults.on("sqs.%sBatch" % name,
                              Fault(delay=self.load.sqs_latency))
        standin.dassana.keep_events = False
        standin.dassana.overrule = self._dassana
        standin.dassana.taken = account.taken

    def _s3(self, request):
        _, key = locate(request)
        item = self.account.asked_for(key)
        kind = item and item.kind
        fault = _now(self.load.all_s3, self.elapsed())
        if not fault and kind and (not kind.where or kind.where(request)):
            fault = kind.get
        return dataclasses.replace(
            fault or Fault(), delay=self.load.s3_latency
            * self.random.expovariate(1))

    def _dassana(self, request, events):
        time.sleep(self.load.latency)
        bad = self.account.looked_at(
            request, events, lambda name: KINDS[name].answer)
        everybody = _now(self.load.all_dassana, self.elapsed())
        return everybody(events) if callable(everybody) else everybody or bad

    # Processes.

    def start(self):
        speed = self.load.speed
        env = self.standin.environ() if speed == 1 else self.other_time(
            self.standin, speed, "%+.1f" % self.standin.clock.ahead())
        daemon = self.daemon_class(self.standin.journal, self.home)
        self.daemons.append(daemon)
        return daemon.start(
            {**self.standin.options(), "admin_listen": "127.0.0.1:0",
             **self.load.options}, env, ("-v",))

    def listen(self, daemon):
        """Takes what it said since the last time."""
        lines = daemon.lines[:]
        del daemon.lines[:len(lines)]
        for line in lines:
            if self.log:
                self.log.write(line["line"] + "\n")
            self.account.heard(line)
            if line.get("event") == "admin.listen":
                daemon.admin = line["url"].split("/")[2]

    def ask_ready(self, daemon):
        """Notes which part keeps it from being ready."""
        address = getattr(daemon, "admin", None)
        if address is None:
            return
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(address, timeout=2)
            connection.request("GET", "/readyz")
            said = json.loads(connection.getresponse().read())
            connection.close()
            self.ready_at_end = said["ready"]
            for reason in said["reasons"]:
                self.told.setdefault(reason["part"], self.elapsed())

    def _look(self):
        for daemon in self.daemons:
            self.listen(daemon)
            if not daemon.running():
                raise RuntimeError("the daemon ended by itself: %s"
                                   % daemon.process.poll())
        self.ask_ready(self.daemons[0])

    def _kill_due(self, kills):
        if self.load.kill is None or \
                self.elapsed() < self.load.kill[1] * (kills + 1):
            return kills
        for daemon in self.daemons[:]:
            daemon.process.send_signal(self.load.kill[0])
            daemon.wait_exit(DRAIN_MAX_S)
            self.listen(daemon)
            daemon.process.stderr.close()
            self.daemons.remove(daemon)
            self.start()
        return kills + 1

    def _pass(self, until, feeding, enough=lambda: False):
        kills, asked = int(self.elapsed() / self.load.kill[1]) \
            if self.load.kill else 0, 0
        while self.elapsed() < until and not enough():
            for feed in self.feeds if feeding else ():
                feed.top_up(self.elapsed())
            kills = self._kill_due(kills)
            if time.monotonic() - asked > 0.25:
                self._look()
                asked = time.monotonic()
            time.sleep(TICK_S)
        self._look()

    def run(self):
        """All of it; the figures."""
        load, account = self.load, self.account
        for feed in self.feeds:
            for _ in range(feed.flow.first):
                feed.put()
        self.begin = self.standin.clock.elapsed()
        for item in account.items:
            item.sent = 0
        for _ in range(load.processes):
            self.start()
        self._pass(load.seconds, True)
        self._pass(load.seconds + load.settle, False, account.all_arrived)
        if load.quiet:
            self._pass(self.elapsed() + load.quiet, False)
        ended = self.elapsed()
        figures = {**account.figures(), **self._more(ended)}
        if load.drain:
            figures["drain"] = self._drain()
        return figures

    def _more(self, ended):
        account = self.account
        told = min((t for part, t in self.told.items()
                    if part in ("s3", "dassana", "queue")), default=math.inf)
        outage = max([end for _, end, _ in self.load.all_dassana
                      + self.load.all_s3 if end < math.inf], default=None)
        figures = {
            "seed": self.seed, "told": told, "named": min(told, account.named),
            "parts": sorted(self.told), "ready": self.ready_at_end,
            "late_posts": sum(t >= 30 for t in account.posts)
            / max(1, ended - 30) if ended > 31 else None,
            "post_rates": rates(account.posts, ended),
            "poll_rates": rates(account.polls, ended, 60),
            "first_posts": account.sizes[:3],
            "errors": self.standin.errors[:3]
            + self.standin.dassana.problems[:3]}
        if outage:
            figures.update(self._outage(outage))
        return figures

    def _outage(self, end):
        """posts_out: POSTs a second from 30 s after its beginning to its end;
        polls_out: polls a minute from 10 minutes after it; back, half_back: how
        long after its end the first thing arrived that was put in before, and
        half of all those."""
        account = self.account
        before = [i for i in account.honest() if i.sent < end]
        arrived = [i.arrived for i in before if i.arrived is not None]
        back = sorted(t for t in arrived if t >= end)
        half = len(before) // 2
        missing = len(arrived) < len(before)
        return {
            "posts_out": sum(30 <= t < end for t in account.posts)
            / max(1, end - 30),
            "polls_out": sum(600 <= t < end for t in account.polls)
            * 60 / max(60, end - 600),
            "back": min(back, default=math.inf) - end,
            "half_back": (back[half] if half < len(back) else math.inf) - end,
            "caught_up": math.inf if missing or not back
            else max(back) - min(back)}

    def _drain(self):
        self.standin.queue.end_polls()
        begin = self.elapsed()
        for daemon in self.daemons:
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait_exit(DRAIN_MAX_S)
            self.listen(daemon)
        return self.elapsed() - begin

    def close(self):
        for daemon in self.daemons:
            if daemon.running():
                daemon.process.send_signal(signal.SIGKILL)
                daemon.wait_exit()
            daemon.process.stderr.close()
        self.standin.close()


def run(load, binary, home, log=None):
    """The figures of a load with this binary. log: a file for what it says."""
    os.environ["TRAILPOST"] = os.path.abspath(binary)
    from process import Daemon
    from trail import other_time
    rig = Rig(load, home, Daemon, other_time)
    with contextlib.ExitStack() as stack:
        stack.callback(rig.close)
        if log:
            rig.log = stack.enter_context(open(log, "w", encoding="utf-8"))
        return rig.run()
