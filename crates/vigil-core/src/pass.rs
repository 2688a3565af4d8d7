//! What a pass is given: the outside, as ports, and what it is to do.

use jiff::{SignedDuration, Timestamp};

use crate::image::ImageName;
use crate::plan::Budget;
use crate::policy::{Cadence, Exceptions, Gate, Selection};
use crate::port::{Clock, Ledger, Progress, Registry, Scanner};
use crate::schedule::Spread;

/// The outside, as one pass over one registry sees it.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// What the registry holds.
    pub registry: &'a dyn Registry,
    /// Its scanner.
    pub scanner: &'a dyn Scanner,
    /// Where results go.
    pub ledger: &'a dyn Ledger,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who watches.
    pub progress: &'a dyn Progress,
}

/// What a pass is to do.
#[derive(Debug, Clone)]
pub struct Pass {
    /// Whether scans are started and waited for, or only planned.
    pub act: bool,
    /// Where to look.
    pub scope: Scope,
    /// When scans are started.
    pub pacing: Pacing,
    /// How often images are scanned.
    pub cadence: Cadence,
    /// How many scans may be started.
    pub budget: Budget,
    /// What is too bad.
    pub gate: Gate,
    /// What is accepted.
    pub exceptions: Exceptions,
    /// How many calls are in flight at once.
    pub concurrency: usize,
    /// How soon after its start a scan is first asked about.
    pub first_question: SignedDuration,
    /// How long one scan is waited for.
    pub scan_patience: SignedDuration,
}

/// Where a pass looks: at what is selected, and at what is named.
#[derive(Debug, Clone)]
pub struct Scope {
    /// The whole registry, as far as it is selected; `None`: only what is named.
    pub selection: Option<Selection>,
    /// These images and repositories.
    pub named: Vec<ImageName>,
    /// What is named is looked at as far as these want it; `None`: without any filter.
    pub wishes: Option<Wishes>,
}

/// What is wanted of images that are named.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// What would be selected. Which images of a repository are the newest cannot be told of a few: that does not hold here.
    pub selection: Selection,
    /// Whether an image without a tag is wanted anyway: it may be a part of an index that has one.
    pub untagged: bool,
}

/// When scans are started, once it is known how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pacing {
    /// Over which time they are spread.
    pub spread: Spread,
    /// None is started from this time on.
    pub closes: Option<Closes>,
}

/// The end of the time in which scans may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closes {
    /// When it ends.
    pub at: Timestamp,
    /// When it begins again, if it ever does.
    pub opens: Option<Timestamp>,
}

impl Scope {
    /// What is selected.
    pub fn selected(selection: Selection) -> Self {
        Self { selection: Some(selection), named: Vec::new(), wishes: None }
    }

    /// What is named, and nothing else.
    pub fn named(named: Vec<ImageName>) -> Self {
        Self { selection: None, named, wishes: None }
    }

    /// What is named, as far as it would be selected.
    pub fn named_as_wanted(named: Vec<ImageName>, wishes: Wishes) -> Self {
        Self { selection: None, named, wishes: Some(wishes) }
    }
}

impl Default for Pass {
    /// A whole pass over everything, with the defaults of each policy.
    fn default() -> Self {
        Self {
            act: true,
            scope: Scope::selected(Selection::default()),
            pacing: Pacing::default(),
            cadence: Cadence::default(),
            budget: Budget::default(),
            gate: Gate::default(),
            exceptions: Exceptions::default(),
            concurrency: 20,
            first_question: SignedDuration::from_secs(3),
            scan_patience: SignedDuration::from_mins(15),
        }
    }
}
