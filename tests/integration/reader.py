"""A reader of the guide: what he has before it begins, his shell, and what he
puts in for his own. AWS is moto, Dassana the stand-in."""

import json
import os

import boto3
import pytest
from components import PEERS
from guide import Shell, interrupt
from jobs import make_file
from process import ROOT

REGION = "eu-west-1"
BUCKET = "trail-bucket"
KEYS = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}


class Cloud:
    """What the reader has before the guide begins."""

    def __init__(self, moto):
        moto.reset()
        self.url = moto.url
        self.s3 = self.client("s3")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={
            "LocationConstraint": REGION})
        self.topic = self.client("sns").create_topic(Name="trail")["TopicArn"]

    def client(self, name):
        return boto3.client(name, endpoint_url=self.url, region_name=REGION,
                            aws_access_key_id="root",
                            aws_secret_access_key="root")

    def purge(self):
        sqs = self.client("sqs")
        for url in sqs.list_queues()["QueueUrls"]:
            sqs.purge_queue(QueueUrl=url)

    def network(self):
        """A VPC, a subnet and a security group."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        group = ec2.create_security_group(
            GroupName="out", Description="out", VpcId=vpc)["GroupId"]
        return vpc, ec2.create_subnet(
            VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"], group

    def stack(self):
        """What getting-started.md has made; the queue's URL."""
        cloud = self.client("cloudformation")
        with open(os.path.join(ROOT, "etc", "cloudformation",
                               "trailpost.yaml"), encoding="utf-8") as file:
            cloud.create_stack(
                StackName="trailpost", TemplateBody=file.read(),
                Capabilities=["CAPABILITY_IAM"], Parameters=[
                    {"ParameterKey": "LogBucketName",
                     "ParameterValue": BUCKET}])
        stack, = cloud.describe_stacks(StackName="trailpost")["Stacks"]
        outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration=json.loads(
                outputs["NotificationConfiguration"]))
        self.purge()
        return outputs["QueueUrl"]

    def put_files(self, number, seed=1, count=5):
        wanted = []
        for one in range(number):
            key, data, events = make_file(count, seed * 1000 + one)
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
            wanted += events
        return wanted


@pytest.fixture
def cloud(moto):
    return Cloud(moto)


@pytest.fixture
def shell(cloud, standin, tmp_path):
    """The reader's shell, with the AWS CLI; AWS is moto, Dassana the
    stand-in."""
    aws = os.path.join(PEERS, "guide", "bin", "aws")
    if not os.access(aws, os.X_OK):
        pytest.skip("WITHOUT GUIDE: the AWS CLI is not installed "
                    "(tests/peers/install.sh)")
    made = Shell(tmp_path, {
        **KEYS, "AWS_ENDPOINT_URL": cloud.url, "AWS_DEFAULT_REGION": REGION,
        "DASSANA_ENDPOINT": standin.dassana_url, "AWS_PAGER": "",
        "DASSANA_APP_ID": standin.APP_ID})
    # Version 1 does not take SQS's endpoint from the environment.
    made.place("aws", 'exec %s "$@" --endpoint-url "$AWS_ENDPOINT_URL"\n'
               % aws)
    return made


def run_until_delivered(shell, block, standin, cloud, wanted):
    process = shell.start(block)
    try:
        standin.wait(lambda: standin.dassana.event_count >= len(wanted), 60)
    finally:
        # The poll that is open at the end is waited for; moto ends it when
        # something comes.
        cloud.put_files(1, seed=9)
        said = interrupt(process)
    assert process.returncode == 0, said
    return said


def put_in(block, **values):
    """What a reader replaces by his own."""
    text = "\n".join(block.lines)
    for old, new in values.values():
        assert old in text, old
        text = text.replace(old, new)
    block.lines = text.split("\n")
    return block


def put_network_in(block, cloud):
    vpc, subnet, _ = cloud.network()
    return put_in(block, vpc=("vpc-0123456789abcdef0", vpc),
                  subnet=("subnet-0123456789abcdef0", subnet))


def settings(shell, standin, queue_url):
    """A reader's settings, as getting-started.md has them."""
    token = shell.folder / "dassana_token"
    token.write_text(standin.token + "\n")
    token.chmod(0o600)
    (shell.folder / "trailpost.conf").write_text(
        "queue_url = %s\ndassana_token_file = dassana_token\n"
        "shutdown_timeout = 6s\n" % queue_url)
