"""Faults of S3 that may be everybody's: they spend no receives. Those of
single objects are in test_s3_failures.py."""

import pytest
from process import time_of
from standin import Fault, shapes
from trail import (
    Trail, in_fast_time, receives, spend_receives, with_dead_letters)

FORBIDDEN = Fault(status=403, code="AccessDenied", message="refused")
DOWN = {
    "policy": FORBIDDEN,
    "kms grant": Fault(status=400, code="KMS.AccessDeniedException",
                       message="refused"),
    "bucket": Fault(status=404, code="NoSuchBucket", message="refused"),
    "unreachable": None,
    "500": Fault(status=500, code="InternalError", message="we know"),
    "reset": Fault(drop=True),
    "another region": Fault(status=301, code="PermanentRedirect",
                            message="elsewhere"),
}


@pytest.fixture
def trail(standin):
    return Trail(standin)


def refuse(standin, trail, messages, fault=FORBIDDEN):
    """Their objects are never read; nothing of them is to arrive."""
    keys = tuple(trail.keys[m.id] for m in messages)
    for message in messages:
        trail.events.pop(message.id)
    return standin.faults.on(
        "s3.GET", fault, where=lambda request: request.path.endswith(keys))


def parked(running):
    """The keys that were told."""
    return {line["key"] for line in running.log("object.parked",
                                                level="warn")}


def hidden_for(standin, message):
    return [e.seconds for e in standin.journal.all(
        "sqs.visibility", id=message.id)]


@in_fast_time(20)
@pytest.mark.parametrize("name", DOWN)
def test_no_object_can_be_had(standin, daemon, trail, name):
    """A wrong policy or endpoint, a missing route, S3 in trouble: told after
    a minute in which nothing was read; nobody is blamed, others are received
    meanwhile, and all goes on by itself."""
    dead = with_dead_letters(standin, 1)
    messages = trail.put(12)
    options = {}
    if name == "unreachable":
        door = standin.door()
        door.close()
        options["endpoint_url_s3"] = "http://127.0.0.1:%d" % door.port
    else:
        rule = standin.faults.on("s3.GET", DOWN[name])
    running = daemon(redeliver_after="0s", visibility_timeout="10m",
                     max_messages=10, **options)
    running.wait_line("s3.outage", timeout=30, level="error")
    messages += trail.put(3)
    running.wait_for(lambda: len(parked(running)) == len(messages), 30)
    if name == "unreachable":
        door.open()
    else:
        standin.faults.off(rule)
    trail.await_all(running, timeout=60)
    assert dead.empty()
    assert {receives(standin, m) for m in messages} == {1}
    assert len(running.log("s3.outage")) == 1
    assert running.wait_line("s3.outage.over")
    assert not running.log("object.failed")
    assert not running.log("object.gave_way")


def test_probes_are_few_and_come_one_by_one(standin, daemon, trail):
    rule = standin.faults.on("s3.GET", FORBIDDEN)
    trail.put(12)
    running = daemon()
    running.wait_for(lambda: rule.hits >= 14, 40, "two that were tried again")
    at = [time_of(line) for line in running.log("http.start", method="GET")]
    assert at[12] - at[11] > 0.9 and at[13] - at[12] > 1.9
    standin.faults.off(rule)
    trail.await_all(running)


def test_what_is_parked_stays_leased_while_polling_goes_on(
        standin, daemon, trail):
    """Leased for a quarter of an hour at a time, and not in the way of others,
    however many it is."""
    bad = trail.put(25)
    refuse(standin, trail, bad)
    running = daemon(visibility_timeout="6s", max_messages=10)
    running.wait_for(lambda: len(parked(running)) == 25, 30)
    trail.put(20)
    trail.await_events(running)
    running.wait_for(lambda: all(
        900 in hidden_for(standin, m) for m in bad), 20)
    running.wait_for(lambda: len(standin.queue.messages()) == 25)
    assert {receives(standin, m) for m in bad} == {1}
    assert len(running.log("object.parked", level="warn")) == 25, "once each"
    assert not running.log("s3.outage")


