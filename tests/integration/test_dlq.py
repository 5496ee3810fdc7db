"""trailpost dlq: why messages are dead, and back to the queue with them."""

import gzip
import json
import signal
import subprocess

import pytest
from backfills import IDENTITY, Done
from jobs import make_file
from process import BINARY, bare_environ
from standin import Fault, shapes
from trail import no_faketime, set_time, settable_time, with_dead_letters


class Dlq:
    def __init__(self, standin, home):
        standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))
        self.dead = with_dead_letters(standin)
        self.standin = standin
        self.home = home
        self.env = {**bare_environ(home), **standin.environ()}

    def start(self, *args):
        command = [BINARY]
        for name, value in self.standin.options().items():
            if not name.startswith("dassana"):
                command += ["-o", "%s=%s" % (name, value)]
        return subprocess.Popen(
            [*command, "dlq", *args], env=self.env, cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)

    def run(self, *args):
        process = self.start(*args)
        out, err = process.communicate(timeout=60)
        return Done(process.returncode, out, err)

    def put(self, key, data=None):
        """A dead letter about an object, which is not there without data."""
        if data is not None:
            self.standin.s3.put("trail-logs", key, data)
        return self.dead.send(shapes.s3_event("trail-logs", key))


@pytest.fixture
def dlq(standin, binary, tmp_path):
    return Dlq(standin, tmp_path)


def one_of_each(dlq):
    """cause → message"""
    _, good, _ = make_file(5)
    made = {"fine": dlq.put("fine.json.gz", good),
            "gone": dlq.put("gone.json.gz"),
            "corrupt": dlq.put("corrupt.json.gz", good[:-9]),
            "archived": dlq.put("archived.json.gz", good),
            "denied": dlq.put("denied.json.gz", good),
            "unknown": dlq.dead.send("what is this"),
            "no_object": dlq.dead.send(shapes.test_event("trail-logs"))}

    def fault(request):
        if "archived" in request.path:
            return Fault(403, "InvalidObjectState", "archived")
        if "denied" in request.path:
            return Fault(403, "AccessDenied", "Access Denied")
        return None

    dlq.standin.faults.on("s3.GET", fault)
    return made


def test_why_each_is_there(standin, dlq):
    made = one_of_each(dlq)
    done = dlq.run("list", "--json")
    assert done.status == 0, done.err
    found = {m["id"]: m for m in done.json["messages"]}
    assert {c: found[m.id]["cause"] for c, m in made.items()} == {
        c: c for c in made}
    assert (done.json["seen"], done.json["total"]) == (7, 7)
    fine, = found[made["fine"].id]["objects"]
    assert fine == {"bucket": "trail-logs", "key": "fine.json.gz",
                    "cause": "fine", "detail": "5 events"}
    gone, = found[made["gone"].id]["objects"]
    assert "NoSuchKey" in gone["detail"] and "request id" in gone["detail"]
    assert found[made["fine"].id]["receives"] == 1
    # Nothing has changed but the receives, which is said.
    assert dlq.dead.counts() == (7, 0)
    assert standin.queue.empty()
    done = dlq.run("list")
    assert "7 messages seen of about 7" in done.out
    assert "spent a receive" in done.out
    assert "received 2 times" in done.out
    for cause in made:
        assert "→ %s\n" % cause in done.out
    assert dlq.dead.counts() == (7, 0)


def test_each_is_shown_once_however_many(dlq):
    """They are held while it looks: nobody sees the same ten again."""
    _, data, _ = make_file(1)
    dlq.standin.s3.put("trail-logs", "k", data)
    made = {dlq.dead.send(shapes.s3_event("trail-logs", "k")).id
            for _ in range(35)}
    done = dlq.run("list", "--json")
    assert sorted(m["id"] for m in done.json["messages"]) == sorted(made)
    assert dlq.dead.counts() == (35, 0)


def test_a_record_that_is_left_out(dlq):
    """It is why the message is here; put back, it would only come again."""
    dlq.put("k", gzip.compress(b'{"Records":[{"a":1},7,{"b":2}]}'))
    message, = dlq.run("list", "--json").json["messages"]
    assert message["cause"] == "corrupt"
    assert message["objects"][0]["detail"] == "2 events, 1 records left out"


def test_a_message_of_several_objects(dlq):
    _, data, _ = make_file(2)
    dlq.standin.s3.put("trail-logs", "a", data)
    dlq.dead.send(shapes.s3_event("trail-logs", "a", "b", "a"))
    message, = dlq.run("list", "--json").json["messages"]
    assert [o["cause"] for o in message["objects"]] == ["fine", "gone", "fine"]
    assert message["cause"] == "gone"


def test_a_message_of_very_many_objects(dlq):
    """More of them than a line has room for, in JSON too."""
    keys = ["%s-%04d" % ("k" * 1000, one) for one in range(500)]
    dlq.dead.send(shapes.s3_event("trail-logs", *keys))
    message, = dlq.run("list", "--json").json["messages"]
    assert [o["key"] for o in message["objects"]] == keys


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_releases_all(standin, dlq, number):
    _, data, _ = make_file(2)
    for one in range(12):
        dlq.put("k%d" % one, data)
    gate = standin.gate(at=20)
    standin.s3.hold("trail-logs", "k5", gate)
    process = dlq.start("list")
    standin.wait(lambda: any(e.key == "k5" for e in standin.journal.all(
        "s3.GET")), 30)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert "messages seen of about 12" in out
    assert dlq.dead.counts() == (12, 0)
    standin.open_gates()


