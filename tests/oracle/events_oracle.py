#!/usr/bin/python3
"""Compares the rules for events with a model of them.

    events_oracle.py DRIVER [--seed N] [--count N]

DRIVER is the program made of events_driver.c, which also cuts each file at
every byte. The model reads records by Python's json, which undoes escapes by itself,
and patterns by its regular expressions. Exits with 1 if they differ: in which
records pass, in what each rule has left out, or in which rules are none.
"""

import argparse
import json
import random
import re
import subprocess
import sys

VALUE_MAX = 4096
CONDITIONS_MAX = 16
NAMES = ["eventName", "eventSource", "readOnly", "userIdentity", "type", "a",
         "b", "c", "d", "a.b", "é", "x y", ""]
VALUES = ["Decrypt", "GenerateDataKey", "GenerateDataKeyPair", "kms.amazonaws."
          "com", "", "é", "aé", "ab", "a*b", "a,b", "a b", 'a"b', "a\\b", "-",
          "]", "true", "1", "1.0", "null", "\U0001f600", "a\nb", "[a]", "\0"]


class Number(str):
    """As it was written."""


class Bad(Exception):
    """No rule; the column is its argument."""


class Pairs(list):
    """An object, its fields as often as they are there."""


# ---- the model: reading a rule ----


class Reader:
    def __init__(self, text):
        self.text, self.at = text, 0

    def next(self):
        return self.text[self.at:self.at + 1]

    def fail(self, at=None):
        raise Bad((self.at if at is None else at) + 1)

    def escaped(self):
        self.at += 1
        c = self.next()
        if not c or c not in '"\\*?[]!=,.# ':
            self.fail(self.at - 1)
        self.at += 1
        return c

    def name(self):
        begin = self.at
        out = ""
        if self.next() == '"':
            self.at += 1
            while self.next() != '"':
                if not self.next():
                    self.fail(begin)
                if self.next() == "\\":
                    out += self.escaped()
                else:
                    out += self.next()
                    self.at += 1
            self.at += 1
            return out
        found = re.compile('[^ \t.=!,"\\\\*?\\[\\]#;]*').match(
            self.text, self.at)
        self.at = found.end()
        if self.next() and self.next() in ',"\\*?[]#;':
            self.fail()
        if not found[0]:
            self.fail(begin)
        return found[0]

    def path(self):
        begin = self.at
        names = []
        while True:
            names.append(self.name())
            if len(names) > 4:
                self.fail(begin)
            if self.next() != ".":
                return names
            self.at += 1

    def member(self):
        c = self.next()
        if ord(c) >= 128:
            self.fail()
        if c == "\\":
            return self.escaped()
        self.at += 1
        return c

    def set(self):
        begin = self.at
        self.at += 1
        negated = self.next() in ("!", "^")
        self.at += negated
        members, first = set(), True
        while first or self.next() != "]":
            first = False
            if not self.next():
                self.fail(begin)
            low = high = self.member()
            after = self.text[self.at + 1:self.at + 2]
            if self.next() == "-" and after and after != "]":
                self.at += 1
                high = self.member()
            members.update(map(chr, range(ord(low), ord(high) + 1)))
        self.at += 1
        if not members:
            return "[^\\0-\\U0010ffff]" if not negated else "(?s:.)"
        inside = "".join(re.escape(c) for c in sorted(members))
        return f"[{'^' if negated else ''}{inside}]"

    def pattern(self):
        begin, quote, out = self.at, None, ""
        while self.next() and (quote is not None or
                               self.next() not in (" ", "\t", ",")):
            c = self.next()
            if c == '"':
                quote = self.at if quote is None else None
                self.at += 1
            elif c == "[":
                out += self.set()
            elif c == "\\":
                out += re.escape(self.escaped())
            else:
                out += {"*": "(?s:.*)", "?": "(?s:.)"}.get(c, re.escape(c))
                self.at += 1
        if quote is not None:
            self.fail(quote)
        if self.at == begin:
            self.fail()
        return re.compile(out)

    def condition(self):
        absent = self.next() == "!"
        self.at += absent
        path = self.path()
        if absent:
            if self.next() and self.next() not in " \t":
                self.fail()
            return path, "absent", []
        kind = "is"
        if self.next() == "!":
            kind = "is not"
            self.at += 1
        if self.next() != "=":
            self.fail()
        self.at += 1
        patterns = [self.pattern()]
        while self.next() == ",":
            self.at += 1
            patterns.append(self.pattern())
        return path, kind, patterns

    def blanks(self):
        while self.next() and self.next() in " \t":
            self.at += 1

    def rule(self):
        conditions = []
        self.blanks()
        while True:
            if len(conditions) == CONDITIONS_MAX:
                self.fail()
            conditions.append(self.condition())
            self.blanks()
            if not self.next():
                return conditions


