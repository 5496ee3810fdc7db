"""The loads: what is put in, and what is right. Each begins with a fresh start
without any success."""

import dataclasses
import itertools
import math
import signal
import time
import typing

from rig import Flow, Load
from standin import Fault, answers

MIB = 1024 * 1024
EVER = math.inf
DENIED = Fault(status=403, code="AccessDenied", message="Access Denied")
FAILED = answers.told({"errorMessage": "Task timed out"})

# Of every row: nothing is deleted before it was taken, nobody is blamed
# without evidence, and what is healthy does not end in the dead-letter queue.
ALWAYS = {"lost": 0, "wrongly": 0, "hasty": 0, "untried": 0, "dead_honest": 0,
          "doubled": 0}
# And of what is honest beside something that is not.
ARRIVE = {"share": 0.99, "p99": 10}
ALL = {"share": 1, "p99": 10}
AT_LEAST = {"share", "blamed"}  # all other figures: at most


@dataclasses.dataclass(frozen=True)
class Row:
    """right: figure → its bound; more: what a long run has otherwise."""

    name: str
    what: str
    load: Load
    right: dict
    more: dict = dataclasses.field(default_factory=dict)
    only_long: bool = False

    def bounds(self):
        merged = {**ALWAYS, **self.right}
        return {k: v for k, v in merged.items() if v is not None}

    def of_length(self, long, seconds: typing.Optional[float]):
        load = dataclasses.replace(self.load, **(self.more if long else {}))
        if seconds is None:
            return load
        return dataclasses.replace(load, seconds=seconds)

    def wrong(self, figures):
        """[(figure, value, bound)] of what is not right."""
        found = []
        for name, bound in self.bounds().items():
            value = figures.get(name)
            good = value is not None and (
                value >= bound if name in AT_LEAST else value <= bound)
            if not good:
                found.append((name, value, bound))
        if figures["errors"]:
            found.append(("errors", figures["errors"], 0))
        return found


def beside(*bad, rate=20, **load):
    return Load((*bad, Flow("honest", rate)), **load)


def unread(kind, code):
    for rate in (5, 20):
        yield Row("4-%s-%d" % (kind, rate),
                  "%d/s that S3 answers with %s beside 20/s" % (rate, code),
                  beside(Flow(kind, rate, first=rate), seconds=80),
                  ARRIVE, {"seconds": 240}, rate == 20 and kind != "forbidden")


def outage(mebibytes, status):
    return Row(
        "11-%d-%d" % (status, mebibytes),
        "Dassana answers %d while %d MiB are buffered" % (status, mebibytes),
        Load((Flow("honest", first=mebibytes * 5 // 4 + 2, events=1000,
                   size=1024),), 45, settle=90,
             options={"buffer_max_bytes": "%dMiB" % mebibytes,
                      "batch_max_bytes": "256KiB",
                      "max_record_bytes": "64KiB"},
             all_dassana=((0, 45, answers.refusal(status)),)),
        {"share": 1, "posts_out": 1, "dead": 0,
         "caught_up": 3 + mebibytes / 16})


def unproved(name, what, answer, **right):
    """Dassana gives no evidence from the start: at most one event goes out,
    and nothing is deleted."""
    return Row(name, what, Load((Flow("honest", 2, first=5),), 25, settle=0,
                                all_dassana=((0, EVER, answer),)),
               {"biggest_post": 1, "dead": 0, "deleted": 0, "doubled": 1,
                **right}, {"seconds": 600})


def after_the_first(seconds, answer):
    """The first POST is taken, so much later; all others get the answer."""
    number = itertools.count()

    def answers_to(_events):
        if next(number) > 0:
            return answer
        time.sleep(seconds)
        return None
    return answers_to


def one_event(kind, what):
    return Row("event-" + kind, "an event that is answered with %s beside 20/s"
               % what, beside(Flow(kind, first=1, events=1), seconds=40),
               ARRIVE, {"seconds": 240})


def killed(name, sig, **right):
    yield Row(
        "restart-" + name, "nothing can be read, %s every minute" % name,
        Load((Flow("honest", 0.2, first=300),), 330, speed=10, settle=0,
             all_s3=((0, EVER, DENIED),), kill=(sig, 60)), {"dead": 0},
        {"seconds": 3600, "kill": (sig, 600), "speed": 20,
         "max_receives": 10})
    yield Row(
        "busy-" + name, "10/s of forbidden keys beside 5/s, %s every minute"
        % name, beside(Flow("forbidden", 10, start=5), rate=5, speed=5,
                       seconds=200, settle=90, max_receives=10,
                       options={"visibility_timeout": "1m"},
                       kill=(sig, 60)), {"dead": 0, "share": 0.99, **right},
        {"seconds": 3600})


