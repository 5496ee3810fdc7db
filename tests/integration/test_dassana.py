"""What Dassana answers, and what becomes of the messages."""

import gzip
import os
import time

import pytest
from jobs import await_all, make_file, put_files
from standin import Fault
from trail import Trail, in_fast_time

JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html"),)


def reply(status, body, headers=JSON):
    return Fault(status=status, body=body, headers=headers)


def test_unavailable_for_a_while_loses_nothing(standin, daemon):
    rule = standin.faults.on("dassana.POST", reply(503, b"{}"))
    wanted = put_files(standin, 20)
    running = daemon()
    running.wait_for(lambda: rule.hits >= 3, 20)
    assert standin.journal.all("sqs.delete") == []
    standin.faults.clear()
    await_all(standin, running, wanted, 40)


def test_connection_refused_for_a_while_loses_nothing(standin, daemon):
    standin.dassana_port.close()
    wanted = put_files(standin, 20)
    running = daemon()
    running.wait_for(lambda: any(
        "connect" in line["line"] and line["level"] in ("warn", "error")
        for line in running.log() if "level" in line), 20)
    assert standin.journal.all("sqs.delete") == []
    standin.dassana_port.open()
    await_all(standin, running, wanted, 40)


@pytest.mark.long
def test_killed_in_mid_run_loses_nothing(standin, daemon):
    """After the first POST that was taken and before the last one. What was
    under way just then may come twice."""
    seconds = 30 if os.environ.get("TRAILPOST_SLOW") else 3
    slow = standin.faults.on("dassana.POST", Fault(delay=1))
    trail = Trail(standin)
    trail.put(40)
    running = daemon(batch_max_events=20, delivery_concurrency=2)
    running.wait_for(lambda: standin.dassana.posts)
    standin.dassana_port.close()
    standin.faults.off(slow)
    killed, posts = time.monotonic(), len(standin.dassana.posts)
    assert posts < 18, "it was killed too late"
    running.wait_for(lambda: time.monotonic() - killed > seconds, seconds + 5)
    assert len(standin.dassana.posts) == posts
    assert not standin.queue.empty()
    standin.dassana_port.open()
    trail.await_all(running, double=2 * 20, timeout=60)


@pytest.mark.parametrize("fault", [
    reply(500, b"oops", HTML), reply(502, b"", HTML), reply(504, b""),
    reply(429, b"{}", JSON + (("Retry-After", "1"),)), Fault(drop=True),
    Fault(cut=3), reply(200, b'{"success":false}'),
    reply(200, b'{"errorMessage":"Task timed out"}'),
], ids=["500", "502", "504", "429", "reset", "reply cut", "no success",
        "error message"])
def test_a_passing_failure_is_tried_again(standin, daemon, fault):
    rule = standin.faults.on("dassana.POST", fault, times=2)
    if fault.status is None:
        # The stand-in did the work and its answer was lost: what is sent
        # again is double, and must be all that is.
        standin.dassana.keep_events = False
    wanted = put_files(standin, 5)
    running = daemon()
    if fault.status is not None:
        await_all(standin, running, wanted, 30)
    else:
        running.wait_for(standin.queue.empty, 30)
        assert standin.dassana.event_count > len(wanted)
    assert rule.hits == 2


def test_retry_after_is_honoured(standin, daemon):
    standin.faults.on("dassana.POST", reply(
        429, b"{}", JSON + (("Retry-After", "3"),)), times=1)
    wanted = put_files(standin, 1)
    await_all(standin, daemon(), wanted, 30)
    first, second = standin.journal.all("dassana.begin")[:2]
    assert second.t - first.t >= 3


WITHOUT_COUNT = [b"{}", b'{"success":true}', b'{"docCount":"many"}', b" { } "]


@pytest.mark.parametrize("body", WITHOUT_COUNT)
def test_a_reply_without_doc_count_pauses(standin, daemon, body):
    """Nothing shows that it took anything: so it gets one event, and nothing
    is deleted, until somebody says that it need not count."""
    uncounted = Fault(status=200, body=body, headers=JSON, perform=True)
    standin.faults.on("dassana.POST", uncounted)
    trail = Trail(standin)
    trail.put(5)
    running = daemon(shutdown_timeout="1s")
    line = running.wait_line("dassana.gate_closed", level="error")
    assert "verify_doc_count = no" in line["advice"]
    running.stop()
    assert [post.events for post in standin.dassana.posts] == [1]
    assert standin.journal.all("sqs.delete") == []
    standin.faults.on("dassana.POST", uncounted)
    trail.await_all(daemon(verify_doc_count="no"), double=1)


