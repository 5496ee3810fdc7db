#!/usr/bin/env python3
"""The demo: the real daemon against stand-ins for AWS and Dassana.

Log files go into a bucket, their notifications into a queue; the daemon does
the rest as a process of its own. On the way Dassana fails and the daemon is
killed. What arrives is compared with what was put in, byte by byte. LOGS=DIR
uses the .json.gz and .json files of a folder, for example of what
`aws s3 sync` brought. DEMO_PAUSE=1 leaves the daemon running at the end, with
its page.
"""

import collections
import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(HERE), "samples")]

import make_samples  # noqa: E402
from slices import slice_file  # noqa: E402
from standin import Fault, Standin  # noqa: E402
from standin.server import own_port  # noqa: E402

STALL_S = 10  # without any progress
EXIT_S = 5
VISIBILITY = "3s"  # until what the killed one held comes again
BATCH = 100  # events


class Failed(Exception):
    pass


class Account:
    """A multiset of events: how often each came, by its hash."""

    def __init__(self, samples=0):
        self.count = self.bytes = 0
        self.times = collections.Counter()
        self.samples = samples
        self.first = []

    def add(self, events):
        self.times.update(hashlib.blake2b(event, digest_size=16).digest()
                          for event in events)
        self.bytes += sum(map(len, events))
        self.count += len(events)
        if len(self.first) < self.samples:
            self.first += events[:self.samples - len(self.first)]

    def lacks(self, other):
        """How many of the other's events are not here."""
        return (other.times - self.times).total()

    def strange(self, other):
        """How many events are here that the other does not know at all."""
        return sum(n for event, n in self.times.items()
                   if event not in other.times)


class Skipped:
    """What of a folder is not put in: since the daemon leaves it out, or
    because it is no log file."""

    def __init__(self):
        self.filtered = self.unreadable = 0

    def filters(self, key):
        """As cloudtrail_folders_only has it."""
        found = re.match(
            r"(?:.*/)?AWSLogs/(?:o-[a-z0-9]+/)?\d{12}/([^/]*)", key)
        if not found or re.fullmatch(
                r"CloudTrail(-(?!Lake$)(?!.*Digest).*)?", found.group(1)):
            return False
        self.filtered += 1
        return True

    def tell_unreadable(self, path, why):
        self.unreadable += 1
        print("skipped   %s: %s" % (path, why), file=sys.stderr)

    def show(self):
        if self.filtered:
            print("left out  %d files of other services, or digests"
                  % self.filtered)
        if self.unreadable:
            print("left out  %d files that are no CloudTrail logs; their "
                  "messages would end in the dead-letter queue"
                  % self.unreadable)


def key_of(path, folder):
    """As it was in the bucket, as far as one can tell."""
    key = os.path.relpath(path, folder)
    return key if "AWSLogs/" in key else "AWSLogs/" + key


def own_files(folder, skipped):
    """(key, data, events) of the log files under a folder."""
    paths = []
    for top, _, names in os.walk(folder):
        paths += [os.path.join(top, n) for n in names
                  if n.endswith((".json.gz", ".json"))]
    if not paths:
        raise Failed("no .json.gz or .json file under %s" % folder)
    for path in sorted(paths):
        key = key_of(path, folder)
        if skipped.filters(key):
            continue
        try:
            with open(path, "rb") as file:
                data = file.read()
            plain = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
            events = slice_file(plain)
        except KeyError as error:
            skipped.tell_unreadable(path, "no %s in it" % error)
        except IndexError:
            skipped.tell_unreadable(path, "empty or cut short")
        except (ValueError, OSError, EOFError, zlib.error) as error:
            skipped.tell_unreadable(path, error)
        else:
            yield key, data, events


class Daemon:
    """The binary as a process, its log kept to be shown if it fails."""

    def __init__(self, binary, standin, **options):
        command = [binary]
        for pair in {**standin.options(), **options}.items():
            command += ["-o", "%s=%s" % pair]
        environ = {k: v for k, v in os.environ.items()
                   if not k.startswith("AWS_")}
        environ.update(standin.environ())
        self.log = []
        self.process = subprocess.Popen(
            command, env=environ, stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.decode("utf-8", "replace").rstrip())

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(EXIT_S)
        self.process.stderr.close()

    def stop(self):
        """Its exit status after SIGTERM; killed if it takes too long."""
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.reader.join(EXIT_S)
        self.process.stderr.close()
        return status


def await_change(standin, daemon, look, until, what):
    """Until until(look()) is true; something must happen all the time."""
    def alive():
        if not daemon.alive():
            raise Failed("the daemon ended by itself, with status %s"
                         % daemon.process.returncode)
        return look()

    seen = alive()
    while not until(seen):
        try:
            standin.wait(lambda: alive() != seen, STALL_S)
        except TimeoutError:
            raise Failed("nothing happened for %d s: %s" % (STALL_S, what()))
        seen = alive()


def await_arrival(standin, daemon, wanted):
    """Until all messages are deleted."""
    await_change(
        standin, daemon,
        lambda: (standin.dassana.event_count, standin.queue.size()),
        lambda seen: seen[1] == 0,
        lambda: "%d of %d events have arrived and %d messages are left in "
        "the queue" % (standin.dassana.event_count, wanted,
                       standin.queue.size()))


