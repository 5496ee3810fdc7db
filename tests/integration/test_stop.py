"""How it ends, and how it refuses to begin."""

import subprocess

import pytest
from jobs import await_all, make_file, put_files
from process import bare_environ, parse
from standin import Fault


def test_sigterm_in_an_idle_long_poll(standin, daemon):
    running = daemon(shutdown_timeout="6s")
    running.wait_for(lambda: standin.queue.polling == 1)
    running.terminate()
    assert running.wait_exit(10) == 0


def held_during_shutdown(standin, daemon):
    """For how long a message is held that comes then."""
    running = daemon(shutdown_timeout="60s")
    running.wait_for(lambda: standin.queue.polling == 1)
    before = len(standin.journal.all())
    running.terminate()
    running.wait_line("drain")
    put_files(standin, 1)
    assert running.wait_exit(30) == 0, "it was waited for nothing"
    seen = standin.journal.all()[before:]
    received, = [e for e in seen if e.op == "sqs.receive" and e.given]
    released, = [e for e in seen if e.op == "sqs.visibility"]
    assert released.seconds == 0
    assert standin.journal.all("s3.GET") == []
    assert standin.queue.counts() == (1, 0), "it was made visible again"
    standin.queue.give_away()
    return released.t - received.t


def test_a_message_that_comes_during_shutdown_is_not_lost(standin, daemon):
    """Nor held for longer than it takes to let go of it."""
    assert any(held_during_shutdown(standin, daemon) < 1
               for _ in range(3))  # the machine may stand still for once


def test_sigterm_in_flight_delivers_what_can_be(standin, daemon):
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    wanted = put_files(standin, 8)
    running = daemon()
    # What has not begun is given back.
    running.wait_for(lambda: standin.dassana.active >= 1
                     and len(standin.journal.all("s3.GET")) == 8)
    running.terminate()
    running.wait_line("drain")
    gate.open()
    standin.queue.end_polls()
    assert running.wait_exit(10) == 0
    assert standin.queue.empty()
    assert sorted(standin.dassana.events()) == sorted(wanted)


def terminate_in_vain(standin, running, messages):
    """SIGTERM while nothing can be finished. The open poll must be over before
    messages are made visible again, or SQS hands them to a dead poller."""
    running.wait_for(lambda: standin.queue.counts() == (0, messages))
    running.terminate()
    running.wait_line("drain")
    standin.queue.end_polls()
    assert running.wait_exit(10) == 0
    assert standin.queue.counts() == (messages, 0)
    assert standin.journal.all("sqs.delete") == []


def test_sigterm_with_a_hung_dassana_gives_messages_back(standin, daemon):
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    put_files(standin, 8)
    running = daemon(shutdown_timeout="6s")
    running.wait_for(lambda: standin.dassana.active >= 1)
    terminate_in_vain(standin, running, 8)


def test_sigterm_in_the_middle_of_a_download_gives_it_back(standin, daemon):
    put_files(standin, 3, count=300)
    standin.faults.on("s3.GET", Fault(cut=100, stall=standin.gate()))
    running = daemon(shutdown_timeout="6s")
    running.wait_for(lambda: len(standin.journal.all("s3.GET")) == 3)
    terminate_in_vain(standin, running, 3)


def test_two_daemons_share_a_queue(standin, daemon):
    wanted = put_files(standin, 200)
    first, second = daemon(args=()), daemon(args=())
    await_all(standin, first, wanted, 30)
    assert second.running()


def test_killed_and_started_again_loses_nothing(standin, daemon):
    wanted = put_files(standin, 40)
    standin.faults.on("dassana.POST", Fault(delay=0.2))
    first = daemon(visibility_timeout="2s", batch_max_events=50)
    first.wait_for(lambda: standin.dassana.posts)
    first.process.kill()
    first.wait_exit()
    first.status = -9
    second = daemon(visibility_timeout="2s")
    second.wait_for(standin.queue.empty, 30)
    assert not set(wanted) - set(standin.dassana.events())


@pytest.mark.parametrize("code,status", [
    ("com.amazonaws.sqs#QueueDoesNotExist", 400),
    ("com.amazon.coral.service#AccessDeniedException", 403),
    ("com.amazon.coral.service#ThrottlingException", 400),
    ("com.amazonaws.sqs#InternalFailure", 500)])
