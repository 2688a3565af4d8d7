"""Queues of SQS: `make ENDPOINT` makes one for events with one for its dead letters, and one for dead letters of its own;
`send ENDPOINT QUEUE` sends each string of the JSON list on standard input; `read ENDPOINT QUEUE NUMBER` waits for so many
messages and prints them; `left ENDPOINT QUEUE` prints how many there are, those that somebody has in hand included."""

import json
import sys

import boto3

action, endpoint, *rest = sys.argv[1:]
sqs = boto3.client(
    "sqs",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)


def attributes(queue, *names):
    return sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=list(names))["Attributes"]


if action == "make":
    dead, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ["dead", "other"])
    policy = {"deadLetterTargetArn": attributes(dead, "QueueArn")["QueueArn"], "maxReceiveCount": 20}
    queue = sqs.create_queue(QueueName="events", Attributes={"RedrivePolicy": json.dumps(policy)})
    plain = sqs.create_queue(QueueName="plain")
    print(json.dumps({"events": queue["QueueUrl"], "dead": dead, "other": other, "plain": plain["QueueUrl"]}))
elif action == "send":
    for body in json.load(sys.stdin):
        sqs.send_message(QueueUrl=rest[0], MessageBody=body)
elif action == "left":
    counts = attributes(rest[0], "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    print(sum(map(int, counts.values())))
else:
    heard = []
    while len(heard) < int(rest[1]):
        answer = sqs.receive_message(
            QueueUrl=rest[0], WaitTimeSeconds=20, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            reason = message.get("MessageAttributes", {}).get("reason", {}).get("StringValue")
            heard.append({"body": message["Body"], "reason": reason})
            sqs.delete_message(QueueUrl=rest[0], ReceiptHandle=message["ReceiptHandle"])
    print(json.dumps(heard))
