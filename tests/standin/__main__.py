"""python3 -m standin [FILE.json.gz]…: the stand-in for trials by hand.

Puts the files into the bucket, announces them, prints how to start the daemon
against it, and then what arrives, until interrupted.
"""

import os
import shlex
import sys

from . import Standin


def main():
    with Standin() as standin:
        for path in sys.argv[1:]:
            with open(path, "rb") as file:
                standin.put("AWSLogs/" + os.path.basename(path), file.read())
        words = ["%s=%s" % pair for pair in standin.environ().items()]
        words.append("build/trailpost")
        for pair in standin.options().items():
            words += ["-o", "%s=%s" % pair]
        print(" ".join(map(shlex.quote, words)), flush=True)
        seen = 0
        try:
            while True:
                try:
                    standin.wait(
                        lambda: len(standin.journal.all()) > seen, 3600)
                except TimeoutError:
                    continue
                entries = standin.journal.all()
                for entry in entries[seen:]:
                    print(vars(entry), flush=True)
                seen = len(entries)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
