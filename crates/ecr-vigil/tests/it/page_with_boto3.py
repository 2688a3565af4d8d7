"""Pages through all repositories and images of the registry that the environment names, and counts them."""

import boto3

ecr = boto3.client("ecr")


def pages(operation, member, size, **arguments):
    answers = ecr.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **arguments)
    return [item for answer in answers for item in answer[member]]


names = {repository["repositoryName"] for repository in pages("describe_repositories", "repositories", 100)}
images = {
    (name, image["imageDigest"])
    for name in names
    for image in pages("describe_images", "imageDetails", 7, repositoryName=name)
}
print(f"{len(names)} repositories, {len(images)} images")
