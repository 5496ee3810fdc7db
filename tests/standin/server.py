"""The server: one router, two ports (so that Dassana alone can be down)."""

import secrets
import socket
import threading
import traceback

from . import dassana, s3, shapes, sqs, wire
from .clock import Clock
from .faults import Faults, Gate
from .journal import Journal
from .sigv4 import Denied, Verifier

CONNECTIONS_MAX = 512


def own_port(host="127.0.0.1", port=0):
    """A socket that keeps a port (0: a free one) from all others while it is
    open. Whoever sets SO_REUSEADDR and is told the port can still listen."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


class Listener:
    """A port; the same port again after close and open. Nobody else gets it in
    between: connections to it are refused."""

    def __init__(self, serve, host, port):
        self._serve = serve
        self._lock = threading.Lock()
        self._open = {}
        self._accepting = None
        self._host = host
        self._keep = own_port(host, port)
        self.port = self._keep.getsockname()[1]
        self.accepted = 0
        self.open()

    def open(self):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self._host, self.port))
        sock.listen(256)
        self._sock = sock
        self._accepting = threading.Thread(
            target=self._accept, args=(sock,), daemon=True)
        self._accepting.start()

    def _accept(self, sock):
        while True:
            try:
                conn, _ = sock.accept()
            except OSError:
                return
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if sock is not self._sock or \
                        len(self._open) >= CONNECTIONS_MAX:
                    conn.close()
                    continue
                thread = threading.Thread(
                    target=self._connection, args=(conn,), daemon=True)
                self._open[conn] = thread
                self.accepted += 1
            thread.start()

    def _connection(self, conn):
        try:
            self._serve(conn)
        finally:
            with self._lock:
                self._open.pop(conn, None)
            conn.close()

    def close(self):
        with self._lock:
            sock, self._sock = self._sock, None
            conns = dict(self._open)
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
            sock.close()
            self._accepting.join(5)
        for conn in conns:
            try:
                conn.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in conns.values():
            thread.join(5)

    def end(self):
        """Closed, and the port is anyone's."""
        self.close()
        self._keep.close()


