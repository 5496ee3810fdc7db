"""Where secrets must not be left: in memory that was freed, and in a core."""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
from urllib.parse import quote

import pytest
from admin import LISTEN, Admin
from issuer import Issuer, environ, write_profile
from jobs import await_all, put_files
from process import bare_environ, sanitized
from standin.answers import refusal

NOBODY = 65534
unsanitized = pytest.mark.skipif(
    sanitized(), reason="a sanitizer keeps freed memory, and is a debugger")


def memory(pid):
    """All that the process can write to, as one."""
    with open("/proc/%d/maps" % pid, encoding="ascii") as maps:
        ranges = re.findall(r"^(\w+)-(\w+) rw", maps.read(), re.M)
    with open("/proc/%d/mem" % pid, "rb", 0) as file:
        parts = []
        for first, end in ranges:
            file.seek(int(first, 16))
            parts.append(file.read(int(end, 16) - int(first, 16)))
    return b"\0".join(parts)


@unsanitized
def test_an_old_secret_is_nowhere_in_memory(standin, daemon, secrets,
                                            tmp_path):
    """That of a set which has been replaced. (The session token is another
    matter: it is sent, and libcurl does not wipe what it has sent.)"""
    if os.getuid() != 0:
        pytest.skip("only root may look into a process that is not dumpable")
    # Whatever comes to lie where it was overwrites no more than its front.
    tail = "/hush" * 60
    issuer = Issuer(standin, secrets, 3600, tail)
    document = tmp_path / "document"
    document.write_text(issuer.document("SessionToken", Version=1))
    write_profile(tmp_path, "[default]\ncredential_process = cat %s\n"
                  % document)
    running = daemon(env=environ(standin))
    wanted = put_files(standin, 3)
    await_all(standin, running, wanted)
    assert tail.encode() in memory(running.process.pid)
    document.write_text(issuer.document("SessionToken", Version=1))
    issuer.tokens.ends["session/+=1"] = 0
    wanted += put_files(standin, 3, seed=2)
    await_all(standin, running, wanted, 60)
    found = memory(running.process.pid)
    assert found.count(b"geheim2" + tail.encode()) == 1
    # Nor any half of one.
    assert found.count(b"/hush" * 20) == 3


def test_a_child_does_not_get_our_secrets(standin, daemon, secrets, tmp_path):
    """A credential_process is somebody else's program."""
    issuer = Issuer(standin, secrets, 3600)
    (tmp_path / "document").write_text(
        issuer.document("SessionToken", Version=1))
    write_profile(tmp_path, "[default]\ncredential_process = sh -c "
                  "'env >%s/environ; cat %s/document'\n"
                  % (tmp_path, tmp_path))
    ours = {"DASSANA_TOKEN": standin.token,
            "TRAILPOST_ASSUME_ROLE_EXTERNAL_ID": "hush",
            "CREDENTIALS_DIRECTORY": "/hush",
            "NOTIFY_SOCKET": "@hush", "WATCHDOG_USEC": "123456789",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "hush"}
    running = daemon(env={**environ(standin), **ours, "AWS_X": "told"},
                     dassana_token=None)
    await_all(standin, running, put_files(standin, 3))
    given = (tmp_path / "environ").read_text()
    assert "AWS_X=told" in given and "HOME=" in given
    assert standin.token not in given and "hush" not in given
    for name in ours:
        assert name not in given


FORMS = {
    "as it is": lambda s: s,
    "percent-encoded": lambda s: quote(s, safe=""),
    "in JSON": lambda s: json.dumps(s).strip('"').replace("/", "\\/"),
    "in base64": lambda s: base64.b64encode(("u:" + s).encode()).decode(),
    "cut off": lambda s: s[:17],
}


@pytest.mark.parametrize("form", FORMS)
def test_a_peer_that_sends_back_what_it_got(standin, daemon, secrets, form):
    """Dassana, S3 and SQS quote the token and the session token in what they
    say of a failure: neither the log at any level nor the status has them."""
    encode = FORMS[form]
    token = "dassana/token+of/the/test=0123456789"
    session = "session/token+of/the/test=9876543210"
    key, secret = "ASIAECHO", "secret/of+the/test/abcdefghijkl"
    standin.verifier.keys[key] = (secret, session)
    standin.dassana.tokens.add(token)
    echo = " ".join(encode(s) for s in (token, session, secret))
    secrets.texts += [encode(s)[:16] for s in (token, session, secret)] \
        if form != "in base64" else [encode(s)[8:] for s in (
            token, session, secret)]
    standin.dassana.overrule = lambda *_: refusal(
        503, "you sent " + echo)
    put_files(standin, 2)
    running = daemon(
        admin_listen=LISTEN, dassana_token=token,
        env={**environ(standin), "AWS_ACCESS_KEY_ID": key,
             "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": session})
    line = running.wait_line("dassana.retry")
    # Of what repeats the token whole nothing is shown at all.
    assert "[hidden]" in line["line"] or "withheld" in line["line"]
    admin = Admin(running)
    for path in ("/status", "/"):
        text = admin.ask(path).text
        assert [hidden for hidden in secrets.texts if hidden in text] == []
    standin.dassana.overrule = None


@unsanitized
def test_no_core_and_no_debugger(standin, binary):
    """Where others run under the same user."""
    root = os.getuid() == 0
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = shutil.copy(binary, folder)
        os.chmod(copy, 0o755)
        command = [copy, "-v"]
        for pair in standin.options().items():
            command += ["-o", "%s=%s" % pair]
        with subprocess.Popen(
                command, env={**bare_environ(folder), **standin.environ()},
                cwd=folder, stderr=subprocess.PIPE, text=True,
                **({"user": NOBODY, "group": NOBODY} if root else {})) as made:
            try:
                for line in made.stderr:
                    if "event=start" in line:
                        break
                with open("/proc/%d/limits" % made.pid,
                          encoding="ascii") as limits:
                    assert re.search(r"^Max core file size +0 +0 ",
                                     limits.read(), re.M)
                # So it looks to whoever may not be looked at.
                assert os.stat("/proc/%d/mem" % made.pid).st_uid == 0
            finally:
                standin.queue.end_polls()
                made.terminate()
                made.stderr.read()
