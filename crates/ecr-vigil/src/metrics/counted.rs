//! A pass's scanner and ledger, seen through: what goes by is counted and handed on as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::image::Repository;
use vigil_core::port::{Ledger, Mode, NotRecorded, Scanner, Start};
use vigil_core::{Decision, Digest, Entry, Fault, Hold, RegistryId, Remembered, RepositoryName, Scan};

use super::counters::{Metrics, Tally};

/// A scanner whose requests for scans are counted.
pub struct CountedScanner<'a> {
    metrics: &'a Metrics,
    registry: &'a RegistryId,
    scanner: &'a dyn Scanner,
}

/// A ledger whose entries are counted.
pub struct CountedLedger<'a> {
    metrics: &'a Metrics,
    ledger: &'a dyn Ledger,
    drafts: Mutex<BTreeMap<RegistryId, Draft>>,
}

/// What a pass has told so far of one registry.
#[derive(Default)]
struct Draft {
    tally: Tally,
    /// What is to be scanned: it may be held after all, and is due once.
    scans: BTreeSet<(RepositoryName, Digest)>,
}

impl<'a> CountedScanner<'a> {
    pub fn new(metrics: &'a Metrics, registry: &'a RegistryId, scanner: &'a dyn Scanner) -> Self {
        Self { metrics, registry, scanner }
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
            Ok(Start::Accepted) => {
                counted.scans_requested += 1;
                let in_flight = counted.in_flight.entry(self.registry.clone()).or_default();
                in_flight.insert((repository.clone(), digest));
            }
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
    pub fn new(metrics: &'a Metrics, ledger: &'a dyn Ledger) -> Self {
        Self { metrics, ledger, drafts: Mutex::default() }
    }

    /// The pass is over: what it found due replaces what the one before found, and nothing is waited for any more.
    pub fn finish(self) {
        let drafts = self.drafts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut counted = self.metrics.counted();
        for (registry, draft) in drafts {
            counted.in_flight.remove(&registry);
            counted.tallies.insert(registry, draft.tally);
        }
    }

    fn count(&self, registry: &RegistryId, repository: &RepositoryName, entry: &Entry) {
        match entry {
            Entry::Decided(image, Decision::Wait) => {
                let mut counted = self.metrics.counted();
                let in_flight = counted.in_flight.entry(registry.clone()).or_default();
                in_flight.insert((repository.clone(), image.digest));
            }
            Entry::Decided(image, decision) => {
                let mut drafts = self.drafts();
                drafts.entry(registry.clone()).or_default().decide(repository, image.digest, decision);
            }
            Entry::Ended(digest, _) => {
                if let Some(in_flight) = self.metrics.counted().in_flight.get_mut(registry) {
                    in_flight.remove(&(repository.clone(), *digest));
                }
            }
            _ => {}
        }
    }

    fn drafts(&self) -> MutexGuard<'_, BTreeMap<RegistryId, Draft>> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Draft {
    fn decide(&mut self, repository: &RepositoryName, digest: Digest, decision: &Decision) {
        match decision {
            Decision::Scan(_) if self.scans.insert((repository.clone(), digest)) => self.tally.due += 1,
            Decision::Hold(_, why) => {
                let known = self.scans.remove(&(repository.clone(), digest));
                self.tally.due += u64::from(!known);
                *self.tally.held.entry(Hold::code(why)).or_default() += 1;
            }
            _ => {}
        }
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
        entries.iter().for_each(|entry| self.count(registry, repository, entry));
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
