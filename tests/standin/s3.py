"""S3: objects in memory, GET, HEAD, PUT and listing.

(S3 API Reference: GetObject, HeadObject, PutObject, ListObjectsV2, Error
Responses.)
"""

import bisect
import datetime
import email.utils
import hashlib
import re
import threading
import urllib.parse
import uuid
from xml.sax.saxutils import escape

from .wire import Response

ERROR_STATUS = {
    "NoSuchKey": 404, "NoSuchBucket": 404, "NoSuchVersion": 404,
    "AccessDenied": 403, "InvalidAccessKeyId": 403,
    "SignatureDoesNotMatch": 403, "RequestTimeTooSkewed": 403,
    "ExpiredToken": 400, "InvalidToken": 400, "InvalidRequest": 400,
    "AuthorizationHeaderMalformed": 400, "XAmzContentSHA256Mismatch": 400,
    "PreconditionFailed": 412, "InvalidRange": 416, "MethodNotAllowed": 405,
}
DENIALS = {
    "Missing": "AccessDenied", "Malformed": "AuthorizationHeaderMalformed",
    "KeyId": "InvalidAccessKeyId", "Token": "InvalidToken",
    "Expired": "ExpiredToken", "Region": "AuthorizationHeaderMalformed",
    "Skew": "RequestTimeTooSkewed", "NotSigned": "AccessDenied",
    "NoHash": "InvalidRequest", "Hash": "XAmzContentSHA256Mismatch",
    "Signature": "SignatureDoesNotMatch",
}
HOSTED = re.compile(
    r"(.+?)\.(?:(?:bucket\.vpce-[a-z0-9-]+\.)?s3[.-](?:[a-z0-9.-]+\.)?"
    r"amazonaws\.com(?:\.cn)?|localhost)")


class Object:
    def __init__(self, data, headers):
        self.data = data
        self.headers = headers
        self.etag = '"%s"' % hashlib.md5(data).hexdigest()
        self.version = uuid.uuid4().hex
        self.time = datetime.datetime.now(datetime.timezone.utc)
        self.modified = email.utils.format_datetime(self.time, usegmt=True)
        self.storage_class = "STANDARD"
        self.listed = None  # its element in a listing
        self.gate = None


class Refused(Exception):
    def __init__(self, code, message, **extra):
        super().__init__(message)
        self.code = code
        self.message = message
        self.extra = extra


def locate(request):
    """(bucket, key) by the Host header or the path; the key as bytes would
    have it, decoded once."""
    host = request.header("host", "").lower().partition(":")[0]
    path = request.path[1:]
    match = HOSTED.fullmatch(host)
    if match:
        bucket, key = match.group(1), path
    else:
        bucket, _, key = path.partition("/")
    return bucket, urllib.parse.unquote(key, errors="surrogateescape")


