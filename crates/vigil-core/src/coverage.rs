//! Which images are meant to be scanned, and how many of them are: by what today's schedules want, and by how the images
//! stand. Plain functions; where images are remembered, and how coverage is told, they do not know.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::image::{AccountId, Region, RegistryId, RepositoryName};
use crate::policy::{Age, Patterns};
use crate::scan::ScanState;
use crate::schedule::ScheduleName;

/// What one schedule wants to have scanned.
#[derive(Debug, Clone)]
pub struct Aim {
    /// The schedule.
    pub schedule: ScheduleName,
    /// The repositories that it selects in the registries of the settings; `None` if it looks only at what is named.
    pub selects: Option<Patterns>,
    /// Whether it looks at what scan configurations name.
    pub takes_named: bool,
    /// How old a scan may be.
    pub expiry: Age,
}

/// A registry of the settings. They do not always say its account or region, and then it may be any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Its account.
    pub account: Option<AccountId>,
    /// Its region.
    pub region: Option<Region>,
}

/// A repository that a scan configuration names.
pub type NamedRepository = (Region, AccountId, RepositoryName);

/// What all schedules want to have scanned, by the settings as they are now.
#[derive(Debug, Clone, Default)]
pub struct Aims {
    /// Schedule by schedule.
    pub schedules: Vec<Aim>,
    /// The registries of the settings.
    pub places: Vec<Place>,
    /// What scan configurations name; `None` while nobody knows: nothing is taken for unnamed then.
    pub named: Option<BTreeSet<NamedRepository>>,
}

/// Images of one repository that are alike in all that coverage asks of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Alike {
    /// The repository.
    pub repository: RepositoryName,
    /// The schedules whose last passes found that these images are theirs.
    pub watchers: Arc<BTreeSet<ScheduleName>>,
    /// Why they cannot be scanned, if so.
    pub obstacle: Option<Obstacle>,
    /// How many they are.
    pub images: u64,
    /// How many of them were ever scanned.
    pub scanned: u64,
    /// How many of them were scanned since each of the moments that were asked about, in their order.
    pub scanned_since: Vec<u64>,
    /// The oldest of their last scans.
    pub oldest_scan: Option<Timestamp>,
}

/// Why an image cannot be scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// It is in the archive.
    Archived,
    /// ECR cannot scan it, and said so as the state of a scan; or else by refusing to start one.
    Unscannable(Option<ScanState>),
}

/// How far the images of a registry are scanned that some schedule wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Images that are meant to be scanned and can be.
    pub scannable: u64,
    /// Those of them that are scanned as lately as each schedule wants that watches them.
    pub covered: u64,
    /// Those of them that were never scanned.
    pub never_scanned: u64,
    /// The oldest of their last scans.
    pub oldest_scan: Option<Timestamp>,
    /// Images that are meant and cannot be scanned, by the reason's name.
    pub unscannable: BTreeMap<String, u64>,
}

impl Aims {
    /// Whether some schedule looks into this registry.
    pub fn hold(&self, registry: &RegistryId) -> bool {
        self.schedules.iter().any(|aim| {
            aim.selects.is_some() && self.is_a_place(registry) || aim.takes_named && self.names_in(registry)
        })
    }

