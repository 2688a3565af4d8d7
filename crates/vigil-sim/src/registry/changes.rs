//! What tests and pushes change: repositories created and deleted, images added, archived and deleted, results dictated.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::overlay::{AddedImage, DictatedStatus, GivenFindings, Overlay};
use super::scanning::{Frequency, ScanType};
use super::scans::{EmptyReads, start_scan};
use super::state::{CreatedRepository, FoundImage, State};
use crate::clock::Moment;
use crate::config::ScanBehaviour;
use crate::content::{Blueprint, Child, Image, ImageKind, PastScan, Platform};
use crate::digest::Digest;

/// An image to add. Start from `NewImage::default()`; as JSON every member may be missing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewImage {
    /// Tags; one that another image has moves over.
    pub tags: Vec<String>,
    /// What the image is.
    pub kind: ImageKind,
    /// What it runs on.
    pub platform: Platform,
    /// When it was pushed; now, when absent.
    pub pushed_at: Option<Timestamp>,
    /// When it was last pulled, if ever.
    pub pulled_at: Option<Timestamp>,
    /// The compressed size.
    pub size: u64,
    /// The images an index points at (attestations included), or the one that a signature or attestation is about.
    pub refers_to: Vec<Digest>,
    /// No scanner knows its operating system: its scans fail.
    pub unsupported: bool,
    /// A scan that completed before.
    pub last_scan: Option<PastScanOf>,
    /// What its scans find, in the shape of the wire; `null` draws real vulnerabilities, `[]` is clean.
    pub findings: Option<Vec<Value>>,
    /// The same for enhanced scanning.
    pub enhanced_findings: Option<Vec<Value>>,
}

/// A scan that completed before an image was added to the simulator.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastScanOf {
    /// When it completed.
    pub completed_at: Timestamp,
}

impl Default for NewImage {
    fn default() -> Self {
        Self {
            tags: Vec::new(),
            kind: ImageKind::DockerImage,
            platform: Platform::LinuxAmd64,
            pushed_at: None,
            pulled_at: None,
            size: 52_428_800,
            refers_to: Vec::new(),
            unsupported: false,
            last_scan: None,
            findings: None,
            enhanced_findings: None,
        }
    }
}

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedChange {
    /// There is no repository of this name.
    NoSuchRepository(String),
    /// There is a repository of this name already.
    RepositoryExists(String),
    /// The repository holds no image with this digest.
    NoSuchImage(Digest),
}

impl fmt::Display for RefusedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchRepository(name) => write!(f, "there is no repository '{name}'"),
            Self::RepositoryExists(name) => write!(f, "there is a repository '{name}' already"),
            Self::NoSuchImage(digest) => write!(f, "the repository holds no image {digest}"),
        }
    }
}

impl std::error::Error for RefusedChange {}

impl State {
    pub(crate) fn create_repository(
        &mut self,
        name: &str,
        mutability: &str,
        scan_on_push: bool,
        now: Moment,
    ) -> Result<u32, RefusedChange> {
        if self.repository(name).is_some() {
            return Err(RefusedChange::RepositoryExists(name.to_owned()));
        }
        let position = self.positions();
        self.created.push(CreatedRepository {
            name: name.to_owned(),
            created_at: now,
            scan_on_push,
            mutability: mutability.to_owned(),
            deleted: false,
        });
        self.created_names.insert(name.to_owned(), position);
        Ok(position)
    }

    pub(super) fn delete_repository(&mut self, name: &str) -> Result<(), RefusedChange> {
        let position = self.position_of(name)?;
        let generated = self.generated.layout.repositories();
        match self.created.get_mut(position.wrapping_sub(generated) as usize) {
            Some(created) if position >= generated => {
                created.deleted = true;
                self.created_names.remove(name);
            }
            _ => {
                self.deleted_generated.insert(position);
            }
        }
        Ok(())
    }

    pub(crate) fn put_lifecycle_policy(&mut self, position: u32, text: &str) {
        self.overlays.entry(position).or_default().lifecycle_policy = Some(text.to_owned());
    }

    /// Gives a repository these tags beside those that it has.
    pub(crate) fn tag_repository(&mut self, position: u32, tags: BTreeMap<String, String>) {
        self.overlays.entry(position).or_default().repository_tags.extend(tags);
    }

    pub(super) fn add_image(
        &mut self,
        repository: &str,
        new: NewImage,
        behaviour: &ScanBehaviour,
        now: Moment,
    ) -> Result<Digest, RefusedChange> {
        let position = self.position_of(repository)?;
        let blueprint = self.blueprint(position, repository, &new)?;
        let image = image(&blueprint, &new, now);
        let digest = image.digest;
        let overlay = self.overlays.entry(position).or_default();
        overlay.set_findings(digest, new.findings, new.enhanced_findings);
        overlay.tags.extend(new.tags.into_iter().map(|tag| (tag, digest)));
        overlay.places.insert(digest, u32::try_from(overlay.added.len()).unwrap_or(u32::MAX));
        let pushed = image.clone();
        overlay.added.push(Some(AddedImage { image, blueprint }));
        if new.last_scan.is_none() {
            self.scan_on_push(position, repository, &pushed, behaviour, now);
        }
        Ok(digest)
    }

