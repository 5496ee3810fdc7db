"""etc/cloudformation/trailpost.yaml: sound by cfn-lint, and made by moto in
each way; then what it made is looked at, and used."""

import json
import os
import re
import subprocess

import pytest
from components import PEERS
from jobs import delivered, make_file
from process import ROOT
from stack import (ACCOUNT, BUCKET, EC2, FARGATE, KEY, REGION, TEMPLATE, TOKEN,
                   TOPIC, WHERE, Stack, check_roles, refusals, resolve,
                   resolve_all)

TWO_WEEKS = str(14 * 24 * 3600)


def test_cfn_lint_finds_nothing():
    lint = os.path.join(PEERS, "guide", "bin", "cfn-lint")
    if not os.access(lint, os.X_OK):
        pytest.skip("WITHOUT GUIDE: cfn-lint is not installed "
                    "(tests/peers/install.sh)")
    done = subprocess.run([lint, TEMPLATE], capture_output=True, text=True,
                          timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "")


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
    assert "RoleArn" not in stack.outputs
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
        "TRAILPOST_DASSANA_APP_ID": "aws_cloudtrail",
        "TRAILPOST_LOG_FORMAT": "logfmt"}
    assert [s["name"] for s in container["secrets"]] == ["DASSANA_TOKEN"]
    assert container["stopTimeout"] == 40
    assert container["readonlyRootFilesystem"]
    assert TOKEN not in json.dumps(task)
    service, = ecs.describe_services(
        cluster=stack.resources["Cluster"],
        services=[stack.resources["Service"]])["services"]
    assert service["desiredCount"] == 2
    check_roles(stack, "ecs-tasks.amazonaws.com", "ExecutionRole")
    # As policies of another account name it.
    assert stack.outputs["RoleArn"] == "arn:aws:iam::%s:role/%s" % (
        ACCOUNT, stack.resources["Role"])


@pytest.mark.parametrize("way", [FARGATE, EC2], ids=["Fargate", "EC2"])
@pytest.mark.parametrize("keys,policies", [
    ({}, ["Policy"]), ({"KmsKeyArn": KEY}, ["Policy", "KeyPolicy"]),
    ({"QueueKmsKeyArn": KEY}, ["Policy", "KeyPolicy"])])
def test_what_runs_has_the_policy(moto, way, keys, policies):
    made = resolve_all(**WHERE, **way, **keys)
    assert [arn.split("/")[-1].split("-")[1] for arn in made["resources"][
        "Role"]["ManagedPolicyArns"] if arn] == policies


@pytest.mark.parametrize("way,told", [
    ({}, []), ({"AlarmTopicArn": TOPIC, "AlarmAgeSeconds": "600"}, [TOPIC])])
def test_alarms_for_what_is_dead(moto, way, told):
    made = resolve_all(**way)["resources"]
    for name, queue, metric, threshold in (
            ("OldMessages", "Queue", "ApproximateAgeOfOldestMessage",
             float(way.get("AlarmAgeSeconds", 3600))),
            ("DeadLetters", "DeadLetterQueue",
             "ApproximateNumberOfMessagesVisible", 0)):
        alarm = made[name]
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"],
                float(alarm["Threshold"]), alarm["ComparisonOperator"]) == (
            "AWS/SQS", metric, "Maximum", threshold, "GreaterThanThreshold")
        named, = alarm["Dimensions"]
        assert named["Name"] == "QueueName"
        assert named["Value"].startswith("trailpost-%s-" % queue)
        # An alarm stays while SQS counts nothing.
        assert alarm["TreatMissingData"] == "ignore"
        assert alarm["AlarmActions"] == alarm["OKActions"] == told


@pytest.mark.parametrize("given,fargate,kind", [
    ({}, "ARM64", "t4g.nano"), ({"Architecture": "amd64"}, "X86_64",
                                "t3.nano")])
def test_what_it_runs_on(moto, given, fargate, kind):
    made = resolve_all(**WHERE, **FARGATE, **given)["resources"]
    assert made["TaskDefinition"]["RuntimePlatform"] == {
        "CpuArchitecture": fargate, "OperatingSystemFamily": "LINUX"}
    made = resolve_all(**WHERE, **EC2, **given)["resources"]
    data = made["LaunchTemplate"]["LaunchTemplateData"]
    assert data["InstanceType"] == kind
    # Of the release that the image is of, so that one package fits both.
    assert data["ImageId"] == \
        "resolve:ssm:/aws/service/debian/release/%s/latest/%s" % (
            release_of_the_image(), given.get("Architecture", "arm64"))
    own = {"InstanceType": "m7g.large", "ImageId": "ami-1"}
    data = resolve_all(**WHERE, **EC2, **given, **own)["resources"][
        "LaunchTemplate"]["LaunchTemplateData"]
    assert {name: data[name] for name in own} == own


def release_of_the_image():
    with open(os.path.join(ROOT, "etc", "container", "Dockerfile"),
              encoding="utf-8") as file:
        return re.search(r"^ARG BASE=debian:(\d+)", file.read(), re.M).group(1)


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
