"""What the log says: the story of one message, lines as JSON, folding, and how
little there is at info level."""

import fcntl
import gzip
import json
import os
import random
import subprocess
import threading

import pytest
from admin import LISTEN, Admin
from jobs import await_all, make_file, put_files
from metrics import Scrape
from process import BINARY, bare_environ, parse
from standin import Fault, shapes

GOOD = ["message.received", "message.understood", "object.wanted",
        "object.get", "object.opened", "object.read", "object.batched",
        # One event until it is known that Dassana counts, then the rest.
        "object.delivered", "object.delivered", "object.settled",
        "message.delete_queued", "message.deleted"]
BAD = ["message.received", "message.understood", "object.wanted",
       "object.get", "object.opened", "object.failed", "object.settled",
       "message.release_queued", "message.released"]
NONE = ["message.received", "message.nothing", "message.delete_queued",
        "message.deleted"]


def announce(standin, key):
    return standin.queue.send(shapes.s3_event(standin.BUCKET, key))


def fields_of(line, form):
    """The fields of a line as json; parsed as logfmt it is its own."""
    return json.loads(line["line"]) if form == "json" else line


def story(running, message_id, form):
    """What `grep ID` finds, in order."""
    return [fields_of(line, form) for line in list(running.lines)
            if message_id in line["line"]]


def events_of(lines):
    return [line["event"] for line in lines]


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_one_messages_whole_story(standin, daemon, form):
    wanted = put_files(standin, 1, 20)
    good = standin.queue.messages()[0]
    standin.put("AWSLogs/bad.json.gz", b"no gzip", announce=False)
    bad = announce(standin, "AWSLogs/bad.json.gz")
    test = standin.queue.send(shapes.test_event(standin.BUCKET))
    running = daemon(args=("-v",), log_format=form, redeliver_after="7s")

    def told(message, event):
        return event in events_of(story(running, message.id, form))
    running.wait_for(lambda: told(good, "message.deleted")
                     and told(bad, "message.released")
                     and told(test, "message.deleted"), 20)
    assert standin.dassana.event_count == len(wanted)

    lines = story(running, good.id, form)
    assert events_of(lines) == GOOD
    by = {line["event"]: line for line in lines}
    assert int(by["message.received"]["receive_count"]) == 1
    assert by["message.understood"]["shape"] == "s3"
    assert int(by["message.understood"]["objects"]) == 1
    assert int(by["object.read"]["events"]) == len(wanted)
    assert by["object.settled"]["outcome"] == "delivered"
    # The batch is found by its number, and its POST by that.
    batch = by["object.batched"]["batch"]
    of_batch = [fields_of(x, form) for x in list(running.lines)
                if "batch" in x["line"]]
    assert [x["event"] for x in of_batch if x.get("batch") == batch] == [
        "batch.sealed", "object.batched", "dassana.post", "dassana.post"]

    lines = story(running, bad.id, form)
    assert events_of(lines)[:len(BAD)] == BAD
    assert lines[BAD.index("object.failed")]["cause"]
    assert int(lines[BAD.index("message.released")]["after_s"]) == 7
    assert events_of(story(running, test.id, form)) == NONE


def test_objects_that_are_joined_or_filtered(standin, daemon):
    gate = standin.gate()
    standin.faults.on("s3.GET", Fault(hold=gate), times=1)
    standin.put("AWSLogs/one.json.gz", b"no gzip", announce=False)
    first = announce(standin, "AWSLogs/one.json.gz")
    running = daemon(args=("-v",), key_exclude="*digest*")
    running.wait_line("object.get")
    second = announce(standin, "AWSLogs/one.json.gz")
    left = announce(standin, "AWSLogs/digest.json.gz")
    running.wait_line("object.joined", message_id=second.id)
    running.wait_line("message.deleted", message_id=left.id)
    assert running.log("object.filtered", message_id=left.id)
    gate.open()
    running.wait_line("message.released", message_id=second.id)
    ids = running.log("object.settled")[0]["message_id"]
    assert ids == first.id + "," + second.id


