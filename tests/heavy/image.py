"""The image, built from the real Dockerfile by buildah and run by podman.

No registry is asked: the base is made by debootstrap, slimmed as Debian's own
slim images are. Everything lies in a store of its own under build/heavy, and
is used again while it is not older than a week.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))

from standin.server import own_port  # noqa: E402

HEAVY = os.environ.get("TRAILPOST_HEAVY", os.path.join(ROOT, "build", "heavy"))
STORE = ("--root", os.path.join(HEAVY, "store"),
         "--runroot", os.path.join(HEAVY, "run"))
DOCKERFILE = os.path.join(ROOT, "etc", "container", "Dockerfile")

RELEASE = "trixie"
BASE = "localhost/trailpost-test/debian:" + RELEASE
BUILT = "localhost/trailpost-test/build:latest"
IMAGE = "localhost/trailpost-test/trailpost:latest"
PYTHON = "localhost/trailpost-test/python:latest"

STALE_S = 7 * 24 * 3600
BUILD_S = 900
# What the slim images of Debian leave out as well.
SLIM = ("usr/share/doc", "usr/share/man", "usr/share/info",
        "usr/share/locale", "usr/share/lintian", "usr/share/groff")
SLIM_RULES = "".join("path-exclude /%s/*\n" % path for path in SLIM) + \
    "path-include /usr/share/doc/*/copyright\n"


# A tool is not there: the test that needs it is skipped, and says so.
Missing = pytest.skip.Exception


def need(*tools):
    for tool in tools:
        if shutil.which(tool) is None:
            raise Missing("WITHOUT %s: it is not installed" % tool.upper())
    if os.geteuid() != 0:
        raise Missing("WITHOUT ROOT: containers are built and run as root")


def run(*command, timeout=60, check=True, **options):
    """A command, its output kept; shown when it fails."""
    done = subprocess.run(command, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options)
    assert not check or done.returncode == 0, "%s: exit status %d\n%s" % (
        " ".join(command), done.returncode, done.stdout[-8000:])
    return done


def podman(*command, **options):
    return run("podman", *STORE, *command, **options)


def have(name):
    return podman("image", "exists", name, check=False).returncode == 0


def fresh(path):
    return os.path.exists(path) and \
        time.time() - os.path.getmtime(path) < STALE_S


def make_root(folder):
    """A minimal Debian, without what slim images lack."""
    try:
        run("debootstrap", "--variant=minbase", RELEASE, folder,
            timeout=BUILD_S)
    except AssertionError as error:
        raise Missing("WITHOUT MIRROR: %s" % str(error).splitlines()[-1])
    for path in SLIM:
        shutil.rmtree(os.path.join(folder, path), ignore_errors=True)
    for path in ("var/cache/apt", "var/lib/apt/lists", "dev"):
        shutil.rmtree(os.path.join(folder, path))
        os.makedirs(os.path.join(folder, path))
    with open(os.path.join(folder, "etc/dpkg/dpkg.cfg.d/docker"), "w",
              encoding="ascii") as file:
        # Nobody misses an image that was cut off by a power failure.
        file.write(SLIM_RULES + "force-unsafe-io\n")


def make_base():
    packed = os.path.join(HEAVY, RELEASE + ".tar")
    if not fresh(packed):
        folder = os.path.join(HEAVY, RELEASE)
        shutil.rmtree(folder, ignore_errors=True)
        make_root(folder)
        run("tar", "-C", folder, "-cf", packed + ".new", ".", timeout=120)
        os.rename(packed + ".new", packed)
        shutil.rmtree(folder)
    elif have(BASE):
        return
    podman("import", "-q", packed, BASE, timeout=120)


def bud(tag, *arguments, **options):
    """buildah's build, in a chroot: works without cgroups too."""
    return run("buildah", *STORE, "bud", "--isolation", "chroot",
               "--format", "docker", "--layers", "--pull-never",
               "--build-arg", "BASE=" + BASE, "--build-arg", "RUN_BASE=" + BASE,
               "-t", tag, *arguments, timeout=BUILD_S, **options)


def build():
    """All images; what is unchanged comes from the layers kept."""
    need("buildah", "podman", "debootstrap")
    os.makedirs(HEAVY, exist_ok=True)
    make_base()
    bud(BUILT, "--target", "build", "-f", DOCKERFILE, ROOT)
    bud(IMAGE, "-f", DOCKERFILE, ROOT)
    # What the last build made and this one did not use.
    podman("image", "prune", "--force", timeout=120)
    return IMAGE


def python():
    """A base with Python, in the place of an image of a registry."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "Dockerfile")
        with open(path, "w", encoding="ascii") as file:
            file.write("FROM %s\nRUN apt-get -q update && apt-get -qy install "
                       "--no-install-recommends python3\n" % BASE)
        bud(PYTHON, "-f", path, folder)
    return PYTHON


_kept = []


def free_port():
    """It is nobody else's while we live: own_port() says who can listen."""
    _kept.append(own_port())
    return _kept[-1].getsockname()[1]


def release():
    """Takes down what the store has mounted, so that `make clean` can remove
    it."""
    if shutil.which("podman") is None:
        return
    podman("image", "umount", "--all", "--force", check=False)
    with open("/proc/mounts", encoding="utf-8") as file:
        points = [line.split()[1] for line in file]
    for point in sorted(points, reverse=True):
        if point.startswith(os.path.realpath(HEAVY) + "/"):
            run("umount", point, check=False)


def version():
    """Of the tree, which is the Makefile's."""
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as file:
        return re.search(r"^VERSION := (\S+)", file.read(), re.M).group(1)


def config():
    """The image's own settings."""
    return json.loads(podman("image", "inspect", IMAGE).stdout)[0]


@contextlib.contextmanager
def mounted(name):
    """The files of an image, read-only by agreement."""
    try:
        yield podman("image", "mount", name).stdout.strip().splitlines()[-1]
    finally:
        podman("image", "umount", name)


def size_of(folder):
    """Bytes of its files, each once."""
    return int(run("du", "-sx", "--block-size=1", folder).stdout.split()[0])


def limits():
    """Ones that may be set where raising them is forbidden; podman's own
    defaults could not."""
    for name, kind in (("nofile", resource.RLIMIT_NOFILE),
                       ("nproc", resource.RLIMIT_NPROC)):
        hard = resource.getrlimit(kind)[1]
        most = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
        yield "--ulimit=%s=%d:%d" % (name, most, most)


# crun can do without cgroups, and cannot use both kinds at once; runc needs
# them. Found out once.
WAYS = (("crun", ()), ("crun", ("--cgroups=disabled",)), ("runc", ()))
_way = []


def start(*options, network="none"):
    """The words that start a container here, before those of its image."""
    if not _way:
        _way.append(_find_way())
    name, more = _way[0]
    return ("--runtime", name, "run", *more, *limits(), "--network", network,
            *options)


def _find_way():
    for name, more in WAYS:
        if shutil.which(name) and podman(
                "--runtime", name, "run", "--rm", *more, *limits(),
                "--network", "none", BASE, "/bin/true",
                check=False).returncode == 0:
            return name, more
    raise Missing("WITHOUT RUNC: neither crun nor runc starts a container")


def main():
    """So that all is there when the tests begin, which wait for little."""
    try:
        build()
        python()
    except Missing as missing:
        print("images: %s" % missing)
    finally:
        release()


if __name__ == "__main__":
    main()
