"""trailpost backfill against the stand-in: what it announces and leaves out,
what it says, how it ends and goes on."""

import json
import os
import random
import shlex
import shutil
import signal
import subprocess
from collections import Counter

import pytest
from backfills import (ACCOUNTS, REGIONS, announced, key_of, kill, of_standin,
                       put_all, spread, told)
from jobs import make_file
from process import counters_kb, sanitized
from standin import Fault
from trail import with_dead_letters

JANUARY = ("--from", "2026-01-01", "--to", "2026-02-01")
EVER = ("--any-key", "--from", "2026-01-01", "--to", "2099-01-01")
FAST = ("--max-waiting", "100000")


@pytest.fixture
def fill(standin, binary, tmp_path):
    return of_standin(standin, tmp_path)


def bodies(standin):
    return [m.body for m in standin.queue.messages()]


def keys(standin):
    return announced(bodies(standin))


def sent(standin):
    """All that was ever sent, in order."""
    return [entry.body for entry in standin.journal.all("sqs.sent")]


# ---- what is announced ----

def test_all_of_a_trail_in_the_order_of_keys(standin, fill):
    wanted = spread(600)
    put_all(standin, wanted)
    done = fill.run("s3://trail-logs", *JANUARY, "--yes", *FAST)
    assert done.status == 0, done.err
    assert announced(sent(standin)) == sorted(wanted)
    assert standin.queue.size() == 24
    thing = standin.s3._find("trail-logs", wanted[0], None)
    assert (wanted[0], len(thing.data), thing.etag.strip('"')) in [
        x for body in bodies(standin) for x in told(body)]
    assert "done: 600 objects" in done.err
    # Folders alone were listed: never all of the bucket.
    assert all(entry.key.startswith("AWSLogs/")
               for entry in standin.journal.all("s3.LIST"))


def test_only_what_belongs_to_it(standin, fill):
    wanted = [key_of(1, 1), key_of(31, 2), key_of(1, 3, "o-abc/" + ACCOUNTS[1])]
    wanted += [key_of(2, 4, family=f) for f in (
        "CloudTrail-Insight", "CloudTrail-NetworkActivity",
        "CloudTrail-Aggregated")]
    # Written a day later than its name says, and a day before.
    wanted.append(key_of(31, 5).replace("/01/31/", "/02/01/"))
    wanted.append(key_of(1, 6).replace("/2026/01/01/", "/2025/12/31/"))
    others = [key_of(31, 7, month="2025/12"), key_of(1, 8, month="2026/02"),
              key_of(2, 9, family="CloudTrail-Digest"),
              key_of(2, 10, family="Config"), key_of(2, 11, prefix="x/"),
              "AWSLogs/%s/CloudTrail/us-east-1/2026/01/02/" % ACCOUNTS[0],
              "other/%s" % key_of(2, 12)]
    put_all(standin, wanted + others[:-2] + others[-1:])
    standin.s3.put("trail-logs", others[-2], b"")
    done = fill.run("s3://trail-logs", *JANUARY, "--yes", *FAST)
    assert done.status == 0, done.err
    assert sorted(keys(standin)) == sorted(wanted)


@pytest.mark.parametrize("args, part", [
    (("--account", ACCOUNTS[1]), "/%s/" % ACCOUNTS[1]),
    (("--region", REGIONS[0]), "/%s/" % REGIONS[0]),
    (("--account", ACCOUNTS[0], "--account", "777788889999", "--region",
      REGIONS[0]), "/%s/CloudTrail/%s/" % (ACCOUNTS[0], REGIONS[0])),
    (("--organization", "o-abc"), "/o-abc/"),
])
def test_a_part_of_it(standin, fill, args, part):
    wanted = spread(60) + [key_of(3, 99, "o-abc/777788889999", "sa-east-1"),
                           key_of(3, 98, "o-abd/777788889999", "sa-east-1")]
    put_all(standin, wanted)
    done = fill.run("s3://trail-logs", *JANUARY, "--yes", *FAST, *args)
    assert done.status == 0, done.err
    assert sorted(keys(standin)) == sorted(k for k in wanted if part in k or (
        args == ("--account", ACCOUNTS[0]) and "o-ab" in k))


