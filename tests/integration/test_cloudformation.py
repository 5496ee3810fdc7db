"""etc/cloudformation/trailpost.yaml: sound by cfn-lint, and made by moto in
each way; then what it made is looked at, and used."""

import base64
import hashlib
import json
import os
import subprocess

import boto3
import pytest
from components import PEERS, Missing, Moto
from jobs import delivered, make_file
from process import BINARY, ROOT, bare_environ

TEMPLATE = os.path.join(ROOT, "etc", "cloudformation", "trailpost.yaml")
REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = "trail-logs"
TOKEN = "tok-" + "x" * 40
TOPIC = "arn:aws:sns:%s:%s:trail" % (REGION, ACCOUNT)
KEY = "arn:aws:kms:%s:%s:key/11112222-3333-4444-5555-666677778888" % (
    REGION, ACCOUNT)
SHA256 = hashlib.sha256(b"the package").hexdigest()
TWO_WEEKS = str(14 * 24 * 3600)


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    try:
        with Moto(tmp_path_factory.mktemp("moto")) as made:
            yield made
    except Missing as missing:
        pytest.skip("WITHOUT MOTO: %s" % missing)


def test_cfn_lint_finds_nothing():
    lint = os.path.join(PEERS, "guide", "bin", "cfn-lint")
    if not os.access(lint, os.X_OK):
        pytest.skip("WITHOUT GUIDE: cfn-lint is not installed "
                    "(tests/peers/install.sh)")
    done = subprocess.run([lint, TEMPLATE], capture_output=True, text=True,
                          timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Stack:
    """One stack in a fresh moto, and the clients to look at it."""

    def __init__(self, moto, **parameters):
        moto.reset()
        self.url = moto.url
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("sns").create_topic(Name="trail")
        vpc = self.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        self.vpc = vpc["Vpc"]["VpcId"]
        self.subnet = self.client("ec2").create_subnet(
            VpcId=self.vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        values = {"LogBucketName": BUCKET, "DassanaToken": TOKEN,
                  **parameters}
        if values.get("RunOn", "QueueOnly") != "QueueOnly":
            values.update(VpcId=self.vpc, SubnetIds=self.subnet)
        with open(TEMPLATE, encoding="utf-8") as file:
            self.client("cloudformation").create_stack(
                StackName="trailpost", TemplateBody=file.read(),
                Capabilities=["CAPABILITY_IAM"], Parameters=[
                    {"ParameterKey": k, "ParameterValue": v}
                    for k, v in values.items()])
        cloud = self.client("cloudformation")
        stack, = cloud.describe_stacks(StackName="trailpost")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        self.outputs = {o["OutputKey"]: o["OutputValue"]
                        for o in stack.get("Outputs", [])}
        self.resources = {}
        for one in cloud.list_stack_resources(
                StackName="trailpost")["StackResourceSummaries"]:
            self.resources[one["LogicalResourceId"]] = \
                one["PhysicalResourceId"]

    def client(self, name):
        return boto3.client(
            name, endpoint_url=self.url, region_name=REGION,
            aws_access_key_id="root", aws_secret_access_key="root")

    def queue(self, url):
        return self.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def policy(self, name="PolicyArn"):
        iam = self.client("iam")
        arn = self.outputs[name]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(
            PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


# What moto's CloudFormation does not make, its library resolves: the properties
# that AWS would get.
RESOLVE = """
import json, sys, boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.cloudformation.parsing import clean_json
template, way = open(sys.argv[1]).read(), json.loads(sys.argv[2])
with mock_aws():
    boto3.client("cloudformation", "us-east-1", aws_access_key_id="a",
                 aws_secret_access_key="b").create_stack(
        StackName="trailpost", TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"], Parameters=[
            {"ParameterKey": k, "ParameterValue": v}
            for k, v in way.items()])
    cloud = get_backend("cloudformation")["123456789012"]["us-east-1"]
    stack, = cloud.stacks.values()
    known = stack.resource_map
    print(json.dumps(clean_json(
        known._resource_json_map[sys.argv[3]]["Properties"], known)))
"""


def resolve(name, **way):
    python = os.path.join(PEERS, "venv", "bin", "python")
    done = subprocess.run(
        [python, "-W", "ignore", "-c", RESOLVE, TEMPLATE, json.dumps(
            {"LogBucketName": BUCKET, **way}), name], capture_output=True,
        text=True, timeout=120, check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("way,service,condition", [
    ({}, "s3", {
        "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::" + BUCKET},
        "StringEquals": {"aws:SourceAccount": ACCOUNT}}),
    ({"LogBucketAccountId": "999999999999"}, "s3", {
        "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::" + BUCKET},
        "StringEquals": {"aws:SourceAccount": "999999999999"}}),
    ({"Notifications": "SNS", "SnsTopicArn": TOPIC}, "sns", {
        "ArnEquals": {"aws:SourceArn": TOPIC}}),
    ({"Notifications": "EventBridge"}, "events", {
        "ArnEquals": {"aws:SourceArn": "arn:aws:events:%s:%s:rule/" % (
            REGION, ACCOUNT)}})],
    ids=["S3", "another account's", "SNS", "EventBridge"])
def test_who_may_write_to_the_queue(moto, way, service, condition):
    made = resolve("QueuePolicy", **way)
    queue, = made["Queues"]
    denied, allowed = made["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Condition"]) == (
        "Deny", "*", {"Bool": {"aws:SecureTransport": "false"}})
    assert (allowed["Effect"], allowed["Action"], allowed["Resource"]) == (
        "Allow", "sqs:SendMessage", denied["Resource"])
    assert allowed["Resource"].endswith(":" + queue.rpartition("/")[2])
    assert allowed["Principal"] == {"Service": service + ".amazonaws.com"}
    source = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    if service == "events":  # The rule's name is made up.
        assert source.startswith(
            condition["ArnEquals"]["aws:SourceArn"] + "trailpost-Rule")
        condition["ArnEquals"]["aws:SourceArn"] = source
    assert allowed["Condition"] == condition


def test_only_the_queue(moto):
    stack = Stack(moto, DassanaToken="")
    # Those without a name are left out, or not made by moto.
    assert set(stack.resources) - {""} == {"Queue", "DeadLetterQueue",
                                           "Policy"}
    main = stack.queue(stack.outputs["QueueUrl"])
    dead = stack.queue(stack.outputs["DeadLetterQueueUrl"])
    assert main["MessageRetentionPeriod"] == TWO_WEEKS
    assert dead["MessageRetentionPeriod"] == TWO_WEEKS
    assert json.loads(main["RedrivePolicy"]) == {
        "deadLetterTargetArn": dead["QueueArn"], "maxReceiveCount": 10}
    for one in main, dead:
        assert one["SqsManagedSseEnabled"] == "true"
        assert "KmsMasterKeyId" not in one
    assert stack.policy()["Statement"] == [
        {"Sid": "Queue", "Effect": "Allow", "Action": [
            "sqs:ReceiveMessage", "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"],
         "Resource": main["QueueArn"]},
        {"Sid": "Bucket", "Effect": "Allow",
         "Action": ["s3:GetObject", "s3:GetObjectVersion"],
         "Resource": "arn:aws:s3:::%s/AWSLogs/*" % BUCKET}]


def test_keys_of_ones_own(moto):
    stack = Stack(moto, KmsKeyArn=KEY, QueueKmsKeyArn=KEY + "9", KeyPrefix="",
                  RunOn="Fargate", Image="i:1")
    statement, = stack.policy("KeyPolicyArn")["Statement"]
    assert statement == {"Effect": "Allow", "Action": "kms:Decrypt",
                         "Resource": [KEY, KEY + "9"]}
    check_roles(stack, "ecs-tasks.amazonaws.com", "ExecutionRole",
                ["PolicyArn", "KeyPolicyArn"])
    assert stack.policy()["Statement"][1]["Resource"] == \
        "arn:aws:s3:::%s/*" % BUCKET
    for name in "QueueUrl", "DeadLetterQueueUrl":
        assert stack.queue(stack.outputs[name])["KmsMasterKeyId"] == KEY + "9"


def test_a_key_for_the_log_files_alone(moto):
    stack = Stack(moto, KmsKeyArn=KEY)
    statement, = stack.policy("KeyPolicyArn")["Statement"]
    assert set(statement["Resource"]) == {KEY}
    main = stack.queue(stack.outputs["QueueUrl"])
    assert main["SqsManagedSseEnabled"] == "true"


def test_the_token_is_a_secret(moto):
    stack = Stack(moto)
    secret = resolve("Secret", DassanaToken=TOKEN)
    assert secret["SecretString"] == TOKEN
    assert secret["Name"] == stack.outputs["SecretName"]
    with open(TEMPLATE, encoding="utf-8") as file:
        text = file.read()
    # Shown to nobody, and used for nothing but the secret.
    assert "NoEcho: true" in text[text.index("  DassanaToken:\n"):
                                  text.index("  LogBucketName:\n")]
    assert text.count("!Ref DassanaToken") == 3  # a rule and a condition


def fargate(moto):
    return Stack(moto, RunOn="Fargate", Image="registry.example/trailpost:1",
                 Processes="2")


def test_fargate(moto):
    stack = fargate(moto)
    ecs = stack.client("ecs")
    task = ecs.describe_task_definition(
        taskDefinition=stack.resources["TaskDefinition"])["taskDefinition"]
    container, = task["containerDefinitions"]
    assert container["image"] == "registry.example/trailpost:1"
    assert {e["name"]: e["value"] for e in container["environment"]} == {
        "TRAILPOST_QUEUE_URL": stack.outputs["QueueUrl"],
        "TRAILPOST_DASSANA_ENDPOINT": "https://dassana.io/ingest",
        "TRAILPOST_DASSANA_APP_ID": "aws_cloudtrail"}
    assert [s["name"] for s in container["secrets"]] == ["DASSANA_TOKEN"]
    assert container["stopTimeout"] == 40
    assert container["readonlyRootFilesystem"]
    assert TOKEN not in json.dumps(task)
    service, = ecs.describe_services(
        cluster=stack.resources["Cluster"],
        services=[stack.resources["Service"]])["services"]
    assert service["desiredCount"] == 2
    check_roles(stack, "ecs-tasks.amazonaws.com", "ExecutionRole")


def check_roles(stack, principal, reads_token, policies=("PolicyArn",)):
    """The role that runs has the policy, and no more; one reads the token."""
    iam = stack.client("iam")
    for name in {"Role", reads_token}:
        role = iam.get_role(RoleName=stack.resources[name])["Role"]
        trusts, = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusts["Principal"] == {"Service": principal}
    attached = iam.list_attached_role_policies(
        RoleName=stack.resources["Role"])["AttachedPolicies"]
    assert {a["PolicyArn"] for a in attached} == {
        stack.outputs[name] for name in policies}
    for name in {"Role", reads_token}:
        inline = iam.list_role_policies(
            RoleName=stack.resources[name])["PolicyNames"]
        assert inline == (["token"] if name == reads_token else [])
    policy = iam.get_role_policy(RoleName=stack.resources[reads_token],
                                 PolicyName="token")["PolicyDocument"]
    statement, = policy["Statement"]
    assert statement == {
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Resource": "arn:aws:secretsmanager:%s:%s:secret:%s-*" % (
            REGION, ACCOUNT, stack.outputs["SecretName"])}


