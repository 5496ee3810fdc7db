"""The commands of docs/deploy-systemd.md, in a machine with a real systemd, in
the order in which a reader meets them. The reader's own values are put in; all
else is run as it stands there."""

import hashlib
import os
import re
import subprocess
import textwrap

import pytest
from guide import PRELUDE, page
from issuer import IDENTITY
from jobs import put_files
from machine import Unit, run, wait, write
from process import ROOT
from standin import Fault

pytestmark = pytest.mark.skipif(
    "MACHINE" not in os.environ, reason="boot.sh runs it in a machine")

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/trail"


def follow(block, stdin="", **replaced):
    text = block.script()
    for old, new in replaced.values():
        assert old in text
        text = text.replace(old, new)
    done = subprocess.run(
        ["bash", "-c", PRELUDE + text], input=stdin, text=True, timeout=90,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        cwd="/")
    assert done.returncode == 0, "%s: %s" % (block, done.stdout)
    return done.stdout


def arrives(standin, unit, seed):
    wanted = put_files(standin, 2, seed=seed)
    try:
        standin.wait(lambda: set(wanted) <= set(standin.dassana.events())
                     and standin.queue.empty(), 20)
    except TimeoutError:
        raise AssertionError(unit.text()) from None


@pytest.fixture
def reader(standin, imds):
    """One who has a machine, and no unit of it touched yet."""
    units = [Unit(name, standin) for name in (
        "trailpost", "trailpost@1", "trailpost@2")]
    yield units
    standin.open_gates()
    standin.queue.end_polls()
    run("systemctl", "disable", "--now", *[u.name for u in units],
        check=False)
    for unit in units:
        unit.clean_up()
    run("rm", "-rf", "/etc/systemd/system/trailpost.service.d",
        "/etc/systemd/system/trailpost@.service.d", "/etc/trailpost",
        *["/etc/default/trailpost" + end for end in ("", "-1", "-2")])
    run("systemctl", "daemon-reload")


def begin(standin, unit):
    """Settings and token, as far as the section Configure goes."""
    standin.queue.poll_limit_s = 1  # A restart waits for the open poll.
    guide = page("deploy-systemd")
    follow(guide["systemd-settings"], url=(URL, standin.queue.url))
    # Where the stand-in is, which a reader need not say.
    with open(unit.conf_file, "a", encoding="ascii") as file:
        file.write("region = us-east-1\nendpoint_url = %s\n"
                   "dassana_endpoint = %s\n" % (standin.url,
                                                standin.dassana_url))
    follow(guide["systemd-token"], stdin=standin.token + "\n")
    return guide


def proves(standin, block):
    """A check that finds nothing wrong, with an object to be read."""
    put_files(standin, 1, seed=90)
    standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))  # STS
    said = follow(block)
    assert "✗" not in said and "✓ object" in said, said
    assert set(standin.dassana.problems) == {"empty body"}
    standin.dassana.problems.clear()
    return said


def test_the_guide(standin, reader):
    unit = reader[0]
    guide = begin(standin, unit)
    proves(standin, guide["systemd-check"])
    said = follow(guide["systemd-start"])
    assert "Active: active (running)" in said
    assert "event=start" in said
    arrives(standin, unit, 1)

    pid = unit.pid()
    debugging = page("debugging")
    follow(debugging["service-log"])
    for _ in range(2):  # whatever was done before
        follow(debugging["service-debug"])
    unit.wait_line("event=reload.applied", "setting=log_level")
    arrives(standin, unit, 6)
    unit.wait_line("event=message.deleted")
    follow(debugging["service-debug-off"])
    unit.wait_line("event=reload.applied", "setting=log_level", count=2)
    follow(guide["systemd-reload"])
    assert unit.pid() == pid
    follow(guide["systemd-restart"])
    assert unit.pid() != pid
    arrives(standin, unit, 2)
    upgrade(unit)
    arrives(standin, unit, 7)


def upgrade(unit):
    """The program here is the new one, and systemd has read an old unit."""
    path = unit.show("FragmentPath")
    with open(path, "a", encoding="ascii") as file:
        file.write("# old\n")
    run("systemctl", "daemon-reload")
    run("install", "-D", "/usr/local/bin/trailpost", "/tmp/build/trailpost")
    write("/usr/local/sbin/make", "#!/bin/sh\nexec /usr/bin/make -s -C %s "
          "BUILD=/tmp/build -o /tmp/build/trailpost \"$@\"\n" % ROOT, 0o755)
    pid = unit.pid()
    try:
        follow(page("upgrade")["upgrade-systemd"])
    finally:
        os.remove("/usr/local/sbin/make")
    with open(path, encoding="ascii") as file:
        assert "# old" not in file.read()
    assert unit.show("NeedDaemonReload") == "no"
    assert unit.pid() != pid


def test_rotation_and_several(standin, reader):
    unit, first, second = reader
    guide = begin(standin, unit)
    follow(guide["systemd-start"])
    for _ in range(2):
        follow(guide["systemd-group"])
    pid = unit.pid()
    arrives(standin, unit, 3)
    standin.token = "dsn-rotated"
    standin.dassana.tokens = {standin.token}
    with open("/etc/trailpost/rotating_token", "w", encoding="ascii") as file:
        file.write(standin.token + "\n")
    arrives(standin, unit, 4)
    assert unit.pid() == pid

    # What they share has a token that only a group can read, and a port that
    # only one can have.
    assert follow(guide["systemd-watch"]).endswith("ok\n")
    for name in ("systemd-several", "systemd-several-ports",
                 "systemd-several-drop-ins", "systemd-several-start"):
        follow(guide[name])
    assert unit.show("ActiveState") == "inactive"
    for port, one in (9191, first), (9192, second):
        one.wait_show("ActiveState", "active")
        run("/usr/local/bin/trailpost", "-o",
            "admin_listen=127.0.0.1:%d" % port, "health")
    arrives(standin, first, 5)


