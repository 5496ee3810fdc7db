"""The command line: options, help, mistakes, and completion in real shells."""

import os
import re
import shutil
import subprocess

import pytest
from process import bare_environ

QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/trail"
COMPLETION = os.path.join(os.path.dirname(__file__), "../../etc/completion")


@pytest.fixture
def said(binary, tmp_path):
    """said(*args): status, stdout, stderr."""
    def run(*args, **env):
        done = subprocess.run(
            [binary, *args], env={**bare_environ(tmp_path), **env},
            cwd=tmp_path, capture_output=True, text=True, timeout=20,
            check=False)
        return done.returncode, done.stdout, done.stderr
    return run


def mistakes(stderr):
    return re.findall("event=config.mistake.*", stderr)


def test_options_may_stand_after_the_command(said, tmp_path):
    path = tmp_path / "set.conf"
    path.write_text("nonsense = 1\n")
    for args in (("check", "-c", str(path)), ("-c", str(path), "check"),
                 ("-c", str(path), "check", "--json"),
                 ("health", "-c", str(path)), ("-v", "-c", str(path))):
        status, out, err = said(*args)
        assert status in (1, 2) and "set.conf:1" in out + err, args
    status, _, err = said("health", "-o", "admin_listen=no", "--live")
    assert status == 2 and "-o admin_listen" in err


def test_help_is_one_screen(said):
    for args in (("--help",), ("help",), ("-h",)):
        status, out, err = said(*args)
        assert (status, err) == (0, "")
        lines = out.split("\n")
        assert len(lines) <= 24 and max(map(len, lines)) <= 80
        for word in ("check", "health", "cat", "-c FILE", "--peek"):
            assert word in out


def test_help_on_one_thing(said):
    for args in (("--help=settings",), ("help", "settings")):
        assert "  queue_url\n" in said(*args)[1]
    for args in (("help", "check"), ("check", "--help")):
        _, out, _ = said(*args)
        assert "--peek" in out and "--ready" not in out
    assert "--ready" in said("help", "health")[1]
    status, _, err = said("help", "nonsense")
    assert status == 2 and "check" in err


def test_without_settings_it_says_what_to_do(said):
    for args in ((), ("-o",)):
        status, out, err = said(*args[:0])
        assert status == 2 and out == ""
    told = mistakes(err)
    assert len(told) == 2 and len(err.strip().split("\n")) == 2
    assert "queue_url and the token" in told[0]
    assert "/etc/trailpost/trailpost.conf" in told[0]
    assert "TRAILPOST_" in told[0] and "trailpost help" in told[1]


def test_with_some_settings_each_that_lacks_is_named(said):
    told = mistakes(said("-o", "queue_url=" + QUEUE)[2])
    assert len(told) == 1 and "the token is missing" in told[0]
    told = mistakes(said(DASSANA_TOKEN="t")[2])
    assert len(told) == 1 and "queue_url is missing" in told[0]


def test_a_file_that_is_missing_is_one_mistake(said):
    status, _, err = said("-c", "/nonexistent/file")
    told = mistakes(err)
    assert status == 2 and len(told) == 1 and "/nonexistent/file" in told[0]


@pytest.mark.parametrize("args, text", [
    (("chekc",), 'unknown command "chekc"; did you mean check?'),
    (("--prnt-config",), "did you mean --print-config?"),
    (("check", "--often"), 'unknown option "--often"'),
    (("check", "--dassana_token=x"), 'unknown option "--dassana_token"'),
    (("check", "dassana_token=x"), 'nothing to do with "dassana_token"'),
    (("-x",), 'unknown option "-x"'),
    (("check", "--ready"), 'check has no option "--ready"'),
    (("--peek",), 'without a command it has no option "--peek"'),
    (("cat", "-c", "f"), 'cat has no option "-c"'),
    (("check", "more"), 'nothing to do with "more"'),
    (("-c",), 'missing after "-c"'),
    (("check", "--object"), 'missing after "--object"'),
    (("--print-completion=csh",), "bash, zsh or fish"),
    (("\x1b[2J\x9b",), "unknown command \"?[2J")])
def test_a_wrong_command_line(said, args, text):
    status, out, err = said(*args)
    assert status == 2 and out == "" and text in err
    assert "\x1b" not in err


