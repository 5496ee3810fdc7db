#!/usr/bin/env python3
"""Loads with something wrong in them, on the real binary, and whether it does
what is right: nothing starves, nothing is blamed wrongly, nothing is
dead-lettered untried.

usage: loads.py [--bin BIN] [--row NAME]... [--long] [--baseline OTHER]

Each row has processes of its own; several run side by side, since they mostly
wait. --details prints every figure, rates over time too; --list all rows.
"""

import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, TESTS, os.path.join(TESTS, "integration"),
                os.path.join(TESTS, "samples")]

import rig  # noqa: E402
import rows  # noqa: E402

COLUMNS = (("share", "arrived"), ("p99", "p99 s"), ("dead", "dead"),
           ("untried", "untried"), ("polls", "polls"), ("posts", "POSTs"),
           ("late_posts", "POSTs/s"), ("doubled", "doubled"),
           ("blamed", "blamed"), ("wrongly", "wrongly"))


def measure(row, binary, long=False, seconds=None, log=None):
    """The figures of a row."""
    with tempfile.TemporaryDirectory(prefix="load.") as home:
        return rig.run(row.of_length(long, seconds), binary,
                       pathlib.Path(home), log)


def apart(row, label, binary, args):
    """The same in a process of its own."""
    command = [sys.executable, os.path.abspath(__file__), "--json", "--bin",
               binary, "--row", row.name]
    command += ["--long"] if args.long else []
    command += ["--seconds", str(args.seconds)] if args.seconds else []
    command += ["--log", os.path.join(args.log, row.name + label.replace(
        " ", "-") + ".log")] if args.log else []
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        return {"errors": ["ended with status %d" % done.returncode]}
    return json.loads(done.stdout)


def show(name, value):
    if value is None:
        return "-"
    if value == math.inf:
        return "never"
    if name == "share":
        return "%.1f %%" % (100 * value)
    return "%g" % round(value, 1) if isinstance(value, float) else str(value)


def head():
    print("%-18s" % "row" + "".join("%9s" % title for _, title in COLUMNS)
          + "  verdict", flush=True)


def told(row, figures):
    """What is right of a row, and what is; and what was before."""
    names = dict.fromkeys(["share", "p99", *row.right])
    was = rows.before(row)
    return "%s: %s%s" % (row.name, ", ".join("%s %s" % (
        name, show(name, figures.get(name))) for name in names),
        "; before: " + was if was else "")


def line(row, label, figures):
    wrong = row.wrong(figures)
    verdict = "PASS" if not wrong else "FAIL " + ", ".join(
        "%s %s (right: %s)" % (name, show(name, value) if name != "errors"
                               else value, show(name, bound))
        for name, value, bound in wrong)
    print("%-18s" % (row.name + label) + "".join(
        "%9s" % show(name, figures.get(name)) for name, _ in COLUMNS)
        + "  " + verdict, flush=True)
    return not wrong


def compare(args):
    """Runs all rows that are wanted; how many of --bin's are not right."""
    binaries = [("", args.bin)]
    if args.baseline:
        binaries.append((" before", args.baseline))
    wanted = [row for row in rows.named(args.row)
              if args.row or args.long or not row.only_long]
    failed = 0
    head()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        done = {pool.submit(apart, row, label, binary, args): (row, label)
                for row in wanted for label, binary in binaries}
        for future in concurrent.futures.as_completed(done):
            row, label = done[future]
            right = line(row, label, future.result())
            failed += not right and not label
            if args.details:
                print("    %s\n    %s" % (row.what, json.dumps(
                    future.result())), flush=True)
    print("%d passed, %d failed" % (len(wanted) - failed, failed))
    return failed


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--bin", default=os.path.join(
        os.path.dirname(TESTS), "build", "trailpost"))
    parser.add_argument("--row", action="append", default=[],
                        help="a name, or the number before its dash")
    parser.add_argument("--seconds", type=float,
                        help="for how long things are put in")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--baseline", metavar="OTHER",
                        help="another binary to compare with")
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("--details", action="store_true")
    parser.add_argument("--log", metavar="DIR",
                        help="where to keep what the program says, a file a "
                             "row; with --json a file")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--json", action="store_true",
                        help="the figures of one row, here")
    args = parser.parse_args()
    if args.list:
        for row in rows.ROWS:
            print("%-18s %s" % (row.name, row.what))
        return 0
    if args.json:
        row, = (row for row in rows.ROWS if [row.name] == args.row)
        print(json.dumps(measure(row, args.bin, args.long, args.seconds,
                                 args.log)))
        return 0
    return 1 if compare(args) else 0


if __name__ == "__main__":
    sys.exit(main())
