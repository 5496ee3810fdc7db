"""Slices of a CloudTrail file, made without the daemon's code: the standard
library's decoder tells where each event ends, and the text is cut there."""

import json
import re

BLANK = re.compile(r"[ \t\r\n]*")
LINE_BREAKS = re.compile(r"[\r\n]")


def _skip(text, at):
    return BLANK.match(text, at).end()


def _array(text, at):
    """The slices of an array of objects that begins at text[at]."""
    decoder = json.JSONDecoder()
    found = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = decoder.raw_decode(text, at)
        if not isinstance(value, dict):
            raise ValueError("an element is no object")
        found.append(text[at:end])
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def slice_text(text):
    """The events of {"Records": [...]}, or of a bare array, as text."""
    decoder = json.JSONDecoder()
    at = _skip(text, 0)
    if text[at] == "[":
        return _array(text, at)
    if text[at] != "{":
        raise ValueError("neither an object nor an array")
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, end = decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, end) + 1)
        if name == "Records":
            return _array(text, at)
        _, end = decoder.raw_decode(text, at)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    raise KeyError("Records")


def slice_file(data):
    """The events of a file, as bytes, one line each: JSON allows line breaks
    between tokens only."""
    text = data.decode("utf-8", "surrogateescape")
    return [LINE_BREAKS.sub("", s).encode("utf-8", "surrogateescape")
            for s in slice_text(text)]
