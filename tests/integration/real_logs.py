"""Log files as CloudTrail wrote them, where there are some on this machine."""

import glob
import gzip
import os

import pytest
from process import ROOT
from slices import slice_file

SAMPLES = os.environ.get("TRAILPOST_SAMPLES", os.path.join(
    ROOT, "..", "shared", "samples", "cloudtrail"))
COUNT = None if "TRAILPOST_SAMPLES" in os.environ else 2011


def real_files():
    """(path, data, events) of each; skips the test if there are none."""
    paths = sorted(glob.glob(os.path.join(SAMPLES, "**", "*.json.gz"),
                             recursive=True))
    if not paths:
        pytest.skip("NO REAL LOG FILES: none under %s (TRAILPOST_SAMPLES)"
                    % SAMPLES)
    found = []
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        found.append((path, data, slice_file(gzip.decompress(data))))
    total = sum(len(events) for _, _, events in found)
    assert COUNT in (None, total)
    return found
