"""etc/prometheus and etc/grafana: each alert fires when it should and not
before, names only metrics that there are, and says what to do."""

import json
import os
import re
import subprocess

import pytest
import yaml
from admin import LISTEN, Admin
from metrics import Scrape, named, promtool, read  # noqa: F401, a fixture
from process import ROOT

RULES = os.path.join(ROOT, "etc", "prometheus", "trailpost.rules.yml")
DASHBOARD = os.path.join(ROOT, "etc", "grafana", "trailpost.json")
ADVICE = os.path.join(ROOT, "docs", "alerts.md")


def rules():
    groups = yaml.safe_load(read(RULES))["groups"]
    return {rule["alert"]: rule for group in groups
            for rule in group["rules"]}


# ---- when each fires ----

AT = 'job="trailpost",instance="a"'


def of(metric, values, more=""):
    return {"trailpost_%s{%s%s}" % (metric, AT, more and "," + more): values}


# What tells that it is trailpost: until it is down, and all along.
THERE = of("build_info", "1x5 _x30", 'version="1"')
ALWAYS = of("build_info", "1x60", 'version="1"')


def lag(fast, slow):
    """So many objects a minute within 300 s, and so many within 1800 s."""
    total = fast + slow
    return {**of("object_lag_seconds_bucket", "0+%dx60" % fast, 'le="300"'),
            **of("object_lag_seconds_bucket", "0+%dx60" % fast, 'le="900"'),
            **of("object_lag_seconds_bucket", "0+%dx60" % total, 'le="1800"'),
            **of("object_lag_seconds_bucket", "0+%dx60" % total, 'le="+Inf"')}


def receives(count, early):
    return {**of("message_receives_count", count),
            **of("message_receives_bucket", early, 'le="5"')}


def renewal(left, valid, failures):
    return {**of("credentials_expiry_seconds", left),
            **of("credentials_valid", valid),
            **of("credentials_fetch_failures_total", failures)}


DEAD = 'aws_sqs_approximate_number_of_messages_visible_maximum' \
       '{job="aws_sqs",queue_name="%s"}'
# As CloudFormation names the one of the template.
OF_STACK = "trailpost-DeadLetterQueue-8ZfEXAMPLE"

