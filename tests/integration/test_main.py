"""The main job, through the real process."""

import json
import os
import random
import subprocess
import time

import make_samples
import pytest
from jobs import await_all, delivered, make_file, put_files
from process import ROOT, sanitized
from real_logs import real_files
from standin import Fault, shapes

BUCKET = "trail-logs"
ACCOUNT = "AWSLogs/111122223333/"


def test_files_of_all_kinds_arrive_byte_for_byte(standin, daemon):
    wanted = []
    for key, data, events in make_samples.samples(seed=11):
        standin.put(key, data)
        wanted += events
    await_all(standin, daemon(), wanted)
    assert len(standin.journal.all("sqs.delete", deleted=True)) == 24
    assert standin.journal.all("denied") == []
    assert standin.journal.all("sqs.refused") == []


def test_real_log_files_arrive_byte_for_byte(standin, daemon):
    wanted = []
    for path, data, events in real_files():
        standin.put("AWSLogs/1/CloudTrail/" + os.path.basename(path), data)
        wanted += events
    await_all(standin, daemon(), wanted)


def test_what_a_post_looks_like(standin, daemon):
    wanted = put_files(standin, 3)
    await_all(standin, daemon(), wanted)
    for post in standin.dassana.posts:
        headers = post.headers
        assert headers["x-dassana-app-id"] == standin.APP_ID
        assert headers["content-encoding"] == "gzip"
        assert headers["content-length"] == str(post.body_bytes)
        assert headers["user-agent"].startswith("trailpost/")
        assert "transfer-encoding" not in headers


def test_vv_shows_each_exchange_but_no_secret(standin, daemon, secrets):
    secrets.texts.append("Credential=")
    wanted = put_files(standin, 1)
    running = daemon(args=("-vv",))
    await_all(standin, running, wanted)
    sent, got = running.log("http.start"), running.log("http.end")
    posts = [line for line in sent if "h.x-dassana-token" in line]
    assert posts and posts[0]["h.x-dassana-token"] == "[hidden]"
    assert posts[0]["h.x-dassana-app-id"] == standin.APP_ID
    signed = [line for line in sent if "h.authorization" in line]
    assert {line["h.authorization"] for line in signed} == {"[hidden]"}
    assert {line["h.x-amz-security-token"] for line in signed} == {"[hidden]"}
    assert any("h.x-amzn-requestid" in line for line in got)
    assert {line["id"] for line in got} <= {line["id"] for line in sent}


def test_without_gzip(standin, daemon):
    wanted = put_files(standin, 3)
    await_all(standin, daemon(gzip_level=0), wanted)
    assert all("content-encoding" not in p.headers
               and p.body_bytes == p.plain_bytes
               for p in standin.dassana.posts)


def bodies(key):
    """Every shape that names one object."""
    s3 = shapes.s3_event(BUCKET, key)
    bus = shapes.eventbridge(BUCKET, key)
    own = shapes.cloudtrail(BUCKET, key)
    single = json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": key})
    return {
        "s3": s3, "s3 in sns": shapes.sns(s3),
        "eventbridge": bus, "eventbridge in sns": shapes.sns(bus, None),
        "cloudtrail": own, "cloudtrail in sns": shapes.sns(own, None),
        "cloudtrail with one key": single,
        "copy": shapes.s3_event(BUCKET, key, event="ObjectCreated:Copy"),
        "unknown members": s3.replace(
            '{"Records"', '{"new":{"a":[1,{}]},"Records"'),
    }


@pytest.mark.parametrize("shape", bodies("k"))
def test_every_notification_shape(standin, daemon, shape):
    key, data, events = make_file(7)
    standin.put(key, data, announce=False)
    standin.queue.send(bodies(key)[shape])
    await_all(standin, daemon(), events)


def test_one_message_with_several_objects(standin, daemon):
    files = [make_file(5, seed) for seed in range(4)]
    for key, data, _ in files:
        standin.put(key, data, announce=False)
    keys = [key for key, _, _ in files]
    standin.queue.send(shapes.s3_event(BUCKET, *keys[:2]))
    standin.queue.send(shapes.sns(shapes.cloudtrail(BUCKET, *keys[2:])))
    await_all(standin, daemon(), [e for _, _, ev in files for e in ev])


