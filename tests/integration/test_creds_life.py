"""Credentials that end: renewed in time, refused in the middle of work, and
what becomes of the daemon while there are none."""

import threading
import time

import pytest
from issuer import (  # noqa: F401
    LIFE_S, Issuer, environ, serve, write_profile)
from jobs import await_all, put_files
from standin import Fault
from trail import no_faketime, settable_time


class Stalls(threading.Thread):
    """For how long this machine stood still, at worst: what was late then
    proves nothing."""

    def __init__(self):
        super().__init__(daemon=True)
        self.worst_s = 0
        self._over = threading.Event()

    def run(self):
        last = time.monotonic()
        while not self._over.wait(0.02):
            now = time.monotonic()
            self.worst_s = max(self.worst_s, now - last)
            last = now

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()


def ship_until(standin, daemon, enough, seed=100):
    """Files one after the other, made of seeds from this one on, until
    enough() is true."""
    wanted, last = standin.dassana.events(), seed + 900
    while not enough():
        assert seed < last
        wanted += put_files(standin, 1, seed)
        seed += 1
        await_all(standin, daemon, wanted)


def refresh_ten_times(standin, daemon, serve, secrets, token, life_s):
    """What went wrong in it."""
    issuer = Issuer(standin, secrets, life_s)
    token.write_text("one\n")

    def answer(method, path, headers):
        if (method, path, headers.get("authorization")) != (
                "GET", "/creds?id=1", token.read_text().strip()):
            return 403, "{}"
        token.write_text("token-%d\n" % issuer.n)  # it rotates
        return 200, issuer.document()

    server = serve(answer)
    running = daemon(env=environ(
        standin,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url + "/creds?id=1",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token)))
    ship_until(standin, running, lambda: issuer.n > 10)
    assert len(server.requests) == issuer.n
    running.stop()
    return (running.log("creds.expired") + standin.journal.all("denied")
            + running.log("sqs.receive", level="warn"))


@pytest.mark.long
def test_credentials_that_live_for_seconds(
        standin, daemon, serve, secrets, tmp_path):
    """Ten refreshes, not one request with what has expired, and not one poll
    that failed."""
    for life_s in (LIFE_S, 2 * LIFE_S, 4 * LIFE_S):
        with Stalls() as stalls:
            wrong = refresh_ten_times(standin, daemon, serve, secrets,
                                      tmp_path / "token", life_s)
        if not wrong or stalls.worst_s < life_s / 8:
            break
    assert wrong == []
    secrets.texts.append("token-")


def test_source_that_is_down_for_longer_than_they_live(
        standin, daemon, serve, secrets):
    issuer = Issuer(standin, secrets)
    down = threading.Event()

    def answer(*_):
        if down.is_set():
            return 500, "<html>geheim</html>"
        return 200, issuer.document()

    server = serve(answer)
    running = daemon(env=environ(
        standin, AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url + "/"))
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    before = len(server.times)
    down.set()
    running.wait_line("creds.expired", level="error")
    line = running.wait_line("creds.fetch", still_valid="no")
    assert line["source"] == "container" and "500" in line["error"]
    # Nothing is done but to ask the source, and that not too often.
    polls = len(standin.journal.all("sqs.poll"))
    wanted += put_files(standin, 1, 7)
    asked = len(server.times)
    running.wait_for(lambda: len(server.times) > asked, 60)
    assert len(standin.journal.all("sqs.poll")) == polls
    asked = server.times[before:]
    assert all(b - a > 0.9 for a, b in zip(asked, asked[1:]))
    down.clear()
    await_all(standin, running, wanted, 90)
    assert standin.journal.all("denied") == []
    assert len(running.log("creds.expired")) == 1


def test_metadata_service_that_forgets_its_tokens(
        standin, daemon, serve, secrets, tmp_path):
    """As after a move to another host: 401, a new token, and on. Where it is
    stands in the profile."""
    issuer = Issuer(standin, secrets, 2 * LIFE_S)
    seen = {"tokens": 0, "refused": 0}

    def answer(method, path, headers):
        if method == "PUT":
            seen["tokens"] += 1
            return 200, "v2-token-%d" % (10 * seen["tokens"])
        if headers.get("x-aws-ec2-metadata-token") != (
                "v2-token-%d" % (10 * seen["tokens"])) or seen.pop("old", 0):
            seen["refused"] += 1
            return 401, ""
        if path.endswith("/security-credentials/"):
            return 200, "role"
        seen["old"] = 1  # the token, from now on
        return 200, issuer.document(Code="Success")

    server = serve(answer)
    write_profile(tmp_path, "[default]\n"
                  "  ec2_metadata_service_endpoint = %s\n" % server.url)
    running = daemon(env=environ(standin, AWS_EC2_METADATA_DISABLED="false"))
    ship_until(standin, running, lambda: issuer.n > 3)
    assert running.log("start")[0]["credentials"] == "instance metadata"
    assert seen["refused"] >= 3
    assert seen["refused"] < seen["tokens"] <= issuer.n + 1
    assert standin.journal.all("denied") == []
    secrets.texts.append("v2-token")


def test_refused_in_the_middle_of_work(standin, daemon, serve, secrets):
    """They are revoked while messages are held, and one long poll is open:
    they are fetched once, whatever was refused is tried again, and nothing
    fails, is lost or comes twice."""
    issuer = Issuer(standin, secrets, 3600)
    server = serve(lambda *_: (200, issuer.document()))
    running = daemon(env=environ(
        standin, AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url + "/"))
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate), times=1)
    wanted = put_files(standin, 5)
    running.wait_for(lambda: standin.dassana.active == 1
                     and standin.queue.counts() == (0, 5))
    issuer.tokens.revoke_all()
    gate.open()
    wanted += put_files(standin, 5, seed=2)
    await_all(standin, running, wanted, 60)
    assert issuer.n == 2
    denied = standin.journal.all("denied")
    assert 0 < len(denied) < 40, "bounded"
    assert len(standin.journal.all("sqs.delete", deleted=True)) == 10
    running.stop()
    assert running.log("object.failed") == []
    assert running.log("message.not_deleted") == []


@no_faketime
@pytest.mark.parametrize("shift", ["-5h", "+5h"])
def test_a_clock_that_is_set_right(standin, daemon, serve, secrets, tmp_path,
                                   shift):
    """What AWS had to say of the wrong one is over at once, and no set of
    credentials is taken for an expired one."""
    issuer = Issuer(standin, secrets, 4 * LIFE_S)
    server = serve(lambda *_: (200, issuer.document()))
    clock = tmp_path / "clock"
    clock.write_text(shift)
    env = {name: value for name, value in settable_time(standin, clock).items()
           if not name.startswith("AWS_")}
    running = daemon(env=environ(
        standin, AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url + "/", **env))
    ship_until(standin, running, lambda: running.log("aws.clock"))
    line, = running.log("aws.clock")
    assert abs(abs(int(line["offset_s"])) - 5 * 3600) < 60
    refused = len(standin.journal.all("denied"))
    clock.write_text("+0")
    renewed = issuer.n
    ship_until(standin, running, lambda: issuer.n > renewed, 1000)
    await_all(standin, running,
              standin.dassana.events() + put_files(standin, 1))
    assert running.log("creds.expired") == []
    assert running.log("creds.fetch", level="error") == []
    # Nothing had to be refused for it.
    assert len(running.log("aws.clock")) == 1
    assert len(standin.journal.all("denied")) == refused
