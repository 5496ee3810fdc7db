"""The program on a terminal, as a person sees it."""

import codecs
import os
import pty
import signal
import subprocess
import threading

from process import BINARY, bare_environ


class Terminal:
    """stdout and stderr are a terminal; what it shows is in text."""

    def __init__(self, journal, home, args, environ=(), **more):
        self.journal = journal
        self.shown = ""
        master, slave = pty.openpty()
        self._master = master
        self.process = subprocess.Popen(
            [BINARY, *args],
            env={**bare_environ(home), "TERM": "xterm", **dict(environ)},
            cwd=home, stdin=slave, stderr=slave, stdout=slave,
            start_new_session=True, **more)
        os.close(slave)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        # What is read may end within a character.
        decode = codecs.getincrementaldecoder("utf-8")().decode
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # nobody holds its other end any more
                data = b""
            if not data:
                break
            self.shown += decode(data)
            self.journal.poke()
        self.journal.poke()

    @property
    def text(self):
        return self.shown.replace("\r\n", "\n")

    def wait_for(self, word, timeout=15):
        self.journal.wait(
            lambda: word in self.text or self.process.poll() is not None,
            timeout, "%r on the terminal" % word)
        assert word in self.text, self.text

    def type(self, text):
        os.write(self._master, text.encode())

    def end(self, number=signal.SIGTERM, timeout=30):
        """A number of None: it ends by itself."""
        if number is not None and self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(timeout)
        self._reader.join(5)
        return status

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)
        os.close(self._master)
