"""trailpost check: what it finds, what it says to do, and that it changes
nothing."""

import json
import os
import shutil
import pathlib
import re
import subprocess

import boto3
import pytest
from issuer import IDENTITY, serve, write_profile  # noqa: F401
from jobs import make_file
from process import ROOT, bare_environ
from standin import Fault, answers, shapes

# As AWS words it.
NO_DECRYPT = "User: arn:aws:sts::111122223333:assumed-role/trailpost/x is " \
    "not authorized to perform: kms:Decrypt on resource: " \
    "arn:aws:kms:us-east-1:111122223333:key/11aa-22bb because no " \
    "identity-based policy allows the kms:Decrypt action"
REGION, BUCKET = "us-east-1", "check-trail-logs"


class Result:
    def __init__(self, done, as_json):
        self.status = done.returncode
        self.text = done.stdout + done.stderr
        self.errors = done.stderr
        if as_json:
            document = json.loads(done.stdout)
            self.steps = document["steps"]
            assert document["ok"] == (self.status == 0)
            assert (self.status != 0) == any(
                s["result"] == "failed" for s in self.steps)

    def results(self):
        return {s["step"]: s["result"] for s in self.steps}

    def step(self, name):
        found, = [s for s in self.steps if s["step"] == name]
        return found

    def failed(self):
        return [s["step"] for s in self.steps if s["result"] == "failed"]


@pytest.fixture
def check(binary, tmp_path):
    def run(options, env, *args, as_json=True, user=None):
        command = [binary]
        if user is not None:  # who may not come where it was built
            shutil.copy(binary, tmp_path / "trailpost")
            command = ["./trailpost"]
        for pair in options.items():
            command += ["-o", "%s=%s" % pair]
        command += ["check", *(["--json"] if as_json else []), *args]
        done = subprocess.run(
            command, env={**bare_environ(tmp_path), **env}, cwd=tmp_path,
            capture_output=True, text=True, timeout=60, check=False,
            user=user)
        return Result(done, as_json)

    return run


@pytest.fixture
def checked(standin, check):
    """check(…) against the stand-in, which speaks STS here too."""
    standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))

    def run(*args, as_json=True, env=None, **options):
        merged = {**standin.options(), **options}
        result = check({k: v for k, v in merged.items() if v is not None},
                       standin.environ() if env is None else env, *args,
                       as_json=as_json)
        assert result.errors == ""
        for secret in (standin.token, standin.secret, standin.session):
            assert secret not in result.text
        return result

    yield run
    # Nothing else is wrong with a request that carries no events.
    assert set(standin.dassana.problems) <= {"empty body"}
    standin.dassana.problems.clear()


def test_a_sound_set_up(standin, checked):
    key, data, _ = make_file(5)
    thing = standin.put(key, data)
    result = checked("--object", "s3://trail-logs/" + key)
    assert result.status == 0
    assert result.results() == {
        "configuration": "ok", "credentials": "ok", "identity": "ok",
        "queue": "ok", "redrive": "warning", "delete": "ok",
        "visibility": "ok", "object": "ok", "version": "ok", "dassana": "ok"}
    assert "account 111122223333" in result.step("identity")["fact"]
    assert "1 messages waiting" in result.step("queue")["fact"]
    assert "dead-letter" in result.step("redrive")["advice"]
    assert "%d bytes" % len(data) in result.step("object")["fact"]
    assert "without events" in result.step("dassana")["fact"]
    # Nothing has changed.
    assert standin.journal.all("sqs.receive") == []
    assert standin.journal.all("sqs.delete", deleted=True) == []
    assert standin.dassana.event_count == 0
    assert len(standin.journal.all("s3.GET", status=200)) == 2
    assert thing.version


def test_peek_finds_an_object_and_lets_the_message_go(standin, checked):
    key, data, _ = make_file(5)
    message = standin.put(key, data) and standin.queue
    result = checked("--peek")
    assert result.status == 0
    assert "released at once" in result.step("receive")["fact"]
    assert key in result.step("object")["fact"]
    assert message.counts() == (1, 0)
    assert len(standin.journal.all("sqs.receive")) == 1


