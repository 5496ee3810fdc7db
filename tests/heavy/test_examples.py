"""The examples for ECS and Kubernetes: AWS's own model takes them, what keeps
a container locked up is set, and the program takes the settings they give."""

import copy
import json
import os
import re
import subprocess

import containers
import image
import pytest
import yaml

ETC = os.path.join(image.ROOT, "etc")
BINARY = os.environ.get("TRAILPOST",
                        os.path.join(image.ROOT, "build", "trailpost"))
HEALTH = ["/usr/bin/trailpost", "health"]
GRACE_S = 40
# Debian's botocore is older than metric expressions in scaling policies.
VENV = os.path.join(image.HEAVY, "venv")
VALIDATE = """
import json, sys
import botocore.session, botocore.validate
service, operation, given = json.load(sys.stdin)
model = botocore.session.get_session().get_service_model(service)
shape = model.operation_model(operation).input_shape
print(botocore.validate.ParamValidator().validate(given, shape)
      .generate_report())
"""


def read(*path):
    with open(os.path.join(ETC, *path), encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="session")
def problems():
    """A function: what AWS's model has against the input of an operation."""
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        try:
            image.run("/usr/bin/python3", "-m", "venv", VENV, timeout=120)
            image.run(os.path.join(VENV, "bin", "pip"), "install", "--quiet",
                      "botocore>=1.35", timeout=300)
        except AssertionError as error:
            image.run("rm", "-rf", VENV)
            pytest.skip("WITHOUT BOTOCORE: %s" % str(error).splitlines()[-1])

    def ask(service, operation, given):
        return subprocess.run(
            [python, "-c", VALIDATE], check=True, text=True, timeout=60,
            input=json.dumps([service, operation, given]),
            stdout=subprocess.PIPE).stdout.strip()
    return ask


@pytest.fixture(scope="session")
def version():
    return image.version()


@pytest.mark.parametrize("name,service,operation", [
    ("task-definition.json", "ecs", "RegisterTaskDefinition"),
    ("sidecar.json", "ecs", "RegisterTaskDefinition"),
    ("scalable-target.json", "application-autoscaling",
     "RegisterScalableTarget"),
    ("scaling-policy.json", "application-autoscaling", "PutScalingPolicy")])
def test_aws_takes(problems, name, service, operation):
    given = json.loads(read("ecs", name))
    assert problems(service, operation, given) == ""
    # It would notice: a name that there is not, and a missing one.
    for change in ({"misspelt": 1}, None):
        broken = copy.deepcopy(given)
        broken.update(change or {})
        if change is None:
            del broken[{"RegisterTaskDefinition": "containerDefinitions",
                        "RegisterScalableTarget": "ResourceId",
                        "PutScalingPolicy": "PolicyName"}[operation]]
        assert problems(service, operation, broken) != ""


def test_scaling_is_of_one_service():
    target = json.loads(read("ecs", "scalable-target.json"))
    policy = json.loads(read("ecs", "scaling-policy.json"))
    for name in ("ServiceNamespace", "ResourceId", "ScalableDimension"):
        assert target[name] == policy[name]
    metrics = policy["TargetTrackingScalingPolicyConfiguration"][
        "CustomizedMetricSpecification"]["Metrics"]
    assert [m["Id"] for m in metrics if m["ReturnData"]] == [
        "backlog_per_task"]
    used = re.findall(r"[a-z]+", metrics[-1]["Expression"])
    assert set(used) == {m["Id"] for m in metrics[:-1]}


@pytest.fixture(params=["task-definition.json", "sidecar.json"])
def ecs(request):
    """(its file, the container of ours)"""
    given = json.loads(read("ecs", request.param))
    return given, [c for c in given["containerDefinitions"]
                   if c["name"] == "trailpost"][0]


