#!/usr/bin/env python3
"""The demo: the real daemon against stand-ins for AWS and Dassana.

Log files go into a bucket, their notifications into a queue; the daemon does
the rest as a process of its own. What arrives is compared with what was put
in, byte by byte. LOGS=DIR uses the .json.gz files of a folder.
"""

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(HERE), "samples")]

import make_samples  # noqa: E402
from slices import slice_file  # noqa: E402
from standin import Standin  # noqa: E402

ARRIVE_S = 20
EXIT_S = 5


class Failed(Exception):
    pass


def own_files(folder):
    """(key, data, events) of the .json.gz files under a folder."""
    found = []
    for top, _, names in os.walk(folder):
        found += [os.path.join(top, n) for n in names
                  if n.endswith(".json.gz")]
    if not found:
        raise Failed("no .json.gz file under %s" % folder)
    for path in sorted(found):
        with open(path, "rb") as file:
            data = file.read()
        key = "AWSLogs/" + os.path.relpath(path, folder)
        try:
            yield key, data, slice_file(gzip.decompress(data))
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise Failed("%s is no CloudTrail log: %s" % (path, error))


class Daemon:
    """The binary as a process, its log kept to be shown if it fails."""

    def __init__(self, binary, standin):
        command = [binary]
        for pair in standin.options().items():
            command += ["-o", "%s=%s" % pair]
        environ = {k: v for k, v in os.environ.items()
                   if not k.startswith("AWS_")}
        environ.update(standin.environ())
        self.log = []
        self.process = subprocess.Popen(
            command, env=environ, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line.decode("utf-8", "replace").rstrip())

    def alive(self):
        return self.process.poll() is None

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


def await_arrival(standin, daemon, wanted):
    """Until all events are there and all messages deleted."""
    def settled():
        if not daemon.alive():
            raise Failed("the daemon ended by itself, with status %s"
                         % daemon.process.returncode)
        return (standin.dassana.event_count >= wanted
                and standin.queue.empty())
    try:
        standin.wait(settled, ARRIVE_S)
    except TimeoutError:
        visible, in_flight = standin.queue.counts()
        raise Failed(
            "after %d s %d of %d events had arrived and %d messages were left "
            "in the queue" % (ARRIVE_S, standin.dassana.event_count, wanted,
                              visible + in_flight))


def check(standin, files):
    """Every event once, byte for byte."""
    put_in = sorted(e for _, _, events in files for e in events)
    arrived = sorted(standin.dassana.events())
    if put_in != arrived:
        missing = set(put_in) - set(arrived)
        raise Failed(
            "events differ: %d were put in, %d arrived, %d of them are "
            "missing or changed" % (len(put_in), len(arrived), len(missing)))
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


def account(standin, files, seconds):
    service = standin.dassana
    plain = sum(p.plain_bytes for p in service.posts)
    body = sum(p.body_bytes for p in service.posts)
    compression = " (gzip, 1/%.1f of it)" % (plain / body) if body else ""
    width = shutil.get_terminal_size((80, 24)).columns
    print("arrived   %d events, %s of JSON, in %.1f s" % (
        service.event_count, size(plain), seconds))
    print("          %d POSTs with %s on the wire%s" % (
        len(service.posts), size(body), compression))
    print("three of them:")
    for line in service.events()[:3]:
        print("  " + cut(line, width - 2))
    print("checked   all %d events are byte-identical to what the files hold"
          % sum(len(events) for _, _, events in files))
    print("queue     empty: each of the %d messages was deleted after its "
          "events were taken" % len(standin.journal.all(
              "sqs.delete", deleted=True)))


def show(binary, files):
    wanted = sum(len(events) for _, _, events in files)
    with Standin() as standin:
        for key, data, _ in files:
            standin.put(key, data)
        print("put in    %d log files, %s gzip, %d events; one notification "
              "each" % (len(files), size(sum(len(d) for _, d, _ in files)),
                        wanted))
        began = time.monotonic()
        daemon = Daemon(binary, standin)
        try:
            await_arrival(standin, daemon, wanted)
            seconds = time.monotonic() - began
            check(standin, files)
            account(standin, files, seconds)
        except BaseException:
            daemon.stop()
            sys.stderr.write("".join(
                "  | %s\n" % line for line in daemon.log[-20:]))
            raise
        standin.queue.end_polls()
        status = daemon.stop()
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
        files = list(own_files(folder) if folder else make_samples.samples())
        show(binary, files)
    except Failed as failed:
        print("demo: %s" % failed, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