# ---- the model: a record ----


def text_of(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def value_holds(value, kind, patterns):
    if isinstance(value, (list, Pairs)):
        return False
    text = text_of(value)
    if len(text.encode()) > VALUE_MAX:
        return False
    return any(p.fullmatch(text) for p in patterns) == (kind == "is")


def holds(value, path, kind, patterns):
    values = [v for k, v in value if k == path[0]] \
        if isinstance(value, Pairs) else []
    if kind == "absent":
        return not values if len(path) == 1 else all(
            holds(v, path[1:], kind, patterns) for v in values)
    if len(path) == 1:
        each = [value_holds(v, kind, patterns) for v in values]
    else:
        each = [holds(v, path[1:], kind, patterns) for v in values]
    return bool(each) and all(each)


def expected(include, exclude, file):
    try:
        include = [Reader(r).rule() for r in include]
        exclude = {r: Reader(r).rule() for r in exclude}
    except Bad as bad:
        return f"bad {bad.args[0]}"
    records = json.loads(file, object_pairs_hook=Pairs, parse_int=Number,
                         parse_float=Number)[0][1]
    passed, counts, not_included = [], dict.fromkeys(exclude, 0), 0
    for i, record in enumerate(records):
        if not isinstance(record, Pairs):
            continue
        if include and not any(
                all(holds(record, *c) for c in r) for r in include):
            not_included += 1
            continue
        by = [r for r in exclude if all(holds(record, *c)
                                        for c in exclude[r])]
        if by:
            counts[by[0]] += 1
        else:
            passed.append(i)
    tallies = list(counts.values()) + [not_included] * bool(include)
    return "".join(f"{i} " for i in passed) + "|" + "".join(
        f" {n}" for n in tallies)


# ---- what it is asked ----


def dump_string(rng, s):
    """With escapes where none is needed."""
    out = ""
    for c in s:
        if c in '"\\' or ord(c) < 32 or rng.random() < 0.1:
            out += json.dumps(c)[1:-1] if rng.random() < 0.5 or \
                ord(c) > 0xffff else f"\\u{ord(c):04x}"
        else:
            out += c
    return f'"{out}"'


def dump(rng, value):
    blank = rng.choice(["", "", " ", "\n"])
    if isinstance(value, Pairs):
        inside = ",".join(blank + dump_string(rng, k) + ":" + blank +
                          dump(rng, v) for k, v in value)
        return "{" + inside + blank + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(rng, v) for v in value) + blank + "]"
    if isinstance(value, Number):
        return str(value)
    return dump_string(rng, value) if isinstance(value, str) \
        else json.dumps(value)


def random_value(rng, depth):
    pick = rng.random()
    if pick < 0.5 or depth > 4:
        return rng.choice([*VALUES, Number("1"), Number("1.0"), Number("-2e3"),
                           True, False, None,
                           "x" * rng.choice([VALUE_MAX, VALUE_MAX + 1])
                           if rng.random() < 0.03 else "x"])
    if pick < 0.6:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(3))]
    return Pairs((rng.choice(NAMES[:rng.choice([3, len(NAMES)])]),
                  random_value(rng, depth + 1))
                 for _ in range(rng.randrange(5)))


