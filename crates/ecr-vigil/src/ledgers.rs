//! Two ledgers as one: what a pass writes down for its report, and what is to be remembered of it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::image::Repository;
use vigil_core::port::{Ledger, NotRecorded};
use vigil_core::{Digest, Entry, RegistryId, Remembered, RepositoryName};

/// The report's ledger, and a memory if there is one.
pub struct Both<'a> {
    /// Where the report is made from.
    pub report: &'a dyn Ledger,
    /// What outlives the pass.
    pub memory: Option<&'a dyn Ledger>,
}

#[async_trait]
impl Ledger for Both<'_> {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        if let Some(memory) = self.memory {
            memory.record(registry, repository, at, entries.clone()).await?;
        }
        self.report.record(registry, repository, at, entries).await
    }

    fn remembers(&self) -> bool {
        self.memory.is_some_and(Ledger::remembers)
    }

    async fn present(
        &self,
        registry: &RegistryId,
        at: Timestamp,
        repositories: &[Repository],
    ) -> Result<(), NotRecorded> {
        match self.memory {
            Some(memory) => memory.present(registry, at, repositories).await,
            None => Ok(()),
        }
    }

    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        match self.memory {
            Some(memory) => memory.remembered(registry, repository).await,
            None => Ok(BTreeMap::new()),
        }
    }
}
