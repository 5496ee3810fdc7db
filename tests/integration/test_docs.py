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

# Blocks that need what only other tests have: the test that runs each.
MACHINE = "systemd/test_guide.py"
ELSEWHERE = {
    "package": "heavy/test_deb.py",
    "systemd-settings": MACHINE, "systemd-token": MACHINE,
    "systemd-start": MACHINE, "systemd-reload": MACHINE,
    "systemd-restart": MACHINE, "systemd-group": MACHINE,
    "systemd-several": MACHINE,
}
HERE = {
    "getting-started": ["names", "stack", "outputs", "look", "notify", "sns",
                        "eventbridge", "install", "settings", "check", "peek",
                        "foreground"],
    "deploy-systemd": ["parameters", "rotate-secret"],
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
    made.wrap("aws", aws)
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
    for name, path in ELSEWHERE.items():
        with open(os.path.join(ROOT, "tests", path),
                  encoding="utf-8") as file:
            assert '"%s"' % name in file.read(), path


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


def test_an_instance_from_the_stack(shell, cloud):
    guide = page("deploy-systemd")
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]
    subnet = cloud.client("ec2").create_subnet(
        VpcId=vpc["VpcId"], CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    block = guide["parameters"]
    block.lines = [line.replace("vpc-0123456789abcdef0", vpc["VpcId"]).replace(
        "subnet-0123456789abcdef0", subnet) for line in block.lines]
    deb = shell.folder / "build/deb/trailpost_0.1.0_amd64.deb"
    deb.parent.mkdir(parents=True)
    deb.write_text("the package")
    shell.run(block)
    assert not (shell.folder / "parameters.json").exists()
    groups = cloud.client("autoscaling").describe_auto_scaling_groups()
    assert len(groups["AutoScalingGroups"]) == 1
    # moto's CloudFormation makes no secrets.
    secrets = cloud.client("secretsmanager")
    secrets.create_secret(Name="trailpost/dassana-token", SecretString="old")
    shell.run(guide["rotate-secret"], stdin="tok-new\n")
    value = secrets.get_secret_value(SecretId="trailpost/dassana-token")
    assert value["SecretString"] == "tok-new\n"