def test_times_are_those_in_the_name(standin, fill):
    put_all(standin, [key_of(2, i, clock="%02d%02d" % divmod(i, 60))
                      for i in range(0, 24 * 60, 10)], b"x")
    done = fill.run("s3://trail-logs", "--from", "2026-01-02T10:00Z", "--to",
                    "2026-01-02T11:00Z", "--yes", *FAST)
    assert done.status == 0, done.err
    assert sorted(keys(standin)) == [
        key_of(2, 600 + i, clock="10%02d" % i) for i in range(0, 60, 10)]


def test_a_prefix_and_odd_keys(standin, fill):
    odd = [key_of(2, 1, prefix="my trail/é+/", end=" a+b&c=d'\"\\%20é.gz"),
           key_of(2, 2, prefix="my trail/é+/", end="\n\x01.gz")]
    put_all(standin, odd)
    for place in "s3://trail-logs/my trail/é+", "s3://trail-logs/my trail/é+/":
        done = fill.run(place, *JANUARY, "--yes", *FAST)
        assert done.status == 0, done.err
    assert sorted(keys(standin)) == sorted(odd * 2)


def test_any_key(standin, fill):
    wanted = ["flat/%d.json.gz" % i for i in range(30)]
    put_all(standin, wanted + ["else/1", "flat/skip.txt"])
    put_all(standin, ["flat/AWSLogs/%s/Config/x.gz" % ACCOUNTS[0]])
    fill.settings["key_exclude"] = "*.txt"
    done = fill.run("s3://trail-logs/flat/", *EVER, "--yes", *FAST)
    assert done.status == 0, done.err
    assert sorted(keys(standin)) == sorted(wanted)
    # The filter of these settings is told, and that another one's may differ.
    _, text = done.step("listing")
    assert "2 left out, since key_include, key_exclude" in text
    assert "daemon with other settings" in text
    done = fill.run("s3://trail-logs/flat/", "--any-key", "--from",
                    "2026-01-01", "--to", "2026-01-02", "--yes")
    assert done.status == 0 and "0 objects to announce" in done.err


def test_archived_objects_are_left_out_and_told(standin, fill):
    put_all(standin, spread(20))
    for number, name in enumerate(("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR")):
        standin.s3._find("trail-logs", spread(20)[number],
                         None).storage_class = name
    done = fill.run("s3://trail-logs", *JANUARY, "--yes", "--json", *FAST)
    assert done.status == 0, done.err
    assert sorted(keys(standin)) == sorted(spread(20)[2:])
    mark, text = done.step("listing")
    assert mark == "!" and "2 left out, since they are archived" in text
    assert "restore-object" in text
    assert done.json["listed"]["archived"]["objects"] == 2


def test_the_daemon_delivers_it(standin, fill, daemon):
    wanted = []
    for number in range(40):
        _, data, events = make_file(3, number)
        standin.s3.put("trail-logs", spread(40)[number], data)
        wanted += events
    running = daemon()
    done = fill.run("s3://trail-logs", *JANUARY, "--yes")
    assert done.status == 0, done.err
    running.wait_for(lambda: standin.dassana.event_count >= len(wanted)
                     and standin.queue.empty(), 30)
    assert Counter(standin.dassana.events()) == Counter(wanted)


# ---- before it sends ----

def test_dry_run(standin, fill):
    put_all(standin, spread(501), b"x" * 1000)
    standin.queue.created -= 3600
    done = fill.run("s3://trail-logs", *JANUARY, "--dry-run", "--json")
    assert done.status == 0, done.err
    assert standin.queue.empty()
    found = done.json
    assert found["result"] == "counted" and found["dry_run"]
    assert found["listed"]["to_send"] == {"objects": 501, "bytes": 501000}
    assert found["listed"]["newer_than_queue"] == 501
    assert found["listed"]["accounts"] == 2
    assert found["estimate"]["messages"] == 21
    assert found["estimate"]["list_requests"] == len(
        standin.journal.all("s3.LIST"))
    assert "perhaps announced already" in done.err
    assert "50 GB an hour" in done.step("work")[1]
    # What is from before the queue cannot have been announced.
    standin.queue.created += 7200
    done = fill.run("s3://trail-logs", *JANUARY, "--dry-run", "--json")
    assert done.json["listed"]["newer_than_queue"] == 0


def test_a_prefix_that_holds_no_trail(standin, fill):
    put_all(standin, spread(5))
    done = fill.run("s3://trail-logs/x", *JANUARY, "--dry-run")
    mark, text = done.step("listing")
    assert (done.status, mark) == (0, "!")
    assert "no trail at s3://trail-logs/x/AWSLogs/" in text


