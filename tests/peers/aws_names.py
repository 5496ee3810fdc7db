#!/usr/bin/python3
"""AWS's and Dassana's real host names on this machine: a namespace of its own
for network and mounts, in which the names lead to loopback, a private authority
is the system's, and nothing can leave. The stand-in answers behind TLS, and the
program runs with nothing overridden.

    aws_names.py SCENARIO      one of those below, in a namespace made for it

Exits with 77 where a namespace cannot be made.
"""

import fcntl
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(os.path.abspath(__file__)).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "samples"),
                str(HERE.parent / "integration")]
NO_NAMESPACE = 77
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
BUCKET = "trail-logs"
IDENTITY = b"<GetCallerIdentityResponse><GetCallerIdentityResult>" \
    b"<Arn>arn:aws:iam::111122223333:user/x</Arn><Account>111122223333" \
    b"</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"

QUEUES = {"china": "https://sqs.cn-north-1.amazonaws.com.cn",
          "govcloud": "https://sqs.us-gov-west-1.amazonaws.com"}
POINT = "arn:aws:s3:us-east-1:111122223333:accesspoint/logs"

# Environment, and the hosts that must be met: SQS's, S3's, STS's.
SCENARIOS = {
    "plain": ({}, (
        "sqs.us-east-1.amazonaws.com",
        "trail-logs.s3.us-east-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com")),
    "fips": ({"AWS_USE_FIPS_ENDPOINT": "true"}, (
        "sqs-fips.us-east-1.amazonaws.com",
        "trail-logs.s3-fips.us-east-1.amazonaws.com",
        "sts-fips.us-east-1.amazonaws.com")),
    "dual-stack": ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, (
        "sqs.us-east-1.api.aws",
        "trail-logs.s3.dualstack.us-east-1.amazonaws.com",
        "sts.us-east-1.api.aws")),
    "vpc": ({"AWS_ENDPOINT_URL_SQS":
             "https://vpce-1a-2b.sqs.us-east-1.vpce.amazonaws.com",
             "AWS_ENDPOINT_URL_S3":
             "https://bucket.vpce-1a-3c.s3.us-east-1.vpce.amazonaws.com",
             "AWS_ENDPOINT_URL_STS":
             "https://vpce-1a-4d.sts.us-east-1.vpce.amazonaws.com"}, (
        "vpce-1a-2b.sqs.us-east-1.vpce.amazonaws.com",
        "trail-logs.bucket.vpce-1a-3c.s3.us-east-1.vpce.amazonaws.com",
        "vpce-1a-4d.sts.us-east-1.vpce.amazonaws.com")),
    # The notification names a region of another partition: it is not believed.
    "china": ({}, (
        "sqs.cn-north-1.amazonaws.com.cn",
        "trail-logs.s3.cn-north-1.amazonaws.com.cn",
        "sts.cn-north-1.amazonaws.com.cn")),
    "govcloud": ({"AWS_USE_FIPS_ENDPOINT": "true"}, (
        "sqs.us-gov-west-1.amazonaws.com",
        "trail-logs.s3-fips.us-gov-west-1.amazonaws.com",
        "sts.us-gov-west-1.amazonaws.com")),
    "access-point": ({}, (
        "sqs.us-east-1.amazonaws.com",
        "logs-111122223333.s3-accesspoint.us-east-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com")),
    "elsewhere": ({}, (
        "sqs.us-east-1.amazonaws.com",
        "trail-logs.s3.eu-west-1.amazonaws.com",
        "sts.us-east-1.amazonaws.com")),
}


def bring_up_loopback():
    with socket.socket() as sock:
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)  # UP, RUNNING
        fcntl.ioctl(sock, 0x8914, request)  # SIOCSIFFLAGS


def put_in_place(folder, name, text, target):
    path = folder / name
    path.write_text(text, encoding="ascii")
    subprocess.run(["mount", "--bind", str(path), target], check=True)


def hosts_of(names):
    return "127.0.0.1 localhost\n" + "".join(
        "127.0.0.1 %s\n" % name for name in names)


class Elsewhere:
    """The bucket is in another region, and S3 says so once."""

    def __init__(self, standin, data):
        from standin import Fault
        self.moved = Fault(301, "PermanentRedirect", "elsewhere", headers=(
            ("x-amz-bucket-region", "eu-west-1"),))
        self.found = Fault(200, body=data)
        self.redirects = 0
        standin.faults.on("s3.GET", self.answer)

    def answer(self, request):
        if "eu-west-1" in request.header("host"):
            assert "/eu-west-1/s3/" in request.header("authorization")
            return self.found
        self.redirects += 1
        return self.moved