def byte_range(text, size):
    """(first, end) of "bytes=a-b", or None for what is ignored."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", text or "")
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if int(first) >= size:
        raise Refused("InvalidRange", "The requested range is not satisfiable",
                      ActualObjectSize=str(size))
    return int(first), min(int(last) + 1, size) if last else size


def raw(text):
    return text.encode("utf-8", "surrogateescape")


def url(key):
    """As encoding-type=url has it."""
    return urllib.parse.quote_plus(key, safe="/*")


def contents(key, thing):
    if thing.listed is None:
        thing.listed = (
            "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s"
            "</ETag><Size>%d</Size><StorageClass>%s</StorageClass></Contents>"
            % (url(key), thing.time.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
               escape(thing.etag, {'"': "&quot;"}), len(thing.data),
               thing.storage_class))
    return thing.listed


class Service:
    def __init__(self, journal, verifier):
        self.journal = journal
        self.verifier = verifier
        self._lock = threading.Lock()
        self._buckets = {}  # name → key → versions, oldest first
        self._sorted = {}   # name → its keys in order, once listed

    def put(self, bucket, key, data, headers=None):
        if headers is None:
            headers = [("Content-Type", "application/json"),
                       ("Content-Encoding", "gzip")]
        thing = Object(data, headers)
        with self._lock:
            keys = self._buckets.setdefault(bucket, {})
            keys.setdefault(key, []).append(thing)
            self._sorted.pop(bucket, None)
        return thing

    def hold(self, bucket, key, gate):
        """The object is served up to gate's limit until it is opened."""
        self._find(bucket, key, None).gate = gate
        return gate

    def data(self, bucket, key):
        return self._find(bucket, key, None).data

    def delete(self, bucket, key):
        with self._lock:
            del self._buckets[bucket][key]
            self._sorted.pop(bucket, None)

    def _find(self, bucket, key, version):
        with self._lock:
            if bucket not in self._buckets:
                raise Refused("NoSuchBucket", "The specified bucket does not "
                              "exist", BucketName=bucket)
            versions = self._buckets[bucket].get(key)
            if not versions:
                raise Refused("NoSuchKey", "The specified key does not exist.",
                              Key=key)
            if version is None:
                return versions[-1]
            for thing in versions:
                if thing.version == version:
                    return thing
            raise Refused("NoSuchVersion", "The specified version does not "
                          "exist.", Key=key, VersionId=version)

    @staticmethod
    def operation(request):
        if "list-type=2" in request.query.split("&"):
            return "s3.LIST"
        return "s3." + request.method

    @staticmethod
    def error(request, status, code, message, **extra):
        extra.pop("late", None)
        fields = {"Code": code, "Message": message, **extra,
                  "RequestId": request.id, "HostId": request.id[::-1]}
        text = '<?xml version="1.0" encoding="UTF-8"?>\n<Error>%s</Error>' % (
            "".join("<%s>%s</%s>" % (k, escape(str(v)), k)
                    for k, v in fields.items()))
        return Response(
            status, text.encode("utf-8", "surrogateescape"),
            [("Content-Type", "application/xml"), *Service._ids(request)])

    @staticmethod
    def _ids(request):
        return [("x-amz-request-id", request.id),
                ("x-amz-id-2", request.id[::-1])]

    def denied(self, request, denial):
        code = DENIALS[denial.code]
        response = self.error(request, ERROR_STATUS[code], code,
                              denial.message, **denial.extra)
        response.headers.append(
            ("x-amz-bucket-region", self.verifier.region))
        return response

    def handle(self, request):
        bucket, key = locate(request)
        try:
            if self.operation(request) == "s3.LIST":
                key = dict(urllib.parse.parse_qsl(request.query)).get("prefix")
                response = self._list(request, bucket)
            elif request.method == "PUT":
                response = self._put(request, bucket, key)
            elif request.method in ("GET", "HEAD") and not key:
                response = self._bucket(request, bucket)
            elif request.method in ("GET", "HEAD"):
                response = self._get(request, bucket, key)
            else:
                raise Refused("MethodNotAllowed", "not allowed")
        except Refused as refused:
            response = self.error(
                request, ERROR_STATUS[refused.code], refused.code,
                refused.message, **refused.extra)
        self.journal.add(self.operation(request), bucket=bucket, key=key,
                         status=response.status, request_id=request.id,
                         range=request.header("range"))
        return response

    def _keys(self, bucket):
        """Its keys in the order of their bytes."""
        with self._lock:
            if bucket not in self._buckets:
                raise Refused("NoSuchBucket", "The specified bucket does not "
                              "exist", BucketName=bucket)
            if bucket not in self._sorted:
                self._sorted[bucket] = sorted(
                    (raw(k) for k in self._buckets[bucket]))
            return self._sorted[bucket], self._buckets[bucket]

    def prepare(self, bucket):
        """So that a listing takes no longer than it has to."""
        keys, things = self._keys(bucket)
        for key in keys:
            contents(key, things[key.decode("utf-8", "surrogateescape")][-1])

    def _list(self, request, bucket):
        query = dict(urllib.parse.parse_qsl(
            request.query, True, errors="surrogateescape"))
        keys, things = self._keys(bucket)
        prefix = raw(query.get("prefix", ""))
        after = raw(query.get("start-after", ""))
        if "continuation-token" in query:
            after = bytes.fromhex(query["continuation-token"])
        limit = min(int(query.get("max-keys", "1000")), 1000)
        found, last, more = [], after, False
        at = max(bisect.bisect_left(keys, prefix),
                 bisect.bisect_right(keys, after) if after else 0)
        while at < len(keys) and keys[at].startswith(prefix):
            if len(found) == limit:
                more = True
                break
            key = keys[at]
            end = key.find(b"/", len(prefix)) if query.get(
                "delimiter") == "/" else -1
            if end >= 0:  # all behind it are in this folder
                folder = key[:end + 1]
                at = bisect.bisect_left(keys, folder[:-1] + b"0")
                last = keys[at - 1]
                found.append("<CommonPrefixes><Prefix>%s</Prefix>"
                             "</CommonPrefixes>" % url(folder))
                continue
            last, at = key, at + 1
            found.append(contents(key, things[key.decode(
                "utf-8", "surrogateescape")][-1]))
        text = [
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns='
            '"http://s3.amazonaws.com/doc/2006-03-01/"><Name>%s</Name><Prefix>'
            "%s</Prefix><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys>"
            "<EncodingType>url</EncodingType><IsTruncated>%s</IsTruncated>" % (
                escape(bucket), url(prefix), len(found), limit,
                "true" if more else "false"), *found]
        if more:
            text.append("<NextContinuationToken>%s</NextContinuationToken>"
                        % last.hex())
        return Response(
            200, "".join([*text, "</ListBucketResult>"]).encode(),
            [("Content-Type", "application/xml"), *self._ids(request)])

    def _put(self, request, bucket, key):
        headers = [(n, v) for n, v in request.headers
                   if n in ("content-type", "content-encoding")]
        if not key:
            with self._lock:
                self._buckets.setdefault(bucket, {})
            return Response(200, b"", self._ids(request))
        with self._lock:
            known = bucket in self._buckets
        if not known:
            raise Refused("NoSuchBucket", "The specified bucket does not "
                          "exist", BucketName=bucket)
        thing = self.put(bucket, key, request.body, headers)
        return Response(200, b"", [
            ("ETag", thing.etag), ("x-amz-version-id", thing.version),
            *self._ids(request)])

    def _bucket(self, request, bucket):
        with self._lock:
            known = bucket in self._buckets
        if not known or request.method == "GET":
            raise Refused("NoSuchBucket", "The specified bucket does not "
                          "exist", BucketName=bucket)
        return Response(200, b"", [
            ("x-amz-bucket-region", self.verifier.region),
            *self._ids(request)])

    def _get(self, request, bucket, key):
        query = dict(urllib.parse.parse_qsl(request.query))
        thing = self._find(bucket, key, query.get("versionId"))
        headers = [("ETag", thing.etag), ("x-amz-version-id", thing.version),
                   ("Last-Modified", thing.modified),
                   ("Accept-Ranges", "bytes"), *thing.headers,
                   *self._ids(request)]
        wanted = request.header("if-match")
        if wanted not in (None, "*", thing.etag):
            raise Refused("PreconditionFailed", "At least one of the "
                          "pre-conditions you specified did not hold",
                          Condition="If-Match")
        if request.header("if-none-match") == thing.etag:
            return Response(304, b"", headers)
        part = byte_range(request.header("range"), len(thing.data))
        if part is None:
            return self._body(request, 200, thing.data, headers, thing)
        headers.append(("Content-Range", "bytes %d-%d/%d" % (
            part[0], part[1] - 1, len(thing.data))))
        return self._body(request, 206, thing.data[part[0]:part[1]], headers,
                          thing)

    @staticmethod
    def _body(request, status, data, headers, thing):
        if request.method == "HEAD":
            return Response(
                status, b"", [*headers, ("Content-Length", str(len(data)))])
        return Response(status, data, headers, gate=thing.gate)
