"""The daemon's own web site, as a client sees it."""

import http.client
import json
import socket
import urllib.parse

LISTEN = "127.0.0.1:0"
PATHS = ("/healthz", "/readyz", "/metrics", "/status", "/")


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.text = self.body.decode("ascii")

    def json(self):
        return json.loads(self.body)


class Admin:
    """Of a daemon that was started with admin_listen."""

    def __init__(self, running):
        self.running = running
        self.url = running.wait_line("admin.listen", level="info")["url"]
        parts = urllib.parse.urlsplit(self.url)
        self.address = (parts.hostname, parts.port)

    def ask(self, path, method="GET", body=None, timeout=10, headers=()):
        connection = http.client.HTTPConnection(*self.address, timeout=timeout)
        try:
            connection.request(method, path, body, dict(headers))
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def status(self):
        return self.ask("/status").json()

    def connect(self, first=b"", timeout=20):
        sock = socket.create_connection(self.address, timeout)
        sock.sendall(first)
        return sock

    def wait_ready(self, ready=True, part=None, timeout=20):
        """Until it says so, and (not ready) that this part is the first
        reason; the answer."""
        def look():
            answer = self.ask("/readyz")
            said = answer.json()
            assert answer.status == (200 if said["ready"] else 503)
            assert said["ready"] == (said["reasons"] == [])
            if said["ready"] != ready:
                return None
            if part and said["reasons"][0]["part"] != part:
                return None
            return said
        return self.running.wait_for(look, timeout, "ready: %s" % ready)
