//! What came of each image that a look was to see: a witness of what the look writes down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use vigil_core::image::Pick;
use vigil_core::port::{Looked, NotRecorded};
use vigil_core::wake::Wake;
use vigil_core::{Decision, Digest, Ending, Entry, Fault, FaultKind, RegistryId, RepositoryName, Unfinished};

use crate::ledgers::Witness;

/// What was seen, repository by repository.
#[derive(Debug, Default)]
pub(super) struct Sightings(Mutex<BTreeMap<RepositoryName, Seen>>);

/// What was seen in one repository.
#[derive(Debug, Default)]
struct Seen {
    /// The images of which all is written down, be it that they are not there.
    settled: BTreeSet<Digest>,
    /// Those of which it is not, and why.
    unsettled: BTreeMap<Digest, String>,
    /// The indexes that list an image.
    indexes: BTreeMap<Digest, Digest>,
    /// Whether it was looked up.
    looked_up: bool,
    gone: bool,
    unread: Option<String>,
}

impl Sightings {
    /// What came of the look that this wake-up asked for.
    pub(super) fn of(&self, wake: &Wake) -> Looked {
        let repositories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        repositories.get(&wake.repository).map_or_else(nothing, |seen| seen.of(&wake.pick))
    }
}

impl Seen {
    fn of(&self, pick: &Pick) -> Looked {
        let trouble = match pick {
            Pick::Digest(digest) => self.unsettled.get(digest),
            _ => self.unsettled.values().next(),
        };
        let is_settled = match pick {
            Pick::Digest(digest) => self.gone || self.settled.contains(digest),
            _ => self.looked_up,
        };
        match self.unread.as_ref().or(trouble) {
            Some(reason) => Looked::NotNow(reason.clone()),
            None if is_settled => Looked::Seen,
            None => nothing(),
        }
    }

    fn note(&mut self, entry: &Entry) {
        match entry {
            Entry::Seen(_) => self.looked_up = true,
            Entry::Absent(_, digests) => {
                self.looked_up = true;
                self.settled.extend(digests);
            }
            Entry::Gone => {
                self.looked_up = true;
                self.gone = true;
            }
            Entry::Unopened(index) => self.fail(*index, "the index could not be opened".to_owned()),
            Entry::Decided(image, decision) => {
                self.indexes.extend(image.index.map(|index| (image.digest, index)));
                if matches!(decision, Decision::LeaveOut(_) | Decision::Hold(..)) {
                    self.settled.insert(image.digest);
                }
            }
            Entry::Ended(digest, ending) => match unsettled(ending) {
                Some(reason) => self.fail(*digest, reason),
                None => drop(self.settled.insert(*digest)),
            },
            Entry::Unread(fault) if fault.kind == FaultKind::RepositoryGone => self.gone = true,
            Entry::Unread(fault) => self.unread = Some(fault.to_string()),
            _ => {}
        }
    }

    /// An image that belongs to an index is a part of what a look at the index is to see.
    fn fail(&mut self, digest: Digest, reason: String) {
        if let Some(index) = self.indexes.get(&digest) {
            self.unsettled.insert(*index, reason.clone());
        }
        self.unsettled.insert(digest, reason);
    }
}

/// A scan that is still running when patience ends will be told of by an event of its own, or seen by the next pass.
fn unsettled(ending: &Ending) -> Option<String> {
    match ending {
        Ending::Fault(Fault { kind: FaultKind::ImageGone | FaultKind::RepositoryGone, .. }) => None,
        Ending::Fault(fault) => Some(fault.to_string()),
        Ending::Unfinished(Unfinished::Running { .. }) => None,
        Ending::Unfinished(_) => Some("the look ended before that".to_owned()),
        _ => None,
    }
}

fn nothing() -> Looked {
    Looked::NotNow("the look did not come to it".to_owned())
}

impl Witness for Sightings {
    fn entries(
        &self,
        _: &RegistryId,
        repository: &RepositoryName,
        _: Timestamp,
        entries: &[Entry],
    ) -> Result<(), NotRecorded> {
        let mut repositories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = repositories.entry(repository.clone()).or_default();
        entries.iter().for_each(|entry| seen.note(entry));
        Ok(())
    }
}