@pytest.mark.parametrize("body", [
    shapes.test_event(BUCKET), shapes.sns(shapes.test_event(BUCKET)),
    shapes.VALIDATION, shapes.sns(shapes.VALIDATION, None),
    shapes.s3_event(BUCKET, "k", event="ObjectRemoved:Delete"),
    shapes.eventbridge(BUCKET, "k", "Object Deleted"),
    shapes.s3_event(BUCKET), shapes.s3_event(BUCKET, "AWSLogs/", size=0),
    shapes.s3_event(
        BUCKET, ACCOUNT + "CloudTrail-Digest/r/2026/11/22/d.json.gz"),
    shapes.s3_event(BUCKET, ACCOUNT + "ELBAccessLogTestFile"),
    shapes.api_call(BUCKET, "k", "GetObject"),
    shapes.api_call(BUCKET, "k", errorCode="AccessDenied"),
    shapes.sns("x", kind="SubscriptionConfirmation"),
], ids=["test event", "test event in sns", "validation", "validation in sns",
        "removed", "deleted on the bus", "no records", "folder marker",
        "digest", "test file", "a read on the bus", "refused on the bus",
        "subscription"])
def test_nothing_to_ship_is_deleted(standin, daemon, body):
    message = standin.queue.send(body)
    running = daemon()
    running.wait_for(standin.queue.empty)
    assert standin.journal.all("sqs.delete", id=message.id, deleted=True)
    assert standin.journal.all("s3.GET") == []
    assert standin.dassana.posts == []


@pytest.mark.parametrize("kind, word", [
    ("SubscriptionConfirmation", "not confirmed"),
    ("UnsubscribeConfirmation", "was ended")])
def test_a_subscription_that_waits_is_told(standin, daemon, kind, word):
    link = ("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"
            "&TopicArn=arn:aws:sns:us-east-1:111122223333:trail&Token="
            + "23f6" * 64)
    standin.queue.send(shapes.sns("You have ...", None, kind,
                                  SubscribeURL=link))
    line = daemon().wait_line("message.subscription", level="warn")
    assert line["topic"] == "arn:aws:sns:us-east-1:111122223333:trail"
    assert line["link"] == link and word in line["problem"]
    assert line["advice"]


def test_a_folder_that_is_left_out_is_told_once(standin, daemon):
    for number in range(3):
        for folder in ("Config", "VpcLattice"):
            standin.queue.send(shapes.s3_event(
                BUCKET, "p/" + ACCOUNT + "%s/%d" % (folder, number)))
    running = daemon()
    running.wait_for(standin.queue.empty)
    told = running.log("filter.folder", level="info")
    assert sorted(line["folder"] for line in told) == ["Config", "VpcLattice"]
    assert standin.journal.all("s3.GET") == []


def test_all_folders_are_read_if_the_rule_is_off(standin, daemon):
    key = ACCOUNT + "Config/made.json.gz"
    _, data, events = make_file(3)
    standin.put(key, data)
    await_all(standin, daemon(cloudtrail_folders_only="no"), events)


def test_a_key_that_ends_in_a_slash_is_an_object(standin, daemon):
    _, data, events = make_file(3)
    standin.put("AWSLogs/odd/", data, announce=False)
    standin.queue.send(shapes.s3_event(BUCKET, "AWSLogs/odd/"))
    await_all(standin, daemon(), events)


@pytest.mark.parametrize("name", [
    "PutObject", "CompleteMultipartUpload", "CopyObject"])
def test_a_call_that_cloudtrail_tells(standin, daemon, name):
    key, data, events = make_file(3)
    standin.put(key, data, announce=False)
    standin.queue.send(shapes.sns(shapes.api_call(BUCKET, key, name)))
    await_all(standin, daemon(), events)


def test_the_member_that_is_missing_is_named(standin, daemon):
    standin.queue.send('{"s3Bucket":"b"}')
    line = daemon().wait_line("message.unknown", level="warn")
    assert line["problem"] == "s3ObjectKey is missing"


@pytest.mark.parametrize("body", [
    "hello", shapes.api_call(BUCKET, "k", "RenameObject"),
    shapes.s3_event(BUCKET, "k", event="ObjectMoved:In"), "{}", "[1,2]", '{"Records":[{"a":1}]}', '{"Records":',
    shapes.s3_event(BUCKET, "k").replace('"key":"k"', '"key":"%zz"'),
    '{"detail-type":"Object Created","source":"aws.s3","detail":{}}'])
