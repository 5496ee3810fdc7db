"""Log files of which not all is as it should be: a record that cannot be an
event is left out and told, all others arrive; what can be read is read."""

import gzip

import pytest
from standin import shapes
from trail import Trail, final_stats, with_dead_letters

BAD = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/bad.json.gz"
COUNT = 10000
AT = COUNT // 2
FLAWS = {
    "too_long": b'{"pad":"' + b"x" * (1 << 20) + b'"}',
    "too_deep": b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "no_object": b'["an array"]',
}


@pytest.fixture
def trail(standin):
    return Trail(standin)


def put(standin, data, key=BAD):
    standin.s3.put(standin.BUCKET, key, data)
    return standin.queue.send(shapes.s3_event(standin.BUCKET, key,
                                              size=len(data)))


def records(number=COUNT):
    return [b'{"eventID":"%d","eventName":"x"}' % n for n in range(number)]


def log_file(events):
    return b'{"Records":[' + b",".join(events) + b"]}"


@pytest.mark.parametrize("cause", FLAWS)
def test_one_bad_record_among_many(standin, daemon, trail, cause):
    """All others arrive, once, however often the message comes again; it goes
    to the dead-letter queue, and each time says why."""
    dead = with_dead_letters(standin, max_receives=3)
    good = records()
    message = put(standin, gzip.compress(log_file(
        good[:AT] + [FLAWS[cause]] + good[AT:])))
    trail.events[message.id] = good
    trail.put(5)
    # Longer than the answer to a release may take, or it is seen before that.
    running = daemon(redeliver_after="2s")
    running.wait_for(lambda: dead.messages(), 60)
    trail.check(double=0)
    assert [m.id for m in dead.messages()] == [message.id]
    lines = running.log("record.left_out")
    assert len(lines) == 3
    for line in lines:
        assert (line["bucket"], line["key"]) == (standin.BUCKET, BAD)
        assert (line["index"], line["cause"]) == (str(AT), cause)
        assert line["message_id"] == message.id
    stats = final_stats(running)
    assert stats["records_left_out"] == stats["objects_failed"] == 3
    assert stats["events_skipped"] == 2 * COUNT


def test_every_other_record_is_bad(standin, daemon, trail):
    """More gaps than the ledger has ranges: still nothing is sent twice."""
    dead = with_dead_letters(standin, max_receives=3)
    good = records(1000)
    message = put(standin, gzip.compress(log_file(
        [r for event in good for r in (b"null", event, b'"x"')])))
    trail.events[message.id] = good
    running = daemon(redeliver_after="2s")
    running.wait_for(lambda: dead.messages(), 60)
    trail.check(double=0)
    assert len([line for line in running.log("record.left_out")
                if line["level"] == "warn"]) == 3 * 20
    assert final_stats(running)["records_left_out"] == 3 * 2000


def test_what_is_no_utf8_is_passed_on(standin, daemon, trail):
    events = [b'{"userAgent":"\xff\xfe caf\xe9"}',
              b'{"a":"\xc0\x80\xed\xa0\x80"}']
    message = put(standin, gzip.compress(log_file(events)))
    trail.events[message.id] = events
    trail.await_all(daemon())


@pytest.mark.parametrize("pack", [
    lambda text: gzip.compress(gzip.compress(text)),
    lambda text: gzip.compress(text) + bytes(100),
    lambda text: (gzip.compress(text[:50]) + bytes(3)
                  + gzip.compress(text[50:])),
    lambda text: b"\xef\xbb\xbf" + text,
    lambda text: gzip.compress(b"\xef\xbb\xbf" + text),
], ids=["twice", "NULs behind", "NULs between", "byte order mark",
        "byte order mark, gzip"])
def test_packed_otherwise(standin, daemon, trail, pack):
    events = records(20)
    message = put(standin, pack(log_file(events)))
    trail.events[message.id] = events
    trail.await_all(daemon())


@pytest.mark.parametrize("data", [
    b"", gzip.compress(b""), gzip.compress(b'{"Records":null}'),
    gzip.compress(b'{"Records":[]}')],
    ids=["no bytes", "empty gzip", "null", "no records"])
def test_nothing_to_ship(standin, daemon, trail, data):
    message = put(standin, data)
    trail.put(1)
    running = daemon()
    trail.await_all(running)
    line, = running.log("object.empty")
    assert (line["level"], line["key"]) == ("info", BAD)
    assert line["message_id"] == message.id
    stats = final_stats(running)
    assert stats["objects_empty"] == 1 and not stats["objects_failed"]
