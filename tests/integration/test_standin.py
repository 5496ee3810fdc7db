"""The stand-in itself, with botocore as the client: what it lets pass and what
it refuses must be what AWS does, or the other tests prove nothing."""

import gzip
import http.client
import threading
import time

import pytest
from aws import Sqs, s3_client, send
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from standin import Fault, Gate, Standin, answers

AWKWARD = (
    "plain", "with space", "a+b", "100%", "%2B", "Grüße/日本語", "a//b", "/lead",
    "trail/", "x=y&z?q#f", "~tilde", "quote'\"<>&", "*!()@:,;$", "a/./b",
    "a/../b")


def unquoted(url, standin, key, secret=None, region="us-east-1", **headers):
    credentials = Credentials(standin.KEY_ID, secret or standin.secret,
                              standin.session)
    return send(url, "GET", "/%s/%s" % (standin.BUCKET, key), headers,
                sign=("s3", region, credentials))


@pytest.mark.parametrize("key", AWKWARD)
def test_s3_takes_botocores_signature_of(standin, key):
    standin.s3.put(standin.BUCKET, key, key.encode())
    client = s3_client(standin)
    reply = client.get_object(Bucket=standin.BUCKET, Key=key)
    assert reply["Body"].read() == key.encode()


def test_s3_put_head_range_match_and_versions(standin):
    client = s3_client(standin)
    client.create_bucket(Bucket="b")
    first = client.put_object(Bucket="b", Key="k", Body=b"0123456789")
    client.put_object(Bucket="b", Key="k", Body=b"new")
    old = {"Bucket": "b", "Key": "k", "VersionId": first["VersionId"]}
    assert client.get_object(**old)["Body"].read() == b"0123456789"
    assert client.head_object(**old)["ContentLength"] == 10
    part = client.get_object(**old, Range="bytes=8-")
    assert part["Body"].read() == b"89"
    assert part["ContentRange"] == "bytes 8-9/10"
    last = client.get_object(**old, Range="bytes=0-0", IfMatch=first["ETag"])
    assert last["Body"].read() == b"0"
    for code, more in (("InvalidRange", {"Range": "bytes=10-"}),
                       ("PreconditionFailed", {"IfMatch": '"x"'})):
        with pytest.raises(ClientError) as caught:
            client.get_object(**old, **more)
        assert caught.value.response["Error"]["Code"] == code


def test_s3_virtual_hosted(standin):
    standin.s3.put(standin.BUCKET, "k", b"x")
    status, _, body = send(
        standin.url, "GET", "/k",
        {"Host": standin.BUCKET + ".s3.us-east-1.amazonaws.com"},
        sign=("s3", "us-east-1", Credentials(
            standin.KEY_ID, standin.secret, standin.session)))
    assert (status, body) == (200, b"x")


@pytest.mark.parametrize("change,status,code", [
    ({"secret": "wrong"}, 403, "SignatureDoesNotMatch"),
    ({"region": "eu-west-1"}, 400, "AuthorizationHeaderMalformed"),
])
def test_s3_denies(standin, change, status, code):
    standin.s3.put(standin.BUCKET, "k", b"x")
    got, _, body = unquoted(standin.url, standin, "k", **change)
    assert got == status
    assert ("<Code>%s</Code>" % code).encode() in body
    if code.startswith("Auth"):
        assert b"<Region>us-east-1</Region>" in body


def test_s3_denies_skew_unknown_key_expired_and_unsigned(standin):
    standin.s3.put(standin.BUCKET, "k", b"x")
    standin.verifier.clock_offset_s = 16 * 60
    assert b"RequestTimeTooSkewed" in unquoted(standin.url, standin, "k")[2]
    standin.verifier.clock_offset_s = 14 * 60
    assert unquoted(standin.url, standin, "k")[0] == 200
    standin.verifier.clock_offset_s = 0
    standin.verifier.expired_tokens.add(standin.session)
    got, _, body = unquoted(standin.url, standin, "k")
    assert got == 400 and b"ExpiredToken" in body
    standin.verifier.keys.clear()
    assert b"InvalidAccessKeyId" in unquoted(standin.url, standin, "k")[2]
    got, _, body = send(standin.url, "GET", "/%s/k" % standin.BUCKET)
    assert got == 403 and b"AccessDenied" in body


