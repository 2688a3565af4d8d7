//! When the next scan may be started: at once, in even steps, or not any more.

use jiff::{SignedDuration, Timestamp};

use crate::pass::Pacing;
use crate::plan::Hold;

/// Starts in even steps. The first is due at once, and each goes by the beginning: a step that comes late moves no other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    pacing: Pacing,
    began: Timestamp,
    step: SignedDuration,
    made: i32,
}

impl Rhythm {
    /// For so many starts from now on. They end before the time for starts does, even where they should be spread longer.
    pub(super) fn new(pacing: Pacing, starts: usize, now: Timestamp) -> Self {
        let left = pacing.closes.map_or(SignedDuration::MAX, |closes| closes.at.duration_since(now));
        let spread = pacing.spread.map_or(SignedDuration::ZERO, |spread| spread.min(left));
        let steps = i32::try_from(starts).unwrap_or(i32::MAX).max(1);
        Self { pacing, began: now, step: spread.max(SignedDuration::ZERO) / steps, made: 0 }
    }

    /// From when on the next start may be made.
    pub(super) fn next(&self) -> Timestamp {
        let after = self.step.checked_mul(self.made).unwrap_or(SignedDuration::MAX);
        self.began.saturating_add(after).unwrap_or(Timestamp::MAX)
    }

    /// Takes note of a start.
    pub(super) fn step(&mut self) {
        self.made = self.made.saturating_add(1);
    }

    /// When the time for starts is over, if it ever is.
    pub(super) fn closes_at(&self) -> Option<Timestamp> {
        self.pacing.closes.map(|closes| closes.at)
    }

    /// Why nothing is started any more, once the time for it is over.
    pub(super) fn closed(&self, now: Timestamp) -> Option<Hold> {
        let closes = self.pacing.closes.filter(|closes| closes.at <= now)?;
        Some(Hold::Closed { next: closes.opens })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass::Closes;
    use crate::testing::now;

    #[track_caller]
    fn check(spread: Option<i64>, closes: Option<i64>, expected: &[i64]) {
        let minutes = SignedDuration::from_mins;
        let closes = closes.map(|after| Closes { at: now() + minutes(after), opens: None });
        let pacing = Pacing { spread: spread.map(minutes), closes };
        let mut rhythm = Rhythm::new(pacing, expected.len(), now());
        for after in expected {
            assert_eq!(rhythm.next(), now() + minutes(*after));
            assert_eq!(rhythm.closed(rhythm.next()), None, "it is started before the time is over");
            rhythm.step();
        }
    }

    #[test]
    fn starts_come_in_even_steps_and_end_before_the_time_does() {
        check(None, None, &[0, 0, 0]);
        check(Some(60), None, &[0, 15, 30, 45]);
        check(Some(60), Some(40), &[0, 10, 20, 30]);
        check(Some(60), None, &[0]);
    }

    #[test]
    fn once_the_time_is_over_it_is_said_when_it_begins_again() {
        let opens = Some(now() + SignedDuration::from_hours(20));
        let pacing = Pacing { spread: None, closes: Some(Closes { at: now(), opens }) };
        let rhythm = Rhythm::new(pacing, 5, now());
        assert_eq!(rhythm.closed(now()), Some(Hold::Closed { next: opens }));
        assert_eq!(rhythm.closed(now() - SignedDuration::from_secs(1)), None);
    }
}
