#!/usr/bin/env python3
"""docs/terminal.svg: what a terminal shows of the real program, drawn as text.

usage: screenshot.py >docs/terminal.svg
"""

import html
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", name)
                for name in ("", "samples", "integration")]

import make_samples  # noqa: E402
from standin import Standin  # noqa: E402
from terminal import Terminal  # noqa: E402

COLUMNS, WIDTH, HEIGHT = 132, 7.25, 17
COLOURS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff",
           "35": "#d2a8ff", "36": "#56d4dd"}
KEY = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/28/"


def record():
    """One file that is delivered and one that is none, as they are told."""
    with Standin() as standin:
        data = next(make_samples.samples(7))[1]
        standin.put(KEY + "111122223333_CloudTrail_eu-west-1_20261128T0905Z_"
                    "kQ3vYbT7.json.gz", data)
        standin.put(KEY + "notes.json.gz", b"not a log file")
        args = ["-v", "-o", "batch_max_delay=50ms"]
        for pair in standin.options().items():
            args += ["-o", "%s=%s" % pair]
        seen = Terminal(standin.journal, "/", args,
                        {**standin.environ(), "TZ": "CET-1"})
        try:
            for word in ("message.deleted", "message.released"):
                seen.wait_for(word)
            return seen.text
        finally:
            seen.close()


def pieces(line):
    """(style, text) of a line with its colours."""
    style = ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            codes = part[2:-1].split(";")
            style = "" if codes == ["0"] else " ".join(
                'fill="%s"' % COLOURS[code] if code in COLOURS
                else 'font-weight="bold"' if code == "1" else 'opacity=".6"'
                for code in codes)
        elif part:
            yield style, part


def wrap(line):
    """As a terminal does it: the rest goes on in the next row."""
    rows, room = [[]], COLUMNS
    for style, text in pieces(line):
        while text:
            rows[-1].append((style, text[:room]))
            text, room = text[room:], room - len(text[:room])
            if room == 0:
                rows.append([])
                room = COLUMNS
    return [row for row in rows if row]


def draw(text):
    rows = [row for line in text.rstrip("\n").split("\n")
            for row in wrap(line)]
    size = (COLUMNS * WIDTH + 24, len(rows) * HEIGHT + 24)
    print('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
          'viewBox="0 0 %d %d">' % (size + size))
    print('<rect width="100%" height="100%" rx="6" fill="#161b22"/>')
    print('<g font-family="DejaVu Sans Mono,Menlo,Consolas,monospace" '
          'font-size="12" fill="#e6edf3">')
    for number, row in enumerate(rows):
        print('<text x="12" y="%d">%s</text>' % (
            12 + HEIGHT * number + 12,
            "".join("<tspan%s>%s</tspan>" % (" " + style if style else "",
                                             html.escape(part).replace(
                                                 " ", "\N{NO-BREAK SPACE}"))
                    for style, part in row)))
    print("</g>\n</svg>")


if __name__ == "__main__":
    draw(record())
