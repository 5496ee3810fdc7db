"""The commands of the guide, page by page, as a reader would type them."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import urllib.request

from backfills import announced, key_of
from guide import interrupt, page
from jobs import make_file
from process import ROOT
from reader import (BUCKET, REGION, cloud, put_in, put_network_in,
                    run_until_delivered, settings, shell)
from standin import shapes

__all__ = ["cloud", "shell"]  # fixtures


def begin(shell):
    """Steps 1 and 2 of getting-started.md; its blocks."""
    guide = page("getting-started")
    for name in "names", "stack", "outputs", "keep":
        shell.run(guide[name])
    return guide


def parameters(cloud):
    stack, = cloud.client("cloudformation").describe_stacks(
        StackName="trailpost")["Stacks"]
    return {p["ParameterKey"]: p["ParameterValue"]
            for p in stack["Parameters"]}


def name_all_parameters(cloud, **changed):
    """The stack anew: moto has no previous value of what was never named."""
    given = {**parameters(cloud), "SubnetIds": "", **changed}
    stacks = cloud.client("cloudformation")
    body = stacks.get_template(StackName="trailpost")["TemplateBody"]
    stacks.delete_stack(StackName="trailpost")
    stacks.create_stack(
        StackName="trailpost", TemplateBody=body if isinstance(body, str)
        else json.dumps(body), Capabilities=["CAPABILITY_IAM"], Parameters=[
            {"ParameterKey": k, "ParameterValue": v}
            for k, v in given.items()])


def test_getting_started(shell, standin, cloud):
    guide = begin(shell)
    # There is no notification yet.
    assert shell.run(guide["look"]).stdout == ""
    shell.run(guide["notify"])
    cloud.purge()  # S3's test message
    wanted = cloud.put_files(3)
    shell.run(guide["install"])
    shell.run(guide["settings"], stdin=standin.token + "\n")
    token = shell.folder / "dassana_token"
    assert token.stat().st_mode & 0o777 == 0o600
    attach(shell, guide, cloud)
    for name in "check", "peek":
        said = shell.run(guide[name]).stdout
        assert "✗" not in said
    assert "✓ object" in said, said
    # What check asks Dassana, and expects to be refused.
    assert set(standin.dassana.problems) == {"empty body"}
    standin.dassana.problems.clear()
    run_until_delivered(shell, guide["foreground"], standin, cloud, wanted)
    assert set(wanted) <= set(standin.dassana.events())
    assert (shell.root / "usr/local/share/man/man8/trailpost.8").exists()


def attach(shell, guide, cloud):
    """The stack's policy, to a role and a user that there are."""
    iam = cloud.client("iam")
    iam.create_role(RoleName="your-role", AssumeRolePolicyDocument="{}")
    iam.create_user(UserName="your-user")
    for name in "grant-role", "grant-user":
        shell.run(guide[name])
    for made in (iam.list_attached_role_policies(RoleName="your-role"),
                 iam.list_attached_user_policies(UserName="your-user")):
        policy, = made["AttachedPolicies"]
        assert "trailpost-Policy" in policy["PolicyName"]


def test_other_ways_to_notify(shell, cloud):
    """An update changes what it names, and nothing else."""
    guide = begin(shell)
    name_all_parameters(cloud, KeyPrefix="some/prefix/AWSLogs/")
    for name in "topic", "sns":
        shell.run(guide[name])
    topics = cloud.client("sns")
    assert cloud.topic in "".join(guide["sns"].lines)
    policy = topics.get_topic_attributes(TopicArn=cloud.topic)["Attributes"]
    assert BUCKET in policy["Policy"]
    before = parameters(cloud)
    assert before["KeyPrefix"] == "some/prefix/AWSLogs/"
    assert (before["Notifications"], before["SnsTopicArn"]) == (
        "SNS", cloud.topic)
    shell.run(guide["eventbridge"])
    assert parameters(cloud) == {**before, "Notifications": "EventBridge"}


PACKAGE = """mkdir -p build/deb
[ "$*" = deb ] && echo package >build/deb/trailpost_0.1.0_arm64.deb
"""


