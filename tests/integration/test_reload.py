"""SIGHUP, and what the service manager hears, without systemd."""

import os
import pty
import signal
import socket
import subprocess

import pytest
from issuer import serve  # noqa: F401
from jobs import await_all, make_file, put_files
from process import BINARY, bare_environ
from standin import Fault


@pytest.fixture
def settings(standin, tmp_path):
    """settings(key=value, …) writes the file; what is None is left out."""
    path = tmp_path / "trailpost.conf"

    def put(**more):
        merged = {**standin.options(), "redeliver_after": "1s",
                  "batch_max_delay": "100ms", **more}
        path.write_text("".join("%s = %s\n" % pair for pair in merged.items()
                                if pair[1] is not None))
        path.chmod(0o600)
        return path

    return put


@pytest.fixture
def start(standin, daemon, settings):
    """The daemon with nothing but its file."""
    def run(env=None, **more):
        path = settings(**more)
        none = dict.fromkeys(standin.options())
        made = daemon(args=("-v", "-c", str(path)), redeliver_after=None,
                      batch_max_delay=None,
                      env={**standin.environ(), **(env or {})}, **none)
        made.wait_line("start")  # before, SIGHUP may still kill it
        return made
    return run


def hang_up(running):
    """One reload; the line that ends it."""
    before = len(running.log("reload"))
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda: len(running.log("reload")) > before)
    return running.log("reload")[-1]


def named(running, event):
    return [line["setting"] for line in running.log(event)]


def test_what_can_change_changes(standin, start, settings):
    running = start()
    wanted = put_files(standin, 2)
    await_all(standin, running, wanted)
    settings(dassana_app_id="another", key_exclude="*none*",
             post_timeout="7s", shutdown_timeout="9s", verify_doc_count="no")
    standin.dassana.app_id = "another"
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("5", "0")
    assert sorted(named(running, "reload.applied")) == [
        "dassana_app_id", "key_exclude", "post_timeout", "shutdown_timeout",
        "verify_doc_count"]
    wanted += put_files(standin, 2, seed=2)
    await_all(standin, running, wanted)
    running.stop()
    assert running.log("drain")[0]["timeout_ms"] == "9000"


def test_other_keys_are_filtered(standin, start, settings):
    running = start()
    await_all(standin, running, put_files(standin, 1))
    settings(key_exclude="*")
    hang_up(running)
    put_files(standin, 1, seed=2)
    running.wait_for(standin.queue.empty)
    running.stop()
    assert standin.dassana.event_count == 10


def test_another_endpoint(standin, start, settings):
    running = start()
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    settings(dassana_endpoint=standin.dassana_url + "?secret=1")
    assert hang_up(running)["applied"] == "1"
    # The new one is where it goes: it does not exist there, and that is told.
    standin.faults.on("dassana.POST", Fault(404), times=1,
                      where=lambda request: "secret=1" in request.target)
    wanted += put_files(standin, 1, seed=2)
    running.wait_line("dassana.gate_closed", status="404")
    await_all(standin, running, wanted)
    assert "secret=1" not in running.text()


def test_an_old_token_that_is_echoed_is_in_no_line(
        standin, start, tmp_path):
    """The answer to a POST with the old one comes after the change."""
    path = tmp_path / "token"
    old, new = "old-" + "a" * 30, "new-" + "b" * 30

    def put(token):
        path.write_text(token)
        path.chmod(0o600)
    put(old)
    standin.dassana.tokens = {old, new}
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(
        status=400, body=b"bad header: " + old.encode(), hold=gate), times=1)
    running = start(dassana_token=None, dassana_token_file=str(path))
    wanted = put_files(standin, 1)
    assert gate.reached.wait(20)
    put(new)
    hang_up(running)
    gate.open()
    line = running.wait_line("dassana.in_doubt")
    assert "withheld" in line["reply"]
    await_all(standin, running, wanted, 60)
    running.stop()
    assert old not in running.text() and new not in running.text()