def keys(standin, upper=False):
    pairs = {"aws_access_key_id": standin.KEY_ID,
             "aws_secret_access_key": standin.secret,
             "aws_session_token": standin.session}
    return "".join("%s=%s\n" % (name.upper() if upper else name, value)
                   for name, value in pairs.items())


def elsewhere(standin, unit, imds, block, stdin=""):
    """On a host that is none of EC2's; what a check says."""
    imds.works = False
    guide = begin(standin, unit)
    follow(block, stdin=stdin)
    said = proves(standin, guide["systemd-check-default"])
    follow(guide["systemd-start"])
    arrives(standin, unit, 1)
    follow(guide["systemd-reload"])
    return said


def test_keys_of_a_user(standin, reader, imds):
    said = elsewhere(standin, reader[0], imds, page("deploy-systemd")[
        "systemd-keys"], keys(standin, upper=True))
    assert "from environment" in said, said
    assert os.stat("/etc/default/trailpost").st_mode & 0o777 == 0o600


def test_a_profile(standin, reader, imds):
    write("/root/.aws/config", "[profile trailpost]\nregion=us-east-1\n")
    write("/root/.aws/credentials", "[trailpost]\n" + keys(standin), 0o600)
    try:
        said = elsewhere(standin, reader[0], imds, page("deploy-systemd")[
            "systemd-profile"])
    finally:
        run("rm", "-r", "/root/.aws")
    assert "from profile" in said, said


def user_data(**values):
    """What the CloudFormation template has an instance do at its first boot."""
    path = os.path.join(ROOT, "etc", "cloudformation", "trailpost.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read().partition("Fn::Base64: !Sub |\n")[2]
    lines = []
    for line in text.splitlines():
        if line and not line.startswith(" " * 12):
            break
        lines.append(line)
    text = textwrap.dedent("\n".join(lines)) + "\n"
    return re.sub(r"\$\{([\w:]+)\}", lambda found: values[found[1].replace(
        "::", "_")], text)


FAKES = {
    # Its first call finds no mirror.
    "apt-get": "[ -e /run/called ] || { touch /run/called; exit 100; }\n",
    "dpkg": "exit 0\n",
    # Secrets Manager knows the permissions only when it is asked again.
    "aws": """case $1 in
s3) while [ "$2" ]; do shift; done; printf deb >"$1" ;;
cloudformation)
	systemctl is-active trailpost >/run/active
	for word; do last=$word; done
	echo "$last" >/run/signal.new && mv /run/signal.new /run/signal ;;
secretsmanager)
	[ -e /run/asked ] || { touch /run/asked; exit 254; }
	cat /run/secret ;;
esac
""",
    "sleep": "exit 0\n"}


@pytest.fixture
def instance(standin):
    """The machine, where programs are there in whose place the instance has
    others; the package is installed."""
    for name, text in FAKES.items():
        write("/usr/local/sbin/" + name, "#!/bin/sh\n" + text, 0o755)
    write("/run/secret", standin.token + "\n")
    write("/var/lib/cloud/data/instance-id", "i-0123\n")
    # Where the stand-in is.
    write("/etc/default/trailpost", "AWS_ENDPOINT_URL=%s\n"
          "AWS_REGION=us-east-1\n" % standin.url)
    yield
    run("systemctl", "disable", "--now", "trailpost-install", check=False)
    run("rm", "-rf", "/etc/default/trailpost", "/var/lib/cloud",
        *["/run/" + name for name in ("called", "asked", "secret", "signal",
                                      "active", "trailpost-token")],
        *["/etc/systemd/system/trailpost-%s.service" % name
          for name in ("token", "install")],
        *["/usr/local/sbin/" + name for name in (
            "trailpost-token", "trailpost-install", *FAKES)])


def test_an_instance_of_the_stack(standin, reader, instance):
    unit = reader[0]
    text = user_data(
        AWS_Region="us-east-1", AWS_StackName="trailpost",
        AWS_StackId="arn:stack", Queue=standin.queue.url,
        DassanaEndpoint=standin.dassana_url, DassanaAppId=standin.APP_ID,
        PackageUrl="s3://packages/p",
        PackageSha256=hashlib.sha256(b"deb").hexdigest())
    assert "RestartSec=30\n" in text
    done = subprocess.run(
        ["bash", "-c", text.replace("RestartSec=30", "RestartSec=100ms")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    install = Unit("trailpost-install", standin)
    try:
        wait(lambda: os.path.exists("/run/signal"), 30)
    except TimeoutError:
        raise AssertionError(install.text() + unit.text()) from None
    install.wait_show("ActiveState", "inactive")
    assert install.show("Result") == "success"
    # Not again after a reboot; tried again meanwhile; told when it ran.
    assert install.show("UnitFileState") == "disabled"
    assert os.path.exists("/run/called")
    with open("/run/signal", encoding="ascii") as file:
        assert file.read() == "i-0123\n"
    with open("/run/active", encoding="ascii") as file:
        assert file.read() == "active\n"
    arrives(standin, unit, 1)
    assert os.path.exists("/run/asked")
    assert not os.path.exists(unit.token_file)
    assert os.stat("/run/trailpost-token").st_mode & 0o777 == 0o600
    # A token that is replaced there is fetched by a restart.
    standin.queue.poll_limit_s = 1
    standin.token = "dsn-rotated"
    standin.dassana.tokens = {standin.token}
    write("/run/secret", standin.token + "\n")
    unit.systemctl("restart")
    arrives(standin, unit, 2)
