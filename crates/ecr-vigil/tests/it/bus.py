"""AWS as moto plays it, for whoever listens there: `rule ENDPOINT` makes an event bus of which a queue hears everything,
`hub ENDPOINT` turns Security Hub on, `findings ENDPOINT` prints what it holds."""

import json
import sys

import boto3

action, endpoint = sys.argv[1:]
options = {
    "endpoint_url": endpoint,
    "region_name": "us-east-1",
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}

if action == "rule":
    events, sqs = boto3.client("events", **options), boto3.client("sqs", **options)
    events.create_event_bus(Name="security")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(
        Name="all", EventBusName="security", EventPattern=json.dumps({"source": ["ecr-vigil"]}), State="ENABLED"
    )
    events.put_targets(Rule="all", EventBusName="security", Targets=[{"Id": "queue", "Arn": arn}])
    print(json.dumps({"queue": queue}))
elif action == "hub":
    boto3.client("securityhub", **options).enable_security_hub()
else:
    pages = boto3.client("securityhub", **options).get_paginator("get_findings").paginate()
    print(json.dumps([finding for page in pages for finding in page["Findings"]]))
