"""Every command of the guide is run: here against moto and the stand-in, or
where ELSEWHERE says."""

import json
import os
import re
import subprocess

import boto3
import pytest
from components import PEERS, Missing, Moto
from guide import Shell, blocks, interrupt, page, pages
from jobs import delivered, make_file
from process import BINARY, ROOT

REGION = "eu-west-1"
BUCKET = "trail-bucket"

# Blocks that need what only other tests have, or that would run this very test:
# the file that runs each, and the word in it that does.
ELSEWHERE = {
    **{name: ("tests/systemd/test_guide.py", '"%s"' % name) for name in (
        "systemd-settings", "systemd-token", "systemd-start",
        "systemd-reload", "systemd-restart", "systemd-group",
        "systemd-several", "service-log")},
    "make-check": (".ci/run", "check-quick"),
    "build-and-test": (".ci/run", "check-quick"),
}
HERE = {
    "getting-started": ["names", "stack", "outputs", "look", "notify", "sns",
                        "eventbridge", "install", "settings", "check", "peek",
                        "foreground"],
    "configuration": ["in-force"],
    "credentials": ["prove", "hop-limit"],
    "deploy-systemd": ["package", "parameters", "rotate-secret"],
    "deploy-containers": ["image", "compose", "docker", "fargate", "ecs",
                          "kubernetes", "ecs-scaling"],
    "debugging": ["print-config", "verbose", "story", "cat"],
    "migrate-from-lambda": ["announce"],
    "redrive": ["alarm", "dead-letters", "look-at-it", "redrive"],
    "upgrade": ["upgrade-check"],
    "../README": ["demo"],
}
KEYS = {"AWS_ACCESS_KEY_ID": "root", "AWS_SECRET_ACCESS_KEY": "root"}


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    try:
        with Moto(tmp_path_factory.mktemp("moto")) as made:
            yield made
    except Missing as missing:
        pytest.skip("WITHOUT MOTO: %s" % missing)


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
    made.fake("aws", 'exec %s "$@" --endpoint-url "$AWS_ENDPOINT_URL"\n'
              % aws)
    return made


# The guide itself


def marked():
    return [b for path in pages() for b in blocks(path)
            if b.has_commands() or b.name or b.language in (
                "console", "sh", "bash", "shell")]


def test_every_block_of_commands_is_marked_and_run():
    bad = [b for b in marked()
           if not b.name or b.language != "console" or not b.has_commands()]
    assert not bad
    names = [b.name for b in marked()]
    assert len(names) == len(set(names))
    here = [name for names in HERE.values() for name in names]
    assert sorted(names) == sorted(here + list(ELSEWHERE))


def test_what_is_run_elsewhere_is_run_there():
    for name, (path, word) in ELSEWHERE.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            assert word in file.read(), (name, path)


def test_settings_that_are_shown_exist(tmp_path):
    known = set(re.findall(r"^#?(\w+) =", subprocess.run(
        [BINARY, "--print-default-config"], capture_output=True, text=True,
        timeout=30, check=True).stdout, re.M))
    shown = [(b, key) for path in pages() for b in blocks(path)
             if b.language == "ini" and "[" not in b.lines[0]
             for key in re.findall(r"^(\w+) *=", "\n".join(b.lines), re.M)]
    assert shown
    assert not [(b, key) for b, key in shown if key not in known]


def test_json_that_is_shown_is_json():
    shown = [b for path in pages() for b in blocks(path)
             if b.language == "json"]
    assert shown
    for block in shown:
        json.loads("\n".join(block.lines))


def anchors(path):
    with open(path, encoding="utf-8") as file:
        titles = re.findall(r"^#+ (.*)$", file.read(), re.M)
    return {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-")
            for t in titles}


def test_links_lead_somewhere():
    for path in pages():
        with open(path, encoding="utf-8") as file:
            links = re.findall(r"\]\(([^)\s]+)\)", file.read())
        for link in links:
            name, _, anchor = link.partition("#")
            if "://" in link:
                continue
            target = os.path.normpath(os.path.join(
                os.path.dirname(path), name)) if name else path
            assert os.path.exists(target), (path, link)
            assert not anchor or anchor in anchors(target), (path, link)


