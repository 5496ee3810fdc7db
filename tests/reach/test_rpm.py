"""The package for Amazon Linux and Fedora, RPM being its path: what is in it, what it
does when it comes and goes. rpm puts it into a folder, without what it depends on."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.skipif("RPM" not in os.environ,
                                reason="reach.py builds it beforehand")
RPM = os.environ.get("RPM")
UNITS = ["trailpost.service", "trailpost@*.service"]


def ask(*words):
    return subprocess.run(["rpm", "-qp", *words, RPM], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


def test_what_is_in_it():
    files = ask("-l").split()
    for name in ("/usr/bin/trailpost", "/etc/trailpost/trailpost.conf",
                 "/usr/lib/systemd/system/trailpost.service",
                 "/usr/lib/systemd/system/trailpost@.service",
                 "/usr/share/doc/trailpost/docs/getting-started.md"):
        assert name in files
    assert any(f.startswith("/usr/share/man/man8/trailpost.8") for f in files)
    assert not any("local" in f or "build" in f for f in files)
    assert ask("--configfiles").split() == ["/etc/trailpost/trailpost.conf"]
    needed = ask("--requires")
    for name in ("libcurl.so.4", "libev.so.4", "libcrypto.so.3",
                 "ca-certificates"):
        assert name in needed


def scriptlet(name, number, tmp_path):
    """The calls of systemctl by a scriptlet that is given this many packages."""
    text = ask("--queryformat", "%{" + name.upper() + "}", "--nosignature")
    calls = tmp_path / "calls"
    calls.write_text("")
    fake = tmp_path / "systemctl"
    fake.write_text('#!/bin/sh\necho "$*" >>%s\n' % calls)
    fake.chmod(0o755)
    system = tmp_path / "system"
    system.mkdir(exist_ok=True)
    subprocess.run(
        ["sh", "-ec", text.replace("/run/systemd/system", str(system)), "sh",
         str(number)], check=True, cwd="/",
        env={"PATH": "%s:/usr/bin:/bin" % tmp_path})
    return calls.read_text().splitlines()


def test_it_neither_enables_nor_starts(tmp_path):
    for packages in 1, 2:
        assert scriptlet("postin", packages, tmp_path) == ["daemon-reload"]


def test_an_upgrade_restarts_what_runs_and_stops_nothing(tmp_path):
    assert scriptlet("preun", 1, tmp_path) == []
    assert scriptlet("postun", 1, tmp_path) == [
        "daemon-reload", "try-restart " + " ".join(UNITS)]


def test_a_removal_stops_it(tmp_path):
    assert scriptlet("preun", 0, tmp_path) == [
        "disable trailpost.service trailpost@.service",
        "stop " + " ".join(UNITS)]
    assert scriptlet("postun", 0, tmp_path) == ["daemon-reload"]


def test_an_edited_configuration_is_kept(tmp_path):
    def rpm(*words):
        subprocess.run(["rpm", "--root", str(tmp_path), "--dbpath", "/db",
                        "--nodeps", "--noscripts", *words], check=True)
    rpm("-i", RPM)
    program = tmp_path / "usr/bin/trailpost"
    said = subprocess.run([program, "--version"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert said.splitlines() == [
        "trailpost " + ask("--queryformat", "%{VERSION}").strip(),
        "deflate by zlib"]
    conf = tmp_path / "etc/trailpost/trailpost.conf"
    conf.write_text("# mine\n")
    rpm("-U", "--replacepkgs", RPM)
    assert conf.read_text() == "# mine\n"
    rpm("-e", "trailpost")
    assert not program.exists()
    assert (tmp_path / "etc/trailpost/trailpost.conf.rpmsave").read_text() == \
        "# mine\n"
