"""The instance of etc/cloudformation/trailpost.yaml: what it may do, and what it
does at its first boot."""

import base64
import os
import re
import subprocess

import pytest
from process import BINARY, bare_environ
from stack import EC2, TOKEN, WHERE, Stack, check_roles, resolve_all


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
    "apt-get": """echo "apt-get $*" >>"$CALLS"
[ ! -e "$CALLS.no-apt" ] || exit 100
case " $* " in *" --simulate "*) [ ! -e "$CALLS.misfit" ] ;; esac
""",
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
        "apt-get", "apt-get", "aws", "apt-get", "apt-get", "systemctl",
        "systemctl", "systemctl", "aws", "aws"]
    assert " s3://packages/t/trailpost_1.deb " in calls[2]
    assert calls[4].endswith(" install %s/run/trailpost.deb" % tmp_path)
    assert calls[6] == "systemctl restart trailpost"
    # Told only when it runs; once more, since the first was refused.
    assert calls[8] == calls[9]
    assert calls[9].startswith("aws cloudformation signal-resource ")
    assert calls[9].endswith(
        " --logical-resource-id Instances --status SUCCESS "
        "--unique-id i-0123")


def test_a_package_that_does_not_fit_fails_the_stack_at_once(moto, tmp_path):
    instance = Instance(on_ec2(moto), tmp_path)
    (tmp_path / "calls.misfit").touch()
    status, calls = instance.run("trailpost-install")
    assert calls[-1].startswith("aws cloudformation signal-resource ")
    assert " --status FAILURE " in calls[-1]
    assert "systemctl disable trailpost-install" in calls
    assert not any("restart" in call for call in calls)
    # It is not tried again.
    unit = (tmp_path / "etc/systemd/system/trailpost-install.service")
    assert "RestartPreventExitStatus=%d\n" % status in unit.read_text()


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
    # Update, what fetches it, the package; it is told at the second try.
    assert [c.split()[0] for c in calls] == [
        "apt-get", "apt-get", "aws", "systemctl", "aws", "aws"]
    assert calls[3] == "systemctl disable trailpost-install"
    assert " --status FAILURE " in calls[-1]
    unit = (tmp_path / "etc/systemd/system/trailpost-install.service")
    assert "RestartPreventExitStatus=%d\n" % status in unit.read_text()
