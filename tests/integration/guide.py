"""The commands of the guide, and a shell that remembers from one block of them
to the next.

A block of commands is fenced as console and marked by the line before it:
<!-- run: NAME -->. Its commands begin with "$ "; what follows a command that is
complete is its output, to be read by people.
"""

import glob
import os
import re
import shutil
import signal
import subprocess
from fnmatch import fnmatch

from process import BINARY, ROOT, bare_environ

MARK = re.compile(r"^\s*<!-- run: ([\w-]+) -->$")
FENCE = re.compile(r"^(\s*)```(.*)$")


class Block:
    def __init__(self, path, line, name, language, lines):
        self.path = path
        self.line = line
        self.name = name  # None: not marked
        self.language = language
        self.lines = lines

    def __repr__(self):
        return "%s:%d (%s)" % (self.path, self.line, self.name)

    def has_commands(self):
        return any(line.startswith("$ ") for line in self.lines)

    def commands(self):
        """The text of each command, its continuation lines included."""
        found, lines = [], list(self.lines)
        while lines:
            text = lines.pop(0)
            if not text.startswith("$ "):
                continue
            text = text[2:]
            while lines and incomplete(text):
                text += "\n" + lines.pop(0)
            found.append(text)
        return found

    def script(self):
        return "\n".join(self.commands()) + "\n"


def incomplete(text):
    """bash would read on: a loop, a quote, a here-document, a backslash."""
    if text.endswith(("\\", "|")):
        return True
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True,
                          text=True, check=False)
    return done.stderr != ""


def pages():
    return sorted(glob.glob(os.path.join(ROOT, "docs", "*.md"))) + [
        os.path.join(ROOT, name) for name in ("README.md", "CONTRIBUTING.md")
        if os.path.exists(os.path.join(ROOT, name))]


def blocks(path):
    """All fenced blocks of a page."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    found, at = [], 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if not fence:
            at += 1
            continue
        begin, indent = at, len(fence[1])
        at += 1
        body = []
        while not lines[at].strip() == "```":
            body.append(lines[at][indent:])
            at += 1
        at += 1
        mark = MARK.match(lines[begin - 1]) if begin else None
        found.append(Block(os.path.relpath(path, ROOT), begin + 1,
                           mark[1] if mark else None, fence[2].strip(), body))
    return found


def page(name):
    """{name: block} of docs/NAME.md."""
    return {b.name: b for b in blocks(os.path.join(ROOT, "docs", name + ".md"))
            if b.name}


PRELUDE = """set -eu -o pipefail
sudo() { "$@"; }
"""


# Programs of the guide that the tests here only pretend to run, and which look
# at their words; the summary of the tests names them.
FAKED = {
    "make": "make (what is tested has been built)",
    "make deb": "make deb, apt-get install (tests/heavy runs them)",
    "apt-get": "make deb, apt-get install (tests/heavy runs them)",
    "docker": "docker (tests/heavy runs it, but for compose up and make image)",
    "kubectl": "kubectl (there is no cluster)",
}


def own_files(tree):
    """Patterns of what readers of the guide make at the top of their clone."""
    with open(os.path.join(tree, ".gitignore"), encoding="utf-8") as file:
        return [line.strip("/\n") for line in file if line.startswith("/")]


def link_clone(tree, folder):
    """A clone that may be written to: all of the tree but .git and what may be
    somebody's own, which a test would write over."""
    mine = own_files(tree)
    for name in os.listdir(tree):
        if name != ".git" and not any(fnmatch(name, p) for p in mine):
            os.symlink(os.path.join(tree, name), os.path.join(folder, name))


class Shell:
    """Variables, functions and the folder stay from block to block. What the
    guide installs goes below root; programs that are named by wrap() come
    first in PATH."""

    def __init__(self, home, environ=()):
        self.root = home / "root"
        self.folder = home / "clone"
        self.bin = home / "bin"
        self.state = home / "state"
        build = self.folder / "build"
        for path in self.root / "etc", build, self.bin:
            path.mkdir(parents=True)
        self.state.write_text("")
        link_clone(ROOT, self.folder)
        shutil.copy(BINARY, build / "trailpost")
        self.env = {**bare_environ(home), **dict(environ), "TERM": "dumb",
                    "PATH": "%s:%s" % (self.bin, os.environ["PATH"]),
                    "DESTDIR": str(self.root), "PYTHON": "/usr/bin/python3",
                    "BUILD": str(build)}
        self.wrap("trailpost", BINARY)
        # The program has been built, and what is tested is that one.
        self.fake("make", 'exec %s -o "$BUILD/trailpost" MAKE="$0" "$@"\n'
                  % shutil.which("make"))

    def wrap(self, name, target):
        os.symlink(target, self.bin / name)

    def fake(self, name, text, known=None):
        """A program that is not to be run here, and is in FAKED."""
        assert (known or name) in FAKED
        self.place(name, text)

    def place(self, name, text):
        (self.bin / name).write_text("#!/bin/sh\n" + text)
        (self.bin / name).chmod(0o755)

    def _command(self, text):
        for place in "/etc/", "/usr/local/", "/var/":
            text = re.sub(r"(?<![\w./])" + place, "%s%s" % (self.root, place),
                          text)
        return ["bash", "-c", "%s. %s\n%s\nexport -p >%s; declare -f >>%s\n" % (
            PRELUDE, self.state, text, self.state, self.state)]

    def run(self, block, stdin="", ok=True):
        done = subprocess.run(
            self._command("set -a\n" + block.script()), cwd=self.folder,
            env=self.env, input=stdin, capture_output=True, text=True,
            timeout=180, check=False)
        if ok:
            assert done.returncode == 0, "%s: %s%s" % (
                block, done.stdout, done.stderr)
        self._check_files(block)
        return done

    def _check_files(self, block):
        """What a block writes into the clone neither gets into a commit nor is
        linked to by link_clone()."""
        for path in self.folder.iterdir():
            assert path.is_symlink() or any(
                fnmatch(path.name, p) for p in own_files(ROOT)), (
                    "%s: %s is not in .gitignore" % (block, path.name))

    def start(self, block):
        """A block that runs until it is told to end; in a group of its own."""
        return subprocess.Popen(
            self._command(block.script()), cwd=self.folder, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True)


def interrupt(process):
    """Ctrl-C; what it said."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        return process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError("no end:\n" + process.communicate()[0]) from None
