"""Fixtures: a stand-in for AWS and Dassana, and the daemon as a process."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(HERE), "samples"), HERE]

from standin import Standin  # noqa: E402


@pytest.fixture
def standin():
    with Standin() as made:
        yield made
        assert made.errors == []
        assert made.dassana.problems == []
