"""Faults of SQS: what was received is delivered, what was delivered is
deleted, and polling never gives up."""

import json

import pytest
from process import time_of
from standin import Fault
from trail import (
    Trail, final_stats, no_faketime, other_time, receives)

HTML = b"<!DOCTYPE html><html><body>Sign in to the network</body></html>"


@pytest.fixture
def trail(standin):
    return Trail(standin)


@pytest.mark.parametrize("fault", [
    # The queue has handed the messages out, and nobody knows.
    Fault(drop=True), Fault(cut=40, reset=True), Fault(body=HTML),
    Fault(body=b'{"Messages":[{'), Fault(body=b""), Fault(body=b"[]"),
], ids=["reset", "reset in the reply", "html", "broken json", "empty",
        "no object"])
def test_a_receive_that_is_lost(standin, daemon, trail, fault):
    """The messages are hidden for one visibility timeout, not longer."""
    trail.put(5)
    rule = standin.faults.on("sqs.ReceiveMessage", fault, times=1)
    running = daemon(visibility_timeout="2s")
    trail.await_all(running)
    assert rule.hits == 1


def test_a_queue_that_cannot_be_reached(standin, daemon, trail):
    door = standin.door()
    door.close()
    trail.put(3)
    running = daemon(endpoint_url_sqs="http://127.0.0.1:%d" % door.port)
    line = running.wait_line("sqs.receive", level="warn")
    assert line["error"] == "connect"
    door.open()
    trail.await_all(running)
    assert running.wait_line("sqs.receive.recovered")


def polls_of(running):
    """When each of those that were answered began and ended, by the daemon's
    clock."""
    ended = {line["id"]: time_of(line) for line in running.log("http.end")}
    return [(time_of(line), ended[line["id"]])
            for line in running.log("http.start", **{
                "h.x-amz-target": "AmazonSQS.ReceiveMessage"})
            if line["id"] in ended]


def test_a_queue_that_does_not_wait(standin, daemon, trail):
    """An emulator, or a proxy that answers by itself: each receive costs."""
    standin.queue.end_polls()
    running = daemon()
    running.wait_for(lambda: polls_of(running)[3:], 30)
    polls = polls_of(running)
    # What took half of a second was perhaps waited for.
    rests = [b[0] - a[1] for a, b in zip(polls, polls[1:])
             if a[1] - a[0] < 0.5]
    assert rests and min(rests) > 0.9
    trail.put(3)
    trail.await_all(running)