def fail_and_kill(standin, daemon, wanted):
    """Dassana refuses everything once it has a part of it; then the daemon is
    killed. The rest is for the next one."""
    part = 0 if wanted < 3 * BATCH else wanted // 3
    rule = standin.faults.on(
        "dassana.POST", Fault(status=503, body=b"busy"),
        where=lambda _: standin.dassana.event_count >= part)
    await_change(standin, daemon,
                 lambda: (standin.dassana.event_count, rule.hits),
                 lambda seen: seen[1] >= 2,
                 lambda: "Dassana has not failed yet")
    print("failed    Dassana's stand-in, with status 503, when it had %d "
          "events" % standin.dassana.event_count)
    daemon.kill()
    print("killed    the daemon, with SIGKILL; %d messages are in the queue"
          % standin.queue.size())
    standin.faults.off(rule)
    print("started   Dassana's stand-in is well again; another daemon goes on "
          "in %s" % VISIBILITY)


def check(standin, put_in, arrived):
    """Every event, byte for byte; some of them twice."""
    lacking, strange = arrived.lacks(put_in), arrived.strange(put_in)
    if lacking or strange:
        raise Failed(
            "events differ: %d were put in (%d bytes), %d arrived (%d bytes), "
            "%d are missing, %d were never put in"
            % (put_in.count, put_in.bytes, arrived.count, arrived.bytes,
               lacking, strange))
    problems = standin.dassana.problems + standin.errors
    problems += [e.why for e in standin.journal.all("denied")]
    if problems:
        raise Failed("the stand-in complains: %s" % problems[0])


def cut(line, width):
    text = line.decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= width else text[:width - 1] + "…"


def size(n):
    return "%.1f MB" % (n / 1e6) if n >= 1e6 else "%.1f kB" % (n / 1e3)


def account(standin, put_in, arrived, messages, seconds):
    service = standin.dassana
    plain = sum(p.plain_bytes for p in service.posts)
    body = sum(p.body_bytes for p in service.posts)
    compression = " (gzip, 1/%.1f of it)" % (plain / body) if body else ""
    width = shutil.get_terminal_size((80, 24)).columns
    print("arrived   %d events, %s of JSON, in %.1f s" % (
        arrived.count, size(plain), seconds))
    print("          %d POSTs with %s on the wire%s" % (
        len(service.posts), size(body), compression))
    print("three of them:")
    for line in arrived.first:
        print("  " + cut(line, width - 2))
    print("checked   all %d events of the files are there, byte for byte; %d "
          "came twice" % (put_in.count, arrived.count - put_in.count))
    print("queue     empty: each of the %d messages was deleted after its "
          "events were taken" % messages)


def put_files(standin, files):
    """Their events, and how many files that were."""
    put_in, number, packed = Account(), 0, 0
    for key, data, events in files:
        standin.put(key, data)
        put_in.add(events)
        number += 1
        packed += len(data)
    if number == 0:
        raise Failed("not one log file to put in")
    print("put in    %d log files, %s, %d events; one notification each" % (
        number, size(packed), put_in.count))
    return put_in, number


def pause(address):
    try:
        print("running   http://%s/ shows it; Ctrl-C ends it" % address,
              flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        print()


def run(standin, binary, options, put_in, number):
    """Two daemons, the first of which is killed; the second one's status."""
    arrived = Account(samples=3)
    standin.dassana.taken = arrived.add
    began = time.monotonic()
    daemon = Daemon(binary, standin, **options)
    try:
        fail_and_kill(standin, daemon, put_in.count)
        daemon = Daemon(binary, standin, **options)
        await_arrival(standin, daemon, put_in.count)
        seconds = time.monotonic() - began
        check(standin, put_in, arrived)
        account(standin, put_in, arrived, number, seconds)
        if os.environ.get("DEMO_PAUSE"):
            pause(options["admin_listen"])
    except BaseException:
        if daemon.alive():
            daemon.stop()
        sys.stderr.write("".join(
            "  | %s\n" % line for line in daemon.log[-20:]))
        raise
    standin.queue.end_polls()
    return daemon.stop()


def show(binary, files, skipped):
    with Standin(keep=10_000) as standin, own_port() as site:
        standin.dassana.keep_events = False
        put_in, number = put_files(standin, files)
        skipped.show()
        status = run(standin, binary, {
            "visibility_timeout": VISIBILITY, "batch_max_delay": "50ms",
            "batch_max_events": max(BATCH, put_in.count // 20),
            "admin_listen": "127.0.0.1:%d" % site.getsockname()[1]}, put_in,
            number)
        if status != 0:
            raise Failed("after SIGTERM the daemon's status was %s" % status)
        print("stopped   SIGTERM, exit status 0")


def main():
    binary = os.environ.get("TRAILPOST",
                            os.path.join(ROOT, "build", "trailpost"))
    try:
        if not os.access(binary, os.X_OK):
            raise Failed("there is no %s: build it first, with make"
                         % os.path.relpath(binary))
        folder = os.environ.get("LOGS")
        skipped = Skipped()
        show(binary, own_files(folder, skipped) if folder
             else make_samples.samples(), skipped)
    except Failed as failed:
        print("demo: %s" % failed, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
