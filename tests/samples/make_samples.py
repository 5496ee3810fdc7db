#!/usr/bin/env python3
"""CloudTrail-like log files of the project's own making.

The same seed makes the same bytes. What JSON allows and programs get wrong is
in them on purpose: numbers that no double holds, 1.0E+2, escapes that need not
be, nulls, empty containers, names and texts in many scripts, braces and
brackets inside strings.
"""

import argparse
import gzip
import json
import os
import random
import re
import string

ACCOUNTS = ("111122223333", "444455556666")
REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2")
AGENTS = (
    "aws-cli/2.15.0 Python/3.11.6 Linux/6.1", "console.amazonaws.com",
    "Boto3/1.34.0 md/Botocore#1.34.0 ua/2.0", "AWS Internal",
    '[S3Console/0.4, aws-internal/3 "quoted" \\back]')
TEXTS = ("plain", "Grüße aus Köln", "日本語のタグ", "emoji 🚀 family 👩‍👩‍👧", "tab\there",
         "line\nbreak", "a\\b/c", '{"not":"an event"}', "]}, {", "\x7f\u2028",
         "", "Привет", "مرحبا")


RAW = re.compile(r'"@raw:([^@]*)@"')


def raw(digits):
    """A number that is written with the digits it is given."""
    return "@raw:%s@" % digits


def hexes(rng, n):
    return "".join(rng.choice("0123456789abcdef") for _ in range(n))


def unique_id(rng):
    return "-".join(hexes(rng, n) for n in (8, 4, 4, 4, 12))


def identity(rng, account):
    kind = rng.choice(("IAMUser", "AssumedRole", "AWSService", "Root"))
    if kind == "AWSService":
        return {"type": kind, "invokedBy": "cloudtrail.amazonaws.com"}
    base = {"type": kind, "principalId": "AIDA" + hexes(rng, 16).upper(),
            "arn": "arn:aws:iam::%s:user/%s" % (account, rng.choice(
                ("alice", "björn", "svc+deploy@example.com"))),
            "accountId": account,
            "accessKeyId": "ASIA" + hexes(rng, 16).upper()}
    if kind == "AssumedRole":
        base["sessionContext"] = {
            "sessionIssuer": {"type": "Role", "userName": "deploy",
                              "accountId": account},
            "webIdFederationData": {},
            "attributes": {"creationDate": "2026-11-22T11:55:00Z",
                           "mfaAuthenticated": "false"}}
    return base


def s3_get(rng):
    key = "data/%s/part %d+%s.parquet" % (
        rng.choice(TEXTS), rng.randrange(100), hexes(rng, 6))
    return ("s3.amazonaws.com", "GetObject", {
        "bucketName": "analytics", "Host": "analytics.s3.amazonaws.com",
        "key": key}, None, {
        "bytesTransferredOut": raw("%d.0" % rng.randrange(10 ** 6)),
        "bytesTransferredIn": raw("1.0E+2"), "x-amz-id-2": hexes(rng, 40)})


def ec2_run(rng):
    return ("ec2.amazonaws.com", "RunInstances", {
        "instancesSet": {"items": [
            {"imageId": "ami-" + hexes(rng, 17), "minCount": 1,
             "maxCount": rng.randrange(1, 9)}]},
        "blockDeviceMapping": {}, "monitoring": {"enabled": False},
        "tagSpecificationSet": {"items": [{"tags": [
            {"key": "Name", "value": rng.choice(TEXTS)}
            for _ in range(rng.randrange(4))]}]}}, {
        "instancesSet": {"items": [
            {"instanceId": "i-" + hexes(rng, 17), "launchTime": 1795348800000,
             "stateReason": None, "ebsOptimized": True}]}}, None)


