#!/usr/bin/python3
"""Compares the credentials that trailpost finds with those that botocore finds.

    creds_oracle.py DRIVER [--seed N] [--count N]

DRIVER is the program made of creds_driver.c. Both get the same home, files and
environment, and ask the same server for STS, IAM Identity Center, a container's
endpoint and instance metadata. Each set that this server gives tells how it was
asked for, so that equal keys mean the same way to them, down to who has signed.
First come named cases, then random ones. Exits with 1 if one differs.
"""

import argparse
import contextlib
import hashlib
import http.server
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.environ.get("TRAILPOST_PEERS", os.path.join(
    os.path.dirname(os.path.dirname(HERE)), "build", "peers"))
NEWEST = os.path.join(PEERS, "botocore", "bin", "python")
ARN = "arn:aws:iam::111122223333:role/"
LATER, PAST = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
PROFILES = ("default", "p0", "p1", "p2", "p3")


def use_newest():
    """The newest botocore at hand, if it was installed for us."""
    if os.access(NEWEST, os.X_OK) and "TRAILPOST_ORACLE" not in os.environ \
            and subprocess.run([NEWEST, "-c", "import botocore"], check=False,
                               capture_output=True).returncode == 0:
        os.environ["TRAILPOST_ORACLE"] = "newest"
        os.execv(NEWEST, [NEWEST, *sys.argv])


def key_of(*how):
    """A set that tells how it was asked for."""
    digest = hashlib.sha256(json.dumps(how).encode()).hexdigest()
    return "ASIA" + digest[:16], "secret" + digest[16:32], "token" + digest[32:]


class Handler(http.server.BaseHTTPRequestHandler):
    """Everybody who gives credentials."""

    protocol_version = "HTTP/1.1"

    def reply(self, status, body, kind="application/json"):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)

    def document(self, *how):
        key, secret, token = key_of(*how)
        self.reply(200, json.dumps({
            "Code": "Success", "AccessKeyId": key, "SecretAccessKey": secret,
            "Token": token, "Expiration": LATER}))

    def do_PUT(self):
        self.reply(200, "metadata-token", "text/plain")

    def do_GET(self):
        url = urlsplit(self.path)
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        if url.path == "/federation/credentials":
            bearer = self.headers["x-amz-sso_bearer_token"]
            key, secret, token = key_of("sso", query["role_name"],
                                        query["account_id"], bearer)
            self.reply(200, json.dumps({"roleCredentials": {
                "accessKeyId": key, "secretAccessKey": secret,
                "sessionToken": token, "expiration": 4070908800000}}))
        elif url.path.endswith("/security-credentials/"):
            self.reply(200, "instance-role", "text/plain")
        elif "/security-credentials/" in url.path:
            self.document("imds", url.path)
        else:
            self.document("container", self.path,
                          self.headers.get("Authorization"))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {k: v[0] for k, v in parse_qs(body).items()}
        action = asked["Action"]
        name = asked.get("RoleSessionName", "")
        if name == "trailpost" or name.startswith("botocore-session-"):
            name = ""
        signer = re.search("Credential=([^/]*)/",
                           self.headers.get("Authorization", ""))
        key, secret, token = key_of(
            action, asked["RoleArn"], name, asked.get("ExternalId"),
            asked.get("DurationSeconds"), asked.get("WebIdentityToken"),
            signer and signer.group(1),
            self.headers.get("X-Amz-Security-Token"))
        self.reply(200, "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/"
                   "2011-06-15/\"><%sResult><Credentials><AccessKeyId>%s"
                   "</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>"
                   "<SessionToken>%s</SessionToken><Expiration>%s</Expiration>"
                   "</Credentials></%sResult></%sResponse>" % (
                       action, action, key, secret, token, LATER, action,
                       action), "text/xml")

    def log_message(self, *_):
        pass


class Case:
    """A home and an environment. Files are texts by their path in the home;
    HOME and URL stand for what is not known yet."""

    def __init__(self, name, config="", credentials="", env=None, cache=None):
        self.name = name
        self.files = {".aws/config": config, ".aws/credentials": credentials,
                      "jwt": "J.W.T"}
        for session, (token, end) in (cache or {}).items():
            name = hashlib.sha1(session.encode()).hexdigest() + ".json"
            self.files[".aws/sso/cache/" + name] = json.dumps(
                {"accessToken": token, "expiresAt": end})
        self.env = env or {}

    def make(self, home, url):
        def put(text):
            return text.replace("HOME", home).replace("URL", url)
        for path, text in self.files.items():
            path = os.path.join(home, path)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(put(text))
        return {"HOME": home, "PATH": os.environ["PATH"],
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
                **{name: url for name in (
                    "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_SSO",
                    "AWS_EC2_METADATA_SERVICE_ENDPOINT")},
                **{k: put(v) for k, v in self.env.items()}}

    def __str__(self):
        return "%s\n  files %s\n  environment %s" % (
            self.name, json.dumps(self.files, indent=2), self.env)


