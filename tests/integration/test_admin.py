"""admin_listen: what is answered there in each state, and what a client can
cost."""

import base64
import hashlib
import json
import os
import re
import socket
import subprocess
import time

import pytest
from admin import LISTEN, PATHS, Admin
from issuer import serve  # noqa: F401
from jobs import await_all, put_files
from process import bare_environ
from standin import Fault
from trail import Trail, in_fast_time

JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def trail(standin):
    return Trail(standin)


@pytest.fixture
def serving(daemon):
    """serving(option=value, …): a daemon and its web site."""
    def start(**options):
        running = daemon(**{"admin_listen": LISTEN, **options})
        return running, Admin(running)
    return start


# ---- where it listens ----

def listening(pid):
    """Ports of TCP on which a process listens."""
    own = {os.readlink(os.path.join("/proc/%d/fd" % pid, fd))
           for fd in os.listdir("/proc/%d/fd" % pid)}
    found = []
    for family in ("tcp", "tcp6"):
        with open("/proc/net/" + family, encoding="ascii") as file:
            rows = [line.split() for line in list(file)[1:]]
        found += [int(row[1].split(":")[1], 16) for row in rows
                  if row[3] == "0A" and "socket:[%s]" % row[9] in own]
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees the sockets of "
                    "a process that cannot be traced")
def test_nothing_listens_by_default(daemon, serving):
    quiet = daemon()
    quiet.wait_line("start")
    _, admin = serving()
    admin.wait_ready()
    assert listening(quiet.process.pid) == []
    assert listening(admin.running.process.pid) == [admin.address[1]]


@pytest.mark.parametrize("listen, host", [
    ("127.0.0.1:0", "127.0.0.1"), ("localhost:0", "127.0.0.1"),
    ("[::1]:0", "::1"), (":0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.1"),
    ("[::]:0", "127.0.0.1")])
def test_addresses(serving, listen, host):
    if host == "::1" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("this host has no IPv6")
    _, admin = serving(admin_listen=listen)
    assert admin.address[0] == host
    assert admin.ask("/healthz").text == "ok\n"


def test_a_port_that_is_taken(standin, daemon):
    """Being watched is not the work: it goes on, says so, and has the port once
    whoever had it is gone."""
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        port = squatter.getsockname()[1]
        running = daemon(admin_listen="127.0.0.1:%d" % port)
        line = running.wait_line("admin.listen")
        assert line["level"] == "error"
        assert line["error"] == "Address already in use"
        assert "tried again" in line["effect"]
        assert "admin_listen" in line["advice"]
        await_all(standin, running, put_files(standin, 3))
    running.wait_line("admin.listen", level="info", timeout=20)
    assert Admin(running).ask("/readyz").status == 200


def test_an_address_that_the_host_has_not(standin, daemon):
    running = daemon(admin_listen="192.0.2.1:9090")
    line = running.wait_line("admin.listen", level="error")
    assert line["error"] == "Cannot assign requested address"
    await_all(standin, running, put_files(standin, 3))


def test_names_that_may_be_anybodys(serving):
    """A page elsewhere may lead its own name here, and read what it asks for in
    the browser of somebody who can reach us."""
    _, admin = serving(admin_hosts="status.example Other.example")
    admin.wait_ready()
    port = admin.address[1]

    def asked(path, host):
        return admin.ask(path, headers={"Host": host}).status
    for path in PATHS:
        for host in ("127.0.0.1:%d" % port, "localhost", "STATUS.example",
                     "other.example:8443"):
            assert asked(path, host) == 200
        assert asked(path, "evil.example:%d" % port) == (
            421 if path in ("/", "/status") else 200)
    answer = admin.ask("/status", headers={"Host": "evil.example"})
    assert "admin_hosts" in answer.text and "queue" not in answer.text


