"""The time of the services: the machine's, or one that passes faster."""

import time


class Clock:
    """speed: how many of its seconds pass in one of the machine's. What the
    services do with time (visibility, waits, dates) is told in its seconds."""

    def __init__(self, speed=1):
        self.speed = speed
        self._begin = time.monotonic()
        self._wall = time.time()
        self._skipped = 0

    def elapsed(self):
        return (time.monotonic() - self._begin) * self.speed + self._skipped

    def skip(self, seconds):
        """So many pass at once."""
        self._skipped += seconds

    def monotonic(self):
        return self._begin + self.elapsed()

    def time(self):
        return self._wall + self.elapsed()

    def ahead(self):
        """By how much it is ahead of the machine's clock."""
        return self.time() - time.time()

    def real(self, seconds):
        """How long its seconds take."""
        return seconds / self.speed
