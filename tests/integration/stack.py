"""A stack of etc/cloudformation/trailpost.yaml: made in moto, and resolved by
moto's library."""

import hashlib
import json
import os
import subprocess

import boto3
from components import PEERS
from process import ROOT

TEMPLATE = os.path.join(ROOT, "etc", "cloudformation", "trailpost.yaml")
REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = "trail-logs"
TOKEN = "tok-" + "x" * 40
TOPIC = "arn:aws:sns:%s:%s:trail" % (REGION, ACCOUNT)
KEY = "arn:aws:kms:%s:%s:key/11112222-3333-4444-5555-666677778888" % (
    REGION, ACCOUNT)
SHA256 = hashlib.sha256(b"the package").hexdigest()
FARGATE = {"RunOn": "Fargate", "Image": "registry.example/trailpost:1"}
EC2 = {"RunOn": "EC2", "PackageUrl": "s3://packages/t/trailpost_1.deb",
       "PackageSha256": SHA256}
WHERE = {"DassanaToken": TOKEN, "VpcId": "vpc-1", "SubnetIds": "subnet-1"}


class Stack:
    """One stack in a fresh moto, and the clients to look at it."""

    def __init__(self, moto, **parameters):
        moto.reset()
        self.url = moto.url
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("sns").create_topic(Name="trail")
        vpc = self.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")
        self.vpc = vpc["Vpc"]["VpcId"]
        self.subnet = self.client("ec2").create_subnet(
            VpcId=self.vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        values = {"LogBucketName": BUCKET, "DassanaToken": TOKEN,
                  **parameters}
        if values.get("RunOn", "QueueOnly") != "QueueOnly":
            values.update(VpcId=self.vpc, SubnetIds=self.subnet)
        with open(TEMPLATE, encoding="utf-8") as file:
            self.client("cloudformation").create_stack(
                StackName="trailpost", TemplateBody=file.read(),
                Capabilities=["CAPABILITY_IAM"], Parameters=[
                    {"ParameterKey": k, "ParameterValue": v}
                    for k, v in values.items()])
        cloud = self.client("cloudformation")
        stack, = cloud.describe_stacks(StackName="trailpost")["Stacks"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        self.outputs = {o["OutputKey"]: o["OutputValue"]
                        for o in stack.get("Outputs", [])}
        self.resources = {}
        for one in cloud.list_stack_resources(
                StackName="trailpost")["StackResourceSummaries"]:
            self.resources[one["LogicalResourceId"]] = \
                one["PhysicalResourceId"]

    def client(self, name):
        return boto3.client(
            name, endpoint_url=self.url, region_name=REGION,
            aws_access_key_id="root", aws_secret_access_key="root")

    def queue(self, url):
        return self.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["All"])["Attributes"]

    def policy(self, name="PolicyArn"):
        iam = self.client("iam")
        arn = self.outputs[name]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(
            PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


# What moto's CloudFormation does not make, its library resolves: the properties
# that AWS would get, of each resource there would be, and the template as it is.
RESOLVE = """
import json, sys, boto3
from moto import mock_aws
from moto.backends import get_backend
from moto.cloudformation.parsing import clean_json
template, way = open(sys.argv[1]).read(), json.loads(sys.argv[2])
with mock_aws():
    if "SubnetIds" in way:  # One that there is.
        way["SubnetIds"] = boto3.client(
            "ec2", "us-east-1", aws_access_key_id="a",
            aws_secret_access_key="b").describe_subnets()[
                "Subnets"][0]["SubnetId"]
    boto3.client("cloudformation", "us-east-1", aws_access_key_id="a",
                 aws_secret_access_key="b").create_stack(
        StackName="trailpost", TemplateBody=template,
        Capabilities=["CAPABILITY_IAM"], Parameters=[
            {"ParameterKey": k, "ParameterValue": v}
            for k, v in way.items()])
    cloud = get_backend("cloudformation")["123456789012"]["us-east-1"]
    stack, = cloud.stacks.values()
    known = stack.resource_map
    print(json.dumps({"template": stack.template_dict, "resources": {
        name: clean_json(one.get("Properties", {}), known)
        for name, one in known._resource_json_map.items()
        if "Condition" not in one or known.lazy_condition_map[
            one["Condition"]]}}))
"""


def resolve_all(**way):
    python = os.path.join(PEERS, "venv", "bin", "python")
    done = subprocess.run(
        [python, "-W", "ignore", "-c", RESOLVE, TEMPLATE, json.dumps(
            {"LogBucketName": BUCKET, **way})], capture_output=True,
        text=True, timeout=120, check=False, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def resolve(name, **way):
    return resolve_all(**way)["resources"][name]


def value_of(rule, given):
    """A function of CloudFormation's, as far as rules may have it."""
    if not isinstance(rule, dict):
        return rule
    (name, what), = rule.items()
    if name == "Ref":
        return given[what]
    values = [value_of(one, given) for one in what]
    return {"Fn::Equals": lambda a, b: a == b, "Fn::Not": lambda a: not a,
            "Fn::Contains": lambda a, b: b in a}[name](*values)


def refusals(template, **way):
    """What the template's rules have against parameters."""
    given = {}
    for name, one in template["Parameters"].items():
        value = way.get(name, one.get("Default"))
        given[name] = value.split(",") if one["Type"].startswith("Comma") \
            else value
    return [one["AssertDescription"] for rule in template["Rules"].values()
            if value_of(rule["RuleCondition"], given)
            for one in rule["Assertions"]
            if not value_of(one["Assert"], given)]


def check_roles(stack, principal, reads_token):
    """Who may take them; one reads the token."""
    iam = stack.client("iam")
    for name in {"Role", reads_token}:
        role = iam.get_role(RoleName=stack.resources[name])["Role"]
        trusts, = role["AssumeRolePolicyDocument"]["Statement"]
        assert trusts["Principal"] == {"Service": principal}
        assert trusts.get("Condition") == (None if "ec2" in principal else {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:%s:%s:*" % (
                REGION, ACCOUNT)}})
    for name in {"Role", reads_token}:
        inline = set(iam.list_role_policies(
            RoleName=stack.resources[name])["PolicyNames"])
        assert inline == ({"token"} if name == reads_token else set()) | (
            {"boot", "package"} if "ec2" in principal else set())
    policy = iam.get_role_policy(RoleName=stack.resources[reads_token],
                                 PolicyName="token")["PolicyDocument"]
    statement, = policy["Statement"]
    assert statement == {
        "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
        "Resource": "arn:aws:secretsmanager:%s:%s:secret:%s-??????" % (
            REGION, ACCOUNT, stack.outputs["SecretName"])}