# alert, series by the minute, the minute when it fires (None: never), the last
# one when it does not, what the labels and the value then are.
CASES = [
    ("TrailpostDown", {"up{%s}" % AT: "1x5 0x30", **THERE}, 11, 10,
     "instance job", ""),
    ("TrailpostDown", {"up{%s}" % AT: "1x60", **ALWAYS}, None, 60, "", ""),
    # One of several, beside others that are no trailpost and are down.
    ("TrailpostDown", {"up{%s}" % AT: "1x5 0x30", **THERE,
                       'up{job="other"}': "0x60", 'up{job="x"}': "1x60",
                       'trailpost_build_info{job="x"}': "1x60"}, 11, 10,
     "instance job", ""),
    ("TrailpostDown", {'up{job="other"}': "1x60"}, 5, 4, "", ""),
    ("TrailpostNotReady", of("ready", "0x5 1 0x30"), 17, 16, "instance job",
     ""),
    # Each of these has an alert of its own.
    ("TrailpostNotReady", {**of("ready", "0x60"),
                           **of("credentials_valid", "0x60")}, None, 60, "",
     ""),
    ("TrailpostNotReady", {**of("ready", "0x60"), **of(
        "token", "1 1 1 0 " * 15, 'state="refused"')}, None, 59, "", ""),
    ("TrailpostRestarting", {"process_start_time_seconds{%s}" % AT:
                             "1x5 2x5 3x5 4x5 5x5", **ALWAYS}, 24, 23,
     "instance job", "4"),
    ("TrailpostRestarting", {"process_start_time_seconds{%s}" % AT:
                             "1x5 2x5 3x5 4x5 5x5"}, None, 24, "", ""),
    ("TrailpostLagging", lag(0, 10), 16, 15, "job", "28m 30s"),
    ("TrailpostLagging", lag(8, 2), 16, 15, "job", "22m 30s"),
    ("TrailpostLagging", lag(10, 0), None, 60, "", ""),
    ("TrailpostLagging", lag(0, 0), None, 60, "", ""),
    ("TrailpostHeldUp", of("oldest_object_age_seconds", "3600 3661x30"),
     16, 15, "instance job", "1h 1m 1s"),
    ("TrailpostHeldUp", of("oldest_object_age_seconds", "60+60x90"),
     75, 74, "instance job", "1h 16m 0s"),
    # A backlog that is worked off, where the oldest is another each time.
    ("TrailpostHeldUp", of("oldest_object_age_seconds", "90000-60x60"),
     None, 50, "", ""),
    ("TrailpostHeldUp", of("oldest_object_age_seconds",
                           "9000 9060 9120 8000 9030 " * 9), None, 40, "", ""),
    ("TrailpostNothingArrives", {**of("messages_received_total", "7x300"),
                                 **of("ready", "1x300")}, 61, 60, "job", ""),
    ("TrailpostNothingArrives", {**of("messages_received_total", "7x300"),
                                 **of("ready", "0x300")}, None, 300, "", ""),
    ("TrailpostNothingArrives", {**of("messages_received_total", "0+1x300"),
                                 **of("ready", "1x300")}, None, 300, "", ""),
    # Nothing is told of a queue that nobody uses.
    ("TrailpostDeadLetters", {DEAD % "trail-dlq": "_x30 1x60"}, 30, 29,
     "aws_sqs trail-dlq", "1"),
    # For as long as they are there.
    ("TrailpostDeadLetters", {DEAD % "trail-dlq": "0x30 2x300"}, 300, 30,
     "aws_sqs trail-dlq", "2"),
    # The exporter's samples are ten minutes old when they come.
    ("TrailpostDeadLetters", {DEAD % "trail-dlq": "_x30 1x5"}, 46, 29,
     "aws_sqs trail-dlq", "1"),
    ("TrailpostDeadLetters", {DEAD % OF_STACK: "0x40 5x40"}, 41, 40,
     "aws_sqs stack-dlq", "5"),
    ("TrailpostDeadLetters", {DEAD % "trail": "3x60"}, None, 60, "", ""),
    ("TrailpostDeadLetters", {DEAD % "trail-dlq": "5x40 0x40"}, None, 41, "",
     ""),
    ("TrailpostNearDeadLetters", receives("9x40 12x9", "9x40 10x9"), 41, 40,
     "job", "2"),
    ("TrailpostNearDeadLetters", receives("0+3x60", "0+3x60"), None, 60, "",
     ""),
    ("TrailpostEventsRefused", of("events_refused_total", "0x40 1x9"), 41, 40,
     "job", "1"),
    ("TrailpostUnknownMessages",
     of("messages_unknown_total", "0x40 1x9", 'reason="not_json"'), 41, 40,
     "job not_json", "1"),
    ("TrailpostDocCountMismatch", of("doc_count_short_total", "0x40 1x9"), 41,
     40, "job", "1"),
    ("TrailpostTokenRefused", of("token", "0x5 1x30", 'state="refused"'), 11,
     10, "instance job refused", ""),
    ("TrailpostTokenRefused", of("token", "1x60", 'state="accepted"'), None,
     60, "", ""),
    # Another answer in between says nothing of the token.
    ("TrailpostTokenRefused", of("token", "1 1 1 0 " * 9, 'state="refused"'),
     5, 4, "instance job refused", ""),
    # One that was read anew at once.
    ("TrailpostTokenRefused", of("token", "0 1 1 0x30", 'state="refused"'),
     None, 6, "", ""),
    ("TrailpostNoCredentials", of("credentials_valid", "1x5 0x30"), 11, 10,
     "instance job", ""),
    ("TrailpostCredentialsExpiring",
     renewal("310-60x20", "1x20", "0x2 1x20"), 3, 2, "instance job",
     "2m 10s"),
    ("TrailpostCredentialsExpiring", renewal("310-60x20", "1x20", "0x20"),
     None, 5, "", ""),
    ("TrailpostCredentialsExpiring", renewal("Inf " * 20, "1x20", "0x2 1x20"),
     None, 20, "", ""),
    ("TrailpostClockWrong", of("clock_offset_seconds", "0 -7200x30"), 11, 10,
     "instance job", "2h 0m 0s"),
    ("TrailpostRateLimited",
     of("posts_total", "0+1x90", 'answer="rate_limited"'), 31, 30, "job", ""),
    ("TrailpostRateLimited", of("posts_total", "0+9x90", 'answer="taken"'),
     None, 90, "", ""),
    ("TrailpostBufferFull", of("buffer_full_seconds_total", "0+45x90"), 60,
     30, "instance job", "75%"),
    ("TrailpostBufferFull", of("buffer_full_seconds_total", "0+29x90"), None,
     90, "", ""),
    ("TrailpostLeasesLost", of("leases_lost_total", "0x40 1x9"), 41, 40,
     "job", "1"),
]

LABELS = {"instance": ("instance", "a"), "job": ("job", "trailpost"),
          "refused": ("state", "refused"), "not_json": ("reason", "not_json"),
          "aws_sqs": ("job", "aws_sqs"),
          "trail-dlq": ("queue_name", "trail-dlq"),
          "stack-dlq": ("queue_name", OF_STACK)}


