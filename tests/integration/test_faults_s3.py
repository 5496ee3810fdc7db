"""Faults of S3 that are the set-up's: they dead-letter nothing. Those of
single objects are in test_s3_failures.py."""

import pytest
from standin import Fault, shapes
from trail import Trail, receives, with_dead_letters

DENIALS = {
    "policy": (403, "AccessDenied"),
    "kms grant": (400, "KMS.AccessDeniedException"),
    "bucket": (404, "NoSuchBucket"),
}


@pytest.fixture
def trail(standin):
    return Trail(standin)


@pytest.mark.parametrize("name", DENIALS)
def test_all_objects_refused_spend_no_receives(standin, daemon, trail, name):
    """Eight in a row, and nothing that succeeds: polling pauses, what is held
    stays leased, and a held object is the probe."""
    status, code = DENIALS[name]
    dead = with_dead_letters(standin)
    rule = standin.faults.on("s3.GET", Fault(
        status=status, code=code, message="refused"))
    messages = trail.put(12)
    running = daemon(visibility_timeout="2s", redeliver_after="0s")
    running.wait_line("s3.gate.closed", level="error")
    running.wait_for(lambda: rule.hits >= 11, 15, "a probe")
    standin.faults.off(rule)
    trail.await_all(running)
    assert rule.hits <= 13, "probes, one at a time"
    assert dead.empty()
    assert max(receives(standin, m) for m in messages) == 1
    assert running.log("s3.gate.opened")


def test_what_is_refused_stays_leased_and_polling_pauses(
        standin, daemon, trail):
    standin.faults.on("s3.GET", Fault(
        status=403, code="AccessDenied", message="refused"))
    trail.put(12)
    running = daemon(visibility_timeout="2s", max_messages=12)
    running.wait_for(lambda: len(standin.journal.all("s3.GET.fault")) >= 8)
    running.wait_line("s3.gate.closed", level="error")
    standin.queue.end_polls()
    held = standin.queue.counts()[1]
    running.wait_for(lambda: standin.queue.polling == 0)
    polls = len(standin.journal.all("sqs.poll"))
    extended = len(standin.journal.all("sqs.visibility"))
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility")) >= extended + 3 * held, 20)
    assert len(standin.journal.all("sqs.poll")) - polls <= 1
    assert receives(standin) <= 12
    standin.faults.clear()
    standin.queue.poll_limit_s = 20
    trail.await_all(running)


@pytest.mark.parametrize("name", DENIALS)
def test_fewer_than_eight_refused_spend_no_receives(
        standin, daemon, trail, name):
    """Nothing tells whose fault it is, so all are held, however few; new ones
    are received meanwhile."""
    status, code = DENIALS[name]
    rule = standin.faults.on("s3.GET", Fault(
        status=status, code=code, message="refused"))
    messages = trail.put(1)
    running = daemon(visibility_timeout="2s", redeliver_after="0s")
    running.wait_line("object.held", level="warn")
    messages += trail.put(2)
    running.wait_for(lambda: rule.hits >= 4, 15, "three, and a probe")
    standin.faults.off(rule)
    trail.await_all(running)
    assert max(receives(standin, m) for m in messages) == 1
    assert len(running.log("object.held", level="warn")) == 3
    assert not running.log("s3.gate.closed")
    assert not running.log("object.failed")


PROBES = {
    "404": Fault(status=404, code="NoSuchKey", message="gone"),
    "503": Fault(status=503, code="SlowDown", message="later"),
    "reset": Fault(drop=True),
    "archived": Fault(status=403, code="InvalidObjectState", message="cold"),
}


@pytest.mark.parametrize("name", PROBES)
@pytest.mark.parametrize("files", [3, 12], ids=["open", "closed"])
def test_a_probe_that_fails_otherwise_is_not_the_last(
        standin, daemon, trail, files, name):
    rule = standin.faults.on("s3.GET", Fault(
        status=403, code="AccessDenied", message="refused"))
    trail.put(files)
    running = daemon(redeliver_after="0s")
    running.wait_for(lambda: rule.hits >= min(files, 8))
    probe = standin.faults.on("s3.GET", PROBES[name], times=3)
    standin.faults.off(rule)
    trail.await_all(running, timeout=60)
    assert probe.hits == 3


def test_credentials_lapse_and_then_one_key_is_forbidden(
        standin, daemon, trail):
    """Nobody but others can tell that the credentials work again."""
    bad = trail.put(1)[0]
    key = trail.keys[bad.id]
    trail.events.pop(bad.id)
    lapsed = standin.faults.on("s3.GET", Fault(
        status=400, code="ExpiredToken", message="expired"))
    running = daemon()
    running.wait_line("s3.gate.closed", level="error")
    standin.faults.on("s3.GET", Fault(
        status=403, code="AccessDenied", message="no"),
        where=lambda request: request.path.endswith(key))
    standin.faults.off(lapsed)
    trail.put(5)
    running.wait_line("s3.gate.opened", timeout=30)
    trail.await_events(running)