def test_an_endpoint_waits_for_its_authorities(
        standin, start, settings, tmp_path):
    """Nor does the token go to the old one."""
    authorities = tmp_path / "ca.pem"
    authorities.touch()
    running = start()
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    settings(dassana_endpoint="https://127.0.0.1:1/", dassana_token="another",
             dassana_app_id="other", accept_any_2xx="yes", post_timeout="9s",
             ca_file=str(authorities))
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("1", "5")
    assert line["token"] == "unchanged"
    assert named(running, "reload.applied") == ["post_timeout"]
    assert sorted(named(running, "reload.pending")) == [
        "accept_any_2xx", "ca_file", "dassana_app_id", "dassana_endpoint",
        "dassana_token"]
    for pending in running.log("reload.pending"):
        assert ("ca_file" in pending["effect"]) == (
            pending["setting"] != "ca_file")
    wanted += put_files(standin, 1, seed=2)
    await_all(standin, running, wanted)
    # Each alone is as ever.
    settings(dassana_app_id="other", ca_file=str(authorities))
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("2", "1")


def test_the_environment_is_said_to_stay(start, settings):
    running = start()
    assert hang_up(running)["environment"] == "as at the start"


def test_no_reload_while_it_stops(standin, start, settings):
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    running = start()
    wanted = put_files(standin, 1)
    running.wait_for(lambda: standin.dassana.active > 0)
    running.terminate()
    running.wait_line("drain")
    settings(dassana_app_id="other", gzip_level="11")
    assert hang_up(running)["effect"] == "none: it is shutting down"
    assert running.log("reload.applied") == []
    assert running.log("config.mistake") == []
    gate.open()
    standin.queue.end_polls()
    assert running.wait_exit(20) == 0
    assert sorted(standin.dassana.events()) == sorted(wanted)