def random_name(rng):
    name = rng.choice(NAMES)
    if re.fullmatch("[a-zA-Zé]+", name) and rng.random() < 0.8:
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def random_pattern(rng):
    value = rng.choice(VALUES)
    out = ""
    for c in value:
        pick = rng.random()
        if pick < 0.1:
            out += rng.choice("?*")
        elif pick < 0.15:
            out += rng.choice(["[a-z]", "[!a-z]", "[]x]", "[^]", "[a", "[é]",
                               "[-a]", "[a-]", "[!]", "[z-a]", "[\\]]"])
        elif c in '"\\*?[]!=,.# ':
            out += "\\" + c
        elif ord(c) >= 32:
            out += c
    if rng.random() < 0.2:
        out += "*"
    if not out or rng.random() < 0.2:
        out = f'"{out}"'
    return out


def random_rule(rng):
    conditions = []
    for _ in range(rng.choice([1, 1, 1, 2, 3, 17 if rng.random() < 0.02
                               else 1])):
        path = ".".join(random_name(rng)
                        for _ in range(rng.choice([1, 1, 1, 2, 3, 4])))
        kind = rng.choice(["!", "=", "=", "=", "!="])
        conditions.append("!" + path if kind == "!" else path + kind + ",".join(
            random_pattern(rng) for _ in range(rng.choice([1, 1, 2, 3]))))
    text = rng.choice([" ", "  ", "\t"]).join(conditions)
    if rng.random() < 0.1:  # broken, probably
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(list(' .=!,"\\*?[]#aé')) + text[at:]
    return text


def aim(rng, rule, record):
    """A record that the rule may hold for."""
    try:
        conditions = Reader(rule).rule()
    except Bad:
        return record
    for path, kind, _ in conditions:
        if kind == "absent" or rng.random() < 0.1:
            continue
        value = rng.choice(VALUES)
        if rng.random() < 0.05:
            value = "x" * rng.choice([VALUE_MAX, VALUE_MAX + 1])
        for name in reversed(path):
            value = Pairs([(name, value)])
        record = Pairs([*record, *value])
    return record


def random_case(rng):
    include = [random_rule(rng) for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    exclude = [random_rule(rng) for _ in range(rng.choice([0, 1, 1, 2, 5]))]
    records = []
    for _ in range(rng.randrange(1, 6)):
        record = random_value(rng, 0)
        if not isinstance(record, Pairs) and rng.random() < 0.9:
            record = Pairs()
        rules = include + exclude
        if rules and isinstance(record, Pairs) and rng.random() < 0.7:
            record = aim(rng, rng.choice(rules), record)
        records.append(record)
    file = dump(rng, Pairs([("Records", records)]))
    return include, exclude, file


def hexed(text):
    return text.encode().hex() or "-"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--count", type=int, default=2000)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    cases = [random_case(rng) for _ in range(args.count)]
    lines = [" ".join((hexed("\n".join(i)), hexed("\n".join(e)), hexed(f)))
             for i, e, f in cases]
    answer = subprocess.run([args.driver], input="\n".join(lines) + "\n",
                            text=True, capture_output=True, check=False)
    got = answer.stdout.splitlines()
    failed = 0
    kinds = {"bad": 0, "left out": 0, "passed": 0}
    for case, line in zip(cases, got):
        want = expected(*case)
        if want.startswith("bad"):
            kinds["bad"] += 1
        else:
            kinds["left out"] += want.split("|")[1].strip(" 0") != ""
            kinds["passed"] += want[0] != "|"
        if line != want:
            failed += 1
            if failed <= 5:
                print(f"differs: {case}\n  expected {want}\n  got      {line}")
    if answer.returncode != 0 or len(got) != len(cases):
        print(f"the driver ended with {answer.returncode} after {len(got)} of "
              f"{len(cases)} cases {answer.stderr}")
        failed += 1
    if min(kinds.values()) < args.count // 20:
        print(f"too few of a kind: {kinds}")
        failed += 1
    print(f"seed {args.seed}: {kinds}")
    print(f"{len(cases) - min(failed, len(cases))} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
