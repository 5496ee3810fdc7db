"""Each source of credentials when it is broken: what the check says of it, and
that the daemon loses nothing, does not spin and goes on once it is mended."""

import json
import re
import threading
import time

import pytest
from issuer import Issuer, environ, serve, write_profile  # noqa: F401
from jobs import await_all, put_files
from test_check import check  # noqa: F401
from trail import no_faketime, other_time

ARN = "arn:aws:iam::111122223333:role/shipper"
PAST = "2020-01-01T00:00:00Z"


class Source:
    """env and options lead to a server; answer(good) is what it says when its
    credentials are asked for, good(token_name) making them."""

    def __init__(self, name, action=None):
        self.name = name
        self.action = action  # of STS

    def environ(self, url, tmp_path):
        if self.action == "AssumeRole":
            return {"AWS_ENDPOINT_URL_STS": url, "AWS_ACCESS_KEY_ID": "AKIA",
                    "AWS_SECRET_ACCESS_KEY": "geheim"}
        if self.action:
            (tmp_path / "token").write_text("geheim.token")
            return {"AWS_ENDPOINT_URL_STS": url, "AWS_ROLE_ARN": ARN,
                    "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token")}
        if self.name == "container":
            return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/c"}
        return {"AWS_EC2_METADATA_DISABLED": "false",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}

    def options(self):
        return {"assume_role_arn": ARN} if self.action == "AssumeRole" else {}

    def good(self, issuer):
        return 200, issuer.xml(self.action) if self.action \
            else issuer.document()

    def answer(self, last):
        """Of a server whose credentials are what last() gives."""
        def look(method, path, _headers):
            if method == "PUT":
                return 200, "v2-token"
            if path.endswith("/security-credentials/"):
                return 200, "role"
            return last()
        return look


SOURCES = [Source("container"), Source("instance metadata"),
           Source("web identity", "AssumeRoleWithWebIdentity"),
           Source("assuming " + ARN, "AssumeRole")]
each_source = pytest.mark.parametrize("source", SOURCES,
                                      ids=lambda s: s.action or s.name)


def past(source):
    if source.action:
        members = {"AccessKeyId": "A", "SecretAccessKey": "geheim",
                   "SessionToken": "geheim", "Expiration": PAST}
        return "<%sResponse><%sResult><Credentials>%s</Credentials>" \
            "</%sResult></%sResponse>" % (source.action, source.action, "".join(
                "<%s>%s</%s>" % (n, t, n) for n, t in members.items()),
                source.action, source.action)
    return json.dumps({"AccessKeyId": "A", "SecretAccessKey": "geheim",
                       "Token": "geheim", "Expiration": PAST})


REPLIES = {  # what is told of it, by whoever is not STS and by STS
    "404": (lambda s: (404, "nothing here"), "404", "404"),
    "403": (lambda s: (403, "not for you"), "403", "403"),
    "500": (lambda s: (500, "oops"), "500", "500"),
    "html": (lambda s: (200, "<html>geheim</html>"), "no JSON object",
             "no credentials"),
    "half": (lambda s: (200, '{"AccessKeyId": "A"}'), "no SecretAccessKey",
             "no credentials"),
    "past": (lambda s: (200, past(s)), "have expired", "have expired"),
}


def past_of_an_agent(check, standin, source, env):
    """It serves on, with a warning."""
    result = check(standin.options(), environ(standin, **env), as_json=True)
    standin.dassana.problems.clear()
    step = result.step("credentials")
    assert step["result"] == "warning" and "which has passed" in step["fact"]


def run_check(check, standin, source, env):
    result = check({**standin.options(), **source.options()},
                   environ(standin, **env), as_json=True)
    standin.dassana.problems.clear()
    assert result.status == 1
    assert result.failed() == ["credentials"]
    assert "creds.fetch" not in result.errors  # the step says it
    assert "geheim" not in result.text
    assert standin.journal.all("sqs.receive") == []
    return result.step("credentials")["fact"]


