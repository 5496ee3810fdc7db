"""trailpost cat: log files to NDJSON."""

import gzip
import subprocess

import make_samples
import pytest
from real_logs import real_files

def cat(binary, *names, data=None, cwd=None):
    return subprocess.run([binary, "cat", *names], input=data, cwd=cwd,
                          capture_output=True, timeout=60, check=False)


def ndjson(events):
    return b"".join(e + b"\n" for e in events)


def test_generated_samples(binary, tmp_path):
    wanted, names = [], []
    for number, (_, data, events) in enumerate(make_samples.samples(21)):
        names.append("%d.json.gz" % number)
        (tmp_path / names[-1]).write_bytes(data)
        wanted += events
    done = cat(binary, *names, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == ndjson(wanted)


@pytest.mark.parametrize("names", [(), ("-",)])
def test_standard_input(binary, names):
    _, data, events = next(make_samples.samples(22))
    assert cat(binary, *names, data=data).stdout == ndjson(events)
    assert cat(binary, *names, data=gzip.decompress(data)
               ).stdout == ndjson(events)


def test_real_log_files(binary):
    files = real_files()
    done = cat(binary, *[path for path, _, _ in files])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == ndjson([e for _, _, events in files for e in events])


@pytest.mark.parametrize("damage", [
    lambda data: data[:-1], lambda data: data + b"x",
    lambda data: b"<html>", lambda data: b""])
def test_damage_is_told_and_the_rest_goes_on(binary, tmp_path, damage):
    files = list(make_samples.samples(23, 2))
    (tmp_path / "bad").write_bytes(damage(files[0][1]))
    (tmp_path / "good").write_bytes(files[1][1])
    done = cat(binary, "bad", "good", "missing", cwd=tmp_path)
    assert done.returncode == 1
    assert b"bad: " in done.stderr and b"missing: " in done.stderr
    assert done.stdout.endswith(ndjson(files[1][2]))


def test_a_record_left_out_is_told(binary):
    """And all others are written."""
    done = cat(binary, data=b'[{"a":1},5,' + b'{"a":' + b"[" * 600 + b"]" * 600
               + b'},{"b":"\xff"}]')
    assert done.returncode == 1
    assert done.stdout == b'{"a":1}\n{"b":"\xff"}\n'
    assert done.stderr == (
        b"trailpost: standard input: record with index 1 left out: "
        b"no_object\ntrailpost: standard input: record with index 2 left "
        b"out: too_deep\n")


@pytest.mark.parametrize("names", [(), ("-",), ("none",)])
def test_nothing_at_all_is_told(binary, tmp_path, names):
    (tmp_path / "none").write_bytes(b"")
    done = cat(binary, *names, data=b"", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == b"trailpost: %s: empty\n" % (
        b"none" if names == ("none",) else b"standard input")


def test_a_closed_pipe_ends_it(binary, tmp_path):
    data = list(make_samples.samples(24, 6))[5][1]
    (tmp_path / "large").write_bytes(data)
    process = subprocess.Popen(
        [binary, "cat", "large", "large"], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.read(14) == b'{"eventVersion'
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert process.wait(10) != 0
    assert b"Sanitizer" not in error


def test_summary(binary):
    events = [
        b'{"eventName":"Get","eventSource":"s3","x":{"eventName":"no"}}',
        b'{"eventSource":"kms","eventName":"Decrypt","a":"%s"}' % (b"x" * 99),
        b'{"eventName":7}', b'{"eventName":"Get","eventSource":"s3"}',
        b'{"eventSource":"a\\"b","eventName":"%s"}' % (b"n" * 300)]
    size = [len(e) + 1 for e in events]

    def line(bytes_, events, *names):
        return [str(bytes_), "%.1f" % (100 * bytes_ / sum(size)), str(events),
                *names]
    done = cat(binary, "--summary", data=b"[" + b",".join(events) + b"]")
    assert (done.returncode, done.stderr) == (0, b"")
    assert [line.split() for line in done.stdout.decode().splitlines()] == [
        ["bytes", "%", "events", "eventSource", "eventName"],
        line(size[4], 1, 'a\\"b', "n" * 128),
        line(size[1], 1, "kms", "Decrypt"),
        line(size[0] + size[3], 2, "s3", "Get"),
        line(size[2], 1, "-", "-"), line(sum(size), 5, "-", "(all)")]


def test_only_rules_are_settings_of_cat(binary):
    for option, said in (
            ("region=eu-west-1", b"-o: cat takes event_exclude"),
            ("event_exclude=a", b"-o event_exclude: column 2: '=' is")):
        done = cat(binary, "-o", option, data=b"[]")
        assert done.returncode == 2 and said in done.stderr
