"""Holds the Atom feed on standard input to RFC 4287, reads it with feedparser, and tells what a reader sees."""

import sys
from pathlib import Path

import feedparser
import rnc2rng
from lxml import etree
from lxml.html import fragment_fromstring

document = sys.stdin.buffer.read()
schema_text = rnc2rng.dumps(rnc2rng.load(str(Path(__file__).with_name("atom.rnc"))))
schema = etree.RelaxNG(etree.fromstring(schema_text.encode()))
tree = etree.fromstring(document)
if not schema.validate(tree):
    sys.exit("\n".join(str(error) for error in schema.error_log))

feed = feedparser.parse(document)
if feed.bozo:
    sys.exit(f"feedparser: {feed.bozo_exception}")

# What a schema cannot say.
relations = [link.rel for link in feed.feed.links]
if len(set(relations)) != len(relations) or not {"self", "first", "last"} <= set(relations):
    sys.exit(f"the feed has these links: {relations}")
ids = [entry.id for entry in feed.entries]
if len(set(ids)) != len(ids):
    sys.exit("two entries have the same id")
times = [entry.updated_parsed for entry in feed.entries]
if None in times or feed.feed.updated_parsed is None:
    sys.exit("a time is missing or cannot be read")
if times != sorted(times, reverse=True):
    sys.exit("the newest entry is not the first")
if times and feed.feed.updated_parsed < times[0]:
    sys.exit("an entry is newer than the feed")
ATOM = "{http://www.w3.org/2005/Atom}"
for summary in tree.iter(f"{ATOM}summary"):
    tags = {element.tag for element in fragment_fromstring(summary.text, create_parent="div").iter()}
    if not tags <= {"div", "p"}:
        sys.exit(f"what ECR said became markup: {tags}")

print(f"{feed.version}: {feed.feed.title}")
for entry in feed.entries:
    print(entry.title)
