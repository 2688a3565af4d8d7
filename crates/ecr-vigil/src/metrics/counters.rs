//! What the service counts while it runs. Whoever does something says so here; nothing here asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use vigil_core::news::SinkName;
use vigil_core::{Counts, RegistryId, Severity};

use super::events::Events;
use super::histogram::Histogram;
use super::work::{Awaited, Tally};

/// The counters of one service. Locks are held for the time of an addition.
#[derive(Debug, Default)]
pub struct Metrics {
    counted: Mutex<Counted>,
}

/// How a pass ended.
#[derive(Debug, Clone)]
pub struct PassEnd<'a> {
    /// The schedule's name.
    pub schedule: &'a str,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// In what way.
    pub outcome: Outcome,
    /// Whether it was over all that the schedule looks at, and not over images that somebody named.
    pub whole: bool,
}

/// How a schedule stands.
#[derive(Debug, Clone, Default)]
pub struct ScheduleStanding {
    /// When its next pass begins.
    pub next: Option<Timestamp>,
    /// How long it may take from one pass to the next.
    pub interval: Option<SignedDuration>,
    /// When its last good pass ended, be it in an earlier run: an alert on it does not wait for the first pass after a restart.
    pub last_success: Option<Timestamp>,
    /// How many of its passes have failed since the last one that did not.
    pub failed: u32,
}

/// In what way a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Every registry was read whole.
    Complete,
    /// Something of a registry could not be read.
    Partial,
    /// It was told to end before it was done.
    CutShort,
    /// It could not go on.
    Failed,
}

/// In what way an attempt to deliver a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attempt {
    /// The sink has taken it.
    Taken,
    /// It is tried again later.
    PutOff,
    /// It is a dead letter.
    GivenUp,
}

/// All that is counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) scans_requested: u64,
    pub(super) scans_requested_errors: u64,
    pub(super) scans_rate_limited: u64,
    pub(super) passes: BTreeMap<(String, Outcome), u64>,
    pub(super) schedules: BTreeMap<String, ScheduleTimes>,
    pub(super) tallies: BTreeMap<(RegistryId, String), Tally>,
    pub(super) awaited: BTreeMap<(RegistryId, String), Awaited>,
    pub(super) findings_new: BTreeMap<(RegistryId, Severity), u64>,
    pub(super) findings_fixed: BTreeMap<(RegistryId, Severity), u64>,
    pub(super) messages: BTreeMap<(SinkName, Attempt), u64>,
    pub(super) events: Events,
    pub(super) store_failures: u64,
    pub(super) catalogues: BTreeMap<&'static str, (Timestamp, u64)>,
    pub(super) requests: BTreeMap<(&'static str, String, u16), u64>,
    pub(super) durations: BTreeMap<(&'static str, String), Histogram>,
}

/// When the passes of one schedule were and will be.
#[derive(Debug, Default)]
pub(super) struct ScheduleTimes {
    pub(super) last: Option<Timestamp>,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_duration: Option<SignedDuration>,
    pub(super) next: Option<Timestamp>,
    pub(super) interval: Option<SignedDuration>,
    pub(super) failed: u32,
}

impl Metrics {
    /// A pass of a schedule has ended.
    pub fn pass_ended(&self, end: &PassEnd<'_>) {
        let mut counted = self.counted();
        *counted.passes.entry((end.schedule.to_owned(), end.outcome)).or_default() += 1;
        let times = counted.schedules.entry(end.schedule.to_owned()).or_default();
        // The time of a pass over a few images says nothing of those that the schedule promises.
        if !end.whole {
            return;
        }
        times.last = Some(end.ended);
        times.last_duration = Some(end.ended.duration_since(end.began));
        if matches!(end.outcome, Outcome::Complete | Outcome::Partial) {
            times.last_success = Some(end.ended);
        }
    }

    /// A schedule stands so.
    pub fn schedule(&self, name: &str, standing: &ScheduleStanding) {
        let mut counted = self.counted();
        let times = counted.schedules.entry(name.to_owned()).or_default();
        let ScheduleStanding { next, interval, last_success, failed } = standing;
        times.next = *next;
        times.interval = *interval;
        times.last_success = times.last_success.max(*last_success);
        times.failed = *failed;
    }

    /// A schedule is no more. A pass of it that is under way may go on for a while, and is told of while it does.
    pub fn schedule_gone(&self, name: &str) {
        let mut counted = self.counted();
        counted.schedules.remove(name);
        counted.tallies.retain(|(_, schedule), _| schedule != name);
    }

    /// A pass has brought these findings and lacks those.
    pub fn findings_changed(&self, registry: &RegistryId, new: &Counts, fixed: &Counts) {
        let counted = &mut *self.counted();
        let sums = [(&mut counted.findings_new, new), (&mut counted.findings_fixed, fixed)];
        for (sums, counts) in sums {
            // A word that nobody knows is counted under its own name; scanners do not invent many.
            for (severity, count) in counts.iter() {
                *sums.entry((registry.clone(), severity.clone())).or_default() += count;
            }
        }
    }

    /// An attempt to deliver a message to a sink has ended so.
    pub fn message_ended(&self, sink: &SinkName, outcome: Attempt) {
        *self.counted().messages.entry((sink.clone(), outcome)).or_default() += 1;
    }

    /// The store could not be read or written.
    pub fn store_failed(&self) {
        self.counted().store_failures += 1;
    }

    /// A catalogue of threats was last read then, and knows of so many vulnerabilities; `None`: there is none.
    pub fn catalogue(&self, name: &'static str, known: Option<(Timestamp, u64)>) {
        let mut counted = self.counted();
        match known {
            Some(known) => counted.catalogues.insert(name, known),
            None => counted.catalogues.remove(name),
        };
    }

    /// An HTTP request was answered. The route is as it was declared, never as it was asked for.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: SignedDuration) {
        let method = known_method(method);
        let mut counted = self.counted();
        *counted.requests.entry((method, route.to_owned(), status)).or_default() += 1;
        counted.durations.entry((method, route.to_owned())).or_default().observe(took.as_secs_f64());
    }

    pub(super) fn counted(&self) -> MutexGuard<'_, Counted> {
        // The numbers are sound after every single change, so a panic elsewhere does not spoil them.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Anybody can invent a method, and every other one would be a series of its own.
fn known_method(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}

impl Attempt {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Taken, Self::PutOff, Self::GivenUp];

    /// The outcome's name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Taken => "delivered",
            Self::PutOff => "put_off",
            Self::GivenUp => "given_up",
        }
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Complete, Self::Partial, Self::CutShort, Self::Failed];

    /// The outcome's name in machine-readable output.
    pub fn code(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::CutShort => "cut_short",
            Self::Failed => "failed",
        }
    }
}
