"""The commands of deploy-containers.md, as a reader would type them."""

import pytest
from guide import interrupt, page
from reader import cloud, put_in, put_network_in, run_until_delivered, shell
from standin.server import own_port

__all__ = ["cloud", "shell"]  # fixtures

# docker, in so far as the program is run with the variables and arguments that
# its container would have, in the foreground even if detached.
DOCKER = r"""
case $1 in
build) shift; while [ $# -gt 0 ]; do
		if [ "$1" = -f ]; then test -f "$2" || exit 1; fi; shift
	done; exit ;;
compose) test "$2" = -f && test -f "$3" && test "$4" = up; exit ;;
logs) test "$2" = --follow && test "$3" = trailpost; exit ;;
run) shift ;;
*) exit 1 ;;
esac
while [ "$1" != trailpost ]; do
	case $1 in
	--env) export "$2"; shift 2 ;;
	--env-file) while IFS= read -r line; do
			case $line in *=*) export "$line" ;; esac
		done <"$2"; shift 2 ;;
	--name | --publish | --restart | --stop-timeout | --memory) shift 2 ;;
	--detach | --rm | --read-only) shift ;;
	*) exit 1 ;;
	esac
done
exec "$@"
"""


@pytest.fixture(scope="module", autouse=True)
def policies_of_aws():
    """moto has them only where it is told to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        yield


def test_docker(shell, standin, cloud):
    guide = page("deploy-containers")
    queue_url = cloud.stack()
    wanted = cloud.put_files(2)
    shell.fake("docker", DOCKER)
    assert "trailpost 0.1.0\n" in shell.run(guide["image"]).stdout
    shell.run(guide["compose"])
    block = put_in(
        guide["docker"], token=("paste-it-here", standin.token), queue=(
            "https://sqs.eu-west-1.amazonaws.com/111122223333/trail",
            queue_url))
    run_until_delivered(shell, block, standin, cloud, wanted)
    file = shell.folder / "trailpost.env"
    assert file.stat().st_mode & 0o777 == 0o600
    standin.dassana.problems.clear()

    # The same for good. Its port is one of this host's here. Only now may a
    # poll be cut off at the end: moto would give it what comes next.
    shell.env["TRAILPOST_SHUTDOWN_TIMEOUT"] = "6s"
    kept = own_port()
    port = kept.getsockname()[1]
    publish, listen = "127.0.0.1:9190:9090", "TRAILPOST_ADMIN_LISTEN=:9090"
    text = "\n".join(guide["docker-service"].lines)
    assert publish in text
    process = shell.start(put_in(guide["docker-service"], listen=(
        listen, listen.replace("9090", str(port)))))
    try:
        wanted = set(cloud.put_files(1, seed=2))
        standin.wait(lambda: wanted <= set(standin.dassana.events()), 60)
        said = shell.run(put_in(guide["docker-watch"], port=(
            "127.0.0.1:%s" % publish.split(":")[1],
            "127.0.0.1:%d" % port))).stdout
    finally:
        cloud.put_files(1, seed=9)
        log = interrupt(process)
        kept.close()
    assert process.returncode == 0, log
    assert '"ready":true' in said and "\ntrailpost_build_info{" in said


def test_fargate(shell, cloud):
    start, block = page("getting-started"), page("deploy-containers")["fargate"]
    shell.run(start["names"])
    shell.run(put_network_in(block, cloud))
    assert not (shell.folder / "parameters.json").exists()
    ecs = cloud.client("ecs")
    cluster, = ecs.list_clusters()["clusterArns"]
    assert len(ecs.list_services(cluster=cluster)["serviceArns"]) == 1
    for name in "outputs", "look", "notify":  # step 3
        shell.run(start[name])
    configured = cloud.s3.get_bucket_notification_configuration(
        Bucket="trail-bucket")
    assert len(configured["QueueConfigurations"]) == 1
    assert len(cloud.client("sqs").list_queues()["QueueUrls"]) == 2


def test_ecs(shell, cloud):
    guide = page("deploy-containers")
    for name in "names", "stack", "outputs":
        shell.run(page("getting-started")[name])
    secret, url = shell.run(guide["ecs-needs"],
                            stdin="tok-1\n").stdout.split()[-2:]
    secrets = cloud.client("secretsmanager")
    assert secrets.get_secret_value(SecretId=secret)["SecretString"] == "tok-1"
    queues = cloud.client("sqs").list_queues()["QueueUrls"]
    assert url.rpartition("/")[2] in [q.rpartition("/")[2] for q in queues]
    iam = cloud.client("iam")
    attached = [p["PolicyName"] for p in iam.list_attached_role_policies(
        RoleName="trailpost")["AttachedPolicies"]]
    assert len(attached) == 1
    reads = iam.get_role_policy(RoleName="trailpost-execution",
                                PolicyName="token")["PolicyDocument"]
    assert reads["Statement"][0]["Resource"] == secret
    group, = cloud.client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (
        "/ecs/trailpost", 30)

    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName="your-cluster")
    _, subnet, group = cloud.network()
    shell.run(put_in(guide["ecs"],
                     subnet=("subnet-0123456789abcdef0", subnet),
                     group=("sg-0123456789abcdef0", group)))
    shell.run(guide["ecs-scaling"])
    policies = cloud.client("application-autoscaling").\
        describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert len(policies) == 1
    # What the task names is what was made.
    task = ecs.describe_task_definition(taskDefinition="trailpost")[
        "taskDefinition"]
    for role in "taskRoleArn", "executionRoleArn":
        iam.get_role(RoleName=task[role].rpartition("/")[2])
    own, = task["containerDefinitions"]
    assert secret.startswith(own["secrets"][0]["valueFrom"])
    assert own["logConfiguration"]["options"]["awslogs-group"] == \
        "/ecs/trailpost"


# kubectl without a cluster, which holds files against each other: what a pod
# refers to is in the file beside it, or was made before.
KUBECTL = """
import os, sys, yaml
made = os.path.join(os.environ["HOME"], "made")
verb, *words = sys.argv[1:]
if verb == "create":
    kind, of, name, given = words
    key, file = given.removeprefix("--from-file=").split("=")
    assert (kind, of) == ("secret", "generic")
    with open(file) as one:
        print(name, key, one.read())
    with open(made, "a") as one:
        print("secret", name, key, file=one)
    sys.exit()
