//! When the next scan may be started: at once, in even steps, or not any more.

use jiff::Timestamp;

use crate::pass::Pacing;
use crate::plan::Hold;
use crate::schedule::Evenly;

/// The starts of a pass in even steps. Each goes by the beginning: a step that comes late moves no other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    pacing: Pacing,
    /// The steps; `None` if everything may start at once.
    steps: Option<Evenly>,
    made: u64,
}

impl Rhythm {
    /// For so many starts from now on.
    pub(super) fn new(pacing: Pacing, starts: usize, now: Timestamp) -> Self {
        let closes = pacing.closes.map(|closes| closes.at);
        let steps = pacing.spread.until(now, closes).map(|until| Evenly::new(now, until, starts as u64));
        Self { pacing, steps, made: 0 }
    }

    /// From when on the next start may be made.
    pub(super) fn next(&self) -> Timestamp {
        self.steps.map_or(Timestamp::MIN, |steps| steps.at(self.made))
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
    use jiff::SignedDuration;

    use super::*;
    use crate::pass::Closes;
    use crate::schedule::Spread;
    use crate::testing::now;

    #[test]
    fn starts_come_in_even_steps_and_end_before_the_time_for_them_does() {
        let minutes = SignedDuration::from_mins;
        let closes = Closes { at: now() + minutes(40), opens: None };
        let pacing = Pacing { spread: Spread::Over(minutes(60)), closes: Some(closes) };
        let mut rhythm = Rhythm::new(pacing, 4, now());
        for after in [0, 10, 20, 30] {
            assert_eq!(rhythm.next(), now() + minutes(after));
            assert_eq!(rhythm.closed(rhythm.next()), None);
            rhythm.step();
        }
    }

    #[test]
    fn once_the_time_is_over_it_is_said_when_it_begins_again() {
        let opens = Some(now() + SignedDuration::from_hours(20));
        let pacing = Pacing { spread: Spread::No, closes: Some(Closes { at: now(), opens }) };
        let rhythm = Rhythm::new(pacing, 5, now());
        assert_eq!(rhythm.closed(now()), Some(Hold::Closed { next: opens }));
        assert_eq!(rhythm.closed(now() - SignedDuration::from_secs(1)), None);
    }
}