def test_an_object_of_many_messages(standin, daemon):
    """More than one line has room for: each has its whole story."""
    gate = standin.gate()
    standin.faults.on("s3.GET", Fault(hold=gate), times=1)
    key, data, wanted = make_file(3)
    standin.put(key, data, announce=False)
    messages = [announce(standin, key) for _ in range(31)]
    running = daemon(args=("-v",))
    running.wait_for(lambda: len(running.log("object.joined")) == 30, 20)
    gate.open()
    await_all(standin, running, wanted)
    running.wait_for(lambda: len(running.log("object.settled")) == 3, 20)
    for message in messages:
        told = events_of(story(running, message.id, "logfmt"))
        for event in ("object.read", "object.batched", "object.settled"):
            assert told.count(event) == 1, message.id
    assert all(len(line["message_id"]) <= 512
               for line in running.log("object.settled"))


def test_any_key_makes_a_sound_line(standin, daemon):
    """Random bytes, as a sender may put them into a notification; a NUL makes
    no key."""
    rng = random.Random(5)
    standin.put("AWSLogs/so that there is a bucket", b"", announce=False)
    keys = {}
    for number in range(40):
        raw = bytes(rng.randrange(1, 256)
                    for _ in range(rng.randrange(1, 250)))
        key = "AWSLogs/%d\n\x1b[31m" % number + raw.decode(
            "utf-8" if number % 2 else "latin-1", "replace")
        keys[announce(standin, key).id] = key
    running = daemon(args=("-v",), log_format="json",
                     redeliver_after="5m")
    running.wait_for(lambda: sum(
        '"object.failed"' in line["line"] for line in list(running.lines))
        >= len(keys), 30)
    running.stop()
    failed = {}
    for line in running.lines:
        text = line["line"]
        assert all(" " <= c <= "~" for c in text), text
        fields = json.loads(text)
        assert list(fields)[:3] == ["time", "level", "event"]
        if fields["event"] == "object.failed":
            failed[fields["message_id"]] = fields["key"]
    assert set(failed) == set(keys)
    for message_id, key in keys.items():
        assert failed[message_id] == key


def test_info_does_not_tell_of_each_object(standin, daemon):
    wanted = put_files(standin, 60, 3)
    running = daemon(args=())
    await_all(standin, running, wanted)
    running.stop()
    assert [line["event"] for line in running.lines] == [
        "start", "creds.fetch", "drain", "drained", "stats", "stop"]
    stats = running.log("stats")[0]
    names = list(stats)
    assert names.index("events_per_s") < names.index("events_delivered")
    assert int(stats["events_delivered"]) == len(wanted)
    assert int(stats["messages_deleted"]) == 60
    assert "objects_failed" not in stats and "leases_lost" not in stats


def test_repeated_errors_are_folded(standin, daemon):
    """The first is told at once, the others as one line, at the end at the
    latest; each object that failed is told for itself."""
    standin.faults.on("sqs.ReceiveMessage", Fault(
        status=503, code="ServiceUnavailable", message="no"), times=4)
    for number in range(5):
        standin.put("AWSLogs/bad%d.json.gz" % number, b"no gzip",
                    announce=False)
    names = ["AWSLogs/bad%d.json.gz" % number for number in range(5)]
    names += ["AWSLogs/gone%d.json.gz" % number for number in range(3)]
    for name in names:
        announce(standin, name)
    running = daemon(args=(), redeliver_after="5m")
    running.wait_for(
        lambda: len(running.log("object.failed")) == len(names), 60)
    running.stop()
    assert sorted(
        line["key"] for line in running.log("object.failed")) == names
    told = running.log("sqs.receive", level="warn")
    first, rest = told[0], told[1:]
    assert "repeated" not in first
    assert rest and all("repeated" in line for line in rest)
    failures = int(running.log("sqs.receive.recovered")[0]["failures"])
    assert failures == 1 + sum(int(line["repeated"]) for line in rest)
    assert failures >= 2


def failed_objects(admin):
    values = Scrape(admin.ask("/metrics").text).values
    return sum(value for (name, _), value in values.items()
               if name == "trailpost_objects_failed_total")