def padded(body, size, pad="x"):
    """SQS takes messages of up to 1 MiB, and what we do not know is ignored."""
    text = json.dumps({**json.loads(body), "pad": ""})
    return text[:-2] + pad * ((size - len(text)) // len(pad)) + text[-2:]


LARGEST = 2 ** 20


@pytest.mark.parametrize("pad", ["x", '\\"'], ids=["plain", "all escaped"])
def test_ten_of_the_largest_messages(standin, daemon, trail, pad):
    """They are asked for in such numbers that they fit, and none of them
    spends a receive in vain."""
    for message in trail.put(10):
        message.body = padded(message.body, LARGEST, pad)
        assert len(message.body) > LARGEST - 2
    running = daemon()
    trail.await_all(running)
    assert receives(standin) == 10
    assert max(e.limit for e in standin.journal.all("sqs.poll")) == 1
    assert not running.log("sqs.receive", level="warn")


def test_a_reply_that_is_too_large(standin, daemon, trail):
    """Nobody could know. Then they are asked for one by one, and none of
    them is lost."""
    trail.put(1)
    running = daemon(visibility_timeout="2s")
    trail.await_all(running)
    standin.queue.end_polls()
    running.wait_for(lambda: standin.queue.polling == 0)
    with standin.queue.at_once():
        for message in trail.put(10):
            message.body = padded(message.body, LARGEST)
        standin.queue.poll_limit_s = 20
    trail.await_all(running)
    line = running.wait_line("sqs.receive", level="warn")
    assert line["error"] == "limit" and line["advice"]
    asked = [e.limit for e in standin.journal.all("sqs.poll")]
    # The very first one, too, since it is not known how large they are.
    then = asked[asked.index(10):]
    assert then[then.index(1):][:10] == 10 * [1]
    assert len(running.log("sqs.receive", level="warn")) == 1


def test_a_single_message_that_is_too_large(standin, daemon, trail):
    """SQS has none like that, but a queue that is another's may."""
    huge = standin.queue.send(padded("{}", 9 * LARGEST // 2))
    trail.put(3)
    running = daemon(visibility_timeout="2s")
    running.wait_for(lambda: len(running.log("sqs.receive")) >= 2, 20)
    running.wait_for(lambda: len(standin.queue.messages()) == 1, 40)
    assert standin.queue.messages()[0].id == huge.id
    running.wait_for(lambda: standin.dassana.event_count == 30)
    assert final_stats(running)["receive_errors"] >= 2


@no_faketime
@pytest.mark.parametrize("code,status", [
    ("OverLimit", 403), ("RequestThrottled", 403),
    ("ServiceUnavailable", 503)])
def test_polls_that_are_refused_for_a_while(
        standin, daemon, trail, code, status):
    rule = standin.faults.on("sqs.ReceiveMessage", Fault(
        status=status, code=code, message="no"), times=5)
    trail.put(3)
    running = daemon(env=other_time(standin, 20))
    trail.await_all(running)
    assert rule.hits == 5
    assert running.wait_line("sqs.receive.recovered")
    assert len(running.log("sqs.receive", code=code)) == rule.hits
    assert final_stats(running)["receive_errors"] >= 1


@pytest.mark.parametrize("body", [HTML, b"{", b""],
                         ids=["html", "broken json", "empty"])
@pytest.mark.parametrize("operation", [
    "DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_a_batch_answered_with_rubbish_is_sent_again(
        standin, daemon, trail, operation, body):
    rule = standin.faults.on("sqs." + operation, Fault(
        status=200, body=body), times=1)
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate), times=1)
    trail.put(3)
    running = daemon(visibility_timeout="8s")
    running.wait_for(lambda: len(standin.journal.all("sqs.visibility")) >= 3)
    gate.open()
    trail.await_all(running)
    assert rule.hits == 1
    assert receives(standin) == 3


def test_a_batch_that_fails_in_part_is_sent_again_one_by_one(
        standin, daemon, trail):
    failed = {"delete": 0, "change": 0}

    def fail(operation, entry):
        if entry["Id"] == "0" or failed[operation] >= 4:
            return None
        failed[operation] += 1
        return "InternalError"

    standin.sqs.fail_entry = fail
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate), times=1)
    trail.put(10)
    running = daemon(visibility_timeout="8s")
    running.wait_for(lambda: len(standin.journal.all("sqs.visibility")) >= 10)
    gate.open()
    trail.await_all(running)
    assert failed == {"delete": 4, "change": 4}
    assert receives(standin) == 10
    assert final_stats(running)["messages_deleted"] == 10


@pytest.mark.parametrize("code", [
    "ReceiptHandleIsInvalid", "MessageNotInflight"])
def test_a_handle_that_is_no_good_is_not_looped_on(
        standin, daemon, trail, code):
    """Its message comes back, and is deleted without being sent again."""
    refused = []

    def fail(operation, entry):
        if operation == "delete" and len(refused) < 5:
            refused.append(entry["ReceiptHandle"])
            return code
        return None

    standin.sqs.fail_entry = fail
    trail.put(5)
    running = daemon(visibility_timeout="6s")
    trail.await_all(running)
    assert len(set(refused)) == 5, "one try for each handle"
    assert len(running.log("message.not_deleted")) == 5
    stats = final_stats(running)
    assert (stats["delete_failures"], stats["messages_deleted"]) == (5, 5)


