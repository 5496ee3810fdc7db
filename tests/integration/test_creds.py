"""Where credentials and the region come from, through the real process."""

import json
import os
import random
import signal
import stat
import threading
import urllib.request

import boto3
import make_samples
import pytest
from issuer import Issuer, environ, serve, write_profile  # noqa: F401
from jobs import await_all, put_files
from test_check import check  # noqa: F401
from test_moto import REGION, Cloud


class Imds:
    """In front of moto's metadata service, which asks for no token."""

    def __init__(self, moto):
        self.moto = moto
        self.tokens = 0

    def answer(self, method, path, headers):
        if method == "PUT":
            assert path == "/latest/api/token"
            assert headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            assert "x-forwarded-for" not in headers
            self.tokens += 1
            return 200, "v2-token-%d" % self.tokens
        if headers.get("x-aws-ec2-metadata-token") != (
                "v2-token-%d" % self.tokens):
            return 401, ""
        with urllib.request.urlopen(self.moto.url + path,
                                    timeout=10) as reply:
            return reply.status, reply.read().decode()


def test_instance_metadata(standin, daemon, moto, serve, secrets):
    """The role's credentials and the region."""
    imds = Imds(moto)
    server = serve(imds.answer)
    standin.verifier.keys.clear()
    standin.verifier.keys["test-key"] = ("test-secret-key",
                                         "test-session-token")
    secrets.texts += ["test-secret-key", "test-session-token", "v2-token"]
    running = daemon(region=None, env=environ(
        standin, AWS_EC2_METADATA_DISABLED="false",
        AWS_EC2_METADATA_SERVICE_ENDPOINT=server.url))
    await_all(standin, running, put_files(standin, 2))
    assert running.log("start")[0]["region"] == standin.REGION
    assert running.log("start")[0]["credentials"] == "instance metadata"
    assert imds.tokens == 2  # one for the region, one for the credentials
    assert standin.journal.all("denied") == []


def test_the_region_comes_late(standin, daemon, moto, serve, secrets):
    """As at boot, where the metadata service may be there after us."""
    imds = Imds(moto)
    there = threading.Event()
    server = serve(lambda *a: imds.answer(*a) if there.is_set()
                   else (503, ""))
    standin.verifier.keys["test-key"] = ("test-secret-key",
                                         "test-session-token")
    running = daemon(region=None, env=environ(
        standin, AWS_EC2_METADATA_DISABLED="",
        AWS_EC2_METADATA_SERVICE_ENDPOINT=server.url))
    line = running.wait_line("region", level="error")
    assert "503" in line["problem"] and "AWS_REGION" in line["problem"]
    asked = len(server.requests)
    running.wait_for(lambda: len(server.requests) > asked + 2)
    assert not running.log("start")
    there.set()
    await_all(standin, running, put_files(standin, 1), 40)
    assert running.log("region", level="info")[0]["region"] == standin.REGION
    assert running.log("start")[0]["region"] == standin.REGION


def test_the_region_does_not_come(standin, daemon, check, serve):
    """The daemon looks for it until it is told to stop; a check gives up."""
    server = serve(lambda *_: (404, ""))
    env = environ(standin, AWS_EC2_METADATA_DISABLED="",
                  AWS_EC2_METADATA_SERVICE_ENDPOINT=server.url)
    running = daemon(region=None, env=env)
    running.wait_line("region", level="error")
    running.process.send_signal(signal.SIGHUP)
    running.wait_line("reload")
    running.stop()
    assert running.log("stop")
    options = standin.options()
    del options["region"]
    result = check(options, env)
    assert result.failed() == ["region"]
    assert "404" in result.step("region")["fact"]
    assert standin.journal.all("sqs.poll") == []


