"""event_include and event_exclude: what is left out is never sent, everything
else is, and whoever asks is told."""

import json
import signal
import subprocess

from admin import LISTEN, Admin
from jobs import await_all, make_file
from metrics import Scrape
from standin import Fault


def names(events):
    return [json.loads(event)["eventName"] for event in events]


def put(standin, key, events):
    text = b'{"Records":[' + b",".join(events) + b"]}"
    standin.put("AWSLogs/1/CloudTrail/eu-west-1/%s.json.gz" % key, text)


def numbered(n, **more):
    return [json.dumps({"n": i, "even": i % 2 == 0, **more}).encode()
            for i in range(n)]


def test_left_out_and_told(standin, daemon):
    rule = 'even=true "userAgent"="a \\"b\\"",c*'
    rules = ["n=[0-9]", rule, "nothing=here"]
    running = daemon(args=("-v", *(word for r in rules for word in
                                   ("-o", "event_exclude=" + r))),
                     admin_listen=LISTEN, event_include="!hidden")
    running.wait_for(lambda: len(running.log("events.rule")) == 4)
    assert [(line["setting"], line["rule"])
            for line in running.log("events.rule")] == [
                ("event_include", "!hidden"),
                *(("event_exclude", r) for r in rules)]
    events = numbered(1000, userAgent='a "b"')
    put(standin, "some", events + numbered(3, hidden=1))
    # Of this nothing is left, and that is no reason to keep its message.
    put(standin, "none", numbered(9))
    await_all(standin, running, events[11::2])
    admin = Admin(running)
    running.wait_for(lambda: admin.status()["totals"]["messages_deleted"] == 2)
    status = admin.status()
    assert status["totals"]["events_sliced"] == 1012
    assert status["totals"]["events_delivered"] == 495
    assert status["totals"]["events_left_out"] == 517
    assert [(r["setting"], r["rule"], r["left_out"])
            for r in status["event_rules"]] == [
                ("event_exclude", rules[0], 19), ("event_exclude", rule, 495),
                ("event_exclude", rules[2], 0), ("event_include", "", 3)]
    page = admin.ask("/metrics").text
    assert ('trailpost_events_left_out_total{setting="event_exclude",'
            'rule="even=true \\"userAgent\\"=\\"a \\\\\\"b\\\\\\"\\",c*"} 495'
            ) in page.splitlines()
    shown = admin.ask("/").text
    assert "Events left out by rule" in shown and "nothing=here" in shown
    running.stop()
    stats = running.log("stats")[-1]
    assert stats["events_left_out"] == "517"
    assert stats["events_left_out_by"].startswith(
        "19 event_exclude: n=[0-9]; 495 event_exclude: even=true")
    assert stats["events_left_out_by"].endswith("3 event_include")


def test_no_rules_no_series(standin, daemon):
    running = daemon(admin_listen=LISTEN)
    put(standin, "all", numbered(5))
    await_all(standin, running, numbered(5))
    admin = Admin(running)
    assert Scrape(admin.ask("/metrics").text).labels.get(
        "trailpost_events_left_out_total") is None
    assert "Events left out by rule" not in admin.ask("/").text


def test_cat_shows_the_same(standin, daemon, binary, tmp_path):
    key, data, events = make_file(400)
    picked = sorted(set(names(events)))[::2]
    rules = ["-o", "event_exclude=eventName=" + ",".join(picked) +
             " readOnly=true", "-o", "event_exclude=eventName=*Key*"]
    (tmp_path / "file").write_bytes(data)
    shown = subprocess.run([binary, "cat", *rules, "file"], cwd=tmp_path,
                           capture_output=True, timeout=60, check=True)
    wanted = [e for e in events if not (
        json.loads(e)["eventName"] in picked and json.loads(e)["readOnly"]
        or "Key" in json.loads(e)["eventName"])]
    assert 0 < len(wanted) < 400
    assert shown.stdout.splitlines() == wanted
    standin.put(key, data)
    running = daemon(args=("-v", *rules))
    await_all(standin, running, wanted)


def test_half_delivered_and_other_rules(standin, daemon, tmp_path):
    """A file of which some was sent by the old rules, and then read again by
    new ones, which want what those did not."""
    conf = tmp_path / "more.conf"

    def rule(text):
        conf.write_text("\n".join(
            "%s = %s" % pair for pair in
            {**standin.options(), "redeliver_after": "1s",
             "batch_max_delay": "100ms", "event_exclude": text}.items()))
        conf.chmod(0o600)
    rule("even=true")
    events = numbered(20_000, x="y" * 100)
    gate = standin.gate()
    # Its GET breaks in the middle, and the next one waits.
    standin.faults.on("s3.GET", Fault(cut=1_500_000, reset=True), times=1)
    standin.faults.on("s3.GET", Fault(status=403, hold=gate), times=1)
    running = daemon(args=("-v", "-c", str(conf)), redeliver_after=None,
                     batch_max_delay=None, env=standin.environ(),
                     **dict.fromkeys(standin.options()))
    put(standin, "half", events)
    running.wait_for(lambda: standin.dassana.event_count > 0)
    assert gate.reached.wait(20)
    rule("even=false")
    running.process.send_signal(signal.SIGHUP)
    running.wait_line("reload")
    gate.open()
    running.wait_for(standin.queue.empty, 60)
    got = set(standin.dassana.events())
    # What only the old rules wanted may have come, what the new want has.
    assert got >= set(events[0::2])
    assert got <= set(events)
    running.stop()


def test_a_mistake_starts_nothing(standin, daemon):
    running = daemon(event_exclude="eventName=Decrypt\nreadOnly")
    running.status = 2
    assert running.wait_exit() == 2
    line = running.log("config.mistake")[0]
    assert line["text"] == \
        "event_exclude: line 2, column 9: '=' is missing"
    assert not running.log("start")