def test_refused_credentials_are_told_at_once(standin, daemon, trail):
    """They need no proof; and who cannot read anything has no use for more."""
    rule = standin.faults.on("s3.GET", Fault(
        status=400, code="ExpiredToken", message="expired"))
    messages = trail.put(3)
    running = daemon()
    running.wait_line("s3.outage", level="error", code="ExpiredToken")
    # A second later; polls that were on their way have come.
    running.wait_for(lambda: rule.hits > len(messages), 20)
    standin.queue.end_polls()
    running.wait_for(lambda: standin.queue.polling == 0)
    polls, tries = len(standin.journal.all("sqs.poll")), rule.hits
    running.wait_for(lambda: rule.hits >= tries + 2, 20)
    assert len(standin.journal.all("sqs.poll")) <= polls + 1
    standin.queue.poll_limit_s = 20
    standin.faults.off(rule)
    trail.await_all(running)
    assert {receives(standin, m) for m in messages} == {1}


PROBES = {
    "404": Fault(status=404, code="NoSuchKey", message="gone"),
    "503": Fault(status=503, code="SlowDown", message="later"),
    "reset": Fault(drop=True),
    "archived": Fault(status=403, code="InvalidObjectState", message="cold"),
}


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("files", [3, 12])
def test_a_probe_that_fails_otherwise_is_not_the_last(
        standin, daemon, trail, files, name):
    rule = standin.faults.on("s3.GET", FORBIDDEN)
    trail.put(files)
    running = daemon(redeliver_after="0s")
    running.wait_for(lambda: rule.hits >= files)
    probe = standin.faults.on("s3.GET", PROBES[name], times=3)
    standin.faults.off(rule)
    trail.await_all(running, timeout=60)
    assert probe.hits == 3


def test_credentials_lapse_and_then_one_key_is_forbidden(
        standin, daemon, trail):
    """Nobody but others can tell that the credentials work again."""
    bad = trail.put(1)
    lapsed = standin.faults.on("s3.GET", Fault(
        status=400, code="ExpiredToken", message="expired"))
    running = daemon()
    running.wait_line("s3.outage", level="error")
    refuse(standin, trail, bad)
    standin.faults.off(lapsed)
    trail.put(5)
    running.wait_line("s3.outage.over", timeout=75)
    trail.await_events(running)


ALONE = {
    "forbidden": (FORBIDDEN, 7200),
    "signature": (Fault(status=403, code="SignatureDoesNotMatch",
                        message="no"), 7200),
    "503": (Fault(status=503, code="SlowDown", message="later"), 5),
    "reset": (Fault(drop=True), 5),
}


@pytest.mark.long
@in_fast_time(60)
@pytest.mark.parametrize("name", ALONE)
def test_who_fails_alone_is_at_fault(standin, daemon, trail, name):
    """Three times in ten minutes, while others are read: it is given back,
    and goes to the dead-letter queue at last. Before that it is neither."""
    fault, back_off_s = ALONE[name]
    dead = with_dead_letters(standin)
    bad = trail.put(1)[0]
    key = trail.keys[bad.id]
    rule = refuse(standin, trail, [bad], fault)
    # A pause of this machine is neither a stall nor a time-out.
    running = daemon(redeliver_after="5s", visibility_timeout="30m",
                     stall_timeout="5m", post_timeout="5m")
    first = running.wait_line("object.parked", level="warn")
    trail.put_until(running, lambda: running.log("object.gave_way"), 100)
    assert rule.hits >= 4 and receives(standin, bad) == 1
    line = running.wait_line("object.gave_way", level="warn")
    assert time_of(line) - time_of(first) >= 9.5 * 60
    assert (line["key"], line["message_id"]) == (key, bad.id)
    running.wait_for(lambda: hidden_for(
        standin, bad)[-1:] == [back_off_s])
    spend_receives(standin, [bad])
    trail.await_all(running)
    assert [m.id for m in dead.messages()] == [bad.id]
    assert parked(running) == {key}


