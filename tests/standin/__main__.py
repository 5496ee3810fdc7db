"""The stand-in for trials by hand: puts log files into the bucket, announces
them, prints how to start the daemon against it and then what arrives, until it
is interrupted.
"""

import argparse
import os
import shlex
import signal
import sys

from . import Standin

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(os.path.dirname(HERE), "samples")


def parse():
    parser = argparse.ArgumentParser(
        prog="python3 -m standin", description=__doc__,
        epilog="AWS_SECRET_ACCESS_KEY and DASSANA_TOKEN in the environment, "
               "if there, are the secrets to expect; no session token then.")
    parser.add_argument("files", nargs="*", metavar="FILE",
                        help="a log file, .json.gz or .json")
    parser.add_argument("--samples", action="store_true",
                        help="log files that are made up, besides")
    parser.add_argument("--host", default="127.0.0.1",
                        help="address to listen at")
    parser.add_argument("--name", help="what the daemon calls this host")
    parser.add_argument("--ports", nargs=2, type=int, default=(0, 0),
                        metavar=("AWS", "DASSANA"))
    return parser.parse_args()


def files(args):
    """(key, data)"""
    for path in args.files:
        with open(path, "rb") as file:
            yield "AWSLogs/" + os.path.basename(path), file.read()
    if args.samples:
        sys.path.append(SAMPLES)
        import make_samples
        for key, data, _ in make_samples.samples():
            yield key, data


def show_command(standin):
    words = ["%s=%s" % pair for pair in standin.environ().items()]
    words.append("build/trailpost")
    for pair in standin.options().items():
        words += ["-o", "%s=%s" % pair]
    print(" ".join(map(shlex.quote, words)), flush=True)


def watch(standin):
    """Prints what happens, and after each change of them two counts."""
    seen, counts = 0, (0, standin.queue.size())
    while True:
        try:
            standin.wait(lambda: len(standin.journal.all()) > seen, 3600)
        except TimeoutError:
            continue
        entries = standin.journal.all()
        for entry in entries[seen:]:
            print(vars(entry), flush=True)
        seen = len(entries)
        now = (standin.dassana.event_count, standin.queue.size())
        if now != counts:
            counts = now
            print("%d events have arrived, %d messages are left" % now,
                  flush=True)


def end(*_):
    raise KeyboardInterrupt


def main():
    args = parse()
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY")
    signal.signal(signal.SIGTERM, end)
    with Standin(session_token=secret is None, host=args.host,
                 ports=args.ports, name=args.name or args.host, secret=secret,
                 token=os.environ.get("DASSANA_TOKEN")) as standin:
        for key, data in files(args):
            standin.put(key, data)
        show_command(standin)
        try:
            watch(standin)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
