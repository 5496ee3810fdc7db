#!/usr/bin/python3
"""Builds, tests, packages and installs trailpost where it is to run: in bare
Debians of each release, for each architecture, with each compiler.

    reach.py [--ci] [ROW]...

Prints a table, and last a line "N passed, N failed, N skipped". A row is named as
it is in the table: trixie/amd64/gcc. --ci leaves out what takes long or mostly
repeats another row, and all of it when no commit of the last day is about files
that these rows guard. From REACH_UNTIL on, a time in seconds since 1970, steps are
skipped, and the one under way is ended. So are those that a mirror does not answer.

What each step said is in build/reach/log.
"""

import argparse
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
REACH = os.environ.get("REACH", os.path.join(ROOT, "build", "reach"))
STEP_S = 3600
UNTIL = float(os.environ.get("REACH_UNTIL", "inf"))
# apt's words for a mirror that is away, or was changed while it was read.
AWAY = re.compile(rb"^(E: (Failed|Unable) to fetch|W: Failed to fetch|Err:\d+) .*",
                  re.M)
# The last words of a step that ended for that: apt's, as setup.sh shows them.
LAST = 40
COLUMNS = ("built", "tested", "packaged", "installed")
GUARDED = ("Makefile", ".ci", "docs/man", "etc", "include", "src", "systemd",
           "tests/demo", "tests/lint", "tests/oom", "tests/oracle", "tests/reach",
           "tests/run.sh", "tests/setup.sh", "tests/sim", "tests/systemd",
           "tests/unit")

# Compiled without a warning; what guards jumps is on.
QUIET = """
make -j"$(nproc)" QUIET=1 %s %s >/tmp/out 2>&1 || { cat /tmp/out; exit 1; }
if grep -A 3 -i warning: /tmp/out; then exit 1; fi
"""
HARDENED = "sh tests/lint/hardened.sh $BUILD/src/commands/main.o\n"
# As the README has it, but for the integration tests.
NATIVE = {
    "built": "make setup-build\nBUILD=build\n" + QUIET % ("all", "") + HARDENED,
    "tested": "make setup-test\n" + QUIET % ("test-programs", "") + """
sh tests/run.sh lint unit oracle oom
make demo
""",
    "packaged": "make deb && ls build/deb/trailpost_*_*.deb\n",
    "installed": """
apt-get -qy install --no-install-recommends systemd systemd-sysv dbus
make setup-systemd
deb=$PWD/$(ls build/deb/trailpost_*_*.deb)
sh tests/reach/older.sh "$deb" build/older.deb
apt-get -qy install --no-install-recommends "$deb"
trailpost --version
dpkg -P trailpost
DEB=$deb OLD_DEB=$PWD/build/older.deb sh tests/systemd/boot.sh \\
	env DEB="$deb" OLD_DEB="$PWD/build/older.deb" \\
	python3 -m pytest -q -rs -p no:cacheprovider tests/systemd/test_package.py
""",
}
# The package for other systems as well, and what lintian has against ours.
NEWEST = {**NATIVE, "packaged": NATIVE["packaged"] + """
apt-get -qy install --no-install-recommends lintian python3-pytest
lintian --allow-root --fail-on error,warning build/deb/trailpost_*_amd64.deb
make rpm
RPM=$(ls build/rpm/RPMS/*/*.rpm) python3 -m pytest -q -rs -p no:cacheprovider \\
	tests/reach/test_rpm.py
"""}
CLANG = {
    "built": "make setup-build setup-fuzz\nBUILD=build/clang\n" +
             QUIET % ("all", "CC=clang BUILD=build/clang") + HARDENED,
    "tested": "make setup-test\n" +
              QUIET % ("test-programs", "CC=clang BUILD=build/clang") +
              "BUILD=build/clang sh tests/run.sh unit oracle\n",
}
# As it is where there is no ISA-L.
ZLIB = {
    "built": "make setup-build\n" + QUIET % ("all", "CODEC=zlib"),
    "tested": "make setup-test\n" + QUIET % ("test-programs", "CODEC=zlib") +
              "sh tests/run.sh unit oracle oom\n",
}
# With each compiler that the release offers, of those in use where AWS users are.
EACH = {
    "built": "make setup-build\n" + """
offered=$(apt-cache pkgnames | grep -xE 'gcc-1[2-6]|clang-(1[4-9]|20)' | sort)
[ -n "$offered" ]
for cc in $offered; do
	apt-get -qy install --no-install-recommends "$cc"
	BUILD=build/$cc
	""" + QUIET % ("all", "CC=$cc BUILD=$BUILD") + """
	rm -rf "$BUILD"
done
echo "compilers:" $offered
""",
}
# No release has clang 20, but Zig 0.15 compiles C with it.
CLANG20 = {
    "built": """
make setup-build
apt-get -qy install --no-install-recommends python3-venv
[ ! -e /etc/pip-cert ] || export PIP_CERT=/etc/pip-cert
python3 -m venv build/zig && build/zig/bin/pip -q install ziglang==0.15.1 || exit 77
cat >build/clang-20 <<'END'
#!/bin/sh
exec build/zig/bin/python -m ziglang cc -target x86_64-linux-gnu \\
	-idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu "$@"
END
chmod +x build/clang-20
build/clang-20 --version | grep 'clang version 20'
""" + QUIET % ("build/20/libtrailpost.a build/20/src/commands/main.o",
               "CC=build/clang-20 BUILD=build/20"),
}
# The libraries' headers are taken as they are.
MUSL = {
    "built": "make setup-build\napt-get -qy install musl-tools\n" + QUIET % (
        "build/musl/libtrailpost.a build/musl/src/commands/main.o",
        "CC=musl-gcc BUILD=build/musl CPPFLAGS='-idirafter /usr/include "
        "-idirafter /usr/include/x86_64-linux-gnu'"),
}
# QEMU's package calls it so no longer in sid.
EMULATOR = """
emulator=$(command -v qemu-aarch64-static || command -v qemu-aarch64)
"""
ARM64 = {
    "built": """
dpkg --add-architecture arm64
apt-get -q update
ARCH=arm64 sh tests/setup.sh deb
apt-get -qy install --no-install-recommends libcmocka-dev:arm64 \\
	qemu-user-static
BUILD=build/arm64
""" + QUIET % ("test-programs", "CC=aarch64-linux-gnu-gcc BUILD=$BUILD") +
             HARDENED,
    "tested": EMULATOR + "BUILD=build/arm64 EMULATOR=$emulator "
              "TEST_TIMEOUT=1500 LEAVE_OUT='%s' sh tests/run.sh unit\n",
    "packaged": "make deb ARCH=arm64 && ls build/deb/trailpost_*_arm64.deb\n",
    "installed": EMULATOR + """
apt-get -qy install --no-install-recommends "./$(ls \\
	build/deb/trailpost_*_arm64.deb)"
$emulator /usr/bin/trailpost --version
$emulator /usr/bin/trailpost -c /dev/null || [ $? = 2 ]
dpkg -P trailpost
[ ! -e /usr/bin/trailpost ]
""",
}
# As its Dockerfile has it, under emulation.
IMAGE = {"built": """
apt-get -qy install --no-install-recommends debootstrap buildah netavark \\
	qemu-user-static
sh tests/reach/image.sh /var/tmp/image
"""}
# Minutes each where they are emulated.
LONG = ("test_batcher", "test_delivery_model", "test_delivery_split",
        "test_model", "test_slots", "test_split", "test_stalls")
