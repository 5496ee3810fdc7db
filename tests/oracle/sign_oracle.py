#!/usr/bin/python3
"""Compares trailpost's signer with botocore's on random requests.

    sign_oracle.py DRIVER [--seed N] [--count N]

DRIVER is the program made of sign_driver.c. For each request the canonical
request, the string to sign, the signature and the Authorization header have to
be the same, byte by byte. Exits with 1 if one is not.
"""

import argparse
import datetime
import hashlib
import json
import random
import subprocess
import sys
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LETTERS = "abcXYZ0189-._~"
AWKWARD = " +%/&=?#:;@,!*'()[]{}|\\^`\"<>$\t\x01\x7f"
WIDE = "\u00e9\u00fc\u0301\u2713\u65e5\u672c\U0001f600\u200b\u00a0"
REGIONS = ["us-east-1", "eu-west-3", "cn-north-1", "us-gov-west-1",
           "ap-southeast-4", "garage"]


def stamp(wall_s):
    return datetime.datetime.fromtimestamp(
        wall_s, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def text(rng, low, high, alphabet=LETTERS + AWKWARD + WIDE):
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


def object_key(rng):
    parts = [rng.choice(["..", ".", "", text(rng, 1, 12), "AWSLogs",
                         text(rng, 1, 30)])
             for _ in range(rng.randint(1, 7))]
    return "/".join(parts) or "k"


def host_of(rng, service, region):
    return rng.choice([
        f"{service}.{region}.amazonaws.com",
        f"bucket-{rng.randint(0, 99)}.{service}.{region}.amazonaws.com.cn",
        "localhost:4566", "127.0.0.1:9000", "minio.example"])


def s3_request(rng, region):
    path = "/" + quote(object_key(rng).encode(), safe="/~")
    query = ""
    headers = {}
    if rng.random() < 0.4:
        query = "versionId=" + quote(text(rng, 1, 20), safe="~")
    elif rng.random() < 0.3:
        values = {"list-type": "2", "prefix": text(rng, 0, 20),
                  "start-after": object_key(rng)}
        query = "&".join(f"{k}={quote(v.encode(), safe='~')}"
                         for k, v in values.items())
    elif rng.random() < 0.2:
        query = "location"
    if rng.random() < 0.4:
        headers["range"] = f"bytes={rng.randint(0, 10 ** 12)}-"
        headers["if-match"] = '"' + text(rng, 1, 32, "0123456789abcdef-") + '"'
    if rng.random() < 0.2:
        headers["x-amz-meta"] = "  blanks   in  a row "
    return "GET", path, query, headers, b""


def sqs_request(rng, region):
    body = {"QueueUrl": f"https://sqs.{region}.amazonaws.com/1/" +
            text(rng, 1, 30),
            "Entries": [{"Id": str(i), "ReceiptHandle": text(rng, 1, 200)}
                        for i in range(rng.randint(0, 10))]}
    headers = {"content-type": "application/x-amz-json-1.0",
               "x-amz-target": "AmazonSQS." + text(rng, 1, 20, LETTERS),
               "x-amzn-query-mode": "true"}
    return "POST", "/", "", headers, json.dumps(
        body, ensure_ascii=rng.random() < 0.5).encode()


class Case:
    def __init__(self, rng):
        self.service = rng.choice(["s3", "s3", "sqs", "sts"])
        self.region = rng.choice(REGIONS)
        make = s3_request if self.service == "s3" else sqs_request
        self.method, self.path, self.query, self.headers, self.body = \
            make(rng, self.region)
        self.host = host_of(rng, self.service, self.region)
        self.key_id = "AKIA" + text(rng, 4, 16, "ABCDEFGH0123")
        # Few secrets and few days, so that the cache of keys has hits.
        self.secret = rng.choice(["wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                  "s", text(random.Random(7), 40, 40,
                                            LETTERS + "/+")])
        self.token = text(rng, 1, 900, LETTERS + "/+=") \
            if rng.random() < 0.5 else None
        self.wall_s = 1440938160 + rng.randint(0, 3) * 86400 + \
            rng.randint(0, 86399)
        self.hash = hashlib.sha256(self.body).hexdigest()

    def expected(self):
        now = stamp(self.wall_s)
        scheme = "http" if ":" in self.host else "https"
        url = f"{scheme}://{self.host}{self.path}"
        if self.query:
            url += "?" + self.query
        request = AWSRequest(method=self.method, url=url, data=self.body,
                             headers=dict(self.headers))
        request.context["payload_signing_enabled"] = True
        kind = botocore.auth.S3SigV4Auth if self.service == "s3" \
            else botocore.auth.SigV4Auth
        seen = {}

        class Watched(kind):
            def _modify_request_before_signing(self, request):
                # botocore reads the time itself; it gets the request's.
                request.context["timestamp"] = now
                super()._modify_request_before_signing(request)

            def canonical_request(self, request):
                seen["canonical"] = super().canonical_request(request)
                return seen["canonical"]

            def string_to_sign(self, request, canonical):
                seen["string"] = super().string_to_sign(request, canonical)
                return seen["string"]

            def signature(self, string, request):
                seen["signature"] = super().signature(string, request)
                return seen["signature"]

        Watched(Credentials(self.key_id, self.secret, self.token),
                self.service, self.region).add_auth(request)
        return [seen["canonical"], seen["string"], seen["signature"],
                request.headers["Authorization"]]

    def record(self, rng):
        headers = dict(self.headers)
        headers["host"] = self.host
        headers["x-amz-date"] = stamp(self.wall_s)
        if self.token:
            headers["x-amz-security-token"] = self.token
        if self.service == "s3":
            headers["x-amz-content-sha256"] = self.hash
        pairs = list(headers.items())
        rng.shuffle(pairs)
        fields = [self.method, self.path, self.query, self.hash, self.region,
                  self.service, self.key_id, self.secret, str(self.wall_s),
                  str(len(pairs))]
        for pair in pairs:
            fields += pair
        return b"".join(b"%d\n%s" % (len(f.encode()), f.encode())
                        for f in fields)


def read_string(stream):
    line = stream.readline()
    if not line:
        raise EOFError("the driver has ended")
    return stream.read(int(line)).decode()


def run(driver, seed, count):
    rng = random.Random(seed)
    names = ["canonical request", "string to sign", "signature",
             "authorization"]
    passed = failed = 0
    process = subprocess.Popen([driver], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    for i in range(count):
        case = Case(rng)
        process.stdin.write(case.record(rng))
        process.stdin.flush()
        got = [read_string(process.stdout) for _ in names]
        wrong = [(n, w, g) for n, w, g in zip(names, case.expected(), got)
                 if w != g]
        if wrong:
            failed += 1
            name, want, have = wrong[0]
            print(f"request {i}: {name} differs\n--- botocore\n{want}\n"
                  f"--- trailpost\n{have}")
        else:
            passed += 1
    process.stdin.close()
    if process.wait() != 0:
        print("the driver has failed")
        failed += 1
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(2 ** 32))
    parser.add_argument("--count", type=int, default=500)
    args = parser.parse_args()
    print(f"seed {args.seed}")
    passed, failed = run(args.driver, args.seed, args.count)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or passed == 0 else 0)


if __name__ == "__main__":
    main()