@pytest.mark.parametrize("option, text", [
    ("queu_url=x", "did you mean queue_url?"),
    ('queue_url="%s"' % QUEUE, "the quotes would be part"),
    ("batch_max_bytes=5M", "did you mean 5MiB?"),
    ("post_timeout=60", "did you mean 60s?"),
    ("accept_any_2xx=off", "did you mean no?"),
    ("log_level=warning", "did you mean warn?"),
    ("dassana_token_file=/tmp", "did you mean a file in it?"),
    ("queue_url=" + QUEUE.rsplit("/", 1)[0], "name missing?"),
    ("queue_url=arn:aws:sqs:eu-west-1:111122223333:trail", QUEUE)])
def test_did_you_mean(said, tmp_path, option, text):
    assert any(text in line for line in mistakes(said("-o", option)[2]))
    (tmp_path / "f").write_text(option.replace("=", " = ", 1) + "\n")
    assert any(text in line for line in mistakes(said("-c", "f")[2]))


def test_a_variable_that_is_none_is_explained(said):
    _, _, err = said("-o", "queue_url=" + QUEUE, TRAILPOST_LOGLEVEL="debug")
    assert "did you mean log_level?" in err


def test_a_secret_is_not_told_for_its_quotes(said):
    _, _, err = said("-o", 'dassana_token="s3cr3tvalue"')
    assert "quotes" in err and "s3cr3t" not in err


# ---- completion ----

def bash(binary, tmp_path, line):
    """What bash would complete at the end of the line."""
    script = r"""
        PATH=%s:$PATH
        source %s/trailpost.bash
        COMP_LINE=$1 COMP_POINT=${#1}
        words=$1; [[ $1 != *' ' ]] || words+="''"
        eval "COMP_WORDS=($words)"
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        compopt() { :; }
        _trailpost
        printf '%%s\n' "${COMPREPLY[@]}"
    """ % (os.path.dirname(binary), COMPLETION)
    done = subprocess.run(["bash", "-c", script, "bash", line], cwd=tmp_path,
                          capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes(binary, tmp_path):
    (tmp_path / "a.json").write_text("")
    found = bash(binary, tmp_path, "trailpost ")
    assert {"check", "health", "cat", "help", "-c", "--help"} <= set(found)
    assert bash(binary, tmp_path, "trailpost che") == ["check"]
    found = bash(binary, tmp_path, "trailpost check --")
    assert "--peek" in found and "--ready" not in found
    assert bash(binary, tmp_path, "trailpost -o queue_") == ["queue_url="]
    assert bash(binary, tmp_path, "trailpost -o log_level=w") == ["warn"]
    assert bash(binary, tmp_path, "trailpost check -c a") == ["a.json"]
    assert bash(binary, tmp_path, "trailpost cat a") == ["a.json"]
    assert bash(binary, tmp_path, "trailpost -o ca_file=a") == ["a.json"]
    assert "zsh" in bash(binary, tmp_path, "trailpost --print-completion=")


def fish(line):
    done = subprocess.run(
        ["fish", "--no-config", "-c",
         "source %s/trailpost.fish; complete -C '%s'" % (COMPLETION, line)],
        capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [row.split("\t")[0] for row in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
def test_fish_completes():
    assert set(fish("trailpost ")) >= {"check", "health", "cat", "help"}
    found = fish("trailpost check --")
    assert "--peek" in found and "--ready" not in found
    assert "queue_url=" in fish("trailpost -o que")
    assert fish("trailpost --print-completion z") == ["zsh"]


ZSH = r"""
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; fpath=(%s $fpath); autoload -Uz compinit; compinit -u -D'
zpty -w z 'show() { print -r -- "<$BUFFER>" }; zle -N show; bindkey "^X" show'
zpty -w z 'bindkey "^I" complete-word; zstyle ":completion:*" menu no'
zpty -w z 'setopt list_ambiguous no_beep; print re""ady'
zpty -r z line '*ready*'
zpty -n -w z $'trailpost %s\t\x18'
zpty -r z line '*<*>*'
[[ $line == *'<trailpost %s>'* ]] && print found
zpty -d z
"""


@pytest.mark.skipif(not shutil.which("zsh"), reason="there is no zsh")
@pytest.mark.parametrize("typed, found", [
    ("che", "check "), ("check --pe", "check --peek "),
    ("-o que", "-o queue_url="), ("-o log_level=deb", "-o log_level=debug ")])
def test_zsh_completes(typed, found, tmp_path):
    shutil.copy(os.path.join(COMPLETION, "trailpost.zsh"),
                tmp_path / "_trailpost")
    script = ZSH % (tmp_path, typed, found)
    done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.stdout.strip().endswith("found"), done.stdout + done.stderr
