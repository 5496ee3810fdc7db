#!/usr/bin/env python3
"""Speed and memory of the daemon, as a table (`make bench`).

Everything is measured in one run on one machine: the daemon on the first core,
the servers on the second, and beside it the floor (floor.c), which does the
same work in one bare loop. Compare the ratios; the times are this machine's.

With --baseline the same is measured of another program, that of the release
before, by turns with this one.
"""

import argparse
import gzip
import http.server
import json
import math
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "samples"))

import make_samples  # noqa: E402
import peers  # noqa: E402

MB = 1e6
MIB = 1 << 20
TICK = os.sysconf("SC_CLK_TCK")


class Daemon:
    running = []

    def __init__(self, binary, p, **settings):
        conf = {
            "queue_url": p.queue_url, "region": "us-east-1",
            "dassana_token": "bench-token", "s3_path_style": "yes",
            # Its stand-in counts nothing.
            "verify_doc_count": "no",
            "endpoint_url_sqs": "http://127.0.0.1:%d" % p.ports["queue"],
            "endpoint_url_s3": "http://127.0.0.1:%d" % p.ports["plain"],
            "dassana_endpoint":
                "http://127.0.0.1:%d/ingest" % p.ports["plain"],
            **settings}
        argv = ["taskset", "-c", "0", binary]
        for key, value in conf.items():
            argv += ["-o", "%s=%s" % (key, value)]
        self.log = open(p.dir / "daemon.log", "ab")
        self.process = subprocess.Popen(argv, stderr=self.log, env={
            "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
            "PATH": os.environ["PATH"]})
        self.running.append(self)

    def proc(self, name):
        return pathlib.Path("/proc/%d/%s" % (self.process.pid, name))

    def cpu_s(self):
        fields = self.proc("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_mib(self, name="VmHWM"):
        for line in self.proc("status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024 / MIB
        raise SystemExit("bench: the daemon has gone, see its log")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(30)
        self.log.close()
        self.running.remove(self)
        if code != 0:
            raise SystemExit("bench: the daemon's exit status is %d" % code)


def metrics(port):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port,
                                timeout=10) as reply:
        return reply.read().decode()


def metric(port, name):
    for line in metrics(port).splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise SystemExit("bench: no metric %s" % name)


def run(binary, p, keys, limit_s=300, look=None, **settings):
    """Ships the objects; wall and CPU seconds and peak memory. look() is called
    before its end."""
    p.new_queue()
    p.announce(keys)
    begin = time.monotonic()
    d = Daemon(binary, p, shutdown_timeout="6s", **settings)
    while p.left() > 0:
        if d.process.poll() is not None or time.monotonic() - begin > limit_s:
            raise SystemExit("bench: not done, see %s" % d.log.name)
        time.sleep(0.02)
    wall = time.monotonic() - begin
    result = wall, d.cpu_s(), d.memory_mib()
    if look is not None:
        look()
    d.stop()
    return result


def make_large(p, count, size):
    """Objects of `size` bytes of JSON; returns their keys and JSON bytes."""
    rng = random.Random(7)
    keys, total = [], 0
    for number in range(count):
        events, length = [], 0
        pool = [make_samples.encode(rng, make_samples.event(
            rng, "111122223333", "us-east-1")).encode() for _ in range(800)]
        while length < size:
            e = rng.choice(pool)
            events.append(e)
            length += len(e) + 1
        text = b'{"Records":[%s]}' % b",".join(events)
        key = "large%d.json.gz" % number
        (p.dir / "www/bench" / key).write_bytes(gzip.compress(text, 6))
        keys.append(key)
        total += len(text)
    return keys, total


def make_small(p, count, different=50):
    rng = random.Random(8)
    packed = [make_samples.pack(make_samples.log_file(rng, 10)[0])
              for _ in range(different)]
    keys = ["small%d.json.gz" % n for n in range(count)]
    for number, key in enumerate(keys):
        (p.dir / "www/bench" / key).write_bytes(packed[number % different])
    return keys


def make_huge(p, size):
    """One object of `size` bytes of JSON: gzip members one after another, so
    that making it does not take longer than reading it."""
    rng = random.Random(9)
    events = make_samples.log_file(rng, 8000)[1]
    member = gzip.compress(b",".join(events) + b",", 6)
    per = sum(map(len, events)) + len(events)
    path = p.dir / "www/bench/huge.json.gz"
    with open(path, "wb") as f:
        f.write(gzip.compress(b'{"Records":['))
        for _ in range(size // per):
            f.write(member)
        f.write(gzip.compress(events[0] + b"]}"))
    return ["huge.json.gz"], (size // per) * per


class Table:
    def __init__(self):
        self.missed = 0
        print("%-58s %12s %12s" % ("", "measured", "aim"))

    def row(self, what, value, aim=None, unit="", upper=True):
        mark = ""
        if aim is not None and (value > aim if upper else value < aim):
            mark = "  MISSED"
            self.missed += 1
        aim_text = "" if aim is None else "%s %g %s" % (
            "<=" if upper else ">=", aim, unit)
        print("%-58s %12s %12s%s" % (
            what, "%.4g %s" % (value, unit), aim_text, mark), flush=True)


def floor(binary, p, keys):
    out = subprocess.run(
        ["taskset", "-c", "0", binary, *(str(p.dir / "www/bench" / k)
                                         for k in keys)],
        check=True, capture_output=True).stdout
    return json.loads(out)


ROUNDS = 5


def times_baseline(t, what, a, p, keys, cpu_aim, wall_aim=None):
    """The medians of runs by turns."""
    taken = {a.bin: [], a.baseline: []}
    for _ in range(ROUNDS):
        for binary, runs in taken.items():
            runs.append(run(binary, p, keys))
    wall, cpu = ([statistics.median(r[n] for r in taken[binary])
                  for binary in (a.bin, a.baseline)] for n in (0, 1))
    t.row(what + ": CPU, times the baseline's", cpu[0] / cpu[1], cpu_aim, "x")
    t.row(what + ": times as fast as the baseline", wall[1] / wall[0],
          wall_aim, "x", upper=False)


def large(t, binary, floor_bin, p, count):
    keys, total = make_large(p, count, 10 * MB)
    f = floor(floor_bin, p, keys)
    per_gb = f["cpu_s"] / total * 1e9
    t.row("floor, CPU seconds per GB of JSON", per_gb, unit="s")
    tls = "https://127.0.0.1:%d" % p.ports["tls"]
    taken = {}
    for name, more in (
            ("large objects", {}),
            ("large objects over verified TLS", {
                "ca_file": p.dir / "bundle.pem", "endpoint_url_s3": tls,
                "endpoint_url_sqs": tls, "dassana_endpoint": tls + "/ingest"}),
            ("large objects, Dassana answers after 2 s", {
                "dassana_endpoint":
                    "http://127.0.0.1:%d/ingest" % p.slow(2000)})):
        wall, cpu, rss = run(binary, p, keys, **more)
        plain = not more
        taken[name] = cpu
        t.row(name + ": CPU, times the floor", cpu / total * 1e9 / per_gb,
              1.2 if plain else None, "x")
        t.row(name + ": MB of JSON a second", total / MB / wall, unit="MB/s")
        t.row(name + ": peak RSS", rss, 32, "MiB")
    t.row("large objects over verified TLS: CPU, times plain",
          taken["large objects over verified TLS"] / taken["large objects"],
          1.05, "x")
    rules(t, binary, p, keys)


# Whose fields are in each record, and that leave nothing out: the worst case.
TWO_RULES = ("eventSource=*.amazonaws.com eventName=Nothing,NoKey*\n"
             "readOnly=true,false userIdentity.type=Nobody*")


def rules(t, binary, p, keys):
    """The medians of runs by turns."""
    cpu = {"": [], TWO_RULES: []}
    for _ in range(ROUNDS):
        for text, runs in cpu.items():
            runs.append(run(binary, p, keys, event_exclude=text)[1])
    t.row("large objects, two rules: CPU, times that without",
          statistics.median(cpu[TWO_RULES]) / statistics.median(cpu[""]),
          1.15, "x")


def gzip_levels(t, binary, p, count):
    """Of events that are all different, as far as those of make_samples are."""
    keys, total = make_large(p, count, 10 * MB)
    port = peers.free_port()
    cpu = {}
    for level in (1, 6):
        sent = []
        _, cpu[level], _ = run(
            binary, p, keys, look=lambda: sent.append(metric(
                port, "trailpost_delivered_body_bytes_total")),
            gzip_level=level, admin_listen="127.0.0.1:%d" % port)
        t.row("gzip_level = %d: events sent, times smaller" % level,
              total / sent[0], unit="x")
    t.row("gzip_level = 6: CPU, times that of 1", cpu[6] / cpu[1], unit="x")


def small(t, binary, p, count):
    keys = make_small(p, count)
    wall, cpu, rss = run(binary, p, keys)
    t.row("small objects: objects a second", len(keys) / wall, 2000, "/s",
          upper=False)
    t.row("small objects: objects a CPU second", len(keys) / cpu, unit="/s")
    t.row("small objects: peak RSS", rss, 32, "MiB")
    port = p.slow(50, p.dir / "www/bench" / keys[0])
    keys = keys[:count // 3]
    wall, cpu, rss = run(binary, p, keys,
                         endpoint_url_s3="http://127.0.0.1:%d" % port)
    t.row("small objects, 50 ms more a GET: objects a second",
          len(keys) / wall, 1000, "/s", upper=False)
    t.row("small objects, 50 ms more a GET: peak RSS", rss, 32, "MiB")
    keys = keys[:count // 6]
    wall, cpu, rss = run(
        binary, p, keys,
        endpoint_url_sqs="http://127.0.0.1:%d" % p.far_queue(200))
    t.row("small objects, 200 ms more to SQS: objects a second",
          len(keys) / wall, 300, "/s", upper=False)


def run_many(binary, p, keys, processes, **settings):
    """The same by so many processes at once: wall and CPU seconds, and how
    many objects they delivered."""
    p.new_queue()
    p.announce(keys)
    ports = [peers.free_port() for _ in range(processes)]
    begin = time.monotonic()
    all_of_them = [
        Daemon(binary, p, shutdown_timeout="6s",
               admin_listen="127.0.0.1:%d" % port, **settings)
        for port in ports]
    while p.left() > 0:
        if time.monotonic() - begin > 300:
            raise SystemExit("bench: not done")
        time.sleep(0.02)
    wall = time.monotonic() - begin
    cpu = sum(d.cpu_s() for d in all_of_them)
    objects = sum(metric(port, "trailpost_objects_delivered_total")
                  for port in ports)
    for d in all_of_them:
        d.stop()
    return wall, cpu, objects


def two(t, binary, p, count):
    """So few GETs at once that the servers are not the limit."""
    keys = make_small(p, count)
    port = p.slow(50, p.dir / "www/bench" / keys[0])
    taken = {n: [run_many(binary, p, keys, n, s3_concurrency=16,
                          endpoint_url_s3="http://127.0.0.1:%d" % port)
                 for _ in range(3)] for n in (1, 2)}
    wall, cpu = ([statistics.median(r[i] for r in taken[n]) for n in (1, 2)]
                 for i in (0, 1))
    t.row("two processes, 50 ms more a GET: times as fast as one",
          wall[0] / wall[1], 1.9, "x", upper=False)
    t.row("two processes, 50 ms more a GET: CPU, times one's",
          cpu[1] / cpu[0], 1.05, "x")
    t.row("two processes: times that an object was delivered",
          max(r[2] for r in taken[2]) / len(keys), 1, "x")


class Taker(http.server.BaseHTTPRequestHandler):
    """Dassana, who notes when she took something."""

    protocol_version = "HTTP/1.1"
    taken = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, reply = self.answer(body)
        reply = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def answer(self, body):
        self.taken.append(time.monotonic())
        lines = gzip.decompress(body).count(b"\n")
        return 200, {"success": True, "docCount": lines}

    def log_message(self, *args):
        pass


def lag(t, binary, p, seconds):
    """From sending the notification until Dassana has taken the events, a file
    a second."""
    keys = make_small(p, seconds + 1)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    p.new_queue()
    d = Daemon(binary, p, shutdown_timeout="6s",
               dassana_endpoint="http://127.0.0.1:%d" % server.server_port)
    p.announce(keys[:1])
    while p.left() > 0:
        time.sleep(0.02)
    lags = []
    for key in keys[1:]:
        time.sleep(1)
        before, begin = len(Taker.taken), time.monotonic()
        p.announce([key])
        while len(Taker.taken) == before:
            if time.monotonic() - begin > 10:
                raise SystemExit("bench: a file was not delivered")
            time.sleep(0.001)
        lags.append((Taker.taken[before] - begin) * 1000)
    d.stop()
    server.shutdown()
    lags.sort()
    t.row("lag, a file a second: half of them within",
          lags[len(lags) // 2], unit="ms")
    t.row("lag, a file a second: 99 of 100 within",
          lags[-1 - len(lags) // 100], 100, "ms")


def huge(t, binary, p, size):
    keys, total = make_huge(p, size)
    wall, cpu, rss = run(binary, p, keys)
    t.row("one object of %.1f GB of JSON: MB a second" % (total / 1e9),
          total / MB / wall, unit="MB/s")
    t.row("one object of %.1f GB of JSON: peak RSS" % (total / 1e9), rss, 32,
          "MiB")


class Refuser(Taker):
    """Refuses whatever holds one event, whose place is BAD."""

    taken, refused, before = [], [], {}
    BAD = b'"eventName":"Refused"'

    def answer(self, body):
        lines = gzip.decompress(body)
        if self.BAD in lines:
            Refuser.before = self.before or turns(self.port)
            self.refused.append(len(lines))
            return 400, {"success": False}
        self.taken.append(len(lines))
        return 200, {"success": True, "docCount": lines.count(b"\n")}


def turns(port):
    """How many turns of the loop took so many ms at most, {bound: turns}."""
    found = re.findall(
        r'^trailpost_loop_turn_seconds_bucket\{le="(.+)"\} (\d+)$',
        metrics(port), re.M)
    return {float(le) * 1000: int(n) for le, n in found}


def make_refused(p, size):
    """Large objects, in one of which is one event that is refused."""
    keys, total = make_large(p, size // (10 * MIB), 10 * MB)
    path = p.dir / "www/bench" / keys[len(keys) // 2]
    text = gzip.decompress(path.read_bytes())
    at = text.index(b'"eventName":"', len(text) // 2)
    end = text.index(b",", at)
    path.write_bytes(gzip.compress(text[:at] + Refuser.BAD + text[end:], 6))
    return keys, total


def longest_turn(binary, p, keys, total, size):
    """Of those since the first refusal, in ms."""
    Refuser.taken, Refuser.before = [], {}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuser)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Refuser.port, begin = peers.free_port(), time.monotonic()
    p.new_queue()
    p.announce(keys)
    d = Daemon(binary, p, shutdown_timeout="6s", batch_max_bytes="%dB" % size,
               batch_max_events=1000000, batch_max_delay="20s",
               admin_listen="127.0.0.1:%d" % Refuser.port,
               dassana_endpoint="http://127.0.0.1:%d" % server.server_port)
    while p.left() > 1 or sum(Refuser.taken) < 0.9 * total:
        if d.process.poll() is not None or time.monotonic() - begin > 60:
            raise SystemExit("bench: not done, see %s" % d.log.name)
        time.sleep(0.02)
    taken = {le: n - Refuser.before[le]
             for le, n in turns(Refuser.port).items()}
    d.stop()
    server.shutdown()
    return min(le for le, n in taken.items() if n == taken[math.inf])


def split(t, binary, p, size):
    """A batch as large as may be, of which one event is refused: how long
    making its parts holds the loop. The best of some runs, since whatever else
    runs here only makes a turn longer."""
    keys, total = make_refused(p, size)
    ms = min(longest_turn(binary, p, keys, total, size) for _ in range(ROUNDS))
    t.row("a refused event in a batch of %d MiB: its longest turn of the loop, "
          "at most" % (max(Refuser.refused) // MIB), ms, 20, "ms")


def idle(t, binary, p, seconds):
    p.new_queue()
    d = Daemon(binary, p, shutdown_timeout="6s")
    time.sleep(2)
    before = d.cpu_s()
    time.sleep(seconds)
    t.row("idle: CPU, per cent of a core",
          (d.cpu_s() - before) / seconds * 100, 0.1, "%")
    t.row("idle: RSS", d.memory_mib("VmRSS"), 12, "MiB")
    d.stop()
    text = (p.dir / "daemon.log").read_text().splitlines()
    for line in reversed(text):
        if " receives=" in line:
            n = int(line.partition(" receives=")[2].split()[0])
            t.row("idle: SQS receives a minute", n / (seconds + 2) * 60, 3.5,
                  "/min")
            return


def main():
    a = argparse.ArgumentParser()
    a.add_argument("--bin", required=True)
    a.add_argument("--floor", required=True)
    a.add_argument("--baseline", help="the program of the release before")
    a.add_argument("--npm", required=True, help="where fauxqs is installed")
    a.add_argument("--quick", action="store_true", help="a tenth of it")
    a.add_argument("--only", default="large,gzip,small,two,lag,huge,split,idle")
    a = a.parse_args()
    scale = 10 if a.quick else 1
    with tempfile.TemporaryDirectory(prefix="trailpost-bench-") as work:
        p = peers.Peers(work, os.path.abspath(a.npm))
        try:
            p.start()
            t = Table()
            if "large" in a.only:
                large(t, a.bin, a.floor, p, 40 // scale)
                if a.baseline:
                    keys, _ = make_large(p, 20 // scale, 10 * MB)
                    times_baseline(t, "large objects", a, p, keys, 0.5)
            if "gzip" in a.only:
                gzip_levels(t, a.bin, p, 20 // scale)
            if "small" in a.only:
                small(t, a.bin, p, 12000 // scale)
                if a.baseline:
                    keys = make_small(p, 6000 // scale)
                    times_baseline(t, "small objects", a, p, keys, 0.55, 1.8)
            if "two" in a.only:
                two(t, a.bin, p, 6000 // scale)
            if "lag" in a.only:
                lag(t, a.bin, p, 100 // scale)
            if "huge" in a.only:
                huge(t, a.bin, p, 2 * 10 ** 9 // scale)
            if "split" in a.only:
                split(t, a.bin, p, 256 * MIB // scale)
            if "idle" in a.only:
                idle(t, a.bin, p, 120 // scale)
        except SystemExit:
            if (p.dir / "daemon.log").exists():
                log = (p.dir / "daemon.log").read_text()
                sys.stderr.write(log[-3000:])
            raise
        finally:
            for d in Daemon.running:
                d.process.kill()
            p.stop()
    print("%d aims missed" % t.missed)


if __name__ == "__main__":
    main()