def test_without_an_object_it_says_what_is_left_out(standin, checked):
    standin.queue.send(shapes.test_event("trail-logs"))
    result = checked()
    assert result.status == 0
    assert "--peek" in result.step("receive")["fact"]
    assert "--object" in result.step("object")["fact"]
    assert result.step("object")["result"] == "skipped"
    result = checked("--peek")
    assert "test_event" in result.step("receive")["fact"]


def test_a_subscription_that_waits_is_told(standin, checked):
    """The daemon would delete it, and only its log would have the link."""
    standin.queue.send(shapes.sns(
        "x", kind="SubscriptionConfirmation",
        SubscribeURL="https://sns.us-east-1.amazonaws.com/?Token=2336"))
    result = checked("--peek")
    step = result.step("receive")
    assert result.status == 0 and step["result"] == "warning"
    assert "arn:aws:sns:us-east-1:111122223333:trail" in step["advice"]
    assert "https://sns.us-east-1.amazonaws.com/?Token=2336" in step["advice"]


def test_peek_names_the_member_that_is_missing(standin, checked):
    standin.queue.send('{"s3Bucket":"b"}')
    assert "s3ObjectKey is missing" in checked("--peek").step(
        "receive")["fact"]


def test_lines_for_people(standin, checked):
    standin.dassana.tokens.clear()
    result = checked(as_json=False)
    assert result.status == 1
    marks = dict(re.findall(r"^(\S) (\w+) ", result.text, re.M)[::-1])
    assert "✓ queue" in result.text
    assert "! redrive" in result.text
    assert "- object" in result.text
    assert re.search(r"^✗ dassana .*\[401\]\n +→ .*token", result.text, re.M)
    assert len(marks) == 4


@pytest.mark.parametrize("change, step, word", [
    ({"dassana_endpoint": "http://127.0.0.1:1/ingest"}, "dassana", "route|"
     "firewall"),
    ({"queue_url": "http://127.0.0.1:1/1/q", "endpoint_url_sqs":
      "http://127.0.0.1:1"}, "queue", "HTTPS_PROXY"),
    ({"endpoint_url_s3": "https://nowhere.invalid"}, "object", "resolver"),
    ({"endpoint_url_sts": "http://127.0.0.1:1"}, "identity", "HTTPS_PROXY"),
])
def test_what_cannot_be_reached(standin, checked, change, step, word):
    result = checked("--object", "s3://trail-logs/k", **change)
    assert result.status == 1
    assert step in result.failed()
    assert re.search(word, result.step(step)["advice"])


@pytest.mark.parametrize("operation, fault, step, words", [
    ("s3.GET", Fault(403, "AccessDenied", NO_DECRYPT), "object",
     ["kms:Decrypt on arn:aws:kms:us-east-1:111122223333:key/11aa-22bb"]),
    ("s3.GET", Fault(400, "KMS.DisabledException", "x is disabled."),
     "object", ["enable"]),
    ("s3.GET", Fault(400, "KMS.NotFoundException", "x"), "object",
     ["does not exist"]),
    ("s3.GET", Fault(400, "KMS.KMSInvalidStateException", "x is pending "
                     "deletion."), "object", ["pending deletion"]),
    ("s3.GET", Fault(403, "AccessDenied", "Access Denied"), "object",
     ["s3:GetObject on arn:aws:s3:::trail-logs/*"]),
    ("s3.GET", Fault(403, "InvalidObjectState", "x"), "object", []),
    ("s3.GET", Fault(404, "NoSuchKey", "x"), "object", ["the key", "life"]),
    ("s3.GET", Fault(404, "NoSuchBucket", "x"), "object", ["bucket's name"]),
    ("sqs.ReceiveMessage", Fault(400, "KmsAccessDenied", NO_DECRYPT),
     "receive", ["kms:Decrypt on arn:aws:kms"]),
    ("sqs.ReceiveMessage", Fault(400, "KmsDisabled", "x"), "receive",
     ["enable"]),
    ("sqs.ReceiveMessage", Fault(403, "AccessDeniedException", "no"),
     "receive", ["sqs:ReceiveMessage on arn:aws:sqs:us-east-1:"
                 "111122223333:trailpost"]),
    ("sqs.GetQueueAttributes", Fault(400, "QueueDoesNotExist", "no"),
     "queue", ["arn:aws:sqs:us-east-1:111122223333:trailpost", "account"]),
    ("sqs.GetQueueAttributes", Fault(403, "AccessDeniedException", "no"),
     "queue", ["grant sqs:GetQueueAttributes on arn:aws:sqs:us-east-1:"
               "111122223333:trailpost", "does not exist", "queue_url"]),
    ("sqs.GetQueueAttributes", Fault(403, "InvalidSignatureException", "no"),
     "queue", ["clock"]),
    ("s3.POST", Fault(403, "InvalidClientTokenId", "no"), "identity",
     ["credentials are wrong"]),
])
def test_refusals_name_what_to_do(standin, checked, operation, fault, step,
                                  words):
    standin.faults.clear()
    standin.faults.on(operation, fault)
    if operation != "s3.POST":
        standin.faults.on("s3.POST", Fault(status=200, body=IDENTITY))
    args = ["--object", "s3://trail-logs/k"] if step == "object" else [
        "--peek"]
    result = checked(*args)
    assert result.status == 1
    found = result.step(step)
    assert found["result"] == "failed"
    assert found["status"] == fault.status
    assert fault.code in found["code"] or step == "queue"
    assert found["request_id"]
    for word in words:
        assert word in found["advice"]


