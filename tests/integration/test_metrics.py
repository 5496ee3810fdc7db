"""/metrics after jobs whose figures are known."""

import gzip
import time

import pytest
from admin import LISTEN, Admin
from metrics import Scrape, promtool  # noqa: F401, a fixture
from standin import Fault, shapes

HOUR = 3600


def iso(seconds_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ",
                         time.gmtime(time.time() - seconds_ago))


class Job:
    """Files of so many events each, put into S3 and announced."""

    def __init__(self, standin, files, events, put_ago=100, event_ago=600):
        self.standin = standin
        self.sizes = []
        self.events = [b'{"n":%d,"userIdentity":{"a":[]},"eventTime":"%s"}'
                       % (n, iso(event_ago).encode())
                       for n in range(files * events)]
        for n in range(files):
            self._put(n, self.events[n * events:(n + 1) * events], put_ago)

    def _put(self, number, events, put_ago):
        key = "AWSLogs/1/CloudTrail/eu-west-1/job-%d.json.gz" % number
        text = b'{"Records":[' + b",".join(events) + b"]}"
        self.sizes.append((len(gzip.compress(text)), len(text)))
        self.standin.put(key, gzip.compress(text), announce=False)
        self.standin.queue.send(
            shapes.s3_event(self.standin.BUCKET, key, size=self.sizes[-1][0])
            .replace("2026-11-22T12:00:00.000Z", iso(put_ago)))

    def await_all(self, running, timeout=20):
        running.wait_for(
            lambda: self.standin.queue.empty() and
            self.standin.dassana.event_count >= len(self.events), timeout)


@pytest.fixture
def scraped(daemon):
    """scraped(option=value, …): a daemon, and a function that scrapes it."""
    def start(**options):
        running = daemon(**{"admin_listen": LISTEN, **options})
        admin = Admin(running)

        def scrape():
            answer = admin.ask("/metrics")
            assert answer.status == 200
            return Scrape(answer.text)
        return running, scrape
    return start


def await_values(running, scrape, timeout=20, **wanted):
    """Until these unlabelled metrics have these values; the scrape."""
    def look():
        seen = scrape()
        same = all(seen.get(name) == value for name, value in wanted.items())
        return seen if same else None
    return running.wait_for(look, timeout, str(wanted))


def test_a_known_job(standin, scraped):
    job = Job(standin, files=3, events=10)
    standin.queue.send('{"Event":"s3:TestEvent"}')
    running, scrape = scraped()
    job.await_all(running)
    seen = await_values(running, scrape, messages_deleted_total=4)

    exact = {
        "events_read_total": 30, "events_delivered_total": 30,
        "events_skipped_total": 0, "events_refused_total": 0,
        "objects_delivered_total": 3, "messages_received_total": 4,
        "messages_failed_total": 0, "messages_held": 0, "objects_active": 0,
        "objects_waiting": 0, "oldest_object_age_seconds": 0,
        "object_bytes_total": sum(packed for packed, _ in job.sizes),
        "json_bytes_total": sum(plain for _, plain in job.sizes),
        "delivered_bytes_total": sum(len(e) + 1 for e in job.events),
        "buffer_used_bytes": 0, "doc_count_short_total": 0,
        "events_short_total": 0,
        "message_receives_count": 4, "message_receives_sum": 4,
        "post_duration_seconds_count": len(standin.dassana.posts),
        "credentials_valid": 1, "ready": 1}
    assert {name: seen.get(name) for name in exact} == exact
    assert seen.get("messages_nothing_total", reason="test_event") == 1
    assert seen.get("posts_total", answer="taken") == \
        len(standin.dassana.posts)
    assert seen.get("token", state="accepted") == 1
    assert seen.get("aws_requests_total", operation="GetObject") == 3
    assert seen.get("aws_request_duration_seconds_count",
                    operation="GetObject") == 3
    answered = len(standin.journal.all("sqs.receive"))
    asked = scrape().get("aws_requests_total", operation="ReceiveMessage")
    # The one that is open is in the first count alone.
    assert answered <= asked <= len(standin.journal.all("sqs.receive")) + 1
    assert all(value == 0 for (name, labels), value in seen.values.items()
               if name in ("trailpost_aws_errors_total",
                           "trailpost_aws_retries_total",
                           "trailpost_trouble"))


def test_lag(standin, scraped):
    """On a scale of minutes: how slow this machine is does not matter."""
    job = Job(standin, files=2, events=3, put_ago=200, event_ago=5 * HOUR)
    running, scrape = scraped()
    job.await_all(running)
    seen = await_values(running, scrape, objects_delivered_total=2)
    assert seen.get("object_lag_seconds_bucket", le="120") == 0
    assert seen.get("object_lag_seconds_bucket", le="300") == 2
    assert 400 <= seen.get("object_lag_seconds_sum") < 600
    assert seen.get("event_lag_seconds_bucket", le="10800") == 0
    assert seen.get("event_lag_seconds_bucket", le="43200") == 2
    assert 10 * HOUR <= seen.get("event_lag_seconds_sum") < 11 * HOUR


