"""The package on a machine with a running systemd: run inside one that boot.sh
boots, DEB being the path of the package, and OLD_DEB that of one that is older."""

import os

import pytest
from machine import run, write
from process import ROOT

pytestmark = pytest.mark.skipif(
    "MACHINE" not in os.environ or "DEB" not in os.environ,
    reason="for a machine of its own and a package: tests/reach")

NEW, OLD = os.environ.get("DEB"), os.environ.get("OLD_DEB")
CONF = "/etc/trailpost/trailpost.conf"


def dpkg(*words):
    return run("dpkg", *words).stdout


def traces():
    """Files of trailpost, but for the tree that this is a part of."""
    return [path for path in run(
        "find", "/", "-xdev", "-path", ROOT, "-prune", "-o", "-iname",
        "*trailpost*", "-print").stdout.splitlines()
            if not path.startswith("/var/cache/")]


@pytest.fixture(scope="module", autouse=True)
def prepared():
    """Nothing of what is in /usr/local here; and nothing forbids packages to
    restart what runs, as images for containers do."""
    run("rm", "-rf", "/usr/sbin/policy-rc.d", *traces())
    run("systemctl", "daemon-reload")


@pytest.fixture
def installed():
    yield dpkg("-i", NEW)
    dpkg("-P", "trailpost")


def state(name):
    return [run("systemctl", verb, name, check=False).stdout.strip()
            for verb in ("is-enabled", "is-active")]


def test_installing_neither_enables_nor_starts(installed):
    assert state("trailpost") == ["disabled", "inactive"]
    dpkg("-i", NEW)
    assert state("trailpost") == ["disabled", "inactive"]


def replace(package, units):
    """Each is then another process, of the program that lies there now."""
    before = [unit.pid() for unit in units]
    assert all(before)
    # The open poll would be waited for.
    units[0].standin.queue.end_polls()
    dpkg("-i", package)
    for unit, pid in zip(units, before):
        unit.wait_show("ActiveState", "active")
        assert unit.pid() not in (0, pid)
        assert os.readlink("/proc/%d/exe" % unit.pid()) == "/usr/bin/trailpost"
        assert os.path.exists(unit.show("FragmentPath"))
        assert unit.show("NeedDaemonReload") == "no"
    assert state("trailpost") == ["enabled", "active"]


def test_from_one_package_to_another_and_back(new_unit):
    dpkg("-i", OLD)
    units = [new_unit(name).start() for name in ("trailpost", "trailpost@b")]
    write("/etc/trailpost/mine", "kept\n")
    with open(CONF, encoding="ascii") as file:
        edited = file.read()
    run("systemctl", "enable", "trailpost")
    for package in NEW, OLD, NEW:
        replace(package, units)
        with open(CONF, encoding="ascii") as file:
            assert file.read() == edited

    units[0].standin.queue.end_polls()
    dpkg("-r", "trailpost")
    for unit in units:
        assert unit.show("ActiveState") == "inactive", unit.text()
    assert os.path.exists(CONF)
    dpkg("-P", "trailpost")
    assert traces() == []
