"""Objects and servers that mean harm: bounded memory, a counted error, and
all other objects arrive."""

import gzip
import shutil
import subprocess
import time
import zlib

import pytest
from admin import LISTEN, Admin
from process import sanitized
from standin import Fault, shapes
from trail import Trail, final_stats

MIB = 1 << 20
PEAK_KB = 80 * 1024
BAD = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/bad.json.gz"


@pytest.fixture
def trail(standin):
    return Trail(standin)


def pieces(*parts):
    """gzip of (bytes, how often) one after another, never whole in memory."""
    deflate = zlib.compressobj(9, wbits=31)
    made = []
    for data, times in parts:
        step = max(1, MIB // len(data))
        while times > 0:
            made.append(deflate.compress(data * min(step, times)))
            times -= step
    return b"".join(made) + deflate.flush()


def put_bad(standin, data, key=BAD):
    standin.s3.put(standin.BUCKET, key, data)
    return standin.queue.send(shapes.s3_event(standin.BUCKET, key,
                                              size=len(data)))


def peak_kb(running):
    """The most that was ever resident: VmHWM."""
    with open("/proc/%d/status" % running.process.pid,
              encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise AssertionError("no VmHWM")


RECORD = b'{"eventName":"x","pad":"' + b"A" * 1000 + b'"}'
LEFT_OUT = {
    "a record of 40 MB": lambda: pieces(
        (b'{"Records":[{"a":"', 1), (b"x", 40 * MIB), (b'"},{}]}', 1)),
    "a record of 40 MB in small values": lambda: pieces(
        (b'{"Records":[{"a":[0', 1), (b",1234567", 5 * MIB),
        (b"]},{}]}", 1)),
    "a record of 1 GB of line breaks": lambda: pieces(
        (b'{"Records":[{"a":', 1), (b"\n", 1024 * MIB), (b"1},{}]}", 1)),
    "a depth of 100000": lambda: pieces(
        (b'{"Records":[{"a":', 1), (b"[", 100000), (b"]", 100000),
        (b"},{}]}", 1)),
    "a depth of 40 million": lambda: pieces(
        (b'{"Records":[{"a":', 1), (b"[", 40 * MIB), (b"]", 40 * MIB),
        (b"},{}]}", 1)),
    "a number of 40 MB": lambda: pieces(
        (b'{"Records":[{"a":1', 1), (b"0", 40 * MIB), (b"},{}]}", 1)),
    "a key of 40 MB": lambda: pieces(
        (b'{"Records":[{"', 1), (b"k", 40 * MIB), (b'":1},{}]}', 1)),
    "a string of 40 MB that is no record": lambda: pieces(
        (b'{"Records":["', 1), (b"x", 40 * MIB), (b'",{}]}', 1)),
}
FAILING = {
    "a depth of 100000 outside": lambda: pieces(
        (b'{"a":', 1), (b"[", 100000), (b"]", 100000),
        (b',"Records":[{}]}', 1)),
    "blanks for ever": lambda: pieces(
        (b'{"Records":[', 1), (b" ", 40 * MIB), (b"x", 1)),
}


@pytest.mark.parametrize("name", FAILING)
def test_an_object_that_fails(standin, daemon, trail, name):
    message = put_bad(standin, FAILING[name]())
    trail.put(20)
    running = daemon(redeliver_after="5m")
    line = running.wait_line("object.failed", timeout=60, key=BAD)
    assert line["message_id"] == message.id and line["cause"]
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 30)
    trail.check()
    assert sanitized() or peak_kb(running) < PEAK_KB
    assert final_stats(running)["objects_failed"] == 1


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_record_that_is_left_out(standin, daemon, trail, name):
    """And what follows it arrives."""
    message = put_bad(standin, LEFT_OUT[name]())
    trail.events[message.id] = [b"{}"]
    trail.put(20)
    running = daemon(redeliver_after="5m")
    line = running.wait_line("record.left_out", timeout=60, key=BAD)
    assert line["message_id"] == message.id and line["index"] == "0"
    trail.await_events(running)
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 30)
    assert sanitized() or peak_kb(running) < PEAK_KB
    assert final_stats(running)["objects_failed"] == 1


def test_a_string_of_300_mb_outside_the_records(standin, daemon, trail):
    """Delivered or failed, but never kept in memory."""
    message = put_bad(standin, pieces(
        (b'{"pad":"', 1), (b"x", 300 * MIB), (b'","Records":[{"a":1}]}', 1)))
    trail.events[message.id] = []
    trail.put(20)
    running = daemon(redeliver_after="5m")
    running.wait_for(lambda: running.log("object.failed", key=BAD)
                     or running.log("object.settled", key=BAD), 60)
    running.wait_for(lambda: len(standin.queue.messages()) <= 1, 30)
    got = [e for e in standin.dassana.events() if e != b'{"a":1}']
    assert sorted(got) == sorted(trail.wanted())
    assert sanitized() or peak_kb(running) < PEAK_KB


def test_100000_empty_records(standin, daemon):
    """They are events, and they arrive."""
    put_bad(standin, pieces((b'{"Records":[{}', 1), (b",{}", 99999),
                            (b"]}", 1)))
    running = daemon(args=())
    running.wait_for(standin.queue.empty, 30)
    assert standin.dassana.events() == [b"{}"] * 100000
    assert sanitized() or peak_kb(running) < PEAK_KB


def is_bad(request):
    return request.path.endswith("/bad.json.gz")


