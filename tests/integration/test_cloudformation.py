"""etc/cloudformation/trailpost.yaml: sound by cfn-lint, and made by moto in
each way; then what it made is looked at, and used."""

import base64
import hashlib
import json
import os
import re
import subprocess

import boto3
import pytest
from components import PEERS
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
# that AWS would get, of each resource there would be, and the template as it is.
RESOLVE = """
import json, sys, boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.cloudformation.parsing import clean_json
template, way = open(sys.argv[1]).read(), json.loads(sys.argv[2])
with mock_aws():
    if "SubnetIds" in way:  # One that there is.
        way["SubnetIds"] = boto3.client(
            "ec2", "us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b").describe_subnets()[
                "Subnets"][0]["SubnetId"]
    boto3.client("cloudformation", "us-east-1", aws_access_key_id="a",
                 aws_secret_access_key="b").create_stack(
        StackName="trailpost", TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"], Parameters=[
            {"ParameterKey": k, "ParameterValue": v}
            for k, v in way.items()])
    cloud = get_backend("cloudformation")["123456789012"]["us-east-1"]
    stack, = cloud.stacks.values()
    known = stack.resource_map
    print(json.dumps({"template": stack.template_dict, "resources": {
        name: clean_json(one.get("Properties", {}), known)
        for name, one in known._resource_json_map.items()
        if "Condition" not in one or known.lazy_condition_map[
            one["Condition"]]}}))
"""


def resolve_all(**way):
    python = os.path.join(PEERS, "venv", "bin", "python")
    done = subprocess.run(
        [python, "-W", "ignore", "-c", RESOLVE, TEMPLATE, json.dumps(
            {"LogBucketName": BUCKET, **way})], capture_output=True,
        text=True, timeout=120, check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def resolve(name, **way):
    return resolve_all(**way)["resources"][name]


def value_of(rule, given):
    """A function of CloudFormation's, as far as rules may have it."""
    if not isinstance(rule, dict):
        return rule
    (name, what), = rule.items()
    if name == "Ref":
        return given[what]
    values = [value_of(one, given) for one in what]
    return {"Fn::Equals": lambda a, b: a == b, "Fn::Not": lambda a: not a,
            "Fn::Contains": lambda a, b: b in a}[name](*values)


def refusals(template, **way):
    """What the template's rules have against parameters."""
    given = {}
    for name, one in template["Parameters"].items():
        value = way.get(name, one.get("Default"))
        given[name] = value.split(",") if one["Type"].startswith("Comma") \
            else value
    return [one["AssertDescription"] for rule in template["Rules"].values()
            if value_of(rule["RuleCondition"], given)
            for one in rule["Assertions"]
            if not value_of(one["Assert"], given)]


FARGATE = {"RunOn": "Fargate", "Image": "registry.example/trailpost:1"}
EC2 = {"RunOn": "EC2", "PackageUrl": "s3://packages/t/trailpost_1.deb",
       "PackageSha256": SHA256}
WHERE = {"DassanaToken": TOKEN, "VpcId": "vpc-1", "SubnetIds": "subnet-1"}


def test_what_is_missing_is_told_before_anything_is_made(moto):
    template = resolve_all()["template"]
    for way in {}, {**WHERE, **FARGATE}, {**WHERE, **EC2}, {
            "Notifications": "EventBridge"}:
        assert refusals(template, **way) == []
        for name in way:
            if name in {"RunOn", "Notifications"}:
                continue
            less = {k: v for k, v in way.items() if k != name}
            missing, = refusals(template, **less)
            assert missing.split()[0] == name
    assert refusals(template, Notifications="SNS") == [
        "SnsTopicArn is missing"]
    other, = refusals(template, Notifications="EventBridge",
                      LogBucketAccountId="999999999999")
    assert "LogBucketAccountId" in other


@pytest.mark.parametrize("url,good", [
    ("", True), ("https://example.com/t.deb?a=1&b=%20", True),
    ("s3://packages/trail/trailpost_0.1.0~rc+1_amd64.deb", True),
    ("s3://packages", False), ("s3://packages/*", False),
    ("s3://packages/a'b", False), ("http://example.com/t.deb", False),
    ("https://example.com/$(id)", False), ("https://example.com/'", False)])
def test_where_the_package_may_be(moto, url, good):
    pattern = resolve_all()["template"]["Parameters"]["PackageUrl"][
        "AllowedPattern"]
    assert bool(re.fullmatch(pattern, url)) == good


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


@pytest.mark.parametrize("way", [{}, FARGATE, EC2],
                         ids=["QueueOnly", "Fargate", "EC2"])
def test_the_token_is_a_secret(moto, way):
    stack = Stack(moto, **way)
    assert TOKEN not in json.dumps(stack.outputs)
    made = resolve_all(**WHERE, **way)
    assert made["template"]["Parameters"]["DassanaToken"]["NoEcho"] is True
    # It is in the secret, and nowhere else.
    secret = made["resources"].pop("Secret")
    assert secret.pop("SecretString") == TOKEN
    assert secret["Name"] == stack.outputs["SecretName"]
    assert TOKEN not in json.dumps([made["resources"], secret])


def fargate(moto):
    return Stack(moto, **FARGATE, Processes="2")


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


def check_roles(stack, principal, reads_token):
    """Who may take them; one reads the token."""
    iam = stack.client("iam")
    for name in {"Role", reads_token}:
        role = iam.get_role(RoleName=stack.resources[name])["Role"]
        trusts, = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusts["Principal"] == {"Service": principal}
        assert trusts.get("Condition") == (None if "ec2" in principal else {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:%s:%s:*" % (
                REGION, ACCOUNT)}})
    for name in {"Role", reads_token}:
        inline = set(iam.list_role_policies(
            RoleName=stack.resources[name])["PolicyNames"])
        assert inline == ({"token"} if name == reads_token else set()) | (
            {"boot", "package"} if "ec2" in principal else set())
    policy = iam.get_role_policy(RoleName=stack.resources[reads_token],
                                 PolicyName="token")["PolicyDocument"]
    statement, = policy["Statement"]
    assert statement == {
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Resource": "arn:aws:secretsmanager:%s:%s:secret:%s-??????" % (
            REGION, ACCOUNT, stack.outputs["SecretName"])}


