//! What gauges are made from: answers of the memory, gathered afresh for each scrape or each revision of the store.
//!
//! Nothing here is kept from one gathering to the next, so what is gone from ECR is gone from the metrics.

use jiff::Timestamp;
use vigil_core::coverage::Coverage;
use vigil_core::image::Repository;
use vigil_core::{Counts, Digest, RegistryId, RepositoryName, Tag};
use vigil_store::SinkQueue;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gathered {
    /// Registry by registry.
    pub registries: Vec<RegistryState>,
    /// Their repositories.
    pub repositories: Vec<RepositorySeries>,
    /// What waits for each sink of the settings, and for any other.
    pub sinks: Vec<SinkQueue>,
    /// Their images by tag, as far as the limits let them be told; the newest first within a repository.
    pub images: Vec<ImageSeries>,
}

/// How far a registry is covered.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryState {
    /// The registry.
    pub registry: RegistryId,
    /// Its repositories.
    pub repositories: u64,
    /// How far its images are scanned.
    pub coverage: Coverage,
    /// Scans of the last 24 hours.
    pub scans_used: u64,
    /// Scans that may be used in 24 hours.
    pub scans_budget: u64,
    /// Findings that stand and are not accepted.
    pub open: Counts,
}

/// A repository.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositorySeries {
    /// Where it is.
    pub registry: RegistryId,
    /// The repository.
    pub repository: Repository,
}

/// An image under one of its tags.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSeries {
    /// The registry.
    pub registry: RegistryId,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag.
    pub tag: Tag,
    /// The image.
    pub digest: Digest,
    /// Its size, where ECR says.
    pub size_bytes: Option<u64>,
    /// When it was pushed, where ECR says.
    pub pushed_at: Option<Timestamp>,
    /// When its last scan was completed, and what it found; `None` without one. An image that nobody scanned has no
    /// findings to tell, not zero of them.
    pub scanned: Option<(Option<Timestamp>, Counts)>,
}
