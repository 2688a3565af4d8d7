"""What no schema can say: a cursor is one that a list has given out, and nothing that anybody makes up; and an exception
does not end before it begins."""

import re

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    cursor = (case.query or {}).get("cursor")
    if isinstance(cursor, str) and re.fullmatch("([0-9a-f]{2})+", cursor):
        del case.query["cursor"]
    if isinstance(case.body, dict) and re.fullmatch(r"\d{4}-\d\d-\d\d", str(case.body.get("until"))):
        case.body["until"] = "9" + case.body["until"][1:]