def test_names_that_are_none(standin, new_daemon):
    running = new_daemon(standin.journal)
    running.status = 2
    running.start({**standin.options(), "admin_hosts": "a b:80"},
                  standin.environ())
    assert running.wait_exit() == 2
    line = running.log("config.mistake")[0]
    assert line["at"] == "-o admin_hosts" and "'b:80'" in line["text"]


@pytest.mark.parametrize("value", ["9090", "example.com:9090", "1.2.3.4:99999"])
def test_a_value_that_is_no_address(standin, new_daemon, tmp_path, value):
    conf = tmp_path / "trailpost.conf"
    conf.write_text("# one\nadmin_listen = %s\n" % value)
    other = new_daemon(standin.journal)
    other.status = 2
    other.start(standin.options(), standin.environ(), ("-c", str(conf)))
    assert other.wait_exit() == 2
    line = other.log("config.mistake")[0]
    assert line["at"] == "%s:2" % conf and value in line["text"]


# ---- what it answers ----

def test_each_path(serving, trail):
    running, admin = serving()
    trail.put(3)
    trail.await_all(running)
    admin.wait_ready()
    types = {"/": "text/html", "/healthz": "text/plain",
             "/metrics": "text/plain", "/readyz": "application/json",
             "/status": "application/json"}
    for path in PATHS:
        answer = admin.ask(path)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(types[path])
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy and "Server" not in answer.headers
    assert admin.ask("/?a=b").status == 200
    for path in ("/nothing", "/status/", "//", "/%2e%2e/etc/passwd", "/metric"):
        assert admin.ask(path).status == 404


def test_head_has_no_body(serving):
    _, admin = serving()
    admin.wait_ready()
    for path in PATHS + ("/nothing",):
        answer = admin.ask(path, "HEAD")
        assert answer.body == b""
        assert answer.headers["Content-Length"] is not None
        assert answer.status == (404 if path == "/nothing"
                                 else admin.ask(path).status)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_other_methods(serving, method):
    _, admin = serving()
    answer = admin.ask("/", method, b"x" * 100000 if method == "POST" else None)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_the_page_allows_its_own_style_only(serving):
    _, admin = serving()
    answer = admin.ask("/")
    style = re.search("<style>(.*)</style>", answer.text, re.S).group(1)
    digest = hashlib.sha256(style.encode()).digest()
    source = "'sha256-%s'" % base64.b64encode(digest).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert "style-src %s;" % source in policy, "page_policy needs " + source
    assert not re.search(
        r"<script|\son\w+=|style=|src=|https?://(?!127|www.w3.org/2000/svg)",
        answer.text.replace(style, ""))


def test_status_counts(standin, serving, trail):
    running, admin = serving()
    trail.put(4, count=25)
    trail.await_all(running)
    said = running.wait_for(
        lambda: admin.status() if admin.status()["totals"][
            "messages_deleted"] == 4 else None, what="the status")
    assert said["totals"]["events_delivered"] == 100
    assert said["totals"]["objects_done"] == 4
    assert said["now"]["messages_held"] == 0
    assert said["queue"] == {**said["queue"], "state": "well",
                             "url": standin.queue.url,
                             "region": standin.REGION}
    assert said["dassana"]["state"] == "well"
    assert said["dassana"]["token"] == "accepted"
    assert said["credentials"] == {"source": "environment", "valid": True,
                                   "seconds_left": None}
    assert "100" in admin.ask("/").text


# ---- the states ----

def test_ready_soon_though_the_queue_is_quiet(serving):
    """Not only after the 20 s of a long poll."""
    began = time.monotonic()
    _, admin = serving()
    admin.wait_ready(timeout=15)
    assert time.monotonic() - began < 15


