"""Bodies of the notifications that reach a queue, in AWS's words.

(S3 User Guide, "Event message structure", "EventBridge event message
structure"; SNS Developer Guide; CloudTrail User Guide.)
"""

import json
import urllib.parse


def s3_record(bucket, key, region="us-east-1", event="ObjectCreated:Put",
              size=1024, **more):
    # As S3 does it: form-encoded, '/' left as it is.
    encoded = urllib.parse.quote_plus(key, safe="/")
    return {
        "eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": region,
        "eventTime": "2026-11-22T12:00:00.000Z", "eventName": event,
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "trail",
            "bucket": {"name": bucket, "arn": "arn:aws:s3:::" + bucket,
                       "ownerIdentity": {"principalId": "A3NL1KOZZKExample"}},
            "object": {"key": encoded, "size": size,
                       "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                       "sequencer": "0055AED6DCD90281E5", **more}}}


def s3_event(bucket, *keys, **options):
    return json.dumps(
        {"Records": [s3_record(bucket, k, **options) for k in keys]},
        separators=(",", ":"))


def test_event(bucket):
    return json.dumps({
        "Service": "Amazon S3", "Event": "s3:TestEvent",
        "Time": "2026-11-22T12:00:00.000Z", "Bucket": bucket,
        "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8"})


def sns(message, subject="Amazon S3 Notification", kind="Notification",
        **more):
    envelope = {
        "Type": kind, "MessageId": "63a3f6b6-d533-4a47-aef9-fcf5cf758c76",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:trail",
        "Subject": subject, "Message": message,
        "Timestamp": "2026-11-22T12:00:00.000Z", "SignatureVersion": "1",
        "Signature": "EXAMPLEbase64==",
        **more,
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=x"}
    if subject is None:
        del envelope["Subject"]
    return json.dumps(envelope, indent=2)


def eventbridge(bucket, key, detail_type="Object Created"):
    return json.dumps({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type, "source": "aws.s3",
        "account": "111122223333", "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1", "resources": ["arn:aws:s3:::" + bucket],
        "detail": {
            "version": "0", "bucket": {"name": bucket},
            "object": {"key": key, "size": 5, "sequencer": "617f08299329d189",
                       "etag": "b1946ac92492d2347c6235b4d2611184"},
            "request-id": "N4N7GDK58NMKJ12R", "requester": "111122223333",
            "reason": "PutObject"}}, ensure_ascii=False)


def api_call(bucket, key, name="PutObject", **more):
    """S3's call as CloudTrail tells it to EventBridge."""
    return json.dumps({
        "version": "0", "id": "2d4eba74-fd51-3966-4bfa-b013c9da8ff1",
        "detail-type": "AWS API Call via CloudTrail", "source": "aws.s3",
        "account": "111122223333", "time": "2026-11-22T12:00:00Z",
        "region": "us-east-1", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventTime": "2026-11-22T12:00:00Z",
            "userIdentity": {"type": "AWSService",
                             "invokedBy": "cloudtrail.amazonaws.com"},
            "eventSource": "s3.amazonaws.com", "eventName": name,
            "awsRegion": "us-east-1", "readOnly": False,
            "requestParameters": {
                "bucketName": bucket, "key": key,
                "Host": bucket + ".s3.us-east-1.amazonaws.com"},
            "responseElements": {"x-amz-server-side-encryption": "AES256"},
            "additionalEventData": {"bytesTransferredIn": 1024},
            **more}}, ensure_ascii=False)


def cloudtrail(bucket, *keys):
    return json.dumps({"s3Bucket": bucket, "s3ObjectKey": list(keys)})


VALIDATION = "CloudTrail validation message."
