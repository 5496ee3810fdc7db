"""Who gives credentials: servers of a test, and sets that live for seconds."""

import contextlib
import http.server
import json
import math
import threading
import time

import pytest

LIFE_S = 3
ON_THE_WAY_S = 2  # a request may take, that was signed in time
# STS tells who one is.
IDENTITY = b"""<GetCallerIdentityResponse \
xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>\
<Arn>arn:aws:sts::111122223333:assumed-role/trailpost/x</Arn>\
<UserId>AROAEXAMPLE:x</UserId><Account>111122223333</Account>\
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class Server:
    """An HTTP server of a test: answer(method, path, headers) gives status and
    body. All requests are kept, and when they came; what a POST held is among
    its headers as ":body"."""

    def __init__(self, answer):
        self.requests = []
        self.times = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self, body=""):
                headers = {k.lower(): v for k, v in self.headers.items()}
                headers[":body"] = body
                outer.times.append(time.monotonic())
                outer.requests.append((self.command, self.path, headers))
                status, body = answer(self.command, self.path, headers)
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):  # who has given up
                    self.wfile.write(data)

            def do_POST(self):
                self.serve(self.rfile.read(
                    int(self.headers["Content-Length"])).decode())

            do_GET = do_PUT = serve

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve():
    made = []

    def start(answer):
        made.append(Server(answer))
        return made[-1]

    yield start
    for server in made:
        server.close()


class Tokens:
    """The session tokens that have expired, as the stand-in asks for them."""

    def __init__(self):
        self.ends = {}

    def __contains__(self, token):
        return time.time() >= self.ends.get(token, math.inf) + ON_THE_WAY_S

    def revoke_all(self):
        """Those given so far are refused from now on."""
        self.ends = dict.fromkeys(self.ends, 0)


class Issuer:
    """Gives credentials that live for seconds and that the stand-in knows."""

    def __init__(self, standin, secrets, life_s=LIFE_S, tail=""):
        self.standin = standin
        self.tail = tail  # of each secret
        self.secrets = secrets
        self.life_s = life_s
        self.tokens = standin.verifier.expired_tokens = Tokens()
        self.n = 0
        standin.verifier.keys.clear()

    def document(self, token_name="Token", **more):
        self.n += 1
        key, secret, token = ("%s%d" % (x, self.n)
                              for x in ("ASIA", "geheim", "session/+="))
        secret += self.tail
        end = math.ceil(time.time() + self.life_s)
        self.standin.verifier.keys[key] = (secret, token)
        self.tokens.ends[token] = end
        self.secrets.texts += [secret, token]
        return json.dumps({
            "AccessKeyId": key, "SecretAccessKey": secret, token_name: token,
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                        time.gmtime(end)), **more})


    def xml(self, action):
        """The same as STS has it."""
        document = json.loads(self.document("SessionToken"))
        return "<%sResponse><%sResult><Credentials>%s</Credentials>" \
            "</%sResult></%sResponse>" % (action, action, "".join(
                "<%s>%s</%s>" % (name, text, name)
                for name, text in document.items()), action, action)


def environ(standin, **more):
    """No credentials; those that more leads to are to be found. A metadata
    service of ours may be held up for longer than a real one."""
    return {"AWS_ENDPOINT_URL": standin.url,
            "AWS_METADATA_SERVICE_TIMEOUT": "20", **more}


def write_profile(tmp_path, config, credentials=""):
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(credentials)
