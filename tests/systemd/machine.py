"""A unit, what systemd says of it and what it writes into the journal; and the
metadata service that its credentials come from."""

import http.server
import json
import os
import subprocess
import threading
import time

FOLDER = "/etc/trailpost"
ROLE = "/latest/meta-data/iam/security-credentials/"


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def run(*command, check=True):
    return subprocess.run(command, check=check, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait(predicate, timeout=20, what=""):
    end = time.monotonic() + timeout
    while True:
        result = predicate()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError("not within %g s: %s" % (timeout, what))
        time.sleep(0.05)


class Imds:
    """IMDSv2 where it is on every instance. Without `works` it answers as one
    without a role."""

    def __init__(self, standin, address):
        self.works = True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, text=""):
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_PUT(self):
                if self.path == "/latest/api/token":
                    self.answer(200, "session-token")
                else:
                    self.answer(404)

            def do_GET(self):
                if not outer.works or not self.path.startswith(ROLE):
                    self.answer(404)
                elif self.path == ROLE:
                    self.answer(200, "role")
                else:
                    self.answer(200, outer.document(standin))

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((address, 80), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,),
                         daemon=True).start()

    @staticmethod
    def document(standin):
        end = time.gmtime(time.time() + 6 * 3600)
        return json.dumps({
            "Code": "Success", "Type": "AWS-HMAC",
            "AccessKeyId": standin.KEY_ID,
            "SecretAccessKey": standin.secret, "Token": standin.session,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", end)})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class Unit:
    def __init__(self, name, standin):
        self.name = name + ".service"
        self.standin = standin
        conf = name.partition("@")[2] or name
        token = conf + ".token" if "@" in name else "dassana_token"
        self.conf_file = os.path.join(FOLDER, conf + ".conf")
        self.token_file = os.path.join(FOLDER, token)
        self._drop_ins = 0
        self._before = 0  # entries of those before us
        self._before = len(self.entries())

    def configure(self, **settings):
        """Settings of None are left out."""
        merged = {**self.standin.options(), "endpoint_url": self.standin.url,
                  "batch_max_delay": "50ms", "redeliver_after": "1s",
                  "dassana_token": None, **settings}
        write(self.conf_file, "".join(
            "%s = %s\n" % pair for pair in merged.items()
            if pair[1] is not None))

    def drop_in(self, text):
        self._drop_ins += 1
        write("/run/systemd/system/%s.d/%02d.conf"
              % (self.name, self._drop_ins), text)
        run("systemctl", "daemon-reload")

    def systemctl(self, verb, *more, check=True):
        return run("systemctl", verb, *more, self.name, check=check)

    def start(self):
        self.systemctl("start")
        return self

    def show(self, name):
        return self.systemctl("show", "--value", "-p", name).stdout.strip()

    def pid(self):
        return int(self.show("MainPID"))

    def wait_show(self, name, value, timeout=20):
        """Until a property is value, or one that value() likes."""
        like = value if callable(value) else value.__eq__
        seen = []

        def look():
            seen[:] = [self.show(name)]
            return like(seen[0])
        try:
            wait(look, timeout)
        except TimeoutError:
            raise AssertionError("%s is %r\n%s" % (
                name, seen[0], self.text())) from None
        return seen[0]

    def entries(self):
        """What the unit wrote into the journal since it was made here."""
        text = run("journalctl", "-u", self.name, "-q", "-o", "json").stdout
        lines = text.splitlines()[self._before:]
        return [json.loads(line) for line in lines]

    def lines(self, *words):
        return [e for e in self.entries()
                if all(word in str(e["MESSAGE"]) for word in words)]

    def text(self):
        return "\n".join(str(e["MESSAGE"]) for e in self.entries())

    def wait_line(self, *words, count=1):
        try:
            wait(lambda: len(self.lines(*words)) >= count)
        except TimeoutError:
            raise AssertionError("no line with %s in\n%s" % (
                words, self.text())) from None
        return self.lines(*words)[-1]

    def clean_up(self):
        self.systemctl("stop", check=False)
        self.systemctl("reset-failed", check=False)
        run("rm", "-rf", "/run/systemd/system/%s.d" % self.name,
            self.conf_file, self.token_file)
        run("systemctl", "daemon-reload")