def problems_logged():
    """The names of events that the source may log at warn or error."""
    found = set()
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if not name.endswith(".c"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            # The text up to the first field. A level that is told beforehand
            # may be one of these.
            for call, head in re.findall(
                    r"\bLOG_(WARN|ERROR|AT|EACH)\(\s*(.*?)(?:F_\w+\(|\);)",
                    text, re.S):
                if call in ("WARN", "ERROR") or re.search(
                        r"LOG_LVL_(WARN|ERROR)|\blevel\b", head):
                    found |= set(re.findall(r'"([a-z][\w.]*)"', head))
    return found


def test_every_problem_has_its_row_in_troubleshooting():
    logged = problems_logged()
    assert {"sqs.receive", "object.failed", "config.mistake", "start",
            "dassana.retry", "creds.fetch"} <= logged
    with open(os.path.join(ROOT, "docs", "troubleshooting.md"),
              encoding="utf-8") as file:
        told = set(re.findall(r"^\| `([a-z0-9_.]+)`", file.read(), re.M))
    assert told == logged


def test_figures_are_up_to_date():
    subprocess.run(["/usr/bin/python3", os.path.join(
        ROOT, "tests", "bench", "plot.py"), "--check"], timeout=30, check=True)


# Its commands


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


def test_getting_started(shell, standin, cloud):
    guide = page("getting-started")
    for name in "names", "stack", "outputs", "look":
        done = shell.run(guide[name])
    assert done.stdout == ""  # There is no notification yet.
    shell.run(guide["notify"])
    cloud.purge()  # S3's test message
    wanted = cloud.put_files(3)
    for name in "sns", "eventbridge":
        shell.run(guide[name])
    assert cloud.topic in "".join(guide["sns"].lines)
    shell.run(guide["install"])
    shell.run(guide["settings"], stdin=standin.token + "\n")
    token = shell.folder / "dassana_token"
    assert token.stat().st_mode & 0o777 == 0o600
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


def test_the_package_and_an_instance_from_the_stack(shell, cloud):
    guide = page("deploy-systemd")
    shell.fake("make", 'mkdir -p build/deb\n[ "$*" = deb ]\n'
               "echo package >build/deb/trailpost_0.1.0_amd64.deb\n")
    shell.fake("apt-get", 'test "$1" = install && test -f "$2"\n')
    shell.run(guide["package"])
    shell.run(put_network_in(guide["parameters"], cloud))
    assert not (shell.folder / "parameters.json").exists()
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()
    assert len(groups["AutoScalingGroups"]) == 1
    # moto's CloudFormation makes no secrets.
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="trailpost/dassana-token", SecretString="old")
    shell.run(guide["rotate-secret"], stdin="tok-new\n")
    value = secrets.get_secret_value(SecretId="trailpost/dassana-token")
    assert value["SecretString"] == "tok-new\n"


def settings(shell, standin, queue_url, path="clone/trailpost.conf"):
    """A reader's settings, where the page takes them to be."""
    file = shell.root.parent / path
    file.parent.mkdir(parents=True, exist_ok=True)
    token = shell.root.parent / "token"
    token.write_text(standin.token + "\n")
    token.chmod(0o600)
    file.write_text("queue_url = %s\ndassana_token_file = %s\n"
                    "shutdown_timeout = 6s\n" % (queue_url, token))


def test_configuration_and_credentials(shell, standin, cloud):
    queue_url = cloud.stack()
    settings(shell, standin, queue_url, "root/etc/trailpost/trailpost.conf")
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


# docker, in so far as the program is run with the variables and arguments that
# its container would have.
DOCKER = r"""
case $1 in
build) shift; while [ $# -gt 0 ]; do
		if [ "$1" = -f ]; then test -f "$2" || exit 1; fi; shift
	done; exit ;;
compose) test "$2" = -f && test -f "$3" && test "$4" = up; exit ;;
run) shift ;;
*) exit 1 ;;
esac
while [ "$1" != trailpost ]; do
	case $1 in
	--env-file) while IFS= read -r line; do
			case $line in *=*) export "$line" ;; esac
		done <"$2"; shift 2 ;;
	--stop-timeout | --memory) shift 2 ;;
	--rm | --read-only) shift ;;
	*) exit 1 ;;
	esac
done
exec "$@"
"""


def test_docker(shell, standin, cloud):
    guide = page("deploy-containers")
    queue_url = cloud.stack()
    wanted = cloud.put_files(2)
    shell.fake("docker", DOCKER)
    assert shell.run(guide["image"]).stdout.endswith("trailpost 0.1.0\n")
    shell.run(guide["compose"])
    block = put_in(
        guide["docker"], token=("paste-it-here", standin.token), queue=(
            "https://sqs.eu-west-1.amazonaws.com/111122223333/trail",
            queue_url))
    run_until_delivered(shell, block, standin, cloud, wanted)
    file = shell.folder / "trailpost.env"
    assert file.stat().st_mode & 0o777 == 0o600
    standin.dassana.problems.clear()