def test_nobody_can_be_asked(standin, fill):
    put_all(standin, spread(5))
    done = fill.run("s3://trail-logs", *JANUARY)
    assert done.status == 1 and "say --yes" in done.err
    assert standin.queue.empty()
    # What it shows before: identity, queue, objects, messages, cost.
    assert "user/backfill" in done.step("identity")[1]
    assert "trailpost" in done.step("queue")[1]
    assert "5 objects" in done.step("listing")[1]
    assert "1 messages" in done.step("work")[1]
    assert "$" in done.step("work")[1]


def test_the_end_of_the_time(standin, fill):
    """A queue of today has been told of nothing before; of an older one nobody
    knows from when on."""
    put_all(standin, spread(5))
    standin.queue.created -= 23 * 3600
    done = fill.run("s3://trail-logs", "--from", "2026-01-01", "--yes")
    assert done.status == 0, done.err
    assert standin.queue.size() == 1
    standin.queue.created -= 2 * 3600
    done = fill.run("s3://trail-logs", "--from", "2026-01-01", "--yes")
    assert done.status == 1 and "--to" in done.step("time")[1]
    assert standin.queue.size() == 1


@pytest.mark.parametrize("args, words", [
    ((), "name the bucket"),
    (("trail-logs", "--from", "2026-01-01"), "s3://BUCKET"),
    (("s3://b",), "--from"),
    (("s3://b", "--from", "soon"), "--from: \"soon\" is no time"),
    (("s3://b", "--from", "2026-02-30"), "is no time"),
    (("s3://b", "--from", "2026-01-02", "--to", "2026-01-02"), "not after"),
    (("s3://b/AWSLogs/111122223333", "--from", "2026-01-01"), "--account"),
    (("s3://b", "--from", "2026-01-01", "--account", "1"), "12 digits"),
    (("s3://b", "--from", "2026-01-01", "--region", "no/where"), "region"),
    (("s3://b", "--from", "2026-01-01", "--organization", "abc"), "o-"),
    (("s3://b", "--from", "2026-01-01", "--any-key", "--region",
      "us-east-1"), "--any-key"),
    (("s3://b", "--from", "2026-01-01", "--max-waiting", "0"), "1 to"),
    (("s3://b", "--from", "2026-01-01", "--state", "s", "--after", "k"),
     "leave one"),
    (("s3://b", "--from", "2026-01-01", "--after", "s3://b/AWSLogs/x"),
     "--after"),
    (("s3://b/p", "--from", "2026-01-01", "--after", "AWSLogs/x"),
     "--after"),
    (("s3://" + "b" * 300, "--from", "2026-01-01"), "s3://BUCKET"),
    (("s3://b", "s3://c", "--from", "2026-01-01"), "nothing to do"),
    (("s3://b", "--from", "2026-01-01", "--peek"), "has no option"),
])
def test_mistakes(fill, args, words):
    done = fill.run(*args)
    assert done.status == 2 and words in done.err
    assert done.out == ""


def test_it_needs_nothing_of_dassana(standin, fill):
    put_all(standin, spread(5))
    fill.settings["dassana_token_file"] = "/nonexistent"
    assert fill.run("s3://trail-logs", *JANUARY, "--dry-run").status == 0


DENIED = "User: arn:aws:iam::111122223333:user/backfill is not authorized " \
    "to perform: %s because no identity-based policy allows the action"


@pytest.mark.parametrize("operation, fault, step, words", [
    ("s3.LIST", Fault(403, "AccessDenied", "Access Denied"), "listing",
     ["s3:ListBucket on arn:aws:s3:::trail-logs", "s3://trail-logs/AWSLogs/"]),
    ("s3.LIST", Fault(404, "NoSuchBucket", "x"), "listing",
     ["bucket's name"]),
    ("s3.GET", Fault(403, "AccessDenied", "Access Denied"), "object",
     ["s3:GetObject on arn:aws:s3:::trail-logs/*"]),
    ("sqs.GetQueueAttributes", Fault(403, "AccessDeniedException", "no"),
     "queue", ["sqs:GetQueueAttributes"]),
    ("sqs.SendMessageBatch", Fault(403, "AccessDeniedException", "no"),
     "send", ["sqs:SendMessage on arn:aws:sqs:us-east-1:111122223333:"
              "trailpost", "Deny"]),
    ("sqs.SendMessageBatch", Fault(
        400, "KmsAccessDenied", DENIED % "kms:GenerateDataKey on resource: "
        "arn:aws:kms:us-east-1:111122223333:key/11aa"), "send",
     ["kms:GenerateDataKey", "key/11aa"]),
])
def test_refusals_name_what_to_grant(standin, fill, operation, fault, step,
                                     words):
    put_all(standin, spread(50))
    standin.faults.on(operation, fault)
    done = fill.run("s3://trail-logs", *JANUARY, "--yes")
    assert done.status == 1
    mark, text = done.step(step)
    assert mark == "✗", done.err
    for word in words:
        assert word in text
    assert standin.queue.empty()


