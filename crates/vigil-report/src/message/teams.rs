//! A message for Microsoft Teams: an Adaptive Card, in the envelope that incoming webhooks and Workflows take.
//!
//! Texts stand in runs, which know no markup: what comes from outside is shown as it is.

use serde::Serialize;
use vigil_core::news::Message;

use super::cut::{Limits, cut, fitted};
use super::entry::Entry;
use super::outline::{Chapter, Group, Link, Outline, outline};

/// Teams takes 28 KB, the envelope included.
const MESSAGE: usize = 28 * 1024;

/// A card is a summary.
const LIMITS: Limits = Limits { messages: 20, entries: 20, names: 10, upgrades: 5, prose: 300 };

/// Teams shows no more buttons.
const ACTIONS: usize = 6;

#[derive(Serialize)]
struct Envelope {
    r#type: &'static str,
    attachments: [Attachment; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: Card,
}

#[derive(Serialize)]
struct Card {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    #[serde(rename = "fallbackText")]
    fallback_text: String,
    msteams: Layout,
    body: Vec<Element>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<OpenUrl>,
}

#[derive(Serialize)]
struct Layout {
    width: &'static str,
}

#[derive(Serialize)]
struct Element {
    r#type: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    separator: bool,
    inlines: Vec<Run>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    r#type: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    select_action: Option<OpenUrl>,
}

#[derive(Serialize)]
struct OpenUrl {
    r#type: &'static str,
    title: String,
    url: String,
}

/// Writes a message for Teams, as JSON.
pub fn teams(message: &Message) -> String {
    fitted(LIMITS, |limits, shortened| json(message, limits, shortened), |json| json.len() <= MESSAGE).0
}

fn json(message: &Message, limits: Limits, shortened: bool) -> String {
    let outline = outline(message, limits);
    let content = Card {
        schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        r#type: "AdaptiveCard",
        version: "1.4",
        fallback_text: cut(&outline.headline, 500),
        msteams: Layout { width: "Full" },
        body: body(&outline, shortened),
        actions: actions(&outline),
    };
    let content_type = "application/vnd.microsoft.card.adaptive";
    let attachments = [Attachment { content_type, content_url: None, content }];
    // Texts can be written as JSON whatever they say.
    serde_json::to_string(&Envelope { r#type: "message", attachments }).unwrap_or_default()
}

fn body(outline: &Outline, shortened: bool) -> Vec<Element> {
    let title = Run { size: Some("large"), ..bold(&outline.headline) };
    let mut body = vec![element(vec![title])];
    for chapter in &outline.chapters {
        if chapter.headline != outline.headline {
            body.push(Element { separator: true, ..element(vec![bold(&chapter.headline)]) });
        }
        body.extend(chapter_elements(chapter));
    }
    body.extend(outline.left_out.iter().map(|left_out| element(vec![run(left_out)])));
    if shortened {
        body.push(element(vec![run("This message was shortened to what Teams takes.")]));
    }
    body
}

fn chapter_elements(chapter: &Chapter) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let facts = chapter.facts.iter().map(|fact| fact_element(&fact.label, &fact.value));
    elements.extend(facts);
    if !chapter.open.is_empty() {
        let open: Vec<String> = chapter.open.iter().map(|(word, count)| format!("{count} {word}")).collect();
        elements.push(fact_element("Open findings", &open.join(", ")));
    }
    if let Some(error) = &chapter.error {
        elements.push(element(vec![Run { color: Some("attention"), ..bold("Error: ") }, run(error)]));
    }
    elements.extend(chapter.groups.iter().flat_map(group));
    if !chapter.upgrades.is_empty() {
        elements.push(element(vec![bold("Upgrades that remove most")]));
    }
    let upgrades = chapter.upgrades.iter().chain(&chapter.upgrades_left_out);
    elements.extend(upgrades.map(|upgrade| element(vec![run(&format!("• {upgrade}"))])));
    elements
}

fn group(group: &Group) -> Vec<Element> {
    let title = Element { separator: true, ..element(vec![bold(&group.title)]) };
    let entries = group.entries.iter().map(entry);
    let left_out = group.left_out.iter().map(|left_out| element(vec![run(left_out)]));
    [title].into_iter().chain(entries).chain(left_out).collect()
}

fn entry(entry: &Entry) -> Element {
    let mut runs = Vec::new();
    if let Some(severity) = &entry.severity {
        let color = matches!(severity.as_str(), "CRITICAL" | "HIGH").then_some("attention");
        runs.push(Run { color, ..bold(&format!("{severity}: ")) });
    }
    let open = |url: &String| open_url("Read more", url);
    runs.push(Run { select_action: entry.url.as_ref().map(open), ..bold(&entry.title) });
    if !entry.marks.is_empty() {
        runs.push(Run { color: Some("warning"), ..run(&format!(" – {}", entry.marks.join("; "))) });
    }
    // Lines of their own would make of a screen of findings three.
    let facts: Vec<String> =
        entry.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value)).collect();
    if !facts.is_empty() {
        runs.push(run(&format!(" – {}", facts.join("; "))));
    }
    element(runs)
}

/// The links of all chapters, as buttons.
fn actions(outline: &Outline) -> Vec<OpenUrl> {
    let links = outline.chapters.iter().flat_map(|chapter| &chapter.links);
    let several = outline.chapters.len() > 1;
    // Of a round-up the buttons would all be called the same, and not be told apart.
    let links: Vec<&Link> = if several { Vec::new() } else { links.take(ACTIONS).collect() };
    links.into_iter().map(|link| open_url(&cut(&link.label, 60), &link.url)).collect()
}

fn fact_element(label: &str, value: &str) -> Element {
    element(vec![bold(&format!("{label}: ")), run(value)])
}

fn element(inlines: Vec<Run>) -> Element {
    Element { r#type: "RichTextBlock", separator: false, inlines }
}

fn bold(text: &str) -> Run {
    Run { weight: Some("bolder"), ..run(text) }
}

fn run(text: &str) -> Run {
    Run { r#type: "TextRun", text: text.to_owned(), ..Run::default() }
}

fn open_url(title: &str, url: &str) -> OpenUrl {
    OpenUrl { r#type: "Action.OpenUrl", title: title.to_owned(), url: url.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;

    #[test]
    fn teams_takes_every_card() {
        for (name, message) in samples::every() {
            let told = teams(&message);
            assert!(told.len() <= MESSAGE, "{name}: {}", told.len());
        }
        assert!(teams(&samples::many_findings()).contains("and 480 findings more"));
        let told = teams(&samples::crowded());
        assert!(told.len() <= MESSAGE && told.contains("shortened to what Teams takes"), "{told}");
    }
}