def test_ecs_container_is_locked_up_and_has_time(ecs, version):
    given, own = ecs
    assert own["image"].endswith("/trailpost:" + version)
    assert own["user"] == "65532:65532"
    assert own["readonlyRootFilesystem"] is True
    assert own["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
    assert own["healthCheck"]["command"] == ["CMD"] + HEALTH
    assert own["stopTimeout"] == GRACE_S
    assert [s["name"] for s in own["secrets"]] == ["DASSANA_TOKEN"]
    # Alone it is what the task is for; beside another it must not end that.
    assert own["essential"] == (len(given["containerDefinitions"]) == 1)


def table(where):
    """What deploy-containers.md says is to be replaced in the files there."""
    with open(os.path.join(image.ROOT, "docs", "deploy-containers.md"),
              encoding="utf-8") as file:
        text = file.read().partition("| in `%s` |" % where)[2]
    rows = text.partition("\n\n")[0].splitlines()[2:]
    return [name for row in rows
            for name in re.findall("`([^`]+)`", row.split("|")[1])]


def test_what_is_to_be_replaced_is_named():
    ecs = "".join(read("ecs", name)
                  for name in os.listdir(os.path.join(ETC, "ecs")))
    assert all(name in ecs for name in table("etc/ecs"))
    # Nothing else is somebody's own.
    for name in sorted(table("etc/ecs"), key=len, reverse=True):
        ecs = ecs.replace(name, "")
    assert not re.search(r"\d{12}|your-|arn:aws:sec|[a-z]+-[a-z]+-\d\b", ecs)
    kubernetes = "".join(
        line for name in os.listdir(os.path.join(ETC, "kubernetes"))
        for line in read("kubernetes", name).splitlines(True)
        if not line.strip().startswith("#"))
    capitals = set(re.findall(r"(?<![A-Z_])[A-Z]{5,}(?![A-Z_])", kubernetes))
    assert capitals == set(table("etc/kubernetes"))


def test_what_listens_outside_has_its_port_named():
    task, = json.loads(read("ecs", "task-definition.json"))[
        "containerDefinitions"]
    told = {e["name"]: e["value"] for e in task["environment"]}
    assert told["TRAILPOST_ADMIN_LISTEN"] == ":%d" % \
        task["portMappings"][0]["containerPort"]
    pod = of_kind("trailpost.yaml", "Deployment")["spec"]["template"]
    own, = pod["spec"]["containers"]
    told = {e["name"]: e["value"] for e in own["env"]}
    port = own["ports"][0]["containerPort"]
    assert told["TRAILPOST_ADMIN_LISTEN"] == ":%d" % port
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(port)


def test_a_sidecar_comes_back_within_a_minute():
    """ECS starts again only what has run for this long; 300 s by default. Not
    after a mistake in its settings."""
    given = json.loads(read("ecs", "sidecar.json"))
    own = [c for c in given["containerDefinitions"]
           if c["name"] == "trailpost"][0]
    assert own["restartPolicy"] == {
        "enabled": True, "ignoredExitCodes": [2], "restartAttemptPeriod": 60}


def documents(name):
    return list(yaml.safe_load_all(read("kubernetes", name)))


def of_kind(name, kind):
    return [d for d in documents(name) if d["kind"] == kind][0]


@pytest.fixture(params=["trailpost.yaml", "sidecar.yaml"])
def pod(request):
    """(its file, the pod's spec, the container of ours)"""
    deployment = of_kind(request.param, "Deployment")
    template = deployment["spec"]["template"]
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert labels and labels == template["metadata"]["labels"]
    spec = template["spec"]
    own = [c for c in spec["containers"] if c["name"] == "trailpost"]
    return request.param, spec, own[0]


def test_kubernetes_container_is_locked_up_and_has_time(pod, version):
    _, spec, own = pod
    # What the container says wins over what its pod says.
    security = {**spec.get("securityContext", {}), **own["securityContext"]}
    assert own["image"].endswith("/trailpost:" + version)
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] == 65532
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["terminationGracePeriodSeconds"] == GRACE_S
    assert own["resources"]["limits"]["memory"] == "128Mi"


def test_probes_ask_where_it_listens(pod):
    """A sidecar listens to its pod alone, so that it is asked from within; and it
    has no say in readiness."""
    name, _, own = pod
    live = own["livenessProbe"]
    if name == "sidecar.yaml":
        assert live["exec"]["command"] == HEALTH
        assert "readinessProbe" not in own
        return
    port, = own["ports"]
    assert live["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert own["readinessProbe"]["httpGet"] == {"path": "/readyz",
                                                "port": port["name"]}


def test_what_goes_with_the_deployment_is_for_its_pods():
    pod = of_kind("trailpost.yaml", "Deployment")["spec"]["template"]
    names = {p["name"] for p in pod["spec"]["containers"][0]["ports"]}
    labels = pod["metadata"]["labels"]
    budget = of_kind("disruption.yaml", "PodDisruptionBudget")["spec"]
    policy = of_kind("network.yaml", "NetworkPolicy")["spec"]
    monitor = of_kind("podmonitor.yaml", "PodMonitor")["spec"]
    assert [budget["selector"], policy["podSelector"], monitor["selector"]] == [
        {"matchLabels": labels}] * 3
    # One that there is alone may be moved as well.
    assert budget["maxUnavailable"] == 1 and "minAvailable" not in budget
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    asked = [e["port"] for e in monitor["podMetricsEndpoints"]] + [
        p["port"] for rule in policy["ingress"] for p in rule["ports"]]
    assert asked and set(asked) <= names
    out = {p["port"] for rule in policy["egress"] for p in rule["ports"]}
    assert out == {53, 443, 80}
    # Only names, and the addresses of EKS itself, are not AWS's or Dassana's.
    assert [rule for rule in policy["egress"] if "to" not in rule] == [
        {"ports": [{"port": 443}]}]


