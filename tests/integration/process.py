"""The daemon as a process, and its log as something to wait for."""

import datetime
import os
import re
import select
import signal
import subprocess
import threading

FIELD = re.compile(r'([\w.-]+)=("(?:[^"\\]|\\.)*"|\S*)')
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BINARY = os.environ.get("TRAILPOST", os.path.join(ROOT, "build", "trailpost"))
LINES_MAX = 200_000


def built_with(symbol):
    with open(BINARY, "rb") as file:
        return symbol in file.read()


def sanitized():
    """A build with AddressSanitizer has a memory use of its own."""
    return built_with(b"__asan_init")


def counters_kb():
    """What a build that counts the lines it reaches takes besides."""
    return 2048 if built_with(b"__gcov_init") else 0


def parse(line):
    """The fields of a logfmt line; "line" is all of it."""
    fields = {name: value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
              if value.startswith('"') else value
              for name, value in FIELD.findall(line)}
    fields["line"] = line
    return fields


def time_of(line):
    """When the daemon wrote it, by its own clock, in seconds: whoever is held
    up on the way changes nothing of it."""
    stamp = line["line"].partition(" ")[0]
    return datetime.datetime.fromisoformat(
        stamp.replace("Z", "+00:00")).timestamp()


def bare_environ(home):
    """Nothing of the machine's own settings, and no way to a metadata
    service."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
            **{k: v for k, v in os.environ.items()
               if k.startswith(("ASAN_", "UBSAN_", "LSAN_"))}}


class Daemon:
    """Started by start(); stop() asserts how it ends. journal is what wakes
    the waiting: of the stand-in, or a fresh one. Whoever looks at the log sees
    all that was written before he looked: what the stand-in has seen of the
    daemon proves that the lines before it are there."""

    def __init__(self, journal, home):
        self.journal = journal
        self.home = home
        self.process = None
        self.status = 0   # what stop() expects
        self._lines = []
        self._begun = b""    # a line that has not ended
        self._pipe = None    # None: no more will come
        self._reading = threading.Lock()
        self._reader = None
        self.before_stop = []  # so that it need not wait for what is held

    def start(self, options, environ, args=("-vv",), before_exec=None):
        command = [BINARY, *args]
        for pair in options.items():
            command += ["-o", "%s=%s" % pair]
        self.process = subprocess.Popen(
            command, env={**bare_environ(self.home), **environ},
            cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=before_exec)
        self._pipe = self.process.stderr.fileno()
        os.set_blocking(self._pipe, False)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def _read(self):
        poll = select.poll()
        poll.register(self._pipe, select.POLLIN)
        while self._pipe is not None:
            poll.poll()
            self._take()
            self.journal.poke()

    def _take(self):
        """Whatever is in the pipe by now."""
        with self._reading:
            while self._pipe is not None:
                try:
                    data = os.read(self._pipe, 65536)
                except BlockingIOError:
                    return
                self._keep(data)

    def _keep(self, data):
        *whole, self._begun = (self._begun + data).split(b"\n")
        if not data:
            self._pipe = None
            whole += [self._begun] if self._begun else []
        for line in whole:
            self._lines.append(parse(line.decode("utf-8", "backslashreplace")))
        if len(self._lines) > LINES_MAX:
            self.process.kill()

    @property
    def lines(self):
        self._take()
        return self._lines

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self, event=None, **fields):
        wanted = dict(fields, event=event) if event else fields
        return [line for line in list(self.lines)
                if all(line.get(k) == v for k, v in wanted.items())]

    def text(self):
        return "\n".join(line["line"] for line in list(self.lines))

    def wait_for(self, predicate, timeout=15, what=""):
        """Until predicate() is true; an early end of the daemon is one too."""
        def look():
            result = predicate()
            if not result and not self.running():
                raise AssertionError("the daemon ended with status %s while "
                                     "the test waited" % self.process.poll())
            return result
        return self.journal.wait(look, timeout, what)

    def wait_line(self, event, timeout=15, **fields):
        return self.wait_for(lambda: self.log(event, **fields), timeout,
                             "log line event=%s %s" % (event, fields))[0]

    def wait_exit(self, timeout=10):
        status = self.process.wait(timeout)
        self._reader.join(5)
        return status

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, timeout=30):
        """SIGTERM, and an end with the status that is expected."""
        if self.process is None:
            return
        for prepare in self.before_stop:
            prepare()
        if self.running():
            self.terminate()
        try:
            status = self.wait_exit(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.wait_exit()
            raise AssertionError("no end within %g s of SIGTERM" % timeout)
        finally:
            self._pipe = None
            self.process.stderr.close()
            self.process, process = None, self.process
        assert status == self.status, "ended with status %s" % status
        assert process.returncode == self.status

    def anonymous_kb(self):
        """Memory that is the process's own, in kB."""
        path = "/proc/%d/smaps_rollup" % self.process.pid
        with open(path, encoding="ascii") as file:
            for line in file:
                if line.startswith("Anonymous:"):
                    return int(line.split()[1])
        raise AssertionError("no Anonymous: in " + path)
