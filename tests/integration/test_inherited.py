"""Whatever a process has from the one that started it, it does its work."""

import ctypes
import os
import signal

import pytest
from issuer import Issuer, environ, write_profile
from jobs import await_all, put_files

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def with_process(standin, secrets, tmp_path):
    """A profile whose credentials come from a program; it leaves a process
    behind, which tells its id and goes on for a moment."""
    issuer = Issuer(standin, secrets, 3600)
    (tmp_path / "doc").write_text(
        issuer.document("SessionToken", Version=1))
    (tmp_path / "script").write_text(
        "sh -c 'echo $$ >%s/left; exec sleep 0.5' >&- 2>&- &\ncat %s/doc\n"
        % (tmp_path, tmp_path))
    write_profile(tmp_path, "[default]\ncredential_process = "
                  "sh %s/script\n" % tmp_path)
    return environ(standin)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_standard_files_that_are_closed(standin, daemon, closed):
    """No socket takes their place, and is written to as if it were the log."""
    running = daemon(
        before_exec=lambda: [os.close(fd) for fd in closed])
    await_all(standin, running, put_files(standin, 20))
    for fd in range(3):
        target = os.readlink("/proc/%d/fd/%d" % (running.process.pid, fd))
        assert target.startswith("pipe:" if fd == 2 and fd not in closed
                                 else "/dev/null"), target
    assert standin.journal.all("denied") == []


def test_what_cat_cannot_write_is_told(binary, new_daemon, tmp_path):
    """A standard output that is closed does not swallow it."""
    (tmp_path / "file").write_text('{"Records":[{"a":1}]}')
    running = new_daemon()
    running.status = 1
    running.start({}, {}, ("cat", str(tmp_path / "file")),
                  lambda: os.close(1))
    assert running.wait_exit() == 1


def test_signals_that_are_blocked(standin, daemon):
    running = daemon(before_exec=lambda: signal.pthread_sigmask(
        signal.SIG_BLOCK, signal.valid_signals()))
    await_all(standin, running, put_files(standin, 1))
    running.process.send_signal(signal.SIGHUP)
    running.wait_line("reload")
    running.stop()


def test_a_parent_that_ignored_its_children(standin, daemon, with_process):
    running = daemon(env=with_process, before_exec=lambda: signal.signal(
        signal.SIGCHLD, signal.SIG_IGN))
    await_all(standin, running, put_files(standin, 1))


def test_orphans_are_reaped(standin, daemon, with_process, tmp_path):
    """As by PID 1, which they come to in a container."""
    mine, told = os.pipe()

    def before_exec():
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        pid = os.fork()  # and one that is there from the start
        if pid == 0:
            os._exit(0)
        os.write(told, b"%d" % pid)
    running = daemon(env=with_process, before_exec=before_exec)
    os.close(told)
    with os.fdopen(mine, "rb") as file:
        pids = [int(file.read())]
    await_all(standin, running, put_files(standin, 1))
    left = tmp_path / "left"
    running.wait_for(lambda: left.exists() and left.read_text().endswith("\n"))
    pids.append(int(left.read_text()))
    running.wait_for(lambda: not any(
        os.path.exists("/proc/%d" % pid) for pid in pids), 10)
