"""Leases: a message that is held is not handed to others, however long its
object waits; a lease that is lost is noticed."""

import pytest
from process import time_of
from standin import Fault
from trail import Trail, final_stats, receives


@pytest.fixture
def trail(standin):
    return Trail(standin)


@pytest.mark.long
def test_an_object_paused_for_three_timeouts(standin, daemon, trail):
    """The buffer is full, Dassana hangs: the GET stands still, half read, and
    others wait for a slot."""
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    trail.put(4, count=4000)
    running = daemon(visibility_timeout="5s", buffer_max_bytes="1MiB",
                     batch_max_bytes="256KiB", max_record_bytes="64KiB",
                     gzip_level=0, s3_concurrency=2)
    running.wait_for(lambda: len(standin.journal.all("s3.GET")) == 2
                     and standin.dassana.active >= 1)
    began = standin.journal.all("sqs.receive")[0].t

    def extended():
        """Of each message, from one end of a timeout to beyond the next."""
        entries = standin.journal.all("sqs.visibility")
        return entries and entries[-1].t - began > 16

    running.wait_for(extended, 30)
    assert standin.queue.counts() == (0, 4)
    gate.open()
    trail.await_all(running)
    assert receives(standin) == 4
    assert not running.log("message.lease_lost")


@pytest.mark.long
def test_extensions_come_at_half_of_the_timeout(standin, daemon, trail):
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    message = trail.put(1)[0]
    running = daemon(visibility_timeout="8s")
    lines = running.wait_for(
        lambda: len(found := running.log(
            "message.lease_extended", message_id=message.id)) >= 3 and found,
        30)
    assert all(line["lease_s"] == "8" for line in lines)
    gaps = [time_of(b) - time_of(a) for a, b in zip(lines, lines[1:])]
    assert all(3 <= gap <= 7 for gap in gaps), gaps
    gate.open()
    trail.await_all(running)


def test_extensions_go_out_in_batches(standin, daemon, trail):
    calls = standin.faults.on("sqs.ChangeMessageVisibilityBatch",
                              lambda request: None)
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    trail.put(50)
    running = daemon(visibility_timeout="3s")
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility")) >= 100, 15)
    assert calls.hits <= len(standin.journal.all("sqs.visibility")) / 10 + 10
    gate.open()
    trail.await_all(running)


@pytest.mark.parametrize("code", [
    "ReceiptHandleIsInvalid", "MessageNotInflight",
    "InvalidParameterValueException"])
def test_a_lost_lease_is_noticed(standin, daemon, trail, code):
    """Its events are delivered, but nobody claims that it was deleted; when
    it comes again it is not sent again."""
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate), times=1)
    lost = trail.put(1)[0]
    tries = []

    def fail(operation, entry):
        handle = entry["ReceiptHandle"]
        if not tries or handle == tries[0][1]:
            tries.append((operation, handle))
            return code
        return None

    standin.sqs.fail_entry = fail
    running = daemon(visibility_timeout="6s", max_messages=1)
    running.wait_line("message.lease_lost", level="warn", message_id=lost.id)
    running.wait_for(lambda: standin.queue.counts() == (1, 0))
    gate.open()
    trail.await_all(running)
    operations = [operation for operation, _ in tries]
    assert operations.count("change") == 1, "it was looped on"
    assert operations.count("delete") <= 1
    stats = final_stats(running)
    assert stats["leases_lost"] == 1
    assert stats["messages_deleted"] == len(
        standin.journal.all("sqs.delete", deleted=True)) == 1
    assert receives(standin, lost) >= 2


def test_extensions_that_fail_for_a_while_are_tried_again(
        standin, daemon, trail):
    """One by one while the lease lasts: it is never lost."""
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate), times=1)
    failed = []

    def fail(operation, entry):
        if operation == "change" and len(failed) < 10:
            failed.append(entry["ReceiptHandle"])
            return "InternalError"
        return None

    standin.sqs.fail_entry = fail
    trail.put(5)
    running = daemon(visibility_timeout="10s")
    running.wait_for(lambda: len(standin.journal.all(
        "sqs.visibility")) >= 5, 20)
    gate.open()
    trail.await_all(running)
    assert len(failed) == 10
    assert receives(standin) == 5
    assert not running.log("message.lease_lost")


def test_delivered_again_while_held_renews_the_handle(standin, daemon, trail):
    """SQS may do so. The old handle deletes nothing any more."""
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    message = trail.put(1)[0]
    running = daemon()
    running.wait_for(lambda: standin.dassana.active == 1)
    standin.queue.make_visible(message)
    running.wait_line("message.again", message_id=message.id)
    gate.open()
    trail.await_all(running)
    deletes = standin.journal.all("sqs.delete", id=message.id)
    assert [e.deleted for e in deletes] == [True]
    assert receives(standin, message) == 2
    stats = final_stats(running)
    assert stats["messages_duplicate"] == stats["messages_deleted"] == 1
    assert stats["events_delivered"] == len(trail.wanted())


@pytest.mark.parametrize("timeout", ["2s", "12h"])
def test_the_ends_of_the_range(standin, daemon, trail, timeout):
    trail.put(10)
    trail.await_all(daemon(visibility_timeout=timeout))
    assert standin.journal.all("sqs.refused") == []
