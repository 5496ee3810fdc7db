"""Faults of Dassana that concern more than one request. Answers one by one
are in test_dassana.py."""

import gzip
import time

import pytest
from process import time_of
from standin import Fault
from trail import (
    Trail, in_fast_time, no_faketime, other_time, receives, spend_receives,
    with_dead_letters)

KIB = 1024


@pytest.fixture
def trail(standin):
    return Trail(standin)


def event(name, pad=100):
    return b'{"eventName":"%s","pad":"%s"}' % (name.encode(), b"x" * pad)


def plain(request):
    return gzip.decompress(request.body)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_holds_back_every_post(standin, daemon, trail, status):
    """Those under way end; none begins before the time that was asked for, of
    which the daemon's own clock tells."""
    rule = standin.faults.on("dassana.POST", Fault(
        status=status, headers=(("Retry-After", "2"),)), times=1)
    trail.put(40, count=100)
    running = daemon(batch_max_events=100)
    trail.await_all(running)
    assert rule.hits == 1
    refused = running.log("http.end", status=str(status))[0]
    later = running.log()[running.log().index(refused):]
    began = [time_of(line) - time_of(refused) for line in later
             if line["event"] == "http.start"
             and line["url"] == standin.dassana_url]
    assert min(began) >= 1.99


@pytest.mark.parametrize("status", [429, 503])
def test_without_retry_after_it_backs_off(standin, daemon, trail, status):
    rule = standin.faults.on("dassana.POST", Fault(status=status), times=4)
    trail.put(5)
    trail.await_all(daemon())
    assert rule.hits == 4


@pytest.mark.parametrize("fault", [
    Fault(drop=True), Fault(cut=3), Fault(status=500, perform=True)],
    ids=["no answer", "half an answer", "500"])
def test_an_answer_lost_after_the_events_were_taken(
        standin, daemon, trail, fault):
    """The one batch is sent again: that is all that is double."""
    standin.faults.on("dassana.POST", fault, times=1)
    trail.put(20)
    running = daemon(batch_max_events=20)
    trail.await_all(running, 20)
    assert 1 <= trail.doubles() <= 20


# ---- the set-up's faults ----

JSON = (("Content-Type", "application/json"),)
SETUP = {
    "301": Fault(status=301, headers=(("Location", "http://127.0.0.1:1/"),)),
    "404": Fault(status=404), "405": Fault(status=405),
    "411": Fault(status=411), "415": Fault(status=415),
    "401": Fault(status=401, body=b'{"error":"token_validation_error"}'),
    "403": Fault(status=403),
    "token word": Fault(status=400, body=b'{"error":"token_validation_error"}',
                        headers=JSON),
    "not JSON": Fault(status=200, body=b"welcome"),
}


@pytest.mark.parametrize("name", SETUP)
def test_the_set_up_spends_no_receives(standin, daemon, trail, name):
    """For longer than a visibility timeout: polling has stopped, one POST
    at a time is a probe, what is held stays leased, one line is loud."""
    dead = with_dead_letters(standin, 2)
    rule = standin.faults.on("dassana.POST", SETUP[name])
    trail.put(12)
    running = daemon(visibility_timeout="5s", redeliver_after="0s")
    running.wait_line("dassana.gate_closed", level="error", timeout=20)
    standin.wait(lambda: standin.dassana.active == 0)
    # Seconds later; polls that were on their way have come.
    running.wait_for(lambda: standin.journal.all("sqs.visibility"), 20)
    extended = len(standin.journal.all("sqs.visibility"))
    polls = len(standin.journal.all("sqs.poll"))
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility")) >= extended + 12 * 2, 20)
    assert len(standin.journal.all("sqs.poll")) <= polls + 1, "one on its way"
    assert 2 <= rule.hits <= 40, "a probe, and few of them"
    standin.faults.off(rule)
    trail.await_all(running, 0, 40)
    assert dead.empty()
    assert receives(standin) == 12
    assert len(running.log("dassana.gate_closed")) == 1


# ---- too large ----

def test_413_is_halved_until_it_fits(standin, daemon, trail):
    standin.dassana.limit_bytes = 100 * KIB
    trail.put(1, count=1000)
    running = daemon()
    trail.await_all(running)
    told = len(standin.journal.all("dassana.too_large"))
    assert 1 <= told <= 10
    trail.put(1, count=1000)
    trail.await_all(running)
    assert len(standin.journal.all("dassana.too_large")) <= told + 1, "learned"


def test_413_to_full_batches_with_the_buffer_full(standin, daemon, trail):
    """Splitting needs no memory that a full buffer could not give."""
    standin.dassana.limit_bytes = 150 * KIB
    trail.put(8, count=800)
    running = daemon(buffer_max_bytes="2MiB", batch_max_bytes="512KiB",
                     max_record_bytes="64KiB", gzip_level=0,
                     delivery_concurrency=3)
    trail.await_all(running, 0, 60)


# Minutes pass in seconds for those who judge in minutes, but a pause of this
# machine is a minute then, too: it is no time-out of an honest POST, and of a
# poll's honest messages no more than one receive.
PATIENT = {"visibility_timeout": "30m", "post_timeout": "5m",
           "stall_timeout": "5m"}


def refused_alone(standin, running, trail, bad, dead):
    """At fault after three comparisons in ten minutes, and not before: its
    message, and no other, is left to the dead-letter queue."""
    trail.put_until(running, lambda: len(running.log(
        "dassana.refused", level="error")) == len(bad), 300)
    spend_receives(standin, bad)
    trail.await_all(running, 0, 60)
    assert sorted(m.id for m in dead.messages()) == sorted(
        m.id for m in bad)
    return {(line["key"], line["index"]): line
            for line in running.log("dassana.refused")}