def test_deletes_that_fail_beyond_the_lease(standin, daemon, trail):
    """What was acknowledged is remembered: it comes again, and is deleted
    unsent."""
    rule = standin.faults.on("sqs.DeleteMessageBatch", Fault(
        status=500, code="InternalFailure"))
    trail.put(5)
    running = daemon(visibility_timeout="2s")
    running.wait_for(lambda: receives(standin) >= 10, 20)
    standin.faults.off(rule)
    trail.await_all(running)


@no_faketime
def test_calls_that_are_never_answered_time_out(standin, daemon, trail):
    """35 s for a poll and 30 s for a delete, at many times the speed."""
    poll = standin.faults.on("sqs.ReceiveMessage", Fault(
        hold=standin.gate()), times=1)
    delete = standin.faults.on("sqs.DeleteMessageBatch", Fault(
        hold=standin.gate()), times=1)
    trail.put(3)
    running = daemon(env=other_time(standin, 20), visibility_timeout="10m")
    trail.await_all(running)
    assert poll.hits == delete.hits == 1
    assert running.log("sqs.batch", error="timeout")


@pytest.mark.long
def test_credentials_that_expire_in_mid_flight(standin, daemon, trail):
    """Leases lapse, since nobody may extend them. What Dassana has taken
    meanwhile is remembered and deleted unsent when it comes again."""
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate), times=1)
    trail.put(5)
    running = daemon(visibility_timeout="2s")
    running.wait_for(lambda: standin.dassana.active == 1
                     and standin.queue.counts() == (0, 5))
    standin.verifier.expired_tokens.add(standin.session)
    running.wait_for(lambda: standin.queue.counts() == (5, 0))
    gate.open()
    running.wait_for(lambda: standin.dassana.posts)
    assert not standin.queue.empty()
    running.wait_for(lambda: len(running.log("message.not_deleted")) == 5)
    polls = len(standin.journal.all("denied"))
    standin.verifier.expired_tokens.clear()
    trail.await_all(running, 0, 40)
    assert polls < 40, "bounded"
    assert any("ExpiredToken" in line["line"] for line in running.log())


def test_the_host_clock_is_wrong(standin, daemon, trail):
    """Both ways, and by more than AWS tolerates: the Date of the refusal
    says what time it is."""
    for offset_s in (-7200, 7200):
        standin.verifier.clock_offset_s = offset_s
        trail.put(2)
        running = daemon()
        trail.await_all(running)
        assert running.wait_line("aws.clock")
        running.stop()


@no_faketime
@pytest.mark.parametrize("shift", ["-2h", "+3d"])
def test_the_host_clock_is_wrong_by_itself(
        standin, daemon, trail, shift):
    trail.put(2)
    running = daemon(env=other_time(standin, 1, shift))
    trail.await_all(running)
    assert running.wait_line("aws.clock")


def test_the_clock_of_aws_is_told_once(standin, daemon, trail):
    """One correction serves all later calls."""
    standin.verifier.clock_offset_s = 3600
    trail.put(20)
    running = daemon()
    trail.await_all(running)
    denied = standin.journal.all("denied")
    assert denied and len(denied) <= 2


def waits_long(request):
    return json.loads(request.body)["WaitTimeSeconds"] > 3


def test_polls_that_a_proxy_cuts(standin, daemon, trail):
    """What it lets live is what they wait from then on, and what is sent to
    the queue comes at once."""
    standin.queue.poll_limit_s = 3
    rule = standin.faults.on(
        "sqs.ReceiveMessage", Fault(drop=True), where=waits_long)
    running = daemon(visibility_timeout="10m")
    line = running.wait_line("sqs.wait", timeout=30)
    assert line["wait_s"] == "2" and line["advice"]
    cut = rule.hits
    assert cut <= 4, "two polls, each sent once more by curl"
    for _ in range(3):
        polls = len(standin.journal.all("sqs.poll"))
        running.wait_for(lambda: len(standin.journal.all("sqs.poll")) > polls)
        trail.put(1)
        trail.await_all(running)
    assert receives(standin) == 3 and rule.hits == cut
    assert len(running.log("sqs.wait")) == 1
