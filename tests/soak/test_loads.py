"""The loads of rows.py, each in its short form: the real binary beside
something that is wrong, from a fresh start."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import loads  # noqa: E402
import rows  # noqa: E402
from process import BINARY, sanitized  # noqa: E402
from trail import FAKETIME  # noqa: E402


def real_seconds(row):
    load = row.load
    return (load.seconds + load.settle + load.quiet) / load.speed


# Those that take longest begin first, so that all workers end together.
# SOAK_SHORT: those of CI alone.
SHORT = sorted((row for row in rows.ROWS if not row.only_long and (
    row.name in rows.CI or not os.environ.get("SOAK_SHORT"))),
               key=real_seconds, reverse=True)


@pytest.mark.parametrize("row", SHORT, ids=lambda row: row.name)
def test_load(row, tmp_path):
    if row.load.speed != 1 and (sanitized() or not os.path.exists(FAKETIME)):
        pytest.skip("faketime is not installed, or does not go with "
                    "sanitizers")
    log = tmp_path / "log"
    figures = loads.measure(row, BINARY, log=log)
    print("figure: soak " + loads.told(row, figures))
    told = [line for line in log.read_text().splitlines()
            if "level=warn" in line or "level=error" in line]
    assert row.wrong(figures) == [], "%s: %s\n%s" % (
        row.what, figures, "\n".join(told[:20] + ["…"] + told[-20:]))
