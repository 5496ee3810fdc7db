"""An object that cannot be read: its message stays; one line says which, why,
and the request id; all others arrive. What is its own fault comes back later,
what may be S3's is parked."""

import gzip
import zlib

import pytest
from jobs import delivered, make_file, object_lines, put_files
from process import sanitized
from standin import Fault, shapes

BAD = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/bad.json.gz"


def plain(text):
    return gzip.compress(text, mtime=0)


def wrong_crc(data):
    return data[:-8] + bytes([data[-8] ^ 1]) + data[-7:]


GOOD = make_file(50, seed=77)[1]
TEXT = gzip.decompress(GOOD)
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"

CONTENTS = {
    "truncated gzip": GOOD[:-200],
    "gzip without its trailer": GOOD[:-8],
    "gzip header alone": GOOD[:10],
    "wrong CRC": wrong_crc(GOOD),
    "damaged in the middle": GOOD[:400] + b"\xff\x00\xff" + GOOD[403:],
    "trailing garbage": GOOD + b"garbage",
    "invalid JSON": plain(TEXT[:-40] + b"]}"),
    "JSON cut": plain(TEXT[:-1]),
    "no Records": plain(b'{"records":[{}]}'),
    "text after the records": plain(b'{"Records":[{"a":1}]} 2'),
    "a control character in a string": plain(b'{"Records":[{"a":"\x01"}]}'),
    "zstd": b"\x28\xb5\x2f\xfd\x04\x00" + TEXT,
    "gzip three times": plain(plain(plain(TEXT))),
    "HTML, gzipped": plain(HTML),
    "HTML": HTML,
    "deep nesting outside": plain(
        b'{"a":' + b"[" * 10000 + b"]" * 10000 + b',"Records":[{}]}'),
    "much outside": plain(
        b'{"a":"' + b"x" * (2 << 20) + b'","Records":[{}]}'),
}

OWN = {
    "404": Fault(status=404, code="NoSuchKey",
                 message="The specified key does not exist."),
    "archived": Fault(status=403, code="InvalidObjectState", message="cold"),
    "HTML 200": Fault(body=HTML),
}


def no_progress(**how):
    """500 bytes, and none to those who come back for the rest."""
    def action(request):
        return Fault(cut=0 if request.header("range") else 500, **how)
    return action


IN_DOUBT = {
    "500": Fault(status=500, code="InternalError", message="try again"),
    "503": Fault(status=503, code="SlowDown", message="reduce your rate"),
    "503 HTML": Fault(status=503, body=HTML),
    "reset at once": Fault(drop=True),
    "reset in the body": no_progress(reset=True),
    "closed in the body": no_progress(close=True),
}


def is_bad(request):
    return request.path.endswith("/bad.json.gz")


def check_isolated(standin, running, wanted, message):
    """Twice received with back-off in between, everything else delivered."""
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility", id=message.id)) >= 2, 40)
    running.wait_for(lambda: len(standin.queue.messages()) == 1)
    assert standin.queue.messages()[0].id == message.id
    seconds = [e.seconds for e in standin.journal.all(
        "sqs.visibility", id=message.id)]
    assert seconds[0] >= 1 and seconds[1] > seconds[0]
    got = standin.dassana.events()
    assert not set(wanted) - set(got), "other files' events are missing"
    lines = object_lines(running, BAD)
    receives = len([r for r in standin.journal.all("sqs.receive")
                    if message.id in r.ids])
    assert 1 <= len(lines) <= receives, "one line for each try, no more"
    assert lines[0]["bucket"] == standin.BUCKET
    assert lines[0].get("cause") or lines[0].get("code")
    return lines[0]


def check_parked(standin, running, wanted, message):
    """Tried again while it stays leased, everything else delivered; and it is
    too, as soon as it can be."""
    line = running.wait_line("object.parked", level="warn", key=BAD)
    assert line["message_id"] == message.id and line["advice"]
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 20)
    running.wait_for(lambda: running.log("object.parked", level="debug",
                                         key=BAD), 20)
    assert not set(wanted) - set(standin.dassana.events())
    standin.faults.clear()
    running.wait_for(standin.queue.empty, 20)
    assert delivered(standin, wanted + make_file(50, seed=77)[2])
    assert object_lines(running, BAD) == [line], "told once"
    assert len([r for r in standin.journal.all("sqs.receive")
                if message.id in r.ids]) == 1
    return line


def put_bad(standin, data):
    standin.put(BAD, data, announce=False)
    return standin.queue.send(shapes.s3_event(standin.BUCKET, BAD,
                                              size=len(data)))


@pytest.mark.parametrize("name", CONTENTS)
def test_contents(standin, daemon, name):
    message = put_bad(standin, CONTENTS[name])
    wanted = put_files(standin, 5)
    line = check_isolated(
        standin, daemon(redeliver_after="2s"), wanted, message)
    ids = [e.request_id for e in standin.journal.all("s3.GET", key=BAD)]
    assert line.get("request_id") in ids


def check_reply(standin, line, fault):
    if callable(fault) or not fault.code:
        return
    assert line["code"] == fault.code
    assert line["status"] == str(fault.status)
    ids = [e.request_id for e in standin.journal.all("s3.GET.fault")]
    assert line["request_id"] in ids