    pub(super) fn delete_image(&mut self, repository: &str, digest: Digest) -> Result<(), RefusedChange> {
        let (position, found) = self.locate(repository, digest)?;
        let overlay = self.overlays.entry(position).or_default();
        match overlay.places.remove(&digest) {
            Some(place) => {
                overlay.tags.retain(|_, owner| *owner != digest);
                if let Some(added) = overlay.added.get_mut(place as usize) {
                    *added = None;
                }
            }
            None => {
                overlay.deleted.insert(found.slot);
            }
        }
        self.scans.remove(&(position, digest));
        Ok(())
    }

    /// Archives an image, or restores it. A restored image keeps no scan.
    pub(super) fn archive(
        &mut self,
        repository: &str,
        digest: Digest,
        archived_at: Option<Moment>,
    ) -> Result<(), RefusedChange> {
        let (position, _) = self.locate(repository, digest)?;
        self.overlays.entry(position).or_default().archived.insert(digest, archived_at);
        self.scans.remove(&(position, digest));
        Ok(())
    }

    pub(super) fn dictate_status(
        &mut self,
        repository: &str,
        digest: Digest,
        status: Option<DictatedStatus>,
    ) -> Result<(), RefusedChange> {
        let (position, _) = self.locate(repository, digest)?;
        let statuses = &mut self.overlays.entry(position).or_default().statuses;
        match status {
            Some(status) => statuses.insert(digest, status),
            None => statuses.remove(&digest),
        };
        Ok(())
    }

    pub(super) fn dictate_findings(
        &mut self,
        repository: &str,
        digest: Digest,
        basic: Option<Vec<Value>>,
        enhanced: Option<Vec<Value>>,
    ) -> Result<(), RefusedChange> {
        let (position, _) = self.locate(repository, digest)?;
        self.overlays.entry(position).or_default().set_findings(digest, basic, enhanced);
        Ok(())
    }

    fn scan_on_push(
        &mut self,
        position: u32,
        name: &str,
        image: &Image,
        behaviour: &ScanBehaviour,
        now: Moment,
    ) {
        let own_flag = self.repository_at(position).is_some_and(|repository| repository.scan_on_push);
        let (frequency, _) = self.scanning.frequency(name, own_flag);
        if frequency != Frequency::ScanOnPush {
            return;
        }
        match self.scanning.scan_type {
            // What cannot be scanned is not scanned on push either, and nobody is told.
            ScanType::Basic => drop(start_scan(self, position, image, behaviour, now)),
            ScanType::Enhanced => {
                let overlay = self.overlays.entry(position).or_default();
                overlay.empty_reads.insert(image.digest, EmptyReads::of(behaviour));
            }
        }
    }

    fn blueprint(&self, position: u32, name: &str, new: &NewImage) -> Result<Blueprint, RefusedChange> {
        let repository =
            self.repository_at(position).ok_or_else(|| RefusedChange::NoSuchRepository(name.to_owned()))?;
        let noise = self.generated.noise.word(name);
        let mut children = Vec::new();
        if matches!(new.kind, ImageKind::OciIndex | ImageKind::DockerManifestList) {
            for digest in &new.refers_to {
                let found = repository.find_digest(*digest).ok_or(RefusedChange::NoSuchImage(*digest))?;
                let image = found.image;
                let manifest_bytes = repository.manifest_at(found.slot).map_or(0, |manifest| manifest.len());
                let attests = (image.kind == ImageKind::Attestation).then_some(image.subject).flatten();
                let platform = image.platform;
                children.push(Child { digest: *digest, kind: image.kind, platform, manifest_bytes, attests });
            }
        }
        Ok(Blueprint {
            kind: new.kind,
            base: noise.word("base"),
            own: noise.word("added").with(u64::from(repository.slots())),
            subject: new.refers_to.first().copied().filter(|_| children.is_empty()),
            children,
        })
    }

    fn position_of(&self, name: &str) -> Result<u32, RefusedChange> {
        let repository = self.repository(name);
        repository.map(|found| found.position).ok_or_else(|| RefusedChange::NoSuchRepository(name.to_owned()))
    }

    fn locate(&self, repository: &str, digest: Digest) -> Result<(u32, FoundImage), RefusedChange> {
        let found = self.repository(repository);
        let repository = found.ok_or_else(|| RefusedChange::NoSuchRepository(repository.to_owned()))?;
        let image = repository.find_digest(digest).ok_or(RefusedChange::NoSuchImage(digest))?;
        Ok((repository.position, image))
    }
}

impl Overlay {
    fn set_findings(&mut self, digest: Digest, basic: Option<Vec<Value>>, enhanced: Option<Vec<Value>>) {
        if basic.is_none() && enhanced.is_none() {
            self.findings.remove(&digest);
            return;
        }
        let given =
            GivenFindings { basic: basic.unwrap_or_default(), enhanced: enhanced.unwrap_or_default() };
        self.findings.insert(digest, Arc::new(given));
    }
}

fn image(blueprint: &Blueprint, new: &NewImage, now: Moment) -> Image {
    let attestation = new.kind == ImageKind::Attestation;
    Image {
        digest: Digest::of(blueprint.manifest().as_bytes()),
        kind: new.kind,
        platform: if attestation { Platform::Unknown } else { new.platform },
        tags: new.tags.clone(),
        size: new.size,
        pushed_at: new.pushed_at.map_or(now, Moment::from),
        pulled_at: new.pulled_at.map(Moment::from),
        archived_at: None,
        subject: blueprint.subject,
        unsupported: new.unsupported,
        // Newer than whatever was generated.
        age_rank: u16::try_from(1000 + blueprint.own.with(9).below(200)).unwrap_or(1000),
        past_scan: new.last_scan.map(|scan| PastScan { completed_at: Moment::from(scan.completed_at) }),
    }
}
