//! What a pass was asked for and did not find, and repositories that it could not read: told with how the pass ended.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::image::Repository;
use vigil_core::port::{Ledger, NotRecorded};
use vigil_core::{Digest, Entry, FaultKind, RegistryId, Remembered, RepositoryName};

use crate::pass_report::Trouble;

/// A ledger that is looked at as it is written.
pub struct Noted<'a> {
    ledger: &'a dyn Ledger,
    notes: Mutex<Notes>,
}

/// What was noted.
#[derive(Debug, Default)]
pub struct Notes {
    /// What was asked for by name and is not there.
    pub missing: Vec<Trouble>,
    /// Repositories that could not be read, or not as a whole.
    pub unread: Vec<Trouble>,
}

/// No more than so many of each are told: where everything fails, nobody reads the thousandth.
const AT_MOST: usize = 100;

impl<'a> Noted<'a> {
    pub fn new(ledger: &'a dyn Ledger) -> Self {
        Self { ledger, notes: Mutex::default() }
    }

    /// What was noted.
    pub fn into_notes(self) -> Notes {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, registry: &RegistryId, repository: &RepositoryName, entry: &Entry) {
        let told = |reason| Trouble { registry: registry.to_string(), reason };
        match entry {
            Entry::Missing(name) => keep(&mut self.notes().missing, told(format!("there is no {name}"))),
            // One that was deleted meanwhile is gone, and nothing is missing.
            Entry::Unread(fault) if fault.kind == FaultKind::RepositoryGone => {}
            Entry::Unread(fault) => keep(&mut self.notes().unread, told(format!("{repository}: {fault}"))),
            _ => {}
        }
    }
}

fn keep(troubles: &mut Vec<Trouble>, trouble: Trouble) {
    if troubles.len() < AT_MOST {
        tracing::warn!(registry = trouble.registry, reason = trouble.reason, "not looked at");
        troubles.push(trouble);
    }
}

#[async_trait]
impl Ledger for Noted<'_> {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        entries.iter().for_each(|entry| self.note(registry, repository, entry));
        self.ledger.record(registry, repository, at, entries).await
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
        self.ledger.present(registry, at, repositories).await
    }

    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        self.ledger.remembered(registry, repository).await
    }
}
