"""Holds the simulator to botocore's model of ECR, and pages through it with boto3.

    contract.py URL

Every raw answer is checked member by member: nothing unknown, nothing required missing, types, enums, lengths and
patterns as the service model has them, and only error codes that the model or the list of common errors knows.
"""

import http.client
import json
import re
import sys
import threading
import urllib.parse

import boto3
import botocore.config
import botocore.exceptions
import botocore.loaders
import botocore.model

URL = sys.argv[1]
HOST = urllib.parse.urlsplit(URL).netloc
TARGET = "AmazonEC2ContainerRegistry_V20150921."
ACCOUNT, REGION = "123456789012", "us-east-1"

MODEL = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("ecr", "service-2"), "ecr")

# Every operation may answer these, though no model lists them (Amazon ECR API reference, "Common Errors").
COMMON_ERRORS = {
    "AccessDeniedException", "ExpiredTokenException", "InternalFailure", "MissingAuthenticationTokenException",
    "SerializationException", "ServiceUnavailable", "ThrottlingException", "UnknownOperationException",
}
OPERATIONS = {
    "BatchGetImage", "BatchGetRepositoryScanningConfiguration", "CreateRepository", "DescribeImages",
    "DescribeImageScanFindings", "DescribeRepositories", "GetAccountSetting", "GetRegistryScanningConfiguration",
    "ListImages", "ListTagsForResource", "PutLifecyclePolicy", "StartImageScan", "TagResource",
}
answered, errors_seen = set(), set()


# ---- the wire ------------------------------------------------------------------------------------------------------


def send(method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection(HOST, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()
    finally:
        connection.close()


def control(method, path, **body):
    status, _, answer = send(method, "/_sim/" + path, json.dumps(body) if body else b"")
    assert status == 200, (path, status, answer)
    return json.loads(answer)


def signed(account=ACCOUNT, region=REGION):
    scope = f"ASIASIMX{account}/20261121/{region}/ecr/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00"}


def raw(operation, body, headers):
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET + operation, **headers}
    return send("POST", "/", text, headers)


def ok(operation, wider=(), account=ACCOUNT, region=REGION, **body):
    status, headers, answer = raw(operation, body, signed(account, region))
    assert status == 200, (operation, body, status, answer)
    assert headers["content-type"] == "application/x-amz-json-1.1" and headers["x-amzn-requestid"], headers
    answer = json.loads(answer)
    validate(MODEL.operation_model(operation).output_shape, answer, operation, set(wider))
    answered.add(operation)
    return answer


def fails(operation, code, message=None, body=None, status=400, headers=None, **members):
    body = members if body is None else body
    got, answer_headers, answer = raw(operation, body, signed() if headers is None else headers)
    assert got == status, (operation, body, got, answer)
    assert answer_headers["x-amzn-errortype"] == code, (operation, body, answer_headers, answer)
    assert answer_headers["x-amzn-requestid"]
    answer = json.loads(answer)
    assert set(answer) == {"__type", "message"} and answer["__type"] == code, answer
    if code not in COMMON_ERRORS:
        modelled = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
        assert code in modelled, f"{operation} has no {code}, only {sorted(modelled)}"
    if isinstance(message, str):
        assert answer["message"] == message, f"{answer['message']!r} is not {message!r}"
    elif message:
        assert message.search(answer["message"]), f"{answer['message']!r} has no {message.pattern!r}"
    errors_seen.add((operation, code))
    return answer["message"]


# ---- the model -----------------------------------------------------------------------------------------------------


def validate(shape, value, path, wider):
    assert value is not None, f"{path} is null"
    check = {
        "structure": validate_structure, "list": validate_list, "map": validate_map, "string": validate_string,
        "timestamp": validate_number, "double": validate_number, "float": validate_number,
        "integer": validate_integer, "long": validate_integer, "boolean": validate_boolean,
    }[shape.type_name]
    check(shape, value, path, wider)


def validate_structure(shape, value, path, wider):
    assert isinstance(value, dict), f"{path} is no object"
    unknown = set(value) - set(shape.members)
    assert not unknown, f"{path}: the model has no {sorted(unknown)}"
    missing = set(shape.required_members) - set(value)
    assert not missing, f"{path}: {sorted(missing)} missing"
    for name, member in value.items():
        # A failed scan says null where its findings would be.
        failed = name == "imageScanFindings" and value["imageScanStatus"]["status"] == "FAILED"
        if not (failed and member is None):
            validate(shape.members[name], member, f"{path}.{name}", wider)


def validate_list(shape, value, path, wider):
    # The bounds of lists are about requests: a page of ListImages holds up to 1000, though its shape says 100.
    assert isinstance(value, list), f"{path} is no list"
    for number, member in enumerate(value):
        validate(shape.member, member, f"{path}[{number}]", wider)