def test_fargate_and_ecs(shell, cloud):
    guide = page("deploy-containers")
    shell.run(put_network_in(guide["fargate"], cloud))
    ecs = cloud.client("ecs")
    cluster, = ecs.list_clusters()["clusterArns"]
    assert len(ecs.list_services(cluster=cluster)["serviceArns"]) == 1
    ecs.create_cluster(clusterName="your-cluster")
    _, subnet, group = cloud.network()
    shell.run(put_in(guide["ecs"],
                     subnet=("subnet-0123456789abcdef0", subnet),
                     group=("sg-0123456789abcdef0", group)))
    shell.run(guide["ecs-scaling"])
    policies = cloud.client("application-autoscaling").\
        describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert len(policies) == 1


def test_kubernetes(shell):
    """There is no cluster: the files are there, and the words are kubectl's.
    What the files say is tested beside the image."""
    (shell.folder / "dassana_token").write_text("tok\n")
    shell.fake("kubectl", """case "$*" in
"create secret generic trailpost --from-file=dassana_token="*)
	test -f "${5#*=*=}" ;;
"apply -f "*) test -f "$3" ;;
*) exit 1 ;;
esac
""")
    shell.run(page("deploy-containers")["kubernetes"])


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
    wanted = cloud.put_files(1)
    process = shell.start(guide["verbose"])
    standin.wait(lambda: standin.dassana.event_count >= len(wanted), 60)
    log = shell.folder / "trailpost.log"
    standin.wait(lambda: "event=message.deleted" in log.read_text(), 30)
    cloud.put_files(1, seed=9)
    interrupt(process)
    assert process.returncode == 0
    story = shell.run(guide["story"]).stdout.splitlines()
    assert "event=message.received" in story[0]
    for event in "object.opened", "message.deleted":
        assert any("event=%s " % event in line for line in story)
    events = put_example(cloud, 7)
    said = shell.run(guide["cat"]).stdout
    assert events[0].decode() in said
    assert said.endswith("\n7\n")


def test_files_from_before_the_queue(shell, standin, cloud):
    """More than one batch of messages; then the rest of a run that was broken
    off."""
    folder = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/"
    wanted = {}
    for number in range(124):
        _, data, events = make_file(2, 5000 + number)
        key = "%s%03d a+b=é.json.gz" % (folder, number)
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        wanted[key] = events
    queue_url = cloud.stack()
    done = shell.run(page("migrate-from-lambda")["announce"])
    assert done.stdout.split()[0] == "124"
    again = subprocess.run(
        ["sh", os.path.join(ROOT, "etc", "announce.sh"), BUCKET, folder,
         queue_url, sorted(wanted)[119]], env=shell.env, cwd=shell.folder,
        capture_output=True, text=True, timeout=120, check=True)
    assert len(again.stdout.splitlines()) == 4
    settings(shell, standin, queue_url)
    process = subprocess.Popen(
        [BINARY, "-c", "trailpost.conf"], cwd=shell.folder, env=shell.env,
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    all_events = [e for events in wanted.values() for e in events]
    try:
        standin.wait(lambda: set(all_events) <= set(
            standin.dassana.events()), 60)
    finally:
        cloud.put_files(1, seed=9)
        interrupt(process)


def test_redrive(shell, cloud):
    guide = page("redrive")
    cloud.stack()
    sqs = cloud.client("sqs")
    dead, = [u for u in sqs.list_queues()["QueueUrls"] if "DeadLetter" in u]
    shell.run(guide["alarm"])
    assert len(cloud.client("cloudwatch").describe_alarms()[
        "MetricAlarms"]) == 1
    sqs.send_message(QueueUrl=dead, MessageBody="the body of a message")
    said = shell.run(guide["dead-letters"]).stdout
    assert '"ApproximateNumberOfMessages": "1"' in said
    assert "the body of a message" in said
    events = put_example(cloud, 3)
    assert shell.run(guide["look-at-it"]).stdout.endswith(
        events[-1].decode() + "\n")
    # moto moves no messages: the CLI says whether it understands the command.
    aws = (shell.bin / "aws").read_text().splitlines()[-1]
    shell.fake("aws", """case $2 in
*-message-move-task*) set -- "$@" --generate-cli-skeleton output ;;
esac
%s
""" % aws)
    assert "TaskHandle" in shell.run(guide["redrive"]).stdout


def test_upgrade(shell, standin, cloud):
    settings(shell, standin, cloud.stack())
    said = shell.run(page("upgrade")["upgrade-check"]).stdout
    assert said.startswith("trailpost 0.1.0\n") and "✗" not in said
    standin.dassana.problems.clear()


def test_demo(shell):
    """Five seconds of it, as README.md shows it first."""
    said = shell.run(page("../README")["demo"]).stdout
    assert said
