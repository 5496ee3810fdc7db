#!/usr/bin/env python3
"""docs/figures.txt as the table and the plot of docs/sizing.md.

usage: plot.py [--check]     --check: only whether they are up to date
"""

import html
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
FIGURES = os.path.join(ROOT, "docs", "figures.txt")
PAGE = os.path.join(ROOT, "docs", "sizing.md")
PLOT = os.path.join(ROOT, "docs", "sizing.svg")
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
PANELS = (("MiB", "Memory at its peak, MiB"), ("/s", "Files a second"))
WIDTH, LABEL, ROW, HEAD = 720, 330, 24, 40


def figures():
    with open(FIGURES, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("#"):
                what, value, unit = (part.strip() for part in line.split("|"))
                yield what, float(value), unit


def table(rows):
    lines = ["| | |", "|---|---|"]
    for what, value, unit in rows:
        lines.append("| %s | %s |" % (what, (
            "%g %s" % (value, unit)).replace(" /", " / ")))
    return "\n".join(lines) + "\n"


def panel(rows, title, top):
    """Bars from the same zero; each says its own value."""
    most = max(value for _, value in rows)
    out = ['<text class="head" x="0" y="%d">%s</text>' % (top + 18, title)]
    for n, (what, value) in enumerate(rows):
        y = top + HEAD + n * ROW
        width = value / most * (WIDTH - LABEL - 60)
        out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (
            LABEL - 8, y + 12, html.escape(what)))
        out.append('<rect x="%d" y="%d" width="%.1f" height="16"/>' % (
            LABEL, y, width))
        out.append('<text x="%.1f" y="%d">%g</text>' % (
            LABEL + width + 6, y + 12, value))
    return out, top + HEAD + len(rows) * ROW + 8


def plot(rows):
    body, top = [], 0
    for unit, title in PANELS:
        # What follows the last colon is the title's.
        part = [(what.rpartition(": ")[0], value)
                for what, value, u in rows if u == unit]
        lines, top = panel(part, title, top)
        body += lines
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
        'viewBox="0 0 %d %d" role="img">' % (WIDTH, top, WIDTH, top),
        "<title>Memory and speed</title>",
        "<style>text{font:13px sans-serif;fill:#444}"
        ".head{font-weight:bold}rect{fill:#3b7dd8}</style>",
        '<rect width="%d" height="%d" style="fill:#fff"/>' % (WIDTH, top),
        *body, "</svg>", ""])


def main():
    rows = list(figures())
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    wanted = {PAGE: before + BEGIN + table(rows) + END + after,
              PLOT: plot(rows)}
    if sys.argv[1:] == ["--check"]:
        for path, text in wanted.items():
            with open(path, encoding="utf-8") as file:
                if file.read() != text:
                    raise SystemExit("%s is behind docs/figures.txt: run "
                                     "tests/bench/plot.py" % path)
        return
    for path, text in wanted.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