def test_sqs_life_of_a_message(standin):
    sqs = Sqs.of(standin)
    sent = sqs.ok("SendMessage", MessageBody="grüße")
    got = sqs.ok("ReceiveMessage", VisibilityTimeout=30,
                 AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert [m["MessageId"] for m in got] == [sent["MessageId"]]
    assert got[0]["Body"] == "grüße"
    assert got[0]["Attributes"] == {"ApproximateReceiveCount": "1"}
    assert sqs.ok("ReceiveMessage") == {}
    first = got[0]["ReceiptHandle"]
    sqs.ok("ChangeMessageVisibility", ReceiptHandle=first, VisibilityTimeout=0)
    again = sqs.ok("ReceiveMessage", MessageSystemAttributeNames=["All"])
    again = again["Messages"][0]
    assert again["ReceiptHandle"] != first
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.ok("DeleteMessage", ReceiptHandle=first)  # stale: says yes, keeps it
    assert standin.queue.counts() == (0, 1)
    sqs.ok("DeleteMessage", ReceiptHandle=again["ReceiptHandle"])
    assert standin.queue.empty()


def test_sqs_long_poll_wakes_up(standin):
    sqs = Sqs.of(standin)
    replies = []
    thread = threading.Thread(target=lambda: replies.append(
        sqs.ok("ReceiveMessage", WaitTimeSeconds=20)))
    thread.start()
    standin.wait(lambda: standin.queue.polling == 1)
    began = time.monotonic()
    standin.queue.send("x")
    thread.join(10)
    assert len(replies[0]["Messages"]) == 1
    assert time.monotonic() - began < 10


def test_sqs_gives_nothing_to_whoever_has_gone(standin, daemon):
    """A message that a poll of a killed process took would be hidden again."""
    running = daemon()
    standin.wait(lambda: standin.queue.polling > 0)
    running.process.kill()
    running.status = running.wait_exit()
    standin.queue.send("x")
    standin.wait(lambda: standin.queue.polling == 0)
    assert standin.queue.counts() == (1, 0)


def test_sqs_redrives_after_max_receives(standin):
    dead = standin.sqs.create(standin.url, "dead")
    standin.queue.dead_letter, standin.queue.max_receives = dead, 2
    standin.queue.send("x")
    sqs = Sqs.of(standin)
    for _ in range(2):
        assert sqs.ok("ReceiveMessage", VisibilityTimeout=0)["Messages"]
    assert sqs.ok("ReceiveMessage") == {}
    assert dead.counts() == (1, 0) and standin.queue.empty()


@pytest.mark.parametrize("name,fields,status,code", [
    ("ReceiveMessage", {"MaxNumberOfMessages": 11}, 400,
     "InvalidParameterValueException"),
    ("ReceiveMessage", {"MaxNumberOfMessages": 0}, 400,
     "InvalidParameterValueException"),
    ("ReceiveMessage", {"WaitTimeSeconds": 21}, 400,
     "InvalidParameterValueException"),
    ("ReceiveMessage", {"VisibilityTimeout": 43201}, 400,
     "InvalidParameterValueException"),
    ("ReceiveMessage", {"QueueUrl": "http://x/1/q"}, 400, "QueueDoesNotExist"),
    ("DeleteMessage", {"ReceiptHandle": "garbage"}, 404,
     "ReceiptHandleIsInvalid"),
    ("DeleteMessage", {}, 400, "MissingRequiredParameterException"),
    ("DeleteMessageBatch", {"Entries": []}, 400, "EmptyBatchRequest"),
    ("DeleteMessageBatch", {"Entries": [
        {"Id": str(i), "ReceiptHandle": "x"} for i in range(11)]}, 400,
     "TooManyEntriesInBatchRequest"),
    ("DeleteMessageBatch", {"Entries": [
        {"Id": "a", "ReceiptHandle": "x"}] * 2}, 400,
     "BatchEntryIdsNotDistinct"),
    ("DeleteMessageBatch", {"Entries": [
        {"Id": "a b", "ReceiptHandle": "x"}]}, 400, "InvalidBatchEntryId"),
    ("Nonsense", {}, 400, "UnknownOperationException"),
])
def test_sqs_refuses(standin, name, fields, status, code):
    got, body, headers = Sqs.of(standin).call(name, **fields)
    assert (got, body["__type"].rpartition("#")[2]) == (status, code)
    assert headers["x-amzn-query-error"].endswith(";Sender")


def test_sqs_batch_fails_in_part(standin):
    sqs = Sqs.of(standin)
    standin.queue.send("x")
    handle = sqs.ok("ReceiveMessage")["Messages"][0]["ReceiptHandle"]
    entries = [{"Id": "good", "ReceiptHandle": handle},
               {"Id": "bad", "ReceiptHandle": "garbage"}]
    for more, name in ((5, "ChangeMessageVisibilityBatch"),
                       (None, "DeleteMessageBatch")):
        if more:
            entries = [dict(e, VisibilityTimeout=more) for e in entries]
        reply = sqs.ok(name, Entries=entries)
        assert reply["Successful"] == [{"Id": "good"}]
        assert [f["Code"] for f in reply["Failed"]] == [
            "ReceiptHandleIsInvalid"]


def test_sqs_visibility_rules(standin):
    sqs = Sqs.of(standin)
    standin.queue.send("x")
    handle = sqs.ok("ReceiveMessage")["Messages"][0]["ReceiptHandle"]
    status, body, _ = sqs.call(
        "ChangeMessageVisibility", ReceiptHandle=handle,
        VisibilityTimeout=43200)
    assert status == 400 and "beyond the limit" in body["message"]
    sqs.ok("ChangeMessageVisibility", ReceiptHandle=handle,
           VisibilityTimeout=0)
    status, body, _ = sqs.call(
        "ChangeMessageVisibility", ReceiptHandle=handle, VisibilityTimeout=5)
    assert body["__type"] == "com.amazonaws.sqs#MessageNotInflight"


def test_sqs_denies_a_bad_signature(standin):
    sqs = Sqs(standin.url, standin.queue.url, standin.KEY_ID, "wrong",
              standin.session)
    status, body, headers = sqs.call("ReceiveMessage")
    assert status == 403
    assert body["__type"].endswith("#InvalidSignatureException")
    assert headers["x-amzn-query-error"] == "SignatureDoesNotMatch;Sender"


def post(standin, body, **changes):
    headers = {"Content-Type": "application/x-ndjson",
               "Content-Encoding": "gzip",
               "x-dassana-app-id": standin.APP_ID,
               "x-dassana-token": standin.token}
    headers.update(changes)
    url = standin.dassana_url.rpartition("/")[0]
    return send(url, "POST", "/ingest", headers, body)


def test_dassana_keeps_the_bytes(standin):
    lines = [b'{"a":1.0E+2}', b'{"b": 12345678901234567890 }']
    status, _, body = post(standin, gzip.compress(b"\n".join(lines) + b"\n"))
    assert status == 200 and b'"docCount": 2' in body
    assert standin.dassana.events() == lines


@pytest.mark.parametrize("body", [
    b"{}", b'{"a":1}\n\n', b"[1]\n", b"{}{}\n", b' {"a":1}\n', b'{"a":NaN}\n',
    b'{"a":\n1}\n'])
def test_dassana_refuses(standin, body):
    assert post(standin, gzip.compress(body))[0] == 400
    assert standin.dassana.problems.pop()
    assert not standin.dassana.events()


def test_dassana_refuses_half_a_gzip_stream_and_a_wrong_token(standin):
    whole = gzip.compress(b'{"a":1}\n')
    for body in (whole[:-1], whole + b"x", b"{}\n"):
        assert post(standin, body)[0] == 400
        assert standin.dassana.problems.pop()
    status, _, body = post(standin, whole, **{"x-dassana-token": "no"})
    assert status == 401 and b"token_validation_error" in body


def test_faults_are_what_they_say(standin):
    standin.s3.put(standin.BUCKET, "k", b"0123456789")
    standin.faults.script("s3.GET", [
        Fault(status=503, code="SlowDown"), None, Fault(cut=4),
        Fault(drop=True)])
    status, _, body = unquoted(standin.url, standin, "k")
    assert status == 503 and b"<Code>SlowDown</Code>" in body
    assert unquoted(standin.url, standin, "k")[2] == b"0123456789"
    with pytest.raises(http.client.IncompleteRead) as caught:
        unquoted(standin.url, standin, "k")
    assert caught.value.partial == b"0123"
    with pytest.raises(OSError):
        unquoted(standin.url, standin, "k")
    assert unquoted(standin.url, standin, "k")[0] == 200


def test_a_gate_holds_the_last_byte(standin):
    standin.s3.put(standin.BUCKET, "k", b"0123456789")
    gate = standin.s3.hold(standin.BUCKET, "k", Gate(at=-1))
    replies = []
    thread = threading.Thread(target=lambda: replies.append(
        unquoted(standin.url, standin, "k")[2]))
    thread.start()
    assert gate.reached.wait(10)
    assert not replies
    gate.open()
    thread.join(10)
    assert replies == [b"0123456789"]


def test_dassana_can_be_down_and_come_back(standin):
    standin.dassana_port.close()
    with pytest.raises(ConnectionError):
        post(standin, gzip.compress(b'{"a":1}\n'))
    standin.dassana_port.open()
    assert post(standin, gzip.compress(b'{"a":1}\n'))[0] == 200


@pytest.mark.alone
def test_it_is_fast_enough_and_ends_quickly(standin):
    """500 objects a second, or the daemon's figures would be its own."""
    standin.s3.put(standin.BUCKET, "k", b"x" * 4000)
    connection = http.client.HTTPConnection("127.0.0.1",
                                            standin.aws_port.port)
    standin.verifier.check = lambda *_: None  # http.client does not sign
    best = 1e9
    for _ in range(4):  # the machine may be busy with something else
        began = time.monotonic()
        for _ in range(100):
            connection.request("GET", "/%s/k" % standin.BUCKET)
            assert len(connection.getresponse().read()) == 4000
        best = min(best, time.monotonic() - began)
    assert best < 0.2
    began = time.monotonic()
    standin.close()
    assert time.monotonic() - began < 1


LINES = [b'{"n":1}', b'{"n":2}']


@pytest.mark.parametrize("answer,status,body,taken", [
    (answers.refusal(), 400, b'{"error": "bad_event"}', 0),
    (answers.redirect(), 302, b"", 0),
    (answers.count_zero(), 200, b'{"success": true, "docCount": 0}', 0),
    (answers.told({}), 200, b"{}", 0),
    (answers.told({}, take=True), 200, b"{}", 2),
    (answers.marked(LINES), 200,
     b'\xef\xbb\xbf{"success": true, "docCount": 2}', 2),
    (answers.short(LINES), 200, b'{"success": true, "docCount": 1}', 2),
])
def test_dassana_can_answer_otherwise(standin, answer, status, body, taken):
    standin.dassana.overrule = lambda request, events: \
        answer if b'{"n":1}' in events else None
    text = gzip.compress(b"\n".join(LINES) + b"\n")
    assert post(standin, text)[::2] == (status, body)
    assert len(standin.dassana.events()) == taken
    _, _, usual = post(standin, gzip.compress(b'{"n":3}\n'))
    assert b'"docCount": 1' in usual


def test_dassana_can_answer_in_gzip(standin):
    standin.dassana.overrule = lambda _, events: answers.gzipped(events)
    _, headers, body = post(standin, gzip.compress(b'{"n":1}\n'))
    assert headers["Content-Encoding"] == "gzip"
    assert b'"docCount": 1' in gzip.decompress(body)


def test_time_can_pass_faster():
    with Standin(speed=100) as standin:
        standin.queue.send("x")
        sqs = Sqs.of(standin)
        began = time.monotonic()
        assert sqs.ok("ReceiveMessage", VisibilityTimeout=400)["Messages"]
        assert sqs.ok("ReceiveMessage") == {}
        # Another 20 of its seconds at a time, until the message is back.
        standin.wait(lambda: sqs.ok("ReceiveMessage", WaitTimeSeconds=20))
        assert 3.9 < time.monotonic() - began < 20


def test_all_entries_of_the_journal_can_be_watched(standin):
    seen = []
    standin.journal.watch = lambda entry: seen.append(entry.op)
    message = standin.queue.send("x", lambda known: seen.append(known.body))
    handle, = [m["ReceiptHandle"] for m in Sqs.of(standin).ok(
        "ReceiveMessage")["Messages"]]
    standin.queue.delete(handle)
    assert message.receives == 1
    assert seen == ["x", "sqs.poll", "sqs.receive", "sqs.delete"]