@no_faketime
def test_it_ends_before_what_it_holds_is_seen_again(standin, dlq):
    """S3 takes 15 seconds for each, by the clocks of SQS and the program."""
    clock = dlq.home / "clock"
    set_time(clock, "+0")
    dlq.env = {**bare_environ(dlq.home),
               **settable_time(standin, clock, wall_only=False)}

    def take_long(_request):
        standin.clock.skip(15)
        set_time(clock, "%+.1f" % standin.clock.ahead())

    standin.faults.on("s3.GET", take_long)
    made = {dlq.put("gone%d" % n).id for n in range(250)}
    done = dlq.run("list", "--json")
    seen = [m["id"] for m in done.json["messages"]]
    assert done.json["partial"] and 3 <= len(seen) < 250
    assert len(set(seen)) == len(seen) and made > set(seen)
    assert dlq.dead.counts() == (250, 0)


def test_redrive_of_all_is_sqs_own(standin, dlq):
    for one in range(3):
        dlq.put("k%d" % one)
    done = dlq.run("redrive")
    assert done.status == 0, done.err
    assert standin.queue.size() == 3 and dlq.dead.empty()
    assert standin.journal.all("sqs.sent") == []


def test_redrive_of_one_cause(standin, dlq):
    made = one_of_each(dlq)
    attributes = {"k": {"DataType": "String", "StringValue": "v\n\"é"},
                  "b": {"DataType": "Binary", "BinaryValue": "AAE="}}
    made["fine"].given = attributes
    bodies = {c: m.body for c, m in made.items()}
    done = dlq.run("redrive", "--only", "fine")
    assert done.status == 0, done.err
    assert "1 put back" in done.out
    moved, = standin.queue.messages()
    assert moved.body == bodies["fine"] and moved.given == attributes
    assert sorted(m.body for m in dlq.dead.messages()) == sorted(
        b for c, b in bodies.items() if c != "fine")
    assert dlq.dead.counts() == (6, 0)
    # Sent before it was deleted.
    order = [e.op for e in standin.journal.all()
             if e.op in ("sqs.sent", "sqs.delete")]
    assert order == ["sqs.sent", "sqs.delete"]


def test_killed_between_sending_and_deleting(standin, dlq):
    """A duplicate, never a loss."""
    _, data, _ = make_file(2)
    body = dlq.put("k", data).body
    gate = standin.gate()
    standin.faults.on("sqs.DeleteMessageBatch", Fault(hold=gate))
    process = dlq.start("redrive", "--only", "fine")
    standin.wait(lambda: standin.queue.size() == 1, 30)
    process.kill()
    process.communicate(timeout=20)
    standin.faults.clear()
    standin.open_gates()
    assert [m.body for m in dlq.dead.messages()] == [body]
    assert [m.body for m in standin.queue.messages()] == [body]


@pytest.mark.parametrize("operation, args, words", [
    ("sqs.ReceiveMessage", ["list"], "sqs:ReceiveMessage on arn:aws:sqs:"
     "us-east-1:111122223333:dead"),
    ("sqs.StartMessageMoveTask", ["redrive"], "sqs:StartMessageMoveTask"),
    ("sqs.SendMessageBatch", ["redrive", "--only", "fine"],
     "sqs:SendMessage on arn:aws:sqs:us-east-1:111122223333:trailpost"),
    ("sqs.DeleteMessageBatch", ["redrive", "--only", "fine"],
     "sqs:DeleteMessage on arn:aws:sqs:us-east-1:111122223333:dead"),
])
def test_refusals_name_what_to_grant(standin, dlq, operation, args, words):
    for one in range(3):
        dlq.put("k%d" % one, make_file(2)[1])
    standin.faults.on(operation, Fault(403, "AccessDeniedException", "no"))
    done = dlq.run(*args)
    assert done.status == 1
    assert words in done.err
    # It stops at the first, and nothing is lost.
    assert dlq.dead.counts() == (3, 0)


@pytest.mark.parametrize("args, words", [
    ([], "dlq list or dlq redrive"), (["lost"], "dlq list or dlq redrive"),
    (["list", "--only", "fine"], "for dlq redrive"),
    (["redrive", "--only", "old"], "fine, gone, denied"),
    (["redrive", "--json"], "--json"),
    (["list", "more"], "nothing to do"),
])
def test_mistakes(dlq, args, words):
    done = dlq.run(*args)
    assert done.status == 2 and words in done.err and done.out == ""


def test_a_queue_without_dead_letters(standin, dlq):
    standin.queue.dead_letter = standin.queue.max_receives = None
    done = dlq.run("list")
    assert done.status == 1 and "no redrive policy" in done.err


def test_what_is_shown_is_safe_on_a_terminal(dlq):
    dlq.dead.send(shapes.s3_event("trail-logs", "a\x1b[2Jb\u202e"))
    done = dlq.run("list")
    assert "\x1b" not in done.out and "\u202e" not in done.out
    assert json.loads(dlq.run("list", "--json").out)["seen"] == 1
