//! An ECR and a ledger that live in memory, with state: what is started runs, ends, and uses its quota.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{PausedClock, scan};
use crate::due::IMAGE_QUOTA_WINDOW;
use crate::fault::{Fault, FaultKind};
use crate::finding::Finding;
use crate::image::{Child, Digest, Image, Pick, RegistryId, Repository, RepositoryName};
use crate::port::{Clock, Cursor, Ledger, Mode, NotRecorded, Page, Registry, Scanner, Start};
use crate::record::{Entry, RepositoryRecord, add_up};
use crate::remembered::Remembered;
use crate::scan::{Meaning, Scan};

/// A registry with small pages, whose scans take two seconds and find what they are told to.
pub struct MemoryEcr {
    id: RegistryId,
    clock: PausedClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    mode: Option<Mode>,
    images: BTreeMap<RepositoryName, Vec<Image>>,
    children: BTreeMap<Digest, Vec<Child>>,
    scans: BTreeMap<Digest, Scan>,
    running: BTreeMap<Digest, Timestamp>,
    to_find: BTreeMap<Digest, Vec<Finding>>,
    answers: BTreeMap<Digest, Start>,
    log: Vec<String>,
}

/// How long a scan takes.
const SCAN: SignedDuration = SignedDuration::from_secs(2);
/// How many items a page holds: few, so that every listing has several.
const PAGE: usize = 2;

impl MemoryEcr {
    /// An empty registry with basic scanning.
    pub fn new(clock: PausedClock) -> Self {
        let id = RegistryId {
            partition: crate::image::Partition::Aws,
            account: "123456789012".parse().expect("an account"),
            region: "eu-west-1".parse().expect("a region"),
        };
        Self { id, clock, state: Mutex::default() }
    }

    /// Adds an image, with its last scan if there was one.
    pub fn add(&self, repository: &str, image: Image, scan: Option<Scan>) {
        let mut state = self.lock();
        state.scans.extend(scan.map(|scan| (image.digest, scan)));
        state.images.entry(repository.parse().expect("a repository")).or_default().push(image);
    }

    /// Takes an image away.
    pub fn remove(&self, repository: &str, digest: Digest) {
        let repository = repository.parse().expect("a repository");
        self.lock().images.entry(repository).or_default().retain(|image| image.digest != digest);
    }

    /// Takes a repository away with all that it holds.
    pub fn remove_repository(&self, repository: &str) {
        self.lock().images.remove(&repository.parse().expect("a repository"));
    }

    /// Says what an index lists.
    pub fn set_children(&self, index: Digest, children: Vec<Child>) {
        self.lock().children.insert(index, children);
    }

    /// Says who starts scans.
    pub fn set_mode(&self, mode: Mode) {
        self.lock().mode = Some(mode);
    }

    /// Says what later scans of an image find.
    pub fn set_findings(&self, digest: Digest, findings: Vec<Finding>) {
        self.lock().to_find.insert(digest, findings);
    }

    /// Says how requests for a scan of an image are answered.
    pub fn answer_start(&self, digest: Digest, answer: Start) {
        self.lock().answers.insert(digest, answer);
    }

