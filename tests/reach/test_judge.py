"""What reach.py makes of what is no fault of ours, and of what is."""

import os
import subprocess
import sys
import time

import pytest
import reach

HERE = os.path.dirname(os.path.abspath(__file__))
# As apt says them, each for a mirror of another kind of trouble.
AWAY = [
    b"E: Failed to fetch http://deb.debian.org/debian/pool/main/m/make_1.deb  "
    b"Could not connect to deb.debian.org:80 (127.0.0.1)\n",
    b"W: Failed to fetch http://deb.debian.org/debian/dists/sid/InRelease  "
    b"Temporary failure resolving 'deb.debian.org'\n",
    b"E: Unable to fetch some archives, maybe run apt-get update or try with "
    b"--fix-missing?\n",
    b"Err:1 http://deb.debian.org/debian trixie InRelease\n",
]
OURS = [
    b"", b"src/net/url.c:7:1: error: Failed to fetch\n",
    b"E: Unable to locate package libnothing-dev\n",
    b"unit  3 passed, 1 failed, 0 skipped\n",
]


@pytest.mark.parametrize("status, said, become", [
    (0, AWAY[0], "passed"), (77, b"SKIPPED reach: it takes root\n", "skipped"),
    *((1, b"make deb\n" + text, "skipped") for text in AWAY),
    *((1, text, "failed") for text in OURS), (2, b"", "failed"),
    # Away for a while, and not what it ended for.
    (1, AWAY[3] + b"a test\n" * 100, "failed")])
def test_whose_fault_it_is(tmp_path, status, said, become):
    log = tmp_path / "log"
    log.write_bytes(said)
    assert reach.judge(status, log) == become
    assert become != "skipped" or b"SKIPPED reach: " in log.read_bytes()


def test_what_is_left_out_is_there():
    units = [name for _, _, names in os.walk(os.path.join(
        reach.ROOT, "tests", "unit")) for name in names]
    assert [name for name in reach.LONG if name + ".c" not in units] == []
    assert [path for path in reach.GUARDED
            if not os.path.exists(os.path.join(reach.ROOT, path))] == []
    assert set(reach.IN_CI) <= set(reach.ROWS)


def test_without_time_all_is_skipped(tmp_path):
    done = subprocess.run(
        [sys.executable, os.path.join(HERE, "reach.py"), "trixie/amd64/gcc"],
        env={**os.environ, "REACH": str(tmp_path), "REACH_UNTIL":
             str(time.time() - 1)}, timeout=60, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("0 passed, 0 failed, 4 skipped\n")
    assert "SKIPPED reach: " in done.stdout
