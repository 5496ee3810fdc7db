"""What the heavy tests share: paths, tools that may be missing, the image."""

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [TESTS, os.path.join(TESTS, "samples"), HERE]

import image  # noqa: E402
from standin import Standin  # noqa: E402


@pytest.fixture(scope="session")
def images():
    """Built once from the real Dockerfile; cached under build/heavy."""
    try:
        yield image.build()
    finally:
        image.release()


@pytest.fixture
def standin():
    with Standin() as made:
        yield made
        assert made.errors == []
        assert made.dassana.problems == []
