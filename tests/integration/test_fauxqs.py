"""Against fauxqs, another implementation of SQS's JSON protocol, with the
batch validations of AWS. Objects and Dassana are the stand-in's."""

import json

import pytest
from aws import Sqs
from components import Fauxqs, Missing
from jobs import delivered, make_file
from standin import shapes

BUCKET = "trail-logs"


@pytest.fixture(scope="module")
def fauxqs(tmp_path_factory):
    try:
        with Fauxqs(tmp_path_factory.mktemp("fauxqs")) as made:
            yield made
    except Missing as missing:
        pytest.skip("WITHOUT FAUXQS: %s" % missing)


def make_queue(fauxqs, name, **attributes):
    sqs = Sqs(fauxqs.url, None, "key", "secret")
    made = sqs.ok("CreateQueue", QueueName=name, Attributes=attributes)
    sqs.queue_url = made["QueueUrl"]
    return sqs


def counts(sqs):
    names = ("ApproximateNumberOfMessages",
             "ApproximateNumberOfMessagesNotVisible")
    got = sqs.ok("GetQueueAttributes", AttributeNames=list(names))
    return tuple(int(got["Attributes"][name]) for name in names)


def start(fauxqs, standin, new_daemon, sqs, **options):
    daemon = new_daemon(standin.journal)
    environ = {**standin.environ(), "AWS_ENDPOINT_URL_SQS": fauxqs.url}
    return daemon.start({
        **standin.options(), "queue_url": sqs.queue_url,
        "batch_max_delay": "100ms", "redeliver_after": "1s",
        "shutdown_timeout": "6s", **options}, environ)


def test_a_queue_is_emptied_in_batches(fauxqs, standin, new_daemon):
    sqs = make_queue(fauxqs, "many")
    wanted = []
    for number in range(300):
        key, data, events = make_file(5, number)
        standin.s3.put(BUCKET, key, data)
        sqs.ok("SendMessage", MessageBody=shapes.s3_event(BUCKET, key))
        wanted += events
    daemon = start(fauxqs, standin, new_daemon, sqs)
    daemon.wait_for(lambda: counts(sqs) == (0, 0), 30)
    assert delivered(standin, wanted)
    assert not daemon.log("sqs.batch")


def test_leases_are_extended_and_failures_come_back(
        fauxqs, standin, new_daemon):
    """Two messages: one fails and reaches the dead-letter queue, one is held
    for longer than its visibility timeout."""
    dead = make_queue(fauxqs, "dead")
    arn = dead.ok("GetQueueAttributes", AttributeNames=["QueueArn"])
    sqs = make_queue(fauxqs, "source", RedrivePolicy=json.dumps({
        "deadLetterTargetArn": arn["Attributes"]["QueueArn"],
        "maxReceiveCount": 2}))
    key, data, events = make_file(5, 1)
    standin.s3.put(BUCKET, key, data)
    gate = standin.s3.hold(BUCKET, key, standin.gate(at=-1))
    for name in (key, "no/such/key"):
        sqs.ok("SendMessage", MessageBody=shapes.s3_event(BUCKET, name))
    daemon = start(fauxqs, standin, new_daemon, sqs, visibility_timeout="2s")
    daemon.wait_for(lambda: counts(dead)[0] == 1, 30)
    gate.open()
    daemon.wait_for(lambda: counts(sqs) == (0, 0), 10)
    assert delivered(standin, events)
    assert len(daemon.log("object.get", key=key)) == 1