@pytest.mark.parametrize("way", [FARGATE, EC2], ids=["Fargate", "EC2"])
@pytest.mark.parametrize("keys,policies", [
    ({}, ["Policy"]), ({"KmsKeyArn": KEY}, ["Policy", "KeyPolicy"]),
    ({"QueueKmsKeyArn": KEY}, ["Policy", "KeyPolicy"])])
def test_what_runs_has_the_policy(moto, way, keys, policies):
    made = resolve_all(**WHERE, **way, **keys)
    assert [arn.split("/")[-1].split("-")[1] for arn in made["resources"][
        "Role"]["ManagedPolicyArns"] if arn] == policies


def on_ec2(moto, **changed):
    return Stack(moto, **{**EC2, **changed})


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


def test_the_stack_waits_for_its_instances(moto):
    group = resolve_all(**WHERE, **EC2)["template"]["Resources"]["Instances"]
    assert group["CreationPolicy"]["ResourceSignal"] == {
        "Count": {"Ref": "Processes"}, "Timeout": "PT15M"}
    update = group["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert update["WaitOnResourceSignals"] is True


@pytest.mark.parametrize("url,objects", [
    (EC2["PackageUrl"], ["arn:aws:s3:::packages/t/trailpost_1.deb"]),
    ("https://example.com/t.deb", [])])
def test_what_an_instance_may_do_at_its_first_boot(moto, url, objects):
    made = resolve_all(**WHERE, **{**EC2, "PackageUrl": url})["resources"]
    signal, = made["BootPolicy"]["PolicyDocument"]["Statement"]
    assert signal["Action"] == "cloudformation:SignalResource"
    assert ":stack/trailpost/" in signal["Resource"]
    reads = made["PackagePolicy"]["PolicyDocument"]["Statement"] \
        if "PackagePolicy" in made else []
    assert [(r["Action"], r["Resource"]) for r in reads] == [
        ("s3:GetObject", one) for one in objects]


FAKES = {
    "apt-get": 'echo "apt-get $*" >>"$CALLS"\n[ ! -e "$CALLS.no-apt" ]\n',
    "dpkg": "exit 0\n",
    "systemctl": 'echo "systemctl $*" >>"$CALLS"\n',
    "curl": 'echo "curl $*" >>"$CALLS"\nwhile [ "$1" != -o ]; do shift; done\n'
            'printf "the package" >"$2"\n',
    # Permissions that were just given take a moment to be known.
    "aws": """echo "aws $*" >>"$CALLS"
case $1 in
s3) while [ "$2" ]; do shift; done; printf "the package" >"$1" ;;
*) [ -e "$CALLS.slept" ] || exit 254; echo the-token ;;
esac
""",
    "sleep": 'touch "$CALLS.slept"\n',
}


class Instance:
    """One that ran its user data, with root for / and notes instead of programs
    that would change the machine."""

    def __init__(self, stack, root):
        self.root = root
        self.calls_file = root / "calls"
        for name in ("bin", "run", "etc/systemd/system", "usr/local/sbin",
                     "var/lib/cloud/data"):
            (root / name).mkdir(parents=True)
        (root / "var/lib/cloud/data/instance-id").write_text("i-0123\n")
        for name, text in FAKES.items():
            (root / "bin" / name).write_text("#!/bin/sh\n" + text)
            (root / "bin" / name).chmod(0o755)
        self.env = {**bare_environ(root), "CALLS": str(self.calls_file),
                    "PATH": "%s:%s" % (root / "bin", os.environ["PATH"])}
        text = re.sub("(?<=[ =>:])(?=/(etc|run|usr/local|var)/)", str(root),
                      user_data(stack))
        subprocess.run(["bash", "-c", text], env=self.env, timeout=60,
                       check=True)

    def run(self, name):
        """One of its programs: (its exit status, its calls of others)"""
        before = len(self.calls())
        done = subprocess.run(
            [self.root / "usr/local/sbin" / name], env=self.env, timeout=60,
            capture_output=True, text=True, check=False)
        return done.returncode, self.calls()[before:]

    def calls(self):
        return self.calls_file.read_text().splitlines()


def test_what_an_instance_does_at_its_first_boot(moto, tmp_path):
    stack = on_ec2(moto)
    instance = Instance(stack, tmp_path)
    assert instance.calls() == [
        "systemctl daemon-reload", "systemctl enable trailpost-install",
        "systemctl start --no-block trailpost-install"]
    status, calls = instance.run("trailpost-install")
    assert status == 0
    assert [c.split()[0] for c in calls] == [
        "apt-get", "apt-get", "aws", "apt-get", "systemctl", "systemctl",
        "systemctl", "aws", "aws"]
    assert " s3://packages/t/trailpost_1.deb " in calls[2]
    assert calls[3].endswith(" install %s/run/trailpost.deb" % tmp_path)
    assert calls[5] == "systemctl restart trailpost"
    # Told only when it runs; once more, since the first was refused.
    assert calls[7] == calls[8]
    assert calls[8].startswith("aws cloudformation signal-resource ")
    assert calls[8].endswith(
        " --logical-resource-id Instances --status SUCCESS "
        "--unique-id i-0123")


def test_an_instance_fetches_the_token(moto, tmp_path):
    stack = on_ec2(moto)
    instance = Instance(stack, tmp_path)
    token = tmp_path / "run/trailpost-token"
    status, calls = instance.run("trailpost-token")
    assert status == 0
    assert token.read_text() == "the-token\n"
    assert token.stat().st_mode & 0o777 == 0o600
    # On no disk.
    assert [p for p in tmp_path.rglob("*") if p.is_file() and p != token and
            b"the-token\n" in p.read_bytes() and "bin" not in p.parts] == []
    first, asked = calls
    assert first == asked
    assert "aws secretsmanager get-secret-value " in asked
    conf = subprocess.run(
        [BINARY, "-c", tmp_path / "etc/trailpost/trailpost.conf", "-o",
         "dassana_token_file=%s" % token, "--print-config"],
        env=instance.env, capture_output=True, text=True, timeout=60,
        check=False)
    assert "queue_url = %s\n" % stack.outputs["QueueUrl"] in conf.stdout


def test_an_instance_fetches_from_elsewhere(moto, tmp_path):
    url = "https://example.com/t.deb?a=1"
    instance = Instance(on_ec2(moto, PackageUrl=url), tmp_path)
    status, calls = instance.run("trailpost-install")
    assert status == 0
    assert calls[2].startswith("curl ") and calls[2].endswith(" " + url)


def test_an_instance_without_a_mirror_tries_again(moto, tmp_path):
    instance = Instance(on_ec2(moto), tmp_path)
    (tmp_path / "calls.no-apt").touch()
    status, calls = instance.run("trailpost-install")
    assert status != 0 and len(calls) == 1
    (tmp_path / "calls.no-apt").unlink()
    assert instance.run("trailpost-install")[0] == 0


def test_an_instance_does_not_install_what_it_was_not_told_to(moto, tmp_path):
    instance = Instance(on_ec2(moto, PackageSha256="0" * 64), tmp_path)
    status, calls = instance.run("trailpost-install")
    assert status != 0
    assert [c.split()[0] for c in calls] == ["apt-get", "apt-get", "aws"]


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
