//! A ledger with witnesses: they are told what goes into it, and know nothing of what becomes of it there.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::image::Repository;
use vigil_core::port::{Ledger, NotRecorded};
use vigil_core::{Digest, Entry, RegistryId, Remembered, RepositoryName};

/// Someone who is told what goes into a ledger, in the order in which it does.
pub trait Witness: Send + Sync {
    /// These entries of a repository are about to be kept. An error ends the pass, as the ledger's own does.
    fn entries(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: &[Entry],
    ) -> Result<(), NotRecorded>;

    /// This is remembered of a repository's images.
    fn remembered(&self, _: &RegistryId, _: &RepositoryName, _: &BTreeMap<Digest, Remembered>) {}

    /// What was told of this repository is kept now.
    fn kept(&self, _: &RegistryId, _: &RepositoryName) {}

    /// It is known which repositories the registry has.
    fn listed(&self, _: &RegistryId) {}
}

/// A ledger, and who is told what goes into it.
pub struct Witnessed<'a> {
    pub ledger: &'a dyn Ledger,
    pub witnesses: &'a [&'a dyn Witness],
}

#[async_trait]
impl Ledger for Witnessed<'_> {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        for witness in self.witnesses {
            witness.entries(registry, repository, at, &entries)?;
        }
        self.ledger.record(registry, repository, at, entries).await?;
        self.witnesses.iter().for_each(|witness| witness.kept(registry, repository));
        Ok(())
    }

    fn remembers(&self) -> bool {
        self.ledger.remembers()
    }

    async fn present(
        &self,
        registry: &RegistryId,
        at: Timestamp,
        repositories: &[Repository],
    ) -> Result<(), NotRecorded> {
        self.witnesses.iter().for_each(|witness| witness.listed(registry));
        self.ledger.present(registry, at, repositories).await
    }

    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        let images = self.ledger.remembered(registry, repository).await?;
        self.witnesses.iter().for_each(|witness| witness.remembered(registry, repository, &images));
        Ok(images)
    }

    async fn unlisted(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<BTreeSet<Digest>, NotRecorded> {
        self.ledger.unlisted(registry, repository, since).await
    }
}
