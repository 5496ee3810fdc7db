"""Checks AWS Signature Version 4 the way the services do.

(IAM User Guide, "Create a signed AWS API request"; S3 API Reference,
"Authenticating Requests".) Written apart from the daemon's signer, so that a
shared mistake is unlikely.
"""

import calendar
import hashlib
import hmac
import re
import time
import urllib.parse

from .clock import Clock

SKEW_MAX_S = 15 * 60
ALGORITHM = "AWS4-HMAC-SHA256"
FORM = re.compile(
    ALGORITHM + r" Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")


class Denied(Exception):
    """A request that is not let in. code is this module's own; each service
    has its own name for it."""

    def __init__(self, code, message, **extra):
        super().__init__(message)
        self.code = code
        self.message = message
        self.extra = extra


def _quote(data, safe=""):
    return urllib.parse.quote(data, safe="-._~" + safe)


def canonical_query(query):
    pairs = []
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        pairs.append(tuple(_quote(urllib.parse.unquote_to_bytes(x))
                           for x in (name, value)))
    return "&".join("%s=%s" % pair for pair in sorted(pairs))


def canonical_uri(path, service):
    if service == "s3":
        return _quote(urllib.parse.unquote_to_bytes(path), "/")
    return _quote(path, "/")


def canonical_request(request, service, signed, payload_hash):
    lines = []
    for name in signed:
        values = [" ".join(v.split()) for n, v in request.headers if n == name]
        lines.append("%s:%s\n" % (name, ",".join(values)))
    return "\n".join([
        request.method, canonical_uri(request.path or "/", service),
        canonical_query(request.query), "".join(lines), ";".join(signed),
        payload_hash])


def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


class Verifier:
    """keys: access key id → (secret, session token or None)."""

    def __init__(self, region, clock=None):
        self.region = region
        self.clock = clock or Clock()
        self.keys = {}
        self.expired_tokens = set()
        self.clock_offset_s = 0  # the services' clock, against ours

    def now(self):
        return self.clock.time() + self.clock_offset_s

    def check(self, request, service):
        """Raises Denied."""
        header = request.header("authorization")
        if header is None:
            raise Denied("Missing", "Missing Authentication Token")
        match = FORM.fullmatch(header)
        if match is None:
            raise Denied("Malformed", "The authorization header is malformed")
        key_id, date, region, scope_service, signed, signature = match.groups()
        signed = signed.split(";")
        secret = self._secret(request, key_id)
        self._scope(date, region, scope_service, service, request)
        self._signed_all(request, signed)
        payload_hash = self._payload(request, service)
        text = canonical_request(request, service, signed, payload_hash)
        scope = "%s/%s/%s/aws4_request" % (date, region, service)
        to_sign = "\n".join([
            ALGORITHM, request.header("x-amz-date"), scope,
            hashlib.sha256(text.encode("latin-1")).hexdigest()])
        key = signing_key(secret, date, region, service)
        wanted = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(wanted, signature):
            raise Denied(
                "Signature", "The request signature we calculated does not "
                "match the signature you provided. Check your key and signing "
                "method.", CanonicalRequest=text, StringToSign=to_sign,
                AWSAccessKeyId=key_id)

    def _secret(self, request, key_id):
        if key_id not in self.keys:
            raise Denied("KeyId", "The AWS Access Key Id you provided does "
                         "not exist in our records.", AWSAccessKeyId=key_id)
        secret, token = self.keys[key_id]
        given = request.header("x-amz-security-token")
        if given is not None and given in self.expired_tokens:
            raise Denied("Expired", "The provided token has expired.")
        if given != token:
            raise Denied("Token", "The provided token is malformed or "
                         "otherwise invalid.")
        return secret

    def _scope(self, date, region, scope_service, service, request):
        stamp = request.header("x-amz-date", "")
        try:
            then = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
        except ValueError:
            raise Denied("Malformed", "x-amz-date is missing or malformed")
        if stamp[:8] != date or scope_service != service:
            raise Denied("Malformed", "Credential should be scoped to the "
                         "date and the service of the request")
        if region != self.region:
            raise Denied(
                "Region", "The authorization header is malformed; the region "
                "'%s' is wrong; expecting '%s'" % (region, self.region),
                Region=self.region)
        now = self.now()
        if abs(now - then) > SKEW_MAX_S:
            server = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
            raise Denied(
                "Skew", "The difference between the request time and the "
                "current time is too large.", RequestTime=stamp,
                ServerTime=server, late=then < now,
                MaxAllowedSkewMilliseconds=str(SKEW_MAX_S * 1000))

    @staticmethod
    def _signed_all(request, signed):
        missing = [n for n, _ in request.headers if n not in signed and (
            n in ("host", "content-type") or n.startswith("x-amz-"))]
        if missing or "host" not in signed or signed != sorted(signed):
            raise Denied("NotSigned", "There were headers present in the "
                         "request which were not signed",
                         HeadersNotSigned=", ".join(missing))

    @staticmethod
    def _payload(request, service):
        actual = hashlib.sha256(request.body).hexdigest()
        given = request.header("x-amz-content-sha256")
        if service != "s3":
            return actual
        if given is None:
            raise Denied("NoHash", "Missing required header for this request: "
                         "x-amz-content-sha256")
        if given == "UNSIGNED-PAYLOAD" or given == actual:
            return given
        raise Denied("Hash", "The provided 'x-amz-content-sha256' header does "
                     "not match what was computed.")