def test_what_a_backfill_takes(standin, checked):
    """Nothing is sent, and nothing read but the names of folders."""
    standin.s3.put("trail-logs", "p/AWSLogs/111122223333/CloudTrail/x", b"x")
    result = checked("--backfill=s3://trail-logs/p/")
    assert result.status == 0
    assert result.step("list") == {
        "step": "list", "result": "ok", "fact": "s3:ListBucket is allowed"}
    assert result.step("send")["fact"] == "sqs:SendMessage is allowed"
    assert standin.queue.empty()
    assert [e.key for e in standin.journal.all("s3.LIST")] == ["p/AWSLogs/"]
    result = checked("--backfill=s3://trail-logs")
    assert result.status == 0
    assert "before AWSLogs/" in result.step("list")["advice"]
    assert "list" not in checked().results()
    assert checked("--backfill=trail-logs").failed() == ["list"]


@pytest.mark.parametrize("operation, fault, step, words", [
    ("s3.LIST", Fault(403, "AccessDenied", "no"), "list",
     ["s3:ListBucket on arn:aws:s3:::trail-logs"]),
    ("sqs.SendMessageBatch", Fault(403, "AccessDeniedException", "no"),
     "send", ["sqs:SendMessage on arn:aws:sqs:us-east-1:111122223333:"
              "trailpost", "no Deny"]),
    ("sqs.SendMessageBatch", Fault(
        400, "KmsAccessDenied", NO_DECRYPT.replace(
            "kms:Decrypt", "kms:GenerateDataKey")), "send",
     ["grant kms:GenerateDataKey and kms:Decrypt on arn:aws:kms"]),
])
def test_what_a_backfill_lacks(standin, checked, operation, fault, step,
                               words):
    standin.s3.put("trail-logs", "AWSLogs/111122223333/CloudTrail/x", b"x")
    standin.faults.on(operation, fault)
    result = checked("--backfill=s3://trail-logs")
    assert result.status == 1 and result.failed() == [step]
    for word in words:
        assert word in result.step(step)["advice"]


def test_a_refusal_of_the_message_itself_is_none(standin, checked):
    """Whether AWS refuses the entry or the whole call."""
    standin.s3.put("trail-logs", "AWSLogs/111122223333/CloudTrail/x", b"x")
    standin.faults.on("sqs.SendMessageBatch", Fault(
        400, "InvalidMessageContents", "Invalid characters"))
    assert checked("--backfill=s3://trail-logs").step("send")[
        "result"] == "ok"


@pytest.mark.parametrize("given, result, words", [
    ({}, "ok", "hidden for 300 s (visibility_timeout; the queue's own 30 s "
     "does not count)"),
    ({"visibility_timeout": "60s"}, "ok", "60 s"),
    ({"visibility_timeout": "59s"}, "warning", "59 s"),
])
def test_for_how_long_messages_are_hidden(standin, checked, given, result,
                                          words):
    found = checked(**given)
    assert found.status == 0
    step = found.step("queue")
    assert step["result"] == result and words in step["fact"]
    assert ("visibility_timeout" in step.get("advice", "")) == (
        result == "warning")


