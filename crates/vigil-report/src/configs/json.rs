//! The summary of all scan configurations for programs: a list with one object for each image.

use serde::Serialize;
use vigil_core::policy::{ScanConfig, ScanConfigId};
use vigil_core::{Counts, Digest, Tag};

use super::view::{ConfigImage, ConfigView, Known};
use crate::json::{BySeverity, Text};

/// One image of one configuration. What is not known is null, and never zero.
#[derive(Serialize)]
struct Item<'a> {
    id: Text<&'a ScanConfigId>,
    region: &'a str,
    registry: &'a str,
    repository: &'a str,
    tag: Option<&'a str>,
    platform: Option<String>,
    digest: Option<Text<&'a Digest>>,
    state: &'a str,
    reason: Option<String>,
    scanned_at: Option<jiff::Timestamp>,
    findings: Option<BySeverity<'a>>,
}

/// The summary, in the same order as the text.
pub fn configs_as_json(views: &[ConfigView<Counts>]) -> Vec<u8> {
    let items: Vec<Item<'_>> = views.iter().flat_map(items).collect();
    // Maps with text keys and plain values can always be written to memory.
    let mut bytes = serde_json::to_vec(&items).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn items(view: &ConfigView<Counts>) -> Vec<Item<'_>> {
    if view.images.is_empty() {
        let reason = Some("no tagged image is known there".to_owned());
        return vec![Item { reason, ..head(&view.config, None) }];
    }
    view.in_order().into_iter().map(|image| item(&view.config, image)).collect()
}

fn item<'a>(config: &'a ScanConfig, image: &'a ConfigImage<Counts>) -> Item<'a> {
    let head = Item {
        platform: image.platform.as_ref().map(ToString::to_string),
        digest: image.digest.as_ref().map(Text),
        ..head(config, Some(&image.tag))
    };
    match &image.known {
        Known::Scanned { at, found } => {
            Item { state: "scanned", scanned_at: *at, findings: Some(BySeverity(found)), ..head }
        }
        Known::Without { why, .. } => Item { state: why.code(), reason: Some(why.to_string()), ..head },
    }
}

fn head<'a>(config: &'a ScanConfig, tag: Option<&'a Tag>) -> Item<'a> {
    let request = &config.request;
    Item {
        id: Text(&config.id),
        region: request.region.as_str(),
        registry: request.registry.as_str(),
        repository: request.repository.as_str(),
        tag: tag.map(Tag::as_str),
        platform: None,
        digest: None,
        state: "missing",
        reason: None,
        scanned_at: None,
        findings: None,
    }
}
