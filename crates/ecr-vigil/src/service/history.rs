//! What a schedule's passes have come to so far, as far as it matters for those to come and for coverage. Passes by hand on
//! named images are not among them.

use jiff::Timestamp;
use vigil_core::schedule::Failures;
use vigil_store::{PassFilter, PassRow, Slice, Store, Unanswered};

use super::order::Trigger;
use crate::metrics::Outcome;

/// A schedule's passes that are over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct History {
    /// When the last one began.
    pub(super) looked: Option<Timestamp>,
    /// When the last one ended that did not fail and was not cut short.
    pub(super) succeeded: Option<Timestamp>,
    /// Those that failed since the last one that did not.
    pub(super) failures: Option<Failures>,
    /// For which of the schedule's times the last of these was.
    pub(super) failed_for: Option<Timestamp>,
}

/// A pass that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Over {
    pub(super) trigger: Trigger,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) outcome: Outcome,
}

/// So many passes are read: waits do not grow any more after a few failures.
const ENOUGH: usize = 50;

impl History {
    /// What the memory knows of a schedule's passes.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(super) async fn read(store: &Store, schedule: &str) -> Result<Self, Unanswered> {
        let filter = PassFilter { schedule: Some(schedule.to_owned()), whole: true, ..PassFilter::default() };
        let passes = store.passes(filter.clone(), Slice::first(ENOUGH)).await?.items;
        let mut history = Self::default();
        passes.into_iter().rev().filter_map(Over::of).for_each(|over| history.note(&over));
        for outcome in [Outcome::Complete, Outcome::Partial] {
            let filter = PassFilter { outcome: Some(outcome.code().to_owned()), ..filter.clone() };
            let passes = store.passes(filter, Slice::first(1)).await?.items;
            history.succeeded = history.succeeded.max(passes.first().and_then(|pass| pass.ended));
        }
        Ok(history)
    }

    /// Another pass is over.
    pub(super) fn note(&mut self, over: &Over) {
        self.looked = self.looked.max(Some(over.began));
        match over.outcome {
            // Whoever asked for it sees that it failed, and asks again.
            Outcome::Failed if over.trigger == Trigger::Person => {}
            Outcome::Failed => {
                let times = self.failures.map_or(0, |failures| failures.times).saturating_add(1);
                self.failures = Some(Failures { times, last: over.ended });
                self.failed_for = over.trigger.tick();
            }
            Outcome::Complete | Outcome::Partial | Outcome::CutShort => self.failures = None,
        }
        if matches!(over.outcome, Outcome::Complete | Outcome::Partial) {
            self.succeeded = self.succeeded.max(Some(over.ended));
        }
    }
}

impl Over {
    /// `None` if it is not over, or was given up.
    fn of(row: PassRow) -> Option<Self> {
        let said = row.outcome?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.code() == said)?;
        let trigger = Trigger::kept(&row.trigger, row.tick);
        Some(Self { trigger, began: row.began, ended: row.ended?, outcome })
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use vigil_core::testing::now;

    use super::*;

    /// Passes, one an hour, each as `outcome` or, if a person has asked for it, `(outcome)`.
    #[track_caller]
    fn check(passes: &str, failed: Option<(u32, i64)>) {
        let mut history = History::default();
        for (hour, word) in (1..).zip(passes.split(' ')) {
            let at = now() + SignedDuration::from_hours(hour);
            let by_person = word.starts_with('(');
            let trigger = if by_person { Trigger::Person } else { Trigger::Schedule(at) };
            let word = word.trim_matches(['(', ')']);
            let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.code() == word).unwrap();
            history.note(&Over { trigger, began: at, ended: at, outcome });
        }
        let failures =
            failed.map(|(times, hour)| Failures { times, last: now() + SignedDuration::from_hours(hour) });
        assert_eq!(history.failures, failures);
    }

    #[test]
    fn failures_count_up_to_a_pass_that_reached_something() {
        check("complete", None);
        check("failed", Some((1, 1)));
        check("failed failed", Some((2, 2)));
        check("failed partial failed", Some((1, 3)));
        check("failed cut_short", None);
    }

    #[test]
    fn what_a_person_tried_in_vain_is_not_tried_again() {
        check("(failed)", None);
        check("failed (failed)", Some((1, 1)));
        check("failed (complete)", None);
    }
}