def on_ec2(moto):
    return Stack(moto, RunOn="EC2", PackageUrl="https://example.com/t.deb?a=1",
                 PackageSha256=SHA256)


def user_data(stack):
    template = stack.client("ec2").describe_launch_template_versions(
        LaunchTemplateId=stack.resources["LaunchTemplate"])
    data = template["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    return base64.b64decode(data["UserData"]).decode()


def test_ec2(moto):
    stack = on_ec2(moto)
    group, = stack.client("autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[stack.resources["Instances"]]
    )["AutoScalingGroups"]
    assert group["DesiredCapacity"] == 1
    check_roles(stack, "ec2.amazonaws.com", "Role")
    text = user_data(stack)
    assert TOKEN not in text
    assert "${" not in text


FAKES = {
    "apt-get": 'echo "apt-get $*" >>"$CALLS"\n',
    "systemctl": 'echo "systemctl $*" >>"$CALLS"\n',
    "curl": 'echo "curl $*" >>"$CALLS"\nwhile [ "$1" != -o ]; do shift; done\n'
            'printf "the package" >"$2"\n',
    # Permissions that were just given take a moment to be known.
    "aws": 'echo "aws $*" >>"$CALLS"\n[ -e "$CALLS.slept" ] || exit 254\n'
           "echo the-token\n",
    "sleep": 'touch "$CALLS.slept"\n',
}


def boot(stack, root, environ=()):
    """Runs the user data, with root for / and notes instead of programs that
    would change the machine."""
    bin_ = root / "bin"
    for name in "bin", "root", "etc/systemd/system":
        (root / name).mkdir(parents=True)
    for name, text in FAKES.items():
        (bin_ / name).write_text("#!/bin/sh\n" + text)
        (bin_ / name).chmod(0o755)
    text = user_data(stack)
    for name in "/etc/", "/root/":
        text = text.replace(name, "%s%s" % (root, name))
    env = {**bare_environ(root), "CALLS": str(root / "calls"),
           "PATH": "%s:%s" % (bin_, os.environ["PATH"]), **dict(environ)}
    done = subprocess.run(["bash", "-c", text], env=env, timeout=60,
                          capture_output=True, text=True, check=False)
    return done, env


def test_what_an_instance_does_at_its_first_boot(moto, tmp_path):
    stack = on_ec2(moto)
    done, env = boot(stack, tmp_path)
    assert done.returncode == 0, done.stderr
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[2].endswith("https://example.com/t.deb?a=1")
    assert [c.split()[0] for c in calls] == ["apt-get", "apt-get", "curl",
                                             "apt-get", "systemctl",
                                             "systemctl", "systemctl"]
    token = tmp_path / "etc/trailpost/dassana_token"
    assert not token.exists()
    subprocess.run([tmp_path / "etc/trailpost/fetch-token"], env=env,
                   timeout=60, check=True)
    assert token.read_text() == "the-token\n"
    assert token.stat().st_mode & 0o777 == 0o600
    first, asked = (tmp_path / "calls").read_text().splitlines()[-2:]
    assert first == asked
    assert "--secret-id %s " % stack.outputs["SecretName"] in asked
    conf = subprocess.run(
        [BINARY, "-c", tmp_path / "etc/trailpost/trailpost.conf", "-o",
         "dassana_token_file=%s" % token, "--print-config"], env=env,
        capture_output=True, text=True, timeout=60, check=False)
    assert "queue_url = %s\n" % stack.outputs["QueueUrl"] in conf.stdout


def test_an_instance_does_not_install_what_it_was_not_told_to(moto, tmp_path):
    stack = Stack(moto, RunOn="EC2", PackageUrl="https://example.com/t.deb",
                  PackageSha256="0" * 64)
    done, _ = boot(stack, tmp_path)
    assert done.returncode != 0
    assert "systemctl" not in (tmp_path / "calls").read_text()


def put_file(stack, seed):
    key, data, events = make_file(5, seed)
    stack.client("s3").put_object(Bucket=BUCKET, Key=key, Body=data)
    return events


def announce_by_bucket(stack):
    stack.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration=json.loads(
            stack.outputs["NotificationConfiguration"]))


