"""TLS: verified always, with the system's authorities or with ca_file."""

import ssl

import pytest
from jobs import await_all, make_file, put_files
from standin.tls import Authority, Front


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


def start(daemon, standin, aws, sink, **more):
    env = standin.environ()
    env["AWS_ENDPOINT_URL"] = "https://127.0.0.1:%d" % aws.port
    return daemon(env=env, dassana_endpoint="https://127.0.0.1:%d/ingest" %
                  sink.port, **more)


def test_everything_over_tls(standin, daemon, authority):
    good = authority.issue("IP:127.0.0.1")
    with Front(standin.aws_port.port, good) as aws, \
            Front(standin.dassana_port.port, good) as sink:
        wanted = put_files(standin, 20)
        made = start(daemon, standin, aws, sink, ca_file=authority.bundle)
        await_all(standin, made, wanted)
        assert aws.handshakes > 0 and sink.handshakes > 0


def test_connections_are_kept_and_sessions_resumed(
        standin, daemon, authority):
    """SQS and S3 are one host here: its first connection is greeted in full,
    which is most of what TLS costs, and others go on from there. Not all: a
    ticket is spent when the first of them is through (RFC 8446, C.4), so
    whoever begins before the next ticket has come is greeted in full as well:
    more of them when the machine stands still, so one good try is enough."""
    good = authority.issue("IP:127.0.0.1")
    wanted, resumed = [], []
    while not resumed or resumed[-1] < 1 / 3:
        assert len(resumed) < 3, resumed
        standin.queue.poll_limit_s = 20
        with Front(standin.aws_port.port, good) as aws, \
                Front(standin.dassana_port.port, good) as sink:
            wanted += put_files(standin, 200, seed=1 + len(resumed))
            made = start(daemon, standin, aws, sink, ca_file=authority.bundle,
                         s3_concurrency=8)
            await_all(standin, made, wanted)
            # 8 GETs, 8 polls, and deletes beside them.
            assert 2 < aws.handshakes < 30
            made.stop()
        resumed.append(aws.resumed / aws.handshakes)


def test_only_the_first_connection_is_greeted_in_full(
        standin, daemon, authority):
    """One object, and places for one poll beside it: each connection begins
    alone, after a reply on the one before, so nobody else spends its ticket."""
    good = authority.issue("IP:127.0.0.1")
    with Front(standin.aws_port.port, good) as aws, \
            Front(standin.dassana_port.port, good) as sink:
        wanted = put_files(standin, 1)
        made = start(daemon, standin, aws, sink, ca_file=authority.bundle,
                     max_messages=11)
        await_all(standin, made, wanted)
        assert aws.handshakes >= 2
        assert aws.greeted == 1


@pytest.mark.parametrize("allowed", ("no", "yes"))
def test_keys_of_tls_are_logged_where_that_is_allowed(
        standin, daemon, authority, tmp_path, allowed):
    """A variable that curl obeys by itself; with that file whoever has
    recorded the traffic can read it."""
    good = authority.issue("IP:127.0.0.1")
    keys = tmp_path / "keys"
    with Front(standin.aws_port.port, good) as aws, \
            Front(standin.dassana_port.port, good) as sink:
        env = standin.environ()
        env["AWS_ENDPOINT_URL"] = "https://127.0.0.1:%d" % aws.port
        env["SSLKEYLOGFILE"] = str(keys)
        made = daemon(env=env, ca_file=authority.bundle,
                      dassana_endpoint="https://127.0.0.1:%d/ingest" %
                      sink.port, allow_tls_key_log=allowed)
        await_all(standin, made, put_files(standin, 2))
    assert keys.exists() == (allowed == "yes")
    told = [line for line in made.log("start", level="warn")
            if "SSLKEYLOGFILE" in line["problem"]]
    assert len(told) == (allowed == "no")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
@pytest.mark.parametrize("case", ("authority unknown", "wrong host name",
                                  "TLS 1.1"))
def test_dassana_that_cannot_be_trusted(standin, daemon, authority, case):
    """Nothing is sent to it, nothing is deleted, and the log says why."""
    names = "DNS:elsewhere.example" if case == "wrong host name" else \
        "IP:127.0.0.1"
    options = {} if case == "authority unknown" else {
        "ca_file": authority.bundle}
    version = ssl.TLSVersion.TLSv1_1 if case == "TLS 1.1" else None
    good = authority.issue("IP:127.0.0.1")
    with Front(standin.dassana_port.port, authority.issue(names, "bad"),
               version) as sink, Front(standin.aws_port.port, good) as aws:
        key, data, _ = make_file(5)
        standin.put(key, data)
        env = standin.environ()
        if options:
            env["AWS_ENDPOINT_URL"] = "https://127.0.0.1:%d" % aws.port
        made = daemon(env=env, dassana_endpoint="https://127.0.0.1:%d/ingest"
                      % sink.port, shutdown_timeout="2s", **options)
        line = made.wait_line("dassana.retry")
        assert line["error"] == "tls"
        assert line["advice"]
        assert standin.dassana.event_count == 0
        assert not standin.queue.empty()


def test_aws_that_cannot_be_trusted(standin, daemon, authority):
    with Front(standin.aws_port.port,
               authority.issue("IP:127.0.0.1", "unknown")) as aws:
        env = standin.environ()
        env["AWS_ENDPOINT_URL"] = "https://127.0.0.1:%d" % aws.port
        made = daemon(env=env, shutdown_timeout="2s")
        line = made.wait_line("sqs.receive", level="warn")
        assert line["error"] == "tls"
        assert aws.handshakes == 0