@pytest.mark.long
@in_fast_time(60)
def test_an_event_that_alone_is_too_large(standin, daemon, trail):
    """It is refused: recorded, and its message is left to the dead-letter
    queue; everything else arrives."""
    dead = with_dead_letters(standin)
    standin.dassana.limit_bytes = 100 * KIB
    big = event("big", 200 * KIB)
    trail.refused.add(big)
    message = trail.put_events([event("a"), big, event("b")])
    trail.put(5, count=100)
    running = daemon(**PATIENT)
    lines = refused_alone(standin, running, trail, [message], dead)
    assert set(lines) == {(trail.keys[message.id], "1")}


# ---- refused events ----

@pytest.mark.long
@in_fast_time(60)
@pytest.mark.parametrize("status", [400, 422])
def test_the_refused_event_is_isolated(standin, daemon, trail, status):
    """Among a batch of many: the others of its file and of its batch are
    taken, once; it is recorded where it lies."""
    dead = with_dead_letters(standin)
    bad = event("poison")
    trail.refused.add(bad)
    standin.faults.on("dassana.POST", Fault(status=status, body=b"{}"),
                      where=lambda request: bad in plain(request))
    trail.put(10)
    message = trail.put_events([event("n%d" % i) for i in range(7)] + [bad])
    trail.put(10)
    running = daemon(**PATIENT, batch_max_delay="1s")
    line = running.wait_line("dassana.in_doubt", level="warn")
    assert (line["key"], line["status"]) == (
        trail.keys[message.id], str(status))
    doubted = time_of(line)
    lines = refused_alone(standin, running, trail, [message], dead)
    line = lines[trail.keys[message.id], "7"]
    assert time_of(line) - doubted >= 9.5 * 60
    assert (line["bucket"], line["events"]) == (standin.BUCKET, "1")
    assert len(lines) == 1


def test_refused_events_fill_no_places(standin, daemon, trail):
    """What is parked is not in the way of others, however many it is."""
    bad = [event("poison%d" % i) for i in range(15)]
    trail.refused.update(bad)
    standin.dassana.judge = lambda line: line not in bad
    trail.put(1)
    running = daemon(max_messages=10)
    trail.await_all(running)
    for one in bad:
        trail.put_events([one])
    running.wait_for(lambda: len(running.log("dassana.in_doubt")) >= 15, 30)
    trail.put(20)
    trail.await_events(running)
    running.wait_for(lambda: len(standin.queue.messages()) == 15)
    assert receives(standin) == 36


@pytest.mark.long
@in_fast_time(60)
def test_several_refused_events(standin, daemon, trail):
    dead = with_dead_letters(standin)
    bad = [event("poison%d" % i) for i in range(3)]
    trail.refused.update(bad)
    standin.dassana.judge = lambda line: line not in bad
    first = trail.put_events([bad[0], event("a"), bad[1]])
    trail.put(10)
    second = trail.put_events([event("b"), bad[2]])
    running = daemon(**PATIENT, batch_max_delay="1s")
    trail.put_until(running, lambda: len(running.log(
        "object.gave_way")) == 2, 120)
    spend_receives(standin, (first, second))
    trail.await_all(running, 0, 60)
    assert sorted(m.id for m in dead.messages()) == sorted(
        [first.id, second.id])
    assert sum(int(line["events"])
               for line in running.log("dassana.refused")) == 3


@pytest.mark.long
@in_fast_time(60)
@pytest.mark.parametrize("fault", [
    Fault(status=500), Fault(status=504), Fault(status=500, drop=True),
    Fault(status=500, delay=10.0)], ids=["500", "504", "reset", "time-out"])
def test_a_batch_that_fails_for_ever_holds_up_nothing(
        standin, daemon, trail, fault):
    """While others are taken it is cut, and the event that is to blame tried
    alone until it is at fault."""
    dead = with_dead_letters(standin)
    bad = event("poison")
    trail.refused.add(bad)
    standin.faults.on("dassana.POST", fault,
                      where=lambda request: bad in plain(request))
    message = trail.put_events([event("n%d" % i) for i in range(3)] + [bad])
    # Of the time-out it takes nine.
    patience = {"post_timeout": "1m"} if fault.delay else {}
    running = daemon(**{**PATIENT, **patience})
    lines = refused_alone(standin, running, trail, [message], dead)
    assert set(lines) == {(trail.keys[message.id], "3")}


# ---- down ----

@pytest.mark.long
@no_faketime
def test_down_for_an_hour(standin, daemon, trail):
    """Few tries, no polls, memory as it was, and recovery by itself."""
    rule = standin.faults.on("dassana.POST", Fault(status=503))
    trail.put(60)
    running = daemon(env=other_time(standin, 200), args=("-v",),
                     max_messages=20, visibility_timeout="12h",
                     batch_max_delay="60s", post_timeout="10m")
    running.wait_for(lambda: standin.queue.counts()[1] >= 20)
    polls, memory = len(standin.journal.all("sqs.poll")), []
    end = time.monotonic() + 18

    def watch():
        memory.append(running.anonymous_kb())
        return time.monotonic() > end

    running.wait_for(watch, 30)
    assert len(standin.journal.all("sqs.poll")) - polls <= 1
    assert rule.hits <= 4 * 3600 / 10
    half = memory[len(memory) // 2:]
    assert max(half) - min(half) < 1024
    standin.faults.off(rule)
    trail.await_all(running)
    assert receives(standin) == 60
