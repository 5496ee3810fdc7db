#!/usr/bin/python3
"""Does the oracle notice when the signer is wrong?

    mutants.py BUILD

Compiles copies of src/aws/sigv4.c with one byte changed, each with the driver
and the library of BUILD, and expects sign_oracle.py to refuse each of them; and
to accept the one that was not changed. Exits with 1 if it does not.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SIGNER = os.path.join(ROOT, "src", "aws", "sigv4.c")
LIBS = ["-lcurl", "-lev", "-lyajl", "-lz", "-lcrypto", "-lexpat", "-lm"]

# (what, in the text, which byte of it, its replacement); each stands in the
# signer exactly once.
MUTANTS = [
    ("the key's prefix", '"AWS4%s"', 4, "5"),
    ("the key's last step", 'SPAN("aws4_request")', 6, "A"),
    ("the scope", '/aws4_request"', 12, "T"),
    ("the algorithm's name", '"AWS4-HMAC-SHA256\\n', 15, "3"),
    ("the header's algorithm", '"AWS4-HMAC-SHA256 C', 15, "3"),
    ("a digit", '"0123456789abcdef"', 16, "F"),
    ("the colon of a header", "buf_char(canonical, ':')", 21, ";"),
    ("the list of header names", "buf_char(names, ';')", 17, ","),
    ("the sign behind a parameter", "buf_char(b, '=')", 13, "&"),
    ("the order of headers", "r->headers[i].name) > 0", 20, "<"),
    ("blanks in a row", "buf_char(b, ' ')", 13, "_"),
    ("the day", "buf_add(&scope, date, 8)", 22, "7"),
]


def compiled(source, build, folder):
    """The driver with this text as its signer."""
    path = os.path.join(folder, "sigv4.c")
    program = os.path.join(folder, "driver")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    subprocess.run(
        [*shlex.split(os.environ.get("CC", "cc")), "-std=c11",
         "-D_GNU_SOURCE", "-I" + os.path.join(ROOT, "include"),
         "-I" + os.path.join(ROOT, "src"),
         "-I" + os.path.dirname(SIGNER), "-o", program, path,
         os.path.join(build, "tests", "oracle", "sign_driver.o"),
         os.path.join(build, "libtrailpost.a"), *LIBS], check=True)
    return program


def accepts(program):
    """What the oracle says; that it fails for any other reason is an error."""
    done = subprocess.run(
        [sys.executable, os.path.join(HERE, "sign_oracle.py"), program,
         "--seed", "1", "--count", "50"],
        capture_output=True, text=True, check=False)
    if not re.search(r"^\d+ passed, \d+ failed$", done.stdout, re.M):
        raise RuntimeError(done.stdout + done.stderr)
    return done.returncode == 0


def mutated(source, text, at, byte):
    if source.count(text) != 1 or text[at] == byte:
        raise RuntimeError("the signer has changed: %s" % text)
    return source.replace(text, text[:at] + byte + text[at + 1:])


def main():
    build = sys.argv[1]
    with open(SIGNER, encoding="utf-8") as file:
        source = file.read()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        if not accepts(compiled(source, build, folder)):
            print("the signer as it is was refused")
            failed += 1
        for what, *change in MUTANTS:
            if accepts(compiled(mutated(source, *change), build, folder)):
                print("not noticed: %s" % what)
                failed += 1
    print("%d passed, %d failed" % (len(MUTANTS) + 1 - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
