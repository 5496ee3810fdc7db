"""The servers of the benchmark: nginx for objects and POSTs (plain and TLS),
fauxqs for the queue, slow.py where an answer has to take its time. All on
loopback, all on the second core where there is one."""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SERVER_CORE = "1" if (os.cpu_count() or 1) > 1 else "0"

NGINX = """
{user} daemon off; worker_processes 1; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_max_body_size 0; client_body_buffer_size 8m;
  client_body_temp_path {dir}/body; keepalive_requests 1000000;
  proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; tcp_nodelay on;
  default_type application/json;
  upstream queue {{ server 127.0.0.1:{queue}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl;
    ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
    location /bench/ {{ root {dir}/www; }}
    location = /ingest {{ return 200 '{{"success":true}}'; }}
    location = / {{ proxy_pass http://queue; proxy_http_version 1.1;
      proxy_set_header Connection ""; proxy_set_header Host $http_host; }}
  }}
}}
"""

FAUXQS = """
import {{ pathToFileURL }} from "node:url";
const {{ buildApp }} = await import(pathToFileURL("{module}"));
const app = buildApp({{ logger: false, host: "localhost",
  defaultRegion: "us-east-1" }});
await app.listen({{ host: "127.0.0.1", port: {port} }});
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def await_port(port, process):
    for _ in range(400):
        if process.poll() is not None:
            raise SystemExit("bench: %s ended" % process.args[0])
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.025)
    raise SystemExit("bench: nothing listens on port %d" % port)


class Peers:
    def __init__(self, work, npm):
        self.dir = pathlib.Path(work)
        self.npm = pathlib.Path(npm)
        self.running = []
        self.ports = {n: free_port() for n in ("queue", "plain", "tls")}

    def spawn(self, *argv, **more):
        p = subprocess.Popen(["taskset", "-c", SERVER_CORE, *argv], **more)
        self.running.append(p)
        return p

    def certificate(self):
        """A CA of our own behind the system's bundle, so that what it costs to
        load a real one is in the figures."""
        def openssl(*a):
            subprocess.run(["openssl", *a], cwd=self.dir, check=True,
                           capture_output=True)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=Bench CA",
                "-keyout", "ca.key", "-out", "ca.pem")
        openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key",
                "-out", "server.csr")
        (self.dir / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "ext",
                "-out", "server.pem")
        system = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
        bundle = system.read_bytes() if system.exists() else b""
        (self.dir / "bundle.pem").write_bytes(
            bundle + (self.dir / "ca.pem").read_bytes())

    def start(self):
        self.certificate()
        conf = self.dir / "nginx.conf"
        conf.write_text(NGINX.format(
            dir=self.dir, user="user root;" if os.geteuid() == 0 else "",
            **self.ports))
        (self.dir / "www/bench").mkdir(parents=True)
        script = self.dir / "fauxqs.mjs"
        script.write_text(FAUXQS.format(
            module=self.npm / "node_modules/fauxqs/dist/app.js",
            port=self.ports["queue"]))
        node = self.npm / "node_modules/.bin/node"
        queue = self.spawn(str(node) if node.exists() else "node", str(script))
        await_port(self.ports["queue"], queue)
        nginx = self.spawn("nginx", "-c", str(conf), "-p", str(self.dir),
                           "-e", str(self.dir / "error.log"))
        await_port(self.ports["plain"], nginx)
        self.queues = 0
        self.new_queue()

    def new_queue(self):
        """One for each run: the poll that a daemon left open when it stopped
        would swallow the first messages of the next. fauxqs knows a queue by
        the very URL that it gave, whatever its host."""
        self.queues += 1
        self.queue_url = self.sqs(
            "CreateQueue", QueueName="bench%d" % self.queues)["QueueUrl"]

    def slow(self, delay_ms, obj=None):
        more = ("--object", str(obj)) if obj else ()
        p = self.spawn(sys.executable, str(HERE / "slow.py"), "--delay-ms",
                       str(delay_ms), *more, stdout=subprocess.PIPE)
        return int(p.stdout.readline())

    def far_queue(self, delay_ms):
        p = self.spawn(sys.executable, str(HERE / "relay.py"), "--delay-ms",
                       str(delay_ms), "--to", str(self.ports["queue"]),
                       stdout=subprocess.PIPE)
        return int(p.stdout.readline())

    def sqs(self, operation, **members):
        c = http.client.HTTPConnection("127.0.0.1", self.ports["queue"])
        c.request("POST", "/", json.dumps(members), {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS." + operation})
        answer = c.getresponse()
        body = answer.read()
        c.close()
        if answer.status != 200:
            raise SystemExit("bench: %s: %r" % (operation, body))
        return json.loads(body or b"{}")

    def announce(self, keys):
        for at in range(0, len(keys), 10):
            self.sqs("SendMessageBatch", QueueUrl=self.queue_url, Entries=[
                {"Id": str(i), "MessageBody": json.dumps({"Records": [{
                    "eventVersion": "2.1", "eventSource": "aws:s3",
                    "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put",
                    "s3": {"bucket": {"name": "bench"},
                           "object": {"key": key}}}]})}
                for i, key in enumerate(keys[at:at + 10])])

    def left(self):
        a = self.sqs("GetQueueAttributes", QueueUrl=self.queue_url,
                     AttributeNames=["All"])["Attributes"]
        return (int(a["ApproximateNumberOfMessages"]) +
                int(a["ApproximateNumberOfMessagesNotVisible"]))

    def stop(self):
        for p in self.running:
            with contextlib.suppress(ProcessLookupError):
                p.terminate()
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
