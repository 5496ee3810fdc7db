"""SQS: the operations on queues, AWS JSON 1.0 protocol.

(SQS Developer Guide, "Making requests (JSON)"; SQS API Reference.)
"""

import hashlib
import json
import re

from .queue import VISIBILITY_MAX_S, Queue, Refused
from .wire import Response

ACCOUNT = "111122223333"
TYPE = ("Content-Type", "application/x-amz-json-1.0")
SEND_MAX = 256 * 1024
# What a message may hold is XML's characters. (SQS API Reference,
# "SendMessage".)
BAD_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd"
                           "\U00010000-\U0010ffff]")
ID = re.compile(r"[A-Za-z0-9_-]{1,80}")

# Our name of a refusal → (type, legacy code, HTTP status).
CORAL = "com.amazon.coral.service#"
MODEL = "com.amazonaws.sqs#"
SIMPLE = "AWS.SimpleQueueService."
DENIALS = {
    "Missing": (CORAL + "MissingAuthenticationTokenException",
                "MissingAuthenticationToken", 403),
    "Malformed": (CORAL + "IncompleteSignatureException",
                  "IncompleteSignature", 400),
    "KeyId": (CORAL + "UnrecognizedClientException",
              "InvalidClientTokenId", 403),
    "Token": (CORAL + "UnrecognizedClientException",
              "InvalidClientTokenId", 403),
    "Expired": (CORAL + "ExpiredTokenException", "ExpiredToken", 403),
}
SIGNATURE = (CORAL + "InvalidSignatureException", "SignatureDoesNotMatch", 403)
ERRORS = {
    "QueueDoesNotExist": (SIMPLE + "NonExistentQueue", 400),
    "ReceiptHandleIsInvalid": ("ReceiptHandleIsInvalid", 404),
    "MessageNotInflight": (SIMPLE + "MessageNotInflight", 400),
    "TooManyEntriesInBatchRequest": (
        SIMPLE + "TooManyEntriesInBatchRequest", 400),
    "EmptyBatchRequest": (SIMPLE + "EmptyBatchRequest", 400),
    "BatchEntryIdsNotDistinct": (SIMPLE + "BatchEntryIdsNotDistinct", 400),
    "BatchRequestTooLong": (SIMPLE + "BatchRequestTooLong", 400),
    "InvalidBatchEntryId": (SIMPLE + "InvalidBatchEntryId", 400),
}
CORAL_ERRORS = {
    "InvalidParameterValueException": ("InvalidParameterValue", 400),
    "MissingRequiredParameterException": ("MissingParameter", 400),
    "SerializationException": ("MalformedInput", 400),
    "UnknownOperationException": ("InvalidAction", 400),
}


def _number(body, name, default, low, high):
    value = body.get(name, default)
    if not isinstance(value, int) or not low <= value <= high:
        raise Refused(
            "InvalidParameterValueException", "Value %s for parameter %s is "
            "invalid. Reason: Must be between %d and %d, if provided."
            % (value, name, low, high))
    return value


def _required(body, name):
    if not isinstance(body.get(name), str):
        raise Refused("MissingRequiredParameterException",
                      "The request must contain the parameter %s." % name)
    return body[name]


def _entries(body):
    entries = body.get("Entries")
    if not entries:
        raise Refused("EmptyBatchRequest", "There should be at least one "
                      "entry in the request.")
    if len(entries) > 10:
        raise Refused("TooManyEntriesInBatchRequest", "Maximum number of "
                      "entries per request are 10. You have sent %d."
                      % len(entries))
    ids = [e.get("Id") for e in entries]
    if not all(isinstance(i, str) and ID.fullmatch(i) for i in ids):
        raise Refused("InvalidBatchEntryId", "A batch entry id can only "
                      "contain alphanumeric characters, hyphens and "
                      "underscores. It can be at most 80 letters long.")
    if len(set(ids)) < len(ids):
        raise Refused("BatchEntryIdsNotDistinct", "Two or more batch entries "
                      "in the request have the same Id.")
    return entries


