"""Containers of the image, and the two of compose.yaml, run by podman."""

import json
import os
import time
import uuid

import image
import yaml

COMPOSE = os.path.join(image.ROOT, "etc", "container", "compose.yaml")
# What whoever runs the image is told to do, and what it must be content with.
LOCKED = ("--read-only", "--read-only-tmpfs=false", "--cap-drop", "ALL",
          "--security-opt", "no-new-privileges")
STOP_S = 40


class Container:
    """Started detached; gone at the end of the with statement."""

    def __init__(self, name, *options, command=(), network="host"):
        self.name = "trailpost-test-" + uuid.uuid4().hex[:12]
        image.podman(*image.start(
            "--detach", "--log-driver", "k8s-file", "--name", self.name,
            *options, network=network), name, *command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        image.podman("rm", "--force", "--time", "0", self.name)

    def logs(self):
        return image.podman("logs", self.name).stdout

    def state(self):
        told = image.podman("container", "inspect", self.name).stdout
        return json.loads(told)[0]["State"]

    def exec(self, *command):
        """(exit status, output) of a command in it."""
        done = image.podman("exec", self.name, *command, check=False)
        return done.returncode, done.stdout

    def wait(self, predicate, what, timeout=30):
        """Polls: what podman tells comes without a signal of its own."""
        end = time.monotonic() + timeout
        while not predicate():
            assert self.state()["Status"] in ("running", "stopping"), \
                "%s ended:\n%s" % (self.name, self.logs())
            assert time.monotonic() < end, \
                "not within %g s: %s\n%s" % (timeout, what, self.logs())
            time.sleep(0.2)

    def stop(self):
        """As an orchestrator does: the image's own signal, and SIGKILL after
        its time. Returns exit status and seconds."""
        began = time.monotonic()
        image.podman("stop", "--time", str(STOP_S), self.name,
                     timeout=STOP_S + 30)
        return self.state()["ExitCode"], time.monotonic() - began


def env(settings):
    return [word for pair in settings.items()
            for word in ("--env", "%s=%s" % pair)]


def daemon(*options, **settings):
    """The image as it is meant to be run, with these settings."""
    return Container(image.IMAGE, *LOCKED, *env(
        {"TRAILPOST_" + k.upper(): v for k, v in settings.items()}), *options)


def compose(hosts):
    """(stand-in, daemon) of compose.yaml: their words for podman. The two are
    to share a network namespace without a way out, where the file hosts tells
    names: compose's own networks need a firewall and a name server."""
    with open(COMPOSE, encoding="utf-8") as file:
        services = yaml.safe_load(file)["services"]
    peer, own = services["standin"], services["trailpost"]
    first = ["--workdir", peer["working_dir"], *env(peer["environment"])]
    for volume in peer["volumes"]:
        source, rest = volume.split(":", 1)
        source = os.path.join(os.path.dirname(COMPOSE), source)
        first += ["--volume", "%s:%s" % (os.path.normpath(source), rest)]
    second = ["--volume", "%s:/etc/hosts:ro" % hosts, *env(own["environment"])]
    second += ["--read-only"] if own["read_only"] else []
    second += [w for c in own["cap_drop"] for w in ("--cap-drop", c)]
    second += [w for o in own["security_opt"]
               for w in ("--security-opt", o.replace(":true", ""))]
    return (first, peer["command"]), second
