"""That the present does not wait for the past: minutes, since what SQS says of a
queue is taken for a minute old. And a bucket of 100,000 keys that is not ours."""

import contextlib
import math
import os
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(os.path.dirname(HERE), "integration"),
             os.path.join(os.path.dirname(HERE), "peers")]

import boto3  # noqa: E402
from backfills import Fill, announced, of_standin, spread  # noqa: E402
from botocore.config import Config  # noqa: E402
from jobs import make_file  # noqa: E402
from process import Daemon, sanitized  # noqa: E402
from components import PEERS  # noqa: E402
from standin import Standin, shapes  # noqa: E402
from test_swift import swift  # noqa: E402

__all__ = ["swift"]  # a fixture

OBJECTS = 5000  # that may wait: 200 messages


@pytest.fixture
def running(standin, tmp_path):
    made = Daemon(standin.journal, tmp_path)
    made.start({**standin.options(), "batch_max_delay": "100ms"},
               standin.environ(), args=())
    try:
        yield made
    finally:
        standin.queue.end_polls()
        made.stop()


def drain(standin, daemon, count, seconds=120):
    """Objects a second, of a queue that is full of them."""
    _, data, _ = make_file(1)
    keys = ["AWSLogs/rate/%d.json.gz" % i for i in range(count)]
    for key in keys:
        standin.s3.put("trail-logs", key, data)
    before = standin.dassana.event_count
    for at in range(0, count, 25):
        standin.queue.send(shapes.s3_event("trail-logs", *keys[at:at + 25]))
    began = time.monotonic()
    daemon.wait_for(lambda: standin.dassana.event_count >= before + count
                    and standin.queue.empty(), seconds)
    return count / (time.monotonic() - began)


class Live:
    """A file every now and then, and how long each takes."""

    def __init__(self, standin, daemon):
        self.standin = standin
        self.daemon = daemon
        self.lags = []

    def one(self, number):
        key, data, events = make_file(1, 10_000 + number)
        self.standin.put(key, data)
        began = time.monotonic()
        self.daemon.wait_for(
            lambda: self.standin.dassana.events().count(events[0]) > 0, 120)
        self.lags.append(time.monotonic() - began)

    def p99(self):
        return sorted(self.lags)[math.ceil(len(self.lags) * 0.99) - 1]


def test_the_present_does_not_wait_for_the_past(standin, running, tmp_path):
    _, data, _ = make_file(1, 1)
    wanted = spread(2 * OBJECTS, days=28)
    for key in wanted:
        standin.s3.put("trail-logs", key, data)
    rate = drain(standin, running, OBJECTS)
    live = Live(standin, running)
    process = of_standin(standin, tmp_path).start(
        "s3://trail-logs", "--from", "2026-01-01", "--to", "2026-02-01",
        "--yes")
    number = 0
    while process.poll() is None:
        live.one(number)
        number += 1
        # Not as fast as it goes: then each would be alone in the queue.
        time.sleep(0.2)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    sent = announced(e.body for e in standin.journal.all("sqs.sent"))
    assert sent == sorted(wanted)
    print("%d objects a second, %d files meanwhile, p99 of their lag %.2f s"
          % (rate, len(live.lags), live.p99()))
    assert len(live.lags) > 50
    assert live.p99() <= 2 * OBJECTS / rate


MANY = 100_000


def dry_run(fill, bucket):
    """Counts the keys that are there; how fast, and with how much memory."""
    done, seconds = fill.measured(
        "s3://" + bucket, "--from", "2026-01-01", "--to", "2026-02-01",
        "--dry-run", "--json", timeout=300)
    assert done.status == 0, done.err
    assert done.json["listed"]["to_send"]["objects"] == MANY
    assert done.maxrss_kb <= 16 * 1024
    print("%.0f keys a second, %.1f MiB"
          % (MANY / seconds, done.maxrss_kb / 1024))


# Put into moto from inside: over HTTP it would take a quarter of an hour.
FULL_BUCKET = """
import signal, sys
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from moto.sqs.models import sqs_backends
server = ThreadedMotoServer("127.0.0.1", 0)
server.start()
s3 = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
s3.create_bucket("trail-logs", "us-east-1")
for line in sys.stdin:
    s3.put_object("trail-logs", line.strip(), b"x")
sqs_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].create_queue("trail")
print("at", server.get_host_and_port()[1], DEFAULT_ACCOUNT_ID, flush=True)
signal.pause()
"""


@contextlib.contextmanager
def full_moto(keys):
    """Its address and the URL of its queue."""
    python = os.path.join(PEERS, "venv", "bin", "python")
    if not os.path.exists(python):
        pytest.skip("moto is not installed (tests/peers/install.sh)")
    process = subprocess.Popen(
        [python, "-W", "ignore", "-c", FULL_BUCKET], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        process.stdin.write("\n".join(keys))
        process.stdin.close()
        # The server has words of its own.
        told = next(line for line in process.stdout if line.startswith("at "))
        _, port, account = told.split()
        url = "http://127.0.0.1:" + port
        yield url, "%s/%s/trail" % (url, account)
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(sanitized(), reason="measures the program as it is built")
def test_a_bucket_of_moto_with_100_000_keys(tmp_path):
    with full_moto(spread(MANY, days=28)) as (url, queue):
        fill = Fill(tmp_path, {"queue_url": queue, "region": "us-east-1"}, {
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret-of-nobody",
            "AWS_ENDPOINT_URL": url})
        dry_run(fill, "trail-logs")


# The same for Swift, whose list of what a bucket holds is a file.
FULL_LIST = """
import os, sys, time
from swift.container.backend import ContainerBroker
_, home, bucket = sys.argv
found = [os.path.join(folder, file) for folder, _, files in os.walk(home)
         for file in files if file.endswith(".db")
         and "/containers/" in folder]
broker = next(b for b in map(ContainerBroker, found)
              if b.get_info()["container"] == bucket)
broker.merge_items([
    {"name": line.strip(), "created_at": "%.5f" % time.time(), "size": 1,
     "content_type": "application/gzip", "etag": "0" * 32, "deleted": 0,
     "storage_policy_index": 0} for line in sys.stdin])
"""


@pytest.mark.skipif(sanitized(), reason="measures the program as it is built")
def test_a_bucket_of_swift_with_100_000_keys(swift, tmp_path):
    """Put into its list, which is all that a listing reads."""
    client = boto3.client(
        "s3", endpoint_url=swift.url, region_name="us-east-1",
        aws_access_key_id=swift.KEY_ID, aws_secret_access_key=swift.SECRET,
        config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="swift-full")
    wanted = sorted(spread(MANY, days=28))
    subprocess.run(
        ["/usr/bin/python3", "-W", "ignore", "-c", FULL_LIST, swift.folder,
         "swift-full"], input="\n".join(wanted), text=True, check=True)
    # The one that is read to try.
    client.put_object(Bucket="swift-full", Key=wanted[0], Body=b"x")
    with Standin(session_token=False) as queue:
        queue.KEY_ID, queue.secret = swift.KEY_ID, swift.SECRET
        queue.verifier.keys = {swift.KEY_ID: (swift.SECRET, None)}
        settings = {k: v for k, v in queue.options().items()
                    if not k.startswith("dassana")}
        dry_run(Fill(tmp_path, settings, {
            **queue.environ(), "AWS_ENDPOINT_URL_S3": swift.url}), "swift-full")