@pytest.mark.parametrize("name", OWN)
def test_replies_that_are_its_own_fault(standin, daemon, name):
    message = put_bad(standin, GOOD)
    standin.faults.on("s3.GET", OWN[name], where=is_bad)
    wanted = put_files(standin, 5)
    line = check_isolated(
        standin, daemon(redeliver_after="2s"), wanted, message)
    check_reply(standin, line, OWN[name])


@pytest.mark.parametrize("name", IN_DOUBT)
def test_what_may_be_everybodys_is_parked(standin, daemon, name):
    message = put_bad(standin, GOOD)
    standin.faults.on("s3.GET", IN_DOUBT[name], where=is_bad)
    wanted = put_files(standin, 5)
    line = check_parked(standin, daemon(), wanted, message)
    check_reply(standin, line, IN_DOUBT[name])


@pytest.mark.long
def test_a_stall_is_given_up(standin, daemon):
    message = put_bad(standin, GOOD)
    gate = standin.gate()
    standin.faults.on("s3.GET", no_progress(stall=gate), where=is_bad)
    wanted = put_files(standin, 5)
    check_parked(standin, daemon(stall_timeout="1s"), wanted, message)


@pytest.mark.parametrize("how", [{"reset": True}, {"close": True}],
                         ids=["reset", "closed"])
def test_broken_in_the_body_is_resumed(standin, daemon, how):
    """From where it broke, of the same contents, and nothing twice."""
    put_bad(standin, GOOD)
    standin.faults.on("s3.GET", Fault(cut=1000, **how), times=3)
    running = daemon()
    running.wait_for(standin.queue.empty)
    assert delivered(standin, make_file(50, seed=77)[2])
    ranges = [e.range for e in standin.journal.all("s3.GET")]
    assert ranges == [None, "bytes=1000-", "bytes=2000-", "bytes=3000-"]


def test_an_object_that_changes_under_a_download_is_not_mixed(
        standin, daemon):
    put_bad(standin, GOOD)
    other, data, events = make_file(50, seed=78)
    standin.faults.on("s3.GET", Fault(cut=1000, reset=True), times=1)
    standin.faults.on("s3.GET", lambda request: standin.s3.put(
        standin.BUCKET, BAD, data) and None, times=1)
    running = daemon()
    running.wait_for(standin.queue.empty)
    both = set(make_file(50, seed=77)[2]) | set(events)
    assert set(standin.dassana.events()) <= both
    assert set(events) <= set(standin.dassana.events())


def test_a_passing_failure_costs_nothing(standin, daemon):
    """It is simply tried again, and its message is not given back."""
    standin.faults.script("s3.GET", [
        Fault(status=500, code="InternalError"),
        Fault(status=503, code="SlowDown")])
    wanted = put_files(standin, 1)
    running = daemon()
    running.wait_for(standin.queue.empty, 20)
    assert delivered(standin, wanted)
    assert len([r for r in standin.journal.all("sqs.receive")
                if r.given]) == 1


def test_it_recovers_when_the_object_does(standin, daemon):
    """What was sent before the failure comes again: at least once."""
    message = put_bad(standin, wrong_crc(GOOD))
    running = daemon()
    running.wait_line("object.failed", key=BAD)
    standin.s3.put(standin.BUCKET, BAD, GOOD)
    running.wait_for(standin.queue.empty, 20)
    assert standin.journal.all("sqs.delete", id=message.id, deleted=True)
    wanted = make_file(50, seed=77)[2]
    assert set(standin.dassana.events()) == set(wanted)


def test_a_missing_bucket(standin, daemon):
    standin.queue.send(shapes.s3_event("no-such-bucket", "AWSLogs/x.json.gz"))
    running = daemon()
    line = running.wait_line("object.parked", bucket="no-such-bucket")
    assert line["code"] == "NoSuchBucket" and line["request_id"]
    assert line["key"] == "AWSLogs/x.json.gz" and line["advice"]
    assert not standin.queue.empty()


UNUSUAL = {
    "several members": (GOOD + plain(b'{"Records":[{"z":1}]}'), 51),
    "not compressed": (TEXT, 50),
    "zlib level 0": (gzip.compress(TEXT, 0), 50),
    "bare array": (plain(b"[" + TEXT[len(b'{"Records":['):-2] + b"]"), 50),
    "no events": (plain(b'{"Records":[]}'), 0),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_but_good(standin, daemon, name):
    data, events = UNUSUAL[name]
    put_bad(standin, data)
    running = daemon()
    running.wait_for(standin.queue.empty)
    assert standin.dassana.event_count == events


def test_a_bomb_is_shipped_in_bounded_memory(standin, daemon):
    """One gzip file of 300 MB of events."""
    event = b'{"eventName":"x","pad":"' + b"A" * 1000 + b'"}'
    deflate = zlib.compressobj(9, wbits=31)
    parts = [deflate.compress(b'{"Records":[' + event)]
    for _ in range(1000):
        parts.append(deflate.compress((b"," + event) * 300))
    parts.append(deflate.compress(b"]}") + deflate.flush())
    standin.dassana.keep_events = False
    put_bad(standin, b"".join(parts))
    running = daemon(args=())
    peak = [0]

    def look():
        peak[0] = max(peak[0], running.anonymous_kb())
        return standin.queue.empty()

    running.wait_for(look, 60)
    assert standin.dassana.event_count == 300_001
    assert sanitized() or peak[0] < 64 * 1024