def test_warnings_of_the_queue(standin, fill):
    put_all(standin, spread(50), b"x" * 1000)
    done = fill.run("s3://trail-logs", *JANUARY, "--dry-run")
    assert "no redrive policy" in done.step("redrive")[1]
    assert "MessageRetentionPeriod" not in done.err
    with_dead_letters(standin)
    standin.queue.retention_s = 0
    done = fill.run("s3://trail-logs", *JANUARY, "--dry-run")
    assert "no redrive policy" not in done.err
    mark, text = done.step("work")
    assert mark == "!" and "MessageRetentionPeriod" in text


# ---- how it goes on ----

def test_back_pressure(standin, fill):
    """No more than so many wait, however long nobody takes them."""
    put_all(standin, spread(1000))
    looks = []

    def look(request):
        looks.append(request)
        standin.journal.poke()

    standin.faults.on("sqs.GetQueueAttributes", look)
    process = fill.start("s3://trail-logs", *JANUARY, "--yes",
                         "--max-waiting", "13", "--json")
    standin.wait(lambda: standin.queue.counts()[0] == 10, 30)
    # It looks again seconds later, when it has listed what it needs ahead, and
    # then lists no more from one look to the next.
    asked = None
    while asked != len(standin.journal.all("s3.LIST")):
        asked = len(standin.journal.all("s3.LIST"))
        before = len(looks)
        standin.wait(lambda: len(looks) > before, 30)
    process.send_signal(signal.SIGTERM)
    done = fill.finish(process)
    assert done.status == 0, done.err
    assert standin.queue.size() == 10
    assert len(standin.journal.all("s3.LIST")) == asked
    assert done.json["result"] == "stopped"
    assert done.json["sent"]["objects"] == 250


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_and_the_command_to_go_on(standin, fill, number):
    wanted = spread(999) + [key_of(3, 1, end=" it's\n.gz")]
    put_all(standin, wanted)
    fill.settings[" dassana_token "] = "wouldBeSecret0123456789"
    gate = standin.gate()
    standin.faults.script("sqs.SendMessageBatch", [None, Fault(hold=gate)])
    process = fill.start("s3://trail-logs", *JANUARY, "--yes", *FAST,
                         "--region", REGIONS[0], "--region", REGIONS[1])
    standin.wait(lambda: standin.queue.size() == 10, 30)
    process.send_signal(number)
    standin.open_gates()
    done = fill.finish(process)
    assert done.status == 0, done.err
    assert "stopped: " in done.err
    standin.faults.clear()
    assert "wouldBeSecret" not in done.err
    command = done.err.split("to go on:\n")[1].strip()
    again = subprocess.run(["bash", "-c", command], env=fill.env,
                           cwd=fill.home, capture_output=True, text=True,
                           timeout=60, check=False)
    assert again.returncode == 0, again.stderr
    assert "done: " in again.stderr
    assert announced(sent(standin)) == sorted(wanted)


def test_a_state_is_good_for_its_work_alone(standin, fill):
    put_all(standin, spread(300))
    state = fill.home / "state"
    args = ("s3://trail-logs", *JANUARY, "--yes", *FAST, "--state", state)
    assert fill.run(*args).status == 0
    assert standin.queue.size() == 12
    found = json.loads(state.read_text())
    assert found["done"] and found["objects"] == 300
    # All of it is done.
    again = fill.run(*args)
    assert again.status == 0 and "0 objects to announce" in again.err
    assert standin.queue.size() == 12
    before = state.read_bytes()
    for other in (("s3://trail-logs", "--from", "2026-01-02", "--to",
                   "2026-02-01"), ("s3://trail-logs/x", *JANUARY),
                  ("s3://trail-logs", *JANUARY, "--region", "us-east-1")):
        done = fill.run(*other, "--yes", "--state", state)
        assert done.status == 1, other
        assert "another backfill" in done.step("state")[1]
    assert state.read_bytes() == before
    state.write_text("{")
    done = fill.run(*args)
    assert done.status == 1 and "no state" in done.step("state")[1]


