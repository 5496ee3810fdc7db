#!/usr/bin/env python3
"""Lines of src that were run, from gcov's own account: a table of the files,
the least covered first, and the sum. Fails below --min per cent, or if nothing
was run at all. Ends with: N passed, N failed.
"""

import argparse
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def read(build):
    """{file: {line: count}} of all objects under build/src"""
    notes = glob.glob(os.path.join(build, "src", "*", "*.gcno"))
    if not notes:
        sys.exit("coverage: nothing was built with it in " + build)
    done = subprocess.run(
        ["gcov", "--json-format", "--stdout", *notes], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    files = {}
    for text in done.stdout.splitlines():
        for file in json.loads(text)["files"] if text.strip() else ():
            name = os.path.relpath(os.path.join(ROOT, file["file"]), ROOT)
            if not name.startswith("src/") or not name.endswith(".c"):
                continue
            lines = files.setdefault(name, {})
            for line in file["lines"]:
                number = line["line_number"]
                lines[number] = lines.get(number, 0) + line["count"]
    return files


def missing(lines):
    """Lines that were not run, as ranges: "12, 40-43"."""
    ranges = []
    known = sorted(lines)
    for at, number in enumerate(known):
        if lines[number]:
            continue
        if ranges and at and known[at - 1] == ranges[-1][1]:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(str(a) if a == b else "%d-%d" % (a, b)
                     for a, b in ranges)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--min", type=float, required=True)
    args = parser.parse_args()
    files = read(os.path.abspath(args.build))
    rows = []
    for name, lines in files.items():
        run = sum(1 for count in lines.values() if count)
        rows.append((run / max(1, len(lines)), name, run, len(lines)))
    for share, name, run, total in sorted(rows):
        print("%5.1f %%  %-24s %4d of %4d  %s" % (
            100 * share, name, run, total, missing(files[name])))
    run, total = sum(r[2] for r in rows), sum(r[3] for r in rows)
    share = 100 * run / max(1, total)
    good = run > 0 and share >= args.min
    print("coverage: %.1f %% of %d lines (at least %g %%)" % (
        share, total, args.min))
    print("%d passed, %d failed" % (good, not good))
    sys.exit(not good)


if __name__ == "__main__":
    main()
