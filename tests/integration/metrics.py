"""What /metrics says, read as Prometheus reads it; and promtool."""

import os
import re
import shutil
import subprocess

import pytest
from process import ROOT

PEERS = os.environ.get("TRAILPOST_PEERS", os.path.join(ROOT, "build", "peers"))
PROMTOOL = shutil.which("promtool") or os.path.join(PEERS, "promtool")
SERIES = re.compile(r"([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')
NAMED = re.compile(r"\b((?:trailpost|process)_[a-z0-9_]+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|=|!=|!~)"([^"]*)"')


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Scrape:
    def __init__(self, text):
        self.text = text
        self.values = {}   # (name, labels) → value
        self.labels = {}   # name → label → its values
        for line in text.splitlines():
            if not line.startswith("#"):
                self._add(*SERIES.match(line).groups())

    def _add(self, name, labels, value):
        pairs = LABEL.findall(labels or "")
        assert (name, tuple(pairs)) not in self.values, "twice: " + name
        self.values[name, tuple(pairs)] = float(value)
        of_name = self.labels.setdefault(name, {})
        for label, text in pairs:
            of_name.setdefault(label, set()).add(text)

    def get(self, name, **labels):
        return self.values["trailpost_" + name, tuple(labels.items())]

    def has(self, name, label=None, value=None):
        if name not in self.labels:
            return False
        if label in (None, "job", "instance"):
            return True
        return value is None and label in self.labels[name] or \
            value in self.labels[name].get(label, ())


def named(expr):
    """(metric, label, value) of all that an expression names; the last two
    None where it names no label, the value None where it is a pattern."""
    found = []
    for name, matchers in NAMED.findall(expr):
        found.append((name, None, None))
        for label, how, value in MATCHER.findall(matchers):
            # A bucket's bound as Prometheus 2 and 3 write it.
            value = value.replace(r"(\\.0)?", "")
            plain = how in ("=", "!=") and not value.startswith("$")
            if plain:
                found.append((name, label, value))
            elif re.fullmatch(r"[\w|]+", value):
                found += [(name, label, one) for one in value.split("|")]
            else:
                found.append((name, label, None))
    return found


@pytest.fixture
def promtool():
    if not os.access(PROMTOOL, os.X_OK):
        pytest.skip("WITHOUT PROMTOOL: it could not be installed "
                    "(tests/peers/install.sh promtool)")

    def run(*args, text=None):
        return subprocess.run([PROMTOOL, *args], input=text, text=True,
                              capture_output=True, timeout=300)
    return run
