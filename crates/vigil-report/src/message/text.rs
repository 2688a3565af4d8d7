//! A message as plain text: what every sink can fall back on.

use vigil_core::news::Message;

use super::cut::{Limits, cut};
use super::entry::Entry;
use super::outline::{Chapter, Fact, Outline, outline};

/// A message as plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it says in a line.
    pub subject: String,
    /// All of it.
    pub body: String,
}

/// As much as is read with patience. The rest is where the links lead.
pub const TEXT_LIMITS: Limits = Limits { messages: 50, entries: 50, names: 20, upgrades: 10, prose: 500 };

/// Longer subjects are cut by those who show them.
const SUBJECT: usize = 250;

/// Writes a message as plain text.
pub fn text(message: &Message, limits: Limits) -> Text {
    let outline = outline(message, limits);
    Text { subject: cut(&outline.headline, SUBJECT), body: body(&outline) }
}

/// The lines of an outline under its headline.
pub(super) fn body(outline: &Outline) -> String {
    let mut lines = Vec::new();
    for chapter in &outline.chapters {
        if chapter.headline != outline.headline {
            lines.extend([RULE.to_owned(), chapter.headline.clone(), String::new()]);
        }
        write_chapter(&mut lines, chapter);
        lines.push(String::new());
    }
    if let Some(left_out) = &outline.left_out {
        lines.extend([RULE.to_owned(), left_out.clone(), String::new()]);
    }
    let mut body = lines.join("\n");
    body.truncate(body.trim_end().len());
    body.push('\n');
    body
}

const RULE: &str = "----------------------------------------";

fn write_chapter(lines: &mut Vec<String>, chapter: &Chapter) {
    lines.extend(chapter.facts.iter().map(line));
    if !chapter.open.is_empty() {
        let open: Vec<String> =
            chapter.open.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
        lines.push(format!("Open findings: {}", open.join(", ")));
    }
    lines.extend(chapter.error.iter().map(|error| format!("Error: {error}")));
    for group in &chapter.groups {
        lines.extend([String::new(), group.title.clone()]);
        for entry in &group.entries {
            lines.push(String::new());
            write_entry(lines, entry);
        }
        lines.extend(group.left_out.iter().flat_map(|left_out| [String::new(), left_out.clone()]));
    }
    if !chapter.upgrades.is_empty() {
        lines.extend([String::new(), "Upgrades that remove most:".to_owned()]);
        lines.extend(
            chapter.upgrades.iter().chain(&chapter.upgrades_left_out).map(|told| format!("- {told}")),
        );
    }
    if !chapter.links.is_empty() {
        lines.push(String::new());
        lines.extend(chapter.links.iter().map(|link| format!("{}: {}", link.label, link.url)));
    }
}

fn write_entry(lines: &mut Vec<String>, entry: &Entry) {
    let severity = entry.severity.as_ref().map(|severity| format!("{severity}: ")).unwrap_or_default();
    let url = entry.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
    lines.push(format!("{severity}{}{url}", entry.title));
    if !entry.marks.is_empty() {
        lines.push(entry.marks.join("; "));
    }
    lines.extend(entry.facts.iter().map(line));
}

fn line(fact: &Fact) -> String {
    format!("{}: {}", fact.label, fact.value)
}
