//! A message as an event for EventBridge.

use jiff::Timestamp;
use std::collections::BTreeSet;
use vigil_core::news::{Message, Subject};
use vigil_core::port::Parcel;

use super::cut::{Limits, first, fitted};
use super::webhook::document;
use super::words::flattened;

/// An entry of a call of `PutEvents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who tells it.
    pub source: &'static str,
    /// What kind of event it is.
    pub detail_type: &'static str,
    /// When it was first to be told.
    pub time: Timestamp,
    /// The repositories that it is about, as ARNs.
    pub resources: Vec<String>,
    /// What a webhook is sent.
    pub detail: String,
}

/// Who tells all our events. Names that begin with `aws.` are those of AWS.
pub const EVENT_SOURCE: &str = "ecr-vigil";

/// EventBridge takes entries below 256 KB.
const ENTRY: usize = 256 * 1024 - 1;

/// An entry of a list takes half a kilobyte at least, and mostly more.
const LIMITS: Limits = Limits { messages: 500, entries: 500, names: 100, upgrades: 100, prose: 1_000 };

/// More repositories than anybody matches rules by.
const RESOURCES: usize = 20;

/// Writes a message as an event.
pub fn event(parcel: &Parcel) -> Event {
    let render = |limits: Limits, _| Event {
        source: EVENT_SOURCE,
        detail_type: detail_type(&parcel.message),
        time: parcel.since,
        resources: resources(&parcel.message),
        detail: document(parcel, limits),
    };
    fitted(LIMITS, render, |event| event.size() <= ENTRY).0
}

impl Event {
    /// Its size, as EventBridge counts it: the time is 14 bytes.
    fn size(&self) -> usize {
        let resources: usize = self.resources.iter().map(String::len).sum();
        14 + self.source.len() + self.detail_type.len() + resources + self.detail.len()
    }
}

/// The name of a kind of event, for rules.
fn detail_type(message: &Message) -> &'static str {
    match message {
        Message::Image(_) => "Image Findings Changed",
        Message::Vulnerability(_) => "Vulnerability Changed",
        Message::Failed(_) => "Image Scan Failed",
        Message::Baseline(_) => "Registry Baseline",
        Message::Exception(_) => "Exception Notice",
        Message::Roundup(_) => "Image Scan Round-up",
    }
}

fn resources(message: &Message) -> Vec<String> {
    let arns: BTreeSet<String> = subjects(message).into_iter().map(arn).collect();
    let arns: Vec<String> = arns.into_iter().collect();
    first(&arns, RESOURCES).0.to_vec()
}

fn subjects(message: &Message) -> Vec<&Subject> {
    match message {
        Message::Image(news) => vec![&news.subject],
        Message::Vulnerability(news) => news.found.iter().map(|found| &found.subject).collect(),
        Message::Failed(news) => vec![&news.subject],
        Message::Baseline(_) => Vec::new(),
        Message::Exception(news) => news.subjects.iter().collect(),
        Message::Roundup(news) => flattened(news).into_iter().flat_map(subjects).collect(),
    }
}

fn arn(subject: &Subject) -> String {
    subject.registry.repository_arn(&subject.repository)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::samples;

    #[test]
    fn every_kind_of_event_is_documented() {
        let document = include_str!("../../../../docs/news-json.md");
        for (_, message) in samples::all() {
            assert!(document.contains(&format!("`{}`", detail_type(&message))), "{}", detail_type(&message));
        }
        assert!(document.contains(&format!("`{EVENT_SOURCE}`")));
    }

    #[test]
    fn eventbridge_takes_every_event_and_what_is_left_out_is_counted() {
        for (name, message) in samples::every() {
            let event = event(&samples::parcel(message));
            assert!(event.size() < 256 * 1024, "{name}: {}", event.size());
        }
        let event = event(&samples::parcel(samples::vulnerability(5_000)));
        let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap();
        let shown = detail["message"]["found"].as_array().unwrap().len();
        assert!(shown > 50, "{shown}");
        assert_eq!(detail["message"]["found_left_out"], 5_001 - shown);
    }
}
