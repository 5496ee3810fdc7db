"""docs/organisations.md: its policies are sound by cfn-lint, AWS's emulator takes
them, and they give what the stack's own policy gives, no more and no less."""

import json
import os
import re
import subprocess

import pytest
from components import PEERS
from process import ROOT
from stack import BUCKET, REGION, Stack, resolve

PAGE = os.path.join(ROOT, "docs", "organisations.md")
OWNER, READER = "111122223333", "444455556666"


@pytest.fixture(scope="module")
def policies():
    with open(PAGE, encoding="utf-8") as file:
        found = re.findall(r"<!-- policy: (\w+) -->\n```json\n(.*?)```",
                           file.read(), re.S)
    return {name: {"Version": "2012-10-17", "Statement": [json.loads(text)]}
            for name, text in found}


def test_the_policies_are_sound(policies, tmp_path):
    lint = os.path.join(PEERS, "guide", "bin", "cfn-lint")
    if not os.access(lint, os.X_OK):
        pytest.skip("WITHOUT GUIDE: cfn-lint is not installed "
                    "(tests/peers/install.sh)")
    kinds = {"bucket": ("AWS::S3::BucketPolicy", "PolicyDocument",
                        {"Bucket": "trail-bucket"}),
             "key": ("AWS::KMS::Key", "KeyPolicy", {}),
             "topic": ("AWS::SNS::TopicPolicy", "PolicyDocument",
                       {"Topics": ["arn:aws:sns:eu-west-1:%s:trail" % OWNER]})}
    assert set(kinds) == set(policies)
    file = tmp_path / "template.json"

    def lints(changed):
        file.write_text(json.dumps({"Resources": {
            name.title(): {"Type": kind, "Properties": {
                **more, where: changed.get(name, policies[name])},
                **({"DeletionPolicy": "Retain",
                    "UpdateReplacePolicy": "Retain"} if name == "key" else {})}
            for name, (kind, where, more) in kinds.items()}}))
        return subprocess.run([lint, str(file)], capture_output=True, text=True,
                              timeout=120, check=False).stdout
    assert lints({}) == ""
    # It would notice.
    broken = json.loads(json.dumps(policies["bucket"]))
    broken["Statement"][0]["Actions"] = broken["Statement"][0].pop("Action")
    assert lints({"bucket": broken}) != ""


def test_they_give_what_the_stack_gives(moto, policies):
    own = {s["Sid"]: s for s in resolve("Policy", LogBucketAccountId=OWNER)[
        "PolicyDocument"]["Statement"]}
    bucket, = policies["bucket"]["Statement"]
    assert bucket["Action"] == own["Bucket"]["Action"] == [
        "s3:GetObject", "s3:GetObjectVersion"]
    assert bucket["Resource"] == own["Bucket"]["Resource"].replace(
        BUCKET, "trail-bucket")
    key, = policies["key"]["Statement"]
    stack = resolve("KeyPolicy", KmsKeyArn="arn:aws:kms:%s:%s:key/1" % (
        REGION, OWNER))["PolicyDocument"]["Statement"][0]
    assert key["Action"] == stack["Action"] == "kms:Decrypt"
    for statement in bucket, key:
        assert statement["Principal"] == {
            "AWS": "arn:aws:iam::%s:role/trailpost" % READER}


def test_an_emulator_takes_them(moto, policies):
    stack = Stack(moto, LogBucketAccountId=OWNER)
    s3, sns = stack.client("s3"), stack.client("sns")
    s3.create_bucket(Bucket="trail-bucket")
    s3.put_bucket_policy(Bucket="trail-bucket",
                         Policy=json.dumps(policies["bucket"]))
    assert json.loads(s3.get_bucket_policy(Bucket="trail-bucket")[
        "Policy"]) == policies["bucket"]
    topic = sns.create_topic(Name="trail")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy",
                             AttributeValue=json.dumps(policies["topic"]))
    kms = stack.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=key, PolicyName="default",
                       Policy=json.dumps(policies["key"]))
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")[
        "Policy"]) == policies["key"]
    # The queue takes what that account's bucket announces, and nobody else's.
    made = resolve("QueuePolicy", LogBucketAccountId=OWNER)
    assert made["PolicyDocument"]["Statement"][1]["Condition"][
        "StringEquals"] == {"aws:SourceAccount": OWNER}
