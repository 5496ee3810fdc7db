"""What a person sees in a terminal, and what never reaches it."""

import glob
import json
import os
import re
import signal
import time
import unicodedata

import pytest
from backfills import IDENTITY, spread
from jobs import make_file
from process import ROOT, Daemon
from standin import Fault, shapes
from standin.journal import Journal
from terminal import Terminal

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
EVIL = "\x1b]0;x\x07\x9b31m\u202egnp\u2066\u200f\u061c\ufeff"


@pytest.fixture
def shown(standin, tmp_path):
    """shown(*args, **environ): the daemon's or a command's Terminal."""
    made = []

    def run(*args, options=True, environ=()):
        given = []
        for pair in standin.options().items() if options else ():
            given += ["-o", "%s=%s" % pair]
        made.append(Terminal(standin.journal, tmp_path, [*args, *given],
                             {**standin.environ(), **dict(environ)}))
        return made[-1]

    yield run
    for one in made:
        one.close()
    # The check's own request.
    assert set(standin.dassana.problems) <= {"empty body"}
    standin.dassana.problems.clear()


def assert_harmless(text):
    for character in ESCAPE.sub("", text):
        assert character in "\n\r\t" or unicodedata.category(
            character) not in ("Cc", "Cf", "Zl", "Zp"), ascii(text)


def put_evil(standin):
    """A message that is not understood, and one whose file is none."""
    standin.queue.send("hello " + EVIL)
    key = "AWSLogs/%s/bad.json.gz" % EVIL
    standin.put(key, b"no gzip", announce=False)
    standin.queue.send(shapes.cloudtrail(standin.BUCKET, key))
    return key


def test_a_terminal_gets_text(standin, shown):
    key, data, events = make_file(3)
    standin.put(key, data)
    put_evil(standin)
    seen = shown("-v", "-o", "batch_max_delay=50ms",
                 environ={"TZ": "CET-1"})
    seen.wait_for("message.deleted")
    seen.wait_for("object.failed")
    standin.queue.end_polls()
    assert seen.end() == 0
    assert_harmless(seen.text)
    text = ESCAPE.sub("", seen.text)
    assert "\x1b[" in seen.text and "level=" not in text
    assert re.match(r"\w+day, \d{4}-\d\d-\d\d; times are CET, UTC\+0100\n",
                    text)
    tag = re.search(r"object.wanted +\[(....)\] .*s3://%s/…/%s" % (
        standin.BUCKET, re.escape(key.rsplit("/", 1)[-1])), text).group(1)
    story = [line for line in text.split("\n") if "[%s]" % tag in line]
    assert "message.received" in story[0] and "message.deleted" in story[-1]
    assert re.search(r"warn +message.unknown .*\n +→ kept for", text)


def test_ctrl_c_waits_for_the_poll_and_loses_nothing(standin, shown):
    seen = shown()
    seen.wait_for("start")
    standin.journal.wait(lambda: standin.queue.polling == 1
                         and len(standin.journal.all("sqs.receive")) > 0,
                         15, "a long poll")
    seen.process.send_signal(signal.SIGINT)
    seen.wait_for("an open poll, up to 5 s. A second signal ends now: what "
                  "SQS has handed out then comes again after 5m")
    messages = [standin.queue.send(shapes.s3_event(standin.BUCKET, "k%d" % n))
                for n in range(3)]
    assert seen.end(None, 15) == 0
    assert standin.queue.counts() == (len(messages), 0)
    assert "warn" not in seen.text


def test_an_idle_poll_on_a_terminal_ends_soon(standin, shown):
    seen = shown()
    standin.journal.wait(lambda: standin.queue.polling == 1
                         and len(standin.journal.all("sqs.receive")) > 0,
                         15, "a long poll")
    began = time.monotonic()
    assert seen.end(signal.SIGINT, 15) == 0
    assert time.monotonic() - began < 8


def test_a_second_ctrl_c_ends_at_once(standin, shown):
    seen = shown()
    standin.journal.wait(lambda: standin.queue.polling == 1
                         and len(standin.journal.all("sqs.receive")) > 0,
                         15, "a long poll")
    seen.process.send_signal(signal.SIGINT)
    seen.wait_for("an open poll")
    assert seen.end(signal.SIGINT) == 130
    assert "nothing was held" in seen.text and "warn" not in seen.text


def test_what_is_piped_stays_as_it_was(standin, daemon):
    running = daemon(args=())
    line = running.wait_line("start")["line"]
    assert re.match(r"\d{4}-\d\d-\d\dT[0-9:.]+Z level=info event=start ", line)


@pytest.mark.parametrize("environ, args, form", [
    ({}, (), "colours"),
    ({"NO_COLOR": "1"}, (), "text"),
    ({"NO_COLOR": ""}, (), "colours"),
    ({"TERM": "dumb"}, (), "text"),
    ({"NOTIFY_SOCKET": "/nonexistent"}, (), "logfmt"),
    ({"JOURNAL_STREAM": "1:2"}, (), "logfmt"),
    ({}, ("-o", "log_format=logfmt"), "logfmt"),
    ({"TRAILPOST_LOG_FORMAT": "json"}, (), "json"),
    ({"JOURNAL_STREAM": "1:2"}, ("-o", "log_format=text"), "colours")])
