"""Requests signed by botocore, which shares no code with the daemon or the
stand-in."""

import http.client
import json
import urllib.parse

import boto3
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials


def s3_client(standin, url=None, **options):
    return boto3.client(
        "s3", endpoint_url=url or standin.url, region_name=standin.REGION,
        aws_access_key_id=standin.KEY_ID,
        aws_secret_access_key=standin.secret,
        aws_session_token=standin.session,
        config=Config(retries={"max_attempts": 0},
                      s3={"addressing_style": "path"}, **options))


def send(url, method="POST", path="/", headers=None, body=b"", sign=None):
    """One request on a connection of its own: (status, headers, body).
    sign: (service, region, Credentials)."""
    split = urllib.parse.urlsplit(url)
    request = AWSRequest(method, url + path, dict(headers or {}), body)
    if sign:
        service, region, credentials = sign
        signer = S3SigV4Auth if service == "s3" else SigV4Auth
        signer(credentials, service, region).add_auth(request)
    connection = http.client.HTTPConnection(split.hostname, split.port,
                                            timeout=30)
    try:
        connection.request(method, path, body, dict(request.headers.items()))
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read()
    finally:
        connection.close()


class Sqs:
    """The JSON protocol, which Debian's boto3 does not speak yet."""

    def __init__(self, url, queue_url, key_id, secret, token=None,
                 region="us-east-1"):
        self.url = url
        self.queue_url = queue_url
        self.sign = ("sqs", region, Credentials(key_id, secret, token))

    def call(self, name, **fields):
        """(status, JSON body, headers)"""
        body = json.dumps({"QueueUrl": self.queue_url, **fields}).encode()
        status, headers, reply = send(self.url, headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS." + name}, body=body, sign=self.sign)
        return status, json.loads(reply or b"{}"), headers

    def ok(self, name, **fields):
        status, body, _ = self.call(name, **fields)
        assert status == 200, body
        return body

    @classmethod
    def of(cls, standin):
        return cls(standin.url, standin.queue.url, standin.KEY_ID,
                   standin.secret, standin.session)