@each_source
@pytest.mark.parametrize("reply", REPLIES)
def test_a_reply_that_is_no_good(standin, check, serve, tmp_path, source,
                                 reply):
    make, other, sts = REPLIES[reply]
    server = serve(source.answer(lambda: make(source)))
    if reply == "past" and not source.action:
        past_of_an_agent(check, standin, source,
                         source.environ(server.url, tmp_path))
        return
    fact = run_check(check, standin, source,
                     source.environ(server.url, tmp_path))
    # Of what came whole, the first line says whose it was.
    assert source.name in fact or reply == "past"
    assert (sts if source.action else other) in fact
    # A check does not ask for ever.
    assert len(server.requests) <= 5


@no_faketime
@each_source
def test_a_reply_that_does_not_come(standin, check, serve, tmp_path, source):
    """STS is given ten seconds, three times: at many times the speed."""
    over = threading.Event()
    server = serve(source.answer(lambda: (over.wait(60), (500, ""))[1]))
    env = {name: value for name, value in other_time(
        standin, 10 if source.action else 1).items()
           if not name.startswith("AWS_")}
    try:
        fact = run_check(check, standin, source, {
            **env, **source.environ(server.url, tmp_path),
            "AWS_METADATA_SERVICE_TIMEOUT": "1"})
    finally:
        over.set()
    assert source.name in fact and "timeout" in fact
    asked = 3 if source.action else 1
    assert len([r for r in server.requests if r[0] != "PUT"]) <= asked + 1


@pytest.mark.parametrize("command, words", [
    ("echo 'geheim'", "echo printed no JSON object"),
    ("echo '{\"Version\": 2, \"AccessKeyId\": \"geheim\"}'",
     '"Version": 1'),
    ("echo '{\"Version\": 1, \"AccessKeyId\": \"A\"}'",
     "no SecretAccessKey"),
    ("sh -c 'echo it is closed >&2; exit 3'",
     "status 3; it said: it is closed"),
    ("sh -c 'kill -9 $$'", "signal 9"),
    ("/no/such/program x", "/no/such/program could not be run: No such file"),
    ("sh -c 'exec yes geheim'", "more than 64 KiB"),
    ("echo 'a", "quote"),
])
def test_a_credential_process_that_is_no_good(standin, check, tmp_path,
                                              command, words):
    write_profile(tmp_path, "[profile p]\ncredential_process = %s\n" % command)
    fact = run_check(check, standin, SOURCES[0], {"AWS_PROFILE": "p"})
    assert "credential process: " in fact and words in fact


@no_faketime
def test_a_credential_process_that_hangs(standin, check, tmp_path):
    """A minute, at many times the speed."""
    write_profile(tmp_path, "[default]\ncredential_process = sleep 1000000\n")
    clock = {name: value for name, value in other_time(standin, 30).items()
             if not name.startswith("AWS_")}
    fact = run_check(check, standin, SOURCES[0], clock)
    assert "sleep was killed, as it did not end within 60 s" in fact