def test_a_refused_token(standin, serving, trail):
    rule = standin.faults.on("dassana.POST", Fault(
        status=401, body=b'{"error":"token_validation_error"}', headers=JSON))
    running, admin = serving()
    admin.wait_ready()
    trail.put(1)
    said = admin.wait_ready(False, "dassana")
    reason = said["reasons"][0]
    assert reason["problem"] == "the token was refused"
    assert "switched on" in reason["advice"]
    assert admin.ask("/healthz").status == 200
    status = admin.status()
    assert status["dassana"]["token"] == "refused"
    assert status["problems"][0]["event"] == "dassana.gate_closed"
    page = admin.ask("/").text
    assert "Events are held up" in page and "What helps: check that" in page
    standin.faults.off(rule)
    trail.await_all(running)
    admin.wait_ready()


@pytest.mark.parametrize("fault, code, advice", [
    (Fault(status=400, code="AWS.SimpleQueueService.NonExistentQueue"),
     "NonExistentQueue", "check queue_url"),
    (Fault(status=403, code="AccessDenied"), "AccessDenied",
     "sqs:ReceiveMessage"),
    (Fault(drop=True), "reset", "trailpost check")])
def test_an_unreachable_queue(standin, serving, fault, code, advice):
    rule = standin.faults.on("sqs.ReceiveMessage", fault)
    _, admin = serving()
    reason = admin.wait_ready(False, "queue")["reasons"][0]
    while reason["problem"].startswith("the first receive"):
        reason = admin.wait_ready(False, "queue")["reasons"][0]
    assert code in reason["code"] and advice in reason["advice"]
    standin.faults.off(rule)
    admin.wait_ready()


@in_fast_time(20)
def test_forbidden_objects(standin, serving, trail):
    rule = standin.faults.on("s3.GET", Fault(status=403, code="AccessDenied"))
    running, admin = serving()
    trail.put(10)
    reason = admin.wait_ready(False, "s3")["reasons"][0]
    assert reason["code"] == "AccessDenied"
    assert "s3:GetObject" in reason["advice"]
    standin.faults.off(rule)
    trail.await_all(running)
    admin.wait_ready()


def test_without_credentials(serving):
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/none"}
    _, admin = serving(env=env)
    said = admin.wait_ready(False, "credentials")
    assert "no AWS credentials" in said["reasons"][0]["problem"]
    assert admin.status()["credentials"]["valid"] is False


def test_while_it_drains(standin, serving, trail):
    gate = standin.gate()
    standin.faults.on("s3.GET", Fault(hold=gate))
    running, admin = serving()
    trail.put(1)
    running.wait_for(gate.reached.is_set, what="the GET")
    running.terminate()
    said = admin.wait_ready(False, "stopping")
    assert "shutting down" in said["reasons"][0]["problem"]
    assert admin.ask("/healthz").status == 200
    assert "Shutting down" in admin.ask("/").text
    gate.open()
    standin.queue.end_polls()
    assert running.wait_exit(30) == 0
    trail.check()


# ---- what a client can cost ----

def test_too_long(serving):
    _, admin = serving()
    assert admin.ask("/" + "a" * 15000).status in (404, 414)
    for request in (b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50000 + b"\r\n",
                    b"\x16\x03\x01" + os.urandom(2000),
                    b"GET / HTTP/9.9\r\n\r\n"):
        with admin.connect() as sock:
            try:
                sock.sendall(request)
                sock.shutdown(socket.SHUT_WR)
                answer = sock.recv(100)
            except OSError:
                continue
            assert not answer.startswith(b"HTTP/1.1 200")
    assert admin.ask("/healthz").status == 200


def closed(sock):
    try:
        return sock.recv(65536) == b""
    except OSError:
        return True


@pytest.mark.long
def test_idle_and_slow_clients_disturb_nobody(serving, trail):
    """A hundred that say nothing or half a request: probes are answered, logs
    are shipped, and in the end all of them are cut off."""
    running, admin = serving()
    admin.wait_ready()
    begins = (b"", b"GET /status HT", b"\r\n" * 100)
    idle = [admin.connect(begins[i % 3]) for i in range(100)]
    for path in PATHS:
        assert admin.ask(path, timeout=5).status == 200
    trail.put(20)
    trail.await_all(running)
    began = time.monotonic()
    for sock in idle:
        assert closed(sock)
        sock.close()
    assert time.monotonic() - began < 20


