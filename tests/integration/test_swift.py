"""Against Swift's S3 API, which checks each signature and takes all keys. The
queue is the stand-in's."""

import boto3
import pytest
from botocore.config import Config
from components import Missing, Swift
from jobs import await_all, make_file
from standin import Standin, shapes

BUCKET = "swift-logs"
KEYS = ("plain", "with space", "a+b", "100%", "%2B", "Grüße/日本語🚀", "a//b",
        "x=y&z?q#f", "quote'\"<>&", "*!()@:,;$~", "a/./b", "a/../b",
        "[x]{y}|^`\\")


@pytest.fixture(scope="module")
def swift(tmp_path_factory):
    try:
        with Swift(tmp_path_factory.mktemp("swift")) as made:
            yield made
    except Missing as missing:
        pytest.skip("WITHOUT SWIFT: %s" % missing)


@pytest.fixture(scope="module")
def bucket(swift):
    client = boto3.client(
        "s3", endpoint_url=swift.url, region_name="us-east-1",
        aws_access_key_id=swift.KEY_ID, aws_secret_access_key=swift.SECRET,
        config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture
def queue(swift):
    """A stand-in for SQS and Dassana that knows Swift's keys."""
    with Standin(session_token=False) as made:
        made.KEY_ID = swift.KEY_ID
        made.secret = swift.SECRET
        made.verifier.keys = {swift.KEY_ID: (swift.SECRET, None)}
        yield made
        assert made.errors == []
        assert made.dassana.problems == []


def start(queue, swift, new_daemon, **env):
    daemon = new_daemon(queue.journal)
    daemon.before_stop.append(queue.queue.end_polls)
    environ = {**queue.environ(), "AWS_ENDPOINT_URL_S3": swift.url, **env}
    return daemon.start({**queue.options(), "redeliver_after": "1s"}, environ)


def test_signatures_of_awkward_keys(swift, bucket, queue, new_daemon):
    wanted = []
    for number, name in enumerate(KEYS):
        _, data, events = make_file(3, number)
        key = "AWSLogs/%s/f.json.gz" % name
        bucket.put_object(Bucket=BUCKET, Key=key, Body=data)
        queue.queue.send(shapes.s3_event(BUCKET, key))
        wanted += events
    await_all(queue, start(queue, swift, new_daemon), wanted, 30)


def test_a_wrong_secret_is_refused_and_told(swift, bucket, queue, new_daemon):
    bucket.put_object(Bucket=BUCKET, Key="k", Body=make_file(3)[1])
    queue.verifier.keys = {swift.KEY_ID: ("wrong", None)}
    queue.queue.send(shapes.s3_event(BUCKET, "k"))
    daemon = start(queue, swift, new_daemon, AWS_SECRET_ACCESS_KEY="wrong")
    line = daemon.wait_line("object.parked", key="k")
    assert (line["status"], line["code"]) == ("403", "SignatureDoesNotMatch")
    assert line["request_id"]
    assert not queue.queue.empty()


def test_a_missing_key_is_told(swift, bucket, queue, new_daemon):
    queue.queue.send(shapes.s3_event(BUCKET, "nothing/here"))
    daemon = start(queue, swift, new_daemon)
    line = daemon.wait_line("object.failed", key="nothing/here")
    assert (line["status"], line["code"]) == ("404", "NoSuchKey")
