"""docs/outcomes.md against the tests and the source: no row without a test, no
counter and no log line that does not exist."""

import functools
import os
import re
import subprocess
import sys

import pytest
from outcomes import TESTS
from process import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))


def rows():
    """(row, counter, log line) of every row of every table."""
    with open(os.path.join(ROOT, "docs", "outcomes.md"),
              encoding="utf-8") as file:
        cells = [[c.strip() for c in line.strip().strip("|").split("|")]
                 for line in file if line.startswith("| `")]
    return [(c[0].strip("`"), c[-2], c[-1]) for c in cells]


@functools.lru_cache(maxsize=None)
def source():
    texts = []
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in sorted(names):
            if name.endswith(".c"):
                with open(os.path.join(folder, name),
                          encoding="utf-8") as file:
                    texts.append(file.read())
    return "\n".join(texts)


def test_rows_are_tested_and_tests_have_rows():
    names = [row for row, _, _ in rows()]
    assert len(names) == len(set(names))
    assert sorted(names) == sorted(TESTS)


def unit_tests(path):
    """In cmocka's words, as pytest would list them."""
    with open(os.path.join(HERE, path), encoding="utf-8") as file:
        return ["%s::%s" % (path, name) for name in
                re.findall(r"cmocka_unit_test\((\w+)\)", file.read())]


def test_the_tests_exist():
    named = {t.partition("::")[0] for t in TESTS.values()}
    files = sorted(name for name in named if name.endswith(".py"))
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q",
         "--collect-only", *files], cwd=HERE, capture_output=True,
        text=True, timeout=60, check=False).stdout.splitlines()
    for path in named.difference(files):
        listed += unit_tests(path)
    missing = [row for row, test in TESTS.items()
               if not any(line.startswith(test) for line in listed)]
    assert not missing, listed[-5:]


@functools.lru_cache(maxsize=None)
def stats_fields():
    """What the stats line tells: totals from their table, and what is now."""
    line = re.search(r"^stats_log\(.*?^}", source(), re.S | re.M)
    table = re.search(r"totals_table\[\] = \{.*?^};", source(), re.S | re.M)
    return (set(re.findall(r'F_(?:INT|SOME)\("(\w+)"', line.group(0))) |
            set(re.findall(r'\{"(\w+)", WHERE', table.group(0))))


@pytest.mark.parametrize("row,counter,line", rows(),
                         ids=[row for row, _, _ in rows()])
def test_what_a_row_names_exists(row, counter, line):
    text = source()
    assert row and (counter == "none" or "`" in counter)
    for name in re.findall(r"`(\w+)`", counter):
        assert name in stats_fields()
    if line != "none":
        event, level = re.fullmatch(r"`([\w.]+)` (\w+)", line).groups()
        assert '"%s"' % event in text
        assert level in ("error", "warn", "info", "debug")