@pytest.mark.parametrize("env", [
    {"AWS_CONFIG_FILE": "/dev/zero"},
    {"AWS_SHARED_CREDENTIALS_FILE": "/dev/zero"},
    {"AWS_ROLE_ARN": ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/zero"},
    {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/",
     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/dev/zero"},
], ids=lambda env: list(env)[-1])
def test_a_file_without_end(standin, check, env):
    """It is not read for ever."""
    result = check({**standin.options(), "region": "eu-west-1"}, env)
    assert "/dev/zero: File too large" in result.text
    standin.dassana.problems.clear()


@pytest.mark.parametrize("config, words", [
    ("[profile p]\naws_access_key_id = A\n", "secret access key is not set"),
    ("[profile p]\nsso_role_name = r\n", "sso_account_id is missing"),
    ("[profile p]\nlogin_session = s\n", "aws login"),
    ("[profile p]\nrole_arn = %s\nsource_profile = q\n[profile q]\n"
     "role_arn = %s\nsource_profile = p\n" % (ARN, ARN), "circle"),
    ("[profile p]\nrole_arn = %s\n" % ARN +
     "web_identity_token_file = /no/token\n", "/no/token: No such file"),
])
def test_a_profile_that_is_no_good(standin, check, tmp_path, config, words):
    write_profile(tmp_path, config)
    fact = run_check(check, standin, SOURCES[0], {"AWS_PROFILE": "p"})
    assert fact.startswith("from profile: ") and words in fact


@pytest.mark.parametrize("config, env, words", [
    ("[profile p\n", {"AWS_PROFILE": "p"}, ".aws/config:1: .*without ']'"),
    ("[default]\nuse_fips_endpoint\n", {}, ".aws/config:2: no .key = value"),
    ("[profile q]\nuse_fips_endpoint = true\n", {"AWS_PROFILE": "p"},
     'AWS_PROFILE: there is no profile "p" in .*/.aws/config'),
    ("", {"AWS_CONFIG_FILE": "/"}, "/: Is a directory"),
    ("", {"AWS_CONFIG_FILE": "/no/file", "AWS_PROFILE": "p"},
     "/no/file .which AWS_CONFIG_FILE names, and is not there"),
])
def test_a_profile_is_no_good_with_other_credentials(
        standin, check, daemon, tmp_path, config, env, words):
    """Settings are in it too, that of FIPS for one: none is dropped in
    silence."""
    write_profile(tmp_path, config)
    env = {**standin.environ(), **env}
    result = check(standin.options(), env)
    standin.dassana.problems.clear()
    assert result.failed() == ["configuration"]
    assert re.search(words, result.step("configuration")["fact"])
    made = daemon(env=env)
    made.status = 2
    assert made.wait_exit() == 2
    assert made.log("config.mistake") and not made.log("start")


def test_the_environment_as_it_was_meant(standin, check):
    """What a file or a secret had at its ends, and booleans of Python; a file
    that is not there."""
    env = {**standin.environ(), "AWS_CONFIG_FILE": "/no/file",
           "AWS_USE_DUALSTACK_ENDPOINT": "False", "AWS_REGION": " us-east-1\n"}
    env = {name: value + "\r\n" for name, value in env.items()}
    result = check(standin.options(), env)
    standin.dassana.problems.clear()
    assert set(result.failed()) <= {"identity"}  # there is no STS here


def test_a_profile_that_has_no_credentials(standin, check, serve, tmp_path):
    """It is there for its region: the next source is asked, and if there is
    none, the profile is named with the others."""
    write_profile(tmp_path, "[profile p]\nregion = us-east-1\n")
    fact = run_check(check, standin, SOURCES[0], {"AWS_PROFILE": "p"})
    assert 'none of profile "p"' in fact
    server = serve(lambda *_: (404, ""))
    fact = run_check(check, standin, SOURCES[0], {
        "AWS_PROFILE": "p", **SOURCES[0].environ(server.url, tmp_path)})
    assert fact.startswith("from container: ")


def test_nothing_configured_at_all(standin, check):
    fact = run_check(check, standin, SOURCES[0], {})
    assert "no credentials: no AWS_ACCESS_KEY_ID" in fact
    assert "AWS_EC2_METADATA_DISABLED" in fact


@each_source
def test_the_daemon_waits_and_goes_on(standin, daemon, serve, secrets,
                                      tmp_path, source):
    issuer = Issuer(standin, secrets, 3600)
    mended = threading.Event()
    server = serve(source.answer(
        lambda: source.good(issuer) if mended.is_set() else (500, "geheim")))
    wanted = put_files(standin, 3)
    running = daemon(env=environ(standin, **source.environ(
        server.url, tmp_path)), **source.options())
    line = running.wait_line("creds.fetch", level="error")
    assert source.name in line["error"] and "500" in line["error"]
    begun = server.times[0]
    running.wait_for(lambda: server.times[-1] - begun > 1.5, 30)
    took, asked = time.monotonic() - begun, len(server.times)
    # A try is three requests at most, and tries are a second apart.
    assert asked <= 3 * (took / 0.9 + 1)
    assert standin.journal.all("sqs.poll") == []
    mended.set()
    await_all(standin, running, wanted, 60)
    assert issuer.n == 1
    assert standin.journal.all("denied") == []