def test_a_flood_of_failures_is_folded(standin, daemon):
    """Somebody who can write to the bucket: each of 300 objects fails, in as
    many ways as he likes."""
    kinds = (b"no gzip", gzip.compress(b'{"Records":[{]}'),
             gzip.compress(b'{"Records":[]}')[:-9])
    for number in range(300):
        name = "AWSLogs/%03d.json.gz" % number
        standin.put(name, kinds[number % len(kinds)], announce=False)
        announce(standin, name)
    running = daemon(args=(), redeliver_after="5m", admin_listen=LISTEN)
    admin = Admin(running)
    running.wait_for(lambda: failed_objects(admin) == 300, 60)
    running.stop()
    told = running.log("object.failed")
    single = [line for line in told if "repeated" not in line]
    assert len(single) == 20
    assert len(told) <= 25
    assert 20 + sum(int(line.get("repeated", 0)) for line in told) == 300


class Unread:
    """The daemon at its most talkative, and a pipe of two pages that is read
    when the test wants it."""

    def __init__(self, standin, home):
        out, into = os.pipe()
        fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, 8192)
        command = [BINARY, "-vv"]
        for pair in {**standin.options(), "batch_max_delay": "100ms"}.items():
            command += ["-o", "%s=%s" % pair]
        self.standin = standin
        self.process = subprocess.Popen(
            command, stderr=into, stdin=subprocess.DEVNULL,
            env={**bare_environ(home), **standin.environ()})
        os.close(into)
        self.file = os.fdopen(out, "rb", buffering=0)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()
        self.file.close()

    def rest(self):
        """Ends it, and reads what is still to come."""
        self.process.terminate()
        self.standin.queue.end_polls()
        text = self.file.readall()
        assert self.process.wait(20) == 0
        return text


def whole_lines(text):
    lines = [parse(line) for line in text.decode().split("\n")]
    assert lines.pop()["line"] == ""
    assert all(line["line"].startswith("20") and "event" in line
               for line in lines)
    return lines


def test_a_log_that_nobody_reads_holds_nothing_up(standin, tmp_path):
    """What is left out is counted, and no line is cut in two."""
    with Unread(standin, tmp_path) as running:
        wanted = put_files(standin, 150)
        standin.wait(standin.queue.empty, 40)
        assert sorted(standin.dassana.events()) == sorted(wanted)
        lines = whole_lines(running.rest())
    dropped = [line for line in lines if line["event"] == "log.dropped"]
    assert sum(int(line["lines"]) for line in dropped) > 20
    kept = sum(len(line["line"]) for line in lines)
    assert 250_000 < kept < 300_000


def test_a_log_that_is_read_slowly_holds_nothing_up(standin, tmp_path):
    """At 2 kB/s, its reader would need minutes for it."""
    text, fast = [], threading.Event()

    def read():
        while not fast.wait(0.1):
            text.append(os.read(running.file.fileno(), 200))
    with Unread(standin, tmp_path) as running:
        reader = threading.Thread(target=read)
        reader.start()
        try:
            wanted = put_files(standin, 60)
            standin.wait(standin.queue.empty, 20)
        finally:
            fast.set()
            reader.join()
        assert sorted(standin.dassana.events()) == sorted(wanted)
        text.append(running.rest())
    lines = whole_lines(b"".join(text))
    assert lines[-1]["event"] == "stop"
    assert sum(len(line["line"]) for line in lines) > 100_000
    assert not [line for line in lines if line["event"] == "log.dropped"]


def test_the_level_is_a_setting(standin, daemon):
    standin.put("AWSLogs/bad.json.gz", b"no gzip", announce=False)
    announce(standin, "AWSLogs/bad.json.gz")
    running = daemon(args=(), log_level="warn")
    running.wait_line("object.failed")
    running.stop()
    assert {line["level"] for line in running.lines} == {"warn"}


def test_the_journal_gets_priorities(binary, tmp_path):
    """stderr is the journal if it is what JOURNAL_STREAM says."""
    def run(stream):
        with open(tmp_path / "log", "w+b") as log:
            status = os.fstat(log.fileno())
            subprocess.run(
                [binary, "-o", "gzip_level=10", "-o", "log_format=json"],
                env={**bare_environ(tmp_path), "JOURNAL_STREAM": stream % (
                    status.st_dev, status.st_ino)},
                stderr=log, check=False, timeout=20)
            log.seek(0)
            return log.read().decode().splitlines()
    lines = run("%d:%d")
    assert lines and all(
        line.startswith("<3>level=error event=config.mistake ")
        for line in lines)
    assert all(" level=error " in line and not line.startswith("<")
               for line in run("%d:1%d"))
