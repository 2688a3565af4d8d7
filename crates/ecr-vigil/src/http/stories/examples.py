"""Reads an OpenAPI document, and says which of its examples are not what the schema beside them allows."""

import json
import sys

import jsonschema

document = json.load(sys.stdin)
components = {"components": document["components"]}
found, wrong = 0, []


def check(example, schema, place):
    global found
    found += 1
    validator = jsonschema.Draft202012Validator(
        {**schema, **components}, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    for error in validator.iter_errors(example):
        wrong.append(f"{place}: {example!r}: {error.message}")


def walk(node, place):
    if isinstance(node, list):
        for number, item in enumerate(node):
            walk(item, f"{place}/{number}")
    if not isinstance(node, dict):
        return
    # An example of a parameter or of a body stands beside its schema; one of a schema stands in it.
    schema = node["schema"] if isinstance(node.get("schema"), dict) else node
    is_schema = not place.endswith(("/properties", "/schemas"))
    if is_schema and "example" in node:
        check(node["example"], schema, place)
    if is_schema and isinstance(node.get("examples"), list):
        for example in node["examples"]:
            check(example, schema, place)
    if is_schema and isinstance(node.get("examples"), dict):
        for example in node["examples"].values():
            check(example["value"], schema, place)
    for name, value in node.items():
        if name not in ("example", "examples"):
            walk(value, f"{place}/{name}")


walk(document, "#")
print("\n".join(wrong) or f"{found} examples are right")
sys.exit(1 if wrong or not found else 0)
