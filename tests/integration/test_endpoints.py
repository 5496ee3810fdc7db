"""The ways to AWS and Dassana: real host names, proxies, authorities."""

import contextlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading

import pytest
from aws_names import NO_NAMESPACE, SCENARIOS
from components import Missing, Tinyproxy
from jobs import await_all, put_files
from process import BINARY, bare_environ
from standin.tls import Authority, Front

NAMES = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "peers", "aws_names.py")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_real_host_names(binary, scenario):
    done = subprocess.run(
        [sys.executable, NAMES, scenario], capture_output=True, text=True,
        timeout=120, check=False, env={**os.environ, "TRAILPOST": BINARY})
    if done.returncode == NO_NAMESPACE:
        pytest.skip("WITHOUT NAMESPACES: %s" % done.stdout.strip())
    assert done.returncode == 0, done.stdout + done.stderr


class Proxy:
    """Relays CONNECT, and notes what was asked for. password: wants one."""

    def __init__(self, password=None):
        self.targets = []
        self.others = []
        self.password = password
        self._sock = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._sock.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self._sock.accept()
                threading.Thread(target=self._serve, args=(conn,),
                                 daemon=True).start()

    def _serve(self, conn):
        with conn, contextlib.suppress(OSError):
            stream = conn.makefile("rb")
            method, target, _ = stream.readline().decode().split(" ")
            head = b""
            while (line := stream.readline()).strip():
                head += line
            if self.password and self.password not in head.decode():
                conn.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
                return
            if method != "CONNECT":
                self.others.append(target)
                conn.sendall(b"HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n")
                return
            self.targets.append(target)
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=self._relay, args=(far, conn),
                                        daemon=True)
                back.start()
                self._relay(conn, far)
                back.join(5)

    @staticmethod
    def _relay(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("ca"))
    made.certificate = made.issue("IP:127.0.0.1")
    return made


@pytest.fixture
def fronts(standin, authority):
    """TLS in front of AWS and Dassana."""
    with Front(standin.aws_port.port, authority.certificate) as aws, \
            Front(standin.dassana_port.port, authority.certificate) as sink:
        yield aws, sink


def ship(standin, daemon, fronts, env, **options):
    aws, sink = fronts
    wanted = put_files(standin, 5)
    made = daemon(
        env={**standin.environ(), **env,
             "AWS_ENDPOINT_URL": "https://127.0.0.1:%d" % aws.port},
        dassana_endpoint="https://127.0.0.1:%d/ingest" % sink.port, **options)
    await_all(standin, made, wanted)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_everything_through_a_proxy(standin, daemon, fronts, authority, name):
    with Proxy() as proxy:
        ship(standin, daemon, fronts, {
            name: proxy.url, "AWS_CA_BUNDLE": str(authority.bundle)})
        assert set(proxy.targets) == {
            "127.0.0.1:%d" % front.port for front in fronts}
        assert proxy.others == []


def test_through_tinyproxy(standin, daemon, fronts, authority, tmp_path,
                           secrets):
    """A real one, which wants a password and lets through to AWS alone;
    Dassana is asked without it."""
    secrets.texts += ["horse", "dTpob3JzZQ"]
    aws, sink = fronts
    try:
        with Tinyproxy(tmp_path, aws.port) as proxy:
            env = {"HTTPS_PROXY": proxy.url}
            made = daemon(
                env={**standin.environ(), **env, "AWS_ENDPOINT_URL":
                     "https://127.0.0.1:%d" % aws.port},
                dassana_endpoint="https://127.0.0.1:%d/ingest" % sink.port,
                ca_file=authority.bundle, shutdown_timeout="2s")
            wanted = put_files(standin, 3)
            line = made.wait_line("dassana.retry")
            assert "403" in line["line"]
            assert standin.dassana.posts == []
            made.stop()
            made = daemon(
                env={**standin.environ(), **env, "AWS_ENDPOINT_URL":
                     "https://127.0.0.1:%d" % aws.port},
                ca_file=authority.bundle)
            await_all(standin, made, wanted, 40)
            assert "CONNECT 127.0.0.1:%d" % aws.port in proxy.logs()
            made.stop()
    except Missing as missing:
        pytest.skip("WITHOUT TINYPROXY: %s" % missing)


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_not_through_the_proxy(standin, daemon, fronts, authority, name):
    with Proxy() as proxy:
        ship(standin, daemon, fronts, {
            "HTTPS_PROXY": proxy.url, name: "example.org,127.0.0.1",
            "AWS_CA_BUNDLE": str(authority.bundle)})
        assert proxy.targets == []


def test_a_proxy_that_wants_a_password(standin, daemon, fronts, authority,
                                       secrets):
    """With it all is well; without, the log says that it is the proxy."""
    secrets.texts.append("dTpob3Jz")
    with Proxy(password="dTpob3Jz") as proxy:  # u:hors…
        made = daemon(
            env={**standin.environ(), "HTTPS_PROXY": proxy.url,
                 "AWS_ENDPOINT_URL": "https://127.0.0.1:%d" % fronts[0].port},
            ca_file=authority.bundle, shutdown_timeout="2s")
        line = made.wait_line("sqs.receive", level="warn")
        assert "407" in line["message"]
        made.stop()
        ship(standin, daemon, fronts, {
            "HTTPS_PROXY": proxy.url.replace("//", "//u:horse@")},
            ca_file=authority.bundle)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("url", [
    "http://u:geheim@proxy.example:99999", "quic://u:geheim@proxy.example",
    "u:geh/eim@proxy.example:1"])
def test_a_proxy_that_is_no_url(standin, binary, tmp_path, name, url):
    """It is a mistake of the settings, told without a word of the URL."""
    command = [binary]
    for pair in standin.options().items():
        command += ["-o", "%s=%s" % pair]
    for args in ([], ["check"], ["--print-config"]):
        done = subprocess.run(
            command + args, env={**bare_environ(tmp_path),
                                 **standin.environ(), name: url},
            capture_output=True, text=True, timeout=30, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == (1 if args == ["check"] else 2), said
        assert name in said
        assert "geh" not in said and "eim" not in said


def test_a_proxy_behind_tls(standin, daemon, fronts, authority):
    """The same authority vouches for it."""
    with Proxy() as proxy:
        port = int(proxy.url.rpartition(":")[2])
        with Front(port, authority.certificate) as front:
            ship(standin, daemon, fronts, {
                "HTTPS_PROXY": "https://127.0.0.1:%d" % front.port},
                ca_file=authority.bundle)
            assert front.handshakes > 0
        assert proxy.targets


class Keys(http.server.BaseHTTPRequestHandler):
    """Credentials of a container."""

    def do_GET(self):
        body = json.dumps(self.server.document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.asked += 1

    def log_message(self, *_):
        pass


def test_metadata_is_never_asked_through_a_proxy(standin, daemon, fronts,
                                                 authority):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    server.asked = 0
    server.document = {
        "AccessKeyId": standin.KEY_ID, "SecretAccessKey": standin.secret,
        "Token": standin.session, "Expiration": "2099-01-01T00:00:00Z"}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    uri = "http://127.0.0.1:%d/keys" % server.server_address[1]
    env = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
           "AWS_SESSION_TOKEN": "",
           "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri}
    try:
        with Proxy() as proxy:
            env.update({name: proxy.url for name in (
                "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "ALL_PROXY")})
            ship(standin, daemon, fronts, env, ca_file=authority.bundle)
            assert proxy.others == []
            assert proxy.targets
        assert server.asked >= 1
    finally:
        server.shutdown()
        server.server_close()
