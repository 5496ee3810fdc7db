#!/usr/bin/python3
"""Compares trailpost's hosts with those of botocore's endpoint rules.

    endpoint_oracle.py DRIVER [--seed N] [--count N]

DRIVER is the program made of endpoint_driver.c. Every partition, service and
variant is tried, and then random buckets, access points and custom endpoints:
URL and signing region have to be the same. Exits with 1 if one is not.

An older botocore knows fewer partitions; their cases are left out and counted.
"""

import argparse
import itertools
import os
import random
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.environ.get("TRAILPOST_PEERS", os.path.join(
    os.path.dirname(os.path.dirname(HERE)), "build", "peers"))
NEWER = os.path.join(PEERS, "botocore", "bin", "python")

REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-4",
           "sa-east-1", "ca-west-1", "me-south-1", "af-south-1",
           "il-central-1", "mx-central-1", "us-gov-west-1", "us-gov-east-1",
           "cn-north-1", "cn-northwest-1", "eusc-de-east-1", "us-iso-east-1",
           "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
           "zz-moon-1"]
UNKNOWN = ["zz-moon-1"]  # of a prefix that nobody knows yet
PARTITION = {"us-gov": "aws-us-gov", "cn": "aws-cn", "eusc": "aws-eusc",
             "us-iso": "aws-iso", "us-isob": "aws-iso-b",
             "eu-isoe": "aws-iso-e", "us-isof": "aws-iso-f"}
SERVICES = {"sqs": "sqs", "sts": "sts", "s3": "s3",  # as botocore calls them
            "portal.sso": "sso", "oidc": "sso-oidc"}
LABEL = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
AUTO, PATH = 0, 1


class Old(Exception):
    """This botocore does not know what the case is about."""


def use_newer():
    """The rules of the newest botocore at hand."""
    if os.access(NEWER, os.X_OK) and "TRAILPOST_ORACLE" not in os.environ \
            and subprocess.run([NEWER, "-c", "import botocore"], check=False,
                               capture_output=True).returncode == 0:
        os.environ["TRAILPOST_ORACLE"] = "newer"
        os.execv(NEWER, [NEWER, *sys.argv])


class Rules:
    def __init__(self):
        import botocore
        import botocore.session
        from botocore.endpoint_provider import EndpointProvider
        from botocore.exceptions import BotoCoreError
        self.failure = BotoCoreError
        self.version = botocore.__version__
        self.old = tuple(map(int, self.version.split(".")[:2])) < (1, 36)
        loader = botocore.session.Session().get_component("data_loader")
        self.partitions = loader.load_data("partitions")
        self.providers = {
            name: EndpointProvider(loader.load_service_model(
                named, "endpoint-rule-set-1"), self.partitions)
            for name, named in SERVICES.items()}

    def knows(self, region):
        found = [p["id"] for p in self.partitions["partitions"]
                 if re.match(p["regionRegex"], region)]
        return found == ([] if region in UNKNOWN else [partition_of(region)])

    def was_wrong(self, case):
        """What earlier rules had wrong: they knew no dual-stack in the isolated
        partitions, and the first ones no FIPS for names in the path."""
        return case.dual and "-iso" in case.region and not self.dual_stack(
            partition_of(case.region)) or (
            self.old and case.service == "s3" and case.fips and not case.arn
            and (case.style == PATH or not LABEL.fullmatch(case.bucket)))

    def dual_stack(self, partition):
        return next(p["outputs"]["supportsDualStack"]
                    for p in self.partitions["partitions"]
                    if p["id"] == partition)

    def expected(self, case):
        """"URL REGION" or "-"."""
        if not self.knows(case.region) or (
                case.arn and not self.knows(case.arn[3])):
            raise Old
        if self.was_wrong(case):
            raise Old
        fields = {"Region": case.region, "UseFIPS": case.fips,
                  "UseDualStack": case.dual}
        if case.service == "sts":
            fields["UseGlobalEndpoint"] = False
        if case.service == "s3":
            fields.update(Bucket=case.bucket, Accelerate=False,
                          ForcePathStyle=case.wants_path(),
                          UseGlobalEndpoint=False, UseArnRegion=True)
            if case.custom:
                fields["Endpoint"] = case.custom
        try:
            found = self.providers[case.service].resolve_endpoint(**fields)
        except self.failure:
            return "-"
        schemes = found.properties.get("authSchemes", [])
        region = schemes[0]["signingRegion"] if schemes else case.region
        return "%s %s" % (found.url, region)


def partition_of(region):
    return PARTITION.get(region.rsplit("-", 2)[0].replace("eusc-de", "eusc"),
                         "aws")


