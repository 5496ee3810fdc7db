"""The guide itself: each of its commands is run by some test, its links lead
somewhere, and what it says of the program is so."""

import json
import os
import re
import shutil
import subprocess

from guide import blocks, link_clone, own_files, pages
from process import BINARY, ROOT

# How each block of commands is run: the file that does, and the word in it.
COMMANDS = "tests/integration/test_docs_commands.py"
CONTAINERS = "tests/integration/test_docs_containers.py"
MACHINE = "tests/systemd/test_guide.py"
RUN = {
    **{name: (COMMANDS, '"%s"' % name) for name in (
        "names", "stack", "outputs", "keep", "look", "notify", "topic", "sns",
        "eventbridge", "grant-role", "grant-user", "install", "settings", "check", "peek", "foreground", "in-force",
        "prove", "hop-limit", "package", "parameters",
        "instance-console", "rotate-secret",
        "print-config", "verbose", "story", "cat", "backfill-count", "backfill-run",
        "backfill-check", "backfill-gap",
        "past", "summary", "try",
        "alarm", "dead-letters", "look-at-it", "redrive", "upgrade-check", "upgrade-stack",
        "demo")},
    **{name: (CONTAINERS, '"%s"' % name) for name in (
        "image", "compose", "docker", "docker-service", "docker-watch",
        "fargate", "ecs-needs", "ecs", "ecs-scaling", "kubernetes")},
    **{name: (MACHINE, '"%s"' % name) for name in (
        "systemd-settings", "systemd-token", "systemd-keys",
        "systemd-profile", "systemd-check", "systemd-check-default",
        "systemd-start", "systemd-reload", "systemd-restart", "systemd-watch",
        "systemd-group", "systemd-several", "systemd-several-ports",
        "systemd-several-drop-ins", "systemd-several-start",
        "upgrade-systemd", "service-log", "service-debug",
        "service-debug-off")},
    # They would run this very test; CI runs the same suites by their names.
    "make-check": (".ci/run", "for target in check-quick"),
    "build-and-test": (".ci/run", "for target in check-quick"),
}


def marked():
    return [b for path in pages() for b in blocks(path)
            if b.has_commands() or b.name or b.language in (
                "console", "sh", "bash", "shell")]


def test_every_block_of_commands_is_marked_and_run():
    bad = [b for b in marked()
           if not b.name or b.language != "console" or not b.has_commands()]
    assert not bad
    names = [b.name for b in marked()]
    assert len(names) == len(set(names))
    assert sorted(names) == sorted(RUN)


def test_what_is_said_to_be_run_is_run():
    for name, (path, word) in RUN.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            assert word in file.read(), (name, path)


def test_targets_of_make_exist():
    """Also those that no test can run, since they would run it."""
    targets = {word for b in marked() for command in b.commands()
               for word in re.findall(r"(?:^|&& )make ([a-z-]+)", command)}
    assert {"check", "check-quick", "setup-build", "deb"} <= targets
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as file:
        text = file.read()
    for name in targets:
        assert re.search(r"^(%s\b.*:|SETUPS := .*\b%s\b)" % (name, name), text,
                         re.M), name


def test_what_a_reader_made_is_not_written_over(tmp_path):
    """His settings at the top of his clone, when he runs the tests there."""
    tree, folder = tmp_path / "tree", tmp_path / "folder"
    (tree / "etc").mkdir(parents=True)
    (tree / ".git").mkdir()
    folder.mkdir()
    for name in "Makefile", "trailpost.conf", "dassana_token", "a.json.gz":
        (tree / name).write_text("his")
    (tree / ".gitignore").write_text(
        "/trailpost.conf\n/dassana_token\n/*.json.gz\n*.pyc\n")
    link_clone(tree, folder)
    assert {p.name for p in folder.iterdir()} == {
        "Makefile", "etc", ".gitignore"}
    secrets = {"trailpost.conf", "trailpost.env", "dassana_token", "token",
               "parameters.json"}
    assert secrets <= set(own_files(ROOT))


def test_settings_that_are_shown_exist(tmp_path):
    known = set(re.findall(r"^#?(\w+) =", subprocess.run(
        [BINARY, "--print-default-config"], capture_output=True, text=True,
        timeout=30, check=True).stdout, re.M))
    shown = [(b, key) for path in pages() for b in blocks(path)
             if b.language == "ini" and "[" not in b.lines[0]
             for key in re.findall(r"^(\w+) *=", "\n".join(b.lines), re.M)]
    assert shown
    assert not [(b, key) for b, key in shown if key not in known]


def test_json_that_is_shown_is_json():
    shown = [b for path in pages() for b in blocks(path)
             if b.language == "json"]
    assert shown
    for block in shown:
        json.loads("\n".join(block.lines))


def anchors(path):
    with open(path, encoding="utf-8") as file:
        titles = re.findall(r"^#+ (.*)$", file.read(), re.M)
    return {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-")
            for t in titles}


def check_links(path):
    with open(path, encoding="utf-8") as file:
        links = re.findall(r"\]\(([^)\s]+)\)", file.read())
    for link in links:
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = os.path.normpath(os.path.join(
            os.path.dirname(path), name)) if name else path
        assert os.path.exists(target), (path, link)
        assert not anchor or anchor in anchors(target), (path, link)


def test_links_lead_somewhere():
    for path in pages():
        check_links(path)


def test_links_lead_somewhere_where_the_guide_is_installed(tmp_path):
    build, root = tmp_path / "build", tmp_path / "root"
    build.mkdir()
    shutil.copy(BINARY, build / "trailpost")
    subprocess.run(
        ["make", "-s", "-C", ROOT, "-o", build / "trailpost", "install",
         "BUILD=%s" % build, "DESTDIR=%s" % root, "PREFIX=/usr"],
        stdout=subprocess.DEVNULL, timeout=60, check=True)
    installed = sorted((root / "usr/share/doc/trailpost").rglob("*.md"))
    assert len(installed) > len(pages())  # and the changelog
    for path in installed:
        check_links(str(path))


def problems_logged():
    """The names of events that the source may log at warn or error."""
    found = set()
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if not name.endswith(".c"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                text = file.read()
            # The text up to the first field. A level that is told beforehand
            # may be one of these.
            for call, head in re.findall(
                    r"\b(?:LOG|log)_(WARN|ERROR|AT|EACH|ALL|write\w*)\(\s*"
                    r"(.*?)(?:F_\w+\(|\);)", text, re.S):
                if call in ("WARN", "ERROR") or re.search(
                        r"LOG_LVL_(WARN|ERROR)|\blevel\b", head):
                    found |= set(re.findall(r'"([a-z][\w.]*)"', head))
    return found


def test_every_problem_has_its_row_in_troubleshooting():
    logged = problems_logged()
    assert {"sqs.receive", "object.failed", "config.mistake", "start",
            "dassana.retry", "creds.fetch"} <= logged
    with open(os.path.join(ROOT, "docs", "troubleshooting.md"),
              encoding="utf-8") as file:
        told = set(re.findall(r"^\| `([a-z0-9_.]+)`", file.read(), re.M))
    assert told == logged


def test_figures_are_up_to_date():
    subprocess.run(["/usr/bin/python3", os.path.join(
        ROOT, "tests", "bench", "plot.py"), "--check"], timeout=30, check=True)