@pytest.mark.parametrize("count, result", [(2, "warning"), (3, "ok")])
def test_few_receives(standin, checked, count, result):
    standin.queue.dead_letter = standin.sqs.create(standin.url, "dead")
    standin.queue.max_receives = count
    found = checked()
    assert found.status == 0
    assert found.step("redrive")["result"] == result
    assert "after %d receives" % count in found.step("redrive")["fact"]


@pytest.mark.parametrize("count, days, advice", [
    (5, 3.5, None), (5, 3.4, "(14 days)"), (26, 14, None),
    (27, 14, "maxReceiveCount to 26 or less"),
    (10 ** 18, 14, "maxReceiveCount to 26 or less")])
def test_messages_that_may_expire(standin, checked, count, days, advice):
    standin.queue.dead_letter = standin.sqs.create(standin.url, "dead")
    standin.queue.max_receives = count
    standin.queue.retention_s = int(days * 86400)
    found = checked()
    assert found.status == 0
    step = found.step("redrive")
    assert "kept for %g days" % days in step["fact"]
    assert step["result"] == ("warning" if advice else "ok")
    assert (advice or "") in step.get("advice", "")


# ---- an event ----


def test_one_event_is_sent(standin, checked):
    key, data, _ = make_file(5)
    standin.put(key, data)
    result = checked("--send-one", "--object", "s3://trail-logs/" + key)
    assert result.status == 0
    assert standin.dassana.event_count == 1
    assert "docCount" in result.step("send")["fact"]
    assert key in result.step("send")["fact"]
    assert standin.journal.all("sqs.receive") == []
    assert standin.queue.counts() == (1, 0)
    assert checked("--send-one", "--peek").results()["send"] == "ok"
    assert checked("--send-one").results()["send"] == "skipped"
    result = checked("--send-one", "--peek", gzip_level="0")
    assert result.results()["send"] == "ok"
    assert standin.dassana.event_count == 3


@pytest.mark.parametrize("answer, word, allowed", [
    (answers.told({"success": True}, take=True), "verify_doc_count = no",
     True),
    (answers.told({"errorMessage": "Task timed out"}), "the reply", False),
    (answers.refusal(), "the reply", False),
    (answers.redirect(), "dassana_endpoint", False)])
def test_the_answer_to_an_event(standin, checked, answer, word, allowed):
    key, data, _ = make_file(3)
    standin.put(key, data)
    standin.dassana.overrule = lambda _, events: answer if events else None
    args = ("--send-one", "--object", "s3://trail-logs/" + key)
    result = checked(*args)
    assert result.failed() == ["send"]
    assert word in result.step("send")["advice"]
    result = checked(*args, verify_doc_count="no")
    assert (result.status == 0) == allowed
    assert (result.failed() == []) == allowed


@pytest.mark.parametrize("data, word", [
    (b'{"Records":[]}', "it has none"), (b"{no", "byte"), (None, "key")])
def test_an_object_without_an_event(standin, checked, data, word):
    standin.s3.put(standin.BUCKET, "k" if data else "other", data or b"")
    result = checked("--send-one", "--object", "s3://trail-logs/k")
    assert "send" in result.failed()
    assert word in result.step("send")["fact"]
    assert standin.dassana.event_count == 0


@pytest.mark.parametrize("fault", [
    Fault(404, "NoSuchKey", "x"), Fault(403, "AccessDenied", "Access Denied")])
def test_an_object_whose_current_version_was_deleted(standin, checked, fault):
    """The daemon reads the version that the notification names."""
    key, data, _ = make_file(5)
    version = standin.put(key, data, announce=False).version
    standin.queue.send(shapes.s3_event("trail-logs", key, versionId=version))
    standin.faults.on("s3.GET", fault, times=1)
    result = checked("--peek")
    assert result.status == 0
    found = result.step("object")
    assert found["result"] == "warning"
    assert found["code"] == fault.code
    assert "version" in found["advice"]
    assert result.step("version")["result"] == "ok"
    # But a key that we may not use is one, whatever the version.
    standin.faults.on("s3.GET", Fault(403, "AccessDenied", NO_DECRYPT))
    assert "object" in checked("--peek").failed()