def test_headers_without_end(standin, daemon, trail):
    """Anybody on the way may do that, so it is parked."""
    message = put_bad(standin, gzip.compress(b'{"Records":[{"a":1}]}'))
    trail.events[message.id] = [b'{"a":1}']
    rule = standin.faults.on("s3.GET", Fault(flood=True), where=is_bad)
    trail.put(20)
    running = daemon()
    running.wait_line("object.parked", timeout=40, key=BAD)
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 30)
    standin.faults.off(rule)
    trail.await_all(running)
    assert sanitized() or peak_kb(running) < PEAK_KB


@pytest.mark.parametrize("operation", [
    "sqs.ReceiveMessage", "dassana.POST"])
def test_headers_without_end_elsewhere(standin, daemon, trail, operation):
    rule = standin.faults.on(operation, Fault(
        status=200, flood=True), times=1)
    trail.put(5)
    running = daemon()
    trail.await_all(running)
    assert rule.hits == 1
    assert sanitized() or peak_kb(running) < PEAK_KB


@pytest.mark.parametrize("operation", [
    "sqs.ReceiveMessage", "dassana.POST"])
def test_an_answer_without_end(standin, daemon, trail, operation):
    """64 MiB where some bytes were expected."""
    rule = standin.faults.on(operation, Fault(
        status=200, body=b"x" * (64 * MIB)), times=1)
    trail.put(5)
    running = daemon()
    trail.await_all(running)
    assert rule.hits == 1
    assert sanitized() or peak_kb(running) < PEAK_KB


def test_a_byte_a_second(standin, daemon, trail):
    """It moves, so it is not given up; others do not wait for it, and its
    message stays leased."""
    message = put_bad(standin, gzip.compress(b'{"Records":[{"a":1}]}'))
    trail.events[message.id] = [b'{"a":1}']
    rule = standin.faults.on("s3.GET", Fault(drip=(1, 1.0)), where=is_bad)
    trail.put(40)
    running = daemon(visibility_timeout="5s", stall_timeout="5s",
                     shutdown_timeout="4s")
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 20)
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility", id=message.id)) >= 4, 30)
    assert rule.hits == 1 and not running.log("object.failed")
    assert standin.queue.messages()[0].receives == 1


def answer_times(standin, running, bomb, turn):
    """Ships 32 bombs; sorted, how long a client of the daemon waited for each
    of its answers meanwhile."""
    site = Admin(running)
    for number in range(32):
        put_bad(standin, bomb, "AWSLogs/bomb%d-%d.json.gz" % (turn, number))
    times, end = [], time.monotonic() + 90
    while not standin.queue.empty():
        asked = time.monotonic()
        assert site.ask("/healthz").status == 200
        times.append(time.monotonic() - asked)
        assert asked < end, "the bombs are delivered"
        time.sleep(0.002)  # a client, not a load
    return sorted(times)


@pytest.mark.alone
def test_bombs_all_at_once_leave_the_loop_its_turns(standin, daemon):
    """32 objects that expand 200:1, and somebody who asks whether the daemon
    is alive: the time until it answers is what its attention takes."""
    bomb = pieces((b'{"Records":[' + RECORD, 1), (b"," + RECORD, 20000),
                  (b"]}", 1))
    # To look at the events would keep the stand-in busy, not the daemon.
    standin.faults.on("dassana.POST", Fault(
        status=200, body=b'{"success":true}'))
    running = daemon(args=(), max_messages=200, admin_listen=LISTEN,
                     verify_doc_count="no")
    best, turns = 1e9, 0
    while turns < 3 and best > 0.1:  # the machine may be busy otherwise
        turns += 1
        times = answer_times(standin, running, bomb, turns)
        assert len(times) > 100, "it was asked while it worked"
        best = min(best, times[len(times) * 99 // 100])
    print("p99 %.1f ms" % (best * 1000))
    assert sanitized() or best <= 0.1
    assert sanitized() or peak_kb(running) < PEAK_KB
    assert final_stats(running)["events_delivered"] == turns * 32 * 20001


SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *node, const char *service,
    const struct addrinfo *hints, struct addrinfo **res)
{
	int (*real)(const char *, const char *, const struct addrinfo *,
	    struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");

	if (node != NULL && strcmp(node, "slow.example") == 0) {
		sleep(12);
		node = "127.0.0.1";
	}
	return real(node, service, hints, res);
}
"""


@pytest.mark.skipif(sanitized() or not shutil.which("cc"),
                    reason="needs cc, and a build without sanitizers")
def test_a_resolver_that_hangs_stops_nothing_else(
        standin, daemon, trail, tmp_path):
    """Twelve seconds for Dassana's address: leases are extended meanwhile."""
    shim = tmp_path / "shim.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(shim), "-x", "c", "-",
                    "-ldl"], input=SHIM.encode(), check=True)
    trail.put(5)
    url = standin.dassana_url.replace("127.0.0.1", "slow.example")
    running = daemon(allow_plain_http="yes",
                     env={**standin.environ(), "LD_PRELOAD": str(shim)},
                     dassana_endpoint=url, visibility_timeout="4s",
                     connect_timeout="30s")
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility")) >= 5 * 4, 12)
    assert standin.dassana.posts == [], "the name is still being looked up"
    trail.await_all(running)
    received = [e for r in standin.journal.all("sqs.receive") for e in r.ids]
    assert len(received) == 5
