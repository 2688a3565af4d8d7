//! What a pass was asked for and did not find, and repositories that it could not read: told with how the pass ended.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use vigil_core::evaluate::{AcceptedBy, Evaluation};
use vigil_core::port::NotRecorded;
use vigil_core::{Entry, FaultKind, RegistryId, RepositoryName};

use crate::ledgers::Witness;
use crate::pass_report::Trouble;

/// What was noted.
#[derive(Debug, Default)]
pub struct Notes {
    /// What was asked for by name and is not there.
    pub missing: Vec<Trouble>,
    /// Repositories that could not be read, or not as a whole.
    pub unread: Vec<Trouble>,
    /// Exceptions of the settings that accepted something, by their place there.
    pub used: BTreeSet<usize>,
}

/// No more than so many of each are told: where everything fails, nobody reads the thousandth.
const AT_MOST: usize = 100;

/// Notes what goes by.
#[derive(Debug, Default)]
pub struct Noted(Mutex<Notes>);

impl Noted {
    /// What was noted.
    pub fn into_notes(self) -> Notes {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Witness for Noted {
    fn entries(
        &self,
        registry: &RegistryId,
        repository: &RepositoryName,
        _: Timestamp,
        entries: &[Entry],
    ) -> Result<(), NotRecorded> {
        let told = |reason| Trouble { registry: registry.to_string(), reason };
        let notes = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            match entry {
                Entry::Missing(name) => keep(&mut notes().missing, told(format!("there is no {name}"))),
                // One that was deleted meanwhile is gone, and nothing is missing.
                Entry::Unread(fault) if fault.kind == FaultKind::RepositoryGone => {}
                Entry::Judged(_, evaluation) => notes().used.extend(places(evaluation)),
                Entry::Unread(fault) => keep(&mut notes().unread, told(format!("{repository}: {fault}"))),
                _ => {}
            }
        }
        Ok(())
    }
}

fn places(evaluation: &Evaluation) -> impl Iterator<Item = usize> {
    evaluation.accepted.iter().filter_map(|accepted| match accepted.by {
        AcceptedBy::Exception(place) => Some(place),
        AcceptedBy::Remembered | AcceptedBy::Inspector => None,
    })
}

fn keep(troubles: &mut Vec<Trouble>, trouble: Trouble) {
    if troubles.len() < AT_MOST {
        tracing::warn!(registry = trouble.registry, reason = trouble.reason, "not looked at");
        troubles.push(trouble);
    }
}
