"""Kinds of log files: what is in them, how they are announced, and what S3 and
Dassana say to them. A kind that is not honest has something wrong with it."""

import dataclasses
import functools
import gzip
import struct
import typing
import zlib

from standin import Fault, answers, shapes

EVENT = b'{"n":%d,"k":"%s","pad":"%s"}'
ELSEWHERE = "eu-nowhere-9"  # a region that cannot be reached
SSE_C = ("The object was stored using a form of Server Side Encryption. The "
         "correct parameters must be provided to retrieve the object.")


def records(kind, first, count, size):
    """A log file of numbered events, each of about so many bytes."""
    pad = max(0, size - len(EVENT % (first, kind.encode(), b"")))
    filler = (b"%x" % (first * 2654435761 + 1) * (pad // 8 + 1))[:pad]
    return gzip.compress(b'{"Records":[' + b",".join(
        EVENT % (n, kind.encode(), filler)
        for n in range(first, first + count)) + b"]}", 1)


class Gzip:
    """A gzip member of pieces; the same piece is deflated only once."""

    def __init__(self):
        self.deflated = {}
        self.data = [b"\x1f\x8b\x08\0\0\0\0\0\0\3"]
        self.crc = self.length = 0

    def add(self, piece, keep=False):
        done = self.deflated.get(piece)
        if done is None:
            out = zlib.compressobj(9, zlib.DEFLATED, -15)
            done = out.compress(piece) + out.flush(zlib.Z_FULL_FLUSH)
            if keep:
                self.deflated[piece] = done
        self.data.append(done)
        self.crc = zlib.crc32(piece, self.crc)
        self.length += len(piece)

    def end(self):
        return b"".join([*self.data, b"\3\0", struct.pack(
            "<II", self.crc, self.length % 2 ** 32)])


@functools.lru_cache(1)
def bomb(_kind, _first, _count, _size):
    """1 MB that inflates to 1 GB of line breaks within one record."""
    out, piece = Gzip(), b"\n" * 2 ** 20
    out.add(b'{"Records":[{"n":0')
    for _ in range(1024):
        out.add(piece, keep=True)
    out.add(b"}]}")
    return out.end()


def large(kind, first, count, size):
    """As records(), but soon made however long they are."""
    out, filler = Gzip(), b"x" * size
    out.add(b'{"Records":[')
    for n in range(first, first + count):
        out.add(b",{" [n == first:] + (EVENT % (n, kind.encode(), b""))[1:-2])
        out.add(filler, keep=True)
        out.add(b'"}')
    out.add(b"]}")
    return out.end()


def announce(bucket, keys):
    return [shapes.s3_event(bucket, *keys)]


def announce_short(bucket, keys):
    return [shapes.cloudtrail(bucket, *keys)]


def announce_from(region):
    """One more announcement of the same, before, from a region that is not
    the bucket's."""
    return lambda bucket, keys: [
        shapes.s3_event(bucket, *keys, region=region), *announce(bucket, keys)]


@dataclasses.dataclass(frozen=True)
class Kind:
    """get: what S3 does to its GETs. answer: what Dassana says to a POST with
    one of its events. there: whether there are such objects at all."""

    honest: bool = False
    get: typing.Optional[Fault] = None
    where: typing.Optional[typing.Callable] = None  # of the GET
    answer: typing.Optional[answers.Answer] = None
    make: typing.Callable = records
    announce: typing.Callable = announce
    key: str = "AWSLogs/%s/%x/%x_CloudTrail_.json.gz"
    bucket: str = ""
    there: bool = True


def unread(status, code, message="", **more):
    return Kind(get=Fault(status=status, code=code, message=message),
                there=False, **more)


KINDS = {
    "honest": Kind(honest=True),
    "relayed": Kind(honest=True, announce=announce_from("eu-west-1")),
    "unreachable": Kind(
        honest=True, announce=announce_from(ELSEWHERE), get=Fault(drop=True),
        where=lambda request: "/%s/" % ELSEWHERE in request.header(
            "authorization", "")),
    # What Dassana does not take.
    "refused": Kind(answer=answers.refusal()),
    "late": Kind(answer=answers.refusal(delay_s=3)),
    "firewall": Kind(answer=answers.refusal(403, "forbidden")),
    "redirect": Kind(answer=answers.redirect()),
    "zero": Kind(answer=answers.count_zero()),
    "error": Kind(answer=answers.told({"errorMessage": "Task timed out"})),
    # What S3 does not give.
    "forbidden": unread(403, "AccessDenied", "Access Denied"),
    "wide": unread(403, "AccessDenied", "Access Denied", key="%.1s%x/%x",
                   announce=announce_short),
    "sse-c": unread(400, "InvalidRequest", SSE_C),
    "s3-500": unread(500, "InternalError"),
    "no-bucket": unread(404, "NoSuchBucket", bucket="gone-away"),
    "kms": unread(400, "KMS.DisabledException", "The key is disabled."),
    "other-bucket": unread(403, "AccessDenied", "Access Denied",
                           bucket="other-logs"),
    "no-name": Kind(bucket="Not_A..Bucket", there=False),
    # What takes long.
    "bomb": Kind(make=bomb),
    "slow": Kind(get=Fault(drip=(1, 1.0))),
    "large": Kind(make=large),
}