class Botocore:
    def __init__(self):
        import botocore
        import botocore.credentials
        import botocore.session
        import botocore.tokens
        self.botocore = botocore
        self.version = botocore.__version__
        self.loader = botocore.session.Session().get_component("data_loader")
        warnings.simplefilter("ignore")

    def find(self, env):
        """As the driver tells it."""
        cache = os.path.join(env["HOME"], ".aws", "sso", "cache")
        self.botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
        self.botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
        os.environ.clear()
        os.environ.update(env)
        session = self.botocore.session.Session()
        session.register_component("data_loader", self.loader)
        try:
            found = session.get_credentials()
            found = found and found.get_frozen_credentials()
        except Exception as error:  # of many kinds, ValueError among them
            return "! %s: %s" % (type(error).__name__, error)
        if found is None:
            return "! nothing"
        return "%s %s %s" % (found.access_key, found.secret_key,
                             found.token or "-")


def keys(name):
    return "aws_access_key_id = AKIA%s\naws_secret_access_key = s%s\n" % (
        name, name)


def process(name):
    return "credential_process = echo '%s'\n" % json.dumps(
        {"Version": 1, "AccessKeyId": "AKIA" + name, "SecretAccessKey": "s",
         "Expiration": LATER})


SSO = "sso_account_id = 111122223333\nsso_role_name = Log Reader\n"
SESSION = "[sso-session corp]\nsso_region = eu-west-1\n" \
    "sso_start_url = https://corp/\n"
