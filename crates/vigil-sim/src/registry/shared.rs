//! A registry that requests and tests share: every method takes the lock, does one thing and lets go.

use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::changes::{NewImage, RefusedChange};
use super::overlay::DictatedStatus;
use super::results;
use super::scanning::Scanning;
use super::state::State;
use crate::clock::SimClock;
use crate::config::ScanBehaviour;
use crate::content::{ImageKind, Platform};
use crate::digest::Digest;
use crate::locks::{read, write};

/// The registry of one account in one region, for tests to look at and to change.
#[derive(Debug)]
pub struct Registry {
    clock: Arc<SimClock>,
    behaviour: Arc<RwLock<ScanBehaviour>>,
    state: RwLock<State>,
}

/// What is true about a repository, whatever the API would say.
#[derive(Debug, Clone, Serialize)]
pub struct RepositoryTruth {
    /// Its name.
    pub name: String,
    /// All its images, archived ones included.
    pub images: u64,
}

/// What is true about an image, whatever the API would say.
#[derive(Debug, Clone, Serialize)]
pub struct ImageTruth {
    /// Its digest.
    pub digest: Digest,
    /// Its tags.
    pub tags: Vec<String>,
    /// What it is.
    pub kind: ImageKind,
    /// What it runs on.
    pub platform: Platform,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether its scans fail.
    pub unsupported: bool,
    /// The status that DescribeImageScanFindings would answer now; `None` when there is no scan.
    pub scan_status: Option<String>,
}

impl Registry {
    pub(crate) fn new(clock: Arc<SimClock>, behaviour: Arc<RwLock<ScanBehaviour>>, state: State) -> Self {
        Self { clock, behaviour, state: RwLock::new(state) }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        read(&self.state)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        write(&self.state)
    }

    pub(crate) fn behaviour(&self) -> ScanBehaviour {
        read(&self.behaviour).clone()
    }

    /// Every repository there is.
    #[must_use]
    pub fn repositories(&self) -> Vec<RepositoryTruth> {
        let state = self.read();
        let all = (0..state.positions()).filter_map(|position| state.repository_at(position));
        all.map(|repository| RepositoryTruth {
            name: repository.name.to_owned(),
            images: (0..repository.slots()).filter(|slot| repository.has_image(*slot)).count() as u64,
        })
        .collect()
    }

    /// Every image of a repository, archived ones included.
    pub fn images(&self, repository: &str) -> Result<Vec<ImageTruth>, RefusedChange> {
        let now = self.clock.moment();
        let state = self.read();
        let found = state.repository(repository);
        let repository = found.ok_or_else(|| RefusedChange::NoSuchRepository(repository.to_owned()))?;
        let images = (0..repository.slots()).filter_map(|slot| repository.image_at(slot));
        Ok(images
            .map(|image| ImageTruth {
                digest: image.digest,
                kind: image.kind,
                platform: image.platform,
                pushed_at: image.pushed_at.timestamp(),
                archived: image.archived_at.is_some(),
                unsupported: image.unsupported,
                scan_status: results::scan_answer(&state, &repository, &image, now).map(|scan| scan.status),
                tags: image.tags,
            })
            .collect())
    }

    /// Creates an empty repository.
    pub fn add_repository(&self, name: &str) -> Result<(), RefusedChange> {
        self.write().create_repository(name, "MUTABLE", false, self.clock.moment()).map(|_| ())
    }

    /// Gives a repository tags, beside those that it has.
    pub fn tag_repository(&self, name: &str, tags: &[(&str, &str)]) -> Result<(), RefusedChange> {
        let mut state = self.write();
        let found = state.repository(name).map(|repository| repository.position);
        let position = found.ok_or_else(|| RefusedChange::NoSuchRepository(name.to_owned()))?;
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        state.tag_repository(position, tags.collect());
        Ok(())
    }

    /// Deletes a repository with everything in it.
    pub fn delete_repository(&self, name: &str) -> Result<(), RefusedChange> {
        self.write().delete_repository(name)
    }

    /// Adds an image, as a push would, and returns its digest. Scan-on-push applies.
    pub fn add_image(&self, repository: &str, image: NewImage) -> Result<Digest, RefusedChange> {
        self.write().add_image(repository, image, &self.behaviour(), self.clock.moment())
    }

    /// Deletes an image and its tags.
    pub fn delete_image(&self, repository: &str, digest: Digest) -> Result<(), RefusedChange> {
        self.write().delete_image(repository, digest)
    }

    /// Archives an image: it is no longer listed by default and cannot be scanned.
    pub fn archive_image(&self, repository: &str, digest: Digest) -> Result<(), RefusedChange> {
        self.write().archive(repository, digest, Some(self.clock.moment()))
    }

    /// Restores an archived image.
    pub fn restore_image(&self, repository: &str, digest: Digest) -> Result<(), RefusedChange> {
        self.write().archive(repository, digest, None)
    }

    /// Dictates the scan status of an image (any word), until `clear_status`.
    pub fn set_status(
        &self,
        repository: &str,
        digest: Digest,
        status: &str,
        description: Option<&str>,
    ) -> Result<(), RefusedChange> {
        let description = description.map(str::to_owned);
        let status = DictatedStatus { status: status.to_owned(), description, completed_at: None };
        self.dictate_status(repository, digest, Some(status))
    }

    /// Dictates the scan status of an image, and when what it shows was found, until `clear_status`.
    pub fn set_status_at(
        &self,
        repository: &str,
        digest: Digest,
        status: &str,
        completed_at: Timestamp,
    ) -> Result<(), RefusedChange> {
        let completed_at = Some(completed_at.into());
        let status = DictatedStatus { status: status.to_owned(), description: None, completed_at };
        self.dictate_status(repository, digest, Some(status))
    }

    /// Lets the status of an image follow from its scans again.
    pub fn clear_status(&self, repository: &str, digest: Digest) -> Result<(), RefusedChange> {
        self.dictate_status(repository, digest, None)
    }

    pub(crate) fn dictate_status(
        &self,
        repository: &str,
        digest: Digest,
        status: Option<DictatedStatus>,
    ) -> Result<(), RefusedChange> {
        self.write().dictate_status(repository, digest, status)
    }

    /// Dictates what the next scans of an image find; `None` for both draws real vulnerabilities again.
    ///
    /// Under basic scanning a scan keeps the findings it was started with; enhanced scanning shows them at once.
    pub fn set_findings(
        &self,
        repository: &str,
        digest: Digest,
        basic: Option<Vec<Value>>,
        enhanced: Option<Vec<Value>>,
    ) -> Result<(), RefusedChange> {
        self.write().dictate_findings(repository, digest, basic, enhanced)
    }

    /// Switches the scanning configuration of this registry.
    pub fn set_scanning(&self, scanning: Scanning) {
        self.write().scanning = scanning;
    }
}