def validate_map(shape, value, path, wider):
    assert isinstance(value, dict), f"{path} is no map"
    for key, member in value.items():
        validate(shape.key, key, f"{path}[{key}]", wider)
        validate(shape.value, member, f"{path}[{key}]", wider)


def validate_string(shape, value, path, wider):
    assert isinstance(value, str), f"{path} is no string"
    if shape.enum:
        assert value in shape.enum or value in wider, f"{path}: {value!r} is none of {shape.enum}"
    validate_size(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    assert not pattern or re.fullmatch(pattern, value), f"{path}: {value!r} does not match {pattern}"


def validate_number(shape, value, path, _):
    assert isinstance(value, (int, float)) and not isinstance(value, bool), f"{path} is no number"


def validate_integer(shape, value, path, _):
    assert isinstance(value, int) and not isinstance(value, bool), f"{path} is no integer"


def validate_boolean(shape, value, path, _):
    assert isinstance(value, bool), f"{path} is no boolean"


def validate_size(shape, size, path):
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", size)
    assert least <= size <= most, f"{path}: size {size} is not in {least}..{most}"


# ---- stories -------------------------------------------------------------------------------------------------------


def client(service, account=ACCOUNT, region=REGION, **credentials):
    credentials = credentials or {
        "aws_access_key_id": f"ASIASIMX{account}", "aws_secret_access_key": "x", "aws_session_token": "x",
    }
    config = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False)
    return boto3.client(service, endpoint_url=URL, region_name=region, config=config, **credentials)


def advance(**duration):
    seconds = duration.get("seconds", 0) + 3600 * duration.get("hours", 0)
    control("POST", "clock", advance_seconds=seconds)


def the_truth():
    """Everything that exists, as the controls know it."""
    return {
        repository["name"]: control("GET", "images?repository=" + urllib.parse.quote(repository["name"]))
        for repository in control("GET", "repositories")
    }


def boto3_pages_collect_exactly_what_exists():
    ecr, truth = client("ecr"), the_truth()
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 5})
    names = [repository["repositoryName"] for page in pages for repository in page["repositories"]]
    assert sorted(names) == sorted(truth) and len(set(names)) == len(names)
    listed = 0
    for number, (name, images) in enumerate(truth.items()):
        active = [image for image in images if not image["archived"]]
        size = (7, 33, 100)[number % 3]
        pages = ecr.get_paginator("describe_images").paginate(
            repositoryName=name, PaginationConfig={"PageSize": size})
        found = [image for page in pages for image in page["imageDetails"]]
        assert [(image["imageDigest"], image.get("imageTags", [])) for image in found] == \
            [(image["digest"], image["tags"]) for image in active], name
        assert not any("imageScanStatus" in image for image in found)
        listed += len(found)

        pages = ecr.get_paginator("list_images").paginate(
            repositoryName=name, filter={"imageStatus": "ANY"}, PaginationConfig={"PageSize": size})
        found = [(image["imageDigest"], image.get("imageTag")) for page in pages for image in page["imageIds"]]
        assert found == [(image["digest"], tag) for image in images for tag in image["tags"] or [None]], name

        for tag_status, expected in (("TAGGED", True), ("UNTAGGED", False)):
            pages = ecr.get_paginator("describe_images").paginate(
                repositoryName=name, filter={"tagStatus": tag_status}, PaginationConfig={"PageSize": size})
            found = [image["imageDigest"] for page in pages for image in page["imageDetails"]]
            assert found == [image["digest"] for image in active if bool(image["tags"]) == expected], name
    assert listed == 900, f"{listed} images are listed, not the 900 asked for"