    /// The calls so far, as `operation subject`.
    pub fn calls(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    /// The digests for which scans were asked, in order.
    pub fn starts(&self) -> Vec<String> {
        self.calls().iter().filter_map(|call| call.strip_prefix("start ")).map(str::to_owned).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn page<T>(items: impl Iterator<Item = T>, after: Option<Cursor>) -> Page<T> {
    let from = after.and_then(|Cursor(text)| text.parse().ok()).unwrap_or(0);
    let mut rest = items.skip(from);
    let items: Vec<T> = rest.by_ref().take(PAGE).collect();
    let next = rest.next().map(|_| Cursor((from + PAGE).to_string()));
    Page { items, next }
}

#[async_trait]
impl Registry for MemoryEcr {
    fn id(&self) -> &RegistryId {
        &self.id
    }

    async fn repositories(&self, after: Option<Cursor>) -> Result<Page<Repository>, Fault> {
        Ok(page(self.lock().images.keys().cloned().map(Repository::from), after))
    }

    async fn images(&self, repository: &RepositoryName, after: Option<Cursor>) -> Result<Page<Image>, Fault> {
        let state = self.lock();
        let gone = || Fault::new(FaultKind::RepositoryGone, "DescribeImages", repository.as_str());
        Ok(page(state.images.get(repository).ok_or_else(gone)?.iter().cloned(), after))
    }

    async fn named(&self, repository: &RepositoryName, picks: &[Pick]) -> Result<Vec<Image>, Fault> {
        let gone = || Fault::new(FaultKind::RepositoryGone, "DescribeImages", repository.as_str());
        let all = self.lock().images.get(repository).cloned().ok_or_else(gone)?;
        Ok(all.into_iter().filter(|image| picks.iter().any(|pick| pick.means(image))).collect())
    }

    async fn children(
        &self,
        _: &RepositoryName,
        indexes: &[Digest],
    ) -> Result<Vec<(Digest, Result<Vec<Child>, Fault>)>, Fault> {
        let state = self.lock();
        let gone = || Fault::new(FaultKind::ImageGone, "BatchGetImage", "ImageNotFound");
        Ok(indexes
            .iter()
            .map(|index| (*index, state.children.get(index).cloned().ok_or_else(gone)))
            .collect())
    }
}

#[async_trait]
impl Scanner for MemoryEcr {
    async fn mode(&self) -> Result<Mode, Fault> {
        Ok(self.lock().mode.unwrap_or(Mode::OnRequest))
    }

    async fn start(&self, _: &RepositoryName, digest: Digest) -> Result<Start, Fault> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.log.push(format!("start {digest}"));
        if let Some(answer) = state.answers.get(&digest) {
            return Ok(answer.clone());
        }
        let last = state
            .running
            .get(&digest)
            .copied()
            .or(state.scans.get(&digest).and_then(|scan| scan.completed_at));
        if last.is_some_and(|at| now.duration_since(at) < IMAGE_QUOTA_WINDOW) {
            return Ok(Start::OnceADay);
        }
        state.running.insert(digest, now);
        Ok(Start::Accepted)
    }

    async fn read(&self, _: &RepositoryName, digest: Digest) -> Result<Option<Scan>, Fault> {
        let now = self.clock.now();
        let mut state = self.lock();
        state.log.push(format!("read {digest}"));
        if let Some(started) = state.running.get(&digest).copied() {
            if now.duration_since(started) < SCAN {
                return Ok(Some(scan("IN_PROGRESS", None, &[])));
            }
            state.running.remove(&digest);
            let found = state.to_find.get(&digest).cloned().unwrap_or_default();
            state.scans.insert(digest, scan("COMPLETE", Some(started + SCAN), &found));
        }
        Ok(state.scans.get(&digest).cloned())
    }
}

/// A ledger in memory.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    entries: Mutex<BTreeMap<RepositoryName, Vec<(Timestamp, Entry)>>>,
    remembers: bool,
}

impl MemoryLedger {
    /// One that is asked by later passes what it remembers.
    pub fn remembering() -> Self {
        Self { remembers: true, ..Self::default() }
    }

    /// What the entries of each repository add up to.
    pub fn records(&self) -> BTreeMap<RepositoryName, RepositoryRecord> {
        let without_times = |entries: Vec<(Timestamp, Entry)>| entries.into_iter().map(|(_, entry)| entry);
        let entries = self.lock().clone();
        entries
            .into_iter()
            .map(|(repository, entries)| (repository, add_up(without_times(entries))))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RepositoryName, Vec<(Timestamp, Entry)>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn record(
        &self,
        _: &RegistryId,
        repository: &RepositoryName,
        at: Timestamp,
        entries: Vec<Entry>,
    ) -> Result<(), NotRecorded> {
        let mut all = self.lock();
        all.entry(repository.clone()).or_default().extend(entries.into_iter().map(|entry| (at, entry)));
        Ok(())
    }

    fn remembers(&self) -> bool {
        self.remembers
    }

    async fn remembered(
        &self,
        _: &RegistryId,
        repository: &RepositoryName,
    ) -> Result<BTreeMap<Digest, Remembered>, NotRecorded> {
        let mut images: BTreeMap<Digest, Remembered> = BTreeMap::new();
        for (at, entry) in self.lock().get(repository).into_iter().flatten() {
            match entry {
                Entry::Asked(digest, at) => {
                    let asked = Remembered { asked_at: Some(*at), ..Remembered::default() };
                    images.insert(*digest, asked);
                }
                Entry::Refused(digest, at, said) => {
                    images.entry(*digest).or_default().refused = Some((*at, said.clone()));
                }
                Entry::Found(digest, scan) if scan.meaning() == Meaning::Failed => {
                    images.entry(*digest).or_default().failed_at.get_or_insert(*at);
                }
                _ => {}
            }
        }
        Ok(images)
    }

    async fn unlisted(
        &self,
        _: &RegistryId,
        repository: &RepositoryName,
        since: Timestamp,
    ) -> Result<BTreeSet<Digest>, NotRecorded> {
        let mut there = BTreeSet::new();
        for (at, entry) in self.lock().get(repository).into_iter().flatten() {
            match entry {
                Entry::Listed(_) if *at >= since => return Ok(BTreeSet::new()),
                Entry::Listed(images) => there = images.iter().map(|image| image.digest).collect(),
                Entry::Seen(images) => there.extend(images.iter().map(|image| image.digest)),
                Entry::Absent(_, images) => there.retain(|image| !images.contains(image)),
                Entry::Empty | Entry::Gone => there.clear(),
                _ => {}
            }
        }
        Ok(there)
    }
}
