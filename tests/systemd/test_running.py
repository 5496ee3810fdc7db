"""trailpost as a service. systemd is a real one, in a machine that boot.sh has
booted, so this is not for running elsewhere."""

import os
import signal
import subprocess

import pytest
from jobs import delivered, put_files
from machine import run, wait, write
from standin import Fault

pytestmark = pytest.mark.skipif(
    "MACHINE" not in os.environ, reason="boot.sh runs it in a machine")

INFO, WARNING, ERROR = 6, 4, 3


def ship(standin, unit, files=2, seed=1):
    """Files get through, and nothing else did."""
    before = len(standin.dassana.events())
    wanted = put_files(standin, files, seed=seed)
    try:
        standin.wait(lambda: standin.dassana.event_count >= before
                     + len(wanted) and standin.queue.empty(), 20)
    except TimeoutError:
        raise AssertionError(unit.text()) from None
    assert len(standin.dassana.events()) == before + len(wanted)
    return wanted


def field_of(pid, name):
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return line.split()[1:]
    raise AssertionError(name)


def test_ready_with_the_first_credentials(standin, unit, imds):
    imds.works = False
    unit.systemctl("start", "--no-block")
    unit.wait_show("StatusText", lambda text: text.startswith(
        "waiting for credentials: "))
    assert unit.show("ActiveState") == "activating"
    assert standin.journal.all("sqs.poll") == []
    imds.works = True
    unit.wait_show("ActiveState", "active")
    ship(standin, unit)
    unit.wait_show("StatusText", "idle: waiting for messages")


def test_what_it_runs_as(standin, unit):
    pid = unit.start().pid()
    ship(standin, unit)
    assert int(field_of(pid, "Uid")[0]) >= 61184  # a dynamic one
    assert field_of(pid, "CapEff") == ["0" * 16]
    assert field_of(pid, "NoNewPrivs") == ["1"]
    assert field_of(pid, "Seccomp") == ["2"]
    # It can do to itself what it means to do, in the sandbox.
    assert not unit.lines("core dumps stay enabled")
    with open("/proc/%d/limits" % pid, encoding="ascii") as file:
        assert any(line.split()[:6] == ["Max", "core", "file", "size", "0",
                                        "0"] for line in file)
    with open("/proc/%d/environ" % pid, "rb") as file:
        assert standin.token.encode() not in file.read()


def test_the_status_tells_how_fast_it_goes(standin, unit):
    unit.start()
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    put_files(standin, 3)
    unit.wait_show("StatusText", lambda text: text.startswith(
        "0 events/s, 0.0 MB/s, 3 messages held, lag "))
    standin.open_gates()
    unit.wait_show("StatusText", lambda text: " events/s, " in text
                   and not text.startswith("0 "))


def test_lines_in_the_journal_have_priorities(standin, unit):
    unit.start()
    assert unit.wait_line("event=start")["PRIORITY"] == str(INFO)
    standin.faults.on("sqs.ReceiveMessage",
                      Fault(403, "AccessDenied", "not you"), times=1)
    standin.queue.end_polls()
    line = unit.wait_line("AccessDenied")
    assert line["PRIORITY"] in (str(WARNING), str(ERROR))
    assert not line["MESSAGE"].startswith("<")


def test_a_watchdog_ends_what_hangs(standin, unit):
    unit.configure(visibility_timeout="3s")
    unit.drop_in("[Service]\nWatchdogSec=6s\n")
    pid = unit.start().pid()
    ship(standin, unit)
    # It is fed.
    fed = unit.show("WatchdogTimestampMonotonic")
    unit.wait_show("WatchdogTimestampMonotonic",
                   lambda now: int(now) > int(fed) + 1_500_000)
    assert unit.pid() == pid
    os.kill(pid, signal.SIGSTOP)
    unit.wait_show("NRestarts", "1")
    unit.wait_show("ActiveState", "active")
    assert unit.pid() != pid
    ship(standin, unit, seed=2)