# Debian 12's emulator, QEMU 7.2, needs more than seven minutes of a processor for
# one of its tests; that of Debian 13 needs five for all tests together.
TOO_LONG = {"bookworm/arm64/gcc": ("test_slots",)}
ROWS = {
    "trixie/amd64/gcc": NEWEST, "trixie/arm64/gcc": ARM64,
    "trixie/amd64/clang": CLANG, "trixie/amd64/musl": MUSL,
    "trixie/amd64/zlib": ZLIB,
    "bookworm/amd64/gcc": NATIVE, "bookworm/amd64/clang": CLANG,
    "bookworm/arm64/gcc": ARM64,
    "sid/amd64/gcc": NATIVE, "sid/amd64/clang": CLANG, "sid/arm64/gcc": ARM64,
    "trixie/amd64/each": EACH, "bookworm/amd64/each": EACH,
    "sid/amd64/each": EACH, "trixie/amd64/clang20": CLANG20,
    "trixie/arm64/image": IMAGE,
}
# Debian 12 is what CI itself runs on. What takes longest comes late: the time
# may be over by then.
IN_CI = {**{row: tuple(ROWS[row]) for row in (
    "trixie/amd64/gcc", "trixie/amd64/clang", "trixie/amd64/musl",
    "trixie/arm64/gcc")},
         "bookworm/amd64/gcc": ("packaged", "installed")}


def changed():
    """Whether a commit of the last day is about what is guarded, as far as git can
    tell."""
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", ROOT, "log", "--since=1.day",
         "--format=%h", "--", *GUARDED], check=False, stdout=subprocess.PIPE)
    return done.returncode != 0 or done.stdout != b""


