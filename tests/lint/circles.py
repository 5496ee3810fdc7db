#!/usr/bin/env python3
"""Finds files that need one another: circles.py BUILD

Read from the objects, since a header that two files share hides who calls whom.
A file that was split for its length and still knows all of the other half is one
room with a wall in it. Those that are left are named here, with a reason.
"""

import collections
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

MAY = {
    # The state machine and the tokens that drive it: each token moves it, and
    # it decides for each token what is looked at.
    frozenset({"trail/slicer", "trail/tokens"}),
    # An object's life and the judge of its failures move the same states.
    frozenset({"flow/doubt", "flow/doubt_release", "flow/objects",
               "flow/objects_start"}),
    # A slot waits for room, and who frees room wakes a slot.
    frozenset({"flow/slots", "flow/slots_pace", "flow/slots_wait"}),
}


def objects(build):
    """(file without its ending, path of its object) of each source."""
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in sorted(names):
            file = os.path.relpath(os.path.join(folder, name[:-2]), ROOT)
            if name.endswith(".c"):
                yield file[len("src/"):], os.path.join(build, file + ".o")


def symbols(path):
    """(defined, needed) of an object."""
    lines = subprocess.run(["nm", path], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    named = [line.split()[-2:] for line in lines]
    return ({name for kind, name in named if kind in "TDBRC"},
            {name for kind, name in named if kind == "U"})


def calls(build):
    """file: {file that it needs: names}"""
    read = {file: symbols(path) for file, path in objects(build)
            if os.path.exists(path)}
    owner = {name: file for file, (has, _) in read.items() for name in has}
    graph = {file: collections.defaultdict(set) for file in read}
    for file, (_, needs) in read.items():
        for name in needs & owner.keys():
            graph[file][owner[name]].add(name)
    return graph


def reach(graph, start):
    seen, left = set(), [start]
    while left:
        for file in graph[left.pop()]:
            if file not in seen:
                seen.add(file)
                left.append(file)
    return seen


def circles(graph):
    """Sets of files that need one another, directly or not."""
    far = {file: reach(graph, file) for file in graph}
    return {frozenset(other for other in far[file] if file in far[other])
            for file in graph if file in far[file]}


def main():
    graph = calls(sys.argv[1])
    if not graph:
        print("nothing was built in", sys.argv[1])
        return 1
    found = circles(graph)
    for circle in found - MAY:
        print("need one another:", ", ".join(sorted(circle)))
        for file in sorted(circle):
            for to in sorted(circle & graph[file].keys()):
                print("  %s -> %s: %s" % (
                    file, to, ", ".join(sorted(graph[file][to]))))
    for circle in MAY - found:
        print("no circle any more:", ", ".join(sorted(circle)))
    return 0 if found == MAY else 1


if __name__ == "__main__":
    sys.exit(main())