def test_a_refused_token(standin, scraped):
    refused = standin.faults.on("dassana.POST", Fault(status=401))
    Job(standin, files=1, events=3, put_ago=HOUR)
    running, scrape = scraped()
    running.wait_for(
        lambda: scrape().get("paused", cause="token") == 1, 20)
    seen = scrape()
    assert seen.get("ready") == 0
    assert seen.get("trouble", part="dassana") == 1
    assert seen.get("token", state="refused") == 1
    assert seen.get("posts_total", answer="token_refused") >= 1
    assert seen.get("oldest_object_age_seconds") >= HOUR
    assert seen.get("buffer_used_bytes") > 0
    assert seen.get("events_delivered_total") == 0
    before = seen.get("paused_seconds_total", cause="token")
    running.wait_for(
        lambda: scrape().get("paused_seconds_total", cause="token") > before,
        20)
    # A probe that fails otherwise says nothing of the token.
    standin.faults.on("dassana.POST", Fault(status=503))
    standin.faults.off(refused)
    running.wait_for(
        lambda: scrape().get("posts_total", answer="server_error") >= 1, 60)
    seen = scrape()
    assert seen.get("token", state="refused") == 1
    assert seen.get("paused", cause="token") == 1
    assert seen.get("paused", cause="dassana") == 0
    standin.faults.clear()
    seen = await_values(running, scrape, 90, events_delivered_total=3,
                        ready=1)
    assert seen.get("paused", cause="token") == 0
    assert seen.get("token", state="accepted") == 1


def test_a_clock_behind_that_of_s3(standin, scraped):
    """What is held came from the future: it is no age, least of all a huge
    one."""
    standin.faults.on("dassana.POST", Fault(status=401))
    Job(standin, files=1, events=3, put_ago=-HOUR)
    running, scrape = scraped()
    running.wait_for(
        lambda: scrape().get("token", state="refused") == 1, 20)
    assert scrape().get("buffer_used_bytes") > 0, "it is held"
    assert scrape().get("oldest_object_age_seconds") == 0


def test_what_aws_refuses(standin, scraped):
    standin.faults.on("s3.GET", Fault(status=503, code="SlowDown"), times=1)
    standin.faults.on("sqs.DeleteMessageBatch", Fault(status=500), times=1)
    job = Job(standin, files=1, events=3)
    running, scrape = scraped()
    job.await_all(running)
    seen = await_values(running, scrape, messages_deleted_total=1)
    assert seen.get("aws_errors_total", operation="GetObject",
                    **{"class": "throttled"}) == 1
    # Parked: another GET is its retry.
    assert seen.get("aws_retries_total", cause="throttled") == 0
    assert seen.get("aws_errors_total", operation="DeleteMessageBatch",
                    **{"class": "transient"}) == 1
    assert seen.get("aws_requests_total", operation="GetObject") == 2
    assert seen.get("aws_requests_total", operation="DeleteMessageBatch") >= 2


def test_damaged_and_unread_objects(standin, scraped):
    for key, data in (("bad.json.gz", b"no gzip at all"),
                      ("gone.json.gz", b"")):
        standin.put("AWSLogs/1/CloudTrail/" + key, data)
    standin.queue.send(shapes.s3_event(standin.BUCKET, "AWSLogs/1/not-there"))
    running, scrape = scraped()
    running.wait_for(lambda: min(
        scrape().get("objects_failed_total", cause=cause)
        for cause in ("damaged", "unread")) >= 1, 20)
    assert scrape().get("messages_failed_total") >= 2
    assert scrape().get("objects_failed_total", cause="refused") == 0


def test_process(standin, scraped):
    began = time.time()
    running, scrape = scraped()
    seen = scrape()
    with open("/proc/%d/status" % running.process.pid, encoding="ascii") as f:
        resident = int(f.read().split("VmRSS:")[1].split()[0]) * 1024
    values = {name: value for (name, _), value in seen.values.items()}
    assert abs(values["process_start_time_seconds"] - began) < 30
    assert 0.5 < values["process_resident_memory_bytes"] / resident < 2
    assert values["process_cpu_seconds_total"] > 0
    assert 3 < values["process_open_fds"] < values["process_max_fds"]
    # Whoever looks for restarts looks for changes of it.
    assert all(scrape().values["process_start_time_seconds", ()] ==
               values["process_start_time_seconds"] for _ in range(20))


def test_prometheus_finds_no_fault(standin, scraped, promtool):  # noqa: F811
    """Nor with its naming."""
    job = Job(standin, files=1, events=3)
    running, scrape = scraped()
    job.await_all(running)
    done = promtool("check", "metrics", text=scrape().text)
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