def test_the_host_of_a_bucket_elsewhere(standin, checked):
    standin.queue.send(shapes.s3_event("trail-logs", "k",
                                       region="eu-north-1"))
    env = {**standin.environ(), "HTTPS_PROXY": "http://127.0.0.1:1",
           "AWS_ENDPOINT_URL_SQS": standin.url,
           "AWS_ENDPOINT_URL_STS": standin.url}
    del env["AWS_ENDPOINT_URL"]
    result = checked("--peek", env=env)
    assert "https://trail-logs.s3.eu-north-1.amazonaws.com" in \
        result.step("object")["advice"]


@pytest.mark.parametrize("code, word", [
    (401, "token"), (403, "token"), (404, "dassana_endpoint"),
    (302, "dassana_endpoint"), (503, None)])
def test_dassana_that_does_not_want_us(standin, checked, code, word):
    standin.faults.on("dassana.POST", Fault(code))
    result = checked()
    found = result.step("dassana")
    assert (found["result"], found["status"]) == ("failed", code)
    assert word is None or word in found["advice"]


def test_the_query_of_the_endpoint_is_not_told(standin, checked):
    """It may hold a secret."""
    endpoint = standin.options()["dassana_endpoint"] + "?key=hush"
    for tokens in (set(standin.dassana.tokens), set()):
        standin.dassana.tokens.intersection_update(tokens)
        result = checked(dassana_endpoint=endpoint)
        assert result.step("dassana")["fact"].startswith(
            endpoint.partition("?")[0])
        assert "hush" not in result.text
        assert result.status == (0 if tokens else 1)


def test_an_object_that_is_no_url(checked):
    for text in ("trail-logs/k", "s3://trail-logs", "s3://trail-logs/",
                 "s3:///k", "s3://arn:aws:s3:us-east-1:1:accesspoint/x"):
        result = checked("--object", text)
        assert result.failed() == ["object"]


def test_mistakes_of_the_configuration(check, standin):
    result = check({"queue_url": "nonsense", "dassana_token": "t",
                    "batch_max_bytes": "1"}, {})
    assert result.status == 1
    assert len(result.failed()) >= 2
    assert set(result.failed()) == {"configuration"}


def test_credentials_that_are_broken(standin, check):
    env = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_ENDPOINT_URL":
           standin.url}
    result = check(standin.options(), env)
    found = result.step("credentials")
    assert found["result"] == "failed"
    assert "AWS_SECRET_ACCESS_KEY" in found["fact"]
    assert result.step("queue")["result"] == "skipped"
    standin.dassana.problems.clear()


def test_wrong_arguments(binary, tmp_path):
    done = subprocess.run([binary, "check", "--pek"], capture_output=True,
                          text=True, cwd=tmp_path, timeout=10, check=False)
    assert done.returncode == 2
    assert '"--pek"' in done.stderr