def test_a_doc_count_that_is_missing_once_is_tried_again(standin, daemon):
    """Who else sends it would have counted."""
    first = put_files(standin, 5, seed=1)
    running = daemon()
    await_all(standin, running, first)
    rule = standin.faults.on(
        "dassana.POST", reply(200, b'{"success":true}'), times=2)
    await_all(standin, running, first + put_files(standin, 5, seed=2))
    assert rule.hits == 2
    assert not running.log("dassana.gate_closed")


def test_a_short_doc_count_is_taken_and_told(standin, daemon):
    standin.dassana.doc_count = lambda events: max(1, len(events) - 1)
    wanted = put_files(standin, 5)
    running = daemon()
    await_all(standin, running, wanted)
    line = running.wait_line("dassana.doc_count_short", level="error")
    assert int(line["doc_count"]) == int(line["events"]) - 1
    assert line["missing"] == "1"


def stays_paused(standin, running, rule, probes=2):
    """Nothing is deleted, only probes are sent, and polling stops."""
    running.wait_for(lambda: rule.hits >= probes, 20)
    assert standin.journal.all("sqs.delete") == []
    assert standin.dassana.concurrent_max <= 4
    running.wait_for(lambda: any(
        line.get("level") in ("warn", "error")
        and line["event"].startswith(("dassana", "delivery"))
        for line in running.log() if "event" in line))


SETUP_FAULTS = {
    "204": reply(204, b""),
    "202": reply(202, b"{}"),
    "HTML 200": reply(200, b"<html>Welcome</html>", HTML),
    "empty 200": reply(200, b""),
    "array 200": reply(200, b"[]"),
    "301": reply(301, b"", HTML + (("Location", "http://127.0.0.1:1/"),)),
    "404": reply(404, b"not here", HTML),
    "405": reply(405, b"", HTML),
    "401": reply(401, b'{"error":"token_validation_error"}'),
    "403": reply(403, b"{}"),
}


@pytest.mark.parametrize("name", [
    n for n in SETUP_FAULTS if n != "202"])
def test_a_fault_of_the_set_up_pauses(standin, daemon, name):
    rule = standin.faults.on("dassana.POST", SETUP_FAULTS[name])
    wanted = put_files(standin, 20)
    running = daemon()
    stays_paused(standin, running, rule)
    standin.faults.clear()
    await_all(standin, running, wanted, 40)


def test_doc_count_0_can_be_let_pass(standin, daemon):
    standin.dassana.doc_count = lambda events: 0
    wanted = put_files(standin, 5)
    await_all(standin, daemon(verify_doc_count="no"), wanted)


@pytest.mark.parametrize("name", ["204", "HTML 200", "202"])
def test_any_2xx_can_be_let_pass(standin, daemon, name):
    fault = SETUP_FAULTS[name]
    fault = Fault(status=fault.status, body=fault.body, headers=fault.headers,
                  perform=True)
    standin.faults.on("dassana.POST", fault)
    wanted = put_files(standin, 5)
    await_all(standin, daemon(accept_any_2xx="yes"), wanted)


def test_a_token_is_rotated_without_a_restart(standin, daemon, tmp_path):
    new = "dsn-the-new-token-0123456789"
    path = tmp_path / "token"
    path.write_text(standin.token + "\n")
    path.chmod(0o600)
    wanted = put_files(standin, 3, seed=1)
    running = daemon(dassana_token=None, dassana_token_file=str(path))
    await_all(standin, running, wanted)
    standin.dassana.tokens = {new}
    more = put_files(standin, 3, seed=2)
    running.wait_for(lambda: standin.journal.all("dassana.end", status=401))
    path.write_text(new + "\n")
    await_all(standin, running, wanted + more, 30)
    assert new not in running.text()


