"""Commands of the guide that tests/integration can only pretend to run: docker
is podman here, with the image of the real Dockerfile, in whose first stage the
package was made."""

import os
import shlex
import signal
import sys

import image
import make_samples
import pytest

sys.path.append(os.path.join(os.path.dirname(image.HERE), "integration"))

from guide import PRELUDE, Shell, page  # noqa: E402
from issuer import IDENTITY  # noqa: E402
from standin import Fault  # noqa: E402

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/trail"
# Without cgroups there is no limit of memory to be set. The port that is to be
# published is one of this host's, whose network the container has.
DOCKER = """
[ "$1" = run ] || exec %s "$@"
shift
limit='%s'
for word do
	shift
	case $word in
	--memory) [ -n "$limit" ] && set -- "$@" "$word"; continue ;;
	128m) [ -n "$limit" ] && set -- "$@" "$word"; continue ;;
	esac
	set -- "$@" "$word"
done
exec %s %s --log-driver k8s-file "$@"
"""


@pytest.fixture
def docker(images, tmp_path):
    """A reader's shell whose docker is podman, after `make image`."""
    image.podman("tag", images, "localhost/trailpost:latest")
    shell = Shell(tmp_path)
    words = image.start(network="host")
    podman = shlex.join(("podman", *image.STORE))
    shell.place("docker", DOCKER % (
        podman, "" if "--cgroups=disabled" in words else "yes", podman,
        shlex.join(words)))
    yield shell
    image.podman("rm", "--force", "--time", "0", "trailpost", check=False)


def prepare(shell, block, standin):
    """The block with a reader's own values, the keys in his shell."""
    text = "\n".join(block.lines)
    assert URL in text and "paste-it-here\n" in text
    # Where the stand-in is, which a reader need not say.
    where = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": standin.url,
             "AWS_SESSION_TOKEN": standin.session,
             "DASSANA_ENDPOINT": standin.dassana_url,
             "DASSANA_APP_ID": standin.APP_ID}
    more = "".join("%s=%s\n" % pair for pair in where.items())
    block.lines = text.replace(URL, standin.queue.url).replace(
        "paste-it-here\n", standin.token + "\n" + more).split("\n")
    shell.env.update(AWS_ACCESS_KEY_ID=standin.KEY_ID,
                     AWS_SECRET_ACCESS_KEY=standin.secret)


def put_samples(standin):
    number = 0
    for key, data, events in make_samples.samples():
        standin.put(key, data)
        number += len(events)
    return number


def end(standin, process):
    """docker stop, or Ctrl-C of what is in the foreground; what it said."""
    standin.queue.end_polls()
    if image.podman("stop", "--time", "40", "trailpost", check=False,
                    timeout=60).returncode != 0:
        os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)[0]


def test_docker(docker, standin):
    """A check, then in the foreground, then for good."""
    guide = page("deploy-containers")
    number = put_samples(standin)
    prepare(docker, guide["docker"], standin)
    standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))  # STS
    process = docker.start(guide["docker"])
    try:
        standin.wait(lambda: standin.dassana.event_count >= number, 60)
    finally:
        said = end(standin, process)
    assert process.returncode == 0, said
    assert "✓ queue" in said and "✗" not in said and "event=stop" in said
    assert set(standin.dassana.problems) == {"empty body"}  # that was check
    standin.dassana.problems.clear()

    port = image.free_port()
    service = guide["docker-service"]
    service.lines = "\n".join(service.lines).replace(
        "LISTEN=:9090", "LISTEN=:%d" % port).split("\n")
    process = docker.start(service)
    try:
        number += put_samples(standin)
        standin.wait(lambda: standin.dassana.event_count >= number, 60)
        state = image.podman("container", "inspect", "trailpost").stdout
        assert "unless-stopped" in state
    finally:
        said = end(standin, process)
    assert process.returncode == 0 and "event=stop" in said, said


def test_package(images):
    """Installed by the guide's words, where its dependencies are."""
    make, install = page("deploy-systemd")["package"].commands()
    with open(image.DOCKERFILE, encoding="utf-8") as file:
        assert "RUN %s && mv build/deb/" % make in file.read()
    with image.mounted(image.BUILT) as folder:
        done = image.podman(
            *image.start("--rm", "--user", "0:0", "--entrypoint", "/bin/bash"),
            "--volume", folder + "/trailpost.deb:/tmp/trailpost.deb:ro",
            images, "-c", PRELUDE + "dpkg -P trailpost\n"
            "! command -v trailpost || exit 9\nmkdir -p build/deb\n"
            "cp /tmp/trailpost.deb build/deb/trailpost_0.1.0_amd64.deb\n" +
            install + "\ncommand -v trailpost; trailpost --version")
    assert "/usr/bin/trailpost\ntrailpost 0.1.0\n" in done.stdout
