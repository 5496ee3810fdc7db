"""The commands of docs/deploy-systemd.md, in a machine with a real systemd, in
the order in which a reader meets them. The reader's own values are put in; all
else is run as it stands there."""

import os
import subprocess

import pytest
from guide import PRELUDE, page
from jobs import put_files
from machine import Unit, run, write

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
        "/etc/trailpost")
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