def test_what_is_not_understood_is_kept(standin, daemon, body):
    message = standin.queue.send(body)
    running = daemon()
    line = running.wait_line("message.unknown", level="warn")
    assert line["message_id"] == message.id
    running.wait_for(lambda: standin.journal.all("sqs.visibility",
                                                 id=message.id))
    assert not standin.queue.empty()
    assert standin.journal.all("sqs.delete") == []


def test_what_is_not_understood_reaches_the_dead_letter_queue(
        standin, daemon):
    dead = standin.sqs.create(standin.url, "dead")
    standin.queue.dead_letter, standin.queue.max_receives = dead, 2
    standin.queue.send("hello")
    wanted = put_files(standin, 2)
    running = daemon()
    running.wait_for(lambda: not dead.empty())
    await_all(standin, running, wanted)


@pytest.mark.parametrize("name", [
    "with space", "a+b", "100%", "%2B", "Grüße/日本語🚀", "a//b", "x=y&z?q#f",
    "quote'\"<>&", "*!()@:,;$~", "a/./b", "a/../b", "..", "[x]{y}|^`\\"])
@pytest.mark.parametrize("shape", ["s3", "eventbridge", "cloudtrail"])
def test_awkward_keys(standin, daemon, name, shape):
    key = "AWSLogs/" + name + "/f.json.gz"
    _, data, events = make_file(3)
    standin.put(key, data, announce=False)
    standin.queue.send(bodies(key)[shape])
    await_all(standin, daemon(), events)
    assert [e.key for e in standin.journal.all("s3.GET")] == [key]


def test_the_version_that_was_announced_is_read(standin, daemon):
    key, data, events = make_file(3, 1)
    version = standin.put(key, data, announce=False).version
    standin.put(key, make_file(3, 2)[1], announce=False)
    standin.queue.send(shapes.s3_event(BUCKET, key, versionId=version))
    await_all(standin, daemon(), events)


def test_the_first_post_is_taken_before_the_last_byte_is_sent(
        standin, daemon):
    key, data, events = make_file(20000)
    standin.put(key, data)
    gate = standin.s3.hold(BUCKET, key, standin.gate(at=-1))
    running = daemon()
    running.wait_for(lambda: standin.dassana.posts, what="the first POST")
    assert not standin.journal.all("sqs.delete")
    gate.open()
    await_all(standin, running, events)


def test_an_object_of_one_byte_at_a_time(standin, daemon):
    key, data, events = make_file(1)
    standin.put(key, data)
    standin.faults.on("s3.GET", Fault(drip=(1, 0.0005)))
    await_all(standin, daemon(), events)


def test_small_files_share_posts(standin, daemon):
    """With as many places and as much patience as there are by default."""
    wanted = put_files(standin, 1000)
    running = daemon(args=(), batch_max_delay="1s")
    await_all(standin, running, wanted, timeout=60)
    assert len(standin.dassana.posts) <= 10


def test_four_posts_at_once(standin, daemon):
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    wanted = put_files(standin, 20, count=500)
    running = daemon(batch_max_events=500, verify_doc_count="no")
    running.wait_for(lambda: standin.dassana.active == 4)
    gate.open()
    await_all(standin, running, wanted)
    assert standin.dassana.concurrent_max == 4


def test_batch_limits_are_kept(standin, daemon):
    wanted = put_files(standin, 10, count=200)
    running = daemon(batch_max_bytes="64KiB", max_record_bytes="32KiB",
                     batch_max_events=50)
    await_all(standin, running, wanted)
    assert max(p.events for p in standin.dassana.posts) == 50
    assert max(p.plain_bytes for p in standin.dassana.posts) <= 65536


def settled(running):
    """Says whether its memory has been the same for two seconds."""
    last = [0, 0]

    def look():
        kb, now = running.anonymous_kb(), time.monotonic()
        if abs(kb - last[0]) > 16:
            last[:] = kb, now
        return now - last[1] > 2

    return look


LIMITS = {"systemd/trailpost.service": "MemoryMax=128M",
          "systemd/trailpost@.service": "MemoryMax=128M",
          "etc/ecs/sidecar.json": '"memory": 128,',
          "etc/kubernetes/trailpost.yaml": "memory: 128Mi",
          "etc/kubernetes/sidecar.yaml": "memory: 128Mi"}