def test_it_starts_again_after_a_kill(standin, unit):
    # What a poll takes whose process was killed comes back after that time.
    unit.configure(visibility_timeout="3s")
    pid = unit.start().pid()
    os.kill(pid, signal.SIGKILL)
    unit.wait_show("NRestarts", "1")
    unit.wait_show("ActiveState", "active")
    ship(standin, unit)


def test_a_reload_applies_what_it_can(standin, unit):
    pid = unit.start().pid()
    ship(standin, unit)
    unit.configure(dassana_app_id="another", max_messages="7")
    standin.dassana.app_id = "another"
    unit.systemctl("reload")
    unit.wait_line("event=reload.applied", "setting=dassana_app_id")
    unit.wait_line("event=reload.pending", "setting=max_messages")
    # The token cannot have changed, and the log says why.
    unit.wait_line("event=reload ", "token=unchanged", "takes a restart")
    unit.wait_show("ActiveState", "active")
    ship(standin, unit, seed=2)
    assert unit.pid() == pid


def test_a_reload_with_mistakes_fails_and_changes_nothing(standin, unit):
    pid = unit.start().pid()
    unit.configure(gzip_level="11", s3_concurrency="many",
                   dassana_app_id="another")
    done = unit.systemctl("reload", check=False)
    assert done.returncode != 0
    for key in ("gzip_level", "s3_concurrency"):
        unit.wait_line("level=error", "event=config.mistake", key)
    # The check before it is no more than politeness.
    unit.systemctl("kill", "--kill-who=main", "--signal=HUP")
    unit.wait_line("event=reload ", "mistakes=2")
    unit.wait_show("ActiveState", "active")
    ship(standin, unit)
    assert unit.pid() == pid


def test_a_stop_finishes_the_work(standin, unit):
    unit.start()
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    wanted = put_files(standin, 3)
    # What has not begun is given back.
    standin.wait(lambda: standin.dassana.active > 0
                 and len(standin.journal.all("s3.GET")) == 3, 20)
    unit.systemctl("stop", "--no-block")
    unit.wait_show("StatusText", "draining 3 messages")
    assert unit.show("ActiveState") == "deactivating"
    standin.open_gates()
    standin.queue.end_polls()
    unit.wait_show("ActiveState", "inactive")
    assert unit.show("Result") == "success"
    assert unit.show("ExecMainStatus") == "0"
    assert delivered(standin, wanted)
    assert standin.queue.counts() == (0, 0)


def test_a_longer_time_to_stop_is_asked_for(standin, unit):
    unit.drop_in("[Service]\nTimeoutStopSec=1s\n")
    unit.configure(shutdown_timeout="20s")
    unit.start()
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    wanted = put_files(standin, 1)
    standin.wait(lambda: standin.dassana.active > 0, 10)
    unit.systemctl("stop", "--no-block")
    standin.queue.end_polls()
    begin = standin.journal.add("stop").t
    with pytest.raises(TimeoutError):
        wait(lambda: unit.show("ActiveState") == "inactive", 2.5)
    gate.open()
    unit.wait_show("ActiveState", "inactive")
    assert standin.journal.add("stopped").t - begin < 20
    assert unit.show("Result") == "success"
    assert delivered(standin, wanted)


@pytest.mark.parametrize("spoil,status,word", [
    (lambda unit: unit.configure(gzip_level="11"), "2", "gzip_level"),
    (lambda unit: write(unit.token_file, "\n", 0o600), "2", "dassana_token"),
    (lambda unit: os.unlink(unit.token_file), "243", ""),
])
def test_what_only_an_operator_can_mend_is_not_tried_again(
        unit, spoil, status, word):
    spoil(unit)
    assert unit.systemctl("start", check=False).returncode != 0
    unit.wait_show("ActiveState", "failed")
    assert unit.show("ExecMainStatus") == status
    assert unit.show("NRestarts") == "0"
    assert not word or unit.wait_line(word)