LEGACY = SSO + "sso_region = eu-west-1\nsso_start_url = https://corp/\n"
TOKENS = {"corp": ("corp-token", LATER), "https://corp/": ("old-token", LATER)}
POD = {"AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/jwt", "AWS_ROLE_ARN": ARN + "pod"}
ENV = {"AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "s"}


def role(name, more):
    return "role_arn = %s%s\n%s\n" % (ARN, name, more)


def named():
    """What was once different, or is easily got wrong."""
    p = {"AWS_PROFILE": "p"}
    yield Case("sso session", "[profile p]\nsso_session = corp\n" + SSO +
               SESSION, env=p, cache=TOKENS)
    yield Case("sso session in quotes", "[profile p]\nsso_session = corp\n" +
               SSO + SESSION.replace("corp]", '"corp"]'), env=p, cache=TOKENS)
    yield Case("sso of old", "[profile p]\n" + LEGACY, env=p, cache=TOKENS)
    yield Case("sso, written by an old CLI", "[profile p]\n" + LEGACY, env=p,
               cache={"https://corp/": ("t", "2099-01-01T00:00:00UTC")})
    yield Case("sso expired", "[profile p]\n" + LEGACY, env=p,
               cache={"https://corp/": ("t", PAST)})
    yield Case("sso not signed in", "[profile p]\n" + LEGACY, env=p)
    yield Case("sso below a role", "[profile p]\n" + role(
        "r", "source_profile = q") + "[profile q]\nsso_session = corp\n" + SSO +
               SESSION, env=p, cache=TOKENS)
    yield Case("sso before keys", "[profile p]\n" + LEGACY, "[p]\n" + keys("K"),
               p, TOKENS)
    yield Case("session for something else", "[profile p]\nsso_session = corp\n"
               + keys("K") + SESSION, env=p, cache=TOKENS)
    yield Case("sso without an account", "[profile p]\nsso_role_name = r\n" +
               keys("K"), env=p)
    yield Case("sso that contradicts itself", "[profile p]\nsso_session = corp\n"
               + LEGACY.replace("eu-west-1", "eu-west-2") + SESSION, env=p,
               cache=TOKENS)
    yield Case("aws login", "[profile p]\nlogin_session = arn\n", env=p)
    yield Case("aws login beside keys", "[profile p]\nlogin_session = arn\n",
               "[p]\n" + keys("K"), p)
    yield Case("keys of the second profile before its role", "[profile p]\n" +
               role("one", "source_profile = q") + "[profile q]\n" + role(
                   "two", "source_profile = r") + keys("Q") + "[profile r]\n" +
               keys("R"), env=p)
    yield Case("keys of the third profile", "[profile p]\n" + role(
        "one", "source_profile = q") + "[profile q]\n" + role(
            "two", "source_profile = r") + "[profile r]\n" + role(
                "three", "source_profile = q"), "[r]\n" + keys("R"), p)
    yield Case("role of the first profile before its keys", "[profile p]\n" +
               role("one", "source_profile = p") + keys("P"), env=p)
    yield Case("circle", "[profile p]\n" + role("one", "source_profile = q") +
               "[profile q]\n" + role("two", "source_profile = p"), env=p)
    yield Case("role on the pod's own", "[profile p]\n" + role(
        "far", "source_profile = pod") + "[profile pod]\n" + role(
            "near", "web_identity_token_file = HOME/jwt"), env={**p, **POD})
    yield Case("pod and a profile with keys", "[profile p]\n" + keys("P"),
               env={**p, **POD})
    yield Case("pod and a default profile with a role", "[default]\n" + role(
        "far", "source_profile = k") + "[profile k]\n" + keys("K"), env=POD)
    yield Case("pod and a profile with a web identity", "[profile p]\n" + role(
        "own", "web_identity_token_file = HOME/jwt\nrole_session_name = me"),
               env={**p, "AWS_ROLE_ARN": ARN + "pod"})
    yield Case("pod without a role", env={
        "AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/jwt"})
    yield Case("web identity without a role", "[profile p]\n"
               "web_identity_token_file = HOME/jwt\n" + keys("P"), env=p)
    yield Case("web identity and a source", "[profile p]\n" + role(
        "r", "web_identity_token_file = HOME/jwt\nsource_profile = q") +
               "[profile q]\n" + keys("Q"), env=p)
    yield Case("files that are not there", env={
        "AWS_CONFIG_FILE": "/no/config", **ENV})
    yield Case("config not there, credentials there", "", "[default]\n" +
               keys("K"), {"AWS_CONFIG_FILE": "/no/config"})
    yield Case("profile not there", "[profile q]\n" + keys("Q"), env={
        **p, **ENV})
    yield Case("token alone", "", "[default]\n" + keys("K"),
               {"AWS_SESSION_TOKEN": "t"})
    yield Case("key id alone", "", "[default]\n" + keys("K"),
               {"AWS_ACCESS_KEY_ID": "A"})
    yield Case("expiry with a blank", env={
        **ENV, "AWS_CREDENTIAL_EXPIRATION": "2099-01-01 00:00:00Z"})
    yield Case("expiry in basic form", env={
        **ENV, "AWS_CREDENTIAL_EXPIRATION": "20990101T000000Z"})
    yield Case("expiry that is none", env={
        **ENV, "AWS_CREDENTIAL_EXPIRATION": "tomorrow"})
    yield Case("command on several lines", "[profile p]\n" + process(
        "P").replace("echo ", "echo\n   ") + "region = us-east-1\n", env=p)
    yield Case("value that goes on", "[profile p]\nregion = us-east-1\n"
               "  aws_access_key_id = A\n" + keys("P"), env=p)
    yield Case("process before keys in the config file", "[profile p]\n" + keys(
        "C") + process("P"), env=p)
    yield Case("keys in the credentials file before a process", "[profile p]\n"
               + process("P"), "[p]\n" + keys("K"), p)
    yield Case("both files", "[profile p]\n" + keys("C"), "[p]\n" + keys("K"),
               p)
    yield Case("home of Windows", "[profile p]\r\n" + keys("P").replace(
        "\n", "\r\n"), env=p)
    yield Case("container", env={
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/c?x=1",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc"})
    yield Case("instance", env={"AWS_EC2_METADATA_DISABLED": "False"})
    yield Case("instance switched off", env={
        "AWS_EC2_METADATA_DISABLED": "TRUE"})
    yield Case("credential_source", "[profile p]\n" + role(
        "r", "credential_source = Ec2InstanceMetadata"), env={
            **p, "AWS_EC2_METADATA_DISABLED": "false"})


def random_source(rng, others):
    kind = rng.randrange(8)
    if kind < 4:
        return "source_profile = %s\n" % rng.choice(others)
    if kind == 4:
        return "credential_source = %s\n" % rng.choice(
            ["Environment", "Ec2InstanceMetadata", "EcsContainer", "Moon"])
    if kind == 5:
        return "web_identity_token_file = HOME/jwt\n"
    if kind == 6:
        return "source_profile = p0\ncredential_source = Environment\n"
    return ""


def random_profile(rng, name):
    """Its lines in the config file, and in the credentials file."""
    config, credentials = ["region = us-east-1\n"], []
    if rng.random() < 0.5:
        more = random_source(rng, PROFILES)
        if rng.random() < 0.3:
            more += "external_id = e%s\n" % name
        if rng.random() < 0.3:
            more += "role_session_name = s%s\n" % name
        if rng.random() < 0.2 and "web_identity" not in more:
            more += "duration_seconds = 1800\n"
        config.append(role(name, more))
    if rng.random() < 0.25:
        config.append(keys("C" + name))
    if rng.random() < 0.4:
        credentials.append(keys("K" + name))
        if rng.random() < 0.3:
            credentials.append("aws_session_token = t%s\n" % name)
    if rng.random() < 0.15:
        config.append(process("P" + name))
    if rng.random() < 0.15:
        config.append("sso_session = corp\n" + SSO)
    elif rng.random() < 0.1:
        config.append(LEGACY)
    elif rng.random() < 0.05:
        config.append("sso_session = corp\n")
    if rng.random() < 0.03:
        config.append("login_session = arn\n")
    rng.shuffle(config)
    return "".join(config), "".join(credentials)


def random_env(rng):
    env = {}
    if rng.random() < 0.15:
        env.update(ENV)
        if rng.random() < 0.5:
            env["AWS_SESSION_TOKEN"] = "t"
    elif rng.random() < 0.1:
        env["AWS_SESSION_TOKEN"] = "t"
    if rng.random() < 0.2:
        env.update(POD)
        if rng.random() < 0.3:
            env["AWS_ROLE_SESSION_NAME"] = "pod"
    if rng.random() < 0.2:
        env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "URL/c"
    if rng.random() < 0.4:
        env["AWS_EC2_METADATA_DISABLED"] = rng.choice(["false", "False"])
    if rng.random() < 0.75:
        # Not "default", which is there for us even where nobody wrote it.
        env["AWS_PROFILE"] = rng.choice(PROFILES[1:] + ("p0", "p1", "gone"))
    if rng.random() < 0.05:
        env["AWS_CONFIG_FILE"] = "HOME/none"
    return env


def random_case(rng, number):
    config, credentials = [SESSION], []
    for name in PROFILES:
        if rng.random() < 0.3:
            continue
        lines, secret = random_profile(rng, name)
        if rng.random() < 0.9:
            config.append("[%s]\n%s" % (
                name if name == "default" else "profile " + name, lines))
        if secret:
            credentials.append("[%s]\n%s" % (name, secret))
    cache = {name: (token, rng.choice([LATER, LATER, PAST]))
             for name, (token, _) in TOKENS.items() if rng.random() < 0.8}
    return Case("random %d" % number, "".join(config), "".join(credentials),
                random_env(rng), cache)


def run(driver, seed, count):
    rng = random.Random(seed)
    theirs = Botocore()
    print("botocore %s, seed %d" % (theirs.version, seed))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = "http://127.0.0.1:%d" % server.server_port
    cases = [*named(), *(random_case(rng, i) for i in range(count))]
    passed = failed = given = 0
    with tempfile.TemporaryDirectory() as top, ThreadPoolExecutor(2) as pool:
        os.chmod(top, 0o700)
        made = []
        for number, case in enumerate(cases):
            home = os.path.join(top, str(number))
            os.mkdir(home, 0o700)
            made.append(case.make(home, url))
        answers = pool.map(lambda env: subprocess.run(
            [driver], env=env, capture_output=True, text=True, check=False,
            timeout=60).stdout.strip(), made)
        for case, env, got in zip(cases, made, answers):
            want = theirs.find(env)
            given += want[0] != "!"
            if want == got or (want[:2] == "! " and got[:2] == "! "):
                passed += 1
            else:
                failed += 1
                print("%s\n  botocore  %s\n  trailpost %s" % (case, want, got))
    server.shutdown()
    print("%d of %d gave credentials" % (given, len(cases)))
    return passed, failed if given > len(cases) // 4 else failed + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(2 ** 32))
    parser.add_argument("--count", type=int, default=300)
    args = parser.parse_args()
    begun = time.monotonic()
    passed, failed = run(os.path.abspath(args.driver), args.seed, args.count)
    print("%.1f s" % (time.monotonic() - begun))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or passed == 0 else 0)


if __name__ == "__main__":
    use_newest()
    main()
