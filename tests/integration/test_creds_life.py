"""Credentials that end: renewed in time, refused in the middle of work, and
what becomes of the daemon while there are none."""

import sys
import math
import threading
import time

import pytest
from issuer import (  # noqa: F401
    LIFE_S, Issuer, environ, serve, write_profile)
from jobs import await_all, put_files
from standin import Fault
from trail import no_faketime, set_time, settable_time


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


ROLE = "arn:aws:iam::111122223333:role/shipper"
FETCH = """import socket
s = socket.create_connection(("127.0.0.1", %d))
s.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
data = b""
while chunk := s.recv(65536):
    data += chunk
print(data.partition(b"\\r\\n\\r\\n")[2].decode())
"""


def container(issuer, serve, tmp_path):
    """Its authorization token rotates."""
    token = tmp_path / "token"
    token.write_text("one\n")

    def answer(method, path, headers):
        if (method, path, headers.get("authorization")) != (
                "GET", "/creds?id=1", token.read_text().strip()):
            return 403, "{}"
        token.write_text("token-%d\n" % issuer.n)
        return 200, issuer.document()

    server = serve(answer)
    return server, {}, {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/creds?id=1",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)}


def assumed_role(issuer, serve, tmp_path):
    server = serve(lambda *_: (200, issuer.xml("AssumeRole")))
    return server, {"assume_role_arn": ROLE}, {
        "AWS_ENDPOINT_URL_STS": server.url, "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "geheim"}


def web_identity(issuer, serve, tmp_path):
    server = serve(lambda *_: (200, issuer.xml("AssumeRoleWithWebIdentity")))
    (tmp_path / "token").write_text("token-jwt")
    return server, {}, {
        "AWS_ENDPOINT_URL_STS": server.url, "AWS_ROLE_ARN": ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}


def process(issuer, serve, tmp_path):
    server = serve(lambda *_: (200, issuer.document("SessionToken",
                                                    Version=1)))
    (tmp_path / "fetch.py").write_text(FETCH % server.server.server_port)
    (tmp_path / "config").write_text(
        "[default]\ncredential_process = %s -S -E %s/fetch.py\n" % (
            sys.executable, tmp_path))
    return server, {}, {"AWS_CONFIG_FILE": str(tmp_path / "config")}


def refresh_ten_times(standin, daemon, serve, secrets, tmp_path, source,
                      life_s):
    """What went wrong in it."""
    standin.queue.poll_limit_s = 20
    denied = len(standin.journal.all("denied"))
    issuer = Issuer(standin, secrets, life_s)
    server, options, env = source(issuer, serve, tmp_path)
    running = daemon(env=environ(standin, **env), **options)
    ship_until(standin, running, lambda: issuer.n > 10)
    running.stop()
    assert len(server.requests) == issuer.n
    return (running.log("creds.expired")
            + standin.journal.all("denied")[denied:]
            + running.log("sqs.receive", level="warn"))


@pytest.mark.long
@pytest.mark.parametrize("source", [
    container, assumed_role, web_identity, process],
    ids=lambda f: f.__name__)
def test_credentials_that_live_for_seconds(
        standin, daemon, serve, secrets, tmp_path, source):
    """Ten refreshes, not one request with what has expired, and not one poll
    that failed."""
    life_s = LIFE_S if source is container else LIFE_S + 1
    lives = (life_s, life_s, 2 * life_s, 4 * life_s)
    for tries, life_s in enumerate(lives):
        with Stalls() as stalls:
            wrong = refresh_ten_times(standin, daemon, serve, secrets,
                                      tmp_path, source, life_s)
        # Whether the daemon alone stood still nobody can tell, but not twice.
        if not wrong or tries and stalls.worst_s < life_s / 8:
            break
    assert wrong == []
    secrets.texts.append("token-")


@pytest.mark.long
def test_sts_that_is_slow(standin, daemon, serve, secrets):
    """While it thinks about the next set, all goes on with the old one."""
    issuer = Issuer(standin, secrets, 10 * LIFE_S)
    think = threading.Event()
    think.set()
    server = serve(lambda *_: (think.wait(60),
                               (200, issuer.xml("AssumeRole")))[1])
    running = daemon(assume_role_arn=ROLE, env=environ(
        standin, AWS_ENDPOINT_URL_STS=server.url, AWS_ACCESS_KEY_ID="AKIA",
        AWS_SECRET_ACCESS_KEY="geheim"))
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    think.clear()
    running.wait_for(lambda: len(server.requests) == 2, 10 * LIFE_S)
    wanted += put_files(standin, 3, 7)
    await_all(standin, running, wanted)
    assert issuer.n == 1 and len(server.requests) == 2
    think.set()
    running.wait_for(lambda: len(running.log("creds.fetch")) == 2)
    wanted += put_files(standin, 1, 20)
    await_all(standin, running, wanted)
    assert running.log("creds.expired") == []
    assert standin.journal.all("denied") == []


def test_agent_that_is_down_for_longer_than_they_live(
        standin, daemon, serve, secrets):
    """What an agent beside us gave serves on until AWS refuses it."""
    issuer = Issuer(standin, secrets)
    down = threading.Event()
    server = serve(lambda *_: (500, "oops") if down.is_set() else
                   (200, issuer.document()))
    running = daemon(env=environ(
        standin, AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url + "/"))
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    down.set()
    issuer.tokens.ends = dict.fromkeys(issuer.tokens.ends, math.inf)
    running.wait_line("creds.overdue", level="warn", source="container")
    wanted += put_files(standin, 3, 7)
    await_all(standin, running, wanted)
    assert running.log("creds.expired") == []
    assert standin.journal.all("denied") == []
    issuer.tokens.revoke_all()
    running.wait_line("creds.expired", 60, level="error")
    down.clear()
    wanted += put_files(standin, 1, 20)
    await_all(standin, running, wanted, 90)
    assert len(running.log("creds.expired")) == 1


def test_source_that_is_down_for_longer_than_they_live(
        standin, daemon, serve, secrets):
    issuer = Issuer(standin, secrets)
    down = threading.Event()

    def answer(*_):
        if down.is_set():
            return 500, "<html>geheim</html>"
        return 200, issuer.xml("AssumeRole")

    server = serve(answer)
    running = daemon(assume_role_arn=ROLE, env=environ(
        standin, AWS_ENDPOINT_URL_STS=server.url, AWS_ACCESS_KEY_ID="AKIA",
        AWS_SECRET_ACCESS_KEY="geheim"))
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    before = len(server.times)
    down.set()
    running.wait_line("creds.expired", level="error")
    line = running.wait_line("creds.fetch", still_valid="no")
    assert line["source"] == "assumed role" and "500" in line["error"]
    # Nothing is done but to ask the source, and that not too often.
    polls = len(standin.journal.all("sqs.poll"))
    wanted += put_files(standin, 1, 7)
    asked = len(server.times)
    running.wait_for(lambda: len(server.times) > asked, 60)
    assert len(standin.journal.all("sqs.poll")) == polls
    asked = server.times[before:]
    # Three requests a try, and tries are a second apart.
    assert len(asked) <= 3 * ((asked[-1] - asked[0]) / 0.9 + 1)
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
    set_time(clock, shift)
    env = {name: value for name, value in settable_time(standin, clock).items()
           if not name.startswith("AWS_")}
    running = daemon(env=environ(
        standin, AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url + "/", **env))
    ship_until(standin, running, lambda: running.log("aws.clock"))
    line, = running.log("aws.clock")
    assert abs(abs(int(line["offset_s"])) - 5 * 3600) < 60
    refused = len(standin.journal.all("denied"))
    set_time(clock, "+0")
    renewed = issuer.n
    ship_until(standin, running, lambda: issuer.n > renewed, 1000)
    await_all(standin, running,
              standin.dassana.events() + put_files(standin, 1))
    assert running.log("creds.expired") == []
    assert running.log("creds.fetch", level="error") == []
    # Nothing had to be refused for it.
    assert len(running.log("aws.clock")) == 1
    assert len(standin.journal.all("denied")) == refused