def test_one_key_whose_signature_is_refused(standin, daemon, trail):
    """As a proxy does that rewrites it: the others go on."""
    bad = trail.put(1)[0]
    key = trail.keys[bad.id]
    trail.events.pop(bad.id)
    standin.faults.on("s3.GET", Fault(
        status=403, code="SignatureDoesNotMatch", message="no"),
        where=lambda request: request.path.endswith(key))
    running = daemon()
    running.wait_line("object.held", level="warn")
    trail.put(5)
    trail.await_events(running)
    assert not running.log("s3.gate.closed")


def test_forbidden_keys_before_readable_ones(standin, daemon, trail):
    """As when one of two KMS grants is missing: those behind them are found
    within seconds, not minutes."""
    bad = trail.put(12)
    keys = tuple(trail.keys[m.id] for m in bad)
    for message in bad:
        trail.events.pop(message.id)
    standin.faults.on("s3.GET", Fault(
        status=400, code="KMS.AccessDeniedException", message="no"),
        where=lambda request: request.path.endswith(keys))
    running = daemon(redeliver_after="60s")
    running.wait_line("s3.gate.closed", level="error")
    trail.put(20)
    trail.await_events(running, timeout=40)


DOWN = {
    "unreachable": None,
    "500": Fault(status=500, code="InternalError", message="we know"),
    "reset": Fault(drop=True),
    "another region": Fault(status=301, code="PermanentRedirect",
                            message="elsewhere"),
}


@pytest.mark.parametrize("name", DOWN)
def test_no_object_can_be_had(standin, daemon, trail, name):
    """A wrong endpoint, a missing route, S3 in trouble: nothing spends its
    receives, polling pauses, and all goes on by itself."""
    dead = with_dead_letters(standin, 1)
    messages = trail.put(12)
    options = {}
    if name == "unreachable":
        door = standin.door()
        door.close()
        options["endpoint_url_s3"] = "http://127.0.0.1:%d" % door.port
    else:
        rule = standin.faults.on("s3.GET", DOWN[name])
    running = daemon(redeliver_after="0s", **options)
    line = running.wait_line("s3.gate.closed", level="error", timeout=30)
    assert line["advice"]
    if name == "unreachable":
        assert line["error"] == "connect"
        door.open()
    else:
        standin.faults.off(rule)
    trail.await_all(running, timeout=60)
    assert dead.empty()
    assert max(receives(standin, m) for m in messages) == 1


def test_one_forbidden_key_is_not_a_broken_set_up(standin, daemon, trail):
    """Its message goes the way of the dead-letter queue, the others on."""
    dead = with_dead_letters(standin, 1)
    bad = trail.put(1)[0]
    key, wanted = trail.keys[bad.id], trail.events.pop(bad.id)
    standin.faults.on("s3.GET", Fault(
        status=403, code="AccessDenied", message="no"),
        where=lambda request: request.path.endswith(key))
    trail.put(30)
    running = daemon(s3_concurrency=2, redeliver_after="0s")
    running.wait_for(lambda: not dead.empty(), 20)
    trail.await_all(running)
    assert [m.id for m in dead.messages()] == [bad.id]
    assert not set(wanted) & set(standin.dassana.events())
    line = running.wait_line("object.failed", level="warn")
    assert line["key"] == key and line["code"] == "AccessDenied"
    assert line["request_id"] and line["advice"]


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


def test_a_failed_object_is_not_sent_twice(standin, daemon, trail):
    """It broke for good after half of it was taken; the second time, only the
    other half is sent."""
    message = trail.put(1, count=3000)[0]
    key = trail.keys[message.id]
    size = len(standin.s3.data(standin.BUCKET, key))

    def broken(request):
        return Fault(cut=0 if request.header("range") else size // 2,
                     reset=True)

    rule = standin.faults.on("s3.GET", broken)
    running = daemon(redeliver_after="1s")
    running.wait_line("object.failed", key=key)
    running.wait_for(lambda: standin.dassana.posts)
    standin.faults.off(rule)
    trail.await_all(running)
    assert receives(standin, message) >= 2


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


def test_forbidden_keys_alone_do_not_stop_the_others(standin, daemon, trail):
    """Eight keys that are gone look like a set-up that forbids everything, to
    who may not list the bucket. A fresh object tells: the others go on, and
    those eight go to the dead-letter queue."""
    dead = with_dead_letters(standin, 2)
    bad = {m.id: trail.keys[m.id] for m in trail.put(8)}
    for message in bad:
        trail.events.pop(message)
    standin.faults.on("s3.GET", Fault(
        status=403, code="AccessDenied", message="no"),
        where=lambda request: request.path.endswith(tuple(bad.values())))
    running = daemon(redeliver_after="0s")
    running.wait_line("s3.gate.closed", level="error")
    standin.queue.end_polls()
    trail.put(30)
    running.wait_line("s3.gate.opened")
    standin.queue.poll_limit_s = 20
    trail.put_until(running, lambda: len(dead.messages()) == len(bad))
    trail.await_all(running)
    assert {m.id for m in dead.messages()} == set(bad)
