"""HTTP/1.1 as far as the stand-in needs it: requests in, responses out."""

import email.utils
import itertools
import socket
import struct
import time
import uuid

LINE_MAX = 64 * 1024
HEADERS_MAX = 100
BODY_MAX = 256 * 1024 * 1024
PIECE = 64 * 1024

REASONS = {
    100: "Continue", 200: "OK", 204: "No Content", 206: "Partial Content",
    301: "Moved Permanently", 304: "Not Modified", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 409: "Conflict", 412: "Precondition Failed",
    413: "Payload Too Large", 416: "Range Not Satisfiable",
    429: "Too Many Requests", 500: "Internal Server Error",
    503: "Service Unavailable",
}

_sequence = itertools.count(1)


class Gone(Exception):
    """The connection is over: by the peer, or because a fault says so."""


class Bad(Exception):
    """What came is not HTTP that anybody should send."""


class Request:
    """One request. Header names are lower case, path and query as sent."""

    def __init__(self, method, target, headers, body, sock=None):
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body
        self._sock = sock
        self.t = time.monotonic()
        self.id = uuid.uuid4().hex[:16].upper()
        self.number = next(_sequence)

    def gone(self):
        """Whether whoever sent it has closed the connection."""
        try:
            return self._sock is not None and self._sock.recv(
                1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def header(self, name, default=None):
        for key, value in self.headers:
            if key == name:
                return value
        return default


class Response:
    """gate: a Gate that says how much of the body may go out for now."""

    def __init__(self, status, body=b"", headers=(), gate=None):
        self.status = status
        self.body = body
        self.headers = list(headers)
        self.gate = gate
        self.sent = 0


def _line(stream):
    line = stream.readline(LINE_MAX + 1)
    if not line:
        raise Gone
    if len(line) > LINE_MAX or not line.endswith(b"\n"):
        raise Bad("line too long or cut")
    return line.rstrip(b"\r\n").decode("latin-1")


def _exactly(stream, n):
    data = stream.read(n)
    if len(data) < n:
        raise Gone
    return data


def _chunked(stream):
    parts, total = [], 0
    while True:
        n = int(_line(stream).split(";")[0], 16)
        total += n
        if total > BODY_MAX:
            raise Bad("body too long")
        if n == 0:
            while _line(stream):
                pass
            return b"".join(parts)
        parts.append(_exactly(stream, n))
        _line(stream)


def read_request(sock, stream):
    """The next request of a connection; raises Gone when there is none."""
    method, target, version = _line(stream).split(" ")
    if version != "HTTP/1.1":
        raise Bad(version)
    headers = []
    while True:
        line = _line(stream)
        if not line:
            break
        name, colon, value = line.partition(":")
        if not colon or len(headers) == HEADERS_MAX:
            raise Bad("header")
        headers.append((name.lower(), value.strip()))
    fields = dict(headers)
    if fields.get("expect", "").lower() == "100-continue":
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if fields.get("transfer-encoding", "").lower() == "chunked":
        body = _chunked(stream)
    else:
        n = int(fields.get("content-length", "0"))
        if n > BODY_MAX:
            raise Bad("body too long")
        body = _exactly(stream, n) if n else b""
    return Request(method, target, headers, body, sock)


def reset(sock):
    """Closes with RST, so that the peer sees a broken connection."""
    sock.setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    raise Gone


def _head(request, response, now):
    reason = REASONS.get(response.status, "Status")
    lines = ["HTTP/1.1 %d %s" % (response.status, reason)]
    names = {name.lower() for name, _ in response.headers}
    if "date" not in names:
        lines.append("Date: " + email.utils.formatdate(now, usegmt=True))
    if response.status not in (204, 304) and "content-length" not in names:
        lines.append("Content-Length: %d" % len(response.body))
    lines += ["%s: %s" % pair for pair in response.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _send_piece(sock, response, end, fault, stopping):
    step = fault.drip[0] if fault and fault.drip else PIECE
    while response.sent < end:
        n = min(step, end - response.sent)
        view = memoryview(response.body)
        sock.sendall(view[response.sent:response.sent + n])
        response.sent += n
        if fault and fault.drip and stopping.wait(fault.drip[1]):
            raise Gone


def _flood(sock, stopping):
    """A head that never ends, for as long as the peer reads it."""
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    lines = b"".join(b"X-Flood-%d: %s\r\n" % (n, b"x" * 1000)
                     for n in range(64))
    while not stopping.is_set():
        sock.sendall(lines)
    raise Gone


def send_response(sock, request, response, fault, stopping, now):
    """Sends it as the fault (or None) wants it; raises Gone if the connection
    is not to be used any more."""
    if fault and fault.flood:
        _flood(sock, stopping)
    head = _head(request, response, now)
    body = response.body
    if request.method == "HEAD" or response.status in (204, 304):
        body = response.body = b""
    end = len(body)
    if fault and fault.cut is not None:
        end = min(end, fault.cut)
    plain = end == len(body) and not response.gate
    if plain and not (fault and fault.drip) and len(body) < PIECE:
        sock.sendall(head + body)
        response.sent = len(body)
    else:
        sock.sendall(head)
        if response.gate:
            _send_piece(sock, response, min(end, response.gate.limit(end)),
                        fault, stopping)
            if not response.gate.wait(stopping):
                raise Gone
        _send_piece(sock, response, end, fault, stopping)
    if fault and fault.stall:
        fault.stall.wait(stopping)
        raise Gone
    if fault and fault.reset:
        reset(sock)
    if end < len(body) or (fault and fault.close):
        raise Gone