def bound_mib(running):
    return int(running.wait_line("start")["memory_bound"].removesuffix("MiB"))


def received_kb(running):
    """What the kernel holds for each connection with something to be read."""
    said = subprocess.run(["ss", "-tmnpHO"], check=True, text=True,
                          stdout=subprocess.PIPE, timeout=20).stdout
    held = [int(line.partition("skmem:(r")[2].split(",")[0])
            for line in said.splitlines()
            if "pid=%d," % running.process.pid in line]
    return [size / 1024 for size in held if size]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees the sockets of "
                    "a process that cannot be traced")
def test_what_limits_of_memory_have_room_for(standin, daemon):
    """128 MiB, as the units and the examples give it: what the program may take
    by default, and 40 MiB for the kernel, with as many GETs as there may be."""
    for path, limit in LIMITS.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            assert limit in map(str.strip, file), path
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    rng = random.Random(1)
    large = make_samples.pack(make_samples.log_file(rng, 8000)[0], 1)
    for number in range(100):
        standin.put("AWSLogs/%d_CloudTrail_.json.gz" % number, large)
    standin.dassana.keep_events = False
    # Else the first POST has one event, and no other goes beside it.
    running = daemon(args=(), post_timeout="600s", shutdown_timeout="6s",
                     verify_doc_count="no")
    running.wait_for(lambda: len(received_kb(running)) >= 64, 30,
                     "64 GETs that wait")
    running.wait_for(settled(running), 30, "all buffers full")
    held = received_kb(running)
    assert len(held) >= 64
    assert sum(held) < 40 * 1024
    assert bound_mib(running) + 40 <= 128
    if not sanitized():
        assert running.anonymous_kb() < bound_mib(running) * 1024


@pytest.mark.long
def test_a_hung_dassana_stops_receives_and_memory_stays(standin, daemon):
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    rng = random.Random(1)
    large = make_samples.pack(make_samples.log_file(rng, 8000)[0], 1)
    for number in range(100):
        standin.put("AWSLogs/%d_CloudTrail_.json.gz" % number, large)
    standin.dassana.keep_events = False
    # Else the first POST has one event, and no other goes beside it. The first
    # poll asks for one message, the others for ten.
    running = daemon(args=(), max_messages=41, post_timeout="600s",
                     shutdown_timeout="6s", verify_doc_count="no")
    running.wait_for(lambda: standin.queue.counts()[1] == 41, 20)
    slow = os.environ.get("TRAILPOST_SLOW") and not sanitized()
    seconds = 60 if slow else 10
    received = []

    def watch():
        """Readings for so long."""
        held = standin.queue.counts()[1]
        assert held <= 41, "more than max_messages are held"
        received.append((time.monotonic(), running.anonymous_kb()))
        return received[-1][0] - received[0][0] >= seconds

    running.wait_for(lambda: standin.dassana.active == 4)
    running.wait_for(settled(running), 30, "all buffers full")
    running.wait_for(watch, seconds + 10)
    polls = standin.journal.all("sqs.poll")
    assert len([p for p in polls if p.t > received[0][0] + 1]) == 0
    assert standin.queue.counts() == (59, 41)
    if sanitized():
        return
    memory = [kb for _, kb in received]
    assert max(memory) - min(memory) < 1024, "anonymous memory moves"
    assert bound_mib(running) <= 69
    assert max(memory) < bound_mib(running) * 1024


def test_the_same_object_announced_often_is_read_once(standin, daemon):
    key, data, events = make_file(200)
    standin.put(key, data)
    gate = standin.s3.hold(BUCKET, key, standin.gate(at=-1))
    for _ in range(4):
        standin.queue.send(shapes.s3_event(BUCKET, key, size=len(data)))
    running = daemon()
    running.wait_for(lambda: len(running.log("object.joined")) == 4)
    gate.open()
    running.wait_for(standin.queue.empty)
    assert delivered(standin, events)
    assert len(standin.journal.all("s3.GET")) == 1


def test_a_lease_is_extended_while_the_message_lives(standin, daemon):
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    wanted = put_files(standin, 3)
    running = daemon(visibility_timeout="4s")
    running.wait_for(lambda: len(standin.journal.all("sqs.visibility")) >= 9)
    gate.open()
    await_all(standin, running, wanted)
    given = sum(r.given for r in standin.journal.all("sqs.receive"))
    assert given == 3, "a message came back although it was held"
