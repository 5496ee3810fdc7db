"""Against moto: the notifications are its own, the signatures are checked."""

import json
import random

import boto3
import make_samples
import pytest
from jobs import delivered
from standin import Standin

REGION = "us-east-1"
BUCKET = "moto-trail-logs"


class Cloud:
    """A bucket, a queue and a user in a fresh moto."""

    def __init__(self, moto):
        self.moto = moto
        moto.reset()
        self.s3 = boto3.client("s3", **self._root())
        self.sqs = boto3.client("sqs", **self._root())
        self.sns = boto3.client("sns", **self._root())
        self.s3.create_bucket(Bucket=BUCKET)
        self.queue_url = self.sqs.create_queue(QueueName="trail")["QueueUrl"]
        self.queue_arn = self.sqs.get_queue_attributes(
            QueueUrl=self.queue_url,
            AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.env = self._user()

    def _root(self):
        return {"endpoint_url": self.moto.url, "region_name": REGION,
                "aws_access_key_id": "root", "aws_secret_access_key": "root"}

    def _user(self):
        """Exactly the permissions that the daemon needs, nothing more; moto
        wants those of batches by name, AWS does not know them."""
        iam = boto3.client("iam", **self._root())
        iam.create_user(UserName="trailpost")
        iam.put_user_policy(
            UserName="trailpost", PolicyName="p", PolicyDocument=json.dumps({
                "Version": "2012-10-17", "Statement": [{
                    "Effect": "Allow", "Resource": "*", "Action": [
                        "sqs:ReceiveMessage", "sqs:DeleteMessage",
                        "sqs:DeleteMessageBatch",
                        "sqs:ChangeMessageVisibility",
                        "sqs:ChangeMessageVisibilityBatch",
                        "s3:GetObject", "s3:GetObjectVersion"]}]}))
        key = iam.create_access_key(UserName="trailpost")["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_ENDPOINT_URL": self.moto.url}

    def notify_queue(self):
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [
                {"QueueArn": self.queue_arn,
                 "Events": ["s3:ObjectCreated:*"]}]})

    def notify_topic(self, raw):
        topic = self.sns.create_topic(Name="trail")["TopicArn"]
        self.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=self.queue_arn,
            Attributes={"RawMessageDelivery": "true" if raw else "false"})
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"TopicConfigurations": [
                {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]})

    def left(self):
        got = self._counts()
        return sum(int(n) for n in got.values())

    def _counts(self):
        names = ["ApproximateNumberOfMessages",
                 "ApproximateNumberOfMessagesNotVisible"]
        return self.sqs.get_queue_attributes(
            QueueUrl=self.queue_url, AttributeNames=names)["Attributes"]


def ship(moto, standin, new_daemon, secrets, announce):
    cloud = Cloud(moto)
    announce(cloud)
    wanted, rng = [], random.Random(5)
    for _ in range(8):
        text, events = make_samples.log_file(rng, 10)
        cloud.s3.put_object(Bucket=BUCKET, Key=make_samples.key_of(rng),
                            Body=make_samples.pack(text))
        wanted += events
    secrets.texts.append(cloud.env["AWS_SECRET_ACCESS_KEY"])
    before = cloud.left()
    assert before >= 8
    moto.verify()
    daemon = new_daemon(standin.journal)
    daemon.start({**standin.options(), "queue_url": cloud.queue_url,
                  "shutdown_timeout": "6s"}, cloud.env)
    # The poll that is open at the end is not ended by moto.
    daemon.wait_for(lambda: standin.dassana.event_count >= len(wanted), 60)
    deleted = "message.deleted"
    daemon.wait_for(lambda: len(daemon.log(deleted)) == before, 30)
    assert delivered(standin, wanted)
    assert not [x for x in daemon.log() if x.get("level") in (
        "warn", "error")]


@pytest.mark.parametrize("announce", [
    Cloud.notify_queue, lambda c: c.notify_topic(False),
    lambda c: c.notify_topic(True)],
    ids=["queue", "topic", "topic, raw delivery"])
def test_notifications_that_moto_makes(moto, standin, new_daemon, secrets,
                                       announce):
    ship(moto, standin, new_daemon, secrets, announce)


def test_a_wrong_secret_is_refused_and_told(moto, new_daemon):
    cloud = Cloud(moto)
    moto.verify()
    cloud.env["AWS_SECRET_ACCESS_KEY"] = "wrong"
    with Standin() as standin:
        daemon = new_daemon(standin.journal)
        daemon.start({**standin.options(), "queue_url": cloud.queue_url},
                     cloud.env)
        line = daemon.wait_line("sqs.receive", level="warn")
        # moto answers in XML here; SQS would say the code in JSON.
        assert line["status"] == "403"
        assert standin.dassana.posts == []