    /// The schedules that look into this repository, each with its place in the list.
    pub fn looking_into<'a>(
        &'a self,
        registry: &'a RegistryId,
        repository: &'a RepositoryName,
    ) -> impl Iterator<Item = (usize, &'a Aim)> {
        self.schedules.iter().enumerate().filter(|(_, aim)| {
            let selected = aim.selects.as_ref().is_some_and(|patterns| patterns.admit(repository.as_str()));
            selected && self.is_a_place(registry) || aim.takes_named && self.names(registry, repository)
        })
    }

    /// Since when an image must have been scanned to be covered, schedule by schedule. `looked` is when the last of a
    /// schedule's passes began that is over.
    ///
    /// An image that falls due waits for the next pass, and that takes its time: what counts is whether it was due already
    /// when the last pass that is over began, since that left it so. Where no pass has come to an end for as long as the
    /// expiry, passes do not come to an end any more, and every scan that is older than twice the expiry is too old.
    pub fn covered_since(
        &self,
        looked: &BTreeMap<ScheduleName, Timestamp>,
        now: Timestamp,
    ) -> Vec<Timestamp> {
        let since = |aim: &Aim| {
            let looked = looked.get(&aim.schedule).copied().unwrap_or(now).min(now);
            let overdue = oldest_within(&aim.expiry, now);
            let at_the_latest =
                if looked < overdue { oldest_within(&aim.expiry, overdue) } else { Timestamp::MIN };
            oldest_within(&aim.expiry, looked).max(at_the_latest)
        };
        self.schedules.iter().map(since).collect()
    }

    fn is_a_place(&self, registry: &RegistryId) -> bool {
        self.places.iter().any(|place| {
            place.region.as_ref().is_none_or(|region| *region == registry.region)
                && place.account.as_ref().is_none_or(|account| *account == registry.account)
        })
    }

    fn names_in(&self, registry: &RegistryId) -> bool {
        let is_there = |(region, account, _): &NamedRepository| {
            registry.region == *region && registry.account == *account
        };
        self.named.as_ref().is_none_or(|named| named.iter().any(is_there))
    }

    fn names(&self, registry: &RegistryId, repository: &RepositoryName) -> bool {
        let name = || (registry.region.clone(), registry.account.clone(), repository.clone());
        self.named.as_ref().is_none_or(|named| named.contains(&name()))
    }
}

/// Adds up the images of a registry: those that a schedule watches which looks into their repository by today's settings.
/// Of several such schedules the strictest decides.
pub fn coverage(aims: &Aims, registry: &RegistryId, images: &[Alike]) -> Coverage {
    let mut sum = Coverage::default();
    for alike in images {
        let looking = aims.looking_into(registry, &alike.repository);
        let watching = looking.filter(|(_, aim)| alike.watchers.contains(&aim.schedule));
        // The strictest has the fewest that are scanned as lately as it wants.
        let covered = watching.filter_map(|(place, _)| alike.scanned_since.get(place).copied()).min();
        let Some(covered) = covered else { continue };
        match &alike.obstacle {
            Some(obstacle) => *sum.unscannable.entry(obstacle.code()).or_default() += alike.images,
            None => {
                sum.scannable += alike.images;
                sum.covered += covered;
                sum.never_scanned += alike.images.saturating_sub(alike.scanned);
                sum.oldest_scan = [sum.oldest_scan, alike.oldest_scan].into_iter().flatten().min();
            }
        }
    }
    sum
}

impl Obstacle {
    /// The reason's name in machine-readable output.
    pub fn code(&self) -> String {
        match self {
            Self::Archived => "archived".to_owned(),
            Self::Unscannable(Some(state)) => state.as_str().to_ascii_lowercase(),
            Self::Unscannable(None) => "refused".to_owned(),
        }
    }
}

/// The earliest moment, to the second, from which on a scan is not older than this at `now`. Sought, since ages are counted
/// on from a scan: back from now, a month has another length.
fn oldest_within(age: &Age, now: Timestamp) -> Timestamp {
    let (mut early, mut late) =
        (age.before(now).saturating_sub(MONTHS_DIFFER_BY).unwrap_or(Timestamp::MIN), now);
    while late.duration_since(early) > SignedDuration::from_secs(1) {
        let middle = early + late.duration_since(early) / 2;
        if age.after(middle) < now { early = middle } else { late = middle }
    }
    late
}

/// Counted back, an age of months is shorter than counted on by no more than this.
const MONTHS_DIFFER_BY: SignedDuration = SignedDuration::from_hours(24 * 4);

#[cfg(test)]
mod tests;