assert (verb, words[0], len(words)) == ("apply", "-k", 2)
with open(os.path.join(words[1], "kustomization.yaml")) as one:
    files = yaml.safe_load(one)["resources"]
given = []
for name in files:
    with open(os.path.join(words[1], name)) as one:
        given += yaml.safe_load_all(one)
names = {(d["kind"], d["metadata"]["name"]) for d in given}
with open(made) as one:
    secrets = [line.split()[1:] for line in one]
pod, = [d["spec"]["template"]["spec"] for d in given
        if d["kind"] == "Deployment"]
assert ("ServiceAccount", pod["serviceAccountName"]) in names
volumes = {v["name"]: v["secret"]["secretName"] for v in pod["volumes"]}
for own in pod["containers"]:
    file = {e["name"]: e["value"] for e in own["env"]}[
        "TRAILPOST_DASSANA_TOKEN_FILE"]
    mount, = own["volumeMounts"]
    folder, key = os.path.split(file)
    assert folder == mount["mountPath"]
    assert [volumes[mount["name"]], key] in secrets
"""


def test_kubernetes(shell):
    """There is no cluster: the files are there, and go together. What they say
    is tested beside the image."""
    program = shell.folder.parent / "kubectl.py"
    program.write_text(KUBECTL)
    shell.fake("kubectl", 'exec /usr/bin/python3 %s "$@"\n' % program)
    done = shell.run(page("deploy-containers")["kubernetes"], stdin="tok-1\n")
    assert done.stdout == "trailpost dassana_token tok-1\n"
    assert not (shell.folder / "token").exists()