def test_a_failing_queue_is_asked_again(standin, daemon, code, status):
    rule = standin.faults.on("sqs.ReceiveMessage", Fault(
        status=status, code=code, message="no"), times=2)
    wanted = put_files(standin, 2)
    running = daemon()
    line = running.wait_line("sqs.receive", level="warn")
    assert line["code"] and line["request_id"]
    await_all(standin, running, wanted, 30)
    assert rule.hits == 2


def test_deletes_that_fail_are_tried_again(standin, daemon):
    rule = standin.faults.on("sqs.DeleteMessageBatch", Fault(
        status=500, code="InternalFailure"), times=4)
    wanted = put_files(standin, 3)
    await_all(standin, daemon(), wanted, 30)
    assert rule.hits >= 1


def test_the_clock_of_aws_is_another(standin, daemon):
    standin.verifier.clock_offset_s = 3600
    wanted = put_files(standin, 2)
    await_all(standin, daemon(), wanted, 20)


def run(binary, tmp_path, options, env=None, args=()):
    command = [binary, *args]
    for pair in options.items():
        command += ["-o", "%s=%s" % pair]
    return subprocess.run(
        command, env={**bare_environ(tmp_path), **(env or {})}, cwd=tmp_path,
        capture_output=True, timeout=10, text=True, check=False)


def test_no_credentials(standin, binary, tmp_path):
    done = run(binary, tmp_path, standin.options(),
               {"AWS_ENDPOINT_URL": standin.url})
    assert done.returncode == 2
    assert "AWS_ACCESS_KEY_ID" in done.stderr
    assert standin.token not in done.stderr


def test_half_a_pair_of_credentials_is_told(standin, daemon):
    env = {k: v for k, v in standin.environ().items()
           if k != "AWS_SECRET_ACCESS_KEY"}
    running = daemon(env=env)
    running.wait_for(lambda: "AWS_SECRET_ACCESS_KEY" in running.text())
    assert standin.journal.all("sqs.poll") == []


@pytest.mark.parametrize("change,word", [
    ({"queue_url": ""}, "queue_url"),
    ({"queue_url": "not an url"}, "queue_url"),
    ({"region": ""}, "region"),
    ({"dassana_token": ""}, "dassana_token"),
    ({"dassana_endpoint": "ftp://x/"}, "dassana_endpoint"),
    ({"no_such_key": "1"}, "no_such_key"),
    ({"s3_concurrency": "0"}, "s3_concurrency"),
    ({"s3_concurrency": "many"}, "s3_concurrency"),
    ({"gzip_level": "10"}, "gzip_level"),
    ({"batch_max_bytes": "16MiB", "buffer_max_bytes": "16MiB"},
     "batch_max_bytes"),
    ({"max_record_bytes": "8MiB"}, "max_record_bytes"),
    ({"visibility_timeout": "13h"}, "visibility_timeout"),
])
def test_bad_configuration(standin, binary, tmp_path, change, word):
    done = run(binary, tmp_path, {**standin.options(), **change},
               standin.environ())
    assert done.returncode == 2
    assert word in done.stderr
    assert standin.token not in done.stderr
    assert standin.journal.all() == []


def test_all_mistakes_are_told_at_once(binary, tmp_path):
    path = tmp_path / "conf"
    path.write_text("gzip_level = 11\nwhat = 1\ns3_concurrency = x\n")
    done = run(binary, tmp_path, {}, args=("-c", str(path)))
    assert done.returncode == 2
    lines = [parse(line) for line in done.stderr.splitlines()]
    for number, word in ((1, "gzip_level"), (2, "what"),
                         (3, "s3_concurrency")):
        assert any(line["at"] == "%s:%d" % (path, number)
                   and word in line["text"] and line["level"] == "error"
                   for line in lines if line.get("event") == "config.mistake"
                   and "at" in line)


def test_a_configuration_file(standin, daemon, tmp_path):
    path = tmp_path / "trailpost.conf"
    options = {**standin.options(), "batch_max_delay": "100ms"}
    path.write_text("# the file\n" + "".join(
        "%s = %s\n" % pair for pair in options.items()))
    path.chmod(0o600)
    wanted = put_files(standin, 3)
    running = daemon(args=("-v", "-c", str(path)), **{
        k: None for k in standin.options()})
    await_all(standin, running, wanted)


def test_a_second_signal_ends_at_once(standin, daemon):
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    standin.put(*make_file(10, 1)[:2])
    running = daemon(shutdown_timeout="600s")
    running.wait_for(lambda: standin.dassana.active == 1)
    running.terminate()
    running.wait_line("drain")
    running.status = 130
    running.terminate()
    running.stop(timeout=5)
    assert standin.queue.counts() == (0, 1)
