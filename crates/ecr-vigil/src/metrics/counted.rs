//! What a pass does, counted: a scanner that is seen through, and a witness of its ledger.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use vigil_core::port::{Mode, NotRecorded, Scanner, Start};
use vigil_core::{Digest, Entry, Fault, RegistryId, Remembered, RepositoryName, Scan};

use super::counters::Metrics;
use super::work::{Place, Tally};
use crate::ledgers::Witness;

/// A scanner whose requests for scans are counted.
pub struct CountedScanner<'a> {
    metrics: &'a Metrics,
    scanner: &'a dyn Scanner,
}

/// The entries of one pass, counted.
pub struct CountedEntries<'a> {
    metrics: &'a Metrics,
    schedule: &'a str,
    /// What the pass has found due so far: it replaces what the pass before found once the pass is over.
    drafts: Mutex<BTreeMap<RegistryId, Tally>>,
    /// When scans were asked for by passes before, or by this one before it was resumed, as long as they may be in flight.
    asked: Mutex<BTreeMap<RegistryId, BTreeMap<Place, Timestamp>>>,
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

impl<'a> CountedEntries<'a> {
    pub fn new(metrics: &'a Metrics, schedule: &'a str) -> Self {
        Self { metrics, schedule, drafts: Mutex::default(), asked: Mutex::default() }
    }

    /// The pass is over: nothing is waited for any more. If it was over all that its schedule looks at, what it found due
    /// replaces what the one before found.
    pub fn finish(self, whole: bool) {
        let drafts = self.drafts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut counted = self.metrics.counted();
        counted.awaited.retain(|(_, schedule), _| schedule != self.schedule);
        for (registry, tally) in drafts.into_iter().filter(|_| whole) {
            counted.tallies.insert((registry, self.schedule.to_owned()), tally);
        }
    }

    fn drafts(&self) -> MutexGuard<'_, BTreeMap<RegistryId, Tally>> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for CountedEntries<'_> {
    fn entries(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: &[Entry],
    ) -> Result<(), NotRecorded> {
        let mut drafts = self.drafts();
        let tally = drafts.entry(registry.clone()).or_default();
        let mut counted = self.metrics.counted();
        let awaited = counted.awaited.entry((registry.clone(), self.schedule.to_owned())).or_default();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.entry(registry.clone()).or_default();
        for entry in entries {
            tally.note(repository, entry);
            awaited.note(repository, at, entry, asked);
        }
        Ok(())
    }

    fn remembered(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        images: &BTreeMap<Digest, Remembered>,
    ) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let since =
            |(digest, image): (&Digest, &Remembered)| Some(((repository.clone(), *digest), image.asked_at?));
        asked.entry(registry.clone()).or_default().extend(images.iter().filter_map(since));
    }

    fn listed(&self, registry: &RegistryId) {
        self.drafts().entry(registry.clone()).or_default();
    }
}
