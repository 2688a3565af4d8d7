//! The images that vulnerabilities are of. They stand in a list of their own, so all of them are kept until the
//! vulnerabilities are written; therefore only what names them is.

use std::collections::BTreeMap;

use serde::Serialize;
use vigil_core::record::ImageRecord;
use vigil_core::{Digest, RegistryId, RepositoryName, Tag};

use super::vulnerability::Property;
use crate::moment::utc;
use crate::name::Place;
use crate::purl;
use crate::status::{reason, status};

/// What is kept.
#[derive(Default)]
pub(super) struct Components {
    repositories: Vec<(RegistryId, RepositoryName)>,
    images: Vec<Kept>,
    /// Most images came out in one of a few ways.
    ways: BTreeMap<Way, usize>,
}

struct Kept {
    repository: usize,
    digest: Digest,
    tag: Option<Tag>,
    architecture: Option<String>,
    way: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    status: &'static str,
    /// What keeps it from having a valid result.
    trouble: Option<String>,
    scanned_at: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Component {
    r#type: &'static str,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    name: String,
    version: String,
    purl: String,
    properties: Vec<Property>,
}

impl Components {
    /// Keeps an image.
    pub(super) fn keep(&mut self, place: &Place<'_>, record: &ImageRecord) {
        let repository = (place.registry.clone(), place.repository.clone());
        if self.repositories.last() != Some(&repository) {
            self.repositories.push(repository);
        }
        let (status, image) = (status(record), &record.image);
        let evaluation = record.evaluation.as_ref();
        let way = Way {
            status: status.code(),
            trouble: status.is_trouble().then(|| reason(record).text),
            scanned_at: evaluation.and_then(|evaluation| evaluation.scanned_at).map(utc),
        };
        let next = self.ways.len();
        self.images.push(Kept {
            repository: self.repositories.len() - 1,
            digest: image.digest,
            tag: image.tags.first().cloned(),
            architecture: image.platform.as_ref().map(|platform| platform.architecture.clone()),
            way: *self.ways.entry(way).or_insert(next),
        });
    }

    /// All that was kept, in its order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Component> {
        let mut ways: Vec<_> = self.ways.iter().map(|(way, place)| (place, way)).collect();
        ways.sort_unstable_by_key(|(place, _)| **place);
        self.images.iter().map(move |kept| {
            let (registry, repository) = &self.repositories[kept.repository];
            component(&Place::new(registry, repository), kept, ways[kept.way].1)
        })
    }
}

fn component(place: &Place<'_>, kept: &Kept, way: &Way) -> Component {
    let Kept { digest, tag, architecture, .. } = kept;
    let tag = tag.as_ref().map(Tag::as_str);
    let purl = purl::of_oci(place, &digest.to_string(), architecture.as_deref(), tag);
    let trouble = way.trouble.iter().map(|trouble| Property::new("reason", trouble));
    let scanned_at = way.scanned_at.iter().map(|at| Property::new("scanned_at", at));
    Component {
        r#type: "container",
        bom_ref: purl.clone(),
        name: place.uri.clone(),
        version: tag.map_or_else(|| digest.to_string(), str::to_owned),
        purl,
        properties: std::iter::once(Property::new("status", way.status))
            .chain(trouble)
            .chain(scanned_at)
            .collect(),
    }
}
