"""Objects whose contents are replaced under the same key: rare with CloudTrail,
but replication and restores do it, and an event that was never delivered must
not be taken for one that was."""

import pytest
from jobs import delivered, make_file
from standin import shapes


def put(standin, key, data, version=None):
    made = standin.s3.put(standin.BUCKET, key, data)
    if version:
        made.version = version
    return made.etag.strip('"')


@pytest.mark.parametrize("version", (None, "null"))
def test_replaced_after_it_was_delivered(standin, daemon, version):
    """While versioning is suspended the version of everything is "null"."""
    key, first, events = make_file(10, 1)
    _, second, more = make_file(20, 2)
    running = daemon()
    for data, wanted in ((first, events), (second, events + more)):
        etag = put(standin, key, data, version)
        standin.queue.send(shapes.s3_event(standin.BUCKET, key, eTag=etag))
        running.wait_for(standin.queue.empty, 20)
        assert delivered(standin, wanted)


def test_replaced_while_it_is_read(standin, daemon):
    """CloudTrail's own notification names no contents: the second one does not
    join the GET of the first."""
    key, first, events = make_file(300, 1)
    _, second, more = make_file(20, 2)
    put(standin, key, first)
    gate = standin.gate(at=2000)
    standin.s3.hold(standin.BUCKET, key, gate)
    standin.queue.send(shapes.cloudtrail(standin.BUCKET, key))
    running = daemon()
    running.wait_for(gate.reached.is_set)
    put(standin, key, second)
    standin.queue.send(shapes.cloudtrail(standin.BUCKET, key))
    running.wait_for(lambda: standin.queue.counts() == (0, 2))
    running.wait_for(lambda: len(running.log("message.received")) == 2)
    gate.open()
    running.wait_for(standin.queue.empty, 20)
    assert delivered(standin, events + more)