class Service:
    def __init__(self, journal, verifier, clock=None):
        self.journal = journal
        self.clock = clock
        self.verifier = verifier
        self.queues = {}  # by URL
        self.verify = True
        self.fail_entry = None  # a function of (operation, entry) that may
        #                         return the code with which an entry fails

    def create(self, base, name, **options):
        url = "%s/%s/%s" % (base, ACCOUNT, name)
        self.queues[url] = Queue(name, url, self.journal, clock=self.clock,
                                 **options)
        return self.queues[url]

    def close(self):
        for queue in self.queues.values():
            queue.close()

    @staticmethod
    def operation(request):
        return "sqs." + request.header("x-amz-target").rpartition(".")[2]

    @staticmethod
    def error(request, status, code, message):
        """An error in SQS's form; for faults, which give a modelled code."""
        if "#" not in code:
            code = (CORAL if code in CORAL_ERRORS else MODEL) + code
        bare = code.rpartition("#")[2]
        legacy = ERRORS.get(bare) or CORAL_ERRORS.get(bare) or (bare,)
        return Service._reply(request, status, code, legacy[0], message)

    @staticmethod
    def _reply(request, status, code, legacy, message):
        fault = "Sender" if status < 500 else "Receiver"
        body = json.dumps({"__type": code, "message": message}).encode()
        return Response(status, body, [
            TYPE, ("x-amzn-RequestId", request.id),
            ("x-amzn-query-error", "%s;%s" % (legacy, fault))])

    def denied(self, request, denial):
        code, legacy, status = DENIALS.get(denial.code, SIGNATURE)
        message = denial.message
        if denial.code == "Skew":
            word = "expired: %s is now earlier than %s" if denial.extra[
                "late"] else "not yet current: %s is still later than %s"
            message = "Signature " + word % (
                denial.extra["RequestTime"], denial.extra["ServerTime"])
        return self._reply(request, status, code, legacy, message)

    def handle(self, request):
        name = self.operation(request)[4:]
        try:
            method = getattr(self, "_op_" + name, None)
            if method is None:
                raise Refused("UnknownOperationException", name)
            try:
                body = json.loads(request.body)
            except ValueError:
                raise Refused("SerializationException", "not JSON")
            queue = self._source(body) if name == "StartMessageMoveTask" \
                else self.queues.get(_required(body, "QueueUrl"))
            if queue is None:
                raise Refused("QueueDoesNotExist",
                              "The specified queue does not exist.")
            result = method(queue, body, request)
        except Refused as refused:
            table = {**ERRORS, **CORAL_ERRORS}
            self.journal.add("sqs.refused", name=name, code=refused.code)
            return self.error(request, table[refused.code][1], refused.code,
                              refused.message)
        text = b"" if result is None else json.dumps(result).encode()
        return Response(200, text, [TYPE, ("x-amzn-RequestId", request.id)])

    def _op_ReceiveMessage(self, queue, body, request):
        limit = _number(body, "MaxNumberOfMessages", 1, 1, 10)
        wait_s = _number(body, "WaitTimeSeconds", 0, 0, 20)
        seconds = _number(body, "VisibilityTimeout", queue.visibility_s, 0,
                          VISIBILITY_MAX_S)
        wanted = set(body.get("MessageSystemAttributeNames", ()))
        wanted |= set(body.get("AttributeNames", ()))
        self.journal.add("sqs.poll", queue=queue.name, limit=limit,
                         wait_s=wait_s, visibility_s=seconds)
        taken = queue.receive(limit, wait_s, seconds, request.gone)
        self.journal.add("sqs.receive", queue=queue.name, limit=limit,
                         began=request.t, wait_s=wait_s,
                         visibility_s=seconds, given=len(taken),
                         ids=[m.id for m, _, _ in taken])
        if not taken:
            return {}
        messages = []
        for message, handle, _ in taken:
            item = {
                "MessageId": message.id, "ReceiptHandle": handle,
                "Body": message.body,
                "MD5OfBody": hashlib.md5(message.body.encode()).hexdigest()}
            attributes = message.attributes(wanted)
            if attributes:
                item["Attributes"] = attributes
            if message.given and "All" in body.get(
                    "MessageAttributeNames", ()):
                item["MessageAttributes"] = message.given
            messages.append(item)
        return {"Messages": messages}

    @staticmethod
    def _op_DeleteMessage(queue, body, _request):
        queue.delete(_required(body, "ReceiptHandle"))

    @staticmethod
    def _op_ChangeMessageVisibility(queue, body, _request):
        queue.change_visibility(
            _required(body, "ReceiptHandle"),
            _number(body, "VisibilityTimeout", None, 0, VISIBILITY_MAX_S))

    def _batch(self, name, body, action):
        reply = {"Successful": [], "Failed": []}
        for entry in _entries(body):
            try:
                code = self.fail_entry and self.fail_entry(name, entry)
                if code:
                    raise Refused(code, "because the test says so")
                action(entry)
                reply["Successful"].append({"Id": entry["Id"]})
            except Refused as refused:
                code = refused.code
                if code == "InvalidParameterValueException":
                    code = "InvalidParameterValue"
                reply["Failed"].append({
                    "Id": entry["Id"], "SenderFault": True,
                    "Code": code, "Message": refused.message})
        return {k: v for k, v in reply.items() if v}

    def _op_DeleteMessageBatch(self, queue, body, _request):
        return self._batch("delete", body, lambda e: queue.delete(
            _required(e, "ReceiptHandle")))

    def _op_ChangeMessageVisibilityBatch(self, queue, body, _request):
        return self._batch("change", body, lambda e: queue.change_visibility(
            _required(e, "ReceiptHandle"),
            _number(e, "VisibilityTimeout", None, 0, VISIBILITY_MAX_S)))

    def _source(self, body):
        name = _required(body, "SourceArn").rpartition(":")[2]
        return next((q for q in self.queues.values() if q.name == name), None)

    def _op_StartMessageMoveTask(self, queue, body, _request):
        """At once, where AWS takes its time."""
        for target in self.queues.values():
            if target.dead_letter is queue:
                for message in queue.give_away():
                    message.receives = 0
                    target.adopt(message)
        return {"TaskHandle": "task"}

    def _op_SendMessageBatch(self, queue, body, _request):
        entries = _entries(body)
        if sum(len(_required(e, "MessageBody").encode())
               for e in entries) > SEND_MAX:
            raise Refused("BatchRequestTooLong", "Batch requests cannot be "
                          "longer than %d bytes." % SEND_MAX)

        def send(entry):
            text = entry["MessageBody"]
            if not text:
                raise Refused("MissingParameter", "The request must contain "
                              "the parameter MessageBody.")
            _number(entry, "DelaySeconds", 0, 0, 900)
            if BAD_CHARACTER.search(text):
                raise Refused("InvalidMessageContents", "Invalid characters "
                              "were found in the message.")

            def known(message):
                message.given = entry.get("MessageAttributes", {})
                self.journal.add("sqs.sent", queue=queue.name, id=message.id,
                                 body=text)

            queue.send(text, known)

        return self._batch("send", body, send)

    @staticmethod
    def _op_GetQueueAttributes(queue, body, _request):
        visible, in_flight = queue.counts()
        known = {
            "QueueArn": "arn:aws:sqs:us-east-1:%s:%s" % (ACCOUNT, queue.name),
            "VisibilityTimeout": str(queue.visibility_s),
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(in_flight),
            "ApproximateNumberOfMessagesDelayed": "0",
            "CreatedTimestamp": str(int(queue.created)),
            "MessageRetentionPeriod": str(queue.retention_s),
        }
        if queue.max_receives:
            known["RedrivePolicy"] = json.dumps({
                "deadLetterTargetArn": "arn:aws:sqs:us-east-1:%s:%s" % (
                    ACCOUNT, queue.dead_letter.name),
                "maxReceiveCount": queue.max_receives})
        wanted = body.get("AttributeNames", ())
        return {"Attributes": {k: v for k, v in known.items()
                               if k in wanted or "All" in wanted}}

    @staticmethod
    def _op_SendMessage(queue, body, _request):
        text = _required(body, "MessageBody")
        message = queue.send(text)
        return {"MessageId": message.id,
                "MD5OfMessageBody": hashlib.md5(text.encode()).hexdigest()}
