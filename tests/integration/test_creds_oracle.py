"""Who one is, by trailpost and by the newest botocore: the same files and
environments, hundreds of them (tests/oracle/creds_oracle.py)."""

import os
import subprocess
import sys

import pytest
from components import PEERS
from process import BINARY, ROOT

DRIVER = os.path.join(os.path.dirname(BINARY), "tests", "oracle",
                      "creds_driver")
COUNT = 300


@pytest.mark.long
def test_same_credentials_as_botocore():
    python = os.path.join(PEERS, "botocore", "bin", "python")
    if not os.access(python, os.X_OK):
        pytest.skip("WITHOUT BOTOCORE: it could not be installed "
                    "(tests/peers/install.sh)")
    done = subprocess.run(
        [sys.executable, os.path.join(ROOT, "tests", "oracle",
                                      "creds_oracle.py"), DRIVER,
         "--count", str(COUNT)], capture_output=True, text=True, check=False,
        timeout=600)
    print("figure: " + done.stdout.replace("\n", "; ")[-300:])
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    counted = int(done.stdout.splitlines()[-1].split()[0])
    assert counted > COUNT  # and the named ones
