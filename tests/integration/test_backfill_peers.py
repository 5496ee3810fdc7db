"""trailpost backfill against moto and Swift, which check signatures and, moto,
permissions."""

import json
import os
import random
import re
from collections import Counter

import boto3
import pytest
from backfills import Fill, announced, key_of, kill, spread
from botocore.config import Config
from jobs import make_file
from process import ROOT
from standin import Standin
from test_moto import BUCKET, Cloud
from test_swift import swift

__all__ = ["swift"]  # a fixture

JANUARY = ("--from", "2026-01-01", "--to", "2026-02-01")
FAST = ("--max-waiting", "100000")
# What moto asks by the names of batches AWS has no actions for.
BATCHES = {"sqs:SendMessage": ["sqs:SendMessageBatch"]}


def user(cloud, name, document):
    iam = boto3.client("iam", **cloud._root())
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p",
                        PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_ENDPOINT_URL": cloud.moto.url}


def guide_policy(without=()):
    """The one that docs/backfill.md shows, for what moto has."""
    with open(os.path.join(ROOT, "docs", "backfill.md"),
              encoding="utf-8") as file:
        found = re.search(r"<!-- policy: backfill -->\n```json\n(.*?)```",
                          file.read(), re.S)
    document = json.loads(found.group(1))
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"]
        actions = [actions] if isinstance(actions, str) else actions
        actions = [a for a in actions if a not in without]
        actions += [b for a in actions for b in BATCHES.get(a, ())]
        if actions:
            statements.append({**statement, "Action": actions,
                               "Resource": "*"})
    return {**document, "Statement": statements}


def put(cloud, keys, data=b"x"):
    for key in keys:
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=data)


def bodies(cloud):
    """All that is in the queue, however often it was handed out."""
    found = {}
    while True:
        got = cloud.sqs.receive_message(
            QueueUrl=cloud.queue_url, MaxNumberOfMessages=10,
            VisibilityTimeout=600).get("Messages", [])
        if not got:
            return list(found.values())
        found.update({m["MessageId"]: m["Body"] for m in got})


def fill_of(cloud, home, env):
    return Fill(home, {"queue_url": cloud.queue_url, "region": "us-east-1"},
                env)


def test_moto_with_the_policy_of_the_guide(moto, tmp_path, standin,
                                           new_daemon):
    cloud = Cloud(moto)
    wanted = spread(60) + [key_of(3, 7, end=" é.gz")]
    _, data, events = make_file(2)
    put(cloud, wanted, data)
    env = user(cloud, "backfill", guide_policy())
    moto.verify()
    done = fill_of(cloud, tmp_path, env).run(
        "s3://" + BUCKET, *JANUARY, "--yes", "--json", *FAST)
    assert done.status == 0, done.err
    assert "user/backfill" in done.err
    assert done.json["sent"]["objects"] == 61
    # The daemon delivers it, with its own policy.
    daemon = new_daemon(standin.journal)
    daemon.start({**standin.options(), "queue_url": cloud.queue_url,
                  "shutdown_timeout": "6s"}, cloud.env)
    daemon.wait_for(lambda: standin.dassana.event_count >= 122, 30)
    assert Counter(standin.dassana.events()) == Counter(events * 61)


@pytest.mark.parametrize("action, step, resource", [
    ("s3:ListBucket", "listing", "arn:aws:s3:::" + BUCKET),
    ("s3:GetObject", "object", "arn:aws:s3:::" + BUCKET + "/*"),
    ("sqs:SendMessage", "send", "trail"),
])
def test_moto_without_a_permission(moto, tmp_path, action, step, resource):
    cloud = Cloud(moto)
    put(cloud, spread(5))
    env = user(cloud, "backfill", guide_policy(without=(action,)))
    moto.verify()
    done = fill_of(cloud, tmp_path, env).run(
        "s3://" + BUCKET, *JANUARY, "--yes")
    assert done.status == 1
    mark, text = done.step(step)
    assert mark == "✗" and action in text and resource in text, done.err
    moto.verify(after=10 ** 9)
    assert bodies(cloud) == []


def test_moto_and_the_daemons_identity(moto, tmp_path):
    """--profile: what the environment has, the daemon's keys, does not count,
    nor the role of its settings."""
    cloud = Cloud(moto)
    put(cloud, spread(5))
    env = user(cloud, "backfill", guide_policy())
    (tmp_path / "credentials").write_text(
        "[me]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (
            env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]))
    fill = fill_of(cloud, tmp_path, {
        **cloud.env, "AWS_SHARED_CREDENTIALS_FILE": str(
            tmp_path / "credentials")})
    fill.settings["assume_role_arn"] = \
        "arn:aws:iam::123456789012:role/trailpost"
    moto.verify()
    done = fill.run("s3://" + BUCKET, *JANUARY, "--yes", "--profile", "me")
    assert done.status == 0, done.err
    assert "user/backfill" in done.step("identity")[1]


@pytest.mark.long
def test_moto_killed_and_gone_on_at_random(moto, tmp_path):
    """Every object at least once; a kill sends one batch twice at most."""
    cloud = Cloud(moto)
    wanted, rng = spread(1500), random.Random()
    put(cloud, wanted)
    fill = fill_of(cloud, tmp_path, {
        "AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root",
        "AWS_ENDPOINT_URL": moto.url})
    args = ("s3://" + BUCKET, *JANUARY, "--yes", *FAST, "--state",
            tmp_path / "state")
    kills = 5
    for _ in range(kills):
        before = cloud.left()
        process = fill.start(*args)
        # From nothing sent to the last batch.
        after = before + rng.randrange(0, 30)
        while cloud.left() < after and process.poll() is None:
            pass
        kill(process)
    done = fill.run(*args)
    assert done.status == 0, done.err
    found = Counter(announced(bodies(cloud)))
    assert set(found) == set(wanted)
    assert sum(found.values()) - len(wanted) <= kills * 250


# ---- Swift ----

def test_swift_takes_our_signature(swift, tmp_path):
    """Of listings with awkward prefixes, delimiters, markers and pages; keys
    that come encoded in its way."""
    client = boto3.client(
        "s3", endpoint_url=swift.url, region_name="us-east-1",
        aws_access_key_id=swift.KEY_ID, aws_secret_access_key=swift.SECRET,
        config=Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="swift-past")
    prefix = "my trail+é/(x)='*"
    wanted = [key_of(1 + i % 3, i, prefix=prefix + "/", end=" +%é&.gz")
              for i in range(30)]
    for key in wanted:
        client.put_object(Bucket="swift-past", Key=key, Body=b"x")
    with Standin(session_token=False) as queue:
        queue.KEY_ID, queue.secret = swift.KEY_ID, swift.SECRET
        queue.verifier.keys = {swift.KEY_ID: (swift.SECRET, None)}
        settings = {k: v for k, v in queue.options().items()
                    if not k.startswith("dassana")}
        fill = Fill(tmp_path, settings, {
            **queue.environ(), "AWS_ENDPOINT_URL_S3": swift.url})
        args = ("s3://swift-past/" + prefix, *JANUARY, "--yes", *FAST)
        done = fill.run(*args)
        assert done.status == 0, done.err
        sent = announced(m.body for m in queue.queue.messages())
        assert sent == sorted(wanted)
        done = fill.run(*args, "--after", sent[17])
        assert done.status == 0 and "12 objects to announce" in done.err
        assert queue.errors == []
