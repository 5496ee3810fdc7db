"""The service under systemd, against a stand-in, in a machine of its own."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(HERE), "samples"),
                os.path.join(os.path.dirname(HERE), "integration"), HERE]

from machine import Imds, Unit, write  # noqa: E402
from standin import Standin  # noqa: E402

METADATA = "169.254.169.254"


@pytest.fixture
def standin():
    with Standin() as made:
        yield made
        made.open_gates()
        assert made.errors == []
        assert made.dassana.problems == []


@pytest.fixture(scope="session")
def metadata_address():
    os.system("ip addr add %s/32 dev lo" % METADATA)
    return METADATA


@pytest.fixture
def imds(standin, metadata_address):
    with Imds(standin, metadata_address) as made:
        yield made


@pytest.fixture
def new_unit(standin, imds):
    """Units with settings for the stand-in; stopped after the test."""
    made = []

    def make(name="trailpost", **settings):
        unit = Unit(name, standin)
        made.append(unit)
        unit.configure(**settings)
        write(unit.token_file, standin.token + "\n", 0o600)
        unit.drop_in("[Service]\nRestartSec=100ms\n")
        return unit

    yield make
    standin.open_gates()
    standin.queue.end_polls()
    for unit in made:
        unit.clean_up()
        text = unit.text()
        for secret in [standin.token, standin.secret, standin.session]:
            assert secret not in text, "a secret is in the journal"


@pytest.fixture
def unit(new_unit):
    return new_unit()
