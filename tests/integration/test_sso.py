"""Profiles of IAM Identity Center: trailpost and botocore on the same cache and
the same portal."""

import json

import pytest
from issuer import environ, serve, write_profile  # noqa: F401
from jobs import await_all, put_files
from portal import LEGACY, SESSION, START_URL, portal, stamp  # noqa: F401
from test_check import check  # noqa: F401

BELOW_A_ROLE = SESSION.replace("[profile p]", "[profile q]") + """
[profile p]
role_arn = arn:aws:iam::111122223333:role/shipper
source_profile = q
"""


def run_check(standin, check, portal):
    result = check(standin.options(), environ(standin, **portal.environ()),
                   as_json=True)
    standin.dassana.problems.clear()
    return result.step("credentials")


def asked_of(request):
    """But for what each program says of itself."""
    method, path, headers = request
    path, _, query = path.partition("?")
    body = headers[":body"]
    return (method, path, sorted(query.replace("+", "%20").split("&")),
            headers.get("x-amz-sso_bearer_token"),
            "authorization" in headers, json.loads(body) if body else None)


@pytest.mark.parametrize("config, name", [(SESSION, "corp"),
                                          (LEGACY, START_URL)])
def test_both_read(standin, check, portal, config, name):
    (portal.home / ".aws" / "config").write_text(config)
    cache = portal.log_in(name)
    before = cache.read_text()
    assert run_check(standin, check, portal)["result"] == "ok"
    assert portal.botocore()[0].startswith("ASIA")
    ours, theirs = map(asked_of, portal.server.requests)
    assert ours == theirs
    assert cache.read_text() == before


def test_both_renew(standin, check, portal):
    """Each goes on with what the other has stored."""
    cache = portal.log_in(life_s=-60)
    stored = []
    for renews, reads in ((0, 1), (1, 0)):
        ways = [lambda: run_check(standin, check, portal)["result"] == "ok",
                lambda: portal.botocore()[0].startswith("ASIA")]
        portal.server.requests.clear()
        assert ways[renews]() and ways[reads]()
        assert len(portal.asked("/token")) == 1
        assert len(portal.asked("/federation/credentials")) == 2
        doc = json.loads(cache.read_text())
        stored.append((asked_of(portal.asked("/token")[0]), set(doc),
                       cache.stat().st_mode, doc["startUrl"], doc["region"],
                       len(doc["expiresAt"])))
        doc["expiresAt"] = stamp(-60)
        cache.write_text(json.dumps(doc))
    (ours, *our_file), (theirs, *their_file) = stored
    assert our_file == their_file and set(ours[5]) == set(theirs[5])
    assert list(cache.parent.iterdir()) == [cache]  # nothing left behind


def test_expired_for_good(standin, check, portal):
    for name, config in ((START_URL, LEGACY), ("corp", SESSION)):
        (portal.home / ".aws" / "config").write_text(config)
        portal.log_in(name, -60, renewable=name == START_URL)
        step = run_check(standin, check, portal)
        assert step["result"] == "failed" and "has expired" in step["fact"]
        assert "aws sso login --profile p" in step["advice"]
        assert "Error" in portal.botocore()
    portal.path("corp").unlink()
    step = run_check(standin, check, portal)
    assert "No such file" in step["fact"] and "Error" in portal.botocore()
    # One that the portal does not know any more.
    portal.log_in()
    portal.tokens.clear()
    step = run_check(standin, check, portal)
    assert "UnauthorizedException" in step["fact"]
    assert "aws sso login --profile p" in step["advice"]
    assert "UnauthorizedSSOToken" in portal.botocore()


def test_a_cache_that_others_can_write(standin, check, portal):
    cache = portal.log_in()
    cache.chmod(0o666)
    step = run_check(standin, check, portal)
    assert "others can write to it" in step["fact"]
    cache.chmod(0o600)
    cache.parent.chmod(0o777)
    step = run_check(standin, check, portal)
    assert "others can write to this folder" in step["fact"]
    assert portal.server.requests == []


def test_below_a_role(standin, check, portal):
    (portal.home / ".aws" / "config").write_text(BELOW_A_ROLE)
    portal.log_in(life_s=-60, renewable=False)
    step = run_check(standin, check, portal)
    assert 'profile "p": profile "q": SSO' in step["fact"].replace(
        "assuming arn:aws:iam::111122223333:role/shipper: ", "")
    assert "aws sso login --profile q" in step["advice"]


def test_the_daemon_goes_on_after_a_login(standin, daemon, portal):
    """Within half a minute of it, and again when the token is renewed."""
    portal.log_in(life_s=-60, renewable=False)
    wanted = put_files(standin, 3)
    running = daemon(env=environ(standin, **portal.environ()))
    line = running.wait_line("creds.fetch", level="error")
    assert "aws sso login --profile p" in line["advice"]
    portal.log_in(life_s=60)  # to be renewed at once
    await_all(standin, running, wanted, 30)
    assert len(portal.asked("/token")) == 1
    assert standin.journal.all("denied") == []


def test_many_at_once(standin, daemon, portal):
    """Daemons and botocore find the token expired at the same moment; a refresh
    token is good for one of them."""
    cache = portal.log_in(life_s=-60)
    wanted = put_files(standin, 6)
    others = [portal.start_botocore() for _ in range(2)]
    running = [daemon(env=environ(standin, **portal.environ()))
               for _ in range(3)]
    for made in running:
        made.wait_line("creds.fetch", 60, level="info")
    await_all(standin, running[0], wanted, 60)
    for other in others:
        other.communicate(timeout=60)
    assert json.loads(cache.read_text())["accessToken"] in portal.tokens
    assert list(cache.parent.iterdir()) == [cache]
