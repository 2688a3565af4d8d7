"""A topic of SNS with a queue that hears it: `make ENDPOINT` makes both, `read ENDPOINT QUEUE NUMBER` waits for so many
messages and prints them."""

import json
import sys

import boto3

action, endpoint, *rest = sys.argv[1:]
options = {
    "endpoint_url": endpoint,
    "region_name": "us-east-1",
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}
sns, sqs = boto3.client("sns", **options), boto3.client("sqs", **options)

if action == "make":
    topic = sns.create_topic(Name="findings")["TopicArn"]
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    print(json.dumps({"topic": topic, "queue": queue}))
else:
    queue, number = rest
    heard = []
    while len(heard) < int(number):
        answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    print(json.dumps(heard))
