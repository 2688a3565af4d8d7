//! Where a pass writes down what it decided and saw.

use async_trait::async_trait;

use crate::image::{RegistryId, RepositoryName};
use crate::record::Entry;

/// Something that keeps entries. They arrive in the order in which they happened within a repository.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Keeps these entries of one repository. An error ends the pass: what cannot be written down must not be done.
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded>;
}

/// Keeps nothing: for whoever only wants what a step returns.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullLedger;

#[async_trait]
impl Ledger for NullLedger {
    async fn record(&self, _: &RegistryId, _: &RepositoryName, _: Vec<Entry>) -> Result<(), NotRecorded> {
        Ok(())
    }
}

/// An entry that could not be kept, such as for a full disk.
#[derive(Debug, thiserror::Error)]
#[error("the results of the pass could not be written down: {0}")]
pub struct NotRecorded(pub String);
