#!/usr/bin/env python3
"""Full speed for a long time while everything goes wrong now and then.

usage: soak.py [--minutes N] [--percent N] [--bin build/trailpost]

Every request fails with the given probability, in one of many ways. At the
end: every event arrived, every message was deleted, and memory and open files
are what they were when it had settled in (the second fifth of the time against
the last).
"""

import argparse
import gzip
import os
import pathlib
import random
import re
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [TESTS, os.path.join(TESTS, "integration"),
                os.path.join(TESTS, "samples")]

WAITING_MAX = 60   # messages in the queue: more are put in below this
FILE_EVENTS = 300
GROWTH_KB = 2048
NUMBER = re.compile(rb'^\{"n":(\d+),')


def faults_of(fault_class):
    """By operation, what goes wrong; each is one of the rows of
    docs/outcomes.md that passes by itself."""
    f = fault_class
    sqs = [f(status=400, code="ThrottlingException"), f(drop=True),
           f(status=500, code="InternalFailure"),
           f(status=200, body=b"<html>")]
    return {
        "sqs.ReceiveMessage": sqs, "sqs.DeleteMessageBatch": sqs,
        "sqs.ChangeMessageVisibilityBatch": sqs,
        "s3.GET": [f(status=503, code="SlowDown"), f(drop=True),
                   f(status=500, code="InternalError"),
                   f(cut=2000, reset=True), f(cut=3000, close=True),
                   f(status=403, code="AccessDenied")],
        "dassana.POST": [f(status=503), f(status=500), f(drop=True),
                         f(status=500, perform=True), f(delay=0.5),
                         f(status=429, headers=(("Retry-After", "1"),))],
    }


class Feed:
    """Log files with numbered events, made faster than they are shipped, and
    a count of how often each number arrived."""

    def __init__(self, standin, shapes):
        self.standin = standin
        self.shapes = shapes
        self.files = 0
        self.arrived = bytearray()
        self.keys = {}  # by message id, of what is not deleted yet

    def put(self):
        first = self.files * FILE_EVENTS
        text = b",".join(
            b'{"n":%d,"eventSource":"s3.amazonaws.com","pad":"%x"}'
            % (n, n * 2654435761 % 2 ** 64)
            for n in range(first, first + FILE_EVENTS))
        key = "AWSLogs/soak/%d_CloudTrail_.json.gz" % self.files
        self.files += 1
        self.arrived += bytes(FILE_EVENTS)
        self.standin.s3.put(self.standin.BUCKET, key,
                            gzip.compress(b'{"Records":[' + text + b"]}", 1))
        message = self.standin.queue.send(
            self.shapes.s3_event(self.standin.BUCKET, key))
        self.keys[message.id] = key

    def top_up(self):
        there = {message.id for message in self.standin.queue.messages()}
        for gone in self.keys.keys() - there:
            self.standin.s3.delete(self.standin.BUCKET, self.keys.pop(gone))
        for _ in range(WAITING_MAX - len(there)):
            self.put()

    def judge(self, line):
        """Of the stand-in, for each event that it takes."""
        n = int(NUMBER.match(line).group(1))
        self.arrived[n] = min(255, self.arrived[n] + 1)
        return True


def reading(pid):
    """(resident kB, open files)"""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        rss = re.search(r"VmRSS:\s+(\d+)", file.read())
    return int(rss.group(1)), len(os.listdir("/proc/%d/fd" % pid))


def watch(daemon, feed, seconds):
    """Readings, one a second."""
    begin, readings = time.monotonic(), []
    while time.monotonic() - begin < seconds:
        feed.top_up()
        if not daemon.running():
            raise SystemExit("soak: the daemon ended by itself")
        if len(readings) < time.monotonic() - begin:
            readings.append(reading(daemon.process.pid))
            if len(readings) % 30 == 0:
                print("%4d s: %d files, %d kB, %d open files" % (
                    len(readings), feed.files, *readings[-1]), flush=True)
        del daemon.lines[:-100]
        time.sleep(0.02)
    return readings


def run(args, home):
    os.environ["TRAILPOST"] = os.path.abspath(args.bin)
    from process import Daemon
    from standin import Fault, Standin, shapes
    with Standin(keep=1000) as standin:
        feed, rng = Feed(standin, shapes), random.Random(args.seed)
        standin.dassana.keep_events = False
        standin.dassana.judge = feed.judge
        rules = [standin.faults.on(operation, lambda _, f=some: rng.choice(f),
                                   probability=args.percent / 100)
                 for operation, some in faults_of(Fault).items()]
        daemon = Daemon(standin.journal, home)
        daemon.start({**standin.options(), "redeliver_after": "1s",
                      "visibility_timeout": "30s", "batch_max_events": 1000,
                      "batch_max_delay": "100ms"}, standin.environ(), ())
        readings = watch(daemon, feed, args.minutes * 60)
        standin.faults.clear()
        daemon.wait_for(standin.queue.empty, 120, "the queue empty")
        standin.queue.end_polls()
        daemon.stop()
        faults = sum(rule.hits for rule in rules)
    return feed, readings, faults, standin.errors + standin.dassana.problems


def judge(feed, readings, faults, errors):
    """Prints the account; the number of what is not as it must be."""
    n = len(readings) // 5
    early, late = readings[n:2 * n], readings[-n:]
    missing = feed.arrived.count(0)
    twice = len(feed.arrived) - missing - feed.arrived.count(1)
    growth = max(r for r, _ in late) - max(r for r, _ in early)
    files = max(f for _, f in late) - max(f for _, f in early)
    print("%d events, %d missing, %d came more than once, %d faults\n"
          "resident memory at most %d kB, growth %d kB; open files at most "
          "%d, growth %d" % (
              len(feed.arrived), missing, twice, faults,
              max(r for r, _ in readings), growth,
              max(f for _, f in readings), files))
    for error in errors[:5]:
        print(error)
    return (missing > 0) + (growth > GROWTH_KB) + (files > 16) + bool(errors)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--percent", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bin", default=os.path.join(
        os.path.dirname(TESTS), "build", "trailpost"))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak.") as home:
        wrong = judge(*run(args, pathlib.Path(home)))
    print("soak: %s" % ("FAILED" if wrong else "passed"))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
