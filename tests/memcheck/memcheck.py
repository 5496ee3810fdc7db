#!/usr/bin/env python3
"""The program under valgrind's memcheck, against the stand-in.

Three lives: a job in which all goes well; the same with replies that fail,
break and lie; a configuration with mistakes. Of each: the exit status that
belongs there, everything delivered, not one error, no memory lost, and no file
left open at exit. Ends with: N passed, N failed.

From the environment: TRAILPOST, the program; BUILD, where reports are kept.
"""

import os
import re
import shutil
import stat
import sys
import tempfile
import time
import traceback

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, name)
                for name in ("integration", "samples", "peers")] + [TESTS]

BINARY = os.path.abspath(os.environ.get(
    "TRAILPOST", os.path.join(os.path.dirname(TESTS), "build", "trailpost")))
REPORTS = os.path.abspath(os.path.join(
    os.environ.get("BUILD", "build"), "memcheck"))
SUPPRESSIONS = os.path.join(TESTS, "memcheck", "valgrind.supp")
FILES = 20
WAIT_S = 120

WRAPPER = """#!/bin/sh
exec valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect \\
	--errors-for-leak-kinds=definite,indirect --track-fds=yes \\
	--suppressions=%s --error-exitcode=99 --log-file=%s/%%p.log %s "$@"
"""


def make_wrapper():
    """A program that runs ours under valgrind, for the class Daemon."""
    shutil.rmtree(REPORTS, ignore_errors=True)
    os.makedirs(REPORTS)
    path = os.path.join(REPORTS, "trailpost")
    with open(path, "w", encoding="ascii") as file:
        file.write(WRAPPER % (SUPPRESSIONS, REPORTS, BINARY))
    os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    os.environ["TRAILPOST"] = path


make_wrapper()

from jobs import await_all, put_files  # noqa: E402
from process import Daemon  # noqa: E402
from standin import Fault, Standin  # noqa: E402


def check_report(daemon_pid):
    """Raises if the report of that process says anything is wrong."""
    path = os.path.join(REPORTS, "%d.log" % daemon_pid)
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    # --quiet leaves errors, leaks, and the list of open files, the standard
    # ones left out; the report itself is one of them.
    assert "FILE DESCRIPTORS:" in text, "nothing told of files:\n" + text
    left = [line for line in re.findall(r"^==\d+== (Open .*)$", text, re.M)
            if not line.endswith(path)]
    assert not left, "open at exit: %s\n%s" % (left, text)
    assert not re.search(r"definitely lost|indirectly lost|Invalid |"
                         r"uninitialised|Mismatched", text), text


def job(standin, home, faults, **options):
    wanted = put_files(standin, FILES)
    faults(standin)
    daemon = Daemon(standin.journal, home)
    daemon.start({**standin.options(), "redeliver_after": "1s",
                  "batch_max_delay": "100ms", **options},
                 standin.environ(), ("-v",))
    pid = daemon.process.pid
    try:
        await_all(standin, daemon, wanted, WAIT_S)
        standin.queue.end_polls()
        daemon.stop(WAIT_S)
    except BaseException:
        sys.stdout.write(daemon.text() + "\n")
        raise
    finally:
        if daemon.process is not None:
            daemon.process.kill()
            daemon.process.wait()
    check_report(pid)


def no_faults(standin):
    del standin


def many_faults(standin):
    on = standin.faults.on
    on("s3.GET", Fault(status=503, code="SlowDown"), times=2)
    on("s3.GET", Fault(cut=200), times=3)
    on("dassana.POST", Fault(status=503), times=1)
    on("sqs.ReceiveMessage", Fault(
        status=500, code="InternalFailure"), times=1)
    on("sqs.DeleteMessageBatch", Fault(
        status=500, code="InternalFailure"), times=1)


def a_job(home):
    with Standin() as standin:
        job(standin, home, no_faults)


def a_job_with_faults(home):
    with Standin() as standin:
        job(standin, home, many_faults)


def a_wrong_configuration(home):
    with Standin() as standin:
        daemon = Daemon(standin.journal, home)
        daemon.start({**standin.options(), "gzip_level": "11", "what": "1"},
                     standin.environ())
        pid = daemon.process.pid
        assert daemon.wait_exit(WAIT_S) == 2, daemon.text()
        check_report(pid)


def main():
    passed = failed = 0
    for life in (a_job, a_job_with_faults, a_wrong_configuration):
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as home:
            try:
                life(home)
                passed += 1
            except Exception:  # whatever it is, the others are run too
                traceback.print_exc(file=sys.stdout)
                failed += 1
        print("memcheck %s: %.1f s" % (
            life.__name__, time.monotonic() - begin))
    print("%d passed, %d failed" % (passed, failed))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