@in_fast_time(20)
def test_what_is_refused_is_kept_and_holds_up_nothing(standin, daemon):
    """The other events of its file are taken, by trying each alone."""
    first = put_files(standin, 1, seed=1)
    running = daemon(visibility_timeout="10m")
    await_all(standin, running, first)
    others = put_files(standin, 1, seed=2)
    poison = others.pop()
    standin.dassana.judge = lambda line: line != poison
    line = running.wait_line("dassana.in_doubt", level="warn")
    assert line["status"] == "400" and line["key"] and line["message_id"]
    more = others + put_files(standin, 5, seed=3)
    running.wait_for(lambda: set(more) <= set(standin.dassana.events()), 30)
    assert poison not in standin.dassana.events()
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 20)
    assert standin.queue.messages()[0].receives == 1


REFUSALS = {"400": reply(400, b"unknown app", HTML),
            "docCount 0": reply(200, b'{"docCount":0}')}


@in_fast_time(20)
@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_of_everything_loses_nothing(standin, daemon, name):
    """Nobody is blamed, and all goes on when it is over."""
    wanted = put_files(standin, 1, seed=1)
    running = daemon(visibility_timeout="10m")
    await_all(standin, running, wanted)
    deleted = len(standin.journal.all("sqs.delete"))
    rule = standin.faults.on("dassana.POST", REFUSALS[name])
    wanted += put_files(standin, 20, seed=2)
    running.wait_for(lambda: len(
        running.log("dassana.in_doubt", level="warn")) >= 20, 30)
    tries = rule.hits
    running.wait_for(lambda: rule.hits >= tries + 3, 30)
    assert len(standin.journal.all("sqs.delete")) == deleted
    standin.faults.off(rule)
    await_all(standin, running, wanted, 60)
    assert sum(len(r.ids) for r in standin.journal.all("sqs.receive")) == 21
    assert not running.log("dassana.refused")
    assert not running.log("object.gave_way")


@in_fast_time(20)
@pytest.mark.parametrize("name", REFUSALS)
def test_who_has_never_taken_anything_may_be_the_wrong_one(
        standin, daemon, name):
    """Then it may be the set-up's fault: told, one event of each object at a
    time, and nobody is blamed."""
    rule = standin.faults.on("dassana.POST", REFUSALS[name])
    wanted = put_files(standin, 6)
    running = daemon(visibility_timeout="10m")
    running.wait_line("dassana.gate_closed", level="error")
    running.wait_for(lambda: rule.hits >= 5, 30)
    tried = [line for line in running.log("dassana.post")]
    assert {line["events"] for line in tried} == {"1"}
    assert standin.journal.all("sqs.delete") == []
    standin.faults.off(rule)
    await_all(standin, running, wanted, 60)
    assert sum(len(r.ids) for r in standin.journal.all("sqs.receive")) == 6
    assert len(running.log("dassana.gate_closed")) == 1
    assert not running.log("dassana.refused")
    assert not running.log("object.gave_way")


@in_fast_time(20)
@pytest.mark.parametrize("after", [False, True], ids=["tried", "taken"])
def test_the_end_comes_when_a_suspect_is(standin, daemon, after):
    """Being tried by itself, or with the rest behind what was just taken: it
    is given back or delivered, and nothing is deleted untaken."""
    first = put_files(standin, 1, seed=2)
    running = daemon(visibility_timeout="10m", shutdown_timeout="30s")
    await_all(standin, running, first)
    key, data, events = make_file(10)
    bad, last = events[:2]
    standin.dassana.judge = lambda line: line not in (bad, last)
    standin.put(key, data)
    running.wait_line("dassana.in_doubt", level="warn")
    gate = standin.gate()
    standin.dassana.judge = None
    standin.faults.on("dassana.POST", Fault(hold=gate), where=lambda request:
                      last in gzip.decompress(request.body) or not after)
    running.wait_for(lambda: standin.dassana.active > 0, 30)
    running.terminate()
    assert running.wait_exit(30) == 0
    gate.open()
    left = set(events) - set(standin.dassana.events())
    assert not left or len(standin.queue.messages()) == 1


def test_a_hung_post_times_out_and_is_sent_again(standin, daemon):
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()), times=1)
    wanted = put_files(standin, 3)
    await_all(standin, daemon(post_timeout="4s"), wanted)
