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
from jobs import put_files
from machine import Unit, run, write
from process import ROOT

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
        "/etc/trailpost", "/etc/default/trailpost")
    run("systemctl", "daemon-reload")


def test_the_guide(standin, reader):
    unit, first, second = reader
    standin.queue.poll_limit_s = 1  # A restart waits for the open poll.
    guide = page("deploy-systemd")
    follow(guide["systemd-settings"], url=(URL, standin.queue.url))
    # Where the stand-in is, which a reader need not say.
    with open(unit.conf_file, "a", encoding="ascii") as file:
        file.write("region = us-east-1\nendpoint_url = %s\n"
                   "dassana_endpoint = %s\n" % (standin.url,
                                                standin.dassana_url))
    follow(guide["systemd-token"], stdin=standin.token + "\n")
    said = follow(guide["systemd-start"])
    assert "Active: active (running)" in said
    assert "event=start" in said
    arrives(standin, unit, 1)

    pid = unit.pid()
    follow(page("debugging")["service-log"])
    unit.wait_line("event=reload.applied", "setting=log_level")
    arrives(standin, unit, 6)
    unit.wait_line("event=message.deleted")
    follow(guide["systemd-reload"])
    assert unit.pid() == pid
    follow(guide["systemd-restart"])
    assert unit.pid() != pid
    arrives(standin, unit, 2)

    assert follow(guide["systemd-watch"]).endswith("ok\n")
    follow(guide["systemd-group"])
    pid = unit.pid()
    arrives(standin, unit, 3)
    standin.token = "dsn-rotated"
    standin.dassana.tokens = {standin.token}
    with open("/etc/trailpost/rotating_token", "w", encoding="ascii") as file:
        file.write(standin.token + "\n")
    arrives(standin, unit, 4)
    assert unit.pid() == pid

    # The instances have their own tokens, by LoadCredential= again.
    write(unit.token_file, standin.token + "\n", 0o600)
    with open(unit.conf_file, encoding="ascii") as file:
        lines = [line for line in file if "rotating_token" not in line]
    write(unit.conf_file, "".join(lines))
    follow(guide["systemd-several"])
    assert unit.show("ActiveState") == "inactive"
    for one in first, second:
        one.wait_show("ActiveState", "active")
    arrives(standin, first, 5)


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


def test_an_instance_of_the_stack(standin, reader):
    """Without the package, which is installed here, and with a Secrets Manager
    that knows the permissions only when asked again."""
    unit = reader[0]
    fakes = {
        "apt-get": "exit 0\n",
        "curl": 'while [ "$1" != -o ]; do shift; done; printf deb >"$2"\n',
        "aws": "[ -e /run/asked ] || { touch /run/asked; exit 254; }\n"
               "cat /run/secret\n",
        "sleep": "exit 0\n"}
    for name, text in fakes.items():
        write("/usr/local/sbin/" + name, "#!/bin/sh\n" + text, 0o755)
    write("/run/secret", standin.token + "\n")
    # Where the stand-in is.
    write("/etc/default/trailpost", "AWS_ENDPOINT_URL=%s\n"
          "AWS_REGION=us-east-1\n" % standin.url)
    try:
        done = subprocess.run(
            ["bash", "-c", user_data(
                AWS_Region="us-east-1", AWS_StackName="trailpost",
                Queue=standin.queue.url, PackageUrl="https://example.com/p",
                DassanaEndpoint=standin.dassana_url,
                DassanaAppId=standin.APP_ID, PackageSha256=hashlib.sha256(
                    b"deb").hexdigest())],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60, check=False)
        assert done.returncode == 0, done.stdout
        unit.wait_show("ActiveState", "active")
        arrives(standin, unit, 1)
        assert os.path.exists("/run/asked")
        # A token that is replaced there is fetched by a restart.
        standin.queue.poll_limit_s = 1
        standin.token = "dsn-rotated"
        standin.dassana.tokens = {standin.token}
        write("/run/secret", standin.token + "\n")
        unit.systemctl("restart")
        arrives(standin, unit, 2)
    finally:
        run("rm", "-rf", "/etc/default/trailpost", "/run/asked", "/run/secret",
            "/etc/systemd/system/trailpost-token.service",
            *["/usr/local/sbin/" + name for name in fakes])