def test_the_format_of_a_terminal(standin, shown, environ, args, form):
    seen = shown(*args, environ=environ)
    seen.wait_for("start")
    standin.queue.end_polls()
    assert seen.end() == 0
    line = next(line for line in seen.text.split("\n") if re.search(
        r"\bstart\b", line))
    assert form == ("json" if line.startswith("{")
                    else "logfmt" if "level=info event=start" in line
                    else "colours" if "\x1b[" in line else "text")


def test_mistakes_are_for_eyes_too(shown):
    seen = shown("-o", "gzip_level=99", "-o", "queue_url=\x9b31m",
                 options=False)
    assert seen.end(None) == 2
    text = ESCAPE.sub("", seen.text)
    assert re.search(r"error config.mistake .*gzip_level: '99' is not", text)
    assert_harmless(seen.text)


@pytest.mark.parametrize("args", [
    ("check",), ("check", "--json"), ("--print-config",), ("health",),
    ("cat", EVIL), (EVIL,), ("--" + EVIL,), ("-c", EVIL), ("help", EVIL),
    ("-c", EVIL, "--print-config"), ("-o", EVIL + "=1"),
    ("-o", "key_include=" + EVIL), ("check", "-o", "dassana_app_id=" + EVIL),
    ("check", "--object=s3://b/" + EVIL), ("--print-completion=" + EVIL,)])
def test_no_command_lets_it_through(standin, shown, args):
    put_evil(standin)
    seen = shown(*args, options=args[0] in ("check", "--print-config"))
    seen.end(None, 60)
    assert seen.text
    assert_harmless(seen.text)


def test_peek_at_what_is_evil(standin, shown):
    put_evil(standin)
    for form in ((), ("--json",)):
        seen = shown("check", "--peek", *form)
        seen.end(None, 60)
        assert "receive" in seen.text
        assert_harmless(seen.text)


def test_cat_shows_the_same_event(shown, tmp_path):
    event = {"a": EVIL, "b": "Grüße 🚀", EVIL: [1.50, None]}
    path = tmp_path / "f.json"
    path.write_text(json.dumps({"Records": [event]}, ensure_ascii=False))
    raw = path.read_text()
    assert "\u202e" in raw
    seen = shown("cat", str(path), options=False)
    assert seen.end(None) == 0
    assert_harmless(seen.text)
    assert json.loads(seen.text) == event and "Grüße 🚀" in seen.text


def test_every_event_has_words():
    """Or else is left to its name on purpose, with empty words."""
    with open(os.path.join(ROOT, "src/base/log_words.c")) as file:
        known = set(re.findall(r'^    \{"([a-z0-9_.]+)", "', file.read(),
                               re.M))
    used = set()
    for path in glob.glob(os.path.join(ROOT, "src/*/*.c")):
        with open(path) as file:
            used |= set(re.findall(
                r'(?:LOG_(?:ERROR|WARN|INFO|DEBUG|TRACE)\(|LOG_(?:AT|EACH|ALL|TURN)'
                r'\([^,"]*,|log_write\w*\([^,"]*,)\s*"([a-z0-9_.]+)"',
                file.read()))
    assert len(used) > 50
    assert used - known == set()


def past(standin, count=600):
    standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))
    _, data, _ = make_file(1)
    for key in spread(count):
        standin.s3.put("trail-logs", key, data)
    return ("backfill", "s3://trail-logs", "--from", "2026-01-01", "--to",
            "2026-02-01", "--max-waiting", "1000")


def test_a_backfill_asks_and_takes_no_for_it(standin, shown):
    terminal = shown(*past(standin))
    terminal.wait_for("Announce them? [y/N]")
    assert "600 objects" in terminal.text and "24 messages" in terminal.text
    terminal.type("\n")
    assert terminal.end(None) == 1
    assert "nothing was sent" in terminal.text
    assert standin.queue.empty()


def test_a_backfill_shows_no_code_as_it_came(standin, shown):
    standin.faults.on("sqs.SendMessageBatch", Fault(503, "\x1b[2JBusy", "x"))
    terminal = shown(*past(standin), "--yes")
    terminal.wait_for("tries again: ?[2JBusy x")
    assert_harmless(terminal.text.replace("\x1b[K", ""))


def test_a_backfill_shows_a_bar(standin, shown):
    gate = standin.gate()
    standin.faults.script("sqs.SendMessageBatch", [None, Fault(hold=gate)])
    terminal = shown(*past(standin))
    terminal.wait_for("Announce them? [y/N]")
    terminal.type("y\n")
    terminal.wait_for("[########------------] 42 %, 250 of 600 objects")
    assert re.search(r"day \d+ of 132, .*left", terminal.text)
    standin.open_gates()
    assert terminal.end(None) == 0
    assert "done: 600 objects announced" in terminal.text
    assert standin.queue.size() == 24
    assert_harmless(terminal.text.replace("\x1b[K", ""))