def enter(row, *command, log):
    """The exit status of a command in the row's own Debian, 77 if that can be had
    no longer."""
    limit = min(STEP_S, UNTIL - time.time())
    with open(log, "wb") as out:
        # A group of its own, so that nothing of it is left behind.
        child = subprocess.Popen(
            ["sh", os.path.join(HERE, "root.sh"), row.split("/")[0],
             row.replace("/", "-"), *command], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        try:
            return child.wait(max(limit, 0))
        except subprocess.TimeoutExpired:
            out.write(b"SKIPPED reach: CI has no more time\n"
                      if limit < STEP_S else b"not within %d s\n" % STEP_S)
            return 77 if limit < STEP_S else 1
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def judge(status, log):
    """What has become of a step; what is no fault of ours is skipped, with a word
    about it."""
    if status == 0:
        return "passed"
    with open(log, "rb") as file:
        away = AWAY.search(b"".join(file.readlines()[-LAST:]))
    if status != 77 and away is None:
        return "failed"
    if status != 77:
        with open(log, "ab") as file:
            file.write(b"SKIPPED reach: a mirror was away\n")
    return "skipped"


def tell(row, column, log):
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    print("---- %s: %s (%s)" % (row, column, os.path.relpath(log, ROOT)))
    print("\n".join(lines[-40:]), flush=True)


def run_row(row, ci):
    """What became of each column: passed, failed, skipped or none."""
    steps = {column: script for column, script in ROWS[row].items()
             if not ci or column in IN_CI[row]}
    if row.endswith("/arm64/gcc"):
        steps["tested"] %= " ".join(LONG if ci else TOO_LONG.get(row, ()))
    folder = os.path.join(REACH, "log")
    os.makedirs(folder, exist_ok=True)
    result = dict.fromkeys(steps, "skipped")
    log = os.path.join(folder, row.replace("/", "-") + "-%s.log")
    probe = log % "new"
    become = judge(enter(row, "--new", log=probe), probe)
    # sid does not always install itself: that is no fault of ours.
    if become == "passed" and row.startswith("sid/"):
        become = judge(enter(
            row, "sh", "-c", "apt-get -q update && apt-get -qy install "
            "--no-install-recommends build-essential libcurl4-openssl-dev || "
            "exit 77", log=probe), probe)
    if become != "passed":
        tell(row, "none", probe)
        return dict.fromkeys(steps, become)
    for column, script in steps.items():
        began, before = time.monotonic(), os.times()
        status = enter(row, "sh", "-euc", script, log=log % column)
        after = os.times()
        result[column] = judge(status, log % column)
        print("%s: %s: %s, %d s, %d s of a processor" % (
            row, column, result[column], time.monotonic() - began,
            after.children_user + after.children_system
            - before.children_user - before.children_system), flush=True)
        if status != 0:
            tell(row, column, log % column)
        else:
            with open(log % column, encoding="utf-8", errors="replace") as said:
                print("".join(line for line in said
                              if line.startswith("compilers: ")), end="")
        if column == "built" and status != 0:
            break
    # What failed is kept, to be entered by root.sh.
    if "failed" not in result.values():
        shutil.rmtree(os.path.join(REACH, "of-" + row.replace("/", "-")),
                      ignore_errors=True)
    return result


def table(results):
    words = {"passed": "yes", "failed": "NO", "skipped": "skipped", None: "–"}
    yield "%-9s %-6s %-6s" % ("release", "arch", "with") + \
        "".join(" %-9s" % column for column in COLUMNS)
    for row, result in results.items():
        yield "%-9s %-6s %-6s" % tuple(row.split("/")) + "".join(
            " %-9s" % words[result.get(column)] for column in COLUMNS)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ci", action="store_true")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    args = parser.parse_args()
    if args.ci and not changed():
        print("reach: nothing that it guards has changed within a day")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    os.makedirs(REACH, exist_ok=True)
    # Packages that were fetched are shared: one run at a time.
    alone = open(os.path.join(REACH, "alone"), "w", encoding="ascii")
    fcntl.flock(alone, fcntl.LOCK_EX)
    rows = args.rows or (IN_CI if args.ci else ROWS)
    results = {row: run_row(row, args.ci) for row in rows}
    print("\n".join(table(results)))
    found = [one for result in results.values() for one in result.values()]
    print("%d passed, %d failed, %d skipped" % tuple(
        found.count(word) for word in ("passed", "failed", "skipped")))
    return 1 if "failed" in found else 0


if __name__ == "__main__":
    sys.exit(main())