def test_a_region_that_was_found_is_not_pending(
        standin, daemon, serve, tmp_path):
    """It stands in no file, but it has not been taken back either."""
    def metadata(method, path, headers):
        if method == "PUT":
            return 200, "token"
        if path.endswith("/placement/region"):
            return 200, standin.REGION
        return 404, ""

    running = daemon(region=None, env={
        **standin.environ(), "AWS_EC2_METADATA_DISABLED": "",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": serve(metadata).url})
    running.wait_line("start", region=standin.REGION)
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("0", "0")
    await_all(standin, running, put_files(standin, 1))


def test_a_fifo_without_a_writer(standin, start, settings):
    running = start()
    path = settings()
    path.unlink()
    os.mkfifo(path)
    assert int(hang_up(running)["mistakes"]) > 0
    await_all(standin, running, put_files(standin, 1))


def state(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


def read_slowly(standin, path, home):
    """Its settings as a shell's <(…) gives them, from a writer that is slower;
    None if it has given up waiting for them."""
    out, into = os.pipe()
    running = subprocess.Popen(
        [BINARY, "-c", "/dev/fd/%d" % out, "--print-config"],
        env={**bare_environ(home), **standin.environ()}, text=True,
        pass_fds=[out], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.close(out)
    try:
        # It waits for them: its first read has found nothing.
        standin.wait(lambda: state(running.pid) in "SZ", 10)
        os.write(into, path.read_bytes())
    except BrokenPipeError:
        pass
    finally:
        os.close(into)
    text = running.communicate(timeout=10)[0]
    return text if running.returncode == 0 else None


def test_settings_from_a_pipe(standin, settings, tmp_path):
    """It waits for 2 s, in which this machine may stand still."""
    path = settings(dassana_app_id="piped")
    texts = (read_slowly(standin, path, tmp_path) for _ in range(3))
    assert "\ndassana_app_id = piped\n" in next(filter(None, texts), "")


def test_what_cannot_change_is_named_each_time(standin, start, settings):
    running = start()
    settings(max_messages="7", queue_url=standin.queue.url + "-other",
             dassana_app_id="another")
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("1", "2")
    assert sorted(named(running, "reload.pending")) == [
        "max_messages", "queue_url"]
    # The settings in force are still those of the start, but for one.
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("0", "2")
    settings()
    line = hang_up(running)
    assert (line["applied"], line["pending"]) == ("1", "0")
    await_all(standin, running, put_files(standin, 2))


def test_a_bad_file_changes_nothing(standin, start, settings):
    running = start()
    settings(gzip_level="11", s3_concurrency="many", no_such_key="1",
             dassana_app_id="another")
    line = hang_up(running)
    assert (line["mistakes"], line["level"]) == ("3", "error")
    assert {word for line in running.log("config.mistake") for word in
            ("gzip_level", "s3_concurrency", "no_such_key")
            if word in line["text"]} == {"gzip_level", "s3_concurrency",
                                         "no_such_key"}
    assert running.log("reload.applied") == []
    wanted = put_files(standin, 2)
    await_all(standin, running, wanted)
    os.unlink(settings())
    assert hang_up(running)["mistakes"] == "1"
    wanted += put_files(standin, 2, seed=2)
    await_all(standin, running, wanted)


def test_a_new_token_from_its_file(standin, start, tmp_path, secrets):
    path = tmp_path / "token"

    def put(token):
        secrets.texts.append(token)
        path.write_text(token)
        path.chmod(0o600)

    put(standin.token)
    running = start(dassana_token=None, dassana_token_file=str(path))
    wanted = put_files(standin, 1)
    await_all(standin, running, wanted)
    assert hang_up(running)["token"] == "unchanged"
    standin.dassana.tokens = {"another"}
    put("another")
    line = hang_up(running)
    assert (line["token"], line["applied"]) == ("changed", "0")
    wanted += put_files(standin, 1, seed=2)
    await_all(standin, running, wanted)
    assert running.log("dassana.gate_closed") == []


def test_a_closed_gate_is_tried_at_once(standin, start, settings):
    standin.dassana.tokens = {"another-token"}
    running = start()
    wanted = put_files(standin, 1)
    # Probes come 1, 2, 4, 8 s apart: a long time to wait for the next one.
    running.wait_for(lambda: len(standin.journal.all(
        "dassana.end", status=401)) >= 4, 20)
    settings(dassana_token="another-token")
    hang_up(running)
    running.wait_for(standin.queue.empty, 5)
    await_all(standin, running, wanted)


def test_the_level_of_the_log(standin, daemon, settings):
    none = dict.fromkeys([*standin.options(), "redeliver_after",
                          "batch_max_delay"])
    running = daemon(args=("-c", str(settings())), **none)
    await_all(standin, running, put_files(standin, 1))
    assert running.log(level="debug") == []
    settings(log_level="debug", log_format="json")
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(lambda: 'event=reload ' in running.text())
    standin.put(*make_file(10, 2)[:2])
    running.wait_for(lambda: '"level":"debug"' in running.text())


def test_work_under_way_is_not_disturbed(standin, start, settings):
    standin.faults.on("dassana.POST", Fault(hold=standin.gate()))
    running = start()
    wanted = put_files(standin, 3)
    running.wait_for(lambda: standin.dassana.active > 0)
    for number in range(20):
        settings(key_include="* x%d" % number, post_timeout="%ds" % (
            30 + number), dassana_token_file=None)
        hang_up(running)
    standin.open_gates()
    await_all(standin, running, wanted)


def test_a_credential_of_systemd(standin, start, tmp_path, secrets):
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "dassana_token").write_text(standin.token + "\n")
    (folder / "dassana_token").chmod(0o400)
    running = start({"CREDENTIALS_DIRECTORY": str(folder)},
                    dassana_token=None)
    await_all(standin, running, put_files(standin, 2))
    line = hang_up(running)
    assert line["token"] == "unchanged" and "restart" in line["advice"]


def test_print_config_says_where_the_token_is_from(
        standin, settings, tmp_path):
    (tmp_path / "dassana_token").write_text("geheim")
    (tmp_path / "dassana_token").chmod(0o600)
    done = subprocess.run(
        [BINARY, "-c", str(settings(dassana_token=None)), "--print-config"],
        env={**bare_environ(tmp_path), **standin.environ(),
             "CREDENTIALS_DIRECTORY": str(tmp_path)},
        check=True, text=True, stdout=subprocess.PIPE)
    assert "# from CREDENTIALS_DIRECTORY\ndassana_token_file = %s\n" % (
        tmp_path / "dassana_token") in done.stdout
    assert "geheim" not in done.stdout


@pytest.mark.parametrize("key,value", [
    ("dassana_token", "another"), ("dassana_token_file", "FILE")])
def test_what_is_set_counts_more_than_a_credential(
        standin, settings, tmp_path, key, value):
    for name in ("dassana_token", "other"):
        (tmp_path / name).write_text("geheim")
        (tmp_path / name).chmod(0o600)
    value = value.replace("FILE", str(tmp_path / "other"))
    path = settings(**{"dassana_token": None, key: value})
    done = subprocess.run(
        [BINARY, "-c", str(path), "--print-config"],
        env={**bare_environ(tmp_path), **standin.environ(),
             "CREDENTIALS_DIRECTORY": str(tmp_path)},
        check=True, text=True, stdout=subprocess.PIPE)
    assert "from CREDENTIALS_DIRECTORY" not in done.stdout


# Of meals that nobody hears ten fill the socket: not within a pause of ours.
WATCHDOG_USEC = "1000000"


class Manager:
    """What is said to a socket as systemd's."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)
        self.said = []

    def hear(self):
        while True:
            try:
                self.said.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return self.said

    def index(self, text):
        return self.hear().index(text)


def test_what_the_manager_hears(standin, start, settings, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    manager_env = {"NOTIFY_SOCKET": str(tmp_path / "notify"),
                   "WATCHDOG_USEC": WATCHDOG_USEC}
    running = start(manager_env)
    running.wait_for(lambda: "READY=1" in manager.hear())
    await_all(standin, running, put_files(standin, 1))
    running.wait_for(lambda: manager.hear().count("WATCHDOG=1") >= 3)
    settings(dassana_app_id="x")
    hang_up(running)
    running.wait_for(lambda: manager.hear().count("READY=1") == 2)
    reloading = [s for s in manager.said if s.startswith("RELOADING=1\n")]
    assert len(reloading) == 1
    assert int(reloading[0].split("MONOTONIC_USEC=")[1]) > 0
    assert manager.index("READY=1") < manager.index(reloading[0])
    running.stop()
    stopping = [s for s in manager.hear() if s.startswith("STOPPING=1\n")]
    assert stopping == ["STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000"]
    assert any(s.startswith("STATUS=draining ") for s in manager.said)


def test_not_ready_without_credentials(standin, start, settings, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    running = start({
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
        "AWS_SESSION_TOKEN": "",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"})
    running.wait_for(lambda: any(s.startswith(
        "STATUS=waiting for credentials: ") for s in manager.hear()))
    hang_up(running)  # it does not become ready by that
    running.stop()
    assert not any("READY=1" in s or "RELOADING=1" in s
                   for s in manager.hear())


def test_not_ready_without_a_region(standin, daemon, tmp_path):
    """It lives, however long the metadata service is not there."""
    manager = Manager(str(tmp_path / "notify"))
    running = daemon(region=None, env={
        **standin.environ(), "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": WATCHDOG_USEC, "AWS_EC2_METADATA_DISABLED": "",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1/"})
    running.wait_line("region", level="error")
    running.wait_for(lambda: manager.hear().count("WATCHDOG=1") >= 3)
    assert any(s.startswith("STATUS=waiting for the region ")
               for s in manager.said)
    running.stop()
    assert any(s.startswith("STOPPING=1\n") for s in manager.hear())
    assert not any("READY=1" in s for s in manager.said)


@pytest.mark.parametrize("ignored", [False, True])
def test_the_end_of_its_terminal(standin, settings, tmp_path, ignored):
    """Where it runs in a terminal that is closed, it ends; under nohup it
    stays. The log shows that its end was an orderly one."""
    path = settings(shutdown_timeout="2s")
    log = tmp_path / "log"
    pid, terminal = pty.fork()
    if pid == 0:
        if ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.dup2(os.open(str(log), os.O_WRONLY | os.O_CREAT, 0o600), 2)
        os.execve(BINARY, [BINARY, "-c", str(path)],
                  {**bare_environ(tmp_path), **standin.environ()})
    try:
        standin.wait(lambda: standin.journal.all("sqs.poll"), 10)
        os.close(terminal)
        word = "event=reload" if ignored else "event=drain "
        standin.wait(lambda: word in log.read_text(), 10, log.read_text())
        standin.queue.end_polls()
        if ignored:
            assert "event=drain" not in log.read_text()
            os.kill(pid, signal.SIGTERM)
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0
