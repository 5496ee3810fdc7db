"""IAM Identity Center of a test: the portal that gives credentials of a role,
the OIDC service that renews tokens, and the cache of `aws sso login`. botocore
is run on the same, in a process of its own."""

import hashlib
import json
import os
import subprocess
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from components import PEERS
from issuer import write_profile

PYTHON = os.path.join(PEERS, "botocore", "bin", "python")
START_URL = "https://corp.example/start"
SESSION = """[profile p]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Log Reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = %s
sso_registration_scopes = sso:account:access
""" % START_URL
LEGACY = """[profile p]
sso_account_id = 111122223333
sso_role_name = Log Reader
sso_region = us-east-1
sso_start_url = %s
""" % START_URL
CREDENTIALS = """
import json, botocore.session
c = botocore.session.Session(profile=%r).get_credentials()
c = c.get_frozen_credentials()
print(json.dumps([c.access_key, c.secret_key, c.token]))
"""


def stamp(in_s, form="%Y-%m-%dT%H:%M:%SZ"):
    return time.strftime(form, time.gmtime(time.time() + in_s))


class Portal:
    """Tokens are good until revoked; a refresh token is good for once."""

    def __init__(self, serve, issuer, tmp_path, secrets):
        self.lock = threading.Lock()
        self.issuer = issuer
        self.home = tmp_path
        self.secrets = secrets
        self.tokens = set()
        self.refresh = set()
        self.n = 0
        self.life_s = 3600
        self.server = serve(self.answer)

    def asked(self, path):
        return [r for r in self.server.requests if r[1].startswith(path)]

    def make(self):
        self.n += 1
        pair = "geheim-access-token-%d" % self.n, \
            "geheim-refresh-token-%d" % self.n
        self.secrets.texts += pair
        self.tokens.add(pair[0])
        self.refresh.add(pair[1])
        return pair

    def answer(self, method, path, headers):
        with self.lock:
            if path == "/token":
                return self.renew(json.loads(headers[":body"]))
            return self.role(path, headers.get("x-amz-sso_bearer_token"))

    def renew(self, asked):
        assert asked.pop("grantType") == "refresh_token"
        assert asked["clientId"] == "client"
        assert asked["clientSecret"] == "geheim-client-secret"
        if asked["refreshToken"] not in self.refresh:
            return 400, json.dumps({"__type": "InvalidGrantException",
                                    "error": "invalid_grant"})
        self.refresh.remove(asked["refreshToken"])
        access, refresh = self.make()
        return 200, json.dumps({
            "accessToken": access, "expiresIn": self.life_s,
            "refreshToken": refresh, "tokenType": "Bearer"})

    def role(self, path, token):
        query = parse_qs(urlsplit(path).query)
        assert query == {"role_name": ["Log Reader"],
                         "account_id": ["111122223333"]}
        if token not in self.tokens:
            return 401, json.dumps({"__type": "UnauthorizedException",
                                    "message": "Session token not found"})
        doc = json.loads(self.issuer.document())
        end = time.mktime(time.strptime(
            doc["Expiration"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        return 200, json.dumps({"roleCredentials": {
            "accessKeyId": doc["AccessKeyId"],
            "secretAccessKey": doc["SecretAccessKey"],
            "sessionToken": doc["Token"], "expiration": int(end * 1000)}})

    def environ(self):
        return {"AWS_PROFILE": "p", "AWS_ENDPOINT_URL_SSO": self.server.url,
                "AWS_ENDPOINT_URL_SSO_OIDC": self.server.url}

    def path(self, name):
        return self.home / ".aws" / "sso" / "cache" / (
            hashlib.sha1(name.encode()).hexdigest() + ".json")

    def log_in(self, name="corp", life_s=3600, renewable=True):
        """As `aws sso login` leaves it. Returns the file."""
        access, refresh = self.make()
        self.secrets.texts.append("geheim-client-secret")
        doc = {"startUrl": START_URL, "region": "us-east-1",
               "accessToken": access, "expiresAt": stamp(life_s)}
        if renewable:
            doc.update(clientId="client", clientSecret="geheim-client-secret",
                       registrationExpiresAt=stamp(86400),
                       refreshToken=refresh)
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(doc))
        new.rename(path)
        if life_s <= 0:
            self.tokens.discard(access)
        return path

    def start_botocore(self, profile="p"):
        if not os.access(PYTHON, os.X_OK):
            pytest.skip("WITHOUT BOTOCORE: it could not be installed "
                        "(tests/peers/install.sh)")
        return subprocess.Popen(
            [PYTHON, "-c", CREDENTIALS % profile], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"HOME": str(self.home), "PATH": os.environ["PATH"],
                 "AWS_EC2_METADATA_DISABLED": "true", **self.environ()})

    def botocore(self, profile="p"):
        """What it gets: key id, secret, token; or its error."""
        process = self.start_botocore(profile)
        out, error = process.communicate(timeout=60)
        return json.loads(out) if process.returncode == 0 \
            else error.splitlines()[-1]


@pytest.fixture
def portal(standin, serve, secrets, tmp_path):
    from issuer import Issuer
    write_profile(tmp_path, SESSION)
    return Portal(serve, Issuer(standin, secrets, 3600), tmp_path, secrets)