def test_the_package_and_an_instance_from_the_stack(shell, cloud):
    """In the place of step 2. moto cannot make it of a stack that is there."""
    start, guide = page("getting-started"), page("deploy-systemd")
    shell.run(start["names"])
    shell.fake("make", PACKAGE, known="make deb")
    shell.fake("apt-get", 'test "$1" = install && test -f "$2"\n')
    shell.run(guide["package"])
    cloud.s3.create_bucket(Bucket="your-packages", CreateBucketConfiguration={
        "LocationConstraint": REGION})
    shell.run(put_network_in(guide["parameters"], cloud))
    assert not (shell.folder / "parameters.json").exists()
    # What the instance will fetch is there.
    names = [o["Key"] for o in cloud.s3.list_objects_v2(
        Bucket="your-packages")["Contents"]]
    assert parameters(cloud)["PackageUrl"] == "s3://your-packages/%s" % names[0]
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()
    assert len(groups["AutoScalingGroups"]) == 1
    assert shell.run(guide["instance-console"]).stdout.strip()
    for name in "outputs", "look", "notify":  # step 3
        shell.run(start[name])
    told = cloud.s3.get_bucket_notification_configuration(Bucket=BUCKET)
    assert len(told["QueueConfigurations"]) == 1
    # moto's CloudFormation makes no secrets.
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="trailpost/dassana-token", SecretString="old")
    shell.run(guide["rotate-secret"], stdin="tok-new\n")
    value = secrets.get_secret_value(SecretId="trailpost/dassana-token")
    assert value["SecretString"] == "tok-new"


def test_configuration_and_credentials(shell, standin, cloud):
    queue_url = cloud.stack()
    settings(shell, standin, queue_url)
    cloud.put_files(1)
    said = shell.run(page("configuration")["in-force"]).stdout
    assert "queue_url = %s\n" % queue_url in said
    guide = page("credentials")
    said = shell.run(guide["prove"]).stdout
    assert "✓ object" in said and "✗" not in said, said
    standin.dassana.problems.clear()
    image = cloud.client("ec2").describe_images()["Images"][0]["ImageId"]
    made = cloud.client("ec2").run_instances(ImageId=image, MinCount=1,
                                             MaxCount=1)["Instances"][0]
    shell.run(put_in(guide["hop-limit"], instance=(
        "i-0abc", made["InstanceId"])))


EXAMPLE = "AWSLogs/111122223333/CloudTrail/example.json.gz"


def put_example(cloud, count):
    _, data, events = make_file(count, 77)
    cloud.s3.put_object(Bucket=BUCKET, Key=EXAMPLE, Body=data)
    return events


def test_debugging(shell, standin, cloud):
    guide = page("debugging")
    settings(shell, standin, cloud.stack())
    assert "# from trailpost.conf:1\n" in shell.run(
        guide["print-config"]).stdout
    # The first message is S3's test: there is no story in it.
    told = cloud.s3.get_bucket_notification_configuration(Bucket=BUCKET)
    cloud.s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={
            "QueueConfigurations": told["QueueConfigurations"]})
    wanted = cloud.put_files(1)
    process = shell.start(guide["verbose"])
    standin.wait(lambda: standin.dassana.event_count >= len(wanted), 60)
    log = shell.folder / "trailpost.log"
    standin.wait(lambda: "event=message.deleted" in log.read_text(), 30)
    cloud.put_files(1, seed=9)
    interrupt(process)
    assert process.returncode == 0
    assert "event=message.nothing " in log.read_text()
    story = shell.run(guide["story"]).stdout.splitlines()
    assert "event=message.received" in story[0]
    for event in "object.opened", "message.deleted":
        assert any("event=%s " % event in line for line in story)
    events = put_example(cloud, 7)
    said = shell.run(guide["cat"]).stdout
    assert events[0].decode() in said
    assert said.endswith("\n7\n")


def test_leave_out(shell):
    guide = page("leave-out")
    _, data, events = make_file(300)
    (shell.folder / "log.json.gz").write_bytes(data)
    lines = shell.run(guide["summary"]).stdout.splitlines()
    sizes = [int(line.split()[0]) for line in lines[1:-1]]
    assert sizes == sorted(sizes, reverse=True)
    assert lines[-1].split() == [str(sum(len(e) + 1 for e in events)),
                                 "100.0", "300", "-", "(all)"]
    kms = sum(int(line.split()[2]) for line in lines[1:-1]
              if "kms.amazonaws.com" in line)
    assert kms > 0
    assert shell.run(guide["try"]).stdout.split() == [str(300 - kms)]


