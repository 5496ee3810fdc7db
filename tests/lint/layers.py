#!/usr/bin/env python3
"""Checks who includes whom.

Folders are layers: each may use those below it and nothing else. Each library
has one owner. A header is in include/ if and only if another folder uses it.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

MAY_USE = {
    "base": set(),
    "net": {"base"},
    "aws": {"net", "base"},
    "trail": {"base"},
    "sink": {"net", "base"},
    "flow": {"aws", "trail", "sink", "net", "base"},
    "backfill": {"aws", "trail", "net", "base"},
    "admin": {"flow", "aws", "trail", "sink", "net", "base"},
    "settings": {"admin", "aws", "trail", "sink", "net", "base"},
    "daemon": {"settings", "admin", "flow", "aws", "trail", "sink", "net",
               "base"},
    "commands": {"backfill", "daemon", "settings", "admin", "aws", "trail",
                 "sink", "net", "base"},
}

OWNERS = [  # header, files that may include it
    (r"curl/", r"src/net/"),
    # ways makes the loop, the commands run it
    (r"ev\.h$", r"src/net/|src/daemon/(ways|run|signals)\.c$|"
     r"src/commands/(check_step|health)\.c$|src/admin/server\.c$"),
    (r"yajl/", r"include/base/yajl_mem\.h$"),
    (r"zlib\.h$", r"src/trail/gunzip\.c$|src/sink/"),
    (r"isa-l", r"src/sink/gzip_isal\.c$"),
    (r"openssl/", r"src/(aws/(sigv4|sso_cache)|flow/suspects)\.c$"),
    (r"expat", r"src/base/xml\.c$"),
    (r"microhttpd", r"src/admin/server\.c$"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def sources():
    for top in ("src", "include"):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def layer_of(path):
    return path.split("/")[1]


def check_owner(path, header):
    for pattern, owner in OWNERS:
        if re.match(pattern, header) and not re.match(owner, path):
            yield "%s: <%s> belongs to %s" % (path, header, owner)


def check_own(path, header, files):
    """What is wrong with one include of a header of ours."""
    own = layer_of(path)
    layer = header.split("/")[0]
    if "/" not in header or layer not in MAY_USE:
        yield "%s: \"%s\" is not written from the root" % (path, header)
    elif layer != own and layer not in MAY_USE[own]:
        yield "%s: %s may not use %s (%s)" % (path, own, layer, header)
    elif "include/" + header in files:
        return
    elif "src/" + header not in files:
        yield "%s: there is no \"%s\"" % (path, header)
    elif layer != own or path.startswith("include/"):
        yield "%s: \"%s\" is private to its folder" % (path, header)


def check_public(uses, files):
    """A header nobody else needs is not for include/."""
    for path in files:
        if not path.startswith("include/"):
            continue
        users = uses.get(path[len("include/"):], [])
        if not any(layer_of(u) != layer_of(path) or u.startswith("include/")
                   for u in users):
            yield "%s: only its own folder uses it: it is private" % path


def check_cycles(graph):
    state = {}

    def visit(node, trail):
        state[node] = "open"
        for to in graph.get(node, ()):
            if state.get(to) == "open":
                yield "a cycle: " + " -> ".join(trail + [node, to])
            elif to not in state:
                yield from visit(to, trail + [node])
        state[node] = "done"

    for node in sorted(graph):
        if node not in state:
            yield from visit(node, [])


def main():
    files = list(sources())
    known = set(files)
    faults, uses, graph = [], {}, {}
    for path in files:
        if layer_of(path) not in MAY_USE:
            faults.append("%s: an unknown layer" % path)
            continue
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for kind, header in INCLUDE.findall(text):
            if kind == "<":
                faults += check_owner(path, header)
                continue
            faults += check_own(path, header, known)
            uses.setdefault(header, []).append(path)
            if path.endswith(".h"):
                graph.setdefault(path.split("/", 1)[1], []).append(header)
    faults += check_public(uses, files)
    faults += check_cycles(graph)
    print("\n".join(faults) if faults else "%d files" % len(files))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