def expected(rule, words, value):
    labels = dict(LABELS[word] for word in words.split())

    def fill(text):
        text = re.sub(r"{{ \$labels\.(\w+) }}",
                      lambda m: labels.get(m.group(1), ""), text)
        return re.sub(r"{{ \$value[^}]*}}", value, text)
    return {"exp_labels": {**labels, **rule["labels"]},
            "exp_annotations": {name: fill(text) for name, text
                                in rule["annotations"].items()}}


def of_prometheus_3(name):
    """A series as it is called there: the bounds of buckets are floats."""
    return re.sub(r'le="(\d+)"', r'le="\1.0"', name)


def as_test(renamed, alert, series, fires, quiet, words, value):
    asked = [{"alertname": alert, "eval_time": "%dm" % quiet,
              "exp_alerts": []}]
    if fires is not None:
        asked.append({"alertname": alert, "eval_time": "%dm" % fires,
                      "exp_alerts": [expected(rules()[alert], words, value)]})
    return {"interval": "1m", "alert_rule_test": asked, "input_series": [
        {"series": renamed(name), "values": values}
        for name, values in series.items()]}


@pytest.mark.parametrize("renamed", [str, of_prometheus_3])
def test_each_alert_fires(promtool, tmp_path, renamed):  # noqa: F811
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump({
        "rule_files": [RULES], "evaluation_interval": "1m",
        "tests": [as_test(renamed, *case) for case in CASES]}))
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_case():
    assert {case[0] for case in CASES if case[2] is not None} == set(rules())


def test_the_rules_are_sound(promtool):  # noqa: F811
    done = promtool("check", "rules", RULES)
    assert done.returncode == 0, done.stdout + done.stderr


# ---- what they name ----

@pytest.fixture
def known(daemon):
    running = daemon(admin_listen=LISTEN)
    return Scrape(Admin(running).ask("/metrics").text)



def queries():
    """(where, expression) of all panels and variables of the dashboard."""
    board = json.loads(read(DASHBOARD))
    found = [(panel["title"], target["expr"]) for panel in board["panels"]
             for target in panel.get("targets", ())]
    return found + [(v["name"], v["query"]["query"])
                    for v in board["templating"]["list"]
                    if v["type"] == "query"]


def expressions():
    return queries() + [(name, rule["expr"])
                        for name, rule in rules().items()]


def test_every_metric_that_is_named_is_there(known):
    told = [(where, text) for where, expr in expressions()
            for text in named(expr) if not known.has(*text)]
    assert told == []
    assert len({name for _, expr in expressions()
                for name, _, _ in named(expr)}) > 30


def test_the_dashboard_is_prometheus_language(
        promtool, tmp_path):  # noqa: F811
    file = tmp_path / "dashboard.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": [
        {"record": "panel:%d" % i, "expr": expr
         .replace("$__rate_interval", "5m").replace("$instance", ".*")
         .replace("$job", ".*")}
        for i, (_, expr) in enumerate(queries())
        if not expr.startswith("label_values(")]}]}))
    done = promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_says_what_to_do():
    text = read(ADVICE)
    headings = re.findall(r"^## (\w+)$", text, re.M)
    assert headings == list(rules())
    for name, rule in rules().items():
        assert re.fullmatch("https://.+/docs/alerts.md#" + name.lower(),
                            rule["annotations"]["runbook_url"])
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_one_setting_says_where_it_is_read(tmp_path):
    """As there is no public address."""
    site = "https://wiki.example.com/trailpost"
    subprocess.run(
        ["make", "-C", ROOT, "-s", "QUIET=1", "install", "SITE=" + site,
         "DESTDIR=%s" % tmp_path, "DOCDIR=/doc",
         "BUILD=" + os.path.dirname(os.environ["TRAILPOST"])], check=True)
    made = yaml.safe_load(read(tmp_path / "doc/etc/prometheus" /
                               os.path.basename(RULES)))
    assert {rule["annotations"]["runbook_url"].split("/docs/")[0]
            for group in made["groups"] for rule in group["rules"]} == {site}
    for target in ("image", "rpm"):
        told = subprocess.run(
            ["make", "-C", ROOT, "-n", target, "SITE=" + site], check=True,
            text=True, stdout=subprocess.PIPE).stdout
        assert site in told


def test_whatever_the_job_is_called():
    """Prometheus finds pods by annotations, under a job of another name."""
    for where, expr in expressions():
        assert 'job="' not in expr, where
    assert all("job=~\"$job\"" in expr for where, expr in queries()
               if where != "job" and "trailpost_" in expr)


def test_panels_do_not_overlap():
    taken = set()
    for panel in json.loads(read(DASHBOARD))["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not taken & cells, panel["title"]
        taken |= cells
