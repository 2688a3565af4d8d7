//! What one repository holds: all its pages, its indexes opened, and each image selected or left out with a reason.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::fault::{Fault, FaultKind};
use crate::image::{Digest, Image, Kind, Pick, RepositoryName, Storage};
use crate::inventory::{OpenedIndex, inventory};
use crate::pass::Ports;
use crate::policy::{Selection, Sight, select};

/// A repository, looked over.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) repository: RepositoryName,
    pub(super) sights: Vec<Sight>,
    /// What was asked for by name and is not there.
    pub(super) missing: Vec<String>,
    /// Listings that failed; what was listed before stands.
    pub(super) faults: Vec<Fault>,
    /// Indexes whose children are not known.
    pub(super) unopened: Vec<(Digest, Fault)>,
}

/// ECR opens at most this many manifests a call.
const INDEXES_A_CALL: usize = 100;
/// Nesting deeper than this is nobody's build.
const NESTING: usize = 4;

/// Looks over a repository: the images that `picks` name, or all that `selection` admits.
pub(super) async fn survey(
    ports: Ports<'_>,
    repository: RepositoryName,
    picks: Option<Vec<Pick>>,
    selection: Option<&Selection>,
    now: Timestamp,
) -> Survey {
    let mut survey = Survey {
        repository,
        sights: Vec::new(),
        missing: Vec::new(),
        faults: Vec::new(),
        unopened: Vec::new(),
    };
    let images = match &picks {
        Some(picks) if !picks.contains(&Pick::Whole) => survey.list_named(ports, picks).await,
        _ => survey.list_all(ports).await,
    };
    // A listing that failed says nothing of what is missing, unless it is for the repository.
    let gone = survey.faults.iter().any(|fault| fault.kind == FaultKind::RepositoryGone);
    if gone && picks.is_some() {
        survey.faults.clear();
    }
    if survey.faults.is_empty() {
        survey.name_missing(picks.iter().flatten(), &images, gone);
    }
    let named = picks.is_some_and(|picks| !picks.contains(&Pick::Whole));
    let images = survey.open_indexes(ports, images, named).await;
    survey.sights = select(images, selection, now);
    survey
}

impl Survey {
    async fn list_all(&mut self, ports: Ports<'_>) -> Vec<Image> {
        let mut images = Vec::new();
        let mut after = None;
        loop {
            match ports.registry.images(&self.repository, after).await {
                Ok(page) => {
                    images.extend(page.items);
                    after = page.next;
                }
                Err(fault) => {
                    self.faults.push(fault);
                    return images;
                }
            }
            if after.is_none() {
                return images;
            }
        }
    }

    async fn list_named(&mut self, ports: Ports<'_>, picks: &[Pick]) -> Vec<Image> {
        ports.registry.named(&self.repository, picks).await.unwrap_or_else(|fault| {
            self.faults.push(fault);
            Vec::new()
        })
    }

    fn name_missing<'p>(&mut self, picks: impl Iterator<Item = &'p Pick>, images: &[Image], gone: bool) {
        for pick in picks.collect::<BTreeSet<_>>() {
            let (name, found) = match pick {
                Pick::Whole => (self.repository.to_string(), !gone),
                Pick::Tag(tag) => (
                    format!("{}:{tag}", self.repository),
                    images.iter().any(|image| image.tags.contains(tag)),
                ),
                Pick::Digest(digest) => (
                    format!("{}@{digest}", self.repository),
                    images.iter().any(|image| image.digest == *digest),
                ),
            };
            if !found {
                self.missing.push(name);
            }
        }
    }

    /// Opens the indexes among the images. If the children are not among them yet, since only some images were asked
    /// for, they are fetched.
    async fn open_indexes(&mut self, ports: Ports<'_>, mut images: Vec<Image>, fetch: bool) -> Vec<Image> {
        let mut opened: Vec<OpenedIndex> = Vec::new();
        for _ in 0..NESTING {
            let seen: BTreeSet<Digest> = opened
                .iter()
                .map(|(digest, _)| *digest)
                .chain(self.unopened.iter().map(|(d, _)| *d))
                .collect();
            let is_new = |image: &&Image| {
                image.kind == Kind::Index && image.storage == Storage::Active && !seen.contains(&image.digest)
            };
            let indexes: Vec<Digest> = images.iter().filter(is_new).map(|image| image.digest).collect();
            if indexes.is_empty() {
                break;
            }
            for batch in indexes.chunks(INDEXES_A_CALL) {
                self.open(ports, batch, &mut opened).await;
            }
            if fetch {
                let known: BTreeSet<Digest> = images.iter().map(|image| image.digest).collect();
                let children = opened.iter().flat_map(|(_, children)| children).map(|child| child.digest);
                let picks: BTreeSet<Pick> =
                    children.filter(|child| !known.contains(child)).map(Pick::Digest).collect();
                let picks: Vec<Pick> = picks.into_iter().collect();
                images.extend(self.list_named(ports, &picks).await);
            }
        }
        inventory(images, &opened)
    }

    async fn open(&mut self, ports: Ports<'_>, indexes: &[Digest], opened: &mut Vec<OpenedIndex>) {
        match ports.registry.children(&self.repository, indexes).await {
            Ok(answers) => {
                for (digest, children) in answers {
                    match children {
                        Ok(children) => opened.push((digest, children)),
                        Err(fault) => self.unopened.push((digest, fault)),
                    }
                }
            }
            Err(fault) => self.unopened.extend(indexes.iter().map(|digest| (*digest, fault.clone()))),
        }
    }
}
