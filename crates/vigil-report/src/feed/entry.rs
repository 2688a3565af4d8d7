//! The entries of a feed: a finding of an image each, or that an image has no result; newest first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use vigil_core::image::Platform;
use vigil_core::{Digest, Finding, Severity, Tag};

use crate::configs::{ConfigImage, Known, NoResult};

/// A finding as a lineage knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The finding.
    pub finding: Finding,
    /// When what lay under the tag first had it.
    pub first_seen: Timestamp,
    /// When it last became something to look at anew: first seen, worsened, or back after it was fixed. Not the time of
    /// a scan that saw it again: every reader would be told the same thing every day.
    pub updated: Timestamp,
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The tag.
    pub tag: Tag,
    /// The platform, where an index gives one.
    pub platform: Option<Platform>,
    /// What lies under the tag now.
    pub digest: Option<Digest>,
    /// When it first stood.
    pub published: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// What it tells.
    pub what: What,
}

/// What an entry tells.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// That this was found.
    Found(Box<Found>),
    /// That there is no result.
    Without(NoResult),
}

/// The entries of these images, newest first, each once: several versions of a package with the same vulnerability are one
/// finding, as they are along a lineage.
pub fn entries(images: Vec<ConfigImage<Vec<Found>>>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = images.into_iter().flat_map(of_image).collect();
    entries.sort_by_cached_key(|entry| {
        let (severity, order) = entry.rank();
        (Reverse(entry.updated), Reverse(severity), entry.tag.clone(), entry.platform.clone(), order)
    });
    entries
}

fn of_image(image: ConfigImage<Vec<Found>>) -> Vec<Entry> {
    let ConfigImage { tag, digest, platform, known } = image;
    let entry = |published, updated, what| {
        let (tag, platform) = (tag.clone(), platform.clone());
        Entry { tag, platform, digest, published, updated, what }
    };
    match known {
        Known::Scanned { found, .. } => {
            let found = merged(found).into_iter();
            found.map(|found| entry(found.first_seen, found.updated, What::Found(Box::new(found)))).collect()
        }
        Known::Without { why, since } => vec![entry(since, since, What::Without(why))],
    }
}

/// One of each: the worst, since the earliest, changed at the latest.
fn merged(found: Vec<Found>) -> Vec<Found> {
    let mut merged: BTreeMap<_, Found> = BTreeMap::new();
    for next in found {
        let package = next.finding.package.as_ref().map(|package| package.name.clone());
        let Some(known) = merged.remove(&(next.finding.id.clone(), package.clone())) else {
            merged.insert((next.finding.id.clone(), package), next);
            continue;
        };
        let first_seen = known.first_seen.min(next.first_seen);
        let updated = known.updated.max(next.updated);
        let worse = next.finding.report_order(&known.finding).is_lt();
        let finding = if worse { next.finding } else { known.finding };
        merged.insert((finding.id.clone(), package), Found { finding, first_seen, updated });
    }
    merged.into_values().collect()
}

impl Entry {
    /// What sorts entries of the same time: what could not be looked at stands above what was found.
    fn rank(&self) -> (Option<Severity>, String) {
        match &self.what {
            What::Without(why) => (Some(Severity::Critical), why.code().to_owned()),
            What::Found(found) => {
                let package = found.finding.package.as_ref().map_or("", |package| &package.name);
                (Some(found.finding.severity.clone()), format!("{}\n{package}", found.finding.id))
            }
        }
    }
}