FULL = {"others are read": (10, 7200), "nothing is": (0, 7200)}


@pytest.mark.parametrize("good,back_off_s", FULL.values(), ids=FULL)
def test_more_fail_than_there_is_room_for(
        standin, daemon, trail, good, back_off_s):
    """Then some are given back, for hours, and stay in the queue."""
    bad = trail.put(14)
    refuse(standin, trail, bad)
    trail.put(good)
    running = daemon(max_parked=10, redeliver_after="5s")
    running.wait_for(lambda: len(running.log("object.gave_way")) == 4, 30)
    trail.await_events(running)
    # Each a little shorter than the one before (flow/hidden.h).
    running.wait_for(lambda: sum(
        any(back_off_s - 10 < s <= back_off_s for s in hidden_for(standin, m))
        for m in bad) == 4)
    assert {receives(standin, m) for m in bad} == {1}
    running.wait_for(lambda: len(standin.queue.messages()) == 14)


def test_the_region_of_a_bucket_is_learned(standin, daemon, trail):
    """The notification says another one; S3 says which."""
    trail.put(5, region="eu-west-1")
    running = daemon()
    trail.await_all(running)
    assert len(running.log("s3.region", **{"is": "us-east-1"})) <= 5
    trail.put(5, region="eu-west-1")
    before = len(standin.journal.all("denied"))
    trail.await_all(running)
    assert before >= 1
    assert len(standin.journal.all("denied")) == before, "learned"


@pytest.mark.parametrize("fault", [
    Fault(status=503, code="SlowDown", message="reduce your rate"),
    Fault(status=500, code="InternalError", message="try again"),
    Fault(drop=True), Fault(cut=100, reset=True), Fault(cut=100, close=True),
], ids=["SlowDown", "500", "reset", "reset in the body", "short body"])
def test_a_third_of_all_gets_fail(standin, daemon, trail, fault):
    standin.faults.on("s3.GET", fault, probability=0.33)
    trail.put(30)
    running = daemon(redeliver_after="0s")
    trail.await_all(running, timeout=60)


def test_an_object_announced_twice_is_sent_once(standin, daemon, trail):
    """Known by its ETag, although the first message is long gone."""
    message = trail.put(1)[0]
    running = daemon()
    trail.await_all(running)
    standin.queue.send(message.body)
    trail.await_all(running)


def test_what_was_sent_of_a_broken_object_is_not_sent_again(
        standin, daemon, trail):
    """It breaks for good after half of it was taken; when it is read again,
    only the other half is sent."""
    message = trail.put(1, count=3000)[0]
    key = trail.keys[message.id]
    size = len(standin.s3.data(standin.BUCKET, key))

    def broken(request):
        return Fault(cut=0 if request.header("range") else size // 2,
                     reset=True)

    rule = standin.faults.on("s3.GET", broken)
    running = daemon()
    running.wait_line("object.parked", key=key, level="warn")
    running.wait_for(lambda: standin.dassana.posts)
    standin.faults.off(rule)
    trail.await_all(running)
    assert receives(standin, message) == 1


def test_other_contents_under_the_same_key_are_sent(standin, daemon, trail):
    message = trail.put(1)[0]
    running = daemon()
    trail.await_all(running)
    other = trail.put(1)[0]
    data = standin.s3.data(standin.BUCKET, trail.keys[other.id])
    standin.s3.put(standin.BUCKET, trail.keys[message.id], data)
    again = standin.queue.send(shapes.s3_event(
        standin.BUCKET, trail.keys[message.id], size=len(data),
        eTag="0" * 32))
    trail.events[again.id] = trail.events[other.id]
    trail.await_all(running)
