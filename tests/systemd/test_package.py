"""The package on a machine with a running systemd: run inside one that boot.sh
boots, DEB being the path of the package."""

import os

import pytest
from machine import run

pytestmark = pytest.mark.skipif(
    "MACHINE" not in os.environ or "DEB" not in os.environ,
    reason="for a machine of its own and a package: tests/heavy")


def dpkg(*words):
    # The machine's libraries may come from another release.
    return run("dpkg", "--force-depends", *words).stdout


@pytest.fixture(scope="module", autouse=True)
def installed():
    """In the place of what is in /usr/local here; and nothing forbids packages
    to restart what runs, as images for containers do."""
    run("sh", "-c", "rm -rf /usr/local/bin/trailpost /etc/trailpost "
        "/usr/local/lib/systemd/system/trailpost* /usr/sbin/policy-rc.d")
    run("systemctl", "daemon-reload")
    dpkg("-i", os.environ["DEB"])


def state(name):
    return [run("systemctl", verb, name, check=False).stdout.strip()
            for verb in ("is-enabled", "is-active")]


def test_installing_neither_enables_nor_starts():
    assert state("trailpost") == ["disabled", "inactive"]


def test_an_upgrade_starts_nothing_that_did_not_run():
    dpkg("-i", os.environ["DEB"])
    assert state("trailpost") == ["disabled", "inactive"]


def test_an_upgrade_restarts_what_runs_and_a_removal_stops_it(new_unit):
    units = [new_unit(name).start() for name in ("trailpost", "trailpost@b")]
    run("systemctl", "enable", "trailpost")
    before = [unit.pid() for unit in units]
    assert all(before)
    # The open poll would be waited for.
    units[0].standin.queue.end_polls()
    dpkg("-i", os.environ["DEB"])
    for unit, pid in zip(units, before):
        unit.wait_show("ActiveState", "active")
        assert unit.pid() not in (0, pid)
    assert state("trailpost") == ["enabled", "active"]

    units[0].standin.queue.end_polls()
    dpkg("-r", "trailpost")
    for unit in units:
        assert unit.show("ActiveState") == "inactive", unit.text()
    assert os.path.exists("/etc/trailpost/trailpost.conf")
    dpkg("-P", "trailpost")
    for path in ("/etc/trailpost", "/usr/bin/trailpost",
                 "/lib/systemd/system/trailpost.service",
                 "/etc/systemd/system/multi-user.target.wants/"
                 "trailpost.service"):
        assert not os.path.lexists(path), path
