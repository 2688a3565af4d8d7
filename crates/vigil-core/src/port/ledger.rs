//! Where a pass writes down what it decided and saw, and where it reads what earlier passes knew.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::image::{Digest, RegistryId, Repository, RepositoryName};
use crate::record::Entry;
use crate::remembered::Remembered;

/// Something that keeps entries. They arrive in the order in which they happened within a repository.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Keeps these entries of one repository, which happened at this time. An error ends the pass: what cannot be written down must not be done.
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded>;

    /// Whether it outlives the pass, and so wants to know what only matters later.
    fn remembers(&self) -> bool {
        false
    }

    /// Takes note of all the repositories that there are at this time: what is not among them is gone.
    async fn present(
        &self,
        registry: &RegistryId,
        at: Timestamp,
        repositories: &[Repository],
    ) -> Result<(), NotRecorded> {
        let _ = (registry, at, repositories);
        Ok(())
    }

    /// What is remembered of the images of a repository. To remember nothing is not a fault: ECR is the truth about scans.
    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        let _ = (registry, repository);
        Ok(BTreeMap::new())
    }

    /// The images of a repository that are taken to be there, though it was not listed since this time: none, if it was.
    async fn unlisted(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<BTreeSet<Digest>, NotRecorded> {
        let _ = (registry, repository, since);
        Ok(BTreeSet::new())
    }
}

/// Keeps nothing: for whoever only wants what a step returns.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullLedger;

#[async_trait]
impl Ledger for NullLedger {
    async fn record(
        &self,
        _: &RegistryId,
        _: &RepositoryName,
        _: Timestamp,
        _: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        Ok(())
    }
}

/// An entry that could not be kept, such as for a full disk, or a memory that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the results of the pass could not be written down: {0}")]
pub struct NotRecorded(pub String);
