//! The blocks of an outline: a header for each image, a section for each vulnerability, a divider at the end.

use serde::Serialize;

use super::mrkdwn::{Mrkdwn, length_of};
use crate::message::entry::Entry;
use crate::message::outline::{Chapter, Group};

/// A block of Block Kit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// A text.
    Section {
        /// The text.
        text: TextObject,
    },
    /// A line across.
    Divider,
}

/// A text in Slack's markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextObject {
    /// Which markup.
    pub r#type: TextKind,
    /// The text.
    pub text: String,
    /// Whether addresses and names that happen to stand in it stay what they are: plain text.
    pub verbatim: bool,
}

/// Which markup a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// Slack's own.
    Mrkdwn,
}

impl Block {
    /// How many characters it shows, as Slack counts.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Section { text } => length_of(&text.text),
            Self::Divider => 0,
        }
    }
}

/// The blocks of a chapter.
pub(super) fn blocks(chapter: &Chapter, threshold: Option<&str>) -> Vec<Block> {
    let mut blocks = vec![header(chapter, threshold)];
    blocks.extend(chapter.groups.iter().flat_map(group));
    blocks.extend(closing(chapter));
    blocks.push(Block::Divider);
    blocks
}

/// What the cluster scanner says of an image before its vulnerabilities, after who and what it is about.
fn header(chapter: &Chapter, threshold: Option<&str>) -> Block {
    let mut text = Mrkdwn::default();
    text.markup("*").text(&chapter.headline).markup("*\n");
    if let Some(image) = &chapter.image {
        text.markup("Container image security digest: ").text(image).markup("\n");
    }
    for fact in &chapter.facts {
        text.fact(&fact.label, &fact.value);
    }
    if let Some(error) = &chapter.error {
        text.fact("Error", error);
        return section(text);
    }
    if chapter.image.is_some() {
        text.markup("Summary:\n");
        for (severity, count) in &chapter.open {
            text.markup("*").text(severity).markup("*: *").text(&count.to_string()).markup("*\n");
        }
        if let Some(threshold) = threshold {
            text.markup("Reporting Threshold: *").text(threshold).markup("*\n");
        }
    }
    section(text)
}

/// A list is told in as few sections as hold it; vulnerabilities have one each.
fn group(group: &Group) -> Vec<Block> {
    let mut title = Mrkdwn::default();
    title.markup("*").text(&group.title).markup("*");
    let mut blocks = vec![section(title)];
    let mut list = Mrkdwn::default();
    for entry in &group.entries {
        if entry.severity.is_some() {
            blocks.push(section(vulnerability(entry)));
            continue;
        }
        let line = image(entry);
        if !list.has_room_for(line.length()) {
            blocks.push(section(std::mem::take(&mut list)));
        }
        list.markup(&line.finish());
    }
    if let Some(left_out) = &group.left_out {
        list.text(left_out);
    }
    if list.length() > 0 {
        blocks.push(section(list));
    }
    blocks
}

fn vulnerability(entry: &Entry) -> Mrkdwn {
    let mut text = Mrkdwn::default();
    if let Some(severity) = &entry.severity {
        text.markup("*").text(severity).markup("*: ");
    }
    text.link(entry.url.as_deref(), &entry.title);
    if !entry.marks.is_empty() {
        text.markup(" – *").text(&entry.marks.join("; ")).markup("*");
    }
    text.markup("\n");
    for fact in &entry.facts {
        text.fact(&fact.label, &fact.value);
    }
    text
}

fn image(entry: &Entry) -> Mrkdwn {
    let mut line = Mrkdwn::default();
    line.markup("• ").link(entry.url.as_deref(), &entry.title);
    for mark in &entry.marks {
        line.markup(", *").text(mark).markup("*");
    }
    for fact in &entry.facts {
        line.markup(", ").text(&fact.label.to_lowercase()).markup(" ").text(&fact.value);
    }
    line.markup("\n");
    line
}

fn closing(chapter: &Chapter) -> Option<Block> {
    let mut text = Mrkdwn::default();
    if !chapter.upgrades.is_empty() {
        text.markup("*Upgrades that remove most:*\n");
    }
    for upgrade in chapter.upgrades.iter().chain(&chapter.upgrades_left_out) {
        text.markup("• ").text(upgrade).markup("\n");
    }
    for link in &chapter.links {
        text.link(Some(&link.url), &link.label).markup("\n");
    }
    (text.length() > 0).then(|| section(text))
}

pub(super) fn section(text: Mrkdwn) -> Block {
    let text = TextObject { r#type: TextKind::Mrkdwn, text: text.finish(), verbatim: true };
    Block::Section { text }
}
