"""The files of the units, as `make install` puts them in place."""

import os
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
UNITS = ["trailpost.service", "trailpost@.service"]
EXPOSURE_MAX = 1.5

analyze = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="there is no systemd here")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of the units, installed where their program is found."""
    prefix = str(tmp_path_factory.mktemp("prefix"))
    subprocess.run(
        ["make", "-C", ROOT, "-s", "QUIET=1", "install", "PREFIX=" + prefix,
         "SYSCONFDIR=%s/etc" % prefix,
         "BUILD=" + os.path.dirname(os.environ["TRAILPOST"])], check=True)
    return os.path.join(prefix, "lib/systemd/system")


def test_the_paths_are_those_of_the_installation(installed):
    prefix = installed[:-len("/lib/systemd/system")]
    for name in UNITS:
        text = read(os.path.join(installed, name))
        assert "/usr/local" not in text
        assert "ExecStart=%s/bin/trailpost -c %s/etc/trailpost/" % (
            prefix, prefix) in text
        assert "LoadCredential=dassana_token:%s/etc/trailpost/" % prefix in text
        assert "EnvironmentFile=-%s/etc/default/trailpost\n" % prefix in text


def settings(name):
    lines = read(os.path.join(ROOT, "systemd", name)).split("\n")
    return [line for line in lines if line and not line.startswith("#")]


def test_the_template_says_the_same():
    template = [line.replace("/%i.conf", "/trailpost.conf")
                .replace("/%i.token", "/dassana_token").replace(", %i", "")
                for line in settings(UNITS[1]) if "trailpost-%i" not in line]
    assert template == settings(UNITS[0])


@analyze
@pytest.mark.parametrize("name", UNITS)
def test_nothing_in_them_is_unknown(installed, name):
    path = os.path.join(installed, name.replace("@", "@x"))
    if "@" in name:
        shutil.copy(os.path.join(installed, name), path)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", path], check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # It tells of the machine's own units too.
    assert [line for line in done.stdout.splitlines()
            if "trailpost" in line] == []


@analyze
@pytest.mark.parametrize("name", UNITS)
def test_how_much_is_exposed(installed, name):
    subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager",
         "--threshold=%d" % (10 * EXPOSURE_MAX),
         os.path.join(installed, name)], check=True)


def test_more_time_than_the_program_takes_to_stop():
    text = read(os.path.join(ROOT, "systemd", UNITS[0]))
    example = read(os.path.join(ROOT, "etc", "trailpost.conf"))
    stop = int(text.split("TimeoutStopSec=")[1].split()[0])
    assert "#shutdown_timeout = 25s\n" in example
    assert stop >= 25 + 10
