//! A pass's scanner and ledger, seen through: what goes by is counted and handed on as it is.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::image::Repository;
use vigil_core::port::{Ledger, Mode, NotRecorded, Scanner, Start};
use vigil_core::{Digest, Entry, Fault, RegistryId, Remembered, RepositoryName, Scan};

use super::counters::Metrics;
use super::work::Tally;

/// A scanner whose requests for scans are counted.
pub struct CountedScanner<'a> {
    metrics: &'a Metrics,
    scanner: &'a dyn Scanner,
}

/// A ledger whose entries are counted.
pub struct CountedLedger<'a> {
    metrics: &'a Metrics,
    schedule: &'a str,
    ledger: &'a dyn Ledger,
    /// What the pass has found due so far: it replaces what the pass before found once the pass is over.
    drafts: Mutex<BTreeMap<RegistryId, Tally>>,
}

impl<'a> CountedScanner<'a> {
    pub fn new(metrics: &'a Metrics, scanner: &'a dyn Scanner) -> Self {
        Self { metrics, scanner }
    }
}

#[async_trait]
impl Scanner for CountedScanner<'_> {
    async fn mode(&self) -> Result<Mode, Fault> {
        self.scanner.mode().await
    }

    async fn start(&self, repository: &RepositoryName, digest: Digest) -> Result<Start, Fault> {
        let answer = self.scanner.start(repository, digest).await;
        let mut counted = self.metrics.counted();
        match &answer {
            Ok(Start::Accepted) => counted.scans_requested += 1,
            Ok(Start::OnceADay | Start::RegistryQuota(_)) => counted.scans_rate_limited += 1,
            Ok(Start::Unsupported(_) | Start::Archived | Start::ByItself(_)) => {
                counted.scans_requested_errors += 1;
            }
            Err(fault) if fault.is_not_sent() => {}
            Err(_) => counted.scans_requested_errors += 1,
        }
        drop(counted);
        answer
    }

    async fn read(&self, repository: &RepositoryName, digest: Digest) -> Result<Option<Scan>, Fault> {
        self.scanner.read(repository, digest).await
    }
}

impl<'a> CountedLedger<'a> {
    pub fn new(metrics: &'a Metrics, schedule: &'a str, ledger: &'a dyn Ledger) -> Self {
        Self { metrics, schedule, ledger, drafts: Mutex::default() }
    }

    /// The pass is over: what it found due replaces what the one before found, and nothing is waited for any more.
    pub fn finish(self) {
        let drafts = self.drafts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut counted = self.metrics.counted();
        counted.awaited.retain(|(_, schedule), _| schedule != self.schedule);
        for (registry, tally) in drafts {
            counted.tallies.insert((registry, self.schedule.to_owned()), tally);
        }
    }

    fn count(&self, registry: &RegistryId, repository: &RepositoryName, at: Timestamp, entries: &[Entry]) {
        let mut drafts = self.drafts();
        let tally = drafts.entry(registry.clone()).or_default();
        let mut counted = self.metrics.counted();
        let awaited = counted.awaited.entry((registry.clone(), self.schedule.to_owned())).or_default();
        for entry in entries {
            tally.note(repository, entry);
            awaited.note(repository, at, entry);
        }
    }

    fn drafts(&self) -> MutexGuard<'_, BTreeMap<RegistryId, Tally>> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for CountedLedger<'_> {
    async fn record(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        self.count(registry, repository, at, &entries);
        let recorded = self.ledger.record(registry, repository, at, entries).await;
        self.note(recorded)
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
        self.drafts().entry(registry.clone()).or_default();
        let recorded = self.ledger.present(registry, at, repositories).await;
        self.note(recorded)
    }

    async fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        let remembered = self.ledger.remembered(registry, repository).await;
        self.note(remembered)
    }
}

impl CountedLedger<'_> {
    fn note<T>(&self, answer: Result<T, NotRecorded>) -> Result<T, NotRecorded> {
        answer.inspect_err(|_| self.metrics.store_failed())
    }
}