def raw_pages_are_well_formed():
    kinds = set()
    for name in the_truth():
        token = {}
        while token is not None:
            page = ok("DescribeImages", repositoryName=name, maxResults=200, filter={"imageStatus": "ANY"}, **token)
            assert len(page["imageDetails"]) <= 200
            kinds |= {image.get("artifactMediaType") for image in page["imageDetails"]}
            token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
        ok("ListImages", repositoryName=name, maxResults=1000)
        ok("ListImages", repositoryName=name, filter={"tagStatus": "UNTAGGED", "imageStatus": "ARCHIVED"})
    assert None in kinds and "application/vnd.cncf.notary.signature" in kinds, kinds
    assert len(ok("DescribeRepositories")["repositories"]) == 12
    assert len(ok("DescribeRepositories", maxResults=5)["repositories"]) == 5
    china = ok("DescribeRepositories", region="cn-north-1", maxResults=1)["repositories"][0]
    assert china["repositoryUri"].startswith(f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn/"), china
    assert china["repositoryArn"].startswith("arn:aws-cn:ecr:"), china


def digests_are_those_of_the_manifests():
    import hashlib
    seen = set()
    for name, images in the_truth().items():
        for batch in range(0, len(images), 100):
            ids = [{"imageDigest": image["digest"]} for image in images[batch:batch + 100] if not image["archived"]]
            if not ids:
                continue
            answer = ok("BatchGetImage", repositoryName=name, imageIds=ids)
            assert len(answer["images"]) == len(ids) and answer["failures"] == []
            for image in answer["images"]:
                digest = "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest()
                assert digest == image["imageId"]["imageDigest"]
                manifest = json.loads(image["imageManifest"])
                for child in manifest.get("manifests", []):
                    seen.add((child["platform"]["architecture"], bool(child.get("annotations"))))
                    assert child["digest"] in {image["digest"] for image in images}, "an index of a missing child"
    assert {("amd64", False), ("arm64", False), ("unknown", True)} <= seen, seen
    name, images = next((name, images) for name, images in the_truth().items() if images[0]["tags"])
    other = "sha256:" + "0" * 64
    answer = ok("BatchGetImage", repositoryName=name, imageIds=[
        {"imageDigest": other}, {"imageTag": "nope"}, {"imageDigest": "x"}, {},
        {"imageTag": images[0]["tags"][0], "imageDigest": other}, {"imageTag": images[0]["tags"][0]}])
    assert [failure["failureCode"] for failure in answer["failures"]] == [
        "ImageNotFound", "ImageNotFound", "InvalidImageDigest", "MissingDigestAndTag", "ImageTagDoesNotMatchDigest"]
    assert len(answer["images"]) == 1


def every_generated_image_answers_about_its_scan():
    statuses = set()
    for name, images in the_truth().items():
        for image in images:
            subject = {"repositoryName": name, "imageId": {"imageDigest": image["digest"]}}
            if image["scan_status"] is None:
                fails("DescribeImageScanFindings", "ScanNotFoundException",
                      f"Image scan does not exist for the image with '{{imageDigest:'{image['digest']}', "
                      f"imageTag:'null'}}' in the repository with name '{name}' in the registry with id '{ACCOUNT}'",
                      **subject)
                continue
            answer = ok("DescribeImageScanFindings", **subject)
            assert answer["imageScanStatus"]["status"] == image["scan_status"]
            statuses.add(image["scan_status"])
            if image["scan_status"] == "COMPLETE":
                found = answer["imageScanFindings"]
                if "nextToken" not in answer:
                    assert sum(found["findingSeverityCounts"].values()) == len(found["findings"])
    assert statuses == {"COMPLETE", "FAILED", "IMAGE_ARCHIVED"}, statuses


def scans_take_time_and_keep_their_findings():
    control("POST", "scans", min_seconds=60, max_seconds=60, daily_limit=100000)
    control("POST", "repositories", name="story/scan")
    subject = add("story/scan", tags=["v1", "latest"], findings=findings(5))
    by_tag = {"repositoryName": "story/scan", "imageId": {"imageTag": "latest"}}
    digest = subject["imageId"]["imageDigest"]
    fails("DescribeImageScanFindings", "ScanNotFoundException", re.compile(f"{digest}', imageTag:'latest'"), **by_tag)
    started = ok("StartImageScan", **by_tag)
    assert started["imageScanStatus"] == {"status": "IN_PROGRESS"} and started["imageId"]["imageDigest"] == digest
    answer = ok("DescribeImageScanFindings", **subject)
    assert answer["imageScanStatus"]["status"] == "IN_PROGRESS" and "imageScanFindings" not in answer
    quota = "The scan quota per image has been exceeded. Wait and try again."
    fails("StartImageScan", "LimitExceededException", quota, **subject)

    advance(seconds=60)
    answer = ok("DescribeImageScanFindings", **subject)
    assert answer["imageScanStatus"] == {
        "status": "COMPLETE", "description": "The scan was completed successfully."}
    assert len(answer["imageScanFindings"]["findings"]) == 5

    control("POST", "findings", repository="story/scan", digest=digest, findings=findings(7))
    assert len(ok("DescribeImageScanFindings", **subject)["imageScanFindings"]["findings"]) == 5
    advance(seconds=24 * 3600 - 61)
    fails("StartImageScan", "LimitExceededException", quota, **subject)
    advance(seconds=1)
    ok("StartImageScan", **subject)
    answer = ok("DescribeImageScanFindings", **subject)
    assert answer["imageScanStatus"]["status"] == "IN_PROGRESS"
    assert len(answer["imageScanFindings"]["findings"]) == 5, "the findings before stay until the scan is complete"
    advance(seconds=60)
    pages = list(client("ecr").get_paginator("describe_image_scan_findings").paginate(
        **subject, PaginationConfig={"PageSize": 3}))
    assert [len(page["imageScanFindings"]["findings"]) for page in pages] == [3, 3, 1]
    assert all(sum(page["imageScanFindings"]["findingSeverityCounts"].values()) == 7 for page in pages)
    ok("DescribeImageScanFindings", **subject, maxResults=3)


def what_cannot_be_scanned_is_refused_as_ecr_does():
    control("POST", "repositories", name="story/kinds")
    child = add("story/kinds")["imageId"]["imageDigest"]
    for kind, media_type in (
        ("oci-index", "application/vnd.oci.image.index.v1+json"),
        ("docker-manifest-list", "application/vnd.docker.distribution.manifest.list.v2+json"),
        ("helm-chart", "application/vnd.cncf.helm.config.v1+json"),
        ("referrer", "application/vnd.cncf.notary.signature"),
    ):
        subject = add("story/kinds", kind=kind, tags=[kind], refers_to=[] if kind == "helm-chart" else [child])
        text = (f"An artifact with media type '{media_type}' cannot be scanned. For more information, see the "
                "Amazon ECR documentation.")
        fails("StartImageScan", "UnsupportedImageTypeException", text, **subject)
        fails("DescribeImageScanFindings", "ScanNotFoundException", **subject)
    for members in ({"unsupported": True}, {"kind": "attestation", "refers_to": [child]}):
        subject = add("story/kinds", **members)
        ok("StartImageScan", **subject)
        advance(seconds=60)
        answer = ok("DescribeImageScanFindings", **subject)
        assert answer["imageScanStatus"] == {
            "status": "FAILED",
            "description": "UnsupportedImageError: The operating system and/or package manager are not supported."}
        assert answer["imageScanFindings"] is None
    archived = add("story/kinds", tags=["old"])
    control("POST", "archive", repository="story/kinds", digest=archived["imageId"]["imageDigest"])
    fails("StartImageScan", "ImageArchivedException",
          "The specified image is archived and cannot be scanned.", **archived)
    fails("DescribeImages", "ImageNotFoundException",
          repositoryName="story/kinds", imageIds=[{"imageTag": "old"}])
    shown = ok("DescribeImages", repositoryName="story/kinds", imageIds=[{"imageTag": "old"}],
               filter={"imageStatus": "ARCHIVED"})
    assert shown["imageDetails"][0]["imageStatus"] == "ARCHIVED"
    ok("DescribeImages", repositoryName="story/kinds", maxResults=1000)
    ok("BatchGetImage", repositoryName="story/kinds", imageIds=[{"imageTag": "oci-index"}, {"imageTag": "old"}])


def statuses_are_whatever_is_dictated():
    control("POST", "repositories", name="story/status")
    subject = add("story/status", findings=findings(2))
    status_enum = MODEL.shape_for("ScanStatus").enum
    assert {"ACTIVE", "LIMIT_EXCEEDED", "UNSUPPORTED_IMAGE", "IMAGE_SIZE_EXCEEDED"} <= set(status_enum)
    for status in [*status_enum, "A_WORD_OF_TOMORROW"]:
        dictate(subject, status, "as the test wants it")
        answer = ok("DescribeImageScanFindings", wider=["A_WORD_OF_TOMORROW"], **subject)
        assert answer["imageScanStatus"] == {"status": status, "description": "as the test wants it"}
    dictate(subject, None)
    fails("DescribeImageScanFindings", "ScanNotFoundException", **subject)


def completion_can_come_before_the_findings():
    control("POST", "scans", min_seconds=60, max_seconds=60, empty_reads_after_completion=1)
    control("POST", "repositories", name="story/early")
    subject = add("story/early", findings=findings(4))
    ok("StartImageScan", **subject)
    advance(seconds=60)
    account = "777788880000"
    control("POST", "scanning", scan_type="ENHANCED", account=account,
            rules=[{"frequency": "SCAN_ON_PUSH", "filters": ["story/*"]}])
    control("POST", "repositories", name="story/early", account=account)
    pushed = add("story/early", account=account, enhanced_findings=[{"severity": "HIGH"}] * 4)
    for asked, shown in ((subject, "findings"), ({"account": account, **pushed}, "enhancedFindings")):
        early, late = ok("DescribeImageScanFindings", **asked), ok("DescribeImageScanFindings", **asked)
        assert early["imageScanStatus"]["status"] == late["imageScanStatus"]["status"] == "COMPLETE"
        assert early["imageScanFindings"]["findings"] == []
        assert early["imageScanFindings"].keys().isdisjoint({"findingSeverityCounts", "enhancedFindings"})
        assert len(late["imageScanFindings"][shown]) == 4
    control("POST", "scans", min_seconds=60, max_seconds=60)


def a_day_has_its_own_limit():
    account = "444455556666"
    control("POST", "scans", min_seconds=60, max_seconds=60, daily_limit=2)
    control("POST", "repositories", name="story/day", account=account)
    subjects = [add("story/day", account=account) for _ in range(3)]
    for subject in subjects[:2]:
        ok("StartImageScan", account=account, **subject)
    text = fails("StartImageScan", "LimitExceededException", headers=signed(account), **subjects[2])
    assert "per image" not in text
    advance(hours=24)
    ok("StartImageScan", account=account, **subjects[2])
    control("POST", "scans", min_seconds=60, max_seconds=60)


def pushes_are_scanned_where_a_rule_says_so():
    rule = {"frequency": "SCAN_ON_PUSH", "filters": ["story/push"]}
    control("POST", "scanning", scan_type="BASIC", rules=[rule])
    control("POST", "repositories", name="story/push")
    subject = add("story/push")
    assert ok("DescribeImageScanFindings", **subject)["imageScanStatus"]["status"] == "IN_PROGRESS"
    fails("StartImageScan", "LimitExceededException", **subject)
    answer = ok("BatchGetRepositoryScanningConfiguration", repositoryNames=["story/push", "story/scan", "story/none"])
    assert [each["scanFrequency"] for each in answer["scanningConfigurations"]] == ["SCAN_ON_PUSH", "MANUAL"]
    assert answer["failures"][0]["failureCode"] == "REPOSITORY_NOT_FOUND"
    configuration = ok("GetRegistryScanningConfiguration")["scanningConfiguration"]
    assert configuration["rules"][0]["repositoryFilters"] == [{"filter": "story/push", "filterType": "WILDCARD"}]
    control("POST", "scanning", scan_type="BASIC")


def enhanced_registries_scan_on_their_own():
    account = "777788889999"
    rules = [{"frequency": "CONTINUOUS_SCAN", "filters": ["story/*"]}]
    control("POST", "scanning", scan_type="ENHANCED", rules=rules, account=account)
    configuration = ok("GetRegistryScanningConfiguration", account=account)["scanningConfiguration"]
    assert configuration["scanType"] == "ENHANCED"
    for name in ("story/on", "off"):
        control("POST", "repositories", name=name, account=account)
    watched, ignored = add("story/on", account=account, tags=["v1"]), add("off", account=account)
    fails("StartImageScan", "ValidationException", "This feature is disabled", headers=signed(account), **watched)
    fails("DescribeImageScanFindings", "ScanNotFoundException", headers=signed(account), **ignored)
    answer = ok("DescribeImageScanFindings", wider=["UNTRIAGED"], account=account, **watched)
    assert answer["imageScanStatus"] == {"status": "ACTIVE", "description": "Continuous scan is selected for image."}
    assert answer["imageScanFindings"]["findings"] == []
    shown = len(answer["imageScanFindings"]["enhancedFindings"])
    assert sum(answer["imageScanFindings"]["findingSeverityCounts"].values()) == shown
    dictate(watched, "ACTIVE", completed_at="2026-01-02T03:04:05Z", account=account)
    answer = ok("DescribeImageScanFindings", wider=["UNTRIAGED"], account=account, **watched)
    assert answer["imageScanFindings"]["imageScanCompletedAt"] == 1767323045.0
    control("POST", "scanning", scan_type="ENHANCED", rules=rules, account=account, eligible_days=14)
    old = add("story/on", account=account, pushed_at="2020-01-01T00:00:00Z")
    answer = ok("DescribeImageScanFindings", account=account, **old)
    assert answer["imageScanStatus"]["status"] == "SCAN_ELIGIBILITY_EXPIRED"
    repositories = ok("DescribeRepositories", account=account)["repositories"]
    for repository in repositories[:4]:
        name = repository["repositoryName"]
        control("POST", "scanning", scan_type="ENHANCED", account=account,
                rules=[{"frequency": "CONTINUOUS_SCAN", "filters": [name]}])
        for image in ok("DescribeImages", account=account, repositoryName=name)["imageDetails"][:40]:
            subject = {"repositoryName": name, "imageId": {"imageDigest": image["imageDigest"]}}
            status, _, body = raw("DescribeImageScanFindings", {**subject, "maxResults": 10}, signed(account))
            if status == 200:
                shape = MODEL.operation_model("DescribeImageScanFindings").output_shape
                validate(shape, json.loads(body), "enhanced", {"UNTRIAGED"})
            else:
                assert json.loads(body)["__type"] == "ScanNotFoundException"


def wrong_requests_get_the_errors_of_ecr():
    no_repository = f"The repository with name 'story/none' does not exist in the registry with id '{ACCOUNT}'"
    image = {"imageId": {"imageTag": "nope"}}
    for operation, members in {
        "ListImages": {}, "DescribeImages": {}, "StartImageScan": image, "DescribeImageScanFindings": image,
        "BatchGetImage": {"imageIds": [{"imageTag": "nope"}]}, "PutLifecyclePolicy": {"lifecyclePolicyText": "x" * 100},
    }.items():
        fails(operation, "RepositoryNotFoundException", no_repository, repositoryName="story/none", **members)
        pattern = re.compile(r"^Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy "
                             r"regular expression '\[a-z0-9\]\+")
        fails(operation, "InvalidParameterException", pattern, repositoryName="NO", **members)
        fails(operation, "InvalidParameterException", **members)
        fails(operation, "InvalidParameterException", registryId="12", repositoryName="story/scan", **members)
    fails("DescribeRepositories", "RepositoryNotFoundException", no_repository,
          repositoryNames=["story/scan", "story/none"])
    fails("DescribeRepositories", "InvalidParameterException", repositoryNames=["story/scan"], maxResults=5)
    fails("DescribeRepositories", "InvalidParameterException", repositoryNames=[])
    no_image = (f"The image with imageId {{imageDigest:'null', imageTag:'nope'}} does not exist within the repository "
                f"with name 'story/scan' in the registry with id '{ACCOUNT}'")
    for operation in ("StartImageScan", "DescribeImageScanFindings"):
        fails(operation, "ImageNotFoundException", no_image, repositoryName="story/scan", **image)
        fails(operation, "InvalidParameterException", repositoryName="story/scan")
        fails(operation, "InvalidParameterException", repositoryName="story/scan", imageId={})
        fails(operation, "InvalidParameterException", repositoryName="story/scan", imageId={"imageDigest": "x"})
    ids = [{"imageTag": "latest"}]
    fails("DescribeImages", "ImageNotFoundException", no_image, repositoryName="story/scan",
          imageIds=[*ids, {"imageTag": "nope"}])
    assert len(ok("DescribeImages", repositoryName="story/scan", imageIds=ids)["imageDetails"]) == 1
    fails("DescribeImages", "InvalidParameterException", repositoryName="story/scan", imageIds=ids, maxResults=5)
    fails("DescribeImages", "InvalidParameterException", repositoryName="story/scan", imageIds=ids * 101)
    fails("BatchGetImage", "InvalidParameterException", repositoryName="story/scan", imageIds=ids * 101)
    fails("BatchGetRepositoryScanningConfiguration", "InvalidParameterException", repositoryNames=["ab"] * 26)
    fails("GetAccountSetting", "InvalidParameterException", name="NO_SETTING")
    for operation, members in {
        "DescribeRepositories": {}, "ListImages": {"repositoryName": "story/scan"},
        "DescribeImages": {"repositoryName": "story/scan"},
        "DescribeImageScanFindings": {"repositoryName": "story/scan", "imageId": ids[0]},
    }.items():
        for size in (0, 1001):
            fails(operation, "InvalidParameterException", re.compile("'maxResults'"), maxResults=size, **members)
        fails(operation, "InvalidParameterException", re.compile("'nextToken'"), nextToken="foreign", **members)
    foreign = ok("DescribeRepositories", maxResults=1)["nextToken"]
    fails("DescribeImages", "InvalidParameterException", nextToken=foreign, repositoryName="story/scan")
    fails("DescribeImages", "InvalidParameterException", filter={"tagStatus": "NO"}, repositoryName="story/scan")
    fails("DescribeImages", "InvalidParameterException", filter={"imageStatus": "NO"}, repositoryName="story/scan")


def the_protocol_has_its_own_errors():
    fails("DescribeRepositories", "MissingAuthenticationTokenException", headers={})
    fails("DescribeRepositories", "SerializationException", body="{")
    fails("DescribeRepositories", "SerializationException", body='{"maxResults":"many"}')
    fails("MakeCoffee", "UnknownOperationException")
    ok("DescribeImages", repositoryName="story/scan", filter=None, nextToken=None, maxResults=None)
    status, _, body = send("POST", "/_sim/images", json.dumps({"repository": "story/scan", "tagz": []}))
    assert status == 400 and b"tagz" in body, body
    status, _, body = send("GET", "/_sim")
    assert status == 200 and b"/_sim/wait" in body


def repositories_and_settings_are_managed():
    for name, value in (("BASIC_SCAN_TYPE_VERSION", "AWS_NATIVE"), ("REGISTRY_POLICY_SCOPE", "V2"),
                        ("BLOB_MOUNTING", "DISABLED")):
        assert ok("GetAccountSetting", name=name) == {"name": name, "value": value}
    created = ok("CreateRepository", repositoryName="story/new", imageTagMutability="IMMUTABLE",
                 imageScanningConfiguration={"scanOnPush": True},
                 tags=[{"Key": "owner", "Value": "ann"}])["repository"]
    assert created["repositoryUri"] == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/story/new"
    fails("CreateRepository", "RepositoryAlreadyExistsException",
          f"The repository with name 'story/new' already exists in the registry with id '{ACCOUNT}'",
          repositoryName="story/new")
    arn = created["repositoryArn"]
    assert ok("ListTagsForResource", resourceArn=arn)["tags"] == [{"Key": "owner", "Value": "ann"}]
    ok("TagResource", resourceArn=arn, tags=[{"Key": "stage", "Value": ""}, {"Key": "owner", "Value": "bob"}])
    assert ok("ListTagsForResource", resourceArn=arn)["tags"] == [
        {"Key": "owner", "Value": "bob"}, {"Key": "stage", "Value": ""}]
    fails("ListTagsForResource", "RepositoryNotFoundException", resourceArn=arn.replace("/new", "/none"))
    fails("ListTagsForResource", "InvalidParameterException", resourceArn="arn:aws:s3:::bucket")
    fails("TagResource", "InvalidTagParameterException", resourceArn=arn, tags=[{"Key": "aws:x", "Value": "y"}])
    fails("TagResource", "TooManyTagsException", resourceArn=arn,
          tags=[{"Key": f"k{n}", "Value": ""} for n in range(51)])
    fails("CreateRepository", "InvalidParameterException", repositoryName="No")
    fails("CreateRepository", "InvalidParameterException", repositoryName="story/x", imageTagMutability="NO")
    policy = json.dumps({"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {
        "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}}]})
    assert ok("PutLifecyclePolicy", repositoryName="story/new", lifecyclePolicyText=policy)[
        "lifecyclePolicyText"] == policy
    no_policy = re.compile(r"^Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
                           r"'Lifecycle policy validation failure: ")
    for text in (policy + "x", "x" * 100, *map(json.dumps, (
            ["x" * 100], [[{"x": "x" * 100}]], {"rulez": ["x" * 100]}, {"rules": "x" * 100}, {"rules": ["x" * 100]}))):
        fails("PutLifecyclePolicy", "InvalidParameterException", no_policy, repositoryName="story/new",
              lifecyclePolicyText=text)
    fails("PutLifecyclePolicy", "InvalidParameterException", repositoryName="story/new", lifecyclePolicyText="{}")
    named = ok("DescribeRepositories", repositoryNames=["story/new"])["repositories"]
    assert [each["imageTagMutability"] for each in named] == ["IMMUTABLE"]
    control("DELETE", "repositories?name=story/new")
    fails("ListImages", "RepositoryNotFoundException", repositoryName="story/new")
    gone = control("GET", "repositories")[0]["name"]
    control("DELETE", "repositories?name=" + gone)
    fails("ListImages", "RepositoryNotFoundException", repositoryName=gone)
    assert gone not in {each["repositoryName"] for each in ok("DescribeRepositories")["repositories"]}


def calls_fail_as_they_are_told():
    denied = re.compile(r"^User: arn:aws:.* is not authorized to perform: ecr:ListImages on resource: arn:aws:ecr:")
    here = {"repositoryName": "story/scan"}
    for action, code, message, status in (
        ("access-denied", "AccessDeniedException", denied, 400),
        ("throttle", "ThrottlingException", "Rate exceeded", 400),
        ("server-error", "ServerException", None, 500),
        ({"error": {"code": "ExpiredTokenException", "message": "expired"}}, "ExpiredTokenException", "expired", 400),
    ):
        control("POST", "faults", operation="ListImages", repository="story/scan", times=1, action=action)
        fails("ListImages", code, message, status=status, **here)
        ok("ListImages", **here)
    control("POST", "faults", operation="ListImages", every=2, action="drop")
    ok("ListImages", **here)
    expect_broken(lambda: ok("ListImages", **here), http.client.RemoteDisconnected)
    control("DELETE", "faults")
    control("POST", "faults", operation="ListImages", times=1, action="truncate")
    expect_broken(lambda: ok("ListImages", **here), http.client.IncompleteRead)
    control("POST", "faults", operation="ListImages", times=1, action="unavailable")
    status, _, body = raw("ListImages", here, signed())
    assert status == 503 and b"<html>" in body
    control("POST", "faults", operation="ListImages", times=1, action={"latency-ms": 1})
    ok("ListImages", **here)
    control("DELETE", "faults")


def a_held_call_can_be_waited_for():
    control("POST", "reset-calls")
    fault = control("POST", "faults", operation="DescribeImages", action="hold")["id"]
    answers = []
    calls = [threading.Thread(target=lambda: answers.append(ok("DescribeImages", repositoryName="story/scan")))
             for _ in range(2)]
    for call in calls:
        call.start()
    counted = control("GET", "wait?operation=DescribeImages&calls=2")
    assert counted == {"arrived": 2, "ok": 0, "throttled": 0, "errors": 0} and answers == []
    control("DELETE", f"faults?id={fault}")
    for call in calls:
        call.join()
    assert len(answers) == 2
    assert control("GET", "calls") == {"DescribeImages": {"arrived": 2, "ok": 2, "throttled": 0, "errors": 0}}


def operations_are_throttled_by_the_clock():
    control("POST", "limits", operation="ListImages", rate=1, burst=2)
    here = {"repositoryName": "story/scan"}
    ok("ListImages", **here)
    ok("ListImages", **here)
    fails("ListImages", "ThrottlingException", "Rate exceeded", **here)
    advance(seconds=1)
    ok("ListImages", **here)
    fails("ListImages", "ThrottlingException", "Rate exceeded", **here)
    control("POST", "limits", operation="ListImages")
    ok("ListImages", **here)


def roles_of_other_accounts_can_be_assumed():
    sts = client("sts", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    role = {"RoleArn": "arn:aws:iam::111122223333:role/vigil", "RoleSessionName": "story"}
    for members in ({}, {"ExternalId": "wrong"}):
        try:
            sts.assume_role(**role, **members)
            raise AssertionError("the external id was not asked for")
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDenied", error
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assumed = sts.assume_role(**role, ExternalId="shared-secret")["Credentials"]
    credentials = {
        "aws_access_key_id": assumed["AccessKeyId"], "aws_secret_access_key": assumed["SecretAccessKey"],
        "aws_session_token": assumed["SessionToken"],
    }
    identity = client("sts", **credentials).get_caller_identity()
    assert identity["Account"] == "111122223333"
    assert identity["Arn"] == "arn:aws:sts::111122223333:assumed-role/vigil/story", identity
    theirs = client("ecr", region="eu-west-1", **credentials).describe_repositories()["repositories"]
    assert {repository["registryId"] for repository in theirs} == {"111122223333"}
    assert all(".dkr.ecr.eu-west-1." in repository["repositoryUri"] for repository in theirs)
    ours = ok("DescribeImages", repositoryName=theirs[-1]["repositoryName"])["imageDetails"]
    named = ok("DescribeImages", registryId="111122223333", region="eu-west-1",
               repositoryName=theirs[-1]["repositoryName"])["imageDetails"]
    assert {image["imageDigest"] for image in ours}.isdisjoint(image["imageDigest"] for image in named)


# ---- props ---------------------------------------------------------------------------------------------------------


def add(repository, account=ACCOUNT, **image):
    digest = control("POST", "images", repository=repository, account=account, **image)["digest"]
    return {"repositoryName": repository, "imageId": {"imageDigest": digest}}


def dictate(subject, status, description=None, completed_at=None, account=ACCOUNT):
    control("POST", "status", repository=subject["repositoryName"], digest=subject["imageId"]["imageDigest"],
            status=status, description=description, completed_at=completed_at, account=account)


def findings(count):
    return [{"name": f"CVE-2024-{number:05}", "severity": "HIGH" if number % 2 else "LOW",
             "attributes": [{"key": "package_name", "value": "zlib"}]} for number in range(count)]


def expect_broken(call, error):
    try:
        call()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


STORIES = (
    boto3_pages_collect_exactly_what_exists,
    raw_pages_are_well_formed,
    digests_are_those_of_the_manifests,
    every_generated_image_answers_about_its_scan,
    scans_take_time_and_keep_their_findings,
    what_cannot_be_scanned_is_refused_as_ecr_does,
    statuses_are_whatever_is_dictated,
    completion_can_come_before_the_findings,
    a_day_has_its_own_limit,
    pushes_are_scanned_where_a_rule_says_so,
    enhanced_registries_scan_on_their_own,
    wrong_requests_get_the_errors_of_ecr,
    the_protocol_has_its_own_errors,
    repositories_and_settings_are_managed,
    calls_fail_as_they_are_told,
    a_held_call_can_be_waited_for,
    operations_are_throttled_by_the_clock,
    roles_of_other_accounts_can_be_assumed,
)

if __name__ == "__main__":
    for story in STORIES:
        story()
        print("ok", story.__name__.replace("_", " "))
    assert answered == OPERATIONS, f"no good answer was checked of {sorted(OPERATIONS - answered)}"
    print(f"{len(errors_seen)} error answers checked")