def test_a_state_remembers_the_end_of_the_time(standin, fill):
    """A queue that was young when it began is older when it goes on."""
    put_all(standin, spread(300))
    args = ("s3://trail-logs", "--from", "2026-01-01", "--yes", *FAST,
            "--state", fill.home / "state")
    assert fill.run(*args).status == 0
    standin.queue.created -= 2 * 24 * 3600
    again = fill.run(*args)
    assert again.status == 0 and "0 objects to announce" in again.err
    assert fill.run(*args[:-2]).status == 1


def test_a_state_that_cannot_be_written(standin, fill):
    put_all(standin, spread(600))
    done = fill.run("s3://trail-logs", *JANUARY, "--yes", *FAST, "--state",
                    "/nonexistent/state")
    assert done.status == 1 and "/nonexistent/state" in done.err
    assert standin.queue.empty()


def test_a_state_that_can_be_written_no_more(standin, fill):
    """It stops, and the command to go on does without the file."""
    put_all(standin, spread(600))
    folder = fill.home / "gone"
    folder.mkdir()
    gate = standin.gate()
    standin.faults.script("sqs.SendMessageBatch", [Fault(hold=gate)])
    process = fill.start("s3://trail-logs", *JANUARY, "--yes", *FAST,
                         "--state", folder / "state")
    assert gate.reached.wait(30)
    shutil.rmtree(folder)
    standin.open_gates()
    done = fill.finish(process)
    assert done.status == 1 and "gone/state" in done.err
    assert standin.queue.size() == 10  # and no more
    command = done.err.split("to go on:\n")[1].strip()
    assert "--state" not in command
    assert subprocess.run(["bash", "-c", command], env=fill.env,
                          cwd=fill.home, capture_output=True,
                          timeout=60, check=False).returncode == 0
    assert announced(sent(standin)) == sorted(spread(600))


def kill_and_go_on(standin, fill, wanted, rng):
    """Killed at random points until it comes to its end; how often."""
    state = fill.home / "state"
    args = ("s3://trail-logs", *JANUARY, "--yes", *FAST, "--state", state)
    kills = 0
    while True:
        before = len(sent(standin))
        process = fill.start(*args)
        if kills == 12:
            done = fill.finish(process)
            assert done.status == 0, done.err
            return kills
        after = before + rng.randrange(0, 60)
        try:
            standin.wait(lambda: len(sent(standin)) >= after
                         or process.poll() is not None, 30)
        finally:
            kill(process)
        kills += 1


@pytest.mark.long
def test_killed_and_gone_on_at_random(standin, fill):
    """Every object at least once; each kill sends a batch twice at most."""
    rng = random.Random()
    wanted = spread(8000)
    put_all(standin, wanted, b"x" * 64)
    kills = kill_and_go_on(standin, fill, wanted, rng)
    found = Counter(announced(sent(standin)))
    assert set(found) == set(wanted)
    assert sum(found.values()) - len(wanted) <= kills * 250
    assert max(found.values()) <= 1 + kills


# ---- figures ----

@pytest.mark.alone
@pytest.mark.skipif(sanitized(), reason="measures the program as it is built")
def test_the_speed_of_listing(standin, fill):
    """10^5 keys: at least 20,000 of them a second, in 16 MiB."""
    put_all(standin, spread(100_000, days=28), b"x")
    standin.s3.prepare("trail-logs")
    done, seconds = fill.measured("s3://trail-logs", *JANUARY, "--dry-run",
                                  "--json")
    assert done.status == 0, done.err
    assert done.json["listed"]["to_send"]["objects"] == 100_000
    print("%.0f keys a second, %.1f MiB" % (
        100_000 / seconds, done.maxrss_kb / 1024))
    assert 100_000 / seconds >= 20_000
    assert done.maxrss_kb <= 16 * 1024 + counters_kb()


@pytest.mark.skipif(sanitized(), reason="measures the program as it is built")
def test_memory_with_the_longest_keys(standin, fill):
    put_all(standin, [("flat/%06d" % i + '"' * 1013)[:1024]
                      for i in range(9000)], b"x")
    done, _ = fill.measured("s3://trail-logs/flat/", *EVER, "--yes", *FAST)
    assert done.status == 0, done.err
    assert len(keys(standin)) == 9000
    assert max(len(body) for body in bodies(standin)) <= 256 * 1024
    assert done.maxrss_kb <= 16 * 1024 + counters_kb()
