//! What passes have to do and wait for in a registry: what is due, what is to be started, and what is in flight.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use vigil_core::coverage::Aims;
use vigil_core::{Decision, Digest, Ending, Entry, Hold, RepositoryName};

use super::catalogue as families;
use super::counters::Counted;
use super::exposition::Exposition;

/// An image in a registry.
pub(super) type Place = (RepositoryName, Digest);

/// What a pass has found due in a registry and not got scanned.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// What is to be scanned: no more than the day's budget.
    to_scan: BTreeSet<Place>,
    /// How many are held in each repository, by reason: not image by image, since they may be a whole registry.
    held: BTreeMap<RepositoryName, BTreeMap<&'static str, u64>>,
}

/// What a pass under way waits for in a registry, each since when.
#[derive(Debug, Default)]
pub(super) struct Awaited(BTreeMap<Place, (Queue, Timestamp)>);

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Queue {
    /// The turn to be started.
    ToStart,
    /// The result.
    InFlight,
}

impl Queue {
    const ALL: [Self; 2] = [Self::ToStart, Self::InFlight];

    fn code(self) -> &'static str {
        match self {
            Self::ToStart => "to_start",
            Self::InFlight => "in_flight",
        }
    }
}

impl Tally {
    pub(super) fn note(&mut self, repository: &RepositoryName, entry: &Entry) {
        let place = |digest: Digest| (repository.clone(), digest);
        match entry {
            Entry::Decided(image, Decision::Scan(_)) => drop(self.to_scan.insert(place(image.digest))),
            Entry::Decided(image, Decision::Hold(_, why)) => {
                self.to_scan.remove(&place(image.digest));
                let held = self.held.entry(repository.clone()).or_default();
                *held.entry(Hold::code(why)).or_default() += 1;
            }
            Entry::Decided(image, _) => drop(self.to_scan.remove(&place(image.digest))),
            // What was held there is only read.
            Entry::OnlyRead => drop(self.held.remove(repository)),
            // What ECR refuses for having scanned it within the day is not due, and what it cannot scan never is.
            Entry::Ended(digest, Ending::Scanned | Ending::OnceADay | Ending::Unscannable { .. }) => {
                self.to_scan.remove(&place(*digest));
            }
            _ => {}
        }
    }

    fn held_by_reason(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for (reason, count) in self.held.values().flatten() {
            *all.entry(*reason).or_default() += count;
        }
        all
    }

    fn due(&self) -> u64 {
        self.to_scan.len() as u64 + self.held.values().flat_map(BTreeMap::values).sum::<u64>()
    }
}

impl Awaited {
    /// `asked`: when we had asked for scans before, by image.
    pub(super) fn note(
        &mut self,
        repository: &RepositoryName,
        at: Timestamp,
        entry: &Entry,
        asked: &BTreeMap<Place, Timestamp>,
    ) {
        let place = |digest: Digest| (repository.clone(), digest);
        match entry {
            Entry::Decided(image, Decision::Scan(_)) => self.wait(place(image.digest), Queue::ToStart, at),
            Entry::Decided(image, Decision::Wait) => {
                let place = place(image.digest);
                let since = asked.get(&place).copied().unwrap_or(at);
                self.wait(place, Queue::InFlight, since);
            }
            Entry::Started(digest, at) => self.wait(place(*digest), Queue::InFlight, *at),
            Entry::Decided(image, _) => drop(self.0.remove(&place(image.digest))),
            Entry::Ended(digest, _) => drop(self.0.remove(&place(*digest))),
            _ => {}
        }
    }

    fn wait(&mut self, place: Place, queue: Queue, since: Timestamp) {
        self.0.insert(place, (queue, since));
    }
}

/// Writes it.
pub(super) fn write(to: &mut Exposition, counted: &Counted, aims: &Aims) {
    let tallies = || counted.tallies.iter().filter(|((registry, _), _)| aims.hold(registry));
    to.family(&families::IMAGES_DUE, |samples| {
        for ((registry, schedule), tally) in tallies() {
            samples.put(&[registry.account.as_str(), registry.region.as_str(), schedule], tally.due());
        }
    });
    to.family(&families::IMAGES_HELD, |samples| {
        for ((registry, schedule), tally) in tallies() {
            for (reason, count) in &tally.held_by_reason() {
                samples.put(&[registry.account.as_str(), registry.region.as_str(), schedule, reason], *count);
            }
        }
    });
    write_queues(to, counted, aims);
}

fn write_queues(to: &mut Exposition, counted: &Counted, aims: &Aims) {
    let registries = counted.tallies.keys().chain(counted.awaited.keys()).map(|(registry, _)| registry);
    let registries: BTreeSet<_> = registries.filter(|registry| aims.hold(registry)).collect();
    let queue_of = |wanted, queue| {
        let of = counted.awaited.iter().filter(move |((registry, _), _)| registry == wanted);
        let all = of.flat_map(|(_, awaited)| &awaited.0).filter(move |(_, (in_queue, _))| *in_queue == queue);
        // Passes of two schedules may wait for one scan.
        all.map(|(place, (_, since))| (place, *since)).collect::<BTreeMap<_, _>>()
    };
    let lengths =
        [(&families::SCANS_TO_START, Queue::ToStart), (&families::SCANS_IN_FLIGHT, Queue::InFlight)];
    for (family, queue) in lengths {
        to.family(family, |samples| {
            for registry in &registries {
                let length = queue_of(*registry, queue).len();
                samples.put(&[registry.account.as_str(), registry.region.as_str()], length);
            }
        });
    }
    to.family(&families::QUEUE_OLDEST, |samples| {
        for registry in &registries {
            for queue in Queue::ALL {
                let oldest = queue_of(*registry, queue).into_values().min();
                let labels = [registry.account.as_str(), registry.region.as_str(), queue.code()];
                oldest.into_iter().for_each(|oldest| samples.put(&labels, oldest));
            }
        }
    });
}