ROWS = [
    Row("1", "0.2/s of 20 refused events beside 20/s",
        beside(Flow("refused", 0.2, first=4, events=20, size=122), seconds=60),
        ARRIVE, {"seconds": 240}),
    Row("2", "1/s of 100 refused events beside 1/s",
        beside(Flow("refused", 1, first=1, events=100), rate=1), ALL,
        {"seconds": 300}),
    Row("3", "two messages of 9,000 forbidden keys each beside 2/s",
        beside(Flow("wide", first=2, keys=9000, events=1), rate=2), ARRIVE,
        {"seconds": 600}),
    *unread("forbidden", "403"), *unread("sse-c", "SSE-C's 400"),
    *unread("s3-500", "500"), *unread("no-bucket", "NoSuchBucket"),
    *unread("kms", "a KMS code"),
    Row("5", "450 forbidden keys, then 1/s",
        beside(Flow("forbidden", first=450), rate=1, speed=4, seconds=60,
               settle=90), {"share": 1, "p99": 90}, {"seconds": 600}),
    Row("6-relayed", "named with a wrong region too",
        Load((Flow("relayed", 1, first=1),), 15), {"share": 1, "p99": 5}),
    Row("6-unreachable", "named with a region too that cannot be reached",
        Load((Flow("unreachable", 1, first=1),), 15), {"share": 1, "p99": 5}),
    Row("7-bomb", "40 objects of 1 GB in one record beside 2/s",
        beside(Flow("bomb", first=40), rate=2), ARRIVE, {"seconds": 120}),
    Row("7-large", "40 objects of 200 records of 1 MiB beside 2/s",
        beside(Flow("large", first=40, events=200, size=MIB - 1024), rate=2,
               latency=1), ARRIVE, {"seconds": 240}),
    Row("7-slow", "40 objects at 1 byte/s beside 2/s",
        beside(Flow("slow", first=40), rate=2), ARRIVE, {"seconds": 300}),
    Row("8", "messages of 500 records, all healthy",
        Load((Flow("honest", first=100, keys=500, events=1),), 40, settle=0),
        {"dead": 0}, {"seconds": 300}),
    Row("9", "500 for 5.5 minutes, from before the first POST is taken",
        Load((Flow("honest", 0.5, first=1, events=1),
              Flow("honest", 0.1, events=50)), 400, speed=10,
             settle=90, all_dassana=((0, 330, after_the_first(
                 0.8, answers.refusal(500))),)),
        {"share": 1, "dead": 0, "nobody": 0}),
    Row("10-drain", "one refused event and a quiet queue, then SIGTERM",
        Load((Flow("honest", first=3), Flow("refused", first=1, events=1)),
             60, settle=0, drain=True), {"drain": 2, "dead": 0}),
    Row("10-judged", "one refused event, others for 15 minutes, then quiet",
        Load((Flow("honest", 0.3), Flow("refused", first=1, events=1)), 900,
             speed=60, max_receives=6, settle=60, quiet=2200),
        {"share": 1, "blamed": 1, "alive_bad": 0, "deleted_bad": 0}),
    outage(1, 500), outage(16, 500), outage(128, 500), outage(16, 429),
    unproved("12-empty", "only {} is answered", answers.told({}), posts=2,
             told=20),
    unproved("12-failure", "only an errorMessage is answered", FAILED),
    unproved("12-false", "only success: false is answered",
             answers.told({"success": False})),
    Row("12-later", "15 s of an errorMessage with status 200 beside 5/s",
        Load((Flow("honest", 5),), 30, settle=40,
             all_dassana=((8, 23, FAILED),)), {"share": 1, "dead": 0}),
    Row("12-missing", "15 s of {} from who sent docCount before",
        Load((Flow("honest", 5),), 30, settle=40,
             all_dassana=((8, 23, answers.told({})),)),
        {"share": 1, "dead": 0}),
    Row("13-gzip", "replies that are gzip", Load(
        (Flow("honest", 5),), 20, all_dassana=((0, EVER, answers.gzipped),)),
        ALL),
    Row("13-mark", "replies with a byte order mark", Load(
        (Flow("honest", 5),), 20, all_dassana=((0, EVER, answers.marked),)),
        ALL),
    Row("14", "refused events whose answer takes 3 s beside 2/s",
        beside(Flow("late", 0.2, first=1, events=1), rate=2), ARRIVE,
        {"seconds": 900}),
    Row("15", "a bucket name that cannot exist beside 2/s",
        Load((Flow("no-name", 0.5, first=20), Flow("honest", 2, start=3)),
             40), ARRIVE, {"seconds": 240}),
    one_event("firewall", "403"), one_event("redirect", "302"),
    one_event("zero", "docCount 0"), one_event("error", "an errorMessage"),
    # More than can be parked: the rest is hidden for hours.
    Row("policy", "nothing can be read for 20 minutes; 20 new a minute",
        Load((Flow("honest", 1 / 3, first=1000),), 1500, speed=30,
             max_receives=10, settle=0, all_s3=((0, 1200, DENIED),)),
        {"share": 0.7, "dead": 0, "polls_out": 1.1, "back": 60,
         "half_back": 60},
        {"flows": (Flow("honest", 1 / 3, first=2000),), "seconds": 7500,
         "settle": 8 * 3600, "speed": 60, "all_s3": ((0, 7200, DENIED),)}),
    Row("lone", "one message that cannot be read, and nothing else",
        Load((Flow("forbidden", first=1),), 150, speed=10, settle=0),
        {"told": 120, "dead": 0}, {"seconds": 7200, "speed": 60}),
    Row("one-bucket", "one of two buckets is denied beside 5/s",
        beside(Flow("other-bucket", 0.5, first=1), rate=5, speed=5,
               seconds=180), {**ARRIVE, "named": 120, "dead": 0},
        {"seconds": 1200}),
    Row("one-kms-key", "one of two KMS keys is denied beside 5/s",
        beside(Flow("kms", 0.5, first=1), rate=5, speed=5, seconds=180),
        {**ARRIVE, "named": 120, "dead": 0}, {"seconds": 1200}),
    Row("1500-first", "1,500 forbidden keys, then one a minute",
        beside(Flow("forbidden", first=1500), rate=1 / 60, speed=60,
               seconds=600, settle=3600), {"share": 1, "p99": 3600},
        only_long=True),
    *killed("SIGTERM", signal.SIGTERM, p99=60),
    *killed("SIGKILL", signal.SIGKILL, p99=90, doubled=None),
    Row("full-drain", "1,000 forbidden keys are held, then SIGTERM; SQS takes "
        "50 ms", beside(Flow("forbidden", 40, start=2), rate=20, seconds=27,
                        sqs_latency=0.05, drain=True),
        {**ARRIVE, "drain": 2, "dead": 0}),
    Row("three", "10/s of forbidden keys beside 20/s, three processes",
        beside(Flow("forbidden", 10), seconds=60, processes=3),
        {**ARRIVE, "dead": 0}, {"seconds": 240}),
    Row("first-post", "a healthy start",
        Load((Flow("honest", 5, first=20),), 15), {**ALL, "first_post": 1}),
    unproved("no-count", "events are taken, docCount is never told",
             answers.told({"success": True}, take=True), posts=2, told=20),
    Row("no-count-allowed", "the same with verify_doc_count = no",
        Load((Flow("honest", 5),), 15, options={"verify_doc_count": "no"},
             all_dassana=((0, EVER, answers.told({"success": True},
                                                 take=True)),)), ALL),
    Row("short-count", "docCount is one too few",
        Load((Flow("honest", 5),), 15, all_dassana=((0, EVER, answers.short),)
             ), ALL),
    Row("zero-count", "docCount 0 to everything",
        Load((Flow("honest", 2, first=5),), 25, settle=0,
             all_dassana=((0, EVER, answers.count_zero()),)),
        {"dead": 0, "deleted": 0, "told": 20, "posts": 10}),
]