def test_files_from_before_the_queue(shell, standin, cloud):
    """All of January; then the hours of a gap, and what a new queue needs."""
    wanted, gap = [], set()
    for number in range(124):
        _, data, events = make_file(2, 5000 + number)
        key = key_of(31, number, region=REGION, clock="%02d30" % (
            number % 24), end=" a+b=é.json.gz")
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        wanted += events
        if number % 24 in (11, 12):
            gap.add(key)
    queue_url = cloud.stack()
    settings(shell, standin, queue_url)
    guide = page("backfill")
    said = shell.run(guide["backfill-count"]).stderr
    assert "124 objects to announce" in said
    said = shell.run(put_in(guide["backfill-check"], profile=(
        "AWS_PROFILE=me", ""))).stdout
    assert "✓ list" in said and "✓ send" in said and "✗" not in said, said
    standin.dassana.problems.clear()
    shell.run(put_in(guide["backfill-run"], asked=(
        "january.state", "january.state --yes")))
    state = json.loads((shell.folder / "january.state").read_text())
    assert state["done"] and state["objects"] == 124
    said = shell.run(put_in(page("getting-started")["past"], bucket=(
        "$BUCKET", BUCKET))).stderr
    assert "124 objects to announce" in said
    sqs = cloud.client("sqs")
    messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    assert len(announced(m["Body"] for m in messages["Messages"])) == 124
    for message in messages["Messages"]:
        sqs.delete_message(QueueUrl=queue_url,
                           ReceiptHandle=message["ReceiptHandle"])
    shell.run(page("migrate-from-lambda")["backfill-gap"])
    messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10,
                                   VisibilityTimeout=0)
    assert set(announced(m["Body"] for m in messages["Messages"])) == gap


def test_redrive(shell, standin, cloud):
    guide = page("redrive")
    queue_url = cloud.stack()
    settings(shell, standin, queue_url)
    sqs = cloud.client("sqs")
    dead, = [u for u in sqs.list_queues()["QueueUrls"] if "DeadLetter" in u]
    shell.run(guide["alarm"])
    assert len(cloud.client("cloudwatch").describe_alarms()[
        "MetricAlarms"]) == 1
    events = put_example(cloud, 3)
    for key in EXAMPLE, "not/there":
        sqs.send_message(QueueUrl=dead, MessageBody=shapes.s3_event(
            BUCKET, key, region=REGION))
    said = shell.run(guide["dead-letters"]).stdout
    assert "2 messages seen of about 2, 1 fine, 1 gone" in said
    assert shell.run(guide["look-at-it"]).stdout.endswith(
        events[-1].decode() + "\n")
    assert "1 put back" in shell.run(guide["redrive"]).stdout
    moved = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
    assert any(EXAMPLE in m["Body"] for m in moved["Messages"])


def test_upgrade(shell, standin, cloud):
    settings(shell, standin, cloud.stack())
    said = shell.run(page("upgrade")["upgrade-check"]).stdout
    assert "trailpost 0.1.0\ndeflate by " in said and "✓ queue" in said
    assert "✗" not in said
    standin.dassana.problems.clear()


def test_upgrade_of_the_stack(shell, cloud):
    """All but the package stays as it was."""
    begin(shell)
    vpc, subnet, _ = cloud.network()
    name_all_parameters(cloud, RunOn="EC2", DassanaToken="tok", VpcId=vpc,
                        PackageUrl="s3://your-packages/old.deb",
                        PackageSha256="0" * 64, Processes="3",
                        KeyPrefix="some/prefix/AWSLogs/", SubnetIds=subnet)
    before = parameters(cloud)
    cloud.s3.create_bucket(Bucket="your-packages", CreateBucketConfiguration={
        "LocationConstraint": REGION})
    (shell.folder / "build/deb").mkdir()
    (shell.folder / "build/deb/trailpost_9.9.9_arm64.deb").write_text("new")
    shell.run(page("upgrade")["upgrade-stack"])
    after = parameters(cloud)
    key = after.pop("PackageUrl").removeprefix("s3://your-packages/")
    cloud.s3.head_object(Bucket="your-packages", Key=key)
    assert after.pop("PackageSha256") == hashlib.sha256(b"new").hexdigest()
    assert after == {k: v for k, v in before.items()
                     if not k.startswith("Package")}


def test_demo(shell):
    """Ten seconds of it, as README.md shows it first."""
    said = shell.run(page("../README")["demo"]).stdout
    assert "with status 503" in said and "with SIGKILL" in said
    assert "byte for byte" in said and "exit status 0" in said


def test_demo_leaves_it_running():
    demo = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, "tests/demo/demo.py")],
        env={**os.environ, "DEMO_PAUSE": "1"}, stdout=subprocess.PIPE,
        text=True)
    try:
        address = next(line.split()[1] for line in demo.stdout
                       if line.startswith("running"))
        with urllib.request.urlopen(address + "healthz", timeout=5) as answer:
            assert answer.status == 200
        demo.send_signal(signal.SIGINT)
        assert "exit status 0" in demo.communicate(timeout=60)[0]
        assert demo.returncode == 0
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()