class Cloud:
    """A versioned bucket with an object, a queue with a message about it, and
    a user whose policy is the guide's."""

    def __init__(self, moto):
        moto.reset()
        self.moto = moto
        root = {"endpoint_url": moto.url, "region_name": REGION,
                "aws_access_key_id": "root", "aws_secret_access_key": "root"}
        self.iam = boto3.client("iam", **root)
        s3, sqs = boto3.client("s3", **root), boto3.client("sqs", **root)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(
            Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        self.queue_url = sqs.create_queue(QueueName="trail", Attributes={
            "RedrivePolicy": json.dumps({
                "deadLetterTargetArn": sqs.get_queue_attributes(
                    QueueUrl=dead, AttributeNames=["QueueArn"])[
                        "Attributes"]["QueueArn"],
                "maxReceiveCount": 5})})["QueueUrl"]
        sqs.send_message(QueueUrl=self.queue_url,
                         MessageBody=shapes.s3_event(BUCKET, "k"))
        self.iam.create_user(UserName="trailpost")
        key = self.iam.create_access_key(UserName="trailpost")["AccessKey"]
        self.env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                    "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                    "AWS_ENDPOINT_URL": moto.url}

    def allow(self, policy):
        self.iam.put_user_policy(UserName="trailpost", PolicyName="p",
                                 PolicyDocument=json.dumps(policy))
        self.moto.verify()


def guide_block(name):
    path = pathlib.Path(ROOT) / "docs" / "credentials.md"
    block, = re.findall(r"<!-- %s -->\n```json\n(.*?)```" % name,
                        path.read_text(encoding="utf-8"), re.S)
    return block


def guide_policy():
    """The minimal policy, as the guide has it, for moto's queue and bucket.
    moto wants the actions of batches by name, AWS does not know them."""
    return json.loads(
        guide_block("policy").replace("111122223333", "123456789012")
        .replace("eu-west-1", REGION).replace("trail-queue", "trail")
        .replace("trail-bucket", BUCKET))


def without(policy, action):
    """The policy without one action, in moto's words."""
    made = []
    for statement in policy["Statement"]:
        actions = [a for a in statement["Action"] if a != action]
        actions += [a + "Batch" for a in actions if a in (
            "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")]
        if actions:
            made.append({**statement, "Action": actions})
    return {**policy, "Statement": made}


ACTIONS = {
    None: [], "sqs:GetQueueAttributes": ["queue"],
    "sqs:ReceiveMessage": ["receive"], "sqs:DeleteMessage": ["delete"],
    "sqs:ChangeMessageVisibility": ["visibility"],
    "s3:GetObject": ["object"], "s3:GetObjectVersion": ["version"],
}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a or "nothing")
def test_a_missing_action_is_named(moto, standin, check, action):
    """The guide's policy is enough; each of its actions is needed."""
    cloud = Cloud(moto)
    policy = guide_policy()
    listed = {a for s in policy["Statement"] for a in s["Action"]}
    assert listed - {"kms:Decrypt"} == set(ACTIONS) - {None}
    cloud.allow(without(policy, action))
    args = ["--object", "s3://%s/k" % BUCKET]
    if action == "sqs:ReceiveMessage" or action is None:
        args = ["--peek"]
    result = check({**standin.options(), "queue_url": cloud.queue_url},
                   cloud.env, *args)
    standin.dassana.problems.clear()
    assert result.failed() == ACTIONS[action]
    if action is None:
        assert result.step("redrive")["result"] == "ok"
        return
    found = result.step(ACTIONS[action][0])
    resource = "arn:aws:s3:::%s/*" % BUCKET if action.startswith("s3:") \
        else "arn:aws:sqs:us-east-1:123456789012:trail"
    assert "grant %s on %s" % (action, resource) in found["advice"]
    assert ("this action alone is missing" in found["advice"]) == \
        (action == "s3:GetObjectVersion")


ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.mark.parametrize("way", ["configuration", "profile"])
@pytest.mark.parametrize("allowed", [True, False])
def test_assuming_a_role(moto, standin, check, tmp_path, allowed, way):
    cloud = Cloud(moto)
    policy = without(guide_policy(), None)
    trust = guide_block("profile trust").replace(
        "arn:aws:iam::111122223333:user/trailpost-base",
        "arn:aws:iam::123456789012:user/trailpost")
    cloud.iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)
    cloud.iam.put_role_policy(RoleName="reader", PolicyName="p",
                              PolicyDocument=json.dumps(policy))
    if way == "profile":
        assuming = guide_block("profile policy").replace(
            "arn:aws:iam::111122223333:role/trailpost", ROLE)
    else:
        assuming = guide_block("assume policy").replace(
            "arn:aws:iam::444455556666:role/trailpost-reader", ROLE)
    assert ROLE in assuming
    cloud.allow(json.loads(assuming if allowed else assuming.replace(
        "sts:AssumeRole", "sts:TagSession")))
    options = {**standin.options(), "queue_url": cloud.queue_url}
    env = cloud.env
    if way == "profile":
        write_profile(
            tmp_path, "[default]\nrole_arn = %s\nsource_profile = keys\n"
            "external_id = an-agreed-word\n[profile keys]\naws_access_key_id = %s\n"
            "aws_secret_access_key = %s\n" % (
                ROLE, env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]))
        env = {"AWS_ENDPOINT_URL": moto.url}
    else:
        options["assume_role_arn"] = ROLE
    result = check(options, env, "--peek")
    standin.dassana.problems.clear()
    assert result.errors == ""
    if allowed:
        assert result.failed() == []
        assert "assumed-role/reader" in result.step("identity")["fact"]
        return
    assert result.failed() == ["credentials"]
    found = result.step("credentials")
    assert "grant sts:AssumeRole on " + ROLE in found["advice"]
    assert found["status"] == 403
    assert ROLE in found["fact"]


