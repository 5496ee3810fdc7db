"""Fixtures: a stand-in for AWS and Dassana, and the daemon as a process."""

import os
import signal
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(HERE), "samples"),
                os.path.join(os.path.dirname(HERE), "peers"), HERE]

from components import Missing, Moto  # noqa: E402
from guide import FAKED  # noqa: E402
from process import BINARY, Daemon  # noqa: E402
from standin import Standin  # noqa: E402
from standin.journal import Journal  # noqa: E402
from trail import same_time  # noqa: E402

# Whom a shell has started in the background ignores Ctrl-C, and so does whatever
# he starts; some of that is tested with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

COMPONENTS = ("moto", "fauxqs", "swift")


def pytest_configure(config):
    for line in ("alone: measures time, so nothing else may run beside it",
                 "long: begins before the others, which would wait for it",
                 "speed(times): how fast time passes for services and daemon",
                 "xdist_group(name): for one and the same worker"):
        config.addinivalue_line("markers", line)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests run in several workers. Those of a module that share a component
    share a worker too, and it is started once; what takes longest begins
    first, so that all workers end at about the same time."""
    for item in items:
        for name in COMPONENTS:
            if name in item.fixturenames:
                item.add_marker(pytest.mark.xdist_group(
                    "%s-%s" % (item.path.stem, name)))
    items.sort(key=lambda item: (
        item.get_closest_marker("long") is None,
        item.get_closest_marker("xdist_group") is None))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """All that the daemon said, when a test fails."""
    outcome = yield
    report = outcome.get_result()
    made = getattr(item, "daemons", ())
    if report.failed:
        for daemon in made:
            lines = daemon.text().splitlines()
            if len(lines) > 400:
                lines = lines[:100] + ["…"] + lines[-300:]
            report.sections.append(("log of the daemon", "\n".join(lines)))


def pytest_terminal_summary(terminalreporter):
    """What the guide's tests took on trust."""
    if any("test_docs_co" in report.nodeid
           for report in terminalreporter.getreports("passed")):
        for text in sorted(set(FAKED.values())):
            terminalreporter.write_line("faked: " + text)


@pytest.fixture
def standin(request):
    """Its time passes as fast as the test's mark `speed` says."""
    speed = request.node.get_closest_marker("speed")
    with Standin(speed=speed.args[0] if speed else 1) as made:
        yield made
        assert made.errors == []
        assert made.dassana.problems == []


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    try:
        with Moto(tmp_path_factory.mktemp("moto")) as made:
            yield made
    except Missing as missing:
        pytest.skip("WITHOUT MOTO: %s" % missing)


@pytest.fixture
def binary():
    assert os.access(BINARY, os.X_OK), "there is no %s: make it" % BINARY
    return BINARY


class Secrets:
    """What must be in no log at any level."""

    def __init__(self):
        self.texts = ["Signature="]
        self.sources = []  # functions that return more of them

    def check(self, daemon):
        text = daemon.text()
        for secret in self.texts + [s for f in self.sources for s in f()]:
            assert secret not in text, "a secret is in the log"


@pytest.fixture
def secrets():
    return Secrets()


@pytest.fixture
def new_daemon(request, binary, tmp_path, secrets):
    """Daemons that are stopped, and asserted to end well, after the test."""
    request.node.daemons = made = []

    def make(journal=None):
        daemon = Daemon(journal or Journal(), tmp_path)
        made.append(daemon)
        return daemon

    yield make
    try:
        for daemon in made:
            daemon.stop()
            secrets.check(daemon)
    finally:
        for daemon in made:
            if daemon.process is not None:
                daemon.process.kill()
                daemon.process.wait()


@pytest.fixture
def daemon(standin, new_daemon, secrets):
    """A daemon for the stand-in: daemon(option=value, …) starts it."""
    def let_go():
        standin.faults.clear()
        standin.dassana.judge = None
        standin.open_gates()
        standin.queue.end_polls()

    def start(env=None, args=("-vv",), before_exec=None, **options):
        made = new_daemon(standin.journal)
        made.before_stop.append(let_go)
        merged = {**standin.options(), "redeliver_after": "1s",
                  "batch_max_delay": "100ms", **options}
        environ = same_time(standin) if env is None else env
        return made.start({k: v for k, v in merged.items() if v is not None},
                          environ, args, before_exec)

    secrets.texts += [standin.token, standin.secret, standin.session]
    secrets.sources.append(standin.queue.handles)
    return start