@pytest.mark.long
def test_a_drip_is_cut_off(serving):
    """However regularly its bytes come."""
    running, admin = serving()
    with admin.connect(b"GET / HTTP/1.1\r\nX: ") as sock:
        sock.setblocking(False)

        def drip():
            try:
                sock.send(b"y")
                return sock.recv(100) == b""
            except BlockingIOError:
                return False
            except OSError:
                return True
        running.wait_for(drip, 30, "the end of the connection")


def test_a_client_that_reads_nothing(serving, trail):
    running, admin = serving()
    socks = [admin.connect(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
             for _ in range(20)]
    trail.put(5)
    trail.await_all(running)
    assert admin.ask("/healthz").status == 200
    for sock in socks:
        sock.close()


# ---- secrets ----

def test_no_secret_is_shown(standin, serving, trail):
    """Not in good times, and not in what is quoted of the bad ones."""
    echo = standin.token.encode() + standin.secret.encode()
    standin.faults.on("dassana.POST", Fault(status=500, body=echo), times=2)
    standin.faults.on("s3.GET", Fault(status=500, body=echo), times=4)
    standin.faults.on("sqs.DeleteMessageBatch", Fault(
        status=500, code="InternalError"), times=1)
    running, admin = serving(
        dassana_endpoint=standin.dassana_url + "?hush=QueRySecRet")
    shown = []
    trail.put(10)
    running.wait_for(
        lambda: shown.append("".join(admin.ask(p).text for p in PATHS))
        or standin.queue.empty(), 40, "the queue empty")
    shown.append("".join(admin.ask(p).text for p in PATHS))
    trail.check(20)
    assert running.log("start")[0]["endpoint"] == standin.dassana_url
    assert "QueRySecRet" not in running.text()
    hidden = [standin.token, standin.secret, standin.session, "QueRySecRet",
              standin.KEY_ID, *standin.queue.handles()]
    assert len(hidden) > 10
    for text in shown:
        assert not [secret for secret in hidden if secret in text]


def test_before_the_region_is_known(standin, serving, binary, tmp_path):
    """It lives, so nobody starts it again, and says what it waits for."""
    running, admin = serving(region=None, env={
        **standin.environ(), "AWS_EC2_METADATA_DISABLED": "",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1/"})
    running.wait_line("region", level="error")
    assert running.log("start") == []
    assert admin.ask("/healthz").text == "ok\n"
    assert admin.wait_ready(False, "region")["reasons"][0]["advice"]
    for path in ("/readyz", "/metrics", "/status", "/"):
        answer = admin.ask(path)
        assert (answer.status, answer.json()["ready"]) == (503, False)
    assert admin.ask("/nonesuch").status == 404
    option = ("-o", "admin_listen=127.0.0.1:%d" % admin.address[1])
    assert health(binary, tmp_path, *option).returncode == 0
    done = health(binary, tmp_path, "--ready", *option)
    assert done.returncode == 1 and done.stdout.startswith("✗ region ")


# ---- a quiet trail ----

def test_what_waits_is_shown(standin, serving, trail):
    dead = standin.sqs.create(standin.url, "dead")
    standin.queue.dead_letter, standin.queue.max_receives = dead, 5
    for _ in range(3):
        dead.send("hello")
    gate = standin.gate()
    standin.faults.on("sqs.GetQueueAttributes", Fault(hold=gate), times=1)
    running, admin = serving()
    trail.put(1)
    running.wait_for(standin.queue.empty)
    assert admin.ask("/status").json()["queue"]["messages_waiting"] is None
    gate.open()
    running.wait_for(lambda: admin.ask("/status").json()["queue"][
        "dead_letters"] == 3, 20)
    status = admin.ask("/status").json()
    assert status["queue"]["messages_waiting"] == 0
    assert status["queue"]["oldest_received_s"] >= 0
    assert 0 <= status["lag"]["last_delivered_s"] <= 30
    page = admin.ask("/").text
    assert "3 in the dead-letter queue" in page
    assert "trailpost_messages_oldest_received_seconds" in admin.ask(
        "/metrics").text


def test_what_waits_where_it_may_not_be_asked(standin, serving):
    rule = standin.faults.on("sqs.GetQueueAttributes", Fault(
        status=403, code="AccessDenied"))
    running, admin = serving()
    running.wait_for(lambda: rule.hits > 0, 20)
    running.wait_for(lambda: "sqs:GetQueueAttributes is not allowed"
                     in admin.ask("/").text)
    assert admin.wait_ready()
    assert running.log(level="warn") == []


# ---- trailpost health ----

def health(binary, home, *args, env=None):
    return subprocess.run(
        [binary, "health", *args], capture_output=True, text=True, timeout=20,
        env={**bare_environ(home), **(env or {})})


def test_health(standin, serving, trail, binary, tmp_path):
    running, admin = serving()
    admin.wait_ready()
    option = ("-o", "admin_listen=127.0.0.1:%d" % admin.address[1])
    for mode in ((), ("--live",), ("--ready",)):
        done = health(binary, tmp_path, *mode, *option)
        assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    # It is found in a file and in the environment, and every address of a
    # host is asked at one.
    conf = tmp_path / "c"
    conf.write_text("admin_listen = :%d\n" % admin.address[1])
    assert health(binary, tmp_path, "-c", str(conf)).returncode == 0
    env = {"TRAILPOST_ADMIN_LISTEN": "0.0.0.0:%d" % admin.address[1],
           "http_proxy": "http://127.0.0.1:9/"}
    assert health(binary, tmp_path, env=env).returncode == 0
    standin.faults.on("dassana.POST", Fault(status=403))
    trail.put(1)
    admin.wait_ready(False, "dassana")
    assert health(binary, tmp_path, *option).returncode == 0
    done = health(binary, tmp_path, "--ready", *option)
    assert done.returncode == 1
    assert re.match("✗ dassana +the token was refused.*\n +→ check ",
                    done.stdout)


def test_health_of_a_joker(binary, tmp_path, serve):
    """What it is told is not ours: nothing moves the cursor."""
    server = serve(lambda *_: (503, json.dumps({"reasons": [
        {"part": "a\x1b[2J", "problem": "b\n\x9b1A\u00e9", "code": "c\x07",
         "detail": "d\x7f", "advice": "e\r"}]})))
    done = health(binary, tmp_path, "--ready", "-o",
                  "admin_listen=" + server.url.split("//")[1])
    assert done.returncode == 1
    assert done.stdout == ("✗ a?[2J          b??1A\u00e9: c?, d?\n"
                           + 17 * " " + "→ e?\n")


def test_health_of_nobody(binary, tmp_path):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        option = ("-o", "admin_listen=127.0.0.1:%d" % sock.getsockname()[1])
        done = health(binary, tmp_path, *option)
        assert done.returncode == 1 and "no answer" in done.stdout
        sock.listen()  # and never accept
        began = time.monotonic()
        done = health(binary, tmp_path, *option)
        assert done.returncode == 1 and "timeout" in done.stdout
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("args, text", [
    ((), "admin_listen is not set"),
    (("-o", "admin_listen=nonsense"), "not of the form"),
    (("-o", "admin_listen=127.0.0.1:0"), "port 0"),
    (("--often",), "unknown option"),
    (("-c", "/nonexistent/file"), "/nonexistent/file")])
def test_health_used_wrongly(binary, tmp_path, args, text):
    done = health(binary, tmp_path, *args)
    assert done.returncode == 2 and text in done.stderr
