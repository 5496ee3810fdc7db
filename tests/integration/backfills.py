"""A bucket with a past, and `trailpost backfill` as a process."""

import json
import os
import re
import signal
import subprocess
import threading
import time

from jobs import make_file
from process import BINARY, bare_environ
from standin import Fault

ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("eu-west-1", "us-east-1")
IDENTITY = b"""<GetCallerIdentityResponse><GetCallerIdentityResult>
<Arn>arn:aws:iam::111122223333:user/backfill</Arn><UserId>AIDAEXAMPLE</UserId>
<Account>111122223333</Account></GetCallerIdentityResult>
</GetCallerIdentityResponse>"""


def key_of(day, number, account=ACCOUNTS[0], region=REGIONS[1],
           family="CloudTrail", month="2026/01", prefix="", end=".json.gz",
           clock="1200"):
    return "%sAWSLogs/%s/%s/%s/%s/%02d/%s_%s_%s_%s%02dT%sZ_%06d%s" % (
        prefix, account, family, region, month, day,
        account.rpartition("/")[2], family, region, month.replace("/", ""),
        day, clock, number, end)


def spread(count, days=5):
    """Keys over accounts, regions and days."""
    return [key_of(1 + i % days, i, ACCOUNTS[i // days % 2],
                   REGIONS[i // days // 2 % 2]) for i in range(count)]


def put_all(standin, keys, data=None, bucket="trail-logs"):
    if data is None:
        _, data, _ = make_file(1)
    for key in keys:
        standin.s3.put(bucket, key, data)


def told(body):
    """(key, size, etag) of each object that a message names, as any consumer
    reads them."""
    from urllib.parse import unquote_plus
    for record in json.loads(body)["Records"]:
        assert record["eventSource"] == "aws:s3"
        assert record["eventName"] == "ObjectCreated:Put"
        thing = record["s3"]["object"]
        assert set(thing) == {"key", "size", "eTag"}
        yield unquote_plus(thing["key"]), thing["size"], thing["eTag"]


def announced(bodies):
    return [key for body in bodies for key, _, _ in told(body)]


class Done:
    def __init__(self, status, out, err, maxrss_kb=None):
        self.status = status
        self.out = out
        self.err = err
        self.maxrss_kb = maxrss_kb
        self.json = json.loads(out) if out.startswith("{") else None

    def step(self, name):
        """(mark, text with its advice) of one step."""
        lines = self.err.splitlines()
        for at, line in enumerate(lines):
            if line[2:].startswith(name + " "):
                advice = lines[at + 1] if "→" in "".join(
                    lines[at + 1:at + 2]) else ""
                return line[0], line[2 + len(name):].strip() + advice
        return None, ""


class Fill:
    """trailpost backfill, against services at `env` and `settings`."""

    def __init__(self, home, settings, env):
        self.home = home
        self.env = {**bare_environ(home), **env}
        self.settings = settings

    def command(self, *args):
        command = [BINARY]
        for pair in self.settings.items():
            command += ["-o", "%s=%s" % pair]
        return [*command, "backfill", *args]

    def start(self, *args, **more):
        return subprocess.Popen(
            self.command(*args), env=self.env, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **more)

    def run(self, *args, timeout=60):
        process = self.start(*args)
        return self.finish(process, timeout)

    @staticmethod
    def finish(process, timeout=60):
        out, err = process.communicate(timeout=timeout)
        return Done(process.returncode, out, err)

    def measured(self, *args, timeout=60):
        """The same, with its peak of memory (kB) and its time (s)."""
        process = self.start(*args)
        began = time.monotonic()
        peak = [0]
        watcher = threading.Thread(target=watch_memory, args=(process, peak))
        watcher.start()
        done = self.finish(process, timeout)
        seconds = time.monotonic() - began
        watcher.join()
        done.maxrss_kb = peak[0]
        return done, seconds


def watch_memory(process, peak):
    """What the kernel says of its peak, as long as there is one: what wait4
    tells counts the process that it was forked from."""
    path = "/proc/%d/" % process.pid
    while process.returncode is None:
        try:
            if os.readlink(path + "exe") == os.path.realpath(BINARY):
                with open(path + "status", encoding="ascii") as file:
                    found = re.search(r"VmHWM:\s+(\d+)", file.read())
                peak[0] = max(peak[0], int(found.group(1)) if found else 0)
        except OSError:
            return
        time.sleep(0.01)


def of_standin(standin, home):
    standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))
    settings = {k: v for k, v in standin.options().items()
                if not k.startswith("dassana")}
    return Fill(home, settings, standin.environ())


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=20)
