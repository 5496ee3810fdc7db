"""dassana_rate_limit on the real binary."""

from admin import LISTEN, Admin
from jobs import await_all
from metrics import Scrape
from process import time_of

MB = 1_000_000


def put(standin, files):
    """Each of about a MB."""
    events = []
    for number in range(files):
        some = [b'{"n":%d,"x":"%s"}' % (number * 10_000 + n, b"x" * 980)
                for n in range(1000)]
        standin.put("AWSLogs/1/CloudTrail/eu-west-1/%d.json" % number,
                    b'{"Records":[' + b",".join(some) + b"]}")
        events += some
    return events


def sent(standin, running):
    """(when the daemon began it, its plain bytes) of each POST; its size on the
    wire, which both sides tell, says which is which."""
    plain = {post.body_bytes: post.plain_bytes
             for post in standin.dassana.posts}
    where = {"url": standin.dassana_url}
    size = {line["id"]: int(line["out"])
            for line in running.log("http.end", **where)}
    return [(time_of(line), plain[size[line["id"]]])
            for line in running.log("http.start", **where)]


def test_no_more_than_that(standin, daemon):
    wanted = put(standin, 6)
    running = daemon(dassana_rate_limit="1MB/s", admin_listen=LISTEN)
    await_all(standin, running, wanted, 60)
    assert max(post.plain_bytes for post in standin.dassana.posts) <= MB
    posts = sent(standin, running)
    assert len(posts) == len(standin.dassana.posts) > 5
    # Of the first post on: no time has more than that and a burst.
    for first in range(len(posts)):
        for last in range(first, len(posts)):
            taken = sum(plain for _, plain in posts[first:last])
            seconds = posts[last][0] - posts[first][0]
            assert taken <= (seconds + 0.2) * MB
    page = Scrape(Admin(running).ask("/metrics").text)
    assert 2 < page.get("rate_limited_seconds_total") < 20


def test_shutdown_does_not_wait_for_it(standin, daemon):
    put(standin, 12)
    running = daemon(dassana_rate_limit="100KB/s", shutdown_timeout="2s")
    running.wait_for(lambda: standin.dassana.event_count > 0)
    running.stop()
    began, = running.log("drain")
    ended, = running.log("drain.timeout")
    assert time_of(ended) - time_of(began) < 4
    assert standin.dassana.event_count < 6000


def test_it_is_told_wrong(standin, daemon):
    running = daemon(dassana_rate_limit="13MB")
    running.status = 2
    assert running.wait_exit() == 2
    assert "did you mean 13MB/s?" in running.text()
