"""SIGKILL at any moment between the first POST that was taken and the last
delete: every event arrives at least once."""

import os
import random
import signal

import pytest
from trail import Trail

ROUNDS = int(os.environ.get("TRAILPOST_KILL_ROUNDS", "50"))


def one_round(standin, daemon, trail, rng):
    """Kills it at a random delete or POST; True if that was in between."""
    trail.put(20)
    taken = len(standin.dassana.posts)
    running = daemon(visibility_timeout="2s", batch_max_events=20,
                     batch_max_delay="20ms", args=())
    running.wait_for(lambda: len(standin.dassana.posts) > taken, 20)
    gone = len(standin.journal.all("sqs.delete"))
    if rng.random() < 0.5:
        point = len(standin.dassana.posts) + rng.randrange(8)
        running.wait_for(lambda: len(standin.dassana.posts) >= point
                         or standin.queue.empty())
    else:
        point = gone + rng.randrange(1, 18)
        running.wait_for(lambda: len(standin.journal.all(
            "sqs.delete")) >= point or standin.queue.empty())
    running.process.send_signal(signal.SIGKILL)
    running.wait_exit()
    running.status = -signal.SIGKILL
    running.stop()
    return not standin.queue.empty()


@pytest.mark.long
@pytest.mark.parametrize("seed", [1])
def test_killed_at_any_moment(standin, daemon, seed, capsys):
    trail, rng = Trail(standin), random.Random(seed)
    between = tries = 0
    while between < ROUNDS:
        tries += 1
        assert tries <= 3 * ROUNDS, "the moment was missed too often"
        between += one_round(standin, daemon, trail, rng)
    last = daemon(visibility_timeout="2s", args=())
    trail.await_all(last, len(trail.wanted()))
    with capsys.disabled():
        print("\n%d kills: %d events, %d came twice" % (
            between, len(trail.wanted()), trail.doubles()))