def kms_decrypt(rng):
    return ("kms.amazonaws.com", "Decrypt", {
        "encryptionContext": {"aws:s3:arn": "arn:aws:s3:::analytics"},
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT"}, None, None)


def dynamo_put(rng):
    return ("dynamodb.amazonaws.com", "UpdateItem", {
        "tableName": "orders", "key": {"id": {"N": raw(
            "12345678901234567890")}},
        "ratio": raw("-0.0"), "small": raw("6.02e-23"),
        "nested": [[], {}, [{"deep": [[[{"er": None}]]]}]]},
        {"": "an empty name", "count": 0}, None)


def sts_assume(rng):
    return ("sts.amazonaws.com", "AssumeRole", {
        "roleArn": "arn:aws:iam::111122223333:role/x",
        "policy": json.dumps({"Statement": [{"Effect": "Allow"}]})},
        {"credentials": {"expiration": "Nov 22, 2026, 12:00:00 PM"}}, None)


CALLS = (s3_get, ec2_run, kms_decrypt, dynamo_put, sts_assume)


def event(rng, account, region):
    source, name, request, response, extra = rng.choice(CALLS)(rng)
    made = {
        "eventVersion": "1.11", "userIdentity": identity(rng, account),
        "eventTime": "2026-11-22T12:%02d:%02dZ" % (
            rng.randrange(60), rng.randrange(60)),
        "eventSource": source, "eventName": name, "awsRegion": region,
        "sourceIPAddress": "192.0.2.%d" % rng.randrange(256),
        "userAgent": rng.choice(AGENTS), "requestParameters": request,
        "responseElements": response}
    if extra:
        made["additionalEventData"] = extra
    if rng.random() < 0.1:
        made["errorCode"] = "AccessDenied"
        made["errorMessage"] = "not authorized: " + rng.choice(TEXTS)
    made.update({
        "requestID": unique_id(rng), "eventID": unique_id(rng),
        "readOnly": rng.random() < 0.7, "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": account,
        "eventCategory": "Management"})
    return made


def encode(rng, made):
    """One event, compact; some write what they could leave as it is in
    escapes, or the solidus with a backslash."""
    text = json.dumps(made, ensure_ascii=rng.random() < 0.3,
                      separators=(",", ":"))
    text = RAW.sub(r"\1", text)
    if rng.random() < 0.1:
        text = text.replace("/", "\\/")
    return text


def log_file(rng, count, account=ACCOUNTS[0], region=REGIONS[0]):
    """(the text of a file, the bytes of its events)"""
    events = [encode(rng, event(rng, account, region)) for _ in range(count)]
    text = '{"Records":[%s]}' % ",".join(events)
    return text.encode(), [e.encode() for e in events]


def pretty_file(rng, count):
    """Indented, with CRLF here and there: line breaks between tokens go, all
    other bytes stay."""
    parts, events = [], []
    for number in range(count):
        text = json.dumps(event(rng, ACCOUNTS[0], REGIONS[0]), indent=2,
                          ensure_ascii=False)
        text = RAW.sub(r"\1", text)
        text = text.replace("\n", "\r\n" if number % 2 else "\n")
        parts.append(text.encode())
        events.append(parts[-1].replace(b"\r", b"").replace(b"\n", b""))
    return b'{\n  "Records" : [\n' + b",\n".join(parts) + b"\n]\n}\n", events


def key_of(rng, account=ACCOUNTS[0], region=REGIONS[0]):
    unique = "".join(rng.choice(string.ascii_letters + string.digits)
                     for _ in range(16))
    return ("AWSLogs/%s/CloudTrail/%s/2026/11/22/"
            "%s_CloudTrail_%s_20261122T12%02dZ_%s.json.gz" % (
                account, region, account, region, rng.randrange(60), unique))


def pack(text, level=6):
    return gzip.compress(text, level, mtime=0)


def samples(seed=1, files=24):
    """(key, gzip bytes, events) of each file of a mixed lot: mostly small, as
    in real life, one large, one pretty-printed, one empty."""
    rng = random.Random(seed)
    for number in range(files):
        account = rng.choice(ACCOUNTS)
        region = rng.choice(REGIONS)
        key = key_of(rng, account, region)
        if number == 3:
            text, events = pretty_file(rng, 12)
        elif number == 5:
            text, events = log_file(rng, 2000, account, region)
        elif number == 7:
            text, events = log_file(rng, 0, account, region)
        else:
            count = min(300, 1 + int(rng.paretovariate(0.8)))
            text, events = log_file(rng, count, account, region)
        yield key, pack(text), events


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("directory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", type=int, default=24)
    args = parser.parse_args()
    total = 0
    for key, data, events in samples(args.seed, args.files):
        path = os.path.join(args.directory, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        total += len(events)
    print("%d files, %d events under %s" % (
        args.files, total, args.directory))


if __name__ == "__main__":
    main()