def announce_by_topic(stack):
    assert "NotificationConfiguration" not in stack.outputs
    made = resolve("Subscription", Notifications="SNS", SnsTopicArn=TOPIC)
    assert (made["TopicArn"], made["Protocol"], made["Region"]) == (
        TOPIC, "sqs", REGION)
    assert ":trailpost-Queue-" in made["Endpoint"]
    stack.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs",
                                  Endpoint=stack.outputs["QueueArn"])
    stack.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"TopicConfigurations": [
            {"TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]})


def announce_by_events(stack):
    rule, = stack.client("events").list_rules()["Rules"]
    assert json.loads(rule["EventPattern"])["detail"] == {
        "bucket": {"name": [BUCKET]},
        "object": {"key": [{"prefix": "AWSLogs/"}]}}
    stack.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"EventBridgeConfiguration": {}})


@pytest.mark.parametrize("announce,parameters", [
    (announce_by_bucket, {}),
    (announce_by_topic, {"Notifications": "SNS", "SnsTopicArn": TOPIC}),
    (announce_by_events, {"Notifications": "EventBridge"})],
    ids=["S3", "SNS", "EventBridge"])
def test_events_arrive(moto, standin, new_daemon, announce, parameters):
    """The whole way: a file put into the bucket, through what the stack has
    made, to Dassana."""
    stack = Stack(moto, **parameters)
    announce(stack)
    wanted = put_file(stack, 1) + put_file(stack, 2)
    daemon = new_daemon(standin.journal)
    daemon.start({**standin.options(), "shutdown_timeout": "6s",
                  "queue_url": stack.outputs["QueueUrl"]},
                 {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root",
                  "AWS_ENDPOINT_URL": moto.url})
    daemon.wait_for(lambda: standin.dassana.event_count >= len(wanted), 30)
    assert delivered(standin, wanted)
