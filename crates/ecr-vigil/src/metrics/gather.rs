//! Asks the store for what gauges are made from.
//!
//! Coverage is added up by the database and asked for at every scrape. Repositories and images are many, so they are asked
//! for anew only once the store has changed, and not more often than every so often: a pass changes it all the time.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use vigil_core::{Counts, RegistryId};
use vigil_store::{
    ExportedImage, RegistryCoverage, RepositoryRow, Revision, Scope, Slice, Store, Unanswered,
};

use super::gathered::{Gathered, ImageSeries, RegistryState, RepositorySeries};
use super::limits::Limits;
use super::watched::Watched;

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

/// What the settings say to coverage.
#[derive(Debug, Clone)]
pub struct Aims {
    /// A scan not older than this covers its image.
    pub within: SignedDuration,
    /// Scans that may be used in 24 hours.
    pub daily: u64,
    /// The registries that are told of.
    pub watched: Watched,
}

/// Images that were read so short a time ago are told again, whatever has changed since.
const KEPT_FOR: SignedDuration = SignedDuration::from_secs(60);

/// The reason of an image that ECR has refused to scan, and of which it tells no state.
const REFUSED: &str = "refused";

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
    aims: &Aims,
    now: Timestamp,
) -> Result<Gathered, Unanswered> {
    let watched = |registry: &RegistryId| aims.watched.holds(registry);
    let mut coverage = store.coverage(aims.within, now).await?;
    coverage.retain(|covered| watched(&covered.registry));
    let registries = store.registries().await?;
    let inventory = inventory(store, kept, limits, now).await?;
    let repositories = |registry: &RegistryId| {
        registries.iter().find(|row| row.registry == *registry).map_or(0, |row| row.repositories)
    };
    let states = coverage.into_iter().map(|covered| {
        let open = open_findings(&inventory.repositories, &covered.registry);
        let repositories = repositories(&covered.registry);
        state(covered, repositories, open, aims.daily)
    });
    let repositories = inventory.repositories.iter().filter(|row| watched(&row.registry));
    Ok(Gathered {
        registries: states.collect(),
        repositories: repositories.map(repository_series).collect(),
        images: inventory.images.iter().filter(|image| watched(&image.registry)).cloned().collect(),
    })
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

fn state(covered: RegistryCoverage, repositories: u64, open: Counts, daily: u64) -> RegistryState {
    let reason = |state: String| match state.is_empty() {
        true => REFUSED.to_owned(),
        false => state.to_ascii_lowercase(),
    };
    let unscannable = covered.unscannable.into_iter().map(|(state, count)| (reason(state), count));
    RegistryState {
        registry: covered.registry,
        repositories,
        scannable: covered.scannable,
        covered: covered.fresh,
        never_scanned: covered.never_scanned,
        oldest_scan: covered.oldest_scan,
        unscannable: unscannable.collect(),
        scans_used: covered.scanned_today,
        scans_budget: daily,
        open,
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