def test_a_token_rotates_with_a_restart(standin, unit):
    unit.configure(shutdown_timeout="2s")  # the old one delivers no more
    unit.start()
    ship(standin, unit)
    old, standin.token = standin.token, "dsn-rotated"
    standin.dassana.tokens = {standin.token}
    wanted = put_files(standin, 1, seed=2)
    unit.wait_show("StatusText", "paused: Dassana refused the token")
    write(unit.token_file, standin.token, 0o600)
    standin.queue.end_polls()
    unit.systemctl("restart")
    standin.wait(standin.queue.empty, 20)
    assert set(wanted) <= set(standin.dassana.events())
    assert old not in unit.text()


def test_a_token_rotates_without_a_restart_by_a_group(standin, unit):
    path = "/etc/trailpost/rotating"
    run("groupadd", "--system", "may-read")

    def put(token):
        write(path + ".new", token + "\n", 0o640)
        run("chgrp", "may-read", path + ".new")
        os.rename(path + ".new", path)

    put(standin.token)
    unit.drop_in("[Service]\nLoadCredential=\n"
                 "SupplementaryGroups=may-read\n")
    unit.configure(dassana_token_file=path)
    pid = unit.start().pid()
    ship(standin, unit)
    standin.token = "dsn-rotated"
    standin.dassana.tokens = {standin.token}
    put(standin.token)
    ship(standin, unit, seed=2)
    # The same by hand, before Dassana refuses the old one.
    standin.token = "dsn-again"
    standin.dassana.tokens.add(standin.token)
    put(standin.token)
    unit.systemctl("reload")
    unit.wait_line("event=reload ", "token=changed")
    standin.dassana.tokens = {standin.token}
    ship(standin, unit, seed=3)
    assert len(unit.lines("event=dassana.gate_closed")) <= 1
    assert unit.pid() == pid


PROCESS = """#!/bin/sh
[ -z "$NOTIFY_SOCKET$WATCHDOG_USEC" ] || exit 3
echo '{"Version": 1, "AccessKeyId": "%s", "SecretAccessKey": "%s",
"SessionToken": "%s"}'
"""


def test_a_credential_process_in_the_sandbox(standin, unit, imds):
    imds.works = False
    write("/usr/local/bin/creds", PROCESS % (
        standin.KEY_ID, standin.secret, standin.session), 0o755)
    write("/etc/trailpost/aws",
          "[default]\ncredential_process = /usr/local/bin/creds\n")
    unit.drop_in("[Service]\n"
                 "Environment=AWS_CONFIG_FILE=/etc/trailpost/aws\n")
    unit.start()
    ship(standin, unit)


def test_host_names_are_found_in_the_sandbox(standin, unit):
    with open("/etc/hosts", "a", encoding="ascii") as file:
        file.write("127.0.0.1 dassana.example\n")
    unit.configure(dassana_endpoint=standin.dassana_url.replace(
        "127.0.0.1", "dassana.example"), allow_plain_http="yes")
    unit.start()
    ship(standin, unit)


def test_two_of_the_template_share_a_queue(standin, new_unit):
    units = [new_unit("trailpost@" + name, max_messages="1")
             for name in ("one", "two")]
    for unit in units:
        unit.start()
    assert len({unit.pid() for unit in units}) == 2
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    wanted = put_files(standin, 2)
    # Each holds the one message that it may.
    standin.wait(lambda: standin.dassana.active == 2, 20)
    standin.open_gates()
    standin.wait(standin.queue.empty, 20)
    assert delivered(standin, wanted)


def test_the_units_are_sound_where_they_are_installed():
    for name in ("trailpost.service", "trailpost@x.service"):
        done = subprocess.run(["systemd-analyze", "verify", name],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=True)
        assert done.stdout == ""
