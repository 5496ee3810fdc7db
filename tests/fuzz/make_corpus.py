#!/usr/bin/env python3
"""Writes the inputs that fuzzing starts from: valid samples of everything, and
some that are wrong in a known way. The first bytes of each steer the target
(see there). Run it again after a change here, and commit what it writes; inputs
that once crashed a target are kept beside them as crash-*.
"""

import glob
import json
import os
import random
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "samples"))

import make_samples  # noqa: E402

KEY = ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/"
       "111122223333_CloudTrail_us-east-1_20261122T1200Z_a b+c=é.json.gz")


def record(name="ObjectCreated:Put", **more):
    return {"eventVersion": "2.1", "eventSource": "aws:s3",
            "awsRegion": "us-east-1", "eventTime": "2026-11-22T12:00:00.000Z",
            "eventName": name, "s3": {
                "bucket": {"name": "logs", "arn": "arn:aws:s3:::logs"},
                "object": {"key": urllib.parse.quote_plus(KEY), "size": 1234,
                           "eTag": "0123456789abcdef", "versionId": "v1",
                           "sequencer": "0A1B"}}, **more}


def notifications():
    s3 = {"Records": [record(), record()]}
    yield s3
    yield {"Records": [record("ObjectRemoved:Delete")]}
    yield {"Records": []}
    yield {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"}
    bridge = {"version": "0", "detail-type": "Object Created",
              "source": "aws.s3", "region": "eu-west-1",
              "time": "2026-11-22T12:00:00Z", "detail": {
                  "bucket": {"name": "logs"}, "object": {
                      "key": KEY, "size": 7, "etag": "e", "version-id": "v"}}}
    yield bridge
    yield {**bridge, "detail-type": "Object Deleted"}
    trail = {"s3Bucket": "logs", "s3ObjectKey": [KEY, "b.json.gz"]}
    yield trail
    yield {"s3Bucket": "logs", "s3ObjectKey": KEY}
    for inner in (s3, bridge, trail, "CloudTrail validation message."):
        yield {"Type": "Notification", "MessageId": "m", "TopicArn": "arn:x",
               "Message": inner if isinstance(inner, str)
               else json.dumps(inner)}
    yield {"Type": "SubscriptionConfirmation", "Token": "x",
           "Message": "You have chosen to subscribe"}
    yield {"messageType": "ConfigurationItemChangeNotification",
           "configurationItem": {}}


def notify():
    for made in notifications():
        yield json.dumps(made, ensure_ascii=False).encode()
    yield b"CloudTrail validation message."


def decode():
    """how it is cut, how it is packed, where two members meet"""
    rng = random.Random(1)
    text, _ = make_samples.log_file(rng, 2)
    pretty, _ = make_samples.pretty_file(rng, 1)
    yield b"\x00\x00\x00" + text
    yield b"\x02\x00\x00" + pretty
    yield b"\x03\x00\x00" + make_samples.pack(text, 9)
    yield b"\x01\x00\x00" + make_samples.pack(text)[:-3]
    yield b"\x01\x01\x00" + text[:900] + text[-900:]
    yield b"\x05\x02\x80" + b'{"Records":[{"a":{}},{"b":[1,"}"]}]}'
    yield b"\x06\x01\x00" + b'{"a":[{}],"Records":[{}]}[{"x":null}]\n'
    yield b"\x07\x02\x40" + b'[{"k":"\\u00e9\xc3\xa9\\ud83d"}]'
    # Almost, and just, longer than a record may be.
    for n in (69990, 70010):
        long = b'{"Records":[{"a":"' + b"x" * n + b'"}]}'
        yield b"\x02\x00\x00" + make_samples.pack(long, 9)
    yield b"\x02\x00\x00" + make_samples.pack(b"[" * 600, 9)
    two = make_samples.pack(b'{"Records":[{"a"') + make_samples.pack(b":1}]}")
    yield b"\x01\x00\x00" + two
    yield b"\x01\x00\x00" + two + b"trailing"


def json_texts():
    for body in (b'{"a":[1,-2.5e3,true,false,null,"\\u00e9\\n"],"a":"12"}',
                 b'[[[[]]],{"":{"x":"\xc3\xa9"}},18446744073709551615]',
                 b"[" * 70, b'"\\ud83d\\ude00\\ud83d"', b'{"a":1', b"nul",
                 b'{"docCount":"7"} '):
        yield b"\x01" + body
        yield b"\x09" + body


def xml():
    s3 = (b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code>'
          b"<Message>Access &amp; more &#233;</Message><Region>eu-west-1"
          b"</Region><RequestId>R1</RequestId><HostId>h</HostId></Error>")
    for status, code in ((404, b"NoSuchKey"), (403, b"AccessDenied"),
                         (400, b"AuthorizationHeaderMalformed"),
                         (301, b"PermanentRedirect"), (503, b"SlowDown"),
                         (400, b"KMS.DisabledException")):
        yield (bytes((9, (status - 200) // 2)) +
               b"x-amz-request-id: R1\r\nx-amz-bucket-region: eu-west-1\r\n"
               b"\n\n" + s3 % code)
    yield (b"\x01\x66\n\n<ErrorResponse xmlns='http://x/'><Error><Type>Sender"
           b"</Type><Code>Throttling</Code></Error><RequestId>q</RequestId>"
           b"</ErrorResponse>")
    yield b'\x01\x66\n\n<!DOCTYPE a [<!ENTITY b "c">]><Error>&b;</Error>'
    yield (b"\x01\x64x-amzn-RequestId: r\r\nx-amzn-query-error: "
           b"AWS.SimpleQueueService.NonExistentQueue;Sender\r\n\n\n"
           b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}')
    yield b"\x01\x00\n\n"
    yield b"\x01\x90\n\n<html><body>busy</body></html>"


def sqs():
    """the kind of call, the status"""
    message = {"MessageId": "m1", "ReceiptHandle": "AQEB==", "MD5OfBody": "?",
               "Body": '{"Records":[]}', "Attributes": {
                   "ApproximateReceiveCount": "3",
                   "SentTimestamp": "1795348800000"}}
    entry = {"Id": "1", "SenderFault": True, "Code": "ReceiptHandleIsInvalid",
             "Message": "The handle is not valid."}
    head = b"x-amzn-RequestId: r\r\n\n\n"
    for body in ({}, {"Messages": [message]}, {"Messages": [message] * 3},
                 {"Messages": [message] * 11}, {"Messages": None},
                 {"Messages": [{"MessageId": "m"}]}):
        yield b"\x00\x00" + head + json.dumps(body).encode()
    for kind in (b"\x01", b"\x02"):
        for body in ({"Successful": [{"Id": "0"}, {"Id": "1"}]},
                     {"Successful": [{"Id": "0"}], "Failed": [entry]},
                     {"Failed": [entry, {"Id": "7"}]}, {}):
            yield kind + b"\x00" + head + json.dumps(body).encode()
    fault = {"__type": "com.amazonaws.sqs#ReceiptHandleIsInvalid",
             "message": "no"}
    for status in range(1, 8):
        yield bytes((status % 3, status)) + head + json.dumps(fault).encode()


def dassana():
    """flags, the status, a fault"""
    bodies = (b'{"docCount":10}', b'{"docCount":0}', b'{"docCount":"9"}',
              b"{}", b"<html>", b"", b'{"msg":"token_validation_error"}',
              b'{"echo":"x-dassana-token: tok-3n"}')
    for body in bodies:
        yield b"\x01\x32\x00\n\n" + body
    for status in (301, 400, 401, 404, 413, 422, 429, 500, 503):
        flags = 1 | (status & 1) << 7
        yield (bytes((flags, (status - 100) // 2, 0)) +
               b"Retry-After: 120\r\n\n\n" + bodies[3])
    yield (b"\x81\xc9\x00Retry-After: Sun, 22 Nov 2026 12:01:00 GMT\r\n\n\n"
           b"busy")
    yield b"\x03\x33\x00\n\n" + bodies[1]
    yield b"\x0d\x32\x09\n\n"


def config():
    with open(os.path.join(os.path.dirname(HERE), "..", "etc",
                           "trailpost.conf"), "rb") as file:
        preset = file.read()
    lines = [line.lstrip(b"#") for line in preset.split(b"\n")
             if line.startswith(b"#") and not line.startswith(b"# ")
             and b" = " in line]
    good = (b"queue_url = https://sqs.us-east-1.amazonaws.com/1/q\n"
            b"dassana_token = secret\n")
    yield good
    yield good + b"\n".join(lines) + b"\n"
    yield good + b"\0region=eu-west-1\0batch_max_bytes = 2MiB"
    yield good + b"gzip_level = 10\nwhat = 1\n[section]\nx\n = 1\n"
    yield good.replace(b"\n", b"\r\n") + b"; comment\n\tkey_include = a b\r\n"
    yield b"a =\n  b = c\n  d = e\n[profile x]\nf=g"


def s3():
    """the size of pieces; of each attempt: the answer, how much of it, the
    end, and how much of each piece is taken"""
    whole, part = bytes((0, 255, 1, 255)), bytes((0, 2, 0, 9))
    for cut in (0, 20, 255):
        yield bytes((cut,)) + whole
        yield bytes((cut,)) + part + bytes(40) + part + bytes(40) + whole
    for answer in range(6):
        yield b"\xff" + part + b"\0" + bytes((answer, 255, 1, 255))
        yield b"\x10" + part + b"\xa0" * 60 + bytes((answer, 2, 0, 0)) * 5
    yield b"\x40" + bytes((5, 0, 0, 0)) * 4


def gzip_recipes():
    """How a text is made (fuzz_gzip.c), for each codec, level and cut."""
    event = b'{"eventName":"GetObject","requestID":"0123456789abcdef"}\n'
    for which in 0, 1, 3, 5, 63:
        for how in 0, 0x11, 0x32:
            yield bytes([which, how, 0, 255, 0]) + event + \
                bytes([255, 255, 20, 220, 255, 3, 200, 90, 7])
    yield b""


def text():
    """which parser"""
    for url in (b"https://sqs.us-east-1.amazonaws.com/111122223333/q.fifo",
                b"https://queue.amazonaws.com/1/q",
                b"http://eu-west-1.queue.amazonaws.com/1/q",
                b"http://127.0.0.1:9324/000000000000/q",
                b"https://[::1]:8443/q", b"HTTP://LocalHost",
                b"https://vpce-1.sqs.us-east-1.vpce.amazonaws.com/1/q",
                b"https://sqs.cn-north-1.amazonaws.com.cn/1/q",
                b"https://user@host/", b"https://host:99999"):
        yield b"\x00" + url
    for name in (b"logs", b"my.logs", b"Upper_Case", b"..", b"a" * 63, b"a/b",
                 b"xn--a", b"-a-"):
        yield b"\x01" + name
    yield b"\x02" + KEY.encode()
    yield b"\x02a+b%2Fc%20%C3%A9%"
    for value in (b"5m", b"16MiB", b"1500ms", b"0s", b"18446744073709551615B",
                  b"yes", b"1 GiB"):
        yield b"\x03" + value
    yield b'\x04HTTP/1.1 200 OK\r\nETag: "a-1" \r\netag:W/"b"\r\n\r\n'
    for value in (b'"0123-4"', b'W/"weak"', b"bytes 5-9/10", b"bytes */10",
                  b"bytes 5-9/*"):
        yield b"\x04" + value
    for value in (b"Sun, 22 Nov 2026 12:00:00 GMT", b"2026-11-22T12:00:00Z",
                  b"20261122T120000Z", b"2026-02-29T24:00:00.123456789Z",
                  b"Sunday, 22-Nov-26 12:00:00 GMT",
                  b"Sun Nov 22 12:00:00 2026"):
        yield b"\x05" + value


def sso():
    """cache or reply"""
    yield b'\x00{"accessToken": "a.b-c", "expiresAt": "2026-11-22T12:00:00Z"}'
    yield (b'\x00{"startUrl": "https://c/", "region": "us-east-1", '
           b'"accessToken": "a", "expiresAt": "2020-06-17T10:02:08UTC", '
           b'"clientId": "i", "clientSecret": "s", "registrationExpiresAt": '
           b'"2026-12-22T12:00:00Z", "refreshToken": "r"}')
    yield b'\x00{"accessToken": 1, "expiresAt": null}'
    yield (b'\x01{"accessToken": "a", "expiresIn": 28800, "refreshToken": "r", '
           b'"tokenType": "Bearer"}')
    yield (b'\x01{"roleCredentials": {"accessKeyId": "A", "secretAccessKey": '
           b'"s", "sessionToken": "t", "expiration": 1795352400000}}')


def events():
    """cut, rule, records"""
    records = (b'{"Records":[{"eventName":"Decrypt","readOnly":true},'
               b'{"a":{"b":[1,{"c":2}],"b":"x"},"a":{}},7,{"n":-1.5e3}]}')
    for rule in (b"eventName=Decrypt,Get* readOnly=true", b"a.b=?,[a-z]*",
                 b'!a "n"!="-1.5e3"', b"a.b.c.d=[!x]", b'a="\\\"\*"',
                 b"a=[", b"n=*1*5*", b"#"):
        yield b"\x02" + rule + b"\x01" + records
        yield b"\x01" + rule + b"\x01" + records


def listing():
    """how it is cut, a page"""
    head = (b'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns='
            b'"http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>')
    key = urllib.parse.quote_plus(KEY, safe="/").encode()
    one = (b"<Contents><Key>" + key + b"</Key><LastModified>2026-11-22T12:00:"
           b"00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size>"
           b"<StorageClass>GLACIER</StorageClass></Contents>")
    folder = b"<CommonPrefixes><Prefix>a+b%2F</Prefix></CommonPrefixes>"
    end = b"</ListBucketResult>"
    more = b"<NextContinuationToken>1ue/=</NextContinuationToken>"
    for body in (one, one * 3 + more, folder * 2, one + folder, b"",
                 b"<Contents><Key>%</Key></Contents>",
                 b"<Contents><Size>x</Size></Contents>"):
        yield b"\x01" + head + body + end
    yield b"\x07" + head + one
    yield b"\x00<html><body>busy</body></html>"


TARGETS = {"notify": notify, "decode": decode, "json": json_texts, "xml": xml,
           "sqs": sqs, "dassana": dassana, "config": config, "text": text,
           "s3": s3, "list": listing, "gzip": gzip_recipes, "sso": sso,
           "events": events}


def main():
    for name, inputs in TARGETS.items():
        folder = os.path.join(HERE, "corpus", name)
        os.makedirs(folder, exist_ok=True)
        for path in glob.glob(os.path.join(folder, "sample-*")):
            os.unlink(path)
        for number, data in enumerate(inputs()):
            with open(os.path.join(folder, "sample-%02d" % number),
                      "wb") as file:
                file.write(data)


if __name__ == "__main__":
    main()