# What became of these loads when one failure after the other still spent a
# receive of each message.
BEFORE = {
    "1": "4 % of the honest arrived in 240 s", "2": "0 of 300 arrived",
    "3": "0 of 1,197 arrived in 10 minutes", "5": "0 of 90 arrived",
    "6": "never delivered", "7": "honest ones stood still",
    "8": "37 dead-lettered without one event tried",
    "9": "an event was refused for good in an outage",
    "10": "forgotten when judged; SIGTERM took all of shutdown_timeout",
    "11-500-1": "0.5 POSTs/s", "11-500-16": "8.8 POSTs/s",
    "11-500-128": "39.5 POSTs/s", "12": "deleted, events lost",
    "13": "30 events became 180 in 37 s",
    "14": "settled on an answer older than the news",
    "15": "closed the gate"}

# Those of CI: what each rule needs, and not more than two minutes together.
CI = {"2", "3", "4-forbidden-20", "5", "6-relayed", "6-unreachable", "7-slow",
      "8", "9", "10-drain", "10-judged", "11-500-16", "12-empty", "12-later",
      "13-mark", "event-firewall", "policy", "one-bucket",
      "first-post", "restart-SIGKILL", "full-drain"}


def before(row):
    if row.name.startswith("4-"):
        return "13 % arrived" if row.name.endswith("20") else "56 % arrived"
    return BEFORE.get(row.name) or BEFORE.get(row.name.partition("-")[0], "")


def named(names):
    """Rows by name, or by the number before their dash; all if none."""
    unknown = [n for n in names if not any(
        n in (row.name, row.name.partition("-")[0]) for row in ROWS)]
    if unknown:
        raise SystemExit("there is no load " + ", ".join(unknown))
    return [row for row in ROWS if not names or row.name in names
            or row.name.partition("-")[0] in names]