REFUSAL = """<ErrorResponse><Error><Code>%s</Code><Message>no</Message>\
</Error><RequestId>REQ-7</RequestId></ErrorResponse>"""
OTHER_ROLE = "arn:aws:iam::123456789012:role/of-the-profile"


@pytest.mark.parametrize("code, way, words", [
    ("AccessDenied", "profile", ["sts:AssumeRole on " + OTHER_ROLE]),
    ("ExpiredToken", "profile", ["wrong, expired or"]),
    ("InvalidClientTokenId", "profile", ["wrong, expired or"]),
    ("AccessDenied", "token", ["sts:AssumeRoleWithWebIdentity", OTHER_ROLE]),
    ("ExpiredTokenException", "token", ["still renewed"]),
    ("InvalidIdentityToken", "token", ["identity provider"]),
])
def test_refusals_of_sts(standin, check, serve, tmp_path, code, way, words):
    """The role of the step that failed is named, and what AWS said of it, for
    machines too, though another role is to be assumed with it."""
    server = serve(lambda *_: (403, REFUSAL % code))
    (tmp_path / "token").write_text("hush")
    write_profile(tmp_path, "[default]\nrole_arn = %s\n%s\n[profile k]\n"
                  "aws_access_key_id = A\naws_secret_access_key = hush\n" % (
                      OTHER_ROLE, "source_profile = k" if way == "profile"
                      else "web_identity_token_file = %s/token" % tmp_path))
    result = check({**standin.options(), "assume_role_arn": ROLE}, {
        "AWS_ENDPOINT_URL": standin.url, "AWS_ENDPOINT_URL_STS": server.url})
    standin.dassana.problems.clear()
    found = result.step("credentials")
    assert result.failed() == ["credentials"]
    assert (found["code"], found["status"], found["request_id"]) == (
        code, 403, "REQ-7")
    for word in words:
        assert word in found["advice"]
    assert ROLE not in found["advice"]
    assert result.errors == "" and "hush" not in result.text


def test_sts_that_cannot_be_reached(standin, check):
    result = check({**standin.options(), "assume_role_arn": ROLE}, {
        "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "hush",
        "AWS_ENDPOINT_URL": standin.url,
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"})
    standin.dassana.problems.clear()
    found = result.step("credentials")
    assert "no answer" in found["fact"]
    assert "HTTPS_PROXY and NO_PROXY, for http://127.0.0.1:1" in \
        found["advice"]
    assert result.errors == ""


@pytest.mark.parametrize("status", [201, 302, 400, 403, 500])
def test_a_container_that_refuses(standin, check, serve, status):
    """Whatever its status: no role is to blame, and nothing of a body is told
    but what it calls the error."""
    server = serve(lambda *_: (status, json.dumps({
        "AccessKeyId": "A", "SecretAccessKey": "hush", "Token": "hush",
        "code": "Nothing", "message": "to see"})))
    result = check({**standin.options(), "assume_role_arn": ROLE}, {
        "AWS_ENDPOINT_URL": standin.url,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url})
    standin.dassana.problems.clear()
    found = result.step("credentials")
    assert "container: HTTP status %d" % status in found["fact"]
    assert found["status"] == status
    assert ("Nothing: to see" in found["fact"]) == (status >= 400)
    assert found.get("code") == ("Nothing" if status >= 400 else None)
    assert "sts:" not in found.get("advice", "")
    assert result.errors == "" and "hush" not in result.text


@pytest.mark.skipif(os.geteuid() != 0, reason="there is no other user to be")
def test_a_token_that_may_not_be_read(standin, check, tmp_path):
    token = tmp_path / "token"
    token.write_text("hush")
    token.chmod(0)
    tmp_path.chmod(0o711)
    result = check(standin.options(), {
        "AWS_ENDPOINT_URL": standin.url, "AWS_ROLE_ARN": ROLE,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token)}, user=65534)
    standin.dassana.problems.clear()
    found = result.step("credentials")
    assert "token: Permission denied" in found["fact"]
    assert "user that trailpost runs as" in found["advice"]


def test_peek_and_an_object(standin, checked):
    key, data, _ = make_file(5)
    standin.put(key, data, announce=False)
    standin.queue.send(shapes.test_event("trail-logs"))
    result = checked("--peek", "--object=s3://trail-logs/" + key)
    assert result.status == 0
    assert result.step("receive")["result"] == "ok"
    assert key in result.step("object")["fact"]