def run_check(environ, bucket, key, folder):
    from process import BINARY
    done = subprocess.run(
        [BINARY, "check", "--json", "--object", "s3://%s/%s" % (bucket, key)],
        env=environ, cwd=folder, stdout=subprocess.PIPE, timeout=60,
        check=False)
    found = json.loads(done.stdout)
    assert done.returncode == 0, found
    return found["steps"]


def inside(scenario, folder):
    from jobs import make_file
    from process import Daemon, bare_environ
    from standin import Fault, Standin, shapes
    from standin.tls import Authority, Front

    variables, wanted = SCENARIOS[scenario]
    bucket = POINT if scenario == "access-point" else BUCKET
    queues = QUEUES.get(scenario, "https://sqs.us-east-1.amazonaws.com")
    names = [*wanted, "trail-logs.s3.us-east-1.amazonaws.com", "dassana.io"]
    authority = Authority(folder / "ca")
    bring_up_loopback()
    put_in_place(folder, "hosts", hosts_of(names), "/etc/hosts")
    put_in_place(folder, "resolv.conf", "", "/etc/resolv.conf")
    put_in_place(folder, "bundle", authority.bundle.read_text(), BUNDLE)
    certificate = authority.issue(",".join("DNS:" + n for n in names))
    hosts = set()

    def note(request):
        """Never true: a rule with it only looks."""
        hosts.add(request.header("host"))

    def identity(request):
        note(request)
        return Fault(200, body=IDENTITY)

    with Standin() as standin, Front(standin.aws_port.port, certificate,
                                     listen=443) as front:
        standin.queue = standin.sqs.create(queues, "trail")
        standin.verifier.region = queues.split(".")[1]
        for operation in ("s3.GET", "sqs.ReceiveMessage"):
            standin.faults.on(operation, None, where=note)
        standin.faults.on("s3.POST", identity)
        key, data, events = make_file(20)
        if scenario == "elsewhere":
            other = Elsewhere(standin, data)
        standin.s3.put("logs-111122223333" if bucket == POINT else bucket,
                       key, data)
        standin.queue.send(shapes.s3_event(bucket, key))
        # The region is the queue URL's; nothing tells an endpoint.
        environ = {**bare_environ(folder), **variables,
                   "AWS_ACCESS_KEY_ID": standin.KEY_ID,
                   "AWS_SECRET_ACCESS_KEY": standin.secret,
                   "AWS_SESSION_TOKEN": standin.session,
                   "TRAILPOST_QUEUE_URL": standin.queue.url,
                   "DASSANA_TOKEN": standin.token}
        run_check(environ, bucket, key, folder)
        daemon = Daemon(standin.journal, folder).start(
            {"redeliver_after": "1s"}, environ)
        try:
            daemon.wait_for(lambda: standin.queue.empty(), 20)
            standin.queue.end_polls()
            daemon.stop()
        finally:
            print(daemon.text())
            if daemon.process is not None:
                daemon.process.kill()
        assert sorted(standin.dassana.events()) == sorted(events)
        assert standin.journal.all("denied") == []
        met = {name for name in front.names if name}
        assert set(wanted) | {"dassana.io"} <= met, met
        if scenario == "elsewhere":
            hosts.discard("trail-logs.s3.us-east-1.amazonaws.com")
        assert hosts == set(wanted), hosts
        assert not front.failures, front.failures
        if scenario == "elsewhere":
            # By the check and by the daemon, once each, and remembered.
            assert other.redirects == 2


def main():
    scenario = sys.argv[1]
    if os.environ.get("TRAILPOST_NAMES") == "inside":
        with tempfile.TemporaryDirectory() as folder:
            inside(scenario, pathlib.Path(folder))
        return
    space = ["unshare", "-m", "-n", "-p", "-f", "--kill-child", "--mount-proc"]
    if subprocess.run([*space, "true"], check=False,
                      capture_output=True).returncode != 0:
        print("no namespaces may be made here")
        sys.exit(NO_NAMESPACE)
    os.environ["TRAILPOST_NAMES"] = "inside"
    os.execvp("unshare", [*space, sys.executable, __file__, scenario])


if __name__ == "__main__":
    main()