def test_nothing_configured_waits_and_tells(standin, daemon, moto, serve,
                                            secrets):
    imds = Imds(moto)
    there = threading.Event()
    server = serve(lambda *a: imds.answer(*a) if there.is_set()
                   else (404, ""))
    standin.verifier.keys.clear()
    standin.verifier.keys["test-key"] = ("test-secret-key",
                                         "test-session-token")
    running = daemon(env=environ(
        standin, AWS_EC2_METADATA_DISABLED="",
        AWS_EC2_METADATA_SERVICE_ENDPOINT=server.url))
    line = running.wait_line("creds.fetch", level="error")
    for word in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE",
                 ".aws/config", "AWS_CONTAINER_CREDENTIALS",
                 "instance metadata", "404"):
        assert word in line["error"], word
    assert standin.journal.all("sqs.poll") == []
    there.set()
    await_all(standin, running, put_files(standin, 1), 20)
    assert len(running.log("creds.fetch", level="error")) == 1


def test_credential_process_of_a_profile(standin, daemon, secrets, tmp_path):
    """A program without a shell, and the profile's region and endpoints."""
    issuer = Issuer(standin, secrets, 3600)
    program = tmp_path / "a program"
    program.write_text("#!/bin/sh\n[ \"$1\" = '$HOME' ] || exit 3\n"
                       "cat '%s/doc'\n" % tmp_path)
    os.chmod(program, stat.S_IRWXU)
    (tmp_path / "doc").write_text(
        issuer.document("SessionToken", Version=1))
    write_profile(tmp_path, (
        "[profile p]\nregion = %s\nservices = here\n"
        "credential_process = '%s' $HOME\n"
        "[services here]\nsqs =\n  endpoint_url = %s\n"
        "s3 =\n  endpoint_url = %s\n"
        % (standin.REGION, program, standin.url, standin.url)))
    running = daemon(region=None, env={"AWS_PROFILE": "p"})
    await_all(standin, running, put_files(standin, 2))
    assert running.log("start")[0]["region"] == standin.REGION
    assert standin.journal.all("denied") == []


def test_hanging_credential_process_ends_with_the_daemon(
        standin, daemon, tmp_path):
    write_profile(tmp_path, "[default]\ncredential_process = "
                  "sh -c 'echo $$ >%s/pid; exec sleep 1000'\n" % tmp_path)
    running = daemon(env=environ(standin))
    running.wait_for(lambda: (tmp_path / "pid").exists()
                     and (tmp_path / "pid").read_text().strip())
    pid = int((tmp_path / "pid").read_text())
    running.stop()
    assert not os.path.exists("/proc/%d" % pid)


def prepare(moto, secrets, condition=None):
    """A cloud where only a role may do the work."""
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"},
             "Action": "sts:AssumeRole"}
    if condition:
        trust["Condition"] = {"StringEquals": condition}
    cloud = Cloud(moto)
    cloud.notify_queue()
    iam = boto3.client("iam", endpoint_url=moto.url, region_name=REGION,
                       aws_access_key_id="root", aws_secret_access_key="root")
    document = iam.get_user_policy(
        UserName="trailpost", PolicyName="p")["PolicyDocument"]
    arn = iam.create_role(RoleName="shipper", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [trust]}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="shipper", PolicyName="p",
                        PolicyDocument=json.dumps(document))
    iam.put_user_policy(UserName="trailpost", PolicyName="p",
                        PolicyDocument=json.dumps({
                            "Version": "2012-10-17", "Statement": [{
                                "Effect": "Allow", "Resource": "*",
                                "Action": "sts:AssumeRole"}]}))
    secrets.texts.append(cloud.env["AWS_SECRET_ACCESS_KEY"])
    return cloud, arn


def ship_through_moto(moto, cloud, standin, new_daemon, env, unchecked=0,
                      **options):
    """Everything is checked, after so many calls that cannot be."""
    rng, wanted = random.Random(9), []
    for _ in range(3):
        text, events = make_samples.log_file(rng, 5)
        cloud.s3.put_object(Bucket="moto-trail-logs",
                            Key=make_samples.key_of(rng),
                            Body=make_samples.pack(text))
        wanted += events
    before = cloud.left()
    moto.verify(unchecked)
    daemon = new_daemon(standin.journal)
    daemon.start({**standin.options(), "queue_url": cloud.queue_url,
                  "shutdown_timeout": "6s", **options}, env)
    daemon.wait_for(lambda: standin.dassana.event_count >= len(wanted), 60)
    daemon.wait_for(lambda: len(daemon.log("message.deleted")) == before, 30)
    assert not [x for x in daemon.log() if x.get("level") in (
        "warn", "error")]
    return daemon


