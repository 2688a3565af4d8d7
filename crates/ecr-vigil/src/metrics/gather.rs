//! Asks the store for what gauges are made from.
//!
//! Coverage is added up by the database and asked for at every scrape. Repositories and images are many, so they are asked
//! for anew only once the store has changed, and not more often than every so often: a pass changes it all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use vigil_core::coverage::{Aims, coverage};
use vigil_core::news::SinkName;
use vigil_core::schedule::ScheduleName;
use vigil_core::{Counts, RegistryId};
use vigil_store::{ExportedImage, RepositoryRow, Revision, Scope, SinkQueue, Slice, Store, Unanswered};

use super::gathered::{Gathered, ImageSeries, RegistryState, RepositorySeries};
use super::limits::Limits;

/// What was read of repositories and images, and when.
#[derive(Default)]
pub struct Kept(Mutex<Option<Read>>);

#[derive(Clone)]
struct Read {
    revision: Revision,
    at: Timestamp,
    inventory: Arc<Inventory>,
}

struct Inventory {
    repositories: Vec<RepositoryRow>,
    images: Vec<ImageSeries>,
}

/// What is wanted of the images, and how far that has come.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What the schedules look at.
    pub aims: Aims,
    /// When the last pass of each schedule began that is over.
    pub looked: BTreeMap<ScheduleName, Timestamp>,
    /// Where news is told.
    pub sinks: Vec<SinkName>,
    /// Scans that may be used in 24 hours.
    pub daily: u64,
}

/// Images that were read so short a time ago are told again, whatever has changed since.
const KEPT_FOR: SignedDuration = SignedDuration::from_secs(60);

/// How many repositories are asked for at once.
const PAGE: usize = 1000;

/// Gathers everything.
///
/// # Errors
///
/// If the store cannot be read.
pub async fn gather(
    store: &Store,
    kept: &Kept,
    limits: &Limits,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Gathered, Unanswered> {
    let Wanted { aims, looked, sinks, daily } = wanted;
    let mut standings = store.standings(aims.covered_since(looked, now), now).await?;
    standings.retain(|standing| aims.hold(&standing.registry));
    let held: BTreeSet<RegistryId> = standings.iter().map(|standing| standing.registry.clone()).collect();
    let registries = store.registries().await?;
    let inventory = inventory(store, kept, limits, now).await?;
    let repositories = |registry: &RegistryId| {
        registries.iter().find(|row| row.registry == *registry).map_or(0, |row| row.repositories)
    };
    let states = standings.into_iter().map(|standing| RegistryState {
        repositories: repositories(&standing.registry),
        scans_used: standing.scanned_today,
        scans_budget: *daily,
        open: open_findings(&inventory.repositories, &standing.registry),
        coverage: coverage(aims, &standing.registry, &standing.images),
        registry: standing.registry,
    });
    let repositories = inventory.repositories.iter().filter(|row| held.contains(&row.registry));
    Ok(Gathered {
        registries: states.collect(),
        repositories: repositories.map(repository_series).collect(),
        sinks: queues(store, sinks, now).await?,
        images: inventory.images.iter().filter(|image| held.contains(&image.registry)).cloned().collect(),
    })
}

/// A sink for which nothing waits is told of all the same: the first message is an increase, and not a new series.
async fn queues(store: &Store, sinks: &[SinkName], now: Timestamp) -> Result<Vec<SinkQueue>, Unanswered> {
    let empty =
        |sink: &SinkName| (sink.clone(), SinkQueue { sink: sink.clone(), waiting: 0, oldest: None, dead: 0 });
    let mut queues: BTreeMap<_, _> = sinks.iter().map(empty).collect();
    queues.extend(store.sink_queues(now).await?.into_iter().map(|queue| (queue.sink.clone(), queue)));
    Ok(queues.into_values().collect())
}

async fn inventory(
    store: &Store,
    kept: &Kept,
    limits: &Limits,
    now: Timestamp,
) -> Result<Arc<Inventory>, Unanswered> {
    let revision = store.revision().await?;
    if let Some(read) = kept.get()
        && (read.revision == revision || now.duration_since(read.at) < KEPT_FOR)
    {
        return Ok(read.inventory);
    }
    let images =
        if limits.images == 0 { Vec::new() } else { store.exported_images(Some(limits.newest_tags)).await? };
    let images = images.into_iter().map(image_series).collect();
    let inventory = Arc::new(Inventory { repositories: every_repository(store).await?, images });
    kept.set(Read { revision, at: now, inventory: inventory.clone() });
    Ok(inventory)
}

async fn every_repository(store: &Store) -> Result<Vec<RepositoryRow>, Unanswered> {
    let mut all = Vec::new();
    let mut slice = Slice::first(PAGE);
    loop {
        let page = store.repositories(Scope::default(), false, slice.clone()).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => slice.after = Some(next),
            None => return Ok(all),
        }
    }
}

fn open_findings(repositories: &[RepositoryRow], registry: &RegistryId) -> Counts {
    let mut open = Counts::default();
    repositories.iter().filter(|row| row.registry == *registry).for_each(|row| open.add(&row.counts));
    open
}

fn repository_series(row: &RepositoryRow) -> RepositorySeries {
    RepositorySeries { registry: row.registry.clone(), repository: row.repository.clone() }
}

/// An untagged image has no series: nobody could say which it is but by its digest, and there is no end to them.
fn image_series(image: ExportedImage) -> ImageSeries {
    let ExportedImage { registry, repository, tag, digest, size_bytes, pushed_at, scanned_at, counts } =
        image;
    let scanned = counts.map(|counts| (scanned_at, counts));
    ImageSeries { registry, repository, tag, digest, size_bytes, pushed_at, scanned }
}

impl Kept {
    fn get(&self) -> Option<Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, read: Read) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
    }
}