class Case:
    def __init__(self, service, region, fips, dual, bucket="-", style=AUTO,
                 custom=None):
        self.service, self.region = service, region
        self.fips, self.dual = fips, dual
        self.bucket, self.style, self.custom = bucket, style, custom
        self.arn = bucket.split(":") if bucket.startswith("arn:") else None

    def __str__(self):
        return "%s %s %d %d %d %s %s" % (
            self.service, self.region, self.fips, self.dual, self.style,
            self.custom or "-", self.bucket)

    def wants_path(self):
        """As botocore's clients ask their rules for it, but for the hosts of
        VPC endpoints, which AWS documents the other way."""
        return self.style == PATH or bool(
            self.custom and not self.arn and
            not self.custom.endswith("amazonaws.com"))

    def ours_alone(self):
        """What we refuse although botocore makes a name of it: FIPS hosts in
        China, which do not exist, and an ARN that contradicts itself."""
        return self.fips and partition_of(self.region) == "aws-cn" or \
            self.arn and self.arn[1] != partition_of(self.arn[3])


def word(rng, low, high, letters="abcxyz0189"):
    return "".join(rng.choice(letters) for _ in range(rng.randint(low, high)))


def access_point(rng, region):
    """An ARN, in one of a few cases with something wrong about it."""
    name = rng.choice(["logs", "my-logs", word(rng, 3, 40),
                       word(rng, 3, 20) + "-" + word(rng, 1, 5)])
    parts = ["arn", partition_of(region), "s3", region, "1111222233%02d" %
             rng.randint(0, 99), "accesspoint" + rng.choice(":/") + name]
    fault = rng.randrange(12)
    if fault == 0:
        parts[1] = "aws-elsewhere"
    elif fault == 1:
        parts[4] = "acc_ount"
    elif fault == 2:
        parts[5] += ".x"
    elif fault == 3:
        parts[5] += ":more"
    elif fault == 4:
        parts[5] = "bucket/" + name
    return ":".join(parts)


def bucket(rng, region):
    kind = rng.randrange(6)
    if kind == 0:
        other = rng.choice([region, rng.choice(REGIONS)])
        return access_point(rng, other)
    if kind == 1:
        return word(rng, 3, 20) + "." + word(rng, 3, 20)
    if kind == 2:
        return word(rng, 3, 10) + "-" + word(rng, 30, 34) + "-s3alias"
    if kind == 3:
        return rng.choice(["Upper", "under_score", "ab", "1.2.3.4",
                           word(rng, 63, 64), "end-", "xn--x", "a--b"])
    return word(rng, 3, 12) + rng.choice(["", "-"]) + word(rng, 1, 12)


def random_case(rng):
    region = rng.choice(REGIONS)
    name = bucket(rng, region)
    style = PATH if rng.random() < 0.15 and ":" not in name else AUTO
    custom = None
    if rng.random() < 0.2:
        # Without the names that we alone put into the path: IP addresses,
        # localhost, and names with dots where there is no TLS.
        custom = rng.choice([
            "https://bucket.vpce-1a2b-3c4d.s3.%s.vpce.amazonaws.com" % region,
            "https://minio.example:8443", "https://minio.example",
            "http://s3.internal:9000"])
        if custom.startswith("http:"):
            name = name.replace(".", "x")
    flags = (False, False) if custom else (
        rng.random() < 0.4, rng.random() < 0.4)
    return Case("s3", region, *flags, name, style, custom)


def cases(rng, count):
    for service, region, fips, dual in itertools.product(
            SERVICES, REGIONS, (False, True), (False, True)):
        yield Case(service, region, fips, dual,
                   "logs" if service == "s3" else "-")
    for _ in range(count):
        yield random_case(rng)


def was_otherwise(case, version):
    """Older rules had FIPS names of their own for the portal in GovCloud."""
    return (case.service in ("portal.sso", "oidc") and case.fips and
            case.region.startswith("us-gov-") and
            tuple(int(n) for n in version.split(".")[:2]) < (1, 44))


def run(driver, seed, count):
    rules = Rules()
    rng = random.Random(seed)
    print("botocore %s, seed %d" % (rules.version, seed))
    passed = failed = left_out = 0
    tried = list(cases(rng, count))
    done = subprocess.run([driver], input="".join("%s\n" % c for c in tried),
                          capture_output=True, text=True, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(tried), "the driver did not answer all"
    for case, got in zip(tried, answers):
        try:
            if was_otherwise(case, rules.version):
                raise Old
            want = "-" if case.ours_alone() else rules.expected(case)
        except Old:
            left_out += 1
            continue
        if want == got:
            passed += 1
        else:
            failed += 1
            print("%s\n  botocore  %s\n  trailpost %s" % (case, want, got))
    if left_out:
        print("left out: %d, which this botocore does not know" % left_out)
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("driver")
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(2 ** 32))
    parser.add_argument("--count", type=int, default=1000)
    args = parser.parse_args()
    passed, failed = run(args.driver, args.seed, args.count)
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or passed == 0 else 0)


if __name__ == "__main__":
    use_newer()
    main()