def test_role_on_top_of_keys(moto, standin, new_daemon, secrets):
    cloud, arn = prepare(moto, secrets, {"sts:ExternalId": "ext/1"})
    daemon = ship_through_moto(
        moto, cloud, standin, new_daemon, cloud.env, assume_role_arn=arn,
        assume_role_external_id="ext/1", assume_role_session_name="me@here")
    assert daemon.log("creds.fetch")[0]["source"] == "assumed role"
    assert int(daemon.log("creds.fetch")[0]["expires_in_s"]) > 3000


def test_role_of_a_profile(moto, standin, new_daemon, secrets, tmp_path):
    cloud, arn = prepare(moto, secrets)
    write_profile(
        tmp_path, "[default]\nrole_arn = %s\nsource_profile = keys\n"
        "duration_seconds = 900\n" % arn,
        "[keys]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (
            cloud.env["AWS_ACCESS_KEY_ID"],
            cloud.env["AWS_SECRET_ACCESS_KEY"]))
    daemon = ship_through_moto(moto, cloud, standin, new_daemon,
                               {"AWS_ENDPOINT_URL": moto.url})
    assert daemon.log("creds.fetch")[0]["source"] == "profile"
    assert int(daemon.log("creds.fetch")[0]["expires_in_s"]) <= 900


def test_web_identity(moto, standin, new_daemon, secrets, tmp_path):
    cloud, arn = prepare(moto, secrets)
    token = tmp_path / "token"
    token.write_text("header.claims.signature")
    secrets.texts.append("header.claims.signature")
    daemon = ship_through_moto(moto, cloud, standin, new_daemon, {
        "AWS_ENDPOINT_URL": moto.url, "AWS_ROLE_ARN": arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}, unchecked=1)
    assert daemon.log("creds.fetch")[0]["source"] == "web identity"


@pytest.mark.parametrize("last", ["", "x"], ids=["right", "wrong"])
def test_session_token(moto, standin, new_daemon, secrets, last):
    """moto compares it with the one that came with the key."""
    cloud, arn = prepare(moto, secrets)
    sts = boto3.client("sts", endpoint_url=moto.url, region_name=REGION,
                       aws_access_key_id="root", aws_secret_access_key="root")
    given = sts.assume_role(RoleArn=arn, RoleSessionName="me")["Credentials"]
    env = {"AWS_ENDPOINT_URL": moto.url,
           "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
           "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
           "AWS_SESSION_TOKEN": given["SessionToken"] + last}
    secrets.texts += [given["SecretAccessKey"], given["SessionToken"]]
    if not last:
        ship_through_moto(moto, cloud, standin, new_daemon, env)
        return
    moto.verify()
    daemon = new_daemon(standin.journal)
    daemon.start({**standin.options(), "queue_url": cloud.queue_url}, env)
    line = daemon.wait_line("sqs.receive", level="warn")
    assert line["status"] in ("400", "403"), line
    assert standin.dassana.posts == []


def test_role_that_may_not_be_assumed(moto, standin, new_daemon, secrets):
    """moto looks at the caller's policy."""
    cloud = Cloud(moto)
    secrets.texts.append(cloud.env["AWS_SECRET_ACCESS_KEY"])
    moto.verify()
    daemon = new_daemon(standin.journal)
    daemon.start({**standin.options(), "queue_url": cloud.queue_url,
                  "assume_role_arn": "arn:aws:iam::123456789012:role/gone"},
                 cloud.env)
    line = daemon.wait_line("creds.fetch", level="error")
    assert "role/gone" in line["error"]
    assert line["status"] == "403"
    for word in ("sts:AssumeRole on arn:aws:iam::123456789012:role/gone",
                 "trust policy", "environment"):
        assert word in line["advice"], word
