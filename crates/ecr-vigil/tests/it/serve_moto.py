"""Serves moto on a free port, fills its ECR, and says on standard error where it is and what it holds.

Ends when its standard input does.
"""

import hashlib
import json
import sys
import time
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
ecr = boto3.client(
    "ecr",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)


def push(repository, tag):
    """Pushes an image; moto would make up a digest that is not that of the manifest."""
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": 7,
                "digest": "sha256:" + hashlib.sha256(f"{repository}:{tag}".encode()).hexdigest(),
            },
            "layers": [],
        }
    )
    digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()
    ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag, imageDigest=digest)
    return digest


def dictate(repository, digest, findings):
    """Says what scans of an image find, in place of the one finding that moto makes up."""
    counts = {finding["severity"]: 1 for finding in findings}
    result = {
        "registryId": ACCOUNT,
        "repositoryName": repository,
        "imageId": {"imageDigest": digest},
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "findings": findings,
            "findingSeverityCounts": counts,
            "imageScanCompletedAt": time.time(),
        },
    }
    request = urllib.request.Request(
        f"{endpoint}/moto-api/static/ecr/scan-finding-results",
        data=json.dumps({"results": [result]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).close()


for name in ["team/app", "team/web"]:
    ecr.create_repository(repositoryName=name)
push("team/app", "v1")
push("team/app", "v2")
chosen = push("team/web", "v1")
dictate("team/web", chosen, [{"name": "CVE-2024-3094", "severity": "CRITICAL"}])

print(json.dumps({"endpoint": endpoint, "images": 3}), file=sys.stderr, flush=True)
sys.stdin.read()
server.stop()
