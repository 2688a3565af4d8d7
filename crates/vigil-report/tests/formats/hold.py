"""Holds a report on standard input to its format, as others read it: `hold.py FORMAT`.

Says what it read, so that a report of nothing does not pass for a good one.
"""

import csv
import io
import json
import re
import sys
import xml.etree.ElementTree as xml
from html.parser import HTMLParser
from pathlib import Path

HERE = Path(__file__).parent


def demand(condition, *words):
    if not condition:
        sys.exit(" ".join(str(word) for word in words))


def sarif(report):
    import jsonschema

    log = json.loads(report)
    schema = json.loads((HERE / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(log)]
    demand(not errors, *errors)
    # What GitHub wants beyond the schema, from its page on SARIF support.
    names = [run["automationDetails"]["id"] for run in log["runs"]]
    demand(len(set(names)) == len(names) and all(name.count("/") == 1 for name in names), names)
    told = 0
    for run in log["runs"]:
        rules, results = run["tool"]["driver"]["rules"], run["results"]
        demand(len(results) <= 25_000, "too many results of a run")
        demand(len({rule["id"] for rule in rules}) == len(rules), "two rules have the same id")
        for rule in rules:
            demand(rule["help"]["text"] and rule["help"]["markdown"], "no help", rule)
            demand(0 < len(rule["shortDescription"]["text"]) <= 1024, "no description", rule)
            demand(0 < len(rule["fullDescription"]["text"]) <= 1024, "no description", rule)
            demand(len(rule["properties"]["tags"]) <= 10, "too many tags", rule)
            severity = rule["properties"].get("security-severity", "0.0")
            demand(re.fullmatch(r"\d+\.\d", severity) and float(severity) <= 10, "severity", rule)
        prints = []
        for result in results:
            demand(rules[result["ruleIndex"]]["id"] == result["ruleId"], "not its rule", result)
            physical = result["locations"][0]["physicalLocation"]
            demand(re.fullmatch(r"[\w.-]+(/[\w.:@-]+)+", physical["artifactLocation"]["uri"]), "uri", result)
            demand(physical["region"]["startLine"] == 1, "no line", result)
            prints.append(result["partialFingerprints"]["primaryLocationLineHash"])
        demand(len(set(prints)) == len(prints), "two results are one alert")
        told += len(results)
    return f"{len(log['runs'])} runs, {told} results"


def cyclonedx(report):
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(report)
    demand(error is None, error)
    document = json.loads(report)
    bom = Bom.from_json(document)
    names = {component["bom-ref"] for component in document["components"]}
    demand(len(names) == len(document["components"]), "two components have the same name")
    for component in bom.components:
        demand(component.purl and component.purl.type == "oci", "no purl", component)
        demand(component.purl.version.startswith("sha256:"), component.purl)
        demand(component.purl.qualifiers["repository_url"] == component.name, component.purl)
    for vulnerability in document["vulnerabilities"]:
        demand({affected["ref"] for affected in vulnerability["affects"]} <= names, vulnerability)
    return f"{len(document['components'])} components, {len(document['vulnerabilities'])} vulnerabilities"


def openvex(report):
    from lib4vex.parser import VEXParser
    from packageurl import PackageURL

    document = json.loads(report)
    demand(document["@context"] == "https://openvex.dev/ns/v0.2.0", document["@context"])
    demand(document["@id"].startswith("urn:uuid:") and document["author"] and document["version"] == 1, "head")
    known = {"vulnerability", "timestamp", "products", "status", "status_notes", "impact_statement", "action_statement"}
    said = [json.dumps(statement, sort_keys=True) for statement in document["statements"]]
    demand(len(set(said)) == len(said), "a statement is made twice")
    for statement in document["statements"]:
        demand(set(statement) <= known, statement)
        demand(statement["vulnerability"]["name"], statement)
        demand(statement["status"] in ("affected", "not_affected", "under_investigation"), statement)
        # The schema demands these two, each with its status and with no other.
        demand(("action_statement" in statement) == (statement["status"] == "affected"), statement)
        demand(("impact_statement" in statement) == (statement["status"] == "not_affected"), statement)
        for product in statement["products"]:
            demand(PackageURL.from_string(product["@id"]).type == "oci", product)
            for part in product.get("subcomponents", []):
                demand(PackageURL.from_string(part["@id"]).name, part)
    file = Path(sys.argv[2]) / "report.openvex.json"
    file.write_text(report, encoding="utf-8")
    parser = VEXParser(vex_type="openvex")
    parser.parse(str(file))
    demand(len(parser.get_vulnerabilities()) == len(said), "not all statements are read")
    return f"{len(said)} statements"


def junit(report):
    root = xml.fromstring(report)
    demand(root.tag == "testsuites", root.tag)
    kinds = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    for suite in root:
        demand(int(suite.get("tests")) == len(suite), "tests", suite.get("name"))
        for count, tag in kinds.items():
            demand(int(suite.get(count)) == len(suite.findall(f"testcase/{tag}")), count, suite.get("name"))
        cases = [(case.get("classname"), case.get("name")) for case in suite]
        demand(len(set(cases)) == len(cases) and all(all(case) for case in cases), cases)
    return f"{len(root)} suites, {len(root.findall('testsuite/testcase'))} cases"


def sheet(report):
    rows = list(csv.DictReader(io.StringIO(report, newline=""), strict=True))
    for row in rows:
        demand(None not in row and None not in row.values(), "not as many cells as columns", row)
        for cell in row.values():
            demand(not cell.startswith(("=", "+", "-", "@", "\t", "\r")) and "\n" not in cell, "a formula", row)
    return f"{len(rows)} rows"


class Page(HTMLParser):
    """Counts what is in a page, and refuses what ECR could have put there."""

    VOID = {"meta", "col", "input"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.scripts, self.rows = [], 0, 0

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            demand(not name.startswith("on"), "an event handler", tag, name)
            if name in ("href", "src"):
                demand(tag == "a" and value.startswith(("https://", "http://")), "an address", tag, value)
        self.scripts += tag == "script"
        self.rows += tag == "tr"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        demand(self.open and self.open.pop() == tag, "not nested", tag)


def html(report):
    page = Page()
    page.feed(report)
    page.close()
    demand(not page.open, "left open", page.open)
    demand(page.scripts == 1, f"{page.scripts} scripts")
    return f"{page.rows} rows"


def markdown(report):
    from markdown_it import MarkdownIt

    demand(len(report) < 65_536, "too long for a comment")
    tokens = MarkdownIt("gfm-like", {"html": True}).parse(report)
    children = [child for token in tokens for child in (token.children or [])]
    for token in [*tokens, *children]:
        if token.type in ("html_block", "html_inline"):
            tags = set(re.findall(r"<\s*/?\s*([!\w]+)", token.content))
            demand(tags <= {"details", "summary", "!"}, "markup", token.content)
        demand(token.type != "image", "an image")
        if token.type == "link_open":
            demand(token.attrs["href"].startswith(("https://", "http://")), "an address", token.attrs)
    return f"{sum(token.type == 'tr_open' for token in tokens)} rows"


def atom(report):
    import feedparser
    import rnc2rng
    from lxml import etree

    schema = rnc2rng.dumps(rnc2rng.load(str(HERE / "report-feed.rnc")))
    schema = etree.RelaxNG(etree.fromstring(schema.encode()))
    demand(schema.validate(etree.fromstring(report.encode())), schema.error_log)
    feed = feedparser.parse(report.encode())
    demand(not feed.bozo, feed.get("bozo_exception"))
    ids = [entry.id for entry in feed.entries]
    demand(len(set(ids)) == len(ids), "two entries have the same id")
    return f"{len(ids)} entries"


HOLDS = {
    "sarif": sarif, "cyclonedx": cyclonedx, "openvex": openvex, "junit": junit, "csv": sheet, "html": html,
    "markdown": markdown, "atom": atom,
}
print(HOLDS[sys.argv[1]](sys.stdin.buffer.read().decode()))