def test_kustomization_has_what_any_cluster_takes():
    (base,) = documents("kustomization.yaml")
    there = set(os.listdir(os.path.join(ETC, "kubernetes")))
    assert set(base["resources"]) <= there
    own = {d["apiVersion"] for name in base["resources"]
           for d in documents(name)}
    assert own == {"v1", "apps/v1", "policy/v1", "networking.k8s.io/v1"}
    left = there - set(base["resources"]) - {"kustomization.yaml"}
    assert left == {"podmonitor.yaml", "scaling.yaml", "sidecar.yaml"}


def test_token_can_be_read_by_whom_it_is_for(pod):
    """By group where the pod gives files to a group; by all elsewhere."""
    _, spec, own = pod
    secret = spec["volumes"][0]["secret"]
    readable = 0o040 if "fsGroup" in spec.get("securityContext", {}) else 0o004
    assert secret["defaultMode"] & readable
    mount = own["volumeMounts"][0]
    assert mount["readOnly"] is True
    path = {e["name"]: e["value"] for e in own["env"]}[
        "TRAILPOST_DASSANA_TOKEN_FILE"]
    assert os.path.dirname(path) == mount["mountPath"]


def test_service_account_has_the_role():
    account = of_kind("trailpost.yaml", "ServiceAccount")
    spec = of_kind("trailpost.yaml", "Deployment")["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == account["metadata"]["name"]
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert re.fullmatch(r"arn:aws:iam::[^:]+:role/trailpost", role)


def test_keda_scales_the_deployment_by_its_queue():
    scaled = of_kind("scaling.yaml", "ScaledObject")["spec"]
    deployment = of_kind("trailpost.yaml", "Deployment")
    assert scaled["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    # cooldownPeriod acts on the way to no replica alone.
    assert scaled["minReplicaCount"] > 0 and "cooldownPeriod" not in scaled
    down = scaled["advanced"]["horizontalPodAutoscalerConfig"]["behavior"][
        "scaleDown"]
    assert down == {"stabilizationWindowSeconds": 300}
    trigger = scaled["triggers"][0]
    assert trigger["type"] == "aws-sqs-queue"
    own = deployment["spec"]["template"]["spec"]["containers"][0]
    queue = {e["name"]: e["value"] for e in own["env"]}["TRAILPOST_QUEUE_URL"]
    assert trigger["metadata"]["queueURL"] == queue
    assert all(isinstance(v, str) for v in trigger["metadata"].values())
    reference = trigger["authenticationRef"]["name"]
    assert of_kind("scaling.yaml", "TriggerAuthentication")["metadata"][
        "name"] == reference


def mistakes(environ, tmp_path):
    """What the program has against an environment: None if nothing."""
    token = tmp_path / "token"
    token.write_text("token\n")
    token.chmod(0o600)
    given = {"PATH": "/usr/bin:/bin", **environ}
    if "TRAILPOST_DASSANA_TOKEN_FILE" in given:
        given["TRAILPOST_DASSANA_TOKEN_FILE"] = str(token)
    done = subprocess.run(
        [BINARY, "-c", "/dev/null", "--print-config"], env=given, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    if done.returncode or "no such setting" in done.stdout:
        return done.stdout
    return None


def test_program_takes_the_settings_of_ecs(ecs, tmp_path):
    _, own = ecs
    given = {e["name"]: e["value"] for e in own["environment"]}
    given.update((s["name"], "token") for s in own["secrets"])
    assert mistakes(given, tmp_path) is None
    # It would notice.
    assert mistakes({**given, "TRAILPOST_MISSPELT": "x"}, tmp_path)
    assert mistakes({**given, "TRAILPOST_GZIP_LEVEL": "10"}, tmp_path)


def test_program_takes_the_settings_of_kubernetes(pod, tmp_path):
    _, _, own = pod
    # The region in capitals stands for one.
    given = {e["name"]: e["value"].replace("REGION", "eu-west-1")
             .replace("ACCOUNT", "123456789012") for e in own["env"]}
    assert mistakes(given, tmp_path) is None


def test_compose_gives_what_it_takes(tmp_path):
    with open(containers.COMPOSE, encoding="utf-8") as file:
        service = yaml.safe_load(file)["services"]["trailpost"]
    assert service["stop_grace_period"] == "%ds" % GRACE_S
    assert service["read_only"] is True and service["cap_drop"] == ["ALL"]
    context = os.path.join(os.path.dirname(containers.COMPOSE),
                           service["build"]["context"])
    assert os.path.samefile(context, image.ROOT)
    assert os.path.exists(os.path.join(context,
                                       service["build"]["dockerfile"]))
    assert mistakes(service["environment"], tmp_path) is None
