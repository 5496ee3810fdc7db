#!/usr/bin/env python3
"""Checks what the compiler does not: banned functions, lengths, typedefs."""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))

FILE_MAX, FUNCTION_MAX, COLUMNS = 400, 60, 80

# Longer than the limits, and why that reads better: path or path:function.
LONGER = set()

BANNED = re.compile(
    r"(?<![\w.>])(strcpy|strncpy|strcat|strncat|sprintf|vsprintf|strtok|"
    r"strtok_r|atoi|atol|atoll|atof|gets|alloca|scanf|sscanf|system|"
    r"tmpnam|rand|srand)\s*\(")
# Memory comes from base/mem.h, which says what happens when there is none.
MEMORY = re.compile(
    r"(?<![\w.>])(malloc|calloc|realloc|free|strdup|strndup)\s*\(")
TYPEDEF = re.compile(r"^\s*typedef\s+(struct|union|enum)\b", re.M)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def code_of(text):
    """The text with comments, strings and characters blanked out."""
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
                  r"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)


def functions(lines):
    """(name, first line, length) of every function: as clang-format leaves
    them, a body starts and ends with a brace in the first column."""
    start = name = None
    for number, line in enumerate(lines, 1):
        found = re.match(r"(\w+)\(", line)
        if found:
            name = found.group(1)
        if line == "{" and start is None:
            start = number
        elif line == "}" and start is not None:
            yield name, start, number - start + 1
            start = None


def check(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    code = code_of(text)
    lines = code.split("\n")
    for number, line in enumerate(lines, 1):
        found = BANNED.search(line)
        if not found and path != "src/base/mem.c":
            found = MEMORY.search(line) if path.startswith("src/") else None
        if found:
            yield "%s:%d: %s is banned" % (path, number, found.group(1))
    for number, line in enumerate(text.split("\n"), 1):
        if len(line.expandtabs(8)) > COLUMNS:
            yield "%s:%d: more than %d columns" % (path, number, COLUMNS)
    if TYPEDEF.search(code):
        yield "%s: a typedef of a struct, union or enum" % path
    if not path.startswith(("src/", "include/")):
        return
    if text.count("\n") > FILE_MAX and path not in LONGER:
        yield "%s: %d lines" % (path, text.count("\n"))
    for name, number, length in functions(lines):
        if length > FUNCTION_MAX and "%s:%s" % (path, name) not in LONGER:
            yield "%s:%d: %s has %d lines" % (path, number, name, length)


def main():
    faults = []
    paths = [p for pattern in ("src/*/*.[ch]", "include/*/*.h",
                               "tests/*/*.[ch]", "tests/*/*/*.[ch]")
             for p in glob.glob(os.path.join(ROOT, pattern))]
    for path in sorted(paths):
        faults += check(os.path.relpath(path, ROOT))
    print("\n".join(faults) if faults else "%d files" % len(paths))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