class Standin:
    """All of it. The queue, the bucket and the keys are made here; tests make
    more as they need them.

    On loopback and any ports, unless told otherwise; name is what others call
    its host. secret and token: those to expect, instead of random ones. speed:
    how fast the services' time passes.
    """

    REGION = "us-east-1"
    BUCKET = "trail-logs"
    KEY_ID = "AKIAIOSFODNN7EXAMPLE"
    APP_ID = "aws_cloudtrail"

    def __init__(self, session_token=True, keep=None, host="127.0.0.1",
                 ports=(0, 0), name="127.0.0.1", secret=None, token=None,
                 speed=1):
        self.clock = Clock(speed)
        self.journal = Journal(keep)
        self.faults = Faults()
        self.errors = []  # of the stand-in itself
        self._stopping = threading.Event()
        self._gates = []
        self._doors = []
        self.secret = secret or secrets.token_urlsafe(30)
        self.session = secrets.token_urlsafe(60) if session_token else None
        self.token = token or "dsn" + secrets.token_hex(20)
        self.verifier = Verifier(self.REGION, self.clock)
        self.verifier.keys[self.KEY_ID] = (self.secret, self.session)
        self.sqs = sqs.Service(self.journal, self.verifier, self.clock)
        self.s3 = s3.Service(self.journal, self.verifier)
        self.dassana = dassana.Service(self.journal, self.APP_ID, self.token)
        self.aws_port = Listener(self._serve, host, ports[0])
        self.dassana_port = Listener(self._serve, host, ports[1])
        self.url = "http://%s:%d" % (name, self.aws_port.port)
        self.dassana_url = (
            "http://%s:%d/ingest" % (name, self.dassana_port.port))
        self.queue = self.sqs.create(self.url, "trailpost")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stopping.set()
        self.sqs.close()
        self.aws_port.end()
        self.dassana_port.end()
        for door in self._doors:
            door.end()

    def door(self):
        """Another port where AWS is; it can be closed and opened."""
        self._doors.append(Listener(self._serve, "127.0.0.1", 0))
        return self._doors[-1]

    def environ(self):
        """What the daemon needs in its environment."""
        keys = {"AWS_ACCESS_KEY_ID": self.KEY_ID,
                "AWS_SECRET_ACCESS_KEY": self.secret,
                "AWS_ENDPOINT_URL": self.url}
        if self.session:
            keys["AWS_SESSION_TOKEN"] = self.session
        return keys

    def options(self):
        """What the daemon needs in its configuration."""
        return {"queue_url": self.queue.url, "region": self.REGION,
                "dassana_endpoint": self.dassana_url,
                "dassana_app_id": self.APP_ID, "dassana_token": self.token}

    def put(self, key, data, bucket=BUCKET, announce=True):
        """An object and, as S3 would send it, the message about it."""
        thing = self.s3.put(bucket, key, data)
        if announce:
            self.queue.send(shapes.s3_event(bucket, key, size=len(data)))
        return thing

    def gate(self, at=None):
        """A gate that open_gates() opens too."""
        self._gates.append(Gate(at))
        return self._gates[-1]

    def open_gates(self):
        for gate in self._gates:
            gate.open()

    def wait(self, predicate, timeout=10, what=""):
        return self.journal.wait(predicate, timeout, what)

    def _route(self, request):
        if request.header("x-amz-target", "").startswith("AmazonSQS."):
            return self.sqs, "sqs"
        if request.header("x-dassana-token") or request.path == "/ingest":
            return self.dassana, None
        return self.s3, "s3"

    def _serve(self, conn):
        stream = conn.makefile("rb", 65536)
        try:
            while not self._stopping.is_set():
                request = wire.read_request(conn, stream)
                self._answer(conn, request)
        except (wire.Gone, OSError):
            pass
        except Exception:
            if not self._stopping.is_set():
                self.errors.append(traceback.format_exc())
                self.journal.poke()
        finally:
            stream.close()

    def _answer(self, conn, request):
        service, signed = self._route(request)
        fault = self.faults.pick(service.operation(request), request)
        if service is not self.dassana:
            self._exchange(conn, request, service, signed, fault)
            return
        status, complete = [0], False
        service.begin(request)
        try:
            self._exchange(conn, request, service, signed, fault, status)
            complete = True
        finally:
            service.end(request, status[0], complete)

    def _exchange(self, conn, request, service, signed, fault, status=None):
        if fault:
            if fault.hold and not fault.hold.wait(self._stopping):
                raise wire.Gone
            if fault.delay and self._stopping.wait(fault.delay):
                raise wire.Gone
        response = self._response(request, service, signed, fault)
        if status is not None:
            status[0] = response.status
        if fault and fault.drop:
            wire.reset(conn)
        wire.send_response(conn, request, response, fault, self._stopping,
                           self.verifier.now())

    def _response(self, request, service, signed, fault):
        made = fault and fault.status is not None
        response = None
        if not made or fault.perform:
            response = self._checked(request, service, signed)
        if made:
            if fault.code:
                response = service.error(request, fault.status, fault.code,
                                         fault.message)
            else:
                response = wire.Response(fault.status)
            self.journal.add(
                service.operation(request) + ".fault", status=fault.status,
                code=fault.code, request_id=request.id, path=request.path)
        if fault and fault.body is not None:
            response.body = fault.body
            response.gate = None
        if fault:
            response.headers += list(fault.headers)
        return response

    def _checked(self, request, service, signed):
        if signed:
            try:
                self.verifier.check(request, signed)
            except Denied as denial:
                self.journal.add("denied", service=signed, code=denial.code,
                                 path=request.path, why=denial.message)
                return service.denied(request, denial)
        return service.handle(request)
