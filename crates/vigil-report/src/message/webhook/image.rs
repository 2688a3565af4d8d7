//! Images and registries as JSON.

use serde::Serialize;
use vigil_core::RegistryId;
use vigil_core::news::Subject;

use crate::json::{BySeverity, Text};
use crate::message::cut::{Limits, first, word};
use crate::message::words::{name, uri};

#[derive(Serialize)]
pub(super) struct ImageView<'a> {
    name: String,
    owner: Option<String>,
    runs_in: Vec<String>,
    runs_in_left_out: usize,
    registry: RegistryView<'a>,
    repository: &'a str,
    repository_arn: String,
    digest: String,
    tags: Vec<&'a str>,
    tags_left_out: usize,
    uri: String,
    counts: BySeverity<'a>,
    scanned_at: Option<Text<jiff::Timestamp>>,
    console_url: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RegistryView<'a> {
    partition: &'static str,
    account: &'a str,
    region: &'a str,
}

impl<'a> ImageView<'a> {
    pub(super) fn of(subject: &'a Subject, limits: Limits) -> Self {
        let Subject { registry, repository, digest, tags, counts, scanned_at, owner, runs_in } = subject;
        let (tags, tags_left_out) = first(tags, limits.names);
        let (runs_in, runs_in_left_out) = first(runs_in, limits.names);
        Self {
            name: name(subject),
            owner: owner.as_deref().map(word),
            runs_in: runs_in.iter().map(|place| word(place)).collect(),
            runs_in_left_out,
            registry: RegistryView::of(registry),
            repository: repository.as_str(),
            repository_arn: registry.repository_arn(repository),
            digest: digest.to_string(),
            tags: tags.iter().map(|tag| tag.as_str()).collect(),
            tags_left_out,
            uri: uri(subject),
            counts: BySeverity(counts),
            scanned_at: scanned_at.map(Text),
            console_url: registry.console_url(repository, digest),
        }
    }
}

impl<'a> RegistryView<'a> {
    pub(super) fn of(registry: &'a RegistryId) -> Self {
        let RegistryId { partition, account, region } = registry;
        Self { partition: partition.as_str(), account: account.as_str(), region: region.as_str() }
    }
}
