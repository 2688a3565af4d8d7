"""Serves moto's S3 on a free port, and does there through boto3 what standard input asks for.

Each line of input is answered by one line of output. The first line, unasked, says where the server is. Ends when its
input does.
"""

import json
import sys
import uuid

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="eu-central-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)


def create(bucket):
    """A bucket, in another region than the tests'."""
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})


def store(bucket, number, tags):
    """Stores a configuration exactly as the re-scan service does: compact, members in its order, a UUID of version 4."""
    identifier = str(uuid.UUID(int=number, version=4))
    config = {
        "id": identifier,
        "created": str(1569927812 + number),
        "region": "us-west-2",
        "registry": "123456789012",
        "repository": f"team/app-{number}",
        "tags": tags,
    }
    body = json.dumps(config, separators=(",", ":"))
    s3.put_object(Bucket=bucket, Key=f"{identifier}.json", Body=body)


def fill(bucket, count):
    """Many configurations, every other one for all tags."""
    for number in range(count):
        store(bucket, number, None if number % 2 else ["v1", "v2"])


def put(bucket, key, body):
    """Any object."""
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def read(bucket, key):
    """An object as it lies there."""
    found = s3.get_object(Bucket=bucket, Key=key)
    return {"body": found["Body"].read().decode(), "type": found["ContentType"]}


def answer(value):
    print(json.dumps(value), flush=True)


answer(endpoint)
for line in sys.stdin:
    command, *arguments = json.loads(line)
    answer({"create": create, "fill": fill, "put": put, "read": read}[command](*arguments))
server.stop()
