"""The image: what is in it, and how it runs where it may do nothing."""

import os
import re
import threading

import containers
import image
import make_samples
import pytest
from standin import Fault

SIZE_MAX = 60_000_000
HEALTH = ("/usr/bin/trailpost", "health")


def put_samples(standin):
    """The number of events put in."""
    number = 0
    for key, data, events in make_samples.samples():
        standin.put(key, data)
        number += len(events)
    return number


@pytest.fixture
def settings(images, standin):
    """Settings and keys for a container in this host's network."""
    keys = [w for pair in standin.environ().items()
            for w in ("--env", "%s=%s" % pair)]
    ports = image.free_port()
    return keys, {**standin.options(), "batch_max_delay": "100ms",
                  "admin_listen": "127.0.0.1:%d" % ports}


def test_size_beyond_the_base(images):
    with image.mounted(image.BASE) as base, image.mounted(images) as made:
        size = image.size_of(made) - image.size_of(base)
    print("figure: image: %.1f MB beyond its base" % (size / 1e6))
    assert 0 < size <= SIZE_MAX


def test_holds_no_tools_and_nothing_left_over(images):
    with image.mounted(images) as folder:
        for path in ("usr/bin/cc", "usr/bin/make", "src", "trailpost.deb"):
            assert not os.path.lexists(os.path.join(folder, path))
        for path in ("tmp", "var/lib/apt/lists", "var/cache/apt"):
            assert os.listdir(os.path.join(folder, path)) == []
        # The proof that these are the folders of a system.
        assert os.path.exists(os.path.join(folder, "usr/bin/trailpost"))


def test_settings_of_the_image(images):
    config = image.config()["Config"]
    assert config["User"] == "65532:65532"
    assert config["StopSignal"] in ("SIGTERM", "15")
    assert config["Entrypoint"] == ["/usr/bin/trailpost"]
    assert not config.get("Cmd")
    # In exec form: the first word would be CMD-SHELL otherwise.
    assert image.config()["Healthcheck"]["Test"] == ["CMD", *HEALTH]
    assert "TRAILPOST_ADMIN_LISTEN=127.0.0.1:9090" in config["Env"]
    assert "TRAILPOST_LOG_FORMAT=logfmt" in config["Env"]
    labels = {name.rpartition(".")[2]: text
              for name, text in config["Labels"].items()}
    assert labels["licenses"] == "Apache-2.0"
    assert labels["version"] == image.version()
    assert labels["source"].startswith("https://")


def test_the_base_is_one_point_release_of_that_debian(images):
    with open(image.DOCKERFILE, encoding="utf-8") as file:
        named = re.findall(r"^ARG (?:RUN_)?BASE=debian:(\S+)$", file.read(),
                           re.M)
    with image.mounted(images) as folder:
        with open(os.path.join(folder, "etc/debian_version"),
                  encoding="ascii") as file:
            major = file.read().split(".")[0]
    assert [re.fullmatch(major + r"\.\d+(-slim)?", name) is not None
            for name in named] == [True, True]


def test_ships_reports_health_and_stops(settings, standin):
    keys, options = settings
    number = put_samples(standin)
    with containers.daemon(*keys, **options) as made:
        made.wait(lambda: standin.dassana.event_count == number and
                  standin.queue.empty(), "all %d events" % number)
        assert made.exec(*HEALTH)[0] == 0
        assert made.exec(*HEALTH, "--ready")[0] == 0
        image.podman("healthcheck", "run", made.name)
        status, text = made.exec("/bin/grep", "-E", "^(Uid|CapEff|NoNewPrivs)",
                                 "/proc/1/status")
        assert status == 0
        assert [line.split()[-1] for line in text.splitlines()] == [
            "65532", "0000000000000000", "1"]
        assert made.exec("/bin/touch", "/tmp/x")[0] != 0  # read-only
        standin.queue.end_polls()
        assert made.stop()[0] == 0


def test_stop_finishes_what_is_under_way(settings, standin):
    """A POST hangs when SIGTERM comes, and is answered after it."""
    keys, options = settings
    gate = standin.gate()
    standin.faults.on("dassana.POST", Fault(hold=gate))
    number = put_samples(standin)
    with containers.daemon(*keys, **options) as made:
        made.wait(gate.reached.is_set, "a POST")
        ends = []
        stopping = threading.Thread(target=lambda: ends.append(made.stop()))
        stopping.start()
        made.wait(lambda: "event=drain " in made.logs(), "the drain in the log")
        taken = standin.dassana.event_count
        assert taken < number
        standin.open_gates()
        standin.queue.end_polls()
        stopping.join(containers.STOP_S)
        assert ends and ends[0][0] == 0, made.logs()
        print("figure: stop with a POST under way: %.1f s" % ends[0][1])
        assert standin.dassana.event_count > taken


def test_token_from_a_mount_that_is_read_only(settings, standin, tmp_path):
    keys, options = settings
    token = tmp_path / "dassana_token"
    token.write_text(options.pop("dassana_token") + "\n")
    # As Kubernetes and ECS mount secrets: readable for all, in the container.
    token.chmod(0o444)
    tmp_path.chmod(0o755)
    number = put_samples(standin)
    with containers.daemon(
            *keys, "--volume", "%s:/run/secrets:ro" % tmp_path,
            dassana_token_file="/run/secrets/dassana_token",
            **options) as made:
        made.wait(lambda: standin.dassana.event_count == number, "events")
        standin.queue.end_polls()
        assert made.stop()[0] == 0


def test_health_fails_where_nothing_listens(images):
    done = image.podman(*image.start("--rm"), images, "health", check=False)
    assert done.returncode == 1, done.stdout


def test_a_mistake_ends_it_with_status_2(images):
    done = image.podman(*image.start("--rm", *containers.LOCKED), images,
                        check=False)
    assert done.returncode == 2 and "queue_url" in done.stdout


def test_compose_file_ships_the_samples(images, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost standin\n")
    number = sum(len(events) for _, _, events in make_samples.samples())
    (peer, command), own = containers.compose(hosts)
    with containers.Container(image.python(), *peer, command=command,
                              network="none") as standin:
        with containers.Container(
                images, *own,
                network="container:" + standin.name) as daemon:
            daemon.wait(lambda: "%d events have arrived, 0 messages" % number
                        in standin.logs(), "all %d events" % number)
            assert daemon.exec(*HEALTH)[0] == 0
